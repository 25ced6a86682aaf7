//! The customer an order is posted to: known, found in Intacct by id or e-mail, or created there once.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::connection::StoreConnection;
use super::gateway::{Failure, Sent};
use super::order::RunEnd;
use crate::accounting::customer::{BuyerIdentity, CustomerRecord};
use crate::accounting::derive::Derivation;
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::intacct::functions::Query;
use crate::intacct::lookup::{self, FoundCustomer};
use crate::intacct::posting;
use crate::store::Store;
use crate::store::customer::LinkedCustomer;
use crate::store::document::{DocumentState, Outcome, PlannedDocument, StoredDocument};

/// When to look again while another run is creating the customer.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// How the search ended.
#[derive(Debug)]
pub enum CustomerEnd {
    /// CUSTOMERID in Intacct.
    Linked(String),
    /// Only a person can decide.
    Held(Hold),
    /// Not now.
    Later {
        /// Why.
        why: String,
        /// When, at the earliest.
        after: Option<Duration>,
    },
}

/// Finds or creates the customer of an order's buyer.
///
/// # Errors
/// [`RunEnd`] when the database fails.
pub async fn ensure(
    store: &Store,
    connection: &StoreConnection,
    derivation: &Derivation,
    now: Timestamp,
) -> Result<CustomerEnd, RunEnd> {
    let Some(record) = &derivation.customer else {
        return Ok(CustomerEnd::Held(incomplete(
            format!("order {}", derivation.order_id),
            "the order names nobody to bill: no customer, no e-mail and no name".to_owned(),
        )));
    };
    let search =
        Search { store, connection, record, identity: identity(&connection.name, &record.reference.identity), now };
    search.run().await
}

/// The buyer's identity within a company. A guest is the same person in all of its stores; a customer number is not.
fn identity(store: &str, buyer: &BuyerIdentity) -> String {
    match buyer {
        BuyerIdentity::Registered(id) => format!("{store}:customer:{id}"),
        BuyerIdentity::Guest(email) => format!("guest:{email}"),
        BuyerIdentity::Summary(id) => format!("summary:{id}"),
    }
}

struct Search<'a> {
    store: &'a Store,
    connection: &'a StoreConnection,
    record: &'a CustomerRecord,
    identity: String,
    now: Timestamp,
}

