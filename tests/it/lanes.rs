//! The queue: an order is one row however many events it has, is worked on once at a time, and no mark is lost.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cartledger::clock::{Clock, random_id};
use cartledger::store::Store;
use cartledger::store::inbox::NewDelivery;
use cartledger::store::lane::{ClaimFrom, Claimed, PutOff};

use crate::support::database::TestDatabase;

const LEASE: Duration = Duration::from_secs(60);
const AT_ONCE: Duration = Duration::ZERO;

fn delivery(webhook_id: &str, order_id: u64) -> NewDelivery {
    NewDelivery {
        store: "acme-us".into(),
        webhook_id: webhook_id.into(),
        scope: "store/order/updated".into(),
        order_id: Some(order_id),
        event_at: Clock::system().now(),
        body: "{}".into(),
    }
}

async fn store() -> (TestDatabase, Store) {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    (database, store)
}

fn every_store() -> Vec<ClaimFrom> {
    ["acme-us", "acme-eu"].map(ClaimFrom::all).into()
}

async fn claim(store: &Store, limit: u32) -> Vec<Claimed> {
    store.claim(limit, LEASE, random_id(), &every_store()).await.unwrap()
}

#[tokio::test]
async fn a_hundred_repeats_of_a_delivery_are_one_delivery_and_one_order_due() {
    let (_database, store) = store().await;
    for _ in 0..10 {
        let batch: Vec<_> = (0..10).map(|_| delivery("same", 118)).collect();
        store.record_deliveries(&batch, AT_ONCE).await.unwrap();
    }
    assert_eq!(store.deliveries("acme-us").await.unwrap(), 1);
    assert_eq!(claim(&store, 10).await.len(), 1);
}

/// One store has a statement of its own, with nothing to take turns about.
#[tokio::test]
async fn one_store_is_claimed_like_several_the_longest_due_first_and_nothing_twice() {
    let one = || vec![ClaimFrom::all("acme-us")];
    for stores in [one(), every_store()] {
        let (database, store) = store().await;
        store.record_deliveries(&[121, 119, 118, 120].map(|n| delivery(&n.to_string(), n)), AT_ONCE).await.unwrap();
        sqlx::query("update lane set run_at = now() - interval '1 hour' * order_id")
            .execute(database.pool())
            .await
            .unwrap();
        sqlx::query(
            "insert into lane (store, order_id, run_at) values ('acme-us', 7, 'infinity'), ('acme-uk', 8, now())",
        )
        .execute(database.pool())
        .await
        .unwrap();
        let claim = async |stores: &[ClaimFrom]| -> BTreeSet<u64> {
            let claimed = store.claim(2, LEASE, random_id(), stores).await.unwrap();
            claimed.iter().map(|lane| lane.order_id).collect()
        };
        assert_eq!(claim(&stores).await, BTreeSet::from([120, 121]));
        let late = Clock::system().now() - jiff::SignedDuration::from_hours(119);
        let since = |from: ClaimFrom| ClaimFrom { not_before: Some(late), ..from };
        assert_eq!(claim(&stores.iter().cloned().map(since).collect::<Vec<_>>()).await, BTreeSet::from([118]));
        assert_eq!(claim(&stores).await, BTreeSet::from([119]));
        assert_eq!(claim(&stores).await, BTreeSet::new());
    }
}

#[tokio::test]
async fn many_events_of_many_orders_become_one_lane_per_order() {
    let (_database, store) = store().await;
    let batch: Vec<_> = (0..60u64).map(|n| delivery(&format!("w{n}"), 100 + n % 3)).collect();
    let recorded = store.record_deliveries(&batch, AT_ONCE).await.unwrap();
    assert_eq!((recorded.new, recorded.marked), (60, 3));
    assert_eq!(store.backlog().await.unwrap().due, 3);
}

#[tokio::test]
async fn a_delivery_that_concerns_no_order_is_kept_and_marks_nothing() {
    let (_database, store) = store().await;
    let other = NewDelivery { order_id: None, ..delivery("w1", 0) };
    let recorded = store.record_deliveries(&[other], AT_ONCE).await.unwrap();
    assert_eq!((recorded.new, recorded.marked), (1, 0));
}

#[tokio::test]
async fn a_burst_rests_for_the_debounce_before_it_is_due() {
    let (_database, store) = store().await;
    store.record_deliveries(&[delivery("w1", 118)], Duration::from_secs(30)).await.unwrap();
    assert!(claim(&store, 10).await.is_empty());
    assert_eq!(store.backlog().await.unwrap().lanes, 1);
}

#[tokio::test]
async fn eight_workers_never_claim_the_same_order() {
    let (_database, store) = store().await;
    let batch: Vec<_> = (1..=100u64).map(|n| delivery(&format!("w{n}"), n)).collect();
    store.record_deliveries(&batch, AT_ONCE).await.unwrap();
    let workers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = claim(&store, 7).await;
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|lane| lane.order_id));
            }
        })
    });
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    // A worker may find nothing because others hold row locks at that moment; whoever remains takes the rest.
    while let claimed @ [_, ..] = claim(&store, 100).await.as_slice() {
        all.extend(claimed.iter().map(|lane| lane.order_id));
    }
    assert_eq!(all.len(), 100);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 100);
}

