//! What open holds say of rules that are missing, summed up by what they are about.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Store, StoreError, from_database};

/// Open holds for a missing rule with one subject and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRule {
    /// The subject of the holds.
    pub subject: String,
    /// What one of them says.
    pub message: String,
    /// The orders that are held.
    pub orders: Vec<u64>,
    /// How many documents of no single order are held.
    pub documents: u64,
    /// The currency of the money; `None` when it cannot be told.
    pub currency: Option<String>,
    /// The money that waits, in major units.
    pub amount: Decimal,
    /// The day of the first order, as far as it is known.
    pub first_order_date: Option<Date>,
    /// Since when the first of them is open (UTC).
    pub since: Timestamp,
}

impl Store {
    /// All open holds of a store for missing rules, by subject and currency.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn missing_rules(&self, store: &str) -> Result<Vec<MissingRule>, StoreError> {
        let rows = sqlx::query!(
            r#"select h.subject, h.currency, min(h.message) as "message!",
                      coalesce(array_agg(distinct h.order_id) filter (where h.order_id is not null), '{}') as "orders!",
                      count(*) filter (where h.order_id is null) as "documents!",
                      coalesce(sum(h.amount), 0) as "amount!", min(o.order_date) as first_order_date,
                      min(h.opened_at) as "since!: jiff_sqlx::Timestamp"
                 from hold h left join sales_order o on o.store = h.store and o.order_id = h.order_id
                where h.store = $1 and h.released_at is null and h.code = 'missing-rule'
                group by h.subject, h.currency
                order by h.subject, h.currency"#,
            store
        )
        .fetch_all(&self.pool)
        .await?;
        let missing = rows.into_iter().map(|row| MissingRule {
            subject: row.subject,
            message: row.message,
            orders: row.orders.into_iter().map(from_database).collect(),
            documents: from_database(row.documents),
            currency: row.currency,
            amount: row.amount,
            first_order_date: row.first_order_date.map(|day| day.to_jiff()),
            since: row.since.to_jiff(),
        });
        Ok(missing.collect())
    }
}
