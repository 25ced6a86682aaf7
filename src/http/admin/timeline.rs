//! `/v1/stores/{store}/orders/{order_id}/timeline`: everything that happened to an order, in the order of time.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size};
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineEvent {
    /// Its place in time, from 1 on.
    place: i64,
    /// When (UTC).
    at: String,
    /// `delivery-received`, `evidence-read`, `evidence-read-again`, `planned`, `sent`, `answered`, `looked-up`,
    /// `looked-up-by-hand` (what somebody says was entered by hand), `posted`, `summed-up`, `held` or `released`.
    #[schema(example = "posted")]
    event: String,
    /// What it is about: a webhook's id, an evidence's hash, a document's key, or a hold's code and subject.
    #[schema(example = "acme-us/118/invoice/r1")]
    subject: String,
    /// What more there is to say.
    #[schema(example = "record 2091")]
    detail: String,
}

/// A page of what happened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Timeline {
    events: Vec<TimelineEvent>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
    /// Deliveries received up to this moment (UTC) are not kept any more; missing when all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    deliveries_removed_through: Option<String>,
    /// Readings that were replaced up to this moment (UTC) are kept only where something names them; missing as
    /// long as none was looked through.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_removed_through: Option<String>,
}

/// Which part to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TimelineQuery {
    /// Only what has a later place.
    after: Option<i64>,
    /// Events on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Lists what happened to an order, the oldest first. Of a document that was sent more than once only the last sending has
/// its time; every answer has. Of one that was posted so long ago that its attempts are not kept any more, the posting is told.
#[utoipa::path(get, path = "/v1/stores/{store}/orders/{order_id}/timeline", tag = "orders", operation_id = "show_order_timeline",
    params(("store" = String, Path), ("order_id" = u64, Path), TimelineQuery), responses((status = 200, body = Timeline)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path((store, order_id)): Path<(String, u64)>,
    Query(query): Query<TimelineQuery>,
) -> Result<Json<Timeline>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let after = query.after.unwrap_or_default();
    let found = state.store.timeline(&store, order_id, after, limit).await?;
    if found.is_empty() && after == 0 {
        return Err(Problem::not_found(format!("Order {order_id} has not been seen")));
    }
    let not_kept = state.store.not_kept(&store).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|event| event.place);
    let events = found
        .into_iter()
        .map(|event| TimelineEvent {
            place: event.place,
            at: event.at.to_string(),
            event: event.event,
            subject: event.subject,
            detail: event.detail,
        })
        .collect();
    Ok(Json(Timeline {
        events,
        next_after,
        deliveries_removed_through: not_kept.deliveries_through.map(|at| at.to_string()),
        evidence_removed_through: not_kept.evidence_through.map(|at| at.to_string()),
    }))
}
