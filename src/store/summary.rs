//! Summaries of daily mode: documents collected for their day, closed into a summary exactly once, and what became of it.

mod shown;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;

pub use self::shown::StoredSummary;
use super::by_hand::is_claimed;
use super::document::{DocumentState, PlannedDocument, release_members, write};
use super::exclusion::is_excluded;
use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// Documents that wait for the same summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedGroup {
    /// The group's name, for example `2026-03-10-USD`.
    pub group: String,
    /// Their posting date.
    pub day: Date,
    /// Their currency.
    pub currency: String,
    /// How many documents.
    pub documents: u64,
    /// Of how many orders.
    pub orders: u64,
    /// When the newest of them came (UTC, the database's clock).
    pub newest: Timestamp,
    /// Since when an order of theirs has been due or worked on, so that they may still change; `None` when none is.
    pub due_since: Option<Timestamp>,
    /// The present moment (UTC, the database's clock).
    pub now: Timestamp,
}

/// Where a summary is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryStanding {
    /// Its key.
    pub key: String,
    /// Its state.
    pub state: DocumentState,
    /// Whether it may be tried again now.
    pub due: bool,
    /// From when on (UTC, the database's clock); `None` for at once.
    pub retry_at: Option<Timestamp>,
}

/// A collected document.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its key.
    pub key: String,
    /// The whole document.
    pub body: serde_json::Value,
    /// The rulebook revision it comes from.
    pub revision: Option<i64>,
}

/// A summary about to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSummary {
    /// The journal.
    pub document: PlannedDocument,
    /// Its support as comma-separated values.
    pub csv: String,
    /// Documents in it.
    pub documents: usize,
    /// Orders in it.
    pub orders: usize,
}

