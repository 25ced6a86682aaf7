//! `create ARPYMT`: a cash receipt, or the application of a credit memo (Intacct docs, AR payments).
//!
//! A detail without cash is how a credit is applied: to an invoice, or to a debit memo. Elements may stand in any order.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::currency::CurrencyGroup;
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// Where the money of a receipt is booked. A credit-only application moves no money but Intacct requires one too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyGoesTo {
    /// A bank account by its id.
    BankAccount(String),
    /// An undeposited funds or clearing account by its GL account number.
    UndepositedFunds(String),
}

/// How the customer paid, in Intacct's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentMethod {
    /// `Printed Check`
    PrintedCheck,
    /// `Cash`
    Cash,
    /// `EFT`, also known as record transfer
    Eft,
    /// `Credit Card`
    CreditCard,
    /// `Online Charge Card`
    OnlineChargeCard,
    /// `Online ACH Debit`
    OnlineAchDebit,
}

impl PaymentMethod {
    /// All of them, for lists.
    pub const ALL: [Self; 6] =
        [Self::PrintedCheck, Self::Cash, Self::Eft, Self::CreditCard, Self::OnlineChargeCard, Self::OnlineAchDebit];

    /// Intacct's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrintedCheck => "Printed Check",
            Self::Cash => "Cash",
            Self::Eft => "EFT",
            Self::CreditCard => "Credit Card",
            Self::OnlineChargeCard => "Online Charge Card",
            Self::OnlineAchDebit => "Online ACH Debit",
        }
    }

    /// The method of that name, whatever its capitals.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

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
}

/// One application of money or credit to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentDetail {
    /// The document that is paid.
    pub document: PaidDocument,
    /// What it is paid with.
    pub with: PaidWith,
    /// Amount in the currency of the payment, above zero.
    pub amount: Decimal,
}

/// Money beyond what the details use, kept as the customer's overpayment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overpayment {
    /// Amount in the currency of the payment.
    pub amount: Decimal,
    /// Location; required in multi-entity companies.
    pub location: Option<String>,
    /// Department.
    pub department: Option<String>,
}

/// Creates one payment. The answer carries its `RECORDNO`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatePayment {
    /// Where the money is booked.
    pub into: MoneyGoesTo,
    /// How it was paid.
    pub method: PaymentMethod,
    /// The customer who paid.
    pub customer_id: String,
    /// Document number, at most 45 characters: the gateway's transaction id or our own number, what a look-up asks for.
    pub document_number: String,
    /// Description.
    pub description: Option<String>,
    /// Date of receipt, which is the GL date, in the company's time zone.
    pub receipt_date: Date,
    /// Date of payment.
    pub payment_date: Option<Date>,
    /// Currency; none in a company without multi-currency.
    pub currency: Option<CurrencyGroup>,
    /// What is paid, at least one.
    pub details: Vec<PaymentDetail>,
    /// Money beyond the details.
    pub overpayment: Option<Overpayment>,
}

impl CreatePayment {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("CUSTOMERID", &self.customer_id, text::CUSTOMER_ID)?;
        check_id("DOCNUMBER", &self.document_number, text::DOCUMENT_NUMBER)?;
        if self.details.is_empty() {
            return Err(InvalidFunction::NoLines { what: "the payment" });
        }
        let amounts = self.details.iter().map(|detail| detail.amount);
        if amounts.chain(self.overpayment.iter().map(|over| over.amount)).any(|amount| amount <= Decimal::ZERO) {
            return Err(InvalidFunction::NotPositive { field: "the amount of a payment" });
        }
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create", |writer| writer.element("ARPYMT", |writer| self.write_fields(writer)));
    }

    fn write_fields(&self, writer: &mut XmlWriter) {
        match &self.into {
            MoneyGoesTo::BankAccount(id) => writer.text("FINANCIALENTITY", id),
            MoneyGoesTo::UndepositedFunds(account) => writer.text("UNDEPOSITEDACCOUNTNO", account),
        }
        writer.text("PAYMENTMETHOD", self.method.as_str());
        writer.text("CUSTOMERID", &self.customer_id);
        writer.text("DOCNUMBER", &self.document_number);
        writer.optional("DESCRIPTION", self.description.as_deref());
        writer.slash_date("RECEIPTDATE", self.receipt_date);
        if let Some(date) = self.payment_date {
            writer.slash_date("PAYMENTDATE", date);
        }
        if let Some(currency) = &self.currency {
            currency.write_generic(writer);
        }
        if let Some(over) = &self.overpayment {
            writer.amount("OVERPAYMENTAMOUNT", over.amount);
            writer.optional("OVERPAYMENTLOCATIONID", over.location.as_deref());
            writer.optional("OVERPAYMENTDEPARTMENTID", over.department.as_deref());
        }
        writer.text("ACTION", "Submit");
        writer.element("ARPYMTDETAILS", |writer| self.details.iter().for_each(|detail| detail.write(writer)));
    }
}

