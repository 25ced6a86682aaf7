//! What happens to the books when an order changes after it was posted: one worked case each.

mod held;

use rust_decimal::Decimal;

use super::super::document::{Detail, DocumentKind, Exchange};
use super::super::evidence::{PaymentEvent, RefundedPart, Transaction};
use super::super::hold::Blocks;
use super::super::policy::ChangedOrders;
use super::super::rulebook::{Condition, Give, Rule, RuleKind};
use super::super::testing::{Books, Case, amount_of, dec, table, units};
use super::Difference;

/// Accounting case E1: 120.00 and 8.25 % tax. Changed orders are corrected.
fn sale() -> Case {
    of("1", "120.00", "9.90")
}

/// The same order with other figures.
fn of(quantity: &str, total: &str, tax: &str) -> Case {
    let case = Case::new().line("TS-1", quantity, total, tax).tax("Tax", "8.25", tax);
    case.policy(|policy| policy.changed_orders = ChangedOrders::Correct)
}

fn card(case: Case) -> Case {
    case.paid(9001, "stripe", "129.90")
}

/// The order of E1 in the books, paid by card.
fn posted() -> Books {
    let mut books = Books::new();
    assert_eq!(shown(&books.run(&card(sale()))), ["BC-118 129.90", "BC-118-T9001 129.90"]);
    books
}

/// The order of E1 in the books, not paid.
fn unpaid() -> Books {
    let mut books = Books::new();
    assert_eq!(shown(&books.run(&on_terms(sale()))), ["BC-118 129.90"]);
    books
}

/// Paid later, by terms.
fn on_terms(case: Case) -> Case {
    let later = Rule::new("terms", RuleKind::Payment)
        .gives(Give::Account, "1150-M")
        .gives(Give::PaymentMethod, "EFT")
        .gives(Give::TreatAsPaid, "no");
    case.rule(later).with(|e| e.order.payment_method = "PO".into())
}

/// The examples of corrections for the documentation.
pub(super) fn documented() -> Vec<(&'static str, String)> {
    let after = |mut books: Books, now: &Case| {
        let difference = books.run(now);
        table(&difference.to_post, &difference.holds)
    };
    vec![
        ("correction-edited-up", after(posted(), &card(of("2", "240.00", "19.80")))),
        ("correction-edited-down-unpaid", after(unpaid(), &on_terms(of("1", "92.38", "7.62")))),
        ("correction-edited-down-paid", after(posted(), &card(of("1", "92.38", "7.62")))),
    ]
}

/// Numbers and totals of what is to be posted; applications with what they set off, receipts with what they pay.
fn shown(difference: &Difference) -> Vec<String> {
    let what = |key: &super::super::document::DocumentKey| key.as_str().trim_start_matches("acme-us/118/").to_owned();
    let one = |document: &super::super::document::Document| {
        let head = format!("{} {}", document.number, document.total);
        match &document.detail {
            Detail::Application { credit, debit, .. } => format!("{head}: {} on {}", what(credit), what(debit)),
            Detail::Receipt { pays, .. } if !pays.is_empty() => {
                let parts: Vec<String> = pays.iter().map(|(key, amount)| format!("{} {amount}", what(key))).collect();
                format!("{head}: {}", parts.join(" + "))
            }
            Detail::Correction { form, .. } => format!("{form:?} {head}"),
            _ => head,
        }
    };
    difference.to_post.iter().map(one).collect()
}

fn codes(difference: &Difference) -> Vec<&'static str> {
    difference.holds.iter().map(|hold| hold.code.as_str()).collect()
}

/// The journal of the last correction posted: `4000 Cr 120.00 memo`, a line each.
fn journal(books: &Books) -> Vec<String> {
    let last = books.posted.iter().rfind(|document| document.kind == DocumentKind::Correction).unwrap();
    let side = |signed: Decimal| if signed.is_sign_negative() { "Cr" } else { "Dr" };
    let line = |line: &super::super::document::JournalLine| {
        format!("{} {} {} ({})", line.account, side(line.signed()), line.signed().abs(), line.memo)
    };
    last.lines.iter().map(line).collect()
}

