//! `/v1/stores/{store}/holds`: what is held, why, how much money it blocks, and what to do.

use axum::Json;
use axum::extract::{Path, Query, State};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{known_store, page_size};
use crate::http::ApiState;
use crate::problem::Problem;

/// A hold as the API shows it. Amounts are decimal strings in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoldView {
    id: i64,
    /// The order; missing when the hold is on a document of no single order.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<u64>,
    /// The document of no single order, for example the summary of a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    document_key: Option<String>,
    /// A stable code, for example `missing-rule`.
    code: String,
    /// What it is about.
    subject: String,
    /// What is wrong, with the figures.
    message: String,
    /// What to do.
    remedy: String,
    amount: Option<Decimal>,
    currency: Option<String>,
    /// Since when (UTC).
    opened_at: String,
    /// Where to see what was sent and what Intacct answered: the order's documents, or the store's summaries.
    link: String,
}

/// A page of holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoldPage {
    holds: Vec<HoldView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
}

/// Which holds to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HoldQuery {
    /// Only this order's.
    order_id: Option<u64>,
    /// Only holds with a higher id.
    after: Option<i64>,
    /// Holds on a page, at most 500.
    limit: Option<u32>,
}

/// Lists open holds, oldest first.
#[utoipa::path(get, path = "/v1/stores/{store}/holds", params(("store" = String, Path), HoldQuery),
    responses((status = 200, body = HoldPage), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<HoldQuery>,
) -> Result<Json<HoldPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let found = state.store.open_holds(Some(&store), query.order_id, query.after.unwrap_or_default(), limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|hold| hold.id);
    let holds = found
        .into_iter()
        .map(|stored| HoldView {
            link: match stored.order_id {
                Some(order) => format!("/v1/stores/{store}/orders/{order}/documents"),
                None => format!("/v1/stores/{store}/summaries"),
            },
            id: stored.id,
            order_id: stored.order_id,
            document_key: stored.document_key,
            code: stored.hold.code,
            subject: stored.hold.subject,
            message: stored.hold.message,
            remedy: stored.hold.remedy,
            amount: stored.hold.amount,
            currency: stored.hold.currency,
            opened_at: stored.opened_at.to_string(),
        })
        .collect();
    Ok(Json(HoldPage { holds, next_after }))
}
