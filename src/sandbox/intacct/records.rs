//! What stands in the books: customers, receivables, payments, journals, and the lines they made in the ledger.

mod payments;
mod receipts;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use self::payments::{Application, CreditKind, Payment, PaymentKind, Portion, UnappliedLine};
pub use self::receipts::{Deposit, OtherReceipt};
use super::chart::Side;

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// RECORDNO.
    pub record_no: u64,
    /// CUSTOMERID.
    pub id: String,
    /// NAME.
    pub name: String,
    /// Whether documents can be made for it.
    pub active: bool,
    /// The name of its display contact.
    pub contact_name: String,
    /// Every other field as it was sent, nested ones with dots (`DISPLAYCONTACT.EMAIL1`).
    pub fields: BTreeMap<String, String>,
    /// The entity that owns it; `None` for the top level.
    pub entity: Option<String>,
    /// When it was made (UTC).
    pub recorded_at: Timestamp,
    /// When it was last changed (UTC).
    #[serde(default)]
    pub modified_at: Timestamp,
}

/// A contact: the display contact of a customer, or one made by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// RECORDNO.
    pub record_no: u64,
    /// CONTACTNAME, unique in the company.
    pub name: String,
    /// Every field as it was sent, nested ones with dots; the country code as `MAILADDRESS.COUNTRYCODE`.
    pub fields: BTreeMap<String, String>,
    /// The entity that owns it.
    pub entity: Option<String>,
    /// When it was made (UTC).
    pub recorded_at: Timestamp,
    /// When it was last changed (UTC).
    #[serde(default)]
    pub modified_at: Timestamp,
}

/// Which kind of receivable document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceivableKind {
    /// ARINVOICE.
    Invoice,
    /// ARADJUSTMENT: a credit memo when its total is negative, a debit memo when positive.
    Adjustment,
}

/// Whether a document counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// Kept, but not in the ledger.
    Draft,
    /// In the ledger.
    Posted,
    /// Taken out of the ledger again, on a day of its own.
    Reversed,
}

/// The dimensions of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimensions {
    /// Location.
    pub location: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Class.
    pub class: Option<String>,
    /// Item.
    pub item: Option<String>,
    /// Customer.
    pub customer: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// The company's own dimensions by name, each with the record number of its value.
    #[serde(default)]
    pub user_defined: BTreeMap<String, u64>,
}

/// Tax of a line, on top of its amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// The tax detail.
    pub detail: String,
    /// The account of the tax detail.
    pub account: String,
    /// In the document's currency, with the sign of the line.
    pub amount: Decimal,
}

/// A line of an invoice or adjustment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivableLine {
    /// RECORDNO of the line.
    pub record_no: u64,
    /// The account credited (debited when the amount is negative).
    pub account: String,
    /// In the document's currency.
    pub amount: Decimal,
    /// Free text.
    pub memo: String,
    /// Its dimensions.
    pub dimensions: Dimensions,
    /// Its taxes, on top of the amount.
    #[serde(default)]
    pub taxes: Vec<LineTax>,
    /// Its custom fields.
    #[serde(default)]
    pub custom_fields: BTreeMap<String, String>,
    /// How much of amount and taxes is paid (of a credit: used), with their sign.
    #[serde(default)]
    pub paid: Decimal,
}

impl ReceivableLine {
    /// Amount and taxes.
    pub fn total(&self) -> Decimal {
        self.amount + self.taxes.iter().map(|tax| tax.amount).sum::<Decimal>()
    }
}

