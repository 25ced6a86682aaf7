//! Kinds of orders, tenders and refunds, one behaviour each: what a careful accountant would post of them.

use rust_decimal::Decimal;

use super::super::document::DocumentKind;
use super::super::evidence::{
    AppliedDiscount, Fee, LineType, PaymentEvent, RefundPayment, RefundedPart, ShippingAddress, TaxRow, TaxedPart,
    Transaction,
};
use super::super::rulebook::{Condition, Give, Rule, RuleKind};
use super::super::testing::{Case, amount_of, balances, dec, units};
use super::Eligibility;

/// What each account is credited (a debit is below zero) by the documents of one kind.
fn credits(case: &Case, kind: DocumentKind) -> Vec<(String, Decimal)> {
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    let mut sums: Vec<(String, Decimal)> = Vec::new();
    for line in derivation.documents.iter().filter(|d| d.kind == kind).flat_map(|document| &document.lines) {
        match sums.iter_mut().find(|(account, _)| *account == line.account) {
            Some((_, sum)) => *sum -= line.signed(),
            None => sums.push((line.account.clone(), -line.signed())),
        }
    }
    sums
}

fn is(found: &[(String, Decimal)], expected: &[(&str, &str)]) {
    let expected: Vec<(String, Decimal)> =
        expected.iter().map(|(account, amount)| ((*account).to_owned(), dec(amount))).collect();
    assert_eq!(found, expected);
}

/// A tax row on any part.
fn taxed(name: &str, part: TaxedPart, line: Option<u64>, address: Option<u64>, amount: &str) -> TaxRow {
    TaxRow { name: name.into(), class: String::new(), rate: dec("8"), amount: dec(amount), part, line, address }
}

/// A shirt of 50.00 with gift wrapping of 4.00, a tip of 3.00 and shipping of 10.00, all with 8 % tax: 72.36.
fn everything() -> Case {
    let case = Case::new().line("TS-1", "1", "50.00", "4.00").shipping("10.00", "0", ("0.80", "0"));
    let case = case.with(|e| {
        (e.lines[0].wrapping_ex_tax, e.lines[0].wrapping_inc_tax) = (dec("4.00"), dec("4.32"));
        e.fees.push(Fee {
            id: 5,
            name: "Tip".into(),
            source: "app".into(),
            cost_ex_tax: dec("3.00"),
            cost_inc_tax: dec("3.24"),
        });
        let totals = &mut e.order.totals;
        (totals.wrapping_ex_tax, totals.wrapping_inc_tax) = (dec("4.00"), dec("4.32"));
        (totals.total_ex_tax, totals.total_tax, totals.total_inc_tax) = (dec("67.00"), dec("5.36"), dec("72.36"));
        e.taxes = vec![
            taxed("State", TaxedPart::Item, Some(1), None, "4.00"),
            taxed("State", TaxedPart::GiftWrapping, Some(1), None, "0.32"),
            taxed("City", TaxedPart::Shipping, None, Some(42), "0.80"),
            taxed("City", TaxedPart::Fee, None, None, "0.24"),
        ];
    });
    case.paid(9001, "stripe", "72.36")
}

#[test]
fn wrapping_fees_and_shipping_are_charges_of_their_own_booked_once() {
    is(
        &credits(&everything(), DocumentKind::Invoice),
        &[
            ("1100", "-72.36"),
            ("4000", "50.00"),
            ("4030", "4.00"),
            ("4010", "10.00"),
            ("4040", "3.00"),
            ("2200-CI", "1.04"),
            ("2200-ST", "4.32"),
        ],
    );
}

