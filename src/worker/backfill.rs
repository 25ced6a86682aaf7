//! Backfills: pages through a range of old orders and marks them as due, a few at a time, behind live orders.
//!
//! An order that is marked is read and posted like any other. So that live orders never stand in a long line behind old
//! ones, nothing more is marked while many orders of the store are waiting, and the lists leave half of the API quota alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::connection::StoreConnection;
use super::retry;
use super::run::WorkerOptions;
use super::task::{Task, Work};
use crate::bigcommerce::client::{OrderPage, ReadError};
use crate::bigcommerce::request::OrderFilter;
use crate::clock;
use crate::lifecycle::Shutdown;
use crate::store::backfill::{Backfill, BackfillStep};
use crate::store::lane::WakeUp;
use crate::store::{Store, StoreError};

/// The share of the API quota that lists of old orders leave alone, in percent.
const LEFT_TO_LIVE: u32 = 50;
/// Orders of a store that may be waiting while more are marked.
const WAITING_MAX: u32 = 20;
/// Orders of about so many seconds are marked in one step.
const STEP_SECONDS: u32 = 2;

/// The backfills of one store.
struct Backfills {
    store: Store,
    connection: Arc<StoreConnection>,
    retries: Vec<Duration>,
    wake: WakeUp,
    /// What is left of the page that was read last, so that a page costs one call and not one for each step.
    page: Mutex<Option<Listed>>,
}

/// A page of a backfill's list.
struct Listed {
    backfill: i64,
    /// The backfill was here when it was read.
    after: u64,
    page: OrderPage,
}

/// Why a step was not made.
enum Stop {
    Read(ReadError),
    Store(StoreError),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Starts the backfills of each store, one task each; all end with `shutdown`.
pub fn start(
    store: &Store,
    wake: &WakeUp,
    worker: &WorkerOptions,
    connections: &BTreeMap<String, Arc<StoreConnection>>,
    shutdown: &Shutdown,
) {
    for connection in connections.values() {
        let work = Backfills {
            store: store.clone(),
            connection: connection.clone(),
            retries: worker.retries.clone(),
            wake: wake.clone(),
            page: Mutex::default(),
        };
        let task = Task {
            store: store.clone(),
            name: format!("backfill/{}", connection.name),
            lease: worker.lease,
            pause: worker.poll,
        };
        shutdown.spawn("backfill", task.run(work, shutdown.clone()));
    }
}

impl Work for Backfills {
    async fn is_due(&self) -> Result<bool, StoreError> {
        Ok(self.store.due_backfill(&self.connection.name).await?.is_some())
    }

    async fn work(&self) -> Result<(), StoreError> {
        let Some(backfill) = self.store.due_backfill(&self.connection.name).await? else { return Ok(()) };
        match self.step(&backfill).await {
            Ok(()) => Ok(()),
            Err(Stop::Read(error)) => {
                let (why, after) = match error {
                    ReadError::Retry { why, after } => (why, after),
                    other => (other.to_string(), None),
                };
                let wait = retry::delay(&self.retries, backfill.failures + 1, after, clock::jitter());
                tracing::warn!(
                    store = self.connection.name,
                    backfill = backfill.id,
                    why,
                    retry_in_s = wait.as_secs(),
                    "a backfill goes on later"
                );
                let told = format!("{why}; it is tried again by itself, and cancelling it lets the next one go");
                self.store.put_off_backfill(&self.connection.name, backfill.id, &told, wait).await
            }
            Err(Stop::Store(error)) => Err(error),
        }
    }
}

impl Backfills {
    /// Marks the next few orders.
    async fn step(&self, backfill: &Backfill) -> Result<(), Stop> {
        let rate = backfill.wanted.orders_per_minute.max(1);
        let few = (rate * STEP_SECONDS).div_ceil(60);
        let enough = WAITING_MAX.max(few);
        if self.store.waiting_orders(&self.connection.name, enough).await? >= enough {
            return Ok(());
        }
        let mut kept = self.page.lock().await;
        let listed = match kept.take() {
            Some(listed) if listed.backfill == backfill.id && listed.after <= backfill.after_id => listed,
            _ => self.list(backfill).await?,
        };
        let ahead: Vec<_> = listed.page.orders.iter().filter(|order| order.id > backfill.after_id).collect();
        if ahead.is_empty() && listed.page.more && listed.after != backfill.after_id {
            // All of this page is marked: the next step reads the next one.
            return Ok(());
        }
        let (mut orders, mut seen, mut after) = (Vec::new(), 0, backfill.after_id);
        for order in &ahead {
            if orders.len() == few as usize {
                break;
            }
            (seen, after) = (seen + 1, order.id);
            if backfill.wanted.statuses.is_empty() || backfill.wanted.statuses.contains(&order.status_id) {
                orders.push(order.id);
            }
        }
        let step = BackfillStep {
            store: &self.connection.name,
            id: backfill.id,
            before: backfill.after_id,
            after,
            seen: seen as u64,
            orders: &orders,
            wait: Duration::from_secs(60) * u32::try_from(orders.len()).unwrap_or(few) / rate,
            // A page that brings nothing although more was promised is the end, too.
            last: seen == ahead.len() && (!listed.page.more || ahead.is_empty()),
        };
        if self.store.step_backfill(&step).await? {
            self.wake.wake();
        }
        *kept = Some(listed);
        Ok(())
    }

    /// Reads the next page; at the start also what range there is.
    async fn list(&self, backfill: &Backfill) -> Result<Listed, Stop> {
        let statuses = &backfill.wanted.statuses;
        let filter = OrderFilter {
            created_since: Some(backfill.wanted.placed_from),
            created_until: Some(backfill.wanted.placed_to),
            status_id: statuses.first().copied().filter(|_| statuses.len() == 1),
            ..OrderFilter::default()
        };
        let reader = self.connection.reader.leaving(LEFT_TO_LIVE);
        let page = reader.orders_page(&filter, backfill.after_id).await?;
        if backfill.last_id.is_none()
            && let Some(first) = page.orders.first().map(|order| order.id)
            && let Some(last) = reader.last_order(&filter).await?
        {
            self.store.note_backfill_range(&self.connection.name, backfill.id, first, last).await?;
        }
        Ok(Listed { backfill: backfill.id, after: backfill.after_id, page })
    }
}
