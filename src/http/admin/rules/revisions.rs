//! Revisions of the rulebook: who made which when and why, their rules, and what is different between two.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::RulebookView;
use super::saving::rules_of;
use super::view::DiffView;
use crate::accounting::rulebook::Rule;
use crate::accounting::rulebook::diff::Diff;
use crate::http::ApiState;
use crate::http::admin::{Limit, known_store, page_size};
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;

/// A revision without its rules.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct RevisionView {
    revision: i64,
    /// The name of the token it was made with.
    author: String,
    /// Who approved it, where two persons are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
    note: String,
    /// When it was made (UTC).
    made_at: String,
    /// How many rules it has.
    rule_count: i32,
    /// Rules that are new against the revision before; missing when it was saved before this was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<i32>,
    /// Rules that say something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<i32>,
    /// Rules that are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<i32>,
}

/// A page of revisions.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct RevisionPage {
    revisions: Vec<RevisionView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
}

/// Which revisions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RevisionQuery {
    /// Only revisions before this one.
    after: Option<i64>,
    /// Revisions on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Which revisions to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct DiffQuery {
    /// The earlier revision; 0 for no rules at all.
    from: i64,
    /// The later revision; the newest when it is missing.
    to: Option<i64>,
}

/// What is different between two revisions.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct RevisionDiff {
    from: i64,
    to: i64,
    changes: DiffView,
}

/// Lists the revisions of the rules, the newest first.
#[utoipa::path(get, path = "/v1/stores/{store}/rules/revisions", tag = "rules", operation_id = "list_rule_revisions",
    params(("store" = String, Path), RevisionQuery), responses((status = 200, body = RevisionPage)))]
pub(in super::super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<RevisionQuery>,
) -> Result<Json<RevisionPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let found = state.store.rulebook_revisions(&store, query.after, limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|last| last.number);
    let view = found.into_iter().map(|about| RevisionView {
        revision: about.number,
        author: about.author,
        approved_by: about.approved_by,
        note: about.note,
        made_at: about.made_at.to_string(),
        rule_count: about.rule_count,
        added: about.changes.map(|changes| changes.added),
        changed: about.changes.map(|changes| changes.changed),
        removed: about.changes.map(|changes| changes.removed),
    });
    Ok(Json(RevisionPage { revisions: view.collect(), next_after }))
}

/// Shows one revision with its rules. To go back to it, put its rules.
#[utoipa::path(get, path = "/v1/stores/{store}/rules/revisions/{revision}", tag = "rules", operation_id = "show_rule_revision",
    params(("store" = String, Path), ("revision" = i64, Path)), responses((status = 200, body = RulebookView)))]
pub(in super::super) async fn one(
    State(state): State<ApiState>,
    Path((store, revision)): Path<(String, i64)>,
) -> Result<Json<RulebookView>, Problem> {
    known_store(&state, &store)?;
    let found = state.store.rulebook_revision(&store, revision).await?;
    let found = found.ok_or_else(|| unknown(revision))?;
    Ok(Json(RulebookView {
        revision: found.number,
        author: found.author,
        approved_by: found.approved_by,
        note: found.note,
        made_at: found.made_at.to_string(),
        rules: found.rules,
    }))
}

/// Shows what is different between two revisions, rule by rule and field by field.
#[utoipa::path(get, path = "/v1/stores/{store}/rules/diff", tag = "rules", operation_id = "compare_rule_revisions",
    params(("store" = String, Path), DiffQuery), responses((status = 200, body = RevisionDiff)))]
pub(in super::super) async fn diff(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Result<Json<RevisionDiff>, Problem> {
    known_store(&state, &store)?;
    let before = rules_at(&state, &store, query.from).await?;
    let (to, after) = match query.to {
        Some(to) => (to, rules_at(&state, &store, to).await?),
        None => {
            let newest = super::saving::current(&state, &store).await?;
            (newest.revision, newest.rules)
        }
    };
    Ok(Json(RevisionDiff { from: query.from, to, changes: Diff::between(&before, &after).into() }))
}

/// The rules of a revision; none for 0.
pub(super) async fn rules_at(state: &ApiState, store: &str, revision: i64) -> Result<Vec<Rule>, Problem> {
    if revision == 0 {
        return Ok(Vec::new());
    }
    let found = state.store.rulebook_revision(store, revision).await?;
    rules_of(found.ok_or_else(|| unknown(revision))?.rules)
}

fn unknown(revision: i64) -> Problem {
    Problem::not_found(format!("The store has no revision {revision} of its rules"))
}
