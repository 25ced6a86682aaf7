//! Documents: what the ledger should contain, as journal lines that balance. A document that does not balance cannot be built.

use std::fmt;
use std::ops::Deref;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::customer::CustomerRef;
use super::money::Currency;

pub use super::journal::{Dimensions, JournalLine};

/// The longest document key, in characters: Intacct's limit for a function's control id (Intacct docs, XML requests).
pub const LONGEST_KEY: usize = 256;

/// The longest document number, in characters: Intacct's limit for an invoice number (Intacct docs, AR invoices).
pub const LONGEST_NUMBER: usize = 45;

/// The deterministic name of a document, for example `acme-us/118/invoice/r1` or `acme-us/118/receipt/9001/r1`.
///
/// Store, order, what it is, and the revision of the document. It is also the control id it is sent under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentKey(String);

impl DocumentKey {
    /// The key of `what` (for example `receipt/9001`) of one order of `store`, in its `revision`, counted from 1.
    pub fn new(store: &str, order: u64, what: &str, revision: u32) -> Self {
        Self(format!("{store}/{order}/{what}/r{revision}"))
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

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// The sale: debit receivable, credit revenue, tax and liabilities.
    Invoice,
    /// Money that came in, applied to the invoice.
    Receipt,
    /// A gift certificate or store credit redeemed: debit the liability, credit receivable.
    LiabilityTender,
    /// A refund: debit returns and tax, credit receivable.
    CreditMemo,
    /// The money of a refund that went out: debit receivable, credit the clearing or liability account.
    RefundPayout,
    /// Sets a credit off against a debit of the same customer. Moves nothing in the general ledger.
    Application,
}

impl DocumentKind {
    /// Every kind, in the order documents of one order are listed.
    pub const ALL: [DocumentKind; 6] =
        [Self::Invoice, Self::LiabilityTender, Self::Receipt, Self::CreditMemo, Self::RefundPayout, Self::Application];

    /// The stable name: `invoice`, `receipt`, `liability-tender`, `credit-memo`, `refund-payout`, `application`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Receipt => "receipt",
            Self::LiabilityTender => "liability-tender",
            Self::CreditMemo => "credit-memo",
            Self::RefundPayout => "refund-payout",
            Self::Application => "application",
        }
    }

    /// In which wave it is sent: 1 for what stands by itself, 2 for what needs the record numbers of wave 1.
    pub fn wave(self) -> u8 {
        match self {
            Self::Invoice | Self::LiabilityTender | Self::CreditMemo | Self::RefundPayout => 1,
            Self::Receipt | Self::Application => 2,
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a foreign currency becomes the base currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Intacct converts with its rate type of this name, for example `Intacct Daily Rate`.
    RateType(String),
    /// The order's own rate: units of base currency for one unit of the document's currency.
    Rate(Decimal),
}

/// What only one kind of document says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Detail {
    /// Of an invoice.
    Invoice {
        /// Intacct's payment term, when the customer rule or the policy names one.
        terms: Option<String>,
        /// When it is due.
        due: Date,
        /// The display name of the order's payment method in BigCommerce.
        payment_method: String,
    },
    /// Of a receipt.
    Receipt {
        /// The invoice it pays.
        invoice: DocumentKey,
        /// Intacct's payment method, for example `Credit Card` or `EFT` (Intacct docs, AR payments).
        payment_method: String,
        /// The general ledger account debited: undeposited funds or clearing.
        deposit_account: String,
        /// Intacct's bank account id, when the money goes to a bank account instead of an undeposited-funds account.
        bank_account: Option<String>,
        /// The gateway the money came through, as BigCommerce names it.
        gateway: String,
    },
    /// Of a gift certificate or store credit redeemed.
    LiabilityTender {
        /// The invoice it pays.
        invoice: DocumentKey,
    },
    /// Of a refund.
    CreditMemo {
        /// The invoice it takes back.
        invoice: DocumentKey,
        /// How much of it is set off against the invoice because that was not paid; zero when all money went back.
        applies_to_invoice: Decimal,
    },
    /// Of a refund's money.
    RefundPayout {
        /// The credit memo it is netted with.
        credit_memo: DocumentKey,
        /// The account the money leaves: a clearing account, or a liability when it became store credit.
        account: String,
    },
    /// Of an application.
    Application {
        /// The credit: a credit memo or a liability tender.
        credit: DocumentKey,
        /// The debit: an invoice or a refund payout.
        debit: DocumentKey,
        /// How much is set off, in major units.
        amount: Decimal,
    },
}

