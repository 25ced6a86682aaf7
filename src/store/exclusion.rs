//! Excluded orders: nothing of them is posted until somebody includes them again.
//!
//! The decision and whatever sends something of the order take the same lock in turn (see the trigger
//! `document_may_be_sent`), so a decision that was answered holds also for a run that is under way.

use jiff::Timestamp;

use super::by_hand::is_claimed;
use super::inbox::mark;
use super::pool::Transaction;
use super::{Store, StoreError, to_database};
use crate::failpoint::{self, Step};

/// A decision to post nothing of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Why.
    pub reason: String,
    /// Who decided it.
    pub excluded_by: String,
    /// When (UTC).
    pub excluded_at: Timestamp,
}

impl Exclusion {
    /// What lists and reports say.
    pub fn told(&self) -> String {
        told(&self.reason, &self.excluded_by)
    }
}

fn told(reason: &str, by: &str) -> String {
    format!("{reason} (excluded by {by})")
}

/// What an attempt to exclude an order came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Excluded {
    /// It is excluded.
    Done(Exclusion),
    /// Something of it is in Intacct or in a summary, or may be or arrive there: the numbers of those documents.
    Stands(Vec<String>),
    /// Somebody says that something of it was entered by hand.
    Claimed,
}

/// Waits for whoever decides about an order or sends something of it, and keeps them waiting until the end of the
/// transaction. The lock is taken where the order's decisions lie, because that is where the trigger takes it.
pub(super) async fn lock_order(transaction: &mut Transaction, store: &str, order: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "select pg_advisory_xact_lock(order_lock($1, $2))
           from (select count(*) from order_exclusion where store = $1 and order_id = $2) there",
        store,
        order
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Whether an order is excluded, decided in turn with whoever decides it, until the end of the transaction. To be asked
/// after its documents were locked, as excluding does.
pub(super) async fn is_excluded(transaction: &mut Transaction, store: &str, order_id: u64) -> Result<bool, StoreError> {
    let order = to_database(order_id);
    sqlx::query!(
        "select pg_advisory_xact_lock_shared(order_lock($1, $2))
           from (select count(*) from order_exclusion where store = $1 and order_id = $2) there",
        store,
        order
    )
    .execute(&mut **transaction)
    .await?;
    // A statement of its own, so that it sees what was committed before the lock was given.
    let row = sqlx::query!(
        r#"select exists (select from order_exclusion where store = $1 and order_id = $2) as "excluded!""#,
        store,
        order
    )
    .fetch_one(&mut **transaction)
    .await?;
    Ok(row.excluded)
}

impl Store {
    /// Excludes an order, unless something of it stands or may stand in the ledger: then nothing is changed. What was only
    /// planned or collected is taken back, its holds are released, and the order is due, so that it is read once more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was changed.
    pub async fn exclude_order(
        &self,
        store: &str,
        order_id: u64,
        reason: &str,
        by: &str,
    ) -> Result<Excluded, StoreError> {
        let _around = failpoint::around(Step::ExcludeOrder);
        let order = to_database(order_id);
        let mut transaction = self.pool.begin().await?;
        // First the documents in the order in which a closing of their day locks them, then the order: as sending does.
        let known = sqlx::query!(
            "select key from document where store = $1 and order_id = $2 order by key collate \"C\" for update",
            store,
            order
        )
        .fetch_all(&mut *transaction)
        .await?;
        let known: Vec<String> = known.into_iter().map(|row| row.key).collect();
        lock_order(&mut transaction, store, order).await?;
        let stands = sqlx::query!(
            "select number from document
              where store = $1 and order_id = $2
                and (state in ('sending', 'unknown', 'posted', 'summarised') or open_until is not null)
              order by planned_at, key",
            store,
            order
        )
        .fetch_all(&mut *transaction)
        .await?;
        if !stands.is_empty() {
            return Ok(Excluded::Stands(stands.into_iter().map(|row| row.number).collect()));
        }
        if is_claimed(&mut transaction, store, order_id).await? {
            return Ok(Excluded::Claimed);
        }
        let row = sqlx::query!(
            "insert into order_exclusion (store, order_id, reason, excluded_by) values ($1, $2, $3, $4)
             on conflict (store, order_id) do update
                set reason = excluded.reason, excluded_by = excluded.excluded_by, excluded_at = excluded.excluded_at
             returning excluded_at",
            store,
            order,
            reason,
            by
        )
        .fetch_one(&mut *transaction)
        .await?;
        // What was never sent goes without a trace; what was refused once has its attempts and stays.
        sqlx::query!(
            "with gone as (
                select key from document
                 where store = $1 and key = any ($2) and attempts = 0 and state in ('collected', 'planned')),
             lines as (delete from posting_line l using gone where l.store = $1 and l.document_key = gone.key)
             delete from document d using gone where d.store = $1 and d.key = gone.key",
            store,
            &known
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update document set state = 'planned', summary_group = null
              where store = $1 and key = any ($2) and state = 'collected'",
            store,
            &known
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "insert into sales_order (store, order_id, outcome, reason) values ($1, $2, 'excluded', $3)
             on conflict (store, order_id) do update
                set outcome = excluded.outcome, reason = excluded.reason, updated_at = excluded.updated_at",
            store,
            order,
            told(reason, by)
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update hold set released_at = now() where store = $1 and order_id = $2 and released_at is null",
            store,
            order
        )
        .execute(&mut *transaction)
        .await?;
        mark(&mut *transaction, store, order).await?;
        transaction.commit().await?;
        Ok(Excluded::Done(Exclusion {
            reason: reason.to_owned(),
            excluded_by: by.to_owned(),
            excluded_at: row.excluded_at.to_jiff(),
        }))
    }

    /// Includes an excluded order again and marks it as due. Answers whether it was excluded.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was changed.
    pub async fn include_order(&self, store: &str, order_id: u64) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::IncludeOrder);
        let order = to_database(order_id);
        let mut transaction = self.pool.begin().await?;
        let done = sqlx::query!("delete from order_exclusion where store = $1 and order_id = $2", store, order)
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        mark(&mut *transaction, store, order).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The decision to exclude an order; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn exclusion(&self, store: &str, order_id: u64) -> Result<Option<Exclusion>, StoreError> {
        let row = sqlx::query!(
            "select reason, excluded_by, excluded_at from order_exclusion where store = $1 and order_id = $2",
            store,
            to_database(order_id)
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Exclusion {
            reason: row.reason,
            excluded_by: row.excluded_by,
            excluded_at: row.excluded_at.to_jiff(),
        }))
    }
}
