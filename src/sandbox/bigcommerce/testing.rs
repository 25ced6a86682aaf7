//! For this room's tests: a store at a fixed moment, served on loopback, and a destination that takes webhooks.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rust_decimal::Decimal;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::draft::{Address, LineDraft, OrderDraft, TaxRate};
use super::settings::StoreSettings;
use super::store::Store;
use crate::clock::Clock;

pub(super) const TOKEN: &str = "token-of-the-store";
pub(super) const SECRET: &str = "client-secret-of-the-account";

/// A store's settings, at nine in the morning of a Thursday in Chicago.
pub(super) fn settings() -> StoreSettings {
    let mut settings = StoreSettings::new("abc123", TOKEN.into(), SECRET.into());
    settings.clock = Clock::fixed("2026-03-05T15:00:00Z".parse().unwrap());
    settings
}

pub(super) fn open(settings: StoreSettings) -> Store {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Store::new(settings).unwrap()
}

pub(super) fn store() -> Store {
    open(settings())
}

/// An order of `lines` single units at 120.00 with 8.25 % tax.
pub(super) fn draft(lines: usize) -> OrderDraft {
    let address = Address { first_name: "Grace".into(), email: "grace@example.com".into(), ..Address::default() };
    let rates = [TaxRate::new("Sales Tax", "8.25".parse().unwrap())];
    let draft = OrderDraft::guest(address).ship("Ground", Decimal::ZERO, Decimal::ZERO, &rates);
    (0..lines).fold(draft, |draft, _| draft.line(LineDraft::new("WEAR-BOOT", "Hiking boots", 1, Decimal::from(120))))
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// A store behind a real listener; it stops with the value.
pub(super) struct Served {
    pub store: Store,
    base: String,
    client: reqwest::Client,
    stop: CancellationToken,
    server: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(super) async fn serve(store: Store) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let (served, token) = (store.clone(), stop.clone());
    let server = Some(tokio::spawn(async move { served.serve(listener, token).await.unwrap() }));
    Served { store, base, client: reqwest::Client::builder().no_proxy().build().unwrap(), stop, server }
}

impl Served {
    /// Stops serving, and waits until the store has saved its state.
    pub async fn shut_down(mut self) {
        self.stop.cancel();
        self.server.take().unwrap().await.unwrap();
    }

    /// Calls the API with the token; `path` starts behind the store's hash.
    pub async fn call(&self, method: &str, path: &str, body: &str) -> reqwest::Result<Answer> {
        self.send(method, &format!("/stores/abc123{path}"), TOKEN, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "").await.unwrap()
    }

    pub async fn send(&self, method: &str, path: &str, token: &str, body: &str) -> reqwest::Result<Answer> {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base));
        let answer = request.header("x-auth-token", token).body(body.to_owned()).send().await?;
        Ok(Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), text: answer.text().await? })
    }
}

#[derive(Clone, Default)]
struct Seen {
    answers: Arc<Mutex<Vec<u16>>>,
    deliveries: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    arrived: Arc<Notify>,
}

/// A destination for webhooks. Answers with the given statuses in turn, and 200 after the last.
pub(super) struct Destination {
    pub url: String,
    seen: Seen,
}

async fn take(State(seen): State<Seen>, headers: HeaderMap, body: Bytes) -> StatusCode {
    seen.deliveries.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
    seen.arrived.notify_one();
    let mut answers = seen.answers.lock().unwrap();
    let status = if answers.is_empty() { 200 } else { answers.remove(0) };
    StatusCode::from_u16(status).unwrap()
}

impl Destination {
    pub async fn open(answers: &[u16]) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), answers)
    }

    pub fn listen(listener: TcpListener, answers: &[u16]) -> Self {
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let seen = Seen { answers: Arc::new(Mutex::new(answers.to_vec())), ..Seen::default() };
        let router = Router::new().route("/hooks", post(take)).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }

    /// What has arrived so far.
    pub fn deliveries(&self) -> Vec<(HeaderMap, String)> {
        self.seen.deliveries.lock().unwrap().clone()
    }

    /// The scopes that have arrived so far.
    pub fn scopes(&self) -> Vec<String> {
        let scope = |body: &str| serde_json::from_str::<Value>(body).unwrap()["scope"].as_str().unwrap().to_owned();
        self.deliveries().iter().map(|(_, body)| scope(body)).collect()
    }

    /// Waits until that many deliveries have arrived.
    pub async fn wait_for(&self, count: usize) {
        while self.deliveries().len() < count {
            self.seen.arrived.notified().await;
        }
    }
}
