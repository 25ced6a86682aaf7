//! The rulebook as a table: one rule a row, one field a column, and back without loss.
//!
//! Columns: `id`, `kind`, `when:` and each condition, `valid_from`, `valid_to`, everything a rule can give, the standard
//! dimensions, `dimension:NAME` for each user-defined one (sorted), `note`. An empty cell is a field the rule does not
//! have. Reading finds columns by name, in any order; only `id` and `kind` must be there.
//!
//! No cell is a formula to a spreadsheet: see `spreadsheet`.

mod quoting;
mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;
