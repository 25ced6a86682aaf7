//! Typed settings: compiled-in defaults, then the file, then the environment. Secrets are only ever named here.

mod company;
mod retention;
mod schedules;
mod secret;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

pub use self::company::{CompanySettings, OverBudget};
pub use self::retention::RetentionSettings;
pub use self::schedules::ScheduleSettings;
pub use self::secret::{Environment, SecretSource};
use crate::accounting::policy::Policy;

/// The defaults, which are also the reference of all settings.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "the settings file {path} cannot be read: {why}. Give another with --config, or create it from cartledger.example.toml"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// The text is no TOML, or a setting has the wrong type or an unknown name.
    #[error("{source_name} does not fit: {why}")]
    Malformed {
        /// The file or the environment variable.
        source_name: String,
        /// Why.
        why: String,
    },
    /// A value is not possible.
    #[error("setting {name}: {why}")]
    Invalid {
        /// Its name.
        name: String,
        /// What is wrong and what to write instead.
        why: String,
    },
    /// A secret is not where the settings say.
    #[error("secret {name}: {why}")]
    Secret {
        /// The setting that names it.
        name: String,
        /// Where it was looked for.
        why: String,
    },
}

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    pub server: ServerSettings,
    /// Postgres.
    pub database: DatabaseSettings,
    /// Workers.
    pub worker: WorkerSettings,
    /// The mirror of master data.
    pub mirror: MirrorSettings,
    /// What is done by the clock.
    pub schedules: ScheduleSettings,
    /// How long things are kept.
    pub retention: RetentionSettings,
    /// Logs.
    pub log: LogSettings,
    /// The admin API.
    pub admin: AdminSettings,
    /// BigCommerce stores.
    #[serde(default)]
    pub stores: Vec<StoreSettings>,
    /// Intacct companies.
    #[serde(default)]
    pub companies: Vec<CompanySettings>,
}

/// The HTTP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port to listen on.
    pub listen: String,
    /// The largest webhook body, in bytes.
    pub body_bytes_max: usize,
    /// How long the body of a request may take to come, webhook or not, in seconds.
    pub body_seconds: u64,
    /// Deliveries that may wait for their commit before 503 is answered.
    pub waiting_deliveries_max: usize,
    /// Connections at a time; more wait to be accepted.
    pub connections_max: usize,
    /// A connection on which no request comes for so long is closed, in seconds.
    pub idle_connection_seconds: u64,
    /// How long an order rests after a webhook before it is read, in milliseconds: bursts become one read.
    pub debounce_ms: u64,
    /// The https address under which BigCommerce reaches the webhooks; without it they cannot be installed.
    pub public_url: Option<String>,
}

/// Postgres.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Connections in the pool.
    pub connections: u32,
    /// Where the connection URL is, when it is not in `DATABASE_URL`.
    pub url: Option<SecretSource>,
}

/// Workers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Orders worked on at the same time by this process: about three times what its companies' requests can carry at once.
    pub concurrency: u32,
    /// How long a claimed order is ours without a heartbeat, in seconds.
    pub lease_seconds: u64,
    /// The longest wait between two looks for due orders, in milliseconds.
    pub poll_ms: u64,
    /// How long to wait for payment data that is not there yet, in seconds: one entry per re-read.
    pub payment_waits_seconds: Vec<u64>,
    /// How long to wait after the first, second, ... failure of an order, in seconds; the last one is repeated.
    pub retry_seconds: Vec<u64>,
    /// How often an order of each buyer whose customer is held is tried again, in seconds: the cause may be mended in
    /// Intacct, which tells nobody.
    pub held_buyers_seconds: u64,
    /// How long a stopping process finishes its work, in seconds.
    pub grace_seconds: u64,
}

/// The mirror of the companies' master data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MirrorSettings {
    /// How often what changed is read, in minutes.
    pub incremental_minutes: u64,
    /// How often everything is read, in hours: only then is seen what was deleted.
    pub full_hours: u64,
}

/// Logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// `auto` (readable on a terminal, JSON elsewhere), `json` or `text`.
    pub format: String,
    /// What to log, for example `info,cartledger=debug`.
    pub filter: String,
}

/// The admin API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminSettings {
    /// A bearer token of the role admin, beside those that are made with `cartledger token create`.
    pub token: Option<SecretSource>,
    /// How many requests each token may send in a minute.
    pub requests_per_minute: std::num::NonZeroU32,
    /// The largest body of a request in bytes.
    pub body_bytes_max: usize,
}

