//! Whether an order is posted at all: status, channel, test orders, migrated history, go-live, archived orders, cancelled
//! and disputed ones, and statuses that say something of money that the transactions do not. Every reason names what says so.

use rust_decimal::Decimal;

use super::super::evidence::{Evidence, PaymentEvent};
use super::super::hold::{Blocks, Hold, HoldCode};
use super::super::policy::Policy;
use super::Eligibility;
use super::context::{Context, Holds};
use super::goods::declined;

/// Incomplete: reached payment and did not finish (BigCommerce, Orders V2, order statuses).
const INCOMPLETE: u32 = 0;
/// Refunded: by a refund, or by hand without one.
const REFUNDED: u32 = 4;
/// Cancelled.
const CANCELLED: u32 = 5;
/// Declined.
const DECLINED: u32 = 6;
/// Disputed: only PayPal sets it, without telling amounts.
const DISPUTED: u32 = 13;
/// Partially refunded: by a refund, or by hand without one.
const PARTIALLY_REFUNDED: u32 = 14;

/// The payment method of BigCommerce's own test gateway, which leaves no transactions.
const TEST_GATEWAY: &str = "Test Payment Gateway";

/// Judges the order; what its status says of money and its transactions do not becomes a hold.
pub(super) fn judge(context: &Context, holds: &mut Holds) -> Eligibility {
    if let Some(reason) = never(context).or_else(|| worthless(context)) {
        return Eligibility::Excluded(reason);
    }
    let order = &context.evidence.order;
    let exported = context.policy.export_statuses.contains(&order.status_id);
    match order.status_id {
        INCOMPLETE => incomplete(context, holds),
        status if exported => {
            if matches!(status, REFUNDED | PARTIALLY_REFUNDED) || !refund_transactions(context).is_empty() {
                refunded_without_refund(context, holds);
            }
            Eligibility::Post
        }
        status if called_off(status) => cancelled(context, holds),
        DISPUTED => disputed(context, holds),
        status => {
            let policy = "is not one of those this store posts (policy: export_statuses)";
            Eligibility::Waiting(format!("status {status} ({}) {policy}", order.status))
        }
    }
}

/// Whether a status says that nothing will be delivered: Cancelled, Declined.
pub(super) fn called_off(status: u32) -> bool {
    matches!(status, CANCELLED | DECLINED)
}

/// Payment statuses that say money was received (BigCommerce, Orders V2, `payment_status`).
pub(super) fn paid_by_status(status: &str) -> bool {
    ["captured", "paid", "refunded", "partially refunded"].iter().any(|paid| status.eq_ignore_ascii_case(paid))
}

/// Whether documents posted before are to be taken back: the order was cancelled or declined before any money moved, or
/// nothing is charged for it any more. Archiving an order or moving it to another status takes nothing back.
pub(super) fn is_void(context: &Context) -> bool {
    let (evidence, policy) = (context.evidence, context.policy);
    let status = evidence.order.status_id;
    let cancelled = called_off(status) && !policy.export_statuses.contains(&status);
    status != INCOMPLETE
        && never(context).is_none()
        && evidence.refunds.is_empty()
        && !moved(context)
        && (cancelled || worthless(context).is_some())
}

/// Whether any money came in.
fn moved(context: &Context) -> bool {
    context.captures.values().any(|t| !t.amount.is_zero())
}

/// Why the order is never posted whatever it is worth, if so.
fn never(context: &Context) -> Option<String> {
    let (evidence, policy): (&Evidence, &Policy) = (context.evidence, context.policy);
    let order = &evidence.order;
    if order.payment_method.trim().eq_ignore_ascii_case(TEST_GATEWAY) {
        return Some("test order: paid through BigCommerce's test gateway, which is never posted".to_owned());
    }
    if evidence.transactions.iter().any(|t| t.test && t.ok) && !evidence.transactions.iter().any(|t| !t.test && t.ok) {
        return Some("test order: its payments are test transactions, which are never posted".to_owned());
    }
    if !policy.channels.is_empty() && !policy.channels.contains(&order.channel) {
        return Some(format!("channel {} is not posted by this store (policy: channels)", order.channel));
    }
    if let Some(source) = order.external_source.as_deref()
        && policy.excluded_external_sources.iter().any(|excluded| excluded.eq_ignore_ascii_case(source))
    {
        let by = "is not posted by this store (policy: excluded_external_sources)";
        return Some(format!("external source {source} {by}"));
    }
    let placed = context.placed;
    if let Some(day) = policy.go_live.filter(|day| placed < *day) {
        return Some(format!("placed on {placed}, before the store went live on {day} (policy: go_live)"));
    }
    if let Some(first) = policy.first_order.filter(|first| order.id < *first) {
        return Some(format!("order {} is before the first order posted, {first} (policy: first_order)", order.id));
    }
    if order.archived && !policy.post_archived {
        return Some("archived in BigCommerce, which this store does not post (policy: post_archived)".to_owned());
    }
    None
}

