//! Whatever webhooks do not tell is found by polling: once, without reading again what is known, and never lost.

use std::time::Duration;

use cartledger::config::ScheduleSettings;
use cartledger::sandbox::bigcommerce::{RefundPayment, RefundRequest};
use cartledger::store::schedule::{Begun, Intervals, ListedOrder, ListedRefund, RunResult, ScheduleName};
use cartledger::store::{Store, StoreError};
use serde_json::{Value, json};

use crate::support::database::TestDatabase;
use crate::support::world::{STORE, World, order_of};

async fn overdue(world: &World, name: &str) {
    sqlx::query("update schedule set next_at = now() - 10 * make_interval(secs => every_seconds) where name = $1")
        .bind(name)
        .execute(world.pool())
        .await
        .unwrap();
}

async fn runs(world: &World, name: &str) -> Vec<String> {
    let found = world.of_store(&format!("schedules/{name}/runs")).await;
    let results = found["runs"].as_array().unwrap().iter().map(|run| run["result"].as_str().unwrap().to_owned());
    results.collect()
}

/// Whether the schedule has nothing to do, and has run so many times.
async fn has_run(world: &World, name: &str, times: usize) -> bool {
    let all = runs(world, name).await;
    all.len() >= times && all.iter().all(|result| result != "running") && !unfinished(world, name).await
}

async fn unfinished(world: &World, name: &str) -> bool {
    world.of_store(&format!("schedules/{name}")).await["unfinished"] == true
}

#[tokio::test]
async fn orders_whose_webhooks_were_all_lost_are_posted_by_polling_and_polling_again_reads_none_of_them() {
    let world = World::start().await;
    world.lose_webhooks().await;
    let orders: Vec<u64> =
        (1..=3).map(|cents| world.shop.place_order(&order_of("CAMP-TENT", 5000 + cents)).unwrap()).collect();
    let run = world.run_schedule("orders").await;
    assert_eq!((&run["seen"], &run["acted"]), (&json!(3), &json!(3)), "{run}");
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 3);

    // An order that was read within the second of its change is read once more: that second may have brought more.
    world
        .wait_until("nothing is new any more", async || {
            let run = world.run_schedule("orders").await;
            world.settle().await;
            run["acted"] == 0
        })
        .await;
    let before = world.shop.calls_made();
    let run = world.run_schedule("orders").await;
    assert_eq!((&run["seen"], &run["acted"]), (&json!(3), &json!(0)), "{run}");
    assert_eq!(world.shop.calls_made() - before, 1, "the list, and no order");

    world.shop.add_staff_note(orders[1], "gift wrapped by hand").unwrap();
    let run = world.run_schedule("orders").await;
    assert_eq!(run["acted"], 1, "{run}");
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 3);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_refund_without_a_webhook_is_found_once() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 1, "{}", world.log());
    world.lose_webhooks().await;
    let items = world.shop.everything_refundable(order).unwrap();
    world.shop.refund(order, &RefundRequest::new(items, RefundPayment::gateway(), "returned")).unwrap();
    let run = world.run_schedule("refunds").await;
    assert_eq!((&run["seen"], &run["acted"]), (&json!(1), &json!(1)), "{run}");
    world.settle().await;
    let adjustments = world.company.adjustments().len();
    assert!(adjustments > 0, "{}", world.log());
    let run = world.run_schedule("refunds").await;
    assert_eq!((&run["seen"], &run["acted"]), (&json!(1), &json!(0)), "the overlap lists it again: {run}");
    world.settle().await;
    assert_eq!(world.company.adjustments().len(), adjustments);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn what_was_missed_while_the_program_was_down_is_caught_up_in_one_run() {
    let mut world = World::start().await;
    world.wait_until("the schedules are made", async || !world.store.schedules(STORE).await.unwrap().is_empty()).await;
    world.kill_service().await;
    world.lose_webhooks().await;
    world.shop.place_order(&order_of("CAMP-TENT", 5000)).unwrap();
    overdue(&world, "orders").await;
    world.start_service().await;
    world.wait_until("the missed run", async || has_run(&world, "orders", 1).await).await;
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 1);
    let next: jiff::Timestamp = world.of_store("schedules/orders").await["next_at"].as_str().unwrap().parse().unwrap();
    assert!(next > cartledger::clock::Clock::system().now(), "{next}");
    world.run_schedule("orders").await;
    assert_eq!(runs(&world, "orders").await, ["done", "done"], "one for ten that were missed, and one asked for");
}

