//! Documents: what the ledger should contain, as journal lines that balance. A document that does not balance cannot be built.

mod kind;
mod order_entry;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::customer::CustomerRef;
use super::money::Currency;

pub use self::kind::{CorrectionForm, Detail, DocumentKind, Exchange, RATE_DECIMALS};
pub use self::order_entry::{AMOUNT_DECIMALS, OrderEntry, OrderEntryItem, OrderEntrySubtotal};
pub(crate) use super::hash::hash_of;
pub use super::journal::{Dimensions, JournalLine};

/// The longest document key, in characters: Intacct's limit for a function's control id (Intacct docs, XML requests).
pub const LONGEST_KEY: usize = 256;

/// The longest document number, in characters: Intacct's limit for an invoice number (Intacct docs, AR invoices).
pub const LONGEST_NUMBER: usize = 45;

/// The wave of what is left over of a receipt.
const LAST_WAVE: u8 = 3;

/// The deterministic name of a document, for example `acme-us/118/invoice/r1` or `acme-us/118/receipt/9001/r1`.
///
/// Store, order (left out where there is none), what it is, and the revision of the document. It is also the control id
/// it is sent under. Documents that differ in the revision only are a chain: the first and its corrections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentKey(String);

impl DocumentKey {
    /// The key of `what` (for example `receipt/9001`) of one order of `store`, in its `revision`, counted from 1.
    pub fn new(store: &str, order: u64, what: &str, revision: u32) -> Self {
        Self(format!("{store}/{order}/{what}/r{revision}"))
    }

    /// The key of `what` (for example `summary/2026-03-10-USD`) of no single order of `store`.
    pub fn of_store(store: &str, what: &str, revision: u32) -> Self {
        Self(format!("{store}/{what}/r{revision}"))
    }

    /// The same key in another revision.
    pub fn in_revision(&self, revision: u32) -> Self {
        Self(format!("{}/r{revision}", self.chain()))
    }

    /// The key without its revision: what a document and its corrections share.
    pub fn chain(&self) -> &str {
        self.0.rsplit_once("/r").map_or(&self.0, |(chain, _)| chain)
    }

    /// The revision, counted from 1.
    pub fn revision(&self) -> u32 {
        self.0.rsplit_once("/r").and_then(|(_, revision)| revision.parse().ok()).unwrap_or(1)
    }

    /// The word that says what kind of document of an order it is, for example `receipt`.
    pub fn word(&self) -> &str {
        self.0.split('/').nth(2).unwrap_or_default()
    }

    /// A key that was stored before.
    pub fn stored(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Everything a document says, not yet checked. [`Document::build`] checks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its deterministic name.
    pub key: DocumentKey,
    /// What kind it is; must agree with `detail`.
    pub kind: DocumentKind,
    /// The number in Intacct, for example `BC-118-R12`: what a look-up asks for. At most [`LONGEST_NUMBER`] characters.
    pub number: String,
    /// BigCommerce's order id; `None` for a document of no single order.
    pub order_id: Option<u64>,
    /// The posting date, in the store's time zone.
    pub date: Date,
    /// The day it really happened, in the store's time zone; differs from `date` where that was moved: nothing pays an
    /// invoice before its day, and documents of a closed period may go to an open one.
    pub original_date: Date,
    /// The currency of every amount here.
    pub currency: Currency,
    /// How that becomes base currency; `None` when it is the base currency.
    pub exchange: Option<Exchange>,
    /// Who it is with; `None` for a document of no single buyer.
    pub customer: Option<CustomerRef>,
    /// What it is about, in major units; above zero. Equals its leg on the receivable account; of a journal entry, the sum
    /// of its debits.
    pub total: Decimal,
    /// The gateway's own reference of the payment, for audit and for matching payouts.
    pub reference: Option<String>,
    /// One line for a reader of the ledger.
    pub description: String,
    /// Every leg, with the one on the receivable control account. Empty for applications only.
    pub lines: Vec<JournalLine>,
    /// What only this kind says.
    pub detail: Detail,
    /// Hash of the facts of the order this document was made from, whatever the rules: it changes when the order was edited.
    pub source_hash: String,
}

/// Why a document was refused. Each names the document by its key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Debits and credits differ.
    #[error("{key}: debits {debits} and credits {credits} differ")]
    Unbalanced {
        /// The document.
        key: DocumentKey,
        /// Sum of debits.
        debits: Decimal,
        /// Sum of credits.
        credits: Decimal,
    },
    /// A line or the total is zero where it may not be, negative, on both sides, or finer than the currency allows.
    #[error("{key}: {amount} {currency} on {account} is not a positive amount of whole minor units on one side")]
    Amount {
        /// The document.
        key: DocumentKey,
        /// The account, or `the total`.
        account: String,
        /// The amount refused.
        amount: Decimal,
        /// The document's currency.
        currency: Currency,
    },
    /// A line has no account.
    #[error("{key}: a line ('{memo}') has no account")]
    NoAccount {
        /// The document.
        key: DocumentKey,
        /// The line's memo.
        memo: String,
    },
    /// A ledger document has no lines, or an application has some, or the kind and the detail differ.
    #[error("{key}: a document of kind {kind} cannot have {lines} lines and this detail")]
    Shape {
        /// The document.
        key: DocumentKey,
        /// Its kind.
        kind: DocumentKind,
        /// How many lines.
        lines: usize,
    },
    /// No leg is as large as the total, so there is none on the receivable account; or debits are not the total.
    #[error("{key}: no line is as large as the total of {total}")]
    NoControlLeg {
        /// The document.
        key: DocumentKey,
        /// Its total.
        total: Decimal,
    },
    /// Items and subtotals of an Order Entry document are not its journal lines.
    #[error("{key}: as an Order Entry document, {why}")]
    OrderEntry {
        /// The document.
        key: DocumentKey,
        /// What is wrong.
        why: String,
    },
    /// Key or number is empty or too long.
    #[error(
        "{key}: key or number '{number}' is empty or too long (at most {LONGEST_KEY} and {LONGEST_NUMBER} characters)"
    )]
    Name {
        /// The document.
        key: DocumentKey,
        /// Its number.
        number: String,
    },
}

