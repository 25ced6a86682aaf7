//! The tenders: one receipt per captured payment, one liability tender per gift certificate and store credit redeemed.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::{Detail, Dimensions, Document, DocumentKey, JournalLine};
use super::super::evidence::{PaymentEvent, Transaction};
use super::super::hold::{Blocks, HoldCode};
use super::super::period::posting_date;
use super::super::policy::StoredValueWithoutTransaction;
use super::super::rulebook::{Condition, Facts, Give, RuleKind, values};
use super::context::{Context, Desk, Holds, Paper, signed_line, source_hash};
use super::eligibility::paid_by_status;
use super::invoice::{Sale, invoice_key};
use super::piece::Form;

/// Everything that came in for an order, in major units.
pub(super) struct Received<'a>(pub Vec<Tender<'a>>);

impl Received<'_> {
    /// All that was paid.
    pub fn total(&self) -> Decimal {
        self.0.iter().map(|tender| tender.amount).sum()
    }

    /// What had been paid at a moment.
    pub fn until(&self, moment: Timestamp) -> Decimal {
        self.0.iter().filter(|tender| tender.at <= moment).map(|tender| tender.amount).sum()
    }
}

/// Money that is a liability of ours: what kind, and how BigCommerce names it as method and gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StoredValue {
    GiftCertificate,
    StoreCredit,
}

impl StoredValue {
    const ALL: [StoredValue; 2] = [Self::GiftCertificate, Self::StoreCredit];

    /// By the gateway's or provider's name (BigCommerce, Orders V3, transactions and refunds).
    pub fn of_provider(name: &str) -> Option<Self> {
        let mut plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        plain.make_ascii_lowercase();
        match plain.as_str() {
            "giftcertificate" | "bigcommercegiftcertificate" => Some(Self::GiftCertificate),
            "storecredit" | "bigcommercestorecredit" => Some(Self::StoreCredit),
            _ => None,
        }
    }

    /// By a transaction's method or gateway.
    pub fn of(transaction: &Transaction) -> Option<Self> {
        Self::of_provider(&transaction.method).or_else(|| Self::of_provider(&transaction.gateway))
    }

    pub fn rule_kind(self) -> RuleKind {
        match self {
            Self::GiftCertificate => RuleKind::GiftCertificate,
            Self::StoreCredit => RuleKind::StoreCredit,
        }
    }

    /// For readers, for keys, for numbers.
    pub fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::GiftCertificate => ("gift certificate", "gift-certificate", "GC"),
            Self::StoreCredit => ("store credit", "store-credit", "SC"),
        }
    }
}

/// How a tender came in.
pub(super) enum Way {
    /// A gift certificate or store credit was redeemed.
    Stored(StoredValue),
    /// Money, with what is known about its payment.
    Money(Facts),
}

/// One tender to book.
pub(super) struct Tender<'a> {
    /// Last part of key and number.
    pub id: (String, String),
    pub at: Timestamp,
    pub amount: Decimal,
    pub way: Way,
    pub transaction: Option<&'a Transaction>,
    pub hash: String,
}

impl Tender<'_> {
    /// How the money came, for a reader: the gateway, or the payment method of the order.
    pub fn name<'t>(&'t self, context: &'t Context) -> &'t str {
        let gateway = self.transaction.map(|t| t.gateway.as_str()).filter(|gateway| !gateway.is_empty());
        gateway.unwrap_or(&context.evidence.order.payment_method)
    }

    /// The gateway's own reference.
    pub fn reference(&self) -> Option<String> {
        self.transaction.and_then(|t| t.gateway_reference.clone())
    }
}

/// Finds what came in for a sale of `total`. Money that cannot be booked becomes a hold.
pub(super) fn received<'a>(context: &Context<'a>, total: Decimal, holds: &mut Holds) -> Received<'a> {
    let mut received = Received(Vec::new());
    let captures: Vec<&Transaction> = usable(context, holds);
    for kind in StoredValue::ALL {
        received.0.extend(stored_value(context, kind, &captures, holds));
    }
    let money: Vec<&Transaction> = captures.into_iter().filter(|t| StoredValue::of(t).is_none()).collect();
    if money.is_empty() {
        received.0.extend(expected(context, total - received.total(), holds));
    }
    for transaction in money {
        let way = Way::Money(payment_facts(context, Some(transaction)));
        received.0.push(of_transaction(context, transaction, way));
    }
    received
}

