//! Group commit of deliveries: whoever waits at the same moment shares one statement and one commit.
//!
//! A writer takes what is queued and never waits for more, so a lone delivery pays nothing for it and a burst costs
//! one commit for many. Two writers keep one busy with Postgres while the other collects.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};

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

struct Waiting {
    delivery: NewDelivery,
    answer: oneshot::Sender<bool>,
}

/// Where handlers hand in deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
}

impl Intake {
    /// Starts the writers. They end when the last clone of the answer is gone and everything queued is kept.
    pub fn start(store: Store, wake: WakeUp, shutdown: &Shutdown, waiting_max: usize, debounce: Duration) -> Self {
        let (queue, receiver) = mpsc::channel(waiting_max.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..WRITERS {
            let (store, wake, receiver) = (store.clone(), wake.clone(), receiver.clone());
            shutdown.spawn("delivery writer", async move { write_all(store, wake, receiver, debounce).await });
        }
        Self { queue }
    }

    /// Keeps a delivery: returns only after it is committed.
    ///
    /// # Errors
    /// [`NotKept`]: the sender must try again.
    pub async fn keep(&self, delivery: NewDelivery) -> Result<(), NotKept> {
        let (answer, kept) = oneshot::channel();
        self.queue.try_send(Waiting { delivery, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotKept::Full,
            mpsc::error::TrySendError::Closed(_) => NotKept::DatabaseDown,
        })?;
        match kept.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(NotKept::DatabaseDown),
        }
    }
}

async fn write_all(store: Store, wake: WakeUp, receiver: Arc<Mutex<mpsc::Receiver<Waiting>>>, debounce: Duration) {
    loop {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        // Held only while collecting, so that the other writer collects while this one commits.
        if receiver.lock().await.recv_many(&mut batch, BATCH_MAX).await == 0 {
            return;
        }
        let (deliveries, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.delivery, waiting.answer)).unzip();
        let kept = store.record_deliveries(&deliveries, debounce).await;
        if let Err(error) = &kept {
            tracing::error!(%error, deliveries = deliveries.len(), "deliveries could not be kept; the senders will repeat them");
        }
        for answer in answers {
            // The sender may have gone; its delivery is kept all the same.
            let _ = answer.send(kept.is_ok());
        }
        if kept.is_ok_and(|kept| kept.marked > 0) {
            // Counted from after the commit, so that the look is not too early by the database's clock.
            wake.wake_after(debounce);
        }
    }
}
