//! What a saved answer is, before it is read as part of an order: rows, an error of BigCommerce, or nothing it can be.
//!
//! The service sees the status of an answer and asks for every page; a file tells neither, so an error or a first page
//! saved as an answer would pass for a list without rows, and an order would be derived without its payments.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The rows of an answer, and how many there should be.
#[derive(Debug)]
pub(super) struct Answer {
    rows: Vec<Row>,
    shape: Shape,
    /// Rows on all pages, when told (V3).
    total: Option<usize>,
}

#[derive(Debug, PartialEq, Eq)]
enum Shape {
    /// Rows, perhaps none.
    List,
    /// One row in place of a list of one.
    Object,
    /// An object that is neither a row nor holds any.
    Other,
}

/// What shows which row it is.
#[derive(Debug, Default)]
struct Row {
    id: Option<u64>,
    order: Option<u64>,
}

/// An object's values in their literal text.
type Fields<'a> = BTreeMap<String, &'a RawValue>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    pagination: Pagination,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pagination {
    total: Option<usize>,
}

/// Looks at an answer.
///
/// # Errors
/// It is no JSON, neither list nor object, or an error of BigCommerce: what is wrong and what to do.
pub(super) fn read(content: &[u8]) -> Result<Answer, String> {
    let broken = |error: serde_json::Error| format!("it is no JSON ({error}); save the answer as BigCommerce gives it");
    let content = content.trim_ascii();
    match content.first() {
        // The body of an answer without rows (204).
        None => Ok(Answer { rows: Vec::new(), shape: Shape::List, total: None }),
        Some(b'[') => Ok(Answer { rows: rows(content).map_err(broken)??, shape: Shape::List, total: None }),
        Some(b'{') => {
            let fields: Fields = serde_json::from_slice(content).map_err(broken)?;
            let row = row(&fields)?;
            if row.id.is_some() {
                return Ok(Answer { rows: vec![row], shape: Shape::Object, total: None });
            }
            let wrapped = ["data", "fees"].iter().find_map(|name| fields.get(*name)).map_or("[]", |list| list.get());
            if !wrapped.starts_with('[') {
                let shape = if matches!(wrapped, "null" | "{}") { Shape::List } else { Shape::Other };
                return Ok(Answer { rows: Vec::new(), shape, total: None });
            }
            let known = fields.is_empty() || ["data", "fees", "meta"].iter().any(|name| fields.contains_key(*name));
            let meta = fields.get("meta").and_then(|meta| serde_json::from_str::<Meta>(meta.get()).ok());
            Ok(Answer {
                rows: rows(wrapped.as_bytes()).map_err(broken)??,
                shape: if known { Shape::List } else { Shape::Other },
                total: meta.and_then(|meta| meta.pagination.total),
            })
        }
        Some(_) => Err("it is neither a list nor an object; save the answer as BigCommerce gives it".to_owned()),
    }
}

/// The rows of a list; the outer error is of the JSON, the inner one says that a row is an error of BigCommerce.
fn rows(list: &[u8]) -> Result<Result<Vec<Row>, String>, serde_json::Error> {
    let rows: Vec<&RawValue> = serde_json::from_slice(list)?;
    // What is no object is for the reader of the rows to refuse.
    Ok(rows.iter().map(|listed| row(&serde_json::from_str(listed.get()).unwrap_or_default())).collect())
}

/// What an object says about itself, unless it is an error: `{"status": 404, "message": ...}` (V2) or `{"status": 403,
/// "title": ...}` (V3).
fn row(fields: &Fields) -> Result<Row, String> {
    let (id, order) = (number(fields, "id"), number(fields, "order_id"));
    let Some(status) = number(fields, "status").filter(|status| *status >= 400 && id.is_none()) else {
        return Ok(Row { id, order });
    };
    let said = ["title", "message"].iter().filter_map(|name| fields.get(*name));
    let said: Option<String> = said.filter_map(|text| serde_json::from_str(text.get()).ok()).next();
    let said: String = said.unwrap_or_default().chars().filter(|c| !c.is_control()).take(120).collect();
    Err(format!(
        "it holds an error of BigCommerce ({status} {said}), not its answer; ask again, and leave the file out only when \
         BigCommerce answers 204"
    ))
}

