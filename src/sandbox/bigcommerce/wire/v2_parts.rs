//! The parts of an order as the V2 sub-resources write them: products, addresses, coupons, taxes, fees, shipments.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::amounts::{Number, four_places};
use super::super::draft::LineKind;
use super::super::model::{Coupon, Fee, Line, Order, Shipment, ShippingAddress, TaxRow, TaxedThing};
use super::super::settings::StoreSettings;
use super::{merged, v2_address, v2_date};

/// One row of `GET /v2/orders/{id}/products`.
pub(in super::super) fn product(order: &Order, line: &Line) -> Value {
    merged([product_identity(order, line), product_amounts(line), product_odds_and_ends(line)])
}

fn product_identity(order: &Order, line: &Line) -> Value {
    let kind = match line.kind {
        LineKind::Physical => "physical",
        LineKind::Digital => "digital",
        LineKind::GiftCertificate => "giftcertificate",
    };
    let discounts: Vec<Value> = line
        .discounts
        .iter()
        .map(|cut| json!({ "id": cut.id, "amount": four_places(cut.amount), "name": cut.name, "code": cut.code, "target": "order" }))
        .collect();
    json!({
        "id": line.id,
        "order_id": order.id,
        "product_id": line.product_id,
        "variant_id": line.product_id,
        "order_pickup_method_id": 0,
        "order_address_id": line.address_id,
        "name": line.name,
        "name_customer": line.name,
        "name_merchant": line.name,
        "sku": line.sku,
        "upc": "",
        "brand": line.brand,
        "type": kind,
        "quantity": line.quantity,
        "quantity_shipped": line.shipped,
        "quantity_refunded": line.refunded,
        "is_refunded": line.refunded == line.quantity,
        "parent_order_product_id": line.parent,
        "is_bundled_product": line.parent.is_some(),
        "gift_certificate_id": line.gift_certificate_id,
        "applied_discounts": discounts,
    })
}

fn product_amounts(line: &Line) -> Value {
    let cost = four_places(line.unit_cost);
    json!({
        "base_price": four_places(line.price.base),
        "price_ex_tax": four_places(line.price.ex),
        "price_inc_tax": four_places(line.price.inc),
        "price_tax": four_places(line.price.tax),
        "base_total": four_places(line.total.base),
        "total_ex_tax": four_places(line.total.ex),
        "total_inc_tax": four_places(line.total.inc),
        "total_tax": four_places(line.total.tax),
        "discounted_total_inc_tax": four_places(line.discounted_inc),
        "base_cost_price": cost,
        "cost_price_ex_tax": cost,
        "cost_price_inc_tax": cost,
        "cost_price_tax": "0.0000",
        "base_wrapping_cost": four_places(line.wrapping.base),
        "wrapping_cost_ex_tax": four_places(line.wrapping.ex),
        "wrapping_cost_inc_tax": four_places(line.wrapping.inc),
        "wrapping_cost_tax": four_places(line.wrapping.tax),
        "refund_amount": "0.0000",
        "fixed_shipping_cost": "0.0000",
    })
}

fn product_odds_and_ends(line: &Line) -> Value {
    let wrapped = !line.wrapping.base.is_zero();
    json!({
        "weight": "1.0000",
        "width": "0.0000",
        "height": "0.0000",
        "depth": "0.0000",
        "return_id": 0,
        "wrapping_id": u8::from(wrapped),
        "wrapping_name": if wrapped { "Gift paper" } else { "" },
        "wrapping_message": "",
        "event_name": null,
        "event_date": "",
        "ebay_item_id": "",
        "ebay_transaction_id": "",
        "option_set_id": null,
        "bin_picking_number": "",
        "external_id": null,
        "product_options": [],
        "configurable_fields": [],
    })
}

/// One row of `GET /v2/orders/{id}/shipping_addresses`.
pub(in super::super) fn shipping_address(order: &Order, at: &ShippingAddress, settings: &StoreSettings) -> Value {
    let quotes = format!("/orders/{}/shippingaddresses/{}/shippingquotes", order.id, at.id);
    let charges = json!({
        "id": at.id,
        "order_id": order.id,
        "items_total": at.items,
        "items_shipped": at.shipped,
        "shipping_method": at.method,
        "base_cost": four_places(at.shipping.base),
        "cost_ex_tax": four_places(at.shipping.ex),
        "cost_inc_tax": four_places(at.shipping.inc),
        "cost_tax": four_places(at.shipping.tax),
        "cost_tax_class_id": 2,
        "base_handling_cost": four_places(at.handling.base),
        "handling_cost_ex_tax": four_places(at.handling.ex),
        "handling_cost_inc_tax": four_places(at.handling.inc),
        "handling_cost_tax": four_places(at.handling.tax),
        "handling_cost_tax_class_id": 2,
        "shipping_zone_id": 1,
        "shipping_zone_name": at.address.country,
        "shipping_quotes": { "url": format!("https://api.bigcommerce.com/stores/{}/v2{quotes}", settings.hash), "resource": quotes },
        "form_fields": [],
    });
    merged([v2_address(&at.address), charges])
}

