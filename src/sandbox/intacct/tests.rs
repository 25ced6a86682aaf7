//! The company met over HTTP, as a client meets it: what it accepts, what it refuses, what it remembers.

mod cash;
mod definitions;
mod details;
mod envelopes;
mod exactly_once;
mod journals;
mod masters;
mod payments;
mod queries;
mod receivables;
mod reversals;
mod sales;
mod surroundings;
mod taxes;

use jiff::Timestamp;
use rust_decimal::Decimal;
use tokio::net::TcpListener;

use super::xml_tree::{self, Element};
use super::{Company, CompanySettings, Served};
use crate::clock::Clock;

/// A company that is served, somebody who is signed in to it, and a clock to turn.
struct Desk {
    company: Company,
    served: Served,
    client: reqwest::Client,
    session: String,
    clock: Clock,
}

/// How one function ended.
#[derive(Debug)]
struct Answer {
    status: String,
    /// The record number given, or empty.
    key: String,
    /// All texts of all errors.
    errors: String,
    result: Element,
}

async fn desk() -> Desk {
    desk_with(|_| {}).await
}

async fn desk_with(adjust: impl FnOnce(&mut CompanySettings)) -> Desk {
    // Fails only when another test has installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = Clock::fixed("2026-07-01T10:15:00Z".parse::<Timestamp>().unwrap());
    let mut settings = CompanySettings { clock: clock.clone(), ..CompanySettings::default() };
    adjust(&mut settings);
    let company = Company::new(settings).unwrap();
    let served = company.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let client = reqwest::Client::builder().build().unwrap();
    let mut desk = Desk { company, served, client, session: String::new(), clock };
    desk.session = desk.open_session("").await;
    desk
}

const LOGIN: &str = "<login><userid>ws_cartledger</userid><companyid>SANDBOX</companyid><password>sandbox-user-password</password></login>";

/// A request around functions; `operation` is the attribute text of the operation.
fn request(control: &str, authentication: &str, operation: &str, functions: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><request><control><senderid>sandbox_sender</senderid>\
         <password>sandbox-sender-password</password><controlid>test</controlid>{control}</control>\
         <operation{operation}><authentication>{authentication}</authentication><content>{functions}</content></operation></request>"
    )
}

fn function(control_id: &str, body: &str) -> String {
    format!("<function controlid=\"{control_id}\">{body}</function>")
}

impl Desk {
    /// Sends raw bytes; answers status and body.
    async fn post(&self, body: String) -> reqwest::Result<(u16, String)> {
        let response = self.client.post(self.served.gateway_url()).body(body).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    async fn document(&self, body: String) -> Element {
        let (status, text) = self.post(body).await.unwrap();
        assert_eq!(status, 200, "{text}");
        xml_tree::parse(text.as_bytes()).unwrap()
    }

    async fn open_session(&self, location: &str) -> String {
        let call = function("sign-in", &format!("<getAPISession>{location}</getAPISession>"));
        let document =
            self.document(request("<uniqueid>false</uniqueid><dtdversion>3.0</dtdversion>", LOGIN, "", &call)).await;
        let api = answers(&document).remove(0).result;
        api.get("data").unwrap().get("api").unwrap().text_of("sessionid").unwrap().to_owned()
    }

    fn in_session(&self, unique: bool, operation: &str, functions: &str) -> String {
        let control = format!(
            "<uniqueid>{unique}</uniqueid><dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace>"
        );
        request(&control, &format!("<sessionid>{}</sessionid>", self.session), operation, functions)
    }

    /// One function that must not run twice.
    async fn write(&self, control_id: &str, body: &str) -> Answer {
        let document = self.document(self.in_session(true, "", &function(control_id, body))).await;
        answers(&document).remove(0)
    }

    /// One function that may be repeated.
    async fn read(&self, body: &str) -> Answer {
        let document = self.document(self.in_session(false, "", &function("read", body))).await;
        answers(&document).remove(0)
    }

    async fn customer(&self, id: &str) -> String {
        let body = format!(
            "<create><CUSTOMER><CUSTOMERID>{id}</CUSTOMERID><NAME>Customer {id}</NAME><DISPLAYCONTACT><PRINTAS>Customer {id}</PRINTAS>\
             <EMAIL1>{id}@example.com</EMAIL1></DISPLAYCONTACT></CUSTOMER></create>"
        );
        self.write(&format!("customer-{id}"), &body).await.succeeded()
    }

    async fn invoice(&self, number: &str, customer: &str, lines: &[(&str, &str)]) -> String {
        self.write(number, &invoice(number, customer, lines)).await.succeeded()
    }

    async fn adjustment(&self, number: &str, customer: &str, lines: &[(&str, &str)]) -> String {
        self.write(number, &adjustment(number, customer, lines)).await.succeeded()
    }

    fn balance(&self, account: &str) -> String {
        self.company.balance(account).to_string()
    }

    /// Debits and credits of the whole ledger.
    fn totals(&self) -> (Decimal, Decimal) {
        let rows = self.company.trial_balance();
        (rows.iter().map(|row| row.debit).sum(), rows.iter().map(|row| row.credit).sum())
    }
}

impl Answer {
    /// The key of a success.
    #[track_caller]
    fn succeeded(self) -> String {
        assert_eq!((self.status.as_str(), self.errors.as_str()), ("success", ""));
        self.key
    }

