//! What some orders of a dry run came to, kept with the run's count in one transaction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::DryRun;
use crate::failpoint::{self, Step};
use crate::store::pool::Transaction;
use crate::store::{Store, StoreError, from_database, to_database};

/// What an order came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DryOrder {
    /// The order.
    pub order_id: u64,
    /// `posted` (it would be), `held`, `waiting`, `excluded`, or `unreadable` when nothing readable was kept of it.
    pub outcome: String,
    /// Why, when not posted.
    pub reason: String,
    /// Its currency.
    pub currency: Option<String>,
    /// Its gross total in major units.
    pub total: Option<Decimal>,
    /// Documents derived.
    pub documents: u32,
    /// Documents that would be posted now, beside what stands.
    pub to_post: u32,
    /// The evidence judged.
    pub evidence_hash: Option<String>,
}

/// A line of a derived document. Amounts in major units, never negative.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DryJournalLine {
    /// The order.
    pub order_id: u64,
    /// The document's key.
    pub document_key: String,
    /// For example `invoice`.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// When it would count in the books.
    pub posting_date: Date,
    /// GL account.
    pub account: String,
    /// Debit.
    pub debit: Decimal,
    /// Credit.
    pub credit: Decimal,
    /// Currency code.
    pub currency: String,
    /// Dimensions by name.
    pub dimensions: BTreeMap<String, String>,
    /// What the line says.
    pub memo: String,
    /// The rule that chose it.
    pub rule: String,
}

/// A reason not to post.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DryHold {
    /// The order.
    pub order_id: u64,
    /// A stable code.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// The mapping that is missed, when it is one.
    pub mapping: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// The money blocked, in major units.
    pub amount: Option<Decimal>,
    /// Its currency.
    pub currency: Option<String>,
}

/// One balance that a document moves otherwise than it stands in the ledger. Debits above zero, in major units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceDifference {
    /// GL account.
    pub account: String,
    /// Dimensions by name.
    pub dimensions: BTreeMap<String, String>,
    /// What stands in the ledger.
    pub posted: Decimal,
    /// What was derived.
    pub derived: Decimal,
    /// What was derived less what stands.
    pub difference: Decimal,
}

/// A document that is not what stands in the ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DryDifference {
    /// The order.
    pub order_id: u64,
    /// The document's key; of a document and its corrections, that of the first.
    pub document_key: String,
    /// For example `invoice`.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// Currency code.
    pub currency: String,
    /// `new`, `changed` or `gone`.
    pub change: String,
    /// Its total as posted, with corrections, in major units.
    pub posted_total: Option<Decimal>,
    /// Its total as derived, in major units.
    pub derived_total: Option<Decimal>,
    /// Balance by balance; those that agree are left out.
    pub accounts: Vec<PlaceDifference>,
}

/// What some orders of a run came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DrySlice {
    /// The orders.
    pub orders: Vec<DryOrder>,
    /// Lines of their documents.
    pub lines: Vec<DryJournalLine>,
    /// What holds them.
    pub holds: Vec<DryHold>,
    /// What differs from the ledger.
    pub differences: Vec<DryDifference>,
}

/// The newest that was read of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptEvidence {
    /// Its content hash.
    pub hash: String,
    /// What was read.
    pub facts: serde_json::Value,
    /// Since when the order reads like this (UTC).
    pub since: Timestamp,
}

