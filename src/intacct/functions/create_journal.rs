//! `create GLBATCH`: a journal entry (Intacct docs, journal entries).

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::currency::CurrencyGroup;
use super::line::LineDimensions;
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::{FieldName, XmlWriter};

/// One side of a journal entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntryLine {
    /// GL account.
    pub account: String,
    /// Amount in major units of its currency; a debit above zero, a credit below. Never zero.
    pub amount: Decimal,
    /// What the line says.
    pub memo: Option<String>,
    /// Its dimensions.
    pub dimensions: LineDimensions,
}

impl JournalEntryLine {
    /// A line without memo and dimensions.
    pub fn new(account: String, amount: Decimal) -> Self {
        Self { account, amount, memo: None, dimensions: LineDimensions::default() }
    }
}

/// Creates and posts one journal entry. The answer carries its `RECORDNO`; the number users see (`BATCHNO`) must be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateJournal {
    /// Symbol of the journal, for example `GJ`.
    pub journal: String,
    /// Posting date, in the company's time zone.
    pub date: Date,
    /// Title.
    pub title: String,
    /// Reference number, at most 45 characters: our own number, what a look-up asks for.
    pub reference: String,
    /// The id of its attachment: the support file.
    pub attachment: Option<String>,
    /// The currency of all lines; none in a company without multi-currency.
    pub currency: Option<CurrencyGroup>,
    /// At least two lines that balance.
    pub lines: Vec<JournalEntryLine>,
}

impl CreateJournal {
    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("REFERENCENO", &self.reference, text::DOCUMENT_NUMBER)?;
        if self.journal.trim().is_empty() {
            return Err(InvalidFunction::Empty { field: "JOURNAL" });
        }
        if self.title.trim().is_empty() {
            return Err(InvalidFunction::Empty { field: "BATCH_TITLE" });
        }
        if self.lines.len() < 2 {
            return Err(InvalidFunction::NoLines { what: "the journal entry" });
        }
        let fields = self.lines.iter().flat_map(|line| &line.dimensions.custom_fields);
        if let Some(field) = fields.map(|field| &field.name).find(|name| FieldName::new(name).is_err()) {
            return Err(InvalidFunction::Characters { field: "the name of a custom field", value: field.clone() });
        }
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create", |writer| writer.element("GLBATCH", |writer| self.write_fields(writer)));
    }

    fn write_fields(&self, writer: &mut XmlWriter) {
        writer.text("JOURNAL", &self.journal);
        writer.slash_date("BATCH_DATE", self.date);
        writer.text("BATCH_TITLE", text::cut(&self.title, text::JOURNAL_TITLE));
        writer.text("REFERENCENO", &self.reference);
        writer.optional("SUPDOCID", self.attachment.as_deref());
        writer.text("STATE", "Posted");
        writer.element("ENTRIES", |writer| self.lines.iter().for_each(|line| self.write_line(writer, line)));
    }

    /// A journal line says LOCATION and DEPARTMENT, where receivables say LOCATIONID and DEPARTMENTID.
    fn write_line(&self, writer: &mut XmlWriter, line: &JournalEntryLine) {
        writer.element("GLENTRY", |writer| {
            writer.text("DOCUMENT", &self.reference);
            writer.text("ACCOUNTNO", &line.account);
            if let Some(currency) = &self.currency {
                currency.write_journal(writer);
            }
            writer.amount("TRX_AMOUNT", line.amount.abs());
            writer.text("TR_TYPE", if line.amount.is_sign_negative() { "-1" } else { "1" });
            writer.optional("DESCRIPTION", line.memo.as_deref());
            let dimensions = &line.dimensions;
            writer.optional("DEPARTMENT", dimensions.department.as_deref());
            writer.optional("LOCATION", dimensions.location.as_deref());
            writer.optional("PROJECTID", dimensions.project.as_deref());
            writer.optional("CUSTOMERID", dimensions.customer.as_deref());
            writer.optional("ITEMID", dimensions.item.as_deref());
            writer.optional("CLASSID", dimensions.class.as_deref());
            for field in &dimensions.custom_fields {
                // A name that is no element name was refused by `check`.
                if let Ok(name) = FieldName::new(&field.name) {
                    writer.text(name.as_str(), &field.value);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> CreateJournal {
        CreateJournal {
            journal: "GJ".into(),
            date: "2026-07-01".parse().unwrap(),
            title: "Cost of goods".into(),
            reference: "BC-118-S7".into(),
            attachment: None,
            currency: None,
            lines: vec![line("5000", "47.36"), line("1200", "-47.36")],
        }
    }

    fn line(account: &str, amount: &str) -> JournalEntryLine {
        let dimensions = LineDimensions { location: Some("100".into()), ..LineDimensions::default() };
        JournalEntryLine { dimensions, ..JournalEntryLine::new(account.into(), amount.parse().unwrap()) }
    }

    #[test]
    fn the_side_stands_in_the_type_and_the_amount_is_absolute() {
        let mut writer = XmlWriter::new();
        entry().write(&mut writer);
        assert_eq!(
            writer.finish(),
            "<create><GLBATCH><JOURNAL>GJ</JOURNAL><BATCH_DATE>07/01/2026</BATCH_DATE>\
             <BATCH_TITLE>Cost of goods</BATCH_TITLE><REFERENCENO>BC-118-S7</REFERENCENO><STATE>Posted</STATE><ENTRIES>\
             <GLENTRY><DOCUMENT>BC-118-S7</DOCUMENT><ACCOUNTNO>5000</ACCOUNTNO><TRX_AMOUNT>47.36</TRX_AMOUNT>\
             <TR_TYPE>1</TR_TYPE><LOCATION>100</LOCATION></GLENTRY>\
             <GLENTRY><DOCUMENT>BC-118-S7</DOCUMENT><ACCOUNTNO>1200</ACCOUNTNO><TRX_AMOUNT>47.36</TRX_AMOUNT>\
             <TR_TYPE>-1</TR_TYPE><LOCATION>100</LOCATION></GLENTRY></ENTRIES></GLBATCH></create>"
        );
    }

    #[test]
    fn an_entry_has_two_sides_and_a_reference() {
        assert_eq!(entry().check(), Ok(()));
        let one = CreateJournal { lines: entry().lines[..1].to_vec(), ..entry() };
        assert!(matches!(one.check(), Err(InvalidFunction::NoLines { .. })));
        let nameless = CreateJournal { reference: String::new(), ..entry() };
        assert!(matches!(nameless.check(), Err(InvalidFunction::Empty { field: "REFERENCENO" })));
    }
}