impl Store {
    /// Makes the collected documents of an order exactly these, each with its group; what is in a summary stays there.
    /// `stood` are the documents that stood when the order was judged. Answers false, and changes nothing, when others stand
    /// now because a day was closed or its summary refused meanwhile, or when the order was excluded or a document of it is
    /// said to have been entered by hand: it must be looked at again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`]: then nothing was changed.
    pub async fn collect(
        &self,
        store: &str,
        order_id: u64,
        documents: &[(PlannedDocument, String)],
        stood: &BTreeSet<&str>,
    ) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::Collect);
        let keys: Vec<String> = documents.iter().map(|(document, _)| document.key.clone()).collect();
        let mut transaction = self.pool.begin().await?;
        // In the same order as a closing locks them, so that the two cannot wait for each other.
        let rows = sqlx::query!(
            "select key, state from document where store = $1 and order_id = $2 order by key collate \"C\" for update",
            store,
            to_database(order_id)
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut stands = BTreeSet::new();
        for row in &rows {
            if DocumentState::parse(&row.state, &row.key)?.stands() {
                stands.insert(row.key.as_str());
            }
        }
        if stands != *stood {
            return Ok(false);
        }
        if !documents.is_empty()
            && (is_excluded(&mut transaction, store, order_id).await?
                || is_claimed(&mut transaction, store, order_id).await?)
        {
            return Ok(false);
        }
        // What was never sent goes without a trace. What was sent once and refused has its attempts, and stays planned.
        sqlx::query!(
            "with gone as (
                select key from document
                 where store = $1 and order_id = $2 and attempts = 0 and state in ('collected', 'planned')
                   and key <> all ($3)
                   and not exists (select from by_hand b
                                    where b.store = $1 and b.document_key = document.key
                                      and b.state in ('open', 'refused'))),
             lines as (delete from posting_line l using gone where l.store = $1 and l.document_key = gone.key)
             delete from document d using gone where d.store = $1 and d.key = gone.key",
            store,
            to_database(order_id),
            &keys
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update document set state = 'planned', summary_group = null
              where store = $1 and order_id = $2 and state = 'collected' and key <> all ($3)",
            store,
            to_database(order_id),
            &keys
        )
        .execute(&mut *transaction)
        .await?;
        let replaces = [DocumentState::Planned, DocumentState::Rejected, DocumentState::Collected];
        for (document, group) in documents {
            if !write(&mut transaction, document, DocumentState::Collected, Some(group), &replaces).await? {
                return Ok(false);
            }
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Whether a store has anything to do for daily mode: documents collected, summaries or their orders not settled.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_daily_work(&self, store: &str) -> Result<bool, StoreError> {
        let row = sqlx::query!(
            r#"select (exists (select from document where store = $1 and state = 'collected')
                    or exists (select from sales_order where store = $1 and outcome = 'collected')
                    or exists (select from hold
                                where store = $1 and document_key is not null and released_at is null)
                    or exists (select from document where store = $1 and kind = 'summary'
                                                      and state in ('planned', 'sending', 'unknown'))) as "any!""#,
            store
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.any)
    }

    /// The groups that documents of a store are collected for, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn collected_groups(&self, store: &str) -> Result<Vec<CollectedGroup>, StoreError> {
        let rows = sqlx::query!(
            r#"select m.summary_group as "group!", min(m.posting_date) as "day!", min(m.currency) as "currency!",
                      count(*) as "documents!", count(distinct m.order_id) as "orders!", max(m.planned_at) as "newest!",
                      now() as "now!",
                      (select min(l.run_at) from lane l
                        where l.store = $1 and l.failures = 0
                          and exists (select from document o
                                       where o.store = $1 and o.summary_group = m.summary_group
                                         and o.order_id = l.order_id and o.state = 'collected')) as due_since
                 from document m where m.store = $1 and m.state = 'collected'
                group by m.summary_group order by m.summary_group"#,
            store
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| CollectedGroup {
                group: row.group,
                day: row.day.to_jiff(),
                currency: row.currency,
                documents: row.documents.unsigned_abs(),
                orders: row.orders.unsigned_abs(),
                newest: row.newest.to_jiff(),
                due_since: row.due_since.map(|at| at.to_jiff()),
                now: row.now.to_jiff(),
            })
            .collect())
    }

    /// The orders that have documents collected for a group and are not due themselves, by id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn collected_orders(&self, store: &str, group: &str) -> Result<Vec<u64>, StoreError> {
        let rows = sqlx::query!(
            r#"select distinct d.order_id as "order_id!" from document d
                where d.store = $1 and d.summary_group = $2 and d.state = 'collected' and d.order_id is not null
                  and not exists (select from lane l
                                   where l.store = $1 and l.order_id = d.order_id and l.failures = 0)
                order by 1"#,
            store,
            group
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| from_database(row.order_id)).collect())
    }

    /// The summaries of a store and day that have this key but for the revision, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn summary_chain(&self, store: &str, day: Date, chain: &str) -> Result<Vec<SummaryStanding>, StoreError> {
        let rows = sqlx::query!(
            r#"select key, state, retry_at, coalesce(retry_at <= now(), true) as "due!" from document
                where store = $1 and kind = 'summary' and posting_date = $2 and starts_with(key, $3 || '/r')
                order by planned_at, key"#,
            store,
            day.to_sqlx() as jiff_sqlx::Date,
            chain
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let state = DocumentState::parse(&row.state, &row.key)?;
                let retry_at = row.retry_at.map(|at| at.to_jiff());
                Ok(SummaryStanding { key: row.key, state, due: row.due, retry_at })
            })
            .collect()
    }

    /// Closes a group: takes all documents collected for it (of one order only, when that is named), lets `build` make
    /// the summary, and stores the summary with its members, all in one transaction. Answers false when there was
    /// nothing to take, or the summary is there already.
    ///
    /// # Errors
    /// What `build` says, [`StoreError::Unavailable`]: then nothing was changed.
    pub async fn close_group<E: From<StoreError>>(
        &self,
        store: &str,
        group: &str,
        order_id: Option<u64>,
        build: impl FnOnce(&[Member]) -> Result<NewSummary, E>,
    ) -> Result<bool, E> {
        let _around = failpoint::around(Step::CloseGroup);
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        let members = sqlx::query_as!(
            Member,
            "select key, body, revision from document
              where store = $1 and summary_group = $2 and state = 'collected' and ($3::bigint is null or order_id = $3)
              order by key collate \"C\" for update",
            store,
            group,
            order_id.map(to_database)
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        if members.is_empty() {
            return Ok(false);
        }
        let new = build(&members)?;
        // Only a refused summary may be made anew: it has no members any more and is not in Intacct.
        let replaces = [DocumentState::Rejected];
        if !write(&mut transaction, &new.document, DocumentState::Planned, Some(group), &replaces).await? {
            return Ok(false);
        }
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        sqlx::query!(
            "insert into summary_support (store, summary_key, documents, orders, csv) values ($1, $2, $3, $4, $5)
             on conflict (store, summary_key) do update
                set documents = excluded.documents, orders = excluded.orders, csv = excluded.csv",
            store,
            new.document.key,
            count(new.documents),
            count(new.orders),
            new.csv
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        let keys: Vec<String> = members.into_iter().map(|member| member.key).collect();
        let taken = sqlx::query!(
            "update document set state = 'summarised', summary_key = $2
              where store = $1 and key = any ($3) and state = 'collected'",
            store,
            new.document.key,
            &keys
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        if taken.rows_affected() != keys.len() as u64 {
            return Err(StoreError::Lost(format!("a member of summary {}", new.document.key)).into());
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(true)
    }

    /// Keys of the summaries of a store that are to be sent or looked up now, oldest day first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn open_summaries(&self, store: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query!(
            "select key from document
              where store = $1 and kind = 'summary' and state in ('planned', 'sending', 'unknown')
                and coalesce(retry_at <= now(), true)
              order by posting_date, planned_at, key limit $2",
            store,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| row.key).collect())
    }

    /// Puts the next try of a summary off.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put_off_summary(&self, store: &str, key: &str, delay: std::time::Duration) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::PutOffSummary);
        sqlx::query!(
            "update document set retry_at = now() + make_interval(secs => $3)
              where store = $1 and key = $2 and state <> 'posted'",
            store,
            key,
            delay.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes that a summary cannot be sent as it is, before anything was sent; its members are collected again. One whose
    /// request may still be under way keeps them: it may be in Intacct in a moment.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was changed.
    pub async fn refuse_summary(&self, store: &str, key: &str, error: &str) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::RefuseSummary);
        let mut transaction = self.pool.begin().await?;
        let done = sqlx::query!(
            "update document set state = 'rejected', error = $3, settled_at = now(), attempts = attempts + 1
              where store = $1 and key = $2 and state = 'planned' and open_until is null",
            store,
            key,
            error
        )
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 1 {
            release_members(&mut transaction, store, key).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Lets summaries of a day and currency that are not posted be tried again at once. Answers how many there are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn retry_summaries(&self, store: &str, day: Date, currency: &str) -> Result<u64, StoreError> {
        let _around = failpoint::around(Step::RetrySummaries);
        let done = sqlx::query!(
            "update document set retry_at = null
              where store = $1 and kind = 'summary' and posting_date = $2 and currency = $3 and state <> 'posted'",
            store,
            day.to_sqlx() as jiff_sqlx::Date,
            currency
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Brings what follows from settled summaries up to date: orders all of whose documents are posted now are posted,
    /// and a hold on a refused summary that nothing is collected for any more is released.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn settle_daily(&self, store: &str) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::SettleDaily);
        sqlx::query!(
            "update sales_order o set outcome = 'posted', reason = '', updated_at = now()
              where o.store = $1 and o.outcome = 'collected'
                and not exists (select from document d
                                  left join document s on s.store = d.store and s.key = d.summary_key
                                 where d.store = $1 and d.order_id = o.order_id
                                   and (d.state = 'collected' or d.state = 'summarised' and s.state <> 'posted'))",
            store
        )
        .execute(&self.pool)
        .await?;
        sqlx::query!(
            "update hold h set released_at = now()
              where h.store = $1 and h.document_key is not null and h.released_at is null
                and exists (select from document s
                             where s.store = $1 and s.key = h.document_key and s.kind = 'summary' and s.state = 'rejected'
                               and not exists (select from document m
                                                where m.store = $1 and m.summary_group = s.summary_group
                                                  and m.state = 'collected'))",
            store
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
