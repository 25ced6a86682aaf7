//! Look-ups: what is found is compared, what is not found is not sent twice with other content, and nothing waits for ever.

use std::time::Duration;

use cartledger::accounting::document::{Detail, Dimensions, Document, DocumentKey, DocumentKind, Draft, JournalLine};
use cartledger::accounting::money::Currency;
use cartledger::clock::Clock;
use cartledger::intacct::functions::{
    Account, CreateInvoice, CreateJournal, Function, JournalEntryLine, Line, LineDimensions,
};
use cartledger::lifecycle::Shutdown;
use cartledger::sandbox::intacct::{Company, CompanySettings, Fault, FaultKind};
use cartledger::store::Store;
use cartledger::store::document::DocumentState;
use cartledger::store::usage::{Budget, OverBudget};
use cartledger::worker::gateway::{Cause, Gateway, GatewayOptions};
use cartledger::worker::lookup;
use rust_decimal::Decimal;
use tokio::net::TcpListener;

use crate::support::database::TestDatabase;
use crate::support::world::{STORE, World, client_of, order_of, send_past};

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

fn dimensions() -> LineDimensions {
    LineDimensions { location: Some("100".into()), ..LineDimensions::default() }
}

fn journal(reference: &str, lines: &[(&str, i64)]) -> Function {
    let line = |(account, cents): &(&str, i64)| JournalEntryLine {
        dimensions: dimensions(),
        ..JournalEntryLine::new((*account).to_owned(), usd(*cents))
    };
    let (date, lines) = ("2026-03-10".parse().unwrap(), lines.iter().map(line).collect());
    Function::CreateJournal(Box::new(CreateJournal::new("GJ", reference, "A day", date, lines)))
}

fn invoice(number: &str, customer_id: &str) -> Function {
    let line = Line { dimensions: dimensions(), ..Line::new(Account::Gl("4000".into()), usd(500)) };
    let date = "2026-03-10".parse().unwrap();
    let invoice = CreateInvoice::new(customer_id, number, date, vec![line]);
    Function::CreateInvoice(Box::new(CreateInvoice { due_date: Some(date), ..invoice }))
}

async fn the_hold(world: &World, order: u64) -> (String, String, String) {
    let hold = world.store.open_holds(Some(STORE), Some(order), 0, 1).await.unwrap().remove(0).hold;
    (hold.code, hold.message, hold.remedy)
}

#[tokio::test]
async fn an_order_edited_while_its_first_request_is_under_way_is_not_sent_over_it() {
    let world = World::start().await;
    // Longer than our wait for an answer: it lands when nobody listens any more.
    world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 9000 }).on_function("create_invoice"));
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let key = format!("{STORE}/{order}/invoice/r1");
    let state = async || world.store.document(STORE, &key).await.unwrap().map(|document| document.state);
    world.wait_until("the answer is lost", async || state().await == Some(DocumentState::Unknown)).await;
    world.shop.edit(order, &order_of("WEAR-BOOT", 15000)).unwrap();
    world.wait_until("it was looked up in vain", async || state().await == Some(DocumentState::Planned)).await;
    world.wait_until("the first request lands", async || world.company.invoices().len() == 1).await;
    let waiting = world.store.document(STORE, &key).await.unwrap().unwrap();
    assert_eq!(waiting.planned.total, Some(usd(12990)), "what was sent is kept as it was sent");
    assert!(waiting.open_for.unwrap() > Duration::from_secs(15 * 60), "{:?}", waiting.open_for);
    assert_eq!(waiting.attempts, 1, "the new content is not sent under the same control id");

    world.pass_the_time_under_way().await;
    world.replay(order).await;
    world.settle().await;
    let found = world.store.document(STORE, &key).await.unwrap().unwrap();
    assert_eq!((found.state, found.planned.total), (DocumentState::Posted, Some(usd(12990))));
    assert_eq!(world.company.invoices().len(), 1);
    assert_eq!(world.company.invoices()[0].total, usd(12990));
    assert_eq!(world.holds(order).await, ["changed-after-posting"], "the edit is seen as a change of what is posted");
}