/// A document that balances. Read its fields as those of [`Draft`]; they cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Draft", into = "Draft")]
pub struct Document(Draft);

impl Document {
    /// Checks a draft.
    ///
    /// # Errors
    /// [`DocumentError`] when it does not balance, an amount is not a positive amount of whole minor units, an account is
    /// missing, or key and number do not fit Intacct.
    pub fn build(draft: Draft) -> Result<Self, DocumentError> {
        let key = || draft.key.clone();
        let long = |text: &str, limit: usize| text.is_empty() || text.chars().count() > limit;
        if long(draft.key.as_str(), LONGEST_KEY) || long(&draft.number, LONGEST_NUMBER) {
            return Err(DocumentError::Name { key: key(), number: draft.number });
        }
        let application = draft.kind == DocumentKind::Application;
        if draft.detail.kind() != draft.kind || draft.lines.is_empty() != application {
            return Err(DocumentError::Shape { key: key(), kind: draft.kind, lines: draft.lines.len() });
        }
        let whole = |amount: Decimal| amount > Decimal::ZERO && draft.currency.round(amount) == amount;
        let refuse = |account: &str, amount: Decimal| {
            let account = account.to_owned();
            Err(DocumentError::Amount { key: key(), account, amount, currency: draft.currency })
        };
        if !whole(draft.total) {
            return refuse("the total", draft.total);
        }
        for line in &draft.lines {
            if line.account.trim().is_empty() {
                return Err(DocumentError::NoAccount { key: key(), memo: line.memo.clone() });
            }
            let one_side = line.debit.is_zero() != line.credit.is_zero();
            if !one_side || !whole(line.debit + line.credit) {
                return refuse(&line.account, line.debit - line.credit);
            }
        }
        let debits: Decimal = draft.lines.iter().map(|line| line.debit).sum();
        let credits: Decimal = draft.lines.iter().map(|line| line.credit).sum();
        if debits != credits {
            return Err(DocumentError::Unbalanced { key: key(), debits, credits });
        }
        let control = if draft.detail.is_journal() {
            debits == draft.total
        } else {
            draft.lines.iter().any(|line| line.debit + line.credit == draft.total)
        };
        if !application && !control {
            return Err(DocumentError::NoControlLeg { key: key(), total: draft.total });
        }
        let credit = if draft.kind == DocumentKind::CreditMemo { Decimal::ONE } else { -Decimal::ONE };
        let order_entry = draft.detail.order_entry();
        if let Some(why) = order_entry.and_then(|entry| entry.problem(&draft.lines, draft.total, credit)) {
            return Err(DocumentError::OrderEntry { key: key(), why });
        }
        Ok(Self(draft))
    }

    /// In which wave it is sent: 1 for what stands by itself, 2 for what names documents of wave 1, 3 for what needs
    /// those of wave 2: what is left over of a receipt. A document never goes before one that is sent with it and that it
    /// needs: see [`in_waves`].
    pub fn wave(&self) -> u8 {
        match &self.0.detail {
            // An Order Entry credit memo is made from its invoice.
            Detail::CreditMemo { order_entry: Some(_), .. } => 2,
            Detail::Application { credit, .. } if credit.word() == DocumentKind::Receipt.as_str() => LAST_WAVE,
            _ => self.0.kind.wave(),
        }
    }

    /// Hash of everything that is sent, in lower-case hexadecimal: equal hash, equal document.
    pub fn content_hash(&self) -> String {
        hash_of(&self.0)
    }

    /// What a receipt pays and how much of each, in major units: what it says, or all of it the invoice. Nothing for
    /// others.
    pub fn pays(&self) -> Vec<(DocumentKey, Decimal)> {
        match &self.detail {
            Detail::Receipt { invoice, pays, .. } if pays.is_empty() => vec![(invoice.clone(), self.total)],
            Detail::Receipt { pays, .. } => pays.clone(),
            _ => Vec::new(),
        }
    }
}

/// Documents that are sent together, by wave: each behind those of them that its request names.
pub fn in_waves(documents: &[Document]) -> BTreeMap<u8, Vec<&Document>> {
    let mut waves: BTreeMap<&DocumentKey, u8> = BTreeMap::new();
    let mut sorted: BTreeMap<u8, Vec<&Document>> = BTreeMap::new();
    for document in documents {
        let own = document.wave();
        let needed = document.detail.needs().into_iter().filter_map(|key| waves.get(key)).max();
        let wave = if own == 1 { own } else { needed.map_or(own, |needed| own.max(needed.saturating_add(1))) };
        waves.insert(&document.key, wave);
        sorted.entry(wave).or_default().push(document);
    }
    sorted
}

impl Deref for Document {
    type Target = Draft;

    fn deref(&self) -> &Draft {
        &self.0
    }
}

impl TryFrom<Draft> for Document {
    type Error = DocumentError;

    fn try_from(draft: Draft) -> Result<Self, DocumentError> {
        Self::build(draft)
    }
}

impl From<Document> for Draft {
    fn from(document: Document) -> Draft {
        document.0
    }
}
