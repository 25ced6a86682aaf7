//! `create GLBATCH`: a journal entry (Intacct docs, journal entries).

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::currency::CurrencyGroup;
use super::line::{
    CustomField, LineDimensions, PostingAction, check_field_names, write_generic_dimensions, write_generic_fields,
};
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// One side of a journal entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntryLine {
    /// GL account.
    pub account: String,
    /// Amount in major units of its currency; a debit above zero, a credit below. Never zero. In a statistical journal it
    /// is a count: an increase above zero, a decrease below.
    pub amount: Decimal,
    /// The line's own currency, where it differs from the entry's.
    pub currency: Option<CurrencyGroup>,
    /// What the line says.
    pub memo: Option<String>,
    /// Its dimensions.
    pub dimensions: LineDimensions,
}

impl JournalEntryLine {
    /// A line without memo and dimensions.
    pub fn new(account: String, amount: Decimal) -> Self {
        Self { account, amount, currency: None, memo: None, dimensions: LineDimensions::default() }
    }
}

/// Whether an entry books money or counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JournalKind {
    /// Money: two sides that balance.
    #[default]
    Money,
    /// Counts in a statistical journal on statistical accounts: one line is enough (Intacct docs, statistical journal
    /// entries).
    Statistical,
}

/// Creates one journal entry. The answer carries its `RECORDNO`; the number users see (`BATCHNO`) must be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateJournal {
    /// Symbol of the journal, for example `GJ`.
    pub journal: String,
    /// Whether that journal books money or counts.
    pub kind: JournalKind,
    /// Posting date, in the company's time zone.
    pub date: Date,
    /// The day on which Intacct takes the entry back by itself; after the posting date, in an open period.
    pub reverse_date: Option<Date>,
    /// Title.
    pub title: String,
    /// Reference number, at most 45 characters: our own number, what a look-up asks for.
    pub reference: String,
    /// What the entry's history says of its making.
    pub history_comment: Option<String>,
    /// The entity it is entered from; required where entries do not balance per entity.
    pub source_entity: Option<String>,
    /// The id of its attachment: the support file.
    pub attachment: Option<String>,
    /// Posted or draft.
    pub action: PostingAction,
    /// The currency of all lines that have none of their own; none in a company without multi-currency.
    pub currency: Option<CurrencyGroup>,
    /// Custom fields of the header.
    pub custom_fields: Vec<CustomField>,
    /// At least two lines that balance; of a count at least one.
    pub lines: Vec<JournalEntryLine>,
}

impl CreateJournal {
    /// An entry of money that is posted at once, with nothing but what every entry has.
    pub fn new(journal: &str, reference: &str, title: &str, date: Date, lines: Vec<JournalEntryLine>) -> Self {
        Self {
            journal: journal.to_owned(),
            kind: JournalKind::Money,
            date,
            reverse_date: None,
            title: title.to_owned(),
            reference: reference.to_owned(),
            history_comment: None,
            source_entity: None,
            attachment: None,
            action: PostingAction::Submit,
            currency: None,
            custom_fields: Vec::new(),
            lines,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("REFERENCENO", &self.reference, text::DOCUMENT_NUMBER)?;
        if self.journal.trim().is_empty() {
            return Err(InvalidFunction::Empty { field: "JOURNAL" });
        }
        if self.title.trim().is_empty() {
            return Err(InvalidFunction::Empty { field: "BATCH_TITLE" });
        }
        if self.reverse_date.is_some_and(|reverse| reverse <= self.date) {
            return Err(InvalidFunction::Rule { what: "the journal entry", why: "it is reversed before its own day" });
        }
        check_field_names(&self.custom_fields)?;
        self.lines.iter().try_for_each(|line| check_field_names(&line.dimensions.custom_fields))?;
        let least = if self.kind == JournalKind::Statistical { 1 } else { 2 };
        if self.lines.len() < least {
            return Err(InvalidFunction::NoLines { what: "the journal entry" });
        }
        if self.lines.iter().any(|line| line.amount.is_zero()) {
            return Err(InvalidFunction::NotPositive { field: "the amount of a journal line, without its side," });
        }
        if self.kind == JournalKind::Money { self.check_balance() } else { Ok(()) }
    }

    /// Every currency of an entry balances by itself.
    fn check_balance(&self) -> Result<(), InvalidFunction> {
        let mut balances: BTreeMap<&str, Decimal> = BTreeMap::new();
        for line in &self.lines {
            let currency = line.currency.as_ref().or(self.currency.as_ref());
            *balances.entry(currency.map_or("", |group| group.currency.as_str())).or_default() += line.amount;
        }
        match balances.into_iter().find(|(_, balance)| !balance.is_zero()) {
            Some((currency, balance)) => Err(InvalidFunction::Unbalanced {
                reference: self.reference.clone(),
                currency: currency.to_owned(),
                balance,
            }),
            None => Ok(()),
        }
    }

    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("create", |writer| writer.element("GLBATCH", |writer| self.write_fields(writer)));
    }

