//! Orders with the quirks and contradictions of the official examples, under names and amounts of our own: what posts, and
//! what is held with which figures.

use super::tests::{dec, fixture};
use super::*;
use crate::accounting::derive::{Derivation, Ledger};
use crate::accounting::rulebook::{Condition, Give, Rule, RuleKind, values};
use crate::accounting::testing::{Case, journal};

/// Money as `"456.70"`, `"493"` and `"0"`, a broken key `currency_code"`, `{}` for a card type, a fee whose key is
/// misspelt, a custom product: everything odd, and everything adds up.
pub(super) fn odd_but_right() -> RawOrder {
    RawOrder {
        order_id: 512,
        order: fixture!("order-512/order.json"),
        products: fixture!("order-512/products.json"),
        shipping_addresses: fixture!("order-512/shipping_addresses.json"),
        taxes: fixture!("order-512/taxes.json"),
        fees: fixture!("order-512/fees.json"),
        ..RawOrder::default()
    }
}

/// An order that adds up with tax but not without, though its prices are said to be without tax; its fees are not in its
/// total.
fn exact_on_the_wrong_side() -> RawOrder {
    RawOrder {
        order_id: 513,
        order: fixture!("order-513/order.json"),
        products: fixture!("order-513/products.json"),
        shipping_addresses: fixture!("order-513/shipping_addresses.json"),
        coupons: fixture!("order-513/coupons.json"),
        ..RawOrder::default()
    }
}

/// An order whose tax is nought although its parts have 16.84 of it inside the total.
fn tax_inside_a_total_without_tax() -> RawOrder {
    RawOrder {
        order_id: 514,
        order: fixture!("order-514/order.json"),
        products: fixture!("order-514/products.json"),
        ..RawOrder::default()
    }
}

/// What the rules of the accounting examples make of it; what is paid without a gateway is taken for paid.
fn derived(raw: &RawOrder) -> Derivation {
    case(raw).derive()
}

fn case(raw: &RawOrder) -> Case {
    with_rules(assemble("acme-us", raw).unwrap())
}

pub(super) fn with_rules(evidence: Evidence) -> Case {
    let offline = Rule::new("offline", RuleKind::Payment)
        .gives(Give::Account, "1010")
        .gives(Give::PaymentMethod, "EFT")
        .gives(Give::TreatAsPaid, values::YES);
    Case { evidence, ..Case::new() }.rule(offline)
}

/// Codes and messages of the holds.
fn held(raw: &RawOrder) -> Vec<(&'static str, String)> {
    let derivation = derived(raw);
    assert_eq!(derivation.documents, []);
    derivation.holds.iter().map(|hold| (hold.code.as_str(), hold.message.clone())).collect()
}

#[test]
fn an_order_full_of_quirks_posts_to_the_cent() {
    let derivation = derived(&odd_but_right());
    assert_eq!(derivation.holds, []);
    assert_eq!(
        journal(&derivation),
        "invoice 1100 Dr 493.00\n\
         invoice 4000 Cr 445.37\n\
         invoice 4010 Cr 8.33\n\
         invoice 4040 Cr 3.00\n\
         invoice 2200 Cr 36.30\n\
         receipt 1010 Dr 493.00\n\
         receipt 1100 Cr 493.00"
    );
}

#[test]
fn the_quirks_are_read_as_what_they_mean() {
    let evidence = assemble("acme-us", &odd_but_right()).unwrap();
    assert_eq!((evidence.order.currency.code(), evidence.order.external_source.as_deref()), ("USD", None));
    assert_eq!((evidence.fees[0].cost_ex_tax, evidence.fees[0].cost_inc_tax), (dec("3"), dec("3")));
    assert_eq!((evidence.lines[0].product_id, evidence.lines[1].product_id), (None, Some(310)));
    let costs: Vec<_> = evidence.lines.iter().map(|line| line.unit_cost).collect();
    assert_eq!(costs, [None, Some(dec("48.25")), None], "a cost of nought is no cost");
}

#[test]
fn an_order_that_is_exact_on_the_wrong_side_is_held_with_its_arithmetic() {
    let message = "lines 54.4444 + shipping 9.26 - discounts 10.00 + tax 4.35 = 58.0544, \
                   but the order's total is 58.80 (difference 0.7456 USD)";
    assert_eq!(held(&exact_on_the_wrong_side()), [("totals-do-not-add-up", message.to_owned())]);
    assert_eq!(derived(&exact_on_the_wrong_side()).holds[0].amount.unwrap().amount, dec("58.80"));
}

#[test]
fn the_same_order_posts_when_its_prices_are_said_to_include_tax() {
    let mut raw = exact_on_the_wrong_side();
    let text = String::from_utf8(raw.order).unwrap();
    raw.order = text.replace("\"is_tax_inclusive_pricing\": false", "\"is_tax_inclusive_pricing\": true").into_bytes();
    let derivation = derived(&raw);
    assert_eq!(derivation.holds, []);
    assert_eq!(derivation.order_total.amount, dec("58.80"));
    assert!(journal(&derivation).contains("invoice 2200 Cr 4.35"), "{}", journal(&derivation));
}

#[test]
fn a_tax_that_the_total_has_and_the_header_denies_is_held_with_its_arithmetic() {
    let message = "lines 210.50 = 210.50, but the order's total is 227.34 (difference 16.84 USD)";
    assert_eq!(held(&tax_inside_a_total_without_tax()), [("totals-do-not-add-up", message.to_owned())]);
}

#[test]
fn a_page_of_lines_left_out_is_read_again_not_held() {
    let raw = RawOrder { products: Vec::new(), ..odd_but_right() };
    let error = assemble("acme-us", &raw).unwrap_err();
    assert_eq!(error, WireError::LinesMissing { order: 512, found: dec("0"), expected: dec("6") });
}

#[test]
fn a_category_rule_decides_the_account_of_a_line() {
    let mut raw = odd_but_right();
    raw.categories = BTreeMap::from([(310, vec!["Watering".into(), "Garden".into()])]);
    let garden =
        Rule::new("garden", RuleKind::Product).when(Condition::Category, "garden").gives(Give::Account, "4001");
    let derivation = case(&raw).rule(garden).derive();
    assert_eq!(derivation.holds, []);
    assert!(
        journal(&derivation).contains("invoice 4000 Cr 84.26\ninvoice 4001 Cr 361.11\n"),
        "{}",
        journal(&derivation)
    );
}

#[test]
fn what_catalogue_customer_record_and_parcels_say_is_no_edit_of_a_posted_order() {
    let before = derived(&odd_but_right());
    let seen_on = "2026-03-20".parse().unwrap();
    let ledger = Ledger { posted: &before.documents, as_posted: &[], seen_on };
    let mut raw = odd_but_right();
    raw.categories = BTreeMap::from([(310, vec!["Garden".into()]), (311, vec!["Kitchen".into()])]);
    raw.customer = br#"{"data":[{"id":31,"customer_group_id":4}]}"#.to_vec();
    raw.shipments = br#"[{"id":9,"date_created":"Tue, 10 Mar 2026 09:00:00 +0000","items":[{"order_product_id":702,"quantity":3}]}]"#.to_vec();
    let after = derived(&raw);
    let evidence = case(&raw).evidence;
    assert_eq!(
        (evidence.order.buyer.group, evidence.shipments.len(), evidence.lines[1].categories.len()),
        (Some(4), 1, 1)
    );
    let difference = after.difference(&ledger, &case(&raw).policy);
    assert_eq!((difference.to_post.len(), difference.holds), (0, Vec::new()));
}
