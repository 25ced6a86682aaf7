//! The buyer: whose customer account the order goes to.

use super::super::customer::{BuyerIdentity, CustomerRecord, CustomerRef, same_place, tidy};
use super::super::evidence::{Address, Evidence};
use super::super::hold::{Blocks, HoldCode};
use super::super::policy::{Guests, PostingMode};
use super::super::rulebook::{Condition, Give, Resolved, RuleKind, values};
use super::context::{Context, Holds};

/// The customer the order goes to; `None` when the buyer cannot be made one, with a hold unless the order is of a day in
/// daily mode.
///
/// Without a customer rule every buyer is a customer of their own: registered ones by id, guests by e-mail address, unless
/// the policy holds guests. A rule that says whose customer the buyer is comes before the policy.
pub(super) fn buyer(context: &Context, holds: &mut Holds) -> Option<CustomerRecord> {
    let order = &context.evidence.order;
    let rule = rule(context, holds);
    let given = |give: Give| rule.as_ref().and_then(|found| found.given(&give)).map(str::to_owned);
    let prefix = given(Give::CustomerPrefix).unwrap_or_else(|| context.policy.number_prefix.clone());
    let email = tidy(&order.buyer.email).to_lowercase();
    let name = [
        tidy(&order.billing.company),
        tidy(&format!("{} {}", order.billing.first_name, order.billing.last_name)),
        email.clone(),
    ];
    let ruled = given(Give::SummaryCustomer);
    let guest = order.buyer.customer_id.is_none();
    if guest && ruled.is_none() && context.policy.customers.guests == Guests::Hold {
        return held_guest(context, holds);
    }
    let identity = match (ruled.filter(|id| id != values::NONE), order.buyer.customer_id) {
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
        if bills_nobody(context) {
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
        first_name: tidy(&order.billing.first_name),
        last_name: tidy(&order.billing.last_name),
        company: tidy(&order.billing.company),
        email,
        phone: tidy(&order.billing.phone),
        billing: order.billing.clone(),
        shipping: only_destination(context.evidence),
        customer_type: given(Give::CustomerType),
        terms: given(Give::Terms).or_else(|| context.policy.terms.clone()),
    })
}

/// Daily mode bills nobody and makes no customers.
fn bills_nobody(context: &Context) -> bool {
    context.policy.posting_on(context.date) == PostingMode::Daily
}

fn held_guest(context: &Context, holds: &mut Holds) -> Option<CustomerRecord> {
    if !bills_nobody(context) {
        let message = "the order is a guest's, and the store's settings hold guests' orders".to_owned();
        let remedy = "add a customer rule for guests that gives summary_customer (an Intacct customer id, or none for a customer of \
                      the guest's own), or change the setting customers.guests";
        let total = context.evidence.order.totals.total_inc_tax;
        holds.add(context.order_hold(HoldCode::GuestOrder, message, remedy, total));
    }
    None
}

/// Where the goods go, when all of them go to one address that says something.
fn only_destination(evidence: &Evidence) -> Option<Address> {
    let mut addresses = evidence.shipping.iter().map(|to| &to.address);
    let first = addresses.next().filter(|first| !same_place(first, &Address::default()))?;
    addresses.all(|other| same_place(first, other)).then(|| first.clone())
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
