//! Reads a table of rules, as people and spreadsheets write it; whatever is wrong is named by line and column, all at once.

use jiff::civil::Date;

use super::super::files::{Read, ReadRule, Trouble};
use super::super::{Field, Pattern, Rule, RuleKind};
use super::quoting::misplaced;
use crate::accounting::spreadsheet::unguarded;

/// What may stand between cells: spreadsheets of countries with a decimal comma write semicolons.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// The rules of a table, and everything wrong with it.
pub(in super::super) fn read(text: &str) -> Read {
    let separator = separator(text);
    let problems = misplaced(text, separator);
    if !problems.is_empty() {
        // Rows cannot be told apart.
        return Read { rules: Vec::new(), problems };
    }
    let mut found = Read::default();
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut header: Option<Vec<Option<Field>>> = None;
    let mut header_is_wrong = false;
    for record in reader(text, separator).records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                found.problems.push(Trouble::of_file(format!("the table cannot be read: {error}")));
                continue;
            }
        };
        let start = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        let line = lines.of(start);
        let cells: Vec<&str> = record.iter().collect();
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match &header {
            None => {
                header = Some(columns(&cells, line, &mut found.problems));
                header_is_wrong = !found.problems.is_empty();
            }
            Some(columns) => row(columns, &cells, line, &mut found),
        }
    }
    if header_is_wrong {
        // A rule without the column that was misspelt would be blamed for what is not its fault.
        found.rules.clear();
    }
    found
}

fn reader(text: &str, separator: char) -> ::csv::Reader<&[u8]> {
    let separator = u8::try_from(separator).unwrap_or(b',');
    ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes())
}

/// What stands between cells: that by which the first row has most names of columns.
fn separator(text: &str) -> char {
    let known = |separator: &char| {
        let first = reader(text, *separator).into_records().next().and_then(Result::ok).unwrap_or_default();
        first.iter().filter(|cell| Field::named(cell).is_some()).count()
    };
    // The last of equals wins, and that should be the comma.
    SEPARATORS.iter().copied().rev().max_by_key(known).unwrap_or(',')
}

/// The fields of the columns. A column without a name is let pass as long as nothing stands in it.
fn columns(cells: &[&str], line: u64, problems: &mut Vec<Trouble>) -> Vec<Option<Field>> {
    let mut fields: Vec<Option<Field>> = Vec::with_capacity(cells.len());
    for cell in cells {
        let name = cell.trim();
        let field = Field::named(name);
        let wrong = match &field {
            None if name.is_empty() => None,
            None => Some(unknown(name)),
            Some(field) if fields.contains(&Some(field.clone())) => {
                Some("the column is there twice; keep one".to_owned())
            }
            Some(_) => None,
        };
        problems.extend(wrong.map(|message| Trouble {
            line: Some(line),
            column: Some(name.to_owned()),
            rule: None,
            message,
        }));
        fields.push(field);
    }
    for needed in [Field::Id, Field::Kind] {
        if !fields.contains(&Some(needed.clone())) {
            let message = "the first row names the columns, and this one is missing; add it".to_owned();
            problems.push(Trouble { line: Some(line), column: Some(needed.to_string()), rule: None, message });
        }
    }
    fields
}

fn unknown(name: &str) -> String {
    format!("there is no such column; take it away, or write dimension:{name} if it is a user-defined dimension")
}

