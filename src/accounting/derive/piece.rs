//! The pieces of a sale or a refund: each is a leg of the journal and, in order-entry mode, an item or a subtotal.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::super::document::{Dimensions, JournalLine};
use super::super::journal::ITEM;
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
    /// Of what no rule decides.
    pub const NONE: Form = Form { item: None, unit: None, warehouse: None, subtotal: None };

    /// What a rule says.
    pub fn of(found: &Resolved) -> Self {
        let given = |give: Give| found.given(&give).map(str::to_owned);
        Self {
            item: found.dimensions().get(ITEM).map(str::to_owned),
            unit: given(Give::Unit),
            warehouse: given(Give::Warehouse),
            subtotal: given(Give::Subtotal),
        }
    }
}

/// One piece of a document, on one account. It is made of what was decided before, and only looks at it.
pub(super) struct Piece<'a> {
    pub account: &'a str,
    pub dimensions: &'a Dimensions,
    pub rule: &'a str,
    pub memo: Cow<'a, str>,
    /// What the document is larger by, in major units; below zero for what makes it smaller.
    pub amount: Decimal,
    pub what: What,
    pub form: &'a Form,
}

impl Piece<'_> {
    /// Its leg of the journal.
    pub fn line(&self, side: Side) -> JournalLine {
        let signed = match side {
            Side::Sale => -self.amount,
            Side::Return => self.amount,
        };
        signed_line(self.account, signed, self.dimensions.clone(), &self.memo, self.rule)
    }
}
