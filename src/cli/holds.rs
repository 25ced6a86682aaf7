//! `cartledger holds`: what is held, grouped by cause, and what a person does about it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::output::{Column, OutputArguments};
use super::remote::{Body, StoreArguments, filters};
use super::show;

/// What to do with holds.
#[derive(Debug, Args)]
pub(super) struct HoldsArguments {
    #[command(subcommand)]
    command: HoldsCommand,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum HoldsCommand {
    /// List what is held, oldest first; snoozed holds only with --snoozed
    List {
        #[command(flatten)]
        which: Which,
        /// Those that are snoozed instead
        #[arg(long)]
        snoozed: bool,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// List the causes of holds, the most money first
    Groups,
    /// Show one
    Show { id: i64 },
    /// Try again what is held; safe at any time
    Retry {
        /// These holds
        ids: Vec<i64>,
        #[command(flatten)]
        which: Which,
        /// All holds of the store
        #[arg(long)]
        all: bool,
    },
    /// Take a hold out of the list until a moment; it goes on blocking
    Snooze {
        id: i64,
        /// Until when (UTC), for example 2026-04-01T08:00:00Z
        #[arg(long)]
        until: Timestamp,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Put a hold back into the list
    Unsnooze { id: i64 },
}

/// Which holds.
#[derive(Debug, Args)]
struct Which {
    /// Only with this code, for example missing-rule
    #[arg(long)]
    code: Option<String>,
    /// Only about this
    #[arg(long)]
    subject: Option<String>,
    /// Only of this cause, as a group names it
    #[arg(long)]
    cause: Option<String>,
    /// Only of this order
    #[arg(long = "order", value_name = "ORDER")]
    order_id: Option<u64>,
}

const HOLDS: [Column; 8] = [
    ("Id", "id"),
    ("Order", "order_id"),
    ("Code", "code"),
    ("Blocks", "amount"),
    ("", "currency"),
    ("Since (UTC)", "opened_at"),
    ("What is wrong", "message"),
    ("To do", "remedy"),
];
const GROUPS: [Column; 8] = [
    ("Code", "code"),
    ("Cause", "cause"),
    ("Holds", "holds"),
    ("Orders", "orders"),
    ("Blocks", "amounts"),
    ("Oldest (UTC)", "oldest"),
    ("For example", "example_order"),
    ("To do", "remedy"),
];

pub(super) async fn run(arguments: HoldsArguments) -> anyhow::Result<ExitCode> {
    let (remote, store) = arguments.store.open()?;
    let (output, holds) = (arguments.output, format!("{store}/holds"));
    match arguments.command {
        HoldsCommand::List { which, snoozed, limit } => {
            let mut query = filters(which.texts());
            query.extend(which.order_id.map(|order| ("order_id", order.to_string())));
            query.extend(snoozed.then(|| ("snoozed", "true".to_owned())));
            output.rows(&remote.all(&holds, &query, "holds", limit).await?, &HOLDS)?;
        }
        HoldsCommand::Groups => {
            output.rows(&remote.all(&format!("{store}/hold-groups"), &[], "groups", usize::MAX).await?, &GROUPS)?;
        }
        HoldsCommand::Show { id } => output.one(&remote.get(&format!("{holds}/{id}"), &[]).await?)?,
        HoldsCommand::Retry { ids, which, all } => {
            let wish = which.wish(&ids, all);
            output.one(&remote.ask(Method::POST, &format!("{holds}/retry"), &[], Body::Json(wish)).await?)?;
        }
        HoldsCommand::Snooze { id, until, reason } => {
            let wish = json!({ "until": until.to_string(), "reason": reason });
            remote.ask(Method::POST, &format!("{holds}/{id}/snooze"), &[], Body::Json(wish)).await?;
            show(format!("Hold {id} is out of the list until {until}.\n").as_bytes())?;
        }
        HoldsCommand::Unsnooze { id } => {
            remote.ask(Method::POST, &format!("{holds}/{id}/unsnooze"), &[], Body::None).await?;
            show(format!("Hold {id} is in the list again.\n").as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Which {
    fn texts(&self) -> [(&'static str, Option<String>); 3] {
        [("code", self.code.clone()), ("subject", self.subject.clone()), ("cause", self.cause.clone())]
    }

    /// As the body of a request.
    fn wish(&self, ids: &[i64], all: bool) -> Value {
        let mut wish: Map<String, Value> =
            filters(self.texts()).into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        if let Some(order) = self.order_id {
            wish.insert("order_id".into(), json!(order));
        }
        if !ids.is_empty() {
            wish.insert("ids".into(), json!(ids));
        }
        if all {
            wish.insert("all".into(), json!(true));
        }
        Value::Object(wish)
    }
}
