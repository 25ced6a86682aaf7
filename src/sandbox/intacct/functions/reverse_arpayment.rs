//! `reverse_arpayment`: takes a payment, an application of credit or an advance back (Intacct docs, AR payments).
//!
//! What it paid is open again, the credit it used is there again, and what it booked is taken out of the ledger on the day of
//! the reversal. Money that was used or deposited since keeps its payment; what Intacct does there is not documented, so a
//! strict company refuses.

use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::records::{DocumentState, PaymentKind};
use super::super::refusal::Refusal;
use super::super::xml_tree::Element;
use super::{Context, reverse_invoice};

/// Reverses the payment its attribute `key` names.
pub(super) fn run(body: &Element, books: &mut Books, _: &Context<'_>) -> Result<(), Refusal> {
    let key = body.attribute_of("key").unwrap_or_default();
    let found = key.parse().ok().and_then(|record_no: u64| books.payments.get(&record_no));
    let payment = found.ok_or_else(|| Refusal::no_record(key))?;
    let name = format!("The payment '{}'", payment.reference);
    match payment.state {
        DocumentState::Posted => {}
        DocumentState::Draft => return Err(Refusal::not_posted(&name)),
        DocumentState::Reversed => return Err(Refusal::already_reversed(&name)),
    }
    if payment.deposit.is_some() {
        return Err(Refusal::deposited(&name));
    }
    if payment.unapplied.iter().any(|line| !line.used.is_zero()) {
        return Err(Refusal::used(&name));
    }
    let date = reverse_invoice::date(body, payment.receipt_date, books)?;
    let (record_no, applications) = (payment.record_no, payment.applications.clone());
    let object = match payment.kind {
        PaymentKind::Payment => "ARPYMT",
        PaymentKind::Advance => "ARADVANCE",
    };
    for application in &applications {
        books.unsettle(application);
    }
    books.reverse_ledger(object, record_no, date);
    if let Some(payment) = books.payments.get_mut(&record_no) {
        payment.state = DocumentState::Reversed;
        payment.reversed_on = Some(date);
        (payment.overpayment_open, payment.overpayment_open_base) = (Decimal::ZERO, Decimal::ZERO);
    }
    Ok(())
}
