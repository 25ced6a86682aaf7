//! `record_otherreceipt`: money that came in without a customer, for example interest or the sale of gift cards to guests
//! (Intacct docs, other receipts; gateway schema 3.0). The order of elements is enforced.

use jiff::civil::Date;

use super::create_payment::{MoneyGoesTo, PaymentMethod};
use super::currency::CurrencyGroup;
use super::line::{CustomField, Line, write_custom_fields};
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// Records one receipt. The answer's `key` is its record number, which a deposit refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordReceipt {
    /// Day of the payment, which is the GL date, in the company's time zone.
    pub date: Date,
    /// Who paid. The element is called `payee`, but means the payer.
    pub payer: String,
    /// Day the money was received.
    pub received: Date,
    /// How it was paid: printed check, cash, EFT or credit card; the online methods are refused here.
    pub method: PaymentMethod,
    /// Where the money is booked. Undeposited funds can be deposited later.
    pub into: MoneyGoesTo,
    /// Reference number, at most 45 characters: what a look-up asks for.
    pub reference: String,
    /// Description.
    pub description: Option<String>,
    /// The id of an attachment.
    pub attachment: Option<String>,
    /// Currency; none in a company without multi-currency. Its base currency is not written here.
    pub currency: Option<CurrencyGroup>,
    /// Custom fields of the header.
    pub custom_fields: Vec<CustomField>,
    /// Tax solution by name; only for VAT.
    pub tax_solution: Option<String>,
    /// What the money is for, at least one line: a positive amount credits its account.
    pub lines: Vec<Line>,
}

impl RecordReceipt {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("refid", &self.reference, text::DOCUMENT_NUMBER)?;
        if self.payer.trim().is_empty() {
            return Err(InvalidFunction::Empty { field: "payee" });
        }
        if !self.method.is_offline() {
            return Err(InvalidFunction::Rule { what: "the other receipt", why: "it cannot be paid online" });
        }
        if self.lines.is_empty() {
            return Err(InvalidFunction::NoLines { what: "the other receipt" });
        }
        Ok(())
    }

    /// Writes the function in the order of the schema.
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("record_otherreceipt", |writer| {
            writer.split_date("paymentdate", self.date);
            writer.text("payee", text::cut(&self.payer, text::NAME));
            writer.split_date("receiveddate", self.received);
            writer.text("paymentmethod", self.method.as_str());
            match &self.into {
                MoneyGoesTo::UndepositedFunds(account) => writer.text("undepglaccountno", account),
                MoneyGoesTo::BankAccount(id) => {
                    writer.text("bankaccountid", id);
                    writer.split_date("depositdate", self.date);
                }
            }
            writer.text("refid", &self.reference);
            writer.optional("description", self.description.as_deref());
            writer.optional("supdocid", self.attachment.as_deref());
            if let Some(currency) = &self.currency {
                CurrencyGroup { base: None, ..currency.clone() }.write_specific(writer);
            }
            write_custom_fields(&self.custom_fields, writer);
            writer.optional("taxsolutionid", self.tax_solution.as_deref());
            writer.element("receiptitems", |writer| self.lines.iter().for_each(|line| line.write(writer)));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::Account;

    #[test]
    fn a_receipt_has_a_payer_lines_and_a_method_that_is_not_online() {
        let receipt = RecordReceipt {
            date: "2026-07-01".parse().unwrap(),
            payer: "Guests".into(),
            received: "2026-07-01".parse().unwrap(),
            method: PaymentMethod::CreditCard,
            into: MoneyGoesTo::UndepositedFunds("1190".into()),
            reference: "AC-G-1".into(),
            description: None,
            attachment: None,
            currency: None,
            custom_fields: Vec::new(),
            tax_solution: None,
            lines: vec![Line::new(Account::Gl("2300".into()), "50.99".parse().unwrap())],
        };
        assert_eq!(receipt.check(), Ok(()));
        let online = RecordReceipt { method: PaymentMethod::OnlineChargeCard, ..receipt.clone() };
        assert!(matches!(online.check(), Err(InvalidFunction::Rule { .. })));
        let nobody = RecordReceipt { payer: " ".into(), ..receipt.clone() };
        assert!(matches!(nobody.check(), Err(InvalidFunction::Empty { field: "payee" })));
        let empty = RecordReceipt { lines: Vec::new(), ..receipt };
        assert!(matches!(empty.check(), Err(InvalidFunction::NoLines { .. })));
    }
}
