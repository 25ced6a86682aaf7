//! How many requests a token may send in a minute: one that runs wild does not slow down the others.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::problem::Problem;

/// Counts the requests of each token, within this process.
#[derive(Clone)]
pub struct Pace(Arc<RateLimiter<String, HashMapStateStore<String>, DefaultClock>>);

impl Pace {
    /// So many requests a minute for each token, all at once if it likes.
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self(Arc::new(RateLimiter::hashmap(Quota::per_minute(per_minute))))
    }

    /// How long the token has to wait; `None` when it may go on.
    fn wait(&self, token: &str) -> Option<Duration> {
        let early = self.0.check_key(&token.to_owned()).err()?;
        Some(early.wait_time_from(DefaultClock::default().now()))
    }
}

/// Refuses requests that come too fast.
pub(super) async fn layer(State(state): State<ApiState>, caller: Caller, request: Request, next: Next) -> Response {
    let Some(wait) = state.pace.wait(&caller.name) else { return next.run(request).await };
    let seconds = wait.as_secs() + 1;
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-requests",
        format!("The token '{}' sends more requests than it may", caller.name),
        format!(
            "Try again in {seconds} s. The limit is admin.requests_per_minute in the settings. Nothing was changed."
        ),
    )
    .retry_after(seconds)
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_too_fast_waits_and_another_does_not() {
        let pace = Pace::new(NonZeroU32::new(2).unwrap());
        assert_eq!((pace.wait("anna"), pace.wait("anna")), (None, None));
        assert!(pace.wait("anna").is_some_and(|wait| wait > Duration::from_secs(20)));
        assert_eq!(pace.wait("bert"), None);
    }
}