impl Detail {
    /// The kind of document this belongs to.
    pub fn kind(&self) -> DocumentKind {
        match self {
            Self::Invoice { .. } => DocumentKind::Invoice,
            Self::Receipt { .. } => DocumentKind::Receipt,
            Self::LiabilityTender { .. } => DocumentKind::LiabilityTender,
            Self::CreditMemo { .. } => DocumentKind::CreditMemo,
            Self::RefundPayout { .. } => DocumentKind::RefundPayout,
            Self::Application { .. } => DocumentKind::Application,
        }
    }

    /// The documents that must be in Intacct before this one makes sense.
    pub fn needs(&self) -> Vec<&DocumentKey> {
        match self {
            Self::Invoice { .. } => Vec::new(),
            Self::Receipt { invoice, .. } | Self::LiabilityTender { invoice } | Self::CreditMemo { invoice, .. } => {
                vec![invoice]
            }
            Self::RefundPayout { credit_memo, .. } => vec![credit_memo],
            Self::Application { credit, debit, .. } => vec![credit, debit],
        }
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
    /// BigCommerce's order id.
    pub order_id: u64,
    /// The posting date, in the store's time zone.
    pub date: Date,
    /// The day it really happened, in the store's time zone; differs from `date` only where a receipt came before its invoice.
    pub original_date: Date,
    /// The currency of every amount here.
    pub currency: Currency,
    /// How that becomes base currency; `None` when it is the base currency.
    pub exchange: Option<Exchange>,
    /// Who it is with.
    pub customer: CustomerRef,
    /// What it is about, in major units; above zero. Equals its leg on the receivable account.
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
    /// No leg is as large as the total, so there is none on the receivable account.
    #[error("{key}: no line is as large as the total of {total}")]
    NoControlLeg {
        /// The document.
        key: DocumentKey,
        /// Its total.
        total: Decimal,
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
        if !application && !draft.lines.iter().any(|line| line.debit + line.credit == draft.total) {
            return Err(DocumentError::NoControlLeg { key: key(), total: draft.total });
        }
        Ok(Self(draft))
    }

    /// Hash of everything that is sent, in lower-case hexadecimal: equal hash, equal document.
    pub fn content_hash(&self) -> String {
        hash_of(&self.0)
    }
}

/// SHA-256 of a value's JSON, in lower-case hexadecimal. Struct fields serialise in their written order and maps are
/// sorted, so the same value has the same hash for ever.
pub(crate) fn hash_of<T: Serialize + ?Sized>(value: &T) -> String {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
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

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, dec};
    use super::*;

    fn draft() -> Draft {
        let case = Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90");
        case.paid(9001, "stripe", "129.90").derive().documents[0].clone().into()
    }

    fn refused(change: impl FnOnce(&mut Draft)) -> DocumentError {
        let mut draft = draft();
        change(&mut draft);
        Document::build(draft).unwrap_err()
    }

    #[test]
    fn a_document_cannot_be_built_wrong() {
        use DocumentError::*;
        assert!(matches!(refused(|d| d.lines[0].debit = dec("129.91")), Unbalanced { .. }));
        assert!(matches!(refused(|d| d.lines[0].debit = dec("129.905")), Amount { .. }));
        assert!(matches!(refused(|d| d.lines[0].debit = dec("-1")), Amount { .. }));
        assert!(matches!(refused(|d| d.lines[0].credit = dec("1")), Amount { .. }));
        assert!(matches!(refused(|d| d.total = dec("0")), Amount { .. }));
        assert!(matches!(refused(|d| d.total = dec("129.91")), NoControlLeg { .. }));
        assert!(matches!(refused(|d| d.lines[1].account = " ".into()), NoAccount { .. }));
        assert!(matches!(refused(|d| d.lines.clear()), Shape { .. }));
        assert!(matches!(refused(|d| d.kind = DocumentKind::Receipt), Shape { .. }));
        assert!(matches!(refused(|d| d.number = "9".repeat(46)), Name { .. }));
    }

    #[test]
    fn a_document_survives_json_and_keeps_its_hash() {
        let document = Document::build(draft()).unwrap();
        let json = serde_json::to_string(&document).unwrap();
        let again: Document = serde_json::from_str(&json).unwrap();
        assert_eq!(again.content_hash(), document.content_hash());
        let wrong = json.replacen("129.90", "129.91", 1);
        assert!(
            serde_json::from_str::<Document>(&wrong).is_err(),
            "a stored document that does not balance is refused"
        );
    }
}
