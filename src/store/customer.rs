//! Which Intacct customer a buyer is.

use super::{Store, StoreError};
use crate::failpoint::{self, Step};

/// A buyer's customer in Intacct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedCustomer {
    /// CUSTOMERID in Intacct.
    pub intacct_id: String,
    /// RECORDNO in Intacct.
    pub record_no: String,
}

impl Store {
    /// The customer of a buyer, when known. `identity` is the buyer's identity within the company's stores.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn linked_customer(&self, company: &str, identity: &str) -> Result<Option<LinkedCustomer>, StoreError> {
        let row = sqlx::query_as!(
            LinkedCustomer,
            "select intacct_id, record_no from customer where company = $1 and identity = $2",
            company,
            identity
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row)
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
        found_by: &str,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::LinkCustomer);
        sqlx::query!(
            "insert into customer (company, identity, intacct_id, record_no, found_by) values ($1, $2, $3, $4, $5)
             on conflict (company, identity) do nothing",
            company,
            identity,
            customer.intacct_id,
            customer.record_no,
            found_by
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
