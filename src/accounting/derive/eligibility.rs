//! Whether an order is posted at all: status, test orders, migrated history, go-live, archived orders, cancelled ones.

use rust_decimal::Decimal;

use super::super::evidence::{Evidence, PaymentEvent};
use super::super::hold::HoldCode;
use super::super::policy::Policy;
use super::Eligibility;
use super::context::{Context, Holds};

/// Incomplete: reached payment and did not finish (BigCommerce, Orders V2, order statuses).
const INCOMPLETE: u32 = 0;
/// Cancelled.
const CANCELLED: u32 = 5;
/// Declined.
const DECLINED: u32 = 6;

/// The payment method of BigCommerce's own test gateway, which leaves no transactions.
const TEST_GATEWAY: &str = "Test Payment Gateway";

/// Judges the order; a cancelled one whose money was kept also gets a hold.
pub(super) fn judge(context: &Context, holds: &mut Holds) -> Eligibility {
    let (evidence, policy) = (context.evidence, context.policy);
    if let Some(reason) = never(context).or_else(|| worthless(context)) {
        return Eligibility::Excluded(reason);
    }
    let order = &evidence.order;
    if !matches!(order.status_id, CANCELLED | DECLINED) || policy.export_statuses.contains(&order.status_id) {
        return if policy.export_statuses.contains(&order.status_id) {
            Eligibility::Post
        } else {
            Eligibility::Waiting(format!("status {} ({}) is not posted by this store", order.status_id, order.status))
        };
    }
    cancelled(context, holds)
}

/// Whether documents posted before are to be taken back: the order was cancelled or declined before any money moved, or
/// nothing is charged for it any more. Archiving an order or moving it to another status takes nothing back.
pub(super) fn is_void(context: &Context) -> bool {
    let (evidence, policy) = (context.evidence, context.policy);
    let status = evidence.order.status_id;
    let cancelled = matches!(status, CANCELLED | DECLINED) && !policy.export_statuses.contains(&status);
    never(context).is_none()
        && evidence.refunds.is_empty()
        && !moved(evidence)
        && (cancelled || worthless(context).is_some())
}

/// Whether any money came in.
fn moved(evidence: &Evidence) -> bool {
    evidence.captures().values().any(|t| !t.amount.is_zero())
}

/// Why the order is never posted whatever it is worth, if so.
fn never(context: &Context) -> Option<String> {
    let (evidence, policy): (&Evidence, &Policy) = (context.evidence, context.policy);
    let order = &evidence.order;
    if order.status_id == INCOMPLETE {
        return Some("incomplete: the buyer did not finish the checkout".to_owned());
    }
    if order.payment_method.trim().eq_ignore_ascii_case(TEST_GATEWAY) {
        return Some("test order: paid through the test gateway".to_owned());
    }
    if evidence.transactions.iter().any(|t| t.test && t.ok) && !evidence.transactions.iter().any(|t| !t.test && t.ok) {
        return Some("test order: its payments are test transactions".to_owned());
    }
    if let Some(source) = order.external_source.as_deref()
        && policy.excluded_external_sources.iter().any(|excluded| excluded.eq_ignore_ascii_case(source))
    {
        return Some(format!("external source {source} is not posted by this store"));
    }
    if let Some(day) = policy.go_live.filter(|day| context.date < *day) {
        return Some(format!("placed on {}, before the store went live on {day}", context.date));
    }
    if let Some(first) = policy.first_order.filter(|first| order.id < *first) {
        return Some(format!("order {} is before the first order posted, {first}", order.id));
    }
    if order.archived && !policy.post_archived {
        return Some("archived in BigCommerce".to_owned());
    }
    None
}

/// Why the order is never posted because of what it is worth, if so.
fn worthless(context: &Context) -> Option<String> {
    let (evidence, order) = (context.evidence, &context.evidence.order);
    let value = order.totals.total_inc_tax + order.totals.gift_certificate + order.totals.store_credit;
    let nothing = order.currency.round(value).is_zero() && !moved(evidence) && evidence.refunds.is_empty();
    nothing.then(|| "zero value: nothing was charged, so there is nothing to post".to_owned())
}

/// A cancelled or declined order: nothing to post unless money came in. Money that came in and went back is posted both
/// ways, so that the clearing account shows what the gateway shows.
fn cancelled(context: &Context, holds: &mut Holds) -> Eligibility {
    let evidence = context.evidence;
    let captured: Decimal = evidence.captures().values().map(|t| t.amount).sum();
    if captured.is_zero() {
        return Eligibility::Excluded("never captured: cancelled or declined before any money moved".to_owned());
    }
    let refunded: Decimal = evidence.refunds.iter().map(|refund| refund.total).sum();
    if refunded >= captured {
        return Eligibility::Post;
    }
    let message = format!(
        "the order is {} with {} received and {} refunded",
        evidence.order.status,
        context.money(captured),
        context.money(refunded)
    );
    let remedy = if evidence.transactions.iter().any(|t| t.ok && t.event == PaymentEvent::Refund) {
        "the gateway shows a refund: record it in BigCommerce too, or set the order to a status that is posted"
    } else {
        "refund the payment in BigCommerce, or set the order to a status that is posted"
    };
    holds.add(context.order_hold(HoldCode::CancelledWithMoney, message, remedy, captured - refunded));
    Eligibility::Waiting(format!("status {} ({}) with money received", evidence.order.status_id, evidence.order.status))
}
