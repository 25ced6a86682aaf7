//! Events to journals: what happened outside the shop, each as one journal entry that balances, or as a hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::document::Document;
use super::super::events::{Dispute, Event, Events};
use super::super::hold::Hold;
use super::super::policy::Policy;
use super::super::rulebook::Rulebook;
use super::Derivation;

mod clerk;
mod dispute;
mod entries;
mod payout;
mod sold;

use clerk::Clerk;

/// What the ledger should contain for the events of one store, and what keeps some of it from there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventDerivation {
    /// The store's name.
    pub store: String,
    /// The journals, in the order of the events. Those of a closed period are among them, each with a hold that blocks it.
    pub documents: Vec<Document>,
    /// Every reason not to post, all at once. Each blocks one document.
    pub holds: Vec<Hold>,
}

/// Decides the accounting of events. Pure, like [`super::derive`]: the same input gives the same bytes, for ever.
pub fn derive_events(events: &Events, rulebook: &Rulebook, policy: &Policy) -> EventDerivation {
    derive_events_with(events, &[], rulebook, policy)
}

/// The same, with the orders the events are about as far as they are known: then the tax of a lost dispute need not be
/// given with the event, and what is given is checked against what was sold and is not refunded yet.
pub fn derive_events_with(
    events: &Events,
    orders: &[Derivation],
    rulebook: &Rulebook,
    policy: &Policy,
) -> EventDerivation {
    let orders: BTreeMap<u64, &Derivation> = orders.iter().map(|order| (order.order_id, order)).collect();
    let disputes: BTreeMap<String, &Dispute> = events.list().iter().filter_map(opening).collect();
    let mut clerk = Clerk::new(rulebook, policy, orders, disputes);
    let mut documents = Vec::new();
    for event in events.list() {
        match event {
            Event::Payout(payout) => documents.extend(payout::payout(&mut clerk, event, payout)),
            Event::DisputeOpened(dispute) => documents.extend(dispute::opened(&mut clerk, event, dispute)),
            Event::DisputeWon(dispute) => documents.extend(dispute::won(&mut clerk, event, dispute)),
            Event::DisputeLost(dispute) => documents.extend(dispute::lost(&mut clerk, event, dispute)),
            Event::TaxRemitted(tax) => documents.extend(entries::tax_remitted(&mut clerk, event, tax)),
            Event::Breakage(breakage) => documents.extend(entries::breakage(&mut clerk, event, breakage)),
            Event::Goodwill(given) | Event::CardIssued(given) => {
                documents.extend(entries::goodwill(&mut clerk, event, given));
            }
            Event::FeeKept(fee) => documents.extend(entries::fee_kept(&mut clerk, event, fee)),
        }
    }
    EventDerivation { store: policy.store.clone(), documents, holds: clerk.into_holds() }
}

/// A dispute that opens, by its name.
fn opening(event: &Event) -> Option<(String, &Dispute)> {
    if let Event::DisputeOpened(dispute) = event { Some((event.name(), dispute)) } else { None }
}
