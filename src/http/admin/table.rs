//! Lists that are also tables: the same rows as JSON a page at a time, or as comma-separated values whole.

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Limit, page_size};
use crate::accounting::spreadsheet::guarded;
use crate::http::extract::Json;
use crate::problem::Problem;

/// Rows fetched at once for a table.
const CHUNK: u32 = 2_000;

/// What the caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Csv,
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = std::convert::Infallible;

    /// A table is asked for by the header Accept, or by an address that ends with `.csv`.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let csv = parts.uri.path().ends_with(".csv") || accept.to_ascii_lowercase().contains("text/csv");
        Ok(if csv { Self::Csv } else { Self::Json })
    }
}

/// A page of rows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RowPage<T: ToSchema> {
    rows: Vec<T>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<String>,
}

/// A list of rows that is read page by page.
pub(super) trait Table: Send + Sync + 'static {
    /// A row.
    type Row: Serialize + ToSchema + Send;
    /// What the file is called, and its columns.
    const NAME: &str;
    const COLUMNS: &[&str];

    /// The cells of a row: none, one or several lines of the table.
    fn cells(row: &Self::Row) -> Vec<Vec<String>>;
    /// The row's place: what `after` is for the rows behind it.
    fn place(row: &Self::Row) -> String;
    /// The rows behind a place, at most so many.
    fn page(&self, after: Option<&str>, limit: u32) -> impl Future<Output = Result<Vec<Self::Row>, Problem>> + Send;
}

/// Answers a page as JSON; a table whole, or from `after` on, or one page when a limit is given.
pub(super) async fn answer<T: Table>(
    table: T,
    format: Format,
    after: Option<String>,
    limit: Option<Limit>,
) -> Result<Response, Problem> {
    if format == Format::Json {
        let size = page_size(limit);
        let rows = table.page(after.as_deref(), size).await?;
        let next_after = rows.last().filter(|_| rows.len() == size as usize).map(T::place);
        return Ok(Json(RowPage { rows, next_after }).into_response());
    }
    let size = limit.map_or(CHUNK, |limit| page_size(Some(limit)));
    // The first rows are read before the answer begins, so that what is wrong is still told as a problem.
    let first = table.page(after.as_deref(), size).await?;
    let next = first.last().filter(|_| limit.is_none() && first.len() == size as usize).map(T::place);
    let head = line(T::COLUMNS.iter().map(|name| (*name).to_owned()).collect());
    let body = [head, text::<T>(&first)].concat();
    let rest = stream::try_unfold((table, next, Some(body)), move |(table, next, ready)| async move {
        if let Some(ready) = ready {
            return Ok(Some((Bytes::from(ready), (table, next, None))));
        }
        let Some(after) = next else { return Ok(None) };
        // What fails from here on breaks the answer off: a table is never short without anybody noticing.
        let rows = table.page(Some(&after), size).await.map_err(|problem| std::io::Error::other(problem.title))?;
        let next = rows.last().filter(|_| rows.len() == size as usize).map(T::place);
        Ok::<_, std::io::Error>(Some((Bytes::from(text::<T>(&rows)), (table, next, None))))
    });
    let name = format!("attachment; filename=\"{}.csv\"", T::NAME);
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((StatusCode::OK, headers, Body::from_stream(rest)).into_response())
}

fn text<T: Table>(rows: &[T::Row]) -> String {
    rows.iter().flat_map(T::cells).map(line).collect()
}

fn line(cells: Vec<String>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail; were it to, the line would be missing and the totals would say so.
    let written = writer.write_record(&cells).and_then(|()| Ok(writer.flush()?));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// A text that no spreadsheet takes for a formula.
pub(super) fn words(text: &str) -> String {
    guarded(text)
}

/// An amount; empty when there is none.
pub(super) fn amount(amount: Option<Decimal>) -> String {
    amount.map(|amount| amount.to_string()).unwrap_or_default()
}

/// A place that is a number, or the problem when it is none.
pub(super) fn number<N: std::str::FromStr + Default>(after: Option<&str>) -> Result<N, Problem> {
    after.map_or_else(|| Ok(N::default()), |text| text.parse().map_err(|_| no_place(text)))
}

/// The problem of an `after` that no page ended with.
pub(super) fn no_place(text: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "query-not-valid",
        format!("after is '{text}', which no page has as next_after"),
        "Give the next_after of the page before, or leave it out for the first page.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_are_no_formulas() {
        let cells = vec![words("a, \"b\""), words("=1+1"), amount(Some(Decimal::new(-1290, 2))), amount(None)];
        assert_eq!(line(cells), "\"a, \"\"b\"\"\",'=1+1,-12.90,\n");
    }

    #[test]
    fn a_place_is_a_number_or_a_problem() {
        assert_eq!((number::<i64>(None), number::<u64>(Some("7"))), (Ok(0), Ok(7)));
        assert_eq!(number::<u64>(Some("x")).map_err(|problem| problem.status), Err(400));
    }
}
