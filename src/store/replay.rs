//! Many orders marked as due at once: held ones, those of a period, those of kept deliveries; and the deliveries themselves.
//!
//! Orders are claimed in the order they became due, so marking very many at the same moment would keep webhooks waiting that
//! come after it. Therefore only the first [`AT_ONCE`] are due at once, and the others one after the other at a pace.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use rust_decimal::Decimal;

use super::open_hold::HoldFilter;
use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// So many orders are due at once.
pub const AT_ONCE: u32 = 100;
/// Orders of one statement: none locks very many rows, and what a crash leaves out is marked when it is asked for again.
const PART: u32 = 1_000;

/// Where a part of many orders begins: they are marked part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Only what comes after this number.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
    /// Orders marked before.
    pub marked: u64,
    /// Orders that become due in a minute, after the first [`AT_ONCE`].
    pub per_minute: u32,
}

impl Part {
    /// The first part.
    pub fn first(per_minute: u32) -> Self {
        Self { after: 0, limit: PART, marked: 0, per_minute }
    }

    /// The part after this one; `None` when this was the last.
    pub fn then(self, done: Marked) -> Option<Self> {
        Some(Self { after: done.next?, marked: self.marked.saturating_add(done.orders), ..self })
    }
}

/// What came of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marked {
    /// Orders marked.
    pub orders: u64,
    /// Documents of no single order that are tried again.
    pub documents: u64,
    /// Where the next part begins; `None` when this was the last.
    pub next: Option<i64>,
}

/// Which orders: those that fit everything that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Placed on this day or later, in the store's time zone.
    pub placed_from: Option<Date>,
    /// Placed on this day or before.
    pub placed_to: Option<Date>,
    /// Where they stand, for example `held`.
    pub outcome: Option<String>,
    /// Their status in the shop.
    pub status: Option<String>,
    /// Their currency.
    pub currency: Option<String>,
    /// Their customer in Intacct.
    pub customer_id: Option<String>,
}

/// Which deliveries: those that fit everything that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Their numbers.
    pub ids: Option<Vec<i64>>,
    /// What they tell, for example `store/order/updated`.
    pub scope: Option<String>,
    /// Their order.
    pub order_id: Option<u64>,
    /// Received at this moment or later (UTC).
    pub received_from: Option<Timestamp>,
    /// Received before this moment (UTC).
    pub received_to: Option<Timestamp>,
}

/// A kept delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// Its number.
    pub id: i64,
    /// The sender's id of it.
    pub webhook_id: String,
    /// What it tells.
    pub scope: String,
    /// The order; `None` when it concerns none.
    pub order_id: Option<u64>,
    /// When it happened, as the sender says (UTC).
    pub event_at: Timestamp,
    /// When it was received (UTC).
    pub received_at: Timestamp,
    /// The body as it came.
    pub body: String,
}

/// From which row on orders are not due at once, as seen from a part.
fn at_once_left(part: Part) -> i64 {
    i64::from(AT_ONCE).saturating_sub(i64::try_from(part.marked).unwrap_or(i64::MAX))
}

fn next(last: Option<i64>, rows: usize, part: Part) -> Option<i64> {
    last.filter(|_| rows >= part.limit as usize)
}

/// Marks orders of a part as due, each once, by their id: the first at once and the others at the part's pace.
async fn mark(
    transaction: &mut sqlx::Transaction<'_, sqlx::Postgres>,
    store: &str,
    order_ids: &[i64],
    part: Part,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "insert into lane (store, order_id, run_at)
         select $1, order_id, now() + make_interval(secs => greatest(place - $3, 0) * 60.0 / $4)
           from (select order_id, row_number() over (order by order_id) as place
                   from (select distinct unnest($2::bigint[]) as order_id) wanted) numbered
          order by order_id
         on conflict (store, order_id) do update
            set version = lane.version + 1, run_at = least(lane.run_at, excluded.run_at), failures = 0",
        store,
        order_ids,
        at_once_left(part),
        Decimal::from(part.per_minute.max(1)) as Decimal
    )
    .execute(&mut **transaction)
    .await?;
    Ok(done.rows_affected())
}

