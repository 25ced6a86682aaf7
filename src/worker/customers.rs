//! The customer an order is posted to: known, found in Intacct, or created there once. Read [`ensure`] first.
//!
//! Whatever is created is a document of its own: its intent is stored before it is sent, and after a lost answer it is
//! looked up before it is sent again. What changes later is told by the [`keeper`], which no order waits for.

mod contact;
mod create;
mod holds;
pub mod keeper;
mod search;
mod send;
mod update;

use std::time::Duration;

use jiff::Timestamp;

use self::search::Search;
use super::connection::StoreConnection;
use super::gateway::{Cause, Failure};
use super::order::RunEnd;
use crate::accounting::customer::{BuyerIdentity, CustomerRecord};
use crate::accounting::derive::Derivation;
use crate::accounting::hold::Hold;
use crate::intacct::functions::Query;
use crate::intacct::lookup::{self, FoundCustomer};
use crate::store::Store;
use crate::store::customer_card::Wanted;

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

/// The order a buyer is read from.
#[derive(Debug, Clone, Copy)]
pub struct Occasion {
    /// BigCommerce's order id.
    pub order_id: u64,
    /// When it was placed (UTC).
    pub placed: Timestamp,
    /// The present moment (UTC).
    pub now: Timestamp,
}

/// What every step needs.
#[derive(Clone, Copy)]
struct Desk<'a> {
    store: &'a Store,
    connection: &'a StoreConnection,
    /// The order whose buyer it is about, and whose the costs are; `None` for what is told later of a buyer.
    order: Option<u64>,
    now: Timestamp,
}

/// Finds or creates the customer of an order's buyer.
///
/// # Errors
/// [`RunEnd`] when the database fails.
pub async fn ensure(
    store: &Store,
    connection: &StoreConnection,
    derivation: &Derivation,
    occasion: Occasion,
) -> Result<CustomerEnd, RunEnd> {
    let Some(record) = &derivation.customer else {
        return Ok(CustomerEnd::Held(holds::nobody(derivation.order_id)));
    };
    let desk = Desk { store, connection, order: Some(occasion.order_id), now: occasion.now };
    let identity = identity(&connection.name, &record.reference.identity);
    Search { desk, record, identity, occasion, uncertain: None }.run().await
}

/// The customer that documents of an order are posted to already. Asks Intacct only when it was inactive before.
///
/// # Errors
/// [`RunEnd`] when the database fails.
pub async fn again(
    store: &Store,
    connection: &StoreConnection,
    derivation: &Derivation,
    intacct_id: &str,
    now: Timestamp,
) -> Result<CustomerEnd, RunEnd> {
    if !store.is_inactive_customer(&connection.company, intacct_id).await? {
        return Ok(CustomerEnd::Linked(intacct_id.to_owned()));
    }
    let desk = Desk { store, connection, order: Some(derivation.order_id), now };
    let inactive = match desk.inactive(subject(derivation, intacct_id), intacct_id).await? {
        Ok(inactive) => inactive,
        Err(later) => return Ok(later),
    };
    Ok(inactive.map_or_else(|| CustomerEnd::Linked(intacct_id.to_owned()), CustomerEnd::Held))
}

/// Why documents of a customer were refused, when that is because it is not active: costs a look-up, so it is asked only
/// after a refusal.
///
/// # Errors
/// [`RunEnd`] when the database fails.
pub async fn after_refusal(
    store: &Store,
    connection: &StoreConnection,
    derivation: &Derivation,
    intacct_id: &str,
    now: Timestamp,
) -> Result<Option<Hold>, RunEnd> {
    let desk = Desk { store, connection, order: Some(derivation.order_id), now };
    // When Intacct does not answer, the refusal itself is all there is to say.
    Ok(desk.inactive(subject(derivation, intacct_id), intacct_id).await?.unwrap_or_default())
}

/// What holds for a buyer are about: by it all orders of the buyer are found again.
fn subject<'a>(derivation: &'a Derivation, intacct_id: &'a str) -> &'a str {
    derivation.customer.as_ref().map_or(intacct_id, |record| &record.reference.intacct_id)
}

/// The buyer's identity within a company. A guest is the same person in all of its stores; a customer number is not.
fn identity(store: &str, buyer: &BuyerIdentity) -> String {
    match buyer {
        BuyerIdentity::Registered(id) => format!("{store}:customer:{id}"),
        BuyerIdentity::Guest(email) => format!("guest:{email}"),
        BuyerIdentity::Summary(id) => format!("summary:{id}"),
    }
}

impl Desk<'_> {
    /// For whom something is sent.
    fn cause(&self) -> Cause {
        Cause { store: self.connection.name.clone(), order: self.order }
    }

    /// Asks Intacct for customers.
    async fn find(&self, query: Query) -> Result<Vec<FoundCustomer>, CustomerEnd> {
        let result = self.connection.gateway.read(self.cause(), query).await.map_err(later)?;
        lookup::customers(&result).map_err(|error| CustomerEnd::Later { why: error.to_string(), after: None })
    }

    /// Looks up whether a customer is active and remembers it; a hold when it is not.
    async fn inactive(&self, subject: &str, intacct_id: &str) -> Result<Result<Option<Hold>, CustomerEnd>, RunEnd> {
        let found = match self.find(lookup::customer_by_id(intacct_id)).await {
            Ok(found) => found,
            Err(later) => return Ok(Err(later)),
        };
        let Some(customer) = found.first() else { return Ok(Ok(None)) };
        self.store.note_customer_status(&self.connection.company, intacct_id, customer.active).await?;
        Ok(Ok((!customer.active).then(|| holds::inactive(subject, std::slice::from_ref(customer)))))
    }
}

/// A buyer as an order says, for the store.
fn wanted(store: &str, record: &CustomerRecord, occasion: Occasion) -> Wanted {
    Wanted {
        store: store.to_owned(),
        record: serde_json::to_value(record).unwrap_or_default(),
        as_of: occasion.placed,
        order_id: occasion.order_id,
        card_hash: record.card_hash(),
        ship_to_hash: record.ship_to_hash(),
    }
}

/// A record as it was stored.
fn read_back(key: &str, body: &serde_json::Value) -> Result<CustomerRecord, RunEnd> {
    serde_json::from_value(body.clone())
        .map_err(|error| RunEnd::retry(format!("{key} in the database cannot be read: {error}")))
}

fn later(failure: Failure) -> CustomerEnd {
    let (why, after) = failure.into_retry();
    CustomerEnd::Later { why: format!("the customer could not be looked up: {why}"), after }
}
