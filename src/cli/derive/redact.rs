//! Takes personal data out of raw answers: stand-ins for names, addresses and numbers of people, nothing else changed.
//!
//! What is not known to be harmless is taken out too, because BigCommerce adds fields without notice. Amounts keep their
//! literal text. The same value gets the same stand-in everywhere, counted by first appearance, so that nothing can be
//! guessed back from it as it could from a hash.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::fields::{Fate, Person, fate};
use crate::accounting::money::parse_amount;

/// Answers are a few levels deep; more is none, and would cost the stack.
const DEEPEST: usize = 40;

/// Replaces personal data, the same value by the same stand-in through all files it is given.
#[derive(Debug)]
pub(super) struct Redactor {
    /// Whether names of companies stay.
    keep_companies: bool,
    seen: BTreeMap<Person, BTreeMap<String, usize>>,
}

/// An object's members in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl Redactor {
    /// One that has seen nothing. Names of companies stay where rules ask for them.
    pub(super) fn new(keep_companies: bool) -> Self {
        Self { keep_companies, seen: BTreeMap::new() }
    }

    /// The answer in the file `name` without personal data.
    ///
    /// # Errors
    /// It is no JSON, or nested deeper than any answer.
    pub(super) fn answer(&mut self, name: &str, content: &[u8]) -> anyhow::Result<Vec<u8>> {
        if content.trim_ascii().is_empty() {
            return Ok(Vec::new());
        }
        let value: &RawValue = serde_json::from_slice(content)?;
        let mut written = String::with_capacity(content.len());
        self.value(&mut vec![name.trim_end_matches(".json").to_owned()], value, 0, &mut written)?;
        written.push('\n');
        Ok(written.into_bytes())
    }

    /// Writes a value. `path` has the file and the keys that lead to it; lists add none.
    fn value(&mut self, path: &mut Vec<String>, value: &RawValue, depth: usize, to: &mut String) -> anyhow::Result<()> {
        anyhow::ensure!(
            depth < DEEPEST,
            "it is nested deeper than {DEEPEST} levels, which no answer of BigCommerce is"
        );
        let indent = "  ".repeat(depth + 1);
        let literal = value.get();
        match literal.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(literal)?;
                to.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    to.push_str(if index == 0 { "\n" } else { ",\n" });
                    to.push_str(&format!("{indent}{}: ", serde_json::to_string(key)?));
                    path.push(key.clone());
                    self.value(path, value, depth + 1, to)?;
                    path.pop();
                }
                close(to, members.is_empty(), &indent, '}');
            }
            Some(b'[') => {
                let entries: Vec<&RawValue> = serde_json::from_str(literal)?;
                to.push('[');
                for (index, entry) in entries.iter().enumerate() {
                    to.push_str(if index == 0 { "\n" } else { ",\n" });
                    to.push_str(&indent);
                    self.value(path, entry, depth + 1, to)?;
                }
                close(to, entries.is_empty(), &indent, ']');
            }
            _ => to.push_str(&self.scalar(path, literal)?),
        }
        Ok(())
    }

    /// A text, number or other literal as it is written.
    fn scalar(&mut self, path: &[String], literal: &str) -> anyhow::Result<String> {
        let is_text = literal.starts_with('"');
        let is_number = literal.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if !is_text && !is_number {
            return Ok(literal.to_owned());
        }
        // Half a surrogate pair cannot be decoded; the value is the same to us.
        let text = if is_text {
            serde_json::from_str(literal).unwrap_or_else(|_| literal.to_owned())
        } else {
            literal.to_owned()
        };
        let text: &str = text.trim();
        let replaced = match fate(path) {
            _ if text.is_empty() => None,
            Fate::Keep => None,
            Fate::Person(Person::Company) if self.keep_companies => None,
            Fate::Person(person) => Some(self.stand_in(person, text)),
            Fate::Remove if is_number => return Ok("0".to_owned()),
            Fate::Remove => Some("removed".to_owned()),
            Fate::Amount if parse_amount(text).is_ok() => None,
            Fate::Unknown if is_number || (text.contains('.') && parse_amount(text).is_ok()) => None,
            Fate::Amount | Fate::Unknown => Some("removed".to_owned()),
        };
        Ok(match replaced {
            None => literal.to_owned(),
            Some(replaced) => serde_json::to_string(&replaced)?,
        })
    }

    /// The stand-in of a value, which has what rules and holds look at: an e-mail address stays one, or stays none.
    fn stand_in(&mut self, person: Person, text: &str) -> String {
        let seen = self.seen.entry(person).or_default();
        let next = seen.len() + 1;
        let number = *seen.entry(text.to_lowercase()).or_insert(next);
        match person {
            Person::FirstName => format!("First{number}"),
            Person::LastName => format!("Last{number}"),
            Person::Company => format!("Company {number}"),
            Person::Street => format!("{number} Example Street"),
            Person::City => format!("Town{number}"),
            Person::Zip => format!("{number:05}"),
            Person::Phone => format!("555-{number:04}"),
            Person::Email if text.contains('@') => format!("person{number}@example.com"),
            Person::Email => format!("person{number}"),
            // Of the networks set aside for documentation (RFC 5737, RFC 3849).
            Person::IpAddress if text.contains(':') => format!("2001:db8::{number:x}"),
            Person::IpAddress => format!("192.0.2.{}", number % 256),
            Person::Certificate => format!("CERTIFICATE-{number}"),
        }
    }
}

