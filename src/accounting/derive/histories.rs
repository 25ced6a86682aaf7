//! Random histories of one order: whatever is edited, paid, refunded and cancelled, and in whatever order, the books end
//! at what the order says in the end.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;

use super::super::document::{Detail, Document, DocumentKey, DocumentKind};
use super::super::evidence::{PaymentEvent, RefundItem, RefundedPart, TaxRow, TaxedPart, Transaction};
use super::super::policy::ChangedOrders;
use super::super::rulebook::{Condition, Give, Rule, RuleKind};
use super::super::testing::{Books, Case, units};
use super::{Derivation, Difference, Eligibility};

/// One thing that happens to the order. Numbers are reduced to what is possible: an index to one that is there, a share
/// to a percentage of what is open.
#[derive(Debug, Clone)]
enum Step {
    Quantity(usize, u32),
    Price(usize, i64),
    Add(usize, i64),
    Remove(usize),
    Swap(usize, usize),
    Shipping(i64),
    Discount(i64),
    Region(usize),
    Pay(i64),
    StoreCredit(i64),
    Void(usize),
    RefundLine(usize),
    RefundAmount(i64),
    RefundExcess,
    Cancel,
    Revive,
    /// The team changes where products go.
    Rules(usize),
    Days(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4usize, 1..5u32).prop_map(|(line, quantity)| Step::Quantity(line, quantity)),
        3 => (0..4usize, 1..20_000i64).prop_map(|(line, cents)| Step::Price(line, cents)),
        2 => (0..4usize, 1..20_000i64).prop_map(|(sku, cents)| Step::Add(sku, cents)),
        2 => (0..4usize).prop_map(Step::Remove),
        1 => (0..4usize, 0..4usize).prop_map(|(line, sku)| Step::Swap(line, sku)),
        2 => (0..2_000i64).prop_map(Step::Shipping),
        1 => (0..60i64).prop_map(Step::Discount),
        1 => (0..3usize).prop_map(Step::Region),
        5 => (1..=100i64).prop_map(Step::Pay),
        1 => (1..=100i64).prop_map(Step::StoreCredit),
        1 => (0..3usize).prop_map(Step::Void),
        2 => (0..4usize).prop_map(Step::RefundLine),
        1 => (1..=40i64).prop_map(Step::RefundAmount),
        4 => Just(Step::RefundExcess),
        1 => Just(Step::Cancel),
        2 => Just(Step::Revive),
        1 => (0..3usize).prop_map(Step::Rules),
        2 => (1..9i64).prop_map(Step::Days),
    ]
}

const SKUS: [&str; 4] = ["TS-1", "TS-2", "MUG", "BAG"];
/// Names and rates (in hundredths of a percent) of the taxes of three places.
const REGIONS: [&[(&str, i64)]; 3] =
    [&[("CA State Tax", 825)], &[("Travis County Tax", 825)], &[("CA State Tax", 600), ("CA City Tax", 225)]];

struct SoldLine {
    id: u64,
    sku: usize,
    quantity: u32,
    cents: i64,
}

struct Paid {
    id: u64,
    gateway: &'static str,
    cents: i64,
    voided: bool,
}

struct GivenBack {
    id: u64,
    cents: i64,
    tax: i64,
    item: RefundItem,
}

/// The order as the shop has it. Amounts are in cents.
struct Shop {
    lines: Vec<SoldLine>,
    next: u64,
    shipping: i64,
    /// Percent off the first line.
    discount: i64,
    region: usize,
    paid: Vec<Paid>,
    refunds: Vec<GivenBack>,
    cancelled: bool,
    rules: usize,
}

fn amount(cents: i64) -> String {
    Decimal::new(cents, 2).to_string()
}

