//! Whether months of churn slow a claim or an ingest: jobs per second on a new database, through it all, and at the end.
//!
//! `cargo bench --bench churn -- [--lanes N] [--sample N] [--keep-seconds S]`. See benches/README.md.

#[path = "common/mod.rs"]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cartledger::clock::{Clock, random_id};
use cartledger::store::Store;
use cartledger::store::inbox::NewDelivery;
use cartledger::worker::low_water::LowWater;
use futures_util::future::try_join_all;
use sqlx::{PgPool, Row};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::common::figures::option;
use self::common::postgres::Server;

const STORE: &str = "bench";
/// Connections, as the settings have them by default.
const CONNECTIONS: u32 = 16;
/// Who ingests and who claims, at the same time each.
const AT_ONCE: u64 = 8;
/// Deliveries of one commit, and lanes of one claim.
const BATCH: u64 = 64;
/// Rows the retention removes at once.
const REMOVED: u32 = 2_000;
/// Windows of the churn.
const WINDOWS: u64 = 12;

#[derive(Clone, Copy)]
struct Settings {
    /// Lanes and deliveries of the churn.
    lanes: u64,
    /// Those of the measures before and after it.
    sample: u64,
    /// How long deliveries are kept while the retention runs.
    keep: Duration,
}

/// What a window has measured, in deliveries and in lanes of a second.
#[derive(Clone, Copy)]
struct Window {
    ingested: f64,
    done: f64,
}

fn main() -> anyhow::Result<()> {
    let settings = settings();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(settings))
}

fn settings() -> Settings {
    Settings {
        lanes: option("--lanes").unwrap_or(300_000),
        sample: option("--sample").unwrap_or(20_000),
        keep: Duration::from_secs(option("--keep-seconds").unwrap_or(10)),
    }
}

async fn measure(settings: Settings) -> anyhow::Result<()> {
    let server = Server::start().await?;
    let pool = server.database("churn", CONNECTIONS).await?;
    let bench = Bench { store: Store::from_pool(pool.clone()), pool, next: Arc::default() };
    bench.window(settings.sample / 4).await?; // Connections and caches are there.

    println!("window            deliveries/s  lanes/s  removed so far");
    let before = bench.window(settings.sample).await?;
    tell("new database", before, None);
    let stop = CancellationToken::new();
    let removed = Arc::new(AtomicU64::new(0));
    let removing = tokio::spawn(retention(bench.store.clone(), settings.keep, removed.clone(), stop.clone()));
    for number in 1..=WINDOWS {
        let window = bench.window(settings.lanes / WINDOWS).await?;
        tell(&format!("churn {number}/{WINDOWS}"), window, Some(removed.load(Ordering::Relaxed)));
    }
    // The retention goes on until there is nothing old left, as it would between two rounds.
    tokio::time::sleep(settings.keep + Duration::from_secs(1)).await;
    stop.cancel();
    removing.await??;
    let empty = Instant::now();
    let last = bench.store.remove_deliveries(STORE, settings.keep, REMOVED, None).await?;
    let empty = empty.elapsed();
    bench.sizes("after the churn").await?;
    let after = bench.window(settings.sample).await?;
    tell("after it", after, Some(removed.load(Ordering::Relaxed)));
    println!(
        "after / before: ingest {:.2}, claim and complete {:.2}; a batch of the retention that finds {} rows takes {:.1} ms",
        after.ingested / before.ingested,
        after.done / before.done,
        last.removed.rows,
        empty.as_secs_f64() * 1_000.0
    );
    bench.store.close().await;
    server.stop().await
}

fn tell(what: &str, window: Window, removed: Option<u64>) {
    let removed = removed.map_or_else(|| "-".to_owned(), |rows| rows.to_string());
    println!("{what:<16}  {:>12.0}  {:>7.0}  {removed:>14}", window.ingested, window.done);
}

/// Removes what is old until it is told to stop, with the pauses that the program makes.
async fn retention(
    store: Store,
    keep: Duration,
    removed: Arc<AtomicU64>,
    stop: CancellationToken,
) -> Result<(), cartledger::store::StoreError> {
    let mut from = None;
    while !stop.is_cancelled() {
        let begun = Instant::now();
        let done = store.remove_deliveries(STORE, keep, REMOVED, from).await?;
        removed.fetch_add(done.removed.rows, Ordering::Relaxed);
        // A round that found little is over: the next begins at the beginning.
        from = if done.removed.more { done.through } else { None };
        tokio::time::sleep(begun.elapsed().max(Duration::from_millis(50))).await;
    }
    Ok(())
}

struct Bench {
    store: Store,
    pool: PgPool,
    /// The number of the last order.
    next: Arc<AtomicU64>,
}

