//! The accounting examples that do not come out of an order: what events put on which account.

use rust_decimal::Decimal;

use super::super::document::Document;
use super::super::events::Events;
use super::super::policy::Policy;
use super::super::rulebook::{Condition, Give, Rule, RuleKind, Rulebook};
use super::super::testing::{self, Case, amount_of, dec, rules, units};
use super::cases::{e1, e2_gross, e8};
use super::{Derivation, EventDerivation, derive_events, derive_events_with};
use crate::accounting::evidence::RefundedPart;

/// The rules of the examples with those that events need.
pub(super) fn all_rules() -> Vec<Rule> {
    let settlement = |part: &str, account: &str| {
        Rule::new(&format!("settlement-{part}"), RuleKind::Settlement)
            .when(Condition::Part, part)
            .gives(Give::Account, account)
    };
    let mut rules = rules();
    rules.extend([
        settlement("bank", "1010"),
        settlement("fee", "6100"),
        settlement("dispute", "1180"),
        settlement("dispute-fee", "6110"),
        settlement("chargeback-loss", "6120"),
        settlement("exchange-difference", "7100"),
        settlement("tax-bank", "1010"),
        settlement("tax-allowance", "7110"),
        settlement("breakage", "4200"),
        settlement("goodwill", "6130"),
    ]);
    rules
}

fn derive(json: &str) -> EventDerivation {
    derive_with(json, &[])
}

fn derive_with(json: &str, orders: &[Derivation]) -> EventDerivation {
    let rulebook = Rulebook::new(all_rules()).unwrap();
    derive_events_with(&Events::from_json(json).unwrap(), orders, &rulebook, &Policy::new("acme-us", "1100"))
}

/// The journal of events that nothing keeps back: kind, account, side and amount, a line each.
fn journal(json: &str) -> String {
    let derivation = derive(json);
    assert_eq!(derivation.holds, [], "nothing should be held");
    table(&derivation.documents)
}

pub(super) fn table(documents: &[Document]) -> String {
    let lines = documents.iter().flat_map(|document| document.lines.iter().map(move |line| (document.kind, line)));
    lines.map(|(kind, line)| row(&kind.to_string(), &line.account, line.signed())).collect::<Vec<_>>().join("\n")
}

pub(super) fn row(what: &str, account: &str, signed: Decimal) -> String {
    let side = if signed.is_sign_negative() { "Cr" } else { "Dr" };
    format!("{what} {account} {side} {}", signed.abs())
}

/// What an account stands at after these documents.
pub(super) fn balance<'a>(documents: impl IntoIterator<Item = &'a Document>, account: &str) -> Decimal {
    let lines = documents.into_iter().flat_map(|document| &document.lines);
    lines.filter(|line| line.account == account).map(|line| line.signed()).sum()
}

const REMITTED: &str = r#"[{"tax_remitted": {"id": "CA-2026-Q1", "date": "2026-04-20", "currency": "USD", "tax": "State",
    "due": "15.00", "allowance": "0.07", "paid": "14.93"}}]"#;

const BREAKAGE: &str =
    r#"[{"breakage": {"id": "2026-03", "date": "2026-03-31", "currency": "USD", "amount": "0.32"}}]"#;

const GOODWILL: &str = r#"[{"goodwill": {"id": "T-77", "date": "2026-03-14", "currency": "USD", "amount": "15.00",
    "order": 118}}]"#;

const FEE_KEPT: &str = r#"[{"fee_kept": {"gateway": "stripe", "id": "fee_1", "date": "2026-03-12", "currency": "USD",
    "order": 118, "amount": "2.18"}}]"#;

