//! Documents that were entered in Intacct by hand: taken when they are found equal, refused with what differs, never doubled.

use cartledger::accounting::money::Currency;
use cartledger::intacct::functions::{
    Account, CreateInvoice, CreateJournal, CreatePayment, CurrencyGroup, ExchangeRate, Function, JournalEntryLine,
    Line, LineDimensions, MoneyGoesTo, PaidDocument, PaidWith, Payer, PaymentDetail, PaymentMethod, PostingAction,
};
use cartledger::sandbox::intacct::{Fault, FaultKind};
use cartledger::store::document::{DocumentState, StoredDocument};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::failures::{asked, told};
use crate::support::world::{STORE, World, order_of, send_past};

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

fn key_of(order: u64) -> String {
    format!("{STORE}/{order}/invoice/r1")
}

async fn invoice_of(world: &World, order: u64) -> StoredDocument {
    world.store.document(STORE, &key_of(order)).await.unwrap().unwrap()
}

fn dimensions() -> LineDimensions {
    LineDimensions { location: Some("100".into()), department: Some("WEB".into()), ..LineDimensions::default() }
}

/// An order whose invoice Intacct refuses, however often it is sent.
async fn refused(world: &World) -> u64 {
    world.company.add_fault(Fault::new(FaultKind::SmartRule).times(1_000).on_control_id("/invoice/"));
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["rejected-by-intacct"]);
    order
}

/// Somebody enters the invoice of an order over 129.90 by hand, `off` cents more; answers its record number.
async fn enter(world: &World, order: u64, number: &str, off: i64) -> u64 {
    let planned = invoice_of(world, order).await.planned;
    assert_eq!((planned.total, planned.currency.as_deref()), (Some(usd(12990)), Some(Currency::USD.code())));
    let line =
        |account: &str, cents| Line { dimensions: dimensions(), ..Line::new(Account::Gl(account.into()), usd(cents)) };
    let date = planned.posting_date.unwrap();
    let lines = vec![line("4000", 12000 + off), line("2200", 990)];
    let invoice = CreateInvoice::new(&planned.customer_id, number, date, lines);
    let invoice = CreateInvoice { due_date: Some(date), ..invoice };
    send_past(&world.gateway_url(), &format!("finance-{number}"), Function::CreateInvoice(Box::new(invoice))).await;
    world.company.invoices().into_iter().find(|invoice| invoice.number == number).unwrap().record_no
}

async fn claim(world: &World, body: &Value) -> Value {
    let (status, answer) = told(world, "documents/by-hand", body).await;
    assert_eq!(status, 202, "{answer}");
    answer["id"].clone()
}

/// Waits until a claim is looked up; answers it.
async fn settled(world: &World, id: &Value) -> Value {
    let path = format!("documents/by-hand/{id}");
    world.wait_until("the claim is looked up", async || asked(world, &path).await["state"] != "open").await;
    world.settle().await;
    asked(world, &path).await
}

#[tokio::test]
async fn a_record_that_is_equal_is_taken_for_the_document_and_the_payment_applies_to_it() {
    let world = World::start().await;
    let order = refused(&world).await;
    let record = enter(&world, order, "HAND-1", 0).await;
    let body = json!({ "key": key_of(order), "record_no": record.to_string(), "note": "the rule was in the way" });
    let id = claim(&world, &body).await;
    let claim = settled(&world, &id).await;
    assert_eq!((&claim["state"], &claim["found_record"]), (&json!("accepted"), &json!(record.to_string())), "{claim}");
    assert_eq!((&claim["claimed_by"], &claim["note"]), (&json!("settings"), &json!("the rule was in the way")));
    let invoice = invoice_of(&world, order).await;
    assert_eq!((invoice.state, invoice.record_no), (DocumentState::Posted, Some(record.to_string())));
    let trail = world.store.attempts(STORE, &key_of(order)).await.unwrap();
    assert_eq!(trail.last().map(|(step, outcome, _)| (step.as_str(), outcome.as_str())), Some(("by-hand", "posted")));
    assert!(trail.last().unwrap().2.as_ref().unwrap().contains("HAND-1"), "Intacct's answer is kept");
    // The receipt goes on by itself, onto the record that was entered by hand.
    assert_eq!((world.company.invoices().len(), world.company.payments().len()), (1, 1));
    assert_eq!(world.company.invoices()[0].open, Decimal::ZERO);
    assert!(world.holds(order).await.is_empty());
    assert_eq!(world.our_balances().await, world.balances());

    // It is posted for good: nothing more is sent, and nothing more can be claimed of it.
    world.company.clear_faults();
    world.replay(order).await;
    world.settle().await;
    assert_eq!(world.company.invoices().len(), 1);
    let (status, problem) = told(&world, "documents/by-hand", &body).await;
    assert_eq!((status, &problem["code"]), (409, &json!("document-posted")));
}

