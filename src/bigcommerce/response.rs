//! Judges BigCommerce's answers: content, nothing, or a class of error that says what to do. Pure.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose::{Loose, object, where_broken};

/// How long to leave a platform alone after a fault of its own (BigCommerce docs, API status codes: at least a minute).
const AFTER_FAULT: Duration = Duration::from_secs(60);
/// The same for a store in maintenance.
const AFTER_MAINTENANCE: Duration = Duration::from_secs(300);
/// No wait asked for is believed beyond this.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// A good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// 204 or an empty body: an empty list.
    Nothing,
    /// The body is JSON.
    Json,
}

/// An answer that is no content, by what it asks of us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// May work later.
    #[error("BigCommerce answered {status} ({detail}); it will be tried again")]
    Retry {
        /// The HTTP status.
        status: u16,
        /// What it said.
        detail: String,
        /// How long it asked to wait, if it did.
        after: Option<Duration>,
    },
    /// There is no such thing.
    #[error("BigCommerce answered 404 ({0})")]
    NotFound(String),
    /// The access token is dead.
    #[error(
        "BigCommerce does not accept the access token (401: {0}); make a new API account and set the store's access_token"
    )]
    Unauthorised(String),
    /// The access token may not read this.
    #[error(
        "the access token may not read this (403: {0}); give its API account read access to orders, order transactions, customers and store information, and to products when read_categories is set"
    )]
    Forbidden(String),
    /// Nothing that trying again would change.
    #[error(
        "BigCommerce answered {status} ({detail}); check the store's api_url and store_hash, and report it if they are right"
    )]
    Bad {
        /// The HTTP status.
        status: u16,
        /// What it said.
        detail: String,
    },
}

/// What an answer says about the store's quota (BigCommerce docs, rate limits). Every part may be missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests allowed per window.
    pub quota: Option<u32>,
    /// Requests left in this window.
    pub left: Option<u32>,
    /// Until the window ends.
    pub reset: Option<Duration>,
    /// How long a window is.
    pub window: Option<Duration>,
    /// How long to wait, on an answer that was limited.
    pub retry_after: Option<Duration>,
}

impl RateLimit {
    /// Reads the headers; anything unreadable counts as missing.
    pub fn read(headers: &HeaderMap) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        let milliseconds = |name: &str| number(name).map(|ms| Duration::from_millis(ms.into()).min(WAIT_MAX));
        let seconds = |name: &str| number(name).map(|seconds| Duration::from_secs(seconds.into()).min(WAIT_MAX));
        Self {
            quota: number("x-rate-limit-requests-quota"),
            left: number("x-rate-limit-requests-left"),
            reset: milliseconds("x-rate-limit-time-reset-ms"),
            window: milliseconds("x-rate-limit-time-window-ms"),
            retry_after: seconds("x-retry-after").max(seconds("retry-after")),
        }
    }

    /// How long a limited answer asks to wait: the longer of both headers; `None` without them.
    pub fn wait(&self) -> Option<Duration> {
        self.reset.max(self.retry_after)
    }
}

/// Judges an answer by its status, its headers and whether its body is JSON.
///
/// # Errors
/// [`Refusal`], by what it asks of us.
pub fn judge(status: u16, limit: &RateLimit, body: &[u8]) -> Result<Content, Refusal> {
    let detail = || message(body).unwrap_or_else(|| "no reason given".to_owned());
    let retry = |after| Refusal::Retry { status, detail: detail(), after };
    match status {
        200..=299 => content(status, body),
        401 => Err(Refusal::Unauthorised(detail())),
        403 => Err(Refusal::Forbidden(detail())),
        404 => Err(Refusal::NotFound(detail())),
        408 | 425 => Err(retry(limit.retry_after)),
        429 => Err(retry(limit.wait())),
        503 => Err(retry(limit.retry_after.max(Some(AFTER_MAINTENANCE)))),
        500..=599 => Err(retry(limit.retry_after.max(Some(AFTER_FAULT)))),
        _ => Err(Refusal::Bad { status, detail: detail() }),
    }
}

