//! Reads a webhook body: which store, which order, and whether accounting cares. Pure.

use jiff::Timestamp;
use serde::Deserialize;

use super::loose::Loose;

/// How deep objects may lie in each other. Real deliveries have three levels.
const DEPTH_MAX: usize = 32;

/// One webhook delivery (BigCommerce docs, webhook events).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What happened, for example `store/order/updated`. Always the concrete scope, also for a wildcard hook.
    pub scope: String,
    /// The store's hash, from `producer`.
    pub store_hash: String,
    /// The store's number, when told. Not the hash.
    pub store_id: Option<u64>,
    /// The event's hash, equal to the `webhook-id` header; `None` when it is missing.
    pub hash: Option<String>,
    /// When the event happened (UTC, whole seconds), when told.
    pub created_at: Option<Timestamp>,
    /// The order it is about. `None` for other scopes, and when an order's event carries no usable id.
    pub order_id: Option<u64>,
    /// Whether the event may change what the ledger should contain: orders, their payments, refunds and shipments, but
    /// not their messages or metafields.
    pub concerns_us: bool,
}

/// Why a body is no webhook delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Not JSON, or not an object.
    #[error("the body is not a JSON object: {0}")]
    NotJson(String),
    /// Deeper than any real delivery.
    #[error("the body has more than {DEPTH_MAX} levels of nesting")]
    TooDeep,
    /// A part without which nothing can be done.
    #[error("the body lacks '{field}' ({expected})")]
    Missing {
        /// Its name.
        field: &'static str,
        /// What it should look like.
        expected: &'static str,
    },
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Envelope {
    producer: Loose,
    hash: Loose,
    created_at: Loose,
    store_id: Loose,
    scope: Loose,
    data: Loose,
}

/// Every place where an order's id is found: each family of scopes has its own.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Data {
    id: Loose,
    order_id: Loose,
    #[serde(rename = "orderId")]
    order_id_camel: Loose,
    resource_id: Loose,
}

impl Delivery {
    /// Reads a raw body. Unknown scopes are no error: they concern nobody here.
    ///
    /// # Errors
    /// [`DeliveryError`] when the body is no JSON object, is nested too deeply, or lacks `producer` or `scope`.
    pub fn parse(body: &[u8]) -> Result<Self, DeliveryError> {
        if depth(body) > DEPTH_MAX {
            return Err(DeliveryError::TooDeep);
        }
        let envelope: Envelope =
            serde_json::from_slice(body).map_err(|error| DeliveryError::NotJson(super::loose::where_broken(&error)))?;
        let scope = envelope.scope.text();
        if scope.is_empty() {
            return Err(DeliveryError::Missing { field: "scope", expected: "for example store/order/updated" });
        }
        let producer = envelope.producer.text();
        let store_hash = producer
            .strip_prefix("stores/")
            .filter(|hash| !hash.is_empty() && hash.bytes().all(|b| b.is_ascii_alphanumeric()))
            .ok_or(DeliveryError::Missing { field: "producer", expected: "stores/ and the store's hash" })?;
        let data: Data = envelope.data.object().unwrap_or_default();
        let subject = Subject::of(&scope);
        Ok(Self {
            store_hash: store_hash.to_owned(),
            store_id: envelope.store_id.id().ok().flatten(),
            hash: Some(envelope.hash.text()).filter(|hash| !hash.is_empty()),
            created_at: envelope.created_at.time().ok().flatten(),
            order_id: subject.order_id(&data),
            concerns_us: subject.concerns_us(),
            scope,
        })
    }
}

/// What a scope is about, as far as it says where the order's id lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// `data.id`, or `data.order_id` in the form scoped to a channel.
    Order,
    /// The same places; changes nothing in the books.
    OrderMessage,
    /// `data.order_id`.
    Transaction,
    /// `data.resource_id`; changes nothing in the books.
    OrderMetafield,
    /// `data.orderId`: shipments, and carts that became orders.
    PointsToOrder,
    Other,
}

impl Subject {
    fn of(scope: &str) -> Self {
        let rest = scope.strip_prefix("store/").unwrap_or_default();
        // store/channel/{id}/order/... says the same as store/order/...
        let rest = match rest.strip_prefix("channel/").and_then(|rest| rest.split_once('/')) {
            Some((channel, rest)) if channel.bytes().all(|b| b.is_ascii_digit()) => rest,
            _ => rest,
        };
        match rest.split('/').collect::<Vec<_>>().as_slice() {
            ["order", "transaction", _] => Self::Transaction,
            ["order", "metafield", _] => Self::OrderMetafield,
            ["order", "message", _] => Self::OrderMessage,
            ["order", ..] => Self::Order,
            ["shipment", _] | ["cart", "converted"] => Self::PointsToOrder,
            _ => Self::Other,
        }
    }

    fn order_id(self, data: &Data) -> Option<u64> {
        let id = |value: &Loose| value.id().ok().flatten();
        match self {
            Self::Order | Self::OrderMessage => id(&data.order_id).or_else(|| id(&data.id)),
            Self::Transaction => id(&data.order_id),
            Self::OrderMetafield => id(&data.resource_id),
            Self::PointsToOrder => id(&data.order_id_camel).or_else(|| id(&data.order_id)),
            Self::Other => None,
        }
    }

    fn concerns_us(self) -> bool {
        matches!(self, Self::Order | Self::Transaction | Self::PointsToOrder)
    }
}

