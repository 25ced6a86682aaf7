//! `cartledger bench-sync`: orders through the real service and its counterparts on this machine, beside what the
//! counterparts allow, and what limited it at each moment.

mod ceiling;
mod limiter;
mod report;
mod run;
mod stand;
mod wake;

use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use self::report::Report;
use super::show;
use crate::clock::random_id;
use crate::config::Environment;
use crate::embedded::{EmbeddedPostgres, Purpose};
use crate::telemetry::{self, LogFormat};

/// Requests of each permit in a run of order mode, so that beginning and end weigh little.
const ROUNDS: u32 = 40;
/// Documents of an order here: an invoice and a receipt.
const DOCUMENTS: u32 = 2;
/// BigCommerce's calls for an order here: the order, its taxes, its transactions, its refunds.
const CALLS: u32 = 4;

/// What to measure.
#[derive(Debug, Args)]
pub(super) struct BenchSyncArguments {
    /// Orders of a run; by default enough for 40 requests of each permit, or for three windows of the quota
    #[arg(long, value_name = "N")]
    orders: Option<u32>,
    /// How long the Intacct company takes to answer
    #[arg(long, value_name = "MS", default_value_t = 300)]
    latency: u32,
    /// Requests that the company takes at a time
    #[arg(long, value_name = "C", default_value = "2")]
    concurrency: NonZeroU32,
    /// Documents in a request at most
    #[arg(long, value_name = "K", default_value = "20")]
    documents_per_request: NonZeroU32,
    /// Whether each order is posted, or each day
    #[arg(long, value_enum, default_value_t = Mode::Order)]
    mode: Mode,
    /// BigCommerce's quota: calls in a window; without it there is none
    #[arg(long, value_name = "CALLS")]
    quota: Option<NonZeroU32>,
    /// The window of the quota
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    window: NonZeroU32,
    /// The share of the quota that is left to others
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..100))]
    reserve: u32,
    /// Orders worked on at a time; by default as the settings' default
    #[arg(long, value_name = "N")]
    at_once: Option<NonZeroU32>,
    /// Runs; the one in the middle is reported
    #[arg(long, value_name = "R", default_value = "1")]
    runs: NonZeroU32,
    /// Measure instead how long after a webhook the shop is asked for its order, of so many webhooks one at a time
    #[arg(long, value_name = "N")]
    wake: Option<NonZeroU32>,
    /// With --wake: how long an order rests after its webhook; the time is counted from the end of the rest
    #[arg(long, value_name = "MS", default_value_t = 0, requires = "wake")]
    debounce: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How orders are posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// Each by itself
    Order,
    /// Summed up by day
    Daily,
}

impl BenchSyncArguments {
    fn latency(&self) -> Duration {
        Duration::from_millis(self.latency.into())
    }

    fn orders(&self) -> u32 {
        let by_default = match (self.quota, self.mode) {
            // A first window that has begun already, and a part of one more.
            (Some(quota), _) => quota.get() * (100 - self.reserve) / 100 * 9 / 2 / CALLS,
            (None, Mode::Order) => ROUNDS * self.concurrency.get() * self.documents_per_request.get() / DOCUMENTS,
            (None, Mode::Daily) => 400,
        };
        self.orders.unwrap_or(by_default).max(1)
    }
}

pub(super) async fn run(arguments: BenchSyncArguments) -> anyhow::Result<ExitCode> {
    telemetry::install_logs(LogFormat::Auto, "error")?;
    // Every commit is on disk before it is answered, as in a real service.
    let folder = std::env::temp_dir().join(format!("cartledger-bench-{}", random_id().simple()));
    let environment = Environment::of_process();
    let given = environment.get("DATABASE_URL");
    let postgres = EmbeddedPostgres::given_or_start(given, Purpose::Run, Some(folder.clone())).await?;
    let measured = tokio::select! {
        measured = measure(&arguments, &postgres) => measured,
        // Its database stays on a server that is not ours; nothing else does.
        interrupted = tokio::signal::ctrl_c() => Err(interrupted.map_or_else(Into::into, |()| anyhow!("interrupted"))),
    };
    postgres.stop().await?;
    // It is there only when Postgres was ours.
    let _ = std::fs::remove_dir_all(&folder);
    let report = measured?;
    let text = if arguments.json { format!("{}\n", serde_json::to_string_pretty(&report)?) } else { report.text() };
    show(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(arguments: &BenchSyncArguments, postgres: &EmbeddedPostgres) -> anyhow::Result<Report> {
    let bar = Progress::new();
    if let Some(webhooks) = arguments.wake {
        let debounce = Duration::from_millis(arguments.debounce.into());
        let wake =
            wake::measure(postgres, webhooks.get(), debounce, &bar).await.context("measuring the way of a webhook")?;
        let together = wake::together(postgres, &bar).await.context("sending three webhooks of one order")?;
        return Ok(Report { speed: None, wake: Some(wake), together });
    }
    bar.say("what the company allows");
    let before = ceiling::requests_per_second(arguments).await.context("asking the company alone")?;
    let mut runs = Vec::new();
    for number in 1..=arguments.runs.get() {
        let name = format!("run {number} of {}", arguments.runs);
        runs.push(run::play(arguments, postgres, &name, &bar).await.with_context(|| name.clone())?);
    }
    let together = wake::together(postgres, &bar).await.context("sending three webhooks of one order")?;
    bar.say("what the company allows, again");
    let after = ceiling::requests_per_second(arguments).await.context("asking the company alone")?;
    let speed = report::Speed::of(arguments, [before, after], runs)?;
    Ok(Report { speed: Some(speed), wake: None, together })
}

/// How far it is, on a terminal only.
struct Progress(ProgressBar);

impl Progress {
    fn new() -> Self {
        // Drawn on standard error, and on a terminal only.
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg:60} {bar:30} {pos}/{len}  {elapsed}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn say(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
        self.0.tick();
    }

    fn at(&self, done: u64, of: u64) {
        self.0.set_length(of);
        self.0.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
