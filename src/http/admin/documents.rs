//! `/v1/stores/{store}/orders/{order_id}/documents`: what was posted for an order, with request and answers.

use axum::extract::State;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::known_store;
use crate::http::ApiState;
use crate::http::extract::{Json, Path};
use crate::problem::Problem;

/// A ledger line; amounts are decimal strings in major units of the document's currency.
#[derive(Debug, Serialize, ToSchema)]
struct LineView {
    account: String,
    debit: Decimal,
    credit: Decimal,
    /// Dimensions by name.
    #[schema(value_type = Object)]
    dimensions: serde_json::Value,
    memo: String,
    /// The rule that chose the account.
    rule: String,
}

/// What a try at sending or looking up brought.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    /// `send`, `look-up`, or `by-hand`: a look-up of what somebody says was entered by hand.
    step: String,
    outcome: String,
    /// Intacct's answer, without secrets.
    answer: Option<String>,
}

/// A document as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentView {
    /// The posting's idempotency key and control id.
    key: String,
    kind: String,
    /// Its number in Intacct.
    number: String,
    /// `planned`, `sending`, `posted`, `rejected` or `unknown`; in daily mode `collected` or `summarised`.
    state: String,
    /// The summary it is a member of, in daily mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_key: Option<String>,
    customer_id: String,
    currency: Option<String>,
    total: Option<Decimal>,
    posting_date: Option<String>,
    /// RECORDNO in Intacct.
    record_no: Option<String>,
    error: Option<String>,
    attempts: i32,
    lines: Vec<LineView>,
    /// The request's body for this document, without secrets.
    request: Option<String>,
    answers: Vec<AttemptView>,
}

/// Lists the documents of an order.
#[utoipa::path(get, path = "/v1/stores/{store}/orders/{order_id}/documents", tag = "orders", operation_id = "list_order_documents", params(("store" = String, Path), ("order_id" = u64, Path)),
    responses((status = 200, body = Vec<DocumentView>), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn of_order(
    State(state): State<ApiState>,
    Path((store, order_id)): Path<(String, u64)>,
) -> Result<Json<Vec<DocumentView>>, Problem> {
    known_store(&state, &store)?;
    let mut views = Vec::new();
    for document in state.store.documents(&store, order_id).await? {
        let planned = document.planned;
        let lines = state.store.posting_lines(&planned.key).await?;
        let answers = state.store.attempts(&planned.key).await?;
        views.push(DocumentView {
            key: planned.key,
            kind: planned.kind,
            number: planned.number,
            state: document.state.as_str().to_owned(),
            summary_key: document.summary.map(|summary| summary.key),
            customer_id: planned.customer_id,
            currency: planned.currency,
            total: planned.total,
            posting_date: planned.posting_date.map(|date| date.to_string()),
            record_no: document.record_no,
            error: document.error,
            attempts: document.attempts,
            lines: lines
                .into_iter()
                .map(|line| LineView {
                    account: line.account,
                    debit: line.debit,
                    credit: line.credit,
                    dimensions: line.dimensions,
                    memo: line.memo,
                    rule: line.rule,
                })
                .collect(),
            request: document.request,
            answers: answers.into_iter().map(|(step, outcome, answer)| AttemptView { step, outcome, answer }).collect(),
        });
    }
    Ok(Json(views))
}
