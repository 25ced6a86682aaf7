//! The body of a request that changes something, read whole: the audit log and the idempotency key need it.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::body::whole;
use crate::http::{ApiState, our_fault};
use crate::problem::Problem;

/// The body, for the layers within.
#[derive(Clone)]
pub(super) struct Whole(pub(super) Bytes);

/// Reads the body, as far as the settings allow.
pub(super) async fn layer(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let bytes = match whole(body, state.admin_body).await {
        Ok(bytes) => bytes,
        Err(why) => return Problem::from(why).into_response(),
    };
    parts.extensions.insert(Whole(bytes.clone()));
    // In a task of its own: who hangs up in the middle does not stop what was begun, nor what is noted of it.
    let task = tokio::spawn(next.run(Request::from_parts(parts, Body::from(bytes))));
    task.await.unwrap_or_else(|_| our_fault().into_response())
}
