//! What replicas share of an Intacct company's gateway: its few permits, and until when it is left in peace.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::pool::Transaction;
use super::{Store, StoreError};
use crate::failpoint::{self, Step};

/// How long a replica that waits for a permit is counted without asking again.
const WAITER_KEPT: Duration = Duration::from_secs(2);

/// Why a company is left in peace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PauseCause {
    /// It asked for fewer requests.
    Throttled,
    /// It was not reached, or gave no readable answer.
    Offline,
    /// It refused sender, user or session.
    SignIn,
}

impl PauseCause {
    /// The name in the database, in metrics and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Offline => "offline",
            Self::SignIn => "sign-in",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "throttled" => Self::Throttled,
            "sign-in" => Self::SignIn,
            _ => Self::Offline,
        }
    }
}

/// The failures of a company that no good answer has followed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How many in a row.
    pub failures: u32,
    /// Of the last one.
    pub cause: PauseCause,
    /// The last one in words.
    pub reason: String,
    /// Since the first one (UTC).
    pub since: Timestamp,
    /// Nothing is sent before (UTC); `None` when the failures have not brought on a pause.
    pub paused_until: Option<Timestamp>,
    /// How much of the pause is left by the database's clock; zero when it is over and a probe is due or under way.
    pub rest: Duration,
}

impl Trouble {
    /// Whether there is a pause that no probe has ended.
    pub fn paused(&self) -> bool {
        self.paused_until.is_some()
    }
}

/// What came of asking for permits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permits {
    /// The permits taken or still held.
    pub slots: Vec<i32>,
    /// Other replicas that wait for one.
    pub waiting: u32,
    /// The company's trouble, if there is any.
    pub trouble: Option<Trouble>,
}

/// A failure that concerns the whole company.
#[derive(Debug, Clone, Copy)]
pub struct CompanyFailure<'a> {
    /// What kind.
    pub cause: PauseCause,
    /// In words, without secrets.
    pub reason: &'a str,
    /// The probe it came of, when it was one.
    pub probe: Option<Uuid>,
}

/// The columns of `company_gate`.
struct GateRow {
    failures: i32,
    cause: Option<String>,
    reason: String,
    since: Option<jiff_sqlx::Timestamp>,
    paused_until: Option<jiff_sqlx::Timestamp>,
    rest: f64,
}

impl GateRow {
    fn trouble(self) -> Option<Trouble> {
        Some(Trouble {
            failures: self.failures.unsigned_abs(),
            cause: PauseCause::parse(&self.cause?),
            reason: self.reason,
            since: self.since?.to_jiff(),
            paused_until: self.paused_until.map(jiff_sqlx::Timestamp::to_jiff),
            rest: Duration::try_from_secs_f64(self.rest).unwrap_or_default(),
        })
    }
}

