//! The receivable behind an Order Entry document is read each time something is applied to it: whoever edits the document
//! in Intacct makes it anew under another record number (Intacct docs, Order Entry transactions).

use std::collections::{BTreeMap, BTreeSet};

use super::gateway::{Cause, Failure, Gateway};
use crate::accounting::document::{Detail, Document};
use crate::intacct::order_entry;

/// The gateway's number for "No record exits for the recordkey" (integrations in the field).
const NO_RECORD: &str = "DL03000005";

/// Record numbers of receivables, by the ids of their Order Entry documents.
pub type Receivables = BTreeMap<String, u64>;

/// The receivables that these documents name, as they are at this moment. All documents of a wave cost one read
/// together; where none of them names an Order Entry document it costs nothing.
///
/// # Errors
/// [`Failure`] when Intacct does not answer, or not with what was asked for.
pub async fn read(
    gateway: &Gateway,
    cause: &Cause,
    documents: &[&Document],
    records: &BTreeMap<String, String>,
) -> Result<Receivables, Failure> {
    let applied = documents
        .iter()
        .filter(|document| matches!(document.detail, Detail::Receipt { .. } | Detail::Application { .. }))
        .flat_map(|document| document.detail.needs());
    let ids: BTreeSet<&str> = applied
        .filter_map(|key| records.get(key.as_str()))
        .map(String::as_str)
        .filter(|record| order_entry::is_id(record))
        .collect();
    let mut found = Receivables::new();
    for query in order_entry::receivables_of(&ids) {
        let result = gateway.read(cause.clone(), query).await?;
        let read = order_entry::receivables(&result);
        found.extend(read.map_err(|error| Failure::Unknown { why: error.to_string(), answer: Some(result.raw) })?);
    }
    Ok(found)
}

/// A refusal because a receivable is not there under the number that was read is no refusal of the document: it was made
/// anew in between. Nothing was posted, and the next run reads its new number.
pub fn judge(failure: Failure, named: &Receivables) -> Failure {
    match failure {
        Failure::Refused { error, answer, .. } if !named.is_empty() && error.contains(NO_RECORD) => {
            Failure::NotExecuted {
                why: format!("the receivable of an Order Entry document was made anew meanwhile ({error})"),
                after: None,
                answer: Some(answer),
            }
        }
        other => other,
    }
}
