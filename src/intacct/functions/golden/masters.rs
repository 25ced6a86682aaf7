//! Customers, contacts and attachments.

use super::*;
use crate::intacct::xml::FieldName;

pub(super) fn contact(name: &str) -> Contact {
    Contact {
        name: some(name),
        print_as: "Zoë O'Hara".into(),
        company: some("O'Hara & Sons"),
        taxable: Some(true),
        first_name: some("Zoë"),
        last_name: some("O'Hara"),
        phone: some("555-0100"),
        email: some("zoe@example.com"),
        address: Some(Address {
            street_1: some("1 Elm St"),
            street_2: some("Floor 2"),
            city: some("Portland"),
            state: some("OR"),
            postal_code: some("97201"),
            country: some("United States"),
            country_code: some("US"),
        }),
    }
}

pub(super) fn customer() -> Function {
    Function::CreateCustomer(Box::new(CreateCustomer {
        customer_id: some("AC-41"),
        name: "Zoë O'Hara".into(),
        display_contact: contact("AC-41 Zoë O'Hara"),
        bill_to: None,
        ship_to: some("AC-41 Ship"),
        customer_type: some("Web"),
        term: some("Net 30"),
        currency: some("USD"),
        comments: some("Created from the store acme-us"),
        custom_fields: vec![(FieldName::new("BC_CUSTOMER").unwrap(), "41".into())],
    }))
}

pub(super) fn changes() -> Vec<Function> {
    let Contact { print_as, company, taxable, first_name, last_name, phone, email, address, .. } = contact("");
    let whole = ContactChange {
        print_as: Some(print_as),
        company,
        taxable,
        first_name,
        last_name,
        phone: phone.map(|_| String::new()),
        email,
        address,
    };
    vec![
        Function::UpdateContact(Box::new(UpdateContact {
            contact: RecordReference::Id("AC-41 Ship".into()),
            change: whole.clone(),
            active: Some(true),
        })),
        Function::UpdateCustomer(Box::new(UpdateCustomer {
            customer: RecordReference::Id("AC-41".into()),
            name: some("Zoë O'Hara-Smith"),
            display_contact: whole,
            active: Some(false),
            bill_to: some("AC-41 Bill"),
            ship_to: some("AC-41 Ship"),
            customer_type: some("Wholesale"),
            term: some("Net 30"),
            comments: some("Moved"),
            custom_fields: vec![(FieldName::new("BC_CUSTOMER").unwrap(), "41".into())],
        })),
        Function::UpdateCustomer(Box::new(UpdateCustomer {
            active: Some(true),
            ..UpdateCustomer::new(RecordReference::Number(1652))
        })),
    ]
}

pub(super) fn attachment() -> Function {
    Function::CreateAttachment(Box::new(CreateAttachment {
        id: "AC-S-20260310-EUR".into(),
        name: "Support of AC-S-20260310-EUR".into(),
        folder: "BigCommerce & more".into(),
        description: some("Sales of 2026-03-10 in EUR"),
        file_name: "AC-S-20260310-EUR".into(),
        file_type: "csv".into(),
        content: b"summary,order\nAC-S-20260310-EUR,1207\n".to_vec(),
    }))
}
