//! Order-entry mode through the real program: sales and returns as Order Entry documents, paid by their fresh receivables.

use std::collections::BTreeMap;

use cartledger::clock::Clock;
use cartledger::sandbox::bigcommerce::{
    GiftCertificate, LineDraft, OrderDraft, Payment, RefundItem, RefundPayment, RefundRequest, TaxRate,
};
use cartledger::sandbox::intacct::{Fault, FaultKind, SalesDocument};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::failures::{asked, told};
use crate::support::world::{STORE, World, demo_rules, guest};

/// How the sandbox company calls things.
const NAMES: &str = "[stores.accounting.order_entry]\nwarehouse = \"WH1\"\n[stores.accounting.order_entry.subtotals]\n\
    shipping = \"Shipping\"\nhandling = \"Handling\"\ndiscount = \"Discount\"\ntax = \"Sales Tax\"\n\
    restocking = \"Restocking Fee\"\norder_refund = \"Goodwill\"\n";

fn order_entry() -> String {
    format!("posting = \"order_entry\"\nchanged_orders = \"correct\"\n{NAMES}")
}

/// The demo's rules with an item for everything that is sold.
fn rules() -> Value {
    let mut rules = demo_rules();
    for rule in rules.as_array_mut().unwrap() {
        match rule["kind"].as_str() {
            Some("product") => rule["gives"]["item"] = json!("SKU-1"),
            Some("gift_certificate") => rule["gives"]["item"] = json!("GIFT-CARD"),
            _ if rule["id"] == "discount-coupon" => rule["gives"]["subtotal"] = json!("Coupon"),
            _ => {}
        }
    }
    rules
}

async fn world() -> World {
    world_with("").await
}

/// With more settings of the store's accounting.
async fn world_with(more: &str) -> World {
    let world = World::start_with(&format!("{more}{}", order_entry())).await;
    assert_eq!(world.put_rules(&rules()).await, 201);
    world
}

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// The guest's order of so many units, with shipping and 8.25 % tax.
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

/// Id, items and subtotals of every Order Entry document.
fn sales(world: &World) -> Vec<String> {
    let shown = |document: SalesDocument| {
        let items = document.items.iter().map(|item| format!(" {} {} at {}", item.quantity, item.item, item.price));
        let rows = document.subtotals.iter().map(|row| format!(" {} {}", row.description, row.amount));
        format!("{}:{}", document.id, items.chain(rows).collect::<Vec<_>>().join(","))
    };
    world.company.sales_documents().into_iter().map(shown).collect()
}

/// What is open on the buyers' accounts.
fn open_items(world: &World) -> Vec<(String, Decimal)> {
    let items = world.company.invoices().into_iter().chain(world.company.adjustments());
    items.filter(|item| !item.open.is_zero()).map(|item| (item.number, item.open)).collect()
}

/// So many units of the order's only line go back to the card.
fn units_back(world: &World, order: u64, quantity: u32) -> RefundRequest {
    let mut items = world.shop.everything_refundable(order).unwrap();
    items.retain(|item| matches!(item, RefundItem::Product { .. }));
    let Some(RefundItem::Product { line, .. }) = items.pop() else { panic!("a line") };
    let items = vec![RefundItem::Product { line, quantity, deduction: None }];
    RefundRequest::new(items, RefundPayment::gateway(), "did not fit")
}

/// Everything agrees and costs Intacct nothing more when it is looked at again.
async fn assert_settled(world: &World, order: u64) {
    assert_eq!(world.holds(order).await, Vec::<String>::new());
    world.assert_books_agree().await;
    let before = world.company.requests();
    world.replay(order).await;
    world.settle().await;
    let after = world.company.requests();
    let new: Vec<&str> = after.calls()[before.calls().len()..].iter().map(|call| call.function.as_str()).collect();
    assert_eq!(after.requests, before.requests, "what is known costs nothing: {new:?}");
}

