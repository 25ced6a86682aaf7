//! The worker's loop: wait until orders are due, claim them, run each on its own, record what became of it.
//!
//! Nothing is held open while an order runs: the claim is a lease, extended by a heartbeat. A worker that cannot extend
//! it drops the run when it ends; what it may still have under way does no harm, because every later step checks that the
//! order or the document is still its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tracing::Instrument;

use super::completions::{Completions, NotRecorded};
use super::connection::StoreConnection;
use super::fence::{Leases, keep_extending, while_ours};
use super::low_water::LowWater;
use super::order::{OrderRun, RunEnd};
use super::retry;
use crate::clock::{self, Clock};
use crate::lifecycle::Shutdown;
use crate::store::lane::{ClaimFrom, Claimed, PutOff, WakeUp};
use crate::store::{Store, StoreError};
use crate::telemetry::{ORDERS_AT_ONCE, ORDERS_TOTAL, ORDERS_UNDER_WAY, Present};

/// Orders claimed at once at most; more would sit on their leases while others could work on them.
const CLAIM_MAX: u32 = 100;

/// So long after an order ended it is looked whether it is due again; orders that end together share the look.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What is noted of an order whose worker was cut off.
const LOST: &str = "the lease could not be extended in time; another worker goes on";

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Orders at the same time.
    pub concurrency: u32,
    /// How long a claim lasts without a heartbeat.
    pub lease: Duration,
    /// The longest wait between two looks.
    pub poll: Duration,
    /// Waits for payment data that is not there yet, one per re-read.
    pub payment_waits: Vec<Duration>,
    /// Waits after the first, second, ... failure of an order; the last one is repeated.
    pub retries: Vec<Duration>,
}

/// One worker; any number of them may share a database.
pub struct Worker {
    store: Store,
    wake: WakeUp,
    clock: Clock,
    options: WorkerOptions,
    connections: Arc<BTreeMap<String, Arc<StoreConnection>>>,
    leases: Leases,
    /// Orders under way by store.
    under_way: Mutex<BTreeMap<String, u32>>,
}

impl Worker {
    /// A worker for these stores.
    pub fn new(
        store: Store,
        wake: WakeUp,
        clock: Clock,
        options: WorkerOptions,
        connections: Arc<BTreeMap<String, Arc<StoreConnection>>>,
    ) -> Self {
        Self { store, wake, clock, options, connections, leases: Leases::default(), under_way: Mutex::default() }
    }

