//! Finding Order Entry documents: queries on SODOCUMENT, and what their rows say (Intacct docs, Order Entry transactions).
//!
//! A document is named by its id, `<definition>-<number>`. Its receivable is a record of its own, made anew under another
//! record number whenever the document is edited: it is read before each use and never kept.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::functions::query::{LARGEST_PAGE, LONGEST_LIST};
use super::functions::{Filter, Query};
use super::lookup::{FoundDocument, LookupError, complete, decimal, required, text};
use super::response::{FunctionResult, Record};

/// An Order Entry document that the company has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundOrderEntry {
    /// Its id, for example `Sales Invoice-BC-118`.
    pub id: String,
    /// The customer.
    pub customer_id: String,
    /// State in Intacct's words, for example `Pending` or `Draft`.
    pub state: String,
    /// Currency (ISO 4217), when the company shows one.
    pub currency: Option<String>,
    /// Total in the document's currency.
    pub total: Decimal,
}

impl From<FoundOrderEntry> for FoundDocument {
    fn from(found: FoundOrderEntry) -> Self {
        Self {
            number: String::new(),
            customer_id: found.customer_id,
            // A draft may be shown by its letter.
            state: if found.state == "I" { "Draft".to_owned() } else { found.state },
            currency: found.currency,
            total: found.total,
            due: None,
            description: None,
            date: None,
            lines: Vec::new(),
            record: found.id,
        }
    }
}

/// Whether what is kept of a posted document is the id of an Order Entry document: those hold a name and a hyphen, and
/// record numbers are digits only.
pub fn is_id(record: &str) -> bool {
    record.contains('-') && record.parse::<u64>().is_err()
}

/// Finds a document of a transaction definition by its number and customer.
pub fn by_number(definition: &str, number: &str, customer_id: &str) -> Query {
    let fields = ["RECORDNO", "DOCID", "DOCNO", "CUSTVENDID", "STATE", "CURRENCY", "TOTAL", "TRX_TOTAL"];
    let filter = Filter::And(vec![Filter::equal("DOCNO", number), Filter::equal("CUSTVENDID", customer_id)]);
    Query { definition: Some(definition.to_owned()), ..Query::new("SODOCUMENT", &fields, Some(filter)) }
}

/// Reads the receivables of documents by their ids, at most 1000 ids each.
pub fn receivables_of(ids: &BTreeSet<&str>) -> Vec<Query> {
    let ids: Vec<&str> = ids.iter().copied().collect();
    ids.chunks(LONGEST_LIST)
        .map(|chunk| {
            let values = chunk.iter().map(|id| (*id).to_owned()).collect();
            let filter = Filter::In { field: "DOCID".to_owned(), values };
            let fields = ["RECORDNO", "DOCID", "PRRECORDKEY"];
            Query { page_size: LARGEST_PAGE, ..Query::new("SODOCUMENT", &fields, Some(filter)) }
        })
        .collect()
}

/// Reads the rows of [`by_number`].
///
/// # Errors
/// [`LookupError`] when a row lacks what decides, or the answer is not complete.
pub fn documents(result: &FunctionResult) -> Result<Vec<FoundOrderEntry>, LookupError> {
    let read = |row: &Record| {
        // Without multi-currency only the total in base currency is there.
        let total = decimal(row, "TRX_TOTAL")?.map_or_else(|| decimal(row, "TOTAL"), |total| Ok(Some(total)))?;
        Ok(FoundOrderEntry {
            id: required(row, "DOCID")?.to_owned(),
            customer_id: required(row, "CUSTVENDID")?.to_owned(),
            state: required(row, "STATE")?.to_owned(),
            currency: text(row, "CURRENCY").map(ToOwned::to_owned),
            total: total.ok_or(LookupError::Field { field: "TOTAL" })?,
        })
    };
    complete(result)?.iter().map(read).collect()
}

/// Reads the rows of [`receivables_of`]: the record number of each document's receivable, by the document's id. One that
/// posts none, such as a draft, is left out.
///
/// # Errors
/// [`LookupError`] when a row lacks its id, or the answer is not complete.
pub fn receivables(result: &FunctionResult) -> Result<BTreeMap<String, u64>, LookupError> {
    let mut found = BTreeMap::new();
    for row in complete(result)? {
        let id = required(row, "DOCID")?;
        if let Some(key) = text(row, "PRRECORDKEY") {
            let record = key.parse().map_err(|_| LookupError::Field { field: "PRRECORDKEY" })?;
            found.insert(id.to_owned(), record);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::Function;

    fn rows(rows: &[&[(&str, &str)]]) -> FunctionResult {
        FunctionResult::of_rows(rows, Some(0))
    }

    #[test]
    fn a_document_is_asked_for_by_definition_number_and_customer_in_all_entities() {
        let body = Function::Query(by_number("Sales Invoice", "BC-118", "BC-7")).body();
        for part in [
            "<object>SODOCUMENT</object>",
            "<docparid>Sales Invoice</docparid>",
            "<equalto><field>DOCNO</field><value>BC-118</value></equalto>",
            "<equalto><field>CUSTVENDID</field><value>BC-7</value></equalto>",
            "<showprivate>true</showprivate>",
        ] {
            assert!(body.contains(part), "{part} in {body}");
        }
    }

    #[test]
    fn the_total_is_that_of_the_documents_currency() {
        let row =
            [("DOCID", "Sales Invoice-BC-118"), ("CUSTVENDID", "BC-7"), ("STATE", "Pending"), ("TOTAL", "129.12")];
        let base = documents(&rows(&[&row])).unwrap();
        assert_eq!(base[0].total, "129.12".parse().unwrap());
        assert!(FoundDocument::from(base[0].clone()).is_posted());
        let foreign = [&row[..], &[("TRX_TOTAL", "119.00"), ("CURRENCY", "EUR")]].concat();
        assert_eq!(documents(&rows(&[&foreign])).unwrap()[0].total, "119.00".parse().unwrap());
        assert_eq!(documents(&rows(&[&row[..3]])), Err(LookupError::Field { field: "TOTAL" }));
    }

    #[test]
    fn a_document_without_a_receivable_has_none_and_a_strange_one_is_told() {
        let found = receivables(&rows(&[
            &[("DOCID", "Sales Invoice-BC-118"), ("PRRECORDKEY", "2091")],
            &[("DOCID", "Sales Invoice-BC-119"), ("PRRECORDKEY", "")],
        ]));
        assert_eq!(found.unwrap(), BTreeMap::from([("Sales Invoice-BC-118".to_owned(), 2091)]));
        let strange = receivables(&rows(&[&[("DOCID", "Sales Invoice-BC-118"), ("PRRECORDKEY", "x")]]));
        assert_eq!(strange, Err(LookupError::Field { field: "PRRECORDKEY" }));
        assert!(is_id("Sales Invoice-BC-118") && !is_id("2091"));
    }
}
