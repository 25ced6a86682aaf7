//! Documents: intent before action, one attempt at a time, and only a look-up may decide what nobody knows.

use std::time::Duration;

use cartledger::store::attempt::LookUps;
use cartledger::store::document::{DocumentState, Duplicate, Intent, Outcome, PlannedDocument, PostingLine};
use cartledger::store::{Store, StoreError};
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::database::TestDatabase;

const STORE: &str = "acme-us";
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
        store: STORE.into(),
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

/// Begins to send what is stored.
async fn begin(store: &Store, request: &str, request_hash: &str) -> Result<Option<i32>, StoreError> {
    let content_hash = &store.document(STORE, KEY).await?.unwrap().planned.content_hash;
    store.begin_sending(Intent { store: STORE, key: KEY, content_hash, request, request_hash }).await
}

async fn state(store: &Store) -> DocumentState {
    store.document(STORE, KEY).await.unwrap().unwrap().state
}

#[tokio::test]
async fn two_runs_that_plan_the_same_document_send_it_once() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    store.plan(&[invoice(12990)]).await.unwrap();
    let (first, second) = tokio::join!(begin(&store, "<x/>", "h"), begin(&store, "<x/>", "h"));
    let attempts = [first.unwrap(), second.unwrap()];
    assert_eq!(attempts.iter().flatten().count(), 1, "{attempts:?}");
}

#[tokio::test]
async fn what_was_sent_is_never_replanned_until_its_end_is_known() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let attempt = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    store.plan(&[invoice(50)]).await.unwrap();
    assert_eq!(state(&store).await, DocumentState::Sending);
    store.settle(STORE, KEY, attempt, "send", &Outcome::Unknown { error: "no answer".into() }, None).await.unwrap();
    store.plan(&[invoice(50)]).await.unwrap();
    assert_eq!(state(&store).await, DocumentState::Unknown);
    assert!(begin(&store, "<x/>", "h").await.unwrap().is_none());
    assert_eq!(store.document(STORE, KEY).await.unwrap().unwrap().planned.total, Some(Decimal::new(12990, 2)));
}

#[tokio::test]
async fn a_look_up_turns_unknown_into_posted_or_back_into_planned() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let attempt = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    store.settle(STORE, KEY, attempt, "send", &Outcome::Unknown { error: "no answer".into() }, None).await.unwrap();
    store
        .settle(STORE, KEY, attempt, "look-up", &Outcome::NotThere { why: "no such number".into() }, None)
        .await
        .unwrap();
    assert_eq!(state(&store).await, DocumentState::Planned);
    let attempt = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    assert_eq!(attempt, 2);
    store.settle(STORE, KEY, attempt, "send", &Outcome::Posted { record_no: "2091".into() }, None).await.unwrap();
    assert_eq!(store.document(STORE, KEY).await.unwrap().unwrap().record_no.as_deref(), Some("2091"));
}

async fn looked_for_in_vain(store: &Store, attempt: i32) {
    let absent = Outcome::Absent { why: "no such number".into() };
    store.settle(STORE, KEY, attempt, "look-up", &absent, None).await.unwrap();
}

#[tokio::test]
async fn what_may_still_be_under_way_keeps_its_content_and_may_only_be_sent_again_as_it_was() {
    let (database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let first = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    store.settle(STORE, KEY, first, "send", &Outcome::Unknown { error: "no answer".into() }, None).await.unwrap();
    looked_for_in_vain(&store, first).await;
    let document = store.document(STORE, KEY).await.unwrap().unwrap();
    assert_eq!(document.state, DocumentState::Planned);
    assert!(document.open_for.unwrap() > Duration::from_secs(15 * 60) && !document.is_uncertain());

    store.plan(&[invoice(50)]).await.unwrap();
    let kept = store.document(STORE, KEY).await.unwrap().unwrap();
    assert_eq!(kept.planned.total, Some(Decimal::new(12990, 2)), "the new content does not replace it");
    assert_eq!(begin(&store, "<y/>", "other").await.unwrap(), None);

    let second = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    let not_executed = Outcome::NotThere { why: "too many requests".into() };
    store.settle(STORE, KEY, second, "send", &not_executed, None).await.unwrap();
    assert_eq!(begin(&store, "<y/>", "other").await.unwrap(), None, "the first may still arrive");

    sqlx::query("update document set open_until = now()").execute(database.pool()).await.unwrap();
    assert!(store.document(STORE, KEY).await.unwrap().unwrap().is_uncertain(), "it is looked up once more");
    assert_eq!(begin(&store, "<y/>", "other").await.unwrap(), None);
    looked_for_in_vain(&store, second).await;
    store.plan(&[invoice(50)]).await.unwrap();
    let document = store.document(STORE, KEY).await.unwrap().unwrap();
    assert_eq!((document.planned.total, document.open_for), (Some(Decimal::new(50, 2)), None));
    assert!(begin(&store, "<y/>", "other").await.unwrap().is_some());
}

#[tokio::test]
async fn a_crash_leaves_the_fate_open_from_the_moment_of_sending() {
    let (database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let attempt = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    looked_for_in_vain(&store, attempt).await;
    assert!(store.document(STORE, KEY).await.unwrap().unwrap().open_for.is_some());
    let attempt = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    let long_ago =
        "update document set sent_at = now() - interval '1 hour', open_until = now() - interval '40 minutes'";
    sqlx::query(long_ago).execute(database.pool()).await.unwrap();
    looked_for_in_vain(&store, attempt).await;
    assert_eq!(store.document(STORE, KEY).await.unwrap().unwrap().open_for, None);
}

#[tokio::test]
async fn a_direct_refusal_makes_the_fate_certain() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let first = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    looked_for_in_vain(&store, first).await;
    let second = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    store.settle(STORE, KEY, second, "send", &Outcome::Rejected { error: "closed".into() }, None).await.unwrap();
    store.plan(&[invoice(50)]).await.unwrap();
    assert_eq!(store.document(STORE, KEY).await.unwrap().unwrap().planned.total, Some(Decimal::new(50, 2)));
}

#[tokio::test]
async fn look_ups_are_counted_for_the_last_attempt_with_what_intacct_says_it_has() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let attempt = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    assert_eq!(store.look_ups(STORE, KEY, attempt).await.unwrap(), LookUps { duplicate: None, times: 0 });
    let duplicate = Outcome::Duplicate { what: Duplicate::ControlId, error: "already recorded".into() };
    store.settle(STORE, KEY, attempt, "send", &duplicate, None).await.unwrap();
    store.settle(STORE, KEY, attempt, "look-up", &Outcome::Unknown { error: "not yet".into() }, None).await.unwrap();
    let looked = LookUps { duplicate: Some(Duplicate::ControlId), times: 1 };
    assert_eq!(store.look_ups(STORE, KEY, attempt).await.unwrap(), looked);
    assert_eq!(state(&store).await, DocumentState::Unknown);
}

