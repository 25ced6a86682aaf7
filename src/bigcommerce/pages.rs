//! Reads the pages of a list and puts them together, every value in its literal text. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::loose::{Loose, object};

/// Rows asked for per page: the most BigCommerce gives.
pub const PAGE_ROWS: usize = 250;
/// Rows it gives when it does not heed the limit; sub-resources have been seen to stop there.
pub(super) const DEFAULT_PAGE_ROWS: usize = 50;

/// One page of a list.
#[derive(Debug, Default)]
pub struct Page {
    /// Its rows.
    pub rows: Vec<Box<RawValue>>,
    /// How many pages there are, when told (V3).
    pub total_pages: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wrapper {
    id: Loose,
    data: Loose,
    fees: Loose,
    meta: Loose,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Single {
    id: Loose,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Meta {
    pagination: Loose,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Pagination {
    total_pages: Loose,
}

impl Page {
    /// Reads a page: a bare array (V2), `{"data": [...], "meta": ...}` (V3), `{"fees": [...]}`, a single object in
    /// place of a list of one, bare or as `data`, or nothing at all (the body of a 204).
    ///
    /// # Errors
    /// The body is not JSON, or neither a list nor an object that holds one.
    pub fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => Ok(Self::default()),
            Some(b'[') => Ok(Self { rows: serde_json::from_slice(body)?, total_pages: None }),
            Some(_) => Self::from_object(body),
        }
    }

    fn from_object(body: &[u8]) -> Result<Self, serde_json::Error> {
        let wrapper: Wrapper = object(body)?;
        if wrapper.id.some_text().is_some() {
            return Ok(Self { rows: vec![serde_json::from_slice(body)?], total_pages: None });
        }
        let keys: BTreeMap<String, IgnoredAny> = object(body)?;
        if !(keys.is_empty() || keys.contains_key("data") || keys.contains_key("fees")) {
            // An explanation instead of a list, with a good status: taken for an empty list it would lose money.
            return Err(strange("an object that holds no list"));
        }
        let pagination: Pagination =
            wrapper.meta.object::<Meta>().and_then(|meta| meta.pagination.object()).unwrap_or_default();
        let list = if wrapper.data.is_nothing() { &wrapper.fees } else { &wrapper.data };
        let rows = match list.object::<Single>() {
            _ if list.is_nothing() => Vec::new(),
            _ if list.is_list() => list.rows()?,
            Some(single) if single.id.some_text().is_some() => list.object().into_iter().collect(),
            _ => return Err(strange("something else than a list")),
        };
        Ok(Self { rows, total_pages: pagination.total_pages.whole().ok().flatten() })
    }

    /// Whether another page has to be asked for after this one, the `number`th (from 1).
    ///
    /// V2 tells no totals: a full page may be followed by another, and a page of the default size is taken for a full
    /// one, because a row lost here would be money lost.
    pub fn has_next(&self, number: u64) -> bool {
        match self.total_pages {
            Some(pages) => number < pages,
            None => !self.rows.is_empty() && self.rows.len().is_multiple_of(DEFAULT_PAGE_ROWS),
        }
    }
}

fn strange(what: &str) -> serde_json::Error {
    serde::de::Error::custom(what)
}

/// One JSON array of all rows.
pub fn join(rows: &[Box<RawValue>]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(2 + rows.iter().map(|row| row.get().len() + 1).sum::<usize>());
    joined.push(b'[');
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            joined.push(b',');
        }
        joined.extend_from_slice(row.get().as_bytes());
    }
    joined.push(b']');
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Vec<String> {
        Page::read(body.as_bytes()).unwrap().rows.iter().map(|row| row.get().to_owned()).collect()
    }

    #[test]
    fn every_form_of_a_list_is_read() {
        assert_eq!(texts(r#"[{"id":1},{"id":2}]"#), [r#"{"id":1}"#, r#"{"id":2}"#]);
        assert_eq!(texts(r#"{"data":[{"id":1}],"meta":{}}"#), [r#"{"id":1}"#]);
        assert_eq!(texts(r#"{"fees":[{"id":1}]}"#), [r#"{"id":1}"#]);
        assert_eq!(texts(r#"{"id":1,"type":"custom_fee"}"#), [r#"{"id":1,"type":"custom_fee"}"#]);
        assert_eq!(texts(r#"{"data":{"id":1},"meta":{}}"#), [r#"{"id":1}"#]);
        assert_eq!(texts(r#"{"data":[[1],2]}"#), ["[1]", "2"], "whoever reads the rows refuses them");
        for nothing in ["", " \n", "[]", "{}", r#"{"data":{}}"#, r#"{"data":null,"meta":{}}"#, r#"{"fees":[]}"#] {
            assert!(texts(nothing).is_empty(), "{nothing}");
        }
        for lost in [r#"{"status":429,"title":"Too Many Requests"}"#, r#"{"data":"none"}"#, r#"{"data":{"total":1}}"#] {
            assert!(Page::read(lost.as_bytes()).is_err(), "{lost} is no empty list");
        }
        assert!(Page::read(b"<html>").is_err());
        assert!(Page::read(b"[{").is_err());
    }

    #[test]
    fn joined_rows_keep_their_literal_text() {
        let page = Page::read(br#"[ {"amount": 12.3400}, {"amount":1e2} ]"#).unwrap();
        assert_eq!(join(&page.rows), br#"[{"amount": 12.3400},{"amount":1e2}]"#);
        assert_eq!(join(&[]), b"[]");
    }

    #[test]
    fn a_full_page_is_followed_by_a_question() {
        let page = |rows: usize, total_pages| Page { rows: vec![RawValue::NULL.to_owned(); rows], total_pages };
        let next = |rows, total_pages, number| page(rows, total_pages).has_next(number);
        assert!(next(250, None, 1));
        assert!(next(50, None, 1), "a server that stops at its default size");
        assert!(!next(51, None, 1));
        assert!(!next(0, None, 2));
        assert!(next(3, Some(2), 1), "what V3 tells counts, not the number of rows");
        assert!(!next(250, Some(2), 2));
    }

    #[test]
    fn the_number_of_pages_is_read() {
        let body = br#"{"data":[],"meta":{"pagination":{"total":260,"count":250,"per_page":250,"current_page":1,"total_pages":2}}}"#;
        assert_eq!(Page::read(body).unwrap().total_pages, Some(2));
    }
}
