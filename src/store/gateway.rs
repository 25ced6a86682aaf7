//! Permits to talk to an Intacct company, shared by all replicas, and the count of its API transactions.

use std::time::Duration;

use uuid::Uuid;

use super::{Store, StoreError};
use crate::failpoint::{self, Step};

impl Store {
    /// Takes one of the `slots` permits of a company for `lease`, or `None` when all are taken.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_slot(
        &self,
        company: &str,
        slots: u32,
        lease: Duration,
        token: Uuid,
    ) -> Result<Option<i32>, StoreError> {
        let _around = failpoint::around(Step::TakeSlot);
        let row = sqlx::query!(
            r#"insert into company_slot (company, slot, token, leased_until)
               select $1, free.slot, $3, now() + make_interval(secs => $4)
                 from generate_series(1, $2::int) as free (slot)
                where not exists (select from company_slot s
                                   where s.company = $1 and s.slot = free.slot and s.leased_until >= now())
                order by free.slot limit 1
               on conflict (company, slot) do update set token = excluded.token, leased_until = excluded.leased_until
                  where company_slot.leased_until < now()
               returning slot"#,
            company,
            i32::try_from(slots).unwrap_or(i32::MAX),
            token,
            lease.as_secs_f64()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| row.slot))
    }

    /// Gives a permit back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the permit then lapses by itself.
    pub async fn free_slot(&self, company: &str, token: Uuid) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::FreeSlot);
        sqlx::query!("delete from company_slot where company = $1 and token = $2", company, token)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Adds to the company's API transactions of the current month (UTC).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_transactions(&self, company: &str, transactions: u64) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::CountTransactions);
        sqlx::query!(
            "insert into company_usage (company, month, transactions)
             values ($1, date_trunc('month', now() at time zone 'UTC')::date, $2)
             on conflict (company, month) do update
                set transactions = company_usage.transactions + excluded.transactions",
            company,
            i64::try_from(transactions).unwrap_or(i64::MAX)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
