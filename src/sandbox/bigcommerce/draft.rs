//! How a caller describes an order: what was bought, by whom, where to, at which rates and how it is paid. No totals:
//! the store computes those itself.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A postal address with a person on it, as billing and shipping addresses carry it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Company, or empty.
    pub company: String,
    /// First address line.
    pub street: String,
    /// City.
    pub city: String,
    /// State or province, spelled out.
    pub state: String,
    /// Postal code.
    pub zip: String,
    /// Country, spelled out.
    pub country: String,
    /// ISO 3166 two-letter country code.
    pub country_code: String,
    /// Telephone number, or empty.
    pub phone: String,
    /// E-mail address.
    pub email: String,
}

/// A customer to register.
#[derive(Clone, Debug)]
pub struct CustomerDraft {
    /// The customer's own address; its e-mail and company become the customer's.
    pub address: Address,
    /// Customer group, 0 for none.
    pub group: u64,
    /// Store credit to start with, in the store's currency.
    pub store_credit: Decimal,
}

/// A product of the catalogue. Orders copy what they need of it: what is changed here later changes no order.
#[derive(Clone, Debug)]
pub struct ProductDraft {
    /// Stock keeping unit; it decides the product's id.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// List price in the store's currency.
    pub price: Decimal,
    /// Cost of one unit, 0 when the merchant keeps none.
    pub cost: Decimal,
    /// Names of its categories; new ones are created.
    pub categories: Vec<String>,
}

/// One tax of a jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// Name as `GET /v2/orders/{id}/taxes` shows it, for example `State Tax`.
    pub name: String,
    /// Percent, for example `8.25`.
    pub percent: Decimal,
}

impl TaxRate {
    /// A tax of `percent` percent.
    pub fn new(name: impl Into<String>, percent: Decimal) -> Self {
        Self { name: name.into(), percent }
    }
}

/// When tax is rounded to the cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaxRounding {
    /// Each tax of each line (BigCommerce, tax settings: `RATE_ROUNDING`, its default).
    #[default]
    EachRate,
    /// Once for the whole order; lines and rows keep four decimals (`NO_ROUNDING`).
    WholeOrder,
    /// The order's tax is rounded once at the combined rate, but each row is shown to the cent, so rows may miss a
    /// cent.
    RowsShownInCents,
}

/// What kind of thing a line sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineKind {
    /// Needs shipping.
    Physical,
    /// Downloaded.
    Digital,
    /// A gift certificate: a liability, untaxed and never discounted.
    GiftCertificate,
}

/// One line of an order.
#[derive(Clone, Debug)]
pub struct LineDraft {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) kind: LineKind,
    pub(super) quantity: u32,
    pub(super) unit_price: Decimal,
    pub(super) unit_cost: Decimal,
    pub(super) taxable: bool,
    pub(super) custom: bool,
    pub(super) brand: String,
    pub(super) destination: usize,
    pub(super) wrapping: Option<Decimal>,
    pub(super) parent: Option<usize>,
}

impl LineDraft {
    /// A taxable physical line of `quantity` units at `unit_price`; the price is before tax, or with tax in an order of
    /// inclusive prices.
    pub fn new(sku: impl Into<String>, name: impl Into<String>, quantity: u32, unit_price: Decimal) -> Self {
        Self {
            sku: sku.into(),
            name: name.into(),
            kind: LineKind::Physical,
            quantity,
            unit_price,
            unit_cost: Decimal::ZERO,
            taxable: true,
            custom: false,
            brand: String::new(),
            destination: 0,
            wrapping: None,
            parent: None,
        }
    }

    /// A gift certificate of the given face value.
    pub fn gift_certificate(name: impl Into<String>, value: Decimal) -> Self {
        let mut line = Self::new("", name, 1, value);
        line.kind = LineKind::GiftCertificate;
        line.taxable = false;
        line
    }

    /// A downloaded product.
    pub fn digital(mut self) -> Self {
        self.kind = LineKind::Digital;
        self
    }

    /// No tax on this line.
    pub fn untaxed(mut self) -> Self {
        self.taxable = false;
        self
    }

    /// A product typed into a manual order: it has no catalogue entry (`product_id` 0).
    pub fn custom(mut self) -> Self {
        self.custom = true;
        self
    }

    /// Cost per unit, copied from the catalogue at order time.
    pub fn cost(mut self, unit_cost: Decimal) -> Self {
        self.unit_cost = unit_cost;
        self
    }

