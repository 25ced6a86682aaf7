//! Dry runs: sets of orders derived from what was read of them last, under any rules, without posting anything.
//!
//! One replica at a time works on the runs of a store, the oldest first. The orders are selected page by page and derived
//! slice by slice; each page and slice is kept with its count in one transaction, so a crash costs at most one of them.

mod order;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::connection::StoreConnection;
use super::judge::{Judge, JudgeError, PROPOSED, Rules};
use super::run::WorkerOptions;
use super::task::{Task, Work};
use crate::accounting::rulebook::Rulebook;
use crate::lifecycle::Shutdown;
use crate::store::dry_run::{DryRules, DryRun, DrySlice};
use crate::store::{Store, StoreError};

/// Orders selected at once.
const PAGE: u32 = 5_000;
/// Orders derived at once.
const SLICE: u32 = 200;
/// Runs kept of each store.
const KEPT: u32 = 20;

/// The dry runs of one store.
pub struct DryRuns {
    store: Store,
    connection: Arc<StoreConnection>,
    soft: CancellationToken,
}

/// Why a run does not go on.
enum Stop {
    /// It was cancelled, the program ends, or another replica has it.
    Left,
    /// It can never go on.
    Failed(String),
    /// To be tried again.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Work for DryRuns {
    async fn is_due(&self) -> Result<bool, StoreError> {
        self.store.has_open_dry_run(&self.connection.name).await
    }

    async fn work(&self) -> Result<(), StoreError> {
        while !self.soft.is_cancelled() {
            let Some(run) = self.store.begin_dry_run(&self.connection.name).await? else { break };
            let error = match self.carry_on(&run).await {
                Ok(()) => None,
                Err(Stop::Failed(why)) => Some(why),
                Err(Stop::Left) => continue,
                Err(Stop::Store(error)) => return Err(error),
            };
            self.store.end_dry_run(&run.store, run.id, error.as_deref()).await?;
        }
        // Their rows are removed with everything else that is old.
        self.store.drop_old_dry_runs(&self.connection.name, KEPT).await?;
        Ok(())
    }
}

impl DryRuns {
    /// Starts one task for each store; all end with `shutdown`.
    pub fn start(
        store: &Store,
        options: &WorkerOptions,
        connections: &BTreeMap<String, Arc<StoreConnection>>,
        shutdown: &Shutdown,
    ) {
        Task::start_for_each("dry runs", store, options, connections, shutdown, |connection| Self {
            store: store.clone(),
            connection,
            soft: shutdown.soft(),
        });
    }

    async fn carry_on(&self, run: &DryRun) -> Result<(), Stop> {
        self.select(run).await?;
        let judge = Judge::new(&self.store, &self.connection.name, &self.connection.policy);
        let rules = self.rules(&judge, run).await?;
        loop {
            let orders = self.store.next_of_dry_run(run, SLICE).await?;
            if orders.is_empty() {
                return Ok(());
            }
            let slice = self.derive(&judge, &rules, &orders).await?;
            if !self.store.save_dry_run(run, &slice).await? || self.soft.is_cancelled() {
                return Err(Stop::Left);
            }
        }
    }

    /// Takes the orders that fit into the run, from where it got to.
    async fn select(&self, run: &DryRun) -> Result<(), Stop> {
        let mut run = run.clone();
        while !run.selected {
            let found = self.store.search_orders(&run.store, &run.asked.selection, run.selected_through, PAGE).await?;
            let ids: Vec<u64> = found.iter().map(|order| order.order_id).collect();
            let last = ids.len() < PAGE as usize;
            if !self.store.select_for_dry_run(&run, &ids, last).await? || self.soft.is_cancelled() {
                return Err(Stop::Left);
            }
            run.selected = last;
            run.selected_through = ids.last().copied().unwrap_or(run.selected_through);
        }
        Ok(())
    }

    async fn rules(&self, judge: &Judge<'_>, run: &DryRun) -> Result<Rules, Stop> {
        match &run.asked.rules {
            DryRules::Revision(number) => match judge.rules_of(*number).await {
                Ok(Some(rules)) => Ok(rules),
                Ok(None) => Err(Stop::Failed(format!("there is no revision {number} of the rules"))),
                Err(JudgeError::Store(error)) => Err(Stop::Store(error)),
                Err(JudgeError::Unreadable(why)) => Err(Stop::Failed(why)),
            },
            DryRules::Proposed(rules) => {
                let rules = serde_json::from_value(rules.clone()).map_err(|error| Stop::Failed(error.to_string()))?;
                let rulebook = Rulebook::new(rules).map_err(|problems| Stop::Failed(format!("{problems:?}")))?;
                Ok(Rules { rulebook: Arc::new(rulebook), revision: PROPOSED })
            }
        }
    }

    async fn derive(&self, judge: &Judge<'_>, rules: &Rules, order_ids: &[u64]) -> Result<DrySlice, Stop> {
        let name = &self.connection.name;
        let mut evidence = self.store.newest_evidence(name, order_ids).await?;
        let mut stored = self.store.documents_of(name, order_ids).await?;
        let mut slice = DrySlice::default();
        for order_id in order_ids {
            let look = order::Look {
                store: &self.store,
                connection: &self.connection,
                judge,
                rules,
                order_id: *order_id,
                stored: stored.remove(order_id).unwrap_or_default(),
            };
            look.derive(evidence.remove(order_id), &mut slice).await?;
            // Deriving is work without a pause: orders that are to be posted come first.
            tokio::task::yield_now().await;
        }
        Ok(slice)
    }
}
