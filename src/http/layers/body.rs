//! The body of a request that changes something, read whole: the audit log and the idempotency key need it.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::{ApiState, our_fault};
use crate::problem::Problem;

/// The body, for the layers within.
#[derive(Clone)]
pub(super) struct Whole(pub(super) Bytes);

/// Reads the body, at most as long as the settings say.
pub(super) async fn layer(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, state.admin_body_bytes_max).await else {
        return Problem::too_large().into_response();
    };
    parts.extensions.insert(Whole(bytes.clone()));
    // In a task of its own: who hangs up in the middle does not stop what was begun, nor what is noted of it.
    let task = tokio::spawn(next.run(Request::from_parts(parts, Body::from(bytes))));
    task.await.unwrap_or_else(|_| our_fault().into_response())
}
