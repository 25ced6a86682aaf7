//! Order Entry: what a transaction definition takes and refuses, and the receivable that stands behind a document.

use super::super::{MasterData, SalesState};
use super::*;

/// A document of a definition; `header` stands before the state, the other two are items and subtotals.
fn document(definition: &str, number: &str, header: &str, items: &str, subtotals: &str) -> String {
    format!(
        "<create_sotransaction><transactiontype>{definition}</transactiontype><datecreated>{DAY}</datecreated>{header}\
         <customerid>C1</customerid>{number}<referenceno>118</referenceno><termname>Due on receipt</termname>\
         <state>Pending</state><sotransitems>{items}</sotransitems>{subtotals}</create_sotransaction>"
    )
}

fn numbered(number: &str) -> String {
    format!("<documentno>{number}</documentno>")
}

fn item(id: &str, quantity: &str, price: &str) -> String {
    format!(
        "<sotransitem><itemid>{id}</itemid><taxable>true</taxable><warehouseid>WH1</warehouseid>\
         <quantity>{quantity}</quantity><unit>Each</unit><price>{price}</price><locationid>100</locationid></sotransitem>"
    )
}

fn subtotals(rows: &[(&str, &str)]) -> String {
    let row = |(name, total): &(&str, &str)| {
        format!(
            "<subtotal><description>{name}</description><total>{total}</total><locationid>100</locationid></subtotal>"
        )
    };
    format!("<subtotals>{}</subtotals>", rows.iter().map(row).collect::<String>())
}

fn sale(number: &str) -> String {
    let rows = subtotals(&[("Shipping", "5.00"), ("Discount", "-2.00"), ("Sales Tax", "8.25")]);
    document("Sales Invoice", &numbered(number), "", &item("SKU-1", "3", "33.33"), &rows)
}

/// The receivable behind a document, as a query answers it; empty when it has none.
async fn receivable(desk: &Desk, id: &str) -> String {
    let query = format!(
        "<query><object>SODOCUMENT</object><select><field>DOCID</field><field>PRRECORDKEY</field></select><filter><equalto>\
         <field>DOCID</field><value>{id}</value></equalto></filter></query>"
    );
    let answer = desk.read(&query).await;
    let row = answer.result.get("data").unwrap().children.first().cloned();
    row.and_then(|row| row.text_of("PRRECORDKEY").map(str::to_owned)).unwrap_or_default()
}

#[tokio::test]
async fn a_sale_books_what_its_definition_says_and_answers_its_id() {
    let desk = desk().await;
    desk.customer("C1").await;
    let key = desk.write("s1", &sale("BC-118")).await.succeeded();
    assert_eq!(key, "Sales Invoice-BC-118");
    let balances = ["1100", "4000", "4010", "4090", "2200"].map(|account| desk.balance(account));
    assert_eq!(balances, ["111.24", "-99.99", "-5.00", "2.00", "-8.25"], "tax is what is said, never computed");
    let made = desk.company.sales_documents().remove(0);
    assert_eq!(
        (made.total.to_string(), made.state, made.reference.as_str()),
        ("111.24".into(), SalesState::Pending, "118")
    );
    let invoice = desk.company.invoices().remove(0);
    assert_eq!(
        (made.receivable, invoice.from_order_entry, invoice.number.as_str()),
        (Some(invoice.record_no), true, "BC-118")
    );
    assert_ne!(made.record_no, invoice.record_no);
    let module = "<query><object>ARINVOICE</object><select><field>MODULEKEY</field></select></query>";
    let rows = desk.read(module).await.result;
    assert_eq!(rows.get("data").unwrap().children[0].text_of("MODULEKEY"), Some("8.SO"));
}

#[tokio::test]
async fn a_line_is_rounded_to_the_cent() {
    let desk = desk().await;
    desk.customer("C1").await;
    let items = item("SKU-1", "3", "33.3333") + &item("SKU-1", "1.5", "6.67");
    desk.write("s1", &document("Sales Invoice", &numbered("1"), "", &items, "")).await.succeeded();
    assert_eq!(desk.balance("4000"), "-110.01");
}

#[tokio::test]
async fn a_payment_needs_the_key_of_the_receivable_and_not_that_of_the_document() {
    let desk = desk().await;
    desk.customer("C1").await;
    let id = desk.write("s1", &sale("BC-118")).await.succeeded();
    let document = desk.company.sales_documents()[0].record_no.to_string();
    let pay = |key: &str| payment("C1", "ch_1", &detail(&[("RECORDKEY", key), ("TRX_PAYMENTAMOUNT", "111.24")]));
    for key in [document.as_str(), &id] {
        let refused = desk.write("p1", &pay(key)).await;
        refused.refused(&format!("DL03000005 | No record exits for the recordkey {key}"));
    }
    desk.write("p1", &pay(&receivable(&desk, &id).await)).await.succeeded();
    assert_eq!(desk.balance("1100"), "0.00");
}

