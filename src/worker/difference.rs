//! Desired minus posted: which documents are still to be sent, and where the ledger says something else than the order.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::accounting::document::{Document, DocumentKey, DocumentKind};
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::money::Money;
use crate::store::document::{DocumentState, StoredDocument};

/// What is to be done so that the ledger contains what it should.
#[derive(Debug, Default)]
pub struct Difference {
    /// Documents to plan and send: new, never sent, or rejected before.
    pub to_send: Vec<Document>,
    /// Where a posted document is not what the order says now.
    pub holds: Vec<Hold>,
}

/// Compares by key. `as_posted` is what the present evidence gives under the rules that were in force at posting, so
/// that a later change of rules is no change of the order; `desired` is what it gives under today's rules.
///
/// Nothing posted is ever edited or deleted; a document that no longer fits is held, with both figures.
pub fn difference(desired: Vec<Document>, as_posted: &[Document], stored: &[StoredDocument]) -> Difference {
    let stored: BTreeMap<&str, &StoredDocument> = stored.iter().map(|d| (d.planned.key.as_str(), d)).collect();
    let then: BTreeMap<&str, &Document> = as_posted.iter().map(|d| (d.key.as_str(), d)).collect();
    let mut answer = Difference::default();
    for document in stored.values().filter(|d| d.state == DocumentState::Posted && d.planned.kind != "customer") {
        match then.get(document.planned.key.as_str()) {
            Some(now) if same_facts(now, document) => {}
            now => answer.holds.push(changed(document, now.copied())),
        }
    }
    // While something posted no longer fits, later documents of the order would rest on sand.
    if answer.holds.is_empty() {
        answer.to_send = desired
            .into_iter()
            .filter(|document| match stored.get(document.key.as_str()) {
                None => true,
                Some(known) => matches!(known.state, DocumentState::Planned | DocumentState::Rejected),
            })
            .collect();
    }
    answer
}

/// Whether the ledger effect is the same. Descriptions may be worded anew by a later version; figures may not.
fn same_facts(now: &Document, posted: &StoredDocument) -> bool {
    if posted.planned.content_hash == now.content_hash() {
        return true;
    }
    let Ok(then) = serde_json::from_value::<Document>(posted.planned.body.clone()) else { return false };
    let effect = |document: &Document| {
        let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
        for line in &document.lines {
            *sums.entry(line.account.clone()).or_default() += line.debit - line.credit;
        }
        sums
    };
    // What of a credit was applied to an open invoice changes with every payment; its effect on the ledger does not.
    then.total == now.total && then.currency == now.currency && effect(&then) == effect(now)
}

fn changed(posted: &StoredDocument, now: Option<&Document>) -> Hold {
    let planned = &posted.planned;
    let was = planned.total.unwrap_or_default();
    let message = match now {
        Some(now) if now.total != was => format!(
            "{} {} was posted with {was} and the order now gives {} (difference {})",
            planned.kind,
            planned.number,
            now.total,
            now.total - was
        ),
        Some(_) => format!("{} {} was posted on other accounts than the order gives now", planned.kind, planned.number),
        None => format!("{} {} over {was} was posted and the order no longer gives it", planned.kind, planned.number),
    };
    let amount = planned
        .currency
        .as_deref()
        .and_then(|code| code.parse().ok())
        .map(|currency| Money::new(now.map_or(was, |now| now.total) - was, currency));
    Hold {
        code: HoldCode::ChangedAfterPosting,
        subject: planned.number.clone(),
        message,
        remedy: format!(
            "Compare the order in BigCommerce with {} in Intacct. Undo the change of the order, or enter the difference \
             as an adjustment in Intacct; nothing more is posted for this order until they agree.",
            planned.number
        ),
        amount,
        blocks: Blocks::Order,
    }
}

/// Takes out what a hold on a single document keeps back, and whatever needs such a document. Holds on documents that
/// are posted already say nothing any more and go: a period may be closed after posting into it.
pub fn keep_back(difference: &mut Difference, holds: &mut Vec<Hold>, stored: &[StoredDocument]) {
    let posted =
        |key: &DocumentKey| stored.iter().any(|d| d.state == DocumentState::Posted && d.planned.key == key.as_str());
    holds.retain(|hold| !matches!(&hold.blocks, Blocks::Document(key) if posted(key)));
    let mut blocked: BTreeSet<DocumentKey> = holds
        .iter()
        .filter_map(|hold| match &hold.blocks {
            Blocks::Document(key) => Some(key.clone()),
            _ => None,
        })
        .collect();
    // A document stands after those it needs, so one pass finds everything that hangs on a blocked one.
    difference.to_send.retain(|document| {
        let kept_back =
            blocked.contains(&document.key) || document.detail.needs().iter().any(|key| blocked.contains(*key));
        if kept_back {
            blocked.insert(document.key.clone());
        }
        !kept_back
    });
}

/// Documents of one wave, in a fixed order.
pub fn of_wave(documents: &[Document], wave: u8) -> impl Iterator<Item = &Document> {
    documents.iter().filter(move |document| document.kind.wave() == wave)
}

/// How many waves there are.
pub fn last_wave() -> u8 {
    DocumentKind::ALL.iter().map(|kind| kind.wave()).max().unwrap_or(1)
}
