//! What is open and what is not: applications taken off documents and credits, and put back.

use rust_decimal::Decimal;

use super::super::records::{Application, CreditKind, Payment, Portion, Receivable};
use super::super::values::round;
use super::Books;

impl Books {
    /// Takes an application off its document and its credit, and notes in it what that was in base currency. The last
    /// portion of a document takes what is left of it, so that no cent stays behind.
    pub(in super::super) fn settle(&mut self, application: &mut Application) {
        let inline = application.credit_kind == Some(CreditKind::Inline);
        if let Some(document) = self.receivables.get_mut(&application.document) {
            let credit = if inline { Decimal::ZERO } else { application.credit };
            application.settled_base = take_off(document, application.cash + application.discount + credit);
            pay_lines(document, &application.document_lines, Decimal::ONE);
        }
        let Some(from) = application.credit_from else { return };
        if let Some(source) = self.receivables.get_mut(&from) {
            // The open amount of a credit is negative, and so is what is taken off it.
            if !inline {
                application.credited_base = -take_off(source, -application.credit);
            }
            pay_lines(source, &application.credit_lines, Decimal::NEGATIVE_ONE);
        } else if let Some(payment) = self.payments.get_mut(&from) {
            application.credited_base = use_money(payment, application.credit);
            use_lines(payment, &application.credit_lines, Decimal::ONE);
        }
    }

    /// Puts an application back: the document is open again, the credit is there again.
    pub(in super::super) fn unsettle(&mut self, application: &Application) {
        let inline = application.credit_kind == Some(CreditKind::Inline);
        if let Some(document) = self.receivables.get_mut(&application.document) {
            let credit = if inline { Decimal::ZERO } else { application.credit };
            document.open += application.cash + application.discount + credit;
            document.open_base += application.settled_base;
            pay_lines(document, &application.document_lines, Decimal::NEGATIVE_ONE);
        }
        let Some(from) = application.credit_from else { return };
        if let Some(source) = self.receivables.get_mut(&from) {
            if !inline {
                source.open -= application.credit;
                source.open_base -= application.credited_base;
            }
            pay_lines(source, &application.credit_lines, Decimal::ONE);
        } else if let Some(payment) = self.payments.get_mut(&from) {
            payment.overpayment_open += application.credit;
            payment.overpayment_open_base += application.credited_base;
            use_lines(payment, &application.credit_lines, Decimal::NEGATIVE_ONE);
        }
    }
}

/// Takes `amount` (document currency, signed like the open amount) off a receivable; answers it in base currency.
fn take_off(receivable: &mut Receivable, amount: Decimal) -> Decimal {
    receivable.open -= amount;
    let base = if receivable.open.is_zero() { receivable.open_base } else { round(amount * receivable.rate) };
    receivable.open_base -= base;
    base
}

/// Uses money of a payment that is there as credit; answers it in base currency, at the rate the money came in.
fn use_money(payment: &mut Payment, amount: Decimal) -> Decimal {
    payment.overpayment_open -= amount;
    let all = payment.overpayment_open.is_zero();
    let base = if all { payment.overpayment_open_base } else { round(amount * payment.rate) };
    payment.overpayment_open_base -= base;
    base
}

fn pay_lines(receivable: &mut Receivable, portions: &[Portion], sign: Decimal) {
    for portion in portions {
        if let Some(line) = receivable.lines.iter_mut().find(|line| line.record_no == portion.line) {
            line.paid += sign * portion.amount;
        }
    }
}

fn use_lines(payment: &mut Payment, portions: &[Portion], sign: Decimal) {
    for portion in portions {
        if let Some(line) = payment.unapplied.iter_mut().find(|line| line.record_no == portion.line) {
            line.used += sign * portion.amount;
        }
    }
}
