//! The admin API under `/v1`: one file per resource.

mod audit;
mod backfills;
pub(super) mod description;
mod documents;
mod events;
mod holds;
mod hooks;
mod master_data;
mod orders;
mod rules;
mod schedules;
mod summaries;
mod tokens;
mod usage;

use axum::http::StatusCode;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiState;
use super::layers::requires;
use crate::problem::Problem;
use crate::store::token::Role;

/// Rows of a page when the caller does not say.
const PAGE: u32 = 100;
/// Rows of a page at most.
const PAGE_MAX: u32 = 500;

/// All routes with their descriptions, each behind the role it asks for.
pub fn routes() -> OpenApiRouter<ApiState> {
    let viewer = OpenApiRouter::new()
        .routes(routes!(orders::list))
        .routes(routes!(orders::one))
        .routes(routes!(documents::of_order))
        .routes(routes!(events::list))
        .routes(routes!(holds::list))
        .routes(routes!(rules::read))
        .routes(routes!(master_data::list))
        .routes(routes!(master_data::state))
        .routes(routes!(summaries::list))
        .routes(routes!(summaries::support))
        .routes(routes!(usage::companies))
        .routes(routes!(usage::usage))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(schedules::list))
        .routes(routes!(schedules::one))
        .routes(routes!(schedules::runs))
        .routes(routes!(backfills::list))
        .routes(routes!(backfills::one))
        .routes(routes!(hooks::show));
    let preparer = OpenApiRouter::new()
        .routes(routes!(orders::replay))
        .routes(routes!(events::report))
        .routes(routes!(events::retry))
        .routes(routes!(rules::replace))
        .routes(routes!(master_data::refresh))
        .routes(routes!(summaries::retry))
        .routes(routes!(schedules::run));
    let admin = OpenApiRouter::new()
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(schedules::change))
        .routes(routes!(backfills::create))
        .routes(routes!(backfills::pause))
        .routes(routes!(backfills::resume))
        .routes(routes!(backfills::cancel))
        .routes(routes!(hooks::install))
        .routes(routes!(hooks::repair))
        .routes(routes!(hooks::remove));
    OpenApiRouter::new()
        .merge(requires(Role::Viewer, viewer))
        .merge(requires(Role::Preparer, preparer))
        .merge(requires(Role::Admin, admin))
}

/// The whole description, as it is served and kept in openapi/openapi.json.
pub fn description() -> OpenApi {
    complete(routes().split_for_parts().1)
}

/// Completes the description of routes.
pub(super) fn complete(document: OpenApi) -> OpenApi {
    description::complete(document)
}

/// Refuses a store that is not configured.
fn known_store(state: &ApiState, store: &str) -> Result<(), Problem> {
    if state.webhook_stores.contains_key(store) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-store",
        format!("No store named '{store}' is configured"),
        "Use a store's name from the settings.",
    ))
}

/// The page size asked for, within its limits.
fn page_size(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE).clamp(1, PAGE_MAX)
}
