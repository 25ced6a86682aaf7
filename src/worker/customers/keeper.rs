//! Keeps customers in Intacct what their buyers' newest orders say, and tries held buyers again now and then.
//!
//! No order waits for it. Any number of replicas may do it: a customer is claimed for a while, and its documents have
//! states of their own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::send::names;
use super::update::{Update, UpdateEnd};
use super::{Desk, holds, read_back};
use crate::clock::{self, Clock};
use crate::lifecycle::Shutdown;
use crate::store::customer_card::Card;
use crate::store::{Store, StoreError};
use crate::worker::connection::StoreConnection;
use crate::worker::order::RunEnd;
use crate::worker::retry;

/// Customers told at the same time.
const AT_ONCE: u32 = 20;
/// A look costs a query, so there is one for so many looks for orders.
const LOOK_EVERY: u32 = 2;

/// How the keeper works.
#[derive(Debug, Clone)]
pub struct KeeperOptions {
    /// The longest wait between two looks for orders.
    pub poll: Duration,
    /// How long a customer is claimed; longer than a slow answer.
    pub lease: Duration,
    /// Waits after the first, second, ... failure of an update; the last one is repeated.
    pub retries: Vec<Duration>,
    /// How often an order of each held buyer is tried again.
    pub try_held_every: Duration,
}

/// The keeper of all stores' customers.
pub struct Keeper {
    store: Store,
    clock: Clock,
    options: KeeperOptions,
    connections: Arc<BTreeMap<String, Arc<StoreConnection>>>,
}

impl Keeper {
    /// Starts it; it ends with `shutdown`.
    pub fn start(
        store: &Store,
        clock: &Clock,
        options: KeeperOptions,
        connections: &Arc<BTreeMap<String, Arc<StoreConnection>>>,
        shutdown: &Shutdown,
    ) {
        let keeper = Self { store: store.clone(), clock: clock.clone(), options, connections: Arc::clone(connections) };
        shutdown.spawn("keeper of customers", keeper.run(shutdown.clone()));
    }

    async fn run(self, shutdown: Shutdown) {
        let soft = shutdown.soft();
        let mut since_tried = Duration::ZERO;
        while !soft.is_cancelled() {
            tokio::select! {
                attended = self.attend(&mut since_tried) => if let Err(error) = attended {
                    tracing::error!(%error, "customers could not be attended to; trying again");
                },
                () = shutdown.hard().cancelled_owned() => return,
            }
            let pause = (self.options.poll * LOOK_EVERY).mul_f64(0.9 + 0.2 * clock::jitter());
            since_tried += pause;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = soft.cancelled() => {}
            }
        }
    }

    async fn attend(&self, since_tried: &mut Duration) -> Result<(), StoreError> {
        let stores: Vec<String> =
            self.connections.values().filter(|c| c.gateway.rest().is_none()).map(|c| c.name.clone()).collect();
        let cards = self.store.claim_cards(&stores, AT_ONCE, self.options.lease).await?;
        join_all(cards.iter().map(|card| self.tell(card))).await;
        if *since_tried >= self.options.try_held_every {
            *since_tried = Duration::ZERO;
            self.try_held(&stores).await?;
        }
        Ok(())
    }

    /// Makes one order of each held buyer due, once in a while over all replicas: the lease is not given back.
    async fn try_held(&self, stores: &[String]) -> Result<(), StoreError> {
        let (token, every) = (clock::random_id(), self.options.try_held_every.mul_f64(0.9));
        if self.store.take_lease("held buyers", token, every).await? {
            let tried = self.store.try_held_buyers(stores, &names(&holds::RESOLVED_IN_INTACCT)).await?;
            if tried > 0 {
                tracing::info!(orders = tried, "orders of held buyers are tried again");
            }
        }
        Ok(())
    }

    /// Tells one customer what its buyer's newest order says.
    async fn tell(&self, card: &Card) {
        let after = match self.update(card).await {
            Ok(UpdateEnd::Told) => return,
            Ok(UpdateEnd::Refused) => None,
            Ok(UpdateEnd::Later { why, after }) | Err(RunEnd::Retry { why, after }) => {
                tracing::warn!(why, customer = card.intacct_id, "the update of a customer is tried again later");
                Some(retry::delay(&self.options.retries, card.failures + 1, after, clock::jitter()))
            }
            Err(RunEnd::Done | RunEnd::WaitForPayment(_)) => Some(self.options.lease),
        };
        if let Err(error) = self.store.put_off_card(&card.company, &card.intacct_id, after, &card.record).await {
            tracing::error!(%error, customer = card.intacct_id, "an update could not be put off; it is tried again when its claim lapses");
        }
    }

    async fn update(&self, card: &Card) -> Result<UpdateEnd, RunEnd> {
        let Some(connection) = self.connections.get(&card.store) else {
            return Err(RunEnd::retry(format!("no store named '{}' is configured in this process", card.store)));
        };
        let record = read_back(&format!("the card of customer {}", card.intacct_id), &card.record)?;
        let desk = Desk { store: &self.store, connection, order: None, now: self.clock.now() };
        Update { desk, card, record, told: card.told.clone() }.run().await
    }
}
