//! How the company set Order Entry up: transaction definitions, the items' units and GL groups, warehouses.
//!
//! A transaction definition decides everything about its documents: numbering, what is posted and to which accounts, which
//! subtotals there are (Intacct docs, Order Entry).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What the documents of a definition are in Accounts Receivable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Posts {
    /// Nothing: a quote or an order.
    Nothing,
    /// An invoice.
    Invoice,
    /// A credit.
    Credit,
}

/// A transaction definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionDefinition {
    /// What the automatic numbers start with; `None` when each document brings its own number.
    pub numbering: Option<String>,
    /// What it posts to Accounts Receivable.
    pub posts: Posts,
    /// Whether that is posted to the general ledger too.
    pub to_ledger: bool,
    /// The state of documents that do not say theirs: `Draft`, `Pending` or `Closed`.
    pub default_state: String,
    /// The account of items by their GL group.
    pub accounts: BTreeMap<String, String>,
    /// The subtotals by description, each with its account.
    pub subtotals: BTreeMap<String, String>,
    /// The only entity that may use it; `None` for all and the top level.
    pub entity: Option<String>,
}

/// What Order Entry knows of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemSetup {
    /// Its GL group.
    pub gl_group: String,
    /// The units of its unit group, as they are spelled.
    pub units: BTreeSet<String>,
    /// Whether it is kept in warehouses, so that each line names one.
    pub stocked: bool,
}

/// The set-up of Order Entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntrySetup {
    /// Transaction definitions by name.
    pub definitions: BTreeMap<String, TransactionDefinition>,
    /// Items by id. One that is not here cannot be sold in Order Entry.
    pub items: BTreeMap<String, ItemSetup>,
    /// Warehouses: id and name.
    pub warehouses: BTreeMap<String, String>,
}

/// The subtotals of both stock definitions.
const SUBTOTALS: &[(&str, &str)] = &[
    ("Shipping", "4010"),
    ("Handling", "4020"),
    ("Discount", "4090"),
    ("Coupon", "4095"),
    ("Sales Tax", "2200"),
    ("State Tax", "2200-ST"),
    ("County Tax", "2200-CO"),
    ("City Tax", "2200-CI"),
    ("District Tax", "2200-DI"),
    ("Restocking Fee", "4210"),
    ("Goodwill", "4100"),
];

impl Default for OrderEntrySetup {
    /// The stock definitions, posting to the accounts of the default chart.
    fn default() -> Self {
        let invoice = definition(Posts::Invoice, "4000");
        let order = TransactionDefinition {
            numbering: Some("SO".to_owned()),
            posts: Posts::Nothing,
            to_ledger: false,
            ..invoice.clone()
        };
        let item = |gl_group: &str, stocked| ItemSetup {
            gl_group: gl_group.to_owned(),
            units: ["Each", "Dozen"].map(str::to_owned).into(),
            stocked,
        };
        Self {
            definitions: [
                ("Sales Order", order),
                ("Sales Invoice", invoice),
                ("Sales Credit Memo", definition(Posts::Credit, "4100")),
            ]
            .map(|(name, definition)| (name.to_owned(), definition))
            .into(),
            items: [
                ("SKU-1", item("Goods", true)),
                ("SKU-2", item("Goods", true)),
                ("SHIPPING", item("Shipping", false)),
                ("GIFT-CARD", item("Gift cards", false)),
            ]
            .map(|(id, item)| (id.to_owned(), item))
            .into(),
            warehouses: [("WH1".to_owned(), "Main warehouse".to_owned())].into(),
        }
    }
}

/// A definition with numbers by hand whose goods go to `goods`.
fn definition(posts: Posts, goods: &str) -> TransactionDefinition {
    let owned = |(name, account): (&str, &str)| (name.to_owned(), account.to_owned());
    TransactionDefinition {
        numbering: None,
        posts,
        to_ledger: true,
        default_state: "Pending".to_owned(),
        accounts: [("Goods", goods), ("Shipping", "4010"), ("Gift cards", "2300")].map(owned).into(),
        subtotals: SUBTOTALS.iter().copied().map(owned).collect(),
        entity: None,
    }
}
