//! What is left to a person when an order changes after it was posted, and by which rules a change is judged.

use super::*;

#[test]
fn the_policy_to_hold_posts_nothing_and_says_both_figures() {
    let hold = |case: Case| case.policy(|policy| policy.changed_orders = ChangedOrders::Hold);
    let mut books = posted();
    let edited = hold(card(of("2", "240.00", "19.80"))).paid(9002, "stripe", "129.90");
    let held = books.run(&edited);
    assert_eq!((shown(&held), codes(&held)), (vec![], vec!["changed-after-posting"]));
    assert_eq!(
        held.holds[0].message,
        "invoice BC-118 was posted with 129.90 and the order now gives 259.80 (difference 129.90)"
    );
    assert_eq!(held.holds[0].amount.unwrap().amount, dec("129.90"));
}

#[test]
fn a_status_that_is_not_posted_takes_nothing_back() {
    for (status, archived) in [(7, false), (1, false), (12, false), (13, false), (0, false), (11, true)] {
        let mut books = posted();
        let moved = card(sale()).with(|e| (e.order.status_id, e.order.archived) = (status, archived));
        let held = books.run(&moved);
        assert_eq!(shown(&held), Vec::<String>::new(), "status {status}");
        assert_eq!(held.holds.len(), 1, "status {status}: {:?}", held.holds);
        settled(&mut books, &card(sale()));
    }
}

#[test]
fn a_cancelled_order_whose_money_was_kept_is_not_taken_back() {
    let mut books = posted();
    let cancelled = card(sale()).with(|e| e.order.status_id = 5);
    let held = books.run(&cancelled);
    assert_eq!((shown(&held), codes(&held)), (vec![], vec!["cancelled-with-money"]));
    let refunded = cancelled.refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    assert_eq!(shown(&books.run(&refunded))[..2], ["BC-118-R12 129.90", "BC-118-P112 129.90"]);
    settled(&mut books, &refunded);
}

#[test]
fn a_payment_taken_from_the_status_is_not_taken_back_by_a_cancellation() {
    let cheque = Rule::new("cheque", RuleKind::Payment)
        .gives(Give::Account, "1150-M")
        .gives(Give::PaymentMethod, "Printed Check")
        .gives(Give::TreatAsPaid, "yes");
    let case = sale().rule(cheque).with(|e| e.order.payment_method = "Cheque".into());
    let mut books = Books::new();
    assert_eq!(shown(&books.run(&case)), ["BC-118 129.90", "BC-118-TOFFLINE 129.90"]);
    let held = books.run(&case.with(|e| e.order.status_id = 5));
    assert_eq!((shown(&held), codes(&held)), (vec![], vec!["changed-after-posting"]));
    assert!(held.holds[0].message.ends_with("no transaction says whether the money went back"), "{held:?}");
}

#[test]
fn another_customer_or_currency_is_for_a_person() {
    let customer = card(of("2", "240.00", "19.80")).with(|e| e.order.buyer.customer_id = Some(42));
    let held = posted().run(&customer);
    assert_eq!((shown(&held), codes(&held)[0]), (vec![], "changed-after-posting"));
    assert!(held.holds[0].message.ends_with("the order now belongs to another customer"), "{held:?}");
    let euro = |case: Case| {
        let rate = Rule::new("daily", RuleKind::Exchange).gives(Give::RateType, "Intacct Daily Rate");
        case.rule(rate).policy(|policy| policy.foreign_currencies = ["EUR".parse().unwrap()].into()).with(|e| {
            e.order.currency = "EUR".parse().unwrap();
            e.transactions.iter_mut().for_each(|t| t.currency = e.order.currency);
        })
    };
    let held = posted().run(&euro(card(sale())));
    assert_eq!((shown(&held), codes(&held)[0]), (vec![], "changed-after-posting"));
    assert!(held.holds[0].message.ends_with("it is in USD and the order is now in EUR"), "{held:?}");
}

#[test]
fn money_in_a_bank_account_is_for_a_person() {
    let bank = Rule::new("bank", RuleKind::Payment)
        .when(Condition::Gateway, "stripe")
        .gives(Give::Account, "1010")
        .gives(Give::BankAccount, "BOA")
        .gives(Give::PaymentMethod, "EFT");
    let case = card(sale()).without_rules(RuleKind::Payment).rule(bank);
    let mut books = Books::new();
    books.run(&case);
    let held = books.run(&case.with(|e| e.transactions[0].amount = dec("120.00")));
    assert_eq!((shown(&held), codes(&held)), (vec![], vec!["changed-after-posting"]));
    assert!(held.holds[0].message.contains("bank account BOA"), "{held:?}");
}

#[test]
fn a_posted_refund_that_cannot_be_judged_any_more_keeps_everything_as_it_is() {
    let refunded = card(sale()).refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    let mut books = Books::new();
    books.run(&refunded);
    let declined = refunded.clone().refund_with(|refund| refund.payments[0].declined = true);
    let held = books.run(&declined);
    assert_eq!((shown(&held), codes(&held)), (vec![], vec!["refund-declined"]));
    let edited = card(of("2", "240.00", "19.80"))
        .refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")])
        .refund_with(|refund| refund.payments[0].declined = true);
    let held = books.run(&edited);
    assert_eq!((shown(&held), codes(&held)), (vec![], vec!["refund-declined", "changed-after-posting"]));
    settled(&mut books, &refunded);
}

