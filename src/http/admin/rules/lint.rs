//! What is wrong with rules and what the team should know about them, without saving anything.

use axum::extract::State;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::saving::{current, warnings};
use super::view::{FindingView, RuleProblemView};
use crate::accounting::rulebook::{Finding, Rule, Rulebook};
use crate::http::admin::known_store;
use crate::http::extract::{Json, Path};
use crate::http::{ApiState, our_fault};
use crate::problem::Problem;

/// Rules to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct LintWish {
    /// The rules; the newest revision when they are missing.
    rules: Option<Vec<serde_json::Value>>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct LintView {
    /// Whether the rules can be saved.
    valid: bool,
    /// Why they cannot.
    problems: Vec<RuleProblemView>,
    /// What the team should know about them, the gravest first; of valid rules only.
    findings: Vec<FindingView>,
    /// What they name that the mirror of Intacct does not have, or has as inactive.
    warnings: Vec<String>,
}

/// Checks rules and saves nothing: those given, or the newest ones for the body `{}`.
#[utoipa::path(post, path = "/v1/stores/{store}/rules/lint", tag = "rules", operation_id = "lint_rules",
    params(("store" = String, Path)), request_body = LintWish, responses((status = 200, body = LintView)))]
pub(in super::super) async fn lint(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Json(wish): Json<LintWish>,
) -> Result<Json<LintView>, Problem> {
    known_store(&state, &store)?;
    let (rules, mut problems) = match wish.rules {
        Some(values) => read(values),
        None => (current(&state, &store).await?.rules, Vec::new()),
    };
    let warnings = warnings(&state, &store, &rules).await?;
    let readable = problems.is_empty();
    let from = first_day(&state, &store);
    // Many rules take a while; other requests go on meanwhile.
    let looked = tokio::task::spawn_blocking(move || {
        Rulebook::new(rules).map(|rulebook| if readable { rulebook.findings(from) } else { Vec::new() })
    });
    let findings: Vec<Finding> = match looked.await.map_err(|_| our_fault())? {
        Ok(findings) => findings,
        // Places would be wrong beside rules that could not be read.
        Err(found) if readable => {
            problems.extend(found.iter().map(RuleProblemView::from));
            Vec::new()
        }
        Err(_) => Vec::new(),
    };
    let findings = findings.into_iter().map(FindingView::from).collect();
    Ok(Json(LintView { valid: problems.is_empty(), problems, findings, warnings }))
}

/// The rules that can be read, and what is wrong with the others.
fn read(values: Vec<serde_json::Value>) -> (Vec<Rule>, Vec<RuleProblemView>) {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for (position, value) in values.into_iter().enumerate() {
        let rule = value.get("id").and_then(serde_json::Value::as_str).map(str::to_owned);
        match serde_json::from_value::<Rule>(value) {
            Ok(rule) => rules.push(rule),
            Err(error) => {
                problems.push(RuleProblemView { rule, position, field: None, other: None, message: error.to_string() });
            }
        }
    }
    (rules, problems)
}

/// The first day that anything may still be posted on: today by the store's clock, or its go-live when that is later.
pub(super) fn first_day(state: &ApiState, store: &str) -> Date {
    let now = state.clock.now();
    match state.rule_settings.get(store).map(|settings| &settings.policy) {
        Some(policy) => {
            let today = now.to_zoned(policy.time_zone.zone().clone()).date();
            policy.go_live.map_or(today, |go_live| go_live.max(today))
        }
        None => now.to_zoned(jiff::tz::TimeZone::UTC).date(),
    }
}
