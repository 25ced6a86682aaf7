//! Ties: rules of equal specificity that can both fit, found without comparing every rule with every other.
//!
//! Rules that tie ask for the same conditions with the same exact texts, so only those are looked at together. Rules with
//! the same texts differ in their dates and are swept in the order of these. Of rules with patterns only those are
//! compared whose beginnings (or ends) can be those of one text.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::index::{Specificity, specificity};
use super::pattern::overlap;
use super::{Condition, Rule, RuleKind};

/// As many ties are found one by one; beyond that, a pair is passed over when both its rules are known to tie already.
const MANY: usize = 1_000;

/// A rule with its place.
pub(super) type Placed<'a> = (usize, &'a Rule);

/// Two rules of equal specificity that can both fit.
pub(super) struct Tie<'a> {
    /// The one that stands first.
    pub earlier: Placed<'a>,
    /// The other.
    pub later: Placed<'a>,
}

/// Rules of one kind and specificity with the same exact texts: by all their texts, in lower case.
type Group<'a> = BTreeMap<Vec<String>, Vec<Placed<'a>>>;

/// Ties among these rules, by the places of their rules. Every rule that ties with another is in one at least.
///
/// Conditions named by `set_aside` are met by any two rules, as they are by a thing with several values. Dimension rules
/// tie only when `clash` says so.
pub(super) fn ties<'a>(
    rules: impl Iterator<Item = Placed<'a>>,
    set_aside: fn(RuleKind) -> &'static [Condition],
    clash: fn(&Rule, &Rule) -> bool,
) -> Vec<Tie<'a>> {
    let mut groups: BTreeMap<(RuleKind, Specificity, Vec<String>), Group> = BTreeMap::new();
    for (position, rule) in rules {
        let aside = set_aside(rule.kind);
        let kept = || rule.conditions.iter().filter(|(condition, _)| !aside.contains(condition));
        let exact = kept().filter(|(_, text)| text.is_exact()).map(|(_, text)| text.folded()).collect();
        let texts = kept().map(|(_, text)| text.folded()).collect();
        let group = groups.entry((rule.kind, specificity(rule), exact)).or_default();
        group.entry(texts).or_default().push((position, rule));
    }
    let mut search = Search { clash, found: BTreeMap::new(), touched: BTreeSet::new() };
    for group in groups.values() {
        group.values().for_each(|alike| search.among(alike));
        search.across(group);
    }
    search
        .found
        .into_iter()
        .map(|((a, b), (earlier, later))| Tie { earlier: (a, earlier), later: (b, later) })
        .collect()
}

struct Search<'a> {
    clash: fn(&Rule, &Rule) -> bool,
    found: BTreeMap<(usize, usize), (&'a Rule, &'a Rule)>,
    touched: BTreeSet<usize>,
}

impl<'a> Search<'a> {
    fn add(&mut self, a: Placed<'a>, b: Placed<'a>) {
        let (earlier, later) = if a.0 < b.0 { (a, b) } else { (b, a) };
        self.found.insert((earlier.0, later.0), (earlier.1, later.1));
        self.touched.extend([a.0, b.0]);
    }

