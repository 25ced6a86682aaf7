//! What is held, what waits, what is left open: the derivation's behaviour beyond the accounting examples.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::document::{Detail, DocumentKind};
use super::super::evidence::{Fee, PaymentEvent, RefundedPart};
use super::super::money::Currency;
use super::super::rulebook::{Condition, Give, Rule, RuleKind};
use super::super::testing::{Case, amount_of, balances, dec, units};
use super::Eligibility;

fn sale() -> Case {
    Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90")
}

fn paid() -> Case {
    sale().paid(9001, "stripe", "129.90")
}

#[test]
fn every_missing_rule_is_listed_at_once() {
    let bare = paid().refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    let kinds = [RuleKind::Product, RuleKind::Tax, RuleKind::Payment, RuleKind::Refund];
    let bare = kinds.into_iter().fold(bare, Case::without_rules);
    let derivation = bare.derive();
    assert!(derivation.documents.is_empty());
    let subjects: Vec<&str> = derivation.holds.iter().map(|hold| hold.subject.split(" for ").next().unwrap()).collect();
    assert_eq!(subjects, ["product rule", "tax rule", "payment rule", "refund rule", "payment rule"]);
    assert!(derivation.holds.iter().all(|hold| hold.code.as_str() == "missing-rule" && !hold.remedy.is_empty()));
}

#[test]
fn totals_that_do_not_add_up_are_held_with_the_arithmetic() {
    let derivation = paid().with(|e| e.order.totals.total_inc_tax += dec("5.00")).derive();
    assert!(derivation.documents.is_empty());
    let [hold] = &derivation.holds[..] else { panic!("{:?}", derivation.holds) };
    assert_eq!(hold.code.as_str(), "totals-do-not-add-up");
    assert_eq!(hold.message, "lines 120.00 + tax 9.90 = 129.90, but the order's total is 134.90 (difference 5.00 USD)");
}

#[test]
fn a_difference_within_the_cap_needs_a_rounding_account() {
    let off = || sale().with(|e| e.order.totals.total_inc_tax += dec("0.03")).paid(9001, "stripe", "129.93");
    assert_eq!(off().hold_codes(), ["totals-do-not-add-up"]);
    let journal = off().policy(|policy| policy.rounding_account = Some("7200".into())).journal();
    assert!(journal.contains("invoice 4000 Cr 120.00\ninvoice 2200 Cr 9.90\ninvoice 7200 Cr 0.03"), "{journal}");
}

#[test]
fn tax_rows_that_do_not_add_up_are_held() {
    assert_eq!(paid().tax("City", "1", "1.20").hold_codes(), ["tax-rows-do-not-add-up"]);
}

#[test]
fn tax_without_rows_needs_a_catch_all_tax_rule() {
    let untold = || paid().with(|e| e.taxes.clear());
    assert!(untold().journal().contains("invoice 2200 Cr 9.90"));
    let named = Rule::new("named", RuleKind::Tax).when(Condition::Name, "tax").gives(Give::Account, "2200");
    assert_eq!(untold().without_rules(RuleKind::Tax).rule(named).hold_codes(), ["missing-rule"]);
}

#[test]
fn tax_a_marketplace_collects_stays_out_of_the_books() {
    let facilitator =
        Rule::new("mpf", RuleKind::Tax).when(Condition::Channel, "1").gives(Give::CollectedBy, "marketplace");
    let payout = Rule::new("amazon", RuleKind::Payment)
        .gives(Give::Account, "1150-A")
        .gives(Give::PaymentMethod, "EFT")
        .gives(Give::TreatAsPaid, "yes");
    let case = sale().without_rules(RuleKind::Tax).rule(facilitator).rule(payout);
    assert_eq!(
        case.journal(),
        "invoice 1100 Dr 120.00\ninvoice 4000 Cr 120.00\nreceipt 1150-A Dr 120.00\nreceipt 1100 Cr 120.00"
    );
    let derivation = case.derive();
    assert_eq!(derivation.order_total.amount, dec("129.90"));
    assert_eq!(derivation.marketplace_tax.amount, dec("9.90"));
}

