//! Finishes runs: those that end at the same moment are finished in one commit.

use std::sync::Arc;

use crate::group_commit::{GroupCommit, GroupCommitOptions};
use crate::lifecycle::Shutdown;
use crate::store::lane::Claimed;
use crate::store::{Store, StoreError};

/// Writers at the same time.
const WRITERS: usize = 2;
/// Runs finished in one statement at most.
const BATCH_MAX: usize = 100;

/// Why the end of a run was not recorded: the order is run again when its lease ends.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotRecorded {
    /// The database did not take it.
    #[error("{0}")]
    Store(Arc<StoreError>),
    /// Nobody writes any more.
    #[error("the program is being stopped")]
    Stopping,
}

impl From<StoreError> for NotRecorded {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// Where orders whose run has ended are handed in. Cheap to clone.
#[derive(Clone)]
pub struct Completions(GroupCommit<Claimed, Result<bool, NotRecorded>>);

impl Completions {
    /// Starts the writers, for a worker with so many orders at a time.
    pub fn start(store: &Store, shutdown: &Shutdown, concurrency: u32) -> Self {
        let options = GroupCommitOptions { writers: WRITERS, batch_max: BATCH_MAX, waiting_max: concurrency as usize };
        let store = store.clone();
        Self(GroupCommit::start(shutdown, "finishing of runs", options, move |lanes: Vec<Claimed>| {
            let store = store.clone();
            async move {
                match store.complete(&lanes).await {
                    Ok(ours) => ours.into_iter().map(Ok).collect(),
                    Err(error) => vec![Err(error.into()); lanes.len()],
                }
            }
        }))
    }

    /// Finishes a run, see [`Store::complete`]; answers whether its lane was still ours.
    ///
    /// # Errors
    /// [`NotRecorded`].
    pub async fn complete(&self, lane: &Claimed) -> Result<bool, NotRecorded> {
        // Never full: no more orders are under way than may wait.
        self.0.hand_in(lane.clone()).await.map_err(|_| NotRecorded::Stopping)?
    }
}
