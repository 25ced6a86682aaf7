//! The accounting examples as specifications: what each kind of order must put on which account.

use super::super::policy::OrderLevelRefund;
use super::super::testing::{Case, balances, dec, units};
use super::cases::*;

#[test]
fn e1_a_product_sale() {
    assert_eq!(
        e1().journal(),
        "invoice 1100 Dr 129.90\ninvoice 4000 Cr 120.00\ninvoice 2200 Cr 9.90\n\
         receipt 1150-S Dr 129.90\nreceipt 1100 Cr 129.90"
    );
}

#[test]
fn e2_discounts_are_shown_on_their_own_accounts() {
    assert_eq!(
        e2_gross().journal(),
        "invoice 1100 Dr 96.88\ninvoice 4000 Cr 105.00\ninvoice 4095 Dr 5.00\ninvoice 4090 Dr 10.50\n\
         invoice 2200 Cr 7.38\nreceipt 1150-S Dr 96.88\nreceipt 1100 Cr 96.88"
    );
}

#[test]
fn e2_or_taken_off_the_revenue_but_never_both() {
    let journal = e2_net().journal();
    assert!(journal.starts_with("invoice 1100 Dr 96.88\ninvoice 4000 Cr 89.50\ninvoice 2200 Cr 7.38\n"), "{journal}");
}

#[test]
fn e2_a_discount_that_no_line_carries_is_spread_over_them() {
    let case = e2_gross().with(|e| e.lines.iter_mut().for_each(|line| line.discounts.clear()));
    let journal = case.journal();
    assert!(journal.contains("invoice 4095 Dr 5.00") && journal.contains("invoice 4090 Dr 10.50"), "{journal}");
}

#[test]
fn e3_shipping_and_handling() {
    assert_eq!(
        e3().journal(),
        "invoice 1100 Dr 102.13\ninvoice 4000 Cr 80.00\ninvoice 4010 Cr 12.95\ninvoice 4020 Cr 2.50\n\
         invoice 2200 Cr 6.68\nreceipt 1150-S Dr 102.13\nreceipt 1100 Cr 102.13"
    );
}

#[test]
fn e4_the_missing_cent_goes_to_the_jurisdiction_with_the_largest_remainder() {
    let journal = e4().journal();
    for line in ["1100 Dr 271.24", "4000 Cr 249.99", "ST Cr 15.00", "CO Cr 2.50", "CI Cr 3.12", "DI Cr 0.63"] {
        assert!(journal.contains(line), "{line} in\n{journal}");
    }
}

#[test]
fn e5_a_gift_card_sold_is_a_liability() {
    assert_eq!(
        e5().journal(),
        "invoice 1100 Dr 100.00\ninvoice 2300 Cr 100.00\nreceipt 1150-S Dr 100.00\nreceipt 1100 Cr 100.00"
    );
}

#[test]
fn e6_a_gift_card_redeemed_is_a_tender() {
    let case = e6();
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
    let journal = e7_returned().journal();
    let refunded = "credit-memo 4100 Dr 40.00\ncredit-memo 2200 Dr 3.30\ncredit-memo 1100 Cr 43.30\n\
                    refund-payout 1100 Dr 43.30\nrefund-payout 2310 Cr 43.30";
    assert!(journal.ends_with(refunded), "{journal}");
    assert_eq!(
        e7_redeemed().journal(),
        "invoice 1100 Dr 59.54\ninvoice 4000 Cr 55.00\ninvoice 2200 Cr 4.54\n\
         liability-tender 2310 Dr 43.30\nliability-tender 1100 Cr 43.30\n\
         receipt 1150-S Dr 16.24\nreceipt 1100 Cr 16.24"
    );
}

#[test]
fn e8_a_split_tender_stays_split() {
    assert_eq!(
        e8().journal(),
        "invoice 1100 Dr 173.15\ninvoice 4000 Cr 150.00\ninvoice 4010 Cr 9.95\ninvoice 2200 Cr 13.20\n\
         liability-tender 2300 Dr 50.00\nliability-tender 1100 Cr 75.00\nliability-tender 2310 Dr 25.00\n\
         receipt 1150-S Dr 98.15\nreceipt 1100 Cr 98.15"
    );
}

