//! `/v1/stores/{store}/backfills`: ranges of old orders that are read again and posted where something is missing.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size};
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::backfill::{Backfill, BackfillState, NewBackfill};

/// Orders in a minute when the caller does not say: about half of what the smallest plan's API quota can read.
const ORDERS_PER_MINUTE: u32 = 18;
/// Orders in a minute at most.
const ORDERS_PER_MINUTE_MAX: u32 = 6000;
/// The highest order status of BigCommerce.
const STATUS_MAX: u32 = 14;

/// A backfill that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BackfillWish {
    /// Orders placed at or after this moment (UTC).
    #[schema(value_type = String, format = DateTime, example = "2026-01-01T00:00:00Z")]
    placed_from: Timestamp,
    /// Orders placed at or before this moment (UTC).
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T23:59:59Z")]
    placed_to: Timestamp,
    /// Only orders in these statuses of BigCommerce, 0 to 14; in any when it is missing or empty.
    #[serde(default)]
    #[schema(example = json!([2, 10, 11]))]
    statuses: Vec<u32>,
    /// Orders in a minute at most, 1 to 6000; 18 when it is missing. Each costs about eight API calls of BigCommerce.
    #[schema(minimum = 1, maximum = 6000, example = 18)]
    orders_per_minute: Option<u32>,
    /// Whether orders from before the store's go-live (`go_live`, `first_order`) are posted, too. They stay so.
    #[serde(default)]
    before_go_live: bool,
}

/// A backfill. Moments are UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackfillView {
    id: i64,
    state: BackfillState,
    placed_from: String,
    placed_to: String,
    /// Empty: in any status.
    statuses: Vec<u32>,
    orders_per_minute: u32,
    before_go_live: bool,
    /// How far it is in percent, by the numbers of the orders; missing before it began. The last orders that were marked may
    /// still be waiting when it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u32>,
    /// Orders looked at.
    seen: u64,
    /// Orders marked as due.
    marked: u64,
    /// Orders up to this number are marked.
    after_order: u64,
    /// Failures in a row; it goes on by itself.
    failures: u32,
    /// The last failure, until it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    created_by: String,
    created_at: String,
    /// When it was done or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
}

impl From<Backfill> for BackfillView {
    fn from(backfill: Backfill) -> Self {
        Self {
            percent: backfill.percent(),
            id: backfill.id,
            state: backfill.state,
            placed_from: backfill.wanted.placed_from.to_string(),
            placed_to: backfill.wanted.placed_to.to_string(),
            statuses: backfill.wanted.statuses,
            orders_per_minute: backfill.wanted.orders_per_minute,
            before_go_live: backfill.wanted.before_go_live,
            seen: backfill.seen,
            marked: backfill.marked,
            after_order: backfill.after_id,
            failures: backfill.failures,
            last_error: backfill.last_error,
            created_by: backfill.wanted.created_by,
            created_at: backfill.created_at.to_string(),
            ended_at: backfill.ended_at.map(|at| at.to_string()),
        }
    }
}

/// A page of backfills.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackfillPage {
    /// Oldest first: a store's backfills are done in this order, one at a time.
    backfills: Vec<BackfillView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
}

/// Which backfills to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct BackfillQuery {
    /// Only backfills with a higher number.
    after: Option<i64>,
    /// Backfills on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Begins a backfill: every order of the range is read again, and posted where something is missing in Intacct. Doing so
/// twice posts nothing twice. Live orders come first.
#[utoipa::path(post, path = "/v1/stores/{store}/backfills", tag = "backfills", operation_id = "create_backfill",
    params(("store" = String, Path)), request_body = BackfillWish, responses((status = 201, body = BackfillView)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Path(store): Path<String>,
    Json(wish): Json<BackfillWish>,
) -> Result<(StatusCode, Json<BackfillView>), Problem> {
    known_store(&state, &store)?;
    let new = checked(wish, store, caller.name)?;
    let id = state.store.create_backfill(&new).await?;
    Ok((StatusCode::CREATED, found(&state, &new.store, id).await?))
}

/// Lists the backfills of a store.
#[utoipa::path(get, path = "/v1/stores/{store}/backfills", tag = "backfills", operation_id = "list_backfills",
    params(("store" = String, Path), BackfillQuery), responses((status = 200, body = BackfillPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<BackfillQuery>,
) -> Result<Json<BackfillPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let found = state.store.backfills(&store, query.after.unwrap_or_default(), limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|backfill| backfill.id);
    Ok(Json(BackfillPage { backfills: found.into_iter().map(BackfillView::from).collect(), next_after }))
}

