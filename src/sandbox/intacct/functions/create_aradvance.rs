//! `create ARADVANCE`: money before there is a document, kept on accounts until it is applied (Intacct docs, AR advances).

use rust_decimal::Decimal;

use super::super::books::{Books, Source};
use super::super::records::{DocumentState, Payment, PaymentKind, UnappliedLine};
use super::super::refusal::Refusal;
use super::super::values::{amount, generic_date, is_draft, round};
use super::super::xml_tree::Element;
use super::Context;
use super::common::{self, DimensionNames};
use super::create_arpymt::{METHODS, currency, target};

const FIELDS: &[&str] = &[
    "CUSTOMERID",
    "PAYMENTMETHOD",
    "PAYMENTDATE",
    "RECEIPTDATE",
    "FINANCIALENTITY",
    "UNDEPOSITEDACCOUNTNO",
    "PRBATCH",
    "PRBATCHKEY",
    "DOCNUMBER",
    "DESCRIPTION",
    "CURRENCY",
    "BASECURR",
    "EXCH_RATE_DATE",
    "EXCH_RATE_TYPE_ID",
    "EXCHANGE_RATE",
    "SUPDOCID",
    "ACTION",
    "ARADVANCEITEMS",
];

const LINE_FIELDS: &[&str] = &[
    "ACCOUNTNO",
    "ACCOUNTLABEL",
    "TRX_AMOUNT",
    "ENTRYDESCRIPTION",
    "LOCATIONID",
    "DEPARTMENTID",
    "PROJECTID",
    "TASKID",
    "CUSTOMERID",
    "VENDORID",
    "EMPLOYEEID",
    "ITEMID",
    "CLASSID",
    "CONTRACTID",
    "WAREHOUSEID",
];

const NAMES: DimensionNames = DimensionNames {
    location: "LOCATIONID",
    department: "DEPARTMENTID",
    class: "CLASSID",
    item: "ITEMID",
    customer: "CUSTOMERID",
    project: "PROJECTID",
    unused: &[
        ("TASKID", "Task"),
        ("VENDORID", "Vendor"),
        ("EMPLOYEEID", "Employee"),
        ("CONTRACTID", "Contract"),
        ("WAREHOUSEID", "Warehouse"),
    ],
};

/// Makes the advance; answers its RECORDNO.
pub(super) fn run(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    let advance = check(object, books, context)?;
    let record_no = post(advance, books);
    Ok(Element::new("aradvance").child(Element::leaf("RECORDNO", record_no.to_string())))
}

/// The checked advance; its record numbers are given out when it is kept.
fn check(object: &Element, books: &Books, context: &Context<'_>) -> Result<Payment, Refusal> {
    common::known_fields(object, FIELDS, true, context)?;
    let customer = common::customer(books, common::required(object, "CUSTOMERID", "Customer ID")?)?;
    let method = common::required(object, "PAYMENTMETHOD", "Payment Method")?;
    // The online methods are for payments only.
    if !METHODS.contains(&method) || method.starts_with("Online") {
        return Err(Refusal::illegal_value("Payment Method", method));
    }
    let date = |name, label| generic_date(label, common::required(object, name, label)?);
    let receipt_date = date("RECEIPTDATE", "Receipt Date")?;
    let payment_date = date("PAYMENTDATE", "Payment Date")?;
    common::open_period(books, receipt_date)?;
    if let Some(summary) = object.text_of("PRBATCHKEY") {
        return Err(Refusal::invalid("Summary", summary));
    }
    let (account, bank_account) = target(object, books)?;
    let (currency, rate) = currency(object, context)?;
    let draft = is_draft("Action", object.text_of("ACTION"), "Submit")?;
    let attachment = common::attachment(object, "SUPDOCID", books)?;
    let unapplied = items(object, books, context)?;
    let amount: Decimal = unapplied.iter().map(|line| line.amount).sum();
    let text = |name: &str| object.text_of(name).unwrap_or_default().to_owned();
    Ok(Payment {
        record_no: 0,
        kind: PaymentKind::Advance,
        customer_id: Some(customer.id.clone()),
        payer: None,
        method: method.to_owned(),
        reference: text("DOCNUMBER"),
        description: text("DESCRIPTION"),
        receipt_date,
        payment_date,
        account,
        bank_account,
        currency,
        rate,
        amount,
        overpayment_open: amount,
        overpayment_open_base: unapplied.iter().map(|line| round(line.amount * rate)).sum(),
        unapplied,
        applications: Vec::new(),
        state: if draft { DocumentState::Draft } else { DocumentState::Posted },
        reversed_on: None,
        deposit: None,
        attachment,
        custom_fields: common::custom_fields(object, context),
        entity: context.entity(),
        recorded_at: context.now,
    })
}

fn items(object: &Element, books: &Books, context: &Context<'_>) -> Result<Vec<UnappliedLine>, Refusal> {
    let items = object.get("ARADVANCEITEMS").filter(|items| !items.children.is_empty());
    let items = items.ok_or_else(|| Refusal::missing_field("ARADVANCEITEM"))?;
    items.children.iter().map(|item| read_item(item, books, context)).collect()
}

fn read_item(item: &Element, books: &Books, context: &Context<'_>) -> Result<UnappliedLine, Refusal> {
    if item.name != "ARADVANCEITEM" {
        return Err(Refusal::unknown_field("ARADVANCEITEMS", &item.name));
    }
    common::known_fields(item, LINE_FIELDS, true, context)?;
    let number = match (item.text_of("ACCOUNTNO"), item.text_of("ACCOUNTLABEL")) {
        (Some(number), None) => number,
        (None, Some(label)) => common::labelled_account(books, label)?,
        _ => return Err(Refusal::missing_field("Account")),
    };
    let account = common::line_account(books, number)?;
    let text = common::required(item, "TRX_AMOUNT", "Amount")?;
    let amount = amount("Amount", text)?;
    if amount <= Decimal::ZERO {
        return Err(Refusal::illegal_value("Amount", text));
    }
    Ok(UnappliedLine {
        record_no: 0,
        account: account.number.clone(),
        amount,
        used: Decimal::ZERO,
        memo: item.text_of("ENTRYDESCRIPTION").unwrap_or_default().to_owned(),
        dimensions: common::dimensions(item, &NAMES, account, books, context)?,
    })
}

fn post(mut advance: Payment, books: &mut Books) -> u64 {
    let record_no = books.next_document();
    advance.record_no = record_no;
    for line in &mut advance.unapplied {
        line.record_no = books.next_line();
    }
    if advance.state == DocumentState::Posted {
        for line in &advance.unapplied {
            let memo = if line.memo.is_empty() { &advance.description } else { &line.memo };
            let source = Source { object: "ARADVANCE", record_no, date: advance.receipt_date, memo };
            let base = round(line.amount * advance.rate);
            books.book(&source, &advance.account, base, &line.dimensions);
            books.book(&source, &line.account, -base, &line.dimensions);
        }
    }
    books.payments.insert(record_no, advance);
    record_no
}
