//! One order judged: what was read of it, the rules, the policy and the ledger in; what is to be posted and what keeps it
//! back out. Runs that post and dry runs judge by the same code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::order::RunEnd;
use crate::accounting::derive::{AsPosted, Derivation, Difference, Eligibility, Ledger, derive};
use crate::accounting::document::{Document, DocumentKey};
use crate::accounting::evidence::Evidence;
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::period;
use crate::accounting::policy::Policy;
use crate::accounting::rulebook::Rulebook;
use crate::store::document::StoredDocument;
use crate::store::rulebook::Revision;
use crate::store::{Store, StoreError, go_live};

/// The revision of rules that are only proposed: no document was posted by it.
pub const PROPOSED: i64 = 0;

/// Why an order cannot be judged.
#[derive(Debug)]
pub enum JudgeError {
    /// The database failed: another try may do better.
    Store(StoreError),
    /// Rules or documents that are stored cannot be read.
    Unreadable(String),
}

impl From<StoreError> for JudgeError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<JudgeError> for RunEnd {
    fn from(error: JudgeError) -> Self {
        match error {
            JudgeError::Store(error) => error.into(),
            JudgeError::Unreadable(why) => Self::retry(why),
        }
    }
}

/// Rules and their revision.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The rules.
    pub rulebook: Arc<Rulebook>,
    /// Their number; [`PROPOSED`] for none.
    pub revision: i64,
}

impl Rules {
    /// No rules at all: what is derived by them tells what rules are needed.
    pub fn none() -> Self {
        Self { rulebook: Arc::default(), revision: PROPOSED }
    }
}

/// A derivation and the rules it was made with.
#[derive(Debug)]
pub struct Judged {
    /// The derivation.
    pub derivation: Derivation,
    /// Its rules.
    pub rules: Rules,
}

/// Judges orders of one store. Older rules are read once each.
pub struct Judge<'a> {
    store: &'a Store,
    name: &'a str,
    policy: &'a Policy,
    known: Mutex<BTreeMap<i64, Arc<Rulebook>>>,
}

impl<'a> Judge<'a> {
    /// For the store of that name and policy.
    pub fn new(store: &'a Store, name: &'a str, policy: &'a Policy) -> Self {
        Self { store, name, policy, known: Mutex::default() }
    }

    /// Today's rules; `None` when there are none.
    ///
    /// # Errors
    /// [`JudgeError`] when the database fails or the rules cannot be read.
    pub async fn newest_rules(&self) -> Result<Option<Rules>, JudgeError> {
        self.store.latest_rulebook(self.name).await?.map(|found| self.read(found)).transpose()
    }

