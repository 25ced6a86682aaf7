//! Which orders a dry run is of.

use axum::http::StatusCode;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::store::order_search::OrderFilter;

/// Orders named one by one at most.
const IDS_MAX: usize = 10_000;

/// Which orders; everything that is named must fit, and nothing named is all orders of the store.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "posting_date_from": "2026-03-01", "posting_date_to": "2026-03-31" }))]
pub(super) struct Selection {
    /// These orders, at most 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_ids: Option<Vec<u64>>,
    /// `posted`, `collected`, `held`, `waiting`, `excluded` or `failing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// The order's status in the shop, for example `Shipped`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// For example `USD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// The customer in Intacct.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    /// Placed on this day or later, in the store's time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_date_from: Option<Date>,
    /// Placed on this day or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_date_to: Option<Date>,
    /// With a document of this posting date or later; an order without documents counts by the day it was placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    posting_date_from: Option<Date>,
    /// With a document of this posting date or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    posting_date_to: Option<Date>,
    /// Total at least, in major units.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_min: Option<Decimal>,
    /// Total at most, in major units.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_max: Option<Decimal>,
    /// With an open hold of this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_code: Option<String>,
}

impl Selection {
    /// The same as the search takes it.
    ///
    /// # Errors
    /// A problem when too many orders are named, or none.
    pub fn checked(self) -> Result<OrderFilter, Problem> {
        let order_ids = match self.order_ids {
            None => None,
            Some(ids) if ids.is_empty() || ids.len() > IDS_MAX => {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "order-ids-not-valid",
                    format!("order_ids names {} orders", ids.len()),
                    format!("Name 1 to {IDS_MAX}, or leave it out and select by another field. Nothing was started."),
                ));
            }
            Some(mut ids) => {
                ids.sort_unstable();
                ids.dedup();
                Some(ids)
            }
        };
        Ok(OrderFilter {
            order_ids,
            named: None,
            outcome: self.outcome,
            status: self.status,
            currency: self.currency,
            customer_id: self.customer_id,
            order_date_from: self.order_date_from,
            order_date_to: self.order_date_to,
            posting_date_from: self.posting_date_from,
            posting_date_to: self.posting_date_to,
            total_min: self.total_min,
            total_max: self.total_max,
            hold_code: self.hold_code,
        })
    }
}

impl From<OrderFilter> for Selection {
    fn from(filter: OrderFilter) -> Self {
        Self {
            order_ids: filter.order_ids,
            outcome: filter.outcome,
            status: filter.status,
            currency: filter.currency,
            customer_id: filter.customer_id,
            order_date_from: filter.order_date_from,
            order_date_to: filter.order_date_to,
            posting_date_from: filter.posting_date_from,
            posting_date_to: filter.posting_date_to,
            total_min: filter.total_min,
            total_max: filter.total_max,
            hold_code: filter.hold_code,
        }
    }
}

/// The problem of orders that were never seen.
pub(super) fn unseen(order_ids: &[u64]) -> Problem {
    let named: Vec<String> = order_ids.iter().take(10).map(ToString::to_string).collect();
    let more = if order_ids.len() > named.len() {
        format!(" and {} more", order_ids.len() - named.len())
    } else {
        String::new()
    };
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "orders-not-seen",
        format!("These orders have not been seen: {}{more}", named.join(", ")),
        "Check their ids, or replay them first so that they are read. Nothing was started.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_named_once_each_and_not_without_end() {
        let named = |order_ids: Vec<u64>| Selection { order_ids: Some(order_ids), ..Selection::default() }.checked();
        assert_eq!(named(vec![3, 1, 3]).map(|filter| filter.order_ids), Ok(Some(vec![1, 3])));
        assert_eq!(named(vec![]).map_err(|problem| problem.code), Err("order-ids-not-valid"));
        assert!(named((0..=IDS_MAX as u64).collect()).is_err());
    }

    #[test]
    fn orders_that_were_not_seen_are_named() {
        let all: Vec<u64> = (1..=12).collect();
        assert!(unseen(&all).title.ends_with("1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"));
        assert!(unseen(&[7]).title.ends_with("seen: 7"));
    }
}
