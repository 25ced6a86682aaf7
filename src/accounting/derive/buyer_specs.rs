//! Whose customer an order is: guests, companies, addresses, and texts that no buyer should type.

use super::super::customer::CustomerRecord;
use super::super::evidence::{Address, ShippingAddress};
use super::super::policy::{Guests, PostingMode};
use super::super::rulebook::{Condition, Give, Rule, RuleKind};
use super::super::testing::{Case, dec};
use super::Derivation;

fn paid() -> Case {
    Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90").paid(9001, "stripe", "129.90")
}

fn to(id: u64, street: &str) -> ShippingAddress {
    let address = Address { street_1: street.into(), country_code: "US".into(), ..Address::default() };
    let (method, nothing) = ("Ground".into(), dec("0"));
    ShippingAddress {
        id,
        method,
        cost_ex_tax: nothing,
        cost_inc_tax: nothing,
        handling_ex_tax: nothing,
        handling_inc_tax: nothing,
        address,
    }
}

fn buyer(case: &Case) -> CustomerRecord {
    let Derivation { customer, holds, .. } = case.derive();
    assert_eq!(holds, []);
    customer.unwrap()
}

fn guests(give: &str) -> Rule {
    Rule::new("guests", RuleKind::Customer).when(Condition::Guest, "yes").gives(Give::SummaryCustomer, give)
}

#[test]
fn guests_are_held_where_the_policy_says_so_unless_a_rule_says_whose_they_are() {
    let held = || paid().policy(|policy| policy.customers.guests = Guests::Hold);
    assert_eq!(held().hold_codes(), ["guest-order"]);
    assert_eq!(buyer(&held().rule(guests("WEB"))).reference.intacct_id, "WEB");
    let own = buyer(&held().rule(guests("none"))).reference.intacct_id;
    assert_eq!(own, buyer(&paid()).reference.intacct_id);
    assert!(held().with(|e| e.order.buyer.customer_id = Some(42)).hold_codes().is_empty());
}

#[test]
fn daily_mode_bills_nobody_and_holds_no_guest() {
    let daily = paid().policy(|policy| {
        policy.customers.guests = Guests::Hold;
        policy.posting = PostingMode::Daily;
    });
    assert!(daily.hold_codes().is_empty());
}

#[test]
fn goods_that_all_go_to_one_address_have_a_ship_to_and_others_have_none() {
    let shipping = |all: Vec<ShippingAddress>| buyer(&paid().with(|e| e.shipping = all)).shipping.map(|to| to.street_1);
    assert_eq!(shipping(vec![]), None);
    assert_eq!(shipping(vec![to(1, "1 Elm St")]).as_deref(), Some("1 Elm St"));
    assert_eq!(shipping(vec![to(1, "1 Elm St"), to(2, "1  ELM ST")]).as_deref(), Some("1 Elm St"));
    assert_eq!(shipping(vec![to(1, "1 Elm St"), to(2, "2 Oak St")]), None);
    let blank = ShippingAddress { address: Address::default(), ..to(1, "") };
    assert_eq!(shipping(vec![blank]), None, "a pickup has an empty address");
}

#[test]
fn a_company_gives_its_name_and_a_person_theirs() {
    let named = |company: &str, first: &str| {
        buyer(&paid().with(|e| {
            e.order.billing.company = company.into();
            e.order.billing.first_name = first.into();
            e.order.billing.last_name = String::new();
        }))
        .name
    };
    assert_eq!(named("Whitfield\t Outfitting", "Dana"), "Whitfield Outfitting");
    assert_eq!(named(" ", "Dana"), "Dana");
    assert_eq!(named("\u{1}", "\u{2}"), "ada@example.com", "control characters are no name");
}
