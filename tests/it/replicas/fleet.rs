//! A world with processes of their own for each role: one that receives webhooks, one that serves the API, some workers.

use std::time::Duration;

use cartledger::clock::Clock;
use cartledger::sandbox::bigcommerce::ReleaseOrder;
use cartledger::sandbox::intacct::{CompanySettings, Fault, FaultKind};

use crate::chaos;
use crate::support::database::TestDatabase;
use crate::support::world::{Process, Role, World};

/// Requests at a time that the company allows, and refuses beyond.
pub const CONCURRENCY: usize = 2;
/// Orders that a worker has under way at most.
pub const WORKER_CONCURRENCY: usize = 5;
/// How long a claim lasts.
pub const LEASE: Duration = Duration::from_secs(13);
/// The longest wait for an answer of the company.
const TIMEOUT_SECONDS: u64 = 2;
/// How long the company takes for a request.
const LATENCY_MS: u64 = 150;
/// On this day everything happens in the shop.
const DAY: &str = "2024-03-12T17:00:00Z";
/// Changes of what is posted are corrected; nothing is held.
const ACCOUNTING: &str = "changed_orders = \"correct\"\n";

/// How a worker is started.
#[derive(Default)]
pub struct Site {
    /// How it reaches the database; `None` for directly.
    pub database: Option<String>,
    /// Where it reaches company and shop; `None` for directly.
    pub company: Option<String>,
    pub shop: Option<String>,
    /// Where it listens; `None` for any free port.
    pub listen: Option<String>,
    /// A command that runs it on another host.
    pub through: Vec<String>,
}

pub struct Worker {
    pub name: String,
    pub process: Process,
}

/// Everything.
pub struct Fleet {
    pub world: World,
    pub workers: Vec<Worker>,
    _ingest: Process,
    _api: Process,
}

impl Fleet {
    /// Starts all roles, with so many workers.
    pub async fn start(workers: usize) -> Self {
        let mut fleet = Self::start_without_workers().await;
        for _ in 0..workers {
            fleet.add_worker(Site::default()).await;
        }
        fleet
    }

    /// Starts everything but workers. The program has run once, so that there are rules and a mirror.
    pub async fn start_without_workers() -> Self {
        let clock = Clock::fixed(DAY.parse().unwrap());
        let company = CompanySettings { concurrency: Some(CONCURRENCY), ..CompanySettings::default() };
        let mut world = World::start_with_company(TestDatabase::new().await, ACCOUNTING, clock, company).await;
        world.mirrored().await;
        world.kill_service().await;
        let listen = world.address.strip_prefix("http://").map(str::to_owned);
        let role = |name, listen| Role { name, roles: name, listen, database: None, through: Vec::new() };
        let mut ingest = world.start_process(role("ingest", listen), settings).await;
        let mut api = world.start_process(role("api", None), settings).await;
        world.answers(&mut ingest).await;
        world.answers(&mut api).await;
        world.address.clone_from(&api.address);
        world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: LATENCY_MS }).times(u32::MAX));
        Self { world, workers: Vec::new(), _ingest: ingest, _api: api }
    }

    /// Starts one more worker.
    pub async fn add_worker(&mut self, site: Site) {
        let name = format!("worker{}", self.workers.len() + 1);
        let Site { database, company, shop, listen, through } = site;
        let (own_company, own_shop) = (self.world.company_address(), self.world.shop_address().to_owned());
        let change = |text: String| {
            assert!(text.contains(&own_company) && text.contains(&own_shop), "{text}");
            let text = settings(text).replace(&own_company, company.as_ref().unwrap_or(&own_company));
            text.replace(&own_shop, shop.as_ref().unwrap_or(&own_shop))
        };
        let role = Role { name: &name, roles: "worker", listen, database, through };
        let mut process = self.world.start_process(role, change).await;
        self.world.answers(&mut process).await;
        self.workers.push(Worker { name, process });
    }

    /// Lets the shop tell of everything, and waits until all of it is done.
    pub async fn work_off(&mut self) {
        self.world.shop.release_deliveries(ReleaseOrder::AsHappened);
        self.world.settle().await;
    }

    /// What the shop's orders come to is in the books, once, and nothing else.
    pub async fn books_are_right(&self) {
        assert_eq!(chaos::books::faults(&self.world).await, Vec::<String>::new());
    }

    /// Every schedule of the store is due once a second from now on, far more often than anybody may set it.
    pub async fn all_schedules_run_every_second(&self) {
        self.world.wait_until("the schedules are made", async || !self.schedules().await.is_empty()).await;
        self.execute("update schedule set every_seconds = 1, next_at = date_trunc('second', now())").await;
    }

    /// Ends the schedules; each of their ticks was one run of one process, begun after the one before had ended.
    pub async fn schedules_ran_one_at_a_time(&self) {
        self.execute("update schedule set paused = true").await;
        let running = "select count(*) from schedule_run where result = 'running'";
        self.world.wait_until("no schedule runs", async || self.count(running).await == 0).await;
        for name in self.schedules().await {
            let runs = self.count(&format!("select count(*) from schedule_run where name = '{name}'")).await;
            assert!(runs >= 3, "{name} ran {runs} times only");
        }
        for (what, sql) in [
            ("runs that did not end well", "select count(*) from schedule_run where result <> 'done'"),
            (
                "ticks with two runs",
                "select count(*) - count(distinct (store, name, date_trunc('second', started_at))) from schedule_run",
            ),
        ] {
            assert_eq!(self.count(sql).await, 0, "{what}");
        }
        self.no_two_runs_overlap().await;
    }

    /// Each run of a schedule began after the one before had ended.
    pub async fn no_two_runs_overlap(&self) {
        let overlapping = "select count(*) from schedule_run a join schedule_run b using (store, name)
              where a.id < b.id and (a.ended_at is null or a.ended_at > b.started_at)";
        assert_eq!(self.count(overlapping).await, 0, "runs that began before another had ended");
    }

    async fn schedules(&self) -> Vec<String> {
        let names = sqlx::query_scalar("select name from schedule order by name");
        names.fetch_all(self.world.pool()).await.unwrap()
    }

    /// One number.
    pub async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(self.world.pool()).await.unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        sqlx::query(sql).execute(self.world.pool()).await.unwrap();
    }
}

/// The settings of every process.
fn settings(text: String) -> String {
    assert!(text.contains("lease_seconds = 14") && text.contains("timeout_seconds = 3"), "{text}");
    text.replace(
        "lease_seconds = 14",
        &format!("lease_seconds = {}\nconcurrency = {WORKER_CONCURRENCY}", LEASE.as_secs()),
    )
    .replace("timeout_seconds = 3", &format!("timeout_seconds = {TIMEOUT_SECONDS}\nconcurrency = {CONCURRENCY}"))
}
