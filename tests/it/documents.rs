//! Documents: intent before action, one attempt at a time, and only a look-up may decide what nobody knows.

use cartledger::store::Store;
use cartledger::store::document::{DocumentState, Outcome, PlannedDocument, PostingLine};
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::database::TestDatabase;

const KEY: &str = "acme-us/118/invoice/r1";

fn invoice(cents: i64) -> PlannedDocument {
    let line = |account: &str, debit: i64, credit: i64| PostingLine {
        account: account.into(),
        debit: Decimal::new(debit, 2),
        credit: Decimal::new(credit, 2),
        dimensions: json!({"location": "100"}),
        memo: "SKU-1 x 1".into(),
        rule: "product-1".into(),
    };
    PlannedDocument {
        key: KEY.into(),
        store: "acme-us".into(),
        order_id: Some(118),
        kind: "invoice".into(),
        number: "BC-118".into(),
        customer_id: "BC-C7".into(),
        currency: Some("USD".into()),
        total: Some(Decimal::new(cents, 2)),
        posting_date: Some("2026-03-01".parse().unwrap()),
        body: json!({"total": cents}),
        content_hash: format!("hash-{cents}"),
        evidence_hash: None,
        revision: Some(1),
        lines: vec![line("1100", cents, 0), line("4000", 0, cents)],
    }
}

async fn store() -> (TestDatabase, Store) {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    (database, store)
}

async fn state(store: &Store) -> DocumentState {
    store.document(KEY).await.unwrap().unwrap().state
}

#[tokio::test]
async fn two_runs_that_plan_the_same_document_send_it_once() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    store.plan(&[invoice(12990)]).await.unwrap();
    let (first, second) = tokio::join!(store.begin_sending(KEY, "<x/>", "h"), store.begin_sending(KEY, "<x/>", "h"));
    let attempts = [first.unwrap(), second.unwrap()];
    assert_eq!(attempts.iter().flatten().count(), 1, "{attempts:?}");
}

#[tokio::test]
async fn what_was_sent_is_never_replanned_until_its_end_is_known() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let attempt = store.begin_sending(KEY, "<x/>", "h").await.unwrap().unwrap();
    store.plan(&[invoice(50)]).await.unwrap();
    assert_eq!(state(&store).await, DocumentState::Sending);
    store.settle(KEY, attempt, "send", &Outcome::Unknown { error: "no answer".into() }, None).await.unwrap();
    store.plan(&[invoice(50)]).await.unwrap();
    assert_eq!(state(&store).await, DocumentState::Unknown);
    assert!(store.begin_sending(KEY, "<x/>", "h").await.unwrap().is_none());
    assert_eq!(store.document(KEY).await.unwrap().unwrap().planned.total, Some(Decimal::new(12990, 2)));
}

#[tokio::test]
async fn a_look_up_turns_unknown_into_posted_or_back_into_planned() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let attempt = store.begin_sending(KEY, "<x/>", "h").await.unwrap().unwrap();
    store.settle(KEY, attempt, "send", &Outcome::Unknown { error: "no answer".into() }, None).await.unwrap();
    store.settle(KEY, attempt, "look-up", &Outcome::NotThere { why: "no such number".into() }, None).await.unwrap();
    assert_eq!(state(&store).await, DocumentState::Planned);
    let attempt = store.begin_sending(KEY, "<x/>", "h").await.unwrap().unwrap();
    assert_eq!(attempt, 2);
    store.settle(KEY, attempt, "send", &Outcome::Posted { record_no: "2091".into() }, None).await.unwrap();
    assert_eq!(store.document(KEY).await.unwrap().unwrap().record_no.as_deref(), Some("2091"));
}

#[tokio::test]
async fn a_late_answer_of_an_older_attempt_is_refused() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let first = store.begin_sending(KEY, "<x/>", "h").await.unwrap().unwrap();
    store.settle(KEY, first, "look-up", &Outcome::NotThere { why: "no such number".into() }, None).await.unwrap();
    let second = store.begin_sending(KEY, "<x/>", "h").await.unwrap().unwrap();
    let late = store.settle(KEY, first, "send", &Outcome::Rejected { error: "late".into() }, None).await;
    assert!(late.is_err());
    store.settle(KEY, second, "send", &Outcome::Posted { record_no: "1".into() }, None).await.unwrap();
    assert_eq!(state(&store).await, DocumentState::Posted);
}

#[tokio::test]
async fn a_rejected_document_may_be_planned_anew_with_other_content() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let attempt = store.begin_sending(KEY, "<x/>", "h").await.unwrap().unwrap();
    store
        .settle(KEY, attempt, "send", &Outcome::Rejected { error: "Account 4000".into() }, Some("<r/>"))
        .await
        .unwrap();
    store.plan(&[invoice(13000)]).await.unwrap();
    let document = store.document(KEY).await.unwrap().unwrap();
    assert_eq!((document.state, document.planned.total), (DocumentState::Planned, Some(Decimal::new(13000, 2))));
    assert_eq!(store.posting_lines(KEY).await.unwrap()[0].debit, Decimal::new(13000, 2));
    assert_eq!(store.attempts(KEY).await.unwrap(), [("send".into(), "rejected".into(), Some("<r/>".into()))]);
}

#[tokio::test]
async fn the_trial_balance_counts_posted_documents_only() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    assert!(store.trial_balance("acme-us").await.unwrap().is_empty());
    let attempt = store.begin_sending(KEY, "<x/>", "h").await.unwrap().unwrap();
    store.settle(KEY, attempt, "send", &Outcome::Posted { record_no: "1".into() }, None).await.unwrap();
    let amount = Decimal::new(12990, 2);
    let expected = [("1100".to_owned(), amount, Decimal::ZERO), ("4000".to_owned(), Decimal::ZERO, amount)];
    assert_eq!(store.trial_balance("acme-us").await.unwrap(), expected);
}