fn balance(books: &Books, account: &str) -> Decimal {
    books.balances().get(account).copied().unwrap_or_default()
}

/// Nothing more happens, however often the order is judged.
fn settled(books: &mut Books, case: &Case) {
    let again = books.run(case);
    assert_eq!((shown(&again), codes(&again)), (vec![], vec![]));
}

#[test]
fn an_order_edited_up_gets_a_debit_memo_for_the_difference() {
    let mut books = posted();
    let edited = card(of("2", "240.00", "19.80"));
    assert_eq!(shown(&books.run(&edited)), ["DebitMemo BC-118-X2 129.90"]);
    assert_eq!(
        journal(&books),
        [
            "1100 Dr 129.90 (Order 118: 129.90 -> 259.80)",
            "4000 Cr 120.00 (TS-1 x 2: 120.00 -> 240.00)",
            "2200 Cr 9.90 (Tax: 9.90 -> 19.80)",
        ]
    );
    let correction = books.posted.last().unwrap();
    assert_eq!(correction.key.as_str(), "acme-us/118/invoice/r2");
    assert_eq!(correction.description, "Correction of BC-118, order 118: total 129.90 -> 259.80");
    assert_eq!(correction.date.to_string(), "2026-03-20");
    assert_eq!(correction.lines[1].rule, "product rule 'product'");
    assert!(
        matches!(&correction.detail, Detail::Correction { corrects, .. } if corrects.as_str() == "acme-us/118/invoice/r1")
    );
    settled(&mut books, &edited);
}

#[test]
fn money_that_comes_in_for_an_edit_pays_the_debit_memo() {
    let mut books = posted();
    let edited = card(of("2", "240.00", "19.80"));
    books.run(&edited);
    let paid = edited.paid(9002, "stripe", "129.90");
    assert_eq!(shown(&books.run(&paid)), ["BC-118-T9002 129.90: invoice/r2 129.90"]);
    assert_eq!(books.posted.last().unwrap().date.to_string(), "2026-03-20", "not before what it pays");
    assert_eq!(balance(&books, "1100"), Decimal::ZERO);
    settled(&mut books, &paid);
}

#[test]
fn one_payment_for_an_invoice_and_its_debit_memo_pays_both() {
    let mut books = unpaid();
    let edited = on_terms(of("2", "240.00", "19.80"));
    books.run(&edited);
    let paid = edited.paid(9002, "stripe", "259.80").with(|e| {
        e.transactions[0].created = "2026-03-25T12:00:00Z".parse().unwrap();
    });
    assert_eq!(shown(&books.run(&paid)), ["BC-118-T9002 259.80: invoice/r1 129.90 + invoice/r2 129.90"]);
    settled(&mut books, &paid);
}

#[test]
fn a_payment_before_the_debit_memo_is_left_over_until_then_and_keeps_its_day() {
    let mut books = unpaid();
    let paid = on_terms(of("2", "240.00", "19.80")).paid(9002, "stripe", "259.80");
    let difference = books.run(&paid);
    assert_eq!(
        shown(&difference),
        [
            "DebitMemo BC-118-X2 129.90",
            "BC-118-T9002 259.80: invoice/r1 129.90",
            "BC-118-T9002-A1 129.90: receipt/9002/r1 on invoice/r2",
        ]
    );
    let waves: Vec<u8> = difference.to_post.iter().map(|document| document.wave()).collect();
    assert_eq!(waves, [1, 2, 3]);
    assert_eq!(difference.to_post[1].date.to_string(), "2026-03-10");
    settled(&mut books, &paid);
}

#[test]
fn an_order_edited_down_while_unpaid_gets_a_credit_memo_applied_to_the_invoice() {
    let mut books = unpaid();
    let edited = on_terms(of("1", "92.38", "7.62"));
    assert_eq!(
        shown(&books.run(&edited)),
        ["CreditMemo BC-118-X2 29.90", "BC-118-X2-A1 29.90: invoice/r2 on invoice/r1"]
    );
    let paid = edited.paid(9002, "stripe", "100.00");
    assert_eq!(shown(&books.run(&paid)), ["BC-118-T9002 100.00"]);
    assert_eq!(balance(&books, "1100"), Decimal::ZERO);
    settled(&mut books, &paid);
}

