//! What `cartledger derive` shows people: every document as a journal with its reasons, the accounts, holds, what is open.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use rust_decimal::Decimal;

use super::output::{Applied, Converted, Held, Order, Posting};
use super::outside::Booked;
use super::t_accounts;
use crate::accounting::derive::{Derivation, EventDerivation};
use crate::accounting::document::{Document, JournalLine};
use crate::accounting::hold::Blocks;

/// Where it is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    /// Characters in a line.
    pub(super) width: u16,
    /// Whether it shows colours.
    pub(super) colours: bool,
}

impl Screen {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn warning(self, text: &str) -> String {
        self.paint("33", text)
    }
}

/// One order whole. `settings` are lines that say by what it was derived.
pub(super) fn order(derivation: &Derivation, shown: &Order, settings: &[String], screen: Screen) -> String {
    let mut text = screen.strong(&format!("Order {} of store '{}'", shown.order, shown.store)) + "\n";
    let mut settings = settings.to_vec();
    if !shown.assumed.is_empty() {
        settings.push(format!("assumed: {}", shown.assumed.join(", ")));
    }
    if !shown.absent.is_empty() {
        settings.push(format!("not there, taken as empty: {}", shown.absent.join(", ")));
    }
    for line in settings {
        let _ = writeln!(text, "  {line}");
    }
    let numbers: BTreeMap<&str, &str> =
        shown.documents.iter().map(|posting| (posting.key.as_str(), posting.number.as_str())).collect();
    for (index, (document, posting)) in derivation.documents.iter().zip(&shown.documents).enumerate() {
        let _ = writeln!(text, "\n{}", heading(index + 1, posting, screen));
        match &posting.applies {
            Some(Applied { credit, debit, amount }) => {
                let [credit, debit] = [credit, debit].map(|key| numbers.get(key.as_str()).copied().unwrap_or(key));
                let _ = writeln!(text, "  sets {amount} of {credit} off against {debit}; moves nothing");
            }
            None => text.push_str(&journal(document, screen)),
        }
    }
    text.push_str(&closing(derivation, shown, screen));
    text
}

/// What happened outside the shop, whole.
pub(super) fn events(derivation: &EventDerivation, shown: &Booked, screen: Screen) -> String {
    let mut text = screen.strong(&format!("Outside the shop, store '{}'", derivation.store)) + "\n";
    for (index, (document, posting)) in derivation.documents.iter().zip(&shown.documents).enumerate() {
        let _ = writeln!(text, "\n{}", heading(index + 1, posting, screen));
        text.push_str(&journal(document, screen));
    }
    shown.holds.iter().for_each(|hold| text.push_str(&held(hold, screen)));
    text
}

/// Kind, number, days, customer and amount of a document.
fn heading(index: usize, posting: &Posting, screen: Screen) -> String {
    let mut text = screen.strong(&format!("({index}) {} {}", posting.kind, posting.number));
    let _ = write!(text, ", {}", posting.date);
    if posting.original_date != posting.date {
        let _ = write!(text, " (of {})", posting.original_date);
    }
    if let Some(customer) = &posting.customer {
        let _ = write!(text, ", customer {}", clean(customer));
    }
    let _ = write!(text, ", {} {}", posting.total, posting.currency);
    let _ = match &posting.exchange {
        Some(Converted::Type { rate_type, on }) => {
            let day = on.map(|on| format!(" of {on}")).unwrap_or_default();
            write!(text, ", converted by '{}'{day}", clean(rate_type))
        }
        Some(Converted::Rate { rate, on, source }) => write!(text, ", at {rate} of {on} ({})", clean(source)),
        None => Ok(()),
    };
    if posting.held {
        let _ = write!(text, "  {}", screen.warning("HELD"));
    }
    text
}

