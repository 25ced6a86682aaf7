//! Policy: what one store's finance team decided once, as plain data.

mod order_entry;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use self::order_entry::{OrderEntryPolicy, SubtotalKind};
use super::money::Currency;

mod customers;

pub use customers::{CustomerPolicy, Guests, SeveralMatches};

/// The longest number prefix, in characters: a guest's customer id (prefix, `G`, twelve digits) has at most twenty.
pub const LONGEST_PREFIX: usize = 7;

/// The longest store name, in characters, so that every document key fits.
pub const LONGEST_STORE: usize = 64;

/// Why a policy is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The time zone is unknown.
    #[error("'{0}' is not a time zone of the IANA database: expected a name such as America/New_York")]
    TimeZone(String),
    /// The number prefix does not fit Intacct's ids.
    #[error("number prefix '{0}' must be 1 to {LONGEST_PREFIX} letters, digits, '-' or '_'")]
    Prefix(String),
    /// The store's name does not fit document keys.
    #[error("store name '{0}' must be 1 to {LONGEST_STORE} letters, digits, '-' or '_'")]
    Store(String),
    /// No receivable account.
    #[error("store '{0}' has no receivable account: name the AR control account")]
    Receivable(String),
    /// Ship-date recognition without an account for deposits.
    #[error(
        "store '{0}' recognises sales at shipment and has no deposit_account: name the customer deposits liability"
    )]
    Deposits(String),
    /// No journal.
    #[error("store '{0}' has no journal: name the symbol of the Intacct journal for entries, for example GJ")]
    Journal(String),
    /// The attachments folder has no name.
    #[error("store '{0}' has an attachment_folder without a name: name a folder of Intacct, or leave the setting out")]
    AttachmentFolder(String),
    /// The custom field of the buyer's id cannot be a field.
    #[error(
        "store '{0}' has an id_field that is no field name: give the integration name of Intacct's custom field on customers, for example BC_CUSTOMER_ID"
    )]
    CustomerField(String),
    /// Order-entry mode without the name of something every document names.
    #[error(
        "store '{store}' posts Order Entry documents and order_entry.{setting} is empty: name it as the Intacct company does"
    )]
    OrderEntry {
        /// The store.
        store: String,
        /// The setting.
        setting: &'static str,
    },
    /// The cap is negative.
    #[error("store '{store}': the cap for rounding differences is {cap}; it must be zero or more")]
    Cap {
        /// The store.
        store: String,
        /// The cap given.
        cap: Decimal,
    },
}

/// A time zone by its IANA name, taken from the database compiled into the program, so that a date is the same on every machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StoreTimeZone {
    name: String,
    zone: TimeZone,
}

impl StoreTimeZone {
    /// Looks a name up.
    ///
    /// # Errors
    /// [`PolicyError::TimeZone`] when there is none of that name.
    pub fn new(name: &str) -> Result<Self, PolicyError> {
        match TimeZoneDatabase::bundled().get(name) {
            Ok(zone) => Ok(Self { name: name.to_owned(), zone }),
            Err(_) => Err(PolicyError::TimeZone(name.chars().take(64).collect())),
        }
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone itself.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

impl TryFrom<String> for StoreTimeZone {
    type Error = PolicyError;

    fn try_from(name: String) -> Result<Self, PolicyError> {
        Self::new(&name)
    }
}

impl From<StoreTimeZone> for String {
    fn from(zone: StoreTimeZone) -> String {
        zone.name
    }
}

/// How a refund of an amount off the whole order is booked: BigCommerce reports no tax for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderLevelRefund {
    /// All of it is an allowance.
    #[default]
    Allowance,
    /// Tax is taken out of it at the order's effective rate.
    CarveOut,
    /// Somebody looks at it.
    Hold,
}

/// What to do when the order says a gift certificate or store credit was redeemed, but shows no transaction of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredValueWithoutTransaction {
    /// Hold until the transaction is there.
    #[default]
    Hold,
    /// Book the order header's amount.
    UseHeader,
}

/// Which day a sale counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recognition {
    /// The day the order was placed.
    #[default]
    OrderDate,
    /// The day its first payment was captured; an order on terms counts from the day it was placed.
    PaymentDate,
    /// The day goods shipped (control passes, ASC 606); money that comes in before is a deposit.
    ShipDate,
}

/// What is done about an order that changed after it was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangedOrders {
    /// Somebody looks at it; the books stay as they are.
    #[default]
    Hold,
    /// The difference is posted as a linked correction.
    Correct,
}

/// What is done about a document whose posting date is in a closed period, unless a period rule says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedPeriod {
    /// It is held.
    #[default]
    Hold,
    /// It is posted on the first open day; its true day is kept.
    NextOpen,
}