#[tokio::test]
async fn a_record_that_differs_is_refused_by_name_and_nothing_is_sent_beside_it() {
    let world = World::start().await;
    let order = refused(&world).await;
    enter(&world, order, "HAND-1", 1).await;
    let id = claim(&world, &json!({ "key": key_of(order), "number": "HAND-1", "note": "by hand" })).await;
    let claim_1 = settled(&world, &id).await;
    assert_eq!(claim_1["state"], "refused");
    assert_eq!(claim_1["differences"], "the total is 129.91 instead of 129.90");
    assert_eq!(invoice_of(&world, order).await.state, DocumentState::Rejected);
    assert_eq!(world.holds(order).await, ["unknown-outcome-differs"]);

    // What was in the way is gone, but something of the document is in the books: it is kept back.
    world.company.clear_faults();
    world.replay(order).await;
    world.settle().await;
    assert_eq!((world.company.invoices().len(), world.company.payments().len()), (1, 0));

    // A right one may be claimed after it.
    let record = enter(&world, order, "HAND-2", 0).await;
    let body = json!({ "key": key_of(order), "record_no": record.to_string(), "note": "entered anew" });
    let id = claim(&world, &body).await;
    assert_eq!(settled(&world, &id).await["state"], "accepted");
    assert_eq!(asked(&world, "documents/by-hand?state=withdrawn").await["claims"][0]["id"], claim_1["id"]);
    assert!(world.holds(order).await.is_empty());
    assert_eq!(world.company.payments().len(), 1);
}

