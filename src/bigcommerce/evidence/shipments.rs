//! What left when, as facts: shipments with their lines and units.

use super::row::{Row, WireError, field};
use crate::accounting::evidence::Shipment;
use crate::bigcommerce::wire;

/// Reads a shipment. Addresses, carrier and tracking stay behind.
pub(super) fn shipment(order: u64, wire: &wire::Shipment) -> Result<Shipment, WireError> {
    let mut row = Row::new(order, "shipments");
    let id = row.identify(&wire.id)?;
    let items: Vec<wire::ShipmentItem> = field!(row, list, wire.items)?;
    let item = |item: &wire::ShipmentItem| {
        let line = row.required_id("items.order_product_id", &item.order_product_id)?;
        Ok((line, row.required_amount("items.quantity", &item.quantity)?))
    };
    Ok(Shipment {
        id,
        created: field!(row, required_time, wire.date_created)?,
        items: items.iter().map(item).collect::<Result<_, _>>()?,
    })
}
