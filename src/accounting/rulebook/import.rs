//! A table of rules brought into a rulebook that is there: in its place, or beside it; all of it or nothing.

use std::collections::HashMap;

use super::diff::Diff;
use super::files::{Read, ReadRule, is_json, read};
use super::lint::{RuleProblem, alone, together};
use super::{Field, Rule};

/// What becomes of rules that the table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They go.
    Replace,
    /// They stay.
    Merge,
}

/// One thing wrong in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// The line, counted from 1; `None` when it is the table as a whole.
    pub line: Option<u64>,
    /// The column, by its name.
    pub column: Option<String>,
    /// The rule's id, when it has one.
    pub rule: Option<String>,
    /// What is wrong and what to do.
    pub what: String,
}

/// A table without problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// All rules after it.
    pub rules: Vec<Rule>,
    /// What it changes.
    pub diff: Diff,
    /// How many rules of the table are there already and say the same.
    pub unchanged: usize,
    /// The line of each of the table's rules, by id.
    pub lines: HashMap<String, u64>,
}

/// Brings a table into these rules. What is checked are all rules that result, so that a rule of the table that could fit
/// equally with one that stays is found too.
///
/// # Errors
/// Every [`LineProblem`] found, by line; then nothing of the table is accepted.
pub fn import(text: &str, current: &[Rule], mode: Mode) -> Result<Import, Vec<LineProblem>> {
    let Read { rules, problems } = read(text);
    let mut found: Vec<LineProblem> = problems
        .into_iter()
        .map(|one| LineProblem { line: one.line, column: one.column, rule: one.rule, what: one.message })
        .collect();
    let placed = placed(rules, current, mode);
    let rules: Vec<Rule> = placed.iter().map(|(rule, _)| (*rule).clone()).collect();
    let whole = rules.iter().enumerate().filter(|(at, _)| placed.get(*at).is_some_and(|(_, source)| source.whole));
    let wrong = alone(&rules).into_iter().chain(together(whole));
    found.extend(wrong.map(|problem| told(problem, &placed, !is_json(text))));
    if !found.is_empty() {
        found.sort_by_key(|problem| problem.line);
        return Err(found);
    }
    let lines: HashMap<String, u64> =
        placed.iter().filter_map(|(rule, source)| Some((rule.id.clone(), source.line?))).collect();
    let diff = Diff::between(current, &rules);
    let unchanged = lines.len().saturating_sub(diff.added.len() + diff.changed.len());
    Ok(Import { rules, diff, unchanged, lines })
}

/// Where a rule comes from.
#[derive(Clone, Copy)]
struct Source {
    /// The table's line; `None`: it was there.
    line: Option<u64>,
    /// Whether all of it could be read.
    whole: bool,
}

