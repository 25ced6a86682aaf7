//! The consignments of an order as `GET /v2/orders/{id}/consignments` writes them: money as JSON numbers (BigCommerce,
//! Orders V2).

use serde_json::{Value, json};

use super::super::amounts::Number;
use super::super::draft::LineKind;
use super::super::model::{Line, Order, ShippingAddress};
use super::super::settings::StoreSettings;
use super::v2_order::link;
use super::{merged, v2_address, v2_parts};

/// The consignments; their lines are embedded when asked for, else links.
pub(in super::super) fn consignments(order: &Order, settings: &StoreSettings, line_items: bool) -> Value {
    let rows = |wanted: &dyn Fn(&Line) -> bool| -> Vec<Value> {
        let lines = order.lines.iter().filter(|line| wanted(line));
        lines
            .map(|line| match line_items {
                true => v2_parts::product(order, line),
                false => link(order.id, &format!("products/{}", line.id), settings),
            })
            .collect()
    };
    let by_mail = |kind: LineKind| -> Vec<Value> {
        let lines = rows(&|line| line.address_id == 0 && line.kind == kind);
        let consignment = json!({ "recipient_email": order.billing.email, "line_items": lines });
        if lines.is_empty() { Vec::new() } else { vec![consignment] }
    };
    let shipping: Vec<Value> = order
        .destinations
        .iter()
        .map(|at| {
            merged([shipped(order, at, settings), json!({ "line_items": rows(&|line| line.address_id == at.id) })])
        })
        .collect();
    json!({
        "pickups": [],
        "shipping": shipping,
        "downloads": by_mail(LineKind::Digital),
        "email": { "gift_certificates": by_mail(LineKind::GiftCertificate) },
    })
}

fn shipped(order: &Order, at: &ShippingAddress, settings: &StoreSettings) -> Value {
    let quotes = link(order.id, &format!("consignments/shipping/{}/shipping_quotes", at.id), settings);
    let (cost, handling) = (&at.shipping, &at.handling);
    let charges = json!({
        "id": at.id,
        "items_total": at.items,
        "items_shipped": at.shipped,
        "shipping_method": at.method,
        "base_cost": Number(cost.base),
        "cost_ex_tax": Number(cost.ex),
        "cost_inc_tax": Number(cost.inc),
        "cost_tax": Number(cost.tax),
        "cost_tax_class_id": 2,
        "base_handling_cost": Number(handling.base),
        "handling_cost_ex_tax": Number(handling.ex),
        "handling_cost_inc_tax": Number(handling.inc),
        "handling_cost_tax": Number(handling.tax),
        "handling_cost_tax_class_id": 2,
        "shipping_zone_id": 1,
        "shipping_zone_name": at.address.country,
        "shipping_quotes": quotes,
        "form_fields": [],
    });
    merged([v2_address(&at.address), charges])
}
