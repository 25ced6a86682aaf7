//! Orders per second through the real worker against a company that takes its time, beside the ceiling of that company.
//!
//! `cargo bench --bench sync -- [--orders N] [--latency MS] [--concurrency C] [--runs R] [--at-once N]`. See benches/README.md.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cartledger::accounting::policy::{Policy, PostingMode};
use cartledger::bigcommerce::client::{Extras, StoreClient, StoreConnection as ShopConnection};
use cartledger::clock::{Clock, random_id};
use cartledger::config::{Config, Environment};
use cartledger::embedded::{EmbeddedPostgres, Purpose};
use cartledger::intacct::client::{Client, Credentials};
use cartledger::intacct::functions::Function;
use cartledger::intacct::lookup;
use cartledger::intacct::posting::customer::CustomerForm;
use cartledger::intacct::request::{ControlId, FunctionCall};
use cartledger::lifecycle::Shutdown;
use cartledger::sandbox::bigcommerce::{Address, LineDraft, OrderDraft, Store as Shop, StoreSettings, TaxRate};
use cartledger::sandbox::intacct::{Company, CompanySettings, Fault, FaultKind, Served};
use cartledger::store::Store;
use cartledger::store::inbox::NewDelivery;
use cartledger::store::lane::WakeUp;
use cartledger::store::rulebook::NewRevision;
use cartledger::store::usage::{Budget, OverBudget};
use cartledger::worker::connection::StoreConnection;
use cartledger::worker::daily::Daily;
use cartledger::worker::gateway::{Gateway, GatewayOptions};
use cartledger::worker::run::{Worker, WorkerOptions};
use cartledger::worker::validation::Masters;
use rust_decimal::Decimal;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const STORE: &str = "bench";
const TIMEOUT: Duration = Duration::from_secs(60);
/// Requests of each permit in a run of order mode, so that beginning and end weigh little.
const ROUNDS: usize = 40;

#[derive(Clone, Copy)]
struct Settings {
    /// Orders in a run; by default as many as fill the rounds.
    orders: Option<usize>,
    latency: Duration,
    concurrency: u32,
    runs: usize,
    /// Orders worked on at a time; by default the setting's own default.
    at_once: Option<u32>,
}

/// What a run has measured.
#[derive(Clone, Copy)]
struct Run {
    orders_per_second: f64,
    requests_per_second: f64,
    functions_per_request: f64,
    transactions_per_order: f64,
}

fn main() -> anyhow::Result<()> {
    let settings = settings();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(measure(settings))
}

fn settings() -> Settings {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)?.parse::<u64>().ok()
    };
    Settings {
        orders: given("--orders").map(|orders| orders as usize),
        latency: Duration::from_millis(given("--latency").unwrap_or(300)),
        concurrency: given("--concurrency").unwrap_or(2) as u32,
        runs: given("--runs").unwrap_or(3) as usize,
        at_once: given("--at-once").map(|orders| orders as u32),
    }
}

