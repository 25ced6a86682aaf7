//! Writes rules as a table.

use std::collections::BTreeSet;

use super::super::{Field, Rule};
use crate::accounting::spreadsheet::guarded;

/// The rules as a table. Only ASCII, or it begins with a byte order mark: without one a spreadsheet on Windows takes
/// UTF-8 for the code page of the country.
pub(in super::super) fn write(rules: &[Rule]) -> String {
    let mut fields = Field::standard();
    let own: BTreeSet<Field> = rules
        .iter()
        .flat_map(|rule| rule.gives.keys())
        .map(|give| Field::Give(give.clone()))
        .filter(|field| !fields.contains(field))
        .collect();
    fields.extend(own);
    fields.push(Field::Note);
    let mut text = String::new();
    row(&mut text, fields.iter().map(Field::to_string));
    for rule in rules {
        row(&mut text, fields.iter().map(|field| guarded(&field.value(rule).unwrap_or_default())));
    }
    if text.is_ascii() { text } else { format!("\u{feff}{text}") }
}

fn row(text: &mut String, cells: impl Iterator<Item = String>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            text.push(',');
        }
        let special = |letter| matches!(letter, ',' | ';' | '\t' | '"' | '\r' | '\n');
        if cell.contains(special) || cell.trim() != cell {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push('\n');
}
