//! Writing XML: the only place of the house that puts markup around text.
//!
//! Text and attribute values are escaped, and characters that XML 1.0 does not allow are left out, so no value can
//! break a request or smuggle an element into it.

use jiff::civil::Date;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use rust_decimal::Decimal;

use super::text::element_text;

/// Writes elements one after the other into memory. Element names must be names of the program, never data; names
/// that come from a company's set-up go through [`FieldName`].
pub struct XmlWriter {
    inner: Writer<Vec<u8>>,
}

impl XmlWriter {
    /// An empty document or fragment.
    pub fn new() -> Self {
        Self { inner: Writer::new(Vec::new()) }
    }

    fn put(&mut self, event: Event<'_>) {
        let written = self.inner.write_event(event);
        debug_assert!(written.is_ok(), "writing into memory cannot fail");
    }

    /// Writes `<?xml version="1.0" encoding="UTF-8"?>`.
    pub fn declaration(&mut self) {
        self.put(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    }

    /// Writes `<name>value</name>`.
    pub fn text(&mut self, name: &str, value: &str) {
        self.element(name, |writer| writer.characters(value));
    }

    /// Writes `<name>value</name>`, or nothing when there is no value.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Writes `<name/>`.
    pub fn empty(&mut self, name: &str) {
        self.put(Event::Empty(BytesStart::new(name)));
    }

    /// Writes `<name>`, whatever `content` writes, and `</name>`.
    pub fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.element_with(name, &[], content);
    }

    /// Like [`XmlWriter::element`], with attributes.
    pub fn element_with(&mut self, name: &str, attributes: &[(&str, &str)], content: impl FnOnce(&mut Self)) {
        let mut start = BytesStart::new(name);
        for (key, value) in attributes {
            start.push_attribute((*key, element_text(value).as_ref()));
        }
        self.put(Event::Start(start));
        content(self);
        self.put(Event::End(BytesEnd::new(name)));
    }

    /// Writes escaped text inside the element that is open.
    pub fn characters(&mut self, value: &str) {
        self.put(Event::Text(BytesText::new(&element_text(value))));
    }

    /// Writes an amount, see [`amount`].
    pub fn amount(&mut self, name: &str, value: Decimal) {
        self.text(name, &amount(value));
    }

    /// Writes `true` or `false`.
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.text(name, if value { "true" } else { "false" });
    }

    /// Writes a date as the object-specific functions want it: year, month and day in elements of their own
    /// (Intacct docs, XML API data types). No time, no zone.
    pub fn split_date(&mut self, name: &str, date: Date) {
        self.element(name, |writer| {
            writer.text("year", &format!("{:04}", date.year()));
            writer.text("month", &format!("{:02}", date.month()));
            writer.text("day", &format!("{:02}", date.day()));
        });
    }

    /// Writes a date as the generic functions want it: `MM/DD/YYYY` (Intacct docs, XML API data types).
    pub fn slash_date(&mut self, name: &str, date: Date) {
        self.text(name, &slash_date(date));
    }

    /// The text written so far.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.inner.into_inner()).into_owned()
    }
}

impl Default for XmlWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// A date as generic functions and queries write it: `MM/DD/YYYY`.
pub fn slash_date(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.month(), date.day(), date.year())
}

/// An amount in plain digits: a point, at least two decimals, no thousands separators, no exponent, no minus zero.
/// Intacct rounds what is finer than two decimals, so round to the currency before (Intacct docs, AR invoices).
pub fn amount(value: Decimal) -> String {
    let mut value = if value.is_zero() { Decimal::ZERO } else { value.normalize() };
    if value.scale() < 2 {
        value.rescale(2);
    }
    value.to_string()
}

/// The integration name of a field that a company added itself, used as an element name: letters, digits and
/// underscores, not starting with a digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldName(String);

/// A text that cannot be the integration name of a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be an Intacct field name: use its integration name (letters, digits, underscores), as shown in Platform Services or Customization Services"
)]
pub struct InvalidFieldName(String);

impl FieldName {
    /// Takes a name that a person configured.
    ///
    /// # Errors
    /// [`InvalidFieldName`] when it could not be an XML element of that company.
    pub fn new(name: &str) -> Result<Self, InvalidFieldName> {
        let mut characters = name.chars();
        let starts_well = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if starts_well && characters.all(|next| next.is_ascii_alphanumeric() || next == '_') {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidFieldName(name.to_owned()))
        }
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(content: impl FnOnce(&mut XmlWriter)) -> String {
        let mut writer = XmlWriter::new();
        content(&mut writer);
        writer.finish()
    }

    #[test]
    fn text_is_escaped_and_cannot_smuggle_elements() {
        assert_eq!(
            written(|writer| writer.text("memo", "O'Hara & Sons</memo><amount>1</amount>")),
            "<memo>O&apos;Hara &amp; Sons&lt;/memo&gt;&lt;amount&gt;1&lt;/amount&gt;</memo>"
        );
    }

    #[test]
    fn attributes_are_escaped() {
        assert_eq!(
            written(|writer| writer.element_with("function", &[("controlid", "a\"b<c&d")], |_| {})),
            r#"<function controlid="a&quot;b&lt;c&amp;d"></function>"#
        );
    }

    #[test]
    fn characters_that_xml_forbids_are_left_out() {
        assert_eq!(
            written(|writer| writer.text("memo", "a\u{0}b\u{8}c\u{b}\u{1f}d\u{fffe}e\tf\ng😀")),
            "<memo>abcde\tf\ng😀</memo>"
        );
    }

    #[test]
    fn amounts_have_two_decimals_or_more_and_never_an_exponent() {
        let cases = [
            ("0", "0.00"),
            ("-0.000", "0.00"),
            ("12", "12.00"),
            ("12.5", "12.50"),
            ("-5.00", "-5.00"),
            ("12.3450", "12.345"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
            ("0.0000000001", "0.0000000001"),
            ("1000000", "1000000.00"),
        ];
        for (given, expected) in cases {
            assert_eq!(amount(given.parse().unwrap()), expected, "{given}");
        }
    }

    #[test]
    fn dates_have_two_shapes() {
        let day: Date = "2026-03-05".parse().unwrap();
        assert_eq!(
            written(|writer| writer.split_date("datedue", day)),
            "<datedue><year>2026</year><month>03</month><day>05</day></datedue>"
        );
        assert_eq!(slash_date(day), "03/05/2026");
    }

    #[test]
    fn field_names_from_a_set_up_are_checked() {
        assert!(FieldName::new("BC_ORDER_ID").is_ok());
        for bad in ["", "1A", "A B", "A><B", "A:B", "é"] {
            assert!(FieldName::new(bad).is_err(), "{bad}");
        }
    }
}
