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
        let stopped = !changed.is_empty();
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
        if self.holds.iter().any(|hold| hold.blocks == Blocks::Order) {
            // Without documents nothing can be compared; the hold on the order is what must be solved first.
            return Vec::new();
        }
        if let Eligibility::Waiting(reason) | Eligibility::Excluded(reason) = &self.status {
            // Deposits stand while the sale waits.
            let gone = posted.keys().filter(|key| !self.documents.iter().any(|document| document.key == **key)).count();
            if gone > 0 {
                return vec![self.hold(format!("{gone} of its documents are posted, but now: {reason}"))];
            }
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

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Case, units};
    use super::*;

    fn paid() -> Case {
        Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90").paid(9001, "stripe", "129.90")
    }

    fn posted(derivation: &Derivation) -> BTreeMap<DocumentKey, String> {
        derivation.documents.iter().map(|d| (d.key.clone(), d.source_hash.clone())).collect()
    }

    fn kinds(difference: &Difference) -> Vec<&'static str> {
        difference.to_post.iter().map(|document| document.kind.as_str()).collect()
    }

    fn codes(difference: &Difference) -> Vec<&'static str> {
        difference.holds.iter().map(|hold| hold.code.as_str()).collect()
    }

    #[test]
    fn only_what_is_not_posted_is_to_be_posted() {
        let before = paid().derive();
        assert_eq!(kinds(&before.difference(&BTreeMap::new())), ["invoice", "receipt"]);
        let refunded = paid().refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]).derive();
        let difference = refunded.difference(&posted(&before));
        assert_eq!(kinds(&difference), ["credit-memo", "refund-payout", "application"]);
        assert_eq!(kinds(&refunded.difference(&posted(&refunded))), Vec::<&str>::new());
    }

    #[test]
    fn an_order_edited_after_posting_is_held() {
        let before = posted(&paid().derive());
        let edited = Case::new().line("TS-1", "2", "240.00", "19.80").tax("Tax", "8.25", "19.80");
        let after = edited.paid(9001, "stripe", "129.90").refund(12, "9.90", "9.90", "stripe", Vec::new()).derive();
        let difference = after.difference(&before);
        assert_eq!((kinds(&difference), codes(&difference)), (vec![], vec!["changed-after-posting"]));
    }

    #[test]
    fn a_cancellation_after_posting_is_held() {
        let before = posted(&paid().derive());
        let after = paid().with(|e| e.order.status_id = 7).derive();
        assert_eq!(codes(&after.difference(&before)), ["changed-after-posting"]);
    }

    #[test]
    fn edited_rules_change_nothing_that_is_posted() {
        let before = posted(&paid().derive());
        let mut case = paid();
        case.rules[0].gives.insert(crate::accounting::rulebook::Give::Account, "4001".to_owned());
        let difference = case.derive();
        let difference = difference.difference(&before);
        assert_eq!((kinds(&difference), codes(&difference)), (vec![], vec![]));
    }

    #[test]
    fn a_closed_period_holds_new_documents_but_not_posted_ones() {
        let close = |day: &str| {
            let day = day.parse().unwrap();
            let case = paid().refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
            case.policy(|policy| policy.books_closed_through = Some(day)).derive()
        };
        let closed = close("2026-03-10");
        let difference = closed.difference(&BTreeMap::new());
        assert_eq!(kinds(&difference), Vec::<&str>::new(), "nothing may be posted before its invoice");
        assert_eq!(codes(&difference), ["period-closed", "period-closed"]);
        let difference = closed.difference(&posted(&paid().derive()));
        assert_eq!(kinds(&difference), ["credit-memo", "refund-payout", "application"]);
        assert_eq!(codes(&difference), Vec::<&str>::new());
    }
}
