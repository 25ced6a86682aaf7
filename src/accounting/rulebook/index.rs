//! The index: finds the few rules that may fit without looking at all of them.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::super::document::Dimensions;
use super::pattern::fits;
use super::{Condition, Facts, Give, Rule, RuleKind};

/// The most conditions a kind of rule has.
const MOST_CONDITIONS: usize = 8;

/// How specific a rule is: one number per condition of its kind, compared in that order; larger is more specific.
pub(super) type Specificity = [u32; MOST_CONDITIONS];

/// 0 where the rule does not ask, one more than the literal characters of a pattern, the largest number for an exact text.
pub(super) fn specificity(rule: &Rule) -> Specificity {
    let mut levels = [0; MOST_CONDITIONS];
    for (level, condition) in levels.iter_mut().zip(rule.kind.conditions()) {
        *level = match rule.conditions.get(condition) {
            None => 0,
            Some(pattern) if pattern.is_exact() => u32::MAX,
            Some(pattern) => u32::try_from(1 + pattern.literal_length()).unwrap_or(u32::MAX).min(u32::MAX - 1),
        };
    }
    levels
}

/// The dimensions a rule gives, under the name it is shown by.
fn dimensions(rule: &Rule, name: &str) -> Dimensions {
    let mut dimensions = Dimensions::default();
    for (give, value) in &rule.gives {
        if let Give::Dimension(dimension) = give {
            dimensions.set(dimension, value, name);
        }
    }
    dimensions
}

/// Finds candidates fast. A rule that asks for an exact text is found by the first such text in the order of its kind's
/// conditions; only rules without any are looked at one by one.
#[derive(Debug, Clone, Default)]
pub(super) struct Index(BTreeMap<RuleKind, KindIndex>);

/// The rules of one kind. Every list is most specific first.
#[derive(Debug, Clone, Default)]
pub(super) struct KindIndex {
    exact: Vec<(Condition, HashMap<String, Vec<Entry>>)>,
    rest: Vec<Entry>,
}

/// One rule, ready to be compared.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its place in the rulebook.
    pub rule: usize,
    /// 0 for the most specific rules of the kind; equal for rules that are equally specific.
    pub rank: u32,
    /// How the rule is called where it is shown.
    pub name: String,
    /// The dimensions it gives.
    pub dimensions: Dimensions,
    /// What it asks for, in lower case.
    pub conditions: Box<[(Condition, String)]>,
}

impl Entry {
    /// The text it asks for, in lower case.
    pub fn asks(&self, condition: Condition) -> Option<&str> {
        self.conditions.iter().find(|(asked, _)| *asked == condition).map(|(_, text)| text.as_str())
    }

    fn fits(&self, facts: &Facts) -> bool {
        self.conditions.iter().all(|(condition, pattern)| facts.any(*condition, |text| fits(pattern, text)))
    }
}

impl Index {
    /// The index of these rules.
    pub fn of(rules: &[Rule]) -> Self {
        let mut by_kind: BTreeMap<RuleKind, Vec<(Specificity, usize)>> = BTreeMap::new();
        for (position, rule) in rules.iter().enumerate() {
            by_kind.entry(rule.kind).or_default().push((specificity(rule), position));
        }
        let index = |(kind, mut ordered): (RuleKind, Vec<(Specificity, usize)>)| {
            ordered.sort_unstable_by(|(a, first), (b, second)| b.cmp(a).then(first.cmp(second)));
            (kind, KindIndex::of(kind, rules, &ordered))
        };
        Self(by_kind.into_iter().map(index).collect())
    }

    /// The rules of one kind; `None` when there are none.
    pub fn kind(&self, kind: RuleKind) -> Option<&KindIndex> {
        self.0.get(&kind)
    }

    /// Fitting rules, most specific first, equally specific ones in the order of the rulebook.
    pub fn fitting(&self, rules: &[Rule], kind: RuleKind, facts: &Facts, date: Date) -> Vec<&Entry> {
        let Some(index) = self.kind(kind) else { return Vec::new() };
        let covers = |entry: &Entry| rules.get(entry.rule).is_some_and(|rule| rule.covers(date));
        let mut found: Vec<&Entry> =
            index.candidates(facts.folded()).filter(|entry| covers(entry) && entry.fits(facts)).collect();
        found.sort_unstable_by_key(|entry| (entry.rank, entry.rule));
        found
    }
}

