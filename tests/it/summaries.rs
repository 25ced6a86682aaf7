//! Closing days in the store: every collected document is in one summary, whoever closes, whenever, and whatever fails.

use std::collections::BTreeSet;
use std::time::Duration;

use cartledger::clock::random_id;
use cartledger::store::by_hand::{FoundBy, Kept, NewClaim, Verdict};
use cartledger::store::document::{DocumentState, Intent, Outcome, PlannedDocument, PostingLine};
use cartledger::store::hold::NewHold;
use cartledger::store::lane::ClaimFrom;
use cartledger::store::rulebook::NewRevision;
use cartledger::store::summary::{Member, NewSummary};
use cartledger::store::{Store, StoreError};
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::database::TestDatabase;

const STORE: &str = "acme-us";
const GROUP: &str = "2026-03-10-USD";
/// What stood when the order was judged: nothing yet.
const NOTHING: BTreeSet<&str> = BTreeSet::new();
const MAIN: &str = "acme-us/summary/2026-03-10-USD/r1";

async fn store() -> (TestDatabase, Store) {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    (database, store)
}

fn planned(key: &str, order: Option<u64>, kind: &str, cents: i64) -> PlannedDocument {
    let line = |account: &str, debit: i64, credit: i64| PostingLine {
        account: account.into(),
        debit: Decimal::new(debit, 2),
        credit: Decimal::new(credit, 2),
        dimensions: json!({}),
        memo: String::new(),
        rule: "product rule 'all'".into(),
    };
    PlannedDocument {
        key: key.into(),
        store: STORE.into(),
        order_id: order,
        kind: kind.into(),
        number: key.into(),
        customer_id: String::new(),
        currency: Some("USD".into()),
        total: Some(Decimal::new(cents, 2)),
        posting_date: Some("2026-03-10".parse().unwrap()),
        body: json!({ "cents": cents }),
        content_hash: format!("hash-{cents}"),
        evidence_hash: None,
        revision: Some(1),
        lines: vec![line("1100", cents, 0), line("4000", 0, cents)],
    }
}

fn of_order(order: u64, cents: i64) -> Vec<(PlannedDocument, String)> {
    let document = |what: &str| planned(&format!("{STORE}/{order}/{what}/r1"), Some(order), what, cents);
    ["receipt", "invoice"].map(|what| (document(what), GROUP.to_owned())).into()
}

/// A summary that lists the keys of its members.
fn listing(key: &str) -> impl FnOnce(&[Member]) -> Result<NewSummary, StoreError> {
    let key = key.to_owned();
    move |members| {
        let csv = members.iter().map(|member| format!("{}\n", member.key)).collect();
        let document = planned(&key, None, "summary", 1);
        Ok(NewSummary { document, csv, documents: members.len(), orders: members.len() / 2 })
    }
}

fn intent<'a>(key: &'a str, content_hash: &'a str) -> Intent<'a> {
    Intent { store: STORE, key, content_hash, request: "<x/>", request_hash: "h" }
}

/// Hash of what is stored.
async fn hash(store: &Store, key: &str) -> String {
    store.document(STORE, key).await.unwrap().unwrap().planned.content_hash
}

/// Begins to send what is stored.
async fn begin(store: &Store, key: &str) -> Result<Option<i32>, StoreError> {
    store.begin_sending(intent(key, &hash(store, key).await)).await
}

async fn state(store: &Store, key: &str) -> DocumentState {
    store.document(STORE, key).await.unwrap().unwrap().state
}

#[tokio::test]
async fn an_order_judged_before_its_summary_was_refused_or_made_takes_nothing_out_of_the_day() {
    let (_database, store) = store().await;
    let judged_now = BTreeSet::from(["acme-us/118/invoice/r1", "acme-us/118/receipt/r1"]);
    assert!(store.collect(STORE, 118, &of_order(118, 100), &NOTHING).await.unwrap());
    assert!(store.close_group(STORE, GROUP, None, listing(MAIN)).await.unwrap());
    assert!(!store.collect(STORE, 118, &[], &NOTHING).await.unwrap(), "the day was closed meanwhile");
    store.refuse_summary(STORE, MAIN, "the period is closed").await.unwrap();
    // Judged while both were in the summary, it wants neither anew: they must not go.
    assert!(!store.collect(STORE, 118, &[], &judged_now).await.unwrap(), "the summary was refused meanwhile");
    for key in judged_now {
        assert_eq!(state(&store, key).await, DocumentState::Collected);
    }
}

