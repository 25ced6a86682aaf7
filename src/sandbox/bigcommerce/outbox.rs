//! The queue of webhook deliveries: what is due, what is under way, when to try again, and the log of attempts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Seconds from one failed attempt to the next (BigCommerce, webhooks overview: eleven retries in two days).
const RETRY_SECONDS: [u32; 11] = [60, 180, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 50_400, 86_400];

/// Finished deliveries kept in the log; older ones are forgotten.
const LOG_LENGTH: usize = 20_000;

/// In which order held deliveries are let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseOrder {
    /// As they happened.
    AsHappened,
    /// The last one first.
    Reversed,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeliveryState {
    Pending,
    Delivered,
    /// Given up: retries used up, or the hook is gone.
    Abandoned,
}

/// One try to deliver, as the log shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub at: Timestamp,
    /// HTTP status of the answer; none when there was no answer.
    pub status: Option<u16>,
    /// What went wrong on the way, if anything.
    pub error: Option<String>,
}

impl Attempt {
    /// Any 2xx acknowledges.
    fn acknowledged(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// One event addressed to one hook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Delivery {
    pub id: u64,
    pub hook_id: u64,
    pub scope: String,
    /// `webhook-id` and the body's `hash`.
    pub webhook_id: String,
    pub body: String,
    pub state: DeliveryState,
    pub attempts: Vec<Attempt>,
    pub due: Timestamp,
    /// Orders deliveries due at the same moment.
    rank: i64,
}

/// All deliveries of a store.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Outbox {
    deliveries: BTreeMap<u64, Delivery>,
    /// Pending deliveries that nobody works on, soonest first.
    #[serde(skip)]
    queue: BTreeSet<(Timestamp, i64, u64)>,
    #[serde(skip)]
    under_way: BTreeSet<u64>,
    held: bool,
    double_next: u32,
}

impl Outbox {
    /// Fills the queue from the deliveries: after loading, and when attempts under way were cut off.
    pub fn rebuild(&mut self) {
        self.under_way.clear();
        self.queue = self.pending().map(|delivery| (delivery.due, delivery.rank, delivery.id)).collect();
    }

