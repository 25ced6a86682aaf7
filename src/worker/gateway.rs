//! One company's way into Intacct: documents of many orders share requests, and all replicas share its few permits.
//!
//! Whoever wants something sent hands it in and waits. Each dispatcher takes what is queued at that moment and sends
//! it as one request: a lone document waits for nobody, a backlog travels together. Reads and writes travel apart,
//! because a repeated read must not be refused as a duplicate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::clock;
use crate::intacct::client::{CallError, Client};
use crate::intacct::diagnosis::diagnose;
use crate::intacct::errors::{ErrorClass, Level};
use crate::intacct::functions::{Function, Query};
use crate::intacct::outcome::Outcome;
use crate::intacct::request::{ControlId, FunctionCall};
use crate::intacct::response::FunctionResult;
use crate::lifecycle::Shutdown;
use crate::store::Store;
use crate::telemetry::INTACCT_TRANSACTIONS_TOTAL;

/// Requests that may wait before handing in more has to wait too.
const QUEUE: usize = 1024;
/// Requests failing in a row after which no new orders of the company are begun for a while.
const FAILURES_TO_PAUSE: u32 = 5;
/// How long to wait for a permit before asking again.
const PERMIT_PAUSE: Duration = Duration::from_millis(50);
/// How long a dispatcher rests after a request that failed as a whole.
const REST_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// How to talk to a company.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Our name for it.
    pub company: String,
    /// Requests at a time over all replicas.
    pub concurrency: u32,
    /// Functions in one request at most.
    pub batch: usize,
    /// How long a permit lasts when it is not given back; longer than the slowest answer.
    pub slot_lease: Duration,
}

/// A document that is in Intacct now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its record number.
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
}

struct Job {
    call: FunctionCall,
    answer: oneshot::Sender<Result<FunctionResult, Failure>>,
}

/// Hands functions in. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    queue: mpsc::Sender<Job>,
    failures: Arc<AtomicU32>,
}

impl Gateway {
    /// Starts the dispatchers, one per permit; they end when the last clone of the answer is gone.
    pub fn start(client: Client, store: Store, options: GatewayOptions, shutdown: &Shutdown) -> Self {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let failures = Arc::new(AtomicU32::new(0));
        let receiver = Arc::new(Mutex::new(receiver));
        let client = Arc::new(client);
        for _ in 0..options.concurrency {
            let dispatcher = Dispatcher {
                client: client.clone(),
                store: store.clone(),
                options: options.clone(),
                receiver: receiver.clone(),
                failures: failures.clone(),
            };
            shutdown.spawn("gateway dispatcher", dispatcher.run());
        }
        Self { queue, failures }
    }

    /// Whether the company has failed so often in a row that beginning new orders would only pile up failures. One
    /// order in a while still gets through, because leases that lapse are tried whatever the pause.
    pub fn is_paused(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= FAILURES_TO_PAUSE
    }

    /// Sends a function that writes, under its deterministic control id.
    ///
    /// # Errors
    /// [`Failure`], which says whether it may have been executed.
    pub async fn write(&self, control_id: &str, function: Function) -> Result<Sent, Failure> {
        let result = self.send(control_id, function).await?;
        match result.record_number() {
            Some(number) => Ok(Sent { record_no: number.to_string(), answer: result.raw }),
            None => Err(Failure::Unknown {
                why: "Intacct reported success without a record number".to_owned(),
                answer: Some(result.raw),
            }),
        }
    }

    /// Reads records.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn read(&self, query: Query) -> Result<FunctionResult, Failure> {
        // Reads are sent without the check for repeats; a random id only tells them apart within a request.
        let id = format!("read-{}", clock::random_id());
        self.send(&id, Function::Query(query)).await
    }

    async fn send(&self, control_id: &str, function: Function) -> Result<FunctionResult, Failure> {
        let not_executed = |why: String| Failure::NotExecuted { why, after: None, answer: None };
        let control_id = ControlId::new(control_id).map_err(|error| not_executed(error.to_string()))?;
        let (answer, result) = oneshot::channel();
        let job = Job { call: FunctionCall { control_id, function }, answer };
        self.queue.send(job).await.map_err(|_| not_executed("the program is stopping".to_owned()))?;
        // A dispatcher that ended in the middle may have sent it.
        result
            .await
            .unwrap_or_else(|_| Err(Failure::Unknown { why: "the program stopped meanwhile".to_owned(), answer: None }))
    }
}

struct Dispatcher {
    client: Arc<Client>,
    store: Store,
    options: GatewayOptions,
    receiver: Arc<Mutex<mpsc::Receiver<Job>>>,
    failures: Arc<AtomicU32>,
}

