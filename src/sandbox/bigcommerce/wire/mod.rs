//! How the store writes its answers: Orders V2 with money as strings, the V3 APIs with money as JSON numbers.

pub(super) mod catalogue;
pub(super) mod v2_consignments;
pub(super) mod v2_order;
pub(super) mod v2_parts;
pub(super) mod v2_store;
pub(super) mod v3;

use jiff::Timestamp;

use super::draft::Address;
use serde_json::{Value, json};

/// A date as V2 writes it: `Tue, 05 Mar 2019 21:40:11 +0000`, always UTC.
pub(super) fn v2_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A date as V3 writes it: `2018-05-08T15:06:12+00:00`.
pub(super) fn v3_date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// A V2 address.
pub(super) fn v2_address(address: &Address) -> Value {
    json!({
        "first_name": address.first_name,
        "last_name": address.last_name,
        "company": address.company,
        "street_1": address.street,
        "street_2": "",
        "city": address.city,
        "state": address.state,
        "zip": address.zip,
        "country": address.country,
        "country_iso2": address.country_code,
        "phone": address.phone,
        "email": address.email,
    })
}

/// Puts all keys of the objects together; a later one wins.
pub(super) fn merged(parts: impl IntoIterator<Item = Value>) -> Value {
    let maps = parts.into_iter().filter_map(|part| match part {
        Value::Object(map) => Some(map),
        _ => None,
    });
    Value::Object(maps.flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_api_has_its_own_dates() {
        let at = "2019-03-05T21:40:11Z".parse().unwrap();
        assert_eq!(v2_date(at), "Tue, 05 Mar 2019 21:40:11 +0000");
        assert_eq!(v3_date(at), "2019-03-05T21:40:11+00:00");
    }
}
