//! What nobody knows the end of is looked up in Intacct before anything is sent again.

use serde_json::Value;

use super::gateway::{Failure, Gateway};
use super::order::RunEnd;
use crate::accounting::document::{Detail, Document, DocumentKind};
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::money::Money;
use crate::intacct::functions::Query;
use crate::intacct::lookup::{self, FoundDocument};
use crate::intacct::posting;
use crate::store::Store;
use crate::store::document::{Outcome, StoredDocument};

/// Settles a document whose last attempt has no known end: found and equal, it is posted; not found, it may be sent
/// again under the same key; found and different, only a person can decide, and the answer is a hold.
///
/// # Errors
/// [`RunEnd`] when Intacct or the database does not answer: the document stays as it is.
pub async fn settle(store: &Store, gateway: &Gateway, stored: &StoredDocument) -> Result<Option<Hold>, RunEnd> {
    let key = &stored.planned.key;
    if cfg!(feature = "planted-bug") {
        let outcome = Outcome::NotThere { why: "nobody has looked".to_owned() };
        store.settle(key, stored.attempts, "look-up", &outcome, None).await?;
        return Ok(None);
    }
    let document = read_back(key, &stored.planned.body)?;
    let result =
        gateway.read(query(&document, &stored.planned.customer_id)).await.map_err(|failure| retry(key, failure))?;
    let read = if document.detail.is_journal() { lookup::journal_entries } else { lookup::documents };
    let found = read(&result).map_err(|error| RunEnd::retry(format!("{key}: {error}")))?;
    let ours: Vec<&FoundDocument> = found.iter().filter(|found| is_ours(&document, found)).collect();
    let (outcome, hold) = match ours.as_slice() {
        [] => {
            (Outcome::NotThere { why: format!("no {} {} was found in Intacct", document.kind, document.number) }, None)
        }
        [one] if is_equal(&document, one) => (Outcome::Posted { record_no: one.record_number.to_string() }, None),
        others => {
            let hold = differs(&document, others);
            (Outcome::Unknown { error: hold.message.clone() }, Some(hold))
        }
    };
    store.settle(key, stored.attempts, "look-up", &outcome, Some(&result.raw)).await?;
    Ok(hold)
}

/// A document as it was stored.
pub(super) fn read_back(key: &str, body: &Value) -> Result<Document, RunEnd> {
    serde_json::from_value(body.clone())
        .map_err(|error| RunEnd::retry(format!("{key} in the database cannot be read: {error}")))
}

fn query(document: &Document, customer_id: &str) -> Query {
    match &document.detail {
        Detail::Invoice { .. } => lookup::invoice(&document.number, customer_id),
        detail if detail.is_journal() => lookup::journal_entry(&document.number),
        Detail::Receipt { .. } | Detail::Application { .. } => {
            lookup::payment(&posting::document_number(document), customer_id)
        }
        _ => lookup::adjustment(&document.number, customer_id),
    }
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

fn is_equal(document: &Document, found: &FoundDocument) -> bool {
    // An application moves no money of its own, and a credit memo's total is negative in Intacct.
    let amount = document.kind == DocumentKind::Application || found.total.abs() == document.total;
    let currency = found.currency.as_deref().is_none_or(|code| code == document.currency.code());
    amount && currency
}

fn differs(document: &Document, found: &[&FoundDocument]) -> Hold {
    let there: Vec<String> =
        found.iter().map(|found| format!("record {} over {}", found.record_number, found.total)).collect();
    Hold {
        code: HoldCode::UnknownOutcomeDiffers,
        subject: document.number.clone(),
        message: format!(
            "the answer for {} {} over {} was lost, and Intacct holds under that number: {}",
            document.kind,
            document.number,
            document.total,
            there.join(", ")
        ),
        remedy: format!(
            "Open {} in Intacct. If it is not this order's, change its number there; if it is, correct its amount. Then replay the order.",
            document.number
        ),
        amount: Some(Money::new(document.total, document.currency)),
        blocks: Blocks::Order,
    }
}

fn retry(key: &str, failure: Failure) -> RunEnd {
    let (why, after) = failure.into_retry();
    RunEnd::Retry { why: format!("{key} could not be looked up: {why}"), after }
}
