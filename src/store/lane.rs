//! Lanes: one row per order with open work; claimed with a lease, finished by whoever still holds it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// Tells the workers of this process that orders may be due. Only a hint: polling finds them too, so a lost hint
/// costs time, never work, and other replicas need none.
#[derive(Debug, Clone, Default)]
pub struct WakeUp(Arc<Notify>);

impl WakeUp {
    /// Something became due.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits for a hint.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

/// An order this worker may work on until its lease runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The store's name.
    pub store: String,
    /// The order.
    pub order_id: u64,
    /// Marks counted when it was claimed; a higher count at the end means: run again.
    pub version: i64,
    /// Consecutive failures before this run.
    pub failures: u32,
    /// Times it was read again for payment data.
    pub waits: u32,
    /// Since when it was due.
    pub due_at: Timestamp,
    /// Proof of the lease; every later statement about this lane checks it.
    pub token: Uuid,
}

/// A store to claim orders from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimFrom {
    /// The store's name.
    pub store: String,
    /// The low-water mark: the smallest due time of the store's last claim, less a second, so that a claim does not walk
    /// over finished rows that vacuum has not removed yet; `None` looks at everything, which is needed now and then to
    /// find lapsed leases.
    pub not_before: Option<Timestamp>,
    /// Orders of the store that the claimer has under way.
    pub under_way: u32,
}

impl ClaimFrom {
    /// A store with nothing under way, all of it.
    pub fn all(store: impl Into<String>) -> Self {
        Self { store: store.into(), not_before: None, under_way: 0 }
    }
}

/// Why a lane is put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOff {
    /// Something failed; counts towards the back-off.
    Failure,
    /// Waiting for payment data.
    Wait,
    /// Neither: given back untouched, for example at shutdown.
    Release,
}

/// How much work waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Lanes in all, due or not.
    pub lanes: u64,
    /// Lanes that are due and not leased.
    pub due: u64,
    /// How long the oldest due one has been waiting, in seconds.
    pub oldest_due_seconds: u64,
}

/// A lane that was claimed.
struct LaneRow {
    store: String,
    order_id: i64,
    version: i64,
    failures: i32,
    waits: i32,
    run_at: jiff_sqlx::Timestamp,
}

