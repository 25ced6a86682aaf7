//! `create ARPYMT`: cash on invoices and debit memos, and credits applied with or without cash (Intacct docs, AR payments).

pub(super) mod details;
pub(super) mod posting;

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::records::{Application, DocumentState};
use super::super::refusal::Refusal;
use super::super::values::{amount, generic_date, is_draft, round};
use super::super::xml_tree::Element;
use super::Context;
use super::common::{self, CurrencyText};

const FIELDS: &[&str] = &[
    "FINANCIALENTITY",
    "UNDEPOSITEDACCOUNTNO",
    "PRBATCH",
    "PAYMENTMETHOD",
    "CUSTOMERID",
    "PAYERNAME",
    "DOCNUMBER",
    "DESCRIPTION",
    "RECEIPTDATE",
    "PAYMENTDATE",
    "WHENPAID",
    "BILLTOPAYTONAME",
    "CURRENCY",
    "BASECURR",
    "EXCH_RATE_TYPE_ID",
    "EXCHANGE_RATE",
    "TRX_AMOUNTTOPAY",
    "AMOUNTTOPAY",
    "OVERPAYMENTAMOUNT",
    "OVERPAYMENTLOCATIONID",
    "OVERPAYMENTDEPARTMENTID",
    "ACTION",
    "ARPYMTDETAILS",
];

pub(super) const METHODS: &[&str] =
    &["Printed Check", "Cash", "EFT", "Credit Card", "Online Charge Card", "Online ACH Debit"];

/// A checked payment, ready to be posted.
pub(super) struct Checked {
    pub(super) account: String,
    pub(super) bank_account: Option<String>,
    pub(super) customer_id: Option<String>,
    pub(super) payer: Option<String>,
    pub(super) method: String,
    pub(super) reference: String,
    pub(super) description: String,
    pub(super) receipt_date: Date,
    pub(super) payment_date: Date,
    pub(super) currency: String,
    pub(super) rate: Decimal,
    pub(super) state: DocumentState,
    pub(super) details: Vec<Application>,
    pub(super) overpayment: Decimal,
    pub(super) overpayment_location: Option<String>,
    pub(super) custom_fields: BTreeMap<String, String>,
}

/// Makes the payment; answers its RECORDNO.
pub(super) fn run(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    let checked = check(object, books, context)?;
    let record_no = posting::post(checked, books, context);
    Ok(Element::new("arpymt").child(Element::leaf("RECORDNO", record_no.to_string())))
}

fn check(object: &Element, books: &Books, context: &Context<'_>) -> Result<Checked, Refusal> {
    common::known_fields(object, FIELDS, true, context)?;
    let method = common::required(object, "PAYMENTMETHOD", "Payment Method")?;
    if !METHODS.contains(&method) {
        return Err(Refusal::illegal_value("Payment Method", method));
    }
    let receipt_date = generic_date("Receipt Date", common::required(object, "RECEIPTDATE", "Receipt Date")?)?;
    common::open_period(books, receipt_date)?;
    let payment_date = match object.text_of("PAYMENTDATE") {
        Some(text) => generic_date("Payment Date", text)?,
        None => receipt_date,
    };
    let customer_id = customer(object, books)?;
    let (account, bank_account) = target(object, books)?;
    let (currency, rate) = currency(object, context)?;
    let draft = is_draft("Action", object.text_of("ACTION"), "Submit")?;
    let overpayment = overpayment(object, books, context)?;
    if customer_id.is_none() && !overpayment.is_zero() {
        return Err(Refusal::missing_field("Customer ID"));
    }
    let details = details::read(object, customer_id.as_deref(), &currency, books, context)?;
    if details.is_empty() && overpayment.is_zero() {
        return Err(Refusal::missing_field("ARPYMTDETAILS"));
    }
    check_total(object, rate, details.iter().map(|detail| detail.cash).sum::<Decimal>() + overpayment)?;
    Ok(Checked {
        account,
        bank_account,
        payer: object.text_of("PAYERNAME").filter(|_| customer_id.is_none()).map(str::to_owned),
        customer_id,
        method: method.to_owned(),
        reference: object.text_of("DOCNUMBER").unwrap_or_default().to_owned(),
        description: object.text_of("DESCRIPTION").unwrap_or_default().to_owned(),
        receipt_date,
        payment_date,
        currency,
        rate,
        state: if draft { DocumentState::Draft } else { DocumentState::Posted },
        details,
        overpayment,
        custom_fields: common::custom_fields(object, context),
        overpayment_location: object.text_of("OVERPAYMENTLOCATIONID").map(str::to_owned).or_else(|| context.entity()),
    })
}

