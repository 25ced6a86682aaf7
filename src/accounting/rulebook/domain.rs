//! What a condition can meet: fixed words, numbers and codes; whether there always is a value; whether there can be several.
//!
//! The derivation keeps to this when it says what it knows of a thing. What refuses a rule, and what calls one dead or
//! shadowed, rests on it.

use rust_decimal::Decimal;

use super::super::document::DocumentKind;
use super::super::money::Currency;
use super::pattern::{fits, takes_any};
use super::{Condition, RuleKind};

const TYPES: [&str; 2] = ["physical", "digital"];
const SOURCES: [&str; 3] = ["manual", "promotion", "coupon"];
const GUEST: [&str; 2] = ["yes", "no"];
const REFUNDED: [&str; 7] = ["product", "shipping", "handling", "gift-wrapping", "fee", "order", "restocking"];
const SETTLED: [&str; 10] = [
    "bank",
    "fee",
    "dispute",
    "dispute-fee",
    "chargeback-loss",
    "exchange-difference",
    "tax-bank",
    "tax-allowance",
    "breakage",
    "goodwill",
];

impl RuleKind {
    /// The only words a rule of this kind can meet for `condition`; `None` when it can meet any text.
    pub fn words(self, condition: Condition) -> Option<Vec<&'static str>> {
        match (self, condition) {
            (Self::Product, Condition::Type) => Some(TYPES.to_vec()),
            (Self::Discount, Condition::Source) => Some(SOURCES.to_vec()),
            (Self::Customer, Condition::Guest) => Some(GUEST.to_vec()),
            (Self::Refund, Condition::Part) => Some(REFUNDED.to_vec()),
            (Self::Settlement, Condition::Part) => Some(SETTLED.to_vec()),
            (Self::Period, Condition::Document) => Some(DocumentKind::ALL.iter().map(|kind| kind.as_str()).collect()),
            _ => None,
        }
    }

    /// What is always known of a thing of this kind, if only as an empty text. Of what happens outside the shop, such as
    /// payouts and tax that is remitted, less is known than of an order: neither channel nor method.
    pub fn always_known(self) -> &'static [Condition] {
        use Condition::*;
        match self {
            Self::Product => &[Sku, Name, Type, Channel],
            Self::Shipping | Self::Handling => &[Channel],
            Self::GiftWrapping => &[Sku, Channel],
            Self::Fee | Self::Discount => &[Name, Source, Channel],
            Self::Tax => &[Name],
            Self::Payment | Self::GiftCertificate | Self::StoreCredit | Self::Dimension | Self::Exchange => &[Currency],
            Self::Refund => &[Part, Channel],
            Self::Customer => &[Guest, Channel],
            Self::Period => &[Document],
            Self::Settlement => &[Part],
        }
    }

    /// What one thing of this kind can have several values of: a product its categories, a payment the names of its method.
    pub fn several(self) -> &'static [Condition] {
        match self {
            Self::Product | Self::Refund | Self::Dimension => &[Condition::Category],
            Self::Payment => &[Condition::Method],
            _ => &[],
        }
    }

    /// The condition with fixed words, with them.
    pub(super) fn worded(self) -> Option<(Condition, Vec<&'static str>)> {
        self.conditions().iter().find_map(|condition| Some((*condition, self.words(*condition)?)))
    }
}

