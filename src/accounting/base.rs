//! The base-currency view: what documents come to in the books' own currency, and the exchange differences realised on
//! the way.
//!
//! A document's own currency balances by itself. Its base amounts are made from its total, converted once, and the lines
//! take their shares of that by largest remainder: converted line by line, 33.33 + 33.33 + 33.34 at 1.0850 would be
//! 108.49 where 100.00 is 108.50. A document that Intacct converts with a rate type of its own has no base amounts here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::document::{Detail, Document, DocumentKey, DocumentKind, Exchange, JournalLine};
use super::hold::{Blocks, Hold, HoldCode};
use super::money::{Currency, Money, settle};
use super::policy::Policy;
use super::rulebook::{Condition, Facts, RuleKind, Rulebook};

/// The journal of documents in base currency. Every entry balances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseJournal {
    /// The base currency.
    pub currency: Currency,
    /// One per document that moves something in base currency, in the order of the documents.
    pub entries: Vec<BaseEntry>,
    /// Documents that Intacct converts with a rate type: their base amounts are not known here.
    pub converted_by_intacct: BTreeSet<DocumentKey>,
    /// Exchange differences that no settlement rule has an account for; they are left out of the entries.
    pub holds: Vec<Hold>,
}

/// One document in base currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseEntry {
    /// The document.
    pub key: DocumentKey,
    /// Its kind.
    pub kind: DocumentKind,
    /// Its posting date, in the store's time zone.
    pub date: Date,
    /// The document's own currency.
    pub currency: Currency,
    /// How that became base currency; `None` when it is the base currency.
    pub exchange: Option<Exchange>,
    /// Its legs in major units of the base currency. A leg smaller than its minor unit has no amount.
    pub lines: Vec<JournalLine>,
    /// The exchange difference it realises on the receivable, also among the lines: a gain above zero, a loss below.
    pub realised: Decimal,
}

impl BaseJournal {
    /// What every account stands at, a debit above zero; they add up to zero. Accounts at zero are left out.
    pub fn balances(&self) -> BTreeMap<&str, Decimal> {
        let mut balances: BTreeMap<&str, Decimal> = BTreeMap::new();
        for line in self.entries.iter().flat_map(|entry| &entry.lines) {
            *balances.entry(&line.account).or_default() += line.signed();
        }
        balances.retain(|_, balance| !balance.is_zero());
        balances
    }
}

/// The legs of one document in base currency, in their order; `None` when Intacct converts it.
pub fn lines(document: &Document, policy: &Policy) -> Option<Vec<JournalLine>> {
    let amounts = amounts(document, policy)?;
    let in_base = |(line, signed): (&JournalLine, Decimal)| JournalLine {
        debit: signed.max(Decimal::ZERO),
        credit: (-signed).max(Decimal::ZERO),
        ..line.clone()
    };
    Some(document.lines.iter().zip(amounts).map(in_base).collect())
}

/// Base amount of each line, a debit above zero.
fn amounts(document: &Document, policy: &Policy) -> Option<Vec<Decimal>> {
    let signed: Vec<Decimal> = document.lines.iter().map(JournalLine::signed).collect();
    let base = policy.base_currency;
    if document.currency == base {
        return Some(signed);
    }
    let Some(Exchange::Rate { rate, .. }) = &document.exchange else { return None };
    let total = base.round(document.total.checked_mul(*rate)?);
    let exact: Vec<Decimal> = signed.iter().map(|amount| amount.checked_mul(*rate)).collect::<Option<_>>()?;
    match control(document, policy) {
        Some(control) => Some(around(control, &exact, total, base)),
        None => Some(both_sides(&exact, total, base)),
    }
}

/// The leg on the receivable that is the document's total; a journal entry has none.
fn control(document: &Document, policy: &Policy) -> Option<usize> {
    let whole = |line: &&JournalLine| line.debit + line.credit == document.total;
    let at = |fits: &dyn Fn(&JournalLine) -> bool| document.lines.iter().position(|line| whole(&line) && fits(line));
    if document.detail.is_journal() {
        return None;
    }
    at(&|line| line.account == policy.receivable_account).or_else(|| at(&|_| true))
}

/// The control leg is the total; the others share it.
fn around(control: usize, exact: &[Decimal], total: Decimal, base: Currency) -> Vec<Decimal> {
    let sign = if exact[control].is_sign_negative() { Decimal::ONE } else { -Decimal::ONE };
    let others: Vec<Decimal> =
        exact.iter().enumerate().filter(|(index, _)| *index != control).map(|(_, amount)| *amount * sign).collect();
    let mut amounts: Vec<Decimal> = settle(&others, &others, total, base).iter().map(|amount| *amount * sign).collect();
    amounts.insert(control, -total * sign);
    amounts
}

/// Debits share the total, and credits do.
fn both_sides(exact: &[Decimal], total: Decimal, base: Currency) -> Vec<Decimal> {
    let side = |sign: Decimal| -> Vec<Decimal> {
        let parts: Vec<Decimal> = exact.iter().map(|amount| (*amount * sign).max(Decimal::ZERO)).collect();
        settle(&parts, &parts, total, base)
    };
    let (debits, credits) = (side(Decimal::ONE), side(-Decimal::ONE));
    debits.into_iter().zip(credits).map(|(debit, credit)| debit - credit).collect()
}

