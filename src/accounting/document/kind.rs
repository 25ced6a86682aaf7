//! Kinds of documents, and what only one kind says.

use std::fmt;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::DocumentKey;
use super::order_entry::OrderEntry;

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// The sale: debit receivable, credit revenue, tax and liabilities.
    Invoice,
    /// Money that came in, applied to the invoice.
    Receipt,
    /// A gift certificate, store credit or deposit redeemed: debit the liability, credit receivable.
    LiabilityTender,
    /// A refund: debit returns and tax, credit receivable.
    CreditMemo,
    /// The money of a refund that went out: debit receivable, credit the clearing or liability account.
    RefundPayout,
    /// Sets a credit off against a debit of the same customer. Moves nothing in the general ledger.
    Application,
    /// The difference between what was posted and what the order says now.
    Correction,
    /// Money that came in before the sale counts: debit clearing, credit customer deposits; or such money going back.
    Deposit,
    /// The cost of goods that shipped or came back.
    CostOfGoods,
    /// A day of a store in one currency, or a late or corrected order of such a day.
    Summary,
    /// A gateway paid out: bank and fees against clearing.
    Payout,
    /// A payment is disputed, won or lost.
    Dispute,
    /// Any other entry the team reports: tax remitted, breakage, goodwill, a fee kept.
    Entry,
}

impl DocumentKind {
    /// Every kind, in the order documents of one order are listed.
    pub const ALL: [DocumentKind; 13] = [
        Self::Deposit,
        Self::Invoice,
        Self::LiabilityTender,
        Self::Receipt,
        Self::CreditMemo,
        Self::RefundPayout,
        Self::Application,
        Self::Correction,
        Self::CostOfGoods,
        Self::Summary,
        Self::Payout,
        Self::Dispute,
        Self::Entry,
    ];

    /// The stable name, for example `liability-tender`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Receipt => "receipt",
            Self::LiabilityTender => "liability-tender",
            Self::CreditMemo => "credit-memo",
            Self::RefundPayout => "refund-payout",
            Self::Application => "application",
            Self::Correction => "correction",
            Self::Deposit => "deposit",
            Self::CostOfGoods => "cost-of-goods",
            Self::Summary => "summary",
            Self::Payout => "payout",
            Self::Dispute => "dispute",
            Self::Entry => "entry",
        }
    }

    /// In which wave it is sent: 1 for what stands by itself, 2 for what needs the record numbers of wave 1.
    pub fn wave(self) -> u8 {
        match self {
            Self::Receipt | Self::Application => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How many decimals Intacct keeps of an exchange rate (Intacct docs, journal entries). A finer rate would give other base
/// amounts there than here, so rates are rounded to it before anything is converted.
pub const RATE_DECIMALS: u32 = 4;

/// How a foreign currency becomes the base currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Intacct converts with its rate type of this name, for example `Intacct Daily Rate`, of the document's own day.
    RateType(String),
    /// The same, of another day: what takes a sale back is converted as the sale was.
    RateTypeOn {
        /// The rate type.
        name: String,
        /// The day the rate is of, in the store's time zone.
        on: Date,
    },
    /// A rate fixed here, so that Intacct does not pick a second one.
    Rate {
        /// Units of base currency for one unit of the document's currency; above zero, at most [`RATE_DECIMALS`] decimals.
        rate: Decimal,
        /// The day the rate is of, in the store's time zone.
        on: Date,
        /// Where it comes from: `the order's own rate` or the rule that gives it.
        source: String,
    },
}

/// How a correction is posted, by what it does to the receivable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorrectionForm {
    /// The buyer owes less: a negative adjustment.
    CreditMemo,
    /// The buyer owes more: a positive adjustment.
    DebitMemo,
    /// The buyer owes the same, other accounts differ: a journal entry.
    Journal,
}

/// What only one kind of document says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Detail {
    /// Of an invoice.
    Invoice {
        /// Intacct's payment term, when the customer rule or the policy names one.
        terms: Option<String>,
        /// When it is due.
        due: Date,
        /// The display name of the order's payment method in BigCommerce.
        payment_method: String,
        /// What it is as an Order Entry document, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order_entry: Option<Box<OrderEntry>>,
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
        /// What it pays and how much of each, in major units, when it is not all of it for the invoice. What is left
        /// over is the buyer's credit until something is open.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pays: Vec<(DocumentKey, Decimal)>,
    },
    /// Of a gift certificate or store credit redeemed.
    LiabilityTender {
        /// The invoice it pays.
        invoice: DocumentKey,
        /// The deposit it uses up, when it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deposit: Option<DocumentKey>,
    },
    /// Of a refund.
    CreditMemo {
        /// The invoice it takes back.
        invoice: DocumentKey,
        /// How much of it is set off against the invoice because that was not paid; zero when all money went back.
        applies_to_invoice: Decimal,
        /// What it is as an Order Entry document, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order_entry: Option<Box<OrderEntry>>,
    },
    /// Of a refund's money.
    RefundPayout {
        /// The credit memo it is netted with; the invoice when it gives back what had come in too much.
        credit_memo: DocumentKey,
        /// The account the money leaves: a clearing account, or a liability when it became store credit.
        account: String,
    },
    /// Of an application.
    Application {
        /// The credit: a credit memo, a liability tender, or a receipt of which something is left over.
        credit: DocumentKey,
        /// The debit: an invoice, a debit memo or a refund payout.
        debit: DocumentKey,
        /// How much is set off, in major units.
        amount: Decimal,
    },
    /// Of a correction.
    Correction {
        /// The document it corrects: revision 1 of the same chain.
        corrects: DocumentKey,
        /// How it is posted.
        form: CorrectionForm,
    },
    /// Of everything that is a journal entry: deposits, cost of goods, summaries, payouts, disputes, other entries.
    Journal {
        /// Which kind of journal entry.
        kind: DocumentKind,
        /// The documents it belongs to, for a reader; they need not be posted before it.
        related: Vec<DocumentKey>,
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
            Self::Correction { .. } => DocumentKind::Correction,
            Self::Journal { kind, .. } => *kind,
        }
    }

    /// Whether it is posted as a journal entry, which has no leg that must stand on the receivable account.
    pub fn is_journal(&self) -> bool {
        matches!(self, Self::Journal { .. } | Self::Correction { form: CorrectionForm::Journal, .. })
    }

    /// What it is as an Order Entry document; `None` for what is posted otherwise.
    pub fn order_entry(&self) -> Option<&OrderEntry> {
        match self {
            Self::Invoice { order_entry, .. } | Self::CreditMemo { order_entry, .. } => order_entry.as_deref(),
            _ => None,
        }
    }

    /// The documents that must be in Intacct before this one makes sense.
    pub fn needs(&self) -> Vec<&DocumentKey> {
        match self {
            Self::Invoice { .. } => Vec::new(),
            Self::Receipt { invoice, pays, .. } => std::iter::once(invoice)
                .chain(pays.iter().map(|(paid, _)| paid).filter(|paid| *paid != invoice))
                .collect(),
            Self::CreditMemo { invoice, .. } => vec![invoice],
            Self::LiabilityTender { invoice, deposit } => std::iter::once(invoice).chain(deposit).collect(),
            Self::RefundPayout { credit_memo, .. } => vec![credit_memo],
            Self::Application { credit, debit, .. } => vec![credit, debit],
            Self::Correction { corrects, .. } => vec![corrects],
            Self::Journal { .. } => Vec::new(),
        }
    }
}
