//! `query`: reads records by a filter (Intacct docs, queries, with the query schema printed there).
//!
//! A query has no order of its own, so one by record number is asked for unless another is given. Pages by offset shift when
//! records are written meanwhile; pages by record number ([`Query::after`]) do not.

use super::InvalidFunction;
use crate::intacct::response::FunctionResult;
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
    /// A field with none of 1 to 1000 values.
    NotIn {
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
    /// Not like.
    NotLike,
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
            Self::NotLike => "notlike",
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
            Self::NotIn { field, values } => write_values("notin", field, values, writer),
            Self::IsNull(field) => write_values::<&str>("isnull", field, &[], writer),
            Self::IsNotNull(field) => write_values::<&str>("isnotnull", field, &[], writer),
        }
    }

    fn problem(&self) -> Option<&'static str> {
        match self {
            Self::And(parts) | Self::Or(parts) if parts.is_empty() => Some("a group has no conditions"),
            Self::And(parts) | Self::Or(parts) => parts.iter().find_map(Filter::problem),
            Self::In { values, .. } | Self::NotIn { values, .. } if values.is_empty() => {
                Some("a list of values is empty")
            }
            Self::In { values, .. } | Self::NotIn { values, .. } if values.len() > LONGEST_LIST => {
                Some("a list has more than 1000 values")
            }
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

/// What is worked out over the records instead of listing them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// How many have a value.
    Count,
    /// The mean of the values.
    Average,
    /// The smallest value.
    Least,
    /// The largest value.
    Greatest,
    /// The sum of the values.
    Sum,
}

impl Aggregate {
    /// The element of the question; the answer has it in capitals before the field, as in `COUNT.RECORDNO`.
    pub fn element(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Average => "avg",
            Self::Least => "min",
            Self::Greatest => "max",
            Self::Sum => "sum",
        }
    }
}

/// One step of the order of a query's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: String,
    /// From the largest to the smallest.
    pub descending: bool,
}

impl Order {
    fn write(&self, writer: &mut XmlWriter) {
        writer.element("order", |writer| {
            writer.text("field", &self.field);
            writer.empty(if self.descending { "descending" } else { "ascending" });
        });
    }
}

/// Reads records of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The object, for example `ARINVOICE`.
    pub object: String,
    /// The fields wanted; there is no "all fields".
    pub fields: Vec<String>,
    /// What is worked out over the records; with fields beside it once per group of records that are alike in them.
    pub aggregates: Vec<(Aggregate, String)>,
    /// The condition; all records when absent.
    pub filter: Option<Filter>,
    /// The order of the rows; by record number when empty, and none at all when something is worked out over them.
    pub order: Vec<Order>,
    /// Only records with a larger record number than this, on top of the filter: pages that do not shift. The order is then
    /// by record number, and there is no offset.
    pub after: Option<u64>,
    /// The transaction definition whose custom fields are read, of an order-entry object.
    pub definition: Option<String>,
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
            aggregates: Vec::new(),
            filter,
            order: Vec::new(),
            after: None,
            definition: None,
            case_insensitive: false,
            show_private: true,
            page_size: 100,
            offset: 0,
        }
    }

    /// The query for the page after these rows, by record number; none when they were the last or have no record number.
    pub fn following(&self, rows: &FunctionResult) -> Option<Self> {
        let last = rows.records.iter().filter_map(|row| row.get("RECORDNO")?.parse().ok()).max()?;
        (rows.remaining.unwrap_or_default() > 0).then(|| Self { after: Some(last), offset: 0, ..self.clone() })
    }

    /// The query for the page after these rows, by offset; none when they were the last.
    pub fn next_offset(&self, rows: &FunctionResult) -> Option<Self> {
        let read = u32::try_from(rows.records.len()).ok().filter(|read| *read > 0)?;
        let offset = self.offset.checked_add(read)?;
        (rows.remaining.unwrap_or_default() > 0).then(|| Self { offset, ..self.clone() })
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        let by_number = self.order.is_empty() && self.aggregates.is_empty() && self.offset == 0;
        let why = match &self.filter {
            _ if self.fields.is_empty() && self.aggregates.is_empty() => Some("it asks for no fields"),
            _ if self.after.is_some() && !by_number => Some("pages by record number have no other order and no offset"),
            _ if self.after.is_some() && !self.fields.iter().any(|field| field == "RECORDNO") => {
                Some("pages by record number need the field RECORDNO")
            }
            _ if self.page_size == 0 || self.page_size > LARGEST_PAGE => Some("a page has 1 to 2000 rows"),
            Some(filter) => filter.problem(),
            None => None,
        };
        why.map_or(Ok(()), |why| Err(InvalidFunction::Query { object: self.object.clone(), why }))
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("query", |writer| {
            writer.text("object", &self.object);
            writer.element("select", |writer| {
                self.fields.iter().for_each(|field| writer.text("field", field));
                self.aggregates.iter().for_each(|(aggregate, field)| writer.text(aggregate.element(), field));
            });
            if let Some(filter) = self.whole_filter() {
                writer.element("filter", |writer| filter.write(writer));
            }
            let order = self.whole_order();
            if !order.is_empty() {
                writer.element("orderby", |writer| order.iter().for_each(|step| step.write(writer)));
            }
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
            writer.optional("docparid", self.definition.as_deref());
        });
    }

    fn whole_filter(&self) -> Option<Filter> {
        let after = self.after.map(|last| Filter::compare("RECORDNO", Operator::GreaterThan, &last.to_string()));
        let parts: Vec<_> = self.filter.iter().cloned().chain(after).collect();
        (!parts.is_empty()).then_some(Filter::And(parts))
    }

    fn whole_order(&self) -> Vec<Order> {
        if self.order.is_empty() && self.aggregates.is_empty() {
            return vec![Order { field: "RECORDNO".to_owned(), descending: false }];
        }
        self.order.clone()
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
    fn sums_have_no_order_and_pages_by_number_have_only_that_one() {
        let sum = Query {
            aggregates: vec![(Aggregate::Sum, "TOTALDUE".into()), (Aggregate::Count, "RECORDNO".into())],
            show_private: false,
            ..Query::new("ARINVOICE", &["CUSTOMERID"], None)
        };
        let mut writer = XmlWriter::new();
        sum.write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<query><object>ARINVOICE</object><select><field>CUSTOMERID</field><sum>TOTALDUE</sum>\
             <count>RECORDNO</count></select><pagesize>100</pagesize><offset>0</offset></query>"
        );
        let page = Query { after: Some(7), ..Query::new("ARINVOICE", &["RECORDNO"], Some(Filter::IsNull("A".into()))) };
        assert_eq!(page.check(), Ok(()));
        let mut writer = XmlWriter::new();
        page.write(&mut writer);
        assert!(writer.finish().contains(
            "<filter><and><isnull><field>A</field></isnull><greaterthan><field>RECORDNO</field><value>7</value>\
             </greaterthan></and></filter><orderby><order><field>RECORDNO</field><ascending/></order></orderby>"
        ));
        assert!(Query { offset: 5, ..page.clone() }.check().is_err());
        assert!(Query { fields: vec!["STATE".into()], ..page.clone() }.check().is_err());
        let order = vec![Order { field: "STATE".into(), descending: true }];
        assert!(Query { order, ..page }.check().is_err());
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