#[test]
fn a_refund_of_one_part_takes_back_the_tax_of_that_part_and_jurisdiction_only() {
    let shipping =
        everything().refund(12, "10.80", "0.80", "stripe", vec![amount_of(RefundedPart::Shipping, 42, "10.00")]);
    is(&credits(&shipping, DocumentKind::CreditMemo), &[("4010", "-10.00"), ("2200-CI", "-0.80"), ("1100", "10.80")]);
    let wrapping =
        everything().refund(12, "4.32", "0.32", "stripe", vec![amount_of(RefundedPart::GiftWrapping, 1, "4.00")]);
    is(&credits(&wrapping, DocumentKind::CreditMemo), &[("4030", "-4.00"), ("2200-ST", "-0.32"), ("1100", "4.32")]);
    // A fee may be named by the order's id when it is the only one (BigCommerce is not clear about it).
    let fee = everything().refund(12, "3.24", "0.24", "stripe", vec![amount_of(RefundedPart::Fee, 118, "3.00")]);
    is(&credits(&fee, DocumentKind::CreditMemo), &[("4040", "-3.00"), ("2200-CI", "-0.24"), ("1100", "3.24")]);
}

#[test]
fn a_product_without_a_catalogue_is_found_by_its_name_or_held() {
    let repair = || {
        let case = Case::new().line("", "1", "25.00", "0").paid(9001, "stripe", "25.00");
        case.with(|e| (e.lines[0].product_id, e.lines[0].name) = (None, "Repair of a lid".into()))
    };
    let by_sku = Rule::new("shirts", RuleKind::Product).when(Condition::Sku, "TS-*").gives(Give::Account, "4000");
    let held = repair().without_rules(RuleKind::Product).rule(by_sku.clone()).derive();
    assert!(held.holds[0].message.contains("Repair of a lid"), "{:?}", held.holds);
    let by_name = Rule::new("repairs", RuleKind::Product).when(Condition::Name, "repair*").gives(Give::Account, "4005");
    let mapped = repair().without_rules(RuleKind::Product).rule(by_sku).rule(by_name);
    is(&credits(&mapped, DocumentKind::Invoice), &[("1100", "-25.00"), ("4005", "25.00")]);
}

#[test]
fn the_parts_of_a_bundle_cost_nothing_and_move_nothing() {
    let bundle = || {
        let case = Case::new().line("SET", "1", "80.00", "0").line("SET-A", "2", "0", "0").line("SET-B", "1", "0", "0");
        case.with(|e| e.lines[1..].iter_mut().for_each(|line| line.parent_line = Some(1))).paid(9001, "stripe", "80.00")
    };
    is(&credits(&bundle(), DocumentKind::Invoice), &[("1100", "-80.00"), ("4000", "80.00")]);
    let items = vec![units(1, "1"), units(2, "2"), units(3, "1")];
    let back = bundle().refund(12, "80.00", "0", "stripe", items);
    is(&credits(&back, DocumentKind::CreditMemo), &[("4100", "-80.00"), ("1100", "80.00")]);
}

#[test]
fn each_line_goes_by_the_address_it_ships_to() {
    let case = Case::new().line("A", "1", "30.00", "0").line("B", "1", "20.00", "0").with(|e| {
        let address = |state: &str| {
            let mut address = e.order.billing.clone();
            address.state = state.into();
            address
        };
        let to = |id: u64, state: &str| ShippingAddress {
            id,
            method: "Ground".into(),
            cost_ex_tax: dec("5.00"),
            cost_inc_tax: dec("5.00"),
            handling_ex_tax: Decimal::ZERO,
            handling_inc_tax: Decimal::ZERO,
            address: address(state),
        };
        e.shipping = vec![to(41, "Nevada"), to(42, "Texas")];
        (e.lines[0].address_id, e.lines[1].address_id) = (Some(41), Some(42));
        let totals = &mut e.order.totals;
        (totals.shipping_ex_tax, totals.shipping_inc_tax) = (dec("10.00"), dec("10.00"));
        (totals.total_ex_tax, totals.total_inc_tax) = (dec("60.00"), dec("60.00"));
    });
    let place = |state: &str, id: &str| {
        Rule::new(state, RuleKind::Dimension)
            .when(Condition::State, state)
            .gives(Give::Dimension("location".into()), id)
    };
    let case = case.rule(place("Nevada", "NV")).rule(place("Texas", "TX")).paid(9001, "stripe", "60.00");
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    let of = |id: &str| -> Vec<String> {
        let lines = derivation.documents[0].lines.iter().filter(|line| line.dimensions.get("location") == Some(id));
        lines.map(|line| format!("{} {}", line.account, line.signed().abs())).collect()
    };
    assert_eq!(of("NV"), ["1100 60.00", "4000 30.00", "4010 5.00"], "the receivable goes by the first address");
    assert_eq!(of("TX"), ["4000 20.00", "4010 5.00"]);
}

