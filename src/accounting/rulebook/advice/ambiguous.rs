//! Ambiguous rules: equally specific ones that fit the same thing when it has several values, as a product in two
//! categories. Such an order is held, so the team may want to decide beforehand.

use std::collections::BTreeMap;

use super::super::domain::one_of;
use super::super::ties::{Tie, last_day, ties};
use super::super::{Give, Rule, RuleKind};
use super::{Book, Finding, FindingKind, finding, listed};

/// Groups of rules that can tie, each with the place of its first rule. `idle` rules never win and so never tie.
pub(super) fn findings(book: &Book, idle: &[bool]) -> Vec<(usize, Finding)> {
    let rules = &book.rulebook.rules;
    let awake = |(position, rule): &(usize, &Rule)| {
        !idle.get(*position).copied().unwrap_or_default() && last_day(rule) >= book.from
    };
    // The same dimension given twice is no question when it is the same value.
    let clash = |a: &Rule, b: &Rule| {
        let differs = |(give, value): (&Give, &String)| b.gives.get(give).is_some_and(|other| other != value);
        a.gives.iter().any(differs)
    };
    let asks_for_one_of_several = |rule: &Rule| rule.kind.several().iter().any(|c| rule.conditions.contains_key(c));
    let candidates = rules.iter().enumerate().filter(awake).filter(|(_, rule)| asks_for_one_of_several(rule));
    let found = ties(candidates, RuleKind::several, clash);
    groups(&found, rules.len()).into_values().filter_map(|group| told(rules, &group)).collect()
}

/// Rules that tie with one another, directly or through others, by the place of the first.
fn groups(ties: &[Tie], rules: usize) -> BTreeMap<usize, Vec<usize>> {
    let mut first: Vec<usize> = (0..rules).collect();
    for tie in ties {
        let (a, b) = (root(&mut first, tie.earlier.0), root(&mut first, tie.later.0));
        first[a.max(b)] = a.min(b);
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for position in 0..rules {
        groups.entry(root(&mut first, position)).or_default().push(position);
    }
    groups.retain(|_, group| group.len() > 1);
    groups
}

fn root(first: &mut [usize], mut position: usize) -> usize {
    while first[position] != position {
        first[position] = first[first[position]];
        position = first[position];
    }
    position
}

fn told(rules: &[Rule], group: &[usize]) -> Option<(usize, Finding)> {
    let members: Vec<&Rule> = group.iter().filter_map(|position| rules.get(*position)).collect();
    let first = members.first()?;
    let several: Vec<&str> = first.kind.several().iter().map(|condition| condition.as_str()).collect();
    let ids: Vec<String> = members.iter().map(|rule| format!("'{}'", rule.id)).collect();
    let message = format!(
        "{} rules {} are equally specific: what has more than one {} can fit two of them, and is held then",
        first.kind,
        listed(&ids),
        one_of(&several)
    );
    let remedy = format!("nothing, if that never happens; else add a more specific {} rule for it", first.kind);
    Some((*group.first()?, finding(FindingKind::Ambiguous, members, message, remedy)))
}
