//! One JSON value whose shape BigCommerce does not keep to: read as an amount, an id, a text, a time or a list.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::accounting::money;

/// A value in its literal text, so that money never passes through a float. `null` and a missing key are the same.
///
/// The wire uses `""`, `null`, `{}`, `[]` and a missing key for "nothing", and strings for numbers, by field and by age
/// of the order (BigCommerce, Orders V2 and V3).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Loose(Option<Box<RawValue>>);

/// A value that cannot be read as what it should be: what was found (shortened), and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) found: String,
    pub(super) expected: &'static str,
}

impl Loose {
    fn literal(&self) -> &str {
        self.0.as_ref().map_or("", |raw| raw.get().trim())
    }

    fn unreadable(&self, expected: &'static str) -> Unreadable {
        Unreadable { found: self.literal().chars().take(40).collect(), expected }
    }

    /// The decoded text of a string or the literal text of a number or boolean; empty for everything else.
    ///
    /// Control characters become blanks: neither Postgres nor XML can hold all of them.
    pub(super) fn text(&self) -> String {
        self.decoded().into_owned()
    }

    /// The [text](Self::text); most amounts, ids and names stand in the answer as they are.
    fn decoded(&self) -> Cow<'_, str> {
        let literal = self.literal();
        let text = match literal.as_bytes().first() {
            None | Some(b'{' | b'[' | b'n') => Cow::Borrowed(""),
            // Half a surrogate pair cannot be decoded; then the text is shown as it was written.
            Some(b'"') if literal.contains('\\') => {
                serde_json::from_str(literal).map_or_else(|_| Cow::Borrowed(literal.trim_matches('"')), Cow::Owned)
            }
            Some(b'"') => Cow::Borrowed(literal.trim_matches('"')),
            Some(_) => Cow::Borrowed(literal),
        };
        match text {
            text if text.contains(char::is_control) => {
                Cow::Owned(text.replace(char::is_control, " ").trim().to_owned())
            }
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        }
    }

    /// The text, or `None` when there is none.
    pub(super) fn some_text(&self) -> Option<String> {
        Some(self.text()).filter(|text| !text.is_empty())
    }

    /// An amount, quantity or rate, from its literal text.
    pub(super) fn amount(&self) -> Result<Option<Decimal>, Unreadable> {
        let text = self.decoded();
        if text.is_empty() {
            return Ok(None);
        }
        money::parse_amount(&text).map(Some).map_err(|_| self.unreadable("a decimal number"))
    }

    /// Money of Orders V2, which keeps four decimals: lists write it as text (`"5.1000"`), consignments as a JSON number
    /// (`5.1`). Both read the same.
    pub(super) fn money(&self) -> Result<Option<Decimal>, Unreadable> {
        let is_number = self.literal().starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let at_four_decimals = |mut amount: Decimal| {
            amount.rescale(4);
            amount
        };
        Ok(self.amount()?.map(|amount| if is_number { at_four_decimals(amount) } else { amount }))
    }

    /// An id or a whole number that is not negative; 0 is kept.
    pub(super) fn whole(&self) -> Result<Option<u64>, Unreadable> {
        let text = self.decoded();
        if text.is_empty() {
            return Ok(None);
        }
        let whole = text.strip_suffix(".0").unwrap_or(&text);
        whole.parse().map(Some).map_err(|_| self.unreadable("a whole number"))
    }

    /// An id. 0 means none: custom products, guests and goods that do not ship have it.
    pub(super) fn id(&self) -> Result<Option<u64>, Unreadable> {
        Ok(self.whole()?.filter(|id| *id != 0))
    }

    /// True for `true`, `1` and their strings.
    pub(super) fn flag(&self) -> bool {
        matches!(&*self.decoded(), "true" | "1")
    }

    /// A time: RFC 2822 (Orders V2), ISO 8601 (V3) or seconds since 1970 (webhooks, gift certificates).
    pub(super) fn time(&self) -> Result<Option<Timestamp>, Unreadable> {
        let Some(text) = self.some_text() else { return Ok(None) };
        // The weekday is only told for people; a wrong one is no reason to refuse the order.
        const RFC2822: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
        let seconds = || text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let time = seconds().or_else(|| text.parse().ok()).or_else(|| RFC2822.parse_timestamp(&text).ok());
        time.map(Some).ok_or_else(|| self.unreadable("a date such as 'Tue, 05 Mar 2019 21:40:11 +0000'"))
    }

    /// Whether it is an embedded list, not a link to one.
    pub(super) fn is_list(&self) -> bool {
        self.literal().starts_with('[')
    }

    /// The entries of a list; empty for "nothing" and for a link to a list, which is an object.
    pub(super) fn list<T: DeserializeOwned>(&self) -> Result<Vec<T>, Unreadable> {
        if self.is_nothing() || self.literal().starts_with('{') {
            return Ok(Vec::new());
        }
        if !self.is_list() {
            return Err(self.unreadable("a list of objects"));
        }
        let entries: Result<Vec<T>, _> = serde_json::from_str::<Vec<&RawValue>>(self.literal())
            .and_then(|entries| entries.iter().map(|entry| object(entry.get().as_bytes())).collect());
        entries.map_err(|_| self.unreadable("a list of objects"))
    }

    /// The entries of a list as they stand there, whatever they are.
    pub(super) fn rows(&self) -> Result<Vec<Box<RawValue>>, serde_json::Error> {
        serde_json::from_str(self.literal())
    }

    /// Whether it says that there is nothing: `null`, `""`, `{}`, `[]` or a missing key.
    pub(super) fn is_nothing(&self) -> bool {
        let literal = self.literal();
        let hollow = |(open, close)| {
            let inside = literal.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            inside.is_some_and(|inside: &str| inside.trim().is_empty())
        };
        literal.is_empty() || literal == "null" || [('{', '}'), ('[', ']'), ('"', '"')].into_iter().any(hollow)
    }

    /// The object, or `None` for everything that is none.
    pub(super) fn object<T: DeserializeOwned>(&self) -> Option<T> {
        object(self.literal().as_bytes()).ok()
    }
}

