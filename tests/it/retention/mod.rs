//! Retention: what is old goes in small batches, what anybody may still ask for stays, and nothing else notices.

mod rounds;
mod told;
mod whole;

use std::sync::Arc;
use std::time::Duration;

use cartledger::clock::random_id;
use cartledger::store::Store;
use cartledger::store::inbox::NewDelivery;
use cartledger::store::retention::Removed;
use cartledger::worker::retention::{Retention, RetentionOptions};
use cartledger::worker::task::{Task, Work};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::support::database::TestDatabase;
use crate::support::surface::{ADMIN, Surface};
use crate::support::world::{STORE, World, order_of};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Everything goes after its usual time.
fn usual(batch: u32) -> RetentionOptions {
    RetentionOptions {
        deliveries: Some(90 * DAY),
        evidence: Some(400 * DAY),
        attempts: Some(730 * DAY),
        dry_runs: Some(90 * DAY),
        batch,
    }
}

fn task(store: &Store) -> Task {
    let (pause, lease) = (Duration::from_millis(10), Duration::from_secs(60));
    Task { store: store.clone(), name: "retention/acme-us".into(), lease, pause }
}

fn retention(store: &Store, options: RetentionOptions) -> Retention {
    Retention::new(store.clone(), "acme-us".into(), options, Arc::new(Semaphore::new(1)), CancellationToken::new())
}

async fn run(pool: &PgPool, statement: &'static str) -> u64 {
    sqlx::query(statement).execute(pool).await.unwrap().rows_affected()
}

async fn count(pool: &PgPool, rows: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {rows}"))).fetch_one(pool).await.unwrap()
}

async fn texts(pool: &PgPool, query: &'static str) -> Vec<String> {
    sqlx::query_scalar(query).fetch_all(pool).await.unwrap()
}

/// Keeps a delivery that was received so many days ago.
async fn received(pool: &PgPool, store: &str, webhook_id: &str, days: i32) {
    sqlx::query(
        "insert into inbox (store, webhook_id, scope, order_id, event_at, body, received_at)
         values ($1, $2, 'store/order/updated', 118, now(), '{}', now() - interval '1 day' * $3)",
    )
    .bind(store)
    .bind(webhook_id)
    .bind(days)
    .execute(pool)
    .await
    .unwrap();
}

/// Keeps what an order read as since so many days ago.
async fn read(pool: &PgPool, order: i64, hash: &str, days: i32) {
    sqlx::query(
        "insert into evidence (store, order_id, hash, facts, read_at, current_since)
         values ('acme-us', $1, $2, '{}', now() - interval '1 day' * $3, now() - interval '1 day' * $3)",
    )
    .bind(order)
    .bind(hash)
    .bind(days)
    .execute(pool)
    .await
    .unwrap();
}

/// Keeps a document that was settled so many days ago, with an attempt of that day.
async fn settled(pool: &PgPool, key: &str, state: &str, days: i32, evidence: Option<&str>) {
    let record = (state == "posted").then_some("2091");
    sqlx::query(
        "insert into document (key, store, order_id, kind, number, state, customer_id, body, content_hash, attempts,
                               record_no, settled_at, evidence_hash)
         values ($1, split_part($1, '/', 1), split_part($1, '/', 2)::bigint, 'invoice', $1, $2, 'C1', '{}', '', 1, $3,
                 now() - interval '1 day' * $4, $5)",
    )
    .bind(key)
    .bind(state)
    .bind(record)
    .bind(days)
    .bind(evidence)
    .execute(pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into attempt (store, document_key, number, step, at, outcome)
         values (split_part($1, '/', 1), $1, 1, 'send', now() - interval '1 day' * $3, $2)",
    )
    .bind(key)
    .bind(state)
    .bind(days)
    .execute(pool)
    .await
    .unwrap();
}

async fn database() -> (TestDatabase, Store) {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    (database, store)
}

