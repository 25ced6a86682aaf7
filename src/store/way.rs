//! Which way an order has begun to reach the ledger, and that it goes on that way for good.

use std::borrow::Cow;

use super::document::{DocumentState, StoredDocument};
use crate::accounting::document::{Document, DocumentKind};
use crate::accounting::policy::{Policy, PostingMode};

/// Which way an order has begun; `None` while nothing of it is in the ledger or in a summary.
pub fn begun(stored: &[StoredDocument]) -> Option<PostingMode> {
    let sent: Vec<&StoredDocument> = stored.iter().filter(|document| was_sent(document)).collect();
    if sent.is_empty() {
        let summed_up = stored.iter().any(|document| document.state == DocumentState::Summarised);
        return summed_up.then_some(PostingMode::Daily);
    }
    let order_entry = sent.into_iter().any(is_order_entry);
    Some(if order_entry { PostingMode::OrderEntry } else { PostingMode::Order })
}

/// The policy that an order is judged by: one that has begun a way is of that way on all days. Deposits and other journal
/// entries are the same document by document, so they leave open what kind of document the sale becomes.
pub fn policy<'a>(stored: &[StoredDocument], policy: &'a Policy) -> Cow<'a, Policy> {
    let receivable =
        |document: &StoredDocument| was_sent(document) && document.planned.kind == DocumentKind::Invoice.as_str();
    match begun(stored) {
        Some(PostingMode::Order) if !stored.iter().any(receivable) => Cow::Borrowed(policy),
        Some(mode) => Cow::Owned(policy.always(mode)),
        None => Cow::Borrowed(policy),
    }
}

/// Whether it was sent by itself, as far as anybody knows.
fn was_sent(document: &StoredDocument) -> bool {
    document.state == DocumentState::Posted || document.may_arrive()
}

fn is_order_entry(document: &StoredDocument) -> bool {
    let read: Result<Document, _> = serde_json::from_value(document.planned.body.clone());
    read.is_ok_and(|document| document.detail.order_entry().is_some())
}
