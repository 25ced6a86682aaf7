//! A customer whose buyer changed is told so, change by change, each a document with the next revision.
//!
//! An update says the same however often it arrives, and there is one at a time for each customer. So one whose answer was
//! lost goes out again as it was stored, under its own control id: Intacct executes it, or says that it has.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::contact::{self, ContactEnd};
use super::send::{Answer, is_repeat};
use super::{Desk, LOOK_AGAIN, holds};
use crate::accounting::customer::CustomerRecord;
use crate::accounting::hash::hash_of;
use crate::accounting::hold::Hold;
use crate::intacct::functions::Function;
use crate::intacct::posting::PostingError;
use crate::intacct::posting::customer::{self, ship_to_name};
use crate::store::customer_card::{Card, Told};
use crate::store::document::{DocumentState, Outcome};
use crate::worker::order::{RunEnd, new_holds};

/// How telling a customer ended.
pub(super) enum UpdateEnd {
    /// Intacct has what the newest order says.
    Told,
    /// Refused; shown as a hold that keeps nothing back.
    Refused,
    /// Not now.
    Later { why: String, after: Option<Duration> },
}

/// What one update says; stored as the body of its document.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Change {
    part: Part,
    record: CustomerRecord,
    /// The address on the ship-to contact that the customer names from now on, as a hash.
    names_ship_to: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Part {
    Customer,
    ShipTo,
}

/// What came of one document.
enum Step {
    Posted(Box<Change>),
    Refused(Hold),
    Later { why: String, after: Option<Duration> },
}

/// A customer being told.
pub(super) struct Update<'a> {
    pub(super) desk: Desk<'a>,
    pub(super) card: &'a Card,
    pub(super) record: CustomerRecord,
    pub(super) told: Told,
}