#[tokio::test]
async fn old_deliveries_go_and_young_ones_stay_store_by_store() {
    let (database, store) = database().await;
    let pool = database.pool();
    for (name, id, days) in
        [("acme-us", "a", 400), ("acme-us", "b", 91), ("acme-us", "c", 89), ("acme-us", "d", 0), ("acme-eu", "e", 400)]
    {
        received(pool, name, id, days).await;
    }
    received(pool, "acme-eu", "f", 0).await;
    assert_eq!(store.not_kept("acme-us").await.unwrap().deliveries_through, None);
    let done = store.remove_deliveries("acme-us", 90 * DAY, 100, None).await.unwrap();
    assert_eq!(done.removed, Removed { rows: 2, more: false });
    assert_eq!(texts(pool, "select webhook_id from inbox order by webhook_id").await, ["c", "d", "e", "f"]);
    let through = store.not_kept("acme-us").await.unwrap().deliveries_through;
    assert!(through.is_some() && through == done.through, "{through:?} {done:?}");
    assert_eq!(store.not_kept("acme-eu").await.unwrap().deliveries_through, None);
}

#[tokio::test]
async fn a_batch_removes_at_most_so_many_rows_and_the_next_goes_on_where_it_ended() {
    let (database, store) = database().await;
    let pool = database.pool();
    for n in 0..25 {
        received(pool, "acme-us", &format!("w{n}"), 200 - n).await;
        read(pool, 118, &format!("h{n}"), 900 - n).await;
        settled(pool, &format!("acme-us/{n}/invoice/r1"), "posted", 900 - n, None).await;
        // Tried so often that the attempts of one document do not fit into a batch.
        sqlx::query(
            "insert into attempt (store, document_key, number, step, at, outcome)
             select 'acme-us', 'acme-us/' || $1 || '/invoice/r1', 1, 'look-up', now() - interval '1 second' * second, 'unknown'
               from generate_series(1, case when $1 = 7 then 23 else 0 end) second",
        )
        .bind(n)
        .execute(pool)
        .await
        .unwrap();
    }
    let (mut rows, mut from) = (Vec::new(), None);
    loop {
        let done = store.remove_deliveries("acme-us", 90 * DAY, 10, from).await.unwrap();
        rows.push(done.removed.rows);
        from = done.through;
        if !done.removed.more {
            break;
        }
    }
    assert_eq!(rows, [10, 10, 4], "the last delivery stays");
    for (left, kind) in [(1, "evidence"), (0, "attempt")] {
        let mut removed = 0;
        loop {
            let done = match kind {
                "evidence" => store.remove_evidence("acme-us", 400 * DAY, 10).await.unwrap(),
                _ => store.remove_attempts("acme-us", 730 * DAY, 10).await.unwrap(),
            };
            assert!(done.rows <= 10, "{done:?} of {kind}");
            removed += done.rows;
            if !done.more {
                break;
            }
        }
        assert!(removed >= 24, "{removed} of {kind}");
        assert_eq!(count(pool, kind).await, left, "{kind}");
    }
}

#[tokio::test]
async fn the_last_delivery_stays_whatever_its_age_so_that_silence_is_still_told() {
    let (database, store) = database().await;
    let pool = database.pool();
    for (id, days) in [("a", 300), ("b", 200), ("failing", 250), ("failing later", 240)] {
        received(pool, "acme-us", id, days).await;
    }
    run(
        pool,
        "update inbox set scope = 'store/hook/deliveryException', order_id = null where webhook_id like 'failing%'",
    )
    .await;
    let done = store.remove_deliveries("acme-us", 90 * DAY, 100, None).await.unwrap();
    assert_eq!(done.removed.rows, 2);
    let left = texts(pool, "select webhook_id from inbox order by received_at").await;
    assert_eq!(left, ["failing later", "b"]);
    let hearing = store.hearing("acme-us").await.unwrap();
    assert!(hearing.awaited && hearing.last.is_some() && hearing.last_exception.is_some(), "{hearing:?}");
    assert!(hearing.silence(24).is_some(), "{hearing:?}");
}

