//! Backfills: ranges of old orders that are read again at their own pace, and the orders before go-live they include.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// Where a backfill stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BackfillState {
    /// It goes on.
    Running,
    /// Somebody stopped it for a while.
    Paused,
    /// Somebody stopped it for good; orders that were marked stay so.
    Cancelled,
    /// Every order of the range was marked.
    Done,
}

impl BackfillState {
    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }

    fn named(name: &str) -> Result<Self, StoreError> {
        let all = [Self::Running, Self::Paused, Self::Cancelled, Self::Done];
        all.into_iter().find(|state| state.as_str() == name).ok_or_else(|| StoreError::Corrupt {
            what: "backfill.state".to_owned(),
            why: format!("'{name}' is no state"),
        })
    }
}

/// A backfill that somebody wants. Moments are UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBackfill {
    /// The store's name.
    pub store: String,
    /// Orders placed at or after this.
    pub placed_from: Timestamp,
    /// Orders placed at or before this.
    pub placed_to: Timestamp,
    /// Only orders in these statuses; empty: in any.
    pub statuses: Vec<u32>,
    /// How many orders are marked in a minute at most.
    pub orders_per_minute: u32,
    /// Whether orders before the store's go-live are posted, too.
    pub before_go_live: bool,
    /// Who wants it.
    pub created_by: String,
}

/// A backfill as it stands. Moments are UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// Its number.
    pub id: i64,
    /// What was wanted.
    pub wanted: NewBackfill,
    /// Where it stands.
    pub state: BackfillState,
    /// Orders up to this id are marked.
    pub after_id: u64,
    /// The first order of the range, once known.
    pub first_id: Option<u64>,
    /// The last one.
    pub last_id: Option<u64>,
    /// Orders looked at.
    pub seen: u64,
    /// Orders marked as due.
    pub marked: u64,
    /// Failures in a row.
    pub failures: u32,
    /// The last failure, until it goes on.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was done or cancelled.
    pub ended_at: Option<Timestamp>,
}

impl Backfill {
    /// How far it is in whole percent, by the ids of the range; `None` before anything is known.
    pub fn percent(&self) -> Option<u32> {
        if self.state == BackfillState::Done {
            return Some(100);
        }
        let (first, last) = (self.first_id?, self.last_id?);
        let (all, done) = (last.saturating_sub(first) + 1, (self.after_id + 1).saturating_sub(first));
        u32::try_from(u128::from(done) * 100 / u128::from(all)).ok().map(|percent| percent.min(99))
    }
}

/// What a step of a backfill did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillStep<'a> {
    /// The store's name.
    pub store: &'a str,
    /// Which of its backfills.
    pub id: i64,
    /// How far it was before.
    pub before: u64,
    /// How far it is now.
    pub after: u64,
    /// Orders looked at.
    pub seen: u64,
    /// Orders to be marked.
    pub orders: &'a [u64],
    /// How long to wait before the next step.
    pub wait: Duration,
    /// Whether this was the last step.
    pub last: bool,
}

struct BackfillRow {
    id: i64,
    store: String,
    placed_from: jiff_sqlx::Timestamp,
    placed_to: jiff_sqlx::Timestamp,
    statuses: Vec<i32>,
    orders_per_minute: i32,
    before_go_live: bool,
    state: String,
    after_id: i64,
    first_id: Option<i64>,
    last_id: Option<i64>,
    seen: i64,
    marked: i64,
    failures: i32,
    last_error: Option<String>,
    created_by: String,
    created_at: jiff_sqlx::Timestamp,
    ended_at: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<BackfillRow> for Backfill {
    type Error = StoreError;

    fn try_from(row: BackfillRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            wanted: NewBackfill {
                store: row.store,
                placed_from: row.placed_from.to_jiff(),
                placed_to: row.placed_to.to_jiff(),
                statuses: row.statuses.into_iter().map(i32::unsigned_abs).collect(),
                orders_per_minute: row.orders_per_minute.unsigned_abs(),
                before_go_live: row.before_go_live,
                created_by: row.created_by,
            },
            state: BackfillState::named(&row.state)?,
            after_id: from_database(row.after_id),
            first_id: row.first_id.map(from_database),
            last_id: row.last_id.map(from_database),
            seen: from_database(row.seen),
            marked: from_database(row.marked),
            failures: row.failures.unsigned_abs(),
            last_error: row.last_error,
            created_at: row.created_at.to_jiff(),
            ended_at: row.ended_at.map(|at| at.to_jiff()),
        })
    }
}

