//! Advice: what it finds, and that it never claims too much.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::super::{Condition, Facts, Give, Rule, RuleKind, Rulebook, samples};
use super::*;

const DAY: Date = date(2026, 3, 10);

fn product(id: &str) -> Rule {
    Rule::new(id, RuleKind::Product).gives(Give::Account, id)
}

fn to(id: &str, kind: RuleKind, account: &str) -> Rule {
    Rule::new(id, kind).gives(Give::Account, account)
}

/// The ids of the rules that a kind of finding is about, a finding an item.
fn found(kind: FindingKind, rules: Vec<Rule>) -> Vec<Vec<String>> {
    let findings = Rulebook::new(rules).unwrap().findings(DAY);
    findings.into_iter().filter(|finding| finding.kind == kind).map(|finding| finding.rules).collect()
}

#[test]
fn a_rule_that_ended_is_dead() {
    let rules = vec![
        Rule { valid_to: Some(date(2026, 3, 9)), ..product("old") },
        Rule { valid_from: Some(DAY), valid_to: Some(DAY), ..product("today") },
    ];
    assert_eq!(found(FindingKind::Dead, rules), [["old"]]);
}

#[test]
fn a_rule_that_asks_for_what_nothing_has_is_dead() {
    let rules = vec![
        to("rate", RuleKind::Tax, "2200").when(Condition::Rate, "8.250"),
        to("channel", RuleKind::Shipping, "4010").when(Condition::Channel, "web"),
        Rule::new("euro", RuleKind::Exchange).when(Condition::Currency, "euro").gives(Give::RateType, "Daily"),
        to("fine", RuleKind::Tax, "2200").when(Condition::Rate, "8.*"),
    ];
    let rulebook = Rulebook::new(rules).unwrap();
    let findings = rulebook.findings(DAY);
    assert_eq!(
        findings[0].message,
        "tax rule 'rate' asks for rate '8.250', which nothing has: it is a number of percent without zeros at the end, \
         such as 8.25"
    );
    assert_eq!(found(FindingKind::Dead, rulebook.into()), [["rate"], ["channel"], ["euro"]]);
}

#[test]
fn a_star_for_something_every_product_has_shadows_what_asks_for_less() {
    let rules = vec![
        product("all"),
        product("shirts").when(Condition::Category, "Shirts"),
        product("any-sku").when(Condition::Sku, "*"),
        product("mugs").when(Condition::Sku, "MUG-*"),
    ];
    let findings = Rulebook::new(rules.clone()).unwrap().findings(DAY);
    assert_eq!(
        findings[0].message,
        "product rule 'all' never decides anything: 'any-sku' (sku = *) fits whatever it fits and is more specific"
    );
    assert_eq!(found(FindingKind::Shadowed, rules), [["all"], ["shirts"]]);
}

#[test]
fn a_star_for_something_a_product_need_not_have_shadows_nothing() {
    let rules = vec![product("all"), product("branded").when(Condition::Brand, "*")];
    assert_eq!(found(FindingKind::Shadowed, rules), [[""; 0]; 0]);
}

#[test]
fn rules_for_every_word_shadow_the_rule_for_all_together() {
    let customer = |id: &str| Rule::new(id, RuleKind::Customer).gives(Give::CustomerType, id);
    let guests = customer("guests").when(Condition::Guest, "yes");
    let registered = customer("registered").when(Condition::Guest, "no");
    let all = customer("all");
    assert_eq!(found(FindingKind::Shadowed, vec![guests.clone(), all.clone()]), [[""; 0]; 0]);
    assert_eq!(found(FindingKind::Shadowed, vec![guests.clone(), registered.clone(), all.clone()]), [["all"]]);
    let one_channel = registered.when(Condition::Channel, "1");
    assert_eq!(found(FindingKind::Shadowed, vec![guests, one_channel, all]), [[""; 0]; 0]);
}

#[test]
fn rules_that_follow_one_another_shadow_together_and_a_day_between_them_does_not() {
    let spring = Rule { valid_to: Some(date(2026, 6, 30)), ..product("spring").when(Condition::Sku, "*") };
    let summer = Rule { valid_from: Some(date(2026, 7, 1)), ..product("summer").when(Condition::Sku, "*") };
    let later = Rule { valid_from: Some(date(2026, 7, 2)), ..summer.clone() };
    assert_eq!(found(FindingKind::Shadowed, vec![product("all"), spring.clone(), summer]), [["all"]]);
    assert_eq!(found(FindingKind::Shadowed, vec![product("all"), spring, later]), [[""; 0]; 0]);
}

