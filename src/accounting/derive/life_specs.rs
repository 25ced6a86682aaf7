//! Orders in the course of their lives: nothing that was derived once is ever changed or taken back by what comes later.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::evidence::{RefundItem, RefundedPart};
use super::super::money::Currency;
use super::super::policy::Recognition;
use super::super::rulebook::{Condition, Give, Rule, RuleKind};
use super::super::testing::{Case, amount_of, balances, dec, units};

/// When every order is placed.
const PLACED: &str = "2026-03-10T15:00:00Z";

/// One thing that happens to an order.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Capture,
    Ship { line: u64, units: i64 },
    AllShipped,
    Refund { line: u64, to_credit: bool },
    RefundShipping,
    Status(u32),
}

fn happenings() -> impl Strategy<Value = Vec<(Happening, i64)>> {
    let one = prop_oneof![
        3 => Just(Happening::Capture),
        3 => (1u64..3, 1i64..4).prop_map(|(line, units)| Happening::Ship { line, units }),
        1 => Just(Happening::AllShipped),
        3 => (1u64..3, any::<bool>()).prop_map(|(line, to_credit)| Happening::Refund { line, to_credit }),
        1 => Just(Happening::RefundShipping),
        1 => prop_oneof![Just(3u32), Just(8), Just(9), Just(10), Just(11), Just(14)].prop_map(Happening::Status),
    ];
    // Seconds in between: often within minutes, so that the order of things is all that tells them apart.
    prop::collection::vec((one, prop_oneof![11i64..300, 11i64..100_000]), 1..14)
}

/// An order in the course of its life.
struct Life {
    case: Case,
    now: Timestamp,
    /// What the card still owes, in parts.
    captures: Vec<&'static str>,
    /// What came in and did not go back.
    kept: Decimal,
    shipped: BTreeMap<u64, i64>,
    refunded: BTreeMap<u64, i64>,
    next: u64,
}

impl Life {
    /// Three units for 60.00 and two for 30.00 with shipping, 102.42 in all; perhaps 20.00 by store credit.
    fn new(recognition: Recognition, credit: bool) -> Self {
        let card = Rule::new("card", RuleKind::Payment)
            .when(Condition::Method, "credit card")
            .gives(Give::Account, "1150-S")
            .gives(Give::PaymentMethod, "Credit Card");
        let goods = Rule::new("goods", RuleKind::Product)
            .gives(Give::Account, "4000")
            .gives(Give::CostAccount, "5000")
            .gives(Give::InventoryAccount, "1200");
        let case = Case::new().without_rules(RuleKind::Product).rule(card).rule(goods).ship_date();
        let case = case.policy(|policy| (policy.recognition, policy.cost_of_goods) = (recognition, true));
        let case = case.line("A", "3", "60.00", "4.95").cost("7.7775").line("B", "2", "30.00", "2.47").cost("3.3333");
        let case = case.shipping("5.00", "0", ("0", "0")).tax("Tax", "8.25", "7.42");
        let case = case.with(|e| e.order.payment_status = String::new());
        let (case, kept) = if credit {
            (case.paid_at(9000, "storecredit", "20.00", PLACED), dec("20.00"))
        } else {
            (case, Decimal::ZERO)
        };
        let captures = if credit { vec!["42.42", "40.00"] } else { vec!["42.42", "60.00"] };
        let now = case.evidence.order.created;
        Self { case, now, captures, kept, shipped: BTreeMap::new(), refunded: BTreeMap::new(), next: 10 }
    }

    fn sold(line: u64) -> i64 {
        if line == 1 { 3 } else { 2 }
    }

    fn live(&mut self, happening: Happening, seconds: i64) {
        self.now += seconds.seconds();
        let (case, at) = (self.case.clone(), self.now.to_string());
        self.case = match happening {
            Happening::Capture => match self.captures.pop() {
                Some(amount) => {
                    self.kept += dec(amount);
                    self.next += 1;
                    case.paid_at(9000 + self.next, "stripe", amount, &at)
                }
                None => case,
            },
            Happening::Ship { line, units } => {
                let left = self.shipped.entry(line).or_default();
                let units = units.min(Self::sold(line) - *left);
                *left += units;
                self.next += 1;
                if units > 0 { case.shipment(self.next, &at, &[(line, &units.to_string())]) } else { case }
            }
            Happening::AllShipped if case.evidence.order.shipped.is_none() => case.shipped(&at),
            Happening::AllShipped => case,
            Happening::Refund { line, to_credit } => self.refund(case, line, to_credit),
            Happening::RefundShipping => {
                let done = case.evidence.refunds.iter().any(|r| r.items[0].part == RefundedPart::Shipping);
                let item = amount_of(RefundedPart::Shipping, 42, "5.00");
                if done { case } else { self.give_back(case, dec("5.00"), Decimal::ZERO, "stripe", item) }
            }
            Happening::Status(status) => case.with(|e| e.order.status_id = status),
        };
    }

