//! `/v1/stores/{store}/orders`: where each order stands, and running one again.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exclusions::ExclusionView;
use super::{Limit, known_store, page_size};
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::order::OrderStanding;

/// An order as the API shows it. Amounts are decimal strings in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderView {
    order_id: u64,
    /// `posted`, `collected` (for a summary that is not posted yet), `held`, `waiting`, `excluded` or `failing`.
    outcome: String,
    /// Why, when not posted.
    reason: String,
    /// The order's status in the shop.
    status: String,
    /// The day it was placed, in the store's time zone.
    order_date: Option<String>,
    customer_id: Option<String>,
    currency: Option<String>,
    total: Option<Decimal>,
    open_balance: Option<Decimal>,
    evidence_hash: Option<String>,
    rulebook_revision: Option<i64>,
    /// When this was written (UTC).
    updated_at: Option<String>,
}

impl From<OrderStanding> for OrderView {
    fn from(order: OrderStanding) -> Self {
        Self {
            order_id: order.order_id,
            outcome: order.outcome,
            reason: order.reason,
            status: order.status,
            order_date: order.order_date.map(|date| date.to_string()),
            customer_id: order.customer_id,
            currency: order.currency,
            total: order.total,
            open_balance: order.open_balance,
            evidence_hash: order.evidence_hash,
            rulebook_revision: order.revision,
            updated_at: order.updated_at.map(|at| at.to_string()),
        }
    }
}

/// One order with what it has cost.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OneOrder {
    #[serde(flatten)]
    order: OrderView,
    /// API transactions of Intacct spent on it so far, by function; in daily mode its documents cost none of their own.
    api_transactions: BTreeMap<String, u64>,
    /// Whether it goes daily because the company's forecast of API transactions was over its limit.
    daily_over_budget: bool,
    /// The decision to post nothing of it; missing when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusion: Option<ExclusionView>,
}

/// A page of orders.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderPage {
    orders: Vec<OrderView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<u64>,
}

/// Which orders to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderQuery {
    /// Only orders with this outcome.
    outcome: Option<String>,
    /// Only orders with a higher id.
    after: Option<u64>,
    /// Orders on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Lists orders by ascending id.
#[utoipa::path(get, path = "/v1/stores/{store}/orders", tag = "orders", operation_id = "list_orders", params(("store" = String, Path), OrderQuery),
    responses((status = 200, body = OrderPage), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<OrderQuery>,
) -> Result<Json<OrderPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let orders = state.store.orders(&store, query.outcome.as_deref(), query.after.unwrap_or_default(), limit).await?;
    let full = orders.len() == limit as usize;
    let next_after = orders.last().filter(|_| full).map(|order| order.order_id);
    Ok(Json(OrderPage { orders: orders.into_iter().map(OrderView::from).collect(), next_after }))
}

/// Shows one order.
#[utoipa::path(get, path = "/v1/stores/{store}/orders/{order_id}", tag = "orders", operation_id = "show_order", params(("store" = String, Path), ("order_id" = u64, Path)),
    responses((status = 200, body = OneOrder), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    Path((store, order_id)): Path<(String, u64)>,
) -> Result<Json<OneOrder>, Problem> {
    known_store(&state, &store)?;
    let order = state.store.order(&store, order_id).await?;
    let order = order.ok_or_else(|| Problem::not_found(format!("Order {order_id} has not been seen")))?;
    Ok(Json(OneOrder {
        order: order.into(),
        api_transactions: state.store.usage_of_order(&store, order_id).await?,
        daily_over_budget: state.store.goes_daily(&store, order_id).await?,
        exclusion: state.store.exclusion(&store, order_id).await?.map(ExclusionView::from),
    }))
}

/// Marks an order as due: it is read again and whatever is missing in Intacct is posted. Doing so twice posts nothing twice.
#[utoipa::path(post, path = "/v1/stores/{store}/orders/{order_id}/replay", tag = "orders", operation_id = "replay_order", params(("store" = String, Path), ("order_id" = u64, Path)),
    responses((status = 202, description = "The order is due"), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn replay(
    State(state): State<ApiState>,
    Path((store, order_id)): Path<(String, u64)>,
) -> Result<StatusCode, Problem> {
    known_store(&state, &store)?;
    state.store.mark_due(&store, order_id).await?;
    state.wake.wake();
    Ok(StatusCode::ACCEPTED)
}
