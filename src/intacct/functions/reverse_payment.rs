//! `reverse_arpayment`: takes a payment or an advance back, for example a bounced or charged-back one (Intacct docs, AR
//! payments; gateway schema 3.0).
//!
//! What it paid is open again, the credit it used is there again. This is the only void of a customer's payment in XML. The
//! schema's `nsfclosedaccount` is left out: nothing says what may stand in it.

use jiff::civil::Date;

use super::reverse_invoice::write_reversal;
use super::{InvalidFunction, check_record};
use crate::intacct::xml::XmlWriter;

/// Reverses one payment, an application of credit, or an advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReversePayment {
    /// Record number of the ARPYMT.
    pub payment: u64,
    /// The GL date of the reversal, in the company's time zone; its period must be open.
    pub date: Date,
    /// Why.
    pub description: Option<String>,
}

impl ReversePayment {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_record("key", self.payment)
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        write_reversal("reverse_arpayment", self.payment, self.date, self.description.as_deref(), writer);
    }
}
