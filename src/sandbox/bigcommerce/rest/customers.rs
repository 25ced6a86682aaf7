//! Customers V3: found by id or e-mail. An unknown one is simply not in the list.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};

use super::super::model::Customer;
use super::super::store::Store;
use super::super::wire::v3;
use super::paging::{Parameters, id_list, v3_collection};

/// `GET /v3/customers`.
pub(super) async fn list(State(store): State<Store>, Query(parameters): Query<Parameters>) -> Response {
    let ids = match id_list(&parameters, "id:in") {
        Ok(ids) => ids,
        Err(refused) => return refused.into_response(),
    };
    let emails: Option<Vec<String>> =
        parameters.get("email:in").map(|list| list.split(',').map(|email| email.trim().to_lowercase()).collect());
    let included: Vec<&str> = parameters.get("include").map(|list| list.split(',').collect()).unwrap_or_default();
    let wanted = |customer: &&Customer| {
        ids.as_ref().is_none_or(|ids| ids.contains(&customer.id))
            && emails.as_ref().is_none_or(|emails| emails.contains(&customer.address.email.to_lowercase()))
    };
    let (addresses, credit) = (included.contains(&"addresses"), included.contains(&"storecredit"));
    let state = store.state();
    let found = state.customers.values().filter(wanted).map(|customer| v3::customer(customer, addresses, credit));
    v3_collection(found.collect(), &parameters)
}
