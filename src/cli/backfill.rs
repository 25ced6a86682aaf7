//! `cartledger backfill`: orders of the past, marked due at a pace of their own.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::output::{Column, OutputArguments};
use super::progress::{Measure, Total, watch};
use super::remote::{Body, Remote, StoreArguments};
use super::show;

/// What to do with backfills.
#[derive(Debug, Args)]
pub(super) struct BackfillArguments {
    #[command(subcommand)]
    command: BackfillCommand,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum BackfillCommand {
    /// Start one; doing so twice posts nothing twice
    Start(StartArguments),
    /// List them, the newest first
    List,
    /// Show how far one is
    Show { id: i64 },
    /// Watch one until it has ended or is paused
    Watch { id: i64 },
    /// Stop one for a while
    Pause { id: i64 },
    /// Let one go on
    Resume { id: i64 },
    /// Stop one for good; orders that were marked stay so
    Cancel { id: i64 },
}

/// Which orders.
#[derive(Debug, Args)]
struct StartArguments {
    /// Orders placed at this moment or later (UTC), for example 2026-03-01T00:00:00Z
    #[arg(long)]
    placed_from: Timestamp,
    /// Orders placed at this moment or before (UTC)
    #[arg(long)]
    placed_to: Timestamp,
    /// Only orders in this status of the shop, by its number; may be given several times
    #[arg(long = "status", value_name = "STATUS")]
    statuses: Vec<u32>,
    /// How many orders a minute at most
    #[arg(long)]
    orders_per_minute: Option<u32>,
    /// Also orders from before the store's go-live date
    #[arg(long)]
    before_go_live: bool,
    /// Wait until it has ended
    #[arg(long)]
    wait: bool,
}

const BACKFILLS: [Column; 9] = [
    ("Id", "id"),
    ("State", "state"),
    ("From", "placed_from"),
    ("To", "placed_to"),
    ("Percent", "percent"),
    ("Seen", "seen"),
    ("Marked", "marked"),
    ("By", "created_by"),
    ("Error", "last_error"),
];
const MEASURE: Measure = Measure { done: "percent", total: Total::Is(100), going: &["running"] };

pub(super) async fn run(arguments: BackfillArguments) -> anyhow::Result<ExitCode> {
    let (remote, store) = arguments.store.open()?;
    let (output, backfills) = (arguments.output, format!("{store}/backfills"));
    let change = async |id: i64, what: &str| {
        let changed = remote.ask(Method::POST, &format!("{backfills}/{id}/{what}"), &[], Body::None).await?;
        output.one(&changed)
    };
    match arguments.command {
        BackfillCommand::Start(start) => {
            let wait = start.wait;
            let mut wish = json!({
                "placed_from": start.placed_from.to_string(),
                "placed_to": start.placed_to.to_string(),
                "statuses": start.statuses,
                "before_go_live": start.before_go_live,
            });
            if let Some(pace) = start.orders_per_minute {
                wish["orders_per_minute"] = json!(pace);
            }
            let made = remote.ask(Method::POST, &backfills, &[], Body::Json(wish)).await?;
            let id = made.get("id").and_then(Value::as_i64).context("the service named no backfill")?;
            if wait {
                return watched(&remote, &format!("{backfills}/{id}"), output).await;
            } else {
                show(
                    format!("Backfill {id} has started; cartledger backfill watch {id} shows how far it is.\n")
                        .as_bytes(),
                )?;
            }
        }
        BackfillCommand::List => {
            output.rows(&remote.all(&backfills, &[], "backfills", usize::MAX).await?, &BACKFILLS)?
        }
        BackfillCommand::Show { id } => output.one(&remote.get(&format!("{backfills}/{id}"), &[]).await?)?,
        BackfillCommand::Watch { id } => return watched(&remote, &format!("{backfills}/{id}"), output).await,
        BackfillCommand::Pause { id } => change(id, "pause").await?,
        BackfillCommand::Resume { id } => change(id, "resume").await?,
        BackfillCommand::Cancel { id } => change(id, "cancel").await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Watches a backfill; exit status 1 when it did not get to its end.
async fn watched(remote: &Remote, path: &str, output: OutputArguments) -> anyhow::Result<ExitCode> {
    let ended = watch(remote, path, &MEASURE).await?;
    output.one(&ended)?;
    let done = ended.get("state").and_then(Value::as_str) == Some("done");
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