#[tokio::test]
async fn a_mark_that_arrives_while_the_order_runs_makes_it_run_again() {
    let (_database, store) = store().await;
    store.record_deliveries(&[delivery("w1", 118)], AT_ONCE).await.unwrap();
    let first = claim(&store, 1).await.remove(0);
    store.record_deliveries(&[delivery("w2", 118)], AT_ONCE).await.unwrap();
    assert!(claim(&store, 1).await.is_empty(), "never two runs of one order at a time");
    assert_eq!(store.complete(&[first]).await.unwrap(), [true]);
    let second = claim(&store, 1).await.remove(0);
    assert_eq!(store.complete(&[second]).await.unwrap(), [true]);
    assert_eq!(store.backlog().await.unwrap().lanes, 0);
}

/// Completes a lane while another session has changed its row and commits only once completing waits for it.
async fn complete_while(database: &TestDatabase, store: &Store, lane: Claimed, change: &'static str) {
    let mut changing = database.pool().begin().await.unwrap();
    assert_eq!(sqlx::query(change).execute(&mut *changing).await.unwrap().rows_affected(), 1);
    let completing = tokio::spawn({
        let store = store.clone();
        async move { store.complete(&[lane]).await.unwrap() }
    });
    let waits =
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(database.pool()).await.unwrap() {
        tokio::task::yield_now().await;
    }
    changing.commit().await.unwrap();
    assert_eq!(completing.await.unwrap(), [true]);
}

#[tokio::test]
async fn a_mark_that_commits_while_a_run_is_being_completed_is_not_lost() {
    let (database, store) = store().await;
    store.record_deliveries(&[delivery("w1", 118)], AT_ONCE).await.unwrap();
    let lane = claim(&store, 1).await.remove(0);
    complete_while(&database, &store, lane, "update lane set version = version + 1 where order_id = 118").await;
    assert_eq!(claim(&store, 1).await.len(), 1, "the order is due again at once");
}

#[tokio::test]
async fn a_run_that_is_completed_while_its_lease_is_being_extended_is_finished() {
    let (database, store) = store().await;
    store.record_deliveries(&[delivery("w1", 118)], AT_ONCE).await.unwrap();
    let lane = claim(&store, 1).await.remove(0);
    let extend = "update lane set leased_until = now() + interval '1 hour' where order_id = 118";
    complete_while(&database, &store, lane, extend).await;
    assert_eq!(store.backlog().await.unwrap().lanes, 0);
}

