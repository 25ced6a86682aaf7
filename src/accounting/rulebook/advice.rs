//! Advice on a valid rulebook: rules that can never win, that can tie, that change nothing, and defaults in use.
//!
//! Advice refuses nothing. What it claims of a rule holds for whatever the derivation can know of a thing (see
//! `domain.rs`): a rule called dead or shadowed never decides anything, a redundant one can go without any answer changing.

use std::fmt;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::domain::{always_fits, impossible};
use super::index::Entry;
use super::pattern::includes;
use super::ties::last_day;
use super::{Condition, Give, Rule, RuleKind, Rulebook};

mod ambiguous;
mod redundant;
mod shadowed;
#[cfg(test)]
mod tests;

/// What a finding is about, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// The rule can never fit.
    Dead,
    /// Whenever the rule fits, a more specific one does too.
    Shadowed,
    /// Rules that fit equally when a thing has several values, which holds the order.
    Ambiguous,
    /// The rule gives what the next less specific one gives anyway.
    Redundant,
    /// The rule decides wherever no more specific one does: a default.
    CatchAll,
}

impl FindingKind {
    /// The stable name, for example `catch-all`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Shadowed => "shadowed",
            Self::Ambiguous => "ambiguous",
            Self::Redundant => "redundant",
            Self::CatchAll => "catch-all",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something the team should know about its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub kind: FindingKind,
    /// Ids of the rules it is about, in the order of the rulebook.
    pub rules: Vec<String>,
    /// What was found, in a sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Rulebook {
    /// What the team should know about its rules, the gravest first, then in the order of the rulebook.
    ///
    /// `from` is the first day that anything may still be posted on, in the store's time zone: today for a clean-up, or
    /// the later of today and the store's go-live. Days before it are as if they did not exist.
    pub fn findings(&self, from: Date) -> Vec<Finding> {
        let book = Book { rulebook: self, from };
        let mut found: Vec<(FindingKind, usize, Finding)> = Vec::new();
        let mut idle = vec![false; self.rules().len()];
        for (position, rule) in self.rules().iter().enumerate() {
            if let Some((message, remedy)) = dead(rule, from) {
                idle[position] = true;
                found.push((FindingKind::Dead, position, finding(FindingKind::Dead, [rule], message, remedy)));
            }
        }
        for (position, finding) in shadowed::findings(&book, &idle) {
            idle[position] = true;
            found.push((FindingKind::Shadowed, position, finding));
        }
        let alive = |(position, _): &(usize, Finding)| !idle.get(*position).copied().unwrap_or_default();
        let rest = [
            (FindingKind::Ambiguous, ambiguous::findings(&book, &idle)),
            (FindingKind::Redundant, redundant::findings(&book)),
            (FindingKind::CatchAll, catch_alls(self.rules())),
        ];
        for (kind, findings) in rest {
            found.extend(findings.into_iter().filter(alive).map(|(position, finding)| (kind, position, finding)));
        }
        found.sort_by_key(|(kind, position, _)| (*kind, *position));
        found.into_iter().map(|(.., finding)| finding).collect()
    }
}

/// The rulebook and the first day that counts.
struct Book<'a> {
    rulebook: &'a Rulebook,
    from: Date,
}

impl<'a> Book<'a> {
    fn rule(&self, entry: &Entry) -> &'a Rule {
        &self.rulebook.rules[entry.rule]
    }

    /// All rules of a kind, most specific first.
    fn ordered(&self, kind: RuleKind) -> Vec<&'a Entry> {
        let mut entries: Vec<&Entry> =
            self.rulebook.index.kind(kind).map(|index| index.entries().collect()).unwrap_or_default();
        entries.sort_unstable_by_key(|entry| (entry.rank, entry.rule));
        entries
    }
}

/// Whether whatever `narrow` fits has a value of `condition` that fits `text` too.
fn implied(kind: RuleKind, condition: Condition, text: &str, narrow: &Entry) -> bool {
    always_fits(kind, condition, text) || narrow.asks(condition).is_some_and(|asked| includes(text, asked))
}

fn finding<'a>(
    kind: FindingKind,
    rules: impl IntoIterator<Item = &'a Rule>,
    message: String,
    remedy: String,
) -> Finding {
    Finding { kind, rules: rules.into_iter().map(|rule| rule.id.clone()).collect(), message, remedy }
}

/// `a`, `a and b`, `a, b and 3 more`.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [first @ .., last] if names.len() <= SHOWN => format!("{} and {last}", first.join(", ")),
        names => {
            let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
            format!("{} and {} more", shown.join(", "), names.len() - SHOWN)
        }
    }
}

/// Why a rule can never fit from a day on, and what to do.
fn dead(rule: &Rule, from: Date) -> Option<(String, String)> {
    if last_day(rule) < from {
        let message = format!("{rule} ended on {}, and nothing is posted before {from}", last_day(rule));
        let remedy = "remove it, or give it a later last day; keep it while older postings are still worked on";
        return Some((message, remedy.to_owned()));
    }
    let (condition, pattern, why) = rule.conditions.iter().find_map(|(condition, pattern)| {
        Some((condition, pattern, impossible(rule.kind, *condition, &pattern.folded())?))
    })?;
    let message = format!("{rule} asks for {condition} '{pattern}', which nothing has: {why}");
    Some((message, format!("mend its {condition}, or remove the rule")))
}

/// Rules that decide wherever no other does.
fn catch_alls(rules: &[Rule]) -> Vec<(usize, Finding)> {
    let takes_all = |rule: &Rule| {
        rule.conditions.iter().all(|(condition, pattern)| always_fits(rule.kind, *condition, &pattern.folded()))
    };
    let found = |(position, rule): (usize, &Rule)| {
        let gives: Vec<String> = rule.gives.iter().map(|(give, value)| format!("{give} {value}")).collect();
        let message = format!("{rule} decides wherever no more specific rule does: {}", gives.join(", "));
        let remedy = match rule.kind {
            RuleKind::Exchange if rule.gives.contains_key(&Give::Rate) => {
                "let it ask for the currency its rate is of; as it is, every currency is converted at that rate"
            }
            RuleKind::Customer => {
                "nothing, if this default is meant; without it every buyer is a customer of their own"
            }
            RuleKind::Dimension => "nothing, if this default is meant; without it only other rules give dimensions",
            RuleKind::Period => "nothing, if this default is meant; without it the store's policy decides",
            _ => "nothing, if this default is meant; without it what no rule fits is held until there is one",
        };
        (position, finding(FindingKind::CatchAll, [rule], message, remedy.to_owned()))
    };
    rules.iter().enumerate().filter(|(_, rule)| takes_all(rule)).map(found).collect()
}
