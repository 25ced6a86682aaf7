//! Invoices, adjustments, payments of every kind, advances, and what takes them back.

use cartledger::intacct::functions::create_payment::Overpayment;
use cartledger::intacct::functions::{
    Account, AdvanceItem, AppliedAmount, ApplyPayment, CreateAdjustment, CreateAdvance, CreateAttachment,
    CreateInvoice, CreatePayment, CurrencyGroup, CustomField, Discount, ExchangeRate, Function, Line, LineDimensions,
    MoneyGoesTo, PaidDocument, PaidWith, Payer, PaymentDetail, PaymentMethod, PostingAction, ReverseInvoice,
    ReversePayment, TaxEntry,
};
use cartledger::sandbox::intacct::{DocumentState, TaxDetail, TaxSolution};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Desk, desk, desk_with};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn place() -> LineDimensions {
    LineDimensions { location: Some("100".into()), ..LineDimensions::default() }
}

pub(super) fn line(account: &str, amount: &str) -> Line {
    Line { dimensions: place(), ..Line::new(Account::Gl(account.into()), number(amount)) }
}

impl Desk {
    pub(super) async fn invoice(&self, id: &str, lines: Vec<Line>) -> u64 {
        let invoice = CreateInvoice::new("BC-7", id, day("2026-07-01"), lines);
        self.send(id, Function::CreateInvoice(Box::new(invoice))).await
    }

    async fn adjustment(&self, id: &str, lines: Vec<Line>) -> u64 {
        let adjustment = CreateAdjustment::new("BC-7", id, day("2026-07-02"), lines);
        self.send(id, Function::CreateAdjustment(Box::new(adjustment))).await
    }

    pub(super) async fn pay(&self, id: &str, details: Vec<PaymentDetail>) -> u64 {
        self.send(id, Function::CreatePayment(Box::new(payment(id, details)))).await
    }

    async fn reverse_payment(&self, id: &str, payment: u64) {
        let reversal = ReversePayment { payment, date: day("2026-07-05"), description: None };
        self.done(id, Function::ReversePayment(Box::new(reversal))).await;
    }
}

fn payment(id: &str, details: Vec<PaymentDetail>) -> CreatePayment {
    CreatePayment {
        into: MoneyGoesTo::UndepositedFunds("1190".into()),
        method: PaymentMethod::CreditCard,
        payer: Payer::Customer("BC-7".into()),
        document_number: id.to_owned(),
        description: None,
        receipt_date: day("2026-07-02"),
        payment_date: None,
        currency: None,
        action: PostingAction::Submit,
        custom_fields: Vec::new(),
        details,
        overpayment: None,
    }
}

fn pays(invoice: u64, with: PaidWith, amount: &str) -> PaymentDetail {
    PaymentDetail::new(PaidDocument::Invoice(invoice), with, number(amount))
}

#[tokio::test]
async fn an_invoice_is_reversed_once_its_payment_is() {
    let desk = desk().await;
    desk.customer("BC-7").await;
    let invoice = desk.invoice("I1", vec![line("4000", "100"), line("2200", "8.25")]).await;
    let paid = desk.pay("ch_1", vec![pays(invoice, PaidWith::Cash, "108.25")]).await;
    let reversal = || {
        let reversal = ReverseInvoice { invoice, date: day("2026-07-05"), description: Some("cancelled".into()) };
        Function::ReverseInvoice(Box::new(reversal))
    };
    desk.refused("reverse-invoice", reversal(), "is paid in full or in part").await;
    desk.reverse_payment("reverse-payment", paid).await;
    assert_eq!(desk.balance("1100"), "108.25");
    desk.done("reverse-invoice", reversal()).await;
    assert_eq!(["1100", "1190", "4000", "2200"].map(|a| desk.balance(a)), ["0.00"; 4]);
    assert_eq!(desk.company.invoices()[0].state, DocumentState::Reversed);
    assert!(desk.company.ledger().iter().any(|line| line.date == day("2026-07-05")));
}

