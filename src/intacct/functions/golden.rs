//! Golden requests: every function as it is sent, and whether the gateway's own schema accepts it.
//!
//! The published schema is of 2019. What it lacks stands in requests of its own, `newer-documents` and `newer-reads`:
//! `taxsolutionid` and `taxentries` (documentation of invoices, adjustments and other receipts) and `lookup` (documentation
//! of queries). The checker takes exactly those names for newer and nothing else.

mod documents;
mod masters;
mod money;
mod order_entry;
mod reads;

use std::path::Path;
use std::process::Command;

use super::*;
use crate::accounting::masters::MasterKind;
use crate::intacct::lookup;
use crate::intacct::masters::{Question, query};
use crate::intacct::request::{Authentication, ControlId, FunctionCall, Request, Sender};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn place() -> LineDimensions {
    LineDimensions { location: some("100"), department: some("WEB"), ..LineDimensions::default() }
}

fn channel() -> Vec<CustomField> {
    vec![CustomField { name: "GLDIMCHANNEL".into(), value: "10007".into() }]
}

fn currency(rate: ExchangeRate) -> Option<CurrencyGroup> {
    Some(CurrencyGroup { base: some("USD"), currency: "EUR".into(), rate })
}

fn samples() -> Vec<(&'static str, Vec<Function>)> {
    vec![
        ("contact", vec![Function::CreateContact(Box::new(CreateContact { contact: masters::contact("AC-41 Ship") }))]),
        ("customer", vec![masters::customer()]),
        ("changes", masters::changes()),
        ("documents", vec![documents::invoice(), documents::credit_memo()]),
        ("newer-documents", documents::taxed()),
        ("more-payments", money::more_payments()),
        ("moves", money::moves()),
        ("reads", reads::reads()),
        (
            "payments",
            vec![
                Function::CreatePayment(Box::new(money::receipt())),
                Function::CreatePayment(Box::new(money::application(PaidDocument::Invoice(5001)))),
                Function::CreatePayment(Box::new(money::application(PaidDocument::DebitMemo(5003)))),
            ],
        ),
        (
            "look-ups",
            [
                lookup::invoice("AC-1207", "AC-41"),
                lookup::payment("ch_3Q0", "AC-41"),
                lookup::JournalLines::default().next("AC-1207-D9001", lookup::LINES_OF_A_PAGE),
                lookup::customer_by_email("zoe@example.com"),
                lookup::ping(),
                query(&MasterKind::Department, &changed_departments()),
            ]
            .map(Function::Query)
            .to_vec(),
        ),
        ("order-entry", order_entry::documents()),
        ("order-entry-look-ups", order_entry::look_ups()),
        ("journals", vec![documents::journal()]),
        ("more-journals", documents::more_journals()),
        ("newer-reads", vec![Function::LookUpObject(LookUpObject { object: "ARINVOICE".into() })]),
        ("attachments", vec![masters::attachment()]),
        ("sign-in", vec![Function::GetApiSession(GetApiSession { location: SessionLocation::Entity("100".into()) })]),
    ]
}

fn changed_departments() -> Question<'static> {
    let since = Some("2026-03-01T10:05:06".parse().unwrap());
    Question { after: 2000, since, ..Question::default() }
}

/// Whole requests, by name.
fn requests() -> Vec<(&'static str, String)> {
    let sender = Sender { id: "cartledger".into(), password: "sender-password".into() };
    let authentication = Authentication::Session("session-id".into());
    let control_id = ControlId::new("request-1").unwrap();
    let render = |(name, functions): (&'static str, Vec<Function>)| {
        let calls: Vec<FunctionCall> = functions
            .into_iter()
            .zip(1..)
            .map(|(function, place)| FunctionCall {
                control_id: ControlId::new(format!("{name}/{place}")).unwrap(),
                function,
            })
            .collect();
        (name, Request::new(&sender, &authentication, &control_id, &calls).unwrap().render())
    };
    samples().into_iter().map(render).collect()
}

#[test]
fn a_stored_function_is_counted_as_the_same_as_when_it_was_sent() {
    let functions: Vec<Function> = samples().into_iter().flat_map(|(_, functions)| functions).collect();
    assert!(functions.len() > 10);
    for function in functions {
        assert_eq!(Function::label_of(&function.body()).as_deref(), Some(function.label()));
    }
    assert_eq!(Function::label_of("no function"), None);
}

#[test]
fn requests_are_written_as_they_always_were() {
    for (name, request) in requests() {
        insta::assert_snapshot!(name, request.replace("><", ">\n<"));
    }
}

#[test]
fn the_documentation_has_a_row_for_every_function() {
    let page = include_str!("../../../docs/intacct.md");
    for function in samples().into_iter().flat_map(|(_, functions)| functions) {
        let body = function.body();
        let object = match function.name() {
            "create" | "update" => body.split(['<', '>']).nth(3).map(|object| format!(" {object}")).unwrap_or_default(),
            _ => String::new(),
        };
        let name = format!("`{}{object}`", function.name());
        assert!(page.lines().any(|line| line.starts_with('|') && line.contains(&name)), "docs/intacct.md lacks {name}");
    }
}

/// Needs the schema checker of this project's workshop; elsewhere the golden requests above, which it has accepted,
/// stand for it.
#[test]
fn the_gateway_schema_accepts_every_request() {
    let checker = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tools/check-intacct-xml");
    if !checker.exists() {
        println!("skipped: there is no schema checker at {}", checker.display());
        return;
    }
    let folder = std::env::temp_dir().join(format!("cartledger-golden-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, request) in requests() {
        std::fs::write(folder.join(format!("{name}.xml")), request).unwrap();
    }
    let output = Command::new(&checker).arg(&folder).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    std::fs::remove_dir_all(&folder).unwrap();
    if output.status.code() == Some(1) && complained.contains("lxml is missing") {
        println!("skipped: the schema checker needs Python's lxml");
        return;
    }
    assert!(output.status.success(), "{said}{complained}");
}
