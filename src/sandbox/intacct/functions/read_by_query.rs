//! `readByQuery` and `readMore`: records by a condition in words, page by page from one result (Intacct docs, queries).

use std::collections::VecDeque;

use super::super::books::{Books, OpenResult};
use super::super::objects;
use super::super::query::words;
use super::super::refusal::Refusal;
use super::super::xml_tree::Element;
use super::{Context, read};
use crate::clock;

const DEFAULT_PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;
/// So many results are kept for their next pages.
const OPEN_RESULTS: usize = 20;

/// The first page. Rows have the object's name in lower case.
pub(super) fn first(body: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    let object = body.text_of("object").unwrap_or_default();
    let schema = objects::schema(object, context.settings)?;
    let names = read::field_names(body, &schema)?;
    let filter = words::read(body.text_of("query").unwrap_or_default(), &schema)?;
    let page_size = match body.text_of("pagesize") {
        Some(text) => {
            let size = text.parse().ok().filter(|size| (1..=LARGEST_PAGE).contains(size));
            size.ok_or_else(|| Refusal::query_invalid(format!("Query Failed: '{text}' is no page size")))?
        }
        None => DEFAULT_PAGE,
    };
    let entity = context.signed_in.location.as_deref();
    let rows: VecDeque<_> = objects::rows(object, books, context.settings)
        .into_iter()
        .filter(|row| row.is_visible(entity, true) && filter.as_ref().is_none_or(|filter| filter.matches(row)))
        .map(|row| row.element(&object.to_lowercase(), &names))
        .collect();
    let id = clock::random_id().simple().to_string();
    Ok(page(OpenResult { id, object: object.to_lowercase(), page_size, total: rows.len(), rows }, books))
}

/// The next page of a result that still has rows.
pub(super) fn more(body: &Element, books: &mut Books) -> Result<Element, Refusal> {
    let id = body.text_of("resultId").unwrap_or_default();
    let place = books.open_results.iter().position(|result| result.id == id);
    let result = place.and_then(|place| books.open_results.remove(place));
    let result = result.ok_or_else(|| Refusal::query_invalid(format!("Query Failed: there is no result {id}")))?;
    Ok(page(result, books))
}

/// Takes a page off a result and keeps the rest.
fn page(mut result: OpenResult, books: &mut Books) -> Element {
    let rows: Vec<_> = result.rows.drain(..result.page_size.min(result.rows.len())).collect();
    let answer = Element::new("data")
        .attribute("listtype", &result.object)
        .attribute("count", rows.len().to_string())
        .attribute("totalcount", result.total.to_string())
        .attribute("numremaining", result.rows.len().to_string())
        .attribute("resultId", &result.id)
        .with(rows);
    if !result.rows.is_empty() {
        books.open_results.push_back(result);
        if books.open_results.len() > OPEN_RESULTS {
            books.open_results.pop_front();
        }
    }
    answer
}
