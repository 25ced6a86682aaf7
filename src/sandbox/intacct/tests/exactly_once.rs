//! Control ids, lost answers, transactions, restarts.

use std::time::Duration;

use super::super::{Fault, FaultKind, SettingsChange};
use super::*;

const SALE: &[(&str, &str)] = &[("4000", "120.00"), ("2200", "9.90")];

#[tokio::test]
async fn a_completed_control_id_is_never_executed_again() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.invoice("I1", "C1", SALE).await;
    let again = desk.write("I1", &invoice("I1-other", "C1", SALE)).await;
    again.refused("A successful transaction has already been recorded with the control id I1");
    assert_eq!(desk.company.invoices().len(), 1);
    assert_eq!(desk.balance("1100"), "129.90");
}

#[tokio::test]
async fn a_refused_function_can_be_corrected_and_sent_under_its_id() {
    let desk = desk().await;
    desk.write("I1", &invoice("I1", "C1", SALE)).await.refused("Invalid Customer 'C1' specified.");
    desk.customer("C1").await;
    desk.invoice("I1", "C1", SALE).await;
}

#[tokio::test]
async fn uniqueness_is_on_by_default_for_reads_too_and_off_when_told() {
    let desk = desk().await;
    let session = format!("<sessionid>{}</sessionid>", desk.session);
    let read = function("constant", "<read><object>GLACCOUNT</object><keys>1</keys></read>");
    let silent = request("<dtdversion>3.0</dtdversion>", &session, "", &read);
    assert_eq!(answers(&desk.document(silent.clone()).await)[0].status, "success");
    assert_eq!(answers(&desk.document(silent).await)[0].status, "failure");
    for _ in 0..2 {
        assert_eq!(answers(&desk.document(desk.in_session(false, "", &read)).await)[0].status, "success");
    }
}

#[tokio::test]
async fn the_same_id_twice_in_one_request_executes_once() {
    let desk = desk().await;
    desk.customer("C1").await;
    let call = function("same", &adjustment("A", "C1", &[("4100", "-5.00")]));
    let document = desk.document(desk.in_session(true, "", &format!("{call}{call}"))).await;
    let statuses: Vec<_> = answers(&document).into_iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, ["success", "failure"]);
    assert_eq!(desk.company.adjustments().len(), 1);
}

#[tokio::test]
async fn a_repeat_while_the_first_still_runs_is_told_so() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 60_000 }).on_control_id("I1"));
    // The client gives up; the function goes on running at the gateway.
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(200)).build().unwrap();
    let body = desk.in_session(true, "", &function("I1", &invoice("I1", "C1", SALE)));
    assert!(impatient.post(desk.served.gateway_url()).body(body).send().await.unwrap_err().is_timeout());
    desk.write("I1", &invoice("I1", "C1", SALE)).await.refused("concurrent request in process");
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_leaves_the_document_in_the_books() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.company.add_fault(Fault::new(FaultKind::LoseAnswer).on_function("create_invoice"));
    let body = desk.in_session(true, "", &function("I1", &invoice("I1", "C1", SALE)));
    assert!(desk.post(body).await.is_err());
    assert_eq!(desk.company.invoices().len(), 1);
    desk.write("I1", &invoice("I1", "C1", SALE)).await.refused("already been recorded");
}

#[tokio::test]
async fn a_connection_dropped_before_executing_leaves_nothing() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.company.add_fault(Fault::new(FaultKind::DropBeforeExecuting));
    let body = desk.in_session(true, "", &function("I1", &invoice("I1", "C1", SALE)));
    assert!(desk.post(body).await.is_err());
    assert!(desk.company.invoices().is_empty());
    desk.invoice("I1", "C1", SALE).await;
}

#[tokio::test]
async fn a_truncated_answer_is_not_a_document_but_the_work_is_done() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.company.add_fault(Fault::new(FaultKind::TruncateAnswer));
    let (_, text) = desk.post(desk.in_session(true, "", &function("I1", &invoice("I1", "C1", SALE)))).await.unwrap();
    assert!(xml_tree::parse(text.as_bytes()).is_err());
    assert_eq!(desk.company.invoices().len(), 1);
}

