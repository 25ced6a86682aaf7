//! `/v1/companies/{company}/master-data`: what the mirror knows of an Intacct company, how fresh it is, and reading it anew.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, page_size};
use crate::accounting::masters::MasterKind;
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;

/// A mirrored record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MasterView {
    /// For example `gl-account`, `customer` or `dimension:REGION`.
    kind: String,
    /// What rules name it by.
    id: String,
    /// RECORDNO in Intacct.
    record_no: u64,
    name: String,
    /// `active`, `non-posting`, `inactive`, or `gone`: no longer in Intacct.
    status: &'static str,
    /// Of customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// What else orders are checked by, for example the dimensions an account insists on.
    #[schema(value_type = Object)]
    facts: serde_json::Value,
    /// When it was changed last, by the company's own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// When it was read last (UTC).
    seen_at: String,
}

/// A page of records, by kind and id.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MasterPage {
    records: Vec<MasterView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<String>,
}

/// Which records to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct MasterQuery {
    /// Only this kind: `gl-account`, `account-label`, `item`, `department`, `location`, `entity`, `class`, `project`, `term`,
    /// `bank-account`, `tax-detail`, `transaction-definition`, `journal`, `customer`, `customer-type` or `dimension:NAME`.
    kind: Option<String>,
    /// Only records whose id, name or e-mail address contains this, whatever its capitals.
    #[serde(default)]
    q: String,
    /// Only records after this one, as `next_after` says.
    after: Option<String>,
    /// Records on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// How fresh the mirror of a kind is. Times are UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefreshView {
    kind: String,
    /// Records that are there.
    records: u64,
    /// When everything was read; missing while that has not happened: nothing is judged by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_full_at: Option<String>,
    /// When a reading ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_read_at: Option<String>,
    /// Why the company does not offer it: nothing is judged by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<String>,
    /// Why the last try failed; it is repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
}

/// Lists mirrored records by kind and id.
#[utoipa::path(get, path = "/v1/companies/{company}/master-data", tag = "companies", operation_id = "list_master_data", params(("company" = String, Path), MasterQuery),
    responses((status = 200, body = MasterPage), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(company): Path<String>,
    Query(query): Query<MasterQuery>,
) -> Result<Json<MasterPage>, Problem> {
    known_company(&state, &company)?;
    let kind = query.kind.as_deref().filter(|kind| !kind.is_empty()).map(kind_named).transpose()?;
    let after = match query.after.as_deref().and_then(|after| after.split_once('/')) {
        Some((kind, id)) => Some((kind_named(kind)?, id)),
        None => None,
    };
    let limit = page_size(query.limit);
    let after = after.as_ref().map(|(kind, id)| (kind, *id));
    let found = state.store.find_masters(&company, kind.as_ref(), query.q.trim(), after, limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|last| format!("{}/{}", last.kind, last.record.id));
    let records = found
        .into_iter()
        .map(|found| MasterView {
            kind: found.kind.name(),
            id: found.record.id,
            record_no: found.record.record_no,
            name: found.record.name,
            status: found.record.status.as_str(),
            email: found.record.email,
            facts: serde_json::to_value(&found.record.facts).unwrap_or_default(),
            modified: found.record.modified.map(|at| at.to_string()),
            seen_at: found.seen_at.to_string(),
        })
        .collect();
    Ok(Json(MasterPage { records, next_after }))
}

/// Says how fresh the mirror of each kind is.
#[utoipa::path(get, path = "/v1/companies/{company}/master-data/state", tag = "companies", operation_id = "show_master_data_state", params(("company" = String, Path)),
    responses((status = 200, body = Vec<RefreshView>), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn state(
    State(state): State<ApiState>,
    Path(company): Path<String>,
) -> Result<Json<Vec<RefreshView>>, Problem> {
    known_company(&state, &company)?;
    let states = state.store.refresh_states(&company).await?.into_iter().map(|found| RefreshView {
        kind: found.kind.name(),
        records: found.records,
        last_full_at: found.last_full_at.map(|at| at.to_string()),
        last_read_at: found.last_read_at.map(|at| at.to_string()),
        unavailable: found.unavailable,
        last_error: found.last_error,
    });
    Ok(Json(states.collect()))
}

/// Reads what changed in Intacct within seconds instead of on schedule. Orders held for what changed go on by themselves.
#[utoipa::path(post, path = "/v1/companies/{company}/master-data/refresh", tag = "companies", operation_id = "refresh_master_data", params(("company" = String, Path)),
    responses((status = 202, description = "It is read soon"), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn refresh(State(state): State<ApiState>, Path(company): Path<String>) -> Result<StatusCode, Problem> {
    known_company(&state, &company)?;
    state.store.want_masters(&company, None, Duration::ZERO).await?;
    Ok(StatusCode::ACCEPTED)
}

fn kind_named(name: &str) -> Result<MasterKind, Problem> {
    MasterKind::try_from(name.to_owned()).map_err(|why| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "unknown-kind",
            format!("The list cannot be made: {why}"),
            "Name one of these.",
        )
    })
}

/// Refuses a company that no store posts to.
fn known_company(state: &ApiState, company: &str) -> Result<(), Problem> {
    if state.company_of_store.values().any(|known| known == company) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-company",
        format!("No store posts to a company named '{company}'"),
        "Use a company's name from the settings.",
    ))
}
