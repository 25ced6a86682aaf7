//! Transactions, refunds, customers and hooks as the V3 APIs write them. Money goes through [`Number`], never a float.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::amounts::Number;
use super::super::hooks::Hook;
use super::super::model::{Customer, Order, Refund, RefundedItem, Transaction};
use super::super::settings::StoreSettings;
use super::v3_date;

/// `{}`, which the platform writes where nothing is meant.
#[derive(Clone, Copy, Debug, Serialize)]
struct Nothing {}

/// A value, or `{}` where there is none.
#[derive(Serialize)]
#[serde(untagged)]
enum OrNothing<T> {
    Some(T),
    Nothing(Nothing),
}

impl<T> From<Option<T>> for OrNothing<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing(Nothing {}), Self::Some)
    }
}

#[derive(Serialize)]
struct CertificateUse<'a> {
    code: &'a str,
    original_balance: Number,
    starting_balance: Number,
    remaining_balance: Number,
    status: &'static str,
}

#[derive(Serialize)]
struct CreditUse {
    remaining_balance: Number,
}

#[derive(Serialize)]
struct DisplayName<'a> {
    display_name: &'a str,
}

#[derive(Serialize)]
struct Card {
    card_type: &'static str,
    card_last4: &'static str,
}

/// One row of `GET /v3/orders/{id}/transactions`: the order's id is a string here.
#[derive(Serialize)]
pub(in super::super) struct TransactionRow<'a> {
    id: u64,
    order_id: String,
    event: &'a str,
    method: &'a str,
    amount: Number,
    currency: &'a str,
    gateway: &'a str,
    gateway_transaction_id: OrNothing<&'a str>,
    payment_method_id: String,
    status: &'static str,
    test: bool,
    fraud_review: bool,
    reference_transaction_id: OrNothing<u64>,
    date_created: String,
    avs_result: Nothing,
    cvv_result: Nothing,
    credit_card: OrNothing<Card>,
    gift_certificate: OrNothing<CertificateUse<'a>>,
    store_credit: OrNothing<CreditUse>,
    offline: OrNothing<DisplayName<'a>>,
    custom: Nothing,
    payment_instrument_token: Option<String>,
}

/// Writes a transaction.
pub(in super::super) fn transaction<'a>(order: &'a Order, row: &'a Transaction) -> TransactionRow<'a> {
    let certificate = row.gift_certificate.as_ref().map(|used| CertificateUse {
        code: &used.code,
        original_balance: Number(used.balance),
        starting_balance: Number(used.balance),
        remaining_balance: Number(used.balance - used.amount),
        status: "active",
    });
    let card = (row.method == "credit_card").then_some(Card { card_type: "visa", card_last4: "4242" });
    let payment_method_id = match row.method.as_str() {
        "gift_certificate" | "store_credit" => format!("bigcommerce.{}", row.method),
        "credit_card" => format!("{}.card", row.gateway),
        method => format!("{}.{method}", row.gateway),
    };
    TransactionRow {
        id: row.id,
        order_id: order.id.to_string(),
        event: &row.event,
        method: &row.method,
        amount: Number(row.amount),
        currency: &order.currency,
        gateway: &row.gateway,
        gateway_transaction_id: row.gateway_id.as_deref().into(),
        payment_method_id,
        status: if row.ok { "ok" } else { "error" },
        test: false,
        fraud_review: false,
        reference_transaction_id: row.reference.into(),
        date_created: v3_date(row.at),
        avs_result: Nothing {},
        cvv_result: Nothing {},
        credit_card: card.into(),
        gift_certificate: certificate.into(),
        store_credit: row.store_credit_left.map(|left| CreditUse { remaining_balance: Number(left) }).into(),
        offline: row.offline.as_deref().map(|display_name| DisplayName { display_name }).into(),
        custom: Nothing {},
        payment_instrument_token: None,
    }
}

#[derive(Serialize)]
struct Adjustment<'a> {
    amount: Number,
    description: &'a str,
}

#[derive(Serialize)]
struct RefundItemRow<'a> {
    item_type: &'a str,
    item_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
    requested_amount: Option<Number>,
    reason: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjustments: Vec<Adjustment<'a>>,
}

#[derive(Serialize)]
struct RefundPaymentRow<'a> {
    id: u64,
    provider_id: &'a str,
    amount: Number,
    offline: bool,
    is_declined: bool,
    declined_message: &'a str,
}

