//! Open items: which receipt or credit of an order pays which of its invoice, debit memos and payouts.
//!
//! A derivation applies everything to the invoice, as if the order had never changed. Where corrections or refunds have
//! closed the invoice or opened other items, money and credit go to what is open: the invoice first, then the oldest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::{CorrectionForm, Detail, Document, DocumentError, DocumentKey, Draft, hash_of};
use super::super::hold::{Blocks, Hold, HoldCode};
use super::super::money::Money;

/// Fits what is to be posted to what is open, and sets credits that are left over off against debits that are. `posted`
/// is what is in the ledger; the answer is `wanted`, each document behind those it needs, and holds for receipts that
/// nothing is open for.
pub(super) fn settle(posted: &[Document], wanted: Vec<Document>) -> (Vec<Document>, Vec<Hold>) {
    let (first, second): (Vec<Document>, Vec<Document>) =
        wanted.into_iter().partition(|document| document.kind.wave() == 1);
    let mut items = OpenItems::default();
    let mut posted: Vec<&Document> = posted.iter().collect();
    posted.sort_by_key(|document| (document.kind.wave(), document.date, document.kind, &document.key));
    for document in posted {
        if document.kind.wave() == 1 { items.open(document) } else { items.took_place(document) }
    }
    first.iter().for_each(|document| items.open(document));
    let (mut settled, mut holds) = (Vec::new(), Vec::new());
    let (applications, receipts): (Vec<Document>, Vec<Document>) =
        second.into_iter().partition(|document| matches!(document.detail, Detail::Application { .. }));
    let fitted = applications.into_iter().filter_map(|document| items.fit(document));
    let mut outcomes: Vec<Result<Document, Box<Hold>>> = fitted.collect();
    outcomes.extend(receipts.into_iter().map(|document| items.place(document)));
    outcomes.extend(items.net());
    for outcome in outcomes {
        match outcome {
            Ok(document) => settled.push(document),
            Err(hold) => holds.push(*hold),
        }
    }
    (first.into_iter().chain(settled).collect(), holds)
}

/// Something the buyer owes, and what of it is not paid. In major units.
struct Debit {
    key: DocumentKey,
    number: String,
    date: Date,
    open: Decimal,
}

/// Something the buyer has to its credit, and what of it is not used. In major units.
struct Credit<'a> {
    document: Cow<'a, Document>,
    open: Decimal,
    /// How often it was set off beyond what the derivation says.
    netted: u32,
}

/// The items of one order that stand on the receivable account.
#[derive(Default)]
struct OpenItems<'a> {
    debits: Vec<Debit>,
    credits: Vec<Credit<'a>>,
    /// Where each is, in its list.
    places: BTreeMap<DocumentKey, usize>,
}

/// Which side of the buyer's account a document opens an item on.
enum Side {
    Debit,
    Credit,
}

fn side(detail: &Detail) -> Option<Side> {
    match detail {
        Detail::Invoice { .. }
        | Detail::RefundPayout { .. }
        | Detail::Correction { form: CorrectionForm::DebitMemo, .. } => Some(Side::Debit),
        Detail::CreditMemo { .. }
        | Detail::LiabilityTender { .. }
        | Detail::Correction { form: CorrectionForm::CreditMemo, .. } => Some(Side::Credit),
        _ => None,
    }
}

impl<'a> OpenItems<'a> {
    /// Opens the item of a document, if it has one.
    fn open(&mut self, document: &'a Document) {
        match side(&document.detail) {
            Some(Side::Debit) => {
                self.places.insert(document.key.clone(), self.debits.len());
                self.debits.push(Debit {
                    key: document.key.clone(),
                    number: document.number.clone(),
                    date: document.date,
                    open: document.total,
                });
            }
            Some(Side::Credit) => self.credit(Cow::Borrowed(document), document.total),
            None => {}
        }
    }

    fn credit(&mut self, document: Cow<'a, Document>, open: Decimal) {
        self.places.insert(document.key.clone(), self.credits.len());
        self.credits.push(Credit { document, open, netted: 0 });
    }

    fn debit_of(&mut self, key: &DocumentKey) -> Option<&mut Debit> {
        let place = *self.places.get(key)?;
        self.debits.get_mut(place).filter(|debit| debit.key == *key)
    }

