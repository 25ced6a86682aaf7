//! Draws T-accounts: what each document debits on the left, what it credits on the right, the balance below.

use std::fmt::Write;

use rust_decimal::Decimal;

use crate::accounting::document::Document;
use crate::accounting::money::Currency;

/// Blanks between two accounts in a row.
const GAP: usize = 4;

/// One account: entries of each side with the number of their document, counted from 1.
struct Account {
    name: String,
    debits: Vec<(usize, Decimal)>,
    credits: Vec<(usize, Decimal)>,
}

/// All accounts by name, as many beside each other as `width` characters take.
pub(super) fn draw(documents: &[Document], width: usize) -> String {
    let Some(currency) = documents.first().map(|document| document.currency) else { return String::new() };
    let drawn: Vec<Vec<String>> = accounts(documents).iter().map(|account| account.draw(currency)).collect();
    let widest = drawn.iter().flatten().map(|line| line.chars().count()).max().unwrap_or_default();
    let beside = ((width + GAP) / (widest + GAP)).max(1);
    let mut text = String::new();
    for row in drawn.chunks(beside) {
        text.push('\n');
        for line in 0..row.iter().map(Vec::len).max().unwrap_or_default() {
            let cells = row.iter().map(|account| account.get(line).map_or("", String::as_str));
            let joined: Vec<String> = cells.map(|cell| format!("{cell:widest$}")).collect();
            let _ = writeln!(text, "{}", joined.join(&" ".repeat(GAP)).trim_end());
        }
    }
    text
}

/// What each account got; several legs of a document on one side count as one.
fn accounts(documents: &[Document]) -> Vec<Account> {
    let mut accounts = std::collections::BTreeMap::new();
    for (index, document) in documents.iter().enumerate() {
        for line in &document.lines {
            let account = accounts.entry(line.account.as_str()).or_insert_with(|| Account {
                name: line.account.clone(),
                debits: Vec::new(),
                credits: Vec::new(),
            });
            let (side, amount) = if line.debit.is_zero() {
                (&mut account.credits, line.credit)
            } else {
                (&mut account.debits, line.debit)
            };
            match side.last_mut() {
                Some((number, sum)) if *number == index + 1 => *sum += amount,
                _ => side.push((index + 1, amount)),
            }
        }
    }
    accounts.into_values().collect()
}

impl Account {
    /// The lines of the drawing.
    fn draw(&self, currency: Currency) -> Vec<String> {
        let money = |amount: Decimal| currency.round(amount).to_string();
        let sum = |side: &[(usize, Decimal)]| side.iter().map(|(_, amount)| *amount).sum::<Decimal>();
        let balance = sum(&self.debits) - sum(&self.credits);
        let (below, beyond) =
            if balance.is_sign_negative() { (String::new(), money(-balance)) } else { (money(balance), String::new()) };
        let entries = |side: &[(usize, Decimal)]| -> Vec<(String, String)> {
            side.iter().map(|(number, amount)| (format!("({number})"), money(*amount))).collect()
        };
        let (left, right) = (entries(&self.debits), entries(&self.credits));
        let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(String::len).max().unwrap_or_default();
        let (a, d) = [&left, &right].map(|side| widest(&mut side.iter().map(|(number, _)| number)).max(3)).into();
        let b = widest(&mut left.iter().map(|(_, amount)| amount).chain([&below])).max(4);
        let c = widest(&mut right.iter().map(|(_, amount)| amount).chain([&beyond])).max(4);
        let row = |left: (&str, &str), right: (&str, &str)| {
            format!("{:>a$} {:>b$} │ {:>c$} {:<d$}", left.0, left.1, right.1, right.0).trim_end().to_owned()
        };
        let rule = |cross: char| format!("{}{cross}{}", "─".repeat(a + b + 2), "─".repeat(c + d + 2));
        let mut lines = vec![format!("{:^1$}", self.name, a + b + c + d + 5).trim_end().to_owned(), rule('┬')];
        for index in 0..left.len().max(right.len()) {
            let cell = |side: &'_ [(String, String)]| side.get(index).cloned().unwrap_or_default();
            let (debit, credit) = (cell(&left), cell(&right));
            lines.push(row((&debit.0, &debit.1), (&credit.0, &credit.1)));
        }
        lines.push(rule('┼'));
        lines.push(row(("", &below), ("", &beyond)));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::testing::Case;

    fn drawn(width: usize) -> String {
        let case = Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90");
        draw(&case.paid(9001, "stripe", "129.90").derive().documents, width)
    }

    #[test]
    fn debits_stand_left_and_credits_right_with_the_balance_below() {
        insta::assert_snapshot!(drawn(60));
    }

    #[test]
    fn a_narrow_screen_has_them_below_each_other() {
        assert_eq!(drawn(40).lines().filter(|line| line.is_empty()).count(), 4);
        assert!(drawn(1).contains("(1) 129.90 │ 129.90 (2)"));
        assert_eq!(draw(&[], 80), "");
    }
}
