//! Orders V3: transactions and refunds.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde_json::json;

use super::super::model::Refund;
use super::super::store::Store;
use super::super::wire::v3;
use super::answer::{self, Api, Refusal};
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

/// Which refunds a call asks for.
struct RefundFilter {
    orders: Option<Vec<u64>>,
    ids: Option<Vec<u64>>,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
}

impl RefundFilter {
    fn of(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            orders: id_list(parameters, "order_id:in")?,
            ids: id_list(parameters, "id:in")?,
            earliest: moment(parameters, "created:min")?,
            latest: moment(parameters, "created:max")?,
        })
    }

    fn wants(&self, order: u64, refund: &Refund) -> bool {
        self.orders.as_ref().is_none_or(|wanted| wanted.contains(&order))
            && self.ids.as_ref().is_none_or(|wanted| wanted.contains(&refund.id))
            && self.earliest.is_none_or(|at| refund.created >= at)
            && self.latest.is_none_or(|at| refund.created <= at)
    }
}

fn moment(parameters: &Parameters, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let refused = |_| Api::V3.refuse(StatusCode::UNPROCESSABLE_ENTITY, format!("The filter '{name}' is invalid."));
    parameters.get(name).map(|text| text.parse().map_err(refused)).transpose()
}

/// `GET /v3/orders/payment_actions/refunds`, by order, id or time of creation; ascending by id.
pub(super) async fn refunds(State(store): State<Store>, Query(parameters): Query<Parameters>) -> Response {
    let filter = match RefundFilter::of(&parameters) {
        Ok(filter) => filter,
        Err(refused) => return refused.into_response(),
    };
    let state = store.state();
    let all = state.orders.values().flat_map(|order| order.refunds.iter().map(move |refund| (order.id, refund)));
    let mut found: Vec<_> = all.filter(|(order, refund)| filter.wants(*order, refund)).collect();
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
