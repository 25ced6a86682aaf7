//! The derivation: what the ledger should contain for one order.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::customer::{BuyerIdentity, CustomerRecord, CustomerRef};
use super::document::Document;
use super::evidence::Evidence;
use super::hold::{Hold, HoldCode};
use super::money::Money;
use super::period::posting_date;
use super::policy::Policy;
use super::rulebook::{Resolution, Rulebook};
use super::totals::{Reckoning, TotalsProblem, reckon};

mod buyer;
#[cfg(test)]
mod buyer_specs;
#[cfg(test)]
mod cases;
mod changes;
mod charges;
mod closing;
mod context;
mod corrections;
#[cfg(test)]
mod corrections_specs;
mod cost;
#[cfg(test)]
mod cost_specs;
#[cfg(test)]
mod currency_specs;
mod deposits;
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
mod goods;
#[cfg(test)]
mod histories;
mod invoice;
#[cfg(test)]
mod life_specs;
mod open_items;
mod order_entry;
#[cfg(test)]
mod order_entry_specs;
#[cfg(test)]
mod orders_specs;
mod piece;
#[cfg(test)]
mod properties;
mod recognition;
mod refunds;
#[cfg(test)]
mod specs;
mod split;
mod taxes;
mod tenders;
#[cfg(test)]
mod timing_specs;

pub use changes::{AsPosted, ComparedChange, ComparedDocument, ComparedPlace, Difference, Ledger};
pub use events::{EventDerivation, derive_events, derive_events_with};
#[cfg(test)]
pub(crate) use examples::examples;

use context::{Context, Desk, Holds};
use deposits::Pool;
use goods::Goods;
use invoice::{Sale, invoice_key};
use recognition::Timing;
use refunds::Refunds;

/// Whether an order is posted at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum Eligibility {
    /// It is posted, unless a hold keeps it.
    Post,
    /// Not yet: its status is not one of those that are posted, or the sale does not count yet. The reason says which.
    /// Documents there are all the same: deposits, and the cost of goods that left.
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
    let placed = posting_date(evidence.order.created, policy);
    let mut context = Context::new(evidence, rulebook, policy, placed);
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
            Ok(reckoning) => {
                let goods = Goods::of(evidence);
                let timing = recognition::timing(&context, &goods, reckoning.gross, &mut holds);
                context.counts_on(timing.day().unwrap_or(placed));
                let order = Judged { reckoning: &reckoning, goods: &goods, timing: &timing };
                post(&context, &order, &mut derivation, &mut holds);
            }
            Err(problem) => {
                holds.add(totals_hold(&context, &problem));
                derivation.customer = buyer::buyer(&context, &mut holds);
            }
        }
    }
    derivation.holds = holds.0;
    derivation
}

/// The same, with every answer of the rulebook and how it was found.
pub fn derive_explained(evidence: &Evidence, rulebook: &Rulebook, policy: &Policy) -> (Derivation, Vec<Resolution>) {
    let traced = rulebook.clone().traced();
    let derivation = derive(evidence, &traced, policy);
    (derivation, traced.resolutions())
}

/// What was found out about an order before anything is booked.
struct Judged<'a> {
    reckoning: &'a Reckoning,
    goods: &'a Goods,
    timing: &'a Timing,
}

/// The documents of an order that is posted and whose totals are right.
fn post(context: &Context, order: &Judged, derivation: &mut Derivation, holds: &mut Holds) {
    derivation.customer = buyer::buyer(context, holds);
    let record = derivation.customer.as_ref();
    // Without a customer the order is held and nothing is written, except in daily mode; its rules are looked up all the same.
    let nobody = || CustomerRef::new(BuyerIdentity::Summary(String::new()), "");
    let currency = context.evidence.order.currency;
    let desk = Desk {
        context,
        customer: record.map_or_else(nobody, |record| record.reference.clone()),
        currency,
        exchange: exchange::of_sale(context, holds),
        dimensions: context.dimensions_at(holds, None),
    };
    let terms = record.and_then(|record| record.terms.clone());
    let timing = order.timing;
    // What a sale that does not count yet will need is looked up all the same; it keeps back its invoice only.
    let (mut of_sale, sale_only) = (Holds::default(), timing.sale_only(invoice_key(&desk)));
    let sale = sale(context, order.reckoning, &mut of_sale);
    let received = tenders::received(context, sale.total, &mut of_sale);
    holds.absorb(of_sale, sale_only.as_ref());

    let mut pool = Pool::of(context, &received, timing);
    let mut documents = pool.deposits(&desk, holds);
    let late = received.0.iter().filter(|tender| !timing.early(tender.at));
    let tenders = tenders::tenders(&desk, late, holds);
    let returns = deposits::returns(&desk, &sale, timing, &received, &mut pool, holds);
    let counts = timing.day().is_some();
    let refunds = if counts {
        refunds::refunds(&desk, &sale, timing, &received, &returns, holds)
    } else {
        let given_back = refunds::given_back(&desk, &sale, &received);
        Refunds { applied_to_invoice: returns.set_off, held_from: returns.held_from, given_back, ..Refunds::default() }
    };
    let mut beyond = Holds::default();
    tenders::too_much(context, &sale, &received, refunds.given_back, &mut beyond);
    let open = sale.total - received.total() + refunds.given_back - refunds.applied_to_invoice;
    if open < Decimal::ZERO && beyond.0.is_empty() && !holds.block_order() {
        beyond.add(set_off_too_much(context, -open));
    }
    holds.absorb(beyond, sale_only.as_ref());
    derivation.order_total = context.money(order.reckoning.gross);
    derivation.marketplace_tax = context.money(sale.marketplace_tax);
    derivation.open_balance = context.money(open.max(Decimal::ZERO));
    if let Timing::NotYet(reason) = timing {
        derivation.status = Eligibility::Waiting(waits(reason, context.money(pool.on_deposit())));
    }
    documents.extend(returns.documents);
    if counts && !holds.block_order() {
        documents.extend(invoice::invoice(&desk, &sale, terms, holds));
        documents.extend(tenders);
        // What is left of a deposit is not known while a refund of it is held.
        if returns.held_from.is_none() {
            documents.extend(pool.apply(&desk, holds));
        }
        documents.extend(refunds.documents);
    }
    documents.extend(cost::cost_of_goods(&desk, order.goods, refunds.held_from, holds));
    if !holds.block_order() {
        derivation.documents = closing::settle(context, documents, holds);
    }
}

/// Why a sale waits, and what of it is on deposit.
fn waits(reason: &str, on_deposit: Money) -> String {
    if on_deposit.amount.is_zero() { reason.to_owned() } else { format!("{reason}; {on_deposit} is on deposit") }
}

/// The hold for an invoice that more is set off against than it is over.
fn set_off_too_much(context: &Context, by: Decimal) -> Hold {
    let message = format!("tenders and refunds set off against the invoice exceed it by {}", context.money(by));
    let remedy = "check the order's transactions in BigCommerce and at the gateway, or book it by hand";
    context.order_hold(HoldCode::TendersExceedTotal, message, remedy, by)
}

/// The sale worked out: charges, taxes, rounding.
fn sale<'a>(context: &Context<'a>, reckoning: &Reckoning, holds: &mut Holds) -> Sale<'a> {
    let (charges, rounding) = charges::charges(context, reckoning, holds);
    let taxes = taxes::taxes(context, reckoning, holds);
    Sale::new(charges, taxes, rounding, reckoning.gross)
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
