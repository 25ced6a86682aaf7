//! One order's whole way, over real HTTP, through the real program: shop, webhook, queue, derivation, Intacct's books.

use cartledger::sandbox::intacct::SettingsChange;
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::world::{STORE, World, demo_rules, order_of};

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

#[tokio::test]
async fn a_paid_order_becomes_an_invoice_and_a_receipt_to_the_cent() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    world.assert_books_agree().await;
    // Accounting case E1: 120.00 and 9.90 tax, paid by card.
    let balances = world.balances();
    let expected = [("1150-S", 12990), ("2200", -990), ("4000", -12000)];
    assert_eq!(balances.len(), expected.len(), "{balances:?}");
    for (account, cents) in expected {
        assert_eq!(balances[account], usd(cents), "{account}");
    }
    assert_eq!(world.company.invoices()[0].number, format!("BC-{order}"));
    assert_eq!(world.company.customers().len(), 1);
    let standing = world.store.order(STORE, order).await.unwrap().unwrap();
    assert_eq!((standing.outcome.as_str(), standing.open_balance), ("posted", Some(Decimal::ZERO)));
}

#[tokio::test]
async fn an_unmapped_product_holds_its_order_only_and_a_new_rule_releases_it() {
    let world = World::start().await;
    let held = world.shop.place_order(&order_of("NEW-THING", 5000)).unwrap();
    let other = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(held).await, ["missing-rule"]);
    assert!(world.holds(other).await.is_empty());
    assert_eq!(world.company.invoices().len(), 1);
    let mut rules = demo_rules();
    rules.as_array_mut().unwrap().push(json!({
        "id": "product-new", "kind": "product", "conditions": {"sku": "NEW-*"}, "gives": {"account": "4000"}
    }));
    assert_eq!(world.put_rules(&rules).await, 201);
    world.settle().await;
    assert!(world.holds(held).await.is_empty());
    assert_eq!(world.company.invoices().len(), 2);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn rules_that_are_no_rules_are_refused_and_change_nothing() {
    let world = World::start().await;
    let before = world.store.latest_rulebook(STORE).await.unwrap().unwrap().number;
    assert_eq!(world.put_rules(&json!([{"id": "x", "kind": "product", "gives": {}}])).await, 422);
    assert_eq!(world.put_rules(&json!([{"id": "x", "kind": "no-such-kind", "gives": {}}])).await, 422);
    assert_eq!(world.put_rules(&json!("rules")).await, 422);
    assert_eq!(world.store.latest_rulebook(STORE).await.unwrap().unwrap().number, before);
}

#[tokio::test]
async fn what_intacct_refuses_is_held_with_its_words_and_posts_after_the_remedy() {
    let world = World::start().await;
    world.mirrored().await;
    let inactive = SettingsChange { deactivate_account: Some("4000".into()), ..SettingsChange::default() };
    world.company.change(&inactive).unwrap();
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["rejected-by-intacct"]);
    let hold = world.store.open_holds(Some(STORE), Some(order), 0, 1).await.unwrap().remove(0).hold;
    assert!(hold.message.contains("4000") || hold.remedy.contains("4000"), "{hold:?}");
    assert!(hold.message.contains("An account is inactive in Intacct. Intacct says: "), "{hold:?}");
    assert!(hold.message.contains("support id for Sage: "), "{hold:?}");
    assert!(hold.remedy.ends_with(&format!("Then replay order {order}.")), "{hold:?}");
    let listed = world.get(&format!("/v1/stores/{STORE}/holds")).await.unwrap().text().await.unwrap();
    assert!(listed.contains(&format!("\"link\":\"/v1/stores/{STORE}/orders/{order}/documents\"")), "{listed}");
    assert_eq!(hold.amount, Some(usd(12990)));
    assert!(world.company.invoices().is_empty() && world.company.payments().is_empty());
    let active = SettingsChange { activate_account: Some("4000".into()), ..SettingsChange::default() };
    world.company.change(&active).unwrap();
    world.replay(order).await;
    world.settle().await;
    assert!(world.holds(order).await.is_empty());
    assert_eq!(world.balances()["1150-S"], usd(12990));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn an_order_that_changes_after_it_was_posted_is_held_and_nothing_posted_moves() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let before = world.balances();
    world.shop.cancel(order).unwrap();
    world.settle().await;
    assert!(!world.holds(order).await.is_empty());
    assert_eq!(world.balances(), before);
}

#[tokio::test]
async fn a_change_that_concerns_no_accounting_costs_intacct_nothing() {
    let world = World::start().await;
    // What the mirror asks at the start is not of the order.
    world.mirrored().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    // On a busy machine the first reading of the master data may still be under way.
    world.mirrored().await;
    let requests = world.company.requests().requests;
    world.shop.add_staff_note(order, "called the buyer").unwrap();
    world.settle().await;
    world.replay(order).await;
    world.settle().await;
    assert_eq!(world.company.requests().requests, requests);
}

#[tokio::test]
async fn nothing_is_sent_into_books_that_the_settings_call_closed() {
    let world = World::start_with("books_closed_through = \"2099-12-31\"\n").await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let codes = world.holds(order).await;
    assert!(!codes.is_empty() && codes.iter().all(|code| code == "period-closed"), "{codes:?}");
    assert!(world.company.invoices().is_empty() && world.company.payments().is_empty());
}
