//! The rulebook as a table: exported, and imported all or nothing with a report line by line.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::saving::{Asked, Outcome, Precondition, change, current, etag, named_problems};
use super::view::RuleChangeView;
use crate::accounting::rulebook::import::{Import, LineProblem, Mode, import};
use crate::accounting::rulebook::{Rule, Rulebook};
use crate::http::admin::known_store;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path, Query};
use crate::http::{ApiState, our_fault};
use crate::problem::Problem;

/// What an import does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum ImportMode {
    /// It tells what it would do and changes nothing.
    Preview,
    /// The table becomes the rulebook; rules that are not in it go.
    Replace,
    /// Rules of the table are added, or take the place of those with their id; the others stay.
    Merge,
}

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct ImportQuery {
    /// What to do: `preview`, `replace` or `merge`.
    #[param(inline)]
    mode: ImportMode,
    /// With `mode=preview`: what is previewed, `replace` or `merge` (when it is missing).
    #[serde(rename = "as")]
    #[param(inline)]
    previewed: Option<ImportMode>,
    /// Why the rules change.
    #[serde(default)]
    note: String,
}

/// How grave a line of the report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum Severity {
    /// Nothing is imported because of it.
    Error,
    /// It is imported, and orders will be held because of it.
    Warning,
    /// What happens to the rule.
    Info,
}

/// One thing about one line of the table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"line": 7, "column": "account", "rule": "product-hats", "what": "gives an empty account", "severity": "error"}))]
pub(in super::super) struct ReportLine {
    /// The line of the table, counted from 1; missing when it is not about a line, for example of a rule that is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// The column, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    /// The rule's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    what: String,
    severity: Severity,
}

/// What an import does, or would do.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(in super::super) struct ImportReport {
    /// Whether the rules say it now. False: a preview, a proposal, or the table has errors.
    applied: bool,
    /// Whether the table has no errors.
    valid: bool,
    /// The newest revision.
    revision: i64,
    /// The proposal, when a second person has to approve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<i64>,
    /// Rules that are new.
    created: usize,
    /// Rules that say something else.
    changed: usize,
    /// Rules of the table that are there already and say the same.
    unchanged: usize,
    /// Rules that are not in the table and go.
    removed: usize,
    /// By line: errors, warnings from the mirror of Intacct, and what happens to each rule that is not unchanged.
    lines: Vec<ReportLine>,
}

/// Exports the newest rules as a table (CSV, UTF-8). Imported again they change nothing.
#[utoipa::path(get, path = "/v1/stores/{store}/rules.csv", tag = "rules", operation_id = "export_rules",
    params(("store" = String, Path)),
    responses((status = 200, description = "A rule a row, a field a column", body = String, content_type = "text/csv",
        headers(("ETag" = String, description = "The revision")))))]
pub(in super::super) async fn export(
    State(state): State<ApiState>,
    Path(store): Path<String>,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let newest = current(&state, &store).await?;
    let rulebook = Rulebook::new(newest.rules).map_err(|problems| {
        tracing::error!(?problems, "stored rules are not valid");
        our_fault()
    })?;
    let name = format!("attachment; filename=\"rules-{}.csv\"", newest.revision);
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((etag(newest.revision), headers, rulebook.to_csv()).into_response())
}

/// Imports a table of rules (comma, semicolon or tab between cells), all of it or nothing, and reports line by line. With
/// errors it is refused (422) and the same lines stand in `report`; a preview shows them as its answer.
#[utoipa::path(post, path = "/v1/stores/{store}/rules/import", tag = "rules", operation_id = "import_rules",
    params(("store" = String, Path), ImportQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag the table was made from; needed unless it is a preview")),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportReport),
        (status = 202, body = ImportReport, description = "A second person has to approve it"),
        (status = 412, body = Problem, description = "Another revision was saved meanwhile"),
        (status = 428, body = Problem, description = "If-Match is missing")))]
pub(in super::super) async fn bring_in(
    State(state): State<ApiState>,
    caller: Caller,
    Path(store): Path<String>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    is_csv(&headers)?;
    let mode = mode(&query)?;
    let text = std::str::from_utf8(&body).map_err(|_| {
        let what = "the text is not UTF-8; save it again as UTF-8 (a spreadsheet calls it 'CSV UTF-8')".to_owned();
        not_imported(vec![LineProblem { line: None, column: None, rule: None, what }])
    })?;
    if query.mode == ImportMode::Preview {
        return preview(&state, &store, text, mode).await;
    }
    let precondition = Precondition::required(&headers)?;
    let asked = Asked { state: &state, store: &store, caller: &caller, note: query.note, precondition };
    let before = current(&state, &store).await?;
    asked.precondition.check(before.revision)?;
    let found = import(text, &before.rules, mode).map_err(not_imported)?;
    // The revision is compared again where it is saved, so that the report is of what is done.
    let rules = found.rules.clone();
    let asked = Asked { precondition: Precondition::Revisions(vec![before.revision]), ..asked };
    // Before anything is saved: what fails afterwards would be told as if nothing was.
    let mut report = report(&state, &store, &found).await?;
    let outcome = change(&asked, |_| Ok(rules.clone())).await?;
    let (status, revision) = match outcome {
        Outcome::Saved(saved) | Outcome::Unchanged(saved) => {
            report.applied = true;
            (StatusCode::OK, saved.revision)
        }
        Outcome::Proposed(proposal) => {
            report.proposal = Some(proposal.id());
            (StatusCode::ACCEPTED, before.revision)
        }
    };
    report.revision = revision;
    Ok((status, etag(revision), Json(report)).into_response())
}

