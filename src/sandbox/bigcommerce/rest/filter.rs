//! The filters and sort orders of `GET /v2/orders`.

use std::cmp::Ordering;
use std::str::FromStr;

use jiff::Timestamp;

use super::super::model::Order;
use super::paging::Parameters;

/// What a list call asks for. A field that cannot be read is refused, by name.
#[derive(Debug, Default)]
pub(super) struct OrderFilter {
    min_id: Option<u64>,
    max_id: Option<u64>,
    customer_id: Option<u64>,
    status_id: Option<u64>,
    channel_id: Option<u64>,
    email: Option<String>,
    min_date_created: Option<Timestamp>,
    max_date_created: Option<Timestamp>,
    min_date_modified: Option<Timestamp>,
    max_date_modified: Option<Timestamp>,
    sort: Sort,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sort {
    field: Field,
    descending: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Field {
    #[default]
    Id,
    CustomerId,
    DateCreated,
    DateModified,
    StatusId,
    ChannelId,
}

fn number<T: FromStr>(parameters: &Parameters, name: &'static str) -> Result<Option<T>, &'static str> {
    parameters.get(name).map(|text| text.parse().map_err(|_| name)).transpose()
}

/// RFC 2822 or ISO 8601.
fn date(parameters: &Parameters, name: &'static str) -> Result<Option<Timestamp>, &'static str> {
    let parse = |text: &String| {
        let iso = text.parse::<Timestamp>().ok();
        iso.or_else(|| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())).ok_or(name)
    };
    parameters.get(name).map(parse).transpose()
}

fn sort(parameters: &Parameters) -> Result<Sort, &'static str> {
    let Some(text) = parameters.get("sort") else { return Ok(Sort::default()) };
    let (field, direction) = text.split_once(':').unwrap_or((text, "asc"));
    let field = match field {
        "id" => Field::Id,
        "customer_id" => Field::CustomerId,
        "date_created" => Field::DateCreated,
        "date_modified" => Field::DateModified,
        "status_id" => Field::StatusId,
        "channel_id" => Field::ChannelId,
        _ => return Err("sort"),
    };
    match direction {
        "asc" => Ok(Sort { field, descending: false }),
        "desc" => Ok(Sort { field, descending: true }),
        _ => Err("sort"),
    }
}

impl OrderFilter {
    /// Reads the filters; the error is the name of the field that cannot be read.
    pub fn of(parameters: &Parameters) -> Result<Self, &'static str> {
        Ok(Self {
            min_id: number(parameters, "min_id")?,
            max_id: number(parameters, "max_id")?,
            customer_id: number(parameters, "customer_id")?,
            status_id: number(parameters, "status_id")?,
            channel_id: number(parameters, "channel_id")?,
            email: parameters.get("email").cloned(),
            min_date_created: date(parameters, "min_date_created")?,
            max_date_created: date(parameters, "max_date_created")?,
            min_date_modified: date(parameters, "min_date_modified")?,
            max_date_modified: date(parameters, "max_date_modified")?,
            sort: sort(parameters)?,
        })
    }

    /// Whether the list shows this order. Archived ones are never shown.
    pub fn shows(&self, order: &Order) -> bool {
        fn within<T: PartialOrd>(value: T, min: &Option<T>, max: &Option<T>) -> bool {
            min.as_ref().is_none_or(|min| value >= *min) && max.as_ref().is_none_or(|max| value <= *max)
        }
        !order.archived
            && within(order.id, &self.min_id, &self.max_id)
            && within(order.date_created, &self.min_date_created, &self.max_date_created)
            && within(order.date_modified, &self.min_date_modified, &self.max_date_modified)
            && self.customer_id.is_none_or(|id| order.customer_id == id)
            && self.status_id.is_none_or(|id| order.status_id == id)
            && self.channel_id.is_none_or(|id| order.channel_id == id)
            && self.email.as_ref().is_none_or(|email| order.billing.email.eq_ignore_ascii_case(email))
    }

    /// The order of the list; equal orders stay in order of id.
    pub fn compare(&self, a: &Order, b: &Order) -> Ordering {
        let ordering = match self.sort.field {
            Field::Id => a.id.cmp(&b.id),
            Field::CustomerId => a.customer_id.cmp(&b.customer_id),
            Field::DateCreated => a.date_created.cmp(&b.date_created),
            Field::DateModified => a.date_modified.cmp(&b.date_modified),
            Field::StatusId => a.status_id.cmp(&b.status_id),
            Field::ChannelId => a.channel_id.cmp(&b.channel_id),
        };
        if self.sort.descending { ordering.reverse() } else { ordering }
    }
}
