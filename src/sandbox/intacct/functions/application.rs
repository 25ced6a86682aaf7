//! What a payment or an application may pay, and with what: checked over all its parts, down to the lines.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::records::{
    Application, CreditKind, DocumentState, Payment, PaymentKind, Portion, Receivable, ReceivableKind,
};
use super::super::refusal::Refusal;
use super::super::values::print_amount;

/// Who pays in which currency, and what is still open after the parts seen so far.
pub(super) struct Applier<'a> {
    books: &'a Books,
    customer: Option<&'a str>,
    currency: &'a str,
    /// Open amounts of documents, credits and payments by RECORDNO.
    open: BTreeMap<u64, Decimal>,
    /// What is left of single lines by RECORDNO.
    lines: BTreeMap<u64, Decimal>,
}

/// One part of a payment, as it was asked for.
#[derive(Default)]
pub(super) struct Part<'a> {
    /// The line of the document that is paid; all of them from the first when absent.
    pub(super) entry: Option<&'a str>,
    pub(super) cash: Decimal,
    pub(super) discount: Decimal,
    pub(super) credit: Option<Credit<'a>>,
}

/// The credit that a part uses, as it was asked for.
#[derive(Clone, Copy)]
pub(super) struct Credit<'a> {
    pub(super) kind: CreditKind,
    /// The record it comes from.
    pub(super) key: &'a str,
    /// The line of it that is used; all of them from the first when absent.
    pub(super) entry: Option<&'a str>,
    pub(super) amount: Decimal,
}

impl<'a> Applier<'a> {
    pub(super) fn new(books: &'a Books, customer: Option<&'a str>, currency: &'a str) -> Self {
        Self { books, customer, currency, open: BTreeMap::new(), lines: BTreeMap::new() }
    }

    /// Checks one part against everything before it. Several parts may name one document; together they may not exceed it.
    pub(super) fn apply(&mut self, document: &'a Receivable, part: &Part<'_>) -> Result<Application, Refusal> {
        let credit = part.credit.map_or(Decimal::ZERO, |credit| credit.amount);
        let inline = part.credit.is_some_and(|credit| credit.kind == CreditKind::Inline);
        let gross = part.cash + part.discount + credit;
        let name = label(document);
        let document_lines = self.take_lines(document, Decimal::ONE, part.entry, gross)?;
        self.take(document.record_no, &name, document.open, if inline { gross - credit } else { gross })?;
        let mut application = Application {
            document: document.record_no,
            cash: part.cash,
            discount: part.discount,
            credit,
            document_lines,
            ..Application::default()
        };
        if let Some(credit) = part.credit {
            let (from, lines) = self.credit(document, credit)?;
            application.credit_from = Some(from);
            application.credit_kind = Some(credit.kind);
            application.credit_lines = lines;
        }
        Ok(application)
    }

