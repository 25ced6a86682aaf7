//! What goes back: units, whole orders, declined and offline refunds, deductions, typed-in totals, goodwill.

use rust_decimal::Decimal;

use super::super::actions::{ActionError, RefundItem, RefundPayment, RefundRequest, TotalsOverride};
use super::super::draft::{LineDraft, OrderDraft, Payment, TaxRounding};
use super::super::store::Store;
use super::Step;
use super::catalogue::{indiana, item, texas, usd};
use super::people::People;

pub(super) const STEPS: &[Step] = &[
    ("one unit of three returned", one_of_three),
    ("full refund with shipping", full_refund),
    ("one line returned to the card", one_line),
    ("refund declined by the gateway", declined),
    ("cheque order refunded offline", offline),
    ("two refunds of one order", two_refunds),
    ("return with a restocking fee", restocking_fee),
    ("refund with typed-in totals", typed_in),
    ("goodwill refund on the order", goodwill),
];

fn guest(people: &People, line: LineDraft) -> OrderDraft {
    OrderDraft::guest(people.guest_austin.clone()).ship("Ground", Decimal::ZERO, Decimal::ZERO, &texas()).line(line)
}

/// Units of the order's line with this index.
fn units(store: &Store, order: u64, index: usize, quantity: u32) -> Vec<RefundItem> {
    let line = store.order_product_ids(order).into_iter().nth(index);
    line.map(|line| RefundItem::Product { line, quantity, deduction: None }).into_iter().collect()
}

fn one_of_three(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("WEAR-SHIRT", 3)))?;
    let items = units(store, order, 0, 1);
    store.refund(order, &RefundRequest::new(items, RefundPayment::gateway(), "Too small"))?;
    Ok(order)
}

fn full_refund(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_gary.clone()).ship("Ground", usd(12_95), usd(2_50), &indiana());
    let order = store.place_order(&draft.line(item("CAMP-SET", 1)).rounding(TaxRounding::WholeOrder))?;
    let everything = store.everything_refundable(order)?;
    store.refund(order, &RefundRequest::new(everything, RefundPayment::gateway(), "Arrived broken"))?;
    Ok(order)
}

fn one_line(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.emma.clone();
    let draft = OrderDraft::customer(customer, address).ship("Ground", usd(6_95), Decimal::ZERO, &texas());
    let order =
        store.place_order(&draft.line(item("CAMP-LAMP", 1)).line(item("CAMP-STOVE", 1)).discount(usd(10_50)))?;
    let items = units(store, order, 1, 1);
    store.refund(order, &RefundRequest::new(items, RefundPayment::gateway(), "Changed my mind"))?;
    Ok(order)
}

fn declined(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("GEAR-BOTTLE", 1)).pay_with(Payment::paypal()))?;
    let payment = RefundPayment::gateway().declined("The account of the buyer is closed.");
    let items = units(store, order, 0, 1);
    store.refund(order, &RefundRequest::new(items, payment, "Not as described"))?;
    Ok(order)
}

fn offline(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("CAMP-MUG", 4)).pay_with(Payment::offline("Cheque")))?;
    store.mark_paid(order)?;
    let items = units(store, order, 0, 2);
    store.refund(order, &RefundRequest::new(items, RefundPayment::offline("cheque"), "Two arrived chipped"))?;
    Ok(order)
}

fn two_refunds(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("WEAR-SOCK", 3)))?;
    for reason in ["First pair too large", "Second pair too large"] {
        let items = units(store, order, 0, 1);
        store.refund(order, &RefundRequest::new(items, RefundPayment::gateway(), reason))?;
    }
    Ok(order)
}

/// 120.00 and 9.90 tax less a fee of 15 %: 111.90 goes back.
fn restocking_fee(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("WEAR-BOOT", 1)))?;
    let mut items = units(store, order, 0, 1);
    if let Some(RefundItem::Product { deduction, .. }) = items.first_mut() {
        *deduction = Some((usd(18_00), "Restocking fee".into()));
    }
    store.refund(order, &RefundRequest::new(items, RefundPayment::gateway(), "Worn outdoors"))?;
    Ok(order)
}

fn typed_in(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("WEAR-BOOT", 1)))?;
    let items = units(store, order, 0, 1);
    let request = RefundRequest::new(items, RefundPayment::gateway(), "Settled by phone");
    store.refund(
        order,
        &RefundRequest { totals: Some(TotalsOverride { total: usd(100_00), tax: usd(5_00) }), ..request },
    )?;
    Ok(order)
}

fn goodwill(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("WEAR-BOOT", 1)))?;
    let items = vec![RefundItem::Order { amount: usd(20_00) }];
    store.refund(order, &RefundRequest::new(items, RefundPayment::gateway(), "Sorry for the delay"))?;
    Ok(order)
}
