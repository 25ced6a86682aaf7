//! Dry runs as jobs: asked for, worked on slice by slice, ended; each slice with its count in one transaction.

mod read;
mod save;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::order_search::OrderFilter;
use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

pub use self::read::{DryEffect, DryLine, DryMissing, FoundDifference, FoundHold};
pub use self::save::{DryDifference, DryHold, DryJournalLine, DryOrder, DrySlice, KeptEvidence, PlaceDifference};

/// Where a dry run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRunState {
    /// Asked for.
    Queued,
    /// Being worked on.
    Running,
    /// All orders are derived.
    Done,
    /// Stopped by somebody; what was derived before stays.
    Cancelled,
    /// It cannot go on; `error` says why.
    Failed,
}

impl DryRunState {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str, id: i64) -> Result<Self, StoreError> {
        let all = [Self::Queued, Self::Running, Self::Done, Self::Cancelled, Self::Failed];
        all.into_iter().find(|state| state.as_str() == text).ok_or_else(|| StoreError::Corrupt {
            what: format!("dry_run.state of {id}"),
            why: format!("'{text}' is no state"),
        })
    }
}

/// What a dry run is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDryRun {
    /// Which orders.
    pub selection: OrderFilter,
    /// The rules.
    pub rules: DryRules,
    /// What for.
    pub note: String,
    /// Who asks.
    pub created_by: String,
}

/// The rules of a dry run.
#[derive(Debug, Clone, PartialEq)]
pub enum DryRules {
    /// Those of a revision.
    Revision(i64),
    /// Proposed ones: a list of rules as the accounting room reads them.
    Proposed(serde_json::Value),
}

/// A dry run.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// The store's name.
    pub store: String,
    /// Its number; rises over all stores.
    pub id: i64,
    /// What was asked for.
    pub asked: NewDryRun,
    /// Where it is.
    pub state: DryRunState,
    /// When it was asked for (UTC).
    pub created_at: Timestamp,
    /// When work on it began (UTC).
    pub started_at: Option<Timestamp>,
    /// When it was done, cancelled or given up (UTC).
    pub ended_at: Option<Timestamp>,
    /// Orders up to this one were looked at by the selection.
    pub selected_through: u64,
    /// Whether the selection is complete.
    pub selected: bool,
    /// Orders selected (so far).
    pub orders_total: u64,
    /// Orders derived.
    pub orders_done: u64,
    /// Why it failed.
    pub error: Option<String>,
}

struct Row {
    store: String,
    id: i64,
    state: String,
    selection: serde_json::Value,
    revision: Option<i64>,
    rules: Option<serde_json::Value>,
    note: String,
    created_by: String,
    created_at: jiff_sqlx::Timestamp,
    started_at: Option<jiff_sqlx::Timestamp>,
    ended_at: Option<jiff_sqlx::Timestamp>,
    selected_through: i64,
    selected: bool,
    orders_total: i64,
    orders_done: i64,
    error: Option<String>,
}

impl TryFrom<Row> for DryRun {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt =
            |what: &str, why: String| StoreError::Corrupt { what: format!("dry_run.{what} of {}", row.id), why };
        let selection =
            serde_json::from_value(row.selection).map_err(|error| corrupt("selection", error.to_string()))?;
        let rules = match (row.revision, row.rules) {
            (Some(revision), _) => DryRules::Revision(revision),
            (None, Some(rules)) => DryRules::Proposed(rules),
            (None, None) => return Err(corrupt("rules", "there are none".to_owned())),
        };
        Ok(Self {
            state: DryRunState::parse(&row.state, row.id)?,
            asked: NewDryRun { selection, rules, note: row.note, created_by: row.created_by },
            store: row.store,
            id: row.id,
            created_at: row.created_at.to_jiff(),
            started_at: row.started_at.map(|at| at.to_jiff()),
            ended_at: row.ended_at.map(|at| at.to_jiff()),
            selected_through: from_database(row.selected_through),
            selected: row.selected,
            orders_total: row.orders_total.unsigned_abs(),
            orders_done: row.orders_done.unsigned_abs(),
            error: row.error,
        })
    }
}