/// The legs of a document in columns. Dimensions that every leg has are said once below.
fn journal(document: &Document, screen: Screen) -> String {
    let common = common(&document.lines);
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(screen.width);
    table.set_header(["Account", "Debit", "Credit", "For", "Why"]);
    let money = |amount: Decimal| document.currency.round(amount).to_string();
    let side = |amount: Decimal| if amount.is_zero() { String::new() } else { money(amount) };
    for line in &document.lines {
        let mut why = vec![line.rule.clone()];
        why.extend(by_rule(given(line).difference(&common).cloned().collect()));
        let row = [&line.account, &side(line.debit), &side(line.credit), &line.memo, &why.join("\n")];
        table.add_row(row.map(|text| clean(text)));
    }
    let sum = |of: fn(&JournalLine) -> Decimal| money(document.lines.iter().map(of).sum());
    table.add_row(["", &sum(|line| line.debit), &sum(|line| line.credit), "", ""]);
    for (index, column) in table.column_iter_mut().enumerate() {
        if index < 3 {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        if index == 1 || index == 2 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.trim_fmt() + "\n";
    if !common.is_empty() {
        let _ = writeln!(text, "  every line: {}", by_rule(common).join("; "));
    }
    text
}

/// Each dimension of a leg with the rule that gave it: rule, and name with id.
fn given(line: &JournalLine) -> BTreeSet<(String, String)> {
    line.dimensions.iter().map(|(name, by)| (by.rule.clone(), format!("{name} {}", by.id))).collect()
}

/// What all legs have in common.
fn common(lines: &[JournalLine]) -> BTreeSet<(String, String)> {
    let mut legs = lines.iter().map(given);
    let first = legs.next().unwrap_or_default();
    legs.fold(first, |common, leg| common.intersection(&leg).cloned().collect())
}

/// Dimensions as a reader sees them, an entry per rule: `department WEB, location 100 by dimension rule 'all'`.
fn by_rule(given: BTreeSet<(String, String)>) -> Vec<String> {
    let mut rules: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (rule, dimension) in given {
        rules.entry(rule).or_default().push(dimension);
    }
    rules.into_iter().map(|(rule, dimensions)| clean(&format!("{} by {rule}", dimensions.join(", ")))).collect()
}

/// The accounts, the sums, what is held and what is open.
fn closing(derivation: &Derivation, shown: &Order, screen: Screen) -> String {
    let mut text = String::new();
    let lines = || derivation.documents.iter().flat_map(|document| &document.lines);
    if !derivation.documents.is_empty() {
        let _ = writeln!(text, "\n{}", screen.strong("Accounts; the numbers are those of the documents above"));
        text.push_str(&t_accounts::draw(&derivation.documents, usize::from(screen.width)));
        let sum = |of: fn(&JournalLine) -> Decimal| lines().map(of).sum::<Decimal>();
        let (debits, credits) = (sum(|line| line.debit), sum(|line| line.credit));
        let currency = shown.currency;
        let is = if debits == credits { "=" } else { "are not" };
        let _ = writeln!(
            text,
            "\nDebits {} {currency} {is} credits {} {currency}. Order total {} {currency}, open on the invoice {} {currency}.",
            currency.round(debits),
            currency.round(credits),
            shown.order_total,
            shown.open_balance
        );
    }
    if shown.marketplace_tax.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        let _ = writeln!(text, "Tax a marketplace collected: {} {}.", shown.marketplace_tax, shown.currency);
    }
    match (&shown.excluded, &shown.waiting) {
        (Some(reason), _) => {
            let _ = writeln!(text, "\n{} {}", screen.warning("Never posted:"), clean(reason));
        }
        (None, Some(reason)) => {
            let _ = writeln!(text, "\n{} {}", screen.warning("Not posted yet:"), clean(reason));
        }
        (None, None) if shown.documents.is_empty() => text.push_str("\nA hold keeps the whole order.\n"),
        (None, None) if shown.holds.is_empty() => text.push_str("Nothing is held.\n"),
        (None, None) => {}
    }
    for hold in &shown.holds {
        text.push_str(&held(hold, screen));
    }
    text
}

fn held(hold: &Held, screen: Screen) -> String {
    let blocks = match &hold.blocks {
        Blocks::Order => "the order".to_owned(),
        Blocks::RefundsFrom(id) => format!("refund {id} and later ones"),
        Blocks::Document(key) => format!("{key} and what needs it"),
    };
    let money = match (&hold.amount, hold.currency) {
        (Some(amount), Some(currency)) => format!(", {amount} {currency}"),
        _ => String::new(),
    };
    let title = screen.warning(&format!("Held: {}", hold.code));
    let [subject, message, remedy] = [&hold.subject, &hold.message, &hold.remedy].map(|text| clean(text));
    format!("\n{title}, {subject}: blocks {blocks}{money}\n  what: {message}\n  do:   {remedy}\n")
}

/// Without control characters, which could move the cursor: texts come from files.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::rulebook::{Condition, Give, Rule, RuleKind};
    use crate::accounting::testing::Case;

    fn shown(case: &Case, width: u16, colours: bool) -> String {
        let derivation = case.derive();
        order(&derivation, &Order::of(&derivation), &[], Screen { width, colours })
    }

    fn sale() -> Case {
        let dimensions = Rule::new("all", RuleKind::Dimension).gives(Give::Dimension("location".into()), "100");
        let shirts = Rule::new("shirts", RuleKind::Product)
            .when(Condition::Sku, "TS-*")
            .gives(Give::Account, "4001")
            .gives(Give::Dimension("department".into()), "WEB");
        Case::new()
            .line("TS-1", "1", "120.00", "9.90")
            .tax("Tax", "8.25", "9.90")
            .paid(9001, "stripe", "129.90")
            .rule(dimensions)
            .rule(shirts)
    }

    #[test]
    fn every_value_has_its_reason() {
        let text = shown(&sale(), 100, false);
        assert!(text.contains("every line: location 100 by dimension rule 'all'"), "{text}");
        assert!(text.contains("product rule 'shirts'\n"), "{text}");
        assert!(text.contains("department WEB by product rule 'shirts'"), "{text}");
        assert!(text.contains("policy: receivable account"), "{text}");
    }

    #[test]
    fn amounts_stand_below_each_other_whatever_the_width() {
        for width in [60, 80, 200] {
            let text = shown(&sale(), width, false);
            let journal: Vec<&str> = text.lines().skip(3).take_while(|line| !line.contains("every line")).collect();
            let end = |amount: &str| {
                let found = journal.iter().find_map(|line| line.find(amount).map(|at| at + amount.len()));
                found.unwrap_or_else(|| panic!("no {amount} in {text}"))
            };
            assert_eq!(end(" 120.00"), end(" 9.90"), "{text}");
            assert!(end(" 129.90") < end(" 120.00"), "{text}");
            let table = journal.iter();
            assert!(
                table.clone().count() > 4 && table.clone().all(|line| line.chars().count() <= width.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn colours_only_where_they_are_wanted() {
        assert!(!shown(&sale(), 100, false).contains('\u{1b}'));
        assert!(shown(&sale(), 100, true).contains("\u{1b}[1m(1) invoice BC-118\u{1b}[0m"));
    }

    #[test]
    fn holds_say_what_to_do_and_how_much_waits() {
        let text = shown(&sale().without_rules(RuleKind::Tax), 100, false);
        assert!(text.contains("Held: missing-rule, tax rule for name 'Tax'"), "{text}");
        assert!(text.contains("blocks the order, 9.90 USD\n  what: no tax rule fits"), "{text}");
        assert!(text.contains("  do:   add a tax rule for it"), "{text}");
        let closed = sale().policy(|policy| policy.books_closed_through = Some("2026-03-10".parse().unwrap()));
        let text = shown(&closed, 100, false);
        assert!(text.contains("129.90 USD  HELD"), "{text}");
        assert!(text.contains("blocks acme-us/118/invoice/r1 and what needs it, 129.90 USD"), "{text}");
        let waiting = shown(&sale().with(|e| e.order.status_id = 1), 100, false);
        assert!(waiting.contains("Not posted yet: "), "{waiting}");
    }

    #[test]
    fn texts_from_files_move_no_cursor() {
        assert_eq!(clean("a\u{1b}[2Jb\n"), "a [2Jb\n");
    }
}
