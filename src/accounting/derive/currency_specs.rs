//! Currencies beyond the examples: days and rates, decimals, the base view.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::base;
use super::super::document::{Detail, Document, DocumentKey, DocumentKind, Exchange};
use super::super::evidence::RefundedPart;
use super::super::money::Currency;
use super::super::policy::OrderLevelRefund;
use super::super::rulebook::{Condition, Give, Rule, RuleKind, Rulebook};
use super::super::testing::{Case, amount_of, balances, dec, units};
use super::cases::e2_gross;

/// A case in a foreign currency whose exchange rule gives this.
fn foreign(code: &str, case: Case, give: Give, value: &str) -> Case {
    let currency: Currency = code.parse().unwrap();
    let difference = Rule::new("difference", RuleKind::Settlement).gives(Give::Account, "7100");
    let case = case.rule(Rule::new("exchange", RuleKind::Exchange).gives(give, value)).rule(difference);
    case.policy(|policy| policy.foreign_currencies.extend([currency])).with(|e| {
        e.order.currency = currency;
        e.transactions.iter_mut().for_each(|t| t.currency = currency);
    })
}

fn sale() -> Case {
    Case::new().line("TS-1", "1", "100.00", "19.00").tax("VAT", "19", "19.00").paid(9001, "stripe", "119.00")
}

fn refunded() -> Case {
    sale().refund(12, "119.00", "19.00", "stripe", vec![units(1, "1")])
}

/// The order's own rate, as BigCommerce tells it: units of the order's currency for one dollar.
fn own_rate(case: Case, rate: &str) -> Case {
    foreign("EUR", case, Give::RateType, "order").with(|e| {
        e.order.store_currency = Some(Currency::USD);
        e.order.store_to_order_rate = Some(dec(rate));
    })
}

fn rate(document: &Document) -> String {
    match &document.exchange {
        Some(Exchange::Rate { rate, .. }) => rate.to_string(),
        other => panic!("{other:?}"),
    }
}

fn in_base(case: &Case) -> base::BaseJournal {
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    base::journal(&derivation.documents, &Rulebook::new(case.rules.clone()).unwrap(), &case.policy)
}

/// Exchange rules with a rate for the day of the sale only.
fn until_the_sale(case: Case) -> Case {
    let mut case = case;
    let rule = case.rules.iter_mut().find(|rule| rule.kind == RuleKind::Exchange).unwrap();
    rule.valid_to = Some("2026-03-10".parse().unwrap());
    case
}

#[test]
fn a_refund_on_a_day_without_a_rate_is_held_and_the_sale_is_not() {
    let case = until_the_sale(foreign("EUR", refunded(), Give::Rate, "1.0850"));
    let derivation = case.derive();
    let kinds: Vec<DocumentKind> = derivation.documents.iter().map(|document| document.kind).collect();
    assert_eq!(kinds, [DocumentKind::Invoice, DocumentKind::Receipt]);
    let [hold] = &derivation.holds[..] else { panic!("{:?}", derivation.holds) };
    assert_eq!(hold.message, "no exchange rule fits currency 'EUR' on 2026-03-12");
}

#[test]
fn a_day_without_a_rate_is_listed_with_everything_else_a_refund_misses() {
    let case = until_the_sale(foreign("EUR", refunded(), Give::Rate, "1.0850")).without_rules(RuleKind::Refund);
    let holds = case.derive().holds;
    let kinds: Vec<&str> = holds.iter().map(|hold| hold.subject.split(' ').next().unwrap()).collect();
    assert_eq!(kinds, ["exchange", "refund"]);
}

