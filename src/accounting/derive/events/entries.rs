//! The plain entries: tax remitted, breakage, goodwill, fees kept.

use super::super::super::document::{Document, DocumentKind};
use super::super::super::events::{Breakage, Event, FeeKept, Goodwill, Liability, TaxRemitted};
use super::super::super::hold::HoldCode;
use super::super::super::rulebook::{Condition, RuleKind};
use super::clerk::Clerk;

/// Dr the tax's liability; Cr the bank it was paid from and what the authority lets the store keep.
pub(super) fn tax_remitted(clerk: &mut Clerk, event: &Event, tax: &TaxRemitted) -> Option<Document> {
    let mut sheet = clerk.sheet(event, DocumentKind::Entry, tax.due);
    if tax.due - tax.allowance != tax.paid {
        let message = format!(
            "due {} - allowance {} = {}, but {} was paid",
            tax.due,
            tax.allowance,
            tax.due - tax.allowance,
            sheet.money(tax.paid)
        );
        let remedy = "correct the event: a penalty or a payment on account is an entry of its own";
        sheet.hold(HoldCode::TotalsDoNotAddUp, message, remedy);
    }
    let facts = &tax.facts;
    let known = [
        (Condition::Name, Some(tax.tax.as_str())),
        (Condition::Class, facts.class.as_deref()),
        (Condition::Rate, facts.rate.as_deref()),
        (Condition::State, facts.state.as_deref()),
        (Condition::Country, facts.country.as_deref()),
    ];
    sheet.leg(tax.due, &format!("{} remitted", tax.tax), |sheet| sheet.tax(&known));
    sheet.about_tax(&tax.tax);
    sheet.leg(-tax.paid, &format!("{} paid", tax.tax), |sheet| sheet.settlement("tax-bank"));
    sheet.leg(-tax.allowance, "Filing allowance", |sheet| sheet.settlement("tax-allowance"));
    let exchange = sheet.exchange(tax.date);
    sheet.write(exchange, format!("{} remitted, {}", tax.tax, tax.id), Vec::new())
}

/// Dr the liability; Cr breakage income.
pub(super) fn breakage(clerk: &mut Clerk, event: &Event, breakage: &Breakage) -> Option<Document> {
    let (kind, name) = match breakage.liability {
        Liability::GiftCertificate => (RuleKind::GiftCertificate, "gift certificates"),
        Liability::StoreCredit => (RuleKind::StoreCredit, "store credit"),
    };
    let description = format!("Breakage of {name}, {}", breakage.id);
    let mut sheet = clerk.sheet(event, DocumentKind::Entry, breakage.amount);
    sheet.leg(breakage.amount, &description, |sheet| sheet.liability(kind));
    sheet.leg(-breakage.amount, &description, |sheet| sheet.settlement("breakage"));
    let exchange = sheet.exchange(breakage.date);
    sheet.write(exchange, description, Vec::new())
}

/// Dr goodwill; Cr store credit, or gift certificates for a card.
pub(super) fn goodwill(clerk: &mut Clerk, event: &Event, given: &Goodwill) -> Option<Document> {
    let card = matches!(event, Event::CardIssued(_));
    let (kind, name) =
        if card { (RuleKind::GiftCertificate, "gift certificate") } else { (RuleKind::StoreCredit, "store credit") };
    let order = given.order.map(|order| format!(" for BigCommerce order {order}")).unwrap_or_default();
    let customer = given.customer.map(|customer| format!(" to customer {customer}")).unwrap_or_default();
    let description = format!("Goodwill {name} {}{order}{customer}", given.id);
    let mut sheet = clerk.sheet(event, DocumentKind::Entry, given.amount);
    sheet.leg(given.amount, &description, |sheet| sheet.settlement("goodwill"));
    sheet.leg(-given.amount, &description, |sheet| sheet.liability(kind));
    let exchange = sheet.exchange(given.date);
    sheet.write(exchange, description, Vec::new())
}

/// Dr fees; Cr the gateway's clearing account.
pub(super) fn fee_kept(clerk: &mut Clerk, event: &Event, fee: &FeeKept) -> Option<Document> {
    let order = fee.order.map(|order| format!(" of BigCommerce order {order}")).unwrap_or_default();
    let description = format!("Fee {}{order} kept by {}", fee.id, fee.gateway);
    let mut sheet = clerk.sheet(event, DocumentKind::Entry, fee.amount);
    sheet.leg(fee.amount, &description, |sheet| sheet.settlement("fee"));
    sheet.leg(-fee.amount, &description, |sheet| sheet.clearing().map(|clearing| clearing.receipts));
    let exchange = sheet.exchange(fee.date);
    sheet.write(exchange, description, Vec::new())
}
