//! `create_supdocfolder`: a folder for attachments (Intacct docs, attachments; gateway schema 3.0).
//!
//! Its name is its identity, so that a repeat cannot make a second one.

use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// Creates one attachments folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateFolder {
    /// Its name, at most 100 characters.
    pub name: String,
    /// What is in it.
    pub description: Option<String>,
    /// The folder it stands in; must exist. None for the top.
    pub parent: Option<String>,
}

impl CreateFolder {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("supdocfoldername", &self.name, text::NAME)
    }

    /// Writes the function in the order of the schema.
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create_supdocfolder", |writer| {
            writer.text("supdocfoldername", &self.name);
            writer.optional("supdocfolderdescription", self.description.as_deref());
            writer.optional("supdocparentfoldername", self.parent.as_deref());
        });
    }
}
