//! What staff do to an order: ship, set a status, cancel, archive, note, edit the totals.

use rust_decimal::Decimal;

use super::super::draft::LineKind;
use super::super::events;
use super::super::model::{Ids, Shipment, status};
use super::super::store::Store;
use super::{ActionError, Shop, not_possible};

impl Store {
    /// Ships everything not yet shipped, one shipment per address. The order becomes Shipped.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when nothing is left to ship.
    pub fn ship(&self, order: u64) -> Result<(), ActionError> {
        self.act(|shop| shop.ship(order, None))
    }

    /// Ships `quantity` units of one order product. The order becomes Partially Shipped, or Shipped with the last unit.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when there are not that many left.
    pub fn ship_part(&self, order: u64, order_product: u64, quantity: u32) -> Result<(), ActionError> {
        self.act(|shop| shop.ship(order, Some((order_product, quantity))))
    }

    /// Staff set a status by hand. No money moves, whatever the status says.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] for a status the platform does not have.
    pub fn set_status(&self, order: u64, status: u64) -> Result<(), ActionError> {
        self.act(|shop| {
            if status::name(status).is_none() {
                return Err(not_possible(order, "there is no such status"));
            }
            shop.move_to(order, status)?;
            shop.touched(order)
        })
    }

    /// Cancels the order; an authorisation of which nothing was captured is voided, captured money stays where it is.
    ///
    /// # Errors
    /// [`ActionError::UnknownOrder`].
    pub fn cancel(&self, order: u64) -> Result<(), ActionError> {
        self.act(|shop| {
            shop.void_authorisation(order)?;
            shop.move_to(order, status::CANCELLED)?;
            shop.touched(order)
        })
    }

    /// Archives the order: it leaves the list but can still be read by id.
    ///
    /// # Errors
    /// [`ActionError::UnknownOrder`].
    pub fn archive(&self, order: u64) -> Result<(), ActionError> {
        self.act(|shop| {
            let entry = shop.order(order)?;
            entry.archived = true;
            let channel = entry.channel_id;
            shop.events.extend(events::order(order, channel, "archived"));
            shop.touched(order)
        })
    }

    /// Staff write a note: the order is modified, but nothing an accountant cares about.
    ///
    /// # Errors
    /// [`ActionError::UnknownOrder`].
    pub fn add_staff_note(&self, order: u64, note: &str) -> Result<(), ActionError> {
        self.act(|shop| {
            shop.order(order)?.staff_notes = note.into();
            shop.touched(order)
        })
    }

    /// An app overrides the order's totals over the API (amounts in the order's currency, without and with tax). Lines
    /// and taxes stay as they are, so the order need not add up any more.
    ///
    /// # Errors
    /// [`ActionError::UnknownOrder`].
    pub fn override_totals(&self, order: u64, ex_tax: Decimal, inc_tax: Decimal) -> Result<(), ActionError> {
        self.act(|shop| {
            let totals = &mut shop.order(order)?.totals;
            (totals.ex, totals.inc) = (ex_tax, inc_tax);
            shop.touched(order)
        })
    }
}

impl Shop<'_> {
    fn ship(&mut self, id: u64, only: Option<(u64, u32)>) -> Result<(), ActionError> {
        let now = self.now;
        let (order, ids) = self.order_and_ids(id)?;
        let mut created = Vec::new();
        for destination in &mut order.destinations {
            let mut items = Vec::new();
            for line in order
                .lines
                .iter_mut()
                .filter(|line| line.address_id == destination.id && line.kind == LineKind::Physical)
            {
                let left = line.quantity - line.shipped;
                let quantity = match only {
                    None => left,
                    Some((wanted, quantity)) if wanted == line.id && quantity <= left => quantity,
                    Some(_) => 0,
                };
                if quantity > 0 {
                    line.shipped += quantity;
                    destination.shipped += quantity;
                    items.push((line.id, line.product_id, quantity));
                }
            }
            if !items.is_empty() {
                let shipment = ids.next(Ids::Shipment);
                let tracking = format!("1Z999AA1{shipment:010}");
                order.shipments.push(Shipment { id: shipment, address_id: destination.id, at: now, tracking, items });
                created.push(shipment);
            }
        }
        if created.is_empty() {
            return Err(not_possible(id, "nothing of that is left to ship"));
        }
        let complete = order.lines.iter().all(|line| line.kind != LineKind::Physical || line.shipped == line.quantity);
        if complete {
            order.date_shipped = Some(now);
        }
        self.events.extend(created.into_iter().map(|shipment| events::shipment_created(id, shipment)));
        self.move_to(id, if complete { status::SHIPPED } else { status::PARTIALLY_SHIPPED })?;
        self.touched(id)
    }
}
