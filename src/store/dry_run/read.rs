//! The results of a dry run, page by page: orders, lines, effects, missing mappings, holds, differences.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use rust_decimal::Decimal;

use super::save::{DryDifference, DryHold, DryOrder, PlaceDifference};
use crate::store::{Store, StoreError, from_database, to_database};

/// A hold with its place in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundHold {
    /// Its number; rises.
    pub id: i64,
    /// What it says.
    pub hold: DryHold,
}

/// A difference with its place in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundDifference {
    /// Its number; rises.
    pub id: i64,
    /// What differs.
    pub difference: DryDifference,
}

/// A line of a derived document. Amounts in major units of `currency`.
#[derive(Debug, Clone, PartialEq)]
pub struct DryLine {
    /// Its number; rises.
    pub id: i64,
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
    pub dimensions: serde_json::Value,
    /// What the line says.
    pub memo: String,
    /// The rule that chose it.
    pub rule: String,
}

/// What an account would move in a month. Amounts in major units of `currency`.
#[derive(Debug, Clone, PartialEq)]
pub struct DryEffect {
    /// GL account.
    pub account: String,
    /// The first day of the month, by posting date.
    pub month: Date,
    /// Currency code.
    pub currency: String,
    /// Sum of debits.
    pub debit: Decimal,
    /// Sum of credits.
    pub credit: Decimal,
    /// Lines summed up.
    pub lines: u64,
}

