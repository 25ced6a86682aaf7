//! `record_deposit`: brings undeposited receipts to the bank (Intacct docs, deposits).
//!
//! A deposit holds only positive receipts, each once. A bank account of this company is in base currency, and so are the
//! receipts it takes.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::books::{Books, Source};
use super::super::records::{Deposit, Dimensions, DocumentState};
use super::super::refusal::Refusal;
use super::super::values::print_amount;
use super::super::xml_tree::Element;
use super::{Context, common, header};

/// A receipt that can be deposited.
struct Undeposited {
    record_no: u64,
    account: String,
    amount: Decimal,
    place: Dimensions,
}

/// Makes the deposit; answers its RECORDNO.
pub(super) fn run(body: &Element, books: &mut Books, context: &Context<'_>) -> Result<u64, Refusal> {
    let bank = common::required(body, "bankaccountid", "Bank account")?;
    let account = books.masters.bank(bank).ok_or_else(|| Refusal::invalid("Bank account", bank))?;
    let account = common::money_account(books, &account.number)?.number.clone();
    let date = header::date(body, "depositdate", "Deposit date")?;
    let date = date.ok_or_else(|| Refusal::missing_field("Deposit date"))?;
    common::open_period(books, date)?;
    let id = common::required(body, "depositid", "Deposit ID")?.to_owned();
    let receipts = receipts(body, books, context)?;
    let attachment = common::attachment(body, "supdocid", books)?;
    let custom_fields = common::legacy_custom_fields(body, context)?;

    let record_no = books.next_document();
    let source = Source { object: "DEPOSIT", record_no, date, memo: &id };
    for receipt in &receipts {
        books.book(&source, &account, receipt.amount, &receipt.place);
        books.book(&source, &receipt.account, -receipt.amount, &receipt.place);
        if let Some(payment) = books.payments.get_mut(&receipt.record_no) {
            payment.deposit = Some(record_no);
        } else if let Some(other) = books.other_receipts.get_mut(&receipt.record_no) {
            other.deposit = Some(record_no);
        }
    }
    let deposit = Deposit {
        record_no,
        id: id.clone(),
        bank_account: bank.to_owned(),
        date,
        receipts: receipts.iter().map(|receipt| receipt.record_no).collect(),
        amount: receipts.iter().map(|receipt| receipt.amount).sum(),
        description: body.text_of("description").unwrap_or_default().to_owned(),
        attachment,
        custom_fields,
        entity: context.entity(),
        recorded_at: context.now,
    };
    books.deposits.insert(record_no, deposit);
    Ok(record_no)
}

fn receipts(body: &Element, books: &Books, context: &Context<'_>) -> Result<Vec<Undeposited>, Refusal> {
    // Receipts written out in the deposit would make new ones; this company wants them made first.
    if body.get("receipts").is_some() {
        return Err(Refusal::not_offered("record_deposit with receipts"));
    }
    let keys: Vec<_> = body.get("receiptkeys").into_iter().flat_map(|keys| keys.all("receiptkey")).collect();
    let mut seen = BTreeSet::new();
    keys.into_iter()
        .map(|key| {
            let receipt = receipt(&key.text, books, context)?;
            let name = format!("The receipt '{}'", key.text);
            if !seen.insert(receipt.record_no) {
                return Err(Refusal::deposited(&name));
            }
            if receipt.amount <= Decimal::ZERO {
                return Err(Refusal::not_depositable(&name, &print_amount(receipt.amount)));
            }
            Ok(receipt)
        })
        .collect()
}

fn receipt(key: &str, books: &Books, context: &Context<'_>) -> Result<Undeposited, Refusal> {
    let record_no: u64 = key.parse().map_err(|_| Refusal::no_record(key))?;
    let name = format!("The receipt '{key}'");
    let (currency, bank, deposit, undeposited) = if let Some(payment) = books.payments.get(&record_no) {
        if payment.state != DocumentState::Posted {
            return Err(Refusal::not_posted(&name));
        }
        let place = place(payment.account.as_str(), record_no, books);
        let undeposited = Undeposited { record_no, account: payment.account.clone(), amount: payment.amount, place };
        (&payment.currency, &payment.bank_account, payment.deposit, undeposited)
    } else if let Some(other) = books.other_receipts.get(&record_no) {
        let place = place(other.account.as_str(), record_no, books);
        let undeposited = Undeposited { record_no, account: other.account.clone(), amount: other.amount, place };
        (&other.currency, &other.bank_account, other.deposit, undeposited)
    } else {
        return Err(Refusal::no_record(key));
    };
    if bank.is_some() || deposit.is_some() {
        return Err(Refusal::deposited(&name));
    }
    if *currency != context.settings.base_currency {
        return Err(Refusal::other_currency(currency, &context.settings.base_currency));
    }
    Ok(undeposited)
}

/// Where the undeposited money of a receipt lies.
fn place(account: &str, record_no: u64, books: &Books) -> Dimensions {
    let line = books.ledger.iter().find(|line| line.source_record_no == record_no && line.account == account);
    line.map(|line| line.dimensions.clone()).unwrap_or_default()
}
