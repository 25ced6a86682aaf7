//! How long a derivation takes, by lines of the order: raw answers to evidence, evidence to documents, with and without
//! refunds. Criterion prints the time per order and, as throughput, lines per second: level throughput is linear time.

use cartledger::accounting::derive::derive;
use cartledger::accounting::evidence::Evidence;
use cartledger::accounting::policy::Policy;
use cartledger::accounting::rulebook::{Condition, Give, Rule, RuleKind, Rulebook};
use cartledger::bigcommerce::evidence::{RawOrder, assemble};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use serde_json::{Value, json};

/// The program's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Lines of the orders measured.
const LINES: [u64; 5] = [1, 10, 100, 500, 2000];

/// A jurisdiction, its rate in percent and its tax on one line, in hundredths.
type Tax = (&'static str, &'static str, u64);
const TAXES: [Tax; 4] =
    [("State Tax", "6", 150), ("County Tax", "1", 25), ("City Tax", "1.25", 31), ("District Tax", "0.25", 6)];

fn money(cents: u64) -> String {
    format!("{}.{:02}00", cents / 100, cents % 100)
}

/// An order of `lines` lines of 25.00 with a discount of 0.10 each, taxed in some jurisdictions, shipped and paid by card;
/// `refunds` of its lines went back one by one.
fn raw(lines: u64, refunds: u64, taxes: &[Tax]) -> RawOrder {
    let tax_of_line: u64 = taxes.iter().map(|(.., cents)| cents).sum();
    let (net, tax, shipping) = (lines * 2500, lines * tax_of_line, 995);
    let discount = lines * 10;
    let total = net - discount + shipping + tax;
    let order = json!({
        "id": 118, "customer_id": 0, "status_id": 11, "status": "Awaiting Fulfillment",
        "date_created": "Tue, 10 Mar 2026 15:00:00 +0000", "is_tax_inclusive_pricing": false,
        "subtotal_ex_tax": money(net), "subtotal_inc_tax": money(net + tax),
        "shipping_cost_ex_tax": money(shipping), "shipping_cost_inc_tax": money(shipping),
        "total_ex_tax": money(total - tax), "total_inc_tax": money(total), "total_tax": money(tax),
        "discount_amount": money(discount), "items_total": lines, "payment_method": "Credit Card",
        "payment_status": "captured", "default_currency_code": "USD", "channel_id": 1, "order_source": "www",
        "billing_address": {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com",
            "state": "California", "country": "United States", "country_iso2": "US"},
    });
    let product = |line: u64| {
        json!({
            "id": line, "order_id": 118, "product_id": 77, "order_address_id": 42, "type": "physical",
            "sku": format!("SKU-{line}"), "name": format!("Thing {line}"), "quantity": 1,
            "total_ex_tax": money(2500), "total_inc_tax": money(2500 + tax_of_line), "total_tax": money(tax_of_line),
            "applied_discounts": [{"id": "manual-discount", "amount": "0.1000", "name": "Manual Discount",
                "code": null, "target": "order"}],
        })
    };
    let tax_row = |line: u64, (name, rate, cents): &Tax| {
        json!({
            "id": line, "name": name, "class": "Default Tax Class", "rate": rate, "line_amount": money(*cents),
            "order_product_id": line.to_string(), "order_address_id": 42, "line_item_type": "item",
        })
    };
    let refund = |line: u64| {
        json!({
            "id": line, "order_id": 118, "created": "2026-03-12T09:00:00+00:00", "reason": "",
            "total_amount": json_money(2490 + tax_of_line), "total_tax": json_money(tax_of_line),
            "uses_merchant_override_values": false,
            "items": [{"item_type": "PRODUCT", "item_id": line, "quantity": 1, "requested_amount": null}],
            "payments": [{"id": line + 100_000, "provider_id": "stripe", "amount": json_money(2490 + tax_of_line),
                "offline": false, "is_declined": false}],
        })
    };
    let bytes = |value: Value| value.to_string().into_bytes();
    RawOrder {
        order_id: 118,
        order: bytes(order),
        products: bytes((1..=lines).map(product).collect()),
        shipping_addresses: bytes(json!([{
            "id": 42, "shipping_method": "Ground", "cost_ex_tax": money(shipping), "cost_inc_tax": money(shipping),
            "state": "California", "country": "United States", "country_iso2": "US",
        }])),
        taxes: bytes((1..=lines).flat_map(|line| taxes.iter().map(move |tax| tax_row(line, tax))).collect()),
        transactions: bytes(json!({"data": [{
            "id": 9001, "order_id": "118", "event": "purchase", "method": "credit_card", "gateway": "stripe",
            "amount": json_money(total), "currency": "USD", "gateway_transaction_id": "ch_9001", "status": "ok",
            "test": false, "date_created": "2026-03-10T15:00:05+00:00",
        }]})),
        refunds: bytes(json!({"data": (1..=refunds).map(refund).collect::<Vec<_>>()})),
        ..RawOrder::default()
    }
}

