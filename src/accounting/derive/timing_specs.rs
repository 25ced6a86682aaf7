//! When a sale counts, and what money before it is: example E12 and what surrounds it.

use std::collections::BTreeMap;

use super::super::document::{Detail, DocumentKind};
use super::super::evidence::PaymentEvent;
use super::super::hold::Blocks;
use super::super::money::Currency;
use super::super::policy::{Recognition, StoredValueWithoutTransaction};
use super::super::rulebook::{Condition, Give, Rule, RuleKind};
use super::super::testing::{Case, balances, dec, entries, still_to_post, units};
use super::{Derivation, Eligibility};

const DEPOSIT: &str = "BC-118-D9001 2026-03-10 Dr 1150-S 64.95 Cr 2320 64.95";

/// The order of example E12, with ship-date recognition.
fn order() -> Case {
    Case::new().line("TS-1", "1", "60.00", "4.95").tax("Tax", "8.25", "4.95").ship_date()
}

fn captured() -> Case {
    order().paid(9001, "stripe", "64.95")
}

fn back(case: Case) -> Case {
    case.refund(12, "64.95", "4.95", "stripe", vec![units(1, "1")])
}

/// The examples of deposits for the documentation.
pub(super) fn documented() -> Vec<(&'static str, String)> {
    vec![
        ("e12-cancelled-before-shipment", back(captured()).cancelled().without_rules(RuleKind::Refund).table()),
        ("e12-shipped", captured().shipped("2026-03-14T10:00:00Z").table()),
    ]
}

fn waiting(derivation: &Derivation) -> &str {
    let Eligibility::Waiting(reason) = &derivation.status else { panic!("{:?}", derivation.status) };
    reason
}

fn clean(case: &Case) -> Derivation {
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    derivation
}

#[test]
fn e12_money_before_the_shipment_is_a_deposit_and_goes_back_when_the_order_is_cancelled() {
    let before = clean(&captured());
    assert_eq!(entries(&before), [DEPOSIT]);
    assert_eq!(
        waiting(&before),
        "0 of 1 units have shipped: the sale counts from the day the last unit ships (policy: recognition ship-date); \
         64.95 USD is on deposit"
    );
    // No revenue, no returns: the sale never was one, so no refund rule is asked for.
    let cancelled = clean(&back(captured()).cancelled().without_rules(RuleKind::Refund));
    assert_eq!(entries(&cancelled), [DEPOSIT, "BC-118-DR112 2026-03-12 Dr 2320 64.95 Cr 1150-S 64.95"]);
    assert_eq!(cancelled.status, Eligibility::Post);
    assert_eq!(balances(&cancelled), BTreeMap::new());
    let keys: Vec<&str> = cancelled.documents.iter().map(|document| document.key.as_str()).collect();
    assert_eq!(keys, ["acme-us/118/deposit/9001/r1", "acme-us/118/deposit/return-12-112/r1"]);
    let deposit = &cancelled.documents[0];
    assert_eq!((deposit.kind, deposit.reference.as_deref()), (DocumentKind::Deposit, Some("ch_9001")));
    assert!(deposit.customer.is_some());
    let Detail::Journal { related, .. } = &deposit.detail else { panic!("{:?}", deposit.detail) };
    assert_eq!(related[0].as_str(), "acme-us/118/invoice/r1");
}

#[test]
fn e12_before_any_capture_there_is_no_entry() {
    let reserved = captured().with(|e| e.transactions[0].event = PaymentEvent::Authorization);
    assert_eq!(entries(&clean(&reserved)), Vec::<String>::new());
    let Eligibility::Excluded(reason) = reserved.cancelled().derive().status else { panic!("it is excluded") };
    assert_eq!(reason, "never captured: cancelled or declined (status 5) before any money moved");
    let voided = captured().cancelled().with(|e| {
        let mut void = e.transactions[0].clone();
        (void.id, void.event, void.reference) = (9002, PaymentEvent::Void, Some(9001));
        e.transactions.push(void);
    });
    assert!(matches!(voided.derive().status, Eligibility::Excluded(_)), "a purchase that was voided moved no money");
}

