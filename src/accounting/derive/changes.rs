//! What of a derivation is still to be posted, given what was posted before; and what changed under a posted document.

mod comparison;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::{Detail, Document, DocumentError, DocumentKey, DocumentKind, JournalLine};
use super::super::hold::{Blocks, Hold, HoldCode};
use super::super::money::Money;
use super::super::period::closed;
use super::super::policy::{ChangedOrders, Policy};
use super::corrections::correction;
use super::open_items;
use super::{Derivation, Eligibility};

pub use comparison::{Change as ComparedChange, ComparedDocument, ComparedPlace};

/// What the ledger contains of one order.
#[derive(Debug, Clone, Copy)]
pub struct Ledger<'a> {
    /// Every posted document of the order: first ones and corrections.
    pub posted: &'a [Document],
    /// What the order gives now by the rules that documents were posted by, where these are not today's.
    pub as_posted: &'a [AsPosted],
    /// The day, in the store's time zone, on which the order was first read as it is now: the day of a correction.
    pub seen_on: Date,
}

/// One order by rules that are no longer today's.
#[derive(Debug, Clone)]
pub struct AsPosted {
    /// The chains of documents whose first one was posted by these rules.
    pub chains: BTreeSet<String>,
    /// What the order gives now by these rules.
    pub derivation: Derivation,
}

/// The difference between what should be in the ledger and what is.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Documents to post now, new ones and corrections, each behind those it needs.
    pub to_post: Vec<Document>,
    /// Everything that keeps something from being posted, without holds on what is posted already.
    pub holds: Vec<Hold>,
}

impl Derivation {
    /// What is to be posted now, so that the ledger says what the order says.
    ///
    /// Nothing posted is edited or deleted. A chain (a document and its corrections) that no longer comes to what the
    /// order says is a hold that keeps the rest of the order back, or gets one more correction, by policy. Edited rules
    /// alone change nothing posted: chains are compared only when facts of the order changed, and by the rules they were
    /// posted by. Costs that were posted stay when costs are no longer to be posted.
    pub fn difference(&self, ledger: &Ledger<'_>, policy: &Policy) -> Difference {
        let chains = chains(ledger.posted);
        let known: BTreeSet<&str> = chains.iter().map(|chain| chain.name()).collect();
        let posted = |hold: &Hold| matches!(&hold.blocks, Blocks::Document(key) if known.contains(key.chain()));
        let mut holds: Vec<Hold> = self.holds.iter().filter(|hold| !posted(hold)).cloned().collect();
        let mut wanted = match self.corrections(chains, ledger, policy) {
            Ok(corrections) => corrections,
            Err(more) => {
                holds.extend(more);
                return Difference { to_post: Vec::new(), holds };
            }
        };
        holds.extend(wanted.iter().filter_map(|correction| closed(correction, policy)));
        wanted.extend(self.documents.iter().filter(|document| !known.contains(document.key.chain())).cloned());
        keep_back(&mut wanted, &holds);
        let (mut to_post, more) = open_items::settle(ledger.posted, wanted);
        holds.extend(more);
        // What the derivation gave has its day from the rules for closed periods; what is made here has not.
        let settled: BTreeSet<&DocumentKey> = self.documents.iter().map(|document| &document.key).collect();
        let made = to_post.iter().filter(|document| !settled.contains(&document.key));
        let late: Vec<Hold> = made.filter_map(|document| closed(document, policy)).collect();
        keep_back(&mut to_post, &late);
        holds.extend(late);
        Difference { to_post, holds }
    }

    /// The corrections, or the holds that keep the order back because of what changed.
    fn corrections(&self, chains: Vec<Chain>, ledger: &Ledger, policy: &Policy) -> Result<Vec<Document>, Vec<Hold>> {
        if chains.is_empty() || self.holds.iter().any(|hold| hold.blocks == Blocks::Order) {
            // Without documents nothing can be compared; the hold on the order is what must be solved first.
            return Ok(Vec::new());
        }
        if let (Eligibility::Waiting(reason) | Eligibility::Excluded(reason), false) = (&self.status, self.void) {
            // Deposits, and the cost of goods that left, stand while the sale waits.
            let now = Now::of(self, ledger.as_posted);
            let gone = chains.iter().filter(|chain| !now.knows(chain.name())).count();
            if gone > 0 {
                let message = format!("{gone} of its documents are posted, but now: {reason}");
                return Err(vec![self.hold(format!("order {}", self.order_id), message, REMEDY_STATUS, None)]);
            }
        }
        let refunds: BTreeSet<u64> = chains.iter().filter_map(|chain| refund_of(chain.name())).collect();
        let (mut holds, mut corrections) = (Vec::new(), Vec::new());
        for change in self.changes(chains, ledger, policy) {
            match (self.never_corrected(&change, &refunds), policy.changed_orders) {
                (Some(why), _) => holds.push(self.refused(&change, policy, &why)),
                (None, ChangedOrders::Hold) => holds.push(self.changed(&change, policy)),
                (None, ChangedOrders::Correct) => match correction(&change, policy, ledger.seen_on) {
                    Ok(document) => corrections.push(document),
                    Err(error) => holds.push(self.unbuildable(&change, &error)),
                },
            }
        }
        if holds.is_empty() { Ok(corrections) } else { Err(holds) }
    }

