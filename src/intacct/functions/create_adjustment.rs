//! `create_aradjustment`: a credit memo or a debit memo (Intacct docs, AR adjustments; gateway schema 3.0).
//!
//! The order of elements is enforced and differs from an invoice's: the number stands before the action. The header
//! takes neither custom fields nor an attachment. `invoiceno` is only a reference: the credit is applied by a payment afterwards.

use jiff::civil::Date;

use super::currency::CurrencyGroup;
use super::line::{Line, PostingAction};
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// An AR adjustment. Negative lines make a credit memo, positive lines a debit memo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateAdjustment {
    /// The customer it belongs to.
    pub customer_id: String,
    /// Date of the document, in the company's time zone.
    pub date: Date,
    /// GL posting date; Intacct takes the document's date when absent. This one decides the period.
    pub posting_date: Option<Date>,
    /// Adjustment number (`RECORDID` when read), at most 45 characters. Intacct does not force it to be unique.
    pub number: String,
    /// Posted or draft.
    pub action: PostingAction,
    /// Number of the invoice it refers to, cut to 20 characters; also name it in the description.
    pub invoice_reference: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Id in our system; not readable by `query`.
    pub external_id: Option<String>,
    /// Currency; none in a company without multi-currency.
    pub currency: Option<CurrencyGroup>,
    /// Keeps the adjustment out of the general ledger; only for balances that the ledger has from elsewhere.
    pub outside_ledger: bool,
    /// Tax solution by name; only for VAT, at the top level of a company with several.
    pub tax_solution: Option<String>,
    /// The lines, at least one.
    pub lines: Vec<Line>,
}

impl CreateAdjustment {
    /// An adjustment that is posted at once, with nothing but what every adjustment has.
    pub fn new(customer_id: &str, number: &str, date: Date, lines: Vec<Line>) -> Self {
        Self {
            customer_id: customer_id.to_owned(),
            date,
            posting_date: None,
            number: number.to_owned(),
            action: PostingAction::Submit,
            invoice_reference: None,
            description: None,
            external_id: None,
            currency: None,
            outside_ledger: false,
            tax_solution: None,
            lines,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("customerid", &self.customer_id, text::CUSTOMER_ID)?;
        check_id("adjustmentno", &self.number, text::DOCUMENT_NUMBER)?;
        if self.lines.is_empty() {
            return Err(InvalidFunction::NoLines { what: "the adjustment" });
        }
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        let reference = self.invoice_reference.as_deref().map(|value| text::cut(value, text::ADJUSTMENT_REFERENCE));
        writer.element("create_aradjustment", |writer| {
            writer.text("customerid", &self.customer_id);
            writer.split_date("datecreated", self.date);
            if let Some(date) = self.posting_date {
                writer.split_date("dateposted", date);
            }
            writer.text("adjustmentno", &self.number);
            writer.text("action", self.action.as_str());
            writer.optional("invoiceno", reference);
            writer.optional("description", self.description.as_deref());
            writer.optional("externalid", self.external_id.as_deref());
            if let Some(currency) = &self.currency {
                currency.write_specific(writer);
            }
            if self.outside_ledger {
                writer.boolean("nogl", true);
            }
            // Newer than the published schema; its place is that of the documentation's table.
            writer.optional("taxsolutionid", self.tax_solution.as_deref());
            writer.element("aradjustmentitems", |writer| self.lines.iter().for_each(|line| line.write(writer)));
        });
    }
}
