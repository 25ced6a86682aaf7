//! The reference: what Postgres itself takes, asked by its own load generator.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::process::Command;

use super::cpu;
use super::postgres::Server;

/// One delivery a statement and a commit, into the very table of the service; the numbers are random, so none repeats.
const INSERT: &str = r#"\set id random(1, 1000000000000000)
\set order random(1, 1000000)
insert into inbox (store, webhook_id, scope, order_id, event_at, body)
values ('acme-us', :id::text || '0123456789012345678901234', 'store/order/updated', :order, now(),
        '{"producer":"stores/abc123","hash":"0123456789012345678901234567890123456789","created_at":1766000000,"store_id":"1000000001","scope":"store/order/updated","data":{"type":"order","id":100000}}')
on conflict (store, webhook_id) do nothing;
"#;

/// What pgbench reached.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    /// Rows a second.
    pub per_second: f64,
    /// Microseconds of processor time of Postgres for each.
    pub microseconds: f64,
}

/// Runs it with so many clients in a database with the service's schema.
pub async fn insert_rows(server: &Server, database: &str, clients: usize, time: Duration) -> anyhow::Result<Reached> {
    let script = server.folder().join("insert.sql");
    std::fs::write(&script, INSERT)?;
    let before = cpu::spent(server.pid()?);
    let output = Command::new(program()?)
        .args(["-n", "-M", "prepared", "-j", "2", "-U", "cartledger", "-h"])
        .arg(server.folder())
        .args(["-c", &clients.to_string(), "-T", &time.as_secs().to_string(), "-f"])
        .arg(&script)
        .arg(database)
        .output()
        .await?;
    // What its sessions spent counts once Postgres has collected them.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let spent = cpu::spent(server.pid()?).saturating_sub(before);
    let text = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(output.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
    let per_second: f64 = figure(&text, "tps = ").context("pgbench says no rate")?;
    let rows: f64 = figure(&text, "number of transactions actually processed: ").context("pgbench says no count")?;
    Ok(Reached { per_second, microseconds: spent.as_secs_f64() * 1e6 / rows })
}

fn figure(text: &str, before: &str) -> Option<f64> {
    let (_, behind) = text.split_once(before)?;
    behind.split_whitespace().next()?.parse().ok()
}

/// It lies beside the server's programs.
fn program() -> anyhow::Result<PathBuf> {
    let beside = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        beside.map(|entry| entry.path().join("bin/pgbench")).filter(|path| path.exists()).collect();
    found.sort();
    Ok(found.pop().unwrap_or_else(|| PathBuf::from("pgbench")))
}
