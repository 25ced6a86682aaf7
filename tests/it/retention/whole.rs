//! The whole program with what is old: repeats, crashes, metrics.

use super::*;

#[tokio::test]
async fn a_repeat_of_a_delivery_that_was_removed_marks_its_order_and_posts_nothing_twice() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let pool = world.pool();
    run(pool, "update inbox set received_at = received_at - interval '1 year'").await;
    let webhook_id: String = sqlx::query_scalar("select webhook_id from inbox where order_id = $1 order by id limit 1")
        .bind(order.cast_signed())
        .fetch_one(pool)
        .await
        .unwrap();
    received(pool, STORE, "of today", 0).await;
    world.store.remove_deliveries(STORE, 90 * DAY, 100, None).await.unwrap();
    assert_eq!(count(pool, "inbox").await, 1);
    let (ledger, books) = (world.company.ledger().len(), world.balances());
    let judged = world.store.order(STORE, order).await.unwrap().unwrap().updated_at;
    let repeat = NewDelivery {
        store: STORE.into(),
        webhook_id,
        scope: "store/order/created".into(),
        order_id: Some(order),
        event_at: Timestamp::UNIX_EPOCH,
        body: "{}".into(),
    };
    let recorded = world.store.record_deliveries(&[repeat], Duration::ZERO).await.unwrap();
    assert_eq!((recorded.new, recorded.marked), (1, 1));
    world.settle().await;
    assert!(world.store.order(STORE, order).await.unwrap().unwrap().updated_at > judged, "it was looked at again");
    assert_eq!((world.company.ledger().len(), world.balances()), (ledger, books));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_program_that_dies_while_it_removes_what_is_old_goes_on_when_it_is_started_again() {
    let mut world = World::start().await;
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let (ledger, books) = (world.company.ledger().len(), world.balances());
    let places = [
        "remove-deliveries.before",
        "remove-deliveries.after",
        "remove-evidence.after",
        "remove-attempts.after",
        "remove-dry-runs.after",
        "end-retention.before",
        "end-retention.after",
    ];
    for place in places {
        world.kill_service().await;
        let pool = world.pool();
        run(pool, "update inbox set received_at = received_at - interval '1 year'").await;
        received(pool, STORE, place, 0).await;
        run(pool, "update document set settled_at = now() - interval '3 years' where state = 'posted'").await;
        run(
            pool,
            "insert into attempt (store, document_key, number, step, outcome)
             select store, key, 1, 'send', 'posted' from document",
        )
        .await;
        run(
            pool,
            "insert into evidence (store, order_id, hash, facts, current_since)
             select distinct store, order_id, 'once', '{}'::jsonb, now() - interval '600 days' from evidence",
        )
        .await;
        run(pool, "update evidence set current_since = now() - interval '500 days' where hash <> 'once'").await;
        dry_run(pool, STORE, "done", 100, 10).await;
        run(pool, "update retention set next_at = now()").await;
        world.try_start_service(Some(place)).await;
        let begun = tokio::time::Instant::now();
        while !world.service_has_ended() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not come to {place}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Its leases lapse.
        run(world.pool(), "update task_lease set leased_until = now()").await;
        world.start_service().await;
        let ended = async || count(world.pool(), "retention where next_at > now()").await == 1;
        world.wait_until("the round is over", ended).await;
        for old in ["attempt", "dry_run", "dry_run_line", "evidence where hash = 'once'"] {
            assert_eq!(count(world.pool(), old).await, 0, "{old} after {place}");
        }
        assert_eq!(texts(world.pool(), "select webhook_id from inbox").await, [place]);
    }
    world.settle().await;
    assert_eq!((world.company.ledger().len(), world.balances()), (ledger, books));
    world.assert_books_agree().await;
}

#[tokio::test]
async fn the_program_removes_what_is_old_by_itself_and_counts_it() {
    let world = World::start().await;
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let pool = world.pool();
    let ended = async || count(pool, "retention where next_at > now()").await == 1;
    world.wait_until("the first round is over", ended).await;
    received(pool, STORE, "old", 100).await;
    run(pool, "update retention set next_at = now()").await;
    world.wait_until("the old one is gone", async || count(pool, "inbox where webhook_id = 'old'").await == 0).await;
    world.wait_until("the round is over", ended).await;
    let metrics = world.get("/metrics").await.unwrap().text().await.unwrap();
    let counted = format!("cartledger_removed_rows_total{{store=\"{STORE}\",what=\"deliveries\"}} 1");
    assert!(metrics.contains(&counted), "{metrics}");
}
