//! One order from due to recorded: read it, settle what is uncertain, derive, compare, post the difference.

use std::time::Duration;

use jiff::Timestamp;

use super::budget;
use super::by_hand;
use super::collect;
use super::connection::StoreConnection;
use super::customers::{self, CustomerEnd, Occasion};
use super::judge::{self, Judge, Judged, Rules};
use super::together;
use super::validation;
use super::waves::{self, WaveEnd};
use crate::accounting::derive::Derivation;
use crate::accounting::document::Document;
use crate::accounting::evidence::Evidence;
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::period;
use crate::accounting::policy::PostingMode;
use crate::accounting::summary;
use crate::bigcommerce::client::{OrderReading, ReadError};
use crate::store::by_hand::{Claim, ClaimState};
use crate::store::document::{DocumentState, StoredDocument};
use crate::store::exclusion::Exclusion;
use crate::store::hold::NewHold;
use crate::store::lane::Claimed;
use crate::store::order::OrderStanding;
use crate::store::way;
use crate::store::{Store, StoreError};

/// So long before a reading began an order must have been changed to be sure that the reading has everything of the second
/// it was changed in; most of it is for clocks that differ.
const SAME_SECOND: Duration = Duration::from_secs(3);

/// How a run ended.
#[derive(Debug)]
pub enum RunEnd {
    /// Everything that can be done is done and recorded.
    Done,
    /// Payment rows are not there yet; read again after this.
    WaitForPayment(Duration),
    /// Something failed that may work later.
    Retry {
        /// What.
        why: String,
        /// What the other side asked for.
        after: Option<Duration>,
    },
}

impl RunEnd {
    /// To be tried again after the usual back-off.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry { why: why.into(), after: None }
    }
}

impl From<StoreError> for RunEnd {
    fn from(error: StoreError) -> Self {
        Self::retry(error.to_string())
    }
}

/// One run of one order.
pub struct OrderRun<'a> {
    /// The store of record.
    pub store: &'a Store,
    /// The order's store.
    pub connection: &'a StoreConnection,
    /// Waits for payment data, one per re-read.
    pub waits: &'a [Duration],
    /// The present moment (UTC).
    pub now: Timestamp,
}

/// What came of sending.
#[derive(Default)]
struct Sent {
    customer_id: Option<String>,
    holds: Vec<Hold>,
    /// When it is to be gone on with later.
    retry: Option<RunEnd>,
}

/// An order as it was read.
struct Read {
    evidence: Evidence,
    hash: String,
    /// Since when it reads like this (UTC).
    since: Timestamp,
    /// Refused claims of postings by hand: they keep their documents back.
    claims: Vec<Claim>,
}

