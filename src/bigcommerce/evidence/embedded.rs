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

/// All lines of all consignments, when they are whole and as many units as the order has.
fn lines(order: &wire::Order, consignments: &wire::Consignments) -> Option<Vec<Box<RawValue>>> {
    let by_mail = consignments.email.object::<wire::EmailConsignments>().unwrap_or_default();
    let ways = [&consignments.pickups, &consignments.shipping, &consignments.downloads, &by_mail.gift_certificates];
    let (mut found, mut units) = (Vec::new(), Decimal::ZERO);
    for way in ways {
        for consignment in way.list::<wire::Consignment>().ok()? {
            for row in rows(&consignment.line_items)? {
                // A link to a line is an object too.
                let line: wire::EmbeddedLine = object(row.get().as_bytes()).ok()?;
                line.total_ex_tax.some_text().and(line.total_inc_tax.some_text())?;
                units += line.quantity.amount().ok()??;
                found.push((line.id.id().ok()??, row));
            }
        }
    }
    found.sort_by_key(|(id, _)| *id);
    let all = order.items_total.amount().ok()?? == units && !found.is_empty();
    all.then(|| found.into_iter().map(|(_, row)| row).collect())
}

/// The addresses of all consignments that are shipped, when they have their costs and are as many as the order has.
fn addresses(order: &wire::Order, consignments: &wire::Consignments) -> Option<Vec<Box<RawValue>>> {
    let found = rows(&consignments.shipping)?;
    for row in &found {
        let address: wire::Address = object(row.get().as_bytes()).ok()?;
        address.id.id().ok()??;
        address.cost_ex_tax.some_text().and(address.cost_inc_tax.some_text())?;
    }
    let all = order.shipping_address_count.whole().ok()?? == u64::try_from(found.len()).ok()?;
    all.then_some(found)
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
        json!({ "id": id, "quantity": quantity, "total_ex_tax": "1.0000", "total_inc_tax": "1.0000" })
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
        let bare = json!([{ "id": 2, "quantity": 1 }]);
        assert_eq!(with("/consignments/downloads/0/line_items", bare), None, "without its amounts");
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
