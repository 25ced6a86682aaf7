//! What a payment does to the books: cash against receivables, and the documents it closes.
//!
//! Applying a credit moves nothing in the ledger: both sides stand on receivables already. Only a difference between
//! exchange rates does, and it goes to the realised gain or loss.

use rust_decimal::Decimal;

use super::super::super::books::{Books, Source};
use super::super::super::records::{Application, Dimensions, DocumentState, Payment};
use super::super::super::values::round;
use super::super::Context;
use super::Checked;
use super::details::Detail;

/// Keeps and books the payment; answers its RECORDNO.
pub(super) fn post(
    checked: Checked,
    reference: String,
    description: String,
    books: &mut Books,
    context: &Context<'_>,
) -> u64 {
    let record_no = books.next_document();
    if checked.state == DocumentState::Posted {
        book(&checked, record_no, &reference, books);
    }
    let applications: Vec<_> = checked.details.iter().map(application).collect();
    let cash: Decimal = checked.details.iter().map(|detail| detail.cash).sum();
    let payment = Payment {
        record_no,
        customer_id: checked.customer_id,
        method: checked.method,
        reference,
        description,
        receipt_date: checked.receipt_date,
        payment_date: checked.payment_date,
        account: checked.account,
        bank_account: checked.bank_account,
        currency: checked.currency,
        rate: checked.rate,
        amount: cash + checked.overpayment,
        overpayment_open: checked.overpayment,
        applications,
        state: checked.state,
        entity: context.entity(),
        recorded_at: context.now,
    };
    books.payments.insert(record_no, payment);
    record_no
}

fn application(detail: &Detail) -> Application {
    Application { document: detail.document, cash: detail.cash, credit: detail.credit, credit_from: detail.credit_from }
}

fn book(checked: &Checked, record_no: u64, memo: &str, books: &mut Books) {
    let source = Source { object: "ARPYMT", record_no, date: checked.receipt_date, memo };
    let control = books.masters.receivables_account.clone();
    let gain_loss = books.masters.exchange_gain_loss_account.clone();
    let mut received = Decimal::ZERO;
    let mut place = Dimensions { location: checked.overpayment_location.clone(), ..Dimensions::default() };
    for detail in &checked.details {
        let dimensions = dimensions_of(detail.document, books);
        let settled = books.settle(detail.document, detail.cash + detail.credit);
        let credited =
            detail.credit_from.map_or(Decimal::ZERO, |from| use_credit(from, detail.credit, checked.rate, books));
        let cash = round(detail.cash * checked.rate);
        books.book(&source, &control, credited - settled, &dimensions);
        books.book(&source, &gain_loss, settled - credited - cash, &dimensions);
        received += cash;
        place = Dimensions { customer: None, ..dimensions };
    }
    let overpaid = round(checked.overpayment * checked.rate);
    let owner = Dimensions {
        location: checked.overpayment_location.clone(),
        customer: checked.customer_id.clone(),
        ..Dimensions::default()
    };
    books.book(&source, &control, -overpaid, &owner);
    books.book(&source, &checked.account, received + overpaid, &place);
}

/// Uses up credit; answers it in base currency.
fn use_credit(from: u64, credit: Decimal, rate: Decimal, books: &mut Books) -> Decimal {
    match books.payments.get_mut(&from) {
        Some(payment) => {
            payment.overpayment_open -= credit;
            round(credit * rate)
        }
        // The open amount of a credit is negative, and so is what is taken off it.
        None => -books.settle(from, -credit),
    }
}

/// Where the cash of a document belongs: the place of its first line, and its customer.
fn dimensions_of(document: u64, books: &Books) -> Dimensions {
    let receivable = books.receivables.get(&document);
    let first = receivable.and_then(|receivable| receivable.lines.first());
    Dimensions {
        location: first.and_then(|line| line.dimensions.location.clone()),
        department: first.and_then(|line| line.dimensions.department.clone()),
        customer: receivable.map(|receivable| receivable.customer_id.clone()),
        ..Dimensions::default()
    }
}
