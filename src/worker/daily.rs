//! Daily mode: closes days that are over and posts their summaries, late ones at once; one replica at a time per store.
//!
//! A day is over when it has ended in the store's time zone and nothing new has come for it for a while. Closing is one
//! transaction of the store; the summary it makes is a document like any other, sent with the same care.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::connection::StoreConnection;
use super::lookup;
use super::order::{RunEnd, new_holds};
use super::retry;
use super::run::WorkerOptions;
use super::support::{self, Attached};
use super::task::{Task, Work};
use super::waves::{Batch, One, planned};
use crate::accounting::document::{Document, DocumentKey};
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::period::day_end;
use crate::accounting::policy::Policy;
use crate::accounting::summary::{Group, Occasion, SummaryError, summarise};
use crate::clock;
use crate::lifecycle::Shutdown;
use crate::store::document::{DocumentState, PlannedDocument};
use crate::store::summary::{CollectedGroup, Member, NewSummary};
use crate::store::{Store, StoreError};

/// Summaries sent at the same time; more than one only when late ones pile up.
const AT_ONCE: u32 = 20;

/// The days of one store.
pub struct Daily {
    store: Store,
    options: WorkerOptions,
    connection: Arc<StoreConnection>,
}

/// Why a group could not be closed.
enum CloseError {
    Store(StoreError),
    Summary(SummaryError),
}

impl From<StoreError> for CloseError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SummaryError> for CloseError {
    fn from(error: SummaryError) -> Self {
        Self::Summary(error)
    }
}

impl Work for Daily {
    async fn is_due(&self) -> Result<bool, StoreError> {
        self.store.has_daily_work(&self.connection.name).await
    }

    async fn work(&self) -> Result<(), StoreError> {
        self.close_and_send().await
    }
}

impl Daily {
    /// Starts one task for each store; all end with `shutdown`. Stores in order mode cost a query now and then: they may
    /// have been in daily mode yesterday.
    pub fn start(
        store: &Store,
        options: &WorkerOptions,
        connections: &BTreeMap<String, Arc<StoreConnection>>,
        shutdown: &Shutdown,
    ) {
        Task::start_for_each("daily", store, options, connections, shutdown, |connection| Self {
            store: store.clone(),
            options: options.clone(),
            connection,
        });
    }

    async fn close_and_send(&self) -> Result<(), StoreError> {
        for group in self.store.collected_groups(&self.connection.name).await? {
            self.close_what_is_over(&group).await?;
        }
        loop {
            let open = self.store.open_summaries(&self.connection.name, AT_ONCE).await?;
            if open.is_empty() {
                break;
            }
            for sent in join_all(open.iter().map(|key| self.send(key))).await {
                sent?;
            }
        }
        self.store.settle_daily(&self.connection.name).await
    }

    async fn close_what_is_over(&self, group: &CollectedGroup) -> Result<(), StoreError> {
        let policy = &self.connection.policy;
        let main = Occasion::Day.key(&policy.store, &group.group);
        let made = self.store.summary_chain(&policy.store, group.day, main.chain()).await?.pop();
        match made {
            None if is_over(group, closing_moment(group, policy)) => self.close(group, Occasion::Day).await,
            None => Ok(()),
            Some(refused) if refused.state == DocumentState::Rejected => {
                let again = refused.due && refused.retry_at.is_none_or(|moment| is_over(group, moment));
                if again { self.close(group, Occasion::Day).await } else { Ok(()) }
            }
            Some(_) => {
                for order in self.store.collected_orders(&policy.store, &group.group).await? {
                    self.close_late(group, order).await?;
                }
                Ok(())
            }
        }
    }

