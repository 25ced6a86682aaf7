//! The fields of each object and where their values come from.

use rust_decimal::Decimal;

use super::super::chart::Side;
use super::super::records::{
    Contact, Customer, Dimensions, DocumentState, Journal, Receivable, ReceivableKind, ReceivableLine,
};
use super::super::values::{print_amount, print_date, print_stamp, round};
use super::Kind::{Date, Number, Stamp, Text};
use super::{Field, Row, USER_DEFINED, payments, receipts, sales};

pub(super) const CUSTOMER: &[Field] = &[
    ("RECORDNO", Number),
    ("CUSTOMERID", Text),
    ("NAME", Text),
    ("STATUS", Text),
    ("ENTITY", Text),
    ("CUSTTYPE", Text),
    ("TERMNAME", Text),
    ("CURRENCY", Text),
    ("PARENTID", Text),
    ("RESALENO", Text),
    ("TAXID", Text),
    ("COMMENTS", Text),
    ("DISPLAYCONTACT.CONTACTNAME", Text),
    ("DISPLAYCONTACT.PRINTAS", Text),
    ("DISPLAYCONTACT.COMPANYNAME", Text),
    ("DISPLAYCONTACT.FIRSTNAME", Text),
    ("DISPLAYCONTACT.LASTNAME", Text),
    ("DISPLAYCONTACT.PHONE1", Text),
    ("DISPLAYCONTACT.EMAIL1", Text),
    ("DISPLAYCONTACT.EMAIL2", Text),
    ("DISPLAYCONTACT.MAILADDRESS.ADDRESS1", Text),
    ("DISPLAYCONTACT.MAILADDRESS.ADDRESS2", Text),
    ("DISPLAYCONTACT.MAILADDRESS.CITY", Text),
    ("DISPLAYCONTACT.MAILADDRESS.STATE", Text),
    ("DISPLAYCONTACT.MAILADDRESS.ZIP", Text),
    ("DISPLAYCONTACT.MAILADDRESS.COUNTRY", Text),
    ("DISPLAYCONTACT.MAILADDRESS.COUNTRYCODE", Text),
    ("BILLTO.CONTACTNAME", Text),
    ("SHIPTO.CONTACTNAME", Text),
    ("WHENCREATED", Stamp),
    ("WHENMODIFIED", Stamp),
    ("MEGAENTITYID", Text),
];

pub(super) const CONTACT: &[Field] = &[
    ("RECORDNO", Number),
    ("CONTACTNAME", Text),
    ("PRINTAS", Text),
    ("COMPANYNAME", Text),
    ("FIRSTNAME", Text),
    ("LASTNAME", Text),
    ("PHONE1", Text),
    ("EMAIL1", Text),
    ("STATUS", Text),
    ("MAILADDRESS.ADDRESS1", Text),
    ("MAILADDRESS.CITY", Text),
    ("MAILADDRESS.STATE", Text),
    ("MAILADDRESS.ZIP", Text),
    ("MAILADDRESS.COUNTRY", Text),
    ("MAILADDRESS.COUNTRYCODE", Text),
    ("WHENCREATED", Stamp),
    ("WHENMODIFIED", Stamp),
    ("MEGAENTITYID", Text),
];

pub(super) const INVOICE: &[Field] = &[
    ("RECORDNO", Number),
    ("RECORDTYPE", Text),
    ("RECORDID", Text),
    ("DOCNUMBER", Text),
    ("CUSTOMERID", Text),
    ("DESCRIPTION", Text),
    ("STATE", Text),
    ("RAWSTATE", Text),
    ("MODULEKEY", Text),
    ("WHENCREATED", Date),
    ("WHENPOSTED", Date),
    ("WHENDUE", Date),
    ("TERMNAME", Text),
    ("SUPDOCID", Text),
    ("CURRENCY", Text),
    ("EXCHANGE_RATE", Number),
    ("TOTALENTERED", Number),
    ("TOTALPAID", Number),
    ("TOTALDUE", Number),
    ("TRX_TOTALENTERED", Number),
    ("TRX_TOTALPAID", Number),
    ("TRX_TOTALDUE", Number),
    ("AUWHENCREATED", Stamp),
    ("WHENMODIFIED", Stamp),
    ("MEGAENTITYID", Text),
];

