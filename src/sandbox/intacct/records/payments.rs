//! Payments and advances, and what they paid.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Dimensions, DocumentState};

/// What kind of credit pays a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditKind {
    /// A negative adjustment.
    CreditMemo,
    /// An invoice whose total is negative.
    NegativeInvoice,
    /// A negative line of the document itself.
    Inline,
    /// What is left over of a payment.
    Overpayment,
    /// An advance.
    Advance,
}

/// An amount on one line of a document or of a credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portion {
    /// RECORDNO of the line.
    pub line: u64,
    /// In the payment's currency, never negative.
    pub amount: Decimal,
}

/// Money or credit that a payment put on one document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// RECORDNO of the invoice or debit memo.
    pub document: u64,
    /// Cash applied, in the payment's currency.
    pub cash: Decimal,
    /// Credit applied, in the payment's currency.
    pub credit: Decimal,
    /// RECORDNO of what the credit came from.
    pub credit_from: Option<u64>,
    /// What that is.
    #[serde(default)]
    pub credit_kind: Option<CreditKind>,
    /// Discount given beside, in the payment's currency.
    #[serde(default)]
    pub discount: Decimal,
    /// The lines of the document that were paid.
    #[serde(default)]
    pub document_lines: Vec<Portion>,
    /// The lines of the credit that were used.
    #[serde(default)]
    pub credit_lines: Vec<Portion>,
    /// What was taken off the document, in base currency.
    #[serde(default)]
    pub settled_base: Decimal,
    /// What was taken off the credit, in base currency.
    #[serde(default)]
    pub credited_base: Decimal,
}

/// How a payment came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// ARPYMT: money for documents, or credit applied to them.
    #[default]
    Payment,
    /// ARADVANCE: money before there is a document.
    Advance,
}

/// Money of a payment that no document has used yet: what was paid too much, or an item of an advance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnappliedLine {
    /// RECORDNO of the line.
    pub record_no: u64,
    /// The account it is kept on.
    pub account: String,
    /// In the payment's currency.
    pub amount: Decimal,
    /// How much of it was used since.
    pub used: Decimal,
    /// Free text.
    pub memo: String,
    /// Its dimensions.
    pub dimensions: Dimensions,
}

/// A customer's payment, an application of credit without cash, or an advance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// RECORDNO.
    pub record_no: u64,
    /// Payment or advance.
    #[serde(default)]
    pub kind: PaymentKind,
    /// CUSTOMERID; `None` when one payer paid for several customers.
    pub customer_id: Option<String>,
    /// PAYERNAME: who paid for several customers.
    #[serde(default)]
    pub payer: Option<String>,
    /// PAYMENTMETHOD.
    pub method: String,
    /// DOCNUMBER: the gateway's transaction reference.
    pub reference: String,
    /// DESCRIPTION.
    pub description: String,
    /// RECEIPTDATE: the date in the ledger.
    pub receipt_date: Date,
    /// PAYMENTDATE.
    pub payment_date: Date,
    /// The account the cash went to.
    pub account: String,
    /// The bank account, when that was named instead of an account.
    pub bank_account: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Base currency per unit.
    pub rate: Decimal,
    /// Cash in total, overpayment included, in the payment's currency.
    pub amount: Decimal,
    /// Cash beyond the documents, still to be used as credit; of an advance what is still unapplied.
    pub overpayment_open: Decimal,
    /// The same in base currency.
    #[serde(default)]
    pub overpayment_open_base: Decimal,
    /// The lines of that cash.
    #[serde(default)]
    pub unapplied: Vec<UnappliedLine>,
    /// The documents paid.
    pub applications: Vec<Application>,
    /// Draft, posted or reversed.
    pub state: DocumentState,
    /// The day it was reversed.
    #[serde(default)]
    pub reversed_on: Option<Date>,
    /// RECORDNO of the deposit that brought it to the bank.
    #[serde(default)]
    pub deposit: Option<u64>,
    /// SUPDOCID: its attachment.
    #[serde(default)]
    pub attachment: Option<String>,
    /// Custom fields.
    #[serde(default)]
    pub custom_fields: BTreeMap<String, String>,
    /// The entity that owns it.
    pub entity: Option<String>,
    /// When it was made (UTC).
    pub recorded_at: Timestamp,
}
