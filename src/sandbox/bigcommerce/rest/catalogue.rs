//! Catalog V3: products and categories by id, with the fields asked for. What is not there is simply not in the list.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};

use super::super::store::Store;
use super::super::wire::catalogue;
use super::paging::{Parameters, id_list, v3_collection};

/// The fields a call asks for.
fn fields(parameters: &Parameters) -> Option<&str> {
    parameters.get("include_fields").map(String::as_str)
}

/// `GET /v3/catalog/products`.
pub(super) async fn products(State(store): State<Store>, Query(parameters): Query<Parameters>) -> Response {
    let ids = match id_list(&parameters, "id:in") {
        Ok(ids) => ids,
        Err(refused) => return refused.into_response(),
    };
    let state = store.state();
    let wanted = state.products.values().filter(|product| ids.as_ref().is_none_or(|ids| ids.contains(&product.id)));
    let rows = wanted.map(|product| catalogue::product(product).only("id", fields(&parameters)));
    v3_collection(rows.collect(), &parameters)
}

/// `GET /v3/catalog/trees/categories`: the categories of every storefront.
pub(super) async fn categories(State(store): State<Store>, Query(parameters): Query<Parameters>) -> Response {
    let ids = match id_list(&parameters, "category_id:in") {
        Ok(ids) => ids,
        Err(refused) => return refused.into_response(),
    };
    let state = store.state();
    let wanted = state.categories.values().filter(|category| ids.as_ref().is_none_or(|ids| ids.contains(&category.id)));
    let rows = wanted.map(|category| catalogue::category(category).only("category_id", fields(&parameters)));
    v3_collection(rows.collect(), &parameters)
}
