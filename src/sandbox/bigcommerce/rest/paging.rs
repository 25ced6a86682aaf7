//! Pages: `page` from 1 and `limit` up to 250 (50 when not given), in V2 without totals and in V3 with.

use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::answer::{Api, Refusal, json, no_content};

/// A call's query parameters.
pub(super) type Parameters = HashMap<String, String>;

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 250;

/// One page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    page: usize,
    limit: usize,
}

impl Page {
    /// Reads `page` and `limit`.
    pub fn of(parameters: &Parameters, api: Api) -> Result<Self, Refusal> {
        let read = |name: &str, default| match parameters.get(name).map(|text| text.parse::<usize>()) {
            None => Ok(default),
            Some(Ok(number)) if number > 0 => Ok(number),
            Some(_) => Err(api.refuse(StatusCode::BAD_REQUEST, format!("The field '{name}' is invalid."))),
        };
        let page = Self { page: read("page", 1)?, limit: read("limit", DEFAULT_LIMIT)? };
        if page.limit > MOST {
            return Err(api.refuse(StatusCode::PAYLOAD_TOO_LARGE, "The field 'limit' must not be more than 250."));
        }
        Ok(page)
    }

    /// The items on this page.
    pub fn cut<T>(self, items: impl Iterator<Item = T>) -> Vec<T> {
        items.skip((self.page - 1).saturating_mul(self.limit)).take(self.limit).collect()
    }
}

/// A V2 list: a bare array, or 204 when there is nothing on this page.
pub(super) fn v2_list<T: Serialize>(items: impl Iterator<Item = T>, parameters: &Parameters) -> Response {
    match Page::of(parameters, Api::V2) {
        Err(refused) => refused.into_response(),
        Ok(page) => match page.cut(items) {
            items if items.is_empty() => no_content(),
            items => json(StatusCode::OK, &items),
        },
    }
}

#[derive(Serialize)]
struct Collection<T> {
    data: Vec<T>,
    meta: Meta,
}

#[derive(Serialize)]
struct Meta {
    pagination: Pagination,
}

#[derive(Serialize)]
struct Pagination {
    total: usize,
    count: usize,
    per_page: usize,
    current_page: usize,
    total_pages: usize,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    current: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A V3 collection with its totals.
pub(super) fn v3_collection<T: Serialize>(items: Vec<T>, parameters: &Parameters) -> Response {
    let Page { page, limit } = match Page::of(parameters, Api::V3) {
        Ok(page) => page,
        Err(refused) => return refused.into_response(),
    };
    let (total, total_pages) = (items.len(), items.len().div_ceil(limit));
    let data = Page { page, limit }.cut(items.into_iter());
    let link = |page: usize| format!("?page={page}&limit={limit}");
    let links = Links {
        previous: (page > 1).then(|| link(page - 1)),
        current: link(page),
        next: (page < total_pages).then(|| link(page + 1)),
    };
    let pagination = Pagination { total, count: data.len(), per_page: limit, current_page: page, total_pages, links };
    json(StatusCode::OK, &Collection { data, meta: Meta { pagination } })
}

/// The ids of an `:in` filter; `None` when the parameter is not given.
pub(super) fn id_list(parameters: &Parameters, name: &str) -> Result<Option<Vec<u64>>, Refusal> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    let ids: Result<Vec<u64>, _> = text.split(',').map(|id| id.trim().parse()).collect();
    ids.map(Some)
        .map_err(|_| Api::V3.refuse(StatusCode::UNPROCESSABLE_ENTITY, format!("The filter '{name}' is invalid.")))
}
