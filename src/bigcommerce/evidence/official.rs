//! The official examples of BigCommerce's own OpenAPI files, where a copy of the files lies beside the checkout: every
//! example is read, and what belongs together is derived. `examples` proves the same on fixtures of our own.

use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::tests::dec;
use super::*;
use crate::accounting::derive::{Derivation, Eligibility};
use crate::accounting::evidence::{PaymentEvent, RefundedPart};
use crate::accounting::rulebook::{Give, Rule, RuleKind, values};
use crate::accounting::testing::{Case, journal};

/// The files that hold examples of orders and what belongs to them.
const FILES: [&str; 3] = ["orders.v2.oas2.yml", "orders.v3.yml", "customers.v3.yml"];

/// The folder of the official files: the one that `CARTLEDGER_REFERENCE` named when the tests were built, or a folder
/// `reference/bigcommerce` inside a neighbour of the checkout or of the folder it is in.
fn folder() -> Option<PathBuf> {
    let holds = |folder: &PathBuf| folder.join(FILES[0]).is_file();
    if let Some(named) = option_env!("CARTLEDGER_REFERENCE") {
        return Some(PathBuf::from(named)).filter(holds);
    }
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1).take(2);
    let neighbours = above.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut found: Vec<PathBuf> =
        neighbours.flatten().map(|entry| entry.path().join("reference/bigcommerce")).filter(holds).collect();
    found.sort();
    found.into_iter().next()
}

/// What an example is an example of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Order,
    Product,
    Tax,
    Coupon,
    Address,
    Shipment,
    Fee,
    Transaction,
    Refund,
    Customer,
}

/// Kinds by the keys that only they have. Examples of requests lack the ids.
const KINDS: [(Kind, &[&str]); 10] = [
    (Kind::Order, &["id", "status_id", "date_created", "total_inc_tax"]),
    (Kind::Product, &["id", "order_id", "quantity", "total_inc_tax"]),
    (Kind::Tax, &["line_amount", "order_id"]),
    (Kind::Coupon, &["coupon_id", "order_id"]),
    (Kind::Address, &["id", "shipping_method", "cost_ex_tax"]),
    (Kind::Shipment, &["id", "order_id", "tracking_number"]),
    (Kind::Fee, &["id", "display_name_merchant", "cost_inc_tax"]),
    (Kind::Transaction, &["id", "event", "gateway", "amount"]),
    (Kind::Refund, &["id", "total_amount", "payments"]),
    (Kind::Customer, &["customer_group_id", "email"]),
];

/// Every example in the files, by kind, in the order they are found.
#[derive(Default)]
struct Examples {
    /// Whole answers.
    whole: Vec<(Kind, Value)>,
    /// Made of the examples of a schema's properties: each value by itself, so they fit no order and some are missing.
    patched: Vec<(Kind, Value)>,
}

impl Examples {
    fn load() -> Option<Self> {
        let Some(folder) = folder() else {
            eprintln!("skipped: no copy of BigCommerce's OpenAPI files lies beside the checkout");
            return None;
        };
        let mut found = Self::default();
        for file in FILES {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            let document: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
            found.search(&document);
        }
        Some(found)
    }