/// The examples of events for the documentation.
pub(super) fn documented() -> Vec<(&'static str, String)> {
    let shown = |derivation: EventDerivation| testing::table(&derivation.documents, &derivation.holds);
    let disputed =
        |stage: &str, more: &str| shown(derive_with(&format!("[{}]", dispute(stage, more)), &[e1().derive()]));
    vec![
        ("e4-tax-remitted", shown(derive(REMITTED))),
        ("e6-breakage", shown(derive(BREAKAGE))),
        ("e7-goodwill", shown(derive(GOODWILL))),
        ("e9-payout", shown(derive(E9))),
        ("e12-fee-kept", shown(derive(FEE_KEPT))),
        ("e13-dispute-opened", disputed("opened", r#", "fee": "15.00""#)),
        ("e13-dispute-won", disputed("won", "")),
        ("e13-dispute-lost", disputed("lost", "")),
        ("e13-dispute-lost-tax-recoverable", disputed("lost", r#", "tax_recoverable": true"#)),
    ]
}

#[test]
fn e4_tax_is_remitted_with_the_filing_allowance_kept() {
    assert_eq!(journal(REMITTED), "entry 2200-ST Dr 15.00\nentry 1010 Cr 14.93\nentry 7110 Cr 0.07");
}

#[test]
fn e4_a_remittance_that_does_not_add_up_is_held_with_the_arithmetic() {
    let derivation = derive(
        r#"[{"tax_remitted": {"id": "CA-2026-Q1", "date": "2026-04-20", "currency": "USD", "tax": "State",
            "due": "15.00", "paid": "14.93"}}]"#,
    );
    assert!(derivation.documents.is_empty());
    let [hold] = &derivation.holds[..] else { panic!("{:?}", derivation.holds) };
    assert_eq!(hold.code.as_str(), "totals-do-not-add-up");
    assert_eq!(hold.message, "due 15.00 - allowance 0 = 15.00, but 14.93 USD was paid");
}

#[test]
fn e6_breakage_of_gift_cards_becomes_income() {
    assert_eq!(journal(BREAKAGE), "entry 2300 Dr 0.32\nentry 4200 Cr 0.32");
    let sold = Case::new().line("GIFT", "1", "100.00", "0").paid(9001, "stripe", "100.00").derive();
    let redeemed = Case::new().line("TS-1", "1", "85.00", "7.01").tax("Tax", "8.25", "7.01");
    let redeemed = redeemed.paid(9002, "giftcertificate", "92.01").derive();
    let before: Vec<&Document> = sold.documents.iter().chain(&redeemed.documents).collect();
    assert_eq!(balance(before.clone(), "2300"), dec("-7.99"));
    assert_eq!(balance(before.into_iter().chain(&derive(BREAKAGE).documents), "2300"), dec("-7.67"));
}

#[test]
fn e7_goodwill_is_store_credit_given_away() {
    assert_eq!(journal(GOODWILL), "entry 6130 Dr 15.00\nentry 2310 Cr 15.00");
}

#[test]
fn e5_a_gift_card_given_away_is_goodwill_too() {
    assert_eq!(
        journal(
            r#"[{"card_issued": {"id": "T-78", "date": "2026-03-14", "currency": "USD", "amount": "25.00",
                "customer": 42}}]"#
        ),
        "entry 6130 Dr 25.00\nentry 2300 Cr 25.00"
    );
}

const E9: &str = r#"[{"payout": {"gateway": "stripe", "id": "po_1", "date": "2026-03-13", "currency": "USD",
    "gross": "324.93", "fees": "10.33", "net": "314.60"}}]"#;

#[test]
fn e9_a_payout_books_the_fees_and_not_only_the_net() {
    assert_eq!(journal(E9), "payout 1010 Dr 314.60\npayout 6100 Dr 10.33\npayout 1150-S Cr 324.93");
}

#[test]
fn e9_clearing_is_left_with_the_captures_that_are_not_paid_out() {
    let mut documents: Vec<Document> =
        [e1(), e2_gross(), e8()].iter().flat_map(|case| case.derive().documents).collect();
    assert_eq!(balance(&documents, "1150-S"), dec("324.93"), "captured and not paid out");
    documents.extend(derive(E9).documents);
    assert_eq!(balance(&documents, "1150-S"), dec("0"));
    let later = Case::new().line("TS-9", "1", "64.95", "0").paid(9004, "stripe", "64.95").derive();
    documents.extend(later.documents);
    assert_eq!(balance(&documents, "1150-S"), dec("64.95"), "captured after the payout");
}

