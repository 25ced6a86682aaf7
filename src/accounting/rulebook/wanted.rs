//! Rules that are missing: what holds say of them, read back, and a first draft of each rule for a person to look at.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::{Condition, Give, Rule, RuleKind};
use crate::accounting::similar::likeness;

/// What stands between the kind and the facts in the subject of a hold.
const RULE_FOR: &str = " rule for ";
/// How the subject says that there are no facts a rule could ask for.
const NO_FACTS: &str = "this order";
/// From here on two texts are taken for alike.
const ALIKE: u32 = 30;

/// A rule that is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Of this kind.
    pub kind: RuleKind,
    /// What it could ask for, in the order of specificity. A condition may have several values.
    pub facts: Vec<(Condition, String)>,
}

/// A rule for a person to look at before it is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The rule.
    pub rule: Rule,
    /// Where what it gives comes from.
    pub basis: String,
}

impl Wanted {
    /// Reads the subject of a hold for a missing rule: `product rule for sku 'TS-1', channel '1'`. `None` when it is no such
    /// subject.
    pub fn of_subject(subject: &str) -> Option<Self> {
        let (kind, text) = subject.split_once(RULE_FOR)?;
        let kind = RuleKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
        if text == NO_FACTS {
            return Some(Self { kind, facts: Vec::new() });
        }
        let conditions = kind.conditions();
        let (mut facts, mut rest, mut from) = (Vec::new(), text, 0);
        loop {
            let later = conditions.get(from..).unwrap_or_default();
            let (step, value) = later.iter().enumerate().find_map(|(step, condition)| {
                Some((step, rest.strip_prefix(condition.as_str())?.strip_prefix(" '")?))
            })?;
            from += step;
            let condition = *conditions.get(from)?;
            // The value ends where the next condition begins; it may have quotation marks of its own.
            let next = conditions.get(from..).unwrap_or_default().iter();
            let end = next.filter_map(|next| value.find(&format!("', {next} '"))).min();
            match end {
                Some(end) => {
                    facts.push((condition, value.get(..end)?.to_owned()));
                    rest = value.get(end + 3..)?;
                }
                None => {
                    facts.push((condition, value.strip_suffix('\'')?.to_owned()));
                    return Some(Self { kind, facts });
                }
            }
        }
    }

    /// What a rule for it should ask for: that which tells such things apart best. Holds that agree in it want one rule.
    /// An empty value tells nothing apart and is left out.
    pub fn leading(&self) -> Self {
        let telling = || self.facts.iter().filter(|(_, value)| !value.trim().is_empty());
        let mut asked = preferred(self.kind).iter().chain(self.kind.conditions());
        let first = asked.find(|condition| telling().any(|(known, _)| known == *condition));
        let facts = telling().filter(|(condition, _)| Some(condition) == first).cloned().collect();
        Self { kind: self.kind, facts }
    }

