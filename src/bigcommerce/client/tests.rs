//! The client against a small store on loopback.

mod extras;

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::*;

/// One answer of the store: status, headers, body.
type Scripted = (u16, Vec<(&'static str, &'static str)>, String);

/// Addresses with the answers they give, one after the other.
type Script = Vec<(String, VecDeque<Scripted>)>;

/// A store that answers by path (and `page`), in turn when several answers are given; 204 to everything else.
#[derive(Clone, Default)]
struct Shop {
    answers: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Shop {
    /// Answers paths with this start; the last answer is repeated. Later rules go first.
    fn on(self, start: &str, answers: impl IntoIterator<Item = Scripted>) -> Self {
        self.answers.lock().unwrap().insert(0, (start.to_owned(), answers.into_iter().collect()));
        self
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn open(&self) -> StoreClient {
        self.open_with(10).await
    }

    async fn open_with(&self, reserve_percent: u32) -> StoreClient {
        client(&self.listen().await, reserve_percent, Extras::default(), Clock::system())
    }

    async fn open_reading(&self, extras: Extras, clock: &Clock) -> StoreClient {
        client(&self.listen().await, 10, extras, clock.clone())
    }

    async fn listen(&self) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }
}

fn client(base_url: &str, reserve_percent: u32, extras: Extras, clock: Clock) -> StoreClient {
    let connection = StoreConnection {
        name: "acme-us".into(),
        base_url: base_url.into(),
        store_hash: "acme1".into(),
        access_token: SecretString::from("token-1".to_owned()),
        reserve_percent,
        extras,
    };
    StoreClient::new(connection, clock).unwrap()
}

async fn answer(State(shop): State<Shop>, request: Request) -> Response {
    if request.headers().get("x-auth-token").is_none_or(|token| token != "token-1") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let path = request.uri().to_string().replace("/stores/acme1", "");
    shop.asked.lock().unwrap().push(path.clone());
    let mut rules = shop.answers.lock().unwrap();
    let Some((_, answers)) = rules.iter_mut().find(|(start, _)| path.starts_with(start)) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let scripted = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
    let (status, headers, body) = scripted.unwrap();
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

fn ok(body: impl Into<String>) -> Scripted {
    (200, Vec::new(), body.into())
}

/// An order of `items` units, with its fees embedded.
fn order(items: u64) -> Scripted {
    ok(format!(
        r#"{{"id":118,"status_id":11,"status":"Awaiting Fulfillment","date_created":"Tue, 03 Mar 2026 10:00:00 +0000",
        "default_currency_code":"USD","total_ex_tax":"{items}.0000","total_inc_tax":"{items}.0000","total_tax":"0.0000","items_total":{items},"fees":[]}}"#
    ))
}

