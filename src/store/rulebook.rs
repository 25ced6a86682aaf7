//! Rulebook revisions: immutable, newest last. A change makes every held order due in the same transaction.

use jiff::Timestamp;

use super::pool::Transaction;
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
    /// Who approved it, where two persons were asked for.
    pub approved_by: Option<String>,
    /// Why.
    pub note: String,
    /// When (UTC).
    pub made_at: Timestamp,
}

/// A revision without its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboutRevision {
    /// Its number; rises over all stores.
    pub number: i64,
    /// Who made it.
    pub author: String,
    /// Who approved it, where two persons were asked for.
    pub approved_by: Option<String>,
    /// Why.
    pub note: String,
    /// When (UTC).
    pub made_at: Timestamp,
    /// How many rules it has.
    pub rule_count: i32,
    /// What it changed; `None` when it was saved before this was kept.
    pub changes: Option<ChangeCounts>,
}

/// How many rules a revision added, changed and removed against the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeCounts {
    /// Rules that were not there.
    pub added: i32,
    /// Rules that say something else.
    pub changed: i32,
    /// Rules that are gone.
    pub removed: i32,
}

/// A revision to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewRevision<'a> {
    /// The store's name.
    pub store: &'a str,
    /// The revision it was made from: it must still be the newest. 0 when there were no rules.
    pub base: i64,
    /// All rules, as the accounting room writes them.
    pub rules: &'a serde_json::Value,
    /// Who makes it.
    pub author: &'a str,
    /// Why.
    pub note: &'a str,
    /// What it changes against `base`.
    pub changes: ChangeCounts,
}

impl<'a> NewRevision<'a> {
    /// The first rules of a store, without a note.
    pub fn first(store: &'a str, rules: &'a serde_json::Value, author: &'a str) -> Self {
        Self { store, base: 0, rules, author, note: "", changes: ChangeCounts::default() }
    }
}

/// A row of the table.
struct Row {
    revision: i64,
    rules: serde_json::Value,
    author: String,
    approved_by: Option<String>,
    note: String,
    made_at: jiff_sqlx::Timestamp,
}

impl From<Row> for Revision {
    fn from(row: Row) -> Self {
        Self {
            number: row.revision,
            rules: row.rules,
            author: row.author,
            approved_by: row.approved_by,
            note: row.note,
            made_at: row.made_at.to_jiff(),
        }
    }
}

impl Store {
    /// The newest revision of a store, `None` when it has no rules yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn latest_rulebook(&self, store: &str) -> Result<Option<Revision>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select revision, rules, author, approved_by, note, made_at as "made_at: jiff_sqlx::Timestamp"
                 from rulebook where store = $1 order by revision desc limit 1"#,
            store
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Revision::from))
    }

    /// One revision by number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rulebook_revision(&self, store: &str, number: i64) -> Result<Option<Revision>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select revision, rules, author, approved_by, note, made_at as "made_at: jiff_sqlx::Timestamp"
                 from rulebook where store = $1 and revision = $2"#,
            store,
            number
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Revision::from))
    }

    /// Revisions of a store without their rules, the newest first, those below `before` when it is given, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rulebook_revisions(
        &self,
        store: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AboutRevision>, StoreError> {
        let rows = sqlx::query!(
            r#"select revision, author, approved_by, note, made_at, rules_added, rules_changed, rules_removed,
                      case jsonb_typeof(rules) when 'array' then jsonb_array_length(rules) else 0 end as "rule_count!"
                 from rulebook where store = $1 and ($2::bigint is null or revision < $2)
                order by revision desc limit $3"#,
            store,
            before,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        let about = rows.into_iter().map(|row| AboutRevision {
            number: row.revision,
            author: row.author,
            approved_by: row.approved_by,
            note: row.note,
            made_at: row.made_at.to_jiff(),
            rule_count: row.rule_count,
            changes: match (row.rules_added, row.rules_changed, row.rules_removed) {
                (Some(added), Some(changed), Some(removed)) => Some(ChangeCounts { added, changed, removed }),
                _ => None,
            },
        });
        Ok(about.collect())
    }

    /// Saves a new revision and marks every held order of the store as due, and those of refused summaries with the
    /// summaries themselves, and held ledger events, all or nothing. Answers its number; `None`, and nothing is done, when
    /// another revision was saved since its base.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save_rulebook(&self, new: &NewRevision<'_>) -> Result<Option<i64>, StoreError> {
        let _around = failpoint::around(Step::SaveRulebook);
        let mut transaction = self.pool.begin().await?;
        let saved = insert(&mut transaction, new, None).await?;
        transaction.commit().await?;
        Ok(saved)
    }
}

/// Adds a revision and releases what is held, unless its base is not the newest any more.
pub(super) async fn insert(
    transaction: &mut Transaction,
    new: &NewRevision<'_>,
    approved_by: Option<&str>,
) -> Result<Option<i64>, StoreError> {
    // One at a time per store, from here to the commit: the comparison below sees whatever was saved before.
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('rulebook/' || $1, 0))", new.store)
        .execute(&mut **transaction)
        .await?;
    let newest = sqlx::query_scalar!(
        r#"select coalesce(max(revision), 0) as "newest!" from rulebook where store = $1"#,
        new.store
    )
    .fetch_one(&mut **transaction)
    .await?;
    if newest != new.base {
        return Ok(None);
    }
    let row = sqlx::query!(
        "insert into rulebook (store, rules, author, approved_by, note, rules_added, rules_changed, rules_removed)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning revision",
        new.store,
        new.rules,
        new.author,
        approved_by,
        new.note,
        new.changes.added,
        new.changes.changed,
        new.changes.removed
    )
    .fetch_one(&mut **transaction)
    .await?;
    release(transaction, new.store).await?;
    Ok(Some(row.revision))
}

/// Makes everything due that may go on under other rules.
async fn release(transaction: &mut Transaction, store: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into lane (store, order_id)
         select store, order_id from (
             select store, order_id from hold
              where store = $1 and released_at is null and order_id is not null
              union
             -- The orders of a refused summary: their documents may go elsewhere under the new rules.
             select m.store, m.order_id from document m
              where m.store = $1 and m.state = 'collected' and m.order_id is not null
                and exists (select from document s
                             where s.store = $1 and s.kind = 'summary' and s.state = 'rejected'
                               and s.summary_group = m.summary_group)) due
          order by 1, 2
         on conflict (store, order_id) do update
            set version = lane.version + 1, run_at = least(lane.run_at, excluded.run_at), failures = 0",
        store
    )
    .execute(&mut **transaction)
    .await?;
    sqlx::query!(
        "update document set retry_at = now() where store = $1 and kind = 'summary' and state = 'rejected'",
        store
    )
    .execute(&mut **transaction)
    .await?;
    sqlx::query!(
        "update ledger_event set retry_at = now(), version = version + 1 where store = $1 and settled_at is null",
        store
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
