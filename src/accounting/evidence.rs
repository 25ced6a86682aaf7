//! One order as facts: what BigCommerce said, in our words, with nothing that accounting does not need.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::document::hash_of;
use super::money::Currency;

/// Everything that was read of one order. Amounts are in the order's transactional currency, in major units, with the
/// four decimals of the source; times are UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The store's name in our settings, for example `acme-us`. First part of every document key.
    pub store: String,
    /// The order itself.
    pub order: Order,
    /// The lines, in the order BigCommerce lists them.
    pub lines: Vec<Line>,
    /// One per address shipped to; empty for digital and pickup orders.
    pub shipping: Vec<ShippingAddress>,
    /// Coupons used.
    pub coupons: Vec<Coupon>,
    /// Tax rows, one per tax, address and line type (`details=true`).
    pub taxes: Vec<TaxRow>,
    /// Order-level fees.
    pub fees: Vec<Fee>,
    /// Payment transactions. Absence does not mean unpaid: offline and imported orders have none.
    pub transactions: Vec<Transaction>,
    /// Refunds, ascending by id.
    pub refunds: Vec<Refund>,
    /// Shipments, ascending by id; only read where recognition or cost of goods needs them.
    #[serde(default)]
    pub shipments: Vec<Shipment>,
}

/// The order's header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// BigCommerce's order id, unique within the store.
    pub id: u64,
    /// 0 Incomplete .. 14 Partially Refunded (BigCommerce, Orders V2, order statuses).
    pub status_id: u32,
    /// The English system name of the status.
    pub status: String,
    /// When the order was placed.
    pub created: Timestamp,
    /// When the last part was shipped, if it was.
    pub shipped: Option<Timestamp>,
    /// The sales channel; 1 is the first storefront.
    pub channel: u64,
    /// `www`, `manual`, `external`, `amazon` ...: an open list.
    pub source: String,
    /// `M-MIG` marks history migrated from another shop; otherwise the app that made the order.
    pub external_source: Option<String>,
    /// Archived by the merchant. Not the same as cancelled.
    pub archived: bool,
    /// The currency of every amount here (`default_currency_code`, not the display currency).
    pub currency: Currency,
    /// The store's own currency, when told.
    pub store_currency: Option<Currency>,
    /// Units of `currency` for one unit of `store_currency`.
    pub store_to_order_rate: Option<Decimal>,
    /// Prices were entered including tax: then the including-tax amounts are exact and the others are estimates.
    pub prices_include_tax: bool,
    /// The display name of the payment method.
    pub payment_method: String,
    /// `authorized`, `captured`, `paid`, `refunded`, `void` ... or empty.
    pub payment_status: String,
    /// The buyer.
    pub buyer: Buyer,
    /// Where the bill goes.
    pub billing: Address,
    /// The header's totals, to be checked rather than trusted.
    pub totals: Totals,
}

/// Who bought.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Buyer {
    /// The customer's id, `None` for a guest.
    pub customer_id: Option<u64>,
    /// The e-mail of the billing address, as typed.
    pub email: String,
    /// The customer group, `None` when there is none or it was not read.
    pub group: Option<u64>,
}

/// An address. Country codes are ISO 3166 alpha-2; states are full names as BigCommerce gives them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of a postal address explain themselves")]
pub struct Address {
    pub first_name: String,
    pub last_name: String,
    pub company: String,
    pub street_1: String,
    pub street_2: String,
    pub city: String,
    pub state: String,
    pub zip: String,
    pub country: String,
    pub country_code: String,
    pub phone: String,
    pub email: String,
}

/// The totals of the order's header (BigCommerce, Orders V2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are BigCommerce's own")]
pub struct Totals {
    pub subtotal_ex_tax: Decimal,
    pub subtotal_inc_tax: Decimal,
    pub shipping_ex_tax: Decimal,
    pub shipping_inc_tax: Decimal,
    pub handling_ex_tax: Decimal,
    pub handling_inc_tax: Decimal,
    pub wrapping_ex_tax: Decimal,
    pub wrapping_inc_tax: Decimal,
    /// Manual and automatic discounts of the order, positive.
    pub discount: Decimal,
    /// Coupon discounts, positive.
    pub coupon_discount: Decimal,
    pub total_ex_tax: Decimal,
    pub total_inc_tax: Decimal,
    pub total_tax: Decimal,
    /// Paid with gift certificates.
    pub gift_certificate: Decimal,
    /// Paid with store credit.
    pub store_credit: Decimal,
    /// Quantity of all lines together; a check that no page of lines is missing.
    pub items: Decimal,
}

/// What a line sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineType {
    /// Goods that ship.
    Physical,
    /// Downloads and services.
    Digital,
    /// A gift certificate sold: a liability, not revenue.
    GiftCertificate,
}

