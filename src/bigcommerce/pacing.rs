//! Keeps a store's share of the API quota: how many calls may still be made in this window, and how long to wait.
//!
//! BigCommerce counts in fixed windows and tells with every answer how much is left and when the window ends; nobody is
//! told what others are about to use. So this process reckons with them: who was seen to use two thirds of the quota will
//! have two calls under way for each of ours, and the last calls of a window are left when they may be somebody else's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::response::RateLimit;
use crate::clock::{self, Clock};

/// The wait after a limited answer that names none.
const UNTOLD_WAIT: Duration = Duration::from_secs(5);
/// The length of a window that nobody told (BigCommerce docs, rate limits).
const USUAL_WINDOW: Duration = Duration::from_secs(30);
/// So much later than its told end a window is taken to be over: ends are told in whole milliseconds, cut off.
const PAST_THE_END: Duration = Duration::from_millis(10);
/// How long to wait for an answer that is under way, before asking again.
const UNTIL_AN_ANSWER: Duration = Duration::from_millis(25);
/// Calls wait up to so much longer than they must, so that replicas do not all return in the same millisecond.
const SPREAD: Duration = Duration::from_millis(100);
/// How many calls of others are expected for each of ours at most.
const OTHERS_MAX: u64 = 16;
/// Calls are not made evenly: for each that is expected of others beside one of ours, so many are left at the end.
const UNEVEN: u64 = 3;
/// The present window tells the share of others once this part of its quota is used; until then the last one does.
const TELLING_PART: u32 = 4;

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Now. The call is counted until its answer is told.
    Go,
    /// Not before this has passed.
    Wait(Duration),
}

/// How a window's quota was used, as far as answers told.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    all: u32,
    ours: u32,
}

impl Used {
    /// Calls that others are expected to make while we make one, that one included.
    fn each_of_ours_means(self) -> u64 {
        u64::from(self.all).div_ceil(u64::from(self.ours.max(1))).clamp(1, OTHERS_MAX)
    }
}

/// The budget as far as known: BigCommerce tells it with every answer, and all apps of the store share it
/// (BigCommerce docs, rate limits). Pure: the present moment is an input.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    quota: Option<u32>,
    left: Option<u32>,
    window_ends: Option<Timestamp>,
    /// When the last window ended.
    ended: Option<Timestamp>,
    refused_until: Option<Timestamp>,
    in_flight: u32,
    /// Our calls of this window that were answered.
    answered: u32,
    /// What of this window's quota was used when our first answer told it.
    used_at_first: Option<u32>,
    /// How this window's quota was used since.
    used: Used,
    /// How the last window's was in the end.
    used_before: Used,
}

