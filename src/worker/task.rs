//! A task that only one replica does at a time: it looks whether there is work, takes the lease, works, gives it back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::connection::StoreConnection;
use super::fence::{keep_extending, while_ours};
use super::run::WorkerOptions;
use crate::clock;
use crate::lifecycle::Shutdown;
use crate::store::{Store, StoreError};

/// A look costs a query, so there is one for so many looks for orders.
const LOOK_EVERY: u32 = 5;

/// What such a task does.
pub trait Work: Sync {
    /// Whether there is anything to do.
    ///
    /// # Errors
    /// Those of the store.
    fn is_due(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Does it. Called by one replica at a time; may be dropped in the middle when the lease is lost.
    ///
    /// # Errors
    /// Those of the store: then it is tried again.
    fn work(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// When and under which lease it is done.
pub struct Task {
    /// The store of record, where the lease is.
    pub store: Store,
    /// What the lease is called.
    pub name: String,
    /// How long the lease lasts without being extended.
    pub lease: Duration,
    /// About how long to wait between two looks.
    pub pause: Duration,
}

impl Task {
    /// Starts such a task for each store, called `prefix/store`, all end with `shutdown`.
    pub fn start_for_each<W: Work + Send + 'static>(
        prefix: &'static str,
        store: &Store,
        options: &WorkerOptions,
        connections: &BTreeMap<String, Arc<StoreConnection>>,
        shutdown: &Shutdown,
        work: impl Fn(Arc<StoreConnection>) -> W,
    ) {
        for connection in connections.values() {
            let task = Self {
                store: store.clone(),
                name: format!("{prefix}/{}", connection.name),
                lease: options.lease,
                pause: options.poll * LOOK_EVERY,
            };
            shutdown.spawn(prefix, task.run(work(connection.clone()), shutdown.clone()));
        }
    }

    /// Looks and works until the soft shutdown; what is under way then goes on until the hard one.
    pub async fn run(self, work: impl Work, shutdown: Shutdown) {
        let soft = shutdown.soft();
        while !soft.is_cancelled() {
            tokio::select! {
                attended = self.attend(&work) => if let Err(error) = attended {
                    tracing::error!(%error, task = self.name, "a task could not be attended to; trying again");
                },
                () = shutdown.hard().cancelled_owned() => return,
            }
            // A little chance keeps replicas from asking all at the same moment.
            let pause = self.pause.mul_f64(0.9 + 0.2 * clock::jitter());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = soft.cancelled() => {}
            }
        }
    }

    /// Does what there is to do, when no other replica does it.
    ///
    /// # Errors
    /// Those of the store, and a lease that was lost.
    pub async fn attend(&self, work: &impl Work) -> Result<(), StoreError> {
        if !work.is_due().await? {
            return Ok(());
        }
        let (token, until) = (clock::random_id(), Mutex::new(Instant::now() + self.lease));
        if !self.store.take_lease(&self.name, token, self.lease).await? {
            return Ok(());
        }
        let known = || Some(*until.lock().unwrap_or_else(PoisonError::into_inner));
        let done = tokio::select! {
            // What was being sent is found as `sending` and looked up by whoever has the lease now.
            done = while_ours(known, work.work()) => done.unwrap_or_else(|| Err(self.lost())),
            () = self.keep_lease(token, &until) => Err(self.lost()),
        };
        self.store.free_lease(&self.name, token).await?;
        done
    }

    fn lost(&self) -> StoreError {
        StoreError::Lost(format!("the lease on {}", self.name))
    }

    /// Extends the lease and says until when it lasts; ends when another has it.
    async fn keep_lease(&self, token: Uuid, until: &Mutex<Instant>) {
        keep_extending(self.lease, &self.name, || async {
            let asked = Instant::now();
            let ours = self.store.take_lease(&self.name, token, self.lease).await?;
            if ours {
                *until.lock().unwrap_or_else(PoisonError::into_inner) = asked + self.lease;
            }
            Ok(ours)
        })
        .await;
    }
}