#[test]
fn e12_with_order_date_recognition_the_sale_is_reversed_like_any_full_refund() {
    let case = back(captured()).cancelled().policy(|policy| policy.recognition = Recognition::OrderDate);
    assert_eq!(
        entries(&clean(&case)),
        [
            "BC-118 2026-03-10 Dr 1100 64.95 Cr 4000 60.00 Cr 2200 4.95",
            "BC-118-T9001 2026-03-10 Dr 1150-S 64.95 Cr 1100 64.95",
            "BC-118-R12 2026-03-12 Dr 4100 60.00 Dr 2200 4.95 Cr 1100 64.95",
            "BC-118-P112 2026-03-12 Dr 1100 64.95 Cr 1150-S 64.95",
            "BC-118-A112 2026-03-12",
        ]
    );
}

#[test]
fn a_deposit_pays_the_invoice_on_the_day_the_goods_ship() {
    let shipped = clean(&captured().shipped("2026-03-14T10:00:00Z"));
    assert_eq!(
        entries(&shipped),
        [
            DEPOSIT,
            "BC-118 2026-03-14 Dr 1100 64.95 Cr 4000 60.00 Cr 2200 4.95",
            "BC-118-TD9001 2026-03-14 Dr 2320 64.95 Cr 1100 64.95",
            "BC-118-ATD9001 2026-03-14",
        ]
    );
    assert_eq!(shipped.status, Eligibility::Post);
    let tender = &shipped.documents[2];
    assert_eq!(tender.key.as_str(), "acme-us/118/liability-tender/deposit-9001/r1");
    assert_eq!(tender.original_date.to_string(), "2026-03-10");
    let needs: Vec<&str> = tender.detail.needs().iter().map(|key| key.as_str()).collect();
    assert_eq!(needs, ["acme-us/118/invoice/r1", "acme-us/118/deposit/9001/r1"]);
    assert_eq!(shipped.open_balance.amount, dec("0"));
}

#[test]
fn money_after_the_shipment_is_an_ordinary_receipt() {
    let half = || order().paid(9001, "stripe", "30.00");
    let later = half().shipped("2026-03-14T10:00:00Z").paid_at(9002, "stripe", "34.95", "2026-03-14T10:00:01Z");
    let numbers = |case: &Case| -> Vec<String> { clean(case).documents.iter().map(|d| d.number.clone()).collect() };
    assert_eq!(numbers(&later), ["BC-118-D9001", "BC-118", "BC-118-T9002", "BC-118-TD9001", "BC-118-ATD9001"]);
    // The shop tells its times in whole seconds: within the same one the money came first.
    let same = half().shipped("2026-03-14T10:00:00Z").paid_at(9002, "stripe", "34.95", "2026-03-14T10:00:00.700Z");
    assert!(numbers(&same).contains(&"BC-118-D9002".to_owned()));
}

#[test]
fn a_refund_before_the_shipment_gives_the_deposit_back_and_is_set_off_against_the_invoice() {
    let sale = || Case::new().line("TS-1", "2", "120.00", "9.90").tax("Tax", "8.25", "9.90").ship_date();
    let refunded = sale().paid(9001, "stripe", "129.90").refund(12, "64.95", "4.95", "stripe", vec![units(1, "1")]);
    let deposit = "BC-118-D9001 2026-03-10 Dr 1150-S 129.90 Cr 2320 129.90";
    let given_back = "BC-118-DR112 2026-03-12 Dr 2320 64.95 Cr 1150-S 64.95";
    assert_eq!(entries(&clean(&refunded)), [deposit, given_back]);
    let shipped = clean(&refunded.shipped("2026-03-14T10:00:00Z"));
    assert_eq!(
        entries(&shipped),
        [
            deposit,
            given_back,
            "BC-118 2026-03-14 Dr 1100 129.90 Cr 4000 120.00 Cr 2200 9.90",
            "BC-118-TD9001 2026-03-14 Dr 2320 64.95 Cr 1100 64.95",
            "BC-118-ATD9001 2026-03-14",
            "BC-118-R12 2026-03-14 Dr 4100 60.00 Dr 2200 4.95 Cr 1100 64.95",
            "BC-118-AR12 2026-03-14",
        ]
    );
    let left = balances(&shipped);
    assert_eq!((left.get("1100"), left.get("2320"), left["1150-S"]), (None, None, dec("64.95")));
    assert_eq!(shipped.open_balance.amount, dec("0"));
    let memo = shipped.documents.iter().find(|document| document.kind == DocumentKind::CreditMemo).unwrap();
    let Detail::CreditMemo { applies_to_invoice, .. } = &memo.detail else { panic!("{:?}", memo.detail) };
    assert_eq!((*applies_to_invoice, memo.original_date.to_string()), (dec("64.95"), "2026-03-12".to_owned()));
}

