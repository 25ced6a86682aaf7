//! Keeps a store's share of the API quota: how many calls may still be made in this window, and how long to wait.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;

use super::response::RateLimit;
use crate::clock::{self, Clock};

/// The wait after a limited answer that names none.
const UNTOLD_WAIT: Duration = Duration::from_secs(5);
/// How far the ends of two windows must lie apart to be two windows.
const WINDOW_SLACK: Duration = Duration::from_secs(1);

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Now. The call is counted until its answer is told.
    Go,
    /// Not before this has passed.
    Wait(Duration),
}

/// The budget as far as known: BigCommerce tells it with every answer, and all apps of the store share it
/// (BigCommerce docs, rate limits). Pure: the present moment is an input.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    quota: Option<u32>,
    left: Option<u32>,
    window_ends: Option<Timestamp>,
    refused_until: Option<Timestamp>,
    in_flight: u32,
}

impl Budget {
    /// Asks to make a call that leaves `reserve_percent` of the quota to others. Until an answer has told the quota,
    /// everything may go.
    pub fn ask(&mut self, now: Timestamp, reserve_percent: u32) -> Permit {
        if let Some(until) = self.refused_until.filter(|until| *until > now) {
            return Permit::Wait(until.duration_since(now).unsigned_abs());
        }
        if self.window_ends.is_some_and(|end| end <= now) {
            self.window_ends = None;
            self.left = self.quota;
        }
        let reserve = self.quota.map_or(0, |quota| u64::from(quota) * u64::from(reserve_percent.min(100)) / 100);
        let enough = self.left.is_none_or(|left| u64::from(left) > reserve + u64::from(self.in_flight));
        // With nothing in flight and a whole window ahead one call always goes, or a quota of 1 would wait for ever.
        if enough || (self.window_ends.is_none() && self.in_flight == 0) {
            self.in_flight += 1;
            return Permit::Go;
        }
        match self.window_ends {
            Some(end) => Permit::Wait(end.duration_since(now).unsigned_abs().max(Duration::from_millis(1))),
            // The window's end comes with the answers that are under way.
            None => Permit::Wait(Duration::from_millis(100)),
        }
    }

    /// Tells that a call ended without an answer.
    pub fn gone(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Tells what an answer said about the quota.
    pub fn answered(&mut self, now: Timestamp, limit: &RateLimit) {
        self.gone();
        self.quota = limit.quota.or(self.quota);
        let (Some(left), Some(reset)) = (limit.left, limit.reset) else { return };
        let end = now.saturating_add(reset).unwrap_or(Timestamp::MAX);
        let same_window =
            self.window_ends.is_some_and(|known| end.duration_since(known).unsigned_abs() <= WINDOW_SLACK);
        // Answers overtake each other; within a window the count only goes down.
        self.left = Some(if same_window { self.left.map_or(left, |known| known.min(left)) } else { left });
        self.window_ends = Some(end);
    }

    /// Tells that a call was refused for being too many: nothing goes until the wait it named has passed.
    pub fn refused(&mut self, now: Timestamp, wait: Option<Duration>) {
        let until = now.saturating_add(wait.unwrap_or(UNTOLD_WAIT)).unwrap_or(Timestamp::MAX);
        self.refused_until = self.refused_until.max(Some(until));
    }
}

/// A budget shared by everyone who reads the store.
#[derive(Debug)]
pub struct Pacer {
    budget: Mutex<Budget>,
    clock: Clock,
}

/// A call that may be made. Dropped without an answer it counts as ended.
#[derive(Debug)]
pub struct Ticket<'a> {
    pacer: &'a Pacer,
    open: bool,
}

impl Pacer {
    /// A budget of which nothing is known yet.
    pub fn new(clock: Clock) -> Self {
        Self { budget: Mutex::new(Budget::default()), clock }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        // The numbers stay usable whatever made another thread panic.
        self.budget.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Waits until a call may be made, up to `patience`.
    ///
    /// # Errors
    /// The wait that would have been needed, when it is longer than the patience left.
    pub async fn ticket(&self, reserve_percent: u32, patience: Duration) -> Result<Ticket<'_>, Duration> {
        let mut waited = Duration::ZERO;
        let mut now = self.clock.now();
        loop {
            let permit = self.budget().ask(now, reserve_percent);
            let Permit::Wait(wait) = permit else { return Ok(Ticket { pacer: self, open: true }) };
            if waited + wait > patience {
                return Err(wait);
            }
            // Spread, so that replicas do not all return in the first millisecond of the new window.
            let spread = wait + Duration::from_millis(200).mul_f64(clock::jitter());
            tokio::time::sleep(spread).await;
            waited += spread;
            // A clock that stands still must not keep us here.
            now = self.clock.now().max(now.saturating_add(spread).unwrap_or(Timestamp::MAX));
        }
    }
}

