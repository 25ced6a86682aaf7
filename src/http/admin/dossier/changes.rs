//! What differs between two readings of an order, field by field.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A field that changed.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct FieldChange {
    /// Where it is; things with an id are named by it.
    #[schema(example = "lines[7].quantity")]
    field: String,
    /// What stood there; missing when nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    was: Option<Value>,
    /// What stands there now; missing when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    now: Option<Value>,
}

/// The fields that differ.
pub(super) fn changes(was: &Value, now: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare(String::new(), Some(was), Some(now), &mut found);
    found
}

fn compare(field: String, was: Option<&Value>, now: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (was, now) {
        (was, now) if was == now => {}
        (Some(Value::Object(was)), Some(Value::Object(now))) => {
            let at = |name: &str| if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
            each(was, now, at, found);
        }
        (Some(Value::Array(was)), Some(Value::Array(now))) => {
            let (was, now) = named(was).zip(named(now)).unwrap_or_else(|| (counted(was), counted(now)));
            each(&was, &now, |name| format!("{field}[{name}]"), found);
        }
        (was, now) => found.push(FieldChange { field, was: was.cloned(), now: now.cloned() }),
    }
}

fn each(was: &Map<String, Value>, now: &Map<String, Value>, at: impl Fn(&str) -> String, found: &mut Vec<FieldChange>) {
    let gone = was.keys().filter(|name| !now.contains_key(*name));
    for name in now.keys().chain(gone) {
        compare(at(name), was.get(name), now.get(name), found);
    }
}

/// The elements by their ids; `None` when they have none of their own.
fn named(list: &[Value]) -> Option<Map<String, Value>> {
    let by_id: BTreeMap<String, Value> =
        list.iter().map(|one| Some((one.get("id")?.as_u64()?.to_string(), one.clone()))).collect::<Option<_>>()?;
    (by_id.len() == list.len()).then(|| by_id.into_iter().collect())
}

/// The elements by their places.
fn counted(list: &[Value]) -> Map<String, Value> {
    list.iter().enumerate().map(|(place, one)| (place.to_string(), one.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(was: &Value, now: &Value) -> Vec<String> {
        let show = |value: Option<Value>| value.map_or("-".to_owned(), |value| value.to_string());
        changes(was, now).into_iter().map(|c| format!("{}: {} > {}", c.field, show(c.was), show(c.now))).collect()
    }

    #[test]
    fn what_has_an_id_is_followed_by_it_wherever_it_stands() {
        let was = json!({ "lines": [{ "id": 1, "quantity": "2" }, { "id": 2, "quantity": "1" }] });
        let now = json!({ "lines": [{ "id": 2, "quantity": "1" }, { "id": 1, "quantity": "3" }, { "id": 4 }] });
        assert_eq!(told(&was, &now), ["lines[1].quantity: \"2\" > \"3\"", "lines[4]: - > {\"id\":4}"]);
        assert_eq!(told(&now, &was).last().unwrap(), "lines[4]: {\"id\":4} > -");
    }

    #[test]
    fn fields_that_come_go_and_change_are_told_and_equal_ones_are_not() {
        let was = json!({ "order": { "status": "Pending", "total": "1.00" }, "tags": ["a", "b"] });
        let now = json!({ "order": { "status": "Shipped", "total": "1.00" }, "tags": ["a"], "more": null });
        let expected = ["more: - > null", "order.status: \"Pending\" > \"Shipped\"", "tags[1]: \"b\" > -"];
        assert_eq!(told(&was, &now), expected);
        assert_eq!(told(&was, &was), Vec::<String>::new());
    }
}
