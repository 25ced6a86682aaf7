//! What is measured: the service as `serve` runs it, with a shop, a company and a database of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use rust_decimal::Decimal;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{BenchSyncArguments, Mode};
use crate::accounting::masters::MasterKind;
use crate::app::{self, Role};
use crate::clock::{Clock, random_id};
use crate::config::{Config, Environment};
use crate::embedded::EmbeddedPostgres;
use crate::lifecycle::Shutdown;
use crate::sandbox::bigcommerce::{Address, LineDraft, OrderDraft, Store as Shop, StoreSettings, TaxRate};
use crate::sandbox::intacct::{Company, CompanySettings, Fault, FaultKind, Served};
use crate::sandbox::settings::Sections;
use crate::store::Store;
use crate::store::inbox::NewDelivery;
use crate::store::rulebook::NewRevision;

pub(super) const STORE: &str = "bench";
/// The company's name in the settings.
pub(super) const COMPANY: &str = "bench";
const HASH: &str = "benchhash";
/// How long anything may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(3600);
/// Between two looks at what is left to do.
pub(super) const LOOK: Duration = Duration::from_millis(20);
/// How far a shop of daily mode is behind: its days must be over to be summed up.
const DAYS_BEHIND: Duration = Duration::from_secs(72 * 60 * 60);

/// How to set it up. Times are as in the settings file; what is `None` is left as it is by default.
pub(super) struct Setup {
    pub(super) mode: Mode,
    pub(super) concurrency: u32,
    pub(super) documents_per_request: u32,
    pub(super) at_once: Option<u32>,
    /// BigCommerce's calls and the window's seconds.
    pub(super) quota: Option<(u32, u32)>,
    pub(super) reserve_percent: u32,
    pub(super) debounce_ms: Option<u32>,
    pub(super) poll_ms: Option<u32>,
}

impl Setup {
    /// Nothing said: the service's own defaults, and no quota.
    pub(super) fn plain() -> Self {
        Self {
            mode: Mode::Order,
            concurrency: 2,
            documents_per_request: 10,
            at_once: None,
            quota: None,
            reserve_percent: 0,
            debounce_ms: None,
            poll_ms: None,
        }
    }

    pub(super) fn of(arguments: &BenchSyncArguments) -> Self {
        Self {
            mode: arguments.mode,
            concurrency: arguments.concurrency.get(),
            documents_per_request: arguments.documents_per_request.get(),
            at_once: arguments.at_once.map(std::num::NonZeroU32::get),
            quota: arguments.quota.map(|quota| (quota.get(), arguments.window.get())),
            reserve_percent: arguments.reserve,
            debounce_ms: Some(0),
            // Orders are made due beside the service here, so nobody tells it.
            poll_ms: Some(50),
        }
    }

    fn text(&self, shop: &str, gateway: &str) -> String {
        let set =
            |name: &str, value: Option<u32>| value.map_or_else(String::new, |value| format!("{name} = {value}\n"));
        let posting = match self.mode {
            Mode::Order => "order",
            Mode::Daily => "daily",
        };
        let (concurrency, documents) = (self.concurrency, self.documents_per_request);
        let counterparts = Sections {
            secrets: "BENCH",
            company: COMPANY,
            gateway,
            more_of_company: &format!("concurrency = {concurrency}\ndocuments_per_request = {documents}\n"),
            store: STORE,
            store_hash: HASH,
            shop,
            more_of_store: &format!("quota_reserve_percent = {}\n", self.reserve_percent),
        }
        .text();
        format!(
            r#"[server]
{debounce}[worker]
{poll}{at_once}payment_waits_seconds = []
retry_seconds = [1]
{counterparts}
[stores.accounting]
receivable_account = "1100"
posting = "{posting}"
daily_close_delay_minutes = 0
"#,
            debounce = set("debounce_ms", self.debounce_ms),
            poll = set("poll_ms", self.poll_ms),
            at_once = set("concurrency", self.at_once),
        )
    }
}