pub(super) const ADJUSTMENT: &[Field] = &[
    ("RECORDNO", Number),
    ("RECORDTYPE", Text),
    ("RECORDID", Text),
    ("DOCNUMBER", Text),
    ("CUSTOMERID", Text),
    ("DESCRIPTION", Text),
    ("STATE", Text),
    ("RAWSTATE", Text),
    ("MODULEKEY", Text),
    ("WHENCREATED", Date),
    ("WHENPOSTED", Date),
    ("CURRENCY", Text),
    ("EXCHANGE_RATE", Number),
    ("TOTALENTERED", Number),
    ("TOTALPAID", Number),
    ("TOTALDUE", Number),
    ("TRX_TOTALENTERED", Number),
    ("TRX_TOTALPAID", Number),
    ("TRX_TOTALDUE", Number),
    ("AUWHENCREATED", Stamp),
    ("WHENMODIFIED", Stamp),
    ("MEGAENTITYID", Text),
];

pub(super) const LINE: &[Field] = &[
    ("RECORDNO", Number),
    ("RECORDKEY", Number),
    ("LINE_NO", Number),
    ("ACCOUNTNO", Text),
    ("AMOUNT", Number),
    ("TRX_AMOUNT", Number),
    ("TRX_TOTALPAID", Number),
    ("ENTRYDESCRIPTION", Text),
    ("LOCATIONID", Text),
    ("DEPARTMENTID", Text),
    ("CLASSID", Text),
    ("ITEMID", Text),
    ("CUSTOMERID", Text),
    ("PROJECTID", Text),
];

pub(super) const JOURNAL: &[Field] = &[
    ("RECORDNO", Number),
    ("BATCHNO", Number),
    ("JOURNAL", Text),
    ("BATCH_DATE", Date),
    ("BATCH_TITLE", Text),
    ("REFERENCENO", Text),
    ("REVERSEDATE", Date),
    ("SUPDOCID", Text),
    ("HISTORY_COMMENT", Text),
    ("STATE", Text),
    ("MODULE", Text),
    ("WHENCREATED", Text),
    ("MEGAENTITYID", Text),
];

pub(super) const JOURNAL_LINE: &[Field] = &[
    ("RECORDNO", Number),
    ("BATCHNO", Number),
    ("LINE_NO", Number),
    ("ACCOUNTNO", Text),
    ("TR_TYPE", Number),
    ("AMOUNT", Number),
    ("TRX_AMOUNT", Number),
    ("CURRENCY", Text),
    ("DOCUMENT", Text),
    ("DESCRIPTION", Text),
    ("LOCATION", Text),
    ("DEPARTMENT", Text),
    ("CLASSID", Text),
    ("ITEMID", Text),
    ("CUSTOMERID", Text),
    ("PROJECTID", Text),
];

/// The value of a field; `None` when the record has no such field or no value in it.
pub(super) fn value(row: &Row<'_>, field: &str) -> Option<String> {
    match row {
        Row::Customer(customer) => customer_value(customer, field),
        Row::Contact(contact) => contact_value(contact, field),
        Row::Receivable(receivable) => receivable_value(receivable, field),
        Row::ReceivableLine(receivable, index) => line_value(receivable, *index, field),
        Row::Sales(document) => sales::sales_value(document, field),
        Row::Payment(payment) => payments::payment_value(payment, field),
        Row::Application(payment, index) => payments::application_value(payment, *index, field),
        Row::OtherReceipt(receipt) => receipts::receipt_value(receipt, field),
        Row::Deposit(deposit) => receipts::deposit_value(deposit, field),
        Row::Journal(journal) => journal_value(journal, field),
        Row::JournalLine(journal, index) => journal_line_value(journal, *index, field),
        Row::Master(master) => master.value(field),
    }
}

