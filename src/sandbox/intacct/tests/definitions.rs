//! Custom fields and the company's own dimensions; reads by words, page by page; what objects are made of.

use super::*;

async fn own() -> Desk {
    let channels = [(10007, "Web"), (10008, "Shop")].map(|(number, name)| (number, name.to_owned()));
    let desk = desk_with(|settings| {
        settings.user_defined_dimensions = [("CHANNEL".to_owned(), channels.into())].into();
        settings.custom_fields.insert("BC_NOTE".to_owned());
    })
    .await;
    desk.customer("C1").await;
    desk
}

fn custom(name: &str, value: &str) -> String {
    format!(
        "<customfields><customfield><customfieldname>{name}</customfieldname><customfieldvalue>{value}</customfieldvalue></customfield></customfields>"
    )
}

#[tokio::test]
async fn lines_carry_the_companys_own_dimensions_in_the_form_of_their_function() {
    let desk = own().await;
    let body = |fields: &str| {
        invoice("I1", "C1", &[("4000", "1.00")]).replace("</locationid>", &format!("</locationid>{fields}"))
    };
    desk.write("i", &body(&custom("GLDIMREGION", "1")))
        .await
        .refused("The field GLDIMREGION does not exist on lineitem");
    desk.write("i", &body(&custom("GLDIMCHANNEL", "7"))).await.refused("Invalid CHANNEL '7' specified.");
    desk.write("i", &body(&custom("NO_SUCH", "7"))).await.refused("The field NO_SUCH does not exist on lineitem");
    desk.write("i", &body(&custom("GLDIMCHANNEL", "10007"))).await.succeeded();
    let line = desk.company.invoices()[0].lines[0].clone();
    assert_eq!(line.dimensions.user_defined["CHANNEL"], 10007);
    assert!(desk.company.ledger().iter().all(|line| line.dimensions.user_defined.contains_key("CHANNEL")));

    let entry = |account: &str, side: &str, dimension: &str| {
        format!(
            "<GLENTRY><ACCOUNTNO>{account}</ACCOUNTNO><TRX_AMOUNT>5.00</TRX_AMOUNT><TR_TYPE>{side}</TR_TYPE><LOCATION>100</LOCATION>{dimension}</GLENTRY>"
        )
    };
    let batch = |dimension: &str| {
        format!(
            "<create><GLBATCH><JOURNAL>GJ</JOURNAL><BATCH_DATE>07/03/2026</BATCH_DATE><BATCH_TITLE>T</BATCH_TITLE>\
             <HISTORY_COMMENT>By hand</HISTORY_COMMENT><BC_NOTE>n</BC_NOTE><ENTRIES>{}{}</ENTRIES></GLBATCH></create>",
            entry("6100", "1", dimension),
            entry("1150-S", "-1", "")
        )
    };
    desk.write("j", &batch("<GLDIMREGION>1</GLDIMREGION>")).await.refused("The field GLDIMREGION does not exist");
    desk.write("j", &batch("<GLDIMCHANNEL>x</GLDIMCHANNEL>")).await.refused("Invalid CHANNEL 'x' specified.");
    desk.write("j", &batch("<GLDIMCHANNEL>10008</GLDIMCHANNEL><BC_NOTE>l</BC_NOTE>")).await.succeeded();
    let journal = desk.company.journals().remove(0);
    assert_eq!((journal.history_comment.as_str(), journal.custom_fields["BC_NOTE"].as_str()), ("By hand", "n"));
    assert_eq!(journal.lines[0].custom_fields["BC_NOTE"], "l");
    let query = "<query><object>GLENTRY</object><select><field>GLDIMCHANNEL</field></select><filter><equalto>\
        <field>GLDIMCHANNEL</field><value>10008</value></equalto></filter></query>";
    assert_eq!(desk.read(query).await.result.get("data").unwrap().children.len(), 1);
}

fn by_words(words: &str, rest: &str) -> String {
    let words = words.replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<readByQuery><object>CUSTOMER</object><fields>CUSTOMERID</fields><query>{words}</query>{rest}</readByQuery>"
    )
}

