//! Replays: however many orders and deliveries are run again, nothing is posted twice and new orders are not kept waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use cartledger::clock::random_id;
use cartledger::sandbox::bigcommerce::scenario;
use cartledger::store::Store;
use cartledger::store::inbox::NewDelivery;
use cartledger::store::lane::ClaimFrom;
use serde_json::json;

use crate::failures::{asked, told};
use crate::support::database::TestDatabase;
use crate::support::world::{STORE, World, order_of};

/// How often each function that writes was executed in Intacct.
fn writes(world: &World) -> BTreeMap<String, u64> {
    let functions = world.company.requests().functions.into_iter();
    let writing = ["create", "update", "record", "apply", "reverse", "delete"];
    functions
        .filter(|(name, _)| writing.iter().any(|word| name.starts_with(word)))
        .map(|(name, count)| (name, count.executed))
        .collect()
}

#[tokio::test]
async fn a_trading_day_replayed_twice_by_orders_and_by_deliveries_changes_nothing_in_intacct() {
    let world = World::start().await;
    let played = scenario::trading_day(&world.shop, |_| {}).unwrap();
    world.settle().await;
    let (writes_before, books, ledger) = (writes(&world), world.balances(), world.company.ledger().len());
    assert!(writes_before.values().sum::<u64>() > 60, "{writes_before:?}");
    for path in ["orders/replay", "deliveries/replay"] {
        for _ in 0..2 {
            let (status, answer) = told(&world, path, &json!({ "all": true })).await;
            assert_eq!(status, 202, "{answer}");
            let orders = answer["orders"].as_u64().unwrap();
            assert!(orders > 30 && orders <= played.len() as u64, "{orders} orders of {}", played.len());
            world.settle().await;
            assert_eq!(writes(&world), writes_before, "{path}");
            assert_eq!((world.balances(), world.company.ledger().len()), (books.clone(), ledger), "{path}");
        }
    }
    assert_eq!(world.our_balances().await, books);
}

#[tokio::test]
async fn a_replay_runs_the_orders_that_fit_and_asks_for_a_clear_choice() {
    let world = World::start().await;
    let place = |sku| world.shop.place_order(&order_of(sku, 5000)).unwrap();
    let (posted, held) = (place("WEAR-BOOT"), place("NEW-A"));
    world.settle().await;
    let judged = async |order| world.store.order(STORE, order).await.unwrap().unwrap().updated_at;
    let before = (judged(posted).await, judged(held).await);
    for unclear in
        [json!({}), json!({ "all": true, "outcome": "held" }), json!({ "order_ids": [1], "outcome": "held" })]
    {
        let (status, problem) = told(&world, "orders/replay", &unclear).await;
        assert_eq!((status, &problem["code"]), (422, &json!("choice-not-clear")), "{unclear}");
    }
    assert_eq!(told(&world, "orders/replay", &json!({ "all": true, "per_minute": 0 })).await.0, 422);
    let (_, answer) = told(&world, "orders/replay", &json!({ "outcome": "held" })).await;
    assert_eq!(answer, json!({ "orders": 1, "per_minute": 600 }));
    world.settle().await;
    assert_eq!(judged(posted).await, before.0);
    assert!(judged(held).await > before.1);
    let placed = |from: &str, to: &str| json!({ "placed_from": from, "placed_to": to });
    assert_eq!(told(&world, "orders/replay", &placed("2000-01-01", "2000-12-31")).await.1["orders"], 0);
    assert_eq!(told(&world, "orders/replay", &placed("2000-01-01", "2999-12-31")).await.1["orders"], 2);
    let (_, answer) = told(&world, "orders/replay", &json!({ "order_ids": [posted, posted] })).await;
    assert_eq!(answer["orders"], 1, "an order that is named twice runs once");
    world.settle().await;
    assert!(judged(posted).await > before.0);
    assert_eq!(world.company.invoices().len(), 1);
}

#[tokio::test]
async fn kept_deliveries_are_listed_page_by_page_and_replayed_by_what_they_say() {
    let world = World::start().await;
    let place = |sku| world.shop.place_order(&order_of(sku, 5000)).unwrap();
    let (first, second) = (place("WEAR-BOOT"), place("CAMP-MUG"));
    world.settle().await;
    let all = asked(&world, "deliveries").await;
    let all = all["deliveries"].as_array().unwrap();
    assert!(all.len() >= 2, "{all:?}");
    assert!(all.iter().all(|one| one["scope"].as_str().unwrap().starts_with("store/order/")), "{all:?}");
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = asked(&world, &format!("deliveries?limit=1{after}")).await;
        paged.extend(page["deliveries"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_after"].as_i64() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(&paged, all);
    let of_first = asked(&world, &format!("deliveries?order_id={first}&scope=store/order/created")).await;
    assert_eq!(of_first["deliveries"].as_array().unwrap().len(), 1);
    let id = &of_first["deliveries"][0]["id"];
    assert_eq!(asked(&world, "deliveries?received_to=2020-01-01T00:00:00Z").await["deliveries"], json!([]));

    assert_eq!(told(&world, "deliveries/replay", &json!({})).await.0, 422);
    assert_eq!(told(&world, "deliveries/replay", &json!({ "ids": [id] })).await.1["orders"], 1);
    let since = json!({ "received_from": "2020-01-01T00:00:00Z" });
    assert_eq!(told(&world, "deliveries/replay", &since).await.1["orders"], 2);
    assert_eq!(told(&world, "deliveries/replay", &json!({ "order_id": second })).await.1["orders"], 1);
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 2);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_replay_of_very_many_orders_leaves_room_for_new_ones() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    let orders: Vec<u64> = (1..=5_000).collect();
    assert_eq!(store.replay_these("acme-us", &orders, 600).await.unwrap(), 5_000);
    let claim = async || {
        let claimed =
            store.claim(20, Duration::from_secs(60), random_id(), &[ClaimFrom::all("acme-us")]).await.unwrap();
        claimed.into_iter().map(|lane| lane.order_id).collect::<Vec<_>>()
    };
    assert_eq!(claim().await.len(), 20);
    let delivery = NewDelivery {
        store: "acme-us".into(),
        webhook_id: "new".into(),
        scope: "store/order/created".into(),
        order_id: Some(9_999),
        event_at: jiff::Timestamp::UNIX_EPOCH,
        body: "{}".into(),
    };
    store.record_deliveries(&[delivery], Duration::ZERO).await.unwrap();
    let mut claims = 0;
    while !claim().await.contains(&9_999) {
        claims += 1;
        assert!(claims < 8, "a new order waits for the first hundred at most");
    }
    // One whose replay is still to come runs at once when something new is told of it.
    assert_eq!(store.backlog().await.unwrap().lanes, 5_001);
    store.mark_due("acme-us", 4_999).await.unwrap();
    let mut claims = 0;
    while !claim().await.contains(&4_999) {
        claims += 1;
        assert!(claims < 8, "it is not moved to the end");
    }
}