/// One refund of `GET /v3/orders/{id}/payment_actions/refunds`: the order's id is a number here.
#[derive(Serialize)]
pub(in super::super) struct RefundRow<'a> {
    id: u64,
    order_id: u64,
    user_id: u64,
    created: String,
    reason: &'a str,
    total_amount: Number,
    total_tax: Number,
    uses_merchant_override_values: bool,
    payments: Vec<RefundPaymentRow<'a>>,
    items: Vec<RefundItemRow<'a>>,
}

fn refund_item(item: &RefundedItem) -> RefundItemRow<'_> {
    RefundItemRow {
        item_type: &item.item_type,
        item_id: item.item_id,
        quantity: (item.item_type == "PRODUCT").then_some(item.quantity),
        requested_amount: item.requested.map(Number),
        reason: "",
        adjustments: item
            .adjustment
            .iter()
            .map(|(amount, description)| Adjustment { amount: Number(*amount), description })
            .collect(),
    }
}

/// Writes a refund.
pub(in super::super) fn refund(order: u64, refund: &Refund) -> RefundRow<'_> {
    let payments = refund.payments.iter().map(|payment| RefundPaymentRow {
        id: payment.id,
        provider_id: &payment.provider_id,
        amount: Number(payment.amount),
        offline: payment.offline,
        is_declined: payment.declined,
        declined_message: &payment.message,
    });
    RefundRow {
        id: refund.id,
        order_id: order,
        user_id: 1,
        created: v3_date(refund.created),
        reason: &refund.reason,
        total_amount: Number(refund.total),
        total_tax: Number(refund.tax),
        uses_merchant_override_values: refund.overridden,
        payments: payments.collect(),
        items: refund.items.iter().map(refund_item).collect(),
    }
}

#[derive(Serialize)]
struct Amount {
    amount: Number,
}

/// One row of `GET /v3/customers`.
#[derive(Serialize)]
pub(in super::super) struct CustomerRow<'a> {
    id: u64,
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    company: &'a str,
    phone: &'a str,
    notes: &'static str,
    tax_exempt_category: &'static str,
    customer_group_id: u64,
    date_created: String,
    date_modified: String,
    registration_ip_address: &'static str,
    address_count: u64,
    attribute_count: u64,
    authentication: BTreeMap<&'static str, bool>,
    accepts_product_review_abandoned_cart_emails: bool,
    origin_channel_id: u64,
    channel_ids: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_credit_amounts: Option<Vec<Amount>>,
}

/// Writes a customer; addresses and store credit only when included.
pub(in super::super) fn customer(customer: &Customer, addresses: bool, store_credit: bool) -> CustomerRow<'_> {
    let at = &customer.address;
    CustomerRow {
        id: customer.id,
        email: &at.email,
        first_name: &at.first_name,
        last_name: &at.last_name,
        company: &at.company,
        phone: &at.phone,
        notes: "",
        tax_exempt_category: "",
        customer_group_id: customer.group,
        date_created: v3_date(customer.created),
        date_modified: v3_date(customer.modified),
        registration_ip_address: "",
        address_count: 1,
        attribute_count: 0,
        authentication: BTreeMap::from([("force_password_reset", false)]),
        accepts_product_review_abandoned_cart_emails: false,
        origin_channel_id: 1,
        channel_ids: None,
        addresses: addresses.then(|| vec![customer_address(customer)]),
        store_credit_amounts: store_credit.then(|| vec![Amount { amount: Number(customer.store_credit) }]),
    }
}

fn customer_address(customer: &Customer) -> Value {
    let at = &customer.address;
    json!({
        "id": customer.id,
        "customer_id": customer.id,
        "first_name": at.first_name,
        "last_name": at.last_name,
        "company": at.company,
        "address1": at.street,
        "address2": "",
        "city": at.city,
        "state_or_province": at.state,
        "postal_code": at.zip,
        "country_code": at.country_code,
        "country": at.country,
        "phone": at.phone,
        "address_type": if at.company.is_empty() { "residential" } else { "commercial" },
    })
}

/// One hook of `/v3/hooks`.
pub(in super::super) fn hook(hook: &Hook, settings: &StoreSettings) -> Value {
    json!({
        "id": hook.id,
        "client_id": settings.client_id,
        "store_hash": settings.hash,
        "created_at": hook.created.as_second(),
        "updated_at": hook.updated.as_second(),
        "scope": hook.scope,
        "destination": hook.destination,
        "is_active": hook.is_active,
        "headers": hook.headers,
    })
}
