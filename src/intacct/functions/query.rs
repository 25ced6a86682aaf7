//! `query`: reads records by a filter (Intacct docs, queries, with the query schema printed there).
//!
//! A query has no order of its own, so one by record number is always asked for.

use super::InvalidFunction;
use crate::intacct::xml::XmlWriter;

/// Most rows of one page.
pub const LARGEST_PAGE: u16 = 2000;
/// Most values of one `in` list.
pub const LONGEST_LIST: usize = 1000;

/// A condition on the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of these; one alone is written by itself, because the schema wants at least two.
    And(Vec<Filter>),
    /// Any of these; one alone is written by itself.
    Or(Vec<Filter>),
    /// A field compared with one value.
    Compare {
        /// The field.
        field: String,
        /// How.
        operator: Operator,
        /// The value; dates as `MM/DD/YYYY`.
        value: String,
    },
    /// A field between two values, both included.
    Between {
        /// The field.
        field: String,
        /// The lower value.
        low: String,
        /// The higher value.
        high: String,
    },
    /// A field with one of 1 to 1000 values.
    In {
        /// The field.
        field: String,
        /// The values.
        values: Vec<String>,
    },
    /// A field without a value.
    IsNull(String),
    /// A field with a value.
    IsNotNull(String),
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    EqualTo,
    /// Not equal.
    NotEqualTo,
    /// Less.
    LessThan,
    /// Less or equal.
    LessThanOrEqualTo,
    /// Greater.
    GreaterThan,
    /// Greater or equal.
    GreaterThanOrEqualTo,
    /// Like, with `%` for any characters.
    Like,
}

impl Operator {
    fn element(self) -> &'static str {
        match self {
            Self::EqualTo => "equalto",
            Self::NotEqualTo => "notequalto",
            Self::LessThan => "lessthan",
            Self::LessThanOrEqualTo => "lessthanorequalto",
            Self::GreaterThan => "greaterthan",
            Self::GreaterThanOrEqualTo => "greaterthanorequalto",
            Self::Like => "like",
        }
    }
}

impl Filter {
    /// `field = value`.
    pub fn equal(field: &str, value: &str) -> Self {
        Self::compare(field, Operator::EqualTo, value)
    }

    /// A comparison of a field with a value.
    pub fn compare(field: &str, operator: Operator, value: &str) -> Self {
        Self::Compare { field: field.to_owned(), operator, value: value.to_owned() }
    }

    fn write(&self, writer: &mut XmlWriter) {
        match self {
            Self::And(parts) => write_parts("and", parts, writer),
            Self::Or(parts) => write_parts("or", parts, writer),
            Self::Compare { field, operator, value } => write_values(operator.element(), field, &[value], writer),
            Self::Between { field, low, high } => write_values("between", field, &[low, high], writer),
            Self::In { field, values } => write_values("in", field, values, writer),
            Self::IsNull(field) => write_values::<&str>("isnull", field, &[], writer),
            Self::IsNotNull(field) => write_values::<&str>("isnotnull", field, &[], writer),
        }
    }

    fn problem(&self) -> Option<&'static str> {
        match self {
            Self::And(parts) | Self::Or(parts) if parts.is_empty() => Some("a group has no conditions"),
            Self::And(parts) | Self::Or(parts) => parts.iter().find_map(Filter::problem),
            Self::In { values, .. } if values.is_empty() => Some("a list of values is empty"),
            Self::In { values, .. } if values.len() > LONGEST_LIST => Some("a list has more than 1000 values"),
            _ => None,
        }
    }
}

fn write_parts(element: &str, parts: &[Filter], writer: &mut XmlWriter) {
    match parts {
        [single] => single.write(writer),
        several => writer.element(element, |writer| several.iter().for_each(|part| part.write(writer))),
    }
}

fn write_values<T: AsRef<str>>(element: &str, field: &str, values: &[T], writer: &mut XmlWriter) {
    writer.element(element, |writer| {
        writer.text("field", field);
        values.iter().for_each(|value| writer.text("value", value.as_ref()));
    });
}

