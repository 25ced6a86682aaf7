//! Reading events: what is wrong with a list is named by the event's place, its field, and what to write instead.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde_path_to_error::Segment;

use super::super::money::Currency;
use super::{Dispute, Event, Events, Goodwill, Payout};

/// The longest id of an event and the longest name of a gateway, in characters: document keys must fit Intacct.
const LONGEST_NAME: usize = 64;

/// Why a list of events cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsError {
    /// Which event, counted from 1; `None` when the text is no list at all.
    pub position: Option<usize>,
    /// Its kind, for example `payout`, when that could be read.
    pub event: Option<String>,
    /// The field, for example `in_base.rate`, when it is about one.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for EventsError {
    /// `event 2 (payout), field 'net': '1,5' is not an amount ...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "event {position}")?,
            None => f.write_str("the events")?,
        }
        if let Some(event) = &self.event {
            write!(f, " ({event})")?;
        }
        if let Some(field) = &self.field {
            write!(f, ", field '{field}'")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for EventsError {}

impl Events {
    /// Reads a list of events from JSON.
    ///
    /// # Errors
    /// [`EventsError`] for the first that is wrong: no list, unknown kinds or fields, amounts that are no text, and what
    /// [`Events::new`] refuses.
    pub fn from_json(text: &str) -> Result<Self, EventsError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let events: Vec<Event> = serde_path_to_error::deserialize(&mut reader).map_err(|error| located(&error))?;
        reader.end().map_err(|error| EventsError {
            position: None,
            event: None,
            field: None,
            message: format!("there is something behind the list: {error}"),
        })?;
        Self::new(events)
    }

    /// Checks a list of events.
    ///
    /// # Errors
    /// [`EventsError`] for the first that is wrong: names that do not fit document keys, amounts that are below zero where
    /// they cannot be or no whole minor units, fields that do not go together, two events of one kind with the same name.
    pub fn new(events: Vec<Event>) -> Result<Self, EventsError> {
        let mut known: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for (event, position) in events.iter().zip(1..) {
            let wrong = |(field, message): (&str, String)| EventsError {
                position: Some(position),
                event: Some(event.kind().to_owned()),
                field: Some(field.to_owned()),
                message,
            };
            check(event).map_err(wrong)?;
            if let Some(first) = known.insert((event.kind(), event.name()), position) {
                return Err(wrong(("id", format!("event {first} has the same kind, gateway and id"))));
            }
        }
        Ok(Self(events))
    }
}

impl TryFrom<Vec<Event>> for Events {
    type Error = EventsError;

    fn try_from(events: Vec<Event>) -> Result<Self, EventsError> {
        Self::new(events)
    }
}

impl From<Events> for Vec<Event> {
    fn from(events: Events) -> Vec<Event> {
        events.0
    }
}

/// What the reader says, with the place it says it of.
fn located(error: &serde_path_to_error::Error<serde_json::Error>) -> EventsError {
    let (mut position, mut event, mut field) = (None, None, String::new());
    for segment in error.path() {
        match segment {
            Segment::Seq { index } if position.is_none() => position = Some(index + 1),
            Segment::Seq { index } => field.push_str(&format!("[{}]", index + 1)),
            Segment::Enum { variant: name } | Segment::Map { key: name } => {
                if event.is_none() {
                    event = Some(name.clone());
                } else if name != "?" {
                    field.push_str(if field.is_empty() { "" } else { "." });
                    field.push_str(name);
                }
            }
            Segment::Unknown => {}
        }
    }
    let message = error.inner().to_string();
    // What is missing has no place in the text, so the reader names it in words only.
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        field.push_str(if field.is_empty() { "" } else { "." });
        field.push_str(name);
    }
    EventsError { position, event, field: Some(field).filter(|field| !field.is_empty()), message }
}