/// A whole number above nought, also from a string.
fn number(fields: &Fields, name: &str) -> Option<u64> {
    fields.get(name)?.get().trim_matches('"').parse().ok().filter(|number| *number != 0)
}

impl Answer {
    /// The id, when it is the answer about one order.
    ///
    /// # Errors
    /// It is a list, or has no id.
    pub(super) fn order_id(&self) -> Result<u64, String> {
        match (&self.shape, &self.rows[..]) {
            (Shape::Object, [Row { id: Some(id), .. }]) => Ok(*id),
            (Shape::List, [_, ..]) => {
                Err("it is a list; save the answer of GET /v2/orders/ID, which is one object".to_owned())
            }
            _ => Err("it has no id; save the whole answer of GET /v2/orders/ID".to_owned()),
        }
    }

    /// That it is a list and no page of it is missing, as far as can be told.
    ///
    /// # Errors
    /// It is something else, or there are more rows than the file holds.
    pub(super) fn complete(&self) -> Result<(), String> {
        if self.shape == Shape::Other {
            return Err("it is no list of rows; save the list as BigCommerce gives it".to_owned());
        }
        match self.total {
            Some(total) if total > self.rows.len() => Err(format!(
                "it holds {} of {total} rows; ask for the other pages too and put all rows into one list",
                self.rows.len()
            )),
            _ => Ok(()),
        }
    }

    /// That every row that names an order names this one.
    ///
    /// # Errors
    /// A row is of another order.
    pub(super) fn of_order(&self, order: u64) -> Result<(), String> {
        match self.rows.iter().filter_map(|row| row.order).find(|named| *named != order) {
            Some(other) if order != 0 => Err(format!(
                "it is of order {other}, but order.json is of order {order}; put each order into its own folder"
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        read(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn errors_of_bigcommerce_are_no_lists() {
        let v2 = refused(r#"[{"status":404,"message":"The requested resource was not found."}]"#);
        assert!(v2.starts_with("it holds an error of BigCommerce (404 The requested resource was not found.)"), "{v2}");
        let v3 = refused(r#"{"status":403,"title":"You don't have a required scope","type":"x","errors":{}}"#);
        assert!(v3.contains("403 You don't have a required scope"), "{v3}");
        assert!(refused("<html>Bad gateway</html>").contains("neither a list nor an object"));
        assert!(refused(r#"{"data": ["#).contains("line 1 column 10"));
    }

    #[test]
    fn an_order_has_a_status_and_is_no_error() {
        let order = |text: &str| read(text.as_bytes()).unwrap().order_id();
        assert_eq!(order(r#"{"id":118,"status":"Shipped"}"#), Ok(118));
        assert_eq!(order(r#"{"id":"118"}"#), Ok(118));
        assert!(order(r#"[{"id":118}]"#).unwrap_err().contains("which is one object"));
        assert!(order("{}").unwrap_err().contains("no id"));
        assert!(order("").is_err());
    }

    #[test]
    fn a_missing_page_and_rows_of_another_order_are_told() {
        let list = r#"{"data":[{"id":1,"order_id":"118"}],"meta":{"pagination":{"total":2}}}"#;
        let answer = read(list.as_bytes()).unwrap();
        assert!(answer.complete().unwrap_err().starts_with("it holds 1 of 2 rows"));
        assert_eq!(answer.of_order(118), Ok(()));
        assert!(answer.of_order(119).unwrap_err().starts_with("it is of order 118, but order.json is of order 119"));
        for other in [r#"{"data":{"id":12}}"#, r#"{"orders":[]}"#] {
            assert!(read(other.as_bytes()).unwrap().complete().unwrap_err().contains("no list of rows"), "{other}");
        }
        for whole in [
            "",
            "[]",
            "{}",
            r#"{"data":[],"meta":{}}"#,
            r#"{"data":null}"#,
            r#"{"fees":[{"id":1}]}"#,
            r#"{"id":1,"order_id":118}"#,
        ] {
            let answer = read(whole.as_bytes()).unwrap();
            assert_eq!((answer.complete(), answer.of_order(118)), (Ok(()), Ok(())), "{whole}");
        }
    }
}