#[tokio::test]
async fn every_kind_of_credit_pays_an_invoice_and_an_application_can_be_taken_back() {
    let desk = desk().await;
    desk.customer("BC-7").await;
    let invoice = desk.invoice("I1", vec![line("4000", "100"), line("4090", "-10")]).await;
    let lines = desk.company.invoices()[0].lines.clone();
    let memo = desk.adjustment("CM1", vec![line("4100", "-20")]).await;
    let negative = desk.invoice("N1", vec![line("4000", "-15")]).await;
    let first = desk.invoice("I0", vec![line("4000", "5")]).await;
    let over = CreatePayment {
        overpayment: Some(Overpayment { amount: number("12"), location: Some("100".into()), department: None }),
        ..payment("ch_over", vec![pays(first, PaidWith::Cash, "5")])
    };
    let over = desk.send("over", Function::CreatePayment(Box::new(over))).await;
    let advance = desk.send("advance", advance("ch_advance")).await;
    let details = vec![
        PaymentDetail { entry: Some(lines[0].record_no), ..pays(invoice, PaidWith::CreditMemo(memo), "20") },
        pays(invoice, PaidWith::NegativeInvoice(negative), "15"),
        pays(invoice, PaidWith::Overpayment(over), "12"),
        PaymentDetail {
            credit_entry: Some(desk.company.payments()[1].unapplied[0].record_no),
            ..pays(invoice, PaidWith::Advance(advance), "25")
        },
        PaymentDetail {
            credit_entry: Some(lines[1].record_no),
            ..pays(invoice, PaidWith::InlineCredit(invoice), "10")
        },
        PaymentDetail { discount: Some(Discount::Amount(number("3"))), ..pays(invoice, PaidWith::Cash, "15") },
    ];
    let all = desk.pay("all", details).await;
    assert!(desk.company.invoices()[0].open.is_zero() && desk.company.adjustments()[0].open.is_zero());
    assert_eq!(["1100", "2320", "1190"].map(|a| desk.balance(a)), ["0.00", "0.00", "57.00"]);
    desk.reverse_payment("back", all).await;
    assert_eq!(desk.company.invoices()[0].open, number("90"));
    assert_eq!(["1100", "2320", "1190"].map(|a| desk.balance(a)), ["43.00", "-25.00", "42.00"]);
}

fn advance(reference: &str) -> Function {
    Function::CreateAdvance(Box::new(CreateAdvance {
        customer_id: "BC-7".into(),
        method: PaymentMethod::CreditCard,
        payment_date: day("2026-07-01"),
        receipt_date: day("2026-07-01"),
        into: MoneyGoesTo::UndepositedFunds("1190".into()),
        document_number: reference.to_owned(),
        description: Some("Prepayment".into()),
        currency: None,
        attachment: None,
        action: PostingAction::Submit,
        custom_fields: Vec::new(),
        items: vec![AdvanceItem {
            account: Account::Gl("2320".into()),
            amount: number("25"),
            memo: None,
            dimensions: place(),
        }],
    }))
}

#[tokio::test]
async fn a_credit_is_applied_the_older_way_to_an_invoice_and_a_debit_memo() {
    let desk = desk().await;
    desk.customer("BC-7").await;
    let invoice = desk.invoice("I1", vec![line("4000", "100")]).await;
    let memo = desk.adjustment("CM1", vec![line("4100", "-20")]).await;
    let debit = desk.adjustment("DM1", vec![line("1150-S", "8")]).await;
    let applied = |document, amount| AppliedAmount { document, amount: number(amount) };
    let apply = ApplyPayment {
        credit: memo,
        date: day("2026-07-03"),
        memo: Some("Refund 301".into()),
        documents: vec![applied(invoice, "12"), applied(debit, "8")],
    };
    let ledger = desk.company.ledger().len();
    desk.done("apply", Function::ApplyPayment(Box::new(apply))).await;
    assert_eq!(desk.company.ledger().len(), ledger, "nothing moves in the ledger");
    assert_eq!(desk.company.invoices()[0].open, number("88"));
    assert!(desk.company.adjustments().iter().all(|adjustment| adjustment.open.is_zero()));
}

#[tokio::test]
async fn a_draft_pays_nothing_and_a_payer_pays_for_several_customers() {
    let desk = desk_with(|settings| {
        settings.custom_fields.insert("BC_NOTE".into());
    })
    .await;
    desk.customer("BC-7").await;
    let invoice = desk.invoice("I1", vec![line("4000", "100")]).await;
    let draft =
        CreatePayment { action: PostingAction::Draft, ..payment("draft", vec![pays(invoice, PaidWith::Cash, "100")]) };
    desk.send("draft", Function::CreatePayment(Box::new(draft))).await;
    assert_eq!((desk.balance("1190"), desk.company.invoices()[0].open), ("0".to_owned(), number("100")));
    let several = CreatePayment {
        payer: Payer::Several("Mall of Elm St".into()),
        custom_fields: vec![CustomField { name: "BC_NOTE".into(), value: "mall".into() }],
        ..payment("several", vec![pays(invoice, PaidWith::Cash, "100")])
    };
    desk.send("several", Function::CreatePayment(Box::new(several))).await;
    let kept = desk.company.payments().remove(1);
    assert_eq!((kept.payer.as_deref(), kept.custom_fields["BC_NOTE"].as_str()), (Some("Mall of Elm St"), "mall"));
}