    /// Ties among rules with the same texts.
    fn among(&mut self, alike: &[Placed<'a>]) {
        if alike.first().is_some_and(|(_, rule)| rule.kind == RuleKind::Dimension) {
            return self.between(alike, alike);
        }
        let mut ordered = alike.to_vec();
        ordered.sort_by_key(|(position, rule)| (first_day(rule), *position));
        // What begins while another is still open meets the one that stays open longest.
        let mut open: Option<Placed> = None;
        for next in ordered {
            if let Some(longest) = open
                && first_day(next.1) <= last_day(longest.1)
            {
                self.add(longest, next);
            }
            if open.is_none_or(|longest| last_day(longest.1) < last_day(next.1)) {
                open = Some(next);
            }
        }
    }

    /// Ties among rules whose texts differ in a pattern.
    fn across(&mut self, group: &Group<'a>) {
        let Some(leading) = group.keys().next().and_then(|texts| texts.iter().position(|text| text.contains('*')))
        else {
            return;
        };
        let mut alike: Vec<(String, &Vec<String>, &Vec<Placed>)> = Vec::with_capacity(group.len());
        let ends = |at_end: bool| group.keys().filter(|texts| edge(texts, leading, at_end).is_empty()).count();
        let at_end = ends(false) > ends(true);
        alike.extend(group.iter().map(|(texts, rules)| (edge(texts, leading, at_end), texts, rules)));
        alike.sort_by(|(a, first, _), (b, second, _)| a.cmp(b).then(first.cmp(second)));
        for (i, (beginning, texts, rules)) in alike.iter().enumerate() {
            let comparable = alike[i + 1..].iter().take_while(|(other, ..)| other.starts_with(beginning.as_str()));
            for (_, others, more) in comparable {
                let known = |(position, _): &Placed| self.touched.contains(position);
                if self.found.len() >= MANY && rules.iter().all(known) && more.iter().all(known) {
                    continue;
                }
                if texts.iter().zip(*others).all(|(a, b)| overlap(a, b)) {
                    self.between(rules, more);
                }
            }
        }
    }

    /// For each rule on either side, the first on the other that it ties with.
    fn between(&mut self, these: &[Placed<'a>], those: &[Placed<'a>]) {
        for (left, right) in [(these, those), (those, these)] {
            for one in left {
                let ties = |other: &&Placed| one.0 != other.0 && meet(one.1, other.1) && self.clash(one.1, other.1);
                if let Some(other) = right.iter().find(ties) {
                    self.add(*one, *other);
                }
            }
        }
    }

    fn clash(&self, a: &Rule, b: &Rule) -> bool {
        a.kind != RuleKind::Dimension || (self.clash)(a, b)
    }
}

/// What a pattern begins with, up to its first star; or what it ends with, read backwards.
fn edge(texts: &[String], at: usize, at_end: bool) -> String {
    let text = texts.get(at).map(String::as_str).unwrap_or_default();
    if at_end {
        text.chars().rev().take_while(|letter| *letter != '*').collect()
    } else {
        text.chars().take_while(|letter| *letter != '*').collect()
    }
}

/// Whether the dates of two rules meet.
pub(super) fn meet(a: &Rule, b: &Rule) -> bool {
    first_day(a) <= last_day(b) && first_day(b) <= last_day(a)
}

/// The first day a rule applies to.
pub(super) fn first_day(rule: &Rule) -> Date {
    rule.valid_from.unwrap_or(Date::MIN)
}

/// The last day a rule applies to.
pub(super) fn last_day(rule: &Rule) -> Date {
    rule.valid_to.unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::ToSpan;
    use proptest::prelude::*;

    use super::*;
    use crate::accounting::rulebook::Give;

    fn places(rules: &[Rule]) -> Vec<(usize, usize)> {
        let clash = |a: &Rule, b: &Rule| a.gives.keys().any(|give| b.gives.contains_key(give));
        ties(rules.iter().enumerate(), |_| &[], clash).iter().map(|tie| (tie.earlier.0, tie.later.0)).collect()
    }

    /// The plain way: every rule with every other.
    fn plainly(rules: &[Rule]) -> BTreeSet<(usize, usize)> {
        let mut found = BTreeSet::new();
        for (j, b) in rules.iter().enumerate() {
            for (i, a) in rules[..j].iter().enumerate() {
                let texts = a.conditions.len() == b.conditions.len()
                    && a.conditions.iter().all(|(condition, text)| {
                        b.conditions.get(condition).is_some_and(|other| overlap(&text.folded(), &other.folded()))
                    });
                let gives = a.kind != RuleKind::Dimension || a.gives.keys().any(|give| b.gives.contains_key(give));
                if a.kind == b.kind && specificity(a) == specificity(b) && texts && gives && meet(a, b) {
                    found.insert((i, j));
                }
            }
        }
        found
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let text = proptest::option::of("[ab*]{1,4}");
        let day = || proptest::option::of((1i8..6).prop_map(|day| jiff::civil::date(2026, 1, day)));
        let kind = prop_oneof![Just(RuleKind::Product), Just(RuleKind::Dimension)];
        (kind, text.clone(), text, day(), day(), 0..2usize).prop_map(|(kind, category, state, from, to, give)| {
            let mut rule = Rule::new("x", kind).gives(Give::Dimension(["a", "b"][give].into()), "1");
            for (condition, text) in [(Condition::Category, category), (Condition::State, state)] {
                rule = text.into_iter().fold(rule, |rule, text| rule.when(condition, &text));
            }
            Rule { valid_from: from, valid_to: to.filter(|to| from.is_none_or(|from| from <= *to)), ..rule }
        })
    }

    proptest! {
        #[test]
        fn every_rule_that_ties_is_found_and_no_other(rules in proptest::collection::vec(rule(), 0..14)) {
            let (found, all) = (places(&rules), plainly(&rules));
            prop_assert!(found.iter().all(|tie| all.contains(tie)));
            let named = |ties: &mut dyn Iterator<Item = (usize, usize)>| -> BTreeSet<usize> {
                ties.flat_map(|(a, b)| [a, b]).collect()
            };
            let (found, all) = (named(&mut found.into_iter()), named(&mut all.into_iter()));
            prop_assert_eq!(found, all);
        }
    }

    #[test]
    fn ten_thousand_rates_by_day_and_ten_thousand_patterns_are_compared_quickly() {
        let day = |n: i32| Date::MIN.saturating_add(n.days());
        let mut rules: Vec<Rule> = (0..10_000)
            .map(|n| Rule {
                valid_from: Some(day(n)),
                valid_to: Some(day(n)),
                ..Rule::new("rate", RuleKind::Exchange).when(Condition::Currency, "EUR").gives(Give::Rate, "1.08")
            })
            .collect();
        rules.extend((0..10_000).map(|n| {
            Rule::new("shirt", RuleKind::Product).when(Condition::Sku, &format!("A{n:05}-*")).gives(Give::Account, "4")
        }));
        assert_eq!(places(&rules), []);
        rules[77].valid_to = Some(day(78));
        assert_eq!(places(&rules), [(77, 78)]);
    }
}