#[test]
fn e10_a_full_refund_takes_everything_back() {
    let case = e10_full();
    let journal = case.journal();
    let refunded = "credit-memo 4100 Dr 80.00\ncredit-memo 4010 Dr 12.95\ncredit-memo 4020 Dr 2.50\n\
                    credit-memo 2200 Dr 6.68\ncredit-memo 1100 Cr 102.13\n\
                    refund-payout 1100 Dr 102.13\nrefund-payout 1150-S Cr 102.13";
    assert!(journal.ends_with(refunded), "{journal}");
    let left: Vec<(String, _)> = balances(&case.derive()).into_iter().collect();
    assert_eq!(left, [("4000".to_owned(), dec("-80.00")), ("4100".to_owned(), dec("80.00"))]);
}

#[test]
fn e10_one_unit_of_three_takes_back_a_third() {
    let journal = e10_partial().journal();
    let refunded = "credit-memo 4100 Dr 33.33\ncredit-memo 2200 Dr 2.75\ncredit-memo 1100 Cr 36.08\n\
                    refund-payout 1100 Dr 36.08\nrefund-payout 1150-S Cr 36.08";
    assert!(journal.ends_with(refunded), "{journal}");
}

#[test]
fn e10_partial_refunds_are_cumulative() {
    let case = e10_one_by_one();
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

#[test]
fn e11_a_restocking_fee_is_income_of_its_own() {
    let journal = e11_restocking().journal();
    let refunded = "credit-memo 4100 Dr 120.00\ncredit-memo 4210 Cr 18.00\ncredit-memo 2200 Dr 9.90\n\
                    credit-memo 1100 Cr 111.90\nrefund-payout 1100 Dr 111.90\nrefund-payout 1150-S Cr 111.90";
    assert!(journal.ends_with(refunded), "{journal}");
}

#[test]
fn e11_a_merchant_override_is_taken_at_its_word_up_to_the_tax_of_the_sale() {
    let journal = e11_override().journal();
    assert!(
        journal.contains("credit-memo 4100 Dr 95.00\ncredit-memo 2200 Dr 5.00\ncredit-memo 1100 Cr 100.00"),
        "{journal}"
    );
    let second = e11_override().refund(13, "20.00", "5.00", "stripe", Vec::new());
    let second = second.refund_with(|refund| refund.merchant_override = true);
    assert_eq!(second.hold_codes(), ["refund-exceeds-sale"], "5.00 + 5.00 of tax is more than 9.90");
}

#[test]
fn e11_an_order_level_refund_follows_the_policy() {
    let journal = e11_order_level(OrderLevelRefund::Allowance).journal();
    assert!(journal.contains("credit-memo 4100 Dr 20.00\ncredit-memo 1100 Cr 20.00"), "{journal}");
    let carved = e11_order_level(OrderLevelRefund::CarveOut).journal();
    assert!(
        carved.contains("credit-memo 4100 Dr 18.48\ncredit-memo 2200 Dr 1.52\ncredit-memo 1100 Cr 20.00"),
        "{carved}"
    );
    assert_eq!(e11_order_level(OrderLevelRefund::Hold).hold_codes(), ["unsupported-refund"]);
}

#[test]
fn e12_cancelled_before_capture_is_nothing_and_after_capture_a_question() {
    let cancelled = |case: Case| case.with(|e| (e.order.status_id, e.order.status) = (5, "Cancelled".into()));
    let before = cancelled(Case::new().line("TS-1", "1", "60.00", "4.95")).derive();
    assert_eq!((before.documents.len(), before.holds.len()), (0, 0));
    let after = cancelled(e1());
    assert_eq!(after.hold_codes(), ["cancelled-with-money"]);
    let returned = after.refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    assert_eq!(balances(&returned.derive()).get("1150-S"), None);
    assert!(returned.journal().contains("refund-payout 1150-S Cr 129.90"));
}
