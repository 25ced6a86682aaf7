//! Daily mode through the real program: a day becomes one journal, what is late its own, and nothing is there twice or never.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cartledger::clock::Clock;
use cartledger::sandbox::bigcommerce::{RefundPayment, RefundRequest, scenario};
use cartledger::sandbox::intacct::{Fault, FaultKind, Journal, SettingsChange};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::world::{STORE, World, demo_rules, order_of};

const DAY: &str = "2024-03-12";
/// A day is not summed up while a test lasts.
const WAITING: &str = "posting = \"daily\"\ndaily_close_delay_minutes = 5000000\n";
/// A day that is over is summed up at once.
const AT_ONCE: &str = "posting = \"daily\"\ndaily_close_delay_minutes = 0\n";

/// Noon of the day in Chicago, where the shop is.
fn noon() -> Clock {
    Clock::fixed("2024-03-12T17:00:00Z".parse().unwrap())
}

fn one_day_on(clock: &Clock) {
    clock.advance(Duration::from_secs(24 * 60 * 60));
}

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

impl World {
    /// Waits until every order is worked on and everything collected is in a summary that is posted.
    async fn sum_up(&self) {
        self.settle().await;
        self.wait_until("everything is summed up and posted", async || {
            let open = self.store.collected_groups(STORE).await.unwrap();
            let summaries = self.store.summaries(STORE, "", 500).await.unwrap();
            open.is_empty() && summaries.iter().all(|summary| summary.state.as_str() == "posted")
        })
        .await;
    }

