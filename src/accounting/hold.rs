//! Holds: every reason not to post, with figures and a remedy in an accountant's words.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::document::DocumentKey;
use super::money::Money;

/// The stable code of a hold. Reports, filters and the API use it; the text may change, the code does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldCode {
    /// No rule says where something goes, or two fit equally.
    MissingRule,
    /// Lines and charges do not reach the order's total.
    TotalsDoNotAddUp,
    /// Tax rows do not reach the order's tax.
    TaxRowsDoNotAddUp,
    /// More money came in than the order is worth.
    TendersExceedTotal,
    /// BigCommerce says money moved but shows no transaction of it.
    PaymentDataMissing,
    /// A refund that cannot be booked right.
    UnsupportedRefund,
    /// More would go back than was sold or taxed.
    RefundExceedsSale,
    /// The money of a refund was declined, so nothing went back yet.
    RefundDeclined,
    /// The order changed after it was posted.
    ChangedAfterPosting,
    /// A cancelled order whose money was kept.
    CancelledWithMoney,
    /// The posting date is in a closed period.
    PeriodClosed,
    /// Intacct refused the document.
    RejectedByIntacct,
    /// The buyer cannot be made a customer.
    CustomerIncomplete,
    /// A guest's order, where guests' orders are held.
    GuestOrder,
    /// Several customers in Intacct could be the buyer.
    CustomerAmbiguous,
    /// The buyer's customer in Intacct is not active.
    CustomerInactive,
    /// Intacct refused to create or change a customer or its contact.
    CustomerRefused,
    /// Intacct has a document of that number with other content.
    UnknownOutcomeDiffers,
    /// Intacct says that it has the document, but it cannot be found there.
    OutcomeNotFound,
    /// The order's currency is not one the store posts.
    CurrencyNotAccepted,
    /// An amount is below zero where it cannot be.
    NegativeAmount,
    /// The order could not be read.
    UnreadableOrder,
    /// The journal of a document was refused by our own checks.
    DocumentRefused,
    /// The buyer disputes the payment: nothing is reversed until the dispute is decided.
    Disputed,
    /// The status says refunded, but no refund shows that money went back.
    RefundedWithoutMoney,
    /// The cost of goods that shipped is not known.
    CostUnknown,
    /// Money came in before the sale, and there is no account for deposits.
    DepositAccountMissing,
    /// What was reported from outside the shop cannot be booked as it stands.
    EventNotBookable,
    /// The status says that the goods left, but nothing says when.
    ShippingDateMissing,
    /// The checkout was never finished, and money was captured all the same.
    IncompleteWithMoney,
    /// Something cannot be said in an Order Entry document: it has no item or subtotal, or would be booked otherwise there.
    OrderEntryIncomplete,
    /// The Intacct company has no record of this id.
    NotInIntacct,
    /// The record is there and cannot be posted to.
    InactiveInIntacct,
    /// The record may not be used here: another entity's, or an account that takes no such lines.
    RestrictedInIntacct,
    /// The account insists on dimensions that the line does not carry.
    DimensionRequired,
}

impl HoldCode {
    /// What a look at the company's master data finds: their subject names the record, and a change of it releases them.
    pub const OF_MASTER_DATA: [HoldCode; 4] =
        [Self::NotInIntacct, Self::InactiveInIntacct, Self::RestrictedInIntacct, Self::DimensionRequired];

    /// The stable text, for example `missing-rule`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingRule => "missing-rule",
            Self::TotalsDoNotAddUp => "totals-do-not-add-up",
            Self::TaxRowsDoNotAddUp => "tax-rows-do-not-add-up",
            Self::TendersExceedTotal => "tenders-exceed-total",
            Self::PaymentDataMissing => "payment-data-missing",
            Self::UnsupportedRefund => "unsupported-refund",
            Self::RefundExceedsSale => "refund-exceeds-sale",
            Self::RefundDeclined => "refund-declined",
            Self::ChangedAfterPosting => "changed-after-posting",
            Self::CancelledWithMoney => "cancelled-with-money",
            Self::PeriodClosed => "period-closed",
            Self::RejectedByIntacct => "rejected-by-intacct",
            Self::CustomerIncomplete => "customer-incomplete",
            Self::GuestOrder => "guest-order",
            Self::CustomerAmbiguous => "customer-ambiguous",
            Self::CustomerInactive => "customer-inactive",
            Self::CustomerRefused => "customer-refused",
            Self::UnknownOutcomeDiffers => "unknown-outcome-differs",
            Self::OutcomeNotFound => "outcome-not-found",
            Self::CurrencyNotAccepted => "currency-not-accepted",
            Self::NegativeAmount => "negative-amount",
            Self::UnreadableOrder => "unreadable-order",
            Self::DocumentRefused => "document-refused",
            Self::Disputed => "disputed",
            Self::RefundedWithoutMoney => "refunded-without-money",
            Self::CostUnknown => "cost-unknown",
            Self::DepositAccountMissing => "deposit-account-missing",
            Self::EventNotBookable => "event-not-bookable",
            Self::ShippingDateMissing => "shipping-date-missing",
            Self::IncompleteWithMoney => "incomplete-with-money",
            Self::OrderEntryIncomplete => "order-entry-incomplete",
            Self::NotInIntacct => "not-in-intacct",
            Self::InactiveInIntacct => "inactive-in-intacct",
            Self::RestrictedInIntacct => "restricted-in-intacct",
            Self::DimensionRequired => "dimension-required",
        }
    }
}

impl fmt::Display for HoldCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a hold keeps from being posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocks {
    /// Everything of the order that is not posted yet.
    Order,
    /// This refund and all later ones of the order.
    RefundsFrom(u64),
    /// This document, and those that need it.
    Document(DocumentKey),
}

/// One reason why something is not posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The stable code.
    pub code: HoldCode,
    /// What it is about, for example `order 118`, `order 118, refund 12` or `product 'TS-1'`.
    pub subject: String,
    /// What is wrong, with figures.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// How much money waits, when it can be told.
    pub amount: Option<Money>,
    /// What it keeps from being posted.
    pub blocks: Blocks,
}
