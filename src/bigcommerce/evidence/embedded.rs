//! What an order's own answer already tells of its lists, so that they need not be asked for. Pure.

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use crate::bigcommerce::loose::{Loose, object};
use crate::bigcommerce::pages;
use crate::bigcommerce::wire;

/// Lists that the order's own answer holds, each as one JSON array; `None` for one that has to be asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::bigcommerce) struct Embedded {
    /// The lines, ascending by id.
    pub products: Option<Vec<u8>>,
    /// The addresses shipped to.
    pub shipping_addresses: Option<Vec<u8>>,
    /// The coupons: none, when nothing was taken off by one.
    pub coupons: Option<Vec<u8>>,
}

/// Reads what is there and complete. In doubt it is asked for: stores differ in what they embed, nobody says whether an
/// embedded list has an end, and a line lost here would be money lost.
pub(in crate::bigcommerce) fn embedded(order: &[u8]) -> Embedded {
    let Ok(order) = object::<wire::Order>(order) else { return Embedded::default() };
    let nothing_off = order.coupon_discount.amount().ok().flatten().is_some_and(|amount| amount.is_zero());
    let coupons = nothing_off.then(Vec::new);
    let Some(consignments) = order.consignments.object::<wire::Consignments>() else {
        return Embedded { coupons, ..Embedded::default() };
    };
    Embedded {
        products: lines(&order, &consignments).map(|rows| pages::join(&rows)),
        shipping_addresses: addresses(&order, &consignments).map(|rows| pages::join(&rows)),
        coupons,
    }
}

/// All lines of all consignments, when each is whole, nothing looks like the end of a page, and they are as many units as the
/// order has. Lines that are shipped must name their consignment as their address: refunds and taxes point to it.
fn lines(order: &wire::Order, consignments: &wire::Consignments) -> Option<Vec<Box<RawValue>>> {
    let by_mail = consignments.email.object::<wire::EmailConsignments>().unwrap_or_default();
    let ways = [
        (&consignments.pickups, false),
        (&consignments.shipping, true),
        (&consignments.downloads, false),
        (&by_mail.gift_certificates, false),
    ];
    let (mut found, mut units) = (Vec::new(), Decimal::ZERO);
    for (way, is_shipped) in ways {
        for consignment in way.list::<wire::Consignment>().ok()? {
            for (line, row) in lines_of(&consignment, is_shipped)? {
                units += line.quantity.amount().ok()??;
                found.push((line.id.id().ok()??, row));
            }
        }
    }
    found.sort_by_key(|(id, _)| *id);
    let all = order.items_total.amount().ok()?? == units && !found.is_empty() && !may_be_cut(found.len());
    all.then(|| found.into_iter().map(|(_, row)| row).collect())
}

/// The lines of one consignment with their rows, when each is whole.
fn lines_of(consignment: &wire::Consignment, is_shipped: bool) -> Option<Vec<(wire::EmbeddedLine, Box<RawValue>)>> {
    let rows = rows(&consignment.line_items)?;
    if may_be_cut(rows.len()) {
        return None;
    }
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        // A link to a line is an object too.
        let line: wire::EmbeddedLine = object(row.get().as_bytes()).ok()?;
        if !is_whole(&line) || is_shipped && line.order_address_id.id().ok()? != consignment.id.id().ok()? {
            return None;
        }
        lines.push((line, row));
    }
    Some(lines)
}

/// Whether a list may end where a page does: the list that is embedded is paged when it is asked for by itself.
fn may_be_cut(rows: usize) -> bool {
    rows > 0 && rows.is_multiple_of(pages::DEFAULT_PAGE_ROWS)
}

/// Whether a line has what its posting depends on.
fn is_whole(line: &wire::EmbeddedLine) -> bool {
    let told = [&line.kind, &line.total_ex_tax, &line.total_inc_tax, &line.total_tax];
    told.into_iter().all(|value| value.some_text().is_some()) && line.applied_discounts.is_list()
}

/// The addresses of all consignments that are shipped, ascending by id, when they have their costs and are as many as the order has.
fn addresses(order: &wire::Order, consignments: &wire::Consignments) -> Option<Vec<Box<RawValue>>> {
    let mut found = Vec::new();
    for row in rows(&consignments.shipping)? {
        let address: wire::Address = object(row.get().as_bytes()).ok()?;
        address.cost_ex_tax.some_text().and(address.cost_inc_tax.some_text())?;
        found.push((address.id.id().ok()??, row));
    }
    // As the list has them.
    found.sort_by_key(|(id, _)| *id);
    let all = order.shipping_address_count.whole().ok()?? == u64::try_from(found.len()).ok()?;
    all.then(|| found.into_iter().map(|(_, row)| row).collect())
}

