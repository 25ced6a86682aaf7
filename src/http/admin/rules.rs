//! `/v1/stores/{store}/rules`: the rulebook. Each change is a new revision, or a proposal where two persons are asked for.

pub(super) mod lint;
pub(super) mod proposals;
pub(super) mod revisions;
mod saving;
pub(super) mod single;
pub(super) mod suggestions;
pub(super) mod table;
pub(super) mod unmapped;
mod view;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::saving::{Asked, Precondition, change, etag};
use self::view::{ProposalView, RuleSchema, Saved};
pub(super) use self::view::{not_valid, refused};
use super::known_store;
use crate::accounting::rulebook::Rule;
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path};
use crate::problem::Problem;

/// A revision of the rulebook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RulebookView {
    revision: i64,
    /// The name of the token it was made with.
    author: String,
    /// Who approved it, where two persons are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
    note: String,
    /// When it was made (UTC).
    made_at: String,
    /// The rules; see docs/posting-rules.md for kinds, conditions and what each gives.
    #[schema(value_type = Vec<RuleSchema>)]
    rules: serde_json::Value,
}

/// A new revision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRulebook {
    /// For whom it is made, when that is not the holder of the token; it goes into the note. The author is the token's name.
    #[serde(default)]
    author: Option<String>,
    /// Why.
    #[serde(default)]
    note: String,
    /// All rules; what is not named is gone.
    #[schema(value_type = Vec<RuleSchema>)]
    rules: serde_json::Value,
}

/// Shows the newest revision. Its `ETag` goes into `If-Match` of a change.
#[utoipa::path(get, path = "/v1/stores/{store}/rules", tag = "rules", operation_id = "show_rules",
    params(("store" = String, Path)),
    responses((status = 200, body = RulebookView, headers(("ETag" = String, description = "The revision")))))]
pub(super) async fn read(State(state): State<ApiState>, Path(store): Path<String>) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let found = state.store.latest_rulebook(&store).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("Store '{store}' has no rules yet")))?;
    let etag = etag(found.number);
    let view = RulebookView {
        revision: found.number,
        author: found.author,
        approved_by: found.approved_by,
        note: found.note,
        made_at: found.made_at.to_string(),
        rules: found.rules,
    };
    Ok((etag, Json(view)).into_response())
}

/// Replaces all rules. Held orders are run again by themselves. Without `If-Match` the rules are replaced whatever was saved
/// meanwhile; earlier revisions stay readable.
#[utoipa::path(put, path = "/v1/stores/{store}/rules", tag = "rules", operation_id = "replace_rules",
    params(("store" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag the change was made from")),
    request_body = NewRulebook,
    responses((status = 201, body = Saved), (status = 200, body = Saved, description = "The rules say this already"),
        (status = 202, body = ProposalView, description = "A second person has to approve it"),
        (status = 412, body = Problem, description = "Another revision was saved meanwhile")))]
pub(super) async fn replace(
    State(state): State<ApiState>,
    caller: Caller,
    Path(store): Path<String>,
    headers: HeaderMap,
    Json(new): Json<NewRulebook>,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let rules: Vec<Rule> = serde_json::from_value(new.rules).map_err(|error| refused(&error.to_string()))?;
    let note = match new.author.as_deref().map(str::trim).filter(|author| !author.is_empty() && *author != caller.name)
    {
        Some(author) if new.note.is_empty() => format!("on behalf of {author}"),
        Some(author) => format!("{} (on behalf of {author})", new.note),
        None => new.note,
    };
    let asked = Asked { state: &state, store: &store, caller: &caller, note, precondition: Precondition::of(&headers) };
    let outcome = change(&asked, |_| Ok(rules.clone())).await?;
    Ok(outcome.answer(StatusCode::CREATED))
}
