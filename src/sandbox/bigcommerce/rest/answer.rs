//! Answers in the two dialects: V2 errors are arrays, V3 errors are objects, an empty V2 list is no content at all.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Which API a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    V2,
    V3,
}

/// A call that is refused: why, and in which dialect to say so.
#[derive(Debug)]
pub(super) struct Refusal {
    api: Api,
    status: StatusCode,
    message: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.api.error(self.status, &self.message)
    }
}

impl Api {
    /// Refuses a call in this API's shape.
    pub fn refuse(self, status: StatusCode, message: impl Into<String>) -> Refusal {
        Refusal { api: self, status, message: message.into() }
    }

    /// An error in this API's shape.
    pub fn error(self, status: StatusCode, message: &str) -> Response {
        let code = status.as_u16();
        let body = match self {
            Self::V2 => serde_json::json!([{ "status": code, "message": message }]),
            Self::V3 => serde_json::json!({
                "status": code,
                "title": message,
                "type": "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes",
                "errors": {},
            }),
        };
        json(status, &body)
    }
}

/// A JSON answer. The text is written straight from the value, so that exact numbers stay exact.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// 204 with an empty body: an empty V2 list, a page past its end, an order without transactions.
pub(super) fn no_content() -> Response {
    (StatusCode::NO_CONTENT, Body::empty()).into_response()
}
