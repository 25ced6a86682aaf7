//! What every step of a derivation needs: the facts, the rules, the policy, and one place that collects holds.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use super::super::customer::CustomerRef;
use super::super::document::{Detail, Dimensions, Document, DocumentKey, Draft, Exchange, JournalLine, hash_of};
use super::super::evidence::{Address, Evidence, Line, LineType, Transaction};
use super::super::hold::{Blocks, Hold, HoldCode};
use super::super::money::{Currency, Money};
use super::super::policy::{Policy, PostingMode};
use super::super::rulebook::{Condition, Facts, Missing, Resolved, RuleKind, Rulebook};

/// One order with the rules and the policy it is derived by.
pub(super) struct Context<'a> {
    pub evidence: &'a Evidence,
    pub rulebook: &'a Rulebook,
    pub policy: &'a Policy,
    /// The day the order was placed.
    pub placed: Date,
    /// The day the sale counts from, its posting date; the day the order was placed while it does not count.
    pub date: Date,
    /// The transactions that brought money in, by id.
    pub captures: BTreeMap<u64, &'a Transaction>,
    /// The addresses shipped to, by id.
    destinations: BTreeMap<u64, &'a Address>,
    /// What was worked out before: most lines of an order go to one address and have the same default dimensions.
    known_facts: RefCell<BTreeMap<Option<u64>, Facts>>,
    known_dimensions: RefCell<BTreeMap<Option<u64>, Dimensions>>,
}

impl<'a> Context<'a> {
    /// One order, placed on a day of the store.
    pub fn new(evidence: &'a Evidence, rulebook: &'a Rulebook, policy: &'a Policy, placed: Date) -> Self {
        Self {
            evidence,
            rulebook,
            policy,
            placed,
            date: placed,
            captures: evidence.captures(),
            destinations: evidence.shipping.iter().rev().map(|to| (to.id, &to.address)).collect(),
            known_facts: RefCell::default(),
            known_dimensions: RefCell::default(),
        }
    }

    /// Makes the sale count from `date`.
    pub fn counts_on(&mut self, date: Date) {
        self.date = date;
        self.known_dimensions.get_mut().clear();
    }

    /// Whether the sale and its returns are Order Entry documents: the day the sale counts from decides.
    pub fn order_entry(&self) -> bool {
        self.policy.posting_on(self.date) == PostingMode::OrderEntry
    }

