//! Documents and journal entries with everything they can have.

use super::money::other_receipt;
use super::*;

pub(super) fn lines() -> Vec<Line> {
    let line = |account: &str, amount: &str, memo: &str| Line {
        memo: some(memo),
        dimensions: place(),
        ..Line::new(Account::Gl(account.into()), amount.parse().unwrap())
    };
    let everything = LineDimensions {
        item: some("SHIRT-M"),
        class: some("RETAIL"),
        project: some("P-1"),
        customer: some("AC-41"),
        custom_fields: channel(),
        ..place()
    };
    vec![
        Line { dimensions: everything, ..line("4000", "80", "SHIRT-M x 2 <gift> & \"note\"") },
        line("4090", "-8.00", "Coupon WELCOME"),
        line("2200", "6.39", "Sales tax"),
    ]
}

pub(super) fn invoice() -> Function {
    Function::CreateInvoice(Box::new(CreateInvoice {
        customer_id: "AC-41".into(),
        date: "2026-03-09".parse().unwrap(),
        posting_date: Some("2026-03-10".parse().unwrap()),
        due_date: Some("2026-04-08".parse().unwrap()),
        term: some("Net 30"),
        action: PostingAction::Submit,
        number: "AC-1207".into(),
        reference: some("Order 1207"),
        description: some("Order 1207 of acme-us"),
        external_id: some("acme-us/1207"),
        bill_to: some("AC-41 Bill"),
        ship_to: some("AC-41 Ship"),
        currency: currency(ExchangeRate::Type { name: String::new(), date: Some("2026-03-09".parse().unwrap()) }),
        outside_ledger: true,
        attachment: some("AC-1207"),
        tax_solution: None,
        custom_fields: vec![CustomField { name: "BC_ORDER".into(), value: "1207".into() }],
        lines: lines(),
    }))
}

pub(super) fn credit_memo() -> Function {
    let lines = vec![Line::new(Account::Label("Returns".into()), "-20.5".parse().unwrap())];
    Function::CreateAdjustment(Box::new(CreateAdjustment {
        posting_date: Some("2026-03-20".parse().unwrap()),
        invoice_reference: some("AC-1207"),
        description: some("Refund 12 of order 1207"),
        external_id: some("acme-us/1207/refund-12"),
        currency: currency(ExchangeRate::Fixed("1.0825".parse().unwrap())),
        outside_ledger: true,
        ..CreateAdjustment::new("AC-41", "AC-1207-CM1", "2026-03-20".parse().unwrap(), lines)
    }))
}

/// Documents of a company with a tax solution: the elements that the published schema does not have yet.
pub(super) fn taxed() -> Vec<Function> {
    let day = "2026-03-09".parse().unwrap();
    let line = |amount: &str, tax: Option<&str>| Line {
        tax_entries: vec![TaxEntry { detail: "UK Sales Standard".into(), tax: tax.map(|tax| tax.parse().unwrap()) }],
        dimensions: place(),
        ..Line::new(Account::Label("Web sales".into()), amount.parse().unwrap())
    };
    let solution = some("United Kingdom - VAT");
    vec![
        Function::CreateInvoice(Box::new(CreateInvoice {
            tax_solution: solution.clone(),
            currency: Some(CurrencyGroup {
                base: some("GBP"),
                currency: "GBP".into(),
                rate: ExchangeRate::Type { name: String::new(), date: None },
            }),
            ..CreateInvoice::new("AC-41", "AC-1208", day, vec![line("100", Some("20")), line("10", None)])
        })),
        Function::CreateAdjustment(Box::new(CreateAdjustment {
            tax_solution: solution.clone(),
            ..CreateAdjustment::new("AC-41", "AC-1208-CM1", day, vec![line("-10", Some("-2"))])
        })),
        Function::RecordReceipt(Box::new(RecordReceipt {
            tax_solution: solution,
            custom_fields: Vec::new(),
            lines: vec![line("10", Some("2"))],
            ..other_receipt()
        })),
    ]
}

pub(super) fn journal() -> Function {
    let line = |account: &str, amount: &str| JournalEntryLine {
        memo: some("Deposit of order 1207"),
        dimensions: LineDimensions { customer: some("AC-41"), custom_fields: channel(), ..place() },
        ..JournalEntryLine::new(account.into(), amount.parse().unwrap())
    };
    Function::CreateJournal(Box::new(CreateJournal {
        attachment: some("AC-1207"),
        currency: currency(ExchangeRate::Fixed("1.085".parse().unwrap())),
        ..CreateJournal::new(
            "GJ",
            "AC-1207-D9001",
            "Deposit of order 1207",
            "2026-03-10".parse().unwrap(),
            vec![line("1150-S", "64.95"), line("2320", "-64.95")],
        )
    }))
}

/// An entry with everything an entry can have, and a count.
pub(super) fn more_journals() -> Vec<Function> {
    let day = "2026-03-31".parse().unwrap();
    let line = |account: &str, amount: &str, rate: ExchangeRate| JournalEntryLine {
        currency: Some(CurrencyGroup { base: None, currency: "USD".into(), rate }),
        dimensions: place(),
        ..JournalEntryLine::new(account.into(), amount.parse().unwrap())
    };
    let daily = ExchangeRate::Type { name: String::new(), date: Some(day) };
    let everything = CreateJournal {
        reverse_date: Some("2026-04-01".parse().unwrap()),
        history_comment: some("Accrued by Cartledger"),
        source_entity: some("100"),
        attachment: some("AC-1207"),
        action: PostingAction::Draft,
        custom_fields: vec![CustomField { name: "BC_STORE".into(), value: "acme-us".into() }],
        ..CreateJournal::new(
            "AJ",
            "AC-A-1",
            "Accrued fees",
            day,
            vec![line("6100", "4.05", daily), line("1150-S", "-4.05", ExchangeRate::Fixed("1".parse().unwrap()))],
        )
    };
    let shipped =
        JournalEntryLine { dimensions: place(), ..JournalEntryLine::new("9001".into(), "42".parse().unwrap()) };
    let count = CreateJournal {
        kind: JournalKind::Statistical,
        ..CreateJournal::new("SJ", "AC-C-1", "Orders shipped", day, vec![shipped])
    };
    [everything, count].map(|entry| Function::CreateJournal(Box::new(entry))).into()
}
