//! What commands show: a table on a terminal, the same as CSV, or JSON as the API has it.

use std::io::IsTerminal;

use clap::Args;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use rust_decimal::Decimal;
use serde_json::Value;

use super::show;
use crate::accounting::spreadsheet::guarded;

/// How wide a table is where nothing tells.
const WIDTH: u16 = 160;

/// How to show something.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct OutputArguments {
    /// Print JSON as the API has it
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print comma-separated values
    #[arg(long, global = true, conflicts_with = "json")]
    pub(super) csv: bool,
}

/// A column: its heading and the field it shows, for example `order_id` or `counts.done`.
pub(super) type Column = (&'static str, &'static str);

impl OutputArguments {
    /// Shows rows.
    ///
    /// # Errors
    /// When standard output takes nothing.
    pub(super) fn rows(self, rows: &[Value], columns: &[Column]) -> anyhow::Result<()> {
        if self.json {
            return show(format!("{}\n", serde_json::to_string_pretty(rows)?).as_bytes());
        }
        if self.csv {
            return show(&comma_separated(rows, columns)?);
        }
        if rows.is_empty() {
            return show(b"Nothing.\n");
        }
        show(format!("{}\n", table(rows, columns)).as_bytes())
    }

    /// Shows one thing: its fields one below the other.
    ///
    /// # Errors
    /// When standard output takes nothing.
    pub(super) fn one(self, thing: &Value) -> anyhow::Result<()> {
        if self.json {
            return show(format!("{}\n", serde_json::to_string_pretty(thing)?).as_bytes());
        }
        let rows: Vec<Value> = thing
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| serde_json::json!({ "name": name, "value": cell(Some(value)) }))
            .collect();
        if self.csv {
            return show(&comma_separated(&rows, &[("field", "name"), ("value", "value")])?);
        }
        show(format!("{}\n", table(&rows, &[("", "name"), ("", "value")])).as_bytes())
    }
}

fn field<'a>(row: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(row, |value, name| value.get(name))
}

/// A value as a cell shows it.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(values)) => values.iter().map(|value| cell(Some(value))).collect::<Vec<_>>().join(", "),
        Some(Value::Object(fields)) => {
            let parts = fields.iter().map(|(name, value)| format!("{name} {}", cell(Some(value))));
            parts.collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    }
}

/// Without what a terminal would take for a command.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

fn table(rows: &[Value], columns: &[Column]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::stdout().is_terminal() {
        table.set_width(WIDTH);
    }
    if columns.iter().any(|(heading, _)| !heading.is_empty()) {
        table.set_header(columns.iter().map(|(heading, _)| *heading));
    }
    for row in rows {
        table.add_row(columns.iter().map(|(_, path)| clean(&cell(field(row, path)))));
    }
    for (column, (_, path)) in table.column_iter_mut().zip(columns) {
        let amounts = rows.iter().filter_map(|row| field(row, path)).filter(|value| !value.is_null());
        if amounts.clone().next().is_some() && amounts.clone().all(is_number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn is_number(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| text.parse::<Decimal>().is_ok())
}

fn comma_separated(rows: &[Value], columns: &[Column]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(|(_, path)| *path))?;
    for row in rows {
        writer.write_record(columns.iter().map(|(_, path)| inert(cell(field(row, path)))))?;
    }
    Ok(writer.into_inner()?)
}

/// A text that no spreadsheet takes for a formula. Numbers stay as they are.
fn inert(text: String) -> String {
    if text.parse::<Decimal>().is_ok() { text } else { guarded(&text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: [Column; 3] = [("Order", "order_id"), ("Total", "money.total"), ("Why", "reason")];

    fn rows() -> Vec<Value> {
        vec![
            json!({ "order_id": 7, "money": { "total": "1.50" }, "reason": "=cmd" }),
            json!({ "order_id": 118, "money": { "total": "-120.00" }, "reason": "a\u{1b}[31m, b" }),
        ]
    }

    #[test]
    fn a_table_lines_up_and_amounts_stand_at_the_right() {
        let shown = table(&rows(), &COLUMNS);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["Order", "Total", "Why"]);
        assert_eq!(lines[1].find("1.50").unwrap() + 4, lines[2].find("-120.00").unwrap() + 7);
        assert!(!shown.contains('\u{1b}'));
    }

    #[test]
    fn comma_separated_values_are_no_formulas_and_negative_amounts_stay() {
        let text = String::from_utf8(comma_separated(&rows(), &COLUMNS).unwrap()).unwrap();
        assert!(text.starts_with("order_id,money.total,reason\n7,1.50,'=cmd\n118,-120.00,"), "{text}");
    }
}
