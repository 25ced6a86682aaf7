//! Finding out what the company has already: queries, and what their rows say.
//!
//! A look-up is part of writing: a repeated control id is answered with an error that names no record. Every query also
//! sees the records of entities, so that "not found" can be believed.

mod customers;
mod journal;

use jiff::civil::Date;
use rust_decimal::Decimal;
use thiserror::Error;

use super::functions::{Filter, Query};
use super::response::{FunctionResult, Record};
pub use customers::{
    FoundContact, FoundCustomer, contact_by_name, contacts, customer_by_email, customer_by_id, customer_by_reference,
    customers,
};
pub use journal::{EntryLine, JournalLines, LINES_OF_A_PAGE, sent_lines};

/// Why rows could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LookupError {
    /// A row lacks a field, or the field is not of its kind.
    #[error(
        "Intacct's answer to a look-up has no usable {field} in a row: repeat the look-up, and report it if it happens again"
    )]
    Field {
        /// The field.
        field: &'static str,
    },
    /// There are more rows than the page.
    #[error("Intacct has {remaining} more rows than one look-up reads: narrow the look-up")]
    MoreRows {
        /// Rows beyond the page.
        remaining: u64,
    },
}

/// An invoice, adjustment or payment that the company has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDocument {
    /// Record number, or the id of an Order Entry document.
    pub record: String,
    /// Invoice, adjustment or document number.
    pub number: String,
    /// The customer.
    pub customer_id: String,
    /// State in Intacct's words, for example `Posted`, `Paid`, `Draft`.
    pub state: String,
    /// Currency (ISO 4217), when the company shows one.
    pub currency: Option<String>,
    /// Total in the document's currency.
    pub total: Decimal,
    /// What is still open of it, in the document's currency; a payment has none.
    pub due: Option<Decimal>,
    /// Its description; only asked for of payments.
    pub description: Option<String>,
    /// The date of the document: posting date, or receipt date of a payment; not asked for of a journal entry.
    pub date: Option<Date>,
    /// The lines, of a journal entry only.
    pub lines: Vec<EntryLine>,
}

/// States of a document that is there but does not count in the books (Intacct docs, AR invoices and approvals).
const NOT_IN_THE_BOOKS: [&str; 5] = ["draft", "submitted", "declined", "reversed", "voided"];

impl FoundDocument {
    /// Whether the document counts in the books.
    pub fn is_posted(&self) -> bool {
        !NOT_IN_THE_BOOKS.iter().any(|state| self.state.eq_ignore_ascii_case(state))
    }
}

/// Finds an invoice by its number and customer.
pub fn invoice(number: &str, customer_id: &str) -> Query {
    by_number("ARINVOICE", "RECORDID", &["TRX_TOTALDUE", "WHENPOSTED"], number, customer_id)
}

/// Finds a credit or debit memo by its number and customer. Numbers of adjustments are not forced to be unique.
pub fn adjustment(number: &str, customer_id: &str) -> Query {
    by_number("ARADJUSTMENT", "RECORDID", &["TRX_TOTALDUE", "WHENPOSTED"], number, customer_id)
}

/// Finds a receipt or an application by its document number and customer.
pub fn payment(document_number: &str, customer_id: &str) -> Query {
    by_number("ARPYMT", "DOCNUMBER", &["RECEIPTDATE", "DESCRIPTION"], document_number, customer_id)
}

fn by_number(object: &str, number_field: &str, more: &[&str], number: &str, customer_id: &str) -> Query {
    let mut fields = vec!["RECORDNO", number_field, "CUSTOMERID", "STATE", "CURRENCY", "TRX_TOTALENTERED"];
    fields.extend(more);
    let filter = Filter::And(vec![Filter::equal(number_field, number), Filter::equal("CUSTOMERID", customer_id)]);
    Query::new(object, &fields, Some(filter))
}

/// A read that costs little and proves sign-in, session and read permission.
pub fn ping() -> Query {
    Query { page_size: 1, ..Query::new("CUSTOMER", &["RECORDNO"], None) }
}

/// Reads the rows of [`invoice`], [`adjustment`] or [`payment`].
///
/// # Errors
/// [`LookupError`] when a row lacks what decides, or the answer is not complete.
pub fn documents(result: &FunctionResult) -> Result<Vec<FoundDocument>, LookupError> {
    let found = documents_whatever_number(result)?;
    if found.iter().any(|document| document.number.is_empty()) {
        return Err(LookupError::Field { field: "number" });
    }
    Ok(found)
}

/// Like [`documents`], also of records that have no number: it is left empty. People enter payments without one.
pub(super) fn documents_whatever_number(result: &FunctionResult) -> Result<Vec<FoundDocument>, LookupError> {
    complete(result)?.iter().map(document).collect()
}

