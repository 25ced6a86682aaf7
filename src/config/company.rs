//! The settings of an Intacct company.

use serde::Deserialize;

use super::SecretSource;

/// An Intacct company.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompanySettings {
    /// Our name for it.
    pub name: String,
    /// The gateway's address.
    #[serde(default = "CompanySettings::default_url")]
    pub url: String,
    /// The company id in Intacct.
    pub company_id: String,
    /// The entity to sign in to; without one the top level.
    pub entity: Option<String>,
    /// The Web Services sender.
    pub sender_id: String,
    /// Its password.
    pub sender_password: SecretSource,
    /// The Web Services user.
    pub user_id: String,
    /// Its password.
    pub user_password: SecretSource,
    /// The undeposited funds account named when a credit is applied without money: none moves, but Intacct wants one.
    pub application_account: String,
    /// Requests at the same time, over all replicas.
    #[serde(default = "CompanySettings::default_concurrency")]
    pub concurrency: u32,
    /// Documents in one request at most.
    #[serde(default = "CompanySettings::default_batch")]
    pub documents_per_request: usize,
    /// Longest wait for an answer, in seconds.
    #[serde(default = "CompanySettings::default_timeout")]
    pub timeout_seconds: u64,
    /// Whether the company has ISO country codes: addresses then have both the country and its code.
    #[serde(default = "CompanySettings::default_iso_country_codes")]
    pub iso_country_codes: bool,
    /// How many hours ago the mirror of the company's customers may have been read to be believed; 0: Intacct is asked for
    /// every new buyer.
    #[serde(default = "CompanySettings::default_customer_mirror_hours")]
    pub customer_mirror_hours: u64,
    /// Ask Intacct for its own category of each error. It is newer than the gateway's published schema: a gateway that
    /// does not know it refuses every request, which `cartledger check` shows.
    #[serde(default)]
    pub additional_error_info: bool,
    /// API transactions of a month that are paid for; beyond them Intacct bills by the piece.
    #[serde(default = "CompanySettings::default_limit")]
    pub transactions_per_month: u64,
    /// From this share of them on the forecast is warned of, in percent.
    #[serde(default = "CompanySettings::default_warn_percent")]
    pub warn_percent: u32,
    /// What is done when the forecast of the month is over them.
    #[serde(default)]
    pub over_budget: OverBudget,
}

/// What is done when the forecast of a month's API transactions is over the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverBudget {
    /// A warning.
    #[default]
    Warn,
    /// Also, new orders of stores with `daily_over_budget` are summed up by day for the rest of the month.
    Daily,
}

impl CompanySettings {
    fn default_url() -> String {
        "https://api.intacct.com/ia/xml/xmlgw.phtml".to_owned()
    }

    fn default_concurrency() -> u32 {
        2
    }

    fn default_batch() -> usize {
        10
    }

    fn default_timeout() -> u64 {
        60
    }

    fn default_iso_country_codes() -> bool {
        true
    }

    fn default_customer_mirror_hours() -> u64 {
        3
    }

    fn default_limit() -> u64 {
        100_000
    }

    fn default_warn_percent() -> u32 {
        80
    }
}
