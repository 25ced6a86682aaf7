//! Finding documents: by kind, state, number, day, currency and customer.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use rust_decimal::Decimal;

use super::document::DocumentState;
use super::{Store, StoreError, from_database, to_database};

/// Which documents; everything that is named must fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DocumentFilter {
    /// The document of this key.
    pub key: Option<String>,
    /// Of this order.
    pub order_id: Option<u64>,
    /// For example `invoice`.
    pub kind: Option<String>,
    /// For example `posted`.
    pub state: Option<String>,
    /// Its number in Intacct.
    pub number: Option<String>,
    /// Currency code.
    pub currency: Option<String>,
    /// The customer in Intacct.
    pub customer_id: Option<String>,
    /// Posted on this day or later, in the store's time zone.
    pub posting_date_from: Option<Date>,
    /// Posted on this day or before.
    pub posting_date_to: Option<Date>,
}

/// A document, told in short.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundDocument {
    /// Its key.
    pub key: String,
    /// The order; `None` for a document of no single order.
    pub order_id: Option<u64>,
    /// For example `invoice`.
    pub kind: String,
    /// Its number in Intacct.
    pub number: String,
    /// Where it is on its way.
    pub state: DocumentState,
    /// CUSTOMERID in Intacct.
    pub customer_id: String,
    /// Its currency.
    pub currency: Option<String>,
    /// Its total in major units.
    pub total: Option<Decimal>,
    /// When it counts in the books.
    pub posting_date: Option<Date>,
    /// RECORDNO in Intacct, once posted.
    pub record_no: Option<String>,
    /// The summary it is a member of.
    pub summary_key: Option<String>,
    /// The last error.
    pub error: Option<String>,
}

impl Store {
    /// Documents of a store that fit, by key after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn search_documents(
        &self,
        store: &str,
        filter: &DocumentFilter,
        after: &str,
        limit: u32,
    ) -> Result<Vec<FoundDocument>, StoreError> {
        let rows = sqlx::query!(
            "select key, order_id, kind, number, state, customer_id, currency, total, posting_date, record_no,
                    summary_key, error
               from document
              where store = $1 and key > $2
                and ($4::text is null or key = $4)
                and ($5::bigint is null or order_id = $5)
                and ($6::text is null or kind = $6)
                and ($7::text is null or state = $7)
                and ($8::text is null or number = $8)
                and ($9::text is null or currency = $9)
                and ($10::text is null or customer_id = $10)
                and ($11::date is null or posting_date >= $11)
                and ($12::date is null or posting_date <= $12)
              order by key limit $3",
            store,
            after,
            i64::from(limit),
            filter.key,
            filter.order_id.map(to_database),
            filter.kind,
            filter.state,
            filter.number,
            filter.currency,
            filter.customer_id,
            filter.posting_date_from.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
            filter.posting_date_to.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(FoundDocument {
                    state: DocumentState::parse(&row.state, &row.key)?,
                    key: row.key,
                    order_id: row.order_id.map(from_database),
                    kind: row.kind,
                    number: row.number,
                    customer_id: row.customer_id,
                    currency: row.currency,
                    total: row.total,
                    posting_date: row.posting_date.map(|date| date.to_jiff()),
                    record_no: row.record_no,
                    summary_key: row.summary_key,
                    error: row.error,
                })
            })
            .collect()
    }
}
