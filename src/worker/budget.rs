//! New orders go daily while a company's budget of API transactions is spent, where the team has chosen so.

use super::connection::StoreConnection;
use crate::accounting::policy::PostingMode;
use crate::store::{Store, StoreError};
use crate::telemetry::ORDERS_OVER_BUDGET_TOTAL;

/// The way of an order that has `begun` no other, when the budget decides it. The decision is kept before anything is
/// collected: an order goes one way for good, also when the next month has a new budget before its day is summed up.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(super) async fn goes_daily(
    store: &Store,
    connection: &StoreConnection,
    order_id: u64,
    begun: Option<PostingMode>,
) -> Result<Option<PostingMode>, StoreError> {
    if begun.is_some() || !connection.daily_over_budget {
        return Ok(None);
    }
    if store.goes_daily(&connection.name, order_id).await? {
        return Ok(Some(PostingMode::Daily));
    }
    if !connection.gateway.over_budget() {
        return Ok(None);
    }
    store.go_daily(&connection.name, order_id).await?;
    metrics::counter!(ORDERS_OVER_BUDGET_TOTAL, "store" => connection.name.clone()).increment(1);
    tracing::warn!(
        store = connection.name,
        order = order_id,
        company = connection.company,
        "over the budget of API transactions: the order is summed up by day instead of posted by itself"
    );
    Ok(Some(PostingMode::Daily))
}
