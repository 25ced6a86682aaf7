//! Sends: one request at a time for each permit, as many functions in it as the answers so far advise.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::door::{Closed, Door, Pass};
use super::meter::Meter;
use super::queue::{Job, Kind, Queue};
use super::size::BatchSize;
use super::{Failure, verdict};
use crate::intacct::client::{CallError, Client};
use crate::intacct::request::FunctionCall;
use crate::intacct::response::FunctionResult;
use crate::telemetry::{
    INTACCT_FUNCTIONS_PER_REQUEST, INTACCT_PERMIT_WAIT_SECONDS, INTACCT_REQUESTS_UNDER_WAY, Present,
};

/// How long a dispatcher rests after a request without an answer.
const REST_AFTER_FAILURE: Duration = Duration::from_millis(500);
/// An answer within this share of the longest wait is soon: then requests grow.
const SOON: u32 = 4;
/// A request that is not full waits this share of a usual answer for orders on their way, within limits.
const PATIENCE: u32 = 16;
const SHORTEST_PATIENCE: Duration = Duration::from_millis(2);
const LONGEST_PATIENCE: Duration = Duration::from_millis(40);

type Verdict = Result<FunctionResult, Failure>;

/// How large requests are, and how long they take: shared by a company's dispatchers.
pub(super) struct Sizes {
    reads: Mutex<BatchSize>,
    writes: Mutex<BatchSize>,
    /// How long an answer usually takes.
    usual: Mutex<Duration>,
}

impl Sizes {
    pub fn new(most: usize, timeout: Duration) -> Self {
        let size = || Mutex::new(BatchSize::new(most, timeout / SOON));
        Self { reads: size(), writes: size(), usual: Mutex::default() }
    }

    fn with<T>(&self, kind: Kind, change: impl FnOnce(&mut BatchSize) -> T) -> T {
        let size = match kind {
            Kind::Read => &self.reads,
            Kind::Write => &self.writes,
        };
        change(&mut size.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self, kind: Kind) -> usize {
        self.with(kind, |size| size.now())
    }

    fn answered(&self, kind: Kind, sent: usize, took: Duration) {
        self.with(kind, |size| size.answered(sent, took));
        let mut usual = self.usual.lock().unwrap_or_else(PoisonError::into_inner);
        *usual = if usual.is_zero() { took } else { (*usual * 7 + took) / 8 };
    }

    fn failed(&self, kind: Kind, sent: usize) {
        self.with(kind, |size| size.failed(sent));
    }

    fn patience(&self) -> Duration {
        let usual = *self.usual.lock().unwrap_or_else(PoisonError::into_inner);
        (usual / PATIENCE).clamp(SHORTEST_PATIENCE, LONGEST_PATIENCE)
    }
}

/// Sends for a company; there is one for each permit.
pub(super) struct Dispatcher {
    pub client: Arc<Client>,
    pub queue: Arc<Queue>,
    pub door: Arc<Door>,
    pub meter: Arc<Meter>,
    pub sizes: Arc<Sizes>,
    pub timeout: Duration,
    pub company: String,
}

impl Dispatcher {
    /// Works until the queue is closed and empty.
    pub async fn run(self) {
        while self.queue.wait().await {
            let pass = match self.door.enter().await {
                Ok(pass) => pass,
                Err(closed) => {
                    self.turn_away(&closed);
                    continue;
                }
            };
            let size = |kind| if pass.is_to_show() { 1 } else { self.sizes.now(kind) };
            match self.queue.take(size, self.sizes.patience()).await {
                Some((kind, jobs)) => self.send(pass, kind, jobs).await,
                None => self.door.give_up_probe(&pass).await,
            }
        }
    }

    /// Nothing can be sent now: whoever waits comes back later.
    fn turn_away(&self, closed: &Closed) {
        for job in self.queue.take_all() {
            let (why, after) = (closed.why.clone(), Some(closed.after));
            let failure = Failure::NotExecuted { why, after, answer: None };
            let results = vec![Err(failure); job.calls.len()];
            self.queue.answer(job, results);
        }
    }