#[tokio::test]
async fn a_late_answer_of_an_older_attempt_is_refused() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let first = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    store
        .settle(STORE, KEY, first, "look-up", &Outcome::NotThere { why: "no such number".into() }, None)
        .await
        .unwrap();
    let second = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    let late = store.settle(STORE, KEY, first, "send", &Outcome::Rejected { error: "late".into() }, None).await;
    assert!(late.is_err());
    store.settle(STORE, KEY, second, "send", &Outcome::Posted { record_no: "1".into() }, None).await.unwrap();
    assert_eq!(state(&store).await, DocumentState::Posted);
}

#[tokio::test]
async fn a_rejected_document_may_be_planned_anew_with_other_content() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    let attempt = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    store
        .settle(STORE, KEY, attempt, "send", &Outcome::Rejected { error: "Account 4000".into() }, Some("<r/>"))
        .await
        .unwrap();
    store.plan(&[invoice(13000)]).await.unwrap();
    let document = store.document(STORE, KEY).await.unwrap().unwrap();
    assert_eq!((document.state, document.planned.total), (DocumentState::Planned, Some(Decimal::new(13000, 2))));
    assert_eq!(store.posting_lines(STORE, KEY).await.unwrap()[0].debit, Decimal::new(13000, 2));
    assert_eq!(store.attempts(STORE, KEY).await.unwrap(), [("send".into(), "rejected".into(), Some("<r/>".into()))]);
}

#[tokio::test]
async fn the_trial_balance_counts_posted_documents_only() {
    let (_database, store) = store().await;
    store.plan(&[invoice(12990)]).await.unwrap();
    assert!(store.trial_balance("acme-us").await.unwrap().is_empty());
    let attempt = begin(&store, "<x/>", "h").await.unwrap().unwrap();
    store.settle(STORE, KEY, attempt, "send", &Outcome::Posted { record_no: "1".into() }, None).await.unwrap();
    let amount = Decimal::new(12990, 2);
    let expected = [("1100".to_owned(), amount, Decimal::ZERO), ("4000".to_owned(), Decimal::ZERO, amount)];
    assert_eq!(store.trial_balance("acme-us").await.unwrap(), expected);
}

#[tokio::test]
async fn a_run_that_lost_its_order_without_knowing_it_neither_sends_nor_spoils_what_another_has_planned() {
    let (_database, store) = store().await;
    let intent = |content_hash: &'static str, request: &'static str| Intent {
        store: STORE,
        key: KEY,
        content_hash,
        request,
        request_hash: request,
    };
    // Two runs have read the order, one of them before it was edited; the older one comes to planning last.
    store.plan(&[invoice(24990)]).await.unwrap();
    store.plan(&[invoice(12990)]).await.unwrap();
    let newer = intent("hash-24990", "<newer/>");
    assert_eq!(store.begin_sending(newer).await.unwrap(), None, "what is stored is not what it would send");
    assert_eq!(store.begin_sending_together(STORE, "mark", &[newer]).await.unwrap(), None);
    // It reads the order again and plans anew; now the older one has nothing to send.
    store.plan(&[invoice(24990)]).await.unwrap();
    assert_eq!(store.begin_sending(intent("hash-12990", "<older/>")).await.unwrap(), None);
    assert_eq!(store.begin_sending(newer).await.unwrap(), Some(1));
    let stored = store.document(STORE, KEY).await.unwrap().unwrap();
    assert_eq!((stored.planned.total, stored.request.as_deref()), (Some(Decimal::new(24990, 2)), Some("<newer/>")));
}
