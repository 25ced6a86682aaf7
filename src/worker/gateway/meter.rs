//! Counts a company's API transactions, writes them down now and then, and watches the month's budget.
//!
//! Counts are kept in memory and added in one small transaction every two seconds, numbered, so that none is added twice.
//! A crash loses what was counted since the last time, and nothing else.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{Cause, GatewayOptions};
use crate::clock::{self, Clock};
use crate::store::usage::{Budget, OverBudget, UsageKey, first_of_month};
use crate::store::{Store, StoreError};
use crate::telemetry::{INTACCT_FORECAST, INTACCT_LIMIT, INTACCT_OVER_BUDGET, INTACCT_TRANSACTIONS_TOTAL};

/// How often counts are written down.
const WRITE_EVERY: Duration = Duration::from_secs(2);
/// How often the forecast is made while something is spent, and while nothing is.
const WATCH_EVERY: Duration = Duration::from_secs(5);
const WATCH_IDLE_EVERY: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Counts {
    /// Not written yet.
    new: BTreeMap<UsageKey, u64>,
    /// Being written, under the number of the batch; kept until it is known to be written.
    writing: BTreeMap<UsageKey, u64>,
    batch: u64,
}

/// The meter of a company in this process.
pub(super) struct Meter {
    store: Store,
    company: String,
    budget: Budget,
    clock: Clock,
    process: Uuid,
    counts: Mutex<Counts>,
    over: AtomicBool,
    /// The month whose share of the limit has been warned of.
    warned: Mutex<Option<Date>>,
}

impl Meter {
    pub fn new(store: Store, options: &GatewayOptions, clock: Clock) -> Self {
        Self {
            store,
            company: options.company.clone(),
            budget: options.budget,
            clock,
            process: clock::random_id(),
            counts: Mutex::default(),
            over: AtomicBool::new(false),
            warned: Mutex::default(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one transaction.
    pub fn count(&self, cause: Cause, function: &str) {
        metrics::counter!(INTACCT_TRANSACTIONS_TOTAL, "company" => self.company.clone(), "store" => cause.store.clone(), "function" => function.to_owned())
            .increment(1);
        let day = self.clock.now().to_zoned(TimeZone::UTC).date();
        let key = UsageKey { day, store: cause.store, order: cause.order, function: function.to_owned() };
        *self.counts().new.entry(key).or_default() += 1;
    }

    /// Whether new orders are to go daily because of the budget.
    pub fn over_budget(&self) -> bool {
        self.budget.over == OverBudget::Daily && self.over.load(Ordering::Relaxed)
    }

    /// Writes counts down and watches the budget until the dispatchers have ended, then writes the last ones.
    pub async fn write_until(&self, ended: impl Future<Output = ()>) {
        let mut ended = pin!(ended);
        let (mut watched, mut spent): (Option<Instant>, bool) = (None, false);
        loop {
            spent |= self.write_or_warn().await;
            let every = if spent { WATCH_EVERY } else { WATCH_IDLE_EVERY };
            if watched.is_none_or(|at| at.elapsed() >= every) {
                (watched, spent) = (Some(Instant::now()), false);
                if let Err(error) = self.watch().await {
                    tracing::warn!(%error, company = self.company, "the forecast of API transactions could not be made");
                }
            }
            tokio::select! {
                () = &mut ended => break,
                () = sleep(WRITE_EVERY) => {}
            }
        }
        // What failed before is written first, and then what is new.
        while self.write_or_warn().await {}
    }

    async fn write_or_warn(&self) -> bool {
        match self.write().await {
            Ok(wrote) => wrote,
            Err(error) => {
                tracing::warn!(%error, company = self.company, "API transactions could not be written down; trying again");
                false
            }
        }
    }

    /// Writes one batch. One that failed is written again under its number before anything else: perhaps it was added,
    /// and nobody heard of it.
    async fn write(&self) -> Result<bool, StoreError> {
        let (batch, writing) = {
            let mut counts = self.counts();
            if counts.writing.is_empty() {
                if counts.new.is_empty() {
                    return Ok(false);
                }
                counts.writing = std::mem::take(&mut counts.new);
                counts.batch += 1;
            }
            (counts.batch, counts.writing.clone())
        };
        self.store.add_usage(&self.company, self.process, batch, &writing).await?;
        self.counts().writing.clear();
        Ok(true)
    }

    /// Forecasts the month. Once it is over the limit it counts as over for the rest of the month, so that nothing changes
    /// to and fro.
    async fn watch(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (month, budget) = (first_of_month(now), self.budget);
        let so_far = self.store.month_to_date(&self.company, now).await?;
        let forecast = so_far.forecast(now).transactions;
        let mut over = self.store.over_budget(&self.company, month).await?.is_some();
        if !over && budget.is_over(forecast) {
            over = true;
            if self.store.note_over_budget(&self.company, month, forecast, budget.limit).await? {
                self.warn(so_far.used, forecast, "the forecast of API transactions is over the limit of the month");
            }
        }
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if !over && budget.is_near(forecast) && *warned != Some(month) {
            *warned = Some(month);
            self.warn(so_far.used, forecast, "the forecast of API transactions comes near the limit of the month");
        }
        drop(warned);
        self.over.store(over, Ordering::Relaxed);
        let gauge = |name: &'static str, value: u64| {
            // Far below 2^52: exact as a metric's floating-point number.
            metrics::gauge!(name, "company" => self.company.clone()).set(value as f64);
        };
        gauge(INTACCT_FORECAST, forecast);
        gauge(INTACCT_LIMIT, budget.limit);
        gauge(INTACCT_OVER_BUDGET, u64::from(over));
        Ok(())
    }

    fn warn(&self, used: u64, forecast: u64, what: &'static str) {
        let then = match self.budget.over {
            OverBudget::Warn => "Intacct bills what is over",
            OverBudget::Daily => {
                "over the limit, new orders of stores that allow it are summed up by day until the month ends"
            }
        };
        tracing::warn!(company = self.company, used, forecast, limit = self.budget.limit, then, "{what}");
    }
}