#[tokio::test]
async fn an_edit_makes_the_receivable_anew_under_another_number() {
    let desk = desk().await;
    desk.customer("C1").await;
    let id = desk.write("s1", &sale("BC-118")).await.succeeded();
    let before = receivable(&desk, &id).await;
    let ledger = desk.totals();
    let after = desk.company.edit_sales_document(&id).unwrap().to_string();
    assert_ne!(before, after);
    assert_eq!(
        (receivable(&desk, &id).await, desk.totals(), desk.company.invoices().len()),
        (after.clone(), ledger, 1)
    );
    let pay = |key: &str| payment("C1", "ch_1", &detail(&[("RECORDKEY", key), ("TRX_PAYMENTAMOUNT", "111.24")]));
    desk.write("p1", &pay(&before)).await.refused("No record exits for the recordkey");
    desk.write("p1", &pay(&after)).await.succeeded();
    assert!(desk.company.edit_sales_document(&id).is_err(), "it is paid");
}

#[tokio::test]
async fn a_credit_memo_is_made_from_its_invoice_and_is_a_credit_of_the_customer() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.customer("C2").await;
    let memo = |from: &str| {
        let from = format!("<createdfrom>{from}</createdfrom>");
        let rows = subtotals(&[("Sales Tax", "2.75"), ("Restocking Fee", "-5.00")]);
        document("Sales Credit Memo", &numbered("BC-118-R12"), &from, &item("SKU-1", "1", "33.33"), &rows)
    };
    let missing = desk.write("m1", &memo("Sales Invoice-BC-118")).await;
    missing.refused("The source document 'Sales Invoice-BC-118' does not exist");
    desk.write("s1", &sale("BC-118")).await.succeeded();
    let other = memo("Sales Invoice-BC-118").replace("<customerid>C1", "<customerid>C2");
    desk.write("m1", &other).await.refused("does not belong to the customer 'C2'");
    assert_eq!(desk.write("m1", &memo("Sales Invoice-BC-118")).await.succeeded(), "Sales Credit Memo-BC-118-R12");
    let credit = desk.company.adjustments().remove(0);
    assert_eq!((credit.total.to_string(), credit.from_order_entry), ("-31.08".into(), true));
    assert_eq!(["4100", "4210"].map(|account| desk.balance(account)), ["33.33", "-5.00"]);
    let line = desk.company.sales_documents()[0].items[0].record_no;
    for (key, refused) in [(line, false), (line + 999, true)] {
        let body = memo("Sales Invoice-BC-118").replace("R12", &format!("R{key}"));
        let body = body.replace("</price>", &format!("</price><sourcelinekey>{key}</sourcelinekey>"));
        let answer = desk.write(&format!("m{key}"), &body).await;
        if refused { answer.refused("No record exits") } else { drop(answer.succeeded()) }
    }
}

#[tokio::test]
async fn what_the_definition_does_not_know_is_refused_and_leaves_no_trace() {
    let desk = desk().await;
    desk.customer("C1").await;
    let good = sale("BC-118");
    for (from, to, text) in [
        ("Sales Invoice", "Sales Quote", "Invalid Transaction definition 'Sales Quote' specified."),
        ("<documentno>BC-118</documentno>", "", "PL01000127"),
        ("BC-118", "999999999999999999999999999999999999999999999999", "48 characters long"),
        ("<itemid>SKU-1", "<itemid>SKU-9", "Item ID 'SKU-9' is not valid"),
        ("<unit>Each", "<unit>each", "BL03000018 | Missing unit"),
        ("<unit>Each</unit>", "", "BL03000018 | Missing unit"),
        ("<warehouseid>WH1</warehouseid>", "", "Required field Warehouse is missing"),
        ("WH1", "WH9", "Invalid Warehouse 'WH9' specified."),
        ("<quantity>3", "<quantity>0", "Illegal format for Quantity"),
        ("<price>33.33</price>", "", "Required field Price is missing"),
        (
            "<description>Shipping",
            "<description>Misc",
            "Specified subtotal of 'Misc' not found in the document definition",
        ),
        ("<description>Discount", "<description>Shipping", "Specified subtotal of 'Shipping' is there twice"),
        ("<state>Pending", "<state>Posted", "Illegal format for State : Posted"),
        ("<termname>Due on receipt</termname>", "", "Required field Date Due is missing"),
        (
            "<locationid>100</locationid></sotransitem>",
            "</sotransitem>",
            "missing the Location dimension for the Account 4000",
        ),
        ("<customerid>C1", "<customerid>C9", "Invalid Customer 'C9' specified."),
    ] {
        desk.write("s1", &good.replacen(from, to, 1)).await.refused(text);
    }
    // The order of elements is the schema's, before anything is looked at.
    let moved = good.replace("<referenceno>118</referenceno>", "<state>Pending</state>");
    let (_, text) = desk.post(desk.in_session(true, "", &function("s1", &moved))).await.unwrap();
    assert!(text.contains("XL03000003"), "{text}");
    assert!(desk.company.ledger().is_empty() && desk.company.sales_documents().is_empty());
    desk.write("s1", &good).await.succeeded();
    desk.write("s2", &good).await.refused("Transaction with the number 'BC-118' already exists");
}

