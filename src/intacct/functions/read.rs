//! `read` and `readByName`: whole records by their keys (Intacct docs, queries; gateway schema 3.0).

use super::InvalidFunction;
use crate::intacct::xml::XmlWriter;

/// Most keys of one read (Intacct docs, queries).
pub const MOST_KEYS: usize = 100;

/// Which records are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// By record number: `read`.
    Numbers(Vec<u64>),
    /// By the id that people use: `readByName`. An id with a comma cannot be read this way.
    Names(Vec<String>),
}

/// Reads up to 100 records of one object. A record that is not there is simply missing in the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The object, for example `ARINVOICE`.
    pub object: String,
    /// The records.
    pub keys: Keys,
    /// The fields wanted; all of them when empty.
    pub fields: Vec<String>,
    /// The transaction definition whose custom fields are read, of an order-entry object.
    pub definition: Option<String>,
}

impl Read {
    /// Reads all fields.
    pub fn new(object: &str, keys: Keys) -> Self {
        Self { object: object.to_owned(), keys, fields: Vec::new(), definition: None }
    }

    /// The element name.
    pub(super) fn name(&self) -> &'static str {
        match self.keys {
            Keys::Numbers(_) => "read",
            Keys::Names(_) => "readByName",
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        let (keys, bad) = match &self.keys {
            Keys::Numbers(numbers) => (numbers.len(), numbers.contains(&0)),
            Keys::Names(names) => (names.len(), names.iter().any(|name| name.trim().is_empty() || name.contains(','))),
        };
        let why = match keys {
            0 => "it names no records",
            many if many > MOST_KEYS => "it names more than 100 records",
            _ if bad => "a key is empty or has a comma",
            _ => return Ok(()),
        };
        Err(InvalidFunction::Query { object: self.object.clone(), why })
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        let keys = match &self.keys {
            Keys::Numbers(numbers) => numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(","),
            Keys::Names(names) => names.join(","),
        };
        writer.element(self.name(), |writer| {
            writer.text("object", &self.object);
            writer.text("keys", &keys);
            writer.text("fields", &field_list(&self.fields));
            writer.optional("docparid", self.definition.as_deref());
        });
    }
}

/// A list of fields as `read` and `readByQuery` want it; `*` stands for all of them.
pub(super) fn field_list(fields: &[String]) -> String {
    if fields.is_empty() { "*".to_owned() } else { fields.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(read: &Read) -> String {
        let mut writer = XmlWriter::new();
        read.write(&mut writer);
        writer.finish()
    }

    #[test]
    fn records_are_named_by_number_or_by_name() {
        let some = Read {
            fields: vec!["RECORDNO".into(), "STATE".into()],
            ..Read::new("ARINVOICE", Keys::Numbers(vec![1, 2]))
        };
        assert_eq!(
            written(&some),
            "<read><object>ARINVOICE</object><keys>1,2</keys><fields>RECORDNO,STATE</fields></read>"
        );
        assert_eq!(
            written(&Read::new("CUSTOMER", Keys::Names(vec!["BC-7".into()]))),
            "<readByName><object>CUSTOMER</object><keys>BC-7</keys><fields>*</fields></readByName>"
        );
    }

    #[test]
    fn keys_that_cannot_be_read_are_refused() {
        for keys in [
            Keys::Numbers(Vec::new()),
            Keys::Numbers(vec![1; 101]),
            Keys::Numbers(vec![0]),
            Keys::Names(vec!["A,B".into()]),
            Keys::Names(vec![" ".into()]),
        ] {
            assert!(matches!(Read::new("CUSTOMER", keys).check(), Err(InvalidFunction::Query { .. })));
        }
        assert_eq!(Read::new("CUSTOMER", Keys::Numbers(vec![1; 100])).check(), Ok(()));
    }
}