/// Somebody says that the invoice of order 118 was entered by hand.
async fn claim_invoice(store: &Store) -> Kept {
    let found_by = FoundBy::RecordNo("12".into());
    let claim = NewClaim {
        store: STORE,
        order_id: 118,
        document_key: "acme-us/118/invoice/r1",
        found_by: &found_by,
        note: "by hand",
        claimed_by: "anna",
    };
    store.claim_by_hand(&claim).await.unwrap()
}

/// Plans the invoice and the receipt of order 118 to be sent by themselves.
async fn plan_118(store: &Store) {
    let documents: Vec<PlannedDocument> = of_order(118, 100).into_iter().map(|(document, _)| document).collect();
    store.plan(&documents).await.unwrap();
}

#[tokio::test]
async fn an_order_with_a_claim_goes_into_no_summary_and_keeps_the_claimed_document() {
    let (_database, store) = store().await;
    plan_118(&store).await;
    let Kept::Claim(id) = claim_invoice(&store).await else { panic!("it is not kept") };
    assert!(!store.collect(STORE, 118, &of_order(118, 100), &NOTHING).await.unwrap(), "it was claimed meanwhile");
    assert!(store.collect(STORE, 118, &[], &NOTHING).await.unwrap());
    assert_eq!(state(&store, "acme-us/118/invoice/r1").await, DocumentState::Planned);
    assert!(store.withdraw_claim(STORE, id).await.unwrap());
    assert!(store.collect(STORE, 118, &of_order(118, 100), &NOTHING).await.unwrap());
    assert_eq!(claim_invoice(&store).await, Kept::Daily);
}

#[tokio::test]
async fn nothing_of_a_claimed_document_is_sent() {
    let (_database, store) = store().await;
    plan_118(&store).await;
    let Kept::Claim(id) = claim_invoice(&store).await else { panic!("it is not kept") };
    let (invoice, receipt) = ("acme-us/118/invoice/r1", "acme-us/118/receipt/r1");
    assert_eq!(begin(&store, invoice).await.unwrap(), None);
    let (receipt_hash, invoice_hash) = (hash(&store, receipt).await, hash(&store, invoice).await);
    let together = [intent(receipt, &receipt_hash), intent(invoice, &invoice_hash)];
    assert_eq!(store.begin_sending_together(STORE, "mark", &together).await.unwrap(), None);
    assert_eq!(state(&store, receipt).await, DocumentState::Planned);
    assert!(store.withdraw_claim(STORE, id).await.unwrap());
    assert!(begin(&store, invoice).await.unwrap().is_some());
}

#[tokio::test]
async fn a_claim_is_not_accepted_before_the_last_look_up_of_our_own_request() {
    let (database, store) = store().await;
    plan_118(&store).await;
    let invoice = "acme-us/118/invoice/r1";
    let attempt = begin(&store, invoice).await.unwrap().unwrap();
    let lost = Outcome::Unknown { error: "no answer".into() };
    store.settle(STORE, invoice, attempt, "send", &lost, None).await.unwrap();
    let absent = Outcome::Absent { why: "nothing was found".into() };
    store.settle(STORE, invoice, attempt, "look-up", &absent, None).await.unwrap();
    assert_eq!(state(&store, invoice).await, DocumentState::Planned);
    sqlx::query("update document set open_until = now() - interval '1 second' where key = $1")
        .bind(invoice)
        .execute(database.pool())
        .await
        .unwrap();
    let Kept::Claim(_) = claim_invoice(&store).await else { panic!("it is not kept") };
    let claim = store.standing_claims(STORE, 118).await.unwrap().remove(0);
    let accepted = Verdict::Accepted { record_no: "12".into() };
    let early = store.settle_claim(&claim, false, &accepted, None).await;
    assert!(matches!(early, Err(StoreError::Lost(_))), "what arrived last was not looked for: {early:?}");
    store.settle(STORE, invoice, attempt, "look-up", &absent, None).await.unwrap();
    assert_eq!(store.settle_claim(&claim, false, &accepted, None).await.unwrap(), accepted);
    assert_eq!(state(&store, invoice).await, DocumentState::Posted);
}

