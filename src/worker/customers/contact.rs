//! The ship-to contact of a customer: made once, before the customer names it.
//!
//! Names of contacts are unique in a company, so a contact of our name is either ours, from a request whose answer was
//! lost, or in the way. What is on it tells.

use std::time::Duration;

use super::send::Answer;
use super::{Desk, LOOK_AGAIN, holds, read_back};
use crate::accounting::customer::{CustomerRecord, tidy};
use crate::accounting::hold::Hold;
use crate::intacct::lookup::{self, FoundContact};
use crate::intacct::posting::customer::{self, ship_to_name};
use crate::intacct::text;
use crate::store::document::{DocumentState, Outcome, StoredDocument};
use crate::worker::order::RunEnd;

/// What came of making it.
pub(super) enum ContactEnd {
    /// It is in Intacct and holds the address with this hash.
    Ready(String),
    /// Only a person can decide.
    Held(Hold),
    /// Not now.
    Later { why: String, after: Option<Duration> },
}

/// Makes the ship-to contact of a customer unless it is there.
pub(super) async fn make(desk: &Desk<'_>, record: &CustomerRecord, customer_id: &str) -> Result<ContactEnd, RunEnd> {
    let key = desk.ship_to_key(customer_id, 1);
    let mut first = None;
    if let Some(stored) = desk.stored(&key).await? {
        match stored.state {
            DocumentState::Posted => return Ok(ContactEnd::Ready(stored.planned.content_hash)),
            _ if desk.underway(&stored) => return Ok(busy(customer_id)),
            _ if stored.may_arrive() => {
                if let Some(end) = look_up(desk, &stored).await? {
                    return Ok(end);
                }
                // What may still arrive is sent again as it was, whatever this order says.
                first = desk.record_under_way(&key).await?;
            }
            _ => {}
        }
    }
    let record = first.as_ref().unwrap_or(record);
    let Some(to) = record.ship_to() else {
        return Err(RunEnd::retry(format!("{key} in the database names no address to ship to")));
    };
    let function = match customer::create_ship_to(record, to, customer_id, &desk.connection.customer_form) {
        Ok(function) => function,
        Err(error) => return Ok(ContactEnd::Held(holds::incomplete(customer_id, &error.to_string()))),
    };
    let hash = record.ship_to_hash().unwrap_or_default();
    let body = serde_json::to_value(record).unwrap_or_default();
    let planned = desk.planned(&key, "contact", customer_id, body, hash.clone());
    Ok(match desk.send(&planned, function).await? {
        Answer::Posted { .. } => ContactEnd::Ready(hash),
        Answer::LookUp { error } => look_up_now(desk, &key, error).await?,
        // What this order says may be taken where the earlier was not.
        Answer::Refused { error, .. } if first.is_some() => ContactEnd::Later { why: error, after: None },
        Answer::Refused { error, remedy } => {
            let what = format!("the contact '{}'", ship_to_name(customer_id));
            ContactEnd::Held(holds::refused(customer_id, &what, &error, &remedy))
        }
        Answer::Later { why, after } => ContactEnd::Later { why, after },
        Answer::Busy => busy(customer_id),
    })
}

fn busy(customer_id: &str) -> ContactEnd {
    let why = format!("the ship-to contact of customer {customer_id} is being created for another order");
    ContactEnd::Later { why, after: Some(LOOK_AGAIN) }
}

async fn look_up_now(desk: &Desk<'_>, key: &str, error: String) -> Result<ContactEnd, RunEnd> {
    let found = match desk.stored(key).await? {
        Some(stored) => look_up(desk, &stored).await?,
        None => None,
    };
    Ok(found.unwrap_or(ContactEnd::Later { why: error, after: None }))
}

/// Looks for the contact of a document whose end nobody knows; `None` when it is not there and may be sent again.
async fn look_up(desk: &Desk<'_>, stored: &StoredDocument) -> Result<Option<ContactEnd>, RunEnd> {
    let key = &stored.planned.key;
    let sent = read_back(key, &stored.planned.body)?;
    let name = ship_to_name(&stored.planned.customer_id);
    let result = match desk.connection.gateway.read(desk.cause(), lookup::contact_by_name(&name)).await {
        Ok(result) => result,
        Err(failure) => {
            let (why, after) = failure.into_retry();
            let why = format!("contact '{name}' could not be looked up: {why}");
            return Ok(Some(ContactEnd::Later { why, after }));
        }
    };
    let found = match lookup::contacts(&result) {
        Ok(found) => found,
        Err(error) => return Ok(Some(ContactEnd::Later { why: error.to_string(), after: None })),
    };
    let (outcome, end) = match found.first() {
        None => (Outcome::Absent { why: format!("no contact '{name}' was found") }, None),
        Some(contact) if is_as_sent(contact, &sent) => (
            Outcome::Posted { record_no: contact.record_number.to_string() },
            Some(ContactEnd::Ready(stored.planned.content_hash.clone())),
        ),
        Some(_) => {
            let hold = holds::contact_taken(&stored.planned.customer_id, &name);
            (Outcome::Unknown { error: hold.message.clone() }, Some(ContactEnd::Held(hold)))
        }
    };
    desk.store.settle(&stored.planned.store, key, stored.attempts, "look-up", &outcome, Some(&result.raw)).await?;
    Ok(end)
}

/// Whether a contact is what was sent, as far as Intacct keeps texts as they are: capitals and blanks do not count.
fn is_as_sent(contact: &FoundContact, sent: &CustomerRecord) -> bool {
    let Some(to) = &sent.shipping else { return false };
    let same = |there: &str, sent: &str, longest: usize| {
        tidy(there).to_lowercase() == text::cut(&tidy(sent), longest).to_lowercase()
    };
    same(&contact.print_as, &customer::addressee(sent, to), text::NAME)
        && same(&contact.street, &to.street_1, text::STREET)
        && same(&contact.city, &to.city, text::CITY)
        && same(&contact.postal_code, &to.zip, text::POSTAL_CODE)
}
