//! `/v1/stores/{store}/documents/by-hand`: saying that a document was entered in Intacct by hand, and what a look-up made of it.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size, said};
use crate::accounting::document::Document;
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::by_hand::{Claim, ClaimState, FoundBy, Kept, NewClaim};

/// Longest record number, id or number.
const NAME_MAX: usize = 100;

/// A document that was entered by hand, and how it is found: by `record_no` or by `number`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimWish {
    /// The document, as /orders/{order_id}/documents lists it.
    #[schema(example = "acme/118/invoice/r1")]
    key: String,
    /// RECORDNO in Intacct; of an Order Entry document its id, for example `Sales Invoice-BC-118`.
    record_no: Option<String>,
    /// The number that people see in Intacct.
    number: Option<String>,
    /// What is to be known about it, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500, example = "entered by Anna while the account was closed")]
    note: String,
}

/// A claim as the API shows it. Moments are UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClaimView {
    id: i64,
    order_id: u64,
    /// The document.
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    note: String,
    claimed_by: String,
    claimed_at: String,
    /// `open` (to be looked up), `accepted` (found and equal: the document is posted), `refused` (not found, or different: the
    /// document is kept back) or `withdrawn`.
    state: String,
    /// The record it was accepted as.
    #[serde(skip_serializing_if = "Option::is_none")]
    found_record: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<String>,
    /// When it was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<String>,
}

impl From<Claim> for ClaimView {
    fn from(claim: Claim) -> Self {
        let (record_no, number) = match claim.found_by {
            FoundBy::RecordNo(record) => (Some(record), None),
            FoundBy::Number(number) => (None, Some(number)),
        };
        Self {
            id: claim.id,
            order_id: claim.order_id,
            key: claim.document_key,
            record_no,
            number,
            note: claim.note,
            claimed_by: claim.claimed_by,
            claimed_at: claim.claimed_at.to_string(),
            state: claim.state.as_str().to_owned(),
            found_record: claim.found_record,
            differences: claim.differences,
            settled_at: claim.settled_at.map(|at| at.to_string()),
        }
    }
}

/// A page of claims.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClaimPage {
    claims: Vec<ClaimView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
}

/// Which claims to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimQuery {
    /// Only of this document.
    key: Option<String>,
    /// Only `open`, `accepted`, `refused` or `withdrawn` ones.
    state: Option<String>,
    /// Only claims with a higher id.
    after: Option<i64>,
    /// Claims on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// A claim that was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptClaim {
    /// Its number: GET /documents/by-hand/{id} says what became of it.
    id: i64,
}

/// Says that a document of an order was entered in Intacct by hand. From this answer on it is not sent; it is looked up, and
/// when amount, customer, currency and date are equal it is posted as that record, and the order goes on.
#[utoipa::path(post, path = "/v1/stores/{store}/documents/by-hand", tag = "documents", operation_id = "claim_by_hand",
    params(("store" = String, Path)), request_body = ClaimWish, responses((status = 202, body = KeptClaim)))]
pub(super) async fn claim(
    State(state): State<ApiState>,
    caller: Caller,
    Path(store): Path<String>,
    Json(wish): Json<ClaimWish>,
) -> Result<(StatusCode, Json<KeptClaim>), Problem> {
    known_store(&state, &store)?;
    let note = said("note", &wish.note)?;
    let found_by = found_by(wish.record_no, wish.number)?;
    let document = state.store.document(&store, &wish.key).await?;
    let document = document.ok_or_else(|| no_document(&wish.key))?;
    let Some(order_id) = document.planned.order_id else {
        return Err(not_claimable(format!("{} is of no single order", wish.key)));
    };
    // An application moves no money, so nothing of it could be compared.
    if document.planned.kind == "application" {
        return Err(not_claimable(format!("{} is an application, which moves no money", wish.key)));
    }
    if !may_be_record(&found_by, &document.planned.body) {
        return Err(not_valid("record_no is no record number; only Order Entry documents have an id in its place"));
    }
    let claim = NewClaim {
        store: &store,
        order_id,
        document_key: &wish.key,
        found_by: &found_by,
        note,
        claimed_by: &caller.name,
    };
    match state.store.claim_by_hand(&claim).await? {
        Kept::Claim(id) => {
            state.wake.wake();
            Ok((StatusCode::ACCEPTED, Json(KeptClaim { id })))
        }
        Kept::State(now) => Err(conflict("document-posted", format!("{} is {now} already", wish.key))),
        Kept::Open(id) => Err(conflict("claim-open", format!("Claim {id} of {} is not looked up yet", wish.key))),
        Kept::Excluded => Err(conflict("order-excluded", format!("Order {order_id} is excluded"))),
        Kept::Daily => Err(not_claimable(format!("Order {order_id} goes into the summaries of its days"))),
        Kept::Unknown => Err(no_document(&wish.key)),
    }
}

