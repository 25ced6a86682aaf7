//! How many functions travel in one request: more while answers come soon, fewer when they do not. Pure.

use std::time::Duration;

/// Where a size begins: small enough for a slow company, and one good answer from the next.
const FIRST: usize = 10;

/// The number of functions in a request, as the answers so far advise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BatchSize {
    now: usize,
    most: usize,
    /// An answer within this time is soon.
    target: Duration,
}

impl BatchSize {
    /// At most `most` functions, with answers wished for within `target`.
    pub fn new(most: usize, target: Duration) -> Self {
        let most = most.max(1);
        Self { now: most.min(FIRST), most, target }
    }

    pub fn now(&self) -> usize {
        self.now
    }

    /// A request of `sent` functions was answered after `took`. A full one that came soon lets the next be half as large
    /// again; one that took too long, smaller by a quarter.
    pub fn answered(&mut self, sent: usize, took: Duration) {
        if took > self.target {
            self.now = self.now.min(sent).saturating_mul(3).div_ceil(4).clamp(1, self.most).min(self.now);
        } else if sent >= self.now {
            self.now = self.now.saturating_add(self.now.div_ceil(2)).min(self.most);
        }
    }

    /// A request of `sent` functions had no answer, or was refused for its size: half of it, at least 1.
    pub fn failed(&mut self, sent: usize) {
        self.now = (self.now.min(sent.max(1)) / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TARGET: Duration = Duration::from_secs(10);
    const SOON: Duration = Duration::from_secs(1);
    const LATE: Duration = Duration::from_secs(11);

    #[test]
    fn it_grows_with_full_requests_that_are_answered_soon() {
        let mut size = BatchSize::new(40, TARGET);
        let grown: Vec<usize> = (0..5)
            .map(|_| {
                let sent = size.now();
                size.answered(sent, SOON);
                size.now()
            })
            .collect();
        assert_eq!(grown, [15, 23, 35, 40, 40]);
        size.answered(3, SOON);
        assert_eq!(size.now(), 40, "a request that was not full says nothing about larger ones");
    }

    #[test]
    fn it_shrinks_with_slow_answers_and_halves_without_one() {
        let mut size = BatchSize::new(20, TARGET);
        size.answered(10, SOON);
        size.answered(15, LATE);
        assert_eq!(size.now(), 12);
        size.failed(12);
        assert_eq!(size.now(), 6);
        size.failed(2);
        assert_eq!(size.now(), 1);
        size.answered(1, LATE);
        assert_eq!(size.now(), 1);
        size.answered(1, SOON);
        assert_eq!(size.now(), 2);
    }

    proptest! {
        #[test]
        fn it_stays_between_one_and_the_most(most in 0usize..200, steps in prop::collection::vec((0usize..300, 0u64..30, any::<bool>()), 0..50)) {
            let mut size = BatchSize::new(most, TARGET);
            for (sent, seconds, answered) in steps {
                if answered { size.answered(sent, Duration::from_secs(seconds)) } else { size.failed(sent) }
                prop_assert!((1..=most.max(1)).contains(&size.now()));
            }
        }
    }
}