#[test]
fn an_order_edited_down_after_payment_waits_for_its_refund_and_is_then_corrected_whole() {
    let mut books = posted();
    let edited = card(of("1", "92.38", "7.62"));
    let held = books.run(&edited);
    assert_eq!((shown(&held), codes(&held)), (vec![], vec!["tenders-exceed-total"]));
    assert_eq!(held.holds[0].amount.unwrap().amount, dec("29.90"));
    let refunded = edited.refund(12, "29.90", "0", "stripe", vec![amount_of(RefundedPart::Order, 118, "29.90")]);
    assert_eq!(
        shown(&books.run(&refunded)),
        [
            "CreditMemo BC-118-X2 29.90",
            "BC-118-P112 29.90",
            "BC-118-X2-A1 29.90: invoice/r2 on refund-payout/refund-12-112/r1"
        ]
    );
    // 100.00 were sold and 100.00 kept; no return was booked beside the smaller sale.
    let balances: Vec<(String, Decimal)> = books.balances().into_iter().collect();
    let expected = [("1150-S", "100.00"), ("2200", "-7.62"), ("4000", "-92.38")];
    assert_eq!(balances, expected.map(|(account, amount)| (account.to_owned(), dec(amount))));
    settled(&mut books, &refunded);
}

#[test]
fn a_refund_that_is_posted_and_then_taken_off_the_order_is_not_counted_twice() {
    let two = |first: &str, tax: &str| card(Case::new().line("TS-1", "1", first, tax)).policy(correct);
    let mut books = Books::new();
    let before = two("100.00", "8.25").line("TS-2", "1", "20.00", "1.65").tax("Tax", "8.25", "9.90");
    books.run(&before);
    let refunded = before.clone().refund(12, "21.65", "1.65", "stripe", vec![units(2, "1")]);
    books.run(&refunded);
    assert_eq!(balance(&books, "4100"), dec("20.00"));
    // Staff then take the returned line off the order: the refund names a line that is not sold any more.
    let edited =
        two("100.00", "8.25").tax("Tax", "8.25", "8.25").refund(12, "21.65", "1.65", "stripe", vec![units(2, "1")]);
    assert_eq!(
        shown(&books.run(&edited)),
        [
            "CreditMemo BC-118-X2 21.65",
            "DebitMemo BC-118-R12-X2 21.65",
            "BC-118-X2-A1 21.65: invoice/r2 on credit-memo/refund-12/r2"
        ]
    );
    assert_eq!((balance(&books, "4100"), balance(&books, "4000")), (Decimal::ZERO, dec("-100.00")));
    settled(&mut books, &edited);
}

fn correct(policy: &mut super::super::policy::Policy) {
    policy.changed_orders = ChangedOrders::Correct;
}

#[test]
fn money_beyond_an_order_that_was_given_back_takes_nothing_of_the_sale_back() {
    // Charged twice, and once given back: known before anything is posted.
    let case = card(sale()).paid(9002, "stripe", "129.90").refund(
        12,
        "129.90",
        "0",
        "stripe",
        vec![amount_of(RefundedPart::Order, 118, "129.90")],
    );
    let mut books = Books::new();
    assert_eq!(
        shown(&books.run(&case)),
        [
            "BC-118 129.90",
            "BC-118-P112 129.90",
            "BC-118-T9001 129.90",
            "BC-118-T9002 129.90: refund-payout/refund-12-112/r1 129.90"
        ]
    );
    assert_eq!((balance(&books, "1150-S"), balance(&books, "4100")), (dec("129.90"), Decimal::ZERO));
    settled(&mut books, &case);
    let goods = card(sale()).paid(9002, "stripe", "129.90").refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    assert_eq!(goods.hold_codes(), ["tenders-exceed-total"], "goods that came back leave the rest open");
}

