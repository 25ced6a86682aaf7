//! `update CONTACT`: changes a contact of its own, for example a ship-to address (Intacct docs, contacts).
//!
//! What is left out stays as it is; an empty element empties its field. A contact's name is its identity and stays.

use super::create_contact::Address;
use super::update_customer::status;
use super::{InvalidFunction, RecordReference, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// What is to be different in a contact. `None` stays as it is, `Some("")` empties the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactChange {
    /// Name as printed on documents; cannot be emptied.
    pub print_as: Option<String>,
    /// Company name.
    pub company: Option<String>,
    /// Whether sales to this contact are taxable in Intacct's own tax set-up.
    pub taxable: Option<bool>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// E-mail address, at most 100 characters: it is never cut.
    pub email: Option<String>,
    /// The whole new mail address: what it does not have is emptied, so that no line of the old one stays behind.
    pub address: Option<Address>,
}

/// Changes one contact. The answer carries `RECORDNO` and `CONTACTNAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateContact {
    /// The contact, by `RECORDNO` or by `CONTACTNAME`.
    pub contact: RecordReference,
    /// What is to be different.
    pub change: ContactChange,
    /// Whether documents can name it.
    pub active: Option<bool>,
}

impl UpdateContact {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        if let RecordReference::Id(name) = &self.contact {
            check_id("CONTACTNAME", name, text::NAME)?;
        }
        self.change.check()?;
        if self.active.is_none() && self.change == ContactChange::default() {
            return Err(InvalidFunction::NoLines { what: "the change of the contact" });
        }
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("update", |writer| {
            writer.element("CONTACT", |writer| {
                self.contact.write("CONTACTNAME", writer);
                // The element of the ISO code is COUNTRYCODE here and ISOCOUNTRYCODE inside a customer.
                self.change.write_fields("COUNTRYCODE", writer);
                writer.optional("STATUS", self.active.map(status));
            });
        });
    }
}

impl ContactChange {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        if self.print_as.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(InvalidFunction::Empty { field: "PRINTAS" });
        }
        // Cut, it would be somebody else's; left out, the old one would stay.
        match self.email.as_deref().map(|email| (email, email.trim().chars().count())) {
            Some((email, length)) if length > text::EMAIL => {
                Err(InvalidFunction::TooLong { field: "EMAIL1", value: email.to_owned(), length, longest: text::EMAIL })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn write_fields(&self, country_code_element: &str, writer: &mut XmlWriter) {
        let mut cut = |name: &str, value: &Option<String>, longest: usize| {
            writer.optional(name, value.as_deref().map(|value| text::cut(value, longest)));
        };
        cut("PRINTAS", &self.print_as, text::NAME);
        cut("COMPANYNAME", &self.company, text::NAME);
        cut("FIRSTNAME", &self.first_name, text::PERSON_NAME);
        cut("LASTNAME", &self.last_name, text::PERSON_NAME);
        cut("PHONE1", &self.phone, text::PHONE);
        cut("EMAIL1", &self.email, text::EMAIL);
        if let Some(taxable) = self.taxable {
            writer.boolean("TAXABLE", taxable);
        }
        if let Some(address) = &self.address {
            writer.element("MAILADDRESS", |writer| address.write_whole(country_code_element, writer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(change: ContactChange) -> UpdateContact {
        UpdateContact { contact: RecordReference::Id("BC-7 ship 2".into()), change, active: None }
    }

    #[test]
    fn an_address_is_replaced_whole() {
        let address = Address {
            street_1: Some("2 Oak St".into()),
            city: Some("Bonn".into()),
            country: Some("Germany".into()),
            country_code: Some("DE".into()),
            ..Address::default()
        };
        let mut writer = XmlWriter::new();
        change(ContactChange { address: Some(address), ..ContactChange::default() }).write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<update><CONTACT><CONTACTNAME>BC-7 ship 2</CONTACTNAME><MAILADDRESS><ADDRESS1>2 Oak St</ADDRESS1>\
             <ADDRESS2></ADDRESS2><CITY>Bonn</CITY><STATE></STATE><ZIP></ZIP><COUNTRY>Germany</COUNTRY>\
             <COUNTRYCODE>DE</COUNTRYCODE></MAILADDRESS></CONTACT></update>"
        );
    }

    #[test]
    fn a_change_of_nothing_and_an_address_that_does_not_fit_are_refused() {
        assert!(matches!(change(ContactChange::default()).check(), Err(InvalidFunction::NoLines { .. })));
        let long =
            ContactChange { email: Some(format!("{}@example.com", "x".repeat(100))), ..ContactChange::default() };
        assert!(matches!(change(long).check(), Err(InvalidFunction::TooLong { field: "EMAIL1", .. })));
        let nameless = ContactChange { print_as: Some(String::new()), ..ContactChange::default() };
        assert_eq!(change(nameless).check(), Err(InvalidFunction::Empty { field: "PRINTAS" }));
    }
}