#[test]
fn what_does_not_ship_goes_by_the_billing_address() {
    let case = Case::new().line("PDF", "1", "12.00", "0").paid(9001, "stripe", "12.00");
    let case = case.with(|e| e.lines[0].line_type = LineType::Digital);
    let downloads = Rule::new("downloads", RuleKind::Product)
        .when(Condition::Type, "digital")
        .when(Condition::State, "California")
        .gives(Give::Account, "4007");
    is(&credits(&case.rule(downloads), DocumentKind::Invoice), &[("1100", "-12.00"), ("4007", "12.00")]);
}

#[test]
fn a_line_that_is_discounted_to_nothing_still_shows_what_was_given_away() {
    let case = Case::new().line("TS-1", "1", "40.00", "0").discount("promo-77", "40.00");
    let case = case.shipping("5.00", "0", ("0", "0")).paid(9001, "stripe", "5.00");
    is(
        &credits(&case, DocumentKind::Invoice),
        &[("1100", "-5.00"), ("4000", "40.00"), ("4010", "5.00"), ("4090", "-40.00")],
    );
    let nothing = Case::new().line("TS-1", "1", "40.00", "0").discount("promo-77", "40.00").derive();
    assert!(matches!(nothing.status, Eligibility::Excluded(reason) if reason.starts_with("zero value")));
}

#[test]
fn an_order_of_five_hundred_lines_is_one_invoice_to_the_cent() {
    let mut case = Case::new();
    for line in 0..500 {
        case = case.line(&format!("S-{line}"), "1", "19.99", "1.65").discount("manual-discount", "0.37");
    }
    let total = case.evidence.order.totals.total_inc_tax.to_string();
    let tax = case.evidence.order.totals.total_tax.to_string();
    let case = case.tax("Tax", "8.25", &tax).paid(9001, "stripe", &total);
    is(
        &credits(&case, DocumentKind::Invoice),
        &[("1100", "-10635.00"), ("4000", "9995.00"), ("4090", "-185.00"), ("2200", "825.00")],
    );
}

fn reserved() -> Case {
    let case = Case::new().line("TS-1", "1", "100.00", "0").paid(9001, "stripe", "100.00");
    case.with(|e| e.transactions[0].event = PaymentEvent::Authorization)
}

/// One more transaction that follows the first.
fn follows(case: Case, id: u64, event: PaymentEvent, amount: &str) -> Case {
    case.with(|e| {
        let first = e.transactions[0].clone();
        let reference = Some(first.id);
        e.transactions.push(Transaction { id, event, amount: dec(amount), reference, ..first });
    })
}

#[test]
fn only_captured_money_is_a_receipt_and_a_settled_row_of_the_same_money_is_none() {
    let captured = follows(reserved(), 9002, PaymentEvent::Capture, "60.00");
    is(&credits(&captured, DocumentKind::Receipt), &[("1150-S", "-60.00"), ("1100", "60.00")]);
    assert_eq!(captured.derive().open_balance.amount, dec("40.00"));
    let settled = follows(captured, 9003, PaymentEvent::Settled, "60.00");
    is(&credits(&settled, DocumentKind::Receipt), &[("1150-S", "-60.00"), ("1100", "60.00")]);
    let rest = follows(settled, 9004, PaymentEvent::Capture, "40.00");
    is(&credits(&rest, DocumentKind::Receipt), &[("1150-S", "-100.00"), ("1100", "100.00")]);
    let voided = follows(reserved(), 9002, PaymentEvent::Void, "100.00");
    is(&credits(&voided, DocumentKind::Receipt), &[]);
}

