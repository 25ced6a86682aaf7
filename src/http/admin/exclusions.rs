//! `/v1/stores/{store}/orders/{order_id}/exclude` and `/include`: deciding that nothing of an order is posted.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{known_store, said};
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path};
use crate::problem::Problem;
use crate::store::exclusion::{Excluded, Exclusion};

/// Why an order is excluded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExclusionWish {
    /// Why, 1 to 500 characters: lists and reports show it.
    #[schema(min_length = 1, max_length = 500, example = "a test order of the shop's agency")]
    reason: String,
}

/// A decision to post nothing of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExclusionView {
    reason: String,
    /// Who decided it.
    excluded_by: String,
    /// When (UTC).
    excluded_at: String,
}

impl From<Exclusion> for ExclusionView {
    fn from(exclusion: Exclusion) -> Self {
        Self {
            reason: exclusion.reason,
            excluded_by: exclusion.excluded_by,
            excluded_at: exclusion.excluded_at.to_string(),
        }
    }
}

/// Excludes an order: from this answer on nothing of it is sent. Refused when something of it is in Intacct or in a summary, or
/// may be: that is taken back with a refund, a cancellation or a correction, never by looking away.
#[utoipa::path(post, path = "/v1/stores/{store}/orders/{order_id}/exclude", tag = "orders", operation_id = "exclude_order",
    params(("store" = String, Path), ("order_id" = u64, Path)), request_body = ExclusionWish,
    responses((status = 200, body = ExclusionView)))]
pub(super) async fn exclude(
    State(state): State<ApiState>,
    caller: Caller,
    Path((store, order_id)): Path<(String, u64)>,
    Json(wish): Json<ExclusionWish>,
) -> Result<Json<ExclusionView>, Problem> {
    known_store(&state, &store)?;
    let reason = said("reason", &wish.reason)?;
    match state.store.exclude_order(&store, order_id, reason, &caller.name).await? {
        Excluded::Done(exclusion) => {
            state.wake.wake();
            Ok(Json(exclusion.into()))
        }
        Excluded::Stands(numbers) => Err(Problem::new(
            StatusCode::CONFLICT,
            "order-has-postings",
            format!("Of order {order_id} something is in the ledger or on its way there: {}", numbers.join(", ")),
            "Cancel or refund the order in BigCommerce, so that it is taken back; or wait until what is on its way is \
             settled and try again. Nothing was changed.",
        )),
        Excluded::Claimed => Err(Problem::new(
            StatusCode::CONFLICT,
            "order-has-claims",
            format!("Somebody says that something of order {order_id} was entered in Intacct by hand"),
            "Withdraw that claim first. Nothing was changed.",
        )),
    }
}

/// Includes an excluded order again: it is due at once.
#[utoipa::path(post, path = "/v1/stores/{store}/orders/{order_id}/include", tag = "orders", operation_id = "include_order",
    params(("store" = String, Path), ("order_id" = u64, Path)),
    responses((status = 202, description = "The order is due")))]
pub(super) async fn include(
    State(state): State<ApiState>,
    Path((store, order_id)): Path<(String, u64)>,
) -> Result<StatusCode, Problem> {
    known_store(&state, &store)?;
    if !state.store.include_order(&store, order_id).await? {
        return Err(Problem::not_found(format!("Order {order_id} is not excluded by anybody's decision")));
    }
    state.wake.wake();
    Ok(StatusCode::ACCEPTED)
}