/// A number in JSON with its cents, from its digits: never a float.
fn json_money(cents: u64) -> Value {
    serde_json::from_str(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap_or(Value::Null)
}

/// A team's rules: a thousand products by their own number, the rest by pattern, and dimensions by state.
fn rulebook() -> Rulebook {
    let to = |id: &str, kind: RuleKind, account: &str| Rule::new(id, kind).gives(Give::Account, account);
    let product = |n: u64| {
        to(&format!("sku-{n}"), RuleKind::Product, "4000")
            .when(Condition::Sku, &format!("SKU-{n}"))
            .gives(Give::Dimension("class".into()), "RETAIL")
    };
    let mut rules: Vec<Rule> = (1..=1000).map(product).collect();
    rules.extend([
        to("products", RuleKind::Product, "4001").when(Condition::Sku, "SKU-*"),
        to("shipping", RuleKind::Shipping, "4010"),
        to("discount", RuleKind::Discount, "4090"),
        to("state", RuleKind::Tax, "2200-ST").when(Condition::Name, "State*"),
        to("county", RuleKind::Tax, "2200-CO").when(Condition::Name, "County*"),
        to("city", RuleKind::Tax, "2200-CI").when(Condition::Name, "City*"),
        to("district", RuleKind::Tax, "2200-DI").when(Condition::Name, "District*"),
        to("stripe", RuleKind::Payment, "1150-S").gives(Give::PaymentMethod, "Credit Card"),
        to("returns", RuleKind::Refund, "4100"),
        Rule::new("all", RuleKind::Dimension).gives(Give::Dimension("location".into()), "100"),
        Rule::new("west", RuleKind::Dimension)
            .when(Condition::State, "California")
            .gives(Give::Dimension("department".into()), "WEST"),
    ]);
    Rulebook::new(rules).unwrap_or_else(|problems| panic!("the rules are wrong: {problems:?}"))
}

/// Evidence that is derived without a hold, so that the whole way is measured.
fn evidence(lines: u64, refunds: u64, taxes: &[Tax], rulebook: &Rulebook, policy: &Policy) -> Evidence {
    let evidence = assemble("acme-us", &raw(lines, refunds, taxes)).unwrap_or_else(|error| panic!("{error}"));
    let derivation = derive(&evidence, rulebook, policy);
    assert_eq!(derivation.holds, [], "an order that is held is no measure");
    assert!(derivation.documents.len() as u64 >= 2 + 2 * refunds);
    evidence
}

fn derivation(criterion: &mut Criterion) {
    let (rulebook, policy) = (rulebook(), Policy::new("acme-us", "1100"));
    let mut group = criterion.benchmark_group("derive");
    for lines in LINES {
        group.throughput(Throughput::Elements(lines));
        let plain = evidence(lines, 0, &TAXES[..1], &rulebook, &policy);
        group.bench_with_input(BenchmarkId::new("sale, one tax a line", lines), &plain, |bencher, plain| {
            bencher.iter(|| derive(plain, &rulebook, &policy));
        });
        let sold = evidence(lines, 0, &TAXES, &rulebook, &policy);
        group.bench_with_input(BenchmarkId::new("sale, four taxes a line", lines), &sold, |bencher, sold| {
            bencher.iter(|| derive(sold, &rulebook, &policy));
        });
        let refunded = evidence(lines, lines.min(50), &TAXES, &rulebook, &policy);
        group.bench_with_input(BenchmarkId::new("with up to 50 refunds", lines), &refunded, |bencher, refunded| {
            bencher.iter(|| derive(refunded, &rulebook, &policy));
        });
    }
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assemble");
    for lines in LINES {
        group.throughput(Throughput::Elements(lines));
        let raw = raw(lines, 0, &TAXES);
        group.bench_with_input(BenchmarkId::new("order", lines), &raw, |bencher, raw| {
            bencher.iter(|| assemble("acme-us", raw));
        });
    }
    group.finish();
}

criterion_group!(benches, derivation, reading);
criterion_main!(benches);
