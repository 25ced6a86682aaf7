//! Results of a dry run, row by row: its orders, every line of their documents, and what holds them.

use axum::extract::State;
use axum::response::Response;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::known_run;
use crate::http::ApiState;
use crate::http::admin::table::{Format, RowPage, Table, amount, answer, number, words};
use crate::http::admin::{Limit, in_currency};
use crate::http::extract::{Path, Query};
use crate::problem::Problem;

/// What an order came to. Its total is a decimal string in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct OrderRow {
    order_id: u64,
    /// `posted` (it would be, or is), `held`, `waiting`, `excluded`, or `unreadable` when nothing readable was kept of it.
    outcome: String,
    /// Why, when not posted.
    reason: String,
    currency: Option<String>,
    total: Option<Decimal>,
    /// Documents derived.
    documents: u32,
    /// Documents that would be posted now if these were the rules. Edited rules alone change nothing that is posted.
    to_post: u32,
    /// The evidence that was judged.
    evidence_hash: Option<String>,
}

/// Which orders to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct OrderRowQuery {
    /// Only orders with this outcome.
    outcome: Option<String>,
    /// The `next_after` of the page before.
    after: Option<String>,
    /// Rows on a page, at most 500. A table without it is whole.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

struct Orders(ApiState, String, i64, Option<String>);

impl Table for Orders {
    type Row = OrderRow;
    const NAME: &str = "dry-run-orders";
    const COLUMNS: &[&str] =
        &["order_id", "outcome", "reason", "currency", "total", "documents", "to_post", "evidence_hash"];

    fn cells(row: &OrderRow) -> Vec<Vec<String>> {
        let cells = [
            row.order_id.to_string(),
            row.outcome.clone(),
            words(&row.reason),
            row.currency.clone().unwrap_or_default(),
            amount(row.total),
            row.documents.to_string(),
            row.to_post.to_string(),
            row.evidence_hash.clone().unwrap_or_default(),
        ];
        vec![cells.into()]
    }

    fn place(row: &OrderRow) -> String {
        row.order_id.to_string()
    }

    async fn page(&self, after: Option<&str>, limit: u32) -> Result<Vec<OrderRow>, Problem> {
        let Self(state, store, run, outcome) = self;
        let found = state.store.dry_orders(store, *run, outcome.as_deref(), number(after)?, limit).await?;
        let rows = found.into_iter().map(|order| OrderRow {
            order_id: order.order_id,
            outcome: order.outcome,
            reason: order.reason,
            currency: order.currency,
            total: order.total,
            documents: order.documents,
            to_post: order.to_post,
            evidence_hash: order.evidence_hash,
        });
        Ok(rows.collect())
    }
}

/// What each order came to, by ascending id.
#[utoipa::path(get, path = "/v1/stores/{store}/dry-runs/{id}/orders", tag = "dry runs", operation_id = "list_dry_run_orders",
    params(("store" = String, Path), ("id" = i64, Path), OrderRowQuery),
    responses((status = 200, content((RowPage<OrderRow> = "application/json"), (String = "text/csv")))))]
pub(in super::super) async fn orders(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
    Query(query): Query<OrderRowQuery>,
    format: Format,
) -> Result<Response, Problem> {
    known_run(&state, &store, id).await?;
    answer(Orders(state, store, id, query.outcome), format, query.after, query.limit).await
}

/// A line of a derived document. Amounts are decimal strings in major units of `currency`, never negative.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct JournalRow {
    id: i64,
    order_id: u64,
    #[schema(example = "acme-us/118/invoice/r1")]
    document_key: String,
    #[schema(example = "invoice")]
    kind: String,
    #[schema(example = "BC-118")]
    number: String,
    #[schema(example = "2026-03-10")]
    posting_date: String,
    #[schema(example = "4000")]
    account: String,
    debit: Decimal,
    credit: Decimal,
    #[schema(example = "USD")]
    currency: String,
    /// Dimensions by name.
    #[schema(value_type = Object, example = json!({ "location": "100" }))]
    dimensions: serde_json::Value,
    memo: String,
    /// The rule or the setting that chose the account.
    #[schema(example = "product rule 'p-shirts'")]
    rule: String,
}

/// Which lines to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct JournalQuery {
    /// Only lines of this order.
    order_id: Option<u64>,
    /// Only lines on this account.
    account: Option<String>,
    /// The `next_after` of the page before.
    after: Option<String>,
    /// Rows on a page, at most 500. A table without it is whole.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

struct Journals {
    state: ApiState,
    store: String,
    run: i64,
    order_id: Option<u64>,
    account: Option<String>,
}

impl Table for Journals {
    type Row = JournalRow;
    const NAME: &str = "dry-run-journals";
    const COLUMNS: &[&str] = &[
        "id",
        "order_id",
        "document_key",
        "kind",
        "number",
        "posting_date",
        "account",
        "debit",
        "credit",
        "currency",
        "dimensions",
        "memo",
        "rule",
    ];