impl Search<'_> {
    async fn run(&self) -> Result<CustomerEnd, RunEnd> {
        if let Some(known) = self.store.linked_customer(&self.connection.company, &self.identity).await? {
            return Ok(CustomerEnd::Linked(known.intacct_id));
        }
        let wanted = &self.record.reference.intacct_id;
        match self.find(lookup::customer_by_id(wanted)).await {
            Ok(found) => {
                if let Some(found) = found.first() {
                    return self.link(found, "external-id").await;
                }
            }
            Err(later) => return Ok(later),
        }
        if let BuyerIdentity::Summary(id) = &self.record.reference.identity {
            return Ok(CustomerEnd::Held(incomplete(
                id.clone(),
                format!("the customer rule names {id}, and there is no such customer in Intacct"),
            )));
        }
        if !self.record.email.trim().is_empty() {
            match self.find(lookup::customer_by_email(&self.record.email)).await {
                Ok(found) => match found.as_slice() {
                    [] => {}
                    [one] => return self.link(one, "e-mail").await,
                    several => return Ok(CustomerEnd::Held(ambiguous(wanted, several))),
                },
                Err(later) => return Ok(later),
            }
        }
        self.create().await
    }

    async fn find(&self, query: Query) -> Result<Vec<FoundCustomer>, CustomerEnd> {
        let result = self.connection.gateway.read(query).await.map_err(later)?;
        lookup::customers(&result).map_err(|error| CustomerEnd::Later { why: error.to_string(), after: None })
    }

    async fn link(&self, found: &FoundCustomer, found_by: &str) -> Result<CustomerEnd, RunEnd> {
        let customer =
            LinkedCustomer { intacct_id: found.customer_id.clone(), record_no: found.record_number.to_string() };
        self.store.link_customer(&self.connection.company, &self.identity, &customer, found_by).await?;
        // A creation whose answer was lost has now been found.
        if let Some(document) = self.store.document(&self.key()).await?
            && matches!(document.state, DocumentState::Sending | DocumentState::Unknown)
        {
            let outcome = Outcome::Posted { record_no: customer.record_no };
            self.store.settle(&self.key(), document.attempts, "look-up", &outcome, None).await?;
        }
        Ok(CustomerEnd::Linked(customer.intacct_id))
    }

    fn key(&self) -> String {
        format!("{}/customer/{}/r1", self.connection.name, self.record.reference.intacct_id)
    }

    async fn create(&self) -> Result<CustomerEnd, RunEnd> {
        let (key, wanted) = (self.key(), &self.record.reference.intacct_id);
        if let Some(document) = self.store.document(&key).await? {
            if self.underway(&document) {
                return Ok(CustomerEnd::Later {
                    why: format!("customer {wanted} is being created for another order"),
                    after: Some(LOOK_AGAIN),
                });
            }
            if matches!(document.state, DocumentState::Sending | DocumentState::Unknown) {
                let outcome = Outcome::NotThere { why: format!("no customer {wanted} was found") };
                self.store.settle(&key, document.attempts, "look-up", &outcome, None).await?;
            }
        }
        let function = match posting::customer(self.record, wanted) {
            Ok(function) => function,
            Err(error) => return Ok(CustomerEnd::Held(incomplete(wanted.clone(), error.to_string()))),
        };
        self.store.plan(&[self.planned(&key)]).await?;
        let (body, hash) = (function.body(), function.body_hash());
        let Some(attempt) = self.store.begin_sending(&key, &body, &hash).await? else {
            let why = format!("customer {wanted} is being created for another order");
            return Ok(CustomerEnd::Later { why, after: Some(LOOK_AGAIN) });
        };
        let sent = self.connection.gateway.write(&key, function).await;
        self.settle(&key, attempt, sent).await
    }

    /// Whether another run is creating the customer right now.
    fn underway(&self, document: &StoredDocument) -> bool {
        let recent = |at: Timestamp| self.now.duration_since(at).unsigned_abs() < self.connection.answer_within;
        document.state == DocumentState::Sending && document.sent_at.is_some_and(recent)
    }

    async fn settle(&self, key: &str, attempt: i32, sent: Result<Sent, Failure>) -> Result<CustomerEnd, RunEnd> {
        let wanted = self.record.reference.intacct_id.clone();
        let (outcome, answer, end) = match sent {
            Ok(Sent { record_no, answer }) => {
                let customer = LinkedCustomer { intacct_id: wanted.clone(), record_no: record_no.clone() };
                self.store.settle(key, attempt, "send", &Outcome::Posted { record_no }, Some(&answer)).await?;
                self.store.link_customer(&self.connection.company, &self.identity, &customer, "created").await?;
                return Ok(CustomerEnd::Linked(wanted));
            }
            // Somebody was faster, or our own answer was lost: the next run finds it by its id.
            Err(Failure::AlreadyRecorded { error, answer }) => (
                Outcome::Unknown { error: error.clone() },
                Some(answer),
                CustomerEnd::Later { why: error, after: Some(LOOK_AGAIN) },
            ),
            Err(Failure::Refused { error, remedy, answer }) => {
                let mut hold = incomplete(wanted, format!("Intacct refused the customer: {error}"));
                hold.remedy = remedy;
                (Outcome::Rejected { error }, Some(answer), CustomerEnd::Held(hold))
            }
            Err(Failure::NotExecuted { why, after, answer }) => {
                (Outcome::NotThere { why: why.clone() }, answer, CustomerEnd::Later { why, after })
            }
            Err(Failure::Unknown { why, answer }) => {
                (Outcome::Unknown { error: why.clone() }, answer, CustomerEnd::Later { why, after: None })
            }
        };
        self.store.settle(key, attempt, "send", &outcome, answer.as_deref()).await?;
        Ok(end)
    }

    fn planned(&self, key: &str) -> PlannedDocument {
        let wanted = &self.record.reference.intacct_id;
        PlannedDocument {
            key: key.to_owned(),
            store: self.connection.name.clone(),
            order_id: None,
            kind: "customer".to_owned(),
            number: wanted.clone(),
            customer_id: wanted.clone(),
            currency: None,
            total: None,
            posting_date: None,
            body: serde_json::to_value(self.record).unwrap_or_else(|_| json!({})),
            content_hash: String::new(),
            evidence_hash: None,
            revision: None,
            lines: Vec::new(),
        }
    }
}

fn later(failure: Failure) -> CustomerEnd {
    let (why, after) = failure.into_retry();
    CustomerEnd::Later { why: format!("the customer could not be looked up: {why}"), after }
}

fn incomplete(subject: String, message: String) -> Hold {
    Hold {
        code: HoldCode::CustomerIncomplete,
        subject,
        message,
        remedy:
            "Complete the billing address of the order in BigCommerce, or create the customer in Intacct under the \
                 id named here, or add a customer rule that names a summary customer; then replay the order."
                .to_owned(),
        amount: None,
        blocks: Blocks::Order,
    }
}

fn ambiguous(wanted: &str, found: &[FoundCustomer]) -> Hold {
    let ids: Vec<&str> = found.iter().map(|found| found.customer_id.as_str()).collect();
    incomplete(
        wanted.to_owned(),
        format!("{} customers in Intacct have the buyer's e-mail address: {}", ids.len(), ids.join(", ")),
    )
}