/// Books tenders against the invoice. Missing rules become holds.
pub(super) fn tenders<'t, 'a: 't>(
    desk: &Desk,
    tenders: impl Iterator<Item = &'t Tender<'a>>,
    holds: &mut Holds,
) -> Vec<Document> {
    let mut documents = Vec::new();
    for tender in tenders {
        match &tender.way {
            Way::Stored(kind) => documents.extend(redeem(desk, *kind, tender, tender.amount, holds)),
            Way::Money(facts) => documents.extend(receive(desk, facts, tender, holds)),
        }
    }
    // Applications belong to the second wave; the list keeps every document behind those it needs.
    documents.sort_by_key(|document| document.kind.wave());
    documents
}

/// The hold when more came in than the sale and was not given back. Most often the order was edited down after it was
/// paid: the buyer has a claim, and what becomes of it only a refund or a person can say.
pub(super) fn too_much(context: &Context, sale: &Sale, received: &Received, given_back: Decimal, holds: &mut Holds) {
    let excess = received.total() - given_back - sale.total;
    if excess <= Decimal::ZERO {
        return;
    }
    let mut message =
        format!("{} came in for an invoice of {}", context.money(received.total()), context.money(sale.total));
    if !given_back.is_zero() {
        message.push_str(&format!(", and {} of it went back", context.money(given_back)));
    }
    let remedy = "check the order's transactions in BigCommerce and at the gateway; refund what is too much as an amount of the order, or book it by hand";
    holds.add(context.order_hold(HoldCode::TendersExceedTotal, message, remedy, excess));
}

/// Captured transactions in the order's currency, above zero.
fn usable<'a>(context: &Context<'a>, holds: &mut Holds) -> Vec<&'a Transaction> {
    let order = &context.evidence.order;
    let mut usable = Vec::new();
    for transaction in context.captures.values().copied() {
        if transaction.currency != order.currency {
            let message = format!(
                "transaction {} is in {}, the order in {}",
                transaction.id, transaction.currency, order.currency
            );
            let remedy = "book the payment by hand, or correct it in BigCommerce";
            holds.add(context.order_hold(HoldCode::CurrencyNotAccepted, message, remedy, order.totals.total_inc_tax));
        } else if transaction.amount < Decimal::ZERO {
            let message = format!("transaction {} is {}", transaction.id, context.money(transaction.amount));
            let remedy = "check the transaction in BigCommerce and at the gateway";
            holds.add(context.order_hold(HoldCode::NegativeAmount, message, remedy, order.totals.total_inc_tax));
        } else if !order.currency.round(transaction.amount).is_zero() {
            usable.push(transaction);
        }
    }
    usable
}

fn of_transaction<'a>(context: &Context, transaction: &'a Transaction, way: Way) -> Tender<'a> {
    Tender {
        id: (transaction.id.to_string(), transaction.id.to_string()),
        at: transaction.created,
        amount: context.evidence.order.currency.round(transaction.amount),
        way,
        transaction: Some(transaction),
        hash: source_hash(transaction),
    }
}

/// Gift certificates or store credit redeemed. The header's amount and the transactions must say the same.
fn stored_value<'a>(
    context: &Context,
    kind: StoredValue,
    captures: &[&'a Transaction],
    holds: &mut Holds,
) -> Vec<Tender<'a>> {
    let order = &context.evidence.order;
    let (name, key, suffix) = kind.names();
    let header = order.currency.round(match kind {
        StoredValue::GiftCertificate => order.totals.gift_certificate,
        StoredValue::StoreCredit => order.totals.store_credit,
    });
    let of_kind = captures.iter().filter(|t| StoredValue::of(t) == Some(kind));
    let tenders: Vec<Tender> = of_kind.map(|t| of_transaction(context, t, Way::Stored(kind))).collect();
    let shown: Decimal = tenders.iter().map(|tender| tender.amount).sum();
    if shown == header {
        return tenders;
    }
    let no_rows = tenders.is_empty();
    if no_rows && context.policy.stored_value_without_transaction == StoredValueWithoutTransaction::UseHeader {
        let id = (key.to_owned(), suffix.to_owned());
        let hash = source_hash(&(key, header));
        let way = Way::Stored(kind);
        return vec![Tender { id, at: order.created, amount: header, way, transaction: None, hash }];
    }
    let message = format!(
        "the order says {} was paid by {name}, its transactions say {}",
        context.money(header),
        context.money(shown)
    );
    let remedy = "wait for BigCommerce to show the transaction; for imported orders let the policy use the order header's amount";
    holds.add(context.order_hold(HoldCode::PaymentDataMissing, message, remedy, (header - shown).abs()));
    tenders
}

