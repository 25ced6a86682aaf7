//! Envelope, sign-in and sessions.

use std::time::Duration;

use super::*;

const CONTROL: &str = "<uniqueid>false</uniqueid><dtdversion>3.0</dtdversion>";
const READ: &str = "<read><object>GLACCOUNT</object><keys>1</keys></read>";

#[tokio::test]
async fn a_session_opens_and_its_end_slides_with_use() {
    let desk = desk().await;
    for _ in 0..3 {
        desk.clock.advance(Duration::from_secs(90 * 60));
        let document = desk.document(desk.in_session(false, "", &function("r", READ))).await;
        let authentication = document.get("operation").unwrap().get("authentication").unwrap();
        assert_eq!(authentication.text_of("status"), Some("success"));
        let expected =
            (desk.clock.now() + Duration::from_secs(2 * 60 * 60)).strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
        assert_eq!(authentication.text_of("sessiontimeout"), Some(expected.as_str()));
    }
}

#[tokio::test]
async fn an_expired_session_is_an_authentication_failure_and_nothing_is_executed() {
    let desk = desk().await;
    desk.clock.advance(Duration::from_secs(2 * 60 * 60));
    let document = desk.document(desk.in_session(true, "", &function("c", "<create><CUSTOMER/></create>"))).await;
    let operation = document.get("operation").unwrap();
    assert_eq!(operation.get("authentication").unwrap().text_of("status"), Some("failure"));
    assert!(errors(operation).contains("XL03000006 | Invalid session"), "{}", errors(operation));
    assert!(operation.get("result").is_none());
    assert!(desk.company.customers().is_empty());
}

#[tokio::test]
async fn the_session_endpoint_is_the_address_the_client_used() {
    let desk = desk().await;
    let call = function("s", "<getAPISession/>");
    let document = desk.document(request(CONTROL, LOGIN, "", &call)).await;
    let api =
        document.get("operation").unwrap().get("result").unwrap().get("data").unwrap().get("api").unwrap().clone();
    assert_eq!(api.text_of("endpoint"), Some(desk.served.gateway_url().as_str()));
}

#[tokio::test]
async fn wrong_credentials_are_told_apart_by_level() {
    let desk = desk().await;
    let good = request(CONTROL, LOGIN, "", &function("s", "<getAPISession/>"));

    let document = desk.document(good.replace("sandbox-sender-password", "wrong")).await;
    assert_eq!(document.get("control").unwrap().text_of("status"), Some("failure"));
    assert!(
        errors(&document).contains("XL03000006 | Incorrect Intacct XML Partner ID or password."),
        "{}",
        errors(&document)
    );

    for (right, wrong) in [("sandbox-user-password", "x"), ("SANDBOX", "OTHER"), ("ws_cartledger", "nobody")] {
        let document = desk.document(good.replace(right, wrong)).await;
        let operation = document.get("operation").unwrap();
        assert!(
            errors(operation).contains("XL03000006 | Sign-in information is incorrect"),
            "{wrong}: {}",
            errors(operation)
        );
    }
}

#[tokio::test]
async fn a_sender_the_company_has_not_authorised_is_turned_away() {
    let desk = desk().await;
    let company = Company::new(CompanySettings { sender_authorised: false, ..CompanySettings::default() }).unwrap();
    let served = company.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let body = request(CONTROL, LOGIN, "", &function("s", "<getAPISession/>"));
    let text = desk.client.post(served.gateway_url()).body(body).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("Invalid Web Services Authorization"), "{text}");
}

#[tokio::test]
async fn a_broken_body_or_a_wrong_order_refuses_the_whole_request() {
    let desk = desk().await;
    desk.customer("C1").await;
    let good = function("ok", &adjustment("A1", "C1", &[("4100", "-1.00")]));
    let wrong = function(
        "bad",
        &invoice("I1", "C1", &[("4000", "1.00")])
            .replace("<invoiceno>I1</invoiceno>", "<invoiceno>I1</invoiceno><action>Submit</action>"),
    );
    let document = desk.document(desk.in_session(true, "", &format!("{good}{wrong}"))).await;
    assert_eq!(document.get("control").unwrap().text_of("status"), Some("failure"));
    assert!(
        errors(&document).contains(
            "XL03000003 | XML Parse schema error: Error 1871: Element 'action': This element is not expected."
        )
    );
    assert!(desk.company.adjustments().is_empty());

    let document = desk.document("<request><control></request>".to_owned()).await;
    assert!(errors(&document).contains("Fatal Error 76"), "{}", errors(&document));
}

#[tokio::test]
async fn an_entity_sees_its_own_records_and_the_top_level_only_when_it_asks() {
    let mut desk = desk().await;
    desk.customer("C1").await;
    desk.session = desk.open_session("<locationid>200</locationid>").await;
    // At entity level a line needs no location: it is the entity's.
    let without = invoice("I-200", "C1", &[("4000", "5.00")]).replace("<locationid>100</locationid>", "");
    desk.write("i", &without).await.succeeded();
    assert_eq!(desk.company.invoices()[0].lines[0].dimensions.location.as_deref(), Some("200"));
    desk.write("j", &invoice("I-100", "C1", &[("4000", "5.00")])).await.refused("Invalid Location '100' specified.");

    desk.session = desk.open_session("").await;
    let query = |options: &str| {
        format!("<query><object>ARINVOICE</object><select><field>RECORDID</field></select>{options}</query>")
    };
    let count = |answer: Answer| answer.result.get("data").unwrap().attribute_of("totalcount").unwrap().to_owned();
    assert_eq!(count(desk.read(&query("")).await), "0");
    assert_eq!(count(desk.read(&query("<options><showprivate>true</showprivate></options>")).await), "1");
}
