//! Accounting example E15: multi-currency from the sale to the bank, and payouts in foreign currencies to the cent.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::base::{self, BaseJournal};
use super::super::document::{DocumentKind, Exchange};
use super::super::events::Events;
use super::super::money::Currency;
use super::super::rulebook::{Condition, Give, Rule, RuleKind, Rulebook};
use super::super::testing::{Case, dec, units};
use super::derive_events;
use super::events_specs::{all_rules, balance, row, table};

/// The payout of EUR 119.00 at 1.0790.
pub(super) const E15_PAYOUT: &str = r#"[{"payout": {"gateway": "stripe", "id": "po_15", "date": "2026-03-11", "currency": "EUR",
    "gross": "119.00", "fees": "3.75", "net": "115.25",
    "in_base": {"bank": "124.35", "rate": "1.0790", "carried": "129.12"}}}]"#;

/// A sale of EUR 119.00 at 1.0850, half of it refunded at 1.0920.
fn e15() -> Case {
    let rate = |id: &str, from: &str, to: &str, rate: &str| Rule {
        valid_from: Some(from.parse().unwrap()),
        valid_to: Some(to.parse().unwrap()),
        ..Rule::new(id, RuleKind::Exchange).when(Condition::Currency, "EUR").gives(Give::Rate, rate)
    };
    let euro = "EUR".parse().unwrap();
    let clearing = Rule::new("stripe-euro", RuleKind::Payment)
        .when(Condition::Gateway, "stripe")
        .when(Condition::Currency, "EUR")
        .gives(Give::Account, "1150-E")
        .gives(Give::PaymentMethod, "Credit Card");
    let mut case = Case::new();
    case.rules = all_rules();
    case.evidence.order.currency = euro;
    case.policy.foreign_currencies.insert(euro);
    case.line("TS-1", "2", "100.00", "19.00")
        .tax("VAT", "19", "19.00")
        .paid(9001, "stripe", "119.00")
        .refund(12, "59.50", "9.50", "stripe", vec![units(1, "1")])
        .rule(clearing)
        .rule(rate("march-10", "2026-03-10", "2026-03-11", "1.0850"))
        .rule(rate("march-12", "2026-03-12", "2026-03-31", "1.0920"))
}

/// Sums of some documents in base currency by account, debits first, each in the order they appear; nothing at zero.
fn base_table(journal: &BaseJournal, what: &str, belongs: impl Fn(&str) -> bool) -> String {
    let mut sums: Vec<(&str, Decimal)> = Vec::new();
    for line in journal.entries.iter().filter(|entry| belongs(entry.key.as_str())).flat_map(|entry| &entry.lines) {
        match sums.iter_mut().find(|(account, _)| *account == line.account) {
            Some((_, sum)) => *sum += line.signed(),
            None => sums.push((&line.account, line.signed())),
        }
    }
    sums.retain(|(_, sum)| !sum.is_zero());
    sums.sort_by_key(|(_, sum)| sum.is_sign_negative());
    sums.iter().map(|(account, sum)| row(what, account, *sum)).collect::<Vec<_>>().join("\n")
}

/// All documents of E15 in base currency.
fn e15_in_base() -> BaseJournal {
    let case = e15();
    let rulebook = Rulebook::new(case.rules.clone()).unwrap();
    let order = case.derive();
    assert_eq!(order.holds, []);
    let payout = derive_events(&Events::from_json(E15_PAYOUT).unwrap(), &rulebook, &case.policy);
    assert_eq!(payout.holds, []);
    let journal = base::journal(order.documents.iter().chain(&payout.documents), &rulebook, &case.policy);
    assert_eq!((journal.holds.len(), journal.converted_by_intacct.len()), (0, 0));
    journal
}

/// The table of E15: everything in base currency.
fn e15_table() -> String {
    let journal = e15_in_base();
    let tables = [
        base_table(&journal, "INV", |key| key.contains("/invoice/")),
        base_table(&journal, "RCPT", |key| key.contains("/receipt/")),
        base_table(&journal, "Payout", |key| key.contains("po_15")),
        base_table(&journal, "Refund", |key| key.contains("/refund-")),
    ];
    tables.join("\n")
}

