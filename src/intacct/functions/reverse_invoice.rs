//! `reverse_invoice`: takes an unpaid AR invoice back on a date of its own (Intacct docs, AR invoices; gateway schema 3.0).
//!
//! A paid invoice is refused until its payments are reversed. What the answer carries besides its status was never seen, so
//! whether it worked is read from the status, and what became of the invoice from a look-up.

use jiff::civil::Date;

use super::{InvalidFunction, check_record};
use crate::intacct::xml::XmlWriter;

/// Reverses one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReverseInvoice {
    /// Record number of the ARINVOICE.
    pub invoice: u64,
    /// The GL date of the reversal, in the company's time zone; its period must be open.
    pub date: Date,
    /// Why.
    pub description: Option<String>,
}

impl ReverseInvoice {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_record("key", self.invoice)
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        write_reversal("reverse_invoice", self.invoice, self.date, self.description.as_deref(), writer);
    }
}

/// Writes a reversal: the record as an attribute, then date and description in the order of the schema.
pub(super) fn write_reversal(
    function: &str,
    record: u64,
    date: Date,
    description: Option<&str>,
    writer: &mut XmlWriter,
) {
    writer.element_with(function, &[("key", &record.to_string())], |writer| {
        writer.split_date("datereversed", date);
        writer.optional("description", description);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invoice_stands_in_an_attribute() {
        let reversal = ReverseInvoice {
            invoice: 2091,
            date: "2026-07-05".parse().unwrap(),
            description: Some("cancelled".into()),
        };
        let mut writer = XmlWriter::new();
        reversal.write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<reverse_invoice key=\"2091\"><datereversed><year>2026</year><month>07</month><day>05</day></datereversed>\
             <description>cancelled</description></reverse_invoice>"
        );
        assert!(matches!(
            ReverseInvoice { invoice: 0, ..reversal }.check(),
            Err(InvalidFunction::Empty { field: "key" })
        ));
    }
}
