//! `reverse_invoice`: takes an unpaid invoice out of the ledger on a day of its own (Intacct docs, AR invoices).
//!
//! That a paid one is refused is said in the specification of the other interface; the words of the refusals are this
//! company's own.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::records::{DocumentState, ReceivableKind};
use super::super::refusal::Refusal;
use super::super::values::print_date;
use super::super::xml_tree::Element;
use super::application::label;
use super::{Context, common, header};

/// Reverses the invoice its attribute `key` names.
pub(super) fn run(body: &Element, books: &mut Books, _: &Context<'_>) -> Result<(), Refusal> {
    let key = body.attribute_of("key").unwrap_or_default();
    let found = key.parse().ok().and_then(|record_no| books.receivable(ReceivableKind::Invoice, record_no));
    let invoice = found.ok_or_else(|| Refusal::no_record(key))?;
    let name = label(invoice);
    match invoice.state {
        DocumentState::Posted => {}
        DocumentState::Draft => return Err(Refusal::not_posted(&name)),
        DocumentState::Reversed => return Err(Refusal::already_reversed(&name)),
    }
    if invoice.open != invoice.total || invoice.lines.iter().any(|line| !line.paid.is_zero()) {
        return Err(Refusal::paid(&name));
    }
    let (record_no, date) = (invoice.record_no, date(body, invoice.posting_date, books)?);
    books.reverse_ledger("ARINVOICE", record_no, date);
    if let Some(invoice) = books.receivables.get_mut(&record_no) {
        invoice.state = DocumentState::Reversed;
        invoice.reversed_on = Some(date);
        (invoice.open, invoice.open_base) = (Decimal::ZERO, Decimal::ZERO);
    }
    Ok(())
}

/// The day of a reversal: not before the day it takes back, in an open period.
pub(super) fn date(body: &Element, booked: Date, books: &Books) -> Result<Date, Refusal> {
    let date = header::date(body, "datereversed", "Reversal date")?;
    let date = date.ok_or_else(|| Refusal::missing_field("Reversal date"))?;
    if date < booked {
        return Err(Refusal::illegal_value("Reversal date", &print_date(date)));
    }
    common::open_period(books, date)?;
    Ok(date)
}
