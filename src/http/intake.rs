//! Where handlers hand in deliveries: those that wait at the same moment are kept in one commit.

use std::time::Duration;

use crate::group_commit::{GroupCommit, GroupCommitOptions, NotWritten};
use crate::lifecycle::Shutdown;
use crate::store::Store;
use crate::store::inbox::NewDelivery;
use crate::store::lane::WakeUp;

/// Writers at the same time; a third gains nothing on two cores.
const WRITERS: usize = 2;
/// Deliveries in one statement at most.
const BATCH_MAX: usize = 128;

/// Why a delivery was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// Too many are waiting already.
    Full,
    /// The database did not take it.
    DatabaseDown,
}

/// Where handlers hand in deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Intake(GroupCommit<NewDelivery, bool>);

impl Intake {
    /// Starts the writers. They end when the last clone of the answer is gone and everything queued is kept.
    pub fn start(store: Store, wake: WakeUp, shutdown: &Shutdown, waiting_max: usize, debounce: Duration) -> Self {
        let options = GroupCommitOptions { writers: WRITERS, batch_max: BATCH_MAX, waiting_max };
        Self(GroupCommit::start(shutdown, "delivery writer", options, move |deliveries| {
            let (store, wake) = (store.clone(), wake.clone());
            async move { keep_all(&store, &wake, &deliveries, debounce).await }
        }))
    }

    /// Keeps a delivery: returns only after it is committed.
    ///
    /// # Errors
    /// [`NotKept`]: the sender must try again.
    pub async fn keep(&self, delivery: NewDelivery) -> Result<(), NotKept> {
        match self.0.hand_in(delivery).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(NotWritten::Ended) => Err(NotKept::DatabaseDown),
            Err(NotWritten::Full) => Err(NotKept::Full),
        }
    }
}

async fn keep_all(store: &Store, wake: &WakeUp, deliveries: &[NewDelivery], debounce: Duration) -> Vec<bool> {
    let kept = store.record_deliveries(deliveries, debounce).await;
    match &kept {
        // Counted from after the commit, so that the look is not too early by the database's clock.
        Ok(kept) if kept.marked > 0 => wake.wake_after(debounce),
        Ok(_) => {}
        Err(error) => {
            tracing::error!(%error, deliveries = deliveries.len(), "deliveries could not be kept; the senders will repeat them");
        }
    }
    vec![kept.is_ok(); deliveries.len()]
}
