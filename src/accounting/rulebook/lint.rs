//! What is wrong with a set of rules: conditions and gives that make no sense, and pairs of rules that tie.

use std::collections::HashMap;
use std::fmt;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::RATE_DECIMALS;
use super::super::money::parse_amount;
use super::super::policy::LONGEST_PREFIX;
use super::domain::{impossible, one_of};
use super::ties::{Tie, ties};
use super::vocabulary::{Give, values};
use super::{Field, Rule};

/// One thing wrong with one rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule '{rule}': {message}")]
pub struct RuleProblem {
    /// The rule's id.
    pub rule: String,
    /// Its place among the rules, counted from 0.
    pub position: usize,
    /// The field that is wrong, when it is one.
    pub field: Option<Field>,
    /// The place of the other rule, when two do not go together.
    pub other: Option<usize>,
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

/// Everything wrong with these rules: with each by itself, in their order, then with pairs.
pub(super) fn problems(rules: &[Rule]) -> Vec<RuleProblem> {
    let mut found = alone(rules);
    found.extend(together(rules.iter().enumerate()));
    found
}

/// What is wrong with each rule by itself, and ids that are used twice.
pub(super) fn alone(rules: &[Rule]) -> Vec<RuleProblem> {
    let mut ids: HashMap<&str, usize> = HashMap::new();
    let mut found = Vec::new();
    for (position, rule) in rules.iter().enumerate() {
        let problem = |field, other, message| {
            let rule = rule.id.clone();
            RuleProblem { rule, position, field, other, message }
        };
        if rule.id.trim().is_empty() {
            let message = "has no id; give it a name that is unique in the rulebook".to_owned();
            found.push(problem(Some(Field::Id), None, message));
        } else if let Some(first) = ids.get(rule.id.as_str()) {
            let message = "has an id that another rule has too; ids are unique".to_owned();
            found.push(problem(Some(Field::Id), Some(*first), message));
        } else {
            ids.insert(&rule.id, position);
        }
        let mut say = |field: Field, message: String| found.push(problem(Some(field), None, message));
        if !rule.id.trim().is_empty() && rule.id.trim() != rule.id {
            say(Field::Id, "has an id with blanks around it; take them away".to_owned());
        }
        if let (Some(from), Some(to)) = (rule.valid_from, rule.valid_to)
            && to < from
        {
            say(Field::ValidTo, format!("ends ({to}) before it begins ({from})"));
        }
        asks(rule, &mut say);
        answers(rule, &mut say);
        combinations(rule, &mut say);
        if let Some((field, message)) = gives_too_little(rule) {
            found.push(problem(field, None, message));
        }
    }
    found
}

/// Pairs of rules of one kind and equal specificity that could both fit. Each rule comes with its place.
pub(super) fn together<'a>(rules: impl Iterator<Item = (usize, &'a Rule)>) -> Vec<RuleProblem> {
    let problem = |tie: Tie| RuleProblem {
        rule: tie.later.1.id.clone(),
        position: tie.later.0,
        field: None,
        other: Some(tie.earlier.0),
        message: format!(
            "is as specific as {} and both can fit the same {}; add a condition to one, or give them dates that do not meet",
            tie.earlier.1, tie.later.1.kind
        ),
    };
    // Dimension rules only meet when they give the same dimension.
    let clash = |a: &Rule, b: &Rule| a.gives.keys().any(|give| b.gives.contains_key(give));
    ties(rules, |_| &[], clash).into_iter().map(problem).collect()
}

/// Conditions the kind does not know, without a text, or that nothing can meet.
fn asks(rule: &Rule, say: &mut impl FnMut(Field, String)) {
    let allowed = rule.kind.conditions();
    for (condition, pattern) in &rule.conditions {
        let field = || Field::When(*condition);
        if !allowed.contains(condition) {
            let allowed: Vec<&str> = allowed.iter().map(|c| c.as_str()).collect();
            let message =
                format!("a {} rule cannot ask for {condition}; it can ask for {}", rule.kind, allowed.join(", "));
            say(field(), message);
        }
        if pattern.as_str().is_empty() {
            say(field(), format!("asks for an empty {condition}; leave the condition out, or write * for any"));
        } else if rule.kind.words(*condition).is_some()
            && let Some(why) = impossible(rule.kind, *condition, &pattern.folded())
        {
            say(field(), format!("asks for {condition} '{pattern}'; {why}"));
        }
    }
}