#[tokio::test]
async fn an_order_edited_after_its_request_was_lost_is_posted_as_it_is_now_once_that_is_certain() {
    let world = World::start().await;
    world.company.add_fault(Fault::new(FaultKind::DropBeforeExecuting).times(2).on_function("create_invoice"));
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let key = format!("{STORE}/{order}/invoice/r1");
    let document = async || world.store.document(STORE, &key).await.unwrap();
    world
        .wait_until("the answer is lost", async || {
            document().await.is_some_and(|document| document.state == DocumentState::Unknown)
        })
        .await;
    world.shop.edit(order, &order_of("WEAR-BOOT", 15000)).unwrap();
    world
        .wait_until("it waits", async || {
            document()
                .await
                .is_some_and(|d| d.open_for.is_some() && !d.is_uncertain() && d.state == DocumentState::Planned)
        })
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.company.clear_faults();
    assert!(world.company.invoices().is_empty());
    world.pass_the_time_under_way().await;
    world.replay(order).await;
    world.settle().await;
    assert_eq!(world.company.invoices()[0].total, usd(16238));
    assert_eq!(document().await.unwrap().open_for, None);
    assert!(world.holds(order).await.is_empty() || world.holds(order).await == ["payment-data-missing"]);
}

#[tokio::test]
async fn a_request_still_under_way_is_waited_for_and_never_doubled() {
    let world = World::start().await;
    world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 7000 }).on_function("create_invoice"));
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!((world.company.invoices().len(), world.company.payments().len()), (1, 1));
    world.assert_books_agree().await;
    let steps = world.store.attempts(STORE, &format!("{STORE}/{order}/invoice/r1")).await.unwrap();
    let steps: Vec<&str> = steps.iter().map(|(_, outcome, _)| outcome.as_str()).collect();
    assert_eq!(steps[..2], ["unknown", "not-found"], "{steps:?}");
    assert_eq!(steps.last(), Some(&"posted"), "{steps:?}");
}

#[tokio::test]
async fn what_intacct_says_it_has_and_nobody_finds_becomes_a_hold() {
    let world = World::start().await;
    let first = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let order = first + 1;
    // Something was executed under our control id, and nothing of our number is there.
    let url = world.gateway_url();
    send_past(&url, &format!("{STORE}/{order}/invoice/r1"), journal("GONE", &[("4000", 100), ("4010", -100)])).await;
    assert_eq!(world.shop.place_order(&order_of("CAMP-MUG", 2000)).unwrap(), order);
    world.settle().await;
    let (code, message, remedy) = the_hold(&world, order).await;
    assert_eq!(code, "outcome-not-found");
    assert!(message.contains(&format!("BC-{order}")) && message.contains("control id"), "{message}");
    assert!(remedy.contains("in all entities") && remedy.contains(&format!("replay order {order}")), "{remedy}");
    let attempts = world.store.attempts(STORE, &format!("{STORE}/{order}/invoice/r1")).await.unwrap();
    let looks = attempts.iter().filter(|(step, ..)| step == "look-up").count();
    assert_eq!((attempts.len(), looks), (6, 5), "sent once, then only looked for: {attempts:?}");
    assert_eq!(attempts[0].1, "already-recorded");

    // A person enters it by hand under that number: it is found.
    let customer = world.company.customers()[0].id.clone();
    let invoice = invoice(&format!("BC-{order}"), &customer);
    send_past(&url, "by-hand", invoice).await;
    world.replay(order).await;
    world.settle().await;
    let (code, message, _) = the_hold(&world, order).await;
    assert_eq!(code, "unknown-outcome-differs", "{message}");
    assert!(message.contains("the total is 5.00 instead of 21.65"), "{message}");
    assert!(message.contains("the date is 2026-03-10 instead of "), "{message}");
}

#[tokio::test]
async fn a_number_that_somebody_else_uses_is_held_and_sent_again_once_it_is_free() {
    let world = World::start().await;
    let first = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let order = first + 1;
    let customer = Function::CreateCustomer(Box::new(other_customer()));
    let url = world.gateway_url();
    send_past(&url, "other-customer", customer).await;
    send_past(&url, "other-invoice", invoice(&format!("BC-{order}"), "SOMEBODY")).await;
    assert_eq!(world.shop.place_order(&order_of("CAMP-MUG", 2000)).unwrap(), order);
    world.settle().await;
    let (code, message, remedy) = the_hold(&world, order).await;
    assert_eq!(code, "rejected-by-intacct");
    assert!(message.contains("the number is taken"), "{message}");
    assert!(remedy.contains(&format!("Look for BC-{order}")) && remedy.contains("number prefix"), "{remedy}");
    let stored = world.store.document(STORE, &format!("{STORE}/{order}/invoice/r1")).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.open_for), (DocumentState::Rejected, None), "it may be sent again");
}

