//! Order-entry mode: a sale or a return as items and subtotals of a transaction definition.
//!
//! What a document comes to in Intacct is what its journal lines say, to the cent: prices are whole cents, so that Intacct
//! has nothing to round, and whatever it would book otherwise than the rules say is held.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::super::document::{
    AMOUNT_DECIMALS, Dimensions, JournalLine, OrderEntry, OrderEntryItem, OrderEntrySubtotal,
};
use super::super::hold::{Blocks, Hold, HoldCode};
use super::super::journal::ITEM;
use super::super::policy::{OrderEntryPolicy, SubtotalKind};
use super::context::{Desk, Holds};
use super::piece::{Piece, Side, What};

/// Whether a return can be an Order Entry document: units come back, and no money of a line does without them. Only units
/// are items there; other returns are adjustments.
pub(super) fn returns_units(pieces: &[Piece]) -> bool {
    let goods = |piece: &&Piece| matches!(piece.what, What::Goods(_));
    let with_units = |piece: &Piece| matches!(piece.what, What::Goods(units) if units > Decimal::ZERO);
    pieces.iter().any(with_units) && pieces.iter().filter(goods).all(with_units)
}

/// Puts pieces into an Order Entry document; answers it with the legs it makes. Everything that cannot be said there
/// becomes a hold, all at once.
pub(super) fn entered(
    desk: &Desk,
    definition: &str,
    pieces: &[Piece],
    side: Side,
    blocks: &Blocks,
    holds: &mut Holds,
) -> Option<(OrderEntry, Vec<JournalLine>)> {
    let mut entry = Entry { policy: &desk.context.policy.order_entry, items: Vec::new(), subtotals: BTreeMap::new() };
    let (mut lines, mut troubles) = (Vec::new(), Vec::new());
    for piece in pieces {
        match entry.put(piece) {
            Ok(dimensions) => lines.push(JournalLine { dimensions, ..piece.line(side) }),
            Err(trouble) => troubles.push((trouble, piece.amount, format!(", {}", piece.memo))),
        }
    }
    if entry.items.is_empty() && troubles.is_empty() {
        let message = "it has no item, and an Order Entry document needs one".to_owned();
        let remedy = "give `item` in the rule of one of its charges, or book it by hand";
        troubles.push((Trouble { message, remedy }, pieces.iter().map(|piece| piece.amount).sum(), String::new()));
    }
    let fine = troubles.is_empty();
    for (Trouble { message, remedy }, amount, what) in troubles {
        holds.add(Hold {
            code: HoldCode::OrderEntryIncomplete,
            // Each has a subject of its own: holds of one code and subject are one.
            subject: format!("order {}, {definition}{what}", desk.context.evidence.order.id),
            message,
            remedy: remedy.to_owned(),
            amount: Some(desk.context.money(amount)),
            blocks: blocks.clone(),
        });
    }
    let subtotals = entry.subtotals.into_values().filter(|subtotal| !subtotal.amount.is_zero()).collect();
    fine.then(|| (OrderEntry { definition: definition.to_owned(), items: entry.items, subtotals }, lines))
}

/// Why a piece cannot be said.
struct Trouble {
    message: String,
    remedy: &'static str,
}

/// A document while it is put together.
struct Entry<'a> {
    policy: &'a OrderEntryPolicy,
    items: Vec<OrderEntryItem>,
    subtotals: BTreeMap<String, OrderEntrySubtotal>,
}

impl Entry<'_> {
    /// Puts a piece in; answers the dimensions Intacct books it with.
    fn put(&mut self, piece: &Piece) -> Result<Dimensions, Trouble> {
        if piece.amount.normalize().scale() > AMOUNT_DECIMALS {
            return Err(Trouble {
                message: format!("{} of {} has more decimals than Intacct keeps", piece.amount, piece.memo),
                remedy: "post orders of this currency in order mode, or book it by hand",
            });
        }
        match (piece.what, &piece.form.item) {
            (What::Goods(units), Some(item)) => self.item(piece, item, units),
            (What::Goods(_), None) => Err(Trouble {
                message: format!("{} gives no item, and goods of an Order Entry document need one", piece.rule),
                remedy: "give `item` in this rule, or in a more specific one for each product",
            }),
            (What::Other(_), Some(item)) => self.item(piece, item, Decimal::ONE),
            (What::Other(kind), None) => self.subtotal(piece, kind),
        }
    }

    /// Units at one price, or at two that are a cent apart.
    fn item(&mut self, piece: &Piece, item: &str, units: Decimal) -> Result<Dimensions, Trouble> {
        let other = self.items.iter().find(|other| other.item == item && other.account != piece.account);
        if let Some(other) = other {
            return Err(Trouble {
                message: format!(
                    "the rules book item {item} to {} and to {}, and a transaction definition has one account for it",
                    other.account, piece.account
                ),
                remedy: "give one account, or two items, in the rules of these products",
            });
        }
        let prices = prices(units, piece.amount).ok_or_else(|| Trouble {
            message: format!("{} units of {} have no price in cents that makes {}", units, piece.memo, piece.amount),
            remedy: "book the order by hand, or sell whole units",
        })?;
        let unit = piece.form.unit.as_ref().unwrap_or(&self.policy.unit);
        let warehouse = piece.form.warehouse.as_ref().or(self.policy.warehouse.as_ref());
        self.items.extend(prices.into_iter().map(|(quantity, price)| OrderEntryItem {
            item: item.to_owned(),
            quantity,
            unit: unit.clone(),
            price,
            warehouse: warehouse.cloned(),
            memo: piece.memo.clone().into_owned(),
            account: piece.account.to_owned(),
            dimensions: piece.dimensions.clone(),
        }));
        Ok(piece.dimensions.clone())
    }

    /// An amount on a subtotal. That stands once on a document, for all items together: its parts have one account and
    /// the same dimensions, and none of one item.
    fn subtotal(&mut self, piece: &Piece, kind: SubtotalKind) -> Result<Dimensions, Trouble> {
        let Some(name) = piece.form.subtotal.as_ref().or_else(|| self.policy.subtotals.get(&kind)) else {
            return Err(Trouble {
                message: format!("no subtotal is named for {kind}, and {} gives neither that nor an item", piece.rule),
                remedy: "name the transaction definition's subtotal in the settings (order_entry.subtotals), or give \
                         `subtotal` or `item` in this rule",
            });
        };
        let dimensions = piece.dimensions.without(ITEM);
        let known = self.subtotals.entry(name.clone()).or_insert_with(|| OrderEntrySubtotal {
            name: name.clone(),
            amount: Decimal::ZERO,
            account: piece.account.to_owned(),
            dimensions: dimensions.clone(),
        });
        if known.account != piece.account || !known.dimensions.same_ids(&dimensions) {
            return Err(Trouble {
                message: format!(
                    "the rules book parts of the subtotal '{name}' to several accounts or dimensions ({} and {}), and \
                     it stands once on a document",
                    place(&known.account, &known.dimensions),
                    place(piece.account, &dimensions)
                ),
                remedy: "give each part a `subtotal` of its own, or an `item`, in its rule",
            });
        }
        known.amount += piece.amount;
        Ok(dimensions)
    }
}

