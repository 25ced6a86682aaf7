//! HTTP problems (RFC 9457): stable codes, what happened and what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An error answer. Its `code` never changes its meaning, so that scripts may rely on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// The HTTP status.
    #[serde(skip)]
    #[schema(ignore)]
    pub http_status: StatusCode,
    /// The same as a number.
    pub status: u16,
    /// A stable code, for example `unknown-store`.
    pub code: &'static str,
    /// What happened.
    pub title: String,
    /// What to do about it.
    pub detail: String,
    /// What exactly is wrong, where there are several things: a list, its entries as the route describes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub report: Option<serde_json::Value>,
    /// Seconds after which trying again makes sense; also sent as `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl Problem {
    /// A problem with its status, code, what happened and what to do.
    pub fn new(status: StatusCode, code: &'static str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            http_status: status,
            status: status.as_u16(),
            code,
            title: title.into(),
            detail: detail.into(),
            report: None,
            retry_after_seconds: None,
        }
    }

    /// The same with everything that is wrong, as a list.
    pub fn with_report(mut self, report: impl Serialize) -> Self {
        self.report = serde_json::to_value(report).ok();
        self
    }

    /// The same with a time after which to try again.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// The database cannot be reached.
    pub fn database_down() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "database-down",
            "The database does not answer",
            "Nothing was stored or changed. Try again; if it stays, look at the service's log and at Postgres.",
        )
        .retry_after(10)
    }

    /// Nothing is there under this name.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", what, "Check the address and the ids in it.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.http_status, Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.http_status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
