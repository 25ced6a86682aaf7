//! Documents that go in together or not at all: a refund's credit memo and the money it pays out.
//!
//! They are sent in one operation that Intacct executes whole or rolls back (Intacct docs, web services requests). What
//! nobody knows the end of is still looked up document by document: all found or none found settles all of them. One of
//! two found cannot come of such an operation, so somebody looks at it.

use std::collections::BTreeMap;

use super::gateway::Gateway;
use super::lookup::{self, Look};
use super::order::RunEnd;
use super::waves::{Batch, End, Known, One, control_id};
use crate::accounting::document::{Detail, Document};
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::store::Store;
use crate::store::document::{DocumentState, Intent, Outcome, StoredDocument};

/// Parts documents that can be sent now into those that belong together: a credit memo with the payouts that it is
/// netted with. All others are alone.
pub(super) fn groups<'a>(ready: &[&'a Document]) -> Vec<Vec<&'a Document>> {
    let memo_of = |document: &Document| match &document.detail {
        Detail::RefundPayout { credit_memo, .. } => {
            ready.iter().position(|memo| memo.key == *credit_memo && matches!(memo.detail, Detail::CreditMemo { .. }))
        }
        _ => None,
    };
    let mut groups: BTreeMap<usize, Vec<&Document>> = BTreeMap::new();
    for (place, document) in ready.iter().enumerate() {
        groups.entry(memo_of(document).unwrap_or(place)).or_default().push(document);
    }
    let mut groups: Vec<Vec<&Document>> = groups.into_values().collect();
    // The memo first, wherever it stood: its key marks the group.
    groups
        .iter_mut()
        .for_each(|group| group.sort_by_key(|document| !matches!(document.detail, Detail::CreditMemo { .. })));
    groups
}

/// Parts stored documents into those that were last sent together.
pub(super) fn sent_together(stored: &[StoredDocument]) -> Vec<Vec<&StoredDocument>> {
    let mut groups: BTreeMap<(&str, _), Vec<&StoredDocument>> = BTreeMap::new();
    for document in stored {
        let mark = document.together.as_deref().unwrap_or(&document.planned.key);
        // The mark alone is not enough: one of them may have been sent by itself since.
        groups.entry((mark, document.sent_at)).or_default().push(document);
    }
    groups.into_values().collect()
}

/// Settles documents of one group whose last attempt has no known end; see [`lookup::settle`].
///
/// # Errors
/// [`RunEnd`] when Intacct or the database does not answer: the documents stay as they are.
pub(super) async fn settle(
    store: &Store,
    gateway: &Gateway,
    group: &[&StoredDocument],
) -> Result<Option<Hold>, RunEnd> {
    if let [only] = group {
        return lookup::settle(store, gateway, only).await;
    }
    let (mut looks, mut there, mut missing): (Vec<(&StoredDocument, Look)>, Vec<&str>, Vec<&str>) = Default::default();
    for stored in group {
        let found = if stored.is_uncertain() {
            let look = lookup::look(store, gateway, stored).await?;
            let found = matches!(look.outcome, Outcome::Posted { .. });
            if !matches!(look.end, Ok(None)) {
                lookup::record(store, gateway, stored, &look).await?;
                return look.end;
            }
            looks.push((stored, look));
            found
        } else {
            stored.state == DocumentState::Posted
        };
        if found { &mut there } else { &mut missing }.push(&stored.planned.number);
    }
    if !there.is_empty() && !missing.is_empty() {
        return Ok(Some(torn(group, &there, &missing)));
    }
    for (stored, look) in looks {
        lookup::record(store, gateway, stored, &look).await?;
    }
    Ok(None)
}

fn torn(group: &[&StoredDocument], there: &[&str], missing: &[&str]) -> Hold {
    let (there, missing) = (there.join(", "), missing.join(", "));
    Hold {
        code: HoldCode::UnknownOutcomeDiffers,
        subject: group.first().map(|stored| stored.planned.number.clone()).unwrap_or_default(),
        message: format!(
            "documents that Intacct takes all or none were sent and their answer was lost; Intacct holds {there}, but not {missing}"
        ),
        remedy: format!(
            "Open {there} in Intacct: somebody has deleted {missing} or entered {there} by hand. Delete what is there, or \
             enter what is missing under its number, then replay the order."
        ),
        amount: None,
        blocks: Blocks::Order,
    }
}

impl Batch<'_> {
    /// Sends the documents of a group, each planned before; several go in together or not at all.
    pub(super) async fn send_group(&self, group: &[&Document], known: Known<'_>) -> Vec<Result<One, RunEnd>> {
        match group {
            [only] => vec![self.send_one(only, &only.content_hash(), known).await],
            several => match self.send_together(several, known).await {
                Ok(ends) => ends.into_iter().map(Ok).collect(),
                Err(end) => vec![Err(end)],
            },
        }
    }

    async fn send_together(&self, group: &[&Document], known: Known<'_>) -> Result<Vec<One>, RunEnd> {
        let made: Result<Vec<_>, Box<Hold>> = group.iter().map(|document| self.function(document, known)).collect();
        let functions = match made {
            Ok(functions) => functions,
            // None of them goes without the one that cannot be made.
            Err(hold) => return Ok(vec![One::Held(*hold)]),
        };
        let keys = || group.iter().map(|document| document.key.as_str().to_owned());
        let requests: Vec<(String, String, String)> = group
            .iter()
            .zip(&functions)
            .map(|(document, function)| (document.content_hash(), function.body(), function.body_hash()))
            .collect();
        let intents: Vec<Intent<'_>> = group
            .iter()
            .zip(&requests)
            .map(|(document, (content_hash, request, request_hash))| Intent {
                store: &self.connection.name,
                key: document.key.as_str(),
                content_hash,
                request,
                request_hash,
            })
            .collect();
        let mark = keys().next().unwrap_or_default();
        let Some(attempts) = self.store.begin_sending_together(&self.connection.name, &mark, &intents).await? else {
            return Ok(vec![self.not_now(&mark).await?]);
        };
        let cause = self.cause(group[0]);
        let ids = keys().map(|key| control_id(&key));
        let sent = self.connection.gateway.write_together(cause, ids.zip(functions).collect()).await;
        let (mut ends, mut look_up) = (Vec::with_capacity(group.len()), false);
        for ((document, attempt), sent) in group.iter().zip(attempts).zip(sent) {
            match self.settle(document, attempt, sent, known).await? {
                End::Settled(one) => ends.push(one),
                End::LookUp => look_up = true,
            }
        }
        if look_up { self.look_up_together(group).await } else { Ok(ends) }
    }

    /// Intacct says that one of them has been recorded before.
    async fn look_up_together(&self, group: &[&Document]) -> Result<Vec<One>, RunEnd> {
        let stored = self.stored(group).await?;
        if let Some(hold) = settle(self.store, &self.connection.gateway, &stored.iter().collect::<Vec<_>>()).await? {
            return Ok(vec![One::Held(hold)]);
        }
        let settled = self.stored(group).await?.into_iter().map(|stored| match stored.record_no {
            Some(record_no) => One::Posted(stored.planned.key, record_no),
            None => One::Later {
                why: format!("{}: Intacct says it has been recorded, but it was not found yet", stored.planned.key),
                after: None,
            },
        });
        Ok(settled.collect())
    }

    async fn stored(&self, group: &[&Document]) -> Result<Vec<StoredDocument>, RunEnd> {
        let mut stored = Vec::with_capacity(group.len());
        for document in group {
            stored.extend(self.store.document(&self.connection.name, document.key.as_str()).await?);
        }
        Ok(stored)
    }
}
