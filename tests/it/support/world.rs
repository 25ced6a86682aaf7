//! The whole journey in a test: a sandbox store, a sandbox company, a database, and the real program as a process.

mod api;
mod books;
mod person;
mod process;
mod processes;

use std::path::PathBuf;
use std::time::Duration;

use cartledger::clock::Clock;
use cartledger::sandbox::bigcommerce::{Address, LineDraft, OrderDraft, Store as Shop, StoreSettings, TaxRate};
use cartledger::sandbox::intacct::{Company, CompanySettings, Served};
use cartledger::sandbox::settings::Sections;
use cartledger::store::Store;
use rust_decimal::Decimal;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

pub use self::books::{client_of, send_past};
pub use self::person::Person;
pub use self::processes::{Process, Role};
use super::database::TestDatabase;

/// The store's name.
pub const STORE: &str = "test-shop";
/// The admin token of the settings.
pub const ADMIN: &str = "test-admin-token";
/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(300);

/// Everything an order meets on its way.
pub struct World {
    pub shop: Shop,
    pub company: Company,
    pub store: Store,
    pub address: String,
    client: reqwest::Client,
    service: Option<Child>,
    /// Another worker on the same database.
    replica: Option<Child>,
    folder: PathBuf,
    /// All settings but those of the store's accounting, which stand last.
    settings: String,
    /// Where the shop's API is.
    shop_address: String,
    stop_shop: CancellationToken,
    company_served: Served,
    database: TestDatabase,
}

impl World {
    /// Starts everything, with the demo's rules and a webhook for all order events.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same with more settings of the store's accounting.
    pub async fn start_with(accounting: &str) -> Self {
        Self::start_at(accounting, Clock::system()).await
    }

    /// The same with a program that asks Intacct for every new buyer, whatever the mirror says.
    pub async fn start_asking_intacct(accounting: &str) -> Self {
        let (database, company) = (TestDatabase::new().await, CompanySettings::default());
        Self::start_whole(database, accounting, Clock::system(), company, "customer_mirror_hours = 0\n").await
    }

    /// The same with a clock of the shop's own: orders, payments and refunds are of its day.
    pub async fn start_at(accounting: &str, clock: Clock) -> Self {
        Self::start_in(TestDatabase::new().await, accounting, clock).await
    }

    /// The same in a database of the test's own choice.
    pub async fn start_in(database: TestDatabase, accounting: &str, clock: Clock) -> Self {
        Self::start_with_company(database, accounting, clock, CompanySettings::default()).await
    }

    /// The same with a company of the test's own.
    pub async fn start_with_company(
        database: TestDatabase,
        accounting: &str,
        clock: Clock,
        company: CompanySettings,
    ) -> Self {
        Self::start_whole(database, accounting, clock, company, "").await
    }

