//! The client against a small gateway on loopback.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as StdMutex};

use axum::Router;
use axum::extract::State as Shared;
use axum::http::StatusCode as Status;
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::intacct::functions::{Account, CreateAdjustment, Line, Query};

/// What the gateway answers to requests other than sign-ins, first to last, and what it has been sent.
#[derive(Default)]
struct Gateway {
    replies: StdMutex<VecDeque<(u16, String)>>,
    seen: StdMutex<Vec<String>>,
    endpoint: StdMutex<String>,
    refuse_sign_in: StdMutex<bool>,
    /// Sign-ins that fail for the moment.
    passing_failures: StdMutex<u32>,
}

impl Gateway {
    fn sign_ins(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|request| request.contains("<getAPISession")).count()
    }

    fn answer(&self, request: &str) -> (u16, String) {
        self.seen.lock().unwrap().push(request.to_owned());
        if !request.contains("<getAPISession") {
            return self.replies.lock().unwrap().pop_front().unwrap_or_else(|| (200, success("a", "<key>7</key>")));
        }
        if *self.refuse_sign_in.lock().unwrap() {
            return (200, refused("Sign-in information is incorrect"));
        }
        let control_id = between(request, "<function controlid=\"", "\"");
        let mut passing = self.passing_failures.lock().unwrap();
        if *passing > 0 {
            *passing -= 1;
            let error = "<errormessage><error><errorno>BL01001973</errorno><description2>Currently, we can&#039;t create \
                         the transaction</description2><correction>Check the transaction for errors or inconsistencies, \
                         then try again.</correction></error></errormessage>";
            let failed = success(control_id, error).replace("<result><status>success", "<result><status>failure");
            return (200, failed.replace("create_aradjustment", "getAPISession"));
        }
        drop(passing);
        let (number, endpoint) = (self.sign_ins(), self.endpoint.lock().unwrap().clone());
        let data = format!(
            "<data><api><sessionid>session-{number}</sessionid><endpoint>{endpoint}</endpoint><locationid/></api></data>"
        );
        (200, success(control_id, &data).replace("create_aradjustment", "getAPISession"))
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map_or("", |(found, _)| found)
}

fn success(control_id: &str, more: &str) -> String {
    format!(
        "<response><control><status>success</status></control><operation><authentication><status>success</status>\
         <sessiontimeout>2026-07-01T12:00:00+00:00</sessiontimeout></authentication><result><status>success</status>\
         <function>create_aradjustment</function><controlid>{control_id}</controlid>{more}</result></operation></response>"
    )
}

fn refused(text: &str) -> String {
    format!(
        "<response><control><status>success</status></control><operation><authentication><status>failure</status>\
         </authentication><errormessage><error><errorno>XL03000006</errorno><description2>{text}</description2></error>\
         </errormessage></operation></response>"
    )
}

fn memo(control_id: &str) -> FunctionCall {
    let lines = vec![Line::new(Account::Gl("4000".into()), "-1".parse().unwrap())];
    let adjustment = CreateAdjustment::new("BC-1", "BC-R1", "2026-07-01".parse().unwrap(), lines);
    let function = Function::CreateAdjustment(Box::new(adjustment));
    FunctionCall { control_id: ControlId::new(control_id).unwrap(), function }
}

fn client_at(address: &str) -> (Client, Clock) {
    // Whoever comes first installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = Clock::fixed("2026-07-01T10:00:00Z".parse().unwrap());
    let credentials = Credentials {
        sender_id: "cartledger".into(),
        sender_password: "sender-secret".into(),
        company_id: "ACME".into(),
        user_id: "ws".into(),
        user_password: "user-secret".into(),
        location_id: None,
    };
    (Client::new(address, credentials, Duration::from_secs(20), clock.clone()).unwrap(), clock)
}

async fn answer(Shared(gateway): Shared<Arc<Gateway>>, request: String) -> (Status, String) {
    let (status, body) = gateway.answer(&request);
    (Status::from_u16(status).unwrap(), body)
}

