//! How the admin API behaves towards everybody: idempotency keys, limits, problems, headers, its own description.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use cartledger::store::kept_answer::{Begun, KeptAnswer};
use reqwest::Method;
use serde_json::json;

use crate::support::surface::{ADMIN, ADMIN_BODY_MAX, Surface};

const REPLAY: &str = "/v1/stores/acme-us/orders/118/replay";

impl Surface {
    async fn marks(&self) -> i64 {
        sqlx::query_scalar("select coalesce(sum(version), 0)::bigint from lane")
            .fetch_one(self.database.pool())
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_request_that_is_repeated_with_its_key_is_executed_once_and_answered_the_same() {
    let surface = Surface::start().await;
    for replayed in [false, true, true] {
        let request = surface.with(ADMIN, Method::POST, REPLAY).header("idempotency-key", "k-1");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 202);
        assert_eq!(response.headers().contains_key("idempotent-replayed"), replayed);
    }
    assert_eq!(surface.marks().await, 1);
}

#[tokio::test]
async fn a_kept_answer_has_the_body_and_type_of_the_first() {
    let surface = Surface::start().await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = surface.json(ADMIN, Method::POST, "/v1/stores/nowhere/orders/1/replay", &json!({}));
        let response = request.header("idempotency-key", "k-1").send().await.unwrap();
        let content_type = response.headers()["content-type"].clone();
        answers.push((response.status(), content_type, response.text().await.unwrap()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 404);
}

#[tokio::test]
async fn a_key_with_another_request_is_refused_and_another_token_has_keys_of_its_own() {
    let surface = Surface::start().await;
    let (anna, _) = surface.token("anna", "preparer").await;
    let keyed = |token: &str, path: &str| surface.with(token, Method::POST, path).header("idempotency-key", "k-1");
    assert_eq!(surface.answer(keyed(ADMIN, REPLAY)).await.0, 202);
    let (status, problem) = surface.answer(keyed(ADMIN, "/v1/stores/acme-us/orders/119/replay")).await;
    assert_eq!((status, &problem["code"]), (422, &json!("idempotency-key-used")));
    assert_eq!(surface.answer(keyed(&anna, REPLAY)).await.0, 202);
    assert_eq!(surface.marks().await, 2);
}

#[tokio::test]
async fn a_repeated_request_waits_for_the_first_and_one_that_died_may_be_sent_again() {
    let surface = Surface::start().await;
    let keyed = || surface.with(ADMIN, Method::POST, REPLAY).header("idempotency-key", "k-1");
    assert_eq!(surface.answer(keyed()).await.0, 202);
    // The program died before it kept the answer.
    sqlx::query("update kept_answer set status = null, body = null").execute(surface.database.pool()).await.unwrap();
    let (status, problem) = surface.answer(keyed()).await;
    assert_eq!((status, &problem["code"]), (409, &json!("request-under-way")));
    sqlx::query("update kept_answer set begun_at = now() - interval '3 minutes'")
        .execute(surface.database.pool())
        .await
        .unwrap();
    assert_eq!(surface.answer(keyed()).await.0, 202);
}

#[tokio::test]
async fn a_request_that_lost_its_turn_does_not_overwrite_the_answer_of_the_next() {
    let surface = Surface::start().await;
    let begin = async || surface.store.begin_answer("anna", "k-1", &[7; 32]).await.unwrap();
    let Begun::New(first) = begin().await else { panic!("it was begun before") };
    sqlx::query("update kept_answer set begun_at = now() - interval '3 minutes'")
        .execute(surface.database.pool())
        .await
        .unwrap();
    let Begun::New(second) = begin().await else { panic!("a request that seems dead is not begun again") };
    let answer = |status| KeptAnswer { status, headers: BTreeMap::new(), body: Vec::new() };
    surface.store.keep_answer("anna", "k-1", first, &answer(201)).await.unwrap();
    surface.store.forget_answer("anna", "k-1", first).await.unwrap();
    assert_eq!(begin().await, Begun::Underway);
    surface.store.forget_answer("anna", "k-1", second).await.unwrap();
    let Begun::New(third) = begin().await else { panic!("a request that came to nothing may be sent again") };
    surface.store.keep_answer("anna", "k-1", first, &answer(201)).await.unwrap();
    surface.store.keep_answer("anna", "k-1", third, &answer(202)).await.unwrap();
    assert_eq!(begin().await, Begun::Answered(answer(202)));
}

#[tokio::test]
async fn a_character_that_no_text_may_have_is_no_trouble_of_the_database() {
    let surface = Surface::start().await;
    for path in ["/v1/audit?actor=%00", "/v1/stores/acme-us/orders?q=%00"] {
        let (status, problem) = surface.look(ADMIN, path).await;
        assert_eq!((status, &problem["code"]), (422, &json!("value-not-valid")), "{path}: {problem}");
    }
}

#[tokio::test]
async fn a_repeated_request_with_a_higher_role_is_not_answered_with_the_old_refusal() {
    let surface = Surface::start().await;
    let (viewer, id) = surface.token("anna", "viewer").await;
    let keyed = |token: &str| surface.with(token, Method::POST, REPLAY).header("idempotency-key", "k-1");
    assert_eq!(surface.answer(keyed(&viewer)).await.0, 403);
    assert_eq!(surface.answer(surface.with(ADMIN, Method::DELETE, &format!("/v1/tokens/{id}"))).await.0, 204);
    let (preparer, _) = surface.token("anna", "preparer").await;
    assert_eq!(surface.answer(keyed(&preparer)).await.0, 202);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_a_problem_of_its_own_code() {
    let surface = Surface::start().await;
    let rules = "/v1/stores/acme-us/rules";
    let put = |content_type: &str, body: String| {
        surface.with(ADMIN, Method::PUT, rules).header("content-type", content_type.to_owned()).body(body)
    };
    for (request, expected, code) in [
        (surface.with(ADMIN, Method::GET, "/v1/stores/acme-us/orders?outcom=held"), 400, "query-not-valid"),
        (surface.with(ADMIN, Method::GET, "/v1/stores/acme-us/orders?limit=many"), 400, "query-not-valid"),
        (surface.with(ADMIN, Method::GET, "/v1/stores/acme-us/orders/abc"), 400, "path-not-valid"),
        (surface.with(ADMIN, Method::GET, "/v1/stores/nowhere/orders"), 404, "unknown-store"),
        (surface.with(ADMIN, Method::GET, "/v1/nothing"), 404, "not-found"),
        (surface.with(ADMIN, Method::DELETE, rules), 405, "method-not-allowed"),
        (put("text/plain", "{}".into()), 415, "not-json"),
        (put("application/json", "{".into()), 400, "body-not-valid"),
        (put("application/json", "{}".into()), 422, "body-not-valid"),
        (put("application/json", " ".repeat(ADMIN_BODY_MAX + 1)), 413, "body-too-large"),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{code}");
        let status = response.status().as_u16();
        let problem: serde_json::Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!((status, &problem["code"]), (expected, &json!(code)), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|remedy| remedy.len() > 10), "no remedy: {problem}");
    }
}

#[tokio::test]
async fn a_token_that_is_too_fast_is_told_when_to_go_on() {
    let surface = Surface::start_at_pace(NonZeroU32::new(3).unwrap()).await;
    let orders = || surface.with(ADMIN, Method::GET, "/v1/stores/acme-us/orders");
    for _ in 0..3 {
        assert_eq!(surface.answer(orders()).await.0, 200);
    }
    let response = orders().send().await.unwrap();
    let after: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(response.status(), 429);
    assert!((1..=60).contains(&after), "{after}");
}

#[tokio::test]
async fn pages_of_other_origins_are_not_let_in() {
    let surface = Surface::start().await;
    let request = surface.with(ADMIN, Method::GET, "/v1/companies").header("origin", "https://evil.example");
    let response = request.send().await.unwrap();
    assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
    let asked = surface.plain(Method::OPTIONS, "/v1/companies").header("origin", "https://evil.example");
    let response = asked.header("access-control-request-method", "GET").send().await.unwrap();
    assert_eq!(response.status(), 405);
    assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
}

#[tokio::test]
async fn a_request_has_an_id_and_keeps_the_one_it_came_with() {
    let surface = Surface::start().await;
    let orders = || surface.with(ADMIN, Method::GET, "/v1/stores/acme-us/orders");
    assert_eq!(orders().header("x-request-id", "mine").send().await.unwrap().headers()["x-request-id"], "mine");
    assert_eq!(orders().send().await.unwrap().headers()["x-request-id"].len(), 36);
}

#[tokio::test]
async fn the_description_and_the_readable_documentation_are_served_without_another_host() {
    let surface = Surface::start().await;
    let (status, document) = surface.answer(surface.plain(Method::GET, "/openapi.json")).await;
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    let docs = surface.plain(Method::GET, "/docs/").send().await.unwrap();
    assert_eq!(docs.status(), 200);
    let page = docs.text().await.unwrap();
    assert!(page.contains("swagger-ui") && !page.contains("https://"), "{page}");
    for file in ["swagger-initializer.js", "swagger-ui-bundle.js", "swagger-ui.css"] {
        assert_eq!(surface.plain(Method::GET, &format!("/docs/{file}")).send().await.unwrap().status(), 200, "{file}");
    }
    let start = surface.plain(Method::GET, "/docs/swagger-initializer.js").send().await.unwrap().text().await.unwrap();
    assert!(start.contains("/openapi.json") && !start.contains("petstore"), "{start}");
}

#[test]
fn the_description_in_the_repository_is_the_one_that_is_served() {
    let served = cartledger::http::admin::description();
    let kept: serde_json::Value = serde_json::from_str(include_str!("../../../openapi/openapi.json")).unwrap();
    assert!(served == kept, "run `make openapi` and commit openapi/openapi.json");
}
