//! How long to wait before trying again: a pure function of how often it failed, what the other side asked for, and chance.

use std::time::Duration;

/// However long the other side asks us to wait, we look again after this.
const ASKED_MAX: Duration = Duration::from_secs(3600);

/// The wait before the next try after `failures` consecutive failures (the present one included).
///
/// `schedule` holds the waits after the first, second, ... failure; the last one is repeated. `asked` is what the other
/// side asked for (`Retry-After`, a rate limit's reset); we never come back sooner. `chance` in `0.0..1.0` spreads the
/// wait by a fifth up or down, so that orders that failed together do not all return together.
pub fn delay(schedule: &[Duration], failures: u32, asked: Option<Duration>, chance: f64) -> Duration {
    let step = failures.max(1) as usize - 1;
    let base = schedule.get(step).or(schedule.last()).copied().unwrap_or(ASKED_MAX);
    let spread = base.mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0));
    asked.map_or(spread, |asked| asked.min(ASKED_MAX).max(spread))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule() -> Vec<Duration> {
        [5, 15, 60, 7200].map(Duration::from_secs).into()
    }

    #[test]
    fn waits_grow_and_then_stay() {
        let middle = |failures| delay(&schedule(), failures, None, 0.5).as_secs();
        assert_eq!([middle(1), middle(2), middle(3), middle(4), middle(50)], [5, 15, 60, 7200, 7200]);
    }

    #[test]
    fn what_the_other_side_asks_for_is_kept_up_to_an_hour() {
        assert_eq!(delay(&schedule(), 1, Some(Duration::from_secs(40)), 0.5).as_secs(), 40);
        assert_eq!(delay(&schedule(), 1, Some(Duration::from_secs(86_400)), 0.5), ASKED_MAX);
    }

    proptest! {
        #[test]
        fn chance_moves_it_by_a_fifth_at_most(failures in 0u32..1000, chance in 0.0f64..1.0) {
            let middle = delay(&schedule(), failures, None, 0.5).as_secs_f64();
            let moved = delay(&schedule(), failures, None, chance).as_secs_f64();
            prop_assert!((moved / middle - 1.0).abs() <= 0.2 + 1e-9);
        }
    }
}
