//! What a company's API transactions are spent on, counted by day, function, store and order; its budget.

mod budget;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use uuid::Uuid;

pub use self::budget::{Budget, Forecast, MonthToDate, OverBudget, first_of_month};
use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// What transactions are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageKey {
    /// The day they were made on (UTC).
    pub day: Date,
    /// The store they were made for; empty for the company's own.
    pub store: String,
    /// The order; `None` when they were of no single order.
    pub order: Option<u64>,
    /// The function with its object, for example `create_invoice` or `create ARPYMT`.
    pub function: String,
}

/// Some of a month's transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// The store; empty for what was not made for one.
    pub store: String,
    /// The function.
    pub function: String,
    /// How many.
    pub transactions: u64,
}

/// When a month's forecast passed its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverBudgetSince {
    /// When it was seen (UTC).
    pub since: Timestamp,
    /// The forecast then, in transactions.
    pub forecast: u64,
    /// The budget then, in transactions.
    pub budget: u64,
}

impl Store {
    /// Adds a batch of counts, once: a batch that this process has written before, because nobody heard of its commit,
    /// changes nothing. Batches are numbered upwards from 1.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was added, or all of it; the same batch may be sent again.
    pub async fn add_usage(
        &self,
        company: &str,
        process: Uuid,
        batch: u64,
        counts: &BTreeMap<UsageKey, u64>,
    ) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::CountTransactions);
        let (mut days, mut stores, mut orders, mut functions, mut numbers) = (vec![], vec![], vec![], vec![], vec![]);
        for (key, transactions) in counts {
            days.push(key.day.to_sqlx());
            stores.push(key.store.clone());
            orders.push(key.order.map_or(0, to_database));
            functions.push(key.function.clone());
            numbers.push(to_database(*transactions));
        }
        let mut transaction = self.pool.begin().await?;
        let new = sqlx::query!(
            "insert into api_meter (process, batch) values ($1, $2)
             on conflict (process) do update set batch = excluded.batch, at = now()
                where api_meter.batch < excluded.batch",
            process,
            to_database(batch)
        )
        .execute(&mut *transaction)
        .await?;
        if new.rows_affected() == 0 {
            return Ok(());
        }
        // Sorted, so that two replicas never wait for each other.
        sqlx::query!(
            "insert into api_usage (company, day, store, function, transactions)
             select $1, day, store, function, sum(transactions)::bigint
               from unnest($2::date[], $3::text[], $4::text[], $5::bigint[]) c (day, store, function, transactions)
              group by day, store, function order by day, store, function
             on conflict (company, day, store, function) do update
                set transactions = api_usage.transactions + excluded.transactions",
            company,
            &days as &[jiff_sqlx::Date],
            &stores,
            &functions,
            &numbers
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "insert into api_usage_of_order (store, order_id, month, function, transactions)
             select store, order_id, date_trunc('month', day)::date, function, sum(transactions)::bigint
               from unnest($1::date[], $2::text[], $3::bigint[], $4::text[], $5::bigint[])
                    c (day, store, order_id, function, transactions)
              group by 1, 2, 3, 4 order by 1, 2, 3, 4
             on conflict (store, order_id, month, function) do update
                set transactions = api_usage_of_order.transactions + excluded.transactions",
            &days as &[jiff_sqlx::Date],
            &stores,
            &orders,
            &functions,
            &numbers
        )
        .execute(&mut *transaction)
        .await?;
        // A process that has not written for a day is gone.
        sqlx::query!("delete from api_meter where at < now() - interval '1 day'").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// A month's transactions of a company by store and function; `month` is any day of it (UTC).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn usage(&self, company: &str, month: Date) -> Result<Vec<UsageRow>, StoreError> {
        let rows = sqlx::query!(
            r#"select store, function, sum(transactions)::bigint as "transactions!" from api_usage
                where company = $1 and day >= date_trunc('month', $2::date) and
                      day < date_trunc('month', $2::date) + interval '1 month'
                group by store, function order by store, function"#,
            company,
            month.to_sqlx() as jiff_sqlx::Date
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| UsageRow {
                store: row.store,
                function: row.function,
                transactions: from_database(row.transactions),
            })
            .collect())
    }

    /// What the forecast of the month of `now` (UTC) is made from.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn month_to_date(&self, company: &str, now: Timestamp) -> Result<MonthToDate, StoreError> {
        let month = first_of_month(now);
        let row = sqlx::query!(
            r#"select coalesce(sum(transactions) filter (where day >= $2), 0)::bigint as "used!",
                      coalesce(sum(transactions) filter (where day < $2), 0)::bigint as "before!",
                      (min(day) filter (where day < $2)) as "first"
                 from api_usage where company = $1 and day >= $2::date - interval '1 month'"#,
            company,
            month.to_sqlx() as jiff_sqlx::Date
        )
        .fetch_one(&self.pool)
        .await?;
        let counted_days = row.first.map_or(0, |first| days_between(first.to_jiff(), month));
        Ok(MonthToDate {
            used: from_database(row.used),
            previous: from_database(row.before),
            previous_days: counted_days,
        })
    }

    /// The transactions spent on one order, by function, over all months.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn usage_of_order(&self, store: &str, order_id: u64) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows = sqlx::query!(
            r#"select function, sum(transactions)::bigint as "transactions!" from api_usage_of_order
                where store = $1 and order_id = $2 group by function"#,
            store,
            to_database(order_id)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.function, from_database(row.transactions))).collect())
    }

    /// Notes that the forecast of a month is over its budget. Answers whether this is news: the first to see it says so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_over_budget(
        &self,
        company: &str,
        month: Date,
        forecast: u64,
        budget: u64,
    ) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::NoteOverBudget);
        let done = sqlx::query!(
            "insert into company_over_budget (company, month, forecast, budget) values ($1, $2, $3, $4)
             on conflict (company, month) do nothing",
            company,
            month.to_sqlx() as jiff_sqlx::Date,
            to_database(forecast),
            to_database(budget)
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Since when a month's forecast is over its budget; `None` when it never was.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn over_budget(&self, company: &str, month: Date) -> Result<Option<OverBudgetSince>, StoreError> {
        let row = sqlx::query!(
            "select since, forecast, budget from company_over_budget where company = $1 and month = $2",
            company,
            month.to_sqlx() as jiff_sqlx::Date
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| OverBudgetSince {
            since: row.since.to_jiff(),
            forecast: from_database(row.forecast),
            budget: from_database(row.budget),
        }))
    }

    /// Decides that an order goes into the ledger by the summaries of its days because the budget is spent; for good.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn go_daily(&self, store: &str, order_id: u64) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::GoDaily);
        sqlx::query!(
            "insert into order_way (store, order_id, way, why) values ($1, $2, 'daily', 'over-budget')
             on conflict (store, order_id) do nothing",
            store,
            to_database(order_id)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Whether it was decided before that an order goes daily because the budget was spent.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn goes_daily(&self, store: &str, order_id: u64) -> Result<bool, StoreError> {
        let row = sqlx::query!(
            r#"select exists (select from order_way where store = $1 and order_id = $2) as "daily!""#,
            store,
            to_database(order_id)
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.daily)
    }
}

fn days_between(from: Date, to: Date) -> u32 {
    from.until(to).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or_default())
}
