//! The REST API under `/stores/{hash}/v2` and `/stores/{hash}/v3`.

mod answer;
mod catalogue;
mod customers;
mod filter;
mod gate;
mod hooks;
mod orders_v2;
mod orders_v3;
mod paging;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;

use super::store::Store;
use super::wire::v2_store;
use answer::{Api, json};

/// The whole API of one store.
pub(super) fn router(store: &Store) -> Router {
    Router::new()
        .nest("/stores/{hash}/v2", v2())
        .nest("/stores/{hash}/v3", v3())
        .layer(from_fn_with_state(store.clone(), gate::gate))
        .with_state(store.clone())
}

fn v2() -> Router<Store> {
    Router::new()
        .route("/orders", get(orders_v2::list))
        .route("/orders/{id}", get(orders_v2::one))
        .route("/orders/{id}/products", get(orders_v2::products))
        .route("/orders/{id}/shipping_addresses", get(orders_v2::shipping_addresses))
        .route("/orders/{id}/shippingaddresses", get(orders_v2::shipping_addresses))
        .route("/orders/{id}/coupons", get(orders_v2::coupons))
        .route("/orders/{id}/taxes", get(orders_v2::taxes))
        .route("/orders/{id}/fees", get(orders_v2::fees))
        .route("/orders/{id}/consignments", get(orders_v2::consignments))
        .route("/orders/{id}/shipments", get(orders_v2::shipments))
        .route("/order_statuses", get(async || json(StatusCode::OK, &v2_store::statuses())))
        .route("/store", get(store_information))
        .route("/time", get(time))
        .route("/currencies", get(currencies))
        .fallback(async || Api::V2.error(StatusCode::NOT_FOUND, "The requested resource was not found."))
        .method_not_allowed_fallback(async || {
            Api::V2.error(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here.")
        })
}

fn v3() -> Router<Store> {
    Router::new()
        .route("/orders/{id}/transactions", get(orders_v3::transactions))
        .route("/orders/{id}/payment_actions/refunds", get(orders_v3::refunds_of_order))
        .route("/orders/payment_actions/refunds", get(orders_v3::refunds))
        .route("/orders/payment_actions/refunds/{id}", get(orders_v3::refund))
        .route("/customers", get(customers::list))
        .route("/catalog/products", get(catalogue::products))
        .route("/catalog/trees/categories", get(catalogue::categories))
        .route("/hooks", get(hooks::list).post(hooks::create))
        .route("/hooks/{id}", get(hooks::one).put(hooks::update).delete(hooks::delete))
        .fallback(async || Api::V3.error(StatusCode::NOT_FOUND, "The resource at that URL is not found."))
        .method_not_allowed_fallback(async || {
            Api::V3.error(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here.")
        })
}

async fn store_information(State(store): State<Store>) -> Response {
    json(StatusCode::OK, &v2_store::store(store.settings(), store.now()))
}

async fn time(State(store): State<Store>) -> Response {
    json(StatusCode::OK, &serde_json::json!({ "time": store.now().as_second() }))
}

async fn currencies(State(store): State<Store>) -> Response {
    json(StatusCode::OK, &v2_store::currencies(store.settings(), store.now()))
}
