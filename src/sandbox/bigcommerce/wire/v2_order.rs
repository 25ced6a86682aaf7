//! One order as `GET /v2/orders` and `GET /v2/orders/{id}` write it (BigCommerce, Orders V2).

use serde_json::{Value, json};

use super::super::amounts::{four_places, round};
use super::super::draft::Payment;
use super::super::model::{Order, Taxed, status};
use super::super::settings::StoreSettings;
use super::{merged, v2_address, v2_consignments, v2_date, v2_parts};

/// What of the things below an order is embedded in its answer.
#[derive(Clone, Copy)]
pub(in super::super) struct Embed {
    pub fees: bool,
    pub consignments: bool,
    /// The lines of the consignments.
    pub line_items: bool,
}

/// The order; what is not embedded is a link.
pub(in super::super) fn order(order: &Order, settings: &StoreSettings, embed: Embed) -> Value {
    let fees = if embed.fees {
        Value::Array(order.fees.iter().map(v2_parts::fee).collect())
    } else {
        link(order.id, "fees", settings)
    };
    let consignments = if embed.consignments {
        v2_consignments::consignments(order, settings, embed.line_items)
    } else {
        link(order.id, "consignments", settings)
    };
    merged([
        identity(order),
        goods_amounts(order),
        total_amounts(order),
        payment(order),
        currency(order, settings),
        origin(order),
        json!({
            "products": link(order.id, "products", settings),
            "shipping_addresses": link(order.id, "shippingaddresses", settings),
            "coupons": link(order.id, "coupons", settings),
            "consignments": consignments,
            "fees": fees,
        }),
    ])
}

pub(super) fn link(order: u64, what: &str, settings: &StoreSettings) -> Value {
    let resource = format!("/orders/{order}/{what}");
    json!({ "url": format!("https://api.bigcommerce.com/stores/{}/v2{resource}", settings.hash), "resource": resource })
}

fn identity(order: &Order) -> Value {
    let name = status::name(order.status_id).unwrap_or_default();
    json!({
        "id": order.id,
        "customer_id": order.customer_id,
        "date_created": v2_date(order.date_created),
        "date_modified": v2_date(order.date_modified),
        "date_shipped": order.date_shipped.map(v2_date).unwrap_or_default(),
        "status_id": order.status_id,
        "status": name,
        "custom_status": name,
        "cart_id": format!("00000000-0000-4000-8000-{:012}", order.id),
        "items_total": order.lines.iter().map(|line| line.quantity).sum::<u32>(),
        "items_shipped": order.lines.iter().map(|line| line.shipped).sum::<u32>(),
        "order_is_digital": order.is_digital(),
        "staff_notes": order.staff_notes,
        "customer_message": order.customer_message,
        "shipping_address_count": order.destinations.len(),
        "is_deleted": order.archived,
        "billing_address": merged([v2_address(&order.billing), json!({ "form_fields": [] })]),
    })
}

/// A cost as four fields, named by `what`, with its tax class.
fn cost(what: &str, amount: &Taxed) -> Value {
    json!({
        format!("base_{what}_cost"): four_places(amount.base),
        format!("{what}_cost_ex_tax"): four_places(amount.ex),
        format!("{what}_cost_inc_tax"): four_places(amount.inc),
        format!("{what}_cost_tax"): four_places(amount.tax),
        format!("{what}_cost_tax_class_id"): 2,
    })
}

fn goods_amounts(order: &Order) -> Value {
    let totals = &order.totals;
    let subtotal = json!({
        "subtotal_ex_tax": four_places(totals.subtotal.ex),
        "subtotal_inc_tax": four_places(totals.subtotal.inc),
        "subtotal_tax": four_places(totals.subtotal.tax),
    });
    let costs = [("shipping", &totals.shipping), ("handling", &totals.handling), ("wrapping", &totals.wrapping)];
    merged(std::iter::once(subtotal).chain(costs.map(|(what, amount)| cost(what, amount))))
}

fn total_amounts(order: &Order) -> Value {
    let totals = &order.totals;
    let certificate = order.gift_certificate.as_ref().map(|certificate| certificate.amount).unwrap_or_default();
    json!({
        "total_ex_tax": four_places(totals.ex),
        "total_inc_tax": four_places(totals.inc),
        "total_tax": four_places(totals.tax),
        "is_tax_inclusive_pricing": order.inclusive,
        "discount_amount": four_places(totals.discount),
        "coupon_discount": four_places(totals.coupon_discount),
        "store_credit_amount": four_places(order.store_credit),
        "gift_certificate_amount": four_places(certificate),
        // Always zero, whatever was refunded.
        "refunded_amount": "0.0000",
    })
}

fn payment(order: &Order) -> Value {
    let method = match &order.payment {
        Payment::Gateway { display_name, .. } | Payment::Offline { display_name, .. } => display_name.as_str(),
        Payment::PurchaseOrder { .. } => "PO",
        Payment::TestGateway => "Test Payment Gateway",
        Payment::Nothing => "Manual",
    };
    json!({
        "payment_method": method,
        "payment_provider_id": order.payment_provider_id,
        "payment_status": order.payment_status,
        "credit_card_type": null,
    })
}

fn currency(order: &Order, settings: &StoreSettings) -> Value {
    let id = if order.currency == settings.currency { 1 } else { 2 };
    json!({
        "currency_id": id,
        "currency_code": order.currency,
        "currency_exchange_rate": "1.0000000000",
        "default_currency_id": id,
        "default_currency_code": order.currency,
        "store_default_currency_code": settings.currency,
        "store_default_to_transactional_exchange_rate": format!("{:.10}", round(order.exchange_rate, 10)),
    })
}

fn origin(order: &Order) -> Value {
    json!({
        "order_source": order.source,
        "channel_id": order.channel_id,
        "external_source": order.external_source,
        "external_id": null,
        "external_order_id": "",
        "external_merchant_id": null,
        "ebay_order_id": "0",
        "tax_provider_id": if order.taxes.is_empty() { "" } else { "BasicTaxProvider" },
        "customer_locale": "en",
        "is_email_opt_in": false,
        "ip_address": "192.0.2.10",
        "ip_address_v6": "",
        "geoip_country": order.billing.country,
        "geoip_country_iso2": order.billing.country_code,
    })
}
