//! The derivation: what the ledger should contain for one order.

use serde::{Deserialize, Serialize};

use super::customer::CustomerRecord;
use super::document::Document;
use super::hold::Hold;
use super::money::Money;

/// Whether an order is posted at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum Eligibility {
    /// It is posted, unless a hold keeps it.
    Post,
    /// Not yet: its status is not one of those that are posted. The reason says which.
    Waiting(String),
    /// Never. The reason says why.
    Excluded(String),
}

/// What the ledger should contain for one order, and what keeps it from there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Derivation {
    /// The store's name.
    pub store: String,
    /// BigCommerce's order id.
    pub order_id: u64,
    /// Whether it is posted at all.
    pub status: Eligibility,
    /// Who it is with; `None` when nothing is posted or the buyer cannot be made a customer.
    pub customer: Option<CustomerRecord>,
    /// The documents, each before those that need it. None when a hold blocks the order.
    pub documents: Vec<Document>,
    /// Every reason not to post, all at once.
    pub holds: Vec<Hold>,
    /// What the buyer owes or owed for the order, with tax, before gift certificates and store credit.
    pub order_total: Money,
    /// The part of it that a marketplace collected as tax and that is left out of our books.
    pub marketplace_tax: Money,
    /// What of the invoice is not paid by any tender and not taken back against it.
    pub open_balance: Money,
}
