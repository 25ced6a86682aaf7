//! The buyer: whose customer account the order goes to, and in which currency it is kept.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::customer::{BuyerIdentity, CustomerRecord, CustomerRef};
use super::super::document::Exchange;
use super::super::hold::{Blocks, HoldCode};
use super::super::money::{Currency, parse_amount};
use super::super::rulebook::{Condition, Facts, Give, Resolved, RuleKind, values};
use super::context::{Context, Holds};

/// The customer the order goes to; `None` with a hold when the buyer cannot be made one.
///
/// Without a customer rule every buyer is a customer of their own: registered ones by id, guests by e-mail address.
pub(super) fn buyer(context: &Context, holds: &mut Holds) -> Option<CustomerRecord> {
    let order = &context.evidence.order;
    let rule = rule(context, holds);
    let given = |give: Give| rule.as_ref().and_then(|found| found.given(&give)).map(str::to_owned);
    let prefix = given(Give::CustomerPrefix).unwrap_or_else(|| context.policy.number_prefix.clone());
    let email = order.buyer.email.trim().to_lowercase();
    let name = [
        order.billing.company.trim().to_owned(),
        format!("{} {}", order.billing.first_name.trim(), order.billing.last_name.trim()).trim().to_owned(),
        email.clone(),
    ];
    let summary = given(Give::SummaryCustomer).filter(|id| id != values::NONE);
    let identity = match (summary, order.buyer.customer_id) {
        (Some(id), _) => Some(BuyerIdentity::Summary(id)),
        (None, Some(id)) => Some(BuyerIdentity::Registered(id)),
        (None, None) if email.contains('@') => Some(BuyerIdentity::guest(&email)),
        (None, None) => None,
    };
    let name = name.into_iter().find(|name| !name.is_empty()).or_else(|| match &identity {
        Some(BuyerIdentity::Summary(id)) => Some(id.clone()),
        _ => None,
    });
    let (Some(identity), Some(name)) = (identity, name) else {
        let message = "the buyer has no name and company, or is a guest without an e-mail address".to_owned();
        let remedy =
            "complete the order's billing address in BigCommerce, or add a customer rule with a summary customer";
        holds.add(context.order_hold(HoldCode::CustomerIncomplete, message, remedy, order.totals.total_inc_tax));
        return None;
    };
    Some(CustomerRecord {
        reference: CustomerRef::new(identity, &prefix),
        name,
        first_name: order.billing.first_name.trim().to_owned(),
        last_name: order.billing.last_name.trim().to_owned(),
        company: order.billing.company.trim().to_owned(),
        email,
        phone: order.billing.phone.trim().to_owned(),
        billing: order.billing.clone(),
        shipping: context.evidence.shipping.first().map(|to| to.address.clone()),
        customer_type: given(Give::CustomerType),
        terms: given(Give::Terms).or_else(|| context.policy.terms.clone()),
    })
}

/// The customer rule that fits the day the order was placed, if any, so that all documents have the same customer; two that
/// fit equally are a hold.
fn rule<'a>(context: &Context<'a>, holds: &mut Holds) -> Option<Resolved<'a>> {
    let order = &context.evidence.order;
    let guest = if order.buyer.customer_id.is_none() { values::YES } else { values::NO };
    let mut facts = context.facts(None).with(Condition::Guest, guest);
    if let Some(group) = order.buyer.group {
        facts = facts.with(Condition::Group, group.to_string());
    }
    if !order.billing.company.trim().is_empty() {
        facts = facts.with(Condition::Company, &order.billing.company);
    }
    match context.rulebook.resolve(RuleKind::Customer, &facts, context.placed) {
        Ok(found) => Some(found),
        Err(missing) if missing.tied.is_empty() => None,
        Err(missing) => {
            holds.missing(missing, context.money(order.totals.total_inc_tax), Blocks::Order);
            None
        }
    }
}

/// How `currency` becomes base currency on `date`; `None` for the base currency itself, or with a hold.
pub(super) fn exchange(context: &Context, currency: Currency, date: Date, holds: &mut Holds) -> Option<Exchange> {
    let order = &context.evidence.order;
    let base = context.policy.base_currency;
    if currency == base {
        return None;
    }
    let mut refuse = |message: String, remedy: &str| {
        holds.add(context.order_hold(HoldCode::CurrencyNotAccepted, message, remedy, order.totals.total_inc_tax));
    };
    if !context.policy.foreign_currencies.contains(&currency) {
        let message = format!("the order is in {currency}; store '{}' posts {base} only", context.policy.store);
        refuse(message, "add the currency to the store's foreign currencies and an exchange rule for it");
        return None;
    }
    let facts = Facts::new().with(Condition::Currency, currency.code());
    let found = context.rule(holds, RuleKind::Exchange, &facts, date, order.totals.total_inc_tax)?;
    if let Some(rate) = found.given(&Give::Rate).and_then(|rate| parse_amount(rate).ok()) {
        return Some(Exchange::Rate { rate, on: date, source: found.rule.to_string() });
    }
    let rate_type = found.given(&Give::RateType)?;
    if rate_type != values::ORDER_RATE {
        return Some(Exchange::RateType(rate_type.to_owned()));
    }
    let own = order.store_to_order_rate.filter(|_| order.currency == currency);
    let rate = own.filter(|rate| *rate > Decimal::ZERO && order.store_currency == Some(base));
    // BigCommerce gives units of the order's currency for one of the store's; the books need it the other way round.
    match rate.and_then(|rate| Decimal::ONE.checked_div(rate)) {
        Some(rate) => Some(Exchange::Rate {
            rate: rate.round_dp(10).normalize(),
            on: date,
            source: "the order's own rate".to_owned(),
        }),
        None => {
            let message = format!("the exchange rule asks for the order's own rate, but the order has none to {base}");
            holds.add(context.order_hold(
                HoldCode::CurrencyNotAccepted,
                message,
                "let the exchange rule name a rate type of Intacct instead",
                order.totals.total_inc_tax,
            ));
            None
        }
    }
}