/// The journal of documents in base currency, with the exchange differences that are realised where a debit and a credit
/// of the receivable meet: receipts and applications. Intacct's receivables ledger books those by itself; they are here
/// so that the view is whole.
///
/// `documents` are in the order in which each stands behind those it needs.
pub fn journal<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    rulebook: &Rulebook,
    policy: &Policy,
) -> BaseJournal {
    let journal = BaseJournal {
        currency: policy.base_currency,
        entries: Vec::new(),
        converted_by_intacct: BTreeSet::new(),
        holds: Vec::new(),
    };
    let mut book = Book { rulebook, policy, open: BTreeMap::new(), journal };
    for document in documents {
        book.enter(document);
    }
    book.journal
}

/// What is open of a document on the receivable, in its own currency and in base currency; both are sizes.
struct Open {
    left: Decimal,
    base: Decimal,
}

impl Open {
    /// Takes `amount` off and answers the base amount that goes with it; what takes the rest takes all that is left.
    fn take(&mut self, amount: Decimal, base: Currency) -> Decimal {
        let share = (self.base * amount).checked_div(self.left).map_or(self.base, |share| base.round(share));
        let taken = if amount >= self.left { self.base } else { share };
        (self.left, self.base) = (self.left - amount, self.base - taken);
        taken
    }
}

/// The view at work.
struct Book<'a> {
    rulebook: &'a Rulebook,
    policy: &'a Policy,
    open: BTreeMap<DocumentKey, Open>,
    journal: BaseJournal,
}

impl Book<'_> {
    fn enter(&mut self, document: &Document) {
        if document.kind == DocumentKind::Application {
            return self.settle(document, Vec::new());
        }
        let Some(lines) = lines(document, self.policy) else {
            self.journal.converted_by_intacct.insert(document.key.clone());
            return;
        };
        let receivable = control(document, self.policy).and_then(|index| lines.get(index));
        if let Some(leg) = receivable {
            let open = Open { left: document.total, base: leg.debit + leg.credit };
            self.open.insert(document.key.clone(), open);
        }
        self.settle(document, lines);
    }

    /// Adds the entry, with the difference it realises.
    fn settle(&mut self, document: &Document, mut lines: Vec<JournalLine>) {
        let settled: Vec<(DocumentKey, DocumentKey, Decimal)> = match &document.detail {
            Detail::Application { credit, debit, amount } => vec![(credit.clone(), debit.clone(), *amount)],
            _ => document.pays().into_iter().map(|(debit, amount)| (document.key.clone(), debit, amount)).collect(),
        };
        let loss: Decimal = settled.iter().map(|(credit, debit, amount)| self.set_off(credit, debit, *amount)).sum();
        let realised = if loss.is_zero() { None } else { self.realise(document, loss) };
        let booked = if realised.is_some() { -loss } else { Decimal::ZERO };
        lines.extend(realised.into_iter().flatten());
        if lines.is_empty() {
            return;
        }
        self.journal.entries.push(BaseEntry {
            key: document.key.clone(),
            kind: document.kind,
            date: document.date,
            currency: document.currency,
            exchange: document.exchange.clone(),
            lines,
            realised: booked,
        });
    }

    /// Takes an amount off both sides and answers the loss; none when one of them is not open in base currency.
    fn set_off(&mut self, credit: &DocumentKey, debit: &DocumentKey, amount: Decimal) -> Decimal {
        if !self.open.contains_key(credit) || !self.open.contains_key(debit) {
            return Decimal::ZERO;
        }
        let base = self.policy.base_currency;
        let mut take = |key| self.open.get_mut(key).map(|open| open.take(amount, base)).unwrap_or_default();
        take(debit) - take(credit)
    }

    /// The two legs of a realised difference; a hold instead when no rule says where it goes.
    fn realise(&mut self, document: &Document, loss: Decimal) -> Option<[JournalLine; 2]> {
        let facts = Facts::new()
            .with(Condition::Part, "exchange-difference")
            .with(Condition::Currency, document.currency.code());
        let found = self.rulebook.resolve(RuleKind::Settlement, &facts, document.date).and_then(|found| {
            let defaults = self.rulebook.dimensions(&facts, document.date)?;
            Ok((found.account().unwrap_or_default(), defaults.overlaid(&found.dimensions()), found.name().to_owned()))
        });
        let (account, dimensions, rule) = match found {
            Ok(found) => found,
            Err(missing) => {
                self.journal.holds.push(Hold {
                    code: HoldCode::MissingRule,
                    subject: format!("{} rule for {}", missing.kind, missing.facts),
                    message: missing.message,
                    remedy: missing.remedy,
                    amount: Some(Money::new(loss.abs(), self.policy.base_currency)),
                    blocks: Blocks::Document(document.key.clone()),
                });
                return None;
            }
        };
        let leg = |account: &str, signed: Decimal, rule: &str| JournalLine {
            account: account.to_owned(),
            debit: signed.max(Decimal::ZERO),
            credit: (-signed).max(Decimal::ZERO),
            dimensions: dimensions.clone(),
            memo: "Realised exchange difference".to_owned(),
            rule: rule.to_owned(),
        };
        Some([leg(account, loss, &rule), leg(&self.policy.receivable_account, -loss, "policy: receivable account")])
    }
}