    fn credit_of(&mut self, key: &DocumentKey) -> Option<&mut Credit<'a>> {
        let place = *self.places.get(key)?;
        self.credits.get_mut(place).filter(|credit| credit.document.key == *key)
    }

    /// Takes off what a posted receipt or application paid.
    fn took_place(&mut self, document: &'a Document) {
        match &document.detail {
            Detail::Application { credit, debit, amount } => {
                if let Some(debit) = self.debit_of(debit) {
                    debit.open -= *amount;
                }
                let netting = document.key.chain().starts_with(&netting(credit));
                if let Some(credit) = self.credit_of(credit) {
                    credit.open -= *amount;
                    credit.netted += u32::from(netting);
                }
            }
            _ => {
                let pays = document.pays();
                for (key, amount) in &pays {
                    if let Some(debit) = self.debit_of(key) {
                        debit.open -= *amount;
                    }
                }
                let rest = document.total - pays.iter().map(|(_, amount)| *amount).sum::<Decimal>();
                if rest > Decimal::ZERO {
                    self.credit(Cow::Borrowed(document), rest);
                }
            }
        }
    }

    /// Fits an application to what is open of both sides; `None` when that is nothing.
    fn fit(&mut self, document: Document) -> Option<Result<Document, Box<Hold>>> {
        let Detail::Application { credit, debit, amount } = document.detail.clone() else { return Some(Ok(document)) };
        let open = |item: Option<Decimal>| item.unwrap_or_default().max(Decimal::ZERO);
        let owed = open(self.debit_of(&debit).map(|debit| debit.open));
        let there = open(self.credit_of(&credit).map(|credit| credit.open));
        let fits = amount.min(owed).min(there);
        if fits.is_zero() {
            return None;
        }
        if let Some(debit) = self.debit_of(&debit) {
            debit.open -= fits;
        }
        if let Some(credit) = self.credit_of(&credit) {
            credit.open -= fits;
        }
        if fits == amount {
            return Some(Ok(document));
        }
        Some(rewritten(&document, |draft| {
            draft.total = fits;
            draft.detail = Detail::Application { credit, debit, amount: fits };
        }))
    }

    /// Lets a receipt pay what is open on its day. Where nothing is, it is of the day of the first thing it can pay.
    /// What is left over is the buyer's credit.
    fn place(&mut self, receipt: Document) -> Result<Document, Box<Hold>> {
        let (day, mut date, mut left) = (receipt.date, receipt.date, receipt.total);
        let mut pays = Vec::new();
        for later in [false, true] {
            for debit in self.debits.iter_mut().filter(|debit| debit.open > Decimal::ZERO) {
                if (debit.date > day) == later && !left.is_zero() {
                    let amount = left.min(debit.open);
                    debit.open -= amount;
                    left -= amount;
                    date = date.max(debit.date);
                    pays.push((debit.key.clone(), amount));
                }
            }
            if !pays.is_empty() {
                break;
            }
        }
        if pays.is_empty() {
            return Err(Box::new(nothing_open(&receipt)));
        }
        let receipt = if left.is_zero() && date == day && pays == receipt.pays() {
            receipt
        } else {
            rewritten(&receipt, |draft| {
                draft.date = date;
                if let Detail::Receipt { pays: own, .. } = &mut draft.detail {
                    *own = pays;
                }
            })?
        };
        if left > Decimal::ZERO {
            self.credit(Cow::Owned(receipt.clone()), left);
        }
        Ok(receipt)
    }

    /// Sets the credits that are left off against the debits that are, oldest first.
    fn net(&mut self) -> Vec<Result<Document, Box<Hold>>> {
        let mut applications = Vec::new();
        let mut debits = self.debits.iter_mut().filter(|debit| debit.open > Decimal::ZERO).peekable();
        for credit in &mut self.credits {
            while credit.open > Decimal::ZERO {
                let Some(debit) = debits.peek_mut() else { return applications };
                let amount = credit.open.min(debit.open);
                credit.open -= amount;
                debit.open -= amount;
                credit.netted += 1;
                applications.push(application(credit, debit, amount));
                if debit.open.is_zero() {
                    debits.next();
                }
            }
        }
        applications
    }
}

/// What the keys of applications beyond those of the derivation start with: `acme-us/118/application/invoice-r2-`.
fn netting(credit: &DocumentKey) -> String {
    let parts: Vec<&str> = credit.chain().splitn(3, '/').collect();
    let (order, what) = match parts[..] {
        [store, order, what] => (format!("{store}/{order}"), what.replace('/', "-")),
        _ => (credit.chain().to_owned(), String::new()),
    };
    format!("{order}/application/{what}-r{}-", credit.revision())
}

/// Sets `amount` of a credit off against a debit.
fn application(credit: &Credit, debit: &Debit, amount: Decimal) -> Result<Document, Box<Hold>> {
    let from = &credit.document;
    let detail = Detail::Application { credit: from.key.clone(), debit: debit.key.clone(), amount };
    let date = from.date.max(debit.date);
    let draft = Draft {
        key: DocumentKey::stored(format!("{}{}/r1", netting(&from.key), credit.netted)),
        kind: detail.kind(),
        number: format!("{}-A{}", from.number, credit.netted),
        order_id: from.order_id,
        date,
        original_date: date,
        currency: from.currency,
        exchange: from.exchange.clone(),
        customer: from.customer.clone(),
        total: amount,
        reference: None,
        description: format!("{} set off against {}", from.number, debit.number),
        lines: Vec::new(),
        source_hash: hash_of(&(&from.key, &debit.key, amount)),
        detail,
    };
    let (key, total) = (draft.key.clone(), Money::new(amount, draft.currency));
    Document::build(draft).map_err(|error| Box::new(refused(key, total, &error)))
}

/// The document, changed.
fn rewritten(document: &Document, change: impl FnOnce(&mut Draft)) -> Result<Document, Box<Hold>> {
    let mut draft = Draft::from(document.clone());
    change(&mut draft);
    Document::build(draft)
        .map_err(|error| Box::new(refused(document.key.clone(), Money::new(document.total, document.currency), &error)))
}

fn refused(key: DocumentKey, amount: Money, error: &DocumentError) -> Hold {
    Hold {
        code: HoldCode::DocumentRefused,
        subject: key.to_string(),
        message: error.to_string(),
        remedy: "book this document by hand and report it: it is a mistake of the derivation".to_owned(),
        amount: Some(amount),
        blocks: Blocks::Document(key),
    }
}

fn nothing_open(receipt: &Document) -> Hold {
    let amount = Money::new(receipt.total, receipt.currency);
    Hold {
        code: HoldCode::TendersExceedTotal,
        subject: format!("{} {}", receipt.kind, receipt.number),
        message: format!("{amount} came in, and no document of the order is open that it could pay"),
        remedy: "settle what holds the order's other documents back; if nothing does, check the transaction in \
                 BigCommerce and at the gateway, and refund it or book it by hand"
            .to_owned(),
        amount: Some(amount),
        blocks: Blocks::Document(receipt.key.clone()),
    }
}
