//! Attempts: documents on their way to Intacct, and what became of sending and looking them up.
//!
//! A document whose answer was lost has an open fate: its request may still be under way. Until that is over, only the
//! very same request may be sent again, because Intacct executes one control id once and compares no content.

use std::time::Duration;

use super::document::{DocumentState, release_members};
use super::{Store, StoreError};
use crate::failpoint::{self, Step};

/// How long a request may be under way after its answer was lost. Intacct cuts a sender off after 15 minutes (Intacct
/// docs, synchronous requests); our own wait for an answer, far shorter, lies within, and so does a clock that is off.
pub const UNDER_WAY: Duration = Duration::from_secs(20 * 60);

/// What became of sending or looking up a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// In Intacct under this record number.
    Posted {
        /// RECORDNO (or the key of a legacy function).
        record_no: String,
    },
    /// Refused; nothing was posted.
    Rejected {
        /// Why.
        error: String,
    },
    /// Nobody knows yet.
    Unknown {
        /// What happened.
        error: String,
    },
    /// Intacct says it has it already, but names no record: only a look-up finds it.
    Duplicate {
        /// What it has.
        what: Duplicate,
        /// What it said.
        error: String,
    },
    /// This attempt was certainly not executed: may be sent again.
    NotThere {
        /// How that is known.
        why: String,
    },
    /// Not found by a look-up: the same may be sent again at once, other content when no request can be under way.
    Absent {
        /// How that is known.
        why: String,
    },
}

/// What Intacct says it has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicate {
    /// Something executed under this control id: our own document.
    ControlId,
    /// Something with this number or id: ours, or what somebody else made.
    Number,
}

impl Duplicate {
    fn as_str(self) -> &'static str {
        match self {
            Self::ControlId => "already-recorded",
            Self::Number => "number-taken",
        }
    }
}

/// What an outcome says about requests that may be under way.
#[derive(Clone, Copy)]
enum Fate {
    /// None is.
    Certain,
    /// This one may be, from now on.
    Open,
    /// A look-up found nothing: certain only if enough time has passed.
    Looked,
    /// Nothing new.
    AsBefore,
}

impl Outcome {
    fn state(&self) -> DocumentState {
        match self {
            Self::Posted { .. } => DocumentState::Posted,
            Self::Rejected { .. } => DocumentState::Rejected,
            Self::Unknown { .. } | Self::Duplicate { .. } => DocumentState::Unknown,
            Self::NotThere { .. } | Self::Absent { .. } => DocumentState::Planned,
        }
    }

    /// Its name in the audit trail.
    fn name(&self) -> &'static str {
        match self {
            Self::Duplicate { what, .. } => what.as_str(),
            Self::Absent { .. } => "not-found",
            other => other.state().as_str(),
        }
    }

    fn error(&self) -> Option<&str> {
        match self {
            Self::Posted { .. } => None,
            Self::Rejected { error } | Self::Unknown { error } | Self::Duplicate { error, .. } => Some(error),
            Self::NotThere { why } | Self::Absent { why } => Some(why),
        }
    }

    fn fate(&self, step: &str) -> Fate {
        match self {
            Self::Posted { .. } | Self::Rejected { .. } => Fate::Certain,
            Self::Unknown { .. } if step == "send" => Fate::Open,
            // Something else is there, or nothing: either way a look-up says nothing of what is still under way.
            Self::Absent { .. } | Self::Unknown { .. } => Fate::Looked,
            _ => Fate::AsBefore,
        }
    }
}

/// A document that is about to be sent, and the request it is sent with.
#[derive(Debug, Clone, Copy)]
pub struct Intent<'a> {
    /// The store's name.
    pub store: &'a str,
    /// The document's key.
    pub key: &'a str,
    /// Hash of the content that the request was made from.
    pub content_hash: &'a str,
    /// The request's body for this document.
    pub request: &'a str,
    /// Hash of that.
    pub request_hash: &'a str,
}

/// How often the last attempt of a document was looked up in vain, and why it is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookUps {
    /// What Intacct said it has already; `None` when the answer was lost.
    pub duplicate: Option<Duplicate>,
    /// Look-ups so far.
    pub times: u32,
}

/// How many seconds a request of a document may still be under way after it was looked for in vain; `None` when none may. A
/// crash leaves `sending` without an end of that time: it counts from the moment it was sent.
async fn open_for(
    transaction: &mut super::pool::Transaction,
    store: &str,
    key: &str,
) -> Result<Option<f64>, StoreError> {
    let row = sqlx::query!(
        "select extract(epoch from greatest(
                   open_until, case when state = 'sending' then sent_at + make_interval(secs => $3) end
                ) - now())::float8 as remaining
           from document where store = $1 and key = $2 for update",
        store,
        key,
        UNDER_WAY.as_secs_f64()
    )
    .fetch_optional(&mut **transaction)
    .await?;
    Ok(row.and_then(|row| row.remaining).filter(|remaining| *remaining > 0.0))
}

