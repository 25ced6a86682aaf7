//! What happened in the store, as webhook events: the scope and the data of each (BigCommerce, Webhook events).

use serde::Serialize;

use super::settings::StoreSettings;
use super::signature;

/// One event before it is addressed to hooks: its scope and the JSON text of its data, keys in delivered order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub scope: String,
    pub data: String,
}

impl Event {
    fn new(scope: impl Into<String>, data: &impl Serialize) -> Self {
        // These structs hold strings and integers only, which always serialise.
        Self { scope: scope.into(), data: serde_json::to_string(data).unwrap_or_default() }
    }
}

/// The event as hooks are sent it: its `webhook-id`, and the body with that id as its hash.
pub(super) fn envelope(settings: &StoreSettings, created_at: i64, event: &Event) -> (String, String) {
    let (StoreSettings { hash, store_id, .. }, Event { scope, data }) = (settings, event);
    let id = signature::event_hash(created_at, hash, *store_id, scope, data);
    let body = format!(
        r#"{{"producer":"stores/{hash}","hash":"{id}","created_at":{created_at},"store_id":"{store_id}","scope":"{scope}","data":{data}}}"#
    );
    (id, body)
}

#[derive(Serialize)]
struct Named<'a> {
    r#type: &'a str,
    id: u64,
}

#[derive(Serialize)]
struct StatusChange {
    previous_status_id: u64,
    new_status_id: u64,
}

#[derive(Serialize)]
struct OrderStatus {
    r#type: &'static str,
    id: u64,
    status: StatusChange,
}

#[derive(Serialize)]
struct RefundId {
    refund_id: u64,
}

#[derive(Serialize)]
struct OrderRefund {
    r#type: &'static str,
    id: u64,
    refund: RefundId,
}

#[derive(Serialize)]
struct ChannelOrder {
    order_id: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShipmentCreated {
    r#type: &'static str,
    id: u64,
    order_id: u64,
}

#[derive(Serialize)]
struct TransactionResult {
    code: &'static str,
    message: &'static str,
    r#type: &'static str,
}

#[derive(Serialize)]
struct TransactionCreated<'a> {
    order_id: String,
    transaction_id: &'a str,
    r#type: &'static str,
    transaction_status: &'static str,
    transaction_type: &'a str,
    result: TransactionResult,
    platform_transaction_id: String,
    provider_transaction_id: &'a str,
}

/// The same event twice: store-wide, and in the channel's own scope with its other shape.
fn order_event(order: u64, channel: u64, what: &str, data: &impl Serialize) -> Vec<Event> {
    let in_channel = Event::new(format!("store/channel/{channel}/order/{what}"), &ChannelOrder { order_id: order });
    vec![Event::new(format!("store/order/{what}"), data), in_channel]
}

/// `store/order/created`, `updated` or `archived`, store-wide only.
pub(super) fn of_order(order: u64, what: &str) -> Event {
    Event::new(format!("store/order/{what}"), &Named { r#type: "order", id: order })
}

/// `store/order/created`, `updated` or `archived`.
pub(super) fn order(order: u64, channel: u64, what: &str) -> Vec<Event> {
    order_event(order, channel, what, &Named { r#type: "order", id: order })
}

/// `store/order/statusUpdated`.
pub(super) fn status_updated(order: u64, channel: u64, previous: u64, new: u64) -> Vec<Event> {
    let status = StatusChange { previous_status_id: previous, new_status_id: new };
    order_event(order, channel, "statusUpdated", &OrderStatus { r#type: "order", id: order, status })
}

/// `store/order/refund/created`.
pub(super) fn refund_created(order: u64, channel: u64, refund: u64) -> Vec<Event> {
    let data = OrderRefund { r#type: "order", id: order, refund: RefundId { refund_id: refund } };
    order_event(order, channel, "refund/created", &data)
}

/// `store/order/transaction/created`; all ids are strings. There is no channel-scoped form.
pub(super) fn transaction_created(order: u64, transaction: u64, kind: &str, provider_id: &str, ok: bool) -> Event {
    let (code, message) = match kind {
        "purchase" => ("paid", "Paid"),
        "capture" => ("captured", "Captured"),
        "authorization" => ("authorized", "Authorized"),
        "refund" => ("refunded", "Refunded"),
        "void" => ("voided", "Voided"),
        _ => ("pending", "Pending"),
    };
    let result = if ok {
        TransactionResult { code, message, r#type: "success" }
    } else {
        TransactionResult { code: "declined", message: "Declined", r#type: "error" }
    };
    let data = TransactionCreated {
        order_id: order.to_string(),
        transaction_id: provider_id,
        r#type: "transaction",
        transaction_status: if ok { "complete" } else { "error" },
        transaction_type: kind,
        result,
        platform_transaction_id: transaction.to_string(),
        provider_transaction_id: provider_id,
    };
    Event::new("store/order/transaction/created", &data)
}

/// `store/shipment/created`.
pub(super) fn shipment_created(order: u64, shipment: u64) -> Event {
    Event::new("store/shipment/created", &ShipmentCreated { r#type: "shipment", id: shipment, order_id: order })
}

/// `store/customer/created` or `updated`.
pub(super) fn customer(customer: u64, what: &str) -> Event {
    Event::new(format!("store/customer/{what}"), &Named { r#type: "customer", id: customer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_events_have_a_channel_form_of_another_shape() {
        let events = status_updated(250, 7, 0, 11);
        let status = r#"{"type":"order","id":250,"status":{"previous_status_id":0,"new_status_id":11}}"#;
        assert_eq!((events[0].scope.as_str(), events[0].data.as_str()), ("store/order/statusUpdated", status));
        let channel = ("store/channel/7/order/statusUpdated", r#"{"order_id":250}"#);
        assert_eq!((events[1].scope.as_str(), events[1].data.as_str()), channel);
    }

    #[test]
    fn transaction_events_carry_their_ids_as_strings() {
        let event = transaction_created(100, 9001, "capture", "ch_100", true);
        assert_eq!(
            event.data,
            r#"{"order_id":"100","transaction_id":"ch_100","type":"transaction","transaction_status":"complete","transaction_type":"capture","result":{"code":"captured","message":"Captured","type":"success"},"platform_transaction_id":"9001","provider_transaction_id":"ch_100"}"#
        );
    }

    #[test]
    fn shipments_name_their_order_in_camel_case() {
        assert_eq!(shipment_created(251, 12).data, r#"{"type":"shipment","id":12,"orderId":251}"#);
    }
}
