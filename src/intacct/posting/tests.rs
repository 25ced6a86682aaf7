//! What a document in a foreign currency says to Intacct.

use super::*;
use crate::accounting::document::DocumentKind;
use crate::accounting::money::Currency;
use crate::accounting::rulebook::{Give, Rule, RuleKind};
use crate::accounting::testing::{Case, units};

/// A sale of 10 March in euros that was refunded on the 12th, and the policy it was derived by.
fn documents(exchange: Rule) -> (Vec<Document>, Policy) {
    let case = Case::new().line("TS-1", "1", "100.00", "19.00").tax("VAT", "19", "19.00");
    let case = case.paid(9001, "stripe", "119.00").refund(12, "119.00", "19.00", "stripe", vec![units(1, "1")]);
    let euro: Currency = "EUR".parse().unwrap();
    let case = case.policy(|policy| policy.foreign_currencies.extend([euro])).rule(exchange).with(|e| {
        e.order.currency = euro;
        e.transactions[0].currency = euro;
    });
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    (derivation.documents, case.policy)
}

fn rate_of(documents: &[Document], kind: DocumentKind, policy: &Policy) -> ExchangeRate {
    let document = documents.iter().find(|document| document.kind == kind).unwrap();
    currency(document, policy).unwrap().unwrap().rate
}

#[test]
fn a_fixed_rate_is_sent_as_it_is_on_the_document() {
    let (documents, policy) = documents(Rule::new("fixed", RuleKind::Exchange).gives(Give::Rate, "1.0850"));
    for kind in [DocumentKind::Invoice, DocumentKind::Receipt, DocumentKind::CreditMemo, DocumentKind::RefundPayout] {
        assert_eq!(rate_of(&documents, kind, &policy), ExchangeRate::Fixed("1.0850".parse().unwrap()), "{kind}");
    }
}

#[test]
fn a_rate_type_is_asked_for_by_day_and_a_credit_memo_by_the_day_of_the_sale() {
    let rule = Rule::new("daily", RuleKind::Exchange).gives(Give::RateType, "Intacct Daily Rate");
    let (documents, policy) = documents(rule);
    let day = |kind| match rate_of(&documents, kind, &policy) {
        ExchangeRate::Type { date: Some(date), .. } => date.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(day(DocumentKind::Invoice), "2026-03-10");
    assert_eq!(day(DocumentKind::CreditMemo), "2026-03-10");
    assert_eq!(day(DocumentKind::RefundPayout), "2026-03-12");
}

#[test]
fn a_rate_that_intacct_would_round_is_not_sent() {
    let (documents, policy) = documents(Rule::new("fixed", RuleKind::Exchange).gives(Give::Rate, "1.0850"));
    let mut draft: crate::accounting::document::Draft = documents[0].clone().into();
    let rate = "1.08505".parse().unwrap();
    draft.exchange = Some(Exchange::Rate { rate, on: draft.date, source: "test".into() });
    let document = Document::build(draft).unwrap();
    assert_eq!(currency(&document, &policy), Err(PostingError::RateTooFine(rate)));
}

/// A payout in euros at this rate, in whole cents.
fn payout(gross: i64, fees: i64, rate: &str) -> Document {
    use crate::accounting::derive::derive_events;
    use crate::accounting::events::Events;
    use crate::accounting::rulebook::Rulebook;

    let (gross, fees) = (Decimal::new(gross, 2), Decimal::new(fees, 2));
    let json = format!(
        r#"[{{"payout": {{"gateway": "stripe", "id": "po_1", "date": "2026-03-13", "currency": "EUR",
            "gross": "{gross}", "fees": "{fees}", "net": "{}", "in_base": {{"rate": "{rate}"}}}}}}]"#,
        gross - fees
    );
    let rules = crate::accounting::testing::rules();
    let settlement = Rule::new("any", RuleKind::Settlement).gives(Give::Account, "1010");
    let rulebook = Rulebook::new(rules.into_iter().chain([settlement]).collect()).unwrap();
    let policy = Policy { foreign_currencies: ["EUR".parse().unwrap()].into(), ..Policy::new("acme-us", "1100") };
    let derivation = derive_events(&Events::from_json(&json).unwrap(), &rulebook, &policy);
    assert_eq!(derivation.holds, []);
    derivation.documents[0].clone()
}

/// Debits less credits as Intacct converts them: line by line.
fn off(lines: &[JournalLine], rate: &str) -> Decimal {
    lines.iter().map(|line| Currency::USD.round(line.signed() * rate.parse::<Decimal>().unwrap())).sum()
}

#[test]
fn a_journal_that_balances_line_by_line_is_sent_as_it_is() {
    let document = payout(11_900, 375, "1.0790");
    assert_eq!(pairs::lines(&document, Currency::USD), document.lines);
}

#[test]
fn a_journal_that_would_be_a_cent_off_is_sent_in_pairs() {
    let document = payout(11_900, 7, "1.0790");
    assert_ne!(off(&document.lines, "1.0790"), Decimal::ZERO);
    let lines = pairs::lines(&document, Currency::USD);
    let shown: Vec<String> = lines.iter().map(|line| format!("{} {}", line.account, line.signed())).collect();
    assert_eq!(shown, ["1010 118.93", "1150-S -118.93", "1010 0.07", "1150-S -0.07"]);
    assert_eq!(off(&lines, "1.0790"), Decimal::ZERO);
}

#[test]
fn a_journal_in_base_currency_says_its_rate_where_currencies_are_many() {
    let mut draft: crate::accounting::document::Draft = payout(11_900, 375, "1.0790").into();
    (draft.currency, draft.exchange) = (Currency::USD, None);
    let document = Document::build(draft).unwrap();
    let group = |policy: &Policy| {
        let records = BTreeMap::new();
        let around = Surroundings {
            customer_id: "",
            records: &records,
            receivables: &BTreeMap::new(),
            policy,
            application_account: "",
            attachment: None,
        };
        journal(&document, around).unwrap().currency
    };
    let one = Policy::new("acme-us", "1100");
    assert_eq!(group(&one), None);
    let many = Policy { foreign_currencies: ["EUR".parse().unwrap()].into(), ..one };
    let said = CurrencyGroup { base: None, currency: "USD".into(), rate: ExchangeRate::Fixed(Decimal::ONE) };
    assert_eq!(group(&many), Some(said));
}

proptest::proptest! {
    #[test]
    fn every_journal_balances_in_base_currency_and_loses_nothing(
        gross in 1_000i64..10_000_000,
        fees in 1i64..1_000,
        rate in 1_000i64..50_000,
    ) {
        let rate = Decimal::new(rate, 4).to_string();
        let document = payout(gross, fees, &rate);
        let lines = pairs::lines(&document, Currency::USD);
        proptest::prop_assert_eq!(off(&lines, &rate), Decimal::ZERO);
        let sums = |lines: &[JournalLine]| {
            let mut sums: BTreeMap<(String, String), Decimal> = BTreeMap::new();
            for line in lines {
                *sums.entry((line.account.clone(), line.memo.clone())).or_default() += line.signed();
            }
            sums
        };
        proptest::prop_assert_eq!(sums(&lines), sums(&document.lines));
    }
}
