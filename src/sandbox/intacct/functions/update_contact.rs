//! `update CONTACT`: changes a contact; what is left out stays, its name is its identity (Intacct docs, contacts).

use std::collections::BTreeMap;

use super::super::books::Books;
use super::super::refusal::Refusal;
use super::super::xml_tree::Element;
use super::{Context, contact};

/// Makes the change; answers the contact's RECORDNO and name.
pub(super) fn run(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    contact::check_change(object, "COUNTRYCODE", context)?;
    let name = identify(object, books)?;
    let record_no = apply(&name, object, books, context)?;
    Ok(Element::new("contact")
        .child(Element::leaf("RECORDNO", record_no.to_string()))
        .child(Element::leaf("CONTACTNAME", name)))
}

fn identify(object: &Element, books: &Books) -> Result<String, Refusal> {
    let name = match (object.text_of("RECORDNO"), object.text_of("CONTACTNAME")) {
        (Some(key), _) => {
            let found = books.contacts.values().find(|contact| contact.record_no.to_string() == key);
            found.map(|contact| contact.name.clone()).ok_or_else(|| Refusal::contact_missing(key))?
        }
        (None, Some(name)) => name.to_owned(),
        (None, None) => return Err(Refusal::missing_field("Contact Name")),
    };
    if books.contacts.contains_key(&name) { Ok(name) } else { Err(Refusal::contact_missing(&name)) }
}

/// Changes a contact wherever it shows: in its own record, and as the display contact of customers. Answers its RECORDNO.
pub(super) fn apply(name: &str, change: &Element, books: &mut Books, context: &Context<'_>) -> Result<u64, Refusal> {
    // Whether a contact can be renamed is not documented; a strict company does not.
    if let Some(other) = change.text_of("CONTACTNAME").filter(|other| *other != name) {
        return Err(Refusal::illegal_value("Contact name", other));
    }
    let mut fields = BTreeMap::new();
    contact::flatten("", change, &mut fields);
    fields.remove("RECORDNO");
    contact::one_country_code(&mut fields);
    let contact = books.contacts.get_mut(name).ok_or_else(|| Refusal::contact_missing(name))?;
    contact.fields.extend(fields.clone());
    contact.modified_at = context.now;
    for customer in books.customers.values_mut().filter(|customer| customer.contact_name == name) {
        let shown = fields.iter().map(|(field, value)| (format!("{}{field}", contact::PREFIX), value.clone()));
        customer.fields.extend(shown);
    }
    Ok(contact.record_no)
}