impl Store {
    /// Claims up to `limit` due orders of these stores for `lease`, in turns: the store with the fewest orders under way
    /// comes first, so a store with a backlog keeps no other waiting. Within a store the order that has been due the
    /// longest comes first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim(
        &self,
        limit: u32,
        lease: Duration,
        token: Uuid,
        stores: &[ClaimFrom],
    ) -> Result<Vec<Claimed>, StoreError> {
        let _around = failpoint::around(Step::Claim);
        let rows = match stores {
            [only] => self.claim_of_one(limit, lease, token, only).await?,
            several => self.claim_in_turns(limit, lease, token, several).await?,
        };
        Ok(rows
            .into_iter()
            .map(|row| Claimed {
                store: row.store,
                order_id: from_database(row.order_id),
                version: row.version,
                failures: row.failures.unsigned_abs(),
                waits: row.waits.unsigned_abs(),
                due_at: row.run_at.to_jiff(),
                token,
            })
            .collect())
    }

    /// The claim of one store: a statement about one shard, where the tables are spread.
    async fn claim_of_one(
        &self,
        limit: u32,
        lease: Duration,
        token: Uuid,
        from: &ClaimFrom,
    ) -> Result<Vec<LaneRow>, StoreError> {
        let rows = sqlx::query_as!(
            LaneRow,
            "with due as materialized (
                 select order_id from lane
                  where store = $1 and run_at >= coalesce($2::timestamptz, '-infinity') and run_at <= now()
                    and leased_until < now()
                  order by run_at limit $3 for update skip locked)
             update lane l set leased_until = now() + make_interval(secs => $4), lease_token = $5
               from due where l.store = $1 and l.order_id = due.order_id
             returning l.store, l.order_id, l.version, l.failures, l.waits, l.run_at",
            from.store,
            from.not_before.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            i64::from(limit),
            lease.as_secs_f64(),
            token,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows)
    }

    async fn claim_in_turns(
        &self,
        limit: u32,
        lease: Duration,
        token: Uuid,
        stores: &[ClaimFrom],
    ) -> Result<Vec<LaneRow>, StoreError> {
        let names: Vec<String> = stores.iter().map(|from| from.store.clone()).collect();
        let marks: Vec<Option<jiff_sqlx::Timestamp>> =
            stores.iter().map(|from| from.not_before.map(|at| at.to_sqlx())).collect();
        let under_way: Vec<i64> = stores.iter().map(|from| i64::from(from.under_way)).collect();
        let rows = sqlx::query_as!(
            LaneRow,
            r#"with due as materialized (
                   select s.store, l.order_id, l.run_at,
                          s.under_way + row_number() over (partition by s.store order by l.run_at) as turn
                     from unnest($1::text[], $2::timestamptz[], $3::bigint[]) s (store, not_before, under_way)
                    cross join lateral (
                          select order_id, run_at from lane
                           where lane.store = s.store and run_at >= coalesce(s.not_before, '-infinity')
                             and run_at <= now() and leased_until < now()
                           order by run_at limit $4 for update skip locked) l),
               mine as materialized (select store, order_id from due order by turn, run_at limit $4)
               update lane l set leased_until = now() + make_interval(secs => $5), lease_token = $6
                 from mine where (l.store, l.order_id) = (mine.store, mine.order_id)
               returning l.store, l.order_id, l.version, l.failures, l.waits, l.run_at"#,
            &names,
            &marks as &[Option<jiff_sqlx::Timestamp>],
            &under_way,
            i64::from(limit),
            lease.as_secs_f64(),
            token,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows)
    }

    /// Extends the lease on everything held under these tokens; answers how many lanes still are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn extend_leases(&self, tokens: &[Uuid], lease: Duration) -> Result<u64, StoreError> {
        let _around = failpoint::around(Step::ExtendLeases);
        let done = sqlx::query!(
            "update lane set leased_until = now() + make_interval(secs => $2) where lease_token = any ($1)
             and leased_until > now()",
            tokens,
            lease.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Finishes a run: the lane goes when nothing new came meanwhile, else it is due again at once.
    /// Answers whether it was still ours; when not, another worker has it and nothing was changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn complete(&self, lane: &Claimed) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::Complete);
        // The locking step is what keeps a mark that commits at this very moment from being missed: without it the
        // delete and the update both look at an old snapshot and neither matches.
        let row = sqlx::query!(
            r#"with mine as materialized (
                   select store, order_id, version from lane
                    where store = $1 and order_id = $2 and lease_token = $3 for update),
               gone as (
                   delete from lane using mine
                    where lane.store = $1 and lane.order_id = mine.order_id and mine.version = $4),
               again as (
                   update lane set leased_until = '-infinity', lease_token = null, failures = 0, waits = 0,
                                   last_error = null, run_at = now()
                     from mine
                    where lane.store = $1 and lane.order_id = mine.order_id and mine.version <> $4)
               select count(*) as "mine!" from mine"#,
            lane.store,
            to_database(lane.order_id),
            lane.token,
            lane.version,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.mine == 1)
    }

    /// Gives a lane back to run again after `delay`, or at once when it was marked meanwhile (except after a failure:
    /// a burst of marks must not undo the back-off).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put_off(&self, lane: &Claimed, delay: Duration, why: PutOff, note: &str) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::PutOff);
        let done = sqlx::query!(
            "update lane set leased_until = '-infinity', lease_token = null,
                    failures = failures + $5, waits = waits + $6, last_error = nullif($7, ''),
                    run_at = now() + make_interval(secs => case when version = $4 or $5 > 0 then $8::float8 else 0 end)
              where store = $1 and order_id = $2 and lease_token = $3",
            lane.store,
            to_database(lane.order_id),
            lane.token,
            lane.version,
            i32::from(why == PutOff::Failure),
            i32::from(why == PutOff::Wait),
            note,
            delay.as_secs_f64(),
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// How much work waits, over all stores.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        let row = sqlx::query!(
            r#"select count(*) as "lanes!",
                      count(*) filter (where run_at <= now() and leased_until < now()) as "due!",
                      coalesce(extract(epoch from now() - min(run_at) filter (where run_at <= now()))::bigint, 0)
                          as "oldest!"
                 from lane"#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Backlog {
            lanes: row.lanes.unsigned_abs(),
            due: row.due.unsigned_abs(),
            oldest_due_seconds: row.oldest.unsigned_abs(),
        })
    }
}