impl Store {
    /// Makes a backfill; it begins within seconds. Answers its number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn create_backfill(&self, new: &NewBackfill) -> Result<i64, StoreError> {
        let _around = failpoint::around(Step::CreateBackfill);
        let statuses: Vec<i32> = new.statuses.iter().map(|status| i32::try_from(*status).unwrap_or(i32::MAX)).collect();
        let row = sqlx::query!(
            "insert into backfill (store, placed_from, placed_to, statuses, orders_per_minute, before_go_live, created_by)
             values ($1, $2, $3, $4, $5, $6, $7) returning id",
            new.store,
            new.placed_from.to_sqlx() as jiff_sqlx::Timestamp,
            new.placed_to.to_sqlx() as jiff_sqlx::Timestamp,
            &statuses,
            i32::try_from(new.orders_per_minute).unwrap_or(i32::MAX),
            new.before_go_live,
            new.created_by,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.id)
    }

    /// The backfills of a store by ascending number after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn backfills(&self, store: &str, after: i64, limit: u32) -> Result<Vec<Backfill>, StoreError> {
        let rows = sqlx::query_as!(
            BackfillRow,
            "select id, store, placed_from, placed_to, statuses, orders_per_minute, before_go_live, state, after_id,
                    first_id, last_id, seen, marked, failures, last_error, created_by, created_at, ended_at
               from backfill where store = $1 and id > $2 order by id limit $3",
            store,
            after,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Backfill::try_from).collect()
    }

    /// One backfill.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn backfill(&self, store: &str, id: i64) -> Result<Option<Backfill>, StoreError> {
        let found = self.backfills(store, id.saturating_sub(1), 1).await?;
        Ok(found.into_iter().find(|backfill| backfill.id == id))
    }

    /// Pauses, resumes or cancels a backfill that is not over. Answers whether it was not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_backfill(&self, store: &str, id: i64, state: BackfillState) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::SetBackfill);
        let done = sqlx::query!(
            "update backfill set state = $3, next_at = now(), failures = 0,
                    ended_at = case when $3 = 'cancelled' then clock.now end
               from (select now()) clock
              where store = $1 and id = $2 and state in ('running', 'paused')",
            store,
            id,
            state.as_str(),
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The oldest running backfill of a store, when its next step is due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn due_backfill(&self, store: &str) -> Result<Option<Backfill>, StoreError> {
        let row = sqlx::query!(
            "select id, next_at <= now() as due from backfill where store = $1 and state = 'running' order by id limit 1",
            store
        )
        .fetch_optional(&self.pool)
        .await?;
        match row.filter(|row| row.due == Some(true)) {
            Some(row) => self.backfill(store, row.id).await,
            None => Ok(None),
        }
    }

    /// How many orders of a store are due and nobody has begun, counted up to `enough`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn waiting_orders(&self, store: &str, enough: u32) -> Result<u32, StoreError> {
        let row = sqlx::query!(
            r#"select count(*) as "count!" from (
                   select from lane where store = $1 and run_at <= now() and leased_until < now() limit $2) waiting"#,
            store,
            i64::from(enough)
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(u32::try_from(row.count).unwrap_or(enough))
    }

    /// Notes the first and the last order of a backfill's range.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_backfill_range(&self, store: &str, id: i64, first: u64, last: u64) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::NoteBackfillRange);
        sqlx::query!(
            "update backfill set first_id = $3, last_id = $4 where store = $1 and id = $2",
            store,
            id,
            to_database(first),
            to_database(last)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Marks the orders of a step as due and moves the backfill on, all at once. Answers whether it was still running and
    /// where it was thought to be; when not, nothing was changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn step_backfill(&self, step: &BackfillStep<'_>) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::StepBackfill);
        let orders: Vec<i64> = step.orders.iter().copied().map(to_database).collect();
        let mut transaction = self.pool.begin().await?;
        let moved = sqlx::query!(
            "update backfill set after_id = $4, seen = seen + $5, marked = marked + $6, failures = 0, last_error = null,
                    next_at = now() + make_interval(secs => $7),
                    state = case when $8 then 'done' else state end, ended_at = case when $8 then clock.now end
               from (select now()) clock
              where store = $1 and id = $2 and state = 'running' and after_id = $3 returning before_go_live",
            step.store,
            step.id,
            to_database(step.before),
            to_database(step.after),
            to_database(step.seen),
            to_database(orders.len() as u64),
            step.wait.as_secs_f64(),
            step.last,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(moved) = moved else { return Ok(false) };
        if moved.before_go_live {
            sqlx::query!(
                "insert into included_order (store, order_id, backfill)
                 select $1, order_id, $3 from unnest($2::bigint[]) o (order_id) on conflict do nothing",
                step.store,
                &orders,
                step.id
            )
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query!(
            "insert into lane (store, order_id) select $1, order_id from unnest($2::bigint[]) o (order_id) order by order_id
             on conflict (store, order_id) do update set version = lane.version + 1",
            step.store,
            &orders
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Notes why a running backfill could not go on, and when it is tried again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put_off_backfill(&self, store: &str, id: i64, why: &str, wait: Duration) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::PutOffBackfill);
        sqlx::query!(
            "update backfill set failures = failures + 1, last_error = $3, next_at = now() + make_interval(secs => $4)
              where store = $1 and id = $2 and state = 'running'",
            store,
            id,
            why,
            wait.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Whether somebody decided to post an order although it is from before go-live.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_included(&self, store: &str, order_id: u64) -> Result<bool, StoreError> {
        let row = sqlx::query!(
            r#"select exists (select from included_order where store = $1 and order_id = $2) as "included!""#,
            store,
            to_database(order_id)
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.included)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_goes_by_the_ids_of_the_range_and_is_whole_only_at_the_end() {
        let mut backfill = Backfill {
            id: 1,
            wanted: NewBackfill {
                store: "acme".into(),
                placed_from: Timestamp::UNIX_EPOCH,
                placed_to: Timestamp::UNIX_EPOCH,
                statuses: Vec::new(),
                orders_per_minute: 20,
                before_go_live: false,
                created_by: "anna".into(),
            },
            state: BackfillState::Running,
            after_id: 0,
            first_id: None,
            last_id: None,
            seen: 0,
            marked: 0,
            failures: 0,
            last_error: None,
            created_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
        };
        assert_eq!(backfill.percent(), None);
        (backfill.first_id, backfill.last_id) = (Some(101), Some(200));
        assert_eq!(backfill.percent(), Some(0));
        backfill.after_id = 150;
        assert_eq!(backfill.percent(), Some(50));
        backfill.after_id = 260;
        assert_eq!(backfill.percent(), Some(99), "new orders came meanwhile");
        backfill.state = BackfillState::Done;
        assert_eq!(backfill.percent(), Some(100));
    }
}