/// The rows of an embedded list; `None` when something else stands there.
fn rows(list: &Loose) -> Option<Vec<Box<RawValue>>> {
    if list.is_list() { list.rows().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(id: u64, quantity: u64) -> Value {
        json!({ "id": id, "order_address_id": 41, "type": "physical", "quantity": quantity, "total_ex_tax": "1.0000",
                "total_inc_tax": "1.0000", "total_tax": "0.0000", "applied_discounts": [] })
    }

    fn address(lines: Vec<Value>) -> Value {
        json!({ "id": 41, "cost_ex_tax": 5.1, "cost_inc_tax": 6.2, "line_items": lines })
    }

    /// Three units to an address, one to download, one by e-mail.
    fn order() -> Value {
        json!({
            "id": 118, "items_total": 5, "shipping_address_count": 1, "coupon_discount": "0.0000",
            "consignments": {
                "pickups": [], "shipping": [address(vec![line(3, 2), line(1, 1)])],
                "downloads": [{ "recipient_email": "a@example.com", "line_items": [line(2, 1)] }],
                "email": { "gift_certificates": [{ "recipient_email": "b@example.com", "line_items": [line(4, 1)] }] },
            },
        })
    }

    fn read(order: &Value) -> Embedded {
        embedded(order.to_string().as_bytes())
    }

    fn ids(rows: Option<Vec<u8>>) -> Option<Vec<u64>> {
        let rows: Vec<Value> = serde_json::from_slice(&rows?).unwrap();
        Some(rows.iter().map(|row| row["id"].as_u64().unwrap()).collect())
    }

    #[test]
    fn lines_of_all_consignments_and_the_addresses_need_not_be_asked_for() {
        let found = read(&order());
        assert_eq!(ids(found.products), Some(vec![1, 2, 3, 4]));
        assert_eq!(ids(found.shipping_addresses), Some(vec![41]));
        assert_eq!(found.coupons, Some(Vec::new()));
    }

    #[test]
    fn lines_that_are_not_all_there_or_only_linked_are_asked_for() {
        let with = |path: &str, value: Value| {
            let mut order = order();
            *order.pointer_mut(path).unwrap() = value;
            read(&order).products
        };
        assert_eq!(with("/items_total", json!(6)), None, "one is missing");
        assert_eq!(with("/items_total", json!(4)), None, "one more than the order has");
        let link = json!([{ "url": "https://api/v2/orders/118/products/2", "resource": "/orders/118/products/2" }]);
        assert_eq!(with("/consignments/downloads/0/line_items", link), None);
        let link = json!({ "url": "https://api/v2/orders/118/products/2", "resource": "/orders/118/products/2" });
        assert_eq!(with("/consignments/downloads/0/line_items", link), None);
        for missing in ["type", "total_ex_tax", "total_inc_tax", "total_tax", "applied_discounts"] {
            let mut bare = line(2, 1);
            bare.as_object_mut().unwrap().remove(missing);
            assert_eq!(with("/consignments/downloads/0/line_items", json!([bare])), None, "without its {missing}");
        }
        let elsewhere = json!(42);
        assert_eq!(with("/consignments/shipping/0/line_items/0/order_address_id", elsewhere), None, "not its address");
    }

    #[test]
    fn lines_that_end_where_a_page_does_are_asked_for() {
        let of = |count: u64| {
            let mut order = order();
            order["items_total"] = (count + 2).into();
            let lines: Vec<Value> = (10..10 + count).map(|id| line(id, 1)).collect();
            order["consignments"]["shipping"][0]["line_items"] = lines.into();
            read(&order).products.is_some()
        };
        assert_eq!([47, 48, 49, 50, 51].map(of), [true, false, true, false, true], "fifty in all, or in one place");
    }

    #[test]
    fn addresses_that_are_not_all_there_are_asked_for() {
        let mut several = order();
        several["shipping_address_count"] = 2.into();
        assert_eq!(read(&several).shipping_addresses, None);
        let mut without_costs = order();
        without_costs["consignments"]["shipping"][0].as_object_mut().unwrap().remove("cost_inc_tax");
        assert_eq!(read(&without_costs).shipping_addresses, None);
        let mut untold = order();
        untold.as_object_mut().unwrap().remove("shipping_address_count");
        assert_eq!(read(&untold).shipping_addresses, None);
    }

    #[test]
    fn a_store_that_embeds_nothing_is_asked_for_everything() {
        let link = json!({ "url": "https://api/v2/orders/118/consignments", "resource": "/orders/118/consignments" });
        for consignments in [link, json!([]), json!(null)] {
            let mut order = order();
            order["consignments"] = consignments;
            let found = read(&order);
            assert_eq!((found.products, found.shipping_addresses), (None, None));
        }
        assert_eq!(embedded(b"<html>"), Embedded::default());
    }

    #[test]
    fn coupons_are_asked_for_unless_the_order_says_that_none_took_anything_off() {
        for (discount, asked) in [(json!("5.0000"), true), (json!(""), true), (json!(null), true), (json!(0), false)] {
            let mut order = order();
            order["coupon_discount"] = discount;
            assert_eq!(read(&order).coupons.is_none(), asked);
        }
    }
}
