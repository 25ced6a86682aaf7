//! `record_deposit`: brings undeposited receipts to the bank (Intacct docs, deposits; gateway schema 3.0).
//!
//! A deposit holds only positive receipts, each receipt goes once. Fees and refunds of a payout therefore need an entry of
//! their own.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::line::{CustomField, write_custom_fields};
use super::{InvalidFunction, check_id, check_record};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// Deposits receipts into one bank account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDeposit {
    /// The bank account by its id.
    pub bank_account: String,
    /// Day of the deposit, which is its GL date, in the company's time zone.
    pub date: Date,
    /// Deposit id, at most 45 characters: what a look-up asks for, for example the id of a payout.
    pub id: String,
    /// Record numbers of undeposited payments (ARPYMT), advances and other receipts; at least one, each once.
    pub receipts: Vec<u64>,
    /// Description.
    pub description: Option<String>,
    /// The id of an attachment.
    pub attachment: Option<String>,
    /// Custom fields.
    pub custom_fields: Vec<CustomField>,
}

impl RecordDeposit {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("depositid", &self.id, text::DOCUMENT_NUMBER)?;
        if self.bank_account.trim().is_empty() {
            return Err(InvalidFunction::Empty { field: "bankaccountid" });
        }
        if self.receipts.is_empty() {
            return Err(InvalidFunction::NoLines { what: "the deposit" });
        }
        let mut seen = BTreeSet::new();
        self.receipts.iter().try_for_each(|receipt| {
            check_record("receiptkey", *receipt)?;
            if seen.insert(receipt) {
                Ok(())
            } else {
                Err(InvalidFunction::Twice { field: "receiptkey", value: receipt.to_string() })
            }
        })
    }

    /// Writes the function in the order of the schema.
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("record_deposit", |writer| {
            writer.text("bankaccountid", &self.bank_account);
            writer.split_date("depositdate", self.date);
            writer.text("depositid", &self.id);
            writer.element("receiptkeys", |writer| {
                self.receipts.iter().for_each(|receipt| writer.text("receiptkey", &receipt.to_string()));
            });
            writer.optional("description", self.description.as_deref());
            writer.optional("supdocid", self.attachment.as_deref());
            write_custom_fields(&self.custom_fields, writer);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deposit_holds_receipts_and_each_once() {
        let deposit = |receipts: &[u64]| RecordDeposit {
            bank_account: "BOA".into(),
            date: "2026-07-03".parse().unwrap(),
            id: "po_1".into(),
            receipts: receipts.to_vec(),
            description: None,
            attachment: None,
            custom_fields: Vec::new(),
        };
        assert_eq!(deposit(&[2096, 3310]).check(), Ok(()));
        assert!(matches!(deposit(&[]).check(), Err(InvalidFunction::NoLines { .. })));
        assert!(matches!(deposit(&[2096, 2096]).check(), Err(InvalidFunction::Twice { field: "receiptkey", .. })));
    }
}
