//! `/v1/stores/{store}/orders/replay` and `/deliveries/replay`: many orders run again, at a pace that leaves room for new ones.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::deliveries::removed_from;
use super::known_store;
use crate::http::ApiState;
use crate::http::extract::{Json, Path};
use crate::problem::Problem;
use crate::store::replay::{DeliveryFilter, OrderFilter, Part};

/// Ids of one request.
pub(super) const IDS_MAX: usize = 10_000;
/// Orders that become due in a minute when the caller does not say.
pub(super) const PER_MINUTE: u32 = 600;
/// The most that may be asked for.
pub(super) const PER_MINUTE_MAX: u32 = 60_000;

/// Which orders are run again: those named, or those that were seen before and fit everything else that is given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReplayWish {
    /// All orders of the store that were seen; then nothing else may be given.
    all: bool,
    /// These, at most 10,000, whether they were seen before or not; then no other field may choose orders.
    order_ids: Option<Vec<u64>>,
    /// Placed on this day or later, in the store's time zone.
    #[schema(value_type = Option<String>, format = Date, example = "2026-03-01")]
    placed_from: Option<Date>,
    /// Placed on this day or before.
    #[schema(value_type = Option<String>, format = Date, example = "2026-03-31")]
    placed_to: Option<Date>,
    /// Where they stand, for example `held`.
    outcome: Option<String>,
    /// Their status in the shop.
    status: Option<String>,
    /// Their currency.
    currency: Option<String>,
    /// Their customer in Intacct.
    customer_id: Option<String>,
    /// How many become due in a minute after the first 100, 1 to 60,000; 600 when it is missing.
    #[schema(minimum = 1, maximum = 60_000)]
    per_minute: Option<u32>,
}

/// Which deliveries are replayed: those that fit everything that is given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DeliveryReplayWish {
    /// All kept deliveries of the store; then nothing else may be given.
    all: bool,
    /// These, at most 10,000.
    ids: Option<Vec<i64>>,
    /// That tell this, for example `store/order/updated`.
    scope: Option<String>,
    /// Of this order.
    order_id: Option<u64>,
    /// Received at this moment or later (UTC).
    #[schema(value_type = Option<String>, format = DateTime)]
    received_from: Option<Timestamp>,
    /// Received before this moment (UTC).
    #[schema(value_type = Option<String>, format = DateTime)]
    received_to: Option<Timestamp>,
    /// How many orders become due in a minute after the first 100, 1 to 60,000; 600 when it is missing.
    #[schema(minimum = 1, maximum = 60_000)]
    per_minute: Option<u32>,
}

/// How many orders are run again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    /// Orders that were marked as due: each is read again, and whatever is missing in Intacct is posted.
    orders: u64,
    /// How many of them become due in a minute, after the first 100.
    per_minute: u32,
    /// Of deliveries: those received up to this moment (UTC) are not kept any more, and their orders not among these unless
    /// later ones named them; missing when all are kept, and when only later ones were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_through: Option<String>,
}

/// Runs orders again. The first 100 are due at once, the others at a pace, so that new orders are not kept waiting. Doing so
/// twice posts nothing twice.
#[utoipa::path(post, path = "/v1/stores/{store}/orders/replay", tag = "orders", operation_id = "replay_orders",
    params(("store" = String, Path)), request_body = ReplayWish, responses((status = 202, body = Replayed)))]
pub(super) async fn orders(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Json(wish): Json<ReplayWish>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    known_store(&state, &store)?;
    let per_minute = pace(wish.per_minute)?;
    let filter = OrderFilter {
        placed_from: wish.placed_from,
        placed_to: wish.placed_to,
        outcome: wish.outcome,
        status: wish.status,
        currency: wish.currency,
        customer_id: wish.customer_id,
    };
    let unfiltered = filter == OrderFilter::default();
    let orders = match wish.order_ids {
        Some(ids) if !wish.all && unfiltered => {
            within_limit(ids.len())?;
            state.store.replay_these(&store, &ids, per_minute).await?
        }
        None if wish.all == unfiltered => {
            let (mut marked, mut part) = (0, Some(Part::first(per_minute)));
            while let Some(now) = part {
                let done = state.store.replay_orders(&store, &filter, now).await?;
                marked += done.orders;
                part = now.then(done);
            }
            marked
        }
        _ => return Err(nothing_asked("order")),
    };
    state.wake.wake();
    Ok((StatusCode::ACCEPTED, Json(Replayed { orders, per_minute, removed_through: None })))
}