/// A gift certificate or store credit pays `amount` of the invoice: what of it was not given back before.
pub(super) fn redeem(
    desk: &Desk,
    kind: StoredValue,
    tender: &Tender,
    amount: Decimal,
    holds: &mut Holds,
) -> Vec<Document> {
    let context = desk.context;
    let (name, ..) = kind.names();
    let Some(liability) = liability(context, kind, context.date, amount, holds) else { return Vec::new() };
    let memo = format!("Redeemed {name}");
    let leg = signed_line(&liability.account, amount, liability.dimensions, &memo, &liability.rule);
    let said = format!("{name} redeemed");
    pay(desk, Paid { name, said, id: tender.id.clone(), leg, deposit: None }, tender, holds)
}

/// A liability that pays the invoice.
pub(super) struct Paid {
    /// For a reader: what it is, and what happened.
    pub name: &'static str,
    pub said: String,
    /// Last part of key and number.
    pub id: (String, String),
    /// The debit of the liability.
    pub leg: JournalLine,
    /// The deposit it is.
    pub deposit: Option<DocumentKey>,
}

/// A liability tender and its application to the invoice.
pub(super) fn pay(desk: &Desk, paid: Paid, tender: &Tender, holds: &mut Holds) -> Vec<Document> {
    let (context, order) = (desk.context, &desk.context.evidence.order);
    let Paid { name, said, id, leg, deposit } = paid;
    let amount = leg.debit;
    let dates = dates(context, tender.at);
    let what = format!("liability-tender/{}", id.0);
    let invoice = invoice_key(desk);
    let hash = if amount == tender.amount { tender.hash.clone() } else { source_hash(&(&tender.hash, amount)) };
    let redeemed = Paper {
        what: what.clone(),
        suffix: format!("T{}", id.1),
        dates,
        total: amount,
        reference: tender.reference(),
        description: format!("BigCommerce order {}: {said}", order.id),
        lines: vec![leg, desk.receivable(-amount, &format!("Order {}", order.id))],
        detail: Detail::LiabilityTender { invoice: invoice.clone(), deposit },
        source_hash: hash.clone(),
    };
    let applied = Paper {
        what: format!("application/tender-{}", id.0),
        suffix: format!("AT{}", id.1),
        dates,
        total: amount,
        reference: None,
        description: format!("BigCommerce order {}: {name} applied", order.id),
        lines: Vec::new(),
        detail: Detail::Application { credit: context.key(&what), debit: invoice, amount },
        source_hash: hash,
    };
    let papers = [redeemed, applied];
    papers.into_iter().filter_map(|paper| desk.write(holds, Blocks::Order, paper)).collect()
}

/// An account with its dimensions and the rule that gave it.
#[derive(Clone)]
pub(super) struct Target {
    pub account: String,
    pub dimensions: Dimensions,
    pub rule: String,
    /// What it is in an Order Entry document.
    pub form: Form,
}

/// The liability account of gift certificates or store credit.
pub(super) fn liability(
    context: &Context,
    kind: StoredValue,
    date: Date,
    amount: Decimal,
    holds: &mut Holds,
) -> Option<Target> {
    let facts = context.facts(None);
    let found = context.rule(holds, kind.rule_kind(), &facts, date, amount)?;
    let dimensions = context.dimensions(holds, &facts, date).overlaid(&found.dimensions());
    let (account, rule) = (found.account()?.to_owned(), found.name().to_owned());
    Some(Target { account, dimensions, rule, form: Form::default() })
}

