//! Queries and reads.

use super::*;

async fn filled() -> Desk {
    let desk = desk().await;
    for id in ["C1", "C2", "C3"] {
        desk.customer(id).await;
        desk.invoice(&format!("BC-{id}"), id, &[("4000", "10.00")]).await;
    }
    desk
}

fn query(object: &str, fields: &[&str], rest: &str) -> String {
    let fields: String = fields.iter().map(|field| format!("<field>{field}</field>")).collect();
    format!("<query><object>{object}</object><select>{fields}</select>{rest}</query>")
}

fn filter(inner: &str) -> String {
    format!("<filter>{inner}</filter>")
}

fn is(operator: &str, field: &str, values: &[&str]) -> String {
    let values: String = values.iter().map(|value| format!("<value>{value}</value>")).collect();
    format!("<{operator}><field>{field}</field>{values}</{operator}>")
}

/// The values of the first column, in order.
async fn column(desk: &Desk, body: &str) -> Vec<String> {
    let answer = desk.read(body).await;
    assert_eq!(answer.status, "success", "{}", answer.errors);
    let rows = &answer.result.get("data").unwrap().children;
    rows.iter().map(|row| row.children[0].text.clone()).collect()
}

#[tokio::test]
async fn an_invoice_is_found_by_number_and_customer() {
    let desk = filled().await;
    let both = format!("<and>{}{}</and>", is("equalto", "RECORDID", &["BC-C2"]), is("equalto", "CUSTOMERID", &["C2"]));
    let fields = ["RECORDNO", "STATE", "TRX_TOTALENTERED", "TRX_TOTALDUE", "MODULEKEY", "WHENDUE"];
    let answer = desk.read(&query("ARINVOICE", &fields, &filter(&both))).await;
    let data = answer.result.get("data").unwrap();
    let attributes =
        ["listtype", "totalcount", "offset", "count", "numremaining"].map(|name| data.attribute_of(name).unwrap());
    assert_eq!(attributes, ["ARINVOICE", "1", "0", "1", "0"]);
    let row = data.get("ARINVOICE").unwrap();
    let values = fields.map(|field| row.text_of(field).unwrap_or_default().to_owned());
    let key = desk.company.invoices()[1].record_no.to_string();
    assert_eq!(values, [key.as_str(), "Posted", "10.00", "10.00", "4.AR", "07/01/2026"]);
}

#[tokio::test]
async fn a_customer_is_found_by_email_in_any_case_when_asked() {
    let desk = filled().await;
    let by_email = filter(&is("equalto", "DISPLAYCONTACT.EMAIL1", &["c2@EXAMPLE.com"]));
    assert!(column(&desk, &query("CUSTOMER", &["CUSTOMERID"], &by_email)).await.is_empty());
    let body = query(
        "CUSTOMER",
        &["DISPLAYCONTACT.EMAIL1"],
        &format!("{by_email}<options><caseinsensitive>true</caseinsensitive></options>"),
    );
    let answer = desk.read(&body).await;
    let row = answer.result.get("data").unwrap().get("CUSTOMER").unwrap().clone();
    assert_eq!(row.text_of("DISPLAYCONTACT.EMAIL1"), Some("C2@example.com"));
}

#[tokio::test]
async fn every_operator_filters() {
    let desk = filled().await;
    for (test, expected) in [
        (is("equalto", "CUSTOMERID", &["C1"]), "C1"),
        (is("notequalto", "CUSTOMERID", &["C1"]), "C2 C3"),
        (is("in", "CUSTOMERID", &["C1", "C3", "X"]), "C1 C3"),
        (is("notin", "CUSTOMERID", &["C1", "C3"]), "C2"),
        (is("like", "RECORDID", &["BC-%"]), "C1 C2 C3"),
        (is("notlike", "RECORDID", &["%C2"]), "C1 C3"),
        (is("greaterthan", "RECORDID", &["BC-C1"]), "C2 C3"),
        (is("lessthanorequalto", "RECORDID", &["BC-C2"]), "C1 C2"),
        (is("between", "WHENCREATED", &["06/30/2026", "7/2/2026"]), "C1 C2 C3"),
        (is("greaterthanorequalto", "TOTALDUE", &["10"]), "C1 C2 C3"),
        (is("lessthan", "TOTALDUE", &["9.99"]), ""),
        (is("isnull", "DESCRIPTION", &[]), "C1 C2 C3"),
        (is("isnotnull", "DESCRIPTION", &[]), ""),
        (format!("<or>{}{}</or>", is("equalto", "CUSTOMERID", &["C3"]), is("equalto", "CUSTOMERID", &["C1"])), "C1 C3"),
    ] {
        let order = "<orderby><order><field>RECORDNO</field><ascending/></order></orderby>";
        let found = column(&desk, &query("ARINVOICE", &["CUSTOMERID"], &format!("{}{order}", filter(&test)))).await;
        assert_eq!(found.join(" "), expected, "{test}");
    }
}

