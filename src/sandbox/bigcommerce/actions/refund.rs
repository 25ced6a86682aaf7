//! Refunds: the store works out what goes back from what was charged, and the gateway pays it or declines.

use rust_decimal::Decimal;

use super::super::amounts::cents;
use super::super::events;
use super::super::model::{Ids, Line, Order, Refund, RefundedItem, RefundedPayment, status};
use super::super::store::Store;
use super::{ActionError, Movement, Shop, not_possible};

/// One thing to give back.
#[derive(Clone, Debug)]
pub enum RefundItem {
    /// Units of an order product.
    Product {
        /// The order product's id.
        line: u64,
        /// How many units.
        quantity: u32,
        /// A deduction such as a restocking fee: a positive amount kept back, and its description.
        deduction: Option<(Decimal, String)>,
    },
    /// The gift wrapping of an order product.
    GiftWrapping {
        /// The order product's id.
        line: u64,
    },
    /// The shipping charge of an address.
    Shipping {
        /// The order address's id.
        address: u64,
    },
    /// The handling charge of an address.
    Handling {
        /// The order address's id.
        address: u64,
    },
    /// An amount off the order as such; the platform reports no tax for it.
    Order {
        /// The amount, in the order's currency.
        amount: Decimal,
    },
}

/// One way the money goes back.
#[derive(Clone, Debug)]
pub struct RefundPayment {
    provider: Option<String>,
    amount: Option<Decimal>,
    offline: bool,
    declined: Option<String>,
}

impl RefundPayment {
    /// Through the order's own gateway.
    pub fn gateway() -> Self {
        Self { provider: None, amount: None, offline: false, declined: None }
    }

    /// Outside BigCommerce, by this provider (for example `cheque`); only marked as paid back.
    pub fn offline(provider: &str) -> Self {
        Self { provider: Some(provider.into()), offline: true, ..Self::gateway() }
    }

    /// As store credit.
    pub fn store_credit() -> Self {
        Self::offline("storecredit")
    }

    /// Only this amount; without it, whatever is left.
    pub fn amount(mut self, amount: Decimal) -> Self {
        self.amount = Some(amount);
        self
    }

    /// The provider declines.
    pub fn declined(mut self, message: &str) -> Self {
        self.declined = Some(message.into());
        self
    }
}

/// Totals typed in by the merchant instead of computed ones.
#[derive(Clone, Copy, Debug)]
pub struct TotalsOverride {
    /// What goes back, with tax.
    pub total: Decimal,
    /// The tax in it.
    pub tax: Decimal,
}

/// A refund to make.
#[derive(Clone, Debug)]
pub struct RefundRequest {
    /// What goes back.
    pub items: Vec<RefundItem>,
    /// How.
    pub payments: Vec<RefundPayment>,
    /// Why.
    pub reason: String,
    /// Typed-in totals, if any.
    pub totals: Option<TotalsOverride>,
}

impl RefundRequest {
    /// These items, all through one payment.
    pub fn new(items: Vec<RefundItem>, payment: RefundPayment, reason: &str) -> Self {
        Self { items, payments: vec![payment], reason: reason.into(), totals: None }
    }
}

impl Store {
    /// Refunds; returns the refund's id. Fully refunded orders become Refunded (4), others Partially Refunded (14); a
    /// declined payment changes neither status nor quantities, but the refund stays on the order.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when that is not on the order any more, exceeds what was paid, or the payments do
    /// not reach the total.
    pub fn refund(&self, order: u64, request: &RefundRequest) -> Result<u64, ActionError> {
        self.act(|shop| shop.refund(order, request))
    }

    /// Everything on the order that can still be refunded: units, wrapping, shipping and handling.
    ///
    /// # Errors
    /// [`ActionError::UnknownOrder`].
    pub fn everything_refundable(&self, order: u64) -> Result<Vec<RefundItem>, ActionError> {
        let state = self.state();
        let order = state.orders.get(&order).ok_or(ActionError::UnknownOrder(order))?;
        let units = order.lines.iter().filter(|line| line.refunded < line.quantity).map(|line| RefundItem::Product {
            line: line.id,
            quantity: line.quantity - line.refunded,
            deduction: None,
        });
        let wrapped = order.lines.iter().filter(|line| !line.wrapping.inc.is_zero() && !line.wrapping_refunded);
        let shipped = order.destinations.iter().filter(|at| !at.shipping.inc.is_zero() && !at.shipping_refunded);
        let handled = order.destinations.iter().filter(|at| !at.handling.inc.is_zero() && !at.handling_refunded);
        Ok(units
            .chain(wrapped.map(|line| RefundItem::GiftWrapping { line: line.id }))
            .chain(shipped.map(|at| RefundItem::Shipping { address: at.id }))
            .chain(handled.map(|at| RefundItem::Handling { address: at.id }))
            .collect())
    }
}