#[test]
fn fees_may_be_in_the_total_or_not() {
    let fee = |case: Case| {
        case.with(|e| {
            let (cost_ex_tax, cost_inc_tax) = (dec("4.00"), dec("4.00"));
            e.fees.push(Fee { id: 5, name: "Tip".into(), source: "app".into(), cost_ex_tax, cost_inc_tax });
        })
    };
    let outside = fee(paid()).journal();
    assert!(!outside.contains("4040"), "{outside}");
    let inside = fee(sale()).with(|e| {
        e.order.totals.total_ex_tax += dec("4.00");
        e.order.totals.total_inc_tax += dec("4.00");
    });
    let inside = inside.paid(9001, "stripe", "133.90").journal();
    assert!(inside.contains("invoice 4040 Cr 4.00"), "{inside}");
}

#[test]
fn prices_with_tax_keep_the_amounts_with_tax_exact() {
    // 100.00 with 19 percent in it, less 10.00: 90.00 = 75.63 + 14.37
    let case = Case::new().line("TS-1", "1", "84.03", "14.37").tax("VAT", "19", "14.37").with(|e| {
        e.order.prices_include_tax = true;
        e.lines[0].total_inc_tax = dec("100.00");
        e.lines[0].discounted_total_inc_tax = Some(dec("90.00"));
        let totals = &mut e.order.totals;
        (totals.subtotal_inc_tax, totals.discount) = (dec("100.00"), dec("10.00"));
        (totals.total_ex_tax, totals.total_inc_tax) = (dec("75.63"), dec("90.00"));
    });
    let journal = case.paid(9001, "stripe", "90.00").journal();
    assert!(
        journal
            .starts_with("invoice 1100 Dr 90.00\ninvoice 4000 Cr 84.03\ninvoice 4090 Dr 8.40\ninvoice 2200 Cr 14.37"),
        "{journal}"
    );
}

#[test]
fn currencies_without_or_with_three_decimals() {
    let foreign = |code: &str, case: Case| {
        let currency: Currency = code.parse().unwrap();
        let rate = Rule::new("daily", RuleKind::Exchange).gives(Give::RateType, "Intacct Daily Rate");
        let case = case.rule(rate).policy(|policy| policy.foreign_currencies.extend([currency]));
        case.with(|e| {
            e.order.currency = currency;
            e.transactions.iter_mut().for_each(|t| t.currency = currency);
        })
    };
    let yen =
        Case::new().line("A", "1", "1000.0000", "100.0000").tax("Tax", "10", "100.0000").paid(1, "stripe", "1100");
    assert!(foreign("JPY", yen).journal().starts_with("invoice 1100 Dr 1100\ninvoice 4000 Cr 1000\n"));
    let dinar = Case::new().line("A", "1", "10.125", "0.506").tax("Tax", "5", "0.506").paid(1, "stripe", "10.631");
    assert!(foreign("KWD", dinar).journal().starts_with("invoice 1100 Dr 10.631\ninvoice 4000 Cr 10.125\n"));
    let euro = paid().with(|e| e.order.currency = "EUR".parse().unwrap());
    assert!(euro.hold_codes().contains(&"currency-not-accepted"));
}

#[test]
fn each_partial_capture_is_a_receipt_and_the_rest_stays_open() {
    let case = sale().paid(9002, "stripe", "60.00").paid(9003, "stripe", "40.00");
    let derivation = case.derive();
    let receipts: Vec<&str> =
        derivation.documents.iter().filter(|d| d.kind == DocumentKind::Receipt).map(|d| d.number.as_str()).collect();
    assert_eq!(receipts, ["BC-118-T9002", "BC-118-T9003"]);
    assert_eq!(derivation.open_balance.amount, dec("29.90"));
}