    fn refund(&mut self, case: Case, line: u64, to_credit: bool) -> Case {
        let unit = self.refunded.get(&line).copied().unwrap_or_default() + 1;
        if unit > Self::sold(line) {
            return case;
        }
        let share = |amount: Decimal, unit: i64| {
            Currency::USD.round(amount * Decimal::from(unit) / Decimal::from(Self::sold(line)))
        };
        let sold = case.evidence.lines[line as usize - 1].clone();
        let net = share(sold.total_ex_tax, unit) - share(sold.total_ex_tax, unit - 1);
        let tax = share(sold.total_tax, unit) - share(sold.total_tax, unit - 1);
        let provider = if to_credit { "storecredit" } else { "stripe" };
        let before = case.evidence.refunds.len();
        let case = self.give_back(case, net + tax, tax, provider, units(line, "1"));
        if case.evidence.refunds.len() > before {
            self.refunded.insert(line, unit);
        }
        case
    }

    /// The shop gives back no more than it received.
    fn give_back(&mut self, case: Case, total: Decimal, tax: Decimal, provider: &str, item: RefundItem) -> Case {
        if total > self.kept {
            return case;
        }
        self.kept -= total;
        self.next += 1;
        let now = self.now;
        let case = case.refund(self.next, &total.to_string(), &tax.to_string(), provider, vec![item]);
        case.refund_with(|refund| refund.created = Some(now))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Deriving again and again while an order lives: what is there once keeps its key, day, total, lines and facts.
    #[test]
    fn what_was_derived_once_never_changes_and_never_disappears(
        mode in 0usize..3, credit in any::<bool>(), happenings in happenings()
    ) {
        let recognition = [Recognition::OrderDate, Recognition::PaymentDate, Recognition::ShipDate][mode];
        let mut life = Life::new(recognition, credit);
        let mut known = BTreeMap::new();
        for (happening, seconds) in happenings {
            life.live(happening, seconds);
            let derivation = life.case.derive();
            // Statuses set by hand.
            let by_hand = ["shipping-date-missing", "refunded-without-money"];
            let unexpected: Vec<_> =
                derivation.holds.iter().filter(|hold| !by_hand.contains(&hold.code.as_str())).collect();
            prop_assert!(unexpected.is_empty(), "{unexpected:?}");
            let now: BTreeMap<_, _> = derivation
                .documents
                .iter()
                .map(|d| (d.key.clone(), (d.number.clone(), d.date, d.total, d.lines.clone(), d.source_hash.clone())))
                .collect();
            prop_assert_eq!(now.len(), derivation.documents.len(), "every key is there once");
            for (key, document) in &known {
                prop_assert_eq!(now.get(key), Some(document), "{} after {:?}", key, happening);
            }
            known = now;
            let counts = known.keys().any(|key| key.as_str().ends_with("/invoice/r1"));
            let left = balances(&derivation);
            let at = |account: &str| left.get(account).copied().unwrap_or_default();
            if counts {
                prop_assert_eq!(at("1100"), derivation.open_balance.amount);
                prop_assert_eq!(at("2320"), Decimal::ZERO);
            } else {
                prop_assert_eq!(at("1100"), Decimal::ZERO);
            }
            let every: Decimal = left.values().sum();
            prop_assert_eq!(every, Decimal::ZERO);
        }
    }

    /// Once everything left or came back and is paid, receivable and deposits are at zero whatever happened before.
    #[test]
    fn a_paid_order_that_shipped_leaves_neither_receivable_nor_deposit(credit in any::<bool>(), happenings in happenings()) {
        let mut life = Life::new(Recognition::ShipDate, credit);
        for (happening, seconds) in happenings {
            life.live(happening, seconds);
        }
        for last in [Happening::Capture, Happening::Capture, Happening::AllShipped] {
            life.live(last, 1);
        }
        let derivation = life.case.with(|e| e.order.status_id = 2).derive();
        prop_assert_eq!(&derivation.holds, &vec![]);
        let left = balances(&derivation);
        let at = |account: &str| left.get(account).copied().unwrap_or_default();
        prop_assert_eq!((at("1100"), at("2320")), (Decimal::ZERO, Decimal::ZERO));
        prop_assert_eq!(at("1150-S") + at("2310"), life.kept);
    }
}
