//! The accounting examples as specifications: what each kind of order must put on which account.

use super::super::evidence::RefundedPart;
use super::super::policy::OrderLevelRefund;
use super::super::rulebook::{Give, Rule, RuleKind};
use super::super::testing::{Case, amount_of, balances, dec, units};

#[test]
fn e1_a_product_sale() {
    let case =
        Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90").paid(9001, "stripe", "129.90");
    assert_eq!(
        case.journal(),
        "invoice 1100 Dr 129.90\ninvoice 4000 Cr 120.00\ninvoice 2200 Cr 9.90\n\
         receipt 1150-S Dr 129.90\nreceipt 1100 Cr 129.90"
    );
}

fn e2() -> Case {
    Case::new()
        .line("A", "1", "60.00", "4.22")
        .discount("manual-discount", "6.00")
        .discount("coupon", "2.86")
        .line("B", "1", "45.00", "3.16")
        .discount("manual-discount", "4.50")
        .discount("coupon", "2.14")
        .tax("Tax", "8.25", "7.38")
}

#[test]
fn e2_discounts_are_shown_on_their_own_accounts() {
    assert_eq!(
        e2().paid(9001, "stripe", "96.88").journal(),
        "invoice 1100 Dr 96.88\ninvoice 4000 Cr 105.00\ninvoice 4095 Dr 5.00\ninvoice 4090 Dr 10.50\n\
         invoice 2200 Cr 7.38\nreceipt 1150-S Dr 96.88\nreceipt 1100 Cr 96.88"
    );
}

#[test]
fn e2_or_taken_off_the_revenue_but_never_both() {
    let net = Rule::new("net", RuleKind::Discount).gives(Give::Presentation, "net");
    let case = e2().paid(9001, "stripe", "96.88").without_rules(RuleKind::Discount).rule(net);
    let journal = case.journal();
    assert!(journal.starts_with("invoice 1100 Dr 96.88\ninvoice 4000 Cr 89.50\ninvoice 2200 Cr 7.38\n"), "{journal}");
}

#[test]
fn e2_a_discount_that_no_line_carries_is_spread_over_them() {
    let case = e2().with(|e| e.lines.iter_mut().for_each(|line| line.discounts.clear())).paid(9001, "stripe", "96.88");
    let journal = case.journal();
    assert!(journal.contains("invoice 4095 Dr 5.00") && journal.contains("invoice 4090 Dr 10.50"), "{journal}");
}

fn e3() -> Case {
    Case::new()
        .line("TS-1", "1", "80.00", "5.60")
        .shipping("12.95", "2.50", ("0.91", "0.17"))
        .tax("Tax", "7", "6.68")
        .paid(9001, "stripe", "102.13")
}

#[test]
fn e3_shipping_and_handling() {
    assert_eq!(
        e3().journal(),
        "invoice 1100 Dr 102.13\ninvoice 4000 Cr 80.00\ninvoice 4010 Cr 12.95\ninvoice 4020 Cr 2.50\n\
         invoice 2200 Cr 6.68\nreceipt 1150-S Dr 102.13\nreceipt 1100 Cr 102.13"
    );
}

fn e4() -> Case {
    Case::new()
        .line("TV", "1", "249.99", "21.25")
        .tax("State", "6", "15.00")
        .tax("County", "1", "2.50")
        .tax("City", "1.25", "3.12")
        .tax("District", "0.25", "0.62")
}

#[test]
fn e4_the_missing_cent_goes_to_the_jurisdiction_with_the_largest_remainder() {
    let journal = e4().paid(9001, "stripe", "271.24").journal();
    for line in ["1100 Dr 271.24", "4000 Cr 249.99", "ST Cr 15.00", "CO Cr 2.50", "CI Cr 3.12", "DI Cr 0.63"] {
        assert!(journal.contains(line), "{line} in\n{journal}");
    }
}

#[test]
fn e5_a_gift_card_sold_is_a_liability() {
    assert_eq!(
        Case::new().line("GIFT", "1", "100.00", "0").paid(9001, "stripe", "100.00").journal(),
        "invoice 1100 Dr 100.00\ninvoice 2300 Cr 100.00\nreceipt 1150-S Dr 100.00\nreceipt 1100 Cr 100.00"
    );
}

