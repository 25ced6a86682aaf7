//! Which Intacct customer a buyer is, whether it takes documents, and the orders that wait for it.

use std::time::Duration;

use super::document::{DocumentState, PlannedDocument, write};
use super::{Store, StoreError, to_database};
use crate::failpoint::{self, Step};

/// How a buyer's customer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// It was made here.
    Created,
    /// It has the id we would give, or the buyer's id in a custom field.
    ExternalId,
    /// It has the buyer's e-mail address.
    Email,
    /// A rule names it.
    Rule,
}

impl FoundBy {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::ExternalId => "external-id",
            Self::Email => "e-mail",
            Self::Rule => "rule",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        let all = [Self::Created, Self::ExternalId, Self::Email, Self::Rule];
        all.into_iter().find(|found_by| found_by.as_str() == text).ok_or_else(|| StoreError::Corrupt {
            what: "customer.found_by".to_owned(),
            why: format!("'{text}' is no way to find a customer"),
        })
    }
}

/// A buyer's customer in Intacct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedCustomer {
    /// CUSTOMERID in Intacct.
    pub intacct_id: String,
    /// RECORDNO in Intacct.
    pub record_no: String,
    /// How it was found.
    pub found_by: FoundBy,
    /// It was inactive when last looked at.
    pub inactive: bool,
}

impl Store {
    /// The customer of a buyer, when known. `identity` is the buyer's identity within the company's stores.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn linked_customer(&self, company: &str, identity: &str) -> Result<Option<LinkedCustomer>, StoreError> {
        let row = sqlx::query!(
            r#"select intacct_id, record_no, found_by, inactive_since is not null as "inactive!"
                 from customer where company = $1 and identity = $2"#,
            company,
            identity
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(LinkedCustomer {
            intacct_id: row.intacct_id,
            record_no: row.record_no,
            found_by: FoundBy::parse(&row.found_by)?,
            inactive: row.inactive,
        }))
    }

    /// Remembers a buyer's customer. The first answer stands when two orders find out at the same time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn link_customer(
        &self,
        company: &str,
        identity: &str,
        customer: &LinkedCustomer,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::LinkCustomer);
        sqlx::query!(
            "insert into customer (company, identity, intacct_id, record_no, found_by) values ($1, $2, $3, $4, $5)
             on conflict (company, identity) do nothing",
            company,
            identity,
            customer.intacct_id,
            customer.record_no,
            customer.found_by.as_str()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Whether the mirror of a company's customers was read whole once, and read again within this time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_fresh_customers(&self, company: &str, within: Duration) -> Result<bool, StoreError> {
        let fresh = sqlx::query_scalar!(
            r#"select exists (select from master_refresh
                               where company = $1 and kind = 'customer' and unavailable is null
                                 and last_full_at is not null
                                 and last_read_at > now() - make_interval(secs => $2)) as "fresh!""#,
            company,
            within.as_secs_f64()
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(fresh)
    }

    /// Whether a customer was inactive when last looked at, whoever's it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_inactive_customer(&self, company: &str, intacct_id: &str) -> Result<bool, StoreError> {
        let found = sqlx::query_scalar!(
            r#"select exists (select from customer
                               where company = $1 and intacct_id = $2 and inactive_since is not null) as "found!""#,
            company,
            intacct_id
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(found)
    }

    /// Remembers whether a customer is active, as Intacct says now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_customer_status(&self, company: &str, intacct_id: &str, active: bool) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::NoteCustomerStatus);
        sqlx::query!(
            "update customer set inactive_since = case when $3 then null else coalesce(inactive_since, clock.now) end
               from (select now()) clock
              where company = $1 and intacct_id = $2 and (inactive_since is null) <> $3",
            company,
            intacct_id,
            active
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Stores a document of a customer as intended and marks it as being sent, in one transaction: what is stored is what
    /// is sent, whoever else plans the same document at the same time. Committed before the call. Answers the attempt's
    /// number, or `None` when somebody else has it, it is posted, or another request of it may still be under way.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then it must not be sent.
    pub async fn intend(
        &self,
        document: &PlannedDocument,
        request: &str,
        request_hash: &str,
    ) -> Result<Option<i32>, StoreError> {
        let _around = failpoint::around(Step::IntendCustomer);
        let mut transaction = self.pool.begin().await?;
        let replaces = [DocumentState::Planned, DocumentState::Rejected];
        if !write(&mut transaction, document, DocumentState::Planned, None, &replaces).await? {
            return Ok(None);
        }
        let attempt = sqlx::query_scalar!(
            "update document set state = 'sending', attempts = attempts + 1, sent_at = now(), request = $3,
                    request_hash = $4
              where store = $1 and key = $2 and (open_until is null or request_hash = $4) returning attempts",
            document.store,
            document.key,
            request,
            request_hash
        )
        .fetch_optional(&mut *transaction)
        .await?;
        // Nothing is written then.
        let Some(attempt) = attempt else { return Ok(None) };
        transaction.commit().await?;
        Ok(Some(attempt))
    }

    /// Makes the other orders of a store due that are held for this buyer: `codes` and `subject` are those of their holds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_buyer(
        &self,
        store: &str,
        codes: &[String],
        subject: &str,
        but: u64,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::ReleaseBuyer);
        sqlx::query!(
            "insert into lane (store, order_id)
             select distinct store, order_id from hold
              where store = $1 and subject = $3 and code = any ($2) and released_at is null and order_id is not null
                and order_id <> $4
              order by 1, 2
             on conflict (store, order_id) do update
                set version = lane.version + 1, run_at = least(lane.run_at, excluded.run_at), failures = 0",
            store,
            codes,
            subject,
            to_database(but)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Makes one order of each buyer due that has orders held with one of `codes`: when it goes through now, the buyer's
    /// others follow. Answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn try_held_buyers(&self, stores: &[String], codes: &[String]) -> Result<u64, StoreError> {
        let _around = failpoint::around(Step::TryHeldBuyers);
        let done = sqlx::query!(
            "insert into lane (store, order_id)
             select distinct on (store, subject) store, order_id from hold
              where store = any ($1) and code = any ($2) and released_at is null and order_id is not null
              order by store, subject, order_id
             on conflict (store, order_id) do nothing",
            stores,
            codes
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}
