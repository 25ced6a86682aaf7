//! `create CUSTOMER`: a customer with its display contact (Intacct docs, customers).

use std::collections::BTreeMap;

use super::super::books::Books;
use super::super::records::Customer;
use super::super::refusal::Refusal;
use super::super::values::{bounded, number};
use super::super::xml_tree::Element;
use super::{Context, common, contact, create_contact};

/// Fields of a customer; custom fields of the company come on top.
const FIELDS: &[&str] = &[
    "CUSTOMERID",
    "NAME",
    "DISPLAYCONTACT",
    "STATUS",
    "ONETIME",
    "HIDEDISPLAYCONTACT",
    "CUSTTYPE",
    "CUSTREPID",
    "PARENTID",
    "GLGROUP",
    "TERRITORYID",
    "SUPDOCID",
    "TERMNAME",
    "OFFSETGLACCOUNTNO",
    "ARACCOUNT",
    "SHIPPINGMETHOD",
    "RESALENO",
    "TAXID",
    "CREDITLIMIT",
    "RETAINAGEPERCENTAGE",
    "ONHOLD",
    "DELIVERY_OPTIONS",
    "CUSTMESSAGEID",
    "EMAILOPTIN",
    "COMMENTS",
    "CURRENCY",
    "ADVBILLBY",
    "ADVBILLBYTYPE",
    "CONTACTINFO",
    "BILLTO",
    "SHIPTO",
    "CONTACT_LIST_INFO",
    "CUSTOMERCONTACTS",
    "OBJECTRESTRICTION",
    "RESTRICTEDLOCATIONS",
    "RESTRICTEDDEPARTMENTS",
    "CUSTOMEREMAILTEMPLATES",
];

/// Refuses fields a customer does not have. A change may name it by its RECORDNO.
pub(super) fn check_fields(object: &Element, context: &Context<'_>) -> Result<(), Refusal> {
    common::known_fields(object, &[FIELDS, &["RECORDNO"]].concat(), true, context)
}

/// Customer ids are at most this long (Intacct's import template).
const ID: usize = 20;
pub(super) const NAME: usize = 100;

/// Makes the customer; answers its RECORDNO and id.
pub(super) fn run(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    common::known_fields(object, FIELDS, true, context)?;
    let name = bounded("Customer name", common::required(object, "NAME", "Customer Name")?, NAME)?.to_owned();
    let display = object.get("DISPLAYCONTACT").ok_or_else(|| Refusal::missing_field("Print As"))?;
    contact::check(display, "ISOCOUNTRYCODE", context)?;
    check_values(object, books, context)?;
    let active = is_active(object.text_of("STATUS"))?;
    let id = id(object, books, context)?;
    // Without a name the system makes one up: `NAME(CCUSTOMERID)`.
    let contact_name = display.text_of("CONTACTNAME").map_or_else(|| format!("{name}(C{id})"), str::to_owned);
    let mut contact_fields = BTreeMap::new();
    contact::flatten("", display, &mut contact_fields);
    contact_fields.insert("CONTACTNAME".to_owned(), contact_name.clone());
    let mut fields = BTreeMap::new();
    contact::flatten("", object, &mut fields);
    if let Some(code) = fields.remove("DISPLAYCONTACT.MAILADDRESS.ISOCOUNTRYCODE") {
        fields.insert("DISPLAYCONTACT.MAILADDRESS.COUNTRYCODE".to_owned(), code);
    }
    fields.insert("DISPLAYCONTACT.CONTACTNAME".to_owned(), contact_name.clone());
    check_delivery(&fields)?;

    create_contact::add(contact_name.clone(), contact_fields, books, context)?;
    let record_no = books.next_master();
    let answer = Element::new("customer")
        .child(Element::leaf("RECORDNO", record_no.to_string()))
        .child(Element::leaf("CUSTOMERID", &id));
    let (entity, recorded_at) = (context.entity(), context.now);
    let modified_at = recorded_at;
    let customer =
        Customer { record_no, id: id.clone(), name, active, contact_name, fields, entity, recorded_at, modified_at };
    books.customers.insert(id, customer);
    Ok(answer)
}

/// The id that was sent, or the next one where the company numbers its customers.
fn id(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<String, Refusal> {
    let Some(id) = object.text_of("CUSTOMERID") else {
        let prefix =
            context.settings.customer_numbering.as_deref().ok_or_else(|| Refusal::missing_field("Customer ID"))?;
        return Ok(books.next_customer(prefix));
    };
    bounded("Customer ID", id, ID)?;
    if !id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_')) {
        return Err(Refusal::illegal_value("Customer ID", id));
    }
    if books.customers.contains_key(id) {
        return Err(Refusal::another("Customer", id));
    }
    Ok(id.to_owned())
}

pub(super) fn is_active(status: Option<&str>) -> Result<bool, Refusal> {
    match status {
        None | Some("active") => Ok(true),
        Some("inactive") => Ok(false),
        Some(other) => Err(Refusal::illegal_value("Status", other)),
    }
}

pub(super) fn check_values(object: &Element, books: &Books, context: &Context<'_>) -> Result<(), Refusal> {
    let masters = &books.masters;
    let unknown = |name: &str, known: &dyn Fn(&str) -> bool| object.text_of(name).filter(|value| !known(value));
    if let Some(term) = unknown("TERMNAME", &|term| masters.terms.contains_key(term)) {
        return Err(Refusal::invalid("Term", term));
    }
    if let Some(kind) = unknown("CUSTTYPE", &|kind| masters.customer_types.contains(kind)) {
        return Err(Refusal::invalid("Customer type", kind));
    }
    if let Some(parent) = unknown("PARENTID", &|parent| books.customers.contains_key(parent)) {
        return Err(Refusal::invalid("Customer", parent));
    }
    for name in ["OFFSETGLACCOUNTNO", "ARACCOUNT"] {
        if let Some(account) = object.text_of(name) {
            common::money_account(books, account)?;
        }
    }
    if let Some(limit) = object.text_of("CREDITLIMIT") {
        number("Credit limit", limit)?;
    }
    let base = &context.settings.base_currency;
    let known_currency = |code: &str| {
        code == base || (context.settings.multi_currency && context.settings.exchange_rates.contains_key(code))
    };
    if let Some(currency) = unknown("CURRENCY", &known_currency) {
        return Err(if context.settings.multi_currency {
            Refusal::invalid("Currency", currency)
        } else {
            Refusal::foreign_currency_off()
        });
    }
    check_named_contacts(object, books)
}

/// The words of DELIVERY_OPTIONS; `E-Mail` needs an address to send to (Intacct docs, customers). `fields` are those the
/// customer has afterwards, nested ones with dots.
pub(super) fn check_delivery(fields: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let field = |name: &str| fields.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let Some(options) = field("DELIVERY_OPTIONS") else { return Ok(()) };
    for option in options.split("#~#") {
        match option {
            "Print" => {}
            "E-Mail" if field("DISPLAYCONTACT.EMAIL1").is_some() => {}
            "E-Mail" => return Err(Refusal::missing_field("Primary Email Address")),
            other => return Err(Refusal::illegal_value("Delivery options", other)),
        }
    }
    Ok(())
}

fn check_named_contacts(object: &Element, books: &Books) -> Result<(), Refusal> {
    let names =
        ["CONTACTINFO", "BILLTO", "SHIPTO"].into_iter().filter_map(|name| object.get(name)?.text_of("CONTACTNAME"));
    for name in names {
        if !books.contacts.contains_key(name) {
            return Err(Refusal::contact_missing(name));
        }
    }
    Ok(())
}