#[test]
fn a_refund_after_the_shipment_is_an_ordinary_one() {
    let case = back(captured().shipped("2026-03-11T10:00:00Z"));
    let numbers: Vec<String> = clean(&case).documents.iter().map(|document| document.number.clone()).collect();
    assert!(numbers.ends_with(&["BC-118-R12".into(), "BC-118-P112".into(), "BC-118-A112".into()]), "{numbers:?}");
}

#[test]
fn a_deposit_may_go_back_as_store_credit() {
    let case = captured().refund(12, "64.95", "4.95", "storecredit", vec![units(1, "1")]).cancelled();
    assert_eq!(entries(&clean(&case)), [DEPOSIT, "BC-118-DR112 2026-03-12 Dr 2320 64.95 Cr 2310 64.95"]);
}

#[test]
fn stored_value_stays_the_liability_it_is_until_the_sale_counts() {
    let paid = order().paid(9001, "storecredit", "24.95").paid(9002, "stripe", "40.00");
    assert_eq!(entries(&clean(&paid)), ["BC-118-D9002 2026-03-10 Dr 1150-S 40.00 Cr 2320 40.00"]);
    let shipped = clean(&paid.shipped("2026-03-14T10:00:00Z"));
    let tender = shipped.documents.iter().find(|document| document.number == "BC-118-T9001").unwrap();
    assert_eq!((tender.date.to_string(), tender.original_date.to_string()), ("2026-03-14".into(), "2026-03-10".into()));
    let left = balances(&shipped);
    assert_eq!((left.get("1100"), left.get("2320"), left["2310"]), (None, None, dec("24.95")));
}

#[test]
fn store_credit_that_goes_back_before_it_was_booked_moves_nothing() {
    let sale = Case::new().line("TS-1", "2", "120.00", "9.90").tax("Tax", "8.25", "9.90").ship_date();
    let paid = sale.paid(9001, "storecredit", "64.95").paid(9002, "stripe", "64.95");
    let refunded = paid.refund(12, "64.95", "4.95", "storecredit", vec![units(1, "1")]);
    assert_eq!(entries(&clean(&refunded)), ["BC-118-D9002 2026-03-10 Dr 1150-S 64.95 Cr 2320 64.95"]);
    let shipped = clean(&refunded.shipped("2026-03-14T10:00:00Z"));
    assert!(!shipped.documents.iter().any(|document| document.number == "BC-118-T9001"), "nothing of it was used");
    let left = balances(&shipped);
    assert_eq!((left.get("1100"), left.get("2320"), left.get("2310")), (None, None, None));
}

#[test]
fn money_that_goes_back_for_a_gift_certificate_takes_its_liability() {
    let cash = Rule::new("cash", RuleKind::Payment)
        .when(Condition::Method, "credit card")
        .gives(Give::Account, "1150-S")
        .gives(Give::PaymentMethod, "Credit Card");
    let case = order().rule(cash).paid(9001, "giftcertificate", "64.95");
    let case = case.refund(12, "64.95", "4.95", "custom", vec![units(1, "1")]).cancelled();
    assert_eq!(entries(&clean(&case)), ["BC-118-DR112 2026-03-12 Dr 2300 64.95 Cr 1150-S 64.95"]);
}

#[test]
fn more_back_than_came_in_is_held() {
    let case = order().paid(9001, "stripe", "30.00").refund(12, "64.95", "4.95", "stripe", vec![units(1, "1")]);
    let derivation = case.derive();
    let codes: Vec<&str> = derivation.holds.iter().map(|hold| hold.code.as_str()).collect();
    assert_eq!((codes, derivation.documents.len()), (vec!["refund-exceeds-sale"], 1));
    assert_eq!(derivation.holds[0].blocks, Blocks::RefundsFrom(12));
    // What is left of the deposit is not known then: the invoice posts, the deposit waits.
    let shipped = case.shipped("2026-03-14T10:00:00Z").derive();
    let numbers: Vec<&str> = shipped.documents.iter().map(|document| document.number.as_str()).collect();
    assert_eq!(numbers, ["BC-118-D9001", "BC-118"]);
}

