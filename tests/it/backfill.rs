//! Old orders are read again at their own pace: stopped, resumed, killed, and done twice, each is posted once.

use std::time::Duration;

use cartledger::store::Store;
use cartledger::store::backfill::{BackfillState, NewBackfill};
use serde_json::{Value, json};

use crate::support::database::TestDatabase;
use crate::support::world::{World, order_of};

const ORDERS: usize = 260;

fn range(more: Value) -> Value {
    let mut body = json!({ "placed_from": "2020-01-01T00:00:00Z", "placed_to": "2100-01-01T00:00:00Z" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn begin(world: &World, more: Value) -> i64 {
    let (status, said) = world.ask_store(reqwest::Method::POST, "backfills", Some(range(more))).await;
    assert_eq!((status, &said["state"]), (201, &json!("running")), "{said}");
    said["id"].as_i64().unwrap()
}

async fn done(world: &World, id: i64) -> Value {
    let mut said = Value::Null;
    world
        .wait_until("the backfill is done", async || {
            said = world.of_store(&format!("backfills/{id}")).await;
            said["state"] == "done"
        })
        .await;
    world.settle().await;
    said
}

async fn post(world: &World, path: &str) -> (u16, Value) {
    world.ask_store(reqwest::Method::POST, path, None).await
}

fn writes(world: &World) -> usize {
    world.company.requests().calls().iter().filter(|call| call.function.starts_with("create")).count()
}

#[tokio::test]
async fn hundreds_of_orders_are_backfilled_through_pause_and_death_and_a_second_time_nothing_is_posted() {
    let mut world = World::start().await;
    world.lose_webhooks().await;
    for cents in 1..=ORDERS {
        world.shop.place_order(&order_of("CAMP-TENT", 5000 + i64::try_from(cents).unwrap())).unwrap();
    }
    let id = begin(&world, json!({ "orders_per_minute": 1800 })).await;
    let marked = async |world: &World| world.of_store(&format!("backfills/{id}")).await["marked"].as_u64().unwrap();
    world.wait_until("it has begun", async || marked(&world).await > 0).await;
    let (status, said) = post(&world, &format!("backfills/{id}/pause")).await;
    assert_eq!((status, &said["state"]), (200, &json!("paused")), "{said}");
    let so_far = said["marked"].as_u64().unwrap();
    assert!((1..ORDERS as u64).contains(&so_far), "{said}");
    assert!((1..100).contains(&said["percent"].as_u64().unwrap()), "{said}");
    world.settle().await;
    assert_eq!(marked(&world).await, so_far, "it stands still");
    assert_eq!(world.company.invoices().len() as u64, so_far);

    assert_eq!(post(&world, &format!("backfills/{id}/resume")).await.0, 200);
    world.wait_until("it goes on", async || marked(&world).await > so_far).await;
    world.kill_service().await;
    world.start_service().await;
    let said = done(&world, id).await;
    let orders = json!(ORDERS);
    assert_eq!((&said["seen"], &said["marked"], &said["percent"]), (&orders, &orders, &json!(100)), "{said}");
    assert_eq!(world.company.invoices().len(), ORDERS);
    world.assert_books_agree().await;

    let before = writes(&world);
    let again = begin(&world, json!({ "orders_per_minute": 6000 })).await;
    let said = done(&world, again).await;
    assert_eq!(said["marked"], orders, "{said}");
    assert_eq!(writes(&world), before, "all of it was posted");
    let all = world.of_store("backfills?limit=1").await;
    assert_eq!((&all["backfills"][0]["id"], &all["next_after"]), (&json!(id), &json!(id)));
}

#[tokio::test]
async fn an_order_before_go_live_is_posted_only_when_a_backfill_says_so_and_stays_posted() {
    let world = World::start_with("go_live = \"2090-01-01\"\n").await;
    let order = world.shop.place_order(&order_of("CAMP-TENT", 5000)).unwrap();
    world.settle().await;
    let said = world.of_store(&format!("orders/{order}")).await;
    assert_eq!(said["outcome"], "excluded");
    assert!(said["reason"].as_str().unwrap().contains("before the store went live on 2090-01-01"), "{said}");
    let id = begin(&world, json!({})).await;
    done(&world, id).await;
    assert_eq!(world.company.invoices().len(), 0, "a backfill alone does not change what is posted");
    let id = begin(&world, json!({ "before_go_live": true })).await;
    done(&world, id).await;
    assert_eq!(world.company.invoices().len(), 1, "{}", world.log());
    world.replay(order).await;
    world.settle().await;
    assert_eq!(world.of_store(&format!("orders/{order}")).await["outcome"], "posted");
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_backfill_reads_only_the_statuses_and_the_days_it_is_asked_for() {
    let world = World::start().await;
    world.lose_webhooks().await;
    let shipped = world.shop.place_order(&order_of("CAMP-TENT", 5000)).unwrap();
    world.shop.set_status(shipped, 2).unwrap();
    world.shop.place_order(&order_of("CAMP-TENT", 6000)).unwrap();
    let id = begin(&world, json!({ "statuses": [2, 10] })).await;
    let said = done(&world, id).await;
    assert_eq!((&said["seen"], &said["marked"]), (&json!(2), &json!(1)), "{said}");
    assert_eq!(world.company.invoices().len(), 1);
    let id = begin(&world, json!({ "placed_to": "2020-01-02T00:00:00Z" })).await;
    assert_eq!(done(&world, id).await["seen"], 0);
}

#[tokio::test]
async fn a_cancelled_backfill_stays_so_and_nonsense_is_refused() {
    let world = World::start().await;
    world.lose_webhooks().await;
    for cents in 1..=3 {
        world.shop.place_order(&order_of("CAMP-TENT", 5000 + cents)).unwrap();
    }
    let id = begin(&world, json!({ "orders_per_minute": 1 })).await;
    world.wait_until("it has begun", async || world.of_store(&format!("backfills/{id}")).await["marked"] == 1).await;
    let (status, said) = post(&world, &format!("backfills/{id}/cancel")).await;
    assert_eq!((status, &said["state"]), (200, &json!("cancelled")), "{said}");
    assert_eq!(post(&world, &format!("backfills/{id}/cancel")).await.0, 200, "twice is no conflict");
    let (status, said) = post(&world, &format!("backfills/{id}/resume")).await;
    assert_eq!((status, &said["code"]), (409, &json!("backfill-over")), "{said}");
    assert_eq!(post(&world, "backfills/999/pause").await.0, 404);
    let refused = range(json!({ "statuses": [99] }));
    assert_eq!(world.ask_store(reqwest::Method::POST, "backfills", Some(refused)).await.0, 422);
    let unknown = range(json!({ "colour": "red" }));
    assert_eq!(world.ask_store(reqwest::Method::POST, "backfills", Some(unknown)).await.0, 422);
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 1, "what was marked is run");
}

#[tokio::test]
async fn only_a_running_backfill_is_put_off() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    let new = NewBackfill {
        store: "acme-us".into(),
        placed_from: "2020-01-01T00:00:00Z".parse().unwrap(),
        placed_to: "2100-01-01T00:00:00Z".parse().unwrap(),
        statuses: Vec::new(),
        orders_per_minute: 20,
        before_go_live: false,
        created_by: "anna".into(),
    };
    let id = store.create_backfill(&new).await.unwrap();
    for (state, failures) in [(None, 1), (Some(BackfillState::Paused), 0), (Some(BackfillState::Cancelled), 0)] {
        if let Some(state) = state {
            assert!(store.set_backfill("acme-us", id, state).await.unwrap());
        }
        store.put_off_backfill("acme-us", id, "no answer", Duration::from_secs(60)).await.unwrap();
        let backfill = store.backfill("acme-us", id).await.unwrap().unwrap();
        assert_eq!(backfill.failures, failures, "{backfill:?}");
    }
}
