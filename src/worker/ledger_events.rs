//! Ledger events on their way into Intacct: each is derived under today's rules and sent as one journal, or held.
//!
//! One replica at a time works on the events of a store. An event is settled when all of its documents are posted; an
//! exchange difference is sent only after its payout.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::connection::StoreConnection;
use super::lookup;
use super::order::{RunEnd, new_holds};
use super::retry;
use super::run::WorkerOptions;
use super::task::{Task, Work};
use super::validation;
use super::waves::{Batch, One, planned};
use crate::accounting::derive::{Derivation, derive, derive_events_with};
use crate::accounting::document::Document;
use crate::accounting::events::{Event, Events};
use crate::accounting::evidence::Evidence;
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::money::Money;
use crate::accounting::rulebook::Rulebook;
use crate::clock;
use crate::lifecycle::Shutdown;
use crate::store::document::DocumentState;
use crate::store::ledger_event::StoredEvent;
use crate::store::{Store, StoreError};

/// Events worked on in one go.
const AT_ONCE: u32 = 100;

/// The events of one store.
pub struct LedgerEvents {
    store: Store,
    options: WorkerOptions,
    connection: Arc<StoreConnection>,
}

/// What became of one event.
enum End {
    Settled,
    Held,
    Later { why: String, after: Option<Duration> },
}

impl Work for LedgerEvents {
    async fn is_due(&self) -> Result<bool, StoreError> {
        self.store.has_due_events(&self.connection.name).await
    }

    async fn work(&self) -> Result<(), StoreError> {
        self.post_all().await
    }
}

impl LedgerEvents {
    /// Starts one task for each store; all end with `shutdown`.
    pub fn start(
        store: &Store,
        options: &WorkerOptions,
        connections: &BTreeMap<String, Arc<StoreConnection>>,
        shutdown: &Shutdown,
    ) {
        Task::start_for_each("events", store, options, connections, shutdown, |connection| Self {
            store: store.clone(),
            options: options.clone(),
            connection,
        });
    }

    async fn post_all(&self) -> Result<(), StoreError> {
        let name = &self.connection.name;
        let stored = self.store.due_events(name, AT_ONCE).await?;
        let events = read(&stored)?;
        let Some((revision, rulebook)) = self.rulebook().await? else {
            for event in stored.iter().filter(|event| event.due) {
                self.store.put_off_event(name, &event.event.name, event.version, None).await?;
            }
            return Ok(());
        };
        let orders = self.orders(&events, &rulebook).await?;
        let derivation = derive_events_with(&events, &orders, &rulebook, &self.connection.policy);
        for event in stored.iter().filter(|event| event.due) {
            let keys = self.keys(event);
            let documents: Vec<&Document> =
                derivation.documents.iter().filter(|document| keys.contains(document.key.as_str())).collect();
            let of_event = |hold: &&Hold| matches!(&hold.blocks, Blocks::Document(key) if keys.contains(key.as_str()));
            let holds: Vec<Hold> = derivation.holds.iter().filter(of_event).cloned().collect();
            let end = match self.post(event, &documents, holds, revision).await {
                Ok(end) => end,
                Err(RunEnd::Retry { why, after }) => End::Later { why, after },
                Err(other) => End::Later { why: format!("{other:?}"), after: None },
            };
            self.record(event, end).await?;
        }
        Ok(())
    }

    /// The keys of an event's documents; that of its first document is also what its holds are on.
    fn keys(&self, event: &StoredEvent) -> BTreeSet<String> {
        let store = &self.connection.name;
        let difference = format!("{store}/exchange-difference/{}/r1", event.event.subject);
        let own = self.key(event);
        if event.event.name.starts_with("payout/") { [own, difference].into() } else { [own].into() }
    }

    fn key(&self, event: &StoredEvent) -> String {
        format!("{}/{}/r1", self.connection.name, event.event.name)
    }

    async fn rulebook(&self) -> Result<Option<(i64, Rulebook)>, StoreError> {
        let Some(found) = self.store.latest_rulebook(&self.connection.name).await? else { return Ok(None) };
        let corrupt = |why: String| StoreError::Corrupt { what: format!("rulebook revision {}", found.number), why };
        let rules = serde_json::from_value(found.rules).map_err(|error| corrupt(error.to_string()))?;
        let rulebook = Rulebook::new(rules).map_err(|problems| corrupt(format!("{problems:?}")))?;
        Ok(Some((found.number, rulebook)))
    }

    /// The orders whose tax a lost dispute gives back, as they were read last.
    async fn orders(&self, events: &Events, rulebook: &Rulebook) -> Result<Vec<Derivation>, StoreError> {
        let asks = |event: &Event| match event {
            Event::DisputeLost(dispute) if dispute.tax_recoverable => dispute.order,
            _ => None,
        };
        let wanted: BTreeSet<u64> = events.list().iter().filter_map(asks).collect();
        let (store, mut orders) = (&self.connection.name, Vec::new());
        for order in wanted {
            let standing = self.store.order(store, order).await?;
            let Some(hash) = standing.and_then(|standing| standing.evidence_hash) else { continue };
            let Some(facts) = self.store.evidence(store, order, &hash).await? else { continue };
            let evidence: Evidence = serde_json::from_value(facts).map_err(|error| StoreError::Corrupt {
                what: format!("evidence of order {order}"),
                why: error.to_string(),
            })?;
            orders.push(derive(&evidence, rulebook, &self.connection.policy));
        }
        Ok(orders)
    }