#[test]
fn edited_rules_and_settings_change_nothing_that_is_posted() {
    let mut books = posted();
    let mut other = card(sale());
    other.rules[0].gives.insert(Give::Account, "4001".to_owned());
    settled(&mut books, &other);
    let moved = card(sale()).policy(|policy| policy.receivable_account = "1105".to_owned());
    settled(&mut books, &moved);
}

#[test]
fn an_edited_order_is_corrected_by_the_rules_it_was_posted_by() {
    let mut books = posted();
    let mut edited = card(of("2", "240.00", "19.80"));
    edited.rules[0].gives.insert(Give::Account, "4001".to_owned());
    books.run(&edited);
    assert_eq!((balance(&books, "4000"), balance(&books, "4001")), (dec("-240.00"), Decimal::ZERO));
    settled(&mut books, &edited);
}

#[test]
fn what_is_new_on_an_order_goes_by_the_rules_that_know_it() {
    let strict = |case: Case| {
        let known = Rule::new("known", RuleKind::Product).when(Condition::Sku, "TS-1").gives(Give::Account, "4000");
        case.without_rules(RuleKind::Product).rule(known)
    };
    let mut books = Books::new();
    books.run(&strict(card(sale())));
    let more =
        || card(Case::new().line("TS-1", "1", "120.00", "9.90").line("NEW", "1", "10.00", "0.83")).policy(correct);
    let edited = || strict(more().tax("Tax", "8.25", "10.73"));
    assert_eq!(codes(&books.run(&edited())), ["missing-rule"]);
    let mut completed =
        edited().rule(Rule::new("new", RuleKind::Product).when(Condition::Sku, "NEW").gives(Give::Account, "4005"));
    // The account of what was posted before has been changed too: that is no reason to move it.
    completed.rules.iter_mut().filter(|rule| rule.id == "known").for_each(|rule| {
        rule.gives.insert(Give::Account, "4001".to_owned());
    });
    assert_eq!(shown(&books.run(&completed)), ["DebitMemo BC-118-X2 10.83"]);
    assert_eq!((balance(&books, "4000"), balance(&books, "4005")), (dec("-120.00"), dec("-10.00")));
    settled(&mut books, &completed);
}

#[test]
fn a_correction_in_a_closed_period_is_held_and_its_money_is_kept() {
    let closed = |case: Case| case.policy(|policy| policy.books_closed_through = Some("2026-03-31".parse().unwrap()));
    let mut books = posted();
    let edited = closed(card(of("2", "240.00", "19.80"))).paid(9002, "stripe", "129.90").with(|e| {
        e.transactions[1].created = "2026-04-02T09:00:00Z".parse().unwrap();
    });
    let held = books.run(&edited);
    assert_eq!((shown(&held), codes(&held)), (vec![], vec!["period-closed", "tenders-exceed-total"]));
    assert!(held.holds.iter().all(|hold| matches!(hold.blocks, Blocks::Document(_))));
    books.today = "2026-04-03".parse().unwrap();
    assert_eq!(shown(&books.run(&edited)), ["DebitMemo BC-118-X2 129.90", "BC-118-T9002 129.90: invoice/r2 129.90"]);
}

#[test]
fn a_closed_period_holds_new_documents_but_not_posted_ones() {
    let refunded = card(sale()).refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    let closed = refunded.policy(|policy| policy.books_closed_through = Some("2026-03-10".parse().unwrap()));
    let nothing = Books::new().run(&closed);
    assert_eq!(shown(&nothing), Vec::<String>::new(), "nothing may be posted before its invoice");
    assert_eq!(codes(&nothing), ["period-closed", "period-closed"]);
    let difference = posted().run(&closed);
    assert_eq!((difference.to_post.len(), codes(&difference)), (3, vec![]));
}

#[test]
fn a_deposit_that_went_back_stays_while_its_refund_is_held() {
    let two = of("2", "120.00", "9.90").ship_date().paid(9001, "stripe", "129.90");
    let back = two.refund(12, "64.95", "4.95", "stripe", vec![units(1, "1")]);
    let mut books = Books::new();
    assert_eq!(shown(&books.run(&back)), ["BC-118-D9001 129.90", "BC-118-DR112 64.95"]);
    let declined = back.shipped("2026-03-14T10:00:00Z").refund_with(|refund| refund.payments[0].declined = true);
    let held = books.run(&declined);
    assert!(codes(&held).contains(&"refund-declined"), "{:?}", held.holds);
    assert!(held.to_post.iter().all(|document| document.kind != DocumentKind::Correction), "{:?}", shown(&held));
    assert_eq!(books.balances()["2320"], dec("-64.95"), "what is left of the deposit");
}

#[test]
fn costs_that_were_posted_stay_when_costs_are_not_posted_any_more() {
    let goods = Rule::new("goods", RuleKind::Product)
        .gives(Give::Account, "4000")
        .gives(Give::CostAccount, "5000")
        .gives(Give::InventoryAccount, "1200");
    let costed = card(sale().cost("40.00")).without_rules(RuleKind::Product).rule(goods);
    let costed = costed.shipped("2026-03-14T10:00:00Z").policy(|policy| policy.cost_of_goods = true);
    let mut books = Books::new();
    assert_eq!(shown(&books.run(&costed)), ["BC-118 129.90", "BC-118-C 40.00", "BC-118-T9001 129.90"]);
    let off = costed.policy(|policy| policy.cost_of_goods = false);
    let more = books.run(&off);
    assert_eq!((shown(&more), codes(&more)), (vec![], vec![]));
}
