//! Staff edit an order after it was placed, and its payments change: lines, prices, charges, buyer; charged again, voided.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::draft::OrderDraft;
use super::super::model::{Line, Order};
use super::super::pricing;
use super::super::store::Store;
use super::checkout::check;
use super::{ActionError, Movement, Shop, not_possible};

impl Store {
    /// Staff edit the order until it reads like this description; the platform works out discounts, taxes and totals
    /// anew. Id, date, status, payments, gift certificate, store credit, refunds and shipments stay, and so do the ids of
    /// products and addresses that are still on it. No money moves (BigCommerce, Orders V2, updating orders).
    ///
    /// # Errors
    /// [`ActionError::Draft`] when the description cannot be an order, [`ActionError::UnknownOrder`].
    pub fn edit(&self, order: u64, draft: &OrderDraft) -> Result<(), ActionError> {
        self.act(|shop| shop.edit(order, draft))
    }

    /// The order's gateway charges another amount, in the order's currency: an edit made the order dearer.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when the order is not paid through a gateway.
    pub fn charge_more(&self, order: u64, amount: Decimal) -> Result<(), ActionError> {
        self.act(|shop| {
            let (gateway, method) = shop.gateway(order)?;
            shop.charge(order, "purchase", &method, &gateway, amount)?;
            shop.order(order)?.payment_status = "captured".into();
            shop.touched(order)
        })
    }

    /// The gateway voids the last payment that was received: its money never arrives.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when nothing was received through the gateway.
    pub fn void_payment(&self, order: u64) -> Result<(), ActionError> {
        self.act(|shop| {
            let (gateway, method) = shop.gateway(order)?;
            let received = shop.order(order)?.received().filter(|row| row.gateway == gateway).last();
            let (reference, amount) = received
                .map(|row| (Some(row.id), row.amount))
                .ok_or_else(|| not_possible(order, "the gateway has received nothing"))?;
            let (method, gateway) = (method.as_str(), gateway.as_str());
            shop.record(order, &Movement { event: "void", method, gateway, amount, ok: true, reference })?;
            shop.order(order)?.payment_status = "void".into();
            shop.touched(order)
        })
    }
}

impl Shop<'_> {
    fn edit(&mut self, id: u64, draft: &OrderDraft) -> Result<(), ActionError> {
        check(draft)?;
        let before = self.order(id)?.clone();
        let mut draft = draft.clone();
        (draft.gift_certificate, draft.store_credit) = (before.gift_certificate.clone(), before.store_credit);
        let after = pricing::reprice(&draft, id, &self.settings.currency, self.now, &mut self.state.counters);
        if after.totals.inc.is_sign_negative() {
            return Err(ActionError::Draft("gift certificate and store credit exceed the total"));
        }
        *self.order(id)? = merged(before, after);
        self.touched(id)
    }
}

/// The order with the parts and amounts of `after`; what is still on it keeps its ids and what was done with it.
fn merged(before: Order, mut after: Order) -> Order {
    let mut addresses = BTreeMap::new();
    for (new, old) in after.destinations.iter_mut().zip(&before.destinations) {
        addresses.insert(new.id, old.id);
        new.id = old.id;
        new.shipped = old.shipped;
        (new.shipping_refunded, new.handling_refunded) = (old.shipping_refunded, old.handling_refunded);
    }
    let address = |id: u64| addresses.get(&id).copied().unwrap_or(id);
    let mut lines = BTreeMap::new();
    let mut left: Vec<&Line> = before.lines.iter().collect();
    for new in &mut after.lines {
        new.address_id = address(new.address_id);
        if let Some(place) = left.iter().position(|old| old.sku == new.sku && old.kind == new.kind) {
            let old = left.remove(place);
            lines.insert(new.id, old.id);
            new.id = old.id;
            (new.shipped, new.refunded) = (old.shipped.min(new.quantity), old.refunded.min(new.quantity));
            (new.wrapping_refunded, new.gift_certificate_id) = (old.wrapping_refunded, old.gift_certificate_id);
        }
    }
    let line = |id: u64| lines.get(&id).copied().unwrap_or(id);
    after.lines.iter_mut().for_each(|new| new.parent = new.parent.map(line));
    for row in &mut after.taxes {
        row.address_id = address(row.address_id);
        row.order_product_id = row.order_product_id.map(line);
    }
    let Order { customer_id, billing, currency, exchange_rate, inclusive, totals, .. } = after;
    let Order { lines, destinations, coupons, fees, taxes, .. } = after;
    Order {
        customer_id,
        billing,
        currency,
        exchange_rate,
        inclusive,
        totals,
        lines,
        destinations,
        coupons,
        fees,
        taxes,
        ..before
    }
}