impl OrderRun<'_> {
    /// Runs the order once. Never panics on what it reads; anything unexpected is a hold or another try.
    pub async fn run(&self, lane: &Claimed) -> RunEnd {
        let end = match self.steps(lane).await {
            Ok(RunEnd::Done) => self.look_again(lane.order_id).await,
            end => end,
        };
        match end {
            Ok(end) | Err(end) => end,
        }
    }

    /// When everything is done but a request whose document was not sent again may still be under way: it is looked up once
    /// more when it no longer can be, since the order has changed and nobody else would.
    async fn look_again(&self, order_id: u64) -> Result<RunEnd, RunEnd> {
        let stored = self.store.documents(&self.connection.name, order_id).await?;
        let planned = stored.iter().filter(|document| document.state == DocumentState::Planned);
        let open = planned.filter_map(|document| Some((&document.planned.key, document.open_for?)));
        Ok(open.max_by_key(|(_, open_for)| *open_for).map_or(RunEnd::Done, |(key, open_for)| RunEnd::Retry {
            why: format!("{key}: its request may still be under way in Intacct; it is looked up once more"),
            after: Some(open_for),
        }))
    }

    async fn steps(&self, lane: &Claimed) -> Result<RunEnd, RunEnd> {
        let order_id = lane.order_id;
        if let Some(exclusion) = self.store.exclusion(&self.connection.name, order_id).await? {
            return self.excluded(order_id, &exclusion).await;
        }
        let claims = self.settle_claims(order_id).await?;
        let OrderReading { evidence, modified } = match self.read(order_id).await? {
            Ok(reading) => reading,
            Err(hold) => return self.held(order_id, None, vec![hold]).await,
        };
        let evidence_hash = evidence.content_hash();
        let facts = serde_json::to_value(&evidence).map_err(|error| RunEnd::retry(error.to_string()))?;
        let name = &self.connection.name;
        let since =
            self.store.keep_evidence(name, order_id, &evidence_hash, &facts, self.settled_change(modified)).await?;

        let stored = match self.settle_uncertain(order_id).await? {
            Ok(stored) => stored,
            Err(hold) => return self.held(order_id, Some(&evidence), vec![hold]).await,
        };
        let judge = Judge::new(self.store, &self.connection.name, &self.connection.policy);
        let Some(rules) = judge.newest_rules().await? else {
            let mut holds = vec![no_rulebook(&self.connection.name)];
            // All that rules will have to cover is told at once, so that they can be made from it.
            let missing = judge.derive(&evidence, Rules::none(), &stored).await?.derivation.holds;
            holds.extend(missing.into_iter().filter(|hold| hold.code == HoldCode::MissingRule));
            return self.held(order_id, Some(&evidence), holds).await;
        };
        let judged = judge.derive(&evidence, rules, &stored).await?;
        if let Some(wait) = self.wait_for_payment(&evidence, &judged.derivation, lane, &stored) {
            return Ok(RunEnd::WaitForPayment(wait));
        }
        self.post(&Read { evidence, hash: evidence_hash, since, claims }, &judge, judged, stored).await
    }

    /// Reads the order; the inner error is a hold: reading again would bring the same.
    async fn read(&self, order_id: u64) -> Result<Result<OrderReading, Hold>, RunEnd> {
        match self.connection.reader.read_order_and_change(order_id).await {
            Ok(reading) => Ok(Ok(reading)),
            Err(ReadError::Retry { why, after }) => Err(RunEnd::Retry { why, after }),
            // No other order can be read either; a person has to mend the connection, and then all of them go on.
            Err(error @ ReadError::Access { .. }) => Err(RunEnd::retry(error.to_string())),
            Err(error) => Ok(Err(Hold {
                code: HoldCode::UnreadableOrder,
                subject: format!("order {order_id}"),
                message: error.to_string(),
                remedy: "Open the order in BigCommerce and check what is named here, then replay the order.".to_owned(),
                amount: None,
                blocks: Blocks::Order,
            })),
        }
    }

    /// The order's time of change, when another change can no longer carry the same: it has whole seconds.
    fn settled_change(&self, modified: Option<Timestamp>) -> Option<Timestamp> {
        modified.filter(|modified| modified.saturating_add(SAME_SECOND).is_ok_and(|settled| settled < self.now))
    }

    /// Looks up every document whose last attempt nobody knows the end of, before anything else is sent.
    async fn settle_uncertain(&self, order_id: u64) -> Result<Result<Vec<StoredDocument>, Hold>, RunEnd> {
        let stored = self.store.documents(&self.connection.name, order_id).await?;
        let (mut looked, mut held) = (false, None);
        for group in together::sent_together(&stored) {
            if group.iter().any(|document| document.is_uncertain()) {
                looked = true;
                // What is held keeps nothing else from being looked up.
                if let Some(hold) = together::settle(self.store, &self.connection.gateway, &group).await? {
                    held.get_or_insert(hold);
                }
            }
        }
        match held {
            Some(hold) => Ok(Err(hold)),
            None if looked => Ok(Ok(self.store.documents(&self.connection.name, order_id).await?)),
            None => Ok(Ok(stored)),
        }
    }

    /// Looks up what somebody says was entered by hand; answers the claims that are refused. What nobody knows the end of is
    /// looked up first: what it finds is ours.
    async fn settle_claims(&self, order_id: u64) -> Result<Vec<Claim>, RunEnd> {
        let mut claims = self.store.standing_claims(&self.connection.name, order_id).await?;
        if claims.iter().any(|claim| claim.state == ClaimState::Open) {
            // A hold says that only a person can decide, and the claim is such a decision.
            let _ = self.settle_uncertain(order_id).await?;
            by_hand::settle(self.store, &self.connection.gateway, &claims).await?;
            claims = self.store.standing_claims(&self.connection.name, order_id).await?;
        }
        Ok(claims.into_iter().filter(|claim| claim.state == ClaimState::Refused).collect())
    }

    /// The webhook of a paid order can run ahead of its payment rows; `None` when there is nothing to wait for. It is the
    /// same for an order whose sale does not count yet: its payment is a deposit.
    fn wait_for_payment(
        &self,
        evidence: &Evidence,
        derivation: &Derivation,
        lane: &Claimed,
        stored: &[StoredDocument],
    ) -> Option<Duration> {
        let expects_rows = evidence.transactions.is_empty()
            && !derivation.open_balance.is_zero()
            && derivation.holds.iter().all(|hold| hold.code == HoldCode::PaymentDataMissing)
            && stored.is_empty();
        self.waits.get(lane.waits as usize).copied().filter(|_| expects_rows)
    }

    async fn post(
        &self,
        read: &Read,
        judge: &Judge<'_>,
        judged: Judged,
        stored: Vec<StoredDocument>,
    ) -> Result<RunEnd, RunEnd> {
        let (evidence, policy) = (&read.evidence, &self.connection.policy);
        let posted_by = judge::posted_by(&stored, judged.rules.revision);
        let mut difference = judge.difference(evidence, &judged, &stored, read.since).await?;
        let Judged { derivation, rules } = judged;
        let revision = rules.revision;
        let mut holds = difference.holds;
        holds.extend(by_hand::keep_back(&mut difference.to_post, &read.claims, &stored));

        let (mut customer_id, mut retry, mut collected) = (None, None, false);
        let batch = waves::Batch {
            store: self.store,
            connection: self.connection,
            evidence_hash: &read.hash,
            revision,
            posted_by: &posted_by,
            customer_id: "",
            attachment: None,
        };
        let begun = way::begun(&stored);
        let over_budget = budget::goes_daily(self.store, self.connection, evidence.order.id, begun).await?;
        let way = summary::way(begun.or(over_budget), &derivation.documents, policy);
        let checked = validation::check(self.connection, &difference.to_post, way == PostingMode::Daily).await?;
        // What Intacct would refuse keeps the whole order back, before anything of it is sent or summed up.
        let to_post: &[Document] = if checked.holds.is_empty() { &difference.to_post } else { &[] };
        holds.extend(checked.holds.iter().cloned());
        match way {
            // What is claimed to be in the books document by document is in no summary; the hold of the claim says so.
            PostingMode::Daily if !read.claims.is_empty() => {}
            PostingMode::Daily => {
                collected = collect::collect(&batch, evidence.order.id, to_post, &stored).await?;
            }
            PostingMode::Order | PostingMode::OrderEntry => {
                collect::withdraw(self.store, &self.connection.name, evidence.order.id, &stored).await?;
                if !to_post.is_empty() {
                    let sent = self.send(batch, evidence, &derivation, to_post, &stored).await?;
                    holds.extend(sent.holds);
                    (customer_id, retry) = (sent.customer_id, sent.retry);
                }
            }
        }
        let anything_posted = !self.store.documents(&self.connection.name, evidence.order.id).await?.is_empty();
        let mut standing =
            self.standing(evidence, &derivation, &read.hash, revision, customer_id, &holds, anything_posted);
        if collected && standing.outcome == "posted" {
            "collected".clone_into(&mut standing.outcome);
        }
        // What is refused is shown although something else has to be tried again.
        if retry.is_none() || !holds.is_empty() {
            self.store.save_standing(&standing, &new_holds(&holds)).await?;
            validation::watch(self.store, self.connection, evidence.order.id, &checked).await?;
        }
        Ok(retry.unwrap_or(RunEnd::Done))
    }

    /// Sends documents to the customer in Intacct, once there is one.
    async fn send(
        &self,
        batch: waves::Batch<'_>,
        evidence: &Evidence,
        derivation: &Derivation,
        documents: &[Document],
        stored: &[StoredDocument],
    ) -> Result<Sent, RunEnd> {
        let id = match self.customer(evidence, derivation, stored).await? {
            CustomerEnd::Linked(id) => id,
            CustomerEnd::Held(hold) => return Ok(Sent { holds: vec![hold], ..Sent::default() }),
            CustomerEnd::Later { why, after } => {
                return Ok(Sent { retry: Some(RunEnd::Retry { why, after }), ..Sent::default() });
            }
        };
        let (mut holds, retry) = match (waves::Batch { customer_id: &id, ..batch }).send(documents, stored).await? {
            WaveEnd::Through { holds } => (holds, None),
            WaveEnd::Interrupted { why, after, holds } => (holds, Some(RunEnd::Retry { why, after })),
        };
        if holds.iter().any(|hold| hold.code == HoldCode::RejectedByIntacct) {
            let inactive = customers::after_refusal(self.store, self.connection, derivation, &id, self.now).await?;
            holds.extend(inactive);
        }
        Ok(Sent { customer_id: Some(id), holds, retry })
    }

    /// The customer in Intacct: the one that the order's documents are posted to, so that they stay together; else the
    /// buyer's.
    async fn customer(
        &self,
        evidence: &Evidence,
        derivation: &Derivation,
        stored: &[StoredDocument],
    ) -> Result<CustomerEnd, RunEnd> {
        let posted = stored.iter().find(|document| document.state == DocumentState::Posted);
        match posted.map(|document| document.planned.customer_id.clone()).filter(|id| !id.is_empty()) {
            Some(id) => customers::again(self.store, self.connection, derivation, &id, self.now).await,
            None => {
                let (order_id, placed) = (evidence.order.id, evidence.order.created);
                let occasion = Occasion { order_id, placed, now: self.now };
                customers::ensure(self.store, self.connection, derivation, occasion).await
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the pieces of one row, gathered once")]
    fn standing(
        &self,
        evidence: &Evidence,
        derivation: &Derivation,
        evidence_hash: &str,
        revision: i64,
        customer_id: Option<String>,
        holds: &[Hold],
        anything_posted: bool,
    ) -> OrderStanding {
        let (outcome, reason) = judge::outcome(derivation, holds, anything_posted);
        let order = &evidence.order;
        OrderStanding {
            store: self.connection.name.clone(),
            order_id: order.id,
            outcome: outcome.to_owned(),
            reason,
            status: order.status.clone(),
            order_date: Some(period::posting_date(order.created, &self.connection.policy)),
            customer_id,
            currency: Some(order.currency.code().to_owned()),
            total: Some(derivation.order_total.amount),
            open_balance: Some(derivation.open_balance.amount),
            evidence_hash: Some(evidence_hash.to_owned()),
            revision: Some(revision),
            updated_at: None,
        }
    }

    /// Records an excluded order: it is read for its figures and judged no further.
    async fn excluded(&self, order_id: u64, exclusion: &Exclusion) -> Result<RunEnd, RunEnd> {
        let name = &self.connection.name;
        // One that cannot be read is excluded all the same.
        let read = self.read(order_id).await?.ok();
        if let Some(OrderReading { evidence, modified }) = &read {
            let facts = serde_json::to_value(evidence).map_err(|error| RunEnd::retry(error.to_string()))?;
            let modified = self.settled_change(*modified);
            self.store.keep_evidence(name, order_id, &evidence.content_hash(), &facts, modified).await?;
        }
        // A run that was under way when it was excluded may have planned something.
        let stored = self.store.documents(name, order_id).await?;
        if !self.store.collect(name, order_id, &[], &collect::stood(&stored)).await? {
            return Err(RunEnd::retry("its documents changed while its exclusion was recorded"));
        }
        let standing = OrderStanding {
            outcome: "excluded".to_owned(),
            reason: exclusion.told(),
            ..self.unjudged(order_id, read.as_ref().map(|read| &read.evidence))
        };
        self.store.save_standing(&standing, &[]).await?;
        Ok(RunEnd::Done)
    }

    /// Records an order that cannot be judged at all.
    async fn held(&self, order_id: u64, evidence: Option<&Evidence>, holds: Vec<Hold>) -> Result<RunEnd, RunEnd> {
        let reason = holds.iter().map(|hold| hold.message.as_str()).collect::<Vec<_>>().join("; ");
        let standing = OrderStanding { reason, ..self.unjudged(order_id, evidence) };
        self.store.save_standing(&standing, &new_holds(&holds)).await?;
        Ok(RunEnd::Done)
    }

    /// What is known of a held order without judging it.
    fn unjudged(&self, order_id: u64, evidence: Option<&Evidence>) -> OrderStanding {
        OrderStanding {
            store: self.connection.name.clone(),
            order_id,
            outcome: "held".to_owned(),
            reason: String::new(),
            status: evidence.map(|evidence| evidence.order.status.clone()).unwrap_or_default(),
            order_date: evidence.map(|evidence| period::posting_date(evidence.order.created, &self.connection.policy)),
            customer_id: None,
            currency: evidence.map(|evidence| evidence.order.currency.code().to_owned()),
            total: evidence.map(|evidence| evidence.order.totals.total_inc_tax),
            open_balance: None,
            evidence_hash: evidence.map(Evidence::content_hash),
            revision: None,
            updated_at: None,
        }
    }
}

/// Holds as they are stored.
pub(super) fn new_holds(holds: &[Hold]) -> Vec<NewHold> {
    holds
        .iter()
        .map(|hold| NewHold {
            code: hold.code.as_str().to_owned(),
            subject: hold.subject.clone(),
            message: hold.message.clone(),
            remedy: hold.remedy.clone(),
            amount: hold.amount.map(|money| money.amount),
            currency: hold.amount.map(|money| money.currency.code().to_owned()),
        })
        .collect()
}

fn no_rulebook(store: &str) -> Hold {
    Hold {
        code: HoldCode::MissingRule,
        subject: "rulebook".to_owned(),
        message: format!("store {store} has no rules yet"),
        remedy:
            "Make the mapping rules: /v1/stores/{store}/rules/unmapped lists what they must cover. The order is then \
                 posted by itself."
                .replace("{store}", store),
        amount: None,
        blocks: Blocks::Order,
    }
}
