//! When a company is left in peace, and for how long: pure functions of what failed and how often in a row.

use std::time::Duration;

use crate::intacct::client::{CallError, SignInError};
use crate::store::gateway::PauseCause;

/// Requests without an answer in a row that may be the fault of what was sent rather than of the company.
pub(super) const UNANSWERED_TOLERATED: u32 = 4;
/// However long the company asks for, a probe is sent after this.
const ASKED_MAX: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// Which trouble of the company an error of a whole request shows; `None` when it concerns only what was sent.
pub(super) fn cause(error: &CallError) -> Option<PauseCause> {
    match error {
        CallError::RateLimited { .. } => Some(PauseCause::Throttled),
        CallError::SignIn(SignInError::Failed(_)) | CallError::NotSent(_) | CallError::Unknown { .. } => {
            Some(PauseCause::Offline)
        }
        CallError::SignIn(_) => Some(PauseCause::SignIn),
        CallError::Rejected(_) | CallError::Invalid(_) | CallError::TooLarge(_) => None,
    }
}

/// How long to send nothing after so many failures in a row, the last one of this kind; `None` for not at all. `asked` is
/// what the company asked for, `chance` in `0.0..1.0` spreads it by a tenth up.
///
/// - throttled: at once, 1 s doubling to a minute, or what was asked for, up to an hour;
/// - offline: after the fifth in a row, 2 s doubling to 5 minutes;
/// - sign-in refused: at once, 70 s doubling to half an hour, because Intacct locks users who fail too often.
pub(super) fn pause(cause: PauseCause, failures: u32, asked: Option<Duration>, chance: f64) -> Option<Duration> {
    let before = failures.saturating_sub(1);
    let pause = match cause {
        PauseCause::Throttled => doubled(Duration::from_secs(1), before, MINUTE),
        PauseCause::Offline => doubled(Duration::from_secs(2), before.checked_sub(UNANSWERED_TOLERATED)?, 5 * MINUTE),
        PauseCause::SignIn => doubled(Duration::from_secs(70), before, 30 * MINUTE),
    };
    let pause = asked.map_or(pause, |asked| asked.min(ASKED_MAX).max(pause));
    Some(spread(pause, chance))
}

/// The first pause doubled so many times, `most` at most.
pub(super) fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(1u32.checked_shl(times.min(16)).unwrap_or(u32::MAX)).min(most)
}

/// A pause longer by a tenth at most; `chance` in `0.0..1.0` says by how much of it.
pub(super) fn spread(pause: Duration, chance: f64) -> Duration {
    pause.mul_f64(1.0 + 0.1 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(cause: PauseCause, failures: u32) -> Option<u64> {
        pause(cause, failures, None, 0.0).map(|pause| pause.as_secs())
    }

    #[test]
    fn a_throttled_company_is_left_in_peace_at_once() {
        let throttled = |failures| seconds(PauseCause::Throttled, failures);
        assert_eq!([1, 2, 3, 7, 99].map(throttled), [1, 2, 4, 60, 60].map(Some));
        let asked = |seconds| pause(PauseCause::Throttled, 1, Some(Duration::from_secs(seconds)), 0.0);
        assert_eq!(asked(30), Some(Duration::from_secs(30)));
        assert_eq!(asked(100_000), Some(ASKED_MAX));
    }

    #[test]
    fn a_few_requests_without_an_answer_may_be_their_own_fault() {
        let offline = |failures| seconds(PauseCause::Offline, failures);
        assert_eq!([1, 4, 5, 6, 99].map(offline), [None, None, Some(2), Some(4), Some(300)]);
    }

    #[test]
    fn refused_credentials_are_tried_rarely() {
        let refused = |failures| seconds(PauseCause::SignIn, failures);
        assert_eq!([1, 2, 50].map(refused), [70, 140, 1800].map(Some));
    }

    #[test]
    fn chance_makes_it_longer_by_a_tenth_at_most() {
        let most = pause(PauseCause::SignIn, 1, None, 1.0).unwrap();
        assert!(most > Duration::from_secs(76) && most <= Duration::from_secs(77));
    }
}
