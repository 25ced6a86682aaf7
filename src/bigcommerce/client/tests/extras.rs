//! What is read of an order besides: shipments, the customer's group, categories.

use super::*;

const EVERYTHING: Extras = Extras { shipments: true, customers: true, categories: true };

/// A clock that stands still.
fn still() -> Clock {
    Clock::fixed("2026-03-03T10:00:00Z".parse().unwrap())
}

/// Order 118 of customer 77 with one line of product 31 and one of product 32, and everything that may be read of it.
fn order_with_extras() -> Shop {
    let (status, headers, body) = order(2);
    let registered = body.replace(r#""id":118,"#, r#""id":118,"customer_id":77,"#);
    let line = |id: u64, product: u64| {
        format!(
            r#"{{"id":{id},"product_id":{product},"type":"physical","quantity":1,"total_ex_tax":"1.0000","total_inc_tax":"1.0000"}}"#
        )
    };
    let shipments = r#"[{"id":6,"order_id":118,"date_created":"Wed, 04 Mar 2026 09:00:00 +0000","items":[{"order_product_id":2,"product_id":32,"quantity":1}]}]"#;
    let products = r#"{"data":[{"id":31,"categories":[23,19]},{"id":32,"categories":[]}],"meta":{"pagination":{"total_pages":1}}}"#;
    let names = r#"{"data":[{"category_id":23,"name":"Lamps"},{"category_id":19,"name":"Garden"}],"meta":{"pagination":{"total_pages":1}}}"#;
    Shop::default()
        .on("/v2/orders/118?", [(status, headers, registered)])
        .on("/v2/orders/118/products", [ok(format!("[{},{}]", line(1, 31), line(2, 32)))])
        .on("/v2/orders/118/shipments", [ok(shipments)])
        .on("/v3/customers?id:in=77", [ok(r#"{"data":[{"id":77,"customer_group_id":4}],"meta":{}}"#)])
        .on("/v3/catalog/products?id:in=31,32&include_fields=categories&", [ok(products)])
        .on("/v3/catalog/trees/categories?category_id:in=19,23&include_fields=name&", [ok(names)])
}

#[tokio::test]
async fn shipments_customer_and_categories_are_read_where_they_are_wanted() {
    let shop = order_with_extras();
    let evidence = shop.open_reading(EVERYTHING, &still()).await.read_order(118).await.unwrap();
    assert_eq!(evidence.order.buyer.group, Some(4));
    assert_eq!(evidence.lines.iter().map(|line| line.categories.join("+")).collect::<Vec<_>>(), ["Garden+Lamps", ""]);
    assert_eq!(evidence.shipments[0].items, [(2, rust_decimal::Decimal::ONE)]);
}

#[tokio::test]
async fn nothing_is_asked_for_that_nobody_wants() {
    let shop = order_with_extras();
    let client = shop.open_reading(Extras::default(), &still()).await;
    let evidence = client.read_order(118).await.unwrap();
    assert_eq!((evidence.order.buyer.group, evidence.shipments.len(), client.calls_made()), (None, 0, 7));
    assert!(shop.asked().iter().all(|path| !path.contains("customers") && !path.contains("catalog")));
    let guest = Shop::default().on("/v2/orders/118?", [order(0)]);
    let client = guest.open_reading(EVERYTHING, &still()).await;
    client.read_order(118).await.unwrap();
    assert_eq!(client.calls_made(), 8, "a guest has no customer record, and an order without lines no products");
}

#[tokio::test]
async fn a_customer_deleted_since_is_in_no_group() {
    let shop = order_with_extras().on("/v3/customers?id:in=77", [ok(r#"{"data":[],"meta":{}}"#)]);
    let evidence = shop.open_reading(EVERYTHING, &still()).await.read_order(118).await.unwrap();
    assert_eq!((evidence.order.buyer.customer_id, evidence.order.buyer.group), (Some(77), None));
}

#[tokio::test]
async fn categories_are_remembered_for_an_hour() {
    let (shop, clock) = (order_with_extras(), still());
    let client = shop.open_reading(EVERYTHING, &clock).await;
    let asked = || shop.asked().iter().filter(|path| path.starts_with("/v3/catalog")).count();
    client.read_order(118).await.unwrap();
    clock.advance(Duration::from_secs(3599));
    let remembered = client.clone().read_order(118).await.unwrap();
    assert_eq!((remembered.lines[0].categories.len(), asked()), (2, 2));
    clock.advance(Duration::from_secs(1));
    client.read_order(118).await.unwrap();
    assert_eq!(asked(), 4);
}

#[tokio::test]
async fn many_products_are_asked_for_in_portions() {
    let rows: Vec<String> = (1..=230)
        .map(|id| {
            format!(
                r#"{{"id":{id},"product_id":{},"quantity":1,"total_ex_tax":"1.0000","total_inc_tax":"1.0000"}}"#,
                9_000_000_000_u64 + id
            )
        })
        .collect();
    let shop = Shop::default()
        .on("/v2/orders/118?", [order(230)])
        .on("/v2/orders/118/products", [ok(format!("[{}]", rows.join(",")))]);
    let evidence = shop.open_reading(EVERYTHING, &still()).await.read_order(118).await.unwrap();
    assert!(evidence.lines.iter().all(|line| line.categories.is_empty()), "deleted products are in no category");
    let questions: Vec<String> = shop.asked().into_iter().filter(|path| path.starts_with("/v3/catalog")).collect();
    assert_eq!(questions.len(), 3);
    assert!(questions.iter().all(|path| path.len() < 2_000));
}

#[tokio::test]
async fn a_token_without_the_scope_of_products_says_so() {
    let refused = (403, Vec::new(), r#"{"status":403,"title":"You don't have a required scope"}"#.to_owned());
    let shop = order_with_extras().on("/v3/catalog/products", [refused]);
    let client = shop.open_reading(EVERYTHING, &still()).await;
    for error in [client.check_access().await.unwrap_err(), client.read_order(118).await.unwrap_err()] {
        assert!(matches!(error, ReadError::Access { .. }), "{error:?}");
        assert!(error.to_string().contains("products of the catalogue") && error.to_string().contains("scope"));
    }
    let without = shop.open_reading(Extras { categories: false, ..EVERYTHING }, &still()).await;
    without.check_access().await.unwrap();
}

#[tokio::test]
async fn a_token_that_may_not_read_orders_or_their_money_is_told_beforehand() {
    let refused = || (403, Vec::new(), r#"{"status":403,"title":"You don't have a required scope"}"#.to_owned());
    let listed = ok(r#"[{"id":118,"status_id":11,"date_modified":"Tue, 03 Mar 2026 09:00:00 +0000"}]"#);
    let without_orders = order_with_extras().on("/v2/orders?", [refused()]);
    let without_transactions =
        order_with_extras().on("/v2/orders?", [listed]).on("/v3/orders/118/transactions", [refused()]);
    for shop in [without_orders, without_transactions] {
        let error = shop.open_reading(EVERYTHING, &still()).await.check_access().await.unwrap_err();
        assert!(matches!(error, ReadError::Access { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_catalogue_that_answers_something_else_is_asked_again_later() {
    for body in [r#"{"data":[{"categories":[1]}]}"#, r#"{"data":[{"id":31,"categories":["Lamps"]}]}"#, r#"[[1]]"#] {
        let shop = order_with_extras().on("/v3/catalog/products", [ok(body)]);
        match shop.open_reading(EVERYTHING, &still()).await.read_order(118).await.unwrap_err() {
            ReadError::Retry { why, .. } => assert!(why.contains("products of the catalogue"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}
