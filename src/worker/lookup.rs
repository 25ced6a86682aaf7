//! What nobody knows the end of is looked up in Intacct before anything is sent again.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::gateway::{Cause, Failure, Gateway};
use super::order::RunEnd;
use crate::accounting::document::{Detail, Document, DocumentKind};
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::money::Money;
use crate::intacct::functions::{Function, Query};
use crate::intacct::lookup::{self, EntryLine, FoundDocument, JournalLines};
use crate::intacct::order_entry;
use crate::intacct::posting;
use crate::store::Store;
use crate::store::document::{DocumentState, Duplicate, Outcome, PlannedDocument, StoredDocument};

/// How often a document that Intacct says it has is looked for before a person has to: over the waits between runs, so
/// that what becomes visible late is found.
pub(super) const LOOKS: u32 = 5;
/// Longest part of an answer that is kept with the attempt; a summary's lines fill megabytes.
const KEPT_ANSWER: usize = 16 * 1024;

/// Settles a document whose last attempt has no known end: found and equal, it is posted; not found, the same may be sent
/// again under the same key; found and different, or said to be there and not found however often it is looked for, only a
/// person can decide, and the answer is a hold.
///
/// # Errors
/// [`RunEnd`] when Intacct or the database does not answer, or the document is said to be there and is not found yet.
pub async fn settle(store: &Store, gateway: &Gateway, stored: &StoredDocument) -> Result<Option<Hold>, RunEnd> {
    let look = look(store, gateway, stored).await?;
    record(store, gateway, stored, &look).await?;
    look.end
}

/// What a look-up has found.
pub(super) struct Look {
    /// What it means for the document by itself.
    pub outcome: Outcome,
    /// What the run is told: a hold when only a person can decide, another try when it may be visible later.
    pub end: Result<Option<Hold>, RunEnd>,
    answer: Option<String>,
}

/// Looks a document up, and changes nothing.
pub(super) async fn look(store: &Store, gateway: &Gateway, stored: &StoredDocument) -> Result<Look, RunEnd> {
    let key = &stored.planned.key;
    if cfg!(feature = "planted-bug") {
        let outcome = Outcome::NotThere { why: "nobody has looked".to_owned() };
        return Ok(Look { outcome, end: Ok(None), answer: None });
    }
    let document = read_back(key, &stored.planned.body)?;
    let customer = &stored.planned.customer_id;
    let (found, answer) = find(gateway, cause(stored), &document, customer, lookup::LINES_OF_A_PAGE).await?;
    let ours: Vec<&FoundDocument> = found.iter().filter(|found| is_ours(&document, found)).collect();
    let (outcome, end) = match ours.as_slice() {
        [] => missing(store, stored, &document).await?,
        [one] => {
            let differences = differences(&document, stored.request.as_deref(), one);
            if differences.is_empty() {
                (Outcome::Posted { record_no: one.record.clone() }, Ok(None))
            } else {
                held(differs(&document, one, &differences))
            }
        }
        several => held(several_found(&document, several)),
    };
    Ok(Look { outcome, end, answer: Some(answer) })
}

/// Records what a look-up has found. A document whose answer was lost is billed when it is found; one that was being sent
/// when a process ended counts among what that process had not written down yet.
pub(super) async fn record(
    store: &Store,
    gateway: &Gateway,
    stored: &StoredDocument,
    look: &Look,
) -> Result<(), RunEnd> {
    let PlannedDocument { store: name, key, .. } = &stored.planned;
    store.settle(name, key, stored.attempts, "look-up", &look.outcome, look.answer.as_deref()).await?;
    if matches!(look.outcome, Outcome::Posted { .. })
        && stored.state == DocumentState::Unknown
        && let Some(function) = stored.request.as_deref().and_then(Function::label_of)
    {
        gateway.count_found(cause(stored), &function);
    }
    Ok(())
}

