//! A line of an invoice or an adjustment, with its dimensions (Intacct docs, AR invoices; gateway schema 3.0).

use rust_decimal::Decimal;

use super::InvalidFunction;
use crate::intacct::xml::{FieldName, XmlWriter};

/// What a line posts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// A GL account number.
    Gl(String),
    /// An AR account label, in companies that use labels.
    Label(String),
}

/// A custom field, or a user-defined dimension under its name `GLDIM` plus the dimension's integration name (the
/// value is then the record number of the dimension value).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CustomField {
    /// Integration name of the field.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}

impl CustomField {
    /// A value of a user-defined dimension: the dimension by its integration name, the value by its record number
    /// (Intacct docs, AR advances).
    pub fn dimension(name: &str, value: &str) -> Self {
        Self { name: format!("GLDIM{}", name.to_uppercase()), value: value.to_owned() }
    }
}

/// Tax of a line under one tax detail; only in companies with a tax solution for VAT (Intacct docs, AR invoices).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxEntry {
    /// The tax detail by its id.
    pub detail: String,
    /// Tax in the currency of the document, with the sign of the line; none lets Intacct calculate it.
    pub tax: Option<Decimal>,
}

/// Whether a document is posted or kept as a draft for a person to submit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostingAction {
    /// Posted at once (Intacct's own default).
    #[default]
    Submit,
    /// Kept as a draft.
    Draft,
}

impl PostingAction {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "Submit",
            Self::Draft => "Draft",
        }
    }
}

/// One line. On an invoice a positive amount is revenue; on an adjustment a negative amount credits the customer
/// (credit memo) and a positive one debits (debit memo).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account of the line.
    pub account: Account,
    /// Amount in the currency of the document, already rounded to its minor units.
    pub amount: Decimal,
    /// Text of the line; quantity and price have no fields of their own here.
    pub memo: Option<String>,
    /// Its dimensions.
    pub dimensions: LineDimensions,
    /// Its tax; only for VAT, and then the amount above is without it.
    pub tax_entries: Vec<TaxEntry>,
}

/// The dimensions of a line of a receivable or of a journal entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineDimensions {
    /// Location; required in multi-entity companies.
    pub location: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// Customer.
    pub customer: Option<String>,
    /// Item.
    pub item: Option<String>,
    /// Class.
    pub class: Option<String>,
    /// User-defined dimensions and custom fields.
    pub custom_fields: Vec<CustomField>,
}

impl Line {
    /// A line with nothing but its account and amount.
    pub fn new(account: Account, amount: Decimal) -> Self {
        Self { account, amount, memo: None, dimensions: LineDimensions::default(), tax_entries: Vec::new() }
    }

    /// Writes `lineitem` in the order of the schema.
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("lineitem", |writer| {
            match &self.account {
                Account::Gl(number) => writer.text("glaccountno", number),
                Account::Label(label) => writer.text("accountlabel", label),
            }
            writer.amount("amount", self.amount);
            writer.optional("memo", self.memo.as_deref());
            let dimensions = &self.dimensions;
            writer.optional("locationid", dimensions.location.as_deref());
            writer.optional("departmentid", dimensions.department.as_deref());
            write_custom_fields(&dimensions.custom_fields, writer);
            writer.optional("projectid", dimensions.project.as_deref());
            writer.optional("customerid", dimensions.customer.as_deref());
            writer.optional("itemid", dimensions.item.as_deref());
            writer.optional("classid", dimensions.class.as_deref());
            if !self.tax_entries.is_empty() {
                writer.element("taxentries", |writer| self.tax_entries.iter().for_each(|entry| entry.write(writer)));
            }
        });
    }
}

impl TaxEntry {
    fn write(&self, writer: &mut XmlWriter) {
        writer.element("taxentry", |writer| {
            writer.text("detailid", &self.detail);
            if let Some(tax) = self.tax {
                writer.amount("trx_tax", tax);
            }
        });
    }
}

/// Writes `customfields`, or nothing when there are none.
pub(super) fn write_custom_fields(fields: &[CustomField], writer: &mut XmlWriter) {
    if fields.is_empty() {
        return;
    }
    writer.element("customfields", |writer| {
        for field in fields {
            writer.element("customfield", |writer| {
                writer.text("customfieldname", &field.name);
                writer.text("customfieldvalue", &field.value);
            });
        }
    });
}

/// Refuses custom fields that could not be elements of a generic function.
pub(super) fn check_field_names(fields: &[CustomField]) -> Result<(), InvalidFunction> {
    match fields.iter().find(|field| FieldName::new(&field.name).is_err()) {
        Some(field) => {
            Err(InvalidFunction::Characters { field: "the name of a custom field", value: field.name.clone() })
        }
        None => Ok(()),
    }
}

/// Writes custom fields as generic functions have them: an element of its own each.
pub(super) fn write_generic_fields(fields: &[CustomField], writer: &mut XmlWriter) {
    for field in fields {
        // A name that is no element name was refused by `check`.
        if let Ok(name) = FieldName::new(&field.name) {
            writer.text(name.as_str(), &field.value);
        }
    }
}

/// Writes the dimensions of a line of a generic function; the names of location and department differ between objects.
pub(super) fn write_generic_dimensions(
    dimensions: &LineDimensions,
    [location, department]: [&str; 2],
    writer: &mut XmlWriter,
) {
    writer.optional(department, dimensions.department.as_deref());
    writer.optional(location, dimensions.location.as_deref());
    writer.optional("PROJECTID", dimensions.project.as_deref());
    writer.optional("CUSTOMERID", dimensions.customer.as_deref());
    writer.optional("ITEMID", dimensions.item.as_deref());
    writer.optional("CLASSID", dimensions.class.as_deref());
    write_generic_fields(&dimensions.custom_fields, writer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_line_stands_in_the_order_of_the_schema() {
        let line = Line {
            memo: Some("SKU-1 x 2".into()),
            dimensions: LineDimensions {
                location: Some("100".into()),
                department: Some("WEB".into()),
                project: Some("P1".into()),
                customer: Some("BC-1".into()),
                item: Some("SKU-1".into()),
                class: Some("C1".into()),
                custom_fields: vec![CustomField::dimension("region", "10012")],
            },
            tax_entries: vec![
                TaxEntry { detail: "UK Output".into(), tax: Some("20".parse().unwrap()) },
                TaxEntry { detail: "UK Extra".into(), tax: None },
            ],
            ..Line::new(Account::Label("Sales".into()), "100".parse().unwrap())
        };
        let mut writer = XmlWriter::new();
        line.write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<lineitem><accountlabel>Sales</accountlabel><amount>100.00</amount><memo>SKU-1 x 2</memo>\
             <locationid>100</locationid><departmentid>WEB</departmentid><customfields><customfield>\
             <customfieldname>GLDIMREGION</customfieldname><customfieldvalue>10012</customfieldvalue></customfield>\
             </customfields><projectid>P1</projectid><customerid>BC-1</customerid><itemid>SKU-1</itemid>\
             <classid>C1</classid><taxentries><taxentry><detailid>UK Output</detailid><trx_tax>20.00</trx_tax></taxentry>\
             <taxentry><detailid>UK Extra</detailid></taxentry></taxentries></lineitem>"
        );
    }
}
