//! Corrections: the difference between what was posted and what the order says now, as one more document of the chain.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::{
    CorrectionForm, Detail, Document, DocumentError, DocumentKind, Draft, Exchange, JournalLine, hash_of,
};
use super::super::money::Currency;
use super::super::policy::Policy;
use super::changes::{Change, Place, effect};
use super::context::signed_line;

/// How many names a memo lists.
const NAMES: usize = 3;
/// The longest list of names in a memo, in characters.
const LONGEST_NAMES: usize = 160;

/// The next document of the chain: with it, the chain comes to what the order says now.
///
/// It is of the day the change was seen, `seen_on`, but never before what it corrects; its exchange rate is the
/// original's, so that it takes back what was booked.
///
/// # Errors
/// [`DocumentError`] when our own checks refuse it.
pub(super) fn correction(change: &Change, policy: &Policy, seen_on: Date) -> Result<Document, DocumentError> {
    let (first, last) = (change.chain.first, change.chain.last());
    let receivable = policy.receivable_account.as_str();
    let lines = lines(change, receivable);
    let on_receivable = lines.iter().filter(|line| line.account == receivable);
    let owed: Decimal = on_receivable.map(JournalLine::signed).sum();
    let (form, total) = match owed.cmp(&Decimal::ZERO) {
        Ordering::Less => (CorrectionForm::CreditMemo, -owed),
        Ordering::Greater => (CorrectionForm::DebitMemo, owed),
        Ordering::Equal => (CorrectionForm::Journal, lines.iter().map(|line| line.debit).sum()),
    };
    let revision = last.key.revision().saturating_add(1);
    let source_hash = match change.now {
        Some(now) => now.source_hash.clone(),
        None => hash_of(&(first.key.as_str(), "nothing")),
    };
    Document::build(Draft {
        key: first.key.in_revision(revision),
        kind: DocumentKind::Correction,
        number: format!("{}-X{revision}", first.number),
        order_id: first.order_id,
        date: seen_on.max(last.date),
        original_date: seen_on,
        currency: first.currency,
        exchange: exchange(first),
        customer: first.customer.clone(),
        total,
        reference: first.reference.clone(),
        description: description(change, policy),
        lines,
        detail: Detail::Correction { corrects: first.key.clone(), form },
        source_hash,
    })
}

/// A correction takes back what was booked, so it is converted as the original was.
fn exchange(first: &Document) -> Option<Exchange> {
    match &first.exchange {
        Some(Exchange::RateType(name)) => Some(Exchange::RateTypeOn { name: name.clone(), on: first.original_date }),
        other => other.clone(),
    }
}

/// What was corrected and why, with the totals before and after.
fn description(change: &Change, policy: &Policy) -> String {
    let first = change.chain.first;
    let money = |amount: Decimal| first.currency.round(amount);
    let was = money(change.was(policy));
    let reason = match change.now {
        None => format!("no longer called for, {was} taken back"),
        Some(now) if now.total == was => format!("total {was} unchanged, accounts changed"),
        Some(now) => format!("total {was} -> {}", money(now.total)),
    };
    let order = first.order_id.map(|order| format!(", order {order}")).unwrap_or_default();
    format!("Correction of {}{order}: {reason}", first.number)
}

/// One leg for each balance that differs, in the order of today's document, then of what was posted.
fn lines(change: &Change, receivable: &str) -> Vec<JournalLine> {
    let posted = effect(change.chain.documents(), receivable);
    let now = effect(change.now.into_iter(), receivable);
    let names = Names::of(change, receivable);
    let models = change.now.into_iter().chain(change.chain.documents()).flat_map(|document| &document.lines);
    let mut left = change.difference.clone();
    let mut lines = Vec::new();
    for model in models {
        let place = Place::of(model, receivable);
        let Some(amount) = left.remove(&place) else { continue };
        let sum = |of: &BTreeMap<Place, Decimal>| of.get(&place).copied().unwrap_or_default();
        let memo = memo(&names.at(&place), sum(&posted), sum(&now), change.chain.first.currency);
        lines.push(signed_line(&model.account, amount, model.dimensions.clone(), &memo, &model.rule));
    }
    lines
}

/// What is booked on each balance, in words: as the order says it now, or as it was first posted.
struct Names<'a> {
    now: BTreeMap<Place, Vec<&'a str>>,
    first: BTreeMap<Place, Vec<&'a str>>,
}

impl<'a> Names<'a> {
    fn of(change: &Change<'a>, receivable: &str) -> Self {
        Self { now: memos(change.now, receivable), first: memos(Some(change.chain.first), receivable) }
    }

    fn at(&self, place: &Place) -> String {
        let names = self.now.get(place).or_else(|| self.first.get(place)).map(Vec::as_slice).unwrap_or_default();
        let mut text: String = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
        text = text.chars().take(LONGEST_NAMES).collect();
        match names.len().checked_sub(NAMES) {
            Some(more) if more > 0 => format!("{text} and {more} more"),
            _ => text,
        }
    }
}

/// The memos of a document by balance, each once.
fn memos<'a>(document: Option<&'a Document>, receivable: &str) -> BTreeMap<Place, Vec<&'a str>> {
    let mut memos: BTreeMap<Place, Vec<&str>> = BTreeMap::new();
    let mut seen: BTreeSet<(Place, &str)> = BTreeSet::new();
    for line in document.into_iter().flat_map(|document| &document.lines) {
        let place = Place::of(line, receivable);
        if seen.insert((place.clone(), &line.memo)) {
            memos.entry(place).or_default().push(&line.memo);
        }
    }
    memos
}

/// What the balance was and is, both on the side it usually has.
fn memo(names: &str, was: Decimal, now: Decimal, currency: Currency) -> String {
    let credit = (if now.is_zero() { was } else { now }) < Decimal::ZERO;
    let shown = |amount: Decimal| currency.round(if credit && !amount.is_zero() { -amount } else { amount });
    let colon = if names.is_empty() { "" } else { ": " };
    format!("{names}{colon}{} -> {}", shown(was), shown(now))
}
