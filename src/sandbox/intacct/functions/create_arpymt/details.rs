//! The details of a payment: which document gets how much, in cash and from which credit.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::super::books::Books;
use super::super::super::records::{DocumentState, Receivable, ReceivableKind};
use super::super::super::refusal::Refusal;
use super::super::super::values::{amount, print_amount};
use super::super::super::xml_tree::Element;
use super::super::{Context, common};

/// One detail: cash and credit for one document.
pub(super) struct Detail {
    pub(super) document: u64,
    pub(super) cash: Decimal,
    pub(super) credit: Decimal,
    pub(super) credit_from: Option<u64>,
}

const FIELDS: &[&str] = &[
    "RECORDKEY",
    "ENTRYKEY",
    "POSADJKEY",
    "POSADJENTRYKEY",
    "TRX_PAYMENTAMOUNT",
    "ADJUSTMENTKEY",
    "ADJUSTMENTENTRYKEY",
    "TRX_ADJUSTMENTAMOUNT",
    "INLINEKEY",
    "INLINEENTRYKEY",
    "TRX_INLINEAMOUNT",
    "ADVANCEKEY",
    "ADVANCEENTRYKEY",
    "TRX_POSTEDADVANCEAMOUNT",
    "OVERPAYMENTKEY",
    "OVERPAYMENTENTRYKEY",
    "TRX_POSTEDOVERPAYMENTAMOUNT",
    "NEGATIVEINVOICEKEY",
    "NEGATIVEINVOICEENTRYKEY",
    "TRX_NEGATIVEINVOICEAMOUNT",
];

/// Who pays in which currency, and what is still open after the details read so far.
struct Reader<'a> {
    books: &'a Books,
    customer: Option<&'a str>,
    currency: &'a str,
    open: BTreeMap<u64, Decimal>,
}

/// Reads and checks the details. Several may name the same document; together they may not exceed it.
pub(super) fn read(
    object: &Element,
    customer: Option<&str>,
    currency: &str,
    books: &Books,
    context: &Context<'_>,
) -> Result<Vec<Detail>, Refusal> {
    let Some(details) = object.get("ARPYMTDETAILS") else { return Ok(Vec::new()) };
    let mut reader = Reader { books, customer, currency, open: BTreeMap::new() };
    let read = |detail: &Element| {
        if detail.name != "ARPYMTDETAIL" {
            return Err(Refusal::unknown_field(&details.name, &detail.name));
        }
        common::known_fields(detail, FIELDS, false, context)?;
        reader.detail(detail)
    };
    details.children.iter().map(read).collect()
}

impl<'a> Reader<'a> {
    fn detail(&mut self, detail: &Element) -> Result<Detail, Refusal> {
        let document = self.document(detail)?;
        let cash = positive(detail, "TRX_PAYMENTAMOUNT")?;
        let (credit, credit_from) = self.credit(detail)?;
        if cash.is_zero() && credit.is_zero() {
            return Err(Refusal::missing_field("TRX_PAYMENTAMOUNT"));
        }
        check_entry(detail, &["ENTRYKEY", "POSADJENTRYKEY"], document, cash + credit)?;
        self.take(document.record_no, &label(document), document.open, cash + credit)?;
        Ok(Detail { document: document.record_no, cash, credit, credit_from })
    }

