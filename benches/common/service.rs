//! The real service as a process of its own, everything switched on.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use cartledger::sandbox::settings::Sections;
use tokio::process::{Child, Command};

use super::postgres::Server;

/// The client secret that deliveries are signed with.
pub const SECRET: &str = "bench-client-secret";
/// The store in the settings.
pub const STORE: &str = "acme-us";
/// Its hash.
pub const STORE_HASH: &str = "abc123";

/// A server that listens.
pub struct Service {
    child: Child,
    /// Where.
    pub address: SocketAddr,
}

impl Service {
    /// Waits until a started process listens.
    pub async fn listening(mut child: Child, address: SocketAddr) -> anyhow::Result<Self> {
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return Ok(Self { child, address });
            }
            anyhow::ensure!(child.try_wait()?.is_none(), "the server ended while it was starting");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("the server does not listen");
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Ends it as an operator does.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = rustix::process::Pid::from_raw(self.pid().cast_signed()) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        self.child.wait().await?;
        Ok(())
    }
}

/// The counterparts in the settings: where the shop and the company answer.
pub struct Counterparts {
    pub shop: String,
    pub gateway: String,
}

impl Counterparts {
    /// Nobody answers there.
    pub fn none() -> Self {
        Self { shop: "http://127.0.0.1:9".into(), gateway: "http://127.0.0.1:9/".into() }
    }
}

/// `cartledger serve` with these roles, logs as in production.
pub async fn start(
    server: &Server,
    database: &str,
    roles: &str,
    counterparts: &Counterparts,
) -> anyhow::Result<Service> {
    let address = free_address()?;
    let settings = server.folder().join("cartledger.toml");
    std::fs::write(&settings, settings_text(address, counterparts))?;
    let log = std::fs::File::create(server.folder().join("service.log"))?;
    let child = Command::new(env!("CARGO_BIN_EXE_cartledger"))
        .args(["serve", "--role", roles, "--config"])
        .arg(&settings)
        .env("DATABASE_URL", server.url(database)?)
        .env("BENCH_ACCESS_TOKEN", SECRET)
        .env("BENCH_CLIENT_SECRET", SECRET)
        .env("BENCH_SENDER_PASSWORD", "sandbox-sender-password")
        .env("BENCH_USER_PASSWORD", "sandbox-user-password")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()?;
    Service::listening(child, address).await
}

/// An address nobody listens on.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn settings_text(address: SocketAddr, counterparts: &Counterparts) -> String {
    let sections = Sections {
        secrets: "BENCH",
        company: "acme",
        gateway: &counterparts.gateway,
        more_of_company: "",
        store: STORE,
        store_hash: STORE_HASH,
        shop: &counterparts.shop,
        more_of_store: "",
    }
    .text();
    format!(
        r#"[server]
listen = "{address}"

[log]
format = "json"

{sections}
[stores.accounting]
number_prefix = "BC-"
receivable_account = "1100"
time_zone = "America/Chicago"
base_currency = "USD"
"#
    )
}
