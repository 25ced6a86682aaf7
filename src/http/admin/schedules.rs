//! `/v1/stores/{store}/schedules`: what is done for a store by the clock, when, and how it went.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size};
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::schedule::{Schedule, ScheduleName, ScheduleRun};

/// A run. Moments are UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunView {
    id: i64,
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    /// `running`, `done`, `failed` (it is gone on with by itself), or `interrupted` (its process ended; another run goes on).
    #[schema(example = "done")]
    result: String,
    /// Orders, refunds or webhooks looked at.
    seen: u64,
    /// Orders marked as due, or webhooks made, changed or deleted.
    acted: u64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A schedule. Moments are UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleView {
    name: ScheduleName,
    /// What it does.
    about: &'static str,
    /// How often it runs, in seconds.
    #[schema(example = 900)]
    every_seconds: u32,
    /// The least that `every_seconds` may be.
    every_seconds_min: u32,
    /// The most that `every_seconds` may be.
    every_seconds_max: u32,
    /// Whether it runs only when it is asked for.
    paused: bool,
    /// When it is due next; moments that were missed become one run.
    next_at: String,
    /// Whether a run was asked for that has not ended.
    wanted: bool,
    /// Whether a run was begun that has not come to its good end.
    unfinished: bool,
    /// Failures in a row; it is tried again by itself.
    failures: u32,
    /// What happened before is read; the next run begins an overlap earlier. Missing for `webhooks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_until: Option<String>,
    /// The newest run.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<RunView>,
}

/// How the mirror of the company's master data is kept; it belongs to the company and is changed in the settings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MirrorView {
    company: String,
    /// How often what changed is read, in seconds.
    every_seconds: u64,
    /// When the kind that waits the longest was read (UTC); missing while one was never read.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_until: Option<String>,
    /// Where more is told.
    link: String,
}

/// All schedules of a store.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleList {
    schedules: Vec<ScheduleView>,
    /// The mirror of its company's master data.
    #[serde(skip_serializing_if = "Option::is_none")]
    mirror: Option<MirrorView>,
    /// Why the store is called silent; missing when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<String>,
}

/// What may be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleWish {
    /// How often it runs, in seconds, within the bounds that the schedule shows.
    #[schema(example = 900)]
    every_seconds: u32,
    /// Whether it runs only when it is asked for.
    paused: bool,
}

/// A page of runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunPage {
    /// Newest first.
    runs: Vec<RunView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
}

/// Which runs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RunQuery {
    /// Only runs that are older than this one.
    after: Option<i64>,
    /// Runs on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

impl From<ScheduleRun> for RunView {
    fn from(run: ScheduleRun) -> Self {
        Self {
            id: run.id,
            started_at: run.started_at.to_string(),
            ended_at: run.ended_at.map(|at| at.to_string()),
            result: run.result,
            seen: run.seen,
            acted: run.acted,
            error: run.error,
        }
    }
}

/// Lists the schedules of a store.
#[utoipa::path(get, path = "/v1/stores/{store}/schedules", tag = "schedules", operation_id = "list_schedules",
    params(("store" = String, Path)), responses((status = 200, body = ScheduleList)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
) -> Result<Json<ScheduleList>, Problem> {
    known_store(&state, &store)?;
    let mut schedules = Vec::new();
    for schedule in stored(&state, &store).await? {
        schedules.push(view(&state, &store, schedule).await?);
    }
    let hearing = state.store.hearing(&store).await?;
    Ok(Json(ScheduleList {
        schedules,
        mirror: mirror(&state, &store).await?,
        silence: hearing.silence(state.schedules.silent_after_hours),
    }))
}

/// Shows one schedule.
#[utoipa::path(get, path = "/v1/stores/{store}/schedules/{name}", tag = "schedules", operation_id = "show_schedule",
    params(("store" = String, Path), ("name" = ScheduleName, Path)), responses((status = 200, body = ScheduleView)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    Path((store, name)): Path<(String, String)>,
) -> Result<Json<ScheduleView>, Problem> {
    known_store(&state, &store)?;
    shown(&state, &store, named(&name)?).await
}

/// Sets how often a schedule runs, and whether it is paused. What a paused schedule missed is read once it goes on.
#[utoipa::path(put, path = "/v1/stores/{store}/schedules/{name}", tag = "schedules", operation_id = "change_schedule",
    params(("store" = String, Path), ("name" = ScheduleName, Path)), request_body = ScheduleWish,
    responses((status = 200, body = ScheduleView)))]
pub(super) async fn change(
    State(state): State<ApiState>,
    Path((store, name)): Path<(String, String)>,
    Json(wish): Json<ScheduleWish>,
) -> Result<Json<ScheduleView>, Problem> {
    known_store(&state, &store)?;
    let name = named(&name)?;
    let (least, most) = name.bounds();
    if !(least..=most).contains(&wish.every_seconds) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "interval-out-of-bounds",
            format!("every_seconds of {} must be from {least} to {most}, not {}", name.as_str(), wish.every_seconds),
            "Choose an interval within the bounds; POST .../run runs it at once.",
        ));
    }
    state.store.make_schedules(&store, &state.schedules.intervals).await?;
    state.store.set_schedule(&store, name, wish.every_seconds, wish.paused).await?;
    shown(&state, &store, name).await
}

