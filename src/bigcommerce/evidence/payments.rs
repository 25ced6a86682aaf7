//! Money in and out as facts: transactions and refunds.

use super::row::{Row, WireError, field};
use crate::accounting::evidence::{PaymentEvent, Refund, RefundItem, RefundPayment, RefundedPart, Transaction};
use crate::accounting::money::Currency;
use crate::bigcommerce::loose::Loose;
use crate::bigcommerce::wire;

/// How much of a refund's reason is kept: it is free text.
const REASON_LENGTH: usize = 100;

/// Reads a transaction; one that names no currency has the order's.
pub(super) fn transaction(order: u64, currency: Currency, wire: &wire::Transaction) -> Result<Transaction, WireError> {
    let mut row = Row::new(order, "transactions");
    let id = row.identify(&wire.id)?;
    let named = |value: &Loose| value.object::<wire::Named>();
    let display_name = named(&wire.offline)
        .and_then(|named| named.display_name.some_text())
        .or_else(|| named(&wire.custom).and_then(|named| named.payment_method.some_text()));
    Ok(Transaction {
        id,
        event: event(&wire.event.text()),
        method: wire.method.text(),
        gateway: wire.gateway.text(),
        amount: field!(row, required_amount, wire.amount)?,
        currency: field!(row, currency, wire.currency)?.unwrap_or(currency),
        gateway_reference: wire.gateway_transaction_id.some_text(),
        ok: wire.status.text() == "ok",
        test: wire.test.flag(),
        reference: field!(row, id, wire.reference_transaction_id)?,
        created: field!(row, required_time, wire.date_created)?,
        display_name,
    })
}

fn event(text: &str) -> PaymentEvent {
    match text {
        "purchase" => PaymentEvent::Purchase,
        "authorization" => PaymentEvent::Authorization,
        "capture" => PaymentEvent::Capture,
        "refund" => PaymentEvent::Refund,
        "void" => PaymentEvent::Void,
        "pending" => PaymentEvent::Pending,
        "settled" => PaymentEvent::Settled,
        other => PaymentEvent::Other(other.to_owned()),
    }
}

/// Reads a refund.
pub(super) fn refund(order: u64, wire: &wire::Refund) -> Result<Refund, WireError> {
    let mut row = Row::new(order, "refunds");
    let id = row.identify(&wire.id)?;
    let items: Vec<wire::RefundItem> = field!(row, list, wire.items)?;
    let payments: Vec<wire::RefundPayment> = field!(row, list, wire.payments)?;
    Ok(Refund {
        id,
        created: field!(row, time, wire.created)?,
        reason: wire.reason.text().chars().take(REASON_LENGTH).collect(),
        total: field!(row, required_amount, wire.total_amount)?,
        tax: field!(row, amount, wire.total_tax)?,
        merchant_override: wire.uses_merchant_override_values.flag(),
        items: items.iter().map(|item| refund_item(&row, item)).collect::<Result<_, _>>()?,
        payments: payments.iter().map(|payment| refund_payment(&row, payment)).collect::<Result<_, _>>()?,
    })
}

fn refund_item(row: &Row, wire: &wire::RefundItem) -> Result<RefundItem, WireError> {
    let adjustments: Vec<wire::RefundAdjustment> = field!(row, list, wire.adjustments)?;
    let adjustment =
        |wire: &wire::RefundAdjustment| Ok((row.amount("adjustments.amount", &wire.amount)?, wire.description.text()));
    Ok(RefundItem {
        part: refunded_part(&wire.item_type.text()),
        item: field!(row, required_id, wire.item_id)?,
        quantity: field!(row, some_amount, wire.quantity)?,
        requested: field!(row, some_amount, wire.requested_amount)?,
        adjustments: adjustments.iter().map(adjustment).collect::<Result<_, _>>()?,
    })
}

fn refunded_part(text: &str) -> RefundedPart {
    match text {
        "PRODUCT" => RefundedPart::Product,
        "GIFT_WRAPPING" => RefundedPart::GiftWrapping,
        "SHIPPING" => RefundedPart::Shipping,
        "HANDLING" => RefundedPart::Handling,
        "ORDER" => RefundedPart::Order,
        "FEE" => RefundedPart::Fee,
        other => RefundedPart::Other(other.to_owned()),
    }
}

fn refund_payment(row: &Row, wire: &wire::RefundPayment) -> Result<RefundPayment, WireError> {
    Ok(RefundPayment {
        // Only a label: nothing is joined on it.
        id: row.id("payments.id", &wire.id)?.unwrap_or_default(),
        provider: wire.provider_id.text(),
        amount: row.required_amount("payments.amount", &wire.amount)?,
        offline: wire.offline.flag(),
        declined: wire.is_declined.flag(),
    })
}
