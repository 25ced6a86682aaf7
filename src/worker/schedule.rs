//! What is done for a store by the clock: polls of orders and refunds, and the check of its webhooks.
//!
//! A poll is the backstop of webhooks that never came: whatever changed since the last good poll, less an overlap, is
//! compared with what was read, and only what is newer is marked as due. How far it is survives a crash.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use super::connection::StoreConnection;
use super::hooks;
use super::retry;
use super::run::WorkerOptions;
use super::task::{Task, Work};
use crate::bigcommerce::client::ReadError;
use crate::bigcommerce::request::OrderFilter;
use crate::clock;
use crate::lifecycle::Shutdown;
use crate::store::lane::WakeUp;
use crate::store::schedule::{Begun, Intervals, ListedOrder, ListedRefund, RunResult, ScheduleName};
use crate::store::{Store, StoreError};
use crate::telemetry::{POLLED_ORDERS_TOTAL, WEBHOOKS_QUIET_SECONDS, WEBHOOKS_SILENT};

/// Pages of refunds in one window at most: 100,000 refunds.
const PAGES_MAX: u64 = 400;

/// How schedules work.
#[derive(Debug, Clone)]
pub struct ScheduleOptions {
    /// How often each is done when nobody has said otherwise.
    pub intervals: Intervals,
    /// How long runs are remembered.
    pub keep_runs: Duration,
    /// After so many hours without a webhook a store is called silent.
    pub silent_after_hours: u32,
    /// Waits after the first, second, ... failure; the last one is repeated.
    pub retries: Vec<Duration>,
}

/// One schedule of one store.
struct Scheduled {
    store: Store,
    connection: Arc<StoreConnection>,
    name: ScheduleName,
    options: ScheduleOptions,
    wake: WakeUp,
    made: OnceCell<()>,
}

/// Why a run did not come to its end.
pub(super) enum Stop {
    /// BigCommerce did not answer as it should, or the settings lack something.
    Failed {
        /// Why.
        why: String,
        /// What the other side asked for.
        after: Option<Duration>,
    },
    /// The window has more pages than are read in one.
    TooLong(String),
    /// The database did not do it.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Retry { why, after } => Self::Failed { why, after },
            other => Self::Failed { why: other.to_string(), after: None },
        }
    }
}

/// Starts the schedules of each store, one task each; all end with `shutdown`.
pub fn start(
    store: &Store,
    wake: &WakeUp,
    worker: &WorkerOptions,
    options: &ScheduleOptions,
    connections: &BTreeMap<String, Arc<StoreConnection>>,
    shutdown: &Shutdown,
) {
    for connection in connections.values() {
        for name in ScheduleName::ALL {
            let work = Scheduled {
                store: store.clone(),
                connection: connection.clone(),
                name,
                options: options.clone(),
                wake: wake.clone(),
                made: OnceCell::new(),
            };
            let task = Task {
                store: store.clone(),
                name: format!("schedule/{}/{}", connection.name, name.as_str()),
                lease: worker.lease,
                // A person may be waiting for the next look.
                pause: worker.poll * 2,
            };
            shutdown.spawn("schedule", task.run(work, shutdown.clone()));
        }
    }
}

impl Work for Scheduled {
    async fn is_due(&self) -> Result<bool, StoreError> {
        let make = || self.store.make_schedules(&self.connection.name, &self.options.intervals);
        self.made.get_or_try_init(make).await?;
        self.store.schedule_is_due(&self.connection.name, self.name).await
    }

    async fn work(&self) -> Result<(), StoreError> {
        // Another replica may have done it between the look and the lease.
        if !self.is_due().await? {
            return Ok(());
        }
        let run = self.store.begin_run(&self.connection.name, self.name).await?;
        let done = match self.name {
            ScheduleName::Orders => self.poll_orders(&run).await,
            ScheduleName::Refunds => self.poll_refunds(&run).await,
            ScheduleName::Webhooks => self.check_hooks(&run).await,
        };
        match done {
            Ok(()) => self.store.end_run(&run, &RunResult::Done, self.options.keep_runs).await,
            Err(Stop::Failed { why, after }) => self.fail(&run, why, after, false).await,
            Err(Stop::TooLong(why)) => self.fail(&run, why, None, true).await,
            // The run belongs to another replica now.
            Err(Stop::Store(error @ StoreError::Lost(_))) => Err(error),
            Err(Stop::Store(error)) => {
                if let Err(second) = self.fail(&run, error.to_string(), None, false).await {
                    tracing::warn!(error = %second, store = run.store, "the failure of a schedule could not be noted");
                }
                Err(error)
            }
        }
    }
}

