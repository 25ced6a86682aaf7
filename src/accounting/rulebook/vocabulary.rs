//! The words of the rulebook: kinds of rules, what each may ask for, what each must and may give.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Revenue of a line.
    Product,
    /// Shipping charged.
    Shipping,
    /// Handling charged.
    Handling,
    /// Gift wrapping charged.
    GiftWrapping,
    /// An order-level fee.
    Fee,
    /// A discount, promotion or coupon.
    Discount,
    /// A tax.
    Tax,
    /// A payment method or gateway.
    Payment,
    /// Gift certificates, sold and redeemed.
    GiftCertificate,
    /// Store credit, redeemed and given.
    StoreCredit,
    /// What a refund takes back.
    Refund,
    /// Whose customer account the order goes to.
    Customer,
    /// Default dimensions.
    Dimension,
    /// Foreign currencies.
    Exchange,
    /// Where a document goes whose posting date is in a closed period.
    Period,
    /// What happens outside the shop: payouts, fees, disputes, remittances, breakage.
    Settlement,
}

/// What a rule may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Stock keeping unit.
    Sku,
    /// Name of the product, fee, discount or tax.
    Name,
    /// A category of the product.
    Category,
    /// Brand of the product.
    Brand,
    /// Type of the product: `physical` or `digital`.
    Type,
    /// Shipping: name of the shipping method. Payment: `credit_card` ..., or the display name of the method.
    Method,
    /// Gateway of the payment.
    Gateway,
    /// Discount: `manual`, `promotion` or `coupon`. Fee: where it came from.
    Source,
    /// Coupon code.
    Code,
    /// Tax class.
    Class,
    /// Tax rate in percent, without trailing zeros.
    Rate,
    /// Refund: `product`, `shipping`, `handling`, `gift-wrapping`, `fee`, `order` or `restocking`. Settlement: `bank`,
    /// `fee`, `dispute`, `dispute-fee`, `chargeback-loss`, `exchange-difference`, `tax-bank`, `tax-allowance`,
    /// `breakage` or `goodwill`.
    Part,
    /// Kind of the document, for example `invoice`; see [`DocumentKind`](crate::accounting::document::DocumentKind).
    Document,
    /// Customer group id.
    Group,
    /// Company on the billing address; only there when it is not empty.
    Company,
    /// Whether the buyer is a guest: `yes` or `no`.
    Guest,
    /// Channel id.
    Channel,
    /// Currency code.
    Currency,
    /// State shipped to, in full, or of the billing address when nothing ships.
    State,
    /// Country shipped to, as ISO 3166 alpha-2 code, or of the billing address when nothing ships.
    Country,
}

/// What a rule may give.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Give {
    /// The general ledger account.
    Account,
    /// Intacct's payment method, for example `Credit Card`, `EFT` or `Cash`.
    PaymentMethod,
    /// Intacct's bank account id, when receipts go to a bank account instead of an undeposited-funds account.
    BankAccount,
    /// The account refunds leave, when it is not the one receipts go to.
    RefundAccount,
    /// Whether an order without transactions counts as paid: `yes` or `no`.
    TreatAsPaid,
    /// How a discount shows: `net` reduces the revenue lines.
    Presentation,
    /// Who owes a tax: `marketplace` keeps it out of our liabilities.
    CollectedBy,
    /// How an order-level refund is booked: `allowance`, `carve-out` or `hold`.
    OrderLevel,
    /// The Intacct customer that stands for many buyers, or `none` for the buyer's own.
    SummaryCustomer,
    /// What ids of customers made for buyers start with.
    CustomerPrefix,
    /// Intacct's customer type.
    CustomerType,
    /// Intacct's payment term.
    Terms,
    /// Intacct's exchange rate type, or `order` for the order's own rate.
    RateType,
    /// An exchange rate: units of base currency for one unit of the document's currency.
    Rate,
    /// What a document in a closed period does: `hold`, `next-open` or `adjustment`.
    ClosedPeriod,
    /// The day documents of a closed period are posted on: a day of the adjustment period.
    AdjustmentDate,
    /// The account of the cost of goods sold.
    CostAccount,
    /// The account of the inventory that goods leave.
    InventoryAccount,
    /// What becomes of goods that come back: `restock`, `scrap` or `none`.
    Stock,
    /// The account of goods that come back and are scrapped.
    ScrapAccount,
    /// Order-entry mode: the subtotal of the transaction definition it goes on, when it is no item.
    Subtotal,
    /// Order-entry mode: the unit of the item.
    Unit,
    /// Order-entry mode: the warehouse of the item.
    Warehouse,
    /// An id for this dimension.
    Dimension(String),
}