    /// Sends what is not in Intacct yet, one after the other: a later document waits for the one before it.
    async fn post(
        &self,
        event: &StoredEvent,
        documents: &[&Document],
        mut holds: Vec<Hold>,
        revision: i64,
    ) -> Result<End, RunEnd> {
        let checked = validation::check(&self.connection, &self.unsent(documents).await?, false).await?;
        holds.extend(checked.holds.iter().cloned());
        let mut end = if holds.is_empty() { End::Settled } else { End::Held };
        for document in documents {
            if !matches!(end, End::Settled) {
                break;
            }
            match self.post_one(document, revision).await? {
                One::Posted(..) => {}
                One::Held(mut hold) => {
                    hold.remedy.push_str(" Then try the events again.");
                    holds.push(hold);
                    end = End::Held;
                }
                One::Later { why, after } => end = End::Later { why, after },
            }
        }
        self.store.hold_document(&self.connection.name, &self.key(event), &new_holds(&holds)).await?;
        if validation::is_stale(&self.connection, &checked).await? {
            return Ok(End::Later { why: "the master data changed meanwhile".to_owned(), after: None });
        }
        validation::ask(&self.store, &self.connection, &checked).await?;
        Ok(end)
    }

    /// Those of the documents that certainly never reached Intacct: only they are held against its master data.
    async fn unsent(&self, documents: &[&Document]) -> Result<Vec<Document>, StoreError> {
        let mut unsent = Vec::new();
        for document in documents {
            let stored = self.store.document(&self.connection.name, document.key.as_str()).await?;
            if stored.is_none_or(|stored| stored.state != DocumentState::Posted && !stored.may_arrive()) {
                unsent.push((*document).clone());
            }
        }
        Ok(unsent)
    }

    async fn post_one(&self, document: &Document, revision: i64) -> Result<One, RunEnd> {
        let key = document.key.as_str();
        if let Some(stored) = self.store.document(&self.connection.name, key).await? {
            if stored.is_uncertain()
                && let Some(hold) = lookup::settle(&self.store, &self.connection.gateway, &stored).await?
            {
                return Ok(One::Held(hold));
            }
            // What is in Intacct stays as it is, also when the rules have changed since.
            if let Some(stored) = self.store.document(&self.connection.name, key).await?
                && let Some(record_no) = stored.record_no
            {
                let posted = lookup::read_back(key, &stored.planned.body)?;
                let same = posted.source_hash == document.source_hash;
                return Ok(if same { One::Posted(key.to_owned(), record_no) } else { One::Held(changed(document)) });
            }
        }
        let batch = Batch {
            store: &self.store,
            connection: &self.connection,
            evidence_hash: "",
            revision,
            posted_by: &BTreeMap::new(),
            customer_id: "",
            attachment: None,
        };
        let mut plan = planned(&self.connection.name, document);
        plan.revision = Some(revision);
        self.store.plan(&[plan]).await?;
        batch.send_alone(document, &document.content_hash()).await
    }

    async fn record(&self, event: &StoredEvent, end: End) -> Result<(), StoreError> {
        let (store, name) = (&self.connection.name, &event.event.name);
        match end {
            End::Settled => self.store.settle_event(store, name, event.version).await,
            End::Held => self.store.put_off_event(store, name, event.version, None).await,
            End::Later { why, after } => {
                let failures = event.failures.saturating_add(1);
                let delay = retry::delay(&self.options.retries, failures, after, clock::jitter());
                tracing::warn!(why, event = name, retry_in_s = delay.as_secs(), "a ledger event is tried again later");
                self.store.put_off_event(store, name, event.version, Some(delay)).await
            }
        }
    }
}

fn read(stored: &[StoredEvent]) -> Result<Events, StoreError> {
    let corrupt = |why: String| StoreError::Corrupt { what: "ledger_event".to_owned(), why };
    let events = stored
        .iter()
        .map(|stored| serde_json::from_value(stored.event.event.clone()).map_err(|error| corrupt(error.to_string())))
        .collect::<Result<Vec<Event>, _>>()?;
    Events::new(events).map_err(|error| corrupt(error.to_string()))
}

/// An event that was reported otherwise at the very moment it was being sent.
fn changed(document: &Document) -> Hold {
    Hold {
        code: HoldCode::ChangedAfterPosting,
        subject: document.number.clone(),
        message: format!(
            "{} was posted, and the event was reported otherwise while it was being sent",
            document.number
        ),
        remedy: "Report what differs as an event of its own name, or correct the journal in Intacct.".to_owned(),
        amount: Some(Money::new(document.total, document.currency)),
        blocks: Blocks::Document(document.key.clone()),
    }
}
