//! The Order Entry form of a document: items with quantity and price, and subtotals, that come to its journal lines.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::super::journal::{Dimensions, JournalLine};

/// How many decimals Intacct keeps of an amount (Intacct docs, AR invoices): finer ones would be rounded line by line.
pub const AMOUNT_DECIMALS: u32 = 2;

/// A sale or its return as an Order Entry document. The accounts are those that the company's own set-up must book the
/// items and subtotals to; the journal lines of the document say the same to the cent, or it cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntry {
    /// The transaction definition, by name.
    pub definition: String,
    /// What is sold or comes back; at least one.
    pub items: Vec<OrderEntryItem>,
    /// Everything else, each name once.
    pub subtotals: Vec<OrderEntrySubtotal>,
}

/// Units of an item at one price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntryItem {
    /// Intacct's item id.
    pub item: String,
    /// How many units; above zero.
    pub quantity: Decimal,
    /// A unit of the item's unit group.
    pub unit: String,
    /// The price of one unit without tax, in major units of the document's currency; below zero for a discount.
    pub price: Decimal,
    /// Intacct's warehouse id.
    pub warehouse: Option<String>,
    /// What a reader of the document sees.
    pub memo: String,
    /// The account Intacct books it to.
    pub account: String,
    /// Location, department and so on.
    pub dimensions: Dimensions,
}

impl OrderEntryItem {
    /// Quantity times price as Intacct rounds it, in major units.
    pub fn amount(&self) -> Decimal {
        let exact = self.quantity.checked_mul(self.price).unwrap_or_default();
        exact.round_dp_with_strategy(AMOUNT_DECIMALS, RoundingStrategy::MidpointAwayFromZero)
    }
}

/// A subtotal of the transaction definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntrySubtotal {
    /// Its description in the definition, by which it is named.
    pub name: String,
    /// What it adds to the document, in major units; below zero for a discount.
    pub amount: Decimal,
    /// The account Intacct books it to.
    pub account: String,
    /// Location, department and so on; never an item.
    pub dimensions: Dimensions,
}

impl OrderEntry {
    /// What is wrong with it beside the lines of a document over `total`: nothing, when they and the entries cancel out
    /// and leave one leg of the total. `sign` is that of the lines' credits: -1 for a sale, 1 for a return.
    pub(super) fn problem(&self, lines: &[JournalLine], total: Decimal, sign: Decimal) -> Option<String> {
        if self.definition.trim().is_empty() || self.items.is_empty() {
            return Some("it has no transaction definition or no items".to_owned());
        }
        let fine = |amount: Decimal| amount.normalize().scale() > AMOUNT_DECIMALS;
        if let Some(item) = self.items.iter().find(|item| item.quantity <= Decimal::ZERO || fine(item.price)) {
            return Some(format!("{} times {} of {} is not what Intacct takes", item.quantity, item.price, item.item));
        }
        let mut places: BTreeMap<(&str, BTreeMap<String, String>), Decimal> = BTreeMap::new();
        for line in lines {
            *places.entry((&line.account, line.dimensions.ids())).or_default() += line.signed();
        }
        let items = self.items.iter().map(|item| (&item.account, &item.dimensions, item.amount()));
        let subtotals = self.subtotals.iter().map(|row| (&row.account, &row.dimensions, row.amount));
        for (account, dimensions, amount) in items.chain(subtotals) {
            *places.entry((account, dimensions.ids())).or_default() -= amount * sign;
        }
        places.retain(|_, amount| !amount.is_zero());
        let left: Vec<Decimal> = places.values().copied().collect();
        match left[..] {
            [only] if only == -total * sign => None,
            _ => {
                Some(format!("its items and subtotals leave {left:?} of its journal lines beside the total of {total}"))
            }
        }
    }
}
