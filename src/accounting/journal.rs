//! Journal lines: an account, one side, an amount, dimensions, and the rule that chose them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The dimensions of a journal line: name to Intacct id.
///
/// Names are `location`, `department`, `class`, `project`, `customer`, `item`, or the name of a user-defined dimension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dimensions(pub BTreeMap<String, String>);

impl Dimensions {
    /// The id for one dimension.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// These dimensions, with those of `over` taking their place where both have one.
    pub fn overlaid(&self, over: &Dimensions) -> Dimensions {
        let mut merged = self.0.clone();
        merged.extend(over.0.iter().map(|(name, id)| (name.clone(), id.clone())));
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
    /// Location, department and so on.
    pub dimensions: Dimensions,
    /// What a reader of the ledger sees, for example `TS-1 x 2`.
    pub memo: String,
    /// Why this account: the rule or the setting that chose it, for example `product rule p-shirts`.
    pub rule: String,
}
