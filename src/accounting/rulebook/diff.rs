//! What is different between two sets of rules, and whether the same change can be made to a third.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::{Field, Rule};

/// The difference of two sets of rules, by their ids. The order of rules decides nothing and is no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Rules that are new, in the order of the later set.
    pub added: Vec<Rule>,
    /// Rules that are gone, in the order of the earlier set.
    pub removed: Vec<Rule>,
    /// Rules that say something else, in the order of the later set.
    pub changed: Vec<RuleChange>,
}

/// One rule before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange {
    /// What it said.
    pub before: Rule,
    /// What it says.
    pub after: Rule,
}

/// One field of a rule before and after, as a table shows it; `None` where the rule does not have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The field.
    pub field: Field,
    /// What it said.
    pub before: Option<String>,
    /// What it says.
    pub after: Option<String>,
}

/// Why a change cannot be made to other rules than those it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// A rule of the id of a new one is there by now, and says something else.
    Taken(String),
    /// A rule that is to be changed is gone.
    Gone(String),
    /// A rule that is to be changed or removed was changed meanwhile.
    Changed(String),
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(id) => write!(f, "another rule '{id}' was added meanwhile"),
            Self::Gone(id) => write!(f, "the rule '{id}' was removed meanwhile"),
            Self::Changed(id) => write!(f, "the rule '{id}' was changed meanwhile"),
        }
    }
}

impl RuleChange {
    /// Its fields that differ, in the order of a table's columns.
    pub fn fields(&self) -> Vec<FieldChange> {
        let mut fields = Field::standard();
        let own: BTreeSet<Field> =
            self.before.gives.keys().chain(self.after.gives.keys()).map(|give| Field::Give(give.clone())).collect();
        fields.extend(own.into_iter().filter(|field| !Field::standard().contains(field)));
        fields.push(Field::Note);
        let changes = fields.into_iter().map(|field| {
            let (before, after) = (field.value(&self.before), field.value(&self.after));
            FieldChange { field, before, after }
        });
        changes.filter(|change| change.before != change.after).collect()
    }
}