#[tokio::test]
async fn pages_have_an_order_and_say_what_remains() {
    let desk = filled().await;
    let rest = "<orderby><order><field>CUSTOMERID</field><descending/></order></orderby><pagesize>2</pagesize>";
    let first = desk.read(&query("CUSTOMER", &["CUSTOMERID"], rest)).await;
    assert_eq!(first.result.get("data").unwrap().attribute_of("numremaining"), Some("1"));
    assert_eq!(column(&desk, &query("CUSTOMER", &["CUSTOMERID"], rest)).await, ["C3", "C2"]);
    assert_eq!(column(&desk, &query("CUSTOMER", &["CUSTOMERID"], &format!("{rest}<offset>2</offset>"))).await, ["C1"]);
    let past = desk.read(&query("CUSTOMER", &["CUSTOMERID"], &format!("{rest}<offset>9</offset>"))).await;
    let data = past.result.get("data").unwrap();
    assert_eq!((data.attribute_of("count"), data.attribute_of("numremaining")), (Some("0"), Some("0")));
}

#[tokio::test]
async fn aggregates_answer_dotted_names() {
    let desk = filled().await;
    let body = "<query><object>ARINVOICE</object><select><count>RECORDNO</count><sum>TOTALDUE</sum></select></query>";
    let answer = desk.read(body).await;
    let row = answer.result.get("data").unwrap().get("ARINVOICE").unwrap().clone();
    assert_eq!((row.text_of("COUNT.RECORDNO"), row.text_of("SUM.TOTALDUE")), (Some("3"), Some("30.00")));
}

#[tokio::test]
async fn wrong_objects_fields_and_bounds_are_refused() {
    let desk = filled().await;
    desk.read(&query("Customer", &["NAME"], "")).await.refused("XL03000009 | Object definition Customer not found");
    desk.read(&query("CUSTOMER", &["COLOUR"], "")).await.refused("the field COLOUR does not exist on CUSTOMER");
    desk.read(&query("CUSTOMER", &["NAME"], &filter(&is("equalto", "COLOUR", &["x"])))).await.refused("XL03000010");
    desk.read(&query("CUSTOMER", &["NAME"], "<pagesize>2001</pagesize>")).await.refused("pagesize");
    desk.read(&query("ARINVOICE", &["STATE"], &filter(&is("equalto", "WHENDUE", &["2026-07-01"]))))
        .await
        .refused("is not a date");
}

#[tokio::test]
async fn master_data_can_be_checked() {
    let desk = desk().await;
    let of = |object: &'static str, field: &'static str| query(object, &[field], "");
    assert!(column(&desk, &of("GLACCOUNT", "ACCOUNTNO")).await.contains(&"1150-S".to_owned()));
    assert_eq!(column(&desk, &of("LOCATION", "LOCATIONID")).await, ["100", "200"]);
    assert_eq!(column(&desk, &of("DEPARTMENT", "DEPARTMENTID")).await, ["WEB", "WHOLESALE"]);
    assert_eq!(column(&desk, &of("CLASS", "CLASSID")).await, ["B2B", "ONLINE"]);
    assert!(column(&desk, &of("ITEM", "ITEMID")).await.contains(&"SKU-1".to_owned()));
}

#[tokio::test]
async fn records_are_read_by_key_and_by_name() {
    let desk = filled().await;
    let by_name =
        desk.read("<readByName><object>CUSTOMER</object><keys>C2,C9</keys><fields>*</fields></readByName>").await;
    let data = by_name.result.get("data").unwrap();
    assert_eq!(data.attribute_of("count"), Some("1"));
    let key = data.get("CUSTOMER").unwrap().text_of("RECORDNO").unwrap();
    let by_key = desk
        .read(&format!("<read><object>CUSTOMER</object><keys>{key}</keys><fields>CUSTOMERID</fields></read>"))
        .await;
    assert_eq!(by_key.result.get("data").unwrap().get("CUSTOMER").unwrap().text_of("CUSTOMERID"), Some("C2"));
    desk.read("<read><object>CUSTOMER</object><keys>1</keys><fields>COLOUR</fields></read>").await.refused("COLOUR");
}