#[tokio::test]
async fn what_is_not_found_is_refused_and_sent_once_the_claim_is_withdrawn() {
    let world = World::start().await;
    let order = refused(&world).await;
    let named = json!({ "key": key_of(order), "record_no": "INV-999", "note": "by hand" });
    let (status, problem) = told(&world, "documents/by-hand", &named).await;
    assert_eq!((status, &problem["code"]), (422, &json!("claim-not-valid")), "an invoice has a record number");
    let of_typo = world.get(&format!("/v1/stores/{STORE}/documents/by-hand?state=opne")).await.unwrap();
    assert_eq!(of_typo.status().as_u16(), 400, "a mistake is not an empty list");
    let id = claim(&world, &json!({ "key": key_of(order), "record_no": "999999", "note": "by hand" })).await;
    let refused = settled(&world, &id).await;
    assert_eq!(refused["differences"], "no invoice with record number 999999 was found in Intacct");
    world.company.clear_faults();
    world.replay(order).await;
    world.settle().await;
    assert!(world.company.invoices().is_empty());
    let (status, problem) = told(&world, &format!("orders/{order}/exclude"), &json!({ "reason": "a test" })).await;
    assert_eq!((status, &problem["code"]), (409, &json!("order-has-claims")));
    assert_eq!(world.post(&format!("/v1/stores/{STORE}/documents/by-hand/{id}/withdraw")).await, 202);
    world.settle().await;
    assert_eq!((world.company.invoices().len(), world.company.payments().len()), (1, 1));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_look_up_that_is_refused_for_good_refuses_the_claim_and_says_why() {
    let world = World::start().await;
    let order = refused(&world).await;
    let record = enter(&world, order, "HAND-1", 0).await;
    world.company.add_fault(Fault::new(FaultKind::SmartRule).times(1_000).on_function("query ARINVOICE"));
    let body = json!({ "key": key_of(order), "record_no": record.to_string(), "note": "by hand" });
    let id = claim(&world, &body).await;
    let refused = settled(&world, &id).await;
    assert_eq!(refused["state"], "refused", "{refused}");
    assert!(refused["differences"].as_str().unwrap().starts_with("it could not be looked up: "), "{refused}");
    assert_eq!(world.holds(order).await, ["unknown-outcome-differs"]);
    world.company.clear_faults();
    let id = claim(&world, &body).await;
    assert_eq!(settled(&world, &id).await["state"], "accepted");
    assert_eq!((world.company.invoices().len(), world.company.payments().len()), (1, 1));
}

#[tokio::test]
async fn a_record_is_one_document_only() {
    let world = World::start().await;
    let (first, second) = (refused(&world).await, refused(&world).await);
    let record = enter(&world, first, "HAND-1", 0).await;
    let body = |order| json!({ "key": key_of(order), "record_no": record.to_string(), "note": "by hand" });
    let id = claim(&world, &body(first)).await;
    assert_eq!(settled(&world, &id).await["state"], "accepted");
    let id = claim(&world, &body(second)).await;
    let refused = settled(&world, &id).await;
    assert_eq!(refused["differences"], format!("record {record} is {} already", key_of(first)));
}

#[tokio::test]
async fn a_receipt_that_was_entered_by_hand_is_taken_and_pays_the_invoice_once() {
    let world = World::start().await;
    world.company.add_fault(Fault::new(FaultKind::SmartRule).times(1_000).on_control_id("/receipt/"));
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let documents = world.store.documents(STORE, order).await.unwrap();
    let receipt = documents.into_iter().find(|document| document.planned.kind == "receipt").unwrap();
    assert_eq!(receipt.state, DocumentState::Rejected);
    let (planned, invoice) = (receipt.planned, world.company.invoices().remove(0));
    let date = planned.posting_date.unwrap();
    let payment = CreatePayment {
        into: MoneyGoesTo::UndepositedFunds("1150-S".into()),
        method: PaymentMethod::CreditCard,
        payer: Payer::Customer(planned.customer_id.clone()),
        document_number: "CHECK-77".into(),
        description: None,
        receipt_date: date,
        payment_date: Some(date),
        currency: Some(CurrencyGroup {
            base: None,
            currency: "USD".into(),
            rate: ExchangeRate::Type { name: String::new(), date: None },
        }),
        action: PostingAction::Submit,
        custom_fields: Vec::new(),
        details: vec![PaymentDetail::new(PaidDocument::Invoice(invoice.record_no), PaidWith::Cash, usd(12990))],
        overpayment: None,
    };
    send_past(&world.gateway_url(), "finance-77", Function::CreatePayment(Box::new(payment))).await;
    let id = claim(&world, &json!({ "key": planned.key, "number": "CHECK-77", "note": "by hand" })).await;
    let claim = settled(&world, &id).await;
    assert_eq!(claim["state"], "accepted", "{claim}");
    world.company.clear_faults();
    world.replay(order).await;
    world.settle().await;
    assert_eq!((world.company.payments().len(), world.company.invoices()[0].open), (1, Decimal::ZERO));
    assert!(world.holds(order).await.is_empty());
    assert_eq!(world.our_balances().await, world.balances());
}

#[tokio::test]
async fn a_journal_entry_is_compared_by_account_date_and_state() {
    let world = World::start_with("recognition = \"ship-date\"\ndeposit_account = \"2320\"\n").await;
    world.company.add_fault(Fault::new(FaultKind::SmartRule).times(1_000).on_control_id("/deposit/"));
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let deposit = world.store.documents(STORE, order).await.unwrap().remove(0);
    assert_eq!((deposit.planned.kind.as_str(), deposit.state), ("deposit", DocumentState::Rejected));
    let date = deposit.planned.posting_date.unwrap();
    let enter = async |reference: &str, lines: &[(&str, i64)]| {
        let line = |(account, cents): &(&str, i64)| JournalEntryLine {
            dimensions: dimensions(),
            ..JournalEntryLine::new((*account).to_owned(), usd(*cents))
        };
        let lines = lines.iter().map(line).collect();
        let journal = CreateJournal::new("GJ", reference, "A deposit", date, lines);
        send_past(&world.gateway_url(), reference, Function::CreateJournal(Box::new(journal))).await;
        world.company.journals().last().unwrap().record_no.to_string()
    };
    let wrong = enter("HAND-1", &[("1150-S", 12990), ("2320", -12000), ("2200", -990)]).await;
    let body = |record: &str| json!({ "key": deposit.planned.key, "record_no": record, "note": "by hand" });
    let id = claim(&world, &body(&wrong)).await;
    let refused = settled(&world, &id).await;
    assert_eq!(refused["differences"], "accounts differ: 2200 by -9.90, 2320 by 9.90", "{refused}");
    // Two lines on one account come to what is one line here.
    let right = enter("HAND-2", &[("1150-S", 12000), ("1150-S", 990), ("2320", -12990)]).await;
    let id = claim(&world, &body(&right)).await;
    let accepted = settled(&world, &id).await;
    assert_eq!((&accepted["state"], &accepted["found_record"]), (&json!("accepted"), &json!(right)), "{accepted}");
    world.company.clear_faults();
    world.replay(order).await;
    world.settle().await;
    assert_eq!(world.company.journals().len(), 2);
}

#[tokio::test]
async fn a_claim_waits_while_a_request_of_its_document_may_be_under_way() {
    let world = World::start().await;
    // Longer than our wait for an answer: it lands when nobody listens any more.
    world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 6_000 }).on_control_id("/invoice/"));
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let state = async || world.store.document(STORE, &key_of(order)).await.unwrap().map(|document| document.state);
    world.wait_until("the answer is lost", async || state().await == Some(DocumentState::Unknown)).await;
    let record = enter(&world, order, "HAND-1", 0).await;
    let body = json!({ "key": key_of(order), "record_no": record.to_string(), "note": "I could not wait" });
    let id = claim(&world, &body).await;
    world.wait_until("the late request lands", async || world.company.invoices().len() == 2).await;
    assert_ne!(asked(&world, &format!("documents/by-hand/{id}")).await["state"], "accepted");
    world.pass_the_time_under_way().await;
    world.replay(order).await;
    let claim = settled(&world, &id).await;
    let invoice = invoice_of(&world, order).await;
    let ours = world.company.invoices().into_iter().find(|one| one.number == format!("BC-{order}")).unwrap();
    assert_eq!((invoice.state, invoice.record_no), (DocumentState::Posted, Some(ours.record_no.to_string())));
    assert_eq!(claim["differences"], format!("it was posted meanwhile as record {}", ours.record_no), "{claim}");
    assert_eq!(world.company.invoices().len(), 2, "the person's own invoice is theirs to take back");
}

