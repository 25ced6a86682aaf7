//! Holds: reasons not to post, opened and released as runs find and lose them.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::pool::Transaction;
use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// A reason not to post, as a run found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// A stable code.
    pub code: String,
    /// What it is about; one open hold per code and subject.
    pub subject: String,
    /// What is wrong, with the figures.
    pub message: String,
    /// What to do, in words an accountant uses.
    pub remedy: String,
    /// The money blocked, in major units.
    pub amount: Option<Decimal>,
    /// Its currency.
    pub currency: Option<String>,
}

/// A hold as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHold {
    /// Its number.
    pub id: i64,
    /// The store's name.
    pub store: String,
    /// The order; `None` when it is on a document of no single order.
    pub order_id: Option<u64>,
    /// The document of no single order, for example a summary.
    pub document_key: Option<String>,
    /// What it says.
    pub hold: NewHold,
    /// Since when (UTC).
    pub opened_at: Timestamp,
}

/// Makes the order's open holds exactly these: new ones open, gone ones are released, the rest stay as they are.
pub(super) async fn replace_holds(
    transaction: &mut Transaction,
    store: &str,
    order_id: u64,
    holds: &[NewHold],
) -> Result<(), StoreError> {
    let names: Vec<String> = holds.iter().map(|hold| format!("{}\u{1f}{}", hold.code, hold.subject)).collect();
    sqlx::query!(
        "update hold set released_at = now()
          where store = $1 and order_id = $2 and released_at is null and code || chr(31) || subject <> all ($3)",
        store,
        to_database(order_id),
        &names
    )
    .execute(&mut **transaction)
    .await?;
    for hold in holds {
        sqlx::query!(
            "insert into hold (store, order_id, code, subject, message, remedy, amount, currency)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (store, order_id, code, subject) where released_at is null do update
                set message = excluded.message, remedy = excluded.remedy,
                    amount = excluded.amount, currency = excluded.currency",
            store,
            to_database(order_id),
            hold.code,
            hold.subject,
            hold.message,
            hold.remedy,
            hold.amount,
            hold.currency
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

impl Store {
    /// Makes the open holds of a document of no single order exactly these.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was changed.
    pub async fn hold_document(&self, store: &str, document_key: &str, holds: &[NewHold]) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::HoldDocument);
        let names: Vec<String> = holds.iter().map(|hold| format!("{}\u{1f}{}", hold.code, hold.subject)).collect();
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "update hold set released_at = now()
              where store = $1 and document_key = $2 and released_at is null
                and code || chr(31) || subject <> all ($3)",
            store,
            document_key,
            &names
        )
        .execute(&mut *transaction)
        .await?;
        for hold in holds {
            sqlx::query!(
                "insert into hold (store, document_key, code, subject, message, remedy, amount, currency)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)
                 on conflict (store, document_key, code, subject) where released_at is null do update
                    set message = excluded.message, remedy = excluded.remedy,
                        amount = excluded.amount, currency = excluded.currency",
                store,
                document_key,
                hold.code,
                hold.subject,
                hold.message,
                hold.remedy,
                hold.amount,
                hold.currency
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Open holds of a store, or of one order of it, oldest first, after hold number `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn open_holds(
        &self,
        store: Option<&str>,
        order_id: Option<u64>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredHold>, StoreError> {
        let rows = sqlx::query!(
            "select id, store, order_id, document_key, code, subject, message, remedy, amount, currency, opened_at from hold
              where released_at is null and ($1::text is null or store = $1) and ($2::bigint is null or order_id = $2)
                and id > $3
              order by id limit $4",
            store,
            order_id.map(to_database),
            after,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| StoredHold {
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
            })
            .collect())
    }
}
