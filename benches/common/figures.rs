//! Medians and spreads, the options of a benchmark's command line, and tables that line up.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

/// Several values of one figure.
#[derive(Clone, Debug, Default)]
pub struct Figures(Vec<f64>);

impl Figures {
    /// One more value.
    pub fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// The value in the middle; of two the lower.
    pub fn median(&self) -> f64 {
        self.0.get(self.0.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }

    /// The lowest and the highest.
    pub fn spread(&self) -> (f64, f64) {
        (self.0.first().copied().unwrap_or(f64::NAN), self.0.last().copied().unwrap_or(f64::NAN))
    }

    /// `median (lowest to highest)` with so many decimals.
    pub fn show(&self, decimals: usize) -> String {
        let (low, high) = self.spread();
        match self.0.len() {
            1 => format!("{:.decimals$}", self.median()),
            _ => format!("{:.decimals$} ({low:.decimals$} to {high:.decimals$})", self.median()),
        }
    }
}

/// A number given on the command line as `--name 5`.
pub fn option(name: &str) -> Option<u64> {
    following(name)?.parse().ok()
}

/// Whether a part is to be measured: all are, or the one that `--only` names.
pub fn wanted(part: &str) -> bool {
    following("--only").is_none_or(|only| only == part)
}

fn following(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// Whether a word was given on the command line.
pub fn given(word: &str) -> bool {
    std::env::args().skip(1).any(|argument| argument == word)
}

/// Prints a table: the first column to the left, all others to the right.
pub fn print_table(title: &str, header: &[&str], rows: &[Vec<String>]) {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(header.to_vec());
    for row in rows {
        table.add_row(row.clone());
    }
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        column.set_cell_alignment(if place == 0 { CellAlignment::Left } else { CellAlignment::Right });
    }
    println!("\n{title}\n{table}");
}
