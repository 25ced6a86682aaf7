//! Reading XML: a small tree of elements, for text that comes from outside and may be anything.
//!
//! Names are local names (prefixes dropped), comments and instructions are skipped. A DOCTYPE is refused, so no
//! entity can be declared; depth and number of elements are bounded.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::xml::XmlWriter;

const DEEPEST: usize = 64;
const MOST_ELEMENTS: usize = 1_000_000;

/// One element with its attributes, its own text and its children in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Local name, for example `result` or `DISPLAYCONTACT.EMAIL1`.
    pub name: String,
    /// Attributes in order, by local name.
    pub attributes: Vec<(String, String)>,
    /// All text directly inside this element, entities resolved.
    pub text: String,
    /// The elements inside this one, in order.
    pub children: Vec<Element>,
}

/// Why a text could not be read as one XML document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no element at all.
    #[error("the text is not XML")]
    NotXml,
    /// The markup is broken; the reader's own words.
    #[error("the XML is broken: {0}")]
    Broken(String),
    /// The text ends before its elements do.
    #[error("the XML ends in the middle")]
    Truncated,
    /// There is a second root element, or text beside the root.
    #[error("the XML has more than one root")]
    SeveralRoots,
    /// The text brings its own document type.
    #[error("the XML declares a document type, which is refused")]
    Doctype,
    /// More depth or elements than any honest answer has.
    #[error("the XML is too large or too deep")]
    TooLarge,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of that name, in order.
    pub fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element at the end of a path of names, taking the first of each.
    pub fn find(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The trimmed text of the first child of that name; `None` when there is no such child or it is empty.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The element as XML again, without the blanks between its children.
    pub fn to_xml(&self) -> String {
        let mut writer = XmlWriter::new();
        self.write(&mut writer);
        writer.finish()
    }

    fn write(&self, writer: &mut XmlWriter) {
        let attributes: Vec<_> = self.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        writer.element_with(&self.name, &attributes, |writer| {
            if !self.text.trim().is_empty() {
                writer.characters(&self.text);
            }
            self.children.iter().for_each(|child| child.write(writer));
        });
    }
}

/// Reads one document. Bytes that are not UTF-8 become U+FFFD, so that one bad name does not hide an answer.
///
/// # Errors
/// [`ReadError`] for everything that is not exactly one well-formed root element.
pub fn read(bytes: &[u8]) -> Result<Element, ReadError> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut tree = Tree::default();
    loop {
        match reader.read_event().map_err(|error| ReadError::Broken(error.to_string()))? {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.characters(&text.xml_content(XmlVersion::Implicit1_0))?,
            Event::CData(data) => tree.characters(&data)?,
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character.to_string(),
                    Ok(None) => entity(&reference)?.to_owned(),
                    Err(error) => return Err(ReadError::Broken(error.to_string())),
                };
                tree.characters(&resolved)?;
            }
            Event::DocType(_) => return Err(ReadError::Doctype),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return tree.finish(),
        }
    }
}

fn entity(name: &str) -> Result<&'static str, ReadError> {
    quick_xml::escape::resolve_predefined_entity(name)
        .ok_or_else(|| ReadError::Broken(format!("the entity {name:?} is not known")))
}

/// The elements that are open, innermost last, and the root once it is closed.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), ReadError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(ReadError::SeveralRoots);
        }
        self.elements += 1;
        if self.open.len() >= DEEPEST || self.elements > MOST_ELEMENTS {
            return Err(ReadError::TooLarge);
        }
        let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| ReadError::Broken(error.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| ReadError::Broken(error.to_string()))?;
            element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), ReadError> {
        let closed = self.open.pop().ok_or_else(|| ReadError::Broken("an element ends that never began".into()))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => self.root = Some(closed),
        }
        Ok(())
    }

    fn characters(&mut self, text: &str) -> Result<(), ReadError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None if self.root.is_some() => return Err(ReadError::SeveralRoots),
            None => return Err(ReadError::NotXml),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, ReadError> {
        if !self.open.is_empty() {
            return Err(ReadError::Truncated);
        }
        self.root.ok_or(ReadError::NotXml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_text_attributes_and_entities_are_read() {
        let root = read(
            b"\xef\xbb\xbf<?xml version=\"1.0\"?><!-- c --><x:a n=\"1 &amp; 2\"><b>&#039;5&#x41;&lt;</b><b><![CDATA[<i>]]></b><c/></x:a>",
        )
        .unwrap();
        assert_eq!(root.name, "a");
        assert_eq!(root.attribute("n"), Some("1 & 2"));
        assert_eq!(root.children_named("b").map(|b| b.text.as_str()).collect::<Vec<_>>(), ["'5A<", "<i>"]);
        assert_eq!(root.text_of("c"), None);
        assert_eq!(root.to_xml(), r#"<a n="1 &amp; 2"><b>&apos;5A&lt;</b><b>&lt;i&gt;</b><c></c></a>"#);
    }

    #[test]
    fn what_is_not_one_document_is_refused() {
        assert_eq!(read(b""), Err(ReadError::NotXml));
        assert_eq!(read(b"API rate limit exceeded"), Err(ReadError::NotXml));
        assert_eq!(read(b"<a/><b/>"), Err(ReadError::SeveralRoots));
        assert_eq!(read(b"<a/>text"), Err(ReadError::SeveralRoots));
        assert_eq!(read(b"<a><b>half"), Err(ReadError::Truncated));
        assert_eq!(read(b"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"), Err(ReadError::Doctype));
        assert!(matches!(read(b"<a>&unknown;</a>"), Err(ReadError::Broken(_))));
        assert!(matches!(read(b"<a></b>"), Err(ReadError::Broken(_))));
        assert!(matches!(read(b"</a>"), Err(ReadError::Broken(_))));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "<a>".repeat(100_000);
        assert_eq!(read(deep.as_bytes()), Err(ReadError::TooLarge));
    }

    #[test]
    fn bytes_that_are_no_utf8_do_not_hide_the_rest() {
        let root = read(b"<a><key>12</key><name>Zo\xeb</name></a>").unwrap();
        assert_eq!(root.text_of("key"), Some("12"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_is_read_back(text in ".*", attribute in "[^\\p{Cc}]*") {
            let mut writer = XmlWriter::new();
            writer.element_with("memo", &[("id", &attribute)], |writer| writer.characters(&text));
            let element = read(writer.finish().as_bytes()).unwrap();
            assert_eq!(element.text, crate::intacct::text::element_text(&text));
            assert_eq!(element.attribute("id"), Some(crate::intacct::text::element_text(&attribute).as_ref()));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, markup in "[<>/!?a&;#x0-9\\[\\]\"' =-]{0,60}") {
            let _ = read(&bytes);
            let _ = read(markup.as_bytes());
        }
    }
}