#[test]
fn e6_a_gift_card_redeemed_is_a_tender() {
    let case = Case::new().line("TS-1", "1", "85.00", "7.01").tax("Tax", "8.25", "7.01").paid(
        9001,
        "giftcertificate",
        "92.01",
    );
    let expected = "invoice 1100 Dr 92.01\ninvoice 4000 Cr 85.00\ninvoice 2200 Cr 7.01\n\
                    liability-tender 2300 Dr 92.01\nliability-tender 1100 Cr 92.01";
    assert_eq!(case.journal(), expected, "total before gift certificates");
    let net = case.with(|e| (e.order.totals.total_inc_tax, e.order.totals.total_ex_tax) = (dec("0"), dec("0")));
    assert_eq!(net.journal(), expected, "total with gift certificates taken off");
    let keys: Vec<String> = net.derive().documents.iter().map(|d| format!("{} {}", d.key, d.number)).collect();
    assert_eq!(
        keys,
        [
            "acme-us/118/invoice/r1 BC-118",
            "acme-us/118/liability-tender/9001/r1 BC-118-T9001",
            "acme-us/118/application/tender-9001/r1 BC-118-AT9001"
        ]
    );
}

#[test]
fn e7_store_credit_given_on_a_return_and_redeemed_with_a_card() {
    let returned = Case::new()
        .line("TS-1", "1", "40.00", "3.30")
        .tax("Tax", "8.25", "3.30")
        .paid(9001, "stripe", "43.30")
        .refund(12, "43.30", "3.30", "storecredit", vec![units(1, "1")]);
    let journal = returned.journal();
    let refunded = "credit-memo 4100 Dr 40.00\ncredit-memo 2200 Dr 3.30\ncredit-memo 1100 Cr 43.30\n\
                    refund-payout 1100 Dr 43.30\nrefund-payout 2310 Cr 43.30";
    assert!(journal.ends_with(refunded), "{journal}");
    assert_eq!(
        Case::new()
            .line("TS-2", "1", "55.00", "4.54")
            .tax("Tax", "8.25", "4.54")
            .paid(9001, "storecredit", "43.30")
            .paid(9002, "stripe", "16.24")
            .journal(),
        "invoice 1100 Dr 59.54\ninvoice 4000 Cr 55.00\ninvoice 2200 Cr 4.54\n\
         liability-tender 2310 Dr 43.30\nliability-tender 1100 Cr 43.30\n\
         receipt 1150-S Dr 16.24\nreceipt 1100 Cr 16.24"
    );
}

#[test]
fn e8_a_split_tender_stays_split() {
    let case = Case::new()
        .line("TS-1", "1", "150.00", "12.38")
        .shipping("9.95", "0", ("0.82", "0"))
        .tax("Tax", "8.25", "13.20")
        .paid(9001, "giftcertificate", "50.00")
        .paid(9002, "storecredit", "25.00")
        .paid(9003, "stripe", "98.15");
    assert_eq!(
        case.journal(),
        "invoice 1100 Dr 173.15\ninvoice 4000 Cr 150.00\ninvoice 4010 Cr 9.95\ninvoice 2200 Cr 13.20\n\
         liability-tender 2300 Dr 50.00\nliability-tender 1100 Cr 75.00\nliability-tender 2310 Dr 25.00\n\
         receipt 1150-S Dr 98.15\nreceipt 1100 Cr 98.15"
    );
}

#[test]
fn e10_a_full_refund_takes_everything_back() {
    let items = vec![
        units(1, "1"),
        amount_of(RefundedPart::Shipping, 42, "12.95"),
        amount_of(RefundedPart::Handling, 42, "2.50"),
    ];
    let case = e3().refund(12, "102.13", "6.68", "stripe", items);
    let journal = case.journal();
    let refunded = "credit-memo 4100 Dr 80.00\ncredit-memo 4010 Dr 12.95\ncredit-memo 4020 Dr 2.50\n\
                    credit-memo 2200 Dr 6.68\ncredit-memo 1100 Cr 102.13\n\
                    refund-payout 1100 Dr 102.13\nrefund-payout 1150-S Cr 102.13";
    assert!(journal.ends_with(refunded), "{journal}");
    let left: Vec<(String, _)> = balances(&case.derive()).into_iter().collect();
    assert_eq!(left, [("4000".to_owned(), dec("-80.00")), ("4100".to_owned(), dec("80.00"))]);
}

