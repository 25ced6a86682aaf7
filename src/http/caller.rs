//! Who a request is from: put there once the token was checked, taken by handlers that want to name somebody.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::our_fault;
use crate::problem::Problem;
use crate::store::token::Role;

/// The holder of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's name: what the audit log and rule revisions say.
    pub name: String,
    /// What the token may do.
    pub role: Role,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Missing only on a route that no token is asked for: a fault of ours, and never a reason to let anybody in.
        parts.extensions.get::<Self>().cloned().ok_or_else(our_fault)
    }
}
