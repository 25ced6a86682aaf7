//! The filter of a query: one operator, or `and`/`or` over several.

use std::cmp::Ordering;

use super::super::objects::{Kind, Row, Schema};
use super::super::refusal::Refusal;
use super::super::values::{parse_date, parse_stamp};
use super::super::xml_tree::Element;
use super::compare;

/// An `in` list holds at most so many values (Intacct docs, queries).
const LONGEST_LIST: usize = 1_000;

pub(in super::super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Test(Test),
}

/// One comparison of a field.
pub(in super::super) struct Test {
    field: String,
    kind: Kind,
    operator: Operator,
    values: Vec<String>,
    ignore_case: bool,
}

#[derive(Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Between,
    In,
    NotIn,
    Like,
    NotLike,
    Null,
    NotNull,
}

impl Filter {
    pub(super) fn read(element: &Element, schema: &Schema<'_>, ignore_case: bool) -> Result<Self, Refusal> {
        let children = || -> Result<Vec<Self>, Refusal> {
            element.children.iter().map(|child| Self::read(child, schema, ignore_case)).collect()
        };
        Ok(match element.name.as_str() {
            "and" => Self::All(children()?),
            "or" => Self::Any(children()?),
            _ => Self::Test(Test::read(element, schema, ignore_case)?),
        })
    }

    pub(in super::super) fn matches(&self, row: &Row<'_>) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.matches(row)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(row)),
            Self::Test(test) => test.matches(row),
        }
    }
}

impl Test {
    fn read(element: &Element, schema: &Schema<'_>, ignore_case: bool) -> Result<Self, Refusal> {
        let values = element.all("value").map(|value| value.text.clone()).collect();
        Self::new(element.text_of("field").unwrap_or_default(), &element.name, values, ignore_case, schema)
    }

    /// A comparison; `name` is the element of its operator.
    pub(super) fn new(
        field: &str,
        name: &str,
        values: Vec<String>,
        ignore_case: bool,
        schema: &Schema<'_>,
    ) -> Result<Self, Refusal> {
        let field = field.to_owned();
        let kind = schema.kind(&field)?;
        let values: Vec<_> = values.iter().map(|value| fold(value, ignore_case)).collect();
        if values.len() > LONGEST_LIST {
            return Err(Refusal::query_invalid(format!("Query Failed: more than {LONGEST_LIST} values for {field}")));
        }
        let readable = |value: &str| match kind {
            Kind::Date => parse_date(value).is_some(),
            Kind::Stamp => parse_stamp(value).is_some(),
            Kind::Text | Kind::Number => true,
        };
        if let Some(wrong) = values.iter().find(|value| !readable(value)) {
            return Err(Refusal::query_invalid(format!("Query Failed: '{wrong}' is not a date for {field}")));
        }
        let operator =
            operator(name).ok_or_else(|| Refusal::query_invalid(format!("Query Failed: unknown operator {name}")))?;
        Ok(Self { field, kind, operator, values, ignore_case })
    }

    fn matches(&self, row: &Row<'_>) -> bool {
        let value = fold(&row.get(&self.field), self.ignore_case);
        let is_null = value.is_empty();
        match self.operator {
            Operator::Null => return is_null,
            Operator::NotNull => return !is_null,
            // Nothing compares with a value that is not there, as in SQL.
            _ if is_null => return false,
            _ => {}
        }
        let against = |index: usize| self.values.get(index).map(|other| compare(self.kind, &value, other));
        let contains = || self.values.iter().any(|other| compare(self.kind, &value, other).is_eq());
        let like = || self.values.first().is_some_and(|pattern| is_like(&value, pattern));
        match self.operator {
            Operator::Equal => against(0).is_some_and(Ordering::is_eq),
            Operator::NotEqual => against(0).is_some_and(Ordering::is_ne),
            Operator::Less => against(0).is_some_and(Ordering::is_lt),
            Operator::LessOrEqual => against(0).is_some_and(Ordering::is_le),
            Operator::Greater => against(0).is_some_and(Ordering::is_gt),
            Operator::GreaterOrEqual => against(0).is_some_and(Ordering::is_ge),
            Operator::Between => against(0).is_some_and(Ordering::is_ge) && against(1).is_some_and(Ordering::is_le),
            Operator::In => contains(),
            Operator::NotIn => !contains(),
            Operator::Like => like(),
            Operator::NotLike => !like(),
            Operator::Null | Operator::NotNull => false,
        }
    }
}

fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        "equalto" => Operator::Equal,
        "notequalto" => Operator::NotEqual,
        "lessthan" => Operator::Less,
        "lessthanorequalto" => Operator::LessOrEqual,
        "greaterthan" => Operator::Greater,
        "greaterthanorequalto" => Operator::GreaterOrEqual,
        "between" => Operator::Between,
        "in" => Operator::In,
        "notin" => Operator::NotIn,
        "like" => Operator::Like,
        "notlike" => Operator::NotLike,
        "isnull" => Operator::Null,
        "isnotnull" => Operator::NotNull,
        _ => return None,
    })
}

fn fold(text: &str, ignore_case: bool) -> String {
    if ignore_case { text.to_lowercase() } else { text.to_owned() }
}

/// SQL's LIKE: `%` stands for any text, `_` for any one character.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    // The classic two-pointer walk: on a mismatch go back to the last `%` and let it eat one character more.
    let (mut at, mut in_pattern) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('%') => {
                last = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(wanted) if *wanted == '_' || text.get(at) == Some(wanted) => {
                at += 1;
                in_pattern += 1;
            }
            _ => match last {
                Some((star, eaten)) => {
                    last = Some((star, eaten + 1));
                    at = eaten + 1;
                    in_pattern = star + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(in_pattern).all(|rest| *rest == '%')
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn like_knows_percent_and_underscore() {
        for (text, pattern, expected) in [
            ("BC-1001", "BC-%", true),
            ("BC-1001", "%1001", true),
            ("BC-1001", "%00%", true),
            ("BC-1001", "BC-____", true),
            ("BC-1001", "BC-___", false),
            ("BC-1001", "bc-%", false),
            ("aXbXc", "a%b%c", true),
            ("", "%", true),
            ("", "_", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
