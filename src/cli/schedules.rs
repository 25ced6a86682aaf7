//! `cartledger schedules` and `cartledger webhooks`: what happens by itself, and the hooks that BigCommerce calls.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::output::{Column, OutputArguments};
use super::remote::{Body, StoreArguments, encoded};
use super::show;

/// What to do with schedules.
#[derive(Debug, Args)]
pub(super) struct SchedulesArguments {
    #[command(subcommand)]
    command: SchedulesCommand,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum SchedulesCommand {
    /// List them
    List,
    /// Show one
    Show {
        /// orders, refunds or webhooks
        name: String,
    },
    /// Change how often one runs, or pause it
    Set {
        /// orders, refunds or webhooks
        name: String,
        /// Seconds between two runs
        #[arg(long)]
        every_seconds: Option<u32>,
        /// Pause it (true) or let it run (false)
        #[arg(long)]
        paused: Option<bool>,
    },
    /// Run one now
    Run {
        /// orders, refunds or webhooks
        name: String,
    },
    /// List the runs of one, the newest first
    Runs {
        /// orders, refunds or webhooks
        name: String,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
}

/// What to do with webhooks.
#[derive(Debug, Args)]
pub(super) struct WebhooksArguments {
    #[command(subcommand)]
    command: WebhooksCommand,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum WebhooksCommand {
    /// Make the hooks in BigCommerce, and keep them in repair
    Install,
    /// Show which hooks are there, active and right, and when the last delivery came
    Status,
    /// Look at the hooks now and mend them
    Repair,
    /// Take our hooks away; those of other apps stay
    Remove,
}

const SCHEDULES: [Column; 8] = [
    ("Name", "name"),
    ("Every (s)", "every_seconds"),
    ("Paused", "paused"),
    ("Next (UTC)", "next_at"),
    ("Last run (UTC)", "last_run.started_at"),
    ("Result", "last_run.result"),
    ("Acted on", "last_run.acted"),
    ("Failures", "failures"),
];
const RUNS: [Column; 7] = [
    ("Id", "id"),
    ("Started (UTC)", "started_at"),
    ("Ended (UTC)", "ended_at"),
    ("Result", "result"),
    ("Seen", "seen"),
    ("Acted on", "acted"),
    ("Error", "error"),
];
const SCOPES: [Column; 6] = [
    ("Scope", "scope"),
    ("Wanted", "wanted"),
    ("There", "there"),
    ("Active", "active"),
    ("Address right", "destination_right"),
    ("Headers right", "headers_right"),
];

fn rows(answer: &Value, list: &str) -> Vec<Value> {
    answer.get(list).and_then(Value::as_array).cloned().unwrap_or_default()
}

pub(super) async fn run(arguments: SchedulesArguments) -> anyhow::Result<ExitCode> {
    let (remote, store) = arguments.store.open()?;
    let (output, schedules) = (arguments.output, format!("{store}/schedules"));
    let path = |name: &str| format!("{schedules}/{}", encoded(name));
    match arguments.command {
        SchedulesCommand::List => {
            let list = remote.get(&schedules, &[]).await?;
            output.rows(&rows(&list, "schedules"), &SCHEDULES)?;
            warn(&list);
        }
        SchedulesCommand::Show { name } => output.one(&remote.get(&path(&name), &[]).await?)?,
        SchedulesCommand::Set { name, every_seconds, paused } => {
            let now = remote.get(&path(&name), &[]).await?;
            let wish = json!({
                "every_seconds": every_seconds.map_or(now["every_seconds"].clone(), Value::from),
                "paused": paused.map_or(now["paused"].clone(), Value::from),
            });
            output.one(&remote.ask(Method::PUT, &path(&name), &[], Body::Json(wish)).await?)?;
        }
        SchedulesCommand::Run { name } => {
            remote.ask(Method::POST, &format!("{}/run", path(&name)), &[], Body::None).await?;
            show(format!("The schedule {name} runs within seconds.\n").as_bytes())?;
        }
        SchedulesCommand::Runs { name, limit } => {
            output.rows(&remote.all(&format!("{}/runs", path(&name)), &[], "runs", limit).await?, &RUNS)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn webhooks(arguments: WebhooksArguments) -> anyhow::Result<ExitCode> {
    let (remote, store) = arguments.store.open()?;
    let (output, path) = (arguments.output, format!("{store}/webhooks"));
    let (method, path, said) = match arguments.command {
        WebhooksCommand::Status => {
            let status = remote.get(&path, &[]).await?;
            if output.json {
                output.one(&status)?;
            } else {
                output.rows(&rows(&status, "scopes"), &SCOPES)?;
            }
            warn(&status);
            return Ok(ExitCode::SUCCESS);
        }
        WebhooksCommand::Install => (Method::POST, format!("{path}/install"), "made and kept in repair"),
        WebhooksCommand::Repair => (Method::POST, format!("{path}/repair"), "looked at and mended"),
        WebhooksCommand::Remove => (Method::DELETE, path, "taken away"),
    };
    remote.ask(method, &path, &[], Body::None).await?;
    show(format!("The hooks are {said} within seconds; cartledger webhooks status shows them.\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Says on standard error what nobody should miss.
fn warn(answer: &Value) {
    for name in ["silence", "last_error"] {
        if let Some(text) = answer.get(name).and_then(Value::as_str) {
            eprintln!("{text}");
        }
    }
}