impl Store {
    /// Marks the orders of open holds that fit as due, and lets documents of no single order be tried again. A part is so
    /// many holds by their number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing of the part was marked.
    pub async fn retry_holds(&self, store: &str, filter: &HoldFilter, part: Part) -> Result<Marked, StoreError> {
        let _around = failpoint::around(Step::RetryHolds);
        let mut transaction = self.pool.begin().await?;
        let fitting = sqlx::query!(
            r#"select id as "id!", order_id, document_key from open_hold
                where store = $1 and id > $2
                  and ($4::bigint[] is null or id = any ($4))
                  and ($5::text is null or code = $5)
                  and ($6::text is null or subject = $6)
                  and ($7::text is null or cause = $7)
                  and ($8::bigint is null or order_id = $8)
                  and ($9::text is null or currency = $9)
                  and ($10::timestamptz is null or opened_at >= $10)
                  and ($11::timestamptz is null or opened_at < $11)
                  and ($12::numeric is null or amount >= $12)
                  and ($13::boolean is null or snoozed = $13)
                order by id limit $3"#,
            store,
            part.after,
            i64::from(part.limit),
            filter.ids.as_deref(),
            filter.code,
            filter.subject,
            filter.cause,
            filter.order_id.map(to_database),
            filter.currency,
            filter.opened_from.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            filter.opened_to.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            filter.amount_min,
            filter.snoozed
        )
        .fetch_all(&mut *transaction)
        .await?;
        let last = fitting.last().map(|hold| hold.id);
        let rows = fitting.len();
        let (orders, keys): (Vec<_>, Vec<_>) =
            fitting.into_iter().map(|hold| (hold.order_id, hold.document_key)).unzip();
        let orders: Vec<i64> = orders.into_iter().flatten().collect();
        let keys: Vec<String> = keys.into_iter().flatten().collect();
        let orders = mark(&mut transaction, store, &orders, part).await?;
        let documents = retry_documents(&mut transaction, store, &keys).await?;
        transaction.commit().await?;
        Ok(Marked { orders, documents, next: next(last, rows, part) })
    }

    /// Marks orders that were seen before and fit as due. A part is so many orders by their id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing of the part was marked.
    pub async fn replay_orders(&self, store: &str, filter: &OrderFilter, part: Part) -> Result<Marked, StoreError> {
        let _around = failpoint::around(Step::ReplayOrders);
        let mut transaction = self.pool.begin().await?;
        let fitting = sqlx::query_scalar!(
            "select order_id from sales_order
              where store = $1 and order_id > $2
                and ($4::date is null or order_date >= $4)
                and ($5::date is null or order_date <= $5)
                and ($6::text is null or outcome = $6)
                and ($7::text is null or status = $7)
                and ($8::text is null or currency = $8)
                and ($9::text is null or customer_id = $9)
              order by order_id limit $3",
            store,
            part.after,
            i64::from(part.limit),
            filter.placed_from.map(|day| day.to_sqlx()) as Option<jiff_sqlx::Date>,
            filter.placed_to.map(|day| day.to_sqlx()) as Option<jiff_sqlx::Date>,
            filter.outcome,
            filter.status,
            filter.currency,
            filter.customer_id
        )
        .fetch_all(&mut *transaction)
        .await?;
        let orders = mark(&mut transaction, store, &fitting, part).await?;
        transaction.commit().await?;
        Ok(Marked { orders, documents: 0, next: next(fitting.last().copied(), fitting.len(), part) })
    }

    /// Marks these orders as due, whether they were seen before or not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then none was marked.
    pub async fn replay_these(&self, store: &str, order_ids: &[u64], per_minute: u32) -> Result<u64, StoreError> {
        let _around = failpoint::around(Step::ReplayThese);
        let ids: Vec<i64> = order_ids.iter().copied().map(to_database).collect();
        let mut transaction = self.pool.begin().await?;
        let orders = mark(&mut transaction, store, &ids, Part::first(per_minute)).await?;
        transaction.commit().await?;
        Ok(orders)
    }

