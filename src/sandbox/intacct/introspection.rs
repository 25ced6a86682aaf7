//! Looking at the company and steering it: books as JSON, the request log, faults, settings, and the page at `/`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::company::{Company, CompanyError, SettingsChange};
use super::faults::Fault;
use super::page;

/// The routes beside the gateway.
pub(super) fn router() -> Router<Company> {
    Router::new()
        .route("/", get(|State(company): State<Company>| async move { Html(page::render(&company)) }))
        .route(
            "/books/trial-balance",
            get(|State(company): State<Company>| async move { Json(company.trial_balance()) }),
        )
        .route("/books/accounts", get(|State(company): State<Company>| async move { Json(company.accounts()) }))
        .route("/books/customers", get(|State(company): State<Company>| async move { Json(company.customers()) }))
        .route("/books/contacts", get(|State(company): State<Company>| async move { Json(company.contacts()) }))
        .route("/books/invoices", get(|State(company): State<Company>| async move { Json(company.invoices()) }))
        .route("/books/adjustments", get(|State(company): State<Company>| async move { Json(company.adjustments()) }))
        .route(
            "/books/order-entry",
            get(|State(company): State<Company>| async move { Json(company.sales_documents()) }),
        )
        .route("/books/payments", get(|State(company): State<Company>| async move { Json(company.payments()) }))
        .route(
            "/books/other-receipts",
            get(|State(company): State<Company>| async move { Json(company.other_receipts()) }),
        )
        .route("/books/deposits", get(|State(company): State<Company>| async move { Json(company.deposits()) }))
        .route("/books/journals", get(|State(company): State<Company>| async move { Json(company.journals()) }))
        .route("/books/attachments", get(|State(company): State<Company>| async move { Json(company.attachments()) }))
        .route("/books/ledger", get(|State(company): State<Company>| async move { Json(company.ledger()) }))
        .route("/requests", get(|State(company): State<Company>| async move { Json(company.requests()) }))
        .route("/concurrency", get(|State(company): State<Company>| async move { Json(company.concurrency()) }))
        .route("/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/settings", post(change))
}

async fn list_faults(State(company): State<Company>) -> Json<Vec<Fault>> {
    Json(company.pending_faults())
}

async fn add_fault(State(company): State<Company>, Json(fault): Json<Fault>) -> (StatusCode, Json<Vec<Fault>>) {
    company.add_fault(fault);
    (StatusCode::CREATED, Json(company.pending_faults()))
}

async fn clear_faults(State(company): State<Company>) -> StatusCode {
    company.clear_faults();
    StatusCode::NO_CONTENT
}

async fn change(State(company): State<Company>, Json(change): Json<SettingsChange>) -> Response {
    let changed = tokio::task::spawn_blocking(move || company.change(&change)).await;
    match changed {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(error @ CompanyError::Unknown(_))) => {
            (StatusCode::NOT_FOUND, Json(json!({ "error": error.to_string() }))).into_response()
        }
        Ok(Err(error)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": error.to_string() }))).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
