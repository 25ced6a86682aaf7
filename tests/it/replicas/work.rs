//! What happens in the shop: the same orders, edits, refunds and shipments each time.

use cartledger::sandbox::bigcommerce::{
    Address, LineDraft, OrderDraft, RefundItem, RefundPayment, RefundRequest, TaxRate,
};
use rust_decimal::Decimal;

use crate::support::world::{World, guest};

/// Buyers, each with orders that may be worked on at the same time.
const BUYERS: usize = 7;

/// The orders of a day, in the order they were placed.
#[derive(Default)]
pub struct Day {
    orders: Vec<(u64, OrderDraft)>,
}

impl Day {
    /// So many orders more, of several buyers.
    pub fn orders(&mut self, world: &World, count: usize) {
        for _ in 0..count {
            let draft = draft(self.orders.len());
            self.orders.push((world.shop.place_order(&draft).unwrap(), draft));
        }
    }

    /// Edits and refunds that are made before anybody has read the orders.
    pub fn changes_before_it_is_read(&self, world: &World) {
        for (place, (order, draft)) in self.orders.iter().enumerate() {
            match place % 6 {
                1 => give_back_one(world, *order),
                4 => edit(world, *order, draft),
                _ => {}
            }
        }
    }

    /// Edits, refunds and shipments of orders that are in the books.
    pub fn changes_after_it_is_posted(&mut self, world: &World) {
        for (place, (order, draft)) in self.orders.iter().enumerate() {
            match place % 6 {
                0 => give_back_one(world, *order),
                2 => edit(world, *order, draft),
                3 => world.shop.ship(*order).unwrap(),
                _ => {}
            }
        }
    }
}

fn draft(place: usize) -> OrderDraft {
    let buyer = Address { email: format!("buyer{}@example.com", place % BUYERS), ..guest() };
    let cents = 2_000 + 137 * i64::try_from(place).unwrap();
    let tax = [TaxRate::new("Sales Tax", Decimal::new(825, 2))];
    OrderDraft::guest(buyer)
        .line(LineDraft::new("WEAR-BOOT", "Boots", 2, Decimal::new(cents, 2)))
        .line(LineDraft::new("CAMP-TENT-2", "A tent", 1, Decimal::new(cents * 3, 2)))
        .ship("Ground", Decimal::new(500, 2), Decimal::ZERO, &tax)
}

/// One of the boots comes back.
fn give_back_one(world: &World, order: u64) {
    let line = world.shop.order_product_ids(order)[0];
    let items = vec![RefundItem::Product { line, quantity: 1, deduction: None }];
    world.shop.refund(order, &RefundRequest::new(items, RefundPayment::gateway(), "came back")).unwrap();
}

/// One thing more, which is charged.
fn edit(world: &World, order: u64, draft: &OrderDraft) {
    let gross = || {
        let orders = world.shop.expected_summary();
        orders.iter().find(|expected| expected.order_id == order).map(|expected| expected.gross).unwrap()
    };
    let before = gross();
    let more = draft.clone().line(LineDraft::new("WEAR-HAT-M", "A hat", 1, Decimal::new(1_500, 2)));
    world.shop.edit(order, &more).unwrap();
    world.shop.charge_more(order, gross() - before).unwrap();
}
