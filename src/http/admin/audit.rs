//! `/v1/audit`: what was done over the API and on the command line, and whether the log is as it was written.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};

use super::{Limit, page_size};
use crate::http::ApiState;
use crate::http::extract::{Json, Query};
use crate::problem::Problem;
use crate::store::audit::{AuditEntry, AuditFilter, Verification};

/// An entry as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryView {
    /// Its place in the chain, from 1.
    seq: i64,
    /// When it was written (UTC).
    at: String,
    /// The name of the token, or of who used the command line.
    actor: String,
    /// The role in which; empty on the command line.
    role: String,
    /// For example `POST /v1/stores/{store}/orders/{order_id}/replay`.
    action: String,
    /// For example `/v1/stores/acme/orders/118/replay`.
    subject: String,
    /// `asked` (before it was executed), `answered` (after it) or `done` (in one transaction with it).
    phase: String,
    /// Joins what was asked and what was answered.
    request_id: String,
    /// The body or its hash; of an answer its status.
    detail: serde_json::Value,
    /// Hexadecimal.
    hash: String,
}

impl From<AuditEntry> for EntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            hash: entry.hash_text(),
            seq: entry.seq,
            at: entry.at.to_string(),
            actor: entry.actor,
            role: entry.role,
            action: entry.action,
            subject: entry.subject,
            phase: entry.phase,
            request_id: entry.request_id,
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
        }
    }
}

/// A page of entries.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryPage {
    entries: Vec<EntryView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
}

/// Which entries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryQuery {
    /// Only by this actor.
    actor: Option<String>,
    /// Only entries whose action or subject contains this.
    about: Option<String>,
    /// Only entries of this request, by its x-request-id.
    request_id: Option<String>,
    /// Only entries from this moment on (UTC).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only entries before this moment (UTC).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Only entries with a higher place.
    after: Option<i64>,
    /// Entries on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// What a look at the whole log found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerificationView {
    /// Whether every entry is as it was written and none is missing.
    intact: bool,
    /// How many entries there are; missing when something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<i64>,
    /// The last hash: noted elsewhere, it proves later that nothing up to here was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<String>,
    /// The first entry that is not as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<i64>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Lists the audit log, oldest first.
#[utoipa::path(get, path = "/v1/audit", tag = "people", operation_id = "list_audit_entries", params(EntryQuery),
    responses((status = 200, body = EntryPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Query(query): Query<EntryQuery>,
) -> Result<Json<EntryPage>, Problem> {
    let limit = page_size(query.limit);
    let filter = AuditFilter {
        actor: query.actor,
        about: query.about,
        request_id: query.request_id,
        from: query.from,
        to: query.to,
    };
    let found = state.store.audit_entries(&filter, query.after.unwrap_or_default(), limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|entry| entry.seq);
    Ok(Json(EntryPage { entries: found.into_iter().map(EntryView::from).collect(), next_after }))
}

/// One look at the whole log at a time: it reads all of it.
static LOOKING: Semaphore = Semaphore::const_new(1);

/// Checks the hashes of the whole log. One at a time: another is refused meanwhile (429).
#[utoipa::path(get, path = "/v1/audit/verification", tag = "people", operation_id = "verify_audit",
    responses((status = 200, body = VerificationView)))]
pub(super) async fn verify(State(state): State<ApiState>) -> Result<Json<VerificationView>, Problem> {
    let _looking = LOOKING.try_acquire().map_err(|_| {
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "verification-under-way",
            "Somebody is looking at the whole log",
            "Try again when that is done; cartledger audit verify looks at it past the service.",
        )
        .retry_after(10)
    })?;
    Ok(Json(match state.store.verify_audit(None).await? {
        Verification::Intact { entries, head } => {
            VerificationView { intact: true, entries: Some(entries), head: Some(head), broken_at: None, why: None }
        }
        Verification::Broken { seq, why } => {
            VerificationView { intact: false, entries: None, head: None, broken_at: Some(seq), why: Some(why) }
        }
    }))
}