async fn start() -> (Client, Clock, Arc<Gateway>) {
    let gateway = Arc::new(Gateway::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/xmlgw", listener.local_addr().unwrap());
    gateway.endpoint.lock().unwrap().clone_from(&address);
    let router = Router::new().route("/xmlgw", post(answer)).with_state(gateway.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (client, clock) = client_at(&address);
    (client, clock, gateway)
}

fn reply(gateway: &Gateway, status: u16, body: impl Into<String>) {
    gateway.replies.lock().unwrap().push_back((status, body.into()));
}

#[tokio::test]
async fn one_session_serves_many_calls() {
    let (client, _, gateway) = start().await;
    for _ in 0..3 {
        let outcomes = client.call(&[memo("a")]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Done(done) if done.record_number() == Some(7)));
    }
    assert_eq!(gateway.sign_ins(), 1);
    let seen = gateway.seen.lock().unwrap();
    assert!(seen[0].contains("<password>user-secret</password>") && seen[0].contains("<uniqueid>false</uniqueid>"));
    assert!(seen[1].contains("<sessionid>session-1</sessionid>") && seen[1].contains("<uniqueid>true</uniqueid>"));
    assert!(!seen[1].contains("user-secret"));
}

#[tokio::test]
async fn callers_at_the_same_time_sign_in_once() {
    let (client, _, gateway) = start().await;
    let calls = [memo("a")];
    let (first, second, third) = tokio::join!(client.sign_in(), client.call(&calls), client.sign_in());
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(gateway.sign_ins(), 1);
}

#[tokio::test]
async fn a_session_near_its_end_is_renewed() {
    let (client, clock, gateway) = start().await;
    client.call(&[memo("a")]).await.unwrap();
    clock.advance(Duration::from_secs(2 * 3600 - 30));
    client.call(&[memo("a")]).await.unwrap();
    assert_eq!(gateway.sign_ins(), 2);
}

#[tokio::test]
async fn an_ended_session_is_replaced_once_and_the_request_sent_again() {
    let (client, _, gateway) = start().await;
    reply(&gateway, 200, refused("Invalid session session-1"));
    assert!(matches!(client.call(&[memo("a")]).await.unwrap()[0], Outcome::Done(_)));
    assert_eq!(gateway.sign_ins(), 2);
    assert!(gateway.seen.lock().unwrap()[3].contains("session-2"));

    reply(&gateway, 200, refused("Invalid session session-2"));
    reply(&gateway, 200, refused("Invalid session session-3"));
    let error = client.call(&[memo("a")]).await.unwrap_err();
    assert!(matches!(error, CallError::SignIn(SignInError::Failed(_))) && error.not_executed(), "{error}");
    assert_eq!(gateway.sign_ins(), 3);
}

#[tokio::test]
async fn refused_credentials_are_not_tried_again_at_once() {
    let (client, clock, gateway) = start().await;
    *gateway.refuse_sign_in.lock().unwrap() = true;
    for _ in 0..3 {
        let error = client.call(&[memo("a")]).await.unwrap_err();
        assert!(matches!(error, CallError::SignIn(SignInError::Refused(_))), "{error}");
        assert!(!error.to_string().contains("secret"));
    }
    assert_eq!(gateway.sign_ins(), 1);
    *gateway.refuse_sign_in.lock().unwrap() = false;
    clock.advance(PAUSE_AFTER_REFUSAL);
    assert!(client.call(&[memo("a")]).await.is_ok());
}

#[tokio::test]
async fn a_sign_in_that_fails_for_the_moment_is_tried_again_at_once() {
    let (client, _, gateway) = start().await;
    *gateway.passing_failures.lock().unwrap() = 1;
    let error = client.call(&[memo("a")]).await.unwrap_err();
    assert!(matches!(error, CallError::SignIn(SignInError::Failed(_))), "{error}");
    assert!(client.call(&[memo("a")]).await.is_ok());
    assert_eq!(gateway.sign_ins(), 2);
}

#[tokio::test]
async fn a_session_is_not_taken_to_a_foreign_endpoint() {
    let (client, _, gateway) = start().await;
    *gateway.endpoint.lock().unwrap() = "https://api.intacct.com.evil.example/xmlgw".into();
    let error = client.call(&[memo("a")]).await.unwrap_err();
    assert!(matches!(error, CallError::SignIn(SignInError::Endpoint(_))), "{error}");
    assert_eq!(gateway.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_connection_has_sent_nothing() {
    let (client, _, gateway) = start().await;
    client.sign_in().await.unwrap();
    // A port that was free a moment ago and has no listener.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (stranded, _) = client_at(&format!("http://{address}/xmlgw"));
    let error = stranded.call(&[memo("a")]).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)) && error.not_executed(), "{error}");
    assert_eq!(gateway.sign_ins(), 1);
}

