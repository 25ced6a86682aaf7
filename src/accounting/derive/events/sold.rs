//! The tax of a lost dispute: what of the order's tax can be had back, never more than was sold and is not refunded yet.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::super::document::DocumentKind;
use super::super::super::events::{Dispute, TaxPart};
use super::super::super::hold::HoldCode;
use super::super::super::money::allocate_capped;
use super::super::super::rulebook::{Condition, RuleKind};
use super::super::Derivation;
use super::super::piece::Form;
use super::super::tenders::Target;
use super::clerk::Sheet;

/// A tax that comes back: its account, its name, how much.
pub(super) type Back = (Target, String, Decimal);

/// One tax of an order as its documents have it. Amounts are whole minor units.
struct SoldTax {
    name: String,
    target: Target,
    /// On the invoice.
    sold: Decimal,
    /// Less what refunds took back; never below zero.
    left: Decimal,
}

/// Every tax that can be had back. What cannot be told is a hold.
pub(super) fn recoverable(sheet: &mut Sheet, dispute: &Dispute) -> Vec<Back> {
    let order = dispute.order.and_then(|order| sheet.clerk.orders.get(&order).copied());
    let mut refuse = |message: String, remedy: &str| {
        sheet.hold(HoldCode::EventNotBookable, message, remedy);
        Vec::new()
    };
    match order {
        Some(order) if order.order_total.currency != dispute.currency => {
            let message =
                format!("the order is in {}, the dispute in {}", order.order_total.currency, dispute.currency);
            refuse(message, "correct the event's currency and amounts")
        }
        Some(order) if order.documents.iter().all(|document| document.kind != DocumentKind::Invoice) => {
            let message = format!("its tax is recoverable, but order {} has no invoice", order.order_id);
            refuse(message, "solve what holds the order first, or leave tax_recoverable out of the event")
        }
        Some(order) if dispute.taxes.is_empty() => share(order, dispute),
        Some(order) => checked(sheet, order, dispute),
        None if dispute.taxes.is_empty() => {
            let message = "its tax is recoverable, but it does not say how much, and the order is not known here";
            let remedy = "name the order and derive both together, or give the event its taxes";
            refuse(message.to_owned(), remedy)
        }
        None => given(sheet, dispute),
    }
}

/// The taxes of an order, by name and the rule that booked each. What a marketplace keeps is in no document.
fn sold(order: &Derivation) -> Vec<SoldTax> {
    let of_tax = format!("{} rule '", RuleKind::Tax);
    let mut taxes: BTreeMap<(&str, &str), SoldTax> = BTreeMap::new();
    for document in &order.documents {
        for line in document.lines.iter().filter(|line| line.rule.starts_with(&of_tax)) {
            let tax = taxes.entry((&line.memo, &line.rule)).or_insert_with(|| SoldTax {
                name: line.memo.clone(),
                target: Target {
                    account: line.account.clone(),
                    dimensions: line.dimensions.clone(),
                    rule: line.rule.clone(),
                    form: Form::default(),
                },
                sold: Decimal::ZERO,
                left: Decimal::ZERO,
            });
            tax.left -= line.signed();
            if document.kind == DocumentKind::Invoice {
                tax.sold -= line.signed();
            }
        }
    }
    taxes.into_values().map(|tax| SoldTax { left: tax.left.max(Decimal::ZERO), ..tax }).collect()
}

/// The disputed share of every tax of the order, never more than is left of it.
fn share(order: &Derivation, dispute: &Dispute) -> Vec<Back> {
    let taxes = sold(order);
    let invoices = order.documents.iter().filter(|document| document.kind == DocumentKind::Invoice);
    let total: Decimal = invoices.map(|invoice| invoice.total).sum();
    let (weights, caps): (Vec<Decimal>, Vec<Decimal>) = taxes.iter().map(|tax| (tax.sold, tax.left)).unzip();
    let all: Decimal = weights.iter().sum();
    let part = (all * dispute.amount.min(total)).checked_div(total).unwrap_or_default();
    let wanted = dispute.currency.round(part).min(caps.iter().sum());
    let amounts = allocate_capped(wanted, &weights, &caps, dispute.currency).unwrap_or_default();
    taxes.into_iter().zip(amounts).map(|(tax, amount)| (tax.target, tax.name, amount)).collect()
}

/// The taxes the event gives, on the accounts of the order's, none more than is left. A name that stands on several
/// accounts, for example of two states, is split by what is left on each.
fn checked(sheet: &mut Sheet, order: &Derivation, dispute: &Dispute) -> Vec<Back> {
    let mut taxes = sold(order);
    let mut back = Vec::new();
    for TaxPart { name, amount, .. } in &dispute.taxes {
        let same = |tax: &&mut SoldTax| tax.name.trim().to_lowercase() == name.trim().to_lowercase();
        let known: Vec<&mut SoldTax> = taxes.iter_mut().filter(same).collect();
        let left: Vec<Decimal> = known.iter().map(|tax| tax.left).collect();
        let all: Decimal = left.iter().sum();
        if let Some(parts) = allocate_capped(*amount, &left, &left, dispute.currency) {
            for (tax, part) in known.into_iter().zip(parts).filter(|(_, part)| !part.is_zero()) {
                tax.left -= part;
                back.push((tax.target.clone(), tax.name.clone(), part));
            }
            continue;
        }
        let (amount, left) = (sheet.money(*amount), sheet.money(all));
        let message =
            format!("{amount} of '{name}' would come back, but {left} of it is left of order {}", order.order_id);
        sheet.hold(HoldCode::RefundExceedsSale, message, "correct the taxes of the event");
    }
    bounded(sheet, dispute);
    back
}

/// The taxes the event gives, by tax rule.
fn given(sheet: &mut Sheet, dispute: &Dispute) -> Vec<Back> {
    let mut back = Vec::new();
    for tax in &dispute.taxes {
        let channel = tax.facts.channel.map(|channel| channel.to_string());
        let known = [
            (Condition::Name, Some(tax.name.as_str())),
            (Condition::Class, tax.facts.class.as_deref()),
            (Condition::Rate, tax.facts.rate.as_deref()),
            (Condition::Channel, channel.as_deref()),
            (Condition::State, tax.facts.state.as_deref()),
            (Condition::Country, tax.facts.country.as_deref()),
        ];
        back.extend(sheet.tax(&known).map(|target| (target, tax.name.clone(), tax.amount)));
    }
    bounded(sheet, dispute);
    back
}

/// Tax is part of what is disputed.
fn bounded(sheet: &mut Sheet, dispute: &Dispute) {
    let tax: Decimal = dispute.taxes.iter().map(|tax| tax.amount).sum();
    if tax > dispute.amount {
        let message = format!("its taxes are {}, but only {} is lost", sheet.money(tax), sheet.money(dispute.amount));
        sheet.hold(HoldCode::TotalsDoNotAddUp, message, "correct the taxes of the event");
    }
}