    /// Every delivery, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Delivery> {
        self.deliveries.values()
    }

    /// Deliveries not yet acknowledged or given up.
    pub fn pending(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.values().filter(|delivery| delivery.state == DeliveryState::Pending)
    }

    /// How many deliveries are not yet acknowledged or given up.
    pub fn pending_count(&self) -> usize {
        self.queue.len() + self.under_way.len()
    }

    /// Queues an event for a hook, due at once. `next_id` gives delivery ids; a second one is asked for when duplicates
    /// are on.
    pub fn add(
        &mut self,
        hook_id: u64,
        scope: &str,
        webhook_id: &str,
        body: &str,
        now: Timestamp,
        mut next_id: impl FnMut() -> u64,
    ) {
        let copies = if self.double_next > 0 { 2 } else { 1 };
        self.double_next = self.double_next.saturating_sub(1);
        for _ in 0..copies {
            let id = next_id();
            let rank = i64::try_from(id).unwrap_or(i64::MAX);
            self.queue.insert((now, rank, id));
            let (scope, webhook_id, body) = (scope.to_owned(), webhook_id.to_owned(), body.to_owned());
            let (state, attempts) = (DeliveryState::Pending, Vec::new());
            self.deliveries
                .insert(id, Delivery { id, hook_id, scope, webhook_id, body, state, attempts, due: now, rank });
        }
        self.forget_old();
    }

    /// The next `count` deliveries are queued twice, with the same id: BigCommerce delivers at least once.
    pub fn double_next(&mut self, count: u32) {
        self.double_next = count;
    }

    /// Nothing is delivered by itself until [`Outbox::release`].
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// Lets held deliveries go.
    pub fn release(&mut self, order: ReleaseOrder, now: Timestamp) {
        self.held = false;
        let waiting: Vec<_> = self.queue.iter().filter(|(due, ..)| *due <= now).copied().collect();
        for key @ (_, _, id) in waiting {
            let Some(delivery) = self.deliveries.get_mut(&id) else { continue };
            delivery.due = now;
            delivery.rank = match order {
                ReleaseOrder::AsHappened => delivery.rank,
                ReleaseOrder::Reversed => -delivery.rank,
            };
            self.queue.remove(&key);
            self.queue.insert((now, delivery.rank, id));
        }
    }

    /// Takes up to `limit` deliveries due at `now`; they stay under way until [`Outbox::record`] or
    /// [`Outbox::abandon`].
    pub fn take_due(&mut self, now: Timestamp, limit: usize) -> Vec<Delivery> {
        if self.held {
            return Vec::new();
        }
        let due: Vec<_> = self.queue.iter().take_while(|(due, ..)| *due <= now).take(limit).copied().collect();
        self.take(&due)
    }

    /// Takes every pending delivery that is not under way, due or not.
    pub fn take_all(&mut self) -> Vec<Delivery> {
        let all: Vec<_> = self.queue.iter().copied().collect();
        self.take(&all)
    }

    fn take(&mut self, keys: &[(Timestamp, i64, u64)]) -> Vec<Delivery> {
        for key in keys {
            self.queue.remove(key);
            self.under_way.insert(key.2);
        }
        keys.iter().filter_map(|(.., id)| self.deliveries.get(id).cloned()).collect()
    }

    /// When the next delivery is due, if it is not held.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.queue.first().filter(|_| !self.held).map(|(due, ..)| *due)
    }

    /// Notes an attempt. An unacknowledged one is queued again; `false` when that was the last retry.
    #[must_use]
    pub fn record(&mut self, id: u64, attempt: Attempt, speedup: u32) -> bool {
        self.under_way.remove(&id);
        let Some(delivery) = self.deliveries.get_mut(&id) else { return true };
        let (at, acknowledged) = (attempt.at, attempt.acknowledged());
        delivery.attempts.push(attempt);
        if acknowledged {
            delivery.state = DeliveryState::Delivered;
            return true;
        }
        let Some(seconds) = RETRY_SECONDS.get(delivery.attempts.len() - 1) else {
            delivery.state = DeliveryState::Abandoned;
            return false;
        };
        delivery.due =
            at.saturating_add(Duration::from_secs(u64::from(*seconds)) / speedup.max(1)).unwrap_or(Timestamp::MAX);
        self.queue.insert((delivery.due, delivery.rank, id));
        true
    }

    /// Gives up everything still pending for a hook that is gone or switched off.
    pub fn abandon_hook(&mut self, hook_id: u64) {
        for delivery in self.deliveries.values_mut() {
            if delivery.hook_id == hook_id && delivery.state == DeliveryState::Pending {
                delivery.state = DeliveryState::Abandoned;
                self.queue.remove(&(delivery.due, delivery.rank, delivery.id));
                self.under_way.remove(&delivery.id);
            }
        }
    }

    fn forget_old(&mut self) {
        while self.deliveries.len() > LOG_LENGTH {
            let Some(oldest) = self.deliveries.first_entry() else { return };
            if oldest.get().state == DeliveryState::Pending {
                return;
            }
            oldest.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_772_700_000 + second).unwrap()
    }

    fn with(count: u64) -> Outbox {
        let mut outbox = Outbox::default();
        for id in 1..=count {
            outbox.add(1, "store/order/updated", &format!("hash-{id}"), "{}", at(0), || id);
        }
        outbox
    }

    fn attempt(second: i64, status: u16) -> Attempt {
        Attempt { at: at(second), status: Some(status), error: None }
    }

    #[test]
    fn a_failure_is_retried_on_the_documented_schedule_until_it_is_given_up() {
        let mut outbox = with(1);
        let mut now = 0;
        for seconds in RETRY_SECONDS {
            assert_eq!(outbox.take_due(at(now), 9).len(), 1);
            assert!(outbox.record(1, attempt(now, 500), 1));
            now += i64::from(seconds);
            assert!(outbox.take_due(at(now - 1), 9).is_empty());
        }
        assert_eq!(now, 173_040);
        assert_eq!(outbox.take_due(at(now), 9).len(), 1);
        assert!(!outbox.record(1, attempt(now, 500), 1));
        assert_eq!(outbox.pending_count(), 0);
    }

    #[test]
    fn the_schedule_can_be_sped_up() {
        let mut outbox = with(1);
        outbox.take_all();
        assert!(outbox.record(1, attempt(0, 503), 60));
        assert_eq!(outbox.next_due(), Some(at(1)));
    }

    #[test]
    fn a_delivery_under_way_is_not_taken_twice() {
        let mut outbox = with(2);
        assert_eq!(outbox.take_due(at(0), 1).len(), 1);
        assert_eq!(outbox.take_all().len(), 1);
        assert!(outbox.take_all().is_empty());
        outbox.rebuild();
        assert_eq!(outbox.take_all().len(), 2);
    }

    #[test]
    fn held_deliveries_can_be_released_in_reverse() {
        let mut outbox = with(3);
        outbox.hold();
        assert!(outbox.take_due(at(5), 9).is_empty());
        outbox.release(ReleaseOrder::Reversed, at(5));
        let ids: Vec<u64> = outbox.take_due(at(5), 9).iter().map(|delivery| delivery.id).collect();
        assert_eq!(ids, [3, 2, 1]);
    }

    #[test]
    fn a_duplicate_has_the_same_webhook_id() {
        let mut outbox = Outbox::default();
        outbox.double_next(1);
        let mut id = 0;
        let mut next = || {
            id += 1;
            id
        };
        outbox.add(1, "store/order/updated", "same", "{}", at(0), &mut next);
        outbox.add(1, "store/order/updated", "other", "{}", at(0), &mut next);
        let ids: Vec<_> = outbox.all().map(|delivery| delivery.webhook_id.as_str()).collect();
        assert_eq!(ids, ["same", "same", "other"]);
    }
}
