//! `/v1/stores/{store}/documents`, and those of an order: what was posted, with request and answers.

use axum::extract::State;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size};
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::document::{DocumentState, StoredDocument};
use crate::store::document_search::{DocumentFilter, FoundDocument};

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
    /// Which sending it belongs to, from 1 on.
    number: i32,
    /// `send`, `look-up`, or `by-hand`: a look-up of what somebody says was entered by hand.
    step: String,
    /// When its end was recorded (UTC).
    at: String,
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
    /// The evidence it came from.
    evidence_hash: Option<String>,
    /// The revision of the rules it came from.
    rulebook_revision: Option<i64>,
    /// RECORDNO in Intacct.
    record_no: Option<String>,
    error: Option<String>,
    attempts: i32,
    lines: Vec<LineView>,
    /// The request's body for this document, without secrets.
    request: Option<String>,
    /// What each try at sending or looking it up brought.
    answers: Vec<AttemptView>,
    /// True when it was posted so long ago that its attempts are not kept any more (`retention.attempts_days`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    answers_removed: bool,
}

/// A document, told in short. Amounts are decimal strings in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentRow {
    /// The posting's idempotency key and control id.
    key: String,
    /// The order; missing for a document of no single order.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<u64>,
    kind: String,
    /// Its number in Intacct.
    number: String,
    /// `planned`, `sending`, `posted`, `rejected` or `unknown`; in daily mode `collected` or `summarised`.
    state: String,
    customer_id: String,
    currency: Option<String>,
    total: Option<Decimal>,
    posting_date: Option<String>,
    /// RECORDNO in Intacct.
    record_no: Option<String>,
    /// The summary it is a member of, in daily mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_key: Option<String>,
    error: Option<String>,
}

impl From<FoundDocument> for DocumentRow {
    fn from(found: FoundDocument) -> Self {
        Self {
            key: found.key,
            order_id: found.order_id,
            kind: found.kind,
            number: found.number,
            state: found.state.as_str().to_owned(),
            customer_id: found.customer_id,
            currency: found.currency,
            total: found.total,
            posting_date: found.posting_date.map(|date| date.to_string()),
            record_no: found.record_no,
            summary_key: found.summary_key,
            error: found.error,
        }
    }
}

/// A page of documents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentPage {
    documents: Vec<DocumentRow>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<String>,
}

/// Which documents to list. Everything that is named must fit.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentQuery {
    /// Only the document of this key.
    key: Option<String>,
    /// Only documents of this order.
    order_id: Option<u64>,
    /// Only documents of this kind, for example `invoice`.
    kind: Option<String>,
    /// Only documents in this state, for example `rejected`.
    state: Option<String>,
    /// Only documents of this number in Intacct.
    number: Option<String>,
    /// Only documents in this currency, for example `USD`.
    currency: Option<String>,
    /// Only documents of this customer in Intacct.
    customer_id: Option<String>,
    /// Only documents posted on this day or later, in the store's time zone.
    posting_date_from: Option<Date>,
    /// Only documents posted on this day or before.
    posting_date_to: Option<Date>,
    /// Only documents with a key after this one.
    after: Option<String>,
    /// Documents on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Lists documents by key.
#[utoipa::path(get, path = "/v1/stores/{store}/documents", tag = "documents", operation_id = "list_documents", params(("store" = String, Path), DocumentQuery),
    responses((status = 200, body = DocumentPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<DocumentQuery>,
) -> Result<Json<DocumentPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let filter = DocumentFilter {
        key: query.key,
        order_id: query.order_id,
        kind: query.kind,
        state: query.state,
        number: query.number,
        currency: query.currency,
        customer_id: query.customer_id,
        posting_date_from: query.posting_date_from,
        posting_date_to: query.posting_date_to,
    };
    let found = state.store.search_documents(&store, &filter, &query.after.unwrap_or_default(), limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|document| document.key.clone());
    Ok(Json(DocumentPage { documents: found.into_iter().map(DocumentRow::from).collect(), next_after }))
}

/// Shows one document. The slashes of its key are written `%2F`.
#[utoipa::path(get, path = "/v1/stores/{store}/documents/{key}", tag = "documents", operation_id = "show_document",
    params(("store" = String, Path), ("key" = String, Path, example = "acme-us%2F118%2Finvoice%2Fr1")),
    responses((status = 200, body = DocumentView)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    Path((store, key)): Path<(String, String)>,
) -> Result<Json<DocumentView>, Problem> {
    known_store(&state, &store)?;
    let found = state.store.document(&store, &key).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("Store '{store}' has no document '{key}'")))?;
    Ok(Json(view(&state, found).await?))
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
        views.push(view(&state, document).await?);
    }
    Ok(Json(views))
}

/// A document as the API shows it, with its lines and attempts.
pub(super) async fn view(state: &ApiState, document: StoredDocument) -> Result<DocumentView, Problem> {
    let planned = document.planned;
    let lines = state.store.posting_lines(&planned.store, &planned.key).await?.into_iter().map(|line| LineView {
        account: line.account,
        debit: line.debit,
        credit: line.credit,
        dimensions: line.dimensions,
        memo: line.memo,
        rule: line.rule,
    });
    let answers =
        state.store.attempt_trail(&planned.store, &planned.key).await?.into_iter().map(|attempt| AttemptView {
            number: attempt.number,
            step: attempt.step,
            at: attempt.at.to_string(),
            outcome: attempt.outcome,
            answer: attempt.answer,
        });
    // Nothing is posted without an attempt.
    let answers_removed = document.state == DocumentState::Posted && answers.len() == 0;
    Ok(DocumentView {
        lines: lines.collect(),
        answers: answers.collect(),
        answers_removed,
        key: planned.key,
        kind: planned.kind,
        number: planned.number,
        state: document.state.as_str().to_owned(),
        summary_key: document.summary.map(|summary| summary.key),
        customer_id: planned.customer_id,
        currency: planned.currency,
        total: planned.total,
        posting_date: planned.posting_date.map(|date| date.to_string()),
        evidence_hash: planned.evidence_hash,
        rulebook_revision: planned.revision,
        record_no: document.record_no,
        error: document.error,
        attempts: document.attempts,
        request: document.request,
    })
}
