//! The support of a summary as an attachment in Intacct, made once; the journal then names it.

use std::time::Duration;

use serde_json::json;

use super::connection::StoreConnection;
use super::gateway::{Cause, Failure, Sent};
use super::order::RunEnd;
use super::waves::refused;
use crate::accounting::document::Document;
use crate::accounting::hold::Hold;
use crate::accounting::summary::{attachment_id, attachment_key};
use crate::intacct::functions::Function;
use crate::intacct::posting;
use crate::store::Store;
use crate::store::document::{DocumentState, Intent, Outcome, PlannedDocument, StoredDocument};

/// How making the attachment ended.
#[derive(Debug)]
pub enum Attached {
    /// It is in Intacct under this id.
    Id(String),
    /// Only a person can decide.
    Held(Hold),
    /// Not now.
    Later {
        /// Why.
        why: String,
        /// What the other side asked for.
        after: Option<Duration>,
    },
}

/// Makes sure that the support of a summary is an attachment in `folder`.
///
/// # Errors
/// [`RunEnd`] when the database fails.
pub async fn attach(
    store: &Store,
    connection: &StoreConnection,
    summary: &Document,
    folder: &str,
) -> Result<Attached, RunEnd> {
    let csv = store.summary_support(&connection.name, summary.key.as_str()).await?.unwrap_or_default();
    let mut revision = 1;
    loop {
        let id = attachment_id(summary, &connection.policy.number_prefix, revision);
        let function = match posting::support(summary, &id, folder, &csv) {
            Ok(function) => function,
            Err(error) => return Ok(held(summary, &error.to_string(), "Change the setting named here.")),
        };
        let key = attachment_key(summary, revision);
        let attachment = Attachment { store, connection, summary, key: key.as_str(), id: &id };
        match store.document(&connection.name, key.as_str()).await? {
            Some(stored) if attachment.is_another(&stored, &function) => revision += 1,
            Some(stored) if stored.state == DocumentState::Posted => return Ok(Attached::Id(id)),
            stored => return attachment.send(stored, function, folder).await,
        }
    }
}

struct Attachment<'a> {
    store: &'a Store,
    connection: &'a StoreConnection,
    summary: &'a Document,
    key: &'a str,
    id: &'a str,
}

impl Attachment<'_> {
    /// Whether other content is in Intacct, or may be, under this id: the summary was made anew after a refusal.
    fn is_another(&self, stored: &StoredDocument, function: &Function) -> bool {
        let untouched =
            matches!(stored.state, DocumentState::Planned | DocumentState::Rejected) && stored.open_for.is_none();
        !untouched && stored.planned.content_hash != function.body_hash()
    }

    async fn send(&self, stored: Option<StoredDocument>, function: Function, folder: &str) -> Result<Attached, RunEnd> {
        if let Some(uncertain) =
            stored.filter(|stored| matches!(stored.state, DocumentState::Sending | DocumentState::Unknown))
        {
            // Nothing can be doubled: Intacct takes its control id once and its id once, and both are ours alone.
            let why =
                "sent again under the same control id and attachment id, which Intacct takes only once".to_owned();
            let absent = Outcome::Absent { why };
            self.store.settle(&self.connection.name, self.key, uncertain.attempts, "send", &absent, None).await?;
        }
        let (body, hash) = (function.body(), function.body_hash());
        self.store.plan(&[self.planned(&hash, folder)]).await?;
        let intent = Intent {
            store: &self.connection.name,
            key: self.key,
            content_hash: &hash,
            request: &body,
            request_hash: &hash,
        };
        let Some(attempt) = self.store.begin_sending(intent).await? else {
            return Ok(Attached::Later { why: format!("{} is being sent by another run", self.key), after: None });
        };
        let cause = Cause { store: self.connection.name.clone(), order: None };
        let sent = self.connection.gateway.write(cause, self.key, function).await;
        self.settle(attempt, sent).await
    }

    async fn settle(&self, attempt: i32, sent: Result<Sent, Failure>) -> Result<Attached, RunEnd> {
        let id = self.id.to_owned();
        let (outcome, answer, end) = match sent {
            Ok(Sent { record_no, answer }) => (Outcome::Posted { record_no }, Some(answer), Attached::Id(id)),
            // An earlier answer was lost; documents name the id, so no record number is needed.
            Err(Failure::AlreadyRecorded { answer, .. }) => {
                (Outcome::Posted { record_no: id.clone() }, Some(answer), Attached::Id(id))
            }
            Err(Failure::Refused { error, remedy, answer }) => {
                let end = held(self.summary, &format!("its support {id}: {error}"), &remedy);
                (Outcome::Rejected { error }, Some(answer), end)
            }
            Err(Failure::NotExecuted { why, after, answer }) => {
                (Outcome::NotThere { why: why.clone() }, answer, Attached::Later { why, after })
            }
            Err(Failure::Unknown { why, answer }) => {
                (Outcome::Unknown { error: why.clone() }, answer, Attached::Later { why, after: None })
            }
        };
        self.store.settle(&self.connection.name, self.key, attempt, "send", &outcome, answer.as_deref()).await?;
        Ok(end)
    }

    fn planned(&self, hash: &str, folder: &str) -> PlannedDocument {
        PlannedDocument {
            key: self.key.to_owned(),
            store: self.connection.name.clone(),
            order_id: None,
            kind: "attachment".to_owned(),
            number: self.id.to_owned(),
            customer_id: String::new(),
            currency: None,
            total: None,
            posting_date: Some(self.summary.date),
            body: json!({ "summary": self.summary.key.as_str(), "folder": folder }),
            content_hash: hash.to_owned(),
            evidence_hash: None,
            revision: None,
            lines: Vec::new(),
        }
    }
}

fn held(summary: &Document, error: &str, remedy: &str) -> Attached {
    let folder =
        "If the attachments folder is missing in Intacct, create it, or leave the setting attachment_folder out.";
    Attached::Held(refused(summary, error, &format!("{remedy} {folder}")))
}
