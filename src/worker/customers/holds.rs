//! What is said when a buyer cannot be made a customer without somebody's help.

use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::intacct::lookup::FoundCustomer;

/// Holds that a change in Intacct can resolve: their orders are tried again now and then.
pub(super) const RESOLVED_IN_INTACCT: [HoldCode; 4] =
    [HoldCode::CustomerInactive, HoldCode::CustomerAmbiguous, HoldCode::CustomerRefused, HoldCode::CustomerIncomplete];

/// At most so many customers are named in a hold.
const NAMED: usize = 20;

fn hold(code: HoldCode, subject: &str, message: String, remedy: &str) -> Hold {
    Hold { code, subject: subject.to_owned(), message, remedy: remedy.to_owned(), amount: None, blocks: Blocks::Order }
}

/// The order names nobody.
pub(super) fn nobody(order_id: u64) -> Hold {
    hold(
        HoldCode::CustomerIncomplete,
        &format!("order {order_id}"),
        "the order names nobody to bill: no customer, no e-mail and no name".to_owned(),
        "Complete the billing address of the order in BigCommerce, or add a customer rule that names a summary customer; \
         then replay the order.",
    )
}

/// Our own checks refuse the customer.
pub(super) fn incomplete(subject: &str, why: &str) -> Hold {
    hold(
        HoldCode::CustomerIncomplete,
        subject,
        format!("customer {subject} cannot be created: {why}"),
        "Complete the billing address of the order in BigCommerce, or create the customer in Intacct under the id named \
         here, or add a customer rule that names a summary customer; then replay the order.",
    )
}

/// A rule names a customer that is not there.
pub(super) fn no_summary_customer(id: &str) -> Hold {
    hold(
        HoldCode::CustomerIncomplete,
        id,
        format!("the customer rule names {id}, and there is no such customer in Intacct"),
        "Create the customer in Intacct under this id, or change the customer rule; the orders then go on by themselves.",
    )
}

/// Customers were found, and none of them can take documents.
pub(super) fn inactive(subject: &str, found: &[FoundCustomer]) -> Hold {
    let which =
        if found.len() == 1 { "the buyer's customer is" } else { "all customers that could be the buyer's are" };
    hold(
        HoldCode::CustomerInactive,
        subject,
        format!("{which} inactive in Intacct, which takes no documents then: {}", list(found)),
        "Activate the customer in Intacct; its orders then go on by themselves. Or add a customer rule that names another \
         customer for this buyer.",
    )
}

/// Several customers could be the buyer.
pub(super) fn ambiguous(subject: &str, found: &[FoundCustomer], because: &str) -> Hold {
    hold(
        HoldCode::CustomerAmbiguous,
        subject,
        format!("{} customers in Intacct {because}: {}", found.len(), list(found)),
        "Keep the address or id on one of them in Intacct, or add a customer rule that names the right one, or choose \
         another setting for customers.several_matches; the orders then go on by themselves.",
    )
}

/// Intacct refused something about the customer.
pub(super) fn refused(subject: &str, what: &str, error: &str, remedy: &str) -> Hold {
    hold(HoldCode::CustomerRefused, subject, format!("Intacct refused {what}: {error}"), remedy)
}

/// Another contact has the name that ours would get.
pub(super) fn contact_taken(subject: &str, name: &str) -> Hold {
    hold(
        HoldCode::CustomerRefused,
        subject,
        format!("Intacct has a contact named '{name}' that is not this customer's, and names of contacts are unique"),
        "Rename or delete that contact in Intacct (Company > Contacts), or create the customer with it under the id named \
         here; the orders then go on by themselves.",
    )
}

fn list(found: &[FoundCustomer]) -> String {
    let one = |customer: &FoundCustomer| {
        let state = if customer.active { "" } else { ", inactive" };
        format!("{} ({}{state})", customer.customer_id, customer.name)
    };
    let named: Vec<String> = found.iter().take(NAMED).map(one).collect();
    let more = if found.len() > NAMED { format!(" and {} more", found.len() - NAMED) } else { String::new() };
    named.join(", ") + &more
}