/// A running service with its counterparts.
pub(super) struct Stand {
    pub(super) shop: Shop,
    pub(super) company: Company,
    pub(super) store: Store,
    /// Where the shop's webhooks go.
    pub(super) webhooks: String,
    /// Orders at a time.
    pub(super) at_once: u32,
    database: String,
    shutdown: Shutdown,
    stop: CancellationToken,
    _served: Served,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.stop.cancel();
        self.shutdown.begin();
    }
}

impl Stand {
    /// Starts everything and waits until the service has read the company's master data and made the buyer's customer, so
    /// that what is measured is the orders alone.
    async fn open(postgres: &EmbeddedPostgres, setup: &Setup) -> anyhow::Result<Self> {
        let database = format!("bench_{}", random_id().simple());
        postgres.ensure_database(&database).await?;
        let stop = CancellationToken::new();
        let (shop, shop_address) = open_shop(setup, &stop).await?;
        let company = open_company(setup.concurrency)?;
        let served = company.serve(TcpListener::bind("127.0.0.1:0").await?)?;
        let environment = secrets();
        let settings = setup.text(&shop_address, &served.gateway_url());
        let config = Config::from_text(Some(("bench", &settings)), &environment)?;
        let store = Store::connect(postgres.connect_options(&database), config.database.connections).await?;
        store.migrate().await?;
        let rules = serde_json::from_str(include_str!("../../../fixtures/demo/rules.json"))?;
        store.save_rulebook(&NewRevision::first(STORE, &rules, "bench")).await?;
        let shutdown = Shutdown::new(Duration::from_secs(10));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let webhooks = format!("http://{}/webhooks/bigcommerce/{STORE}", listener.local_addr()?);
        let roles = BTreeSet::from([Role::Ingest, Role::Worker, Role::Api]);
        app::start(&config, &environment, store.clone(), listener, &roles, &shutdown)?;
        let at_once = config.worker.concurrency;
        let stand = Self { shop, company, store, webhooks, at_once, database, shutdown, stop, _served: served };
        stand.warm_up(setup.mode).await.context("starting the service")?;
        Ok(stand)
    }

    async fn warm_up(&self, mode: Mode) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let states = self.store.refresh_states(COMPANY).await?;
            let read = states.iter().filter(|state| state.last_full_at.is_some() || state.unavailable.is_some());
            if read.count() >= MasterKind::FIXED.len() {
                break;
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "the master data is not read");
            sleep(LOOK).await;
        }
        // In daily mode an order would close the day.
        if mode == Mode::Order {
            let order = self.place()?;
            self.make_due(&[order]).await?;
            self.settle(|_| {}).await?;
        }
        Ok(())
    }

    /// From now on the company takes so long for each request.
    pub(super) fn slow_down(&self, latency: Duration) {
        slow_down(&self.company, latency);
    }

    /// One more paid order of the same guest.
    pub(super) fn place(&self) -> anyhow::Result<u64> {
        let buyer = Address {
            first_name: "Ada".into(),
            last_name: "Bench".into(),
            street: "1 Congress Ave".into(),
            city: "Austin".into(),
            state: "Texas".into(),
            zip: "78701".into(),
            country: "United States".into(),
            country_code: "US".into(),
            email: "ada@example.com".into(),
            ..Address::default()
        };
        let tax = [TaxRate::new("Sales Tax", Decimal::new(825, 2))];
        let draft = OrderDraft::guest(buyer)
            .line(LineDraft::new("WEAR-BOOT", "Hiking boots", 1, Decimal::new(12_000, 2)))
            .ship("Ground", Decimal::ZERO, Decimal::ZERO, &tax);
        Ok(self.shop.place_order(&draft)?)
    }

    /// Makes orders due at once, all in one statement.
    pub(super) async fn make_due(&self, orders: &[u64]) -> anyhow::Result<()> {
        let delivery = |order: &u64| NewDelivery {
            store: STORE.into(),
            webhook_id: format!("{order}-{}", random_id()),
            scope: "store/order/created".into(),
            order_id: Some(*order),
            event_at: Clock::system().now(),
            body: "{}".into(),
        };
        self.store.record_deliveries(&orders.iter().map(delivery).collect::<Vec<_>>(), Duration::ZERO).await?;
        Ok(())
    }

    /// Waits until nothing is left to do, summaries included; tells how many orders are left meanwhile.
    pub(super) async fn settle(&self, mut tell: impl FnMut(u64)) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let left = self.store.backlog().await?.lanes;
            tell(left);
            if left == 0 && !self.store.has_daily_work(STORE).await? {
                return Ok(());
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "{left} orders are still not posted");
            sleep(LOOK).await;
        }
    }

    /// Stops everything and drops the database. An order that is held is no measure, so none may be.
    async fn close(self, postgres: &EmbeddedPostgres) -> anyhow::Result<()> {
        let held = self.store.open_holds(Some(STORE), None, 0, 1).await;
        self.shutdown.begin();
        self.shutdown.finish().await;
        self.store.close().await;
        postgres.drop_database(&self.database).await?;
        let held = held?;
        anyhow::ensure!(held.is_empty(), "an order is held, so nothing was measured: {held:?}");
        Ok(())
    }

    /// Opens a stand, measures, and closes it, also when the measuring fails.
    pub(super) async fn with<T>(
        postgres: &EmbeddedPostgres,
        setup: &Setup,
        measuring: impl AsyncFnOnce(&Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let stand = Self::open(postgres, setup).await?;
        let measured = measuring(&stand).await;
        let closed = stand.close(postgres).await;
        // What failed first says more.
        let measured = measured?;
        closed.map(|()| measured)
    }
}