    fn cells(row: &JournalRow) -> Vec<Vec<String>> {
        let cells = [
            row.id.to_string(),
            row.order_id.to_string(),
            words(&row.document_key),
            row.kind.clone(),
            words(&row.number),
            row.posting_date.clone(),
            words(&row.account),
            row.debit.to_string(),
            row.credit.to_string(),
            row.currency.clone(),
            row.dimensions.to_string(),
            words(&row.memo),
            words(&row.rule),
        ];
        vec![cells.into()]
    }

    fn place(row: &JournalRow) -> String {
        row.id.to_string()
    }

    async fn page(&self, after: Option<&str>, limit: u32) -> Result<Vec<JournalRow>, Problem> {
        let run = (self.store.as_str(), self.run);
        let found =
            self.state.store.dry_lines(run, self.order_id, self.account.as_deref(), number(after)?, limit).await?;
        let rows = found.into_iter().map(|line| JournalRow {
            id: line.id,
            order_id: line.order_id,
            document_key: line.document_key,
            kind: line.kind,
            number: line.number,
            posting_date: line.posting_date.to_string(),
            account: line.account,
            debit: in_currency(line.debit, &line.currency),
            credit: in_currency(line.credit, &line.currency),
            currency: line.currency,
            dimensions: line.dimensions,
            memo: line.memo,
            rule: line.rule,
        });
        Ok(rows.collect())
    }
}

/// Every line of the derived documents: what the ledger would contain of these orders, whatever is posted already.
#[utoipa::path(get, path = "/v1/stores/{store}/dry-runs/{id}/journals", tag = "dry runs", operation_id = "list_dry_run_journals",
    params(("store" = String, Path), ("id" = i64, Path), JournalQuery),
    responses((status = 200, content((RowPage<JournalRow> = "application/json"), (String = "text/csv")))))]
pub(in super::super) async fn journals(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
    Query(query): Query<JournalQuery>,
    format: Format,
) -> Result<Response, Problem> {
    known_run(&state, &store, id).await?;
    let journals = Journals { state, store, run: id, order_id: query.order_id, account: query.account };
    answer(journals, format, query.after, query.limit).await
}

/// A reason not to post. Amounts are decimal strings in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct DryHoldRow {
    id: i64,
    order_id: u64,
    /// A stable code, for example `missing-rule`.
    code: String,
    subject: String,
    message: String,
    remedy: String,
    amount: Option<Decimal>,
    currency: Option<String>,
}

/// Which holds to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct DryHoldQuery {
    /// Only holds of this order.
    order_id: Option<u64>,
    /// Only holds of this code.
    code: Option<String>,
    /// The `next_after` of the page before.
    after: Option<String>,
    /// Rows on a page, at most 500. A table without it is whole.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

struct Holds {
    state: ApiState,
    store: String,
    run: i64,
    order_id: Option<u64>,
    code: Option<String>,
}

impl Table for Holds {
    type Row = DryHoldRow;
    const NAME: &str = "dry-run-holds";
    const COLUMNS: &[&str] = &["id", "order_id", "code", "subject", "message", "remedy", "amount", "currency"];

    fn cells(row: &DryHoldRow) -> Vec<Vec<String>> {
        let cells = [
            row.id.to_string(),
            row.order_id.to_string(),
            row.code.clone(),
            words(&row.subject),
            words(&row.message),
            words(&row.remedy),
            amount(row.amount),
            row.currency.clone().unwrap_or_default(),
        ];
        vec![cells.into()]
    }

    fn place(row: &DryHoldRow) -> String {
        row.id.to_string()
    }

    async fn page(&self, after: Option<&str>, limit: u32) -> Result<Vec<DryHoldRow>, Problem> {
        let run = (self.store.as_str(), self.run);
        let found = self.state.store.dry_holds(run, self.order_id, self.code.as_deref(), number(after)?, limit).await?;
        let rows = found.into_iter().map(|found| DryHoldRow {
            id: found.id,
            order_id: found.hold.order_id,
            code: found.hold.code,
            subject: found.hold.subject,
            message: found.hold.message,
            remedy: found.hold.remedy,
            amount: found.hold.amount,
            currency: found.hold.currency,
        });
        Ok(rows.collect())
    }
}

/// Everything that would keep something from being posted.
#[utoipa::path(get, path = "/v1/stores/{store}/dry-runs/{id}/holds", tag = "dry runs", operation_id = "list_dry_run_holds",
    params(("store" = String, Path), ("id" = i64, Path), DryHoldQuery),
    responses((status = 200, content((RowPage<DryHoldRow> = "application/json"), (String = "text/csv")))))]
pub(in super::super) async fn holds(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
    Query(query): Query<DryHoldQuery>,
    format: Format,
) -> Result<Response, Problem> {
    known_run(&state, &store, id).await?;
    let holds = Holds { state, store, run: id, order_id: query.order_id, code: query.code };
    answer(holds, format, query.after, query.limit).await
}
