//! Puts together what was read of one order: wire bytes in, evidence out. Pure.

mod customer;
mod embedded;
mod goods;
mod order;
mod payments;
mod row;
mod shipments;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub(super) use self::embedded::embedded;
pub use self::row::WireError;
use super::loose::{object, where_broken};
use super::pages::Page;
use super::wire;
use crate::accounting::evidence::{Evidence, Line};

/// One order as BigCommerce answered it, every list read to its last page. Lists may be a bare array, wrapped in
/// `{"data": ...}` or `{"fees": ...}`, or empty bytes.
///
/// It holds personal data that [`assemble`] leaves behind, so it is not meant to be stored or logged.
#[derive(Clone, Default)]
pub struct RawOrder {
    /// The order that was asked for.
    pub order_id: u64,
    /// `GET /v2/orders/{id}`
    pub order: Vec<u8>,
    /// `GET /v2/orders/{id}/products`
    pub products: Vec<u8>,
    /// `GET /v2/orders/{id}/shipping_addresses`
    pub shipping_addresses: Vec<u8>,
    /// `GET /v2/orders/{id}/coupons`
    pub coupons: Vec<u8>,
    /// `GET /v2/orders/{id}/taxes?details=true`
    pub taxes: Vec<u8>,
    /// `GET /v2/orders/{id}/fees`; not needed when the order embeds its fees.
    pub fees: Vec<u8>,
    /// `GET /v3/orders/{id}/transactions`
    pub transactions: Vec<u8>,
    /// `GET /v3/orders/{id}/payment_actions/refunds`
    pub refunds: Vec<u8>,
    /// `GET /v2/orders/{id}/shipments`; empty when they were not asked for.
    pub shipments: Vec<u8>,
    /// `GET /v3/customers?id:in={customer_id}`; empty for guests, and when it was not asked for.
    pub customer: Vec<u8>,
    /// Names of the categories of the lines' products, by product; empty when the catalogue was not asked.
    pub categories: BTreeMap<u64, Vec<String>>,
}

impl std::fmt::Debug for RawOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawOrder").field("order_id", &self.order_id).finish_non_exhaustive()
    }
}

/// Turns the answers about one order into evidence under the store's name in our settings.
///
/// Amounts are parsed from their literal text. Everything accounting does not need is dropped: IP addresses, card
/// numbers, messages, notes, form fields. Transactions, refunds and shipments are put in ascending order of their ids.
///
/// # Errors
/// [`WireError`] names the order, the row, the field and what to do.
pub fn assemble(store_name: &str, raw: &RawOrder) -> Result<Evidence, WireError> {
    let id = raw.order_id;
    let header = read_header(raw)?;
    let mut order = order::header(&header, id)?;
    if let Some(buyer) = order.buyer.customer_id {
        order.buyer.group = customer::group(id, buyer, &raw.customer)?;
    }
    let mut lines = each(id, "products", &raw.products, |wire| goods::line(id, wire))?;
    check_lines(id, &lines, order.totals.items)?;
    categorise(&mut lines, &raw.categories);
    let fees = if header.fees.is_list() {
        let embedded: Vec<wire::Fee> = row::Row::new(id, "the order").list("fees", &header.fees)?;
        embedded.iter().map(|wire| goods::fee(id, wire)).collect::<Result<_, _>>()?
    } else {
        each(id, "fees", &raw.fees, |wire| goods::fee(id, wire))?
    };
    unique(id, "fees", fees.iter().map(|fee| fee.id))?;
    let shipping = each(id, "shipping_addresses", &raw.shipping_addresses, |wire| goods::shipping(id, wire))?;
    unique(id, "shipping_addresses", shipping.iter().map(|to| to.id))?;
    let currency = order.currency;
    let mut transactions =
        each(id, "transactions", &raw.transactions, |wire| payments::transaction(id, currency, wire))?;
    transactions.sort_by_key(|transaction| transaction.id);
    unique(id, "transactions", transactions.iter().map(|transaction| transaction.id))?;
    let mut refunds = each(id, "refunds", &raw.refunds, |wire| payments::refund(id, wire))?;
    refunds.sort_by_key(|refund| refund.id);
    unique(id, "refunds", refunds.iter().map(|refund| refund.id))?;
    let mut shipments = each(id, "shipments", &raw.shipments, |wire| shipments::shipment(id, wire))?;
    shipments.sort_by_key(|shipment| shipment.id);
    unique(id, "shipments", shipments.iter().map(|shipment| shipment.id))?;
    Ok(Evidence {
        store: store_name.to_owned(),
        order,
        lines,
        shipping,
        coupons: each(id, "coupons", &raw.coupons, |wire| goods::coupon(id, wire))?,
        taxes: each(id, "taxes", &raw.taxes, |wire| goods::tax(id, wire))?,
        fees,
        transactions,
        refunds,
        shipments,
    })
}