#[tokio::test]
async fn vat_labels_attachments_and_own_dimensions_reach_the_books() {
    let vat = TaxDetail { account: "2200".into(), percent: number("20") };
    let desk = desk_with(|settings| {
        settings.tax_solutions =
            [("UK - VAT".to_owned(), TaxSolution { details: [("Standard".to_owned(), vat)].into() })].into();
        settings.masters.account_labels = [("Web sales".to_owned(), "4000".to_owned())].into();
        settings.user_defined_dimensions = [("CHANNEL".to_owned(), [(10007, "Web".to_owned())].into())].into();
    })
    .await;
    desk.customer("BC-7").await;
    let attachment = CreateAttachment {
        id: "BC-118".into(),
        name: "Order 118".into(),
        folder: "BigCommerce".into(),
        description: None,
        file_name: "order".into(),
        file_type: "json".into(),
        content: b"{}".to_vec(),
    };
    desk.send("attachment", Function::CreateAttachment(Box::new(attachment))).await;
    let taxed = |amount: &str, tax: Option<&str>| Line {
        tax_entries: vec![TaxEntry { detail: "Standard".into(), tax: tax.map(number) }],
        dimensions: LineDimensions { custom_fields: vec![CustomField::dimension("channel", "10007")], ..place() },
        ..Line::new(Account::Label("Web sales".into()), number(amount))
    };
    let invoice = CreateInvoice {
        tax_solution: Some("UK - VAT".into()),
        attachment: Some("BC-118".into()),
        custom_fields: vec![CustomField { name: "BC_ORDER_ID".into(), value: "118".into() }],
        ..CreateInvoice::new("BC-7", "I1", day("2026-07-01"), vec![taxed("100", Some("20.01")), taxed("10", None)])
    };
    desk.send("I1", Function::CreateInvoice(Box::new(invoice))).await;
    let memo = CreateAdjustment {
        tax_solution: Some("UK - VAT".into()),
        ..CreateAdjustment::new("BC-7", "CM1", day("2026-07-02"), vec![taxed("-10", Some("-2"))])
    };
    desk.send("CM1", Function::CreateAdjustment(Box::new(memo))).await;
    assert_eq!(["1100", "4000", "2200"].map(|a| desk.balance(a)), ["120.01", "-100.00", "-20.01"]);
    let kept = desk.company.invoices().remove(0);
    assert_eq!((kept.attachment.as_deref(), kept.custom_fields["BC_ORDER_ID"].as_str()), (Some("BC-118"), "118"));
    assert_eq!(kept.lines[0].dimensions.user_defined["CHANNEL"], 10007);
    let outside = CreateInvoice {
        outside_ledger: true,
        ..CreateInvoice::new("BC-7", "I2", day("2026-07-01"), vec![line("4000", "7")])
    };
    desk.send("I2", Function::CreateInvoice(Box::new(outside))).await;
    assert_eq!((desk.balance("1100"), desk.company.invoices()[1].open), ("120.01".to_owned(), number("7")));
}

#[tokio::test]
async fn a_payment_in_another_currency_realises_the_difference_and_its_reversal_takes_it_back() {
    let desk = desk_with(|settings| settings.multi_currency = true).await;
    desk.customer("BC-7").await;
    let euro = |rate: &str| {
        Some(CurrencyGroup { base: None, currency: "EUR".into(), rate: ExchangeRate::Fixed(number(rate)) })
    };
    let invoice = CreateInvoice {
        currency: euro("1.085"),
        ..CreateInvoice::new("BC-7", "I1", day("2026-07-01"), vec![line("4000", "100"), line("2200", "19")])
    };
    let invoice = desk.send("I1", Function::CreateInvoice(Box::new(invoice))).await;
    let paid = CreatePayment { currency: euro("1.079"), ..payment("ch_1", vec![pays(invoice, PaidWith::Cash, "119")]) };
    let paid = desk.send("ch_1", Function::CreatePayment(Box::new(paid))).await;
    assert_eq!(["1100", "1190", "7100"].map(|a| desk.balance(a)), ["0.00", "128.40", "0.72"]);
    desk.reverse_payment("back", paid).await;
    assert_eq!(["1100", "1190", "7100"].map(|a| desk.balance(a)), ["129.12", "0.00", "0.00"]);
}