impl Scheduled {
    /// Ends a run that did not come to its end; it is gone on with after a wait.
    async fn fail(&self, run: &Begun, why: String, after: Option<Duration>, too_long: bool) -> Result<(), StoreError> {
        let wait = retry::delay(&self.options.retries, run.failures + 1, after, clock::jitter());
        tracing::warn!(
            store = run.store,
            schedule = run.name.as_str(),
            why,
            retry_in_s = wait.as_secs(),
            "a schedule is gone on with later"
        );
        self.store.end_run(run, &RunResult::Failed { why, wait, too_long }, self.options.keep_runs).await
    }

    /// Looks for orders that changed, in order of their ids. One that changes meanwhile is in the next window: it begins
    /// before this one was read.
    async fn poll_orders(&self, run: &Begun) -> Result<(), Stop> {
        let filter = OrderFilter { modified_since: Some(run.from), ..OrderFilter::default() };
        let mut after = run.after;
        loop {
            let page = self.connection.reader.orders_page(&filter, after).await?;
            let last = page.orders.iter().map(|order| order.id).max().unwrap_or(after);
            let listed: Vec<ListedOrder> =
                page.orders.iter().map(|order| ListedOrder { order_id: order.id, modified: order.modified }).collect();
            let marked = self.store.keep_orders_page(run, &listed, last).await?;
            self.found(marked);
            // A counterpart that does not heed min_id would answer the same page for ever.
            if !page.more || last <= after {
                break;
            }
            after = last;
        }
        self.listen().await?;
        Ok(())
    }

    /// Looks for refunds that were made, page by page: the end of the window stands, so that no page shifts.
    async fn poll_refunds(&self, run: &Begun) -> Result<(), Stop> {
        for number in run.after + 1..=PAGES_MAX {
            let (refunds, more) = self.connection.reader.refunds_page(run.from, run.until, number).await?;
            let listed: Vec<ListedRefund> = refunds
                .iter()
                .map(|refund| ListedRefund {
                    order_id: refund.order_id,
                    refund_id: refund.id,
                    declined: refund.declined,
                })
                .collect();
            let marked = self.store.keep_refunds_page(run, &listed, number).await?;
            self.found(marked);
            if !more {
                return Ok(());
            }
        }
        Err(Stop::TooLong(format!(
            "the refunds from {} to {} do not end after {PAGES_MAX} pages; half of this time is read next. Nothing is to be \
             done unless this comes again and again: then the list itself never ends, and BigCommerce has to be asked",
            run.from, run.until
        )))
    }

    async fn check_hooks(&self, run: &Begun) -> Result<(), Stop> {
        let checked = hooks::check(&self.store, &self.connection, run.started_at).await?;
        self.store.count_run(run, checked.seen, checked.changed).await?;
        self.listen().await?;
        Ok(())
    }

    fn found(&self, marked: u64) {
        if marked > 0 {
            metrics::counter!(POLLED_ORDERS_TOTAL, "store" => self.connection.name.clone(), "schedule" => self.name.as_str())
                .increment(marked);
            self.wake.wake();
        }
    }

    /// Tells of a store that has sent no webhook for long.
    async fn listen(&self) -> Result<(), StoreError> {
        let name = &self.connection.name;
        let hearing = self.store.hearing(name).await?;
        let silence = hearing.silence(self.options.silent_after_hours);
        let silent = if silence.is_some() { 1.0 } else { 0.0 };
        metrics::gauge!(WEBHOOKS_SILENT, "store" => name.clone()).set(silent);
        metrics::gauge!(WEBHOOKS_QUIET_SECONDS, "store" => name.clone()).set(hearing.quiet_seconds as f64);
        if let Some(why) = silence {
            tracing::warn!(store = name, why, "a store is silent; look at GET /v1/stores/{{store}}/webhooks");
        }
        Ok(())
    }
}
