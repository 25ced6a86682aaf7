//! The objects that can be read: which fields each has, and the rows it stands for.
//!
//! Field names follow Intacct docs (queries; AR invoices: `invoiceno` is RECORDID, `ponumber` is DOCNUMBER, and so on).

mod fields;
mod masters;
mod payments;
mod receipts;
mod sales;

use std::collections::{BTreeMap, BTreeSet};

use self::fields::{ADJUSTMENT, CONTACT, CUSTOMER, INVOICE, JOURNAL, JOURNAL_LINE, LINE};
use self::masters::Master;
use self::payments::{APPLICATION, PAYMENT};
use self::receipts::{DEPOSIT, OTHER_RECEIPT};
use self::sales::SALES;
use super::books::Books;
use super::records::{
    Contact, Customer, Deposit, Journal, OtherReceipt, Payment, PaymentKind, Receivable, ReceivableKind,
};
use super::refusal::Refusal;
use super::sales::SalesDocument;
use super::settings::CompanySettings;
use super::xml_tree::Element;

/// How values of a field compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Date,
    /// A moment, `MM/DD/YYYY HH:MM:SS`; a day alone stands for its beginning.
    Stamp,
}

/// A field: its name and kind.
pub(super) type Field = (&'static str, Kind);

/// One record as a row of an object.
pub(super) enum Row<'a> {
    Customer(&'a Customer),
    Contact(&'a Contact),
    Receivable(&'a Receivable),
    Sales(&'a SalesDocument),
    ReceivableLine(&'a Receivable, usize),
    Payment(&'a Payment),
    Application(&'a Payment, usize),
    OtherReceipt(&'a OtherReceipt),
    Deposit(&'a Deposit),
    Journal(&'a Journal),
    JournalLine(&'a Journal, usize),
    Master(Master<'a>),
}

impl Row<'_> {
    /// The entity that owns the record; `None` for the top level.
    fn entity(&self) -> Option<&str> {
        match self {
            Self::Customer(customer) => customer.entity.as_deref(),
            Self::Contact(contact) => contact.entity.as_deref(),
            Self::Receivable(receivable) | Self::ReceivableLine(receivable, _) => receivable.entity.as_deref(),
            Self::Sales(document) => document.entity.as_deref(),
            Self::Payment(payment) | Self::Application(payment, _) => payment.entity.as_deref(),
            Self::OtherReceipt(receipt) => receipt.entity.as_deref(),
            Self::Deposit(deposit) => deposit.entity.as_deref(),
            Self::Journal(journal) | Self::JournalLine(journal, _) => journal.entity.as_deref(),
            Self::Master(master) => master.owner,
        }
    }

    /// At the top level records of entities are hidden unless they are asked for; an entity sees its own and those of the top.
    pub(super) fn is_visible(&self, signed_in_to: Option<&str>, show_private: bool) -> bool {
        match (self.entity(), signed_in_to) {
            (None, _) => true,
            (Some(_), None) => show_private,
            (Some(owner), Some(entity)) => owner == entity,
        }
    }

    /// The value of a field; empty when the record has none.
    pub(super) fn get(&self, field: &str) -> String {
        fields::value(self, field).unwrap_or_default()
    }

    /// The record as an element of an answer; upper case, dots stay in the names.
    pub(super) fn element(&self, object: &str, names: &[String]) -> Element {
        Element::new(object).with(names.iter().map(|name| Element::leaf(name, self.get(name))))
    }
}

/// The fields of an object, those of the company's own included.
pub(super) struct Schema<'a> {
    object: &'a str,
    fields: &'static [Field],
    custom: Option<&'a BTreeSet<String>>,
    /// The company's own dimensions, of lines.
    dimensions: Option<&'a BTreeMap<String, BTreeMap<u64, String>>>,
    absent: &'a BTreeSet<String>,
}

/// What stands before the name of a dimension of the company's own.
pub(super) const USER_DEFINED: &str = "GLDIM";

impl Schema<'_> {
    /// The kind of a field.
    ///
    /// # Errors
    /// When the object has no such field.
    pub(super) fn kind(&self, field: &str) -> Result<Kind, Refusal> {
        let listed = self.fields.iter().find(|(name, _)| *name == field && self.has(name)).map(|(_, kind)| *kind);
        let own = self.custom.is_some_and(|custom| custom.contains(field)).then_some(Kind::Text);
        let dimension = field.strip_prefix(USER_DEFINED).zip(self.dimensions);
        let dimension = dimension.filter(|(name, known)| known.contains_key(*name)).map(|_| Kind::Number);
        listed.or(own).or(dimension).ok_or_else(|| Refusal::query_field(field, self.object))
    }

    /// The names behind `*`.
    pub(super) fn all(&self) -> Vec<String> {
        let own = self.custom.into_iter().flatten().cloned();
        let dimensions = self.dimensions.into_iter().flat_map(|known| known.keys());
        let dimensions = dimensions.map(|name| format!("{USER_DEFINED}{name}"));
        let listed = self.fields.iter().filter(|(name, _)| self.has(name)).map(|(name, _)| (*name).to_owned());
        listed.chain(own).chain(dimensions).collect()
    }

    /// Whether this company's object has a field: releases and modules differ.
    fn has(&self, field: &str) -> bool {
        !self.absent.contains(&format!("{}.{field}", self.object))
    }
}

/// The fields of an object.
///
/// # Errors
/// When there is no such object; names are upper case.
pub(super) fn schema<'a>(object: &'a str, settings: &'a CompanySettings) -> Result<Schema<'a>, Refusal> {
    // Entities are available in multi-entity companies only (Intacct docs, entities).
    if settings.absent.contains(object) || (object == "LOCATIONENTITY" && !settings.multi_entity) {
        return Err(Refusal::object_not_found(object));
    }
    let (fields, has_custom) = match object {
        "CUSTOMER" => (CUSTOMER, true),
        "ARINVOICE" => (INVOICE, true),
        "CONTACT" => (CONTACT, false),
        "ARADJUSTMENT" => (ADJUSTMENT, false),
        "ARINVOICEITEM" | "ARADJUSTMENTITEM" => (LINE, true),
        "ARPYMT" | "ARADVANCE" => (PAYMENT, true),
        "SODOCUMENT" => (SALES, true),
        "ARPYMTDETAIL" => (APPLICATION, false),
        "OTHERRECEIPTS" => (OTHER_RECEIPT, true),
        "DEPOSIT" => (DEPOSIT, true),
        "GLBATCH" => (JOURNAL, true),
        "GLENTRY" => (JOURNAL_LINE, true),
        own if settings.user_defined_dimensions.contains_key(own) => (masters::USER_DEFINED, false),
        other => (masters::fields(other).ok_or_else(|| Refusal::object_not_found(other))?, false),
    };
    let is_line = matches!(object, "ARINVOICEITEM" | "ARADJUSTMENTITEM" | "GLENTRY");
    Ok(Schema {
        object,
        fields,
        custom: has_custom.then_some(&settings.custom_fields),
        dimensions: is_line.then_some(&settings.user_defined_dimensions),
        absent: &settings.absent,
    })
}

/// The field `readByName` looks at.
pub(super) fn id_field(object: &str) -> &'static str {
    match object {
        "CUSTOMER" => "CUSTOMERID",
        "CONTACT" => "CONTACTNAME",
        "GLACCOUNT" => "ACCOUNTNO",
        "ITEM" => "ITEMID",
        "LOCATION" | "LOCATIONENTITY" => "LOCATIONID",
        "DEPARTMENT" => "DEPARTMENTID",
        "CLASS" => "CLASSID",
        "PROJECT" => "PROJECTID",
        "ARTERM" | "CUSTTYPE" => "NAME",
        "ARACCOUNTLABEL" => "ACCOUNTLABEL",
        "TAXDETAIL" => "DETAILID",
        "JOURNAL" => "SYMBOL",
        "SODOCUMENT" | "SODOCUMENTPARAMS" => "DOCID",
        "WAREHOUSE" => "WAREHOUSEID",
        "CHECKINGACCOUNT" => "BANKACCOUNTID",
        _ => "RECORDNO",
    }
}

/// All rows of an object, by record number.
pub(super) fn rows<'a>(object: &str, books: &'a Books, settings: &CompanySettings) -> Vec<Row<'a>> {
    let receivables = |kind| books.receivables.values().filter(move |receivable| receivable.kind == kind);
    let lines = |kind| {
        receivables(kind)
            .flat_map(|receivable| (0..receivable.lines.len()).map(move |line| Row::ReceivableLine(receivable, line)))
    };
    match object {
        "CUSTOMER" => books.customers.values().map(Row::Customer).collect(),
        "CONTACT" => books.contacts.values().map(Row::Contact).collect(),
        "ARINVOICE" => receivables(ReceivableKind::Invoice).map(Row::Receivable).collect(),
        "ARADJUSTMENT" => receivables(ReceivableKind::Adjustment).map(Row::Receivable).collect(),
        "ARINVOICEITEM" => lines(ReceivableKind::Invoice).collect(),
        "ARADJUSTMENTITEM" => lines(ReceivableKind::Adjustment).collect(),
        "SODOCUMENT" => books.sales.values().map(Row::Sales).collect(),
        // Advances are among the payments, told apart by RECORDTYPE (Intacct docs, AR payments).
        "ARPYMT" => books.payments.values().map(Row::Payment).collect(),
        "ARADVANCE" => {
            let advances = books.payments.values().filter(|payment| payment.kind == PaymentKind::Advance);
            advances.map(Row::Payment).collect()
        }
        "OTHERRECEIPTS" => books.other_receipts.values().map(Row::OtherReceipt).collect(),
        "DEPOSIT" => books.deposits.values().map(Row::Deposit).collect(),
        "ARPYMTDETAIL" => {
            let payments = books.payments.values();
            payments
                .flat_map(|payment| {
                    (0..payment.applications.len()).map(move |detail| Row::Application(payment, detail))
                })
                .collect()
        }
        "GLBATCH" => books.journals.values().map(Row::Journal).collect(),
        "GLENTRY" => {
            let journals = books.journals.values();
            journals
                .flat_map(|journal| (0..journal.lines.len()).map(move |line| Row::JournalLine(journal, line)))
                .collect()
        }
        other => masters::rows(other, books, settings),
    }
}

#[cfg(test)]
mod tests {
    use super::super::chart::MasterData;
    use super::*;

    #[test]
    fn every_listed_field_of_master_data_has_a_value() {
        let settings = CompanySettings::default();
        let books = Books::new(MasterData::default(), settings.clock.now());
        for object in [
            "GLACCOUNT",
            "ITEM",
            "LOCATION",
            "LOCATIONENTITY",
            "DEPARTMENT",
            "CLASS",
            "ARTERM",
            "JOURNAL",
            "CHECKINGACCOUNT",
            "CUSTTYPE",
        ] {
            let schema = schema(object, &settings).unwrap();
            let rows = rows(object, &books, &settings);
            assert!(!rows.is_empty(), "{object}");
            for field in schema.all().into_iter().filter(|field| field != "MEGAENTITYID") {
                assert!(rows.iter().all(|row| fields::value(row, &field).is_some()), "{object}.{field}");
            }
        }
    }

    #[test]
    fn unknown_objects_and_fields_are_refused() {
        let mut settings = CompanySettings::default();
        assert!(
            schema("customer", &settings)
                .is_err_and(|refusal| refusal.to_string().contains("Object definition customer not found"))
        );
        assert!(schema("CUSTOMER", &settings).unwrap().kind("COLOUR").is_err());
        settings.absent = ["PROJECT", "GLACCOUNT.REQUIRETASK"].map(str::to_owned).into();
        assert!(schema("PROJECT", &settings).is_err());
        let accounts = schema("GLACCOUNT", &settings).unwrap();
        assert!(accounts.kind("REQUIRETASK").is_err() && accounts.kind("REQUIREDEPT").is_ok());
    }
}