    /// The address that decides where the order goes: the first one shipped to, else the billing address.
    fn destination(&self, address: Option<u64>) -> &'a Address {
        let named = address.and_then(|id| self.destinations.get(&id).copied());
        named.or_else(|| self.evidence.shipping.first().map(|to| &to.address)).unwrap_or(&self.evidence.order.billing)
    }

    /// What is known about anything of this order that goes to `address`.
    pub fn facts(&self, address: Option<u64>) -> Facts {
        if let Some(known) = self.known_facts.borrow().get(&address) {
            return known.clone();
        }
        let to = self.destination(address);
        let order = &self.evidence.order;
        let mut facts = Facts::new()
            .with(Condition::Channel, order.channel.to_string())
            .with(Condition::Currency, order.currency.code());
        if !to.country_code.is_empty() {
            facts = facts.with(Condition::Country, &to.country_code);
        }
        if !to.state.is_empty() {
            facts = facts.with(Condition::State, &to.state);
        }
        self.known_facts.borrow_mut().insert(address, facts.clone());
        facts
    }

    /// The default dimensions of anything that goes to `address` on the sale's date and has no category of its own.
    pub fn dimensions_at(&self, holds: &mut Holds, address: Option<u64>) -> Dimensions {
        if let Some(known) = self.known_dimensions.borrow().get(&address) {
            return known.clone();
        }
        let found = self.dimensions(holds, &self.facts(address), self.date);
        self.known_dimensions.borrow_mut().insert(address, found.clone());
        found
    }

    /// What is known about a line.
    pub fn line_facts(&self, line: &Line) -> Facts {
        let kind = if line.line_type == LineType::Digital { "digital" } else { "physical" };
        let mut facts = self
            .facts(line.address_id)
            .with(Condition::Sku, &line.sku)
            .with(Condition::Name, &line.name)
            .with(Condition::Type, kind);
        if !line.brand.is_empty() {
            facts = facts.with(Condition::Brand, &line.brand);
        }
        line.categories.iter().fold(facts, |facts, category| facts.with(Condition::Category, category))
    }

    /// The most specific rule, or a hold on the whole order. `amount` is the money that waits for it.
    pub fn rule(
        &self,
        holds: &mut Holds,
        kind: RuleKind,
        facts: &Facts,
        date: Date,
        amount: Decimal,
    ) -> Option<Resolved<'a>> {
        match self.rulebook.resolve(kind, facts, date) {
            Ok(resolved) => Some(resolved),
            Err(missing) => {
                holds.missing(missing, self.money(amount), Blocks::Order);
                None
            }
        }
    }

    /// The default dimensions for these facts.
    pub fn dimensions(&self, holds: &mut Holds, facts: &Facts, date: Date) -> Dimensions {
        self.rulebook.dimensions(facts, date).unwrap_or_else(|missing| {
            holds.missing(missing, self.money(self.evidence.order.totals.total_inc_tax), Blocks::Order);
            Dimensions::default()
        })
    }

    /// An amount in the order's currency, rounded to its minor unit.
    pub fn money(&self, amount: Decimal) -> Money {
        Money::new(amount, self.evidence.order.currency)
    }

    /// The key of one document of the order.
    pub fn key(&self, what: &str) -> DocumentKey {
        DocumentKey::new(&self.policy.store, self.evidence.order.id, what, 1)
    }

    /// The number of one document of the order: `BC-118`, or `BC-118-R12` with a suffix.
    pub fn number(&self, suffix: &str) -> String {
        let dash = if suffix.is_empty() { "" } else { "-" };
        format!("{}{}{dash}{suffix}", self.policy.number_prefix, self.evidence.order.id)
    }

    /// A hold on the whole order.
    pub fn order_hold(&self, code: HoldCode, message: String, remedy: &str, amount: Decimal) -> Hold {
        Hold {
            code,
            subject: format!("order {}", self.evidence.order.id),
            message,
            remedy: remedy.to_owned(),
            amount: Some(self.money(amount)),
            blocks: Blocks::Order,
        }
    }
}

/// Collects holds; the same missing rule is listed once, with all the money that waits for it.
#[derive(Default)]
pub(super) struct Holds(pub Vec<Hold>);

impl Holds {
    /// Adds a hold.
    pub fn add(&mut self, hold: Hold) {
        let same = self.0.iter_mut().find(|other| {
            other.code == hold.code
                && other.subject == hold.subject
                && other.message == hold.message
                && other.blocks == hold.blocks
        });
        match same {
            None => self.0.push(hold),
            Some(known) => {
                if let (Some(known), Some(more)) = (&mut known.amount, hold.amount) {
                    known.amount += more.amount;
                }
            }
        }
    }

    /// Adds the hold for a missing rule.
    pub fn missing(&mut self, missing: Missing, amount: Money, blocks: Blocks) {
        self.add(Hold {
            code: HoldCode::MissingRule,
            subject: format!("{} rule for {}", missing.kind, missing.facts),
            message: missing.message,
            remedy: missing.remedy,
            amount: Some(amount),
            blocks,
        });
    }

    /// Adds other holds. Those that keep the whole order keep what `instead` names, when it names something.
    pub fn absorb(&mut self, others: Holds, instead: Option<&Blocks>) {
        for mut hold in others.0 {
            if let Some(blocks) = instead.filter(|_| hold.blocks == Blocks::Order) {
                hold.blocks = blocks.clone();
            }
            self.add(hold);
        }
    }

    /// Whether anything keeps the whole order.
    pub fn block_order(&self) -> bool {
        self.0.iter().any(|hold| hold.blocks == Blocks::Order)
    }
}

/// What all documents of one order share.
#[derive(Clone)]
pub(super) struct Desk<'a> {
    pub context: &'a Context<'a>,
    pub customer: CustomerRef,
    /// The currency documents are written in.
    pub currency: Currency,
    /// How the sale becomes base currency; other documents have the rate of their own day (see `exchange.rs`).
    pub exchange: Option<Exchange>,
    /// Dimensions of the receivable leg.
    pub dimensions: Dimensions,
}

/// What one document says beyond what all share.
pub(super) struct Paper {
    pub what: String,
    pub suffix: String,
    /// Posting date and the day it really happened.
    pub dates: (Date, Date),
    pub total: Decimal,
    pub reference: Option<String>,
    pub description: String,
    pub lines: Vec<JournalLine>,
    pub detail: Detail,
    pub source_hash: String,
}