#[tokio::test]
async fn a_poll_that_is_killed_goes_on_and_loses_nothing() {
    let mut world = World::start().await;
    world.wait_until("the schedules are made", async || !world.store.schedules(STORE).await.unwrap().is_empty()).await;
    world.kill_service().await;
    world.lose_webhooks().await;
    for cents in 1..=3 {
        world.shop.place_order(&order_of("CAMP-TENT", 5000 + cents)).unwrap();
    }
    for (place, interrupted) in [("keep-orders-page.before", 1), ("keep-orders-page.after", 2), ("end-run.before", 3)] {
        overdue(&world, "orders").await;
        world.try_start_service(Some(place)).await;
        let begun = tokio::time::Instant::now();
        while !world.service_has_ended() {
            assert!(begun.elapsed().as_secs() < 60, "{place} was never reached: {}", world.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let all: i64 = sqlx::query_scalar("select count(*) from schedule_run where name = 'orders'")
            .fetch_one(world.pool())
            .await
            .unwrap();
        assert!(all >= interrupted, "{place}");
    }
    world.start_service().await;
    world.wait_until("the poll is finished", async || has_run(&world, "orders", 4).await).await;
    world.settle().await;
    let all = runs(&world, "orders").await;
    assert_eq!(all.iter().filter(|result| *result == "interrupted").count(), 3, "{all:?}");
    assert_eq!(world.company.invoices().len(), 3);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn two_replicas_run_a_schedule_once() {
    let mut world = World::start().await;
    world.start_replica();
    world.wait_until("the schedules are made", async || !world.store.schedules(STORE).await.unwrap().is_empty()).await;
    for times in 1..=6 {
        overdue(&world, "orders").await;
        world.wait_until("a run", async || has_run(&world, "orders", times).await).await;
        assert_eq!(runs(&world, "orders").await.len(), times);
    }
}

#[tokio::test]
async fn a_shop_that_does_not_answer_is_asked_again_from_where_the_last_good_poll_ended() {
    let world = World::start().await;
    world.run_schedule("orders").await;
    let read_until = world.of_store("schedules/orders").await["read_until"].clone();
    world.lose_webhooks().await;
    world.shop.place_order(&order_of("CAMP-TENT", 5000)).unwrap();
    world.shop.set_faults(serde_json::from_value(json!({ "unavailable": 1 })).unwrap());
    assert_eq!(world.post(&format!("/v1/stores/{STORE}/schedules/orders/run")).await, 202);
    world
        .wait_until("the failure is told", async || {
            world.of_store("schedules/orders/runs").await["runs"][0]["result"] == "failed"
        })
        .await;
    let schedule = world.of_store("schedules/orders").await;
    assert_eq!((&schedule["read_until"], &schedule["failures"]), (&read_until, &json!(1)), "{schedule}");
    let why = schedule["last_run"]["error"].as_str().unwrap();
    assert!(why.contains("503"), "{why}");
    // The shop asked for some minutes of peace; somebody does not want to wait.
    world.run_schedule("orders").await;
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 1);
}

#[tokio::test]
async fn schedules_are_shown_changed_within_bounds_and_paused() {
    let world = World::start().await;
    world.mirrored().await;
    let all = world.of_store("schedules").await;
    let names: Vec<&str> = all["schedules"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["orders", "refunds", "webhooks"]);
    assert_eq!((&all["mirror"]["company"], &all["mirror"]["every_seconds"]), (&json!("sandbox"), &json!(3600)));
    assert!(all["mirror"]["read_until"].is_string() && all["silence"].is_null(), "{all}");

    let put = async |name: &str, every: u32, paused: bool| {
        let body = json!({ "every_seconds": every, "paused": paused });
        world.ask_store(reqwest::Method::PUT, &format!("schedules/{name}"), Some(body)).await
    };
    let (status, said) = put("orders", 59, false).await;
    assert_eq!((status, &said["code"]), (422, &json!("interval-out-of-bounds")), "{said}");
    assert_eq!(put("tea", 900, false).await.0, 404);
    let (status, said) = put("orders", 120, true).await;
    assert_eq!((status, &said["every_seconds"], &said["paused"]), (200, &json!(120), &json!(true)), "{said}");
    let run = world.run_schedule("orders").await;
    assert_eq!(run["result"], "done", "a paused schedule runs when it is asked to");
    let refused = world.get(&format!("/v1/stores/{STORE}/schedules/orders/runs?colour=red")).await.unwrap();
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn a_silent_store_is_told_of_in_answers_log_and_metrics() {
    let world = World::start().await;
    world.shop.place_order(&order_of("CAMP-TENT", 5000)).unwrap();
    world.settle().await;
    let quiet: Value = world.of_store("webhooks").await;
    assert!(quiet["last_delivery_at"].is_string() && quiet["silence"].is_null(), "{quiet}");
    world.lose_webhooks().await;
    sqlx::query("update inbox set received_at = received_at - interval '30 hours'")
        .execute(world.pool())
        .await
        .unwrap();
    world.shop.place_order(&order_of("CAMP-TENT", 6000)).unwrap();
    world.run_schedule("orders").await;
    world.settle().await;
    let told = "no webhook came for 30 hours; polling found";
    for place in ["webhooks", "schedules"] {
        let said = world.of_store(place).await;
        assert!(said["silence"].as_str().is_some_and(|why| why.starts_with(told)), "{place}: {said}");
    }
    let metrics = world.get("/metrics").await.unwrap().text().await.unwrap();
    assert!(metrics.contains(&format!("cartledger_webhooks_silent{{store=\"{STORE}\"}} 1")), "{metrics}");
    assert_eq!(world.company.invoices().len(), 2, "and nothing of it is lost");
}

const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

async fn store_with_schedules() -> (TestDatabase, Store) {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    store.make_schedules(STORE, &Intervals { orders: 900, refunds: 3600, webhooks: 86_400 }).await.unwrap();
    (database, store)
}

fn failed(too_long: bool) -> RunResult {
    RunResult::Failed { why: "no answer".into(), wait: Duration::ZERO, too_long }
}

async fn begin(store: &Store, name: ScheduleName) -> Begun {
    store.begin_run(STORE, name).await.unwrap()
}

async fn wanted(store: &Store, name: ScheduleName) -> bool {
    store.schedules(STORE).await.unwrap().into_iter().any(|schedule| schedule.name == name && schedule.wanted)
}

#[test]
fn the_settings_and_the_api_have_the_same_bounds() {
    assert_eq!(ScheduleName::Orders.bounds(), ScheduleSettings::POLL_SECONDS);
    assert_eq!(ScheduleName::Refunds.bounds(), ScheduleSettings::POLL_SECONDS);
    assert_eq!(ScheduleName::Webhooks.bounds(), ScheduleSettings::WEBHOOK_SECONDS);
}

#[tokio::test]
async fn a_run_that_was_taken_over_changes_nothing_any_more() {
    let (database, store) = store_with_schedules().await;
    let order = [ListedOrder { order_id: 7, modified: None }];
    let refund = [ListedRefund { order_id: 7, refund_id: 1, declined: 0 }];
    let old = begin(&store, ScheduleName::Orders).await;
    let new = begin(&store, ScheduleName::Orders).await;
    // While the other one is under way, and after its end.
    for ended in [false, true] {
        if ended {
            store.end_run(&new, &RunResult::Done, KEEP).await.unwrap();
        }
        let before = store.schedules(STORE).await.unwrap();
        let results = [
            store.keep_orders_page(&old, &order, 99).await.map(|_| ()),
            store.keep_refunds_page(&old, &refund, 99).await.map(|_| ()),
            store.end_run(&old, &RunResult::Done, KEEP).await,
            store.end_run(&old, &failed(false), KEEP).await,
        ];
        for result in results {
            assert!(matches!(result, Err(StoreError::Lost(_))), "{result:?}");
        }
        assert_eq!(store.schedules(STORE).await.unwrap(), before);
        let lanes: i64 = sqlx::query_scalar("select count(*) from lane").fetch_one(database.pool()).await.unwrap();
        assert_eq!(lanes, 0);
    }
    sqlx::query("update schedule set window_after = 99").execute(database.pool()).await.unwrap();
    assert_eq!(begin(&store, ScheduleName::Orders).await.after, 0, "a new window begins at its start");
}

#[tokio::test]
async fn what_was_asked_for_after_the_end_of_an_old_window_is_still_asked_for() {
    let (_database, store) = store_with_schedules().await;
    for (name, still) in [(ScheduleName::Orders, true), (ScheduleName::Webhooks, false)] {
        let run = begin(&store, name).await;
        store.end_run(&run, &failed(false), KEEP).await.unwrap();
        store.want_run(STORE, name).await.unwrap();
        let old_window = begin(&store, name).await;
        assert_eq!(old_window.until, run.until);
        store.end_run(&old_window, &RunResult::Done, KEEP).await.unwrap();
        assert_eq!(wanted(&store, name).await, still, "webhooks have no window");
        let run = begin(&store, name).await;
        store.end_run(&run, &RunResult::Done, KEEP).await.unwrap();
        assert!(!wanted(&store, name).await);
    }
}

#[tokio::test]
async fn a_page_may_name_an_order_twice_and_a_window_that_is_too_long_is_halved() {
    let (database, store) = store_with_schedules().await;
    let run = begin(&store, ScheduleName::Orders).await;
    let modified = Some(run.from);
    let page = [ListedOrder { order_id: 7, modified: None }, ListedOrder { order_id: 7, modified }];
    assert_eq!(store.keep_orders_page(&run, &page, 7).await.unwrap(), 1);

    let long_ago = "update schedule set read_until = now() - interval '30 days'";
    sqlx::query(long_ago).execute(database.pool()).await.unwrap();
    let run = begin(&store, ScheduleName::Refunds).await;
    store.keep_refunds_page(&run, &[], 400).await.unwrap();
    store.end_run(&run, &failed(true), KEEP).await.unwrap();
    let half = begin(&store, ScheduleName::Refunds).await;
    assert_eq!((half.from, half.after), (run.from, 0));
    let (was, is) = (run.until.duration_since(run.from), half.until.duration_since(half.from));
    assert!((was.as_secs() / 2 - is.as_secs()).abs() <= 1, "{was} {is}");
    store.end_run(&half, &RunResult::Done, KEEP).await.unwrap();
    let next = begin(&store, ScheduleName::Refunds).await;
    assert!(next.from < half.until && next.until > run.until, "the rest is read next");
}
