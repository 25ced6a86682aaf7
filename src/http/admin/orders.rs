//! `/v1/stores/{store}/orders`: where each order stands, and running one again.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exclusions::ExclusionView;
use super::{Limit, in_currency, known_store, page_size};
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::order::OrderStanding;
use crate::store::order_search::OrderFilter;

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
        let currency = order.currency.as_deref().unwrap_or_default();
        let shown = |amount: Option<Decimal>| amount.map(|amount| in_currency(amount, currency));
        Self {
            total: shown(order.total),
            open_balance: shown(order.open_balance),
            order_id: order.order_id,
            outcome: order.outcome,
            reason: order.reason,
            status: order.status,
            order_date: order.order_date.map(|date| date.to_string()),
            customer_id: order.customer_id,
            currency: order.currency,
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

/// Which orders to list. Everything that is named must fit.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderQuery {
    /// The order of this id, or that has a document of this number, for example `BC-118-R12`.
    q: Option<String>,
    /// Only orders with this outcome.
    outcome: Option<String>,
    /// Only orders with this status in the shop, for example `Shipped`.
    status: Option<String>,
    /// Only orders in this currency, for example `USD`.
    currency: Option<String>,
    /// Only orders of this customer in Intacct.
    customer_id: Option<String>,
    /// Only orders placed on this day or later, in the store's time zone.
    order_date_from: Option<Date>,
    /// Only orders placed on this day or before.
    order_date_to: Option<Date>,
    /// Only orders with a document of this posting date or later; one without documents counts by the day it was placed.
    posting_date_from: Option<Date>,
    /// Only orders with a document of this posting date or before.
    posting_date_to: Option<Date>,
    /// Only orders whose total is at least this, in major units.
    total_min: Option<Decimal>,
    /// Only orders whose total is at most this, in major units.
    total_max: Option<Decimal>,
    /// Only orders with an open hold of this code, for example `missing-rule`.
    hold_code: Option<String>,
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
    let filter = OrderFilter {
        order_ids: None,
        named: query.q,
        outcome: query.outcome,
        status: query.status,
        currency: query.currency,
        customer_id: query.customer_id,
        order_date_from: query.order_date_from,
        order_date_to: query.order_date_to,
        posting_date_from: query.posting_date_from,
        posting_date_to: query.posting_date_to,
        total_min: query.total_min,
        total_max: query.total_max,
        hold_code: query.hold_code,
    };
    let orders = state.store.search_orders(&store, &filter, query.after.unwrap_or_default(), limit).await?;
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
    Ok(Json(view(&state, &store, order_id).await?.1))
}

/// Where an order stands, and how it is shown.
pub(super) async fn view(state: &ApiState, store: &str, order_id: u64) -> Result<(OrderStanding, OneOrder), Problem> {
    let order = state.store.order(store, order_id).await?;
    let order = order.ok_or_else(|| Problem::not_found(format!("Order {order_id} has not been seen")))?;
    let shown = OneOrder {
        order: order.clone().into(),
        api_transactions: state.store.usage_of_order(store, order_id).await?,
        daily_over_budget: state.store.goes_daily(store, order_id).await?,
        exclusion: state.store.exclusion(store, order_id).await?.map(ExclusionView::from),
    };
    Ok((order, shown))
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