/// Gives that are unknown to the kind, or no value.
fn answers(rule: &Rule, say: &mut impl FnMut(Field, String)) {
    for (give, value) in &rule.gives {
        let mut say = |message: String| say(Field::Give(give.clone()), message);
        let known = match give {
            Give::Dimension(_) => rule.kind.gives_dimensions(),
            other => rule.kind.gives().contains(other),
        };
        if !known {
            say(format!("a {} rule cannot give {give}; leave it out", rule.kind));
        }
        if let Give::Dimension(name) = give
            && (name.trim().is_empty() || name.trim() != name)
        {
            say(format!("gives the dimension '{name}'; a dimension has a name without blanks around it"));
        }
        if let Some(message) = wrong_value(give, value) {
            say(message);
        }
    }
}

/// What is wrong with the value of one give.
fn wrong_value(give: &Give, value: &str) -> Option<String> {
    if value.trim().is_empty() {
        return Some(format!("gives an empty {give}; write a value, or leave it out"));
    }
    if value.trim() != value {
        return Some(format!("gives {give} '{value}'; take away the blanks around it"));
    }
    if let Some(words) = give.words() {
        let known = words.contains(&value);
        return (!known).then(|| format!("gives {give} '{value}'; it must be {}", one_of(words)));
    }
    match give {
        Give::CustomerPrefix if value.len() > LONGEST_PREFIX => {
            Some(format!("gives {give} '{value}'; it has at most {LONGEST_PREFIX} characters"))
        }
        Give::Rate if !parse_amount(value).is_ok_and(usable) => Some(format!(
            "gives {give} '{value}'; it must be a number above zero with at most {RATE_DECIMALS} decimals, for example 1.0850: Intacct keeps no more"
        )),
        Give::AdjustmentDate if !value.parse::<Date>().is_ok_and(|day| day.to_string() == value) => {
            Some(format!("gives {give} '{value}'; it must be a day such as 2026-12-31"))
        }
        _ => None,
    }
}

/// Whether a rate is one that Intacct keeps as it is.
fn usable(rate: Decimal) -> bool {
    rate > Decimal::ZERO && rate.normalize().scale() <= RATE_DECIMALS
}

/// Gives that need one another, or that exclude one another.
fn combinations(rule: &Rule, say: &mut impl FnMut(Field, String)) {
    let gives = |give: &Give| rule.gives.contains_key(give);
    let adjusts = rule.given(&Give::ClosedPeriod) == Some(values::ADJUSTMENT);
    match (adjusts, gives(&Give::AdjustmentDate)) {
        (true, false) => {
            let message = "says closed_period adjustment but gives no adjustment_date".to_owned();
            say(Field::Give(Give::AdjustmentDate), message);
        }
        (false, true) => {
            let message = "gives an adjustment_date without saying closed_period adjustment, so nothing would use it";
            say(Field::Give(Give::AdjustmentDate), message.to_owned());
        }
        _ => {}
    }
    if rule.given(&Give::Stock) == Some(values::SCRAP) && !gives(&Give::ScrapAccount) {
        say(Field::Give(Give::ScrapAccount), "says stock scrap but gives no scrap_account".to_owned());
    }
    if gives(&Give::CostAccount) != gives(&Give::InventoryAccount) {
        let missing = if gives(&Give::CostAccount) { Give::InventoryAccount } else { Give::CostAccount };
        let message = "gives only one of cost_account and inventory_account; the cost of goods needs both".to_owned();
        say(Field::Give(missing), message);
    }
    if gives(&Give::Rate) && gives(&Give::RateType) {
        let message = "gives a rate and a rate_type; only one of them can be used".to_owned();
        say(Field::Give(Give::Rate), message);
    }
    if gives(&Give::Account) && gives(&Give::Presentation) {
        let message =
            "gives an account and presentation 'net'; a discount is either shown on its account or taken off revenue";
        say(Field::Give(Give::Presentation), message.to_owned());
    }
}

/// That a rule gives less than its kind must, with the first thing missing.
fn gives_too_little(rule: &Rule) -> Option<(Option<Field>, String)> {
    let required = rule.kind.required();
    let given = |give: &Give| rule.gives.contains_key(give);
    if required.is_empty() {
        let message = || format!("gives nothing; a {} rule gives something", rule.kind);
        return rule.gives.is_empty().then(|| (None, message()));
    }
    if required.iter().any(|set| set.iter().all(given)) {
        return None;
    }
    let missing = required.first().and_then(|set| set.iter().find(|give| !given(give)));
    let ways: Vec<String> =
        required.iter().map(|set| set.iter().map(Give::to_string).collect::<Vec<_>>().join(" and ")).collect();
    let message = format!("a {} rule must give {}", rule.kind, ways.join(" or "));
    Some((missing.cloned().map(Field::Give), message))
}