    /// The chains that do not come to what the order says now.
    fn changes<'a>(&'a self, chains: Vec<Chain<'a>>, ledger: &Ledger<'a>, policy: &'a Policy) -> Vec<Change<'a>> {
        let now = Now::of(self, ledger.as_posted);
        let compared: Vec<Change> =
            chains.into_iter().filter_map(|chain| now.compare(chain, self.void, policy)).collect();
        if compared.iter().any(Change::facts_changed) {
            compared.into_iter().filter(Change::differs).collect()
        } else {
            Vec::new()
        }
    }

    /// Why this change is for a person, whatever the policy says. `refunds` are those of which something is posted.
    fn never_corrected(&self, change: &Change, refunds: &BTreeSet<u64>) -> Option<String> {
        let first = change.chain.first;
        if let Some(now) = change.now {
            if now.currency != first.currency {
                return Some(format!("it is in {} and the order is now in {}", first.currency, now.currency));
            }
            if change.moved_to_another_customer() {
                return Some("the order now belongs to another customer".to_owned());
            }
        }
        match &first.detail {
            Detail::RefundPayout { .. } => {
                return Some(
                    "the money of the refund is posted as paid out, and the refund now says otherwise".to_owned(),
                );
            }
            Detail::Receipt { bank_account: Some(bank), .. } => {
                return Some(format!("the money is in bank account {bank}, where only a person can take it out again"));
            }
            Detail::Receipt { .. } | Detail::LiabilityTender { .. } if self.void && !by_transaction(&first.key) => {
                return Some("the order was cancelled, and no transaction says whether the money went back".to_owned());
            }
            _ => {}
        }
        let held = |from: u64| refunds.range(from..).next().is_some();
        self.holds.iter().find_map(|hold| match hold.blocks {
            Blocks::RefundsFrom(from) if held(from) => {
                Some(format!("refund {from} is posted, in part at least, and cannot be judged now"))
            }
            _ => None,
        })
    }

    /// The hold when nobody may correct it but a person.
    fn refused(&self, change: &Change, policy: &Policy, why: &str) -> Hold {
        let hold = self.changed(change, policy);
        Hold { message: format!("{}: {why}", hold.message), ..hold }
    }

    /// The hold with both figures.
    fn changed(&self, change: &Change, policy: &Policy) -> Hold {
        let (first, was) = (change.chain.first, change.was(policy));
        let name = format!("{} {}", first.kind, first.number);
        let message = match change.now {
            Some(now) if now.total != was => format!(
                "{name} was posted with {was} and the order now gives {} (difference {})",
                now.total,
                now.total - was
            ),
            Some(_) if change.difference.is_empty() => format!("{name} over {was} was posted and the order was edited"),
            Some(_) => format!("{name} was posted on other accounts or dimensions than the order gives now"),
            None => format!("{name} over {was} was posted and the order no longer gives it"),
        };
        let remedy = format!(
            "Compare the order in BigCommerce with {} in Intacct. Undo the change of the order, or enter the difference \
             as an adjustment in Intacct; nothing more is posted for this order until they agree.",
            first.number
        );
        let amount = Money::new(change.now.map_or(was, |now| now.total) - was, first.currency);
        self.hold(first.number.clone(), message, &remedy, Some(amount))
    }

    /// The hold for a correction that our own checks refuse.
    fn unbuildable(&self, change: &Change, error: &DocumentError) -> Hold {
        let remedy =
            "enter the difference as an adjustment in Intacct and report it: it is a mistake of the derivation";
        let code = HoldCode::DocumentRefused;
        Hold { code, ..self.hold(change.chain.first.number.clone(), error.to_string(), remedy, None) }
    }

