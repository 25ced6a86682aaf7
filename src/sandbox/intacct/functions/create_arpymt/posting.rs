//! What a payment does to the books: cash against receivables, and the documents it closes.
//!
//! Applying a credit memo, a negative invoice or an overpayment moves nothing in the ledger: both sides stand on receivables
//! already. An advance leaves the account it is kept on. Only a difference between exchange rates, and a discount, go to
//! accounts of their own.

use rust_decimal::Decimal;

use super::super::super::books::{Books, Source};
use super::super::super::records::{Application, Dimensions, DocumentState, Payment, PaymentKind, UnappliedLine};
use super::super::super::values::round;
use super::super::Context;
use super::Checked;

/// Keeps and books the payment; answers its RECORDNO.
pub(in super::super) fn post(mut checked: Checked, books: &mut Books, context: &Context<'_>) -> u64 {
    let record_no = books.next_document();
    let overpaid_base = round(checked.overpayment * checked.rate);
    let mut unapplied = Vec::new();
    if !checked.overpayment.is_zero() {
        unapplied.push(UnappliedLine {
            record_no: books.next_line(),
            account: books.masters.receivables_account.clone(),
            amount: checked.overpayment,
            used: Decimal::ZERO,
            memo: String::new(),
            dimensions: overpayment_place(&checked),
        });
    }
    if checked.state == DocumentState::Posted {
        book(&mut checked, record_no, books, context);
    }
    let cash: Decimal = checked.details.iter().map(|detail| detail.cash).sum();
    let payment = Payment {
        record_no,
        kind: PaymentKind::Payment,
        customer_id: checked.customer_id,
        payer: checked.payer,
        method: checked.method,
        reference: checked.reference,
        description: checked.description,
        receipt_date: checked.receipt_date,
        payment_date: checked.payment_date,
        account: checked.account,
        bank_account: checked.bank_account,
        currency: checked.currency,
        rate: checked.rate,
        amount: cash + checked.overpayment,
        overpayment_open: checked.overpayment,
        overpayment_open_base: overpaid_base,
        unapplied,
        applications: checked.details,
        state: checked.state,
        reversed_on: None,
        deposit: None,
        attachment: None,
        custom_fields: checked.custom_fields,
        entity: context.entity(),
        recorded_at: context.now,
    };
    books.payments.insert(record_no, payment);
    record_no
}

fn overpayment_place(checked: &Checked) -> Dimensions {
    Dimensions {
        location: checked.overpayment_location.clone(),
        customer: checked.customer_id.clone(),
        ..Dimensions::default()
    }
}

fn book(checked: &mut Checked, record_no: u64, books: &mut Books, context: &Context<'_>) {
    let memo = checked.reference.clone();
    let source = Source { object: "ARPYMT", record_no, date: checked.receipt_date, memo: &memo };
    let mut received = Decimal::ZERO;
    let mut place = Dimensions { location: checked.overpayment_location.clone(), ..Dimensions::default() };
    for detail in &mut checked.details {
        let dimensions = dimensions_of(detail.document, books);
        received += book_detail(detail, checked.rate, &source, &dimensions, books, context);
        place = Dimensions { customer: None, ..dimensions };
    }
    let control = books.masters.receivables_account.clone();
    let overpaid = round(checked.overpayment * checked.rate);
    books.book(&source, &control, -overpaid, &overpayment_place(checked));
    books.book(&source, &checked.account, received + overpaid, &place);
}

/// Books one detail but its cash, which is answered in base currency.
fn book_detail(
    detail: &mut Application,
    rate: Decimal,
    source: &Source<'_>,
    dimensions: &Dimensions,
    books: &mut Books,
    context: &Context<'_>,
) -> Decimal {
    let control = books.masters.receivables_account.clone();
    let gain_loss = books.masters.exchange_gain_loss_account.clone();
    books.settle(detail);
    let (settled, credited) = (detail.settled_base, detail.credited_base);
    let (cash, discount) = (round(detail.cash * rate), round(detail.discount * rate));
    let released = released(detail, books);
    if released.is_empty() {
        books.book(source, &control, credited - settled, dimensions);
    } else {
        for (account, place, base) in &released {
            books.book(source, account, *base, place);
        }
        books.book(source, &control, -settled, dimensions);
    }
    books.book(source, &context.settings.discount_account, discount, dimensions);
    books.book(source, &gain_loss, settled - credited - cash - discount, dimensions);
    cash
}

/// What an advance leaves when it is used: its accounts with their dimensions and amounts in base currency. Empty for every
/// other credit, which stands on receivables. The last line takes what rounding left.
fn released(detail: &Application, books: &Books) -> Vec<(String, Dimensions, Decimal)> {
    let payment = detail.credit_from.and_then(|from| books.payments.get(&from));
    let Some(payment) = payment.filter(|payment| payment.kind == PaymentKind::Advance) else { return Vec::new() };
    let mut rest = detail.credited_base;
    let mut released = Vec::new();
    for (index, portion) in detail.credit_lines.iter().enumerate() {
        let Some(line) = payment.unapplied.iter().find(|line| line.record_no == portion.line) else { continue };
        let is_last = index + 1 == detail.credit_lines.len();
        let base = if is_last { rest } else { round(portion.amount * payment.rate) };
        rest -= base;
        released.push((line.account.clone(), line.dimensions.clone(), base));
    }
    released
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
