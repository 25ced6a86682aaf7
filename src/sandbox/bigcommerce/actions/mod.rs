//! What a merchant, a shopper or a gateway does to the store. Each action changes orders and queues its webhooks.

mod catalogue;
mod checkout;
mod edit;
mod fulfilment;
mod payment;
mod refund;

pub use refund::{RefundItem, RefundPayment, RefundRequest, TotalsOverride};

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::events::{self, Event};
use super::model::{Counters, Ids, Order, Transaction};
use super::settings::StoreSettings;
use super::state::State;

/// Why the store refuses an action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// There is no such order.
    #[error("the store has no order {0}")]
    UnknownOrder(u64),
    /// There is no such customer.
    #[error("the store has no customer {0}")]
    UnknownCustomer(u64),
    /// The description of the order cannot be one.
    #[error("this order cannot be placed: {0}")]
    Draft(&'static str),
    /// The order is not in a state for this.
    #[error("order {order}: {reason}")]
    NotPossible {
        /// The order.
        order: u64,
        /// Why not.
        reason: &'static str,
    },
}

/// The store while one action is carried out.
pub(super) struct Shop<'a> {
    state: &'a mut State,
    settings: &'a StoreSettings,
    /// The moment of the action, in whole seconds as the platform keeps them.
    now: Timestamp,
    events: Vec<Event>,
}

/// A money movement to be recorded; id, time and gateway reference are given by the store.
struct Movement<'a> {
    event: &'a str,
    method: &'a str,
    gateway: &'a str,
    amount: Decimal,
    ok: bool,
    reference: Option<u64>,
}

impl<'a> Shop<'a> {
    /// Opens the shop at this moment.
    pub fn new(state: &'a mut State, settings: &'a StoreSettings, now: Timestamp) -> Self {
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self { state, settings, now, events: Vec::new() }
    }

    /// Queues what happened for every hook that wants it.
    pub fn close(self) {
        let created_at = self.now.as_second();
        for event in &self.events {
            let (id, body) = events::envelope(self.settings, created_at, event);
            let scope = &event.scope;
            let State { hooks, outbox, counters, .. } = &mut *self.state;
            for hook in hooks.values().filter(|hook| hook.wants(scope)) {
                outbox.add(hook.id, scope, &id, &body, self.now, || counters.next(Ids::Delivery));
            }
        }
    }

    fn order(&mut self, id: u64) -> Result<&mut Order, ActionError> {
        self.state.orders.get_mut(&id).ok_or(ActionError::UnknownOrder(id))
    }

    /// An order together with the id counters.
    fn order_and_ids(&mut self, id: u64) -> Result<(&mut Order, &mut Counters), ActionError> {
        let order = self.state.orders.get_mut(&id).ok_or(ActionError::UnknownOrder(id))?;
        Ok((order, &mut self.state.counters))
    }

    /// Moves an order to another status, with its event; nothing happens when it is there already.
    fn move_to(&mut self, id: u64, status: u64) -> Result<(), ActionError> {
        let order = self.order(id)?;
        let previous = std::mem::replace(&mut order.status_id, status);
        let channel = order.channel_id;
        if previous != status {
            self.events.extend(events::status_updated(id, channel, previous, status));
        }
        Ok(())
    }

    /// Marks an order as modified now, with its event. Every action on an order ends with this.
    fn touched(&mut self, id: u64) -> Result<(), ActionError> {
        let now = self.now;
        let order = self.order(id)?;
        order.date_modified = now;
        let channel = order.channel_id;
        self.events.extend(events::order(id, channel, "updated"));
        Ok(())
    }

    /// Records a money movement, with its event.
    fn record(&mut self, id: u64, movement: &Movement<'_>) -> Result<&mut Transaction, ActionError> {
        let now = self.now;
        let (order, ids) = self.order_and_ids(id)?;
        let transaction = ids.next(Ids::Transaction);
        let number = ids.next(Ids::GatewayReference);
        let gateway_id = format!("{}_{id}_{number:06}", reference_prefix(movement.event));
        let Movement { event, method, gateway, amount, ok, reference } = *movement;
        order.transactions.push(Transaction {
            id: transaction,
            event: event.into(),
            method: method.into(),
            amount,
            gateway: gateway.into(),
            gateway_id: Some(gateway_id.clone()),
            ok,
            reference,
            at: now,
            offline: None,
            gift_certificate: None,
            store_credit_left: None,
        });
        self.events.push(events::transaction_created(id, transaction, event, &gateway_id, ok));
        self.order(id)?.transactions.last_mut().ok_or(ActionError::UnknownOrder(id))
    }
}

/// What the gateway's own numbers of such a movement start with.
fn reference_prefix(event: &str) -> &'static str {
    match event {
        "authorization" => "pi",
        "refund" => "re",
        _ => "ch",
    }
}

fn not_possible(order: u64, reason: &'static str) -> ActionError {
    ActionError::NotPossible { order, reason }
}
