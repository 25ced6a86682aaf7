//! The one way by which rules change: made from a revision, checked, and saved only if that is still the newest; or proposed.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::proposals::evaluate_new;
use super::view::{ProposalView, Saved, not_valid};
use crate::accounting::masters::named::{self, Problem as NamedProblem};
use crate::accounting::rulebook::diff::Diff;
use crate::accounting::rulebook::{Rule, Rulebook};
use crate::http::caller::Caller;
use crate::http::extract::Json;
use crate::http::{ApiState, our_fault};
use crate::problem::Problem;
use crate::store::rulebook::{ChangeCounts, NewRevision};

/// How often a change is made anew from what others saved meanwhile.
const TRIES: usize = 5;

/// The newest rules of a store.
pub(in super::super) struct Current {
    /// The revision; 0 when there are none yet.
    pub revision: i64,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// Reads the newest rules.
pub(in super::super) async fn current(state: &ApiState, store: &str) -> Result<Current, Problem> {
    let Some(found) = state.store.latest_rulebook(store).await? else {
        return Ok(Current { revision: 0, rules: Vec::new() });
    };
    Ok(Current { revision: found.number, rules: rules_of(found.rules)? })
}

/// Rules as they are stored.
pub(super) fn rules_of(stored: serde_json::Value) -> Result<Vec<Rule>, Problem> {
    serde_json::from_value(stored).map_err(|error| {
        tracing::error!(%error, "stored rules cannot be read");
        our_fault()
    })
}

/// The header that names a revision.
pub(super) fn etag(revision: i64) -> [(HeaderName, HeaderValue); 1] {
    let value = HeaderValue::from_str(&format!("\"{revision}\""));
    [(header::ETAG, value.unwrap_or(HeaderValue::from_static("\"\"")))]
}

/// The revision a change must have been made from.
pub(super) enum Precondition {
    /// Whichever is the newest.
    None,
    /// One of these.
    Revisions(Vec<i64>),
}

impl Precondition {
    /// What `If-Match` says. `*` is whichever.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(header::IF_MATCH).iter().peekable();
        if given.peek().is_none() {
            return Self::None;
        }
        let texts = given.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).map(str::trim);
        let mut revisions = Vec::new();
        for text in texts {
            if text == "*" {
                return Self::None;
            }
            // What is no revision of ours fits none.
            let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
            revisions.extend(bare.parse::<i64>().ok());
        }
        Self::Revisions(revisions)
    }

    /// The same for changes that must say what they were made from.
    pub(super) fn required(headers: &HeaderMap) -> Result<Self, Problem> {
        if headers.contains_key(header::IF_MATCH) {
            return Ok(Self::of(headers));
        }
        Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if-match-missing",
            "The request does not say from which revision the change was made",
            "Send the ETag of the rules you saw as If-Match, so that nothing is overwritten that somebody saved meanwhile.",
        ))
    }

    /// Refuses a change that was made from another revision.
    pub(super) fn check(&self, newest: i64) -> Result<(), Problem> {
        match self {
            Self::Revisions(revisions) if !revisions.contains(&newest) => Err(Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "rules-changed-meanwhile",
                format!("The newest revision is {newest}, and the change was made from another"),
                "Nothing was changed. Read the rules again, see whether the change still fits, and send it with the new ETag.",
            )),
            _ => Ok(()),
        }
    }
}

/// A change that somebody asks for.
pub(super) struct Asked<'a> {
    pub state: &'a ApiState,
    pub store: &'a str,
    pub caller: &'a Caller,
    /// Why.
    pub note: String,
    pub precondition: Precondition,
}

/// What became of it.
pub(super) enum Outcome {
    /// A new revision.
    Saved(Saved),
    /// The rules say all of it already.
    Unchanged(Saved),
    /// It waits for a second person.
    Proposed(Box<ProposalView>),
}

impl Outcome {
    /// The answer, with this status when a revision was made.
    pub(super) fn answer(self, saved: StatusCode) -> Response {
        match self {
            Self::Saved(view) => (saved, etag(view.revision), Json(view)).into_response(),
            Self::Unchanged(view) => (StatusCode::OK, etag(view.revision), Json(view)).into_response(),
            Self::Proposed(view) => (StatusCode::ACCEPTED, Json(view)).into_response(),
        }
    }
}