/// Reads an object. Serde by itself would take an array too, for the fields in the order they are declared in.
///
/// # Errors
/// The text is not JSON, or no object.
pub(super) fn object<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    if text.trim_ascii_start().first() == Some(&b'[') {
        return Err(serde::de::Error::custom("an array"));
    }
    serde_json::from_slice(text)
}

/// Where and how JSON is broken, without quoting it: it may hold personal data.
pub(super) fn where_broken(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "it has another shape",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is broken",
    };
    if error.line() == 0 {
        return what.to_owned();
    }
    format!("{what}, at line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loose(json: &str) -> Loose {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn amounts_come_in_every_shape() {
        for (json, amount) in [
            (r#""361.9500""#, Some("361.95")),
            ("924.47", Some("924.47")),
            ("0", Some("0")),
            ("1.5e1", Some("15")),
            ("-5.0000", Some("-5")),
            (r#""""#, None),
            ("null", None),
            ("{}", None),
            ("[]", None),
        ] {
            let expected = amount.map(|text| money::parse_amount(text).unwrap());
            assert_eq!(loose(json).amount(), Ok(expected), "{json}");
        }
        assert_eq!(Loose::default().amount(), Ok(None));
    }

    #[test]
    fn an_amount_keeps_digits_that_a_float_would_lose() {
        assert_eq!(loose("90071992547.409931234").amount().unwrap().unwrap().to_string(), "90071992547.409931234");
        assert_eq!(loose("0.1000000000000000055").amount().unwrap().unwrap().to_string(), "0.1000000000000000055");
    }

    #[test]
    fn what_is_no_amount_is_shown_shortened() {
        let error = loose(r#""twelve""#).amount().unwrap_err();
        assert_eq!((error.found.as_str(), error.expected), (r#""twelve""#, "a decimal number"));
        assert_eq!(loose(&format!("\"{}\"", "x".repeat(500))).amount().unwrap_err().found.len(), 40);
        assert!(loose("true").amount().is_err());
    }

    #[test]
    fn ids_are_numbers_or_strings_and_nought_is_none() {
        assert_eq!(loose("118").id(), Ok(Some(118)));
        assert_eq!(loose(r#""118""#).id(), Ok(Some(118)));
        assert_eq!(loose("118.0").id(), Ok(Some(118)));
        assert_eq!(loose("0").id(), Ok(None));
        assert_eq!(loose("{}").id(), Ok(None));
        assert!(loose("-1").id().is_err());
        assert!(loose(r#""a1""#).id().is_err());
        assert!(loose("18446744073709551616").id().is_err());
    }

    #[test]
    fn times_come_in_three_forms() {
        let expected: Timestamp = "2019-03-05T21:40:11Z".parse().unwrap();
        for json in [
            r#""Tue, 05 Mar 2019 21:40:11 +0000""#,
            r#""Mon, 05 Mar 2019 21:40:11 +0000""#,
            r#""2019-03-05T21:40:11+00:00""#,
            r#""2019-03-05T16:40:11-05:00""#,
            "1551822011",
            r#""1551822011""#,
        ] {
            assert_eq!(loose(json).time(), Ok(Some(expected)), "{json}");
        }
        assert_eq!(loose(r#""""#).time(), Ok(None));
        assert!(loose(r#""yesterday""#).time().is_err());
    }

    #[test]
    fn texts_are_cleaned() {
        assert_eq!(loose(r#"" caf\u00e9\u0000 \n x ""#).text(), "café    x");
        assert_eq!(loose(r#""\ud800""#).text(), r"\ud800");
        assert_eq!([loose("null").text(), loose("{}").text(), loose("[1]").text()], ["", "", ""]);
        assert_eq!([loose("12").text(), loose("true").text()], ["12", "true"]);
    }

    #[test]
    fn nothing_is_written_in_many_ways() {
        for json in ["null", "\"\"", "{}", "{ }", "[]", "[ \n]"] {
            assert!(loose(json).is_nothing(), "{json}");
        }
        for json in ["0", "false", "\"none\"", "{\"id\":1}", "[0]", "[{}]", "[[]]", "{\"\":{}}"] {
            assert!(!loose(json).is_nothing(), "{json}");
        }
        assert!(Loose::default().is_nothing());
    }

    #[test]
    fn a_link_to_a_list_has_no_entries() {
        let link = loose(r#"{"url":"https://api.example/fees","resource":"/fees"}"#);
        assert!(!link.is_list());
        assert_eq!(link.list::<Loose>().unwrap().len(), 0);
        assert_eq!(loose("[1,2]").list::<Loose>().unwrap().len(), 2);
        assert!(loose("\"none\"").list::<Loose>().is_err() && loose("0").list::<Loose>().is_err());
        assert!(loose("[[1],[2]]").list::<std::collections::BTreeMap<String, Loose>>().is_err());
        assert!(loose("[1,2]").list::<std::collections::BTreeMap<String, Loose>>().is_err());
    }
}
