//! The details of a payment: which document gets how much, in cash and from which credit.

use rust_decimal::Decimal;

use super::super::super::books::Books;
use super::super::super::records::{Application, CreditKind, Receivable, ReceivableKind};
use super::super::super::refusal::Refusal;
use super::super::super::values::{amount, generic_date};
use super::super::super::xml_tree::Element;
use super::super::application::{Applier, Credit, Part};
use super::super::{Context, common};

const FIELDS: &[&str] = &[
    "RECORDKEY",
    "ENTRYKEY",
    "POSADJKEY",
    "POSADJENTRYKEY",
    "TRX_PAYMENTAMOUNT",
    "ADJUSTMENTKEY",
    "ADJUSTMENTENTRYKEY",
    "TRX_ADJUSTMENTAMOUNT",
    "INLINEKEY",
    "INLINEENTRYKEY",
    "TRX_INLINEAMOUNT",
    "ADVANCEKEY",
    "ADVANCEENTRYKEY",
    "TRX_POSTEDADVANCEAMOUNT",
    "OVERPAYMENTKEY",
    "OVERPAYMENTENTRYKEY",
    "TRX_POSTEDOVERPAYMENTAMOUNT",
    "NEGATIVEINVOICEKEY",
    "NEGATIVEINVOICEENTRYKEY",
    "TRX_NEGATIVEINVOICEAMOUNT",
    "TRX_TOTALDISCOUNTTOAPPLY",
    "DISCOUNTDATE",
];

/// The kinds of credit, with the elements of key, line and amount.
pub(in super::super::super) const CREDITS: &[(CreditKind, &str, &str, &str)] = &[
    (CreditKind::CreditMemo, "ADJUSTMENTKEY", "ADJUSTMENTENTRYKEY", "TRX_ADJUSTMENTAMOUNT"),
    (CreditKind::NegativeInvoice, "NEGATIVEINVOICEKEY", "NEGATIVEINVOICEENTRYKEY", "TRX_NEGATIVEINVOICEAMOUNT"),
    (CreditKind::Overpayment, "OVERPAYMENTKEY", "OVERPAYMENTENTRYKEY", "TRX_POSTEDOVERPAYMENTAMOUNT"),
    (CreditKind::Advance, "ADVANCEKEY", "ADVANCEENTRYKEY", "TRX_POSTEDADVANCEAMOUNT"),
    (CreditKind::Inline, "INLINEKEY", "INLINEENTRYKEY", "TRX_INLINEAMOUNT"),
];

/// Reads and checks the details.
pub(super) fn read(
    object: &Element,
    customer: Option<&str>,
    currency: &str,
    books: &Books,
    context: &Context<'_>,
) -> Result<Vec<Application>, Refusal> {
    let Some(details) = object.get("ARPYMTDETAILS") else { return Ok(Vec::new()) };
    let mut applier = Applier::new(books, customer, currency);
    let read = |detail: &Element| {
        if detail.name != "ARPYMTDETAIL" {
            return Err(Refusal::unknown_field(&details.name, &detail.name));
        }
        common::known_fields(detail, FIELDS, false, context)?;
        read_detail(detail, &mut applier)
    };
    details.children.iter().map(read).collect()
}

fn read_detail(detail: &Element, applier: &mut Applier<'_>) -> Result<Application, Refusal> {
    let document = document(detail, applier)?;
    let part = Part {
        entry: detail.text_of("ENTRYKEY").or_else(|| detail.text_of("POSADJENTRYKEY")),
        cash: positive(detail, "TRX_PAYMENTAMOUNT")?,
        discount: discount(detail, document)?,
        credit: credit(detail)?,
    };
    if part.cash.is_zero() && part.credit.is_none() && part.discount.is_zero() {
        return Err(Refusal::missing_field("TRX_PAYMENTAMOUNT"));
    }
    applier.apply(document, &part)
}

/// The invoice or the debit memo that is paid.
fn document<'a>(detail: &Element, applier: &Applier<'a>) -> Result<&'a Receivable, Refusal> {
    let (key, kind) = match (detail.text_of("RECORDKEY"), detail.text_of("POSADJKEY")) {
        (Some(key), None) => (key, ReceivableKind::Invoice),
        (None, Some(key)) => (key, ReceivableKind::Adjustment),
        (None, None) => return Err(Refusal::missing_field("RECORDKEY or POSADJKEY")),
        (Some(_), Some(_)) => {
            return Err(Refusal::payment_rule("Specify either RECORDKEY or POSADJKEY in one detail, not both"));
        }
    };
    let document = applier.receivable(key, kind)?;
    if document.total < Decimal::ZERO { Err(Refusal::no_record(key)) } else { Ok(document) }
}

/// The credit a detail uses: at most one of the kinds.
fn credit(detail: &Element) -> Result<Option<Credit<'_>>, Refusal> {
    let mut found = None;
    for (kind, key_name, entry_name, amount_name) in CREDITS {
        let value = positive(detail, amount_name)?;
        let key = match detail.text_of(key_name) {
            Some(key) if !value.is_zero() => key,
            Some(_) => return Err(Refusal::missing_field(amount_name)),
            None if value.is_zero() => continue,
            None => return Err(Refusal::missing_field(key_name)),
        };
        if found.is_some() {
            return Err(Refusal::payment_rule("Specify one kind of credit in one detail"));
        }
        found = Some(Credit { kind: *kind, key, entry: detail.text_of(entry_name), amount: value });
    }
    Ok(found)
}

/// A discount on an invoice. The terms of this company give none, so a discount by date comes to nothing.
fn discount(detail: &Element, document: &Receivable) -> Result<Decimal, Refusal> {
    if let Some(date) = detail.text_of("DISCOUNTDATE") {
        generic_date("Discount date", date)?;
    }
    let discount = positive(detail, "TRX_TOTALDISCOUNTTOAPPLY")?;
    if document.kind == ReceivableKind::Adjustment && !discount.is_zero() {
        return Err(Refusal::payment_rule("A discount can be applied to an invoice only"));
    }
    Ok(discount)
}

fn positive(detail: &Element, name: &str) -> Result<Decimal, Refusal> {
    let Some(text) = detail.text_of(name) else { return Ok(Decimal::ZERO) };
    let value = amount(name, text)?;
    if value < Decimal::ZERO { Err(Refusal::illegal_value(name, text)) } else { Ok(value) }
}
