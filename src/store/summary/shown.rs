//! Summaries as they are shown: the list of a store, and the documents behind each.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use rust_decimal::Decimal;

use crate::store::document::DocumentState;
use crate::store::{Store, StoreError};

/// A summary as stored. Amounts are in major units of `currency`.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSummary {
    /// Its key.
    pub key: String,
    /// Its number in Intacct.
    pub number: String,
    /// Its posting date.
    pub day: Option<Date>,
    /// Its currency.
    pub currency: Option<String>,
    /// Where it is.
    pub state: DocumentState,
    /// The sum of its debits.
    pub total: Option<Decimal>,
    /// RECORDNO in Intacct, once posted.
    pub record_no: Option<String>,
    /// The last error.
    pub error: Option<String>,
    /// Documents in it.
    pub documents: u64,
    /// Orders in it.
    pub orders: u64,
}

impl Store {
    /// Summaries of a store by key, which is by day, after the key `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn summaries(&self, store: &str, after: &str, limit: u32) -> Result<Vec<StoredSummary>, StoreError> {
        let rows = sqlx::query!(
            "select d.key, d.number, d.posting_date, d.currency, d.state, d.total, d.record_no, d.error, s.documents,
                    s.orders
               from document d join summary_support s on s.store = d.store and s.summary_key = d.key
              where d.store = $1 and d.kind = 'summary' and d.key collate \"C\" > $2
              order by d.key collate \"C\" limit $3",
            store,
            after,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(StoredSummary {
                    state: DocumentState::parse(&row.state, &row.key)?,
                    key: row.key,
                    number: row.number,
                    day: row.posting_date.map(|date| date.to_jiff()),
                    currency: row.currency,
                    total: row.total,
                    record_no: row.record_no,
                    error: row.error,
                    documents: row.documents.unsigned_abs(),
                    orders: row.orders.unsigned_abs(),
                })
            })
            .collect()
    }

    /// The support of one summary.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn summary_support(&self, store: &str, key: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query!("select csv from summary_support where store = $1 and summary_key = $2", store, key)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| row.csv))
    }

    /// The support of all summaries of a day and currency, late ones included, by key. A refused one has none: its
    /// documents are collected again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn support_of_day(&self, store: &str, day: Date, currency: &str) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query!(
            "select s.csv from document d join summary_support s on s.store = d.store and s.summary_key = d.key
              where d.store = $1 and d.kind = 'summary' and d.posting_date = $2 and d.currency = $3
                and d.state <> 'rejected'
              order by d.key collate \"C\"",
            store,
            day.to_sqlx() as jiff_sqlx::Date,
            currency
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| row.csv).collect())
    }
}
