//! Facts: what is known about the thing a rule is looked for, ready to be compared.

use rust_decimal::Decimal;

use super::pattern::fold;
use super::{Condition, RuleKind};

/// What is known about the thing a rule is looked for. A condition can have several values (the categories of a product).
///
/// Kept in the order of [`Condition`]; values of one condition in the order they were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(Vec<Fact>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    condition: Condition,
    value: String,
    /// The value in lower case; `None` when it is in lower case as it stands.
    folded: Option<String>,
}

impl Fact {
    fn new(condition: Condition, value: &str) -> Self {
        let value = match condition {
            // One way to write a number: rules are written without zeros at the end.
            Condition::Rate => value.parse::<Decimal>().map_or(value.to_owned(), |rate| rate.normalize().to_string()),
            _ => value.to_owned(),
        };
        let plain = value.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        let folded = (!plain).then(|| fold(&value));
        Self { condition, value, folded }
    }

    fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.value)
    }
}

impl Facts {
    /// No facts: only catch-all rules fit.
    pub fn new() -> Self {
        Self::default()
    }

    /// These facts and one more. A second value for the same condition stands beside the first.
    pub fn with(mut self, condition: Condition, value: impl AsRef<str>) -> Self {
        let fact = Fact::new(condition, value.as_ref().trim());
        if !self.of(condition).any(|known| known.folded() == fact.folded()) {
            let at = self.0.partition_point(|known| known.condition <= condition);
            self.0.insert(at, fact);
        }
        self
    }

    /// What rules of `kind` can ask for, for a reader: `sku 'TS-1', channel '1'`.
    pub fn shown(&self, kind: RuleKind) -> String {
        let known = kind.conditions().iter().flat_map(|condition| self.of(*condition));
        let parts: Vec<String> = known.map(|fact| format!("{} '{}'", fact.condition, fact.value)).collect();
        if parts.is_empty() { "this order".to_owned() } else { parts.join(", ") }
    }

    /// Every value in lower case, with its condition.
    pub(super) fn folded(&self) -> impl Iterator<Item = (Condition, &str)> {
        self.0.iter().map(|fact| (fact.condition, fact.folded()))
    }

    /// Whether a value of `condition` passes `fit`, which is given it in lower case.
    pub(super) fn any(&self, condition: Condition, fit: impl Fn(&str) -> bool) -> bool {
        self.of(condition).any(|fact| fit(fact.folded()))
    }

    fn of(&self, condition: Condition) -> impl Iterator<Item = &Fact> {
        self.0.iter().filter(move |fact| fact.condition == condition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_the_same_in_whatever_order_they_are_told() {
        let one = Facts::new().with(Condition::Channel, "1").with(Condition::Sku, "TS-1");
        let other = Facts::new().with(Condition::Sku, " TS-1 ").with(Condition::Channel, "1");
        assert_eq!(one, other);
        assert_eq!(one.shown(RuleKind::Product), "sku 'TS-1', channel '1'");
    }

    #[test]
    fn a_rate_is_the_same_with_and_without_zeros_at_the_end() {
        let facts =
            Facts::new().with(Condition::Rate, "8.250").with(Condition::Rate, "8.25").with(Condition::Name, "1.0");
        assert_eq!(facts.folded().collect::<Vec<_>>(), [(Condition::Name, "1.0"), (Condition::Rate, "8.25")]);
    }

    #[test]
    fn a_value_told_twice_is_one_value() {
        let facts = Facts::new().with(Condition::Category, "Shirts").with(Condition::Category, "SHIRTS");
        assert_eq!(facts.folded().collect::<Vec<_>>(), [(Condition::Category, "shirts")]);
        assert_eq!(facts.shown(RuleKind::Product), "category 'Shirts'");
    }
}
