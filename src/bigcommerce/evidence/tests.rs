//! What evidence is made of, and what is refused.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::accounting::evidence::{LineType, PaymentEvent, RefundedPart, TaxedPart};
use crate::accounting::money::parse_amount;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/bigcommerce/", $name)).to_vec()
    };
}
pub(super) use fixture;

/// An order with every quirk of the wire that has been documented or seen.
pub(super) fn raw() -> RawOrder {
    RawOrder {
        order_id: 418,
        order: fixture!("order-418/order.json"),
        products: fixture!("order-418/products.json"),
        shipping_addresses: fixture!("order-418/shipping_addresses.json"),
        coupons: fixture!("order-418/coupons.json"),
        taxes: fixture!("order-418/taxes.json"),
        fees: fixture!("order-418/fees.json"),
        transactions: fixture!("order-418/transactions.json"),
        refunds: fixture!("order-418/refunds.json"),
        shipments: fixture!("order-418/shipments.json"),
        customer: fixture!("order-418/customer.json"),
        categories: BTreeMap::from([(
            31,
            vec!["Kitchen".into(), "Blue things".into(), "Kitchen".into(), String::new()],
        )]),
    }
}

fn evidence() -> Evidence {
    assemble("acme-us", &raw()).unwrap()
}

/// It is stored: with another one every order would be derived anew after an upgrade.
#[test]
fn the_hash_of_evidence_is_the_same_for_ever() {
    assert_eq!(evidence().content_hash(), "29d741014668c1887a339a6fea8538322a81a103b893ca2644950947aac17f55");
}

pub(super) fn dec(text: &str) -> Decimal {
    parse_amount(text).unwrap()
}

/// The same bytes with one piece of text replaced, which must be there.
fn with(body: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(body).unwrap();
    assert!(text.contains(from), "the fixture holds no {from}");
    text.replacen(from, to, 1).into_bytes()
}

/// The error when one part of the order is changed.
fn refused(change: impl FnOnce(&mut RawOrder)) -> WireError {
    let mut raw = raw();
    change(&mut raw);
    assemble("acme-us", &raw).unwrap_err()
}

#[test]
fn the_header_is_read() {
    let order = evidence().order;
    assert_eq!((order.id, order.status_id, order.status.as_str(), order.channel), (418, 14, "Partially Refunded", 1));
    assert_eq!(order.created.to_string(), "2026-03-04T23:30:00Z");
    assert_eq!((order.shipped, order.external_source, order.archived), (None, None, false));
    assert_eq!(order.payment_method, "Kreditkarte");
    assert_eq!(order.buyer.customer_id, Some(77));
    assert_eq!(order.buyer.email, "Rosa.Quill@example.com");
    assert_eq!((order.billing.zip.as_str(), order.billing.phone.as_str()), ("97201", ""));
}

#[test]
fn amounts_are_in_the_transactional_currency_not_the_one_on_display() {
    let order = evidence().order;
    assert_eq!((order.currency.code(), order.store_currency.unwrap().code()), ("USD", "EUR"));
    assert_eq!(order.store_to_order_rate, Some(dec("1.085")));
    let totals = order.totals;
    assert_eq!(
        (totals.subtotal_inc_tax, totals.total_inc_tax, totals.total_tax),
        (dec("145.80"), dec("154.62"), dec("11.12"))
    );
    assert_eq!((totals.discount, totals.coupon_discount), (dec("5"), dec("10")));
    assert_eq!((totals.gift_certificate, totals.store_credit, totals.items), (dec("50"), dec("4.62"), dec("4")));
}

#[test]
fn lines_are_read_whatever_the_shape_of_their_values() {
    let lines = evidence().lines;
    assert_eq!(lines.iter().map(|line| line.id).collect::<Vec<_>>(), [901, 902, 903, 904]);
    let kinds: Vec<LineType> = lines.iter().map(|line| line.line_type).collect();
    assert_eq!(kinds, [LineType::Physical, LineType::Physical, LineType::GiftCertificate, LineType::Digital]);
    assert_eq!((lines[0].product_id, lines[1].product_id), (Some(31), None));
    assert_eq!((lines[0].address_id, lines[2].address_id), (Some(55), None));
    assert_eq!((lines[0].parent_line, lines[3].parent_line), (None, Some(901)));
    assert_eq!((lines[0].discounted_total_inc_tax, lines[1].discounted_total_inc_tax), (Some(dec("57.6")), None));
    assert_eq!((lines[0].wrapping_inc_tax, lines[1].wrapping_inc_tax), (dec("3.78"), Decimal::ZERO));
    assert_eq!((lines[1].quantity, lines[1].total_ex_tax, lines[1].total_inc_tax), (dec("1"), dec("25"), dec("27")));
    assert_eq!(lines[0].discounts.iter().map(|d| d.amount).collect::<Vec<_>>(), [dec("2.22"), dec("4.45")]);
    assert_eq!(
        (lines[0].discounts[0].code.as_deref(), lines[0].discounts[1].code.as_deref()),
        (None, Some("SPRING10"))
    );
}