#[test]
fn a_payout_nets_what_orders_and_disputes_have_booked_already() {
    // E1 and E3 captured, E3 refunded in full, E1 disputed: the gateway takes back more than it pays.
    let e3 = Case::new()
        .line("TS-1", "1", "80.00", "5.60")
        .shipping("12.95", "2.50", ("0.91", "0.17"))
        .tax("Tax", "7", "6.68")
        .paid(9001, "stripe", "102.13");
    let items = vec![
        units(1, "1"),
        amount_of(RefundedPart::Shipping, 42, "12.95"),
        amount_of(RefundedPart::Handling, 42, "2.50"),
    ];
    let mut documents = e1().derive().documents;
    documents.extend(e3.refund(12, "102.13", "6.68", "stripe", items).derive().documents);
    let events = derive(
        r#"[{"dispute_opened": {"gateway": "stripe", "id": "dp_1", "date": "2026-03-12", "currency": "USD",
                "order": 118, "amount": "129.90", "fee": "15.00"}},
            {"payout": {"gateway": "stripe", "id": "po_2", "date": "2026-03-13", "currency": "USD", "gross": "232.03",
                "fees": "7.33", "refunds": "102.13", "disputes": "144.90", "net": "-22.33"}}]"#,
    );
    assert_eq!(events.holds, []);
    assert_eq!(
        table(&events.documents[1..]),
        "payout 1010 Cr 22.33\npayout 6100 Dr 7.33\npayout 1150-S Cr 232.03\npayout 1150-S Dr 102.13\n\
         payout 1150-S Dr 144.90"
    );
    documents.extend(events.documents);
    assert_eq!(balance(&documents, "1150-S"), dec("0"));
}

#[test]
fn a_payout_that_does_not_add_up_is_held_with_the_arithmetic() {
    let derivation = derive(&E9.replace("314.60", "314.61"));
    assert!(derivation.documents.is_empty());
    let [hold] = &derivation.holds[..] else { panic!("{:?}", derivation.holds) };
    assert_eq!((hold.code.as_str(), hold.subject.as_str()), ("totals-do-not-add-up", "payout stripe-po_1"));
    assert_eq!(hold.message, "captured 324.93 - fees 10.33 = 314.60, but the payout is 314.61 USD");
}

#[test]
fn e12_a_fee_that_the_gateway_keeps_is_an_expense() {
    let kept = FEE_KEPT;
    assert_eq!(journal(kept), "entry 6100 Dr 2.18\nentry 1150-S Cr 2.18");
    // The payout that takes it off does not book it again, and clearing comes to nothing.
    let both = kept.replace(
        "}}]",
        r#"}}, {"payout": {"gateway": "stripe", "id": "po_3", "date": "2026-03-13", "currency": "USD",
            "gross": "64.95", "refunds": "64.95", "fees_kept": "2.18", "net": "-2.18"}}]"#,
    );
    let documents = derive(&both).documents;
    assert_eq!(balance(&documents, "6100"), dec("2.18"));
    assert_eq!((balance(&documents, "1150-S"), balance(&documents, "1010")), (dec("0"), dec("-2.18")));
}

/// A dispute of E1 at one of its stages.
fn dispute(stage: &str, more: &str) -> String {
    format!(
        r#"{{"dispute_{stage}": {{"gateway": "stripe", "id": "dp_1", "date": "2026-03-20", "currency": "USD",
            "order": 118, "amount": "129.90"{more}}}}}"#
    )
}

