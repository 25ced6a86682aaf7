//! The store as its callers see it: over HTTP.

use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;
use standardwebhooks::Webhook;

use super::actions::{RefundItem, RefundPayment, RefundRequest};
use super::draft::{GiftCertificate, LineDraft, ProductDraft, TaxRate};
use super::faults::Faults;
use super::outbox::ReleaseOrder;
use super::testing::{self, Destination, SECRET, Served, draft, open, serve, settings, store};
use crate::clock::Clock;

async fn hook(served: &Served, scope: &str, destination: &str) -> u64 {
    let body = json!({ "scope": scope, "destination": destination, "headers": { "x-shared": "token-1" } }).to_string();
    let answer = served.call("POST", "/v3/hooks", &body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["data"]["id"].as_u64().unwrap()
}

#[tokio::test]
async fn lists_page_at_fifty_and_end_with_no_content() {
    let served = serve(store()).await;
    let order = served.store.place_order(&draft(51)).unwrap();
    let rows = async |query: &str| served.get(&format!("/v2/orders/{order}/products{query}")).await;
    assert_eq!(rows("").await.json().as_array().unwrap().len(), 50);
    assert_eq!(rows("?page=2").await.json().as_array().unwrap().len(), 1);
    assert_eq!(rows("?limit=250").await.json().as_array().unwrap().len(), 51);
    let past_the_end = rows("?page=3").await;
    assert_eq!((past_the_end.status, past_the_end.text.as_str()), (204, ""));
    assert_eq!(rows("?limit=251").await.status, 413);
    assert_eq!(rows("?page=0").await.status, 400);
}

#[tokio::test]
async fn nothing_is_no_content_and_the_unknown_is_not_found_in_each_dialect() {
    let served = serve(store()).await;
    assert_eq!(served.get("/v2/orders").await.status, 204);
    let order = served.store.create_order(&draft(1)).unwrap();
    for path in ["/v2/orders/100/coupons", "/v2/orders/100/shipments", "/v3/orders/100/transactions"] {
        let answer = served.get(path).await;
        assert_eq!((order, answer.status, answer.text.as_str()), (100, 204, ""), "{path}");
    }
    let unknown = served.get("/v2/orders/7").await;
    assert_eq!((unknown.status, unknown.json()[0]["status"].as_u64()), (404, Some(404)));
    let unknown = served.get("/v3/orders/7/transactions").await;
    assert_eq!((unknown.status, unknown.json()["status"].as_u64()), (404, Some(404)));
    let nobody = served.get("/v3/customers?id:in=7").await;
    assert_eq!((nobody.status, nobody.json()["data"].clone()), (200, json!([])));
}

#[tokio::test]
async fn the_catalogue_tells_ids_and_the_fields_asked_for() {
    let served = serve(store()).await;
    let put = |sku: &str, categories: &[&str]| {
        let categories = categories.iter().map(|name| (*name).to_owned()).collect();
        let (price, cost) = (Decimal::new(45_00, 2), Decimal::new(18_20, 2));
        served.store.put_product(ProductDraft { sku: sku.into(), name: "Storm lamp".into(), price, cost, categories })
    };
    let (lamp, stove) = (put("LAMP", &["Camping", "Light"]).unwrap(), put("STOVE", &["Camping"]).unwrap());
    let order = served.store.place_order(&draft(0).line(LineDraft::new("LAMP", "Lamp", 1, Decimal::ONE))).unwrap();
    let line = served.get(&format!("/v2/orders/{order}/products")).await.json();
    assert_eq!(line[0]["product_id"], lamp, "a line points to its product");
    let found = served.get(&format!("/v3/catalog/products?id:in={lamp},4711&include_fields=categories")).await.json();
    assert_eq!(found["data"], json!([{ "id": lamp, "categories": [18, 19] }]));
    let whole = served.get(&format!("/v3/catalog/products?id:in={lamp}")).await;
    assert!(whole.text.contains(r#""cost_price":18.2,"#), "{}", whole.text);
    assert_eq!(served.get("/v3/catalog/products").await.json()["meta"]["pagination"]["total"], 2);
    let names = served.get("/v3/catalog/trees/categories?category_id:in=18,19,99&include_fields=name").await.json();
    let expected = json!([{ "category_id": 18, "name": "Camping" }, { "category_id": 19, "name": "Light" }]);
    assert_eq!(names["data"], expected);
    assert_eq!(served.get("/v3/catalog/products?id:in=lamp").await.status, 422);
    assert_eq!(put("STOVE", &["Light"]).unwrap(), stove);
    served.store.delete_product("LAMP").unwrap();
    let left = served.get("/v3/catalog/products?include_fields=categories").await.json();
    assert_eq!(left["data"], json!([{ "id": stove, "categories": [19] }]));
}

#[tokio::test]
async fn a_wrong_token_is_unauthorized_in_each_dialect() {
    let served = serve(store()).await;
    let v2 = served.send("GET", "/stores/abc123/v2/time", "wrong", "").await.unwrap();
    assert_eq!((v2.status, v2.json()[0]["status"].as_u64()), (401, Some(401)));
    let v3 = served.send("GET", "/stores/abc123/v3/hooks", "wrong", "").await.unwrap();
    assert_eq!((v3.status, v3.json()["status"].as_u64()), (401, Some(401)));
    assert!(served.get("/v2/time").await.json()["time"].is_u64());
}

#[tokio::test]
async fn money_is_text_with_four_decimals_in_v2_and_an_exact_number_in_v3() {
    let served = serve(store()).await;
    let order = served.store.place_order(&draft(1)).unwrap();
    let v2 = served.get(&format!("/v2/orders/{order}")).await.json();
    assert_eq!((v2["total_inc_tax"].as_str(), v2["total_tax"].as_str()), (Some("129.9000"), Some("9.9000")));
    assert_eq!(v2["date_created"], "Thu, 05 Mar 2026 15:00:00 +0000");
    assert_eq!(
        (v2["status_id"].as_u64(), v2["products"]["resource"].as_str()),
        (Some(11), Some("/orders/100/products"))
    );
    let v3 = served.get(&format!("/v3/orders/{order}/transactions")).await;
    assert!(v3.text.contains(r#""amount":129.9,"#), "{}", v3.text);
    let row = &v3.json()["data"][0];
    assert_eq!((row["order_id"].as_str(), row["event"].as_str()), (Some("100"), Some("purchase")));
    assert_eq!((&row["reference_transaction_id"], &row["gift_certificate"]), (&json!({}), &json!({})));
    assert_eq!(row["date_created"], "2026-03-05T15:00:00+00:00");
}

#[tokio::test]
async fn tax_details_name_what_is_taxed() {
    let served = serve(store()).await;
    let cents = |cents| Decimal::new(cents, 2);
    let order = draft(1).ship("Express", cents(10_00), cents(2_00), &[TaxRate::new("State Tax", Decimal::TEN)]);
    let order = served
        .store
        .place_order(&order.line(super::LineDraft::new("A", "A", 1, cents(5_00)).to(1).wrapped(cents(3_00))))
        .unwrap();
    let rows = served.get(&format!("/v2/orders/{order}/taxes?details=true")).await.json();
    let kinds: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["line_item_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["item", "item", "gift-wrapping", "shipping", "handling"]);
    assert_eq!((&rows[1]["order_product_id"], &rows[3]["order_product_id"]), (&json!("2"), &json!(null)));
    assert_eq!(rows[4]["line_amount"], "0.2000");
    let plain = served.get(&format!("/v2/orders/{order}/taxes")).await.json();
    assert_eq!((plain.as_array().unwrap().len(), &plain[1]["line_amount"]), (2, &json!("2.0000")));
    assert!(plain[0].get("line_item_type").is_none());
}

#[tokio::test]
async fn the_list_filters_by_modification_and_status() {
    let mut settings = settings();
    settings.clock = Clock::fixed("2026-03-05T15:00:00Z".parse().unwrap());
    let clock = settings.clock.clone();
    let served = serve(open(settings)).await;
    let first = served.store.place_order(&draft(1)).unwrap();
    clock.advance(Duration::from_secs(600));
    let second = served.store.place_order(&draft(1)).unwrap();
    let ids = async |query: &str| -> Vec<u64> {
        let answer = served.get(&format!("/v2/orders?{query}")).await;
        let rows = if answer.status == 204 { json!([]) } else { answer.json() };
        rows.as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids("min_date_modified=2026-03-05T15:10:00Z").await, [second]);
    assert_eq!(ids("max_date_modified=Thu,%2005%20Mar%202026%2015:09:59%20%2B0000").await, [first]);
    assert_eq!(ids("sort=id:desc").await, [second, first]);
    assert_eq!(ids("min_id=101&status_id=11").await, [second]);
    served.store.archive(second).unwrap();
    assert_eq!(ids("").await, [first]);
    assert_eq!(served.get(&format!("/v2/orders/{second}")).await.status, 200);
    assert_eq!(served.get("/v2/orders?min_date_modified=yesterday").await.status, 400);
}

#[tokio::test]
async fn the_quota_is_shown_on_every_answer_and_enforced() {
    let mut settings = settings();
    settings.quota = 2;
    let clock = settings.clock.clone();
    let served = serve(open(settings)).await;
    let left = |answer: &testing::Answer| answer.headers["x-rate-limit-requests-left"].to_str().unwrap().to_owned();
    assert_eq!(left(&served.get("/v2/time").await), "1");
    clock.advance(Duration::from_secs(10));
    assert_eq!(left(&served.get("/v2/orders/7").await), "0");
    let refused = served.get("/v2/time").await;
    assert_eq!((refused.status, left(&refused).as_str()), (429, "0"));
    assert_eq!(refused.headers["x-rate-limit-time-reset-ms"], "20000");
    assert_eq!(refused.headers["x-retry-after"], "20");
    clock.advance(Duration::from_secs(20));
    assert_eq!(served.get("/v2/time").await.status, 200);
}

#[tokio::test]
async fn faults_come_on_demand() {
    let served = serve(store()).await;
    served
        .send("POST", "/sandbox/faults", "", r#"{"drop":1,"too_many_requests_without_headers":1,"server_error":1}"#)
        .await
        .unwrap();
    assert!(served.call("GET", "/v2/time", "").await.is_err());
    let bare = served.get("/v2/time").await;
    assert_eq!((bare.status, bare.headers.contains_key("x-rate-limit-requests-left")), (429, false));
    assert_eq!(served.get("/v2/time").await.status, 500);
    assert_eq!(served.get("/v2/time").await.status, 200);
    served.store.set_faults(Faults { too_many_requests: 1, ..Faults::default() });
    let limited = served.get("/v2/time").await;
    assert_eq!((limited.status, limited.headers.contains_key("x-retry-after")), (429, true));
    assert_eq!(served.send("POST", "/sandbox/faults", "", r#"{"fire":1}"#).await.unwrap().status, 400);
}

#[tokio::test]
async fn a_delivery_is_signed_and_carries_its_hash_and_the_hooks_headers() {
    let mut settings = settings();
    // The library checks the timestamp against the machine's clock.
    settings.clock = Clock::system();
    let served = serve(open(settings)).await;
    let destination = Destination::open(&[]).await;
    hook(&served, "store/order/created", &destination.url).await;
    let order = served.store.create_order(&draft(1)).unwrap();
    destination.wait_for(1).await;
    let (headers, body) = destination.deliveries().remove(0);
    Webhook::from_bytes(SECRET.as_bytes().to_vec()).unwrap().verify(body.as_bytes(), &headers).unwrap();
    let envelope: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(envelope["hash"].as_str().unwrap(), headers["webhook-id"]);
    assert_eq!(envelope["data"], json!({ "type": "order", "id": order }));
    assert_eq!((&envelope["producer"], &envelope["store_id"]), (&json!("stores/abc123"), &json!("1003502318")));
    assert_eq!(
        (&headers["x-shared"], &headers["content-type"]),
        (&"token-1".parse().unwrap(), &"application/json".parse().unwrap())
    );
}

#[tokio::test]
async fn a_wildcard_hook_gets_every_event_of_an_order() {
    let served = serve(store()).await;
    let destination = Destination::open(&[]).await;
    hook(&served, "store/order/*", &destination.url).await;
    served.store.hold_deliveries();
    served.store.place_order(&draft(1)).unwrap();
    served.store.deliver_all_pending().await;
    let expected =
        ["created", "transaction/created", "statusUpdated", "updated"].map(|what| format!("store/order/{what}"));
    assert_eq!(destination.scopes(), expected);
}

#[tokio::test]
async fn a_delivery_answered_500_or_refused_is_tried_again_with_the_same_id() {
    let store = store();
    store.hold_deliveries();
    let served = serve(store).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    hook(&served, "store/order/created", &format!("http://{address}/hooks")).await;
    served.store.create_order(&draft(1)).unwrap();
    let refused = served.store.deliver_all_pending().await;
    assert_eq!((refused.delivered, refused.failed, refused.pending), (0, 1, 1));
    let destination = Destination::listen(tokio::net::TcpListener::bind(address).await.unwrap(), &[500]);
    assert_eq!(served.store.deliver_all_pending().await.failed, 1);
    assert_eq!(served.store.deliver_all_pending().await.delivered, 1);
    let ids: Vec<_> = destination.deliveries().iter().map(|(headers, _)| headers["webhook-id"].clone()).collect();
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
    let log = served.send("GET", "/sandbox/deliveries", "", "").await.unwrap().json();
    assert_eq!((&log[0]["state"], log[0]["attempts"].as_array().unwrap().len()), (&json!("delivered"), 3));
}

#[tokio::test]
async fn the_last_failed_retry_switches_the_hook_off_and_a_put_switches_it_on() {
    let served = serve(store()).await;
    served.store.hold_deliveries();
    let destination = Destination::open(&[503; 12]).await;
    let id = hook(&served, "store/order/created", &destination.url).await;
    served.store.create_order(&draft(1)).unwrap();
    for _ in 0..12 {
        served.store.deliver_all_pending().await;
    }
    assert_eq!(served.get(&format!("/v3/hooks/{id}")).await.json()["data"]["is_active"], false);
    served.store.create_order(&draft(1)).unwrap();
    assert_eq!(served.store.pending_deliveries(), 0);
    let repaired = served.call("PUT", &format!("/v3/hooks/{id}"), r#"{"is_active":true}"#).await.unwrap();
    assert_eq!((repaired.status, repaired.json()["data"]["is_active"].as_bool()), (200, Some(true)));
    assert_eq!(served.get("/v3/hooks?is_active=true").await.json()["meta"]["pagination"]["total"], 1);
    assert_eq!(served.call("DELETE", &format!("/v3/hooks/{id}"), "").await.unwrap().status, 200);
    assert_eq!(served.get(&format!("/v3/hooks/{id}")).await.status, 404);
}

#[tokio::test]
async fn events_can_be_doubled_and_disordered() {
    let served = serve(store()).await;
    let destination = Destination::open(&[]).await;
    hook(&served, "store/order/*", &destination.url).await;
    served.store.hold_deliveries();
    served.store.duplicate_next_deliveries(1);
    served.store.create_order(&draft(1)).unwrap();
    served.store.create_order(&draft(1)).unwrap();
    served.store.release_deliveries(ReleaseOrder::Reversed);
    destination.wait_for(3).await;
    assert_eq!(destination.scopes().len(), 3);
    let ids: std::collections::BTreeSet<_> = destination
        .deliveries()
        .iter()
        .map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn a_restarted_store_keeps_its_orders_and_undelivered_webhooks() {
    let folder = std::env::temp_dir().join(format!("cartledger-store-{}", crate::clock::random_id()));
    std::fs::create_dir(&folder).unwrap();
    let mut settings = settings();
    settings.state_file = Some(folder.join("store.json"));
    let destination = Destination::open(&[]).await;
    let before = serve(open(settings.clone())).await;
    before.store.hold_deliveries();
    hook(&before, "store/order/created", &destination.url).await;
    let order = before.store.place_order(&draft(1)).unwrap();
    let summary = before.store.expected_summary();
    tokio::try_join!(before.store.save(), before.store.save()).unwrap();
    before.shut_down().await;
    let after = open(settings);
    assert_eq!(after.expected_summary(), summary);
    assert_eq!(after.deliver_all_pending().await.delivered, 1);
    assert!(destination.deliveries()[0].1.contains(&format!(r#""id":{order}"#)));
    assert_eq!(after.create_order(&draft(1)).unwrap(), order + 1);
    // The first store may be writing its last state just now; a folder left behind hurts nobody.
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_split_tender_has_one_row_each_and_a_refund_keeps_its_tax() {
    let served = serve(store()).await;
    let certificate = GiftCertificate { code: "MB3".into(), balance: Decimal::from(64), amount: Decimal::from(50) };
    let order = served.store.place_order(&draft(3).gift_certificate(certificate)).unwrap();
    let rows = served.get(&format!("/v3/orders/{order}/transactions")).await.json();
    assert_eq!(rows["data"][0]["gift_certificate"]["remaining_balance"], 14);
    assert_eq!((&rows["data"][1]["method"], &rows["data"][1]["amount"]), (&json!("credit_card"), &json!(339.7)));
    let line = served.store.order_product_ids(order)[0];
    let item = RefundItem::Product { line, quantity: 1, deduction: None };
    let request = RefundRequest::new(vec![item], RefundPayment::gateway(), "Too small");
    let refund = served.store.refund(order, &request).unwrap();
    assert!(served.store.refund(order, &request).is_err());
    let found = served.get(&format!("/v3/orders/payment_actions/refunds?order_id:in={order},7")).await;
    assert!(found.text.contains(r#""total_amount":129.9,"total_tax":9.9,"#), "{}", found.text);
    let row = &found.json()["data"][0];
    assert_eq!((row["id"].as_u64(), row["order_id"].as_u64()), (Some(refund), Some(order)));
    assert_eq!((&row["items"][0]["item_id"], &row["items"][0]["requested_amount"]), (&json!(line), &json!(null)));
    assert_eq!(served.get(&format!("/v2/orders/{order}")).await.json()["status_id"], 14);
}

#[test]
fn a_refused_action_changes_nothing() {
    let store = store();
    let order = store.place_order(&draft(1)).unwrap();
    let before = store.expected_summary();
    assert!(store.capture(order, None).is_err());
    assert!(store.mark_paid(order).is_err());
    assert!(store.set_status(order, 99).is_err());
    let too_much = RefundItem::Order { amount: Decimal::from(500) };
    assert!(store.refund(order, &RefundRequest::new(vec![too_much], RefundPayment::gateway(), "")).is_err());
    let credit =
        RefundRequest::new(vec![RefundItem::Order { amount: Decimal::ONE }], RefundPayment::store_credit(), "");
    assert!(store.refund(order, &credit).is_err(), "a guest has no store credit");
    assert!(store.create_order(&draft(0)).is_err());
    assert_eq!(store.expected_summary(), before);
}

#[test]
fn times_are_kept_in_whole_seconds() {
    let mut settings = settings();
    settings.clock = Clock::fixed(Timestamp::from_millisecond(1_772_722_800_789).unwrap());
    let store = open(settings);
    let order = store.create_order(&draft(1)).unwrap();
    let modified = store.state().orders[&order].date_modified;
    assert_eq!(modified.subsec_nanosecond(), 0);
}

/// Everything the documentation promises about one order can be read, for every order of the day.
#[tokio::test]
async fn a_whole_day_can_be_read_and_all_its_webhooks_arrive() {
    let mut settings = settings();
    settings.quota = 10_000;
    settings.clock = Clock::system();
    let served = serve(open(settings)).await;
    let destination = Destination::open(&[500]).await;
    hook(&served, "store/order/*", &destination.url).await;
    super::scenario::trading_day(&served.store, |_| {}).unwrap();
    for order in served.store.expected_summary() {
        let id = order.order_id;
        let parts = ["products", "shipping_addresses", "coupons", "taxes?details=true", "fees", "shipments"];
        let v2 = parts.iter().map(|part| format!("/v2/orders/{id}/{part}"));
        let v3 = ["transactions", "payment_actions/refunds"].map(|part| format!("/v3/orders/{id}/{part}"));
        for path in v2.chain(v3).chain([format!("/v2/orders/{id}?include=fees")]) {
            let answer = served.get(&path).await;
            assert!(
                answer.status == 200 || (answer.status, answer.text.as_str()) == (204, ""),
                "{path}: {}",
                answer.status
            );
        }
    }
    // The first delivery was answered 500 and waits for its retry; all others arrive, in the background.
    while served.store.pending_deliveries() > 1 {
        tokio::task::yield_now().await;
    }
    let verifier = Webhook::from_bytes(SECRET.as_bytes().to_vec()).unwrap();
    assert!(destination.deliveries().iter().all(|(headers, body)| verifier.verify(body.as_bytes(), headers).is_ok()));
    assert_eq!(served.store.deliver_all_pending().await.delivered, 1);
}

#[tokio::test]
async fn the_sandbox_shows_its_orders_and_settings_but_no_secret() {
    let served = serve(store()).await;
    served.store.place_order(&draft(1)).unwrap();
    let page = served.send("GET", "/", "", "").await.unwrap();
    assert!(page.text.contains("<td>100<td>Awaiting Fulfillment<td>129.90"), "{}", page.text);
    let orders = served.send("GET", "/sandbox/orders", "", "").await.unwrap().json();
    assert_eq!((&orders[0]["order_id"], &orders[0]["status_id"]), (&json!(100), &json!(11)));
    let settings = served.send("GET", "/sandbox/settings", "", "").await.unwrap().text;
    assert!(settings.contains("America/Chicago") && !settings.contains(SECRET) && !settings.contains(testing::TOKEN));
}
