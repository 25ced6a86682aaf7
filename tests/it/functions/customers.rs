//! Customers and contacts that change.

use std::time::Duration;

use cartledger::intacct::functions::{
    Address, Contact, ContactChange, CreateContact, Filter, Function, Query, RecordReference, UpdateContact,
    UpdateCustomer,
};

use super::desk;

fn address(street: &str, country: &str, code: &str) -> Address {
    Address {
        street_1: Some(street.into()),
        country: Some(country.into()),
        country_code: Some(code.into()),
        ..Address::default()
    }
}

#[tokio::test]
async fn a_customer_takes_a_new_name_address_and_status_and_says_when() {
    let desk = desk().await;
    let record = desk.customer("BC-7").await;
    desk.clock.advance(Duration::from_secs(90));
    let change = UpdateCustomer {
        name: Some("Jane & Co".into()),
        display_contact: ContactChange {
            email: Some("jane@example.org".into()),
            address: Some(address("2 Oak St", "Germany", "DE")),
            ..ContactChange::default()
        },
        active: Some(false),
        ..UpdateCustomer::new(RecordReference::Id("BC-7".into()))
    };
    assert_eq!(desk.send("change", Function::UpdateCustomer(Box::new(change.clone()))).await, record);
    let fields = [
        "NAME",
        "STATUS",
        "DISPLAYCONTACT.EMAIL1",
        "DISPLAYCONTACT.MAILADDRESS.ADDRESS1",
        "DISPLAYCONTACT.MAILADDRESS.COUNTRYCODE",
        "DISPLAYCONTACT.PRINTAS",
        "WHENCREATED",
        "WHENMODIFIED",
    ];
    let query = Query::new("CUSTOMER", &fields, Some(Filter::equal("CUSTOMERID", "BC-7")));
    let row = desk.done("read", Function::Query(query)).await.records.remove(0);
    assert_eq!(
        fields.map(|field| row[field].as_str()),
        [
            "Jane & Co",
            "inactive",
            "jane@example.org",
            "2 Oak St",
            "DE",
            "Buyer BC-7",
            "07/01/2026 10:15:00",
            "07/01/2026 10:16:30"
        ]
    );
    let unknown = UpdateCustomer { customer: RecordReference::Id("BC-8".into()), ..change };
    desk.refused("unknown", Function::UpdateCustomer(Box::new(unknown)), "Invalid Customer 'BC-8' specified.").await;
}

#[tokio::test]
async fn an_address_that_moves_leaves_nothing_of_the_old_one() {
    let desk = desk().await;
    let old = Address { street_2: Some("Floor 2".into()), ..address("1 Elm St", "United States", "US") };
    let contact =
        Contact { name: Some("BC-7 ship".into()), print_as: "Jane".into(), address: Some(old), ..Contact::default() };
    let record = desk.send("contact", Function::CreateContact(Box::new(CreateContact { contact }))).await;
    let moved = ContactChange { address: Some(address("2 Oak St", "Germany", "DE")), ..ContactChange::default() };
    let change = UpdateContact { contact: RecordReference::Number(record), change: moved, active: None };
    assert_eq!(desk.send("move", Function::UpdateContact(Box::new(change.clone()))).await, record);
    let kept = desk.company.contacts().remove(0);
    let field = |name: &str| kept.fields[&format!("MAILADDRESS.{name}")].as_str();
    assert_eq!(["ADDRESS1", "ADDRESS2", "COUNTRYCODE"].map(field), ["2 Oak St", "", "DE"]);
    let unknown = UpdateContact { contact: RecordReference::Id("Nobody".into()), ..change };
    desk.refused("unknown", Function::UpdateContact(Box::new(unknown)), "The contact Nobody does not exist").await;
}
