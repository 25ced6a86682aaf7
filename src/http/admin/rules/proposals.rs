//! `/v1/stores/{store}/rules/proposals`: changes of the rules that wait for a second person, and what became of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::lint::first_day;
use super::revisions::rules_at;
use super::saving::{Current, Precondition, busy, counts, current, etag, rules_of, warnings};
use super::view::{ProposalView, Saved};
use crate::accounting::rulebook::diff::{Conflict, Diff};
use crate::accounting::rulebook::{Finding, Rule, Rulebook};
use crate::http::admin::{Limit, known_store, page_size};
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path, Query};
use crate::http::{ApiState, our_fault};
use crate::problem::Problem;
use crate::store::rule_proposal::{Approval, Proposal, ProposalState};
use crate::store::rulebook::NewRevision;

/// Proposals on a page at most: each open one is held against the newest rules.
const PAGE: u32 = 50;
/// How often an approval is tried on what others saved meanwhile.
const TRIES: usize = 5;

/// A page of proposals.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct ProposalPage {
    proposals: Vec<ProposalView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
}

/// Which proposals to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct ProposalQuery {
    /// Only those that are `open` (outdated ones too), `approved`, `rejected` or `withdrawn`.
    state: Option<String>,
    /// Only proposals made before this one.
    after: Option<i64>,
    /// Proposals on a page, at most 50; more are not given.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Why something was decided so.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Reason {
    /// For who proposed it.
    #[schema(min_length = 1, example = "Account 4000 is for goods, not for freight")]
    reason: String,
}

/// A proposal held against the newest rules.
pub(super) struct Evaluated {
    /// All rules as they would be; as they are in the proposal when it is outdated.
    pub rules: Vec<Rule>,
    /// What it changes in the newest rules; in its base when it is outdated or decided.
    pub diff: Diff,
    /// Why it cannot be made to the newest rules.
    pub outdated: Vec<String>,
    /// What the team should know about the rules as they would be.
    pub findings: Vec<Finding>,
    /// What they would name that Intacct does not have.
    pub warnings: Vec<String>,
}

/// Holds a proposal against the newest rules.
pub(super) async fn evaluate(
    state: &ApiState,
    store: &str,
    proposal: &Proposal,
    newest: &Current,
) -> Result<Evaluated, Problem> {
    let proposed = rules_of(proposal.rules.clone())?;
    let base = if proposal.base == newest.revision {
        newest.rules.clone()
    } else {
        rules_at(state, store, proposal.base).await?
    };
    let diff = Diff::between(&base, &proposed);
    let mut evaluated =
        Evaluated { rules: proposed, diff, outdated: Vec::new(), findings: Vec::new(), warnings: Vec::new() };
    if proposal.state == ProposalState::Open {
        match applied(&evaluated.diff, newest) {
            Ok(rulebook) => {
                evaluated.diff = Diff::between(&newest.rules, rulebook.rules());
                evaluated.rules = rulebook.rules().to_vec();
                evaluated.findings = findings(state, store, rulebook).await?;
            }
            Err(why) => evaluated.outdated = why,
        }
    }
    evaluated.warnings = warnings(state, store, &evaluated.rules).await?;
    Ok(evaluated)
}

/// The same of a change that was just made to the newest rules and is not kept yet.
pub(super) async fn evaluate_new(
    state: &ApiState,
    store: &str,
    rulebook: Rulebook,
    diff: Diff,
    warnings: Vec<String>,
) -> Result<Evaluated, Problem> {
    let rules = rulebook.rules().to_vec();
    let findings = findings(state, store, rulebook).await?;
    Ok(Evaluated { rules, diff, outdated: Vec::new(), findings, warnings })
}

/// What the team should know about rules. Many take a while; other requests go on meanwhile.
async fn findings(state: &ApiState, store: &str, rulebook: Rulebook) -> Result<Vec<Finding>, Problem> {
    let from = first_day(state, store);
    let looked = tokio::task::spawn_blocking(move || rulebook.findings(from));
    looked.await.map_err(|_| our_fault())
}

