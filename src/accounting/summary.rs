//! Daily mode: what happened on one day in one currency as one balanced journal, with its list of documents as support.
//!
//! A document belongs to the summary of its posting date, its currency and the way it is converted ([`Group`]). What comes
//! after a day was summed up is a journal of its own, linked to that day's ([`Occasion::Late`]). An order goes one way
//! for good ([`way`]), so a change of mode on a date leaves neither a gap nor an overlap.

mod lines;
mod support;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use self::lines::Totals;
pub use self::support::{Support, SupportRow};
use super::document::{
    Detail, Document, DocumentError, DocumentKey, DocumentKind, Draft, Exchange, LONGEST_NUMBER, hash_of,
};
use super::hash::short_hash;
use super::money::Currency;
use super::policy::{Policy, PostingMode};

/// The name of Intacct's own rate type (Intacct docs, journal entries).
pub const INTACCT_DAILY_RATE: &str = "Intacct Daily Rate";

/// The longest id of an attachment, in characters (integrations in the field; Intacct's documentation does not say).
pub const LONGEST_ATTACHMENT_ID: usize = 20;

/// Which way the documents of an order reach the ledger.
///
/// An order that has begun one way (`begun`: something of it is in the ledger, or in a summary) goes on that way, so that
/// payments and credits of a receivable stay whole and nothing is posted both ways. Else the day of its first document
/// decides, by the policy.
pub fn way(begun: Option<PostingMode>, documents: &[Document], policy: &Policy) -> PostingMode {
    let first = || documents.iter().map(|document| document.date).min();
    begun.unwrap_or_else(|| first().map_or(policy.posting, |day| policy.posting_on(day)))
}

/// What a summary is of: one day, one currency, converted one way. Documents of different groups never share a journal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    day: Date,
    currency: Currency,
    conversion: Conversion,
}

/// How the amounts become base currency.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Conversion {
    /// They are base currency.
    Base,
    /// By a rate type of Intacct, at the rate of a day.
    RateType { name: String, on: Date },
    /// At a rate fixed before; whose day it is of does not matter any more.
    Rate(Decimal),
}

impl Group {
    /// The group a document belongs to.
    pub fn of(document: &Document) -> Self {
        let conversion = match &document.exchange {
            None => Conversion::Base,
            Some(Exchange::RateType(name)) => Conversion::RateType { name: name.clone(), on: document.original_date },
            Some(Exchange::RateTypeOn { name, on }) => Conversion::RateType { name: name.clone(), on: *on },
            Some(Exchange::Rate { rate, .. }) => Conversion::Rate(rate.normalize()),
        };
        Self { day: document.date, currency: document.currency, conversion }
    }

    /// Its name, for example `2026-03-10-USD`; with what tells it apart when the day has several of that currency:
    /// `2026-03-10-EUR-1.085`.
    pub fn name(&self) -> String {
        format!("{}-{}{}", self.day, self.currency, self.apart())
    }

    /// What tells it from other groups of its day and currency; usually nothing.
    fn apart(&self) -> String {
        match &self.conversion {
            Conversion::Base => String::new(),
            Conversion::RateType { name, on } if *on == self.day && name == INTACCT_DAILY_RATE => String::new(),
            Conversion::RateType { name, on } => format!("-{}", &short_hash(&format!("{name} {on}"))[..6]),
            Conversion::Rate(rate) => format!("-{rate}"),
        }
    }

    /// The day whose rate converts it.
    fn rate_day(&self) -> Date {
        match &self.conversion {
            Conversion::RateType { on, .. } => *on,
            _ => self.day,
        }
    }
}

/// What a summary journal is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The day is over: everything that came for it in time.
    Day,
    /// The day had been summed up before: what came later of one order.
    Late {
        /// BigCommerce's order id.
        order: u64,
        /// How many late journals of that order and group there are with this one; 1 for the first.
        count: u32,
    },
}

impl Occasion {
    /// The key of the journal: `acme-us/summary/2026-03-10-USD/r1`, or `acme-us/summary/2026-03-10-USD/late-118/r1`.
    pub fn key(self, store: &str, group: &str) -> DocumentKey {
        match self {
            Self::Day => DocumentKey::of_store(store, &format!("summary/{group}"), 1),
            Self::Late { order, count } => {
                DocumentKey::of_store(store, &format!("summary/{group}/late-{order}"), count)
            }
        }
    }

    /// The number of the journal: `BC-S-20260310-USD`, or `BC-S-20260310-USD-L118`. One that would not fit Intacct has
    /// twelve digits of its key's hash instead.
    fn number(self, prefix: &str, group: &Group, key: &DocumentKey) -> String {
        let start = format!("{prefix}S-{}-{}", group.day.strftime("%Y%m%d"), group.currency);
        let end = match self {
            Self::Day => String::new(),
            Self::Late { order, count: 1 } => format!("-L{order}"),
            Self::Late { order, count } => format!("-L{order}-{count}"),
        };
        let number = format!("{start}{}{end}", group.apart());
        if number.chars().count() <= LONGEST_NUMBER { number } else { format!("{start}-{}", short_hash(key.as_str())) }
    }
}

/// A summary journal and what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The journal.
    pub document: Document,
    /// Its documents, one row each, with the totals of the journal.
    pub support: Support,
}

