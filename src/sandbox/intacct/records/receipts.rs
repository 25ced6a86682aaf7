//! Money that came in without a customer, and its way to the bank.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::ReceivableLine;

/// An other receipt: money without a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherReceipt {
    /// RECORDNO, from the sequence of the payments.
    pub record_no: u64,
    /// Who paid (`payee` in the request).
    pub payer: String,
    /// How it was paid.
    pub method: String,
    /// The reference number (`refid`).
    pub reference: String,
    /// Free text.
    pub description: String,
    /// The date in the ledger.
    pub date: Date,
    /// The day it was received.
    pub received: Date,
    /// The account the money went to.
    pub account: String,
    /// The bank account, when that was named instead of an account.
    pub bank_account: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Base currency per unit.
    pub rate: Decimal,
    /// What it is for.
    pub lines: Vec<ReceivableLine>,
    /// Sum of the lines with their taxes, in its currency.
    pub amount: Decimal,
    /// RECORDNO of the deposit that brought it to the bank.
    pub deposit: Option<u64>,
    /// Its attachment.
    pub attachment: Option<String>,
    /// Custom fields of the header.
    pub custom_fields: BTreeMap<String, String>,
    /// The entity that owns it.
    pub entity: Option<String>,
    /// When it was made (UTC).
    pub recorded_at: Timestamp,
}

/// A deposit: receipts that went to the bank together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// RECORDNO.
    pub record_no: u64,
    /// The deposit's own id.
    pub id: String,
    /// The bank account.
    pub bank_account: String,
    /// The date in the ledger.
    pub date: Date,
    /// RECORDNO of the payments, advances and other receipts in it.
    pub receipts: Vec<u64>,
    /// Their sum in base currency, which is the currency of the bank account.
    pub amount: Decimal,
    /// Free text.
    pub description: String,
    /// Its attachment.
    pub attachment: Option<String>,
    /// Custom fields.
    pub custom_fields: BTreeMap<String, String>,
    /// The entity that owns it.
    pub entity: Option<String>,
    /// When it was made (UTC).
    pub recorded_at: Timestamp,
}
