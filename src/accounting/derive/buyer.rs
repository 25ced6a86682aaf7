//! The buyer: whose customer account the order goes to.

use super::super::customer::{BuyerIdentity, CustomerRecord, CustomerRef};
use super::super::hold::{Blocks, HoldCode};
use super::super::policy::PostingMode;
use super::super::rulebook::{Condition, Give, Resolved, RuleKind, values};
use super::context::{Context, Holds};

/// The customer the order goes to; `None` when the buyer cannot be made one, with a hold unless the order is of a day in
/// daily mode.
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
        // Daily mode bills nobody and makes no customers.
        if context.policy.posting_on(context.date) == PostingMode::Daily {
            return None;
        }
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