async fn preview(state: &ApiState, store: &str, text: &str, mode: Mode) -> Result<Response, Problem> {
    let newest = current(state, store).await?;
    let mut report = match import(text, &newest.rules, mode) {
        Ok(found) => report(state, store, &found).await?,
        Err(problems) => ImportReport { lines: errors(problems), ..ImportReport::default() },
    };
    report.revision = newest.revision;
    Ok((etag(newest.revision), Json(report)).into_response())
}

fn is_csv(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bare = given.split(';').next().unwrap_or_default().trim();
    if bare.eq_ignore_ascii_case("text/csv") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not-csv",
        "The body is not said to be a table",
        "Send the table with the header Content-Type: text/csv. Nothing was changed.",
    ))
}

fn mode(query: &ImportQuery) -> Result<Mode, Problem> {
    match (query.mode, query.previewed) {
        (ImportMode::Replace, None) | (ImportMode::Preview, Some(ImportMode::Replace)) => Ok(Mode::Replace),
        (ImportMode::Merge, None) | (ImportMode::Preview, Some(ImportMode::Merge) | None) => Ok(Mode::Merge),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "query-not-valid",
            "'as' goes with mode=preview, and is replace or merge",
            "Mend the query. Nothing was changed.",
        )),
    }
}

fn errors(problems: Vec<LineProblem>) -> Vec<ReportLine> {
    let line = |one: LineProblem| ReportLine {
        line: one.line,
        column: one.column,
        rule: one.rule,
        what: one.what,
        severity: Severity::Error,
    };
    problems.into_iter().map(line).collect()
}

/// A table with errors.
fn not_imported(problems: Vec<LineProblem>) -> Problem {
    let count = problems.len();
    let place = problems.first().and_then(|first| first.line).map_or(String::new(), |line| format!(", in line {line}"));
    let first = problems.first().map(|first| first.what.clone()).unwrap_or_default();
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "table-not-valid",
        format!("The table has {count} errors; the first{place}: {first}"),
        "Nothing was changed. Mend the lines that report names and send the whole table again.",
    )
    .with_report(errors(problems))
}

/// What the import does, line by line.
async fn report(state: &ApiState, store: &str, found: &Import) -> Result<ImportReport, Problem> {
    let line = |id: &str| found.lines.get(id).copied();
    let about = |rule: &Rule, what: String, severity| ReportLine {
        line: line(&rule.id),
        column: None,
        rule: Some(rule.id.clone()),
        what,
        severity,
    };
    let mut lines: Vec<ReportLine> = warnings(state, store, found).await?;
    lines.extend(found.diff.added.iter().map(|rule| about(rule, "created".to_owned(), Severity::Info)));
    lines.extend(
        found
            .diff
            .changed
            .iter()
            .map(|change| about(&change.after, format!("changed: {}", RuleChangeView::from(change)), Severity::Info)),
    );
    lines.extend(
        found
            .diff
            .removed
            .iter()
            .map(|rule| about(rule, "removed, because it is not in the table".to_owned(), Severity::Info)),
    );
    // Stable: warnings come before what happens to the rule. What is about no line comes last.
    lines.sort_by_key(|one| one.line.unwrap_or(u64::MAX));
    Ok(ImportReport {
        valid: true,
        created: found.diff.added.len(),
        changed: found.diff.changed.len(),
        unchanged: found.unchanged,
        removed: found.diff.removed.len(),
        lines,
        ..ImportReport::default()
    })
}

/// What rules of the table name that Intacct does not have.
async fn warnings(state: &ApiState, store: &str, found: &Import) -> Result<Vec<ReportLine>, Problem> {
    let of_table: Vec<Rule> = found.rules.iter().filter(|rule| found.lines.contains_key(&rule.id)).cloned().collect();
    let ids: HashMap<String, &str> = of_table.iter().map(|rule| (rule.to_string(), rule.id.as_str())).collect();
    let mut lines = Vec::new();
    for problem in named_problems(state, store, &of_table).await? {
        let what = format!("{}{} {}", problem.kind.subject(&problem.id), problem.name, problem.absence.advice());
        for id in problem.by.iter().filter_map(|by| ids.get(by)) {
            lines.push(ReportLine {
                line: found.lines.get(*id).copied(),
                column: None,
                rule: Some((*id).to_owned()),
                what: what.clone(),
                severity: Severity::Warning,
            });
        }
    }
    Ok(lines)
}
