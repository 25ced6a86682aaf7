//! What a rulebook was asked and how it answered: the explanation of a derivation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;

use super::{Resolved, Rulebook};

/// One answer of a rulebook.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resolution {
    /// What was known, for example `sku 'TS-1', channel '1'`.
    pub facts: String,
    /// The posting date it was asked for.
    pub date: Date,
    /// The rule that won, as posted lines name it.
    pub rule: String,
    /// How it won, step by step.
    pub path: Vec<String>,
}

/// Where answers are noted, each with its place.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace(Arc<Mutex<HashMap<Resolution, usize>>>);

impl Trace {
    pub fn note(&self, facts: impl FnOnce() -> String, date: Date, resolved: &Resolved) {
        let noted = Resolution { facts: facts(), date, rule: resolved.name().to_owned(), path: resolved.path() };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = known.len();
        known.entry(noted).or_insert(place);
    }

    fn noted(&self) -> Vec<Resolution> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut noted: Vec<(&Resolution, &usize)> = known.iter().collect();
        noted.sort_unstable_by_key(|(_, place)| **place);
        noted.into_iter().map(|(one, _)| one.clone()).collect()
    }
}

impl Rulebook {
    /// The same rules, noting what they are asked from now on.
    pub fn traced(self) -> Self {
        Self { trace: Some(Trace::default()), ..self }
    }

    /// What was asked and answered, each once, in the order of asking; nothing when it was not [traced](Self::traced).
    pub fn resolutions(&self) -> Vec<Resolution> {
        self.trace.as_ref().map_or_else(Vec::new, Trace::noted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::rulebook::{Condition, Facts, Give, Rule, RuleKind};

    #[test]
    fn each_answer_is_noted_once_with_the_way_it_was_found() {
        let all = Rule::new("all", RuleKind::Product).gives(Give::Account, "4000");
        let shirts = Rule::new("shirts", RuleKind::Product).when(Condition::Sku, "TS-*").gives(Give::Account, "4010");
        let rulebook = Rulebook::new(vec![all, shirts]).unwrap();
        let day: Date = "2026-03-10".parse().unwrap();
        let ask = |rulebook: &Rulebook, sku: &str| {
            let facts = Facts::new().with(Condition::Sku, sku);
            rulebook.resolve(RuleKind::Product, &facts, day).unwrap().account().map(str::to_owned)
        };
        assert_eq!((ask(&rulebook, "TS-1"), rulebook.resolutions()), (Some("4010".to_owned()), Vec::new()));

        let traced = rulebook.traced();
        ask(&traced, "TS-1");
        ask(&traced, "TS-1");
        ask(&traced, "MUG");
        let noted = traced.resolutions();
        let told: Vec<(&str, &str)> = noted.iter().map(|one| (one.facts.as_str(), one.rule.as_str())).collect();
        assert_eq!(told, [("sku 'TS-1'", "product rule 'shirts'"), ("sku 'MUG'", "product rule 'all'")]);
        let path = [
            "product rule 'shirts' fits (sku = TS-*)",
            "by sku more specific than product rule 'all' (asks for nothing)",
        ];
        assert_eq!(noted[0].path, path);
    }
}
