//! Connections to Postgres that are silently gone: nobody waits for them for long, and nothing they had locked stays locked.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use cartledger::clock::random_id;
use cartledger::store::Store;
use sqlx::postgres::PgConnectOptions;
use tokio::time::Instant;

use crate::support::cable::{Cable, End};
use crate::support::database::TestDatabase;

const COMPANY: &str = "acme";
const LEASE: Duration = Duration::from_secs(60);
/// Statements that wait for a lock.
const WAITING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

/// A database, and a store that reaches it by a cable with so many connections.
async fn by_cable(connections: u32) -> (TestDatabase, Cable, Store) {
    let database = TestDatabase::new().await;
    let cable = Cable::lay(IpAddr::V4(Ipv4Addr::LOCALHOST), End::of_database(&database)).await;
    let options: PgConnectOptions = database.url_at(cable.address().ip(), cable.address().port()).parse().unwrap();
    let store = Store::connect(options, connections).await.unwrap();
    (database, cable, store)
}

#[tokio::test]
async fn a_statement_without_an_answer_ends_at_its_deadline_and_keeps_no_connection_of_the_pool() {
    let (database, _cable, store) = by_cable(1).await;
    let mut locked = database.pool().begin().await.unwrap();
    sqlx::query("lock table lane in access exclusive mode").execute(&mut *locked).await.unwrap();
    let begun = Instant::now();
    let error = store.with_deadline(Duration::from_millis(300)).backlog().await.unwrap_err();
    assert!(error.to_string().contains("no answer within"), "{error}");
    // The only connection still waits for the lock in the server, and is not the pool's any more.
    store.ping().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    // Nor does it go on waiting in the server: those would add up there.
    while sqlx::query_scalar::<_, i64>(WAITING).fetch_one(database.pool()).await.unwrap() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "a statement that nobody waits for goes on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_database_that_is_silently_gone_is_an_error_within_seconds_and_is_used_again_when_it_is_back() {
    let (_database, cable, store) = by_cable(4).await;
    let all = || futures_util::future::join_all((0..4).map(|_| store.ping()));
    all().await.into_iter().for_each(Result::unwrap);
    cable.cut();
    let begun = Instant::now();
    assert!(all().await.iter().all(Result::is_err));
    assert!(begun.elapsed() < Duration::from_secs(14), "{:?}", begun.elapsed());
    cable.mend();
    let begun = Instant::now();
    all().await.into_iter().for_each(Result::unwrap);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_only_connection_serves_all_who_ask_at_once_and_is_gone_when_the_store_is_closed() {
    let database = TestDatabase::new().await;
    let name = "the only one";
    let store = Store::connect(database.options().application_name(name), 1).await.unwrap();
    let sessions = async || {
        let count = "select count(*) from pg_stat_activity where application_name = $1";
        sqlx::query_scalar::<_, i64>(count).bind(name).fetch_one(database.pool()).await.unwrap()
    };
    let begun = Instant::now();
    for _ in 0..3 {
        // A transaction, statements with and without the question whether the connection lives, and one that is refused.
        let all = (0..30).map(|_| async {
            store.take_slots(COMPANY, 2, 1, LEASE, random_id()).await.unwrap();
            store.ping().await.unwrap();
            assert!(store.claim(1, LEASE, random_id(), &[]).await.unwrap().is_empty());
            assert!(store.deliveries("\0").await.unwrap_err().is_bad_value());
        });
        futures_util::future::join_all(all).await;
        assert_eq!(sessions().await, 1, "one connection is used again and again");
    }
    // What is kept for the next statement is there for a migration as well.
    store.migrate().await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "nobody waits for a connection that is there: {:?}",
        begun.elapsed()
    );
    store.ping().await.unwrap();
    store.close().await;
    while sessions().await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "a connection stays open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(store.ping().await.is_err());
}

#[tokio::test]
async fn a_connection_that_the_server_has_ended_is_not_handed_on() {
    let (database, _cable, store) = by_cable(1).await;
    let mut locked = database.pool().begin().await.unwrap();
    sqlx::query("lock table lane in access exclusive mode").execute(&mut *locked).await.unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.backlog().await }
    });
    while sqlx::query_scalar::<_, i64>(WAITING).fetch_one(database.pool()).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'";
    sqlx::query(end).execute(database.pool()).await.unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("terminating connection"), "{error}");
    locked.rollback().await.unwrap();
    // It answered a moment ago, so a claim would not ask whether it lives.
    assert!(store.claim(1, LEASE, random_id(), &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn locks_of_a_replica_that_was_cut_off_in_a_transaction_are_free_long_before_its_leases_end() {
    let (database, cable, cut_off) = by_cable(2).await;
    let mut locked = database.pool().begin().await.unwrap();
    sqlx::query("lock table company_slot in access exclusive mode").execute(&mut *locked).await.unwrap();
    let taking = tokio::spawn(async move { cut_off.take_slots(COMPANY, 2, 1, LEASE, random_id()).await });
    // It has the company's row by now and waits for the permits.
    while sqlx::query_scalar::<_, i64>(WAITING).fetch_one(database.pool()).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    cable.cut();
    locked.rollback().await.unwrap();
    let begun = Instant::now();
    let other = Store::from_pool(database.pool().clone());
    let permits = other.take_slots(COMPANY, 2, 2, LEASE, random_id()).await.unwrap();
    assert_eq!(permits.slots, [1, 2], "what the other had begun to take is not taken");
    assert!(begun.elapsed() < Duration::from_secs(14), "{:?}", begun.elapsed());
    cable.mend();
    let late = tokio::time::timeout(Duration::from_secs(20), taking).await.expect("it hears of its end").unwrap();
    assert!(late.is_err(), "{late:?}");
}
