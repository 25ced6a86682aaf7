//! Golden requests: every function as it is sent, and whether the gateway's own schema accepts it.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::intacct::functions::create_payment::{Overpayment, PaidDocument, PaidWith};
use crate::intacct::lookup;
use crate::intacct::request::{Authentication, ControlId, FunctionCall, Request, Sender};
use crate::intacct::xml::FieldName;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn place() -> LineDimensions {
    LineDimensions { location: some("100"), department: some("WEB"), ..LineDimensions::default() }
}

fn channel() -> Vec<CustomField> {
    vec![CustomField { name: "GLDIMCHANNEL".into(), value: "10007".into() }]
}

fn lines() -> Vec<Line> {
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

fn currency(rate: ExchangeRate) -> Option<CurrencyGroup> {
    Some(CurrencyGroup { base: some("USD"), currency: "EUR".into(), rate })
}

fn invoice() -> Function {
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
        custom_fields: vec![CustomField { name: "BC_ORDER".into(), value: "1207".into() }],
        lines: lines(),
    }))
}

fn credit_memo() -> Function {
    Function::CreateAdjustment(Box::new(CreateAdjustment {
        customer_id: "AC-41".into(),
        date: "2026-03-20".parse().unwrap(),
        posting_date: Some("2026-03-20".parse().unwrap()),
        number: "AC-1207-CM1".into(),
        action: PostingAction::Submit,
        invoice_reference: some("AC-1207"),
        description: some("Refund 12 of order 1207"),
        external_id: some("acme-us/1207/refund-12"),
        currency: currency(ExchangeRate::Fixed("1.0825".parse().unwrap())),
        lines: vec![Line::new(Account::Label("Returns".into()), "-20.5".parse().unwrap())],
    }))
}

fn receipt() -> CreatePayment {
    CreatePayment {
        into: MoneyGoesTo::UndepositedFunds("1190".into()),
        method: PaymentMethod::CreditCard,
        customer_id: "AC-41".into(),
        document_number: "ch_3Q0".into(),
        description: some("Card payment of order 1207"),
        receipt_date: "2026-03-09".parse().unwrap(),
        payment_date: Some("2026-03-09".parse().unwrap()),
        currency: currency(ExchangeRate::Type { name: "Spot".into(), date: None }),
        details: vec![PaymentDetail {
            document: PaidDocument::Invoice(5001),
            with: PaidWith::Cash,
            amount: "78.39".parse().unwrap(),
        }],
        overpayment: Some(Overpayment { amount: "1".parse().unwrap(), location: some("100"), department: None }),
    }
}

fn application(document: PaidDocument) -> CreatePayment {
    let amount = "20.50".parse().unwrap();
    CreatePayment {
        into: MoneyGoesTo::BankAccount("BOA".into()),
        method: PaymentMethod::Cash,
        document_number: "AC-1207-CM1-AP".into(),
        currency: None,
        details: vec![PaymentDetail { document, with: PaidWith::CreditMemo(5002), amount }],
        overpayment: None,
        ..receipt()
    }
}

fn journal() -> Function {
    let line = |account: &str, amount: &str| JournalEntryLine {
        memo: some("Deposit of order 1207"),
        dimensions: LineDimensions { customer: some("AC-41"), custom_fields: channel(), ..place() },
        ..JournalEntryLine::new(account.into(), amount.parse().unwrap())
    };
    Function::CreateJournal(Box::new(CreateJournal {
        journal: "GJ".into(),
        date: "2026-03-10".parse().unwrap(),
        title: "Deposit of order 1207".into(),
        reference: "AC-1207-D9001".into(),
        attachment: some("AC-1207"),
        currency: currency(ExchangeRate::Fixed("1.085".parse().unwrap())),
        lines: vec![line("1150-S", "64.95"), line("2320", "-64.95")],
    }))
}

fn attachment() -> Function {
    Function::CreateAttachment(Box::new(CreateAttachment {
        id: "AC-S-20260310-EUR".into(),
        name: "Support of AC-S-20260310-EUR".into(),
        folder: "BigCommerce & more".into(),
        description: some("Sales of 2026-03-10 in EUR"),
        file_name: "AC-S-20260310-EUR".into(),
        file_type: "csv".into(),
        content: b"summary,order\nAC-S-20260310-EUR,1207\n".to_vec(),
    }))
}

fn contact(name: &str) -> Contact {
    Contact {
        name: some(name),
        print_as: "Zoë O'Hara".into(),
        company: some("O'Hara & Sons"),
        taxable: Some(true),
        first_name: some("Zoë"),
        last_name: some("O'Hara"),
        phone: some("555-0100"),
        email: some("zoe@example.com"),
        address: Some(Address {
            street_1: some("1 Elm St"),
            street_2: some("Floor 2"),
            city: some("Portland"),
            state: some("OR"),
            postal_code: some("97201"),
            country: some("United States"),
            country_code: some("US"),
        }),
    }
}

