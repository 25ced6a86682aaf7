//! `/v1/stores/{store}/rules`: the rulebook, read whole and replaced whole; each change is a new revision.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::known_store;
use crate::accounting::masters::named::{self, Named};
use crate::accounting::rulebook::{Rule, Rulebook};
use crate::http::ApiState;
use crate::http::extract::{Json, Path};
use crate::problem::Problem;

/// A revision of the rulebook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RulebookView {
    revision: i64,
    author: String,
    note: String,
    /// When it was made (UTC).
    made_at: String,
    /// The rules; see docs/posting-rules.md for kinds, conditions and what each gives.
    #[schema(value_type = Vec<Object>)]
    rules: serde_json::Value,
}

/// A new revision.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewRulebook {
    /// Who makes it.
    author: String,
    /// Why.
    #[serde(default)]
    note: String,
    /// All rules; what is not named is gone.
    #[schema(value_type = Vec<Object>)]
    rules: serde_json::Value,
}

/// A saved revision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Saved {
    revision: i64,
    /// What the rules name that the mirror of Intacct does not have, or has as inactive, with the rules that name it. The
    /// rules are saved all the same; orders that need it are held. Kinds that are not mirrored are not looked at.
    warnings: Vec<String>,
}

/// Shows the newest revision.
#[utoipa::path(get, path = "/v1/stores/{store}/rules", tag = "rules", operation_id = "show_rules", params(("store" = String, Path)),
    responses((status = 200, body = RulebookView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn read(
    State(state): State<ApiState>,
    Path(store): Path<String>,
) -> Result<Json<RulebookView>, Problem> {
    known_store(&state, &store)?;
    let found = state.store.latest_rulebook(&store).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("Store '{store}' has no rules yet")))?;
    Ok(Json(RulebookView {
        revision: found.number,
        author: found.author,
        note: found.note,
        made_at: found.made_at.to_string(),
        rules: found.rules,
    }))
}

/// Replaces all rules. Held orders are run again by themselves.
#[utoipa::path(put, path = "/v1/stores/{store}/rules", tag = "rules", operation_id = "replace_rules", params(("store" = String, Path)), request_body = NewRulebook,
    responses((status = 201, body = Saved), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn replace(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Json(new): Json<NewRulebook>,
) -> Result<(StatusCode, Json<Saved>), Problem> {
    known_store(&state, &store)?;
    let refused = |why: String| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "rules-not-valid",
            format!("The rules cannot be saved: {why}"),
            "Nothing was changed. Mend what is named and send all rules again.",
        )
    };
    let rules: Vec<Rule> = serde_json::from_value(new.rules.clone()).map_err(|error| refused(error.to_string()))?;
    let named = named::of_rules(&rules);
    Rulebook::new(rules)
        .map_err(|problems| refused(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let revision = state.store.save_rulebook(&store, &new.rules, &new.author, &new.note).await?;
    state.wake.wake();
    let warnings = warnings(&state, &store, &named).await?;
    Ok((StatusCode::CREATED, Json(Saved { revision, warnings })))
}

async fn warnings(state: &ApiState, store: &str, named: &[Named]) -> Result<Vec<String>, Problem> {
    let Some(company) = state.company_of_store.get(store) else { return Ok(Vec::new()) };
    let masters = state.store.named_masters(company, named.iter().map(|one| (&one.kind, one.id.as_str()))).await?;
    Ok(named::problems(named, &masters).iter().map(ToString::to_string).collect())
}
