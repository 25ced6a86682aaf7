//! `/v1/stores/{store}/dry-runs`: what rules would book for a set of orders, without posting anything.

mod lines;
mod selection;
mod sums;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::selection::Selection;
use super::rules::{not_valid, refused as rules_refused};
use super::{Limit, known_store, page_size};
use crate::accounting::rulebook::{Rule, Rulebook};
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::dry_run::{DryRules, DryRun, NewDryRun};

/// The routes that read; each table has an address of its own beside it.
pub(super) fn for_viewers() -> OpenApiRouter<ApiState> {
    const RUN: &str = "/v1/stores/{store}/dry-runs/{id}";
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(lines::orders))
        .routes(routes!(lines::journals))
        .routes(routes!(lines::holds))
        .routes(routes!(sums::effects))
        .routes(routes!(sums::missing))
        .routes(routes!(sums::differences))
        .route(&format!("{RUN}/orders.csv"), get(lines::orders))
        .route(&format!("{RUN}/journals.csv"), get(lines::journals))
        .route(&format!("{RUN}/holds.csv"), get(lines::holds))
        .route(&format!("{RUN}/effects.csv"), get(sums::effects))
        .route(&format!("{RUN}/missing.csv"), get(sums::missing))
        .route(&format!("{RUN}/differences.csv"), get(sums::differences))
}

/// The routes that begin and end runs.
pub(super) fn for_preparers() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(cancel))
}

/// What to derive, and by which rules.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DryRunRequest {
    /// Which orders; all of the store when nothing is named.
    #[serde(default)]
    orders: Selection,
    /// Rules as of this revision. Neither this nor `rules`: the newest.
    #[serde(default)]
    #[schema(example = 12)]
    revision: Option<i64>,
    /// Proposed rules, all of them, as for `PUT /v1/stores/{store}/rules`. They are not saved.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    rules: Option<Value>,
    /// What for.
    #[serde(default)]
    #[schema(example = "March with the new revenue accounts")]
    note: String,
}

/// A dry run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DryRunView {
    id: i64,
    /// `queued`, `running`, `done`, `cancelled` or `failed`.
    #[schema(example = "running")]
    state: String,
    /// Which orders were asked for.
    orders: Selection,
    /// The revision of the rules; missing when they were proposed with the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// Whether the rules came with the request.
    proposed: bool,
    note: String,
    created_by: String,
    /// When it was asked for (UTC).
    created_at: String,
    /// When work on it began (UTC).
    started_at: Option<String>,
    /// When it was done, cancelled or given up (UTC).
    ended_at: Option<String>,
    /// Orders in it; rises while they are being selected.
    orders_total: u64,
    /// Orders derived.
    orders_done: u64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl From<DryRun> for DryRunView {
    fn from(run: DryRun) -> Self {
        let revision = match run.asked.rules {
            DryRules::Revision(revision) => Some(revision),
            DryRules::Proposed(_) => None,
        };
        Self {
            id: run.id,
            state: run.state.as_str().to_owned(),
            orders: run.asked.selection.into(),
            revision,
            proposed: revision.is_none(),
            note: run.asked.note,
            created_by: run.asked.created_by,
            created_at: run.created_at.to_string(),
            started_at: run.started_at.map(|at| at.to_string()),
            ended_at: run.ended_at.map(|at| at.to_string()),
            orders_total: run.orders_total,
            orders_done: run.orders_done,
            error: run.error,
        }
    }
}

/// A dry run with what its orders came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OneDryRun {
    #[serde(flatten)]
    run: DryRunView,
    /// Orders by what they would come to: `posted`, `held`, `waiting`, `excluded`, `unreadable`.
    #[schema(example = json!({ "posted": 941, "held": 12 }))]
    outcomes: BTreeMap<String, u64>,
}

/// A page of dry runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DryRunPage {
    dry_runs: Vec<DryRunView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
}

/// Which dry runs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DryRunQuery {
    /// Only older runs than this one.
    after: Option<i64>,
    /// Dry runs on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Starts a dry run: orders are derived from what was read of them last. Nothing is posted, and no order changes.