#[test]
fn charges_and_taxes_are_read() {
    let evidence = evidence();
    assert_eq!((evidence.shipping[0].id, evidence.shipping[0].cost_inc_tax), (55, dec("12.96")));
    assert_eq!(evidence.shipping[0].address.company, "Quill & Co");
    assert_eq!(
        evidence.coupons.iter().map(|c| (c.coupon_type, c.discount)).collect::<Vec<_>>(),
        [(2, dec("10")), (5, dec("0"))]
    );
    let parts: Vec<_> = evidence.taxes.iter().map(|tax| (tax.part.clone(), tax.line, tax.amount)).collect();
    assert_eq!(
        parts,
        [
            (TaxedPart::Item, Some(901), dec("5.92")),
            (TaxedPart::Shipping, None, dec("0.96")),
            (TaxedPart::GiftWrapping, Some(901), dec("0.28")),
            (TaxedPart::Unknown, None, dec("3.96")),
        ]
    );
    let fee = &evidence.fees[0];
    assert_eq!((fee.name.as_str(), fee.cost_ex_tax, fee.cost_inc_tax), ("Parcel protection", dec("8"), dec("8.64")));
}

#[test]
fn transactions_are_read_in_the_order_of_their_ids() {
    let transactions = evidence().transactions;
    let seen: Vec<_> = transactions.iter().map(|t| (t.id, t.event.clone(), t.amount, t.ok, t.test)).collect();
    assert_eq!(
        seen,
        [
            (7001, PaymentEvent::Purchase, dec("50"), true, false),
            (7002, PaymentEvent::Pending, dec("4.62"), false, true),
            (7003, PaymentEvent::Purchase, dec("100"), true, false),
            (7004, PaymentEvent::Other("reversed_by_tomorrow".into()), dec("1"), true, false),
        ]
    );
    let references: Vec<_> = transactions.iter().map(|t| (t.gateway_reference.as_deref(), t.reference)).collect();
    assert_eq!(references, [(None, None), (None, Some(7001)), (Some("ch_3Q"), None), (None, None)]);
    let names: Vec<_> = transactions.iter().map(|t| t.display_name.as_deref()).collect();
    assert_eq!(names, [None, Some("Pay at the counter"), None, Some("Barter")]);
    assert!(transactions.iter().all(|t| t.currency.code() == "USD"), "the order's own where none is told");
}

#[test]
fn refunds_are_read_in_the_order_of_their_ids() {
    let refunds = evidence().refunds;
    assert_eq!(refunds.iter().map(|refund| refund.id).collect::<Vec<_>>(), [21, 22, 23]);
    assert_eq!((refunds[0].created, refunds[0].tax, refunds[0].merchant_override), (None, dec("-0.5"), true));
    let dented = &refunds[1];
    assert_eq!((dented.total, dented.tax, dented.reason.as_str()), (dec("28.8"), dec("2.1333"), "arrived dented"));
    assert_eq!((dented.items[0].requested, dented.items[1].requested), (None, Some(dec("2"))));
    assert_eq!(dented.items[0].adjustments, [(dec("-1.5"), "Restocking".to_owned())]);
    assert_eq!(dented.payments.iter().map(|p| p.declined).collect::<Vec<_>>(), [true, false]);
    assert_eq!(refunds[2].items[0].part, RefundedPart::Other("TAX".into()));
}

#[test]
fn shipments_are_read_in_the_order_of_their_ids() {
    let shipments = evidence().shipments;
    let seen: Vec<_> = shipments.iter().map(|s| (s.id, s.created.to_string(), s.items.clone())).collect();
    assert_eq!(
        seen,
        [
            (60, "2026-03-05T14:00:00Z".to_owned(), vec![(901, dec("1"))]),
            (61, "2026-03-06T08:15:00Z".to_owned(), vec![(901, dec("1")), (902, dec("1"))]),
        ]
    );
    let twice = refused(|raw| raw.shipments = with(&raw.shipments, "\"id\": 60", "\"id\": 61"));
    assert!(twice.is_retryable() && twice.to_string().contains("shipments 61 was read twice"), "{twice}");
    let nowhere = refused(|raw| raw.shipments = with(&raw.shipments, "Thu, 05 Mar 2026 14:00:00 +0000", ""));
    assert!(nowhere.to_string().contains("shipments 60 has no date_created"), "{nowhere}");
    let uncounted = refused(|raw| raw.shipments = with(&raw.shipments, "\"1.0000\"", "{}"));
    assert!(uncounted.to_string().contains("shipments 61 has no items.quantity"), "{uncounted}");
}

