//! `lookup`: what an object is made of in this company, custom fields included (Intacct docs, queries and AR invoices).
//!
//! Newer than the published schema of the gateway.

use super::InvalidFunction;
use crate::intacct::xml::XmlWriter;

/// Asks for the definition of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUpObject {
    /// The object, for example `ARINVOICE`.
    pub object: String,
}

impl LookUpObject {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        if self.object.trim().is_empty() { Err(InvalidFunction::Empty { field: "object" }) } else { Ok(()) }
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("lookup", |writer| writer.text("object", &self.object));
    }
}
