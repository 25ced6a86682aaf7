//! `create_supdoc`: an attachment, here with one file (Intacct docs, attachments; gateway schema 3.0).
//!
//! Its id is given by us and unique in the company, so that a repeat cannot make a second one. Files are never replaced.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// Creates an attachment with one file. The answer is its record number; documents name its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateAttachment {
    /// Its id, at most 20 characters.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The attachments folder it goes to; must exist.
    pub folder: String,
    /// What it is.
    pub description: Option<String>,
    /// The file's name without period and extension.
    pub file_name: String,
    /// The file's extension without period, for example `csv`.
    pub file_type: String,
    /// The file.
    pub content: Vec<u8>,
}

impl CreateAttachment {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("supdocid", &self.id, text::ATTACHMENT_ID)?;
        let required = [
            ("supdocname", &self.name),
            ("supdocfoldername", &self.folder),
            ("attachmentname", &self.file_name),
            ("attachmenttype", &self.file_type),
        ];
        match required.into_iter().find(|(_, value)| value.trim().is_empty()) {
            Some((field, _)) => Err(InvalidFunction::Empty { field }),
            None => Ok(()),
        }
    }

    /// Writes the function in the order of the schema.
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create_supdoc", |writer| {
            writer.text("supdocid", &self.id);
            writer.text("supdocname", text::cut(&self.name, text::NAME));
            writer.text("supdocfoldername", &self.folder);
            writer.optional("supdocdescription", self.description.as_deref());
            writer.element("attachments", |writer| {
                writer.element("attachment", |writer| {
                    writer.text("attachmentname", &self.file_name);
                    writer.text("attachmenttype", &self.file_type);
                    writer.text("attachmentdata", &STANDARD.encode(&self.content));
                });
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment() -> CreateAttachment {
        CreateAttachment {
            id: "BC-S-20260310-USD".into(),
            name: "BC-S-20260310-USD".into(),
            folder: "BigCommerce".into(),
            description: None,
            file_name: "BC-S-20260310-USD".into(),
            file_type: "csv".into(),
            content: b"hello".to_vec(),
        }
    }

    #[test]
    fn the_file_travels_in_base64_and_the_elements_in_the_order_of_the_schema() {
        let mut writer = XmlWriter::new();
        attachment().write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<create_supdoc><supdocid>BC-S-20260310-USD</supdocid><supdocname>BC-S-20260310-USD</supdocname>\
             <supdocfoldername>BigCommerce</supdocfoldername><attachments><attachment>\
             <attachmentname>BC-S-20260310-USD</attachmentname><attachmenttype>csv</attachmenttype>\
             <attachmentdata>aGVsbG8=</attachmentdata></attachment></attachments></create_supdoc>"
        );
    }

    #[test]
    fn an_id_that_does_not_fit_and_a_missing_folder_are_refused() {
        assert_eq!(attachment().check(), Ok(()));
        let long = CreateAttachment { id: "x".repeat(21), ..attachment() };
        assert!(matches!(long.check(), Err(InvalidFunction::TooLong { field: "supdocid", .. })));
        let nowhere = CreateAttachment { folder: " ".into(), ..attachment() };
        assert!(matches!(nowhere.check(), Err(InvalidFunction::Empty { field: "supdocfoldername" })));
    }
}