/// An account with its dimensions, for a reader.
fn place(account: &str, dimensions: &Dimensions) -> String {
    let shown: Vec<String> = dimensions.iter().map(|(name, dimension)| format!(" {name} {}", dimension.id)).collect();
    format!("{account}{}", shown.concat())
}

/// Units and their price, in whole cents, that make `amount` exactly.
///
/// Where it does not divide, some of the units cost a cent more than the others (three for 100.00 are two for 33.33 and
/// one for 33.34), so that nothing depends on how many decimals of a price Intacct keeps. Parts of units cannot be set
/// apart like that: they have a price only when Intacct's rounding of it gives the amount. `None` when there is none.
fn prices(units: Decimal, amount: Decimal) -> Option<Vec<(Decimal, Decimal)>> {
    let even = amount.checked_div(units).filter(|_| units > Decimal::ZERO)?;
    let round = |value: Decimal, how| {
        let mut rounded = value.round_dp_with_strategy(AMOUNT_DECIMALS, how);
        rounded.rescale(AMOUNT_DECIMALS);
        rounded
    };
    if !units.is_integer() {
        let price = round(even, RoundingStrategy::MidpointAwayFromZero);
        let made = round(units.checked_mul(price)?, RoundingStrategy::MidpointAwayFromZero);
        return (made == amount).then(|| vec![(units.normalize(), price)]);
    }
    let cent = Decimal::new(1, AMOUNT_DECIMALS);
    let low = round(even, RoundingStrategy::ToNegativeInfinity);
    let dearer = amount.checked_sub(units.checked_mul(low)?)?.checked_div(cent)?;
    let split = [(units - dearer, low), (dearer, low + cent)];
    Some(
        split
            .into_iter()
            .filter(|(units, _)| *units > Decimal::ZERO)
            .map(|(u, price)| (u.normalize(), price))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::dec;
    use super::*;

    fn shown(units: &str, amount: &str) -> String {
        let prices = prices(dec(units), dec(amount)).unwrap_or_default();
        prices.iter().map(|(units, price)| format!("{units} x {price}")).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_price_that_does_not_divide_is_two_prices_a_cent_apart() {
        assert_eq!(shown("3", "99.99"), "3 x 33.33");
        assert_eq!(shown("3", "100.00"), "2 x 33.33, 1 x 33.34");
        assert_eq!(shown("3", "0.02"), "1 x 0.00, 2 x 0.01");
        assert_eq!(shown("1", "-5.00"), "1 x -5.00");
        assert_eq!(shown("3", "-10.00"), "1 x -3.34, 2 x -3.33");
        assert_eq!(shown("2", "0"), "2 x 0.00");
    }

    #[test]
    fn parts_of_units_have_a_price_only_where_rounding_makes_the_amount() {
        assert_eq!(shown("1.5", "10.05"), "1.5 x 6.70");
        assert_eq!(shown("1.5", "10.00"), "", "6.66 makes 9.99 and 6.67 makes 10.01");
        assert_eq!(shown("0", "10.00"), "");
    }

    proptest::proptest! {
        #[test]
        fn whole_units_always_make_their_amount(units in 1u32..5_000, cents in -1_000_000_000i64..1_000_000_000) {
            let (units, amount) = (Decimal::from(units), Decimal::new(cents, 2));
            let prices = prices(units, amount).unwrap();
            proptest::prop_assert!(prices.len() <= 2);
            let made: Decimal = prices.iter().map(|(units, price)| units * price).sum();
            proptest::prop_assert_eq!(made, amount);
            proptest::prop_assert_eq!(prices.iter().map(|(units, _)| *units).sum::<Decimal>(), units);
            proptest::prop_assert!(prices.iter().all(|(_, price)| price.scale() <= AMOUNT_DECIMALS));
        }
    }
}
