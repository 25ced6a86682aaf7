//! `/v1/stores/{store}/summaries`: the days of daily mode, their summaries and the support of each.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, page_size};
use crate::accounting::money::Currency;
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;

/// A summary as the API shows it. Amounts are decimal strings in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
struct SummaryView {
    /// Its idempotency key and control id.
    key: String,
    /// Its number in Intacct.
    number: String,
    /// Its posting date, in the store's time zone.
    day: Option<String>,
    currency: Option<String>,
    /// `planned`, `sending`, `posted`, `rejected` or `unknown`.
    state: String,
    /// The sum of its debits.
    total: Option<Decimal>,
    /// RECORDNO in Intacct.
    record_no: Option<String>,
    error: Option<String>,
    /// Documents in it.
    documents: u64,
    /// Orders in it.
    orders: u64,
}

/// A day that is not summed up yet, or what came late and is not posted yet.
#[derive(Debug, Serialize, ToSchema)]
struct OpenDay {
    /// Day, currency and, where needed, the way of conversion.
    group: String,
    day: String,
    currency: String,
    documents: u64,
    orders: u64,
}

/// A page of summaries.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SummaryPage {
    summaries: Vec<SummaryView>,
    /// Days with documents that wait for a summary.
    open: Vec<OpenDay>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<String>,
}

/// Which summaries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SummaryQuery {
    /// Only summaries with a key after this one.
    after: Option<String>,
    /// Summaries on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// Lists summaries by key, which is by day, and the days that wait for theirs.
#[utoipa::path(get, path = "/v1/stores/{store}/summaries", tag = "summaries", operation_id = "list_summaries", params(("store" = String, Path), SummaryQuery),
    responses((status = 200, body = SummaryPage), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<SummaryQuery>,
) -> Result<Json<SummaryPage>, Problem> {
    known_store(&state, &store)?;
    let limit = page_size(query.limit);
    let found = state.store.summaries(&store, query.after.as_deref().unwrap_or_default(), limit).await?;
    let full = found.len() == limit as usize;
    let next_after = found.last().filter(|_| full).map(|summary| summary.key.clone());
    let summaries = found
        .into_iter()
        .map(|summary| SummaryView {
            key: summary.key,
            number: summary.number,
            day: summary.day.map(|day| day.to_string()),
            currency: summary.currency,
            state: summary.state.as_str().to_owned(),
            total: summary.total,
            record_no: summary.record_no,
            error: summary.error,
            documents: summary.documents,
            orders: summary.orders,
        })
        .collect();
    let groups = state.store.collected_groups(&store).await?;
    let open = groups
        .into_iter()
        .map(|group| OpenDay {
            group: group.group,
            day: group.day.to_string(),
            currency: group.currency,
            documents: group.documents,
            orders: group.orders,
        })
        .collect();
    Ok(Json(SummaryPage { summaries, open, next_after }))
}

/// The documents behind the summaries of a day and currency, late ones included, as comma-separated values. Each summary
/// ends with a row of its totals: the receivable line of the journal, its other debits and its other credits.
#[utoipa::path(get, path = "/v1/stores/{store}/summaries/{day}/{currency}/support", tag = "summaries", operation_id = "show_summary_support",
    params(("store" = String, Path), ("day" = String, Path), ("currency" = String, Path)),
    responses((status = 200, content_type = "text/csv", body = String), (status = 401, body = Problem),
              (status = 404, body = Problem)))]
pub(super) async fn support(
    State(state): State<ApiState>,
    Path((store, day, currency)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    let (day, currency) = day_and_currency(&day, &currency)?;
    let found = state.store.support_of_day(&store, day, currency.code()).await?;
    if found.is_empty() {
        return Err(not_summed_up(day, currency));
    }
    let name = format!("attachment; filename=\"{store}-{day}-{currency}.csv\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, joined(&found)).into_response())
}

/// Tries summaries of a day and currency that are not posted again at once. Doing so twice posts nothing twice.
#[utoipa::path(post, path = "/v1/stores/{store}/summaries/{day}/{currency}/retry", tag = "summaries", operation_id = "retry_summary",
    params(("store" = String, Path), ("day" = String, Path), ("currency" = String, Path)),
    responses((status = 202, description = "It is tried again"), (status = 401, body = Problem),
              (status = 404, body = Problem)))]
pub(super) async fn retry(
    State(state): State<ApiState>,
    Path((store, day, currency)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    known_store(&state, &store)?;
    let (day, currency) = day_and_currency(&day, &currency)?;
    match state.store.retry_summaries(&store, day, currency.code()).await? {
        0 => Err(Problem::not_found(format!("No summary of {day} in {currency} waits for another try"))),
        _ => Ok(StatusCode::ACCEPTED),
    }
}

fn day_and_currency(day: &str, currency: &str) -> Result<(Date, Currency), Problem> {
    let nothing = || Problem::not_found("The address needs a day as 2026-03-10 and a currency as USD");
    Ok((day.parse().map_err(|_| nothing())?, currency.parse().map_err(|_| nothing())?))
}

fn not_summed_up(day: Date, currency: Currency) -> Problem {
    Problem::not_found(format!("{day} in {currency} has not been summed up"))
}

/// Several lists as one: the header stands once.
fn joined(lists: &[String]) -> String {
    let mut lists = lists.iter();
    let mut all = lists.next().cloned().unwrap_or_default();
    for list in lists {
        all.push_str(list.split_once('\n').map_or("", |(_, rows)| rows));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lists_have_one_header() {
        let lists = ["a,b\n1,2\ntotal,2\n".to_owned(), "a,b\n3,4\ntotal,4\n".to_owned()];
        assert_eq!(joined(&lists), "a,b\n1,2\ntotal,2\n3,4\ntotal,4\n");
    }

    #[test]
    fn an_address_names_a_day_and_a_currency() {
        assert!(day_and_currency("2026-03-10", "usd").is_ok_and(|(_, currency)| currency == Currency::USD));
        assert_eq!(day_and_currency("10.3.2026", "USD").unwrap_err().status, 404);
        assert_eq!(day_and_currency("2026-03-10", "dollars").unwrap_err().status, 404);
    }
}
