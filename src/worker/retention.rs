//! Removes what is older than it is kept: each store once an hour, by one replica at a time, in batches that yield.
//!
//! A batch is a transaction of its own, and after each there is a pause of at least its length: whatever the database is
//! busy with has it more than half of the time. What a crash or the end of the program interrupts is gone on with later.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::StoreConnection;
use super::run::WorkerOptions;
use super::task::{Task, Work};
use crate::lifecycle::Shutdown;
use crate::store::{Store, StoreError};
use crate::telemetry::REMOVED_ROWS_TOTAL;

/// Between two rounds of a store.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// The shortest pause between two batches.
const PAUSE: Duration = Duration::from_millis(50);

/// How long things are kept; `None` is for ever.
#[derive(Debug, Clone)]
pub struct RetentionOptions {
    /// Webhook deliveries.
    pub deliveries: Option<Duration>,
    /// Evidence that was replaced and that nothing names.
    pub evidence: Option<Duration>,
    /// Attempts of posted documents.
    pub attempts: Option<Duration>,
    /// Dry runs that are over.
    pub dry_runs: Option<Duration>,
    /// Rows removed at once.
    pub batch: u32,
}

/// What is old of one store.
pub struct Retention {
    store: Store,
    name: String,
    options: RetentionOptions,
    /// One batch at a time for all stores of the process, so that many stores take no more than one does.
    turn: Arc<Semaphore>,
    soft: CancellationToken,
}

/// What is removed once it is so old.
#[derive(Clone, Copy)]
enum Old {
    Deliveries(Duration),
    Evidence(Duration),
    Attempts(Duration),
    /// Runs that are too many go whatever their age.
    DryRuns(Option<Duration>),
}

impl Old {
    fn what(self) -> &'static str {
        match self {
            Self::Deliveries(_) => "deliveries",
            Self::Evidence(_) => "evidence",
            Self::Attempts(_) => "attempts",
            Self::DryRuns(_) => "dry_runs",
        }
    }
}

impl Retention {
    /// Starts one task for each store; all end with `shutdown`.
    pub fn start(
        store: &Store,
        worker: &WorkerOptions,
        options: &RetentionOptions,
        connections: &BTreeMap<String, Arc<StoreConnection>>,
        shutdown: &Shutdown,
    ) {
        let turn = Arc::new(Semaphore::new(1));
        Task::start_for_each("retention", store, worker, connections, shutdown, |connection| {
            Self::new(store.clone(), connection.name.clone(), options.clone(), turn.clone(), shutdown.soft())
        });
    }

    /// What is old of the store called `name`; a batch takes a `turn`, and nothing new is begun once `soft` is cancelled.
    pub fn new(
        store: Store,
        name: String,
        options: RetentionOptions,
        turn: Arc<Semaphore>,
        soft: CancellationToken,
    ) -> Self {
        Self { store, name, options, turn, soft }
    }

    /// Removes all that is old of one kind, unless it is kept for ever; answers how many rows.
    async fn remove(&self, old: Option<Old>) -> Result<u64, StoreError> {
        let Some(old) = old else { return Ok(0) };
        let (store, name, batch) = (&self.store, &self.name, self.options.batch);
        let (mut rows, mut from) = (0, None);
        while !self.soft.is_cancelled() {
            // Held over the pause too.
            let Ok(_turn) = self.turn.acquire().await else { break };
            let begun = Instant::now();
            let removed = match old {
                Old::Deliveries(keep) => {
                    let done = store.remove_deliveries(name, keep, batch, from).await?;
                    from = done.through.or(from);
                    done.removed
                }
                Old::Evidence(keep) => store.remove_evidence(name, keep, batch).await?,
                Old::Attempts(keep) => store.remove_attempts(name, keep, batch).await?,
                Old::DryRuns(keep) => store.remove_dry_runs(name, keep, batch).await?,
            };
            rows += removed.rows;
            metrics::counter!(REMOVED_ROWS_TOTAL, "store" => name.clone(), "what" => old.what())
                .increment(removed.rows);
            if !removed.more {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(begun.elapsed().max(PAUSE)) => {}
                () = self.soft.cancelled() => {}
            }
        }
        Ok(rows)
    }
}

impl Work for Retention {
    async fn is_due(&self) -> Result<bool, StoreError> {
        // A round that the end of the program has interrupted stays due, for whoever is next.
        Ok(!self.soft.is_cancelled() && self.store.retention_is_due(&self.name).await?)
    }

    async fn work(&self) -> Result<(), StoreError> {
        // Another replica may have done it between the look and the lease.
        if !self.is_due().await? {
            return Ok(());
        }
        let begun = Instant::now();
        let keep = &self.options;
        let deliveries = self.remove(keep.deliveries.map(Old::Deliveries)).await?;
        let evidence = self.remove(keep.evidence.map(Old::Evidence)).await?;
        let attempts = self.remove(keep.attempts.map(Old::Attempts)).await?;
        let dry_runs = self.remove(Some(Old::DryRuns(keep.dry_runs))).await?;
        let finished = !self.soft.is_cancelled();
        if finished {
            self.store.end_retention(&self.name, EVERY).await?;
        }
        let seconds = begun.elapsed().as_secs();
        let rows = deliveries + evidence + attempts + dry_runs;
        // An hourly line for each of many stores that says nothing would hide what does.
        if rows > 0 || !finished {
            tracing::info!(
                store = self.name,
                deliveries,
                evidence,
                attempts,
                dry_runs,
                seconds,
                finished,
                "rows that were older than they are kept are removed"
            );
        }
        Ok(())
    }
}