impl Shop {
    fn new() -> Self {
        Self {
            lines: vec![SoldLine { id: 1, sku: 0, quantity: 1, cents: 12_000 }],
            next: 2,
            shipping: 0,
            discount: 0,
            region: 0,
            paid: Vec::new(),
            refunds: Vec::new(),
            cancelled: false,
            rules: 0,
        }
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Taxes of an amount, a row each.
    fn taxes(&self, cents: i64) -> Vec<(&'static str, i64, i64)> {
        REGIONS[self.region].iter().map(|(name, rate)| (*name, *rate, (cents * rate + 5_000) / 10_000)).collect()
    }

    fn tax(&self, cents: i64) -> i64 {
        self.taxes(cents).iter().map(|(.., tax)| tax).sum()
    }

    fn off(&self, index: usize) -> i64 {
        let line = &self.lines[index];
        if index == 0 { line.cents * i64::from(line.quantity) * self.discount / 100 } else { 0 }
    }

    fn net(&self, index: usize) -> i64 {
        self.lines[index].cents * i64::from(self.lines[index].quantity) - self.off(index)
    }

    fn total(&self) -> i64 {
        let with_tax = |cents: i64| cents + self.tax(cents);
        (0..self.lines.len()).map(|index| with_tax(self.net(index))).sum::<i64>() + with_tax(self.shipping)
    }

    fn received(&self) -> i64 {
        self.paid.iter().filter(|paid| !paid.voided).map(|paid| paid.cents).sum()
    }

    fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.cents).sum()
    }

    fn pay(&mut self, gateway: &'static str, share: i64) {
        let open = self.total() - self.received();
        if open > 0 && !self.cancelled {
            let id = 9_000 + self.id();
            self.paid.push(Paid { id, gateway, cents: (open * share + 99) / 100, voided: false });
        }
    }

    fn give_back(&mut self, cents: i64, tax: i64, item: RefundItem) {
        let by_card: i64 =
            self.paid.iter().filter(|paid| !paid.voided && paid.gateway == "stripe").map(|p| p.cents).sum();
        if cents > 0 && cents <= by_card - self.refunded() {
            let id = self.id();
            self.refunds.push(GivenBack { id, cents, tax, item });
        }
    }

    fn order_item(&self) -> RefundItem {
        RefundItem { part: RefundedPart::Order, item: 118, quantity: None, requested: None, adjustments: Vec::new() }
    }

    fn take(&mut self, step: &Step) {
        let at = |index: usize, length: usize| if length == 0 { None } else { Some(index % length) };
        let line = |index: usize| at(index, self.lines.len());
        match *step {
            Step::Quantity(index, quantity) => {
                if let Some(index) = line(index) {
                    self.lines[index].quantity = quantity;
                }
            }
            Step::Price(index, cents) => {
                if let Some(index) = line(index) {
                    self.lines[index].cents = cents;
                }
            }
            Step::Add(sku, cents) => {
                let id = self.id();
                self.lines.push(SoldLine { id, sku, quantity: 1, cents });
            }
            Step::Remove(index) => {
                if let Some(index) = line(index) {
                    self.lines.remove(index);
                }
            }
            Step::Swap(index, sku) => {
                if let Some(index) = line(index) {
                    self.lines[index].sku = sku;
                }
            }
            Step::Shipping(cents) => self.shipping = cents,
            Step::Discount(percent) => self.discount = percent,
            Step::Region(region) => self.region = region,
            Step::Pay(share) => self.pay("stripe", share),
            Step::StoreCredit(share) => self.pay("storecredit", share),
            Step::Void(index) => {
                if let Some(index) = at(index, self.paid.len()).filter(|_| self.refunds.is_empty()) {
                    self.paid[index].voided = true;
                }
            }
            Step::RefundLine(index) => {
                if let Some(index) = line(index) {
                    let (net, quantity) = (self.net(index), self.lines[index].quantity.to_string());
                    self.give_back(net + self.tax(net), self.tax(net), units(self.lines[index].id, &quantity));
                }
            }
            Step::RefundAmount(percent) => {
                let left = self.total() - self.refunded();
                self.give_back(left * percent / 100, 0, self.order_item());
            }
            Step::RefundExcess => {
                let excess = self.received() - self.total() - self.refunded();
                self.give_back(excess, 0, self.order_item());
            }
            Step::Cancel => self.cancelled = true,
            Step::Revive => self.cancelled = false,
            Step::Rules(rules) => self.rules = rules,
            Step::Days(_) => {}
        }
    }

    /// The order as it is read, with the rules of the day.
    fn case(&self, changed_orders: ChangedOrders) -> Case {
        let mut case = Case::new().policy(|policy| policy.changed_orders = changed_orders);
        for (index, line) in self.lines.iter().enumerate() {
            let (gross, tax) = (line.cents * i64::from(line.quantity), self.tax(self.net(index)));
            case = case.line(SKUS[line.sku], &line.quantity.to_string(), &amount(gross), &amount(tax));
            if self.off(index) > 0 {
                case = case.discount("manual-discount", &amount(self.off(index)));
            }
            case = case.with(|e| e.lines[index].id = line.id);
            case = self.rows(case, self.net(index), TaxedPart::Item, Some(line.id));
        }
        if self.shipping > 0 {
            case = case.shipping(&amount(self.shipping), "0", (&amount(self.tax(self.shipping)), "0"));
            case = self.rows(case, self.shipping, TaxedPart::Shipping, None);
        }
        for paid in &self.paid {
            case = case.paid(paid.id, paid.gateway, &amount(paid.cents));
            if paid.voided {
                case = case.with(|e| void(e, paid));
            }
        }
        for refund in &self.refunds {
            let (cents, tax) = (amount(refund.cents), amount(refund.tax));
            case = case.refund(refund.id, &cents, &tax, "stripe", vec![refund.item.clone()]);
        }
        self.ruled(case.with(|e| e.order.status_id = if self.cancelled { 5 } else { 11 }))
    }

    fn rows(&self, case: Case, cents: i64, part: TaxedPart, line: Option<u64>) -> Case {
        case.with(|e| {
            e.taxes.extend(self.taxes(cents).into_iter().map(|(name, rate, tax)| TaxRow {
                name: name.into(),
                class: "Default Tax Class".into(),
                rate: Decimal::new(rate, 2),
                amount: Decimal::new(tax, 2),
                part: part.clone(),
                line,
                address: Some(42),
            }));
        })
    }

    fn ruled(&self, case: Case) -> Case {
        let account = ["4000", "4001", "4002"][self.rules];
        let mugs = Rule::new("mugs", RuleKind::Product).when(Condition::Sku, "MUG").gives(Give::Account, "4005");
        let later = Rule::new("later", RuleKind::Payment)
            .gives(Give::Account, "1150-M")
            .gives(Give::PaymentMethod, "EFT")
            .gives(Give::TreatAsPaid, "no");
        let mut case = case.rule(mugs).rule(later);
        case.rules.iter_mut().filter(|rule| rule.id == "product").for_each(|rule| {
            rule.gives.insert(Give::Account, account.to_owned());
        });
        case
    }
}