impl Update<'_> {
    /// Sends what the customer was not told yet: its ship-to contact, then itself.
    pub(super) async fn run(mut self) -> Result<UpdateEnd, RunEnd> {
        let mut names_ship_to = None;
        while self.record.ship_to_hash().is_some_and(|hash| self.told.ship_to_hash.as_ref() != Some(&hash)) {
            if self.told.has_ship_to {
                if let Some(end) = self.advance(Part::ShipTo, None).await? {
                    return Ok(end);
                }
                continue;
            }
            match self.first_ship_to().await? {
                Ok(None) => {
                    self.told.ship_to_hash = self.record.ship_to_hash();
                    self.note().await?;
                }
                Ok(made) => {
                    names_ship_to = made;
                    break;
                }
                Err(end) => return Ok(end),
            }
        }
        while names_ship_to.is_some() && !self.told.has_ship_to
            || self.told.card_hash.as_ref() != Some(&self.record.card_hash())
        {
            if let Some(end) = self.advance(Part::Customer, names_ship_to.clone()).await? {
                return Ok(end);
            }
        }
        Ok(UpdateEnd::Told)
    }

    /// Makes the ship-to contact of a customer that has none; `None` when it needs none.
    async fn first_ship_to(&self) -> Result<Result<Option<String>, UpdateEnd>, RunEnd> {
        if self.record.ship_to().is_none() {
            return Ok(Ok(None));
        }
        let id = &self.card.intacct_id;
        Ok(match contact::make(&self.desk, &self.record, id).await? {
            ContactEnd::Ready(hash) => Ok(Some(hash)),
            ContactEnd::Held(hold) => {
                self.hold(&self.desk.ship_to_key(id, 1), Some(hold)).await?;
                Err(UpdateEnd::Refused)
            }
            ContactEnd::Later { why, after } => Err(UpdateEnd::Later { why, after }),
        })
    }

    /// Sends the next document of a part; an end when there is nothing more to do now.
    async fn advance(&mut self, part: Part, names_ship_to: Option<String>) -> Result<Option<UpdateEnd>, RunEnd> {
        let id = &self.card.intacct_id;
        let key = match part {
            Part::Customer => self.desk.key(id, self.told.revision + 1),
            Part::ShipTo => self.desk.ship_to_key(id, self.told.ship_to_revision + 1),
        };
        let change = Change { part, record: self.record.clone(), names_ship_to };
        match self.send(&key, change).await? {
            Step::Posted(change) => {
                self.apply(&change);
                self.note().await?;
                self.hold(&key, None).await?;
                Ok(None)
            }
            Step::Refused(hold) => {
                self.hold(&key, Some(hold)).await?;
                Ok(Some(UpdateEnd::Refused))
            }
            Step::Later { why, after } => Ok(Some(UpdateEnd::Later { why, after })),
        }
    }

    /// What the customer has after a change.
    fn apply(&mut self, change: &Change) {
        let told = &mut self.told;
        match change.part {
            Part::ShipTo => {
                told.ship_to_revision += 1;
                told.ship_to_hash = change.record.ship_to_hash();
            }
            Part::Customer => {
                told.revision += 1;
                told.card_hash = Some(change.record.card_hash());
                if let Some(hash) = &change.names_ship_to {
                    told.has_ship_to = true;
                    told.ship_to_revision = told.ship_to_revision.max(1);
                    told.ship_to_hash = Some(hash.clone());
                }
            }
        }
    }

    async fn note(&self) -> Result<(), RunEnd> {
        Ok(self.desk.store.note_told(&self.card.company, &self.card.intacct_id, &self.told).await?)
    }

    /// Shows why a document was refused, or that it no longer is.
    async fn hold(&self, key: &str, hold: Option<Hold>) -> Result<(), RunEnd> {
        let holds: Vec<Hold> = hold.into_iter().collect();
        Ok(self.desk.store.hold_document(&self.desk.connection.name, key, &new_holds(&holds)).await?)
    }

    /// Sends a document, or goes on with what is stored under its key: that comes first.
    async fn send(&self, key: &str, change: Change) -> Result<Step, RunEnd> {
        let mut change = change;
        if let Some(stored) = self.desk.stored(key).await? {
            let earlier = || -> Result<Change, RunEnd> {
                serde_json::from_value(stored.planned.body.clone())
                    .map_err(|error| RunEnd::retry(format!("{key} in the database cannot be read: {error}")))
            };
            match stored.state {
                DocumentState::Posted => return Ok(Step::Posted(Box::new(earlier()?))),
                _ if self.desk.underway(&stored) => {
                    return Ok(Step::Later { why: format!("{key} is being sent"), after: Some(LOOK_AGAIN) });
                }
                _ if stored.may_arrive() => {
                    let why = "it is sent again as it is, under its own control id".to_owned();
                    let outcome = Outcome::Absent { why };
                    self.desk
                        .store
                        .settle(&self.desk.connection.name, key, stored.attempts, "look-up", &outcome, None)
                        .await?;
                    change = earlier()?;
                }
                _ => {}
            }
        }
        let id = &self.card.intacct_id;
        let function = match self.function(&change) {
            Ok(function) => function,
            Err(error) => return Ok(Step::Refused(holds::incomplete(id, &error.to_string()))),
        };
        let (kind, hash) = match change.part {
            Part::Customer => ("customer", hash_of(&(change.record.card_hash(), &change.names_ship_to))),
            Part::ShipTo => ("contact", change.record.ship_to_hash().unwrap_or_default()),
        };
        let body = serde_json::to_value(&change).unwrap_or_default();
        let planned = self.desk.planned(key, kind, id, body, hash);
        let what = format!("an update of customer {id}");
        Ok(match self.desk.send(&planned, function).await? {
            Answer::Posted { .. } => Step::Posted(Box::new(change)),
            Answer::LookUp { error } if is_repeat(&error) => {
                self.settle(key, Outcome::Posted { record_no: self.card.record_no.clone() }).await?;
                Step::Posted(Box::new(change))
            }
            Answer::LookUp { error } => {
                self.settle(key, Outcome::Rejected { error: error.clone() }).await?;
                let remedy =
                    "Read Intacct's message and change what is in the way there; the buyer's next order tries again.";
                Step::Refused(holds::refused(id, &what, &error, remedy))
            }
            Answer::Refused { error, remedy } => Step::Refused(holds::refused(id, &what, &error, &remedy)),
            Answer::Later { why, after } => Step::Later { why, after },
            Answer::Busy => Step::Later { why: format!("{key} is being sent"), after: Some(LOOK_AGAIN) },
        })
    }

    fn function(&self, change: &Change) -> Result<Function, PostingError> {
        let (record, id, form) = (&change.record, &self.card.intacct_id, &self.desk.connection.customer_form);
        match change.part {
            Part::Customer => {
                let ship_to = change.names_ship_to.is_some().then(|| ship_to_name(id));
                customer::update(record, id, ship_to.as_deref(), form)
            }
            Part::ShipTo => {
                customer::update_ship_to(record, record.shipping.as_ref().unwrap_or(&record.billing), id, form)
            }
        }
    }

    async fn settle(&self, key: &str, outcome: Outcome) -> Result<(), RunEnd> {
        let attempts = self.desk.stored(key).await?.map_or(0, |stored| stored.attempts);
        Ok(self.desk.store.settle(&self.desk.connection.name, key, attempts, "look-up", &outcome, None).await?)
    }
}
