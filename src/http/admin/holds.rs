//! `/v1/stores/{store}/holds`: what is held, why, how much money it blocks, and what to do.

use axum::extract::State;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size};
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
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
#[serde(deny_unknown_fields)]
pub(super) struct HoldQuery {
    /// Only this order's.
    order_id: Option<u64>,
    /// Only holds with a higher id.
    after: Option<i64>,
    /// Holds on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Lists open holds, oldest first.
#[utoipa::path(get, path = "/v1/stores/{store}/holds", tag = "holds", operation_id = "list_holds", params(("store" = String, Path), HoldQuery),
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
            link: link(&store, stored.order_id, stored.document_key.as_deref()),
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
