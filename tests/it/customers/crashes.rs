//! A crash at each step and a lost answer at each request: one customer, its two contacts, and what the newest order says.

use cartledger::sandbox::bigcommerce::Address;
use cartledger::sandbox::intacct::{Fault, FaultKind};

use super::{office, order_home, order_to};
use crate::support::world::{World, guest};

/// The requests that make and change a customer with a ship-to contact.
const FUNCTIONS: [&str; 4] = ["create CONTACT", "create CUSTOMER", "update CONTACT", "update CUSTOMER"];

/// The writes that remember it.
const STEPS: [&str; 8] = [
    "intend-customer",
    "settle",
    "keep-card",
    "link-customer",
    "note-buyer",
    "release-buyer",
    "claim-cards",
    "note-told",
];

fn moved(address: Address) -> Address {
    Address { street: "77 Rainey St".into(), ..address }
}

impl World {
    async fn assert_one_customer_that_moved(&self) {
        self.all_told().await;
        let customer = self.only_customer();
        assert_eq!(self.company.contacts().len(), 2, "{:?}", self.contact_names());
        let ship_to = format!("{} ship-to", customer.id);
        assert_eq!(customer.fields["SHIPTO.CONTACTNAME"], ship_to);
        for contact in [&customer.contact_name, &ship_to] {
            assert_eq!(self.contact(contact)["MAILADDRESS.ADDRESS1"], "77 Rainey St", "{contact}");
        }
        let holds = self.store.open_holds(None, None, 0, 10).await.unwrap();
        assert!(holds.is_empty(), "{holds:?}");
        self.assert_books_agree().await;
    }
}

async fn one_buyer_under(kind: FaultKind) {
    let world = World::start().await;
    for function in FUNCTIONS {
        world.company.add_fault(Fault::new(kind).on_function(function));
    }
    world.shop.place_order(&order_to(guest(), office())).unwrap();
    world.all_told().await;
    world.shop.place_order(&order_to(moved(guest()), moved(office()))).unwrap();
    world.assert_one_customer_that_moved().await;
    assert!(world.company.pending_faults().is_empty(), "every fault has struck: {:?}", world.company.pending_faults());
}

#[tokio::test]
async fn a_lost_answer_at_each_request_leaves_one_customer() {
    one_buyer_under(FaultKind::LoseAnswer).await;
}

#[tokio::test]
async fn a_cut_connection_at_each_request_leaves_one_customer() {
    one_buyer_under(FaultKind::DropBeforeExecuting).await;
}

#[tokio::test]
async fn a_passing_failure_of_each_request_leaves_one_customer() {
    one_buyer_under(FaultKind::TransientFailure).await;
}

#[tokio::test]
async fn a_service_killed_during_each_request_leaves_one_customer() {
    let mut world = World::start().await;
    for function in FUNCTIONS {
        world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 1500 }).on_function(function));
    }
    world.shop.place_order(&order_to(guest(), office())).unwrap();
    for function in ["create CONTACT", "create CUSTOMER"] {
        world.kill_service_during(function).await;
        world.start_service().await;
    }
    world.all_told().await;
    world.shop.place_order(&order_to(moved(guest()), moved(office()))).unwrap();
    for function in ["update CONTACT", "update CUSTOMER"] {
        world.kill_service_during(function).await;
        world.start_service().await;
    }
    world.assert_one_customer_that_moved().await;
}

#[tokio::test]
async fn a_crash_before_and_after_each_write_leaves_one_customer() {
    let mut world = World::start().await;
    for (number, step) in STEPS.into_iter().enumerate() {
        for moment in ["before", "after"] {
            let place = format!("{step}.{moment}:1");
            let buyer = |address: Address| Address { email: format!("{number}-{moment}@example.com"), ..address };
            let known = world.company.customers().len();
            world.kill_service().await;
            let _ = world.try_start_service(Some(&place)).await;
            world.shop.place_order(&order_to(buyer(guest()), buyer(office()))).unwrap();
            world.rise_and_tell(&place).await;
            world.kill_service().await;
            let _ = world.try_start_service(Some(&place)).await;
            world.shop.place_order(&order_to(moved(buyer(guest())), moved(buyer(office())))).unwrap();
            world.rise_and_tell(&place).await;
            let customers = world.company.customers();
            assert_eq!((customers.len(), world.company.contacts().len()), (known + 1, 2 * (known + 1)), "{place}");
            for contact in world.company.contacts() {
                assert_eq!(contact.fields["MAILADDRESS.ADDRESS1"], "77 Rainey St", "{place}: {}", contact.name);
            }
        }
    }
    world.assert_books_agree().await;
}

impl World {
    /// Starts the program again once it has died, and waits until all is done; not every place is met each time.
    async fn rise_and_tell(&mut self, place: &str) {
        let begun = tokio::time::Instant::now();
        loop {
            if self.service_has_ended() {
                self.start_service().await;
                break;
            }
            let quiet = self.store.backlog().await.unwrap().lanes == 0 && self.shop.pending_deliveries() == 0;
            if quiet && self.store.customers_to_tell(crate::support::world::STORE).await.unwrap() == 0 {
                break;
            }
            assert!(begun.elapsed() < super::PATIENCE, "{place}: {}", self.log());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        self.all_told().await;
    }
}

#[tokio::test]
async fn a_crash_between_a_customer_and_its_link_asks_nothing_again() {
    let mut world = World::start().await;
    world.kill_service().await;
    let _ = world.try_start_service(Some("link-customer.before:1")).await;
    world.shop.place_order(&order_home()).unwrap();
    world.until_dead().await;
    world.start_service().await;
    world.all_told().await;
    assert_eq!(
        (world.company.customers().len(), world.calls("create CUSTOMER"), world.calls("update CUSTOMER")),
        (1, 1, 0)
    );
}

impl World {
    async fn until_dead(&mut self) {
        let begun = tokio::time::Instant::now();
        while !self.service_has_ended() {
            assert!(begun.elapsed() < super::PATIENCE, "it does not die: {}", self.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}
