//! Texts in cells that no spreadsheet takes for formulas.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula (OWASP, CSV
//! injection). Such a cell is written with an apostrophe before it, and so is one in which apostrophes come before such a
//! character; reading takes exactly that one apostrophe away. So nothing a spreadsheet opens is a formula, and every text
//! comes back as it was. Written by hand without the apostrophe such a text is taken as it stands.

/// Whether a spreadsheet could take a cell that begins with this for a formula. The wide forms are those of East Asian
/// keyboards.
fn begins_a_formula(letter: char) -> bool {
    matches!(letter, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

fn looks_like_a_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(begins_a_formula)
}

/// The text with an apostrophe before it, when a spreadsheet would take it for a formula.
pub fn guarded(text: &str) -> String {
    if looks_like_a_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text [`guarded`] was given.
pub(super) fn unguarded(cell: &str) -> &str {
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
