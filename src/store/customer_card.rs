//! What Intacct was told of each customer, against what the buyer's newest order says.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::Value;

use super::{Store, StoreError, to_database};
use crate::failpoint::{self, Step};

/// A buyer as one order says.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The store's name.
    pub store: String,
    /// The buyer's record.
    pub record: Value,
    /// When the order was placed (UTC).
    pub as_of: Timestamp,
    /// The order.
    pub order_id: u64,
    /// Hash of name, person, e-mail, phone and billing address.
    pub card_hash: String,
    /// Hash of the shipping address; `None` when the order says none.
    pub ship_to_hash: Option<String>,
}

/// What a customer in Intacct has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Hash of its card; `None` when it is not known.
    pub card_hash: Option<String>,
    /// Hash of where goods go to.
    pub ship_to_hash: Option<String>,
    /// Whether it names a ship-to contact of its own.
    pub has_ship_to: bool,
    /// The revision of its last document that was posted.
    pub revision: i32,
    /// The same of its ship-to contact; 0 when there is none.
    pub ship_to_revision: i32,
}

/// A customer that is to be told something.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The company's name.
    pub company: String,
    /// CUSTOMERID in Intacct.
    pub intacct_id: String,
    /// The store where the buyer was first seen.
    pub store: String,
    /// RECORDNO in Intacct.
    pub record_no: String,
    /// The buyer as the newest order says.
    pub record: Value,
    /// What Intacct has.
    pub told: Told,
    /// Tries since the last that went through.
    pub failures: u32,
}

struct Row {
    company: String,
    intacct_id: String,
    store: String,
    record: Value,
    told_card_hash: Option<String>,
    told_ship_to_hash: Option<String>,
    has_ship_to: bool,
    revision: i32,
    ship_to_revision: i32,
    failures: i32,
    record_no: Option<String>,
}

impl Store {
    /// Remembers what a customer has that was made just now. Nothing happens when it is known already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep_card(
        &self,
        company: &str,
        intacct_id: &str,
        wanted: &Wanted,
        told: &Told,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::KeepCard);
        sqlx::query!(
            "insert into customer_card (company, intacct_id, store, record, as_of, order_id, card_hash, ship_to_hash,
                                        told_card_hash, told_ship_to_hash, has_ship_to, revision, ship_to_revision)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             on conflict (company, intacct_id) do nothing",
            company,
            intacct_id,
            wanted.store,
            wanted.record,
            wanted.as_of.to_sqlx() as jiff_sqlx::Timestamp,
            to_database(wanted.order_id),
            wanted.card_hash,
            wanted.ship_to_hash,
            told.card_hash,
            told.ship_to_hash,
            told.has_ship_to,
            told.revision,
            told.ship_to_revision
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes what an order says of its buyer, unless a newer one has spoken. What it does not say of the shipping address
    /// stays as it was. A customer that was refused before is tried again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_buyer(&self, company: &str, intacct_id: &str, wanted: &Wanted) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::NoteBuyer);
        sqlx::query!(
            "insert into customer_card as c (company, intacct_id, store, record, as_of, order_id, card_hash,
                                             ship_to_hash, revision, ship_to_revision)
             values ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0)
             on conflict (company, intacct_id) do update set
                record = case when excluded.ship_to_hash is null
                              then jsonb_set(excluded.record, '{shipping}', coalesce(c.record -> 'shipping', 'null'))
                              else excluded.record end,
                as_of = excluded.as_of, order_id = excluded.order_id, card_hash = excluded.card_hash,
                ship_to_hash = coalesce(excluded.ship_to_hash, c.ship_to_hash),
                retry_at = least(c.retry_at, excluded.retry_at)
              where (excluded.as_of, excluded.order_id) >= (c.as_of, c.order_id)",
            company,
            intacct_id,
            wanted.store,
            wanted.record,
            wanted.as_of.to_sqlx() as jiff_sqlx::Timestamp,
            to_database(wanted.order_id),
            wanted.card_hash,
            wanted.ship_to_hash
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Claims up to `limit` customers of these stores that are to be told something, for `lease`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_cards(&self, stores: &[String], limit: u32, lease: Duration) -> Result<Vec<Card>, StoreError> {
        let _around = failpoint::around(Step::ClaimCards);
        let rows = sqlx::query_as!(
            Row,
            r#"with due as materialized (
                   select company, intacct_id from customer_card
                    where (card_hash is distinct from told_card_hash or ship_to_hash is distinct from told_ship_to_hash)
                      and retry_at <= now() and store = any ($1)
                    order by retry_at limit $2 for update skip locked)
               update customer_card c set retry_at = now() + make_interval(secs => $3)
                 from due where (c.company, c.intacct_id) = (due.company, due.intacct_id)
               returning c.company, c.intacct_id, c.store, c.record, c.told_card_hash, c.told_ship_to_hash,
                         c.has_ship_to, c.revision, c.ship_to_revision, c.failures,
                         (select min(record_no) from customer k
                           where k.company = c.company and k.intacct_id = c.intacct_id) as record_no"#,
            stores,
            i64::from(limit),
            lease.as_secs_f64()
        )
        .fetch_all(&self.pool)
        .await?;
        let card = |row: Row| Card {
            company: row.company,
            intacct_id: row.intacct_id,
            store: row.store,
            record_no: row.record_no.unwrap_or_default(),
            record: row.record,
            told: Told {
                card_hash: row.told_card_hash,
                ship_to_hash: row.told_ship_to_hash,
                has_ship_to: row.has_ship_to,
                revision: row.revision,
                ship_to_revision: row.ship_to_revision,
            },
            failures: row.failures.unsigned_abs(),
        };
        Ok(rows.into_iter().map(card).collect())
    }

    /// Notes what a customer has now. It is looked at again at once when that is not what the newest order says.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_told(&self, company: &str, intacct_id: &str, told: &Told) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::NoteTold);
        sqlx::query!(
            "update customer_card set told_card_hash = $3, told_ship_to_hash = $4, has_ship_to = $5, revision = $6,
                    ship_to_revision = $7, failures = 0
              where company = $1 and intacct_id = $2 and revision <= $6 and ship_to_revision <= $7",
            company,
            intacct_id,
            told.card_hash,
            told.ship_to_hash,
            told.has_ship_to,
            told.revision,
            told.ship_to_revision
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Puts the update of a customer off: until `after`, or until an order of the buyer says something. Nothing happens
    /// when one has spoken since the customer was claimed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put_off_card(
        &self,
        company: &str,
        intacct_id: &str,
        after: Option<Duration>,
        claimed: &Value,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::PutOffCard);
        sqlx::query!(
            "update customer_card set failures = failures + 1,
                    retry_at = least(now() + make_interval(secs => $3), 'infinity')
              where company = $1 and intacct_id = $2 and record = $4",
            company,
            intacct_id,
            after.map(|after| after.as_secs_f64()),
            claimed
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How many customers of a store are to be told something, refused ones among them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn customers_to_tell(&self, store: &str) -> Result<u64, StoreError> {
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from customer_card
                where store = $1
                  and (card_hash is distinct from told_card_hash or ship_to_hash is distinct from told_ship_to_hash)"#,
            store
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(count.unsigned_abs())
    }
}