    /// Looks for examples below a node of a specification.
    fn search(&mut self, node: &Value) {
        match node {
            Value::Array(list) => list.iter().for_each(|entry| self.search(entry)),
            Value::Object(map) => {
                self.patched.extend(kind(&of_properties(map)).map(|kind| (kind, Value::Object(of_properties(map)))));
                for (key, value) in map {
                    match key.as_str() {
                        "requestBody" => {}
                        "example" | "examples" | "x-example" | "x-examples" | "default" => self.take(value),
                        _ => self.search(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes what is of a known kind, anywhere in an example: lists, wrappers and orders that embed their fees.
    fn take(&mut self, value: &Value) {
        match value {
            Value::Array(list) => list.iter().for_each(|entry| self.take(entry)),
            Value::Object(map) => {
                self.whole.extend(kind(map).map(|kind| (kind, value.clone())));
                map.values().for_each(|entry| self.take(entry));
            }
            _ => {}
        }
    }

    fn of(&self, kind: Kind) -> Vec<&Value> {
        self.whole.iter().filter(|(found, _)| *found == kind).map(|(_, value)| value).collect()
    }

    /// Those of a kind that belong to an order; an example that stands in the files twice counts once.
    fn of_order(&self, kind: Kind, order: u64) -> Vec<&Value> {
        let mut seen = BTreeSet::new();
        let of_order = self.of(kind).into_iter().filter(|value| number(value, "order_id") == Some(order));
        of_order.filter(|value| seen.insert(number(value, "id"))).collect()
    }

    fn header(&self, order: u64) -> Value {
        let found = self.of(Kind::Order).into_iter().find(|value| number(value, "id") == Some(order));
        found.unwrap_or_else(|| panic!("the examples have no order {order}")).clone()
    }

    /// Everything the examples have of an order, under this header.
    fn assembled(&self, order: u64, header: &Value, more: &[Value]) -> Result<Evidence, WireError> {
        let body = |kind| bytes(&self.of_order(kind, order));
        let lines: Vec<&Value> = self.of_order(Kind::Product, order).into_iter().chain(more).collect();
        let raw = RawOrder {
            order_id: order,
            order: header.to_string().into_bytes(),
            products: bytes(&lines),
            shipping_addresses: body(Kind::Address),
            coupons: body(Kind::Coupon),
            taxes: body(Kind::Tax),
            refunds: body(Kind::Refund),
            shipments: body(Kind::Shipment),
            ..RawOrder::default()
        };
        assemble("acme-us", &raw)
    }
}

/// What an example is an example of, if of anything here.
fn kind(map: &Map<String, Value>) -> Option<Kind> {
    KINDS.iter().find(|(_, keys)| keys.iter().all(|key| map.contains_key(*key))).map(|(kind, _)| *kind)
}

/// The example that the examples of a schema's properties make together.
fn of_properties(schema: &Map<String, Value>) -> Map<String, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let example = |(key, property): (&String, &Value)| Some((key.clone(), property.get("example")?.clone()));
    properties.into_iter().flatten().filter_map(example).collect()
}

fn bytes(rows: &[&Value]) -> Vec<u8> {
    json!(rows).to_string().into_bytes()
}

fn number(value: &Value, key: &str) -> Option<u64> {
    match &value[key] {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// An amount of an example, nought when it has none.
fn amount(value: &Value, key: &str) -> Decimal {
    match &value[key] {
        Value::Number(number) => dec(&number.to_string()),
        Value::String(text) => dec(text),
        _ => Decimal::ZERO,
    }
}

fn sum(rows: &[&Value], key: &str) -> Decimal {
    rows.iter().map(|row| amount(row, key)).sum()
}

/// The examples show some lines of an order, or none: one line for those they leave out, by what the header has more.
fn left_out(examples: &Examples, header: &Value) -> Value {
    let shown = examples.of_order(Kind::Product, number(header, "id").unwrap());
    let more = |of_header: &str, of_line: &str| (amount(header, of_header) - sum(&shown, of_line)).to_string();
    json!({
        "id": 1, "type": "physical", "name": "Lines the examples leave out",
        "quantity": more("items_total", "quantity"),
        "total_ex_tax": more("subtotal_ex_tax", "total_ex_tax"),
        "total_inc_tax": more("subtotal_inc_tax", "total_inc_tax"),
        "total_tax": more("subtotal_tax", "total_tax"),
    })
}

/// A header for parts whose order the examples do not show: as much as the parts come to.
fn header_around(examples: &Examples, order: u64) -> Value {
    let rows = |kind| examples.of_order(kind, order);
    let (lines, addresses, taxes) = (rows(Kind::Product), rows(Kind::Address), rows(Kind::Tax));
    let discounts: Decimal = lines
        .iter()
        .flat_map(|line| line["applied_discounts"].as_array())
        .flatten()
        .map(|cut| amount(cut, "amount"))
        .sum();
    let tax = match taxes.is_empty() {
        true => sum(&lines, "total_tax") + sum(&addresses, "cost_tax"),
        false => sum(&taxes, "line_amount"),
    };
    let ex_tax = sum(&lines, "total_ex_tax") + sum(&addresses, "cost_ex_tax") - discounts;
    json!({
        "id": order, "status_id": 11, "status": "Awaiting Fulfillment", "customer_id": 11,
        "date_created": "Tue, 05 Mar 2019 21:40:11 +0000", "default_currency_code": "USD",
        "billing_address": { "first_name": "Jane", "last_name": "Doe", "email": "janedoe@example.com" },
        "items_total": sum(&lines, "quantity").to_string(), "discount_amount": discounts.to_string(),
        "shipping_cost_ex_tax": sum(&addresses, "cost_ex_tax").to_string(),
        "shipping_cost_inc_tax": sum(&addresses, "cost_inc_tax").to_string(),
        "total_ex_tax": ex_tax.to_string(), "total_tax": tax.to_string(), "total_inc_tax": (ex_tax + tax).to_string(),
    })
}

/// What the rules of the accounting examples make of it, with rules for whatever the official orders are paid by.
fn derived(evidence: Evidence, treat_as_paid: Option<&str>) -> Derivation {
    let mut payment =
        Rule::new("any", RuleKind::Payment).gives(Give::Account, "1010").gives(Give::PaymentMethod, "Credit Card");
    if let Some(answer) = treat_as_paid {
        payment = payment.gives(Give::TreatAsPaid, answer);
    }
    Case { evidence, ..Case::new() }.rule(payment).derive()
}

fn holds(derivation: &Derivation) -> Vec<(&'static str, &str)> {
    derivation.holds.iter().map(|hold| (hold.code.as_str(), hold.message.as_str())).collect()
}

fn ids(rows: &[&Value]) -> BTreeSet<u64> {
    rows.iter().filter_map(|row| number(row, "id")).collect()
}

#[test]
fn every_kind_of_example_is_found() {
    let Some(examples) = Examples::load() else { return };
    for (kind, expected) in [
        (Kind::Order, vec![100, 218, 247]),
        (Kind::Product, vec![35, 65, 66, 116, 238, 240]),
        (Kind::Tax, vec![13, 14]),
        (Kind::Coupon, vec![3]),
        (Kind::Address, vec![42, 99, 132, 133]),
        (Kind::Shipment, vec![6, 7, 11]),
        (Kind::Fee, vec![1, 2]),
        (Kind::Transaction, vec![0]),
        (Kind::Refund, vec![12]),
    ] {
        let found = ids(&examples.of(kind));
        assert!(expected.iter().all(|id| found.contains(id)), "{kind:?}: {found:?}");
    }
    assert!(!examples.of(Kind::Customer).is_empty());
}

#[test]
fn every_shape_of_the_examples_is_read() {
    let Some(examples) = Examples::load() else { return };
    for (kind, value) in &examples.whole {
        match read_alone(&examples, *kind, value) {
            Ok(_) => {}
            // The examples show none or some of an order's lines, and neither a transaction nor a customer with an id.
            Err(WireError::LinesMissing { .. }) if *kind == Kind::Order => {}
            Err(WireError::Missing { field: "id", .. }) if matches!(kind, Kind::Transaction | Kind::Customer) => {}
            Err(error) => panic!("{kind:?} {value}: {error}"),
        }
    }
    assert!(examples.patched.len() >= 4, "{:?}", examples.patched);
    for (kind, value) in &examples.patched {
        match read_alone(&examples, *kind, value) {
            Ok(_) | Err(WireError::Missing { .. }) => {}
            Err(error) => panic!("{kind:?} {value}: {error}"),
        }
    }
}

/// Reads one example under a header that needs nothing else, wrapped as its answer is.
fn read_alone(examples: &Examples, kind: Kind, value: &Value) -> Result<Evidence, WireError> {
    let order = header_around(examples, 1).to_string().into_bytes();
    let mut raw = RawOrder { order_id: 1, order, ..RawOrder::default() };
    let body = value.to_string().into_bytes();
    match kind {
        Kind::Order => (raw.order_id, raw.order) = (number(value, "id").unwrap(), body),
        Kind::Product => raw.products = body,
        Kind::Tax => raw.taxes = format!("[{value}]").into_bytes(),
        Kind::Coupon => raw.coupons = body,
        Kind::Address => raw.shipping_addresses = body,
        Kind::Shipment => raw.shipments = body,
        Kind::Fee => raw.fees = body,
        Kind::Transaction => raw.transactions = json!({ "data": [value], "meta": {} }).to_string().into_bytes(),
        Kind::Refund => raw.refunds = json!({ "data": value, "meta": {} }).to_string().into_bytes(),
        Kind::Customer => raw.customer = json!({ "data": [value], "meta": {} }).to_string().into_bytes(),
    }
    assemble("acme-us", &raw)
}

#[test]
fn the_values_of_the_examples_arrive() {
    let Some(examples) = Examples::load() else { return };
    let evidence = |order| examples.assembled(order, &header_around(&examples, order), &[]).unwrap();
    let towel = evidence(149);
    assert_eq!((towel.lines[0].discounts[0].amount, towel.lines[0].unit_cost), (dec("1.59"), Some(dec("50"))));
    assert_eq!((towel.lines[1].parent_line, towel.lines[1].total_inc_tax), (Some(65), dec("0")));
    let taxes: Vec<Decimal> = evidence(138).taxes.iter().map(|row| row.amount).collect();
    assert_eq!(taxes, [dec("17.64"), dec("4.40")]);
    let addresses = evidence(229).shipping;
    assert_eq!(
        addresses.iter().map(|to| (to.id, to.cost_ex_tax)).collect::<Vec<_>>(),
        [(132, dec("12")), (133, dec("12"))]
    );
    let shipments = evidence(225).shipments;
    assert_eq!(
        shipments.iter().map(|s| (s.id, s.items.clone())).collect::<Vec<_>>(),
        [(6, vec![(188, dec("1"))]), (7, vec![(189, dec("1"))]),]
    );
    assert_eq!(shipments[0].created.to_string(), "2019-03-11T17:22:08Z");
    assert_eq!(evidence(228).shipments[0].items, [(194, dec("1")), (195, dec("1"))]);
    let coupons = evidence(120).coupons;
    assert_eq!((coupons[0].code.as_deref(), coupons[0].coupon_type), (Some("S2549JM0Y"), 2));
    let refund = &evidence(180).refunds[0];
    assert_eq!((refund.total, refund.tax, refund.items[0].part.clone()), (dec("50"), dec("5"), RefundedPart::Product));
    assert_eq!((refund.payments[0].provider.as_str(), refund.payments[0].offline), ("storecredit", true));
}

#[test]
fn the_placeholders_of_the_transaction_are_all_that_is_wrong_with_it() {
    let Some(examples) = Examples::load() else { return };
    let mut transaction = examples.of(Kind::Transaction)[0].clone();
    transaction["id"] = json!(9001);
    transaction["currency"] = json!("USD");
    let raw = RawOrder {
        order_id: 1,
        order: header_around(&examples, 1).to_string().into_bytes(),
        transactions: json!({ "data": [transaction], "meta": {} }).to_string().into_bytes(),
        ..RawOrder::default()
    };
    let read = &assemble("acme-us", &raw).unwrap().transactions[0];
    assert_eq!(
        (read.event.clone(), read.amount, read.test, read.reference),
        (PaymentEvent::Purchase, dec("3.4"), true, None)
    );
}

#[test]
fn whatever_belongs_together_is_derived_with_a_reason_for_what_does_not_post() {
    let Some(examples) = Examples::load() else { return };
    let orders: BTreeSet<u64> = examples.whole.iter().filter_map(|(_, value)| number(value, "order_id")).collect();
    assert!(orders.len() >= 10, "{orders:?}");
    for order in orders {
        let evidence = examples.assembled(order, &header_around(&examples, order), &[]).unwrap();
        let derivation = derived(evidence, Some(values::YES));
        let explained = match &derivation.status {
            Eligibility::Post => !derivation.documents.is_empty() || !derivation.holds.is_empty(),
            Eligibility::Waiting(reason) | Eligibility::Excluded(reason) => !reason.is_empty(),
        };
        assert!(explained, "order {order}: {derivation:?}");
        assert!(derivation.holds.iter().all(|hold| !hold.message.is_empty() && !hold.remedy.is_empty()));
    }
}

#[test]
fn order_247_is_a_test_order_and_posts_to_the_cent_when_it_is_none() {
    let Some(examples) = Examples::load() else { return };
    let mut header = examples.header(247);
    assert_eq!(
        examples.assembled(247, &header, &[]).unwrap_err(),
        WireError::LinesMissing { order: 247, found: dec("5"), expected: dec("11") },
        "the examples show two of its lines"
    );
    let rest = left_out(&examples, &header);
    let evidence = examples.assembled(247, &header, std::slice::from_ref(&rest)).unwrap();
    let as_it_is = derived(evidence, None);
    assert_eq!(
        as_it_is.status,
        Eligibility::Excluded("test order: paid through BigCommerce's test gateway, which is never posted".to_owned())
    );

    header["payment_method"] = json!("Credit Card");
    let evidence = examples.assembled(247, &header, &[rest]).unwrap();
    let unpaid = derived(evidence.clone(), None);
    let reason = "BigCommerce says the order is captured, but shows no transaction for 1008.74 USD";
    assert_eq!(holds(&unpaid), [("payment-data-missing", reason)]);
    let posted = derived(evidence, Some(values::YES));
    assert_eq!(posted.holds, []);
    assert_eq!(
        journal(&posted),
        "invoice 1100 Dr 1008.74\ninvoice 4000 Cr 924.47\ninvoice 4010 Cr 7.39\ninvoice 2200 Cr 76.88\n\
         receipt 1010 Dr 1008.74\nreceipt 1100 Cr 1008.74"
    );
}

#[test]
fn order_100_is_held_because_its_tax_is_in_the_total_and_denied() {
    let Some(examples) = Examples::load() else { return };
    let header = examples.header(100);
    let mut evidence = examples.assembled(100, &header, &[left_out(&examples, &header)]).unwrap();
    // Its address comes from the example of another call, which has shipping that the header has not.
    let contradiction = "shipping of the addresses adds up to 15.00, but the order says 0.00";
    assert_eq!(holds(&derived(evidence.clone(), None)), [("totals-do-not-add-up", contradiction)]);

    evidence.shipping.clear();
    let derivation = derived(evidence, None);
    let arithmetic = "lines 336.32 = 336.32, but the order's total is 361.95 (difference 25.63 USD)";
    assert_eq!(holds(&derivation), [("totals-do-not-add-up", arithmetic)]);
    assert_eq!((derivation.documents.len(), derivation.holds[0].amount.unwrap().amount), (0, dec("361.95")));
}

#[test]
fn order_218_is_held_because_it_adds_up_with_tax_only() {
    let Some(examples) = Examples::load() else { return };
    let header = examples.header(218);
    let evidence = examples.assembled(218, &header, &[left_out(&examples, &header)]).unwrap();
    let fees: Vec<_> = evidence.fees.iter().map(|fee| (fee.cost_ex_tax, fee.cost_inc_tax)).collect();
    assert_eq!(fees, [(dec("12.30"), dec("12.30")), (dec("4"), dec("12"))]);
    let waiting = derived(evidence.clone(), None);
    assert_eq!(
        waiting.status,
        Eligibility::Waiting(
            "status 7 (Awaiting Payment) is not one of those this store posts (policy: export_statuses)".to_owned()
        )
    );

    let case = Case { evidence, ..Case::new() }.policy(|policy| policy.export_statuses.extend([7]));
    let derivation = case.derive();
    let arithmetic = "lines 62.6793 + shipping 11.09 - discounts 10.00 + tax 5.31 = 69.0793, \
                      but the order's total is 69.84 (difference 0.7607 USD)";
    assert_eq!(holds(&derivation), [("totals-do-not-add-up", arithmetic)]);
    assert_eq!((derivation.documents.len(), derivation.holds[0].amount.unwrap().amount), (0, dec("69.84")));
}

#[test]
fn the_customer_tells_its_group() {
    let Some(examples) = Examples::load() else { return };
    let mut customer = examples.of(Kind::Customer)[0].clone();
    // The example tells no id, and 0 for "in no group".
    customer["id"] = json!(11);
    let group = |customer: &Value| {
        customer::group(1, 11, json!({ "data": [customer], "meta": {} }).to_string().as_bytes()).unwrap()
    };
    assert_eq!(group(&customer), None);
    customer["customer_group_id"] = json!(2);
    assert_eq!(group(&customer), Some(2));
}
