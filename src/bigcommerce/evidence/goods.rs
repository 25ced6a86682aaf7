//! What was sold and charged as facts: lines, shipping, coupons, tax rows, fees.

use super::order::address;
use super::row::{Row, WireError, field};
use crate::accounting::evidence::{AppliedDiscount, Coupon, Fee, Line, LineType, ShippingAddress, TaxRow, TaxedPart};
use crate::bigcommerce::wire;

/// Reads a line.
pub(super) fn line(order: u64, wire: &wire::Line) -> Result<Line, WireError> {
    let mut row = Row::new(order, "products");
    let id = row.identify(&wire.id)?;
    let discounts = field!(row, list, wire.applied_discounts)?;
    Ok(Line {
        id,
        product_id: field!(row, id, wire.product_id)?,
        address_id: field!(row, id, wire.order_address_id)?,
        sku: wire.sku.text(),
        name: wire.name.text(),
        brand: wire.brand.text(),
        line_type: line_type(&row, wire)?,
        quantity: field!(row, required_amount, wire.quantity)?,
        total_ex_tax: field!(row, required_money, wire.total_ex_tax)?,
        total_inc_tax: field!(row, required_money, wire.total_inc_tax)?,
        total_tax: field!(row, money, wire.total_tax)?,
        discounted_total_inc_tax: field!(row, some_money, wire.discounted_total_inc_tax)?,
        discounts: discounts.iter().map(|discount| applied_discount(&row, discount)).collect::<Result<_, _>>()?,
        wrapping_ex_tax: field!(row, money, wire.wrapping_cost_ex_tax)?,
        wrapping_inc_tax: field!(row, money, wire.wrapping_cost_inc_tax)?,
        categories: Vec::new(),
        parent_line: field!(row, id, wire.parent_order_product_id)?,
        unit_cost: unit_cost(&row, wire)?,
    })
}

/// The cost of one unit; nought says that the merchant keeps none (BigCommerce, Orders V2, products).
fn unit_cost(row: &Row, wire: &wire::Line) -> Result<Option<rust_decimal::Decimal>, WireError> {
    let cost = match field!(row, some_money, wire.cost_price_ex_tax)? {
        Some(cost) => Some(cost),
        None => field!(row, some_money, wire.base_cost_price)?,
    };
    Ok(cost.filter(|cost| !cost.is_zero()))
}

fn line_type(row: &Row, wire: &wire::Line) -> Result<LineType, WireError> {
    match wire.kind.text().as_str() {
        "physical" => Ok(LineType::Physical),
        "digital" => Ok(LineType::Digital),
        "giftcertificate" => Ok(LineType::GiftCertificate),
        // Old copies do not tell.
        "" if field!(row, id, wire.gift_certificate_id)?.is_some() => Ok(LineType::GiftCertificate),
        "" => Ok(LineType::Physical),
        // The type decides between revenue and liability, so a new one is not guessed at.
        other => Err(row.not("type", other.chars().take(40).collect(), "physical, digital or giftcertificate")),
    }
}

fn applied_discount(row: &Row, wire: &wire::AppliedDiscount) -> Result<AppliedDiscount, WireError> {
    Ok(AppliedDiscount {
        id: wire.id.text(),
        amount: row.money("applied_discounts.amount", &wire.amount)?,
        name: wire.name.text(),
        code: wire.code.some_text(),
        target: wire.target.text(),
    })
}

/// Reads an address shipped to with what shipping there costs.
pub(super) fn shipping(order: u64, wire: &wire::Address) -> Result<ShippingAddress, WireError> {
    let mut row = Row::new(order, "shipping_addresses");
    Ok(ShippingAddress {
        id: row.identify(&wire.id)?,
        method: wire.shipping_method.text(),
        cost_ex_tax: field!(row, money, wire.cost_ex_tax)?,
        cost_inc_tax: field!(row, money, wire.cost_inc_tax)?,
        handling_ex_tax: field!(row, money, wire.handling_cost_ex_tax)?,
        handling_inc_tax: field!(row, money, wire.handling_cost_inc_tax)?,
        address: address(wire),
    })
}

/// Reads a coupon.
pub(super) fn coupon(order: u64, wire: &wire::Coupon) -> Result<Coupon, WireError> {
    let row = Row::new(order, "coupons");
    Ok(Coupon {
        code: wire.code.some_text(),
        coupon_type: row.number("type", &wire.kind)?.ok_or_else(|| row.missing("type"))?,
        discount: field!(row, amount, wire.discount)?,
    })
}

/// Reads a tax row.
pub(super) fn tax(order: u64, wire: &wire::TaxRow) -> Result<TaxRow, WireError> {
    let row = Row::new(order, "taxes");
    Ok(TaxRow {
        name: wire.name.text(),
        class: wire.class.text(),
        rate: field!(row, amount, wire.rate)?,
        amount: field!(row, required_amount, wire.line_amount)?,
        part: match wire.line_item_type.text().as_str() {
            "item" => TaxedPart::Item,
            "shipping" => TaxedPart::Shipping,
            "handling" => TaxedPart::Handling,
            "gift-wrapping" | "gift_wrapping" => TaxedPart::GiftWrapping,
            "fee" => TaxedPart::Fee,
            _ => TaxedPart::Unknown,
        },
        line: field!(row, id, wire.order_product_id)?,
        address: field!(row, id, wire.order_address_id)?,
    })
}

/// Reads a fee. Two of the three costs are always told.
pub(super) fn fee(order: u64, wire: &wire::Fee) -> Result<Fee, WireError> {
    let mut row = Row::new(order, "fees");
    let id = row.identify(&wire.id)?;
    let ex_tax = match field!(row, some_amount, wire.cost_ex_tax)? {
        Some(amount) => Some(amount),
        None => field!(row, some_amount, wire.cost_exc_tax)?,
    };
    let inc_tax = field!(row, some_amount, wire.cost_inc_tax)?;
    let tax = field!(row, some_amount, wire.cost_tax)?;
    let (cost_ex_tax, cost_inc_tax) = match (ex_tax, inc_tax, tax) {
        (Some(ex_tax), Some(inc_tax), _) => (ex_tax, inc_tax),
        (Some(ex_tax), None, tax) => (ex_tax, ex_tax + tax.unwrap_or_default()),
        (None, Some(inc_tax), Some(tax)) => (inc_tax - tax, inc_tax),
        (None, ..) => return Err(row.missing("cost_ex_tax")),
    };
    let name = wire.display_name_merchant.some_text().unwrap_or_else(|| wire.display_name_customer.text());
    Ok(Fee { id, name, source: wire.source.text(), cost_ex_tax, cost_inc_tax })
}
