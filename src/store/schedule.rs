//! Schedules: what is done for each store by the clock, when it is due, how far it is, and the history of its runs.

mod page;
mod run;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::page::{ListedOrder, ListedRefund};
pub use self::run::{Begun, RunResult, ScheduleRun};
use super::{Store, StoreError};
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
