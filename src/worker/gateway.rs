//! One company's way into Intacct: documents of many orders share requests, and all replicas share its few permits.
//!
//! Whoever wants something sent hands it in and waits. A dispatcher that has a permit takes what is queued, store by
//! store in turn, and sends it as one request: a lone document waits for nobody, a backlog travels together. Reads and
//! writes travel apart, because a repeated read must not be refused as a duplicate. How many travel together follows
//! the answers (`size`); who may send when is decided at the `door`; what it costs is written down by the `meter`.

mod dispatcher;
mod door;
mod meter;
mod pause;
mod queue;
mod reach;
mod size;
pub(super) mod verdict;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use self::dispatcher::Dispatcher;
use self::door::Door;
use self::meter::Meter;
pub use self::queue::OrderUnderWay;
use self::queue::{Job, Queue};
use crate::clock::{self, Clock};
use crate::intacct::client::Client;
use crate::intacct::functions::{Function, Query};
use crate::intacct::request::{ControlId, FunctionCall};
use crate::intacct::response::FunctionResult;
use crate::lifecycle::Shutdown;
use crate::store::Store;
use crate::store::usage::Budget;

/// How to talk to a company.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Our name for it.
    pub company: String,
    /// Requests at a time over all replicas.
    pub concurrency: u32,
    /// Functions in one request at most.
    pub batch: usize,
    /// The longest wait for an answer. A permit lasts longer, so that no request outlives it.
    pub timeout: Duration,
    /// What its API transactions may come to.
    pub budget: Budget,
}

/// For whom something is sent: what it costs is written down for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// The store.
    pub store: String,
    /// The order; `None` when it is of no single order.
    pub order: Option<u64>,
}

/// A document that is in Intacct now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its record number, or the id of an Order Entry document.
    pub record_no: String,
    /// The result as it came.
    pub answer: String,
}

/// Why a function has no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Intacct refused; nothing was posted, and sending the same again would be refused again.
    Refused {
        /// What it said.
        error: String,
        /// What to do.
        remedy: String,
        /// The result as it came.
        answer: String,
    },
    /// Intacct says it has this already: look it up.
    AlreadyRecorded {
        /// What it said.
        error: String,
        /// The result as it came.
        answer: String,
    },
    /// Certainly not executed; may be sent again.
    NotExecuted {
        /// Why.
        why: String,
        /// What the other side asked for.
        after: Option<Duration>,
        /// The result as it came, when there is one.
        answer: Option<String>,
    },
    /// Nobody knows whether it was executed.
    Unknown {
        /// What happened.
        why: String,
        /// The result as it came, when there is one.
        answer: Option<String>,
    },
}

impl Failure {
    /// Why, and what the other side asked for: for whoever can only try again later.
    pub fn into_retry(self) -> (String, Option<Duration>) {
        match self {
            Self::Refused { error, .. } | Self::AlreadyRecorded { error, .. } => (error, None),
            Self::NotExecuted { why, after, .. } => (why, after),
            Self::Unknown { why, .. } => (why, None),
        }
    }

    fn not_executed(why: impl Into<String>) -> Self {
        Self::NotExecuted { why: why.into(), after: None, answer: None }
    }
}

/// Hands functions in. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Handle>);