    async fn send(&self, pass: Pass, kind: Kind, mut jobs: Vec<Job>) {
        let together = jobs.first().is_some_and(|job| job.together);
        let sizes: Vec<usize> = jobs.iter().map(|job| job.calls.len()).collect();
        let calls: Vec<FunctionCall> = jobs.iter_mut().flat_map(|job| std::mem::take(&mut job.calls)).collect();
        let waited = metrics::histogram!(INTACCT_PERMIT_WAIT_SECONDS, "company" => self.company.clone());
        jobs.iter().for_each(|job| waited.record(job.since.elapsed()));
        let under_way =
            Present::in_gauge(metrics::gauge!(INTACCT_REQUESTS_UNDER_WAY, "company" => self.company.clone()));
        let request = Request { dispatcher: self, kind, together };
        let (results, trouble) = match pass.guard(request.send(&calls)).await {
            Some(sent) => sent,
            None => lapsed(&calls),
        };
        drop(under_way);
        self.door.note(&pass, trouble.as_ref()).await;
        drop(pass);
        let mut results = calls.iter().zip(results);
        for (job, size) in jobs.into_iter().zip(sizes) {
            let of_job: Vec<Verdict> = results
                .by_ref()
                .take(size)
                .map(|(call, verdict)| {
                    if is_billed(call, &verdict) {
                        self.meter.count(job.cause.clone(), call.function.label());
                    }
                    verdict
                })
                .collect();
            self.queue.answer(job, of_job);
        }
        if trouble.is_some() {
            sleep(REST_AFTER_FAILURE.min(self.timeout)).await;
        }
    }
}

/// What Intacct bills: each record written and each call that reads (Intacct docs, transaction volume). A write that was
/// refused or rolled back has made no record. A read without an answer may have been executed: rather one too many. A
/// write without an answer is counted when it is found.
fn is_billed(call: &FunctionCall, verdict: &Verdict) -> bool {
    match verdict {
        Ok(_) => true,
        Err(Failure::NotExecuted { answer, .. }) => !call.function.is_write() && answer.is_some(),
        Err(_) => !call.function.is_write(),
    }
}

fn lapsed(calls: &[FunctionCall]) -> (Vec<Verdict>, Option<CallError>) {
    let reason = "the permit ran out before the answer came: this process was stopped or cut off from its database";
    let error = CallError::Unknown { reason: reason.to_owned(), answer: None };
    (calls.iter().map(|_| Err(verdict::whole(&error))).collect(), Some(error))
}

/// One request of a dispatcher, or the parts it has to be sent in.
struct Request<'a> {
    dispatcher: &'a Dispatcher,
    kind: Kind,
    together: bool,
}

impl Request<'_> {
    /// Sends. A request that Intacct refuses before looking at any function may have been spoilt by one of them, or be too
    /// large: nothing was executed, so it is sent in halves. Answers also the error when the request failed as a whole.
    async fn send(&self, calls: &[FunctionCall]) -> (Vec<Verdict>, Option<CallError>) {
        let Dispatcher { client, sizes, company, .. } = self.dispatcher;
        let started = Instant::now();
        let answer = if self.together { client.call_together(calls).await } else { client.call(calls).await };
        metrics::histogram!(INTACCT_FUNCTIONS_PER_REQUEST, "company" => company.clone()).record(calls.len() as f64);
        match answer {
            Ok(outcomes) => {
                sizes.answered(self.kind, calls.len(), started.elapsed());
                let together = self.together;
                let verdicts = if together {
                    verdict::together(outcomes)
                } else {
                    outcomes.into_iter().map(verdict::one).collect()
                };
                (verdicts, None)
            }
            Err(error @ (CallError::Rejected(_) | CallError::Invalid(_) | CallError::TooLarge(_)))
                if calls.len() > 1 && !self.together =>
            {
                if matches!(error, CallError::TooLarge(_)) {
                    sizes.failed(self.kind, calls.len());
                }
                let (first, second) = calls.split_at(calls.len() / 2);
                let (mut verdicts, trouble) = Box::pin(self.send(first)).await;
                let (more, later_trouble) = Box::pin(self.send(second)).await;
                verdicts.extend(more);
                (verdicts, later_trouble.or(trouble))
            }
            Err(error) => {
                if matches!(error, CallError::Unknown { .. }) {
                    sizes.failed(self.kind, calls.len());
                }
                tracing::warn!(%company, %error, "a request to Intacct failed as a whole");
                (calls.iter().map(|_| Err(verdict::whole(&error))).collect(), Some(error))
            }
        }
    }
}
