//! Lists over many orders: orders by id within a filter, refunds by the time they were made.

use jiff::Timestamp;

use super::error::{ReadError, unreadable};
use super::{StoreClient, read_page};
use crate::bigcommerce::loose::object;
use crate::bigcommerce::request::OrderFilter;
use crate::bigcommerce::wire;

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSummary {
    /// Its id.
    pub id: u64,
    /// Its status.
    pub status_id: u32,
    /// When it was last changed (UTC), when told.
    pub modified: Option<Timestamp>,
}

/// One page of a list of orders, ascending by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<OrderSummary>,
    /// Whether more may follow after the last one's id.
    pub more: bool,
}

/// A refund in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundSummary {
    /// Its id.
    pub id: u64,
    /// Its order.
    pub order_id: u64,
    /// How many of its payments were declined.
    pub declined: u32,
}

impl StoreClient {
    /// One page of orders with ids above `after_id` (0 for the first), ascending, so that a long list can be stopped
    /// and resumed. Archived orders are not listed.
    ///
    /// # Errors
    /// [`ReadError`], naming the store.
    pub async fn orders_page(&self, filter: &OrderFilter, after_id: u64) -> Result<OrderPage, ReadError> {
        let what = self.what(format!("orders after {after_id}"));
        let body = self.get(&what, &self.addresses.orders(filter, after_id)).await?;
        let page = read_page(&what, &body)?;
        let orders = page.rows.iter().map(|row| summary(&what, row.get())).collect::<Result<_, _>>()?;
        Ok(OrderPage { orders, more: page.has_next(1) })
    }

    /// The highest id of the orders within the filter; `None` when there are none.
    ///
    /// # Errors
    /// [`ReadError`], naming the store.
    pub async fn last_order(&self, filter: &OrderFilter) -> Result<Option<u64>, ReadError> {
        let what = self.what("the last order");
        let page = read_page(&what, &self.get(&what, &self.addresses.last_order(filter)).await?)?;
        Ok(page.rows.first().map(|row| summary(&what, row.get())).transpose()?.map(|order| order.id))
    }

    /// One page (from 1) of the refunds made from `from` to `until`, and whether another follows.
    ///
    /// # Errors
    /// [`ReadError`], naming the store.
    pub async fn refunds_page(
        &self,
        from: Timestamp,
        until: Timestamp,
        number: u64,
    ) -> Result<(Vec<RefundSummary>, bool), ReadError> {
        let what = self.what(format!("refunds, page {number}"));
        let body = self.get(&what, &self.addresses.refunds(from, until, number)).await?;
        let page = read_page(&what, &body)?;
        let refunds = page.rows.iter().map(|row| refund(&what, row.get())).collect::<Result<_, _>>()?;
        Ok((refunds, page.has_next(number)))
    }
}

fn summary(what: &str, row: &str) -> Result<OrderSummary, ReadError> {
    let wire: wire::Summary = object(row.as_bytes()).map_err(|error| unreadable(what, &error))?;
    let id = wire.id.id().ok().flatten();
    let status_id = wire.status_id.whole().ok().flatten().and_then(|status| u32::try_from(status).ok());
    let (Some(id), Some(status_id)) = (id, status_id) else {
        return Err(ReadError::Retry { why: format!("{what}: an order has no id or status_id"), after: None });
    };
    Ok(OrderSummary { id, status_id, modified: wire.date_modified.time().ok().flatten() })
}

fn refund(what: &str, row: &str) -> Result<RefundSummary, ReadError> {
    let wire: wire::ListedRefund = object(row.as_bytes()).map_err(|error| unreadable(what, &error))?;
    let (Some(id), Some(order_id)) = (wire.id.id().ok().flatten(), wire.order_id.id().ok().flatten()) else {
        return Err(ReadError::Retry { why: format!("{what}: a refund has no id or order_id"), after: None });
    };
    let payments: Vec<wire::RefundPayment> = wire.payments.list().unwrap_or_default();
    let declined = payments.iter().filter(|payment| payment.is_declined.flag()).count();
    Ok(RefundSummary { id, order_id, declined: u32::try_from(declined).unwrap_or(u32::MAX) })
}