#[tokio::test]
async fn replicas_that_close_and_collect_at_the_same_time_put_every_document_into_one_summary() {
    let (_database, store) = store().await;
    let collector = async |orders: std::ops::Range<u64>| {
        for order in orders {
            store.collect(STORE, order, &of_order(order, 100), &NOTHING).await.unwrap();
            // What is collected once more is either replaced or in a summary already.
            store.collect(STORE, order, &of_order(order, 100), &NOTHING).await.unwrap();
        }
    };
    let closer = async |name: &str| {
        let mut made = Vec::new();
        for count in 0..30 {
            let key = format!("{STORE}/summary/{name}-{count}/r1");
            if store.close_group(STORE, GROUP, None, listing(&key)).await.unwrap() {
                made.push(key);
            }
        }
        made
    };
    let (.., first, second) = tokio::join!(collector(0..20), collector(20..40), closer("a"), closer("b"));
    let mut summaries = [first, second].concat();
    let last = format!("{STORE}/summary/last/r1");
    if store.close_group(STORE, GROUP, None, listing(&last)).await.unwrap() {
        summaries.push(last);
    }
    assert!(summaries.len() > 1, "the race was run: {summaries:?}");
    let mut listed = Vec::new();
    for key in &summaries {
        let csv = store.summary_support(STORE, key).await.unwrap().unwrap();
        for member in csv.lines() {
            let found = store.document(STORE, member).await.unwrap().unwrap();
            assert_eq!((found.state, &found.summary.unwrap().key), (DocumentState::Summarised, key));
            listed.push(member.to_owned());
        }
    }
    assert_eq!((listed.len(), listed.iter().collect::<BTreeSet<_>>().len()), (80, 80));
    assert!(store.collected_groups(STORE).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_collected_mirrors_the_order_until_it_is_summed_up() {
    let (_database, store) = store().await;
    assert!(store.collect(STORE, 118, &of_order(118, 100), &NOTHING).await.unwrap());
    assert!(store.collect(STORE, 118, &of_order(118, 250)[..1], &NOTHING).await.unwrap());
    let documents = store.documents(STORE, 118).await.unwrap();
    assert_eq!(documents.len(), 1, "the invoice is gone");
    assert_eq!(documents[0].planned.total, Some(Decimal::new(250, 2)));
    assert!(store.trial_balance(STORE).await.unwrap().is_empty(), "nothing is posted");
    assert!(store.close_group(STORE, GROUP, None, listing(MAIN)).await.unwrap());
    assert!(
        !store.collect(STORE, 118, &of_order(118, 300)[..1], &NOTHING).await.unwrap(),
        "the day was closed meanwhile"
    );
    let receipt = store.document(STORE, "acme-us/118/receipt/r1").await.unwrap().unwrap();
    assert_eq!(receipt.planned.total, Some(Decimal::new(250, 2)));
}

#[tokio::test]
async fn a_summary_is_never_replaced_unless_it_was_refused() {
    let (_database, store) = store().await;
    store.collect(STORE, 118, &of_order(118, 100), &NOTHING).await.unwrap();
    assert!(store.close_group(STORE, GROUP, None, listing(MAIN)).await.unwrap());
    store.collect(STORE, 119, &of_order(119, 100), &NOTHING).await.unwrap();
    assert!(!store.close_group(STORE, GROUP, None, listing(MAIN)).await.unwrap());
    assert_eq!(state(&store, "acme-us/119/invoice/r1").await, DocumentState::Collected);

    let attempt = begin(&store, MAIN).await.unwrap().unwrap();
    let refused = Outcome::Rejected { error: "Account 4000".into() };
    store.settle(STORE, MAIN, attempt, "send", &refused, None).await.unwrap();
    assert_eq!(state(&store, "acme-us/118/invoice/r1").await, DocumentState::Collected);
    let group = store.collected_groups(STORE).await.unwrap().remove(0);
    assert_eq!((group.group.as_str(), group.documents, group.orders), (GROUP, 4, 2));
    assert!(store.close_group(STORE, GROUP, None, listing(MAIN)).await.unwrap());
    assert_eq!(store.summary_support(STORE, MAIN).await.unwrap().unwrap().lines().count(), 4);
    let attempt = begin(&store, MAIN).await.unwrap().unwrap();
    store.settle(STORE, MAIN, attempt, "send", &Outcome::Posted { record_no: "6001".into() }, None).await.unwrap();
    let balance = store.trial_balance(STORE).await.unwrap();
    assert_eq!(balance.len(), 2, "the summary counts, its members do not once more: {balance:?}");
    assert_eq!(balance[0].1, Decimal::new(1, 2));
}

#[tokio::test]
async fn a_summary_that_cannot_be_made_changes_nothing() {
    let (_database, store) = store().await;
    store.collect(STORE, 118, &of_order(118, 100), &NOTHING).await.unwrap();
    let build = |_: &[Member]| Err(StoreError::Lost("on purpose".into()));
    assert!(store.close_group(STORE, GROUP, None, build).await.is_err());
    assert_eq!(state(&store, "acme-us/118/invoice/r1").await, DocumentState::Collected);
    assert!(store.document(STORE, MAIN).await.unwrap().is_none());
}

#[tokio::test]
async fn one_order_can_be_closed_by_itself() {
    let (_database, store) = store().await;
    for order in [118, 119] {
        store.collect(STORE, order, &of_order(order, 100), &NOTHING).await.unwrap();
    }
    let late = "acme-us/summary/2026-03-10-USD/late-119/r1";
    assert!(store.close_group(STORE, GROUP, Some(119), listing(late)).await.unwrap());
    assert_eq!(store.collected_orders(STORE, GROUP).await.unwrap(), [118]);
    store.mark_due(STORE, 118).await.unwrap();
    assert!(store.collected_orders(STORE, GROUP).await.unwrap().is_empty(), "it may still change");
    assert!(store.collected_groups(STORE).await.unwrap()[0].due_since.is_some());
    let day = "2026-03-10".parse().unwrap();
    let chain = store.summary_chain(STORE, day, "acme-us/summary/2026-03-10-USD/late-119").await.unwrap();
    assert_eq!(chain.len(), 1);
    assert!(store.summary_chain(STORE, day, "acme-us/summary/2026-03-10-USD").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_lapses() {
    let (_database, store) = store().await;
    let (first, second) = (random_id(), random_id());
    let lease = Duration::from_secs(60);
    assert!(store.take_lease("daily/acme-us", first, lease).await.unwrap());
    assert!(!store.take_lease("daily/acme-us", second, lease).await.unwrap());
    assert!(store.take_lease("daily/acme-us", first, Duration::ZERO).await.unwrap(), "its holder extends it");
    assert!(store.take_lease("daily/acme-us", second, lease).await.unwrap(), "it has lapsed");
    assert!(!store.take_lease("daily/acme-us", first, lease).await.unwrap());
    store.free_lease("daily/acme-us", second).await.unwrap();
    assert!(store.take_lease("daily/acme-us", first, lease).await.unwrap());
}

#[tokio::test]
async fn a_hold_is_on_an_order_or_on_a_document_of_none() {
    let (_database, store) = store().await;
    let hold = |subject: &str| NewHold {
        code: "rejected-by-intacct".into(),
        subject: subject.into(),
        message: "refused".into(),
        remedy: "mend it".into(),
        amount: None,
        currency: None,
    };
    store.hold_document(STORE, MAIN, &[hold("BC-S-1"), hold("BC-S-2")]).await.unwrap();
    store.hold_document(STORE, MAIN, &[hold("BC-S-2")]).await.unwrap();
    let open = store.open_holds(Some(STORE), None, 0, 10).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].order_id, open[0].document_key.as_deref()), (None, Some(MAIN)));
    store.save_rulebook(&NewRevision::first(STORE, &json!([]), "anna")).await.unwrap();
    let claimed = store.claim(10, Duration::from_secs(60), random_id(), &[ClaimFrom::all(STORE)]).await.unwrap();
    assert!(claimed.is_empty(), "a hold on no order makes no order due");
    store.hold_document(STORE, MAIN, &[]).await.unwrap();
    assert!(store.open_holds(Some(STORE), None, 0, 10).await.unwrap().is_empty());
}
