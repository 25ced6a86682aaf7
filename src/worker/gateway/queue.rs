//! What waits to be sent: store by store in turn, reads and writes apart.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::{Cause, Failure};
use crate::intacct::request::FunctionCall;
use crate::intacct::response::FunctionResult;
use crate::telemetry::{INTACCT_WAITING, ORDERS_AT_INTACCT};

/// Functions that somebody waits for the answers of.
pub(super) struct Job {
    pub cause: Cause,
    /// When it was handed in.
    pub since: Instant,
    pub calls: Vec<FunctionCall>,
    /// All or nothing, so in a request of their own.
    pub together: bool,
    pub answer: oneshot::Sender<Vec<Result<FunctionResult, Failure>>>,
}

/// Reads and writes never share a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

/// Jobs by store; stores take turns.
#[derive(Default)]
struct Turns {
    stores: BTreeMap<String, VecDeque<Job>>,
    order: VecDeque<String>,
    waiting: usize,
}

impl Turns {
    fn push(&mut self, job: Job) {
        self.waiting += 1;
        if !self.stores.contains_key(&job.cause.store) {
            self.order.push_back(job.cause.store.clone());
        }
        self.stores.entry(job.cause.store.clone()).or_default().push_back(job);
    }

    /// Up to `most` jobs, one of each store in turn; or the functions of one job that must be together, alone.
    fn take(&mut self, most: usize) -> Vec<Job> {
        let (mut taken, mut set_aside) = (Vec::new(), VecDeque::new());
        while taken.len() < most
            && let Some(store) = self.order.pop_front()
        {
            let Some(jobs) = self.stores.get_mut(&store) else { continue };
            let alone = jobs.front().is_some_and(|job| job.together);
            if alone && !taken.is_empty() {
                // Its turn comes first in the next request.
                set_aside.push_back(store);
                continue;
            }
            taken.extend(jobs.pop_front());
            if jobs.is_empty() {
                self.stores.remove(&store);
            } else {
                self.order.push_back(store);
            }
            if alone {
                break;
            }
        }
        set_aside.append(&mut self.order);
        self.order = set_aside;
        self.waiting -= taken.len();
        taken
    }
}

#[derive(Default)]
struct State {
    reads: Turns,
    writes: Turns,
    last: Option<Kind>,
    closed: bool,
    /// Orders that are worked on, with how many jobs of each wait or are being sent.
    orders: HashMap<Cause, usize>,
    /// Those of them that have none: they may be about to hand one in.
    on_their_way: usize,
}

impl State {
    fn turns(&mut self, kind: Kind) -> &mut Turns {
        match kind {
            Kind::Read => &mut self.reads,
            Kind::Write => &mut self.writes,
        }
    }

    /// The kind whose turn it is; `None` when nothing waits.
    fn next(&self) -> Option<Kind> {
        match (self.reads.waiting, self.writes.waiting) {
            (0, 0) => None,
            (_, 0) => Some(Kind::Read),
            (0, _) => Some(Kind::Write),
            _ if self.last == Some(Kind::Read) => Some(Kind::Write),
            _ => Some(Kind::Read),
        }
    }
}

/// What operators see of a queue.
struct Gauges {
    waiting: metrics::Gauge,
    orders: metrics::Gauge,
}

impl Default for Gauges {
    /// Nobody looks.
    fn default() -> Self {
        Self { waiting: metrics::Gauge::noop(), orders: metrics::Gauge::noop() }
    }
}

/// The queue of a company.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something came, or somebody left.
    changed: Notify,
    gauges: Gauges,
}

impl Queue {
    /// An empty queue of this company.
    pub fn of(company: &str) -> Self {
        let gauges = Gauges {
            waiting: metrics::gauge!(INTACCT_WAITING, "company" => company.to_owned()),
            orders: metrics::gauge!(ORDERS_AT_INTACCT, "company" => company.to_owned()),
        };
        Self { gauges, ..Self::default() }
    }

    /// Shows operators how things stand.
    fn show(&self, state: &State) {
        self.gauges.waiting.set((state.reads.waiting + state.writes.waiting) as f64);
        self.gauges.orders.set((state.orders.len() - state.on_their_way) as f64);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job in; false when no more are taken.
    pub fn push(&self, job: Job) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        if let Some(jobs) = state.orders.get_mut(&job.cause) {
            *jobs += 1;
            let first = *jobs == 1;
            state.on_their_way -= usize::from(first);
        }
        let kind = if job.calls.iter().all(|call| !call.function.is_write()) { Kind::Read } else { Kind::Write };
        state.turns(kind).push(job);
        self.show(&state);
        drop(state);
        self.changed.notify_waiters();
        true
    }

