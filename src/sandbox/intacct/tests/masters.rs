//! Customers and contacts.

use super::*;

const GOOD: &str = "<create><CUSTOMER><CUSTOMERID>BC-1</CUSTOMERID><NAME>Jane O&apos;Hara</NAME><DISPLAYCONTACT><CONTACTNAME>BC-1 Jane</CONTACTNAME>\
    <PRINTAS>Jane O&apos;Hara</PRINTAS><EMAIL1>jane@example.com</EMAIL1><MAILADDRESS><CITY>San Jose</CITY><COUNTRY>United States</COUNTRY>\
    <ISOCOUNTRYCODE>US</ISOCOUNTRYCODE></MAILADDRESS></DISPLAYCONTACT><TERMNAME>N30</TERMNAME><BC_CUSTOMER_ID>1</BC_CUSTOMER_ID></CUSTOMER></create>";

#[tokio::test]
async fn a_customer_answers_its_number_and_id_in_a_lower_case_element() {
    let desk = desk().await;
    let answer = desk.write("c", GOOD).await;
    let data = answer.result.get("data").unwrap();
    assert_eq!((data.attribute_of("listtype"), data.attribute_of("count")), (Some("objects"), Some("1")));
    assert_eq!(data.get("customer").unwrap().text_of("CUSTOMERID"), Some("BC-1"));
    assert_eq!(desk.company.customers()[0].fields["DISPLAYCONTACT.MAILADDRESS.CITY"], "San Jose");
}

#[tokio::test]
async fn ids_and_contact_names_are_unique_in_the_company() {
    let desk = desk().await;
    desk.write("c", GOOD).await.succeeded();
    let answer = desk.write("d", GOOD).await;
    assert!(answer.errors.contains("BL34000061"), "{}", answer.errors);
    assert!(answer.errors.contains("Could not create customer record!"), "{}", answer.errors);
    answer.refused("Another Customer with the given value(s) BC-1  already exists");
    let other = GOOD.replace("<CUSTOMERID>BC-1", "<CUSTOMERID>BC-2");
    desk.write("d", &other).await.refused("Another Contact with the given value(s) BC-1 Jane  already exists");
    assert_eq!(desk.company.customers().len(), 1);
}

#[tokio::test]
async fn the_form_of_a_customer_is_checked() {
    let desk = desk().await;
    for (from, to, text) in [
        ("<NAME>Jane O&apos;Hara</NAME>", "", "Required field Customer Name is missing"),
        ("<PRINTAS>Jane O&apos;Hara</PRINTAS>", "", "Required field Print As is missing"),
        ("<CUSTOMERID>BC-1</CUSTOMERID>", "", "Required field Customer ID is missing"),
        ("<CUSTOMERID>BC-1", "<CUSTOMERID>BC-123456789012345678", "at most 20 are allowed"),
        ("<CUSTOMERID>BC-1", "<CUSTOMERID>BC#1", "Illegal format for Customer ID : BC#1"),
        ("jane@example.com", "jane", "Illegal format for Contactversion : Primary Email Address : jane"),
        ("<ISOCOUNTRYCODE>US</ISOCOUNTRYCODE>", "", "Required field Country code is missing"),
        ("N30", "N31", "Invalid Term 'N31' specified."),
        ("<TERMNAME>", "<CUSTTYPE>Alien</CUSTTYPE><TERMNAME>", "Invalid Customer type 'Alien' specified."),
        (
            "<TERMNAME>",
            "<DELIVERYOPTIONS>Print</DELIVERYOPTIONS><TERMNAME>",
            "The field DELIVERYOPTIONS does not exist on CUSTOMER",
        ),
        (
            "<TERMNAME>",
            "<SHIPTO><CONTACTNAME>Nobody</CONTACTNAME></SHIPTO><TERMNAME>",
            "The contact Nobody does not exist",
        ),
        ("BC-1 Jane", "Jane &lt;x&gt;", "Illegal format for Contact name"),
    ] {
        desk.write("c", &GOOD.replace(from, to)).await.refused(text);
    }
    assert!(desk.company.customers().is_empty() && desk.company.contacts().is_empty());
}

#[tokio::test]
async fn a_company_can_number_its_customers() {
    let desk = desk_with(|settings| settings.customer_numbering = Some("CUST-".into())).await;
    let answer = desk.write("c", &GOOD.replace("<CUSTOMERID>BC-1</CUSTOMERID>", "")).await;
    assert_eq!(answer.result.get("data").unwrap().get("customer").unwrap().text_of("CUSTOMERID"), Some("CUST-00001"));
}

#[tokio::test]
async fn a_contact_made_first_can_be_named_as_ship_to() {
    let desk = desk().await;
    let contact = "<create><CONTACT><CONTACTNAME>BC-1 ship</CONTACTNAME><PRINTAS>Jane</PRINTAS><MAILADDRESS><COUNTRY>United States</COUNTRY>\
        <COUNTRYCODE>US</COUNTRYCODE></MAILADDRESS></CONTACT></create>";
    desk.write("k", contact).await.succeeded();
    let named = GOOD.replace("<TERMNAME>", "<SHIPTO><CONTACTNAME>BC-1 ship</CONTACTNAME></SHIPTO><TERMNAME>");
    desk.write("c", &named).await.succeeded();
}

#[tokio::test]
async fn a_create_of_several_objects_can_succeed_in_part() {
    let desk = desk().await;
    let two = GOOD.replace("<create>", "<create><CUSTOMER><NAME>No contact</NAME></CUSTOMER>");
    let answer = desk.write("c", &two).await;
    assert_eq!(answer.status, "failure");
    assert_eq!(answer.result.get("data").unwrap().attribute_of("count"), Some("1"));
    assert_eq!(desk.company.customers().len(), 1);
    desk.write("x", "<create><UNICORN/></create>").await.refused("Object definition UNICORN not found");
    desk.write("y", "<delete><object>CUSTOMER</object></delete>")
        .await
        .refused("You do not have permission for API operation delete");
}
