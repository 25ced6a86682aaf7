//! `/v1/stores/{store}/events`: what happened outside the shop is reported here and becomes journals by itself.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size};
use crate::accounting::events::{Event, Events};
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::ledger_event::{KeepError, NewEvent};

/// What became of reported events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Kept {
    /// Not known before.
    new: u64,
    /// Known and the same: reporting twice does nothing twice.
    unchanged: u64,
    /// Known, and changed before anything of it was sent.
    replaced: u64,
}

/// An event as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
struct EventView {
    /// Its kind and its own name, for example `payout/stripe-po_1`; with the store before it and `/r1` after it, the key of
    /// its document.
    name: String,
    /// When it counts, in the store's time zone.
    day: String,
    /// As it was reported; see docs/posting-rules.md, Events outside the shop.
    #[schema(value_type = Object)]
    event: serde_json::Value,
    /// `posted`, `held` (see /v1/holds) or `waiting`.
    state: &'static str,
    /// RECORDNO of its journal in Intacct.
    record_no: Option<String>,
    /// When it was first reported (UTC).
    received_at: String,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventPage {
    events: Vec<EventView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<String>,
}

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct EventQuery {
    /// Only those that are not posted.
    #[serde(default)]
    open: bool,
    /// Only events with a name after this one.
    after: Option<String>,
    /// Rows of a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// How many events are tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Retried {
    events: u64,
}

/// Reports events: a JSON list as docs/posting-rules.md shows it, kept whole or not at all. An event is known by its kind
/// and name, so a repeat does nothing; it may be reported otherwise as long as nothing of it was sent.
#[utoipa::path(post, path = "/v1/stores/{store}/events", tag = "events", operation_id = "report_events", params(("store" = String, Path)),
    request_body(content = Vec<Object>, content_type = "application/json"),
    responses((status = 202, body = Kept), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn report(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Kept>), Problem> {
    known_store(&state, &store)?;
    let refused = |why: String| {
        let detail = "Nothing was kept. Mend what is named and send the whole list again; amounts are text.";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "events-not-valid", why, detail)
    };
    let text = std::str::from_utf8(&body).map_err(|_| refused("The body is no UTF-8 text".to_owned()))?;
    let events = Events::from_json(text).map_err(|error| refused(error.to_string()))?;
    let kept = events.list().iter().map(new_event).collect::<Result<Vec<_>, _>>();
    let kept = kept.map_err(|error| refused(error.to_string()))?;
    match state.store.keep_events(&store, &kept).await {
        Ok(kept) => {
            let kept = Kept { new: kept.new, unchanged: kept.unchanged, replaced: kept.replaced };
            Ok((StatusCode::ACCEPTED, Json(kept)))
        }
        Err(KeepError::Sent(name)) => Err(Problem::new(
            StatusCode::CONFLICT,
            "event-already-sent",
            format!("{name} was reported otherwise before, and something of it is in Intacct or on its way there"),
            "Nothing was kept. Report what has changed as an event of its own name, or correct the journal in Intacct.",
        )),
        Err(KeepError::Store(error)) => Err(error.into()),
    }
}

fn new_event(event: &Event) -> Result<NewEvent, serde_json::Error> {
    Ok(NewEvent {
        name: format!("{}/{}", event.kind().replace('_', "-"), event.name()),
        subject: event.name(),
        day: event.date(),
        event: serde_json::to_value(event)?,
    })
}

/// Lists events by name.
#[utoipa::path(get, path = "/v1/stores/{store}/events", tag = "events", operation_id = "list_events", params(("store" = String, Path), EventQuery),
    responses((status = 200, body = EventPage), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<EventQuery>,
) -> Result<Json<EventPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let found = state.store.events(&store, query.open, query.after.as_deref().unwrap_or_default(), limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|last| last.event.name.clone());
    let mut events = Vec::with_capacity(found.len());
    for stored in found {
        let document = state.store.document(&store, &format!("{store}/{}/r1", stored.event.name)).await?;
        events.push(EventView {
            state: match (stored.settled_at, stored.retry_at) {
                (Some(_), _) => "posted",
                (None, None) => "held",
                (None, Some(_)) => "waiting",
            },
            record_no: document.and_then(|document| document.record_no),
            name: stored.event.name,
            day: stored.event.day.to_string(),
            event: stored.event.event,
            received_at: stored.received_at.to_string(),
        });
    }
    Ok(Json(EventPage { events, next_after }))
}

/// Tries everything again at once that is not posted. Doing so twice posts nothing twice.
#[utoipa::path(post, path = "/v1/stores/{store}/events/retry", tag = "events", operation_id = "retry_events", params(("store" = String, Path)),
    responses((status = 202, body = Retried), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn retry(
    State(state): State<ApiState>,
    Path(store): Path<String>,
) -> Result<(StatusCode, Json<Retried>), Problem> {
    known_store(&state, &store)?;
    let events = state.store.retry_events(&store).await?;
    Ok((StatusCode::ACCEPTED, Json(Retried { events })))
}
