//! Orders that change after they were posted, through the real program: the books follow, and nothing posted is touched.

use std::collections::BTreeMap;

use cartledger::sandbox::bigcommerce::{
    LineDraft, OrderDraft, Payment, RefundItem, RefundPayment, RefundRequest, TaxRate,
};
use cartledger::sandbox::intacct::{Fault, FaultKind};
use cartledger::store::Store;
use cartledger::store::document::StoredDocument;
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::database::TestDatabase;
use crate::support::world::{STORE, World, demo_rules, guest};

const CORRECT: &str = "changed_orders = \"correct\"\n";

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// The guest's order of so many units, with shipping.
fn of(quantity: u32, cents: i64, shipping: i64) -> OrderDraft {
    let line = LineDraft::new("WEAR-BOOT", "A thing", quantity, usd(cents));
    let order = OrderDraft::guest(guest()).line(line);
    order.ship("Ground", usd(shipping), Decimal::ZERO, &[TaxRate::new("Sales Tax", usd(825))])
}

fn on_terms(draft: OrderDraft) -> OrderDraft {
    draft.pay_with(Payment::PurchaseOrder { number: "4711".into() })
}

fn balances(expected: &[(&str, i64)]) -> BTreeMap<String, Decimal> {
    expected.iter().map(|(account, cents)| ((*account).to_owned(), usd(*cents))).collect()
}

/// Numbers of the order's corrections, and what they are about: `BC-100-X2 129.90`.
async fn corrections(world: &World, order: u64) -> Vec<String> {
    let documents = world.store.documents(STORE, order).await.unwrap();
    let corrections = documents.into_iter().filter(|document| document.planned.kind == "correction");
    corrections.map(|d: StoredDocument| format!("{} {}", d.planned.number, d.planned.total.unwrap())).collect()
}

/// What is open on the buyers' accounts, item by item.
fn open_items(world: &World) -> Vec<(String, Decimal)> {
    let items = world.company.invoices().into_iter().chain(world.company.adjustments());
    items.filter(|item| !item.open.is_zero()).map(|item| (item.number, item.open)).collect()
}

#[tokio::test]
async fn an_order_edited_up_is_corrected_and_the_next_charge_pays_the_correction() {
    let world = World::start_with(CORRECT).await;
    let order = world.shop.place_order(&of(1, 12000, 0)).unwrap();
    world.settle().await;
    world.shop.edit(order, &of(2, 12000, 500)).unwrap();
    world.settle().await;
    // 240.00 and 5.00 with 19.80 and 0.41 tax: 265.21, of which 129.90 are posted.
    assert_eq!(corrections(&world, order).await, [format!("BC-{order}-X2 135.31")]);
    let expected = [("1100", 13531), ("1150-S", 12990), ("2200", -2021), ("4000", -24000), ("4010", -500)];
    assert_eq!(world.balances(), balances(&expected));
    assert_eq!(open_items(&world), [(format!("BC-{order}-X2"), usd(13531))]);
    world.assert_books_agree().await;

    world.shop.charge_more(order, usd(13531)).unwrap();
    world.settle().await;
    let expected = [("1150-S", 26521), ("2200", -2021), ("4000", -24000), ("4010", -500)];
    assert_eq!(world.balances(), balances(&expected));
    assert_eq!(open_items(&world), []);
    assert!(world.holds(order).await.is_empty());
    world.assert_books_agree().await;

    let requests = world.company.requests().requests;
    for _ in 0..2 {
        world.replay(order).await;
        world.settle().await;
    }
    assert_eq!(world.company.requests().requests, requests, "what is corrected costs Intacct nothing more");
}

