//! Journal entries found by our number: read page by page, because an entry may have more lines than one answer holds.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{FoundDocument, LookupError, decimal, record_number, required, text};
use crate::intacct::functions::query::LARGEST_PAGE;
use crate::intacct::functions::{Filter, Query};
use crate::intacct::response::{FunctionResult, Record};
use crate::intacct::tree::{self, Element};

/// Lines that one look-up reads.
pub const LINES_OF_A_PAGE: u16 = LARGEST_PAGE;

const FIELDS: [&str; 7] = ["RECORDNO", "BATCHNO", "DOCUMENT", "ACCOUNTNO", "TR_TYPE", "TRX_AMOUNT", "CURRENCY"];

/// A line of a journal entry: account and amount in the entry's currency, debits positive, credits negative.
pub type EntryLine = (String, Decimal);

/// The lines with one number, as far as they are read. They are read in the order of their record numbers, each page
/// from the last one on, so that nothing moves between two pages.
#[derive(Debug, Default)]
pub struct JournalLines {
    rows: Vec<Record>,
    last: u64,
}

impl JournalLines {
    /// Asks for the next page: lines with our number, which stands on each of them.
    pub fn next(&self, number: &str, page: u16) -> Query {
        let after = (self.last > 0).then_some(self.last);
        Query { page_size: page, after, ..Query::new("GLENTRY", &FIELDS, Some(Filter::equal("DOCUMENT", number))) }
    }

    /// Takes a page; answers whether there are more.
    ///
    /// # Errors
    /// [`LookupError`] when a row lacks its number, or the pages do not get on.
    pub fn take(&mut self, page: &FunctionResult) -> Result<bool, LookupError> {
        let before = self.last;
        for row in &page.records {
            self.last = self.last.max(record_number(row)?);
        }
        self.rows.extend(page.records.iter().cloned());
        match page.remaining.unwrap_or_default() {
            0 => Ok(false),
            remaining if self.last == before => Err(LookupError::MoreRows { remaining }),
            _ => Ok(true),
        }
    }

    /// One document per entry, its total the sum of its debits. A line's `BATCHNO` is the record number of its entry
    /// (Intacct docs, journal entries).
    ///
    /// # Errors
    /// [`LookupError`] when a row lacks what decides.
    pub fn entries(&self) -> Result<Vec<FoundDocument>, LookupError> {
        let mut found: BTreeMap<u64, FoundDocument> = BTreeMap::new();
        for row in &self.rows {
            let batch = required(row, "BATCHNO")?;
            let record_number = batch.parse().map_err(|_| LookupError::Field { field: "BATCHNO" })?;
            let amount = decimal(row, "TRX_AMOUNT")?.ok_or(LookupError::Field { field: "TRX_AMOUNT" })?;
            let debit = required(row, "TR_TYPE")? == "1";
            let entry = found.entry(record_number).or_insert_with(|| FoundDocument {
                record: record_number.to_string(),
                number: text(row, "DOCUMENT").unwrap_or_default().to_owned(),
                customer_id: String::new(),
                state: "Posted".to_owned(),
                currency: text(row, "CURRENCY").map(ToOwned::to_owned),
                total: Decimal::ZERO,
                due: None,
                description: None,
                date: None,
                lines: Vec::new(),
            });
            if debit {
                entry.total += amount;
            }
            entry.lines.push((required(row, "ACCOUNTNO")?.to_owned(), if debit { amount } else { -amount }));
        }
        Ok(found.into_values().collect())
    }
}

/// The lines of a journal entry as its stored request says them; none of a request that is no journal entry.
pub fn sent_lines(request: &str) -> Vec<EntryLine> {
    let Ok(root) = tree::read(request.as_bytes()) else { return Vec::new() };
    let entries = root.find(&["GLBATCH", "ENTRIES"]);
    let line = |entry: &Element| {
        let amount = Decimal::from_str_exact(entry.text_of("TRX_AMOUNT")?).ok()?;
        let debit = entry.text_of("TR_TYPE") == Some("1");
        Some((entry.text_of("ACCOUNTNO")?.to_owned(), if debit { amount } else { -amount }))
    };
    entries.map_or_else(Vec::new, |entries| entries.children_named("GLENTRY").filter_map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::Function;
    use crate::intacct::lookup::tests::rows;

    fn line(number: &'static str, side: &'static str, amount: &'static str) -> [(&'static str, &'static str); 6] {
        [
            ("RECORDNO", number),
            ("BATCHNO", "61"),
            ("DOCUMENT", "SH-9"),
            ("ACCOUNTNO", "4000"),
            ("TR_TYPE", side),
            ("TRX_AMOUNT", amount),
        ]
    }

    #[test]
    fn lines_are_asked_for_from_the_last_one_on() {
        let mut lines = JournalLines::default();
        let body = Function::Query(lines.next("SH-9", 2)).body();
        assert!(
            body.contains("<filter><equalto><field>DOCUMENT</field><value>SH-9</value></equalto></filter>"),
            "{body}"
        );
        assert!(body.contains("<pagesize>2</pagesize>"));
        let mut page = rows(&[&line("7", "1", "10.00"), &line("9", "-1", "4.00")]);
        page.remaining = Some(1);
        assert_eq!(lines.take(&page), Ok(true));
        let body = Function::Query(lines.next("SH-9", 2)).body();
        assert!(body.contains("<greaterthan><field>RECORDNO</field><value>9</value></greaterthan>"), "{body}");
        assert_eq!(lines.take(&rows(&[&line("12", "-1", "6.00")])), Ok(false));
        let entries = lines.entries().unwrap();
        assert_eq!((entries.len(), entries[0].record.as_str(), entries[0].total), (1, "61", "10".parse().unwrap()));
        assert_eq!(entries[0].lines.len(), 3);
    }

    #[test]
    fn pages_that_do_not_get_on_are_an_error() {
        let mut lines = JournalLines::default();
        let mut page = rows(&[]);
        page.remaining = Some(5);
        assert_eq!(lines.take(&page), Err(LookupError::MoreRows { remaining: 5 }));
        assert!(JournalLines::default().entries().unwrap().is_empty());
    }

    #[test]
    fn what_was_sent_is_read_from_the_stored_request() {
        let request = "<create><GLBATCH><JOURNAL>GJ</JOURNAL><ENTRIES>\
             <GLENTRY><ACCOUNTNO>1010</ACCOUNTNO><TRX_AMOUNT>12.50</TRX_AMOUNT><TR_TYPE>1</TR_TYPE></GLENTRY>\
             <GLENTRY><ACCOUNTNO>4000</ACCOUNTNO><TRX_AMOUNT>12.50</TRX_AMOUNT><TR_TYPE>-1</TR_TYPE></GLENTRY>\
             </ENTRIES></GLBATCH></create>";
        let amount: Decimal = "12.50".parse().unwrap();
        assert_eq!(sent_lines(request), [("1010".to_owned(), amount), ("4000".to_owned(), -amount)]);
        assert!(sent_lines("<create_invoice/>").is_empty() && sent_lines("no xml").is_empty());
    }
}
