//! Leases on tasks that only one replica may do at a time; one that is not extended lapses, and another replica follows.

use std::time::Duration;

use uuid::Uuid;

use super::{Store, StoreError};
use crate::failpoint::{self, Step};

impl Store {
    /// Takes the lease of a task, or extends it when it is held under this token. Answers whether it is ours.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_lease(&self, task: &str, token: Uuid, lease: Duration) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::TakeLease);
        let done = sqlx::query!(
            "insert into task_lease (task, token, leased_until) values ($1, $2, now() + make_interval(secs => $3))
             on conflict (task) do update set token = excluded.token, leased_until = excluded.leased_until
                where task_lease.leased_until < now() or task_lease.token = excluded.token",
            task,
            token,
            lease.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives a lease back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the lease then lapses by itself.
    pub async fn free_lease(&self, task: &str, token: Uuid) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::FreeLease);
        sqlx::query!("delete from task_lease where task = $1 and token = $2", task, token).execute(&self.pool).await?;
        Ok(())
    }
}
