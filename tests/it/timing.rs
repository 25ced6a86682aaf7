//! Ship-date recognition and the cost of goods, over real HTTP: accounting cases E12 and E14 in the company's books.

use std::time::Duration;

use cartledger::sandbox::bigcommerce::{LineDraft, OrderDraft, RefundItem, RefundPayment, RefundRequest, TaxRate};
use rust_decimal::Decimal;

use crate::support::world::{STORE, World, demo_rules, guest};

const SHIP_DATE: &str = "recognition = \"ship-date\"\ndeposit_account = \"2320\"\ncost_of_goods = true\n";

/// Two units at 30.00 that cost 23.68 each, with 4.95 tax: 64.95.
fn two_boots() -> OrderDraft {
    let boots = LineDraft::new("WEAR-BOOT", "A boot", 2, Decimal::new(3000, 2)).cost(Decimal::new(2368, 2));
    let tax = [TaxRate::new("Sales Tax", Decimal::new(825, 2))];
    OrderDraft::guest(guest()).line(boots).ship("Ground", Decimal::ZERO, Decimal::ZERO, &tax)
}

async fn world() -> World {
    let world = World::start_with(SHIP_DATE).await;
    let mut rules = demo_rules();
    for rule in rules.as_array_mut().unwrap().iter_mut().filter(|rule| rule["kind"] == "product") {
        rule["gives"]["cost_account"] = "5000".into();
        rule["gives"]["inventory_account"] = "1200".into();
    }
    assert_eq!(world.put_rules(&rules).await, 201);
    world
}

fn assert_balances(world: &World, expected: &[(&str, i64)]) {
    let expected = expected.iter().map(|(account, cents)| ((*account).to_owned(), Decimal::new(*cents, 2))).collect();
    assert_eq!(world.balances(), expected);
}

#[tokio::test]
async fn money_is_a_deposit_until_the_goods_ship_and_their_cost_follows_them() {
    let world = world().await;
    let order = world.shop.create_order(&two_boots()).unwrap();
    world.shop.authorise(order).unwrap();
    world.settle().await;
    assert_balances(&world, &[]);
    world.shop.capture(order, None).unwrap();
    world.settle().await;
    assert_balances(&world, &[("1150-S", 6495), ("2320", -6495)]);
    let standing = world.store.order(STORE, order).await.unwrap().unwrap();
    assert_eq!(standing.outcome, "waiting");
    assert!(standing.reason.ends_with("64.95 USD is on deposit"), "{}", standing.reason);

    world.shop.ship(order).unwrap();
    world.settle().await;
    let sold = [("1150-S", 6495), ("1200", -4736), ("2200", -495), ("4000", -6000), ("5000", 4736)];
    assert_balances(&world, &sold);
    let standing = world.store.order(STORE, order).await.unwrap().unwrap();
    assert_eq!((standing.outcome.as_str(), standing.open_balance), ("posted", Some(Decimal::ZERO)));
    world.assert_books_agree().await;

    // The shop tells its times in whole seconds: one boot comes back in another one.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let line = match world.shop.everything_refundable(order).unwrap().remove(0) {
        RefundItem::Product { line, .. } => line,
        other => panic!("{other:?}"),
    };
    let one = RefundItem::Product { line, quantity: 1, deduction: None };
    world.shop.refund(order, &RefundRequest::new(vec![one], RefundPayment::gateway(), "too small")).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, Vec::<String>::new());
    world.assert_books_agree().await;
    let left = world.balances();
    assert_eq!((left["1200"], left["5000"]), (Decimal::new(-2368, 2), Decimal::new(2368, 2)));
    assert_eq!((left.get("1100"), left.get("2320")), (None, None));
}

#[tokio::test]
async fn an_order_cancelled_before_it_ships_gives_its_deposit_back() {
    let world = world().await;
    let order = world.shop.place_order(&two_boots()).unwrap();
    world.settle().await;
    assert_balances(&world, &[("1150-S", 6495), ("2320", -6495)]);
    let everything = world.shop.everything_refundable(order).unwrap();
    world.shop.refund(order, &RefundRequest::new(everything, RefundPayment::gateway(), "changed my mind")).unwrap();
    world.shop.cancel(order).unwrap();
    world.settle().await;
    assert_balances(&world, &[]);
    assert!(world.holds(order).await.is_empty());
    assert_eq!(world.company.journals().len(), 2);
    assert!(world.company.invoices().is_empty() && world.company.adjustments().is_empty());
    world.assert_books_agree().await;
}
