//! The support of a summary: one row per document, in an order that does not depend on when it came, with the totals.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::{Document, DocumentKind};
use super::super::money::Currency;
use super::super::spreadsheet::guarded;

/// The names of the columns.
const COLUMNS: [&str; 14] = [
    "summary",
    "order",
    "document",
    "number",
    "kind",
    "date",
    "original_date",
    "customer",
    "reference",
    "currency",
    "total",
    "receivable",
    "debits",
    "credits",
];

/// One document of a summary. Amounts are in major units of the summary's currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SupportRow {
    /// BigCommerce's order id.
    pub order: Option<u64>,
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// Its key.
    pub document: String,
    /// The number it would have in Intacct by itself.
    pub number: String,
    /// Its posting date, in the store's time zone.
    pub date: Date,
    /// The day it really happened, in the store's time zone.
    pub original_date: Date,
    /// The Intacct customer id the buyer would have; daily mode makes no customers.
    pub customer: Option<String>,
    /// The gateway's own reference of the payment.
    pub reference: Option<String>,
    /// What the document is about.
    pub total: Decimal,
    /// On the receivable account; a debit above zero, a credit below.
    pub receivable: Decimal,
    /// Debits on all other accounts.
    pub debits: Decimal,
    /// Credits on all other accounts.
    pub credits: Decimal,
}

impl SupportRow {
    /// The row of a document; `receivable` is the account that the summary nets.
    pub(super) fn of(document: &Document, receivable: &str) -> Self {
        let mut row = Self {
            order: document.order_id,
            kind: document.kind,
            document: document.key.as_str().to_owned(),
            number: document.number.clone(),
            date: document.date,
            original_date: document.original_date,
            customer: document.customer.as_ref().map(|customer| customer.intacct_id.clone()),
            reference: document.reference.clone(),
            total: document.total,
            receivable: Decimal::ZERO,
            debits: Decimal::ZERO,
            credits: Decimal::ZERO,
        };
        for line in &document.lines {
            if line.account == receivable {
                row.receivable += line.signed();
            } else {
                row.debits += line.debit;
                row.credits += line.credit;
            }
        }
        row
    }
}

/// The documents of a summary, by order, kind and key.
#[derive(Debug, Clone, PartialEq)]
pub struct Support {
    /// The number of the summary journal.
    pub number: String,
    /// The currency of all amounts.
    pub currency: Currency,
    /// One row per document.
    pub rows: Vec<SupportRow>,
}

impl Support {
    /// Sorts the rows.
    pub(super) fn new(number: String, currency: Currency, mut rows: Vec<SupportRow>) -> Self {
        rows.sort_unstable();
        Self { number, currency, rows }
    }

    /// Receivable, other debits and other credits of all rows: the receivable line of the journal, and the sums of its
    /// other debits and credits.
    pub fn totals(&self) -> (Decimal, Decimal, Decimal) {
        let sum = |amount: fn(&SupportRow) -> Decimal| self.rows.iter().map(amount).sum();
        (sum(|row| row.receivable), sum(|row| row.debits), sum(|row| row.credits))
    }

    /// As comma-separated values with a header, and the totals as last row. The same documents give the same bytes.
    pub fn csv(&self) -> String {
        // Writing into memory cannot fail, and rows of any length are taken.
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let _ = writer.write_record(COLUMNS);
        for row in &self.rows {
            let _ = writer.write_record(self.fields(row));
        }
        let (receivable, debits, credits) = self.totals();
        let mut last = vec![self.number.clone(), "total".to_owned()];
        last.resize(COLUMNS.len() - 5, String::new());
        last.extend([self.currency.to_string(), String::new()]);
        last.extend([receivable, debits, credits].map(|amount| self.amount(amount)));
        let _ = writer.write_record(last);
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }

    fn fields(&self, row: &SupportRow) -> [String; 14] {
        [
            guarded(&self.number),
            row.order.map(|order| order.to_string()).unwrap_or_default(),
            guarded(&row.document),
            guarded(&row.number),
            row.kind.to_string(),
            row.date.to_string(),
            row.original_date.to_string(),
            guarded(row.customer.as_deref().unwrap_or_default()),
            guarded(row.reference.as_deref().unwrap_or_default()),
            self.currency.to_string(),
            self.amount(row.total),
            self.amount(row.receivable),
            self.amount(row.debits),
            self.amount(row.credits),
        ]
    }

    fn amount(&self, amount: Decimal) -> String {
        self.currency.round(amount).to_string()
    }
}