/// One line of the order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The order-product id; refunds and tax rows point to it.
    pub id: u64,
    /// The catalogue's product, `None` for a custom product of a manual order.
    pub product_id: Option<u64>,
    /// The address it ships to, `None` when it does not ship.
    pub address_id: Option<u64>,
    /// Stock keeping unit; may be empty.
    pub sku: String,
    /// The name on the order.
    pub name: String,
    /// The brand, may be empty.
    pub brand: String,
    /// What kind of thing it is.
    pub line_type: LineType,
    /// How many.
    pub quantity: Decimal,
    /// Unit price times quantity before discounts, without tax.
    pub total_ex_tax: Decimal,
    /// The same with the tax of the undiscounted price.
    pub total_inc_tax: Decimal,
    /// The line's tax, after discounts.
    pub total_tax: Decimal,
    /// Including tax, after all discounts; absent on old orders.
    pub discounted_total_inc_tax: Option<Decimal>,
    /// Discounts applied to this line.
    pub discounts: Vec<AppliedDiscount>,
    /// Gift wrapping of this line, also summed on the order's header: booked once, from here.
    pub wrapping_ex_tax: Decimal,
    /// Gift wrapping with tax.
    pub wrapping_inc_tax: Decimal,
    /// Names of the categories of the product, when the catalogue was read; BigCommerce's order does not carry them.
    pub categories: Vec<String>,
    /// The line this one belongs to in a bundle.
    pub parent_line: Option<u64>,
    /// The cost of one unit without tax, in the store's own currency as it was when the order was placed; `None` when the
    /// merchant does not keep costs (BigCommerce says 0 then).
    #[serde(default)]
    pub unit_cost: Option<Decimal>,
}

/// Goods that left together (BigCommerce, Orders V2, shipments).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shipment {
    /// Unique within the store.
    pub id: u64,
    /// When.
    pub created: Timestamp,
    /// Line id and units.
    pub items: Vec<(u64, Decimal)>,
}

/// A share of a discount on a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedDiscount {
    /// `manual-discount`, `coupon`, or the promotion's id.
    pub id: String,
    /// Positive.
    pub amount: Decimal,
    /// Its name.
    pub name: String,
    /// The coupon's code.
    pub code: Option<String>,
    /// `order` or `product`.
    pub target: String,
}

/// Shipping and handling to one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShippingAddress {
    /// The order-address id; refunds and tax rows point to it.
    pub id: u64,
    /// The display name of the method.
    pub method: String,
    /// Shipping without tax.
    pub cost_ex_tax: Decimal,
    /// Shipping with tax.
    pub cost_inc_tax: Decimal,
    /// Handling without tax.
    pub handling_ex_tax: Decimal,
    /// Handling with tax.
    pub handling_inc_tax: Decimal,
    /// Where to.
    pub address: Address,
}

/// A coupon used on the order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coupon {
    /// Its code; may be missing.
    pub code: Option<String>,
    /// 0 per item, 1 percentage, 2 per total, 3 shipping, 4 free shipping, 5 promotion.
    pub coupon_type: u32,
    /// Money taken off, positive.
    pub discount: Decimal,
}

/// What a tax row is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are BigCommerce's own")]
pub enum TaxedPart {
    Item,
    Shipping,
    Handling,
    GiftWrapping,
    Fee,
    /// The row does not say (no details), or says something new.
    Unknown,
}

/// One tax row of the order. Rows are copied, never re-rated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaxRow {
    /// The tax's name, for example `CA State Tax`.
    pub name: String,
    /// The tax class.
    pub class: String,
    /// Percent.
    pub rate: Decimal,
    /// The tax of this row; rows add up to the order's tax.
    pub amount: Decimal,
    /// What it is on.
    pub part: TaxedPart,
    /// The line it is on, when told.
    pub line: Option<u64>,
    /// The address it belongs to.
    pub address: Option<u64>,
}

/// An order-level fee (tip, package protection, card surcharge ...).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fee {
    /// The fee's id.
    pub id: u64,
    /// The merchant's name for it.
    pub name: String,
    /// Where it came from.
    pub source: String,
    /// Without tax.
    pub cost_ex_tax: Decimal,
    /// With tax.
    pub cost_inc_tax: Decimal,
}

/// What a payment transaction did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentEvent {
    /// Authorised and captured at once.
    Purchase,
    /// Reserved; not money yet.
    Authorization,
    /// A reservation turned into money, whole or in part.
    Capture,
    /// Money given back.
    Refund,
    /// A reservation let go.
    Void,
    /// Announced, for example a cheque.
    Pending,
    /// The gateway settled; may repeat the money of a purchase or capture.
    Settled,
    /// Anything new.
    Other(String),
}