#[test]
fn money_that_came_in_later_has_the_rate_of_its_own_day() {
    let later = Rule {
        valid_from: Some("2026-03-11".parse().unwrap()),
        ..Rule::new("later", RuleKind::Exchange).gives(Give::Rate, "1.0900")
    };
    let case = until_the_sale(foreign("EUR", sale(), Give::Rate, "1.0850")).rule(later);
    let case = case.with(|e| e.transactions[0].created = "2026-03-11T08:00:00Z".parse().unwrap());
    let journal = in_base(&case);
    let receipt = &journal.entries[1];
    let lines: Vec<String> = receipt.lines.iter().map(|l| format!("{} {}", l.account, l.signed())).collect();
    // 119.00 is 129.71 that day; the receivable was 129.12.
    assert_eq!(lines, ["1150-S 129.71", "1100 -129.71", "7100 -0.59", "1100 0.59"]);
    assert_eq!(receipt.realised, dec("0.59"));
    assert_eq!(journal.balances().get("1100"), None);
}

#[test]
fn documents_that_intacct_converts_have_no_base_amounts() {
    let journal = in_base(&foreign("EUR", refunded(), Give::RateType, "Intacct Daily Rate"));
    assert_eq!(journal.entries, []);
    assert_eq!(journal.converted_by_intacct.len(), 4, "{:?}", journal.converted_by_intacct);
}

#[test]
fn a_difference_without_an_account_is_said_and_left_out() {
    let later = Rule {
        valid_from: Some("2026-03-11".parse().unwrap()),
        ..Rule::new("later", RuleKind::Exchange).gives(Give::Rate, "1.0920")
    };
    let case = until_the_sale(foreign("EUR", refunded(), Give::Rate, "1.0850")).rule(later);
    let journal = in_base(&case.without_rules(RuleKind::Settlement));
    let [hold] = &journal.holds[..] else { panic!("{:?}", journal.holds) };
    assert_eq!((hold.code.as_str(), hold.amount.unwrap().to_string().as_str()), ("missing-rule", "0.83 USD"));
    assert!(journal.entries.iter().all(|entry| entry.realised.is_zero()), "nothing is realised that is on no account");
}

#[test]
fn a_receipt_that_pays_several_documents_realises_the_difference_of_each() {
    let later = Rule {
        valid_from: Some("2026-03-11".parse().unwrap()),
        ..Rule::new("later", RuleKind::Exchange).gives(Give::Rate, "1.0900")
    };
    let case = until_the_sale(foreign("EUR", sale(), Give::Rate, "1.0850")).rule(later);
    let case = case.with(|e| e.transactions[0].created = "2026-03-11T08:00:00Z".parse().unwrap());
    let derivation = case.derive();
    let [invoice, receipt] = &derivation.documents[..] else { panic!("{:?}", derivation.documents) };
    // A second invoice of the same amount; the receipt pays half of each, and 19.00 of it is left over.
    let mut second = (**invoice).clone();
    second.key = DocumentKey::stored("acme-us/119/invoice/r1");
    let second = Document::build(second).unwrap();
    let mut paying = (**receipt).clone();
    let Detail::Receipt { pays, .. } = &mut paying.detail else { panic!("{:?}", paying.detail) };
    *pays = vec![(invoice.key.clone(), dec("50.00")), (second.key.clone(), dec("50.00"))];
    let documents = [invoice.clone(), second, Document::build(paying).unwrap()];
    let journal = base::journal(&documents, &Rulebook::new(case.rules.clone()).unwrap(), &case.policy);
    // 100.00 of 119.00: 108.50 on the two invoices, 109.00 on the receipt.
    assert_eq!(journal.entries[2].realised, dec("0.50"));
}

#[test]
fn the_orders_own_rate_is_turned_round_and_kept_to_four_decimals() {
    // 0.849 euros for a dollar: 1.17785... dollars for a euro.
    let case = own_rate(refunded(), "0.8490000000");
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    assert!(derivation.documents.iter().all(|document| rate(document) == "1.1779"));
    assert_eq!(in_base(&case).balances().get("7100"), None, "the same rate realises nothing");
}