impl Ticket<'_> {
    /// Tells what the answer said.
    pub fn answered(mut self, limit: &RateLimit) {
        self.open = false;
        self.pacer.budget().answered(self.pacer.clock.now(), limit);
    }

    /// Tells that the answer was "too many requests".
    pub fn refused(mut self, limit: &RateLimit) {
        self.open = false;
        let now = self.pacer.clock.now();
        let mut budget = self.pacer.budget();
        budget.answered(now, limit);
        budget.refused(now, limit.wait());
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.open {
            self.pacer.budget().gone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn limit(left: u32, reset_seconds: u64) -> RateLimit {
        RateLimit {
            quota: Some(100),
            left: Some(left),
            reset: Some(Duration::from_secs(reset_seconds)),
            retry_after: None,
        }
    }

    /// A budget that has just been told `left` of 100, with `reset_seconds` to go.
    fn told(left: u32, reset_seconds: u64) -> Budget {
        let mut budget = Budget::default();
        assert_eq!(budget.ask(at(0), 10), Permit::Go);
        budget.answered(at(0), &limit(left, reset_seconds));
        budget
    }

    #[test]
    fn everything_goes_until_the_quota_is_known() {
        let mut budget = Budget::default();
        assert!((0..1000).all(|_| budget.ask(at(0), 10) == Permit::Go));
    }

    #[test]
    fn the_reserve_is_left_to_other_apps() {
        let mut budget = told(12, 30);
        assert_eq!([budget.ask(at(1), 10), budget.ask(at(1), 10)], [Permit::Go; 2]);
        assert_eq!(budget.ask(at(1), 10), Permit::Wait(Duration::from_secs(29)));
        assert_eq!(budget.ask(at(1), 5), Permit::Go, "whoever leaves less may still go");
    }

    #[test]
    fn a_new_window_brings_the_quota_back() {
        let mut budget = told(5, 30);
        assert!(matches!(budget.ask(at(29), 10), Permit::Wait(_)));
        let gone = (0..200).filter(|_| budget.ask(at(30), 10) == Permit::Go).count();
        assert_eq!(gone, 90, "all but the reserve");
    }

    #[test]
    fn late_answers_of_the_same_window_bring_nothing_back() {
        let mut budget = told(11, 30);
        budget.in_flight = 1;
        budget.answered(at(0), &limit(60, 30));
        assert_eq!(budget.left, Some(11));
        budget.in_flight = 1;
        budget.answered(at(31), &limit(99, 29));
        assert_eq!(budget.left, Some(99));
    }

    #[test]
    fn a_refusal_stops_everything_for_the_time_it_names() {
        let mut budget = told(80, 2);
        budget.refused(at(0), Some(Duration::from_secs(20)));
        assert_eq!(budget.ask(at(1), 0), Permit::Wait(Duration::from_secs(19)));
        assert_eq!(budget.ask(at(20), 0), Permit::Go);
        budget.refused(at(21), None);
        assert_eq!(budget.ask(at(21), 0), Permit::Wait(UNTOLD_WAIT));
        budget.answered(at(22), &limit(99, 29));
        assert_eq!(budget.ask(at(23), 0), Permit::Wait(Duration::from_secs(3)), "another answer does not lift it");
    }

    #[test]
    fn a_tiny_quota_does_not_wait_for_ever() {
        let mut budget = told(0, 30);
        budget.quota = Some(1);
        assert_eq!(budget.ask(at(31), 100), Permit::Go);
        assert!(matches!(budget.ask(at(31), 100), Permit::Wait(_)));
    }

    #[tokio::test]
    async fn the_wait_is_refused_when_it_is_too_long() {
        let pacer = Pacer::new(Clock::fixed(at(0)));
        pacer.ticket(10, Duration::ZERO).await.unwrap().answered(&limit(3, 30));
        assert_eq!(pacer.ticket(10, Duration::from_secs(10)).await.unwrap_err(), Duration::from_secs(30));
    }

    #[tokio::test]
    async fn after_the_wait_the_call_may_go() {
        let pacer = Pacer::new(Clock::fixed(at(0)));
        let soon = RateLimit { reset: Some(Duration::from_millis(20)), ..limit(3, 0) };
        pacer.ticket(10, Duration::ZERO).await.unwrap().answered(&soon);
        assert!(pacer.ticket(10, Duration::from_secs(10)).await.is_ok());
    }

    #[tokio::test]
    async fn a_ticket_dropped_gives_its_place_back() {
        let pacer = Pacer::new(Clock::fixed(at(0)));
        pacer.ticket(10, Duration::ZERO).await.unwrap().answered(&limit(11, 30));
        for _ in 0..5 {
            drop(pacer.ticket(10, Duration::ZERO).await.unwrap());
        }
        assert_eq!(pacer.budget().in_flight, 0);
    }
}
