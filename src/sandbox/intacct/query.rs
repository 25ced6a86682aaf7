//! `query`: filters, order, pages and aggregates over an object (Intacct docs, queries).

mod filter;
pub(super) mod words;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rust_decimal::Decimal;

use self::filter::Filter;
use super::books::Books;
use super::functions::Context;
use super::objects::{self, Kind, Row, Schema};
use super::refusal::Refusal;
use super::values::{parse_date, parse_stamp};
use super::xml_tree::Element;

const DEFAULT_PAGE: usize = 100;
const LARGEST_PAGE: usize = 2_000;

struct Order {
    field: String,
    kind: Kind,
    descending: bool,
}

/// A column of the answer.
enum Select {
    Field(String),
    /// `count`, `sum`, `min`, `max` or `avg` of a field.
    Aggregate(String, String),
}

struct Query<'a> {
    object: &'a str,
    selects: Vec<Select>,
    filter: Option<Filter>,
    /// Only documents of this transaction definition.
    definition: Option<&'a str>,
    orders: Vec<Order>,
    show_private: bool,
    page_size: usize,
    offset: usize,
}

/// Answers a query.
pub(super) fn run(body: &Element, books: &Books, context: &Context<'_>) -> Result<Element, Refusal> {
    let object = body.text_of("object").unwrap_or_default();
    let schema = objects::schema(object, context.settings)?;
    let query = read(body, object, &schema, books)?;
    let entity = context.signed_in.location.as_deref();
    let mut rows = objects::rows(object, books, context.settings);
    rows.retain(|row| row.is_visible(entity, query.show_private));
    if let Some(definition) = query.definition {
        rows.retain(|row| row.get("DOCPARID") == definition);
    }
    if let Some(filter) = &query.filter {
        rows.retain(|row| filter.matches(row));
    }
    rows.sort_by(|left, right| by_orders(&query.orders, left, right));
    let mut found = elements(&query, &rows)?;
    let total = found.len();
    let page: Vec<_> = found.drain(query.offset.min(total)..(query.offset + query.page_size).min(total)).collect();
    let remaining = total.saturating_sub(query.offset + page.len());
    Ok(Element::new("data")
        .attribute("listtype", object)
        .attribute("totalcount", total.to_string())
        .attribute("offset", query.offset.to_string())
        .attribute("count", page.len().to_string())
        .attribute("numremaining", remaining.to_string())
        .with(page))
}

fn read<'a>(body: &'a Element, object: &'a str, schema: &Schema<'_>, books: &Books) -> Result<Query<'a>, Refusal> {
    let definition = body.text_of("docparid");
    let known = |name: &&str| object == "SODOCUMENT" && books.masters.order_entry.definitions.contains_key(*name);
    if let Some(definition) = definition.filter(|name| !known(name)) {
        return Err(Refusal::query_invalid(format!("Query Failed: {object} has no definition '{definition}'")));
    }
    let option = |name: &str| flag(body.get("options").and_then(|options| options.text_of(name)), name);
    let ignore_case = option("caseinsensitive")?;
    let filter = body.get("filter").and_then(|filter| filter.children.first());
    Ok(Query {
        object,
        selects: body.get("select").map_or(Ok(Vec::new()), |select| read_selects(select, schema))?,
        filter: filter.map(|filter| Filter::read(filter, schema, ignore_case)).transpose()?,
        definition,
        orders: body.get("orderby").map_or(Ok(Vec::new()), |orders| read_orders(orders, schema))?,
        show_private: option("showprivate")?,
        page_size: whole(body, "pagesize", DEFAULT_PAGE, 1..=LARGEST_PAGE)?,
        offset: whole(body, "offset", 0, 0..=usize::MAX / 2)?,
    })
}

fn flag(text: Option<&str>, name: &str) -> Result<bool, Refusal> {
    match text {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(Refusal::query_invalid(format!(
            "Element '{name}': '{other}' is not a valid value of the atomic type 'xs:boolean'."
        ))),
    }
}

fn whole(
    body: &Element,
    name: &str,
    otherwise: usize,
    range: std::ops::RangeInclusive<usize>,
) -> Result<usize, Refusal> {
    let Some(text) = body.text_of(name) else { return Ok(otherwise) };
    let value = text.parse().ok().filter(|value| range.contains(value));
    value.ok_or_else(|| Refusal::query_invalid(format!("Element '{name}': '{text}' is not a valid value.")))
}

