//! The bearer token of a request: one that was made for somebody, or the one of the settings.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::http::ApiState;
use crate::http::caller::Caller;
use crate::problem::Problem;
use crate::store::token::{OF_SETTINGS, Role, hash_of};

/// The hash of the admin token in the settings, or the knowledge that there is none.
#[derive(Clone)]
pub struct SettingsToken(Option<[u8; 32]>);

impl SettingsToken {
    /// From the settings' secret.
    pub fn new(token: Option<&SecretString>) -> Self {
        Self(token.map(|token| hash_of(token.expose_secret())))
    }

    fn is(&self, hash: &[u8; 32]) -> bool {
        self.0.as_ref().is_some_and(|expected| bool::from(hash.ct_eq(expected)))
    }
}

/// Lets in who has a valid token, and notes who it is.
pub(super) async fn layer(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    match caller(&state, request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn caller(state: &ApiState, headers: &HeaderMap) -> Result<Caller, Problem> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim).filter(|token| !token.is_empty());
    let Some(token) = given else { return Err(refused("The bearer token is missing")) };
    let hash = hash_of(token);
    if state.settings_token.is(&hash) {
        return Ok(Caller { name: OF_SETTINGS.to_owned(), role: Role::Admin });
    }
    let found = state.store.use_token(&hash).await?;
    let found = found.ok_or_else(|| refused("The bearer token is unknown, has expired or was revoked"))?;
    Ok(Caller { name: found.name, role: found.role })
}

fn refused(what: &str) -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "not-authorised",
        what,
        "Send the header: Authorization: Bearer <token>. The first token is made with: cartledger token create.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_token_is_that_of_the_settings() {
        let token = SettingsToken::new(Some(&SecretString::from("right")));
        assert!(token.is(&hash_of("right")));
        assert!(!token.is(&hash_of("wrong")));
    }

    #[test]
    fn without_a_token_in_the_settings_none_is_that_of_the_settings() {
        assert!(!SettingsToken::new(None).is(&hash_of("")));
    }
}
