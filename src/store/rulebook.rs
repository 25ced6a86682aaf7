//! Rulebook revisions: immutable, newest last. A change makes every held order due in the same transaction.

use jiff::Timestamp;

use super::{Store, StoreError};
use crate::failpoint::{self, Step};

/// One revision of a store's rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its number; rises over all stores.
    pub number: i64,
    /// The rules, as the accounting room writes them.
    pub rules: serde_json::Value,
    /// Who made it.
    pub author: String,
    /// Why.
    pub note: String,
    /// When (UTC).
    pub made_at: Timestamp,
}

impl Store {
    /// The newest revision of a store, `None` when it has no rules yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn latest_rulebook(&self, store: &str) -> Result<Option<Revision>, StoreError> {
        let row = sqlx::query!(
            "select revision, rules, author, note, made_at from rulebook where store = $1 order by revision desc limit 1",
            store
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Revision {
            number: row.revision,
            rules: row.rules,
            author: row.author,
            note: row.note,
            made_at: row.made_at.to_jiff(),
        }))
    }

    /// One revision by number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rulebook_revision(&self, store: &str, number: i64) -> Result<Option<Revision>, StoreError> {
        let row = sqlx::query!(
            "select revision, rules, author, note, made_at from rulebook where store = $1 and revision = $2",
            store,
            number
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Revision {
            number: row.revision,
            rules: row.rules,
            author: row.author,
            note: row.note,
            made_at: row.made_at.to_jiff(),
        }))
    }

    /// Saves a new revision and marks every held order of the store as due, and those of refused summaries with the
    /// summaries themselves, and held ledger events, all or nothing. Answers its number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save_rulebook(
        &self,
        store: &str,
        rules: &serde_json::Value,
        author: &str,
        note: &str,
    ) -> Result<i64, StoreError> {
        let _around = failpoint::around(Step::SaveRulebook);
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query!(
            "insert into rulebook (store, rules, author, note) values ($1, $2, $3, $4) returning revision",
            store,
            rules,
            author,
            note
        )
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query!(
            "insert into lane (store, order_id)
             select store, order_id from hold
              where store = $1 and released_at is null and order_id is not null
              union
             -- The orders of a refused summary: their documents may go elsewhere under the new rules.
             select m.store, m.order_id from document m
              where m.store = $1 and m.state = 'collected' and m.order_id is not null
                and exists (select from document s
                             where s.store = $1 and s.kind = 'summary' and s.state = 'rejected'
                               and s.summary_group = m.summary_group)
              order by 1, 2
             on conflict (store, order_id) do update
                set version = lane.version + 1, run_at = least(lane.run_at, now()), failures = 0",
            store
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update document set retry_at = now() where store = $1 and kind = 'summary' and state = 'rejected'",
            store
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update ledger_event set retry_at = now(), version = version + 1 where store = $1 and settled_at is null",
            store
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(row.revision)
    }
}