    /// Works until the soft shutdown, then finishes what is under way.
    pub async fn run(self, shutdown: Shutdown) {
        let worker = Arc::new(self);
        let heartbeat = tokio::spawn(worker.clone().keep_leases());
        let slots = Arc::new(Semaphore::new(worker.options.concurrency as usize));
        metrics::gauge!(ORDERS_AT_ONCE).set(f64::from(worker.options.concurrency));
        let completions = Completions::start(&worker.store, &shutdown, worker.options.concurrency);
        let mut marks = LowWater::new(Instant::now());
        while !shutdown.soft().is_cancelled() {
            let found = match worker.claim_some(&slots, &completions, &mut marks).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!(%error, "no orders could be claimed; trying again");
                    0
                }
            };
            if found > 0 && slots.available_permits() > 0 {
                continue;
            }
            worker.rest(&slots, &shutdown, marks.look_again_at()).await;
        }
        // All permits back means that every order under way has ended.
        tokio::select! {
            _ = slots.acquire_many(worker.options.concurrency) => {}
            () = shutdown.hard().cancelled_owned() => {}
        }
        heartbeat.abort();
    }

    /// Waits for a hint, a finished order while all slots were taken, the poll interval or an earlier look, or the end.
    async fn rest(&self, slots: &Semaphore, shutdown: &Shutdown, look_again_at: Option<Instant>) {
        let soft = shutdown.soft();
        if slots.available_permits() == 0 {
            tokio::select! {
                _ = slots.acquire() => {}
                () = soft.cancelled() => {}
            }
            return;
        }
        // A little chance keeps replicas from asking all at the same moment.
        let poll_at = Instant::now() + self.options.poll.mul_f64(0.9 + 0.2 * clock::jitter());
        let until = look_again_at.map_or(poll_at, |at| at.min(poll_at));
        tokio::select! {
            () = self.wake.woken() => {}
            () = tokio::time::sleep_until(until) => {}
            () = soft.cancelled() => {}
        }
    }

    async fn claim_some(
        self: &Arc<Self>,
        slots: &Arc<Semaphore>,
        completions: &Completions,
        marks: &mut LowWater,
    ) -> Result<usize, StoreError> {
        let free = u32::try_from(slots.available_permits()).unwrap_or(CLAIM_MAX).min(CLAIM_MAX);
        if free == 0 {
            return Ok(0);
        }
        let (token, until) = (clock::random_id(), Instant::now() + self.options.lease);
        marks.begin_claim(Instant::now());
        let claimed = self.store.claim(free, self.options.lease, token, &self.claim_from(marks)).await?;
        marks.found(&claimed, free, Instant::now());
        let found = claimed.len();
        for lane in claimed {
            let permit = slots.clone().acquire_owned().await.ok();
            self.leases.take(token, until);
            *self.under_way.lock().unwrap_or_else(PoisonError::into_inner).entry(lane.store.clone()).or_default() += 1;
            tokio::spawn(self.clone().work_on(lane, permit, completions.clone()));
        }
        Ok(found)
    }

    /// The stores whose company is not left in peace just now.
    fn claim_from(&self, marks: &LowWater) -> Vec<ClaimFrom> {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = self.connections.values().filter(|connection| connection.gateway.rest().is_none());
        ready
            .map(|connection| {
                let under_way = under_way.get(&connection.name).copied().unwrap_or_default();
                marks.claim_from(&connection.name, under_way)
            })
            .collect()
    }

    async fn work_on(self: Arc<Self>, lane: Claimed, permit: Option<OwnedSemaphorePermit>, completions: Completions) {
        let span = tracing::info_span!("order", store = lane.store, order = lane.order_id);
        let _present = Present::in_gauge(metrics::gauge!(ORDERS_UNDER_WAY, "store" => lane.store.clone()));
        let worker = self.clone();
        let run_lane = lane.clone();
        // Its own task, so that a fault in one order ends that order only.
        let run = async move {
            let ours = || worker.leases.until(run_lane.token);
            while_ours(ours, worker.run_order(&run_lane)).await
        };
        let ended = tokio::spawn(run.instrument(span.clone())).await;
        let end =
            ended.unwrap_or_else(|_| Some(RunEnd::retry("the run failed by a fault of the program; see the log")));
        let failed = matches!(end, None | Some(RunEnd::Retry { .. }));
        match end {
            Some(end) => {
                if let Err(error) = self.record(&lane, end, &completions).instrument(span).await {
                    tracing::error!(%error, order = lane.order_id, "a run could not be recorded; it is repeated when its lease ends");
                }
                self.leases.end(lane.token);
            }
            None => {
                // Not extended any more, however long it takes to say so.
                self.leases.end(lane.token);
                self.let_go(&lane).instrument(span).await;
            }
        }
        if let Some(count) = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&lane.store) {
            *count = count.saturating_sub(1);
        }
        drop(permit);
        // A mark that came meanwhile has made the order due again, and its own hint may have found it still leased. What
        // failed here may fare better with another replica: none looks for it sooner than the others.
        if !failed {
            self.wake.wake_after(LOOK_AGAIN);
        }
    }

    /// Leaves an order to another worker, at once when the lease is still this one's in the database. What it was sending
    /// is found as `sending` and looked up.
    async fn let_go(&self, lane: &Claimed) {
        metrics::counter!(ORDERS_TOTAL, "outcome" => "lost").increment(1);
        tracing::warn!("the lease of an order could not be extended in time; it is left to another worker");
        if let Err(error) = self.store.put_off(lane, Duration::ZERO, PutOff::Release, LOST).await {
            tracing::warn!(%error, "an order could not be given back; its lease lapses by itself");
        }
    }

    async fn run_order(&self, lane: &Claimed) -> RunEnd {
        match self.connections.get(&lane.store) {
            Some(connection) => {
                let _under_way = connection.gateway.begin_order(&lane.store, lane.order_id);
                let run = OrderRun {
                    store: &self.store,
                    connection,
                    waits: &self.options.payment_waits,
                    now: self.clock.now(),
                };
                run.run(lane).await
            }
            None => RunEnd::retry(format!("no store named '{}' is configured in this process", lane.store)),
        }
    }

    /// How much longer the company of a store is left in peace.
    fn rest_of(&self, store: &str) -> Option<Duration> {
        self.connections.get(store)?.gateway.rest()
    }

    async fn record(&self, lane: &Claimed, end: RunEnd, completions: &Completions) -> Result<(), NotRecorded> {
        let (outcome, ours) = match end {
            RunEnd::Done => ("done", completions.complete(lane).await?),
            RunEnd::WaitForPayment(delay) => {
                let ours = self.store.put_off(lane, delay, PutOff::Wait, "payment data is not there yet").await?;
                // Only here: what failed, or waits for the company, may fare better with another replica, and all find it
                // by polling, with the same chance.
                self.wake.wake_after(delay);
                ("waiting", ours)
            }
            // The company is in trouble, not the order: it comes back when the company does, and counts no failure.
            RunEnd::Retry { why, .. } if self.rest_of(&lane.store).is_some() => {
                let delay = self.rest_of(&lane.store).unwrap_or_default().mul_f64(1.0 + 0.2 * clock::jitter());
                self.store.note_failure(&lane.store, lane.order_id, &why).await?;
                ("paused", self.store.put_off(lane, delay, PutOff::Release, &why).await?)
            }
            RunEnd::Retry { why, after } => {
                let delay = retry::delay(&self.options.retries, lane.failures + 1, after, clock::jitter());
                tracing::warn!(
                    why,
                    failures = lane.failures + 1,
                    retry_in_s = delay.as_secs(),
                    "an order is tried again later"
                );
                self.store.note_failure(&lane.store, lane.order_id, &why).await?;
                ("retry", self.store.put_off(lane, delay, PutOff::Failure, &why).await?)
            }
        };
        metrics::counter!(ORDERS_TOTAL, "outcome" => outcome).increment(1);
        if !ours {
            tracing::warn!("the lease ran out before the run ended; another worker has the order");
        }
        Ok(())
    }

    /// Extends the leases of everything under way.
    async fn keep_leases(self: Arc<Self>) {
        keep_extending(self.options.lease, "orders", || async {
            let tokens = self.leases.tokens();
            if !tokens.is_empty() {
                let until = Instant::now() + self.options.lease;
                let kept = self.store.extend_leases(&tokens, self.options.lease).await?;
                self.leases.extended(&tokens, &kept, until);
            }
            Ok(true)
        })
        .await;
    }
}
