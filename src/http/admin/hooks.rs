//! `/v1/stores/{store}/webhooks`: what BigCommerce is to tell of a store, whether it does, and mending that.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::known_store;
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path};
use crate::problem::Problem;
use crate::store::hooks::{Desired, FoundHook, HookStanding, SCOPES};
use crate::store::schedule::{ScheduleName, ScheduleRun};

/// A scope of webhooks as it was found at the last look.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScopeView {
    /// What it tells of.
    #[schema(example = "store/order/*")]
    scope: String,
    /// Whether it is wished to be there.
    wanted: bool,
    /// Whether it is there.
    there: bool,
    /// Whether it is active: BigCommerce deactivates webhooks whose deliveries fail for two days.
    active: bool,
    /// Whether it goes to this service's address.
    destination_right: bool,
    /// Whether it sends the shared header of the settings along.
    headers_right: bool,
    /// BigCommerce's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    hook_id: Option<u64>,
    /// Where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
}

/// The webhooks of a store. Moments are UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookView {
    /// What is wished: `unmanaged` (nobody has said: they are looked at and left alone), `installed` or `removed`.
    desired: Desired,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_at: Option<String>,
    /// Whether the wish is still being carried out.
    pending: bool,
    /// When BigCommerce was asked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<String>,
    /// Why the last look failed; it is repeated by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// Where webhooks are to come; missing while the settings name no public address.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    scopes: Vec<ScopeView>,
    /// Webhooks of the same API account that go elsewhere: they are never touched.
    others: u64,
    /// The last delivery that was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_delivery_at: Option<String>,
    /// The last time that BigCommerce told that deliveries fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_delivery_exception_at: Option<String>,
    /// Why the store is called silent; missing when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<String>,
}

/// Shows the webhooks of a store as they were found at the last look, and when the last delivery came.
#[utoipa::path(get, path = "/v1/stores/{store}/webhooks", tag = "webhooks", operation_id = "show_webhooks",
    params(("store" = String, Path)), responses((status = 200, body = WebhookView)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    Path(store): Path<String>,
) -> Result<Json<WebhookView>, Problem> {
    known_store(&state, &store)?;
    view(&state, &store).await
}

/// Installs the webhooks within seconds and keeps them in repair from then on. BigCommerce may take a minute to use them.
#[utoipa::path(post, path = "/v1/stores/{store}/webhooks/install", tag = "webhooks", operation_id = "install_webhooks",
    params(("store" = String, Path)), responses((status = 202, description = "They are installed soon", body = WebhookView)))]
pub(super) async fn install(
    State(state): State<ApiState>,
    caller: Caller,
    Path(store): Path<String>,
) -> Result<(StatusCode, Json<WebhookView>), Problem> {
    known_store(&state, &store)?;
    if !state.schedules.webhook_addresses.contains_key(&store) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "no-public-address",
            "The settings name no address under which BigCommerce could reach this service",
            "Set server.public_url to the https address of this service, start it again, and install then.",
        ));
    }
    wish(&state, &store, Desired::Installed, &caller).await
}

/// Looks at the webhooks within seconds and mends what is wrong, instead of at the next daily look.
#[utoipa::path(post, path = "/v1/stores/{store}/webhooks/repair", tag = "webhooks", operation_id = "repair_webhooks",
    params(("store" = String, Path)), responses((status = 202, description = "They are mended soon", body = WebhookView)))]
pub(super) async fn repair(
    State(state): State<ApiState>,
    Path(store): Path<String>,
) -> Result<(StatusCode, Json<WebhookView>), Problem> {
    known_store(&state, &store)?;
    if state.store.hook_standing(&store).await?.desired != Desired::Installed {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "webhooks-not-installed",
            "The webhooks of this store are not installed by this service, so there is nothing to repair",
            "Install them first: POST /v1/stores/{store}/webhooks/install. To look only, POST .../schedules/webhooks/run.",
        ));
    }
    state.store.make_schedules(&store, &state.schedules.intervals).await?;
    state.store.want_run(&store, ScheduleName::Webhooks).await?;
    Ok((StatusCode::ACCEPTED, view(&state, &store).await?))
}

/// Removes the webhooks within seconds. Orders are then found by polling only.
#[utoipa::path(delete, path = "/v1/stores/{store}/webhooks", tag = "webhooks", operation_id = "remove_webhooks",
    params(("store" = String, Path)), responses((status = 202, description = "They are removed soon", body = WebhookView)))]