/// One rule. What is wrong with it goes to `found` as well, and a rule that cannot be made out is left out.
fn row(columns: &[Option<Field>], cells: &[&str], line: u64, found: &mut Read) {
    let of = |field: Field| columns.iter().position(|column| *column == Some(field.clone()));
    let id = of(Field::Id).and_then(|at| cells.get(at)).map(|cell| unguarded(cell.trim()).to_owned());
    let mut row = Row { line, rule: Rule::new(&id.unwrap_or_default(), RuleKind::Product), problems: Vec::new() };
    let extra = cells.get(columns.len()..).unwrap_or_default();
    if cells.len() < columns.len() || extra.iter().any(|cell| !cell.trim().is_empty()) {
        let message = format!(
            "the row has {} cells and the first row {}; write an empty cell for what a rule does not have, and a text with the separator in it in quotation marks",
            cells.len(),
            columns.len()
        );
        row.say(None, message);
        found.problems.append(&mut row.problems);
        return;
    }
    let mut kind = None;
    for (place, (column, cell)) in columns.iter().zip(cells).enumerate() {
        let Some(field) = column else {
            row.nameless(place, cell);
            continue;
        };
        match field {
            Field::Kind => kind = row.kind(unguarded(cell.trim())),
            // A note is the team's own words, with the blanks they have.
            Field::Note => row.rule.note = unguarded(cell).to_owned(),
            field => row.field(field, unguarded(cell.trim())),
        }
    }
    let whole = row.problems.is_empty();
    found.problems.append(&mut row.problems);
    if let Some(kind) = kind {
        found.rules.push(ReadRule { line, whole, rule: Rule { kind, ..row.rule } });
    }
}

/// A rule while its cells are read.
struct Row {
    line: u64,
    rule: Rule,
    problems: Vec<Trouble>,
}

impl Row {
    fn say(&mut self, column: Option<String>, message: String) {
        let rule = Some(self.rule.id.clone()).filter(|id| !id.is_empty());
        self.problems.push(Trouble { line: Some(self.line), column, rule, message });
    }

    fn nameless(&mut self, place: usize, cell: &str) {
        if !cell.trim().is_empty() {
            let message = format!("'{}' stands in a column without a name; name the column", cell.trim());
            self.say(Some(format!("number {}", place + 1)), message);
        }
    }

    fn kind(&mut self, text: &str) -> Option<RuleKind> {
        let lower = text.to_ascii_lowercase();
        let kind = RuleKind::ALL.into_iter().find(|kind| kind.as_str() == lower);
        if kind.is_none() {
            let kinds: Vec<&str> = RuleKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let what = if text.is_empty() { "is empty".to_owned() } else { format!("'{text}' is no kind of rule") };
            self.say(Some(Field::Kind.to_string()), format!("{what}; write one of {}", kinds.join(", ")));
        }
        kind
    }

    fn day(&mut self, field: &Field, text: &str) -> Option<Date> {
        let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
        if day.is_none() {
            self.say(Some(field.to_string()), format!("'{text}' is no day; write it like 2026-12-31"));
        }
        day
    }

    fn field(&mut self, field: &Field, text: &str) {
        if text.is_empty() {
            return;
        }
        match field {
            Field::When(condition) => {
                self.rule.conditions.insert(*condition, Pattern::new(text));
            }
            Field::ValidFrom => self.rule.valid_from = self.day(field, text),
            Field::ValidTo => self.rule.valid_to = self.day(field, text),
            Field::Give(give) => {
                self.rule.gives.insert(give.clone(), text.to_owned());
            }
            // Read before, because they need more than a text that is not empty.
            Field::Id | Field::Kind | Field::Note => {}
        }
    }
}

/// Counts lines as the text is read, so that a note of several lines counts as several.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line a record begins on whose cells begin at or after this byte; asked in the order of the text.
    fn of(&mut self, start: usize) -> u64 {
        let bytes = self.text.as_bytes();
        let ends = |at: usize| matches!(bytes.get(at), Some(b'\n' | b'\r'));
        while self.at < start || ends(self.at) {
            // Of a carriage return and a line feed only the second counts.
            let pair = bytes.get(self.at) == Some(&b'\r') && bytes.get(self.at + 1) == Some(&b'\n');
            self.line += u64::from(ends(self.at) && !pair);
            self.at += 1;
            if self.at >= bytes.len() {
                break;
            }
        }
        self.line
    }
}