    /// A posted invoice or adjustment of the payer in the payment's currency.
    pub(super) fn receivable(&self, key: &str, kind: ReceivableKind) -> Result<&'a Receivable, Refusal> {
        let found = key.parse().ok().and_then(|record_no| self.books.receivable(kind, record_no));
        let receivable = found.ok_or_else(|| Refusal::no_record(key))?;
        self.check_parties(&label(receivable), Some(&receivable.customer_id), &receivable.currency)?;
        match receivable.state {
            DocumentState::Posted => Ok(receivable),
            DocumentState::Draft | DocumentState::Reversed => Err(Refusal::not_posted(&label(receivable))),
        }
    }

    fn credit(&mut self, document: &'a Receivable, credit: Credit<'_>) -> Result<(u64, Vec<Portion>), Refusal> {
        let Credit { kind, key, entry, amount } = credit;
        let source = match kind {
            CreditKind::CreditMemo => self.receivable(key, ReceivableKind::Adjustment)?,
            CreditKind::NegativeInvoice => self.receivable(key, ReceivableKind::Invoice)?,
            // Whether a negative line can pay another document is not documented; a strict company lets it pay its own.
            CreditKind::Inline if key == document.record_no.to_string() => document,
            CreditKind::Inline => return Err(Refusal::no_record(key)),
            CreditKind::Overpayment => return self.money(key, PaymentKind::Payment, entry, amount),
            CreditKind::Advance => return self.money(key, PaymentKind::Advance, entry, amount),
        };
        if kind != CreditKind::Inline {
            if source.total >= Decimal::ZERO {
                return Err(Refusal::no_record(key));
            }
            self.take(source.record_no, &label(source), -source.open, amount)?;
        }
        Ok((source.record_no, self.take_lines(source, Decimal::NEGATIVE_ONE, entry, amount)?))
    }

    /// Money of an earlier payment that nothing has used yet.
    fn money(
        &mut self,
        key: &str,
        kind: PaymentKind,
        entry: Option<&str>,
        amount: Decimal,
    ) -> Result<(u64, Vec<Portion>), Refusal> {
        let payment = key.parse().ok().and_then(|key: u64| self.books.payments.get(&key));
        let usable = |payment: &&Payment| payment.kind == kind && payment.state == DocumentState::Posted;
        let payment = payment.filter(usable).ok_or_else(|| Refusal::no_record(key))?;
        let word = if kind == PaymentKind::Advance { "advance" } else { "overpayment" };
        let name = format!("The {word} '{}'", payment.reference);
        self.check_parties(&name, payment.customer_id.as_deref(), &payment.currency)?;
        self.take(payment.record_no, &name, payment.overpayment_open, amount)?;
        let lines: Vec<_> = payment.unapplied.iter().map(|line| (line.record_no, line.amount - line.used)).collect();
        Ok((payment.record_no, self.fill(&name, &lines, entry, amount)?))
    }

    fn check_parties(&self, label: &str, owner: Option<&str>, currency: &str) -> Result<(), Refusal> {
        if let (Some(payer), true) = (self.customer, self.customer != owner) {
            return Err(Refusal::other_customer(label, payer));
        }
        if currency != self.currency {
            return Err(Refusal::other_currency(currency, self.currency));
        }
        Ok(())
    }

    /// Takes an amount off what is still open of a record.
    fn take(&mut self, record_no: u64, label: &str, open: Decimal, amount: Decimal) -> Result<(), Refusal> {
        let open = self.open.entry(record_no).or_insert(open);
        if amount > *open {
            return Err(Refusal::over_applied(label, &print_amount(amount), &print_amount(*open)));
        }
        *open -= amount;
        Ok(())
    }

    /// Takes an amount off the lines of that sign of a document.
    fn take_lines(
        &mut self,
        document: &Receivable,
        sign: Decimal,
        entry: Option<&str>,
        amount: Decimal,
    ) -> Result<Vec<Portion>, Refusal> {
        let lines: Vec<_> = document
            .lines
            .iter()
            .map(|line| (line.record_no, sign * (line.total() - line.paid)))
            .filter(|(_, left)| *left > Decimal::ZERO)
            .collect();
        let named = entry.filter(|entry| !document.lines.iter().any(|line| line.record_no.to_string() == **entry));
        match named {
            Some(unknown) => Err(Refusal::no_record(unknown)),
            None => self.fill(&label(document), &lines, entry, amount),
        }
    }

    /// Takes an amount off the line that is named, else off the lines from the first on (Intacct docs, AR payments).
    fn fill(
        &mut self,
        label: &str,
        lines: &[(u64, Decimal)],
        entry: Option<&str>,
        amount: Decimal,
    ) -> Result<Vec<Portion>, Refusal> {
        let mut rest = amount;
        let mut portions = Vec::new();
        for (line, left) in lines.iter().filter(|(line, _)| entry.is_none_or(|entry| line.to_string() == entry)) {
            let left = self.lines.entry(*line).or_insert(*left);
            let taken = rest.min(*left);
            if taken > Decimal::ZERO {
                *left -= taken;
                rest -= taken;
                portions.push(Portion { line: *line, amount: taken });
            }
        }
        if rest > Decimal::ZERO {
            return Err(Refusal::over_applied(label, &print_amount(amount), &print_amount(amount - rest)));
        }
        Ok(portions)
    }
}

/// How texts name a document.
pub(super) fn label(document: &Receivable) -> String {
    match document.kind {
        ReceivableKind::Invoice => format!("The invoice '{}'", document.number),
        ReceivableKind::Adjustment => format!("The adjustment '{}'", document.number),
    }
}
