//! The fields of a contact, alone or as the display contact of a customer: which exist, how long, in what form.

use std::collections::BTreeMap;

use super::super::refusal::Refusal;
use super::super::values::bounded;
use super::super::xml_tree::Element;
use super::Context;
use super::common;

/// What stands before the fields of a customer's display contact.
pub(super) const PREFIX: &str = "DISPLAYCONTACT.";

/// Fields of a contact (Intacct docs, contacts; display contact of a customer).
const FIELDS: &[&str] = &[
    "CONTACTNAME",
    "PRINTAS",
    "COMPANYNAME",
    "TAXABLE",
    "TAXGROUP",
    "TAXID",
    "TAXSOLUTIONID",
    "TAXSCHEDULE",
    "PREFIX",
    "FIRSTNAME",
    "LASTNAME",
    "INITIAL",
    "PHONE1",
    "PHONE2",
    "CELLPHONE",
    "PAGER",
    "FAX",
    "EMAIL1",
    "EMAIL2",
    "URL1",
    "URL2",
    "STATUS",
    "MAILADDRESS",
];

const ADDRESS: &[&str] =
    &["ADDRESS1", "ADDRESS2", "ADDRESS3", "CITY", "STATE", "ZIP", "COUNTRY", "COUNTRYCODE", "ISOCOUNTRYCODE"];

/// Lengths as integrators print them; the documentation has none.
const LENGTHS: &[(&str, usize)] = &[
    ("CONTACTNAME", 200),
    ("PRINTAS", 200),
    ("COMPANYNAME", 100),
    ("FIRSTNAME", 40),
    ("LASTNAME", 40),
    ("PHONE1", 30),
    ("PHONE2", 30),
    ("CELLPHONE", 30),
    ("FAX", 30),
    ("EMAIL1", 100),
    ("EMAIL2", 100),
];

const ADDRESS_LENGTHS: &[(&str, usize)] = &[("CITY", 80), ("STATE", 40), ("ZIP", 30), ("COUNTRY", 60)];

/// Characters that no contact name may hold (Intacct docs: record ids reject them).
const FORBIDDEN: &[char] = &['&', '<', '>', '#', '?'];

/// Checks the fields of a contact; `iso_code` is the name of the country code there, which differs between objects.
pub(super) fn check(contact: &Element, iso_code: &str, context: &Context<'_>) -> Result<(), Refusal> {
    common::known_fields(contact, FIELDS, true, context)?;
    common::required(contact, "PRINTAS", "Print As")?;
    check_change(contact, iso_code, context)
}

/// Checks a change of a contact: what is there, not what is missing; `PRINTAS` cannot be emptied.
pub(super) fn check_change(contact: &Element, iso_code: &str, context: &Context<'_>) -> Result<(), Refusal> {
    let identity: &[&str] = if contact.name == "CONTACT" { &["RECORDNO"] } else { &[] };
    common::known_fields(contact, &[FIELDS, identity].concat(), true, context)?;
    if contact.get("PRINTAS").is_some() {
        common::required(contact, "PRINTAS", "Print As")?;
    }
    if let Some(status) = contact.text_of("STATUS").filter(|status| !matches!(*status, "active" | "inactive")) {
        return Err(Refusal::illegal_value("Status", status));
    }
    for (name, most) in LENGTHS {
        bounded(name, contact.text_of(name).unwrap_or_default(), *most)?;
    }
    if let Some(name) = contact.text_of("CONTACTNAME").filter(|name| name.contains(FORBIDDEN)) {
        return Err(Refusal::illegal_value("Contact name", name));
    }
    for (name, label) in [("EMAIL1", "Primary Email Address"), ("EMAIL2", "Secondary Email Address")] {
        if let Some(email) = contact.text_of(name).filter(|email| !is_email(email)) {
            return Err(Refusal::illegal_value(&format!("Contactversion : {label}"), email));
        }
    }
    match contact.get("MAILADDRESS") {
        Some(address) => check_address(address, iso_code, context),
        None => Ok(()),
    }
}

fn check_address(address: &Element, iso_code: &str, context: &Context<'_>) -> Result<(), Refusal> {
    common::known_fields(address, ADDRESS, false, context)?;
    for (name, most) in ADDRESS_LENGTHS {
        bounded(name, address.text_of(name).unwrap_or_default(), *most)?;
    }
    let code = address.text_of(iso_code);
    if let Some(code) = code.filter(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Err(Refusal::illegal_value("Country code", code));
    }
    // With ISO codes enabled both are needed (Intacct docs, contacts).
    if context.settings.iso_country_codes && address.text_of("COUNTRY").is_some() != code.is_some() {
        return Err(Refusal::missing_field(if code.is_some() { "Country" } else { "Country code" }));
    }
    Ok(())
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let clean = text.is_ascii()
        && !text.contains(|c: char| c.is_ascii_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"'));
    clean
        && !local.is_empty()
        && !local.contains('@')
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

/// The country code under the one name it is read by, whichever name the object that brought it has for it.
pub(super) fn one_country_code(fields: &mut BTreeMap<String, String>) {
    if let Some(code) = fields.remove("MAILADDRESS.ISOCOUNTRYCODE") {
        fields.insert("MAILADDRESS.COUNTRYCODE".to_owned(), code);
    }
}

/// All fields of an object as text, nested ones with dots.
pub(super) fn flatten(prefix: &str, object: &Element, into: &mut BTreeMap<String, String>) {
    for field in &object.children {
        let name = format!("{prefix}{}", field.name);
        if field.children.is_empty() {
            into.insert(name, field.text.clone());
        } else {
            flatten(&format!("{name}."), field, into);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn an_email_has_two_sides_and_a_dotted_domain() {
        for good in ["a@example.com", "a.b+c@mail.example.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@example.com",
            "a b@example.com",
            "a@.com",
            "a@example.",
            "a@@example.com",
            "a@example.com;b@x.y",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
