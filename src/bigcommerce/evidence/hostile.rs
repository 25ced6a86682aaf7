//! Whatever comes over the wire is evidence or a clear error: arbitrary bytes, arbitrary JSON, mutated answers, and bodies
//! of ten megabytes. Nothing makes the reading panic, nor what is derived from it.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::examples::{odd_but_right, with_rules};
use super::tests::raw;
use super::*;

/// Values that break readers: no numbers, too large ones, wrong kinds, impossible times, half characters, deep nesting.
fn hostile() -> Vec<String> {
    let plain = [
        r#""NaN""#,
        r#""Infinity""#,
        r#""-inf""#,
        "1e999",
        "1e12",
        "-1e12",
        "1e-28",
        r#""1e-4294967295""#,
        r#""1e4294967295""#,
        "79228162514264337593543950335",
        r#""79228162514264337593543950336""#,
        r#""0.0000000000000000000000000001""#,
        r#""999999999999.9999""#,
        r#""-0.00""#,
        "-0",
        "0",
        "-1",
        "901",
        "18446744073709551615",
        "18446744073709551616",
        "9223372036854775807",
        r#""+7""#,
        r#""1,000.00""#,
        r#""""#,
        "null",
        "{}",
        "[]",
        "[[]]",
        "[null]",
        "true",
        r#""\ud800""#,
        r#""\u0000""#,
        r#""9999-12-31T23:59:60Z""#,
        r#""Tue, 31 Feb 2026 25:61:61 +9999""#,
        r#""🧾""#,
        r#""JPY""#,
        r#""giftcertificate""#,
        r#"{"id":1,"id":2}"#,
        r#"{"data":[{"id":7}]}"#,
    ];
    let mut all: Vec<String> = plain.iter().map(|text| (*text).to_owned()).collect();
    all.push(format!("\"{}\"", "9".repeat(10_000)));
    all.push("[".repeat(5_000) + &"]".repeat(5_000));
    all
}

/// A part of the answer by its number.
fn part(raw: &mut RawOrder, number: usize) -> &mut Vec<u8> {
    match number {
        0 => &mut raw.order,
        1 => &mut raw.products,
        2 => &mut raw.shipping_addresses,
        3 => &mut raw.coupons,
        4 => &mut raw.taxes,
        5 => &mut raw.fees,
        6 => &mut raw.transactions,
        7 => &mut raw.refunds,
        8 => &mut raw.shipments,
        _ => &mut raw.customer,
    }
}

const PARTS: std::ops::Range<usize> = 0..10;

/// Reads it; what is refused must be refused clearly, and what is read must be derivable.
fn survives(raw: &RawOrder) {
    match assemble("acme-us", raw) {
        Ok(evidence) => {
            let case = with_rules(evidence).policy(|policy| policy.export_statuses = (0..20).collect());
            let _ = case.derive();
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.starts_with(&format!("order {}: ", raw.order_id)) && message.len() < 500, "{message}");
        }
    }
}

/// JSON of any shape, with the keys that matter here and values that break readers.
fn any_json() -> impl Strategy<Value = String> {
    const KEYS: [&str; 30] = [
        "id",
        "data",
        "fees",
        "meta",
        "pagination",
        "total_pages",
        "items",
        "payments",
        "adjustments",
        "applied_discounts",
        "quantity",
        "total_ex_tax",
        "total_inc_tax",
        "total_tax",
        "line_amount",
        "amount",
        "discount",
        "type",
        "status_id",
        "date_created",
        "default_currency_code",
        "cost_ex_tax",
        "cost_exc_tax",
        "total_amount",
        "item_type",
        "item_id",
        "order_product_id",
        "customer_group_id",
        "event",
        "items_total",
    ];
    let leaf = prop_oneof![select(hostile()), any::<i64>().prop_map(|number| number.to_string())];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec((select(KEYS.to_vec()), inner), 0..6).prop_map(|entries| {
                let entries: Vec<String> = entries.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

/// How an answer is changed at one of its values.
#[derive(Debug, Clone)]
enum Mutation {
    /// Something else in its place.
    Replace(String),
    /// Its key or entry left out.
    Remove,
    /// The entry twice.
    Repeat,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        6 => select(hostile()).prop_map(Mutation::Replace),
        2 => any_json().prop_map(Mutation::Replace),
        1 => Just(Mutation::Remove),
        1 => Just(Mutation::Repeat),
    ]
}

/// Stands for a value until it is replaced in the text: a value of this crate cannot hold every number that JSON can.
const MARK: &str = "@hostile@";

/// Changes the value that `at` points to, anywhere inside.
fn mutate(body: &mut Vec<u8>, at: Index, mutation: &Mutation) {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return };
    let places = count(&value);
    if places == 0 {
        return;
    }
    visit(&mut value, &mut at.index(places), mutation);
    let text = value.to_string();
    *body = match mutation {
        Mutation::Replace(with) => text.replace(&format!("\"{MARK}\""), with),
        _ => text,
    }
    .into_bytes();
}

/// How many values are inside.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(|entry| 1 + count(entry)).sum(),
        Value::Object(map) => map.values().map(|entry| 1 + count(entry)).sum(),
        _ => 0,
    }
}

