//! Money on gateways and by hand: authorise, capture, void, decline, mark paid.

use rust_decimal::Decimal;

use super::super::draft::Payment;
use super::super::model::{Order, status};
use super::super::store::Store;
use super::{ActionError, Movement, Shop, not_possible};

impl Store {
    /// The gateway authorises the order's total without charging it: the order awaits payment.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when the order is not Incomplete or not paid through a gateway.
    pub fn authorise(&self, order: u64) -> Result<(), ActionError> {
        self.act(|shop| shop.authorise(order))
    }

    /// Captures an amount of the authorisation (in the order's currency), or all that is left of it. The first capture
    /// moves the order to Awaiting Fulfillment.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when there is no authorisation, or not that much left of it.
    pub fn capture(&self, order: u64, amount: Option<Decimal>) -> Result<(), ActionError> {
        self.act(|shop| shop.capture(order, amount))
    }

    /// The gateway declines the payment.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when the order is not Incomplete or not paid through a gateway.
    pub fn decline_payment(&self, order: u64) -> Result<(), ActionError> {
        self.act(|shop| shop.decline(order))
    }

    /// Staff mark an offline order as paid. No transaction row appears; the platform writes none either.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when the order is not awaiting an offline payment.
    pub fn mark_paid(&self, order: u64) -> Result<(), ActionError> {
        self.act(|shop| shop.mark_paid(order))
    }
}

/// What is authorised and what of it is captured; `None` without a standing authorisation.
fn authorisation(order: &Order) -> Option<(u64, Decimal)> {
    if order.transactions.iter().any(|row| row.event == "void" && row.ok) {
        return None;
    }
    let authorised = order.transactions.iter().find(|row| row.event == "authorization" && row.ok)?;
    let captured: Decimal =
        order.transactions.iter().filter(|row| row.event == "capture" && row.ok).map(|row| row.amount).sum();
    Some((authorised.id, authorised.amount - captured))
}

impl Shop<'_> {
    /// The order's gateway and method, when it has one.
    pub(super) fn gateway(&mut self, id: u64) -> Result<(String, String), ActionError> {
        match &self.order(id)?.payment {
            Payment::Gateway { gateway, method, .. } => Ok((gateway.clone(), method.clone())),
            _ => Err(not_possible(id, "it is not paid through a gateway")),
        }
    }

    fn incomplete(&mut self, id: u64) -> Result<Decimal, ActionError> {
        let order = self.order(id)?;
        if order.status_id != status::INCOMPLETE {
            return Err(not_possible(id, "the checkout is already completed"));
        }
        Ok(order.totals.inc)
    }

    fn authorise(&mut self, id: u64) -> Result<(), ActionError> {
        let due = self.incomplete(id)?;
        let (gateway, method) = self.gateway(id)?;
        self.take_liability_tenders(id)?;
        self.charge(id, "authorization", &method, &gateway, due)?;
        self.order(id)?.payment_status = "authorized".into();
        self.move_to(id, status::AWAITING_PAYMENT)?;
        self.touched(id)
    }

    fn capture(&mut self, id: u64, amount: Option<Decimal>) -> Result<(), ActionError> {
        let (gateway, method) = self.gateway(id)?;
        let (reference, left) =
            authorisation(self.order(id)?).ok_or_else(|| not_possible(id, "nothing is authorised"))?;
        let amount = amount.unwrap_or(left);
        if amount <= Decimal::ZERO || amount > left {
            return Err(not_possible(id, "not that much is left of the authorisation"));
        }
        let (method, gateway) = (method.as_str(), gateway.as_str());
        self.record(id, &Movement { event: "capture", method, gateway, amount, ok: true, reference: Some(reference) })?;
        let order = self.order(id)?;
        order.payment_status = if amount == left { "captured" } else { "capture pending" }.into();
        if order.status_id == status::AWAITING_PAYMENT {
            self.move_to(id, status::AWAITING_FULFILMENT)?;
        }
        self.touched(id)
    }

    fn decline(&mut self, id: u64) -> Result<(), ActionError> {
        let amount = self.incomplete(id)?;
        let (gateway, method) = self.gateway(id)?;
        let (method, gateway) = (method.as_str(), gateway.as_str());
        self.record(id, &Movement { event: "purchase", method, gateway, amount, ok: false, reference: None })?;
        self.order(id)?.payment_status = "declined".into();
        self.move_to(id, status::DECLINED)?;
        self.touched(id)
    }

    fn mark_paid(&mut self, id: u64) -> Result<(), ActionError> {
        let order = self.order(id)?;
        if !matches!(order.payment, Payment::Offline { .. }) || order.status_id != status::AWAITING_PAYMENT {
            return Err(not_possible(id, "it is not awaiting an offline payment"));
        }
        self.move_to(id, status::AWAITING_FULFILMENT)?;
        self.touched(id)
    }

    /// Releases a standing authorisation that nothing was captured of.
    pub(super) fn void_authorisation(&mut self, id: u64) -> Result<(), ActionError> {
        let order = self.order(id)?;
        let untouched = !order.transactions.iter().any(|row| row.event == "capture" && row.ok);
        let Some((reference, amount)) = authorisation(order).filter(|_| untouched) else { return Ok(()) };
        let (gateway, method) = self.gateway(id)?;
        let (method, gateway) = (method.as_str(), gateway.as_str());
        self.record(id, &Movement { event: "void", method, gateway, amount, ok: true, reference: Some(reference) })?;
        self.order(id)?.payment_status = "void".into();
        Ok(())
    }
}
