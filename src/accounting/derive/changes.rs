//! What of a derivation is still to be posted, given what was posted before; and what changed under a posted document.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::{Document, DocumentKey};
use super::super::hold::{Blocks, Hold, HoldCode};
use super::{Derivation, Eligibility};

/// The difference between what should be in the ledger and what is.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference<'a> {
    /// Documents to post now, each behind those it needs.
    pub to_post: Vec<&'a Document>,
    /// Everything that keeps something from being posted, without holds on what is posted already.
    pub holds: Vec<Hold>,
}

impl Derivation {
    /// What is to be posted now. `posted` maps the key of every document in the ledger to its `source_hash`.
    ///
    /// A document that was posted and whose facts have changed since, or that should not be there any more, is a hold
    /// that keeps back the rest of the order: nobody's books are changed silently. Edited rules change no posted document.
    pub fn difference<'a>(&'a self, posted: &BTreeMap<DocumentKey, String>) -> Difference<'a> {
        let changed = self.changed(posted);
        let already_posted = |hold: &&Hold| match &hold.blocks {
            Blocks::Document(key) => posted.contains_key(key),
            _ => false,
        };
        let mut holds: Vec<Hold> = self.holds.iter().filter(|hold| !already_posted(hold)).cloned().collect();
        let stopped = !changed.is_empty() || self.status != Eligibility::Post;
        holds.extend(changed);
        let mut held: BTreeSet<&DocumentKey> = holds
            .iter()
            .filter_map(|hold| match &hold.blocks {
                Blocks::Document(key) => {
                    self.documents.iter().map(|document| &document.key).find(|known| *known == key)
                }
                _ => None,
            })
            .collect();
        let mut to_post = Vec::new();
        for document in self.documents.iter().filter(|document| !posted.contains_key(&document.key)) {
            let waits = document.detail.needs().iter().any(|needed| held.contains(*needed));
            if waits || held.contains(&document.key) {
                held.insert(&document.key);
            } else if !stopped {
                to_post.push(document);
            }
        }
        Difference { to_post, holds }
    }

    /// Holds for posted documents that the order no longer supports.
    fn changed(&self, posted: &BTreeMap<DocumentKey, String>) -> Vec<Hold> {
        if posted.is_empty() {
            return Vec::new();
        }
        if let Eligibility::Waiting(reason) | Eligibility::Excluded(reason) = &self.status {
            return vec![self.hold(format!("{} of its documents are posted, but now: {reason}", posted.len()))];
        }
        if self.holds.iter().any(|hold| hold.blocks == Blocks::Order) {
            // Without documents nothing can be compared; the hold on the order is what must be solved first.
            return Vec::new();
        }
        let refunds_held = self.holds.iter().any(|hold| matches!(hold.blocks, Blocks::RefundsFrom(_)));
        let mut changed = Vec::new();
        for (key, hash) in posted {
            match self.documents.iter().find(|document| document.key == *key) {
                Some(document) if document.source_hash == *hash => {}
                Some(document) => {
                    changed
                        .push(self.hold(format!("{} {} is posted and the order was edited since", document.kind, key)));
                }
                // A refund that is held cannot be compared.
                None if refunds_held && key.as_str().contains("/refund-") => {}
                None => changed.push(self.hold(format!("{key} is posted, but the order no longer calls for it"))),
            }
        }
        changed
    }

    fn hold(&self, message: String) -> Hold {
        Hold {
            code: HoldCode::ChangedAfterPosting,
            subject: format!("order {}", self.order_id),
            message,
            remedy:
                "compare the order with its documents and correct the books by hand, or undo the change in BigCommerce"
                    .to_owned(),
            amount: Some(self.order_total),
            blocks: Blocks::Order,
        }
    }
}
