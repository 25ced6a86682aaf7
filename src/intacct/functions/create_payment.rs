//! `create ARPYMT`: a cash receipt, or the application of a credit memo (Intacct docs, AR payments).
//!
//! A detail without cash is how a credit is applied: to an invoice, or to a debit memo. Elements may stand in any order. The
//! total in base currency is never written: the documentation spells its element in two ways.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::currency::CurrencyGroup;
use super::line::{CustomField, PostingAction, check_field_names, write_generic_fields};
use super::payment_detail::PaymentDetail;
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

impl MoneyGoesTo {
    /// Writes the element of a generic function.
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        match self {
            Self::BankAccount(id) => writer.text("FINANCIALENTITY", id),
            Self::UndepositedFunds(account) => writer.text("UNDEPOSITEDACCOUNTNO", account),
        }
    }
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

    /// Whether advances and other receipts take it too.
    pub fn is_offline(self) -> bool {
        !matches!(self, Self::OnlineChargeCard | Self::OnlineAchDebit)
    }

    /// The method of that name, whatever its capitals.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payer {
    /// One customer, by its id.
    Customer(String),
    /// Somebody who pays documents of several customers, by name. Such a payment has no overpayment.
    Several(String),
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
    /// Who paid.
    pub payer: Payer,
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
    /// Posted or draft.
    pub action: PostingAction,
    /// Custom fields.
    pub custom_fields: Vec<CustomField>,
    /// What is paid, at least one.
    pub details: Vec<PaymentDetail>,
    /// Money beyond the details.
    pub overpayment: Option<Overpayment>,
}

impl CreatePayment {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        match &self.payer {
            Payer::Customer(id) => check_id("CUSTOMERID", id, text::CUSTOMER_ID)?,
            Payer::Several(name) if name.trim().is_empty() => {
                return Err(InvalidFunction::Empty { field: "PAYERNAME" });
            }
            Payer::Several(_) if self.overpayment.is_some() => {
                return Err(InvalidFunction::Rule {
                    what: "the payment",
                    why: "what several customers pay too much belongs to none of them",
                });
            }
            Payer::Several(_) => {}
        }
        check_id("DOCNUMBER", &self.document_number, text::DOCUMENT_NUMBER)?;
        check_field_names(&self.custom_fields)?;
        if self.details.is_empty() {
            return Err(InvalidFunction::NoLines { what: "the payment" });
        }
        let amounts = self.details.iter().map(|detail| detail.amount);
        if amounts.chain(self.overpayment.iter().map(|over| over.amount)).any(|amount| amount <= Decimal::ZERO) {
            return Err(InvalidFunction::NotPositive { field: "the amount of a payment" });
        }
        self.details.iter().try_for_each(PaymentDetail::check)
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create", |writer| writer.element("ARPYMT", |writer| self.write_fields(writer)));
    }

    fn write_fields(&self, writer: &mut XmlWriter) {
        self.into.write(writer);
        writer.text("PAYMENTMETHOD", self.method.as_str());
        match &self.payer {
            Payer::Customer(id) => writer.text("CUSTOMERID", id),
            Payer::Several(name) => writer.text("PAYERNAME", text::cut(name, text::NAME)),
        }
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
        writer.text("ACTION", self.action.as_str());
        write_generic_fields(&self.custom_fields, writer);
        writer.element("ARPYMTDETAILS", |writer| self.details.iter().for_each(|detail| detail.write(writer)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::{Discount, PaidDocument, PaidWith};

    fn payment(document: PaidDocument, with: PaidWith) -> CreatePayment {
        CreatePayment {
            into: MoneyGoesTo::UndepositedFunds("1190".into()),
            method: PaymentMethod::CreditCard,
            payer: Payer::Customer("BC-77".into()),
            document_number: "ch_9".into(),
            description: None,
            receipt_date: "2026-07-01".parse().unwrap(),
            payment_date: None,
            currency: None,
            action: PostingAction::Submit,
            custom_fields: Vec::new(),
            details: vec![PaymentDetail::new(document, with, "54.1".parse().unwrap())],
            overpayment: None,
        }
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
    fn what_a_payment_cannot_be_is_refused_before_it_is_sent() {
        let rule = |payment: CreatePayment| matches!(payment.check(), Err(InvalidFunction::Rule { .. }));
        let cash = || payment(PaidDocument::Invoice(1), PaidWith::Cash);
        let mut with_line = cash();
        with_line.details[0].credit_entry = Some(5);
        assert!(rule(with_line));
        let mut discounted = payment(PaidDocument::DebitMemo(1), PaidWith::Cash);
        discounted.details[0].discount = Some(Discount::Amount(Decimal::ONE));
        assert!(rule(discounted));
        let overpayment = Some(Overpayment { amount: Decimal::ONE, location: None, department: None });
        assert!(rule(CreatePayment { payer: Payer::Several("Mall".into()), overpayment, ..cash() }));
        assert_eq!(CreatePayment { payer: Payer::Several("Mall".into()), ..cash() }.check(), Ok(()));
        let nobody = CreatePayment { payer: Payer::Several(" ".into()), ..cash() };
        assert_eq!(nobody.check(), Err(InvalidFunction::Empty { field: "PAYERNAME" }));
        assert!(matches!(
            payment(PaidDocument::Invoice(0), PaidWith::Cash).check(),
            Err(InvalidFunction::Empty { .. })
        ));
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