/// One row of `GET /v2/orders/{id}/coupons`; its amounts are JSON numbers.
#[derive(Serialize)]
pub(in super::super) struct CouponRow<'a> {
    id: u64,
    coupon_id: u64,
    order_id: u64,
    code: &'a str,
    amount: Number,
    r#type: u8,
    discount: Number,
}

/// Writes a coupon.
pub(in super::super) fn coupon<'a>(order: &Order, coupon: &'a Coupon) -> CouponRow<'a> {
    let Coupon { id, coupon_id, code, kind, amount, discount } = coupon;
    let (amount, discount) = (Number(*amount), Number(*discount));
    CouponRow { id: *id, coupon_id: *coupon_id, order_id: order.id, code, amount, r#type: *kind, discount }
}

/// The rows of `GET /v2/orders/{id}/taxes`: one per tax, address and thing with details, else one per tax and address.
pub(in super::super) fn taxes(order: &Order, details: bool) -> Vec<Value> {
    let mut of_all = Decimal::ZERO;
    let mut by_tax: BTreeMap<(u64, &str), TaxRow> = BTreeMap::new();
    for row in &order.taxes {
        of_all += row.amount;
        let key = (row.address_id, row.name.as_str());
        by_tax.entry(key).and_modify(|sum| sum.amount += row.amount).or_insert_with(|| row.clone());
    }
    if details {
        return order.taxes.iter().map(|row| merged([tax(order, row, of_all), tax_details(row)])).collect();
    }
    by_tax.values().map(|row| tax(order, row, of_all)).collect()
}

/// `of_all` is the sum over all rows of the same priority; this store has one priority only.
fn tax(order: &Order, row: &TaxRow, of_all: Decimal) -> Value {
    json!({
        "id": row.id,
        "order_id": order.id,
        "order_address_id": row.address_id,
        "tax_rate_id": 1,
        "sales_tax_id": format!("{}-{}", row.name.replace(' ', "-").to_lowercase(), row.percent.normalize()),
        "tax_class_id": 0,
        "name": row.name,
        "class": "Default Tax Class",
        "rate": four_places(row.percent),
        "priority": 0,
        "priority_amount": four_places(of_all),
        "line_amount": four_places(row.amount),
        "order_pickup_method_id": 0,
    })
}

fn tax_details(row: &TaxRow) -> Value {
    let thing = match row.thing {
        TaxedThing::Item => "item",
        TaxedThing::Shipping => "shipping",
        TaxedThing::Handling => "handling",
        TaxedThing::Wrapping => "gift-wrapping",
        // Not in the documented list; the platform's own value is unknown.
        TaxedThing::Fee => "fee",
    };
    json!({ "order_product_id": row.order_product_id.map(|id| id.to_string()), "line_item_type": thing })
}

/// One fee, as in `GET /v2/orders/{id}/fees` and embedded in an order.
pub(in super::super) fn fee(fee: &Fee) -> Value {
    json!({
        "id": fee.id,
        "type": "custom_fee",
        "display_name_customer": fee.name,
        "display_name_merchant": fee.name,
        "source": fee.source,
        "base_cost": four_places(fee.cost.base),
        "cost_ex_tax": four_places(fee.cost.ex),
        "cost_inc_tax": four_places(fee.cost.inc),
        "cost_tax": four_places(fee.cost.tax),
        "tax_class_id": null,
    })
}

/// One row of `GET /v2/orders/{id}/shipments`.
pub(in super::super) fn shipment(order: &Order, shipment: &Shipment) -> Value {
    let to = order.destinations.iter().find(|at| at.id == shipment.address_id);
    let items: Vec<Value> = shipment
        .items
        .iter()
        .map(|(line, product, quantity)| json!({ "order_product_id": line, "product_id": product, "quantity": quantity }))
        .collect();
    json!({
        "id": shipment.id,
        "order_id": order.id,
        "customer_id": order.customer_id,
        "order_address_id": shipment.address_id,
        "date_created": v2_date(shipment.at),
        "tracking_number": shipment.tracking,
        "merchant_shipping_cost": "0.0000",
        "shipping_method": to.map(|at| at.method.as_str()).unwrap_or_default(),
        "shipping_provider": "ups",
        "shipping_provider_display_name": "UPS",
        "tracking_carrier": "",
        "tracking_link": "",
        "generated_tracking_link": "",
        "comments": "",
        "billing_address": v2_address(&order.billing),
        "shipping_address": to.map(|at| v2_address(&at.address)),
        "items": items,
    })
}