/// Runs a schedule within seconds, also a paused one. GET .../runs tells how it went.
#[utoipa::path(post, path = "/v1/stores/{store}/schedules/{name}/run", tag = "schedules", operation_id = "run_schedule",
    params(("store" = String, Path), ("name" = ScheduleName, Path)),
    responses((status = 202, description = "It runs soon", body = ScheduleView)))]
pub(super) async fn run(
    State(state): State<ApiState>,
    Path((store, name)): Path<(String, String)>,
) -> Result<(StatusCode, Json<ScheduleView>), Problem> {
    known_store(&state, &store)?;
    let name = named(&name)?;
    state.store.make_schedules(&store, &state.schedules.intervals).await?;
    state.store.want_run(&store, name).await?;
    Ok((StatusCode::ACCEPTED, shown(&state, &store, name).await?))
}

/// Lists the runs of a schedule, newest first. They are remembered for some days.
#[utoipa::path(get, path = "/v1/stores/{store}/schedules/{name}/runs", tag = "schedules", operation_id = "list_schedule_runs",
    params(("store" = String, Path), ("name" = ScheduleName, Path), RunQuery), responses((status = 200, body = RunPage)))]
pub(super) async fn runs(
    State(state): State<ApiState>,
    Path((store, name)): Path<(String, String)>,
    Query(query): Query<RunQuery>,
) -> Result<Json<RunPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let found = state.store.schedule_runs(&store, named(&name)?, query.after, limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|run| run.id);
    Ok(Json(RunPage { runs: found.into_iter().map(RunView::from).collect(), next_after }))
}

/// The schedules as they are stored; made when no worker has ever begun.
async fn stored(state: &ApiState, store: &str) -> Result<Vec<Schedule>, Problem> {
    let found = state.store.schedules(store).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    state.store.make_schedules(store, &state.schedules.intervals).await?;
    Ok(state.store.schedules(store).await?)
}

async fn shown(state: &ApiState, store: &str, name: ScheduleName) -> Result<Json<ScheduleView>, Problem> {
    let found = stored(state, store).await?.into_iter().find(|schedule| schedule.name == name);
    let schedule = found.ok_or_else(|| unknown(name.as_str()))?;
    Ok(Json(view(state, store, schedule).await?))
}

async fn view(state: &ApiState, store: &str, schedule: Schedule) -> Result<ScheduleView, Problem> {
    let newest = state.store.schedule_runs(store, schedule.name, None, 1).await?.pop();
    let (least, most) = schedule.name.bounds();
    Ok(ScheduleView {
        name: schedule.name,
        about: about(schedule.name),
        every_seconds: schedule.every_seconds,
        every_seconds_min: least,
        every_seconds_max: most,
        paused: schedule.paused,
        next_at: schedule.next_at.to_string(),
        wanted: schedule.wanted,
        unfinished: schedule.unfinished,
        failures: schedule.failures,
        read_until: (schedule.name != ScheduleName::Webhooks).then(|| schedule.read_until.to_string()),
        last_run: newest.map(RunView::from),
    })
}

fn about(name: ScheduleName) -> &'static str {
    match name {
        ScheduleName::Orders => {
            "Looks for orders that changed, and marks those as due that changed after they were read"
        }
        ScheduleName::Refunds => {
            "Looks for refunds that were made, and marks the orders as due that were read without them"
        }
        ScheduleName::Webhooks => "Looks at the store's webhooks, and mends them when they were installed",
    }
}

async fn mirror(state: &ApiState, store: &str) -> Result<Option<MirrorView>, Problem> {
    let Some(company) = state.company_of_store.get(store) else { return Ok(None) };
    let kinds = state.store.refresh_states(company).await?;
    let offered: Option<Vec<_>> =
        kinds.iter().filter(|kind| kind.unavailable.is_none()).map(|kind| kind.last_read_at).collect();
    Ok(Some(MirrorView {
        link: format!("/v1/companies/{company}/master-data/state"),
        company: company.clone(),
        every_seconds: state.schedules.mirror_seconds,
        read_until: offered.and_then(|read| read.into_iter().min()).map(|at| at.to_string()),
    }))
}

fn named(name: &str) -> Result<ScheduleName, Problem> {
    name.parse().map_err(|_| unknown(name))
}

fn unknown(name: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-schedule",
        format!("There is no schedule '{name}'"),
        "Name orders, refunds or webhooks. The mirror of master data is read anew with POST \
         /v1/companies/{company}/master-data/refresh.",
    )
}