impl Desk<'_> {
    /// The same desk, writing in another currency or at another rate.
    pub fn writing_in(&self, currency: Currency, exchange: Option<Exchange>) -> Self {
        Self { currency, exchange, ..self.clone() }
    }

    /// Writes a document. What our own checks refuse becomes a hold that blocks `blocks`.
    pub fn write(&self, holds: &mut Holds, blocks: Blocks, paper: Paper) -> Option<Document> {
        let order = &self.context.evidence.order;
        let exchange = match self.exchange_of(&paper.detail, paper.dates.1) {
            Ok(exchange) => exchange,
            Err(problem) => {
                self.context.no_rate(holds, problem, paper.total, blocks);
                return None;
            }
        };
        let built = Document::build(Draft {
            key: self.context.key(&paper.what),
            kind: paper.detail.kind(),
            number: self.context.number(&paper.suffix),
            order_id: Some(order.id),
            date: paper.dates.0,
            original_date: paper.dates.1,
            currency: self.currency,
            exchange,
            customer: Some(self.customer.clone()),
            total: paper.total,
            reference: paper.reference,
            description: paper.description,
            lines: paper.lines,
            detail: paper.detail,
            source_hash: paper.source_hash,
        });
        match built {
            Ok(document) => Some(document),
            Err(error) => {
                holds.add(Hold {
                    code: HoldCode::DocumentRefused,
                    subject: format!("order {}, {}", order.id, paper.what),
                    message: error.to_string(),
                    remedy: "book this order by hand and report it: it is a mistake of the derivation".to_owned(),
                    amount: Some(Money::new(paper.total, self.currency)),
                    blocks,
                });
                None
            }
        }
    }

    /// The leg on the receivable control account: a debit above zero, a credit below.
    pub fn receivable(&self, signed: Decimal, memo: &str) -> JournalLine {
        signed_line(
            &self.context.policy.receivable_account,
            signed,
            self.dimensions.clone(),
            memo,
            "policy: receivable account",
        )
    }
}

/// A journal line: a debit when `signed` is above zero, a credit when below.
pub(super) fn signed_line(
    account: &str,
    signed: Decimal,
    dimensions: Dimensions,
    memo: &str,
    rule: &str,
) -> JournalLine {
    JournalLine {
        account: account.to_owned(),
        debit: signed.max(Decimal::ZERO),
        credit: (-signed).max(Decimal::ZERO),
        dimensions,
        memo: memo.to_owned(),
        rule: rule.to_owned(),
    }
}

/// Puts lines of the same account, dimensions, memo and rule together and drops those that come to zero.
pub(super) fn merged(mut lines: Vec<JournalLine>) -> Vec<JournalLine> {
    // Sorted, lines that are alike stand side by side, each behind the first of them.
    let mut sorted: Vec<usize> = (0..lines.len()).collect();
    sorted.sort_by(|place, other| compare_lines(&lines[*place], &lines[*other]));
    let mut sorted = sorted.into_iter();
    let Some(mut first) = sorted.next() else { return lines };
    for place in sorted {
        if compare_lines(&lines[first], &lines[place]).is_ne() {
            first = place;
            continue;
        }
        let signed = lines[first].signed() + lines[place].signed();
        let dimensions = std::mem::take(&mut lines[place].dimensions);
        (lines[place].debit, lines[place].credit) = (Decimal::ZERO, Decimal::ZERO);
        let known = &mut lines[first];
        known.dimensions.share(&dimensions);
        (known.debit, known.credit) = (signed.max(Decimal::ZERO), (-signed).max(Decimal::ZERO));
    }
    lines.retain(|line| line.debit != line.credit);
    lines
}

/// The order of lines by what a reader of the ledger sees; equal for those that are put together.
fn compare_lines(line: &JournalLine, other: &JournalLine) -> Ordering {
    let texts = (&line.memo, &line.account, &line.rule).cmp(&(&other.memo, &other.account, &other.rule));
    texts.then_with(|| line.dimensions.compare_ids(&other.dimensions))
}

/// Hash of the facts a document was made from.
pub(super) fn source_hash<T: Serialize>(facts: &T) -> String {
    hash_of(facts)
}
