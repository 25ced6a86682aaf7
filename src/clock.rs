//! Time and randomness as inputs: nothing else in the house may ask the machine for either.
//!
//! Leases and due times use the database's own clock (`now()` in SQL); this clock is for everything that is shown,
//! logged or posted, and for waiting. The two are never compared.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

/// Where the program gets the present moment and its randomness from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `at` until [`Clock::advance`] moves it; for tests.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(at))))
    }

    /// The present moment (UTC).
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Fixed(at) => *at.lock().unwrap_or_else(|poisoned| poisoned.into_inner()),
        }
    }

    /// Moves a fixed clock forward; does nothing to the system clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed(at) = &self.0 {
            let mut at = at.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            *at = at.saturating_add(by).unwrap_or(Timestamp::MAX);
        }
    }
}

/// A random number in `0.0..1.0`, for jitter. Not for secrets.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
pub fn jitter() -> f64 {
    // 53 random bits fill the mantissa of a double exactly.
    let bits = (uuid::Uuid::new_v4().as_u128() >> 75) as u64;
    bits as f64 / (1u64 << 53) as f64
}

/// A random identifier, for leases and request correlation. Not an idempotency key: those are deterministic.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
pub fn random_id() -> uuid::Uuid {
    uuid::Uuid::new_v4()
}

/// A random token that nobody guesses: 244 random bits.
pub fn random_token() -> String {
    format!("cl_{}{}", random_id().simple(), random_id().simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = Clock::fixed("2026-03-01T12:00:00Z".parse().unwrap());
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_secs(60));
        assert_eq!(clock.now().to_string(), "2026-03-01T12:01:00Z");
    }

    #[test]
    fn jitter_stays_within_its_range() {
        assert!((0..1000).map(|_| jitter()).all(|value| (0.0..1.0).contains(&value)));
    }
}