#[test]
fn a_dimension_rule_is_shadowed_when_each_of_its_dimensions_is() {
    let rule = |id: &str, names: &[&str]| {
        names
            .iter()
            .fold(Rule::new(id, RuleKind::Dimension), |rule, name| rule.gives(Give::Dimension((*name).to_owned()), id))
    };
    let location = rule("location", &["location"]).when(Condition::Currency, "*");
    let department = rule("department", &["department"]).when(Condition::Currency, "*");
    let all = rule("all", &["location", "department"]);
    assert_eq!(found(FindingKind::Shadowed, vec![location.clone(), all.clone()]), [[""; 0]; 0]);
    assert_eq!(found(FindingKind::Shadowed, vec![location, department, all]), [["all"]]);
}

#[test]
fn rules_for_two_categories_are_ambiguous() {
    let rules = vec![
        product("shirts").when(Condition::Category, "Shirts"),
        product("sale").when(Condition::Category, "Sale"),
        product("channel-2").when(Condition::Category, "Sale").when(Condition::Channel, "2"),
        product("channel-3").when(Condition::Category, "Shirts").when(Condition::Channel, "3"),
        product("sku").when(Condition::Sku, "A"),
    ];
    assert_eq!(found(FindingKind::Ambiguous, rules.clone()), [["shirts", "sale"]]);
    let finding = Rulebook::new(rules).unwrap().findings(DAY).remove(0);
    assert_eq!(
        finding.message,
        "product rules 'shirts' and 'sale' are equally specific: what has more than one category can fit two of them, \
         and is held then"
    );
}

#[test]
fn dimension_rules_are_ambiguous_when_they_differ_in_one_dimension() {
    let rule = |id: &str, category: &str, location: &str| {
        let rule = Rule::new(id, RuleKind::Dimension).when(Condition::Category, category);
        rule.gives(Give::Dimension("location".into()), location).gives(Give::Dimension("department".into()), "WEB")
    };
    let rules = vec![rule("a", "Shirts", "100"), rule("b", "Sale", "100"), rule("c", "Mugs", "200")];
    assert_eq!(found(FindingKind::Ambiguous, rules[..2].to_vec()), [[""; 0]; 0]);
    assert_eq!(found(FindingKind::Ambiguous, rules), [["a", "b", "c"]]);
}

#[test]
fn a_rule_that_gives_what_it_would_get_anyway_is_redundant() {
    let rules = vec![
        to("all", RuleKind::Product, "4000"),
        to("shirts", RuleKind::Product, "4000").when(Condition::Sku, "TS-*"),
        to("mugs", RuleKind::Product, "4100").when(Condition::Sku, "MUG-*"),
        to("red-mugs", RuleKind::Product, "4000").when(Condition::Sku, "MUG-RED-*"),
    ];
    assert_eq!(found(FindingKind::Redundant, rules), [["shirts", "all"]]);
}

#[test]
fn a_rule_that_decides_what_would_tie_without_it_is_not_redundant() {
    let shirts = to("shirts", RuleKind::Product, "4000").when(Condition::Category, "Shirts");
    let sale = to("sale", RuleKind::Product, "4100").when(Condition::Category, "Sale");
    let web = to("web", RuleKind::Product, "4000").when(Condition::Category, "Shirts").when(Condition::Channel, "1");
    assert_eq!(found(FindingKind::Redundant, vec![shirts.clone(), web.clone()]), [["web", "shirts"]]);
    assert_eq!(found(FindingKind::Redundant, vec![shirts.clone(), sale.clone(), web.clone()]), [[""; 0]; 0]);
    assert_eq!(found(FindingKind::Redundant, vec![sale, shirts, web]), [[""; 0]; 0]);
}

#[test]
fn a_rule_that_ties_is_not_redundant_because_without_it_nothing_would() {
    let all = to("all", RuleKind::Product, "4000");
    let shirts = to("shirts", RuleKind::Product, "4000").when(Condition::Category, "Shirts");
    let sale = to("sale", RuleKind::Product, "4100").when(Condition::Category, "Sale");
    assert_eq!(found(FindingKind::Redundant, vec![all.clone(), shirts.clone()]), [["shirts", "all"]]);
    assert_eq!(found(FindingKind::Redundant, vec![all, shirts, sale]), [[""; 0]; 0]);
}

#[test]
fn defaults_in_use_are_shown() {
    let rules = vec![
        to("shipping", RuleKind::Shipping, "4010"),
        to("handling", RuleKind::Handling, "4020").when(Condition::Channel, "*"),
        to("fee", RuleKind::Fee, "4040").when(Condition::Name, "Tip"),
    ];
    let findings = Rulebook::new(rules.clone()).unwrap().findings(DAY);
    assert_eq!(
        findings[0].message,
        "shipping rule 'shipping' decides wherever no more specific rule does: account 4010"
    );
    assert_eq!(found(FindingKind::CatchAll, rules), [["shipping"], ["handling"]]);
    let rate = Rule::new("rate", RuleKind::Exchange).gives(Give::Rate, "1.0850");
    let finding = Rulebook::new(vec![rate]).unwrap().findings(DAY).remove(0);
    assert!(finding.remedy.contains("every currency is converted at that rate"));
}

