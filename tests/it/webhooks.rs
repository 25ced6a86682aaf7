//! Deliveries over real HTTP: what is genuine is kept before 200 is answered, anything else gets the right refusal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cartledger::clock::Clock;
use cartledger::http::group_commit::Intake;
use cartledger::http::layers::{Pace, SettingsToken};
use cartledger::http::webhooks::WebhookStore;
use cartledger::http::{self, ApiState};
use cartledger::lifecycle::Shutdown;
use cartledger::store::Store;
use cartledger::store::lane::WakeUp;
use cartledger::telemetry::Metrics;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::support::database::TestDatabase;

const SECRET: &str = "the-client-secret-as-shown";
const BODY_MAX: usize = 65_536;

/// A running surface with one store, `acme-us`.
struct Surface {
    database: TestDatabase,
    store: Store,
    address: String,
    client: reqwest::Client,
}

#[expect(clippy::disallowed_methods, reason = "a test's own client needs no time-outs")]
fn client() -> reqwest::Client {
    // Another test of this process may have set it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

impl Surface {
    async fn start() -> Self {
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
            policies: Arc::default(),
            company_of_store: Arc::new(BTreeMap::from([("acme-us".to_owned(), "acme".to_owned())])),
            companies: Arc::default(),
            settings_token: SettingsToken::new(Some(&SecretString::from("admin"))),
            pace: Pace::new(std::num::NonZeroU32::MAX),
            admin_body_bytes_max: 1 << 20,
            metrics: Metrics::install().unwrap(),
            body_bytes_max: BODY_MAX,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, http::router(state, true, true)).await });
        Self { database, store, address, client: client() }
    }

    async fn post(&self, store: &str, id: &str, timestamp: i64, signature: &str, body: String) -> u16 {
        let request = self
            .client
            .post(format!("{}/webhooks/bigcommerce/{store}", self.address))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body(body);
        request.send().await.unwrap().status().as_u16()
    }

    /// Sends a body with a genuine signature, made by the reference implementation of the signature scheme.
    async fn deliver(&self, id: &str, body: String) -> u16 {
        let now = Clock::system().now().as_second();
        self.post("acme-us", id, now, &signature(id, now, &body), body).await
    }

    async fn kept(&self) -> u64 {
        self.store.deliveries("acme-us").await.unwrap()
    }
}

fn signature(id: &str, timestamp: i64, body: &str) -> String {
    let webhook = standardwebhooks::Webhook::from_bytes(SECRET.as_bytes().to_vec()).unwrap();
    webhook.sign(id, timestamp, body.as_bytes()).unwrap()
}

fn order_updated(order: u64) -> String {
    format!(
        r#"{{"producer":"stores/abc123","hash":"h","created_at":1791736794,"store_id":"1002817942","scope":"store/order/updated","data":{{"type":"order","id":{order}}}}}"#
    )
}

#[tokio::test]
async fn a_genuine_delivery_is_kept_and_its_order_is_due() {
    let surface = Surface::start().await;
    assert_eq!(surface.deliver("w1", order_updated(118)).await, 200);
    assert_eq!((surface.kept().await, surface.store.backlog().await.unwrap().due), (1, 1));
}

#[tokio::test]
async fn the_same_delivery_a_hundred_times_at_once_is_kept_once() {
    let surface = Arc::new(Surface::start().await);
    let sent = (0..100).map(|_| {
        let surface = surface.clone();
        tokio::spawn(async move { surface.deliver("w1", order_updated(118)).await })
    });
    let mut answers = BTreeSet::new();
    for one in sent {
        answers.insert(one.await.unwrap());
    }
    assert_eq!(answers, BTreeSet::from([200]));
    assert_eq!((surface.kept().await, surface.store.backlog().await.unwrap().lanes), (1, 1));
}

