//! What people do about failures over the API: look through holds and their causes, try again, put aside, exclude.

use cartledger::clock::Clock;
use cartledger::sandbox::intacct::{Fault, FaultKind, SettingsChange};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::world::{STORE, World, demo_rules, order_of};

/// What the API answers to a question about the store.
pub async fn asked(world: &World, path: &str) -> Value {
    let answer = world.get(&format!("/v1/stores/{STORE}/{path}")).await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status.as_u16(), 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// What the API answers to a request about the store.
pub async fn told(world: &World, path: &str, body: &Value) -> (u16, Value) {
    world.post_json(&format!("/v1/stores/{STORE}/{path}"), body).await
}

/// The orders of the holds that are listed.
async fn held(world: &World, query: &str) -> Vec<u64> {
    let page = asked(world, &format!("holds?{query}")).await;
    // Orders run at the same time, so their holds open in any order.
    let mut orders: Vec<u64> =
        page["holds"].as_array().unwrap().iter().map(|hold| hold["order_id"].as_u64().unwrap()).collect();
    orders.sort_unstable();
    orders
}

fn rules_for(pattern: &str) -> Value {
    let mut rules = demo_rules();
    rules.as_array_mut().unwrap().push(json!({
        "id": "product-new", "kind": "product", "conditions": {"sku": pattern}, "gives": {"account": "4000"}
    }));
    rules
}

async fn outcome(world: &World, order: u64) -> String {
    world.store.order(STORE, order).await.unwrap().unwrap().outcome
}

/// When an order was looked at last.
async fn judged_at(world: &World, order: u64) -> Option<jiff::Timestamp> {
    world.store.order(STORE, order).await.unwrap().unwrap().updated_at
}

#[tokio::test]
async fn a_rule_that_is_mended_releases_exactly_the_orders_it_fits_without_a_restart() {
    let world = World::start().await;
    let place = |sku| world.shop.place_order(&order_of(sku, 5000)).unwrap();
    let fitting = [place("NEW-A"), place("NEW-B"), place("NEW-A")];
    let (other, posted) = (place("ODD-1"), place("WEAR-BOOT"));
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 1);
    assert_eq!(world.put_rules(&rules_for("NEW-*")).await, 201);
    world.settle().await;
    for order in fitting {
        assert_eq!(outcome(&world, order).await, "posted");
    }
    assert_eq!((outcome(&world, other).await, outcome(&world, posted).await), ("held".into(), "posted".into()));
    assert_eq!(world.company.invoices().len(), 4);
    assert_eq!(held(&world, "").await, [other]);
}

#[tokio::test]
async fn holds_are_grouped_by_what_they_come_of_and_the_most_money_comes_first() {
    let world = World::start().await;
    world.mirrored().await;
    let inactive = SettingsChange { deactivate_account: Some("4000".into()), ..SettingsChange::default() };
    world.company.change(&inactive).unwrap();
    let place = |sku, cents| world.shop.place_order(&order_of(sku, cents)).unwrap();
    let refused = [place("WEAR-BOOT", 90_000), place("CAMP-MUG", 90_000)];
    let unmapped = [place("NEW-A", 5_000), place("NEW-A", 7_000)];
    world.settle().await;
    let groups = asked(&world, "hold-groups").await;
    let groups = groups["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2, "numbers and support ids of single documents make no groups: {groups:?}");
    let [first, second] = [&groups[0], &groups[1]];
    assert_eq!((&first["code"], &first["orders"]), (&json!("rejected-by-intacct"), &json!(2)));
    assert_eq!(first["cause"], "An account is inactive in Intacct.");
    assert_eq!(first["amounts"], json!({ "USD": "1948.50" }));
    assert!(refused.contains(&first["example_order"].as_u64().unwrap()), "{first}");
    assert!(first["remedy"].as_str().unwrap().contains("4000") || first["message"].as_str().unwrap().contains("4000"));
    assert_eq!((&second["code"], &second["holds"]), (&json!("missing-rule"), &json!(2)));
    assert!(second["cause"].as_str().unwrap().contains("NEW-A"), "{second}");
    assert!(unmapped.contains(&second["example_order"].as_u64().unwrap()), "{second}");

    let answer = world.get(&format!("/v1/stores/{STORE}/hold-groups.csv")).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let table = answer.text().await.unwrap();
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.contains("rejected-by-intacct,An account is inactive in Intacct.,USD,1948.50,2,2,"), "{table}");

    // All of a group are tried again at once, and nothing else.
    world
        .company
        .change(&SettingsChange { activate_account: Some("4000".into()), ..SettingsChange::default() })
        .unwrap();
    let before = judged_at(&world, unmapped[0]).await;
    let like_this = json!({ "code": first["code"], "cause": first["cause"] });
    let (status, answer) = told(&world, "holds/retry", &like_this).await;
    assert_eq!((status, &answer["orders"]), (202, &json!(2)));
    world.settle().await;
    assert_eq!(outcome(&world, refused[0]).await, "posted");
    assert_eq!(outcome(&world, refused[1]).await, "posted");
    assert_eq!(judged_at(&world, unmapped[0]).await, before);
    assert_eq!(world.company.invoices().len(), 2);
}

