//! Orders V2: the list, one order and its sub-resources.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::super::model::Order;
use super::super::settings::StoreSettings;
use super::super::store::Store;
use super::super::wire::v2_order::{self, Embed};
use super::super::wire::{v2_consignments, v2_parts};
use super::answer::{self, Api};
use super::filter::OrderFilter;
use super::paging::{Page, Parameters, v2_list};

type OrderPath = Path<(String, String)>;

/// Answers from one order, or 404 in the shape of `api`.
pub(super) fn with_order(store: &Store, id: &str, api: Api, answer: impl FnOnce(&Order) -> Response) -> Response {
    let state = store.state();
    match id.parse().ok().and_then(|id: u64| state.orders.get(&id)) {
        Some(order) => answer(order),
        None => api.error(StatusCode::NOT_FOUND, "The requested resource was not found."),
    }
}

/// What the parameters ask to embed. Consignments come as the object that is asked for, or stay a link.
fn embeds(parameters: &Parameters, settings: &StoreSettings) -> Embed {
    let asks = |wanted: &str| {
        parameters.get("include").is_some_and(|include| include.split(',').any(|part| part.trim() == wanted))
    };
    let as_object =
        settings.embeds && parameters.get("consignment_structure").is_some_and(|structure| structure == "object");
    let line_items = as_object && asks("consignments.line_items");
    Embed { fees: asks("fees"), consignments: line_items || as_object && asks("consignments"), line_items }
}

/// `GET /v2/orders`.
pub(super) async fn list(State(store): State<Store>, Query(parameters): Query<Parameters>) -> Response {
    let (filter, page) = match (OrderFilter::of(&parameters), Page::of(&parameters, Api::V2)) {
        (Ok(filter), Ok(page)) => (filter, page),
        (Err(field), _) => return Api::V2.error(StatusCode::BAD_REQUEST, &format!("The field '{field}' is invalid.")),
        (_, Err(refused)) => return refused.into_response(),
    };
    let state = store.state();
    let mut shown: Vec<&Order> = state.orders.values().filter(|order| filter.shows(order)).collect();
    shown.sort_by(|a, b| filter.compare(a, b));
    let embed = embeds(&parameters, store.settings());
    let rows: Vec<_> =
        page.cut(shown.into_iter()).into_iter().map(|order| v2_order::order(order, store.settings(), embed)).collect();
    if rows.is_empty() { answer::no_content() } else { answer::json(StatusCode::OK, &rows) }
}

/// `GET /v2/orders/{id}`; archived orders are still found here.
pub(super) async fn one(
    State(store): State<Store>,
    Path((_, id)): OrderPath,
    Query(parameters): Query<Parameters>,
) -> Response {
    let embed = embeds(&parameters, store.settings());
    with_order(&store, &id, Api::V2, |order| {
        answer::json(StatusCode::OK, &v2_order::order(order, store.settings(), embed))
    })
}

/// `GET /v2/orders/{id}/products`.
pub(super) async fn products(
    State(store): State<Store>,
    Path((_, id)): OrderPath,
    Query(parameters): Query<Parameters>,
) -> Response {
    with_order(&store, &id, Api::V2, |order| {
        v2_list(order.lines.iter().map(|line| v2_parts::product(order, line)), &parameters)
    })
}

/// `GET /v2/orders/{id}/shipping_addresses`.
pub(super) async fn shipping_addresses(
    State(store): State<Store>,
    Path((_, id)): OrderPath,
    Query(parameters): Query<Parameters>,
) -> Response {
    with_order(&store, &id, Api::V2, |order| {
        v2_list(
            order.destinations.iter().map(|at| v2_parts::shipping_address(order, at, store.settings())),
            &parameters,
        )
    })
}

/// `GET /v2/orders/{id}/coupons`.
pub(super) async fn coupons(
    State(store): State<Store>,
    Path((_, id)): OrderPath,
    Query(parameters): Query<Parameters>,
) -> Response {
    with_order(&store, &id, Api::V2, |order| {
        v2_list(order.coupons.iter().map(|coupon| v2_parts::coupon(order, coupon)), &parameters)
    })
}

/// `GET /v2/orders/{id}/taxes`, with `details=true` one row per tax and thing.
pub(super) async fn taxes(
    State(store): State<Store>,
    Path((_, id)): OrderPath,
    Query(parameters): Query<Parameters>,
) -> Response {
    let details = parameters.get("details").is_some_and(|details| details == "true");
    with_order(&store, &id, Api::V2, |order| v2_list(v2_parts::taxes(order, details).into_iter(), &parameters))
}

/// `GET /v2/orders/{id}/fees`: an object around the rows.
pub(super) async fn fees(State(store): State<Store>, Path((_, id)): OrderPath) -> Response {
    with_order(&store, &id, Api::V2, |order| {
        let fees: Vec<_> = order.fees.iter().map(v2_parts::fee).collect();
        answer::json(StatusCode::OK, &json!({ "fees": fees }))
    })
}

/// `GET /v2/orders/{id}/consignments`.
pub(super) async fn consignments(
    State(store): State<Store>,
    Path((_, id)): OrderPath,
    Query(parameters): Query<Parameters>,
) -> Response {
    let line_items = parameters.get("include").is_some_and(|include| include == "consignments.line_items");
    with_order(&store, &id, Api::V2, |order| {
        answer::json(StatusCode::OK, &v2_consignments::consignments(order, store.settings(), line_items))
    })
}

/// `GET /v2/orders/{id}/shipments`.
pub(super) async fn shipments(
    State(store): State<Store>,
    Path((_, id)): OrderPath,
    Query(parameters): Query<Parameters>,
) -> Response {
    with_order(&store, &id, Api::V2, |order| {
        v2_list(order.shipments.iter().map(|shipment| v2_parts::shipment(order, shipment)), &parameters)
    })
}
