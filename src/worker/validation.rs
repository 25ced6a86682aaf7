//! What is about to be posted, held against the mirror of the company's master data.
//!
//! The mirror is kept in memory and looked at for changes every few seconds, so that judging an order costs no query for it.
//! Before anything is held the newest version is looked at, and once more afterwards: a record that was activated in between
//! must not leave an order behind.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::connection::StoreConnection;
use crate::accounting::document::Document;
use crate::accounting::hold::{Hold, HoldCode};
use crate::accounting::masters::validation::{Setup, validate};
use crate::accounting::masters::{MasterData, MasterKind};
use crate::store::{Store, StoreError};

/// The mirror in memory may be so much older than the one in the database.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A record that is not there may be new in Intacct; the mirror is asked for it at most so often.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// A company's mirror in memory, shared by its stores.
pub struct Masters {
    store: Store,
    company: String,
    loaded: Mutex<Option<Loaded>>,
}

struct Loaded {
    looked_at: Instant,
    version: i64,
    data: Arc<MasterData>,
}

impl Masters {
    /// The mirror of a company; nothing is read before it is asked for.
    pub fn new(store: Store, company: String) -> Self {
        Self { store, company, loaded: Mutex::new(None) }
    }

    /// The mirror, at most so old, and its version.
    async fn at_most(&self, age: Duration) -> Result<(i64, Arc<MasterData>), StoreError> {
        let mut loaded = self.loaded.lock().await;
        if let Some(known) = loaded.as_mut() {
            if known.looked_at.elapsed() < age {
                return Ok((known.version, known.data.clone()));
            }
            let looked_at = Instant::now();
            if self.store.master_version(&self.company).await? == known.version {
                known.looked_at = looked_at;
                return Ok((known.version, known.data.clone()));
            }
        }
        let looked_at = Instant::now();
        // The version first: what changes while the rest is read is then read again.
        let version = self.store.master_version(&self.company).await?;
        let data = Arc::new(self.store.master_data(&self.company).await?);
        *loaded = Some(Loaded { looked_at, version, data: data.clone() });
        Ok((version, data))
    }

    /// Whether the mirror is another one than that of `version`.
    async fn changed_since(&self, version: i64) -> Result<bool, StoreError> {
        Ok(self.store.master_version(&self.company).await? != version)
    }
}

/// What the look found.
pub struct Checked {
    /// Reasons not to send anything of the order.
    pub holds: Vec<Hold>,
    version: i64,
}

/// Holds the documents of an order against the mirror; in daily mode they end in journal entries.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn check(connection: &StoreConnection, documents: &[Document], daily: bool) -> Result<Checked, StoreError> {
    let policy = &connection.policy;
    let setup = Setup {
        receivable_account: &policy.receivable_account,
        journal: &policy.journal,
        application_account: &connection.application_account,
        entity: connection.entity.as_deref(),
        daily,
    };
    let (mut version, data) = connection.masters.at_most(LOOK_EVERY).await?;
    let mut holds = validate(documents, setup, &data);
    if !holds.is_empty() {
        let (newest, data) = connection.masters.at_most(Duration::ZERO).await?;
        version = newest;
        holds = validate(documents, setup, &data);
    }
    Ok(Checked { holds, version })
}

/// After the holds of an order were stored: when the mirror changed meanwhile the order is due again, else nobody would
/// notice.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn watch(
    store: &Store,
    connection: &StoreConnection,
    order_id: u64,
    checked: &Checked,
) -> Result<(), StoreError> {
    if is_stale(connection, checked).await? {
        return store.mark_due(&connection.name, order_id).await;
    }
    ask(store, connection, checked).await
}

/// Whether something is held by a mirror that is another one by now.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn is_stale(connection: &StoreConnection, checked: &Checked) -> Result<bool, StoreError> {
    Ok(!checked.holds.is_empty() && connection.masters.changed_since(checked.version).await?)
}

/// Asks for what the mirror does not have to be read soon: it may be new in Intacct.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn ask(store: &Store, connection: &StoreConnection, checked: &Checked) -> Result<(), StoreError> {
    let missing = checked.holds.iter().filter(|hold| hold.code == HoldCode::NotInIntacct);
    let kinds: Vec<MasterKind> = missing.filter_map(|hold| MasterKind::of_subject(&hold.subject)).collect();
    if kinds.is_empty() {
        return Ok(());
    }
    store.want_masters(&connection.company, Some(&kinds), ASK_AGAIN).await
}
