//! The policy an order is judged by: go-live does not keep one back that somebody decided to post all the same.

use std::borrow::Cow;

use super::document::StoredDocument;
use super::{Store, StoreError, way};
use crate::accounting::evidence::Order;
use crate::accounting::period;
use crate::accounting::policy::Policy;

/// The policy for an order of a store: of the way it began, and without go-live when a backfill included it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn policy<'a>(
    store: &Store,
    name: &str,
    policy: &'a Policy,
    order: &Order,
    stored: &[StoredDocument],
) -> Result<Cow<'a, Policy>, StoreError> {
    let policy = way::policy(stored, policy);
    // The table is asked only for orders that it could make a difference for.
    if is_before(&policy, order) && store.is_included(name, order.id).await? {
        return Ok(Cow::Owned(Policy { go_live: None, first_order: None, ..policy.into_owned() }));
    }
    Ok(policy)
}

/// Whether an order is from before go-live.
fn is_before(policy: &Policy, order: &Order) -> bool {
    let placed = period::posting_date(order.created, policy);
    policy.go_live.is_some_and(|day| placed < day) || policy.first_order.is_some_and(|first| order.id < first)
}
