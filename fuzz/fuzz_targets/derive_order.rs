//! Whatever an order says: documents that balance, holds with a remedy, or an exclusion with its reason; never a panic.
#![no_main]

mod parts;

use std::sync::LazyLock;

use cartledger::accounting::derive::derive;
use cartledger::accounting::policy::{OrderLevelRefund, Policy};
use cartledger::accounting::rulebook::{Give, Rule, RuleKind, Rulebook};
use cartledger::bigcommerce::evidence::assemble;
use libfuzzer_sys::fuzz_target;
use rust_decimal::Decimal;

/// A catch-all for everything, so that as much as possible is derived.
static RULES: LazyLock<Rulebook> = LazyLock::new(|| {
    use RuleKind::*;
    let to = |kind: RuleKind| Rule::new(kind.as_str(), kind).gives(Give::Account, kind.as_str());
    let kinds = [Product, Shipping, Handling, GiftWrapping, Fee, Discount, Tax, GiftCertificate, StoreCredit, Refund];
    let mut rules: Vec<Rule> = kinds.into_iter().map(to).collect();
    rules.push(to(Payment).gives(Give::PaymentMethod, "EFT").gives(Give::TreatAsPaid, "yes"));
    rules.push(Rule::new("exchange", Exchange).gives(Give::RateType, "order"));
    Rulebook::new(rules).unwrap_or_else(|problems| panic!("{problems:?}"))
});

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy {
    export_statuses: (1..=14).collect(),
    rounding_account: Some("7900".to_owned()),
    order_level_refund: OrderLevelRefund::CarveOut,
    foreign_currencies: ["EUR", "JPY", "KWD"].into_iter().filter_map(|code| code.parse().ok()).collect(),
    ..Policy::new("fuzz", "1100")
});

fuzz_target!(|input: &[u8]| {
    let Ok(evidence) = assemble("fuzz", &parts::raw_order(input)) else { return };
    let derivation = derive(&evidence, &RULES, &POLICY);
    for document in &derivation.documents {
        let balance: Decimal = document.lines.iter().map(|line| line.debit - line.credit).sum();
        assert!(balance.is_zero(), "{} does not balance", document.key);
    }
    assert!(derivation.holds.iter().all(|hold| !hold.remedy.is_empty() && !hold.message.is_empty()));
});
