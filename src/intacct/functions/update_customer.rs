//! `update CUSTOMER`: changes a customer (Intacct docs, customers). Elements may stand in any order.
//!
//! What is left out stays as it is. Fields of the display contact are changed through the customer, without touching the
//! rest of that contact.

use super::update_contact::ContactChange;
use super::{InvalidFunction, RecordReference, check_id};
use crate::intacct::text;
use crate::intacct::xml::{FieldName, XmlWriter};

/// Changes one customer. The answer carries `RECORDNO` and `CUSTOMERID`. A text that is `Some("")` empties its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateCustomer {
    /// The customer, by `RECORDNO` or by `CUSTOMERID`.
    pub customer: RecordReference,
    /// New name, cut to 100 characters; cannot be emptied.
    pub name: Option<String>,
    /// Changes of its display contact.
    pub display_contact: ContactChange,
    /// Whether documents can be made for it.
    pub active: Option<bool>,
    /// Name of an existing contact to bill to.
    pub bill_to: Option<String>,
    /// Name of an existing contact to ship to.
    pub ship_to: Option<String>,
    /// Customer type by name.
    pub customer_type: Option<String>,
    /// Payment term by name.
    pub term: Option<String>,
    /// Free text.
    pub comments: Option<String>,
    /// Custom fields by integration name.
    pub custom_fields: Vec<(FieldName, String)>,
}

impl UpdateCustomer {
    /// A change of nothing yet: set what is to be different.
    pub fn new(customer: RecordReference) -> Self {
        Self {
            customer,
            name: None,
            display_contact: ContactChange::default(),
            active: None,
            bill_to: None,
            ship_to: None,
            customer_type: None,
            term: None,
            comments: None,
            custom_fields: Vec::new(),
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        if let RecordReference::Id(id) = &self.customer {
            check_id("CUSTOMERID", id, text::CUSTOMER_ID)?;
        }
        if self.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(InvalidFunction::Empty { field: "NAME" });
        }
        self.display_contact.check()?;
        if *self == Self::new(self.customer.clone()) {
            Err(InvalidFunction::NoLines { what: "the change of the customer" })
        } else {
            Ok(())
        }
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("update", |writer| writer.element("CUSTOMER", |writer| self.write_fields(writer)));
    }

    fn write_fields(&self, writer: &mut XmlWriter) {
        self.customer.write("CUSTOMERID", writer);
        writer.optional("NAME", self.name.as_deref().map(|name| text::cut(name, text::NAME)));
        if self.display_contact != ContactChange::default() {
            writer.element("DISPLAYCONTACT", |writer| self.display_contact.write_fields("ISOCOUNTRYCODE", writer));
        }
        writer.optional("STATUS", self.active.map(status));
        writer.optional("CUSTTYPE", self.customer_type.as_deref());
        writer.optional("TERMNAME", self.term.as_deref());
        writer.optional("COMMENTS", self.comments.as_deref());
        for (name, contact) in [("BILLTO", &self.bill_to), ("SHIPTO", &self.ship_to)] {
            if let Some(contact) = contact {
                writer.element(name, |writer| writer.text("CONTACTNAME", &text::contact_name(contact)));
            }
        }
        for (name, value) in &self.custom_fields {
            writer.text(name.as_str(), value);
        }
    }
}

/// Intacct's word for whether a record can be used.
pub(super) fn status(active: bool) -> &'static str {
    if active { "active" } else { "inactive" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_written() {
        let change = UpdateCustomer {
            name: Some("Ann & Sons".into()),
            display_contact: ContactChange { email: Some("ann.new@example.com".into()), ..ContactChange::default() },
            active: Some(false),
            ..UpdateCustomer::new(RecordReference::Id("BC-77".into()))
        };
        assert_eq!(change.check(), Ok(()));
        let mut writer = XmlWriter::new();
        change.write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<update><CUSTOMER><CUSTOMERID>BC-77</CUSTOMERID><NAME>Ann &amp; Sons</NAME><DISPLAYCONTACT>\
             <EMAIL1>ann.new@example.com</EMAIL1></DISPLAYCONTACT><STATUS>inactive</STATUS></CUSTOMER></update>"
        );
    }

    #[test]
    fn a_change_of_nothing_or_to_no_name_is_refused() {
        let nothing = UpdateCustomer::new(RecordReference::Number(1652));
        assert!(matches!(nothing.check(), Err(InvalidFunction::NoLines { .. })));
        let nameless = UpdateCustomer { name: Some(" ".into()), ..nothing };
        assert_eq!(nameless.check(), Err(InvalidFunction::Empty { field: "NAME" }));
    }
}
