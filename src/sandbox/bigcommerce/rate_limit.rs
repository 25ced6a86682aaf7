//! The store's request quota: so many calls in a fixed window, shared by every caller.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

/// So many windows are remembered.
const REMEMBERED: usize = 1000;

/// How one window of the quota was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowUse {
    /// When its first call came (UTC).
    pub started: Timestamp,
    /// Calls that were allowed.
    pub used: u32,
    /// Calls that were refused with 429.
    pub refused: u32,
}

/// The windows so far; the last one is the current one.
#[derive(Debug, Default)]
pub(super) struct RateWindow(VecDeque<WindowUse>);

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
        if self.0.back().is_none_or(|last| elapsed(last.started) >= window) {
            self.0.push_back(WindowUse { started: now, used: 0, refused: 0 });
            if self.0.len() > REMEMBERED {
                self.0.pop_front();
            }
        }
        let Some(last) = self.0.back_mut() else {
            return Standing { allowed: true, left: quota, reset: window };
        };
        let allowed = last.used < quota;
        last.used += u32::from(allowed);
        last.refused += u32::from(!allowed);
        let reset = window.saturating_sub(elapsed(last.started));
        Standing { allowed, left: quota.saturating_sub(last.used), reset }
    }

    /// The windows so far.
    pub fn windows(&self) -> Vec<WindowUse> {
        self.0.iter().copied().collect()
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
        let used = |started, used, refused| WindowUse { started: at(started), used, refused };
        assert_eq!(rate.windows(), [used(0, 2, 1), used(30, 1, 0)]);
    }
}
