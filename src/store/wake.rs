//! Hints to the worker of this process: look now, or look at the moment an order becomes due.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Moments that lie closer together than this are one: a burst of deliveries is looked at a few hundred times a second
/// at most. An order waits no longer than this for the look it shares.
const TOGETHER: Duration = Duration::from_millis(5);
/// Moments remembered at most; the latest beyond that are found by polling.
const MOMENTS_MAX: usize = 4096;

/// Tells the worker of this process that orders are due, or when they will be. Only a hint: polling finds them too, so a
/// lost hint costs time, never work, and other replicas need none. However many hints there are, one timer runs: that
/// of whoever waits.
#[derive(Debug, Clone, Default)]
pub struct WakeUp(Arc<Hints>);

#[derive(Debug, Default)]
struct Hints {
    now: Notify,
    /// The earliest moment has changed.
    earlier: Notify,
    moments: Mutex<Moments>,
}

impl WakeUp {
    /// Something became due.
    pub fn wake(&self) {
        self.0.now.notify_one();
    }

    /// Something becomes due after this time, counted from now.
    pub fn wake_after(&self, delay: Duration) {
        if delay.is_zero() {
            return self.wake();
        }
        if self.moments().add(Instant::now() + delay) {
            self.0.earlier.notify_one();
        }
    }

    /// Waits for the next hint, or for the moment that one named. A moment that has passed meanwhile is answered at once.
    pub async fn woken(&self) {
        loop {
            let next = self.moments().next();
            tokio::select! {
                () = self.0.now.notified() => return,
                () = self.0.earlier.notified() => {}
                () = until(next) => {
                    self.moments().take(Instant::now());
                    return;
                }
            }
        }
    }

    fn moments(&self) -> MutexGuard<'_, Moments> {
        self.0.moments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The moments to look at. Pure.
#[derive(Debug, Default)]
struct Moments(BTreeSet<Instant>);

impl Moments {
    /// Takes a moment in, unless one shortly after it is there; answers whether it is the earliest now.
    fn add(&mut self, due: Instant) -> bool {
        if self.0.range(due..=due + TOGETHER).next().is_some() {
            return false;
        }
        if self.0.len() >= MOMENTS_MAX {
            // The latest of all is left to polling.
            if self.0.last().is_none_or(|last| *last <= due) {
                return false;
            }
            self.0.pop_last();
        }
        // In a burst the look is a little later than the first of those that share it needs, so that others can share it.
        let moment = due + if self.0.is_empty() { Duration::ZERO } else { TOGETHER };
        self.0.insert(moment);
        self.0.first() == Some(&moment)
    }

    fn next(&self) -> Option<Instant> {
        self.0.first().copied()
    }

    /// Removes what has passed.
    fn take(&mut self, now: Instant) {
        while self.0.first().is_some_and(|first| *first <= now) {
            self.0.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_lone_order_is_looked_at_when_it_becomes_due() {
        let (mut moments, now) = (Moments::default(), Instant::now());
        assert!(moments.add(now + 2000 * MS));
        assert_eq!(moments.next(), Some(now + 2000 * MS));
        moments.take(now + 1999 * MS);
        assert!(moments.next().is_some());
        moments.take(now + 2000 * MS);
        assert_eq!(moments.next(), None);
    }

    #[test]
    fn every_order_of_a_burst_is_looked_at_soon_after_it_becomes_due_by_few_looks() {
        let (mut moments, now) = (Moments::default(), Instant::now());
        let due: Vec<Instant> = (0..10_000u32).map(|n| now + Duration::from_micros(100) * n).collect();
        for due in &due {
            moments.add(*due);
        }
        assert!(moments.0.len() <= 202, "{} looks in a second", moments.0.len());
        for due in due {
            let look = moments.0.range(due..).next().expect("somebody looks afterwards");
            assert!(*look - due <= TOGETHER);
        }
    }

    #[test]
    fn an_earlier_moment_overtakes_a_later_one() {
        let (mut moments, now) = (Moments::default(), Instant::now());
        assert!(moments.add(now + 2000 * MS));
        assert!(moments.add(now + 50 * MS));
        assert!(!moments.add(now + 3000 * MS));
        assert!(moments.next().unwrap() <= now + 55 * MS);
    }

    #[test]
    fn moments_beyond_measure_are_left_to_polling() {
        let (mut moments, now) = (Moments::default(), Instant::now() + Duration::from_secs(1));
        for n in 0..10_000u32 {
            moments.add(now + Duration::from_secs(1) * n);
        }
        let last = moments.0.last().copied();
        assert!(moments.add(now - 100 * MS) && moments.0.len() == MOMENTS_MAX, "an earlier one still finds its place");
        assert!(moments.0.last().copied() < last);
    }

    #[tokio::test]
    async fn a_hint_for_later_wakes_whoever_waits_and_whoever_comes_too_late_for_it() {
        let wake = WakeUp::default();
        let waiting = tokio::spawn({
            let wake = wake.clone();
            async move { wake.woken().await }
        });
        tokio::task::yield_now().await;
        wake.wake_after(Duration::from_secs(3600));
        wake.wake_after(20 * MS);
        waiting.await.unwrap();
        wake.wake_after(MS);
        tokio::time::sleep(20 * MS).await;
        wake.woken().await;
        wake.wake();
        wake.woken().await;
        assert_eq!(wake.moments().0.len(), 1, "only the hour is left");
    }
}