#[test]
fn an_order_rate_that_is_provably_wrong_is_held() {
    let codes = |rate: &str| own_rate(sale(), rate).hold_codes();
    assert_eq!(codes("0.849"), Vec::<&str>::new());
    for wrong in ["0", "-0.849", "1000000", "0.0000000000000000000000000001"] {
        assert_eq!(codes(wrong), ["currency-not-accepted"], "{wrong}");
    }
    let of_another = own_rate(sale(), "0.849").with(|e| e.order.store_currency = Some("GBP".parse().unwrap()));
    assert_eq!(of_another.hold_codes(), ["currency-not-accepted"]);
    // Odd, but nothing here can know it: rates are the merchant's to keep.
    assert_eq!(codes("100.0000000000"), Vec::<&str>::new());
}

#[test]
fn a_rate_that_four_decimals_cannot_hold_is_held() {
    let own = |rate: &str| {
        let case = own_rate(sale(), rate).with(|e| {
            e.order.currency = "JPY".parse().unwrap();
            e.transactions[0].currency = e.order.currency;
        });
        case.policy(|policy| policy.foreign_currencies.extend(["JPY".parse::<Currency>().unwrap()]))
    };
    assert_eq!(own("100.0000000000").hold_codes(), Vec::<&str>::new(), "0.01 is exact");
    let held = own("150.0000000000").derive();
    let [hold] = &held.holds[..] else { panic!("{:?}", held.holds) };
    assert_eq!(
        hold.message,
        "the order's own rate is 0.0066666667; Intacct keeps 4 decimals of a rate, which would be more than half a thousandth off"
    );
}

#[test]
fn a_rule_with_a_finer_rate_is_refused_when_it_is_saved() {
    let rulebook = |rate: &str| Rulebook::new(vec![Rule::new("euro", RuleKind::Exchange).gives(Give::Rate, rate)]);
    assert!(rulebook("1.08500").is_ok(), "trailing zeros are no decimals");
    let problems = rulebook("1.08505").unwrap_err();
    assert!(problems[0].message.contains("at most 4 decimals"), "{}", problems[0].message);
}

#[test]
fn the_total_is_converted_and_the_cent_placed() {
    let thirds = Case::new()
        .line("A", "1", "33.33", "0")
        .line("B", "1", "33.33", "0")
        .line("C", "1", "33.34", "0")
        .paid(9001, "stripe", "100.00");
    let journal = in_base(&foreign("EUR", thirds, Give::Rate, "1.0850"));
    let amounts: Vec<String> = journal.entries[0].lines.iter().map(|line| line.signed().to_string()).collect();
    assert_eq!(amounts, ["108.50", "-36.16", "-36.16", "-36.18"]);
}

#[test]
fn discounts_on_contra_accounts_balance_in_base_currency_too() {
    let journal = in_base(&foreign("EUR", e2_gross(), Give::Rate, "1.0850"));
    let sum: Decimal = journal.entries[0].lines.iter().map(|line| line.signed()).sum();
    assert_eq!((sum, journal.entries[0].lines[0].debit), (dec("0"), dec("105.11")));
}

#[test]
fn base_amounts_have_the_decimals_of_the_base_currency() {
    let yen: Currency = "JPY".parse().unwrap();
    let case = foreign("EUR", sale(), Give::Rate, "162.3500").policy(|policy| policy.base_currency = yen);
    let journal = in_base(&case);
    let amounts: Vec<String> = journal.entries[0].lines.iter().map(|line| line.signed().to_string()).collect();
    // 119.00 is 19,319.65 yen, 100.00 is 16,235 and 19.00 is 3,084.65.
    assert_eq!(amounts, ["19320", "-16235", "-3085"]);
}

/// Three units of a yen product with a discount and 10 percent of tax.
fn yen() -> Case {
    let case = Case::new()
        .line("A", "3", "1000", "90")
        .discount("manual-discount", "100")
        .tax("Tax", "10", "90")
        .paid(1, "stripe", "990");
    foreign("JPY", case, Give::Rate, "0.0067")
}

