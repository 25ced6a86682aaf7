//! Customers and contacts that the company has: by our id, by the store's id in a custom field, by e-mail, by name.

use super::{LookupError, complete, is_active, record_number, required, text};
use crate::intacct::functions::{Filter, Query};
use crate::intacct::response::{FunctionResult, Record};

/// A customer that the company has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCustomer {
    /// Record number.
    pub record_number: u64,
    /// Customer id.
    pub customer_id: String,
    /// Name.
    pub name: String,
    /// Whether documents can be posted for it.
    pub active: bool,
    /// E-mail address of its display contact.
    pub email: Option<String>,
}

/// A contact that the company has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundContact {
    /// Record number.
    pub record_number: u64,
    /// Its name, unique in the company.
    pub name: String,
    /// Name as printed on documents.
    pub print_as: String,
    /// First street line.
    pub street: String,
    /// City.
    pub city: String,
    /// Postal code.
    pub postal_code: String,
}

const CUSTOMER_FIELDS: &[&str] = &["RECORDNO", "CUSTOMERID", "NAME", "STATUS", "DISPLAYCONTACT.EMAIL1"];

/// Finds a customer by id.
pub fn customer_by_id(customer_id: &str) -> Query {
    Query::new("CUSTOMER", CUSTOMER_FIELDS, Some(Filter::equal("CUSTOMERID", customer_id)))
}

/// Finds customers by the e-mail address of their display contact, whatever its capitals. Several can have the same.
pub fn customer_by_email(email: &str) -> Query {
    let filter = Filter::equal("DISPLAYCONTACT.EMAIL1", email.trim());
    Query { case_insensitive: true, ..Query::new("CUSTOMER", CUSTOMER_FIELDS, Some(filter)) }
}

/// Finds a customer by id, or by `value` in the custom field `field`.
pub fn customer_by_reference(customer_id: &str, field: &str, value: &str) -> Query {
    let either = Filter::Or(vec![Filter::equal("CUSTOMERID", customer_id), Filter::equal(field, value)]);
    Query::new("CUSTOMER", CUSTOMER_FIELDS, Some(either))
}

/// Finds a contact by its name.
pub fn contact_by_name(name: &str) -> Query {
    let fields = ["RECORDNO", "CONTACTNAME", "PRINTAS", "MAILADDRESS.ADDRESS1", "MAILADDRESS.CITY", "MAILADDRESS.ZIP"];
    Query::new("CONTACT", &fields, Some(Filter::equal("CONTACTNAME", name)))
}

/// Reads the rows of [`customer_by_id`] or [`customer_by_email`].
///
/// # Errors
/// [`LookupError`] when a row lacks what decides, or the answer is not complete.
pub fn customers(result: &FunctionResult) -> Result<Vec<FoundCustomer>, LookupError> {
    let read = |row: &Record| {
        Ok(FoundCustomer {
            record_number: record_number(row)?,
            customer_id: required(row, "CUSTOMERID")?.to_owned(),
            name: text(row, "NAME").unwrap_or_default().to_owned(),
            active: is_active(row),
            email: text(row, "DISPLAYCONTACT.EMAIL1").map(ToOwned::to_owned),
        })
    };
    complete(result)?.iter().map(read).collect()
}

/// Reads the rows of [`contact_by_name`].
///
/// # Errors
/// [`LookupError`] when a row lacks what decides, or the answer is not complete.
pub fn contacts(result: &FunctionResult) -> Result<Vec<FoundContact>, LookupError> {
    let read = |row: &Record| {
        let given = |field: &str| text(row, field).unwrap_or_default().to_owned();
        Ok(FoundContact {
            record_number: record_number(row)?,
            name: required(row, "CONTACTNAME")?.to_owned(),
            print_as: given("PRINTAS"),
            street: given("MAILADDRESS.ADDRESS1"),
            city: given("MAILADDRESS.CITY"),
            postal_code: given("MAILADDRESS.ZIP"),
        })
    };
    complete(result)?.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::rows;
    use super::*;
    use crate::intacct::functions::Function;

    fn body(query: Query) -> String {
        Function::Query(query).body()
    }

    #[test]
    fn customers_are_asked_for_by_id_by_field_and_by_address_whatever_its_capitals() {
        assert!(body(customer_by_email(" A@b.c ")).contains("<value>A@b.c</value>"));
        assert!(body(customer_by_email("a@b.c")).contains("<caseinsensitive>true</caseinsensitive>"));
        assert!(body(customer_by_reference("BC-C42", "BC_ID", "42")).contains(
            "<or><equalto><field>CUSTOMERID</field><value>BC-C42</value></equalto><equalto><field>BC_ID</field>\
             <value>42</value></equalto></or>"
        ));
    }

    #[test]
    fn several_customers_may_share_an_address() {
        let row = |id, status| {
            [
                ("RECORDNO", "1"),
                ("CUSTOMERID", id),
                ("NAME", "Ann"),
                ("STATUS", status),
                ("DISPLAYCONTACT.EMAIL1", "a@b.c"),
            ]
        };
        let found = customers(&rows(&[&row("1", "active"), &row("2", "inactive")])).unwrap();
        assert_eq!(found.iter().map(|customer| customer.active).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn a_contact_may_lack_everything_but_its_name_and_number() {
        let found =
            contacts(&rows(&[&[("RECORDNO", "7"), ("CONTACTNAME", "BC-C42 ship-to"), ("PRINTAS", "")]])).unwrap();
        assert_eq!((found[0].record_number, found[0].print_as.as_str()), (7, ""));
        assert_eq!(contacts(&rows(&[&[("RECORDNO", "7")]])), Err(LookupError::Field { field: "CONTACTNAME" }));
    }
}
