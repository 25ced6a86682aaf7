//! What an order costs at Intacct, over the whole journey and over the API.

use std::time::Duration;

use cartledger::sandbox::intacct::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::world::{STORE, World, order_of};

const PATIENCE: Duration = Duration::from_secs(30);

async fn json_of(world: &World, path: &str) -> Value {
    let answer = world.get(path).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// Asks until the answer is as wanted: counts are written down every two seconds.
async fn until(world: &World, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = tokio::time::Instant::now();
    loop {
        let found = json_of(world, path).await;
        if wanted(&found) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{path}: {found}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until the metrics have this line: they follow what the API shows by a moment.
async fn metric(world: &World, line: &str) {
    let begun = tokio::time::Instant::now();
    loop {
        let metrics = world.get("/metrics").await.unwrap().text().await.unwrap();
        if metrics.contains(line) {
            return;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{line} is not in {metrics}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_order_of_a_known_customer_costs_one_transaction_per_document_and_nothing_else() {
    let world = World::start().await;
    world.mirrored().await;
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let before = world.company.requests();
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 4500)).unwrap();
    world.settle().await;
    let after = world.company.requests();
    let documents = world.store.documents(STORE, order).await.unwrap();
    assert_eq!(documents.len(), 2, "an invoice and a receipt");
    assert_eq!(after.api_transactions - before.api_transactions, 2);
    let new: Vec<&str> = after.calls()[before.calls().len()..].iter().map(|call| call.function.as_str()).collect();
    assert_eq!(new, ["create_invoice", "create ARPYMT"], "no look-up, no sign-in");
    for (platform, operation) in [("bigcommerce", "read"), ("intacct", "sign-in"), ("intacct", "functions")] {
        let labels = format!("platform=\"{platform}\",operation=\"{operation}\",outcome=\"ok\"");
        metric(&world, &format!("cartledger_platform_request_duration_seconds_count{{{labels}}}")).await;
    }

    let both = |order: &Value| order["api_transactions"].as_object().is_some_and(|parts| parts.len() == 2);
    let shown = until(&world, &format!("/v1/stores/{STORE}/orders/{order}"), both).await;
    assert_eq!(shown["api_transactions"], json!({ "create_invoice": 1, "create ARPYMT": 1 }));
    assert_eq!((&shown["outcome"], &shown["daily_over_budget"]), (&json!("posted"), &json!(false)));
    let usage = until(&world, "/v1/companies/sandbox/usage", |usage| usage["budget"]["used"] == after.api_transactions);
    let usage = usage.await;
    let by_function: u64 =
        usage["by_function"].as_array().unwrap().iter().map(|part| part["transactions"].as_u64().unwrap()).sum();
    assert_eq!(by_function, after.api_transactions);
    // A new buyer costs creating it, the two orders their two documents each; what is left is reading master data.
    let of_store = json!({ "name": STORE, "transactions": 5 });
    let of_mirror = json!({ "name": "", "transactions": after.api_transactions - 5 });
    assert_eq!(usage["by_store"], json!([of_mirror, of_store]));
    assert_eq!((&usage["budget"]["limit"], &usage["budget"]["standing"]), (&json!(100_000), &json!("ok")));
    assert_eq!(world.get("/v1/companies/nobody/usage").await.unwrap().status(), 404);
    assert_eq!(world.get("/v1/companies/sandbox/usage?month=May").await.unwrap().status(), 400);
}

#[tokio::test]
async fn what_was_found_after_its_answer_was_lost_is_counted() {
    let world = World::start().await;
    for function in ["create_invoice", "create ARPYMT"] {
        world.company.add_fault(Fault::new(FaultKind::LoseAnswer).on_function(function));
    }
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let billed = || world.company.requests().api_transactions;
    until(&world, "/v1/companies/sandbox/usage", |usage| usage["budget"]["used"] == billed()).await;
}

#[tokio::test]
async fn a_pause_is_visible_over_the_api_and_in_metrics_and_costs_the_orders_no_patience() {
    let world = World::start().await;
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    world.company.add_fault(Fault::new(FaultKind::ServerError).times(6));
    for cents in [1000, 2000, 3000, 4000] {
        world.shop.place_order(&order_of("WEAR-BOOT", cents)).unwrap();
    }
    let paused = until(&world, "/v1/companies", |all| all["companies"][0]["trouble"]["paused_until"].is_string()).await;
    assert_eq!(paused["companies"][0]["trouble"]["cause"], "offline");
    assert_eq!(paused["companies"][0]["name"], "sandbox");
    metric(&world, "cartledger_intacct_paused{company=\"sandbox\"} 1").await;
    world.settle().await;
    until(&world, "/v1/companies", |all| all["companies"][0]["trouble"].is_null()).await;
    world.assert_books_agree().await;
}

#[tokio::test]
async fn over_the_budget_new_orders_go_daily_and_begun_ones_stay_as_they_are() {
    let mut world = World::start().await;
    let before = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    // A kill loses what was not written down yet. The mirror may still be reading.
    let billed = || world.company.requests().api_transactions;
    until(&world, "/v1/companies/sandbox/usage", |usage| usage["budget"]["used"] == billed()).await;
    world
        .restart_changed(|settings| {
            let company = "timeout_seconds = 3\ntransactions_per_month = 2\nover_budget = \"daily\"";
            let store = "daily_over_budget = true\n[stores.accounting]";
            settings.replace("timeout_seconds = 3", company).replace("[stores.accounting]", store)
        })
        .await;
    let budget = until(&world, "/v1/companies", |all| all["companies"][0]["budget"]["over_since"].is_string()).await;
    assert_eq!(budget["companies"][0]["budget"]["standing"], "over");
    assert_eq!(budget["companies"][0]["budget"]["over_budget"], "daily");
    metric(&world, "cartledger_intacct_over_budget{company=\"sandbox\"} 1").await;

    let after = world.shop.place_order(&order_of("WEAR-BOOT", 4500)).unwrap();
    world.replay(before).await;
    world.settle().await;
    let order = |order: u64| format!("/v1/stores/{STORE}/orders/{order}");
    let (new, old) = (json_of(&world, &order(after)).await, json_of(&world, &order(before)).await);
    assert_eq!((&new["outcome"], &new["daily_over_budget"]), (&json!("collected"), &json!(true)));
    assert_eq!((&old["outcome"], &old["daily_over_budget"]), (&json!("posted"), &json!(false)));
    assert_eq!(world.company.invoices().len(), 1);

    // For good: a larger budget does not bring it back.
    world
        .restart_changed(|settings| settings.replace("transactions_per_month = 2", "transactions_per_month = 90000"))
        .await;
    world.replay(after).await;
    world.settle().await;
    assert_eq!(json_of(&world, &order(after)).await["outcome"], "collected");
}
