//! From a buyer's record to the functions that make and change a customer and its ship-to contact.

use super::PostingError;
use crate::accounting::customer::{BuyerIdentity, CustomerRecord, tidy};
use crate::accounting::evidence;
use crate::intacct::functions::{
    Address, Contact, ContactChange, CreateContact, CreateCustomer, Function, RecordReference, UpdateContact,
    UpdateCustomer,
};
use crate::intacct::text;
use crate::intacct::xml::FieldName;

/// What of a customer depends on how the company is set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerForm {
    /// Whether the company has ISO country codes: then an address has both the country and its code, or neither (Intacct
    /// docs, contacts). Without them only the country is sent.
    pub iso_country_codes: bool,
    /// The custom field that holds BigCommerce's customer id.
    pub id_field: Option<FieldName>,
}

/// The name of a customer's ship-to contact. Contact names are unique in the whole company: this one is made of our
/// customer id alone, so that it is nobody else's, and stays whoever the goods are addressed to.
pub fn ship_to_name(customer_id: &str) -> String {
    format!("{customer_id} ship-to")
}

/// The value of [`CustomerForm::id_field`] of a buyer: the registered customer's id; guests have none.
pub fn id_in_field(identity: &BuyerIdentity) -> Option<String> {
    match identity {
        BuyerIdentity::Registered(id) => Some(id.to_string()),
        BuyerIdentity::Guest(_) | BuyerIdentity::Summary(_) => None,
    }
}

/// The function that creates a customer with its own contact, where the bill goes. `ship_to` names a contact that exists.
///
/// # Errors
/// [`PostingError::Invalid`].
pub fn create(
    record: &CustomerRecord,
    customer_id: &str,
    ship_to: Option<&str>,
    form: &CustomerForm,
) -> Result<Function, PostingError> {
    let id_in_field = form.id_field.clone().zip(id_in_field(&record.reference.identity));
    checked(Function::CreateCustomer(Box::new(CreateCustomer {
        customer_id: Some(customer_id.to_owned()),
        name: record.name.clone(),
        display_contact: Contact {
            // It begins with the id, so that cutting it cannot make it somebody else's.
            name: Some(format!("{customer_id} {}", record.name)),
            print_as: record.name.clone(),
            company: given(&record.company),
            taxable: Some(true),
            first_name: given(&record.first_name),
            last_name: given(&record.last_name),
            phone: given(&record.phone),
            email: email(&record.email),
            address: Some(address(&record.billing, form)),
        },
        bill_to: None,
        ship_to: ship_to.map(str::to_owned),
        customer_type: record.customer_type.clone(),
        term: record.terms.clone(),
        currency: None,
        comments: None,
        custom_fields: id_in_field.into_iter().collect(),
    })))
}

/// The function that creates a customer's ship-to contact.
///
/// # Errors
/// [`PostingError::Invalid`].
pub fn create_ship_to(
    record: &CustomerRecord,
    to: &evidence::Address,
    customer_id: &str,
    form: &CustomerForm,
) -> Result<Function, PostingError> {
    checked(Function::CreateContact(Box::new(CreateContact {
        contact: Contact {
            name: Some(ship_to_name(customer_id)),
            print_as: addressee(record, to),
            company: given(&to.company),
            taxable: Some(true),
            first_name: given(&to.first_name),
            last_name: given(&to.last_name),
            phone: given(&to.phone),
            email: email(&to.email),
            address: Some(address(to, form)),
        },
    })))
}

/// The function that makes a customer what the record says. What the order does not say, a phone for example, stays.
/// `ship_to` names a contact that exists and that the customer does not have yet.
///
/// # Errors
/// [`PostingError::Invalid`].
pub fn update(
    record: &CustomerRecord,
    customer_id: &str,
    ship_to: Option<&str>,
    form: &CustomerForm,
) -> Result<Function, PostingError> {
    checked(Function::UpdateCustomer(Box::new(UpdateCustomer {
        name: Some(record.name.clone()),
        display_contact: ContactChange {
            print_as: Some(record.name.clone()),
            company: Some(record.company.clone()),
            taxable: None,
            first_name: Some(record.first_name.clone()),
            last_name: Some(record.last_name.clone()),
            phone: given(&record.phone),
            email: email(&record.email),
            address: Some(address(&record.billing, form)),
        },
        ship_to: ship_to.map(str::to_owned),
        ..UpdateCustomer::new(RecordReference::Id(customer_id.to_owned()))
    })))
}

