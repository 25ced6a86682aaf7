//! The store's request quota: so many calls in a fixed window, shared by every caller.

use std::time::Duration;

use jiff::Timestamp;

/// The current window.
#[derive(Debug, Default)]
pub(super) struct RateWindow {
    started: Option<Timestamp>,
    used: u32,
}

/// What one request did to the quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub allowed: bool,
    pub left: u32,
    /// Until the window ends.
    pub reset: Duration,
}

impl RateWindow {
    /// Counts one request at `now`.
    pub fn count(&mut self, now: Timestamp, quota: u32, window: Duration) -> Standing {
        let elapsed = |started: Timestamp| Duration::try_from(now.duration_since(started)).unwrap_or_default();
        let fresh = self.started.is_none_or(|started| elapsed(started) >= window);
        if fresh {
            *self = Self { started: Some(now), used: 0 };
        }
        let reset = window.saturating_sub(self.started.map_or(Duration::ZERO, elapsed));
        let allowed = self.used < quota;
        self.used += u32::from(allowed);
        Standing { allowed, left: quota.saturating_sub(self.used), reset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_allows_its_quota_and_then_starts_again() {
        let window = Duration::from_secs(30);
        let at = |second: i64| Timestamp::from_second(1_772_700_000 + second).unwrap();
        let mut rate = RateWindow::default();
        assert_eq!(rate.count(at(0), 2, window), Standing { allowed: true, left: 1, reset: window });
        assert_eq!(rate.count(at(10), 2, window), Standing { allowed: true, left: 0, reset: Duration::from_secs(20) });
        assert_eq!(rate.count(at(29), 2, window), Standing { allowed: false, left: 0, reset: Duration::from_secs(1) });
        assert!(rate.count(at(30), 2, window).allowed);
    }
}