/// Goes to the value `left` steps on and changes it; true when it was here.
fn visit(value: &mut Value, left: &mut usize, mutation: &Mutation) -> bool {
    match value {
        Value::Array(list) => {
            for index in 0..list.len() {
                if *left == 0 {
                    match mutation {
                        Mutation::Replace(_) => list[index] = MARK.into(),
                        Mutation::Remove => drop(list.remove(index)),
                        Mutation::Repeat => list.push(list[index].clone()),
                    }
                    return true;
                }
                *left -= 1;
                if visit(&mut list[index], left, mutation) {
                    return true;
                }
            }
            false
        }
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            for key in keys {
                if *left == 0 {
                    match mutation {
                        Mutation::Replace(_) => map[&key] = MARK.into(),
                        Mutation::Remove | Mutation::Repeat => drop(map.remove(&key)),
                    }
                    return true;
                }
                *left -= 1;
                if visit(&mut map[&key], left, mutation) {
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes(number in PARTS, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut raw = raw();
        *part(&mut raw, number) = bytes;
        survives(&raw);
    }

    #[test]
    fn arbitrary_json(number in PARTS, json in any_json()) {
        let mut raw = raw();
        *part(&mut raw, number) = json.into_bytes();
        survives(&raw);
    }

    #[test]
    fn damaged_answers(number in PARTS, at in any::<Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut raw = raw();
        let body = part(&mut raw, number);
        let at = at.index(body.len());
        if cut { body.truncate(at) } else { body[at] = byte }
        survives(&raw);
    }

    #[test]
    fn mutated_answers(
        posts in any::<bool>(),
        changes in prop::collection::vec((PARTS, any::<Index>(), mutation()), 1..4),
    ) {
        let mut raw = if posts { odd_but_right() } else { raw() };
        for (number, at, mutation) in changes {
            mutate(part(&mut raw, number), at, &mutation);
        }
        survives(&raw);
    }
}

#[test]
fn a_mutation_changes_what_it_should() {
    // The property tests above prove nothing unless the mutations arrive.
    let mut refused = 0;
    for value in hostile() {
        let mut raw = raw();
        let text = String::from_utf8(raw.order).unwrap();
        raw.order = text.replace("\"154.62\"", &value).into_bytes();
        refused += usize::from(assemble("acme-us", &raw).is_err());
        survives(&raw);
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn numbers_that_are_none_are_named() {
    for (value, shown) in [(r#""NaN""#, "NaN"), ("1e999", "1e999"), (r#""1e-4294967295""#, "1e-4294967295")] {
        let mut raw = raw();
        raw.order = String::from_utf8(raw.order).unwrap().replace("\"154.62\"", value).into_bytes();
        let message = assemble("acme-us", &raw).unwrap_err().to_string();
        assert!(message.contains("the order has total_inc_tax = ") && message.contains(shown), "{message}");
    }
}

const TEN_MEGABYTES: usize = 10 << 20;

/// The rows of a list of ten megabytes.
fn ten_megabytes(row: impl Fn(u64) -> String) -> (u64, Vec<u8>) {
    let (mut body, mut rows) = (String::from("["), 0);
    while body.len() < TEN_MEGABYTES {
        if rows > 0 {
            body.push(',');
        }
        rows += 1;
        body.push_str(&row(rows));
    }
    body.push(']');
    (rows, body.into_bytes())
}

/// Reads it in time. The bound is far above what a busy machine needs, and far below what a quadratic reading would.
fn in_time(raw: &RawOrder) -> Result<Evidence, WireError> {
    let begun = Instant::now();
    let read = assemble("acme-us", raw);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    read
}

#[test]
fn ten_megabytes_of_rows_are_read_in_time() {
    let mut raw = raw();
    let (lines, products) =
        ten_megabytes(|id| format!(r#"{{"id":{id},"quantity":1,"total_ex_tax":"1.0000","total_inc_tax":"1.0000"}}"#));
    raw.products = products;
    raw.shipments = ten_megabytes(|id| {
        format!(
            r#"{{"id":{},"date_created":"2026-03-05T10:00:00Z","items":[{{"order_product_id":1,"quantity":1}}]}}"#,
            u64::MAX - id
        )
    })
    .1;
    let evidence = in_time(&raw).unwrap();
    assert_eq!(evidence.lines.len() as u64, lines);
    assert!(evidence.shipments.is_sorted_by_key(|shipment| shipment.id), "ascending, though they came descending");
}

#[test]
fn ten_megabytes_of_one_row_are_refused_in_time() {
    let same =
        ten_megabytes(|_| r#"{"id":5,"event":"purchase","amount":1,"date_created":"2026-03-05T10:00:00Z"}"#.into()).1;
    let error = in_time(&RawOrder { transactions: same, ..raw() }).unwrap_err();
    assert!(error.to_string().contains("transactions 5 was read twice"), "{error}");
}

#[test]
fn ten_megabytes_of_nonsense_are_refused_in_time() {
    let nested = "[".repeat(TEN_MEGABYTES).into_bytes();
    assert!(in_time(&RawOrder { refunds: nested, ..raw() }).unwrap_err().is_retryable());
    let digits = format!(r#"[{{"id":1,"line_amount":"{}"}}]"#, "9".repeat(TEN_MEGABYTES)).into_bytes();
    let message = in_time(&RawOrder { taxes: digits, ..raw() }).unwrap_err().to_string();
    assert!(message.contains("taxes, row 1, has line_amount = ") && message.len() < 300, "{message}");
}
