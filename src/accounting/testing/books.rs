//! One order's documents in the ledger, and what is still to be posted of it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::derive::{AsPosted, Derivation, Difference, Ledger, derive};
use super::super::document::Document;
use super::super::hold::Hold;
use super::super::rulebook::{Rule, Rulebook};
use super::Case;
use super::show::balances_of;

/// One order's documents in the ledger, run by run.
pub(crate) struct Books {
    pub posted: Vec<Document>,
    /// The day the order is read.
    pub today: Date,
    /// The rules that each chain was posted by.
    rules: BTreeMap<String, Vec<Rule>>,
}

impl Books {
    /// Nothing posted; the order is read on 20 March 2026.
    pub fn new() -> Self {
        Self { posted: Vec::new(), today: "2026-03-20".parse().unwrap(), rules: BTreeMap::new() }
    }

    /// Judges the order and posts whatever is to be posted.
    pub fn run(&mut self, case: &Case) -> Difference {
        let difference = self.judge(case);
        for document in &difference.to_post {
            assert!(!self.posted.iter().any(|known| known.key == document.key), "{} is posted twice", document.key);
            self.rules.entry(document.key.chain().to_owned()).or_insert_with(|| case.rules.clone());
        }
        self.posted.extend(difference.to_post.clone());
        difference
    }

    /// What is to be posted.
    pub fn judge(&self, case: &Case) -> Difference {
        let (as_posted, posted) = (self.as_posted(case), &self.posted[..]);
        case.derive().difference(&Ledger { posted, as_posted: &as_posted, seen_on: self.today }, &case.policy)
    }

    /// The order as it is now, by the rules of each chain that are not today's.
    pub fn as_posted(&self, case: &Case) -> Vec<AsPosted> {
        let mut found: Vec<(Vec<Rule>, AsPosted)> = Vec::new();
        for (chain, rules) in self.rules.iter().filter(|(_, rules)| **rules != case.rules) {
            if let Some((_, same)) = found.iter_mut().find(|(known, _)| known == rules) {
                same.chains.insert(chain.clone());
                continue;
            }
            let then = Rulebook::new(rules.clone()).unwrap();
            let rulebook = then.completed_by(Rulebook::new(case.rules.clone()).unwrap());
            let derivation = derive(&case.evidence, &rulebook, &case.policy);
            found.push((rules.clone(), AsPosted { chains: [chain.clone()].into(), derivation }));
        }
        found.into_iter().map(|(_, as_posted)| as_posted).collect()
    }

    /// What every account stands at; debit is positive, zero is left out.
    pub fn balances(&self) -> BTreeMap<String, Decimal> {
        balances_of(&self.posted)
    }
}

/// Numbers of what is still to be posted of an order when all of `ledger` is, and every hold.
pub(crate) fn still_to_post(case: &Case, ledger: &Derivation) -> (Vec<String>, Vec<Hold>) {
    let seen_on = "2026-03-20".parse().unwrap();
    let ledger = Ledger { posted: &ledger.documents, as_posted: &[], seen_on };
    let difference = case.derive().difference(&ledger, &case.policy);
    (difference.to_post.iter().map(|document| document.number.clone()).collect(), difference.holds)
}
