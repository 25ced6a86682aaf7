//! The clerk: rules, names and holds for the journal of one event.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::super::document::{
    Detail, Document, DocumentKey, DocumentKind, Draft, Exchange, JournalLine, LONGEST_NUMBER, hash_of,
};
use super::super::super::events::{Dispute, Event};
use super::super::super::hold::{Blocks, Hold, HoldCode};
use super::super::super::money::{Currency, Money};
use super::super::super::period::closed;
use super::super::super::policy::Policy;
use super::super::super::rulebook::{Condition, Facts, Give, Missing, Resolved, RuleKind, Rulebook};
use super::super::Derivation;
use super::super::context::{Holds, signed_line};
use super::super::exchange::{Asked, NoRate};
use super::super::piece::Form;
use super::super::tenders::Target;

/// What all events of a derivation share.
pub(super) struct Clerk<'a> {
    pub rulebook: &'a Rulebook,
    pub policy: &'a Policy,
    /// The orders that are known, by id.
    pub orders: BTreeMap<u64, &'a Derivation>,
    /// Disputes that open in the list, by name.
    pub disputes: BTreeMap<String, &'a Dispute>,
    /// How much of each of them is decided so far, by name.
    pub decided: BTreeMap<String, Decimal>,
    holds: Vec<Hold>,
}

impl<'a> Clerk<'a> {
    pub fn new(
        rulebook: &'a Rulebook,
        policy: &'a Policy,
        orders: BTreeMap<u64, &'a Derivation>,
        disputes: BTreeMap<String, &'a Dispute>,
    ) -> Self {
        Self { rulebook, policy, orders, disputes, decided: BTreeMap::new(), holds: Vec::new() }
    }

    pub fn into_holds(self) -> Vec<Hold> {
        self.holds
    }

    /// The key of an event's document of this kind: `acme-us/payout/stripe-po_1/r1`.
    pub fn key(&self, kind: &str, name: &str) -> DocumentKey {
        DocumentKey::of_store(&self.policy.store, &format!("{}/{name}", kind.replace('_', "-")), 1)
    }

    /// A blank sheet for one document of an event; `amount` is the money that waits when it is held.
    pub fn sheet<'c>(&'c mut self, event: &'c Event, kind: DocumentKind, amount: Decimal) -> Sheet<'c, 'a> {
        let title = Title { key: self.key(event.kind(), &event.name()), letters: event.letters(), kind };
        let currency = event.currency();
        Sheet { clerk: self, event, title, currency, amount, facts: facts(event), lines: Vec::new(), held: false }
    }

    /// A blank sheet for what an event also does in base currency: its exchange difference.
    pub fn difference_sheet<'c>(&'c mut self, event: &'c Event, amount: Decimal) -> Sheet<'c, 'a> {
        let key = self.key("exchange-difference", &event.name());
        let title = Title { key, letters: "FX", kind: DocumentKind::Entry };
        let currency = self.policy.base_currency;
        Sheet { clerk: self, event, title, currency, amount, facts: facts(event), lines: Vec::new(), held: false }
    }
}

/// What is known about an event, for rules of every kind.
fn facts(event: &Event) -> Facts {
    let (method, channel) = match event {
        Event::Payout(event) => (event.method.as_deref(), event.channel),
        Event::DisputeOpened(event) | Event::DisputeWon(event) | Event::DisputeLost(event) => {
            (event.method.as_deref(), event.channel)
        }
        Event::FeeKept(event) => (event.method.as_deref(), event.channel),
        Event::Breakage(event) => (None, event.channel),
        Event::Goodwill(event) | Event::CardIssued(event) => (None, event.channel),
        Event::TaxRemitted(event) => (None, event.facts.channel),
    };
    let known = [
        (Condition::Gateway, event.gateway().map(str::to_owned)),
        (Condition::Method, method.map(str::to_owned)),
        (Condition::Channel, channel.map(|channel| channel.to_string())),
    ];
    let facts = Facts::new().with(Condition::Currency, event.currency().code());
    known
        .into_iter()
        .filter_map(|(condition, value)| Some((condition, value?)))
        .fold(facts, |facts, (condition, value)| facts.with(condition, value))
}