    async fn json(&self, path: &str) -> Value {
        let text = self.get(path).await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The support of a day in US dollars.
    async fn support(&self, day: &str) -> String {
        let answer = self.get(&format!("/v1/stores/{STORE}/summaries/{day}/USD/support")).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
        answer.text().await.unwrap()
    }

    async fn outcome(&self, order: u64) -> String {
        self.store.order(STORE, order).await.unwrap().unwrap().outcome
    }

    /// State and summary of every document of an order.
    async fn memberships(&self, order: u64) -> Vec<(String, Option<String>)> {
        let documents = self.store.documents(STORE, order).await.unwrap();
        let state = |d: &cartledger::store::document::StoredDocument| d.state.as_str().to_owned();
        documents.iter().map(|d| (state(d), d.summary.as_ref().map(|summary| summary.key.clone()))).collect()
    }

    /// Nothing of receivables is in Intacct, not even a customer.
    #[track_caller]
    fn assert_no_receivables(&self) {
        let company = &self.company;
        let documents = company.invoices().len() + company.adjustments().len() + company.payments().len();
        assert_eq!((company.customers().len(), documents), (0, 0));
    }

    /// What our own store says is posted is what the company's books say.
    async fn assert_balances_agree(&self) {
        let ours = self.store.trial_balance(STORE).await.unwrap().into_iter();
        let ours: BTreeMap<String, Decimal> = ours
            .map(|(account, debit, credit)| (account, debit - credit))
            .filter(|(_, balance)| !balance.is_zero())
            .collect();
        assert_eq!(ours, self.balances());
    }
}

/// References of the entries, sorted.
fn references(journals: &[Journal]) -> Vec<&str> {
    let mut references: Vec<&str> = journals.iter().map(|journal| journal.reference.as_str()).collect();
    references.sort_unstable();
    references
}

fn full_refund(world: &World, order: u64) -> RefundRequest {
    let everything = world.shop.everything_refundable(order).unwrap();
    RefundRequest::new(everything, RefundPayment::gateway(), "came back")
}

#[tokio::test]
async fn a_day_of_orders_and_refunds_is_one_journal_with_the_balances_of_order_mode() {
    let (by_order, mut by_day) = tokio::join!(World::start_at("", noon()), World::start_at(WAITING, noon()));
    let played = scenario::trading_day(&by_order.shop, |_| {}).unwrap();
    scenario::trading_day(&by_day.shop, |_| {}).unwrap();
    tokio::join!(by_order.settle(), by_day.settle());
    assert!(by_day.company.journals().is_empty(), "the day is not over");
    let paid = played.iter().find(|step| step.title == "one item").unwrap().order_id;
    assert_eq!(by_day.outcome(paid).await, "collected");
    assert_eq!(by_day.memberships(paid).await, [("collected".to_owned(), None), ("collected".to_owned(), None)]);
    let open = by_day.json(&format!("/v1/stores/{STORE}/summaries")).await["open"].clone();
    assert_eq!(open[1]["group"], "2024-03-12-USD", "{open}");

    by_day.restart_with(AT_ONCE).await;
    by_day.sum_up().await;
    by_day.assert_no_receivables();
    // One order of the day was placed late the evening before, by the shop's clock.
    let journals = by_day.company.journals();
    assert_eq!(references(&journals), ["BC-S-20240311-USD", "BC-S-20240312-USD"]);
    assert_eq!(by_day.balances(), by_order.balances());
    by_day.assert_balances_agree().await;
    for step in played {
        let order = step.order_id;
        assert_eq!(by_day.holds(order).await, by_order.holds(order).await, "{}", step.title);
    }
    by_day.wait_until("orders are posted", async || by_day.outcome(paid).await == "posted").await;
    let summary = format!("{STORE}/summary/2024-03-12-USD/r1");
    assert_eq!(by_day.memberships(paid).await[0], ("summarised".to_owned(), Some(summary.clone())));
    let documents = by_day.json(&format!("/v1/stores/{STORE}/orders/{paid}/documents")).await;
    assert_eq!((&documents[0]["state"], &documents[0]["summary_key"]), (&json!("summarised"), &json!(summary)));
}

#[tokio::test]
async fn the_support_lists_every_document_with_the_totals_of_the_journal() {
    let world = World::start_at(WAITING, noon()).await;
    let first = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.shop.place_order(&order_of("CAMP-MUG", 2000)).unwrap();
    world.settle().await;
    world.shop.refund(first, &full_refund(&world, first)).unwrap();
    world.settle().await;
    assert_eq!(world.get(&format!("/v1/stores/{STORE}/summaries/{DAY}/USD/support")).await.unwrap().status(), 404);
    let mut world = world;
    world.restart_with(AT_ONCE).await;
    world.sum_up().await;
    let csv = world.support(DAY).await;
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let kinds: BTreeSet<&str> = rows.iter().map(|row| row[4]).collect();
    assert_eq!(kinds, BTreeSet::from(["", "credit-memo", "invoice", "receipt", "refund-payout"]));
    assert_eq!(rows.len(), 7, "{csv}");
    let amount = |text: &str| text.parse::<Decimal>().unwrap();
    let (documents, total) = rows.split_at(6);
    let sum = |column: usize| documents.iter().map(|row| amount(row[column])).sum::<Decimal>();
    assert_eq!([11, 12, 13].map(sum), [11, 12, 13].map(|column| amount(total[0][column])));
    let journal = world.company.journals().remove(0);
    let debits: Decimal = {
        use cartledger::sandbox::intacct::Side;
        journal.lines.iter().filter(|line| line.side == Side::Debit).map(|line| line.amount).sum()
    };
    // All paid, so nothing is left on the receivable: the other debits are the journal's.
    assert_eq!((amount(total[0][11]), amount(total[0][12])), (Decimal::ZERO, debits));
    let purposes: BTreeSet<&str> = journal.lines.iter().map(|line| line.description.as_str()).collect();
    let expected = [
        "Paid back by stripe",
        "Product sales",
        "Received by stripe",
        "Returns and allowances",
        "Sales Tax",
        "Sales Tax, refunded",
    ];
    assert_eq!(purposes, BTreeSet::from(expected));
}

#[tokio::test]
async fn a_late_order_is_a_journal_of_its_own_linked_to_its_day() {
    let world = World::start_at(AT_ONCE, noon()).await;
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.sum_up().await;
    assert_eq!(references(&world.company.journals()), ["BC-S-20240312-USD"]);
    let late = world.shop.place_order(&order_of("CAMP-MUG", 2000)).unwrap();
    world.sum_up().await;
    let number = format!("BC-S-20240312-USD-L{late}");
    let journals = world.company.journals();
    assert_eq!(references(&journals), ["BC-S-20240312-USD", &number]);
    let journal = journals.iter().find(|journal| journal.reference == number).unwrap();
    assert_eq!(journal.date.to_string(), DAY);
    assert!(journal.title.contains("late for BC-S-20240312-USD"), "{}", journal.title);
    // What comes of the same order once more is once more a journal of its own.
    world.shop.refund(late, &full_refund(&world, late)).unwrap();
    world.sum_up().await;
    assert_eq!(world.company.journals().len(), 3);
    assert_eq!(references(&world.company.journals())[2], format!("{number}-2"));
    world.assert_balances_agree().await;
    assert_eq!(world.balances()["1150-S"], usd(12990));
    let listed = world.json(&format!("/v1/stores/{STORE}/summaries?limit=2")).await;
    assert_eq!(listed["summaries"].as_array().unwrap().len(), 2);
    let after = listed["next_after"].as_str().unwrap();
    let rest = world.json(&format!("/v1/stores/{STORE}/summaries?after={after}")).await;
    assert_eq!(rest["summaries"].as_array().unwrap().len(), 1);
    assert_eq!(world.support(DAY).await.matches("total").count(), 4, "a header and the totals of three summaries");
}

#[tokio::test]
async fn a_service_killed_while_the_summary_is_being_sent_leaves_one_journal() {
    let mut world = World::start_at(AT_ONCE, noon()).await;
    world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 1500 }).on_function("create GLBATCH"));
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.wait_until("the summary is with Intacct", async || world.company.pending_faults().is_empty()).await;
    world.kill_service().await;
    world.start_service().await;
    world.sum_up().await;
    assert_eq!(world.company.journals().len(), 1);
    world.assert_balances_agree().await;
}