    /// Nothing more is taken in; what waits is still sent.
    pub fn close(&self) {
        self.state().closed = true;
        self.changed.notify_waiters();
    }

    /// Waits until there is something to send; false when there will never be.
    pub async fn wait(&self) -> bool {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on a change is not missed.
            changed.as_mut().enable();
            {
                let state = self.state();
                match state.next() {
                    Some(_) => return true,
                    None if state.closed => return false,
                    None => {}
                }
            }
            changed.await;
        }
    }

    /// Takes the next request's jobs. When there are fewer than `size` and orders are on their way here, it waits for
    /// them, but no longer than `patience`. A job whose asker is gone is none: the run has lost its lease, and what it
    /// wanted may be another's by now.
    pub async fn take(&self, size: impl Fn(Kind) -> usize, patience: Duration) -> Option<(Kind, Vec<Job>)> {
        let until = Instant::now() + patience;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            self.forget_abandoned();
            {
                let mut state = self.state();
                let kind = state.next()?;
                let size = size(kind);
                let full = state.turns(kind).waiting >= size;
                if full || state.on_their_way == 0 || Instant::now() >= until {
                    state.last = Some(kind);
                    let jobs = state.turns(kind).take(size);
                    self.show(&state);
                    return Some((kind, jobs));
                }
            }
            let _ = tokio::time::timeout_at(until, changed).await;
        }
    }

    /// Takes out the jobs that nobody waits for any more.
    fn forget_abandoned(&self) {
        let mut state = self.state();
        let mut abandoned = state.reads.take_abandoned();
        abandoned.extend(state.writes.take_abandoned());
        drop(state);
        for job in abandoned {
            self.answer(job, Vec::new());
        }
    }

    /// Takes everything that waits, because nothing can be sent.
    pub fn take_all(&self) -> Vec<Job> {
        let mut state = self.state();
        let mut all = state.reads.take_all();
        all.extend(state.writes.take_all());
        self.show(&state);
        all
    }

    /// Hands the answers to whoever waits for them. They may be gone; the document is then found as `sending` and looked
    /// up.
    pub fn answer(&self, job: Job, results: Vec<Result<FunctionResult, Failure>>) {
        let mut state = self.state();
        if let Some(jobs) = state.orders.get_mut(&job.cause).filter(|jobs| **jobs > 0) {
            *jobs -= 1;
            let last = *jobs == 0;
            state.on_their_way += usize::from(last);
        }
        self.show(&state);
        drop(state);
        let _ = job.answer.send(results);
    }

    /// Says that an order is worked on.
    pub fn begin_order(self: &Arc<Self>, cause: Cause) -> OrderUnderWay {
        let mut state = self.state();
        if state.orders.insert(cause.clone(), 0).is_none_or(|jobs| jobs > 0) {
            state.on_their_way += 1;
        }
        drop(state);
        OrderUnderWay { queue: self.clone(), cause }
    }

    fn end_order(&self, cause: &Cause) {
        let mut state = self.state();
        if state.orders.remove(cause) == Some(0) {
            state.on_their_way -= 1;
        }
        self.show(&state);
        drop(state);
        self.changed.notify_waiters();
    }
}

impl Turns {
    fn take_abandoned(&mut self) -> Vec<Job> {
        let mut abandoned = Vec::new();
        for jobs in self.stores.values_mut() {
            let (gone, waiting) = std::mem::take(jobs).into_iter().partition(|job| job.answer.is_closed());
            *jobs = waiting;
            abandoned.extend::<VecDeque<Job>>(gone);
        }
        self.stores.retain(|_, jobs| !jobs.is_empty());
        let stores = &self.stores;
        self.order.retain(|store| stores.contains_key(store));
        self.waiting -= abandoned.len();
        abandoned
    }

    fn take_all(&mut self) -> Vec<Job> {
        self.order.clear();
        self.waiting = 0;
        std::mem::take(&mut self.stores).into_values().flatten().collect()
    }
}

/// An order that is worked on, until this is dropped.
pub struct OrderUnderWay {
    queue: Arc<Queue>,
    cause: Cause,
}

