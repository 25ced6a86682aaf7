//! XML as a small tree of elements: strict reading, and writing with the gateway's numeric entities.

use std::fmt::Write as _;

use quick_xml::XmlVersion;
use quick_xml::errors::{Error as XmlError, IllFormedError};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

/// Elements nested deeper than this are refused.
const DEEPEST: usize = 32;
/// A document of more elements than this is refused.
const MOST_ELEMENTS: usize = 250_000;

/// One XML element: its name, attributes, children in order, and its own text (outer white space removed).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

impl Element {
    /// An element without attributes and content.
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// An element that holds only text.
    pub(super) fn leaf(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), ..Self::default() }
    }

    /// The same element with one attribute more.
    pub(super) fn attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), value.into()));
        self
    }

    /// The same element with one child more.
    pub(super) fn child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// The same element with these children added.
    pub(super) fn with(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// The first child of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of that name; `None` when it is missing or empty.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name).map(|child| child.text.as_str()).filter(|text| !text.is_empty())
    }

    /// The value of an attribute.
    pub(super) fn attribute_of(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The document as text, with declaration; `indented` as `includewhitespace` asks.
    pub(super) fn to_document(&self, indented: bool) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut out, indented.then_some(0));
        if indented {
            out.push('\n');
        }
        out
    }

    fn write(&self, out: &mut String, level: Option<usize>) {
        let indent = |out: &mut String, level: usize| out.extend(std::iter::repeat_n("  ", level));
        if let Some(level) = level {
            indent(out, level);
        }
        let _ = write!(out, "<{}", self.name);
        for (key, value) in &self.attributes {
            let _ = write!(out, " {key}=\"");
            escape(out, value);
            out.push('"');
        }
        if self.children.is_empty() && self.text.is_empty() && !self.attributes.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        escape(out, &self.text);
        for child in &self.children {
            if level.is_some() {
                out.push('\n');
            }
            child.write(out, level.map(|level| level + 1));
        }
        if let (Some(level), false) = (level, self.children.is_empty()) {
            out.push('\n');
            indent(out, level);
        }
        let _ = write!(out, "</{}>", self.name);
    }
}

/// Escapes text the way the gateway does: an apostrophe comes back as `&#039;` (Intacct docs, responses).
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#039;"),
            other => out.push(other),
        }
    }
}

/// Why a body is not a document, in the words of the gateway's parser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("XML Parse schema error: Fatal Error {code}: {message}. Line: {line}, column: {column}.")]
pub(super) struct Malformed {
    code: u16,
    message: String,
    line: usize,
    column: usize,
}

/// Reads a whole document into a tree.
///
/// Refused: bytes that are not UTF-8, anything malformed, a document type declaration, unknown entities, characters
/// that XML 1.0 forbids, a second root, and documents nested or branched beyond reason.
pub(super) fn parse(body: &[u8]) -> Result<Element, Malformed> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let before = body.get(..error.valid_up_to()).unwrap_or_default();
            return Err(at(&String::from_utf8_lossy(before), 9, "Input is not proper UTF-8, indicate encoding !"));
        }
    };
    let mut reader = Reader::from_str(text);
    let mut builder = Builder::default();
    loop {
        let start = reader.buffer_position();
        let event = reader.read_event();
        let seen = usize::try_from(reader.buffer_position().max(start)).unwrap_or(text.len());
        let seen = text.get(..seen).unwrap_or(text);
        match event {
            Ok(Event::Eof) => return builder.finish().map_err(|(code, message)| at(seen, code, &message)),
            Ok(event) => builder.take(event).map_err(|(code, message)| at(seen, code, &message))?,
            Err(error) => {
                let (code, message) = builder.explain(&error);
                return Err(at(seen, code, &message));
            }
        }
    }
}

/// A parser complaint: libxml's number and its text.
type Complaint = (u16, String);

