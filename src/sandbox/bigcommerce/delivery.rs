//! Delivers webhooks over HTTP: signs each attempt, waits for the acknowledgement, and leaves failures to the outbox.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use secrecy::ExposeSecret as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::events;
use super::hooks::Hook;
use super::outbox::{Attempt, Delivery, ReleaseOrder};
use super::signature;
use super::store::Store;

/// What one round of deliveries came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Attempts that were acknowledged.
    pub delivered: usize,
    /// Attempts that were not.
    pub failed: usize,
    /// Deliveries still waiting afterwards.
    pub pending: usize,
}

impl Store {
    /// Attempts every waiting delivery once, due or not, held or not, one after the other in queue order.
    pub async fn deliver_all_pending(&self) -> DeliveryReport {
        let mut report = DeliveryReport::default();
        let waiting = self.state().outbox.take_all();
        for delivery in waiting {
            if self.attempt(delivery).await {
                report.delivered += 1;
            } else {
                report.failed += 1;
            }
        }
        report.pending = self.pending_deliveries();
        report
    }

    /// Deliveries not yet acknowledged or given up.
    pub fn pending_deliveries(&self) -> usize {
        self.state().outbox.pending_count()
    }

    /// Queues the next `count` deliveries twice with the same `webhook-id`: the platform delivers at least once.
    pub fn duplicate_next_deliveries(&self, count: u32) {
        self.state().outbox.double_next(count);
        self.mark_changed();
    }

    /// Stops delivering in the background, so that [`Store::release_deliveries`] can let events go out of order.
    pub fn hold_deliveries(&self) {
        self.state().outbox.hold();
        self.mark_changed();
    }

    /// Delivers in the background again, what has waited in the given order.
    pub fn release_deliveries(&self, order: ReleaseOrder) {
        let now = self.now();
        self.state().outbox.release(order, now);
        self.mark_changed();
        self.wake_deliveries();
    }

    /// Delivers what is due, for ever, a few at a time; ends when `stop` is cancelled. Attempts cut off then stay
    /// pending.
    pub(super) async fn run_deliveries(self, stop: CancellationToken) {
        let most = self.settings().delivery_concurrency.max(1);
        let mut running = JoinSet::new();
        loop {
            let now = self.now();
            let due = self.state().outbox.take_due(now, most - running.len());
            for delivery in due {
                let store = self.clone();
                running.spawn(async move { store.attempt(delivery).await });
            }
            let next = self.state().outbox.next_due();
            let wait = next
                .map_or(Duration::from_secs(1), |due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = running.join_next(), if !running.is_empty() => {}
                () = self.deliveries_woken() => {}
                () = tokio::time::sleep(wait.min(Duration::from_secs(1))), if running.len() < most => {}
            }
        }
        running.shutdown().await;
        self.state().outbox.rebuild();
    }

    /// One attempt; `true` when it was acknowledged. A hook that is gone, or whose last retry this was, gets no more.
    async fn attempt(&self, delivery: Delivery) -> bool {
        let hook = self.state().hooks.get(&delivery.hook_id).filter(|hook| hook.is_active).cloned();
        let Some(hook) = hook else {
            self.state().outbox.abandon_hook(delivery.hook_id);
            self.mark_changed();
            return false;
        };
        let attempt = self.post(&hook, &delivery).await;
        let acknowledged = attempt.error.is_none() && attempt.status.is_some_and(|status| (200..300).contains(&status));
        let mut state = self.state();
        if !state.outbox.record(delivery.id, attempt, self.settings().retry_speedup) {
            if let Some(hook) = state.hooks.get_mut(&hook.id) {
                hook.is_active = false;
            }
            state.outbox.abandon_hook(hook.id);
        }
        drop(state);
        self.mark_changed();
        acknowledged
    }

    /// Sends an event about an order to `destination` at once, signed like every other but beside hooks and queue: for
    /// measuring. `what` is `created`, `updated` or `archived`. Answers the status.
    ///
    /// # Errors
    /// When there was no answer.
    pub async fn send_order_event(&self, destination: &str, order: u64, what: &str) -> Result<u16, reqwest::Error> {
        let event = events::of_order(order, what);
        let (id, body) = events::envelope(self.settings(), self.now().as_second(), &event);
        Ok(self.signed(destination, HeaderMap::new(), &id, &body).send().await?.status().as_u16())
    }

    /// A delivery with its signature. The timestamp signed is that of this attempt, not of the event.
    fn signed(&self, destination: &str, mut headers: HeaderMap, id: &str, body: &str) -> reqwest::RequestBuilder {
        let timestamp = self.now().as_second();
        let signature = signature::sign(self.settings().client_secret.expose_secret(), id, timestamp, body);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static("pekko-http/1.3.0"));
        for (name, value) in
            [("webhook-id", id), ("webhook-timestamp", &timestamp.to_string()), ("webhook-signature", &signature)]
        {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        self.client().post(destination).headers(headers).body(body.to_owned())
    }

    /// Sends one delivery.
    async fn post(&self, hook: &Hook, delivery: &Delivery) -> Attempt {
        let at = self.now();
        let headers = custom_headers(hook);
        let answer = self.signed(&hook.destination, headers, &delivery.webhook_id, &delivery.body).send().await;
        match answer {
            Ok(answer) => Attempt { at, status: Some(answer.status().as_u16()), error: None },
            Err(error) => Attempt { at, status: None, error: Some(describe(&error).to_owned()) },
        }
    }
}

/// The hook's own headers, echoed on every delivery.
fn custom_headers(hook: &Hook) -> HeaderMap {
    let headers = hook.headers.iter().flatten();
    headers
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?)))
        .collect()
}

/// The kind of failure, without the address: destinations may carry secrets.
fn describe(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "not acknowledged in time"
    } else if error.is_connect() {
        "connection refused"
    } else {
        "connection broken"
    }
}
