//! The body of a request, read whole: no more of it than is allowed, and no longer.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::StatusCode;
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use crate::problem::Problem;

/// What of a body is read.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The longest body in bytes.
    pub bytes_max: usize,
    /// How long it may take to come.
    pub within: Duration,
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotWhole {
    TooLarge,
    TooSlow,
    /// The sender broke off, or sent what HTTP does not allow.
    BrokenOff,
}

/// Reads a body.
pub(super) async fn whole(body: Body, limits: BodyLimits) -> Result<Bytes, NotWhole> {
    match timeout(limits.within, to_bytes(body, limits.bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.source().is_some_and(|cause| cause.is::<LengthLimitError>()) => Err(NotWhole::TooLarge),
        Ok(Err(_)) => Err(NotWhole::BrokenOff),
        Err(_) => Err(NotWhole::TooSlow),
    }
}

impl From<NotWhole> for Problem {
    fn from(why: NotWhole) -> Self {
        match why {
            NotWhole::TooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
                "The body is larger than is taken",
                "Send it in parts. Nothing was changed.",
            ),
            NotWhole::TooSlow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                "body-too-slow",
                "The body did not come in time",
                "Nothing was changed. Send it again, in parts when it is large; server.body_seconds says how long it may take.",
            ),
            NotWhole::BrokenOff => Self::new(
                StatusCode::BAD_REQUEST,
                "body-broken-off",
                "The body did not come to its end",
                "Nothing was changed. Send it again.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    const LIMITS: BodyLimits = BodyLimits { bytes_max: 5, within: Duration::from_millis(250) };

    fn body(chunks: Vec<Result<&'static str, &'static str>>) -> Body {
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(whole(body(vec![Ok("123"), Ok("45")]), LIMITS).await.as_deref(), Ok(&b"12345"[..]));
        assert_eq!(whole(body(vec![Ok("123"), Ok("456")]), LIMITS).await, Err(NotWhole::TooLarge));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_called_too_large() {
        assert_eq!(whole(body(vec![Ok("1"), Err("reset")]), LIMITS).await, Err(NotWhole::BrokenOff));
    }

    #[tokio::test]
    async fn a_body_that_trickles_is_read_no_longer_than_it_may_take() {
        let trickle = stream::iter(["1"; 5]).then(async |byte| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok::<_, &str>(byte)
        });
        assert_eq!(whole(Body::from_stream(trickle), LIMITS).await, Err(NotWhole::TooSlow));
    }
}