#[tokio::test]
async fn a_service_killed_at_any_moment_loses_and_doubles_no_member() {
    let mut world = World::start_at(AT_ONCE, noon()).await;
    let orders: Vec<u64> = (0..12).map(|i| world.shop.place_order(&order_of("WEAR-BOOT", 1000 + i)).unwrap()).collect();
    for pause in [300, 700, 1100] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        world.kill_service().await;
        world.start_service().await;
    }
    // The webhooks that met nobody: the shop's clock stands still, so they are tried again by hand.
    world.shop.deliver_all_pending().await;
    for order in &orders {
        world.replay(*order).await;
    }
    world.sum_up().await;
    let gross: Decimal = world.shop.expected_summary().iter().map(|order| order.gross).sum();
    assert_eq!(world.balances()["1150-S"], gross);
    world.assert_balances_agree().await;
    world.assert_no_receivables();
    for order in orders {
        let members = world.memberships(order).await;
        assert!(members.len() == 2 && members.iter().all(|(state, _)| state == "summarised"), "{members:?}");
    }
}

async fn one_day_under(kind: FaultKind, function: &str, accounting: &str) {
    let world = World::start_at(&format!("{AT_ONCE}{accounting}"), noon()).await;
    world.company.add_fault(Fault::new(kind).on_function(function));
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.sum_up().await;
    assert!(world.company.pending_faults().is_empty(), "{kind:?} has struck");
    assert_eq!(world.company.journals().len(), 1, "{kind:?}");
    assert_eq!(world.company.attachments().len(), usize::from(!accounting.is_empty()), "{kind:?}");
    world.assert_balances_agree().await;
}

#[tokio::test]
async fn a_lost_answer_to_a_summary_is_looked_up() {
    one_day_under(FaultKind::LoseAnswer, "create GLBATCH", "").await;
    one_day_under(FaultKind::DropBeforeExecuting, "create GLBATCH", "").await;
}

#[tokio::test]
async fn a_lost_answer_to_an_attachment_makes_no_second_one() {
    let folder = "attachment_folder = \"BigCommerce\"\n";
    one_day_under(FaultKind::LoseAnswer, "create_supdoc", folder).await;
    one_day_under(FaultKind::DropBeforeExecuting, "create_supdoc", folder).await;
}

#[tokio::test]
async fn the_journal_names_its_support_as_an_attachment() {
    let folder = "attachment_folder = \"BigCommerce\"\n";
    let world = World::start_at(&format!("{AT_ONCE}{folder}"), noon()).await;
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.sum_up().await;
    let (journal, attachment) = (world.company.journals().remove(0), world.company.attachments().remove(0));
    assert_eq!(journal.attachment.as_deref(), Some(attachment.id.as_str()));
    assert_eq!(attachment.folder, "BigCommerce");
    let file = &attachment.files[0];
    assert_eq!((file.name.as_str(), file.extension.as_str()), ("BC-S-20240312-USD", "csv"));
    assert_eq!(String::from_utf8(file.content.clone()).unwrap(), world.support(DAY).await);
}