impl Dispatcher {
    async fn run(self) {
        loop {
            let mut jobs = Vec::with_capacity(self.options.batch);
            if self.receiver.lock().await.recv_many(&mut jobs, self.options.batch).await == 0 {
                return;
            }
            let (writes, reads): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| job.call.function.is_write());
            for group in [reads, writes] {
                if !group.is_empty() {
                    self.send(group).await;
                }
            }
        }
    }

    async fn send(&self, jobs: Vec<Job>) {
        let token = clock::random_id();
        if let Err(why) = self.permit(token).await {
            for job in jobs {
                let _ = job.answer.send(Err(Failure::NotExecuted { why: why.clone(), after: None, answer: None }));
            }
            return;
        }
        let (calls, answers): (Vec<FunctionCall>, Vec<_>) = jobs.into_iter().map(|job| (job.call, job.answer)).unzip();
        let (results, failed) = self.call(&calls).await;
        if let Err(error) = self.store.free_slot(&self.options.company, token).await {
            tracing::warn!(%error, "a permit could not be given back; it lapses by itself");
        }
        for (answer, result) in answers.into_iter().zip(results) {
            // Whoever asked may be gone; the document is then found as `sending` and looked up.
            let _ = answer.send(result);
        }
        self.note_health(failed).await;
    }

    /// Sends one request. When Intacct refuses it before looking at any function, one document may have spoilt it for
    /// all: nothing was executed, so each is sent alone. Answers also whether the request failed as a whole.
    async fn call(&self, calls: &[FunctionCall]) -> (Vec<Result<FunctionResult, Failure>>, bool) {
        match self.client.call(calls).await {
            Ok(outcomes) => {
                self.count(calls.len()).await;
                (outcomes.into_iter().map(judge).collect(), false)
            }
            Err(CallError::Rejected(_) | CallError::Invalid(_)) if calls.len() > 1 => {
                let mut results = Vec::with_capacity(calls.len());
                for call in calls {
                    results.extend(Box::pin(self.call(std::slice::from_ref(call))).await.0);
                }
                (results, false)
            }
            Err(error) => {
                tracing::warn!(company = self.options.company, %error, "a request to Intacct failed as a whole");
                let refused = matches!(error, CallError::Rejected(_) | CallError::Invalid(_));
                (calls.iter().map(|_| Err(whole(&error))).collect(), !refused)
            }
        }
    }

    /// After failures in a row new orders of the company wait. The next request may show that it is better again, so
    /// one more failure is allowed each time.
    async fn note_health(&self, failed: bool) {
        if !failed {
            return self.failures.store(0, Ordering::Relaxed);
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::time::sleep(REST_AFTER_FAILURE).await;
        if failures >= FAILURES_TO_PAUSE {
            self.failures.store(FAILURES_TO_PAUSE - 1, Ordering::Relaxed);
        }
    }

    async fn permit(&self, token: uuid::Uuid) -> Result<(), String> {
        loop {
            let options = &self.options;
            match self.store.take_slot(&options.company, options.concurrency, options.slot_lease, token).await {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => tokio::time::sleep(PERMIT_PAUSE.mul_f64(0.5 + clock::jitter())).await,
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Counts API transactions as Intacct does: each record written, each read call.
    async fn count(&self, functions: usize) {
        let transactions = functions as u64;
        metrics::counter!(INTACCT_TRANSACTIONS_TOTAL, "company" => self.options.company.clone())
            .increment(transactions);
        if let Err(error) = self.store.count_transactions(&self.options.company, transactions).await {
            tracing::warn!(%error, "API transactions could not be counted");
        }
    }
}

/// What the failure of a whole request means for each of its functions.
fn whole(error: &CallError) -> Failure {
    let why = error.to_string();
    match error {
        CallError::Unknown { answer, .. } => Failure::Unknown { why, answer: answer.clone() },
        CallError::Rejected(diagnosis) => {
            Failure::Refused { error: diagnosis.cause.clone(), remedy: diagnosis.remedy.clone(), answer: why }
        }
        CallError::Invalid(_) => Failure::Refused {
            error: why.clone(),
            remedy: "Change the rule or setting that gives what is named here.".to_owned(),
            answer: why,
        },
        CallError::RateLimited { after, .. } => Failure::NotExecuted { why, after: *after, answer: None },
        CallError::NotSent(_) | CallError::SignIn(_) => Failure::NotExecuted { why, after: None, answer: None },
    }
}

/// What one function's outcome means for whoever sent it.
fn judge(outcome: Outcome) -> Result<FunctionResult, Failure> {
    match outcome {
        Outcome::Done(result) => Ok(result),
        Outcome::Unknown { reason, result } => {
            Err(Failure::Unknown { why: reason, answer: result.map(|result| result.raw) })
        }
        Outcome::Failed(result) => {
            let diagnosis = diagnose(Level::Function, &result.errors);
            let error = crate::intacct::errors::summary(&result.errors);
            Err(match diagnosis.class {
                ErrorClass::RetryLater | ErrorClass::SignInAgain => {
                    Failure::NotExecuted { why: error, after: None, answer: Some(result.raw) }
                }
                ErrorClass::Duplicate => Failure::AlreadyRecorded { error, answer: result.raw },
                ErrorClass::Unknown => Failure::Unknown { why: error, answer: Some(result.raw) },
                ErrorClass::BadData | ErrorClass::Configuration => {
                    Failure::Refused { error, remedy: diagnosis.remedy, answer: result.raw }
                }
            })
        }
    }
}