fn customer() -> Function {
    Function::CreateCustomer(Box::new(CreateCustomer {
        customer_id: some("AC-41"),
        name: "Zoë O'Hara".into(),
        display_contact: contact("AC-41 Zoë O'Hara"),
        bill_to: None,
        ship_to: some("AC-41 Ship"),
        customer_type: some("Web"),
        term: some("Net 30"),
        currency: some("USD"),
        comments: some("Created from the store acme-us"),
        custom_fields: vec![(FieldName::new("BC_CUSTOMER").unwrap(), "41".into())],
    }))
}

fn changes() -> Vec<Function> {
    let Contact { print_as, company, taxable, first_name, last_name, phone, email, address, .. } = contact("");
    let whole = ContactChange {
        print_as: Some(print_as),
        company,
        taxable,
        first_name,
        last_name,
        phone: phone.map(|_| String::new()),
        email,
        address,
    };
    vec![
        Function::UpdateContact(Box::new(UpdateContact {
            contact: RecordReference::Id("AC-41 Ship".into()),
            change: whole.clone(),
            active: Some(true),
        })),
        Function::UpdateCustomer(Box::new(UpdateCustomer {
            customer: RecordReference::Id("AC-41".into()),
            name: some("Zoë O'Hara-Smith"),
            display_contact: whole,
            active: Some(false),
            bill_to: some("AC-41 Bill"),
            ship_to: some("AC-41 Ship"),
            customer_type: some("Wholesale"),
            term: some("Net 30"),
            comments: some("Moved"),
            custom_fields: vec![(FieldName::new("BC_CUSTOMER").unwrap(), "41".into())],
        })),
        Function::UpdateCustomer(Box::new(UpdateCustomer {
            active: Some(true),
            ..UpdateCustomer::new(RecordReference::Number(1652))
        })),
    ]
}

fn samples() -> Vec<(&'static str, Vec<Function>)> {
    vec![
        ("contact", vec![Function::CreateContact(Box::new(CreateContact { contact: contact("AC-41 Ship") }))]),
        ("customer", vec![customer()]),
        ("changes", changes()),
        ("documents", vec![invoice(), credit_memo()]),
        (
            "payments",
            vec![
                Function::CreatePayment(Box::new(receipt())),
                Function::CreatePayment(Box::new(application(PaidDocument::Invoice(5001)))),
                Function::CreatePayment(Box::new(application(PaidDocument::DebitMemo(5003)))),
            ],
        ),
        (
            "look-ups",
            [
                lookup::invoice("AC-1207", "AC-41"),
                lookup::payment("ch_3Q0", "AC-41"),
                lookup::journal_entry("AC-1207-D9001"),
                lookup::customer_by_email("zoe@example.com"),
                lookup::ping(),
            ]
            .into_iter()
            .chain(lookup::master_records(
                lookup::MasterRecord::GlAccount,
                &["4000".to_owned(), "4090".to_owned()].into(),
            ))
            .map(Function::Query)
            .collect(),
        ),
        ("journals", vec![journal()]),
        ("attachments", vec![attachment()]),
        ("sign-in", vec![Function::GetApiSession(GetApiSession { location: SessionLocation::Entity("100".into()) })]),
    ]
}

/// Whole requests, by name.
fn requests() -> Vec<(&'static str, String)> {
    let sender = Sender { id: "cartledger".into(), password: "sender-password".into() };
    let authentication = Authentication::Session("session-id".into());
    let control_id = ControlId::new("request-1").unwrap();
    let render = |(name, functions): (&'static str, Vec<Function>)| {
        let calls: Vec<FunctionCall> = functions
            .into_iter()
            .zip(1..)
            .map(|(function, place)| FunctionCall {
                control_id: ControlId::new(format!("{name}/{place}")).unwrap(),
                function,
            })
            .collect();
        (name, Request::new(&sender, &authentication, &control_id, &calls).unwrap().render())
    };
    samples().into_iter().map(render).collect()
}

#[test]
fn requests_are_written_as_they_always_were() {
    for (name, request) in requests() {
        insta::assert_snapshot!(name, request.replace("><", ">\n<"));
    }
}

/// Needs the schema checker of this project's workshop; elsewhere the golden requests above, which it has accepted,
/// stand for it.
#[test]
fn the_gateway_schema_accepts_every_request() {
    let checker = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tools/check-intacct-xml");
    if !checker.exists() {
        println!("skipped: there is no schema checker at {}", checker.display());
        return;
    }
    let folder = std::env::temp_dir().join(format!("cartledger-golden-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, request) in requests() {
        std::fs::write(folder.join(format!("{name}.xml")), request).unwrap();
    }
    let output = Command::new(&checker).arg(&folder).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    std::fs::remove_dir_all(&folder).unwrap();
    if output.status.code() == Some(1) && complained.contains("lxml is missing") {
        println!("skipped: the schema checker needs Python's lxml");
        return;
    }
    assert!(output.status.success(), "{said}{complained}");
}