/// What the types cannot check: the field and what is wrong with it.
type Wrong = (&'static str, String);

fn check(event: &Event) -> Result<(), Wrong> {
    name("id", event.id())?;
    if let Some(gateway) = event.gateway() {
        let plain = gateway.chars().any(|c| c.is_ascii_alphanumeric());
        if !plain || gateway.chars().count() > LONGEST_NAME {
            let message = format!("'{}' must have a letter or a digit, and {LONGEST_NAME} characters at most", gateway);
            return Err(("gateway", message));
        }
    }
    let currency = event.currency();
    match event {
        Event::Payout(payout) => check_payout(payout, currency),
        Event::DisputeOpened(dispute) => {
            check_dispute(dispute, currency)?;
            none("opened", dispute.opened.is_none(), "is only for a dispute that is decided")?;
            none("tax_recoverable", !dispute.tax_recoverable, "is only for a dispute that is lost")
        }
        Event::DisputeWon(dispute) => {
            check_dispute(dispute, currency)?;
            none("tax_recoverable", !dispute.tax_recoverable, "is only for a dispute that is lost")
        }
        Event::DisputeLost(dispute) => check_dispute(dispute, currency),
        Event::TaxRemitted(tax) => {
            none("tax", !tax.tax.trim().is_empty(), "is empty: name the tax as orders do")?;
            positive("due", tax.due, currency)?;
            not_below_zero("allowance", tax.allowance, currency)?;
            not_below_zero("paid", tax.paid, currency)
        }
        Event::Breakage(breakage) => positive("amount", breakage.amount, currency),
        Event::Goodwill(goodwill) | Event::CardIssued(goodwill) => check_goodwill(goodwill, currency),
        Event::FeeKept(fee) => positive("amount", fee.amount, currency),
    }
}

fn check_payout(payout: &Payout, currency: Currency) -> Result<(), Wrong> {
    not_below_zero("gross", payout.gross, currency)?;
    not_below_zero("fees_kept", payout.fees_kept, currency)?;
    let signed =
        [("fees", payout.fees), ("refunds", payout.refunds), ("disputes", payout.disputes), ("net", payout.net)];
    for (field, amount) in signed {
        whole(field, amount, currency)?;
    }
    let Some(in_base) = &payout.in_base else { return Ok(()) };
    let says_something = in_base.bank.is_some() || in_base.rate.is_some() || in_base.carried.is_some();
    none("in_base", says_something, "says nothing: give bank, rate or carried, or leave it out")?;
    let rate = in_base.rate.unwrap_or(Decimal::ONE);
    none("in_base.rate", rate > Decimal::ZERO, "must be above zero")
}

fn check_dispute(dispute: &Dispute, currency: Currency) -> Result<(), Wrong> {
    positive("amount", dispute.amount, currency)?;
    not_below_zero("fee", dispute.fee, currency)?;
    if let Some(opened) = dispute.opened.filter(|opened| *opened > dispute.date) {
        return Err(("opened", format!("{opened} is after {}", dispute.date)));
    }
    none("taxes", dispute.taxes.is_empty() || dispute.tax_recoverable, "needs tax_recoverable to be true")?;
    for tax in &dispute.taxes {
        none("taxes", !tax.name.trim().is_empty(), "has a tax without a name: name it as orders do")?;
        positive("taxes", tax.amount, currency)?;
    }
    Ok(())
}

fn check_goodwill(goodwill: &Goodwill, currency: Currency) -> Result<(), Wrong> {
    positive("amount", goodwill.amount, currency)?;
    let somebody = goodwill.order.is_some() || goodwill.customer.is_some();
    none("order", somebody, "is missing: name the order or the customer it was given for")
}

/// Names become part of document keys and numbers.
fn name(field: &'static str, text: &str) -> Result<(), Wrong> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let fits = plain && !text.is_empty() && text.len() <= LONGEST_NAME;
    let shown: String = text.chars().take(LONGEST_NAME).collect();
    let message = || format!("'{shown}' must be 1 to {LONGEST_NAME} letters, digits, '-', '_' or '.'");
    if fits { Ok(()) } else { Err((field, message())) }
}

fn none(field: &'static str, good: bool, message: &str) -> Result<(), Wrong> {
    if good { Ok(()) } else { Err((field, message.to_owned())) }
}

fn whole(field: &'static str, amount: Decimal, currency: Currency) -> Result<(), Wrong> {
    if currency.round(amount) == amount {
        return Ok(());
    }
    let decimals = currency.minor_units();
    Err((field, format!("{amount} has more decimals than {currency}, which has {decimals}")))
}

fn not_below_zero(field: &'static str, amount: Decimal, currency: Currency) -> Result<(), Wrong> {
    none(field, amount >= Decimal::ZERO, &format!("{amount} is below zero"))?;
    whole(field, amount, currency)
}

fn positive(field: &'static str, amount: Decimal, currency: Currency) -> Result<(), Wrong> {
    none(field, amount > Decimal::ZERO, &format!("{amount} must be above zero"))?;
    whole(field, amount, currency)
}