fn cause(stored: &StoredDocument) -> Cause {
    Cause { store: stored.planned.store.clone(), order: stored.planned.order_id }
}

/// What a look-up comes to: what is recorded, and what the run is told.
type Verdict = (Outcome, Result<Option<Hold>, RunEnd>);

fn held(hold: Hold) -> Verdict {
    (Outcome::Unknown { error: hold.message.clone() }, Ok(Some(hold)))
}

/// A document as it was stored.
pub(super) fn read_back(key: &str, body: &Value) -> Result<Document, RunEnd> {
    serde_json::from_value(body.clone())
        .map_err(|error| RunEnd::retry(format!("{key} in the database cannot be read: {error}")))
}

/// How a person tries again, once what is wrong is mended. What is of no single order is tried again by itself.
pub(super) fn again(document: &Document) -> String {
    document.order_id.map_or_else(String::new, |order| format!(" Then replay order {order}."))
}

/// Reads what Intacct has under a document's number, and the beginning of its answer. Entries of a journal are read in
/// pages of so many lines.
///
/// # Errors
/// [`RunEnd`] when Intacct does not answer.
pub async fn find(
    gateway: &Gateway,
    cause: Cause,
    document: &Document,
    customer_id: &str,
    page: u16,
) -> Result<(Vec<FoundDocument>, String), RunEnd> {
    let key = document.key.as_str();
    let failed = |failure| cannot_look_up(key, failure);
    let unreadable = |error: lookup::LookupError| RunEnd::retry(format!("{key}: {error}"));
    if let Some(entry) = document.detail.order_entry() {
        let query = order_entry::by_number(&entry.definition, &document.number, customer_id);
        let result = gateway.read(cause, query).await.map_err(failed)?;
        let found = order_entry::documents(&result).map_err(unreadable)?;
        return Ok((found.into_iter().map(FoundDocument::from).collect(), cut(result.raw)));
    }
    if !document.detail.is_journal() {
        let result = gateway.read(cause, query(document, customer_id)).await.map_err(failed)?;
        return Ok((lookup::documents(&result).map_err(unreadable)?, cut(result.raw)));
    }
    let (mut lines, mut answer) = (JournalLines::default(), None);
    loop {
        let result = gateway.read(cause.clone(), lines.next(&document.number, page)).await.map_err(failed)?;
        let more = lines.take(&result).map_err(unreadable)?;
        answer.get_or_insert(cut(result.raw));
        if !more {
            return Ok((lines.entries().map_err(unreadable)?, answer.unwrap_or_default()));
        }
    }
}

fn query(document: &Document, customer_id: &str) -> Query {
    match &document.detail {
        Detail::Invoice { .. } => lookup::invoice(&document.number, customer_id),
        Detail::Receipt { .. } | Detail::Application { .. } => {
            lookup::payment(&posting::document_number(document), customer_id)
        }
        _ => lookup::adjustment(&document.number, customer_id),
    }
}

pub(super) fn cut(mut answer: String) -> String {
    if answer.len() > KEPT_ANSWER {
        let end = (0..=KEPT_ANSWER).rev().find(|at| answer.is_char_boundary(*at)).unwrap_or_default();
        answer.truncate(end);
    }
    answer
}

/// A payment's reference is the payment gateway's and may stand on several receipts; our key ends its description.
fn is_ours(document: &Document, found: &FoundDocument) -> bool {
    match document.kind {
        DocumentKind::Receipt | DocumentKind::Application => {
            found.description.as_deref().is_some_and(|text| text.contains(&format!("[{}]", document.key)))
        }
        _ => true,
    }
}