#[test]
fn a_cancelled_order_that_was_never_paid_is_taken_back_whole() {
    let mut books = unpaid();
    let cancelled = on_terms(sale()).with(|e| e.order.status_id = 5);
    assert_eq!(
        shown(&books.run(&cancelled)),
        ["CreditMemo BC-118-X2 129.90", "BC-118-X2-A1 129.90: invoice/r2 on invoice/r1"]
    );
    assert_eq!(books.balances().len(), 0);
    settled(&mut books, &cancelled);
    // Taken up again, it is booked again.
    let revived = on_terms(sale());
    assert_eq!(shown(&books.run(&revived)), ["DebitMemo BC-118-X3 129.90"]);
    settled(&mut books, &revived);
}

#[test]
fn an_order_edited_down_to_nothing_is_taken_back_whole() {
    let mut books = unpaid();
    let emptied = on_terms(Case::new().policy(correct));
    assert_eq!(shown(&books.run(&emptied)).len(), 2);
    assert_eq!(books.balances().len(), 0);
}

#[test]
fn a_payment_voided_after_it_was_posted_is_owed_again() {
    let void = |e: &mut super::super::evidence::Evidence| {
        let purchase: Transaction = e.transactions[0].clone();
        let (event, reference) = (PaymentEvent::Void, Some(purchase.id));
        e.transactions.push(Transaction { id: 9009, event, reference, ..purchase });
    };
    let mut books = posted();
    let voided = card(sale()).with(void);
    assert_eq!(shown(&books.run(&voided)), ["DebitMemo BC-118-T9001-X2 129.90"]);
    assert_eq!((balance(&books, "1100"), balance(&books, "1150-S")), (dec("129.90"), Decimal::ZERO));
    let paid = voided.clone().paid(9010, "stripe", "129.90");
    assert_eq!(shown(&books.run(&paid)), ["BC-118-T9010 129.90: receipt/9001/r2 129.90"]);
    settled(&mut books, &paid);
    // Or cancelled: invoice and receipt are both taken back, and set off against each other.
    let mut books = posted();
    let cancelled = card(sale()).with(void).with(|e| e.order.status_id = 5);
    assert_eq!(
        shown(&books.run(&cancelled)),
        [
            "CreditMemo BC-118-X2 129.90",
            "DebitMemo BC-118-T9001-X2 129.90",
            "BC-118-X2-A1 129.90: invoice/r2 on receipt/9001/r2"
        ]
    );
    assert_eq!(books.balances().len(), 0);
}

#[test]
fn the_same_total_on_other_accounts_is_a_journal_entry() {
    let state =
        |name: &str| card(Case::new().line("TS-1", "1", "120.00", "9.90").tax(name, "8.25", "9.90")).policy(correct);
    let mut books = Books::new();
    books.run(&state("CA State Tax"));
    let moved = state("Travis County Tax");
    assert_eq!(shown(&books.run(&moved)), ["Journal BC-118-X2 9.90"]);
    assert_eq!(
        journal(&books),
        ["2200-CO Cr 9.90 (Travis County Tax: 0.00 -> 9.90)", "2200-ST Dr 9.90 (CA State Tax: 9.90 -> 0.00)"]
    );
    settled(&mut books, &moved);
}