/// A gateway that signs in, then reads the next request and closes, or answers half of what it announced.
async fn closing_gateway(half_an_answer: bool) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/xmlgw", listener.local_addr().unwrap());
    let gateway = Gateway::default();
    gateway.endpoint.lock().unwrap().clone_from(&address);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = String::new();
            let mut buffer = [0; 4096];
            while !request.contains("</request>") {
                match stream.read(&mut buffer).await.unwrap() {
                    0 => break,
                    read => request.push_str(&String::from_utf8_lossy(&buffer[..read])),
                }
            }
            let (_, body) = gateway.answer(&request);
            let head = |length| format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
            if request.contains("<getAPISession") {
                stream.write_all((head(body.len()) + &body).as_bytes()).await.unwrap();
            } else if half_an_answer {
                stream.write_all((head(body.len()) + &body[..body.len() / 2]).as_bytes()).await.unwrap();
            }
        }
    });
    client_at(&address).0
}

#[tokio::test]
async fn a_connection_that_breaks_after_sending_leaves_it_unknown() {
    for half_an_answer in [false, true] {
        let client = closing_gateway(half_an_answer).await;
        client.sign_in().await.unwrap();
        let error = client.call(&[memo("a")]).await.unwrap_err();
        assert!(matches!(error, CallError::Unknown { .. }) && !error.not_executed(), "{error}");
    }
}

#[tokio::test]
async fn a_server_error_leaves_it_unknown_and_keeps_the_answer_without_secrets() {
    let (client, _, gateway) = start().await;
    reply(&gateway, 500, "<html>session-1 user-secret sender-secret broke</html>");
    match client.call(&[memo("a")]).await.unwrap_err() {
        CallError::Unknown { answer, .. } => {
            assert_eq!(answer.unwrap(), "<html>[redacted] [redacted] [redacted] broke</html>");
        }
        other => panic!("{other}"),
    }
    assert_eq!(gateway.seen.lock().unwrap().len(), 2, "a write is never repeated by itself");
}

#[tokio::test]
async fn a_rate_limit_is_certainly_not_executed() {
    let (client, _, gateway) = start().await;
    for (status, body) in [(429, ""), (200, "API rate limit exceeded")] {
        reply(&gateway, status, body);
        let error = client.call(&[memo("a")]).await.unwrap_err();
        assert!(matches!(error, CallError::RateLimited { .. }) && error.not_executed(), "{error}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_built_is_not_sent() {
    let (client, _, gateway) = start().await;
    let read = FunctionCall {
        control_id: ControlId::new("q").unwrap(),
        function: Function::Query(Query::new("CUSTOMER", &["RECORDNO"], None)),
    };
    let error = client.call(&[memo("a"), read]).await.unwrap_err();
    assert!(matches!(error, CallError::Invalid(InvalidRequest::Mixed)), "{error}");
    let sent = gateway.seen.lock().unwrap().len();
    assert_eq!(sent, gateway.sign_ins());
}
