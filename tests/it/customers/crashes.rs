//! A crash at each step and a lost answer at each request: one customer, its two contacts, and what the newest order says.

use std::time::Duration;

use cartledger::sandbox::bigcommerce::{Address, OrderDraft};
use cartledger::sandbox::intacct::{Fault, FaultKind};

use super::{office, order_home, order_to};
use crate::support::world::{World, guest};

/// The requests that make and change a customer with a ship-to contact.
const FUNCTIONS: [&str; 4] = ["create CONTACT", "create CUSTOMER", "update CONTACT", "update CUSTOMER"];

/// The writes that remember a new customer.
const MAKING: [&str; 6] = ["intend-customer", "settle", "keep-card", "link-customer", "note-buyer", "release-buyer"];

/// The writes that remember what a customer was told.
const TELLING: [&str; 5] = ["note-buyer", "claim-cards", "intend-customer", "settle", "note-told"];

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
    let world = World::start_asking_intacct("").await;
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
    let mut world = World::start_asking_intacct("").await;
    for function in FUNCTIONS {
        world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 1500 }).on_function(function));
    }
    world.shop.place_order(&order_to(guest(), office())).unwrap();
    for function in ["create CONTACT", "create CUSTOMER"] {
        world.kill_service_during(function).await;
        world.lapse().await;
        world.start_service().await;
    }
    world.all_told().await;
    world.shop.place_order(&order_to(moved(guest()), moved(office()))).unwrap();
    for function in ["update CONTACT", "update CUSTOMER"] {
        world.kill_service_during(function).await;
        world.lapse().await;
        world.start_service().await;
    }
    world.assert_one_customer_that_moved().await;
}

/// Each place where the program dies, and a buyer of its own for each.
fn places(steps: &[&'static str]) -> Vec<(String, String)> {
    let moments = steps.iter().flat_map(|step| ["before", "after"].map(|moment| format!("{step}.{moment}")));
    moments.enumerate().map(|(number, place)| (format!("{place}:1"), format!("buyer-{number}@example.com"))).collect()
}

fn order_of(email: &str, change: fn(Address) -> Address) -> OrderDraft {
    let of = |address: Address| change(Address { email: email.into(), ..address });
    order_to(of(guest()), of(office()))
}

#[tokio::test]
async fn a_crash_around_each_write_of_a_new_customer_leaves_one_customer() {
    let mut world = World::start_asking_intacct("").await;
    for (known, (place, email)) in places(&MAKING).into_iter().enumerate() {
        world.die_at(&place, &order_of(&email, |address| address)).await;
        let there = (world.company.customers().len(), world.company.contacts().len());
        assert_eq!(there, (known + 1, 2 * (known + 1)), "{place}");
    }
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_crash_around_each_write_of_an_update_ends_with_what_the_newest_order_says() {
    let mut world = World::start_asking_intacct("").await;
    let places = places(&TELLING);
    for (_, email) in &places {
        world.shop.place_order(&order_of(email, |address| address)).unwrap();
    }
    world.all_told().await;
    for (place, email) in &places {
        world.die_at(place, &order_of(email, moved)).await;
    }
    assert_eq!((world.company.customers().len(), world.company.contacts().len()), (places.len(), 2 * places.len()));
    for contact in world.company.contacts() {
        assert_eq!(contact.fields["MAILADDRESS.ADDRESS1"], "77 Rainey St", "{}", contact.name);
    }
    assert_eq!(world.store.open_holds(None, None, 0, 10).await.unwrap(), []);
    world.assert_books_agree().await;
}

impl World {
    /// Places an order with a program that dies at this place, starts it again, and waits until all is done.
    async fn die_at(&mut self, place: &str, order: &OrderDraft) {
        self.kill_service().await;
        let lives = self.try_start_service(Some(place)).await;
        self.shop.place_order(order).unwrap();
        if lives {
            self.until_dead(place).await;
        }
        self.lapse().await;
        self.start_service().await;
        self.all_told().await;
    }

    /// Lets everything lapse that the dead program held, as waiting would.
    async fn lapse(&self) {
        self.lapse_by("1 hour").await;
    }

    /// The same after so long: what was being sent may still be under way after a short time.
    async fn lapse_by(&self, time: &str) {
        for held in [
            "update lane set leased_until = '-infinity'",
            "delete from company_slot",
            "update customer_card set retry_at = now() where retry_at < 'infinity'",
        ] {
            sqlx::query(held).execute(self.pool()).await.unwrap();
        }
        let sent = "update document set sent_at = sent_at - $1::interval where state = 'sending'";
        sqlx::query(sent).bind(time).execute(self.pool()).await.unwrap();
    }

    async fn until_dead(&mut self, place: &str) {
        let begun = tokio::time::Instant::now();
        while !self.service_has_ended() {
            assert!(begun.elapsed() < super::PATIENCE, "{place}: it does not die: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_crash_between_a_customer_and_its_link_asks_nothing_again() {
    let mut world = World::start_asking_intacct("").await;
    world.kill_service().await;
    let _ = world.try_start_service(Some("link-customer.before:1")).await;
    world.shop.place_order(&order_home()).unwrap();
    world.until_dead("link-customer.before").await;
    world.lapse().await;
    world.start_service().await;
    world.all_told().await;
    assert_eq!(
        (world.company.customers().len(), world.calls("create CUSTOMER"), world.calls("update CUSTOMER")),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn a_buyer_who_moves_before_a_lost_try_is_certain_is_made_as_first_sent_and_then_told_the_move() {
    let mut world = World::start_asking_intacct("").await;
    for function in ["create CONTACT", "create CUSTOMER"] {
        world.company.add_fault(Fault::new(FaultKind::DropBeforeExecuting).on_function(function));
    }
    let order = world.shop.place_order(&order_to(guest(), office())).unwrap();
    for (left, home) in [(1, guest()), (0, moved(guest()))] {
        world.wait_until("it was sent", async || world.company.pending_faults().len() == left).await;
        world.kill_service().await;
        world.lapse_by("2 minutes").await;
        world.shop.edit(order, &order_to(home, moved(office()))).unwrap();
        world.start_service().await;
    }
    // Nothing waits until the first requests cannot be under way any more.
    world.settle().await;
    world.assert_one_customer_that_moved().await;
    assert_eq!((world.calls("update CONTACT"), world.calls("update CUSTOMER")), (1, 1));
}

#[tokio::test]
async fn another_order_of_the_buyer_sends_a_lost_request_again_when_its_own_order_is_gone() {
    let mut world = World::start_asking_intacct("").await;
    world.company.add_fault(Fault::new(FaultKind::DropBeforeExecuting).on_function("create CUSTOMER"));
    world.shop.place_order(&order_to(guest(), office())).unwrap();
    world.wait_until("it was sent", async || world.company.pending_faults().is_empty()).await;
    world.kill_service().await;
    world.lapse().await;
    sqlx::query("update lane set run_at = 'infinity', leased_until = '-infinity'").execute(world.pool()).await.unwrap();
    world.shop.place_order(&order_to(moved(guest()), moved(office()))).unwrap();
    world.start_service().await;
    world.wait_until("the other order is in the books", async || !world.company.invoices().is_empty()).await;
    sqlx::query("update lane set run_at = now() where run_at = 'infinity'").execute(world.pool()).await.unwrap();
    world.settle().await;
    world.assert_one_customer_that_moved().await;
}
