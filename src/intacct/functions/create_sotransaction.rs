//! `create_sotransaction`: an Order Entry document (Intacct docs, Order Entry transactions; gateway schema 3.0). The order
//! of elements is enforced.
//!
//! The answer's `key` is a document id, `<definition>-<number>`, not a record number. Payments and applications need the
//! record number of the receivable it posts, which changes whenever the document is edited in Intacct.

use jiff::civil::Date;

use super::currency::CurrencyGroup;
use super::line::{CustomField, write_custom_fields};
use super::sotransaction_line::{OrderEntryLine, Subtotal};
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// What an Order Entry document does at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DocumentState {
    /// It counts: what its definition posts is posted.
    #[default]
    Pending,
    /// Kept as a draft for a person.
    Draft,
}

impl DocumentState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Draft => "Draft",
        }
    }
}

/// An Order Entry document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateSoTransaction {
    /// The transaction definition, by its name in the company.
    pub definition: String,
    /// Date of the document, in the company's time zone.
    pub date: Date,
    /// GL posting date; Intacct takes the document's date when absent. This one decides the period.
    pub posting_date: Option<Date>,
    /// The id of the document it is made from, for example `Sales Invoice-BC-118`.
    pub created_from: Option<String>,
    /// The customer.
    pub customer_id: String,
    /// Its number, at most 45 characters; `None` only where the definition numbers by itself.
    pub number: Option<String>,
    /// Reference number, cut to 100 characters (`PONUMBER` when read).
    pub reference: Option<String>,
    /// Payment term by name; this or `due_date` is required.
    pub term: Option<String>,
    /// Due date; this or `term` is required.
    pub due_date: Option<Date>,
    /// What the document says to its reader.
    pub message: Option<String>,
    /// Name of an existing contact to ship to; the customer's own when absent.
    pub ship_to: Option<String>,
    /// Name of an existing contact to bill to; the customer's own when absent.
    pub bill_to: Option<String>,
    /// Id in our system; not readable by `query`.
    pub external_id: Option<String>,
    /// Currency; none in a company without multi-currency.
    pub currency: Option<CurrencyGroup>,
    /// Custom fields of the header.
    pub custom_fields: Vec<CustomField>,
    /// What it does at once; said always, because the definition's own default may be a draft.
    pub state: DocumentState,
    /// Its items, at least one.
    pub items: Vec<OrderEntryLine>,
    /// Subtotals of the definition, each at most once.
    pub subtotals: Vec<Subtotal>,
}

