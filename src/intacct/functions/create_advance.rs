//! `create ARADVANCE`: money a customer paid before there is anything to pay (Intacct docs, AR advances). Elements may
//! stand in any order.
//!
//! A payment cannot leave money unapplied, an advance can; it is applied later as the credit of a payment detail.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::create_payment::{MoneyGoesTo, PaymentMethod};
use super::currency::CurrencyGroup;
use super::line::{
    Account, CustomField, LineDimensions, PostingAction, check_field_names, write_generic_dimensions,
    write_generic_fields,
};
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// Creates one advance. The answer carries its `RECORDNO`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateAdvance {
    /// The customer who paid.
    pub customer_id: String,
    /// How it was paid: printed check, cash, EFT or credit card; the online methods are refused here.
    pub method: PaymentMethod,
    /// Day of the payment.
    pub payment_date: Date,
    /// Day of receipt, which is the GL date, in the company's time zone.
    pub receipt_date: Date,
    /// Where the money is booked.
    pub into: MoneyGoesTo,
    /// Document number, at most 45 characters: the gateway's transaction id or our own number, what a look-up asks for.
    pub document_number: String,
    /// Description.
    pub description: Option<String>,
    /// Currency; none in a company without multi-currency.
    pub currency: Option<CurrencyGroup>,
    /// The id of an attachment.
    pub attachment: Option<String>,
    /// Posted or draft.
    pub action: PostingAction,
    /// Custom fields of the header.
    pub custom_fields: Vec<CustomField>,
    /// What the money is kept on, at least one.
    pub items: Vec<AdvanceItem>,
}

/// A part of an advance, kept on an account until it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvanceItem {
    /// The account, for example customer deposits.
    pub account: Account,
    /// Amount in the currency of the advance, above zero.
    pub amount: Decimal,
    /// What the item says.
    pub memo: Option<String>,
    /// Its dimensions.
    pub dimensions: LineDimensions,
}

impl CreateAdvance {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("CUSTOMERID", &self.customer_id, text::CUSTOMER_ID)?;
        check_id("DOCNUMBER", &self.document_number, text::DOCUMENT_NUMBER)?;
        if !self.method.is_offline() {
            return Err(InvalidFunction::Rule { what: "the advance", why: "it cannot be paid online" });
        }
        if self.items.is_empty() {
            return Err(InvalidFunction::NoLines { what: "the advance" });
        }
        if self.items.iter().any(|item| item.amount <= Decimal::ZERO) {
            return Err(InvalidFunction::NotPositive { field: "the amount of an advance" });
        }
        check_field_names(&self.custom_fields)?;
        self.items.iter().try_for_each(|item| check_field_names(&item.dimensions.custom_fields))
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create", |writer| writer.element("ARADVANCE", |writer| self.write_fields(writer)));
    }

    fn write_fields(&self, writer: &mut XmlWriter) {
        writer.text("CUSTOMERID", &self.customer_id);
        writer.slash_date("PAYMENTDATE", self.payment_date);
        writer.slash_date("RECEIPTDATE", self.receipt_date);
        writer.text("PAYMENTMETHOD", self.method.as_str());
        self.into.write(writer);
        writer.text("DOCNUMBER", &self.document_number);
        writer.optional("DESCRIPTION", self.description.as_deref());
        if let Some(currency) = &self.currency {
            currency.write_dated(writer);
        }
        writer.optional("SUPDOCID", self.attachment.as_deref());
        writer.text("ACTION", self.action.as_str());
        write_generic_fields(&self.custom_fields, writer);
        writer.element("ARADVANCEITEMS", |writer| self.items.iter().for_each(|item| item.write(writer)));
    }
}

impl AdvanceItem {
    fn write(&self, writer: &mut XmlWriter) {
        writer.element("ARADVANCEITEM", |writer| {
            match &self.account {
                Account::Gl(number) => writer.text("ACCOUNTNO", number),
                Account::Label(label) => writer.text("ACCOUNTLABEL", label),
            }
            writer.amount("TRX_AMOUNT", self.amount);
            writer.optional("ENTRYDESCRIPTION", self.memo.as_deref());
            write_generic_dimensions(&self.dimensions, ["LOCATIONID", "DEPARTMENTID"], writer);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advance() -> CreateAdvance {
        CreateAdvance {
            customer_id: "BC-77".into(),
            method: PaymentMethod::CreditCard,
            payment_date: "2026-07-01".parse().unwrap(),
            receipt_date: "2026-07-01".parse().unwrap(),
            into: MoneyGoesTo::UndepositedFunds("1190".into()),
            document_number: "ch_9".into(),
            description: None,
            currency: None,
            attachment: None,
            action: PostingAction::Submit,
            custom_fields: Vec::new(),
            items: vec![AdvanceItem {
                account: Account::Gl("2320".into()),
                amount: "75".parse().unwrap(),
                memo: None,
                dimensions: LineDimensions::default(),
            }],
        }
    }

    #[test]
    fn an_advance_has_items_above_zero_and_is_not_paid_online() {
        assert_eq!(advance().check(), Ok(()));
        assert!(matches!(
            CreateAdvance { items: Vec::new(), ..advance() }.check(),
            Err(InvalidFunction::NoLines { .. })
        ));
        let online = CreateAdvance { method: PaymentMethod::OnlineAchDebit, ..advance() };
        assert!(matches!(online.check(), Err(InvalidFunction::Rule { .. })));
        let mut negative = advance();
        negative.items[0].amount = Decimal::NEGATIVE_ONE;
        assert!(matches!(negative.check(), Err(InvalidFunction::NotPositive { .. })));
        let field = CustomField { name: "BAD NAME".into(), value: "1".into() };
        let misnamed = CreateAdvance { custom_fields: vec![field], ..advance() };
        assert!(matches!(misnamed.check(), Err(InvalidFunction::Characters { .. })));
    }
}