#[tokio::test]
async fn holds_are_found_by_what_their_fields_say_and_one_by_its_number() {
    let world = World::start().await;
    let place = |sku, cents| world.shop.place_order(&order_of(sku, cents)).unwrap();
    let (small, large) = (place("NEW-A", 1_000), place("NEW-B", 90_000));
    world.settle().await;
    let of_small = asked(&world, &format!("holds?order_id={small}")).await;
    let hold = &of_small["holds"][0];
    assert_eq!(held(&world, "code=missing-rule").await, [small, large]);
    assert_eq!(held(&world, "code=disputed").await, [0u64; 0]);
    assert_eq!(held(&world, &format!("order_id={large}")).await, [large]);
    let subject = hold["subject"].as_str().unwrap().replace(' ', "%20").replace('\'', "%27");
    assert_eq!(held(&world, &format!("subject={subject}")).await, [small]);
    assert_eq!(held(&world, "opened_to=2020-01-01T00:00:00Z").await, [0u64; 0]);
    assert_eq!(held(&world, "opened_from=2020-01-01T00:00:00Z&limit=1").await.len(), 1);
    if let Some(amount) = hold["amount"].as_str() {
        let more: Decimal = amount.parse::<Decimal>().unwrap() + Decimal::ONE;
        assert_eq!(held(&world, &format!("amount_min={more}&currency=USD")).await, [large]);
    }
    let one = asked(&world, &format!("holds/{}", hold["id"])).await;
    assert_eq!((&one["order_id"], &one["snoozed"]), (&json!(small), &json!(false)));
    let missing = world.get(&format!("/v1/stores/{STORE}/holds/999999")).await.unwrap();
    assert_eq!(missing.status().as_u16(), 404);
    let misspelt = world.get(&format!("/v1/stores/{STORE}/holds?cod=x")).await.unwrap();
    assert_eq!(misspelt.status().as_u16(), 400, "a filter that does not exist is not ignored");
}

#[tokio::test]
async fn a_retry_touches_only_what_fits_and_everything_only_when_that_is_said() {
    let world = World::start().await;
    let place = |sku| world.shop.place_order(&order_of(sku, 5000)).unwrap();
    let (first, second, posted) = (place("NEW-A"), place("NEW-B"), place("WEAR-BOOT"));
    world.settle().await;
    let before = (judged_at(&world, first).await, judged_at(&world, second).await, judged_at(&world, posted).await);
    for unclear in [json!({}), json!({ "all": true, "code": "missing-rule" })] {
        let (status, problem) = told(&world, "holds/retry", &unclear).await;
        assert_eq!((status, &problem["code"]), (422, &json!("choice-not-clear")));
    }
    let (_, answer) = told(&world, "holds/retry", &json!({ "order_id": first })).await;
    assert_eq!(answer, json!({ "orders": 1, "documents": 0 }));
    world.settle().await;
    assert!(judged_at(&world, first).await > before.0);
    assert_eq!((judged_at(&world, second).await, judged_at(&world, posted).await), (before.1, before.2));
    let hold = asked(&world, &format!("holds?order_id={second}")).await["holds"][0]["id"].clone();
    assert_eq!(world.post(&format!("/v1/stores/{STORE}/holds/{hold}/retry")).await, 202);
    world.settle().await;
    assert!(judged_at(&world, second).await > before.1);
    let (_, answer) = told(&world, "holds/retry", &json!({ "all": true })).await;
    assert_eq!(answer["orders"], 2);
    world.settle().await;
    assert_eq!(judged_at(&world, posted).await, before.2);
    assert_eq!(world.company.invoices().len(), 1);
}