/// Why nothing of `kind` ever has a value of `condition` that fits `pattern` (in lower case); `None` when something can.
pub(super) fn impossible(kind: RuleKind, condition: Condition, pattern: &str) -> Option<String> {
    if let Some(words) = kind.words(condition) {
        let some = words.iter().any(|word| fits(pattern, word));
        return (!some).then(|| format!("it can only be {}", one_of(&words)));
    }
    let exact = !pattern.contains('*');
    let made_of = |allowed: fn(char) -> bool| pattern.chars().all(|letter| letter == '*' || allowed(letter));
    let literal = || pattern.chars().filter(|letter| *letter != '*').count();
    let (possible, why) = match condition {
        Condition::Channel | Condition::Group => {
            let number = || pattern.parse::<u64>().is_ok_and(|number| number.to_string() == pattern);
            let digits = made_of(|letter| letter.is_ascii_digit());
            (if exact { number() } else { digits }, "it is a number, without zeros in front")
        }
        Condition::Currency => {
            let letters = made_of(|letter| letter.is_ascii_lowercase());
            let code = if exact { pattern.parse::<Currency>().is_ok() } else { literal() <= 3 };
            (letters && code, "it is a code of three letters such as USD")
        }
        Condition::Rate => {
            let percent = || pattern.parse::<Decimal>().is_ok_and(|rate| rate.normalize().to_string() == pattern);
            let digits = made_of(|letter| letter.is_ascii_digit() || matches!(letter, '.' | '-'));
            (if exact { percent() } else { digits }, "it is a number of percent without zeros at the end, such as 8.25")
        }
        _ => (true, ""),
    };
    (!possible).then(|| why.to_owned())
}

/// Whether `pattern` (in lower case) fits whatever a thing of `kind` is, because there always is a value.
pub(super) fn always_fits(kind: RuleKind, condition: Condition, pattern: &str) -> bool {
    takes_any(pattern) && kind.always_known().contains(&condition)
}