pub(super) async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    Path(store): Path<String>,
) -> Result<(StatusCode, Json<WebhookView>), Problem> {
    known_store(&state, &store)?;
    wish(&state, &store, Desired::Removed, &caller).await
}

async fn wish(
    state: &ApiState,
    store: &str,
    desired: Desired,
    caller: &Caller,
) -> Result<(StatusCode, Json<WebhookView>), Problem> {
    state.store.make_schedules(store, &state.schedules.intervals).await?;
    state.store.wish_hooks(store, desired, &caller.name).await?;
    Ok((StatusCode::ACCEPTED, view(state, store).await?))
}

async fn view(state: &ApiState, store: &str) -> Result<Json<WebhookView>, Problem> {
    let standing = state.store.hook_standing(store).await?;
    let hearing = state.store.hearing(store).await?;
    let schedules = state.store.schedules(store).await?;
    let last_run = state.store.schedule_runs(store, ScheduleName::Webhooks, None, 1).await?.pop();
    let address = state.schedules.webhook_addresses.get(store).cloned();
    Ok(Json(WebhookView {
        pending: schedules.iter().any(|schedule| schedule.name == ScheduleName::Webhooks && schedule.wanted),
        last_error: last_run.and_then(|run: ScheduleRun| run.error),
        scopes: scopes(&standing, address.as_deref()),
        address,
        desired: standing.desired,
        asked_by: standing.asked_by,
        asked_at: standing.asked_at.map(|at| at.to_string()),
        checked_at: standing.checked_at.map(|at| at.to_string()),
        others: standing.others,
        last_delivery_at: hearing.last.map(|at| at.to_string()),
        last_delivery_exception_at: hearing.last_exception.map(|at| at.to_string()),
        silence: hearing.silence(state.schedules.silent_after_hours),
    }))
}

/// Every scope that is wanted, and hooks of ours for others.
fn scopes(standing: &HookStanding, address: Option<&str>) -> Vec<ScopeView> {
    let wanted = standing.desired == Desired::Installed;
    let addresses = SCOPES.map(|(_, suffix)| address.map(|address| format!("{address}{suffix}")));
    let mut rest: Vec<&FoundHook> = standing.hooks.iter().collect();
    let mut views = Vec::new();
    for ((scope, _), right) in SCOPES.iter().zip(&addresses) {
        let is_right = |hook: &FoundHook| right.as_ref().is_some_and(|right| *right == hook.destination);
        let of_scope = |hook: &&&FoundHook| hook.scope == *scope;
        let best = rest.iter().filter(of_scope).find(|hook| is_right(hook)).or(rest.iter().find(of_scope)).copied();
        rest.retain(|hook| best.is_none_or(|best| best.hook_id != hook.hook_id));
        views.push(scope_view(scope, wanted, best, best.is_some_and(is_right)));
    }
    let right = |hook: &FoundHook| addresses.iter().flatten().any(|address| *address == hook.destination);
    views.extend(rest.into_iter().map(|hook| scope_view(&hook.scope, false, Some(hook), right(hook))));
    views
}

fn scope_view(scope: &str, wanted: bool, hook: Option<&FoundHook>, destination_right: bool) -> ScopeView {
    ScopeView {
        scope: scope.to_owned(),
        wanted,
        there: hook.is_some(),
        active: hook.is_some_and(|hook| hook.active),
        destination_right,
        headers_right: hook.is_some_and(|hook| hook.headers_fit),
        hook_id: hook.map(|hook| hook.hook_id),
        destination: hook.map(|hook| hook.destination.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(hook_id: u64, scope: &str, destination: &str) -> FoundHook {
        FoundHook { hook_id, scope: scope.into(), destination: destination.into(), active: true, headers_fit: true }
    }

    #[test]
    fn every_wanted_scope_is_shown_whether_it_is_there_or_not() {
        let standing = HookStanding {
            desired: Desired::Installed,
            asked_by: None,
            asked_at: None,
            checked_at: None,
            others: 0,
            hooks: vec![
                hook(1, "store/order/*", "https://old.example/x"),
                hook(2, "store/order/*", "https://new.example/x"),
            ],
        };
        let views = scopes(&standing, Some("https://new.example/x"));
        let told: Vec<_> = views.iter().map(|view| (view.hook_id, view.wanted, view.destination_right)).collect();
        assert_eq!(told, [(Some(2), true, true), (None, true, false), (Some(1), false, false)]);
        assert!(views[1].scope.ends_with("deliveryException") && !views[1].there);
    }
}