/// Makes a change to the newest rules and saves or proposes what results, when it is valid. When somebody else saves at the
/// same moment, it is made again from what they saved.
///
/// All that is told beside the change is found out before it is saved: what fails afterwards would be told as if nothing
/// was saved.
pub(super) async fn change(
    asked: &Asked<'_>,
    make: impl Fn(&[Rule]) -> Result<Vec<Rule>, Problem>,
) -> Result<Outcome, Problem> {
    let Asked { state, store, caller, note, precondition } = asked;
    let needs_approval = state.rule_settings.get(*store).is_some_and(|settings| settings.needs_approval);
    for _ in 0..TRIES {
        let current = current(state, store).await?;
        precondition.check(current.revision)?;
        let rules = make(&current.rules)?;
        let rulebook = Rulebook::new(rules).map_err(|problems| not_valid(&problems))?;
        let diff = Diff::between(&current.rules, rulebook.rules());
        let warnings = warnings(state, store, rulebook.rules()).await?;
        if diff.is_empty() && current.revision != 0 {
            return Ok(Outcome::Unchanged(Saved::new(current.revision, &diff, warnings)));
        }
        let stored = serde_json::to_value(rulebook.rules()).map_err(|_| our_fault())?;
        let changes = counts(&diff);
        let (base, author) = (current.revision, caller.name.as_str());
        let new = NewRevision { store, base, rules: &stored, author, note, changes };
        if needs_approval {
            let evaluated = evaluate_new(state, store, rulebook, diff, warnings).await?;
            let proposal = state.store.propose_rules(&new).await?;
            return Ok(Outcome::Proposed(Box::new(ProposalView::whole(proposal, evaluated))));
        }
        if let Some(revision) = state.store.save_rulebook(&new).await? {
            state.wake.wake();
            return Ok(Outcome::Saved(Saved::new(revision, &diff, warnings)));
        }
    }
    Err(busy())
}

/// The rules change all the time.
pub(super) fn busy() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "rules-busy",
        "Others saved rules again and again while this was tried",
        "Nothing was changed. Send it again in a moment.",
    )
    .retry_after(2)
}

/// How many rules a difference adds, changes and removes.
pub(super) fn counts(diff: &Diff) -> ChangeCounts {
    let count = |rules: usize| i32::try_from(rules).unwrap_or(i32::MAX);
    ChangeCounts {
        added: count(diff.added.len()),
        changed: count(diff.changed.len()),
        removed: count(diff.removed.len()),
    }
}

/// What the rules name that the mirror of Intacct does not have, or has as inactive.
pub(super) async fn named_problems(
    state: &ApiState,
    store: &str,
    rules: &[Rule],
) -> Result<Vec<NamedProblem>, Problem> {
    let Some(company) = state.company_of_store.get(store) else { return Ok(Vec::new()) };
    let named = named::of_rules(rules);
    let masters = state.store.named_masters(company, named.iter().map(|one| (&one.kind, one.id.as_str()))).await?;
    Ok(named::problems(&named, &masters))
}

/// The same as sentences.
pub(super) async fn warnings(state: &ApiState, store: &str, rules: &[Rule]) -> Result<Vec<String>, Problem> {
    Ok(named_problems(state, store, rules).await?.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(if_match: &'static str, revision: i64) -> bool {
        let headers = HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static(if_match))]);
        Precondition::of(&headers).check(revision).is_ok()
    }

    #[test]
    fn only_the_newest_revision_matches() {
        assert!(newest("\"7\"", 7) && newest("\"6\", \"7\"", 7) && newest("*", 7));
        for other in ["\"6\"", "7", "W/\"7\"", "", "\"x\"", "\"7"] {
            assert!(!newest(other, 7), "{other}");
        }
        assert!(Precondition::of(&HeaderMap::new()).check(7).is_ok());
        assert_eq!(Precondition::required(&HeaderMap::new()).err().unwrap().status, 428);
    }
}
