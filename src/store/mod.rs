//! Everything that touches Postgres, one file per table family; row types private, domain types out.

pub mod attempt;
pub mod audit;
pub mod backfill;
pub mod by_hand;
pub mod customer;
pub mod customer_card;
pub mod distribution;
pub mod document;
pub mod document_search;
pub mod dry_run;
pub mod exclusion;
pub mod gateway;
pub mod go_live;
pub mod hold;
pub mod hooks;
pub mod inbox;
pub mod kept_answer;
pub mod lane;
pub mod lease;
pub mod ledger_event;
pub mod master_data;
pub mod missing_rule;
pub mod open_hold;
pub mod order;
pub mod order_history;
pub mod order_search;
mod pool;
pub mod replay;
pub mod retention;
pub mod rule_proposal;
pub mod rulebook;
pub mod schedule;
pub mod summary;
pub mod token;
pub mod usage;
mod wake;
pub mod way;

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use self::pool::Pool;

/// Why the store of record could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres did not answer or refused. Worth trying again.
    #[error("the database did not answer: {0}. Check that Postgres is up and the connection settings are right")]
    Unavailable(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// An update touched another number of rows than it must: somebody else holds the row now.
    #[error("{0} is no longer ours: another worker took it over; its result stands")]
    Lost(String),
    /// A stored value cannot be read back.
    #[error("{what} in the database cannot be read: {why}. It was written by another version or by hand")]
    Corrupt {
        /// Table, column and key.
        what: String,
        /// What is wrong.
        why: String,
    },
}

impl StoreError {
    /// Whether a value was at fault and neither the database nor the statement: a character that no text may have, or a moment
    /// that is none or out of range (of Postgres' class 22, data exceptions).
    pub fn is_bad_value(&self) -> bool {
        let Self::Unavailable(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| ["22021", "22P05", "22P02", "22007", "22008"].contains(&code.as_ref()))
    }
}

/// A handle on the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Pool,
}

impl Store {
    /// Connects, with at most `connections` connections.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection could be made within ten seconds.
    pub async fn connect(options: PgConnectOptions, connections: u32) -> Result<Self, StoreError> {
        Ok(Self { pool: Pool::connect(options, connections).await? })
    }

    /// Wraps a pool that exists already.
    pub fn from_pool(pool: PgPool) -> Self {
        Self { pool: Pool::of(pool) }
    }

    /// The same database for a caller who cannot wait long: no answer to a statement within `deadline` is an error.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { pool: self.pool.with_deadline(deadline) }
    }

    /// Brings the schema up to date. Safe to call from many processes at once.
    ///
    /// # Errors
    /// [`StoreError::Migration`] when a migration fails or the database is newer than the program.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.pool.connection_without_deadline().await?;
        sqlx::migrate!("./migrations").run(&mut *connection).await?;
        Ok(())
    }

    /// Whether Postgres answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query!("select 1 as one").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Order ids are unsigned in the domain and `bigint` in Postgres.
pub(crate) fn to_database(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// The reverse of [`to_database`].
pub(crate) fn from_database(id: i64) -> u64 {
    u64::try_from(id).unwrap_or_default()
}
