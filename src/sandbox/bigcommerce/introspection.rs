//! The sandbox's own pages, beside the API: what is in the store, what was delivered, and faults on demand.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::faults::Faults;
use super::model::status;
use super::outbox::Delivery;
use super::store::Store;

/// `GET /`, `/sandbox/orders`, `/sandbox/deliveries`, `/sandbox/settings`; `POST /sandbox/faults`.
pub(super) fn router(store: &Store) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/sandbox/orders", get(orders))
        .route("/sandbox/deliveries", get(deliveries))
        .route("/sandbox/settings", get(settings))
        .route("/sandbox/faults", post(faults))
        .with_state(store.clone())
}

async fn orders(State(store): State<Store>) -> Response {
    Json(store.expected_summary()).into_response()
}

fn delivery(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "hook_id": delivery.hook_id,
        "scope": delivery.scope,
        "webhook_id": delivery.webhook_id,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_attempt": delivery.due,
        "body": delivery.body,
    })
}

async fn deliveries(State(store): State<Store>) -> Response {
    let state = store.state();
    Json(state.outbox.all().map(delivery).collect::<Vec<_>>()).into_response()
}

/// Everything but the secrets.
async fn settings(State(store): State<Store>) -> Response {
    let settings = store.settings();
    let facts = json!({
        "hash": settings.hash,
        "store_id": settings.store_id,
        "name": settings.name,
        "client_id": settings.client_id,
        "time_zone": settings.time_zone,
        "currency": settings.currency,
        "quota": settings.quota,
        "quota_window_seconds": settings.quota_window.as_secs(),
        "retry_speedup": settings.retry_speedup,
        "ack_timeout_seconds": settings.ack_timeout.as_secs(),
        "faults": store.faults(),
        "pending_deliveries": store.pending_deliveries(),
    });
    Json(facts).into_response()
}

async fn faults(State(store): State<Store>, body: Bytes) -> Response {
    match serde_json::from_slice::<Faults>(&body) {
        Ok(faults) => {
            store.set_faults(faults);
            Json(faults).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("not a set of faults: {error}\n")).into_response(),
    }
}

async fn home(State(store): State<Store>) -> Html<String> {
    let (settings, pending) = (store.settings(), store.pending_deliveries());
    let rows: String = store
        .expected_summary()
        .iter()
        .map(|order| {
            let status = status::name(order.status_id).unwrap_or_default();
            let (id, gross, currency) = (order.order_id, order.gross, &order.currency);
            let (captured, refunded) = (order.captured, order.refunded);
            format!("<tr><td>{id}<td>{status}<td>{gross:.2}<td>{captured:.2}<td>{refunded:.2}<td>{}", escaped(currency))
        })
        .collect();
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title>\
         <style>body{{font:15px system-ui;margin:2rem}}td,th{{padding:.2rem .8rem;text-align:left}}</style>\
         <h1>{name}</h1><p>A BigCommerce store on loopback. {pending} webhook deliveries are waiting. \
         <a href=\"/sandbox/orders\">Orders</a>, <a href=\"/sandbox/deliveries\">deliveries</a>, \
         <a href=\"/sandbox/settings\">settings</a>.</p>\
         <table><tr><th>Order<th>Status<th>Gross<th>Captured<th>Refunded<th>Currency{rows}</table></html>",
        name = escaped(&settings.name),
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
