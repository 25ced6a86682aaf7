//! `apply_arpayment`: applies credit that is there already to invoices and debit memos (Intacct docs, AR payments; gateway
//! schema 3.0). The order of elements is enforced.
//!
//! Only one credit at a time, and the gateway finds out itself which kind it is; a payment with details says it openly, so
//! that one is preferred. This one is for companies where the newer object fails.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{InvalidFunction, check_record};
use crate::intacct::xml::XmlWriter;

/// Applies one credit to one or more documents of the same customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyPayment {
    /// The credit: record number of an overpayment or advance (ARPYMT), credit memo (ARADJUSTMENT) or negative invoice
    /// (ARINVOICE).
    pub credit: u64,
    /// The day of the application, in the company's time zone.
    pub date: Date,
    /// Text of the application.
    pub memo: Option<String>,
    /// What is paid, at least one.
    pub documents: Vec<AppliedAmount>,
}

/// How much of the credit goes to one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedAmount {
    /// Record number of the invoice (ARINVOICE) or debit memo (ARADJUSTMENT).
    pub document: u64,
    /// Amount in the currency of the document, above zero.
    pub amount: Decimal,
}

impl ApplyPayment {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_record("arpaymentkey", self.credit)?;
        if self.documents.is_empty() {
            return Err(InvalidFunction::NoLines { what: "the application of a credit" });
        }
        self.documents.iter().try_for_each(|applied| {
            check_record("invoicekey", applied.document)?;
            if applied.amount > Decimal::ZERO { Ok(()) } else { Err(InvalidFunction::NotPositive { field: "amount" }) }
        })
    }

    /// Writes the function in the order of the schema.
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("apply_arpayment", |writer| {
            writer.text("arpaymentkey", &self.credit.to_string());
            writer.split_date("paymentdate", self.date);
            writer.optional("memo", self.memo.as_deref());
            writer.element("arpaymentitems", |writer| {
                for applied in &self.documents {
                    writer.element("arpaymentitem", |writer| {
                        writer.text("invoicekey", &applied.document.to_string());
                        writer.amount("amount", applied.amount);
                    });
                }
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_needs_something_to_go_to() {
        let one = AppliedAmount { document: 2091, amount: "54.13".parse().unwrap() };
        let apply =
            |documents| ApplyPayment { credit: 288, date: "2026-07-05".parse().unwrap(), memo: None, documents };
        assert_eq!(apply(vec![one]).check(), Ok(()));
        assert!(matches!(apply(vec![]).check(), Err(InvalidFunction::NoLines { .. })));
        let nothing = AppliedAmount { amount: Decimal::ZERO, ..one };
        assert!(matches!(apply(vec![one, nothing]).check(), Err(InvalidFunction::NotPositive { .. })));
    }
}