#[tokio::test]
async fn a_wrong_or_missing_signature_is_refused_and_nothing_is_kept() {
    let surface = Surface::start().await;
    let now = Clock::system().now().as_second();
    let right = signature("w1", now, &order_updated(118));
    assert_eq!(surface.post("acme-us", "w1", now, &right, order_updated(119)).await, 401, "another body");
    assert_eq!(surface.post("acme-us", "w2", now, &right, order_updated(118)).await, 401, "another id");
    assert_eq!(surface.post("acme-us", "w1", now + 1, &right, order_updated(118)).await, 401, "another time");
    assert_eq!(surface.post("acme-us", "w1", now, "", order_updated(118)).await, 401, "no signature");
    assert_eq!(surface.post("acme-us", "w1", now, "v1,AAAA", order_updated(118)).await, 401, "no real signature");
    assert_eq!(surface.kept().await, 0);
}

#[tokio::test]
async fn a_late_but_genuine_delivery_is_accepted() {
    let surface = Surface::start().await;
    let yesterday = Clock::system().now().as_second() - 86_400;
    let body = order_updated(118);
    let signature = signature("w1", yesterday, &body);
    assert_eq!(surface.post("acme-us", "w1", yesterday, &signature, body).await, 200);
    assert_eq!(surface.kept().await, 1);
}

#[tokio::test]
async fn an_unknown_store_and_another_stores_delivery_are_refused() {
    let surface = Surface::start().await;
    let now = Clock::system().now().as_second();
    let body = order_updated(118);
    let genuine = signature("w1", now, &body);
    assert_eq!(surface.post("nobody", "w1", now, &genuine, body).await, 404);
    assert_eq!(surface.deliver("w2", order_updated(118).replace("abc123", "other1")).await, 422);
    assert_eq!(surface.kept().await, 0);
}

#[tokio::test]
async fn a_body_of_a_mebibyte_and_broken_json_are_refused() {
    let surface = Surface::start().await;
    assert_eq!(surface.deliver("w1", "x".repeat(1 << 20)).await, 413);
    assert_eq!(surface.deliver("w2", "{\"producer\":".to_owned()).await, 400);
    assert_eq!(surface.kept().await, 0);
    assert_eq!(surface.deliver("w3", order_updated(118)).await, 200, "and the service goes on");
}

#[tokio::test]
async fn a_scope_that_does_not_concern_us_is_kept_and_marks_nothing() {
    let surface = Surface::start().await;
    let body = order_updated(5)
        .replace("store/order/updated", "store/customer/created")
        .replace("order\",\"id", "customer\",\"id");
    assert_eq!(surface.deliver("w1", body).await, 200);
    assert_eq!((surface.kept().await, surface.store.backlog().await.unwrap().lanes), (1, 0));
}

#[tokio::test]
async fn without_its_database_the_service_answers_503_and_recovers() {
    let surface = Surface::start().await;
    sqlx::query("alter table inbox rename to inbox_away").execute(surface.database.pool()).await.unwrap();
    assert_eq!(surface.deliver("w1", order_updated(118)).await, 503);
    sqlx::query("alter table inbox_away rename to inbox").execute(surface.database.pool()).await.unwrap();
    assert_eq!(surface.deliver("w1", order_updated(118)).await, 200);
}

#[tokio::test]
async fn the_admin_api_wants_its_token() {
    let surface = Surface::start().await;
    let orders = format!("{}/v1/stores/acme-us/orders", surface.address);
    let without = surface.client.get(&orders).send().await.unwrap();
    assert_eq!(without.status(), 401);
    assert_eq!(without.headers()["content-type"], "application/problem+json");
    let with = surface.client.get(&orders).bearer_auth("admin").send().await.unwrap();
    assert_eq!((with.status().as_u16(), with.text().await.unwrap().as_str()), (200, r#"{"orders":[]}"#));
    let unknown = format!("{}/v1/stores/other/orders", surface.address);
    assert_eq!(surface.client.get(&unknown).bearer_auth("admin").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn health_metrics_and_the_api_description_are_open() {
    let surface = Surface::start().await;
    for (path, holds) in [
        ("/healthz", "ok"),
        ("/readyz", "orders_due"),
        ("/metrics", "cartledger_"),
        ("/openapi.json", "/v1/stores/{store}/orders"),
    ] {
        let answer = surface.client.get(format!("{}{path}", surface.address)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.text().await.unwrap().contains(holds), "{path}");
    }
}
