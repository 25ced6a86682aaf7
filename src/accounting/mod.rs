//! The pure heart: one order as facts and the team's rules in, documents and holds out.
//!
//! Nothing here reads a clock, a file, a network or a database, and nothing is random: the same evidence, rulebook and
//! policy give the same bytes for ever. That is what lets a posting be re-derived years later and compared.

pub mod base;
pub mod customer;
pub mod derive;
mod discounts;
pub mod document;
pub mod events;
pub mod evidence;
pub(crate) mod hash;
pub mod hold;
pub mod journal;
pub mod masters;
pub mod money;
pub mod period;
pub mod policy;
pub mod rulebook;
pub mod similar;
pub mod spreadsheet;
pub mod summary;
#[cfg(test)]
pub(crate) mod testing;
pub mod totals;
