//! What a rule could give: active records of the mirror of Intacct, the likest first, for a person to pick from.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::saving::current;
use crate::accounting::masters::MasterKind;
use crate::accounting::masters::named::kind_of;
use crate::accounting::rulebook::{Give, Rule};
use crate::accounting::similar::{likeness, words};
use crate::http::ApiState;
use crate::http::admin::{Limit, known_store};
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;

/// Records that are compared at most; those come first that have a word of what is asked.
const COMPARED: u32 = 5_000;
/// Suggestions when the caller does not say how many.
const USUAL: u32 = 20;

/// What to suggest.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct SuggestionQuery {
    /// What the rule gives, for example `account`, `location`, `terms` or `dimension:REGION`.
    #[param(value_type = String, example = "account")]
    give: Give,
    /// What it should be like: a part of an id or a name, the name of a product or a tax.
    #[serde(default)]
    q: String,
    /// How many at most; 20 when it is missing.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// One suggestion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"value": "4000", "name": "Product sales", "likeness": 90, "used_by": 12}))]
pub(in super::super) struct Suggestion {
    /// What to write into the rule.
    value: String,
    /// What it is called in Intacct; empty when it has no name.
    name: String,
    /// How like it is to what was asked for, 0 to 100.
    likeness: u32,
    /// How many rules of the newest revision give it.
    used_by: usize,
}

/// What a rule could give.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Suggestions {
    /// The kind of record, for example `gl-account`; missing when the give names no record of Intacct.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// The likest first; of equals those that more rules give.
    suggestions: Vec<Suggestion>,
}

/// Suggests what a rule could give, from the active records of Intacct; for what is no record the words it may be, or what
/// other rules give.
#[utoipa::path(get, path = "/v1/stores/{store}/rules/suggestions", tag = "rules", operation_id = "suggest_gives",
    params(("store" = String, Path), SuggestionQuery), responses((status = 200, body = Suggestions)))]
pub(in super::super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<SuggestionQuery>,
) -> Result<Json<Suggestions>, Problem> {
    known_store(&state, &store)?;
    let used = used(&current(&state, &store).await?.rules, &query.give);
    let kind = kind_of(&query.give);
    let found: Vec<(String, String)> = match (&kind, state.company_of_store.get(&store)) {
        (Some(kind), Some(company)) => {
            let records = state.store.master_candidates(company, kind, &words(&query.q), COMPARED).await?;
            records.into_iter().map(|record| (record.id, record.name)).collect()
        }
        (Some(_), None) => return Err(no_company(&store)),
        (None, _) => match query.give.words() {
            Some(words) => words.iter().map(|word| ((*word).to_owned(), String::new())).collect(),
            None => used.keys().map(|value| (value.clone(), String::new())).collect(),
        },
    };
    let limit = query.limit.map_or(USUAL, |Limit(limit)| limit) as usize;
    let suggestions = ranked(found, &query.q, &used, limit);
    Ok(Json(Suggestions { kind: kind.as_ref().map(MasterKind::name), suggestions }))
}

/// How many rules give each value.
fn used(rules: &[Rule], give: &Give) -> BTreeMap<String, usize> {
    let mut used = BTreeMap::new();
    for value in rules.iter().filter_map(|rule| rule.given(give)) {
        *used.entry(value.to_owned()).or_default() += 1;
    }
    used
}

/// The likest of `found` (values and names).
pub(super) fn ranked(
    found: Vec<(String, String)>,
    asked: &str,
    used: &BTreeMap<String, usize>,
    limit: usize,
) -> Vec<Suggestion> {
    let with = |(value, name): (String, String)| Suggestion {
        likeness: likeness(asked, &value).max(likeness(asked, &name)).max(likeness(asked, &format!("{value} {name}"))),
        used_by: used.get(&value).copied().unwrap_or_default(),
        value,
        name,
    };
    let mut all: Vec<Suggestion> = found.into_iter().map(with).collect();
    all.sort_by(|a, b| {
        let order = (b.likeness, b.used_by).cmp(&(a.likeness, a.used_by));
        order.then_with(|| a.value.cmp(&b.value))
    });
    all.truncate(limit);
    all
}

impl Suggestion {
    /// What to write, what it is called, and how like it is.
    pub(super) fn parts(&self) -> (&str, &str, u32) {
        (&self.value, &self.name, self.likeness)
    }
}

fn no_company(store: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-company",
        format!("Store '{store}' posts to no company"),
        "Name its company in the settings.",
    )
}
