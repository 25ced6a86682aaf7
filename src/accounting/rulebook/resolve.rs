//! Resolution: which rule fits these facts, and how that was found.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::super::document::Dimensions;
use super::index::{Entry, specificity};
use super::{Condition, Facts, Give, Rule, RuleKind, Rulebook};

/// The rule that won, and the fitting ones it won over.
#[derive(Debug, Clone)]
pub struct Resolved<'a> {
    /// The most specific rule that fits.
    pub rule: &'a Rule,
    best: &'a Entry,
    /// The others that fit, most specific first, by their places among `rules`.
    beaten: Vec<&'a Entry>,
    rules: &'a [Rule],
}

impl<'a> Resolved<'a> {
    /// How the rule is called on what it decides: `product rule 'p-shirts'`.
    pub fn name(&self) -> &'a str {
        &self.best.name
    }

    /// The others that fit, most specific first.
    pub fn beaten(&self) -> impl Iterator<Item = &'a Rule> {
        self.beaten.iter().map(|entry| &self.rules[entry.rule])
    }

    /// What the rule gives for `give`.
    pub fn given(&self, give: &Give) -> Option<&'a str> {
        self.rule.given(give)
    }

    /// The account it gives.
    pub fn account(&self) -> Option<&'a str> {
        self.given(&Give::Account)
    }

    /// The dimensions it gives.
    pub fn dimensions(&self) -> Dimensions {
        self.best.dimensions.clone()
    }

    /// How the answer was found, one step a line: the rule that won and what it asks for, then each rule it beat, by
    /// which condition and what that asks for.
    pub fn path(&self) -> Vec<String> {
        let mut steps = vec![format!("{} fits ({})", self.name(), self.rule.asks())];
        steps.extend(self.beaten().map(|beaten| match decided_by(self.rule, beaten) {
            Some(condition) => format!("by {condition} more specific than {beaten} ({})", beaten.asks()),
            None => format!("as specific as {beaten} ({})", beaten.asks()),
        }));
        steps
    }
}

/// The condition by which one rule of a kind is more specific than another; `None` when it is not.
fn decided_by(winner: &Rule, beaten: &Rule) -> Option<Condition> {
    let (levels, others) = (specificity(winner), specificity(beaten));
    let at = levels.iter().zip(&others).position(|(level, other)| level != other)?;
    winner.kind.conditions().get(at).copied()
}

/// No rule fits, or two fit equally.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Missing {
    /// The kind of rule looked for.
    pub kind: RuleKind,
    /// The facts it was looked for with, for a reader.
    pub facts: String,
    /// Ids of the rules that fit equally; empty when none fits.
    pub tied: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Missing {
    fn new(kind: RuleKind, facts: &Facts, date: Date, tied: Vec<String>) -> Self {
        let facts = facts.shown(kind);
        let (message, remedy) = if tied.is_empty() {
            (
                format!("no {kind} rule fits {facts} on {date}"),
                format!("add a {kind} rule for it, or a catch-all {kind} rule without conditions"),
            )
        } else {
            let rules = tied.join("' and '");
            (
                format!("the {kind} rules '{rules}' fit {facts} equally well on {date}"),
                format!("add a more specific {kind} rule for it, or a condition to one of them"),
            )
        };
        Self { kind, facts, tied, message, remedy }
    }
}

impl Rulebook {
    /// The most specific rule of `kind` that fits `facts` on `date` (the posting date).
    ///
    /// # Errors
    /// [`Missing`] when none fits, or when two fit equally because the thing has several values for one condition.
    pub fn resolve(&self, kind: RuleKind, facts: &Facts, date: Date) -> Result<Resolved<'_>, Missing> {
        let mut fitting = self.index.fitting(&self.rules, kind, facts, date);
        let Some(best) = fitting.first().copied() else {
            let optional = matches!(kind, RuleKind::Customer | RuleKind::Dimension);
            return match self.later.as_deref().filter(|_| !optional) {
                Some(later) => later.resolve(kind, facts, date),
                None => Err(Missing::new(kind, facts, date, Vec::new())),
            };
        };
        let tied = fitting.iter().take_while(|entry| entry.rank == best.rank);
        if tied.clone().count() > 1 {
            let ids = tied.map(|entry| self.rules[entry.rule].id.clone()).collect();
            return Err(Missing::new(kind, facts, date, ids));
        }
        fitting.remove(0);
        let resolved = Resolved { rule: &self.rules[best.rule], best, beaten: fitting, rules: &self.rules };
        if let Some(trace) = &self.trace {
            trace.note(|| facts.shown(kind), date, &resolved);
        }
        Ok(resolved)
    }

    /// The default dimensions for these facts: each dimension from the most specific dimension rule that gives it.
    ///
    /// # Errors
    /// [`Missing`] when two rules give the same dimension and fit equally. No rule at all is no error.
    pub fn dimensions(&self, facts: &Facts, date: Date) -> Result<Dimensions, Missing> {
        let mut chosen: BTreeMap<&str, (&Entry, &str)> = BTreeMap::new();
        for entry in self.index.fitting(&self.rules, RuleKind::Dimension, facts, date) {
            let rule = &self.rules[entry.rule];
            for (give, value) in &rule.gives {
                let Give::Dimension(name) = give else { continue };
                match chosen.get(name.as_str()) {
                    None => {
                        chosen.insert(name, (entry, value));
                    }
                    Some((first, other)) if first.rank == entry.rank && *other != value => {
                        let tied = vec![self.rules[first.rule].id.clone(), rule.id.clone()];
                        return Err(Missing::new(RuleKind::Dimension, facts, date, tied));
                    }
                    Some(_) => {}
                }
            }
        }
        let mut dimensions = Dimensions::default();
        for (name, (entry, value)) in chosen {
            dimensions.set(name, value, &entry.name);
        }
        Ok(dimensions)
    }
}
