//! What is wrong with a set of rules: gives that are missing or unknown, values that are none, pairs that tie.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::RATE_DECIMALS;
use super::super::money::parse_amount;
use super::super::policy::LONGEST_PREFIX;
use super::pattern::overlap;
use super::resolve::{Specificity, specificity};
use super::vocabulary::{Give, values};
use super::{Rule, RuleKind};

/// One thing wrong with one rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule '{rule}': {message}")]
pub struct RuleProblem {
    /// The rule's id.
    pub rule: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// Everything wrong with a rulebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleProblems(pub Vec<RuleProblem>);

impl fmt::Display for RuleProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(RuleProblem::to_string).collect();
        f.write_str(&lines.join("; "))
    }
}

impl std::error::Error for RuleProblems {}

/// Everything wrong with these rules, in their order.
pub(super) fn problems(rules: &[Rule]) -> Vec<RuleProblem> {
    let mut ids = BTreeSet::new();
    let mut found = Vec::new();
    for rule in rules {
        let mut say = |message: String| found.push(RuleProblem { rule: rule.id.clone(), message });
        if rule.id.trim().is_empty() {
            say("has no id; give it a name that is unique in the rulebook".to_owned());
        } else if !ids.insert(rule.id.as_str()) {
            say("has an id that another rule has too; ids are unique".to_owned());
        }
        if let (Some(from), Some(to)) = (rule.valid_from, rule.valid_to)
            && to < from
        {
            say(format!("ends ({to}) before it begins ({from})"));
        }
        asks(rule, &mut say);
        answers(rule, &mut say);
    }
    found.extend(ties(rules));
    found
}

/// Conditions the kind does not know, or without a text.
fn asks(rule: &Rule, say: &mut impl FnMut(String)) {
    let allowed = rule.kind.conditions();
    for (condition, pattern) in &rule.conditions {
        if !allowed.contains(condition) {
            let allowed: Vec<&str> = allowed.iter().map(|c| c.as_str()).collect();
            say(format!("a {} rule cannot ask for {condition}; it can ask for {}", rule.kind, allowed.join(", ")));
        }
        if pattern.as_str().is_empty() {
            say(format!("asks for an empty {condition}; leave the condition out, or write * for any"));
        }
    }
}

/// Gives that are missing, unknown to the kind, or no value.
fn answers(rule: &Rule, say: &mut impl FnMut(String)) {
    for (give, value) in &rule.gives {
        let known = match give {
            Give::Dimension(_) => rule.kind.gives_dimensions(),
            other => rule.kind.gives().contains(other),
        };
        if !known {
            say(format!("a {} rule cannot give {give}", rule.kind));
        }
        if value.trim().is_empty() {
            say(format!("gives an empty {give}"));
        } else if let Some(words) = give.words()
            && !words.contains(&value.as_str())
        {
            say(format!("gives {give} '{value}'; it must be {}", words.join(" or ")));
        } else if *give == Give::CustomerPrefix && value.len() > LONGEST_PREFIX {
            say(format!("gives {give} '{value}'; it has at most {LONGEST_PREFIX} characters"));
        }
    }
    let required = rule.kind.required();
    let enough = |set: &&[Give]| set.iter().all(|give| rule.gives.contains_key(give));
    if required.is_empty() && rule.gives.is_empty() {
        say(format!("gives nothing; a {} rule gives something", rule.kind));
    } else if !required.is_empty() && !required.iter().any(enough) {
        let ways: Vec<String> =
            required.iter().map(|set| set.iter().map(Give::to_string).collect::<Vec<_>>().join(" and ")).collect();
        say(format!("a {} rule must give {}", rule.kind, ways.join(" or ")));
    }
    let gives = |give: &Give| rule.gives.contains_key(give);
    if let Some(rate) = rule.given(&Give::Rate)
        && !parse_amount(rate).is_ok_and(|rate| rate > Decimal::ZERO && rate.normalize().scale() <= RATE_DECIMALS)
    {
        say(format!(
            "gives rate '{rate}'; it must be a number above zero with at most {RATE_DECIMALS} decimals, for example 1.0850: Intacct keeps no more"
        ));
    }
    if let Some(day) = rule.given(&Give::AdjustmentDate)
        && day.parse::<Date>().is_err()
    {
        say(format!("gives adjustment_date '{day}'; it must be a day such as 2026-12-31"));
    }
    if rule.given(&Give::ClosedPeriod) == Some(values::ADJUSTMENT) && !gives(&Give::AdjustmentDate) {
        say("says closed_period adjustment but gives no adjustment_date".into());
    }
    if gives(&Give::CostAccount) != gives(&Give::InventoryAccount) {
        say("gives only one of cost_account and inventory_account; the cost of goods needs both".into());
    }
    if rule.given(&Give::Stock) == Some(values::SCRAP) && !gives(&Give::ScrapAccount) {
        say("says stock scrap but gives no scrap_account".into());
    }
    let both = |a: &Give, b: &Give| gives(a) && gives(b);
    if both(&Give::Rate, &Give::RateType) {
        say("gives a rate and a rate_type; only one of them can be used".into());
    }
    if both(&Give::Account, &Give::Presentation) {
        say("gives an account and presentation 'net'; a discount is either shown on its account or taken off revenue"
            .into());
    }
}

/// Pairs of one kind and equal specificity that could both fit.
fn ties(rules: &[Rule]) -> Vec<RuleProblem> {
    // Rules that tie ask for the same conditions with the same exact values, so only those are compared pairwise.
    let mut groups: BTreeMap<(RuleKind, Specificity, Vec<String>), Vec<&Rule>> = BTreeMap::new();
    for rule in rules {
        let exact = rule.conditions.values().filter(|p| p.is_exact()).map(|p| p.folded()).collect();
        groups.entry((rule.kind, specificity(rule), exact)).or_default().push(rule);
    }
    let mut found = Vec::new();
    for group in groups.values() {
        for (i, later) in group.iter().enumerate() {
            for earlier in &group[..i] {
                if tie(earlier, later) {
                    let message = format!(
                        "is as specific as {earlier} and both can fit the same {}; add a condition to one, or give them dates that do not meet",
                        later.kind
                    );
                    found.push(RuleProblem { rule: later.id.clone(), message });
                }
            }
        }
    }
    found
}

/// Whether two rules of equal specificity can both fit. Dimension rules only meet when they give the same dimension.
fn tie(a: &Rule, b: &Rule) -> bool {
    let dates = b.valid_to.is_none_or(|to| a.valid_from.is_none_or(|from| from <= to))
        && a.valid_to.is_none_or(|to| b.valid_from.is_none_or(|from| from <= to));
    let gives = a.kind != RuleKind::Dimension || a.gives.keys().any(|give| b.gives.contains_key(give));
    let conditions = a.conditions.iter().all(|(condition, pattern)| {
        b.conditions.get(condition).is_some_and(|other| overlap(&pattern.folded(), &other.folded()))
    });
    dates && gives && conditions
}
