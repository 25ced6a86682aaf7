//! Values as the gateway writes them: amounts, the two date forms, booleans. The locale is always en-US (Intacct docs).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use rust_decimal::{Decimal, RoundingStrategy};

use super::refusal::Refusal;
use super::xml_tree::Element;

/// An amount: digits with a decimal point, optionally negative. More than two decimals are rounded, half up.
pub(super) fn amount(label: &str, text: &str) -> Result<Decimal, Refusal> {
    number(label, text).map(round)
}

/// A number with a decimal point; no thousands separator, exponent or plus sign.
pub(super) fn number(label: &str, text: &str) -> Result<Decimal, Refusal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain =
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let value = if plain { text.parse().ok() } else { None };
    value.ok_or_else(|| Refusal::illegal_value(label, text))
}

/// To the cent, half away from zero.
pub(super) fn round(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// An amount as the gateway prints it.
pub(super) fn print_amount(value: Decimal) -> String {
    let value = round(value);
    // A negative zero would be printed with its sign.
    let value = if value.is_zero() { Decimal::ZERO } else { value };
    format!("{value:.2}")
}

/// A date of a legacy function: `year`, `month` and `day` as elements.
pub(super) fn legacy_date(label: &str, date: &Element) -> Result<Date, Refusal> {
    let part = |name: &str| date.text_of(name).unwrap_or_default();
    let text = format!("{}/{}/{}", part("month"), part("day"), part("year"));
    generic_date(label, &text)
}

/// A date of a generic function: `MM/DD/YYYY`.
pub(super) fn generic_date(label: &str, text: &str) -> Result<Date, Refusal> {
    parse_date(text).ok_or_else(|| Refusal::illegal_value(label, text))
}

/// `MM/DD/YYYY`, the leading zeros optional.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    let digits =
        |part: &str, most: usize| !part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !digits(month, 2) || !digits(day, 2) || !digits(year, 4) || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `MM/DD/YYYY HH:MM:SS`, or a day alone for its beginning. No zone, as answers show it.
pub(super) fn parse_stamp(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    Some(parse_date(day)?.to_datetime(Time::strptime("%H:%M:%S", time).ok()?))
}

/// A date as answers show it.
pub(super) fn print_date(date: Date) -> String {
    date.strftime("%m/%d/%Y").to_string()
}

/// A moment as answers show it; without a zone.
pub(super) fn print_stamp(at: Timestamp) -> String {
    at.strftime("%m/%d/%Y %H:%M:%S").to_string()
}

/// `Draft` or `Submit`/`Posted`; the word for "at once" differs between objects.
pub(super) fn is_draft(label: &str, text: Option<&str>, posted: &str) -> Result<bool, Refusal> {
    match text {
        None => Ok(false),
        Some("Draft") => Ok(true),
        Some(text) if text == posted => Ok(false),
        Some(other) => Err(Refusal::illegal_value(label, other)),
    }
}

/// A text that may not be longer than the company's column.
pub(super) fn bounded<'a>(label: &str, text: &'a str, most: usize) -> Result<&'a str, Refusal> {
    match text.chars().count() {
        length if length > most => Err(Refusal::too_long(label, length, most)),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_plain_decimals_rounded_half_up() {
        let read = |text: &str| amount("Amount", text).map(|value| value.to_string()).ok();
        assert_eq!(read("10.005").as_deref(), Some("10.01"));
        assert_eq!(read("-10.005").as_deref(), Some("-10.01"));
        assert_eq!(read("7"), Some("7".to_owned()));
        for wrong in ["", "1,000.00", "+1", "1e3", "abc", "--1", "-", ".5", "1.2.3"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(print_amount("-0.001".parse().unwrap()), "0.00");
        assert_eq!(print_amount(7.into()), "7.00");
    }

    #[test]
    fn dates_are_month_first() {
        assert_eq!(parse_date("7/1/2026"), parse_date("07/01/2026"));
        assert_eq!(print_date(parse_date("12/31/2026").unwrap()), "12/31/2026");
        assert!(parse_stamp("07/01/2026 10:15:01") > parse_stamp("7/1/2026"));
        assert_eq!(parse_stamp("07/01/2026 10:15"), None);
        for wrong in ["2026-07-01", "13/01/2026", "02/30/2026", "07/01/26", "07/01", ""] {
            assert_eq!(parse_date(wrong), None, "{wrong}");
        }
    }
}