impl PaymentDetail {
    fn write(&self, writer: &mut XmlWriter) {
        writer.element("ARPYMTDETAIL", |writer| {
            match self.document {
                PaidDocument::Invoice(key) => writer.text("RECORDKEY", &key.to_string()),
                PaidDocument::DebitMemo(key) => writer.text("POSADJKEY", &key.to_string()),
            }
            match self.with {
                PaidWith::Cash => writer.amount("TRX_PAYMENTAMOUNT", self.amount),
                PaidWith::CreditMemo(key) => {
                    writer.text("ADJUSTMENTKEY", &key.to_string());
                    writer.amount("TRX_ADJUSTMENTAMOUNT", self.amount);
                }
                PaidWith::Overpayment(key) => {
                    writer.text("OVERPAYMENTKEY", &key.to_string());
                    writer.amount("TRX_POSTEDOVERPAYMENTAMOUNT", self.amount);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(document: PaidDocument, with: PaidWith) -> CreatePayment {
        CreatePayment {
            into: MoneyGoesTo::UndepositedFunds("1190".into()),
            method: PaymentMethod::CreditCard,
            customer_id: "BC-77".into(),
            document_number: "ch_9".into(),
            description: None,
            receipt_date: "2026-07-01".parse().unwrap(),
            payment_date: None,
            currency: None,
            details: vec![PaymentDetail { document, with, amount: "54.1".parse().unwrap() }],
            overpayment: None,
        }
    }

    fn detail_of(payment: &CreatePayment) -> String {
        let mut writer = XmlWriter::new();
        payment.details[0].write(&mut writer);
        writer.finish()
    }

    #[test]
    fn a_receipt_names_account_method_and_invoice() {
        let mut writer = XmlWriter::new();
        payment(PaidDocument::Invoice(2091), PaidWith::Cash).write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<create><ARPYMT><UNDEPOSITEDACCOUNTNO>1190</UNDEPOSITEDACCOUNTNO>\
             <PAYMENTMETHOD>Credit Card</PAYMENTMETHOD><CUSTOMERID>BC-77</CUSTOMERID><DOCNUMBER>ch_9</DOCNUMBER>\
             <RECEIPTDATE>07/01/2026</RECEIPTDATE><ACTION>Submit</ACTION><ARPYMTDETAILS><ARPYMTDETAIL>\
             <RECORDKEY>2091</RECORDKEY><TRX_PAYMENTAMOUNT>54.10</TRX_PAYMENTAMOUNT></ARPYMTDETAIL></ARPYMTDETAILS>\
             </ARPYMT></create>"
        );
    }

    #[test]
    fn a_credit_memo_is_applied_to_an_invoice_or_to_a_debit_memo() {
        assert_eq!(
            detail_of(&payment(PaidDocument::Invoice(2091), PaidWith::CreditMemo(288))),
            "<ARPYMTDETAIL><RECORDKEY>2091</RECORDKEY><ADJUSTMENTKEY>288</ADJUSTMENTKEY>\
             <TRX_ADJUSTMENTAMOUNT>54.10</TRX_ADJUSTMENTAMOUNT></ARPYMTDETAIL>"
        );
        assert_eq!(
            detail_of(&payment(PaidDocument::DebitMemo(104), PaidWith::CreditMemo(288))),
            "<ARPYMTDETAIL><POSADJKEY>104</POSADJKEY><ADJUSTMENTKEY>288</ADJUSTMENTKEY>\
             <TRX_ADJUSTMENTAMOUNT>54.10</TRX_ADJUSTMENTAMOUNT></ARPYMTDETAIL>"
        );
    }

    #[test]
    fn what_is_left_over_of_a_payment_pays_a_debit_memo() {
        assert_eq!(
            detail_of(&payment(PaidDocument::DebitMemo(104), PaidWith::Overpayment(2095))),
            "<ARPYMTDETAIL><POSADJKEY>104</POSADJKEY><OVERPAYMENTKEY>2095</OVERPAYMENTKEY>\
             <TRX_POSTEDOVERPAYMENTAMOUNT>54.10</TRX_POSTEDOVERPAYMENTAMOUNT></ARPYMTDETAIL>"
        );
    }

    #[test]
    fn amounts_must_be_above_zero() {
        let mut negative = payment(PaidDocument::Invoice(1), PaidWith::Cash);
        assert_eq!(negative.check(), Ok(()));
        negative.details[0].amount = Decimal::NEGATIVE_ONE;
        assert!(matches!(negative.check(), Err(InvalidFunction::NotPositive { .. })));
    }

    #[test]
    fn methods_are_found_by_name() {
        for method in PaymentMethod::ALL {
            assert_eq!(PaymentMethod::from_name(&method.as_str().to_uppercase()), Some(method));
        }
        assert_eq!(PaymentMethod::from_name("Bitcoin"), None);
    }
}