/// Why documents cannot be summed up. Each names the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SummaryError {
    /// There are none.
    #[error("there is nothing to sum up")]
    Empty,
    /// One belongs to another day, currency or conversion.
    #[error("{0} does not belong to this summary: it has another day, currency or conversion")]
    Foreign(DocumentKey),
    /// One is there twice.
    #[error("{0} is there twice")]
    Twice(DocumentKey),
    /// The sums are beyond what decimals hold.
    #[error("with {0} the sums are too large")]
    TooLarge(DocumentKey),
    /// Our own checks refuse the journal.
    #[error(transparent)]
    Refused(#[from] DocumentError),
}

/// Sums up documents of one group in one journal. The order they come in does not matter; time is linear in their lines.
///
/// Amounts are kept apart by account, dimensions and what they are for ([`JournalLine::memo`] then says it: the name of a
/// tax, the gateway, refunds), and each side by itself, so that returns do not hide in sales. Only the receivable is
/// netted, to what is still owed.
///
/// [`JournalLine::memo`]: super::document::JournalLine::memo
///
/// # Errors
/// [`SummaryError`] when a document does not belong here, or the journal is refused.
pub fn summarise<'a>(
    policy: &Policy,
    group: &Group,
    occasion: Occasion,
    members: impl IntoIterator<Item = &'a Document>,
) -> Result<Summary, SummaryError> {
    let mut totals = Totals::new(&policy.receivable_account, group.currency);
    let mut seen = Seen::default();
    let mut rows = Vec::new();
    for member in members {
        if Group::of(member) != *group {
            return Err(SummaryError::Foreign(member.key.clone()));
        }
        if !seen.add(member) {
            return Err(SummaryError::Twice(member.key.clone()));
        }
        totals.add(member).ok_or_else(|| SummaryError::TooLarge(member.key.clone()))?;
        rows.push(SupportRow::of(member, &policy.receivable_account));
    }
    if rows.is_empty() {
        return Err(SummaryError::Empty);
    }
    let main = Occasion::Day.key(&policy.store, &group.name());
    let key = occasion.key(&policy.store, &group.name());
    let number = occasion.number(&policy.number_prefix, group, &key);
    let lines = totals.into_lines();
    let document = Document::build(Draft {
        kind: DocumentKind::Summary,
        order_id: None,
        date: group.day,
        original_date: group.rate_day(),
        currency: group.currency,
        exchange: seen.exchange(group),
        customer: None,
        total: lines.iter().map(|line| line.debit).sum(),
        reference: None,
        description: description(policy, group, occasion, &main, seen.orders.len()),
        detail: Detail::Journal {
            kind: DocumentKind::Summary,
            related: if occasion == Occasion::Day { Vec::new() } else { vec![main] },
        },
        source_hash: seen.hash(),
        lines,
        number: number.clone(),
        key,
    })?;
    Ok(Summary { document, support: Support::new(number, group.currency, rows) })
}

fn description(policy: &Policy, group: &Group, occasion: Occasion, main: &DocumentKey, orders: usize) -> String {
    let (day, currency, store) = (group.day, group.currency, &policy.store);
    match occasion {
        Occasion::Day => {
            let orders = if orders == 1 { "1 order".to_owned() } else { format!("{orders} orders") };
            format!("Sales of {day} in {currency}, {orders} of BigCommerce store {store}")
        }
        Occasion::Late { order, .. } => {
            let main = Occasion::Day.number(&policy.number_prefix, group, main);
            format!("BigCommerce order {order}, late for {main} of store {store}")
        }
    }
}

/// What is noted of the members besides their amounts.
#[derive(Default)]
struct Seen {
    /// The content of each, by key.
    contents: BTreeMap<String, String>,
    orders: BTreeSet<u64>,
    /// Where fixed rates come from, and the latest day one is of.
    sources: BTreeSet<String>,
    rate_of: Option<Date>,
}

impl Seen {
    /// Notes a member; false when it was noted before.
    fn add(&mut self, member: &Document) -> bool {
        self.orders.extend(member.order_id);
        if let Some(Exchange::Rate { on, source, .. }) = &member.exchange {
            self.sources.insert(source.clone());
            self.rate_of = self.rate_of.max(Some(*on));
        }
        self.contents.insert(member.key.as_str().to_owned(), member.content_hash()).is_none()
    }

    fn hash(&self) -> String {
        hash_of(&self.contents.iter().collect::<Vec<_>>())
    }

    fn exchange(&self, group: &Group) -> Option<Exchange> {
        match &group.conversion {
            Conversion::Base => None,
            Conversion::RateType { name, .. } => Some(Exchange::RateType(name.clone())),
            Conversion::Rate(rate) => Some(Exchange::Rate {
                rate: *rate,
                on: self.rate_of.unwrap_or(group.day),
                source: self.sources.iter().map(String::as_str).collect::<Vec<_>>().join("; "),
            }),
        }
    }
}

/// The key of the attachment that holds a summary's support. A summary that is made anew after a refusal may have other
/// documents, and a file is never replaced in Intacct: then the next `revision` is made.
pub fn attachment_key(summary: &Document, revision: u32) -> DocumentKey {
    DocumentKey::stored(format!("{}/support/r{revision}", summary.key))
}

/// The id of that attachment: the summary's number where that fits, else the number prefix, `S` and twelve hexadecimal
/// digits of its key's SHA-256. The same attachment gets the same id for ever.
pub fn attachment_id(summary: &Document, prefix: &str, revision: u32) -> String {
    if revision == 1 && summary.number.chars().count() <= LONGEST_ATTACHMENT_ID {
        return summary.number.clone();
    }
    format!("{prefix}S{}", short_hash(attachment_key(summary, revision).as_str()))
}
