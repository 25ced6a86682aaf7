//! `cartledger orders`: where each order stands, over the API of a running service.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use super::output::{Column, OutputArguments};
use super::remote::{Body, StoreArguments, filters};
use super::show;

/// What to do with orders.
#[derive(Debug, Args)]
pub(super) struct OrdersArguments {
    #[command(subcommand)]
    command: OrdersCommand,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum OrdersCommand {
    /// List orders by ascending number
    List {
        /// posted, collected, held, waiting, excluded or failing
        #[arg(long)]
        outcome: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Show one order and what it has cost
    Show {
        /// Its number in the shop
        order: u64,
    },
    /// List what was posted of an order
    Documents {
        /// Its number in the shop
        order: u64,
    },
    /// Show everything that is known of an order, as JSON
    Dossier {
        /// Its number in the shop
        order: u64,
    },
    /// List what happened to an order, oldest first
    Timeline {
        /// Its number in the shop
        order: u64,
    },
    /// Post nothing of an order, for a reason
    Exclude {
        /// Its number in the shop
        order: u64,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take an order back in that was excluded
    Include {
        /// Its number in the shop
        order: u64,
    },
    /// Say that a document was entered in Intacct by hand; it counts once Intacct's record was found to be equal
    ByHand(ByHandArguments),
}

/// A document that was entered by hand.
#[derive(Debug, Args)]
struct ByHandArguments {
    /// The document's key, as `orders documents` shows it
    key: String,
    /// RECORDNO in Intacct
    #[arg(long, required_unless_present = "number")]
    record_no: Option<String>,
    /// Its number in Intacct
    #[arg(long, conflicts_with = "record_no")]
    number: Option<String>,
    /// Why
    #[arg(long)]
    note: String,
}

const TIMELINE: [Column; 4] = [("At (UTC)", "at"), ("What", "event"), ("Of", "subject"), ("", "detail")];

const ORDERS: [Column; 8] = [
    ("Order", "order_id"),
    ("Outcome", "outcome"),
    ("Date", "order_date"),
    ("Status", "status"),
    ("Total", "total"),
    ("", "currency"),
    ("Customer", "customer_id"),
    ("Reason", "reason"),
];

const DOCUMENTS: [Column; 8] = [
    ("Document", "key"),
    ("Kind", "kind"),
    ("Number", "number"),
    ("State", "state"),
    ("Date", "posting_date"),
    ("Total", "total"),
    ("", "currency"),
    ("Record", "record_no"),
];

pub(super) async fn run(arguments: OrdersArguments) -> anyhow::Result<ExitCode> {
    let (remote, store) = arguments.store.open()?;
    let output = arguments.output;
    match arguments.command {
        OrdersCommand::List { outcome, limit } => {
            let query: Vec<_> = outcome.map(|outcome| ("outcome", outcome)).into_iter().collect();
            output.rows(&remote.all(&format!("{store}/orders"), &query, "orders", limit).await?, &ORDERS)?;
        }
        OrdersCommand::Show { order } => output.one(&remote.get(&format!("{store}/orders/{order}"), &[]).await?)?,
        OrdersCommand::Documents { order } => {
            let documents = remote.get(&format!("{store}/orders/{order}/documents"), &[]).await?;
            output.rows(documents.as_array().map_or(&[], Vec::as_slice), &DOCUMENTS)?;
        }
        OrdersCommand::Dossier { order } => {
            let dossier = remote.get(&format!("{store}/orders/{order}/dossier"), &[]).await?;
            show(format!("{}\n", serde_json::to_string_pretty(&dossier)?).as_bytes())?;
        }
        OrdersCommand::Timeline { order } => {
            let path = format!("{store}/orders/{order}/timeline");
            output.rows(&remote.all(&path, &[], "events", usize::MAX).await?, &TIMELINE)?;
        }
        OrdersCommand::Exclude { order, reason } => {
            let wish = Body::Json(json!({ "reason": reason }));
            output.one(&remote.ask(Method::POST, &format!("{store}/orders/{order}/exclude"), &[], wish).await?)?;
        }
        OrdersCommand::Include { order } => {
            remote.ask(Method::POST, &format!("{store}/orders/{order}/include"), &[], Body::None).await?;
            show(format!("Order {order} is read again within seconds.\n").as_bytes())?;
        }
        OrdersCommand::ByHand(claim) => {
            let named = filters([("record_no", claim.record_no), ("number", claim.number)]);
            let mut wish = json!({ "key": claim.key, "note": claim.note });
            for (name, value) in named {
                wish[name] = json!(value);
            }
            let path = format!("{store}/documents/by-hand");
            output.one(&remote.ask(Method::POST, &path, &[], Body::Json(wish)).await?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
