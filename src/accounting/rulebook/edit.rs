//! Changes of single rules, several at once or none.

use std::collections::HashMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::Rule;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// A new rule.
    Create(Rule),
    /// A rule of this id says this from now on.
    Change(Rule),
    /// A rule applies for the last time on a day.
    End(End),
    /// The rule of this id goes.
    Remove(String),
}

/// The end of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The rule's id.
    pub id: String,
    /// Its last day, by posting date.
    pub last_day: Date,
}

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("change {place}: {why}")]
pub struct EditProblem {
    /// Its place among the changes, counted from 1.
    pub place: usize,
    /// The rule's id.
    pub rule: String,
    /// Whether the rule is not there; otherwise it is there and does not allow it.
    pub unknown: bool,
    /// What is wrong and what to do.
    pub why: String,
}

/// The rules after all these changes, one after another. A changed rule keeps its place, new ones come last. The rules that
/// result are not checked.
///
/// # Errors
/// Every [`EditProblem`]; then nothing is changed.
pub fn edited(rules: &[Rule], edits: Vec<Edit>) -> Result<Vec<Rule>, Vec<EditProblem>> {
    let mut slots: Vec<Option<Rule>> = rules.iter().cloned().map(Some).collect();
    let mut places: HashMap<String, usize> =
        rules.iter().enumerate().map(|(place, rule)| (rule.id.clone(), place)).collect();
    let mut problems = Vec::new();
    for (at, edit) in edits.into_iter().enumerate() {
        if let Err((rule, unknown, why)) = one(&mut slots, &mut places, edit) {
            problems.push(EditProblem { place: at + 1, rule, unknown, why });
        }
    }
    if problems.is_empty() { Ok(slots.into_iter().flatten().collect()) } else { Err(problems) }
}

type Refused = (String, bool, String);

fn one(slots: &mut Vec<Option<Rule>>, places: &mut HashMap<String, usize>, edit: Edit) -> Result<(), Refused> {
    let unknown = |id: &str| (id.to_owned(), true, format!("there is no rule '{id}'"));
    let place = |places: &HashMap<String, usize>, id: &str| places.get(id).copied().ok_or_else(|| unknown(id));
    match edit {
        Edit::Create(rule) => {
            if places.contains_key(&rule.id) {
                let why = format!("there is a rule '{}' already; change that one, or take another id", rule.id);
                return Err((rule.id, false, why));
            }
            places.insert(rule.id.clone(), slots.len());
            slots.push(Some(rule));
        }
        Edit::Change(rule) => {
            let at = place(places, &rule.id)?;
            slots[at] = Some(rule);
        }
        Edit::End(End { id, last_day }) => {
            let at = place(places, &id)?;
            let Some(rule) = slots[at].as_mut() else { return Err(unknown(&id)) };
            if let Some(ends) = rule.valid_to.filter(|ends| *ends < last_day) {
                let why = format!("the rule '{id}' ends on {ends} already; change it to make it go on for longer");
                return Err((id, false, why));
            }
            if let Some(from) = rule.valid_from.filter(|from| last_day < *from) {
                let why = format!("the rule '{id}' begins on {from} only; remove it if it is not to apply at all");
                return Err((id, false, why));
            }
            rule.valid_to = Some(last_day);
        }
        Edit::Remove(id) => {
            let at = place(places, &id)?;
            slots[at] = None;
            places.remove(&id);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::{Give, RuleKind};
    use super::*;

    fn rule(id: &str, account: &str) -> Rule {
        Rule::new(id, RuleKind::Shipping).gives(Give::Account, account)
    }

    fn end(id: &str, last_day: Date) -> Edit {
        Edit::End(End { id: id.into(), last_day })
    }

    #[test]
    fn changes_follow_one_another_and_rules_keep_their_places() {
        let edits = vec![
            Edit::Create(rule("c", "3")),
            Edit::Change(rule("a", "9")),
            Edit::Remove("b".into()),
            Edit::Create(rule("b", "5")),
            end("c", date(2026, 12, 31)),
        ];
        let after = edited(&[rule("a", "1"), rule("b", "2")], edits).unwrap();
        let told: Vec<(&str, &str)> =
            after.iter().map(|rule| (rule.id.as_str(), rule.given(&Give::Account).unwrap())).collect();
        assert_eq!(told, [("a", "9"), ("c", "3"), ("b", "5")]);
        assert_eq!(after[1].valid_to, Some(date(2026, 12, 31)));
    }

    #[test]
    fn whatever_cannot_be_done_is_named_at_once_and_nothing_is_done() {
        let limited = Rule { valid_from: Some(date(2026, 3, 1)), valid_to: Some(date(2026, 6, 30)), ..rule("a", "1") };
        let edits = vec![
            Edit::Create(rule("a", "2")),
            Edit::Change(rule("x", "2")),
            end("a", date(2026, 7, 1)),
            end("a", date(2026, 2, 1)),
            Edit::Remove("y".into()),
        ];
        let problems = edited(&[limited], edits).unwrap_err();
        let told: Vec<String> =
            problems.iter().map(|one| format!("{} {} {}", one.place, one.rule, one.unknown)).collect();
        assert_eq!(told, ["1 a false", "2 x true", "3 a false", "4 a false", "5 y true"]);
        assert!(problems[2].to_string().contains("ends on 2026-06-30 already"));
    }
}
