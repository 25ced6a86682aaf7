//! The pieces of a sale or a refund: each is a leg of the journal and, in order-entry mode, an item or a subtotal.

use rust_decimal::Decimal;

use super::super::document::{Dimensions, JournalLine};
use super::super::policy::SubtotalKind;
use super::super::rulebook::{Give, Resolved};
use super::context::signed_line;

/// Whether a document takes or gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What the buyer owes is credited.
    Sale,
    /// What comes back is debited.
    Return,
}

/// What a piece is.
#[derive(Clone, Copy)]
pub(super) enum What {
    /// So many units of a line of the order.
    Goods(Decimal),
    /// Something else.
    Other(SubtotalKind),
}

/// What the rule of a piece says about its place in an Order Entry document.
#[derive(Clone, Default)]
pub(super) struct Form {
    pub item: Option<String>,
    pub unit: Option<String>,
    pub warehouse: Option<String>,
    pub subtotal: Option<String>,
}

impl Form {
    /// What a rule says.
    pub fn of(found: &Resolved) -> Self {
        let given = |give: Give| found.given(&give).map(str::to_owned);
        Self {
            item: given(Give::Dimension("item".to_owned())),
            unit: given(Give::Unit),
            warehouse: given(Give::Warehouse),
            subtotal: given(Give::Subtotal),
        }
    }
}

/// One piece of a document, on one account.
pub(super) struct Piece {
    pub account: String,
    pub dimensions: Dimensions,
    pub rule: String,
    pub memo: String,
    /// What the document is larger by, in major units; below zero for what makes it smaller.
    pub amount: Decimal,
    pub what: What,
    pub form: Form,
}

impl Piece {
    /// Its leg of the journal.
    pub fn line(&self, side: Side) -> JournalLine {
        let signed = match side {
            Side::Sale => -self.amount,
            Side::Return => self.amount,
        };
        signed_line(&self.account, signed, self.dimensions.clone(), &self.memo, &self.rule)
    }
}