/// What Intacct's document says otherwise than ours; nothing when it is ours. Number and customer are the same, because
/// they were asked for. `request` is what was sent.
pub(super) fn differences(document: &Document, request: Option<&str>, found: &FoundDocument) -> Vec<String> {
    let mut differences = Vec::new();
    let mut note =
        |what: &str, theirs: &str, ours: &str| differences.push(format!("{what} {theirs} instead of {ours}"));
    // An application moves no money of its own, and a credit memo's total is negative in Intacct.
    if document.kind != DocumentKind::Application && found.total.abs() != document.total {
        note("the total is", &found.total.abs().to_string(), &document.total.to_string());
    }
    if let Some(currency) = found.currency.as_deref().filter(|code| *code != document.currency.code()) {
        note("the currency is", currency, document.currency.code());
    }
    if let Some(date) = found.date.filter(|date| *date != document.date) {
        note("the date is", &date.to_string(), &document.date.to_string());
    }
    if !found.is_posted() {
        note("the state is", &found.state, "posted");
    }
    if document.detail.is_journal() {
        differences.extend(request.and_then(|request| other_lines(&lookup::sent_lines(request), &found.lines)));
    }
    differences
}

/// How the lines of an entry differ from those that were sent, in whatever order.
fn other_lines(sent: &[EntryLine], found: &[EntryLine]) -> Option<String> {
    if sent.len() != found.len() {
        return Some(format!("it has {} lines instead of {}", found.len(), sent.len()));
    }
    let mut counts: BTreeMap<(&str, Decimal), i64> = BTreeMap::new();
    sent.iter().for_each(|(account, amount)| *counts.entry((account, *amount)).or_default() += 1);
    found.iter().for_each(|(account, amount)| *counts.entry((account, *amount)).or_default() -= 1);
    let differing: Vec<String> = counts
        .into_iter()
        .filter(|(_, count)| *count < 0)
        .map(|((account, amount), _)| format!("{amount} on {account}"))
        .take(5)
        .collect();
    (!differing.is_empty()).then(|| format!("it has lines that were not sent: {}", differing.join(", ")))
}

/// Nothing was found. After a lost answer that means: not there. After Intacct has said that it has it, it may only be
/// visible later, or not for us.
async fn missing(store: &Store, stored: &StoredDocument, document: &Document) -> Result<Verdict, RunEnd> {
    let key = &stored.planned.key;
    let looks = store.look_ups(&stored.planned.store, key, stored.attempts).await?;
    let why = format!("no {} {} was found in Intacct", document.kind, document.number);
    let Some(duplicate) = looks.duplicate else { return Ok((Outcome::Absent { why }, Ok(None))) };
    let look = looks.times.saturating_add(1);
    if look < LOOKS {
        let why = format!("{key}: Intacct says it has this, but it was not found yet (look {look} of {LOOKS})");
        return Ok((Outcome::Unknown { error: why.clone() }, Err(RunEnd::retry(why))));
    }
    Ok(match duplicate {
        Duplicate::ControlId => held(vanished(document)),
        // It was refused, so nothing of ours is there; it goes out again once nothing is in its way.
        Duplicate::Number => {
            let hold = taken(document);
            (Outcome::Rejected { error: hold.message.clone() }, Ok(Some(hold)))
        }
    })
}

fn vanished(document: &Document) -> Hold {
    let what = format!("{} {}", document.kind, document.number);
    Hold {
        message: format!(
            "Intacct says that it has recorded {what} over {} {} (control id {}), but it was not found however often it was looked for",
            document.total, document.currency, document.key
        ),
        remedy: format!(
            "Look for {} in Intacct in all entities. If it is there, let the web services user see that entity, or give it its number and customer back. If somebody deleted it, Intacct takes it from us no second time: enter it by hand under that number, and it is found.{}",
            document.number,
            again(document)
        ),
        ..hold(HoldCode::OutcomeNotFound, document)
    }
}

fn taken(document: &Document) -> Hold {
    Hold {
        message: format!(
            "Intacct refused {} {}: the number is taken by something that is not of this customer or that the web services user cannot see",
            document.kind, document.number
        ),
        remedy: format!(
            "Look for {} in Intacct in all entities and change the number of what has it, or change the number prefix of the store.{}",
            document.number,
            again(document)
        ),
        ..hold(HoldCode::RejectedByIntacct, document)
    }
}