#[tokio::test]
async fn a_paid_order_is_a_sales_invoice_whose_receivable_is_paid() {
    let world = world().await;
    let order = world.shop.place_order(&of(3, 3333, 500)).unwrap();
    world.settle().await;
    // 99.99 and 5.00 shipping with 8.66 tax.
    assert_eq!(sales(&world), [format!("Sales Invoice-BC-{order}: 3 SKU-1 at 33.33, Sales Tax 8.66, Shipping 5.00")]);
    assert_eq!(world.balances(), balances(&[("1150-S", 11365), ("2200", -866), ("4000", -9999), ("4010", -500)]));
    let documents = world.store.documents(STORE, order).await.unwrap();
    let invoice = documents.iter().find(|document| document.planned.kind == "invoice").unwrap();
    assert_eq!(invoice.record_no, Some(format!("Sales Invoice-BC-{order}")), "the id is kept, not the receivable");
    let sold = world.company.sales_documents().remove(0);
    assert_eq!((sold.number, sold.reference), (format!("BC-{order}"), format!("BC-{order}")));
    assert_eq!(open_items(&world), []);
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn a_split_tender_stays_split_and_stored_value_is_an_adjustment() {
    let world = world().await;
    let certificate = GiftCertificate { code: "GIFT-1".into(), balance: usd(5000), amount: usd(5000) };
    let order = world.shop.place_order(&of(1, 12000, 0).gift_certificate(certificate)).unwrap();
    world.settle().await;
    assert_eq!(world.balances(), balances(&[("1150-S", 7990), ("2200", -990), ("2300", 5000), ("4000", -12000)]));
    assert_eq!((world.company.adjustments().len(), world.company.payments().len()), (1, 2));
    assert_eq!(open_items(&world), []);
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn a_coupon_is_a_subtotal_of_its_own() {
    use cartledger::sandbox::bigcommerce::CouponKind;
    let world = world().await;
    let order = world.shop.place_order(&of(1, 12000, 0).coupon(CouponKind::Amount, "SAVE5", usd(500))).unwrap();
    world.settle().await;
    let balance = world.balances();
    assert_eq!((balance["4000"], balance["4095"]), (usd(-12000), usd(500)));
    assert!(sales(&world)[0].contains("Coupon -5.00"), "{:?}", sales(&world));
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn one_unit_of_three_comes_back_and_then_everything_else() {
    let world = world().await;
    let order = world.shop.place_order(&of(3, 3333, 500)).unwrap();
    world.settle().await;
    world.shop.refund(order, &units_back(&world, order, 1)).unwrap();
    world.settle().await;
    assert_eq!(sales(&world).len(), 2);
    assert!(sales(&world)[1].contains(": 1 SKU-1 at 33.33, Sales Tax 2.75"), "{:?}", sales(&world));
    let memo = world.company.sales_documents().pop().unwrap();
    assert_eq!(memo.created_from, Some(format!("Sales Invoice-BC-{order}")));
    assert_eq!(memo.definition, "Sales Credit Memo");
    assert_eq!((world.balances()["4100"], world.balances()["1150-S"]), (usd(3333), usd(11365 - 3608)));
    assert_settled(&world, order).await;

    let rest = world.shop.everything_refundable(order).unwrap();
    world.shop.refund(order, &RefundRequest::new(rest, RefundPayment::gateway(), "all of it")).unwrap();
    world.settle().await;
    assert_eq!(world.balances(), balances(&[("4000", -9999), ("4100", 9999)]));
    assert_eq!(open_items(&world), []);
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn a_full_refund_and_its_sale_posted_in_one_run_go_in_their_order() {
    let mut world = world().await;
    world.kill_service().await;
    let order = world.shop.place_order(&of(2, 6000, 500)).unwrap();
    let all = world.shop.everything_refundable(order).unwrap();
    world.shop.refund(order, &RefundRequest::new(all, RefundPayment::gateway(), "all of it")).unwrap();
    world.start_service().await;
    world.settle().await;
    assert_eq!(world.balances(), balances(&[("4000", -12000), ("4100", 12000)]));
    assert_eq!((sales(&world).len(), open_items(&world)), (2, vec![]));
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn an_amount_off_the_order_is_an_adjustment_because_nothing_comes_back() {
    let world = world().await;
    let order = world.shop.place_order(&of(1, 12000, 0)).unwrap();
    world.settle().await;
    let some = vec![RefundItem::Order { amount: usd(2000) }];
    world.shop.refund(order, &RefundRequest::new(some, RefundPayment::gateway(), "sorry")).unwrap();
    world.settle().await;
    assert_eq!((sales(&world).len(), world.balances()["4100"]), (1, usd(2000)));
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn a_receivable_made_anew_between_invoice_and_payment_is_found_again() {
    // A sale counts although only an authorisation stands behind it; its money comes later.
    let world = world_with("export_statuses = [4, 7, 11, 14]\n").await;
    let order = world.shop.create_order(&of(1, 12000, 0)).unwrap();
    world.shop.authorise(order).unwrap();
    world.settle().await;
    assert_eq!(open_items(&world), [(format!("BC-{order}"), usd(12990))]);
    let (id, before) = (format!("Sales Invoice-BC-{order}"), world.company.invoices()[0].record_no);
    assert_ne!(world.company.edit_sales_document(&id).unwrap(), before);
    world.shop.capture(order, None).unwrap();
    world.settle().await;
    assert_eq!(world.balances(), balances(&[("1150-S", 12990), ("2200", -990), ("4000", -12000)]));
    assert_eq!(open_items(&world), []);
    // And once more between the refund's credit memo and what pays it out.
    world.company.add_fault(Fault::new(FaultKind::ServerError).on_function("create ARPYMT"));
    world.shop.refund(order, &units_back(&world, order, 1)).unwrap();
    world.settle().await;
    assert!(world.company.pending_faults().is_empty());
    assert_eq!(world.balances(), balances(&[("4000", -12000), ("4100", 12000)]));
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn a_receivable_made_anew_while_its_payment_is_under_way_is_read_again() {
    let world = world().await;
    world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 1000 }).on_function("create ARPYMT"));
    let order = world.shop.place_order(&of(1, 12000, 0)).unwrap();
    let under_way = async {
        while !world.company.pending_faults().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), under_way).await.unwrap();
    world.company.edit_sales_document(&format!("Sales Invoice-BC-{order}")).unwrap();
    world.settle().await;
    assert_eq!(world.balances(), balances(&[("1150-S", 12990), ("2200", -990), ("4000", -12000)]));
    assert_eq!(world.company.payments().len(), 1);
    assert_settled(&world, order).await;
    let receipt = world.store.documents(STORE, order).await.unwrap();
    let receipt = receipt.iter().find(|document| document.planned.kind == "receipt").unwrap();
    assert_eq!(receipt.attempts, 2, "refused once, then paid");
}

#[tokio::test]
async fn an_order_edited_after_posting_is_corrected_in_receivables() {
    let world = world().await;
    let order = world.shop.place_order(&on_terms(of(2, 6000, 0))).unwrap();
    world.settle().await;
    world.shop.edit(order, &on_terms(of(1, 6000, 0))).unwrap();
    world.settle().await;
    assert_eq!(open_items(&world), [(format!("BC-{order}"), usd(6495))]);
    assert_eq!((sales(&world).len(), world.company.adjustments().len()), (1, 1), "the document itself stays as it is");
    world.shop.cancel(order).unwrap();
    world.settle().await;
    assert_eq!((world.balances(), open_items(&world)), (BTreeMap::new(), vec![]));
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn every_lost_answer_is_looked_up_and_nothing_is_sent_twice() {
    for kind in [FaultKind::LoseAnswer, FaultKind::TruncateAnswer, FaultKind::DropBeforeExecuting] {
        let world = world().await;
        let strike = || {
            for function in ["create_sotransaction", "create ARPYMT"] {
                world.company.add_fault(Fault::new(kind).on_function(function));
            }
        };
        strike();
        let order = world.shop.place_order(&of(3, 3333, 500)).unwrap();
        world.settle().await;
        strike();
        world.shop.refund(order, &units_back(&world, order, 1)).unwrap();
        world.settle().await;
        assert!(world.company.pending_faults().is_empty(), "{:?}", world.company.pending_faults());
        assert_eq!((sales(&world).len(), world.company.payments().len()), (2, 2), "{kind:?}");
        assert_settled(&world, order).await;
    }
}

#[tokio::test]
async fn a_service_killed_in_the_middle_posts_everything_exactly_once() {
    let mut world = world().await;
    let slow = |function: &str| Fault::new(FaultKind::Delay { milliseconds: 1500 }).on_function(function);
    world.company.add_fault(slow("create_sotransaction"));
    let order = world.shop.place_order(&of(3, 3333, 500)).unwrap();
    world.kill_service_during("create_sotransaction").await;
    world.start_service().await;
    world.settle().await;
    world.company.add_fault(slow("create ARPYMT"));
    world.shop.refund(order, &units_back(&world, order, 1)).unwrap();
    world.kill_service_during("create ARPYMT").await;
    world.start_service().await;
    world.settle().await;
    assert_eq!((sales(&world).len(), world.company.payments().len()), (2, 2));
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn a_product_without_an_item_is_held_before_anything_is_sent_and_released_by_its_rule() {
    let world = World::start_with(&order_entry()).await;
    let order = world.shop.place_order(&of(1, 12000, 0)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["order-entry-incomplete"]);
    assert_eq!((sales(&world).len(), world.company.customers().len()), (0, 0));
    assert_eq!(world.put_rules(&rules()).await, 201);
    world.settle().await;
    assert_eq!(world.balances(), balances(&[("1150-S", 12990), ("2200", -990), ("4000", -12000)]));
    assert_settled(&world, order).await;
}

#[tokio::test]
async fn a_change_of_mode_on_a_date_leaves_every_order_the_way_it_began() {
    let switch = format!(
        "posting_changes = {{ \"2024-03-13\" = \"order_entry\", \"2024-03-14\" = \"order\" }}\n\
         changed_orders = \"correct\"\n{NAMES}"
    );
    let clock = Clock::fixed("2024-03-12T18:00:00Z".parse().unwrap());
    let mut world = World::start_at(&switch, clock.clone()).await;
    assert_eq!(world.put_rules(&rules()).await, 201);
    let mut orders = Vec::new();
    for _ in 12..=14 {
        let order = world.shop.place_order(&of(3, 3333, 0)).unwrap();
        world.settle().await;
        orders.push(order);
        clock.advance(std::time::Duration::from_secs(24 * 3600));
    }
    // All of them come back after the last change, and after the team took the dates out of its settings.
    for (posting, quantity) in [(None, 1), (Some("order"), 1), (Some("order_entry"), 1)] {
        if let Some(posting) = posting {
            world.restart_with(&format!("posting = \"{posting}\"\nchanged_orders = \"correct\"\n{NAMES}")).await;
        }
        for order in &orders {
            world.shop.refund(*order, &units_back(&world, *order, quantity)).unwrap();
        }
        world.settle().await;
        clock.advance(std::time::Duration::from_secs(3600));
    }
    let ids: Vec<String> = world.company.sales_documents().into_iter().map(|document| document.id).collect();
    assert!(ids[0] == format!("Sales Invoice-BC-{}", orders[1]), "{ids:?}");
    assert_eq!(ids.len(), 4, "one sale and its three returns: {ids:?}");
    assert_eq!(world.company.invoices().len(), 3);
    assert_eq!(world.balances(), balances(&[("4000", -29997), ("4100", 29997)]));
    assert_eq!(open_items(&world), []);
    for order in orders {
        assert_settled(&world, order).await;
    }
}

#[tokio::test]
async fn an_order_entry_document_entered_by_hand_is_found_and_compared() {
    let world = world().await;
    let first = world.shop.place_order(&of(1, 12000, 0)).unwrap();
    world.settle().await;
    let refused = Fault::new(FaultKind::SmartRule).times(1_000).on_function("create_sotransaction");
    world.company.add_fault(refused);
    let same = world.shop.place_order(&of(1, 12000, 0)).unwrap();
    let other = world.shop.place_order(&of(2, 12000, 0)).unwrap();
    world.settle().await;
    let id = format!("Sales Invoice-BC-{first}");
    assert_eq!(world.company.sales_documents().iter().map(|document| &document.id).collect::<Vec<_>>(), [&id]);
    let claimed = async |order: u64, by: &str, name: &str| {
        let body = json!({ "key": format!("{STORE}/{order}/invoice/r1"), by: name, "note": "by hand" });
        let (status, answer) = told(&world, "documents/by-hand", &body).await;
        assert_eq!(status, 202, "{answer}");
        let path = format!("documents/by-hand/{}", answer["id"]);
        world.wait_until("it is looked up", async || asked(&world, &path).await["state"] != "open").await;
        asked(&world, &path).await["differences"].as_str().unwrap().to_owned()
    };
    // Equal in everything, and still another order's.
    let taken = format!("record {id} is {STORE}/{first}/invoice/r1 already");
    assert_eq!(claimed(same, "record_no", &id).await, taken);
    assert_eq!(claimed(same, "number", &format!("BC-{first}")).await, taken);
    assert_eq!(claimed(other, "record_no", &id).await, "the total is 129.90 instead of 259.80");
    assert_eq!(claimed(other, "number", "BC-0").await, "no Sales Invoice with number BC-0 was found in Intacct");
}