#[tokio::test]
async fn faults_of_the_transport_answer_in_their_own_ways() {
    let desk = desk().await;
    for (kind, status, text) in [
        (FaultKind::ServerError, 500, ""),
        (FaultKind::HtmlPage, 524, "<!DOCTYPE html>"),
        (FaultKind::TooManyRequests, 429, "GW-0010"),
        (FaultKind::RateLimitText, 200, "API rate limit exceeded"),
    ] {
        desk.company.add_fault(Fault::new(kind));
        let (got, body) = desk.post(desk.in_session(false, "", &function("r", "<getAPISession/>"))).await.unwrap();
        assert_eq!(got, status);
        assert!(body.contains(text), "{kind:?}: {body}");
    }
    assert!(desk.company.pending_faults().is_empty());
}

#[tokio::test]
async fn a_transient_failure_is_gone_at_the_next_try() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.company.add_fault(Fault::new(FaultKind::TransientFailure));
    desk.write("I1", &invoice("I1", "C1", SALE)).await.refused("Currently, we can't create the transaction");
    desk.invoice("I1", "C1", SALE).await;
}

#[tokio::test]
async fn a_transaction_happens_as_a_whole_or_not_at_all() {
    let desk = desk().await;
    desk.customer("C1").await;
    let good = function("good", &adjustment("A1", "C1", &[("4100", "-5.00")]));
    let bad = function("bad", &adjustment("A2", "C1", &[("9999", "-5.00")]));
    let after = function("after", &adjustment("A3", "C1", &[("4100", "-5.00")]));
    let document = desk.document(desk.in_session(true, " transaction=\"true\"", &format!("{good}{bad}{after}"))).await;
    let results = answers(&document);
    assert!(
        results.iter().all(|answer| answer.status == "aborted" && answer.errors.contains("XL03000009")),
        "{results:?}"
    );
    assert!(results[1].errors.contains("Account '9999' is not valid"));
    assert!(desk.company.adjustments().is_empty() && desk.company.ledger().is_empty());

    // What was rolled back has not used up its control id.
    let document = desk.document(desk.in_session(true, " transaction=\"true\"", &format!("{good}{after}"))).await;
    assert!(answers(&document).iter().all(|answer| answer.status == "success"));
    assert_eq!(desk.company.adjustments().len(), 2);
}

#[tokio::test]
async fn without_a_transaction_a_failing_function_fails_alone() {
    let desk = desk().await;
    desk.customer("C1").await;
    let bad = function("bad", &adjustment("A2", "C1", &[("9999", "-5.00")]));
    let good = function("good", &adjustment("A1", "C1", &[("4100", "-5.00")]));
    let document = desk.document(desk.in_session(true, "", &format!("{bad}{good}"))).await;
    let results: Vec<_> = answers(&document).into_iter().map(|answer| answer.status).collect();
    assert_eq!(results, ["failure", "success"]);
}

#[tokio::test]
async fn a_company_started_again_on_its_file_has_its_books_and_its_memory() {
    let folder = std::env::temp_dir().join(format!("cartledger-sandbox-{}", crate::clock::random_id()));
    let file = folder.join("books.json");
    let first = desk_with(|settings| settings.books_file = Some(file.clone())).await;
    first.customer("C1").await;
    first.invoice("I1", "C1", SALE).await;
    let june = "2026-06-30".parse().unwrap();
    first.company.change(&SettingsChange { close_books_through: Some(june), ..SettingsChange::default() }).unwrap();
    let before = (first.company.trial_balance(), first.company.invoices());
    first.served.stop().await.unwrap();

    let second = desk_with(|settings| settings.books_file = Some(file)).await;
    assert_eq!((second.company.trial_balance(), second.company.invoices()), before);
    second.write("I1", &invoice("I1", "C1", SALE)).await.refused("already been recorded");
    let old = invoice("I2", "C1", SALE).replace("<month>07</month>", "<month>06</month>");
    second.write("I2", &old).await.refused("within a period that's been closed");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn more_requests_at_once_than_the_company_allows_are_refused() {
    let desk = desk_with(|settings| settings.concurrency = Some(1)).await;
    desk.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 60_000 }).on_control_id("slow"));
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(200)).build().unwrap();
    let slow = desk.in_session(false, "", &function("slow", "<read><object>ITEM</object><keys>1</keys></read>"));
    assert!(impatient.post(desk.served.gateway_url()).body(slow).send().await.unwrap_err().is_timeout());
    let (status, body) = desk.post(desk.in_session(false, "", &function("r", "<getAPISession/>"))).await.unwrap();
    assert_eq!(status, 429);
    assert!(body.contains("GW-0010"), "{body}");
}