#[test]
fn a_refund_that_goes_out_in_two_ways_is_paid_out_in_two_ways() {
    let case = Case::new().line("TS-1", "1", "100.00", "0").paid(9001, "giftcertificate", "30.00");
    let case = case.paid(9002, "stripe", "70.00").refund(12, "100.00", "0", "stripe", vec![units(1, "1")]);
    let case = case.refund_with(|refund| {
        let gift = RefundPayment {
            id: 200,
            provider: "giftcertificate".into(),
            amount: dec("30.00"),
            offline: true,
            declined: false,
        };
        refund.payments[0].amount = dec("70.00");
        refund.payments.push(gift);
    });
    is(&credits(&case, DocumentKind::RefundPayout), &[("1100", "-100.00"), ("1150-S", "70.00"), ("2300", "30.00")]);
    let left = balances(&case.derive());
    assert_eq!(left.keys().collect::<Vec<_>>(), ["4000", "4100"], "{left:?}");
}

#[test]
fn goods_and_an_amount_of_the_order_in_one_refund_are_told_apart_by_what_was_asked_for() {
    let sale = || Case::new().line("TS-1", "2", "100.00", "0").paid(9001, "stripe", "100.00");
    let mut goods = units(1, "1");
    goods.requested = Some(dec("50.00"));
    let told = sale().refund(12, "60.00", "0", "stripe", vec![goods, amount_of(RefundedPart::Order, 118, "10.00")]);
    is(&credits(&told, DocumentKind::CreditMemo), &[("4100", "-60.00"), ("1100", "60.00")]);
    let mut silent = amount_of(RefundedPart::Order, 118, "10.00");
    silent.requested = None;
    let untold = sale().refund(12, "60.00", "0", "stripe", vec![units(1, "1"), silent]);
    assert_eq!(untold.hold_codes(), ["unsupported-refund"]);
}

#[test]
fn tax_that_is_kept_back_of_a_refund_is_a_question() {
    let case = Case::new().line("TS-1", "1", "100.00", "8.00").tax("Tax", "8", "8.00").paid(9001, "stripe", "108.00");
    let case = case.refund(12, "98.00", "-2.00", "stripe", vec![units(1, "1")]);
    assert_eq!(case.hold_codes(), ["unsupported-refund"]);
}

#[test]
fn a_gift_certificate_that_is_refunded_takes_its_liability_back() {
    let case = Case::new().line("GIFT", "1", "100.00", "0").paid(9001, "stripe", "100.00");
    let case = case.refund(12, "100.00", "0", "stripe", vec![units(1, "1")]);
    is(&credits(&case, DocumentKind::CreditMemo), &[("2300", "-100.00"), ("1100", "100.00")]);
    assert!(balances(&case.derive()).is_empty());
}

#[test]
fn coupons_promotions_and_manual_discounts_each_have_their_account() {
    let with = |id: &str, code: Option<&str>| AppliedDiscount {
        id: id.into(),
        amount: dec("5.00"),
        name: "Spring".into(),
        code: code.map(str::to_owned),
        target: "order".into(),
    };
    let case = Case::new().line("TS-1", "1", "100.00", "0").with(|e| {
        e.lines[0].discounts = vec![with("manual-discount", None), with("coupon", Some("SAVE5")), with("0b6e", None)];
        let totals = &mut e.order.totals;
        (totals.discount, totals.coupon_discount) = (dec("10.00"), dec("5.00"));
        (totals.total_ex_tax, totals.total_inc_tax) = (dec("85.00"), dec("85.00"));
    });
    let promotion =
        Rule::new("promotion", RuleKind::Discount).when(Condition::Source, "promotion").gives(Give::Account, "4092");
    let case = case.rule(promotion).paid(9001, "stripe", "85.00");
    let mut found = credits(&case, DocumentKind::Invoice);
    found.sort();
    is(&found, &[("1100", "-85.00"), ("4000", "100.00"), ("4090", "-5.00"), ("4092", "-5.00"), ("4095", "-5.00")]);
}