impl Budget {
    /// Asks to make a call that leaves `reserve_percent` of the quota to others. Until an answer has told the quota,
    /// everything may go.
    pub fn ask(&mut self, now: Timestamp, reserve_percent: u32) -> Permit {
        if let Some(until) = self.refused_until.filter(|until| *until > now) {
            return Permit::Wait(until.duration_since(now).unsigned_abs());
        }
        if self.is_over(now) {
            self.begin_window();
        }
        let is_enough = |in_flight| self.is_enough(reserve_percent, in_flight);
        if is_enough(self.in_flight) || (self.window_ends.is_none() && self.in_flight == 0) {
            // With nothing in flight and a whole window ahead one call always goes, or a quota of 1 would wait for ever.
            self.in_flight += 1;
            return Permit::Go;
        }
        match self.window_ends.filter(|_| !is_enough(0)) {
            Some(end) => Permit::Wait(end.duration_since(now).unsigned_abs() + PAST_THE_END),
            // The answers that are under way tell the window's end, or whether others left something.
            None => Permit::Wait(UNTIL_AN_ANSWER),
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let over = |end: Timestamp| end.saturating_add(PAST_THE_END).is_ok_and(|over| over <= now);
        self.window_ends.is_some_and(over)
    }

    fn begin_window(&mut self) {
        self.ended = self.window_ends.take();
        self.left = self.quota;
        self.used_before = std::mem::take(&mut self.used);
        (self.answered, self.used_at_first) = (0, None);
    }

    /// Whether one more call beside so many leaves the reserve, whatever others make at the same time.
    fn is_enough(&self, reserve_percent: u32, in_flight: u32) -> bool {
        let Some(left) = self.left else { return true };
        let quota = self.quota.unwrap_or(left);
        let reserve = u64::from(quota) * u64::from(reserve_percent.min(100)) / 100;
        let telling = self.used.all >= quota / TELLING_PART;
        let used = if telling { self.used } else { self.used_before };
        let each = used.each_of_ours_means();
        u64::from(left) >= reserve + (u64::from(in_flight) + 1) * each + (each - 1) * UNEVEN
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
        // Ends of two windows lie a window apart; those told of one differ by how long the answers took.
        let apart = limit.window.unwrap_or(USUAL_WINDOW).max(Duration::from_millis(2)) / 2;
        let same = |known: Timestamp| end.duration_since(known).unsigned_abs() < apart;
        if self.ended.is_some_and(same) {
            return;
        }
        match self.window_ends.filter(|known| *known > now) {
            Some(known) if same(known) => {
                // Answers overtake each other; within a window the count only goes down, and the earliest end is the
                // one whose answer took the least.
                self.left = Some(self.left.map_or(left, |known| known.min(left)));
                self.window_ends = Some(known.min(end));
            }
            Some(known) if end < known => return,
            _ => {
                if self.window_ends.is_some() {
                    self.begin_window();
                }
                (self.left, self.window_ends) = (Some(left), Some(end));
            }
        }
        self.answered += 1;
        let all = self.quota.unwrap_or_default().saturating_sub(self.left.unwrap_or_default());
        // What was used before we were there says nothing of now. Ours is at least the call that this answers.
        let all = all.saturating_sub(*self.used_at_first.get_or_insert(all)) + 1;
        // What is in flight may have been counted already.
        self.used = Used { all, ours: (self.answered + self.in_flight).min(all) };
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
    /// Who leaves the same reserve waits in line, so that nobody is passed over for a whole window. Who leaves less need
    /// not wait behind who leaves more.
    lines: Mutex<BTreeMap<u32, Arc<tokio::sync::Mutex<()>>>>,
    /// Calls under way at the same time.
    slots: Semaphore,
    clock: Clock,
}

/// A call that may be made. Dropped without an answer it counts as ended.
#[derive(Debug)]
pub struct Ticket<'a> {
    pacer: &'a Pacer,
    open: bool,
}

impl Pacer {
    /// A budget of which nothing is known yet, for so many calls at the same time.
    pub fn new(at_once: usize, clock: Clock) -> Self {
        Self { budget: Mutex::default(), lines: Mutex::default(), slots: Semaphore::new(at_once), clock }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        // The numbers stay usable whatever made another thread panic.
        self.budget.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn line(&self, reserve_percent: u32) -> Arc<tokio::sync::Mutex<()>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).entry(reserve_percent).or_default().clone()
    }

