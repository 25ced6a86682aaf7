//! Resolution: which rule fits these facts, and how that was found.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::super::document::Dimensions;
use super::pattern::fits;
use super::{Condition, Give, Rule, RuleKind, Rulebook};

/// How specific a rule is: one number per condition of its kind, compared in that order; larger is more specific.
pub(super) type Specificity = Vec<usize>;

/// 0 where the rule does not ask, one more than the literal characters of a pattern, the largest number for an exact text.
pub(super) fn specificity(rule: &Rule) -> Specificity {
    rule.kind
        .conditions()
        .iter()
        .map(|condition| match rule.conditions.get(condition) {
            None => 0,
            Some(pattern) if pattern.is_exact() => usize::MAX,
            Some(pattern) => 1 + pattern.literal_length(),
        })
        .collect()
}

/// What is known about the thing a rule is looked for. A condition can have several values (the categories of a product).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<Condition, Vec<(String, String)>>);

impl Facts {
    /// No facts: only catch-all rules fit.
    pub fn new() -> Self {
        Self::default()
    }

    /// These facts and one more. A second value for the same condition stands beside the first.
    pub fn with(mut self, condition: Condition, value: impl AsRef<str>) -> Self {
        let value = value.as_ref().trim();
        let known = self.0.entry(condition).or_default();
        let folded = value.to_lowercase();
        if !known.iter().any(|(_, other)| *other == folded) {
            known.push((value.to_owned(), folded));
        }
        self
    }

    /// What rules of `kind` can ask for, for a reader: `sku 'TS-1', channel '1'`.
    pub fn shown(&self, kind: RuleKind) -> String {
        let known = |condition: &Condition| self.0.get(condition).map(|values| (*condition, values));
        let parts: Vec<String> = kind
            .conditions()
            .iter()
            .filter_map(known)
            .flat_map(|(condition, values)| values.iter().map(move |(value, _)| format!("{condition} '{value}'")))
            .collect();
        if parts.is_empty() { "this order".to_owned() } else { parts.join(", ") }
    }

    fn any(&self, condition: Condition, fit: impl Fn(&str) -> bool) -> bool {
        self.0.get(&condition).is_some_and(|values| values.iter().any(|(_, folded)| fit(folded)))
    }
}

/// The rule that won, and the fitting ones it won over.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved<'a> {
    /// The most specific rule that fits.
    pub rule: &'a Rule,
    /// The others that fit, most specific first.
    pub beaten: Vec<&'a Rule>,
}

impl<'a> Resolved<'a> {
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
        dimensions(self.rule)
    }

    /// How the answer was found, one step a line: the rule that won, then those it beat.
    pub fn path(&self) -> Vec<String> {
        let asks = |rule: &Rule| {
            let conditions: Vec<String> = rule.conditions.iter().map(|(c, p)| format!("{c} = {p}")).collect();
            if conditions.is_empty() { "asks for nothing".to_owned() } else { conditions.join(", ") }
        };
        let mut steps = vec![format!("{} fits ({})", self.rule, asks(self.rule))];
        steps.extend(self.beaten.iter().map(|rule| format!("more specific than {rule} ({})", asks(rule))));
        steps
    }
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

/// Finds candidates fast: rules by the exact text of their kind's first condition, and the rest, most specific first.
#[derive(Debug, Clone, Default)]
pub(super) struct Index(BTreeMap<RuleKind, KindIndex>);

#[derive(Debug, Clone, Default)]
struct KindIndex {
    exact: HashMap<String, Vec<Entry>>,
    rest: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    rule: usize,
    specificity: Specificity,
    conditions: Vec<(Condition, String)>,
}

