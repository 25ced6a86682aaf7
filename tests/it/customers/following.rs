//! Customers follow their buyers: what a later order says is told once, an older one changes nothing.

use std::collections::BTreeMap;

use cartledger::sandbox::bigcommerce::{Address, OrderDraft};
use cartledger::sandbox::intacct::{Fault, FaultKind};

use super::{office, order_home, order_to};
use crate::support::world::{STORE, World, guest};

fn moved() -> Address {
    Address { street: "77 Rainey St".into(), zip: "78702".into(), phone: "555-0199".into(), ..guest() }
}

fn at(draft: OrderDraft, day: &str) -> OrderDraft {
    draft.created(format!("{day}T12:00:00Z").parse().unwrap())
}

impl World {
    fn bill_to(&self) -> BTreeMap<String, String> {
        self.contact(&self.only_customer().contact_name)
    }

    fn street(&self) -> String {
        self.bill_to()["MAILADDRESS.ADDRESS1"].clone()
    }

    fn ship_to(&self) -> BTreeMap<String, String> {
        self.contact(&format!("{} ship-to", self.only_customer().id))
    }

    async fn order(&self, draft: &OrderDraft) -> u64 {
        let order = self.shop.place_order(draft).unwrap();
        self.all_told().await;
        order
    }
}

#[tokio::test]
async fn a_buyer_who_moved_is_told_once_and_under_a_key_of_its_own() {
    let world = World::start_asking_intacct("").await;
    world.order(&order_home()).await;
    world.order(&order_to(moved(), moved())).await;
    assert_eq!((world.street(), world.bill_to()["PHONE1"].clone()), ("77 Rainey St".to_owned(), "555-0199".to_owned()));
    world.order(&order_to(moved(), moved())).await;
    assert_eq!((world.calls("update CUSTOMER"), world.calls("create CUSTOMER")), (1, 1));
    let key = format!("{STORE}/customer/{}/r2", world.only_customer().id);
    let update = world.store.document(STORE, &key).await.unwrap().unwrap();
    assert_eq!((update.state.as_str(), update.attempts), ("posted", 1));
}

#[tokio::test]
async fn an_older_order_that_comes_late_changes_nothing() {
    let world = World::start_asking_intacct("").await;
    world.order(&at(order_to(moved(), moved()), "2026-03-20")).await;
    world.order(&at(order_home(), "2026-03-10")).await;
    assert_eq!((world.street(), world.calls("update CUSTOMER")), ("77 Rainey St".to_owned(), 0));
    // Nor does it when what it says is what a newer one has said again meanwhile.
    world.order(&at(order_to(moved(), moved()), "2026-03-25")).await;
    world.order(&at(order_home(), "2026-03-22")).await;
    assert_eq!((world.street(), world.calls("update CUSTOMER")), ("77 Rainey St".to_owned(), 0));
    world.order(&at(order_home(), "2026-03-26")).await;
    assert_eq!((world.street(), world.calls("update CUSTOMER")), ("1 Congress Ave".to_owned(), 1));
}

#[tokio::test]
async fn a_ship_to_is_made_when_it_is_first_needed_changed_when_it_moves_and_left_alone_by_downloads() {
    let world = World::start_asking_intacct("").await;
    world.order(&order_home()).await;
    world.order(&order_to(guest(), office())).await;
    let customer = world.only_customer();
    assert_eq!(customer.fields["SHIPTO.CONTACTNAME"], format!("{} ship-to", customer.id));
    assert_eq!(world.ship_to()["MAILADDRESS.ADDRESS1"], "9 Navy Yard");
    let further = Address { street: "10 Navy Yard".into(), ..office() };
    world.order(&order_to(guest(), further)).await;
    assert_eq!(world.ship_to()["MAILADDRESS.ADDRESS1"], "10 Navy Yard");
    world.order(&order_home()).await;
    assert_eq!(world.ship_to()["MAILADDRESS.ADDRESS1"], "1 Congress Ave", "goods go home again");
    assert_eq!(
        (world.calls("create CONTACT"), world.calls("update CONTACT"), world.calls("update CUSTOMER")),
        (1, 2, 1)
    );
    assert_eq!(world.company.contacts().len(), 2);
}

#[tokio::test]
async fn a_matched_customer_follows_its_buyer_only_where_the_store_says_so() {
    let world = World::start_asking_intacct("customers = { update_matched = true }\n").await;
    world.customer_by_hand("1001", "ada@example.com", None).await;
    world.order(&order_home()).await;
    assert_eq!((world.billed(), world.street()), (vec!["1001".to_owned()], "1 Congress Ave".to_owned()));
    world.order(&order_to(moved(), moved())).await;
    assert_eq!((world.street(), world.calls("update CUSTOMER")), ("77 Rainey St".to_owned(), 2));
}

#[tokio::test]
async fn an_update_that_is_refused_holds_no_order_is_shown_and_is_tried_with_the_next_change() {
    let world = World::start_asking_intacct("").await;
    world.order(&order_home()).await;
    let id = world.only_customer().id;
    world.company.add_fault(Fault::new(FaultKind::SmartRule).on_function("update CUSTOMER"));
    let order = world.shop.place_order(&order_to(moved(), moved())).unwrap();
    world.posted(order).await;
    let shown = || async {
        let open = world.store.open_holds(Some(STORE), None, 0, 10).await.unwrap();
        open.into_iter().map(|stored| (stored.document_key, stored.hold.code)).collect::<Vec<_>>()
    };
    let key = format!("{STORE}/customer/{id}/r2");
    world.until("the refusal is shown", async || !shown().await.is_empty()).await;
    assert_eq!(shown().await, [(Some(key), "customer-refused".to_owned())]);
    assert_eq!((world.street(), world.billed().len()), ("1 Congress Ave".to_owned(), 2));
    world.order(&order_to(moved(), moved())).await;
    assert_eq!((world.street(), shown().await), ("77 Rainey St".to_owned(), vec![]));
}

#[tokio::test]
async fn orders_that_contradict_each_other_at_the_same_time_end_with_the_newest() {
    let world = World::start_asking_intacct("").await;
    world.order(&at(order_home(), "2026-03-01")).await;
    world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 400 }).on_function("update CUSTOMER").times(2));
    world.shop.hold_deliveries();
    for (day, street) in [("2026-03-05", "5 Old St"), ("2026-03-09", "9 New St"), ("2026-03-07", "7 Mid St")] {
        let address = Address { street: street.into(), ..guest() };
        world.shop.place_order(&at(order_to(address.clone(), address), day)).unwrap();
    }
    world.shop.release_deliveries(cartledger::sandbox::bigcommerce::ReleaseOrder::Reversed);
    world.all_told().await;
    assert_eq!(world.street(), "9 New St");
}