fn status(active: bool) -> String {
    if active { "active" } else { "inactive" }.to_owned()
}

pub(super) fn state(state: DocumentState) -> String {
    match state {
        DocumentState::Draft => "Draft",
        DocumentState::Posted => "Posted",
        DocumentState::Reversed => "Reversed",
    }
    .to_owned()
}

fn customer_value(customer: &Customer, field: &str) -> Option<String> {
    Some(match field {
        "RECORDNO" => customer.record_no.to_string(),
        "CUSTOMERID" => customer.id.clone(),
        "NAME" => customer.name.clone(),
        "STATUS" => status(customer.active),
        "ENTITY" => format!("C{}", customer.id),
        "WHENCREATED" => print_stamp(customer.recorded_at),
        "WHENMODIFIED" => print_stamp(customer.modified_at),
        "MEGAENTITYID" => customer.entity.clone()?,
        other => customer.fields.get(other)?.clone(),
    })
}

fn contact_value(contact: &Contact, field: &str) -> Option<String> {
    Some(match field {
        "RECORDNO" => contact.record_no.to_string(),
        "STATUS" => contact.fields.get("STATUS").cloned().unwrap_or_else(|| status(true)),
        "WHENCREATED" => print_stamp(contact.recorded_at),
        "WHENMODIFIED" => print_stamp(contact.modified_at),
        "MEGAENTITYID" => contact.entity.clone()?,
        other => contact.fields.get(other)?.clone(),
    })
}

fn receivable_value(receivable: &Receivable, field: &str) -> Option<String> {
    let taxes =
        |line: &ReceivableLine| line.taxes.iter().map(|tax| round(tax.amount * receivable.rate)).sum::<Decimal>();
    let entered = |line: &ReceivableLine| round(line.amount * receivable.rate) + taxes(line);
    let entered_base: Decimal = receivable.lines.iter().map(entered).sum();
    // Nothing of a reversed document is paid, and nothing is due.
    let paid = |entered: Decimal, open: Decimal| match receivable.state {
        DocumentState::Reversed => Decimal::ZERO,
        DocumentState::Draft | DocumentState::Posted => entered - open,
    };
    Some(match field {
        "RECORDNO" => receivable.record_no.to_string(),
        "RECORDTYPE" => match receivable.kind {
            ReceivableKind::Invoice => "ri".to_owned(),
            ReceivableKind::Adjustment => "ra".to_owned(),
        },
        "RECORDID" => receivable.number.clone(),
        "DOCNUMBER" => receivable.reference.clone(),
        "CUSTOMERID" => receivable.customer_id.clone(),
        "DESCRIPTION" => receivable.description.clone(),
        "STATE" => receivable_state(receivable).to_owned(),
        "RAWSTATE" => receivable_state(receivable).get(..1)?.to_owned(),
        "MODULEKEY" => if receivable.from_order_entry { "8.SO" } else { "4.AR" }.to_owned(),
        "WHENCREATED" => print_date(receivable.date),
        "WHENPOSTED" => print_date(receivable.posting_date),
        "WHENDUE" => print_date(receivable.due_date?),
        "TERMNAME" => receivable.term.clone()?,
        "SUPDOCID" => receivable.attachment.clone()?,
        "CURRENCY" => receivable.currency.clone(),
        "EXCHANGE_RATE" => receivable.rate.to_string(),
        "TOTALENTERED" => print_amount(entered_base),
        "TOTALPAID" => print_amount(paid(entered_base, receivable.open_base)),
        "TOTALDUE" => print_amount(receivable.open_base),
        "TRX_TOTALENTERED" => print_amount(receivable.total),
        "TRX_TOTALPAID" => print_amount(paid(receivable.total, receivable.open)),
        "TRX_TOTALDUE" => print_amount(receivable.open),
        "AUWHENCREATED" | "WHENMODIFIED" => print_stamp(receivable.recorded_at),
        "MEGAENTITYID" => receivable.entity.clone()?,
        other => receivable.custom_fields.get(other)?.clone(),
    })
}

