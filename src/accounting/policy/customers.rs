//! How a store's buyers become customers in Intacct, as its finance team decided.

use serde::{Deserialize, Serialize};

/// What is done with a guest's order, unless a customer rule says whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guests {
    /// Each e-mail address is a customer of its own.
    #[default]
    Own,
    /// Somebody looks at it.
    Hold,
}

/// What is done when several customers in Intacct have the buyer's e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeveralMatches {
    /// Somebody decides.
    #[default]
    Hold,
    /// The only active one is taken; with several of them, somebody decides.
    ActiveOnly,
    /// The active one that was created last is taken.
    MostRecent,
}

/// How buyers become customers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomerPolicy {
    /// What is done with guests' orders.
    pub guests: Guests,
    /// What is done when several customers have the buyer's e-mail address.
    pub several_matches: SeveralMatches,
    /// The integration name of Intacct's custom field on customers that holds BigCommerce's customer id. Registered buyers
    /// are found by it, and customers made for them get it. Two stores of one company need two fields.
    pub id_field: Option<String>,
    /// Whether customers that were found in Intacct follow the buyer's newest order too, as those made here do.
    pub update_matched: bool,
}

impl CustomerPolicy {
    /// Whether the name of the custom field can be one: letters, digits and underscores, not starting with a digit.
    pub fn has_usable_id_field(&self) -> bool {
        let Some(name) = &self.id_field else { return true };
        let usable = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
        name.bytes().all(usable) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_field_has_a_name_that_intacct_can_have() {
        let named = |name: &str| CustomerPolicy { id_field: Some(name.to_owned()), ..CustomerPolicy::default() };
        assert!(CustomerPolicy::default().has_usable_id_field());
        assert!(named("BC_CUSTOMER_ID").has_usable_id_field());
        for odd in ["", "1ST", "BC ID", "<X>"] {
            assert!(!named(odd).has_usable_id_field(), "{odd}");
        }
    }

    #[test]
    fn the_words_of_the_settings_are_those_of_the_documentation() {
        let policy: CustomerPolicy =
            serde_json::from_str(r#"{"guests": "hold", "several_matches": "most-recent"}"#).unwrap();
        assert_eq!((policy.guests, policy.several_matches), (Guests::Hold, SeveralMatches::MostRecent));
        assert!(serde_json::from_str::<CustomerPolicy>(r#"{"several_matches": "any"}"#).is_err());
    }
}
