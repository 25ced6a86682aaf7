//! `/v1/stores/{store}/holds/retry`: trying what is held again, one hold, all that come of the same, or all.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::known_store;
use super::replays::{PER_MINUTE, nothing_asked, within_limit};
use crate::http::ApiState;
use crate::http::extract::{Json, Path};
use crate::problem::Problem;
use crate::store::open_hold::HoldFilter;
use crate::store::replay::Part;

/// Which holds are tried again: those that fit everything that is given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RetryWish {
    /// All open holds of the store; then nothing else may be given.
    all: bool,
    /// These holds, also when they are put aside.
    ids: Option<Vec<i64>>,
    /// Of this code.
    #[schema(example = "missing-rule")]
    code: Option<String>,
    /// About this.
    subject: Option<String>,
    /// That come of this, as /hold-groups says it: with `code`, all of a group.
    cause: Option<String>,
    /// Of this order.
    order_id: Option<u64>,
    /// That block money in this currency.
    currency: Option<String>,
    /// Opened at this moment or later (UTC).
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_from: Option<Timestamp>,
    /// Opened before this moment (UTC).
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_to: Option<Timestamp>,
    /// That block so much money or more, in major units.
    #[schema(value_type = Option<String>)]
    amount_min: Option<Decimal>,
    /// Those that are put aside, or those that are not. Without it those that are not; with `ids` both.
    snoozed: Option<bool>,
}

/// How much is tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RetriedHolds {
    /// Orders that were marked as due: each is read again, and whatever is missing in Intacct is posted.
    orders: u64,
    /// Documents of no single order that are tried again: summaries, ledger events, updates of customers.
    documents: u64,
}

impl RetryWish {
    fn filter(self) -> Result<HoldFilter, Problem> {
        within_limit(self.ids.as_ref().map_or(0, Vec::len))?;
        let snoozed = self.snoozed.or(self.ids.is_none().then_some(false));
        let asked = HoldFilter {
            ids: self.ids,
            code: self.code,
            subject: self.subject,
            cause: self.cause,
            order_id: self.order_id,
            currency: self.currency,
            opened_from: self.opened_from,
            opened_to: self.opened_to,
            amount_min: self.amount_min,
            snoozed: self.snoozed,
        };
        if self.all != (asked == HoldFilter::default()) {
            return Err(nothing_asked("hold"));
        }
        Ok(HoldFilter { snoozed, ..asked })
    }
}

/// Tries one hold again: its order is due, or its document of no single order is. Doing so twice posts nothing twice.
#[utoipa::path(post, path = "/v1/stores/{store}/holds/{id}/retry", tag = "holds", operation_id = "retry_hold",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 202, body = RetriedHolds)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
) -> Result<(StatusCode, Json<RetriedHolds>), Problem> {
    known_store(&state, &store)?;
    let filter = HoldFilter { ids: Some(vec![id]), ..HoldFilter::default() };
    if state.store.holds(&store, &filter, 0, 1).await?.is_empty() {
        return Err(Problem::not_found(format!("There is no open hold {id}")));
    }
    retry(&state, &store, &filter).await
}

/// Tries held orders and documents again, all that fit. The first 100 orders are due at once, the others at 600 a minute, so
/// that new orders are not kept waiting. Doing so twice posts nothing twice.
#[utoipa::path(post, path = "/v1/stores/{store}/holds/retry", tag = "holds", operation_id = "retry_holds",
    params(("store" = String, Path)), request_body = RetryWish, responses((status = 202, body = RetriedHolds)))]
pub(super) async fn many(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Json(wish): Json<RetryWish>,
) -> Result<(StatusCode, Json<RetriedHolds>), Problem> {
    known_store(&state, &store)?;
    let filter = wish.filter()?;
    retry(&state, &store, &filter).await
}

async fn retry(
    state: &ApiState,
    store: &str,
    filter: &HoldFilter,
) -> Result<(StatusCode, Json<RetriedHolds>), Problem> {
    let mut all = RetriedHolds { orders: 0, documents: 0 };
    let mut part = Some(Part::first(PER_MINUTE));
    while let Some(now) = part {
        let done = state.store.retry_holds(store, filter, now).await?;
        all.orders += done.orders;
        all.documents += done.documents;
        part = now.then(done);
    }
    state.wake.wake();
    Ok((StatusCode::ACCEPTED, Json(all)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::admin::replays::IDS_MAX;

    fn filter(text: &str) -> Result<HoldFilter, u16> {
        let wish: RetryWish = serde_json::from_str(text).unwrap();
        wish.filter().map_err(|problem| problem.status)
    }

    #[test]
    fn everything_is_retried_only_when_that_is_said() {
        assert_eq!(filter("{}"), Err(422));
        assert_eq!(filter(r#"{"all":true,"code":"missing-rule"}"#), Err(422));
        assert_eq!(filter(r#"{"all":true}"#), Ok(HoldFilter { snoozed: Some(false), ..HoldFilter::default() }));
    }

    #[test]
    fn ids_have_a_limit() {
        let wish = |ids: usize| RetryWish { ids: Some(vec![7; ids]), ..RetryWish::default() };
        assert!(wish(IDS_MAX).filter().is_ok());
        assert_eq!(wish(IDS_MAX + 1).filter().map_err(|problem| problem.code).unwrap_err(), "replay-not-valid");
    }

    #[test]
    fn what_is_put_aside_is_left_in_peace_unless_it_is_named() {
        assert_eq!(filter(r#"{"code":"missing-rule"}"#).unwrap().snoozed, Some(false));
        assert_eq!(filter(r#"{"ids":[7]}"#).unwrap().snoozed, None);
        assert_eq!(filter(r#"{"snoozed":true}"#).unwrap().snoozed, Some(true));
        assert!(serde_json::from_str::<RetryWish>(r#"{"cod":"missing-rule"}"#).is_err(), "a mistake is not ignored");
    }
}