/// Shows a backfill and how far it is.
#[utoipa::path(get, path = "/v1/stores/{store}/backfills/{id}", tag = "backfills", operation_id = "show_backfill",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = BackfillView)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
) -> Result<Json<BackfillView>, Problem> {
    known_store(&state, &store)?;
    found(&state, &store, id).await
}

/// Stops a backfill until it is resumed. Orders that were marked are still run.
#[utoipa::path(post, path = "/v1/stores/{store}/backfills/{id}/pause", tag = "backfills", operation_id = "pause_backfill",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = BackfillView)))]
pub(super) async fn pause(state: State<ApiState>, path: Path<(String, i64)>) -> Result<Json<BackfillView>, Problem> {
    set(state, path, BackfillState::Paused).await
}

/// Goes on with a backfill where it was.
#[utoipa::path(post, path = "/v1/stores/{store}/backfills/{id}/resume", tag = "backfills", operation_id = "resume_backfill",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = BackfillView)))]
pub(super) async fn resume(state: State<ApiState>, path: Path<(String, i64)>) -> Result<Json<BackfillView>, Problem> {
    set(state, path, BackfillState::Running).await
}

/// Stops a backfill for good. Orders that were marked are still run, and what is posted stays.
#[utoipa::path(post, path = "/v1/stores/{store}/backfills/{id}/cancel", tag = "backfills", operation_id = "cancel_backfill",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = BackfillView)))]
pub(super) async fn cancel(state: State<ApiState>, path: Path<(String, i64)>) -> Result<Json<BackfillView>, Problem> {
    set(state, path, BackfillState::Cancelled).await
}

async fn set(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
    to: BackfillState,
) -> Result<Json<BackfillView>, Problem> {
    known_store(&state, &store)?;
    let changed = state.store.set_backfill(&store, id, to).await?;
    let shown = found(&state, &store, id).await?;
    // Asking for what is so already is no conflict.
    if changed || shown.0.state == to {
        return Ok(shown);
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "backfill-over",
        format!("Backfill {id} is {}", shown.0.state.as_str()),
        "Begin another one for what is still to be read; orders that are posted are not posted again.",
    ))
}

async fn found(state: &ApiState, store: &str, id: i64) -> Result<Json<BackfillView>, Problem> {
    let backfill = state.store.backfill(store, id).await?;
    let backfill = backfill.ok_or_else(|| Problem::not_found(format!("There is no backfill {id} of this store")))?;
    Ok(Json(backfill.into()))
}

/// The wish as a backfill, when it makes sense.
fn checked(wish: BackfillWish, store: String, created_by: String) -> Result<NewBackfill, Problem> {
    let not_valid = |why: &str| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "backfill-not-valid", why, "Mend it and send it again.")
    };
    if wish.placed_from > wish.placed_to {
        return Err(not_valid("placed_from is after placed_to"));
    }
    if wish.statuses.iter().any(|status| *status > STATUS_MAX) {
        return Err(not_valid("statuses are the numbers 0 to 14 of BigCommerce"));
    }
    let orders_per_minute = wish.orders_per_minute.unwrap_or(ORDERS_PER_MINUTE);
    if !(1..=ORDERS_PER_MINUTE_MAX).contains(&orders_per_minute) {
        return Err(not_valid("orders_per_minute must be from 1 to 6000"));
    }
    let mut statuses = wish.statuses;
    statuses.sort_unstable();
    statuses.dedup();
    Ok(NewBackfill {
        store,
        placed_from: wish.placed_from,
        placed_to: wish.placed_to,
        statuses,
        orders_per_minute,
        before_go_live: wish.before_go_live,
        created_by,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(change: impl FnOnce(&mut BackfillWish)) -> Result<NewBackfill, Problem> {
        let text = r#"{"placed_from":"2026-01-01T00:00:00Z","placed_to":"2026-01-31T23:59:59Z"}"#;
        let mut wish: BackfillWish = serde_json::from_str(text).unwrap();
        change(&mut wish);
        checked(wish, "acme".into(), "anna".into())
    }

    #[test]
    fn a_wish_needs_no_more_than_a_range() {
        let new = wish(|wish| wish.statuses = vec![11, 2, 11]).unwrap();
        assert_eq!((new.orders_per_minute, new.before_go_live, new.statuses), (18, false, vec![2, 11]));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for refused in [
            wish(|wish| wish.placed_to = Timestamp::UNIX_EPOCH),
            wish(|wish| wish.statuses = vec![15]),
            wish(|wish| wish.orders_per_minute = Some(0)),
            wish(|wish| wish.orders_per_minute = Some(6001)),
        ] {
            assert_eq!(refused.unwrap_err().code, "backfill-not-valid");
        }
    }
}