#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), Complaint> {
        match event {
            Event::Start(start) => self.enter(&start),
            Event::Empty(start) => {
                self.enter(&start)?;
                self.leave();
                Ok(())
            }
            Event::End(_) => {
                self.leave();
                Ok(())
            }
            Event::Text(text) => self.characters(&text.xml10_content()),
            Event::CData(data) => self.characters(&data.into_inner()),
            Event::GeneralRef(reference) => {
                let character = resolve(&reference)?;
                self.characters(character.encode_utf8(&mut [0; 4]))
            }
            Event::DocType(_) => Err((1, "A document type declaration is not allowed".to_owned())),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn enter(&mut self, start: &BytesStart<'_>) -> Result<(), Complaint> {
        if self.root.is_some() {
            return Err((5, "Extra content at the end of the document".to_owned()));
        }
        self.elements += 1;
        if self.open.len() >= DEEPEST || self.elements > MOST_ELEMENTS {
            return Err((1, "Excessive depth or size of the document".to_owned()));
        }
        let mut element = Element::new(start.name().into_inner());
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| (39, format!("AttValue: {error}")))?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|error| (39, format!("AttValue: {error}")))?;
            check_characters(&value)?;
            element.attributes.push((attribute.key.into_inner().to_owned(), value.into_owned()));
        }
        self.open.push(element);
        Ok(())
    }

    fn leave(&mut self) {
        let Some(mut element) = self.open.pop() else { return };
        let trimmed = element.text.trim();
        if trimmed.len() != element.text.len() {
            element.text = trimmed.to_owned();
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn characters(&mut self, text: &str) -> Result<(), Complaint> {
        check_characters(text)?;
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None if self.root.is_some() => return Err((5, "Extra content at the end of the document".to_owned())),
            None => return Err((4, "Start tag expected, '<' not found".to_owned())),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Element, Complaint> {
        match (self.open.pop(), self.root) {
            (Some(open), _) => Err((77, format!("Premature end of data in tag {}", open.name))),
            (None, Some(root)) => Ok(root),
            (None, None) => Err((4, "Start tag expected, '<' not found".to_owned())),
        }
    }

    fn explain(&self, error: &XmlError) -> Complaint {
        match error {
            XmlError::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                (76, format!("Opening and ending tag mismatch: {expected} and {found}"))
            }
            XmlError::IllFormed(IllFormedError::MissingEndTag(name)) => {
                (77, format!("Premature end of data in tag {name}"))
            }
            other => (68, other.to_string()),
        }
    }
}

/// The five entities of XML and character references; a document cannot define its own.
fn resolve(reference: &BytesRef<'_>) -> Result<char, Complaint> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => return Ok(character),
        Ok(None) => {}
        Err(error) => return Err((9, format!("xmlParseCharRef: {error}"))),
    }
    let name: &str = &reference.xml10_content();
    Ok(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        other => return Err((26, format!("Entity '{other}' not defined"))),
    })
}

fn check_characters(text: &str) -> Result<(), Complaint> {
    let forbidden = |c: &char| (*c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    match text.chars().find(forbidden) {
        Some(character) => Err((9, format!("PCDATA invalid Char value {}", u32::from(character)))),
        None => Ok(()),
    }
}

fn at(seen: &str, code: u16, message: &str) -> Malformed {
    let line = seen.matches('\n').count() + 1;
    let column = seen.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    Malformed { code, message: message.to_owned(), line, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_and_written_back() {
        let root = parse(
            b"<?xml version='1.0'?><a x='1 &amp; 2'>\n <b>O&apos;Hara &lt;&#38;&gt; <![CDATA[<raw>]]></b><c/>\n</a>",
        )
        .unwrap();
        assert_eq!(root.attribute_of("x"), Some("1 & 2"));
        assert_eq!(root.text_of("b"), Some("O'Hara <&> <raw>"));
        assert_eq!(root.text_of("c"), None);
        let written = root.to_document(false);
        assert!(written.contains("O&#039;Hara &lt;&amp;&gt; &lt;raw&gt;"), "{written}");
        assert_eq!(parse(root.to_document(true).as_bytes()).unwrap(), root);
    }

    #[test]
    fn what_is_not_one_well_formed_document_is_refused() {
        for (body, expected) in [
            ("<a><b></a>", "Fatal Error 76: Opening and ending tag mismatch: b and a"),
            ("<a/><b/>", "Fatal Error 5: Extra content"),
            ("<a/>tail", "Fatal Error 5: Extra content"),
            ("<a>", "Fatal Error 77: Premature end of data in tag a"),
            ("", "Fatal Error 4: Start tag expected"),
            ("API", "Fatal Error 4: Start tag expected"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type declaration"),
            ("<a>&x;</a>", "Fatal Error 26: Entity 'x' not defined"),
            ("<a>\u{1}</a>", "Fatal Error 9: PCDATA invalid Char value 1"),
            ("<a>&#1;</a>", "Fatal Error 9"),
            ("<a b='1' b='2'/>", "Fatal Error 39"),
        ] {
            let error = parse(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
        assert!(parse(&[b'<', 0xff]).is_err());
        assert!(parse("<a>".repeat(DEEPEST + 1).as_bytes()).unwrap_err().to_string().contains("Excessive"));
    }

    #[test]
    fn an_error_names_its_place() {
        assert!(parse(b"<a>\n  <b></c></a>").unwrap_err().to_string().contains("Line: 2"));
    }
}
