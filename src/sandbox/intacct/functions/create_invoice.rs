//! `create_invoice`: an invoice, posted to receivables and to the account of each line (Intacct docs, AR invoices).

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::books::Books;
use super::super::records::ReceivableKind;
use super::super::refusal::Refusal;
use super::super::values::bounded;
use super::super::xml_tree::Element;
use super::{Context, common, header};

/// Invoice numbers are at most this long (Intacct's import template).
const NUMBER: usize = 45;
const REFERENCE: usize = 100;

/// Makes the invoice; answers its RECORDNO.
pub(super) fn run(body: &Element, books: &mut Books, context: &Context<'_>) -> Result<u64, Refusal> {
    let header = header::read(body, "invoiceitems", books, context)?;
    let number = number(body, books, context)?.to_owned();
    let reference = bounded("Reference number", body.text_of("ponumber").unwrap_or_default(), REFERENCE)?.to_owned();
    let (due_date, term) = due(body, header.date, books)?;
    let custom_fields = common::legacy_custom_fields(body, context)?;
    for side in ["billto", "shipto"] {
        if let Some(party) = body.get(side) {
            check_contact(party, books)?;
        }
    }
    let attachment = common::attachment(body, "supdocid", books)?;
    let to_ledger = header.to_ledger;
    let mut invoice = header::record(ReceivableKind::Invoice, header, books, context);
    invoice.number = number;
    invoice.reference = reference;
    invoice.due_date = Some(due_date);
    invoice.term = term;
    invoice.description = body.text_of("description").unwrap_or_default().to_owned();
    invoice.external_id = body.text_of("externalid").unwrap_or_default().to_owned();
    invoice.custom_fields = custom_fields;
    invoice.attachment = attachment;
    let key = invoice.record_no;
    books.post_receivable(invoice, to_ledger);
    Ok(key)
}

fn number<'a>(body: &'a Element, books: &Books, context: &Context<'_>) -> Result<&'a str, Refusal> {
    let number = body.text_of("invoiceno").ok_or_else(|| Refusal::number_missing("Invoice"))?;
    bounded("Invoice number", number, NUMBER)?;
    if context.settings.unique_invoice_numbers && books.has_invoice(number) {
        return Err(Refusal::number_exists(number));
    }
    Ok(number)
}

/// The due date: as sent, or the days of the term after the date of the invoice.
pub(super) fn due(body: &Element, date: Date, books: &Books) -> Result<(Date, Option<String>), Refusal> {
    let term = match body.text_of("termname") {
        Some(name) => Some((name, *books.masters.terms.get(name).ok_or_else(|| Refusal::invalid("Term", name))?)),
        None => None,
    };
    let due = match (header::date(body, "datedue", "Date Due")?, term) {
        (Some(due), _) => due,
        (None, Some((_, days))) => date.saturating_add(days.days()),
        (None, None) => return Err(Refusal::missing_field("Date Due")),
    };
    if due < date {
        return Err(Refusal::due_before_date());
    }
    Ok((due, term.map(|(name, _)| name.to_owned())))
}

pub(super) fn check_contact(party: &Element, books: &Books) -> Result<(), Refusal> {
    // A whole contact in place of a name would make a new one; this company wants contacts made first.
    let name = party.text_of("contactname").or_else(|| party.get("contact")?.text_of("contactname"));
    match name {
        Some(name) if books.contacts.contains_key(name) => Ok(()),
        other => Err(Refusal::contact_missing(other.unwrap_or_default())),
    }
}