/// Net and tax, exact.
#[derive(Clone, Copy, Default)]
struct Share {
    net: Decimal,
    tax: Decimal,
}

/// What the order's refunded units and charges are worth, to the cent: computed from all of them at once, so that
/// parts of a line never add up to more than the line.
fn refunded_so_far(order: &Order) -> Share {
    let mut sum = Share::default();
    let mut add = |net: Decimal, tax: Decimal| sum = Share { net: sum.net + net, tax: sum.tax + tax };
    for line in &order.lines {
        let (refunded, of) = (Decimal::from(line.refunded), Decimal::from(line.quantity));
        add(line.net() * refunded / of, line.total.tax * refunded / of);
        if line.wrapping_refunded {
            add(line.wrapping.ex, line.wrapping.tax);
        }
    }
    for at in &order.destinations {
        if at.shipping_refunded {
            add(at.shipping.ex, at.shipping.tax);
        }
        if at.handling_refunded {
            add(at.handling.ex, at.handling.tax);
        }
    }
    let tax = cents(sum.tax);
    Share { net: cents(sum.net + sum.tax) - tax, tax }
}

fn line_of(order: &mut Order, id: u64) -> Option<&mut Line> {
    order.lines.iter_mut().find(|line| line.id == id)
}

/// Marks one item as refunded on the order and describes it; `None` when it is not there to refund.
fn give_back(order: &mut Order, item: &RefundItem) -> Option<RefundedItem> {
    let entry = |item_type: &str, item_id, requested| RefundedItem {
        item_type: item_type.into(),
        item_id,
        quantity: 1,
        requested,
        adjustment: None,
    };
    match item {
        RefundItem::Product { line, quantity, deduction } => {
            let found = line_of(order, *line)?;
            if *quantity == 0 || *quantity > found.quantity - found.refunded {
                return None;
            }
            found.refunded += quantity;
            let adjustment = deduction.as_ref().map(|(amount, why)| (-*amount, why.clone()));
            Some(RefundedItem { quantity: *quantity, adjustment, ..entry("PRODUCT", *line, None) })
        }
        RefundItem::GiftWrapping { line } => {
            let found = line_of(order, *line).filter(|line| !line.wrapping_refunded)?;
            found.wrapping_refunded = true;
            Some(entry("GIFT_WRAPPING", *line, Some(cents(found.wrapping.ex))))
        }
        RefundItem::Shipping { address } => {
            let found = order.destinations.iter_mut().find(|at| at.id == *address && !at.shipping_refunded)?;
            found.shipping_refunded = true;
            Some(entry("SHIPPING", *address, Some(cents(found.shipping.ex))))
        }
        RefundItem::Handling { address } => {
            let found = order.destinations.iter_mut().find(|at| at.id == *address && !at.handling_refunded)?;
            found.handling_refunded = true;
            Some(entry("HANDLING", *address, Some(cents(found.handling.ex))))
        }
        RefundItem::Order { amount } => Some(entry("ORDER", order.id, Some(*amount))),
    }
}