impl Store {
    /// Marks a planned document as being sent, with the request body it will be sent with. Committed before the call.
    /// Answers the attempt's number, or `None` when it must not be sent: the document is not `planned` (somebody else has
    /// it), another request of it may still be under way, or its content is not what the request was made from any more: a
    /// worker that lost its lease without knowing it has planned something older or newer meanwhile, and what is sent must
    /// be what is stored.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then it must not be sent.
    pub async fn begin_sending(&self, intent: Intent<'_>) -> Result<Option<i32>, StoreError> {
        let _around = failpoint::around(Step::BeginSending);
        let row = sqlx::query!(
            "update document set state = 'sending', attempts = attempts + 1, sent_at = now(), request = $3,
                    request_hash = $4, error = null, together = null
              where store = $1 and key = $2 and state = 'planned' and content_hash = $5
                and (open_until is null or request_hash = $4)
              returning attempts",
            intent.store,
            intent.key,
            intent.request,
            intent.request_hash,
            intent.content_hash
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| row.attempts))
    }

    /// Marks planned documents of a store as being sent in one operation that is all or nothing, each with its request body and the
    /// hash of it. Answers the attempts' numbers in the same order, or `None` when one of them must not be sent, as
    /// [`Store::begin_sending`] says: then none was marked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then none must be sent.
    pub async fn begin_sending_together(
        &self,
        store: &str,
        mark: &str,
        intents: &[Intent<'_>],
    ) -> Result<Option<Vec<i32>>, StoreError> {
        let _around = failpoint::around(Step::BeginSendingTogether);
        let mut transaction = self.pool.begin().await?;
        let mut attempts = Vec::with_capacity(intents.len());
        // In the order in which a person's decisions lock them, so that neither waits for the other.
        let keys: Vec<String> = intents.iter().map(|intent| intent.key.to_owned()).collect();
        sqlx::query!(
            "select key from document where store = $1 and key = any ($2) order by key collate \"C\" for update",
            store,
            &keys
        )
        .fetch_all(&mut *transaction)
        .await?;
        for intent in intents {
            let row = sqlx::query!(
                "update document set state = 'sending', attempts = attempts + 1, sent_at = now(), request = $3,
                        request_hash = $4, error = null, together = $5
                  where store = $1 and key = $2 and state = 'planned' and content_hash = $6
                    and (open_until is null or request_hash = $4)
                  returning attempts",
                store,
                intent.key,
                intent.request,
                intent.request_hash,
                mark,
                intent.content_hash
            )
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(row) = row else { return Ok(None) };
            attempts.push(row.attempts);
        }
        transaction.commit().await?;
        Ok(Some(attempts))
    }

    /// Records what became of an attempt. Only the last attempt may speak, and only until its end is known.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when the document has moved on, [`StoreError::Unavailable`].
    pub async fn settle(
        &self,
        store: &str,
        key: &str,
        attempt: i32,
        step: &str,
        outcome: &Outcome,
        answer: Option<&str>,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::Settle);
        let state = outcome.state();
        let record_no = match outcome {
            Outcome::Posted { record_no } => Some(record_no),
            _ => None,
        };
        let mut transaction = self.pool.begin().await?;
        let fate = outcome.fate(step);
        let open_for = match fate {
            Fate::Open => Some(UNDER_WAY.as_secs_f64()),
            Fate::Looked => open_for(&mut transaction, store, key).await?,
            Fate::Certain | Fate::AsBefore => None,
        };
        let done = sqlx::query!(
            "update document set state = $4, record_no = $5, error = $6, settled_at = now(),
                    open_until = greatest(case when $7 then open_until end, now() + make_interval(secs => $8))
              where store = $1 and key = $2 and attempts = $3
                and (state in ('sending', 'unknown') or state = 'planned' and open_until is not null)",
            store,
            key,
            attempt,
            state.as_str(),
            record_no,
            outcome.error(),
            matches!(fate, Fate::AsBefore),
            open_for
        )
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() != 1 {
            return Err(StoreError::Lost(format!("document {key}")));
        }
        sqlx::query!(
            "insert into attempt (store, document_key, number, step, at, outcome, answer)
             values ($1, $2, $3, $4, clock_timestamp(), $5, $6)",
            store,
            key,
            attempt,
            step,
            outcome.name(),
            answer
        )
        .execute(&mut *transaction)
        .await?;
        if state == DocumentState::Rejected {
            release_members(&mut transaction, store, key).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The answers to a document's attempts, oldest first: step, outcome, answer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn attempts(&self, store: &str, key: &str) -> Result<Vec<(String, String, Option<String>)>, StoreError> {
        let rows = sqlx::query!(
            "select step, outcome, answer from attempt where store = $1 and document_key = $2 order by at",
            store,
            key
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.step, row.outcome, row.answer)).collect())
    }

    /// Why the document's last attempt is looked up, and how often it has been.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn look_ups(&self, store: &str, key: &str, attempt: i32) -> Result<LookUps, StoreError> {
        let row = sqlx::query!(
            r#"select count(*) filter (where step = 'look-up') as "times!",
                      coalesce(bool_or(step = 'send' and outcome = $4), false) as "recorded!",
                      coalesce(bool_or(step = 'send' and outcome = $5), false) as "taken!"
                 from attempt where store = $1 and document_key = $2 and number = $3"#,
            store,
            key,
            attempt,
            Duplicate::ControlId.as_str(),
            Duplicate::Number.as_str()
        )
        .fetch_one(&self.pool)
        .await?;
        let duplicate = match (row.recorded, row.taken) {
            (true, _) => Some(Duplicate::ControlId),
            (_, true) => Some(Duplicate::Number),
            _ => None,
        };
        Ok(LookUps { duplicate, times: u32::try_from(row.times).unwrap_or(u32::MAX) })
    }
}