fn differs(document: &Document, found: &FoundDocument, differences: &[String]) -> Hold {
    Hold {
        message: format!(
            "the answer for {} {} over {} was lost, and Intacct has record {} under that number that differs: {}",
            document.kind,
            document.number,
            document.total,
            found.record,
            differences.join("; ")
        ),
        ..hold(HoldCode::UnknownOutcomeDiffers, document)
    }
}

fn several_found(document: &Document, found: &[&FoundDocument]) -> Hold {
    let there: Vec<String> =
        found.iter().map(|found| format!("record {} over {}", found.record, found.total)).collect();
    Hold {
        message: format!(
            "the answer for {} {} over {} was lost, and Intacct has several records under that number: {}",
            document.kind,
            document.number,
            document.total,
            there.join(", ")
        ),
        ..hold(HoldCode::UnknownOutcomeDiffers, document)
    }
}

fn hold(code: HoldCode, document: &Document) -> Hold {
    Hold {
        code,
        subject: document.number.clone(),
        message: String::new(),
        remedy: format!(
            "Open {} in Intacct. If it is not ours, change its number there; if it is, correct there what differs.{}",
            document.number,
            again(document)
        ),
        amount: Some(Money::new(document.total, document.currency)),
        blocks: Blocks::Order,
    }
}

pub(super) fn cannot_look_up(key: &str, failure: Failure) -> RunEnd {
    let remedy = match &failure {
        Failure::Refused { remedy, .. } => format!(". {remedy}"),
        _ => String::new(),
    };
    let (why, after) = failure.into_retry();
    RunEnd::Retry { why: format!("{key} could not be looked up: {why}{remedy}"), after }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::testing::Case;
    use crate::intacct::order_entry::FoundOrderEntry;

    fn line(account: &str, amount: &str) -> EntryLine {
        (account.to_owned(), amount.parse().unwrap())
    }

    #[test]
    fn lines_are_compared_in_whatever_order_and_named_where_they_differ() {
        let sent = [line("1010", "5"), line("1010", "5"), line("4000", "-10")];
        assert_eq!(other_lines(&sent, &[line("4000", "-10.00"), line("1010", "5"), line("1010", "5.00")]), None);
        assert_eq!(other_lines(&sent, &sent[..2]).unwrap(), "it has 2 lines instead of 3");
        let moved = [line("1010", "5"), line("1020", "5"), line("4000", "-10")];
        assert_eq!(other_lines(&sent, &moved).unwrap(), "it has lines that were not sent: 5 on 1020");
    }

    #[test]
    fn long_answers_are_cut_between_characters() {
        assert_eq!(cut("short".into()), "short");
        assert!(cut("é".repeat(KEPT_ANSWER)).len() <= KEPT_ANSWER);
    }

    #[test]
    fn an_order_entry_document_is_equal_only_when_it_counts_and_comes_to_the_same() {
        let sale = Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90");
        let document = sale.paid(9001, "stripe", "129.90").order_entry().derive().documents.remove(0);
        let there = |total: &str, state: &str| {
            FoundDocument::from(FoundOrderEntry {
                id: "Sales Invoice-BC-118".into(),
                customer_id: "BC-7".into(),
                state: state.into(),
                currency: Some("USD".into()),
                total: total.parse().unwrap(),
            })
        };
        let differs = |found: &FoundDocument| differences(&document, None, found);
        assert!(differs(&there("129.90", "Pending")).is_empty());
        assert_eq!(differs(&there("129.91", "Pending")), ["the total is 129.91 instead of 129.90"]);
        for draft in ["Draft", "I"] {
            assert_eq!(differs(&there("129.90", draft)), ["the state is Draft instead of posted"]);
        }
    }
}
