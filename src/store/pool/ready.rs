//! Connections that came well out of their last statement and are handed on to the next who asks.
//!
//! A pool of sqlx asks a connection whether it lives when it is given back: a message to and fro for each statement. Here
//! it is known how the statement ended. After a few seconds, or when nobody wants it any more, a connection goes back to
//! the pool, which closes those that are too old.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::time::{Instant, sleep};

/// So long after it was taken from the pool a connection is given back to it.
const KEPT: Duration = Duration::from_secs(5);
/// One that nobody wanted for so long is given back as well.
const IDLE: Duration = Duration::from_secs(1);

/// A connection of the pool.
#[derive(Debug)]
pub(super) struct Taken {
    pub connection: PoolConnection<Postgres>,
    /// When it was taken from the pool.
    since: Instant,
    /// When it answered last.
    pub answered: Instant,
}

impl Taken {
    /// One that the pool has just given.
    pub fn now(connection: PoolConnection<Postgres>) -> Self {
        let now = Instant::now();
        Self { connection, since: now, answered: now }
    }
}

#[derive(Debug, Default)]
struct State {
    /// The one that was used last is at the end.
    ready: Vec<Taken>,
    /// How many wait for one of the pool.
    waiting: usize,
    closed: bool,
}

/// The ready connections of a pool. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Ready(Arc<Mutex<State>>);

/// Somebody waits for a connection of the pool, until this is dropped.
pub(super) struct Waiting(Ready);

impl Ready {
    /// None yet. Must be called within a Tokio runtime, else idle ones are not given back.
    pub fn new() -> Self {
        let ready = Self::default();
        let weak = Arc::downgrade(&ready.0);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                loop {
                    sleep(IDLE / 2).await;
                    let Some(state) = weak.upgrade() else { return };
                    drop(Self(state).take_idle());
                }
            });
        }
        ready
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self) -> Vec<Taken> {
        self.state().ready.extract_if(.., |taken| taken.answered.elapsed() >= IDLE).collect()
    }

    /// A connection; or the caller counts as one who waits for the pool, so that what is given back meanwhile goes there.
    pub fn take(&self) -> Result<Taken, Waiting> {
        let mut state = self.state();
        let taken = state.ready.pop();
        state.waiting += usize::from(taken.is_none());
        drop(state);
        taken.ok_or_else(|| Waiting(self.clone()))
    }

    /// Keeps a connection for the next, or gives it back to the pool.
    pub fn give_back(&self, taken: Taken) {
        let mut state = self.state();
        if state.waiting == 0 && !state.closed && taken.since.elapsed() < KEPT {
            state.ready.push(taken);
        } else {
            drop(state);
            drop(taken);
        }
    }

    /// Gives all of them back to the pool, now and from now on.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let ready = std::mem::take(&mut state.ready);
        drop(state);
        drop(ready);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}
