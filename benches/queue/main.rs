//! Orders a second through claim and completion, beside graphile-worker; with a large backlog, with an idle transaction
//! open elsewhere, and with one hot order.
//!
//! `cargo bench --bench queue -- [--only PART] [--jobs N] [--runs R] [--seconds S] [--no-peers]`. See benches/README.md.

#[path = "../common/mod.rs"]
mod common;
mod graphile;
mod hot;
mod memory;
mod workers;

use std::time::Duration;

use common::cpu;
use common::figures::{Figures, given, option, print_table, wanted};
use common::postgres::Server;
use workers::{Drained, Work};

fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    let jobs = option("--jobs").unwrap_or(100_000);
    let runs = usize::try_from(option("--runs").unwrap_or(3))?;
    let time = Duration::from_secs(option("--seconds").unwrap_or(8));
    let peers = if given("--no-peers") || !wanted("peer") { None } else { common::peers::installed().await };
    println!("medians of {runs} runs; compilers running now: {}", cpu::compilers());
    let server = Server::start().await?;
    if wanted("peer") {
        beside_the_peer(&server, jobs, runs, peers.as_deref()).await?;
    }
    if wanted("backlog") {
        backlogs(&server, time, runs).await?;
    }
    if wanted("idle") {
        idle_transaction(&server, option("--idle-jobs").unwrap_or(250_000), runs).await?;
    }
    if wanted("hot") {
        hot::measure(&server, jobs, runs).await?;
    }
    if wanted("memory") {
        memory::measure(&server, option("--due").unwrap_or(1_000_000)).await?;
    }
    println!("compilers running at the end: {}", cpu::compilers());
    server.stop().await
}

/// Works off the same number of jobs, the peer first and last.
async fn beside_the_peer(
    server: &Server,
    jobs: u64,
    runs: usize,
    peers: Option<&std::path::Path>,
) -> anyhow::Result<()> {
    let mut peer = Figures::default();
    let batches = [20, 100];
    let mut ours: Vec<(Figures, Figures, Figures)> = vec![Default::default(); batches.len()];
    for _ in 0..runs {
        let first = match peers {
            Some(folder) => Some(graphile::work_off(server, folder, jobs).await?),
            None => None,
        };
        let mut drained = Vec::new();
        for batch in batches {
            let work = Work::new(server, "drain").await?;
            work.fill(jobs).await?;
            drained.push(work.drain(batch).await?);
            work.end(server).await?;
        }
        let last = match peers {
            Some(folder) => Some(graphile::work_off(server, folder, jobs).await?),
            None => None,
        };
        for rate in [first, last].into_iter().flatten() {
            peer.add(rate);
        }
        for ((rate, ratio, microseconds), drained) in ours.iter_mut().zip(drained) {
            rate.add(drained.per_second());
            microseconds.add(drained.postgres_us());
            if let (Some(first), Some(last)) = (first, last) {
                ratio.add(drained.per_second() / ((first + last) / 2.0));
            }
        }
    }
    let mut rows = vec![vec!["graphile-worker, local queue".to_owned(), peer.show(0), "1.00".into(), String::new()]];
    for (batch, (rate, ratio, microseconds)) in batches.iter().zip(&ours) {
        rows.push(vec![
            format!("claim and complete, up to {batch}"),
            rate.show(0),
            ratio.show(2),
            microseconds.show(1),
        ]);
    }
    print_table(
        &format!("{jobs} jobs that do nothing, four workers"),
        &["", "a second", "of the peer", "Postgres us"],
        &rows,
    );
    Ok(())
}

/// The same work with so much more waiting behind it.
async fn backlogs(server: &Server, time: Duration, runs: usize) -> anyhow::Result<()> {
    let backlogs = [10_000, 100_000, 1_000_000];
    let mut all: Vec<(Figures, Figures)> = vec![Default::default(); backlogs.len()];
    for _ in 0..runs {
        let mut rates = Vec::new();
        for backlog in backlogs {
            let work = Work::new(server, "backlog").await?;
            work.fill(backlog).await?;
            rates.push(work.hold_for(time).await?.per_second());
            work.end(server).await?;
        }
        for ((rate, ratio), reached) in all.iter_mut().zip(&rates) {
            rate.add(*reached);
            ratio.add(reached / rates[0]);
        }
    }
    let rows: Vec<Vec<String>> = backlogs
        .iter()
        .zip(&all)
        .map(|(backlog, (rate, ratio))| vec![backlog.to_string(), rate.show(0), ratio.show(2)])
        .collect();
    print_table("backlog held at its size by new orders", &["orders waiting", "a second", "of the first"], &rows);
    Ok(())
}

/// The same number of jobs with and without a transaction open elsewhere that keeps vacuum from removing anything.
async fn idle_transaction(server: &Server, jobs: u64, runs: usize) -> anyhow::Result<()> {
    const WINDOWS: usize = 5;
    let mut rates = [Figures::default(), Figures::default()];
    let mut ratio = Figures::default();
    let mut windows = [vec![Figures::default(); WINDOWS], vec![Figures::default(); WINDOWS]];
    for _ in 0..runs {
        let mut last = [0.0; 2];
        for (kind, open) in [false, true].into_iter().enumerate() {
            let work = Work::new(server, "idle").await?;
            work.fill(jobs / 5).await?;
            let pinned = if open { Some(work.idle_transaction().await?) } else { None };
            let drained = work.hold_until(jobs).await?;
            drop(pinned);
            work.end(server).await?;
            rates[kind].add(drained.per_second());
            let seen = Drained::windows(&drained, WINDOWS);
            for (figures, window) in windows[kind].iter_mut().zip(&seen) {
                figures.add(*window);
            }
            last[kind] = seen.last().copied().unwrap_or_default();
        }
        ratio.add(last[1] / last[0]);
    }
    let row = |name: &str, kind: usize| {
        let of = windows[kind].iter().map(|window| format!("{:.0}", window.median()));
        std::iter::once(name.to_owned()).chain([rates[kind].show(0)]).chain(of).collect()
    };
    let rows = [row("nothing open", 0), row("a transaction open", 1)];
    print_table(
        &format!("{jobs} jobs, orders a second in windows of a fifth; last window with to without: {}", ratio.show(2)),
        &["", "all", "1", "2", "3", "4", "5"],
        &rows,
    );
    Ok(())
}
