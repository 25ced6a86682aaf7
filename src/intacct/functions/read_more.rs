//! `readMore`: the next page of a `readByQuery` (Intacct docs, queries; gateway schema 3.0).

use super::InvalidFunction;
use crate::intacct::response::FunctionResult;
use crate::intacct::xml::XmlWriter;

/// Reads the next page of one result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadMore {
    /// The id that the page before carried.
    pub result_id: String,
}

impl ReadMore {
    /// Reads what comes after a page of `readByQuery` or `readMore`; none when that was the last.
    pub fn following(page: &FunctionResult) -> Option<Self> {
        let more = page.remaining.unwrap_or_default() > 0 && !page.records.is_empty();
        page.result_id.clone().filter(|_| more).map(|result_id| Self { result_id })
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        if self.result_id.is_empty() { Err(InvalidFunction::Empty { field: "resultId" }) } else { Ok(()) }
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("readMore", |writer| writer.text("resultId", &self.result_id));
    }
}
