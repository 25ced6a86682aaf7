//! Answers to requests with an idempotency key: kept for a day, so that a repeated request is answered, not executed.

use std::collections::BTreeMap;

use super::{Store, StoreError};
use crate::failpoint::{self, Step};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers that tell of the body and of what was made, by name.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: the request is to be executed, and its answer kept with this turn. A request that took longer than its key
    /// was kept for it has lost its turn, and its answer is not kept.
    New(i64),
    /// It was answered.
    Answered(KeptAnswer),
    /// It is being executed.
    Underway,
    /// The key came with another request.
    OtherRequest,
}

impl Store {
    /// Notes that a request is about to be executed, unless it is or was. One that died on the way may be begun again
    /// after two minutes; answers are forgotten after a day.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then it must not be executed.
    pub async fn begin_answer(&self, actor: &str, key: &str, request: &[u8; 32]) -> Result<Begun, StoreError> {
        let _around = failpoint::around(Step::BeginAnswer);
        sqlx::query!(
            "delete from kept_answer
              where (actor, key) in (
                select actor, key from kept_answer where begun_at < now() - interval '1 day'
                 order by begun_at limit 100 for update skip locked)"
        )
        .execute(&self.pool)
        .await?;
        let turn = sqlx::query_scalar!(
            // Turns are moments, so that none comes twice when a request is forgotten in between.
            "insert into kept_answer (actor, key, request_hash, turn)
             values ($1, $2, $3, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
             on conflict (actor, key) do update set begun_at = now(), turn = excluded.turn
              where kept_answer.status is null and kept_answer.request_hash = excluded.request_hash
                and kept_answer.begun_at < now() - interval '2 minutes'
             returning turn",
            actor,
            key,
            request
        )
        .fetch_optional(&self.pool)
        .await?;
        if let Some(turn) = turn {
            return Ok(Begun::New(turn));
        }
        let kept = sqlx::query!(
            "select request_hash, status, headers, body from kept_answer where actor = $1 and key = $2",
            actor,
            key
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(match kept {
            Some(kept) if kept.request_hash != request => Begun::OtherRequest,
            Some(kept) => match kept.status {
                Some(status) => Begun::Answered(KeptAnswer {
                    status: u16::try_from(status).unwrap_or_default(),
                    headers: kept.headers.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default(),
                    body: kept.body.unwrap_or_default(),
                }),
                None => Begun::Underway,
            },
            // It was forgotten this very moment.
            None => Begun::Underway,
        })
    }

    /// Keeps the answer of a request that was begun.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the request then counts as being executed for two minutes.
    pub async fn keep_answer(&self, actor: &str, key: &str, turn: i64, answer: &KeptAnswer) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::KeepAnswer);
        sqlx::query!(
            "update kept_answer set status = $4, headers = $5, body = $6
              where actor = $1 and key = $2 and turn = $3 and status is null",
            actor,
            key,
            turn,
            i16::try_from(answer.status).unwrap_or_default(),
            serde_json::json!(answer.headers),
            answer.body
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets a request that was begun and came to nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_answer(&self, actor: &str, key: &str, turn: i64) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::ForgetAnswer);
        sqlx::query!(
            "delete from kept_answer where actor = $1 and key = $2 and turn = $3 and status is null",
            actor,
            key,
            turn
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
