//! Webhooks V3: list, create, read, change and delete hooks. Creating answers 200, and so does deleting.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use super::super::hooks::{Hook, HookError, check, check_limits};
use super::super::model::Ids;
use super::super::store::Store;
use super::super::wire::v3;
use super::answer::{self, Api, Refusal};
use super::paging::{Parameters, v3_collection};

/// What a caller sends; other fields are let through unread, as the platform does.
#[derive(Deserialize)]
struct HookBody {
    scope: Option<String>,
    destination: Option<String>,
    is_active: Option<bool>,
    headers: Option<BTreeMap<String, String>>,
}

fn read(body: &Bytes) -> Result<HookBody, Refusal> {
    let refused =
        |_| Api::V3.refuse(StatusCode::BAD_REQUEST, "The body is not a JSON object with the fields of a webhook.");
    serde_json::from_slice(body).map_err(refused)
}

fn refused(error: &HookError) -> Response {
    Api::V3.error(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string())
}

fn not_found() -> Response {
    Api::V3.error(StatusCode::NOT_FOUND, "The resource at that URL is not found.")
}

fn single(hook: &Hook, store: &Store) -> Response {
    answer::json(StatusCode::OK, &json!({ "data": v3::hook(hook, store.settings()), "meta": {} }))
}

/// `GET /v3/hooks`.
pub(super) async fn list(State(store): State<Store>, Query(parameters): Query<Parameters>) -> Response {
    let is = |name: &str, value: &str| parameters.get(name).is_none_or(|wanted| wanted == value);
    let state = store.state();
    let found = state.hooks.values().filter(|hook| {
        is("scope", &hook.scope) && is("destination", &hook.destination) && is("is_active", &hook.is_active.to_string())
    });
    v3_collection(found.map(|hook| v3::hook(hook, store.settings())).collect(), &parameters)
}

/// `POST /v3/hooks`.
pub(super) async fn create(State(store): State<Store>, body: Bytes) -> Response {
    let HookBody { scope, destination, is_active, headers } = match read(&body) {
        Ok(body) => body,
        Err(refused) => return refused.into_response(),
    };
    let (Some(scope), Some(destination)) = (scope, destination) else {
        return Api::V3.error(StatusCode::UNPROCESSABLE_ENTITY, "The fields 'scope' and 'destination' are required.");
    };
    let now = store.now();
    let mut hook =
        Hook { id: 0, scope, destination, is_active: is_active.unwrap_or(true), headers, created: now, updated: now };
    let mut state = store.state();
    if let Err(error) = check(&hook).and_then(|()| check_limits(&hook, &state.hooks)) {
        return refused(&error);
    }
    hook.id = state.counters.next(Ids::Hook);
    state.hooks.insert(hook.id, hook.clone());
    drop(state);
    store.mark_changed();
    single(&hook, &store)
}

/// `GET /v3/hooks/{id}`.
pub(super) async fn one(State(store): State<Store>, Path((_, id)): Path<(String, String)>) -> Response {
    let hook = id.parse().ok().and_then(|id: u64| store.state().hooks.get(&id).cloned());
    hook.map_or_else(not_found, |hook| single(&hook, &store))
}

/// `PUT /v3/hooks/{id}`: at least one field; also how a deactivated hook is switched on again.
pub(super) async fn update(State(store): State<Store>, Path((_, id)): Path<(String, String)>, body: Bytes) -> Response {
    let change = match read(&body) {
        Ok(body) => body,
        Err(refused) => return refused.into_response(),
    };
    let now = store.now();
    let mut state = store.state();
    let Some(mut hook) = id.parse().ok().and_then(|id: u64| state.hooks.get(&id).cloned()) else { return not_found() };
    let nothing = change.scope.is_none()
        && change.destination.is_none()
        && change.is_active.is_none()
        && change.headers.is_none();
    if nothing {
        return Api::V3.error(StatusCode::UNPROCESSABLE_ENTITY, "At least one field is required.");
    }
    hook.scope = change.scope.unwrap_or(hook.scope);
    hook.destination = change.destination.unwrap_or(hook.destination);
    hook.is_active = change.is_active.unwrap_or(hook.is_active);
    hook.headers = change.headers.or(hook.headers);
    hook.updated = now;
    if let Err(error) = check(&hook).and_then(|()| check_limits(&hook, &state.hooks)) {
        return refused(&error);
    }
    state.hooks.insert(hook.id, hook.clone());
    drop(state);
    store.mark_changed();
    single(&hook, &store)
}

/// `DELETE /v3/hooks/{id}`: answers the deleted hook; what was still to be delivered to it is dropped.
pub(super) async fn delete(State(store): State<Store>, Path((_, id)): Path<(String, String)>) -> Response {
    let mut state = store.state();
    let Some(hook) = id.parse().ok().and_then(|id: u64| state.hooks.remove(&id)) else { return not_found() };
    state.outbox.abandon_hook(hook.id);
    drop(state);
    store.mark_changed();
    single(&hook, &store)
}