#[test]
fn a_refund_of_an_unpaid_order_moves_nothing_and_is_set_off_once_there_is_an_invoice() {
    let terms = Rule::new("terms", RuleKind::Payment)
        .when(Condition::Method, "PO")
        .gives(Give::Account, "1060")
        .gives(Give::PaymentMethod, "EFT")
        .gives(Give::TreatAsPaid, "no");
    let sale = Case::new().line("TS-1", "2", "120.00", "9.90").tax("Tax", "8.25", "9.90").ship_date().rule(terms);
    let open = sale.with(|e| (e.order.payment_method, e.order.payment_status) = ("PO".into(), String::new()));
    let refunded = open.refund(12, "64.95", "4.95", "custom", vec![units(1, "1")]);
    let refunded = refunded.refund_with(|refund| refund.payments[0].offline = true);
    assert_eq!(entries(&clean(&refunded)), Vec::<String>::new());
    let shipped = clean(&refunded.shipped("2026-03-14T10:00:00Z"));
    let numbers: Vec<&str> = shipped.documents.iter().map(|document| document.number.as_str()).collect();
    assert_eq!(numbers, ["BC-118", "BC-118-R12", "BC-118-AR12"]);
    assert_eq!((shipped.open_balance.amount, balances(&shipped)["1100"]), (dec("64.95"), dec("64.95")));
}

#[test]
fn an_offline_order_that_counts_as_paid_is_a_deposit_too() {
    let cheque = Rule::new("cheque", RuleKind::Payment)
        .when(Condition::Method, "cheque")
        .gives(Give::Account, "1060")
        .gives(Give::PaymentMethod, "Printed Check")
        .gives(Give::TreatAsPaid, "yes");
    let case = order().rule(cheque).with(|e| e.order.payment_method = "Cheque".into());
    assert_eq!(entries(&clean(&case)), ["BC-118-DOFFLINE 2026-03-10 Dr 1060 64.95 Cr 2320 64.95"]);
    let shipped = clean(&case.shipped("2026-03-14T10:00:00Z"));
    assert_eq!((balances(&shipped).get("1100"), balances(&shipped).get("2320")), (None, None));
}

#[test]
fn the_sale_counts_when_shipments_leave_nothing_to_ship() {
    let sale = Case::new().line("TS-1", "3", "120.00", "9.90").tax("Tax", "8.25", "9.90").ship_date();
    let part = sale.paid(9001, "stripe", "129.90").shipment(7, "2026-03-11T10:00:00Z", &[(1, "2")]);
    let reason = clean(&part);
    assert!(waiting(&reason).starts_with("2 of 3 units have shipped"), "{:?}", reason.status);
    let whole = clean(&part.clone().shipment(8, "2026-03-13T10:00:00Z", &[(1, "1")]));
    assert_eq!(whole.documents[1].date.to_string(), "2026-03-13");
    // Or the rest never ships, because it was refunded.
    let rest = clean(&part.refund(12, "43.30", "3.30", "stripe", vec![units(1, "1")]));
    let invoice = rest.documents.iter().find(|document| document.kind == DocumentKind::Invoice).unwrap();
    assert_eq!(invoice.date.to_string(), "2026-03-12");
    assert_eq!((balances(&rest).get("1100"), balances(&rest).get("2320")), (None, None));
}

#[test]
fn the_parts_of_a_bundle_ship_with_it() {
    let bundle = Case::new().line("KIT", "2", "60.00", "4.95").tax("Tax", "8.25", "4.95").line("PART", "4", "0", "0");
    let bundle = bundle.with(|e| e.lines[1].parent_line = Some(1)).ship_date().paid(9001, "stripe", "64.95");
    let half = bundle.shipment(7, "2026-03-11T10:00:00Z", &[(1, "1")]);
    assert!(waiting(&half.derive()).starts_with("1 of 2 units"));
    assert_eq!(clean(&half.shipment(8, "2026-03-12T10:00:00Z", &[(1, "1")])).status, Eligibility::Post);
}

#[test]
fn goods_that_left_on_an_unknown_day_hold_the_sale_but_not_the_deposit() {
    let completed = captured().with(|e| (e.order.status_id, e.order.status) = (10, "Completed".into()));
    let derivation = completed.derive();
    let [hold] = &derivation.holds[..] else { panic!("{:?}", derivation.holds) };
    assert_eq!(hold.code.as_str(), "shipping-date-missing");
    assert!(matches!(&hold.blocks, Blocks::Document(key) if key.as_str() == "acme-us/118/invoice/r1"));
    assert_eq!(entries(&derivation), [DEPOSIT]);
}

