//! Rules from files: JSON or a table, told apart by what is in them; checked together, with every problem at once.

use std::fmt;

use serde::Serialize;

use super::lint::{RuleProblem, alone, together};
use super::{Field, Rule, Rulebook, csv, json};

/// One thing wrong in a file of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct FileProblem {
    /// The file, as it was named.
    pub file: String,
    /// The line, counted from 1; `None` when it is the file as a whole.
    pub line: Option<u64>,
    /// The column of a table, by its name.
    pub column: Option<String>,
    /// The rule's id, when it has one.
    pub rule: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for FileProblem {
    /// `rules.csv, line 7, column account, rule 'p-1': gives an empty account`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(rule) = &self.rule {
            write!(f, ", rule '{rule}'")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// What is wrong in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub line: Option<u64>,
    pub column: Option<String>,
    pub rule: Option<String>,
    pub message: String,
}

impl Trouble {
    /// With the file as a whole.
    pub fn of_file(message: String) -> Self {
        Self { line: None, column: None, rule: None, message }
    }

    fn of(self, file: &str) -> FileProblem {
        let Self { line, column, rule, message } = self;
        FileProblem { file: file.to_owned(), line, column, rule, message }
    }
}

/// What was read from one file.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub rules: Vec<ReadRule>,
    pub problems: Vec<Trouble>,
}

/// One rule that was read.
#[derive(Debug)]
pub(super) struct ReadRule {
    /// The line it begins on.
    pub line: u64,
    /// Whether all of it could be read. Of one that could not be, what is there is checked all the same.
    pub whole: bool,
    pub rule: Rule,
}

impl Rulebook {
    /// The rulebook in one file: a list of rules as JSON, or a table of them (comma, semicolon or tab between cells).
    ///
    /// `name` is what the file is called in what is wrong with it.
    ///
    /// # Errors
    /// Every [`FileProblem`] found; then nothing of the file is accepted.
    pub fn from_file_text(name: &str, text: &str) -> Result<Self, Vec<FileProblem>> {
        Self::from_files([(name, text)])
    }

    /// The rulebook in several files, by name and text, taken together: ids are unique over all of them.
    ///
    /// # Errors
    /// Every [`FileProblem`] found in any of them; then nothing is accepted.
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Vec<FileProblem>> {
        let mut problems: Vec<(usize, FileProblem)> = Vec::new();
        let (mut names, mut rules, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        for (file, (name, text)) in files.into_iter().enumerate() {
            names.push(name);
            let table = !is_json(text);
            let read = read(text);
            problems.extend(read.problems.into_iter().map(|trouble| (file, trouble.of(name))));
            for ReadRule { line, whole, rule } in read.rules {
                sources.push(Source { file, line, whole, table });
                rules.push(rule);
            }
        }
        let whole = rules.iter().enumerate().filter(|(at, _)| sources.get(*at).is_some_and(|source| source.whole));
        let found = alone(&rules).into_iter().chain(together(whole));
        problems.extend(found.map(|problem| placed(problem, &names, &sources)));
        if problems.is_empty() {
            return Ok(Self::of_checked(rules));
        }
        problems.sort_by_key(|(file, problem)| (*file, problem.line));
        Err(problems.into_iter().map(|(_, problem)| problem).collect())
    }
}

/// Where a rule was read.
struct Source {
    file: usize,
    line: u64,
    whole: bool,
    table: bool,
}

pub(super) fn read(text: &str) -> Read {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        let message = "there is nothing in it; write a list of rules as JSON, or a table with the columns id and kind";
        return Read { rules: Vec::new(), problems: vec![Trouble::of_file(message.to_owned())] };
    }
    if is_json(text) { json::read(text) } else { csv::read(text) }
}

pub(super) fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['[', '{'])
}

/// A problem of a rule, with the place the rule was read at.
fn placed(problem: RuleProblem, names: &[&str], sources: &[Source]) -> (usize, FileProblem) {
    let name = |source: &Source| names.get(source.file).copied().unwrap_or_default();
    let source = sources.get(problem.position);
    let other = problem.other.and_then(|other| sources.get(other));
    let message = match other {
        Some(other) => format!("{} (the other one: {}, line {})", problem.message, name(other), other.line),
        None => problem.message,
    };
    let column = problem.field.filter(|_| source.is_some_and(|source| source.table));
    let placed = FileProblem {
        file: source.map(name).unwrap_or_default().to_owned(),
        line: source.map(|source| source.line),
        column: column.as_ref().map(Field::to_string),
        rule: Some(problem.rule).filter(|id| !id.trim().is_empty()),
        message,
    };
    (source.map_or(0, |source| source.file), placed)
}

#[cfg(test)]
mod tests;