#[utoipa::path(post, path = "/v1/stores/{store}/dry-runs", tag = "dry runs", operation_id = "create_dry_run",
    params(("store" = String, Path)), request_body = DryRunRequest,
    responses((status = 202, description = "It is worked on; Location says where it is", body = DryRunView)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Path(store): Path<String>,
    Json(request): Json<DryRunRequest>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<DryRunView>), Problem> {
    known_store(&state, &store)?;
    let rules = rules(&state, &store, request.revision, request.rules).await?;
    let selection = request.orders.checked()?;
    if let Some(ids) = &selection.order_ids {
        let unseen = state.store.unseen_orders(&store, ids).await?;
        if !unseen.is_empty() {
            return Err(selection::unseen(&unseen));
        }
    }
    let new = NewDryRun { selection, rules, note: request.note, created_by: caller.name };
    let id = state.store.create_dry_run(&store, &new).await?;
    let run = known_run(&state, &store, id).await?;
    let location = format!("/v1/stores/{store}/dry-runs/{id}");
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(run.into())))
}

/// Lists dry runs, the newest first. The newest 20 of a store are kept.
#[utoipa::path(get, path = "/v1/stores/{store}/dry-runs", tag = "dry runs", operation_id = "list_dry_runs",
    params(("store" = String, Path), DryRunQuery), responses((status = 200, body = DryRunPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<DryRunQuery>,
) -> Result<Json<DryRunPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let found = state.store.dry_runs(&store, query.after.unwrap_or(i64::MAX), limit).await?;
    let next_after = found.last().filter(|_| found.len() == limit as usize).map(|run| run.id);
    Ok(Json(DryRunPage { dry_runs: found.into_iter().map(DryRunView::from).collect(), next_after }))
}

/// Shows one dry run and how far it is.
#[utoipa::path(get, path = "/v1/stores/{store}/dry-runs/{id}", tag = "dry runs", operation_id = "show_dry_run",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = OneDryRun)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
) -> Result<Json<OneDryRun>, Problem> {
    let run = known_run(&state, &store, id).await?;
    let outcomes = state.store.dry_outcomes(&store, id).await?;
    Ok(Json(OneDryRun { run: run.into(), outcomes }))
}

/// Stops a dry run. What was derived before stays.
#[utoipa::path(post, path = "/v1/stores/{store}/dry-runs/{id}/cancel", tag = "dry runs", operation_id = "cancel_dry_run",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = DryRunView)))]
pub(super) async fn cancel(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
) -> Result<Json<DryRunView>, Problem> {
    known_run(&state, &store, id).await?;
    if !state.store.cancel_dry_run(&store, id).await? {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "dry-run-over",
            format!("Dry run {id} is over"),
            "There is nothing to cancel; its results can be read.",
        ));
    }
    Ok(Json(known_run(&state, &store, id).await?.into()))
}

/// A dry run of a store, or the problem that there is none.
async fn known_run(state: &ApiState, store: &str, id: i64) -> Result<DryRun, Problem> {
    known_store(state, store)?;
    let found = state.store.dry_run(store, id).await?;
    found.ok_or_else(|| {
        Problem::not_found(format!(
            "Store '{store}' has no dry run {id}; the newest 20 are kept, for retention.dry_runs_days days"
        ))
    })
}

/// The rules asked for, once they are known to be usable.
async fn rules(
    state: &ApiState,
    store: &str,
    revision: Option<i64>,
    proposed: Option<Value>,
) -> Result<DryRules, Problem> {
    let refused =
        |code, title: String, detail: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, title, detail);
    match (revision, proposed) {
        (Some(_), Some(_)) => Err(refused(
            "rules-named-twice",
            "Both a revision and proposed rules are named".to_owned(),
            "Name one of them, or neither for the newest revision. Nothing was started.",
        )),
        (None, Some(proposed)) => {
            let rules: Vec<Rule> =
                serde_json::from_value(proposed.clone()).map_err(|error| rules_refused(&error.to_string()))?;
            Rulebook::new(rules).map_err(|problems| not_valid(&problems))?;
            Ok(DryRules::Proposed(proposed))
        }
        (Some(number), None) => match state.store.rulebook_revision(store, number).await? {
            Some(found) => Ok(DryRules::Revision(found.number)),
            None => Err(refused(
                "unknown-revision",
                format!("Store '{store}' has no revision {number} of its rules"),
                "Name a revision of this store, or none for the newest. Nothing was started.",
            )),
        },
        (None, None) => match state.store.latest_rulebook(store).await? {
            Some(found) => Ok(DryRules::Revision(found.number)),
            None => Err(refused(
                "no-rules",
                format!("Store '{store}' has no rules yet"),
                "Send rules with the request, or save some first. Nothing was started.",
            )),
        },
    }
}