#[test]
fn an_order_without_goods_that_ship_counts_from_its_first_payment() {
    let download = || Case::new().line("E-BOOK", "1", "60.00", "0").ship_date();
    let download = || download().with(|e| e.lines[0].line_type = super::super::evidence::LineType::Digital);
    let paid = clean(&download().paid_at(9001, "stripe", "60.00", "2026-03-12T08:00:00Z"));
    assert_eq!(
        entries(&paid),
        ["BC-118 2026-03-12 Dr 1100 60.00 Cr 4000 60.00", "BC-118-T9001 2026-03-12 Dr 1150-S 60.00 Cr 1100 60.00"]
    );
    let card = Case::new().line("GIFT", "1", "100.00", "0").ship_date().paid(9001, "stripe", "100.00");
    assert_eq!(clean(&card).status, Eligibility::Post);
}

#[test]
fn rules_a_waiting_sale_will_need_are_listed_early_and_keep_back_its_invoice_only() {
    let derivation = captured().without_rules(RuleKind::Product).derive();
    let [hold] = &derivation.holds[..] else { panic!("{:?}", derivation.holds) };
    assert_eq!((hold.code.as_str(), &hold.subject[..12]), ("missing-rule", "product rule"));
    assert!(matches!(&hold.blocks, Blocks::Document(key) if key.as_str() == "acme-us/118/invoice/r1"));
    assert_eq!(entries(&derivation), [DEPOSIT]);
}

#[test]
fn deposits_need_an_account() {
    let without = captured().policy(|policy| policy.deposit_account = None);
    assert_eq!(without.hold_codes(), ["deposit-account-missing"]);
    assert!(without.derive().documents.is_empty());
}

#[test]
fn a_deposit_is_booked_by_the_rules_of_its_own_day() {
    let day = |text: &str| Some(text.parse().unwrap());
    let stripe = |id: &str, account: &str| {
        let rule = Rule::new(id, RuleKind::Payment).gives(Give::Account, account);
        rule.gives(Give::PaymentMethod, "Credit Card")
    };
    let old = Rule { valid_to: day("2026-03-12"), ..stripe("old", "1150-S") };
    let new = Rule { valid_from: day("2026-03-13"), ..stripe("new", "1150-X") };
    let case = captured().without_rules(RuleKind::Payment).rule(old).rule(new);
    let deposit = clean(&case).documents.remove(0);
    assert_eq!(clean(&case.shipped("2026-03-14T10:00:00Z")).documents[0], deposit);
}