#[test]
fn e13_a_dispute_that_opens_waits_on_an_account_of_its_own() {
    assert_eq!(
        journal(&format!("[{}]", dispute("opened", r#", "fee": "15.00""#))),
        "dispute 1180 Dr 129.90\ndispute 6110 Dr 15.00\ndispute 1150-S Cr 144.90"
    );
}

#[test]
fn e13_a_dispute_that_is_won_gives_the_money_back_and_not_the_fee() {
    assert_eq!(journal(&format!("[{}]", dispute("won", ""))), "dispute 1150-S Dr 129.90\ndispute 1180 Cr 129.90");
}

#[test]
fn e13_a_dispute_that_is_lost_is_a_loss() {
    assert_eq!(journal(&format!("[{}]", dispute("lost", ""))), "dispute 6120 Dr 129.90\ndispute 1180 Cr 129.90");
}

const LOST_WITH_TAX: &str = "dispute 6120 Dr 120.00\ndispute 2200 Dr 9.90\ndispute 1180 Cr 129.90";

#[test]
fn e13_a_lost_dispute_may_recover_the_tax_of_its_order() {
    let lost = format!("[{}]", dispute("lost", r#", "tax_recoverable": true"#));
    let derivation = derive_with(&lost, &[e1().derive()]);
    assert_eq!(derivation.holds, []);
    assert_eq!(table(&derivation.documents), LOST_WITH_TAX);
    let unknown = derive(&lost);
    assert_eq!((unknown.documents.len(), unknown.holds[0].code.as_str()), (0, "event-not-bookable"));
}

#[test]
fn e13_a_lost_dispute_may_say_itself_which_tax_is_recovered() {
    let more = r#", "tax_recoverable": true, "taxes": [{"name": "Tax", "amount": "9.90"}]"#;
    assert_eq!(journal(&format!("[{}]", dispute("lost", more))), LOST_WITH_TAX);
}

#[test]
fn a_lost_dispute_recovers_no_more_tax_than_is_left_of_the_sale() {
    let half = e1().refund(12, "64.95", "4.95", "stripe", vec![amount_of(RefundedPart::Product, 1, "60.00")]);
    let half = [half.derive()];
    let lost = |more: &str| derive_with(&format!("[{}]", dispute("lost", more)), &half);
    let share = lost(r#", "tax_recoverable": true"#);
    assert_eq!(share.holds, []);
    assert_eq!(table(&share.documents), "dispute 6120 Dr 124.95\ndispute 2200 Dr 4.95\ndispute 1180 Cr 129.90");
    let given = lost(r#", "tax_recoverable": true, "taxes": [{"name": "Tax", "amount": "9.90"}]"#);
    assert!(given.documents.is_empty());
    assert_eq!(given.holds[0].code.as_str(), "refund-exceeds-sale");
    assert_eq!(given.holds[0].message, "9.90 USD of 'Tax' would come back, but 4.95 USD of it is left of order 118");
}

#[test]
fn the_disputed_share_of_the_tax_is_shared_by_jurisdiction() {
    let case = Case::new()
        .line("TV", "1", "249.99", "21.25")
        .tax("State", "6", "15.00")
        .tax("County", "1", "2.50")
        .tax("City", "1.25", "3.12")
        .tax("District", "0.25", "0.62")
        .paid(9001, "stripe", "271.24");
    let lost = dispute("lost", r#", "tax_recoverable": true"#).replace("129.90", "135.62");
    let derivation = derive_with(&format!("[{lost}]"), &[case.derive()]);
    assert_eq!(derivation.holds, []);
    let document = &derivation.documents[0];
    let tax: Decimal = document.lines.iter().filter(|line| line.account.starts_with("2200")).map(|l| l.debit).sum();
    // Half of 271.24 is disputed, so half of 21.25 comes back, half up.
    assert_eq!(tax, dec("10.63"));
    assert_eq!(document.lines.len(), 6, "loss, four jurisdictions, disputed funds");
}

#[test]
fn a_tax_name_that_stands_on_two_accounts_is_recovered_from_both() {
    let of_rate = |id: &str, rate: &str, account: &str| {
        let rule = Rule::new(id, RuleKind::Tax).when(Condition::Name, "Sales Tax").when(Condition::Rate, rate);
        rule.gives(Give::Account, account)
    };
    let case = Case::new()
        .line("TV", "1", "120.00", "9.90")
        .tax("Sales Tax", "6", "7.20")
        .tax("Sales Tax", "2.25", "2.70")
        .rule(of_rate("six", "6", "2200-A"))
        .rule(of_rate("two", "2.25", "2200-B"))
        .paid(9001, "stripe", "129.90");
    let more = r#", "tax_recoverable": true, "taxes": [{"name": "sales tax", "amount": "9.90"}]"#;
    let derivation = derive_with(&format!("[{}]", dispute("lost", more)), &[case.derive()]);
    assert_eq!(derivation.holds, []);
    let expected = "dispute 6120 Dr 120.00\ndispute 2200-A Dr 7.20\ndispute 2200-B Dr 2.70\ndispute 1180 Cr 129.90";
    assert_eq!(table(&derivation.documents), expected);
}

#[test]
fn more_cannot_be_decided_than_was_disputed() {
    let opened = dispute("opened", "");
    let part = |stage: &str, amount: &str| dispute(stage, "").replace("129.90", amount);
    let fits = derive(&format!("[{opened}, {}, {}]", part("won", "100.00"), part("lost", "29.90")));
    assert_eq!(fits.holds, []);
    assert_eq!(balance(&fits.documents, "1180"), dec("0"));
    let over = derive(&format!("[{opened}, {}, {}]", part("won", "100.00"), part("lost", "29.91")));
    assert_eq!(over.documents.len(), 2);
    assert_eq!(over.holds[0].message, "29.91 USD is decided after 100.00 USD, but only 129.90 USD was disputed");
}

#[test]
fn documents_of_events_have_names_that_are_theirs_for_ever() {
    let long = E9.replace("po_1", "po_1PabcdefghijklmnopqrstuvwxyzABCDEFGHIJ");
    let name = |json: &str| {
        let document = derive(json).documents.remove(0);
        (document.key.to_string(), document.number.clone(), document.reference.clone().unwrap())
    };
    let (key, number, reference) = name(E9);
    assert_eq!((key.as_str(), number.as_str()), ("acme-us/payout/stripe-po_1/r1", "BC-PO-stripe-po_1"));
    assert_eq!(reference, "po_1");
    let (_, number, reference) = name(&long);
    assert!(number.starts_with("BC-PO-H-") && number.len() == 20, "{number}");
    assert_eq!(reference, "po_1PabcdefghijklmnopqrstuvwxyzABCDEFGHIJ");
    assert_eq!(name(&long), name(&long));
}

#[test]
fn every_rule_an_event_misses_is_listed_at_once() {
    let euro: Policy = Policy { foreign_currencies: ["EUR".parse().unwrap()].into(), ..Policy::new("acme-us", "1100") };
    let events = Events::from_json(super::exchange_specs::E15_PAYOUT).unwrap();
    let derivation = derive_events(&events, &Rulebook::new(Vec::new()).unwrap(), &euro);
    assert!(derivation.documents.is_empty());
    let subjects: Vec<&str> = derivation.holds.iter().map(|hold| hold.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "settlement rule for part 'bank', gateway 'stripe', currency 'EUR'",
            "settlement rule for part 'fee', gateway 'stripe', currency 'EUR'",
            "payment rule for gateway 'stripe', currency 'EUR'",
            "settlement rule for part 'exchange-difference', gateway 'stripe', currency 'EUR'",
        ]
    );
}

#[test]
fn an_event_of_a_closed_period_is_held_and_derived_all_the_same() {
    let policy = Policy { books_closed_through: Some("2026-03-13".parse().unwrap()), ..Policy::new("acme-us", "1100") };
    let rulebook = Rulebook::new(all_rules()).unwrap();
    let derivation = derive_events(&Events::from_json(E9).unwrap(), &rulebook, &policy);
    assert_eq!(derivation.documents.len(), 1);
    assert_eq!(derivation.holds[0].code.as_str(), "period-closed");
}

#[test]
fn payments_that_go_straight_to_the_bank_are_not_paid_out() {
    let mut rules = all_rules();
    let stripe = rules.iter_mut().find(|rule| rule.id == "stripe").unwrap();
    stripe.gives.insert(Give::BankAccount, "BOA".into());
    let rulebook = Rulebook::new(rules).unwrap();
    let policy = Policy::new("acme-us", "1100");
    let derivation = derive_events(&Events::from_json(E9).unwrap(), &rulebook, &policy);
    assert_eq!((derivation.documents.len(), derivation.holds[0].code.as_str()), (0, "event-not-bookable"));
}
