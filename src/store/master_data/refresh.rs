//! The reading of one kind of master data: begun, kept page by page, finished, or recorded as failed or not available.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff_sqlx::ToSqlx;

use super::stamp;
use crate::accounting::hold::HoldCode;
use crate::accounting::masters::{Master, MasterKind, MasterStatus};
use crate::failpoint::{self, Step};
use crate::store::pool::Transaction;
use crate::store::{Store, StoreError};

/// A reading under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The company.
    pub company: String,
    /// What is read.
    pub kind: MasterKind,
    /// When it was begun (UTC); also the proof that it is still the same one.
    pub started_at: Timestamp,
    /// Everything, or only what changed since `since`.
    pub full: bool,
    /// Only records modified at this time or later, by the company's own clock; `None` for all.
    pub since: Option<DateTime>,
    /// Records up to this number are kept already.
    pub after: u64,
}

/// A page of a reading.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The records.
    pub records: &'a [Master],
    /// The highest record number on it.
    pub after: u64,
    /// Whether none follow.
    pub last: bool,
}

/// How far the mirror of a kind is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshState {
    /// The kind.
    pub kind: MasterKind,
    /// When it was read whole (UTC); `None` when never.
    pub last_full_at: Option<Timestamp>,
    /// When a reading ended well (UTC).
    pub last_read_at: Option<Timestamp>,
    /// Records modified before it are known, by the company's own clock.
    pub mark: Option<DateTime>,
    /// Why the company does not offer it.
    pub unavailable: Option<String>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// Records that are there.
    pub records: u64,
}

impl RefreshState {
    /// Whether the mirror can be judged by: it was read whole once, and the company still offers it.
    pub fn is_mirrored(&self) -> bool {
        self.last_full_at.is_some() && self.unavailable.is_none()
    }
}