/// The customers of a page.
fn ids(answer: &Answer) -> String {
    let rows = &answer.result.get("data").unwrap().children;
    rows.iter().map(|row| row.text_of("CUSTOMERID").unwrap()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn words_like_those_of_sql_are_understood() {
    let desk = desk().await;
    for id in ["C1", "C2", "C3"] {
        desk.customer(id).await;
    }
    for (words, expected) in [
        ("", "C1 C2 C3"),
        ("CUSTOMERID = 'C2'", "C2"),
        ("CUSTOMERID >= 'C2' and STATUS = 'active'", "C2 C3"),
        ("CUSTOMERID < 'C2' OR CUSTOMERID > 'C2'", "C1 C3"),
        ("NAME like 'Customer%' AND (CUSTOMERID = 'C1' OR CUSTOMERID = 'C3')", "C1 C3"),
        ("CUSTOMERID not like '%2'", "C1 C3"),
        ("CUSTOMERID in ('C1','C3')", "C1 C3"),
        ("CUSTOMERID NOT IN ('C1','C3')", "C2"),
        ("TERMNAME IS NULL", "C1 C2 C3"),
        ("NAME = 'Jane\\'s'", ""),
        ("RECORDNO > 0", "C1 C2 C3"),
    ] {
        let answer = desk.read(&by_words(words, "")).await;
        assert_eq!((answer.errors.as_str(), ids(&answer).as_str()), ("", expected), "{words}");
    }
    for wrong in ["CUSTOMERID", "CUSTOMERID = C2", "CUSTOMERID = 'C2", "(CUSTOMERID = 'C2'", "COLOUR = 'x'", "= 'x'"] {
        assert_eq!(desk.read(&by_words(wrong, "")).await.status, "failure", "{wrong}");
    }
    desk.read(&by_words("", "<pagesize>1001</pagesize>")).await.refused("'1001' is no page size");
}

#[tokio::test]
async fn pages_of_one_result_do_not_shift_and_end() {
    let desk = desk().await;
    for id in ["C1", "C2", "C3"] {
        desk.customer(id).await;
    }
    let first = desk.read(&by_words("", "<pagesize>2</pagesize>")).await;
    let data = first.result.get("data").unwrap();
    assert_eq!((data.attribute_of("listtype"), data.attribute_of("numremaining")), (Some("customer"), Some("1")));
    assert_eq!((ids(&first).as_str(), data.children[0].name.as_str()), ("C1 C2", "customer"));
    let more = format!("<readMore><resultId>{}</resultId></readMore>", data.attribute_of("resultId").unwrap());
    desk.customer("C0").await;
    let second = desk.read(&more).await;
    assert_eq!(ids(&second), "C3");
    assert_eq!(second.result.get("data").unwrap().attribute_of("numremaining"), Some("0"));
    desk.read(&more).await.refused("there is no result");
}

#[tokio::test]
async fn objects_and_dimensions_describe_themselves() {
    let desk = own().await;
    let answer = desk.read("<lookup><object>ARINVOICEITEM</object></lookup>").await;
    let object = answer.result.get("data").unwrap().get("Type").unwrap().clone();
    let fields = &object.get("Fields").unwrap().children;
    let field = |id: &str| fields.iter().find(|field| field.text_of("ID") == Some(id)).unwrap();
    assert_eq!(object.attribute_of("Name"), Some("ARINVOICEITEM"));
    assert_eq!(field("AMOUNT").text_of("DATATYPE"), Some("DECIMAL"));
    assert_eq!(["BC_NOTE", "GLDIMCHANNEL"].map(|id| field(id).text_of("ISCUSTOM")), [Some("true"); 2]);
    desk.read("<lookup><object>UNICORN</object></lookup>").await.refused("Object definition UNICORN not found");
    let dimensions = desk.read("<getDimensions/>").await.result.get("data").unwrap().get("dimensions").unwrap().clone();
    let own: Vec<_> =
        dimensions.children.iter().filter(|one| one.text_of("userDefinedDimension") == Some("true")).collect();
    assert_eq!((dimensions.children.len(), own.len(), own[0].text_of("objectName")), (7, 1, Some("CHANNEL")));
}