/// `a, b or c`.
pub(super) fn one_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::accounting::evidence::Fee;
    use crate::accounting::rulebook::{Give, Pattern, Rule};
    use crate::accounting::testing::{Case, dec, units};

    fn found(kind: RuleKind, condition: Condition, pattern: &str) -> bool {
        impossible(kind, condition, pattern).is_some()
    }

    #[test]
    fn what_cannot_occur_is_told_from_what_can() {
        use Condition::*;
        use RuleKind::*;
        for (kind, condition, pattern) in [
            (Product, Type, "giftcard"),
            (Product, Channel, "web"),
            (Product, Channel, "01"),
            (Product, Channel, "web*"),
            (Tax, Rate, "8.250"),
            (Tax, Rate, "8.25%"),
            (Exchange, Currency, "euro"),
            (Exchange, Currency, "e1*"),
            (Exchange, Currency, "euro*"),
            (Refund, Part, "bank"),
            (Settlement, Part, "restocking"),
            (Period, Document, "credit_memo"),
        ] {
            assert!(found(kind, condition, pattern), "{kind} {condition} {pattern}");
        }
        for (kind, condition, pattern) in [
            (Product, Type, "phys*"),
            (Product, Channel, "1*"),
            (Product, Channel, "0"),
            (Tax, Rate, "8.25"),
            (Tax, Rate, "8.*"),
            (Exchange, Currency, "eur"),
            (Exchange, Currency, "*"),
            (Refund, Part, "*ing"),
            (Settlement, Part, "dispute*"),
            (Period, Document, "credit-memo"),
            (Fee, Source, "anything"),
        ] {
            assert!(!found(kind, condition, pattern), "{kind} {condition} {pattern}");
        }
    }

    #[test]
    fn conditions_with_words_are_asked_for_and_always_known() {
        for kind in RuleKind::ALL {
            let worded: Vec<Condition> = Condition::ALL.into_iter().filter(|c| kind.words(*c).is_some()).collect();
            assert_eq!(worded, kind.worded().map(|(condition, _)| condition).into_iter().collect::<Vec<_>>());
            assert!(worded.iter().all(|condition| kind.always_known().contains(condition)), "{kind}");
            for condition in kind.always_known().iter().chain(kind.several()) {
                assert!(kind.conditions().contains(condition), "{kind} {condition}");
            }
        }
    }

    /// Orders that meet, together, a rule of every kind an order can meet.
    fn cases() -> Vec<Case> {
        let all = |id: &str, kind: RuleKind, give: Give, value: &str| Rule::new(id, kind).gives(give, value);
        let cases = [
            Case::new()
                .line("TS-1", "1", "60.00", "0")
                .discount("manual-discount", "6.00")
                .discount("coupon", "5.00")
                .shipping("9.95", "2.50", ("0", "0"))
                .with(|e| {
                    e.lines[0].wrapping_ex_tax = dec("4.00");
                    e.lines[0].wrapping_inc_tax = dec("4.00");
                    e.order.totals.wrapping_ex_tax = dec("4.00");
                    e.order.totals.wrapping_inc_tax = dec("4.00");
                    e.order.totals.total_ex_tax += dec("7.00");
                    e.order.totals.total_inc_tax += dec("7.00");
                    e.fees.push(Fee {
                        id: 7,
                        name: "Tip".into(),
                        source: "app".into(),
                        cost_ex_tax: dec("3.00"),
                        cost_inc_tax: dec("3.00"),
                    });
                })
                .paid(9001, "stripe", "68.45"),
            Case::new()
                .line("TS-1", "1", "150.00", "12.38")
                .tax("Tax", "8.25", "12.38")
                .paid(9001, "giftcertificate", "50.00")
                .paid(9002, "storecredit", "25.00")
                .paid(9003, "stripe", "87.38")
                .refund(12, "162.38", "12.38", "stripe", vec![units(1, "1")]),
            Case::new().line("GIFT", "1", "100.00", "0").paid(9001, "stripe", "100.00"),
            Case::new().line("TS-1", "1", "80.00", "0").paid(9001, "stripe", "80.00").with(|e| {
                e.order.currency = "EUR".parse().unwrap();
                e.transactions[0].currency = e.order.currency;
            }),
            Case::new()
                .line("TS-1", "1", "80.00", "0")
                .with(|e| e.order.payment_method = "Check".into())
                .rule(
                    all("check", RuleKind::Payment, Give::Account, "1150-M")
                        .when(Condition::Method, "check")
                        .gives(Give::PaymentMethod, "Printed Check")
                        .gives(Give::TreatAsPaid, "yes"),
                )
                .refund(12, "80.00", "0", "offline", vec![units(1, "1")]),
        ];
        let complete = |case: Case| {
            case.rule(all("customer", RuleKind::Customer, Give::CustomerType, "Web"))
                .rule(all("dimension", RuleKind::Dimension, Give::Dimension("location".into()), "100"))
                .rule(all("exchange", RuleKind::Exchange, Give::RateType, "Intacct Daily Rate"))
                .policy(|policy| policy.foreign_currencies.extend(["EUR".parse::<Currency>().unwrap()]))
        };
        cases.map(complete).to_vec()
    }

    /// A rule that also asks for `*` of a thing still fits when that thing is known, and no longer when it is not.
    #[test]
    fn the_derivation_tells_what_is_said_to_be_always_known() {
        let outside = [RuleKind::Period, RuleKind::Settlement];
        for kind in RuleKind::ALL.into_iter().filter(|kind| !outside.contains(kind)) {
            let met = |case: &Case| case.derive() != case.clone().without_rules(kind).derive();
            assert!(cases().iter().any(met), "no order meets a {kind} rule");
            for condition in kind.always_known() {
                for case in cases() {
                    let mut asking = case.clone();
                    for rule in asking.rules.iter_mut().filter(|rule| rule.kind == kind) {
                        rule.conditions.entry(*condition).or_insert_with(|| Pattern::new("*"));
                    }
                    assert_eq!(case.derive().holds, []);
                    assert_eq!(asking.derive(), case.derive(), "{kind} {condition}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_that_occur_are_possible(channel in any::<u64>(), mantissa in -100_000i64..100_000_000, scale in 0u32..6) {
            let rate = Decimal::new(mantissa, scale).normalize().to_string();
            prop_assert_eq!(impossible(RuleKind::Tax, Condition::Rate, &rate), None);
            prop_assert_eq!(impossible(RuleKind::Tax, Condition::Channel, &channel.to_string()), None);
        }
    }

    #[test]
    fn words_are_listed_for_a_reader() {
        assert_eq!(one_of(&["a", "b", "c"]), "a, b or c");
        assert_eq!(one_of(&["a"]), "a");
    }
}