/// The newest rules with a change made to them, or why it does not fit them any more.
fn applied(diff: &Diff, newest: &Current) -> Result<Rulebook, Vec<String>> {
    let rules = diff.onto(&newest.rules).map_err(|found| found.iter().map(Conflict::to_string).collect::<Vec<_>>())?;
    if newest.revision != 0 && Diff::between(&newest.rules, &rules).is_empty() {
        return Err(vec!["the rules say all of it already".to_owned()]);
    }
    Rulebook::new(rules).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// Lists proposals, the newest first.
#[utoipa::path(get, path = "/v1/stores/{store}/rules/proposals", tag = "rules", operation_id = "list_rule_proposals",
    params(("store" = String, Path), ProposalQuery), responses((status = 200, body = ProposalPage)))]
pub(in super::super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<ProposalQuery>,
) -> Result<Json<ProposalPage>, Problem> {
    known_store(&state, &store)?;
    let wanted = query.state.as_deref().filter(|text| !text.is_empty()).map(state_named).transpose()?;
    let limit = page_size(query.limit).min(PAGE);
    let found = state.store.rule_proposals(&store, wanted, query.after, limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|last| last.id);
    let newest = Arc::new(current(&state, &store).await?);
    let mut bases: HashMap<i64, Arc<Vec<Rule>>> = HashMap::new();
    let mut proposals = Vec::with_capacity(found.len());
    for short in found {
        let mut outdated = Vec::new();
        if short.state == ProposalState::Open && short.base != newest.revision {
            let base = match bases.entry(short.base) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(new) => new.insert(Arc::new(rules_at(&state, &store, short.base).await?)).clone(),
            };
            outdated = why_outdated(&state, &store, short.id, base, newest.clone()).await?;
        }
        proposals.push(ProposalView::short(short, outdated));
    }
    Ok(Json(ProposalPage { proposals, next_after }))
}

/// Why an open proposal does not fit the newest rules.
async fn why_outdated(
    state: &ApiState,
    store: &str,
    id: i64,
    base: Arc<Vec<Rule>>,
    newest: Arc<Current>,
) -> Result<Vec<String>, Problem> {
    let proposed = rules_of(found(state, store, id).await?.rules)?;
    let looked = tokio::task::spawn_blocking(move || applied(&Diff::between(&base, &proposed), &newest).err());
    Ok(looked.await.map_err(|_| our_fault())?.unwrap_or_default())
}

/// Shows one proposal: what it changes in the newest rules, what is to know about the result, and whether it still fits.
#[utoipa::path(get, path = "/v1/stores/{store}/rules/proposals/{id}", tag = "rules", operation_id = "show_rule_proposal",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = ProposalView)))]
pub(in super::super) async fn one(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
) -> Result<Json<ProposalView>, Problem> {
    known_store(&state, &store)?;
    let proposal = found(&state, &store, id).await?;
    let newest = current(&state, &store).await?;
    let evaluated = evaluate(&state, &store, &proposal, &newest).await?;
    Ok(Json(ProposalView::whole(proposal, evaluated)))
}

/// Approves somebody else's proposal: it becomes a revision, made to the newest rules. Held orders are run again.
#[utoipa::path(post, path = "/v1/stores/{store}/rules/proposals/{id}/approve", tag = "rules", operation_id = "approve_rule_proposal",
    params(("store" = String, Path), ("id" = i64, Path),
        ("If-Match" = Option<String>, Header, description = "The ETag of the rules that were looked at")),
    responses((status = 200, body = Saved),
        (status = 412, body = Problem, description = "Another revision was saved meanwhile")))]
pub(in super::super) async fn approve(
    State(state): State<ApiState>,
    caller: Caller,
    Path((store, id)): Path<(String, i64)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let precondition = Precondition::of(&headers);
    for _ in 0..TRIES {
        let proposal = found(&state, &store, id).await?;
        is_open(&proposal)?;
        if proposal.proposed_by.to_lowercase() == caller.name.to_lowercase() {
            return Err(own(&caller));
        }
        let newest = current(&state, &store).await?;
        precondition.check(newest.revision)?;
        let evaluated = evaluate(&state, &store, &proposal, &newest).await?;
        if !evaluated.outdated.is_empty() {
            return Err(does_not_fit(&evaluated.outdated));
        }
        let rules = serde_json::to_value(&evaluated.rules).map_err(|_| our_fault())?;
        let new = NewRevision {
            store: &store,
            base: newest.revision,
            rules: &rules,
            author: &proposal.proposed_by,
            note: &proposal.note,
            changes: counts(&evaluated.diff),
        };
        match state.store.approve_proposal(id, &caller.name, &new).await? {
            Approval::Saved(revision) => {
                state.wake.wake();
                let saved = Saved::new(revision, &evaluated.diff, evaluated.warnings);
                return Ok((etag(revision), Json(saved)).into_response());
            }
            // The next look tries it on what was saved.
            Approval::MovedOn => {}
            Approval::NotTheirs => {
                is_open(&found(&state, &store, id).await?)?;
                return Err(own(&caller));
            }
        }
    }
    Err(busy())
}