/// How a store's orders reach the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PostingMode {
    /// Receivables documents for every order.
    #[default]
    Order,
    /// Order Entry documents for every order's sale and returned goods, receivables documents for the rest.
    #[serde(rename = "order_entry", alias = "order-entry")]
    OrderEntry,
    /// One summary journal per day and currency.
    Daily,
}

/// What one store's finance team decided once. Amounts are in major units of the order's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The store's name in our settings; first part of every document key.
    pub store: String,
    /// What numbers in Intacct start with, for example `BC-`. Two stores of one company need two prefixes.
    pub number_prefix: String,
    /// The accounts receivable control account.
    pub receivable_account: String,
    /// The statuses in which an order is posted (BigCommerce, Orders V2, order statuses).
    pub export_statuses: BTreeSet<u32>,
    /// Orders placed before this day, in the store's time zone, are never posted.
    pub go_live: Option<Date>,
    /// Orders with a smaller id are never posted.
    pub first_order: Option<u64>,
    /// The store's time zone: it decides the posting date.
    pub time_zone: StoreTimeZone,
    /// How far lines and total may differ in a currency with two decimals; more is held. Other currencies have as many of
    /// their own minor units: 0.05 stands for five, which is 5 JPY or 0.005 KWD.
    pub totals_cap: Decimal,
    /// Where a difference of at least one minor unit within the cap goes; without it such an order is held.
    pub rounding_account: Option<String>,
    /// How an order-level refund is booked.
    pub order_level_refund: OrderLevelRefund,
    /// What to do when a redeemed gift certificate or store credit has no transaction.
    pub stored_value_without_transaction: StoredValueWithoutTransaction,
    /// External sources that are never posted. `M-MIG` marks history migrated into BigCommerce.
    pub excluded_external_sources: BTreeSet<String>,
    /// Whether archived orders are posted. Archived does not mean cancelled.
    pub post_archived: bool,
    /// The base currency of the Intacct company or entity.
    pub base_currency: Currency,
    /// Currencies that are posted besides the base currency; each needs an exchange rule.
    pub foreign_currencies: BTreeSet<Currency>,
    /// The last day of the last closed period. Nothing is posted on it or before.
    pub books_closed_through: Option<Date>,
    /// Intacct's payment term of invoices, unless the customer rule gives one.
    pub terms: Option<String>,
    /// Days from posting to due, when no term says it.
    pub due_days: u16,
    /// Which day a sale counts from.
    pub recognition: Recognition,
    /// The liability account of money that comes in before the sale counts; needed with ship-date recognition.
    pub deposit_account: Option<String>,
    /// The local time at which the store's day ends: what happens at or after it is of the next day. Midnight by default.
    pub cut_off: Time,
    /// What is done about documents of a closed period, unless a period rule says otherwise.
    pub closed_period: ClosedPeriod,
    /// What is done about orders that changed after posting.
    pub changed_orders: ChangedOrders,
    /// Whether the cost of goods is posted when they ship. Never together with an Intacct that values stock itself.
    pub cost_of_goods: bool,
    /// Channels whose orders are posted; empty means all.
    pub channels: BTreeSet<u64>,
    /// How orders reach the ledger before the first day of `posting_changes`.
    pub posting: PostingMode,
    /// From which posting day on another way holds: what is of that day or later is posted that way.
    pub posting_changes: BTreeMap<Date, PostingMode>,
    /// The symbol of the Intacct journal that journal entries go to.
    pub journal: String,
    /// Daily mode: how many minutes after its end, or after the last document that came for it, a day is summed up.
    pub daily_close_delay_minutes: u32,
    /// Daily mode: the Intacct attachments folder the support of each summary goes to; it must exist. None: the support
    /// is kept here only.
    pub attachment_folder: Option<String>,
    /// How buyers become customers.
    pub customers: CustomerPolicy,
    /// Order-entry mode: how the Intacct company calls what its documents are made of.
    pub order_entry: OrderEntryPolicy,
}

impl Default for Policy {
    /// A policy with the usual decisions; store and receivable account are still to be named.
    fn default() -> Self {
        Self {
            store: String::new(),
            number_prefix: "BC-".to_owned(),
            receivable_account: String::new(),
            export_statuses: BTreeSet::from([2, 3, 4, 8, 9, 10, 11, 14]),
            go_live: None,
            first_order: None,
            time_zone: StoreTimeZone::utc(),
            totals_cap: Decimal::new(5, 2),
            rounding_account: None,
            order_level_refund: OrderLevelRefund::default(),
            stored_value_without_transaction: StoredValueWithoutTransaction::default(),
            excluded_external_sources: BTreeSet::from(["M-MIG".to_owned()]),
            post_archived: false,
            base_currency: Currency::USD,
            foreign_currencies: BTreeSet::new(),
            books_closed_through: None,
            terms: None,
            due_days: 0,
            recognition: Recognition::default(),
            deposit_account: None,
            cut_off: Time::midnight(),
            closed_period: ClosedPeriod::default(),
            changed_orders: ChangedOrders::default(),
            cost_of_goods: false,
            channels: BTreeSet::new(),
            posting: PostingMode::default(),
            posting_changes: BTreeMap::new(),
            journal: "GJ".to_owned(),
            daily_close_delay_minutes: 120,
            attachment_folder: None,
            customers: CustomerPolicy::default(),
            order_entry: OrderEntryPolicy::default(),
        }
    }
}

