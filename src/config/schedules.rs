//! Settings of what is done by the clock, and of the address that BigCommerce reaches.

use serde::Deserialize;

use super::ConfigError;

/// What is done for each store by the clock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    /// How often orders that changed are looked for, in seconds, unless the API says otherwise.
    pub orders_seconds: u32,
    /// The same for refunds.
    pub refunds_seconds: u32,
    /// How often webhooks are looked at and mended, in seconds, unless the API says otherwise.
    pub webhooks_seconds: u32,
    /// How many days runs are remembered.
    pub keep_runs_days: u32,
    /// After so many hours without a webhook a store is called silent.
    pub silent_after_hours: u32,
}

impl ScheduleSettings {
    /// Refuses what is not possible.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.orders_seconds < 60 || self.refunds_seconds < 60 || self.webhooks_seconds < 600 {
            let why = "orders_seconds and refunds_seconds must be at least 60, webhooks_seconds at least 600";
            return Err(invalid("schedules", why));
        }
        if self.keep_runs_days == 0 || self.silent_after_hours == 0 {
            return Err(invalid("schedules", "keep_runs_days and silent_after_hours must be at least 1"));
        }
        Ok(())
    }
}

/// Refuses an address that BigCommerce would send nothing to.
pub(super) fn check_address(address: Option<&str>) -> Result<(), ConfigError> {
    if address.is_none_or(may_be_reached) {
        return Ok(());
    }
    let why = "must be an https address without port, query or / at its end, for example https://ledger.example.com: \
               BigCommerce sends webhooks nowhere else";
    Err(invalid("server.public_url", why))
}

fn invalid(name: &str, why: &str) -> ConfigError {
    ConfigError::Invalid { name: name.to_owned(), why: why.to_owned() }
}

/// Whether BigCommerce would send webhooks there: https on the standard port; plain http on this machine only, for tests.
fn may_be_reached(address: &str) -> bool {
    let sound = |rest: &str| !rest.is_empty() && !rest.ends_with('/') && !rest.contains(['?', '#', '@', ' ']);
    match address.split_once("://") {
        Some(("https", rest)) => sound(rest) && !rest.split('/').next().unwrap_or_default().contains(':'),
        Some(("http", rest)) => sound(rest) && (rest.starts_with("127.0.0.1:") || rest.starts_with("localhost:")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_are_sent_to_https_addresses_without_a_port_only() {
        for good in ["https://ledger.example.com", "https://example.com/ledger", "http://127.0.0.1:8080"] {
            assert!(may_be_reached(good), "{good}");
        }
        let bad = [
            "",
            "ledger.example.com",
            "http://ledger.example.com",
            "https://ledger.example.com:8443",
            "https://x/",
            "https://x?y",
        ];
        for bad in bad {
            assert!(!may_be_reached(bad), "{bad}");
        }
    }
}
