//! Journal lines: an account, one side, an amount, dimensions, and for each value the rule that chose it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One dimension's value and what chose it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dimension {
    /// The Intacct id, for example of a location.
    pub id: String,
    /// The rule that gave it, for example `dimension rule 'all'`.
    pub rule: String,
}

/// The dimensions of a journal line, by name.
///
/// Names are `location`, `department`, `class`, `project`, `customer`, `item`, or the name of a user-defined dimension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dimensions(BTreeMap<String, Dimension>);

impl Dimensions {
    /// The id for one dimension.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|dimension| dimension.id.as_str())
    }

    /// Sets one dimension, with the rule that gives it.
    pub fn set(&mut self, name: &str, id: &str, rule: &str) {
        self.0.insert(name.to_owned(), Dimension { id: id.to_owned(), rule: rule.to_owned() });
    }

    /// Name, id and rule of every dimension, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Dimension)> {
        self.0.iter().map(|(name, dimension)| (name.as_str(), dimension))
    }

    /// Name to id, without the rules: what the ledger sees.
    pub fn ids(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(name, dimension)| (name.clone(), dimension.id.clone())).collect()
    }

    /// These dimensions, with those of `over` taking their place where both have one.
    pub fn overlaid(&self, over: &Dimensions) -> Dimensions {
        let mut merged = self.0.clone();
        merged.extend(over.0.iter().map(|(name, dimension)| (name.clone(), dimension.clone())));
        Dimensions(merged)
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
