//! Waves: an order's documents in the order they depend on each other, each stored as intended before it is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::connection::StoreConnection;
use super::gateway::verdict::OF_ANOTHER;
use super::gateway::{Cause, Failure, Sent};
use super::lookup;
use super::order::RunEnd;
use super::receivables::{self, Receivables};
use super::together;
use crate::accounting::document::{Document, in_waves};
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::money::Money;
use crate::intacct::diagnosis::{self, Diagnosis};
use crate::intacct::functions::Function;
use crate::intacct::posting::{self, PostingError, Surroundings};
use crate::store::Store;
use crate::store::document::{DocumentState, Duplicate, Intent, Outcome, PlannedDocument, PostingLine, StoredDocument};
use crate::telemetry::POSTINGS_TOTAL;

/// How sending ended.
#[derive(Debug)]
pub enum WaveEnd {
    /// Everything was sent that could be; what was refused is held.
    Through {
        /// Refusals.
        holds: Vec<Hold>,
    },
    /// Something has to be tried again later.
    Interrupted {
        /// What.
        why: String,
        /// What the other side asked for.
        after: Option<Duration>,
        /// Refusals so far.
        holds: Vec<Hold>,
    },
}

/// The documents of one order on their way out.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// The store of record.
    pub store: &'a Store,
    /// The order's store.
    pub connection: &'a StoreConnection,
    /// The evidence the documents come from.
    pub evidence_hash: &'a str,
    /// The rules they come from.
    pub revision: i64,
    /// Other rules that corrections come from: those their chain was posted by.
    pub posted_by: &'a BTreeMap<String, i64>,
    /// The buyer's customer in Intacct; empty where there is none.
    pub customer_id: &'a str,
    /// The id of the attachment that a journal entry names.
    pub attachment: Option<&'a str>,
}

/// What is known of the documents that a request names.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// Record numbers, or ids of Order Entry documents, by key.
    records: &'a BTreeMap<String, String>,
    /// Record numbers of receivables, by the ids of their Order Entry documents.
    receivables: &'a Receivables,
}

/// What became of one document.
pub(super) enum One {
    Posted(String, String),
    Held(Hold),
    Later { why: String, after: Option<Duration> },
}