/// Why the order is never posted because of what it is worth, if so.
fn worthless(context: &Context) -> Option<String> {
    let (evidence, order) = (context.evidence, &context.evidence.order);
    let value = order.totals.total_inc_tax + order.totals.gift_certificate + order.totals.store_credit;
    let nothing = order.currency.round(value).is_zero() && !moved(context) && evidence.refunds.is_empty();
    nothing.then(|| "zero value: nothing was charged, so there is nothing to post".to_owned())
}

/// What was captured, and what of it was refunded.
fn money(context: &Context) -> (Decimal, Decimal) {
    let captured = context.captures.values().map(|t| t.amount).sum();
    let refunds = context.evidence.refunds.iter().filter(|refund| !declined(refund));
    (captured, refunds.map(|refund| refund.total).sum())
}

/// A checkout that was not finished: nothing to post, unless money came in for it.
fn incomplete(context: &Context, holds: &mut Holds) -> Eligibility {
    let (captured, refunded) = money(context);
    if captured <= refunded {
        return Eligibility::Excluded("incomplete: the buyer did not finish the checkout (status 0)".to_owned());
    }
    let message = format!(
        "the checkout was not finished (status 0, Incomplete), but {} was captured and {} refunded",
        context.money(captured),
        context.money(refunded)
    );
    let remedy = "check the payment at the gateway: set the order to a status that is posted, or refund it";
    holds.add(context.order_hold(HoldCode::IncompleteWithMoney, message, remedy, captured - refunded));
    Eligibility::Waiting("status 0 (Incomplete) with money received".to_owned())
}

/// A disputed payment: what is posted stays, nothing more is posted until the dispute is decided.
fn disputed(context: &Context, holds: &mut Holds) -> Eligibility {
    let order = &context.evidence.order;
    let (captured, _) = money(context);
    let message = format!(
        "the buyer disputes the payment of {} (status 13, {}); what is posted stays as it is",
        context.money(captured),
        order.status
    );
    let remedy = "answer the dispute at the gateway. Won: set the order's status back. Lost: report the chargeback, and refund \
                  only what really goes back";
    holds.add(context.order_hold(HoldCode::Disputed, message, remedy, captured));
    Eligibility::Waiting(format!("status 13 ({}): the payment is disputed", order.status))
}

/// Transactions that gave money back.
fn refund_transactions(context: &Context) -> Vec<u64> {
    let transactions = context.evidence.transactions.iter();
    transactions.filter(|t| t.ok && !t.test && t.event == PaymentEvent::Refund).map(|t| t.id).collect()
}

/// A status or a transaction says that money went back, but the order has no refund: the sale is posted all the same, and
/// somebody looks at it.
fn refunded_without_refund(context: &Context, holds: &mut Holds) {
    let order = &context.evidence.order;
    if !context.evidence.refunds.is_empty() {
        return;
    }
    let shown = refund_transactions(context);
    let (code, message, remedy) = if shown.is_empty() {
        (
            HoldCode::RefundedWithoutMoney,
            format!(
                "the status is {} ({}), but no refund and no transaction shows that money went back",
                order.status_id, order.status
            ),
            "refund the order in BigCommerce, or set its status back when the money was kept",
        )
    } else {
        let ids: Vec<String> = shown.iter().map(u64::to_string).collect();
        (
            HoldCode::UnsupportedRefund,
            format!("transaction {} gave money back, but the order has no refund", ids.join(", ")),
            "wait for BigCommerce to show the refund; when there is none, book what went back by hand",
        )
    };
    holds.add(Hold {
        code,
        subject: format!("order {}", order.id),
        message,
        remedy: remedy.to_owned(),
        amount: Some(context.money(order.totals.total_inc_tax)),
        blocks: Blocks::RefundsFrom(0),
    });
}

