//! Rules one by one: searched, shown, created, changed, ended, removed; and several of these in one revision.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::saving::{Asked, Outcome, Precondition, change, current, etag};
use super::view::{ProposalView, RuleSchema, Saved};
use crate::accounting::rulebook::edit::{Edit, EditProblem, End, edited};
use crate::accounting::rulebook::{Field, Rule, RuleKind};
use crate::http::ApiState;
use crate::http::admin::{Limit, known_store, page_size};
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;

/// One rule with the revision it is of.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct RuleView {
    revision: i64,
    #[schema(value_type = RuleSchema)]
    rule: Rule,
}

/// A page of rules.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct RulePage {
    /// The newest revision, which they are of; 0 when there are no rules yet.
    revision: i64,
    #[schema(value_type = Vec<RuleSchema>)]
    rules: Vec<Rule>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<String>,
}

/// Which rules to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RuleQuery {
    /// Only rules of this kind, for example `product`.
    #[param(value_type = Option<String>)]
    kind: Option<RuleKind>,
    /// Only rules with this text in the id, a condition, something they give, or the note, whatever its capitals.
    #[serde(default)]
    q: String,
    /// Only rules that apply on this day.
    #[param(value_type = Option<String>, format = Date)]
    valid_on: Option<Date>,
    /// Only rules whose id comes later.
    after: Option<String>,
    /// Rules on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// A rule to be saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RuleWish {
    #[schema(value_type = RuleSchema)]
    rule: Rule,
    /// Why the rules change.
    #[serde(default)]
    note: String,
}

/// The last day of a rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EndWish {
    /// The last day it applies to, by posting date.
    #[schema(value_type = String, format = Date, example = "2026-12-31")]
    last_day: Date,
    /// Why the rules change.
    #[serde(default)]
    note: String,
}

/// Why something is removed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RemovalQuery {
    /// Why the rules change.
    #[serde(default)]
    note: String,
}

/// Several changes, made one after another in one revision: all or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct BulkWish {
    /// Each is one of `{"create": rule}`, `{"change": rule}`, `{"end": {"id", "last_day"}}`, `{"remove": id}`.
    #[schema(value_type = Vec<Object>, example = json!([
        {"create": {"id": "product-hats", "kind": "product", "conditions": {"sku": "HAT-*"}, "gives": {"account": "4000"}}},
        {"end": {"id": "product-caps", "last_day": "2026-12-31"}},
        {"remove": "product-old"}
    ]))]
    changes: Vec<Edit>,
    /// Why the rules change.
    #[serde(default)]
    note: String,
}

/// What of the changes cannot be made.
#[derive(Debug, Serialize)]
struct EditProblemView<'a> {
    position: usize,
    rule: &'a str,
    message: &'a str,
}

/// Searches the rules of the newest revision, by id.
#[utoipa::path(get, path = "/v1/stores/{store}/rules/search", tag = "rules", operation_id = "search_rules",
    params(("store" = String, Path), RuleQuery),
    responses((status = 200, body = RulePage, headers(("ETag" = String, description = "The revision")))))]
pub(in super::super) async fn search(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<RuleQuery>,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let newest = current(&state, &store).await?;
    let text = query.q.trim().to_lowercase();
    let mut rules: Vec<Rule> = newest.rules.into_iter().filter(|rule| fits(rule, &query, &text)).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let limit = page_size(query.limit) as usize;
    let more = rules.len() > limit;
    rules.truncate(limit);
    let next_after = rules.last().filter(|_| more).map(|rule| rule.id.clone());
    Ok((etag(newest.revision), Json(RulePage { revision: newest.revision, rules, next_after })).into_response())
}

fn fits(rule: &Rule, query: &RuleQuery, text: &str) -> bool {
    let searched = || {
        let has = |value: &str| value.to_lowercase().contains(text);
        has(&rule.id)
            || has(&rule.note)
            || rule.conditions.values().any(|pattern| has(pattern.as_str()))
            || rule.gives.iter().any(|(give, value)| has(value) || has(&Field::Give(give.clone()).to_string()))
    };
    query.kind.is_none_or(|kind| rule.kind == kind)
        && query.valid_on.is_none_or(|day| rule.covers(day))
        && query.after.as_ref().is_none_or(|after| rule.id > *after)
        && (text.is_empty() || searched())
}

/// Shows one rule of the newest revision.
#[utoipa::path(get, path = "/v1/stores/{store}/rules/by-id/{id}", tag = "rules", operation_id = "show_rule",
    params(("store" = String, Path), ("id" = String, Path, description = "The rule's id")),
    responses((status = 200, body = RuleView, headers(("ETag" = String, description = "The revision")))))]
pub(in super::super) async fn one(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let newest = current(&state, &store).await?;
    let rule = newest.rules.into_iter().find(|rule| rule.id == id);
    let rule = rule.ok_or_else(|| Problem::not_found(format!("There is no rule '{id}'")))?;
    Ok((etag(newest.revision), Json(RuleView { revision: newest.revision, rule })).into_response())
}

/// Creates a rule. Held orders are run again by themselves.
#[utoipa::path(post, path = "/v1/stores/{store}/rules", tag = "rules", operation_id = "create_rule",
    params(("store" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag the change was made from")),
    request_body = RuleWish,
    responses((status = 201, body = Saved), (status = 202, body = ProposalView, description = "A second person has to approve it"),
        (status = 412, body = Problem, description = "Another revision was saved meanwhile")))]
pub(in super::super) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Path(store): Path<String>,
    headers: HeaderMap,
    Json(wish): Json<RuleWish>,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let precondition = Precondition::of(&headers);
    let asked = Asked { state: &state, store: &store, caller: &caller, note: wish.note, precondition };
    Ok(edit(&asked, vec![Edit::Create(wish.rule)]).await?.answer(StatusCode::CREATED))
}