/// One payment transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transaction {
    /// Unique; the receipt's key.
    pub id: u64,
    /// What happened.
    pub event: PaymentEvent,
    /// `credit_card`, `gift_certificate`, `store_credit`, `offline` ...
    pub method: String,
    /// The gateway: an open list; `giftcertificate` and `storecredit` are BigCommerce's own.
    pub gateway: String,
    /// Positive.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
    /// The gateway's own reference, for matching payouts.
    pub gateway_reference: Option<String>,
    /// Status is `ok`; errors moved no money.
    pub ok: bool,
    /// A test transaction is never posted.
    pub test: bool,
    /// The transaction it follows: capture to authorisation, refund to purchase.
    pub reference: Option<u64>,
    /// When.
    pub created: Timestamp,
    /// The display name of an offline or custom method.
    pub display_name: Option<String>,
}

/// What a refund item refunds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are BigCommerce's own")]
pub enum RefundedPart {
    Product,
    GiftWrapping,
    Shipping,
    Handling,
    Order,
    Fee,
    /// Anything new.
    Other(String),
}

/// One item of a refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefundItem {
    /// What kind.
    pub part: RefundedPart,
    /// The order-product, order-address, fee or order id, by kind.
    pub item: u64,
    /// Units, for products.
    pub quantity: Option<Decimal>,
    /// The amount asked for, when told.
    pub requested: Option<Decimal>,
    /// Deductions such as restocking fees: negative amounts with a description.
    pub adjustments: Vec<(Decimal, String)>,
}

/// Money of a refund going out by one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefundPayment {
    /// The payment's id.
    pub id: u64,
    /// The gateway or `storecredit`.
    pub provider: String,
    /// Positive.
    pub amount: Decimal,
    /// Only marked in BigCommerce; the money moved elsewhere, if at all.
    pub offline: bool,
    /// Declined: no money moved.
    pub declined: bool,
}

/// One refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// Unique within the store; the credit memo's key.
    pub id: u64,
    /// When it was made; `None` when the source leaves it empty.
    pub created: Option<Timestamp>,
    /// The reason given, shortened.
    pub reason: String,
    /// What goes back to the buyer, with tax.
    pub total: Decimal,
    /// The tax part; may be negative.
    pub tax: Decimal,
    /// The totals were typed in by the merchant, not computed.
    pub merchant_override: bool,
    /// What is refunded; empty for a tax adjustment.
    pub items: Vec<RefundItem>,
    /// How the money goes back.
    pub payments: Vec<RefundPayment>,
}

impl Evidence {
    /// The hash of everything accounting looks at, in lower-case hexadecimal: equal hash, nothing to do.
    pub fn content_hash(&self) -> String {
        hash_of(self)
    }

    /// Money each transaction brought in: see [`PaymentEvent`]. Keyed by transaction id.
    ///
    /// Purchases and captures that went well and are no tests. A `settled` row counts only when no purchase or capture
    /// of its chain is there, because it may repeat the same money (BigCommerce, Orders V3, transactions).
    pub fn captures(&self) -> BTreeMap<u64, &Transaction> {
        // A purchase voided before it settled moved no money in the end.
        let voids = self.transactions.iter().filter(|t| t.event == PaymentEvent::Void && t.ok);
        let voided: HashSet<u64> = voids.filter_map(|t| t.reference).collect();
        let moved = |t: &&Transaction| t.ok && !t.test && !voided.contains(&t.id);
        let of = |events: &[PaymentEvent]| -> Vec<&Transaction> {
            self.transactions.iter().filter(moved).filter(|t| events.contains(&t.event)).collect()
        };
        let mut captured: BTreeMap<u64, &Transaction> = BTreeMap::new();
        // What names the money taken in so far: the transaction, the one it follows, the gateway's reference.
        let (mut ids, mut followed, mut references) = (HashSet::new(), HashSet::new(), HashSet::new());
        for transaction in of(&[PaymentEvent::Purchase, PaymentEvent::Capture]) {
            ids.insert(transaction.id);
            followed.extend(transaction.reference);
            references.extend(transaction.gateway_reference.as_deref());
            captured.insert(transaction.id, transaction);
        }
        for settled in of(&[PaymentEvent::Settled]) {
            let repeats = settled.reference.is_some_and(|id| ids.contains(&id) || followed.contains(&id))
                || settled.gateway_reference.as_deref().is_some_and(|reference| references.contains(reference));
            if !repeats {
                ids.insert(settled.id);
                followed.extend(settled.reference);
                references.extend(settled.gateway_reference.as_deref());
                captured.insert(settled.id, settled);
            }
        }
        captured
    }
}
