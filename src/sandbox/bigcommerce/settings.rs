//! What a sandbox store is: its identity, its credentials, its limits.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::Clock;

/// One store's settings. [`StoreSettings::new`] gives a Chicago store in US dollars with the platform's own limits.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The store hash of the API path, for example `abc123`.
    pub hash: String,
    /// The numeric store id that webhook envelopes carry as a string.
    pub store_id: u64,
    /// The store's display name.
    pub name: String,
    /// The token every REST call must send as `X-Auth-Token`.
    pub access_token: SecretString,
    /// The API account's client id; its hooks are listed under it.
    pub client_id: String,
    /// The API account's client secret. Its raw UTF-8 bytes are the key of webhook signatures.
    pub client_secret: SecretString,
    /// IANA name of the store's time zone.
    pub time_zone: String,
    /// ISO code of the store's currency.
    pub currency: String,
    /// REST calls allowed per window (BigCommerce: 150 on Standard and Plus, 450 on Pro).
    pub quota: u32,
    /// Length of the rate-limit window (BigCommerce: 30 s).
    pub quota_window: Duration,
    /// Retry delays are divided by this: 1 is as documented, 60 turns a minute into a second.
    pub retry_speedup: u32,
    /// How long a destination may take to acknowledge a webhook (BigCommerce, measured: about 10 s).
    pub ack_timeout: Duration,
    /// Deliveries that may be under way at the same time.
    pub delivery_concurrency: usize,
    /// Whether an order's answer holds its consignments with their lines when that is asked for; else it links to them.
    pub embeds: bool,
    /// Where the store keeps its state between runs; `None` keeps it in memory only.
    pub state_file: Option<PathBuf>,
    /// The store's clock: order dates, rate-limit windows, retry times and signatures.
    pub clock: Clock,
}

impl StoreSettings {
    /// A store with the platform's documented limits, no state file and the machine's clock.
    pub fn new(hash: impl Into<String>, access_token: SecretString, client_secret: SecretString) -> Self {
        Self {
            hash: hash.into(),
            store_id: 1_003_502_318,
            name: "Lakeshore Outfitters".into(),
            access_token,
            client_id: "sandbox-client".into(),
            client_secret,
            time_zone: "America/Chicago".into(),
            currency: "USD".into(),
            quota: 150,
            quota_window: Duration::from_secs(30),
            retry_speedup: 1,
            ack_timeout: Duration::from_secs(10),
            delivery_concurrency: 8,
            embeds: true,
            state_file: None,
            clock: Clock::system(),
        }
    }
}
