//! The peer: graphile-worker with its local queue and batched completion, the fastest of those tried.

use std::path::Path;

use anyhow::Context;
use cartledger::clock::random_id;

use super::common::peers;
use super::common::postgres::Server;

/// Fills its queue and works it off; answers jobs a second.
pub async fn work_off(server: &Server, folder: &Path, jobs: u64) -> anyhow::Result<f64> {
    let database = format!("graphile_{}", random_id().simple());
    server.empty_database(&database).await?;
    let environment = [("DATABASE_URL", server.url(&database)?), ("JOBS", jobs.to_string())];
    let output = peers::start(folder, "graphile.mjs", &environment)?.wait_with_output().await?;
    anyhow::ensure!(output.status.success(), "graphile-worker failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().rev().find(|line| line.starts_with('{')).context("graphile-worker says nothing")?;
    let told: serde_json::Value = serde_json::from_str(line)?;
    anyhow::ensure!(told["left"] == 0, "graphile-worker left jobs behind: {line}");
    server.drop_database(&database).await?;
    Ok(jobs as f64 / told["seconds"].as_f64().context("no time")?)
}