#[test]
fn another_product_on_the_same_account_changes_nothing() {
    let mut books = posted();
    let swapped = card(Case::new().line("TS-9", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90")).policy(correct);
    settled(&mut books, &swapped);
}

#[test]
fn an_edit_taken_back_is_corrected_back() {
    let mut books = posted();
    let before = books.balances();
    books.run(&card(of("2", "240.00", "19.80")));
    assert_eq!(
        shown(&books.run(&card(sale()))),
        ["CreditMemo BC-118-X3 129.90", "BC-118-X3-A1 129.90: invoice/r3 on invoice/r2"]
    );
    assert_eq!(books.balances(), before);
    settled(&mut books, &card(sale()));
}

#[test]
fn a_correction_is_never_of_a_day_before_what_it_corrects() {
    let mut books = posted();
    books.today = "2026-03-09".parse().unwrap();
    books.run(&card(of("2", "240.00", "19.80")));
    let correction = books.posted.last().unwrap();
    assert_eq!(
        (correction.date.to_string(), correction.original_date.to_string()),
        ("2026-03-10".into(), "2026-03-09".into())
    );
}

#[test]
fn a_foreign_correction_asks_for_the_rate_of_what_it_corrects() {
    let euro = |case: Case| {
        let rate = Rule::new("daily", RuleKind::Exchange).gives(Give::RateType, "Intacct Daily Rate");
        case.rule(rate).policy(|policy| policy.foreign_currencies = ["EUR".parse().unwrap()].into()).with(|e| {
            e.order.currency = "EUR".parse().unwrap();
        })
    };
    let mut books = Books::new();
    books.run(&euro(on_terms(sale())));
    books.run(&euro(on_terms(of("2", "240.00", "19.80"))));
    let correction = books.posted.last().unwrap();
    let rate_of_the_sale =
        Exchange::RateTypeOn { name: "Intacct Daily Rate".into(), on: "2026-03-10".parse().unwrap() };
    assert_eq!(correction.exchange, Some(rate_of_the_sale));
    assert_eq!(correction.original_date.to_string(), "2026-03-20");
}

#[test]
fn several_edits_are_several_corrections_of_what_each_changed() {
    let mut books = unpaid();
    for (total, tax, expected) in [
        ("130.00", "10.73", "DebitMemo BC-118-X2 10.83"),
        ("125.00", "10.31", "CreditMemo BC-118-X3 5.42"),
        ("200.00", "16.50", "DebitMemo BC-118-X4 81.19"),
    ] {
        let edited = on_terms(of("1", total, tax));
        assert_eq!(shown(&books.run(&edited))[0], expected);
        assert_eq!(balance(&books, "1100"), dec(total) + dec(tax));
        settled(&mut books, &edited);
    }
}

#[test]
fn what_was_held_or_refused_is_worked_out_anew_under_the_same_key() {
    // The first correction was never posted: the next one has its key and the whole difference.
    let books = posted();
    let once = books.judge(&card(of("2", "240.00", "19.80")));
    let twice = books.judge(&card(of("3", "360.00", "29.70")));
    assert_eq!(once.to_post[0].key, twice.to_post[0].key);
    assert_eq!(shown(&twice), ["DebitMemo BC-118-X2 259.80"]);
}

#[test]
fn only_what_is_not_posted_is_to_be_posted() {
    let mut books = posted();
    let refunded = card(sale()).refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    assert_eq!(
        shown(&books.run(&refunded)),
        [
            "BC-118-R12 129.90",
            "BC-118-P112 129.90",
            "BC-118-A112 129.90: credit-memo/refund-12/r1 on refund-payout/refund-12-112/r1"
        ]
    );
    settled(&mut books, &refunded);
}

#[test]
fn a_tender_larger_than_what_is_open_of_the_invoice_pays_the_debit_memo_too() {
    let mut books = Books::new();
    books.run(&sale().paid(9001, "stripe", "60.00"));
    let edited = of("2", "240.00", "19.80").paid(9001, "stripe", "60.00").paid(9003, "storecredit", "199.80");
    assert_eq!(
        shown(&books.run(&edited)),
        [
            "DebitMemo BC-118-X2 129.90",
            "BC-118-T9003 199.80",
            "BC-118-AT9003 69.90: liability-tender/9003/r1 on invoice/r1",
            "BC-118-T9003-A1 129.90: liability-tender/9003/r1 on invoice/r2"
        ]
    );
    assert_eq!(balance(&books, "1100"), Decimal::ZERO);
    settled(&mut books, &edited);
}

#[test]
fn a_tender_for_an_edit_is_applied_to_the_debit_memo() {
    let mut books = posted();
    let edited = card(of("2", "240.00", "19.80")).paid(9003, "storecredit", "129.90");
    assert_eq!(
        shown(&books.run(&edited)),
        [
            "DebitMemo BC-118-X2 129.90",
            "BC-118-T9003 129.90",
            "BC-118-T9003-A1 129.90: liability-tender/9003/r1 on invoice/r2"
        ]
    );
    settled(&mut books, &edited);
}
