//! Disputes: the money waits on an account of its own, comes back, or is lost with or without its tax. Never a refund.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::super::document::{Document, DocumentKey, DocumentKind};
use super::super::super::events::{Dispute, Event};
use super::super::super::hold::HoldCode;
use super::clerk::{Clerk, Sheet};
use super::sold;

/// Dr disputed funds and the dispute fee; Cr the gateway's clearing account.
pub(super) fn opened(clerk: &mut Clerk, event: &Event, dispute: &Dispute) -> Option<Document> {
    let related = related(clerk, event, dispute);
    let mut sheet = clerk.sheet(event, DocumentKind::Dispute, dispute.amount + dispute.fee);
    sheet.leg(dispute.amount, "Disputed payment", |sheet| sheet.settlement("dispute"));
    sheet.leg(dispute.fee, "Dispute fee", |sheet| sheet.settlement("dispute-fee"));
    let taken = -dispute.amount - dispute.fee;
    sheet.leg(taken, "Dispute opened", |sheet| sheet.clearing().map(|clearing| clearing.receipts));
    let exchange = sheet.exchange(dispute.date);
    sheet.write(exchange, description(dispute, "opened"), related)
}

/// Dr the gateway's clearing account; Cr disputed funds, and the fee when it was given back.
pub(super) fn won(clerk: &mut Clerk, event: &Event, dispute: &Dispute) -> Option<Document> {
    let related = related(clerk, event, dispute);
    let mut sheet = clerk.sheet(event, DocumentKind::Dispute, dispute.amount);
    let day = decide(&mut sheet, event, dispute);
    let back = dispute.amount + dispute.fee;
    sheet.leg(back, "Dispute won", |sheet| sheet.clearing().map(|clearing| clearing.receipts));
    sheet.leg(-dispute.amount, "Disputed payment", |sheet| sheet.settlement("dispute"));
    sheet.leg(-dispute.fee, "Dispute fee given back", |sheet| sheet.settlement("dispute-fee"));
    let exchange = sheet.exchange(day);
    sheet.write(exchange, description(dispute, "won"), related)
}

/// Dr chargeback losses and the tax that comes back; Cr disputed funds; a fee charged now against clearing.
pub(super) fn lost(clerk: &mut Clerk, event: &Event, dispute: &Dispute) -> Option<Document> {
    let related = related(clerk, event, dispute);
    let mut sheet = clerk.sheet(event, DocumentKind::Dispute, dispute.amount);
    let day = decide(&mut sheet, event, dispute);
    let taxes = if dispute.tax_recoverable { sold::recoverable(&mut sheet, dispute) } else { Vec::new() };
    let tax: Decimal = taxes.iter().map(|(_, _, amount)| *amount).sum();
    sheet.leg(dispute.amount - tax, "Dispute lost", |sheet| sheet.settlement("chargeback-loss"));
    for (target, name, amount) in taxes {
        sheet.leg(amount, &format!("{name} of a lost dispute"), |_| Some(target));
    }
    sheet.leg(-dispute.amount, "Disputed payment", |sheet| sheet.settlement("dispute"));
    sheet.leg(dispute.fee, "Dispute fee", |sheet| sheet.settlement("dispute-fee"));
    sheet.leg(-dispute.fee, "Dispute fee", |sheet| sheet.clearing().map(|clearing| clearing.receipts));
    let exchange = sheet.exchange(day);
    sheet.write(exchange, description(dispute, "lost"), related)
}

fn description(dispute: &Dispute, state: &str) -> String {
    let order = dispute.order.map(|order| format!(" of BigCommerce order {order}")).unwrap_or_default();
    format!("{} dispute {}{order} {state}", dispute.gateway, dispute.id)
}

/// The order's invoice and, for what is decided, the opening.
fn related(clerk: &Clerk, event: &Event, dispute: &Dispute) -> Vec<DocumentKey> {
    let invoice = dispute.order.map(|order| DocumentKey::new(&clerk.policy.store, order, "invoice", 1));
    let decided = !matches!(event, Event::DisputeOpened(_));
    let opening = decided.then(|| clerk.key("dispute_opened", &event.name()));
    invoice.into_iter().chain(opening).collect()
}

/// Checks what is decided against what was opened, and answers the day whose rate it has: the opening's, so that the
/// account of disputed funds is left with nothing.
fn decide(sheet: &mut Sheet, event: &Event, dispute: &Dispute) -> Date {
    let name = event.name();
    let Some(opening) = sheet.clerk.disputes.get(&name).copied() else {
        return dispute.opened.unwrap_or(dispute.date);
    };
    let before = sheet.clerk.decided.get(&name).copied().unwrap_or_default();
    sheet.clerk.decided.insert(name, before + dispute.amount);
    let remedy = "correct the event, or the dispute's opening";
    if opening.currency != dispute.currency {
        let message = format!("it opened in {} and is decided in {}", opening.currency, dispute.currency);
        sheet.hold(HoldCode::EventNotBookable, message, remedy);
    } else if before + dispute.amount > opening.amount {
        let message = format!(
            "{} is decided after {}, but only {} was disputed",
            sheet.money(dispute.amount),
            sheet.money(before),
            sheet.money(opening.amount)
        );
        sheet.hold(HoldCode::TotalsDoNotAddUp, message, remedy);
    }
    if dispute.opened.is_some_and(|day| day != opening.date) || dispute.date < opening.date {
        let message = format!("it opened on {}, which the decision of {} does not fit", opening.date, dispute.date);
        sheet.hold(HoldCode::EventNotBookable, message, remedy);
    }
    opening.date
}
