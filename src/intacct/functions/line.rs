//! A line of an invoice or an adjustment, with its dimensions (Intacct docs, AR invoices; gateway schema 3.0).

use rust_decimal::Decimal;

use crate::intacct::xml::XmlWriter;

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
        Self { account, amount, memo: None, dimensions: LineDimensions::default() }
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
                custom_fields: vec![CustomField { name: "GLDIMREGION".into(), value: "10012".into() }],
            },
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
             <classid>C1</classid></lineitem>"
        );
    }
}