fn document(row: &Record) -> Result<FoundDocument, LookupError> {
    let number = text(row, "RECORDID").or_else(|| text(row, "DOCNUMBER"));
    let date = text(row, "WHENPOSTED").or_else(|| text(row, "RECEIPTDATE"));
    Ok(FoundDocument {
        record: record_number(row)?.to_string(),
        number: number.unwrap_or_default().to_owned(),
        customer_id: required(row, "CUSTOMERID")?.to_owned(),
        state: required(row, "STATE")?.to_owned(),
        currency: text(row, "CURRENCY").map(ToOwned::to_owned),
        total: decimal(row, "TRX_TOTALENTERED")?.ok_or(LookupError::Field { field: "TRX_TOTALENTERED" })?,
        due: decimal(row, "TRX_TOTALDUE")?,
        description: text(row, "DESCRIPTION").map(ToOwned::to_owned),
        date: date.and_then(read_date),
        lines: Vec::new(),
    })
}

pub(super) fn complete(result: &FunctionResult) -> Result<&[Record], LookupError> {
    match result.remaining {
        Some(remaining) if remaining > 0 => Err(LookupError::MoreRows { remaining }),
        _ => Ok(&result.records),
    }
}

pub(super) fn text<'a>(row: &'a Record, field: &str) -> Option<&'a str> {
    row.get(field).map(String::as_str).filter(|text| !text.is_empty())
}

pub(super) fn required<'a>(row: &'a Record, field: &'static str) -> Result<&'a str, LookupError> {
    text(row, field).ok_or(LookupError::Field { field })
}

fn record_number(row: &Record) -> Result<u64, LookupError> {
    required(row, "RECORDNO")?.parse().map_err(|_| LookupError::Field { field: "RECORDNO" })
}

pub(super) fn decimal(row: &Record, field: &'static str) -> Result<Option<Decimal>, LookupError> {
    text(row, field).map(|text| Decimal::from_str_exact(text).map_err(|_| LookupError::Field { field })).transpose()
}

/// Answers show `active`, or `T` on some objects.
fn is_active(row: &Record) -> bool {
    matches!(text(row, "STATUS"), Some("active" | "T"))
}

/// `MM/DD/YYYY`, the date format of the gateway's answers.
pub(super) fn read_date(text: &str) -> Option<Date> {
    Date::strptime("%m/%d/%Y", text.get(..10)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::Function;

    pub(super) fn rows(rows: &[&[(&str, &str)]]) -> FunctionResult {
        FunctionResult::of_rows(rows, Some(0))
    }

    #[test]
    fn documents_are_asked_for_by_number_and_customer_in_all_entities() {
        let body = |query| Function::Query(query).body();
        let invoice = body(invoice("BC-118", "BC-7"));
        assert!(invoice.contains(
            "<and><equalto><field>RECORDID</field><value>BC-118</value></equalto><equalto><field>CUSTOMERID</field>\
             <value>BC-7</value></equalto></and>"
        ));
        assert!(invoice.contains("<object>ARINVOICE</object>") && invoice.contains("<showprivate>true</showprivate>"));
        assert!(body(adjustment("R", "C")).contains("<object>ARADJUSTMENT</object>"));
        assert!(body(payment("ch_1", "C")).contains("<equalto><field>DOCNUMBER</field><value>ch_1</value></equalto>"));
        assert!(body(ping()).contains("<pagesize>1</pagesize>"));
    }

    #[test]
    fn a_found_document_is_read_with_exact_amounts() {
        let found = documents(&rows(&[&[
            ("RECORDNO", "2091"),
            ("RECORDID", "BC-118"),
            ("CUSTOMERID", "BC-7"),
            ("STATE", "Posted"),
            ("CURRENCY", "USD"),
            ("TRX_TOTALENTERED", "118.25"),
            ("TRX_TOTALDUE", "0"),
            ("WHENPOSTED", "07/01/2026"),
        ]]))
        .unwrap();
        assert_eq!(found[0].record, "2091");
        assert_eq!((found[0].total, found[0].due), ("118.25".parse().unwrap(), Some(Decimal::ZERO)));
        assert_eq!(found[0].date, Some("2026-07-01".parse().unwrap()));
    }

    #[test]
    fn a_draft_is_there_and_yet_not_in_the_books() {
        let state = |state: &str| {
            let row: &[(&str, &str)] = &[
                ("RECORDNO", "5"),
                ("RECORDID", "SH-9"),
                ("CUSTOMERID", "SH-C1"),
                ("STATE", state),
                ("TRX_TOTALENTERED", "9"),
            ];
            documents(&rows(&[row])).unwrap()[0].is_posted()
        };
        assert!(state("Posted") && state("Paid") && state("Partially Paid") && state("Selected"));
        assert!(!state("Draft") && !state("Submitted") && !state("Reversed") && !state("voided"));
    }

    #[test]
    fn a_row_without_what_decides_is_an_error() {
        assert_eq!(documents(&rows(&[&[("RECORDNO", "x")]])), Err(LookupError::Field { field: "RECORDNO" }));
        let mut more = rows(&[]);
        more.remaining = Some(2);
        assert_eq!(documents(&more), Err(LookupError::MoreRows { remaining: 2 }));
        assert_eq!(documents(&rows(&[])), Ok(vec![]));
    }
}