/// The example of currencies for the documentation: the documents in euros, and what they are in base currency.
pub(super) fn documented() -> Vec<(&'static str, String)> {
    vec![("e15-in-euros", e15().table()), ("e15-in-base-currency", e15_table())]
}

#[test]
fn e15_the_sale_the_payout_and_the_refund_in_base_currency() {
    assert_eq!(
        e15_table(),
        "INV 1100 Dr 129.12\nINV 4000 Cr 108.50\nINV 2200 Cr 20.62\n\
         RCPT 1150-E Dr 129.12\nRCPT 1100 Cr 129.12\n\
         Payout 1010 Dr 124.35\nPayout 6100 Dr 4.05\nPayout 7100 Dr 0.72\nPayout 1150-E Cr 129.12\n\
         Refund 4100 Dr 54.25\nRefund 2200 Dr 10.31\nRefund 7100 Dr 0.41\nRefund 1150-E Cr 64.97"
    );
}

#[test]
fn e15_base_currency_balances_and_clears() {
    let journal = e15_in_base();
    for entry in &journal.entries {
        let sum: Decimal = entry.lines.iter().map(|line| line.signed()).sum();
        assert_eq!(sum, dec("0"), "{}", entry.key);
    }
    let balances = journal.balances();
    assert_eq!(balances.values().sum::<Decimal>(), dec("0"));
    assert_eq!(balances.get("1100"), None, "the receivable is settled");
    assert_eq!(balances["1150-E"], dec("-64.97"), "the refund, until a payout takes it off");
    assert_eq!(balances["7100"], dec("1.13"), "0.72 of the payout and 0.41 of the refund");
}

#[test]
fn e15_the_refund_realises_its_loss_where_it_meets_its_payout() {
    let journal = e15_in_base();
    let realised: Vec<(DocumentKind, Decimal)> =
        journal.entries.iter().filter(|e| !e.realised.is_zero()).map(|e| (e.kind, e.realised)).collect();
    assert_eq!(realised, [(DocumentKind::Application, dec("-0.41"))]);
}

