//! When a sale counts: the day the order was placed, its first payment was captured, or the last of its goods left.
//!
//! With ship-date recognition the sale counts from one moment. What is known before that moment is never judged anew:
//! money captured up to it is a deposit, a refund made up to it gives a deposit back.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::DocumentKey;
use super::super::evidence::PaymentEvent;
use super::super::hold::{Blocks, Hold, HoldCode};
use super::super::period::posting_date;
use super::super::policy::{Recognition, StoredValueWithoutTransaction};
use super::super::rulebook::{Give, RuleKind};
use super::context::{Context, Holds};
use super::eligibility::{called_off, paid_by_status};
use super::goods::{Goods, declined};
use super::tenders::{StoredValue, payment_facts};

/// Whether and from when a sale counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Timing {
    /// From this day. What happened up to `early_until` happened before; `None` when nothing can have.
    Counts { day: Date, early_until: Option<Timestamp> },
    /// Not yet, and why. Money that came in is a deposit.
    NotYet(String),
    /// Never: everything went back, or the order was called off, before it counted.
    Never,
}

impl Timing {
    /// The day the sale counts from.
    pub fn day(&self) -> Option<Date> {
        match self {
            Self::Counts { day, .. } => Some(*day),
            Self::NotYet(_) | Self::Never => None,
        }
    }

    /// Whether something happened before the sale counted. The shop tells its times in whole seconds; what happened
    /// within the same one happened before.
    pub fn early(&self, at: Timestamp) -> bool {
        match self {
            Self::Counts { early_until, .. } => early_until.is_some_and(|until| at.as_second() <= until.as_second()),
            Self::NotYet(_) | Self::Never => true,
        }
    }

    /// What a hold on the sale keeps back instead of the whole order: while it does not count, only its `invoice`.
    pub fn sale_only(&self, invoice: DocumentKey) -> Option<Blocks> {
        self.day().is_none().then_some(Blocks::Document(invoice))
    }
}

/// Judges when the sale counts. `gross` is what the buyer owes for the order.
pub(super) fn timing(context: &Context, goods: &Goods, gross: Decimal, holds: &mut Holds) -> Timing {
    let at_once = || Timing::Counts { day: context.placed, early_until: None };
    match context.policy.recognition {
        Recognition::OrderDate => at_once(),
        Recognition::ShipDate if goods.ships() => at_shipment(context, goods, gross, holds),
        Recognition::PaymentDate | Recognition::ShipDate => match first_payment(context) {
            Some(day) => Timing::Counts { day, early_until: None },
            None if on_terms(context) => at_once(),
            None if called_off(context.evidence.order.status_id) => Timing::Never,
            None => Timing::NotYet(unpaid(context)),
        },
    }
}

/// The day the first tender of any kind was captured.
fn first_payment(context: &Context) -> Option<Date> {
    let order = &context.evidence.order;
    let captures = &context.captures;
    let captured = captures.values().filter(|t| order.currency.round(t.amount) > Decimal::ZERO).map(|t| t.created);
    let stored = !order.currency.round(order.totals.gift_certificate + order.totals.store_credit).is_zero();
    let shown = captures.values().any(|t| StoredValue::of(t).is_some());
    let by_header = context.policy.stored_value_without_transaction == StoredValueWithoutTransaction::UseHeader;
    let redeemed = (stored && !shown && by_header).then_some(order.created);
    captured.chain(redeemed).min().map(|at| posting_date(at, context.policy))
}

/// Whether nobody expects the order to be paid before it counts: it was sold on terms, or its payment is announced only.
fn on_terms(context: &Context) -> bool {
    let mut moves = context.evidence.transactions.iter().filter(|t| t.ok && !t.test && StoredValue::of(t).is_none());
    let pending = moves.clone().find(|t| t.event == PaymentEvent::Pending);
    if moves.any(|t| t.event != PaymentEvent::Pending) {
        return false;
    }
    let facts = payment_facts(context, pending);
    let rule = context.rulebook.resolve(RuleKind::Payment, &facts, context.placed).ok();
    let says = rule.is_some_and(|found| found.given(&Give::TreatAsPaid).is_some());
    says || (pending.is_some() && !paid_by_status(&context.evidence.order.payment_status))
}

/// Why an order without any captured payment waits.
fn unpaid(context: &Context) -> String {
    let reserved = context.evidence.transactions.iter().any(|t| t.ok && t.event == PaymentEvent::Authorization);
    let what = if reserved { "its payment is only reserved" } else { "no payment of it was captured yet" };
    let policy = match context.policy.recognition {
        Recognition::ShipDate => "recognition ship-date, for an order without goods that ship",
        _ => "recognition payment-date",
    };
    format!("{what}: the sale counts from its first payment (policy: {policy})")
}

/// The moment the last of the goods left: when the order says so, or when shipments and refunds leave nothing to ship.
/// The earlier of the two, so that what comes later changes nothing.
fn at_shipment(context: &Context, goods: &Goods, gross: Decimal, holds: &mut Holds) -> Timing {
    let evidence = context.evidence;
    let back = |until: Option<Timestamp>| -> Decimal {
        let made = |at: Timestamp| until.is_none_or(|until| at <= until);
        let refunds = evidence.refunds.iter().filter(|refund| !declined(refund));
        refunds.filter(|refund| refund.created.is_some_and(made)).map(|refund| refund.total).sum()
    };
    let all_back = |until| evidence.order.currency.round(back(until)) >= gross;
    // Nothing is left to ship and nothing of the sale is left either: it was called off, and there is nothing to count.
    let covered = goods.covered.filter(|at| !all_back(Some(*at)));
    if let Some(moment) = evidence.order.shipped.into_iter().chain(covered).min() {
        return Timing::Counts { day: posting_date(moment, context.policy), early_until: Some(moment) };
    }
    if all_back(None) || called_off(evidence.order.status_id) {
        return Timing::Never;
    }
    let (units, left) = goods.units;
    let counts = "the sale counts from the day the last unit ships (policy: recognition ship-date)";
    if !goods.undated.is_empty() {
        holds.add(undated(context, goods.undated.len()));
    }
    Timing::NotYet(format!("{} of {} units have shipped: {counts}", left.normalize(), units.normalize()))
}

/// The status says that everything left, but not when. The day is not guessed: a later refund changes the status, and
/// the sale would stop counting.
fn undated(context: &Context, lines: usize) -> Hold {
    let order = &context.evidence.order;
    Hold {
        code: HoldCode::ShippingDateMissing,
        subject: format!("order {}", order.id),
        message: format!(
            "the order is {}, but it has no shipping date, and units of {lines} of its lines are in no shipment",
            order.status
        ),
        remedy: "record the shipment of what left in BigCommerce, or refund what never will".to_owned(),
        amount: Some(context.money(order.totals.total_inc_tax)),
        blocks: Blocks::Document(context.key("invoice")),
    }
}