/// The fixed values some gives take.
#[expect(missing_docs, reason = "the names say what the words are")]
pub mod values {
    pub const YES: &str = "yes";
    pub const NO: &str = "no";
    pub const NET: &str = "net";
    pub const MARKETPLACE: &str = "marketplace";
    pub const ALLOWANCE: &str = "allowance";
    pub const CARVE_OUT: &str = "carve-out";
    pub const HOLD: &str = "hold";
    pub const NONE: &str = "none";
    pub const ORDER_RATE: &str = "order";
    pub const NEXT_OPEN: &str = "next-open";
    pub const ADJUSTMENT: &str = "adjustment";
    pub const RESTOCK: &str = "restock";
    pub const SCRAP: &str = "scrap";
}

/// Dimensions every Intacct company has; others are user-defined and written `dimension:NAME`.
pub(super) const STANDARD_DIMENSIONS: [&str; 6] = ["location", "department", "class", "project", "customer", "item"];

impl RuleKind {
    /// Every kind.
    pub const ALL: [RuleKind; 16] = [
        Self::Product,
        Self::Shipping,
        Self::Handling,
        Self::GiftWrapping,
        Self::Fee,
        Self::Discount,
        Self::Tax,
        Self::Payment,
        Self::GiftCertificate,
        Self::StoreCredit,
        Self::Refund,
        Self::Customer,
        Self::Dimension,
        Self::Exchange,
        Self::Period,
        Self::Settlement,
    ];