#[test]
fn e15_the_transaction_currency_balances_by_itself_and_says_its_rate() {
    let documents = e15().derive().documents;
    let rates: Vec<String> = documents
        .iter()
        .map(|document| match &document.exchange {
            Some(Exchange::Rate { rate, on, source }) => format!("{} {rate} {on} {source}", document.kind),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        rates,
        [
            "invoice 1.085 2026-03-10 exchange rule 'march-10'",
            "receipt 1.085 2026-03-10 exchange rule 'march-10'",
            "credit-memo 1.085 2026-03-10 exchange rule 'march-10'",
            "refund-payout 1.092 2026-03-12 exchange rule 'march-12'",
            "application 1.092 2026-03-12 exchange rule 'march-12'",
        ]
    );
    assert_eq!(balance(&documents, "1150-E"), dec("59.50"));
}

#[test]
fn e15_the_payout_is_an_entry_in_euros_and_its_difference_one_in_dollars() {
    let case = e15();
    let rulebook = Rulebook::new(case.rules.clone()).unwrap();
    let derive = |json: &str| derive_events(&Events::from_json(json).unwrap(), &rulebook, &case.policy);
    let both = derive(E15_PAYOUT);
    assert_eq!(
        table(&both.documents),
        "payout 1010 Dr 115.25\npayout 6100 Dr 3.75\npayout 1150-E Cr 119.00\nentry 7100 Dr 0.72\nentry 1150-E Cr 0.72"
    );
    assert_eq!(both.documents[1].number, "BC-FX-stripe-po_15");
    assert_eq!(both.documents[1].currency.code(), "USD");
    // What the bank shows is enough to know the rate; without what was carried nothing is realised.
    let bank_only = derive(&E15_PAYOUT.replace(r#", "rate": "1.0790", "carried": "129.12""#, ""));
    assert_eq!((bank_only.holds.len(), bank_only.documents.len()), (0, 1));
    let Some(Exchange::Rate { rate, source, .. }) = &bank_only.documents[0].exchange else { panic!("no rate") };
    assert_eq!((rate.to_string().as_str(), source.as_str()), ("1.079", "what the bank shows for the payout"));
    let wrong = derive(&E15_PAYOUT.replace("124.35", "125.35"));
    assert_eq!(wrong.documents.len(), 0);
    assert_eq!(wrong.holds[0].code.as_str(), "totals-do-not-add-up");
}

#[test]
fn a_large_payout_reaches_the_bank_to_the_cent_although_intacct_keeps_four_decimals_of_its_rate() {
    let case = e15();
    let rulebook = Rulebook::new(case.rules.clone()).unwrap();
    let json =
        E15_PAYOUT.replace("119.00", "119000.00").replace("3.75", "3750.00").replace("115.25", "115250.00").replace(
            r#""bank": "124.35", "rate": "1.0790", "carried": "129.12""#,
            r#""bank": "124357.61", "carried": "129115.00""#,
        );
    let payout = derive_events(&Events::from_json(&json).unwrap(), &rulebook, &case.policy);
    assert_eq!(payout.holds, []);
    let journal = base::journal(&payout.documents, &rulebook, &case.policy);
    let balances = journal.balances();
    assert_eq!((balances["1010"], balances["1150-E"]), (dec("124357.61"), dec("-129115.00")));
    assert_eq!(balances.values().sum::<Decimal>(), dec("0"));
}

#[test]
fn a_dispute_is_decided_at_the_rate_it_opened_at() {
    let case = e15();
    let rulebook = Rulebook::new(case.rules.clone()).unwrap();
    let event = |stage: &str, day: &str, more: &str| {
        format!(
            r#"{{"dispute_{stage}": {{"gateway": "stripe", "id": "dp_1", "date": "{day}", "currency": "EUR",
                "amount": "119.00"{more}}}}}"#
        )
    };
    let derive = |json: String| derive_events(&Events::from_json(&json).unwrap(), &rulebook, &case.policy);
    let opened = event("opened", "2026-03-11", "");
    let both = derive(format!("[{opened}, {}]", event("lost", "2026-03-20", "")));
    assert_eq!(both.holds, []);
    assert_eq!(base::journal(&both.documents, &rulebook, &case.policy).balances().get("1180"), None);
    let alone = derive(format!("[{}]", event("won", "2026-03-20", r#", "opened": "2026-03-11""#)));
    let Some(Exchange::Rate { rate, .. }) = &alone.documents[0].exchange else { panic!("no rate") };
    assert_eq!(*rate, dec("1.0850"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the rate, the bank shows what the bank says and clearing loses what it carried, to the cent.
    #[test]
    fn a_payout_leaves_bank_and_clearing_exactly_right(
        gross in 1_000i64..50_000_000,
        fee in 0i64..1_000,
        rate in 100_000i64..3_000_000,
        carried in 100_000i64..3_000_000,
    ) {
        let (gross, fee, rate, carried) =
            (Decimal::new(gross, 2), Decimal::new(fee, 2), Decimal::new(rate, 6), Decimal::new(carried, 6));
        let usd = Currency::USD;
        let (net, bank, carried) = (gross - fee, usd.round((gross - fee) * rate), usd.round(gross * carried));
        let json = format!(
            r#"[{{"payout": {{"gateway": "stripe", "id": "po_1", "date": "2026-03-11", "currency": "EUR",
                "gross": "{gross}", "fees": "{fee}", "net": "{net}",
                "in_base": {{"bank": "{bank}", "carried": "{carried}"}}}}}}]"#
        );
        let case = e15();
        let rulebook = Rulebook::new(case.rules.clone()).unwrap();
        let derivation = derive_events(&Events::from_json(&json).unwrap(), &rulebook, &case.policy);
        prop_assert_eq!(&derivation.holds, &vec![]);
        let journal = base::journal(&derivation.documents, &rulebook, &case.policy);
        let balances = journal.balances();
        prop_assert_eq!((balances["1010"], balances["1150-E"]), (bank, -carried));
        prop_assert_eq!(balances.values().sum::<Decimal>(), Decimal::ZERO);
    }
}