async fn measure(settings: Settings) -> anyhow::Result<()> {
    // Every commit is on disk before it is answered, as in a real service.
    let folder = std::env::temp_dir().join(format!("cartledger-bench-{}", random_id().simple()));
    #[expect(clippy::disallowed_methods, reason = "the same bootstrap value that the program's own start reads")]
    let given = std::env::var("DATABASE_URL").ok();
    let postgres = EmbeddedPostgres::given_or_start(given.as_deref(), Purpose::Run, Some(folder.clone())).await?;
    println!(
        "latency {} ms a request, {} requests at a time; medians of {} runs",
        settings.latency.as_millis(),
        settings.concurrency,
        settings.runs
    );
    let first = ceiling(settings).await?;
    println!("the company itself, asked by {} clients: {first:.2} requests/s", settings.concurrency);
    println!("mode   most  orders/s  requests/s  of ceiling  functions/request  transactions/order");
    for mode in [PostingMode::Order, PostingMode::Daily] {
        for most in [1, 20] {
            let mut runs = Vec::new();
            for _ in 0..settings.runs {
                runs.push(run(settings, &postgres, mode, most).await?);
            }
            let median = |of: fn(&Run) -> f64| {
                let mut values: Vec<f64> = runs.iter().map(of).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            let requests = median(|run| run.requests_per_second);
            let (name, share) = match mode {
                PostingMode::Order | PostingMode::OrderEntry => ("order", format!("{:.1} %", requests / first * 100.0)),
                PostingMode::Daily => ("daily", "-".to_owned()),
            };
            println!(
                "{name:<6} {most:>4}  {:>8.2}  {requests:>10.2}  {share:>10}  {:>17.2}  {:>18.3}",
                median(|run| run.orders_per_second),
                median(|run| run.functions_per_request),
                median(|run| run.transactions_per_order),
            );
        }
    }
    println!("the company itself again: {:.2} requests/s", ceiling(settings).await?);
    postgres.stop().await?;
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

fn company(settings: Settings) -> anyhow::Result<Company> {
    let company = Company::new(CompanySettings {
        concurrency: Some(settings.concurrency as usize),
        ..CompanySettings::default()
    })?;
    let milliseconds = u64::try_from(settings.latency.as_millis())?;
    company.add_fault(Fault::new(FaultKind::Delay { milliseconds }).times(u32::MAX));
    Ok(company)
}

async fn serve(company: &Company) -> anyhow::Result<Served> {
    Ok(company.serve(TcpListener::bind("127.0.0.1:0").await?)?)
}

fn client(served: &Served) -> anyhow::Result<Client> {
    let credentials = Credentials {
        sender_id: "sandbox_sender".into(),
        sender_password: SecretString::from("sandbox-sender-password"),
        company_id: "SANDBOX".into(),
        user_id: "ws_cartledger".into(),
        user_password: SecretString::from("sandbox-user-password"),
        location_id: None,
    };
    Ok(Client::new(&served.gateway_url(), credentials, TIMEOUT, Clock::system())?)
}

/// Requests per second that as many clients as there may be requests get out of the company: one after the other each.
async fn ceiling(settings: Settings) -> anyhow::Result<f64> {
    let company = company(settings)?;
    let served = serve(&company).await?;
    let client = Arc::new(client(&served)?);
    client.sign_in().await?;
    let started = Instant::now();
    let clients = (0..settings.concurrency).map(|number| {
        let client = client.clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let control_id = ControlId::new(format!("{number}-{round}"))?;
                client.call(&[FunctionCall { control_id, function: Function::Query(lookup::ping()) }]).await?;
            }
            anyhow::Ok(())
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await??;
    }
    Ok((ROUNDS * settings.concurrency as usize) as f64 / started.elapsed().as_secs_f64())
}

/// Works off orders of one known customer that are all due, in a new database, shop and company.
async fn run(settings: Settings, postgres: &EmbeddedPostgres, mode: PostingMode, most: usize) -> anyhow::Result<Run> {
    let orders = settings.orders.unwrap_or(match mode {
        // Two documents each: an invoice and a receipt.
        PostingMode::Order | PostingMode::OrderEntry => ROUNDS * settings.concurrency as usize * most / 2,
        PostingMode::Daily => 400,
    });
    let database = format!("bench_{}", random_id().simple());
    postgres.ensure_database(&database).await?;
    let defaults = Config::from_text(None, &Environment::default())?;
    let store = Store::connect(postgres.connect_options(&database), defaults.database.connections).await?;
    store.migrate().await?;
    let rules = serde_json::from_str(include_str!("../fixtures/demo/rules.json"))?;
    store.save_rulebook(&NewRevision::first(STORE, &rules, "bench")).await?;
    let shop = Place::open(mode).await?;
    let company = company(settings)?;
    let served = serve(&company).await?;

    let shutdown = Shutdown::new(Duration::from_secs(10));
    let options = GatewayOptions {
        company: "bench".into(),
        concurrency: settings.concurrency,
        batch: most,
        timeout: TIMEOUT,
        budget: Budget { limit: 100_000, warn_percent: 80, over: OverBudget::Warn },
    };
    let gateway = Gateway::start(client(&served)?, store.clone(), options, Clock::system(), &shutdown);
    let connections = Arc::new(BTreeMap::from([(STORE.to_owned(), Arc::new(shop.connection(&store, mode, gateway)?))]));
    let worker = WorkerOptions {
        concurrency: settings.at_once.unwrap_or(defaults.worker.concurrency),
        lease: Duration::from_secs(defaults.worker.lease_seconds),
        poll: Duration::from_millis(200),
        payment_waits: Vec::new(),
        retries: vec![Duration::from_secs(1)],
    };
    let wake = WakeUp::default();
    Daily::start(&store, &worker, &connections, &shutdown);
    let working = Worker::new(store.clone(), wake.clone(), Clock::system(), worker, connections);
    shutdown.spawn("worker", working.run(shutdown.clone()));

    // The first order makes the customer and signs in; in daily mode it would close the day.
    let first = usize::from(mode == PostingMode::Order);
    shop.place(first)?;
    work_off(&store, &wake, &shop.orders()?).await?;
    shop.place(orders)?;
    let due: Vec<u64> = shop.orders()?.into_iter().skip(first).collect();
    let before = company.requests();
    let started = Instant::now();
    work_off(&store, &wake, &due).await?;
    let seconds = started.elapsed().as_secs_f64();
    let after = company.requests();
    let held = store.open_holds(Some(STORE), None, 0, 1).await?;
    anyhow::ensure!(held.is_empty(), "an order is held, so nothing was measured: {held:?}");
    shutdown.begin();
    shutdown.finish().await;
    store.close().await;
    let (requests, transactions) = (after.requests - before.requests, after.api_transactions - before.api_transactions);
    Ok(Run {
        orders_per_second: orders as f64 / seconds,
        requests_per_second: requests as f64 / seconds,
        functions_per_request: transactions as f64 / requests.max(1) as f64,
        transactions_per_order: transactions as f64 / orders as f64,
    })
}

/// Makes orders due and waits until nothing is left to do, summaries included.
async fn work_off(store: &Store, wake: &WakeUp, orders: &[u64]) -> anyhow::Result<()> {
    let delivery = |order: &u64| NewDelivery {
        store: STORE.into(),
        webhook_id: format!("{order}-{}", random_id()),
        scope: "store/order/created".into(),
        order_id: Some(*order),
        event_at: Clock::system().now(),
        body: "{}".into(),
    };
    store.record_deliveries(&orders.iter().map(delivery).collect::<Vec<_>>(), Duration::ZERO).await?;
    wake.wake();
    loop {
        if store.backlog().await?.lanes == 0 && !store.has_daily_work(STORE).await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A shop on loopback.
struct Place {
    shop: Shop,
    address: String,
    stop: CancellationToken,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Place {
    async fn open(mode: PostingMode) -> anyhow::Result<Self> {
        let today = Clock::system().now();
        // Days of daily mode must be over to be summed up.
        let clock = match mode {
            PostingMode::Order | PostingMode::OrderEntry => Clock::system(),
            PostingMode::Daily => Clock::fixed(today.checked_sub(jiff::SignedDuration::from_hours(72))?),
        };
        let settings = StoreSettings {
            quota: 10_000_000,
            clock,
            ..StoreSettings::new("benchhash", SecretString::from("token"), SecretString::from("secret"))
        };
        let shop = Shop::new(settings)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, stop) = (format!("http://{}", listener.local_addr()?), CancellationToken::new());
        let (serving, stopped) = (shop.clone(), stop.clone());
        tokio::spawn(async move { serving.serve(listener, stopped).await });
        Ok(Self { shop, address, stop })
    }

    /// Places paid orders of one guest.
    fn place(&self, orders: usize) -> anyhow::Result<()> {
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
        for _ in 0..orders {
            let draft = OrderDraft::guest(buyer.clone())
                .line(LineDraft::new("WEAR-BOOT", "Hiking boots", 1, Decimal::new(12_000, 2)))
                .ship("Ground", Decimal::ZERO, Decimal::ZERO, &tax);
            self.shop.place_order(&draft)?;
        }
        Ok(())
    }

    fn orders(&self) -> anyhow::Result<Vec<u64>> {
        Ok(self.shop.expected_summary().into_iter().map(|order| order.order_id).collect())
    }

    fn connection(&self, store: &Store, mode: PostingMode, gateway: Gateway) -> anyhow::Result<StoreConnection> {
        let reader = ShopConnection {
            name: STORE.into(),
            base_url: self.address.clone(),
            store_hash: "benchhash".into(),
            access_token: SecretString::from("token"),
            reserve_percent: 0,
            extras: Extras { shipments: false, customers: true, categories: false },
        };
        Ok(StoreConnection {
            name: STORE.into(),
            reader: StoreClient::new(reader, Clock::system())?,
            policy: Policy { posting: mode, daily_close_delay_minutes: 0, ..Policy::new(STORE, "1100") },
            company: "bench".into(),
            daily_over_budget: false,
            entity: None,
            masters: Arc::new(Masters::new(store.clone(), "bench".into())),
            customer_form: CustomerForm { iso_country_codes: true, id_field: None },
            customer_mirror_within: Duration::from_secs(24 * 60 * 60),
            application_account: "1190".into(),
            answer_within: TIMEOUT + Duration::from_secs(5),
            webhook_address: None,
            shared_header: None,
            gateway,
        })
    }
}