    /// What the account of such a rule is likely to be called.
    pub fn account_words(&self) -> &'static str {
        match self.kind {
            RuleKind::Product => "product sales revenue",
            RuleKind::Shipping => "shipping freight income",
            RuleKind::Handling => "handling income",
            RuleKind::GiftWrapping => "gift wrapping income",
            RuleKind::Fee => "fee income",
            RuleKind::Discount => "sales discounts",
            RuleKind::Tax => "sales tax payable",
            RuleKind::GiftCertificate => "gift certificates",
            RuleKind::StoreCredit => "store credit",
            RuleKind::Refund => "sales returns and allowances",
            RuleKind::Payment => "undeposited funds clearing",
            RuleKind::Settlement => "bank fees chargebacks",
            RuleKind::Customer | RuleKind::Dimension | RuleKind::Exchange | RuleKind::Period => "",
        }
    }

    /// A draft of the rule: it gives what the rule for the likest thing gives, else what most rules of the kind give, else
    /// `account` (id and name) when that is enough. `None` when nothing tells what it should give, or when the value to ask
    /// for has a `*`: in a rule that would stand for any text.
    ///
    /// `taken` are ids that other drafts have; the draft's is added.
    pub fn draft(&self, rules: &[Rule], account: Option<(&str, &str)>, taken: &mut BTreeSet<String>) -> Option<Draft> {
        let leading = self.leading();
        if leading.facts.iter().any(|(_, value)| value.contains('*')) {
            return None;
        }
        let (gives, basis) = self.gives(rules, account)?;
        let (condition, value) = leading.facts.first().map(|(condition, value)| (*condition, value.as_str())).unzip();
        let mut rule = Rule::new(&self.free_id(value.unwrap_or_default(), rules, taken), self.kind);
        if let (Some(condition), Some(value)) = (condition, value) {
            rule = rule.when(condition, value);
        }
        rule.gives = gives;
        taken.insert(rule.id.clone());
        Some(Draft { rule, basis })
    }

    fn gives(&self, rules: &[Rule], account: Option<(&str, &str)>) -> Option<(BTreeMap<Give, String>, String)> {
        let of_kind = || rules.iter().filter(|rule| rule.kind == self.kind);
        let leading = self.leading();
        let alike = of_kind().filter_map(|rule| {
            let like = |(condition, value): &(Condition, String)| {
                rule.conditions.get(condition).map(|pattern| likeness(value, pattern.as_str()))
            };
            Some((leading.facts.iter().filter_map(like).max()?, rule))
        });
        // The first of equals, as the rulebook has them.
        let best =
            alike.filter(|(score, _)| *score >= ALIKE).reduce(|best, next| if next.0 > best.0 { next } else { best });
        if let Some((_, rule)) = best {
            return Some((rule.gives.clone(), format!("what the {rule} gives, which asks for something alike")));
        }
        let mut counts: HashMap<&BTreeMap<Give, String>, usize> = HashMap::new();
        of_kind().for_each(|rule| *counts.entry(&rule.gives).or_default() += 1);
        let most = counts.into_iter().max_by(|(a, times), (b, more)| times.cmp(more).then_with(|| b.cmp(a)));
        if let Some((gives, _)) = most {
            return Some((gives.clone(), format!("what most {} rules give", self.kind)));
        }
        let enough = self.kind.required().iter().any(|set| *set == [Give::Account]);
        let (id, name) = account.filter(|_| enough)?;
        let gives = BTreeMap::from([(Give::Account, id.to_owned())]);
        Some((gives, format!("account {id} ({name}), by its name")))
    }

    /// An id that says what the rule is for and that nobody has.
    fn free_id(&self, value: &str, rules: &[Rule], taken: &BTreeSet<String>) -> String {
        let lower = value.to_lowercase();
        let words: Vec<&str> =
            lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let name: String = [self.kind.as_str()].into_iter().chain(words).collect::<Vec<_>>().join("-");
        let name: String = name.chars().take(80).collect();
        let is_free = |id: &String| !taken.contains(id) && rules.iter().all(|rule| rule.id != *id);
        let numbered = (2..).map(|number: u32| format!("{name}-{number}"));
        std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
    }
}

impl fmt::Display for Wanted {
    /// As the subject of a hold says it: `product rule for sku 'TS-1', channel '1'`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts: Vec<String> = self.facts.iter().map(|(condition, value)| format!("{condition} '{value}'")).collect();
        let facts = if facts.is_empty() { NO_FACTS.to_owned() } else { facts.join(", ") };
        write!(f, "{}{RULE_FOR}{facts}", self.kind)
    }
}

