//! The admin API under `/v1`: one file per resource.

mod documents;
mod events;
mod holds;
mod master_data;
mod orders;
mod rules;
mod summaries;
mod usage;

use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiState;
use crate::problem::Problem;

/// Rows of a page when the caller does not say.
const PAGE: u32 = 100;
/// Rows of a page at most.
const PAGE_MAX: u32 = 500;

/// All routes with their descriptions.
pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(orders::list))
        .routes(routes!(orders::one))
        .routes(routes!(orders::replay))
        .routes(routes!(documents::of_order))
        .routes(routes!(events::list, events::report))
        .routes(routes!(events::retry))
        .routes(routes!(holds::list))
        .routes(routes!(rules::read, rules::replace))
        .routes(routes!(master_data::list))
        .routes(routes!(master_data::state))
        .routes(routes!(master_data::refresh))
        .routes(routes!(summaries::list))
        .routes(routes!(summaries::support))
        .routes(routes!(summaries::retry))
        .routes(routes!(usage::companies))
        .routes(routes!(usage::usage))
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
