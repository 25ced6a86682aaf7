//! Axum's extractors with problems for what does not fit, so that every error answer is of one kind.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::body::NotWhole;
use crate::problem::Problem;

/// A JSON body, or an answer of one.
#[derive(Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The query of an address. Its type refuses unknown fields, so that a filter that is spelled wrong is not ignored.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

/// The parts of an address.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let (status, text) = (rejection.status(), rejection.body_text());
        let (code, remedy) = match status {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("not-json", "Send the body as JSON with the header Content-Type: application/json.")
            }
            StatusCode::PAYLOAD_TOO_LARGE => return NotWhole::TooLarge.into(),
            _ => ("body-not-valid", "Mend the body; /docs shows what it must be. Nothing was changed."),
        };
        Self::new(status, code, text, remedy)
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let remedy = "Mend the query; /docs lists the filters of this address.";
        Self::new(rejection.status(), "query-not-valid", rejection.body_text(), remedy)
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), "path-not-valid", rejection.body_text(), "Check the address and the ids in it.")
    }
}