/// A BigCommerce store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// Our name for it: the last part of its webhook address and the first part of every document key.
    pub name: String,
    /// BigCommerce's name for it, as in its API path.
    pub store_hash: String,
    /// The API's base address.
    #[serde(default = "StoreSettings::default_api_url")]
    pub api_url: String,
    /// The API account's access token.
    pub access_token: SecretSource,
    /// Client secrets that sign webhooks; several while they are being changed.
    pub client_secrets: Vec<SecretSource>,
    /// A header every delivery must carry, in addition to the signature.
    pub shared_header: Option<SharedHeader>,
    /// How old a signature may be before it is logged as late, in seconds.
    #[serde(default = "StoreSettings::default_tolerance")]
    pub signature_tolerance_seconds: u64,
    /// The share of the API quota left to other apps, in percent.
    #[serde(default = "StoreSettings::default_reserve")]
    pub quota_reserve_percent: u32,
    /// Whether the customer record of a registered buyer is read for its group, which customer rules may ask for: one request
    /// more per order of a registered buyer.
    #[serde(default = "StoreSettings::default_read_customer_groups")]
    pub read_customer_groups: bool,
    /// Whether the categories of products are read, which rules may ask for: the API account needs read access to products,
    /// and orders of products not read within the hour cost two requests more.
    #[serde(default)]
    pub read_categories: bool,
    /// Whether a change of the rules waits until a second person approves it.
    #[serde(default)]
    pub approve_rules: bool,
    /// The Intacct company it posts to.
    pub company: String,
    /// Whether new orders are summed up by day while the company's forecast of API transactions is over its limit; needs
    /// the company's `over_budget = "daily"`.
    #[serde(default)]
    pub daily_over_budget: bool,
    /// How it is posted.
    #[serde(default)]
    pub accounting: Policy,
}

impl StoreSettings {
    /// How the store's orders are posted, under the store's own name.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] naming what is not possible.
    pub fn policy(&self) -> Result<Policy, ConfigError> {
        let policy = Policy { store: self.name.clone(), ..self.accounting.clone() };
        policy.check().map_err(|why| ConfigError::Invalid {
            name: format!("stores.{}.accounting", self.name),
            why: why.to_string(),
        })?;
        Ok(policy)
    }

    fn default_api_url() -> String {
        "https://api.bigcommerce.com".to_owned()
    }

    fn default_tolerance() -> u64 {
        300
    }

    fn default_reserve() -> u32 {
        10
    }

    fn default_read_customer_groups() -> bool {
        true
    }
}

/// A header with a secret value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedHeader {
    /// The header's name.
    pub name: String,
    /// Its value.
    pub value: SecretSource,
}