impl Batch<'_> {
    /// Plans all documents in one transaction, then sends them wave by wave. A wave that did not get through whole
    /// keeps only those documents back that need what is missing.
    ///
    /// # Errors
    /// [`RunEnd`] when the database fails: nothing is sent without its intent being stored.
    pub async fn send(&self, documents: &[Document], stored: &[StoredDocument]) -> Result<WaveEnd, RunEnd> {
        let planned: Vec<PlannedDocument> = documents.iter().map(|document| self.planned(document)).collect();
        self.store.plan(&planned).await?;
        let mut records: BTreeMap<String, String> = stored
            .iter()
            .filter(|document| document.state == DocumentState::Posted)
            .filter_map(|document| Some((document.planned.key.clone(), document.record_no.clone()?)))
            .collect();
        let (mut holds, mut later) = (Vec::new(), None);
        for (_, of_wave) in in_waves(documents) {
            let ready: Vec<&Document> = of_wave.into_iter().filter(|document| self.ready(document, &records)).collect();
            let Some(first) = ready.first() else { continue };
            let cause = self.cause(first);
            let receivables = match receivables::read(&self.connection.gateway, &cause, &ready, &records).await {
                Ok(receivables) => receivables,
                Err(failure) => {
                    let (why, after) = failure.into_retry();
                    later = Some((format!("the receivables of Order Entry documents could not be read: {why}"), after));
                    continue;
                }
            };
            let known = Known { records: &records, receivables: &receivables };
            let groups = together::groups(&ready);
            for end in join_all(groups.iter().map(|group| self.send_group(group, known))).await.into_iter().flatten() {
                match end? {
                    One::Posted(key, record_no) => {
                        records.insert(key, record_no);
                    }
                    One::Held(hold) => holds.push(hold),
                    One::Later { why, after } => later = Some((why, after)),
                }
            }
        }
        Ok(match later {
            Some((why, after)) => WaveEnd::Interrupted { why, after, holds },
            None => WaveEnd::Through { holds },
        })
    }

    /// Whether everything the document's request names is in Intacct already. Documents of the first wave name
    /// others only in words.
    fn ready(&self, document: &Document, records: &BTreeMap<String, String>) -> bool {
        document.wave() == 1 || document.detail.needs().iter().all(|key| records.contains_key(key.as_str()))
    }

    /// The document as it is stored.
    pub(super) fn planned(&self, document: &Document) -> PlannedDocument {
        PlannedDocument {
            customer_id: self.customer_id.to_owned(),
            evidence_hash: Some(self.evidence_hash.to_owned()),
            revision: Some(self.posted_by.get(document.key.chain()).copied().unwrap_or(self.revision)),
            ..planned(&self.connection.name, document)
        }
    }

    /// Sends a document that is planned under this content hash and names no other.
    pub(super) async fn send_alone(&self, document: &Document, content_hash: &str) -> Result<One, RunEnd> {
        let known = Known { records: &BTreeMap::new(), receivables: &Receivables::new() };
        self.send_one(document, content_hash, known).await
    }

    /// Sends a document that is planned under this content hash.
    pub(super) async fn send_one(
        &self,
        document: &Document,
        content_hash: &str,
        known: Known<'_>,
    ) -> Result<One, RunEnd> {
        let key = document.key.as_str();
        let function = match self.function(document, known) {
            Ok(function) => function,
            Err(hold) => return Ok(One::Held(*hold)),
        };
        let (body, hash) = (function.body(), function.body_hash());
        let intent = Intent { store: &self.connection.name, key, content_hash, request: &body, request_hash: &hash };
        let Some(attempt) = self.store.begin_sending(intent).await? else {
            return self.not_now(key).await;
        };
        let sent = self.connection.gateway.write(self.cause(document), &control_id(key), function).await;
        match self.settle(document, attempt, sent, known).await? {
            End::Settled(one) => Ok(one),
            End::LookUp => self.look_up(document).await,
        }
    }

    /// The function that posts a document, or the hold when none can be made.
    pub(super) fn function(&self, document: &Document, known: Known<'_>) -> Result<Function, Box<Hold>> {
        let around = Surroundings {
            customer_id: self.customer_id,
            records: known.records,
            receivables: known.receivables,
            policy: &self.connection.policy,
            application_account: &self.connection.application_account,
            attachment: self.attachment,
        };
        posting::function(document, around).map_err(|error| {
            let remedy = match error {
                PostingError::NoReceivable(_) => "Post or restore the document in Intacct.",
                _ => "Change the mapping rule or the setting named here.",
            };
            Box::new(refused(document, &error.to_string(), remedy))
        })
    }

    pub(super) fn cause(&self, document: &Document) -> Cause {
        Cause { store: self.connection.name.clone(), order: document.order_id }
    }

    /// Records the gateway's answer to an attempt.
    pub(super) async fn settle(
        &self,
        document: &Document,
        attempt: i32,
        sent: Result<Sent, Failure>,
        known: Known<'_>,
    ) -> Result<End, RunEnd> {
        let sent = sent.map_err(|failure| receivables::judge(failure, known.receivables));
        let (outcome, end, answer) = self.read_answer(document, attempt, sent);
        metrics::counter!(POSTINGS_TOTAL, "kind" => document.kind.as_str(), "outcome" => end_name(&end)).increment(1);
        let key = document.key.as_str();
        self.store.settle(&self.connection.name, key, attempt, "send", &outcome, answer.as_deref()).await?;
        Ok(end)
    }

    /// Why a document may not be sent: somebody else has it or has changed it, or it has changed before it is certain what
    /// became of its first request.
    pub(super) async fn not_now(&self, key: &str) -> Result<One, RunEnd> {
        let after = self.store.document(&self.connection.name, key).await?.and_then(|stored| stored.kept_back_for());
        let why = match after {
            Some(_) => format!(
                "{key} has changed, and its first request may still be under way in Intacct; that is looked up once more before anything else is sent"
            ),
            None => format!("{key} is being sent or was planned anew by another run"),
        };
        Ok(One::Later { why, after })
    }

    /// Turns the gateway's answer into what is recorded and what happens next.
    fn read_answer(
        &self,
        document: &Document,
        attempt: i32,
        sent: Result<Sent, Failure>,
    ) -> (Outcome, End, Option<String>) {
        let key = document.key.as_str().to_owned();
        match sent {
            Ok(Sent { record_no, answer }) => (
                Outcome::Posted { record_no: record_no.clone() },
                End::Settled(One::Posted(key, record_no)),
                Some(answer),
            ),
            Err(Failure::Refused { error, remedy, answer }) => {
                let error = match diagnosis::of_result(&answer) {
                    Some(said) if !error.starts_with(OF_ANOTHER) => said.cause,
                    _ => error,
                };
                let hold = refused(document, &error, &remedy);
                (Outcome::Rejected { error }, End::Settled(One::Held(hold)), Some(answer))
            }
            Err(Failure::AlreadyRecorded { error, answer }) => {
                let ours = diagnosis::names_control_id(&error);
                let what = if ours { Duplicate::ControlId } else { Duplicate::Number };
                (Outcome::Duplicate { what, error }, End::LookUp, Some(answer))
            }
            Err(Failure::NotExecuted { why, after, answer }) => match given_up(answer.as_deref(), attempt) {
                Some(Diagnosis { cause, remedy, .. }) => {
                    let hold = refused(document, &cause, &remedy);
                    (Outcome::Rejected { error: cause }, End::Settled(One::Held(hold)), answer)
                }
                None => (
                    Outcome::NotThere { why: why.clone() },
                    End::Settled(One::Later { why: format!("{key}: {why}"), after }),
                    answer,
                ),
            },
            Err(Failure::Unknown { why, answer }) => (
                Outcome::Unknown { error: why.clone() },
                End::Settled(One::Later {
                    why: format!(
                        "{key}: the outcome is unknown ({why}); it is looked up before anything is sent again"
                    ),
                    after: None,
                }),
                answer,
            ),
        }
    }

    async fn look_up(&self, document: &Document) -> Result<One, RunEnd> {
        let key = document.key.as_str();
        let Some(stored) = self.store.document(&self.connection.name, key).await? else {
            return Ok(One::Later { why: format!("{key} is gone from the database"), after: None });
        };
        match lookup::settle(self.store, &self.connection.gateway, &stored).await {
            Ok(None) => {}
            Ok(Some(hold)) => return Ok(One::Held(hold)),
            Err(RunEnd::Retry { why, after }) => return Ok(One::Later { why, after }),
            Err(other) => return Err(other),
        }
        Ok(match self.store.document(&self.connection.name, key).await?.and_then(|stored| stored.record_no) {
            Some(record_no) => One::Posted(key.to_owned(), record_no),
            None => One::Later { why: format!("{key} is being looked up by another run"), after: None },
        })
    }
}

