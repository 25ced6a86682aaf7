//! `/v1/companies`: what each Intacct company has spent of its API transactions, and whether it answers.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::gateway::Trouble;
use crate::store::usage::{Budget, OverBudget, OverBudgetSince, UsageRow, first_of_month};

/// A month's API transactions against what is paid for. Intacct counts each record written and each call that reads.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BudgetView {
    /// The month (UTC), for example `2026-03`.
    month: String,
    /// Transactions so far.
    used: u64,
    /// What the month will come to; missing for a month that is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<u64>,
    /// What the forecast takes a day to cost; missing for a month that is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_day: Option<u64>,
    /// Transactions of a month that are paid for.
    limit: u64,
    /// The forecast, or what was used, as a share of the limit in whole percent, rounded down.
    percent_of_limit: u64,
    /// From this share on it is warned of.
    warn_percent: u32,
    /// `ok`, `near` the limit, or `over` it. Once over, it stays so for the month.
    standing: String,
    /// Since when the forecast is over the limit (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    over_since: Option<String>,
    /// What is done when it is over: `warn`, or `daily` for new orders of stores that allow it.
    over_budget: String,
}

/// Why nothing, or only a probe, is sent to a company.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TroubleView {
    /// `throttled`, `offline` or `sign-in`.
    cause: String,
    /// The last failure.
    reason: String,
    /// Failures in a row.
    failures: u32,
    /// Since the first of them (UTC).
    since: String,
    /// Nothing is sent before this (UTC); when it has passed, one request at a time tries whether it is better. Missing
    /// while the failures have brought on no pause.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<String>,
}

/// A company in short.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompanyView {
    name: String,
    budget: BudgetView,
    /// Missing when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleView>,
}

/// All companies.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompanyList {
    companies: Vec<CompanyView>,
}

/// Some of a month's transactions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Part {
    /// The function, for example `create_invoice` or `query`; or the store, empty for what was of none.
    name: String,
    transactions: u64,
}

/// What a company has spent in a month.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UsageView {
    company: String,
    budget: BudgetView,
    by_function: Vec<Part>,
    by_store: Vec<Part>,
    /// Missing when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleView>,
}

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageQuery {
    /// The month (UTC), for example `2026-03`; without it the present one.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$", example = "2026-03")]
    month: Option<String>,
}

/// Lists the companies with what they have spent this month, the forecast, and their pauses. Counts reach the database
/// every two seconds.
#[utoipa::path(get, path = "/v1/companies", tag = "companies", operation_id = "list_companies", responses((status = 200, body = CompanyList), (status = 401, body = Problem)))]
pub(super) async fn companies(State(state): State<ApiState>) -> Result<Json<CompanyList>, Problem> {
    let now = state.clock.now();
    let mut companies = Vec::with_capacity(state.companies.len());
    for (name, budget) in state.companies.iter() {
        companies.push(CompanyView {
            name: name.clone(),
            budget: present(&state, name, budget, now).await?,
            trouble: state.store.company_trouble(name).await?.map(TroubleView::from),
        });
    }
    Ok(Json(CompanyList { companies }))
}

/// Shows what a company has spent in a month, by function and by store.
#[utoipa::path(get, path = "/v1/companies/{company}/usage", tag = "companies", operation_id = "show_usage", params(("company" = String, Path), UsageQuery),
    responses((status = 200, body = UsageView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 404, body = Problem)))]
pub(super) async fn usage(
    State(state): State<ApiState>,
    Path(company): Path<String>,
    Query(query): Query<UsageQuery>,
) -> Result<Json<UsageView>, Problem> {
    let budget = state.companies.get(&company).ok_or_else(|| unknown_company(&company))?;
    let now = state.clock.now();
    let month = query.month.as_deref().map_or(Ok(first_of_month(now)), month_of)?;
    let rows = state.store.usage(&company, month).await?;
    let shown = if month == first_of_month(now) {
        present(&state, &company, budget, now).await?
    } else {
        let used = rows.iter().map(|row| row.transactions).sum();
        let over = state.store.over_budget(&company, month).await?;
        view(budget, month, used, None, over)
    };
    Ok(Json(UsageView {
        budget: shown,
        by_function: parts(&rows, |row| &row.function),
        by_store: parts(&rows, |row| &row.store),
        trouble: state.store.company_trouble(&company).await?.map(TroubleView::from),
        company,
    }))
}