    /// What came of an order after its day was closed is a journal of its own, at once.
    async fn close_late(&self, group: &CollectedGroup, order: u64) -> Result<(), StoreError> {
        let store = &self.connection.policy.store;
        let chain = Occasion::Late { order, count: 1 }.key(store, &group.group);
        let made = self.store.summary_chain(store, group.day, chain.chain()).await?;
        let count = match made.iter().find(|summary| summary.state == DocumentState::Rejected) {
            Some(refused) if !refused.due => return Ok(()),
            Some(refused) => DocumentKey::stored(&*refused.key).revision(),
            None => u32::try_from(made.len()).unwrap_or(u32::MAX).saturating_add(1),
        };
        self.close(group, Occasion::Late { order, count }).await
    }

    async fn close(&self, group: &CollectedGroup, occasion: Occasion) -> Result<(), StoreError> {
        let policy = &self.connection.policy;
        let order = match occasion {
            Occasion::Day => None,
            Occasion::Late { order, .. } => Some(order),
        };
        let build = |members: &[Member]| build(policy, occasion, members);
        match self.store.close_group(&policy.store, &group.group, order, build).await {
            Ok(closed) => {
                if closed {
                    tracing::info!(store = policy.store, group = group.group, ?occasion, "closed into a summary");
                }
                Ok(())
            }
            Err(CloseError::Store(error)) => Err(error),
            Err(CloseError::Summary(error)) => {
                let key = occasion.key(&policy.store, &group.group);
                let hold = cannot_be_made(&key, &error);
                self.store.hold_document(&policy.store, key.as_str(), &new_holds(&[hold])).await
            }
        }
    }

    /// Sends a summary, or looks it up first when nobody knows the end of its last attempt. Whatever happens, it is posted,
    /// refused or put off afterwards.
    async fn send(&self, key: &str) -> Result<(), StoreError> {
        let store = &self.connection.name;
        let Some(stored) = self.store.document(store, key).await? else { return Ok(()) };
        let (why, after) = match self.post(key).await {
            Ok(One::Posted(..)) => return self.store.hold_document(store, key, &[]).await,
            Ok(One::Held(mut hold)) => {
                hold.remedy.push_str(" The summary is tried again by itself; over the API it can be tried at once.");
                self.store.hold_document(store, key, &new_holds(std::slice::from_ref(&hold))).await?;
                self.store.refuse_summary(store, key, &hold.message).await?;
                (hold.message, None)
            }
            Ok(One::Later { why, after }) | Err(RunEnd::Retry { why, after }) => (why, after),
            Err(other) => (format!("{other:?}"), None),
        };
        let failures = stored.attempts.unsigned_abs().saturating_add(1);
        let delay = retry::delay(&self.options.retries, failures, after, clock::jitter());
        tracing::warn!(why, summary = key, retry_in_s = delay.as_secs(), "a summary is tried again later");
        self.store.put_off_summary(store, key, delay).await
    }

    async fn post(&self, key: &str) -> Result<One, RunEnd> {
        let later = |why: String, after: Option<Duration>| Ok(One::Later { why, after });
        let store = &self.connection.name;
        let Some(mut stored) = self.store.document(store, key).await? else {
            return later(format!("{key} is gone from the database"), None);
        };
        if stored.is_uncertain() {
            if let Some(hold) = lookup::settle(&self.store, &self.connection.gateway, &stored).await? {
                return Ok(One::Held(hold));
            }
            match self.store.document(store, key).await? {
                Some(settled) => stored = settled,
                None => return later(format!("{key} is gone from the database"), None),
            }
            if let Some(record_no) = stored.record_no {
                return Ok(One::Posted(key.to_owned(), record_no));
            }
        }
        let document = lookup::read_back(key, &stored.planned.body)?;
        let attachment = match &self.connection.policy.attachment_folder {
            None => None,
            Some(folder) => match support::attach(&self.store, &self.connection, &document, folder).await? {
                Attached::Id(id) => Some(id),
                Attached::Held(hold) => return Ok(One::Held(hold)),
                Attached::Later { why, after } => return later(why, after),
            },
        };
        let batch = Batch {
            store: &self.store,
            connection: &self.connection,
            evidence_hash: "",
            revision: stored.planned.revision.unwrap_or_default(),
            posted_by: &BTreeMap::new(),
            customer_id: "",
            attachment: attachment.as_deref(),
        };
        // Exactly what was read: nothing that somebody else has put in its place meanwhile.
        batch.send_alone(&document, &stored.planned.content_hash).await
    }
}

