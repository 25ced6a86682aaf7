//! `/v1/stores/{store}/deliveries`: the webhook deliveries that were kept, as they came.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size};
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::replay::{DeliveryFilter, StoredDelivery};

/// A delivery as the API shows it. Moments are UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryView {
    id: i64,
    /// The sender's id of it; a repeat has the same and is kept once.
    webhook_id: String,
    /// What it tells, for example `store/order/updated`.
    scope: String,
    /// The order; missing when it concerns none.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<u64>,
    /// When it happened, as BigCommerce says.
    event_at: String,
    /// When it came.
    received_at: String,
    /// The body as it came: a hint, with ids and no content of the order.
    body: String,
}

impl From<StoredDelivery> for DeliveryView {
    fn from(delivery: StoredDelivery) -> Self {
        Self {
            id: delivery.id,
            webhook_id: delivery.webhook_id,
            scope: delivery.scope,
            order_id: delivery.order_id,
            event_at: delivery.event_at.to_string(),
            received_at: delivery.received_at.to_string(),
            body: delivery.body,
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryPage {
    deliveries: Vec<DeliveryView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
    /// Deliveries received up to this moment (UTC) are not kept any more (`retention.deliveries_days`); missing when all
    /// are, and when only later ones were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_through: Option<String>,
}

/// Which deliveries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryQuery {
    /// Only what tells this, for example `store/order/updated`.
    scope: Option<String>,
    /// Only this order's.
    order_id: Option<u64>,
    /// Only what was received at this moment or later (UTC).
    #[param(value_type = Option<String>, format = DateTime)]
    received_from: Option<Timestamp>,
    /// Only what was received before this moment (UTC).
    #[param(value_type = Option<String>, format = DateTime)]
    received_to: Option<Timestamp>,
    /// Only deliveries received after the one with this id.
    after: Option<i64>,
    /// Deliveries on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Lists kept webhook deliveries in the order they were received.
#[utoipa::path(get, path = "/v1/stores/{store}/deliveries", tag = "deliveries", operation_id = "list_deliveries",
    params(("store" = String, Path), DeliveryQuery), responses((status = 200, body = DeliveryPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<DeliveryPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let filter = DeliveryFilter {
        ids: None,
        scope: query.scope,
        order_id: query.order_id,
        received_from: query.received_from,
        received_to: query.received_to,
    };
    let found = state.store.kept_deliveries(&store, &filter, query.after, limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|delivery| delivery.id);
    let removed_through = removed_from(&state, &store, &filter).await?.map(|through| through.to_string());
    let deliveries = found.into_iter().map(DeliveryView::from).collect();
    Ok(Json(DeliveryPage { deliveries, next_after, removed_through }))
}

/// Up to when deliveries were removed (UTC), when some of those asked for may be among them.
pub(super) async fn removed_from(
    state: &ApiState,
    store: &str,
    filter: &DeliveryFilter,
) -> Result<Option<Timestamp>, Problem> {
    let through = state.store.not_kept(store).await?.deliveries_through;
    Ok(through.filter(|through| filter.received_from.is_none_or(|from| from <= *through)))
}
