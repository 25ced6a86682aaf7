//! Lanes: one row per order with open work; claimed with a lease, finished by whoever still holds it.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use uuid::Uuid;

pub use super::wake::WakeUp;
use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

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
    ///
    /// A row that was locked is updated where it lies (`ctid`) instead of being looked up again by its key. One that
    /// changed between the statement's beginning and its lock is passed over so, and found by the next claim.
    async fn claim_of_one(
        &self,
        limit: u32,
        lease: Duration,
        token: Uuid,
        from: &ClaimFrom,
    ) -> Result<Vec<LaneRow>, StoreError> {
        let rows = sqlx::query_as!(
            LaneRow,
            "update lane l set leased_until = now() + make_interval(secs => $4), lease_token = $5
              where l.store = $1 and l.ctid = any (array(
                 select ctid from lane
                  where store = $1 and run_at >= coalesce($2::timestamptz, '-infinity') and run_at <= now()
                    and leased_until < now()
                  order by run_at limit $3 for update skip locked))
             returning l.store, l.order_id, l.version, l.failures, l.waits, l.run_at",
            from.store,
            from.not_before.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            i64::from(limit),
            lease.as_secs_f64(),
            token,
        )
        .fetch_all(&self.pool.in_a_row())
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
                   select l.place, l.run_at, s.store,
                          s.under_way + row_number() over (partition by s.store order by l.run_at) as turn
                     from unnest($1::text[], $2::timestamptz[], $3::bigint[]) s (store, not_before, under_way)
                    cross join lateral (
                          select ctid as place, run_at from lane
                           where lane.store = s.store and run_at >= coalesce(s.not_before, '-infinity')
                             and run_at <= now() and leased_until < now()
                           order by run_at limit $4 for update skip locked) l),
               mine as materialized (select place from due order by turn, run_at limit $4)
               update lane l set leased_until = now() + make_interval(secs => $5), lease_token = $6
                where l.store = any ($1) and l.ctid = any (array(select place from mine))
               returning l.store, l.order_id, l.version, l.failures, l.waits, l.run_at"#,
            &names,
            &marks as &[Option<jiff_sqlx::Timestamp>],
            &under_way,
            i64::from(limit),
            lease.as_secs_f64(),
            token,
        )
        .fetch_all(&self.pool.in_a_row())
        .await?;
        Ok(rows)
    }

    /// Extends the lease on everything held under these tokens; answers the tokens under which anything still is held.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn extend_leases(&self, tokens: &[Uuid], lease: Duration) -> Result<Vec<Uuid>, StoreError> {
        let _around = failpoint::around(Step::ExtendLeases);
        let kept = sqlx::query_scalar!(
            r#"with kept as (
                   update lane set leased_until = now() + make_interval(secs => $2) where lease_token = any ($1)
                      and leased_until > now() returning lease_token)
               select distinct lease_token as "token!" from kept"#,
            tokens,
            lease.as_secs_f64()
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(kept)
    }

    /// Finishes runs: a lane goes when nothing new came meanwhile, else it is due again at once.
    /// Answers of each whether it was still ours; when not, another worker has it and nothing was changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then it is not known which were finished.
    pub async fn complete(&self, lanes: &[Claimed]) -> Result<Vec<bool>, StoreError> {
        let _around = failpoint::around(Step::Complete);
        let mut ours = vec![false; lanes.len()];
        let mut open: Vec<usize> = (0..lanes.len()).collect();
        while !open.is_empty() {
            let handed_in: Vec<&Claimed> = open.iter().map(|at| &lanes[*at]).collect();
            let mut moved = Vec::new();
            for (nth, finished) in self.complete_where_they_lie(&handed_in).await? {
                ours[open[nth]] = true;
                if !finished {
                    moved.push(open[nth]);
                }
            }
            open = moved;
        }
        Ok(ours)
    }

    /// Answers which of them are ours, and of each whether it is finished: a row whose lease was being extended at this
    /// very moment lies elsewhere now.
    async fn complete_where_they_lie(&self, lanes: &[&Claimed]) -> Result<Vec<(usize, bool)>, StoreError> {
        let stores: Vec<&str> = lanes.iter().map(|lane| lane.store.as_str()).collect();
        let orders: Vec<i64> = lanes.iter().map(|lane| to_database(lane.order_id)).collect();
        let tokens: Vec<Uuid> = lanes.iter().map(|lane| lane.token).collect();
        let versions: Vec<i64> = lanes.iter().map(|lane| lane.version).collect();
        // The locking step is what keeps a mark that commits at this very moment from being missed: without it the
        // delete and the update both look at an old snapshot and neither matches. Rows are locked in the order of their
        // keys, as deliveries lock them, so that nobody waits in a circle.
        let rows = sqlx::query!(
            r#"with done as (
                   select * from unnest($1::text[], $2::bigint[], $3::uuid[], $4::bigint[])
                       with ordinality as t (store, order_id, token, version, nth)),
               mine as materialized (
                   select l.ctid as place, l.store, l.order_id, l.version <> d.version as marked, d.nth
                     from lane l join done d
                       on (l.store, l.order_id) = (d.store, d.order_id) and l.lease_token = d.token
                    order by l.store, l.order_id for update of l),
               gone as (
                   delete from lane where store = any ($1)
                      and ctid = any (array(select place from mine where not marked))
                   returning ctid as place),
               again as (
                   update lane set leased_until = '-infinity', lease_token = null, failures = 0, waits = 0,
                                   last_error = null, run_at = now()
                     from mine
                    where (lane.store, lane.order_id) = (mine.store, mine.order_id) and mine.marked)
               select nth as "nth!", (marked or gone.place is not null) as "finished!"
                 from mine left join gone using (place)"#,
            &stores as &[&str],
            &orders,
            &tokens,
            &versions,
        )
        .fetch_all(&self.pool.in_a_row())
        .await?;
        // Numbered from one.
        Ok(rows.into_iter().filter_map(|row| Some((usize::try_from(row.nth - 1).ok()?, row.finished))).collect())
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