    fn write_fields(&self, writer: &mut XmlWriter) {
        writer.text("JOURNAL", &self.journal);
        writer.slash_date("BATCH_DATE", self.date);
        if let Some(date) = self.reverse_date {
            writer.slash_date("REVERSEDATE", date);
        }
        writer.text("BATCH_TITLE", text::cut(&self.title, text::JOURNAL_TITLE));
        writer.text("REFERENCENO", &self.reference);
        writer.optional("HISTORY_COMMENT", self.history_comment.as_deref());
        writer.optional("BASELOCATION_NO", self.source_entity.as_deref());
        writer.optional("SUPDOCID", self.attachment.as_deref());
        writer.text("STATE", if self.action == PostingAction::Draft { "Draft" } else { "Posted" });
        write_generic_fields(&self.custom_fields, writer);
        writer.element("ENTRIES", |writer| self.lines.iter().for_each(|line| self.write_line(writer, line)));
    }

    /// A journal line says LOCATION and DEPARTMENT, where receivables say LOCATIONID and DEPARTMENTID.
    fn write_line(&self, writer: &mut XmlWriter, line: &JournalEntryLine) {
        writer.element("GLENTRY", |writer| {
            writer.text("DOCUMENT", &self.reference);
            writer.text("ACCOUNTNO", &line.account);
            if let Some(currency) = line.currency.as_ref().or(self.currency.as_ref()) {
                currency.write_journal(writer);
            }
            writer.amount("TRX_AMOUNT", line.amount.abs());
            writer.text("TR_TYPE", if line.amount.is_sign_negative() { "-1" } else { "1" });
            writer.optional("DESCRIPTION", line.memo.as_deref());
            write_generic_dimensions(&line.dimensions, ["LOCATION", "DEPARTMENT"], writer);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> CreateJournal {
        let lines = vec![line("5000", "47.36"), line("1200", "-47.36")];
        CreateJournal::new("GJ", "BC-118-S7", "Cost of goods", "2026-07-01".parse().unwrap(), lines)
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
        let uneven = CreateJournal { lines: vec![line("5000", "47.36"), line("1200", "-47.35")], ..entry() };
        assert!(matches!(uneven.check(), Err(InvalidFunction::Unbalanced { .. })));
        let nameless = CreateJournal { reference: String::new(), ..entry() };
        assert!(matches!(nameless.check(), Err(InvalidFunction::Empty { field: "REFERENCENO" })));
    }

    #[test]
    fn a_count_stands_alone_and_every_currency_balances_by_itself() {
        let count = CreateJournal { kind: JournalKind::Statistical, lines: vec![line("9001", "42")], ..entry() };
        assert_eq!(count.check(), Ok(()));
        let in_euro = |line: JournalEntryLine| JournalEntryLine {
            currency: Some(CurrencyGroup {
                base: None,
                currency: "EUR".into(),
                rate: crate::intacct::functions::ExchangeRate::Fixed(Decimal::ONE),
            }),
            ..line
        };
        let mixed = CreateJournal { lines: vec![line("5000", "47.36"), in_euro(line("1200", "-47.36"))], ..entry() };
        assert!(matches!(mixed.check(), Err(InvalidFunction::Unbalanced { .. })));
        let whole: Vec<_> = entry().lines.into_iter().chain(entry().lines.into_iter().map(in_euro)).collect();
        assert_eq!(CreateJournal { lines: whole, ..entry() }.check(), Ok(()));
        let early = CreateJournal { reverse_date: Some(entry().date), ..entry() };
        assert!(matches!(early.check(), Err(InvalidFunction::Rule { .. })));
    }
}
