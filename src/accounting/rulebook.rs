//! The rulebook: where things go, as data the finance team edits; most specific rule first, two equally specific ones refused.
//!
//! A rule fits when every condition holds and its dates cover the document. Of several fitting rules the most specific
//! wins. Specificity is compared condition by condition in the order [`RuleKind::conditions`] lists them; at each, an
//! exact value beats a pattern with `*`, a longer pattern (its literal characters counted) beats a shorter one, and any
//! beats a rule that does not ask. So a rule for one stock keeping unit beats every rule for a category, whatever else
//! they ask for. Two rules of equal specificity that could both fit are refused when the rulebook is made.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

mod advice;
mod csv;
pub mod diff;
mod domain;
pub mod edit;
mod facts;
mod field;
mod files;
pub mod import;
mod index;
mod json;
mod lint;
mod pattern;
mod resolve;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod ties;
mod trace;
mod vocabulary;
pub mod wanted;

pub use advice::{Finding, FindingKind};
pub use facts::Facts;
pub use field::Field;
pub use files::FileProblem;
pub use lint::{RuleProblem, RuleProblems};
pub use pattern::Pattern;
pub use resolve::{Missing, Resolved};
pub use trace::Resolution;
pub use vocabulary::{Condition, Give, RuleKind, values};

use index::Index;

/// One rule: when all conditions hold, this is where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, unique in the rulebook; every posted line carries the one that chose it.
    pub id: String,
    /// What it is a rule for.
    pub kind: RuleKind,
    /// What must hold. None: a catch-all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<Condition, Pattern>,
    /// First day it applies to, by posting date; `None` for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last day it applies to, by posting date; `None` for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// Where it goes.
    pub gives: BTreeMap<Give, String>,
    /// Why, for the next reader.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Rule {
    /// A rule without conditions, dates or note.
    pub fn new(id: &str, kind: RuleKind) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            conditions: BTreeMap::new(),
            valid_from: None,
            valid_to: None,
            gives: BTreeMap::new(),
            note: String::new(),
        }
    }

    /// The same rule, asking for one thing more.
    pub fn when(mut self, condition: Condition, pattern: &str) -> Self {
        self.conditions.insert(condition, Pattern::new(pattern));
        self
    }

    /// The same rule, giving one thing more.
    pub fn gives(mut self, give: Give, value: &str) -> Self {
        self.gives.insert(give, value.to_owned());
        self
    }

    /// What the rule gives for `give`, if anything.
    pub fn given(&self, give: &Give) -> Option<&str> {
        self.gives.get(give).map(String::as_str)
    }

    /// Whether its dates cover `date`.
    pub fn covers(&self, date: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= date) && self.valid_to.is_none_or(|to| date <= to)
    }

    /// Everything wrong with these rules; see [`Rulebook::new`].
    pub fn problems_of(rules: &[Rule]) -> Vec<RuleProblem> {
        lint::problems(rules)
    }

    /// What it asks for, for a reader: `sku = TS-*, from 2026-01-01`.
    fn asks(&self) -> String {
        let conditions = self.conditions.iter().map(|(condition, pattern)| format!("{condition} = {pattern}"));
        let from = self.valid_from.map(|from| format!("from {from}"));
        let to = self.valid_to.map(|to| format!("to {to}"));
        let parts: Vec<String> = conditions.chain(from).chain(to).collect();
        if parts.is_empty() { "asks for nothing".to_owned() } else { parts.join(", ") }
    }
}

impl fmt::Display for Rule {
    /// `product rule 'p-shirts'`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rule '{}'", self.kind, self.id)
    }
}

/// A checked set of rules. As JSON it is the list of its rules.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Rule>", into = "Vec<Rule>")]
pub struct Rulebook {
    rules: Vec<Rule>,
    index: Index,
    /// Asked where none of these rules fits; see [`Rulebook::completed_by`].
    later: Option<Box<Rulebook>>,
    /// Where answers are noted, when they are.
    trace: Option<trace::Trace>,
}

impl Rulebook {
    /// Checks the rules and makes them ready to be asked.
    ///
    /// # Errors
    /// Every [`RuleProblem`] found: unknown conditions or gives for a kind, words nothing can meet, missing gives, values
    /// that are none, ids used twice, dates the wrong way round, and pairs of rules that could both fit with equal
    /// specificity.
    pub fn new(rules: Vec<Rule>) -> Result<Self, Vec<RuleProblem>> {
        let problems = lint::problems(&rules);
        if problems.is_empty() { Ok(Self::of_checked(rules)) } else { Err(problems) }
    }

    /// Rules in which no problem was found.
    fn of_checked(rules: Vec<Rule>) -> Self {
        let index = Index::of(&rules);
        Self { rules, index, later: None, trace: None }
    }

    /// These rules, and those of `later` where none of these fits: an order that was posted by the older rules and has
    /// something new on it since. Customers and default dimensions stay with these rules alone, because there no rule is
    /// an answer too.
    pub fn completed_by(self, later: Rulebook) -> Self {
        Self { later: Some(Box::new(later)), ..self }
    }

    /// The rules, as they were given.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules as a table, a rule a row: comma-separated, in UTF-8. Read back by [`Rulebook::from_file_text`] it is the
    /// same rulebook.
    pub fn to_csv(&self) -> String {
        csv::write(&self.rules)
    }
}

impl PartialEq for Rulebook {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

impl TryFrom<Vec<Rule>> for Rulebook {
    type Error = RuleProblems;

    fn try_from(rules: Vec<Rule>) -> Result<Self, RuleProblems> {
        Self::new(rules).map_err(RuleProblems)
    }
}

impl From<Rulebook> for Vec<Rule> {
    fn from(rulebook: Rulebook) -> Vec<Rule> {
        rulebook.rules
    }
}
