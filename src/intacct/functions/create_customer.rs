//! `create CUSTOMER`: a customer with its display contact (Intacct docs, customers). Elements may stand in any order.

use super::create_contact::Contact;
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::{FieldName, XmlWriter};

/// Creates one customer. The answer carries `RECORDNO` and `CUSTOMERID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateCustomer {
    /// Customer id, at most 20 characters; none in companies that number customers themselves.
    pub customer_id: Option<String>,
    /// Name, cut to 100 characters.
    pub name: String,
    /// The customer's own contact: where bills go unless `bill_to` says otherwise. A customer create also creates
    /// this contact, and fails as a whole when a contact of that name exists.
    pub display_contact: Contact,
    /// Name of an existing contact to bill to.
    pub bill_to: Option<String>,
    /// Name of an existing contact to ship to.
    pub ship_to: Option<String>,
    /// Customer type by name.
    pub customer_type: Option<String>,
    /// Payment term by name.
    pub term: Option<String>,
    /// Default currency (ISO 4217), only in multi-currency companies.
    pub currency: Option<String>,
    /// Free text.
    pub comments: Option<String>,
    /// Custom fields by integration name, for example the id in the store.
    pub custom_fields: Vec<(FieldName, String)>,
}

impl CreateCustomer {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        if let Some(id) = &self.customer_id {
            check_id("CUSTOMERID", id, text::CUSTOMER_ID)?;
        }
        if self.name.trim().is_empty() {
            return Err(InvalidFunction::Empty { field: "NAME" });
        }
        self.display_contact.check()
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create", |writer| writer.element("CUSTOMER", |writer| self.write_fields(writer)));
    }

    fn write_fields(&self, writer: &mut XmlWriter) {
        writer.optional("CUSTOMERID", self.customer_id.as_deref());
        writer.text("NAME", text::cut(&self.name, text::NAME));
        writer.element("DISPLAYCONTACT", |writer| self.display_contact.write_fields("ISOCOUNTRYCODE", writer));
        writer.text("STATUS", "active");
        writer.optional("CUSTTYPE", self.customer_type.as_deref());
        writer.optional("TERMNAME", self.term.as_deref());
        writer.optional("COMMENTS", self.comments.as_deref());
        writer.optional("CURRENCY", self.currency.as_deref());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::Address;

    fn customer() -> CreateCustomer {
        CreateCustomer {
            customer_id: Some("BC-77".into()),
            name: "Ann O'Hara & Sons".into(),
            display_contact: Contact {
                name: Some("BC-77 Ann".into()),
                print_as: "Ann O'Hara".into(),
                email: Some("ann@example.com".into()),
                address: Some(Address {
                    street_1: Some("1 Elm St".into()),
                    country: Some("United States".into()),
                    country_code: Some("US".into()),
                    ..Address::default()
                }),
                ..Contact::default()
            },
            bill_to: None,
            ship_to: Some("BC-77 ship 9".into()),
            customer_type: Some("Web".into()),
            term: None,
            currency: Some("USD".into()),
            comments: None,
            custom_fields: vec![(FieldName::new("BC_ID").unwrap(), "77".into())],
        }
    }

    #[test]
    fn a_customer_carries_its_contact_country_twice_and_custom_fields() {
        let mut writer = XmlWriter::new();
        customer().write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<create><CUSTOMER><CUSTOMERID>BC-77</CUSTOMERID><NAME>Ann O&apos;Hara &amp; Sons</NAME><DISPLAYCONTACT>\
             <CONTACTNAME>BC-77 Ann</CONTACTNAME><PRINTAS>Ann O&apos;Hara</PRINTAS><EMAIL1>ann@example.com</EMAIL1>\
             <MAILADDRESS><ADDRESS1>1 Elm St</ADDRESS1><COUNTRY>United States</COUNTRY>\
             <ISOCOUNTRYCODE>US</ISOCOUNTRYCODE></MAILADDRESS></DISPLAYCONTACT><STATUS>active</STATUS>\
             <CUSTTYPE>Web</CUSTTYPE><CURRENCY>USD</CURRENCY><SHIPTO><CONTACTNAME>BC-77 ship 9</CONTACTNAME></SHIPTO>\
             <BC_ID>77</BC_ID></CUSTOMER></create>"
        );
    }

    #[test]
    fn a_customer_id_is_never_cut() {
        let long = CreateCustomer { customer_id: Some("BC-123456789012345678".into()), ..customer() };
        assert!(matches!(long.check(), Err(InvalidFunction::TooLong { field: "CUSTOMERID", length: 21, .. })));
        let odd = CreateCustomer { customer_id: Some("BC#1".into()), ..customer() };
        assert!(matches!(odd.check(), Err(InvalidFunction::Characters { field: "CUSTOMERID", .. })));
        assert_eq!(CreateCustomer { customer_id: None, ..customer() }.check(), Ok(()));
    }
}