    async fn start_whole(
        database: TestDatabase,
        accounting: &str,
        clock: Clock,
        company: CompanySettings,
        company_text: &str,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = StoreSettings {
            quota: 100_000,
            retry_speedup: 600,
            clock,
            ..StoreSettings::new("testhash1", SecretString::from("token"), SecretString::from("client-secret"))
        };
        let shop = Shop::new(settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shop_address = format!("http://{}", listener.local_addr().unwrap());
        let stop_shop = CancellationToken::new();
        let (serving, stop) = (shop.clone(), stop_shop.clone());
        tokio::spawn(async move { serving.serve(listener, stop).await });
        let company = CompanySettings { dump_folder: recorded_requests(), ..company };
        let company = Company::new(company).unwrap();
        let served = company.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();

        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("cartledger-world-{}", cartledger::clock::random_id().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        let settings = settings_text(port, &shop_address, &served.gateway_url(), company_text);
        std::fs::write(folder.join("cartledger.toml"), format!("{settings}{accounting}")).unwrap();
        let mut world = Self {
            settings,
            store: Store::from_pool(database.pool().clone()),
            address: format!("http://127.0.0.1:{port}"),
            client: reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap(),
            service: None,
            replica: None,
            folder,
            shop,
            company,
            shop_address,
            stop_shop,
            company_served: served,
            database,
        };
        world.start_service().await;
        world.subscribe().await;
        assert_eq!(world.put_rules(&demo_rules()).await, 201);
        world
    }

    /// The database as such, for what only a test does to it.
    pub fn pool(&self) -> &sqlx::PgPool {
        self.database.pool()
    }

    /// Waits until every webhook is delivered and no order is left to work on.
    pub async fn settle(&self) {
        let begun = tokio::time::Instant::now();
        // Twice in a row, because an event can be on its way between the two questions.
        let mut quiet = 0;
        while quiet < 2 {
            let lanes = self.store.backlog().await.unwrap().lanes;
            quiet = if self.shop.pending_deliveries() == 0 && lanes == 0 { quiet + 1 } else { 0 };
            assert!(begun.elapsed() < PATIENCE, "still {lanes} orders to post: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Where the company's gateway is.
    pub fn gateway_url(&self) -> String {
        self.company_served.gateway_url()
    }

    /// Lets so much time pass that no request whose answer was lost can be under way any more.
    pub async fn pass_the_time_under_way(&self) {
        let pool = self.database.pool();
        sqlx::query("update document set open_until = now() where open_until is not null").execute(pool).await.unwrap();
    }

    /// Waits until something is so.
    pub async fn wait_until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let begun = tokio::time::Instant::now();
        while !is_so().await {
            assert!(begun.elapsed() < PATIENCE, "not yet: {what}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop_shop.cancel();
        // The log of a failed test stays where it can be read.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Where every request to the company is written, when a run of all tests wants them: `scripts/test` makes the folder, and
/// has what is in it checked against the gateway's schema.
fn recorded_requests() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gateway-requests");
    folder.exists().then(|| folder.join(cartledger::clock::random_id().simple().to_string()))
}

/// The rules of the demo.
pub fn demo_rules() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../fixtures/demo/rules.json")).unwrap()
}

/// A guest of Austin, Texas.
pub fn guest() -> Address {
    Address {
        first_name: "Ada".into(),
        last_name: "O'Hara & Sons <Ltd>".into(),
        street: "1 Congress Ave".into(),
        city: "Austin".into(),
        state: "Texas".into(),
        zip: "78701".into(),
        country: "United States".into(),
        country_code: "US".into(),
        email: "ada@example.com".into(),
        ..Address::default()
    }
}

/// The guest buying one thing by card, with 8.25 % tax.
pub fn order_of(sku: &str, cents: i64) -> OrderDraft {
    let tax = [TaxRate::new("Sales Tax", Decimal::new(825, 2))];
    OrderDraft::guest(guest()).line(LineDraft::new(sku, "A thing", 1, Decimal::new(cents, 2))).ship(
        "Ground",
        Decimal::ZERO,
        Decimal::ZERO,
        &tax,
    )
}

fn settings_text(port: u16, shop: &str, gateway: &str, company: &str) -> String {
    let counterparts = Sections {
        secrets: "T",
        company: "sandbox",
        gateway,
        more_of_company: &format!("timeout_seconds = 3\n{company}"),
        store: STORE,
        store_hash: "testhash1",
        shop,
        more_of_store: "",
    }
    .text();
    format!(
        r#"
[server]
listen = "127.0.0.1:{port}"
debounce_ms = 50
[database]
connections = 6
[worker]
poll_ms = 100
lease_seconds = 14
payment_waits_seconds = [1]
retry_seconds = [1]
held_buyers_seconds = 2
[log]
format = "json"
[admin]
token = {{ env = "T_ADMIN" }}
{counterparts}
[stores.accounting]
receivable_account = "1100"
time_zone = "America/Chicago"
"#
    )
}
