//! `get_closedbooksdate`: the day through which the books are closed (gateway schema 3.0).
//!
//! It is not in the current documentation and no answer to it was ever seen, so nothing may depend on it alone.

use crate::intacct::xml::XmlWriter;

/// Asks for the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GetClosedBooksDate;

impl GetClosedBooksDate {
    pub(super) fn write(self, writer: &mut XmlWriter) {
        writer.empty("get_closedbooksdate");
    }
}