struct Handle {
    queue: Arc<Queue>,
    door: Arc<Door>,
    meter: Arc<Meter>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Gateway {
    /// Starts the dispatchers, one per permit, and what serves them; they end when the last clone of the answer is gone.
    pub fn start(client: Client, store: Store, options: GatewayOptions, clock: Clock, shutdown: &Shutdown) -> Self {
        let queue = Arc::new(Queue::of(&options.company));
        let door = Arc::new(Door::new(store.clone(), &options));
        let meter = Arc::new(Meter::new(store, &options, clock));
        let sizes = Arc::new(dispatcher::Sizes::new(options.batch, options.timeout));
        let client = Arc::new(client);
        let dispatchers = tokio_util::task::TaskTracker::new();
        for _ in 0..options.concurrency {
            let dispatcher = Dispatcher {
                client: client.clone(),
                queue: queue.clone(),
                door: door.clone(),
                meter: meter.clone(),
                sizes: sizes.clone(),
                timeout: options.timeout,
                company: options.company.clone(),
            };
            shutdown.spawn("gateway dispatcher", dispatchers.track_future(dispatcher.run()));
        }
        dispatchers.close();
        let (keeper, ended) = (door.clone(), dispatchers.clone());
        shutdown.spawn("gateway permits", async move { keeper.keep_until(ended.wait()).await });
        let counter = meter.clone();
        shutdown.spawn("API meter", async move { counter.write_until(dispatchers.wait()).await });
        Self(Arc::new(Handle { queue, door, meter }))
    }

    /// How much longer the company rests, as far as this process knows; `None` when orders of it may be begun. Nothing
    /// is left of it while only this process rests, because it alone has no answers, or lets others try first. After a
    /// pause one request at a time shows whether the company is better; the others wait for it.
    pub fn rest(&self) -> Option<Duration> {
        self.0.door.rest()
    }

    /// Whether new orders of stores that allow it are to be summed up by day, because the month's forecast of API
    /// transactions is over the company's budget.
    pub fn over_budget(&self) -> bool {
        self.0.meter.over_budget()
    }

    /// Says that an order of a store is worked on until the answer is dropped: a request that is not full waits a moment
    /// for orders that are still on their way here.
    pub fn begin_order(&self, store: &str, order: u64) -> OrderUnderWay {
        self.0.queue.begin_order(Cause { store: store.to_owned(), order: Some(order) })
    }

    /// Sends a function that writes, under its deterministic control id.
    ///
    /// # Errors
    /// [`Failure`], which says whether it may have been executed.
    pub async fn write(&self, cause: Cause, control_id: &str, function: Function) -> Result<Sent, Failure> {
        let result = self.send(cause, control_id, function).await?;
        verdict::sent(result)
    }

    /// Sends functions that write in one operation that is all or nothing (Intacct docs, web services requests, operation
    /// with `transaction`). Answers one result for each, in their order: all sent; or all refused, each with the reason
    /// of the one that was; or nothing known of any. It travels in a request of its own, because an answer has room for
    /// one operation only (Intacct docs, web services responses).
    pub async fn write_together(&self, cause: Cause, functions: Vec<(String, Function)>) -> Vec<Result<Sent, Failure>> {
        let count = functions.len();
        let calls = functions.into_iter().map(|(id, function)| call(&id, function)).collect::<Result<Vec<_>, _>>();
        let results = match calls {
            Ok(calls) => self.hand_in(cause, calls, true).await,
            Err(failure) => vec![Err(failure); count],
        };
        verdict::all_or_nothing(results)
    }

    /// Reads records.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn read(&self, cause: Cause, query: Query) -> Result<FunctionResult, Failure> {
        // Reads are sent without the check for repeats; a random id only tells them apart within a request.
        let id = format!("read-{}", clock::random_id());
        self.send(cause, &id, Function::Query(query)).await
    }

    /// Counts a document whose answer was lost and that a look-up has found: it was executed, and is billed.
    pub fn count_found(&self, cause: Cause, function: &str) {
        self.0.meter.count(cause, function);
    }

    async fn send(&self, cause: Cause, control_id: &str, function: Function) -> Result<FunctionResult, Failure> {
        let results = self.hand_in(cause, vec![call(control_id, function)?], false).await;
        results.into_iter().next().unwrap_or_else(|| Err(stopped()))
    }

    async fn hand_in(
        &self,
        cause: Cause,
        calls: Vec<FunctionCall>,
        together: bool,
    ) -> Vec<Result<FunctionResult, Failure>> {
        let (count, (answer, results)) = (calls.len(), oneshot::channel());
        if !self.0.queue.push(Job { cause, since: Instant::now(), calls, together, answer }) {
            return vec![Err(Failure::not_executed("the program is stopping")); count];
        }
        // A dispatcher that ended in the middle may have sent it.
        results.await.unwrap_or_else(|_| vec![Err(stopped()); count])
    }
}

fn call(control_id: &str, function: Function) -> Result<FunctionCall, Failure> {
    let control_id = ControlId::new(control_id).map_err(|error| Failure::not_executed(error.to_string()))?;
    Ok(FunctionCall { control_id, function })
}

fn stopped() -> Failure {
    Failure::Unknown { why: "the program stopped meanwhile".to_owned(), answer: None }
}
