//! The fields of other receipts and deposits. Their names follow those of payments; the documentation at hand names only
//! the objects.

use super::super::records::{Deposit, OtherReceipt};
use super::super::values::{print_amount, print_date, print_stamp};
use super::Field;
use super::Kind::{Date, Number, Stamp, Text};

pub(super) const OTHER_RECEIPT: &[Field] = &[
    ("RECORDNO", Number),
    ("DOCNUMBER", Text),
    ("PAYER", Text),
    ("DESCRIPTION", Text),
    ("PAYMENTMETHOD", Text),
    ("FINANCIALENTITY", Text),
    ("UNDEPOSITEDACCOUNTNO", Text),
    ("RECEIPTDATE", Date),
    ("PAYMENTDATE", Date),
    ("CURRENCY", Text),
    ("TOTALENTERED", Number),
    ("TRX_TOTALENTERED", Number),
    ("SUPDOCID", Text),
    ("WHENMODIFIED", Stamp),
    ("MEGAENTITYID", Text),
];

pub(super) const DEPOSIT: &[Field] = &[
    ("RECORDNO", Number),
    ("DEPOSITID", Text),
    ("BANKACCOUNTID", Text),
    ("DEPOSITDATE", Date),
    ("DESCRIPTION", Text),
    ("TOTALENTERED", Number),
    ("SUPDOCID", Text),
    ("WHENMODIFIED", Stamp),
    ("MEGAENTITYID", Text),
];

pub(super) fn receipt_value(receipt: &OtherReceipt, field: &str) -> Option<String> {
    Some(match field {
        "RECORDNO" => receipt.record_no.to_string(),
        "DOCNUMBER" => receipt.reference.clone(),
        "PAYER" => receipt.payer.clone(),
        "DESCRIPTION" => receipt.description.clone(),
        "PAYMENTMETHOD" => receipt.method.clone(),
        "FINANCIALENTITY" => receipt.bank_account.clone()?,
        "UNDEPOSITEDACCOUNTNO" if receipt.bank_account.is_none() => receipt.account.clone(),
        "RECEIPTDATE" => print_date(receipt.received),
        "PAYMENTDATE" => print_date(receipt.date),
        "CURRENCY" => receipt.currency.clone(),
        "TOTALENTERED" => print_amount(receipt.amount * receipt.rate),
        "TRX_TOTALENTERED" => print_amount(receipt.amount),
        "SUPDOCID" => receipt.attachment.clone()?,
        "WHENMODIFIED" => print_stamp(receipt.recorded_at),
        "MEGAENTITYID" => receipt.entity.clone()?,
        own => receipt.custom_fields.get(own)?.clone(),
    })
}

pub(super) fn deposit_value(deposit: &Deposit, field: &str) -> Option<String> {
    Some(match field {
        "RECORDNO" => deposit.record_no.to_string(),
        "DEPOSITID" => deposit.id.clone(),
        "BANKACCOUNTID" => deposit.bank_account.clone(),
        "DEPOSITDATE" => print_date(deposit.date),
        "DESCRIPTION" => deposit.description.clone(),
        "TOTALENTERED" => print_amount(deposit.amount),
        "SUPDOCID" => deposit.attachment.clone()?,
        "WHENMODIFIED" => print_stamp(deposit.recorded_at),
        "MEGAENTITYID" => deposit.entity.clone()?,
        own => deposit.custom_fields.get(own)?.clone(),
    })
}