    /// The product's brand.
    pub fn brand(mut self, brand: impl Into<String>) -> Self {
        self.brand = brand.into();
        self
    }

    /// Gift wrapping for the whole line, taxed like the line.
    pub fn wrapped(mut self, cost: Decimal) -> Self {
        self.wrapping = Some(cost);
        self
    }

    /// Ships to the order's destination with this index (0 is the first).
    pub fn to(mut self, destination: usize) -> Self {
        self.destination = destination;
        self
    }

    /// A component of the bundle in the order's line with this index (0 is the first).
    pub fn part_of(mut self, parent: usize) -> Self {
        self.parent = Some(parent);
        self
    }
}

/// Where goods go, and what getting them there costs.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Recipient.
    pub address: Address,
    /// Display text of the shipping method.
    pub method: String,
    /// Shipping cost before coupons; before or with tax like the order's prices.
    pub shipping: Decimal,
    /// Handling cost, likewise.
    pub handling: Decimal,
    /// The taxes of this place.
    pub rates: Vec<TaxRate>,
}

/// What a coupon does (BigCommerce, `GET /v2/orders/{id}/coupons`, field `type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CouponKind {
    /// A percentage off the goods (type 1).
    Percent,
    /// An amount off the order (type 2).
    Amount,
    /// Free shipping (type 4): the shipping cost of the order is already zero.
    FreeShipping,
    /// An automatic promotion worth an amount (type 5).
    Promotion,
}

/// A charge added at checkout (BigCommerce, order-level fees).
#[derive(Clone, Debug)]
pub struct FeeDraft {
    /// What the customer sees.
    pub name: String,
    /// Which app or setting added it.
    pub source: String,
    /// Amount before tax, or with tax in an order of inclusive prices.
    pub cost: Decimal,
    /// Whether the order's first jurisdiction taxes it.
    pub taxable: bool,
}

/// A gift certificate used as tender.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GiftCertificate {
    /// The code typed in.
    pub code: String,
    /// Balance before this order.
    pub balance: Decimal,
    /// Amount taken for this order.
    pub amount: Decimal,
}

/// How the part not covered by gift certificates and store credit is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payment {
    /// A gateway of which BigCommerce sees the transactions.
    Gateway {
        /// Display name on the order, for example `Credit Card`.
        display_name: String,
        /// Gateway of the transactions, for example `stripe`.
        gateway: String,
        /// Method of the transactions, for example `credit_card` or `electronic_wallet`.
        method: String,
    },
    /// Cheque, bank deposit, cash on delivery: marked paid by hand.
    Offline {
        /// Display name on the order, for example `Bank Deposit`.
        display_name: String,
        /// When set, the store writes one `pending` transaction row with this gateway, as "pay in store" does.
        pending_row: Option<String>,
    },
    /// Purchase order on terms (`payment_method` "PO").
    PurchaseOrder {
        /// The customer's own order number; it sits in the customer message.
        number: String,
    },
    /// The built-in test gateway: paid, but no transaction row.
    TestGateway,
    /// Nothing to pay.
    Nothing,
}

impl Payment {
    /// Cards through Stripe.
    pub fn stripe() -> Self {
        Self::Gateway { display_name: "Credit Card".into(), gateway: "stripe".into(), method: "credit_card".into() }
    }

    /// PayPal.
    pub fn paypal() -> Self {
        Self::Gateway {
            display_name: "PayPal".into(),
            gateway: "paypalexpress".into(),
            method: "electronic_wallet".into(),
        }
    }

    /// An offline method without any transaction row.
    pub fn offline(display_name: impl Into<String>) -> Self {
        Self::Offline { display_name: display_name.into(), pending_row: None }
    }
}

/// A description of one order. Built with chained calls; [`super::Store::create_order`] turns it into an order.
#[derive(Clone, Debug)]
pub struct OrderDraft {
    pub(super) customer: u64,
    pub(super) billing: Address,
    pub(super) lines: Vec<LineDraft>,
    pub(super) destinations: Vec<Destination>,
    pub(super) billing_rates: Vec<TaxRate>,
    pub(super) discount: Decimal,
    pub(super) discount_percent: Decimal,
    pub(super) coupons: Vec<(CouponKind, String, Decimal)>,
    pub(super) fees: Vec<FeeDraft>,
    pub(super) inclusive: bool,
    pub(super) rounding: TaxRounding,
    pub(super) gift_certificate: Option<GiftCertificate>,
    pub(super) store_credit: Decimal,
    pub(super) payment: Payment,
    pub(super) currency: Option<(String, Decimal)>,
    pub(super) channel: u64,
    pub(super) source: String,
    pub(super) external_source: Option<String>,
    pub(super) date_created: Option<Timestamp>,
}