    /// The failure has this text.
    #[track_caller]
    fn refused(self, text: &str) {
        assert_eq!(self.status, "failure");
        assert!(self.errors.contains(text), "expected {text:?} in {:?}", self.errors);
    }
}

fn answers(document: &Element) -> Vec<Answer> {
    let operation =
        document.get("operation").unwrap_or_else(|| panic!("no operation in {}", document.to_document(true)));
    operation.all("result").map(answer).collect()
}

fn answer(result: &Element) -> Answer {
    let made = || result.get("data")?.children.first()?.text_of("RECORDNO");
    Answer {
        status: result.text_of("status").unwrap_or_default().to_owned(),
        key: result.text_of("key").or_else(made).unwrap_or_default().to_owned(),
        errors: errors(result),
        result: result.clone(),
    }
}

fn errors(parent: &Element) -> String {
    let errors = parent.get("errormessage").into_iter().flat_map(|message| &message.children);
    let texts = errors.flat_map(|error| error.children.iter().map(|part| part.text.as_str()));
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" | ")
}

fn lines(lines: &[(&str, &str)]) -> String {
    let line = |(account, amount): &(&str, &str)| {
        format!(
            "<lineitem><glaccountno>{account}</glaccountno><amount>{amount}</amount><locationid>100</locationid></lineitem>"
        )
    };
    lines.iter().map(line).collect()
}

const DAY: &str = "<year>2026</year><month>07</month><day>01</day>";

fn invoice(number: &str, customer: &str, items: &[(&str, &str)]) -> String {
    format!(
        "<create_invoice><customerid>{customer}</customerid><datecreated>{DAY}</datecreated><termname>Due on receipt</termname>\
         <invoiceno>{number}</invoiceno><invoiceitems>{}</invoiceitems></create_invoice>",
        lines(items)
    )
}

fn adjustment(number: &str, customer: &str, items: &[(&str, &str)]) -> String {
    format!(
        "<create_aradjustment><customerid>{customer}</customerid><datecreated>{DAY}</datecreated><adjustmentno>{number}</adjustmentno>\
         <aradjustmentitems>{}</aradjustmentitems></create_aradjustment>",
        lines(items)
    )
}

fn payment(customer: &str, reference: &str, details: &str) -> String {
    format!(
        "<create><ARPYMT><UNDEPOSITEDACCOUNTNO>1150-S</UNDEPOSITEDACCOUNTNO><PAYMENTMETHOD>Credit Card</PAYMENTMETHOD>\
         <CUSTOMERID>{customer}</CUSTOMERID><DOCNUMBER>{reference}</DOCNUMBER><RECEIPTDATE>07/01/2026</RECEIPTDATE>\
         <CURRENCY>USD</CURRENCY><ARPYMTDETAILS>{details}</ARPYMTDETAILS></ARPYMT></create>"
    )
}

fn detail(parts: &[(&str, &str)]) -> String {
    let parts: String = parts.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
    format!("<ARPYMTDETAIL>{parts}</ARPYMTDETAIL>")
}
