//! What every REST call passes first: the store's name, the token, faults on demand, the quota.

use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use secrecy::ExposeSecret as _;

use super::super::faults::Fault;
use super::super::listener::CutSwitch;
use super::super::rate_limit::Standing;
use super::super::settings::StoreSettings;
use super::super::store::Store;
use super::answer::Api;

const TOO_MANY: &str = "You have exceeded the request quota; wait for the window to end.";

/// Lets a call through, or answers it here. Rate-limit headers go on every answer that reached the quota.
pub(super) async fn gate(State(store): State<Store>, request: Request, next: Next) -> Response {
    let path: Vec<&str> = request.uri().path().split('/').collect();
    let api = if path.get(3) == Some(&"v2") { Api::V2 } else { Api::V3 };
    let settings = store.settings();
    if path.get(2) != Some(&settings.hash.as_str()) {
        return api.error(StatusCode::NOT_FOUND, "There is no such store.");
    }
    let token = request.headers().get("x-auth-token").map(HeaderValue::as_bytes);
    if token != Some(settings.access_token.expose_secret().as_bytes()) {
        return api
            .error(StatusCode::UNAUTHORIZED, "No credentials were supplied in the request, or they are invalid.");
    }
    // /stores/{hash}/v2/orders/{id}, and what is below it in both versions.
    if let ["orders", order, below @ ..] = path.get(4..).unwrap_or_default()
        && let Ok(order) = order.parse()
    {
        store.note_order_call(order, below.is_empty());
    }
    let fault = store.next_fault();
    match fault {
        Some(Fault::Drop) => {
            if let Some(ConnectInfo(switch)) = request.extensions().get::<ConnectInfo<CutSwitch>>() {
                switch.cut();
            }
            return api.error(StatusCode::BAD_GATEWAY, "The connection was cut.");
        }
        Some(Fault::TooManyRequestsWithoutHeaders) => return api.error(StatusCode::TOO_MANY_REQUESTS, TOO_MANY),
        Some(Fault::ServerError) => {
            return api.error(StatusCode::INTERNAL_SERVER_ERROR, "An unexpected error occurred.");
        }
        Some(Fault::Unavailable) => {
            return api.error(StatusCode::SERVICE_UNAVAILABLE, "The store is down for maintenance.");
        }
        Some(Fault::Slow(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::TooManyRequests) | None => {}
    }
    let mut standing = store.count_request();
    if fault == Some(Fault::TooManyRequests) {
        standing = Standing { allowed: false, left: 0, ..standing };
    }
    let mut answer =
        if standing.allowed { next.run(request).await } else { api.error(StatusCode::TOO_MANY_REQUESTS, TOO_MANY) };
    put_headers(answer.headers_mut(), standing, settings);
    answer
}

fn put_headers(headers: &mut HeaderMap, standing: Standing, settings: &StoreSettings) {
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    headers.insert("x-rate-limit-time-window-ms", milliseconds(settings.quota_window).into());
    headers.insert("x-rate-limit-time-reset-ms", milliseconds(standing.reset).into());
    headers.insert("x-rate-limit-requests-quota", settings.quota.into());
    headers.insert("x-rate-limit-requests-left", standing.left.into());
    if !standing.allowed {
        headers.insert("x-retry-after", milliseconds(standing.reset).div_ceil(1000).into());
    }
}
