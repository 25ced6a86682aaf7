//! `create_supdocfolder`: a folder for attachments (Intacct docs, attachments).

use super::super::books::Books;
use super::super::refusal::Refusal;
use super::super::xml_tree::Element;
use super::common;

/// Makes the folder; answers its record number. Its name must be new, the folder around it must be there.
pub(super) fn run(body: &Element, books: &mut Books) -> Result<u64, Refusal> {
    let name = common::required(body, "supdocfoldername", "Attachments folder")?;
    if let Some(parent) = body.text_of("supdocparentfoldername")
        && !books.masters.attachment_folders.contains(parent)
    {
        return Err(Refusal::invalid("Attachments folder", parent));
    }
    if !books.masters.attachment_folders.insert(name.to_owned()) {
        return Err(Refusal::another("Attachments folder", name));
    }
    Ok(books.next_master())
}
