//! How orders are paid: at once, later, in parts, offline, on terms, with several tenders, or not at all.

use rust_decimal::Decimal;

use super::super::actions::ActionError;
use super::super::draft::{GiftCertificate, LineDraft, OrderDraft, Payment};
use super::super::store::Store;
use super::Step;
use super::catalogue::{indiana, item, texas, usd};
use super::people::People;

pub(super) const STEPS: &[Step] = &[
    ("authorised, then captured", authorised_and_captured),
    ("captured in two steps", captured_twice),
    ("paid with PayPal", paypal),
    ("paid by cheque", cheque),
    ("paid by bank deposit", bank_deposit),
    ("cash on delivery, shipped and paid", cash_on_delivery),
    ("purchase order on terms", purchase_order),
    ("gift certificate, store credit and card", split_tender),
    ("authorised only", authorised_only),
    ("cancelled before capture", cancelled),
    ("checkout not completed", incomplete),
    ("card declined", declined),
    ("paid through the test gateway", test_gateway),
    ("bank deposit not arrived", deposit_awaited),
];

fn guest(people: &People, line: LineDraft) -> OrderDraft {
    OrderDraft::guest(people.guest_austin.clone()).ship("Ground", usd(7_50), Decimal::ZERO, &texas()).line(line)
}

fn authorised_and_captured(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.create_order(&guest(people, item("CAMP-LAMP", 3)))?;
    store.authorise(order)?;
    store.capture(order, None)?;
    store.ship(order)?;
    Ok(order)
}

fn captured_twice(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.create_order(&guest(people, item("CAMP-STOVE", 3)))?;
    store.authorise(order)?;
    store.capture(order, Some(usd(80_00)))?;
    store.capture(order, None)?;
    Ok(order)
}

fn paypal(store: &Store, people: &People) -> Result<u64, ActionError> {
    store.place_order(&guest(people, item("GEAR-BOTTLE", 1)).pay_with(Payment::paypal()))
}

fn cheque(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("WEAR-SHIRT", 1)).pay_with(Payment::offline("Cheque")))?;
    store.mark_paid(order)?;
    Ok(order)
}

fn bank_deposit(store: &Store, people: &People) -> Result<u64, ActionError> {
    let payment = Payment::Offline { display_name: "Bank Deposit".into(), pending_row: Some("bankdeposit".into()) };
    let order = store.place_order(&guest(people, item("WEAR-JACKET", 2)).pay_with(payment))?;
    store.mark_paid(order)?;
    Ok(order)
}

fn cash_on_delivery(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order =
        store.place_order(&guest(people, item("CAMP-MUG", 6)).pay_with(Payment::offline("Cash on Delivery")))?;
    store.mark_paid(order)?;
    store.ship(order)?;
    Ok(order)
}

fn purchase_order(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.company.clone();
    let draft = OrderDraft::customer(customer, address).ship("Freight", usd(55_00), Decimal::ZERO, &indiana());
    store.place_order(&draft.line(item("CAMP-TENT", 10)).pay_with(Payment::PurchaseOrder { number: "WH-20931".into() }))
}

/// 150.00 and shipping 9.95, tax 13.20: 50.00 by gift certificate, 25.00 store credit, 98.15 by card.
fn split_tender(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.credit_holder.clone();
    let certificate = GiftCertificate { code: "MB345-7YQ".into(), balance: usd(50_00), amount: usd(50_00) };
    let draft = OrderDraft::customer(customer, address).ship("Ground", usd(9_95), Decimal::ZERO, &texas());
    store.place_order(&draft.line(item("WEAR-JACKET", 1)).gift_certificate(certificate).store_credit(usd(25_00)))
}

fn authorised_only(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.create_order(&guest(people, item("WEAR-BOOT", 1)))?;
    store.authorise(order)?;
    Ok(order)
}

fn cancelled(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.create_order(&guest(people, item("WEAR-SHIRT", 3)))?;
    store.authorise(order)?;
    store.cancel(order)?;
    Ok(order)
}

fn incomplete(store: &Store, people: &People) -> Result<u64, ActionError> {
    store.create_order(&guest(people, item("GEAR-MAP", 1)))
}

fn declined(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.create_order(&guest(people, item("CAMP-LAMP", 1)))?;
    store.decline_payment(order)?;
    Ok(order)
}

fn test_gateway(store: &Store, people: &People) -> Result<u64, ActionError> {
    store.place_order(&guest(people, item("GEAR-MAP", 2)).pay_with(Payment::TestGateway))
}

fn deposit_awaited(store: &Store, people: &People) -> Result<u64, ActionError> {
    store.place_order(&guest(people, item("CAMP-STOVE", 1)).pay_with(Payment::offline("Bank Deposit")))
}
