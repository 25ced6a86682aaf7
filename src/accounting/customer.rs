//! Who an order is with: the buyer's identity, the Intacct customer id made from it, and the record to create it from.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::evidence::Address;

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
        let digest = |text: &str| -> String {
            Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
        };
        match self {
            Self::Registered(id) => {
                let plain = format!("{prefix}C{id}");
                if plain.len() <= LONGEST_CUSTOMER_ID { plain } else { format!("{prefix}H{}", digest(&plain)) }
            }
            Self::Guest(email) => format!("{prefix}G{}", digest(email)),
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
    /// Where the goods go, when they ship.
    pub shipping: Option<Address>,
    /// Intacct's customer type, when the customer rule gives one.
    pub customer_type: Option<String>,
    /// Intacct's payment term, when the customer rule or the policy gives one.
    pub terms: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
