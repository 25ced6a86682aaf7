//! What the store keeps: orders with their parts, money movements and customers. Serialised as is into the state file.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::draft::{Address, GiftCertificate, LineKind, Payment};

/// Order statuses (BigCommerce, `GET /v2/order_statuses`).
pub(super) mod status {
    pub const INCOMPLETE: u64 = 0;
    pub const SHIPPED: u64 = 2;
    pub const PARTIALLY_SHIPPED: u64 = 3;
    pub const REFUNDED: u64 = 4;
    pub const CANCELLED: u64 = 5;
    pub const DECLINED: u64 = 6;
    pub const AWAITING_PAYMENT: u64 = 7;
    pub const AWAITING_FULFILMENT: u64 = 11;
    pub const PARTIALLY_REFUNDED: u64 = 14;

    const NAMES: [&str; 15] = [
        "Incomplete",
        "Pending",
        "Shipped",
        "Partially Shipped",
        "Refunded",
        "Cancelled",
        "Declined",
        "Awaiting Payment",
        "Awaiting Pickup",
        "Awaiting Shipment",
        "Completed",
        "Awaiting Fulfillment",
        "Manual Verification Required",
        "Disputed",
        "Partially Refunded",
    ];

    /// The platform's English name of a status; `None` for an id it does not have.
    pub fn name(id: u64) -> Option<&'static str> {
        usize::try_from(id).ok().and_then(|id| NAMES.get(id).copied())
    }
}

/// An amount in its three guises.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Taxed {
    pub base: Decimal,
    pub ex: Decimal,
    pub inc: Decimal,
    pub tax: Decimal,
}

/// One order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub id: u64,
    pub customer_id: u64,
    pub date_created: Timestamp,
    pub date_modified: Timestamp,
    pub date_shipped: Option<Timestamp>,
    pub status_id: u64,
    pub payment_status: String,
    pub payment: Payment,
    pub payment_provider_id: String,
    pub billing: Address,
    pub currency: String,
    /// Units of the order's currency per unit of the store's currency.
    pub exchange_rate: Decimal,
    pub inclusive: bool,
    pub totals: Totals,
    pub gift_certificate: Option<GiftCertificate>,
    pub store_credit: Decimal,
    pub channel_id: u64,
    pub source: String,
    pub external_source: Option<String>,
    pub staff_notes: String,
    pub customer_message: String,
    pub archived: bool,
    pub lines: Vec<Line>,
    pub destinations: Vec<ShippingAddress>,
    pub coupons: Vec<Coupon>,
    pub fees: Vec<Fee>,
    pub taxes: Vec<TaxRow>,
    pub transactions: Vec<Transaction>,
    pub refunds: Vec<Refund>,
    pub shipments: Vec<Shipment>,
}

impl Order {
    /// Gift certificate and store credit together.
    pub fn liability_tenders(&self) -> Decimal {
        self.gift_certificate.as_ref().map_or(Decimal::ZERO, |certificate| certificate.amount) + self.store_credit
    }

    /// What the buyer owes for the goods, whatever the tender. The order's own total is net of gift certificates and
    /// store credit.
    pub fn gross(&self) -> Decimal {
        self.totals.inc + self.liability_tenders()
    }

    /// Money, gift certificates and store credit received, voided payments aside.
    pub fn received(&self) -> impl Iterator<Item = &Transaction> {
        let voided =
            |id: u64| self.transactions.iter().any(|row| row.ok && row.event == "void" && row.reference == Some(id));
        self.transactions.iter().filter(move |row| row.is_received() && !voided(row.id))
    }

    /// Goods to be shipped.
    pub fn is_digital(&self) -> bool {
        self.lines.iter().all(|line| line.kind != LineKind::Physical)
    }
}

/// The order's computed amounts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Totals {
    pub subtotal: Taxed,
    pub shipping: Taxed,
    pub handling: Taxed,
    pub wrapping: Taxed,
    pub discount: Decimal,
    pub coupon_discount: Decimal,
    /// Net of gift certificates and store credit, like `inc`.
    pub ex: Decimal,
    pub inc: Decimal,
    pub tax: Decimal,
}

/// One order product.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub id: u64,
    pub product_id: u64,
    pub address_id: u64,
    pub parent: Option<u64>,
    pub sku: String,
    pub name: String,
    pub brand: String,
    pub kind: LineKind,
    pub quantity: u32,
    pub unit_cost: Decimal,
    /// Unit price before discounts; `tax` is inc - ex.
    pub price: Taxed,
    /// Line before discounts; `tax` is after discounts.
    pub total: Taxed,
    pub discounted_inc: Decimal,
    pub wrapping: Taxed,
    pub discounts: Vec<AppliedDiscount>,
    pub gift_certificate_id: Option<u64>,
    pub shipped: u32,
    pub refunded: u32,
    pub wrapping_refunded: bool,
}