    fn hold(&self, subject: String, message: String, remedy: &str, amount: Option<Money>) -> Hold {
        Hold {
            code: HoldCode::ChangedAfterPosting,
            subject,
            message,
            remedy: remedy.to_owned(),
            amount: Some(amount.unwrap_or(self.order_total)),
            blocks: Blocks::Order,
        }
    }
}

const REMEDY_STATUS: &str = "Set the order back to a status that is posted; or cancel or refund it in BigCommerce, or \
     correct the books by hand. What is posted stays until then.";

/// The posted documents that share a key but for the revision.
pub(super) struct Chain<'a> {
    pub first: &'a Document,
    /// Its corrections, oldest first.
    pub later: Vec<&'a Document>,
}

impl<'a> Chain<'a> {
    pub fn name(&self) -> &'a str {
        self.first.key.chain()
    }

    pub fn last(&self) -> &'a Document {
        self.later.last().unwrap_or(&self.first)
    }

    pub fn documents(&self) -> impl Iterator<Item = &'a Document> {
        std::iter::once(self.first).chain(self.later.iter().copied())
    }
}

/// The chains of these documents, sorted by kind and key.
fn chains(posted: &[Document]) -> Vec<Chain<'_>> {
    let mut sorted: Vec<&Document> = posted.iter().collect();
    sorted.sort_by_key(|document| (document.key.chain(), document.key.revision()));
    let mut chains: Vec<Chain> = Vec::new();
    for document in sorted {
        match chains.last_mut() {
            Some(chain) if chain.name() == document.key.chain() => chain.later.push(document),
            _ => chains.push(Chain { first: document, later: Vec::new() }),
        }
    }
    chains.sort_by_key(|chain| chain.first.kind);
    chains
}

/// What moves one balance: an account and the ids of its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub account: String,
    /// Empty on the receivable account: Intacct gives that leg the dimensions of the lines.
    dimensions: BTreeMap<String, String>,
}

impl Place {
    /// Where a line is booked.
    pub fn of(line: &JournalLine, receivable: &str) -> Self {
        let dimensions = if line.account == receivable { BTreeMap::new() } else { line.dimensions.ids() };
        Self { account: line.account.clone(), dimensions }
    }
}

/// What documents do to each balance together, debits above zero.
pub(super) fn effect<'a>(documents: impl Iterator<Item = &'a Document>, receivable: &str) -> BTreeMap<Place, Decimal> {
    let mut sums: BTreeMap<Place, Decimal> = BTreeMap::new();
    for line in documents.flat_map(|document| &document.lines) {
        *sums.entry(Place::of(line, receivable)).or_default() += line.signed();
    }
    sums
}

/// One chain beside what the order says now.
pub(super) struct Change<'a> {
    pub chain: Chain<'a>,
    /// What the order gives in its place; `None` when it no longer calls for it.
    pub now: Option<&'a Document>,
    /// What is missing of each balance, debits above zero; balances that agree are left out.
    pub difference: BTreeMap<Place, Decimal>,
}

impl Change<'_> {
    /// Whether the order was edited since the chain was last posted; not whether the edit concerns this chain.
    fn facts_changed(&self) -> bool {
        match self.now {
            Some(now) => now.source_hash != self.chain.last().source_hash,
            None => !self.difference.is_empty(),
        }
    }

    fn differs(&self) -> bool {
        let currency = self.now.is_some_and(|now| now.currency != self.chain.first.currency);
        !self.difference.is_empty() || currency || self.moved_to_another_customer()
    }

    fn moved_to_another_customer(&self) -> bool {
        let identity = |document: &Document| document.customer.as_ref().map(|customer| customer.identity.clone());
        self.now.is_some_and(|now| identity(now) != identity(self.chain.first))
    }

    /// The total of the chain as posted, in major units.
    pub fn was(&self, policy: &Policy) -> Decimal {
        if self.chain.later.is_empty() {
            return self.chain.first.total;
        }
        let posted = effect(self.chain.documents(), &policy.receivable_account);
        let owed: Decimal = posted
            .iter()
            .filter(|(place, _)| place.account == policy.receivable_account)
            .map(|(_, amount)| *amount)
            .sum();
        if self.chain.first.detail.is_journal() {
            posted.values().filter(|amount| amount.is_sign_positive()).sum()
        } else {
            owed.abs()
        }
    }
}

