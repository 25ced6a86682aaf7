//! What is wished of a store's webhooks, what was found of them, and when the last delivery came.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// The scopes that are subscribed to, each with what its address adds to the store's webhook address: BigCommerce wants
/// notices of failed deliveries at an address of their own.
pub const SCOPES: [(&str, &str); 2] = [("store/order/*", ""), (DELIVERY_EXCEPTION, "/exceptions")];

/// The scope of notices that deliveries fail.
pub const DELIVERY_EXCEPTION: &str = "store/hook/deliveryException";

/// What is wished of a store's webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Desired {
    /// Nobody has said: they are looked at and left alone.
    Unmanaged,
    /// They are there and kept in repair.
    Installed,
    /// They are not there.
    Removed,
}

impl Desired {
    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unmanaged => "unmanaged",
            Self::Installed => "installed",
            Self::Removed => "removed",
        }
    }

    fn named(name: &str) -> Result<Self, StoreError> {
        let all = [Self::Unmanaged, Self::Installed, Self::Removed];
        all.into_iter().find(|desired| desired.as_str() == name).ok_or_else(|| StoreError::Corrupt {
            what: "webhook_wish.desired".to_owned(),
            why: format!("'{name}' is no wish"),
        })
    }
}

/// A hook of ours as it was found in BigCommerce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundHook {
    /// BigCommerce's number.
    pub hook_id: u64,
    /// What it tells of.
    pub scope: String,
    /// Where it tells it.
    pub destination: String,
    /// Whether it tells anything.
    pub active: bool,
    /// Whether it sends the shared header of the settings along.
    pub headers_fit: bool,
}

/// What is wished and what was found. Moments are UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookStanding {
    /// The wish.
    pub desired: Desired,
    /// Whose it is.
    pub asked_by: Option<String>,
    /// When it was made.
    pub asked_at: Option<Timestamp>,
    /// When hooks were last looked at.
    pub checked_at: Option<Timestamp>,
    /// Hooks of the same API account that are none of ours.
    pub others: u64,
    /// Ours.
    pub hooks: Vec<FoundHook>,
}

/// When deliveries came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearing {
    /// Since when they are listened for (UTC).
    pub since: Timestamp,
    /// The last one (UTC).
    pub last: Option<Timestamp>,
    /// The last notice that deliveries fail (UTC).
    pub last_exception: Option<Timestamp>,
    /// Seconds since the last one, or since they are listened for; not from before they were installed.
    pub quiet_seconds: u64,
    /// Orders that polling has marked as due since then.
    pub polled: u64,
    /// Whether any are awaited: hooks are wished to be there, or nobody said anything and some came before.
    pub awaited: bool,
}

impl Hearing {
    /// Why the silence is one to be told of: longer than `after_hours`, although deliveries are awaited.
    pub fn silence(&self, after_hours: u32) -> Option<String> {
        let hours = self.quiet_seconds / 3600;
        if !self.awaited || hours < u64::from(after_hours) {
            return None;
        }
        let polled = match self.polled {
            0 => "polling found no changed orders either".to_owned(),
            1 => "polling found 1 changed order meanwhile".to_owned(),
            orders => format!("polling found {orders} changed orders meanwhile"),
        };
        Some(format!("no webhook came for {hours} hours; {polled}"))
    }
}

