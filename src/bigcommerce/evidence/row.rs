//! Reads the fields of one row, and names order, row and field when one cannot be read.

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::accounting::money::Currency;
use crate::bigcommerce::loose::{Loose, Unreadable};

/// Why what was read of an order is no evidence. Values are shown only for amounts, ids, times and kinds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A part is not readable at all.
    #[error(
        "order {order}: the answer for {part} cannot be read ({why}); it will be read again, and if it stays so, report it to BigCommerce"
    )]
    Unreadable {
        /// The order asked for.
        order: u64,
        /// Which part.
        part: &'static str,
        /// What is wrong, without its content.
        why: String,
    },
    /// A field holds something it cannot hold.
    #[error(
        "order {order}: {row} has {field} = {found}, but it should be {expected}; correct it in BigCommerce, then replay the order"
    )]
    Field {
        /// The order.
        order: u64,
        /// Which row, for example `products 65`.
        row: String,
        /// Which field.
        field: &'static str,
        /// What is there, shortened.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A field that accounting cannot do without is missing or empty.
    #[error("order {order}: {row} has no {field}; look at the order in BigCommerce, then replay it")]
    Missing {
        /// The order.
        order: u64,
        /// Which row.
        row: String,
        /// Which field.
        field: &'static str,
    },
    /// The answer is about another order than was asked for.
    #[error(
        "order {order}: the answer is about order {found}; check the store's api_url and anything between us and BigCommerce"
    )]
    OtherOrder {
        /// The order asked for.
        order: u64,
        /// The order answered.
        found: u64,
    },
    /// Fewer units in the lines than in the header.
    #[error(
        "order {order}: a page of lines is missing: they add up to {found} items, the order says {expected}; it will be read again"
    )]
    LinesMissing {
        /// The order.
        order: u64,
        /// Units in the lines.
        found: Decimal,
        /// `items_total` of the header.
        expected: Decimal,
    },
    /// The same row came twice, so the list changed while its pages were read.
    #[error("order {order}: {row} was read twice, so the order changed while it was read; it will be read again")]
    Twice {
        /// The order.
        order: u64,
        /// Which row.
        row: String,
    },
}

impl WireError {
    /// Whether reading the order again may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::LinesMissing { .. } | Self::Twice { .. })
    }

    /// Names a row that has no id by its place in the list, counted from 1.
    pub(super) fn at(mut self, part: &str, place: usize) -> Self {
        if let Self::Field { row, .. } | Self::Missing { row, .. } = &mut self
            && row == part
        {
            *row = format!("{part}, row {place},");
        }
        self
    }
}

/// A row being read: where it is, for the errors.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) order: u64,
    pub(super) part: &'static str,
    /// Its id, once known.
    pub(super) id: Option<u64>,
}

/// `field!(row, amount, wire.total_tax)` reads `wire.total_tax` with `row.amount` under its own name.
macro_rules! field {
    ($row:expr, $read:ident, $wire:ident . $field:ident) => {
        $row.$read(stringify!($field), &$wire.$field)
    };
}
pub(super) use field;

impl Row {
    pub(super) fn new(order: u64, part: &'static str) -> Self {
        Self { order, part, id: None }
    }

    /// Reads the row's own id, which the errors after it carry.
    pub(super) fn identify(&mut self, id: &Loose) -> Result<u64, WireError> {
        let id = self.required_id("id", id)?;
        self.id = Some(id);
        Ok(id)
    }

    fn name(&self) -> String {
        self.id.map_or_else(|| self.part.to_owned(), |id| format!("{} {id}", self.part))
    }

    fn wrong(&self, field: &'static str, why: Unreadable) -> WireError {
        self.not(field, why.found, why.expected)
    }

    /// An error for a field that holds `found`.
    pub(super) fn not(&self, field: &'static str, found: String, expected: impl Into<String>) -> WireError {
        WireError::Field { order: self.order, row: self.name(), field, found, expected: expected.into() }
    }

    /// An error for a field that holds nothing.
    pub(super) fn missing(&self, field: &'static str) -> WireError {
        WireError::Missing { order: self.order, row: self.name(), field }
    }

    /// The amount, `None` when there is none.
    pub(super) fn some_amount(&self, field: &'static str, value: &Loose) -> Result<Option<Decimal>, WireError> {
        value.amount().map_err(|why| self.wrong(field, why))
    }

    /// The amount, nought when there is none.
    pub(super) fn amount(&self, field: &'static str, value: &Loose) -> Result<Decimal, WireError> {
        Ok(self.some_amount(field, value)?.unwrap_or_default())
    }

    /// The amount, which must be there.
    pub(super) fn required_amount(&self, field: &'static str, value: &Loose) -> Result<Decimal, WireError> {
        self.some_amount(field, value)?.ok_or_else(|| self.missing(field))
    }

    /// Money of a line or an address, `None` when there is none: see [`Loose::money`].
    pub(super) fn some_money(&self, field: &'static str, value: &Loose) -> Result<Option<Decimal>, WireError> {
        value.money().map_err(|why| self.wrong(field, why))
    }

    /// The same, nought when there is none.
    pub(super) fn money(&self, field: &'static str, value: &Loose) -> Result<Decimal, WireError> {
        Ok(self.some_money(field, value)?.unwrap_or_default())
    }

    /// The same, which must be there.
    pub(super) fn required_money(&self, field: &'static str, value: &Loose) -> Result<Decimal, WireError> {
        self.some_money(field, value)?.ok_or_else(|| self.missing(field))
    }

    /// The id, `None` for nought and nothing.
    pub(super) fn id(&self, field: &'static str, value: &Loose) -> Result<Option<u64>, WireError> {
        value.id().map_err(|why| self.wrong(field, why))
    }

    /// The id, which must be there.
    pub(super) fn required_id(&self, field: &'static str, value: &Loose) -> Result<u64, WireError> {
        self.id(field, value)?.ok_or_else(|| self.missing(field))
    }

    /// A small whole number such as a status; `None` when there is none.
    pub(super) fn number(&self, field: &'static str, value: &Loose) -> Result<Option<u32>, WireError> {
        let Some(whole) = value.whole().map_err(|why| self.wrong(field, why))? else { return Ok(None) };
        u32::try_from(whole).map(Some).map_err(|_| self.not(field, whole.to_string(), "a small whole number"))
    }

    /// The time, `None` when there is none.
    pub(super) fn time(&self, field: &'static str, value: &Loose) -> Result<Option<Timestamp>, WireError> {
        value.time().map_err(|why| self.wrong(field, why))
    }

    /// The time, which must be there.
    pub(super) fn required_time(&self, field: &'static str, value: &Loose) -> Result<Timestamp, WireError> {
        self.time(field, value)?.ok_or_else(|| self.missing(field))
    }

    /// The currency, `None` when there is none.
    pub(super) fn currency(&self, field: &'static str, value: &Loose) -> Result<Option<Currency>, WireError> {
        let Some(text) = value.some_text() else { return Ok(None) };
        let expected = "a currency code such as USD";
        text.parse().map(Some).map_err(|_| self.not(field, text.chars().take(12).collect(), expected))
    }

    /// The entries of an embedded list.
    pub(super) fn list<T: serde::de::DeserializeOwned>(
        &self,
        field: &'static str,
        value: &Loose,
    ) -> Result<Vec<T>, WireError> {
        // What is there may be anything, so it is not shown.
        value.list().map_err(|why| self.not(field, "something else".to_owned(), why.expected))
    }
}
