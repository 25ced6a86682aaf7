//! `record_otherreceipt`: money that came in without a customer (Intacct docs, other receipts). `payee` means the payer.

use super::super::books::{Books, Source};
use super::super::records::{OtherReceipt, ReceivableLine};
use super::super::refusal::Refusal;
use super::super::xml_tree::Element;
use super::create_arpymt::METHODS;
use super::{Context, common, header, lines};

/// Makes the receipt; answers its RECORDNO.
pub(super) fn run(body: &Element, books: &mut Books, context: &Context<'_>) -> Result<u64, Refusal> {
    let mut receipt = check(body, books, context)?;
    receipt.record_no = books.next_document();
    for line in &mut receipt.lines {
        line.record_no = books.next_line();
    }
    for line in &receipt.lines {
        let memo = if line.memo.is_empty() { &receipt.description } else { &line.memo };
        let source = Source { object: "OTHERRECEIPTS", record_no: receipt.record_no, date: receipt.date, memo };
        books.book_line(&source, &receipt.account, line, receipt.rate, &line.dimensions);
    }
    let key = receipt.record_no;
    books.other_receipts.insert(key, receipt);
    Ok(key)
}

fn check(body: &Element, books: &Books, context: &Context<'_>) -> Result<OtherReceipt, Refusal> {
    let date = |name, label| header::date(body, name, label)?.ok_or_else(|| Refusal::missing_field(label));
    let payment_date = date("paymentdate", "Payment Date")?;
    common::open_period(books, payment_date)?;
    let method = common::required(body, "paymentmethod", "Payment Method")?;
    if !METHODS.contains(&method) || method.starts_with("Online") {
        return Err(Refusal::illegal_value("Payment Method", method));
    }
    let (account, bank_account) = target(body, books)?;
    let (currency, rate) = common::legacy_currency(body, context)?;
    let lines = lines::read(body, "receiptitems", false, books, context)?;
    let text = |name: &str| body.text_of(name).unwrap_or_default().to_owned();
    Ok(OtherReceipt {
        record_no: 0,
        payer: common::required(body, "payee", "Payer")?.to_owned(),
        method: method.to_owned(),
        reference: text("refid"),
        description: text("description"),
        date: payment_date,
        received: date("receiveddate", "Received Date")?,
        account,
        bank_account,
        currency,
        rate,
        amount: lines.iter().map(ReceivableLine::total).sum(),
        lines,
        deposit: None,
        attachment: common::attachment(body, "supdocid", books)?,
        custom_fields: common::legacy_custom_fields(body, context)?,
        entity: context.entity(),
        recorded_at: context.now,
    })
}

/// Where the money goes: the account of a bank account, or one of undeposited funds.
fn target(body: &Element, books: &Books) -> Result<(String, Option<String>), Refusal> {
    match body.text_of("bankaccountid") {
        Some(bank) => {
            let account = books.masters.bank(bank).ok_or_else(|| Refusal::invalid("Bank account", bank))?;
            Ok((common::money_account(books, &account.number)?.number.clone(), Some(bank.to_owned())))
        }
        None => {
            let number = common::required(body, "undepglaccountno", "Undeposited funds account")?;
            Ok((common::line_account(books, number)?.number.clone(), None))
        }
    }
}