#[tokio::test]
async fn a_refused_ledger_event_is_tried_again_by_its_hold() {
    let world = World::start().await;
    let mut rules = demo_rules();
    for (part, account) in [("bank", "1010"), ("fee", "6100")] {
        rules.as_array_mut().unwrap().push(json!({
            "id": format!("settlement-{part}"), "kind": "settlement", "conditions": { "part": part }, "gives": { "account": account }
        }));
    }
    assert_eq!(world.put_rules(&rules).await, 201);
    world.company.add_fault(Fault::new(FaultKind::SmartRule).times(1_000).on_function("create GLBATCH"));
    let payout = json!([{ "payout": { "gateway": "stripe", "id": "po_1", "date": "2026-03-13", "currency": "USD",
                                      "gross": "50.00", "fees": "1.00", "net": "49.00" } }]);
    assert_eq!(told(&world, "events", &payout).await.0, 202);
    let first = async || asked(&world, "holds").await["holds"][0].clone();
    world.wait_until("it is refused", async || first().await["code"] == "rejected-by-intacct").await;
    let hold = first().await;
    assert!(hold["document_key"].as_str().unwrap().ends_with("/payout/stripe-po_1/r1"), "{hold}");
    world.company.clear_faults();
    let (_, answer) = told(&world, "holds/retry", &json!({ "ids": [hold["id"]] })).await;
    assert_eq!(answer, json!({ "orders": 0, "documents": 1 }));
    world.wait_until("it is posted", async || world.company.journals().len() == 1).await;
    world.wait_until("its hold is gone", async || first().await.is_null()).await;
}

#[tokio::test]
async fn a_hold_that_is_put_aside_is_hidden_blocks_as_before_and_comes_back_by_itself() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("NEW-A", 5000)).unwrap();
    world.settle().await;
    let hold = asked(&world, "holds").await["holds"][0]["id"].clone();
    let snooze = format!("holds/{hold}/snooze");
    let wish = |until: jiff::Timestamp| json!({ "until": until.to_string(), "reason": "asked the supplier" });
    let now = Clock::system().now();
    let (status, problem) = told(&world, &snooze, &wish(now - jiff::SignedDuration::from_secs(60))).await;
    assert_eq!((status, &problem["code"]), (422, &json!("snooze-not-valid")));
    let (status, _) = told(&world, &snooze, &wish(now + jiff::SignedDuration::from_hours(100))).await;
    assert_eq!(status, 204);
    assert_eq!(held(&world, "").await, [0u64; 0]);
    assert_eq!(held(&world, "snoozed=true").await, [order]);
    assert_eq!(asked(&world, "hold-groups").await["groups"], json!([]));
    let shown = asked(&world, &format!("holds/{hold}")).await;
    assert_eq!((&shown["snooze_reason"], &shown["snoozed_by"]), (&json!("asked the supplier"), &json!("settings")));

    // A run that finds it again leaves it aside, and a retry of all leaves it in peace.
    world.replay(order).await;
    world.settle().await;
    assert_eq!(outcome(&world, order).await, "held");
    assert_eq!(held(&world, "snoozed=true").await, [order]);
    assert_eq!(told(&world, "holds/retry", &json!({ "all": true })).await.1["orders"], 0);

    assert_eq!(world.post(&format!("/v1/stores/{STORE}/holds/{hold}/unsnooze")).await, 204);
    assert_eq!(held(&world, "").await, [order]);
    let soon = Clock::system().now() + jiff::SignedDuration::from_secs(2);
    assert_eq!(told(&world, &snooze, &wish(soon)).await.0, 204);
    assert_eq!(held(&world, "").await, [0u64; 0]);
    world.wait_until("it comes back", async || held(&world, "").await == [order]).await;
    assert!(Clock::system().now() >= soon);
}