async fn open_shop(setup: &Setup, stop: &CancellationToken) -> anyhow::Result<(Shop, String)> {
    let clock = match setup.mode {
        Mode::Order => Clock::system(),
        Mode::Daily => days_behind(stop)?,
    };
    let secret = |name: &str| SecretString::from(secrets().get(name).unwrap_or_default().to_owned());
    let plain = StoreSettings::new(HASH, secret("BENCH_ACCESS_TOKEN"), secret("BENCH_CLIENT_SECRET"));
    let (quota, seconds) = setup.quota.unwrap_or((10_000_000, 30));
    let shop = Shop::new(StoreSettings { quota, quota_window: Duration::from_secs(seconds.into()), clock, ..plain })?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let (serving, stopped) = (shop.clone(), stop.clone());
    tokio::spawn(async move { serving.serve(listener, stopped).await });
    Ok((shop, address))
}

/// A clock some days behind, that runs.
fn days_behind(stop: &CancellationToken) -> anyhow::Result<Clock> {
    let clock = Clock::fixed(Clock::system().now().checked_sub(DAYS_BEHIND)?);
    let (running, stopped) = (clock.clone(), stop.clone());
    tokio::spawn(async move {
        let mut last = Instant::now();
        while !stopped.is_cancelled() {
            sleep(Duration::from_millis(5)).await;
            let now = Instant::now();
            running.advance(now - last);
            last = now;
        }
    });
    Ok(clock)
}

/// A company that takes so many requests at a time.
pub(super) fn open_company(concurrency: u32) -> anyhow::Result<Company> {
    let concurrency = Some(concurrency as usize);
    Ok(Company::new(CompanySettings { concurrency, ..CompanySettings::default() })?)
}

/// From now on the company takes so long for each request.
pub(super) fn slow_down(company: &Company, latency: Duration) {
    let milliseconds = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    company.add_fault(Fault::new(FaultKind::Delay { milliseconds }).times(u32::MAX));
}

/// The secrets of service and counterparts: known to everybody, for this machine only.
fn secrets() -> Environment {
    Environment::of([
        ("BENCH_SENDER_PASSWORD", "sandbox-sender-password"),
        ("BENCH_USER_PASSWORD", "sandbox-user-password"),
        ("BENCH_ACCESS_TOKEN", "bench-access-token"),
        ("BENCH_CLIENT_SECRET", "bench-client-secret"),
    ])
}
