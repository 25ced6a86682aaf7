//! Tokens: made, used, expired, revoked; never shown twice and never stored as they are.

use reqwest::Method;
use serde_json::json;

use crate::support::surface::{ADMIN, Surface};

#[tokio::test]
async fn without_a_valid_token_nobody_gets_in_and_is_told_how() {
    let surface = Surface::start().await;
    for request in [
        surface.plain(Method::GET, "/v1/tokens"),
        surface.with("wrong", Method::GET, "/v1/tokens"),
        surface.plain(Method::GET, "/v1/tokens").header("authorization", "Basic YWRtaW4="),
        surface.plain(Method::GET, "/v1/tokens").header("authorization", "Bearer "),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
        assert!(response.text().await.unwrap().contains("cartledger token create"));
    }
}

#[tokio::test]
async fn a_token_works_until_it_is_revoked_and_is_shown_once() {
    let surface = Surface::start().await;
    let (token, id) = surface.token("anna", "viewer").await;
    assert_eq!(surface.look(&token, "/v1/stores/acme-us/orders").await.0, 200);
    let (_, listed) = surface.look(ADMIN, "/v1/tokens").await;
    assert_eq!(
        (&listed[0]["name"], &listed[0]["role"], &listed[0]["created_by"]),
        (&json!("anna"), &json!("viewer"), &json!("settings"))
    );
    assert!(listed[0]["last_used_at"].is_string(), "{listed}");
    assert!(!listed.to_string().contains(&token), "it is shown again");

    let revoke = || surface.with(ADMIN, Method::DELETE, &format!("/v1/tokens/{id}"));
    assert_eq!(surface.answer(revoke()).await.0, 204);
    assert_eq!(surface.look(&token, "/v1/stores/acme-us/orders").await.0, 401);
    assert_eq!(surface.answer(revoke()).await.0, 404);
}

#[tokio::test]
async fn the_database_holds_no_token_whatever_was_asked() {
    let surface = Surface::start().await;
    let wish = json!({ "name": "anna", "role": "admin" });
    let create = surface.json(ADMIN, Method::POST, "/v1/tokens", &wish).header("idempotency-key", "one");
    let token = surface.answer(create).await.1["token"].as_str().unwrap().to_owned();
    for table in ["api_token", "audit_entry", "kept_answer"] {
        let rows: Vec<String> = sqlx::query_scalar(&*format!("select row_to_json(t)::text from {table} t").leak())
            .fetch_all(surface.database.pool())
            .await
            .unwrap();
        assert!(rows.iter().all(|row| !row.contains(&token)), "{table}");
    }
    let bytes: Vec<Option<Vec<u8>>> =
        sqlx::query_scalar("select body from kept_answer").fetch_all(surface.database.pool()).await.unwrap();
    assert!(bytes.iter().flatten().all(|body| !String::from_utf8_lossy(body).contains(&token)));
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused() {
    let surface = Surface::start().await;
    let (token, id) = surface.token("auditor", "viewer").await;
    sqlx::query("update api_token set expires_at = now() - interval '1 second' where id = $1")
        .bind(id)
        .execute(surface.database.pool())
        .await
        .unwrap();
    assert_eq!(surface.look(&token, "/v1/stores/acme-us/orders").await.0, 401);
}

#[tokio::test]
async fn a_name_belongs_to_one_person_at_a_time() {
    let surface = Surface::start().await;
    let (_, id) = surface.token("anna", "viewer").await;
    let again = json!({ "name": "anna", "role": "admin" });
    let create = || surface.json(ADMIN, Method::POST, "/v1/tokens", &again);
    let (status, problem) = surface.answer(create()).await;
    assert_eq!((status, &problem["code"]), (409, &json!("token-name-taken")));
    assert_eq!(surface.answer(surface.with(ADMIN, Method::DELETE, &format!("/v1/tokens/{id}"))).await.0, 204);
    assert_eq!(surface.answer(create()).await.0, 201);
}

#[tokio::test]
async fn a_token_that_has_expired_gives_its_name_free() {
    let surface = Surface::start().await;
    surface.token("anna", "viewer").await;
    sqlx::query("update api_token set expires_at = now() - interval '1 second'")
        .execute(surface.database.pool())
        .await
        .unwrap();
    surface.token("anna", "preparer").await;
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_refused_with_the_reason() {
    let surface = Surface::start().await;
    for (wish, code) in [
        (json!({ "name": " ", "role": "viewer" }), "token-not-valid"),
        (json!({ "name": "x".repeat(101), "role": "viewer" }), "token-not-valid"),
        (json!({ "name": "settings", "role": "viewer" }), "token-not-valid"),
        (json!({ "name": "anna", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z" }), "token-not-valid"),
        (json!({ "name": "anna", "role": "king" }), "body-not-valid"),
        (json!({ "name": "anna", "role": "viewer", "rolle": "admin" }), "body-not-valid"),
        (json!({ "role": "viewer" }), "body-not-valid"),
    ] {
        let (status, problem) = surface.answer(surface.json(ADMIN, Method::POST, "/v1/tokens", &wish)).await;
        assert_eq!((status, &problem["code"]), (422, &json!(code)), "{wish}: {problem}");
    }
}
