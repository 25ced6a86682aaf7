//! `cartledger replay`: orders are read again, and what is missing in Intacct is posted; nothing is posted twice.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::output::{Column, OutputArguments};
use super::remote::{Body, StoreArguments, filters};
use super::show;

/// What to replay.
#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    #[command(subcommand)]
    command: ReplayCommand,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum ReplayCommand {
    /// One order, at once
    Order {
        /// Its number in the shop
        order: u64,
    },
    /// Many orders, at a pace that leaves room for live ones
    Orders {
        /// These orders
        orders: Vec<u64>,
        /// All orders of the store
        #[arg(long)]
        all: bool,
        /// Placed on this day of the store or later
        #[arg(long, value_name = "DAY")]
        placed_from: Option<Date>,
        /// Placed on this day of the store or earlier
        #[arg(long, value_name = "DAY")]
        placed_to: Option<Date>,
        /// That stand so: held, posted, ...
        #[arg(long)]
        outcome: Option<String>,
        /// At most so many a minute
        #[arg(long)]
        per_minute: Option<u32>,
    },
    /// List the webhook deliveries that are kept
    Deliveries {
        #[command(flatten)]
        when: When,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// The orders of webhook deliveries that are kept
    FromDeliveries {
        #[command(flatten)]
        when: When,
        /// All that are kept
        #[arg(long)]
        all: bool,
    },
}

/// Which deliveries.
#[derive(Debug, Args)]
struct When {
    /// Received at this moment or later (UTC)
    #[arg(long)]
    received_from: Option<Timestamp>,
    /// Received before this moment (UTC)
    #[arg(long)]
    received_to: Option<Timestamp>,
}

const DELIVERIES: [Column; 5] = [
    ("Id", "id"),
    ("Received (UTC)", "received_at"),
    ("Scope", "scope"),
    ("Order", "order_id"),
    ("Webhook id", "webhook_id"),
];

impl When {
    fn texts(&self) -> [(&'static str, Option<String>); 2] {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        [("received_from", text(self.received_from)), ("received_to", text(self.received_to))]
    }
}

fn object(texts: Vec<(&'static str, String)>) -> Map<String, Value> {
    texts.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

pub(super) async fn run(arguments: ReplayArguments) -> anyhow::Result<ExitCode> {
    let (remote, store) = arguments.store.open()?;
    let output = arguments.output;
    match arguments.command {
        ReplayCommand::Order { order } => {
            remote.ask(Method::POST, &format!("{store}/orders/{order}/replay"), &[], Body::None).await?;
            show(format!("Order {order} is read again within seconds.\n").as_bytes())?;
        }
        ReplayCommand::Orders { orders, all, placed_from, placed_to, outcome, per_minute } => {
            let day = |day: Option<Date>| day.map(|day| day.to_string());
            let texts = [("placed_from", day(placed_from)), ("placed_to", day(placed_to)), ("outcome", outcome)];
            let mut wish = object(filters(texts));
            if !orders.is_empty() {
                wish.insert("order_ids".into(), json!(orders));
            }
            if all {
                wish.insert("all".into(), json!(true));
            }
            if let Some(pace) = per_minute {
                wish.insert("per_minute".into(), json!(pace));
            }
            let path = format!("{store}/orders/replay");
            output.one(&remote.ask(Method::POST, &path, &[], Body::Json(Value::Object(wish))).await?)?;
        }
        ReplayCommand::Deliveries { when, limit } => {
            let path = format!("{store}/deliveries");
            output.rows(&remote.all(&path, &filters(when.texts()), "deliveries", limit).await?, &DELIVERIES)?;
        }
        ReplayCommand::FromDeliveries { when, all } => {
            let mut wish = object(filters(when.texts()));
            if all {
                wish.insert("all".into(), json!(true));
            }
            let path = format!("{store}/deliveries/replay");
            output.one(&remote.ask(Method::POST, &path, &[], Body::Json(Value::Object(wish))).await?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
