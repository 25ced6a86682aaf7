//! Amounts of events as JSON has them: decimal text, never a number, so that no float touches them.

use std::fmt;

use rust_decimal::Decimal;
use serde::Deserializer;
use serde::de::{Error, Visitor};

use super::super::money::parse_amount;

struct AmountText;

impl Visitor<'_> for AmountText {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount as text, for example \"129.90\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        parse_amount(text).map_err(E::custom)
    }
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    deserializer.deserialize_str(AmountText)
}

/// An amount that must be there, or has a default.
pub(super) mod required {
    use rust_decimal::Decimal;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        super::read(deserializer)
    }
}

/// An amount that may be left out.
pub(super) mod optional {
    use rust_decimal::Decimal;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(amount: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => serializer.collect_str(amount),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        super::read(deserializer).map(Some)
    }
}
