//! The derivation: what the ledger should contain for one order.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::customer::{BuyerIdentity, CustomerRecord, CustomerRef};
use super::document::Document;
use super::evidence::Evidence;
use super::hold::{Hold, HoldCode};
use super::money::Money;
use super::period::{closed, posting_date};
use super::policy::Policy;
use super::rulebook::Rulebook;
use super::totals::{Reckoning, TotalsProblem, reckon};

mod buyer;
#[cfg(test)]
mod cases;
mod changes;
mod charges;
mod context;
mod corrections;
#[cfg(test)]
mod corrections_specs;
#[cfg(test)]
mod currency_specs;
mod eligibility;
mod events;
#[cfg(test)]
mod events_specs;
#[cfg(test)]
mod examples;
mod exchange;
#[cfg(test)]
mod exchange_specs;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod histories;
mod invoice;
mod open_items;
#[cfg(test)]
mod properties;
mod refunds;
#[cfg(test)]
mod specs;
mod split;
mod taxes;
mod tenders;

pub use changes::{AsPosted, Difference, Ledger};
pub use events::{EventDerivation, derive_events, derive_events_with};
#[cfg(test)]
pub(crate) use examples::examples;

use context::{Context, Desk, Holds};
use invoice::Sale;

/// Whether an order is posted at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum Eligibility {
    /// It is posted, unless a hold keeps it.
    Post,
    /// Not yet: its status is not one of those that are posted. The reason says which.
    Waiting(String),
    /// Never. The reason says why.
    Excluded(String),
}

/// What the ledger should contain for one order, and what keeps it from there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Derivation {
    /// The store's name.
    pub store: String,
    /// BigCommerce's order id.
    pub order_id: u64,
    /// Whether it is posted at all.
    pub status: Eligibility,
    /// Whether what was posted before is to be taken back: the order was cancelled before any money moved, or nothing is
    /// charged for it any more.
    #[serde(default)]
    pub void: bool,
    /// Who it is with; `None` when nothing is posted or the buyer cannot be made a customer.
    pub customer: Option<CustomerRecord>,
    /// The documents, each before those that need it. None when a hold blocks the order.
    pub documents: Vec<Document>,
    /// Every reason not to post, all at once.
    pub holds: Vec<Hold>,
    /// What the buyer owes or owed for the order, with tax, before gift certificates and store credit.
    pub order_total: Money,
    /// The part of it that a marketplace collected as tax and that is left out of our books.
    pub marketplace_tax: Money,
    /// What of the invoice is not paid by any tender and not taken back against it.
    pub open_balance: Money,
}

/// Decides everything about the accounting of one order. Pure: the same input gives the same bytes, for ever.
///
/// Whatever is missing or wrong is listed at once. A hold on the order leaves it without documents, a hold on a refund
/// keeps that refund and later ones back, a closed period keeps single documents back (see [`Derivation::difference`]).
pub fn derive(evidence: &Evidence, rulebook: &Rulebook, policy: &Policy) -> Derivation {
    let date = posting_date(evidence.order.created, policy);
    let context = Context::new(evidence, rulebook, policy, date);
    let mut holds = Holds::default();
    let status = eligibility::judge(&context, &mut holds);
    let mut derivation = Derivation {
        store: policy.store.clone(),
        order_id: evidence.order.id,
        void: eligibility::is_void(&context),
        status,
        customer: None,
        documents: Vec::new(),
        holds: Vec::new(),
        order_total: context.money(evidence.order.totals.total_inc_tax),
        marketplace_tax: context.money(Decimal::ZERO),
        open_balance: context.money(Decimal::ZERO),
    };
    if derivation.status == Eligibility::Post {
        match reckon(evidence, policy.tolerance(evidence.order.currency)) {
            Ok(reckoning) => post(&context, &reckoning, &mut derivation, &mut holds),
            Err(problem) => {
                holds.add(totals_hold(&context, &problem));
                derivation.customer = buyer::buyer(&context, &mut holds);
            }
        }
    }
    derivation.holds = holds.0;
    derivation
}

/// The documents of an order that is posted and whose totals are right.
fn post(context: &Context, reckoning: &Reckoning, derivation: &mut Derivation, holds: &mut Holds) {
    derivation.customer = buyer::buyer(context, holds);
    let record = derivation.customer.as_ref();
    // Without a customer the order is held and nothing is written, except in daily mode; its rules are looked up all the same.
    let nobody = || CustomerRef::new(BuyerIdentity::Summary(String::new()), "");
    let desk = Desk {
        context,
        customer: record.map_or_else(nobody, |record| record.reference.clone()),
        exchange: exchange::of_sale(context, holds),
        dimensions: context.dimensions_at(holds, None),
    };
    let sale = sale(context, reckoning, holds);
    derivation.order_total = context.money(reckoning.gross);
    derivation.marketplace_tax = context.money(sale.marketplace_tax);
    let terms = record.and_then(|record| record.terms.clone());
    let tenders = tenders::tenders(&desk, &sale, holds);
    let refunds = refunds::refunds(&desk, &sale, &tenders, holds);
    tenders::too_much(context, &sale, &tenders, refunds.given_back, holds);
    let open = sale.total - tenders.total() + refunds.given_back - refunds.applied_to_invoice;
    derivation.open_balance = context.money(open.max(Decimal::ZERO));
    if open < Decimal::ZERO && !holds.block_order() {
        let message = format!("tenders and refunds set off against the invoice exceed it by {}", context.money(-open));
        let remedy = "check the order's transactions in BigCommerce and at the gateway, or book it by hand";
        holds.add(context.order_hold(HoldCode::TendersExceedTotal, message, remedy, -open));
    }
    let mut documents: Vec<Document> = Vec::new();
    if !holds.block_order() {
        documents.extend(invoice::invoice(&desk, &sale, terms, holds));
        documents.extend(tenders.documents);
        documents.extend(refunds.documents);
    }
    if holds.block_order() {
        return;
    }
    for document in &documents {
        if let Some(hold) = closed(document, context.policy) {
            holds.add(hold);
        }
    }
    derivation.documents = documents;
}

/// The sale worked out: charges, taxes, rounding.
fn sale(context: &Context, reckoning: &Reckoning, holds: &mut Holds) -> Sale {
    let (charges, rounding) = charges::charges(context, reckoning, holds);
    let taxes = taxes::taxes(context, reckoning, holds);
    let marketplace_tax: Decimal = taxes.iter().filter(|tax| tax.account.is_none()).map(|tax| tax.amount).sum();
    let places = charges::Places::of(&charges);
    Sale { charges, places, taxes, rounding, total: reckoning.gross - marketplace_tax, marketplace_tax }
}

/// The hold for totals that cannot be trusted.
fn totals_hold(context: &Context, problem: &TotalsProblem) -> Hold {
    let (code, remedy) = match problem {
        TotalsProblem::Negative { .. } => (
            HoldCode::NegativeAmount,
            "replace negative prices by a discount in BigCommerce, or book the order by hand",
        ),
        TotalsProblem::Arithmetic(_) => (
            HoldCode::TotalsDoNotAddUp,
            "correct the order in BigCommerce so that its parts make its total, or book it by hand",
        ),
    };
    let total = context.evidence.order.totals.total_inc_tax;
    context.order_hold(code, problem.to_string(), remedy, total)
}
