//! `create CONTACT`: a contact that customers and invoices can name.

use std::collections::BTreeMap;

use super::super::books::Books;
use super::super::records::Contact;
use super::super::refusal::Refusal;
use super::super::xml_tree::Element;
use super::{Context, common, contact};

/// Makes the contact; answers its RECORDNO and name.
pub(super) fn run(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    contact::check(object, "COUNTRYCODE", context)?;
    let name = common::required(object, "CONTACTNAME", "Contact Name")?.to_owned();
    let mut fields = BTreeMap::new();
    contact::flatten("", object, &mut fields);
    let record_no = add(name.clone(), fields, books, context)?;
    Ok(Element::new("contact")
        .child(Element::leaf("RECORDNO", record_no.to_string()))
        .child(Element::leaf("CONTACTNAME", name)))
}

/// Keeps a contact under a name that must be new: names are global in a company.
pub(super) fn add(
    name: String,
    mut fields: BTreeMap<String, String>,
    books: &mut Books,
    context: &Context<'_>,
) -> Result<u64, Refusal> {
    if books.contacts.contains_key(&name) {
        return Err(Refusal::another("Contact", &name));
    }
    let record_no = books.next_master();
    contact::one_country_code(&mut fields);
    let contact = Contact {
        record_no,
        name: name.clone(),
        fields,
        entity: context.entity(),
        recorded_at: context.now,
        modified_at: context.now,
    };
    books.contacts.insert(name, contact);
    Ok(record_no)
}
