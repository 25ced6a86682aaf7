//! One order of a dry run: judged as the worker would judge it, told line by line and beside the ledger.

use jiff::Timestamp;

use crate::accounting::derive::{ComparedDocument, Difference};
use crate::accounting::document::Document;
use crate::accounting::evidence::Evidence;
use crate::accounting::hold::{Hold, HoldCode};
use crate::accounting::policy::PostingMode;
use crate::accounting::rulebook::wanted::Wanted;
use crate::accounting::summary;
use crate::store::document::StoredDocument;
use crate::store::dry_run::{
    DryDifference, DryHold, DryJournalLine, DryOrder, DrySlice, KeptEvidence, PlaceDifference,
};
use crate::store::way;
use crate::store::{Store, StoreError};
use crate::worker::connection::StoreConnection;
use crate::worker::judge::{self, Judge, JudgeError, Judged, Rules};
use crate::worker::validation;

/// One order under these rules.
pub(super) struct Look<'a> {
    pub store: &'a Store,
    pub connection: &'a StoreConnection,
    pub judge: &'a Judge<'a>,
    pub rules: &'a Rules,
    pub order_id: u64,
    pub stored: Vec<StoredDocument>,
}

impl Look<'_> {
    /// Adds what the order comes to. What cannot be read is told and stops nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn derive(&self, kept: Option<KeptEvidence>, slice: &mut DrySlice) -> Result<(), StoreError> {
        if let Some(exclusion) = self.store.exclusion(&self.connection.name, self.order_id).await? {
            slice.orders.push(self.without_documents("excluded", exclusion.reason, kept.map(|kept| kept.hash)));
            return Ok(());
        }
        let Some(kept) = kept else {
            slice.orders.push(self.unreadable("nothing of it was read yet; replay it first".to_owned(), None));
            return Ok(());
        };
        let evidence: Evidence = match serde_json::from_value(kept.facts.clone()) {
            Ok(evidence) => evidence,
            Err(error) => {
                let why = format!("what was kept of it cannot be read: {error}; replay it first");
                slice.orders.push(self.unreadable(why, Some(kept.hash)));
                return Ok(());
            }
        };
        let policy = &self.connection.policy;
        let (judged, difference, posted) = match self.look(&evidence, kept.since).await {
            Ok(found) => found,
            Err(JudgeError::Store(error)) => return Err(error),
            Err(JudgeError::Unreadable(why)) => {
                slice.orders.push(self.unreadable(why, Some(kept.hash)));
                return Ok(());
            }
        };
        let derivation = &judged.derivation;
        let compared = derivation.compared(&posted, policy);
        let mut holds = difference.holds;
        holds.extend(self.not_in_intacct(&difference.to_post, &derivation.documents, &compared).await?);
        let anything = !self.stored.is_empty() || !difference.to_post.is_empty();
        let (outcome, reason) = judge::outcome(derivation, &holds, anything);
        slice.orders.push(DryOrder {
            order_id: self.order_id,
            outcome: outcome.to_owned(),
            reason,
            currency: Some(derivation.order_total.currency.code().to_owned()),
            total: Some(derivation.order_total.amount),
            documents: u32::try_from(derivation.documents.len()).unwrap_or(u32::MAX),
            to_post: u32::try_from(difference.to_post.len()).unwrap_or(u32::MAX),
            evidence_hash: Some(kept.hash),
        });
        slice.lines.extend(derivation.documents.iter().flat_map(|document| self.lines(document)));
        slice.holds.extend(holds.into_iter().map(|hold| self.hold(hold)));
        slice.differences.extend(compared.into_iter().map(|document| self.difference(document)));
        Ok(())
    }

    async fn look(
        &self,
        evidence: &Evidence,
        since: Timestamp,
    ) -> Result<(Judged, Difference, Vec<Document>), JudgeError> {
        let judged = self.judge.derive(evidence, self.rules.clone(), &self.stored).await?;
        let difference = self.judge.difference(evidence, &judged, &self.stored, since).await?;
        Ok((judged, difference, judge::standing_documents(&self.stored)?))
    }

    fn unreadable(&self, reason: String, evidence_hash: Option<String>) -> DryOrder {
        self.without_documents("unreadable", reason, evidence_hash)
    }

    fn without_documents(&self, outcome: &str, reason: String, evidence_hash: Option<String>) -> DryOrder {
        DryOrder {
            order_id: self.order_id,
            outcome: outcome.to_owned(),
            reason,
            currency: None,
            total: None,
            documents: 0,
            to_post: 0,
            evidence_hash,
        }
    }

    /// What Intacct would refuse of what is to be posted, and of what other rules would have posted otherwise.
    async fn not_in_intacct(
        &self,
        to_post: &[Document],
        derived: &[Document],
        compared: &[ComparedDocument],
    ) -> Result<Vec<Hold>, StoreError> {
        let differs = |document: &&Document| {
            compared.iter().any(|other| other.key.chain() == document.key.chain())
                && to_post.iter().all(|other| other.key != document.key)
        };
        let documents: Vec<Document> = to_post.iter().chain(derived.iter().filter(differs)).cloned().collect();
        let way = summary::way(way::begun(&self.stored), derived, &self.connection.policy);
        let checked = validation::check(self.connection, &documents, way == PostingMode::Daily).await?;
        Ok(checked.holds)
    }

    fn lines<'a>(&'a self, document: &'a Document) -> impl Iterator<Item = DryJournalLine> + 'a {
        document.lines.iter().map(|line| DryJournalLine {
            order_id: self.order_id,
            document_key: document.key.as_str().to_owned(),
            kind: document.kind.as_str().to_owned(),
            number: document.number.clone(),
            posting_date: document.date,
            account: line.account.clone(),
            debit: line.debit,
            credit: line.credit,
            currency: document.currency.code().to_owned(),
            dimensions: line.dimensions.ids(),
            memo: line.memo.clone(),
            rule: line.rule.clone(),
        })
    }

    fn hold(&self, hold: Hold) -> DryHold {
        DryHold {
            order_id: self.order_id,
            mapping: mapping(&hold),
            code: hold.code.as_str().to_owned(),
            subject: hold.subject,
            message: hold.message,
            remedy: hold.remedy,
            amount: hold.amount.map(|money| money.amount),
            currency: hold.amount.map(|money| money.currency.code().to_owned()),
        }
    }

    fn difference(&self, document: ComparedDocument) -> DryDifference {
        let places = document.places.into_iter().map(|place| PlaceDifference {
            account: place.account,
            dimensions: place.dimensions,
            difference: place.derived - place.posted,
            posted: place.posted,
            derived: place.derived,
        });
        DryDifference {
            order_id: self.order_id,
            document_key: document.key.as_str().to_owned(),
            kind: document.kind.as_str().to_owned(),
            number: document.number,
            currency: document.currency.code().to_owned(),
            change: document.change.as_str().to_owned(),
            posted_total: document.posted_total,
            derived_total: document.derived_total,
            accounts: places.collect(),
        }
    }
}

