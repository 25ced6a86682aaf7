//! Open holds as people work on them: looked through by what they say, grouped by their cause, put aside for a while.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use rust_decimal::Decimal;

use super::hold::{NewHold, StoredHold};
use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// Which open holds: those that fit everything that is given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HoldFilter {
    /// Their numbers.
    pub ids: Option<Vec<i64>>,
    /// Their code.
    pub code: Option<String>,
    /// What they are about.
    pub subject: Option<String>,
    /// What they come of, as [`HoldGroup::cause`] says it.
    pub cause: Option<String>,
    /// Their order.
    pub order_id: Option<u64>,
    /// The currency of the money they block.
    pub currency: Option<String>,
    /// Opened at this moment or later (UTC).
    pub opened_from: Option<Timestamp>,
    /// Opened before this moment (UTC).
    pub opened_to: Option<Timestamp>,
    /// Blocking so much money or more, in major units of their currency.
    pub amount_min: Option<Decimal>,
    /// Those that are put aside, or those that are not; `None` for both.
    pub snoozed: Option<bool>,
}

/// A hold with what people have made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldStanding {
    /// The hold.
    pub stored: StoredHold,
    /// What it comes of; `None` when it is released.
    pub cause: Option<String>,
    /// When it closed (UTC).
    pub released_at: Option<Timestamp>,
    /// Whether it is put aside at this moment.
    pub snoozed: bool,
    /// The last time it was put aside.
    pub snooze: Option<Snooze>,
}

/// A hold put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snooze {
    /// Until when (UTC).
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: String,
}

/// Open holds that come of the same, without those that are put aside.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldGroup {
    /// Their code.
    pub code: String,
    /// What they come of: the subject without the order's own number; of a refusal Intacct's reason.
    pub cause: String,
    /// How many they are.
    pub holds: u64,
    /// Of how many orders.
    pub orders: u64,
    /// The money blocked by currency, in major units.
    pub amounts: BTreeMap<String, Decimal>,
    /// Since when the oldest is open (UTC).
    pub oldest: Timestamp,
    /// One of the orders: that of the oldest hold.
    pub example_order: Option<u64>,
    /// What the oldest of them says.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// A row of holds.
struct Row {
    id: i64,
    store: String,
    order_id: Option<i64>,
    document_key: Option<String>,
    code: String,
    subject: String,
    message: String,
    remedy: String,
    amount: Option<Decimal>,
    currency: Option<String>,
    opened_at: jiff_sqlx::Timestamp,
    released_at: Option<jiff_sqlx::Timestamp>,
    cause: Option<String>,
    snoozed: bool,
    snoozed_until: Option<jiff_sqlx::Timestamp>,
    snooze_reason: Option<String>,
    snoozed_by: Option<String>,
}

impl From<Row> for HoldStanding {
    fn from(row: Row) -> Self {
        let snooze = row.snoozed_until.map(|until| Snooze {
            until: until.to_jiff(),
            reason: row.snooze_reason.unwrap_or_default(),
            by: row.snoozed_by.unwrap_or_default(),
        });
        Self {
            stored: StoredHold {
                id: row.id,
                store: row.store,
                order_id: row.order_id.map(from_database),
                document_key: row.document_key,
                hold: NewHold {
                    code: row.code,
                    subject: row.subject,
                    message: row.message,
                    remedy: row.remedy,
                    amount: row.amount,
                    currency: row.currency,
                },
                opened_at: row.opened_at.to_jiff(),
            },
            cause: row.cause,
            released_at: row.released_at.map(|at| at.to_jiff()),
            snoozed: row.snoozed,
            snooze,
        }
    }
}

impl Store {
    /// Open holds of a store that fit, oldest first, after hold number `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn holds(
        &self,
        store: &str,
        filter: &HoldFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<HoldStanding>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select id as "id!", store as "store!", order_id, document_key, code as "code!", subject as "subject!",
                      message as "message!", remedy as "remedy!", amount, currency, opened_at as "opened_at!",
                      null::timestamptz as released_at, cause, snoozed as "snoozed!", snoozed_until, snooze_reason,
                      snoozed_by
                 from open_hold
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
            after,
            i64::from(limit),
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
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(HoldStanding::from).collect())
    }

    /// One hold of a store, open or released.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hold(&self, store: &str, id: i64) -> Result<Option<HoldStanding>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select h.id, h.store, h.order_id, h.document_key, h.code, h.subject, h.message, h.remedy, h.amount,
                      h.currency, h.opened_at, h.released_at, o.cause, coalesce(o.snoozed, false) as "snoozed!",
                      h.snoozed_until, h.snooze_reason, h.snoozed_by
                 from hold h left join open_hold o on o.store = h.store and o.id = h.id
                where h.store = $1 and h.id = $2"#,
            store,
            id
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(HoldStanding::from))
    }

    /// The open holds of a store by their cause, those that are put aside left out: by the largest amount blocked in one
    /// currency, then by the number of orders. `skip` groups are passed over; at most `limit`, or all in one
    /// snapshot when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn hold_groups(&self, store: &str, skip: u32, limit: Option<u32>) -> Result<Vec<HoldGroup>, StoreError> {
        let rows = sqlx::query!(
            r#"with awake as materialized (select * from open_hold where store = $1 and not snoozed),
               money as (
                   select code, cause, currency, sum(amount) as amount from awake
                    where amount is not null and currency is not null group by code, cause, currency),
               amounts as (
                   select code, cause, jsonb_object_agg(currency, amount::text) as amounts, max(amount) as largest
                     from money group by code, cause),
               grouped as (
                   select code, cause, count(*) as holds, count(distinct order_id) as orders,
                          min(opened_at) as oldest, min(id) as first
                     from awake group by code, cause)
               select g.code as "code!", g.cause as "cause!", g.holds as "holds!", g.orders as "orders!",
                      g.oldest as "oldest!", coalesce(a.amounts, '{}') as "amounts!", f.order_id as "example?",
                      f.message as "message!", f.remedy as "remedy!"
                 from grouped g
                 join awake f on f.id = g.first
                 left join amounts a on a.code = g.code and a.cause = g.cause
                order by coalesce(a.largest, 0) desc, g.orders desc, g.oldest, g.code, g.cause
               offset $2 limit $3"#,
            store,
            i64::from(skip),
            limit.map(i64::from)
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let corrupt = |error: serde_json::Error| StoreError::Corrupt {
                    what: format!("amounts of {} {}", row.code, row.cause),
                    why: error.to_string(),
                };
                Ok(HoldGroup {
                    amounts: serde_json::from_value(row.amounts).map_err(corrupt)?,
                    code: row.code,
                    cause: row.cause,
                    holds: row.holds.unsigned_abs(),
                    orders: row.orders.unsigned_abs(),
                    oldest: row.oldest.to_jiff(),
                    example_order: row.example.map(from_database),
                    message: row.message,
                    remedy: row.remedy,
                })
            })
            .collect()
    }

    /// Puts an open hold aside, or takes it up again when there is no `snooze`. Answers whether there is such a hold.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn snooze_hold(&self, store: &str, id: i64, snooze: Option<&Snooze>) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::SnoozeHold);
        let done = sqlx::query!(
            "update hold set snoozed_until = $3, snooze_reason = $4, snoozed_by = $5
              where store = $1 and id = $2 and released_at is null",
            store,
            id,
            snooze.map(|snooze| snooze.until.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            snooze.map(|snooze| snooze.reason.as_str()),
            snooze.map(|snooze| snooze.by.as_str())
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
