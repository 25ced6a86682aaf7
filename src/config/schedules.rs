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

/// Runs are remembered for ten years at most.
const KEEP_RUNS_DAYS_MAX: u32 = 3650;

impl ScheduleSettings {
    /// How often orders and refunds may be looked for at most and at least, in seconds; the API has the same bounds.
    pub const POLL_SECONDS: (u32, u32) = (60, 24 * 60 * 60);
    /// The same for the look at the webhooks.
    pub const WEBHOOK_SECONDS: (u32, u32) = (600, 7 * 24 * 60 * 60);

    /// Refuses what is not possible.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let within = |seconds: u32, (least, most): (u32, u32)| (least..=most).contains(&seconds);
        let polls = within(self.orders_seconds, Self::POLL_SECONDS) && within(self.refunds_seconds, Self::POLL_SECONDS);
        if !polls || !within(self.webhooks_seconds, Self::WEBHOOK_SECONDS) {
            let why = "orders_seconds and refunds_seconds must be from 60 to 86400 (a day), webhooks_seconds from 600 to \
                       604800 (a week)";
            return Err(invalid("schedules", why));
        }
        if !within(self.keep_runs_days, (1, KEEP_RUNS_DAYS_MAX)) {
            return Err(invalid("schedules", &format!("keep_runs_days must be from 1 to {KEEP_RUNS_DAYS_MAX}")));
        }
        if self.silent_after_hours == 0 {
            return Err(invalid("schedules", "silent_after_hours must be at least 1"));
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
    fn intervals_have_both_bounds_and_runs_are_not_kept_for_ever() {
        let good = ScheduleSettings {
            orders_seconds: 60,
            refunds_seconds: 86_400,
            webhooks_seconds: 604_800,
            keep_runs_days: 3650,
            silent_after_hours: 1,
        };
        assert!(good.check().is_ok());
        let bad = [
            ScheduleSettings { orders_seconds: 59, ..good.clone() },
            ScheduleSettings { orders_seconds: 86_401, ..good.clone() },
            ScheduleSettings { refunds_seconds: u32::MAX, ..good.clone() },
            ScheduleSettings { webhooks_seconds: 599, ..good.clone() },
            ScheduleSettings { webhooks_seconds: 604_801, ..good.clone() },
            ScheduleSettings { keep_runs_days: 0, ..good.clone() },
            ScheduleSettings { keep_runs_days: 3651, ..good.clone() },
            ScheduleSettings { silent_after_hours: 0, ..good },
        ];
        for bad in bad {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }

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
