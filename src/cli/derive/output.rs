//! What `cartledger derive --json` prints; docs/derive.md describes it. Amounts are texts with the currency's decimals.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use super::outside::Booked;
use crate::accounting::customer::BuyerIdentity;
use crate::accounting::derive::{Derivation, Eligibility};
use crate::accounting::document::{Detail, Document, DocumentKey, Exchange, JournalLine};
use crate::accounting::hold::{Blocks, Hold};
use crate::accounting::money::Currency;

/// Several orders, and what happened outside the shop.
#[derive(Debug, Serialize)]
pub(super) struct Orders<'a> {
    pub(super) orders: Vec<&'a Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) events: Option<&'a Booked>,
}

/// One order, and what happened outside the shop.
#[derive(Debug, Serialize)]
pub(super) struct Alone<'a> {
    #[serde(flatten)]
    pub(super) order: &'a Order,
    pub(super) events: &'a Booked,
}

/// One order. The first three names and what is in them are fixed; more may be added behind them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Order {
    pub(super) documents: Vec<Posting>,
    pub(super) holds: Vec<Held>,
    /// Why the order is never posted; `null` when it is, or waits.
    pub(super) excluded: Option<String>,
    /// Why the order is not posted yet.
    pub(super) waiting: Option<String>,
    pub(super) store: String,
    pub(super) order: u64,
    pub(super) currency: Currency,
    /// What the buyer owes or owed, with tax, before gift certificates and store credit.
    pub(super) order_total: String,
    /// The tax in it that a marketplace collected.
    pub(super) marketplace_tax: String,
    /// What of the invoice is neither paid nor taken back.
    pub(super) open_balance: String,
    /// Values taken for want of a setting.
    pub(super) assumed: Vec<String>,
    /// Answers that are not there and were taken as empty.
    pub(super) absent: Vec<String>,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Posting {
    pub(super) key: String,
    pub(super) kind: &'static str,
    pub(super) date: Date,
    pub(super) currency: Currency,
    /// The Intacct customer id.
    pub(super) customer: Option<String>,
    pub(super) total: String,
    pub(super) lines: Vec<Leg>,
    pub(super) number: String,
    pub(super) original_date: Date,
    pub(super) exchange: Option<Converted>,
    /// The gateway's reference of the payment.
    pub(super) reference: Option<String>,
    /// What an application sets off; `null` for everything else.
    pub(super) applies: Option<Applied>,
    /// Whether a hold keeps it, or one it needs, from being posted.
    pub(super) held: bool,
    /// Whether its customer id is made from a guest's e-mail address.
    #[serde(skip)]
    guest: bool,
}

/// One leg: exactly one of debit and credit is above zero.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Leg {
    pub(super) account: String,
    /// The item dimension.
    pub(super) item: Option<String>,
    pub(super) debit: String,
    pub(super) credit: String,
    /// Name to id.
    pub(super) dimensions: BTreeMap<String, String>,
    pub(super) memo: String,
    /// What chose the account.
    pub(super) rule: String,
    /// What chose each dimension, by name.
    pub(super) dimension_rules: BTreeMap<String, String>,
}

/// How the currency becomes base currency: by Intacct's rate type, or by a rate of a day and where it is from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Converted {
    Rate {
        rate: String,
        on: Date,
        source: String,
    },
    Type {
        rate_type: String,
        /// The day the rate is of, when that is not the document's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        on: Option<Date>,
    },
}

/// What an application sets off against what, by their keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Applied {
    pub(super) credit: String,
    pub(super) debit: String,
    pub(super) amount: String,
}

/// One hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Held {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) remedy: String,
    /// The money that waits, when it can be told.
    pub(super) amount: Option<String>,
    pub(super) currency: Option<Currency>,
    pub(super) subject: String,
    /// `"order"`, `{"refunds_from": ID}` or `{"document": KEY}`.
    pub(super) blocks: Blocks,
}

