//! `cartledger dry-run`: what orders would post, under these rules or others, without posting anything.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::output::{Column, OutputArguments};
use super::progress::{Measure, Total, watch};
use super::remote::{Body, Remote, StoreArguments};
use super::{rules_files, show};

/// What to do with dry runs.
#[derive(Debug, Args)]
pub(super) struct DryRunArguments {
    #[command(subcommand)]
    command: DryRunCommand,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum DryRunCommand {
    /// Start one, wait until it has ended, and show its effect on each account
    Start(StartArguments),
    /// List the dry runs that are kept, the newest first
    List,
    /// Show how far one is, or how it ended
    Show { id: i64 },
    /// Stop one
    Cancel { id: i64 },
    /// Show a result of one
    Result {
        id: i64,
        /// Which
        what: Results,
    },
}

/// Which orders, and by which rules.
#[derive(Debug, Args)]
struct StartArguments {
    /// Only these orders; may be given several times
    #[arg(long = "order", value_name = "ORDER")]
    orders: Vec<u64>,
    /// Only orders that stand so: held, posted, ...
    #[arg(long)]
    outcome: Option<String>,
    /// Only orders placed on this day of the store or later
    #[arg(long, value_name = "DAY")]
    order_date_from: Option<Date>,
    /// Only orders placed on this day of the store or earlier
    #[arg(long, value_name = "DAY")]
    order_date_to: Option<Date>,
    /// By an older revision of the rules; the newest when not given
    #[arg(long, conflicts_with = "rules")]
    revision: Option<i64>,
    /// By the rules in this file or folder, which are not saved
    #[arg(long, value_name = "FILE|FOLDER")]
    rules: Option<PathBuf>,
    /// Why, for the list
    #[arg(long, default_value = "")]
    note: String,
    /// Only start it
    #[arg(long)]
    no_wait: bool,
}

/// A result of a dry run.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Results {
    /// Debits and credits of each account and month
    Effects,
    /// Every mapping that is missing, the most money first
    Missing,
    /// What differs from what is posted
    Differences,
    /// Every line
    Journals,
    /// Every reason not to post
    Holds,
    /// How each order would stand
    Orders,
}

const RUNS: [Column; 8] = [
    ("Id", "id"),
    ("State", "state"),
    ("Done", "orders_done"),
    ("Of", "orders_total"),
    ("Revision", "revision"),
    ("By", "created_by"),
    ("At (UTC)", "created_at"),
    ("Note", "note"),
];
const EFFECTS: &[Column] = &[
    ("Account", "account"),
    ("Month", "month"),
    ("", "currency"),
    ("Debit", "debit"),
    ("Credit", "credit"),
    ("Net", "net"),
    ("Lines", "lines"),
];
const MISSING: &[Column] = &[
    ("Rank", "rank"),
    ("Missing", "mapping"),
    ("Blocks", "amount"),
    ("", "currency"),
    ("Orders", "orders"),
    ("For example", "order_id"),
    ("To do", "remedy"),
];
const DIFFERENCES: &[Column] = &[
    ("Order", "order_id"),
    ("Document", "document_key"),
    ("Change", "change"),
    ("Posted", "posted_total"),
    ("Derived", "derived_total"),
    ("", "currency"),
];
const JOURNALS: &[Column] = &[
    ("Order", "order_id"),
    ("Document", "document_key"),
    ("Date", "posting_date"),
    ("Account", "account"),
    ("Debit", "debit"),
    ("Credit", "credit"),
    ("", "currency"),
    ("Rule", "rule"),
];
const HOLDS: &[Column] = &[
    ("Order", "order_id"),
    ("Code", "code"),
    ("About", "subject"),
    ("Blocks", "amount"),
    ("", "currency"),
    ("What is wrong", "message"),
];
const ORDERS: &[Column] = &[
    ("Order", "order_id"),
    ("Outcome", "outcome"),
    ("Total", "total"),
    ("", "currency"),
    ("Documents", "documents"),
    ("To post", "to_post"),
    ("Reason", "reason"),
];

impl Results {
    fn path(self) -> &'static str {
        match self {
            Self::Effects => "effects",
            Self::Missing => "missing",
            Self::Differences => "differences",
            Self::Journals => "journals",
            Self::Holds => "holds",
            Self::Orders => "orders",
        }
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Self::Effects => EFFECTS,
            Self::Missing => MISSING,
            Self::Differences => DIFFERENCES,
            Self::Journals => JOURNALS,
            Self::Holds => HOLDS,
            Self::Orders => ORDERS,
        }
    }
}

pub(super) async fn run(arguments: DryRunArguments) -> anyhow::Result<ExitCode> {
    let (remote, store) = arguments.store.open()?;
    let (output, runs) = (arguments.output, format!("{store}/dry-runs"));
    match arguments.command {
        DryRunCommand::Start(start) => return begin(&remote, &runs, start, output).await,
        DryRunCommand::List => output.rows(&remote.all(&runs, &[], "dry_runs", usize::MAX).await?, &RUNS)?,
        DryRunCommand::Show { id } => output.one(&remote.get(&format!("{runs}/{id}"), &[]).await?)?,
        DryRunCommand::Cancel { id } => {
            remote.ask(Method::POST, &format!("{runs}/{id}/cancel"), &[], Body::None).await?;
            show(format!("Dry run {id} stops.\n").as_bytes())?;
        }
        DryRunCommand::Result { id, what } => result(&remote, &format!("{runs}/{id}"), what, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn begin(
    remote: &Remote,
    runs: &str,
    start: StartArguments,
    output: OutputArguments,
) -> anyhow::Result<ExitCode> {
    let no_wait = start.no_wait;
    let made = remote.ask(Method::POST, runs, &[], Body::Json(wish(start)?)).await?;
    let id = made.get("id").and_then(Value::as_i64).context("the service named no dry run")?;
    let path = format!("{runs}/{id}");
    if no_wait {
        show(format!("Dry run {id} has started.\n").as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let measure = Measure { done: "orders_done", total: Total::In("orders_total"), going: &["queued", "running"] };
    let ended = watch(remote, &path, &measure).await?;
    let state = ended.get("state").and_then(Value::as_str).unwrap_or_default();
    if state != "done" {
        output.one(&ended)?;
        return Ok(ExitCode::FAILURE);
    }
    result(remote, &path, Results::Effects, output).await?;
    eprintln!("Dry run {id}. More: cartledger dry-run result {id} missing|differences|journals|holds|orders");
    Ok(ExitCode::SUCCESS)
}

fn wish(start: StartArguments) -> anyhow::Result<Value> {
    let mut orders = Map::new();
    if !start.orders.is_empty() {
        orders.insert("order_ids".into(), json!(start.orders));
    }
    let texts = [
        ("outcome", start.outcome),
        ("order_date_from", start.order_date_from.map(|day| day.to_string())),
        ("order_date_to", start.order_date_to.map(|day| day.to_string())),
    ];
    orders.extend(texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))));
    let mut wish = json!({ "orders": orders, "note": start.note });
    if let Some(revision) = start.revision {
        wish["revision"] = json!(revision);
    }
    if let Some(rules) = &start.rules {
        wish["rules"] = serde_json::to_value(rules_files::read(rules)?)?;
    }
    Ok(wish)
}

async fn result(remote: &Remote, run: &str, what: Results, output: OutputArguments) -> anyhow::Result<()> {
    let path = format!("{run}/{}", what.path());
    if output.csv {
        // The service's own table has more columns, and the same totals.
        return show(&remote.table(&path).await?);
    }
    output.rows(&remote.all(&path, &[], "rows", usize::MAX).await?, what.columns())
}
