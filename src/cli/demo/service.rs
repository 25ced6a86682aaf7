//! The service of the demo: the program itself as a child process, started again when it is killed.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use tokio::process::{Child, ChildStdin, Command};

use super::world::{self, World};
use super::{STORE, step};
use crate::lifecycle::Shutdown;
use crate::sandbox::settings::Sections;

/// The token of the demo's admin API.
pub(super) const ADMIN_TOKEN: &str = "demo-admin-token";
/// How long the service may take to answer.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// How to start it.
pub(super) struct ServiceSettings {
    pub(super) folder: PathBuf,
    pub(super) port: u16,
    pub(super) database_url: String,
}

/// The running service.
pub(super) struct Service {
    settings_file: PathBuf,
    address: String,
    client: reqwest::Client,
    keeper: tokio::task::JoinHandle<()>,
}

impl Service {
    pub(super) async fn start(settings: ServiceSettings, world: &World, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let settings_file = settings.folder.join("cartledger.toml");
        std::fs::write(&settings_file, settings_text(settings.port, world))?;
        let address = format!("http://127.0.0.1:{}", settings.port);
        let first = spawn(&settings, &settings_file)?;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        let keeper = tokio::spawn(keep_running(first, settings, settings_file.clone(), shutdown.clone()));
        let service = Self { settings_file, address, client, keeper };
        service.wait_until_ready().await?;
        Ok(service)
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn settings_file(&self) -> &std::path::Path {
        &self.settings_file
    }

    pub(super) fn webhook_address(&self) -> String {
        format!("{}/webhooks/bigcommerce/{STORE}", self.address)
    }

    async fn wait_until_ready(&self) -> anyhow::Result<()> {
        let begun = tokio::time::Instant::now();
        loop {
            let answer = self.client.get(format!("{}/readyz", self.address)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            anyhow::ensure!(
                begun.elapsed() < START_PATIENCE,
                "the service does not answer on {}; see service.log beside {}",
                self.address,
                self.settings_file.display()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Puts the demo's rules through the API, unless the store has rules already.
    pub(super) async fn ensure_rules(&self, rules: &str) -> anyhow::Result<()> {
        let url = format!("{}/v1/stores/{STORE}/rules", self.address);
        let found = self.client.get(&url).bearer_auth(ADMIN_TOKEN).send().await?;
        if found.status().is_success() {
            return Ok(());
        }
        let rules: Value = serde_json::from_str(rules).context("the demo's rules are no JSON")?;
        let body = serde_json::json!({ "author": "demo", "note": "the demo's rules", "rules": rules });
        let answer = self
            .client
            .put(&url)
            .bearer_auth(ADMIN_TOKEN)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await?;
        let (status, text) = (answer.status(), answer.text().await?);
        anyhow::ensure!(status.is_success(), "the rules were refused: {text}");
        Ok(())
    }

    /// Waits until the service has stopped; the shutdown must have begun.
    pub(super) async fn stop(self) {
        if tokio::time::timeout(Duration::from_secs(30), self.keeper).await.is_err() {
            step("the service did not stop in time and is left to end by itself");
        }
    }
}

/// The child and its open input: the child stops when the input closes.
fn spawn(settings: &ServiceSettings, settings_file: &std::path::Path) -> anyhow::Result<(Child, Option<ChildStdin>)> {
    let log = std::fs::File::options().create(true).append(true).open(settings.folder.join("service.log"))?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["serve", "--until-input-closes", "--config"])
        .arg(settings_file)
        .env("DATABASE_URL", &settings.database_url)
        .env("DEMO_ACCESS_TOKEN", world::ACCESS_TOKEN)
        .env("DEMO_CLIENT_SECRET", world::CLIENT_SECRET)
        .env("DEMO_SENDER_PASSWORD", "sandbox-sender-password")
        .env("DEMO_USER_PASSWORD", "sandbox-user-password")
        .env("DEMO_ADMIN_TOKEN", ADMIN_TOKEN)
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        // Ctrl-C in the terminal is for us: we tell the child by closing its input.
        .process_group(0)
        .spawn()
        .context("starting the service")?;
    // Waiting for a child closes its input, so the input is kept apart.
    let input = child.stdin.take();
    Ok((child, input))
}

/// Starts the service again whenever it ends before its time, as an operator's supervisor would.
async fn keep_running(
    (mut child, mut input): (Child, Option<ChildStdin>),
    settings: ServiceSettings,
    settings_file: PathBuf,
    shutdown: Shutdown,
) {
    loop {
        tokio::select! {
            ended = child.wait() => {
                let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                step(&format!("the service ended ({how}); starting it again"));
                tokio::time::sleep(Duration::from_millis(200)).await;
                match spawn(&settings, &settings_file) {
                    Ok(next) => (child, input) = next,
                    Err(error) => {
                        step(&format!("the service cannot be started again: {error:#}"));
                        return shutdown.begin();
                    }
                }
            }
            () = shutdown.soft().cancelled_owned() => {
                drop(input.take());
                let _ = child.wait().await;
                return;
            }
        }
    }
}

fn settings_text(port: u16, world: &World) -> String {
    let counterparts = Sections {
        secrets: "DEMO",
        company: "sandbox",
        gateway: &world.gateway_url,
        more_of_company: "timeout_seconds = 10\n",
        store: STORE,
        store_hash: world::STORE_HASH,
        shop: &world.shop_address,
        more_of_store: "",
    }
    .text();
    format!(
        r#"# Written by `cartledger demo`. The secrets are the demo's own and come from its environment.
[server]
listen = "127.0.0.1:{port}"
debounce_ms = 300

[worker]
poll_ms = 200
lease_seconds = 25
payment_waits_seconds = [1, 1]

[log]
filter = "info"

[admin]
token = {{ env = "DEMO_ADMIN_TOKEN" }}

{counterparts}
[stores.accounting]
number_prefix = "BC-"
receivable_account = "1100"
time_zone = "America/Chicago"
base_currency = "USD"
"#
    )
}