#[tokio::test]
async fn an_order_edited_down_after_payment_is_corrected_with_its_refund() {
    let world = World::start_with(CORRECT).await;
    let order = world.shop.place_order(&of(2, 6000, 0)).unwrap();
    world.settle().await;
    world.shop.edit(order, &of(1, 6000, 0)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["tenders-exceed-total"]);
    assert_eq!(world.company.adjustments().len(), 0);

    let too_much = vec![RefundItem::Order { amount: usd(6495) }];
    world.shop.refund(order, &RefundRequest::new(too_much, RefundPayment::gateway(), "one unit less")).unwrap();
    world.settle().await;
    assert!(world.holds(order).await.is_empty());
    // 60.00 and 4.95 tax stay sold, and no return is booked beside the smaller sale.
    assert_eq!(world.balances(), balances(&[("1150-S", 6495), ("2200", -495), ("4000", -6000)]));
    assert_eq!(open_items(&world), []);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn an_unpaid_order_is_credited_as_it_shrinks_and_is_cancelled() {
    let world = World::start_with(CORRECT).await;
    let order = world.shop.place_order(&on_terms(of(2, 6000, 0))).unwrap();
    world.settle().await;
    assert_eq!(open_items(&world), [(format!("BC-{order}"), usd(12990))]);
    world.shop.edit(order, &on_terms(of(1, 6000, 0))).unwrap();
    world.settle().await;
    assert_eq!(open_items(&world), [(format!("BC-{order}"), usd(6495))]);
    world.shop.cancel(order).unwrap();
    world.settle().await;
    assert_eq!(corrections(&world, order).await, [format!("BC-{order}-X2 64.95"), format!("BC-{order}-X3 64.95")]);
    assert_eq!((world.balances(), open_items(&world)), (BTreeMap::new(), vec![]));
    assert!(world.holds(order).await.is_empty());
    world.assert_books_agree().await;
}

#[tokio::test]
async fn the_same_total_on_other_accounts_is_a_journal_entry_exactly_once() {
    let world = World::start_with(CORRECT).await;
    let order = world.shop.place_order(&of(1, 12000, 0)).unwrap();
    world.settle().await;
    world.company.add_fault(Fault::new(FaultKind::LoseAnswer).on_function("create GLBATCH"));
    world.shop.edit(order, &of(1, 10000, 2000)).unwrap();
    world.settle().await;
    assert!(world.company.pending_faults().is_empty());
    assert_eq!(world.company.journals().len(), 1);
    let expected = [("1150-S", 12990), ("2200", -990), ("4000", -10000), ("4010", -2000)];
    assert_eq!(world.balances(), balances(&expected));
    world.assert_books_agree().await;
    // Edited back, the entry is taken back by another one.
    world.shop.edit(order, &of(1, 12000, 0)).unwrap();
    world.settle().await;
    assert_eq!(corrections(&world, order).await, [format!("BC-{order}-X2 20.00"), format!("BC-{order}-X3 20.00")]);
    assert_eq!(world.balances(), balances(&[("1150-S", 12990), ("2200", -990), ("4000", -12000)]));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_payment_voided_after_it_was_posted_is_owed_again_until_the_next_one() {
    let world = World::start_with(CORRECT).await;
    let order = world.shop.place_order(&of(1, 12000, 0)).unwrap();
    world.settle().await;
    world.shop.void_payment(order).unwrap();
    world.settle().await;
    assert_eq!(world.balances(), balances(&[("1100", 12990), ("2200", -990), ("4000", -12000)]));
    world.shop.charge_more(order, usd(12990)).unwrap();
    world.settle().await;
    assert_eq!(world.balances(), balances(&[("1150-S", 12990), ("2200", -990), ("4000", -12000)]));
    assert_eq!(open_items(&world), []);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_product_added_to_a_posted_order_waits_for_its_rule_and_is_then_corrected() {
    let world = World::start_with(CORRECT).await;
    let order = world.shop.place_order(&of(1, 12000, 0)).unwrap();
    world.settle().await;
    world.shop.edit(order, &of(1, 12000, 0).line(LineDraft::new("NEW-THING", "A new thing", 1, usd(2000)))).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["missing-rule"]);
    assert_eq!(world.balances()["4000"], usd(-12000));
    let mut rules = demo_rules();
    rules.as_array_mut().unwrap().push(json!({
        "id": "product-new", "kind": "product", "conditions": {"sku": "NEW-*"}, "gives": {"account": "4010"}
    }));
    assert_eq!(world.put_rules(&rules).await, 201);
    world.settle().await;
    assert!(world.holds(order).await.is_empty());
    let expected = [("1100", 2165), ("1150-S", 12990), ("2200", -1155), ("4000", -12000), ("4010", -2000)];
    assert_eq!(world.balances(), balances(&expected));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_service_killed_in_the_middle_of_a_correction_posts_it_exactly_once() {
    let mut world = World::start_with(CORRECT).await;
    let order = world.shop.place_order(&on_terms(of(2, 6000, 0))).unwrap();
    world.settle().await;
    let functions = ["create_aradjustment", "create ARPYMT"];
    for function in functions {
        let slow = FaultKind::Delay { milliseconds: 1500 };
        world.company.add_fault(Fault::new(slow).on_function(function));
    }
    world.shop.edit(order, &on_terms(of(1, 6000, 0))).unwrap();
    for label in functions {
        world.kill_service_during(label).await;
        world.start_service().await;
    }
    world.settle().await;
    assert_eq!((world.company.adjustments().len(), world.company.payments().len()), (1, 1));
    assert_eq!(world.balances(), balances(&[("1100", 6495), ("2200", -495), ("4000", -6000)]));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_correction_that_intacct_refuses_is_worked_out_anew_with_the_next_edit() {
    use cartledger::sandbox::intacct::SettingsChange;
    let world = World::start_with(CORRECT).await;
    let order = world.shop.place_order(&on_terms(of(1, 6000, 0))).unwrap();
    world.settle().await;
    let inactive = SettingsChange { deactivate_account: Some("4000".into()), ..SettingsChange::default() };
    world.company.change(&inactive).unwrap();
    world.shop.edit(order, &on_terms(of(2, 6000, 0))).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["rejected-by-intacct"]);
    let active = SettingsChange { activate_account: Some("4000".into()), ..SettingsChange::default() };
    world.company.change(&active).unwrap();
    world.shop.edit(order, &on_terms(of(3, 6000, 0))).unwrap();
    world.settle().await;
    assert_eq!(corrections(&world, order).await, [format!("BC-{order}-X2 129.90")]);
    assert_eq!(world.balances(), balances(&[("1100", 19485), ("2200", -1485), ("4000", -18000)]));
    assert!(world.holds(order).await.is_empty());
    world.assert_books_agree().await;
}

#[tokio::test]
async fn the_day_a_change_was_seen_stays_the_same_until_the_order_reads_otherwise() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    let keep = async |hash: &str| store.keep_evidence("acme-us", 118, hash, &json!({}), None).await.unwrap();
    let first = keep("a").await;
    assert_eq!(keep("a").await, first);
    let edited = keep("b").await;
    assert!(edited > first);
    assert_eq!(keep("b").await, edited);
    let back = keep("a").await;
    assert!(back > edited, "read as before again, it is seen anew");
    assert_eq!(keep("a").await, back);
    let other = store.keep_evidence("acme-us", 119, "b", &json!({}), None).await.unwrap();
    assert_eq!((keep("a").await, other > back), (back, true), "other orders do not matter");
}