async fn dies_at(failpoint: &str) {
    let mut world = World::start().await;
    let order = refused(&world).await;
    let record = enter(&world, order, "HAND-1", 0).await;
    world.kill_service().await;
    assert!(world.try_start_service(Some(failpoint)).await);
    let path = format!("/v1/stores/{STORE}/documents/by-hand");
    let body = json!({ "key": key_of(order), "record_no": record.to_string(), "note": "by hand" });
    let _ = world.try_post_json(&path, &body).await;
    let begun = tokio::time::Instant::now();
    while !world.service_has_ended() {
        assert!(begun.elapsed().as_secs() < 120, "{failpoint} was not reached: {}", world.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // One of two states: the document as it was, or posted as the record.
    let invoice = invoice_of(&world, order).await;
    match invoice.state {
        DocumentState::Rejected => assert_eq!(invoice.record_no, None, "{failpoint}"),
        DocumentState::Posted => assert_eq!(invoice.record_no, Some(record.to_string()), "{failpoint}"),
        other => panic!("{failpoint} left {other:?}"),
    }
    world.start_service().await;
    // Whoever heard no answer says it again, and is told that it is known.
    let (status, answer) = world.post_json(&path, &body).await;
    assert!([202, 409].contains(&status), "{failpoint}: {status} {answer}");
    world.settle().await;
    let invoice = invoice_of(&world, order).await;
    assert_eq!((invoice.state, invoice.record_no), (DocumentState::Posted, Some(record.to_string())), "{failpoint}");
    assert_eq!((world.company.invoices().len(), world.company.payments().len()), (1, 1), "{failpoint}");
    assert_eq!(world.our_balances().await, world.balances(), "{failpoint}");
}

#[tokio::test]
async fn a_crash_while_a_claim_is_kept_leaves_it_kept_or_not() {
    dies_at("claim-by-hand.before").await;
    dies_at("claim-by-hand.after").await;
}

#[tokio::test]
async fn a_crash_while_a_claim_is_settled_leaves_the_document_as_it_was_or_posted() {
    dies_at("settle-claim.before").await;
    dies_at("settle-claim.after").await;
}
