//! A refund's credit memo and the money it pays out go in together or not at all, whatever happens.

use std::time::Duration;

use cartledger::sandbox::bigcommerce::{RefundPayment, RefundRequest};
use cartledger::sandbox::intacct::{Fault, FaultKind, SettingsChange};

use crate::support::world::{STORE, World, order_of};

const MEMOS: &str = "create_aradjustment";

/// An order of 129.90 that is posted.
async fn sold(world: &World) -> u64 {
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    // The shop tells its times in whole seconds: the refund is of another one.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    order
}

fn refund(world: &World, order: u64) {
    let everything = world.shop.everything_refundable(order).unwrap();
    world.shop.refund(order, &RefundRequest::new(everything, RefundPayment::gateway(), "too small")).unwrap();
}

/// How many requests held both memos of the refund in one transaction.
fn sent_whole(world: &World) -> usize {
    let both = |request: &&cartledger::sandbox::intacct::LoggedRequest| {
        request.calls.iter().filter(|call| call.function == MEMOS).count() == 2
            && request.body.contains("<operation transaction=\"true\">")
    };
    world.company.requests().recent.iter().filter(both).count()
}

fn requests_with_memos(world: &World) -> usize {
    let any = |calls: &[cartledger::sandbox::intacct::LoggedCall]| calls.iter().any(|call| call.function == MEMOS);
    world.company.requests().recent.iter().filter(|request| any(&request.calls)).count()
}

async fn one_refund_under(kind: FaultKind) {
    let world = World::start().await;
    let order = sold(&world).await;
    world.company.add_fault(Fault::new(kind).on_function(MEMOS));
    refund(&world, order);
    world.settle().await;
    assert!(world.company.pending_faults().is_empty(), "{kind:?} has struck");
    assert_eq!(world.company.adjustments().len(), 2, "{kind:?}");
    assert_eq!(sent_whole(&world), requests_with_memos(&world), "{kind:?}: never one without the other");
    assert_eq!(world.holds(order).await, Vec::<String>::new());
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_refund_s_documents_travel_in_one_transaction_and_are_netted_afterwards() {
    let world = World::start().await;
    let order = sold(&world).await;
    refund(&world, order);
    world.settle().await;
    assert_eq!((sent_whole(&world), requests_with_memos(&world)), (1, 1));
    assert_eq!(world.company.payments().len(), 2, "the receipt, and what nets the refund");
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_lost_answer_about_both_settles_both_by_look_up() {
    one_refund_under(FaultKind::LoseAnswer).await;
    one_refund_under(FaultKind::TruncateAnswer).await;
}

#[tokio::test]
async fn what_was_never_executed_is_sent_again_as_a_whole() {
    one_refund_under(FaultKind::DropBeforeExecuting).await;
    one_refund_under(FaultKind::TransientFailure).await;
    one_refund_under(FaultKind::TooManyRequests).await;
}

#[tokio::test]
async fn a_service_killed_while_intacct_posts_both_finds_both() {
    let mut world = World::start().await;
    let order = sold(&world).await;
    world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 1500 }).on_function(MEMOS));
    refund(&world, order);
    world.kill_service_during(MEMOS).await;
    world.start_service().await;
    world.settle().await;
    assert_eq!(world.company.adjustments().len(), 2);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn when_one_is_refused_neither_is_posted_and_both_go_in_once_it_is_mended() {
    let world = World::start().await;
    world.mirrored().await;
    let order = sold(&world).await;
    let change = |activate: bool| {
        let account = Some("4100".to_owned());
        let (deactivate_account, activate_account) = if activate { (None, account) } else { (account, None) };
        let change = SettingsChange { deactivate_account, activate_account, ..SettingsChange::default() };
        world.company.change(&change).unwrap();
    };
    change(false);
    refund(&world, order);
    world.settle().await;
    assert!(world.company.adjustments().is_empty());
    assert_eq!(world.holds(order).await, ["rejected-by-intacct", "rejected-by-intacct"]);
    let open = world.store.open_holds(Some(STORE), Some(order), 0, 10).await.unwrap();
    assert!(open.iter().any(|hold| hold.hold.message.contains("rolled back together with")), "{open:?}");
    change(true);
    world.replay(order).await;
    world.settle().await;
    assert!(world.holds(order).await.is_empty());
    assert_eq!(world.company.adjustments().len(), 2);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn one_of_two_found_cannot_come_of_a_transaction_and_is_held() {
    let mut world = World::start().await;
    let order = sold(&world).await;
    // Nothing is executed, and nobody can know: the connection is cut.
    world.company.add_fault(Fault::new(FaultKind::DropBeforeExecuting).on_function(MEMOS));
    refund(&world, order);
    world.kill_service_during(MEMOS).await;
    let stored = world.store.documents(STORE, order).await.unwrap();
    let memo = stored.iter().find(|document| document.planned.kind == "credit-memo").unwrap();
    let (customer, number) = (&memo.planned.customer_id, &memo.planned.number);
    world
        .post_adjustment(
            customer,
            number,
            "by hand 1",
            -memo.planned.total.unwrap(),
            memo.planned.posting_date.unwrap(),
        )
        .await;
    world.start_service().await;
    world.settle().await;
    assert_eq!(world.holds(order).await, ["unknown-outcome-differs"]);
    assert_eq!(world.company.adjustments().len(), 1, "nothing is sent to make up for it");

    // Somebody enters the other one as well; then both are there.
    let payout = stored.iter().find(|document| document.planned.kind == "refund-payout").unwrap();
    world
        .post_adjustment(
            customer,
            &payout.planned.number,
            "by hand 2",
            payout.planned.total.unwrap(),
            payout.planned.posting_date.unwrap(),
        )
        .await;
    world.replay(order).await;
    world.settle().await;
    assert!(world.holds(order).await.is_empty());
    assert_eq!(world.company.adjustments().len(), 2);
}