impl Diff {
    /// What leads from one set of rules to another. Ids are unique in each.
    pub fn between(before: &[Rule], after: &[Rule]) -> Self {
        let (old, new) = (by_id(before), by_id(after));
        let mut diff = Self::default();
        for rule in after {
            match old.get(rule.id.as_str()) {
                None => diff.added.push(rule.clone()),
                Some(known) if *known != rule => {
                    diff.changed.push(RuleChange { before: (*known).clone(), after: rule.clone() });
                }
                Some(_) => {}
            }
        }
        diff.removed.extend(before.iter().filter(|rule| !new.contains_key(rule.id.as_str())).cloned());
        diff
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// The same change made to other rules. What is as it should be already is left alone.
    ///
    /// # Errors
    /// Every [`Conflict`] with what these rules say of those that the change is about.
    pub fn onto(&self, rules: &[Rule]) -> Result<Vec<Rule>, Vec<Conflict>> {
        let known = by_id(rules);
        let now = |id: &str| known.get(id).copied();
        let mut conflicts = Vec::new();
        let (mut instead, mut new): (HashMap<&str, Option<&Rule>>, Vec<&Rule>) = (HashMap::new(), Vec::new());
        for rule in &self.removed {
            match now(&rule.id) {
                Some(same) if same == rule => drop(instead.insert(&rule.id, None)),
                Some(_) => conflicts.push(Conflict::Changed(rule.id.clone())),
                None => {}
            }
        }
        for RuleChange { before, after } in &self.changed {
            match now(&before.id) {
                Some(same) if same == before || same == after => drop(instead.insert(&before.id, Some(after))),
                Some(_) => conflicts.push(Conflict::Changed(before.id.clone())),
                None => conflicts.push(Conflict::Gone(before.id.clone())),
            }
        }
        for rule in &self.added {
            match now(&rule.id) {
                Some(same) if same == rule => {}
                Some(_) => conflicts.push(Conflict::Taken(rule.id.clone())),
                None => new.push(rule),
            }
        }
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        let kept = rules.iter().filter_map(|rule| instead.get(rule.id.as_str()).copied().unwrap_or(Some(rule)));
        Ok(kept.chain(new).cloned().collect())
    }
}

fn by_id(rules: &[Rule]) -> HashMap<&str, &Rule> {
    rules.iter().map(|rule| (rule.id.as_str(), rule)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Condition, Give, RuleKind};
    use super::*;

    /// Rules of few ids that say few things, so that two sets of them have much in common.
    fn rules() -> impl Strategy<Value = Vec<Rule>> {
        let one = (0..6u8, 0..3u8).prop_map(|(id, account)| {
            Rule::new(&format!("p-{id}"), RuleKind::Product)
                .when(Condition::Sku, &format!("SKU-{id}"))
                .gives(Give::Account, &format!("400{account}"))
        });
        proptest::collection::vec(one, 0..8).prop_map(|mut rules| {
            let mut seen = BTreeSet::new();
            rules.retain(|rule| seen.insert(rule.id.clone()));
            rules
        })
    }

    fn sorted(mut rules: Vec<Rule>) -> Vec<Rule> {
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules
    }

    #[test]
    fn a_change_is_told_field_by_field() {
        let region = Give::Dimension("REGION".into());
        let before = Rule::new("p", RuleKind::Product).when(Condition::Sku, "A").gives(region, "7");
        let after = Rule { note: "all".into(), ..Rule::new("p", RuleKind::Product).when(Condition::Sku, "B") };
        let after = after.gives(Give::Account, "4000");
        let fields = RuleChange { before, after }.fields();
        let told: Vec<String> =
            fields.iter().map(|one| format!("{} {:?} {:?}", one.field, one.before, one.after)).collect();
        assert_eq!(
            told,
            [
                r#"when:sku Some("A") Some("B")"#,
                r#"account None Some("4000")"#,
                r#"dimension:REGION Some("7") None"#,
                r#"note None Some("all")"#,
            ]
        );
    }

    #[test]
    fn a_change_to_what_others_changed_is_a_conflict() {
        let rule = |account: &str| Rule::new("p", RuleKind::Shipping).gives(Give::Account, account);
        let changed = Diff::between(&[rule("1")], &[rule("2")]);
        assert_eq!(changed.onto(&[rule("3")]), Err(vec![Conflict::Changed("p".into())]));
        assert_eq!(changed.onto(&[]), Err(vec![Conflict::Gone("p".into())]));
        assert_eq!(changed.onto(&[rule("2")]), Ok(vec![rule("2")]), "somebody did the same");
        let removed = Diff::between(&[rule("1")], &[]);
        assert_eq!(removed.onto(&[rule("3")]), Err(vec![Conflict::Changed("p".into())]));
        assert_eq!(removed.onto(&[]), Ok(vec![]));
        let added = Diff::between(&[], &[rule("1")]);
        assert_eq!(added.onto(&[rule("3")]), Err(vec![Conflict::Taken("p".into())]));
    }

    proptest! {
        #[test]
        fn a_difference_leads_from_one_set_to_the_other_and_back(before in rules(), after in rules()) {
            let diff = Diff::between(&before, &after);
            prop_assert_eq!(diff.onto(&before).map(sorted), Ok(sorted(after.clone())));
            prop_assert_eq!(diff.is_empty(), sorted(before.clone()) == sorted(after.clone()));
            prop_assert!(diff.changed.iter().all(|change| !change.fields().is_empty()));
            let back = Diff::between(&after, &before);
            prop_assert_eq!(back.onto(&after).map(sorted), Ok(sorted(before)));
            prop_assert_eq!((back.added.len(), back.removed.len()), (diff.removed.len(), diff.added.len()));
        }

        #[test]
        fn a_change_made_twice_is_made_once(before in rules(), after in rules()) {
            let diff = Diff::between(&before, &after);
            prop_assert_eq!(diff.onto(&after).map(sorted), Ok(sorted(after)));
        }

        #[test]
        fn two_changes_that_do_not_meet_may_come_in_any_order(base in rules(), one in rules(), other in rules()) {
            let (first, second) = (Diff::between(&base, &one), Diff::between(&base, &other));
            let way = |first: &Diff, second: &Diff| second.onto(&first.onto(&base)?).map(sorted);
            if let (Ok(this), Ok(that)) = (way(&first, &second), way(&second, &first)) {
                prop_assert_eq!(this, that);
            }
        }
    }
}
