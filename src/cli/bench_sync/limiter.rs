//! What limits the service at a moment: read from its own metrics, its queue and the machine's load, ten times a second.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::store::Store;
use crate::telemetry::{
    BIGCOMMERCE_WAITING, INTACCT_REQUESTS_UNDER_WAY, INTACCT_WAITING, Metrics, ORDERS_AT_INTACCT, ORDERS_AT_ONCE,
    ORDERS_BEING_READ, ORDERS_UNDER_WAY,
};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(100);
/// Requests count as full from so many tenths of their documents on.
const FULL: u64 = 9;
/// From this share of the processors' time on they are what limits.
const BUSY: f64 = 0.9;

/// What limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Limiter {
    /// All requests that Intacct takes at a time are under way, as full as they may be, and more waits.
    IntacctConcurrency,
    /// Calls to BigCommerce wait for quota.
    BigcommerceQuota,
    /// As many orders as allowed are worked on, more are due, and neither platform is used up: requests to Intacct could
    /// be fuller, or more at a time.
    OrdersAtATime,
    /// Orders are due or being worked on, and nobody outside is waited for: it is our own work.
    DatabaseOrCpu,
    /// No order is due; at the end of a run the last answers are waited for.
    NothingToDo,
}

impl fmt::Display for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IntacctConcurrency => "Intacct's requests at a time",
            Self::BigcommerceQuota => "BigCommerce's quota",
            Self::OrdersAtATime => "orders at a time",
            Self::DatabaseOrCpu => "database or processors",
            Self::NothingToDo => "nothing to do",
        })
    }
}

/// What Intacct takes: requests at a time, and documents in each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permits {
    pub(super) requests: u32,
    pub(super) documents: u32,
}

/// How things stand at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Observed {
    /// Orders that are due and not begun.
    due: u64,
    /// Orders that are worked on, and how many may be.
    under_way: u64,
    at_once: u64,
    /// Of those under way: being read, and waiting for Intacct.
    reading: u64,
    at_intacct: u64,
    /// What waits for one of Intacct's permits, and requests under way.
    waiting_for_permit: u64,
    requests: u64,
    /// Calls that wait for BigCommerce's quota.
    waiting_for_quota: u64,
    /// The share of the processors' time that was used since the last look.
    busy: Option<f64>,
}

impl Observed {
    /// What limits now.
    fn limiter(&self, permits: Permits) -> Limiter {
        let in_use = self.requests >= u64::from(permits.requests);
        // An order waits for one document at a time.
        let sent = self.at_intacct.saturating_sub(self.waiting_for_permit);
        let full = sent * 10 >= u64::from(permits.requests) * u64::from(permits.documents) * FULL;
        let more_orders_wait = self.due > 0 && self.under_way >= self.at_once;
        let ours = self.under_way.saturating_sub(self.reading + self.at_intacct);
        if in_use && self.waiting_for_permit > 0 && (full || !more_orders_wait) {
            return Limiter::IntacctConcurrency;
        }
        if self.waiting_for_quota > 0 {
            return Limiter::BigcommerceQuota;
        }
        if self.due == 0 && ours == 0 && self.reading == 0 {
            // The last answers: with all permits in use it is still Intacct.
            return if in_use { Limiter::IntacctConcurrency } else { Limiter::NothingToDo };
        }
        let our_own_work = self.busy.is_some_and(|busy| busy >= BUSY) || ours * 2 > self.under_way;
        match (more_orders_wait, our_own_work) {
            (true, false) => Limiter::OrdersAtATime,
            // Slots are free although orders are due: they are being claimed.
            _ => Limiter::DatabaseOrCpu,
        }
    }
}

/// What limited at one look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Seconds since the first.
    pub(super) at: f64,
    pub(super) limiter: Limiter,
}

/// Looks until it is stopped.
pub(super) struct Sampler {
    samples: Arc<Mutex<Vec<Sample>>>,
    task: JoinHandle<()>,
}