/// What tells things of a kind apart best, where that is not the most specific condition.
fn preferred(kind: RuleKind) -> &'static [Condition] {
    match kind {
        // One account for each part of a refund, one for each gateway.
        RuleKind::Refund | RuleKind::Settlement => &[Condition::Part],
        RuleKind::Payment => &[Condition::Gateway],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Facts;
    use super::*;

    fn subject(kind: RuleKind, facts: &Facts) -> String {
        format!("{kind}{RULE_FOR}{}", facts.shown(kind))
    }

    fn wanted(kind: RuleKind, facts: &[(Condition, &str)]) -> Wanted {
        Wanted { kind, facts: facts.iter().map(|(condition, value)| (*condition, (*value).to_owned())).collect() }
    }

    #[test]
    fn subjects_of_holds_are_read_back_with_quotation_marks_and_several_values() {
        let facts = Facts::new()
            .with(Condition::Sku, "TS-1")
            .with(Condition::Name, "Ada's 5' pole, 'new'")
            .with(Condition::Category, "Poles")
            .with(Condition::Category, "Sale")
            .with(Condition::Channel, "1");
        let found = Wanted::of_subject(&subject(RuleKind::Product, &facts)).unwrap();
        let expected = [
            (Condition::Sku, "TS-1"),
            (Condition::Name, "Ada's 5' pole, 'new'"),
            (Condition::Category, "Poles"),
            (Condition::Category, "Sale"),
            (Condition::Channel, "1"),
        ];
        assert_eq!(found, wanted(RuleKind::Product, &expected));
        assert_eq!(found.leading(), wanted(RuleKind::Product, &[(Condition::Sku, "TS-1")]));
        assert_eq!(Wanted::of_subject("tax rule for this order"), Some(wanted(RuleKind::Tax, &[])));
        for other in ["rulebook", "tea rule for sku 'x'", "tax rule for sku 'x'", "tax rule for name 'x", ""] {
            assert_eq!(Wanted::of_subject(other), None, "{other}");
        }
    }

    #[test]
    fn a_draft_gives_what_the_likest_rule_gives_and_has_an_id_of_its_own() {
        let rules = [
            Rule::new("product-wear-7", RuleKind::Product).when(Condition::Sku, "WEAR-*").gives(Give::Account, "4000"),
            Rule::new("camp", RuleKind::Product).when(Condition::Sku, "CAMP-*").gives(Give::Account, "4050"),
        ];
        let mut taken = BTreeSet::new();
        let missing = wanted(RuleKind::Product, &[(Condition::Sku, "WEAR-7"), (Condition::Channel, "1")]);
        let draft = missing.draft(&rules, None, &mut taken).unwrap();
        assert_eq!((draft.rule.id.as_str(), draft.rule.given(&Give::Account)), ("product-wear-7-2", Some("4000")));
        assert!(draft.rule.conditions.len() == 1 && draft.basis.contains("'product-wear-7'"), "{draft:?}");
        assert_eq!(missing.draft(&rules, None, &mut taken).unwrap().rule.id, "product-wear-7-3");
        let other = wanted(RuleKind::Product, &[(Condition::Sku, "QQ")]).draft(&rules, None, &mut taken).unwrap();
        assert_eq!(other.basis, "what most product rules give");
    }

    #[test]
    fn what_says_nothing_is_not_asked_for_and_a_star_is_not_drafted() {
        let rules = [Rule::new("all", RuleKind::Product).gives(Give::Account, "4000")];
        let mut taken = BTreeSet::new();
        let nameless = wanted(RuleKind::Product, &[(Condition::Sku, ""), (Condition::Name, "Book")]);
        assert_eq!(nameless.leading(), wanted(RuleKind::Product, &[(Condition::Name, "Book")]));
        let draft = nameless.draft(&rules, None, &mut taken).unwrap();
        assert_eq!((draft.rule.id.as_str(), draft.rule.conditions.len()), ("product-book", 1));
        assert!(draft.rule.conditions.contains_key(&Condition::Name), "{draft:?}");
        assert_eq!(wanted(RuleKind::Product, &[(Condition::Sku, "")]).leading(), wanted(RuleKind::Product, &[]));
        let star = wanted(RuleKind::Product, &[(Condition::Sku, "A*"), (Condition::Name, "Book")]);
        assert_eq!(star.draft(&rules, None, &mut taken), None);
    }

    #[test]
    fn without_rules_of_the_kind_an_account_is_enough_where_it_is_all_a_rule_must_give() {
        let mut taken = BTreeSet::new();
        let account = Some(("4010", "Shipping"));
        let shipping = wanted(RuleKind::Shipping, &[(Condition::Method, "Ground")]);
        assert_eq!(shipping.draft(&[], account, &mut taken).unwrap().rule.given(&Give::Account), Some("4010"));
        assert_eq!(shipping.draft(&[], None, &mut taken), None);
        let payment = wanted(RuleKind::Payment, &[(Condition::Method, "credit_card"), (Condition::Gateway, "stripe")]);
        assert_eq!(payment.draft(&[], account, &mut taken), None, "a payment rule must give a payment method too");
        assert_eq!(payment.leading().facts, [(Condition::Gateway, "stripe".to_owned())]);
    }

    proptest! {
        #[test]
        fn whatever_a_hold_says_of_plain_values_is_read_back(
            kind in proptest::sample::select(RuleKind::ALL.to_vec()),
            values in proptest::collection::vec(proptest::option::of("[a-zA-Z0-9' ,.-]{0,8}"), 8),
        ) {
            let told = kind.conditions().iter().zip(values);
            let told: Vec<(Condition, String)> = told
                .filter_map(|(condition, value)| Some((*condition, value?.trim().to_owned())))
                .filter(|(condition, _)| *condition != Condition::Rate)
                .collect();
            let facts = told.iter().fold(Facts::new(), |facts, (condition, value)| facts.with(*condition, value));
            let found = Wanted::of_subject(&subject(kind, &facts));
            prop_assert_eq!(found.as_ref().map(ToString::to_string), Some(subject(kind, &facts)));
            prop_assert_eq!(found, Some(Wanted { kind, facts: told }));
        }

        #[test]
        fn no_text_is_a_fault(text in "\\PC{0,40}") {
            let _ = Wanted::of_subject(&text);
            let _ = Wanted::of_subject(&format!("product rule for sku '{text}"));
        }
    }
}
