//! The webhooks in BigCommerce are installed, mended and removed over the API; hooks of others are left alone.

use cartledger::clock::Clock;
use cartledger::store::Store;
use cartledger::store::hooks::Desired;
use cartledger::store::schedule::{Intervals, ScheduleName};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::database::TestDatabase;
use crate::support::world::{STORE, World, order_of};

const ELSEWHERE: &str = "http://127.0.0.1:9/elsewhere";

/// A world whose shop has one hook, somebody else's, and whose settings have a public address and a shared header.
async fn reachable() -> World {
    let mut world = World::start().await;
    world.lose_webhooks().await;
    let foreign = json!({ "scope": "store/order/*", "destination": ELSEWHERE, "is_active": false });
    world.shop_call(Method::POST, "/v3/hooks", Some(foreign)).await;
    let address = format!("public_url = \"{}\"\n[database]", world.address);
    let header = "shared_header = { name = \"X-Shared\", value = { env = \"T_ADMIN\" } }\nclient_secrets";
    world.restart_changed(|text| text.replace("[database]", &address).replacen("client_secrets", header, 1)).await;
    world
}

async fn carried_out(world: &World, method: Method, path: &str) -> Value {
    let (status, said) = world.ask_store(method, path, None).await;
    assert_eq!((status, &said["pending"]), (202, &json!(true)), "{said}");
    let mut said = Value::Null;
    world
        .wait_until("the wish is carried out", async || {
            said = world.of_store("webhooks").await;
            said["pending"] == false
        })
        .await;
    said
}

/// Scope, address below ours, whether active, and the shared header of the shop's hooks that are ours.
async fn ours(world: &World) -> Vec<(String, String, bool, String)> {
    let hooks = world.shop_hooks().await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found: Vec<_> = hooks
        .iter()
        .filter(|hook| hook["destination"] != ELSEWHERE)
        .map(|hook| {
            let address = text(&hook["destination"]).replace(&world.address, "");
            let header = text(&hook["headers"]["X-Shared"]);
            (text(&hook["scope"]), address, hook["is_active"] == true, header)
        })
        .collect();
    found.sort();
    found
}

fn all_right() -> Vec<(String, String, bool, String)> {
    let at = |scope: &str, suffix: &str| {
        let address = format!("/webhooks/bigcommerce/{STORE}{suffix}");
        (scope.to_owned(), address, true, "test-admin-token".to_owned())
    };
    vec![at("store/hook/deliveryException", "/exceptions"), at("store/order/*", "")]
}

async fn foreign_is_untouched(world: &World) {
    let hooks = world.shop_hooks().await;
    let foreign = hooks.iter().find(|hook| hook["destination"] == ELSEWHERE).unwrap();
    assert_eq!((&foreign["is_active"], &foreign["created_at"]), (&json!(false), &foreign["updated_at"]));
}

#[tokio::test]
async fn webhooks_are_installed_and_tell_of_orders_and_are_removed_again() {
    let world = reachable().await;
    let said = world.of_store("webhooks").await;
    assert_eq!((&said["desired"], &said["pending"]), (&json!("unmanaged"), &json!(false)), "{said}");
    assert_eq!(world.ask_store(Method::POST, "webhooks/repair", None).await.0, 409, "nothing is installed");

    let said = carried_out(&world, Method::POST, "webhooks/install").await;
    assert_eq!((&said["desired"], &said["others"]), (&json!("installed"), &json!(1)), "{said}");
    for scope in said["scopes"].as_array().unwrap() {
        for what in ["wanted", "there", "active", "destination_right", "headers_right"] {
            assert_eq!(scope[what], true, "{what}: {scope}");
        }
    }
    assert_eq!(ours(&world).await, all_right());
    world.shop.place_order(&order_of("CAMP-TENT", 5000)).unwrap();
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 1, "{}", world.log());
    assert!(world.of_store("webhooks").await["last_delivery_at"].is_string());

    let ids: Vec<Value> = world.shop_hooks().await.iter().map(|hook| hook["id"].clone()).collect();
    carried_out(&world, Method::POST, "webhooks/install").await;
    let again: Vec<Value> = world.shop_hooks().await.iter().map(|hook| hook["id"].clone()).collect();
    assert_eq!(ids, again, "what is right is left alone");

    let said = carried_out(&world, Method::DELETE, "webhooks").await;
    assert_eq!((&said["desired"], &said["scopes"][0]["there"]), (&json!("removed"), &json!(false)), "{said}");
    assert_eq!(ours(&world).await, []);
    foreign_is_untouched(&world).await;
}

#[tokio::test]
async fn what_is_broken_is_mended_when_somebody_asks_and_by_the_daily_look() {
    let world = reachable().await;
    carried_out(&world, Method::POST, "webhooks/install").await;
    let hooks = world.shop_hooks().await;
    let id = |scope: &str| {
        let ours = hooks.iter().find(|hook| hook["scope"] == scope && hook["destination"] != ELSEWHERE);
        format!("/v3/hooks/{}", ours.unwrap()["id"])
    };
    // As BigCommerce does after two days of failures; and an address that is not ours any more.
    world.shop_call(Method::PUT, &id("store/order/*"), Some(json!({ "is_active": false }))).await;
    let old = json!({ "destination": "http://127.0.0.1:9/old", "headers": { "X-Shared": "old" } });
    world.shop_call(Method::PUT, &id("store/hook/deliveryException"), Some(old)).await;
    carried_out(&world, Method::POST, "webhooks/repair").await;
    assert_eq!(ours(&world).await, all_right());

    world.shop_call(Method::PUT, &id("store/order/*"), Some(json!({ "is_active": false }))).await;
    world.shop_call(Method::DELETE, &id("store/hook/deliveryException"), None).await;
    let day = "update schedule set next_at = now() - interval '1 hour' where name = 'webhooks'";
    sqlx::query(day).execute(world.pool()).await.unwrap();
    world.wait_until("the daily look", async || ours(&world).await == all_right()).await;
    world
        .wait_until("the look is told of", async || {
            let runs = world.of_store("schedules/webhooks/runs").await;
            runs["runs"][0]["acted"] == 2 && runs["runs"][0]["result"] == "done"
        })
        .await;
    foreign_is_untouched(&world).await;
}

