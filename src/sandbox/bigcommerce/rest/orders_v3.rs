//! Orders V3: transactions and refunds.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;

use super::super::store::Store;
use super::super::wire::v3;
use super::answer::{self, Api};
use super::orders_v2::with_order;
use super::paging::{Parameters, id_list, v3_collection};

/// `GET /v3/orders/{id}/transactions`; 204 when there are none.
pub(super) async fn transactions(
    State(store): State<Store>,
    Path((_, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Response {
    with_order(&store, &id, Api::V3, |order| {
        if order.transactions.is_empty() {
            return answer::no_content();
        }
        v3_collection(order.transactions.iter().map(|row| v3::transaction(order, row)).collect(), &parameters)
    })
}

/// `GET /v3/orders/{id}/payment_actions/refunds`.
pub(super) async fn refunds_of_order(
    State(store): State<Store>,
    Path((_, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Response {
    with_order(&store, &id, Api::V3, |order| {
        v3_collection(order.refunds.iter().map(|refund| v3::refund(order.id, refund)).collect(), &parameters)
    })
}

fn moment(parameters: &Parameters, name: &str) -> Result<Option<Timestamp>, Response> {
    let parse = |text: &String| {
        let refused = |_| Api::V3.error(StatusCode::UNPROCESSABLE_ENTITY, &format!("The filter '{name}' is invalid."));
        text.parse::<Timestamp>().map_err(refused)
    };
    parameters.get(name).map(parse).transpose()
}

/// `GET /v3/orders/payment_actions/refunds`, by order, id or time of creation; ascending by id.
pub(super) async fn refunds(State(store): State<Store>, Query(parameters): Query<Parameters>) -> Response {
    let read = || {
        let ids = (id_list(&parameters, "order_id:in")?, id_list(&parameters, "id:in")?);
        Ok((ids, (moment(&parameters, "created:min")?, moment(&parameters, "created:max")?)))
    };
    let ((orders, ids), (earliest, latest)) = match read() {
        Ok(filters) => filters,
        Err(refused) => return refused,
    };
    let state = store.state();
    let all = state.orders.values().flat_map(|order| order.refunds.iter().map(move |refund| (order.id, refund)));
    let mut found: Vec<_> = all
        .filter(|(order, _)| orders.as_ref().is_none_or(|wanted| wanted.contains(order)))
        .filter(|(_, refund)| ids.as_ref().is_none_or(|wanted| wanted.contains(&refund.id)))
        .filter(|(_, refund)| {
            earliest.is_none_or(|at| refund.created >= at) && latest.is_none_or(|at| refund.created <= at)
        })
        .collect();
    found.sort_by_key(|(_, refund)| refund.id);
    v3_collection(found.into_iter().map(|(order, refund)| v3::refund(order, refund)).collect(), &parameters)
}

/// `GET /v3/orders/payment_actions/refunds/{id}`.
pub(super) async fn refund(State(store): State<Store>, Path((_, id)): Path<(String, String)>) -> Response {
    let state = store.state();
    let mut all = state.orders.values().flat_map(|order| order.refunds.iter().map(move |refund| (order.id, refund)));
    match id.parse().ok().and_then(|id: u64| all.find(|(_, refund)| refund.id == id)) {
        Some((order, refund)) => {
            let data = v3::refund(order, refund);
            answer::json(StatusCode::OK, &Single { data, meta: json!({}) })
        }
        None => Api::V3.error(StatusCode::NOT_FOUND, "The resource at that URL is not found."),
    }
}

#[derive(serde::Serialize)]
struct Single<T> {
    data: T,
    meta: serde_json::Value,
}