impl Order {
    /// A derivation as it is printed.
    pub(super) fn of(derivation: &Derivation) -> Self {
        let (excluded, waiting) = match &derivation.status {
            Eligibility::Post => (None, None),
            Eligibility::Waiting(reason) => (None, Some(reason.clone())),
            Eligibility::Excluded(reason) => (Some(reason.clone()), None),
        };
        let currency = derivation.order_total.currency;
        Self {
            documents: Posting::all(&derivation.documents, &derivation.holds),
            holds: derivation.holds.iter().map(Held::of).collect(),
            excluded,
            waiting,
            store: derivation.store.clone(),
            order: derivation.order_id,
            currency,
            order_total: amount(derivation.order_total.amount, currency),
            marketplace_tax: amount(derivation.marketplace_tax.amount, currency),
            open_balance: amount(derivation.open_balance.amount, currency),
            assumed: Vec::new(),
            absent: Vec::new(),
        }
    }

    /// The same without the customer ids of guests, which a redacted copy cannot have.
    pub(super) fn without_guest(&self) -> Self {
        let mut order = self.clone();
        for document in order.documents.iter_mut().filter(|document| document.guest) {
            document.customer = None;
        }
        order
    }
}

/// Documents that a hold keeps back, and those that need one of them.
fn held<'a>(documents: &'a [Document], holds: &'a [Hold]) -> BTreeSet<&'a DocumentKey> {
    let blocked: BTreeSet<&DocumentKey> = holds
        .iter()
        .filter_map(|hold| if let Blocks::Document(key) = &hold.blocks { Some(key) } else { None })
        .collect();
    let mut held = BTreeSet::new();
    // Each document stands behind those it needs.
    for document in documents {
        if blocked.contains(&document.key) || document.detail.needs().iter().any(|needed| held.contains(needed)) {
            held.insert(&document.key);
        }
    }
    held
}

impl Posting {
    /// Documents as they are printed, each with whether a hold keeps it.
    pub(super) fn all(documents: &[Document], holds: &[Hold]) -> Vec<Self> {
        let held = held(documents, holds);
        documents.iter().map(|document| Self::of(document, held.contains(&document.key))).collect()
    }

    fn of(document: &Document, held: bool) -> Self {
        let money = |value| amount(value, document.currency);
        let applies = match &document.detail {
            Detail::Application { credit, debit, amount } => {
                Some(Applied { credit: credit.to_string(), debit: debit.to_string(), amount: money(*amount) })
            }
            _ => None,
        };
        let exchange = document.exchange.as_ref().map(|exchange| match exchange {
            Exchange::RateType(name) => Converted::Type { rate_type: name.clone(), on: None },
            Exchange::RateTypeOn { name, on } => Converted::Type { rate_type: name.clone(), on: Some(*on) },
            Exchange::Rate { rate, on, source } => {
                Converted::Rate { rate: rate.to_string(), on: *on, source: source.clone() }
            }
        });
        let customer = document.customer.as_ref();
        Self {
            key: document.key.to_string(),
            kind: document.kind.as_str(),
            date: document.date,
            currency: document.currency,
            customer: customer.map(|customer| customer.intacct_id.clone()),
            total: money(document.total),
            lines: document.lines.iter().map(|line| Leg::of(line, document.currency)).collect(),
            number: document.number.clone(),
            original_date: document.original_date,
            exchange,
            reference: document.reference.clone(),
            applies,
            held,
            guest: customer.is_some_and(|customer| matches!(customer.identity, BuyerIdentity::Guest(_))),
        }
    }
}

impl Leg {
    fn of(line: &JournalLine, currency: Currency) -> Self {
        Self {
            account: line.account.clone(),
            item: line.dimensions.get("item").map(str::to_owned),
            debit: amount(line.debit, currency),
            credit: amount(line.credit, currency),
            dimensions: line.dimensions.ids(),
            memo: line.memo.clone(),
            rule: line.rule.clone(),
            dimension_rules: line.dimensions.iter().map(|(name, by)| (name.to_owned(), by.rule.clone())).collect(),
        }
    }
}

impl Held {
    pub(super) fn of(hold: &Hold) -> Self {
        Self {
            code: hold.code.as_str(),
            message: hold.message.clone(),
            remedy: hold.remedy.clone(),
            amount: hold.amount.map(|money| amount(money.amount, money.currency)),
            currency: hold.amount.map(|money| money.currency),
            subject: hold.subject.clone(),
            blocks: hold.blocks.clone(),
        }
    }
}

/// An amount with the currency's decimals.
fn amount(value: Decimal, currency: Currency) -> String {
    currency.round(value).to_string()
}
