//! For tests: any valid rulebook.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::lint::problems;
use super::{Condition, Give, Rule, RuleKind, Rulebook};

/// Texts with everything in them that a table or a spreadsheet could stumble over.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[=+@'\"-]{0,3}[0-9a-zA-Zé,;\"' \t\r\n*=@+-]{1,8}",
        "0[0-9]{1,5}",
        "\\PC{1,6}",
        Just("TS-*".to_owned()),
        Just("*".to_owned()),
    ]
}

fn condition(kind: RuleKind, condition: Condition) -> BoxedStrategy<String> {
    match kind.words(condition) {
        Some(words) => {
            prop_oneof![proptest::sample::select(words).prop_map(str::to_owned), Just("*".to_owned())].boxed()
        }
        None => text().boxed(),
    }
}

fn value(give: &Give) -> BoxedStrategy<String> {
    match give {
        Give::Rate => "[1-9]{1,2}\\.[0-9]{1,4}".boxed(),
        Give::AdjustmentDate => Just("2026-12-31".to_owned()).boxed(),
        Give::CustomerPrefix => "[A-Z0-9-]{1,7}".boxed(),
        give => match give.words() {
            Some(words) => proptest::sample::select(words.to_vec()).prop_map(str::to_owned).boxed(),
            None => text().prop_map(|text| text.trim().to_owned()).boxed(),
        },
    }
}

fn day() -> impl Strategy<Value = Option<Date>> {
    prop_oneof![
        Just(None),
        (0..4000i32).prop_map(|n| Some(date(2020, 1, 1).saturating_add(n.days()))),
        Just(Some(Date::MIN)),
        Just(Some(Date::MAX)),
    ]
}

/// A rule that need not be valid.
fn rule() -> impl Strategy<Value = Rule> {
    let kind = proptest::sample::select(RuleKind::ALL.to_vec());
    kind.prop_flat_map(|kind| {
        let conditions: Vec<_> = kind
            .conditions()
            .iter()
            .map(|asked| proptest::option::weighted(0.3, condition(kind, *asked)).prop_map(|text| (*asked, text)))
            .collect();
        let required: Vec<Give> = kind.required().iter().take(1).copied().flatten().cloned().collect();
        let own = ["location", "class", "REGION", "a;b, \"c\"", "Ä"].map(|name| Give::Dimension(name.to_owned()));
        let gives: Vec<_> = kind
            .gives()
            .iter()
            .cloned()
            .chain(own.into_iter().filter(|_| kind.gives_dimensions()))
            .map(|give| {
                let often = if required.contains(&give) { 0.99 } else { 0.2 };
                proptest::option::weighted(often, value(&give)).prop_map(move |value| (give.clone(), value))
            })
            .collect();
        let note = prop_oneof![Just(String::new()), text(), Just("  two\r\nlines ".to_owned())];
        (text(), conditions, gives, day(), day(), note).prop_map(move |(id, conditions, gives, from, to, note)| {
            let mut rule = Rule { valid_from: from, valid_to: to, note, ..Rule::new(&id, kind) };
            for (condition, text) in conditions {
                rule = text.into_iter().fold(rule, |rule, text| rule.when(condition, &text));
            }
            for (give, value) in gives {
                rule = value.into_iter().fold(rule, |rule, value| rule.gives(give.clone(), &value));
            }
            rule
        })
    })
}

/// The valid ones of these rules.
pub(super) fn valid(mut rules: Vec<Rule>) -> Rulebook {
    loop {
        let wrong: Vec<usize> = problems(&rules).into_iter().map(|problem| problem.position).collect();
        if wrong.is_empty() {
            return Rulebook::new(rules).unwrap();
        }
        let mut position = 0;
        rules.retain(|_| {
            position += 1;
            !wrong.contains(&(position - 1))
        });
    }
}

/// Any valid rulebook.
pub(super) fn rulebook() -> impl Strategy<Value = Rulebook> {
    proptest::collection::vec(rule(), 0..16).prop_map(valid)
}
