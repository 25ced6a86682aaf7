//! The mirror of master data in the store: what a reading keeps, what it does to the mark, and whom a change sets free.

use std::collections::BTreeSet;
use std::time::Duration;

use cartledger::accounting::masters::{Facts, Master, MasterKind, MasterStatus};
use cartledger::store::Store;
use cartledger::store::hold::NewHold;
use cartledger::store::lane::ClaimFrom;
use cartledger::store::master_data::{Page, Reading};
use cartledger::store::order::OrderStanding;

use crate::support::database::TestDatabase;

const COMPANY: &str = "acme";
const OVERLAP: Duration = Duration::from_secs(600);

fn account(id: &str, record_no: u64, modified: &str) -> Master {
    Master { modified: Some(modified.parse().unwrap()), ..Master::new(id, record_no, "Product sales") }
}

fn inactive(record: Master) -> Master {
    Master { status: MasterStatus::Inactive, ..record }
}

async fn begin(store: &Store, full: bool) -> Reading {
    store.begin_reading(COMPANY, &MasterKind::GlAccount, full, OVERLAP).await.unwrap()
}

async fn keep(store: &Store, reading: &Reading, records: &[Master], last: bool) {
    let after = records.iter().map(|record| record.record_no).max().unwrap_or(reading.after);
    store.keep_page(reading, Page { records, after, last }, &["acme-us".to_owned()]).await.unwrap();
}

async fn status(store: &Store, id: &str) -> Option<MasterStatus> {
    store.master(COMPANY, &MasterKind::GlAccount, id).await.unwrap().map(|found| found.status)
}

async fn hold_order(store: &Store, order_id: u64, code: &str, subject: &str) {
    let standing = OrderStanding {
        store: "acme-us".into(),
        order_id,
        outcome: "held".into(),
        reason: String::new(),
        status: String::new(),
        order_date: None,
        customer_id: None,
        currency: None,
        total: None,
        open_balance: None,
        evidence_hash: None,
        revision: None,
        updated_at: None,
    };
    let hold = NewHold {
        code: code.into(),
        subject: subject.into(),
        message: String::new(),
        remedy: String::new(),
        amount: None,
        currency: None,
    };
    store.save_standing(&standing, &[hold]).await.unwrap();
}

async fn due_orders(store: &Store) -> BTreeSet<u64> {
    let token = cartledger::clock::random_id();
    let stores = [ClaimFrom::all("acme-us")];
    let claimed = store.claim(100, Duration::from_secs(60), token, &stores).await.unwrap();
    store.complete(&claimed).await.unwrap();
    claimed.into_iter().map(|lane| lane.order_id).collect()
}

#[tokio::test]
async fn a_kind_counts_once_it_was_read_whole_and_what_a_whole_reading_no_longer_meets_is_gone() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    let reading = begin(&store, true).await;
    keep(&store, &reading, &[account("4000", 1, "2026-03-01T10:00:00")], false).await;
    assert!(store.master_data(COMPANY).await.unwrap().of(&MasterKind::GlAccount).is_none(), "half read is not read");
    keep(&store, &reading, &[account("4010", 2, "2026-03-02T10:00:00")], true).await;
    assert_eq!(store.master_data(COMPANY).await.unwrap().of(&MasterKind::GlAccount).unwrap().len(), 2);

    let before = store.master_version(COMPANY).await.unwrap();
    let again = begin(&store, true).await;
    keep(&store, &again, &[account("4000", 1, "2026-03-01T10:00:00")], true).await;
    assert_eq!(status(&store, "4000").await, Some(MasterStatus::Active));
    assert_eq!(status(&store, "4010").await, Some(MasterStatus::Gone));
    let after = store.master_version(COMPANY).await.unwrap();
    assert!(after > before);

    let unchanged = begin(&store, false).await;
    keep(&store, &unchanged, &[account("4000", 1, "2026-03-01T10:00:00")], true).await;
    assert_eq!(store.master_version(COMPANY).await.unwrap(), after, "nothing changed");
}