/// Changes a rule: it says this instead. Held orders are run again by themselves.
#[utoipa::path(put, path = "/v1/stores/{store}/rules/by-id/{id}", tag = "rules", operation_id = "change_rule",
    params(("store" = String, Path), ("id" = String, Path, description = "The rule's id"),
        ("If-Match" = String, Header, description = "The ETag the change was made from")),
    request_body = RuleWish,
    responses((status = 200, body = Saved), (status = 202, body = ProposalView, description = "A second person has to approve it"),
        (status = 412, body = Problem, description = "Another revision was saved meanwhile"),
        (status = 428, body = Problem, description = "If-Match is missing")))]
pub(in super::super) async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path((store, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(wish): Json<RuleWish>,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    if wish.rule.id != id {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "rule-id-differs",
            format!("The address names the rule '{id}' and the body '{}'", wish.rule.id),
            "Write the same id in both. To give a rule another id, create it and remove this one in one bulk change.",
        ));
    }
    let precondition = Precondition::required(&headers)?;
    let asked = Asked { state: &state, store: &store, caller: &caller, note: wish.note, precondition };
    Ok(edit(&asked, vec![Edit::Change(wish.rule)]).await?.answer(StatusCode::OK))
}

/// Ends a rule: it applies to posting dates up to the last day. Documents of later days need another rule.
#[utoipa::path(post, path = "/v1/stores/{store}/rules/by-id/{id}/end", tag = "rules", operation_id = "end_rule",
    params(("store" = String, Path), ("id" = String, Path, description = "The rule's id"),
        ("If-Match" = String, Header, description = "The ETag the change was made from")),
    request_body = EndWish,
    responses((status = 200, body = Saved), (status = 202, body = ProposalView, description = "A second person has to approve it"),
        (status = 412, body = Problem, description = "Another revision was saved meanwhile"),
        (status = 428, body = Problem, description = "If-Match is missing")))]
pub(in super::super) async fn end(
    State(state): State<ApiState>,
    caller: Caller,
    Path((store, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(wish): Json<EndWish>,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let precondition = Precondition::required(&headers)?;
    let asked = Asked { state: &state, store: &store, caller: &caller, note: wish.note, precondition };
    let ending = Edit::End(End { id, last_day: wish.last_day });
    Ok(edit(&asked, vec![ending]).await?.answer(StatusCode::OK))
}

/// Removes a rule. What was posted by it stays as it is.
#[utoipa::path(delete, path = "/v1/stores/{store}/rules/by-id/{id}", tag = "rules", operation_id = "remove_rule",
    params(("store" = String, Path), ("id" = String, Path, description = "The rule's id"), RemovalQuery,
        ("If-Match" = String, Header, description = "The ETag the change was made from")),
    responses((status = 200, body = Saved), (status = 202, body = ProposalView, description = "A second person has to approve it"),
        (status = 412, body = Problem, description = "Another revision was saved meanwhile"),
        (status = 422, body = Problem), (status = 428, body = Problem, description = "If-Match is missing")))]
pub(in super::super) async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    Path((store, id)): Path<(String, String)>,
    Query(query): Query<RemovalQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let precondition = Precondition::required(&headers)?;
    let asked = Asked { state: &state, store: &store, caller: &caller, note: query.note, precondition };
    Ok(edit(&asked, vec![Edit::Remove(id)]).await?.answer(StatusCode::OK))
}

/// Makes several changes in one revision, all or none. What is wrong is told all at once, in `report`.
#[utoipa::path(post, path = "/v1/stores/{store}/rules/bulk", tag = "rules", operation_id = "change_rules_in_bulk",
    params(("store" = String, Path), ("If-Match" = String, Header, description = "The ETag the changes were made from")),
    request_body = BulkWish,
    responses((status = 200, body = Saved), (status = 202, body = ProposalView, description = "A second person has to approve it"),
        (status = 412, body = Problem, description = "Another revision was saved meanwhile"),
        (status = 428, body = Problem, description = "If-Match is missing")))]
pub(in super::super) async fn bulk(
    State(state): State<ApiState>,
    caller: Caller,
    Path(store): Path<String>,
    headers: HeaderMap,
    Json(wish): Json<BulkWish>,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let precondition = Precondition::required(&headers)?;
    let asked = Asked { state: &state, store: &store, caller: &caller, note: wish.note, precondition };
    Ok(edit(&asked, wish.changes).await?.answer(StatusCode::OK))
}

async fn edit(asked: &Asked<'_>, edits: Vec<Edit>) -> Result<Outcome, Problem> {
    change(asked, |rules| edited(rules, edits.clone()).map_err(|problems| impossible(&problems))).await
}

/// Changes that cannot be made.
fn impossible(problems: &[EditProblem]) -> Problem {
    let report: Vec<EditProblemView<'_>> = problems
        .iter()
        .map(|one| EditProblemView { position: one.place - 1, rule: &one.rule, message: &one.why })
        .collect();
    let problem = match problems {
        [one] if one.unknown => Problem::not_found(one.why.clone()),
        [one] => Problem::new(StatusCode::CONFLICT, "rule-does-not-allow-it", one.why.clone(), "Nothing was changed."),
        several => {
            let why: Vec<String> = several.iter().map(ToString::to_string).collect();
            Problem::new(
                StatusCode::CONFLICT,
                "rule-does-not-allow-it",
                format!("The changes cannot be made: {}", why.join("; ")),
                "Nothing was changed. Mend what is named and send all changes again.",
            )
        }
    };
    problem.with_report(report)
}
