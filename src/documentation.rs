//! Tests only: the documentation shows what the code does and leaves nothing out, so neither can drift from the other.

mod blocks;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use crate::accounting::derive::examples;
use crate::accounting::document::DocumentKind;
use crate::accounting::hold::HoldCode;
use crate::accounting::policy::Policy;
use crate::accounting::rulebook::{Condition, RuleKind};

const RULES: &str = "docs/posting-rules.md";

fn rules() -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(RULES)).unwrap()
}

#[test]
fn the_examples_in_the_documentation_are_those_of_the_tests() {
    blocks::check(RULES, &examples());
}

#[test]
fn a_drifted_a_missing_and_an_unknown_example_are_told() {
    let made = [("sale", "Dr 1100\n".to_owned())];
    let text = |name: &str, inside: &str| format!("a\n<!-- example: {name} -->\n{inside}<!-- end -->\nb\n");
    let fenced = "```text\nDr 1100\n```\n";
    assert_eq!(blocks::renewed(&text("sale", "Dr 9999\n"), &made), Ok(text("sale", fenced)));
    assert_eq!(blocks::renewed(&text("sale", fenced), &made), Ok(text("sale", fenced)));
    assert_eq!(blocks::renewed(&text("gift", fenced), &made).unwrap_err(), "no test makes the example 'gift'");
    assert!(blocks::renewed("nothing", &made).unwrap_err().contains("no mark <!-- example: sale -->"));
    assert!(blocks::renewed("<!-- example: sale -->", &made).unwrap_err().contains("has no <!-- end -->"));
    let twice = text("sale", fenced).repeat(2);
    assert_eq!(blocks::renewed(&twice, &made).unwrap_err(), "the example 'sale' is there twice");
}

/// All names a type reads, from what it says about one it does not know: no list that could lack the newest.
fn names<T: DeserializeOwned>() -> Vec<String> {
    let error = serde_json::from_str::<T>("\"?\"").err().expect("'?' is no name").to_string();
    let (_, names) = error.split_once("expected ").expect("the names that are known");
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Those of `names` that the documentation does not have in code type.
fn missing(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let rules = rules();
    names.into_iter().filter(|name| !rules.contains(&format!("`{name}`"))).collect()
}

#[test]
fn every_hold_code_is_documented_once() {
    let codes = names::<HoldCode>();
    assert!(codes.len() > 20 && codes.contains(&"missing-rule".to_owned()), "{codes:?}");
    let rules = rules();
    let rows = |code: &str| rules.lines().filter(|line| line.starts_with(&format!("| `{code}` |"))).count();
    codes.iter().for_each(|code| assert_eq!(rows(code), 1, "rows of {code}"));
}

#[test]
fn every_kind_of_document_is_documented() {
    let kinds = names::<DocumentKind>();
    assert_eq!(kinds.len(), DocumentKind::ALL.len());
    assert_eq!(missing(kinds), Vec::<String>::new());
}

#[test]
fn every_setting_of_the_policy_is_documented() {
    let policy = serde_json::to_value(Policy::default()).unwrap();
    let fields: Vec<String> = policy.as_object().unwrap().keys().cloned().collect();
    assert!(fields.contains(&"receivable_account".to_owned()), "{fields:?}");
    assert_eq!(missing(fields), Vec::<String>::new());
}

#[test]
fn every_kind_of_rule_is_documented_with_all_it_may_ask_for_and_give() {
    let rules = rules();
    let rows: Vec<&str> = rules.lines().filter(|line| line.starts_with("| `")).collect();
    let mut asked = BTreeSet::new();
    let mut wrong = Vec::new();
    for kind in RuleKind::ALL {
        let named = format!("`{kind}`");
        // The row of a kind names it in its first column.
        let row = rows.iter().find(|row| row.split('|').nth(1).is_some_and(|first| first.contains(&named)));
        let Some(row) = row else {
            wrong.push(format!("{kind} has no row"));
            continue;
        };
        let words: BTreeSet<&str> = row.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for condition in kind.conditions() {
            asked.insert(*condition);
            if !words.contains(condition.as_str()) {
                wrong.push(format!("{kind}: {condition}"));
            }
        }
        wrong.extend(
            kind.gives()
                .iter()
                .map(ToString::to_string)
                .filter(|give| !words.contains(give.as_str()))
                .map(|give| format!("{kind}: {give}")),
        );
        if kind.gives_dimensions() && !words.contains("dimensions") {
            wrong.push(format!("{kind}: dimensions"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(asked.len(), names::<Condition>().len(), "a condition that no kind asks for");
}