/// The control id of a document is its key, however often it is sent.
#[cfg(not(feature = "planted-bug"))]
pub(super) fn control_id(key: &str) -> String {
    key.to_owned()
}

/// What a careless program does: a new control id for every try.
#[cfg(feature = "planted-bug")]
pub(super) fn control_id(key: &str) -> String {
    format!("{key}-{}", crate::clock::random_id())
}

/// A document as it is stored, when it is of no customer, evidence or rulebook.
pub(super) fn planned(store: &str, document: &Document) -> PlannedDocument {
    PlannedDocument {
        key: document.key.as_str().to_owned(),
        store: store.to_owned(),
        order_id: document.order_id,
        kind: document.kind.as_str().to_owned(),
        number: document.number.clone(),
        customer_id: String::new(),
        currency: Some(document.currency.code().to_owned()),
        total: Some(document.total),
        posting_date: Some(document.date),
        body: serde_json::to_value(document).unwrap_or_default(),
        content_hash: document.content_hash(),
        evidence_hash: None,
        revision: None,
        lines: posting_lines(document),
    }
}

fn posting_lines(document: &Document) -> Vec<PostingLine> {
    document
        .lines
        .iter()
        .map(|line| PostingLine {
            account: line.account.clone(),
            debit: line.debit,
            credit: line.credit,
            dimensions: serde_json::to_value(line.dimensions.ids()).unwrap_or_default(),
            memo: line.memo.clone(),
            rule: line.rule.clone(),
        })
        .collect()
}

/// What follows from an answer.
pub(super) enum End {
    Settled(One),
    LookUp,
}

fn end_name(end: &End) -> &'static str {
    match end {
        End::Settled(One::Posted(..)) => "posted",
        End::Settled(One::Held(_)) => "rejected",
        End::Settled(One::Later { .. }) => "later",
        End::LookUp => "duplicate",
    }
}

/// What a refusal means that comes and goes, once it has come as often as anybody should wait for it.
fn given_up(answer: Option<&str>, attempt: i32) -> Option<Diagnosis> {
    let said = diagnosis::of_result(answer?)?;
    said.tries.is_some_and(|tries| attempt >= tries).then_some(said)
}

/// A hold on a document that Intacct refused; `remedy` says what to mend, and how to try again follows from the document.
pub(super) fn refused(document: &Document, error: &str, remedy: &str) -> Hold {
    Hold {
        code: HoldCode::RejectedByIntacct,
        subject: document.number.clone(),
        message: format!("{} {} was refused: {error}", document.kind, document.number),
        remedy: format!("{remedy}{}", lookup::again(document)),
        amount: Some(Money::new(document.total, document.currency)),
        blocks: Blocks::Document(document.key.clone()),
    }
}
