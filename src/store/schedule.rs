//! Schedules: what is done for each store by the clock, when it is due, how far it is, and the history of its runs.

mod page;

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde::{Deserialize, Serialize};

pub use self::page::{ListedOrder, ListedRefund};
use super::{Store, StoreError, from_database};
use crate::failpoint::{self, Step};

/// What is done by the clock for a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleName {
    /// Orders that changed are looked for: the backstop of webhooks that never came.
    Orders,
    /// Refunds that were made are looked for.
    Refunds,
    /// The webhooks are looked at and mended.
    Webhooks,
}

impl ScheduleName {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Orders, Self::Refunds, Self::Webhooks];

    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Refunds => "refunds",
            Self::Webhooks => "webhooks",
        }
    }

    /// How often it may run at most and at least, in seconds.
    pub fn bounds(self) -> (u32, u32) {
        const DAY: u32 = 24 * 60 * 60;
        match self {
            Self::Orders | Self::Refunds => (60, DAY),
            Self::Webhooks => (600, 7 * DAY),
        }
    }

    /// How far a window reaches back over the one before: clocks differ, and rows may be listed late.
    pub fn overlap(self) -> Duration {
        match self {
            Self::Orders => Duration::from_secs(10 * 60),
            Self::Refunds => Duration::from_secs(2 * 60 * 60),
            Self::Webhooks => Duration::ZERO,
        }
    }
}

impl std::str::FromStr for ScheduleName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|name| name.as_str() == text);
        known.ok_or_else(|| format!("'{text}' is no schedule: orders, refunds or webhooks"))
    }
}

/// How often each is done when nobody has said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// Orders, in seconds.
    pub orders: u32,
    /// Refunds, in seconds.
    pub refunds: u32,
    /// Webhooks, in seconds.
    pub webhooks: u32,
}

impl Intervals {
    /// That of one schedule, in seconds.
    pub fn of(&self, name: ScheduleName) -> u32 {
        match name {
            ScheduleName::Orders => self.orders,
            ScheduleName::Refunds => self.refunds,
            ScheduleName::Webhooks => self.webhooks,
        }
    }
}

/// A schedule as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Which.
    pub name: ScheduleName,
    /// How often, in seconds.
    pub every_seconds: u32,
    /// Whether it is done by the clock at all.
    pub paused: bool,
    /// When it is due next (UTC).
    pub next_at: Timestamp,
    /// A run was asked for and has not ended yet.
    pub wanted: bool,
    /// A run was begun and has not come to its good end.
    pub unfinished: bool,
    /// Failures in a row.
    pub failures: u32,
    /// What happened before is read (UTC).
    pub read_until: Timestamp,
}

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
    fn lost(&self) -> StoreError {
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
    /// Makes the schedules that a store does not have yet, each due after its interval.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn make_schedules(&self, store: &str, intervals: &Intervals) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::MakeSchedules);
        let names: Vec<String> = ScheduleName::ALL.iter().map(|name| name.as_str().to_owned()).collect();
        let every: Vec<i32> = ScheduleName::ALL.iter().map(|name| seconds(intervals.of(*name))).collect();
        sqlx::query!(
            "insert into schedule (store, name, every_seconds, next_at)
             select $1, name, every, now() + make_interval(secs => every) from unnest($2::text[], $3::integer[]) s (name, every)
             on conflict do nothing",
            store,
            &names,
            &every,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The schedules of a store; empty when none were made.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn schedules(&self, store: &str) -> Result<Vec<Schedule>, StoreError> {
        let rows = sqlx::query!(
            r#"select name, every_seconds, paused, next_at, wanted_at is not null as "wanted!", unfinished, failures,
                      read_until
                 from schedule where store = $1 order by name"#,
            store
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Schedule {
                    name: named(&row.name)?,
                    every_seconds: row.every_seconds.unsigned_abs(),
                    paused: row.paused,
                    next_at: row.next_at.to_jiff(),
                    wanted: row.wanted,
                    unfinished: row.unfinished,
                    failures: row.failures.unsigned_abs(),
                    read_until: row.read_until.to_jiff(),
                })
            })
            .collect()
    }

    /// Sets how often a schedule runs and whether it is paused. A shorter interval counts from now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_schedule(
        &self,
        store: &str,
        name: ScheduleName,
        every_seconds: u32,
        paused: bool,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::SetSchedule);
        sqlx::query!(
            "update schedule set every_seconds = $3, paused = $4,
                    next_at = least(next_at, now() + make_interval(secs => $3::integer))
              where store = $1 and name = $2",
            store,
            name.as_str(),
            seconds(every_seconds),
            paused,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Asks for a run as soon as possible, also of a paused schedule.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn want_run(&self, store: &str, name: ScheduleName) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::WantRun);
        sqlx::query!(
            "update schedule set wanted_at = (select clock_timestamp()), retry_at = '-infinity'
              where store = $1 and name = $2",
            store,
            name.as_str(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Whether a schedule is due: by the clock, because somebody asked, because a run was broken off, or (webhooks)
    /// because BigCommerce told that deliveries fail.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn schedule_is_due(&self, store: &str, name: ScheduleName) -> Result<bool, StoreError> {
        let row = sqlx::query!(
            r#"select exists (
                   select from schedule s where store = $1 and name = $2 and retry_at <= now()
                      and (wanted_at is not null or not paused and (next_at <= now() or unfinished
                           or name = 'webhooks' and exists (
                              select from inbox i join webhook_wish w using (store)
                               where i.store = $1 and i.scope = 'store/hook/deliveryException'
                                 and i.received_at > w.checked_at)))) as "due!""#,
            store,
            name.as_str(),
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.due)
    }

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
            super::to_database(seen),
            super::to_database(acted),
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

fn seconds(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

fn named(name: &str) -> Result<ScheduleName, StoreError> {
    name.parse().map_err(|why| StoreError::Corrupt { what: "schedule.name".to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_reads_as_it_is_written() {
        for name in ScheduleName::ALL {
            assert_eq!(name.as_str().parse(), Ok(name));
            let (least, most) = name.bounds();
            assert!(least < most);
        }
        assert!("mirror".parse::<ScheduleName>().is_err());
    }
}