impl Drop for OrderUnderWay {
    fn drop(&mut self) {
        self.queue.end_order(&self.cause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::{Function, Query};
    use crate::intacct::request::ControlId;

    fn job(store: &str, order: u64, together: bool) -> Job {
        let call = FunctionCall {
            control_id: ControlId::new(format!("{store}-{order}")).unwrap(),
            function: Function::Query(Query::new("CUSTOMER", &["RECORDNO"], None)),
        };
        let cause = Cause { store: store.to_owned(), order: Some(order) };
        let (answer, waiting) = oneshot::channel();
        // Somebody waits for it to the end of the test.
        std::mem::forget(waiting);
        Job { cause, since: Instant::now(), calls: vec![call], together, answer }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_sent() {
        let queue = Arc::new(Queue::default());
        let order = |order| Cause { store: "a".into(), order: Some(order) };
        let _under_way = (queue.begin_order(order(1)), queue.begin_order(order(2)));
        let (answer, waiting) = oneshot::channel();
        queue.push(Job { answer, ..job("a", 1, false) });
        queue.push(job("a", 2, false));
        queue.push(job("b", 3, true));
        drop(waiting);
        assert_eq!(take(&queue, 10).await, ["a-2"]);
        assert_eq!(take(&queue, 10).await, ["b-3"]);
        assert_eq!(queue.state().on_their_way, 1, "the first may hand in something again");
        let (answer, _) = oneshot::channel();
        queue.push(Job { answer, ..job("a", 1, false) });
        assert!(queue.take(|_| 10, Duration::ZERO).await.is_none());
        let state = queue.state();
        assert_eq!((state.reads.waiting, state.reads.order.len()), (0, 0));
    }

    async fn take(queue: &Queue, size: usize) -> Vec<String> {
        let (_, jobs) = queue.take(|_| size, Duration::ZERO).await.unwrap();
        jobs.iter().map(|job| job.calls[0].control_id.as_str().to_owned()).collect()
    }

    #[tokio::test]
    async fn a_store_with_a_backlog_keeps_no_other_waiting() {
        let queue = Queue::default();
        (1..=1000).for_each(|order| assert!(queue.push(job("big", order, false))));
        queue.push(job("small", 1, false));
        assert_eq!(take(&queue, 3).await, ["big-1", "small-1", "big-2"]);
        queue.push(job("small", 2, false));
        assert_eq!(take(&queue, 1).await, ["big-3"]);
        assert_eq!(take(&queue, 1).await, ["small-2"]);
    }

    #[tokio::test]
    async fn what_must_be_together_travels_alone_and_its_turn_is_kept() {
        let queue = Queue::default();
        queue.push(job("a", 1, false));
        queue.push(job("b", 1, true));
        queue.push(job("a", 2, false));
        assert_eq!(take(&queue, 10).await, ["a-1", "a-2"]);
        queue.push(job("a", 3, false));
        assert_eq!(take(&queue, 10).await, ["b-1"]);
        assert_eq!(take(&queue, 10).await, ["a-3"]);
    }

    #[tokio::test]
    async fn a_request_that_is_not_full_waits_for_orders_on_their_way_and_for_nobody_else() {
        let queue = Arc::new(Queue::default());
        let for_ever = Duration::from_secs(3600);
        let order = |order| Cause { store: "a".into(), order: Some(order) };
        let _first = queue.begin_order(order(1));
        queue.push(job("a", 1, false));
        let (_, jobs) = queue.take(|_| 10, for_ever).await.unwrap();
        assert_eq!(jobs.len(), 1, "nobody else is on the way");

        let second = queue.begin_order(order(2));
        queue.push(job("a", 1, false));
        let later = queue.clone();
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            later.push(job("a", 2, false));
        });
        let (_, jobs) = queue.take(|_| 10, for_ever).await.unwrap();
        assert_eq!(jobs.len(), 2, "now everybody is here");
        for job in jobs {
            queue.answer(job, Vec::new());
        }

        queue.push(job("a", 1, false));
        let later = queue.clone();
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            drop(second);
            drop(later);
        });
        assert_eq!(queue.take(|_| 10, for_ever).await.unwrap().1.len(), 1, "who has ended is not waited for");

        let _slow = queue.begin_order(order(3));
        queue.push(job("a", 4, false));
        let (_, jobs) = queue.take(|_| 10, Duration::from_millis(1)).await.unwrap();
        assert_eq!(jobs.len(), 1, "patience has an end");
    }

    #[tokio::test]
    async fn a_closed_queue_is_emptied_and_then_over() {
        let queue = Queue::default();
        queue.push(job("a", 1, false));
        queue.close();
        assert!(!queue.push(job("a", 2, false)));
        assert!(queue.wait().await);
        assert_eq!(take(&queue, 10).await, ["a-1"]);
        assert!(!queue.wait().await);
    }
}
