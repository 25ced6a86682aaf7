//! The store itself: one handle for merchant actions, REST and webhooks, cheap to clone.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::actions::{ActionError, Shop};
use super::faults::{Fault, Faults};
use super::listener::{CutSwitch, CuttableListener};
use super::persistence;
use super::rate_limit::{RateWindow, Standing, WindowUse};
use super::settings::StoreSettings;
use super::state::State;
use super::{introspection, rest};

/// Why a store cannot start or keep its state.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The state file cannot be read, or is not one.
    #[error("the sandbox store cannot read its state file {path}: {source}; repair it or delete it to start anew")]
    Load {
        /// The state file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The state file cannot be written.
    #[error("the sandbox store cannot write its state file {path}: {source}; check the folder and the space left")]
    Save {
        /// The state file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The HTTP client for webhooks cannot be built.
    #[error("the sandbox store cannot build its HTTP client: {0}; is the TLS provider installed?")]
    Client(#[from] reqwest::Error),
    /// The listener failed.
    #[error("the sandbox store cannot serve: {0}")]
    Serve(io::Error),
}

/// What was asked of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderCalls {
    /// When the first call came.
    pub first: Instant,
    /// Calls for the order itself: how often it was read.
    pub reads: u64,
    /// These and all calls for what belongs to it.
    pub calls: u64,
}

/// A BigCommerce store on loopback. Clones share one store.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: StoreSettings,
    state: Mutex<State>,
    faults: Mutex<Faults>,
    rate: Mutex<RateWindow>,
    calls: AtomicU64,
    order_calls: Mutex<BTreeMap<u64, OrderCalls>>,
    client: reqwest::Client,
    deliveries: Notify,
    changed: Notify,
    /// Held while the state file is written: one writer at a time, the newest state last.
    saving: tokio::sync::Mutex<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens the store: with the state file's content when there is one, else empty. The process must have installed
    /// its TLS provider.
    pub fn new(settings: StoreSettings) -> Result<Self, StoreError> {
        let state = match &settings.state_file {
            Some(path) => persistence::load(path).map_err(|source| StoreError::Load { path: path.clone(), source })?,
            None => State::default(),
        };
        let client = reqwest::Client::builder()
            .timeout(settings.ack_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self(Arc::new(Inner {
            settings,
            state: Mutex::new(state),
            faults: Mutex::default(),
            rate: Mutex::default(),
            calls: AtomicU64::new(0),
            order_calls: Mutex::default(),
            client,
            deliveries: Notify::new(),
            changed: Notify::new(),
            saving: tokio::sync::Mutex::default(),
        })))
    }

    /// The store's settings.
    pub fn settings(&self) -> &StoreSettings {
        &self.0.settings
    }

    /// The REST API under `/stores/{hash}` and the sandbox's own pages, as one router.
    pub fn router(&self) -> axum::Router {
        rest::router(self).merge(introspection::router(self))
    }

    /// Answers REST calls, delivers webhooks and keeps the state file until `stop` is cancelled; saves once more at
    /// the end.
    pub async fn serve(&self, listener: TcpListener, stop: CancellationToken) -> Result<(), StoreError> {
        let deliveries = tokio::spawn(self.clone().run_deliveries(stop.clone()));
        let keeper = tokio::spawn(self.clone().keep_saved(stop.clone()));
        let service = self.router().into_make_service_with_connect_info::<CutSwitch>();
        let served = axum::serve(CuttableListener(listener), service)
            .with_graceful_shutdown(stop.clone().cancelled_owned())
            .await;
        stop.cancel();
        // A panic in either task has already been reported; the store still saves what it has.
        let _ = tokio::join!(deliveries, keeper);
        self.save().await?;
        served.map_err(StoreError::Serve)
    }

    /// Writes the state file now, if there is one.
    pub async fn save(&self) -> Result<(), StoreError> {
        let Some(path) = self.settings().state_file.clone() else { return Ok(()) };
        let _alone = self.0.saving.lock().await;
        let store = self.clone();
        let failed = |source| StoreError::Save { path: path.clone(), source };
        let target = path.clone();
        let written = tokio::task::spawn_blocking(move || {
            let json = serde_json::to_vec(&*store.state())?;
            persistence::save(&target, &json)
        });
        written.await.map_err(|error| failed(io::Error::other(error)))?.map_err(failed)
    }

    /// REST calls so far that counted against the quota.
    pub fn calls_made(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// What was asked of an order so far; `None` when nothing was.
    pub fn order_calls(&self, order: u64) -> Option<OrderCalls> {
        lock(&self.0.order_calls).get(&order).copied()
    }

    /// How the windows of the quota were used so far; the last one is the current one.
    pub fn windows(&self) -> Vec<WindowUse> {
        lock(&self.0.rate).windows()
    }

    /// What the next REST calls suffer; replaces what was left of earlier faults.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.0.faults) = faults;
    }

    /// Saves shortly after changes, several at once.
    async fn keep_saved(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.changed.notified() => {}
            }
            if let Err(error) = self.save().await {
                tracing::warn!(%error, "sandbox store state not saved");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
    }

    /// Carries out one action: all of it happens at one moment, then its events are queued for the hooks that want
    /// them. A refused action changes nothing.
    pub(super) fn act<T>(
        &self,
        action: impl FnOnce(&mut Shop<'_>) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let mut state = self.state();
        let mut shop = Shop::new(&mut state, self.settings(), self.now());
        let outcome = action(&mut shop)?;
        shop.close();
        drop(state);
        self.mark_changed();
        self.wake_deliveries();
        Ok(outcome)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.settings.clock.now()
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        &self.0.client
    }

    pub(super) fn next_fault(&self) -> Option<Fault> {
        lock(&self.0.faults).next()
    }

    pub(super) fn faults(&self) -> Faults {
        *lock(&self.0.faults)
    }

    pub(super) fn count_request(&self) -> Standing {
        let settings = self.settings();
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        lock(&self.0.rate).count(self.now(), settings.quota, settings.quota_window)
    }

    /// Notes a call for an order, or for something that belongs to it.
    pub(super) fn note_order_call(&self, order: u64, itself: bool) {
        let new = OrderCalls { first: Instant::now(), reads: 0, calls: 0 };
        let mut calls = lock(&self.0.order_calls);
        let noted = calls.entry(order).or_insert(new);
        noted.calls += 1;
        noted.reads += u64::from(itself);
    }

    pub(super) fn mark_changed(&self) {
        self.0.changed.notify_one();
    }

    pub(super) fn wake_deliveries(&self) {
        self.0.deliveries.notify_one();
    }

    pub(super) async fn deliveries_woken(&self) {
        self.0.deliveries.notified().await;
    }
}
