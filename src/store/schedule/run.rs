//! Runs of schedules: begun, ended, counted and listed.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

use super::super::{Store, StoreError, from_database, to_database};
use super::ScheduleName;
use crate::failpoint::{self, Step};

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRun {
    /// Its number.
    pub id: i64,
    /// When it began (UTC).
    pub started_at: Timestamp,
    /// When it ended (UTC).
    pub ended_at: Option<Timestamp>,
    /// `running`, `done`, `failed` or `interrupted`.
    pub result: String,
    /// Orders, refunds or hooks looked at.
    pub seen: u64,
    /// Orders marked as due, or hooks changed.
    pub acted: u64,
    /// Why it failed.
    pub error: Option<String>,
}

/// A run that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The store's name.
    pub store: String,
    /// Which schedule.
    pub name: ScheduleName,
    /// The run's number.
    pub run: i64,
    /// When it began (UTC).
    pub started_at: Timestamp,
    /// Start of the window to read (UTC).
    pub from: Timestamp,
    /// Its end (UTC).
    pub until: Timestamp,
    /// How far the window is read: the last order's id, or the last page.
    pub after: u64,
    /// Failures before this run.
    pub failures: u32,
}

impl Begun {
    /// What a run is told that is not the one under way any more.
    pub(super) fn lost(&self) -> StoreError {
        StoreError::Lost(format!("run {} of the schedule {} of {}", self.run, self.name.as_str(), self.store))
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunResult {
    /// All of it is done.
    Done,
    /// It is gone on with after a wait.
    Failed {
        /// Why.
        why: String,
        /// How long to wait.
        wait: Duration,
        /// Whether the window has more pages than are read in one: half of it is read next, from its start.
        too_long: bool,
    },
}

impl Store {
    /// Begins a run, or goes on with the window that an earlier one did not finish. The schedule is due next at the first
    /// of its moments that is not over: what was missed is this one run.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Lost`] when the store has no such schedule.
    pub async fn begin_run(&self, store: &str, name: ScheduleName) -> Result<Begun, StoreError> {
        let _around = failpoint::around(Step::BeginRun);
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "update schedule_run set result = 'interrupted', ended_at = now()
              where store = $1 and name = $2 and result = 'running'",
            store,
            name.as_str(),
        )
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query!(
            r#"select coalesce(window_from, read_until - make_interval(secs => $3)) as "from!",
                      coalesce(window_until, now()) as "until!",
                      case when window_from is null then 0 else window_after end as "after!",
                      case when next_at > now() then next_at else next_at + make_interval(secs =>
                         every_seconds * (floor(extract(epoch from now() - next_at)::float8 / every_seconds) + 1))
                      end as "next!",
                      failures
                 from schedule where store = $1 and name = $2 for update"#,
            store,
            name.as_str(),
            name.overlap().as_secs_f64(),
        )
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or_else(|| StoreError::Lost(format!("the schedule {} of {store}", name.as_str())))?;
        sqlx::query!(
            "update schedule set unfinished = true, window_from = $3, window_until = $4, window_after = $5, next_at = $6
              where store = $1 and name = $2",
            store,
            name.as_str(),
            row.from as jiff_sqlx::Timestamp,
            row.until as jiff_sqlx::Timestamp,
            row.after,
            row.next as jiff_sqlx::Timestamp,
        )
        .execute(&mut *transaction)
        .await?;
        let run = sqlx::query!(
            "insert into schedule_run (store, name) values ($1, $2) returning id, started_at",
            store,
            name.as_str(),
        )
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Begun {
            store: store.to_owned(),
            name,
            run: run.id,
            started_at: run.started_at.to_jiff(),
            from: row.from.to_jiff(),
            until: row.until.to_jiff(),
            after: from_database(row.after),
            failures: row.failures.unsigned_abs(),
        })
    }

    /// Ends a run. Runs of long ago are forgotten.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Lost`] when the run is not the one under way: then nothing was changed.
    pub async fn end_run(&self, run: &Begun, result: &RunResult, keep: Duration) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::EndRun);
        let (name, store) = (run.name.as_str(), &run.store);
        let mut transaction = self.pool.begin().await?;
        let (word, why) = match result {
            RunResult::Done => ("done", None),
            RunResult::Failed { why, .. } => ("failed", Some(why.as_str())),
        };
        let ended = sqlx::query!(
            "update schedule_run set result = $3, error = $4, ended_at = now()
              where store = $1 and id = $2 and result = 'running'",
            store,
            run.run,
            word,
            why,
        )
        .execute(&mut *transaction)
        .await?;
        if ended.rows_affected() == 0 {
            return Err(run.lost());
        }
        match result {
            // What was asked for after the end of the window that was read is not done yet. Webhooks have no window.
            RunResult::Done => {
                sqlx::query!(
                    "update schedule set unfinished = false, failures = 0, retry_at = '-infinity', window_from = null,
                            window_until = null, window_after = 0, read_until = coalesce(window_until, read_until),
                            wanted_at = case when wanted_at > case when name = 'webhooks' then $3
                               else coalesce(window_until, $3) end then wanted_at end
                      where store = $1 and name = $2",
                    store,
                    name,
                    run.started_at.to_sqlx() as jiff_sqlx::Timestamp,
                )
                .execute(&mut *transaction)
                .await?;
            }
            RunResult::Failed { wait, too_long, .. } => {
                // Half of the window, but never so little that it comes to nothing.
                let shorter = sqlx::query_scalar!(
                    "select greatest(window_from + (window_until - window_from) / 2,
                                     least(window_until, read_until + interval '1 minute')) as until
                       from schedule where store = $1 and name = $2 and $3 for update",
                    store,
                    name,
                    *too_long
                )
                .fetch_optional(&mut *transaction)
                .await?;
                sqlx::query!(
                    "update schedule set failures = failures + 1, retry_at = now() + make_interval(secs => $3),
                            window_after = case when $4 then 0 else window_after end,
                            window_until = case when $4 then $5 else window_until end
                      where store = $1 and name = $2",
                    store,
                    name,
                    wait.as_secs_f64(),
                    *too_long,
                    shorter.flatten() as Option<jiff_sqlx::Timestamp>,
                )
                .execute(&mut *transaction)
                .await?;
            }
        }
        sqlx::query!(
            "delete from schedule_run where store = $1 and name = $2 and started_at < now() - make_interval(secs => $3)",
            store,
            name,
            keep.as_secs_f64(),
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Counts what a run of the webhooks did.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_run(&self, run: &Begun, seen: u64, acted: u64) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::CountRun);
        sqlx::query!(
            "update schedule_run set seen = $3, acted = $4 where store = $1 and id = $2",
            run.store,
            run.run,
            to_database(seen),
            to_database(acted),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The runs of a schedule, newest first, older than `before` when it is given, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn schedule_runs(
        &self,
        store: &str,
        name: ScheduleName,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ScheduleRun>, StoreError> {
        let rows = sqlx::query!(
            "select id, started_at, ended_at, result, seen, acted, error from schedule_run
              where store = $1 and name = $2 and id < coalesce($3, 9223372036854775807) order by id desc limit $4",
            store,
            name.as_str(),
            before,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| ScheduleRun {
                id: row.id,
                started_at: row.started_at.to_jiff(),
                ended_at: row.ended_at.map(|at| at.to_jiff()),
                result: row.result,
                seen: from_database(row.seen),
                acted: from_database(row.acted),
                error: row.error,
            })
            .collect())
    }
}