/// All rules after the import, those that were there in their places.
fn placed(read: Vec<ReadRule>, current: &[Rule], mode: Mode) -> Vec<(Rule, Source)> {
    let of_table = |read: ReadRule| (read.rule, Source { line: Some(read.line), whole: read.whole });
    if mode == Mode::Replace {
        return read.into_iter().map(of_table).collect();
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut all: Vec<(Rule, Source)> = Vec::with_capacity(current.len() + read.len());
    for rule in current {
        places.insert(&rule.id, all.len());
        all.push((rule.clone(), Source { line: None, whole: true }));
    }
    for read in read {
        // An id that is in the table twice finds its place taken, comes last and is refused.
        match places.remove(read.rule.id.as_str()).and_then(|place| all.get_mut(place)) {
            Some(slot) => *slot = of_table(read),
            None => all.push(of_table(read)),
        }
    }
    all
}

/// A problem of a rule at the line of the table it comes from, or that the other rule comes from.
fn told(problem: RuleProblem, placed: &[(Rule, Source)], is_table: bool) -> LineProblem {
    let line = |place: usize| placed.get(place).and_then(|(_, source)| source.line);
    let (own, other) = (line(problem.position), problem.other.map(line));
    let rule = |place: usize| placed.get(place).map(|(rule, _)| rule.id.clone()).filter(|id| !id.trim().is_empty());
    let what = match (own, other) {
        (Some(_), Some(Some(line))) => format!("{} (the other one: line {line})", problem.message),
        (Some(_), Some(None)) => format!("{} (the other one is among the rules that stay)", problem.message),
        (None, Some(Some(_))) => format!("the rule '{}', which stays, {}", problem.rule, problem.message),
        _ => problem.message,
    };
    let place = if own.is_none() { problem.other.unwrap_or(problem.position) } else { problem.position };
    LineProblem {
        line: own.or(other.flatten()),
        column: problem.field.filter(|_| is_table && own.is_some()).as_ref().map(Field::to_string),
        rule: rule(place),
        what,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Condition, Give, RuleKind, samples};
    use super::*;

    fn rule(id: &str, sku: &str, account: &str) -> Rule {
        Rule::new(id, RuleKind::Product).when(Condition::Sku, sku).gives(Give::Account, account)
    }

    #[test]
    fn merging_keeps_what_the_table_does_not_have_and_replacing_does_not() {
        let current = [rule("a", "A", "1"), rule("b", "B", "1"), rule("c", "C", "1")];
        let text = "id,kind,sku,account\nd,product,D,1\nb,product,B,2\nc,product,C,1\n";
        let merged = import(text, &current, Mode::Merge).unwrap();
        let ids: Vec<&str> = merged.rules.iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c", "d"]);
        assert_eq!((merged.diff.added.len(), merged.diff.changed.len(), merged.diff.removed.len()), (1, 1, 0));
        assert_eq!((merged.unchanged, merged.lines["b"]), (1, 3));
        let replaced = import(text, &current, Mode::Replace).unwrap();
        assert_eq!((replaced.rules.len(), replaced.diff.removed.len(), replaced.unchanged), (3, 1, 1));
    }

    #[test]
    fn what_does_not_go_with_a_rule_that_stays_is_named_by_the_line_of_the_table() {
        let current = [rule("a", "A", "1"), rule("z", "Z", "1")];
        let text = "id,kind,sku,account\nb,product,A,2\nz,product,A,3\n";
        let problems = import(text, &current, Mode::Merge).unwrap_err();
        assert!(problems.iter().any(|one| one.line == Some(2) && one.rule.as_deref() == Some("b")), "{problems:?}");
        assert!(problems.iter().any(|one| one.what.contains("is among the rules that stay")), "{problems:?}");
        assert!(problems.iter().all(|one| one.line.is_some()));
        assert!(import(text.split_inclusive('\n').take(2).collect::<String>().as_str(), &[], Mode::Merge).is_ok());
    }

    #[test]
    fn a_rule_that_stays_and_comes_later_blames_the_line_of_the_table() {
        let current = [rule("a", "A", "1"), rule("z", "Z", "1")];
        let problems = import("id,kind,sku,account\na,product,Z,2\n", &current, Mode::Merge).unwrap_err();
        assert_eq!((problems.len(), problems[0].line, problems[0].rule.as_deref()), (1, Some(2), Some("a")));
        assert!(problems[0].what.starts_with("the rule 'z', which stays, is as specific as"), "{problems:?}");
    }

    #[test]
    fn an_id_that_is_in_the_table_twice_is_refused_when_merging_too() {
        let text = "id,kind,sku,account\na,product,A,2\na,product,B,2\n";
        let problems = import(text, &[rule("a", "A", "1")], Mode::Merge).unwrap_err();
        assert_eq!((problems[0].line, problems[0].column.as_deref()), (Some(3), Some("id")));
        assert!(problems[0].what.contains("line 2"), "{problems:?}");
    }

    proptest! {
        #[test]
        fn what_is_exported_changes_nothing_when_it_is_imported(rulebook in samples::rulebook()) {
            for mode in [Mode::Replace, Mode::Merge] {
                let text = rulebook.to_csv();
                let import = import(&text, rulebook.rules(), mode).unwrap();
                prop_assert!(import.diff.is_empty());
                prop_assert_eq!(import.unchanged, rulebook.rules().len());
                prop_assert_eq!(&import.rules, rulebook.rules());
            }
        }
    }
}
