//! Finding orders: by where they stand, when they were placed or posted, what they come to, and what they are called.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::order::OrderStanding;
use super::{Store, StoreError, from_database, to_database};

/// Which orders; everything that is named must fit, and nothing named is all of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderFilter {
    /// These orders.
    pub order_ids: Option<Vec<u64>>,
    /// The order of this id, or that has a document of this number.
    pub named: Option<String>,
    /// `posted`, `collected`, `held`, `waiting`, `excluded` or `failing`.
    pub outcome: Option<String>,
    /// The order's status in the shop.
    pub status: Option<String>,
    /// Currency code.
    pub currency: Option<String>,
    /// The customer in Intacct.
    pub customer_id: Option<String>,
    /// Placed on this day or later, in the store's time zone.
    pub order_date_from: Option<Date>,
    /// Placed on this day or before.
    pub order_date_to: Option<Date>,
    /// With a document of this posting date or later; an order without documents counts by the day it was placed.
    pub posting_date_from: Option<Date>,
    /// With a document of this posting date or before.
    pub posting_date_to: Option<Date>,
    /// Gross total in major units, at least.
    pub total_min: Option<Decimal>,
    /// Gross total in major units, at most.
    pub total_max: Option<Decimal>,
    /// With an open hold of this code.
    pub hold_code: Option<String>,
}

fn day(date: Option<Date>) -> Option<jiff_sqlx::Date> {
    date.map(|date| date.to_sqlx())
}

impl Store {
    /// Orders of a store that fit, by ascending id after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn search_orders(
        &self,
        store: &str,
        filter: &OrderFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<OrderStanding>, StoreError> {
        let ids = self.ids_asked_for(store, filter).await?;
        if ids.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            r#"select store, order_id, outcome, reason, status, order_date, customer_id, currency, total, open_balance,
                      evidence_hash, revision, updated_at
                 from sales_order o
                where store = $1 and order_id > $2 and ($4 or order_id = any ($5))
                  and ($6::text is null or outcome = $6)
                  and ($7::text is null or status = $7)
                  and ($8::text is null or currency = $8)
                  and ($9::text is null or customer_id = $9)
                  and ($10::date is null or order_date >= $10)
                  and ($11::date is null or order_date <= $11)
                  and ($12::numeric is null or total >= $12)
                  and ($13::numeric is null or total <= $13)
                  and ($14::text is null or exists (
                        select from hold h where h.store = $1 and h.order_id = o.order_id
                                             and h.released_at is null and h.code = $14))
                  and ($15::date is null and $16::date is null
                       or exists (select from document d where d.store = $1 and d.order_id = o.order_id
                                                           and d.posting_date between coalesce($15, '-infinity')
                                                                                  and coalesce($16, 'infinity'))
                       or order_date between coalesce($15, '-infinity') and coalesce($16, 'infinity')
                          and not exists (select from document d
                                           where d.store = $1 and d.order_id = o.order_id))
                order by order_id limit $3"#,
            store,
            to_database(after),
            i64::from(limit),
            ids.is_none(),
            ids.as_deref().unwrap_or_default(),
            filter.outcome,
            filter.status,
            filter.currency,
            filter.customer_id,
            day(filter.order_date_from) as Option<jiff_sqlx::Date>,
            day(filter.order_date_to) as Option<jiff_sqlx::Date>,
            filter.total_min,
            filter.total_max,
            filter.hold_code,
            day(filter.posting_date_from) as Option<jiff_sqlx::Date>,
            day(filter.posting_date_to) as Option<jiff_sqlx::Date>,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| OrderStanding {
                store: row.store,
                order_id: from_database(row.order_id),
                outcome: row.outcome,
                reason: row.reason,
                status: row.status,
                order_date: row.order_date.map(|date| date.to_jiff()),
                customer_id: row.customer_id,
                currency: row.currency,
                total: row.total,
                open_balance: row.open_balance,
                evidence_hash: row.evidence_hash,
                revision: row.revision,
                updated_at: Some(row.updated_at.to_jiff()),
            })
            .collect())
    }

    /// The ids that the filter comes to by itself; `None` when it names no order.
    async fn ids_asked_for(&self, store: &str, filter: &OrderFilter) -> Result<Option<Vec<i64>>, StoreError> {
        let listed: Option<Vec<i64>> =
            filter.order_ids.as_ref().map(|ids| ids.iter().copied().map(to_database).collect());
        let Some(name) = filter.named.as_deref() else { return Ok(listed) };
        // Looked up first, so that the search itself stays one over few rows.
        let of_documents = sqlx::query!(
            r#"select distinct order_id as "order_id!" from document
                where store = $1 and number = $2 and order_id is not null"#,
            store,
            name
        )
        .fetch_all(&self.pool)
        .await?;
        let mut found: Vec<i64> = of_documents.into_iter().map(|row| row.order_id).collect();
        found.extend(name.parse::<u64>().ok().map(to_database));
        if let Some(listed) = listed {
            found.retain(|id| listed.contains(id));
        }
        Ok(Some(found))
    }

    /// Those of the orders that have not been seen.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn unseen_orders(&self, store: &str, order_ids: &[u64]) -> Result<Vec<u64>, StoreError> {
        let ids: Vec<i64> = order_ids.iter().copied().map(to_database).collect();
        let rows = sqlx::query!(
            r#"select id as "id!" from unnest($2::bigint[]) id
                where not exists (select from sales_order where store = $1 and order_id = id) order by id"#,
            store,
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| from_database(row.id)).collect())
    }
}