/// What is known about a payment: its method by every name it goes by, and its gateway.
pub(super) fn payment_facts(context: &Context, transaction: Option<&Transaction>) -> Facts {
    let mut facts = context.facts(None).with(Condition::Method, &context.evidence.order.payment_method);
    if let Some(transaction) = transaction {
        facts = facts.with(Condition::Gateway, &transaction.gateway).with(Condition::Method, &transaction.method);
        if let Some(name) = &transaction.display_name {
            facts = facts.with(Condition::Method, name);
        }
    }
    facts
}

/// A receipt into the account of its payment method.
fn receive(desk: &Desk, facts: &Facts, tender: &Tender, holds: &mut Holds) -> Option<Document> {
    let (context, order) = (desk.context, &desk.context.evidence.order);
    let found = context.rule(holds, RuleKind::Payment, facts, context.date, tender.amount)?;
    let dimensions = context.dimensions(holds, facts, context.date).overlaid(&found.dimensions());
    let account = found.account()?;
    let name = tender.name(context);
    let paper = Paper {
        what: format!("receipt/{}", tender.id.0),
        suffix: format!("T{}", tender.id.1),
        dates: dates(context, tender.at),
        total: tender.amount,
        reference: tender.reference(),
        description: format!("BigCommerce order {}: {name}", order.id),
        lines: vec![
            signed_line(account, tender.amount, dimensions, &format!("Received by {name}"), found.name()),
            desk.receivable(-tender.amount, &format!("Order {}", order.id)),
        ],
        detail: Detail::Receipt {
            invoice: invoice_key(desk),
            payment_method: found.given(&Give::PaymentMethod)?.to_owned(),
            deposit_account: account.to_owned(),
            bank_account: found.given(&Give::BankAccount).map(str::to_owned),
            gateway: tender.transaction.map(|t| t.gateway.clone()).unwrap_or_default(),
            pays: Vec::new(),
        },
        source_hash: tender.hash.clone(),
    };
    desk.write(holds, Blocks::Order, paper)
}

/// Orders without captured money: reserved money stays open, offline methods are paid when their rule says so.
fn expected<'a>(context: &Context<'a>, open: Decimal, holds: &mut Holds) -> Option<Tender<'a>> {
    let order = &context.evidence.order;
    if open <= Decimal::ZERO {
        return None;
    }
    let mut moves = context.evidence.transactions.iter().filter(|t| t.ok && !t.test && StoredValue::of(t).is_none());
    let pending = moves.clone().find(|t| t.event == PaymentEvent::Pending);
    if let Some(reserved) = moves.find(|t| t.event != PaymentEvent::Pending) {
        // Asked for already now, so that a missing rule is known before the money comes.
        let _ = context.rule(holds, RuleKind::Payment, &payment_facts(context, Some(reserved)), context.date, open);
        return None;
    }
    let facts = payment_facts(context, pending);
    let found = context.rule(holds, RuleKind::Payment, &facts, context.date, open)?;
    match found.given(&Give::TreatAsPaid) {
        Some(values::YES) => {
            let id = ("offline".to_owned(), "OFFLINE".to_owned());
            let hash = source_hash(&("offline", open));
            let way = Way::Money(facts);
            return Some(Tender { id, at: order.created, amount: open, way, transaction: None, hash });
        }
        Some(_) => {}
        None if paid_by_status(&order.payment_status) => {
            let message = format!(
                "BigCommerce says the order is {}, but shows no transaction for {}",
                order.payment_status,
                context.money(open)
            );
            let remedy =
                "wait for the transaction, or let the payment rule say treat_as_paid yes or no for this method";
            holds.add(context.order_hold(HoldCode::PaymentDataMissing, message, remedy, open));
        }
        None => {}
    }
    None
}

/// Posting date and true day of something that happened at `at`: nothing is posted before its invoice.
pub(super) fn dates(context: &Context, at: Timestamp) -> (Date, Date) {
    let day = posting_date(at, context.policy);
    (day.max(context.date), day)
}