    /// The invoice or the debit memo that is paid.
    fn document(&self, detail: &Element) -> Result<&'a Receivable, Refusal> {
        let (key, kind) = match (detail.text_of("RECORDKEY"), detail.text_of("POSADJKEY")) {
            (Some(key), None) => (key, ReceivableKind::Invoice),
            (None, Some(key)) => (key, ReceivableKind::Adjustment),
            (None, None) => return Err(Refusal::missing_field("RECORDKEY or POSADJKEY")),
            (Some(_), Some(_)) => {
                return Err(Refusal::payment_rule("Specify either RECORDKEY or POSADJKEY in one detail, not both"));
            }
        };
        let document = self.receivable(key, kind)?;
        if document.total < Decimal::ZERO {
            return Err(Refusal::no_record(key));
        }
        Ok(document)
    }

    /// The credit a detail uses: at most one of the kinds.
    fn credit(&mut self, detail: &Element) -> Result<(Decimal, Option<u64>), Refusal> {
        let (mut total, mut from) = (Decimal::ZERO, None);
        for (key_name, amount_name) in [
            ("ADJUSTMENTKEY", "TRX_ADJUSTMENTAMOUNT"),
            ("NEGATIVEINVOICEKEY", "TRX_NEGATIVEINVOICEAMOUNT"),
            ("OVERPAYMENTKEY", "TRX_POSTEDOVERPAYMENTAMOUNT"),
            ("ADVANCEKEY", "TRX_POSTEDADVANCEAMOUNT"),
            ("INLINEKEY", "TRX_INLINEAMOUNT"),
        ] {
            let value = positive(detail, amount_name)?;
            let key = match detail.text_of(key_name) {
                Some(key) if !value.is_zero() => key,
                Some(_) => return Err(Refusal::missing_field(amount_name)),
                None if value.is_zero() => continue,
                None => return Err(Refusal::missing_field(key_name)),
            };
            if from.is_some() {
                return Err(Refusal::payment_rule("Specify one kind of credit in one detail"));
            }
            from = Some(self.credit_source(detail, key_name, key, value)?);
            total = value;
        }
        Ok((total, from))
    }

    fn credit_source(&mut self, detail: &Element, kind: &str, key: &str, value: Decimal) -> Result<u64, Refusal> {
        let kind = match kind {
            "ADJUSTMENTKEY" => ReceivableKind::Adjustment,
            "NEGATIVEINVOICEKEY" => ReceivableKind::Invoice,
            "OVERPAYMENTKEY" => return self.overpayment(key, value),
            // This company has neither advances nor inline credits.
            _ => return Err(Refusal::no_record(key)),
        };
        let source = self.receivable(key, kind)?;
        if source.total >= Decimal::ZERO {
            return Err(Refusal::no_record(key));
        }
        check_entry(detail, &["ADJUSTMENTENTRYKEY", "NEGATIVEINVOICEENTRYKEY"], source, value)?;
        self.take(source.record_no, &label(source), -source.open, value)?;
        Ok(source.record_no)
    }

    fn overpayment(&mut self, key: &str, value: Decimal) -> Result<u64, Refusal> {
        let payment = key.parse().ok().and_then(|key: u64| self.books.payments.get(&key));
        let payment =
            payment.filter(|payment| payment.state == DocumentState::Posted).ok_or_else(|| Refusal::no_record(key))?;
        let label = format!("The overpayment '{}'", payment.reference);
        self.check_parties(&label, payment.customer_id.as_deref(), &payment.currency)?;
        self.take(payment.record_no, &label, payment.overpayment_open, value)?;
        Ok(payment.record_no)
    }

    fn receivable(&self, key: &str, kind: ReceivableKind) -> Result<&'a Receivable, Refusal> {
        let found = key.parse().ok().and_then(|record_no| self.books.receivable(kind, record_no));
        let receivable = found.ok_or_else(|| Refusal::no_record(key))?;
        self.check_parties(&label(receivable), Some(&receivable.customer_id), &receivable.currency)?;
        match receivable.state {
            DocumentState::Posted => Ok(receivable),
            DocumentState::Draft => Err(Refusal::not_posted(&label(receivable))),
        }
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

    /// Takes an amount off what is still open, over all details of the payment.
    fn take(&mut self, record_no: u64, label: &str, open: Decimal, value: Decimal) -> Result<(), Refusal> {
        let open = self.open.entry(record_no).or_insert(open);
        if value > *open {
            return Err(Refusal::over_applied(label, &print_amount(value), &print_amount(*open)));
        }
        *open -= value;
        Ok(())
    }
}

/// A line that is named has to belong to the document and be large enough.
fn check_entry(detail: &Element, names: &[&str], document: &Receivable, value: Decimal) -> Result<(), Refusal> {
    let Some(key) = names.iter().find_map(|name| detail.text_of(name)) else { return Ok(()) };
    let line = document.lines.iter().find(|line| line.record_no.to_string() == key);
    let line = line.ok_or_else(|| Refusal::no_record(key))?;
    let most = line.amount.abs();
    if value > most {
        return Err(Refusal::over_applied(&label(document), &print_amount(value), &print_amount(most)));
    }
    Ok(())
}

fn positive(detail: &Element, name: &str) -> Result<Decimal, Refusal> {
    let Some(text) = detail.text_of(name) else { return Ok(Decimal::ZERO) };
    let value = amount(name, text)?;
    if value < Decimal::ZERO { Err(Refusal::illegal_value(name, text)) } else { Ok(value) }
}

fn label(document: &Receivable) -> String {
    match document.kind {
        ReceivableKind::Invoice => format!("The invoice '{}'", document.number),
        ReceivableKind::Adjustment => format!("The adjustment '{}'", document.number),
    }
}
