//! `create_supdoc`: an attachment that documents can name (Intacct docs, attachments).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::books::Books;
use super::super::records::{AttachedFile, Attachment};
use super::super::refusal::Refusal;
use super::super::values::bounded;
use super::super::xml_tree::Element;
use super::{Context, common};

/// The longest id that integrations send; the documentation does not say.
const ID: usize = 20;

/// Makes the attachment; answers its record number. Its folder must exist, its id must be new.
pub(super) fn run(body: &Element, books: &mut Books, context: &Context<'_>) -> Result<u64, Refusal> {
    let id = bounded("Attachment ID", common::required(body, "supdocid", "Attachment ID")?, ID)?;
    let name = common::required(body, "supdocname", "Attachment name")?;
    let folder = common::required(body, "supdocfoldername", "Attachments folder")?;
    if !books.masters.attachment_folders.contains(folder) {
        return Err(Refusal::invalid("Attachments folder", folder));
    }
    if books.masters.attachments.contains(id) {
        return Err(Refusal::another("Attachment", id));
    }
    let files = body.get("attachments").into_iter().flat_map(|files| &files.children).map(file);
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let record_no = books.next_master();
    books.masters.attachments.insert(id.to_owned());
    let attachment = Attachment {
        record_no,
        id: id.to_owned(),
        name: name.to_owned(),
        folder: folder.to_owned(),
        description: body.text_of("supdocdescription").unwrap_or_default().to_owned(),
        files,
        recorded_at: context.now,
    };
    books.attachments.insert(id.to_owned(), attachment);
    Ok(record_no)
}

fn file(file: &Element) -> Result<AttachedFile, Refusal> {
    let name = common::required(file, "attachmentname", "File name")?;
    let extension = common::required(file, "attachmenttype", "File type")?;
    if let Some(dotted) = [name, extension].into_iter().find(|part| part.contains('.')) {
        return Err(Refusal::illegal_value("File name", dotted));
    }
    let data = common::required(file, "attachmentdata", "File")?;
    let content = STANDARD.decode(data).map_err(|_| Refusal::illegal_value("File", "no base64"))?;
    Ok(AttachedFile { name: name.to_owned(), extension: extension.to_owned(), content })
}