impl KindIndex {
    /// `ordered`: the rules of the kind, most specific first.
    fn of(kind: RuleKind, rules: &[Rule], ordered: &[(Specificity, usize)]) -> Self {
        let mut index = Self::default();
        let (mut rank, mut before) = (0, None);
        for (specificity, position) in ordered {
            let Some(rule) = rules.get(*position) else { continue };
            if before.is_some_and(|before| before != specificity) {
                rank += 1;
            }
            before = Some(specificity);
            let conditions = rule.conditions.iter().map(|(asked, pattern)| (*asked, pattern.folded())).collect();
            let name = rule.to_string();
            let entry = Entry { rule: *position, rank, dimensions: dimensions(rule, &name), name, conditions };
            let exact = |asked: &&Condition| rule.conditions.get(asked).is_some_and(|pattern| pattern.is_exact());
            match kind.conditions().iter().find(exact) {
                Some(condition) => index.bucket(*condition, &entry).push(entry),
                None => index.rest.push(entry),
            }
        }
        index
    }

    fn bucket(&mut self, condition: Condition, entry: &Entry) -> &mut Vec<Entry> {
        let text = entry.asks(condition).unwrap_or_default().to_owned();
        let at = self.exact.iter().position(|(asked, _)| *asked == condition).unwrap_or_else(|| {
            self.exact.push((condition, HashMap::new()));
            self.exact.len() - 1
        });
        self.exact[at].1.entry(text).or_default()
    }

    /// The rules found by one of these texts (in lower case), and those found by none. Each text is given once.
    pub fn candidates<'a, 'k>(
        &'a self,
        known: impl Iterator<Item = (Condition, &'k str)>,
    ) -> impl Iterator<Item = &'a Entry> {
        let of = |condition: Condition| self.exact.iter().find(move |(asked, _)| *asked == condition);
        known.filter_map(move |(condition, text)| of(condition)?.1.get(text)).flatten().chain(&self.rest)
    }

    /// The index of some of these rules only.
    pub fn only(&self, keep: impl Fn(&Entry) -> bool) -> Self {
        let kept = |entries: &[Entry]| entries.iter().filter(|entry| keep(entry)).cloned().collect::<Vec<_>>();
        let texts = |texts: &HashMap<String, Vec<Entry>>| {
            let some = texts.iter().map(|(text, entries)| (text.clone(), kept(entries)));
            some.filter(|(_, entries)| !entries.is_empty()).collect()
        };
        let exact = self.exact.iter().map(|(condition, found)| (*condition, texts(found))).collect();
        Self { exact, rest: kept(&self.rest) }
    }

    /// All rules of the kind, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.exact.iter().flat_map(|(_, texts)| texts.values()).flatten().chain(&self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::rulebook::Give;

    #[test]
    fn specificity_has_room_for_every_condition_of_every_kind() {
        assert_eq!(RuleKind::ALL.iter().map(|kind| kind.conditions().len()).max(), Some(MOST_CONDITIONS));
    }

    #[test]
    fn rules_with_an_exact_text_are_not_looked_at_one_by_one() {
        let product = |id: String| Rule::new(&id, RuleKind::Product).gives(Give::Account, "4000");
        let mut rules: Vec<Rule> = (0..5_000)
            .map(|n| product(format!("sku-{n}")).when(Condition::Sku, &format!("SKU-{n}")))
            .chain(
                (0..1_000).map(|n| product(format!("category-{n}")).when(Condition::Category, &format!("Class {n}"))),
            )
            .chain((0..1_000).map(|n| {
                product(format!("brand-{n}")).when(Condition::Name, "*shirt*").when(Condition::Brand, &format!("B{n}"))
            }))
            .collect();
        rules.push(product("pattern".to_owned()).when(Condition::Sku, "SKU-*"));
        let index = Index::of(&rules);
        let facts = Facts::new()
            .with(Condition::Sku, "SKU-77")
            .with(Condition::Category, "Class 5")
            .with(Condition::Brand, "B9")
            .with(Condition::Channel, "1");
        let seen = index.kind(RuleKind::Product).unwrap().candidates(facts.folded());
        let mut ids: Vec<&str> = seen.map(|entry| rules[entry.rule].id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["brand-9", "category-5", "pattern", "sku-77"]);
    }
}
