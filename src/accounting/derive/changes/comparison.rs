//! A derivation beside the ledger, document by document and balance by balance: what other rules would have booked.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::super::super::document::{Document, DocumentKey, DocumentKind};
use super::super::super::hold::Blocks;
use super::super::super::money::Currency;
use super::super::super::policy::Policy;
use super::super::Derivation;
use super::{Now, Place, chains, effect};

/// How a document compares with the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Derived, and not in the ledger.
    New,
    /// In the ledger with other lines.
    Changed,
    /// In the ledger, and no longer derived.
    Gone,
}

impl Change {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }
}

/// One balance: what stands in the ledger and what was derived, debits above zero, in major units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedPlace {
    /// The account.
    pub account: String,
    /// Ids of its dimensions by name; none on the receivable account.
    pub dimensions: BTreeMap<String, String>,
    /// What stands in the ledger, with corrections.
    pub posted: Decimal,
    /// What was derived.
    pub derived: Decimal,
}

/// A document (with its corrections) that is not what stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedDocument {
    /// The key of the first of its chain.
    pub key: DocumentKey,
    /// What kind it is.
    pub kind: DocumentKind,
    /// Its number.
    pub number: String,
    /// The currency of all amounts.
    pub currency: Currency,
    /// How it compares.
    pub change: Change,
    /// Its total as it stands, with corrections; `None` when it does not.
    pub posted_total: Option<Decimal>,
    /// Its total as derived; `None` when it is not.
    pub derived_total: Option<Decimal>,
    /// The balances that differ.
    pub places: Vec<ComparedPlace>,
}

impl Derivation {
    /// What differs from the ledger, whatever rules it was posted by. Nothing when a hold leaves the order without
    /// documents, and nothing for documents that move no balance.
    pub fn compared(&self, posted: &[Document], policy: &Policy) -> Vec<ComparedDocument> {
        if self.holds.iter().any(|hold| hold.blocks == Blocks::Order) {
            return Vec::new();
        }
        let (now, receivable) = (Now::of(self, &[]), policy.receivable_account.as_str());
        let mut known: BTreeSet<&str> = BTreeSet::new();
        let mut found = Vec::new();
        for chain in chains(posted) {
            known.insert(chain.name());
            let stands = effect(chain.documents(), receivable);
            let Some(change) = now.compare(chain, self.void, policy) else { continue };
            let (first, total) = (change.chain.first, change.was(policy));
            match change.now {
                // Amounts of two currencies have no difference.
                Some(document) if document.currency != first.currency => {
                    found.push(of(first, Change::Gone, Some(total), None, places(&stands, &BTreeMap::new())));
                    found.extend(new(document, receivable));
                }
                derived => {
                    let gives = derived.map(|document| effect(std::iter::once(document), receivable));
                    let kind = if derived.is_some() { Change::Changed } else { Change::Gone };
                    let derived_total = derived.map(|document| document.total);
                    found.push(of(
                        first,
                        kind,
                        Some(total),
                        derived_total,
                        places(&stands, &gives.unwrap_or_default()),
                    ));
                }
            }
        }
        let derived = self.documents.iter().filter(|document| !self.void && !known.contains(document.key.chain()));
        found.extend(derived.filter_map(|document| new(document, receivable)));
        found.retain(|document| !document.places.is_empty());
        found
    }
}

fn new(document: &Document, receivable: &str) -> Option<ComparedDocument> {
    let gives = effect(std::iter::once(document), receivable);
    (document.kind != DocumentKind::Application)
        .then(|| of(document, Change::New, None, Some(document.total), places(&BTreeMap::new(), &gives)))
}

fn of(
    named: &Document,
    change: Change,
    posted_total: Option<Decimal>,
    derived_total: Option<Decimal>,
    places: Vec<ComparedPlace>,
) -> ComparedDocument {
    ComparedDocument {
        key: named.key.clone(),
        kind: named.kind,
        number: named.number.clone(),
        currency: named.currency,
        change,
        posted_total,
        derived_total,
        places,
    }
}

/// The balances that differ.
fn places(stands: &BTreeMap<Place, Decimal>, gives: &BTreeMap<Place, Decimal>) -> Vec<ComparedPlace> {
    let all: BTreeSet<&Place> = stands.keys().chain(gives.keys()).collect();
    let of = |sums: &BTreeMap<Place, Decimal>, place: &Place| sums.get(place).copied().unwrap_or_default();
    let compared = all.into_iter().map(|place| ComparedPlace {
        account: place.account.clone(),
        dimensions: place.dimensions.clone(),
        posted: of(stands, place),
        derived: of(gives, place),
    });
    compared.filter(|place| place.posted != place.derived).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::derive::cases::e1;
    use crate::accounting::derive::derive;
    use crate::accounting::rulebook::{Give, Rule, RuleKind, Rulebook};

    fn with_products_on(rules: &[Rule], account: &str) -> Rulebook {
        let moved = rules.iter().cloned().map(|mut rule| {
            if rule.kind == RuleKind::Product {
                rule.gives.insert(Give::Account, account.to_owned());
            }
            rule
        });
        Rulebook::new(moved.collect()).unwrap()
    }

    #[test]
    fn other_rules_differ_by_exactly_what_they_move() {
        let case = e1();
        let posted = case.derive().documents;
        assert_eq!(case.derive().compared(&posted, &case.policy), []);

        let rules = with_products_on(&case.rules, "4999");
        let other = derive(&case.evidence, &rules, &case.policy).compared(&posted, &case.policy);
        let [invoice] = other.as_slice() else { panic!("{other:?}") };
        assert_eq!((invoice.change, invoice.kind), (Change::Changed, DocumentKind::Invoice));
        assert_eq!(invoice.posted_total, invoice.derived_total);
        let moved: Decimal = invoice.places.iter().map(|place| place.derived - place.posted).sum();
        assert_eq!((moved, invoice.places.len()), (Decimal::ZERO, 2));
        assert!(invoice.places.iter().any(|place| place.account == "4999" && place.posted.is_zero()));
    }

    #[test]
    fn what_is_not_posted_is_new_and_what_is_not_derived_any_more_is_gone() {
        let case = e1();
        let derivation = case.derive();
        let new = derivation.compared(&[], &case.policy);
        assert!(new.iter().all(|document| document.change == Change::New && document.posted_total.is_none()));
        let lines: usize = derivation.documents.iter().filter(|document| !document.lines.is_empty()).count();
        assert_eq!((new.len(), lines), (2, 2), "an invoice and a receipt");

        let nothing = Derivation { documents: Vec::new(), ..derivation.clone() };
        let gone = nothing.compared(&derivation.documents, &case.policy);
        assert!(gone.iter().all(|document| document.change == Change::Gone && document.derived_total.is_none()));
        assert_eq!(gone.len(), lines);
    }
}