impl Shop<'_> {
    fn refund(&mut self, id: u64, request: &RefundRequest) -> Result<u64, ActionError> {
        let before = self.order(id)?.clone();
        let mut after = before.clone();
        let mut items = Vec::new();
        for item in &request.items {
            items.push(
                give_back(&mut after, item).ok_or_else(|| not_possible(id, "that is not on the order to refund"))?,
            );
        }
        let (total, tax) = refund_totals(&before, &after, request, &items);
        let already: Decimal = before.refunds.iter().map(Refund::paid_back).sum();
        if total <= Decimal::ZERO || already + total > before.gross() {
            return Err(not_possible(id, "a refund must be more than nothing and no more than was paid"));
        }
        let payments = self.refund_payments(id, request, total)?;
        let paid: Decimal = payments.iter().filter(|payment| !payment.declined).map(|payment| payment.amount).sum();
        let moved = !paid.is_zero();
        if moved {
            *self.order(id)? = after;
        }
        self.pay_back(id, &payments)?;
        let (created, overridden) = (self.now, request.totals.is_some());
        let refund = self.state.counters.next(Ids::Refund);
        let order = self.order(id)?;
        let reason = request.reason.clone();
        order.refunds.push(Refund { id: refund, created, reason, total, tax, overridden, items, payments });
        let (full, channel) = (already + paid >= order.gross(), order.channel_id);
        self.events.extend(events::refund_created(id, channel, refund));
        if moved {
            let (state, said) =
                if full { (status::REFUNDED, "refunded") } else { (status::PARTIALLY_REFUNDED, "partially refunded") };
            self.order(id)?.payment_status = said.into();
            self.move_to(id, state)?;
        }
        self.touched(id)?;
        Ok(refund)
    }

    /// The payments of a refund; one without an amount takes what is left. They must reach the total.
    fn refund_payments(
        &mut self,
        id: u64,
        request: &RefundRequest,
        total: Decimal,
    ) -> Result<Vec<RefundedPayment>, ActionError> {
        let mut left = total;
        let mut payments = Vec::new();
        for payment in &request.payments {
            let provider_id = match &payment.provider {
                Some(provider) => provider.clone(),
                None => self.gateway(id)?.0,
            };
            if provider_id == "storecredit" && self.order(id)?.customer_id == 0 {
                return Err(not_possible(id, "unable to provide store credit for a guest customer"));
            }
            let charged =
                self.order(id)?.transactions.iter().any(|row| row.is_received() && row.gateway == provider_id);
            if !payment.offline && !charged {
                return Err(not_possible(id, "the gateway has received nothing to pay back"));
            }
            let amount = payment.amount.unwrap_or(left);
            left -= amount;
            let message = payment.declined.clone().unwrap_or_default();
            let (offline, declined) = (payment.offline, payment.declined.is_some());
            let number = self.state.counters.next(Ids::RefundPayment);
            payments.push(RefundedPayment { id: number, provider_id, amount, offline, declined, message });
        }
        if left.is_zero() {
            Ok(payments)
        } else {
            Err(not_possible(id, "the payments do not reach the refund's total"))
        }
    }

    /// Moves the money: gateway payments get a transaction row, store credit goes to the customer, the rest is offline.
    fn pay_back(&mut self, id: u64, payments: &[RefundedPayment]) -> Result<(), ActionError> {
        for payment in payments {
            if payment.provider_id == "storecredit" && !payment.declined {
                let customer = self.order(id)?.customer_id;
                let owner = self.state.customers.get_mut(&customer).ok_or(ActionError::UnknownCustomer(customer))?;
                owner.store_credit += payment.amount;
            } else if !payment.offline {
                let (gateway, method) = self.gateway(id)?;
                let received =
                    self.order(id)?.transactions.iter().rev().find(|row| row.is_received() && row.gateway == gateway);
                let reference = received.map(|row| row.id);
                let (method, gateway, ok) = (method.as_str(), gateway.as_str(), !payment.declined);
                self.record(id, &Movement { event: "refund", method, gateway, amount: payment.amount, ok, reference })?;
            }
        }
        Ok(())
    }
}

/// The refund's total and the tax in it: typed in, or what the items were charged, less deductions, plus order-level
/// amounts.
fn refund_totals(before: &Order, after: &Order, request: &RefundRequest, items: &[RefundedItem]) -> (Decimal, Decimal) {
    if let Some(TotalsOverride { total, tax }) = request.totals {
        return (total, tax);
    }
    let (was, is) = (refunded_so_far(before), refunded_so_far(after));
    let tax = is.tax - was.tax;
    let deducted: Decimal = items.iter().filter_map(|item| item.adjustment.as_ref()).map(|(amount, _)| *amount).sum();
    let order_level = items.iter().filter(|item| item.item_type == "ORDER").filter_map(|item| item.requested);
    (is.net - was.net + tax + deducted + order_level.sum::<Decimal>(), tax)
}