#[tokio::test]
async fn a_closed_period_an_inactive_customer_and_an_inactive_definition_are_refused() {
    use super::super::SettingsChange;
    let desk = desk_with(|settings| settings.masters.inactive = ["definition/Sales Order".into()].into()).await;
    desk.customer("C1").await;
    let order = document("Sales Order", "", "", &item("SKU-1", "1", "1"), "");
    desk.write("o1", &order).await.refused("Invalid Transaction definition 'Sales Order'");
    let close = |day: &str| SettingsChange { close_books_through: Some(day.parse().unwrap()), ..Default::default() };
    desk.company.change(&close("2026-07-01")).unwrap();
    desk.write("s1", &sale("BC-118")).await.refused("within a period that's been closed");
    desk.company.change(&SettingsChange { reopen_books: true, ..Default::default() }).unwrap();
    let gone = SettingsChange { deactivate_customer: Some("C1".into()), ..Default::default() };
    desk.company.change(&gone).unwrap();
    desk.write("s1", &sale("BC-118")).await.refused("Activate the customer C1");
}

#[tokio::test]
async fn a_definition_can_number_by_itself_post_nothing_or_keep_a_draft() {
    let desk = desk().await;
    desk.customer("C1").await;
    let order = |id| {
        let body = document("Sales Order", "", "", &item("SKU-1", "1", "10.00"), "");
        let desk = &desk;
        async move { desk.write(id, &body).await.succeeded() }
    };
    assert_eq!((order("o1").await, order("o2").await), ("Sales Order-SO0001".into(), "Sales Order-SO0002".into()));
    assert!(desk.company.ledger().is_empty());
    assert_eq!(receivable(&desk, "Sales Order-SO0001").await, "");
    let draft = sale("BC-118").replace("Pending", "Draft");
    let id = desk.write("s1", &draft).await.succeeded();
    assert_eq!((receivable(&desk, &id).await, desk.company.invoices().len()), (String::new(), 0));
    let from = format!("<createdfrom>{id}</createdfrom>");
    let memo = document("Sales Credit Memo", &numbered("R1"), &from, &item("SKU-1", "1", "10.00"), "");
    desk.write("m1", &memo).await.refused("is in state Draft");
}

#[tokio::test]
async fn an_item_whose_group_has_no_account_in_the_definition_is_refused() {
    let mut masters = MasterData::default();
    masters.order_entry.items.get_mut("SKU-2").unwrap().gl_group = "Services".into();
    masters.order_entry.definitions.get_mut("Sales Credit Memo").unwrap().entity = Some("200".into());
    let desk = desk_with(|settings| settings.masters = masters).await;
    desk.customer("C1").await;
    let body = document("Sales Invoice", &numbered("1"), "", &item("SKU-2", "1", "1"), "");
    desk.write("s1", &body).await.refused("Line has no associated account");
    let body = document("Sales Credit Memo", &numbered("1"), "", &item("SKU-1", "1", "1"), "");
    desk.write("m1", &body).await.refused("can be used at the entity '200' only");
}

#[tokio::test]
async fn documents_are_found_by_definition_and_number() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.write("s1", &sale("BC-118")).await.succeeded();
    let find = |definition: &str| {
        format!(
            "<query><object>SODOCUMENT</object><select><field>DOCID</field><field>TRX_TOTAL</field><field>STATE</field>\
             </select><filter><equalto><field>DOCNO</field><value>BC-118</value></equalto></filter>\
             <docparid>{definition}</docparid></query>"
        )
    };
    let found = desk.read(&find("Sales Invoice")).await.result;
    let row = &found.get("data").unwrap().children[0];
    assert_eq!((row.text_of("TRX_TOTAL"), row.text_of("STATE")), (Some("111.24"), Some("Pending")));
    assert!(desk.read(&find("Sales Credit Memo")).await.result.get("data").unwrap().children.is_empty());
    desk.read(&find("Sales Quote")).await.refused("SODOCUMENT has no definition 'Sales Quote'");
    let invoices = find("Sales Invoice").replace("SODOCUMENT", "ARINVOICE").replace("DOCID", "RECORDID");
    desk.read(&invoices.replace("DOCNO", "RECORDID").replace("TRX_TOTAL", "STATE")).await.refused("has no definition");
}
