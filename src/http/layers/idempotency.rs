//! A POST with an Idempotency-Key is executed once: sent again, it gets the answer of the first time.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::body::Whole;
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::problem::Problem;
use crate::store::StoreError;
use crate::store::kept_answer::{Begun, KeptAnswer};

/// The header that carries the key.
pub const HEADER: &str = "idempotency-key";
/// The header of an answer that was kept from the first time.
const REPLAYED: &str = "idempotent-replayed";
/// What an answer says in its Cache-Control that nobody may keep.
pub const NO_STORE: &str = "no-store";
/// What of an answer's headers is kept with it.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];
/// The longest key.
const KEY_MAX: usize = 200;

/// Executes the request, or answers what it was answered the first time.
pub(super) async fn layer(State(state): State<ApiState>, caller: Caller, request: Request, next: Next) -> Response {
    let key = request.headers().get(HEADER).cloned();
    let (Some(key), &Method::POST) = (key, request.method()) else { return next.run(request).await };
    match execute(&state, &caller, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn execute(
    state: &ApiState,
    caller: &Caller,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_MAX).ok_or_else(bad_key)?;
    let hash = hash_of(&request, caller);
    let turn = match state.store.begin_answer(&caller.name, key, &hash).await? {
        Begun::New(turn) => turn,
        Begun::Answered(kept) => return Ok(answer_again(kept)),
        Begun::Underway => return Err(underway()),
        Begun::OtherRequest => return Err(other_request()),
    };
    let response = next.run(request).await;
    // What was done is done: it is answered even when the answer cannot be kept.
    let (response, kept) = keep(state, caller, (key, turn), response).await;
    if let Err(error) = kept {
        tracing::error!(%error, "the answer to a request with an idempotency key was not kept");
    }
    Ok(response)
}

async fn keep(
    state: &ApiState,
    caller: &Caller,
    (key, turn): (&str, i64),
    response: Response,
) -> (Response, Result<(), StoreError>) {
    let status = response.status();
    // A failure of ours is no answer to keep: the request may be sent again. A secret is none either, nor what the role of
    // the token did not allow, which may change.
    let secret = response.headers().get(header::CACHE_CONTROL).is_some_and(|value| value == NO_STORE);
    let passing = [StatusCode::TOO_MANY_REQUESTS, StatusCode::FORBIDDEN].contains(&status);
    if secret || passing || status.is_server_error() {
        let forgotten = state.store.forget_answer(&caller.name, key, turn).await;
        return (response, forgotten);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let text = |name: HeaderName| Some((name.to_string(), parts.headers.get(&name)?.to_str().ok()?.to_owned()));
    let kept = KeptAnswer {
        status: status.as_u16(),
        headers: KEPT_HEADERS.into_iter().filter_map(text).collect(),
        body: body.to_vec(),
    };
    let kept = state.store.keep_answer(&caller.name, key, turn, &kept).await;
    (Response::from_parts(parts, Body::from(body)), kept)
}

/// What makes two requests the same: what is asked, of which version, and what the token may do.
fn hash_of(request: &Request, caller: &Caller) -> [u8; 32] {
    let header = |name| request.headers().get(name).map_or(&[][..], HeaderValue::as_bytes);
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let parts = [
        request.method().as_str().as_bytes(),
        path.as_bytes(),
        header(header::IF_MATCH),
        header(header::CONTENT_TYPE),
        caller.role.as_str().as_bytes(),
    ];
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
        digest.update([0]);
    }
    if let Some(Whole(body)) = request.extensions().get::<Whole>() {
        digest.update(body);
    }
    digest.finalize().into()
}

fn answer_again(kept: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, kept.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn bad_key() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "idempotency-key-not-valid",
        format!("The Idempotency-Key must have 1 to {KEY_MAX} visible characters"),
        "Send a random one, for example a UUID, and the same again when you repeat the request.",
    )
}

fn underway() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "request-under-way",
        "A request with this Idempotency-Key is being executed",
        "Send it again in a moment, with the same key, to get its answer.",
    )
    .retry_after(2)
}

fn other_request() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency-key-used",
        "This Idempotency-Key came with another request before",
        "Use a new key for each request, and the same one only to repeat it. Nothing was changed.",
    )
}
