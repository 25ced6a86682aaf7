//! Customers register, shoppers place orders, and the checkout takes the tenders.

use rust_decimal::Decimal;

use super::super::draft::{CustomerDraft, OrderDraft, Payment};
use super::super::events;
use super::super::model::{Customer, Ids, status};
use super::super::pricing;
use super::super::store::Store;
use super::{ActionError, Movement, Shop, not_possible};

impl Store {
    /// Registers a customer; returns its id.
    pub fn register_customer(&self, draft: CustomerDraft) -> u64 {
        let mut state = self.state();
        let mut shop = Shop::new(&mut state, self.settings(), self.now());
        let id = shop.register(draft);
        shop.close();
        drop(state);
        self.mark_changed();
        self.wake_deliveries();
        id
    }

    /// A shopper reaches the payment page: the order exists as Incomplete (0). Returns its id.
    ///
    /// # Errors
    /// [`ActionError::Draft`] when the description cannot be an order, [`ActionError::UnknownCustomer`].
    pub fn create_order(&self, draft: &OrderDraft) -> Result<u64, ActionError> {
        self.act(|shop| shop.create(draft))
    }

    /// The checkout completes as the payment allows: gateways charge at once, offline methods await payment, purchase
    /// orders and the test gateway go straight to Awaiting Fulfillment.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when the order is not Incomplete.
    pub fn complete_checkout(&self, order: u64) -> Result<(), ActionError> {
        self.act(|shop| shop.complete_checkout(order))
    }

    /// Creates an order and completes its checkout. Returns its id.
    ///
    /// # Errors
    /// Those of [`Store::create_order`].
    pub fn place_order(&self, draft: &OrderDraft) -> Result<u64, ActionError> {
        let order = self.create_order(draft)?;
        self.complete_checkout(order)?;
        Ok(order)
    }
}

impl Shop<'_> {
    fn register(&mut self, draft: CustomerDraft) -> u64 {
        let (id, now) = (self.state.counters.next(Ids::Customer), self.now);
        let CustomerDraft { address, group, store_credit } = draft;
        self.state.customers.insert(id, Customer { id, address, group, store_credit, created: now, modified: now });
        self.events.push(events::customer(id, "created"));
        id
    }

    fn create(&mut self, draft: &OrderDraft) -> Result<u64, ActionError> {
        check(draft)?;
        if draft.customer != 0 {
            let customer =
                self.state.customers.get(&draft.customer).ok_or(ActionError::UnknownCustomer(draft.customer))?;
            if customer.store_credit < draft.store_credit {
                return Err(ActionError::Draft("the customer has less store credit than the order uses"));
            }
        } else if !draft.store_credit.is_zero() {
            return Err(ActionError::Draft("a guest has no store credit"));
        }
        let order = pricing::price(draft, &self.settings.currency, self.now, &mut self.state.counters);
        if order.totals.inc.is_sign_negative() {
            return Err(ActionError::Draft("gift certificate and store credit exceed the total"));
        }
        let (id, channel) = (order.id, order.channel_id);
        self.state.orders.insert(id, order);
        self.events.extend(events::order(id, channel, "created"));
        Ok(id)
    }

    fn complete_checkout(&mut self, id: u64) -> Result<(), ActionError> {
        let order = self.order(id)?;
        if order.status_id != status::INCOMPLETE {
            return Err(not_possible(id, "the checkout is already completed"));
        }
        let (payment, due) = (order.payment.clone(), order.totals.inc);
        self.take_liability_tenders(id)?;
        let status = match payment {
            _ if due.is_zero() => status::AWAITING_FULFILMENT,
            Payment::Gateway { gateway, method, .. } => {
                self.charge(id, "purchase", &method, &gateway, due)?;
                self.order(id)?.payment_status = "captured".into();
                status::AWAITING_FULFILMENT
            }
            Payment::Offline { display_name, pending_row } => {
                if let Some(gateway) = pending_row {
                    self.pending_row(id, display_name, &gateway, due)?;
                }
                status::AWAITING_PAYMENT
            }
            Payment::TestGateway => {
                self.order(id)?.payment_status = "captured".into();
                status::AWAITING_FULFILMENT
            }
            Payment::PurchaseOrder { .. } | Payment::Nothing => status::AWAITING_FULFILMENT,
        };
        self.move_to(id, status)?;
        self.touched(id)
    }

    /// Gift certificate and store credit become one transaction each (split tender: one row per tender).
    pub(super) fn take_liability_tenders(&mut self, id: u64) -> Result<(), ActionError> {
        let order = self.order(id)?;
        let (certificate, credit, customer) = (order.gift_certificate.clone(), order.store_credit, order.customer_id);
        let movement = |method, gateway, amount| Movement {
            event: "purchase",
            method,
            gateway,
            amount,
            ok: true,
            reference: None,
        };
        if let Some(certificate) = certificate {
            let row = self.record(id, &movement("gift_certificate", "giftcertificate", certificate.amount))?;
            row.gateway_id = None;
            row.gift_certificate = Some(certificate);
        }
        if !credit.is_zero() {
            let owner = self.state.customers.get_mut(&customer).ok_or(ActionError::UnknownCustomer(customer))?;
            owner.store_credit -= credit;
            let left = owner.store_credit;
            let row = self.record(id, &movement("store_credit", "storecredit", credit))?;
            row.gateway_id = None;
            row.store_credit_left = Some(left);
        }
        Ok(())
    }

    /// A gateway movement of the whole amount; its reference becomes the order's `payment_provider_id`.
    pub(super) fn charge(
        &mut self,
        id: u64,
        event: &str,
        method: &str,
        gateway: &str,
        amount: Decimal,
    ) -> Result<(), ActionError> {
        let row = self.record(id, &Movement { event, method, gateway, amount, ok: true, reference: None })?;
        let reference = row.gateway_id.clone().unwrap_or_default();
        self.order(id)?.payment_provider_id = reference;
        Ok(())
    }

    fn pending_row(
        &mut self,
        id: u64,
        display_name: String,
        gateway: &str,
        amount: Decimal,
    ) -> Result<(), ActionError> {
        let row = self.record(
            id,
            &Movement { event: "pending", method: "offline", gateway, amount, ok: true, reference: None },
        )?;
        row.gateway_id = None;
        row.offline = Some(display_name);
        Ok(())
    }
}

/// Whether a description can be an order.
pub(super) fn check(draft: &OrderDraft) -> Result<(), ActionError> {
    let shipped = |line: &super::super::draft::LineDraft| line.kind == super::super::draft::LineKind::Physical;
    if draft.lines.is_empty() {
        return Err(ActionError::Draft("it has no lines"));
    }
    if draft.lines.iter().any(|line| line.quantity == 0 || line.unit_price.is_sign_negative()) {
        return Err(ActionError::Draft("a line has no quantity or a negative price"));
    }
    if draft.lines.iter().any(|line| shipped(line) && line.destination >= draft.destinations.len()) {
        return Err(ActionError::Draft("a physical line has no destination"));
    }
    if draft.lines.iter().enumerate().any(|(index, line)| line.parent.is_some_and(|parent| parent >= index)) {
        return Err(ActionError::Draft("a bundle must come before its parts"));
    }
    Ok(())
}