/// The mapping that a hold misses; `None` when a mapping does not mend it.
///
/// A missing rule names all that is known of the thing; what a rule would ask for before anything else (a product's number,
/// a tax's name) is the mapping, so that one product sold to fifty states is one mapping that is missing.
fn mapping(hold: &Hold) -> Option<String> {
    match hold.code {
        HoldCode::MissingRule => {
            let wanted = Wanted::of_subject(&hold.subject);
            Some(wanted.map_or_else(|| hold.subject.clone(), |wanted| wanted.leading().to_string()))
        }
        code if HoldCode::OF_MASTER_DATA.contains(&code) => Some(hold.subject.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::hold::Blocks;

    fn of(code: HoldCode, subject: &str) -> Option<String> {
        let text = String::new;
        let hold = Hold {
            code,
            subject: subject.to_owned(),
            message: text(),
            remedy: text(),
            amount: None,
            blocks: Blocks::Order,
        };
        mapping(&hold)
    }

    #[test]
    fn a_missing_rule_is_one_mapping_wherever_the_thing_was_sold() {
        let texas = of(HoldCode::MissingRule, "product rule for sku 'NEW-1', channel '1', state 'Texas'");
        let maine = of(HoldCode::MissingRule, "product rule for sku 'NEW-1', channel '1', state 'Maine'");
        assert_eq!(texas.as_deref(), Some("product rule for sku 'NEW-1'"));
        assert_eq!(texas, maine);
        let nameless = of(HoldCode::MissingRule, "product rule for sku '', name 'Book', channel '1'");
        assert_eq!(nameless.as_deref(), Some("product rule for name 'Book'"));
        let quoted = of(HoldCode::MissingRule, "product rule for sku 'A', 'B', channel '1'");
        assert_eq!(quoted.as_deref(), Some("product rule for sku 'A', 'B'"));
        let paid = of(HoldCode::MissingRule, "payment rule for method 'card', gateway 'stripe'");
        assert_eq!(paid.as_deref(), Some("payment rule for gateway 'stripe'"));
        assert_eq!(of(HoldCode::MissingRule, "rulebook").as_deref(), Some("rulebook"));
        assert_eq!(of(HoldCode::MissingRule, "fee rule for this order").as_deref(), Some("fee rule for this order"));
        assert_eq!(of(HoldCode::NotInIntacct, "gl-account 4999").as_deref(), Some("gl-account 4999"));
        assert_eq!(of(HoldCode::Disputed, "order 118"), None);
    }
}
