//! A new buyer becomes one customer with the addresses of the order, whoever else is at it.

use std::collections::BTreeSet;

use cartledger::sandbox::bigcommerce::{Address, Destination, LineDraft, OrderDraft};
use cartledger::sandbox::intacct::{Fault, FaultKind};
use rust_decimal::Decimal;

use super::{office, order_home, order_to};
use crate::support::world::{World, guest};

#[tokio::test]
async fn bill_and_parcel_go_to_two_contacts_when_their_addresses_differ() {
    let world = World::start_asking_intacct("").await;
    world.shop.place_order(&order_to(guest(), office())).unwrap();
    world.all_told().await;
    let customer = world.only_customer();
    let ship_to = format!("{} ship-to", customer.id);
    assert_eq!(customer.fields["SHIPTO.CONTACTNAME"], ship_to);
    let field = |fields: &std::collections::BTreeMap<String, String>, name: &str| fields[name].clone();
    let bill = world.contact(&customer.contact_name);
    assert!(customer.contact_name.starts_with(&format!("{} ", customer.id)), "{}", customer.contact_name);
    assert_eq!(field(&bill, "MAILADDRESS.ADDRESS1"), "1 Congress Ave");
    assert_eq!(field(&bill, "MAILADDRESS.COUNTRYCODE"), "US");
    let parcel = world.contact(&ship_to);
    assert_eq!(field(&parcel, "PRINTAS"), "Compilers Inc");
    assert_eq!(field(&parcel, "MAILADDRESS.ADDRESS1"), "9 Navy Yard");
    assert_eq!(world.company.contacts().len(), 2);
    assert_eq!(
        (world.calls("create CUSTOMER"), world.calls("create CONTACT"), world.calls("update CUSTOMER")),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn one_address_needs_no_second_contact_and_neither_do_several_nor_none() {
    let world = World::start_asking_intacct("").await;
    let typed_again = Address { street: "1  CONGRESS Ave ".into(), ..guest() };
    let buyer = |email: &str| Address { email: email.into(), ..guest() };
    let line = |destination| LineDraft::new("WEAR-BOOT", "A boot", 1, Decimal::new(12000, 2)).to(destination);
    let to = |address: Address| {
        let (shipping, handling, rates) = (Decimal::ZERO, Decimal::ZERO, Vec::new());
        Destination { address, method: "Ground".into(), shipping, handling, rates }
    };
    world.shop.place_order(&order_to(guest(), typed_again)).unwrap();
    let gifts = OrderDraft::guest(buyer("gifts@example.com")).line(line(0)).line(line(1));
    world.shop.place_order(&gifts.destination(to(guest())).destination(to(office()))).unwrap();
    let download = LineDraft::new("DIGI-GUIDE", "A guide", 1, Decimal::new(1900, 2)).digital();
    world.shop.place_order(&OrderDraft::guest(buyer("download@example.com")).line(download)).unwrap();
    world.all_told().await;
    assert_eq!((world.company.customers().len(), world.company.contacts().len()), (3, 3));
}

#[tokio::test]
async fn two_orders_of_one_new_buyer_at_the_same_time_and_two_replicas_make_one_customer() {
    let mut world = World::start_asking_intacct("").await;
    world.start_replica();
    // Whoever comes second meets a creation under way.
    for function in ["create CONTACT", "create CUSTOMER"] {
        world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 700 }).on_function(function));
    }
    world.shop.hold_deliveries();
    for _ in 0..6 {
        world.shop.place_order(&order_to(guest(), office())).unwrap();
    }
    world.shop.release_deliveries(cartledger::sandbox::bigcommerce::ReleaseOrder::AsHappened);
    world.all_told().await;
    assert_eq!((world.company.customers().len(), world.company.contacts().len()), (1, 2));
    assert_eq!((world.calls("create CUSTOMER"), world.calls("create CONTACT")), (1, 1));
    assert_eq!(world.billed().iter().collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(world.company.invoices().len(), 6);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_contact_in_the_way_of_the_ship_to_is_told_apart_from_ours_and_the_order_waits_for_it() {
    let world = World::start_asking_intacct("").await;
    let (draft, id) = (order_to(guest(), office()), guest_id());
    world.contact_by_hand(&format!("{id} ship-to")).await;
    let order = world.shop.place_order(&draft).unwrap();
    assert_eq!(
        world.held(order).await,
        format!(
            "customer-refused: Intacct has a contact named '{id} ship-to' that is not this customer's, and names of \
             contacts are unique"
        )
    );
    assert_eq!(world.company.customers().len(), 0);
}

#[tokio::test]
async fn a_contact_in_the_way_of_the_customer_holds_the_order_and_the_customer_made_by_hand_releases_it() {
    let world = World::start_asking_intacct("").await;
    let id = guest_id();
    world.contact_by_hand(&format!("{id} O'Hara & Sons <Ltd>").replace(['&', '<', '>'], "")).await;
    let company = Address { company: "O'Hara & Sons <Ltd>".into(), ..guest() };
    let order = world.shop.place_order(&order_to(company.clone(), company)).unwrap();
    let said = world.held(order).await;
    assert!(said.starts_with("customer-refused: Intacct has a contact named"), "{said}");
    world.customer_by_hand(&id, "ada@example.com", None).await;
    world.posted(order).await;
    assert_eq!(world.billed(), [id]);
}

#[tokio::test]
async fn a_name_longer_than_intacct_takes_is_cut_and_an_address_it_refuses_is_left_out() {
    let world = World::start_asking_intacct("").await;
    let odd = Address {
        company: "日本語株式会社 ".repeat(30),
        street: "Ä".repeat(300),
        zip: "9".repeat(80),
        email: "not-quite@example".into(),
        ..guest()
    };
    world.shop.place_order(&order_to(odd.clone(), odd)).unwrap();
    world.settle().await;
    let customer = world.only_customer();
    assert_eq!(customer.name.chars().count(), 100);
    assert!(!customer.fields.contains_key("DISPLAYCONTACT.EMAIL1"));
}

#[tokio::test]
async fn a_repeat_buyer_costs_no_look_up() {
    let world = World::start_asking_intacct("").await;
    world.shop.place_order(&order_home()).unwrap();
    world.settle().await;
    let asked = world.look_ups();
    world.shop.place_order(&order_home()).unwrap();
    world.all_told().await;
    assert_eq!((world.look_ups(), world.calls("create CUSTOMER")), (asked, 1));
    assert_eq!(world.calls("update CUSTOMER"), 0, "nothing changed, so nothing is told");
}

/// The id of the guest's customer.
fn guest_id() -> String {
    cartledger::accounting::customer::BuyerIdentity::guest("ada@example.com").intacct_id("BC-")
}
