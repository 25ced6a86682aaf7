//! Whether this process itself gets answers from a company: one that does not, while others do, stays out of their way.

use std::time::Duration;

use tokio::time::Instant;

use super::pause::{self, UNANSWERED_TOLERATED};

/// However long nothing was answered, a request tries again after so many times the longest wait for an answer: such a
/// request keeps a permit from the others for one of these.
const LONGEST_REST: u32 = 4;
/// How much longer than a pause of the company a process waits that had no answer last, so that another whose requests
/// are answered is the one to try.
const OTHERS_FIRST: Duration = Duration::from_secs(2);

/// What this process has seen of its own way to a company.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Requests in a row without an answer.
    unanswered: u32,
    /// Nothing is sent before.
    until: Option<Instant>,
    /// The one request that tries again is under way.
    trying: bool,
}

impl Reach {
    /// A request had an answer, whatever it said.
    pub fn answered(&mut self) {
        (self.unanswered, self.until) = (0, None);
    }

    /// A request had none within `timeout`. Answers how long this process rests, when it begins to. `chance` in
    /// `0.0..1.0` spreads it by a tenth up.
    pub fn unanswered(&mut self, now: Instant, timeout: Duration, chance: f64) -> Option<Duration> {
        self.unanswered = self.unanswered.saturating_add(1);
        let times = self.unanswered.checked_sub(UNANSWERED_TOLERATED + 1)?;
        let rest = pause::spread(pause::doubled(timeout, times, timeout * LONGEST_REST), chance);
        self.until = Some(now + rest);
        Some(rest)
    }

    /// How many requests in a row had no answer.
    pub fn count(&self) -> u32 {
        self.unanswered
    }

    /// How much longer than others this process waits before it tries a company that rests.
    pub fn others_first(&self) -> Duration {
        if self.unanswered > 0 { OTHERS_FIRST } else { Duration::ZERO }
    }

    /// How much longer this process sends nothing, the company being well: to the end of its rest, or for `trial` while
    /// one request tries.
    pub fn rest(&self, now: Instant, trial: Duration) -> Option<Duration> {
        if self.trying {
            return Some(trial);
        }
        self.until?.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// Whether the next request is to try, alone, whether there are answers again.
    pub fn trial_due(&self) -> bool {
        self.until.is_some()
    }

    /// Begins the one request that tries; false when it is under way already.
    pub fn try_alone(&mut self) -> bool {
        !std::mem::replace(&mut self.trying, true)
    }

    /// The one request has ended, or there was none to send.
    pub fn end_trial(&mut self) {
        self.trying = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    fn after_failures(count: u32, now: Instant) -> (Reach, Option<Duration>) {
        let mut reach = Reach::default();
        let last = (0..count).map(|_| reach.unanswered(now, TIMEOUT, 0.0)).last();
        (reach, last.flatten())
    }

    #[test]
    fn a_few_requests_without_an_answer_only_give_others_the_first_try() {
        let now = Instant::now();
        assert_eq!(Reach::default().others_first(), Duration::ZERO);
        let (reach, rest) = after_failures(4, now);
        assert_eq!((rest, reach.rest(now, TIMEOUT), reach.trial_due()), (None, None, false));
        assert_eq!(reach.others_first(), OTHERS_FIRST);
    }

    #[test]
    fn from_the_fifth_on_the_rest_doubles_to_four_times_the_longest_wait() {
        let now = Instant::now();
        let rests = [5, 6, 7, 8, 99].map(|count| after_failures(count, now).1.map(|rest| rest.as_secs()));
        assert_eq!(rests, [60, 120, 240, 240, 240].map(Some));
        let longest = after_failures(98, now).0.unanswered(now, TIMEOUT, 1.0).unwrap();
        assert!(longest > Duration::from_secs(263) && longest <= Duration::from_secs(264), "{longest:?}");
    }

    #[test]
    fn after_the_rest_one_request_tries_and_an_answer_ends_it() {
        let now = Instant::now();
        let (mut reach, _) = after_failures(5, now);
        assert_eq!(reach.rest(now, TIMEOUT), Some(Duration::from_secs(60)));
        let later = now + Duration::from_secs(60);
        assert_eq!((reach.rest(later, TIMEOUT), reach.trial_due()), (None, true));
        assert!(reach.try_alone() && !reach.try_alone(), "one");
        assert_eq!(reach.rest(later, TIMEOUT), Some(TIMEOUT), "the others wait for the one");
        reach.answered();
        reach.end_trial();
        assert_eq!((reach.rest(later, TIMEOUT), reach.trial_due()), (None, false));
        assert_eq!(reach.others_first(), Duration::ZERO);
    }
}
