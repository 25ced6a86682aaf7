//! The details of a payment: which document gets how much, and from what (Intacct docs, AR payments).

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{InvalidFunction, check_record};
use crate::intacct::xml::XmlWriter;

/// What is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidDocument {
    /// An invoice, by the record number of the ARINVOICE.
    Invoice(u64),
    /// A debit memo, by the record number of the ARADJUSTMENT.
    DebitMemo(u64),
}

/// What it is paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidWith {
    /// Cash of this receipt.
    Cash,
    /// A credit memo, by the record number of the ARADJUSTMENT.
    CreditMemo(u64),
    /// What is left over of an earlier payment, by the record number of the ARPYMT.
    Overpayment(u64),
    /// An advance, by its record number.
    Advance(u64),
    /// An invoice whose total is negative, by the record number of the ARINVOICE.
    NegativeInvoice(u64),
    /// A negative line of an invoice, by the record number of that ARINVOICE; for companies that keep such lines as
    /// credits ("inline credits").
    InlineCredit(u64),
}

impl PaidWith {
    /// The elements of the credit's key, of its line's key, and of the amount; cash has no keys.
    fn elements(self) -> (Option<(&'static str, &'static str, u64)>, &'static str) {
        match self {
            Self::Cash => (None, "TRX_PAYMENTAMOUNT"),
            Self::CreditMemo(key) => (Some(("ADJUSTMENTKEY", "ADJUSTMENTENTRYKEY", key)), "TRX_ADJUSTMENTAMOUNT"),
            Self::Overpayment(key) => {
                (Some(("OVERPAYMENTKEY", "OVERPAYMENTENTRYKEY", key)), "TRX_POSTEDOVERPAYMENTAMOUNT")
            }
            Self::Advance(key) => (Some(("ADVANCEKEY", "ADVANCEENTRYKEY", key)), "TRX_POSTEDADVANCEAMOUNT"),
            Self::NegativeInvoice(key) => {
                (Some(("NEGATIVEINVOICEKEY", "NEGATIVEINVOICEENTRYKEY", key)), "TRX_NEGATIVEINVOICEAMOUNT")
            }
            Self::InlineCredit(key) => (Some(("INLINEKEY", "INLINEENTRYKEY", key)), "TRX_INLINEAMOUNT"),
        }
    }
}

/// A discount for paying early, taken off what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discount {
    /// This much, in the currency of the payment.
    Amount(Decimal),
    /// What the invoice's term gives for a payment on that day.
    AsOf(Date),
}

/// One application of money or credit to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentDetail {
    /// The document that is paid.
    pub document: PaidDocument,
    /// The line of it that is paid, by its record number; the lines are filled from the first when absent.
    pub entry: Option<u64>,
    /// What it is paid with.
    pub with: PaidWith,
    /// The line of the credit that is used, by its record number.
    pub credit_entry: Option<u64>,
    /// Amount in the currency of the payment, above zero.
    pub amount: Decimal,
    /// A discount beside the amount; only on invoices.
    pub discount: Option<Discount>,
}

