//! What is old is removed: small batches, each with its own commit, found by an index; and how far that is, by store.
//!
//! No batch looks at rows that an earlier one of the same round is done with, but for the smaller tables of dry runs, because
//! an index keeps the entries of removed rows until vacuum has been there. A batch that is repeated after a crash finds less to remove, or nothing.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

use super::pool::Transaction;
use super::{Store, StoreError};
use crate::failpoint::{self, Step};

/// What a batch removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Rows removed.
    pub rows: u64,
    /// Whether there may be more.
    pub more: bool,
}

/// How far deliveries were removed by a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovedDeliveries {
    /// Rows removed, and whether there may be more.
    pub removed: Removed,
    /// When the youngest of them was received (UTC): where the next batch of the round begins.
    pub through: Option<Timestamp>,
}

/// What of a store is not kept any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotKept {
    /// When the youngest delivery that was removed had been received (UTC).
    pub deliveries_through: Option<Timestamp>,
    /// Readings of orders that were replaced up to this moment are there only where something names them (UTC).
    pub evidence_through: Option<Timestamp>,
    /// Documents posted up to this moment are there without their attempts (UTC).
    pub attempts_through: Option<Timestamp>,
}

impl Store {
    /// Whether a store is to be looked at for what is old.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn retention_is_due(&self, store: &str) -> Result<bool, StoreError> {
        let row = sqlx::query!(
            r#"select not exists (select from retention where store = $1 and next_at > now()) as "due!""#,
            store
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.due)
    }

    /// Ends a round: the store is looked at again after `pause`. What was missed meanwhile is in the next round.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then the round is repeated.
    pub async fn end_retention(&self, store: &str, pause: Duration) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::EndRetention);
        sqlx::query!(
            "insert into retention (store, next_at) values ($1, now() + make_interval(secs => $2))
             on conflict (store) do update set next_at = excluded.next_at",
            store,
            pause.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What of a store is not kept any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn not_kept(&self, store: &str) -> Result<NotKept, StoreError> {
        let row = sqlx::query!(
            "select deliveries_through, evidence_through, attempts_through from retention where store = $1",
            store
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map_or_else(NotKept::default, |row| NotKept {
            deliveries_through: row.deliveries_through.map(|at| at.to_jiff()),
            evidence_through: row.evidence_through.map(|at| at.to_jiff()),
            attempts_through: row.attempts_through.map(|at| at.to_jiff()),
        }))
    }

    /// Removes deliveries of a store received longer ago than `keep`, the oldest first and none from before `from`, at most
    /// `batch`. The last delivery always stays, and the last notice that deliveries fail: silence is measured from them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then none was removed.
    pub async fn remove_deliveries(
        &self,
        store: &str,
        keep: Duration,
        batch: u32,
        from: Option<Timestamp>,
    ) -> Result<RemovedDeliveries, StoreError> {
        let _around = failpoint::around(Step::RemoveDeliveries);
        let row = sqlx::query!(
            r#"with last as materialized (
                   select (select max(received_at) from inbox
                            where store = $1 and scope <> 'store/hook/deliveryException') as heard,
                          (select max(received_at) from inbox
                            where store = $1 and scope = 'store/hook/deliveryException') as failed),
               old as materialized (
                   select id from inbox
                    where store = $1 and received_at >= coalesce($2::timestamptz, '-infinity')
                      and received_at < now() - make_interval(secs => $3)
                      and received_at < (select case when scope = 'store/hook/deliveryException' then failed else heard end
                                           from last)
                    order by received_at, id limit $4 for update skip locked),
               gone as (
                   delete from inbox using old where inbox.store = $1 and inbox.id = old.id returning inbox.received_at),
               noted as (
                   insert into retention (store, deliveries_through)
                   select $1, max(received_at) from gone having count(*) > 0
                   on conflict (store) do update set deliveries_through =
                      greatest(retention.deliveries_through, excluded.deliveries_through))
               select count(*) as "rows!", max(received_at) as through from gone"#,
            store,
            from.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            keep.as_secs_f64(),
            i64::from(batch)
        )
        .fetch_one(&self.pool)
        .await?;
        let rows = row.rows.unsigned_abs();
        Ok(RemovedDeliveries {
            removed: Removed { rows, more: rows >= u64::from(batch) },
            through: row.through.map(|at| at.to_jiff()),
        })
    }

    /// Removes evidence of a store that was replaced longer ago than `keep`, at most `batch` versions. What an order reads
    /// as now stays, and what a document or the order's standing names; of an order with an open hold everything stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then none was removed.
    pub async fn remove_evidence(&self, store: &str, keep: Duration, batch: u32) -> Result<Removed, StoreError> {
        let _around = failpoint::around(Step::RemoveEvidence);
        let mut transaction = self.pool.begin().await?;
        let mark = lock_marks(&mut transaction, store).await?;
        // Each reading of an order replaces those before it. It is looked at once, when it is old itself.
        let row = sqlx::query!(
            r#"with page as materialized (
                   select order_id, current_since from evidence
                    where store = $1
                      and (current_since, order_id) > (coalesce($2::timestamptz, '-infinity'), coalesce($3::bigint, 0))
                      and current_since < now() - make_interval(secs => $4)
                    order by current_since, order_id limit $5),
               replaced as (select order_id, max(current_since) as since from page group by order_id),
               old as materialized (
                   select e.order_id, e.hash
                     from replaced r
                     join evidence e on e.store = $1 and e.order_id = r.order_id and e.current_since < r.since
                    where not exists (select from document d where d.store = $1 and d.order_id = e.order_id
                                         and d.evidence_hash = e.hash)
                      and not exists (select from sales_order s where s.store = $1 and s.order_id = e.order_id
                                         and s.evidence_hash = e.hash)
                      and not exists (select from hold h where h.store = $1 and h.order_id = e.order_id
                                         and h.released_at is null)
                    limit $5 for update of e skip locked),
               gone as (
                   delete from evidence using old
                    where evidence.store = $1 and evidence.order_id = old.order_id and evidence.hash = old.hash
                   returning 1)
               select (select count(*) from gone) as "rows!", (select count(*) from page) as "seen!", last.current_since as "since?",
                      last.order_id as "order_id?"
                 from (select 1) always
                 left join (select current_since, order_id from page order by current_since desc, order_id desc limit 1) last
                   on true"#,
            store,
            mark.evidence_through as Option<jiff_sqlx::Timestamp>,
            mark.evidence_order,
            keep.as_secs_f64(),
            i64::from(batch)
        )
        .fetch_one(&mut *transaction)
        .await?;
        let removed = Progress { rows: row.rows.unsigned_abs(), seen: row.seen.unsigned_abs() };
        if let (true, Some(since)) = (removed.page_is_done(batch), row.since) {
            sqlx::query!(
                "update retention set evidence_through = $2, evidence_order = $3 where store = $1",
                store,
                since as jiff_sqlx::Timestamp,
                row.order_id
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(removed.of(batch))
    }

    /// Removes what was tried of a store's documents that were posted longer ago than `keep`, at most `batch` attempts. The
    /// documents stay, with request, record number and moments; of a document that is not posted everything stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then none was removed.
    pub async fn remove_attempts(&self, store: &str, keep: Duration, batch: u32) -> Result<Removed, StoreError> {
        let _around = failpoint::around(Step::RemoveAttempts);
        let mut transaction = self.pool.begin().await?;
        let mark = lock_marks(&mut transaction, store).await?;
        let row = sqlx::query!(
            r#"with page as materialized (
                   select key, settled_at from document
                    where store = $1 and state = 'posted'
                      and (settled_at, key) > (coalesce($2::timestamptz, '-infinity'), coalesce($3::text, ''))
                      and settled_at < now() - make_interval(secs => $4)
                    order by settled_at, key limit $5),
               old as materialized (
                   select a.document_key, a.number, a.step, a.at
                     from page join attempt a on a.store = $1 and a.document_key = page.key
                    limit $5),
               gone as (
                   delete from attempt using old
                    where attempt.store = $1 and attempt.document_key = old.document_key and attempt.number = old.number
                      and attempt.step = old.step and attempt.at = old.at
                   returning 1)
               select (select count(*) from gone) as "rows!", (select count(*) from page) as "seen!", last.settled_at as "at?",
                      last.key as "key?"
                 from (select 1) always
                 left join (select settled_at, key from page order by settled_at desc, key desc limit 1) last on true"#,
            store,
            mark.attempts_through as Option<jiff_sqlx::Timestamp>,
            mark.attempts_key,
            keep.as_secs_f64(),
            i64::from(batch)
        )
        .fetch_one(&mut *transaction)
        .await?;
        let removed = Progress { rows: row.rows.unsigned_abs(), seen: row.seen.unsigned_abs() };
        if let (true, Some(at)) = (removed.page_is_done(batch), row.at) {
            sqlx::query!(
                "update retention set attempts_through = $2, attempts_key = $3 where store = $1",
                store,
                at as jiff_sqlx::Timestamp,
                row.key
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(removed.of(batch))
    }

    /// Removes up to `batch` rows of the oldest dry run that is to go: one that ended longer ago than `keep`, if that is
    /// given, or that was removed from the list of runs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then none was removed.
    pub async fn remove_dry_runs(
        &self,
        store: &str,
        keep: Option<Duration>,
        batch: u32,
    ) -> Result<Removed, StoreError> {
        let _around = failpoint::around(Step::RemoveDryRuns);
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "update dry_run set removed_at = now()
              where store = $1 and removed_at is null and ended_at < now() - make_interval(secs => $2)",
            store,
            keep.map(|keep| keep.as_secs_f64())
        )
        .execute(&mut *transaction)
        .await?;
        let run = sqlx::query!(
            "select id, removed_through from dry_run where store = $1 and removed_at is not null
              order by id limit 1 for update",
            store
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let mut rows = 0;
        if let Some(run) = &run {
            rows = remove_rows_of(&mut transaction, store, run.id, run.removed_through, i64::from(batch)).await?;
            if rows < u64::from(batch) {
                sqlx::query!("delete from dry_run where store = $1 and id = $2", store, run.id)
                    .execute(&mut *transaction)
                    .await?;
                rows += 1;
            }
        }
        transaction.commit().await?;
        Ok(Removed { rows, more: run.is_some() })
    }
}

/// How far pages of a store have been looked at.
struct Marks {
    evidence_through: Option<jiff_sqlx::Timestamp>,
    evidence_order: Option<i64>,
    attempts_through: Option<jiff_sqlx::Timestamp>,
    attempts_key: Option<String>,
}

/// The marks of a store, which nobody else moves until the end of the transaction.
async fn lock_marks(transaction: &mut Transaction, store: &str) -> Result<Marks, StoreError> {
    let marks = sqlx::query_as!(
        Marks,
        "insert into retention (store) values ($1) on conflict (store) do update set next_at = retention.next_at
         returning evidence_through, evidence_order, attempts_through, attempts_key",
        store
    )
    .fetch_one(&mut **transaction)
    .await?;
    Ok(marks)
}

/// Removes rows that belong to a dry run; answers how many.
async fn remove_rows_of(
    transaction: &mut Transaction,
    store: &str,
    run: i64,
    removed_through: i64,
    batch: i64,
) -> Result<u64, StoreError> {
    let lines = sqlx::query!(
        r#"with old as materialized (
               select id from dry_run_line where store = $1 and run = $2 and id > $3 order by id limit $4),
           gone as (
               delete from dry_run_line l using old where l.store = $1 and l.run = $2 and l.id = old.id returning l.id)
           select count(*) as "rows!", max(id) as last from gone"#,
        store,
        run,
        removed_through,
        batch
    )
    .fetch_one(&mut **transaction)
    .await?;
    if let Some(last) = lines.last {
        sqlx::query!("update dry_run set removed_through = $3 where store = $1 and id = $2", store, run, last)
            .execute(&mut **transaction)
            .await?;
    }
    let mut left = batch - lines.rows;
    left -= removed(
        sqlx::query!(
            "delete from dry_run_hold where store = $1 and run = $2
                and id in (select id from dry_run_hold where store = $1 and run = $2 order by id limit $3)",
            store,
            run,
            left
        )
        .execute(&mut **transaction)
        .await?,
    );
    left -= removed(
        sqlx::query!(
            "delete from dry_run_difference where store = $1 and run = $2
                and id in (select id from dry_run_difference where store = $1 and run = $2 order by id limit $3)",
            store,
            run,
            left
        )
        .execute(&mut **transaction)
        .await?,
    );
    left -= removed(
        sqlx::query!(
            "delete from dry_run_order where store = $1 and run = $2
                and order_id in (select order_id from dry_run_order where store = $1 and run = $2
                                  order by order_id limit $3)",
            store,
            run,
            left
        )
        .execute(&mut **transaction)
        .await?,
    );
    Ok((batch - left).unsigned_abs())
}

fn removed(done: sqlx::postgres::PgQueryResult) -> i64 {
    i64::try_from(done.rows_affected()).unwrap_or(i64::MAX)
}

/// What a batch that goes through a page did.
struct Progress {
    rows: u64,
    seen: u64,
}

impl Progress {
    /// Whether nothing of the page can be left: then it need not be looked at again.
    fn page_is_done(&self, batch: u32) -> bool {
        self.rows < u64::from(batch)
    }

    fn of(&self, batch: u32) -> Removed {
        Removed { rows: self.rows, more: !self.page_is_done(batch) || self.seen >= u64::from(batch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_left_when_nothing_of_it_is_left_and_the_last_page_is_not_full() {
        let of = |rows, seen| {
            let progress = Progress { rows, seen };
            (progress.page_is_done(10), progress.of(10).more)
        };
        assert_eq!(of(10, 3), (false, true), "many rows of few orders");
        assert_eq!(of(4, 10), (true, true));
        assert_eq!(of(4, 9), (true, false));
        assert_eq!(of(0, 0), (true, false));
    }
}