/// Whether an order's own answer embeds its fees, so that they need not be asked for.
pub(super) fn embeds_fees(order: &[u8]) -> bool {
    object::<wire::Order>(order).is_ok_and(|order| order.fees.is_list())
}

/// The buyer's customer id, when the order's own answer names one: then there is a customer to ask for.
pub(super) fn customer_id(order: &[u8]) -> Option<u64> {
    object::<wire::Order>(order).ok()?.customer_id.id().ok()?
}

/// When the order was changed the last time (UTC), when told.
pub(super) fn modified(order: &[u8]) -> Option<Timestamp> {
    object::<wire::Order>(order).ok()?.date_modified.time().ok()?
}

/// The catalogue's products that the lines sell. What cannot be read is passed over here; [`assemble`] refuses it.
pub(super) fn product_ids(products: &[u8]) -> BTreeSet<u64> {
    let rows = Page::read(products).map(|page| page.rows).unwrap_or_default();
    let references = rows.iter().filter_map(|row| object::<wire::ProductReference>(row.get().as_bytes()).ok());
    references.filter_map(|line| line.product_id.id().ok().flatten()).collect()
}

/// Names the categories of the lines' products, in alphabetical order: BigCommerce lists them in any.
fn categorise(lines: &mut [Line], categories: &BTreeMap<u64, Vec<String>>) {
    for line in lines {
        let names = line.product_id.and_then(|product| categories.get(&product));
        let names: BTreeSet<&String> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        line.categories = names.into_iter().cloned().collect();
    }
}

fn read_header(raw: &RawOrder) -> Result<wire::Order, WireError> {
    let order = raw.order_id;
    let header: wire::Order = object(&raw.order).map_err(|error| WireError::Unreadable {
        order,
        part: "the order",
        why: where_broken(&error),
    })?;
    match row::Row::new(order, "the order").required_id("id", &header.id)? {
        found if found == order => Ok(header),
        found => Err(WireError::OtherOrder { order, found }),
    }
}

/// Reads every row of a list.
fn each<Wire: DeserializeOwned, Fact>(
    order: u64,
    part: &'static str,
    body: &[u8],
    read: impl Fn(&Wire) -> Result<Fact, WireError>,
) -> Result<Vec<Fact>, WireError> {
    let unreadable = |error: serde_json::Error| WireError::Unreadable { order, part, why: where_broken(&error) };
    let page = Page::read(body).map_err(unreadable)?;
    let one = |(index, row): (usize, &RawValue)| {
        read(&object(row.get().as_bytes()).map_err(unreadable)?).map_err(|error| error.at(part, index + 1))
    };
    page.rows.iter().map(|row| &**row).enumerate().map(one).collect()
}

/// No line may be lost or doubled between pages. More units than the header says are let pass here, for it may not
/// count the parts of a bundle; the check of the totals decides then.
fn check_lines(order: u64, lines: &[Line], expected: rust_decimal::Decimal) -> Result<(), WireError> {
    unique(order, "products", lines.iter().map(|line| line.id))?;
    let found = lines.iter().map(|line| line.quantity).sum();
    if found < expected { Err(WireError::LinesMissing { order, found, expected }) } else { Ok(()) }
}

fn unique(order: u64, part: &'static str, ids: impl Iterator<Item = u64>) -> Result<(), WireError> {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(WireError::Twice { order, row: format!("{part} {id}") });
        }
    }
    Ok(())
}

#[cfg(test)]
mod examples;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod official;
#[cfg(test)]
mod tests;