#[tokio::test]
async fn what_an_order_reads_as_now_and_what_anything_names_stays_whatever_its_age() {
    let (database, store) = database().await;
    let pool = database.pool();
    for (order, hash, days) in [
        (118, "unnamed", 990),
        (118, "of a document", 980),
        (118, "of the standing", 970),
        (118, "again unnamed", 960),
        (118, "now", 950),
        (119, "of a held order", 990),
        (119, "now", 950),
        (120, "once held", 990),
        (120, "now", 950),
        (121, "only one", 990),
    ] {
        read(pool, order, hash, days).await;
    }
    settled(pool, "acme-us/118/invoice/r1", "posted", 980, Some("of a document")).await;
    run(
        pool,
        "insert into sales_order (store, order_id, outcome, evidence_hash)
         values ('acme-us', 118, 'held', 'of the standing')",
    )
    .await;
    run(
        pool,
        "insert into hold (store, order_id, code, subject, message, remedy, released_at)
         values ('acme-us', 119, 'missing-rule', '', '', '', null), ('acme-us', 120, 'missing-rule', '', '', '', now())",
    )
    .await;
    let done = store.remove_evidence("acme-us", 400 * DAY, 100).await.unwrap();
    assert_eq!(done, Removed { rows: 3, more: false });
    let left = texts(pool, "select order_id || ' ' || hash from evidence order by order_id, current_since").await;
    let expected = [
        "118 of a document",
        "118 of the standing",
        "118 now",
        "119 of a held order",
        "119 now",
        "120 now",
        "121 only one",
    ];
    assert_eq!(left, expected);
    assert_eq!(store.remove_evidence("acme-us", 400 * DAY, 100).await.unwrap(), Removed { rows: 0, more: false });
    // An order that reads again as it did before reads like that since now.
    let before: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let since = store.keep_evidence("acme-us", 118, "unnamed", &json!({}), None).await.unwrap();
    assert!(since > before, "{since}");
    assert_eq!(store.remove_evidence("acme-us", 400 * DAY, 100).await.unwrap().rows, 0);
}

#[tokio::test]
async fn evidence_is_kept_from_the_day_it_was_replaced_on() {
    let (database, store) = database().await;
    let pool = database.pool();
    for (hash, days) in [("first", 900), ("second", 399), ("third", 10)] {
        read(pool, 118, hash, days).await;
    }
    assert_eq!(store.remove_evidence("acme-us", 400 * DAY, 100).await.unwrap().rows, 0);
    run(pool, "update evidence set current_since = current_since - interval '1 day'").await;
    assert_eq!(store.remove_evidence("acme-us", 398 * DAY, 100).await.unwrap().rows, 1);
    assert_eq!(texts(pool, "select hash from evidence order by current_since").await, ["second", "third"]);
}

#[tokio::test]
async fn attempts_of_what_was_posted_long_ago_go_and_all_others_stay() {
    let (database, store) = database().await;
    let pool = database.pool();
    for (order, state, days) in
        [(1, "posted", 731), (2, "posted", 729), (3, "rejected", 900), (4, "unknown", 900), (5, "planned", 900)]
    {
        settled(pool, &format!("acme-us/{order}/invoice/r1"), state, days, None).await;
    }
    settled(pool, "acme-eu/1/invoice/r1", "posted", 900, None).await;
    assert_eq!(store.remove_attempts("acme-us", 730 * DAY, 100).await.unwrap(), Removed { rows: 1, more: false });
    let left = texts(pool, "select document_key from attempt order by document_key").await;
    let of = |order: u8| format!("acme-us/{order}/invoice/r1");
    assert_eq!(left, ["acme-eu/1/invoice/r1".to_owned(), of(2), of(3), of(4), of(5)]);
    assert_eq!(count(pool, "document").await, 6);
    // One that is posted after all goes with its time.
    run(pool, "update document set state = 'posted', record_no = '1', settled_at = now() where key like 'acme-us/4/%'")
        .await;
    assert_eq!(store.remove_attempts("acme-us", 730 * DAY, 100).await.unwrap().rows, 0);
    assert_eq!(store.remove_attempts("acme-us", Duration::ZERO, 100).await.unwrap().rows, 2);
}

