//! The fields of Order Entry documents and where their values come from.

use super::super::sales::SalesDocument;
use super::super::values::{print_amount, print_date, print_stamp};
use super::Field;
use super::Kind::{Date, Number, Text};

pub(super) const SALES: &[Field] = &[
    ("RECORDNO", Number),
    ("DOCID", Text),
    ("DOCNO", Text),
    ("DOCPARID", Text),
    ("CUSTVENDID", Text),
    ("STATE", Text),
    ("PONUMBER", Text),
    ("MESSAGE", Text),
    ("CREATEDFROM", Text),
    ("WHENCREATED", Date),
    ("WHENPOSTED", Date),
    ("WHENDUE", Date),
    ("CURRENCY", Text),
    ("TOTAL", Number),
    ("TRX_TOTAL", Number),
    ("PRRECORDKEY", Number),
    ("AUWHENCREATED", Text),
    ("WHENMODIFIED", Text),
    ("MEGAENTITYID", Text),
];

/// The value of a field; `None` when the document has no such field or no value in it.
pub(super) fn sales_value(document: &SalesDocument, field: &str) -> Option<String> {
    Some(match field {
        "RECORDNO" => document.record_no.to_string(),
        "DOCID" => document.id.clone(),
        "DOCNO" => document.number.clone(),
        "DOCPARID" => document.definition.clone(),
        "CUSTVENDID" => document.customer_id.clone(),
        "STATE" => document.state.label().to_owned(),
        "PONUMBER" => document.reference.clone(),
        "MESSAGE" => document.message.clone(),
        "CREATEDFROM" => document.created_from.clone()?,
        "WHENCREATED" => print_date(document.date),
        "WHENPOSTED" => print_date(document.posting_date),
        "WHENDUE" => print_date(document.due_date),
        "CURRENCY" => document.currency.clone(),
        "TOTAL" => print_amount(document.total * document.rate),
        "TRX_TOTAL" => print_amount(document.total),
        "PRRECORDKEY" => document.receivable?.to_string(),
        "AUWHENCREATED" | "WHENMODIFIED" => print_stamp(document.recorded_at),
        "MEGAENTITYID" => document.entity.clone()?,
        other => document.custom_fields.get(other)?.clone(),
    })
}
