//! Journal lines that balance in base currency too, whatever rate Intacct converts them with.
//!
//! Intacct is told a journal's rate and no base amounts, so it converts every line by itself: what balances in its own
//! currency may be a cent off in base currency then. Pairs of one debit and one credit of the same amount cannot be.

use rust_decimal::Decimal;

use crate::accounting::document::{Document, Exchange, JournalLine};
use crate::accounting::money::Currency;

/// The lines of a journal to send: as they are, or in pairs where they would not balance, or where that cannot be told.
pub(super) fn lines(document: &Document, base: Currency) -> Vec<JournalLine> {
    let converted = |rate: Decimal| {
        let amounts =
            document.lines.iter().map(|line| line.signed().checked_mul(rate).map(|amount| base.round(amount)));
        amounts.sum::<Option<Decimal>>()
    };
    let balances = match &document.exchange {
        _ if document.currency == base || document.lines.len() <= 2 => true,
        Some(Exchange::Rate { rate, .. }) => converted(*rate).is_some_and(|sum| sum.is_zero()),
        Some(Exchange::RateType(_) | Exchange::RateTypeOn { .. }) | None => false,
    };
    if balances { document.lines.clone() } else { pairs(&document.lines) }
}

/// Every debit with as much credit, in their order; what is on a line stays on it.
fn pairs(lines: &[JournalLine]) -> Vec<JournalLine> {
    let mut debits = lines.iter().filter(|line| !line.debit.is_zero()).map(|line| (line, line.debit));
    let mut credits = lines.iter().filter(|line| !line.credit.is_zero()).map(|line| (line, line.credit));
    let (mut debit, mut credit) = (debits.next(), credits.next());
    let mut paired = Vec::new();
    while let (Some((from, owed)), Some((to, due))) = (debit, credit) {
        let amount = owed.min(due);
        paired.push(JournalLine { debit: amount, ..from.clone() });
        paired.push(JournalLine { credit: amount, ..to.clone() });
        debit = if owed > amount { Some((from, owed - amount)) } else { debits.next() };
        credit = if due > amount { Some((to, due - amount)) } else { credits.next() };
    }
    paired
}
