//! Workers that claim and complete orders with the service's own statements, and do nothing in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cartledger::clock::random_id;
use cartledger::store::Store;
use cartledger::worker::low_water::LowWater;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tokio::time::Instant;

use super::common::cpu;
use super::common::postgres::Server;
use super::common::service::STORE;

const WORKERS: usize = 4;
const LEASE: Duration = Duration::from_secs(60);
/// Orders that are fed in one statement.
const FEED: u64 = 2_000;

/// A database with orders that are due.
pub struct Work {
    pub pool: PgPool,
    pub store: Store,
    name: String,
    postgres: u32,
    fed: AtomicU64,
}

/// What workers got done.
pub struct Drained {
    jobs: u64,
    took: Duration,
    spent: Duration,
    /// When each so many jobs were done.
    marks: Vec<(u64, Duration)>,
}

impl Drained {
    pub fn per_second(&self) -> f64 {
        self.jobs as f64 / self.took.as_secs_f64()
    }

    /// Microseconds of Postgres' processor time for each.
    pub fn postgres_us(&self) -> f64 {
        self.spent.as_secs_f64() * 1e6 / self.jobs as f64
    }

    /// Jobs a second in equal parts of the jobs.
    pub fn windows(&self, count: usize) -> Vec<f64> {
        let mut windows = Vec::new();
        let mut from = (0, Duration::ZERO);
        for part in 1..=count as u64 {
            let until = self.jobs * part / count as u64;
            let Some(mark) = self.marks.iter().find(|(jobs, _)| *jobs >= until) else { break };
            windows.push((mark.0 - from.0) as f64 / (mark.1 - from.1).as_secs_f64());
            from = *mark;
        }
        windows
    }
}

impl Work {
    pub async fn new(server: &Server, kind: &str) -> anyhow::Result<Self> {
        let name = format!("{kind}_{}", random_id().simple());
        let pool = server.database(&name, WORKERS as u32 + 4).await?;
        let store = Store::from_pool(pool.clone());
        Ok(Self { pool, store, name, postgres: server.pid()?, fed: AtomicU64::new(0) })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub async fn end(self, server: &Server) -> anyhow::Result<()> {
        self.store.close().await;
        server.drop_database(&self.name).await
    }

    /// Makes orders due, the first ones the longest, and lets Postgres know its tables as it does after a while.
    pub async fn fill(&self, orders: u64) -> anyhow::Result<()> {
        let mut connection = self.pool.acquire().await?;
        self.feed(&mut connection, orders).await?;
        sqlx::query("vacuum analyze lane").execute(&mut *connection).await?;
        sqlx::query("checkpoint").execute(&mut *connection).await?;
        Ok(())
    }

    async fn feed(&self, connection: &mut PgConnection, orders: u64) -> anyhow::Result<()> {
        let from = self.fed.fetch_add(orders, Ordering::Relaxed);
        sqlx::query(
            "insert into lane (store, order_id, run_at)
             select $1, $2 + n, clock_timestamp() - interval '1 millisecond' from generate_series(1, $3) n",
        )
        .bind(STORE)
        .bind(i64::try_from(from)?)
        .bind(i64::try_from(orders)?)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// A transaction that has looked at something and stays open.
    pub async fn idle_transaction(&self) -> anyhow::Result<Transaction<'static, Postgres>> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("set transaction isolation level repeatable read").execute(&mut *transaction).await?;
        sqlx::query("select count(*) from lane where order_id = 1").execute(&mut *transaction).await?;
        Ok(transaction)
    }

    /// Works off what is there.
    pub async fn drain(&self, batch: u32) -> anyhow::Result<Drained> {
        let jobs = self.fed.load(Ordering::Relaxed);
        self.work(batch, jobs, None, false).await
    }

    /// Works for a while, and as many orders become due as are done.
    pub async fn hold_for(&self, time: Duration) -> anyhow::Result<Drained> {
        self.work(100, u64::MAX, Some(time), true).await
    }

    /// The same until so many are done.
    pub async fn hold_until(&self, jobs: u64) -> anyhow::Result<Drained> {
        self.work(100, jobs, None, true).await
    }

    async fn work(&self, batch: u32, jobs: u64, time: Option<Duration>, hold: bool) -> anyhow::Result<Drained> {
        let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (spent, started) = (cpu::spent(self.postgres), Instant::now());
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| tokio::spawn(claim_and_complete(self.store.clone(), batch, done.clone(), stop.clone())))
            .collect();
        let (mut marks, mut fed) = (Vec::new(), 0);
        let mut connection = self.pool.acquire().await?;
        loop {
            let reached = done.load(Ordering::Relaxed);
            marks.push((reached, started.elapsed()));
            if reached >= jobs || time.is_some_and(|time| started.elapsed() >= time) {
                break;
            }
            if hold && reached >= fed + FEED {
                self.feed(&mut connection, FEED).await?;
                fed += FEED;
            } else {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        let (jobs, took) = (done.load(Ordering::Relaxed), started.elapsed());
        let spent = cpu::spent(self.postgres).saturating_sub(spent);
        stop.store(true, Ordering::Relaxed);
        for worker in workers {
            worker.await??;
        }
        Ok(Drained { jobs, took, spent, marks })
    }
}

/// Claims as the worker does, and completes at once.
pub async fn claim_and_complete(
    store: Store,
    batch: u32,
    done: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let mut marks = LowWater::new(Instant::now());
    while !stop.load(Ordering::Relaxed) {
        marks.begin_claim(Instant::now());
        let claimed = store.claim(batch, LEASE, random_id(), &[marks.claim_from(STORE, 0)]).await?;
        marks.found(&claimed, batch, Instant::now());
        if claimed.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        let ours = store.complete(&claimed).await?;
        anyhow::ensure!(ours.iter().all(|ours| *ours), "a lane was lost to another worker");
        done.fetch_add(claimed.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}
