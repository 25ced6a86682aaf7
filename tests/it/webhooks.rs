//! Deliveries over real HTTP: what is genuine is kept before 200 is answered, anything else gets the right refusal.

use std::collections::BTreeSet;
use std::sync::Arc;

use cartledger::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::surface::{ADMIN, BODY_WITHIN, SECRET, Surface};

impl Surface {
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
async fn a_body_that_does_not_come_in_time_is_refused_and_its_connection_closed() {
    let surface = Surface::start().await;
    for head in [
        "POST /webhooks/bigcommerce/acme-us HTTP/1.1\r\n".to_owned(),
        format!("PUT /v1/stores/acme-us/rules HTTP/1.1\r\nauthorization: Bearer {ADMIN}\r\n"),
    ] {
        let mut stream = TcpStream::connect(surface.address.trim_start_matches("http://")).await.unwrap();
        stream.write_all(format!("{head}host: here\r\ncontent-length: 1000\r\n\r\n").as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        let trickle = tokio::spawn(async move {
            while to.write_all(b" ").await.is_ok() {
                tokio::time::sleep(BODY_WITHIN / 10).await;
            }
        });
        let mut answer = String::new();
        tokio::time::timeout(BODY_WITHIN * 5, from.read_to_string(&mut answer)).await.expect("an answer").unwrap();
        trickle.abort();
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("body-too-slow"), "{answer}");
    }
    assert_eq!(surface.kept().await, 0);
    assert_eq!(surface.deliver("w1", order_updated(118)).await, 200, "and the service goes on");
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
