//! Who may send when: permits that all replicas share, held over several requests, and the company's pauses.
//!
//! A permit is a lease in Postgres that outlives the longest request by some seconds. The keeper extends what this
//! process holds once a second, gives back what is idle or what another replica waits for, and learns of the company's
//! trouble by the same statement. A request starts only while enough of its lease is left, and is dropped the moment the
//! lease is not its own any more: whatever stalls, no more requests than allowed are under way. A process that alone has
//! no answers rests by itself (`reach`).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::reach::Reach;
use super::{GatewayOptions, pause};
use crate::clock;
use crate::intacct::client::CallError;
use crate::store::gateway::{CompanyFailure, PauseCause, Permits, Trouble};
use crate::store::{Store, StoreError};
use crate::telemetry::{INTACCT_PAUSED, INTACCT_UNREACHED};
use crate::worker::fence::while_ours;

/// How much longer than a request a permit lasts.
const MARGIN: Duration = Duration::from_secs(4);
/// How much of the margin must be left when a request starts.
const MARGIN_LEFT: Duration = Duration::from_secs(1);
/// How often the keeper extends and looks around.
const TICK: Duration = Duration::from_secs(1);
/// A permit that was not used for so long is given back.
const IDLE: Duration = Duration::from_secs(2);
/// The only permit of a process is kept for so long while another replica waits.
const TURN: Duration = Duration::from_secs(2);
/// How long to wait before asking for a permit again; one asks for the whole process.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// How long to wait for somebody else's probe before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// Pauses up to this are waited through; during longer ones orders are put off.
const WAIT_THROUGH: Duration = Duration::from_secs(3);
/// No answer of the database within this time is none: everybody in this process waits for it.
const STORE_DEADLINE: Duration = Duration::from_secs(5);
/// When to come back while the database gives no permit.
const AFTER_STORE_ERROR: Duration = Duration::from_secs(1);

struct Held {
    until: Instant,
    taken: Instant,
    used: Instant,
    busy: bool,
    /// Given back after the present request.
    leaving: bool,
}

struct Known {
    trouble: Trouble,
    /// End of the pause by this process's clock.
    until: Instant,
}

#[derive(Default)]
struct State {
    slots: BTreeMap<i32, Held>,
    known: Option<Known>,
    reach: Reach,
}

/// Nothing can be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closed {
    pub why: String,
    pub after: Duration,
}

enum Way {
    Open,
    /// Nothing is sent now; `company` of it is the company's own pause.
    Resting {
        closed: Closed,
        company: Duration,
    },
    /// One request of all replicas is to show whether the company is better.
    ProbeDue,
    /// One request of this process is to show whether it has answers again.
    TrialDue,
}

/// One company's door in this process.
pub(super) struct Door {
    store: Store,
    company: String,
    slots: u32,
    /// The longest wait for an answer.
    timeout: Duration,
    lease: Duration,
    /// How much of the lease must be left for a request to start.
    needed: Duration,
    /// Under which all permits of this process stand.
    token: Uuid,
    state: Mutex<State>,
    freed: Notify,
    /// A permit waits to be given back.
    left: Notify,
    /// Whoever has it asks for a permit, for everybody in this process.
    asking: tokio::sync::Mutex<()>,
}

/// The right to have one request under way, until it is dropped.
pub(super) struct Pass {
    door: Arc<Door>,
    slot: i32,
    /// When the permit was taken: the same number may be another permit later.
    taken: Instant,
    /// Set when this request is to show whether the company is better.
    probe: Option<Uuid>,
    /// Set when this request is to show whether this process has answers again.
    trial: Option<Trial>,
}

/// The one request of this process that tries whether there are answers again.
struct Trial(Arc<Door>);

impl Trial {
    /// `None` when there is one already.
    fn begin(door: &Arc<Door>) -> Option<Self> {
        door.state().reach.try_alone().then(|| Self(door.clone()))
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.0.state().reach.end_trial();
    }
}