#[tokio::test]
async fn of_an_excluded_order_nothing_is_posted_in_a_storm_of_webhooks_and_all_of_it_once_when_it_is_included() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("NEW-A", 5000)).unwrap();
    world.settle().await;
    let (status, decision) = told(&world, &format!("orders/{order}/exclude"), &json!({ "reason": "a test" })).await;
    assert_eq!((status, &decision["excluded_by"]), (200, &json!("settings")));
    assert_eq!(world.put_rules(&rules_for("NEW-*")).await, 201);
    for note in 0..30 {
        world.shop.add_staff_note(order, &format!("note {note}")).unwrap();
        if note % 10 == 0 {
            world.replay(order).await;
        }
    }
    world.settle().await;
    assert!(world.company.invoices().is_empty() && world.holds(order).await.is_empty());
    let standing = world.store.order(STORE, order).await.unwrap().unwrap();
    assert_eq!((standing.outcome.as_str(), standing.reason.as_str()), ("excluded", "a test (excluded by settings)"));
    assert_eq!(standing.total, Some(Decimal::new(5413, 2)), "its figures stay in lists and reports");
    let listed = asked(&world, "orders?outcome=excluded").await;
    assert_eq!(listed["orders"][0]["reason"], "a test (excluded by settings)");
    assert_eq!(asked(&world, &format!("orders/{order}")).await["exclusion"]["reason"], "a test");

    let include = format!("/v1/stores/{STORE}/orders/{order}/include");
    assert_eq!(world.post(&include).await, 202);
    assert_eq!(world.post(&include).await, 404, "it is not excluded any more");
    world.settle().await;
    assert_eq!(outcome(&world, order).await, "posted");
    assert_eq!((world.company.invoices().len(), world.company.payments().len()), (1, 1));
    world.assert_books_agree().await;
    let (status, problem) = told(&world, &format!("orders/{order}/exclude"), &json!({ "reason": "late" })).await;
    assert_eq!((status, &problem["code"]), (409, &json!("order-has-postings")));
    assert!(problem["title"].as_str().unwrap().contains(&format!("BC-{order}")), "{problem}");
}

#[tokio::test]
async fn an_order_excluded_while_it_is_being_worked_on_is_either_posted_whole_or_not_at_all() {
    let world = World::start().await;
    let mut decided = Vec::new();
    for pause in 0..12u32 {
        let order = world.shop.place_order(&order_of("WEAR-BOOT", 5000)).unwrap();
        // Each is excluded a little later in its way than the one before.
        for _ in 0..pause * 4 {
            world.store.ping().await.unwrap();
            asked(&world, "orders?limit=1").await;
        }
        let (status, _) = told(&world, &format!("orders/{order}/exclude"), &json!({ "reason": "a test" })).await;
        assert!([200, 409].contains(&status), "{status}");
        decided.push((order, status));
    }
    world.settle().await;
    for (order, status) in decided {
        let (expected, documents) = if status == 200 { ("excluded", 0) } else { ("posted", 2) };
        assert_eq!(outcome(&world, order).await, expected, "order {order} answered {status}");
        assert_eq!(world.store.documents(STORE, order).await.unwrap().len(), documents, "order {order}");
    }
    world.assert_books_agree().await;
}

#[tokio::test]
async fn what_is_collected_of_an_order_that_is_excluded_is_in_no_summary() {
    let world = World::start_with("posting = \"daily\"\ndaily_close_delay_minutes = 5000000\n").await;
    let (first, second) = (order_of("WEAR-BOOT", 5000), order_of("WEAR-BOOT", 7000));
    let (out, stays) = (world.shop.place_order(&first).unwrap(), world.shop.place_order(&second).unwrap());
    world.settle().await;
    assert_eq!(outcome(&world, out).await, "collected");
    let (status, answer) = told(&world, &format!("orders/{out}/exclude"), &json!({ "reason": "a test" })).await;
    assert_eq!(status, 200, "{answer}");
    world.settle().await;
    assert_eq!(outcome(&world, out).await, "excluded");
    assert!(world.store.documents(STORE, out).await.unwrap().is_empty());
    let groups = world.store.collected_groups(STORE).await.unwrap();
    assert_eq!(groups.iter().map(|group| group.orders).sum::<u64>(), 1, "{groups:?}");
    assert_eq!(outcome(&world, stays).await, "collected");
}
