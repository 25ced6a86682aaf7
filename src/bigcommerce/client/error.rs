//! Why a store cannot be read, by what to do about it.

use std::time::Duration;

use crate::bigcommerce::evidence::WireError;
use crate::bigcommerce::loose::where_broken;
use crate::bigcommerce::request::AddressError;
use crate::bigcommerce::response::Refusal;

/// Why no client can be built.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The address or the hash has a form that cannot be right.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The token holds characters that no header may hold.
    #[error(
        "the access token is empty or holds characters that cannot be sent in a header; copy it again from the API account"
    )]
    Token,
    /// TLS could not be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(#[from] reqwest::Error),
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// May work later.
    #[error("{why}")]
    Retry {
        /// What happened, where.
        why: String,
        /// How long to wait at least, when it is known.
        after: Option<Duration>,
    },
    /// There is no such thing in the store.
    #[error("{what}: BigCommerce does not know it (404); check the number and the store it belongs to")]
    NotFound {
        /// What was asked for, and of which store.
        what: String,
    },
    /// The access token is dead or may not read this; no other call will do better until a person has acted.
    #[error("{what}: {refusal}")]
    Access {
        /// What was asked for, and of which store.
        what: String,
        /// What was answered, and what to do.
        refusal: Refusal,
    },
    /// Refused in a way that trying again does not change.
    #[error("{what}: {refusal}")]
    Refused {
        /// What was asked for, and of which store.
        what: String,
        /// What was answered, and what to do.
        refusal: Refusal,
    },
    /// The order holds something that cannot be read.
    #[error(transparent)]
    Wire(WireError),
}

impl From<WireError> for ReadError {
    fn from(error: WireError) -> Self {
        if error.is_retryable() { Self::Retry { why: error.to_string(), after: None } } else { Self::Wire(error) }
    }
}

/// The error for an answer that was no content.
pub(super) fn refused(what: &str, refusal: Refusal) -> ReadError {
    let what = what.to_owned();
    match refusal {
        Refusal::Retry { after, .. } => ReadError::Retry { why: format!("{what}: {refusal}"), after },
        Refusal::NotFound(_) => ReadError::NotFound { what },
        Refusal::Unauthorised(_) | Refusal::Forbidden(_) => ReadError::Access { what, refusal },
        Refusal::Bad { .. } => ReadError::Refused { what, refusal },
    }
}

/// The error for a body that has another shape.
pub(super) fn unreadable(what: &str, error: &serde_json::Error) -> ReadError {
    ReadError::Retry { why: format!("{what}: the answer cannot be read: {}", where_broken(error)), after: None }
}
