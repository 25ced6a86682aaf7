//! Keeps the mirror of a company's master data fresh: at start, on a schedule, by one replica at a time.
//!
//! Every page is one read through the company's gateway, counted as the API transaction it is. What a company does not offer
//! (no projects, an unknown field) is recorded with the reason and stops nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::gateway::{Cause, Failure, Gateway};
use super::task::{Task, Work};
use crate::accounting::masters::{MasterKind, named};
use crate::accounting::rulebook::Rule;
use crate::intacct::masters::{self, Question};
use crate::lifecycle::Shutdown;
use crate::store::lane::WakeUp;
use crate::store::master_data::{Page, Reading};
use crate::store::{Store, StoreError};

/// How long the lease lasts without being extended.
const LEASE: Duration = Duration::from_secs(30);
/// What was read so short a time ago is not read again only because a process starts.
const RECENT: Duration = Duration::from_secs(5 * 60);
/// Records of these last minutes are asked for again: they may have been written while others were read.
const OVERLAP: Duration = Duration::from_secs(10 * 60);
/// The longest pause between two looks at the schedule.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// When to read.
#[derive(Debug, Clone, Copy)]
pub struct MirrorOptions {
    /// How often to read what changed.
    pub incremental: Duration,
    /// How often to read everything.
    pub full: Duration,
}

/// The mirror of one company.
pub struct Mirror {
    store: Store,
    gateway: Gateway,
    company: String,
    /// The stores that post to it: their rules say which user-defined dimensions matter, their held orders go on.
    stores: Vec<String>,
    options: MirrorOptions,
    wake: WakeUp,
    /// Fields that the company was found not to have, by kind.
    without: Mutex<BTreeMap<MasterKind, BTreeSet<String>>>,
}

impl Work for Mirror {
    /// Cheap, and most often not: rules are looked at for user-defined dimensions only when there is something to read.
    async fn is_due(&self) -> Result<bool, StoreError> {
        Ok(!self.due(&MasterKind::FIXED).await?.is_empty())
    }

    async fn work(&self) -> Result<(), StoreError> {
        let mut kinds = MasterKind::FIXED.to_vec();
        kinds.extend(self.user_defined().await?);
        for (kind, full) in self.due(&kinds).await? {
            self.refresh(&kind, full).await?;
        }
        Ok(())
    }
}

/// Why a reading did not come to its end.
enum Stop {
    /// The company does not offer the kind.
    Unavailable(String),
    /// Something failed that may work later.
    Failed(String),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Mirror {
    /// The mirror of a company that these stores post to.
    pub fn new(
        store: Store,
        gateway: Gateway,
        company: String,
        stores: Vec<String>,
        options: MirrorOptions,
        wake: WakeUp,
    ) -> Self {
        Self { store, gateway, company, stores, options, wake, without: Mutex::default() }
    }

    /// Reads what is due until the soft shutdown.
    pub async fn run(self, shutdown: Shutdown) {
        if let Err(error) = self.store.want_masters(&self.company, None, RECENT).await {
            tracing::warn!(%error, "the mirror's first look waits for its schedule");
        }
        self.task().run(self, shutdown).await;
    }

    /// Reads what changed, and whole what never was, whatever the schedule says; what another process reads is waited for.
    /// For a command that a person waits for: answers whether everything was tried within `patience`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn refresh_now(&self, patience: Duration) -> Result<bool, StoreError> {
        self.store.want_masters(&self.company, None, Duration::ZERO).await?;
        let begun = Instant::now();
        let task = self.task();
        loop {
            task.attend(self).await?;
            if !self.is_due().await? {
                return Ok(true);
            }
            if begun.elapsed() > patience {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn task(&self) -> Task {
        let pause = (self.options.incremental / 4).min(LONGEST_PAUSE);
        Task { store: self.store.clone(), name: format!("mirror/{}", self.company), lease: LEASE, pause }
    }

    async fn due(&self, kinds: &[MasterKind]) -> Result<Vec<(MasterKind, bool)>, StoreError> {
        self.store.due_refreshes(&self.company, kinds, self.options.incremental, self.options.full).await
    }

    /// The user-defined dimensions that the newest rules of the company's stores name.
    async fn user_defined(&self) -> Result<BTreeSet<MasterKind>, StoreError> {
        let mut kinds = BTreeSet::new();
        for store in &self.stores {
            let Some(revision) = self.store.latest_rulebook(store).await? else { continue };
            // Rules that cannot be read are said where orders are judged.
            let rules: Vec<Rule> = serde_json::from_value(revision.rules).unwrap_or_default();
            kinds.extend(named::user_defined(&rules));
        }
        Ok(kinds)
    }

    /// Reads a kind to its end, and records how it ended.
    async fn refresh(&self, kind: &MasterKind, full: bool) -> Result<(), StoreError> {
        if full {
            // A new release or module may have brought what was missing.
            self.without.lock().await.remove(kind);
        }
        let reading = self.store.begin_reading(&self.company, kind, full, OVERLAP).await?;
        match self.read(&reading).await {
            Ok(records) => {
                tracing::debug!(company = self.company, %kind, full, records, "master data was mirrored");
                Ok(())
            }
            Err(Stop::Unavailable(why)) => {
                tracing::info!(company = self.company, %kind, why, "the company does not offer this master data");
                self.store.refuse_reading(&reading, &why, &self.stores).await
            }
            Err(Stop::Failed(why)) => {
                tracing::warn!(company = self.company, %kind, why, "master data could not be read; trying again later");
                self.store.fail_reading(&reading, &why).await
            }
            Err(Stop::Store(error)) => Err(error),
        }
    }

    async fn read(&self, reading: &Reading) -> Result<usize, Stop> {
        let dimensions = match &reading.kind {
            MasterKind::GlAccount => self.user_defined().await?.iter().filter_map(user_defined_name).collect(),
            _ => Vec::new(),
        };
        let without = self.without.lock().await.get(&reading.kind).cloned().unwrap_or_default();
        let mut question = Question { after: reading.after, since: reading.since, dimensions: &dimensions, without };
        let mut records = 0;
        loop {
            let result = match self.gateway.read(cause(), masters::query(&reading.kind, &question)).await {
                Ok(result) => result,
                Err(Failure::Refused { error, .. }) => {
                    let Some(fields) = masters::fields_to_leave_out(&reading.kind, &question, &error) else {
                        return Err(Stop::Unavailable(error));
                    };
                    question.without.extend(fields);
                    self.without.lock().await.insert(reading.kind.clone(), question.without.clone());
                    continue;
                }
                Err(failure) => return Err(Stop::Failed(failure.into_retry().0)),
            };
            let page = masters::page(&reading.kind, &result).map_err(|error| Stop::Failed(error.to_string()))?;
            question.after = page.after.max(question.after);
            let kept = Page { records: &page.records, after: question.after, last: page.last };
            if self.store.keep_page(reading, kept, &self.stores).await? {
                self.wake.wake();
            }
            records += page.records.len();
            if page.last {
                return Ok(records);
            }
        }
    }
}

fn user_defined_name(kind: &MasterKind) -> Option<String> {
    match kind {
        MasterKind::Dimension(name) => Some(name.clone()),
        _ => None,
    }
}
/// Master data is read for the company, not for one of its stores.
fn cause() -> Cause {
    Cause { store: String::new(), order: None }
}
