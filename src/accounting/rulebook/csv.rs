//! The rulebook as a table: one rule a row, one field a column, and back without loss.
//!
//! Columns: `id`, `kind`, `when:` and each condition, `valid_from`, `valid_to`, everything a rule can give, the standard
//! dimensions, `dimension:NAME` for each user-defined one (sorted), `note`. An empty cell is a field the rule does not
//! have. Reading finds columns by name, in any order; only `id` and `kind` must be there.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula (OWASP, CSV
//! injection). Such a cell is written with an apostrophe before it, and so is one in which apostrophes come before such a
//! character; reading takes exactly that one apostrophe away. So nothing a spreadsheet opens is a formula, and every text
//! comes back as it was. Written by hand without the apostrophe such a text is taken as it stands.

mod quoting;
mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;

/// Whether a spreadsheet could take a cell that begins with this for a formula. The wide forms are those of East Asian
/// keyboards.
fn begins_a_formula(letter: char) -> bool {
    matches!(letter, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

fn looks_like_a_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(begins_a_formula)
}

/// The text with an apostrophe before it, when a spreadsheet would take it for a formula.
fn guarded(text: &str) -> String {
    if looks_like_a_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text [`guarded`] was given.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if looks_like_a_formula(text) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula_and_every_text_comes_back() {
        for text in ["=1+1", "-5", "+49", "@x", "'=1", "''-", "\tx", "＝1"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        for text in ["", "0100", "'", "'tis", "a=b", "''x", "*"] {
            assert_eq!(guarded(text), text);
        }
        for text in ["=1+1", "'=1", "''-", "'", "'tis", "''x", "0100", ""] {
            assert_eq!(unguarded(&guarded(text)), text);
        }
        assert_eq!(unguarded("-5"), "-5", "written by hand without the apostrophe");
    }
}
