//! From an accounting document to the gateway function that posts it. The only place where the two meet.

#[cfg(test)]
mod corrections_tests;
pub mod customer;
#[cfg(test)]
mod customer_properties;
mod order_entry;
mod pairs;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::functions::create_payment::Overpayment;
use super::functions::{
    Account, CreateAdjustment, CreateAttachment, CreateInvoice, CreateJournal, CreatePayment, CurrencyGroup,
    CustomField, ExchangeRate, Function, InvalidFunction, JournalEntryLine, Line, LineDimensions, MoneyGoesTo,
    PaidDocument, PaidWith, Payer, PaymentDetail, PaymentMethod, PostingAction,
};
use super::order_entry::is_id;
use super::text;
use crate::accounting::document::{
    CorrectionForm, Detail, Dimensions, Document, DocumentKey, Exchange, JournalLine, RATE_DECIMALS,
};
use crate::accounting::policy::Policy;

/// Why a document cannot be written as a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostingError {
    /// The gateway would refuse it for certain.
    #[error(transparent)]
    Invalid(#[from] InvalidFunction),
    /// A document it refers to has no record number yet.
    #[error("{0} is not in Intacct yet, so nothing can be applied to it")]
    NotPosted(DocumentKey),
    /// An Order Entry document it is to be applied to posts no receivable.
    #[error(
        "Order Entry document {0} has no receivable in Intacct: it was deleted, is a draft, or its transaction definition does not post to Accounts Receivable"
    )]
    NoReceivable(String),
    /// The rule names a payment method Intacct does not know.
    #[error(
        "'{0}' is no payment method of Intacct: the payment rule must give Printed Check, Cash, EFT, Credit Card, Online Charge Card or Online ACH Debit"
    )]
    PaymentMethod(String),
    /// An order in a foreign currency without a rule for its exchange rate.
    #[error("{0} is not the base currency and no exchange rule gives its rate")]
    NoRate(String),
    /// A fixed rate that Intacct would round, so that its base amounts would not be ours.
    #[error("the exchange rate {0} has more than {RATE_DECIMALS} decimals, and Intacct keeps no more")]
    RateTooFine(Decimal),
}

/// What the request needs besides the document.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// CUSTOMERID in Intacct.
    pub customer_id: &'a str,
    /// Record numbers of the documents posted so far, by key; of Order Entry documents their ids.
    pub records: &'a BTreeMap<String, String>,
    /// Record numbers of the receivables of Order Entry documents, by their ids, as they are at this moment.
    pub receivables: &'a BTreeMap<String, u64>,
    /// The store's policy.
    pub policy: &'a Policy,
    /// The undeposited funds account named on credit-only applications: no money moves there, but Intacct wants one.
    pub application_account: &'a str,
    /// The id of the attachment a journal entry names, once it is in Intacct.
    pub attachment: Option<&'a str>,
}

/// The function that posts a document.
///
/// # Errors
/// [`PostingError`], with what to do.
pub fn function(document: &Document, around: Surroundings<'_>) -> Result<Function, PostingError> {
    if let Some(entry) = document.detail.order_entry() {
        let function = Function::CreateSoTransaction(Box::new(order_entry::transaction(document, entry, around)?));
        function.check()?;
        return Ok(function);
    }
    let function = match &document.detail {
        Detail::Invoice { terms, due, .. } => Function::CreateInvoice(Box::new(CreateInvoice {
            posting_date: Some(document.date),
            due_date: Some((*due).max(document.date)),
            term: terms.clone(),
            reference: document.reference.clone(),
            description: Some(document.description.clone()),
            currency: currency(document, around.policy)?,
            ..CreateInvoice::new(around.customer_id, &document.number, document.date, lines(document, around.policy))
        })),
        Detail::Correction { form: CorrectionForm::Journal, .. } | Detail::Journal { .. } => {
            Function::CreateJournal(Box::new(journal(document, around)?))
        }
        Detail::LiabilityTender { .. }
        | Detail::CreditMemo { .. }
        | Detail::RefundPayout { .. }
        | Detail::Correction { .. } => Function::CreateAdjustment(Box::new(adjustment(document, around)?)),
        Detail::Receipt { payment_method, deposit_account, bank_account, .. } => {
            let detail = |(key, amount): (DocumentKey, Decimal)| {
                Ok(PaymentDetail::new(paid(&key, around)?, PaidWith::Cash, amount))
            };
            let details = document.pays().into_iter().map(detail).collect::<Result<Vec<_>, PostingError>>()?;
            let into = match bank_account {
                Some(bank) => MoneyGoesTo::BankAccount(bank.clone()),
                None => MoneyGoesTo::UndepositedFunds(deposit_account.clone()),
            };
            let paid: Decimal = details.iter().map(|detail| detail.amount).sum();
            let mut receipt = payment(document, around, into, method(payment_method)?, details)?;
            receipt.overpayment = overpayment(document, document.total - paid, around.policy);
            Function::CreatePayment(Box::new(receipt))
        }
        Detail::Application { credit, debit, amount } => {
            let from = record(credit, around)?;
            let with = match object(credit) {
                Object::Payment => PaidWith::Overpayment(from),
                Object::Invoice | Object::Adjustment => PaidWith::CreditMemo(from),
            };
            let detail = PaymentDetail::new(paid(debit, around)?, with, *amount);
            let into = MoneyGoesTo::UndepositedFunds(around.application_account.to_owned());
            Function::CreatePayment(Box::new(payment(document, around, into, PaymentMethod::Cash, vec![detail])?))
        }
    };
    function.check()?;
    Ok(function)
}

