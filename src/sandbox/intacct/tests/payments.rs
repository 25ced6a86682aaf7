//! Payments: cash, credits, and everything a payment may not do.

use super::super::SettingsChange;
use super::*;

async fn sold() -> (Desk, String) {
    let desk = desk().await;
    desk.customer("C1").await;
    let invoice = desk.invoice("I1", "C1", &[("4000", "120.00"), ("2200", "9.90")]).await;
    (desk, invoice)
}

#[tokio::test]
async fn cash_goes_to_clearing_and_closes_the_invoice() {
    let (desk, invoice) = sold().await;
    let part = detail(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", "100.00")]);
    desk.write("p1", &payment("C1", "ch_1", &part)).await.succeeded();
    assert_eq!(desk.company.invoices()[0].open.to_string(), "29.90");
    let rest = detail(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", "29.90")]);
    desk.write("p2", &payment("C1", "ch_2", &rest)).await.succeeded();
    assert_eq!(["1150-S", "1100"].map(|account| desk.balance(account)), ["129.90", "0.00"]);
    assert_eq!(desk.company.payments()[1].reference, "ch_2");
}

#[tokio::test]
async fn cash_can_go_to_a_bank_account() {
    let (desk, invoice) = sold().await;
    let body = payment("C1", "w", &detail(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", "129.90")]));
    let account = "<UNDEPOSITEDACCOUNTNO>1150-S</UNDEPOSITEDACCOUNTNO>";
    let bank = "<FINANCIALENTITY>BOA</FINANCIALENTITY>";
    desk.write("p", &body.replace(account, &format!("{account}{bank}"))).await.refused("not both");
    desk.write("p", &body.replace(account, ""))
        .await
        .refused("Required field Bank account or undeposited funds account");
    desk.write("p", &body.replace(account, &bank.replace("BOA", "XYZ")))
        .await
        .refused("Invalid Bank account 'XYZ' specified.");
    desk.write("p", &body.replace("1150-S", "1010")).await.refused("is associated to the Bank account BOA");
    desk.write("p", &body.replace(account, bank)).await.succeeded();
    assert_eq!(desk.balance("1010"), "129.90");
}

#[tokio::test]
async fn nothing_is_applied_beyond_what_is_open() {
    let (desk, invoice) = sold().await;
    let one = |amount: &str| detail(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", amount)]);
    desk.write("p", &payment("C1", "ch", &one("129.91"))).await.refused("exceeds the amount 129.90 that is due");
    let twice = format!("{}{}", one("100.00"), one("30.00"));
    desk.write("p", &payment("C1", "ch", &twice)).await.refused("exceeds the amount 29.90 that is due");
    desk.write("p", &payment("C1", "ch", &one("-5.00"))).await.refused("Illegal format for TRX_PAYMENTAMOUNT");
    assert_eq!(desk.balance("1150-S"), "0");
}

#[tokio::test]
async fn wrong_keys_and_other_customers_are_refused() {
    let (desk, invoice) = sold().await;
    desk.customer("C2").await;
    let memo = desk.adjustment("R1", "C2", &[("4100", "-10.00")]).await;
    let cash = |name: &str, key: &str| payment("C1", "ch", &detail(&[(name, key), ("TRX_PAYMENTAMOUNT", "1.00")]));
    desk.write("p", &cash("RECORDKEY", "43")).await.refused("DL03000005 | No record exits for the recordkey 43");
    desk.write("p", &cash("RECORDKEY", "Sales Invoice-1"))
        .await
        .refused("No record exits for the recordkey Sales Invoice-1");
    desk.write("p", &cash("RECORDKEY", &memo)).await.refused(&format!("No record exits for the recordkey {memo}"));
    desk.write("p", &cash("POSADJKEY", &memo)).await.refused("does not belong to the customer 'C1'");
    desk.write("p", &cash("RECORDKEY", &invoice).replace("C1", "C2"))
        .await
        .refused("does not belong to the customer 'C2'");
    desk.write("p", &cash("RECORDKEY", &invoice).replace("C1", "C9")).await.refused("Invalid Customer 'C9' specified.");
}

#[tokio::test]
async fn a_credit_applied_without_cash_moves_nothing_in_the_ledger() {
    let (desk, invoice) = sold().await;
    let memo = desk.adjustment("R1", "C1", &[("4100", "-33.33"), ("2200", "-2.75")]).await;
    let ledger = desk.company.ledger();
    let apply = |amount: &str| {
        payment(
            "C1",
            "apply",
            &detail(&[("RECORDKEY", &invoice), ("ADJUSTMENTKEY", &memo), ("TRX_ADJUSTMENTAMOUNT", amount)]),
        )
    };
    desk.write("p", &apply("36.09")).await.refused("exceeds the amount 36.08");
    desk.write("p", &apply("36.08")).await.succeeded();
    assert_eq!(desk.company.ledger(), ledger);
    assert_eq!(desk.company.invoices()[0].open.to_string(), "93.82");
    assert!(desk.company.adjustments()[0].open.is_zero());
    desk.write("q", &apply("0.01")).await.refused("exceeds the amount 0.00");
}

#[tokio::test]
async fn a_refund_nets_a_credit_memo_with_a_debit_memo_on_clearing() {
    let (desk, invoice) = sold().await;
    desk.write("p", &payment("C1", "ch", &detail(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", "129.90")])))
        .await
        .succeeded();
    let credit = desk.adjustment("R1", "C1", &[("4100", "-33.33"), ("2200", "-2.75")]).await;
    let debit = desk.adjustment("R1-D", "C1", &[("1150-S", "36.08")]).await;
    let net = detail(&[("POSADJKEY", &debit), ("ADJUSTMENTKEY", &credit), ("TRX_ADJUSTMENTAMOUNT", "36.08")]);
    desk.write("n", &payment("C1", "net", &net)).await.succeeded();
    assert_eq!(["1100", "1150-S", "4100", "2200"].map(|a| desk.balance(a)), ["0.00", "93.82", "33.33", "-7.15"]);
    assert!(desk.company.adjustments().iter().all(|adjustment| adjustment.open.is_zero()));
    let (debits, credits) = desk.totals();
    assert_eq!(debits, credits);
}

#[tokio::test]
async fn overpaid_cash_needs_a_place_and_is_a_credit_afterwards() {
    let (desk, invoice) = sold().await;
    let body = payment("C1", "over", &detail(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", "129.90")]));
    let over = body.replace("<ARPYMTDETAILS>", "<OVERPAYMENTAMOUNT>20.00</OVERPAYMENTAMOUNT><ARPYMTDETAILS>");
    desk.write("p", &over).await.refused("BL03001994");
    let located = over.replace("<ARPYMTDETAILS>", "<OVERPAYMENTLOCATIONID>100</OVERPAYMENTLOCATIONID><ARPYMTDETAILS>");
    let key = desk.write("p", &located).await.succeeded();
    assert_eq!(["1100", "1150-S"].map(|account| desk.balance(account)), ["-20.00", "149.90"]);
    let second = desk.invoice("I2", "C1", &[("4000", "15.00")]).await;
    let used = detail(&[("RECORDKEY", &second), ("OVERPAYMENTKEY", &key), ("TRX_POSTEDOVERPAYMENTAMOUNT", "15.00")]);
    desk.write("u", &payment("C1", "use", &used)).await.succeeded();
    assert_eq!(desk.company.payments()[0].overpayment_open.to_string(), "5.00");
    assert_eq!(desk.balance("1100"), "-5.00");
}

#[tokio::test]
async fn the_form_of_a_payment_is_checked() {
    let (desk, invoice) = sold().await;
    let good = payment("C1", "ch", &detail(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", "129.90")]));
    desk.company
        .change(&SettingsChange {
            close_books_through: Some("2026-06-30".parse().unwrap()),
            ..SettingsChange::default()
        })
        .unwrap();
    for (from, to, text) in [
        ("Credit Card", "Barter", "Illegal format for Payment Method : Barter"),
        ("07/01/2026", "2026-07-01", "Illegal format for Receipt Date : 2026-07-01"),
        ("07/01/2026", "06/30/2026", "within a period that's been closed"),
        ("<CURRENCY>USD", "<CURRENCY>EUR", "Enable foreign-currency transactions"),
        ("<CURRENCY>USD</CURRENCY>", "<EXCHANGE_RATE>1.1</EXCHANGE_RATE>", "Enable foreign-currency transactions"),
        ("<CURRENCY>USD</CURRENCY>", "<AMOUNTTOPAY>1.00</AMOUNTTOPAY>", "differs from the sum of the details"),
        ("DOCNUMBER", "DOCNO", "The field DOCNO does not exist on ARPYMT"),
        ("<TRX_PAYMENTAMOUNT>129.90</TRX_PAYMENTAMOUNT>", "", "Required field TRX_PAYMENTAMOUNT is missing"),
    ] {
        desk.write("p", &good.replace(from, to)).await.refused(text);
    }
    desk.write("p", &good).await.succeeded();
}

#[tokio::test]
async fn a_payment_at_another_rate_leaves_the_difference_on_gain_or_loss() {
    let desk = desk_with(|settings| {
        settings.multi_currency = true;
        settings.exchange_rates = [("EUR".to_owned(), "1.0850".parse().unwrap())].into();
    })
    .await;
    desk.customer("C1").await;
    let body = invoice("I1", "C1", &[("4000", "100.00"), ("2200", "19.00")]);
    let body = body.replace("<invoiceitems>", "<currency>EUR</currency><exchrate>1.0850</exchrate><invoiceitems>");
    let key = desk.write("I1", &body).await.succeeded();
    let paid = payment("C1", "ch", &detail(&[("RECORDKEY", &key), ("TRX_PAYMENTAMOUNT", "119.00")]));
    desk.write("p", &paid).await.refused("The payment currency USD differs");
    let euro = "<CURRENCY>EUR</CURRENCY><EXCHANGE_RATE>1.0790</EXCHANGE_RATE>";
    desk.write("p", &paid.replace("<CURRENCY>USD</CURRENCY>", euro)).await.succeeded();
    assert_eq!(["1100", "1150-S", "7100"].map(|account| desk.balance(account)), ["0.00", "128.40", "0.72"]);
}