/// The function that makes a customer's ship-to contact this address.
///
/// # Errors
/// [`PostingError::Invalid`].
pub fn update_ship_to(
    record: &CustomerRecord,
    to: &evidence::Address,
    customer_id: &str,
    form: &CustomerForm,
) -> Result<Function, PostingError> {
    checked(Function::UpdateContact(Box::new(UpdateContact {
        contact: RecordReference::Id(ship_to_name(customer_id)),
        change: ContactChange {
            print_as: Some(addressee(record, to)),
            company: Some(tidy(&to.company)),
            taxable: None,
            first_name: Some(tidy(&to.first_name)),
            last_name: Some(tidy(&to.last_name)),
            phone: given(&to.phone),
            email: email(&to.email),
            address: Some(address(to, form)),
        },
        active: None,
    })))
}

/// What stands on a parcel: company, else person, else the customer's name.
pub fn addressee(record: &CustomerRecord, to: &evidence::Address) -> String {
    let names = [tidy(&to.company), tidy(&format!("{} {}", to.first_name, to.last_name))];
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| record.name.clone())
}

fn checked(function: Function) -> Result<Function, PostingError> {
    function.check()?;
    Ok(function)
}

fn given(text: &str) -> Option<String> {
    Some(tidy(text)).filter(|text| !text.is_empty())
}

/// An e-mail address that Intacct would refuse is left out: no order waits for a typing mistake in it.
fn email(text: &str) -> Option<String> {
    given(text).filter(|text| text::is_email(text))
}