impl Store {
    /// The next orders of a run that are not derived yet, by ascending id, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_of_dry_run(&self, run: &DryRun, limit: u32) -> Result<Vec<u64>, StoreError> {
        let rows = sqlx::query!(
            "select order_id from dry_run_order where store = $1 and run = $2 and outcome is null
              order by order_id limit $3",
            run.store,
            run.id,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| from_database(row.order_id)).collect())
    }

    /// The newest evidence of each of the orders that anything was read of.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn newest_evidence(
        &self,
        store: &str,
        order_ids: &[u64],
    ) -> Result<BTreeMap<u64, KeptEvidence>, StoreError> {
        let ids: Vec<i64> = order_ids.iter().copied().map(to_database).collect();
        let rows = sqlx::query!(
            "select distinct on (order_id) order_id, hash, facts, current_since from evidence
              where store = $1 and order_id = any ($2) order by order_id, current_since desc",
            store,
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        let kept = rows.into_iter().map(|row| {
            let since = row.current_since.to_jiff();
            (from_database(row.order_id), KeptEvidence { hash: row.hash, facts: row.facts, since })
        });
        Ok(kept.collect())
    }

    /// Keeps what orders of a run came to. Answers whether the run goes on; when it was cancelled, nothing is kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was kept.
    pub async fn save_dry_run(&self, run: &DryRun, slice: &DrySlice) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::SaveDryRun);
        let mut transaction = self.pool.begin().await?;
        // Locked, so that it is not cancelled meanwhile and no second process adds the same orders.
        let state =
            sqlx::query!("select state from dry_run where store = $1 and id = $2 for update", run.store, run.id)
                .fetch_optional(&mut *transaction)
                .await?;
        if state.is_none_or(|row| row.state != "running") {
            return Ok(false);
        }
        let kept = keep_orders(&mut transaction, run, &slice.orders).await?;
        if kept != slice.orders.len() as u64 {
            // Another process has kept them meanwhile; what is left is looked at anew.
            return Ok(true);
        }
        keep_lines(&mut transaction, run, &slice.lines).await?;
        keep_holds(&mut transaction, run, &slice.holds).await?;
        keep_differences(&mut transaction, run, &slice.differences).await?;
        sqlx::query!(
            "update dry_run set orders_done = orders_done + $3 where store = $1 and id = $2",
            run.store,
            run.id,
            i64::try_from(kept).unwrap_or(i64::MAX)
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Rows as one parameter: what the statement unfolds again.
fn rows<T: Serialize>(rows: &[T]) -> serde_json::Value {
    serde_json::to_value(rows).unwrap_or_default()
}

async fn keep_orders(transaction: &mut Transaction, run: &DryRun, orders: &[DryOrder]) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "update dry_run_order o
            set outcome = x.outcome, reason = x.reason, currency = x.currency, total = x.total,
                documents = x.documents, to_post = x.to_post, evidence_hash = x.evidence_hash
           from jsonb_to_recordset($3) x (order_id bigint, outcome text, reason text, currency text, total numeric,
                                          documents integer, to_post integer, evidence_hash text)
          where o.store = $1 and o.run = $2 and o.order_id = x.order_id and o.outcome is null",
        run.store,
        run.id,
        rows(orders)
    )
    .execute(&mut **transaction)
    .await?;
    Ok(done.rows_affected())
}

async fn keep_lines(transaction: &mut Transaction, run: &DryRun, lines: &[DryJournalLine]) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into dry_run_line (store, run, order_id, document_key, kind, number, posting_date, account, debit, credit,
                                   currency, dimensions, memo, rule)
         select $1, $2, x.order_id, x.document_key, x.kind, x.number, x.posting_date, x.account, x.debit, x.credit,
                x.currency, x.dimensions, x.memo, x.rule
           from jsonb_to_recordset($3) x (order_id bigint, document_key text, kind text, number text, posting_date date,
                                          account text, debit numeric, credit numeric, currency text, dimensions jsonb,
                                          memo text, rule text)",
        run.store,
        run.id,
        rows(lines)
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn keep_holds(transaction: &mut Transaction, run: &DryRun, holds: &[DryHold]) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into dry_run_hold (store, run, order_id, code, subject, mapping, message, remedy, amount, currency)
         select $1, $2, x.order_id, x.code, x.subject, x.mapping, x.message, x.remedy, x.amount, x.currency
           from jsonb_to_recordset($3) x (order_id bigint, code text, subject text, mapping text, message text,
                                          remedy text, amount numeric, currency text)",
        run.store,
        run.id,
        rows(holds)
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn keep_differences(
    transaction: &mut Transaction,
    run: &DryRun,
    differences: &[DryDifference],
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into dry_run_difference (store, run, order_id, document_key, kind, number, currency, change, posted_total,
                                         derived_total, accounts)
         select $1, $2, x.order_id, x.document_key, x.kind, x.number, x.currency, x.change, x.posted_total,
                x.derived_total, x.accounts
           from jsonb_to_recordset($3) x (order_id bigint, document_key text, kind text, number text, currency text,
                                          change text, posted_total numeric, derived_total numeric, accounts jsonb)",
        run.store,
        run.id,
        rows(differences)
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