impl Store {
    /// Keeps a dry run to be worked on; answers its number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn create_dry_run(&self, store: &str, new: &NewDryRun) -> Result<i64, StoreError> {
        let _around = failpoint::around(Step::CreateDryRun);
        let selection = serde_json::to_value(&new.selection).unwrap_or_default();
        let (revision, rules) = match &new.rules {
            DryRules::Revision(revision) => (Some(*revision), None),
            DryRules::Proposed(rules) => (None, Some(rules)),
        };
        let row = sqlx::query!(
            "insert into dry_run (store, selection, revision, rules, note, created_by)
             values ($1, $2, $3, $4, $5, $6) returning id",
            store,
            selection,
            revision,
            rules,
            new.note,
            new.created_by
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.id)
    }

    /// Dry runs of a store, newest first, before number `before`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn dry_runs(&self, store: &str, before: i64, limit: u32) -> Result<Vec<DryRun>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            "select store, id, state, selection, revision, rules, note, created_by, created_at, started_at, ended_at,
                    selected_through, selected, orders_total, orders_done, error
               from dry_run where store = $1 and id < $2 and removed_at is null order by id desc limit $3",
            store,
            before,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(DryRun::try_from).collect()
    }

    /// One dry run.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn dry_run(&self, store: &str, id: i64) -> Result<Option<DryRun>, StoreError> {
        let found = self.dry_runs(store, id.saturating_add(1), 1).await?;
        Ok(found.into_iter().find(|run| run.id == id))
    }

    /// How many orders of a run came to what.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn dry_outcomes(&self, store: &str, id: i64) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows = sqlx::query!(
            r#"select outcome as "outcome!", count(*) as "orders!" from dry_run_order
                where store = $1 and run = $2 and outcome is not null group by outcome"#,
            store,
            id
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.outcome, row.orders.unsigned_abs())).collect())
    }

    /// Whether a dry run of the store is to be worked on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_open_dry_run(&self, store: &str) -> Result<bool, StoreError> {
        let row = sqlx::query!(
            r#"select exists (select from dry_run where store = $1 and state in ('queued', 'running')) as "open!""#,
            store
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.open)
    }

    /// Begins the oldest dry run of a store that is queued, or goes on with the one that was begun.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn begin_dry_run(&self, store: &str) -> Result<Option<DryRun>, StoreError> {
        let _around = failpoint::around(Step::BeginDryRun);
        let row = sqlx::query_as!(
            Row,
            "update dry_run set state = 'running', started_at = coalesce(started_at, clock.now)
               from (select now()) clock
              where store = $1 and state in ('queued', 'running')
                and id = (select min(id) from dry_run where store = $1 and state in ('queued', 'running'))
             returning store, id, state, selection, revision, rules, note, created_by, created_at, started_at, ended_at,
                       selected_through, selected, orders_total, orders_done, error",
            store
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(DryRun::try_from).transpose()
    }

    /// Takes the orders of a page of the selection into a run; `last` says that there are no more. Answers whether the run
    /// goes on: it does not when it was cancelled, or when somebody else took that page.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then none was taken.
    pub async fn select_for_dry_run(&self, run: &DryRun, order_ids: &[u64], last: bool) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::SelectForDryRun);
        let ids: Vec<i64> = order_ids.iter().copied().map(to_database).collect();
        let mut transaction = self.pool.begin().await?;
        let moved = sqlx::query!(
            "update dry_run set selected_through = coalesce($4, selected_through), selected = $5,
                    orders_total = orders_total + $6
              where store = $1 and id = $2 and selected_through = $3 and state = 'running' and not selected",
            run.store,
            run.id,
            to_database(run.selected_through),
            ids.last(),
            last,
            i64::try_from(ids.len()).unwrap_or(i64::MAX)
        )
        .execute(&mut *transaction)
        .await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "insert into dry_run_order (store, run, order_id) select $1, $2, id from unnest($3::bigint[]) id",
            run.store,
            run.id,
            &ids
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Ends a run that is being worked on: done, or failed with the reason.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_dry_run(&self, store: &str, id: i64, error: Option<&str>) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::EndDryRun);
        sqlx::query!(
            "update dry_run set state = case when $3::text is null then 'done' else 'failed' end, error = $3,
                    ended_at = now()
              where store = $1 and id = $2 and state = 'running'",
            store,
            id,
            error
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Cancels a run that is not over; answers whether it was not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn cancel_dry_run(&self, store: &str, id: i64) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::CancelDryRun);
        let done = sqlx::query!(
            "update dry_run set state = 'cancelled', ended_at = now()
              where store = $1 and id = $2 and state in ('queued', 'running')",
            store,
            id
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes runs of a store that are over and not among its newest `keep` off the list. Their rows are removed by
    /// [`Store::remove_dry_runs`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn drop_old_dry_runs(&self, store: &str, keep: u32) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::DropDryRuns);
        sqlx::query!(
            "update dry_run set removed_at = now()
              where store = $1 and removed_at is null and state not in ('queued', 'running')
                and id < (select min(id) from (select id from dry_run where store = $1 and removed_at is null
                                                order by id desc limit $2) kept)",
            store,
            i64::from(keep)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
