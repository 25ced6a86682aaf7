//! Whose customer a buyer is: by our id, by the shop's id in a custom field, by e-mail; several, inactive, mirrored.

use cartledger::intacct::functions::{ContactChange, Function, RecordReference, UpdateCustomer};
use cartledger::sandbox::bigcommerce::{Address, CustomerDraft, LineDraft, OrderDraft};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{office, order_home, order_to};
use crate::support::world::{World, demo_rules, guest};

const EMAIL: &str = "ADA@Example.com";

fn with_rule(rule: Value) -> Value {
    let mut rules = demo_rules();
    let all = if rules.is_array() { rules.as_array_mut() } else { rules["rules"].as_array_mut() };
    all.unwrap().push(rule);
    rules
}

/// An order of a buyer who is registered with the shop, and the buyer's id there.
fn registered(world: &World) -> (OrderDraft, u64) {
    let id = world.shop.register_customer(CustomerDraft { address: guest(), group: 0, store_credit: Decimal::ZERO });
    let line = LineDraft::new("WEAR-BOOT", "A boot", 1, Decimal::new(12000, 2));
    let order = OrderDraft::customer(id, guest()).line(line);
    (order.ship("Ground", Decimal::ZERO, Decimal::ZERO, &[]), id)
}

#[tokio::test]
async fn a_customer_with_the_buyers_address_is_used_whatever_its_capitals_and_left_as_it_is() {
    let world = World::start_asking_intacct("").await;
    world.customer_by_hand("1001", EMAIL, None).await;
    world.shop.place_order(&order_to(guest(), office())).unwrap();
    world.all_told().await;
    assert_eq!(world.billed(), ["1001"]);
    let customer = world.only_customer();
    assert_eq!((customer.name.as_str(), world.calls("update CUSTOMER")), ("Customer 1001", 0));
    assert_eq!(world.contact_names(), ["1001 by hand"], "no ship-to contact is made for it either");
}

#[tokio::test]
async fn the_shops_id_in_a_custom_field_comes_before_the_address() {
    let world = World::start_asking_intacct("customers = { id_field = \"BC_CUSTOMER_ID\" }\n").await;
    let (order, id) = registered(&world);
    world.customer_by_hand("1001", EMAIL, None).await;
    world.customer_by_hand("1002", "else@example.com", Some(id)).await;
    world.shop.place_order(&order).unwrap();
    world.settle().await;
    assert_eq!(world.billed(), ["1002"]);
}

#[tokio::test]
async fn a_customer_made_here_gets_the_shops_id_in_the_custom_field() {
    let world = World::start_asking_intacct("customers = { id_field = \"BC_CUSTOMER_ID\" }\n").await;
    let (order, id) = registered(&world);
    world.shop.place_order(&order).unwrap();
    world.settle().await;
    assert_eq!(world.only_customer().fields["BC_CUSTOMER_ID"], id.to_string());
}

#[tokio::test]
async fn several_customers_with_the_address_are_all_named_and_the_order_goes_on_when_finance_has_decided() {
    let world = World::start_asking_intacct("").await;
    world.customer_by_hand("1001", EMAIL, None).await;
    world.customer_by_hand("1002", EMAIL, None).await;
    world.set_active("1001", false);
    let (first, second) =
        (world.shop.place_order(&order_home()).unwrap(), world.shop.place_order(&order_home()).unwrap());
    assert_eq!(
        world.held(first).await,
        "customer-ambiguous: 2 customers in Intacct have the buyer's e-mail address: 1001 (Customer 1001, inactive), \
         1002 (Customer 1002)"
    );
    world.held(second).await;
    assert_eq!(world.company.invoices().len(), 0);
    // Both orders go on by a rule that decides, without a replay.
    let rule = json!({ "id": "guests", "kind": "customer", "conditions": { "guest": "yes" }, "gives": { "summary_customer": "1002" } });
    assert_eq!(world.put_rules(&with_rule(rule)).await, 201);
    world.settle().await;
    assert_eq!(world.billed(), ["1002", "1002"]);
}

#[tokio::test]
async fn the_only_active_or_the_most_recent_of_several_is_taken_where_the_policy_says_so() {
    let world = World::start_asking_intacct("customers = { several_matches = \"active-only\" }\n").await;
    world.customer_by_hand("1001", EMAIL, None).await;
    world.customer_by_hand("1002", EMAIL, None).await;
    world.set_active("1001", false);
    world.shop.place_order(&order_home()).unwrap();
    world.settle().await;
    assert_eq!(world.billed(), ["1002"]);

    let world = World::start_asking_intacct("customers = { several_matches = \"most-recent\" }\n").await;
    world.customer_by_hand("1009", EMAIL, None).await;
    world.customer_by_hand("1001", EMAIL, None).await;
    world.shop.place_order(&order_home()).unwrap();
    world.settle().await;
    assert_eq!(world.billed(), ["1001"], "the one that was made last");
}

