//! Webhook registrations: which scopes a hook wants, and what may be registered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A registered hook (BigCommerce, Webhooks V3).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Hook {
    pub id: u64,
    pub scope: String,
    pub destination: String,
    pub is_active: bool,
    pub headers: Option<BTreeMap<String, String>>,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl Hook {
    /// Whether this hook wants an event of this scope; a trailing `*` stands for any rest.
    pub fn wants(&self, scope: &str) -> bool {
        self.is_active && scope_matches(&self.scope, scope)
    }
}

fn scope_matches(pattern: &str, scope: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => scope.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()),
        None => pattern == scope,
    }
}

/// Why a registration is refused (BigCommerce answers 422).
#[derive(Debug, thiserror::Error)]
pub(super) enum HookError {
    /// The scope is not one of the store's.
    #[error("The scope '{0}' is invalid: use one like store/order/* or store/order/created.")]
    Scope(String),
    /// The destination is not an HTTPS URL on the standard port (plain HTTP is let through on loopback only).
    #[error("The destination '{0}' is invalid: it must be an https URL on port 443, or http on loopback.")]
    Destination(String),
    /// There is one already.
    #[error("A webhook for scope '{0}' and this destination already exists.")]
    Duplicate(String),
    /// At most ten hooks per scope.
    #[error("There are already 10 webhooks for scope '{0}'; delete one first.")]
    TooMany(String),
    /// Notices of failed deliveries need a destination of their own, and there is one hook for them.
    #[error("The scope 'store/hook/deliveryException' takes one webhook, whose destination no other webhook has.")]
    DeliveryException,
    /// A header the platform would not send.
    #[error("The header '{0}' is not a valid HTTP header.")]
    Header(String),
}

/// Checks scope, destination and headers on their own.
pub(super) fn check(hook: &Hook) -> Result<(), HookError> {
    let known = ["store/order/", "store/shipment/", "store/customer/", "store/cart/", "store/channel/", "store/hook/"];
    if !known.iter().any(|prefix| hook.scope.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty())) {
        return Err(HookError::Scope(hook.scope.clone()));
    }
    let url = reqwest::Url::parse(&hook.destination).map_err(|_| HookError::Destination(hook.destination.clone()))?;
    let host = url.host_str().unwrap_or_default();
    let loopback = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    let allowed = loopback || (url.scheme() == "https" && url.port().is_none());
    if !allowed || !matches!(url.scheme(), "http" | "https") {
        return Err(HookError::Destination(hook.destination.clone()));
    }
    for (name, value) in hook.headers.iter().flatten() {
        let valid = name.parse::<reqwest::header::HeaderName>().is_ok()
            && value.parse::<reqwest::header::HeaderValue>().is_ok();
        if !valid {
            return Err(HookError::Header(name.clone()));
        }
    }
    Ok(())
}

/// Where the platform tells that deliveries fail.
const DELIVERY_EXCEPTION: &str = "store/hook/deliveryException";

/// Checks the platform's limits: 10 hooks per scope, one per scope and destination; one for notices of failed deliveries,
/// at a destination of its own.
pub(super) fn check_limits(hook: &Hook, existing: &BTreeMap<u64, Hook>) -> Result<(), HookError> {
    let mut same_scope = existing.values().filter(|other| other.id != hook.id && other.scope == hook.scope);
    if same_scope.clone().any(|other| other.destination == hook.destination) {
        return Err(HookError::Duplicate(hook.scope.clone()));
    }
    let shares_a_destination = existing.values().any(|other| {
        let exception = [&hook.scope, &other.scope].into_iter().any(|scope| scope == DELIVERY_EXCEPTION);
        other.id != hook.id && exception && (other.scope == hook.scope || other.destination == hook.destination)
    });
    if shares_a_destination {
        return Err(HookError::DeliveryException);
    }
    if same_scope.by_ref().count() >= 10 {
        return Err(HookError::TooMany(hook.scope.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(scope: &str, destination: &str) -> Hook {
        let at = Timestamp::UNIX_EPOCH;
        let (scope, destination) = (scope.into(), destination.into());
        Hook { id: 1, scope, destination, is_active: true, headers: None, created: at, updated: at }
    }

    #[test]
    fn a_wildcard_covers_what_comes_below_it() {
        assert!(scope_matches("store/order/*", "store/order/created"));
        assert!(scope_matches("store/order/*", "store/order/refund/created"));
        assert!(scope_matches("store/order/created", "store/order/created"));
        assert!(!scope_matches("store/order/*", "store/shipment/created"));
        assert!(!scope_matches("store/order/created", "store/order/updated"));
    }

    #[test]
    fn notices_of_failed_deliveries_have_a_destination_of_their_own() {
        let exception = |id, destination: &str| Hook { id, ..hook(DELIVERY_EXCEPTION, destination) };
        let orders = BTreeMap::from([(1, hook("store/order/*", "https://ledger.example/hooks"))]);
        assert!(check_limits(&exception(2, "https://ledger.example/hooks"), &orders).is_err());
        assert!(check_limits(&exception(2, "https://ledger.example/exceptions"), &orders).is_ok());
        let notices = BTreeMap::from([(2, exception(2, "https://ledger.example/exceptions"))]);
        assert!(check_limits(&exception(3, "https://ledger.example/other"), &notices).is_err(), "there is one");
        assert!(check_limits(&hook("store/order/*", "https://ledger.example/exceptions"), &notices).is_err());
    }

    #[test]
    fn only_https_or_loopback_is_a_destination() {
        assert!(check(&hook("store/order/*", "https://ledger.example/hooks")).is_ok());
        assert!(check(&hook("store/order/*", "http://127.0.0.1:9000/hooks")).is_ok());
        assert!(check(&hook("store/order/*", "http://ledger.example/hooks")).is_err());
        assert!(check(&hook("store/order/*", "https://ledger.example:8443/hooks")).is_err());
        assert!(check(&hook("store/order/*", "not a url")).is_err());
        assert!(check(&hook("order", "https://ledger.example/hooks")).is_err());
    }
}
