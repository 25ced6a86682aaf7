//! The admin API under `/v1`: one file per resource.

mod audit;
pub(super) mod description;
mod documents;
mod dossier;
mod dry_runs;
mod events;
mod holds;
mod master_data;
mod orders;
mod rules;
mod summaries;
mod table;
mod timeline;
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
        .routes(routes!(documents::list))
        .routes(routes!(documents::one))
        .routes(routes!(dossier::show))
        .routes(routes!(dossier::evidence))
        .routes(routes!(timeline::list))
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
        .merge(dry_runs::for_viewers());
    let preparer = OpenApiRouter::new()
        .routes(routes!(orders::replay))
        .routes(routes!(events::report))
        .routes(routes!(events::retry))
        .routes(routes!(rules::replace))
        .routes(routes!(master_data::refresh))
        .routes(routes!(summaries::retry))
        .merge(dry_runs::for_preparers());
    let admin = OpenApiRouter::new().routes(routes!(tokens::list, tokens::create)).routes(routes!(tokens::revoke));
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
