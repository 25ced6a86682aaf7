//! The fields of payments, advances and their details.

use super::super::functions::CREDITS;
use super::super::records::{Payment, PaymentKind};
use super::super::values::{print_amount, print_date, print_stamp};
use super::Field;
use super::Kind::{Date, Number, Stamp, Text};
use super::fields::state;

pub(super) const PAYMENT: &[Field] = &[
    ("RECORDNO", Number),
    ("RECORDTYPE", Text),
    ("DOCNUMBER", Text),
    ("CUSTOMERID", Text),
    ("PAYERNAME", Text),
    ("DESCRIPTION", Text),
    ("PAYMENTMETHOD", Text),
    ("STATE", Text),
    ("FINANCIALENTITY", Text),
    ("UNDEPOSITEDACCOUNTNO", Text),
    ("RECEIPTDATE", Date),
    ("PAYMENTDATE", Date),
    ("WHENCREATED", Date),
    ("CURRENCY", Text),
    ("TOTALENTERED", Number),
    ("TRX_TOTALENTERED", Number),
    ("AUWHENCREATED", Stamp),
    ("WHENMODIFIED", Stamp),
    ("MEGAENTITYID", Text),
];

pub(super) const APPLICATION: &[Field] = &[
    ("PAYMENTKEY", Number),
    ("RECORDKEY", Number),
    ("TRX_PAYMENTAMOUNT", Number),
    ("ADJUSTMENTKEY", Number),
    ("TRX_ADJUSTMENTAMOUNT", Number),
    ("NEGATIVEINVOICEKEY", Number),
    ("TRX_NEGATIVEINVOICEAMOUNT", Number),
    ("OVERPAYMENTKEY", Number),
    ("TRX_POSTEDOVERPAYMENTAMOUNT", Number),
    ("ADVANCEKEY", Number),
    ("TRX_POSTEDADVANCEAMOUNT", Number),
    ("INLINEKEY", Number),
    ("TRX_INLINEAMOUNT", Number),
    ("TRX_DISCOUNTAMOUNT", Number),
];

pub(super) fn payment_value(payment: &Payment, field: &str) -> Option<String> {
    Some(match field {
        "RECORDNO" => payment.record_no.to_string(),
        "RECORDTYPE" => match payment.kind {
            PaymentKind::Payment => "rp".to_owned(),
            PaymentKind::Advance => "rr".to_owned(),
        },
        "DOCNUMBER" => payment.reference.clone(),
        "CUSTOMERID" => payment.customer_id.clone()?,
        "PAYERNAME" => payment.payer.clone()?,
        "DESCRIPTION" => payment.description.clone(),
        "PAYMENTMETHOD" => payment.method.clone(),
        "STATE" => state(payment.state),
        "FINANCIALENTITY" => payment.bank_account.clone()?,
        "UNDEPOSITEDACCOUNTNO" if payment.bank_account.is_none() => payment.account.clone(),
        "RECEIPTDATE" | "WHENCREATED" => print_date(payment.receipt_date),
        "PAYMENTDATE" => print_date(payment.payment_date),
        "CURRENCY" => payment.currency.clone(),
        "TOTALENTERED" => print_amount(payment.amount * payment.rate),
        "TRX_TOTALENTERED" => print_amount(payment.amount),
        "AUWHENCREATED" | "WHENMODIFIED" => print_stamp(payment.recorded_at),
        "MEGAENTITYID" => payment.entity.clone()?,
        own => payment.custom_fields.get(own)?.clone(),
    })
}

pub(super) fn application_value(payment: &Payment, index: usize, field: &str) -> Option<String> {
    let application = payment.applications.get(index)?;
    Some(match field {
        "PAYMENTKEY" => payment.record_no.to_string(),
        "RECORDKEY" => application.document.to_string(),
        "TRX_PAYMENTAMOUNT" => print_amount(application.cash),
        "TRX_DISCOUNTAMOUNT" => print_amount(application.discount),
        other => {
            let kind = application.credit_kind?;
            let (_, key, _, amount) = CREDITS.iter().find(|(credit, ..)| *credit == kind)?;
            match other {
                name if name == *key => application.credit_from?.to_string(),
                name if name == *amount => print_amount(application.credit),
                _ => return None,
            }
        }
    })
}
