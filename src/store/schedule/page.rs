//! One page of a poll: what is new on it is marked as due, and how far the poll is moves on, in one transaction.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

use super::Begun;
use crate::failpoint::{self, Step};
use crate::store::pool::Transaction;
use crate::store::{Store, StoreError, to_database};

/// An order in a list of orders that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedOrder {
    /// The order.
    pub order_id: u64,
    /// When it was changed (UTC); `None` when that was not told.
    pub modified: Option<Timestamp>,
}

/// A refund in a list of refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedRefund {
    /// Its order.
    pub order_id: u64,
    /// The refund.
    pub refund_id: u64,
    /// How many of its payments were declined: that changes after it was made.
    pub declined: u32,
}

impl Store {
    /// Marks those of a page's orders as due that changed after they were read the last time. Answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Lost`] when the run is not the one under way: then nothing was changed.
    pub async fn keep_orders_page(&self, run: &Begun, page: &[ListedOrder], after: u64) -> Result<u64, StoreError> {
        let _around = failpoint::around(Step::KeepOrdersPage);
        let ids: Vec<i64> = page.iter().map(|order| to_database(order.order_id)).collect();
        let modified: Vec<Option<jiff_sqlx::Timestamp>> =
            page.iter().map(|order| order.modified.map(|at| at.to_sqlx())).collect();
        let mut transaction = self.pool.begin().await?;
        let news = sqlx::query_scalar!(
            r#"select distinct order_id as "order_id!"
                 from unnest($2::bigint[], $3::timestamptz[]) as listed (order_id, modified)
                where modified is null or modified > coalesce(
                      (select max(modified_at) from evidence e where e.store = $1 and e.order_id = listed.order_id),
                      '-infinity')
                order by 1"#,
            run.store,
            &ids,
            &modified as &[Option<jiff_sqlx::Timestamp>],
        )
        .fetch_all(&mut *transaction)
        .await?;
        let marked = mark(&mut transaction, &run.store, &news).await?;
        move_on(&mut transaction, run, after, page.len(), marked).await?;
        transaction.commit().await?;
        Ok(marked)
    }

    /// Marks the orders of those of a page's refunds as due that the order did not have when it was read the last time, or
    /// not with as many declined payments. Answers how many orders.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Lost`] when the run is not the one under way: then nothing was changed.
    pub async fn keep_refunds_page(&self, run: &Begun, page: &[ListedRefund], after: u64) -> Result<u64, StoreError> {
        let _around = failpoint::around(Step::KeepRefundsPage);
        let orders: Vec<i64> = page.iter().map(|refund| to_database(refund.order_id)).collect();
        let refunds: Vec<i64> = page.iter().map(|refund| to_database(refund.refund_id)).collect();
        let declined: Vec<i64> = page.iter().map(|refund| i64::from(refund.declined)).collect();
        let mut transaction = self.pool.begin().await?;
        let news = sqlx::query_scalar!(
            r#"select distinct order_id as "order_id!"
                 from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as listed (order_id, refund_id, declined)
                where not exists (
                   select from (select facts from evidence e where e.store = $1 and e.order_id = listed.order_id
                                 order by current_since desc limit 1) newest,
                          jsonb_array_elements(newest.facts -> 'refunds') refund
                    where (refund ->> 'id')::bigint = listed.refund_id
                      and (select count(*) from jsonb_array_elements(refund -> 'payments') payment
                            where (payment ->> 'declined')::boolean) = listed.declined)
                order by 1"#,
            run.store,
            &orders,
            &refunds,
            &declined,
        )
        .fetch_all(&mut *transaction)
        .await?;
        let marked = mark(&mut transaction, &run.store, &news).await?;
        move_on(&mut transaction, run, after, page.len(), marked).await?;
        transaction.commit().await?;
        Ok(marked)
    }
}

/// Marks orders as due. One that is being tried again after a failure keeps its wait.
async fn mark(transaction: &mut Transaction, store: &str, order_ids: &[i64]) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "insert into lane (store, order_id) select $1, order_id from unnest($2::bigint[]) o (order_id) order by order_id
         on conflict (store, order_id) do update set version = lane.version + 1,
            run_at = case when lane.failures > 0 then lane.run_at else least(lane.run_at, excluded.run_at) end",
        store,
        order_ids
    )
    .execute(&mut **transaction)
    .await?;
    Ok(done.rows_affected())
}

/// Notes how far the run is. A replica that lost its lease meanwhile finds its run interrupted, and moves nothing.
async fn move_on(
    transaction: &mut Transaction,
    run: &Begun,
    after: u64,
    seen: usize,
    acted: u64,
) -> Result<(), StoreError> {
    let running = sqlx::query!(
        "update schedule_run set seen = seen + $3, acted = acted + $4
          where store = $1 and id = $2 and result = 'running'",
        run.store,
        run.run,
        to_database(seen as u64),
        to_database(acted)
    )
    .execute(&mut **transaction)
    .await?;
    if running.rows_affected() == 0 {
        return Err(run.lost());
    }
    sqlx::query!(
        "update schedule set window_after = $3 where store = $1 and name = $2",
        run.store,
        run.name.as_str(),
        to_database(after)
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
