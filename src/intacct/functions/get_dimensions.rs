//! `getDimensions`: which dimensions the company has, its own ones included (Intacct docs, dimensions).

use crate::intacct::xml::XmlWriter;

/// Asks for the dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GetDimensions;

impl GetDimensions {
    pub(super) fn write(self, writer: &mut XmlWriter) {
        writer.empty("getDimensions");
    }
}