    /// Waits until a call may be made: in line, however long that is, and at the head of the line up to `patience`. The call
    /// is over when both parts of the answer are dropped: the ticket, and its place among the calls under way. Only calls
    /// that are made are counted, and whoever waits for the quota takes no place from those that need not.
    ///
    /// # Errors
    /// The wait that would have been needed, when it is longer than the patience left.
    pub async fn ticket(
        &self,
        reserve_percent: u32,
        patience: Duration,
    ) -> Result<(Ticket<'_>, Option<SemaphorePermit<'_>>), Duration> {
        let line = self.line(reserve_percent);
        let _turn = line.lock().await;
        let mut waited = Duration::ZERO;
        let mut now = self.clock.now();
        loop {
            // Never closed, so there is one.
            let place = self.slots.acquire().await.ok();
            now = now.max(self.clock.now());
            let permit = self.budget().ask(now, reserve_percent);
            let Permit::Wait(wait) = permit else { return Ok((Ticket { pacer: self, open: true }, place)) };
            drop(place);
            if waited + wait > patience {
                return Err(wait);
            }
            let spread = wait + SPREAD.mul_f64(clock::jitter());
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
            window: Some(Duration::from_secs(30)),
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
        assert_eq!(budget.ask(at(1), 10), Permit::Wait(UNTIL_AN_ANSWER), "the two may not be counted in the end");
        budget.answered(at(1), &limit(10, 29));
        assert_eq!(budget.ask(at(1), 10), Permit::Wait(Duration::from_secs(29) + PAST_THE_END));
        assert_eq!(budget.ask(at(1), 5), Permit::Go, "whoever leaves less may still go");
    }

    #[test]
    fn a_new_window_brings_the_quota_back() {
        let mut budget = told(5, 30);
        assert!(matches!(budget.ask(at(30), 10), Permit::Wait(_)), "its end is told in whole milliseconds");
        let over = at(30) + PAST_THE_END;
        let gone = (0..200).filter(|_| budget.ask(over, 10) == Permit::Go).count();
        assert_eq!(gone, 90, "all but the reserve");
    }

    #[test]
    fn late_answers_of_the_same_window_bring_nothing_back() {
        let mut budget = told(11, 30);
        budget.in_flight = 1;
        budget.answered(at(0), &limit(60, 30));
        assert_eq!(budget.left, Some(11));
        budget.in_flight = 1;
        budget.answered(at(2), &limit(60, 31));
        assert_eq!((budget.left, budget.window_ends), (Some(11), Some(at(30))), "one that took three seconds");
        budget.in_flight = 1;
        budget.answered(at(31), &limit(99, 29));
        assert_eq!(budget.left, Some(99));
        budget.in_flight = 1;
        budget.answered(at(32), &limit(3, 0));
        assert_eq!((budget.left, budget.window_ends), (Some(99), Some(at(60))), "one of the window before");
    }

    #[test]
    fn who_was_seen_to_use_most_of_the_quota_is_expected_to_use_the_rest_too() {
        let mut budget = told(99, 30);
        for call in 1..=16 {
            assert_eq!(budget.ask(at(call), 0), Permit::Go);
            // Three calls of others for each of ours.
            budget.answered(at(call), &limit(100 - 4 * u32::try_from(call).unwrap(), 30 - call.unsigned_abs()));
        }
        let gone = (0..100).filter(|_| budget.ask(at(17), 0) == Permit::Go).count();
        assert_eq!(gone, 6, "of 36 that are left; 24 are with them, and nine for chance");
    }

    #[test]
    fn nobody_else_makes_all_of_the_quota_ours() {
        let mut budget = told(99, 30);
        for call in 2..=90 {
            assert_eq!(budget.ask(at(1), 0), Permit::Go);
            budget.answered(at(1), &limit(100 - call, 29));
        }
        assert_eq!((0..100).filter(|_| budget.ask(at(2), 0) == Permit::Go).count(), 10);
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
        let pacer = Pacer::new(16, Clock::fixed(at(0)));
        pacer.ticket(10, Duration::ZERO).await.unwrap().0.answered(&limit(3, 30));
        let needed = pacer.ticket(10, Duration::from_secs(10)).await.unwrap_err();
        assert_eq!(needed, Duration::from_secs(30) + PAST_THE_END);
    }

    #[tokio::test]
    async fn after_the_wait_the_call_may_go() {
        let pacer = Pacer::new(16, Clock::fixed(at(0)));
        let soon = RateLimit { reset: Some(Duration::from_millis(20)), ..limit(3, 0) };
        pacer.ticket(10, Duration::ZERO).await.unwrap().0.answered(&soon);
        assert!(pacer.ticket(10, Duration::from_secs(10)).await.is_ok());
    }

    #[tokio::test]
    async fn what_waits_for_a_place_is_not_reckoned_with_as_under_way() {
        let pacer = Pacer::new(2, Clock::fixed(at(0)));
        let (first, second) = (pacer.ticket(0, Duration::ZERO).await.unwrap(), pacer.ticket(0, Duration::ZERO).await);
        let third = tokio::time::timeout(Duration::from_millis(20), pacer.ticket(0, Duration::ZERO));
        assert!(third.await.is_err(), "two are under way");
        assert_eq!(pacer.budget().in_flight, 2);
        drop((first, second));
        assert!(pacer.ticket(0, Duration::ZERO).await.is_ok());
    }

    #[tokio::test]
    async fn a_ticket_dropped_gives_its_place_back() {
        let pacer = Pacer::new(16, Clock::fixed(at(0)));
        pacer.ticket(10, Duration::ZERO).await.unwrap().0.answered(&limit(11, 30));
        for _ in 0..5 {
            drop(pacer.ticket(10, Duration::ZERO).await.unwrap());
        }
        assert_eq!(pacer.budget().in_flight, 0);
    }

    #[tokio::test]
    async fn who_came_first_goes_first_and_who_leaves_less_is_not_kept_waiting_by_who_leaves_more() {
        let pacer = Arc::new(Pacer::new(16, Clock::fixed(at(0))));
        let soon = RateLimit { reset: Some(Duration::from_millis(300)), ..limit(30, 0) };
        pacer.ticket(0, Duration::ZERO).await.unwrap().0.answered(&soon);
        let (told, mut went) = tokio::sync::mpsc::unbounded_channel();
        for (name, reserve) in [("backfill 1", 50), ("backfill 2", 50), ("live", 0)] {
            let (pacer, told) = (pacer.clone(), told.clone());
            tokio::spawn(async move {
                let ticket = pacer.ticket(reserve, Duration::from_secs(30)).await.unwrap();
                told.send(name).unwrap();
                std::mem::forget(ticket);
            });
            tokio::task::yield_now().await;
        }
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(went.recv().await.unwrap());
        }
        assert_eq!(order, ["live", "backfill 1", "backfill 2"]);
    }
}

#[cfg(test)]
mod simulation;
