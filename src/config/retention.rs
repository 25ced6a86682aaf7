//! Settings of how long things are kept that nothing needs any more.

use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;

/// How many days things are kept; 0 is for ever.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionSettings {
    /// Webhook deliveries.
    pub deliveries_days: u32,
    /// Evidence that was replaced and that nothing names, since it was replaced.
    pub evidence_days: u32,
    /// Attempts of documents that are posted, since they were.
    pub attempts_days: u32,
    /// Dry runs, since they ended.
    pub dry_runs_days: u32,
    /// Rows removed at once.
    pub batch: u32,
}

/// A hundred years.
const DAYS_MAX: u32 = 36_500;
/// The fewest rows removed at once, and the most: many more would hold their locks for long.
const BATCH: (u32, u32) = (100, 10_000);

impl RetentionSettings {
    /// So many days; `None` for ever.
    pub fn days(days: u32) -> Option<Duration> {
        (days > 0).then(|| Duration::from_secs(u64::from(days) * 24 * 60 * 60))
    }

    /// Refuses what is not possible, and what would remove what is still being worked with.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let least = [
            // BigCommerce repeats a delivery for two days; a week leaves time to see what went wrong.
            ("deliveries_days", self.deliveries_days, 7),
            ("evidence_days", self.evidence_days, 30),
            ("attempts_days", self.attempts_days, 30),
            ("dry_runs_days", self.dry_runs_days, 1),
        ];
        for (name, days, least) in least {
            if days != 0 && !(least..=DAYS_MAX).contains(&days) {
                return Err(invalid(name, format!("must be from {least} to {DAYS_MAX}, or 0 to keep it for ever")));
            }
        }
        if !(BATCH.0..=BATCH.1).contains(&self.batch) {
            return Err(invalid("batch", format!("must be from {} to {}", BATCH.0, BATCH.1)));
        }
        Ok(())
    }
}

fn invalid(name: &str, why: String) -> ConfigError {
    ConfigError::Invalid { name: format!("retention.{name}"), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_worked_with_is_not_removed_and_nothing_is_a_way_to_say_for_ever() {
        let shortest = RetentionSettings {
            deliveries_days: 7,
            evidence_days: 30,
            attempts_days: 30,
            dry_runs_days: 1,
            batch: 100,
        };
        assert!(shortest.check().is_ok());
        let forever = RetentionSettings {
            deliveries_days: 0,
            evidence_days: 0,
            attempts_days: 0,
            dry_runs_days: 0,
            batch: 10_000,
        };
        assert!(forever.check().is_ok());
        assert_eq!((RetentionSettings::days(0), RetentionSettings::days(1)), (None, Some(Duration::from_secs(86_400))));
        let bad = [
            (RetentionSettings { deliveries_days: 6, ..shortest.clone() }, "retention.deliveries_days"),
            (RetentionSettings { evidence_days: 29, ..shortest.clone() }, "retention.evidence_days"),
            (RetentionSettings { attempts_days: 29, ..shortest.clone() }, "retention.attempts_days"),
            (RetentionSettings { dry_runs_days: 36_501, ..shortest.clone() }, "retention.dry_runs_days"),
            (RetentionSettings { batch: 99, ..shortest.clone() }, "retention.batch"),
            (RetentionSettings { batch: 10_001, ..shortest }, "retention.batch"),
        ];
        for (settings, name) in bad {
            assert!(settings.check().unwrap_err().to_string().contains(name), "{settings:?}");
        }
    }
}