fn other_customer() -> cartledger::intacct::functions::CreateCustomer {
    use cartledger::intacct::functions::{Contact, CreateCustomer};
    let contact = Contact {
        name: Some("Somebody else".into()),
        print_as: "Somebody else".into(),
        company: None,
        taxable: None,
        first_name: None,
        last_name: None,
        phone: None,
        email: None,
        address: None,
    };
    CreateCustomer {
        customer_id: Some("SOMEBODY".into()),
        name: "Somebody else".into(),
        display_contact: contact,
        bill_to: None,
        ship_to: None,
        customer_type: None,
        term: None,
        currency: None,
        comments: None,
        custom_fields: Vec::new(),
    }
}

/// A gateway of our own to a company, without the rest of the program.
struct Books {
    gateway: Gateway,
    company: Company,
    shutdown: Shutdown,
    _database: TestDatabase,
    _served: cartledger::sandbox::intacct::Served,
}

impl Books {
    async fn open() -> Self {
        let database = TestDatabase::new().await;
        let company = Company::new(CompanySettings::default()).unwrap();
        let served = company.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        let options = GatewayOptions {
            company: "sandbox".into(),
            concurrency: 1,
            batch: 10,
            timeout: Duration::from_secs(60),
            budget: Budget { limit: 100_000, warn_percent: 80, over: OverBudget::Warn },
        };
        let shutdown = Shutdown::new(Duration::from_secs(1));
        let store = Store::from_pool(database.pool().clone());
        let gateway = Gateway::start(client_of(&served.gateway_url()), store, options, Clock::system(), &shutdown);
        Self { gateway, company, shutdown, _database: database, _served: served }
    }
}

fn cause() -> Cause {
    Cause { store: STORE.to_owned(), order: None }
}

/// A summary of so many pairs of lines, each pair with its own amount.
fn summary(pairs: i64) -> Document {
    let line = |account: &str, cents: i64| JournalLine {
        account: account.into(),
        debit: usd(cents.max(0)),
        credit: usd((-cents).max(0)),
        dimensions: Dimensions::default(),
        memo: String::new(),
        rule: "a rule".into(),
    };
    let date = "2026-03-10".parse().unwrap();
    Document::build(Draft {
        key: DocumentKey::of_store("acme-us", "summary/2026-03-10-USD", 1),
        kind: DocumentKind::Summary,
        number: "BC-S-20260310-USD".into(),
        order_id: None,
        date,
        original_date: date,
        currency: Currency::USD,
        exchange: None,
        customer: None,
        total: (1..=pairs).map(usd).sum(),
        reference: None,
        description: "A day".into(),
        lines: (1..=pairs).flat_map(|cents| [line("4000", cents), line("4010", -cents)]).collect(),
        detail: Detail::Journal { kind: DocumentKind::Summary, related: Vec::new() },
        source_hash: String::new(),
    })
    .unwrap()
}

#[tokio::test]
async fn a_summary_of_more_lines_than_one_answer_holds_is_found_whole() {
    let books = Books::open().await;
    let document = summary(2100);
    let lines: Vec<(&str, i64)> = (1..=2100).flat_map(|cents| [("4000", cents), ("4010", -cents)]).collect();
    books.gateway.write(cause(), document.key.as_str(), journal(&document.number, &lines)).await.unwrap();
    let before = books.company.requests().api_transactions;
    let (found, _) = lookup::find(&books.gateway, cause(), &document, "", 2000).await.unwrap();
    assert_eq!((found.len(), found[0].lines.len(), found[0].total), (1, 4200, document.total));
    assert_eq!(books.company.requests().api_transactions - before, 3, "three pages");
    let (found, _) = lookup::find(&books.gateway, cause(), &document, "", 700).await.unwrap();
    assert_eq!(found[0].lines.len(), 4200);
    books.shutdown.begin();
}
