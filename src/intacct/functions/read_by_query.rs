//! `readByQuery`: reads records by a condition in words like SQL's (Intacct docs, queries; gateway schema 3.0).
//!
//! Older than `query`, which is preferred. It can read all fields at once, and its pages are taken from one result, so that
//! rows do not shift while they are read.

use super::InvalidFunction;
use super::read::field_list;
use crate::intacct::xml::XmlWriter;

/// Most rows of one page.
pub const LARGEST_PAGE: u16 = 1000;

/// A condition, built so that no value can break out of its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(String);

/// How a field is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
    /// `like`, with `%` for any characters
    Like,
    /// `not like`
    NotLike,
}

impl Comparison {
    fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
            Self::Like => "like",
            Self::NotLike => "not like",
        }
    }
}

impl Condition {
    /// A field compared with a value; dates as `MM/DD/YYYY`.
    pub fn compare(field: &str, comparison: Comparison, value: &str) -> Self {
        Self(format!("{field} {} {}", comparison.as_str(), quoted(value)))
    }

    /// A field with one of these values, at least one.
    pub fn one_of<T: AsRef<str>>(field: &str, values: &[T]) -> Self {
        Self(format!("{field} in ({})", list(values)))
    }

    /// A field with none of these values, at least one.
    pub fn none_of<T: AsRef<str>>(field: &str, values: &[T]) -> Self {
        Self(format!("{field} not in ({})", list(values)))
    }

    /// A field without a value.
    pub fn is_null(field: &str) -> Self {
        Self(format!("{field} IS NULL"))
    }

    /// Both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(format!("({}) AND ({})", self.0, other.0))
    }

    /// One of the conditions or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(format!("({}) OR ({})", self.0, other.0))
    }
}

/// A value in quotes; a quote inside is escaped with a backslash (Intacct docs, queries).
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn list<T: AsRef<str>>(values: &[T]) -> String {
    values.iter().map(|value| quoted(value.as_ref())).collect::<Vec<_>>().join(",")
}

/// Reads records of one object; further pages with [`super::ReadMore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadByQuery {
    /// The object, for example `CUSTOMER`.
    pub object: String,
    /// The fields wanted; all of them when empty.
    pub fields: Vec<String>,
    /// The condition; all records when absent.
    pub condition: Option<Condition>,
    /// Rows of one page, 1 to 1000.
    pub page_size: u16,
    /// The transaction definition whose custom fields are read, of an order-entry object.
    pub definition: Option<String>,
}

impl ReadByQuery {
    /// Reads all fields, in pages as large as they may be.
    pub fn new(object: &str, condition: Option<Condition>) -> Self {
        Self { object: object.to_owned(), fields: Vec::new(), condition, page_size: LARGEST_PAGE, definition: None }
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        if (1..=LARGEST_PAGE).contains(&self.page_size) {
            Ok(())
        } else {
            Err(InvalidFunction::Query { object: self.object.clone(), why: "a page has 1 to 1000 rows" })
        }
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("readByQuery", |writer| {
            writer.text("object", &self.object);
            writer.text("fields", &field_list(&self.fields));
            // The schema requires the element even when nothing is asked for.
            writer.text("query", self.condition.as_ref().map_or("", |condition| condition.0.as_str()));
            writer.text("pagesize", &self.page_size.to_string());
            writer.optional("docparid", self.definition.as_deref());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_their_quotes() {
        let name = Condition::compare("NAME", Comparison::Equal, "Jane's \\ Deli' OR 'a' = 'a");
        let both = name.and(Condition::one_of("STATUS", &["active", "in'active"]));
        assert_eq!(
            both.0,
            "(NAME = 'Jane\\'s \\\\ Deli\\' OR \\'a\\' = \\'a') AND (STATUS in ('active','in\\'active'))"
        );
        let either = Condition::is_null("TERMNAME").or(Condition::none_of("CUSTTYPE", &["Web"]));
        assert_eq!(either.0, "(TERMNAME IS NULL) OR (CUSTTYPE not in ('Web'))");
    }

    #[test]
    fn a_page_is_bounded() {
        let read = ReadByQuery::new("CUSTOMER", None);
        assert_eq!(read.check(), Ok(()));
        assert!(ReadByQuery { page_size: 1001, ..read.clone() }.check().is_err());
        assert!(ReadByQuery { page_size: 0, ..read }.check().is_err());
    }
}
