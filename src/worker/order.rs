//! One order from due to recorded: read it, settle what is uncertain, derive, compare, post the difference.

use std::time::Duration;

use jiff::Timestamp;

use super::connection::StoreConnection;
use super::customers::{self, CustomerEnd};
use super::difference::{difference, keep_back};
use super::lookup;
use super::waves::{self, WaveEnd};
use crate::accounting::derive::{Derivation, Eligibility, derive};
use crate::accounting::evidence::Evidence;
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::period;
use crate::accounting::rulebook::Rulebook;
use crate::bigcommerce::client::ReadError;
use crate::store::document::{DocumentState, StoredDocument};
use crate::store::hold::NewHold;
use crate::store::lane::Claimed;
use crate::store::order::OrderStanding;
use crate::store::{Store, StoreError};

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

/// A derivation and the rulebook revision it was made with.
struct Judged {
    derivation: Derivation,
    revision: i64,
}

impl OrderRun<'_> {
    /// Runs the order once. Never panics on what it reads; anything unexpected is a hold or another try.
    pub async fn run(&self, lane: &Claimed) -> RunEnd {
        match self.steps(lane).await {
            Ok(end) | Err(end) => end,
        }
    }

    async fn steps(&self, lane: &Claimed) -> Result<RunEnd, RunEnd> {
        let order_id = lane.order_id;
        let evidence = match self.read(order_id).await? {
            Ok(evidence) => evidence,
            Err(hold) => return self.held(order_id, None, vec![hold]).await,
        };
        let evidence_hash = evidence.content_hash();
        let facts = serde_json::to_value(&evidence).map_err(|error| RunEnd::retry(error.to_string()))?;
        self.store.keep_evidence(&self.connection.name, order_id, &evidence_hash, &facts).await?;

        let stored = match self.settle_uncertain(order_id).await? {
            Ok(stored) => stored,
            Err(hold) => return self.held(order_id, Some(&evidence), vec![hold]).await,
        };
        let Some(judged) = self.judge(&evidence, None).await? else {
            return self.held(order_id, Some(&evidence), vec![no_rulebook(&self.connection.name)]).await;
        };
        if let Some(wait) = self.wait_for_payment(&evidence, &judged.derivation, lane, &stored) {
            return Ok(RunEnd::WaitForPayment(wait));
        }
        self.post(&evidence, &evidence_hash, judged, stored).await
    }

    /// Reads the order; the inner error is a hold: reading again would bring the same.
    async fn read(&self, order_id: u64) -> Result<Result<Evidence, Hold>, RunEnd> {
        match self.connection.reader.read_order(order_id).await {
            Ok(evidence) => Ok(Ok(evidence)),
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

    /// Looks up every document whose last attempt nobody knows the end of, before anything else is sent.
    async fn settle_uncertain(&self, order_id: u64) -> Result<Result<Vec<StoredDocument>, Hold>, RunEnd> {
        let stored = self.store.documents(&self.connection.name, order_id).await?;
        let uncertain = |d: &&StoredDocument| matches!(d.state, DocumentState::Sending | DocumentState::Unknown);
        let mut looked = false;
        for document in stored.iter().filter(uncertain) {
            looked = true;
            if let Some(hold) = lookup::settle(self.store, &self.connection.gateway, document).await? {
                return Ok(Err(hold));
            }
        }
        if looked { Ok(Ok(self.store.documents(&self.connection.name, order_id).await?)) } else { Ok(Ok(stored)) }
    }

    /// Derives under a revision of the rules, the newest when none is named; `None` when there are no rules at all.
    async fn judge(&self, evidence: &Evidence, revision: Option<i64>) -> Result<Option<Judged>, RunEnd> {
        let name = &self.connection.name;
        let found = match revision {
            Some(number) => self.store.rulebook_revision(name, number).await?,
            None => self.store.latest_rulebook(name).await?,
        };
        let Some(found) = found else { return Ok(None) };
        let rules = serde_json::from_value(found.rules)
            .map_err(|error| RunEnd::retry(format!("rulebook revision {} cannot be read: {error}", found.number)))?;
        let rulebook = Rulebook::new(rules).map_err(|problems| {
            RunEnd::retry(format!("rulebook revision {} is not valid: {problems:?}", found.number))
        })?;
        let derivation = derive(evidence, &rulebook, &self.connection.policy);
        Ok(Some(Judged { derivation, revision: found.number }))
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
        evidence: &Evidence,
        evidence_hash: &str,
        judged: Judged,
        stored: Vec<StoredDocument>,
    ) -> Result<RunEnd, RunEnd> {
        let order_id = evidence.order.id;
        let Judged { derivation, revision } = judged;
        let mut holds = derivation.holds.clone();
        let posted_revision = stored.iter().find(|d| d.state == DocumentState::Posted).and_then(|d| d.planned.revision);
        let as_posted = match posted_revision {
            Some(then) if then != revision => {
                self.judge(evidence, Some(then)).await?.map(|judged| judged.derivation.documents)
            }
            _ => None,
        };
        let as_posted = as_posted.unwrap_or_else(|| derivation.documents.clone());
        let mut difference = difference(derivation.documents.clone(), &as_posted, &stored);
        keep_back(&mut difference, &mut holds, &stored);
        holds.append(&mut difference.holds);

        let mut customer_id = None;
        let mut retry = None;
        if !difference.to_send.is_empty() {
            match customers::ensure(self.store, self.connection, &derivation, self.now).await? {
                CustomerEnd::Linked(id) => {
                    let batch = waves::Batch {
                        store: self.store,
                        connection: self.connection,
                        evidence_hash,
                        revision,
                        customer_id: &id,
                    };
                    match batch.send(&difference.to_send, &stored).await? {
                        WaveEnd::Through { holds: more } => holds.extend(more),
                        WaveEnd::Interrupted { why, after, holds: more } => {
                            holds.extend(more);
                            retry = Some(RunEnd::Retry { why, after });
                        }
                    }
                    customer_id = Some(id);
                }
                CustomerEnd::Held(hold) => holds.push(hold),
                CustomerEnd::Later { why, after } => retry = Some(RunEnd::Retry { why, after }),
            }
        }
        let anything_posted = !self.store.documents(&self.connection.name, order_id).await?.is_empty();
        let standing =
            self.standing(evidence, &derivation, evidence_hash, revision, customer_id, &holds, anything_posted);
        if retry.is_none() {
            self.store.save_standing(&standing, &new_holds(&holds)).await?;
        }
        Ok(retry.unwrap_or(RunEnd::Done))
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
        let (outcome, reason) = match &derivation.status {
            _ if !holds.is_empty() => ("held", holds.iter().map(|h| h.message.as_str()).collect::<Vec<_>>().join("; ")),
            Eligibility::Post => ("posted", String::new()),
            // Only deposits and the cost of goods are there: the sale itself waits.
            Eligibility::Waiting(reason) if !derivation.documents.is_empty() => ("waiting", reason.clone()),
            _ if anything_posted => ("posted", String::new()),
            Eligibility::Waiting(reason) => ("waiting", reason.clone()),
            Eligibility::Excluded(reason) => ("excluded", reason.clone()),
        };
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

    /// Records an order that cannot be judged at all.
    async fn held(&self, order_id: u64, evidence: Option<&Evidence>, holds: Vec<Hold>) -> Result<RunEnd, RunEnd> {
        let standing = OrderStanding {
            store: self.connection.name.clone(),
            order_id,
            outcome: "held".to_owned(),
            reason: holds.iter().map(|hold| hold.message.as_str()).collect::<Vec<_>>().join("; "),
            status: evidence.map(|evidence| evidence.order.status.clone()).unwrap_or_default(),
            order_date: evidence.map(|evidence| period::posting_date(evidence.order.created, &self.connection.policy)),
            customer_id: None,
            currency: evidence.map(|evidence| evidence.order.currency.code().to_owned()),
            total: evidence.map(|evidence| evidence.order.totals.total_inc_tax),
            open_balance: None,
            evidence_hash: evidence.map(Evidence::content_hash),
            revision: None,
            updated_at: None,
        };
        self.store.save_standing(&standing, &new_holds(&holds)).await?;
        Ok(RunEnd::Done)
    }
}

fn new_holds(holds: &[Hold]) -> Vec<NewHold> {
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
        remedy: "Enter the mapping rules (PUT /v1/stores/{store}/rules); the order is then posted by itself."
            .replace("{store}", store),
        amount: None,
        blocks: Blocks::Order,
    }
}
