//! The way of a webhook: how long after it the shop is asked for its order, and what three of one order cost.

use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use tokio::time::{Instant, sleep, sleep_until};

use super::Progress;
use super::stand::{LOOK, Setup, Stand};
use crate::embedded::EmbeddedPostgres;

/// How long after a webhook's order became due it may be asked for before that counts as not at all.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the system is left idle before each webhook.
const IDLE: Duration = Duration::from_millis(30);
/// Within this time three webhooks of one order are sent.
const WITHIN: Duration = Duration::from_secs(2);

/// How long it takes from a webhook to the first request for its order, in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Wake {
    pub(super) webhooks: usize,
    /// How long an order rests after its webhook; what follows is counted from the end of that.
    pub(super) debounce_ms: u64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

/// What several webhooks of one order cost.
#[derive(Debug, Serialize)]
pub(super) struct Together {
    pub(super) webhooks: usize,
    /// Between the first and the last one.
    pub(super) within_ms: u64,
    /// How often the order was read.
    pub(super) reads: u64,
    /// Calls to BigCommerce for it.
    pub(super) calls: u64,
}

/// Sends webhooks one at a time, each of a new order, to an idle service over HTTP.
pub(super) async fn measure(
    postgres: &EmbeddedPostgres,
    webhooks: u32,
    debounce: Duration,
    bar: &Progress,
) -> anyhow::Result<Wake> {
    bar.say("starting the service");
    let debounce_ms = Some(u32::try_from(debounce.as_millis())?);
    let mut took = Stand::with(postgres, &Setup { debounce_ms, ..Setup::plain() }, async |stand| {
        let mut took = Vec::new();
        for number in 0..webhooks {
            bar.say("webhooks, one at a time");
            bar.at(number.into(), webhooks.into());
            let order = stand.place()?;
            sleep(IDLE).await;
            let due = Instant::now() + debounce;
            send(stand, order, "created").await?;
            took.push(first_request(stand, order, due).await?.saturating_duration_since(due));
            stand.settle(|_| {}).await?;
        }
        Ok(took)
    })
    .await?;
    took.sort();
    let at =
        |share: f64| took[((took.len() as f64 * share).ceil() as usize).clamp(1, took.len()) - 1].as_secs_f64() * 1e3;
    Ok(Wake {
        webhooks: took.len(),
        debounce_ms: u64::try_from(debounce.as_millis())?,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        max_ms: at(1.0),
    })
}

/// Sends three webhooks of one order to a service with its own settings, the rest after a webhook included.
pub(super) async fn together(postgres: &EmbeddedPostgres, bar: &Progress) -> anyhow::Result<Together> {
    bar.say("three webhooks of one order");
    Stand::with(postgres, &Setup::plain(), async |stand| {
        let order = stand.place()?;
        let (events, begun) = (["created", "updated", "updated"], Instant::now());
        for (number, event) in (0u32..).zip(events) {
            // The last one well before the end of the rest, however late the machine is.
            sleep_until(begun + WITHIN * number / 4).await;
            send(stand, order, event).await?;
        }
        let within = begun.elapsed();
        stand.settle(|_| {}).await?;
        let calls = stand.shop.order_calls(order).context("the order was never read")?;
        Ok(Together {
            webhooks: events.len(),
            within_ms: u64::try_from(within.as_millis())?,
            reads: calls.reads,
            calls: calls.calls,
        })
    })
    .await
}

async fn send(stand: &Stand, order: u64, event: &str) -> anyhow::Result<()> {
    let status = stand.shop.send_order_event(&stand.webhooks, order, event).await?;
    anyhow::ensure!(status == 200, "the webhook was answered {status}");
    Ok(())
}

/// When the shop was first asked for an order.
async fn first_request(stand: &Stand, order: u64, due: Instant) -> anyhow::Result<Instant> {
    loop {
        if let Some(calls) = stand.shop.order_calls(order) {
            return Ok(calls.first);
        }
        anyhow::ensure!(Instant::now() < due + PATIENCE, "order {order} was not asked for");
        sleep(LOOK).await;
    }
}
