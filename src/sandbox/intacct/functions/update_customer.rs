//! `update CUSTOMER`: changes a customer and its display contact; what is left out stays (Intacct docs, customers).

use std::collections::BTreeMap;

use super::super::books::Books;
use super::super::refusal::Refusal;
use super::super::values::bounded;
use super::super::xml_tree::Element;
use super::create_customer::{self, NAME};
use super::{Context, contact, update_contact};

/// Makes the change; answers the customer's RECORDNO and id.
pub(super) fn run(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    create_customer::check_fields(object, context)?;
    let id = identify(object, books)?;
    let name = object.get("NAME").map(|name| name.text.as_str());
    if name == Some("") {
        return Err(Refusal::missing_field("Customer Name"));
    }
    bounded("Customer name", name.unwrap_or_default(), NAME)?;
    create_customer::check_values(object, books, context)?;
    let status = object.text_of("STATUS").map(|status| create_customer::is_active(Some(status))).transpose()?;
    if let Some(display) = object.get("DISPLAYCONTACT") {
        contact::check_change(display, "ISOCOUNTRYCODE", context)?;
    }
    let customer = books.customers.get(&id).ok_or_else(|| Refusal::invalid("Customer", &id))?;
    let mut fields = BTreeMap::new();
    contact::flatten("", object, &mut fields);
    let merged = customer.fields.iter().chain(&fields).map(|(name, value)| (name.clone(), value.clone())).collect();
    create_customer::check_delivery(&merged)?;
    let (contact_name, record_no) = (customer.contact_name.clone(), customer.record_no);
    if let Some(display) = object.get("DISPLAYCONTACT") {
        update_contact::apply(&contact_name, display, books, context)?;
    }
    if let Some(customer) = books.customers.get_mut(&id) {
        customer.name = name.map_or_else(|| customer.name.clone(), str::to_owned);
        customer.active = status.unwrap_or(customer.active);
        customer.fields.extend(fields.into_iter().filter(|(name, _)| !name.starts_with(contact::PREFIX)));
        customer.modified_at = context.now;
    }
    Ok(Element::new("customer")
        .child(Element::leaf("RECORDNO", record_no.to_string()))
        .child(Element::leaf("CUSTOMERID", id)))
}

/// The customer that RECORDNO or CUSTOMERID names; when both are there they must name the same one.
fn identify(object: &Element, books: &Books) -> Result<String, Refusal> {
    let by_number = object.text_of("RECORDNO").map(|key| {
        let found = books.customers.values().find(|customer| customer.record_no.to_string() == key);
        found.map(|customer| customer.id.clone()).ok_or_else(|| Refusal::invalid("Customer", key))
    });
    let id = match (by_number.transpose()?, object.text_of("CUSTOMERID")) {
        (Some(number), Some(id)) if number != id => return Err(Refusal::invalid("Customer", id)),
        (Some(id), _) => id,
        (None, Some(id)) => id.to_owned(),
        (None, None) => return Err(Refusal::missing_field("Customer ID")),
    };
    if books.customers.contains_key(&id) { Ok(id) } else { Err(Refusal::invalid("Customer", &id)) }
}
