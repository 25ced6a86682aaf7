//! Lost answers, cut connections and killed processes: whatever happens, every document is in the books exactly once.

use std::time::Duration;

use cartledger::sandbox::bigcommerce::{ReleaseOrder, scenario};
use cartledger::sandbox::intacct::{Fault, FaultKind};

use crate::support::world::{STORE, World, order_of};

/// The functions of one paid order, as the sandbox company labels them.
const FUNCTIONS: [&str; 3] = ["create CUSTOMER", "create_invoice", "create ARPYMT"];

async fn one_order_under(kind: FaultKind) {
    let world = World::start().await;
    for function in FUNCTIONS {
        world.company.add_fault(Fault::new(kind).on_function(function));
    }
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert!(world.company.pending_faults().is_empty(), "every fault has struck: {:?}", world.company.pending_faults());
    let books = (world.company.customers().len(), world.company.invoices().len(), world.company.payments().len());
    assert_eq!(books, (1, 1, 1));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_is_looked_up_and_never_sent_again() {
    one_order_under(FaultKind::LoseAnswer).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_looked_up() {
    one_order_under(FaultKind::TruncateAnswer).await;
}

#[tokio::test]
async fn a_connection_cut_before_anything_was_executed_is_looked_up_and_sent_again() {
    one_order_under(FaultKind::DropBeforeExecuting).await;
}

#[tokio::test]
async fn a_server_error_leaves_the_outcome_open_until_it_is_looked_up() {
    one_order_under(FaultKind::ServerError).await;
}

#[tokio::test]
async fn a_page_of_an_edge_server_is_no_answer() {
    one_order_under(FaultKind::HtmlPage).await;
}

#[tokio::test]
async fn too_many_requests_are_sent_again_later() {
    one_order_under(FaultKind::TooManyRequests).await;
    one_order_under(FaultKind::RateLimitText).await;
}

#[tokio::test]
async fn a_passing_failure_of_a_function_is_tried_again() {
    one_order_under(FaultKind::TransientFailure).await;
}

#[tokio::test]
async fn a_failure_that_says_nothing_and_does_not_pass_is_held() {
    let world = World::start().await;
    world.company.add_fault(Fault::new(FaultKind::TransientFailure).times(50).on_function("create_invoice"));
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["rejected-by-intacct"]);
    let invoice = world.store.document(STORE, &format!("{STORE}/{order}/invoice/r1")).await.unwrap().unwrap();
    assert_eq!((invoice.state.as_str(), invoice.attempts), ("rejected", 5));
    world.company.clear_faults();
    world.replay(order).await;
    world.settle().await;
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_lost_answer_leaves_its_trace_in_the_attempts() {
    let world = World::start().await;
    world.company.add_fault(Fault::new(FaultKind::LoseAnswer).on_function("create_invoice"));
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let invoice = format!("{STORE}/{order}/invoice/r1");
    let steps: Vec<(String, String)> = world
        .store
        .attempts(STORE, &invoice)
        .await
        .unwrap()
        .into_iter()
        .map(|(step, outcome, _)| (step, outcome))
        .collect();
    assert_eq!(steps, [("send".into(), "unknown".into()), ("look-up".into(), "posted".into())]);
}

#[tokio::test]
async fn a_service_killed_while_intacct_is_working_finds_its_document_and_sends_no_second() {
    let mut world = World::start().await;
    for function in FUNCTIONS {
        world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 1500 }).on_function(function));
    }
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    for label in FUNCTIONS {
        world.kill_service_during(label).await;
        world.start_service().await;
    }
    world.settle().await;
    let books = (world.company.customers().len(), world.company.invoices().len(), world.company.payments().len());
    assert_eq!(books, (1, 1, 1));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_hundred_webhooks_out_of_order_during_a_restart_are_one_invoice() {
    let mut world = World::start().await;
    world.shop.hold_deliveries();
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    for note in 0..50 {
        world.shop.duplicate_next_deliveries(1);
        world.shop.add_staff_note(order, &format!("note {note}")).unwrap();
    }
    assert!(world.shop.pending_deliveries() >= 100, "{}", world.shop.pending_deliveries());
    world.kill_service().await;
    world.shop.release_deliveries(ReleaseOrder::Reversed);
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.start_service().await;
    world.settle().await;
    assert_eq!((world.company.invoices().len(), world.company.payments().len()), (1, 1));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_trading_day_with_a_service_killed_again_and_again_ends_with_the_same_books() {
    let (quiet, mut rough) = tokio::join!(World::start(), World::start());
    scenario::trading_day(&quiet.shop, |_| {}).unwrap();
    scenario::trading_day(&rough.shop, |_| {}).unwrap();
    for documents in [5, 20, 40, 55] {
        let begun = tokio::time::Instant::now();
        while rough.company.invoices().len() + rough.company.payments().len() < documents {
            assert!(begun.elapsed() < Duration::from_secs(60), "the day does not get on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        rough.kill_service().await;
        rough.start_service().await;
    }
    tokio::join!(quiet.settle(), rough.settle());
    quiet.assert_books_agree().await;
    rough.assert_books_agree().await;
    assert_eq!(rough.balances(), quiet.balances());
}
