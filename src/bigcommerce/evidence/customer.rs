//! The buyer's customer record, of which only the group is kept.

use super::row::{Row, WireError, field};
use crate::bigcommerce::wire;

/// The group of customer `buyer`; `None` when it is in none, when the customer was not asked for, and when it was deleted
/// since: deleted customers keep their id on old orders (BigCommerce, Customers V3: the list is empty then).
pub(super) fn group(order: u64, buyer: u64, body: &[u8]) -> Result<Option<u64>, WireError> {
    let part = "the customer";
    let customers = super::each(order, part, body, |wire: &wire::Customer| {
        let mut row = Row::new(order, part);
        Ok((row.identify(&wire.id)?, field!(row, id, wire.customer_group_id)?))
    })?;
    match customers.iter().find(|(id, _)| *id == buyer) {
        Some((_, group)) => Ok(*group),
        None if customers.is_empty() => Ok(None),
        None => Err(WireError::Unreadable { order, part, why: format!("it is not about customer {buyer}") }),
    }
}
