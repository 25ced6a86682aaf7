//! The objects that can be read: which fields each has, and the rows it stands for.
//!
//! Field names follow Intacct docs (queries; AR invoices: `invoiceno` is RECORDID, `ponumber` is DOCNUMBER, and so on).

mod fields;
mod payments;
mod receipts;

use std::collections::{BTreeMap, BTreeSet};

use self::fields::{ACCOUNT, ADJUSTMENT, BANK, CONTACT, CUSTOMER, INVOICE, JOURNAL, JOURNAL_LINE, LINE, MASTER};
use self::payments::{APPLICATION, PAYMENT};
use self::receipts::{DEPOSIT, OTHER_RECEIPT};
use super::books::Books;
use super::chart::Account;
use super::records::{
    Contact, Customer, Deposit, Journal, OtherReceipt, Payment, PaymentKind, Receivable, ReceivableKind,
};
use super::refusal::Refusal;
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
    ReceivableLine(&'a Receivable, usize),
    Payment(&'a Payment),
    Application(&'a Payment, usize),
    OtherReceipt(&'a OtherReceipt),
    Deposit(&'a Deposit),
    Journal(&'a Journal),
    JournalLine(&'a Journal, usize),
    Account(usize, &'a Account),
    Master(Master<'a>),
}

/// A master record that is only an id and a name.
pub(super) struct Master<'a> {
    id_field: &'static str,
    number: usize,
    id: &'a str,
    name: String,
    active: bool,
}

impl Row<'_> {
    /// The entity that owns the record; `None` for the top level.
    fn entity(&self) -> Option<&str> {
        match self {
            Self::Customer(customer) => customer.entity.as_deref(),
            Self::Contact(contact) => contact.entity.as_deref(),
            Self::Receivable(receivable) | Self::ReceivableLine(receivable, _) => receivable.entity.as_deref(),
            Self::Payment(payment) | Self::Application(payment, _) => payment.entity.as_deref(),
            Self::OtherReceipt(receipt) => receipt.entity.as_deref(),
            Self::Deposit(deposit) => deposit.entity.as_deref(),
            Self::Journal(journal) | Self::JournalLine(journal, _) => journal.entity.as_deref(),
            Self::Account(..) | Self::Master(_) => None,
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
}

/// What stands before the name of a dimension of the company's own.
pub(super) const USER_DEFINED: &str = "GLDIM";

impl Schema<'_> {
    /// The kind of a field.
    ///
    /// # Errors
    /// When the object has no such field.
    pub(super) fn kind(&self, field: &str) -> Result<Kind, Refusal> {
        let listed = self.fields.iter().find(|(name, _)| *name == field).map(|(_, kind)| *kind);
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
        self.fields.iter().map(|(name, _)| (*name).to_owned()).chain(own).chain(dimensions).collect()
    }
}

/// The fields of an object.
///
/// # Errors
/// When there is no such object; names are upper case.
pub(super) fn schema<'a>(object: &'a str, settings: &'a CompanySettings) -> Result<Schema<'a>, Refusal> {
    let (fields, has_custom) = match object {
        "CUSTOMER" => (CUSTOMER, true),
        "ARINVOICE" => (INVOICE, true),
        "CONTACT" => (CONTACT, false),
        "ARADJUSTMENT" => (ADJUSTMENT, false),
        "ARINVOICEITEM" | "ARADJUSTMENTITEM" => (LINE, true),
        "ARPYMT" | "ARADVANCE" => (PAYMENT, true),
        "ARPYMTDETAIL" => (APPLICATION, false),
        "OTHERRECEIPTS" => (OTHER_RECEIPT, true),
        "DEPOSIT" => (DEPOSIT, true),
        "GLBATCH" => (JOURNAL, true),
        "GLENTRY" => (JOURNAL_LINE, true),
        "GLACCOUNT" => (ACCOUNT, false),
        "CHECKINGACCOUNT" => (BANK, false),
        other => {
            (MASTER.iter().find(|(name, _)| *name == other).ok_or_else(|| Refusal::object_not_found(other))?.1, false)
        }
    };
    let is_line = matches!(object, "ARINVOICEITEM" | "ARADJUSTMENTITEM" | "GLENTRY");
    Ok(Schema {
        object,
        fields,
        custom: has_custom.then_some(&settings.custom_fields),
        dimensions: is_line.then_some(&settings.user_defined_dimensions),
    })
}

/// The field `readByName` looks at.
pub(super) fn id_field(object: &str) -> &'static str {
    match object {
        "CUSTOMER" => "CUSTOMERID",
        "CONTACT" => "CONTACTNAME",
        "GLACCOUNT" => "ACCOUNTNO",
        "ITEM" => "ITEMID",
        "LOCATION" => "LOCATIONID",
        "DEPARTMENT" => "DEPARTMENTID",
        "CLASS" => "CLASSID",
        "PROJECT" => "PROJECTID",
        "ARTERM" => "NAME",
        "JOURNAL" => "SYMBOL",
        "CHECKINGACCOUNT" => "BANKACCOUNTID",
        _ => "RECORDNO",
    }
}

/// All rows of an object, by record number.
pub(super) fn rows<'a>(object: &str, books: &'a Books) -> Vec<Row<'a>> {
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
        "GLACCOUNT" => books
            .masters
            .accounts
            .values()
            .enumerate()
            .map(|(index, account)| Row::Account(index + 1, account))
            .collect(),
        other => masters(other, books),
    }
}

fn masters<'a>(object: &str, books: &'a Books) -> Vec<Row<'a>> {
    let masters = &books.masters;
    let row = |kind: &str, id_field: &'static str, number: usize, id: &'a str, name: String| {
        let active = !masters.inactive.contains(&format!("{kind}/{id}"));
        Row::Master(Master { id_field, number: number + 1, id, name, active })
    };
    let named = |kind: &'static str, id_field: &'static str, list: &'a std::collections::BTreeMap<String, String>| {
        list.iter().enumerate().map(|(number, (id, name))| row(kind, id_field, number, id, name.clone())).collect()
    };
    match object {
        "ITEM" => named("item", "ITEMID", &masters.items),
        "DEPARTMENT" => named("department", "DEPARTMENTID", &masters.departments),
        "CLASS" => named("class", "CLASSID", &masters.classes),
        "PROJECT" => named("project", "PROJECTID", &masters.projects),
        "LOCATION" => {
            let locations = masters.locations.iter().enumerate();
            locations
                .map(|(number, (id, location))| row("location", "LOCATIONID", number, id, location.name.clone()))
                .collect()
        }
        "ARTERM" => {
            let terms = masters.terms.iter().enumerate();
            terms.map(|(number, (name, days))| row("term", "NAME", number, name, format!("{days} days"))).collect()
        }
        "JOURNAL" => {
            let journals = masters.journals.iter().enumerate();
            journals
                .map(|(number, (symbol, book))| row("journal", "SYMBOL", number, symbol, book.title.clone()))
                .collect()
        }
        "CHECKINGACCOUNT" => {
            let banks =
                masters.accounts.values().filter_map(|account| Some((account.bank_account.as_deref()?, account)));
            banks
                .enumerate()
                .map(|(number, (id, account))| row("bank", "BANKACCOUNTID", number, id, account.number.clone()))
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::chart::MasterData;
    use super::*;

    #[test]
    fn every_listed_field_of_master_data_has_a_value() {
        let books = Books::new(MasterData::default());
        let settings = CompanySettings::default();
        for object in ["GLACCOUNT", "ITEM", "LOCATION", "DEPARTMENT", "CLASS", "ARTERM", "JOURNAL", "CHECKINGACCOUNT"] {
            let schema = schema(object, &settings).unwrap();
            let rows = rows(object, &books);
            assert!(!rows.is_empty(), "{object}");
            for field in schema.all() {
                assert!(rows.iter().all(|row| fields::value(row, &field).is_some()), "{object}.{field}");
            }
        }
    }

    #[test]
    fn unknown_objects_and_fields_are_refused() {
        let settings = CompanySettings::default();
        assert!(
            schema("customer", &settings)
                .is_err_and(|refusal| refusal.to_string().contains("Object definition customer not found"))
        );
        assert!(schema("CUSTOMER", &settings).unwrap().kind("COLOUR").is_err());
    }
}