#[tokio::test]
async fn a_folder_that_is_missing_holds_the_summary_until_it_is_mended() {
    let folder = "attachment_folder = \"Nowhere\"\n";
    let mut world = World::start_at(&format!("{AT_ONCE}{folder}"), noon()).await;
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.wait_until("there is a hold", async || !open_holds(&world).await.is_empty()).await;
    let hold = open_holds(&world).await.remove(0);
    assert_eq!((&hold["code"], &hold["order_id"]), (&json!("rejected-by-intacct"), &Value::Null));
    assert_eq!(hold["document_key"], format!("{STORE}/summary/2024-03-12-USD/r1"));
    assert!(hold["message"].as_str().unwrap().contains("Nowhere"), "{hold}");
    assert!(world.company.journals().is_empty());
    world.restart_with(AT_ONCE).await;
    world.sum_up().await;
    assert_eq!(world.company.journals().len(), 1);
    world.wait_until("the hold is released", async || open_holds(&world).await.is_empty()).await;
}

async fn open_holds(world: &World) -> Vec<Value> {
    world.json(&format!("/v1/stores/{STORE}/holds")).await["holds"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_refused_summary_is_held_and_posts_after_the_remedy_with_what_came_meanwhile() {
    let world = World::start_at(AT_ONCE, noon()).await;
    world.mirrored().await;
    let inactive = SettingsChange { deactivate_account: Some("4000".into()), ..SettingsChange::default() };
    world.company.change(&inactive).unwrap();
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.wait_until("there is a hold", async || !open_holds(&world).await.is_empty()).await;
    let hold = open_holds(&world).await.remove(0);
    assert!(hold["message"].as_str().unwrap().contains("4000"), "{hold}");
    assert_eq!(hold["amount"], "129.90");
    assert_eq!(world.outcome(order).await, "collected");
    let meanwhile = world.shop.place_order(&order_of("CAMP-MUG", 2000)).unwrap();
    world.settle().await;
    let active = SettingsChange { activate_account: Some("4000".into()), ..SettingsChange::default() };
    world.company.change(&active).unwrap();
    assert_eq!(world.post(&format!("/v1/stores/{STORE}/summaries/{DAY}/USD/retry")).await, 202);
    world.sum_up().await;
    assert_eq!(references(&world.company.journals()), ["BC-S-20240312-USD"], "the day was not closed: nothing is late");
    world.wait_until("the hold is released", async || open_holds(&world).await.is_empty()).await;
    for order in [order, meanwhile] {
        world.wait_until("the order is posted", async || world.outcome(order).await == "posted").await;
    }
    assert_eq!(world.post(&format!("/v1/stores/{STORE}/summaries/{DAY}/USD/retry")).await, 404);
    world.assert_balances_agree().await;
}

#[tokio::test]
async fn new_rules_mend_the_documents_of_a_refused_summary() {
    let world = World::start_at(AT_ONCE, noon()).await;
    let mut rules = demo_rules();
    let clothing = rules.as_array_mut().unwrap().iter_mut().find(|rule| rule["id"] == "product-clothing").unwrap();
    clothing["gives"]["account"] = json!("4999");
    assert_eq!(world.put_rules(&rules).await, 201);
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.wait_until("there is a hold", async || !open_holds(&world).await.is_empty()).await;
    assert_eq!(world.put_rules(&demo_rules()).await, 201);
    world.sum_up().await;
    assert_eq!(world.company.journals().len(), 1);
    assert_eq!(world.balances()["4000"], usd(-12000));
    world.wait_until("the hold is released", async || open_holds(&world).await.is_empty()).await;
}

#[tokio::test]
async fn an_order_that_changes_before_its_day_is_over_is_summed_up_as_it_stands() {
    let mut world = World::start_at(WAITING, noon()).await;
    let edited = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let kept = world.shop.place_order(&order_of("CAMP-MUG", 2000)).unwrap();
    world.settle().await;
    assert_eq!(world.outcome(edited).await, "collected");
    // Its totals do not add up any more: nothing of it may be posted.
    world.shop.override_totals(edited, usd(10000), usd(10990)).unwrap();
    world.settle().await;
    assert_eq!(world.outcome(edited).await, "held");
    assert!(world.memberships(edited).await.is_empty());
    world.restart_with(AT_ONCE).await;
    world.sum_up().await;
    assert_eq!(world.balances()["4000"], usd(-2000));
    world.wait_until("the order is posted", async || world.outcome(kept).await == "posted").await;
}

#[tokio::test]
async fn an_order_that_changes_after_it_was_summed_up_is_held_and_nothing_posted_moves() {
    let world = World::start_at(AT_ONCE, noon()).await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.sum_up().await;
    let before = world.balances();
    world.shop.cancel(order).unwrap();
    world.sum_up().await;
    assert!(!world.holds(order).await.is_empty());
    assert_eq!((world.balances(), world.company.journals().len()), (before, 1));
    let requests = world.company.requests().requests;
    world.replay(order).await;
    world.sum_up().await;
    assert_eq!(world.company.requests().requests, requests, "what is known costs Intacct nothing");
}

#[tokio::test]
async fn a_change_of_mode_on_a_date_leaves_neither_gap_nor_overlap() {
    let switch =
        "daily_close_delay_minutes = 0\nposting_changes = { \"2024-03-13\" = \"daily\", \"2024-03-15\" = \"order\" }\n";
    let (clock, other) = (noon(), noon());
    let (switching, by_order) =
        tokio::join!(World::start_at(switch, clock.clone()), World::start_at("", other.clone()));
    let mut placed: Vec<u64> = Vec::new();
    for day in 12..=15 {
        for world in [&switching, &by_order] {
            let order = world.shop.place_order(&order_of("WEAR-BOOT", 10000 + day)).unwrap();
            if std::ptr::eq(world, &switching) {
                placed.push(order);
            }
        }
        tokio::join!(switching.sum_up(), by_order.settle());
        for world in [&switching, &by_order] {
            // The order of the day before comes back.
            if let Some(order) = placed.iter().rev().nth(1) {
                world.shop.refund(*order, &full_refund(world, *order)).unwrap();
            }
        }
        tokio::join!(switching.sum_up(), by_order.settle());
        one_day_on(&clock);
        one_day_on(&other);
    }
    assert_eq!(switching.balances(), by_order.balances());
    switching.assert_balances_agree().await;
    // Orders of the 12th and the 15th are receivables for good, with the refund of the 13th. Those of the 13th and 14th are
    // in summaries for good, with the refund of the 15th.
    let numbers: Vec<String> = switching.company.invoices().into_iter().map(|invoice| invoice.number).collect();
    assert_eq!(numbers, [format!("BC-{}", placed[0]), format!("BC-{}", placed[3])]);
    assert_eq!(switching.company.adjustments().len(), 2, "the credit memo of the first order and its payout");
    let daily: BTreeSet<String> = switching.company.journals().iter().map(|j| j.date.to_string()).collect();
    assert_eq!(daily, BTreeSet::from(["2024-03-13", "2024-03-14", "2024-03-15"].map(str::to_owned)));
    for order in [placed[1], placed[2]] {
        let members = switching.memberships(order).await;
        assert!(members.iter().all(|(state, _)| state == "summarised"), "{members:?}");
    }
    // A state is final on either side: nothing is collected any more, and nothing waits.
    assert!(switching.store.collected_groups(STORE).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_order_edited_after_its_day_was_summed_up_is_corrected_by_the_day_that_saw_it() {
    let world = World::start_at(&format!("{AT_ONCE}changed_orders = \"correct\"\n"), noon()).await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.sum_up().await;
    let before = world.balances();
    world.shop.edit(order, &order_of("WEAR-BOOT", 15000)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, Vec::<String>::new());
    let documents = world.store.documents(STORE, order).await.unwrap();
    let correction = documents.iter().find(|document| document.planned.key.ends_with("/invoice/r2")).unwrap();
    assert_eq!((correction.state.as_str(), correction.planned.kind.as_str()), ("collected", "correction"));
    // 150.00 and 12.38 tax instead of 120.00 and 9.90.
    assert_eq!(correction.planned.total, Some(usd(3248)));
    assert_ne!(correction.planned.posting_date.unwrap().to_string(), DAY, "it is of the day the edit was seen");
    assert_eq!(world.balances(), before, "what was summed up stays as it is");
    assert_eq!(world.outcome(order).await, "collected");
    world.replay(order).await;
    world.settle().await;
    assert_eq!(world.store.documents(STORE, order).await.unwrap().len(), documents.len(), "once");
}
