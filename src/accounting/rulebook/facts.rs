//! Facts: what is known about the thing a rule is looked for, ready to be compared.

use rust_decimal::Decimal;

use super::pattern::fold_into;
use super::{Condition, RuleKind};

/// What is known about the thing a rule is looked for. A condition can have several values (the categories of a product).
///
/// Kept in the order of [`Condition`]; values of one condition in the order they were told. Cheap to copy, because what is
/// known of an order is copied for each of its lines: all texts stand in one.
#[derive(Debug, Default)]
pub struct Facts {
    facts: Vec<Fact>,
    texts: String,
}

/// One value of one condition, by where it stands in the texts: from and to which byte.
#[derive(Debug, Clone, Copy)]
struct Fact {
    condition: Condition,
    value: (usize, usize),
    /// The value in lower case; the value itself when it is in lower case as it stands.
    folded: (usize, usize),
}

/// Room for what is added to a copy: facts, and bytes of their texts.
const ROOM: (usize, usize) = (5, 120);

impl Clone for Facts {
    /// A copy with room for more: copies are made to add to them.
    fn clone(&self) -> Self {
        let mut facts = Vec::with_capacity(self.facts.len() + ROOM.0);
        facts.extend_from_slice(&self.facts);
        let mut texts = String::with_capacity(self.texts.len() + ROOM.1);
        texts.push_str(&self.texts);
        Self { facts, texts }
    }
}

impl PartialEq for Facts {
    fn eq(&self, other: &Self) -> bool {
        let own = self.facts.iter().map(|fact| (fact.condition, self.text(fact.value)));
        own.eq(other.facts.iter().map(|fact| (fact.condition, other.text(fact.value))))
    }
}

impl Eq for Facts {}

impl Facts {
    /// No facts: only catch-all rules fit.
    pub fn new() -> Self {
        Self::default()
    }

    /// These facts and one more. A second value for the same condition stands beside the first.
    pub fn with(mut self, condition: Condition, value: impl AsRef<str>) -> Self {
        let value = value.as_ref().trim();
        let before = self.texts.len();
        let fact = match condition {
            // One way to write a number: rules are written without zeros at the end.
            Condition::Rate => match value.parse::<Decimal>() {
                Ok(rate) => self.told(condition, &rate.normalize().to_string()),
                Err(_) => self.told(condition, value),
            },
            _ => self.told(condition, value),
        };
        let known = self.of(condition).any(|known| self.text(known.folded) == self.text(fact.folded));
        if known {
            self.texts.truncate(before);
        } else {
            let at = self.facts.partition_point(|known| known.condition <= condition);
            self.facts.insert(at, fact);
        }
        self
    }

    /// Writes a value down.
    fn told(&mut self, condition: Condition, value: &str) -> Fact {
        let start = self.texts.len();
        self.texts.push_str(value);
        let end = self.texts.len();
        if !value.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            fold_into(&mut self.texts, value);
        }
        let folded = if self.texts.len() > end { (end, self.texts.len()) } else { (start, end) };
        Fact { condition, value: (start, end), folded }
    }

    /// What rules of `kind` can ask for, for a reader: `sku 'TS-1', channel '1'`.
    pub fn shown(&self, kind: RuleKind) -> String {
        let known = kind.conditions().iter().flat_map(|condition| self.of(*condition));
        let parts: Vec<String> = known.map(|fact| format!("{} '{}'", fact.condition, self.text(fact.value))).collect();
        if parts.is_empty() { "this order".to_owned() } else { parts.join(", ") }
    }

    /// Every value in lower case, with its condition.
    pub(super) fn folded(&self) -> impl Iterator<Item = (Condition, &str)> {
        self.facts.iter().map(|fact| (fact.condition, self.text(fact.folded)))
    }

    /// Whether a value of `condition` passes `fit`, which is given it in lower case.
    pub(super) fn any(&self, condition: Condition, fit: impl Fn(&str) -> bool) -> bool {
        self.of(condition).any(|fact| fit(self.text(fact.folded)))
    }

    fn of(&self, condition: Condition) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(move |fact| fact.condition == condition)
    }

    fn text(&self, (from, to): (usize, usize)) -> &str {
        self.texts.get(from..to).unwrap_or_default()
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