/// A cancelled or declined order: nothing to post unless money came in. Money that came in and went back is posted both
/// ways, so that the clearing account shows what the gateway shows.
fn cancelled(context: &Context, holds: &mut Holds) -> Eligibility {
    let evidence = context.evidence;
    let (captured, refunded) = money(context);
    if captured.is_zero() {
        let status = evidence.order.status_id;
        return Eligibility::Excluded(format!(
            "never captured: cancelled or declined (status {status}) before any money moved"
        ));
    }
    if refunded >= captured {
        return Eligibility::Post;
    }
    let message = format!(
        "the order is {} with {} received and {} refunded",
        evidence.order.status,
        context.money(captured),
        context.money(refunded)
    );
    let remedy = if !refund_transactions(context).is_empty() {
        "the gateway shows a refund: record it in BigCommerce too, or set the order to a status that is posted"
    } else {
        "refund the payment in BigCommerce, or set the order to a status that is posted"
    };
    holds.add(context.order_hold(HoldCode::CancelledWithMoney, message, remedy, captured - refunded));
    Eligibility::Waiting(format!("status {} ({}) with money received", evidence.order.status_id, evidence.order.status))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Case, still_to_post, units};
    use super::*;

    fn paid() -> Case {
        Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90").paid(9001, "stripe", "129.90")
    }

    fn status(case: Case, id: u32, name: &str) -> Case {
        case.with(|e| (e.order.status_id, e.order.status) = (id, name.to_owned()))
    }

    fn excluded(case: Case) -> String {
        let Eligibility::Excluded(reason) = case.derive().status else { panic!("it is excluded") };
        reason
    }

    #[test]
    fn every_exclusion_names_what_says_so() {
        let day = "2026-03-11".parse().unwrap();
        let cases = [
            (paid().policy(|p| p.channels = [2, 3].into()), "policy: channels"),
            (paid().policy(|p| p.go_live = Some(day)), "policy: go_live"),
            (paid().policy(|p| p.first_order = Some(119)), "policy: first_order"),
            (paid().with(|e| e.order.archived = true), "policy: post_archived"),
            (paid().with(|e| e.order.external_source = Some("M-MIG".into())), "policy: excluded_external_sources"),
            (paid().with(|e| e.order.payment_method = "Test Payment Gateway".into()), "test gateway"),
            (paid().with(|e| e.transactions[0].test = true), "test transactions"),
            (status(Case::new().line("TS-1", "1", "1.00", "0"), 0, "Incomplete"), "status 0"),
            (status(Case::new().line("TS-1", "1", "1.00", "0"), 5, "Cancelled"), "status 5"),
        ];
        for (case, expected) in cases {
            let reason = excluded(case);
            assert!(reason.contains(expected), "{expected}: {reason}");
        }
        let Eligibility::Waiting(reason) = status(paid(), 7, "Awaiting Payment").derive().status else { panic!() };
        assert!(reason.contains("policy: export_statuses"), "{reason}");
        assert_eq!(paid().policy(|p| p.channels = [1].into()).derive().status, Eligibility::Post);
    }

    #[test]
    fn a_disputed_order_is_held_and_what_is_posted_stays() {
        let disputed = status(paid(), 13, "Disputed");
        let (to_post, holds) = still_to_post(&disputed, &paid().derive());
        let [hold] = &holds[..] else { panic!("{holds:?}") };
        assert_eq!((hold.code.as_str(), to_post.len()), ("disputed", 0));
        assert_eq!(hold.amount.map(|money| money.amount.to_string()).as_deref(), Some("129.90"));
        let wanted = disputed.policy(|policy| policy.export_statuses.extend([13]));
        assert_eq!((wanted.hold_codes().len(), wanted.derive().documents.len()), (0, 2));
    }

    #[test]
    fn a_status_that_says_refunded_without_money_is_seen_and_the_sale_posts() {
        for (id, name) in [(4, "Refunded"), (14, "Partially Refunded")] {
            let derivation = status(paid(), id, name).derive();
            let [hold] = &derivation.holds[..] else { panic!("{:?}", derivation.holds) };
            assert_eq!((hold.code.as_str(), &hold.blocks), ("refunded-without-money", &Blocks::RefundsFrom(0)));
            assert_eq!(derivation.documents.len(), 2);
            let refunded = status(paid(), id, name).refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
            assert_eq!(refunded.hold_codes(), Vec::<&str>::new());
        }
        let gateway = status(paid(), 4, "Refunded").with(|e| {
            let mut back = e.transactions[0].clone();
            (back.id, back.event, back.reference) = (9002, PaymentEvent::Refund, Some(9001));
            e.transactions.push(back);
        });
        assert_eq!(gateway.hold_codes(), ["unsupported-refund"]);
        assert_eq!(gateway.derive().documents.len(), 2);
    }

    #[test]
    fn money_of_a_checkout_that_was_never_finished_is_seen() {
        let stuck = status(paid(), 0, "Incomplete");
        assert_eq!(stuck.hold_codes(), ["incomplete-with-money"]);
        assert!(stuck.derive().documents.is_empty());
        let reserved = stuck.with(|e| e.transactions[0].event = PaymentEvent::Authorization);
        assert!(excluded(reserved).starts_with("incomplete"));
    }

    #[test]
    fn a_declined_refund_gives_no_money_of_a_cancelled_order_back() {
        let cancelled = paid().refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]).cancelled();
        assert_eq!(cancelled.derive().status, Eligibility::Post);
        let declined = cancelled.refund_with(|refund| refund.payments[0].declined = true);
        assert_eq!(declined.hold_codes(), ["cancelled-with-money"]);
    }
}