/// The present month of a company.
async fn present(state: &ApiState, company: &str, budget: &Budget, now: Timestamp) -> Result<BudgetView, Problem> {
    let so_far = state.store.month_to_date(company, now).await?;
    let forecast = so_far.forecast(now);
    let over = state.store.over_budget(company, first_of_month(now)).await?;
    let forecast = Some((forecast.transactions, forecast.per_day));
    Ok(view(budget, first_of_month(now), so_far.used, forecast, over))
}

fn view(
    budget: &Budget,
    month: Date,
    used: u64,
    forecast: Option<(u64, u64)>,
    over: Option<OverBudgetSince>,
) -> BudgetView {
    let measured = forecast.map_or(used, |(transactions, _)| transactions);
    let percent = u128::from(measured) * 100 / u128::from(budget.limit.max(1));
    let standing = match () {
        () if over.is_some() || budget.is_over(measured) => "over",
        () if budget.is_near(measured) => "near",
        () => "ok",
    };
    BudgetView {
        month: month.strftime("%Y-%m").to_string(),
        used,
        forecast: forecast.map(|(transactions, _)| transactions),
        per_day: forecast.map(|(_, per_day)| per_day),
        limit: budget.limit,
        percent_of_limit: u64::try_from(percent).unwrap_or(u64::MAX),
        warn_percent: budget.warn_percent,
        standing: standing.to_owned(),
        over_since: over.map(|over| over.since.to_string()),
        over_budget: match budget.over {
            OverBudget::Warn => "warn".to_owned(),
            OverBudget::Daily => "daily".to_owned(),
        },
    }
}

impl From<Trouble> for TroubleView {
    fn from(trouble: Trouble) -> Self {
        Self {
            cause: trouble.cause.as_str().to_owned(),
            reason: trouble.reason,
            failures: trouble.failures,
            since: trouble.since.to_string(),
            paused_until: trouble.paused_until.map(|until| until.to_string()),
        }
    }
}

fn parts(rows: &[UsageRow], name: impl Fn(&UsageRow) -> &String) -> Vec<Part> {
    let mut parts: BTreeMap<&String, u64> = BTreeMap::new();
    for row in rows {
        *parts.entry(name(row)).or_default() += row.transactions;
    }
    parts.into_iter().map(|(name, transactions)| Part { name: name.clone(), transactions }).collect()
}

fn month_of(text: &str) -> Result<Date, Problem> {
    format!("{text}-01").parse().map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-month",
            format!("'{text}' is no month"),
            "Write it as year and month, for example 2026-03.",
        )
    })
}

fn unknown_company(company: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-company",
        format!("No company named '{company}' is configured"),
        "Use a company's name from the settings.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        Budget { limit: 1_000, warn_percent: 80, over: OverBudget::Daily }
    }

    fn row(store: &str, function: &str, transactions: u64) -> UsageRow {
        UsageRow { store: store.into(), function: function.into(), transactions }
    }

    #[test]
    fn a_month_is_named_by_year_and_month() {
        assert_eq!(month_of("2026-03").unwrap().to_string(), "2026-03-01");
        assert_eq!(month_of("March").unwrap_err().status, 400);
        assert_eq!(month_of("2026-13").unwrap_err().status, 400);
    }

    #[test]
    fn the_standing_goes_by_the_forecast_and_stays_over() {
        let month = month_of("2026-03").unwrap();
        let standing = |forecast, over| view(&budget(), month, 10, Some((forecast, 1)), over).standing;
        assert_eq!(standing(799, None), "ok");
        assert_eq!(standing(800, None), "near");
        assert_eq!(standing(1_001, None), "over");
        let since = OverBudgetSince { since: Timestamp::UNIX_EPOCH, forecast: 1_200, budget: 1_000 };
        assert_eq!(standing(10, Some(since)), "over");
        let past = view(&budget(), month, 500, None, None);
        assert_eq!((past.forecast, past.percent_of_limit, past.month.as_str()), (None, 50, "2026-03"));
    }

    #[test]
    fn parts_are_summed_up_by_name() {
        let rows = [row("a", "query", 2), row("b", "query", 3), row("b", "create_invoice", 1)];
        let found = |parts: Vec<Part>| parts.into_iter().map(|part| (part.name, part.transactions)).collect::<Vec<_>>();
        assert_eq!(found(parts(&rows, |row| &row.function)), [("create_invoice".into(), 1), ("query".into(), 5)]);
        assert_eq!(found(parts(&rows, |row| &row.store)), [("a".into(), 2), ("b".into(), 4)]);
    }
}