fn content(status: u16, body: &[u8]) -> Result<Content, Refusal> {
    if status == 204 || body.trim_ascii().is_empty() {
        return Ok(Content::Nothing);
    }
    // A page of HTML from something between, or a body cut short: both have been seen to pass.
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(_) => Ok(Content::Json),
        Err(error) => Err(Refusal::Retry {
            status,
            detail: format!("not JSON: {}", where_broken(&error)),
            after: Some(AFTER_FAULT),
        }),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Explanation {
    message: Loose,
    title: Loose,
    detail: Loose,
}

/// The reason an error answer gives: `[{"status":404,"message":"..."}]` (V2) or `{"title":"..."}` (V3), shortened.
fn message(body: &[u8]) -> Option<String> {
    let first = serde_json::from_slice::<Vec<&RawValue>>(body).ok().and_then(|list| list.first().copied());
    let explanation: Explanation = object(first.map_or(body, |first| first.get().as_bytes())).ok()?;
    let text = [explanation.message, explanation.title, explanation.detail].iter().find_map(Loose::some_text)?;
    Some(text.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> RateLimit {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.insert(*name, value.parse().unwrap());
        }
        RateLimit::read(&headers)
    }

    fn refusal(status: u16, body: &str) -> Refusal {
        judge(status, &RateLimit::default(), body.as_bytes()).unwrap_err()
    }

    fn wait(status: u16, limit: &RateLimit) -> Option<Duration> {
        match judge(status, limit, b"").unwrap_err() {
            Refusal::Retry { after, .. } => after,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_empty_list_is_an_empty_body() {
        assert_eq!(judge(204, &RateLimit::default(), b""), Ok(Content::Nothing));
        assert_eq!(judge(200, &RateLimit::default(), b" \n"), Ok(Content::Nothing));
        assert_eq!(judge(200, &RateLimit::default(), b"{}"), Ok(Content::Json));
    }

    #[test]
    fn the_longer_wait_of_two_headers_counts() {
        let both = headers(&[("x-rate-limit-time-reset-ms", "12500"), ("x-retry-after", "20")]);
        assert_eq!(wait(429, &both), Some(Duration::from_secs(20)));
        assert_eq!(
            wait(429, &headers(&[("x-rate-limit-time-reset-ms", "12500")])),
            Some(Duration::from_millis(12_500))
        );
        assert_eq!(wait(429, &RateLimit::default()), None, "a platform that is overloaded tells nothing");
        assert_eq!(wait(429, &headers(&[("x-retry-after", "4000000000")])), Some(WAIT_MAX));
        assert_eq!(wait(429, &headers(&[("x-retry-after", "soon")])), None);
    }

    #[test]
    fn faults_of_the_platform_are_left_alone_for_a_minute() {
        for status in [500, 502, 504] {
            assert_eq!(wait(status, &RateLimit::default()), Some(AFTER_FAULT));
        }
        assert_eq!(wait(503, &RateLimit::default()), Some(AFTER_MAINTENANCE));
        assert_eq!(wait(503, &headers(&[("retry-after", "900")])), Some(Duration::from_secs(900)));
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        assert_eq!(
            refusal(404, r#"[{"status":404,"message":"The requested resource was not found."}]"#),
            Refusal::NotFound("The requested resource was not found.".into())
        );
        assert_eq!(
            refusal(401, r#"{"status":401,"title":"Unauthorized"}"#),
            Refusal::Unauthorised("Unauthorized".into())
        );
        assert!(refusal(403, "You don't have a required scope").to_string().contains("order transactions"));
        assert!(matches!(refusal(302, ""), Refusal::Bad { status: 302, .. }));
        assert!(matches!(refusal(422, r#"{"title":"x"}"#), Refusal::Bad { status: 422, .. }));
    }

    #[test]
    fn a_body_that_is_not_json_is_asked_for_again() {
        for body in ["<html>busy</html>", r#"[{"id":1},{"#] {
            assert!(matches!(refusal(200, body), Refusal::Retry { status: 200, .. }), "{body}");
        }
    }

    #[test]
    fn quota_headers_are_read() {
        let limit = headers(&[("x-rate-limit-requests-quota", "150"), ("x-rate-limit-requests-left", "35")]);
        assert_eq!((limit.quota, limit.left, limit.reset), (Some(150), Some(35), None));
    }
}