impl Store {
    /// Takes up to `wanted` of the `slots` permits of a company for `lease`; all that a replica takes stand under its
    /// `token`. Who gets none is a waiter, and those who came later leave a permit to those who came before. While the
    /// company rests nobody takes one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_slots(
        &self,
        company: &str,
        slots: u32,
        wanted: u32,
        lease: Duration,
        token: Uuid,
    ) -> Result<Permits, StoreError> {
        let _around = failpoint::around(Step::TakeSlot);
        let mut transaction = self.pool.begin().await?;
        let trouble = lock_gate(&mut transaction, company).await?;
        if trouble.as_ref().is_some_and(|trouble| !trouble.rest.is_zero()) {
            transaction.commit().await?;
            return Ok(Permits { slots: Vec::new(), waiting: 0, trouble });
        }
        let waiting = older_waiters(&mut transaction, company, token).await?;
        let free = sqlx::query!(
            r#"select free.slot as "slot!" from generate_series(1, $2::int) as free (slot)
                where not exists (select from company_slot s
                                   where s.company = $1 and s.slot = free.slot and s.leased_until >= now())
                order by free.slot
                limit least($3::bigint, greatest(0, $2::bigint - $4::bigint -
                      (select count(*) from company_slot s where s.company = $1 and s.leased_until >= now())))"#,
            company,
            i32::try_from(slots).unwrap_or(i32::MAX),
            i64::from(wanted),
            waiting,
        )
        .fetch_all(&mut *transaction)
        .await?;
        let free: Vec<i32> = free.into_iter().map(|row| row.slot).collect();
        // What lapsed goes first, so that what another replica took meanwhile stays.
        sqlx::query!(
            "delete from company_slot where company = $1 and slot = any ($2) and leased_until < now()",
            company,
            &free
        )
        .execute(&mut *transaction)
        .await?;
        let taken = sqlx::query!(
            "insert into company_slot (company, slot, token, leased_until)
             select $1, slot, $3, now() + make_interval(secs => $4) from unnest($2::int[]) free (slot) order by slot
             on conflict (company, slot) do nothing returning slot",
            company,
            &free,
            token,
            lease.as_secs_f64(),
        )
        .fetch_all(&mut *transaction)
        .await?;
        let taken: Vec<i32> = taken.into_iter().map(|row| row.slot).collect();
        note_waiter(&mut transaction, company, token, taken.is_empty()).await?;
        transaction.commit().await?;
        Ok(Permits { slots: taken, waiting: u32::try_from(waiting).unwrap_or_default(), trouble })
    }

    /// Extends those of `slots` that are held under `token`; those that have lapsed are gone. A permit that its holder does not
    /// know of is left to lapse. Answers which are left, who waits, and how the company is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn extend_slots(
        &self,
        company: &str,
        lease: Duration,
        token: Uuid,
        slots: &[i32],
    ) -> Result<Permits, StoreError> {
        let _around = failpoint::around(Step::ExtendSlots);
        let row = sqlx::query!(
            r#"with kept as (
                   update company_slot set leased_until = now() + make_interval(secs => $2)
                    where company = $1 and token = $3 and slot = any ($4) and leased_until > now() returning slot)
               select (select array_agg(slot) from kept) as "slots",
                      (select count(*) from company_slot_waiter w
                        where w.company = $1 and w.token <> $3 and w.asked_until > now()) as "waiting!",
                      coalesce(g.failures, 0) as "failures!", g.cause as "cause?", coalesce(g.reason, '') as "reason!",
                      g.since as "since?", case when g.needs_probe then g.paused_until end as "paused_until?",
                      coalesce(case when g.needs_probe and g.paused_until > now()
                           then extract(epoch from g.paused_until - now())::float8 end, 0) as "rest!"
                 from (select 1) one left join company_gate g on g.company = $1"#,
            company,
            lease.as_secs_f64(),
            token,
            slots
        )
        .fetch_one(&self.pool)
        .await?;
        let gate = GateRow {
            failures: row.failures,
            cause: row.cause,
            reason: row.reason,
            since: row.since,
            paused_until: row.paused_until,
            rest: row.rest,
        };
        Ok(Permits {
            slots: row.slots.unwrap_or_default(),
            waiting: u32::try_from(row.waiting).unwrap_or_default(),
            trouble: gate.trouble(),
        })
    }

    /// Gives permits back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; they then lapse by themselves.
    pub async fn free_slots(&self, company: &str, token: Uuid, slots: &[i32]) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::FreeSlot);
        sqlx::query!(
            "delete from company_slot where company = $1 and token = $2 and slot = any ($3)",
            company,
            token,
            slots
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes a failure of the company. `pause` says how long it is left in peace after so many failures in a row, if at
    /// all. During a pause only a probe counts: what was under way before says nothing new.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_company_failure(
        &self,
        company: &str,
        failure: CompanyFailure<'_>,
        pause: impl FnOnce(u32) -> Option<Duration> + Send,
    ) -> Result<Option<Trouble>, StoreError> {
        let _around = failpoint::around(Step::NoteCompanyFailure);
        let mut transaction = self.pool.begin().await?;
        let trouble = lock_gate(&mut transaction, company).await?;
        let known = trouble.as_ref().map_or(0, |trouble| trouble.failures);
        let counts = failure.probe.is_some() || !trouble.as_ref().is_some_and(Trouble::paused);
        if counts {
            let failures = known.saturating_add(1);
            let rest = pause(failures).map(|rest| rest.as_secs_f64());
            sqlx::query!(
                "update company_gate set failures = $2, cause = $3, reason = $4, since = coalesce(since, clock.now),
                        needs_probe = needs_probe or $5::float8 is not null,
                        paused_until = coalesce(clock.until, paused_until),
                        probe_token = null, probe_until = '-infinity'
                   from (select now(), now() + make_interval(secs => $5) as until) clock
                  where company = $1 and (not needs_probe or probe_token = $6)",
                company,
                i32::try_from(failures).unwrap_or(i32::MAX),
                failure.cause.as_str(),
                failure.reason,
                rest,
                failure.probe
            )
            .execute(&mut *transaction)
            .await?;
        }
        let trouble = lock_gate(&mut transaction, company).await?;
        transaction.commit().await?;
        Ok(trouble)
    }

    /// Notes a good answer: the row of failures is over, and with a probe the pause as well.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_company_success(&self, company: &str, probe: Option<Uuid>) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::NoteCompanySuccess);
        sqlx::query!(
            "update company_gate set failures = 0, cause = null, reason = '', since = null, needs_probe = false,
                    paused_until = '-infinity', probe_token = null, probe_until = '-infinity'
              where company = $1 and (not needs_probe or probe_token = $2)",
            company,
            probe
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Asks to be the one who tries whether the company is better after its pause. The right lapses after `lease`; asking
    /// again with a lease of nothing gives it back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_probe(&self, company: &str, token: Uuid, lease: Duration) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::ClaimProbe);
        let done = sqlx::query!(
            "update company_gate set probe_token = $2, probe_until = now() + make_interval(secs => $3)
              where company = $1 and needs_probe and paused_until <= now()
                and (probe_until < now() or probe_token = $2)",
            company,
            token,
            lease.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// How a company is: its failures in a row and its pause, `None` when all is well.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn company_trouble(&self, company: &str) -> Result<Option<Trouble>, StoreError> {
        let row = sqlx::query_as!(
            GateRow,
            r#"select failures, cause, reason, since as "since?",
                      case when needs_probe then paused_until end as "paused_until?",
                      coalesce(case when needs_probe and paused_until > now()
                           then extract(epoch from paused_until - now())::float8 end, 0) as "rest!"
                 from company_gate where company = $1"#,
            company
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.and_then(GateRow::trouble))
    }
}