/// Runs the orders of kept deliveries again, each once however many deliveries it has. Deliveries of no order do nothing. The
/// pace is that of /orders/replay. Doing so twice posts nothing twice. A range of which nothing is kept any more is refused.
#[utoipa::path(post, path = "/v1/stores/{store}/deliveries/replay", tag = "deliveries", operation_id = "replay_deliveries",
    params(("store" = String, Path)), request_body = DeliveryReplayWish, responses((status = 202, body = Replayed)))]
pub(super) async fn deliveries(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Json(wish): Json<DeliveryReplayWish>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    known_store(&state, &store)?;
    let per_minute = pace(wish.per_minute)?;
    within_limit(wish.ids.as_ref().map_or(0, Vec::len))?;
    let filter = DeliveryFilter {
        ids: wish.ids,
        scope: wish.scope,
        order_id: wish.order_id,
        received_from: wish.received_from,
        received_to: wish.received_to,
    };
    if wish.all != (filter == DeliveryFilter::default()) {
        return Err(nothing_asked("delivery"));
    }
    let removed_through = removed_from(&state, &store, &filter).await?;
    if let Some(through) = removed_through.filter(|through| filter.received_to.is_some_and(|to| to <= *through)) {
        return Err(nothing_kept(through));
    }
    let (mut orders, mut part) = (0, Some(Part::first(per_minute)));
    while let Some(now) = part {
        let done = state.store.replay_deliveries(&store, &filter, now).await?;
        orders += done.orders;
        part = now.then(done);
    }
    state.wake.wake();
    let removed_through = removed_through.map(|through| through.to_string());
    Ok((StatusCode::ACCEPTED, Json(Replayed { orders, per_minute, removed_through })))
}

/// Refuses a range of time that is older than deliveries are kept.
fn nothing_kept(through: Timestamp) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "deliveries-not-kept",
        format!("Deliveries received up to {through} are not kept any more"),
        "Replay the orders instead, by the days they were placed on (orders/replay), or read them again with a backfill. \
         Nothing was marked.",
    )
}

fn pace(per_minute: Option<u32>) -> Result<u32, Problem> {
    match per_minute.unwrap_or(PER_MINUTE) {
        pace @ 1..=PER_MINUTE_MAX => Ok(pace),
        _ => Err(not_valid(format!("per_minute must be 1 to {PER_MINUTE_MAX}"))),
    }
}

/// Refuses more ids than one request may name.
pub(super) fn within_limit(ids: usize) -> Result<(), Problem> {
    if ids <= IDS_MAX {
        Ok(())
    } else {
        Err(not_valid(format!("{ids} ids are more than the {IDS_MAX} of one request")))
    }
}

fn not_valid(why: String) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "replay-not-valid",
        why,
        "Mend it and send it again. Nothing was marked.",
    )
}

/// Refuses a body that chooses nothing, or everything and something.
pub(super) fn nothing_asked(what: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "choice-not-clear",
        format!("The body does not say clearly which of what there is: each {what} that fits a filter, or all"),
        "Give at least one field to choose by, or \"all\": true and none; ids of orders stand alone. Nothing was marked.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_within_its_limits() {
        assert_eq!(pace(None), Ok(600));
        assert_eq!(pace(Some(60_000)), Ok(60_000));
        for wrong in [0, 60_001] {
            assert_eq!(pace(Some(wrong)).unwrap_err().code, "replay-not-valid");
        }
    }
}
