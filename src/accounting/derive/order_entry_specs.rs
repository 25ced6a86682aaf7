//! Order-entry mode as specifications: the same numbers on the same accounts as in order mode, as items and subtotals.

use super::super::document::{Detail, Document};
use super::super::evidence::RefundedPart;
use super::super::hold::Blocks;
use super::super::policy::{OrderLevelRefund, PostingMode, SubtotalKind};
use super::super::rulebook::{Condition, Give, Rule, RuleKind};
use super::super::testing::{Case, amount_of, balances, dec, units};
use super::Derivation;
use super::cases::*;

/// The Order Entry form of a document, a line for each item and subtotal; empty when it has none.
fn entered(document: &Document) -> Vec<String> {
    let Some(entry) = document.detail.order_entry() else { return Vec::new() };
    let mut lines = vec![format!("{} {}", entry.definition, document.number)];
    lines.extend(entry.items.iter().map(|item| {
        let warehouse = item.warehouse.as_deref().unwrap_or("no warehouse");
        format!("{} {} {} at {} from {warehouse} on {}", item.quantity, item.unit, item.item, item.price, item.account)
    }));
    lines.extend(entry.subtotals.iter().map(|row| format!("{} {} on {}", row.name, row.amount, row.account)));
    lines
}

fn derived(case: &Case) -> Derivation {
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    derivation
}

/// All Order Entry documents of a case.
fn all(case: &Case) -> Vec<String> {
    derived(&case.clone().order_entry()).documents.iter().flat_map(entered).collect()
}

/// What is documented: the Order Entry documents of some cases.
pub(super) fn documented() -> Vec<(&'static str, String)> {
    vec![("order-entry-sale", all(&e3()).join("\n")), ("order-entry-refund", all(&e10_one_by_one()).join("\n"))]
}

/// Every case of the accounting examples that is a sale or a refund.
fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("E1", e1()),
        ("E2 gross", e2_gross()),
        ("E3", e3()),
        ("E4", e4()),
        ("E5", e5()),
        ("E6", e6()),
        ("E7 returned", e7_returned()),
        ("E7 redeemed", e7_redeemed()),
        ("E8", e8()),
        ("E10 full", e10_full()),
        ("E10 partial", e10_partial()),
        ("E10 one by one", e10_one_by_one()),
        ("E11 restocking", e11_restocking()),
        ("E11 override", e11_override()),
        ("E11 allowance", e11_order_level(OrderLevelRefund::Allowance)),
        ("E11 carve-out", e11_order_level(OrderLevelRefund::CarveOut)),
        ("E12 shipped", e1().ship_date().shipped("2026-03-12T10:00:00Z")),
    ]
}

#[test]
fn every_example_is_to_the_cent_what_it_is_in_order_mode() {
    for (name, case) in cases() {
        let (order, entry) = (derived(&case), derived(&case.clone().order_entry()));
        let numbers = |derivation: &Derivation| -> Vec<String> {
            derivation.documents.iter().map(|d| format!("{} {} {} {}", d.key, d.number, d.date, d.total)).collect()
        };
        assert_eq!(numbers(&entry), numbers(&order), "{name}");
        assert_eq!(super::super::testing::journal(&entry), super::super::testing::journal(&order), "{name}");
        assert_eq!(balances(&entry), balances(&order), "{name}");
        let sales = entry.documents.iter().filter(|document| matches!(document.detail, Detail::Invoice { .. }));
        assert!(sales.into_iter().all(|sale| sale.detail.order_entry().is_some()), "{name}");
    }
}

#[test]
fn e1_is_an_item_and_its_tax() {
    assert_eq!(
        all(&e1()),
        ["Sales Invoice BC-118", "1 Each SKU-1 at 120.00 from WH1 on 4000", "Subtotal 2200 9.90 on 2200"]
    );
}

#[test]
fn e2_discounts_are_subtotals_below_zero_or_a_smaller_price() {
    assert_eq!(
        all(&e2_gross())[1..],
        [
            "1 Each SKU-1 at 60.00 from WH1 on 4000",
            "1 Each SKU-1 at 45.00 from WH1 on 4000",
            "Subtotal 2200 7.38 on 2200",
            "Subtotal 4090 -10.50 on 4090",
            "Subtotal 4095 -5.00 on 4095"
        ]
    );
    let net = all(&e2_net());
    assert_eq!(net[1..3], ["1 Each SKU-1 at 51.14 from WH1 on 4000", "1 Each SKU-1 at 38.36 from WH1 on 4000"]);
    assert_eq!(net[3..], ["Subtotal 2200 7.38 on 2200"]);
}

#[test]
fn e3_shipping_and_handling_are_subtotals_of_the_settings() {
    assert_eq!(
        all(&e3()),
        [
            "Sales Invoice BC-118",
            "1 Each SKU-1 at 80.00 from WH1 on 4000",
            "Subtotal 2200 6.68 on 2200",
            "handling subtotal 2.50 on 4020",
            "shipping subtotal 12.95 on 4010"
        ]
    );
}

