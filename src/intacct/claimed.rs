//! Finding a record that somebody entered by hand: by its record number or its number alone, whoever's it is, so that what
//! differs from ours can be named.

use jiff::civil::Date;

use super::functions::query::LARGEST_PAGE;
use super::functions::{Filter, Query};
use super::lookup::{self, FoundDocument, JournalLines, LookupError, required, text};
use super::order_entry;
use super::response::{FunctionResult, Record};

/// What kind of record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object<'a> {
    /// ARINVOICE.
    Invoice,
    /// ARADJUSTMENT.
    Adjustment,
    /// ARPYMT.
    Payment,
    /// SODOCUMENT of this transaction definition.
    OrderEntry(&'a str),
    /// GLBATCH.
    Journal,
}

/// What it is asked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// RECORDNO; of an Order Entry document its id.
    RecordNo(&'a str),
    /// The number that people see; of a journal entry that on its lines.
    Number(&'a str),
}

/// Asks for the records. Of a journal entry it asks for the lines; [`entry`] asks for the rest.
pub fn query(object: Object<'_>, by: By<'_>) -> Query {
    let receivable = |name: &str, number_field: &str, more: &[&str]| {
        let mut fields = vec!["RECORDNO", number_field, "CUSTOMERID", "STATE", "CURRENCY", "TRX_TOTALENTERED"];
        fields.extend(more);
        Query::new(name, &fields, Some(filter(by, "RECORDNO", number_field)))
    };
    match object {
        Object::Invoice => receivable("ARINVOICE", "RECORDID", &["WHENPOSTED"]),
        Object::Adjustment => receivable("ARADJUSTMENT", "RECORDID", &["WHENPOSTED"]),
        Object::Payment => receivable("ARPYMT", "DOCNUMBER", &["RECEIPTDATE"]),
        Object::OrderEntry(definition) => {
            let fields =
                ["RECORDNO", "DOCID", "DOCNO", "CUSTVENDID", "STATE", "CURRENCY", "TOTAL", "TRX_TOTAL", "WHENCREATED"];
            let filter = Some(filter(by, "DOCID", "DOCNO"));
            Query { definition: Some(definition.to_owned()), ..Query::new("SODOCUMENT", &fields, filter) }
        }
        Object::Journal => {
            let fields = ["RECORDNO", "BATCHNO", "DOCUMENT", "ACCOUNTNO", "TR_TYPE", "TRX_AMOUNT", "CURRENCY"];
            let filter = Some(filter(by, "BATCHNO", "DOCUMENT"));
            Query { page_size: LARGEST_PAGE, ..Query::new("GLENTRY", &fields, filter) }
        }
    }
}

fn filter(by: By<'_>, record_field: &str, number_field: &str) -> Filter {
    match by {
        By::RecordNo(record) => Filter::equal(record_field, record),
        By::Number(number) => Filter::equal(number_field, number),
    }
}

/// Reads the rows of [`query`]. A journal entry has no date and no state yet; what somebody entered need not have a number.
///
/// # Errors
/// [`LookupError`] when a row lacks what decides, or the answer is not complete.
pub fn documents(object: Object<'_>, result: &FunctionResult) -> Result<Vec<FoundDocument>, LookupError> {
    match object {
        Object::Journal => {
            lookup::complete(result)?;
            let mut lines = JournalLines::default();
            lines.take(result)?;
            lines.entries()
        }
        Object::OrderEntry(_) => {
            let dates = lookup::complete(result)?.iter().map(|row| date(row, "WHENCREATED"));
            let found = order_entry::documents(result)?.into_iter().map(FoundDocument::from);
            Ok(found.zip(dates).map(|(found, date)| FoundDocument { date, ..found }).collect())
        }
        _ => lookup::documents_whatever_number(result),
    }
}

/// Asks for a journal entry's date and state.
pub fn entry(record_no: &str) -> Query {
    Query::new("GLBATCH", &["RECORDNO", "BATCH_DATE", "STATE"], Some(Filter::equal("RECORDNO", record_no)))
}

/// A journal entry with what the answer to [`entry`] says of it.
///
/// # Errors
/// [`LookupError`] when it is not there or lacks its state.
pub fn with_entry(found: FoundDocument, result: &FunctionResult) -> Result<FoundDocument, LookupError> {
    let row = lookup::complete(result)?.first().ok_or(LookupError::Field { field: "BATCH_DATE" })?;
    Ok(FoundDocument { date: date(row, "BATCH_DATE"), state: required(row, "STATE")?.to_owned(), ..found })
}

fn date(row: &Record, field: &str) -> Option<Date> {
    text(row, field).and_then(lookup::read_date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::Function;

    fn body(object: Object<'_>, by: By<'_>) -> String {
        Function::Query(query(object, by)).body()
    }

    #[test]
    fn a_record_is_asked_for_whoevers_it_is_and_in_all_entities() {
        let invoice = body(Object::Invoice, By::RecordNo("12"));
        assert!(invoice.contains("<equalto><field>RECORDNO</field><value>12</value></equalto>"), "{invoice}");
        assert!(!invoice.contains("<and>") && invoice.contains("<showprivate>true</showprivate>"), "{invoice}");
        assert!(body(Object::Adjustment, By::Number("R-1")).contains("<field>RECORDID</field><value>R-1</value>"));
        assert!(body(Object::Payment, By::Number("ch_1")).contains("<field>DOCNUMBER</field><value>ch_1</value>"));
        let sale = body(Object::OrderEntry("Sales Invoice"), By::RecordNo("Sales Invoice-BC-1"));
        assert!(sale.contains("<field>DOCID</field>") && sale.contains("<docparid>Sales Invoice</docparid>"), "{sale}");
        assert!(body(Object::Journal, By::RecordNo("7")).contains("<field>BATCHNO</field><value>7</value>"));
    }

    #[test]
    fn a_record_without_a_number_is_read_when_it_is_claimed_and_not_when_it_is_looked_up_by_its_number() {
        let row = [
            ("RECORDNO", "12"),
            ("CUSTOMERID", "BC-7"),
            ("STATE", "Posted"),
            ("TRX_TOTALENTERED", "5"),
            ("RECEIPTDATE", "03/10/2026"),
        ];
        let result = FunctionResult::of_rows(&[&row], Some(0));
        let found = documents(Object::Payment, &result).unwrap();
        assert_eq!((found[0].record.as_str(), found[0].number.as_str()), ("12", ""));
        assert_eq!(lookup::documents(&result), Err(LookupError::Field { field: "number" }));
    }

    #[test]
    fn a_journal_entry_has_its_date_and_state_from_its_header() {
        let line = [("RECORDNO", "1"), ("BATCHNO", "7"), ("ACCOUNTNO", "4000"), ("TR_TYPE", "1"), ("TRX_AMOUNT", "5")];
        let found = documents(Object::Journal, &FunctionResult::of_rows(&[&line], Some(0))).unwrap().remove(0);
        let header = [("RECORDNO", "7"), ("BATCH_DATE", "03/10/2026"), ("STATE", "Draft")];
        let found = with_entry(found, &FunctionResult::of_rows(&[&header], Some(0))).unwrap();
        assert_eq!((found.date, found.is_posted()), (Some("2026-03-10".parse().unwrap()), false));
    }
}