/// What the order gives now, chain by chain, each by the rules it was posted by.
struct Now<'a> {
    documents: BTreeMap<&'a str, &'a Document>,
    /// The rules' own derivation, where it is not today's.
    derivations: BTreeMap<&'a str, &'a Derivation>,
    today: &'a Derivation,
    /// Chains that a hold on a single document keeps from being judged.
    held: BTreeSet<&'a str>,
}

impl<'a> Now<'a> {
    fn of(today: &'a Derivation, as_posted: &'a [AsPosted]) -> Self {
        let mut now = Self {
            documents: today.documents.iter().map(|document| (document.key.chain(), document)).collect(),
            derivations: BTreeMap::new(),
            today,
            held: BTreeSet::new(),
        };
        // Rules that cannot judge the order as it is now give way to today's.
        let usable = |then: &&AsPosted| !then.derivation.holds.iter().any(|hold| hold.blocks == Blocks::Order);
        for then in as_posted.iter().filter(usable) {
            for chain in &then.chains {
                now.documents.remove(chain.as_str());
                now.derivations.insert(chain, &then.derivation);
            }
            let own = then.derivation.documents.iter().filter(|document| then.chains.contains(document.key.chain()));
            now.documents.extend(own.map(|document| (document.key.chain(), document)));
        }
        let all = as_posted.iter().map(|then| &then.derivation).chain([today]);
        now.held = all
            .flat_map(|derivation| &derivation.holds)
            .filter_map(|hold| if let Blocks::Document(key) = &hold.blocks { Some(key.chain()) } else { None })
            .collect();
        now
    }

    /// Whether the order calls for the chain, as far as it can be judged.
    fn knows(&self, chain: &str) -> bool {
        self.documents.contains_key(chain) || self.held.contains(chain)
    }

    /// The chain beside what the order says; `None` when the two cannot or need not be compared.
    fn compare(&self, chain: Chain<'a>, void: bool, policy: &Policy) -> Option<Change<'a>> {
        let name = chain.name();
        // An application moves nothing: what was set off stays set off, and what is corrected stands open by itself.
        if chain.first.kind == DocumentKind::Application {
            return None;
        }
        let now = self.documents.get(name).copied().filter(|_| !void);
        // Goods whose cost was posted did leave, also when later costs are not posted any more.
        if chain.first.kind == DocumentKind::CostOfGoods && now.is_none() && !void && !policy.cost_of_goods {
            return None;
        }
        let derivation = self.derivations.get(name).copied().unwrap_or(self.today);
        let refunds_held = derivation.holds.iter().any(|hold| matches!(hold.blocks, Blocks::RefundsFrom(_)));
        if (refunds_held && refund_of(name).is_some()) || (now.is_none() && !void && self.held.contains(name)) {
            return None;
        }
        let receivable = policy.receivable_account.as_str();
        let mut difference = effect(now.into_iter(), receivable);
        for (place, amount) in effect(chain.documents(), receivable) {
            *difference.entry(place).or_default() -= amount;
        }
        difference.retain(|_, amount| !amount.is_zero());
        Some(Change { chain, now, difference })
    }
}

/// The refund a chain belongs to, if any.
fn refund_of(chain: &str) -> Option<u64> {
    let last = chain.rsplit('/').next()?;
    // A deposit that goes back is `deposit/return-12-112`.
    let refund = last.strip_prefix("refund-").or_else(|| last.strip_prefix("return-"))?;
    refund.split('-').next()?.parse().ok()
}

/// Whether a tender's key names a transaction, and not a guess from the order's header.
fn by_transaction(key: &DocumentKey) -> bool {
    key.chain().rsplit('/').next().is_some_and(|last| last.parse::<u64>().is_ok())
}

/// Takes out what a hold on a single document keeps back, and whatever needs such a document.
fn keep_back(wanted: &mut Vec<Document>, holds: &[Hold]) {
    let mut blocked: BTreeSet<DocumentKey> = holds
        .iter()
        .filter_map(|hold| if let Blocks::Document(key) = &hold.blocks { Some(key.clone()) } else { None })
        .collect();
    // A document stands after those it needs, so one pass finds everything that hangs on a blocked one.
    wanted.retain(|document| {
        let waits = blocked.contains(&document.key) || document.detail.needs().iter().any(|key| blocked.contains(*key));
        if waits {
            blocked.insert(document.key.clone());
        }
        !waits
    });
}
