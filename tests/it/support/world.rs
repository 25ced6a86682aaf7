//! The whole journey in a test: a sandbox store, a sandbox company, a database, and the real program as a process.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use cartledger::accounting::masters::MasterKind;
use cartledger::clock::Clock;
use cartledger::intacct::client::{Client, Credentials};
use cartledger::intacct::functions::{Account, CreateAdjustment, Function, Line, LineDimensions};
use cartledger::intacct::outcome::Outcome;
use cartledger::intacct::request::{ControlId, FunctionCall};
use cartledger::sandbox::bigcommerce::{Address, LineDraft, OrderDraft, Store as Shop, StoreSettings, TaxRate};
use cartledger::sandbox::intacct::{Company, CompanySettings, Served};
use cartledger::store::Store;
use cartledger::store::master_data::RefreshState;
use jiff::civil::Date;
use rust_decimal::Decimal;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::database::TestDatabase;

/// The store's name.
pub const STORE: &str = "test-shop";
const ADMIN: &str = "test-admin-token";
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
            stop_shop,
            company_served: served,
            database,
        };
        world.start_service().await;
        world.subscribe(&shop_address).await;
        assert_eq!(world.put_rules(&demo_rules()).await, 201);
        world
    }

    /// A command of the program with the world's settings.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartledger"));
        command
            .args([name, "--config"])
            .arg(self.folder.join("cartledger.toml"))
            .env("DATABASE_URL", self.database.url())
            .env("T_TOKEN", "token")
            .env("T_CLIENT_SECRET", "client-secret")
            .env("T_SENDER", "sandbox-sender-password")
            .env("T_USER", "sandbox-user-password")
            .env("T_ADMIN", ADMIN)
            .stdin(Stdio::null());
        command
    }

    /// What `cartledger check` says, and its exit status.
    pub async fn check(&self) -> (Option<i32>, String) {
        let output = self.command("check").output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    /// Starts the program and waits until it answers.
    pub async fn start_service(&mut self) {
        assert!(self.try_start_service(None).await, "the service ended at once: {}", self.log());
    }

    /// Starts another process that only works on orders; the program's own lives and dies by itself.
    pub fn start_replica(&mut self) {
        let mut command = self.command("serve");
        command.args(["--role", "worker"]).env("CARTLEDGER_SERVER__LISTEN", "127.0.0.1:0");
        command.stdout(self.log_file()).stderr(self.log_file()).kill_on_drop(true);
        self.replica = Some(command.spawn().unwrap());
    }

    /// Kills that process.
    pub async fn kill_replica(&mut self) {
        if let Some(mut child) = self.replica.take() {
            child.kill().await.unwrap();
        }
    }

    fn log_file(&self) -> std::fs::File {
        std::fs::File::options().create(true).append(true).open(self.folder.join("service.log")).unwrap()
    }

    /// Starts the program with a failpoint and waits until it answers; whether it lives to do so.
    pub async fn try_start_service(&mut self, failpoint: Option<&str>) -> bool {
        let mut command = self.command("serve");
        command.stdout(self.log_file()).stderr(self.log_file()).kill_on_drop(true);
        if let Some(failpoint) = failpoint {
            command.env(cartledger::failpoint::VARIABLE, failpoint);
        }
        self.service = Some(command.spawn().unwrap());
        let begun = tokio::time::Instant::now();
        while !self.get("/readyz").await.is_ok_and(|answer| answer.status().is_success()) {
            if self.service_has_ended() {
                return false;
            }
            assert!(begun.elapsed() < PATIENCE, "the service does not answer: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Whether the program has ended by itself, or never ran.
    pub fn service_has_ended(&mut self) -> bool {
        self.service.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// Kills the program on the spot, as a power cut would.
    pub async fn kill_service(&mut self) {
        if let Some(mut child) = self.service.take() {
            child.kill().await.unwrap();
        }
    }

    /// Kills the program once a function that a fault delays is with Intacct: nobody is there to hear the answer.
    pub async fn kill_service_during(&mut self, function: &str) {
        let begun = tokio::time::Instant::now();
        while self.company.pending_faults().iter().any(|fault| fault.function.as_deref() == Some(function)) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{function} was never sent");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kill_service().await;
    }

    /// Starts the program anew with other settings of the store's accounting.
    pub async fn restart_with(&mut self, accounting: &str) {
        self.kill_service().await;
        std::fs::write(self.folder.join("cartledger.toml"), format!("{}{accounting}", self.settings)).unwrap();
        self.start_service().await;
    }

    /// Starts the program anew with other settings: `change` gets their text.
    pub async fn restart_changed(&mut self, change: impl FnOnce(String) -> String) {
        self.kill_service().await;
        let file = self.folder.join("cartledger.toml");
        std::fs::write(&file, change(std::fs::read_to_string(&file).unwrap())).unwrap();
        self.start_service().await;
    }

    /// Asks the API.
    pub async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.client.get(format!("{}{path}", self.address)).bearer_auth(ADMIN).send().await
    }

    /// Puts a rulebook over the API; answers the status.
    pub async fn put_rules(&self, rules: &serde_json::Value) -> u16 {
        self.try_put_rules(rules).await.unwrap()
    }

    /// The same of a program that may be dead.
    pub async fn try_put_rules(&self, rules: &serde_json::Value) -> reqwest::Result<u16> {
        Ok(self.send_rules(rules).await?.status().as_u16())
    }

    /// Puts a rulebook over the API; answers what it said.
    pub async fn send_rules(&self, rules: &serde_json::Value) -> reqwest::Result<reqwest::Response> {
        let body = serde_json::json!({ "author": "test", "rules": rules }).to_string();
        let url = format!("{}/v1/stores/{STORE}/rules", self.address);
        let request = self.client.put(url).bearer_auth(ADMIN).header("content-type", "application/json").body(body);
        request.send().await
    }

    /// Waits until the mirror of every kind of master data was tried.
    pub async fn mirrored(&self) {
        self.mirrored_since(None).await;
    }

    /// Reads what changed in the company now.
    pub async fn refresh_masters(&self) {
        let states = self.store.refresh_states("sandbox").await.unwrap();
        let before = states.iter().filter_map(|state| state.last_read_at).max();
        assert_eq!(self.post("/v1/companies/sandbox/master-data/refresh").await, 202);
        self.mirrored_since(before).await;
    }

    async fn mirrored_since(&self, before: Option<jiff::Timestamp>) {
        let begun = tokio::time::Instant::now();
        loop {
            let states = self.store.refresh_states("sandbox").await.unwrap();
            let fresh = |state: &&RefreshState| state.unavailable.is_some() || state.last_read_at > before;
            if states.len() >= MasterKind::FIXED.len() && states.iter().all(|state| fresh(&state)) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the mirror is not filled: {states:?} {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs an order again over the API.
    pub async fn replay(&self, order: u64) {
        assert_eq!(self.post(&format!("/v1/stores/{STORE}/orders/{order}/replay")).await, 202);
    }

    /// Asks the API to do something; answers the status.
    pub async fn post(&self, path: &str) -> u16 {
        self.try_post(path).await.unwrap()
    }

    /// The same of a program that may be dead.
    pub async fn try_post(&self, path: &str) -> reqwest::Result<u16> {
        let request = self.client.post(format!("{}{path}", self.address)).bearer_auth(ADMIN);
        Ok(request.send().await?.status().as_u16())
    }

    /// Sends JSON to the API; answers the status and what it says.
    pub async fn post_json(&self, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        let request = self.client.post(format!("{}{path}", self.address)).bearer_auth(ADMIN);
        let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    /// Sends JSON to the API of a program that may be dead; answers the status.
    pub async fn try_post_json(&self, path: &str, body: &serde_json::Value) -> reqwest::Result<u16> {
        let request = self.client.post(format!("{}{path}", self.address)).bearer_auth(ADMIN);
        Ok(request.header("content-type", "application/json").body(body.to_string()).send().await?.status().as_u16())
    }

    async fn subscribe(&self, shop_address: &str) {
        let destination = format!("{}/webhooks/bigcommerce/{STORE}", self.address);
        let hook = serde_json::json!({ "scope": "store/order/*", "destination": destination, "is_active": true });
        let request =
            self.client.post(format!("{shop_address}/stores/testhash1/v3/hooks")).header("X-Auth-Token", "token");
        let answer = request.header("content-type", "application/json").body(hook.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
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

    /// The last lines of the program's log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("service.log")).unwrap_or_default();
        text.lines().rev().take(12).collect::<Vec<_>>().join("\n")
    }

    /// Our records against the company's books: every document on both sides, each once, and the same balances.
    pub async fn assert_books_agree(&self) {
        let mut theirs: Vec<String> =
            self.company.invoices().into_iter().chain(self.company.adjustments()).map(|record| record.number).collect();
        // A journal entry carries our number on each of its lines.
        for entry in self.company.journals() {
            let mut numbers: Vec<String> = entry.lines.into_iter().map(|line| line.document).collect();
            numbers.dedup();
            theirs.extend(numbers);
        }
        theirs.sort();
        let mut ours = Vec::new();
        let mut payments = 0;
        for order in self.shop.expected_summary() {
            for document in self.store.documents(STORE, order.order_id).await.unwrap() {
                assert_eq!(document.state.as_str(), "posted", "{}: {:?}", document.planned.key, document.error);
                match document.planned.kind.as_str() {
                    "receipt" | "application" => payments += 1,
                    _ => ours.push(document.planned.number),
                }
            }
        }
        ours.sort();
        assert_eq!(ours, theirs);
        assert_eq!(payments, self.company.payments().len());
        let balance: std::collections::BTreeMap<String, Decimal> = self
            .store
            .trial_balance(STORE)
            .await
            .unwrap()
            .into_iter()
            .map(|(account, debit, credit)| (account, debit - credit))
            .filter(|(_, balance)| !balance.is_zero())
            .collect();
        assert_eq!(balance, self.balances());
    }

    /// A client of somebody who works in Intacct past the program.
    pub fn finance(&self) -> Client {
        let credentials = Credentials {
            sender_id: "sandbox_sender".into(),
            sender_password: "sandbox-sender-password".into(),
            company_id: "SANDBOX".into(),
            user_id: "ws_cartledger".into(),
            user_password: "sandbox-user-password".into(),
            location_id: None,
        };
        let address = self.company_served.gateway_url();
        Client::new(&address, credentials, Duration::from_secs(5), Clock::system()).unwrap()
    }

    /// Posts a credit memo past the program, as somebody else's would.
    #[cfg_attr(feature = "planted-bug", expect(dead_code, reason = "used by a test that build does not have"))]
    pub async fn post_adjustment(&self, customer: &str, number: &str, control_id: &str, amount: Decimal, date: Date) {
        let client = self.finance();
        let line = Line::new(Account::Gl("4100".into()), amount);
        let location = LineDimensions { location: Some("100".into()), ..LineDimensions::default() };
        let lines = vec![Line { dimensions: location, ..line }];
        let adjustment = CreateAdjustment::new(customer, number, date, lines);
        let function = Function::CreateAdjustment(Box::new(adjustment));
        let call = FunctionCall { control_id: ControlId::new(control_id).unwrap(), function };
        let outcomes = client.call(&[call]).await.unwrap();
        assert!(matches!(outcomes.as_slice(), [Outcome::Done(_)]), "{outcomes:?}");
    }

    /// The company's balances by account, debits positive; accounts without a balance are left out.
    pub fn balances(&self) -> std::collections::BTreeMap<String, Decimal> {
        let rows = self.company.trial_balance().into_iter().map(|row| (row.account, row.debit - row.credit));
        rows.filter(|(_, balance)| !balance.is_zero()).collect()
    }

    /// Codes of an order's open holds.
    pub async fn holds(&self, order: u64) -> Vec<String> {
        let open = self.store.open_holds(Some(STORE), Some(order), 0, 100).await.unwrap();
        open.into_iter().map(|stored| stored.hold.code).collect()
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
[[companies]]
name = "sandbox"
url = "{gateway}"
company_id = "SANDBOX"
sender_id = "sandbox_sender"
sender_password = {{ env = "T_SENDER" }}
user_id = "ws_cartledger"
user_password = {{ env = "T_USER" }}
application_account = "1190"
timeout_seconds = 3
{company}[[stores]]
name = "{STORE}"
store_hash = "testhash1"
api_url = "{shop}"
access_token = {{ env = "T_TOKEN" }}
client_secrets = [{{ env = "T_CLIENT_SECRET" }}]
company = "sandbox"
[stores.accounting]
receivable_account = "1100"
time_zone = "America/Chicago"
"#
    )
}