/// Rejects a proposal.
#[utoipa::path(post, path = "/v1/stores/{store}/rules/proposals/{id}/reject", tag = "rules", operation_id = "reject_rule_proposal",
    params(("store" = String, Path), ("id" = i64, Path)), request_body = Reason,
    responses((status = 200, body = ProposalView)))]
pub(in super::super) async fn reject(
    State(state): State<ApiState>,
    caller: Caller,
    Path((store, id)): Path<(String, i64)>,
    Json(wish): Json<Reason>,
) -> Result<Json<ProposalView>, Problem> {
    known_store(&state, &store)?;
    let reason = wish.reason.trim();
    if reason.is_empty() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "reason-missing",
            "The reason is empty",
            "Write for who proposed it why it is rejected. Nothing was changed.",
        ));
    }
    close(&state, &store, id, false, &caller, reason).await
}

/// Withdraws one's own proposal.
#[utoipa::path(post, path = "/v1/stores/{store}/rules/proposals/{id}/withdraw", tag = "rules", operation_id = "withdraw_rule_proposal",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = ProposalView)))]
pub(in super::super) async fn withdraw(
    State(state): State<ApiState>,
    caller: Caller,
    Path((store, id)): Path<(String, i64)>,
) -> Result<Json<ProposalView>, Problem> {
    known_store(&state, &store)?;
    close(&state, &store, id, true, &caller, "").await
}

async fn close(
    state: &ApiState,
    store: &str,
    id: i64,
    withdraw: bool,
    caller: &Caller,
    reason: &str,
) -> Result<Json<ProposalView>, Problem> {
    let closed = state.store.close_proposal(store, id, withdraw, &caller.name, reason).await?;
    let proposal = found(state, store, id).await?;
    if !closed {
        is_open(&proposal)?;
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not-your-proposal",
            format!("The proposal is of '{}', and only they can withdraw it", proposal.proposed_by),
            "Ask them, or have an approver reject it. Nothing was changed.",
        ));
    }
    Ok(Json(ProposalView::short(proposal, Vec::new())))
}

async fn found(state: &ApiState, store: &str, id: i64) -> Result<Proposal, Problem> {
    let proposal = state.store.rule_proposal(store, id).await?;
    proposal.ok_or_else(|| Problem::not_found(format!("There is no proposal {id}")))
}

fn is_open(proposal: &Proposal) -> Result<(), Problem> {
    if proposal.state == ProposalState::Open {
        return Ok(());
    }
    let (state, by) = (proposal.state.as_str(), proposal.decided_by.as_deref().unwrap_or_default());
    Err(Problem::new(
        StatusCode::CONFLICT,
        "proposal-decided",
        format!("The proposal was {state} by '{by}'"),
        "Nothing was changed. Propose it again if it is still wanted.",
    ))
}

fn own(caller: &Caller) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "own-proposal",
        format!("'{}' proposed it, and somebody else has to approve it", caller.name),
        "Ask another approver. Nothing was changed.",
    )
}

fn does_not_fit(why: &[String]) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "proposal-outdated",
        format!("The proposal does not fit the newest rules any more: {}", why.join("; ")),
        "Nothing was changed. Reject or withdraw it, and propose the change anew from the newest rules.",
    )
    .with_report(why.iter().map(|message| serde_json::json!({ "message": message })).collect::<Vec<_>>())
}

fn state_named(text: &str) -> Result<ProposalState, Problem> {
    ProposalState::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
        let known: Vec<&str> = ProposalState::ALL.iter().map(|state| state.as_str()).collect();
        Problem::new(
            StatusCode::BAD_REQUEST,
            "query-not-valid",
            format!("'{text}' is no state of a proposal"),
            format!("Use one of {}.", known.join(", ")),
        )
    })
}
