//! Every request that changes something is in the audit log before it is executed, and its answer after it.
//!
//! So nothing is changed over the API that the log does not tell, whatever crashes: what was asked and has no answer in
//! the log may or may not have been done.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::body::Whole;
use crate::accounting::hash::hexadecimal;
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::problem::Problem;
use crate::store::audit::{NewEntry, Phase};

/// Longer bodies are told by their hash only.
const BODY_MAX: usize = 16 * 1024;
/// Where the request's id is.
const REQUEST_ID: &str = "x-request-id";

/// Writes what is asked and what is answered.
pub(super) async fn layer(State(state): State<ApiState>, caller: Caller, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let pattern = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let action = format!("{} {pattern}", request.method());
    let subject = request.uri().path_and_query().map_or("", |path| path.as_str()).to_owned();
    let request_id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let detail = request.extensions().get::<Whole>().map_or(Value::Null, |Whole(body)| told(body));
    let entry = |phase, detail: &Value| {
        let (state, caller, action, subject, request_id, detail) =
            (state.clone(), caller.clone(), action.clone(), subject.clone(), request_id.clone(), detail.clone());
        async move {
            let role = caller.role.as_str();
            let (actor, action, subject) = (caller.name.as_str(), action.as_str(), subject.as_str());
            let request_id = request_id.as_str();
            state.store.audit(&NewEntry { actor, role, action, subject, phase, request_id, detail: &detail }).await
        }
    };
    if let Err(error) = entry(Phase::Asked, &detail).await {
        return Problem::from(error).into_response();
    }
    let response = next.run(request).await;
    // What was done is done: the answer goes out even when its entry cannot be written.
    if let Err(error) = entry(Phase::Answered, &json!({ "status": response.status().as_u16() })).await {
        tracing::error!(%error, request_id, "an answer is not in the audit log");
    }
    response
}

/// A body as the log tells it.
fn told(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    let hash = hexadecimal(&Sha256::digest(body));
    let text = (body.len() <= BODY_MAX).then(|| String::from_utf8_lossy(body));
    let value = text.map(|text| serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned())));
    json!({ "body": value, "bytes": body.len(), "sha256": hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_told_whole_or_by_its_hash() {
        assert_eq!(told(b""), Value::Null);
        assert_eq!(told(br#"{"note":"x"}"#)["body"], json!({ "note": "x" }));
        assert_eq!(told(b"a,b")["body"], json!("a,b"));
        let long = told(&vec![b'x'; BODY_MAX + 1]);
        assert_eq!((&long["body"], long["sha256"].as_str().unwrap().len()), (&Value::Null, 64));
    }
}
