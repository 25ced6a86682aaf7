//! What the answers to reads say beyond plain rows: sums, object definitions, dimensions, the day the books are closed.
//!
//! Pure. Rows of `query`, `read`, `readByName` and `readByQuery` are [`FunctionResult::records`] themselves.

use jiff::civil::Date;
use rust_decimal::Decimal;
use thiserror::Error;

use super::functions::query::Aggregate;
use super::response::{FunctionResult, Record};
use super::tree::{self, Element};

/// Why an answer could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadingError {
    /// The kept answer is no XML; it was when it came.
    #[error("Intacct's answer to {function} cannot be read again: {why}")]
    Broken {
        /// The function.
        function: String,
        /// What is wrong.
        why: String,
    },
    /// The answer lacks what it is about, or it is not of its kind.
    #[error("Intacct's answer to {function} has no usable {what}: repeat it, and report it if it happens again")]
    Missing {
        /// The function.
        function: String,
        /// What is missing.
        what: &'static str,
    },
}

/// What an object is made of in this company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectDefinition {
    /// Its name, for example `ARINVOICE`.
    pub name: String,
    /// Its fields, the company's own ones included.
    pub fields: Vec<FieldDefinition>,
    /// The objects whose fields can be read through it, with dots.
    pub relationships: Vec<Relationship>,
}

/// One field of an object. The answer knows no lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDefinition {
    /// The name that requests use.
    pub id: String,
    /// The name that people see.
    pub label: String,
    /// Its type in Intacct's words, for example `TEXT`, `INTEGER`, `DECIMAL`, `DATE`, `BOOLEAN`.
    pub data_type: String,
    /// Whether a record must have it.
    pub required: bool,
    /// Whether it can be read only.
    pub read_only: bool,
    /// Whether the company added it.
    pub custom: bool,
    /// The values it can have, where they are limited.
    pub valid_values: Vec<String>,
}

/// A way from an object to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// What stands before the dot.
    pub path: String,
    /// The object it leads to.
    pub object: String,
    /// For example `MANY2ONE`.
    pub kind: String,
}

/// One dimension of the company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// The object of its values, for example `LOCATION`; of a user-defined one its integration name.
    pub object: String,
    /// The name that people see.
    pub label: String,
    /// Whether the company added it; lines then name it `GLDIM` plus [`Dimension::object`].
    pub user_defined: bool,
    /// Whether the general ledger knows it.
    pub in_ledger: bool,
}

/// The value of a sum, count, mean, smallest or largest value in a row of a query; none where no record had a value.
///
/// # Errors
/// [`ReadingError::Missing`] when the row has no such column or it is no number.
pub fn aggregate(row: &Record, aggregate: Aggregate, field: &str) -> Result<Option<Decimal>, ReadingError> {
    let missing = || ReadingError::Missing { function: "query".to_owned(), what: "column that was worked out" };
    let text = row.get(&format!("{}.{field}", aggregate.element().to_uppercase())).ok_or_else(missing)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| missing())
}

/// Reads the answer to `lookup`.
///
/// # Errors
/// [`ReadingError`] when it describes no object.
pub fn object_definition(result: &FunctionResult) -> Result<ObjectDefinition, ReadingError> {
    let data = data(result)?;
    let object = data.child("Type").ok_or_else(|| missing(result, "object"))?;
    let name = object.attribute("Name").ok_or_else(|| missing(result, "object name"))?;
    let under = |list: &str, item: &'static str| {
        object.child(list).into_iter().flat_map(move |list| list.children_named(item)).collect::<Vec<_>>()
    };
    let fields = under("Fields", "Field").into_iter().map(field).collect::<Option<Vec<_>>>();
    Ok(ObjectDefinition {
        name: name.to_owned(),
        fields: fields.filter(|fields| !fields.is_empty()).ok_or_else(|| missing(result, "field"))?,
        relationships: under("Relationships", "Relationship")
            .into_iter()
            .map(|relationship| Relationship {
                path: text(relationship, "OBJECTPATH"),
                object: text(relationship, "OBJECTNAME"),
                kind: text(relationship, "RELATIONSHIPTYPE"),
            })
            .collect(),
    })
}