fn address(place: &evidence::Address, form: &CustomerForm) -> Address {
    let code = tidy(&place.country_code).to_uppercase();
    let code = Some(code).filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()));
    let (country, country_code) = match (form.iso_country_codes, given(&place.country), code) {
        (true, Some(country), Some(code)) => (Some(country), Some(code)),
        (true, ..) => (None, None),
        (false, country, _) => (country, None),
    };
    Address {
        street_1: given(&place.street_1),
        street_2: given(&place.street_2),
        city: given(&place.city),
        state: given(&place.state),
        postal_code: given(&place.zip),
        country,
        country_code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::customer::CustomerRef;

    fn place(street: &str) -> evidence::Address {
        evidence::Address {
            first_name: "Zoë".into(),
            last_name: "Ünal".into(),
            street_1: street.into(),
            city: "Köln".into(),
            country: "Germany".into(),
            country_code: "de".into(),
            email: "not an address".into(),
            ..evidence::Address::default()
        }
    }

    fn record() -> CustomerRecord {
        CustomerRecord {
            reference: CustomerRef::new(BuyerIdentity::Registered(42), "BC-"),
            name: "Zoë Ünal".into(),
            first_name: "Zoë".into(),
            last_name: "Ünal".into(),
            company: String::new(),
            email: "zoe@example.com".into(),
            phone: String::new(),
            billing: place("1 Ring"),
            shipping: Some(place("2 Dom")),
            customer_type: None,
            terms: None,
        }
    }

    fn iso() -> CustomerForm {
        CustomerForm { iso_country_codes: true, id_field: Some(FieldName::new("BC_CUSTOMER_ID").unwrap()) }
    }

    #[test]
    fn a_customer_is_created_with_its_bill_to_its_ship_to_and_the_id_of_the_store() {
        let body = create(&record(), "BC-C42", Some("BC-C42 ship-to"), &iso()).unwrap().body();
        assert_eq!(
            body,
            "<create><CUSTOMER><CUSTOMERID>BC-C42</CUSTOMERID><NAME>Zoë Ünal</NAME><DISPLAYCONTACT>\
             <CONTACTNAME>BC-C42 Zoë Ünal</CONTACTNAME><PRINTAS>Zoë Ünal</PRINTAS><TAXABLE>true</TAXABLE>\
             <FIRSTNAME>Zoë</FIRSTNAME><LASTNAME>Ünal</LASTNAME><EMAIL1>zoe@example.com</EMAIL1><MAILADDRESS>\
             <ADDRESS1>1 Ring</ADDRESS1><CITY>Köln</CITY><COUNTRY>Germany</COUNTRY><ISOCOUNTRYCODE>DE</ISOCOUNTRYCODE>\
             </MAILADDRESS></DISPLAYCONTACT><STATUS>active</STATUS><SHIPTO><CONTACTNAME>BC-C42 ship-to</CONTACTNAME>\
             </SHIPTO><BC_CUSTOMER_ID>42</BC_CUSTOMER_ID></CUSTOMER></create>"
        );
    }

    #[test]
    fn without_iso_country_codes_only_the_country_is_sent_and_with_them_both_or_neither() {
        let body = |form: &CustomerForm, change: &dyn Fn(&mut evidence::Address)| {
            let mut record = record();
            change(&mut record.billing);
            create(&record, "BC-C42", None, form).unwrap().body()
        };
        let plain = body(&CustomerForm::default(), &|_| {});
        assert!(plain.contains("<COUNTRY>Germany</COUNTRY>") && !plain.contains("ISOCOUNTRYCODE"), "{plain}");
        let without = |body: String| !body.contains("COUNTRY>") && !body.contains("COUNTRYCODE>");
        let form = CustomerForm { id_field: None, ..iso() };
        assert!(without(body(&form, &|place| place.country_code = "DEU".into())));
        assert!(without(body(&form, &|place| place.country.clear())));
    }

    #[test]
    fn a_ship_to_contact_is_named_by_the_customer_id_alone() {
        let record = record();
        let body = create_ship_to(&record, &place("2 Dom"), "BC-C42", &iso()).unwrap().body();
        assert!(body.contains("<CONTACTNAME>BC-C42 ship-to</CONTACTNAME><PRINTAS>Zoë Ünal</PRINTAS>"), "{body}");
        assert!(body.contains("<COUNTRYCODE>DE</COUNTRYCODE>"), "{body}");
        assert!(!body.contains("EMAIL1"), "what Intacct would refuse is left out: {body}");
        let nobody = evidence::Address { first_name: "\u{1}".into(), last_name: " ".into(), ..place("2 Dom") };
        assert_eq!(addressee(&record, &nobody), "Zoë Ünal");
    }

    #[test]
    fn an_update_replaces_the_address_and_leaves_alone_what_the_order_does_not_say() {
        let body = update(&record(), "BC-C42", None, &iso()).unwrap().body();
        assert!(body.starts_with("<update><CUSTOMER><CUSTOMERID>BC-C42</CUSTOMERID><NAME>Zoë Ünal</NAME>"), "{body}");
        assert!(body.contains("<ADDRESS2></ADDRESS2>") && !body.contains("PHONE1"), "{body}");
        let contact = update_ship_to(&record(), &place("3 Neumarkt"), "BC-C42", &iso()).unwrap().body();
        assert!(contact.contains("<CONTACTNAME>BC-C42 ship-to</CONTACTNAME>"), "{contact}");
        assert!(contact.contains("<ADDRESS1>3 Neumarkt</ADDRESS1>"), "{contact}");
    }

    #[test]
    fn a_long_name_keeps_the_id_and_is_cut_between_characters() {
        let long = CustomerRecord { name: "日本".repeat(100), ..record() };
        let body = create(&long, "BC-C42", None, &iso()).unwrap().body();
        let (_, rest) = body.split_once("<CONTACTNAME>").unwrap();
        let (name, _) = rest.split_once("</CONTACTNAME>").unwrap();
        assert!(name.starts_with("BC-C42 日本"), "{name}");
        assert_eq!(name.chars().count(), text::NAME);
    }
}