#[test]
fn shipping_is_an_item_where_its_rule_gives_one() {
    let item = Rule::new("ground", RuleKind::Shipping).gives(Give::Account, "4010");
    let item = item.gives(Give::Dimension("item".into()), "SHIPPING").when(Condition::Method, "Ground");
    assert!(all(&e3().rule(item)).contains(&"1 Each SHIPPING at 12.95 from WH1 on 4010".to_owned()));
}

#[test]
fn unit_and_warehouse_of_the_rule_come_before_those_of_the_settings() {
    let rule = Rule::new("ts", RuleKind::Product).when(Condition::Sku, "TS-1").gives(Give::Account, "4000");
    let case = e1().order_entry().rule(
        rule.gives(Give::Dimension("item".into()), "TS-1").gives(Give::Unit, "Piece").gives(Give::Warehouse, "WH2"),
    );
    let derivation = derived(&case);
    assert_eq!(entered(&derivation.documents[0])[1], "1 Piece TS-1 at 120.00 from WH2 on 4000");
}

#[test]
fn e4_each_jurisdiction_has_a_subtotal_of_its_own() {
    assert_eq!(
        all(&e4())[2..],
        [
            "Subtotal 2200-CI 3.12 on 2200-CI",
            "Subtotal 2200-CO 2.50 on 2200-CO",
            "Subtotal 2200-DI 0.63 on 2200-DI",
            "Subtotal 2200-ST 15.00 on 2200-ST"
        ]
    );
}

#[test]
fn e5_a_gift_card_sold_is_an_item_on_the_liability_and_redeemed_an_adjustment() {
    assert_eq!(all(&e5())[1..], ["1 Each GIFT at 100.00 from WH1 on 2300"]);
    let redeemed = derived(&e6().order_entry());
    let tender = redeemed.documents.iter().find(|d| matches!(d.detail, Detail::LiabilityTender { .. })).unwrap();
    assert_eq!((entered(tender).len(), tender.total), (0, dec("92.01")));
}

#[test]
fn e10_units_come_back_at_the_price_they_were_sold_for() {
    let partial = all(&e10_partial());
    assert_eq!(partial[1], "3 Each SKU-1 at 33.33 from WH1 on 4000");
    assert_eq!(
        partial[3..],
        ["Sales Credit Memo BC-118-R12", "1 Each SKU-1 at 33.33 from WH1 on 4100", "Subtotal 2200 2.75 on 2200"]
    );
    let full = all(&e10_full());
    assert_eq!(
        full[5..],
        [
            "Sales Credit Memo BC-118-R12",
            "1 Each SKU-1 at 80.00 from WH1 on 4100",
            "Subtotal 2200 6.68 on 2200",
            "handling subtotal 2.50 on 4020",
            "shipping subtotal 12.95 on 4010"
        ]
    );
}

#[test]
fn e10_a_price_that_does_not_divide_is_two_lines_and_comes_back_unit_by_unit() {
    let lines = all(&e10_one_by_one());
    assert_eq!(lines[1..3], ["2 Each SKU-1 at 33.33 from WH1 on 4000", "1 Each SKU-1 at 33.34 from WH1 on 4000"]);
    let back: Vec<&String> = lines.iter().filter(|line| line.ends_with("on 4100")).collect();
    assert_eq!(
        back,
        [
            "1 Each SKU-1 at 33.33 from WH1 on 4100",
            "1 Each SKU-1 at 33.34 from WH1 on 4100",
            "1 Each SKU-1 at 33.33 from WH1 on 4100"
        ]
    );
}

#[test]
fn e11_what_is_kept_back_is_a_subtotal_below_zero() {
    assert_eq!(
        all(&e11_restocking())[3..],
        [
            "Sales Credit Memo BC-118-R12",
            "1 Each SKU-1 at 120.00 from WH1 on 4100",
            "Subtotal 2200 9.90 on 2200",
            "restocking subtotal -18.00 on 4210"
        ]
    );
}

#[test]
fn a_refund_without_units_is_an_adjustment_because_an_order_entry_document_needs_items() {
    let memo = |case: Case| {
        let derivation = derived(&case.order_entry());
        let found = derivation.documents.into_iter().find(|d| matches!(d.detail, Detail::CreditMemo { .. })).unwrap();
        (found.total, found.detail.order_entry().is_some(), found.wave())
    };
    assert_eq!(memo(e11_order_level(OrderLevelRefund::Allowance)), (dec("20.00"), false, 1));
    let shipping = e3().refund(12, "12.95", "0", "stripe", vec![amount_of(RefundedPart::Shipping, 42, "12.95")]);
    assert_eq!(memo(shipping), (dec("12.95"), false, 1));
    assert_eq!(memo(e10_partial()), (dec("36.08"), true, 2), "made from the invoice, which goes before it");
}

