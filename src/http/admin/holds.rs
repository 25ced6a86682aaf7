//! `/v1/stores/{store}/holds`: what is held, why, how much money it blocks, what to do; and putting a hold aside.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size, said};
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::open_hold::{HoldFilter, HoldStanding, Snooze};

/// A hold as the API shows it. Amounts are decimal strings in major units of `currency`; moments are UTC.
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
    /// What it comes of: holds with the same code and cause are one group of /hold-groups. Missing when it is released.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// What is wrong, with the figures.
    message: String,
    /// What to do.
    remedy: String,
    amount: Option<Decimal>,
    currency: Option<String>,
    /// Since when (UTC).
    opened_at: String,
    /// When it closed; missing while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    released_at: Option<String>,
    /// Whether it is put aside at this moment. It blocks all the same.
    snoozed: bool,
    /// Until when it is or was put aside last.
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed_until: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    snooze_reason: Option<String>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed_by: Option<String>,
    /// Where to see what was sent and what Intacct answered: the order's documents, or the store's summaries.
    link: String,
}

impl From<HoldStanding> for HoldView {
    fn from(standing: HoldStanding) -> Self {
        let HoldStanding { stored, cause, released_at, snoozed, snooze } = standing;
        let (until, reason, by) = match snooze {
            Some(snooze) => (Some(snooze.until.to_string()), Some(snooze.reason), Some(snooze.by)),
            None => (None, None, None),
        };
        Self {
            link: link(&stored.store, stored.order_id, stored.document_key.as_deref()),
            id: stored.id,
            order_id: stored.order_id,
            document_key: stored.document_key,
            code: stored.hold.code,
            subject: stored.hold.subject,
            cause,
            message: stored.hold.message,
            remedy: stored.hold.remedy,
            amount: stored.hold.amount,
            currency: stored.hold.currency,
            opened_at: stored.opened_at.to_string(),
            released_at: released_at.map(|at| at.to_string()),
            snoozed,
            snoozed_until: until,
            snooze_reason: reason,
            snoozed_by: by,
        }
    }
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
#[serde(deny_unknown_fields)]
pub(super) struct HoldQuery {
    /// Only this code.
    code: Option<String>,
    /// Only what is about this.
    subject: Option<String>,
    /// Only what comes of this, as /hold-groups says it.
    cause: Option<String>,
    /// Only this order's.
    order_id: Option<u64>,
    /// Only what blocks money in this currency.
    currency: Option<String>,
    /// Only holds opened at this moment or later (UTC).
    #[param(value_type = Option<String>, format = DateTime)]
    opened_from: Option<Timestamp>,
    /// Only holds opened before this moment (UTC).
    #[param(value_type = Option<String>, format = DateTime)]
    opened_to: Option<Timestamp>,
    /// Only what blocks so much money or more, in major units.
    #[param(value_type = Option<String>, example = "100.00")]
    amount_min: Option<Decimal>,
    /// Those that are put aside instead of those that are not.
    #[serde(default)]
    snoozed: bool,
    /// Only holds with a higher id.
    after: Option<i64>,
    /// Holds on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Until when a hold is put aside, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SnoozeWish {
    /// Until when (UTC); it comes back by itself.
    #[schema(value_type = String, format = DateTime, example = "2026-12-01T08:00:00Z")]
    until: Timestamp,
    /// Why, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500, example = "the supplier answers on Monday")]
    reason: String,
}

/// Lists open holds, oldest first; without those that are put aside, unless they are asked for.
#[utoipa::path(get, path = "/v1/stores/{store}/holds", tag = "holds", operation_id = "list_holds",
    params(("store" = String, Path), HoldQuery), responses((status = 200, body = HoldPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<HoldQuery>,
) -> Result<Json<HoldPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let filter = HoldFilter {
        ids: None,
        code: query.code,
        subject: query.subject,
        cause: query.cause,
        order_id: query.order_id,
        currency: query.currency,
        opened_from: query.opened_from,
        opened_to: query.opened_to,
        amount_min: query.amount_min,
        snoozed: Some(query.snoozed),
    };
    let found = state.store.holds(&store, &filter, query.after.unwrap_or_default(), limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|hold| hold.stored.id);
    Ok(Json(HoldPage { holds: found.into_iter().map(HoldView::from).collect(), next_after }))
}

/// Shows one hold, also when it is released.
#[utoipa::path(get, path = "/v1/stores/{store}/holds/{id}", tag = "holds", operation_id = "show_hold",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = HoldView)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
) -> Result<Json<HoldView>, Problem> {
    known_store(&state, &store)?;
    let found = state.store.hold(&store, id).await?;
    found.map(|hold| Json(hold.into())).ok_or_else(|| Problem::not_found(format!("There is no hold {id}")))
}

/// Puts an open hold aside until a moment: it blocks as before, and is left out of lists and groups meanwhile.
#[utoipa::path(post, path = "/v1/stores/{store}/holds/{id}/snooze", tag = "holds", operation_id = "snooze_hold",
    params(("store" = String, Path), ("id" = i64, Path)), request_body = SnoozeWish,
    responses((status = 204, description = "It is put aside")))]
pub(super) async fn snooze(
    State(state): State<ApiState>,
    caller: Caller,
    Path((store, id)): Path<(String, i64)>,
    Json(wish): Json<SnoozeWish>,
) -> Result<StatusCode, Problem> {
    known_store(&state, &store)?;
    let reason = said("reason", &wish.reason)?;
    if wish.until <= state.clock.now() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "snooze-not-valid",
            "until is in the past",
            "Give a moment in the future, in UTC. Nothing was changed.",
        ));
    }
    let snooze = Snooze { until: wish.until, reason: reason.to_owned(), by: caller.name };
    change(&state, &store, id, Some(&snooze)).await
}

/// Takes a hold up again that was put aside.
#[utoipa::path(post, path = "/v1/stores/{store}/holds/{id}/unsnooze", tag = "holds", operation_id = "unsnooze_hold",
    params(("store" = String, Path), ("id" = i64, Path)),
    responses((status = 204, description = "It is in lists and groups again")))]
pub(super) async fn unsnooze(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    known_store(&state, &store)?;
    change(&state, &store, id, None).await
}

async fn change(state: &ApiState, store: &str, id: i64, snooze: Option<&Snooze>) -> Result<StatusCode, Problem> {
    if state.store.snooze_hold(store, id, snooze).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(format!("There is no open hold {id}")))
}

/// Where what is held can be looked at. An update of a customer has no place of its own: its hold says all there is.
fn link(store: &str, order: Option<u64>, document: Option<&str>) -> String {
    let of_store = format!("/v1/stores/{store}");
    let kind = document.and_then(|key| key.strip_prefix(store)?.strip_prefix('/')?.split('/').next());
    match (order, kind) {
        (Some(order), _) => format!("{of_store}/orders/{order}/documents"),
        (None, Some("summary")) => format!("{of_store}/summaries"),
        (None, Some("customer")) => format!("{of_store}/holds"),
        (None, _) => format!("{of_store}/events?open=true"),
    }
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn a_hold_leads_to_what_it_is_on() {
        let of = |order, document| link("acme", order, document);
        assert_eq!(of(Some(118), None), "/v1/stores/acme/orders/118/documents");
        assert_eq!(of(None, Some("acme/summary/2026-03-10-USD/r1")), "/v1/stores/acme/summaries");
        assert_eq!(of(None, Some("acme/payout/stripe-po_1/r1")), "/v1/stores/acme/events?open=true");
        assert_eq!(of(None, Some("acme/customer/BC-7/r2")), "/v1/stores/acme/holds");
    }
}