fn lines(ids: std::ops::Range<u64>) -> Scripted {
    let rows: Vec<String> = ids
        .map(|id| {
            format!(r#"{{"id":{id},"type":"physical","quantity":1,"total_ex_tax":"1.0000","total_inc_tax":"1.0000"}}"#)
        })
        .collect();
    ok(format!("[{}]", rows.join(",")))
}

#[tokio::test]
async fn an_order_is_read_with_everything_that_belongs_to_it() {
    let shop = Shop::default().on("/v2/orders/118?", [order(2)]).on("/v2/orders/118/products", [lines(1..3)]);
    let client = shop.open().await;
    let evidence = client.read_order(118).await.unwrap();
    assert_eq!((evidence.store.as_str(), evidence.order.id, evidence.lines.len()), ("acme-us", 118, 2));
    let mut asked = shop.asked();
    asked.sort();
    assert_eq!(
        asked,
        [
            "/v2/orders/118/coupons?page=1&limit=250",
            "/v2/orders/118/products?page=1&limit=250",
            "/v2/orders/118/shipping_addresses?page=1&limit=250",
            "/v2/orders/118/taxes?details=true&page=1&limit=250",
            "/v2/orders/118?include=consignments,consignments.line_items,fees&consignment_structure=object",
            "/v3/orders/118/payment_actions/refunds?page=1&limit=250",
            "/v3/orders/118/transactions?page=1&limit=250",
        ]
    );
    assert_eq!(client.calls_made(), 7);
}

#[tokio::test]
async fn a_store_that_embeds_lines_and_addresses_is_asked_four_questions_for_an_order() {
    let (status, headers, body) = order(2);
    let whole = r#""type":"physical","order_address_id":41,"total_tax":"0.0000","applied_discounts":[]"#;
    let lines = lines(1..3).2.replace(r#""type":"physical""#, whole);
    let address =
        format!(r#"{{"id":41,"street_1":"1 Congress Ave","cost_ex_tax":5.1,"cost_inc_tax":6.2,"line_items":{lines}}}"#);
    let embedded = format!(
        r#""fees":[],"coupon_discount":"0.0000","shipping_address_count":1,
        "consignments":{{"pickups":[],"shipping":[{address}],"downloads":[],"email":{{"gift_certificates":[]}}}}"#
    );
    let shop = Shop::default().on("/v2/orders/118?", [(status, headers, body.replace(r#""fees":[]"#, &embedded))]);
    let client = shop.open().await;
    let evidence = client.read_order(118).await.unwrap();
    assert_eq!(evidence.lines.iter().map(|line| line.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(evidence.shipping[0].address.street_1, "1 Congress Ave");
    assert_eq!(evidence.shipping[0].cost_inc_tax.to_string(), "6.2000", "as the list would have told it");
    assert_eq!(client.calls_made(), 4);
}

#[tokio::test]
async fn every_page_of_a_long_order_is_read() {
    let page = |number: u64, rows: &str| {
        ok(format!(r#"{{"data":[{rows}],"meta":{{"pagination":{{"current_page":{number},"total_pages":2}}}}}}"#))
    };
    let payment = |id: u64| {
        format!(
            r#"{{"id":{id},"event":"purchase","amount":1,"status":"ok","date_created":"2026-03-03T10:00:00+00:00"}}"#
        )
    };
    let shop = Shop::default()
        .on("/v2/orders/118?", [order(260)])
        .on("/v2/orders/118/products?page=1", [lines(1..251)])
        .on("/v2/orders/118/products?page=2", [lines(251..261)])
        .on("/v3/orders/118/transactions?page=1", [page(1, &payment(1))])
        .on("/v3/orders/118/transactions?page=2", [page(2, &payment(2))]);
    let evidence = shop.open().await.read_order(118).await.unwrap();
    assert_eq!((evidence.lines.len(), evidence.transactions.len()), (260, 2));
}

#[tokio::test]
async fn a_store_that_gives_fifty_rows_whatever_the_limit_loses_none() {
    let shop = Shop::default()
        .on("/v2/orders/118?", [order(51)])
        .on("/v2/orders/118/products?page=1", [lines(1..51)])
        .on("/v2/orders/118/products?page=2", [lines(51..52)]);
    assert_eq!(shop.open().await.read_order(118).await.unwrap().lines.len(), 51);
}

#[tokio::test]
async fn a_list_that_is_not_paged_is_read_once() {
    let shop = Shop::default().on("/v2/orders/118?", [order(50)]).on("/v2/orders/118/products", [lines(1..51)]);
    assert_eq!(shop.open().await.read_order(118).await.unwrap().lines.len(), 50);
}

#[tokio::test]
async fn a_page_that_is_missing_is_asked_for_again_later() {
    let shop = Shop::default().on("/v2/orders/118?", [order(51)]).on("/v2/orders/118/products?page=1", [lines(1..51)]);
    match shop.open().await.read_order(118).await.unwrap_err() {
        ReadError::Retry { why, after: None } => assert!(why.contains("a page of lines is missing"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn empty_objects_stand_for_empty_lists() {
    let mut shop = Shop::default().on("/v2/orders/118?", [order(0)]);
    for list in [
        "/v2/orders/118/coupons",
        "/v2/orders/118/taxes",
        "/v3/orders/118/transactions",
        "/v3/orders/118/payment_actions",
    ] {
        shop = shop.on(list, [ok("{}")]);
    }
    let evidence = shop.open().await.read_order(118).await.unwrap();
    assert!(evidence.transactions.is_empty() && evidence.refunds.is_empty() && evidence.taxes.is_empty());
}

#[tokio::test]
async fn fees_that_are_not_embedded_are_asked_for() {
    let (status, headers, body) = order(0);
    let link = (status, headers, body.replace(r#""fees":[]"#, r#""fees":{"url":"u","resource":"r"}"#));
    let fees = ok(r#"{"fees":[{"id":1,"display_name_merchant":"Tip","cost_exc_tax":3,"cost_inc_tax":"3.0000"}]}"#);
    let shop = Shop::default().on("/v2/orders/118?", [link.clone()]).on("/v2/orders/118/fees", [fees]);
    assert_eq!(shop.open().await.read_order(118).await.unwrap().fees[0].name, "Tip");
    let older =
        Shop::default().on("/v2/orders/118?", [link]).on("/v2/orders/118/fees", [(404, Vec::new(), String::new())]);
    assert!(older.open().await.read_order(118).await.unwrap().fees.is_empty());
}

#[tokio::test]
async fn too_many_requests_are_waited_for_and_repeated() {
    let limited = (429, vec![("x-rate-limit-time-reset-ms", "20")], String::new());
    let shop = Shop::default().on("/v2/time", [limited, ok(r#"{"time":1772532000}"#)]);
    let client = shop.open().await;
    assert_eq!(client.ping().await.unwrap().to_string(), "2026-03-03T10:00:00Z");
    assert_eq!(client.calls_made(), 2);
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_queue() {
    let limited = (429, vec![("x-retry-after", "120")], String::new());
    let shop = Shop::default().on("/v2/time", [limited]);
    let client = shop.open().await;
    let waited = match client.ping().await.unwrap_err() {
        ReadError::Retry { after: Some(after), .. } => after.as_secs(),
        other => panic!("{other:?}"),
    };
    assert!((119..=120).contains(&waited), "{waited}");
    assert!(client.ping().await.is_err());
    assert_eq!(client.calls_made(), 1, "nothing is sent while the platform asked us to wait");
}

#[tokio::test]
async fn the_reserve_is_shared_by_clones_that_leave_more() {
    let told = vec![
        ("x-rate-limit-requests-quota", "100"),
        ("x-rate-limit-requests-left", "40"),
        ("x-rate-limit-time-reset-ms", "3000000"),
    ];
    let shop = Shop::default().on("/v2/time", [(200, told, r#"{"time":1772532000}"#.to_owned())]);
    let live = shop.open_with(10).await;
    live.ping().await.unwrap();
    assert!(matches!(live.leaving(50).ping().await, Err(ReadError::Retry { after: Some(_), .. })));
    assert!(live.ping().await.is_ok());
}

#[tokio::test]
async fn a_dead_token_stops_at_once() {
    let refused = (401, Vec::new(), r#"{"status":401,"title":"Unauthorized"}"#.to_owned());
    let shop = Shop::default().on("/v2/orders/118?", [refused]);
    let client = shop.open().await;
    let error = client.read_order(118).await.unwrap_err();
    assert!(matches!(error, ReadError::Access { .. }));
    let message = error.to_string();
    assert!(
        message.contains("store acme-us, order 118")
            && message.contains("access_token")
            && !message.contains("token-1"),
        "{message}"
    );
    assert_eq!(client.calls_made(), 1);
}

#[tokio::test]
async fn an_order_that_is_not_there_is_named() {
    let missing = (404, Vec::new(), r#"[{"status":404,"message":"The requested resource was not found."}]"#.to_owned());
    let client = Shop::default().on("/v2/orders/119", [missing]).open().await;
    let error = client.read_order(119).await.unwrap_err();
    assert!(matches!(&error, ReadError::NotFound { what } if what == "store acme-us, order 119"), "{error:?}");
}

#[tokio::test]
async fn a_fault_of_the_platform_is_left_to_the_queue() {
    let client = Shop::default().on("/v2/orders/118", [(502, Vec::new(), "<html>".into())]).open().await;
    assert!(
        matches!(client.read_order(118).await, Err(ReadError::Retry { after: Some(after), .. }) if after.as_secs() >= 60)
    );
    assert_eq!(client.calls_made(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let away = (302, vec![("location", "/v2/elsewhere")], String::new());
    let shop = Shop::default().on("/v2/time", [away]);
    assert!(matches!(shop.open().await.ping().await, Err(ReadError::Refused { .. })));
    assert_eq!(shop.asked(), ["/v2/time"]);
}

#[tokio::test]
async fn an_answer_beyond_all_measure_is_not_taken() {
    let shop = Shop::default().on("/v2/store", [ok(" ".repeat(ANSWER_BYTES_MAX + 1))]);
    match shop.open().await.store_information().await.unwrap_err() {
        ReadError::Retry { why, .. } => assert!(why.contains("larger than"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_store_nobody_answers_for_is_tried_again_later() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let client = client(&format!("http://{closed}"), 10, Extras::default(), Clock::system());
    match client.ping().await.unwrap_err() {
        ReadError::Retry { why, .. } => assert!(why.contains("store acme-us, time: no answer came through"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.calls_made(), u64::from(QUICK_RETRIES) + 1);
}

#[tokio::test]
async fn changed_orders_are_listed_by_id_to_the_last_page() {
    let page = |ids: std::ops::Range<u64>| {
        let rows: Vec<String> = ids
            .map(|id| format!(r#"{{"id":{id},"status_id":"11","date_modified":"Tue, 03 Mar 2026 10:00:00 +0000"}}"#))
            .collect();
        ok(format!("[{}]", rows.join(",")))
    };
    let list = "/v2/orders?sort=id:asc&limit=250&min_id=";
    let shop = Shop::default().on(&format!("{list}1&"), [page(1..251)]).on(&format!("{list}251&"), [page(300..303)]);
    let since = "2026-03-03T09:00:00Z".parse().unwrap();
    let filter = OrderFilter { modified_since: Some(since), ..OrderFilter::default() };
    let client = shop.open().await;
    let first = client.orders_page(&filter, 0).await.unwrap();
    let second = client.orders_page(&filter, 250).await.unwrap();
    assert!(first.more && !second.more);
    let orders = [first.orders, second.orders].concat();
    assert_eq!((orders.len(), orders[252].id, orders[0].status_id), (253, 302, 11));
    assert_eq!(orders[0].modified.unwrap().to_string(), "2026-03-03T10:00:00Z");
    assert!(shop.asked()[1].ends_with("min_id=251&min_date_modified=2026-03-03T09:00:00Z"));
    let empty = Shop::default().open().await;
    assert!(empty.orders_page(&filter, 0).await.unwrap().orders.is_empty());
}

#[tokio::test]
async fn the_store_tells_its_time_zone_and_currency() {
    let profile = r#"{"id":"acme1","store_id":1002,"name":"Acme","currency":"USD","country_code":"US","plan_name":"Pro",
        "timezone":{"name":"America/Chicago","raw_offset":-21600},"is_price_entered_with_tax":false}"#;
    let information = Shop::default().on("/v2/store", [ok(profile)]).open().await.store_information().await.unwrap();
    assert_eq!((information.store_hash.as_str(), information.store_id), ("acme1", Some(1002)));
    assert_eq!((information.time_zone.as_str(), information.currency), ("America/Chicago", Some(Currency::USD)));
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let built = |base_url: &str, token: &str| {
        let connection = StoreConnection {
            name: "acme-us".into(),
            base_url: base_url.into(),
            store_hash: "acme1".into(),
            access_token: SecretString::from(token.to_owned()),
            reserve_percent: 10,
            extras: Extras::default(),
        };
        StoreClient::new(connection, Clock::system())
    };
    assert!(matches!(built("api.bigcommerce.com", "t"), Err(ConnectionError::Address(_))));
    assert!(matches!(built("https://api.bigcommerce.com", "a\nb"), Err(ConnectionError::Token)));
    assert!(matches!(built("https://api.bigcommerce.com", ""), Err(ConnectionError::Token)));
    let debug = format!("{:?}", built("https://api.bigcommerce.com", "hush").unwrap());
    assert!(!debug.contains("hush"));
}
