//! Order-entry mode: how one Intacct company calls what its Order Entry documents are made of.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The names an Order Entry document is written with. They are the company's own: it defines its transaction definitions,
/// units, warehouses and subtotals itself (Intacct docs, Order Entry).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderEntryPolicy {
    /// The transaction definition of sales. It must number by hand and post to Accounts Receivable.
    pub sales_invoice: String,
    /// The transaction definition of goods that come back. It must number by hand and post to Accounts Receivable.
    pub credit_memo: String,
    /// The unit of items whose rule gives none; it must be in the unit group of each.
    pub unit: String,
    /// The warehouse of items whose rule gives none; `None` for items without a warehouse.
    pub warehouse: Option<String>,
    /// The definitions' subtotals by what goes on them, where no rule gives another. What is not here is held.
    pub subtotals: BTreeMap<SubtotalKind, String>,
}

impl Default for OrderEntryPolicy {
    /// Intacct's stock names; subtotals are still to be named.
    fn default() -> Self {
        Self {
            sales_invoice: "Sales Invoice".to_owned(),
            credit_memo: "Sales Credit Memo".to_owned(),
            unit: "Each".to_owned(),
            warehouse: None,
            subtotals: BTreeMap::new(),
        }
    }
}

impl OrderEntryPolicy {
    /// The first setting that is empty although every document needs it, or it is given.
    pub fn missing(&self) -> Option<&'static str> {
        let needed = [("sales_invoice", &self.sales_invoice), ("credit_memo", &self.credit_memo), ("unit", &self.unit)];
        let given = self.warehouse.iter().map(|name| ("warehouse", name));
        let subtotals = self.subtotals.values().map(|name| ("subtotals", name));
        let mut names = needed.into_iter().chain(given).chain(subtotals);
        names.find(|(_, name)| name.trim().is_empty()).map(|(setting, _)| setting)
    }
}

/// What goes on a subtotal of a document because it is no item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubtotalKind {
    /// Shipping charged.
    Shipping,
    /// Handling charged.
    Handling,
    /// Gift wrapping charged.
    GiftWrapping,
    /// Order-level fees.
    Fee,
    /// Discounts, promotions and coupons that are shown on their own account.
    Discount,
    /// Tax.
    Tax,
    /// Refunds of an amount off the whole order.
    OrderRefund,
    /// What is kept back of a refund.
    Restocking,
    /// A rounding difference.
    Rounding,
}

impl SubtotalKind {
    /// Every kind.
    pub const ALL: [SubtotalKind; 9] = [
        Self::Shipping,
        Self::Handling,
        Self::GiftWrapping,
        Self::Fee,
        Self::Discount,
        Self::Tax,
        Self::OrderRefund,
        Self::Restocking,
        Self::Rounding,
    ];

    /// The name in the settings, for example `gift_wrapping`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shipping => "shipping",
            Self::Handling => "handling",
            Self::GiftWrapping => "gift_wrapping",
            Self::Fee => "fee",
            Self::Discount => "discount",
            Self::Tax => "tax",
            Self::OrderRefund => "order_refund",
            Self::Restocking => "restocking",
            Self::Rounding => "rounding",
        }
    }
}

impl fmt::Display for SubtotalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Policy, PolicyError, PostingMode};
    use super::*;

    #[test]
    fn the_names_of_a_company_are_read_and_misspelt_ones_refused() {
        let read = |text: &str| serde_json::from_str::<Policy>(text);
        let policy = read(
            r#"{"store": "acme-us", "receivable_account": "1100", "posting": "order_entry",
                "order_entry": {"sales_invoice": "Web Invoice", "subtotals": {"gift_wrapping": "Wrapping"}}}"#,
        );
        let policy = policy.unwrap();
        assert_eq!((policy.posting, policy.check()), (PostingMode::OrderEntry, Ok(())));
        assert_eq!(policy.order_entry.credit_memo, "Sales Credit Memo");
        assert_eq!(policy.order_entry.subtotals[&SubtotalKind::GiftWrapping], "Wrapping");
        assert!(read(r#"{"order_entry": {"subtotals": {"giftwrap": "Wrapping"}}}"#).is_err());
        let names = SubtotalKind::ALL.map(|kind| serde_json::to_value(kind).unwrap());
        assert_eq!(names, SubtotalKind::ALL.map(|kind| serde_json::Value::from(kind.as_str())));
    }

    #[test]
    fn a_store_that_posts_order_entry_documents_names_what_each_of_them_names() {
        let mut policy = Policy::new("acme-us", "1100");
        policy.order_entry.unit = " ".into();
        assert_eq!(policy.check(), Ok(()), "another mode does not need it");
        policy.posting_changes.insert("2026-04-01".parse().unwrap(), PostingMode::OrderEntry);
        assert!(matches!(policy.check(), Err(PolicyError::OrderEntry { setting: "unit", .. })));
    }
}
