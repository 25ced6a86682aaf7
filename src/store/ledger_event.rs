//! Ledger events: what happened outside the shop, as it was reported, until it is in Intacct.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;

use super::{Store, StoreError};
use crate::failpoint::{self, Step};

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Its kind and its own name, for example `payout/stripe-po_1`: two reports under one name are the same event.
    pub name: String,
    /// Its own name, for example `stripe-dp_1`; what opens and decides a dispute shares it.
    pub subject: String,
    /// When it counts, in the store's time zone.
    pub day: Date,
    /// The event.
    pub event: serde_json::Value,
}

/// An event as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// What was reported.
    pub event: NewEvent,
    /// When it was first reported (UTC).
    pub received_at: Timestamp,
    /// When all of it was in Intacct (UTC).
    pub settled_at: Option<Timestamp>,
    /// When it is tried (UTC); `None` when it is held, or settled.
    pub retry_at: Option<Timestamp>,
    /// Whether it is to be tried now.
    pub due: bool,
    /// Tries that failed in a row.
    pub failures: u32,
    /// Rises whenever the event is to be looked at anew: what was decided of an earlier one does not count.
    pub version: i64,
}

/// A row of the table, and whether it is to be tried now.
struct Row {
    name: String,
    subject: String,
    day: jiff_sqlx::Date,
    event: serde_json::Value,
    received_at: jiff_sqlx::Timestamp,
    settled_at: Option<jiff_sqlx::Timestamp>,
    retry_at: Option<jiff_sqlx::Timestamp>,
    failures: i32,
    version: i64,
    due: bool,
}

impl From<Row> for StoredEvent {
    fn from(row: Row) -> Self {
        Self {
            event: NewEvent { name: row.name, subject: row.subject, day: row.day.to_jiff(), event: row.event },
            received_at: row.received_at.to_jiff(),
            settled_at: row.settled_at.map(|at| at.to_jiff()),
            retry_at: row.retry_at.map(|at| at.to_jiff()),
            due: row.due,
            failures: row.failures.unsigned_abs(),
            version: row.version,
        }
    }
}

/// What keeping events did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeptEvents {
    /// Not known before.
    pub new: u64,
    /// Known and the same.
    pub unchanged: u64,
    /// Known, and reported otherwise before anything of it was sent.
    pub replaced: u64,
}

/// Why events were not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Something of it is in Intacct or on its way there, and it was reported otherwise.
    #[error("{0} was reported otherwise before, and something of it is in Intacct or on its way there")]
    Sent(String),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for KeepError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Keeps events, all or none. The same again changes nothing; what is reported otherwise replaces what was reported
    /// before as long as nothing of it was sent.
    ///
    /// # Errors
    /// [`KeepError`]: then nothing was changed.
    pub async fn keep_events(&self, store: &str, events: &[NewEvent]) -> Result<KeptEvents, KeepError> {
        let _around = failpoint::around(Step::KeepEvents);
        let mut kept = KeptEvents::default();
        let mut transaction = self.pool.begin().await?;
        for event in events {
            let known = sqlx::query!(
                r#"select e.event = $3 as "same!", exists (
                       select from document d
                        where d.store = $1 and (d.state in ('sending', 'unknown', 'posted') or d.open_until is not null)
                          and d.key in ($1 || '/' || $2 || '/r1', $1 || '/exchange-difference/' || e.subject || '/r1')
                       ) as "sent!"
                     from ledger_event e where e.store = $1 and e.name = $2 for update"#,
                store,
                event.name,
                event.event
            )
            .fetch_optional(&mut *transaction)
            .await?;
            match known {
                None => kept.new += 1,
                Some(known) if known.same => {
                    kept.unchanged += 1;
                    continue;
                }
                Some(known) if known.sent => return Err(KeepError::Sent(event.name.clone())),
                Some(_) => kept.replaced += 1,
            }
            sqlx::query!(
                "insert into ledger_event (store, name, subject, day, event) values ($1, $2, $3, $4, $5)
                 on conflict (store, name) do update
                    set day = excluded.day, event = excluded.event, retry_at = excluded.retry_at, failures = 0,
                        version = ledger_event.version + 1",
                store,
                event.name,
                event.subject,
                event.day.to_sqlx() as jiff_sqlx::Date,
                event.event
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(kept)
    }

    /// Whether an event of the store is to be tried now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_due_events(&self, store: &str) -> Result<bool, StoreError> {
        let row = sqlx::query!(
            r#"select exists (select from ledger_event
                               where store = $1 and settled_at is null and retry_at <= now()) as "due!""#,
            store
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.due)
    }

    /// Events that are to be tried now, by day and name, at most `limit`; and all events that share a subject with one of
    /// them, because a dispute is judged by how it opened and what was decided of it before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due_events(&self, store: &str, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"with due as (
                   select name, subject from ledger_event
                    where store = $1 and settled_at is null and retry_at <= now() order by day, name limit $2)
               select e.name, e.subject, e.day, e.event, e.received_at, e.settled_at, e.retry_at, e.failures, e.version,
                      e.name in (select name from due) as "due!"
                 from ledger_event e where e.store = $1 and e.subject in (select subject from due)
                order by e.day, e.name"#,
            store,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(StoredEvent::from).collect())
    }

    /// Events of a store by name, after `after`, at most `limit`; only those not settled, when `open` says so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn events(
        &self,
        store: &str,
        open: bool,
        after: &str,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select name, subject, day, event, received_at, settled_at, retry_at, failures, version,
                      coalesce(settled_at is null and retry_at <= now(), false) as "due!"
                 from ledger_event
                where store = $1 and name > $2 and (not $3 or settled_at is null) order by name limit $4"#,
            store,
            after,
            open,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(StoredEvent::from).collect())
    }

    /// Records that all of an event is in Intacct, as it was at this version; one that is to be looked at anew stays due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn settle_event(&self, store: &str, name: &str, version: i64) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::SettleEvent);
        sqlx::query!(
            "update ledger_event set settled_at = now(), retry_at = null
              where store = $1 and name = $2 and version = $3",
            store,
            name,
            version
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Puts an event off that was looked at in this version: for `delay` after a failure; without one it is held until
    /// something changes. One that is to be looked at anew stays due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put_off_event(
        &self,
        store: &str,
        name: &str,
        version: i64,
        delay: Option<Duration>,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::PutOffEvent);
        sqlx::query!(
            "update ledger_event set retry_at = now() + make_interval(secs => $4), failures = failures + 1
              where store = $1 and name = $2 and version = $3",
            store,
            name,
            version,
            delay.map(|delay| delay.as_secs_f64())
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Makes every event of a store that is not settled due at once; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn retry_events(&self, store: &str) -> Result<u64, StoreError> {
        let _around = failpoint::around(Step::RetryEvents);
        let done = sqlx::query!(
            "update ledger_event set retry_at = now(), failures = 0, version = version + 1
              where store = $1 and settled_at is null",
            store
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}
