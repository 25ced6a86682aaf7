//! Webhook deliveries: kept as they came, and their orders marked as due in the same statement.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgExecutor;

use super::{Store, StoreError, to_database};
use crate::failpoint::{self, Step};

/// A verified delivery, ready to be kept.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The store's name in the settings.
    pub store: String,
    /// The sender's id of the delivery; the same for a repeat.
    pub webhook_id: String,
    /// For example `store/order/updated`.
    pub scope: String,
    /// The order it concerns; `None` when it concerns none.
    pub order_id: Option<u64>,
    /// When the event happened, as the sender says (UTC).
    pub event_at: Timestamp,
    /// The body as it came.
    pub body: String,
}

/// What recording a batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Deliveries not seen before.
    pub new: u64,
    /// Orders marked as due; repeats mark too, because two changes within one second carry the same id.
    pub marked: u64,
}

/// Marks an order as due at once.
pub(super) async fn mark(executor: impl PgExecutor<'_>, store: &str, order: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into lane (store, order_id) values ($1, $2)
         on conflict (store, order_id) do update
            set version = lane.version + 1, run_at = least(lane.run_at, excluded.run_at), failures = 0",
        store,
        order
    )
    .execute(executor)
    .await?;
    Ok(())
}

impl Store {
    /// Keeps a batch of deliveries and marks their orders as due after `debounce`, all in one statement and commit.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing of the batch was kept.
    pub async fn record_deliveries(&self, batch: &[NewDelivery], debounce: Duration) -> Result<Recorded, StoreError> {
        let _around = failpoint::around(Step::KeepDeliveries);
        // Rows are sorted before they are locked, so that two batches cannot wait for each other; lanes by the server's
        // collation, as others lock them.
        let mut batch: Vec<&NewDelivery> = batch.iter().collect();
        batch.sort_unstable_by_key(|d| (d.store.as_str(), d.webhook_id.as_str()));
        let due: BTreeSet<(&str, i64)> =
            batch.iter().filter_map(|d| Some((d.store.as_str(), to_database(d.order_id?)))).collect();
        let (due_stores, due_orders): (Vec<&str>, Vec<i64>) = due.into_iter().unzip();
        let stores: Vec<&str> = batch.iter().map(|d| d.store.as_str()).collect();
        let ids: Vec<&str> = batch.iter().map(|d| d.webhook_id.as_str()).collect();
        let scopes: Vec<&str> = batch.iter().map(|d| d.scope.as_str()).collect();
        let orders: Vec<Option<i64>> = batch.iter().map(|d| d.order_id.map(to_database)).collect();
        let times: Vec<i64> = batch.iter().map(|d| d.event_at.as_second()).collect();
        let bodies: Vec<&str> = batch.iter().map(|d| d.body.as_str()).collect();
        let row = sqlx::query!(
            r#"with recorded as (
                   insert into inbox (store, webhook_id, scope, order_id, event_at, body)
                   select store, webhook_id, scope, order_id, to_timestamp(event_at), body
                     from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])
                       as t (store, webhook_id, scope, order_id, event_at, body)
                   on conflict (store, webhook_id) do nothing
                   returning 1),
               marked as (
                   insert into lane (store, order_id, run_at)
                   select store, order_id, now() + make_interval(secs => $9)
                     from unnest($7::text[], $8::bigint[]) as t (store, order_id) order by 1, 2
                   on conflict (store, order_id) do update
                       set version = lane.version + 1, run_at = least(lane.run_at, excluded.run_at)
                   returning 1)
               select (select count(*) from recorded) as "new!", (select count(*) from marked) as "marked!""#,
            &stores as &[&str],
            &ids as &[&str],
            &scopes as &[&str],
            &orders as &[Option<i64>],
            &times,
            &bodies as &[&str],
            &due_stores as &[&str],
            &due_orders,
            debounce.as_secs_f64(),
        )
        .fetch_one(&self.pool.in_a_row())
        .await?;
        Ok(Recorded { new: row.new.unsigned_abs(), marked: row.marked.unsigned_abs() })
    }

    /// Marks one order as due at once, whatever the reason: a replay, a schedule, a released hold.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mark_due(&self, store: &str, order_id: u64) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::MarkDue);
        mark(&self.pool, store, to_database(order_id)).await
    }

    /// How many distinct deliveries were kept, for one store.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn deliveries(&self, store: &str) -> Result<u64, StoreError> {
        let row = sqlx::query!(r#"select count(*) as "count!" from inbox where store = $1"#, store)
            .fetch_one(&self.pool)
            .await?;
        Ok(row.count.unsigned_abs())
    }
}
