//! `create_invoice`: an AR invoice (Intacct docs, AR invoices; gateway schema 3.0). The order of elements is enforced.
//!
//! There is no generic `create ARINVOICE`. The answer's `key` is the record number, which receipts and applications
//! refer to.

use jiff::civil::Date;

use super::currency::CurrencyGroup;
use super::line::{CustomField, Line, PostingAction, write_custom_fields};
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// An AR invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateInvoice {
    /// The customer who owes it.
    pub customer_id: String,
    /// Invoice date, in the company's time zone.
    pub date: Date,
    /// GL posting date; Intacct takes the invoice date when absent. This one decides the period.
    pub posting_date: Option<Date>,
    /// Due date; this or `term` is required.
    pub due_date: Option<Date>,
    /// Payment term by name; this or `due_date` is required.
    pub term: Option<String>,
    /// Posted or draft.
    pub action: PostingAction,
    /// Invoice number (`RECORDID` when read), at most 45 characters: what a look-up asks for.
    pub number: String,
    /// Reference number (`DOCNUMBER` when read), cut to 100 characters.
    pub reference: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Id in our system; not readable by `query`.
    pub external_id: Option<String>,
    /// Name of an existing contact to bill to; the customer's own when absent.
    pub bill_to: Option<String>,
    /// Name of an existing contact to ship to; the customer's own when absent.
    pub ship_to: Option<String>,
    /// Currency; none in a company without multi-currency.
    pub currency: Option<CurrencyGroup>,
    /// Keeps the invoice out of the general ledger; only for balances that the ledger has from elsewhere.
    pub outside_ledger: bool,
    /// The id of its attachment.
    pub attachment: Option<String>,
    /// Tax solution by name; only for VAT, at the top level of a company with several.
    pub tax_solution: Option<String>,
    /// Custom fields of the header.
    pub custom_fields: Vec<CustomField>,
    /// The lines, at least one.
    pub lines: Vec<Line>,
}

impl CreateInvoice {
    /// An invoice that is posted at once, with nothing but what every invoice has.
    pub fn new(customer_id: &str, number: &str, date: Date, lines: Vec<Line>) -> Self {
        Self {
            customer_id: customer_id.to_owned(),
            date,
            posting_date: None,
            due_date: Some(date),
            term: None,
            action: PostingAction::Submit,
            number: number.to_owned(),
            reference: None,
            description: None,
            external_id: None,
            bill_to: None,
            ship_to: None,
            currency: None,
            outside_ledger: false,
            attachment: None,
            tax_solution: None,
            custom_fields: Vec::new(),
            lines,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("customerid", &self.customer_id, text::CUSTOMER_ID)?;
        check_id("invoiceno", &self.number, text::DOCUMENT_NUMBER)?;
        if self.due_date.is_none() && self.term.is_none() {
            return Err(InvalidFunction::NoDueDate { number: self.number.clone() });
        }
        if self.lines.is_empty() {
            return Err(InvalidFunction::NoLines { what: "the invoice" });
        }
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create_invoice", |writer| {
            writer.text("customerid", &self.customer_id);
            writer.split_date("datecreated", self.date);
            if let Some(date) = self.posting_date {
                writer.split_date("dateposted", date);
            }
            if let Some(date) = self.due_date {
                writer.split_date("datedue", date);
            }
            writer.optional("termname", self.term.as_deref());
            writer.text("action", self.action.as_str());
            writer.text("invoiceno", &self.number);
            writer.optional("ponumber", self.reference.as_deref().map(|value| text::cut(value, text::REFERENCE)));
            writer.optional("description", self.description.as_deref());
            writer.optional("externalid", self.external_id.as_deref());
            for (name, contact) in [("billto", &self.bill_to), ("shipto", &self.ship_to)] {
                if let Some(contact) = contact {
                    writer.element(name, |writer| writer.text("contactname", &text::contact_name(contact)));
                }
            }
            if let Some(currency) = &self.currency {
                currency.write_specific(writer);
            }
            if self.outside_ledger {
                writer.boolean("nogl", true);
            }
            writer.optional("supdocid", self.attachment.as_deref());
            write_custom_fields(&self.custom_fields, writer);
            // Newer than the published schema; its place is that of the documentation's table.
            writer.optional("taxsolutionid", self.tax_solution.as_deref());
            writer.element("invoiceitems", |writer| self.lines.iter().for_each(|line| line.write(writer)));
        });
    }
}