#[test]
fn long_lists_are_cut_short_for_the_reader_only() {
    let rules: Vec<Rule> =
        (0..9).map(|n| product(&format!("c{n}")).when(Condition::Category, &format!("C{n}"))).collect();
    let finding = Rulebook::new(rules).unwrap().findings(DAY).remove(0);
    assert!(finding.message.contains("'c0', 'c1', 'c2', 'c3' and 5 more"), "{}", finding.message);
    assert_eq!(finding.rules.len(), 9);
}

#[test]
fn the_demo_rules_have_no_dead_or_shadowed_rule() {
    let demo = include_str!("../../../../fixtures/demo/rules.json");
    let findings = Rulebook::from_file_text("rules.json", demo).unwrap().findings(DAY);
    let grave: Vec<&Finding> = findings.iter().filter(|finding| finding.kind <= FindingKind::Shadowed).collect();
    assert!(grave.is_empty(), "{grave:#?}");
    assert!(!findings.is_empty());
}

/// Texts rules ask for, few enough that rules often meet.
fn texts(kind: RuleKind, condition: Condition) -> Vec<String> {
    let pool: Vec<&str> = match (kind.words(condition), condition) {
        (Some(words), _) => words.into_iter().chain(["*", "**", "*o*", "p*", "r*"]).collect(),
        (None, Condition::Channel | Condition::Group) => vec!["1", "2", "1*", "*", "01", "web"],
        (None, Condition::Currency) => vec!["usd", "EUR", "u*", "*", "euro"],
        (None, Condition::Rate) => vec!["8.25", "8.250", "8*", "*", "0"],
        _ => vec!["a", "A", "ab", "a*", "*b", "*", "**", "b*a", "b"],
    };
    pool.into_iter().map(str::to_owned).collect()
}

/// What things have, as the derivation tells it.
fn values(kind: RuleKind, condition: Condition) -> Vec<&'static str> {
    match (kind.words(condition), condition) {
        (Some(words), _) => words,
        (None, Condition::Channel | Condition::Group) => vec!["1", "2", "12"],
        (None, Condition::Currency) => vec!["USD", "EUR"],
        (None, Condition::Rate) => vec!["8.25", "8", "0"],
        _ => vec!["", "a", "ab", "b", "abb", "ba", "c"],
    }
}

fn day() -> impl Strategy<Value = Date> {
    (1i8..7).prop_map(|day| date(2026, 1, day))
}

/// A rule that asks for some of these conditions.
fn rule(kind: RuleKind, conditions: &[Condition]) -> impl Strategy<Value = Rule> + use<> {
    let asked = conditions.iter().copied().map(|condition| {
        let text = proptest::sample::select(texts(kind, condition));
        proptest::option::of(text).prop_map(move |text| (condition, text))
    });
    let asked: Vec<_> = asked.collect();
    let days = (proptest::option::weighted(0.3, day()), proptest::option::weighted(0.3, day()));
    let dimensions = proptest::sample::subsequence(vec!["location", "department"], 1..=2);
    (asked, days, dimensions, 0..2u8).prop_map(move |(asked, (from, to), dimensions, value)| {
        let value = value.to_string();
        let mut rule = Rule { valid_from: from, valid_to: to, ..Rule::new("", kind) };
        for (condition, text) in asked {
            rule = text.into_iter().fold(rule, |rule, text| rule.when(condition, &text));
        }
        let set = kind.required().first().copied().unwrap_or_default();
        let word = |give: &Give| give.words().map_or(value.clone(), |words| words[0].to_owned());
        rule = set.iter().fold(rule, |rule, give| rule.gives(give.clone(), &word(give)));
        if kind == RuleKind::Dimension {
            let give = |name: &str| Give::Dimension(name.to_owned());
            rule = dimensions.iter().fold(rule, |rule, name| rule.gives(give(name), &value));
        }
        if kind == RuleKind::Customer { rule.gives(Give::CustomerType, &value) } else { rule }
    })
}