#[test]
fn money_that_is_only_reserved_leaves_the_invoice_open() {
    let derivation = paid().with(|e| e.transactions[0].event = PaymentEvent::Authorization).derive();
    assert_eq!(derivation.holds, []);
    assert_eq!(derivation.documents.len(), 1);
    assert_eq!(derivation.open_balance.amount, dec("129.90"));
}

#[test]
fn more_money_than_the_order_is_held() {
    assert_eq!(paid().paid(9002, "stripe", "1.00").hold_codes(), ["tenders-exceed-total"]);
}

#[test]
fn stored_value_without_a_transaction_waits_for_it() {
    let case = || sale().with(|e| e.order.totals.store_credit = dec("29.90")).paid(9001, "stripe", "100.00");
    assert_eq!(case().hold_codes(), ["payment-data-missing"]);
    let header = super::super::policy::StoredValueWithoutTransaction::UseHeader;
    let journal = case().policy(|policy| policy.stored_value_without_transaction = header).journal();
    assert!(journal.contains("liability-tender 2310 Dr 29.90"), "{journal}");
}

fn offline(treat_as_paid: &str) -> Case {
    let rule = Rule::new("check", RuleKind::Payment)
        .when(Condition::Method, "check")
        .gives(Give::Account, "1060")
        .gives(Give::PaymentMethod, "Printed Check")
        .gives(Give::TreatAsPaid, treat_as_paid);
    sale().rule(rule).with(|e| {
        e.order.payment_method = "Check".into();
        e.order.payment_status = String::new();
    })
}

#[test]
fn offline_methods_are_paid_when_their_rule_says_so() {
    let journal = offline("yes").journal();
    assert!(journal.ends_with("receipt 1060 Dr 129.90\nreceipt 1100 Cr 129.90"), "{journal}");
    let open = offline("no").derive();
    assert_eq!((open.documents.len(), open.open_balance.amount), (1, dec("129.90")));
}

#[test]
fn an_offline_refund_of_an_unpaid_invoice_is_set_off_against_it() {
    let case = offline("no").refund(12, "129.90", "9.90", "custom", vec![units(1, "1")]);
    let case = case.refund_with(|refund| refund.payments[0].offline = true);
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    assert_eq!(derivation.open_balance.amount, dec("0"));
    let applications: Vec<&Detail> =
        derivation.documents.iter().filter(|d| d.kind == DocumentKind::Application).map(|d| &d.detail).collect();
    let [Detail::Application { debit, amount, .. }] = applications[..] else { panic!("{applications:?}") };
    assert_eq!((debit.as_str(), *amount), ("acme-us/118/invoice/r1", dec("129.90")));
    assert!(!derivation.documents.iter().any(|d| d.kind == DocumentKind::RefundPayout));
}

#[test]
fn an_offline_refund_of_a_card_sale_did_not_leave_by_the_gateway() {
    let case = || {
        let case = paid().refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
        case.refund_with(|refund| refund.payments[0].offline = true)
    };
    assert_eq!(case().hold_codes(), ["missing-rule"]);
    let by_hand = Rule::new("by-hand", RuleKind::Payment)
        .when(Condition::Method, "offline")
        .gives(Give::Account, "1070")
        .gives(Give::PaymentMethod, "Cash");
    let journal = case().rule(by_hand).journal();
    assert!(journal.ends_with("refund-payout 1100 Dr 129.90\nrefund-payout 1070 Cr 129.90"), "{journal}");
}

#[test]
fn a_declined_refund_keeps_itself_and_later_ones_back() {
    let case = paid()
        .refund(12, "20.00", "0", "stripe", vec![amount_of(RefundedPart::Order, 118, "20.00")])
        .refund(13, "10.00", "0", "stripe", vec![amount_of(RefundedPart::Order, 118, "10.00")])
        .with(|e| e.refunds[0].payments[0].declined = true);
    let derivation = case.derive();
    assert_eq!(derivation.holds.iter().map(|h| h.code.as_str()).collect::<Vec<_>>(), ["refund-declined"]);
    let kinds: Vec<DocumentKind> = derivation.documents.iter().map(|d| d.kind).collect();
    assert_eq!(kinds, [DocumentKind::Invoice, DocumentKind::Receipt]);
}