impl CreateSoTransaction {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        if self.definition.trim().is_empty() {
            return Err(InvalidFunction::Empty { field: "transactiontype" });
        }
        check_id("customerid", &self.customer_id, text::CUSTOMER_ID)?;
        if let Some(number) = &self.number {
            check_id("documentno", number, text::DOCUMENT_NUMBER)?;
        }
        if self.due_date.is_none() && self.term.is_none() {
            return Err(InvalidFunction::NoDueDate { number: self.number.clone().unwrap_or_default() });
        }
        if self.items.is_empty() {
            return Err(InvalidFunction::NoLines { what: "the Order Entry document" });
        }
        self.items.iter().try_for_each(OrderEntryLine::check)?;
        for (place, subtotal) in self.subtotals.iter().enumerate() {
            if subtotal.name.trim().is_empty() {
                return Err(InvalidFunction::Empty { field: "subtotal description" });
            }
            if self.subtotals[..place].iter().any(|other| other.name == subtotal.name) {
                return Err(InvalidFunction::Twice { field: "subtotal", value: subtotal.name.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create_sotransaction", |writer| {
            writer.text("transactiontype", &self.definition);
            writer.split_date("datecreated", self.date);
            if let Some(date) = self.posting_date {
                writer.split_date("dateposted", date);
            }
            writer.optional("createdfrom", self.created_from.as_deref());
            writer.text("customerid", &self.customer_id);
            writer.optional("documentno", self.number.as_deref());
            writer.optional("referenceno", self.reference.as_deref().map(|value| text::cut(value, text::REFERENCE)));
            writer.optional("termname", self.term.as_deref());
            if let Some(date) = self.due_date {
                writer.split_date("datedue", date);
            }
            writer.optional("message", self.message.as_deref());
            for (name, contact) in [("shipto", &self.ship_to), ("billto", &self.bill_to)] {
                if let Some(contact) = contact {
                    writer.element(name, |writer| writer.text("contactname", &text::contact_name(contact)));
                }
            }
            writer.optional("externalid", self.external_id.as_deref());
            if let Some(currency) = &self.currency {
                currency.write_specific(writer);
            }
            write_custom_fields(&self.custom_fields, writer);
            writer.text("state", self.state.as_str());
            writer.element("sotransitems", |writer| self.items.iter().for_each(|item| item.write(writer)));
            if !self.subtotals.is_empty() {
                writer.element("subtotals", |writer| self.subtotals.iter().for_each(|subtotal| subtotal.write(writer)));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> CreateSoTransaction {
        CreateSoTransaction {
            definition: "Sales Invoice".into(),
            date: "2026-03-09".parse().unwrap(),
            posting_date: None,
            created_from: None,
            customer_id: "AC-41".into(),
            number: Some("AC-1207".into()),
            reference: None,
            term: Some("Net 30".into()),
            due_date: None,
            message: None,
            ship_to: None,
            bill_to: None,
            external_id: None,
            currency: None,
            custom_fields: Vec::new(),
            state: DocumentState::Pending,
            items: vec![OrderEntryLine::new("SHIRT-M", "2".parse().unwrap(), "Each", "40".parse().unwrap())],
            subtotals: vec![Subtotal::new("Shipping", "5".parse().unwrap())],
        }
    }

    fn refused(change: impl FnOnce(&mut CreateSoTransaction)) -> InvalidFunction {
        let mut changed = document();
        change(&mut changed);
        changed.check().unwrap_err()
    }

    #[test]
    fn what_the_gateway_would_refuse_is_not_sent() {
        use InvalidFunction::{Characters, Empty, NoDueDate, NoLines, NotPositive, TooLong, Twice};
        assert_eq!(document().check(), Ok(()));
        assert_eq!(refused(|d| d.definition.clear()), Empty { field: "transactiontype" });
        assert!(matches!(refused(|d| d.number = Some("9".repeat(46))), TooLong { field: "documentno", .. }));
        assert!(matches!(refused(|d| d.customer_id = "A&B".into()), Characters { field: "customerid", .. }));
        assert!(matches!(refused(|d| d.term = None), NoDueDate { .. }));
        assert!(matches!(refused(|d| d.items.clear()), NoLines { .. }));
        assert!(matches!(refused(|d| d.items[0].item = "I".repeat(31)), TooLong { field: "itemid", .. }));
        assert_eq!(refused(|d| d.items[0].quantity = "0".parse().unwrap()), NotPositive { field: "quantity" });
        assert_eq!(refused(|d| d.items[0].unit.clear()), Empty { field: "unit" });
        assert_eq!(refused(|d| d.subtotals[0].name = " ".into()), Empty { field: "subtotal description" });
        assert!(matches!(refused(|d| d.subtotals.push(d.subtotals[0].clone())), Twice { .. }));
    }

    #[test]
    fn what_is_not_given_is_not_written() {
        let mut writer = XmlWriter::new();
        document().write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<create_sotransaction><transactiontype>Sales Invoice</transactiontype><datecreated><year>2026</year>\
             <month>03</month><day>09</day></datecreated><customerid>AC-41</customerid><documentno>AC-1207</documentno>\
             <termname>Net 30</termname><state>Pending</state><sotransitems><sotransitem><itemid>SHIRT-M</itemid>\
             <quantity>2</quantity><unit>Each</unit><price>40.00</price></sotransitem></sotransitems><subtotals>\
             <subtotal><description>Shipping</description><total>5.00</total></subtotal></subtotals>\
             </create_sotransaction>"
        );
    }
}