    /// The stable name, for example `gift_wrapping`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Shipping => "shipping",
            Self::Handling => "handling",
            Self::GiftWrapping => "gift_wrapping",
            Self::Fee => "fee",
            Self::Discount => "discount",
            Self::Tax => "tax",
            Self::Payment => "payment",
            Self::GiftCertificate => "gift_certificate",
            Self::StoreCredit => "store_credit",
            Self::Refund => "refund",
            Self::Customer => "customer",
            Self::Dimension => "dimension",
            Self::Exchange => "exchange",
            Self::Period => "period",
            Self::Settlement => "settlement",
        }
    }

    /// What rules of this kind may ask for, most specific first: the order in which specificity is compared.
    pub fn conditions(self) -> &'static [Condition] {
        use Condition::*;
        match self {
            Self::Product => &[Sku, Name, Category, Brand, Type, Channel, State, Country],
            Self::Shipping | Self::Handling => &[Method, Channel, State, Country],
            Self::GiftWrapping => &[Sku, Channel, State, Country],
            Self::Fee => &[Name, Source, Channel, State, Country],
            Self::Discount => &[Code, Name, Source, Channel],
            Self::Tax => &[Name, Class, Rate, Channel, State, Country],
            Self::Payment => &[Method, Gateway, Currency, Channel],
            Self::GiftCertificate | Self::StoreCredit => &[Currency, Channel],
            Self::Refund => &[Sku, Category, Part, Channel],
            Self::Customer => &[Company, Group, Guest, Channel],
            Self::Dimension => &[Category, State, Country, Currency, Channel],
            Self::Exchange => &[Currency],
            Self::Period => &[Document, Channel],
            Self::Settlement => &[Part, Gateway, Name, Currency],
        }
    }

    /// What rules of this kind may give besides dimensions.
    pub fn gives(self) -> &'static [Give] {
        match self {
            Self::Product => &[Give::Account, Give::CostAccount, Give::InventoryAccount, Give::Unit, Give::Warehouse],
            Self::Shipping | Self::Handling | Self::GiftWrapping | Self::Fee => &[Give::Account, Give::Subtotal],
            Self::GiftCertificate => &[Give::Account, Give::Unit, Give::Warehouse],
            Self::StoreCredit | Self::Settlement => &[Give::Account],
            Self::Discount => &[Give::Account, Give::Presentation, Give::Subtotal],
            Self::Tax => &[Give::Account, Give::CollectedBy, Give::Subtotal],
            Self::Payment => {
                &[Give::Account, Give::PaymentMethod, Give::BankAccount, Give::RefundAccount, Give::TreatAsPaid]
            }
            Self::Refund => &[Give::Account, Give::OrderLevel, Give::Stock, Give::ScrapAccount, Give::Subtotal],
            Self::Customer => &[Give::SummaryCustomer, Give::CustomerPrefix, Give::CustomerType, Give::Terms],
            Self::Dimension => &[],
            Self::Exchange => &[Give::RateType, Give::Rate],
            Self::Period => &[Give::ClosedPeriod, Give::AdjustmentDate],
        }
    }

    /// The ways to give enough: at least one of these sets must be given whole. Empty: anything at all will do.
    pub fn required(self) -> &'static [&'static [Give]] {
        match self {
            Self::Discount => &[&[Give::Account], &[Give::Presentation]],
            Self::Tax => &[&[Give::Account], &[Give::CollectedBy]],
            Self::Payment => &[&[Give::Account, Give::PaymentMethod]],
            Self::Customer | Self::Dimension => &[],
            Self::Exchange => &[&[Give::RateType], &[Give::Rate]],
            Self::Period => &[&[Give::ClosedPeriod]],
            _ => &[&[Give::Account]],
        }
    }

    /// Whether rules of this kind may give dimensions.
    pub fn gives_dimensions(self) -> bool {
        !matches!(self, Self::Customer | Self::Exchange | Self::Period)
    }
}

impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Condition {
    /// Every condition, in the order columns of them are written.
    pub const ALL: [Condition; 20] = [
        Self::Sku,
        Self::Name,
        Self::Category,
        Self::Brand,
        Self::Type,
        Self::Method,
        Self::Gateway,
        Self::Source,
        Self::Code,
        Self::Class,
        Self::Rate,
        Self::Part,
        Self::Document,
        Self::Group,
        Self::Company,
        Self::Guest,
        Self::Channel,
        Self::Currency,
        Self::State,
        Self::Country,
    ];

    /// The stable name, for example `sku`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sku => "sku",
            Self::Name => "name",
            Self::Category => "category",
            Self::Brand => "brand",
            Self::Type => "type",
            Self::Method => "method",
            Self::Gateway => "gateway",
            Self::Source => "source",
            Self::Code => "code",
            Self::Class => "class",
            Self::Rate => "rate",
            Self::Part => "part",
            Self::Document => "document",
            Self::Group => "group",
            Self::Company => "company",
            Self::Guest => "guest",
            Self::Channel => "channel",
            Self::Currency => "currency",
            Self::State => "state",
            Self::Country => "country",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Give {
    /// Everything a rule may give that is no dimension, in the order columns of them are written.
    pub const PLAIN: [Give; 23] = [
        Self::Account,
        Self::PaymentMethod,
        Self::BankAccount,
        Self::RefundAccount,
        Self::TreatAsPaid,
        Self::Presentation,
        Self::CollectedBy,
        Self::OrderLevel,
        Self::SummaryCustomer,
        Self::CustomerPrefix,
        Self::CustomerType,
        Self::Terms,
        Self::RateType,
        Self::Rate,
        Self::ClosedPeriod,
        Self::AdjustmentDate,
        Self::CostAccount,
        Self::InventoryAccount,
        Self::Stock,
        Self::ScrapAccount,
        Self::Subtotal,
        Self::Unit,
        Self::Warehouse,
    ];

    /// The fixed words it takes; `None` when any text will do.
    pub fn words(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::TreatAsPaid => Some(&[values::YES, values::NO]),
            Self::Presentation => Some(&[values::NET]),
            Self::CollectedBy => Some(&[values::MARKETPLACE]),
            Self::OrderLevel => Some(&[values::ALLOWANCE, values::CARVE_OUT, values::HOLD]),
            Self::ClosedPeriod => Some(&[values::HOLD, values::NEXT_OPEN, values::ADJUSTMENT]),
            Self::Stock => Some(&[values::RESTOCK, values::SCRAP, values::NONE]),
            _ => None,
        }
    }
}