#[test]
fn e10_partial_refunds_are_cumulative() {
    let sale =
        Case::new().line("TS-1", "3", "100.00", "8.24").tax("Tax", "8.25", "8.24").paid(9001, "stripe", "108.24");
    let case = sale
        .refund(12, "36.08", "2.75", "stripe", vec![units(1, "1")])
        .refund(13, "36.08", "2.74", "stripe", vec![units(1, "1")])
        .refund(14, "36.08", "2.75", "stripe", vec![units(1, "1")]);
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    let nets: Vec<String> = derivation
        .documents
        .iter()
        .flat_map(|document| &document.lines)
        .filter(|line| line.account == "4100")
        .map(|line| line.debit.to_string())
        .collect();
    assert_eq!(nets, ["33.33", "33.34", "33.33"]);
    assert_eq!(balances(&derivation).get("2200"), None);
    let fourth = case.refund(15, "1.00", "0.00", "stripe", vec![units(1, "1")]);
    assert_eq!(fourth.hold_codes(), ["refund-exceeds-sale"]);
}

fn e11() -> Case {
    Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90").paid(9001, "stripe", "129.90")
}

#[test]
fn e11_a_restocking_fee_is_income_of_its_own() {
    let mut item = units(1, "1");
    item.adjustments.push((dec("-18.00"), "15% restocking".into()));
    let journal = e11().refund(12, "111.90", "9.90", "stripe", vec![item]).journal();
    let refunded = "credit-memo 4100 Dr 120.00\ncredit-memo 4210 Cr 18.00\ncredit-memo 2200 Dr 9.90\n\
                    credit-memo 1100 Cr 111.90\nrefund-payout 1100 Dr 111.90\nrefund-payout 1150-S Cr 111.90";
    assert!(journal.ends_with(refunded), "{journal}");
}

#[test]
fn e11_a_merchant_override_is_taken_at_its_word_up_to_the_tax_of_the_sale() {
    let over = |case: Case| case.refund_with(|refund| refund.merchant_override = true);
    let first = over(e11().refund(12, "100.00", "5.00", "stripe", vec![units(1, "1")]));
    let journal = first.journal();
    assert!(
        journal.contains("credit-memo 4100 Dr 95.00\ncredit-memo 2200 Dr 5.00\ncredit-memo 1100 Cr 100.00"),
        "{journal}"
    );
    let second = over(first.refund(13, "20.00", "5.00", "stripe", Vec::new()));
    assert_eq!(second.hold_codes(), ["refund-exceeds-sale"], "5.00 + 5.00 of tax is more than 9.90");
}

#[test]
fn e11_an_order_level_refund_follows_the_policy() {
    let goodwill = || e11().refund(12, "20.00", "0", "stripe", vec![amount_of(RefundedPart::Order, 118, "20.00")]);
    let journal = goodwill().journal();
    assert!(journal.contains("credit-memo 4100 Dr 20.00\ncredit-memo 1100 Cr 20.00"), "{journal}");
    let carved = goodwill().policy(|policy| policy.order_level_refund = OrderLevelRefund::CarveOut).journal();
    assert!(
        carved.contains("credit-memo 4100 Dr 18.48\ncredit-memo 2200 Dr 1.52\ncredit-memo 1100 Cr 20.00"),
        "{carved}"
    );
    let held = goodwill().policy(|policy| policy.order_level_refund = OrderLevelRefund::Hold);
    assert_eq!(held.hold_codes(), ["unsupported-refund"]);
}

#[test]
fn e12_cancelled_before_capture_is_nothing_and_after_capture_a_question() {
    let cancelled = |case: Case| case.with(|e| (e.order.status_id, e.order.status) = (5, "Cancelled".into()));
    let before = cancelled(Case::new().line("TS-1", "1", "60.00", "4.95")).derive();
    assert_eq!((before.documents.len(), before.holds.len()), (0, 0));
    let after = cancelled(e11());
    assert_eq!(after.hold_codes(), ["cancelled-with-money"]);
    let returned = after.refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    assert_eq!(balances(&returned.derive()).get("1150-S"), None);
    assert!(returned.journal().contains("refund-payout 1150-S Cr 129.90"));
}