impl Bench {
    /// Ingests so many deliveries of as many orders, then claims and completes all of them.
    async fn window(&self, lanes: u64) -> anyhow::Result<Window> {
        let share = lanes / AT_ONCE;
        let begun = Instant::now();
        try_join_all((0..AT_ONCE).map(|_| tokio::spawn(ingest(self.store.clone(), self.next.clone(), share))))
            .await?
            .into_iter()
            .collect::<Result<Vec<()>, _>>()?;
        let ingested = begun.elapsed();
        let begun = Instant::now();
        let ended = try_join_all((0..AT_ONCE).map(|_| tokio::spawn(work_off(self.store.clone()))))
            .await?
            .into_iter()
            .collect::<Result<Vec<(u64, Instant)>, _>>()?;
        let done: u64 = ended.iter().map(|(done, _)| done).sum();
        // Until the last one was finished; that there are no more is known only after the next look at everything.
        let worked = ended.iter().map(|(_, at)| at.duration_since(begun)).max().unwrap_or_default();
        anyhow::ensure!(done == share * AT_ONCE, "{done} lanes were worked off, {} were marked", share * AT_ONCE);
        Ok(Window { ingested: done as f64 / ingested.as_secs_f64(), done: done as f64 / worked.as_secs_f64() })
    }

    /// Tells how large the tables of ingest and claim are with their indexes.
    async fn sizes(&self, when: &str) -> anyhow::Result<()> {
        println!("{when}: rows, MiB");
        for table in ["inbox", "lane"] {
            let rows: i64 = match table {
                "inbox" => sqlx::query_scalar("select count(*) from inbox").fetch_one(&self.pool).await?,
                _ => sqlx::query_scalar("select count(*) from lane").fetch_one(&self.pool).await?,
            };
            let sizes = sqlx::query(
                "select c.relname, pg_relation_size(c.oid) from pg_class c
                  where c.oid = $1::regclass
                     or c.oid in (select indexrelid from pg_index where indrelid = $1::regclass)
                  order by c.relkind desc, c.relname",
            )
            .bind(table)
            .fetch_all(&self.pool)
            .await?;
            for size in sizes {
                let (name, bytes): (String, i64) = (size.get(0), size.get(1));
                let rows = if name == table { rows.to_string() } else { String::new() };
                println!("  {name:<26} {rows:>9}  {:>8.1}", bytes as f64 / 1_048_576.0);
            }
        }
        Ok(())
    }
}

/// Keeps so many deliveries, each of an order of its own.
async fn ingest(store: Store, next: Arc<AtomicU64>, deliveries: u64) -> Result<(), cartledger::store::StoreError> {
    let mut left = deliveries;
    while left > 0 {
        let size = left.min(BATCH);
        let first = next.fetch_add(size, Ordering::Relaxed);
        let batch: Vec<NewDelivery> = (first + 1..=first + size).map(delivery).collect();
        store.record_deliveries(&batch, Duration::ZERO).await?;
        left -= size;
    }
    Ok(())
}

fn delivery(order: u64) -> NewDelivery {
    NewDelivery {
        store: STORE.into(),
        // As long and as random as the real ones are.
        webhook_id: format!("{}{:x}", random_id().simple(), order),
        scope: "store/order/statusUpdated".into(),
        order_id: Some(order),
        event_at: Clock::system().now(),
        body: format!(
            "{{\"scope\":\"store/order/statusUpdated\",\"store_id\":\"1025646\",\"data\":{{\"type\":\"order\",\"id\":{order},\
             \"status\":{{\"previous_status_id\":0,\"new_status_id\":11}}}},\"created_at\":1561479335,\
             \"producer\":\"stores/abcde12345\"}}"
        ),
    }
}

/// Claims and completes lanes until there are none, as a worker does that has nothing else to do; answers how many, and when
/// the last one was finished.
async fn work_off(store: Store) -> Result<(u64, Instant), cartledger::store::StoreError> {
    let (mut done, mut marks, mut last) = (0, LowWater::new(Instant::now()), Instant::now());
    loop {
        marks.begin_claim(Instant::now());
        let stores = [marks.claim_from(STORE, 0)];
        let claimed = store.claim(BATCH as u32, Duration::from_secs(90), random_id(), &stores).await?;
        marks.found(&claimed, BATCH as u32, Instant::now());
        if claimed.is_empty() {
            if marks.look_again_at().is_none() {
                // Others may hold the last ones; then they finish them.
                return Ok((done, last));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        done += store.complete(&claimed).await?.into_iter().map(u64::from).sum::<u64>();
        last = Instant::now();
    }
}