#[test]
fn a_refund_of_tax_only_debits_tax_only() {
    let journal = paid().refund(12, "9.90", "9.90", "stripe", Vec::new()).journal();
    assert!(journal.contains("credit-memo 2200 Dr 9.90\ncredit-memo 1100 Cr 9.90"), "{journal}");
    assert!(!journal.contains("4100"));
}

#[test]
fn requested_amounts_may_have_tax_in_them() {
    let item = |requested| vec![amount_of(RefundedPart::Product, 1, requested)];
    for requested in ["60.00", "64.95"] {
        let journal = paid().refund(12, "64.95", "4.95", "stripe", item(requested)).journal();
        assert!(journal.contains("credit-memo 4100 Dr 60.00\ncredit-memo 2200 Dr 4.95"), "{requested}: {journal}");
    }
    let odd = paid().refund(12, "64.95", "4.95", "stripe", item("30.00"));
    assert_eq!(odd.hold_codes(), ["unsupported-refund"]);
}

#[test]
fn some_orders_are_never_posted_and_some_not_yet() {
    let state = |case: Case| match case.derive().status {
        Eligibility::Post => "post",
        Eligibility::Waiting(_) => "waiting",
        Eligibility::Excluded(_) => "excluded",
    };
    assert_eq!(state(paid()), "post");
    assert_eq!(state(paid().with(|e| e.order.status_id = 7)), "waiting");
    assert_eq!(state(sale().with(|e| e.order.status_id = 0)), "excluded");
    assert_eq!(state(paid().with(|e| e.order.payment_method = "Test Payment Gateway".into())), "excluded");
    assert_eq!(state(paid().with(|e| e.transactions[0].test = true)), "excluded");
    assert_eq!(state(paid().with(|e| e.order.external_source = Some("M-MIG".into()))), "excluded");
    assert_eq!(state(paid().with(|e| e.order.archived = true)), "excluded");
    assert_eq!(state(paid().policy(|p| p.go_live = Some("2026-03-11".parse().unwrap()))), "excluded");
    assert_eq!(state(paid().policy(|p| p.first_order = Some(119))), "excluded");
    assert_eq!(state(Case::new().line("FREE", "1", "0", "0")), "excluded");
}

#[test]
fn negative_prices_are_held() {
    assert_eq!(paid().line("DISCOUNT", "1", "-10.00", "0").hold_codes(), ["negative-amount"]);
}

#[test]
fn a_guest_needs_an_email_unless_there_is_a_summary_customer() {
    let nameless = || paid().with(|e| e.order.buyer.email.clear());
    assert_eq!(nameless().hold_codes(), ["customer-incomplete"]);
    let summary =
        Rule::new("guests", RuleKind::Customer).when(Condition::Guest, "yes").gives(Give::SummaryCustomer, "WEB");
    let derivation = nameless().rule(summary).derive();
    assert_eq!(derivation.documents[0].customer.as_ref().unwrap().intacct_id, "WEB");
}

#[test]
fn default_dimensions_are_on_every_leg_and_rules_override_them() {
    let location = Rule::new("all", RuleKind::Dimension).gives(Give::Dimension("location".into()), "100");
    let shirts = Rule::new("shirts", RuleKind::Product)
        .when(Condition::Sku, "TS-*")
        .gives(Give::Account, "4000")
        .gives(Give::Dimension("location".into()), "200");
    let derivation = paid().rule(location).rule(shirts).derive();
    let at = |account: &str| {
        let mut lines = derivation.documents.iter().flat_map(|document| &document.lines);
        lines.find(|line| line.account == account).and_then(|line| line.dimensions.get("location")).unwrap().to_owned()
    };
    assert_eq!([at("1100"), at("4000"), at("2200"), at("1150-S")], ["100", "200", "100", "100"]);
}

