//! One document of a customer or contact goes out: stored and marked as being sent, sent, and its answer recorded.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Desk, read_back};
use crate::accounting::customer::CustomerRecord;
use crate::accounting::hold::HoldCode;
use crate::intacct::functions::Function;
use crate::store::StoreError;
use crate::store::document::{DocumentState, Outcome, PlannedDocument, StoredDocument};
use crate::worker::gateway::{Failure, Sent};
use crate::worker::order::RunEnd;

/// What came of sending.
pub(super) enum Answer {
    /// It is in Intacct.
    Posted {
        /// RECORDNO.
        record_no: String,
    },
    /// Intacct says that something of it is there: it stays unknown until a look-up decides.
    LookUp {
        /// What it said.
        error: String,
    },
    /// Refused; nothing was done.
    Refused {
        /// What it said.
        error: String,
        /// What to do.
        remedy: String,
    },
    /// Not now.
    Later {
        /// Why.
        why: String,
        /// What the other side asked for.
        after: Option<Duration>,
    },
    /// Another run has it.
    Busy,
}

/// Whether an error says that a contact of that name exists (Intacct: BL34000061, "Another Contact ...").
pub(super) fn is_contact_clash(error: &str) -> bool {
    error.to_lowercase().contains("another contact")
}

/// Whether an error says that the very same function was executed before, and not only that something of its id exists.
pub(super) fn is_repeat(error: &str) -> bool {
    error.to_lowercase().contains("control id")
}

/// Codes as the database has them.
pub(super) fn names(codes: &[HoldCode]) -> Vec<String> {
    codes.iter().map(|code| code.as_str().to_owned()).collect()
}

impl Desk<'_> {
    /// The key of a document about a customer.
    pub(super) fn key(&self, customer_id: &str, revision: i32) -> String {
        format!("{}/customer/{customer_id}/r{revision}", self.connection.name)
    }

    /// The key of a document about the ship-to contact of a customer.
    pub(super) fn ship_to_key(&self, customer_id: &str, revision: i32) -> String {
        format!("{}/customer/{customer_id}/ship-to/r{revision}", self.connection.name)
    }

    /// The document with this key, as it is stored.
    pub(super) async fn stored(&self, key: &str) -> Result<Option<StoredDocument>, StoreError> {
        self.store.document(&self.connection.name, key).await
    }

    /// A document as it is stored. `hash` is the hash of what it tells.
    pub(super) fn planned(
        &self,
        key: &str,
        kind: &str,
        customer_id: &str,
        body: Value,
        hash: String,
    ) -> PlannedDocument {
        PlannedDocument {
            key: key.to_owned(),
            store: self.connection.name.clone(),
            order_id: None,
            kind: kind.to_owned(),
            number: customer_id.to_owned(),
            customer_id: customer_id.to_owned(),
            currency: None,
            total: None,
            posting_date: None,
            body,
            content_hash: hash,
            evidence_hash: None,
            revision: None,
            lines: Vec::new(),
        }
    }

    /// Whether another run is sending the document right now.
    pub(super) fn underway(&self, document: &StoredDocument) -> bool {
        let recent = |at: Timestamp| self.now.duration_since(at).unsigned_abs() < self.connection.answer_within;
        document.state == DocumentState::Sending && document.sent_at.is_some_and(recent)
    }

    /// Sends a document that is not in Intacct for certain.
    pub(super) async fn send(&self, planned: &PlannedDocument, function: Function) -> Result<Answer, RunEnd> {
        let (body, hash) = (function.body(), function.body_hash());
        let Some(attempt) = self.store.intend(planned, &body, &hash).await? else {
            return self.not_now(&planned.key).await;
        };
        let sent = self.connection.gateway.write(self.cause(), &planned.key, function).await;
        let (outcome, answer, text) = read_answer(sent);
        self.store.settle(&planned.store, &planned.key, attempt, "send", &outcome, text.as_deref()).await?;
        Ok(answer)
    }

    /// What a request told that may still arrive in Intacct; `None` when none may.
    pub(super) async fn record_under_way(&self, key: &str) -> Result<Option<CustomerRecord>, RunEnd> {
        let stored = self.stored(key).await?.filter(|stored| stored.open_for.is_some());
        stored.map(|stored| read_back(key, &stored.planned.body)).transpose()
    }

    /// Why a document may not be sent: another run has it, or it has changed before it is certain what became of its first
    /// request.
    async fn not_now(&self, key: &str) -> Result<Answer, RunEnd> {
        Ok(match self.stored(key).await?.and_then(|stored| stored.kept_back_for()) {
            Some(open_for) => Answer::Later {
                why: format!("{key} has changed, and its first request may still be under way in Intacct"),
                after: Some(open_for),
            },
            None => Answer::Busy,
        })
    }
}

/// Turns the gateway's answer into what is recorded and what happens next.
fn read_answer(sent: Result<Sent, Failure>) -> (Outcome, Answer, Option<String>) {
    match sent {
        Ok(Sent { record_no, answer }) => {
            (Outcome::Posted { record_no: record_no.clone() }, Answer::Posted { record_no }, Some(answer))
        }
        Err(Failure::AlreadyRecorded { error, answer }) => {
            (Outcome::Unknown { error: error.clone() }, Answer::LookUp { error }, Some(answer))
        }
        // The contact that is there may be ours, of a request whose answer was lost.
        Err(Failure::Refused { error, answer, .. }) if is_contact_clash(&error) => {
            (Outcome::Unknown { error: error.clone() }, Answer::LookUp { error }, Some(answer))
        }
        Err(Failure::Refused { error, remedy, answer }) => {
            (Outcome::Rejected { error: error.clone() }, Answer::Refused { error, remedy }, Some(answer))
        }
        Err(Failure::NotExecuted { why, after, answer }) => {
            (Outcome::NotThere { why: why.clone() }, Answer::Later { why, after }, answer)
        }
        Err(Failure::Unknown { why, answer }) => {
            (Outcome::Unknown { error: why.clone() }, Answer::Later { why, after: None }, answer)
        }
    }
}