/// The function that keeps the support of a summary as an attachment in a folder of Intacct.
///
/// # Errors
/// [`PostingError::Invalid`].
pub fn support(summary: &Document, id: &str, folder: &str, csv: &str) -> Result<Function, PostingError> {
    let function = Function::CreateAttachment(Box::new(CreateAttachment {
        id: id.to_owned(),
        name: format!("Support of {}", summary.number),
        folder: folder.to_owned(),
        description: Some(summary.description.clone()),
        file_name: summary.number.replace('.', "_"),
        file_type: "csv".to_owned(),
        content: csv.as_bytes().to_vec(),
    }));
    function.check()?;
    Ok(function)
}

/// The reference a receipt is found by: the payment gateway's transaction id where it fits its field, so that payouts
/// can be matched in Intacct; else our own number.
pub fn document_number(document: &Document) -> String {
    let fits = |reference: &&String| {
        !reference.trim().is_empty()
            && reference.chars().count() <= text::DOCUMENT_NUMBER
            && text::record_id(reference) == **reference
    };
    let receipt = matches!(document.detail, Detail::Receipt { .. });
    document.reference.as_ref().filter(|_| receipt).filter(fits).unwrap_or(&document.number).clone()
}

/// What a payment's description says. The key at its end tells two receipts with the same gateway reference apart.
pub fn payment_description(document: &Document) -> String {
    format!("{} [{}]", document.description, document.key)
}

fn adjustment(document: &Document, around: Surroundings<'_>) -> Result<CreateAdjustment, PostingError> {
    let lines = lines(document, around.policy);
    Ok(CreateAdjustment {
        posting_date: Some(document.date),
        invoice_reference: document.order_id.map(|order| format!("{}{order}", around.policy.number_prefix)),
        description: Some(document.description.clone()),
        currency: currency(document, around.policy)?,
        ..CreateAdjustment::new(around.customer_id, &document.number, document.date, lines)
    })
}

fn journal(document: &Document, around: Surroundings<'_>) -> Result<CreateJournal, PostingError> {
    // With multi-currency on, a journal line of the base currency needs its currency and a rate too (Intacct docs,
    // journal entries).
    let base = || CurrencyGroup {
        base: None,
        currency: document.currency.code().to_owned(),
        rate: ExchangeRate::Fixed(Decimal::ONE),
    };
    let multi_currency = !around.policy.foreign_currencies.is_empty();
    let currency = currency(document, around.policy)?.or_else(|| multi_currency.then(base));
    let lines = pairs::lines(document, around.policy.base_currency).iter().map(journal_line).collect();
    Ok(CreateJournal {
        attachment: around.attachment.map(str::to_owned),
        currency,
        ..CreateJournal::new(&around.policy.journal, &document.number, &document.description, document.date, lines)
    })
}

fn journal_line(from: &JournalLine) -> JournalEntryLine {
    let Line { memo, dimensions, .. } = line(from);
    JournalEntryLine { memo, dimensions, ..JournalEntryLine::new(from.account.clone(), from.signed()) }
}

fn payment(
    document: &Document,
    around: Surroundings<'_>,
    into: MoneyGoesTo,
    method: PaymentMethod,
    details: Vec<PaymentDetail>,
) -> Result<CreatePayment, PostingError> {
    // Intacct's documentation marks the currency of a payment as required, in every company.
    let currency = match currency(document, around.policy)? {
        Some(group) => group,
        None => CurrencyGroup {
            base: None,
            currency: document.currency.code().to_owned(),
            rate: ExchangeRate::Type { name: String::new(), date: None },
        },
    };
    Ok(CreatePayment {
        into,
        method,
        payer: Payer::Customer(around.customer_id.to_owned()),
        document_number: document_number(document),
        description: Some(payment_description(document)),
        receipt_date: document.date,
        payment_date: Some(document.date),
        currency: Some(currency),
        action: PostingAction::Submit,
        custom_fields: Vec::new(),
        details,
        overpayment: None,
    })
}