/// One customer, or none when the name of a payer stands there who pays for several.
fn customer(object: &Element, books: &Books) -> Result<Option<String>, Refusal> {
    match (object.text_of("CUSTOMERID"), object.text_of("PAYERNAME")) {
        (Some(id), _) => common::customer(books, id).map(|customer| Some(customer.id.clone())),
        (None, Some(_)) => Ok(None),
        (None, None) => Err(Refusal::missing_field("Customer ID")),
    }
}

/// Where the cash goes: exactly one of a bank account and an account for undeposited funds.
pub(super) fn target(object: &Element, books: &Books) -> Result<(String, Option<String>), Refusal> {
    if let Some(summary) = object.text_of("PRBATCH") {
        return Err(Refusal::invalid("Summary", summary));
    }
    match (object.text_of("FINANCIALENTITY"), object.text_of("UNDEPOSITEDACCOUNTNO")) {
        (Some(bank), None) => {
            let account = books.masters.bank(bank).ok_or_else(|| Refusal::invalid("Bank account", bank))?;
            let account = common::money_account(books, &account.number)?;
            Ok((account.number.clone(), Some(bank.to_owned())))
        }
        (None, Some(number)) => Ok((common::line_account(books, number)?.number.clone(), None)),
        (None, None) => Err(Refusal::missing_field("Bank account or undeposited funds account")),
        (Some(_), Some(_)) => {
            Err(Refusal::payment_rule("Specify either a bank account or an undeposited funds account, not both"))
        }
    }
}

pub(super) fn currency(object: &Element, context: &Context<'_>) -> Result<(String, Decimal), Refusal> {
    let settings = context.settings;
    let names_rate = object.get("EXCH_RATE_TYPE_ID").is_some() || object.get("EXCHANGE_RATE").is_some();
    let other_base = object.text_of("BASECURR").is_some_and(|base| base != settings.base_currency);
    if !settings.multi_currency && (names_rate || other_base) {
        return Err(Refusal::foreign_currency_off());
    }
    let text = CurrencyText {
        currency: object.text_of("CURRENCY"),
        rate: object.text_of("EXCHANGE_RATE"),
        rate_type: object.text_of("EXCH_RATE_TYPE_ID"),
    };
    common::currency(&text, context)
}

/// Cash beyond the documents; in a multi-entity company it needs a location.
fn overpayment(object: &Element, books: &Books, context: &Context<'_>) -> Result<Decimal, Refusal> {
    let Some(text) = object.text_of("OVERPAYMENTAMOUNT") else { return Ok(Decimal::ZERO) };
    let value = amount("Overpayment amount", text)?;
    if value < Decimal::ZERO {
        return Err(Refusal::illegal_value("Overpayment amount", text));
    }
    let location = object.text_of("OVERPAYMENTLOCATIONID").or(context.signed_in.location.as_deref());
    let known = location.is_some_and(|location| books.masters.locations.contains_key(location));
    if context.settings.multi_entity && !value.is_zero() && !known {
        return Err(Refusal::overpayment_location());
    }
    Ok(value)
}

/// A total that was sent has to be the sum of what is paid; the second one is in base currency.
fn check_total(object: &Element, rate: Decimal, cash: Decimal) -> Result<(), Refusal> {
    for (name, sum) in [("TRX_AMOUNTTOPAY", cash), ("AMOUNTTOPAY", round(cash * rate))] {
        if let Some(text) = object.text_of(name)
            && amount(name, text)? != sum
        {
            return Err(Refusal::payment_rule(&format!("{name} {text} differs from the sum of the details {sum}")));
        }
    }
    Ok(())
}