impl Sampler {
    pub(super) fn start(store: Store, permits: Permits) -> anyhow::Result<Self> {
        let metrics = Metrics::install()?;
        let samples = Arc::new(Mutex::new(Vec::new()));
        let taken = samples.clone();
        let task = tokio::spawn(async move {
            let (started, mut ticks, mut load) = (Instant::now(), interval(EVERY), Load::default());
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                // A look that fails is one sample less.
                let Ok(backlog) = store.backlog().await else { continue };
                let observed = Observed { due: backlog.due, busy: load.since_last(), ..read(&metrics.render()) };
                let limiter = observed.limiter(permits);
                let sample = Sample { at: started.elapsed().as_secs_f64(), limiter };
                taken.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
            }
        });
        Ok(Self { samples, task })
    }

    /// What limits just now, in words.
    pub(super) fn now(&self) -> String {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.last().map_or_else(String::new, |sample| sample.limiter.to_string())
    }

    pub(super) fn stop(self) -> Vec<Sample> {
        self.task.abort();
        std::mem::take(&mut self.samples.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the metrics say.
fn read(metrics: &str) -> Observed {
    let gauge = |name: &str| gauge(metrics, name);
    Observed {
        under_way: gauge(ORDERS_UNDER_WAY),
        at_once: gauge(ORDERS_AT_ONCE),
        reading: gauge(ORDERS_BEING_READ),
        at_intacct: gauge(ORDERS_AT_INTACCT),
        waiting_for_permit: gauge(INTACCT_WAITING),
        requests: gauge(INTACCT_REQUESTS_UNDER_WAY),
        waiting_for_quota: gauge(BIGCOMMERCE_WAITING),
        ..Observed::default()
    }
}

/// The sum of a gauge over its labels.
fn gauge(metrics: &str, name: &str) -> u64 {
    let of_name = metrics.lines().filter_map(|line| line.strip_prefix(name));
    let values =
        of_name.filter(|rest| rest.starts_with(['{', ' '])).filter_map(|rest| rest.rsplit(' ').next()?.parse().ok());
    values.map(|value: f64| value.max(0.0) as u64).sum()
}

/// The processors' time so far: used, and in all.
#[derive(Debug, Clone, Copy, Default)]
struct Load {
    used: u64,
    all: u64,
}

impl Load {
    /// The share that was used since the last question; `None` where the machine does not tell.
    fn since_last(&mut self) -> Option<f64> {
        let now = Self::of(&std::fs::read_to_string("/proc/stat").ok()?)?;
        let (used, all) = (now.used.saturating_sub(self.used), now.all.saturating_sub(self.all));
        *self = now;
        (all > 0).then(|| used as f64 / all as f64)
    }

    /// Reads the first line of `/proc/stat`: user, nice, system, idle, waiting for disks, and more.
    fn of(stat: &str) -> Option<Self> {
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let times: Vec<u64> = line.split_whitespace().map(|time| time.parse().ok()).collect::<Option<_>>()?;
        let (all, idle) = (times.iter().take(8).sum::<u64>(), times.get(3)? + times.get(4)?);
        Some(Self { used: all - idle, all })
    }
}

/// What limited in a part of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Part {
    /// Seconds since the run began.
    pub(super) from: f64,
    /// The end of the part.
    pub(super) to: f64,
    /// What limited most of the time.
    pub(super) limiter: Limiter,
    /// The share of the time of each, in percent.
    pub(super) percent: BTreeMap<Limiter, f64>,
}

/// Cuts a run into so many parts of the same length.
pub(super) fn parts(samples: &[Sample], seconds: f64, count: u32) -> Vec<Part> {
    let length = seconds / f64::from(count);
    let part = |number: u32| {
        let (from, to) = (length * f64::from(number), length * f64::from(number + 1));
        // The last look is a little after the last order.
        let within = |sample: &&Sample| sample.at >= from && (sample.at < to || number + 1 == count);
        let mut percent: BTreeMap<Limiter, f64> = BTreeMap::new();
        samples.iter().filter(within).for_each(|sample| *percent.entry(sample.limiter).or_default() += 1.0);
        let all: f64 = percent.values().sum();
        percent.values_mut().for_each(|share| *share *= 100.0 / all);
        let limiter = *percent.iter().max_by(|one, other| one.1.total_cmp(other.1))?.0;
        Some(Part { from, to, limiter, percent })
    };
    (0..count).filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERMITS: Permits = Permits { requests: 2, documents: 20 };

    /// Everything in use: 64 orders at a time, of which 40 are in two requests and 20 wait for a permit.
    fn full() -> Observed {
        Observed {
            due: 100,
            under_way: 64,
            at_once: 64,
            reading: 4,
            at_intacct: 60,
            waiting_for_permit: 20,
            requests: 2,
            waiting_for_quota: 0,
            busy: Some(0.3),
        }
    }

    #[test]
    fn intacct_limits_when_all_permits_are_in_use_and_more_waits() {
        assert_eq!(full().limiter(PERMITS), Limiter::IntacctConcurrency);
        assert_eq!(Observed { waiting_for_quota: 3, ..full() }.limiter(PERMITS), Limiter::IntacctConcurrency);
        assert_ne!(full().limiter(Permits { requests: 3, ..PERMITS }), Limiter::IntacctConcurrency);
    }

    #[test]
    fn requests_that_could_be_fuller_if_more_orders_were_worked_on_are_limited_by_orders_at_a_time() {
        let half_full = Observed { reading: 34, at_intacct: 30, waiting_for_permit: 10, ..full() };
        assert_eq!(half_full.limiter(PERMITS), Limiter::OrdersAtATime);
        assert_eq!(Observed { due: 0, ..half_full }.limiter(PERMITS), Limiter::IntacctConcurrency, "there are no more");
        let one_each = Permits { documents: 1, ..PERMITS };
        assert_eq!(
            Observed { at_intacct: 64, reading: 0, waiting_for_permit: 62, ..full() }.limiter(one_each),
            Limiter::IntacctConcurrency
        );
    }

    #[test]
    fn the_quota_limits_when_calls_wait_for_it_and_intacct_has_room() {
        let waiting = Observed { waiting_for_quota: 3, requests: 1, ..full() };
        assert_eq!(waiting.limiter(PERMITS), Limiter::BigcommerceQuota);
        assert_eq!(Observed { due: 0, under_way: 3, ..waiting }.limiter(PERMITS), Limiter::BigcommerceQuota);
    }

    #[test]
    fn orders_at_a_time_limit_when_all_wait_outside_and_neither_platform_is_used_up() {
        let few = Observed { under_way: 4, at_once: 4, reading: 0, at_intacct: 4, waiting_for_permit: 0, ..full() };
        assert_eq!(few.limiter(PERMITS), Limiter::OrdersAtATime);
        assert_eq!(Observed { busy: Some(0.97), ..few }.limiter(PERMITS), Limiter::DatabaseOrCpu);
        assert_eq!(
            Observed { at_intacct: 1, ..few }.limiter(PERMITS),
            Limiter::DatabaseOrCpu,
            "three of four are with us"
        );
        assert_eq!(
            Observed { at_once: 64, ..few }.limiter(PERMITS),
            Limiter::DatabaseOrCpu,
            "orders are being claimed"
        );
    }

    #[test]
    fn at_the_end_the_last_answers_are_waited_for() {
        let last = Observed { due: 0, under_way: 3, reading: 0, at_intacct: 3, waiting_for_permit: 0, ..full() };
        assert_eq!(last.limiter(PERMITS), Limiter::IntacctConcurrency);
        assert_eq!(Observed { requests: 1, ..last }.limiter(PERMITS), Limiter::NothingToDo);
        assert_eq!(Observed { requests: 0, at_intacct: 0, ..last }.limiter(PERMITS), Limiter::DatabaseOrCpu);
        assert_eq!(Observed { at_once: 64, ..Observed::default() }.limiter(PERMITS), Limiter::NothingToDo);
    }

    #[test]
    fn gauges_are_summed_over_their_labels_and_names_are_whole() {
        let text = "# TYPE a gauge\na{store=\"one\"} 2\na{store=\"two\"} 3\na_more{store=\"one\"} 7\nb 4\n";
        assert_eq!((gauge(text, "a"), gauge(text, "b"), gauge(text, "c")), (5, 4, 0));
    }

    #[test]
    fn the_load_is_what_is_neither_idle_nor_waiting_for_disks() {
        let load = Load::of("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3\n").unwrap();
        assert_eq!((load.used, load.all), (150, 1000));
        assert!(Load::of("").is_none() && Load::of("cpu  a b\n").is_none());
    }

    #[test]
    fn a_run_is_cut_into_parts_with_the_share_of_each_limiter() {
        let sample = |at: f64, limiter| Sample { at, limiter };
        let samples = [
            sample(0.0, Limiter::DatabaseOrCpu),
            sample(0.5, Limiter::IntacctConcurrency),
            sample(0.9, Limiter::IntacctConcurrency),
            sample(0.95, Limiter::IntacctConcurrency),
            sample(2.05, Limiter::NothingToDo),
        ];
        let parts = parts(&samples, 2.0, 2);
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].limiter, parts[1].limiter), (Limiter::IntacctConcurrency, Limiter::NothingToDo));
        assert_eq!(parts[0].percent[&Limiter::IntacctConcurrency].round(), 75.0);
    }
}