fn field(field: &Element) -> Option<FieldDefinition> {
    // The values stand in an element of their own; how it is nested differs between the answers that were seen.
    fn values(element: &Element) -> Vec<String> {
        let own = element.name.eq_ignore_ascii_case("VALIDVALUE").then(|| element.text.trim().to_owned());
        own.into_iter().chain(element.children.iter().flat_map(values)).collect()
    }
    Some(FieldDefinition {
        id: field.text_of("ID")?.to_owned(),
        label: text(field, "LABEL"),
        data_type: text(field, "DATATYPE"),
        required: flag(field, "REQUIRED"),
        read_only: flag(field, "READONLY"),
        custom: flag(field, "ISCUSTOM"),
        valid_values: values(field),
    })
}

/// Reads the answer to `getDimensions`.
///
/// # Errors
/// [`ReadingError`] when it has no list of dimensions, or one of them no name.
pub fn dimensions(result: &FunctionResult) -> Result<Vec<Dimension>, ReadingError> {
    let data = data(result)?;
    let list = data.child("dimensions").ok_or_else(|| missing(result, "list of dimensions"))?;
    list.children_named("dimension")
        .map(|dimension| {
            Ok(Dimension {
                object: dimension.text_of("objectName").ok_or_else(|| missing(result, "dimension"))?.to_owned(),
                label: text(dimension, "termLabel"),
                user_defined: flag(dimension, "userDefinedDimension"),
                in_ledger: flag(dimension, "enabledInGL"),
            })
        })
        .collect()
}

/// Reads the answer to `get_closedbooksdate`: the last day of the closed periods, none when all are open. Its shape was never
/// seen, so any one date inside the data is taken, in either of the gateway's two forms.
///
/// # Errors
/// [`ReadingError`] when there is text that is no date, or several dates.
pub fn closed_books_date(result: &FunctionResult) -> Result<Option<Date>, ReadingError> {
    let data = data(result)?;
    let mut found = Vec::new();
    dates(&data, &mut found);
    match found.as_slice() {
        [] => Ok(None),
        [Some(date)] => Ok(Some(*date)),
        _ => Err(missing(result, "date")),
    }
}

/// All dates inside an element; `None` for a text that is none.
fn dates(element: &Element, found: &mut Vec<Option<Date>>) {
    let part = |name: &str| element.text_of(name);
    if let (Some(year), Some(month), Some(day)) = (part("year"), part("month"), part("day")) {
        found.push(slash_date(&format!("{month}/{day}/{year}")));
    } else if !element.text.trim().is_empty() {
        found.push(slash_date(element.text.trim()));
    } else {
        element.children.iter().for_each(|child| dates(child, found));
    }
}

fn slash_date(text: &str) -> Option<Date> {
    Date::strptime("%m/%d/%Y", text).ok()
}

/// The `data` of a kept result, as a tree.
fn data(result: &FunctionResult) -> Result<Element, ReadingError> {
    let whole = tree::read(result.raw.as_bytes())
        .map_err(|error| ReadingError::Broken { function: result.function.clone(), why: error.to_string() })?;
    whole.children.into_iter().find(|child| child.name == "data").ok_or_else(|| missing(result, "data"))
}

fn missing(result: &FunctionResult, what: &'static str) -> ReadingError {
    ReadingError::Missing { function: result.function.clone(), what }
}

fn text(element: &Element, name: &str) -> String {
    element.text_of(name).unwrap_or_default().to_owned()
}