/// All lines but the receivable's, which Intacct adds itself. Credits are positive, debits negative: that is what makes
/// an adjustment a credit memo (negative) or a debit memo (positive).
fn lines(document: &Document, policy: &Policy) -> Vec<Line> {
    document.lines.iter().filter(|line| line.account != policy.receivable_account).map(line).collect()
}

fn line(from: &JournalLine) -> Line {
    let amount: Decimal = from.credit - from.debit;
    let memo = Some(from.memo.clone()).filter(|memo| !memo.is_empty());
    let dimensions = line_dimensions(&from.dimensions);
    Line { memo, dimensions, ..Line::new(Account::Gl(from.account.clone()), amount) }
}

fn line_dimensions(from: &Dimensions) -> LineDimensions {
    let dimension = |name: &str| from.get(name).map(str::to_owned);
    let standard = ["location", "department", "project", "customer", "item", "class"];
    LineDimensions {
        location: dimension("location"),
        department: dimension("department"),
        project: dimension("project"),
        customer: dimension("customer"),
        item: dimension("item"),
        class: dimension("class"),
        custom_fields: from
            .iter()
            .filter(|(name, _)| !standard.contains(name))
            .map(|(name, value)| CustomField::dimension(name, &value.id))
            .collect(),
    }
}

fn currency(document: &Document, policy: &Policy) -> Result<Option<CurrencyGroup>, PostingError> {
    if document.currency == policy.base_currency {
        return Ok(None);
    }
    let rate = match &document.exchange {
        Some(Exchange::RateType(name)) => ExchangeRate::Type { name: name.clone(), date: Some(document.original_date) },
        Some(Exchange::RateTypeOn { name, on }) => ExchangeRate::Type { name: name.clone(), date: Some(*on) },
        Some(Exchange::Rate { rate, .. }) if rate.normalize().scale() > RATE_DECIMALS => {
            return Err(PostingError::RateTooFine(*rate));
        }
        Some(Exchange::Rate { rate, .. }) => ExchangeRate::Fixed(*rate),
        None => return Err(PostingError::NoRate(document.currency.code().to_owned())),
    };
    Ok(Some(CurrencyGroup {
        base: Some(policy.base_currency.code().to_owned()),
        currency: document.currency.code().to_owned(),
        rate,
    }))
}

/// What is left over of a receipt, where the buyer's receivable is.
fn overpayment(document: &Document, amount: Decimal, policy: &Policy) -> Option<Overpayment> {
    let receivable = document.lines.iter().find(|line| line.account == policy.receivable_account);
    let dimension = |name: &str| receivable.and_then(|line| line.dimensions.get(name)).map(str::to_owned);
    (amount > Decimal::ZERO).then(|| Overpayment {
        amount,
        location: dimension("location"),
        department: dimension("department"),
    })
}

fn method(name: &str) -> Result<PaymentMethod, PostingError> {
    PaymentMethod::from_name(name).ok_or_else(|| PostingError::PaymentMethod(name.to_owned()))
}

fn record(key: &DocumentKey, around: Surroundings<'_>) -> Result<u64, PostingError> {
    let Some(record) = around.records.get(key.as_str()) else { return Err(PostingError::NotPosted(key.clone())) };
    if is_id(record) {
        let receivable = around.receivables.get(record).copied();
        return receivable.ok_or_else(|| PostingError::NoReceivable(record.clone()));
    }
    record.parse().map_err(|_| PostingError::NotPosted(key.clone()))
}

/// What a document of an order is in Intacct.
enum Object {
    Invoice,
    Payment,
    Adjustment,
}

/// Only the first document of a chain is an invoice or a payment; its corrections are adjustments.
fn object(key: &DocumentKey) -> Object {
    match (key.word(), key.revision()) {
        ("invoice", 1) => Object::Invoice,
        ("receipt", 1) => Object::Payment,
        _ => Object::Adjustment,
    }
}

fn paid(key: &DocumentKey, around: Surroundings<'_>) -> Result<PaidDocument, PostingError> {
    let record = record(key, around)?;
    Ok(match object(key) {
        Object::Invoice => PaidDocument::Invoice(record),
        Object::Payment | Object::Adjustment => PaidDocument::DebitMemo(record),
    })
}