#[test]
fn the_day_a_sale_counts_from_decides_what_its_documents_are() {
    let switched = |day: &str| {
        let day = day.parse().unwrap();
        let case = e10_partial().order_entry().policy(|policy| {
            policy.posting = PostingMode::Order;
            policy.posting_changes.insert(day, PostingMode::OrderEntry);
        });
        let documents = derived(&case).documents;
        documents.iter().filter(|document| document.detail.order_entry().is_some()).count()
    };
    assert_eq!(switched("2026-03-10"), 2, "the invoice and its credit memo");
    assert_eq!(switched("2026-03-11"), 0, "a refund goes the way of its sale");
}

/// Codes and messages of the holds in order-entry mode, after a change of rules and policy.
fn held(case: Case) -> Vec<String> {
    let derivation = case.derive();
    let shown = |hold: &super::super::hold::Hold| format!("{}: {}", hold.code, hold.message);
    let kept = derivation.holds.iter().all(|hold| hold.blocks == Blocks::Order);
    assert!(!kept || derivation.documents.is_empty());
    derivation.holds.iter().map(shown).collect()
}

#[test]
fn a_product_without_an_item_and_a_charge_without_a_subtotal_are_held_all_at_once() {
    let case = e3().order_entry().without_rules(RuleKind::Product);
    let case = case.rule(Rule::new("product", RuleKind::Product).gives(Give::Account, "4000"));
    let case = case.policy(|policy| drop(policy.order_entry.subtotals.remove(&SubtotalKind::Shipping)));
    assert_eq!(
        held(case),
        [
            "order-entry-incomplete: product rule 'product' gives no item, and goods of an Order Entry document need one",
            "order-entry-incomplete: no subtotal is named for shipping, and shipping rule 'shipping' gives neither that \
             nor an item"
        ]
    );
}

#[test]
fn what_intacct_would_book_to_one_account_is_held_when_the_rules_say_two() {
    let items = e2_gross().order_entry().without_rules(RuleKind::Product);
    let product = |sku: &str, account: &str| {
        let rule = Rule::new(sku, RuleKind::Product).when(Condition::Sku, sku).gives(Give::Account, account);
        rule.gives(Give::Dimension("item".into()), "SKU-1")
    };
    let problems = held(items.rule(product("A", "4000")).rule(product("B", "4001")));
    assert!(problems[0].contains("item SKU-1 to 4000 and to 4001"), "{problems:?}");
    let taxes = e4().order_entry().without_rules(RuleKind::Tax);
    let tax = |name: &str, account: &str| {
        Rule::new(name, RuleKind::Tax).when(Condition::Name, name).gives(Give::Account, account)
    };
    let case = taxes.rule(tax("State", "2200-ST")).rule(tax("*", "2200"));
    let problems = held(case);
    assert!(problems[0].contains("the subtotal 'tax subtotal' to several accounts"), "{problems:?}");
}

#[test]
fn what_is_kept_back_without_a_subtotal_holds_the_refund_and_not_the_sale() {
    let case = e11_restocking().order_entry();
    let case = case.policy(|policy| drop(policy.order_entry.subtotals.remove(&SubtotalKind::Restocking)));
    let derivation = case.derive();
    assert_eq!(derivation.holds[0].blocks, Blocks::RefundsFrom(12));
    assert_eq!(derivation.documents.len(), 2, "the invoice and its receipt");
}

#[test]
fn a_discount_of_several_items_is_on_none_of_them() {
    let case = e2_gross().order_entry().without_rules(RuleKind::Product);
    let product = |sku: &str| {
        let rule = Rule::new(sku, RuleKind::Product).when(Condition::Sku, sku).gives(Give::Account, "4000");
        rule.gives(Give::Dimension("item".into()), sku)
    };
    let derivation = derived(&case.rule(product("A")).rule(product("B")));
    let items: Vec<Option<&str>> =
        derivation.documents[0].lines.iter().map(|line| line.dimensions.get("item")).collect();
    assert_eq!(items, [None, Some("A"), Some("B"), None, None, None]);
}

#[test]
fn units_are_goods_and_half_a_unit_has_a_price_only_when_it_is_whole_cents() {
    let half = |total: &str| Case::new().line("TS-1", "1.5", total, "0").paid(9001, "stripe", total).order_entry();
    assert_eq!(entered(&derived(&half("10.05")).documents[0])[1], "1.5 Each SKU-1 at 6.70 from WH1 on 4000");
    let problems = held(half("10.00"));
    assert!(problems[0].contains("have no price in cents that makes 10.00"), "{problems:?}");
    let refund = e10_partial().refund(13, "2.00", "0", "stripe", vec![units(1, "1")]);
    assert_eq!(refund.order_entry().hold_codes(), ["unsupported-refund"]);
}