#[tokio::test]
async fn runs_that_end_together_are_finished_together_and_each_for_itself() {
    let (_database, store) = store().await;
    let deliveries = [delivery("w1", 118), delivery("w2", 119), delivery("w3", 120)];
    store.record_deliveries(&deliveries, AT_ONCE).await.unwrap();
    let untouched = claim(&store, 1).await.remove(0);
    let mut lost = store.claim(1, Duration::ZERO, random_id(), &every_store()).await.unwrap().remove(0);
    let marked = claim(&store, 2).await.into_iter().find(|lane| lane.order_id != lost.order_id).unwrap();
    lost.token = random_id();
    store.record_deliveries(&[delivery("w4", marked.order_id)], AT_ONCE).await.unwrap();
    let (gone, again) = (untouched.order_id, marked.order_id);
    assert_eq!(store.complete(&[marked, lost, untouched]).await.unwrap(), [true, false, true]);
    let due: Vec<u64> = claim(&store, 10).await.into_iter().map(|lane| lane.order_id).collect();
    assert!(due.contains(&again) && !due.contains(&gone), "{due:?}");
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_changes_nothing() {
    let (_database, store) = store().await;
    store.record_deliveries(&[delivery("w1", 118)], AT_ONCE).await.unwrap();
    let stale = store.claim(1, Duration::ZERO, random_id(), &every_store()).await.unwrap().remove(0);
    let successor = claim(&store, 1).await.remove(0);
    assert_eq!(store.complete(std::slice::from_ref(&stale)).await.unwrap(), [false]);
    assert!(!store.put_off(&stale, AT_ONCE, PutOff::Failure, "late").await.unwrap());
    assert!(store.extend_leases(&[stale.token], LEASE).await.unwrap().is_empty());
    assert_eq!(store.complete(&[successor]).await.unwrap(), [true]);
}

#[tokio::test]
async fn a_failed_order_comes_back_after_its_delay_and_counts_its_failures() {
    let (_database, store) = store().await;
    store.record_deliveries(&[delivery("w1", 118)], AT_ONCE).await.unwrap();
    let lane = claim(&store, 1).await.remove(0);
    store.put_off(&lane, AT_ONCE, PutOff::Failure, "no answer").await.unwrap();
    let again = claim(&store, 1).await.remove(0);
    assert_eq!((again.failures, again.waits), (1, 0));
    store.put_off(&again, Duration::from_secs(600), PutOff::Wait, "").await.unwrap();
    assert!(claim(&store, 1).await.is_empty());
}

#[tokio::test]
async fn a_heartbeat_keeps_an_order_from_being_taken_over() {
    let (_database, store) = store().await;
    store.record_deliveries(&[delivery("w1", 118)], AT_ONCE).await.unwrap();
    let lane = store.claim(1, Duration::from_secs(5), random_id(), &every_store()).await.unwrap().remove(0);
    assert_eq!(store.extend_leases(&[lane.token], LEASE).await.unwrap(), [lane.token]);
    assert!(claim(&store, 1).await.is_empty());
}

#[tokio::test]
async fn a_paused_store_does_not_hold_up_another() {
    let (_database, store) = store().await;
    let other = NewDelivery { store: "acme-eu".into(), ..delivery("w2", 7) };
    store.record_deliveries(&[delivery("w1", 118), other], AT_ONCE).await.unwrap();
    let claimed = store.claim(10, LEASE, random_id(), &[ClaimFrom::all("acme-eu")]).await.unwrap();
    assert_eq!(claimed.iter().map(|lane| lane.store.as_str()).collect::<Vec<_>>(), ["acme-eu"]);
}

#[tokio::test]
async fn a_store_with_a_backlog_does_not_starve_another() {
    let (_database, store) = store().await;
    let backlog: Vec<_> = (1..=500u64).map(|order| delivery(&format!("w{order}"), order)).collect();
    store.record_deliveries(&backlog, AT_ONCE).await.unwrap();
    let late = |order| NewDelivery { store: "acme-eu".into(), ..delivery(&format!("late{order}"), order) };
    store.record_deliveries(&[late(7), late(8)], AT_ONCE).await.unwrap();
    let from = |us: u32, eu: u32| {
        let mut stores = every_store();
        (stores[0].under_way, stores[1].under_way) = (us, eu);
        stores
    };
    let mut seen = Vec::new();
    for (us, eu) in [(7, 0), (7, 1), (1, 1)] {
        let claimed = store.claim(1, LEASE, random_id(), &from(us, eu)).await.unwrap();
        seen.extend(claimed.into_iter().map(|lane| (lane.store, lane.order_id)));
    }
    let eu = |order| ("acme-eu".to_owned(), order);
    assert_eq!(seen[..2], [eu(7), eu(8)]);
    assert_eq!(seen[2].0, "acme-us");
    assert_eq!(claim(&store, 1000).await.len(), 499, "nothing is left behind");
}

#[tokio::test]
async fn a_mark_of_one_store_is_none_of_another() {
    let (_database, store) = store().await;
    let other = NewDelivery { store: "acme-eu".into(), ..delivery("w2", 7) };
    store.record_deliveries(&[delivery("w1", 118), other], AT_ONCE).await.unwrap();
    let mut stores = every_store();
    stores[1].not_before = Some("2099-01-01T00:00:00Z".parse().unwrap());
    let claimed = store.claim(10, LEASE, random_id(), &stores).await.unwrap();
    assert_eq!(claimed.iter().map(|lane| lane.store.as_str()).collect::<Vec<_>>(), ["acme-us"]);
}

/// What is planned while few orders wait is kept while many do.
#[tokio::test]
async fn however_few_orders_wait_they_are_looked_up_by_their_indexes() {
    let database = TestDatabase::new().await;
    let stores = every_store();
    sqlx::query("vacuum analyze lane").execute(database.pool()).await.unwrap();
    let scans = async || {
        let of_lane = "select seq_scan, coalesce(idx_scan, 0) from pg_stat_user_tables where relname = 'lane'";
        sqlx::query_as::<_, (i64, i64)>(of_lane).fetch_one(database.pool()).await.unwrap()
    };
    let before = scans().await;
    let store = Store::connect(database.options(), 1).await.unwrap();
    // More often than Postgres plans for the values at hand.
    for order in 1..=10 {
        for of in 1..=2 {
            let due = delivery(&format!("{order}-{of}"), order);
            store.record_deliveries(&[due], AT_ONCE).await.unwrap();
            let claimed = store.claim(10, LEASE, random_id(), &stores[..of]).await.unwrap();
            assert_eq!(claimed.len(), 1);
            assert!(store.put_off(&claimed[0], Duration::ZERO, PutOff::Release, "").await.unwrap());
            let claimed = store.claim(10, LEASE, random_id(), &stores[..of]).await.unwrap();
            assert_eq!(store.complete(&claimed).await.unwrap(), [true]);
        }
    }
    // A session tells what it did when it ends, both figures at once.
    store.close().await;
    let begun = Instant::now();
    while scans().await.1 == before.1 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the session does not tell");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(scans().await.0, before.0, "the whole table was read");
}