#[tokio::test]
async fn an_inactive_customer_holds_all_of_its_orders_and_lets_them_go_when_it_is_active_again() {
    let world = World::start_asking_intacct("").await;
    world.customer_by_hand("1001", EMAIL, None).await;
    world.set_active("1001", false);
    let orders = [0; 3].map(|_| world.shop.place_order(&order_home()).unwrap());
    for order in orders {
        assert_eq!(
            world.held(order).await,
            "customer-inactive: the buyer's customer is inactive in Intacct, which takes no documents then: 1001 \
             (Customer 1001, inactive)"
        );
    }
    assert_eq!((world.company.customers().len(), world.calls("create_invoice")), (1, 0));
    world.set_active("1001", true);
    for order in orders {
        world.posted(order).await;
    }
    assert_eq!(world.billed(), ["1001", "1001", "1001"]);
    world.settle().await;
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_known_customer_that_became_inactive_holds_its_orders_until_it_is_active_again() {
    let world = World::start_asking_intacct("").await;
    let first = world.shop.place_order(&order_home()).unwrap();
    world.settle().await;
    let id = world.only_customer().id;
    world.set_active(&id, false);
    let second = world.shop.place_order(&order_home()).unwrap();
    world.until("both are said", async || world.holds(second).await.len() == 2).await;
    let mut codes = world.holds(second).await;
    codes.sort();
    assert_eq!(codes, ["customer-inactive", "rejected-by-intacct"]);
    let refused = world.calls("create_invoice");
    // From now on Intacct is asked first, and nothing more is refused.
    let third = world.shop.place_order(&order_home()).unwrap();
    assert!(world.held(third).await.starts_with("customer-inactive"));
    assert_eq!(world.calls("create_invoice"), refused);
    world.set_active(&id, true);
    for order in [first, second, third] {
        world.posted(order).await;
    }
    world.settle().await;
    world.assert_books_agree().await;
}

#[tokio::test]
async fn guests_are_held_or_share_a_customer_where_the_store_says_so() {
    let world = World::start_asking_intacct("customers = { guests = \"hold\" }\n").await;
    let order = world.shop.place_order(&order_home()).unwrap();
    assert!(world.held(order).await.starts_with("guest-order"));
    world.customer_by_hand("WEB", "web@example.com", None).await;
    let rule = json!({ "id": "guests", "kind": "customer", "conditions": { "guest": "yes" }, "gives": { "summary_customer": "WEB" } });
    assert_eq!(world.put_rules(&with_rule(rule)).await, 201);
    world.posted(order).await;
    assert_eq!(world.billed(), ["WEB"]);
}

#[tokio::test]
async fn a_fresh_mirror_spares_every_look_up_of_a_matched_and_of_a_new_buyer() {
    let world = World::start().await;
    world.customer_by_hand("1001", EMAIL, None).await;
    world.refresh_masters().await;
    world.shop.place_order(&order_home()).unwrap();
    world.settle().await;
    assert_eq!((world.billed(), world.look_ups()), (vec!["1001".to_owned()], 0));

    let stranger = Address { email: "new@example.com".into(), ..guest() };
    world.shop.place_order(&order_to(stranger.clone(), stranger)).unwrap();
    world.settle().await;
    assert_eq!((world.company.customers().len(), world.look_ups()), (2, 0));
}

#[tokio::test]
async fn a_customer_of_our_id_that_the_mirror_does_not_know_is_met_and_used() {
    let world = World::start().await;
    world.mirrored().await;
    let (order, id) = registered(&world);
    world.customer_by_hand(&format!("BC-C{id}"), "else@example.com", None).await;
    world.shop.place_order(&order).unwrap();
    world.all_told().await;
    assert_eq!(world.billed(), [format!("BC-C{id}")]);
    let customer = world.only_customer();
    assert_eq!(customer.name, format!("Customer BC-C{id}"), "it is not ours, so it is left as it is");
}

#[tokio::test]
async fn a_mirror_that_would_hold_an_order_is_not_believed_before_intacct_was_asked() {
    let world = World::start().await;
    world.customer_by_hand("1001", EMAIL, None).await;
    world.customer_by_hand("1002", EMAIL, None).await;
    world.refresh_masters().await;
    let new_address = ContactChange { email: Some("else@example.com".into()), ..ContactChange::default() };
    world
        .by_hand(Function::UpdateCustomer(Box::new(UpdateCustomer {
            display_contact: new_address,
            ..UpdateCustomer::new(RecordReference::Id("1002".into()))
        })))
        .await;
    let order = world.shop.place_order(&order_home()).unwrap();
    world.posted(order).await;
    assert_eq!((world.billed(), world.look_ups()), (vec!["1001".to_owned()], 1));
}