/// An invoice or adjustment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receivable {
    /// RECORDNO; invoices, adjustments and payments share one sequence.
    pub record_no: u64,
    /// Invoice or adjustment.
    pub kind: ReceivableKind,
    /// RECORDID: the invoice or adjustment number.
    pub number: String,
    /// DOCNUMBER: the purchase order of an invoice, the invoice number an adjustment refers to.
    pub reference: String,
    /// CUSTOMERID.
    pub customer_id: String,
    /// Date of the document.
    pub date: Date,
    /// Date in the ledger.
    pub posting_date: Date,
    /// Date due, of an invoice.
    pub due_date: Option<Date>,
    /// Term, of an invoice.
    pub term: Option<String>,
    /// Free text.
    pub description: String,
    /// The sender's own id.
    pub external_id: String,
    /// ISO 4217.
    pub currency: String,
    /// Base currency per unit of the document's currency.
    pub rate: Decimal,
    /// Lines in order.
    pub lines: Vec<ReceivableLine>,
    /// Sum of the lines with their taxes, in the document's currency.
    pub total: Decimal,
    /// What is still to be paid (negative: still to be used), in the document's currency.
    pub open: Decimal,
    /// The same in base currency.
    pub open_base: Decimal,
    /// Draft, posted or reversed.
    pub state: DocumentState,
    /// The day it was reversed.
    #[serde(default)]
    pub reversed_on: Option<Date>,
    /// SUPDOCID: its attachment.
    #[serde(default)]
    pub attachment: Option<String>,
    /// Custom fields of the header.
    pub custom_fields: BTreeMap<String, String>,
    /// Whether an Order Entry document made it (MODULEKEY `8.SO`), and not Accounts Receivable itself (`4.AR`).
    #[serde(default)]
    pub from_order_entry: bool,
    /// The entity that owns it.
    pub entity: Option<String>,
    /// When it was made (UTC).
    pub recorded_at: Timestamp,
}

/// A line of a journal entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine {
    /// RECORDNO of the line.
    pub record_no: u64,
    /// The account.
    pub account: String,
    /// Debit or credit.
    pub side: Side,
    /// In the line's currency, never negative.
    pub amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// Base currency per unit.
    pub rate: Decimal,
    /// DOCUMENT.
    pub document: String,
    /// DESCRIPTION.
    pub description: String,
    /// Its dimensions.
    pub dimensions: Dimensions,
    /// Its custom fields.
    #[serde(default)]
    pub custom_fields: BTreeMap<String, String>,
}

/// A journal entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// RECORDNO.
    pub record_no: u64,
    /// BATCHNO: the number people see, counted per journal.
    pub number: u64,
    /// The journal's symbol.
    pub journal: String,
    /// BATCH_DATE.
    pub date: Date,
    /// REVERSEDATE: the day it is reversed by itself.
    pub reverse_date: Option<Date>,
    /// BATCH_TITLE.
    pub title: String,
    /// REFERENCENO.
    pub reference: String,
    /// SUPDOCID: its attachment.
    #[serde(default)]
    pub attachment: Option<String>,
    /// HISTORY_COMMENT.
    #[serde(default)]
    pub history_comment: String,
    /// Custom fields of the header.
    #[serde(default)]
    pub custom_fields: BTreeMap<String, String>,
    /// Draft or posted.
    pub state: DocumentState,
    /// Lines in order.
    pub lines: Vec<JournalLine>,
    /// The entity that owns it.
    pub entity: Option<String>,
    /// When it was made (UTC).
    pub recorded_at: Timestamp,
}

/// A file of an attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedFile {
    /// Its name without extension.
    pub name: String,
    /// Its extension.
    pub extension: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// An attachment: files that documents can name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The number a create answers.
    pub record_no: u64,
    /// Its id, unique in the company.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The folder it is in.
    pub folder: String,
    /// Free text.
    pub description: String,
    /// Its files.
    pub files: Vec<AttachedFile>,
    /// When it was made (UTC).
    pub recorded_at: Timestamp,
}

/// One line of the general ledger, in base currency. One of the two amounts is zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Posting date.
    pub date: Date,
    /// Account number.
    pub account: String,
    /// Debit amount.
    pub debit: Decimal,
    /// Credit amount.
    pub credit: Decimal,
    /// Dimensions.
    pub dimensions: Dimensions,
    /// Free text.
    pub memo: String,
    /// The object that made it, such as `ARINVOICE`.
    pub source: String,
    /// Its RECORDNO.
    pub source_record_no: u64,
}

/// The balance of one account, on the side where it stands, in base currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialBalanceRow {
    /// Account number.
    pub account: String,
    /// Account title.
    pub title: String,
    /// The balance when it is a debit balance, else zero.
    pub debit: Decimal,
    /// The balance when it is a credit balance, else zero.
    pub credit: Decimal,
}