/// A dry run that ended so many days ago, with so many lines.
async fn dry_run(pool: &PgPool, store: &str, state: &str, days: i32, lines: i32) -> i64 {
    let id: i64 = sqlx::query_scalar(
        "insert into dry_run (store, state, selection, revision, note, created_by, ended_at)
         values ($1, $2, '{}', 1, '', 'ada', case when $2 <> 'running' then now() - interval '1 day' * $3 end)
         returning id",
    )
    .bind(store)
    .bind(state)
    .bind(days)
    .fetch_one(pool)
    .await
    .unwrap();
    for rows in [
        "insert into dry_run_order (store, run, order_id) select $1, $2, n from generate_series(1, $3) n",
        "insert into dry_run_line (store, run, order_id, document_key, kind, number, posting_date, account, debit, credit,
                                   currency, dimensions, memo, rule)
         select $1, $2, n, '', '', '', now(), '', 0, 0, 'USD', '{}', '', '' from generate_series(1, $3) n",
    ] {
        sqlx::query(rows).bind(store).bind(id).bind(lines).execute(pool).await.unwrap();
    }
    id
}

#[tokio::test]
async fn old_dry_runs_are_off_the_list_at_once_and_their_rows_go_batch_by_batch() {
    let (database, store) = database().await;
    let pool = database.pool();
    let (old, older) =
        (dry_run(pool, "acme-us", "done", 91, 25).await, dry_run(pool, "acme-us", "cancelled", 400, 3).await);
    let (young, running) =
        (dry_run(pool, "acme-us", "done", 89, 4).await, dry_run(pool, "acme-us", "running", 400, 4).await);
    let mut removed = Vec::new();
    loop {
        let done = store.remove_dry_runs("acme-us", Some(90 * DAY), 10).await.unwrap();
        assert!(store.dry_run("acme-us", old).await.unwrap().is_none());
        assert!(store.dry_run("acme-us", older).await.unwrap().is_none());
        if !done.more {
            break;
        }
        removed.push(done.rows);
    }
    // 25 lines, 25 orders and the run; then 3, 3 and 1.
    assert_eq!(removed, [10, 10, 10, 10, 10, 1, 7]);
    assert_eq!(count(pool, "dry_run").await, 2);
    assert_eq!((count(pool, "dry_run_line").await, count(pool, "dry_run_order").await), (8, 8));
    for run in [young, running] {
        assert!(store.dry_run("acme-us", run).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn what_is_kept_for_ever_is_kept_for_ever() {
    let (database, store) = database().await;
    let pool = database.pool();
    received(pool, "acme-us", "a", 9_000).await;
    received(pool, "acme-us", "b", 1).await;
    read(pool, 118, "once", 9_000).await;
    read(pool, 118, "now", 8_000).await;
    settled(pool, "acme-us/118/invoice/r1", "posted", 9_000, None).await;
    dry_run(pool, "acme-us", "done", 9_000, 1).await;
    let options = RetentionOptions { deliveries: None, evidence: None, attempts: None, dry_runs: None, batch: 100 };
    let forever = retention(&store, options);
    assert!(forever.is_due().await.unwrap());
    task(&store).attend(&forever).await.unwrap();
    assert!(!forever.is_due().await.unwrap(), "the round is over");
    for table in ["attempt", "dry_run", "dry_run_line"] {
        assert_eq!(count(pool, table).await, 1, "{table}");
    }
    assert_eq!((count(pool, "inbox").await, count(pool, "evidence").await), (2, 2));
    // The same with the usual times.
    run(pool, "update retention set next_at = now()").await;
    task(&store).attend(&retention(&store, usual(100))).await.unwrap();
    for table in ["attempt", "dry_run", "dry_run_line"] {
        assert_eq!(count(pool, table).await, 0, "{table}");
    }
    assert_eq!((count(pool, "inbox").await, count(pool, "evidence").await), (1, 1));
}
