//! Payments, advances, receipts, deposits, and what takes them back.

use super::documents::lines;
use super::*;
use crate::intacct::functions::create_payment::Overpayment;

pub(super) fn receipt() -> CreatePayment {
    CreatePayment {
        into: MoneyGoesTo::UndepositedFunds("1190".into()),
        method: PaymentMethod::CreditCard,
        payer: Payer::Customer("AC-41".into()),
        document_number: "ch_3Q0".into(),
        description: some("Card payment of order 1207"),
        receipt_date: "2026-03-09".parse().unwrap(),
        payment_date: Some("2026-03-09".parse().unwrap()),
        currency: currency(ExchangeRate::Type { name: "Spot".into(), date: None }),
        action: PostingAction::Submit,
        custom_fields: channel(),
        details: vec![PaymentDetail::new(PaidDocument::Invoice(5001), PaidWith::Cash, "78.39".parse().unwrap())],
        overpayment: Some(Overpayment { amount: "1".parse().unwrap(), location: some("100"), department: None }),
    }
}

pub(super) fn application(document: PaidDocument) -> CreatePayment {
    let amount = "20.50".parse().unwrap();
    CreatePayment {
        into: MoneyGoesTo::BankAccount("BOA".into()),
        method: PaymentMethod::Cash,
        document_number: "AC-1207-CM1-AP".into(),
        currency: None,
        custom_fields: Vec::new(),
        details: vec![PaymentDetail::new(document, PaidWith::CreditMemo(5002), amount)],
        overpayment: None,
        ..receipt()
    }
}

/// Every kind of detail, and a payment for several customers.
pub(super) fn more_payments() -> Vec<Function> {
    let amount = || "20.5".parse().unwrap();
    let pays = |with| PaymentDetail::new(PaidDocument::Invoice(5001), with, amount());
    let details = vec![
        PaymentDetail { entry: Some(7001), discount: Some(Discount::Amount(amount())), ..pays(PaidWith::Cash) },
        PaymentDetail { discount: Some(Discount::AsOf("2026-03-12".parse().unwrap())), ..pays(PaidWith::Cash) },
        PaymentDetail { credit_entry: Some(7002), ..pays(PaidWith::Advance(5004)) },
        pays(PaidWith::NegativeInvoice(5005)),
        PaymentDetail { entry: Some(7003), credit_entry: Some(7004), ..pays(PaidWith::InlineCredit(5001)) },
        PaymentDetail {
            entry: Some(7005),
            ..PaymentDetail::new(PaidDocument::DebitMemo(5003), PaidWith::Overpayment(5006), amount())
        },
    ];
    let several = CreatePayment {
        payer: Payer::Several("Mall of Elm St".into()),
        action: PostingAction::Draft,
        custom_fields: Vec::new(),
        overpayment: None,
        details,
        ..receipt()
    };
    vec![Function::CreatePayment(Box::new(several)), advance()]
}

pub(super) fn advance() -> Function {
    Function::CreateAdvance(Box::new(CreateAdvance {
        customer_id: "AC-41".into(),
        method: PaymentMethod::CreditCard,
        payment_date: "2026-03-09".parse().unwrap(),
        receipt_date: "2026-03-09".parse().unwrap(),
        into: MoneyGoesTo::UndepositedFunds("1190".into()),
        document_number: "ch_3Q1".into(),
        description: some("Prepayment of order 1210"),
        currency: currency(ExchangeRate::Type { name: "Spot".into(), date: Some("2026-03-09".parse().unwrap()) }),
        attachment: some("AC-1210"),
        action: PostingAction::Submit,
        custom_fields: vec![CustomField { name: "BC_ORDER".into(), value: "1210".into() }],
        items: vec![AdvanceItem {
            account: Account::Gl("2320".into()),
            amount: "75".parse().unwrap(),
            memo: some("Deposit"),
            dimensions: LineDimensions { item: some("SHIRT-M"), custom_fields: channel(), ..place() },
        }],
    }))
}

/// The functions that move, apply and take back what is there.
pub(super) fn moves() -> Vec<Function> {
    let day = "2026-03-20".parse().unwrap();
    vec![
        Function::ReverseInvoice(Box::new(ReverseInvoice { invoice: 5001, date: day, description: some("Cancelled") })),
        Function::ReversePayment(Box::new(ReversePayment { payment: 5006, date: day, description: some("Bounced") })),
        Function::ApplyPayment(Box::new(ApplyPayment {
            credit: 5002,
            date: day,
            memo: some("Refund 12"),
            documents: vec![AppliedAmount { document: 5001, amount: "20.5".parse().unwrap() }],
        })),
        Function::RecordReceipt(Box::new(other_receipt())),
        Function::RecordReceipt(Box::new(RecordReceipt {
            into: MoneyGoesTo::BankAccount("BOA".into()),
            currency: None,
            ..other_receipt()
        })),
        Function::RecordDeposit(Box::new(RecordDeposit {
            bank_account: "BOA".into(),
            date: day,
            id: "po_15".into(),
            receipts: vec![5006, 5007],
            description: some("Payout po_15"),
            attachment: some("AC-PO15"),
            custom_fields: channel(),
        })),
        Function::CreateFolder(Box::new(CreateFolder {
            name: "BigCommerce 2026".into(),
            description: some("Support of summaries"),
            parent: some("BigCommerce"),
        })),
    ]
}

pub(super) fn other_receipt() -> RecordReceipt {
    RecordReceipt {
        date: "2026-03-09".parse().unwrap(),
        payer: "Guests of acme-us".into(),
        received: "2026-03-09".parse().unwrap(),
        method: PaymentMethod::CreditCard,
        into: MoneyGoesTo::UndepositedFunds("1190".into()),
        reference: "AC-G-20260309".into(),
        description: some("Gift cards of 2026-03-09"),
        attachment: some("AC-1207"),
        currency: currency(ExchangeRate::Fixed("1.0825".parse().unwrap())),
        custom_fields: vec![CustomField { name: "BC_STORE".into(), value: "acme-us".into() }],
        tax_solution: None,
        lines: lines(),
    }
}
