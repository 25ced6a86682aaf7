//! `create CONTACT`: a contact of its own, for example the ship-to address of a customer (Intacct docs, contacts).
//!
//! A customer's bill-to and ship-to name contacts that exist already, so they are created one request earlier.

use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// A person or place with its address. Everything but the names is optional; texts are cut to their fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Contact name, unique in the company: begin it with the customer id. Required in `create CONTACT`; for a
    /// customer's own contact Intacct makes one up when it is absent.
    pub name: Option<String>,
    /// Name as printed on documents; required.
    pub print_as: String,
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
    /// E-mail address.
    pub email: Option<String>,
    /// Mail address.
    pub address: Option<Address>,
}

/// A mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// First street line.
    pub street_1: Option<String>,
    /// Second street line.
    pub street_2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or province.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country by its English name. Companies with ISO country codes need both this and the code.
    pub country: Option<String>,
    /// Country by its two-letter code (ISO 3166-1).
    pub country_code: Option<String>,
}

/// Creates one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateContact {
    /// The contact; its name is required.
    pub contact: Contact,
}

impl CreateContact {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        let name = text::contact_name(self.contact.name.as_deref().unwrap_or_default());
        check_id("CONTACTNAME", &name, text::NAME)?;
        self.contact.check()
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create", |writer| {
            // The element of the ISO code is COUNTRYCODE here and ISOCOUNTRYCODE inside a customer.
            writer.element("CONTACT", |writer| self.contact.write_fields("COUNTRYCODE", writer));
        });
    }
}

impl Contact {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        if self.print_as.trim().is_empty() { Err(InvalidFunction::Empty { field: "PRINTAS" }) } else { Ok(()) }
    }

    pub(super) fn write_fields(&self, country_code_element: &str, writer: &mut XmlWriter) {
        if let Some(name) = &self.name {
            writer.text("CONTACTNAME", &text::contact_name(name));
        }
        writer.text("PRINTAS", text::cut(&self.print_as, text::NAME));
        optional_cut(writer, "COMPANYNAME", &self.company, text::NAME);
        if let Some(taxable) = self.taxable {
            writer.boolean("TAXABLE", taxable);
        }
        optional_cut(writer, "FIRSTNAME", &self.first_name, text::PERSON_NAME);
        optional_cut(writer, "LASTNAME", &self.last_name, text::PERSON_NAME);
        optional_cut(writer, "PHONE1", &self.phone, text::PHONE);
        // An address that does not fit is left out: cut, it would be somebody else's.
        if let Some(email) = self.email.as_deref().filter(|email| email.trim().chars().count() <= text::EMAIL) {
            writer.optional("EMAIL1", Some(email.trim()).filter(|email| !email.is_empty()));
        }
        if let Some(address) = &self.address {
            writer.element("MAILADDRESS", |writer| address.write_fields(country_code_element, writer));
        }
    }
}

impl Address {
    /// The parts with their elements and longest lengths.
    fn parts<'a>(&'a self, country_code_element: &'a str) -> [(&'a str, &'a Option<String>, usize); 7] {
        [
            ("ADDRESS1", &self.street_1, text::STREET),
            ("ADDRESS2", &self.street_2, text::STREET),
            ("CITY", &self.city, text::CITY),
            ("STATE", &self.state, text::STATE),
            ("ZIP", &self.postal_code, text::POSTAL_CODE),
            ("COUNTRY", &self.country, text::COUNTRY),
            (country_code_element, &self.country_code, 2),
        ]
    }

    fn write_fields(&self, country_code_element: &str, writer: &mut XmlWriter) {
        for (name, value, longest) in self.parts(country_code_element) {
            optional_cut(writer, name, value, longest);
        }
    }

    /// Writes every part; what the address does not have is written empty, so that a change leaves nothing of the old one.
    pub(super) fn write_whole(&self, country_code_element: &str, writer: &mut XmlWriter) {
        for (name, value, longest) in self.parts(country_code_element) {
            writer.text(name, text::cut(value.as_deref().unwrap_or_default(), longest));
        }
    }
}

/// Writes a text cut to its field, or nothing when it is absent or blank.
fn optional_cut(writer: &mut XmlWriter, name: &str, value: &Option<String>, longest: usize) {
    writer.optional(name, value.as_deref().map(|value| text::cut(value, longest)).filter(|value| !value.is_empty()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_written_with_its_own_country_code_element() {
        let contact = Contact {
            name: Some("BC-7 ship #2".into()),
            print_as: "Zoë".into(),
            email: Some(format!("{}@example.com", "x".repeat(100))),
            address: Some(Address {
                city: Some("Köln".into()),
                state: Some(" ".into()),
                country: Some("Germany".into()),
                country_code: Some("DE".into()),
                ..Address::default()
            }),
            ..Contact::default()
        };
        let mut writer = XmlWriter::new();
        CreateContact { contact }.write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<create><CONTACT><CONTACTNAME>BC-7 ship 2</CONTACTNAME><PRINTAS>Zoë</PRINTAS><MAILADDRESS>\
             <CITY>Köln</CITY><COUNTRY>Germany</COUNTRY><COUNTRYCODE>DE</COUNTRYCODE></MAILADDRESS></CONTACT></create>"
        );
    }

    #[test]
    fn a_contact_without_a_name_is_refused() {
        let contact = Contact { print_as: "Zoë".into(), ..Contact::default() };
        assert_eq!(CreateContact { contact }.check(), Err(InvalidFunction::Empty { field: "CONTACTNAME" }));
    }
}