#[test]
fn a_foreign_deposit_is_used_up_at_its_own_rate() {
    let euro: Currency = "EUR".parse().unwrap();
    let rate = |id: &str, rate: &str| Rule::new(id, RuleKind::Exchange).gives(Give::Rate, rate);
    let before = Rule { valid_to: Some("2026-03-12".parse().unwrap()), ..rate("before", "1.0850") };
    let after = Rule { valid_from: Some("2026-03-13".parse().unwrap()), ..rate("after", "1.0790") };
    let case = captured().rule(before).rule(after).policy(|policy| policy.foreign_currencies.extend([euro]));
    let case = case.with(|e| (e.order.currency, e.transactions[0].currency) = (euro, euro));
    let shipped = clean(&case.shipped("2026-03-14T10:00:00Z"));
    let rates: Vec<String> = shipped
        .documents
        .iter()
        .map(|document| match &document.exchange {
            Some(super::super::document::Exchange::Rate { rate, .. }) => format!("{} {rate}", document.number),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(rates[..3], ["BC-118-D9001 1.085", "BC-118 1.079", "BC-118-TD9001 1.085"]);
}

fn payment_date(case: Case) -> Case {
    case.policy(|policy| policy.recognition = Recognition::PaymentDate)
}

#[test]
fn with_payment_date_recognition_everything_is_of_the_first_payment_or_later() {
    let sale = || payment_date(Case::new().line("TS-1", "1", "60.00", "4.95").tax("Tax", "8.25", "4.95"));
    let paid = sale().paid_at(9001, "stripe", "30.00", "2026-03-12T08:00:00Z");
    let paid = paid.paid_at(9002, "stripe", "34.95", "2026-03-15T08:00:00Z");
    let dates: Vec<String> = clean(&paid).documents.iter().map(|d| format!("{} {}", d.number, d.date)).collect();
    assert_eq!(dates, ["BC-118 2026-03-12", "BC-118-T9001 2026-03-12", "BC-118-T9002 2026-03-15"]);
    // A gift certificate is a payment of its kind, and so is what the header says when the policy takes its word.
    let gift = clean(&sale().paid_at(9001, "giftcertificate", "64.95", "2026-03-11T08:00:00Z"));
    assert_eq!(gift.documents[0].date.to_string(), "2026-03-11");
    let header = sale().with(|e| e.order.totals.store_credit = dec("64.95"));
    let header = header.policy(|p| p.stored_value_without_transaction = StoredValueWithoutTransaction::UseHeader);
    assert_eq!(clean(&header).documents[0].date.to_string(), "2026-03-10");
}

#[test]
fn with_payment_date_recognition_an_order_whose_money_is_expected_waits() {
    let reserved = payment_date(captured()).with(|e| e.transactions[0].event = PaymentEvent::Authorization);
    let derivation = clean(&reserved);
    assert_eq!(
        waiting(&derivation),
        "its payment is only reserved: the sale counts from its first payment (policy: recognition payment-date)"
    );
    assert!(derivation.documents.is_empty());
    assert_eq!(derivation.open_balance.amount, dec("64.95"));
    let said = payment_date(order()).rule(
        Rule::new("any", RuleKind::Payment).gives(Give::Account, "1150-S").gives(Give::PaymentMethod, "Credit Card"),
    );
    let said = said.derive();
    assert!(waiting(&said).starts_with("no payment of it was captured yet"));
    assert_eq!(said.holds[0].code.as_str(), "payment-data-missing", "the shop says captured");
}

#[test]
fn an_order_on_terms_counts_from_the_day_it_was_placed_and_stays_open() {
    let terms = Rule::new("terms", RuleKind::Payment)
        .when(Condition::Method, "PO")
        .gives(Give::Account, "1060")
        .gives(Give::PaymentMethod, "EFT")
        .gives(Give::TreatAsPaid, "no");
    for recognition in [Recognition::OrderDate, Recognition::PaymentDate] {
        let case = order().rule(terms.clone()).policy(|policy| policy.recognition = recognition);
        let case = case.with(|e| (e.order.payment_method, e.order.payment_status) = ("PO".into(), String::new()));
        let derivation = clean(&case.policy(|policy| policy.due_days = 30));
        assert_eq!(entries(&derivation), ["BC-118 2026-03-10 Dr 1100 64.95 Cr 4000 60.00 Cr 2200 4.95"]);
        assert_eq!(derivation.open_balance.amount, dec("64.95"));
        let Detail::Invoice { due, .. } = &derivation.documents[0].detail else { panic!("an invoice") };
        assert_eq!(due.to_string(), "2026-04-09");
    }
}

#[test]
fn an_invoice_is_due_counted_from_the_day_the_sale_counts() {
    let case = captured().shipped("2026-03-14T10:00:00Z").policy(|policy| policy.due_days = 30);
    let Detail::Invoice { due, .. } = &clean(&case).documents[1].detail.clone() else { panic!("an invoice") };
    assert_eq!(due.to_string(), "2026-04-13");
}

#[test]
fn too_much_money_is_held_and_too_little_stays_open() {
    let more = captured().paid(9002, "stripe", "1.00");
    assert_eq!(more.hold_codes(), ["tenders-exceed-total"]);
    assert_eq!(entries(&more.derive()).len(), 2, "it came in all the same: both are deposits");
    let shipped = more.shipped("2026-03-14T10:00:00Z").derive();
    assert_eq!((shipped.holds.len(), shipped.documents.len()), (1, 0));
    let less = clean(&order().paid(9001, "stripe", "60.00").shipped("2026-03-14T10:00:00Z"));
    assert_eq!((less.open_balance.amount, balances(&less)["1100"]), (dec("4.95"), dec("4.95")));
}

#[test]
fn a_deposit_that_is_posted_is_no_change_while_the_sale_waits() {
    let (before, shipped) = (captured(), captured().shipped("2026-03-14T10:00:00Z"));
    assert_eq!(still_to_post(&before, &before.derive()), (vec![], vec![]));
    let (next, holds) = still_to_post(&shipped, &before.derive());
    assert_eq!((next, holds), (["BC-118", "BC-118-TD9001", "BC-118-ATD9001"].map(String::from).to_vec(), vec![]));
    // A sale that was posted and then unshipped is said.
    let (next, holds) = still_to_post(&before, &shipped.derive());
    assert_eq!((next.len(), holds[0].code.as_str()), (0, "changed-after-posting"));
    assert!(holds[0].message.contains("documents are posted, but now: 0 of 1 units have shipped"), "{holds:?}");
}