impl Index {
    /// The index of these rules.
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut kinds: BTreeMap<RuleKind, KindIndex> = BTreeMap::new();
        for (position, rule) in rules.iter().enumerate() {
            let conditions =
                rule.conditions.iter().map(|(condition, pattern)| (*condition, pattern.folded())).collect();
            let entry = Entry { rule: position, specificity: specificity(rule), conditions };
            let kind = kinds.entry(rule.kind).or_default();
            let first = rule.kind.conditions().first().and_then(|condition| rule.conditions.get(condition));
            match first {
                Some(pattern) if pattern.is_exact() => kind.exact.entry(pattern.folded()).or_default().push(entry),
                _ => kind.rest.push(entry),
            }
        }
        for kind in kinds.values_mut() {
            let lists = kind.exact.values_mut().chain(std::iter::once(&mut kind.rest));
            lists.for_each(|list| list.sort_by(|a, b| b.specificity.cmp(&a.specificity).then(a.rule.cmp(&b.rule))));
        }
        Self(kinds)
    }

    /// Fitting rules, most specific first.
    fn fitting<'a>(&'a self, rules: &'a [Rule], kind: RuleKind, facts: &Facts, date: Date) -> Vec<&'a Entry> {
        let Some(index) = self.0.get(&kind) else { return Vec::new() };
        let first = kind.conditions().first().and_then(|condition| facts.0.get(condition));
        let exact = first.into_iter().flatten().filter_map(|(_, folded)| index.exact.get(folded)).flatten();
        let fit = |entry: &&Entry| {
            let holds = |(condition, pattern): &(Condition, String)| facts.any(*condition, |text| fits(pattern, text));
            rules[entry.rule].covers(date) && entry.conditions.iter().all(holds)
        };
        let mut found: Vec<&Entry> = exact.filter(fit).collect();
        // Several values of the first condition (categories) can interleave; the rest is always less specific.
        found.sort_by(|a, b| b.specificity.cmp(&a.specificity).then(a.rule.cmp(&b.rule)));
        found.extend(index.rest.iter().filter(fit));
        found
    }
}

impl Rulebook {
    /// The most specific rule of `kind` that fits `facts` on `date` (the posting date).
    ///
    /// # Errors
    /// [`Missing`] when none fits, or when two fit equally because the thing has several values for one condition.
    pub fn resolve(&self, kind: RuleKind, facts: &Facts, date: Date) -> Result<Resolved<'_>, Missing> {
        let fitting = self.index.fitting(&self.rules, kind, facts, date);
        let Some(best) = fitting.first() else {
            let optional = matches!(kind, RuleKind::Customer | RuleKind::Dimension);
            return match self.later.as_deref().filter(|_| !optional) {
                Some(later) => later.resolve(kind, facts, date),
                None => Err(Missing::new(kind, facts, date, Vec::new())),
            };
        };
        let tied: Vec<&&Entry> = fitting.iter().filter(|entry| entry.specificity == best.specificity).collect();
        if tied.len() > 1 {
            let ids = tied.iter().map(|entry| self.rules[entry.rule].id.clone()).collect();
            return Err(Missing::new(kind, facts, date, ids));
        }
        let beaten = fitting[1..].iter().map(|entry| &self.rules[entry.rule]).collect();
        Ok(Resolved { rule: &self.rules[best.rule], beaten })
    }

    /// The default dimensions for these facts: each dimension from the most specific dimension rule that gives it.
    ///
    /// # Errors
    /// [`Missing`] when two rules give the same dimension and fit equally. No rule at all is no error.
    pub fn dimensions(&self, facts: &Facts, date: Date) -> Result<Dimensions, Missing> {
        let mut chosen: BTreeMap<String, (&Entry, &str)> = BTreeMap::new();
        for entry in self.index.fitting(&self.rules, RuleKind::Dimension, facts, date) {
            let rule = &self.rules[entry.rule];
            for (give, value) in &rule.gives {
                let Give::Dimension(name) = give else { continue };
                match chosen.get(name) {
                    None => {
                        chosen.insert(name.clone(), (entry, value));
                    }
                    Some((first, other)) if first.specificity == entry.specificity && *other != value => {
                        let tied = vec![self.rules[first.rule].id.clone(), rule.id.clone()];
                        return Err(Missing::new(RuleKind::Dimension, facts, date, tied));
                    }
                    Some(_) => {}
                }
            }
        }
        let mut dimensions = Dimensions::default();
        for (name, (entry, value)) in chosen {
            dimensions.set(&name, value, &self.rules[entry.rule].to_string());
        }
        Ok(dimensions)
    }
}

/// The dimensions a rule gives.
fn dimensions(rule: &Rule) -> Dimensions {
    let mut dimensions = Dimensions::default();
    for (give, value) in &rule.gives {
        if let Give::Dimension(name) = give {
            dimensions.set(name, value, &rule.to_string());
        }
    }
    dimensions
}