impl Store {
    /// How far the mirror of each kind of a company is, by kind.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refresh_states(&self, company: &str) -> Result<Vec<RefreshState>, StoreError> {
        let rows = sqlx::query!(
            r#"select kind, last_full_at, last_read_at, mark as "mark: jiff_sqlx::DateTime", unavailable, last_error,
                      (select count(*) from master_record m
                        where m.company = $1 and m.kind = r.kind and m.status <> 'gone') as "records!"
                 from master_refresh r where company = $1 order by kind"#,
            company
        )
        .fetch_all(&self.pool)
        .await?;
        let read = |name: String| {
            MasterKind::try_from(name.clone())
                .map_err(|why| StoreError::Corrupt { what: format!("master_refresh {name}"), why })
        };
        rows.into_iter()
            .map(|row| {
                Ok(RefreshState {
                    kind: read(row.kind)?,
                    last_full_at: row.last_full_at.map(|at| at.to_jiff()),
                    last_read_at: row.last_read_at.map(|at| at.to_jiff()),
                    mark: row.mark.map(|mark| mark.to_jiff()),
                    unavailable: row.unavailable,
                    last_error: row.last_error,
                    records: row.records.unsigned_abs(),
                })
            })
            .collect()
    }

    /// The kinds of a company that a try is due for, and whether they are to be read whole: those not tried for
    /// `incremental`; after a failure much sooner; what the company does not offer only every `full`. A kind that tells no
    /// modifications is always read whole.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due_refreshes(
        &self,
        company: &str,
        kinds: &[MasterKind],
        incremental: Duration,
        full: Duration,
    ) -> Result<Vec<(MasterKind, bool)>, StoreError> {
        let names: Vec<String> = kinds.iter().map(MasterKind::name).collect();
        let rows = sqlx::query!(
            r#"select wanted.kind as "kind!",
                      coalesce(r.run_full, false) or r.last_full_at is null or r.mark is null
                          or r.unavailable is not null or r.last_full_at < now() - make_interval(secs => $4) as "full!"
                 from unnest($2::text[]) with ordinality as wanted (kind, place)
                 left join master_refresh r on r.company = $1 and r.kind = wanted.kind
                where r.tried_at is null
                   or r.tried_at < now() - make_interval(secs => case when r.last_error is not null then least($3, 60::float8)
                                                                      when r.unavailable is not null then $4
                                                                      else $3 end)
                order by wanted.place"#,
            company,
            &names,
            incremental.as_secs_f64(),
            full.as_secs_f64()
        )
        .fetch_all(&self.pool)
        .await?;
        let known: BTreeMap<String, &MasterKind> = kinds.iter().map(|kind| (kind.name(), kind)).collect();
        Ok(rows.into_iter().filter_map(|row| Some(((*known.get(&row.kind)?).clone(), row.full))).collect())
    }

    /// Asks for a look at these kinds, or at all, as soon as somebody looks at the schedule; not at what was tried less than
    /// `recent` ago.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn want_masters(
        &self,
        company: &str,
        kinds: Option<&[MasterKind]>,
        recent: Duration,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::WantMasters);
        let names: Option<Vec<String>> = kinds.map(|kinds| kinds.iter().map(MasterKind::name).collect());
        sqlx::query!(
            "update master_refresh set tried_at = null
              where company = $1 and ($2::text[] is null or kind = any ($2))
                and tried_at <= now() - make_interval(secs => $3)",
            company,
            names.as_deref(),
            recent.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Begins a reading, or goes on with the one that broke off when it is of the same sort. What changed since the mark
    /// is asked for from `overlap` before it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_reading(
        &self,
        company: &str,
        kind: &MasterKind,
        full: bool,
        overlap: Duration,
    ) -> Result<Reading, StoreError> {
        let _around = failpoint::around(Step::BeginReading);
        let row = sqlx::query!(
            r#"insert into master_refresh as r (company, kind, tried_at, run_started_at, run_full, run_after)
               values ($1, $2, now(), now(), $3, 0)
               on conflict (company, kind) do update set
                  tried_at = excluded.tried_at,
                  run_started_at = case when r.run_full = $3 then r.run_started_at else excluded.run_started_at end,
                  run_after = case when r.run_full = $3 then r.run_after else 0 end,
                  run_mark = case when r.run_full = $3 then r.run_mark end,
                  run_full = $3
               returning run_started_at as "started_at!", run_after as "after!",
                         mark as "mark: jiff_sqlx::DateTime""#,
            company,
            kind.name(),
            full
        )
        .fetch_one(&self.pool)
        .await?;
        let mark = row.mark.map(|mark| mark.to_jiff()).filter(|_| !full);
        Ok(Reading {
            company: company.to_owned(),
            kind: kind.clone(),
            started_at: row.started_at.to_jiff(),
            full,
            since: mark.map(|mark| mark.saturating_sub(overlap)),
            after: row.after.unsigned_abs(),
        })
    }

    /// Keeps a page. With the last one the reading ends, in the same transaction: the mark moves, and after a whole reading
    /// what it did not meet is gone. The orders of `stores` that are held for a record that changed are marked due;
    /// answers whether there were any.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when another reading was begun meanwhile; [`StoreError::Unavailable`]. Then nothing was written.
    pub async fn keep_page(&self, reading: &Reading, page: Page<'_>, stores: &[String]) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::KeepPage);
        let (company, kind) = (&reading.company, &reading.kind);
        let mut transaction = self.pool.begin().await?;
        self.advance(&mut transaction, reading, page).await?;
        let mut changed = upsert(&mut transaction, company, kind, page.records, Some(reading)).await?;
        let mut first = false;
        if page.last {
            if reading.full {
                changed.extend(mark_gone(&mut transaction, reading).await?);
            }
            first = end(&mut transaction, reading).await?;
        }
        note_change(&mut transaction, company, kind, first || !changed.is_empty()).await?;
        let subjects: Vec<String> = changed.iter().map(|id| kind.subject(id)).collect();
        let released = release(&mut transaction, stores, &subjects, "").await?;
        transaction.commit().await?;
        Ok(released)
    }

    async fn advance(
        &self,
        transaction: &mut Transaction,
        reading: &Reading,
        page: Page<'_>,
    ) -> Result<(), StoreError> {
        let newest = page.records.iter().filter_map(|record| record.modified).max();
        let done = sqlx::query!(
            "update master_refresh set run_after = $4, run_mark = greatest(run_mark, $5)
              where company = $1 and kind = $2 and run_started_at = $3",
            reading.company,
            reading.kind.name(),
            stamp(reading.started_at) as jiff_sqlx::Timestamp,
            i64::try_from(page.after).unwrap_or(i64::MAX),
            newest.map(|at| at.to_sqlx()) as Option<jiff_sqlx::DateTime>
        )
        .execute(&mut **transaction)
        .await?;
        if done.rows_affected() == 1 {
            return Ok(());
        }
        Err(StoreError::Lost(format!("the reading of {} of {}", reading.kind, reading.company)))
    }

    /// Records that the company does not offer a kind, and why: nothing is judged by it, so what was held by it is due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refuse_reading(&self, reading: &Reading, why: &str, stores: &[String]) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::RefuseReading);
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "update master_refresh
                set version = version + case when unavailable is null and last_full_at is not null then 1 else 0 end,
                    unavailable = $3, last_error = null, tried_at = now(), run_started_at = null, run_full = null,
                    run_after = null, run_mark = null
              where company = $1 and kind = $2",
            reading.company,
            reading.kind.name(),
            why
        )
        .execute(&mut *transaction)
        .await?;
        release(&mut transaction, stores, &[], &reading.kind.subject("")).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Records that a reading failed; it is gone on with at the next try.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn fail_reading(&self, reading: &Reading, why: &str) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::FailReading);
        sqlx::query!(
            "update master_refresh set last_error = $3, tried_at = now() where company = $1 and kind = $2",
            reading.company,
            reading.kind.name(),
            why
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Writes records; answers the ids of those that were not there before or said something else.
pub(super) async fn upsert(
    transaction: &mut Transaction,
    company: &str,
    kind: &MasterKind,
    records: &[Master],
    reading: Option<&Reading>,
) -> Result<Vec<String>, StoreError> {
    let records = one_per_id(records);
    let of = |text: fn(&Master) -> String| records.iter().map(|record| text(record)).collect::<Vec<_>>();
    let numbers: Vec<i64> = records.iter().map(|record| i64::try_from(record.record_no).unwrap_or(i64::MAX)).collect();
    let emails: Vec<Option<String>> =
        records.iter().map(|record| record.email.as_ref().map(|email| email.trim().to_lowercase())).collect();
    let facts: Vec<serde_json::Value> =
        records.iter().map(|record| serde_json::to_value(&record.facts).unwrap_or_default()).collect();
    let modified: Vec<Option<jiff_sqlx::DateTime>> =
        records.iter().map(|record| record.modified.map(|at| at.to_sqlx())).collect();
    // A record can be there once per entity under one id: as long as an active one is there, the id can be posted to. One
    // that a whole reading has not met (yet) does not count.
    let rows = sqlx::query!(
        r#"with incoming as materialized (
               select * from unnest($3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::jsonb[],
                                    $9::timestamp[])
                   as i (id, record_no, name, status, email, facts, modified)),
           kept as (
               select i.* from incoming i
                where not exists (select from master_record m
                                   where m.company = $1 and m.kind = $2 and m.id = i.id and m.record_no <> i.record_no
                                     and m.status = 'active' and i.status <> 'active'
                                     and m.seen_at >= coalesce($10::timestamptz, '-infinity'))),
           changed as (
               select k.id from kept k
                 left join master_record m on m.company = $1 and m.kind = $2 and m.id = k.id
                where m.id is null or (m.name, m.status, m.email, m.facts) is distinct from
                                      (k.name, k.status, k.email, k.facts)),
           written as (
               insert into master_record (company, kind, id, record_no, name, status, email, facts, modified)
               select $1, $2, id, record_no, name, status, email, facts, modified from kept
               on conflict (company, kind, id) do update set
                  record_no = excluded.record_no, name = excluded.name, status = excluded.status,
                  email = excluded.email, facts = excluded.facts, modified = excluded.modified,
                  seen_at = excluded.seen_at)
           select id as "id!" from changed"#,
        company,
        kind.name(),
        &of(|record| record.id.clone()),
        &numbers,
        &of(|record| record.name.clone()),
        &of(|record| record.status.as_str().to_owned()),
        &emails as &[Option<String>],
        &facts,
        &modified as &[Option<jiff_sqlx::DateTime>],
        reading.filter(|reading| reading.full).map(|reading| stamp(reading.started_at)) as Option<jiff_sqlx::Timestamp>
    )
    .fetch_all(&mut **transaction)
    .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Of records with the same id the active one, else the last.
fn one_per_id(records: &[Master]) -> Vec<&Master> {
    let mut by_id: BTreeMap<&str, &Master> = BTreeMap::new();
    for record in records {
        let standing = by_id.get(record.id.as_str()).is_some_and(|other| other.status == MasterStatus::Active);
        if !standing || record.status == MasterStatus::Active {
            by_id.insert(&record.id, record);
        }
    }
    by_id.into_values().collect()
}

/// What a whole reading did not meet is gone; answers the ids.
async fn mark_gone(transaction: &mut Transaction, reading: &Reading) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query!(
        "update master_record set status = 'gone'
          where company = $1 and kind = $2 and seen_at < $3 and status <> 'gone' returning id",
        reading.company,
        reading.kind.name(),
        stamp(reading.started_at) as jiff_sqlx::Timestamp
    )
    .fetch_all(&mut **transaction)
    .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Ends a reading. The new mark is the latest modification it saw, less the time it took: a record that was changed after
/// its page had been read is then asked for again, whatever zone the company's clock is in. Answers whether the kind could
/// not be judged by before.
async fn end(transaction: &mut Transaction, reading: &Reading) -> Result<bool, StoreError> {
    let before = sqlx::query!(
        "select last_full_at, unavailable from master_refresh where company = $1 and kind = $2 for update",
        reading.company,
        reading.kind.name()
    )
    .fetch_one(&mut **transaction)
    .await?;
    sqlx::query!(
        "update master_refresh set
            mark = greatest(mark, run_mark - (now() - run_started_at)),
            last_full_at = case when run_full then clock.now else last_full_at end,
            last_read_at = clock.now, unavailable = null, last_error = null,
            run_started_at = null, run_full = null, run_after = null, run_mark = null
           from (select now()) clock
          where company = $1 and kind = $2",
        reading.company,
        reading.kind.name()
    )
    .execute(&mut **transaction)
    .await?;
    Ok(before.unavailable.is_some() || (reading.full && before.last_full_at.is_none()))
}

/// Raises the kind's version when something changed.
pub(super) async fn note_change(
    transaction: &mut Transaction,
    company: &str,
    kind: &MasterKind,
    changed: bool,
) -> Result<(), StoreError> {
    if changed {
        sqlx::query!(
            "insert into master_refresh as r (company, kind, version) values ($1, $2, 1)
             on conflict (company, kind) do update set version = r.version + 1",
            company,
            kind.name()
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Marks the orders and ledger events due that are held for one of `subjects`, or for one that begins with `prefix` when
/// that is not empty.
/// Answers whether there were any.
async fn release(
    transaction: &mut Transaction,
    stores: &[String],
    subjects: &[String],
    prefix: &str,
) -> Result<bool, StoreError> {
    if subjects.is_empty() && prefix.is_empty() {
        return Ok(false);
    }
    let codes: Vec<String> = HoldCode::OF_MASTER_DATA.iter().map(|code| code.as_str().to_owned()).collect();
    let done = sqlx::query!(
        "insert into lane (store, order_id)
         select distinct store, order_id from hold
          where store = any ($1) and released_at is null and order_id is not null and code = any ($2)
            and (subject = any ($3) or ($4 <> '' and starts_with(subject, $4)))
          order by 1, 2
         on conflict (store, order_id) do update
            set version = lane.version + 1, run_at = least(lane.run_at, excluded.run_at), failures = 0",
        stores,
        &codes,
        subjects,
        prefix
    )
    .execute(&mut **transaction)
    .await?;
    sqlx::query!(
        "update ledger_event e set retry_at = now(), version = version + 1
          where store = any ($1) and settled_at is null
            and exists (select from hold h
                         where h.store = e.store and h.document_key = e.store || '/' || e.name || '/r1'
                           and h.released_at is null and h.code = any ($2)
                           and (h.subject = any ($3) or ($4 <> '' and starts_with(h.subject, $4))))",
        stores,
        &codes,
        subjects,
        prefix
    )
    .execute(&mut **transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}