/// A mapping that is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct DryMissing {
    /// Its place: 1 for the one that blocks the most.
    pub rank: i64,
    /// The code of its holds.
    pub code: String,
    /// What is missing, for example `product rule for sku 'TS-1'`.
    pub mapping: String,
    /// The money that waits for it, in major units.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Option<String>,
    /// Orders that wait for it.
    pub orders: u64,
    /// One of them.
    pub order_id: u64,
    /// What is wrong, of one of them.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Store {
    /// Derived orders of a run by ascending id after `after`, at most `limit`; `outcome` filters.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn dry_orders(
        &self,
        store: &str,
        run: i64,
        outcome: Option<&str>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<DryOrder>, StoreError> {
        let rows = sqlx::query!(
            r#"select order_id, outcome as "outcome!", reason, currency, total, documents, to_post, evidence_hash
                 from dry_run_order
                where store = $1 and run = $2 and order_id > $3 and outcome is not null
                  and ($4::text is null or outcome = $4)
                order by order_id limit $5"#,
            store,
            run,
            to_database(after),
            outcome,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| DryOrder {
                order_id: from_database(row.order_id),
                outcome: row.outcome,
                reason: row.reason,
                currency: row.currency,
                total: row.total,
                documents: row.documents.unsigned_abs(),
                to_post: row.to_post.unsigned_abs(),
                evidence_hash: row.evidence_hash,
            })
            .collect())
    }

    /// Lines of a run after line `after`, at most `limit`; of one order or account when asked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn dry_lines(
        &self,
        (store, run): (&str, i64),
        order_id: Option<u64>,
        account: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DryLine>, StoreError> {
        let rows = sqlx::query!(
            "select id, order_id, document_key, kind, number, posting_date, account, debit, credit, currency, dimensions,
                    memo, rule
               from dry_run_line
              where store = $1 and run = $2 and id > $3
                and ($4::bigint is null or order_id = $4) and ($5::text is null or account = $5)
              order by id limit $6",
            store,
            run,
            after,
            order_id.map(to_database),
            account,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| DryLine {
                id: row.id,
                order_id: from_database(row.order_id),
                document_key: row.document_key,
                kind: row.kind,
                number: row.number,
                posting_date: row.posting_date.to_jiff(),
                account: row.account,
                debit: row.debit,
                credit: row.credit,
                currency: row.currency,
                dimensions: row.dimensions,
                memo: row.memo,
                rule: row.rule,
            })
            .collect())
    }

    /// What each account would move by month and currency, in this order, after an account, month and currency, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn dry_effects(
        &self,
        store: &str,
        run: i64,
        after: Option<(&str, Date, &str)>,
        limit: u32,
    ) -> Result<Vec<DryEffect>, StoreError> {
        let (account, month, currency) = after.unwrap_or(("", Date::ZERO, ""));
        let rows = sqlx::query!(
            r#"select account as "account!", month as "month!", currency as "currency!", debit as "debit!",
                      credit as "credit!", lines as "lines!"
                 from (select account, date_trunc('month', posting_date::timestamp)::date as month, currency,
                              sum(debit) as debit, sum(credit) as credit, count(*) as lines
                         from dry_run_line where store = $1 and run = $2 group by 1, 2, 3) effect
                where $3 or (account, month, currency) > ($4, $5, $6)
                order by account, month, currency limit $7"#,
            store,
            run,
            after.is_none(),
            account,
            month.to_sqlx() as jiff_sqlx::Date,
            currency,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| DryEffect {
                account: row.account,
                month: row.month.to_jiff(),
                currency: row.currency,
                debit: row.debit,
                credit: row.credit,
                lines: row.lines.unsigned_abs(),
            })
            .collect())
    }

    /// The mappings that are missing, after rank `after`, at most `limit`: those in the currency `base` first, as sums of
    /// different currencies do not compare, then those that block the most money.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn dry_missing(
        &self,
        (store, run): (&str, i64),
        base: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DryMissing>, StoreError> {
        let rows = sqlx::query!(
            r#"select rank as "rank!", code as "code!", mapping as "mapping!", amount as "amount!", currency,
                      orders as "orders!", order_id as "order_id!", message as "message!", remedy as "remedy!"
                 from (select row_number() over (order by coalesce(currency = $5::text, false) desc,
                                                          sum(coalesce(amount, 0)) desc, code, mapping, currency) as rank,
                              code, mapping, currency, sum(coalesce(amount, 0)) as amount,
                              count(distinct order_id) as orders, min(order_id) as order_id,
                              min(message) as message, min(remedy) as remedy
                         from dry_run_hold where store = $1 and run = $2 and mapping is not null
                        group by code, mapping, currency) missing
                where rank > $3 order by rank limit $4"#,
            store,
            run,
            after,
            i64::from(limit),
            base
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| DryMissing {
                rank: row.rank,
                code: row.code,
                mapping: row.mapping,
                amount: row.amount,
                currency: row.currency,
                orders: row.orders.unsigned_abs(),
                order_id: from_database(row.order_id),
                message: row.message,
                remedy: row.remedy,
            })
            .collect())
    }

    /// Holds of a run after hold `after`, at most `limit`; of one order or code when asked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn dry_holds(
        &self,
        (store, run): (&str, i64),
        order_id: Option<u64>,
        code: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<FoundHold>, StoreError> {
        let rows = sqlx::query!(
            "select id, order_id, code, subject, mapping, message, remedy, amount, currency
               from dry_run_hold
              where store = $1 and run = $2 and id > $3
                and ($4::bigint is null or order_id = $4) and ($5::text is null or code = $5)
              order by id limit $6",
            store,
            run,
            after,
            order_id.map(to_database),
            code,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| FoundHold {
                id: row.id,
                hold: DryHold {
                    order_id: from_database(row.order_id),
                    code: row.code,
                    subject: row.subject,
                    mapping: row.mapping,
                    message: row.message,
                    remedy: row.remedy,
                    amount: row.amount,
                    currency: row.currency,
                },
            })
            .collect())
    }

    /// Differences of a run after difference `after`, at most `limit`; of one order or kind of change when asked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn dry_differences(
        &self,
        (store, run): (&str, i64),
        order_id: Option<u64>,
        change: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<FoundDifference>, StoreError> {
        let rows = sqlx::query!(
            "select id, order_id, document_key, kind, number, currency, change, posted_total, derived_total, accounts
               from dry_run_difference
              where store = $1 and run = $2 and id > $3
                and ($4::bigint is null or order_id = $4) and ($5::text is null or change = $5)
              order by id limit $6",
            store,
            run,
            after,
            order_id.map(to_database),
            change,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let accounts: Vec<PlaceDifference> =
                    serde_json::from_value(row.accounts).map_err(|error| StoreError::Corrupt {
                        what: format!("dry_run_difference.accounts of {}", row.id),
                        why: error.to_string(),
                    })?;
                let difference = DryDifference {
                    order_id: from_database(row.order_id),
                    document_key: row.document_key,
                    kind: row.kind,
                    number: row.number,
                    currency: row.currency,
                    change: row.change,
                    posted_total: row.posted_total,
                    derived_total: row.derived_total,
                    accounts,
                };
                Ok(FoundDifference { id: row.id, difference })
            })
            .collect()
    }
}