fn flag(element: &Element, name: &str) -> bool {
    matches!(element.text_of(name), Some("true" | "T" | "1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::response::{Answer, interpret};

    fn result(function: &str, data: &str) -> FunctionResult {
        let body = format!(
            "<response><control><status>success</status></control><operation><authentication><status>success</status>\
             </authentication><result><status>success</status><function>{function}</function><controlid>r</controlid>\
             {data}</result></operation></response>"
        );
        match interpret(200, None, body.as_bytes()) {
            Answer::Results { mut results, .. } => results.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_object_says_its_fields_their_values_and_where_it_leads() {
        let data = "<data listtype=\"All\" count=\"1\"><Type Name=\"CUSTOMER\" DocumentType=\"\"><Fields><Field>\
             <ID>STATUS</ID><LABEL>Status</LABEL><REQUIRED>true</REQUIRED><READONLY>false</READONLY>\
             <DATATYPE>TEXT</DATATYPE><ISCUSTOM>false</ISCUSTOM><VALIDVALUES><VALIDVALUE>active</VALIDVALUE>\
             <VALIDVALUE>inactive</VALIDVALUE></VALIDVALUES></Field><Field><ID>BC_ID</ID><DATATYPE>TEXT</DATATYPE>\
             <ISCUSTOM>true</ISCUSTOM></Field></Fields><Relationships><Relationship><OBJECTPATH>DISPLAYCONTACT</OBJECTPATH>\
             <OBJECTNAME>CONTACTVERSION</OBJECTNAME><RELATIONSHIPTYPE>MANY2ONE</RELATIONSHIPTYPE></Relationship>\
             </Relationships></Type></data>";
        let object = object_definition(&result("lookup", data)).unwrap();
        assert_eq!(object.name, "CUSTOMER");
        assert!(object.fields[0].required && !object.fields[0].custom && object.fields[1].custom);
        assert_eq!(object.fields[0].valid_values, ["active", "inactive"]);
        assert_eq!(object.relationships[0].object, "CONTACTVERSION");
        for broken in ["", "<data/>", "<data><Type Name=\"X\"><Fields><Field/></Fields></Type></data>"] {
            assert!(object_definition(&result("lookup", broken)).is_err(), "{broken}");
        }
    }

    #[test]
    fn dimensions_say_whether_they_are_the_companys_own() {
        let one = |name: &str, own: bool| {
            format!(
                "<dimension><objectName>{name}</objectName><termLabel>{name}</termLabel><userDefinedDimension>{own}\
                 </userDefinedDimension><enabledInGL>true</enabledInGL></dimension>"
            )
        };
        let data = format!("<data><dimensions>{}{}</dimensions></data>", one("LOCATION", false), one("CHANNEL", true));
        let found = dimensions(&result("getDimensions", &data)).unwrap();
        assert_eq!(found.iter().map(|found| found.user_defined).collect::<Vec<_>>(), [false, true]);
        assert!(found.iter().all(|found| found.in_ledger));
        assert!(dimensions(&result("getDimensions", "<data/>")).is_err());
    }

    #[test]
    fn the_closed_day_is_the_only_date_of_the_answer() {
        let read = |data: &str| closed_books_date(&result("get_closedbooksdate", data));
        let day = "2026-06-30".parse().unwrap();
        assert_eq!(read("<data><closedbooksdate>06/30/2026</closedbooksdate></data>"), Ok(Some(day)));
        assert_eq!(read("<data><d><year>2026</year><month>6</month><day>30</day></d></data>"), Ok(Some(day)));
        assert_eq!(read("<data><closedbooksdate></closedbooksdate></data>"), Ok(None));
        assert!(read("<data>soon</data>").is_err());
        assert!(read("<data><a>06/30/2026</a><b>07/31/2026</b></data>").is_err());
        assert!(read("").is_err());
    }

    #[test]
    fn a_sum_over_nothing_is_none_and_a_missing_one_an_error() {
        let row: Record = [("SUM.TOTALDUE", "30.00"), ("AVG.TOTALDUE", ""), ("MIN.TOTALDUE", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        assert_eq!(aggregate(&row, Aggregate::Sum, "TOTALDUE"), Ok(Some("30.00".parse().unwrap())));
        assert_eq!(aggregate(&row, Aggregate::Average, "TOTALDUE"), Ok(None));
        assert!(aggregate(&row, Aggregate::Least, "TOTALDUE").is_err());
        assert!(aggregate(&row, Aggregate::Count, "RECORDNO").is_err());
    }
}
