//! `apply_arpayment`: applies one credit to documents of its customer (Intacct docs, AR payments, legacy).
//!
//! The key says by itself what kind of credit it is. The application is kept as a payment without cash.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::records::{Application, CreditKind, DocumentState, PaymentKind, Receivable, ReceivableKind};
use super::super::refusal::Refusal;
use super::super::values::amount;
use super::super::xml_tree::Element;
use super::application::{Applier, Credit, Part};
use super::create_arpymt::Checked;
use super::create_arpymt::posting;
use super::{Context, common, header};

/// The credit that is applied.
struct Source {
    kind: CreditKind,
    customer: Option<String>,
    currency: String,
}

/// Applies the credit.
pub(super) fn run(body: &Element, books: &mut Books, context: &Context<'_>) -> Result<(), Refusal> {
    let key = common::required(body, "arpaymentkey", "Payment key")?;
    let date = header::date(body, "paymentdate", "Payment Date")?;
    let date = date.ok_or_else(|| Refusal::missing_field("Payment Date"))?;
    common::open_period(books, date)?;
    if let Some(batch) = body.text_of("batchkey") {
        return Err(Refusal::invalid("Summary", batch));
    }
    let source = source(key, books)?;
    let details = details(body, key, &source, books)?;
    let checked = Checked {
        account: String::new(),
        bank_account: None,
        customer_id: source.customer,
        payer: None,
        method: String::new(),
        reference: String::new(),
        description: body.text_of("memo").unwrap_or_default().to_owned(),
        receipt_date: date,
        payment_date: date,
        currency: source.currency,
        rate: Decimal::ONE,
        state: DocumentState::Posted,
        details,
        overpayment: Decimal::ZERO,
        overpayment_location: None,
        custom_fields: BTreeMap::new(),
    };
    posting::post(checked, books, context);
    Ok(())
}

fn source(key: &str, books: &Books) -> Result<Source, Refusal> {
    let record_no: u64 = key.parse().map_err(|_| Refusal::no_record(key))?;
    if let Some(payment) = books.payments.get(&record_no) {
        let kind = match payment.kind {
            PaymentKind::Payment => CreditKind::Overpayment,
            PaymentKind::Advance => CreditKind::Advance,
        };
        return Ok(Source { kind, customer: payment.customer_id.clone(), currency: payment.currency.clone() });
    }
    let receivable = books.receivables.get(&record_no).ok_or_else(|| Refusal::no_record(key))?;
    let kind = match receivable.kind {
        ReceivableKind::Invoice => CreditKind::NegativeInvoice,
        ReceivableKind::Adjustment => CreditKind::CreditMemo,
    };
    let (customer, currency) = (Some(receivable.customer_id.clone()), receivable.currency.clone());
    Ok(Source { kind, customer, currency })
}

fn details(body: &Element, key: &str, source: &Source, books: &Books) -> Result<Vec<Application>, Refusal> {
    let mut applier = Applier::new(books, source.customer.as_deref(), &source.currency);
    let items: Vec<_> = body.all("arpaymentitems").flat_map(|items| items.all("arpaymentitem")).collect();
    if items.is_empty() {
        return Err(Refusal::missing_field("arpaymentitems"));
    }
    let read = |item: &&Element| {
        let text = common::required(item, "amount", "Amount")?;
        let value = amount("Amount", text)?;
        if value <= Decimal::ZERO {
            return Err(Refusal::illegal_value("Amount", text));
        }
        let document = document(common::required(item, "invoicekey", "Invoice key")?, &applier)?;
        let credit = Some(Credit { kind: source.kind, key, entry: None, amount: value });
        applier.apply(document, &Part { credit, ..Part::default() })
    };
    items.iter().map(read).collect()
}

/// An invoice, or a debit memo.
fn document<'a>(key: &str, applier: &Applier<'a>) -> Result<&'a Receivable, Refusal> {
    let invoice = applier.receivable(key, ReceivableKind::Invoice);
    let document = match invoice {
        Err(refusal) if refusal == Refusal::no_record(key) => applier.receivable(key, ReceivableKind::Adjustment)?,
        found => found?,
    };
    if document.total < Decimal::ZERO { Err(Refusal::no_record(key)) } else { Ok(document) }
}