impl Policy {
    /// The usual decisions for a store.
    pub fn new(store: &str, receivable_account: &str) -> Self {
        Self { store: store.to_owned(), receivable_account: receivable_account.to_owned(), ..Self::default() }
    }

    /// How far lines and total may differ in this currency, in its major units: see [`Policy::totals_cap`].
    pub fn tolerance(&self, currency: Currency) -> Decimal {
        const USUAL_MINOR_UNITS: u32 = 2;
        let minor = currency.minor_units();
        let units = Decimal::from(10u32.saturating_pow(minor.abs_diff(USUAL_MINOR_UNITS)));
        let cap = if minor > USUAL_MINOR_UNITS { self.totals_cap / units } else { self.totals_cap * units };
        cap.normalize()
    }

    /// How what is of `day` reaches the ledger. Every day has exactly one way, so a change leaves no gap and no overlap.
    pub fn posting_on(&self, day: Date) -> PostingMode {
        self.posting_changes.range(..=day).next_back().map_or(self.posting, |(_, mode)| *mode)
    }

    /// Whether any day goes this way.
    pub fn ever_posts(&self, mode: PostingMode) -> bool {
        self.posting == mode || self.posting_changes.values().any(|changed| *changed == mode)
    }

    /// The same decisions with one way for all days: what is known of an order that has begun that way.
    #[must_use]
    pub fn always(&self, mode: PostingMode) -> Self {
        Self { posting: mode, posting_changes: BTreeMap::new(), ..self.clone() }
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first [`PolicyError`] found.
    pub fn check(&self) -> Result<(), PolicyError> {
        let name = |text: &str, limit: usize| {
            let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            plain && !text.is_empty() && text.len() <= limit
        };
        if !name(&self.store, LONGEST_STORE) {
            return Err(PolicyError::Store(self.store.clone()));
        }
        if !name(&self.number_prefix, LONGEST_PREFIX) {
            return Err(PolicyError::Prefix(self.number_prefix.clone()));
        }
        if self.receivable_account.trim().is_empty() {
            return Err(PolicyError::Receivable(self.store.clone()));
        }
        if self.totals_cap.is_sign_negative() {
            return Err(PolicyError::Cap { store: self.store.clone(), cap: self.totals_cap });
        }
        let deposits = self.deposit_account.as_deref().is_some_and(|account| !account.trim().is_empty());
        if self.recognition == Recognition::ShipDate && !deposits {
            return Err(PolicyError::Deposits(self.store.clone()));
        }
        if self.journal.trim().is_empty() {
            return Err(PolicyError::Journal(self.store.clone()));
        }
        if self.attachment_folder.as_deref().is_some_and(|folder| folder.trim().is_empty()) {
            return Err(PolicyError::AttachmentFolder(self.store.clone()));
        }
        if !self.customers.has_usable_id_field() {
            return Err(PolicyError::CustomerField(self.store.clone()));
        }
        match self.order_entry.missing().filter(|_| self.ever_posts(PostingMode::OrderEntry)) {
            Some(setting) => Err(PolicyError::OrderEntry { store: self.store.clone(), setting }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_what_it_cannot_use() {
        assert_eq!(Policy::new("acme-us", "1100").check(), Ok(()));
        assert!(matches!(Policy::new("acme/us", "1100").check(), Err(PolicyError::Store(_))));
        assert!(matches!(Policy::new("acme-us", " ").check(), Err(PolicyError::Receivable(_))));
        let long = Policy { number_prefix: "BIGSHOP-".into(), ..Policy::new("acme-us", "1100") };
        assert!(matches!(long.check(), Err(PolicyError::Prefix(_))));
        assert!(matches!(StoreTimeZone::new("Mars/Olympus"), Err(PolicyError::TimeZone(_))));
    }

    #[test]
    fn the_cap_is_as_many_minor_units_in_every_currency() {
        let in_currency = |code: &str| Policy::default().tolerance(code.parse().unwrap()).to_string();
        assert_eq!(["USD", "JPY", "KWD"].map(in_currency), ["0.05", "5", "0.005"]);
    }

    #[test]
    fn a_policy_is_plain_data_with_defaults() {
        let policy: Policy =
            serde_json::from_str(r#"{"store":"acme-us","receivable_account":"1100","time_zone":"America/New_York"}"#)
                .unwrap();
        assert_eq!(policy.time_zone.name(), "America/New_York");
        assert_eq!(policy.totals_cap, Decimal::new(5, 2));
        let again: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
        assert_eq!(again, policy);
    }
}
