//! Customers through the real program: matched, created, held, and told when their buyers change; each exactly once.

mod crashes;
mod creating;
mod following;
mod matching;

use std::collections::BTreeMap;
use std::time::Duration;

use cartledger::clock::random_id;
use cartledger::intacct::functions::{Contact, CreateContact, CreateCustomer, Function};
use cartledger::intacct::outcome::Outcome;
use cartledger::intacct::request::{ControlId, FunctionCall};
use cartledger::intacct::xml::FieldName;
use cartledger::sandbox::bigcommerce::{Address, Destination, LineDraft, OrderDraft};
use cartledger::sandbox::intacct::{Customer, SettingsChange};
use rust_decimal::Decimal;

use crate::support::world::{STORE, World, guest};

const PATIENCE: Duration = Duration::from_secs(60);

/// An order of a guest at this address that ships to another.
fn order_to(billing: Address, to: Address) -> OrderDraft {
    let nothing = Decimal::ZERO;
    let destination =
        Destination { address: to, method: "Ground".into(), shipping: nothing, handling: nothing, rates: Vec::new() };
    OrderDraft::guest(billing)
        .line(LineDraft::new("WEAR-BOOT", "A boot", 1, Decimal::new(12000, 2)))
        .destination(destination)
}

/// The guest's order to the guest's own address.
fn order_home() -> OrderDraft {
    order_to(guest(), guest())
}

/// Somebody else's address in another town.
fn office() -> Address {
    Address {
        first_name: "Grace".into(),
        last_name: "Hopper".into(),
        company: "Compilers Inc".into(),
        street: "9 Navy Yard".into(),
        city: "Arlington".into(),
        state: "Virginia".into(),
        zip: "22202".into(),
        ..guest()
    }
}

impl World {
    /// Somebody in finance does this in Intacct by hand.
    async fn by_hand(&self, function: Function) {
        let control_id = ControlId::new(format!("by-hand-{}", random_id())).unwrap();
        match self.finance().call(&[FunctionCall { control_id, function }]).await.unwrap().remove(0) {
            Outcome::Done(_) => {}
            other => panic!("{other:?}"),
        }
    }

    /// Somebody in finance makes a customer with this e-mail address, and the shop's id in the custom field.
    async fn customer_by_hand(&self, id: &str, email: &str, shop_id: Option<u64>) {
        let field = |shop_id: u64| (FieldName::new("BC_CUSTOMER_ID").unwrap(), shop_id.to_string());
        self.by_hand(Function::CreateCustomer(Box::new(CreateCustomer {
            customer_id: Some(id.into()),
            name: format!("Customer {id}"),
            display_contact: Contact {
                name: Some(format!("{id} by hand")),
                print_as: format!("Customer {id}"),
                email: Some(email.into()),
                ..Contact::default()
            },
            bill_to: None,
            ship_to: None,
            customer_type: None,
            term: None,
            currency: None,
            comments: None,
            custom_fields: shop_id.map(field).into_iter().collect(),
        })))
        .await;
    }

    async fn contact_by_hand(&self, name: &str) {
        let contact = Contact { name: Some(name.into()), print_as: "Somebody".into(), ..Contact::default() };
        self.by_hand(Function::CreateContact(Box::new(CreateContact { contact }))).await;
    }

    fn set_active(&self, id: &str, active: bool) {
        let id = Some(id.to_owned());
        let change = if active {
            SettingsChange { activate_customer: id, ..SettingsChange::default() }
        } else {
            SettingsChange { deactivate_customer: id, ..SettingsChange::default() }
        };
        self.company.change(&change).unwrap();
    }

    /// The customers of the invoices, in the order they were made.
    fn billed(&self) -> Vec<String> {
        self.company.invoices().into_iter().map(|invoice| invoice.customer_id).collect()
    }

    /// The one customer there is.
    #[track_caller]
    fn only_customer(&self) -> Customer {
        let mut customers = self.company.customers();
        assert_eq!(customers.len(), 1, "{customers:?}");
        customers.remove(0)
    }

    /// The fields of a contact.
    #[track_caller]
    fn contact(&self, name: &str) -> BTreeMap<String, String> {
        let found = self.company.contacts().into_iter().find(|contact| contact.name == name);
        found.unwrap_or_else(|| panic!("no contact {name}")).fields
    }

    fn contact_names(&self) -> Vec<String> {
        self.company.contacts().into_iter().map(|contact| contact.name).collect()
    }

    /// Waits until Intacct was told everything that orders say of their buyers.
    async fn all_told(&self) {
        self.settle().await;
        self.until("customers are told", async || self.store.customers_to_tell(STORE).await.unwrap() == 0).await;
    }

    async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let begun = tokio::time::Instant::now();
        while !is_so().await {
            assert!(begun.elapsed() < PATIENCE, "not yet: {what}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the order is held, and answers why; orders that are held this way are tried again now and then, so
    /// nothing settles.
    async fn held(&self, order: u64) -> String {
        self.until("the order is held", async || !self.holds(order).await.is_empty()).await;
        let open = self.store.open_holds(Some(STORE), Some(order), 0, 10).await.unwrap();
        let [stored] = &open[..] else { panic!("{open:?}") };
        assert!(!stored.hold.remedy.is_empty());
        format!("{}: {}", stored.hold.code, stored.hold.message)
    }

    async fn posted(&self, order: u64) {
        self.until("the order is posted", async || {
            let standing = self.store.order(STORE, order).await.unwrap();
            standing.is_some_and(|standing| standing.outcome == "posted")
        })
        .await;
    }

    /// How often the company was asked this.
    fn calls(&self, label: &str) -> u64 {
        self.company.requests().functions.get(label).map_or(0, |count| count.executed)
    }

    /// How often customers were looked up by id or e-mail address; readings of the mirror are none.
    fn look_ups(&self) -> usize {
        let asks = |body: &str| {
            ["CUSTOMERID", "DISPLAYCONTACT.EMAIL1"]
                .iter()
                .any(|field| body.contains(&format!("<equalto><field>{field}<")))
        };
        self.company.requests().recent.iter().filter(|request| asks(&request.body)).count()
    }
}
