//! Daily mode: the totals of a day, late journals, and no gap or overlap whatever happens and whenever the mode changes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::derive::{Derivation, derive};
use super::super::evidence::Evidence;
use super::super::rulebook::{Give, Rule, RuleKind, Rulebook};
use super::super::testing::{Case, balances_of, dec, rules, units, with_items};
use super::*;

const DAY: &str = "2026-03-10";

/// An order of 120.00 with 9.90 tax, paid by card.
fn order(id: u64) -> Case {
    let case = Case::new().line("TS-1", "1", "120.00", "9.90").tax("CA State Tax", "8.25", "9.90");
    case.paid(9000 + id, "stripe", "129.90").with(|evidence| evidence.order.id = id)
}

/// The same, all of it refunded on its own day.
fn returned(id: u64) -> Case {
    let case = order(id).refund(id, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    case.refund_with(|refund| refund.created = Some("2026-03-10T18:00:00Z".parse().unwrap()))
}

fn documents(cases: &[Case]) -> Vec<Document> {
    let derived = cases.iter().flat_map(|case| case.derive().documents);
    derived.filter(|document| !document.lines.is_empty()).collect()
}

fn policy() -> Policy {
    Case::new().policy
}

fn day(members: &[Document]) -> Summary {
    summarise(&policy(), &Group::of(&members[0]), Occasion::Day, members).unwrap()
}

/// `account side amount: purpose`, a line each.
fn shown(document: &Document) -> Vec<String> {
    let side = |line: &super::super::document::JournalLine| if line.credit.is_zero() { "Dr" } else { "Cr" };
    let lines = document.lines.iter();
    lines.map(|line| format!("{} {} {}: {}", line.account, side(line), line.debit + line.credit, line.memo)).collect()
}

#[test]
fn a_day_is_one_journal_with_totals_per_account_tax_and_gateway() {
    let split = Case::new()
        .line("TS-2", "3", "150.00", "13.20")
        .shipping("9.95", "0", ("0", "0"))
        .tax("NY County Tax", "8.25", "13.20")
        .paid(1, "giftcertificate", "50.00")
        .paid(2, "storecredit", "25.00")
        .paid(3, "stripe", "98.15")
        .with(|evidence| evidence.order.id = 119);
    let unpaid = Case::new().line("TS-1", "2", "240.00", "0").with(|e| e.order.payment_status = String::new());
    let unpaid = unpaid
        .rule(Rule::new("po", RuleKind::Payment).gives(Give::Account, "1150-M").gives(Give::PaymentMethod, "EFT"));
    let unpaid = unpaid.with(|evidence| evidence.order.id = 120);
    let summary = day(&documents(&[order(117), returned(118), split, unpaid]));
    assert_eq!(
        shown(&summary.document),
        [
            "1100 Dr 240.00: Receivable",
            "1150-S Cr 129.90: Paid back by stripe",
            "1150-S Dr 357.95: Received by stripe",
            "2200-CO Cr 13.20: NY County Tax",
            "2200-ST Cr 19.80: CA State Tax",
            "2200-ST Dr 9.90: CA State Tax, refunded",
            "2300 Dr 50.00: Gift certificates, redeemed",
            "2310 Dr 25.00: Store credit, redeemed",
            "4000 Cr 630.00: Product sales",
            "4010 Cr 9.95: Shipping",
            "4100 Dr 120.00: Returns and allowances",
        ]
    );
    assert_eq!(summary.document.number, "BC-S-20260310-USD");
    assert_eq!(summary.document.key.as_str(), "acme-us/summary/2026-03-10-USD/r1");
    assert_eq!(summary.document.total, dec("802.85"));
    assert_eq!(summary.document.description, "Sales of 2026-03-10 in USD, 4 orders of BigCommerce store acme-us");
    let sales = summary.document.lines.iter().find(|line| line.account == "4000").unwrap();
    assert_eq!(sales.rule, "summary of 4 lines");
}

#[test]
fn the_same_documents_give_the_same_bytes_in_any_order() {
    let mut members = documents(&[order(117), returned(118), order(119)]);
    let forward = day(&members);
    members.reverse();
    let backward = day(&members);
    assert_eq!(forward.document.content_hash(), backward.document.content_hash());
    assert_eq!(forward.support.csv(), backward.support.csv());
    members.pop();
    assert_ne!(day(&members).document.source_hash, forward.document.source_hash);
}

#[test]
fn dimensions_keep_totals_apart_and_rules_do_not() {
    let place = |id: &str, location: &str| {
        let dimension = Rule::new(id, RuleKind::Dimension).gives(Give::Dimension("location".into()), location);
        move |case: Case| case.rule(dimension)
    };
    let west = place("west", "100")(order(117));
    let also_west = place("west-too", "100")(order(118));
    let east = place("east", "200")(order(119));
    let summary = day(&documents(&[west, also_west, east]));
    let sales: Vec<(Option<&str>, Decimal, &str)> = summary
        .document
        .lines
        .iter()
        .filter(|line| line.account == "4000")
        .map(|line| (line.dimensions.get("location"), line.credit, line.rule.as_str()))
        .collect();
    assert_eq!(
        sales,
        [(Some("100"), dec("240.00"), "summary of 2 lines"), (Some("200"), dec("120.00"), "summary of 1 line")]
    );
}

#[test]
fn the_support_has_one_row_per_document_and_the_totals_of_the_journal() {
    let awkward = order(119).with(|e| e.transactions[0].gateway_reference = Some("=cmd|' \"x\", y".into()));
    let summary = day(&documents(&[awkward, returned(118)]));
    let csv = summary.support.csv();
    assert_eq!(
        csv,
        "summary,order,document,number,kind,date,original_date,customer,reference,currency,total,receivable,debits,credits\n\
         BC-S-20260310-USD,118,acme-us/118/invoice/r1,BC-118,invoice,2026-03-10,2026-03-10,BC-Gb5fc85e55755,,USD,129.90,129.90,0.00,129.90\n\
         BC-S-20260310-USD,118,acme-us/118/receipt/9118/r1,BC-118-T9118,receipt,2026-03-10,2026-03-10,BC-Gb5fc85e55755,ch_9118,USD,129.90,-129.90,129.90,0.00\n\
         BC-S-20260310-USD,118,acme-us/118/credit-memo/refund-118/r1,BC-118-R118,credit-memo,2026-03-10,2026-03-10,BC-Gb5fc85e55755,,USD,129.90,-129.90,129.90,0.00\n\
         BC-S-20260310-USD,118,acme-us/118/refund-payout/refund-118-218/r1,BC-118-P218,refund-payout,2026-03-10,2026-03-10,BC-Gb5fc85e55755,,USD,129.90,129.90,0.00,129.90\n\
         BC-S-20260310-USD,119,acme-us/119/invoice/r1,BC-119,invoice,2026-03-10,2026-03-10,BC-Gb5fc85e55755,,USD,129.90,129.90,0.00,129.90\n\
         BC-S-20260310-USD,119,acme-us/119/receipt/9119/r1,BC-119-T9119,receipt,2026-03-10,2026-03-10,BC-Gb5fc85e55755,\"'=cmd|' \"\"x\"\", y\",USD,129.90,-129.90,129.90,0.00\n\
         BC-S-20260310-USD,total,,,,,,,,USD,,0.00,389.70,389.70\n"
    );
    assert_support_agrees(&summary);
}

/// The totals of the support are those of the journal: its receivable line, and the rest of its debits and credits.
#[track_caller]
fn assert_support_agrees(summary: &Summary) {
    let (receivable, debits, credits) = summary.support.totals();
    let lines = || summary.document.lines.iter();
    let net: Decimal = lines().filter(|line| line.account == "1100").map(|line| line.signed()).sum();
    let rest = |amount: fn(&super::super::document::JournalLine) -> Decimal| -> Decimal {
        lines().filter(|line| line.account != "1100").map(amount).sum()
    };
    assert_eq!((receivable, debits, credits), (net, rest(|line| line.debit), rest(|line| line.credit)));
}

#[test]
fn what_comes_late_is_a_journal_of_its_own_linked_to_its_day() {
    let members = documents(&[order(118)]);
    let group = Group::of(&members[0]);
    let late = |count| summarise(&policy(), &group, Occasion::Late { order: 118, count }, &members).unwrap().document;
    let first = late(1);
    assert_eq!(first.key.as_str(), "acme-us/summary/2026-03-10-USD/late-118/r1");
    assert_eq!(first.number, "BC-S-20260310-USD-L118");
    assert_eq!(first.date, DAY.parse::<Date>().unwrap());
    let main = Occasion::Day.key("acme-us", &group.name());
    assert_eq!(first.detail, Detail::Journal { kind: DocumentKind::Summary, related: vec![main] });
    assert_eq!(first.description, "BigCommerce order 118, late for BC-S-20260310-USD of store acme-us");
    assert_eq!((late(2).number.as_str(), late(2).key.revision()), ("BC-S-20260310-USD-L118-2", 2));
}

#[test]
fn ways_of_conversion_are_never_mixed() {
    let euro = |id: u64, rate: &str| {
        let case = order(id).rule(Rule::new("eur", RuleKind::Exchange).gives(Give::RateType, "order"));
        let case = case.policy(|policy| policy.foreign_currencies = BTreeSet::from(["EUR".parse().unwrap()]));
        case.with(|evidence| {
            evidence.order.currency = "EUR".parse().unwrap();
            evidence.transactions[0].currency = evidence.order.currency;
            evidence.order.store_currency = Some(Currency::USD);
            evidence.order.store_to_order_rate = Some(dec(rate));
        })
    };
    let (half, fourfold) = (documents(&[euro(117, "2")]), documents(&[euro(118, "0.25")]));
    let (dollars, groups) = (documents(&[order(119)]), |documents: &[Document]| Group::of(&documents[0]).name());
    assert_eq!(groups(&dollars), "2026-03-10-USD");
    assert_eq!(groups(&half), "2026-03-10-EUR-0.5");
    assert_eq!(groups(&fourfold), "2026-03-10-EUR-4");
    assert_eq!(day(&half).document.number, "BC-S-20260310-EUR-0.5");
    let mixed: Vec<Document> = half.iter().chain(&fourfold).cloned().collect();
    let refused = summarise(&policy(), &Group::of(&half[0]), Occasion::Day, &mixed).unwrap_err();
    assert!(matches!(refused, SummaryError::Foreign(key) if key.as_str().contains("/118/")));
    let Some(Exchange::Rate { rate, source, .. }) = day(&half).document.exchange.clone() else { panic!("no rate") };
    assert_eq!((rate, source.as_str()), (dec("0.5"), "the order's own rate"));
}

#[test]
fn a_rate_type_is_of_a_day_and_only_intacct_s_own_goes_without_saying() {
    let with = |rate_type: &str, on: &str| {
        let mut draft: Draft = documents(&[order(118)]).remove(0).into();
        draft.currency = "EUR".parse().unwrap();
        draft.exchange = Some(Exchange::RateType(rate_type.into()));
        draft.original_date = on.parse().unwrap();
        Document::build(draft).unwrap()
    };
    let name = |document: &Document| Group::of(document).name();
    assert_eq!(name(&with("Intacct Daily Rate", DAY)), "2026-03-10-EUR");
    let (spot, earlier) = (with("Spot", DAY), with("Intacct Daily Rate", "2026-03-09"));
    assert!(name(&spot).starts_with("2026-03-10-EUR-") && name(&spot) != name(&earlier));
    assert_eq!(day(std::slice::from_ref(&earlier)).document.original_date.to_string(), "2026-03-09");
}

#[test]
fn a_document_is_refused_twice_and_nothing_is_no_summary() {
    let members = documents(&[order(118)]);
    let twice: Vec<&Document> = members.iter().chain(&members[..1]).collect();
    let group = Group::of(&members[0]);
    let refused = summarise(&policy(), &group, Occasion::Day, twice).unwrap_err();
    assert!(matches!(refused, SummaryError::Twice(_)));
    assert_eq!(summarise(&policy(), &group, Occasion::Day, []), Err(SummaryError::Empty));
}

#[test]
fn sums_that_decimals_cannot_hold_are_refused() {
    let huge = |id: u64| {
        let mut draft: Draft = documents(&[order(id)]).remove(0).into();
        draft.lines.truncate(2);
        (draft.currency, draft.total) = ("JPY".parse().unwrap(), Decimal::MAX);
        (draft.lines[0].debit, draft.lines[1].credit) = (Decimal::MAX, Decimal::MAX);
        Document::build(draft).unwrap()
    };
    let members = [huge(118), huge(119)];
    let refused = summarise(&policy(), &Group::of(&members[0]), Occasion::Day, &members).unwrap_err();
    assert!(matches!(refused, SummaryError::TooLarge(key) if key.as_str().contains("/119/")));
}

#[test]
fn a_receivable_that_only_went_to_and_fro_still_is_an_entry() {
    let mut draft: Draft = documents(&[order(118)]).remove(0).into();
    draft.lines[1].account = "1100".into();
    draft.lines.truncate(2);
    draft.lines[1].credit = draft.lines[0].debit;
    let summary = day(&[Document::build(draft).unwrap()]);
    assert_eq!(shown(&summary.document), ["1100 Dr 129.90: Receivable", "1100 Cr 129.90: Receivable"]);
}

#[test]
fn numbers_and_attachment_ids_fit_intacct() {
    let members = documents(&[order(118).with(|evidence| evidence.order.id = u64::MAX)]);
    let policy = Policy { number_prefix: "ACME-US".into(), ..policy() };
    let group = Group::of(&members[0]);
    for occasion in [Occasion::Day, Occasion::Late { order: u64::MAX, count: u32::MAX }] {
        let document = summarise(&policy, &group, occasion, &members).unwrap().document;
        assert!(document.number.starts_with("ACME-USS-20260310-USD"), "{}", document.number);
        let id = attachment_id(&document, &policy.number_prefix, 1);
        assert!(id.chars().count() <= LONGEST_ATTACHMENT_ID && id.starts_with("ACME-USS"), "{id}");
    }
    let short = day(&documents(&[order(118)])).document;
    assert_eq!(attachment_id(&short, "BC-", 1), "BC-S-20260310-USD");
    assert_eq!(attachment_key(&short, 2).as_str(), "acme-us/summary/2026-03-10-USD/r1/support/r2");
    let second = attachment_id(&short, "BC-", 2);
    assert!(second.starts_with("BC-S") && second != attachment_id(&short, "BC-", 3), "{second}");
}

#[test]
fn a_buyer_nobody_knows_is_summed_up_but_never_billed() {
    let nobody = order(118).with(|evidence| {
        evidence.order.buyer.email = String::new();
        evidence.order.billing = Default::default();
    });
    assert_eq!(nobody.hold_codes(), ["customer-incomplete"]);
    let daily = nobody.policy(|policy| policy.posting = PostingMode::Daily);
    assert_eq!((daily.hold_codes(), daily.derive().customer), (vec![], None));
    let summary = day(&documents(&[daily]));
    assert_eq!(summary.document.total, dec("129.90"));
    assert_eq!(summary.support.rows[0].customer.as_deref(), Some(""));
}

#[test]
fn an_order_goes_on_the_way_it_began() {
    let documents = order(118).derive().documents;
    let switched =
        Policy { posting_changes: BTreeMap::from([("2026-03-11".parse().unwrap(), PostingMode::Daily)]), ..policy() };
    assert_eq!(way(None, &documents, &switched), PostingMode::Order);
    assert_eq!(way(Some(PostingMode::Daily), &documents, &switched), PostingMode::Daily);
    let refund = returned(118).refund_with(|r| r.created = Some("2026-03-20T18:00:00Z".parse().unwrap())).derive();
    assert_eq!(way(None, &refund.documents, &switched), PostingMode::Order, "the first day decides");
    let daily = Policy { posting: PostingMode::Daily, ..policy() };
    assert_eq!(way(None, &documents, &daily), PostingMode::Daily);
}

/// One order of the random world: when it is placed, paid and refunded, counted in days.
#[derive(Debug, Clone)]
struct Life {
    placed: i8,
    paid_after: i8,
    refunded_after: Option<i8>,
    cents: i64,
}

/// What happens in the random world, one after the other.
#[derive(Debug, Clone)]
enum Happening {
    /// An order is read as it stands on that day.
    Read { order: usize, on: i8 },
    /// All days before this one are over.
    Close { before: i8 },
    /// The team changes its mind: this mode from that day on.
    Switch { from: i8, mode: PostingMode },
}

fn date(offset: i8) -> Date {
    DAY.parse::<Date>().unwrap() + i32::from(offset).days()
}

fn moment(offset: i8) -> Timestamp {
    format!("{}T15:00:00Z", date(offset)).parse().unwrap()
}

impl Life {
    /// The order as BigCommerce shows it at the end of that day; nothing before it is placed.
    fn seen(&self, id: usize, on: i8) -> Option<Evidence> {
        let amount = Decimal::new(self.cents, 2);
        let text = amount.to_string();
        let (paid, refunded) = (self.placed + self.paid_after, self.refunded_after.map(|after| self.placed + after));
        let mut case = Case::new().line("TS-1", "1", &text, "0");
        case.evidence.order.id = id as u64 + 1;
        case.evidence.order.created = moment(self.placed);
        case.evidence.order.payment_status = String::new();
        if paid <= on {
            case = case.paid(9000 + id as u64, "stripe", &text);
            case.evidence.transactions[0].created = moment(paid);
        }
        if let Some(day) = refunded.filter(|day| *day <= on && paid <= *day) {
            case = case.refund(id as u64 + 1, &text, "0", "stripe", vec![units(1, "1")]);
            case = case.refund_with(|refund| refund.created = Some(moment(day)));
        }
        (self.placed <= on).then_some(case.evidence)
    }
}

/// Our own store in small: what is posted by itself, what waits for its day, what was summed up, and the journals made.
#[derive(Default)]
struct Books {
    posted: BTreeMap<String, Document>,
    collected: BTreeMap<String, Document>,
    summed: BTreeMap<String, Document>,
    journals: BTreeMap<String, Summary>,
}

impl Books {
    fn begun(&self, order: u64) -> Option<PostingMode> {
        let of = |documents: &BTreeMap<String, Document>| documents.values().any(|d| d.order_id == Some(order));
        let entered = |d: &Document| d.order_id == Some(order) && d.detail.order_entry().is_some();
        if self.posted.values().any(entered) {
            return Some(PostingMode::OrderEntry);
        }
        of(&self.posted).then_some(PostingMode::Order).or(of(&self.summed).then_some(PostingMode::Daily))
    }

    fn read(&mut self, derivation: Derivation, policy: &Policy) {
        let order = derivation.order_id;
        let mode = way(self.begun(order), &derivation.documents, policy);
        self.collected.retain(|_, document| document.order_id != Some(order));
        for document in derivation.documents {
            let key = document.key.as_str().to_owned();
            match mode {
                PostingMode::Order | PostingMode::OrderEntry => drop(self.posted.entry(key).or_insert(document)),
                PostingMode::Daily if document.lines.is_empty() || self.summed.contains_key(&key) => {}
                PostingMode::Daily => drop(self.collected.insert(key, document)),
            }
        }
    }

    fn close(&mut self, before: Date, policy: &Policy) {
        let over: Vec<Document> = self.collected.values().filter(|d| d.date < before).cloned().collect();
        let mut groups: BTreeMap<String, Vec<Document>> = BTreeMap::new();
        for document in over {
            groups.entry(Group::of(&document).name()).or_default().push(document);
        }
        for (name, members) in groups {
            let group = Group::of(&members[0]);
            if !self.journals.contains_key(Occasion::Day.key(&policy.store, &name).as_str()) {
                self.sum_up(policy, &group, Occasion::Day, members);
                continue;
            }
            let orders: BTreeSet<u64> = members.iter().filter_map(|member| member.order_id).collect();
            for order in orders {
                let own: Vec<Document> = members.iter().filter(|m| m.order_id == Some(order)).cloned().collect();
                let made = |count| {
                    self.journals.contains_key(Occasion::Late { order, count }.key(&policy.store, &name).as_str())
                };
                let count = (1..).find(|count| !made(*count)).unwrap();
                self.sum_up(policy, &group, Occasion::Late { order, count }, own);
            }
        }
    }

    fn sum_up(&mut self, policy: &Policy, group: &Group, occasion: Occasion, members: Vec<Document>) {
        let summary = summarise(policy, group, occasion, &members).unwrap();
        assert_support_agrees(&summary);
        for member in members {
            let key = member.key.as_str().to_owned();
            self.collected.remove(&key);
            assert!(self.summed.insert(key.clone(), member).is_none(), "{key} is summed up twice");
        }
        let key = summary.document.key.as_str().to_owned();
        assert!(self.journals.insert(key.clone(), summary).is_none(), "{key} is made twice");
    }
}

fn life() -> impl Strategy<Value = Life> {
    (0i8..6, 0i8..3, proptest::option::of(0i8..5), 1i64..50_000)
        .prop_map(|(placed, paid_after, refunded_after, cents)| Life { placed, paid_after, refunded_after, cents })
}

fn mode() -> impl Strategy<Value = PostingMode> {
    prop_oneof![Just(PostingMode::Order), Just(PostingMode::OrderEntry), Just(PostingMode::Daily)]
}

fn happening() -> impl Strategy<Value = Happening> {
    let mode = mode();
    prop_oneof![
        5 => (0usize..6, 0i8..12).prop_map(|(order, on)| Happening::Read { order, on }),
        2 => (0i8..12).prop_map(|before| Happening::Close { before }),
        1 => (0i8..12, mode).prop_map(|(from, mode)| Happening::Switch { from, mode }),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_every_line_is_posted_once_and_the_sums_are_those_of_the_orders(
        lives in proptest::collection::vec(life(), 1..6),
        happenings in proptest::collection::vec(happening(), 0..40),
        first in mode(),
    ) {
        let mut all_rules = with_items(rules());
        all_rules.push(Rule::new("po", RuleKind::Payment).gives(Give::Account, "1150-M").gives(Give::PaymentMethod, "EFT"));
        let rulebook = Rulebook::new(all_rules).unwrap();
        let mut policy = policy();
        policy.posting = first;
        let mut books = Books::default();
        let last = (0..lives.len()).map(|order| Happening::Read { order, on: i8::MAX });
        for happening in happenings.into_iter().chain(last).chain([Happening::Close { before: i8::MAX }]) {
            match happening {
                Happening::Switch { from, mode } => drop(policy.posting_changes.insert(date(from), mode)),
                Happening::Close { before } => books.close(date(before), &policy),
                Happening::Read { order, on } => {
                    if let Some(evidence) = lives.get(order).and_then(|life| life.seen(order, on)) {
                        let begun = books.begun(evidence.order.id);
                        let judged_by = begun.map_or_else(|| policy.clone(), |mode| policy.always(mode));
                        books.read(derive(&evidence, &rulebook, &judged_by), &policy);
                    }
                }
            }
        }
        let derived = lives.iter().enumerate().filter_map(|(id, life)| life.seen(id, i8::MAX));
        let derived: Vec<Document> = derived.flat_map(|evidence| derive(&evidence, &rulebook, &policy).documents).collect();
        prop_assert!(books.collected.is_empty());
        for document in books.posted.values().filter(|document| document.detail.order_entry().is_some()) {
            let sale = books.posted.values().find(|d| d.order_id == document.order_id && d.kind == DocumentKind::Invoice);
            prop_assert!(sale.is_some_and(|sale| sale.detail.order_entry().is_some()), "{} is made from no Order Entry invoice", document.key);
        }
        for document in derived.iter().filter(|document| !document.lines.is_empty()) {
            let places = [books.posted.contains_key(document.key.as_str()), books.summed.contains_key(document.key.as_str())];
            prop_assert_eq!(places.iter().filter(|there| **there).count(), 1, "{}", document.key);
        }
        let journals = books.journals.values().map(|summary| &summary.document);
        prop_assert_eq!(balances_of(books.posted.values().chain(journals)), balances_of(&derived));
    }
}

#[test]
fn a_large_day_is_summed_up_whole() {
    let template = documents(&[order(118)]);
    let members: Vec<Document> = (0..20_000u64)
        .flat_map(|id| template.iter().map(move |document| (id, document)))
        .map(|(id, document)| {
            let mut draft: Draft = document.clone().into();
            draft.order_id = Some(id);
            draft.key = DocumentKey::stored(format!("{}/{id}", draft.key));
            Document::build(draft).unwrap()
        })
        .collect();
    let summary = day(&members);
    assert_eq!(summary.support.rows.len(), 40_000);
    assert_eq!(summary.document.lines.len(), 3, "{:?}", shown(&summary.document));
    assert_eq!(balances_of([&summary.document])["4000"], dec("-2400000.00"));
}