/// Lists claims by their number.
#[utoipa::path(get, path = "/v1/stores/{store}/documents/by-hand", tag = "documents", operation_id = "list_claims_by_hand",
    params(("store" = String, Path), ClaimQuery), responses((status = 200, body = ClaimPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<ClaimQuery>,
) -> Result<Json<ClaimPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    if let Some(name) = query.state.as_deref().filter(|name| ClaimState::named(name).is_none()) {
        return Err(no_state(name));
    }
    let (key, of_state) = (query.key.as_deref(), query.state.as_deref());
    let found = state.store.claims(&store, key, of_state, query.after.unwrap_or_default(), limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|claim| claim.id);
    Ok(Json(ClaimPage { claims: found.into_iter().map(ClaimView::from).collect(), next_after }))
}

/// Shows what became of a claim.
#[utoipa::path(get, path = "/v1/stores/{store}/documents/by-hand/{id}", tag = "documents", operation_id = "show_claim_by_hand",
    params(("store" = String, Path), ("id" = i64, Path)), responses((status = 200, body = ClaimView)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
) -> Result<Json<ClaimView>, Problem> {
    known_store(&state, &store)?;
    let Some(before) = id.checked_sub(1) else { return Err(no_claim(id)) };
    let found = state.store.claims(&store, None, None, before, 1).await?;
    found.into_iter().find(|claim| claim.id == id).map(|claim| Json(claim.into())).ok_or_else(|| no_claim(id))
}

/// Takes a claim back that was not accepted: its document may be sent again, and its order is due.
#[utoipa::path(post, path = "/v1/stores/{store}/documents/by-hand/{id}/withdraw", tag = "documents",
    operation_id = "withdraw_claim_by_hand", params(("store" = String, Path), ("id" = i64, Path)),
    responses((status = 202, description = "It is withdrawn")))]
pub(super) async fn withdraw(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    known_store(&state, &store)?;
    if !state.store.withdraw_claim(&store, id).await? {
        return Err(Problem::not_found(format!("There is no claim {id} that is open or refused")));
    }
    state.wake.wake();
    Ok(StatusCode::ACCEPTED)
}

fn found_by(record_no: Option<String>, number: Option<String>) -> Result<FoundBy, Problem> {
    let (found_by, name) = match (record_no, number) {
        (Some(record), None) => (FoundBy::RecordNo(record.trim().to_owned()), record),
        (None, Some(number)) => (FoundBy::Number(number.trim().to_owned()), number),
        _ => return Err(not_valid("Exactly one of record_no and number must be given")),
    };
    if name.trim().is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(not_valid("record_no or number must have 1 to 100 visible characters"));
    }
    // Record numbers are digits; the id of an Order Entry document holds a hyphen.
    if let FoundBy::RecordNo(record) = &found_by
        && !record.contains('-')
        && record.parse::<u64>().is_err()
    {
        return Err(not_valid("record_no is no record number"));
    }
    Ok(found_by)
}

/// Whether a record of this name may be the document in `body`: record numbers are digits; the id of an Order Entry document
/// is not.
fn may_be_record(found_by: &FoundBy, body: &serde_json::Value) -> bool {
    let FoundBy::RecordNo(record) = found_by else { return true };
    record.bytes().all(|byte| byte.is_ascii_digit())
        || serde_json::from_value::<Document>(body.clone())
            .is_ok_and(|document| document.detail.order_entry().is_some())
}

fn not_valid(why: &str) -> Problem {
    let remedy = "Give the record number or the number that Intacct shows. Nothing was changed.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "claim-not-valid", why, remedy)
}

fn no_state(name: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "query-not-valid",
        format!("'{name}' is no state of a claim"),
        "Ask for open, accepted, refused or withdrawn claims.",
    )
}

fn no_document(key: &str) -> Problem {
    Problem::not_found(format!("There is no document {key}"))
}

fn no_claim(id: i64) -> Problem {
    Problem::not_found(format!("There is no claim {id}"))
}

fn not_claimable(why: String) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "not-claimable",
        why,
        "Only documents that are sent by themselves for an order can be entered by hand. Nothing was changed.",
    )
}

fn conflict(code: &'static str, what: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, what, "Look at the document and its claims first. Nothing was changed.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_one_way() {
        let named = |record: Option<&str>, number: Option<&str>| {
            found_by(record.map(str::to_owned), number.map(str::to_owned)).map_err(|problem| problem.code)
        };
        assert_eq!(named(Some(" 12 "), None), Ok(FoundBy::RecordNo("12".into())));
        assert_eq!(named(Some("Sales Invoice-BC-1"), None), Ok(FoundBy::RecordNo("Sales Invoice-BC-1".into())));
        assert_eq!(named(None, Some("BC-118")), Ok(FoundBy::Number("BC-118".into())));
        for wrong in [(None, None), (Some("1"), Some("2")), (Some("twelve"), None), (None, Some(" "))] {
            assert_eq!(named(wrong.0, wrong.1), Err("claim-not-valid"), "{wrong:?}");
        }
    }
}