fn void(evidence: &mut super::super::evidence::Evidence, paid: &Paid) {
    let Some(purchase) = evidence.transactions.last().cloned() else { return };
    if paid.gateway == "storecredit" {
        evidence.order.totals.store_credit -= purchase.amount;
    }
    let (event, reference) = (PaymentEvent::Void, Some(purchase.id));
    evidence.transactions.push(Transaction { id: purchase.id + 100_000, event, reference, ..purchase });
}

/// Sums by chain and account, without those that come to nothing.
fn by_chain<'a>(documents: impl Iterator<Item = &'a Document>) -> BTreeMap<(String, String), Decimal> {
    let mut sums: BTreeMap<(String, String), Decimal> = BTreeMap::new();
    for document in documents {
        for line in &document.lines {
            let place = (document.key.chain().to_owned(), line.account.clone());
            *sums.entry(place).or_default() += line.debit - line.credit;
        }
    }
    sums.retain(|_, sum| !sum.is_zero());
    sums
}

/// What is open of every item on the receivable account, debits above zero; fails when anything is paid twice.
fn open_items(posted: &[Document]) -> BTreeMap<DocumentKey, Decimal> {
    let mut open: BTreeMap<DocumentKey, Decimal> = BTreeMap::new();
    for document in posted.iter().filter(|document| !matches!(document.kind, DocumentKind::Application)) {
        let owed: Decimal =
            document.lines.iter().filter(|line| line.account == "1100").map(|l| l.debit - l.credit).sum();
        open.insert(document.key.clone(), owed);
    }
    for document in posted {
        let pairs: Vec<(DocumentKey, DocumentKey, Decimal)> = match &document.detail {
            Detail::Application { credit, debit, amount } => vec![(credit.clone(), debit.clone(), *amount)],
            Detail::Receipt { invoice, pays, .. } if pays.is_empty() => {
                vec![(document.key.clone(), invoice.clone(), document.total)]
            }
            Detail::Receipt { pays, .. } => {
                pays.iter().map(|(paid, amount)| (document.key.clone(), paid.clone(), *amount)).collect()
            }
            _ => Vec::new(),
        };
        for (credit, debit, amount) in pairs {
            let (from, to) = (open[&credit] + amount, open[&debit] - amount);
            assert!(from <= Decimal::ZERO, "{credit} is used for more than it is, by {}", document.key);
            assert!(to >= Decimal::ZERO, "{debit} is paid for more than it is, by {}", document.key);
            open.extend([(credit, from), (debit, to)]);
        }
    }
    open.retain(|_, amount| !amount.is_zero());
    open
}

