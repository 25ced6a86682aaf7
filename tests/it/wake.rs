//! From a webhook to the shop: an order is looked at the moment it is due, and read once however many webhooks it had.

use std::time::Duration;

use crate::support::world::{STORE, World, order_of};

/// Settings that never look by themselves: only hints lead to an order.
fn without_polling(settings: String) -> String {
    settings.replace("poll_ms = 100", "poll_ms = 3600000")
}

#[tokio::test]
async fn an_order_is_worked_on_when_its_rest_is_over_without_waiting_for_the_poll() {
    let mut world = World::start().await;
    world.restart_changed(|settings| without_polling(settings).replace("debounce_ms = 50", "debounce_ms = 400")).await;
    for _ in 0..3 {
        let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
        world.settle().await;
        assert_eq!(world.store.order(STORE, order).await.unwrap().unwrap().outcome, "posted");
    }
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_webhook_that_comes_while_its_order_is_worked_on_needs_no_poll_either() {
    let mut world = World::start().await;
    world.restart_changed(|settings| without_polling(settings).replace("debounce_ms = 50", "debounce_ms = 0")).await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let destination = format!("{}/webhooks/bigcommerce/{STORE}", world.address);
    for _ in 0..50 {
        world.shop.send_order_event(&destination, order, "updated").await.unwrap();
    }
    world.settle().await;
    world.assert_books_agree().await;
}

#[tokio::test]
async fn three_webhooks_of_one_order_within_two_seconds_are_one_read_of_at_most_five_calls() {
    let mut world = World::start().await;
    // The rest after a webhook as it is by default.
    world.restart_changed(|settings| settings.replace("debounce_ms = 50\n", "")).await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let destination = format!("{}/webhooks/bigcommerce/{STORE}", world.address);
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(world.shop.send_order_event(&destination, order, "updated").await.unwrap(), 200);
    }
    assert!(world.store.deliveries(STORE).await.unwrap() >= 3);
    world.settle().await;
    let calls = world.shop.order_calls(order).unwrap();
    assert_eq!(calls.reads, 1);
    assert!(calls.calls <= 5, "{calls:?}");
    assert_eq!(world.store.order(STORE, order).await.unwrap().unwrap().outcome, "posted");
}