#[test]
fn yen_have_no_decimals_anywhere() {
    let case = yen()
        .refund(12, "330", "30", "stripe", vec![units(1, "1")])
        .refund(13, "330", "30", "stripe", vec![units(1, "1")])
        .refund(14, "330", "30", "stripe", vec![units(1, "1")]);
    assert_eq!(
        case.journal(),
        "invoice 1100 Dr 990\ninvoice 4000 Cr 1000\ninvoice 4090 Dr 100\ninvoice 2200 Cr 90\n\
         receipt 1150-S Dr 990\nreceipt 1100 Cr 990\n\
         credit-memo 4100 Dr 900\ncredit-memo 2200 Dr 90\ncredit-memo 1100 Cr 990\n\
         refund-payout 1100 Dr 990\nrefund-payout 1150-S Cr 990"
    );
    let base = in_base(&case);
    assert_eq!(base.entries[0].lines[0].debit, dec("6.63"), "990 yen in dollars");
    assert_eq!((base.balances().get("1100"), base.balances().get("1150-S")), (None, None));
}

#[test]
fn a_discount_of_yen_that_no_line_carries_is_spread_in_whole_yen() {
    let case = Case::new()
        .line("A", "1", "1000", "0")
        .line("B", "1", "1000", "0")
        .line("C", "1", "1000", "0")
        .discount("manual-discount", "100")
        .with(|e| e.lines[2].discounts.clear())
        .paid(1, "stripe", "2900");
    let derivation = foreign("JPY", case, Give::Rate, "0.0067").derive();
    assert_eq!(derivation.holds, []);
    let contras: Vec<String> =
        derivation.documents[0].lines.iter().filter(|l| l.account == "4090").map(|l| l.debit.to_string()).collect();
    assert_eq!(contras.iter().map(|text| dec(text)).sum::<Decimal>(), dec("100"));
    assert!(contras.iter().all(|text| !text.contains('.')), "{contras:?}");
}

#[test]
fn a_requested_amount_of_yen_with_tax_in_it_is_read_to_the_yen() {
    // A third of 1,100 with tax is 366.67: the shop asks for 367, of which 33 are tax.
    let case = Case::new().line("A", "3", "1000", "100").tax("Tax", "10", "100").paid(1, "stripe", "1100");
    let item = vec![amount_of(RefundedPart::Product, 1, "367")];
    let case = foreign("JPY", case.refund(12, "367", "33", "stripe", item), Give::Rate, "0.0067");
    let journal = case.journal();
    assert!(journal.contains("credit-memo 4100 Dr 334\ncredit-memo 2200 Dr 33\ncredit-memo 1100 Cr 367"), "{journal}");
}

#[test]
fn dinars_have_three_decimals_everywhere() {
    let case = Case::new()
        .line("A", "3", "10.125", "0.456")
        .discount("coupon", "1.005")
        .tax("Tax", "5", "0.456")
        .paid(1, "stripe", "9.576")
        .refund(12, "3.192", "0.152", "stripe", vec![units(1, "1")]);
    let case = foreign("KWD", case, Give::Rate, "3.2550");
    assert_eq!(
        case.journal(),
        "invoice 1100 Dr 9.576\ninvoice 4000 Cr 10.125\ninvoice 4095 Dr 1.005\ninvoice 2200 Cr 0.456\n\
         receipt 1150-S Dr 9.576\nreceipt 1100 Cr 9.576\n\
         credit-memo 4100 Dr 3.040\ncredit-memo 2200 Dr 0.152\ncredit-memo 1100 Cr 3.192\n\
         refund-payout 1100 Dr 3.192\nrefund-payout 1150-S Cr 3.192"
    );
    assert_eq!(in_base(&case).entries[0].lines[0].debit, dec("31.17"), "9.576 dinars in dollars");
}