impl OrderDraft {
    /// An order of a guest at this billing address, paid by card through Stripe.
    pub fn guest(billing: Address) -> Self {
        Self {
            customer: 0,
            billing,
            lines: Vec::new(),
            destinations: Vec::new(),
            billing_rates: Vec::new(),
            discount: Decimal::ZERO,
            discount_percent: Decimal::ZERO,
            coupons: Vec::new(),
            fees: Vec::new(),
            inclusive: false,
            rounding: TaxRounding::default(),
            gift_certificate: None,
            store_credit: Decimal::ZERO,
            payment: Payment::stripe(),
            currency: None,
            channel: 1,
            source: "www".into(),
            external_source: None,
            date_created: None,
        }
    }

    /// An order of a registered customer.
    pub fn customer(customer: u64, billing: Address) -> Self {
        Self { customer, ..Self::guest(billing) }
    }

    /// Adds a line.
    pub fn line(mut self, line: LineDraft) -> Self {
        self.lines.push(line);
        self
    }

    /// Ships to the billing address: shipping and handling cost, and the taxes there.
    pub fn ship(self, method: &str, shipping: Decimal, handling: Decimal, rates: &[TaxRate]) -> Self {
        let destination = Destination {
            address: self.billing.clone(),
            method: method.into(),
            shipping,
            handling,
            rates: rates.to_vec(),
        };
        self.destination(destination)
    }

    /// Adds a destination.
    pub fn destination(mut self, destination: Destination) -> Self {
        self.destinations.push(destination);
        self
    }

    /// The taxes of lines that are not shipped (digital products).
    pub fn billing_rates(mut self, rates: &[TaxRate]) -> Self {
        self.billing_rates = rates.to_vec();
        self
    }

    /// An order-level discount as an amount.
    pub fn discount(mut self, amount: Decimal) -> Self {
        self.discount = amount;
        self
    }

    /// An order-level discount in percent of the goods.
    pub fn discount_percent(mut self, percent: Decimal) -> Self {
        self.discount_percent = percent;
        self
    }

    /// Applies a coupon; `worth` is a percentage for [`CouponKind::Percent`], else an amount.
    pub fn coupon(mut self, kind: CouponKind, code: &str, worth: Decimal) -> Self {
        self.coupons.push((kind, code.into(), worth));
        self
    }

    /// Adds a fee.
    pub fn fee(mut self, fee: FeeDraft) -> Self {
        self.fees.push(fee);
        self
    }

    /// Prices include tax.
    pub fn inclusive(mut self) -> Self {
        self.inclusive = true;
        self
    }

    /// How tax is rounded.
    pub fn rounding(mut self, rounding: TaxRounding) -> Self {
        self.rounding = rounding;
        self
    }

    /// Pays a part with a gift certificate.
    pub fn gift_certificate(mut self, certificate: GiftCertificate) -> Self {
        self.gift_certificate = Some(certificate);
        self
    }

    /// Pays a part with store credit.
    pub fn store_credit(mut self, amount: Decimal) -> Self {
        self.store_credit = amount;
        self
    }

    /// How the rest is paid.
    pub fn pay_with(mut self, payment: Payment) -> Self {
        self.payment = payment;
        self
    }

    /// Charged in another currency; `rate` is units of it per unit of the store's currency.
    pub fn currency(mut self, code: &str, rate: Decimal) -> Self {
        self.currency = Some((code.into(), rate));
        self
    }

    /// Sold on another channel (1 is the first storefront), with its `order_source`.
    pub fn channel(mut self, channel: u64, source: &str) -> Self {
        self.channel = channel;
        self.source = source.into();
        self
    }

    /// Came from another system; `M-MIG` marks migrated history.
    pub fn external_source(mut self, source: &str) -> Self {
        self.external_source = Some(source.into());
        self.source = "external".into();
        self
    }

    /// Placed at this moment instead of now (imports may set it).
    pub fn created(mut self, at: Timestamp) -> Self {
        self.date_created = Some(at);
        self
    }
}