    /// Kept deliveries of a store that fit, in the order they were received, after the delivery with number `after`, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kept_deliveries(
        &self,
        store: &str,
        filter: &DeliveryFilter,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        let rows = sqlx::query!(
            r#"select id, webhook_id, scope, order_id, event_at, received_at, body from inbox
                where store = $1
                  and ($2::bigint is null
                       or (received_at, id) > (select last.received_at, last.id from inbox last
                                                 where last.store = $1 and last.id = $2))
                  and ($4::bigint[] is null or id = any ($4))
                  and ($5::text is null or scope = $5)
                  and ($6::bigint is null or order_id = $6)
                  and ($7::timestamptz is null or received_at >= $7)
                  and ($8::timestamptz is null or received_at < $8)
                order by received_at, id limit $3"#,
            store,
            after,
            i64::from(limit),
            filter.ids.as_deref(),
            filter.scope,
            filter.order_id.map(to_database),
            filter.received_from.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            filter.received_to.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| StoredDelivery {
                id: row.id,
                webhook_id: row.webhook_id,
                scope: row.scope,
                order_id: row.order_id.map(from_database),
                event_at: row.event_at.to_jiff(),
                received_at: row.received_at.to_jiff(),
                body: row.body,
            })
            .collect())
    }

    /// Marks the orders of kept deliveries that fit as due. A part is so many orders by their id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing of the part was marked.
    pub async fn replay_deliveries(
        &self,
        store: &str,
        filter: &DeliveryFilter,
        part: Part,
    ) -> Result<Marked, StoreError> {
        let _around = failpoint::around(Step::ReplayDeliveries);
        let mut transaction = self.pool.begin().await?;
        let fitting = sqlx::query_scalar!(
            r#"select distinct order_id as "order_id!" from inbox
                where store = $1 and order_id > $2
                  and ($4::bigint[] is null or id = any ($4))
                  and ($5::text is null or scope = $5)
                  and ($6::bigint is null or order_id = $6)
                  and ($7::timestamptz is null or received_at >= $7)
                  and ($8::timestamptz is null or received_at < $8)
                order by order_id limit $3"#,
            store,
            part.after,
            i64::from(part.limit),
            filter.ids.as_deref(),
            filter.scope,
            filter.order_id.map(to_database),
            filter.received_from.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            filter.received_to.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>
        )
        .fetch_all(&mut *transaction)
        .await?;
        let orders = mark(&mut transaction, store, &fitting, part).await?;
        transaction.commit().await?;
        Ok(Marked { orders, documents: 0, next: next(fitting.last().copied(), fitting.len(), part) })
    }
}

/// Lets documents of no single order be tried again: refused summaries, held ledger events, refused updates of customers.
/// Answers how many.
async fn retry_documents(
    transaction: &mut sqlx::Transaction<'_, sqlx::Postgres>,
    store: &str,
    keys: &[String],
) -> Result<u64, StoreError> {
    if keys.is_empty() {
        return Ok(0);
    }
    let summaries = sqlx::query!(
        "update document set retry_at = null
          where key = any ($2) and store = $1 and kind = 'summary' and state <> 'posted'",
        store,
        keys
    )
    .execute(&mut **transaction)
    .await?;
    let events = sqlx::query!(
        "update ledger_event set retry_at = now(), failures = 0, version = version + 1
          where store = $1 and settled_at is null
            and name = any (select substr(key, length($1) + 2, length(key) - length($1) - 4)
                              from unnest($2::text[]) key where key like '%/r1')",
        store,
        keys
    )
    .execute(&mut **transaction)
    .await?;
    let customers = sqlx::query!(
        "update customer_card set retry_at = now(), failures = 0
          where store = $1 and intacct_id = any (select split_part(substr(key, length($1) + 2), '/', 2)
                                                   from unnest($2::text[]) key
                                                  where starts_with(key, $1 || '/customer/'))",
        store,
        keys
    )
    .execute(&mut **transaction)
    .await?;
    Ok(summaries.rows_affected() + events.rows_affected() + customers.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(marked: u64, limit: u32) -> Part {
        Part { after: 0, limit, marked, per_minute: 600 }
    }

    #[test]
    fn the_first_orders_are_due_at_once_over_all_parts() {
        assert_eq!(at_once_left(part(0, 1000)), 100);
        assert_eq!(at_once_left(part(40, 1000)), 60);
        assert_eq!(at_once_left(part(1000, 1000)), -900, "the place counts on from the part before");
        assert_eq!(at_once_left(part(u64::MAX, 1000)), 100 - i64::MAX);
    }

    #[test]
    fn a_part_that_is_not_full_is_the_last() {
        assert_eq!(next(Some(7), 10, part(0, 10)), Some(7));
        assert_eq!(next(Some(7), 9, part(0, 10)), None);
        assert_eq!(next(None, 0, part(0, 10)), None);
    }
}