impl Config {
    /// Reads the settings: defaults, then `file`, then `CARTLEDGER_SECTION__KEY` from the environment.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file, the setting and what to write instead.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let text = match file {
            Some(path) => Some((
                path.display().to_string(),
                std::fs::read_to_string(path).map_err(|why| ConfigError::Unreadable { path: path.into(), why })?,
            )),
            None => None,
        };
        let given = text.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        Self::from_text(given, environment)
    }

    /// The same from text; `given` is the text with its name.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_text(given: Option<(&str, &str)>, environment: &Environment) -> Result<Self, ConfigError> {
        let malformed = |name: &str, why: toml::de::Error| ConfigError::Malformed {
            source_name: name.to_owned(),
            why: why.to_string(),
        };
        let mut table: Table = DEFAULTS.parse().map_err(|why| malformed("the built-in defaults", why))?;
        let name = given.map_or("the environment", |(name, _)| name);
        if let Some((name, text)) = given {
            merge(&mut table, text.parse::<Table>().map_err(|why| malformed(name, why))?);
        }
        for (variable, value) in &environment.0 {
            if let Some((section, key)) = variable.strip_prefix("CARTLEDGER_").and_then(|rest| rest.split_once("__")) {
                let section = table.entry(section.to_lowercase()).or_insert_with(|| Value::Table(Table::new()));
                if let Some(section) = section.as_table_mut() {
                    section.insert(key.to_lowercase(), plain_value(value));
                }
            }
        }
        let config: Config = table.try_into().map_err(|why| malformed(name, why))?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let invalid = |name: String, why: String| Err(ConfigError::Invalid { name, why });
        let mut names = BTreeSet::new();
        for company in &self.companies {
            if !names.insert(&company.name) {
                return invalid(
                    "companies.name".into(),
                    format!("'{}' is there twice; names must differ", company.name),
                );
            }
            let gateway_slack = company.timeout_seconds + 10;
            if self.worker.lease_seconds <= gateway_slack {
                return invalid(
                    "worker.lease_seconds".into(),
                    format!(
                        "{} must be more than companies.{}.timeout_seconds plus 10 ({gateway_slack}): a slow answer would outlive the lease",
                        self.worker.lease_seconds, company.name
                    ),
                );
            }
            if company.concurrency == 0 || company.documents_per_request == 0 {
                return invalid(
                    format!("companies.{}", company.name),
                    "concurrency and documents_per_request must be at least 1".into(),
                );
            }
            if company.transactions_per_month == 0 || company.warn_percent == 0 {
                return invalid(
                    format!("companies.{}", company.name),
                    "transactions_per_month and warn_percent must be at least 1".into(),
                );
            }
        }
        let mut stores = BTreeSet::new();
        for store in &self.stores {
            let plain = !store.name.is_empty()
                && store.name.len() <= 40
                && store.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !plain {
                return invalid(
                    "stores.name".into(),
                    format!(
                        "'{}' must be 1 to 40 lower-case letters, digits and hyphens: it becomes part of addresses and keys",
                        store.name
                    ),
                );
            }
            if !stores.insert(&store.name) {
                return invalid("stores.name".into(), format!("'{}' is there twice; names must differ", store.name));
            }
            if !names.contains(&store.company) {
                return invalid(
                    format!("stores.{}.company", store.name),
                    format!("there is no company named '{}' under [[companies]]", store.company),
                );
            }
            if store.client_secrets.is_empty() {
                return invalid(
                    format!("stores.{}.client_secrets", store.name),
                    "name at least one: without it no webhook can be verified, and none is ever accepted unverified"
                        .into(),
                );
            }
            store.policy()?;
            let daily = self.company(&store.company).is_some_and(|company| company.over_budget == OverBudget::Daily);
            if store.daily_over_budget && !daily {
                return invalid(
                    format!("stores.{}.daily_over_budget", store.name),
                    format!(
                        "has no effect unless companies.{}.over_budget is \"daily\": set it, or leave this out",
                        store.company
                    ),
                );
            }
        }
        self.schedules.check()?;
        self.retention.check()?;
        schedules::check_address(self.server.public_url.as_deref())?;
        if self.worker.retry_seconds.is_empty() {
            return invalid("worker.retry_seconds".into(), "name at least one wait".into());
        }
        if self.mirror.incremental_minutes == 0 || self.mirror.full_hours == 0 {
            return invalid("mirror".into(), "incremental_minutes and full_hours must be at least 1".into());
        }
        if self.worker.held_buyers_seconds == 0 {
            return invalid("worker.held_buyers_seconds".into(), "must be at least 1".into());
        }
        if self.worker.concurrency == 0 {
            return invalid("worker.concurrency".into(), "must be at least 1".into());
        }
        for (name, seconds) in [
            ("idle_connection_seconds", self.server.idle_connection_seconds),
            ("body_seconds", self.server.body_seconds),
        ] {
            if seconds == 0 {
                return invalid(format!("server.{name}"), "must be at least 1".into());
            }
        }
        if self.server.connections_max <= self.server.waiting_deliveries_max {
            return invalid(
                "server.connections_max".into(),
                format!(
                    "must be more than waiting_deliveries_max ({}): else deliveries wait to be accepted and none is refused",
                    self.server.waiting_deliveries_max
                ),
            );
        }
        Ok(())
    }

    /// A company by its name.
    pub fn company(&self, name: &str) -> Option<&CompanySettings> {
        self.companies.iter().find(|company| company.name == name)
    }
}

/// Lays `over` on `base`, table by table; anything else is replaced.
fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(over)) => merge(inner, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// An environment variable's value as the TOML value it looks like.
fn plain_value(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        Value::Integer(number)
    } else if let Ok(truth) = text.parse::<bool>() {
        Value::Boolean(truth)
    } else {
        Value::String(text.to_owned())
    }
}

#[cfg(test)]
mod tests;
