//! The order's header as facts: dates, currencies, buyer, totals.

use rust_decimal::Decimal;

use super::row::{Row, WireError, field};
use crate::accounting::evidence::{Address, Buyer, Order, Totals};
use crate::accounting::money::Currency;
use crate::bigcommerce::wire;

/// Reads the header. The buyer's group is not in it.
pub(super) fn header(wire: &wire::Order, id: u64) -> Result<Order, WireError> {
    let row = Row::new(id, "the order");
    let billing = wire.billing_address.object::<wire::Address>().unwrap_or_default();
    let billing = address(&billing);
    Ok(Order {
        id,
        status_id: field!(row, number, wire.status_id)?.ok_or_else(|| row.missing("status_id"))?,
        status: wire.status.text(),
        created: field!(row, required_time, wire.date_created)?,
        shipped: field!(row, time, wire.date_shipped)?,
        // Channel 1 is the default of BigCommerce for orders that name none.
        channel: field!(row, id, wire.channel_id)?.unwrap_or(1),
        source: wire.order_source.text(),
        external_source: wire.external_source.some_text(),
        archived: wire.is_deleted.flag(),
        currency: currency(&row, wire)?,
        store_currency: field!(row, currency, wire.store_default_currency_code)?,
        store_to_order_rate: field!(row, some_amount, wire.store_default_to_transactional_exchange_rate)?
            .filter(|rate| *rate > Decimal::ZERO),
        prices_include_tax: wire.is_tax_inclusive_pricing.flag(),
        payment_method: wire.payment_method.text(),
        payment_status: wire.payment_status.text(),
        buyer: Buyer { customer_id: field!(row, id, wire.customer_id)?, email: billing.email.clone(), group: None },
        billing,
        totals: totals(&row, wire)?,
    })
}

/// The currency of the order's amounts: the transactional one. The display currency stands in only when the order says
/// that both are the same (exchange rate 1), as old copies without the other fields do.
fn currency(row: &Row, wire: &wire::Order) -> Result<Currency, WireError> {
    if let Some(currency) = field!(row, currency, wire.default_currency_code)? {
        return Ok(currency);
    }
    if let Some(currency) = field!(row, currency, wire.store_default_currency_code)? {
        return Ok(currency);
    }
    let same = field!(row, some_amount, wire.currency_exchange_rate)? == Some(Decimal::ONE);
    let display = if same { field!(row, currency, wire.currency_code)? } else { None };
    display.ok_or_else(|| row.missing("default_currency_code"))
}

fn totals(row: &Row, wire: &wire::Order) -> Result<Totals, WireError> {
    let total_ex_tax = field!(row, required_amount, wire.total_ex_tax)?;
    let total_inc_tax = field!(row, required_amount, wire.total_inc_tax)?;
    Ok(Totals {
        subtotal_ex_tax: field!(row, amount, wire.subtotal_ex_tax)?,
        subtotal_inc_tax: field!(row, amount, wire.subtotal_inc_tax)?,
        shipping_ex_tax: field!(row, amount, wire.shipping_cost_ex_tax)?,
        shipping_inc_tax: field!(row, amount, wire.shipping_cost_inc_tax)?,
        handling_ex_tax: field!(row, amount, wire.handling_cost_ex_tax)?,
        handling_inc_tax: field!(row, amount, wire.handling_cost_inc_tax)?,
        wrapping_ex_tax: field!(row, amount, wire.wrapping_cost_ex_tax)?,
        wrapping_inc_tax: field!(row, amount, wire.wrapping_cost_inc_tax)?,
        discount: field!(row, amount, wire.discount_amount)?,
        coupon_discount: field!(row, amount, wire.coupon_discount)?,
        total_ex_tax,
        total_inc_tax,
        // Old copies of orders do not carry the tax by itself.
        total_tax: field!(row, some_amount, wire.total_tax)?.unwrap_or(total_inc_tax - total_ex_tax),
        gift_certificate: field!(row, amount, wire.gift_certificate_amount)?,
        store_credit: field!(row, amount, wire.store_credit_amount)?,
        items: field!(row, amount, wire.items_total)?,
    })
}

/// A postal address; form fields and everything else a buyer may have typed stay behind.
pub(super) fn address(wire: &wire::Address) -> Address {
    Address {
        first_name: wire.first_name.text(),
        last_name: wire.last_name.text(),
        company: wire.company.text(),
        street_1: wire.street_1.text(),
        street_2: wire.street_2.text(),
        city: wire.city.text(),
        state: wire.state.text(),
        zip: wire.zip.text(),
        country: wire.country.text(),
        country_code: wire.country_iso2.text(),
        phone: wire.phone.text(),
        email: wire.email.text(),
    }
}
