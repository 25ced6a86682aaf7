//! Faults on demand: what the next REST calls suffer instead of an answer, or before it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many of the next REST calls fail, and how. Kinds are used up in the order of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Calls whose connection is cut before any byte of the answer.
    pub drop: u32,
    /// Calls answered 429 with rate-limit headers.
    pub too_many_requests: u32,
    /// Calls answered 429 without any rate-limit header, as an overloaded platform does.
    pub too_many_requests_without_headers: u32,
    /// Calls answered 500.
    pub server_error: u32,
    /// Calls answered 503: the store is down for maintenance.
    pub unavailable: u32,
    /// Calls answered only after `slow_milliseconds`.
    pub slow: u32,
    /// How long a slow call takes.
    pub slow_milliseconds: u64,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Drop,
    TooManyRequests,
    TooManyRequestsWithoutHeaders,
    ServerError,
    Unavailable,
    Slow(Duration),
}

impl Faults {
    /// The fault of the next call, if any is left.
    pub(super) fn next(&mut self) -> Option<Fault> {
        let slow = Fault::Slow(Duration::from_millis(self.slow_milliseconds));
        let kinds = [
            (&mut self.drop, Fault::Drop),
            (&mut self.too_many_requests, Fault::TooManyRequests),
            (&mut self.too_many_requests_without_headers, Fault::TooManyRequestsWithoutHeaders),
            (&mut self.server_error, Fault::ServerError),
            (&mut self.unavailable, Fault::Unavailable),
            (&mut self.slow, slow),
        ];
        let (left, fault) = kinds.into_iter().find(|(left, _)| **left > 0)?;
        *left -= 1;
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_used_up_one_by_one() {
        let mut faults = Faults { server_error: 1, slow: 1, slow_milliseconds: 5, ..Faults::default() };
        assert_eq!(faults.next(), Some(Fault::ServerError));
        assert_eq!(faults.next(), Some(Fault::Slow(Duration::from_millis(5))));
        assert_eq!(faults.next(), None);
    }
}