/// Locks the company's row, made when it is not there: whoever shares something of the company does so in turn.
async fn lock_gate(transaction: &mut Transaction, company: &str) -> Result<Option<Trouble>, StoreError> {
    loop {
        let row = sqlx::query_as!(
            GateRow,
            r#"select failures, cause, reason, since as "since?",
                      case when needs_probe then paused_until end as "paused_until?",
                      coalesce(case when needs_probe and paused_until > now()
                           then extract(epoch from paused_until - now())::float8 end, 0) as "rest!"
                 from company_gate where company = $1 for update"#,
            company
        )
        .fetch_optional(&mut **transaction)
        .await?;
        if let Some(row) = row {
            return Ok(row.trouble());
        }
        sqlx::query!("insert into company_gate (company) values ($1) on conflict do nothing", company)
            .execute(&mut **transaction)
            .await?;
    }
}

/// Replicas that wait and came before; for one that does not wait yet, all of them.
async fn older_waiters(transaction: &mut Transaction, company: &str, token: Uuid) -> Result<i64, StoreError> {
    let row = sqlx::query!(
        r#"select count(*) as "older!" from company_slot_waiter w
            where w.company = $1 and w.token <> $2 and w.asked_until > now()
              and w.since < coalesce((select since from company_slot_waiter mine
                                       where mine.company = $1 and mine.token = $2 and mine.asked_until > now()),
                                     'infinity')"#,
        company,
        token
    )
    .fetch_one(&mut **transaction)
    .await?;
    Ok(row.older)
}

/// Makes the replica a waiter, which keeps its place in the row as long as it asks, or no waiter any more.
async fn note_waiter(transaction: &mut Transaction, company: &str, token: Uuid, waits: bool) -> Result<(), StoreError> {
    if waits {
        sqlx::query!(
            "insert into company_slot_waiter (company, token, asked_until)
             values ($1, $2, now() + make_interval(secs => $3))
             on conflict (company, token) do update set asked_until = excluded.asked_until,
                since = case when company_slot_waiter.asked_until > excluded.since then company_slot_waiter.since
                             else excluded.since end",
            company,
            token,
            WAITER_KEPT.as_secs_f64()
        )
        .execute(&mut **transaction)
        .await?;
    } else {
        sqlx::query!(
            "delete from company_slot_waiter where company = $1 and (token = $2 or asked_until < now() - interval '1 minute')",
            company,
            token
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}
