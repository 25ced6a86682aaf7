//! An order in daily mode: what the ledger should contain is collected for the summaries of its days, not sent by itself.

use std::collections::BTreeSet;

use super::order::RunEnd;
use super::waves::Batch;
use crate::accounting::document::Document;
use crate::accounting::summary::Group;
use crate::store::Store;
use crate::store::document::{DocumentState, PlannedDocument, StoredDocument};

/// Makes what is collected of the order exactly these documents. Applications are left out: they move nothing in the
/// general ledger, and daily mode keeps no receivables that they could settle. Answers whether anything of the order waits
/// for a summary, or for one to be posted.
///
/// # Errors
/// [`RunEnd`] when the database fails, or a day was closed meanwhile: then the order is looked at again.
pub async fn collect(
    batch: &Batch<'_>,
    order_id: u64,
    documents: &[Document],
    stored: &[StoredDocument],
) -> Result<bool, RunEnd> {
    let (store, name) = (batch.store, &batch.connection.name);
    let with_lines = documents.iter().filter(|document| !document.lines.is_empty());
    let wanted: Vec<(PlannedDocument, String)> =
        with_lines.map(|document| (member(batch, document), Group::of(document).name())).collect();
    let waits = |document: &StoredDocument| document.state == DocumentState::Collected;
    if (!wanted.is_empty() || stored.iter().any(waits))
        && !store.collect(name, order_id, &wanted, &stood(stored)).await?
    {
        return Err(summed_up_meanwhile());
    }
    let open = |document: &StoredDocument| {
        waits(document) || document.summary.as_ref().is_some_and(|summary| summary.state != DocumentState::Posted)
    };
    Ok(store.documents(name, order_id).await?.iter().any(open))
}

fn member(batch: &Batch<'_>, document: &Document) -> PlannedDocument {
    let customer = document.customer.as_ref().map(|customer| customer.intacct_id.clone()).unwrap_or_default();
    PlannedDocument { customer_id: customer, ..batch.planned(document) }
}

/// Takes back what was collected of an order that is posted document by document after all, because the team changed the
/// mode before the day was summed up.
///
/// # Errors
/// [`RunEnd`] when the database fails, or the day was closed meanwhile: then the order is looked at again.
pub async fn withdraw(store: &Store, name: &str, order_id: u64, stored: &[StoredDocument]) -> Result<(), RunEnd> {
    if !stored.iter().any(|document| document.state == DocumentState::Collected) {
        return Ok(());
    }
    if store.collect(name, order_id, &[], &stood(stored)).await? { Ok(()) } else { Err(summed_up_meanwhile()) }
}

/// The documents that stand.
pub(super) fn stood(stored: &[StoredDocument]) -> BTreeSet<&str> {
    stored.iter().filter(|document| document.state.stands()).map(|document| document.planned.key.as_str()).collect()
}

fn summed_up_meanwhile() -> RunEnd {
    RunEnd::retry(
        "while the order was worked on its day was summed up, a summary of it was refused, or somebody excluded it or said that something of it was entered by hand",
    )
}