/// How a document is called.
struct Title {
    key: DocumentKey,
    letters: &'static str,
    kind: DocumentKind,
}

/// The clearing account of a gateway, as its payment rule has it.
#[derive(Clone)]
pub(super) struct Clearing {
    /// What payments came into.
    pub receipts: Target,
    /// What refunds left.
    pub refunds: Target,
    /// Intacct's bank account, when payments go straight to it.
    pub bank_account: Option<String>,
}

/// One document at work: its legs so far, and whether something keeps it from being written.
pub(super) struct Sheet<'c, 'a> {
    pub clerk: &'c mut Clerk<'a>,
    event: &'c Event,
    title: Title,
    currency: Currency,
    amount: Decimal,
    facts: Facts,
    lines: Vec<JournalLine>,
    held: bool,
}

impl<'a> Sheet<'_, 'a> {
    /// The event for a reader: `the payout`.
    fn what(&self) -> String {
        format!("the {}", self.event.kind().replace('_', " "))
    }

    fn blocks(&self) -> Blocks {
        Blocks::Document(self.title.key.clone())
    }

    /// An amount in the document's currency.
    pub fn money(&self, amount: Decimal) -> Money {
        Money::new(amount, self.currency)
    }

    /// Holds the document.
    pub fn hold(&mut self, code: HoldCode, message: String, remedy: &str) {
        self.held = true;
        let hold = Hold {
            code,
            subject: format!("{} {}", self.event.kind().replace('_', " "), self.event.name()),
            message,
            remedy: remedy.to_owned(),
            amount: Some(self.money(self.amount)),
            blocks: self.blocks(),
        };
        self.clerk.holds.push(hold);
    }

    fn missing(&mut self, missing: Missing) {
        self.held = true;
        let (amount, blocks) = (self.money(self.amount), self.blocks());
        let mut holds = Holds::default();
        holds.missing(missing, amount, blocks);
        self.clerk.holds.extend(holds.0);
    }

    /// Holds the document for a rate that is missing or cannot be used.
    pub fn no_rate(&mut self, problem: NoRate) {
        match problem {
            NoRate::Missing(missing) => self.missing(missing),
            NoRate::Refused(message, remedy) => self.hold(HoldCode::CurrencyNotAccepted, message, remedy),
        }
    }

    fn question<'q>(&'q self, what: &'q str) -> Asked<'q> {
        let (rulebook, policy) = (self.clerk.rulebook, self.clerk.policy);
        Asked { rulebook, policy, currency: self.currency, facts: self.facts.clone(), what, own: None }
    }

    /// Whether the document is in a foreign currency; one the store does not post is a hold.
    pub fn foreign(&mut self) -> bool {
        match self.question(&self.what()).foreign() {
            Ok(foreign) => foreign,
            Err(problem) => {
                self.no_rate(problem);
                false
            }
        }
    }

    /// How the document becomes base currency, by the exchange rule of `day`.
    pub fn exchange(&mut self, day: Date) -> Option<Exchange> {
        match self.question(&self.what()).on(day) {
            Ok(exchange) => exchange,
            Err(problem) => {
                self.no_rate(problem);
                None
            }
        }
    }

    fn resolve(&mut self, kind: RuleKind, facts: &Facts) -> Option<(Resolved<'a>, Target)> {
        let (rulebook, date) = (self.clerk.rulebook, self.event.date());
        let found =
            rulebook.resolve(kind, facts, date).and_then(|found| Ok((found, rulebook.dimensions(facts, date)?)));
        match found {
            Ok((found, defaults)) => {
                let target = Target {
                    account: found.account().unwrap_or_default().to_owned(),
                    dimensions: defaults.overlaid(&found.dimensions()),
                    rule: found.name().to_owned(),
                    form: Form::default(),
                };
                Some((found, target))
            }
            Err(missing) => {
                self.missing(missing);
                None
            }
        }
    }

    /// The account of a settlement rule by its part, for example `bank`.
    pub fn settlement(&mut self, part: &str) -> Option<Target> {
        let facts = self.facts.clone().with(Condition::Part, part);
        self.resolve(RuleKind::Settlement, &facts).map(|(_, target)| target)
    }

    /// The account of gift certificates or store credit.
    pub fn liability(&mut self, kind: RuleKind) -> Option<Target> {
        let facts = self.facts.clone();
        self.resolve(kind, &facts).map(|(_, target)| target)
    }

    /// The liability account of a tax; one that a marketplace owes has none.
    pub fn tax(&mut self, known: &[(Condition, Option<&str>)]) -> Option<Target> {
        let given = known.iter().filter_map(|(condition, value)| Some((*condition, (*value)?)));
        let facts = given.fold(self.facts.clone(), |facts, (condition, value)| facts.with(condition, value));
        let (_, target) = self.resolve(RuleKind::Tax, &facts)?;
        if target.account.is_empty() {
            let message = format!("{} says a marketplace collects the tax, so it is no liability of ours", target.rule);
            self.hold(HoldCode::EventNotBookable, message, "leave the event out, or add a tax rule with an account");
            return None;
        }
        Some(target)
    }

    /// Lets rules see the tax an event is about.
    pub fn about_tax(&mut self, name: &str) {
        self.facts = self.facts.clone().with(Condition::Name, name);
    }

    /// The clearing account of the event's gateway.
    pub fn clearing(&mut self) -> Option<Clearing> {
        let facts = self.facts.clone();
        let (found, receipts) = self.resolve(RuleKind::Payment, &facts)?;
        let refund_account = found.given(&Give::RefundAccount).unwrap_or(&receipts.account).to_owned();
        let bank_account = found.given(&Give::BankAccount).map(str::to_owned);
        Some(Clearing { refunds: Target { account: refund_account, ..receipts.clone() }, receipts, bank_account })
    }

    /// Adds a leg, a debit above zero and a credit below. Without an amount there is none and its rule is not asked for.
    pub fn leg(&mut self, signed: Decimal, memo: &str, place: impl FnOnce(&mut Self) -> Option<Target>) {
        if signed.is_zero() {
            return;
        }
        if let Some(target) = place(self) {
            self.lines.push(signed_line(&target.account, signed, target.dimensions, memo, &target.rule));
        }
    }

    /// Writes the document, unless something keeps it back.
    pub fn write(
        mut self,
        exchange: Option<Exchange>,
        description: String,
        related: Vec<DocumentKey>,
    ) -> Option<Document> {
        if self.held {
            return None;
        }
        let date = self.event.date();
        let built = Document::build(Draft {
            key: self.title.key.clone(),
            kind: self.title.kind,
            number: number(&self.clerk.policy.number_prefix, self.title.letters, &self.event.name()),
            order_id: None,
            date,
            original_date: date,
            currency: self.currency,
            exchange,
            customer: None,
            total: self.lines.iter().map(|line| line.debit).sum(),
            reference: self.event.gateway().map(|_| self.event.id().to_owned()),
            description,
            lines: std::mem::take(&mut self.lines),
            detail: Detail::Journal { kind: self.title.kind, related },
            source_hash: hash_of(self.event),
        });
        match built {
            Ok(document) => {
                self.clerk.holds.extend(closed(&document, self.clerk.policy));
                Some(document)
            }
            Err(error) => {
                let remedy = "book it by hand and report it: it is a mistake of the derivation";
                self.hold(HoldCode::DocumentRefused, error.to_string(), remedy);
                None
            }
        }
    }
}

/// The number of an event's document, unique in the store: `BC-PO-stripe-po_1`, or with twelve digits of the name's hash
/// where that would be longer than Intacct's numbers are.
fn number(prefix: &str, letters: &str, name: &str) -> String {
    let plain = format!("{prefix}{letters}-{name}");
    if plain.chars().count() <= LONGEST_NUMBER {
        return plain;
    }
    let digest: String = hash_of(name).chars().take(12).collect();
    format!("{prefix}{letters}-H-{digest}")
}