impl Door {
    pub fn new(store: Store, options: &GatewayOptions) -> Self {
        Self {
            store: store.with_deadline(STORE_DEADLINE),
            company: options.company.clone(),
            slots: options.concurrency,
            timeout: options.timeout,
            lease: options.timeout + MARGIN,
            needed: options.timeout + MARGIN_LEFT,
            token: clock::random_id(),
            state: Mutex::default(),
            freed: Notify::new(),
            left: Notify::new(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the right to send one request.
    ///
    /// # Errors
    /// [`Closed`] when the company rests for longer than is worth waiting, or the database does not answer.
    pub async fn enter(self: &Arc<Self>) -> Result<Pass, Closed> {
        loop {
            let (probe, trial) = match self.way() {
                // While only this process rests, another may have what waits here.
                Way::Resting { closed, company } if company.is_zero() || closed.after > WAIT_THROUGH => {
                    return Err(closed);
                }
                Way::Resting { closed, .. } => {
                    sleep(closed.after).await;
                    continue;
                }
                Way::ProbeDue => {
                    let ours = clock::random_id();
                    if !self.store.claim_probe(&self.company, ours, self.lease).await.map_err(no_answer)? {
                        sleep(LOOK_AGAIN).await;
                        self.refresh().await.map_err(no_answer)?;
                        continue;
                    }
                    (Some(ours), None)
                }
                Way::TrialDue => match Trial::begin(self) {
                    Some(ours) => (None, Some(ours)),
                    None => continue,
                },
                Way::Open => (None, None),
            };
            if let Some((slot, taken)) = self.slot(probe.is_some()).await.map_err(no_answer)? {
                return Ok(Pass { door: self.clone(), slot, taken, probe, trial });
            }
        }
    }

    fn way(&self) -> Way {
        let (now, state) = (Instant::now(), self.state());
        let Some(known) = state.known.as_ref().filter(|known| known.trouble.paused()) else {
            let (count, company) = (state.reach.count(), Duration::ZERO);
            return match state.reach.rest(now, self.timeout) {
                Some(after) => Way::Resting { closed: Closed { why: unreached(&self.company, count), after }, company },
                None if state.reach.trial_due() => Way::TrialDue,
                None => Way::Open,
            };
        };
        let until = known.until + state.reach.others_first();
        match until.checked_duration_since(now).filter(|left| !left.is_zero()) {
            Some(after) => {
                let closed = Closed { why: describe(&self.company, &known.trouble), after };
                Way::Resting { closed, company: known.until.saturating_duration_since(now) }
            }
            None => Way::ProbeDue,
        }
    }

    /// How much longer the company rests, as far as this process knows; nothing when it is only this process that does.
    pub fn rest(&self) -> Option<Duration> {
        match self.way() {
            Way::Resting { company, .. } => Some(company),
            Way::Open | Way::ProbeDue | Way::TrialDue => None,
        }
    }

    /// A permit with enough of its lease left; `None` when the company was found to rest, or a probe to be due.
    async fn slot(&self, probing: bool) -> Result<Option<(i32, Instant)>, StoreError> {
        loop {
            if let Some(slot) = self.idle_slot() {
                return Ok(Some(slot));
            }
            let freed = self.freed.notified();
            tokio::select! {
                biased;
                () = freed => {}
                _one = self.asking.lock() => {
                    if self.state().slots.values().any(|held| !held.busy) {
                        self.refresh().await?;
                    }
                    if let Some(slot) = self.idle_slot() {
                        return Ok(Some(slot));
                    }
                    let asked = Instant::now();
                    let permits = self.store.take_slots(&self.company, self.slots, 1, self.lease, self.token).await?;
                    self.learn(asked, &permits, None);
                    if permits.trouble.is_some_and(|trouble| !trouble.rest.is_zero() || trouble.paused() && !probing) {
                        return Ok(None);
                    }
                    if permits.slots.is_empty() {
                        let pause = ASK_AGAIN.mul_f64(0.5 + clock::jitter());
                        let _ = tokio::time::timeout(pause, self.freed.notified()).await;
                    }
                }
            }
        }
    }

    /// A permit for a request, and when it was taken.
    fn idle_slot(&self) -> Option<(i32, Instant)> {
        let now = Instant::now();
        let mut state = self.state();
        let fresh =
            |held: &Held| !held.busy && !held.leaving && held.until.saturating_duration_since(now) >= self.needed;
        let (slot, held) = state.slots.iter_mut().find(|(_, held)| fresh(held))?;
        held.busy = true;
        held.used = now;
        Some((*slot, held.taken))
    }

    /// Extends what is held and learns how things stand.
    async fn refresh(&self) -> Result<(), StoreError> {
        let asked = Instant::now();
        let known: Vec<i32> = self.state().slots.keys().copied().collect();
        let permits = self.store.extend_slots(&self.company, self.lease, self.token, &known).await?;
        self.learn(asked, &permits, Some(&known));
        self.make_room(permits.waiting).await
    }

    /// Takes in what the database says. The lease is counted from before the question,
    /// so that it ends here before it ends there. `extended` are the permits that were to be extended; without it they were
    /// taken.
    fn learn(&self, asked: Instant, permits: &Permits, extended: Option<&[i32]>) {
        let until = asked + self.lease;
        let mut state = self.state();
        if let Some(extended) = extended {
            // What was taken meanwhile was not asked for, or lasts longer than what was.
            let stays = |slot: &i32, held: &Held| {
                permits.slots.contains(slot) || !extended.contains(slot) || held.until >= until
            };
            state.slots.retain(|slot, held| stays(slot, held));
            for slot in &permits.slots {
                if let Some(held) = state.slots.get_mut(slot) {
                    held.until = held.until.max(until);
                }
            }
        } else {
            let held = |slot: &i32| (*slot, Held { until, taken: asked, used: asked, busy: false, leaving: false });
            state.slots.extend(permits.slots.iter().map(held));
        }
        let paused = permits.trouble.as_ref().is_some_and(Trouble::paused);
        state.known = permits.trouble.clone().map(|trouble| {
            // The end of one pause stays where it is, however often it is asked for.
            let same = state.known.as_ref().filter(|known| known.trouble.paused_until == trouble.paused_until);
            let until = same.map_or_else(|| Instant::now() + trouble.rest, |known| known.until);
            Known { trouble, until }
        });
        drop(state);
        metrics::gauge!(INTACCT_PAUSED, "company" => self.company.clone()).set(f64::from(u8::from(paused)));
    }

    /// Gives back what is idle, and one permit when another replica waits.
    async fn make_room(&self, waiting: u32) -> Result<(), StoreError> {
        let mut back = Vec::new();
        {
            let (now, mut state) = (Instant::now(), self.state());
            let mut one_for_others = waiting > 0 && !state.slots.values().any(|held| held.leaving);
            let several = state.slots.len() > 1;
            for (slot, held) in &mut state.slots {
                let turn_over = one_for_others && (several || now - held.taken >= TURN);
                if held.busy {
                    continue;
                }
                if held.leaving || turn_over || now - held.used >= IDLE {
                    one_for_others &= !turn_over;
                    back.push(*slot);
                }
            }
            state.slots.retain(|slot, _| !back.contains(slot));
            if one_for_others
                && let Some(held) = state.slots.values_mut().find(|held| several || now - held.taken >= TURN)
            {
                held.leaving = true;
            }
        }
        if back.is_empty() { Ok(()) } else { self.store.free_slots(&self.company, self.token, &back).await }
    }

    /// Keeps the permits until the dispatchers have ended, then gives all of them back.
    pub async fn keep_until(self: Arc<Self>, ended: impl Future<Output = ()>) {
        let mut ended = pin!(ended);
        loop {
            tokio::select! {
                () = &mut ended => break,
                () = sleep(TICK) => {}
                () = self.left.notified() => {}
            }
            let idle = {
                let state = self.state();
                state.slots.is_empty() && state.known.is_none()
            };
            if !idle && let Err(error) = self.refresh().await {
                tracing::warn!(%error, company = self.company, "permits could not be extended; trying again");
            }
        }
        let slots: Vec<i32> = std::mem::take(&mut self.state().slots).into_keys().collect();
        if !slots.is_empty()
            && let Err(error) = self.store.free_slots(&self.company, self.token, &slots).await
        {
            tracing::warn!(%error, company = self.company, "permits could not be given back; they lapse by themselves");
        }
    }

    /// Lets somebody else try whether the company is better: there was nothing to send.
    pub async fn give_up_probe(&self, pass: &Pass) {
        if let Some(probe) = pass.probe
            && let Err(error) = self.store.claim_probe(&self.company, probe, Duration::ZERO).await
        {
            tracing::warn!(%error, company = self.company, "a probe could not be given up; it lapses by itself");
        }
    }

    /// Notes how a request went: `trouble` is the error when it shows trouble of the company.
    pub async fn note(&self, pass: &Pass, trouble: Option<&CallError>) {
        let noted = match trouble.and_then(|error| Some((pause::cause(error)?, error))) {
            Some((cause, error)) => self.note_trouble(pass.probe, cause, error).await,
            None if pass.probe.is_none() && self.state().known.is_none() => Ok(()),
            None => self.note_success(pass.probe).await,
        };
        if let Err(error) = noted {
            tracing::warn!(%error, company = self.company, "how a request to Intacct went could not be noted");
        }
        self.note_reach(trouble.and_then(pause::cause) != Some(PauseCause::Offline));
    }

    fn note_reach(&self, answered: bool) {
        let mut state = self.state();
        if answered {
            state.reach.answered();
        } else if let Some(rest) = state.reach.unanswered(Instant::now(), self.timeout, clock::jitter())
            && !state.known.as_ref().is_some_and(|known| known.trouble.paused())
        {
            tracing::warn!(rest_s = rest.as_secs(), "{}", unreached(&self.company, state.reach.count()));
        }
        let unreached = f64::from(u8::from(state.reach.trial_due()));
        drop(state);
        metrics::gauge!(INTACCT_UNREACHED, "company" => self.company.clone()).set(unreached);
    }

    async fn note_trouble(&self, probe: Option<Uuid>, cause: PauseCause, error: &CallError) -> Result<(), StoreError> {
        let asked = match error {
            CallError::RateLimited { after, .. } => *after,
            _ => None,
        };
        let reason = error.to_string();
        let failure = CompanyFailure { cause, reason: &reason, probe };
        let pause = |failures| pause::pause(cause, failures, asked, clock::jitter());
        let trouble = self.store.note_company_failure(&self.company, failure, pause).await?;
        if let Some(trouble) = trouble.as_ref().filter(|trouble| !trouble.rest.is_zero()) {
            tracing::warn!(
                company = self.company,
                cause = trouble.cause.as_str(),
                failures = trouble.failures,
                rest_s = trouble.rest.as_secs(),
                reason,
                "the company is left in peace for a while"
            );
        }
        let permits = Permits { slots: Vec::new(), waiting: 0, trouble };
        self.learn(Instant::now(), &permits, None);
        Ok(())
    }

    async fn note_success(&self, probe: Option<Uuid>) -> Result<(), StoreError> {
        self.store.note_company_success(&self.company, probe).await?;
        if probe.is_some() {
            tracing::info!(company = self.company, "Intacct answers again");
        }
        self.refresh().await
    }

    /// Until when a permit is this process's own; `None` when it is not any more.
    fn until(&self, pass: &Pass) -> Option<Instant> {
        self.state().slots.get(&pass.slot).filter(|held| held.taken == pass.taken).map(|held| held.until)
    }
}

impl Pass {
    /// Whether its request is to show whether there are answers again: then one function is enough.
    pub fn is_to_show(&self) -> bool {
        self.probe.is_some() || self.trial.is_some()
    }

    /// Runs a request while the permit is ours; `None` when it was dropped because it was not any more.
    pub async fn guard<F: Future>(&self, request: F) -> Option<F::Output> {
        while_ours(|| self.door.until(self), request).await
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let (slot, taken) = (self.slot, self.taken);
        let leaving = self.door.state().slots.get_mut(&slot).filter(|held| held.taken == taken).is_some_and(|held| {
            held.busy = false;
            held.used = Instant::now();
            held.leaving
        });
        if leaving { self.door.left.notify_one() } else { self.door.freed.notify_one() }
    }
}

fn no_answer(error: StoreError) -> Closed {
    Closed { why: error.to_string(), after: AFTER_STORE_ERROR }
}

fn unreached(company: &str, count: u32) -> String {
    format!(
        "{count} requests in a row of this process had no answer from Intacct company '{company}', which is not \
         paused for all: this one sends nothing for a while, so that other replicas do; see whether this host reaches the gateway"
    )
}

fn describe(company: &str, trouble: &Trouble) -> String {
    let cause = match trouble.cause {
        PauseCause::Throttled => "asked for fewer requests",
        PauseCause::Offline => "does not answer",
        PauseCause::SignIn => "refuses the sign-in",
    };
    format!(
        "Intacct company '{company}' {cause} ({} in a row; the last: {}); nothing is sent for a while",
        trouble.failures, trouble.reason
    )
}
