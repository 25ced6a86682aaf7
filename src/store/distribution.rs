//! Where the rows of each table lie on a Postgres that shards: by which column they are spread, or why they are not.
//!
//! Tests hold this list against the schema and the queries (tests/it/distribution), and docs/scale.md shows what follows
//! from it. On one server it changes nothing.

use std::fmt::Write;

/// How a table is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placement {
    /// Spread by the store's name: what belongs to one store lies together.
    ByStore,
    /// Spread by the Intacct company: what its stores share lies together.
    ByCompany,
    /// Small, the same on every node: read everywhere, hardly ever written.
    Reference,
    /// On the coordinator alone: of the whole installation, and joined with nothing that is spread.
    Coordinator,
}

impl Placement {
    /// The column by whose value rows are spread; `None` when they are not.
    pub fn column(self) -> Option<&'static str> {
        match self {
            Self::ByStore => Some("store"),
            Self::ByCompany => Some("company"),
            Self::Reference | Self::Coordinator => None,
        }
    }
}

/// A table and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Where its rows lie.
    pub placement: Placement,
    /// Why there.
    pub why: &'static str,
}

const fn table(name: &'static str, placement: Placement, why: &'static str) -> Table {
    Table { name, placement, why }
}

/// All tables. One that others refer to comes before them, because a foreign key must lead to a table that is spread already.
pub const TABLES: &[Table] = {
    use Placement::{ByCompany, ByStore, Coordinator, Reference};
    &[
        table("lane", ByStore, "an order's work; written with every delivery"),
        table("inbox", ByStore, "deliveries; written with the lane in one statement"),
        table("evidence", ByStore, "what was read of an order"),
        table("sales_order", ByStore, "where an order stands"),
        table("document", ByStore, "documents of orders, days and customers; the key begins with the store"),
        table("posting_line", ByStore, "a document's lines; written with it"),
        table("attempt", ByStore, "a document's tries; written with it"),
        table("summary_support", ByStore, "a summary's support; written with it"),
        table("hold", ByStore, "of an order or a document; replaced in one transaction"),
        table("order_exclusion", ByStore, "a decision about an order; read when it is sent"),
        table("by_hand", ByStore, "a claim of a document; read when it is sent"),
        table("order_way", ByStore, "a decision about an order"),
        table("rulebook", ByStore, "each store has rules of its own"),
        table("rule_proposal", ByStore, "becomes a revision of the store's rules"),
        table("ledger_event", ByStore, "becomes documents of the store"),
        table("schedule", ByStore, "one row per store and schedule; moved on with the lanes it marks"),
        table("schedule_run", ByStore, "runs of a schedule"),
        table("backfill", ByStore, "moved on with the lanes it marks"),
        table("included_order", ByStore, "orders that a backfill includes"),
        table("retention", ByStore, "how far what is old of a store was removed"),
        table("webhook_wish", ByStore, "one row per store; compared with its deliveries"),
        table("webhook_hook", ByStore, "a store's webhooks"),
        table("dry_run", ByStore, "of one store's orders"),
        table("dry_run_order", ByStore, "a dry run's orders"),
        table("dry_run_line", ByStore, "what a dry run would post"),
        table("dry_run_hold", ByStore, "what a dry run would hold"),
        table("dry_run_difference", ByStore, "what a dry run would change"),
        table("api_usage_of_order", ByStore, "what an order cost"),
        table("company_gate", ByCompany, "whether a company may be called; shared by its stores"),
        table("company_slot", ByCompany, "permits for a company"),
        table("company_slot_waiter", ByCompany, "who waits for a company's permits"),
        table("api_usage", ByCompany, "what a company pays for; summed up by company and month"),
        table("company_over_budget", ByCompany, "a company's budget"),
        table("customer", ByCompany, "stores of one company share its customers"),
        table("customer_card", ByCompany, "what a customer was told; read with the customer"),
        table("master_record", ByCompany, "what a company has set up"),
        table("master_refresh", ByCompany, "how far that is read; moved on with it"),
        table("api_token", Reference, "a few rows, read with every request of the admin API on whatever node"),
        table("audit_entry", Coordinator, "one chain over everything: there is one end of it"),
        table("audit_head", Coordinator, "the end of that chain"),
        table("kept_answer", Coordinator, "answers of a day, by whoever asked; of no store"),
        table("task_lease", Coordinator, "who does what only one replica does"),
        table("api_meter", Coordinator, "one row per process"),
    ]
};

/// The placement of a table; `None` when it is not in the list.
pub fn placement_of(table: &str) -> Option<Placement> {
    TABLES.iter().find(|known| known.name == table).map(|known| known.placement)
}

/// The statements that spread the tables of a migrated database with Citus. The first table of each column is a group of its
/// own, and the others are laid beside it.
pub fn statements() -> String {
    let mut text = String::new();
    let mut first: [Option<&str>; 2] = [None; 2];
    for Table { name, placement, .. } in TABLES {
        let group = match placement {
            Placement::ByStore => &mut first[0],
            Placement::ByCompany => &mut first[1],
            Placement::Reference => {
                let _ = writeln!(text, "select create_reference_table('{name}');");
                continue;
            }
            Placement::Coordinator => continue,
        };
        let column = placement.column().unwrap_or_default();
        let beside = group.get_or_insert(name);
        let beside = if beside == name { "none" } else { *beside };
        let _ = writeln!(text, "select create_distributed_table('{name}', '{column}', colocate_with => '{beside}');");
    }
    text
}