/// A shop's order: lines with quantity, unit price in cents and tax in hundredths of a percent, and a shipping charge.
fn orders() -> impl Strategy<Value = Case> {
    let line = (1i64..5, 1i64..20_000, 0i64..1_200, 0i64..40);
    (prop::collection::vec(line, 1..6), 0i64..3_000).prop_map(|(lines, shipping)| {
        let mut case = Case::new();
        let mut tax_total = Decimal::ZERO;
        for (index, (quantity, price, rate, discount)) in lines.into_iter().enumerate() {
            let total = Decimal::new(quantity * price, 2);
            let off = Currency::USD.round(total * Decimal::new(discount, 2));
            let tax = Currency::USD.round((total - off) * Decimal::new(rate, 4));
            case = case.line(&format!("S{index}"), &quantity.to_string(), &total.to_string(), &tax.to_string());
            if !off.is_zero() {
                case = case.discount("manual-discount", &off.to_string());
            }
            if !tax.is_zero() {
                case = case.tax("State", &Decimal::new(rate, 2).to_string(), &tax.to_string());
                case.evidence.taxes.last_mut().unwrap().line = Some(index as u64 + 1);
            }
            tax_total += tax;
        }
        let shipping = Decimal::new(shipping, 2).to_string();
        let case = case.shipping(&shipping, "0", ("0", "0"));
        let total = case.evidence.order.totals.total_inc_tax.to_string();
        case.paid(9001, "stripe", &total)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_invoice_is_what_the_buyer_paid_and_every_document_balances(case in orders()) {
        let derivation = case.derive();
        prop_assert_eq!(&derivation.holds, &vec![]);
        prop_assert_eq!(derivation.documents[0].total, case.evidence.order.totals.total_inc_tax);
        prop_assert_eq!(derivation.open_balance.amount, Decimal::ZERO);
        let balances: Decimal = balances(&derivation).values().sum();
        prop_assert_eq!(balances, Decimal::ZERO);
    }

    #[test]
    fn the_same_order_gives_the_same_bytes(case in orders()) {
        let bytes = |case: &Case| serde_json::to_string(&case.derive()).unwrap();
        prop_assert_eq!(bytes(&case), bytes(&case.clone()));
    }

    /// Units come back one refund after the other, each with its cumulative share of the tax; in the end every account is
    /// where it was before, when returns go back to the revenue account and discounts are shown net.
    #[test]
    fn a_refund_of_everything_leaves_every_account_at_zero(case in orders()) {
        let returns = Rule::new("returns", RuleKind::Refund).gives(Give::Account, "4000");
        let net = Rule::new("net", RuleKind::Discount).gives(Give::Presentation, "net");
        let mut case = case.without_rules(RuleKind::Refund).without_rules(RuleKind::Discount).rule(returns).rule(net);
        let shipping = Rule::new("back", RuleKind::Refund).when(Condition::Part, "shipping").gives(Give::Account, "4010");
        case = case.rule(shipping);
        let mut id = 10;
        for line in case.evidence.lines.clone() {
            let net = line.total_ex_tax - line.discounts.iter().map(|d| d.amount).sum::<Decimal>();
            let mut before = (Decimal::ZERO, Decimal::ZERO);
            for unit in 1..=i64::try_from(line.quantity).unwrap() {
                let share = |amount: Decimal| Currency::USD.round(amount * Decimal::from(unit) / line.quantity);
                let now = (share(net), share(line.total_tax));
                let (net, tax) = (now.0 - before.0, now.1 - before.1);
                case = case.refund(id, &(net + tax).to_string(), &tax.to_string(), "stripe", vec![units(line.id, "1")]);
                (before, id) = (now, id + 1);
            }
        }
        let shipping = case.evidence.order.totals.shipping_ex_tax.to_string();
        case = case.refund(id, &shipping, "0", "stripe", vec![amount_of(RefundedPart::Shipping, 42, &shipping)]);
        let derivation = case.derive();
        prop_assert_eq!(&derivation.holds, &vec![]);
        prop_assert_eq!(balances(&derivation), Default::default());
    }
}