impl Line {
    /// The line's price after discounts, without tax.
    pub fn net(&self) -> Decimal {
        self.discounted_inc - self.total.tax
    }
}

/// A share of an order discount on one line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AppliedDiscount {
    pub id: String,
    pub name: String,
    pub code: Option<String>,
    pub amount: Decimal,
}

/// Where a part of the order goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ShippingAddress {
    pub id: u64,
    pub address: Address,
    pub method: String,
    pub shipping: Taxed,
    pub handling: Taxed,
    pub items: u32,
    pub shipped: u32,
    pub shipping_refunded: bool,
    pub handling_refunded: bool,
}

/// A coupon on the order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Coupon {
    pub id: u64,
    pub coupon_id: u64,
    pub code: String,
    /// The platform's number of the coupon type.
    pub kind: u8,
    /// Face value: an amount or a percentage.
    pub amount: Decimal,
    /// Money taken off.
    pub discount: Decimal,
}

/// A fee on the order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Fee {
    pub id: u64,
    pub name: String,
    pub source: String,
    pub cost: Taxed,
}

/// What a tax row taxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum TaxedThing {
    Item,
    Shipping,
    Handling,
    Wrapping,
    Fee,
}

/// One tax of one thing on the order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TaxRow {
    pub id: u64,
    pub address_id: u64,
    pub order_product_id: Option<u64>,
    pub thing: TaxedThing,
    pub name: String,
    pub percent: Decimal,
    pub amount: Decimal,
}

/// One movement of money as the gateway reported it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Transaction {
    pub id: u64,
    pub event: String,
    pub method: String,
    pub amount: Decimal,
    pub gateway: String,
    pub gateway_id: Option<String>,
    pub ok: bool,
    pub reference: Option<u64>,
    pub at: Timestamp,
    /// For offline rows: the method's display name.
    pub offline: Option<String>,
    pub gift_certificate: Option<GiftCertificate>,
    /// For store credit: what the customer has left.
    pub store_credit_left: Option<Decimal>,
}

impl Transaction {
    /// Whether this row is money received.
    pub fn is_received(&self) -> bool {
        self.ok && matches!(self.event.as_str(), "purchase" | "capture")
    }
}

/// One refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refund {
    pub id: u64,
    pub created: Timestamp,
    pub reason: String,
    pub total: Decimal,
    pub tax: Decimal,
    pub overridden: bool,
    pub items: Vec<RefundedItem>,
    pub payments: Vec<RefundedPayment>,
}

impl Refund {
    /// Money (or store credit) that went back: declined payments did not.
    pub fn paid_back(&self) -> Decimal {
        self.payments.iter().filter(|payment| !payment.declined).map(|payment| payment.amount).sum()
    }
}

/// One thing given back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RefundedItem {
    pub item_type: String,
    pub item_id: u64,
    pub quantity: u32,
    /// Without tax; `None` for products.
    pub requested: Option<Decimal>,
    /// A deduction, negative, with its description.
    pub adjustment: Option<(Decimal, String)>,
}

/// One way the money went back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RefundedPayment {
    pub id: u64,
    pub provider_id: String,
    pub amount: Decimal,
    pub offline: bool,
    pub declined: bool,
    pub message: String,
}

/// One parcel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shipment {
    pub id: u64,
    pub address_id: u64,
    pub at: Timestamp,
    pub tracking: String,
    /// Order product, product, quantity.
    pub items: Vec<(u64, u64, u32)>,
}

/// A registered customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Customer {
    pub id: u64,
    pub address: Address,
    pub group: u64,
    pub store_credit: Decimal,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// A product of the catalogue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Product {
    pub id: u64,
    pub sku: String,
    pub name: String,
    pub price: Decimal,
    pub cost: Decimal,
    /// The ids of its categories.
    pub categories: Vec<u64>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// A category of the catalogue; all of them are at the top of the first storefront's tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Category {
    pub id: u64,
    pub name: String,
}

/// Where each kind of id stands: the last one given out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counters(BTreeMap<Ids, u64>);

/// Kinds of ids; each starts where a real store's do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Ids {
    Order,
    Line,
    Address,
    Coupon,
    Fee,
    Tax,
    Transaction,
    Refund,
    RefundPayment,
    Shipment,
    Customer,
    Hook,
    Delivery,
    GiftCertificate,
    GatewayReference,
    Category,
}

impl Counters {
    /// The next id of this kind.
    pub fn next(&mut self, kind: Ids) -> u64 {
        let first = match kind {
            Ids::Order => 100,
            Ids::Transaction => 9001,
            Ids::Hook => 20_172_984,
            Ids::Category => 18,
            _ => 1,
        };
        let id = self.0.get(&kind).map_or(first, |last| last + 1);
        self.0.insert(kind, id);
        id
    }
}
