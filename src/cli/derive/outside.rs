//! What happened outside the shop: the optional `events.json` of a folder, derived together with its orders.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::output::{Held, Posting};
use crate::accounting::derive::{Derivation, EventDerivation, derive_events_with};
use crate::accounting::events::Events;
use crate::accounting::policy::Policy;
use crate::accounting::rulebook::Rulebook;

/// The file with the events.
pub(super) const EVENTS: &str = "events.json";

/// Events that were read.
#[derive(Debug)]
pub(super) struct Outside {
    events: Events,
    /// As it was read, for a copy.
    pub(super) content: Vec<u8>,
}

/// Events as they are printed.
#[derive(Debug, Serialize)]
pub(super) struct Booked {
    pub(super) documents: Vec<Posting>,
    pub(super) holds: Vec<Held>,
}

impl Outside {
    /// The events of a folder; `None` where it has none.
    ///
    /// # Errors
    /// The file cannot be read, or an event in it: which one, its field, and what is wrong.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let file = folder.join(EVENTS);
        let content = match std::fs::read(&file) {
            Ok(content) => content,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
        };
        let text = String::from_utf8(content.clone())
            .with_context(|| format!("{} is no UTF-8 text; save it as such", file.display()))?;
        let events = Events::from_json(text.trim_start_matches('\u{feff}')).with_context(|| {
            format!("{}; docs/posting-rules.md, Events outside the shop, shows how one is written", file.display())
        })?;
        Ok(Some(Self { events, content }))
    }

    /// Derives them, with the orders they may be about.
    pub(super) fn derive(&self, orders: &[Derivation], rulebook: &Rulebook, policy: &Policy) -> EventDerivation {
        derive_events_with(&self.events, orders, rulebook, policy)
    }
}

impl Booked {
    /// A derivation of events as it is printed.
    pub(super) fn of(derivation: &EventDerivation) -> Self {
        Self {
            documents: Posting::all(&derivation.documents, &derivation.holds),
            holds: derivation.holds.iter().map(Held::of).collect(),
        }
    }
}