impl Store {
    /// What is wished of a store's webhooks and what was found.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn hook_standing(&self, store: &str) -> Result<HookStanding, StoreError> {
        let wish = sqlx::query!(
            "select desired, asked_by, asked_at, checked_at, others from webhook_wish where store = $1",
            store
        )
        .fetch_optional(&self.pool)
        .await?;
        let hooks = sqlx::query!(
            "select hook_id, scope, destination, active, headers_fit from webhook_hook where store = $1 order by hook_id",
            store
        )
        .fetch_all(&self.pool)
        .await?;
        let mut standing = HookStanding {
            desired: Desired::Unmanaged,
            asked_by: None,
            asked_at: None,
            checked_at: None,
            others: 0,
            hooks: hooks
                .into_iter()
                .map(|row| FoundHook {
                    hook_id: from_database(row.hook_id),
                    scope: row.scope,
                    destination: row.destination,
                    active: row.active,
                    headers_fit: row.headers_fit,
                })
                .collect(),
        };
        if let Some(wish) = wish {
            standing.desired = Desired::named(&wish.desired)?;
            standing.asked_by = wish.asked_by;
            standing.asked_at = wish.asked_at.map(|at| at.to_jiff());
            standing.checked_at = wish.checked_at.map(|at| at.to_jiff());
            standing.others = from_database(wish.others);
        }
        Ok(standing)
    }

    /// Wishes something of a store's webhooks, to be carried out at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wish_hooks(&self, store: &str, desired: Desired, by: &str) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::WishHooks);
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "insert into webhook_wish (store, desired, asked_by, asked_at) values ($1, $2, $3, now())
             on conflict (store) do update set desired = excluded.desired, asked_by = excluded.asked_by,
                asked_at = excluded.asked_at",
            store,
            desired.as_str(),
            by
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update schedule set wanted_at = (select clock_timestamp()), retry_at = '-infinity'
              where store = $1 and name = 'webhooks'",
            store
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Notes which hooks of ours were found, in place of those noted before, and how many others there are. `checked_at` is
    /// a moment before they were looked at: notices that come later bring the next look forward.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_hooks(
        &self,
        store: &str,
        hooks: &[FoundHook],
        others: u64,
        checked_at: Timestamp,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::NoteHooks);
        let ids: Vec<i64> = hooks.iter().map(|hook| to_database(hook.hook_id)).collect();
        let scopes: Vec<String> = hooks.iter().map(|hook| hook.scope.clone()).collect();
        let destinations: Vec<String> = hooks.iter().map(|hook| hook.destination.clone()).collect();
        let active: Vec<bool> = hooks.iter().map(|hook| hook.active).collect();
        let fit: Vec<bool> = hooks.iter().map(|hook| hook.headers_fit).collect();
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("delete from webhook_hook where store = $1", store).execute(&mut *transaction).await?;
        sqlx::query!(
            "insert into webhook_hook (store, hook_id, scope, destination, active, headers_fit)
             select $1, * from unnest($2::bigint[], $3::text[], $4::text[], $5::boolean[], $6::boolean[])",
            store,
            &ids,
            &scopes,
            &destinations,
            &active,
            &fit,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "insert into webhook_wish (store, checked_at, others) values ($1, $3, $2)
             on conflict (store) do update set checked_at = excluded.checked_at, others = excluded.others",
            store,
            to_database(others),
            checked_at.to_sqlx() as jiff_sqlx::Timestamp,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// When deliveries of a store came.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hearing(&self, store: &str) -> Result<Hearing, StoreError> {
        let row = sqlx::query!(
            r#"with known as (
                   select coalesce(max(since), now()) as since, coalesce(max(desired), 'unmanaged') as desired,
                          max(asked_at) as asked_at
                     from webhook_wish where store = $1),
               heard as materialized (
                   select known.*, (select max(received_at) from inbox where store = $1
                                       and scope <> 'store/hook/deliveryException') as last
                     from known),
               quiet as (
                   select heard.*, case when desired = 'installed' then greatest(coalesce(last, since), asked_at)
                                        else coalesce(last, since) end as quiet_from
                     from heard)
               select since as "since!", last,
                      (select max(received_at) from inbox where store = $1 and scope = 'store/hook/deliveryException')
                          as last_exception,
                      greatest(extract(epoch from now() - quiet_from), 0)::bigint as "quiet!",
                      (select coalesce(sum(acted), 0)::bigint from schedule_run
                        where store = $1 and name = 'orders' and started_at > quiet_from) as "polled!",
                      desired = 'installed' or desired = 'unmanaged' and last is not null as "awaited!"
                 from quiet"#,
            store
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Hearing {
            since: row.since.to_jiff(),
            last: row.last.map(|at| at.to_jiff()),
            last_exception: row.last_exception.map(|at| at.to_jiff()),
            quiet_seconds: from_database(row.quiet),
            polled: from_database(row.polled),
            awaited: row.awaited,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_once_it_is_long_enough_and_webhooks_are_awaited() {
        let hearing = Hearing {
            since: Timestamp::UNIX_EPOCH,
            last: None,
            last_exception: None,
            quiet_seconds: 30 * 3600,
            polled: 2,
            awaited: true,
        };
        let told = hearing.silence(24).unwrap();
        assert_eq!(told, "no webhook came for 30 hours; polling found 2 changed orders meanwhile");
        assert_eq!(hearing.silence(31), None);
        assert_eq!(Hearing { awaited: false, ..hearing }.silence(24), None);
    }
}
