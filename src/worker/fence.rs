//! What is done under a lease ends when the lease does, whatever stalls: a process that cannot extend its lease, because it
//! is cut off or stood still, begins nothing new that another may be doing by then.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};
use uuid::Uuid;

use crate::store::StoreError;

/// How soon a lease that was lost before its time is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How soon another try to extend a lease follows one that failed.
const BEAT_AGAIN: Duration = Duration::from_secs(1);

/// Does something as long as its lease is ours; `None` when it was dropped because it was not any more. `until` says until
/// when it is, as far as is known now. Every step looks at the clock first, so that a process that was stopped for a while
/// does not go on where it was.
pub(super) async fn while_ours<F: Future>(until: impl Fn() -> Option<Instant>, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut alarm = pin!(sleep_until(Instant::now()));
    poll_fn(|context| {
        let Some(until) = until().filter(|until| *until > Instant::now()) else { return Poll::Ready(None) };
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        alarm.as_mut().reset(until.min(Instant::now() + LOOK_EVERY));
        match alarm.as_mut().poll(context) {
            Poll::Ready(()) => context.waker().wake_by_ref(),
            Poll::Pending => {}
        }
        Poll::Pending
    })
    .await
}

/// Extends a lease three times in its length, so that one missed beat costs nothing, until `extend` says that it is lost. A
/// try that has no answer in its time is followed by another soon: on another connection it may get through.
pub(super) async fn keep_extending<F>(lease: Duration, what: &str, mut extend: impl FnMut() -> F)
where
    F: Future<Output = Result<bool, StoreError>>,
{
    let beat = lease / 3;
    let mut pause = beat;
    loop {
        sleep(pause).await;
        pause = beat;
        let why = match timeout(beat, extend()).await {
            Ok(Ok(true)) => continue,
            Ok(Ok(false)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the database did not answer within {} s", beat.as_secs()),
        };
        tracing::warn!(why, what, "a lease could not be extended; trying again");
        pause = BEAT_AGAIN.min(beat);
    }
}

struct Held {
    lanes: usize,
    until: Instant,
}

/// The leases of the orders that this process works on, by claim, and until when each lasts by its own clock: counted from
/// before the question, so that it ends here before it ends in the database.
#[derive(Default)]
pub(super) struct Leases(Mutex<BTreeMap<Uuid, Held>>);

impl Leases {
    fn held(&self) -> MutexGuard<'_, BTreeMap<Uuid, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more order was claimed under this token.
    pub fn take(&self, token: Uuid, until: Instant) {
        self.held().entry(token).or_insert(Held { lanes: 0, until }).lanes += 1;
    }

    /// The run of one order of this token is over.
    pub fn end(&self, token: Uuid) {
        let mut held = self.held();
        if let Some(of_token) = held.get_mut(&token) {
            of_token.lanes -= 1;
            if of_token.lanes == 0 {
                held.remove(&token);
            }
        }
    }

    /// The tokens to be extended.
    pub fn tokens(&self) -> Vec<Uuid> {
        self.held().keys().copied().collect()
    }

    /// The database was asked to extend `asked` and has extended `kept`: the others are lost.
    pub fn extended(&self, asked: &[Uuid], kept: &[Uuid], until: Instant) {
        let mut held = self.held();
        for token in asked {
            if let Some(of_token) = held.get_mut(token) {
                // Where no order is left, none is spoilt: all of its runs are over in the database already.
                of_token.until = if kept.contains(token) { until } else { Instant::now() };
            }
        }
    }

    /// Until when the orders of this token are ours; `None` when none of them is under way any more.
    pub fn until(&self, token: Uuid) -> Option<Instant> {
        self.held().get(&token).map(|held| held.until)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(250);

    #[tokio::test]
    async fn work_goes_on_while_its_lease_is_extended_and_is_dropped_at_its_end() {
        let (leases, token, begun) = (Leases::default(), Uuid::from_u128(1), Instant::now());
        leases.take(token, begun + MOMENT * 3);
        let extending = async {
            sleep(MOMENT).await;
            leases.extended(&leases.tokens(), &[token], begun + MOMENT * 5);
            pending::<()>().await;
        };
        assert_eq!(while_ours(|| leases.until(token), extending).await, None);
        assert!(begun.elapsed() >= MOMENT * 5, "{:?}", begun.elapsed());
        assert_eq!(while_ours(|| Some(Instant::now() + MOMENT), async { 7 }).await, Some(7));
    }

    #[tokio::test]
    async fn work_is_dropped_soon_when_the_database_says_that_its_lease_is_lost() {
        let (leases, lost, kept) = (Leases::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        let long = Instant::now() + Duration::from_secs(600);
        leases.take(lost, long);
        leases.take(kept, long);
        leases.extended(&leases.tokens(), &[kept], long);
        assert_eq!(while_ours(|| leases.until(lost), pending::<()>()).await, None);
        let other = tokio::time::timeout(LOOK_EVERY * 2, while_ours(|| leases.until(kept), pending::<()>()));
        assert!(other.await.is_err(), "the other goes on");
    }

    #[tokio::test]
    async fn a_process_that_stood_still_takes_no_step_more() {
        let until = Instant::now() + MOMENT;
        let mut steps = 0;
        let standing_still = async {
            steps += 1;
            // Nothing of this process runs, and what is waited for is there when it goes on.
            std::thread::sleep(MOMENT * 2);
            tokio::task::yield_now().await;
            steps += 1;
        };
        assert_eq!(while_ours(|| Some(until), standing_still).await, None);
        assert_eq!(steps, 1);
    }

    #[test]
    fn a_token_is_forgotten_with_the_last_of_its_orders() {
        let (leases, token, now) = (Leases::default(), Uuid::from_u128(1), Instant::now());
        leases.take(token, now);
        leases.take(token, now);
        leases.end(token);
        assert_eq!(leases.tokens(), [token]);
        leases.end(token);
        leases.end(token);
        assert_eq!((leases.tokens(), leases.until(token)), (Vec::new(), None));
    }
}