#[tokio::test]
async fn a_notice_that_deliveries_fail_brings_the_next_look_forward() {
    let world = reachable().await;
    carried_out(&world, Method::POST, "webhooks/install").await;
    let before = world.of_store("schedules/webhooks/runs").await["runs"].as_array().unwrap().len();
    sqlx::query(
        "insert into inbox (store, webhook_id, scope, event_at, body)
         values ($1, 'notice', 'store/hook/deliveryException', now(), '{}')",
    )
    .bind(STORE)
    .execute(world.pool())
    .await
    .unwrap();
    world
        .wait_until("the look", async || {
            world.of_store("schedules/webhooks/runs").await["runs"].as_array().unwrap().len() > before
        })
        .await;
    assert!(world.of_store("webhooks").await["last_delivery_exception_at"].is_string());
}

#[tokio::test]
async fn a_crash_between_making_a_webhook_and_noting_it_makes_no_second_one() {
    let mut world = reachable().await;
    world.kill_service().await;
    assert!(world.try_start_service(Some("note-hooks.before")).await);
    assert_eq!(world.ask_store(Method::POST, "webhooks/install", None).await.0, 202);
    let begun = tokio::time::Instant::now();
    while !world.service_has_ended() {
        assert!(begun.elapsed().as_secs() < 60, "it was never reached: {}", world.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(ours(&world).await, all_right());
    world.start_service().await;
    world.wait_until("it is noted", async || world.of_store("webhooks").await["pending"] == false).await;
    assert_eq!(ours(&world).await, all_right());
    assert_eq!(world.of_store("webhooks").await["scopes"][0]["there"], true);
}

#[tokio::test]
async fn without_a_public_address_nothing_is_installed() {
    let world = World::start().await;
    let (status, said) = world.ask_store(Method::POST, "webhooks/install", None).await;
    assert_eq!((status, &said["code"]), (409, &json!("no-public-address")), "{said}");
}

async fn deliver(database: &TestDatabase, scope: &str, hours_ago: i32) {
    sqlx::query(
        "insert into inbox (store, webhook_id, scope, event_at, body, received_at)
         values ($1, $2 || $3, $2, now(), '{}', now() - make_interval(hours => $3))",
    )
    .bind(STORE)
    .bind(scope)
    .bind(hours_ago)
    .execute(database.pool())
    .await
    .unwrap();
}

#[tokio::test]
async fn nobody_waits_for_webhooks_that_were_removed_and_new_ones_have_their_time_first() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    assert!(!store.hearing(STORE).await.unwrap().awaited);
    deliver(&database, "store/order/updated", 50).await;
    deliver(&database, "store/order/updated", 30).await;
    deliver(&database, "store/hook/deliveryException", 1).await;
    let hearing = store.hearing(STORE).await.unwrap();
    assert!(hearing.awaited && hearing.last_exception > hearing.last, "{hearing:?}");
    assert_eq!(hearing.quiet_seconds / 3600, 30, "a notice that deliveries fail is no delivery");
    assert!(hearing.silence(24).is_some());

    store.wish_hooks(STORE, Desired::Removed, "anna").await.unwrap();
    let hearing = store.hearing(STORE).await.unwrap();
    assert!(!hearing.awaited && hearing.last.is_some(), "{hearing:?}");

    store.wish_hooks(STORE, Desired::Installed, "anna").await.unwrap();
    let hearing = store.hearing(STORE).await.unwrap();
    assert!(hearing.awaited && hearing.quiet_seconds < 3600, "{hearing:?}");
    sqlx::query("update webhook_wish set asked_at = now() - interval '26 hours', since = now() - interval '40 hours'")
        .execute(database.pool())
        .await
        .unwrap();
    let hearing = store.hearing(STORE).await.unwrap();
    assert_eq!(hearing.quiet_seconds / 3600, 26);
    deliver(&database, "store/order/updated", 2).await;
    assert_eq!(store.hearing(STORE).await.unwrap().quiet_seconds / 3600, 2);
}

#[tokio::test]
async fn a_notice_that_comes_while_webhooks_are_looked_at_is_looked_into() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    store.make_schedules(STORE, &Intervals { orders: 900, refunds: 3600, webhooks: 86_400 }).await.unwrap();
    let before = Clock::system().now() - jiff::SignedDuration::from_hours(2);
    deliver(&database, "store/hook/deliveryException", 1).await;
    store.note_hooks(STORE, &[], 0, before).await.unwrap();
    assert!(store.schedule_is_due(STORE, ScheduleName::Webhooks).await.unwrap());
    store.note_hooks(STORE, &[], 0, Clock::system().now()).await.unwrap();
    assert!(!store.schedule_is_due(STORE, ScheduleName::Webhooks).await.unwrap());
}