fn receivable_state(receivable: &Receivable) -> &'static str {
    match receivable.state {
        DocumentState::Draft => "Draft",
        DocumentState::Reversed => "Reversed",
        DocumentState::Posted if receivable.open.is_zero() => "Paid",
        DocumentState::Posted if receivable.open != receivable.total => "Partially Paid",
        DocumentState::Posted => "Posted",
    }
}

fn dimension(dimensions: &Dimensions, field: &str) -> Option<String> {
    match field {
        "LOCATIONID" | "LOCATION" => dimensions.location.clone(),
        "DEPARTMENTID" | "DEPARTMENT" => dimensions.department.clone(),
        "CLASSID" => dimensions.class.clone(),
        "ITEMID" => dimensions.item.clone(),
        "CUSTOMERID" => dimensions.customer.clone(),
        "PROJECTID" => dimensions.project.clone(),
        other => Some(dimensions.user_defined.get(other.strip_prefix(USER_DEFINED)?)?.to_string()),
    }
}

fn line_value(receivable: &Receivable, index: usize, field: &str) -> Option<String> {
    let line = receivable.lines.get(index)?;
    Some(match field {
        "RECORDNO" => line.record_no.to_string(),
        "RECORDKEY" => receivable.record_no.to_string(),
        "LINE_NO" => (index + 1).to_string(),
        "ACCOUNTNO" => line.account.clone(),
        "AMOUNT" => print_amount(line.amount * receivable.rate),
        "TRX_AMOUNT" => print_amount(line.amount),
        "TRX_TOTALPAID" => print_amount(line.paid),
        "ENTRYDESCRIPTION" => line.memo.clone(),
        other => return dimension(&line.dimensions, other).or_else(|| line.custom_fields.get(other).cloned()),
    })
}

fn journal_value(journal: &Journal, field: &str) -> Option<String> {
    Some(match field {
        "RECORDNO" => journal.record_no.to_string(),
        "BATCHNO" => journal.number.to_string(),
        "JOURNAL" => journal.journal.clone(),
        "BATCH_DATE" => print_date(journal.date),
        "BATCH_TITLE" => journal.title.clone(),
        "REFERENCENO" => journal.reference.clone(),
        "REVERSEDATE" => print_date(journal.reverse_date?),
        "SUPDOCID" => journal.attachment.clone()?,
        "HISTORY_COMMENT" => journal.history_comment.clone(),
        "STATE" => state(journal.state),
        "MODULE" => "2.GL".to_owned(),
        "WHENCREATED" => print_stamp(journal.recorded_at),
        "MEGAENTITYID" => journal.entity.clone()?,
        own => journal.custom_fields.get(own)?.clone(),
    })
}

fn journal_line_value(journal: &Journal, index: usize, field: &str) -> Option<String> {
    let line = journal.lines.get(index)?;
    Some(match field {
        "RECORDNO" => line.record_no.to_string(),
        "BATCHNO" => journal.record_no.to_string(),
        "LINE_NO" => (index + 1).to_string(),
        "ACCOUNTNO" => line.account.clone(),
        "TR_TYPE" => if line.side == Side::Debit { "1" } else { "-1" }.to_owned(),
        "AMOUNT" => print_amount(line.amount * line.rate),
        "TRX_AMOUNT" => print_amount(line.amount),
        "CURRENCY" => line.currency.clone(),
        "DOCUMENT" => line.document.clone(),
        "DESCRIPTION" => line.description.clone(),
        other => return dimension(&line.dimensions, other).or_else(|| line.custom_fields.get(other).cloned()),
    })
}