impl fmt::Display for Give {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::PaymentMethod => "payment_method",
            Self::BankAccount => "bank_account",
            Self::RefundAccount => "refund_account",
            Self::TreatAsPaid => "treat_as_paid",
            Self::Presentation => "presentation",
            Self::CollectedBy => "collected_by",
            Self::OrderLevel => "order_level",
            Self::SummaryCustomer => "summary_customer",
            Self::CustomerPrefix => "customer_prefix",
            Self::CustomerType => "customer_type",
            Self::Terms => "terms",
            Self::RateType => "rate_type",
            Self::Rate => "rate",
            Self::ClosedPeriod => "closed_period",
            Self::AdjustmentDate => "adjustment_date",
            Self::CostAccount => "cost_account",
            Self::InventoryAccount => "inventory_account",
            Self::Stock => "stock",
            Self::ScrapAccount => "scrap_account",
            Self::Subtotal => "subtotal",
            Self::Unit => "unit",
            Self::Warehouse => "warehouse",
            Self::Dimension(name) if STANDARD_DIMENSIONS.contains(&name.as_str()) => name,
            Self::Dimension(name) => return write!(f, "dimension:{name}"),
        })
    }
}

impl TryFrom<String> for Give {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.as_str() {
            "account" => Self::Account,
            "payment_method" => Self::PaymentMethod,
            "bank_account" => Self::BankAccount,
            "refund_account" => Self::RefundAccount,
            "treat_as_paid" => Self::TreatAsPaid,
            "presentation" => Self::Presentation,
            "collected_by" => Self::CollectedBy,
            "order_level" => Self::OrderLevel,
            "summary_customer" => Self::SummaryCustomer,
            "customer_prefix" => Self::CustomerPrefix,
            "customer_type" => Self::CustomerType,
            "terms" => Self::Terms,
            "rate_type" => Self::RateType,
            "rate" => Self::Rate,
            "closed_period" => Self::ClosedPeriod,
            "adjustment_date" => Self::AdjustmentDate,
            "cost_account" => Self::CostAccount,
            "inventory_account" => Self::InventoryAccount,
            "stock" => Self::Stock,
            "scrap_account" => Self::ScrapAccount,
            "subtotal" => Self::Subtotal,
            "unit" => Self::Unit,
            "warehouse" => Self::Warehouse,
            name if STANDARD_DIMENSIONS.contains(&name) => Self::Dimension(text),
            other => match other.strip_prefix("dimension:") {
                Some(name) if !name.is_empty() => Self::Dimension(name.to_owned()),
                _ => {
                    return Err(format!(
                        "'{other}' is nothing a rule can give; a user-defined dimension is written dimension:NAME"
                    ));
                }
            },
        })
    }
}

impl From<Give> for String {
    fn from(give: Give) -> String {
        give.to_string()
    }
}