#[test]
fn tax_is_carved_out_of_an_order_level_refund_in_the_currencys_own_units() {
    let carved = |code: &str, case: Case, refund: &str| {
        let item = vec![amount_of(RefundedPart::Order, 118, refund)];
        let case = case.refund(12, refund, "0", "stripe", item);
        let case = case.policy(|policy| policy.order_level_refund = OrderLevelRefund::CarveOut);
        foreign(code, case, Give::Rate, "1").journal()
    };
    let yen = Case::new().line("A", "1", "1000", "100").tax("Tax", "10", "100").paid(1, "stripe", "1100");
    let journal = carved("JPY", yen, "200");
    assert!(journal.contains("credit-memo 4100 Dr 182\ncredit-memo 2200 Dr 18"), "{journal}");
    let dinar = Case::new().line("A", "1", "10.000", "0.500").tax("Tax", "5", "0.500").paid(1, "stripe", "10.500");
    let journal = carved("KWD", dinar, "2.000");
    assert!(journal.contains("credit-memo 4100 Dr 1.905\ncredit-memo 2200 Dr 0.095"), "{journal}");
}

#[test]
fn channel_and_currency_are_dimensions_of_every_leg_and_the_store_is_in_every_key() {
    let dimension = |id: &str, condition, value: &str, name: &str, given: &str| {
        Rule::new(id, RuleKind::Dimension).when(condition, value).gives(Give::Dimension(name.into()), given)
    };
    let case = foreign("EUR", refunded(), Give::Rate, "1.0850")
        .rule(dimension("web", Condition::Channel, "1", "class", "WEB"))
        .rule(dimension("euro", Condition::Currency, "EUR", "location", "200"));
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    assert!(derivation.documents.iter().all(|document| document.key.as_str().starts_with("acme-us/118/")));
    for line in derivation.documents.iter().flat_map(|document| &document.lines) {
        let ids = (line.dimensions.get("class"), line.dimensions.get("location"));
        assert_eq!(ids, (Some("WEB"), Some("200")), "{}", line.account);
    }
}

/// A foreign sale with a refund of all of it, and the rates of both days.
fn journeys() -> impl Strategy<Value = Case> {
    let lines = prop::collection::vec((1i64..5, 1i64..20_000, 0i64..2_500), 1..6);
    (lines, 1i64..30_000, 1i64..30_000).prop_map(|(lines, first, second)| {
        let (mut case, mut tax_total, mut items) = (Case::new(), Decimal::ZERO, Vec::new());
        for (index, (quantity, price, rate)) in lines.into_iter().enumerate() {
            let total = Decimal::new(quantity * price, 2);
            let tax = Currency::USD.round(total * Decimal::new(rate, 4));
            case = case.line(&format!("S{index}"), &quantity.to_string(), &total.to_string(), &tax.to_string());
            tax_total += tax;
            items.push(units(index as u64 + 1, &quantity.to_string()));
        }
        if !tax_total.is_zero() {
            case = case.tax("VAT", "19", &tax_total.to_string());
        }
        let total = case.evidence.order.totals.total_inc_tax.to_string();
        let case = case.paid(9001, "stripe", &total).refund(12, &total, &tax_total.to_string(), "stripe", items);
        let later = Rule {
            valid_from: Some("2026-03-11".parse().unwrap()),
            ..Rule::new("later", RuleKind::Exchange).gives(Give::Rate, &Decimal::new(second, 4).to_string())
        };
        let case = foreign("EUR", case, Give::Rate, &Decimal::new(first, 4).to_string());
        until_the_sale(case).rule(later)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn base_currency_balances_in_every_entry_and_the_receivable_is_settled(case in journeys()) {
        let journal = in_base(&case);
        for entry in &journal.entries {
            let sum: Decimal = entry.lines.iter().map(|line| line.signed()).sum();
            prop_assert_eq!(sum, Decimal::ZERO, "{}", entry.key);
            prop_assert!(entry.lines.iter().all(|line| Currency::USD.round(line.signed()) == line.signed()));
        }
        prop_assert!(!journal.balances().contains_key("1100"));
        prop_assert!(!balances(&case.derive()).contains_key("1150-S"));
    }
}