/// Reads records of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The object, for example `ARINVOICE`.
    pub object: String,
    /// The fields wanted; there is no "all fields".
    pub fields: Vec<String>,
    /// The condition; all records when absent.
    pub filter: Option<Filter>,
    /// Compare texts without regard to capitals.
    pub case_insensitive: bool,
    /// Also see records that entities own, when signed in at the top level. Without it a look-up can say "not found"
    /// although the record exists.
    pub show_private: bool,
    /// Rows of one page, 1 to 2000.
    pub page_size: u16,
    /// Rows to leave out at the beginning.
    pub offset: u32,
}

impl Query {
    /// A query for up to 100 records, seeing those of all entities.
    pub fn new(object: &str, fields: &[&str], filter: Option<Filter>) -> Self {
        Self {
            object: object.to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            filter,
            case_insensitive: false,
            show_private: true,
            page_size: 100,
            offset: 0,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        let why = match &self.filter {
            _ if self.fields.is_empty() => Some("it asks for no fields"),
            _ if self.page_size == 0 || self.page_size > LARGEST_PAGE => Some("a page has 1 to 2000 rows"),
            Some(filter) => filter.problem(),
            None => None,
        };
        why.map_or(Ok(()), |why| Err(InvalidFunction::Query { object: self.object.clone(), why }))
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("query", |writer| {
            writer.text("object", &self.object);
            writer.element("select", |writer| self.fields.iter().for_each(|field| writer.text("field", field)));
            if let Some(filter) = &self.filter {
                writer.element("filter", |writer| filter.write(writer));
            }
            writer.element("orderby", |writer| {
                writer.element("order", |writer| {
                    writer.text("field", "RECORDNO");
                    writer.empty("ascending");
                });
            });
            if self.case_insensitive || self.show_private {
                writer.element("options", |writer| {
                    // The schema fixes this order.
                    if self.case_insensitive {
                        writer.boolean("caseinsensitive", true);
                    }
                    if self.show_private {
                        writer.boolean("showprivate", true);
                    }
                });
            }
            writer.text("pagesize", &self.page_size.to_string());
            writer.text("offset", &self.offset.to_string());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(filter: Filter) -> String {
        let mut writer = XmlWriter::new();
        filter.write(&mut writer);
        writer.finish()
    }

    #[test]
    fn a_query_is_written_whole() {
        let mut query = Query::new("CUSTOMER", &["RECORDNO"], Some(Filter::equal("DISPLAYCONTACT.EMAIL1", "a@b.c")));
        query.case_insensitive = true;
        let mut writer = XmlWriter::new();
        query.write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<query><object>CUSTOMER</object><select><field>RECORDNO</field></select><filter><equalto>\
             <field>DISPLAYCONTACT.EMAIL1</field><value>a@b.c</value></equalto></filter><orderby><order>\
             <field>RECORDNO</field><ascending/></order></orderby><options><caseinsensitive>true</caseinsensitive>\
             <showprivate>true</showprivate></options><pagesize>100</pagesize><offset>0</offset></query>"
        );
    }

    #[test]
    fn a_group_of_one_is_written_by_itself() {
        assert_eq!(
            written(Filter::And(vec![Filter::Or(vec![Filter::IsNull("A".into())])])),
            "<isnull><field>A</field></isnull>"
        );
        assert_eq!(
            written(Filter::And(vec![
                Filter::compare("RECORDNO", Operator::GreaterThan, "5"),
                Filter::In { field: "ID".into(), values: vec!["1".into(), "2".into()] },
            ])),
            "<and><greaterthan><field>RECORDNO</field><value>5</value></greaterthan><in><field>ID</field>\
             <value>1</value><value>2</value></in></and>"
        );
    }

    #[test]
    fn what_the_schema_refuses_is_refused_here() {
        let with = |filter| Query::new("X", &["RECORDNO"], Some(filter)).check();
        assert!(with(Filter::And(vec![])).is_err());
        assert!(with(Filter::In { field: "A".into(), values: vec![] }).is_err());
        assert!(with(Filter::In { field: "A".into(), values: vec!["1".into(); 1001] }).is_err());
        assert!(with(Filter::In { field: "A".into(), values: vec!["1".into(); 1000] }).is_ok());
        assert!(Query { page_size: 2001, ..Query::new("X", &["A"], None) }.check().is_err());
        assert!(Query::new("X", &[], None).check().is_err());
    }
}
