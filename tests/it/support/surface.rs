//! The HTTP surface by itself, on a database of its own: one store, `acme-us`, and nobody who works.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use cartledger::clock::Clock;
use cartledger::http::body::BodyLimits;
use cartledger::http::intake::Intake;
use cartledger::http::layers::{Pace, SettingsToken};
use cartledger::http::server::{self, ServerOptions};
use cartledger::http::webhooks::WebhookStore;
use cartledger::http::{self, ApiState, ScheduleFacts};
use cartledger::lifecycle::Shutdown;
use cartledger::store::Store;
use cartledger::store::lane::WakeUp;
use cartledger::store::schedule::Intervals;
use cartledger::telemetry::Metrics;
use reqwest::{Method, RequestBuilder};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::database::TestDatabase;

/// The newest client secret of the store.
pub const SECRET: &str = "the-client-secret-as-shown";
/// The largest webhook body.
pub const BODY_MAX: usize = 65_536;
/// How long a body may take to come.
pub const BODY_WITHIN: Duration = Duration::from_secs(2);
/// The admin token of the settings.
pub const ADMIN: &str = "admin";
/// The largest body of the admin API.
pub const ADMIN_BODY_MAX: usize = 1 << 20;

/// A running surface with one store, `acme-us`.
pub struct Surface {
    pub database: TestDatabase,
    pub store: Store,
    pub address: String,
    pub client: reqwest::Client,
}

#[expect(clippy::disallowed_methods, reason = "a test's own client needs no time-outs")]
fn client() -> reqwest::Client {
    // Another test of this process may have set it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

impl Surface {
    /// Starts one whose tokens may send as much as they like.
    pub async fn start() -> Self {
        Self::start_at_pace(NonZeroU32::MAX).await
    }

    /// Starts one whose tokens may send so many requests in a minute.
    pub async fn start_at_pace(per_minute: NonZeroU32) -> Self {
        let database = TestDatabase::new().await;
        let store = Store::from_pool(database.pool().clone());
        let shutdown = Shutdown::new(Duration::from_secs(1));
        let webhook_store = WebhookStore {
            name: "acme-us".into(),
            store_hash: "abc123".into(),
            client_secrets: vec![SecretString::from("an-older-secret"), SecretString::from(SECRET)],
            shared_header: None,
            tolerance: Duration::from_secs(300),
        };
        let wake = WakeUp::default();
        let state = ApiState {
            intake: Intake::start(store.clone(), wake.clone(), &shutdown, 100, Duration::ZERO),
            store: store.clone(),
            wake,
            clock: Clock::system(),
            webhook_stores: Arc::new(BTreeMap::from([("acme-us".to_owned(), webhook_store)])),
            company_of_store: Arc::new(BTreeMap::from([("acme-us".to_owned(), "acme".to_owned())])),
            companies: Arc::default(),
            rule_settings: Arc::default(),
            policies: Arc::default(),
            settings_token: SettingsToken::new(Some(&SecretString::from(ADMIN))),
            pace: Pace::new(per_minute),
            admin_body: BodyLimits { bytes_max: ADMIN_BODY_MAX, within: BODY_WITHIN },
            schedules: Arc::new(ScheduleFacts {
                intervals: Intervals { orders: 900, refunds: 900, webhooks: 900 },
                silent_after_hours: 24,
                webhook_addresses: BTreeMap::new(),
                mirror_seconds: 3600,
            }),
            metrics: Metrics::install().unwrap(),
            webhook_body: BodyLimits { bytes_max: BODY_MAX, within: BODY_WITHIN },
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let options = ServerOptions { connections_max: 1000, idle_max: Duration::from_secs(60) };
        tokio::spawn(server::serve(listener, http::router(state, true, true), options, CancellationToken::new()));
        Self { database, store, address, client: client() }
    }

    /// A request without a token.
    pub fn plain(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address))
    }

    /// A request with a token.
    pub fn with(&self, token: &str, method: Method, path: &str) -> RequestBuilder {
        self.plain(method, path).bearer_auth(token)
    }

    /// A request with a token and a JSON body.
    pub fn json(&self, token: &str, method: Method, path: &str, body: &serde_json::Value) -> RequestBuilder {
        self.with(token, method, path).header("content-type", "application/json").body(body.to_string())
    }
}
