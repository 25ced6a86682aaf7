//! `/v1/tokens`: who may use the admin API.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock;
use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Path};
use crate::http::layers::NO_STORE;
use crate::problem::Problem;
use crate::store::token::{ApiToken, NewToken, Role, hash_of, token_name};

/// A token as the API shows it: never the token itself. Moments are UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenView {
    id: i64,
    /// Whose it is: the name in the audit log.
    name: String,
    role: Role,
    created_by: String,
    created_at: String,
    /// Missing: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// To the minute; missing when it was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

impl From<ApiToken> for TokenView {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            role: token.role,
            created_by: token.created_by,
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            revoked_at: token.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenWish {
    /// Whose it is, 1 to 100 characters; nobody else may have a valid token of that name.
    #[schema(min_length = 1, max_length = 100, example = "anna")]
    name: String,
    role: Role,
    /// Until when it is valid (UTC); for ever when it is missing.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-06-30T22:00:00Z")]
    expires_at: Option<Timestamp>,
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeToken {
    id: i64,
    /// The token: shown this once, and stored as a hash only.
    token: String,
}

/// Lists all tokens, the newest first; revoked ones too.
#[utoipa::path(get, path = "/v1/tokens", tag = "people", operation_id = "list_tokens",
    responses((status = 200, body = Vec<TokenView>)))]
pub(super) async fn list(State(state): State<ApiState>) -> Result<Json<Vec<TokenView>>, Problem> {
    Ok(Json(state.store.tokens().await?.into_iter().map(TokenView::from).collect()))
}

/// Makes a token and shows it this once.
#[utoipa::path(post, path = "/v1/tokens", tag = "people", operation_id = "create_token", request_body = TokenWish,
    responses((status = 201, body = MadeToken)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Json(wish): Json<TokenWish>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<MadeToken>), Problem> {
    let not_valid = |why: &str| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "token-not-valid", why, "Mend it and send it again.")
    };
    let name = token_name(&wish.name).map_err(not_valid)?;
    if wish.expires_at.is_some_and(|at| at <= state.clock.now()) {
        return Err(not_valid("expires_at is in the past"));
    }
    let token = clock::random_token();
    let new = NewToken { name, role: wish.role, expires_at: wish.expires_at, created_by: &caller.name };
    let made = state.store.create_token(&new, &hash_of(&token)).await?;
    let id = made.ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "token-name-taken",
            format!("'{name}' has a token already"),
            "Choose another name, or revoke the other token first.",
        )
    })?;
    // Nobody keeps it on the way: not even as the answer to this request's idempotency key.
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, NO_STORE)], Json(MadeToken { id, token })))
}

/// Revokes a token for good, at once.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "people", operation_id = "revoke_token",
    params(("id" = i64, Path)), responses((status = 204, description = "It is not valid any more")))]
pub(super) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    if state.store.revoke_token(id, &caller.name).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(format!("There is no valid token {id}")))
}
