//! What the store thinks of each of its orders, to compare with a ledger.

use rust_decimal::Decimal;
use serde::Serialize;

use super::draft::Payment;
use super::model::{Order, Refund};
use super::store::Store;

/// One order in the store's own eyes. Amounts are in the order's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderSummary {
    /// The order.
    pub order_id: u64,
    /// Its status now.
    pub status_id: u64,
    /// ISO code of the currency it was charged in.
    pub currency: String,
    /// What the buyer owes with tax, whatever the tender: the order's total plus gift certificate and store credit.
    pub gross: Decimal,
    /// The tax in it.
    pub tax: Decimal,
    /// Money, gift certificates and store credit received according to the transactions.
    pub captured: Decimal,
    /// Gift certificates and store credit in `captured`.
    pub liability_tenders: Decimal,
    /// Paid back, declined refund payments aside.
    pub refunded: Decimal,
    /// The tax in the refunds that were paid back.
    pub refunded_tax: Decimal,
    /// Refunds of which at least one payment was not declined.
    pub refunds: usize,
    /// Paid by hand or by the test gateway: no transaction will ever say so.
    pub without_transactions: bool,
    /// Imported history (`external_source` M-MIG).
    pub migrated: bool,
}

impl OrderSummary {
    fn of(order: &Order) -> Self {
        let paid_back: Vec<&Refund> = order.refunds.iter().filter(|refund| !refund.paid_back().is_zero()).collect();
        Self {
            order_id: order.id,
            status_id: order.status_id,
            currency: order.currency.clone(),
            gross: order.gross(),
            tax: order.totals.tax,
            captured: order.received().map(|row| row.amount).sum(),
            liability_tenders: order.liability_tenders(),
            refunded: paid_back.iter().map(|refund| refund.paid_back()).sum(),
            refunded_tax: paid_back.iter().map(|refund| refund.tax).sum(),
            refunds: paid_back.len(),
            without_transactions: matches!(order.payment, Payment::Offline { .. } | Payment::TestGateway),
            migrated: order.external_source.as_deref() == Some("M-MIG"),
        }
    }
}

impl Store {
    /// Every order as the store sees it now, by id.
    pub fn expected_summary(&self) -> Vec<OrderSummary> {
        self.state().orders.values().map(OrderSummary::of).collect()
    }

    /// The ids of an order's products, in the order of its lines; empty for an unknown order.
    pub fn order_product_ids(&self, order: u64) -> Vec<u64> {
        let state = self.state();
        state.orders.get(&order).map(|order| order.lines.iter().map(|line| line.id).collect()).unwrap_or_default()
    }
}
