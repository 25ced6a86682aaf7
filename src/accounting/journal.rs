//! Journal lines: an account, one side, an amount, dimensions, and for each value the rule that chose it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};

/// One dimension's value and what chose it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dimension {
    /// The Intacct id, for example of a location.
    pub id: String,
    /// The rule that gave it, for example `dimension rule 'all'`.
    pub rule: String,
}

/// The name of the dimension that says which item it is.
pub const ITEM: &str = "item";

/// Ends the rule of a value that several rules gave.
const AND_OTHERS: &str = " and others";

/// The dimensions of a journal line, by name.
///
/// Names are `location`, `department`, `class`, `project`, `customer`, `item`, or the name of a user-defined dimension.
/// Cheap to clone: most lines of an order have the same ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(from = "BTreeMap<String, Dimension>")]
pub struct Dimensions(Arc<BTreeMap<Arc<str>, Arc<Dimension>>>);

impl From<BTreeMap<String, Dimension>> for Dimensions {
    fn from(dimensions: BTreeMap<String, Dimension>) -> Self {
        let shared = dimensions.into_iter().map(|(name, dimension)| (Arc::from(name), Arc::new(dimension)));
        Self(Arc::new(shared.collect()))
    }
}

impl Serialize for Dimensions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Dimensions {
    /// The id for one dimension.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|dimension| dimension.id.as_str())
    }

    /// Sets one dimension, with the rule that gives it.
    pub fn set(&mut self, name: &str, id: &str, rule: &str) {
        let dimension = Dimension { id: id.to_owned(), rule: rule.to_owned() };
        Arc::make_mut(&mut self.0).insert(Arc::from(name), Arc::new(dimension));
    }

    /// Name, id and rule of every dimension, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Dimension)> {
        self.0.iter().map(|(name, dimension)| (&**name, &**dimension))
    }

    /// Name to id, without the rules: what the ledger sees.
    pub fn ids(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(name, dimension)| (name.to_string(), dimension.id.clone())).collect()
    }

    /// Whether the ledger sees the same: the same ids, whichever rules gave them.
    pub fn same_ids(&self, other: &Dimensions) -> bool {
        self.compare_ids(other).is_eq()
    }

    /// Their order by what the ledger sees: names and ids.
    pub fn compare_ids(&self, other: &Dimensions) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        let own = self.iter().map(|(name, dimension)| (name, &dimension.id));
        own.cmp(other.iter().map(|(name, dimension)| (name, &dimension.id)))
    }

    /// Says of each value that more than one rule gave it, where `other` has the same id by another rule. Both must have
    /// the [same ids](Self::same_ids).
    pub fn share(&mut self, other: &Dimensions) {
        if Arc::ptr_eq(&self.0, &other.0) {
            return;
        }
        let differs = |(name, dimension): (&Arc<str>, &Arc<Dimension>)| {
            let own = self.0.get(name)?;
            let known = own.rule == dimension.rule || own.rule.ends_with(AND_OTHERS);
            if known { None } else { Some(name.clone()) }
        };
        for name in other.0.iter().filter_map(differs).collect::<Vec<_>>() {
            if let Some(dimension) = Arc::make_mut(&mut self.0).get_mut(&name) {
                Arc::make_mut(dimension).rule.push_str(AND_OTHERS);
            }
        }
    }

    /// These dimensions without one of them.
    #[must_use]
    pub fn without(&self, name: &str) -> Dimensions {
        let mut rest = self.clone();
        if rest.0.contains_key(name) {
            Arc::make_mut(&mut rest.0).remove(name);
        }
        rest
    }

    /// These dimensions, with those of `over` taking their place where both have one.
    pub fn overlaid(&self, over: &Dimensions) -> Dimensions {
        if over.0.is_empty() {
            return self.clone();
        }
        if self.0.is_empty() {
            return over.clone();
        }
        let mut merged = self.clone();
        let dimensions = over.0.iter().map(|(name, dimension)| (name.clone(), dimension.clone()));
        Arc::make_mut(&mut merged.0).extend(dimensions);
        merged
    }
}

/// One leg of a document. Exactly one of debit and credit is above zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine {
    /// The general ledger account.
    pub account: String,
    /// Amount debited, in major units of the document's currency; zero or positive.
    pub debit: Decimal,
    /// Amount credited, in major units of the document's currency; zero or positive.
    pub credit: Decimal,
    /// Location, department and so on, each with the rule that chose it.
    pub dimensions: Dimensions,
    /// What a reader of the ledger sees, for example `TS-1 x 2`.
    pub memo: String,
    /// Why this account: the rule or the setting that chose it, for example `product rule 'p-shirts'`.
    pub rule: String,
}

impl JournalLine {
    /// The amount, a debit above zero and a credit below.
    pub fn signed(&self) -> Decimal {
        self.debit - self.credit
    }
}