    /// The rules of a revision; `None` when there is none of that number.
    ///
    /// # Errors
    /// [`JudgeError`] when the database fails or the rules cannot be read.
    pub async fn rules_of(&self, revision: i64) -> Result<Option<Rules>, JudgeError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&revision).cloned();
        if let Some(rulebook) = known {
            return Ok(Some(Rules { rulebook, revision }));
        }
        self.store.rulebook_revision(self.name, revision).await?.map(|found| self.read(found)).transpose()
    }

    fn read(&self, found: Revision) -> Result<Rules, JudgeError> {
        let number = found.number;
        let unreadable =
            |what: &str, why: String| JudgeError::Unreadable(format!("rulebook revision {number} {what}: {why}"));
        let rules = serde_json::from_value(found.rules)
            .map_err(|error: serde_json::Error| unreadable("cannot be read", error.to_string()))?;
        let rulebook = Rulebook::new(rules).map_err(|problems| unreadable("is not valid", format!("{problems:?}")))?;
        let rules = Rules { rulebook: Arc::new(rulebook), revision: found.number };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(found.number, rules.rulebook.clone());
        Ok(rules)
    }

    /// Derives an order of which this is stored.
    ///
    /// # Errors
    /// [`JudgeError`] when the database fails.
    pub async fn derive(
        &self,
        evidence: &Evidence,
        rules: Rules,
        stored: &[StoredDocument],
    ) -> Result<Judged, JudgeError> {
        let policy = go_live::policy(self.store, self.name, self.policy, &evidence.order, stored).await?;
        let derivation = derive(evidence, &rules.rulebook, &policy);
        Ok(Judged { derivation, rules })
    }

    /// What is to be posted now, beside what stands in the ledger. `since` is when the order was first read as it is.
    ///
    /// # Errors
    /// [`JudgeError`] when the database fails or something in it cannot be read.
    pub async fn difference(
        &self,
        evidence: &Evidence,
        judged: &Judged,
        stored: &[StoredDocument],
        since: Timestamp,
    ) -> Result<Difference, JudgeError> {
        let posted = standing_documents(stored)?;
        let as_posted = self.as_posted(evidence, judged, stored).await?;
        let seen_on = period::posting_date(since, self.policy);
        let ledger = Ledger { posted: &posted, as_posted: &as_posted, seen_on };
        Ok(judged.derivation.difference(&ledger, self.policy))
    }

    /// What the order gives now by the rules that its documents were posted by, where these are not today's. Where those
    /// have no rule for something that is new on the order, today's has it.
    async fn as_posted(
        &self,
        evidence: &Evidence,
        today: &Judged,
        stored: &[StoredDocument],
    ) -> Result<Vec<AsPosted>, JudgeError> {
        let mut chains: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        for (chain, revision) in posted_by(stored, today.rules.revision) {
            chains.entry(revision).or_default().insert(chain);
        }
        let mut found = Vec::new();
        for (revision, chains) in chains {
            let Some(rules) = self.rules_of(revision).await? else { continue };
            let then = self.derive(evidence, rules, stored).await?;
            let missing = |hold: &Hold| hold.code == HoldCode::MissingRule && hold.blocks == Blocks::Order;
            let derivation = if then.derivation.holds.iter().any(missing) {
                let later = Rulebook::clone(&today.rules.rulebook);
                let completed = Rulebook::clone(&then.rules.rulebook).completed_by(later);
                let policy = go_live::policy(self.store, self.name, self.policy, &evidence.order, stored).await?;
                derive(evidence, &completed, &policy)
            } else {
                then.derivation
            };
            found.push(AsPosted { chains, derivation });
        }
        Ok(found)
    }
}

/// The order's documents that stand in the ledger, by themselves or in a summary, as they were posted.
///
/// # Errors
/// [`JudgeError`] when one cannot be read.
pub fn standing_documents(stored: &[StoredDocument]) -> Result<Vec<Document>, JudgeError> {
    let standing = stored.iter().map(|document| (document.state, &document.planned));
    let read = standing.filter(|(state, _)| state.stands()).map(|(_, planned)| {
        serde_json::from_value(planned.body.clone())
            .map_err(|error| JudgeError::Unreadable(format!("{} in the database cannot be read: {error}", planned.key)))
    });
    read.collect()
}

/// The rules that each chain was posted by first, where they are not `today`'s.
pub fn posted_by(stored: &[StoredDocument], today: i64) -> BTreeMap<String, i64> {
    let mut rules = BTreeMap::new();
    for document in stored.iter().filter(|document| document.state.stands()) {
        let key = DocumentKey::stored(document.planned.key.as_str());
        if let Some(revision) = document.planned.revision.filter(|_| key.revision() == 1) {
            rules.insert(key.chain().to_owned(), revision);
        }
    }
    rules.retain(|_, revision| *revision != today);
    rules
}

/// Where an order stands, and why when it is not posted.
pub fn outcome(derivation: &Derivation, holds: &[Hold], anything_posted: bool) -> (&'static str, String) {
    match &derivation.status {
        _ if !holds.is_empty() => ("held", holds.iter().map(|h| h.message.as_str()).collect::<Vec<_>>().join("; ")),
        Eligibility::Post => ("posted", String::new()),
        // Only deposits and the cost of goods are there: the sale itself waits.
        Eligibility::Waiting(reason) if !derivation.documents.is_empty() => ("waiting", reason.clone()),
        _ if anything_posted => ("posted", String::new()),
        Eligibility::Waiting(reason) => ("waiting", reason.clone()),
        Eligibility::Excluded(reason) => ("excluded", reason.clone()),
    }
}
