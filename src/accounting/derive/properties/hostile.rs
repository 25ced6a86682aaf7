//! Evidence that no shop would send: contradictory, extreme, doubled, dangling. It may be held or refused, but nothing
//! panics, nothing that is written is unbalanced, and it does not take long.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;

use super::super::super::evidence::Evidence;
use super::super::super::money::parse_amount;
use super::super::super::policy::{OrderLevelRefund, StoredValueWithoutTransaction};
use super::super::super::rulebook::{Give, Rule, RuleKind};
use super::super::super::testing::Case;
use super::shop::orders;
use super::{Desk, refund_plans};

/// What a field may be turned into.
#[derive(Debug, Clone)]
enum Twist {
    /// This amount, where there is a number or an amount.
    Amount(&'static str),
    /// Nothing, where there is a list.
    Empty,
    /// Every entry twice, where there is a list.
    Doubled,
    /// The entries backwards, where there is a list.
    Backwards,
    /// `null`, where that can be read.
    Null,
}

const AMOUNTS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "0.005",
    "0.01",
    "0.0000000000000000000000000001",
    "-0.0000000000000000000000000001",
    "999999999999.9999",
    "-999999999999.9999",
    "1000000000000",
    "0.3333333333333333333333333333",
    "12345678901.234567890123456",
    "99.99",
    "250000",
];

fn twists() -> impl Strategy<Value = Twist> {
    prop_oneof![
        6 => prop::sample::select(AMOUNTS.to_vec()).prop_map(Twist::Amount),
        1 => Just(Twist::Empty),
        1 => Just(Twist::Doubled),
        1 => Just(Twist::Backwards),
        1 => Just(Twist::Null),
    ]
}

/// How many places there are.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(entries) => entries.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// The place of this number, depth first.
fn at(value: &mut Value, mut place: usize) -> Option<&mut Value> {
    if place == 0 {
        return Some(value);
    }
    place -= 1;
    let inside: Vec<&mut Value> = match value {
        Value::Array(entries) => entries.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        _ => return None,
    };
    for entry in inside {
        let size = count(entry);
        if place < size {
            return at(entry, place);
        }
        place -= size;
    }
    None
}

fn twist(value: &mut Value, twist: &Twist) {
    match (twist, value) {
        (Twist::Amount(text), Value::String(amount)) if parse_amount(amount).is_ok() => *amount = (*text).to_owned(),
        (Twist::Amount(text), Value::Number(number)) => {
            let whole = text.parse::<u64>().unwrap_or(u64::from(u32::MAX));
            *number = whole.into();
        }
        (Twist::Empty, Value::Array(entries)) => entries.clear(),
        (Twist::Doubled, Value::Array(entries)) => entries.extend(entries.clone()),
        (Twist::Backwards, Value::Array(entries)) => entries.reverse(),
        (Twist::Null, value) => *value = Value::Null,
        _ => {}
    }
}

/// Rules for everything, so that as much as possible is derived.
fn with_every_rule(case: Case) -> Case {
    let to = |id: &str, kind: RuleKind, account: &str| Rule::new(id, kind).gives(Give::Account, account);
    let mut case = case.without_rules(RuleKind::Refund).without_rules(RuleKind::Payment);
    case.rules.push(to("any-refund", RuleKind::Refund, "4100"));
    case.rules.push(to("any-payment", RuleKind::Payment, "1150").gives(Give::PaymentMethod, "EFT"));
    case.policy.rounding_account = Some("7900".to_owned());
    case
}

fn is_balanced(case: &Case) -> bool {
    let derivation = case.derive();
    derivation.documents.iter().all(|document| {
        let sums = document
            .lines
            .iter()
            .fold((Decimal::ZERO, Decimal::ZERO), |sums, line| (sums.0 + line.debit, sums.1 + line.credit));
        sums.0 == sums.1
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn no_evidence_makes_it_panic_or_write_what_does_not_balance(
        spec in orders(),
        plans in refund_plans(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), twists()), 0..6),
        carve_out in any::<bool>(),
    ) {
        let mut desk = Desk::open(spec.sell());
        plans.iter().for_each(|plan| desk.refund(plan));
        let mut case = with_every_rule(desk.sold.case);
        if carve_out {
            case.policy.order_level_refund = OrderLevelRefund::CarveOut;
            case.policy.stored_value_without_transaction = StoredValueWithoutTransaction::UseHeader;
        }
        let mut facts = serde_json::to_value(&case.evidence).unwrap();
        for (place, change) in &changes {
            let size = count(&facts);
            if let Some(value) = at(&mut facts, place.index(size)) {
                twist(value, change);
            }
        }
        // What cannot be read back is refused before it gets here.
        if let Ok(evidence) = serde_json::from_value::<Evidence>(facts) {
            case.evidence = evidence;
            prop_assert!(is_balanced(&case));
        }
    }
}