impl PaymentDetail {
    /// A detail that fills the lines of the document from the first.
    pub fn new(document: PaidDocument, with: PaidWith, amount: Decimal) -> Self {
        Self { document, entry: None, with, credit_entry: None, amount, discount: None }
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        let (PaidDocument::Invoice(document) | PaidDocument::DebitMemo(document)) = self.document;
        check_record("the key of what is paid", document)?;
        let (credit, _) = self.with.elements();
        if let Some((field, _, key)) = credit {
            check_record(field, key)?;
        }
        let broken = |why| Err(InvalidFunction::Rule { what: "a detail of the payment", why });
        match (self.discount, self.document) {
            (Some(_), PaidDocument::DebitMemo(_)) => broken("only an invoice can have a discount"),
            (Some(Discount::Amount(amount)), _) if amount <= Decimal::ZERO => {
                Err(InvalidFunction::NotPositive { field: "TRX_TOTALDISCOUNTTOAPPLY" })
            }
            _ if self.credit_entry.is_some() && credit.is_none() => broken("cash has no line of a credit"),
            _ => Ok(()),
        }
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        let optional = |writer: &mut XmlWriter, name: &str, key: Option<u64>| {
            writer.optional(name, key.map(|key| key.to_string()).as_deref());
        };
        writer.element("ARPYMTDETAIL", |writer| {
            match self.document {
                PaidDocument::Invoice(key) => {
                    writer.text("RECORDKEY", &key.to_string());
                    optional(writer, "ENTRYKEY", self.entry);
                }
                PaidDocument::DebitMemo(key) => {
                    writer.text("POSADJKEY", &key.to_string());
                    optional(writer, "POSADJENTRYKEY", self.entry);
                }
            }
            let (credit, amount) = self.with.elements();
            if let Some((key_element, entry_element, key)) = credit {
                writer.text(key_element, &key.to_string());
                optional(writer, entry_element, self.credit_entry);
            }
            writer.amount(amount, self.amount);
            match self.discount {
                Some(Discount::Amount(discount)) => writer.amount("TRX_TOTALDISCOUNTTOAPPLY", discount),
                Some(Discount::AsOf(date)) => writer.slash_date("DISCOUNTDATE", date),
                None => {}
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(document: PaidDocument, with: PaidWith) -> PaymentDetail {
        PaymentDetail::new(document, with, "54.1".parse().unwrap())
    }

    fn written(detail: &PaymentDetail) -> String {
        let mut writer = XmlWriter::new();
        detail.write(&mut writer);
        writer.finish()
    }

    #[test]
    fn a_credit_memo_is_applied_to_an_invoice_or_to_a_debit_memo() {
        assert_eq!(
            written(&detail(PaidDocument::Invoice(2091), PaidWith::CreditMemo(288))),
            "<ARPYMTDETAIL><RECORDKEY>2091</RECORDKEY><ADJUSTMENTKEY>288</ADJUSTMENTKEY>\
             <TRX_ADJUSTMENTAMOUNT>54.10</TRX_ADJUSTMENTAMOUNT></ARPYMTDETAIL>"
        );
        assert_eq!(
            written(&detail(PaidDocument::DebitMemo(104), PaidWith::CreditMemo(288))),
            "<ARPYMTDETAIL><POSADJKEY>104</POSADJKEY><ADJUSTMENTKEY>288</ADJUSTMENTKEY>\
             <TRX_ADJUSTMENTAMOUNT>54.10</TRX_ADJUSTMENTAMOUNT></ARPYMTDETAIL>"
        );
    }

    #[test]
    fn what_is_left_over_of_a_payment_pays_a_debit_memo() {
        assert_eq!(
            written(&detail(PaidDocument::DebitMemo(104), PaidWith::Overpayment(2095))),
            "<ARPYMTDETAIL><POSADJKEY>104</POSADJKEY><OVERPAYMENTKEY>2095</OVERPAYMENTKEY>\
             <TRX_POSTEDOVERPAYMENTAMOUNT>54.10</TRX_POSTEDOVERPAYMENTAMOUNT></ARPYMTDETAIL>"
        );
    }

    #[test]
    fn every_credit_has_a_key_a_line_and_an_amount_of_its_own_name() {
        for (with, key, entry, amount) in [
            (PaidWith::CreditMemo(9), "ADJUSTMENTKEY", "ADJUSTMENTENTRYKEY", "TRX_ADJUSTMENTAMOUNT"),
            (PaidWith::Overpayment(9), "OVERPAYMENTKEY", "OVERPAYMENTENTRYKEY", "TRX_POSTEDOVERPAYMENTAMOUNT"),
            (PaidWith::Advance(9), "ADVANCEKEY", "ADVANCEENTRYKEY", "TRX_POSTEDADVANCEAMOUNT"),
            (
                PaidWith::NegativeInvoice(9),
                "NEGATIVEINVOICEKEY",
                "NEGATIVEINVOICEENTRYKEY",
                "TRX_NEGATIVEINVOICEAMOUNT",
            ),
            (PaidWith::InlineCredit(9), "INLINEKEY", "INLINEENTRYKEY", "TRX_INLINEAMOUNT"),
        ] {
            let mut applied = detail(PaidDocument::Invoice(2091), with);
            applied.entry = Some(501);
            applied.credit_entry = Some(502);
            assert_eq!(applied.check(), Ok(()));
            assert_eq!(
                written(&applied),
                format!(
                    "<ARPYMTDETAIL><RECORDKEY>2091</RECORDKEY><ENTRYKEY>501</ENTRYKEY><{key}>9</{key}>\
                     <{entry}>502</{entry}><{amount}>54.10</{amount}></ARPYMTDETAIL>"
                )
            );
        }
    }
}
