//! Memory of the service with a million orders due: they wait in Postgres, not in the process.

use std::time::Duration;

use cartledger::sandbox::bigcommerce::{Store as Shop, StoreSettings};
use cartledger::sandbox::intacct::{Company, CompanySettings};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::common::cpu;
use super::common::figures::print_table;
use super::common::postgres::Server;
use super::common::service::{self, Counterparts, SECRET, STORE_HASH};
use super::workers::Work;

/// For so long the service works on them.
const WATCHED: Duration = Duration::from_secs(20);

/// The service with all roles works on so many orders that are due; none of them is known to the shop, so that each is
/// read, judged and held.
pub async fn measure(server: &Server, due: u64) -> anyhow::Result<()> {
    let work = Work::new(server, "memory").await?;
    work.fill(due).await?;
    let (shop, stop) = shop().await?;
    let company = Company::new(CompanySettings::default())?;
    let served = company.serve(TcpListener::bind("127.0.0.1:0").await?)?;
    let counterparts = Counterparts { shop, gateway: served.gateway_url() };
    let service = service::start(server, work.name(), "ingest,worker,api", &counterparts).await?;
    let idle = cpu::resident(service.pid());
    let mut most = idle;
    for _ in 0..WATCHED.as_millis() / 100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(cpu::resident(service.pid()));
    }
    let left = work.store.backlog().await?.lanes;
    service.stop().await?;
    stop.cancel();
    work.end(server).await?;
    anyhow::ensure!(left < due, "the service has worked on nothing");
    let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    let rows = [vec![megabytes(idle), megabytes(most), (due - left).to_string()]];
    print_table(
        &format!("memory of the service, {due} orders due"),
        &["at the start", "at its peak", "orders done"],
        &rows,
    );
    Ok(())
}

async fn shop() -> anyhow::Result<(String, CancellationToken)> {
    let settings = StoreSettings {
        quota: 10_000_000,
        ..StoreSettings::new(STORE_HASH, SecretString::from(SECRET), SecretString::from(SECRET))
    };
    let shop = Shop::new(settings)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, stop) = (format!("http://{}", listener.local_addr()?), CancellationToken::new());
    let stopped = stop.clone();
    tokio::spawn(async move { shop.serve(listener, stopped).await });
    Ok((address, stop))
}