#[tokio::test]
async fn the_mark_moves_with_the_last_page_and_a_reading_that_broke_off_is_gone_on_with() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    let reading = begin(&store, true).await;
    keep(&store, &reading, &[account("4000", 7, "2026-03-01T10:00:00")], false).await;
    let mark = |states: Vec<cartledger::store::master_data::RefreshState>| states[0].mark;
    assert_eq!(mark(store.refresh_states(COMPANY).await.unwrap()), None);

    let resumed = begin(&store, true).await;
    assert_eq!((resumed.started_at, resumed.after), (reading.started_at, 7));
    keep(&store, &resumed, &[account("4010", 9, "2026-02-01T10:00:00")], true).await;
    // Less the moment the reading took: whatever was changed meanwhile is asked for again.
    let moved = mark(store.refresh_states(COMPANY).await.unwrap()).unwrap();
    let newest = "2026-03-01T10:00:00".parse().unwrap();
    assert!(moved < newest && moved > "2026-03-01T09:58:00".parse().unwrap(), "{moved}");
    let next = begin(&store, false).await;
    assert_eq!(next.since, Some(moved.saturating_sub(OVERLAP)));
    assert_eq!(next.after, 0);

    let taken_over = begin(&store, true).await;
    let page = Page { records: &[], after: 0, last: true };
    assert!(store.keep_page(&next, page, &[]).await.is_err(), "another reading was begun meanwhile");
    keep(&store, &taken_over, &[], true).await;
}

#[tokio::test]
async fn an_account_that_is_activated_or_created_sets_free_the_orders_held_for_it_and_no_others() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    let reading = begin(&store, true).await;
    let old = "2026-03-01T10:00:00";
    keep(&store, &reading, &[inactive(account("4000", 1, old)), inactive(account("4010", 2, old))], true).await;
    hold_order(&store, 1, "inactive-in-intacct", "GL account 4000").await;
    hold_order(&store, 2, "inactive-in-intacct", "GL account 4010").await;
    hold_order(&store, 3, "not-in-intacct", "GL account 4999").await;
    hold_order(&store, 4, "missing-rule", "GL account 4000").await;
    assert_eq!(due_orders(&store).await, BTreeSet::new());

    let new = "2026-03-02T10:00:00";
    let reading = begin(&store, false).await;
    let page = [account("4000", 1, new), inactive(account("4010", 2, old)), account("4999", 3, new)];
    keep(&store, &reading, &page, true).await;
    assert_eq!(due_orders(&store).await, [1, 3].into());

    let reading = begin(&store, true).await;
    store.refuse_reading(&reading, "no permission", &["acme-us".to_owned()]).await.unwrap();
    assert_eq!(due_orders(&store).await, [1, 2, 3].into(), "nothing is judged by a kind that is not there");
    assert!(store.master_data(COMPANY).await.unwrap().of(&MasterKind::GlAccount).is_none());
}

#[tokio::test]
async fn a_record_of_two_entities_can_be_posted_to_as_long_as_one_is_active() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    let at = "2026-03-01T10:00:00";
    let reading = begin(&store, true).await;
    keep(&store, &reading, &[account("4000", 1, at), inactive(account("4000", 2, at))], true).await;
    assert_eq!(status(&store, "4000").await, Some(MasterStatus::Active));
    let reading = begin(&store, false).await;
    keep(&store, &reading, &[inactive(account("4000", 2, at))], true).await;
    assert_eq!(status(&store, "4000").await, Some(MasterStatus::Active));
    let reading = begin(&store, true).await;
    keep(&store, &reading, &[inactive(account("4000", 2, at))], true).await;
    assert_eq!(status(&store, "4000").await, Some(MasterStatus::Inactive), "the active one is no longer there");
}

#[tokio::test]
async fn customers_are_found_by_e_mail_whatever_its_capitals() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    let customer = |id: &str, record_no, status| Master {
        email: Some(" Ada@Example.com ".into()),
        status,
        facts: Facts { owner: Some("100".into()), ..Facts::default() },
        ..Master::new(id, record_no, "Ada")
    };
    let both = [customer("C1", 1, MasterStatus::Inactive), customer("C2", 2, MasterStatus::Active)];
    store.keep_masters(COMPANY, &MasterKind::Customer, &both).await.unwrap();
    let found = store.customers_by_email(COMPANY, "ADA@example.com ").await.unwrap();
    assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["C2", "C1"]);
    assert_eq!(found[0].facts.owner.as_deref(), Some("100"));
    assert!(store.customers_by_email("other", "ada@example.com").await.unwrap().is_empty());
    let listed = store.find_masters(COMPANY, None, "ada", Some((&MasterKind::Customer, "C1")), 10).await.unwrap();
    assert_eq!(listed.len(), 1);
}