fn read_selects(select: &Element, schema: &Schema<'_>) -> Result<Vec<Select>, Refusal> {
    let read = |column: &Element| {
        schema.kind(&column.text)?;
        Ok(match column.name.as_str() {
            "field" => Select::Field(column.text.clone()),
            aggregate => Select::Aggregate(aggregate.to_owned(), column.text.clone()),
        })
    };
    select.children.iter().map(read).collect()
}

fn read_orders(orders: &Element, schema: &Schema<'_>) -> Result<Vec<Order>, Refusal> {
    let read = |order: &Element| {
        let field = order.text_of("field").unwrap_or_default();
        Ok(Order { field: field.to_owned(), kind: schema.kind(field)?, descending: order.get("descending").is_some() })
    };
    orders.all("order").map(read).collect()
}

fn by_orders(orders: &[Order], left: &Row<'_>, right: &Row<'_>) -> Ordering {
    let compare_one = |order: &Order| {
        let ordering = compare(order.kind, &left.get(&order.field), &right.get(&order.field));
        if order.descending { ordering.reverse() } else { ordering }
    };
    orders.iter().map(compare_one).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

/// Compares two values of a field: by number, by day, or by text.
fn compare(kind: Kind, left: &str, right: &str) -> Ordering {
    let numbers = || Some(left.parse::<Decimal>().ok()?.cmp(&right.parse::<Decimal>().ok()?));
    let days = || Some(parse_date(left)?.cmp(&parse_date(right)?));
    let moments = || Some(parse_stamp(left)?.cmp(&parse_stamp(right)?));
    let special = match kind {
        Kind::Text => None,
        Kind::Number => numbers(),
        Kind::Date => days(),
        Kind::Stamp => moments(),
    };
    special.unwrap_or_else(|| left.cmp(right))
}

/// One element per row, or per group when the query aggregates.
fn elements(query: &Query<'_>, rows: &[Row<'_>]) -> Result<Vec<Element>, Refusal> {
    let fields: Vec<String> = query
        .selects
        .iter()
        .filter_map(|select| match select {
            Select::Field(field) => Some(field.clone()),
            Select::Aggregate(..) => None,
        })
        .collect();
    if fields.len() == query.selects.len() {
        return Ok(rows.iter().map(|row| row.element(query.object, &fields)).collect());
    }
    let mut groups: BTreeMap<Vec<String>, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        groups.entry(fields.iter().map(|field| row.get(field)).collect()).or_default().push(row);
    }
    groups.into_values().map(|group| group_element(query, &group)).collect()
}

fn group_element(query: &Query<'_>, group: &[&Row<'_>]) -> Result<Element, Refusal> {
    let mut element = Element::new(query.object);
    for select in &query.selects {
        element.children.push(match select {
            Select::Field(field) => Element::leaf(field, group.first().map(|row| row.get(field)).unwrap_or_default()),
            Select::Aggregate(name, field) => {
                Element::leaf(format!("{}.{field}", name.to_uppercase()), aggregate(name, field, group)?)
            }
        });
    }
    Ok(element)
}

fn aggregate(name: &str, field: &str, group: &[&Row<'_>]) -> Result<String, Refusal> {
    let values: Vec<String> = group.iter().map(|row| row.get(field)).filter(|value| !value.is_empty()).collect();
    if name == "count" {
        return Ok(values.len().to_string());
    }
    let numbers: Vec<Decimal> = values.iter().filter_map(|value| value.parse().ok()).collect();
    if numbers.len() != values.len() {
        return Err(Refusal::query_invalid(format!("Query Failed: {name} needs a numeric field, {field} is none")));
    }
    let sum: Decimal = numbers.iter().sum();
    Ok(match name {
        "sum" => sum.to_string(),
        "min" => numbers.iter().min().map(Decimal::to_string).unwrap_or_default(),
        "max" => numbers.iter().max().map(Decimal::to_string).unwrap_or_default(),
        _ => sum.checked_div(numbers.len().into()).map(|mean| mean.round_dp(2).to_string()).unwrap_or_default(),
    })
}
