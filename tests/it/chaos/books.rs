//! Whether the company's books are what the shop's orders say, and what our own records say.

use std::collections::BTreeMap;

use cartledger::sandbox::bigcommerce::OrderSummary;
use cartledger::sandbox::intacct::Company;
use rust_decimal::Decimal;

use crate::support::world::{STORE, World};

/// The receivable of the demo's rules, and the account of its one tax.
const RECEIVABLE: &str = "1100";
const SALES_TAX: &str = "2200";

/// Everything that is wrong; empty when the books are right.
pub async fn faults(world: &World) -> Vec<String> {
    let mut faults = twice(&world.company);
    faults.extend(against_the_shop(world));
    faults.extend(against_our_records(world).await);
    for stored in world.store.open_holds(Some(STORE), None, 0, 100).await.unwrap() {
        faults.push(format!("held: order {:?}, {}: {}", stored.order_id, stored.hold.code, stored.hold.message));
    }
    faults
}

/// Every document, payment, journal, attachment and customer of the company by what names it.
fn names(company: &Company) -> Vec<String> {
    let receivables = company.invoices().into_iter().chain(company.adjustments());
    let receivables = receivables.map(|record| format!("{:?} {}", record.kind, record.number));
    // A payment's description ends with our key.
    let payments = company.payments().into_iter().map(|payment| format!("Payment {}", key_in(&payment.description)));
    let journals = company.journals().into_iter().map(|journal| format!("Journal {}", journal.reference));
    let attachments = company.attachments().into_iter().map(|attachment| format!("Attachment {}", attachment.id));
    let customers = company.customers().into_iter().map(|customer| {
        let email = customer.fields.get("DISPLAYCONTACT.EMAIL1").cloned().unwrap_or(customer.id);
        format!("Customer {email}")
    });
    receivables.chain(payments).chain(journals).chain(attachments).chain(customers).collect()
}

fn key_in(description: &str) -> String {
    description.rsplit_once('[').map_or(description, |(_, key)| key.trim_end_matches(']')).to_owned()
}

fn twice(company: &Company) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in names(company) {
        *counts.entry(name).or_default() += 1;
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(name, count)| format!("there twice: {name} ({count})"))
        .collect()
}

/// Receivable and tax are what the shop's orders come to, whatever documents it took.
fn against_the_shop(world: &World) -> Vec<String> {
    let orders = world.shop.expected_summary();
    let sum = |of: fn(&OrderSummary) -> Decimal| orders.iter().map(of).sum::<Decimal>();
    let expected = [
        (RECEIVABLE, sum(|order| order.gross - order.captured)),
        (SALES_TAX, -sum(|order| order.tax - order.refunded_tax)),
    ];
    let balances = world.balances();
    let balance = |account: &str| balances.get(account).copied().unwrap_or_default();
    let mut faults: Vec<String> = expected
        .into_iter()
        .filter(|(account, amount)| balance(account) != *amount)
        .map(|(account, amount)| {
            format!("account {account}: the shop's orders come to {amount}, the books say {}", balance(account))
        })
        .collect();
    let total: Decimal = balances.values().sum();
    if !total.is_zero() {
        faults.push(format!("the books are out of balance by {total}"));
    }
    faults
}

/// What we say is posted is there, and nothing else is.
async fn against_our_records(world: &World) -> Vec<String> {
    let mut faults = Vec::new();
    let mut theirs: BTreeMap<String, Decimal> = BTreeMap::new();
    for record in world.company.invoices().into_iter().chain(world.company.adjustments()) {
        theirs.insert(record.number, record.total.abs());
    }
    for payment in world.company.payments() {
        theirs.insert(key_in(&payment.description), payment.amount);
    }
    for order in world.shop.expected_summary() {
        for document in world.store.documents(STORE, order.order_id).await.unwrap() {
            let (planned, state) = (&document.planned, document.state.as_str());
            let in_summary = document.summary.as_ref().is_some_and(|summary| summary.state.as_str() == "posted");
            match state {
                "summarised" if in_summary => continue,
                "posted" => {}
                _ => faults.push(format!("{} is {state}: {:?}", planned.key, document.error)),
            }
            let payment = matches!(planned.kind.as_str(), "receipt" | "application");
            let name = if payment { &planned.key } else { &planned.number };
            match theirs.remove(name) {
                None => faults.push(format!("{} is posted and not in the books", planned.key)),
                Some(amount) if planned.kind != "application" && Some(amount) != planned.total => {
                    faults.push(format!("{} is {:?} with us and {amount} in the books", planned.key, planned.total));
                }
                Some(_) => {}
            }
        }
    }
    faults.extend(theirs.into_keys().map(|name| format!("{name} is in the books and is not ours")));
    let ours = world.our_balances().await;
    if ours != world.balances() {
        faults.push(format!("our balances are {ours:?}, the company's {:?}", world.balances()));
    }
    faults
}
