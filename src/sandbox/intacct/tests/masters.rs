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

const CHANGE: &str = "<update><CUSTOMER><CUSTOMERID>BC-1</CUSTOMERID><NAME>Jane Smith</NAME><DISPLAYCONTACT><EMAIL1>jane@example.org</EMAIL1>\
    <MAILADDRESS><ADDRESS2></ADDRESS2><CITY>Oakland</CITY></MAILADDRESS></DISPLAYCONTACT><STATUS>inactive</STATUS></CUSTOMER></update>";

/// Fields of the customer BC-1, as a read shows them.
async fn customer_fields<const N: usize>(desk: &Desk, names: [&str; N]) -> [String; N] {
    let read = format!(
        "<readByName><object>CUSTOMER</object><keys>BC-1</keys><fields>{}</fields></readByName>",
        names.join(",")
    );
    let answer = desk.read(&read).await;
    let row = answer.result.get("data").unwrap().children[0].clone();
    names.map(|name| row.text_of(name).unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_change_of_a_customer_shows_in_reads_and_leaves_the_rest() {
    let desk = desk().await;
    let key = desk.write("c", GOOD).await.succeeded();
    let fields = [
        "NAME",
        "STATUS",
        "DISPLAYCONTACT.EMAIL1",
        "DISPLAYCONTACT.MAILADDRESS.CITY",
        "DISPLAYCONTACT.MAILADDRESS.COUNTRYCODE",
        "DISPLAYCONTACT.PRINTAS",
        "TERMNAME",
        "WHENMODIFIED",
    ];
    let stamp = "07/01/2026 10:15:00";
    let before = customer_fields(&desk, fields).await;
    assert_eq!(
        before,
        ["Jane O'Hara", "active", "jane@example.com", "San Jose", "US", "Jane O'Hara", "N30", stamp].map(str::to_owned)
    );
    desk.clock.advance(std::time::Duration::from_secs(61));
    let answer = desk.write("u", CHANGE).await;
    assert_eq!(answer.result.get("data").unwrap().get("customer").unwrap().text_of("CUSTOMERID"), Some("BC-1"));
    assert_eq!(answer.succeeded(), key);
    let stamp = "07/01/2026 10:16:01";
    let after = customer_fields(&desk, fields).await;
    assert_eq!(
        after,
        ["Jane Smith", "inactive", "jane@example.org", "Oakland", "US", "Jane O'Hara", "N30", stamp].map(str::to_owned)
    );
    assert_eq!(desk.company.contacts()[0].fields["EMAIL1"], "jane@example.org");
    desk.write("i", &invoice("I1", "BC-1", &[("4000", "1.00")])).await.refused("Activate the customer BC-1");
    // The same change is not made twice, and one by number brings the customer back.
    desk.write("u", CHANGE).await.refused("already been recorded");
    let back = format!("<update><CUSTOMER><RECORDNO>{key}</RECORDNO><STATUS>active</STATUS></CUSTOMER></update>");
    desk.write("back", &back).await.succeeded();
    assert!(desk.company.customers()[0].active);
}

#[tokio::test]
async fn a_changed_record_is_found_by_its_stamp() {
    let desk = desk().await;
    desk.write("c", GOOD).await.succeeded();
    desk.customer("C2").await;
    desk.clock.advance(std::time::Duration::from_secs(60));
    desk.write("u", CHANGE).await.succeeded();
    let since = "<query><object>CUSTOMER</object><select><field>CUSTOMERID</field></select><filter><greaterthan>\
         <field>WHENMODIFIED</field><value>07/01/2026 10:15:00</value></greaterthan></filter></query>";
    let rows = desk.read(since).await.result.get("data").unwrap().children.clone();
    assert_eq!(rows.iter().map(|row| row.text_of("CUSTOMERID").unwrap()).collect::<Vec<_>>(), ["BC-1"]);
    desk.read(&since.replace("07/01/2026 10:15:00", "yesterday")).await.refused("is not a date");
}

#[tokio::test]
async fn a_change_of_a_customer_is_checked_as_strictly_as_a_new_one() {
    let desk = desk().await;
    desk.write("c", GOOD).await.succeeded();
    for (from, to, text) in [
        ("<CUSTOMERID>BC-1", "<CUSTOMERID>BC-9", "Invalid Customer 'BC-9' specified."),
        ("<CUSTOMERID>BC-1</CUSTOMERID>", "<RECORDNO>7</RECORDNO>", "Invalid Customer '7' specified."),
        ("<CUSTOMERID>BC-1</CUSTOMERID>", "", "Required field Customer ID is missing"),
        ("<NAME>Jane Smith</NAME>", "<NAME></NAME>", "Required field Customer Name is missing"),
        ("<NAME>", "<TITLE>x</TITLE><NAME>", "The field TITLE does not exist on CUSTOMER"),
        ("inactive", "gone", "Illegal format for Status : gone"),
        ("jane@example.org", "jane", "Illegal format for Contactversion : Primary Email Address : jane"),
        ("<EMAIL1>", "<CONTACTNAME>Other</CONTACTNAME><EMAIL1>", "Illegal format for Contact name : Other"),
        ("<EMAIL1>", "<PRINTAS></PRINTAS><EMAIL1>", "Required field Print As is missing"),
        ("<CITY>", "<COUNTRY>Germany</COUNTRY><CITY>", "Required field Country code is missing"),
        ("<NAME>", "<TERMNAME>N99</TERMNAME><NAME>", "Invalid Term 'N99' specified."),
        ("<NAME>", "<SHIPTO><CONTACTNAME>Nobody</CONTACTNAME></SHIPTO><NAME>", "The contact Nobody does not exist"),
    ] {
        let answer = desk.write("u", &CHANGE.replace(from, to)).await;
        assert!(answer.errors.contains("Could not update customer record!"), "{}", answer.errors);
        answer.refused(text);
    }
    assert_eq!(desk.company.customers()[0].name, "Jane O'Hara");
    desk.write("u", "<update><UNICORN/></update>").await.refused("Object definition UNICORN not found");
}

#[tokio::test]
async fn a_changed_contact_shows_on_the_customer_it_belongs_to() {
    let desk = desk().await;
    desk.write("c", GOOD).await.succeeded();
    let change = "<update><CONTACT><CONTACTNAME>BC-1 Jane</CONTACTNAME><MAILADDRESS><CITY>Bonn</CITY><COUNTRY>Germany</COUNTRY>\
        <COUNTRYCODE>DE</COUNTRYCODE></MAILADDRESS><STATUS>inactive</STATUS></CONTACT></update>";
    desk.write("u", &change.replace("BC-1 Jane", "Nobody")).await.refused("The contact Nobody does not exist");
    desk.write("u", &change.replace("COUNTRYCODE", "ISOCOUNTRYCODE")).await.refused("Required field Country code");
    desk.write("u", change).await.succeeded();
    let names = ["DISPLAYCONTACT.MAILADDRESS.CITY", "DISPLAYCONTACT.MAILADDRESS.COUNTRYCODE", "STATUS"];
    assert_eq!(customer_fields(&desk, names).await, ["Bonn", "DE", "active"].map(str::to_owned));
    assert_eq!(desk.company.contacts()[0].fields["STATUS"], "inactive");
}
