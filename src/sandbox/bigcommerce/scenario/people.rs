//! Who buys: registered customers, a company, and guests from several countries.

use rust_decimal::Decimal;

use super::super::draft::{Address, CustomerDraft};
use super::super::store::Store;
use super::catalogue::usd;

/// The registered customers' ids and everyone's addresses.
#[derive(Debug)]
pub(super) struct People {
    pub emma: (u64, Address),
    pub noah: (u64, Address),
    pub ohara: (u64, Address),
    pub company: (u64, Address),
    pub credit_holder: (u64, Address),
    pub guest_austin: Address,
    pub guest_gary: Address,
    pub guest_denver: Address,
    pub guest_london: Address,
    pub guest_berlin: Address,
    pub guest_vancouver: Address,
    pub guest_portland: Address,
}

/// First name, last name, company, street, city, state, postal code, country, country code.
type Card<'a> = [&'a str; 9];

fn address(card: Card<'_>, email: &str) -> Address {
    let [first_name, last_name, company, street, city, state, zip, country, country_code] = card.map(str::to_owned);
    let (phone, email) = ("555-0100".into(), email.into());
    Address { first_name, last_name, company, street, city, state, zip, country, country_code, phone, email }
}

fn registered(store: &Store, card: Card<'_>, email: &str, group: u64, store_credit: Decimal) -> (u64, Address) {
    let address = address(card, email);
    (store.register_customer(CustomerDraft { address: address.clone(), group, store_credit }), address)
}

const US: [&str; 2] = ["United States", "US"];

fn american<'a>(first: &'a str, last: &'a str, company: &'a str, street: &'a str, place: [&'a str; 3]) -> Card<'a> {
    let ([city, state, zip], [country, code]) = (place, US);
    [first, last, company, street, city, state, zip, country, code]
}

const AUSTIN: [&str; 3] = ["Austin", "Texas", "78751"];

impl People {
    /// Registers the customers of the day.
    pub fn register(store: &Store) -> Self {
        let none = Decimal::ZERO;
        let emma = american("Emma", "Larsen", "", "455 Main Street", AUSTIN);
        let noah = american("Noah", "Brandt", "", "12 Canal Street", ["Chicago", "Illinois", "60606"]);
        let ohara = american("Siobhán", "O'Hara", "O'Hara & Sons <Ltd>", "7 \"Quay\" Road", AUSTIN);
        let company =
            american("Dana", "Whitfield", "Whitfield Outfitting LLC", "900 Commerce Way", ["Gary", "Indiana", "46402"]);
        let holder = american("Rosa", "Delgado", "", "31 Pecan Lane", AUSTIN);
        let london =
            ["Oliver", "Hughes", "", "3 Mill Lane", "London", "Greater London", "SE1 9GF", "United Kingdom", "GB"];
        let berlin = ["Jürgen", "Müller", "", "Torstraße 5", "Berlin", "Berlin", "10119", "Germany", "DE"];
        let vancouver =
            ["Chloé", "Tremblay", "", "88 Davie St", "Vancouver", "British Columbia", "V6Z 1B1", "Canada", "CA"];
        Self {
            emma: registered(store, emma, "emma.larsen@example.com", 0, none),
            noah: registered(store, noah, "noah.brandt@example.com", 0, none),
            ohara: registered(store, ohara, "siobhan@ohara.example", 0, none),
            company: registered(store, company, "orders@whitfield.example", 2, none),
            credit_holder: registered(store, holder, "rosa.delgado@example.com", 0, usd(43_30)),
            guest_austin: address(american("Grace", "Holt", "", "9 Barton Creek", AUSTIN), "grace.holt@example.com"),
            guest_gary: address(
                american("Marcus", "Reed", "", "14 Lake St", ["Gary", "Indiana", "46403"]),
                "mreed@example.com",
            ),
            guest_denver: address(
                american("Lily", "Chen", "", "2 Larimer Sq", ["Denver", "Colorado", "80202"]),
                "lily.chen@example.com",
            ),
            guest_london: address(london, "oliver.hughes@example.co.uk"),
            guest_berlin: address(berlin, "j.mueller@example.de"),
            guest_vancouver: address(vancouver, "chloe.tremblay@example.ca"),
            guest_portland: address(
                american("Ivy", "Park", "", "5 Burnside", ["Portland", "Oregon", "97209"]),
                "ivy.park@example.com",
            ),
        }
    }
}