#[test]
fn the_group_is_read_from_every_shape_of_a_customer() {
    let group = |customer: &str| {
        let raw = RawOrder { customer: customer.into(), ..raw() };
        assemble("acme-us", &raw).unwrap().order.buyer.group
    };
    assert_eq!(evidence().order.buyer.group, Some(4));
    assert_eq!(group(r#"[{"id": 76, "customer_group_id": 9}, {"id": "77", "customer_group_id": "5"}]"#), Some(5));
    assert_eq!(group(r#"{"id": 77, "customer_group_id": 6}"#), Some(6));
    assert_eq!(group(r#"{"data": {"id": 77, "customer_group_id": 7}, "meta": {}}"#), Some(7));
    assert_eq!(group(r#"{"id": 77, "customer_group_id": 0}"#), None, "0 is no group");
    for deleted in ["", "[]", r#"{"data": [], "meta": {}}"#] {
        assert_eq!(group(deleted), None);
    }
}

#[test]
fn a_record_of_another_customer_is_not_taken_for_the_buyers() {
    let error = refused(|raw| raw.customer = br#"[{"id": 76, "customer_group_id": 9}]"#.to_vec());
    assert!(error.is_retryable() && error.to_string().contains("it is not about customer 77"), "{error}");
    let guest = RawOrder { order: with(&raw().order, "\"customer_id\": 77", "\"customer_id\": 0"), ..raw() };
    assert_eq!(assemble("acme-us", &guest).unwrap().order.buyer.group, None, "a guest has no record");
}

#[test]
fn categories_are_named_once_and_in_alphabetical_order() {
    let lines = evidence().lines;
    assert_eq!(lines[0].categories, ["Blue things", "Kitchen"]);
    assert!(lines[1..].iter().all(|line| line.categories.is_empty()));
    assert_eq!(product_ids(&raw().products), BTreeSet::from([31, 40, 41]));
    assert_eq!((customer_id(&raw().order), customer_id(b"<html>")), (Some(77), None));
}

#[test]
fn an_address_or_a_fee_read_twice_would_be_charged_twice() {
    let doubled = |body: &[u8]| {
        let row = std::str::from_utf8(body).unwrap().trim().trim_start_matches('[').trim_end_matches(']').to_owned();
        format!("[{row},{row}]").into_bytes()
    };
    let error = refused(|raw| raw.shipping_addresses = doubled(&raw.shipping_addresses));
    assert!(error.is_retryable() && error.to_string().contains("shipping_addresses 55 was read twice"), "{error}");
    let error = refused(|raw| raw.fees = br#"[{"id": 1, "cost_ex_tax": 1}, {"id": 1, "cost_ex_tax": 1}]"#.to_vec());
    assert!(error.to_string().contains("fees 1 was read twice"), "{error}");
}

#[test]
fn personal_data_that_accounting_does_not_need_stays_behind() {
    let kept = serde_json::to_string(&evidence()).unwrap();
    for dropped in [
        "203.0.113",
        "neighbour",
        "called twice",
        "4711",
        "424242",
        "4242",
        "tok_secret",
        "ZK1-9QQ",
        "birthday",
        "TRACK-61",
        "call Rosa first",
        "prefers mornings",
        "for Ada",
    ] {
        assert!(!kept.contains(dropped), "{dropped}");
    }
    assert!(!format!("{:?}", raw()).contains("Rosa"), "nor do the raw bytes get into a log");
}

#[test]
fn what_is_no_change_for_accounting_leaves_the_content_hash_alone() {
    let mut changed = raw();
    changed.order = with(&changed.order, "called twice about the blue one", "done");
    changed.order = with(&changed.order, "Thu, 05 Mar 2026 09:00:00 +0000", "Fri, 06 Mar 2026 09:00:00 +0000");
    assert_eq!(assemble("acme-us", &changed).unwrap().content_hash(), evidence().content_hash());
    changed.order = with(&changed.order, "\"154.62\"", "\"154.63\"");
    assert_ne!(assemble("acme-us", &changed).unwrap().content_hash(), evidence().content_hash());
}

#[test]
fn empty_answers_are_empty_lists() {
    let raw = RawOrder {
        order_id: 418,
        order: with(&fixture!("order-418/order.json"), "\"items_total\": 4", "\"items_total\": 0"),
        transactions: b"[]".to_vec(),
        refunds: br#"{"data":[],"meta":{}}"#.to_vec(),
        fees: b"{}".to_vec(),
        ..RawOrder::default()
    };
    let evidence = assemble("acme-us", &raw).unwrap();
    let rows = [
        evidence.lines.len(),
        evidence.taxes.len(),
        evidence.fees.len(),
        evidence.transactions.len(),
        evidence.refunds.len(),
    ];
    assert_eq!(rows, [0; 5]);
}

#[test]
fn fees_embedded_in_the_order_are_used() {
    let mut embedded = raw();
    let start = r#"{"url": "https://api.example.com/stores/acme1/v2/orders/418/fees", "resource": "/orders/418/fees"}"#;
    embedded.order = with(
        &embedded.order,
        start,
        r#"[{"id": 5, "display_name_customer": "Tip", "cost_inc_tax": 3, "cost_tax": "0"}]"#,
    );
    embedded.fees = Vec::new();
    assert!(embeds_fees(&embedded.order) && !embeds_fees(&raw().order));
    let fees = assemble("acme-us", &embedded).unwrap().fees;
    assert_eq!((fees.len(), fees[0].name.as_str(), fees[0].cost_ex_tax), (1, "Tip", dec("3")));
}

#[test]
fn a_page_of_lines_that_is_missing_is_noticed() {
    let error = refused(|raw| raw.order = with(&raw.order, "\"items_total\": 4", "\"items_total\": \"54\""));
    assert_eq!(error, WireError::LinesMissing { order: 418, found: dec("4"), expected: dec("54") });
    assert!(error.is_retryable());
    assert!(error.to_string().contains("order 418: a page of lines is missing: they add up to 4"), "{error}");
}

#[test]
fn a_row_read_twice_is_noticed() {
    let error = refused(|raw| raw.products = with(&raw.products, "\"id\": 903", "\"id\": 901"));
    assert!(error.is_retryable());
    assert!(error.to_string().contains("products 901 was read twice"), "{error}");
    assert!(refused(|raw| raw.transactions = with(&raw.transactions, "7003", "7001")).is_retryable());
}

#[test]
fn errors_name_order_row_field_and_what_to_do() {
    let error = refused(|raw| raw.products = with(&raw.products, "\"4.2700\"", "\"4,27\""));
    assert_eq!(
        error.to_string(),
        "order 418: products 901 has total_tax = \"4,27\", but it should be a decimal number; \
         correct it in BigCommerce, then replay the order"
    );
    assert!(!error.is_retryable());
    let error = refused(|raw| raw.refunds = with(&raw.refunds, "\"total_amount\": 28.8", "\"total_amount\": {}"));
    assert!(error.to_string().contains("refunds 22 has no total_amount"), "{error}");
    let error = refused(|raw| raw.order = with(&raw.order, "Wed, 04 Mar 2026 23:30:00 +0000", "soon"));
    assert!(error.to_string().contains("the order has date_created = \"soon\""), "{error}");
    let error = refused(|raw| {
        raw.order = with(&raw.order, "\"default_currency_code\": \"USD\"", "\"default_currency_code\": \"US\"")
    });
    assert!(error.to_string().contains("default_currency_code"), "{error}");
}

#[test]
fn a_kind_of_line_nobody_knows_is_not_guessed_at() {
    let error = refused(|raw| raw.products = with(&raw.products, "\"digital\"", "\"voucher\""));
    assert!(error.to_string().contains("products 904 has type = voucher"), "{error}");
}

#[test]
fn an_answer_about_another_order_is_refused() {
    let error = refused(|raw| raw.order_id = 417);
    assert_eq!(error, WireError::OtherOrder { order: 417, found: 418 });
}

#[test]
fn broken_answers_are_read_again_and_never_quoted() {
    for body in ["<html>Rosa</html>", "[{\"id\": 1", "[\"Rosa\"]"] {
        let error = refused(|raw| raw.transactions = body.as_bytes().to_vec());
        assert!(error.is_retryable(), "{error}");
        assert!(error.to_string().contains("transactions") && !error.to_string().contains("Rosa"), "{error}");
    }
}

#[test]
fn the_display_currency_stands_in_only_when_it_is_the_same() {
    let old = |rate: &str| {
        let mut raw = raw();
        raw.order = with(&raw.order, "\"default_currency_code\": \"USD\",", "");
        raw.order = with(&raw.order, "\"EUR\"", "\"\"");
        raw.order = with(&raw.order, "17.2500000000", rate);
        assemble("acme-us", &raw)
    };
    assert_eq!(old("1.0000000000").unwrap().order.currency.code(), "MXN");
    let error = old("17.25").unwrap_err();
    assert!(error.to_string().contains("has no default_currency_code"), "{error}");
}

proptest! {
    /// Whatever digits are sent, the same digits arrive.
    #[test]
    fn amounts_arrive_to_the_last_digit(units in 0i64..1_000_000_000, decimals in 0u32..9, quoted in any::<bool>()) {
        let amount = Decimal::new(units, decimals);
        let literal = if quoted { format!("\"{amount}\"") } else { amount.to_string() };
        let mut raw = raw();
        raw.order = with(&raw.order, "\"154.62\"", &literal);
        prop_assert_eq!(assemble("acme-us", &raw).unwrap().order.totals.total_inc_tax, amount);
    }
}