/// What was judged in one step.
struct Outcome {
    /// Nothing was held: the books say what the order says.
    settled: bool,
    corrections: usize,
}

/// Everything that must hold after a run, whatever happened before.
fn check(books: &Books, case: &Case, derivation: &Derivation, difference: &Difference) -> Outcome {
    let corrections = difference.to_post.iter().filter(|document| document.kind == DocumentKind::Correction);
    let corrections = corrections.count();
    let open = open_items(&books.posted);
    let again = books.judge(case);
    assert_eq!(again.to_post, [], "judged again, something is posted again");
    assert_eq!(again.holds, difference.holds);
    let judged = derivation.status == Eligibility::Post || derivation.void;
    let settled = difference.holds.is_empty() && judged;
    if settled {
        assert_eq!(by_chain(books.posted.iter()), expected(books, case, derivation));
        let owed: Decimal = open.values().sum();
        let told = if derivation.void { Decimal::ZERO } else { derivation.open_balance.amount };
        assert_eq!(owed, told, "{open:?}");
        let (debits, credits): (Vec<Decimal>, Vec<Decimal>) =
            open.values().partition(|amount| **amount > Decimal::ZERO);
        assert!(debits.is_empty() || credits.is_empty(), "a credit is left while something is owed: {open:?}");
    }
    Outcome { settled, corrections }
}

/// The latest truth, chain by chain: what the order gives now by the rules each chain was posted by.
fn expected(books: &Books, case: &Case, derivation: &Derivation) -> BTreeMap<(String, String), Decimal> {
    if derivation.void {
        return BTreeMap::new();
    }
    let as_posted = books.as_posted(case);
    let others = |document: &&Document| !as_posted.iter().any(|then| then.chains.contains(document.key.chain()));
    let own = as_posted.iter().flat_map(|then| {
        then.derivation.documents.iter().filter(|document| then.chains.contains(document.key.chain()))
    });
    by_chain(derivation.documents.iter().filter(others).chain(own))
}

/// Plays a history; answers each step's outcome.
fn play(history: &[Step], changed_orders: ChangedOrders) -> Vec<Outcome> {
    let (mut shop, mut books) = (Shop::new(), Books::new());
    let mut outcomes: Vec<Outcome> = Vec::new();
    let ending = [Step::Revive, Step::RefundExcess];
    for step in [Step::Days(0)].iter().chain(history).chain(&ending) {
        shop.take(step);
        if let Step::Days(days) = step {
            books.today = books.today.saturating_add(jiff::Span::new().days(*days));
        }
        let case = shop.case(changed_orders);
        let before = books.posted.clone();
        let (derivation, difference) = (case.derive(), books.run(&case));
        assert_eq!(books.posted[..before.len()], before, "what was posted is as it was");
        let only_rules = matches!(step, Step::Rules(_) | Step::Days(_));
        if only_rules && outcomes.last().is_some_and(|outcome| outcome.settled) {
            assert_eq!(
                (difference.to_post.len(), difference.holds.len()),
                (0, 0),
                "edited rules changed what is posted"
            );
        }
        outcomes.push(check(&books, &case, &derivation, &difference));
    }
    outcomes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_books_end_at_what_the_order_says_in_the_end(history in prop::collection::vec(step(), 1..16)) {
        play(&history, ChangedOrders::Correct);
    }

    #[test]
    fn the_policy_to_hold_never_corrects_anything(history in prop::collection::vec(step(), 1..16)) {
        let corrections: usize = play(&history, ChangedOrders::Hold).iter().map(|outcome| outcome.corrections).sum();
        prop_assert_eq!(corrections, 0);
    }
}

#[test]
fn the_histories_correct_much_and_hold_little() {
    let mut runner = TestRunner::deterministic();
    let histories = prop::collection::vec(step(), 1..16);
    let (mut steps, mut settled, mut corrections, mut ended) = (0, 0, 0, 0);
    for _ in 0..200 {
        let outcomes = play(&histories.new_tree(&mut runner).unwrap().current(), ChangedOrders::Correct);
        steps += outcomes.len();
        settled += outcomes.iter().filter(|outcome| outcome.settled).count();
        corrections += outcomes.iter().map(|outcome| outcome.corrections).sum::<usize>();
        ended += usize::from(outcomes.last().is_some_and(|outcome| outcome.settled));
    }
    assert!(settled * 2 > steps && ended > 100, "{settled} of {steps} steps, {ended} of 200 histories settled");
    assert!(corrections > 200, "{corrections} corrections");
}
