//! What became of one order over time: how it read, what held it, what was tried, and all of it in the order of time.

use jiff::Timestamp;

use super::hold::NewHold;
use super::{Store, StoreError, to_database};

/// How an order read from some moment on.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceVersion {
    /// Its content hash.
    pub hash: String,
    /// What was read.
    pub facts: serde_json::Value,
    /// When it was first read like this (UTC).
    pub read_at: Timestamp,
    /// Since when it reads like this: later than `read_at` when it read otherwise in between (UTC).
    pub current_since: Timestamp,
}

/// A hold of an order, open or released.
#[derive(Debug, Clone, PartialEq)]
pub struct PastHold {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub hold: NewHold,
    /// Since when (UTC).
    pub opened_at: Timestamp,
    /// Until when; `None` while it is open (UTC).
    pub released_at: Option<Timestamp>,
}

/// What a try at sending or looking up brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Which sending it belongs to, from 1 on.
    pub number: i32,
    /// `send`, `look-up`, or `by-hand`: a look-up of what somebody says was entered by hand.
    pub step: String,
    /// When its end was recorded (UTC).
    pub at: Timestamp,
    /// For example `posted`, `rejected` or `unknown`.
    pub outcome: String,
    /// Intacct's answer, without secrets.
    pub answer: Option<String>,
}

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderEvent {
    /// Its place in time, from 1 on.
    pub place: i64,
    /// When (UTC).
    pub at: Timestamp,
    /// For example `delivery-received`, `planned` or `released`.
    pub event: String,
    /// What it is about: a webhook, an evidence hash, a document's key, a hold.
    pub subject: String,
    /// What more there is to say.
    pub detail: String,
}

impl Store {
    /// How an order read, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn evidence_versions(&self, store: &str, order_id: u64) -> Result<Vec<EvidenceVersion>, StoreError> {
        let rows = sqlx::query!(
            "select hash, facts, read_at, current_since from evidence
              where store = $1 and order_id = $2 order by current_since, hash",
            store,
            to_database(order_id)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| EvidenceVersion {
                hash: row.hash,
                facts: row.facts,
                read_at: row.read_at.to_jiff(),
                current_since: row.current_since.to_jiff(),
            })
            .collect())
    }

    /// All holds an order ever had, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn holds_of_order(&self, store: &str, order_id: u64) -> Result<Vec<PastHold>, StoreError> {
        let rows = sqlx::query!(
            "select id, code, subject, message, remedy, amount, currency, opened_at, released_at from hold
              where store = $1 and order_id = $2 order by id",
            store,
            to_database(order_id)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| PastHold {
                id: row.id,
                hold: NewHold {
                    code: row.code,
                    subject: row.subject,
                    message: row.message,
                    remedy: row.remedy,
                    amount: row.amount,
                    currency: row.currency,
                },
                opened_at: row.opened_at.to_jiff(),
                released_at: row.released_at.map(|at| at.to_jiff()),
            })
            .collect())
    }

    /// What each try of a document brought, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn attempt_trail(&self, store: &str, key: &str) -> Result<Vec<Attempt>, StoreError> {
        let rows = sqlx::query!(
            "select number, step, at, outcome, answer from attempt where store = $1 and document_key = $2 order by at",
            store,
            key
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Attempt {
                number: row.number,
                step: row.step,
                at: row.at.to_jiff(),
                outcome: row.outcome,
                answer: row.answer,
            })
            .collect())
    }

    /// Everything that happened to an order, in the order of time, after place `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn timeline(
        &self,
        store: &str,
        order_id: u64,
        after: i64,
        limit: u32,
    ) -> Result<Vec<OrderEvent>, StoreError> {
        let rows = sqlx::query!(
            r#"with of_order as (select * from document where store = $1 and order_id = $2),
               event as (
                   select received_at as at, 1 as step, 'delivery-received' as event, webhook_id as subject,
                          scope as detail from inbox
                    where store = $1 and order_id = $2
                   union all
                   select read_at, 2, 'evidence-read', hash, '' from evidence where store = $1 and order_id = $2
                   union all
                   select current_since, 2, 'evidence-read-again', hash, 'it reads as it did before' from evidence
                    where store = $1 and order_id = $2 and current_since > read_at
                   union all
                   select planned_at, 3, 'planned', key, kind || ' ' || number from of_order
                   union all
                   -- Of earlier tries only the answer's time is kept.
                   select sent_at, 4, 'sent', key, 'attempt ' || attempts from of_order where sent_at is not null
                   union all
                   select a.at, 5, case a.step when 'look-up' then 'looked-up' when 'by-hand' then 'looked-up-by-hand'
                          else 'answered' end, d.key,
                          'attempt ' || a.number || ': ' || a.outcome
                     from attempt a join of_order d on d.key = a.document_key where a.store = $1
                   union all
                   select a.at, 6, 'posted', d.key, 'record ' || d.record_no
                     from attempt a join of_order d on d.key = a.document_key
                    where a.store = $1 and d.state = 'posted' and a.outcome = 'posted'
                   union all
                   -- What was tried is removed after a time; without it nothing would be posted.
                   select settled_at, 6, 'posted', key, 'record ' || record_no || '; its attempts are no longer kept'
                     from of_order
                    where state = 'posted' and settled_at is not null
                      and not exists (select from attempt a where a.store = $1 and a.document_key = of_order.key)
                   union all
                   select s.planned_at, 6, 'summed-up', d.key, d.summary_key
                     from of_order d join document s on s.store = $1 and s.key = d.summary_key
                   union all
                   select opened_at, 7, 'held', code || ': ' || subject, message from hold
                    where store = $1 and order_id = $2
                   union all
                   select released_at, 8, 'released', code || ': ' || subject, '' from hold
                    where store = $1 and order_id = $2 and released_at is not null)
               select place as "place!", at as "at!", event as "event!", subject as "subject!", detail as "detail!"
                 from (select row_number() over (order by at, step, subject, event) as place, at, event, subject, detail
                         from event) placed
                where place > $3 order by place limit $4"#,
            store,
            to_database(order_id),
            after,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| OrderEvent {
                place: row.place,
                at: row.at.to_jiff(),
                event: row.event,
                subject: row.subject,
                detail: row.detail,
            })
            .collect())
    }
}