/// The deepest nesting of brackets outside of strings.
fn depth(body: &[u8]) -> usize {
    let (mut deepest, mut level) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' if !in_string => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(scope: &str, data: &str) -> String {
        format!(
            r#"{{"producer":"stores\/acme1","hash":"00aa","created_at":1691736794,"store_id":"1002817942","scope":"{scope}","data":{data}}}"#
        )
    }

    fn parse(scope: &str, data: &str) -> Delivery {
        Delivery::parse(body(scope, data).as_bytes()).unwrap()
    }

    #[test]
    fn the_envelope_is_read() {
        let delivery = parse("store/order/updated", r#"{"type":"order","id":118}"#);
        let expected = Delivery {
            scope: "store/order/updated".into(),
            store_hash: "acme1".into(),
            store_id: Some(1_002_817_942),
            hash: Some("00aa".into()),
            created_at: Some("2023-08-11T06:53:14Z".parse().unwrap()),
            order_id: Some(118),
            concerns_us: true,
        };
        assert_eq!(delivery, expected);
    }

    #[test]
    fn every_shape_that_names_an_order_is_understood() {
        for (scope, data) in [
            ("store/order/created", r#"{"type":"order","id":127}"#),
            ("store/order/archived", r#"{"type":"order","id":"127"}"#),
            (
                "store/order/statusUpdated",
                r#"{"type":"order","id":127,"status":{"previous_status_id":0,"new_status_id":11}}"#,
            ),
            ("store/order/refund/created", r#"{"type":"order","id":127,"refund":{"refund_id":3}}"#),
            ("store/order/transaction/created", r#"{"type":"transaction","order_id":"127","transaction_id":"176"}"#),
            ("store/order/transaction/updated", r#"{"type":"transaction","order_id":127}"#),
            ("store/shipment/created", r#"{"type":"shipment","id":12,"orderId":127}"#),
            ("store/cart/converted", r#"{"type":"cart","id":"a-b-c","orderId":127}"#),
            ("store/channel/1/order/created", r#"{"order_id":127}"#),
            ("store/channel/1/order/refund/created", r#"{"order_id":"127"}"#),
            ("store/order/something/new", r#"{"type":"order","id":127}"#),
        ] {
            let delivery = parse(scope, data);
            assert_eq!((delivery.order_id, delivery.concerns_us), (Some(127), true), "{scope}");
        }
    }

    #[test]
    fn messages_and_metafields_change_nothing_in_the_books() {
        let message =
            parse("store/order/message/created", r#"{"type":"order","id":5,"message":{"order_message_id":3}}"#);
        assert_eq!((message.order_id, message.concerns_us), (Some(5), false));
        let metafield = parse("store/order/metafield/created", r#"{"metafield_id":14,"resource_id":"270"}"#);
        assert_eq!((metafield.order_id, metafield.concerns_us), (Some(270), false));
    }

    #[test]
    fn other_scopes_concern_nobody() {
        for scope in [
            "store/customer/created",
            "store/product/updated",
            "store/channel/1/settings/updated",
            "app/order/created",
            "x",
        ] {
            let delivery = parse(scope, r#"{"type":"customer","id":32,"order_id":1}"#);
            assert_eq!((delivery.order_id, delivery.concerns_us), (None, false), "{scope}");
        }
    }

    #[test]
    fn missing_bits_of_data_are_no_error() {
        for data in [
            "null",
            "{}",
            "[]",
            r#""""#,
            r#"{"id":null}"#,
            r#"{"id":{}}"#,
            r#"{"id":0}"#,
            r#"{"id":-4}"#,
            r#"{"id":"abc"}"#,
        ] {
            assert_eq!(parse("store/order/created", data).order_id, None, "{data}");
        }
        let bare = Delivery::parse(br#"{"producer":"stores/acme1","scope":"store/order/created"}"#).unwrap();
        assert_eq!((bare.order_id, bare.created_at, bare.hash, bare.store_id), (None, None, None, None));
    }

    #[test]
    fn what_is_no_delivery_says_why() {
        let error = |body: &str| Delivery::parse(body.as_bytes()).unwrap_err().to_string();
        assert_eq!(error(r#"{"producer":"#), "the body is not a JSON object: it ends too early, at line 1, column 12");
        assert!(error("[]").starts_with("the body is not a JSON object"));
        assert!(error("").starts_with("the body is not a JSON object"));
        assert_eq!(error(r#"{"scope":"a"}"#), "the body lacks 'producer' (stores/ and the store's hash)");
        assert!(error(r#"{"scope":"a","producer":"stores/../x"}"#).contains("producer"));
        assert!(error(r#"{"producer":"stores/a"}"#).contains("lacks 'scope'"));
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Delivery::parse(deep.as_bytes()), Err(DeliveryError::TooDeep));
        let not_deep = body("store/order/created", &format!(r#"{{"id":7,"note":"{}"}}"#, "{[\\\"".repeat(100)));
        assert_eq!(Delivery::parse(not_deep.as_bytes()).unwrap().order_id, Some(7));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Delivery::parse(&body);
        }

        #[test]
        fn no_cut_or_changed_delivery_makes_it_panic(at in 0usize..150, with in any::<u8>()) {
            let mut bytes = body("store/order/created", r#"{"type":"order","id":127}"#).into_bytes();
            let at = at % bytes.len();
            bytes[at] = with;
            let _ = Delivery::parse(&bytes);
            let _ = Delivery::parse(&bytes[..at]);
        }
    }
}
