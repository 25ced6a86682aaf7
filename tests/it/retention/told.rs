//! What is said of what is no longer kept.

use super::*;

#[tokio::test]
async fn a_replay_of_deliveries_says_when_its_range_is_older_than_they_are_kept() {
    let surface = Surface::start().await;
    let pool = surface.database.pool();
    for (id, days) in [("a", 200), ("b", 150), ("c", 60), ("d", 1)] {
        received(pool, "acme-us", id, days).await;
    }
    let ask = async |method: Method, path: &str, body: &Value| -> (u16, Value) {
        let path = format!("/v1/stores/acme-us/{path}");
        let request = match method {
            Method::GET => surface.with(ADMIN, method, &path),
            _ => surface.json(ADMIN, method, &path, body),
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    };
    let replay = async |body: Value| ask(Method::POST, "deliveries/replay", &body).await;
    let list = async |query: &str| ask(Method::GET, &format!("deliveries{query}"), &Value::Null).await.1;
    let ago = |days: u64| {
        let at =
            cartledger::clock::Clock::system().now().checked_sub(jiff::SignedDuration::from_hours(24 * days as i64));
        at.unwrap().to_string()
    };
    let all = list("?limit=2").await;
    assert_eq!((all["deliveries"].as_array().unwrap().len(), all.get("removed_through")), (2, None));
    assert_eq!(replay(json!({ "all": true })).await.1.get("removed_through"), None);

    surface.store.remove_deliveries("acme-us", 90 * DAY, 100, None).await.unwrap();
    let (status, problem) = replay(json!({ "received_from": ago(300), "received_to": ago(160) })).await;
    assert_eq!((status, &problem["code"]), (422, &json!("deliveries-not-kept")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("orders/replay"), "{problem}");
    let (status, partly) = replay(json!({ "received_from": ago(300), "received_to": ago(30) })).await;
    assert_eq!((status, &partly["orders"]), (202, &json!(1)));
    assert!(partly["removed_through"].is_string(), "{partly}");
    assert!(replay(json!({ "all": true })).await.1["removed_through"].is_string());
    let (_, kept) = replay(json!({ "received_from": ago(70) })).await;
    assert_eq!((&kept["orders"], kept.get("removed_through")), (&json!(1), None));

    // Whoever was at a page whose last delivery is gone goes on with what is left.
    let rest = list(&format!("?after={}", all["next_after"])).await;
    let ids: Vec<&str> =
        rest["deliveries"].as_array().unwrap().iter().map(|one| one["webhook_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["c", "d"]);
    assert!(rest["removed_through"].is_string(), "{rest}");
}

async fn shown(world: &World, path: &str) -> Value {
    let answer = world.get(&format!("/v1/stores/{STORE}/{path}")).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn the_history_of_an_order_says_what_of_it_is_no_longer_kept() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let (path, line) = (format!("orders/{order}/dossier"), format!("orders/{order}/timeline?limit=500"));
    let (before, events_before) = (shown(&world, &path).await, shown(&world, &line).await);
    let told = |history: &Value, event: &str| {
        history["events"].as_array().unwrap().iter().filter(|one| one["event"] == event).cloned().collect::<Vec<_>>()
    };
    assert!(before["documents"][0].get("answers_removed").is_none(), "{before}");
    assert!(events_before.get("deliveries_removed_through").is_none(), "{events_before}");
    let posted = told(&events_before, "posted").len();
    assert!(posted >= 2 && !told(&events_before, "answered").is_empty(), "{events_before}");

    // Two years later somebody looks again.
    let pool = world.pool();
    run(pool, "update document set settled_at = settled_at - interval '2 years'").await;
    run(pool, "update inbox set received_at = received_at - interval '2 years'").await;
    received(pool, STORE, "of today", 0).await;
    run(pool, "update evidence set current_since = current_since - interval '500 days'").await;
    let kept = before["evidence"][0]["hash"].as_str().unwrap();
    run(
        pool,
        "insert into evidence (store, order_id, hash, facts, read_at, current_since)
         select store, order_id, 'not named', facts, read_at - interval '2 years', current_since - interval '2 years'
           from evidence",
    )
    .await;
    world.store.remove_attempts(STORE, 729 * DAY, 100).await.unwrap();
    world.store.remove_deliveries(STORE, 90 * DAY, 100, None).await.unwrap();
    assert_eq!(world.store.remove_evidence(STORE, 400 * DAY, 100).await.unwrap().rows, 1);

    let (after, events) = (shown(&world, &path).await, shown(&world, &line).await);
    for document in after["documents"].as_array().unwrap() {
        assert_eq!((&document["answers"], &document["answers_removed"]), (&json!([]), &json!(true)), "{document}");
        assert!(document["request"].is_string() && document["record_no"].is_string(), "{document}");
        assert_eq!(document["state"], "posted");
    }
    assert_eq!(after["derivation"], before["derivation"]);
    assert_eq!(after["evidence"][0]["hash"], kept);
    assert!(after["evidence_removed_through"].is_string(), "{after}");
    let postings = told(&events, "posted");
    assert_eq!(postings.len(), posted);
    for posting in postings {
        let detail = posting["detail"].as_str().unwrap();
        assert!(detail.starts_with("record ") && detail.ends_with("its attempts are no longer kept"), "{posting}");
    }
    assert_eq!((told(&events, "answered"), told(&events, "delivery-received")), (vec![], vec![]));
    assert!(events["deliveries_removed_through"].is_string(), "{events}");
    let gone = world.get(&format!("/v1/stores/{STORE}/orders/{order}/evidence/gone")).await.unwrap();
    assert_eq!(gone.status(), 404);
    assert!(gone.text().await.unwrap().contains("it is not kept"));
}
