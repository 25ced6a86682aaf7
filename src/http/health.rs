//! Liveness, readiness and metrics.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::json;

use super::ApiState;
use crate::problem::Problem;
use crate::telemetry::{QUEUE_DEPTH, QUEUE_OLDEST_DUE_SECONDS};

/// `GET /healthz`: the process runs. Says nothing about anything else, so that a slow database restarts nobody.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: deliveries can be kept, because the database answers.
pub async fn ready(State(state): State<ApiState>) -> Result<impl IntoResponse, Problem> {
    state.store.ping().await?;
    let backlog = state.store.backlog().await?;
    Ok(Json(json!({ "ready": true, "orders_due": backlog.due, "oldest_due_seconds": backlog.oldest_due_seconds })))
}

/// `GET /metrics`: Prometheus text.
pub async fn metrics(State(state): State<ApiState>) -> impl IntoResponse {
    if let Ok(backlog) = state.store.backlog().await {
        // Counts far below 2^52: exact as a metric's floating-point number.
        metrics::gauge!(QUEUE_DEPTH).set(backlog.due as f64);
        metrics::gauge!(QUEUE_OLDEST_DUE_SECONDS).set(backlog.oldest_due_seconds as f64);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], state.metrics.render())
}
