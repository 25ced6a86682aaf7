//! Where each order stands, and the evidence it was judged by.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use rust_decimal::Decimal;

use super::hold::{NewHold, replace_holds};
use super::order_search::OrderFilter;
use super::{Store, StoreError, to_database};
use crate::failpoint::{self, Step};

/// What became of an order in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderStanding {
    /// The store's name.
    pub store: String,
    /// The order.
    pub order_id: u64,
    /// `posted`, `collected` (for a summary that is not posted yet), `held`, `waiting`, `excluded` or `failing`.
    pub outcome: String,
    /// Why, when not posted.
    pub reason: String,
    /// The order's status in the shop.
    pub status: String,
    /// The day it was placed, in the store's time zone.
    pub order_date: Option<Date>,
    /// The customer in Intacct.
    pub customer_id: Option<String>,
    /// The order's currency.
    pub currency: Option<String>,
    /// Its gross total in major units.
    pub total: Option<Decimal>,
    /// What of it is not paid.
    pub open_balance: Option<Decimal>,
    /// The evidence judged.
    pub evidence_hash: Option<String>,
    /// The rulebook revision used.
    pub revision: Option<i64>,
    /// When this was written (UTC); ignored when saving.
    pub updated_at: Option<Timestamp>,
}

impl Store {
    /// Keeps evidence, once per content hash. Answers since when the order reads like this (UTC): the time of the first
    /// reading, or of the first one since it last read otherwise. Reading the same again changes nothing but `modified`:
    /// the order's own time of change (UTC), given when nothing can have changed after it without being read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep_evidence(
        &self,
        store: &str,
        order_id: u64,
        hash: &str,
        facts: &serde_json::Value,
        modified: Option<Timestamp>,
    ) -> Result<Timestamp, StoreError> {
        let _around = failpoint::around(Step::KeepEvidence);
        let order = to_database(order_id);
        let newest = sqlx::query!(
            "select hash, current_since, modified_at from evidence where store = $1 and order_id = $2
              order by current_since desc, hash = $3 desc limit 1",
            store,
            order,
            hash
        )
        .fetch_optional(&self.pool)
        .await?;
        let same = newest.filter(|newest| newest.hash == hash);
        if let Some(same) = &same
            && modified <= same.modified_at.map(|at| at.to_jiff())
        {
            return Ok(same.current_since.to_jiff());
        }
        let row = sqlx::query!(
            "insert into evidence (store, order_id, hash, facts, modified_at) values ($1, $2, $3, $4, $5)
             on conflict (store, order_id, hash) do update
                set modified_at = greatest(evidence.modified_at, excluded.modified_at),
                    current_since = case when $6 then evidence.current_since else excluded.current_since end
             returning current_since",
            store,
            order,
            hash,
            facts,
            modified.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            same.is_some()
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.current_since.to_jiff())
    }

    /// Evidence by its hash.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn evidence(
        &self,
        store: &str,
        order_id: u64,
        hash: &str,
    ) -> Result<Option<serde_json::Value>, StoreError> {
        let row = sqlx::query!(
            "select facts from evidence where store = $1 and order_id = $2 and hash = $3",
            store,
            to_database(order_id),
            hash
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| row.facts))
    }

    /// Writes where an order stands, together with its open holds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then neither was written.
    pub async fn save_standing(&self, standing: &OrderStanding, holds: &[NewHold]) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::SaveStanding);
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "insert into sales_order (store, order_id, outcome, reason, status, order_date, customer_id, currency,
                                      total, open_balance, evidence_hash, revision)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             on conflict (store, order_id) do update set
                outcome = excluded.outcome, reason = excluded.reason, status = excluded.status,
                order_date = coalesce(excluded.order_date, sales_order.order_date),
                customer_id = coalesce(excluded.customer_id, sales_order.customer_id),
                currency = coalesce(excluded.currency, sales_order.currency),
                total = coalesce(excluded.total, sales_order.total),
                open_balance = coalesce(excluded.open_balance, sales_order.open_balance),
                evidence_hash = coalesce(excluded.evidence_hash, sales_order.evidence_hash),
                revision = coalesce(excluded.revision, sales_order.revision), updated_at = excluded.updated_at",
            standing.store,
            to_database(standing.order_id),
            standing.outcome,
            standing.reason,
            standing.status,
            standing.order_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
            standing.customer_id,
            standing.currency,
            standing.total,
            standing.open_balance,
            standing.evidence_hash,
            standing.revision
        )
        .execute(&mut *transaction)
        .await?;
        replace_holds(&mut transaction, &standing.store, standing.order_id, holds).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that a run failed, on an order that nothing better is known of. A standing that was reached stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_failure(&self, store: &str, order_id: u64, why: &str) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::NoteFailure);
        sqlx::query!(
            "insert into sales_order (store, order_id, outcome, reason) values ($1, $2, 'failing', $3)
             on conflict (store, order_id) do update set reason = excluded.reason, updated_at = excluded.updated_at
                where sales_order.outcome = 'failing'",
            store,
            to_database(order_id),
            why
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Where one order stands.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn order(&self, store: &str, order_id: u64) -> Result<Option<OrderStanding>, StoreError> {
        let Some(before) = order_id.checked_sub(1) else { return Ok(None) };
        let filter = OrderFilter { order_ids: Some(vec![order_id]), ..OrderFilter::default() };
        Ok(self.search_orders(store, &filter, before, 1).await?.pop())
    }
}