fn close(to: &mut String, empty: bool, indent: &str, bracket: char) {
    if !empty {
        to.push('\n');
        to.push_str(&indent[2..]);
    }
    to.push(bracket);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(name: &str, json: &str) -> String {
        let written = Redactor::new(false).answer(name, json.as_bytes()).unwrap();
        String::from_utf8(written).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn people_get_stand_ins_and_money_keeps_its_literal_text() {
        let order = r#"{"id": 118, "total_inc_tax": "129.9000", "subtotal_tax": 9.90, "is_deleted": false, "ip_address": "203.0.113.9",
            "billing_address": {"first_name": "Ada", "zip": 97201, "phone": null, "email": "Ada@Example.net", "state": "Oregon"}}"#;
        assert_eq!(
            redacted("order.json", order),
            r#"{ "id": 118, "total_inc_tax": "129.9000", "subtotal_tax": 9.90, "is_deleted": false, "ip_address": "192.0.2.1", "billing_address": { "first_name": "First1", "zip": "00001", "phone": null, "email": "person1@example.com", "state": "Oregon" } }"#
        );
    }

    #[test]
    fn the_same_value_has_the_same_stand_in_in_every_file() {
        let mut redactor = Redactor::new(false);
        let mut of = |email: &str| {
            let file = format!(r#"{{"email": "{email}"}}"#);
            String::from_utf8(redactor.answer("order.json", file.as_bytes()).unwrap()).unwrap()
        };
        assert_eq!(of("ada@example.net"), of("Ada@Example.net"));
        assert_ne!(of("ada@example.net"), of("bob@example.net"));
        assert!(of("no address").contains("\"person3\""), "what is no address does not become one");
    }

    #[test]
    fn what_is_not_known_is_removed_unless_it_is_an_amount() {
        let json = r#"{"a_field_of_tomorrow": {"with": ["anything", 7, "12.3400", ""]}, "form_fields": [{"name": "Door", "value": 4711}]}"#;
        assert_eq!(
            redacted("order.json", json),
            r#"{ "a_field_of_tomorrow": { "with": [ "removed", 7, "12.3400", "" ] }, "form_fields": [ { "name": "removed", "value": 0 } ] }"#
        );
    }

    #[test]
    fn a_coupon_keeps_its_code_and_a_gift_certificate_does_not() {
        assert_eq!(redacted("coupons.json", r#"[{"code": "SPRING"}]"#), r#"[ { "code": "SPRING" } ]"#);
        let transaction = r#"{"data": [{"gift_certificate": {"code": "ZK1"}, "credit_card": {"card_last4": "4242", "card_type": "visa"}}]}"#;
        assert_eq!(
            redacted("transactions.json", transaction),
            r#"{ "data": [ { "gift_certificate": { "code": "CERTIFICATE-1" }, "credit_card": { "card_last4": "removed", "card_type": "visa" } } ] }"#
        );
    }

    #[test]
    fn companies_stay_only_when_rules_ask_for_them() {
        let kept = Redactor::new(true).answer("order.json", br#"{"company": "Acme"}"#).unwrap();
        assert!(String::from_utf8(kept).unwrap().contains("Acme"));
        assert!(redacted("order.json", r#"{"company": "Acme"}"#).contains("Company 1"));
    }

    #[test]
    fn nothing_that_is_no_answer_breaks_it() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(Redactor::new(false).answer("order.json", deep.as_bytes()).is_err());
        assert!(Redactor::new(false).answer("order.json", b"{").is_err());
        assert_eq!(Redactor::new(false).answer("taxes.json", b" ").unwrap(), b"");
        assert!(redacted("order.json", r#"{"first_name": "\ud800"}"#).contains("First1"));
    }
}