fn facts(kind: RuleKind) -> impl Strategy<Value = Facts> {
    let known = kind.conditions().iter().map(|condition| {
        let always = usize::from(kind.always_known().contains(condition));
        let most = if kind.several().contains(condition) { 3 } else { 1 };
        let value = proptest::sample::select(values(kind, *condition));
        proptest::collection::vec(value, always..=most).prop_map(|values| (*condition, values))
    });
    known.collect::<Vec<_>>().prop_map(|known| {
        let told = known.into_iter().flat_map(|(condition, values)| values.into_iter().map(move |v| (condition, v)));
        told.fold(Facts::new(), |facts, (condition, value)| facts.with(condition, value))
    })
}

/// A few rules of one kind that ask for the same few conditions, so that they often meet, and things they may fit.
fn world() -> impl Strategy<Value = (RuleKind, Rulebook, Vec<Facts>)> {
    // Most can go wrong where a thing has several values.
    let several = RuleKind::ALL.into_iter().filter(|kind| !kind.several().is_empty()).collect::<Vec<_>>();
    let kind = prop_oneof![proptest::sample::select(RuleKind::ALL.to_vec()), proptest::sample::select(several)];
    let asked = kind.prop_flat_map(|kind| {
        let all = kind.conditions();
        (Just(kind), proptest::sample::subsequence(all.to_vec(), 1..=all.len().min(3)))
    });
    asked.prop_flat_map(|(kind, conditions)| {
        let rules = proptest::collection::vec(rule(kind, &conditions), 1..9).prop_map(move |mut rules| {
            for (n, rule) in rules.iter_mut().enumerate() {
                rule.id = format!("{n}");
            }
            samples::valid(rules)
        });
        (Just(kind), rules, proptest::collection::vec(facts(kind), 40))
    })
}

/// What a thing gets on a day, and the ids of the rules that decide it; or those that tie.
fn answer(rulebook: &Rulebook, kind: RuleKind, facts: &Facts, on: Date) -> Result<Answer, Vec<String>> {
    if kind != RuleKind::Dimension {
        let resolved = rulebook.resolve(kind, facts, on).map_err(|missing| missing.tied)?;
        return Ok((resolved.rule.gives.clone(), BTreeSet::from([resolved.rule.id.clone()])));
    }
    let found = rulebook.dimensions(facts, on).map_err(|missing| missing.tied)?;
    let gives = found.ids().into_iter().map(|(name, value)| (Give::Dimension(name), value)).collect();
    let id = |rule: &str| rule.split('\'').nth(1).unwrap_or_default().to_owned();
    Ok((gives, found.iter().map(|(_, dimension)| id(&dimension.rule)).collect()))
}

type Answer = (BTreeMap<Give, String>, BTreeSet<String>);

fn days() -> impl Iterator<Item = Date> {
    (1i8..7).map(|day| date(2026, 1, day))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_shrink_iters: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_called_dead_or_shadowed_never_wins((kind, rulebook, things) in world(), from in day()) {
        let findings = rulebook.findings(from);
        let idle: BTreeSet<&String> =
            findings.iter().filter(|f| f.kind <= FindingKind::Shadowed).map(|f| &f.rules[0]).collect();
        for (facts, on) in things.iter().flat_map(|facts| days().map(move |on| (facts, on))) {
            if on >= from && let Ok((_, winners)) = answer(&rulebook, kind, facts, on) {
                prop_assert!(winners.iter().all(|id| !idle.contains(id)), "{facts:?} {on} {findings:#?}");
            }
        }
    }

    #[test]
    fn whatever_ties_was_called_ambiguous((kind, rulebook, things) in world(), from in day()) {
        let findings = rulebook.findings(from);
        let ambiguous: BTreeSet<&String> =
            findings.iter().filter(|f| f.kind == FindingKind::Ambiguous).flat_map(|f| &f.rules).collect();
        for (facts, on) in things.iter().flat_map(|facts| days().map(move |on| (facts, on))) {
            if on >= from && let Err(tied) = answer(&rulebook, kind, facts, on) {
                prop_assert!(tied.iter().all(|id| ambiguous.contains(id)), "{facts:?} {on} {tied:?} {findings:#?}");
            }
        }
    }

    #[test]
    fn without_a_redundant_rule_every_answer_is_the_same((kind, rulebook, things) in world(), from in day()) {
        let redundant = rulebook.findings(from).into_iter().filter(|f| f.kind == FindingKind::Redundant);
        for finding in redundant {
            let left = rulebook.rules().iter().filter(|rule| rule.id != finding.rules[0]).cloned().collect();
            let without = Rulebook::new(left).unwrap();
            for (facts, on) in things.iter().flat_map(|facts| days().map(move |on| (facts, on))) {
                let gives = |rulebook| answer(rulebook, kind, facts, on).map(|(gives, _)| gives).ok();
                prop_assert_eq!(gives(&without), gives(&rulebook), "{:?} {} {:#?}", facts, on, finding);
            }
        }
    }
}