/// When a day is summed up: as long after its end, or after the last document that came for it, as the policy says.
fn closing_moment(group: &CollectedGroup, policy: &Policy) -> Timestamp {
    let rest = Duration::from_secs(u64::from(policy.daily_close_delay_minutes) * 60);
    let quiet_since = day_end(group.day, policy).max(group.newest);
    quiet_since.saturating_add(rest).unwrap_or(Timestamp::MAX)
}

/// Whether the moment has come, and every order that was due by then has been worked on: it may have changed what it has
/// for the day. Orders that became due later are not waited for, else a busy shop would never close.
fn is_over(group: &CollectedGroup, moment: Timestamp) -> bool {
    moment <= group.now && group.due_since.is_none_or(|since| since > moment)
}

/// Makes the summary of collected documents. Pure; runs within the closing transaction.
fn build(policy: &Policy, occasion: Occasion, members: &[Member]) -> Result<NewSummary, CloseError> {
    let read = |member: &Member| {
        serde_json::from_value::<Document>(member.body.clone())
            .map_err(|error| StoreError::Corrupt { what: format!("document {}", member.key), why: error.to_string() })
    };
    let documents = members.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let group = documents.first().map(Group::of).ok_or(SummaryError::Empty)?;
    let summary = summarise(policy, &group, occasion, &documents)?;
    let orders: BTreeSet<u64> = documents.iter().filter_map(|document| document.order_id).collect();
    let document = summary.document;
    Ok(NewSummary {
        csv: summary.support.csv(),
        documents: documents.len(),
        orders: orders.len(),
        document: PlannedDocument {
            revision: members.iter().filter_map(|member| member.revision).max(),
            ..planned(&policy.store, &document)
        },
    })
}

fn cannot_be_made(key: &DocumentKey, error: &SummaryError) -> Hold {
    Hold {
        code: HoldCode::DocumentRefused,
        subject: key.as_str().to_owned(),
        message: format!("{key} cannot be made: {error}"),
        remedy: "Report it: it is a mistake of the summary. Its documents stay collected until it can be made."
            .to_owned(),
        amount: None,
        blocks: Blocks::Document(key.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_over_when_it_has_ended_and_nothing_new_has_come_for_the_delay() {
        let policy = Policy::new("acme-us", "1100");
        assert_eq!(policy.daily_close_delay_minutes, 120);
        let over = |newest: &str, due_since: Option<&str>, now: &str| {
            let group = CollectedGroup {
                group: "2026-03-10-USD".into(),
                day: "2026-03-10".parse().unwrap(),
                currency: "USD".into(),
                documents: 2,
                orders: 1,
                newest: newest.parse().unwrap(),
                due_since: due_since.map(|since| since.parse().unwrap()),
                now: now.parse().unwrap(),
            };
            is_over(&group, closing_moment(&group, &policy))
        };
        assert!(!over("2026-03-10T12:00:00Z", None, "2026-03-11T01:59:59Z"));
        assert!(over("2026-03-10T12:00:00Z", None, "2026-03-11T02:00:00Z"));
        assert!(!over("2026-03-11T01:30:00Z", None, "2026-03-11T03:29:59Z"), "orders read late are waited for");
        assert!(over("2026-03-11T01:30:00Z", None, "2026-03-11T03:30:00Z"));
        let due = |since| over("2026-03-10T12:00:00Z", Some(since), "2026-03-11T02:10:00Z");
        assert!(!due("2026-03-11T01:59:00Z"), "an order that was due by then is worked on first");
        assert!(due("2026-03-11T02:09:59Z"), "a busy shop always has orders that are due");
    }
}
