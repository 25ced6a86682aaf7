//! Who an order is with: the buyer's identity, the Intacct customer id made from it, and the record to create it from.

use serde::{Deserialize, Serialize};

use super::evidence::Address;
use super::hash::{hash_of, short_hash};

/// The longest customer id, in characters (Intacct docs, customers).
pub const LONGEST_CUSTOMER_ID: usize = 20;

/// Who a buyer is to us.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuyerIdentity {
    /// A registered customer of the store, by BigCommerce's customer id.
    Registered(u64),
    /// A guest, by e-mail address in lower case without blanks around it.
    Guest(String),
    /// One Intacct customer that stands for many buyers, by its Intacct id.
    Summary(String),
}

impl BuyerIdentity {
    /// A guest by the address as typed.
    pub fn guest(email: &str) -> Self {
        Self::Guest(email.trim().to_lowercase())
    }

    /// The Intacct customer id: `prefix` and `C` and the customer's id, `prefix` and `G` and twelve hexadecimal digits of
    /// the e-mail address's SHA-256, or the summary customer's own id. The same buyer gets the same id for ever. Ids that
    /// would be longer than [`LONGEST_CUSTOMER_ID`] use twelve digits of their hash instead.
    pub fn intacct_id(&self, prefix: &str) -> String {
        match self {
            Self::Registered(id) => {
                let plain = format!("{prefix}C{id}");
                if plain.len() <= LONGEST_CUSTOMER_ID { plain } else { format!("{prefix}H{}", short_hash(&plain)) }
            }
            Self::Guest(email) => format!("{prefix}G{}", short_hash(email)),
            Self::Summary(id) => id.clone(),
        }
    }
}

/// A customer as documents name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRef {
    /// Who the buyer is.
    pub identity: BuyerIdentity,
    /// The Intacct customer id it gets when no existing customer is matched.
    pub intacct_id: String,
}

impl CustomerRef {
    /// The reference for a buyer, with the store's number prefix.
    pub fn new(identity: BuyerIdentity, prefix: &str) -> Self {
        let intacct_id = identity.intacct_id(prefix);
        Self { identity, intacct_id }
    }
}

/// What a customer is created from when Intacct does not know it yet. Holds personal data: never log it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerRecord {
    /// How documents name it.
    pub reference: CustomerRef,
    /// The name: the company's when there is one, else the person's, else the e-mail address.
    pub name: String,
    /// The person's first name.
    pub first_name: String,
    /// The person's last name.
    pub last_name: String,
    /// The company, may be empty.
    pub company: String,
    /// The e-mail address, in lower case.
    pub email: String,
    /// The phone number, may be empty.
    pub phone: String,
    /// Where the bill goes.
    pub billing: Address,
    /// Where the goods go, when all of them go to one address. `None` when nothing ships, and when they go to several:
    /// which of those is the buyer's own cannot be told.
    pub shipping: Option<Address>,
    /// Intacct's customer type, when the customer rule gives one.
    pub customer_type: Option<String>,
    /// Intacct's payment term, when the customer rule or the policy gives one.
    pub terms: Option<String>,
}

impl CustomerRecord {
    /// The address the goods go to, when it is another than the bill's.
    pub fn ship_to(&self) -> Option<&Address> {
        self.shipping.as_ref().filter(|to| !same_place(to, &self.billing))
    }

    /// Hash of what the customer itself says: name, person, company, e-mail, phone, billing address. Type and term are not
    /// in it: they come from rules and change nothing of a customer that exists.
    pub fn card_hash(&self) -> String {
        let person = (&self.name, &self.first_name, &self.last_name, &self.company, &self.email, &self.phone);
        hash_of(&(person, &self.billing))
    }

    /// Hash of where the goods go; `None` when the order does not say.
    pub fn ship_to_hash(&self) -> Option<String> {
        self.shipping.as_ref().map(hash_of)
    }
}

/// Whether two addresses are the same place and name, whatever their capitals and blanks. E-mail and phone do not count.
pub fn same_place(left: &Address, right: &Address) -> bool {
    fn parts(address: &Address) -> [&str; 9] {
        [
            &address.first_name,
            &address.last_name,
            &address.company,
            &address.street_1,
            &address.street_2,
            &address.city,
            &address.state,
            &address.zip,
            &address.country_code,
        ]
    }
    let alike = |left: &str, right: &str| left == right || tidy(left).to_lowercase() == tidy(right).to_lowercase();
    parts(left).into_iter().zip(parts(right)).all(|(left, right)| alike(left, right))
}

/// A text in one line: control characters become blanks, several blanks become one, none are left at the ends.
pub fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()) {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(street: &str, city: &str) -> Address {
        Address { street_1: street.into(), city: city.into(), country_code: "US".into(), ..Address::default() }
    }

    fn record(billing: Address, shipping: Option<Address>) -> CustomerRecord {
        CustomerRecord {
            reference: CustomerRef::new(BuyerIdentity::Registered(42), "BC-"),
            name: "Ada".into(),
            first_name: "Ada".into(),
            last_name: String::new(),
            company: String::new(),
            email: "ada@example.com".into(),
            phone: String::new(),
            billing,
            shipping,
            customer_type: None,
            terms: None,
        }
    }

    #[test]
    fn only_another_place_is_a_ship_to_of_its_own() {
        let home = address("1 Elm St", "Austin");
        assert_eq!(record(home.clone(), None).ship_to(), None);
        let typed_again = Address { email: "other@example.com".into(), ..address(" 1  ELM St", "austin ") };
        assert_eq!(record(home.clone(), Some(typed_again)).ship_to(), None);
        let office = address("2 Oak St", "Austin");
        assert_eq!(record(home, Some(office.clone())).ship_to(), Some(&office));
    }

    #[test]
    fn a_change_of_either_address_changes_its_own_hash_only() {
        let (home, office) = (address("1 Elm St", "Austin"), address("2 Oak St", "Austin"));
        let before = record(home.clone(), Some(office.clone()));
        let moved = record(home.clone(), Some(home.clone()));
        assert_eq!(moved.card_hash(), before.card_hash());
        assert_ne!(moved.ship_to_hash(), before.ship_to_hash());
        assert_ne!(record(office, None).card_hash(), before.card_hash());
        let with_terms = CustomerRecord { terms: Some("N30".into()), ..before.clone() };
        assert_eq!(with_terms.card_hash(), before.card_hash());
        assert_eq!(record(home, None).ship_to_hash(), None);
    }

    #[test]
    fn a_tidy_text_is_one_line() {
        assert_eq!(tidy(" A\t\u{1}B \r\n C\u{7f}"), "A B C");
        assert_eq!(tidy("\u{1} \u{2}"), "");
    }

    #[test]
    fn ids_are_deterministic_and_fit_intacct() {
        assert_eq!(BuyerIdentity::Registered(42).intacct_id("BC-"), "BC-C42");
        assert_eq!(
            BuyerIdentity::guest(" Ada@Example.com ").intacct_id("BC-"),
            BuyerIdentity::guest("ada@example.com").intacct_id("BC-")
        );
        assert_eq!(BuyerIdentity::Summary("WEB".into()).intacct_id("BC-"), "WEB");
        for identity in [BuyerIdentity::Registered(u64::MAX), BuyerIdentity::guest("a@b.c")] {
            assert!(identity.intacct_id("ACME-US").len() <= LONGEST_CUSTOMER_ID, "{identity:?}");
        }
    }
}
