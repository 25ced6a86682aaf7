//! Hashes of facts: SHA-256 of their JSON, so that the same facts have the same hash for ever.
//!
//! The JSON is that of `serde_json`, byte for byte. It is written here because a fifth of a derivation would go into it
//! otherwise: names of fields are known to have nothing to escape, and texts are looked at as a whole first.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};
use serde_json::Error;
use sha2::{Digest, Sha256};

/// Room for the facts of most orders.
const USUAL_LENGTH: usize = 16 * 1024;

/// SHA-256 of a value's JSON, in lower-case hexadecimal. Struct fields serialise in their written order and maps are
/// sorted, so the same value has the same hash for ever.
pub(crate) fn hash_of<T: Serialize + ?Sized>(value: &T) -> String {
    hexadecimal(&Sha256::digest(json(value)))
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A value as compact JSON; nothing for what has none.
fn json<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut text = Text(Vec::with_capacity(USUAL_LENGTH));
    match value.serialize(&mut text) {
        Ok(()) => text.0,
        Err(_) => Vec::new(),
    }
}

/// JSON while it is written.
struct Text(Vec<u8>);

impl Text {
    fn put(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A text between quotes that has nothing to escape.
    fn plain(&mut self, text: &str) {
        self.0.push(b'"');
        self.put(text);
        self.0.push(b'"');
    }

    /// Begins a list or an object.
    fn open(&mut self, begin: &str, end: &'static str) -> Open<'_> {
        self.put(begin);
        Open { text: self, empty: true, end }
    }

    /// Begins a list or an object that stands for one variant of an enum: `{"name":[...]}`.
    fn open_variant(&mut self, name: &str, begin: &str, end: &'static str) -> Open<'_> {
        self.put("{");
        self.plain(name);
        self.put(":");
        self.open(begin, end)
    }
}

/// A list or an object while it is written.
struct Open<'a> {
    text: &'a mut Text,
    empty: bool,
    end: &'static str,
}

impl Open<'_> {
    fn comma(&mut self) {
        if !std::mem::take(&mut self.empty) {
            self.text.0.push(b',');
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.comma();
        value.serialize(&mut *self.text)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.comma();
        self.text.plain(name);
        self.text.0.push(b':');
        value.serialize(&mut *self.text)
    }

    fn close(self) -> Result<(), Error> {
        self.text.put(self.end);
        Ok(())
    }
}

/// Numbers are written as `serde_json` writes them.
macro_rules! numbers {
    ($($method:ident: $number:ty),*) => {
        $(fn $method(self, number: $number) -> Result<(), Error> {
            serde_json::to_writer(&mut self.0, &number)
        })*
    };
}

impl<'a> Serializer for &'a mut Text {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    numbers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_f32: f32, serialize_f64: f64
    );

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.put(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, letter: char) -> Result<(), Error> {
        self.serialize_str(letter.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        // Without a way out in between, so that many bytes are looked at in one step.
        let odd = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        if text.bytes().fold(false, |found, byte| found | odd(byte)) {
            return serde_json::to_writer(&mut self.0, text);
        }
        self.plain(text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Error> {
        self.collect_seq(bytes)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.put("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.plain(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut object = self.open("{", "}");
        object.field(variant, value)?;
        object.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a>, Error> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'a>, Error> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Error> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Error> {
        Ok(self.open_variant(variant, "[", "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a>, Error> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Error> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Error> {
        Ok(self.open_variant(variant, "{", "}}"))
    }
}

impl SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.comma();
        let start = self.text.0.len();
        key.serialize(&mut *self.text)?;
        if self.text.0.get(start) != Some(&b'"') {
            // A number: names of fields are texts in JSON.
            self.text.0.insert(start, b'"');
            self.text.0.push(b'"');
        }
        self.text.0.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.text)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

/// Lists and objects of every kind are written alike.
macro_rules! written_alike {
    ($($kind:ident: $method:ident($($name:ident)?) by $by:ident),* $(,)?) => {
        $(impl $kind for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Result<(), Error> {
                self.$by($($name,)? value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        })*
    };
}

written_alike!(
    SerializeSeq: serialize_element() by element,
    SerializeTuple: serialize_element() by element,
    SerializeTupleStruct: serialize_field() by element,
    SerializeTupleVariant: serialize_field() by element,
    SerializeStruct: serialize_field(name) by field,
    SerializeStructVariant: serialize_field(name) by field,
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::testing::{Case, units};
    use super::*;

    fn theirs<T: Serialize + ?Sized>(value: &T) -> String {
        serde_json::to_string(value).unwrap()
    }

    fn ours<T: Serialize + ?Sized>(value: &T) -> String {
        String::from_utf8(json(value)).unwrap()
    }

    #[derive(Serialize)]
    enum Shape {
        Unit,
        Newtype(u8),
        Tuple(i64, Option<&'static str>),
        Struct { a: f64, b: Vec<Shape> },
    }

    #[derive(Serialize)]
    struct Nothing;

    #[derive(Serialize)]
    struct Wrapped(char);

    #[derive(Serialize)]
    struct Pair(bool, ());

    #[derive(Serialize)]
    struct Everything {
        list: Vec<Shape>,
        #[serde(skip_serializing_if = "Option::is_none")]
        left_out: Option<u8>,
        by_number: BTreeMap<i32, u64>,
        by_text: BTreeMap<&'static str, Pair>,
        rest: (Nothing, Wrapped, [u16; 0], i128),
    }

    #[test]
    fn every_shape_of_data_is_written_as_serde_json_writes_it() {
        let inner = Shape::Struct { a: 0.1, b: vec![] };
        let list =
            vec![Shape::Unit, Shape::Newtype(7), Shape::Tuple(-1, None), Shape::Struct { a: 1e30, b: vec![inner] }];
        let by_number = BTreeMap::from([(-1, u64::MAX), (2, 0)]);
        let by_text = BTreeMap::from([("a \"b\"", Pair(true, ())), ("", Pair(false, ()))]);
        let value = Everything { list, left_out: None, by_number, by_text, rest: (Nothing, Wrapped('\n'), [], -5) };
        assert_eq!(ours(&value), theirs(&value));
    }

    #[test]
    fn orders_and_documents_are_written_as_serde_json_writes_them() {
        let case =
            Case::new().line("TS-\"1\"", "3", "120.00", "9.90").discount("coupon", "6.00").tax("Tax", "8.25", "9.90");
        let case = case.paid(9001, "stripe", "123.90").refund(12, "41.30", "3.30", "stripe", vec![units(1, "1")]);
        assert_eq!(ours(&case.evidence), theirs(&case.evidence));
        let derivation = case.derive();
        assert_eq!(ours(&derivation), theirs(&derivation));
        assert!(derivation.documents.len() > 1);
    }

    #[test]
    fn a_hash_is_what_sha_256_says() {
        assert_eq!(hash_of(&()), "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b");
    }

    proptest! {
        #[test]
        fn every_text_is_escaped_as_serde_json_escapes_it(text in ".{0,40}", odd in "[\u{0}-\u{7f}\u{2028}é]{0,40}") {
            prop_assert_eq!(ours(&text), theirs(&text));
            prop_assert_eq!(ours(&odd), theirs(&odd));
        }
    }
}
