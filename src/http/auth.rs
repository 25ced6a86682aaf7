//! The bearer token of the admin API: only its hash is kept, compared in constant time.

use axum::http::{HeaderMap, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::problem::Problem;

/// The admin token, or the knowledge that there is none.
#[derive(Clone)]
pub struct AdminToken(Option<[u8; 32]>);

impl AdminToken {
    /// From the settings' secret; without one the API stays closed.
    pub fn new(token: Option<&SecretString>) -> Self {
        Self(token.map(|token| Sha256::digest(token.expose_secret().as_bytes()).into()))
    }

    /// Whether the request carries the token.
    ///
    /// # Errors
    /// 401 for a missing or wrong token, 503 when none is configured: a missing setting never opens the API.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(expected) = &self.0 else {
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "admin-token-not-set",
                "The admin API is closed: no token is configured",
                "Set [admin] token in the settings and start again.",
            ));
        };
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        let given: [u8; 32] = Sha256::digest(given.trim().as_bytes()).into();
        if bool::from(given.ct_eq(expected)) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "not-authorised",
            "The bearer token is missing or wrong",
            "Send the header: Authorization: Bearer <admin token>.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn only_the_right_token_opens() {
        let token = AdminToken::new(Some(&SecretString::from("right")));
        assert!(token.check(&headers("Bearer right")).is_ok());
        for wrong in ["Bearer wrong", "Bearer ", "right", "Basic right"] {
            assert_eq!(token.check(&headers(wrong)).unwrap_err().status, 401, "{wrong}");
        }
        assert_eq!(token.check(&HeaderMap::new()).unwrap_err().status, 401);
    }

    #[test]
    fn without_a_configured_token_nobody_gets_in() {
        let none = AdminToken::new(None);
        assert_eq!(none.check(&headers("Bearer ")).unwrap_err().status, 503);
    }
}
