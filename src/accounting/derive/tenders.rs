//! The tenders: one receipt per captured payment, one liability tender per gift certificate and store credit redeemed.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::{Detail, Dimensions, Document};
use super::super::evidence::{PaymentEvent, Transaction};
use super::super::hold::{Blocks, HoldCode};
use super::super::period::posting_date;
use super::super::policy::StoredValueWithoutTransaction;
use super::super::rulebook::{Condition, Facts, Give, RuleKind, values};
use super::context::{Context, Desk, Holds, Paper, signed_line, source_hash};
use super::invoice::{Sale, invoice_key};

/// What came in for an order.
#[derive(Default)]
pub(super) struct Tenders {
    pub documents: Vec<Document>,
    /// When how much was paid, in major units.
    pub paid: Vec<(Timestamp, Decimal)>,
}

impl Tenders {
    /// All that was paid.
    pub fn total(&self) -> Decimal {
        self.paid.iter().map(|(_, amount)| *amount).sum()
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
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
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

/// One tender to book.
struct Tender<'a> {
    /// Last part of key and number.
    id: (String, String),
    at: Timestamp,
    amount: Decimal,
    transaction: Option<&'a Transaction>,
    hash: String,
}

/// Books what came in. Missing rules and money that does not fit become holds.
pub(super) fn tenders(desk: &Desk, sale: &Sale, holds: &mut Holds) -> Tenders {
    let context = desk.context;
    let mut tenders = Tenders::default();
    let captures: Vec<&Transaction> = usable(context, holds);
    for kind in StoredValue::ALL {
        for tender in stored_value(context, kind, &captures, holds) {
            tenders.paid.push((tender.at, tender.amount));
            tenders.documents.extend(redeem(desk, kind, &tender, holds));
        }
    }
    let money: Vec<&&Transaction> = captures.iter().filter(|t| StoredValue::of(t).is_none()).collect();
    for transaction in &money {
        let tender = of_transaction(context, transaction);
        tenders.paid.push((tender.at, tender.amount));
        let facts = payment_facts(context, Some(*transaction));
        tenders.documents.extend(receive(desk, &facts, &tender, holds));
    }
    if money.is_empty() {
        expected(desk, sale.total - tenders.total(), &mut tenders, holds);
    }
    // Applications belong to the second wave; the list keeps every document behind those it needs.
    tenders.documents.sort_by_key(|document| document.kind.wave());
    tenders
}

/// The hold when more came in than the sale and was not given back. Most often the order was edited down after it was
/// paid: the buyer has a claim, and what becomes of it only a refund or a person can say.
pub(super) fn too_much(context: &Context, sale: &Sale, tenders: &Tenders, given_back: Decimal, holds: &mut Holds) {
    let excess = tenders.total() - given_back - sale.total;
    if excess <= Decimal::ZERO {
        return;
    }
    let mut message =
        format!("{} came in for an invoice of {}", context.money(tenders.total()), context.money(sale.total));
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
    for transaction in context.evidence.captures().into_values() {
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

fn of_transaction<'a>(context: &Context, transaction: &'a Transaction) -> Tender<'a> {
    Tender {
        id: (transaction.id.to_string(), transaction.id.to_string()),
        at: transaction.created,
        amount: context.evidence.order.currency.round(transaction.amount),
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
    let tenders: Vec<Tender> = of_kind.map(|t| of_transaction(context, t)).collect();
    let shown: Decimal = tenders.iter().map(|tender| tender.amount).sum();
    if shown == header {
        return tenders;
    }
    let no_rows = tenders.is_empty();
    if no_rows && context.policy.stored_value_without_transaction == StoredValueWithoutTransaction::UseHeader {
        let id = (key.to_owned(), suffix.to_owned());
        let hash = source_hash(&(key, header));
        return vec![Tender { id, at: order.created, amount: header, transaction: None, hash }];
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

/// A liability tender and its application to the invoice.
fn redeem(desk: &Desk, kind: StoredValue, tender: &Tender, holds: &mut Holds) -> Vec<Document> {
    let (context, order) = (desk.context, &desk.context.evidence.order);
    let (name, ..) = kind.names();
    let Some(liability) = liability(context, kind, context.date, tender.amount, holds) else { return Vec::new() };
    let dates = dates(context, tender.at);
    let what = format!("liability-tender/{}", tender.id.0);
    let invoice = invoice_key(desk);
    let redeemed = Paper {
        what: what.clone(),
        suffix: format!("T{}", tender.id.1),
        dates,
        total: tender.amount,
        reference: tender.transaction.and_then(|t| t.gateway_reference.clone()),
        description: format!("BigCommerce order {}: {name} redeemed", order.id),
        lines: vec![
            signed_line(
                &liability.account,
                tender.amount,
                liability.dimensions,
                &format!("Redeemed {name}"),
                &liability.rule,
            ),
            desk.receivable(-tender.amount, &format!("Order {}", order.id)),
        ],
        detail: Detail::LiabilityTender { invoice: invoice.clone() },
        source_hash: tender.hash.clone(),
    };
    let applied = Paper {
        what: format!("application/tender-{}", tender.id.0),
        suffix: format!("AT{}", tender.id.1),
        dates,
        total: tender.amount,
        reference: None,
        description: format!("BigCommerce order {}: {name} applied", order.id),
        lines: Vec::new(),
        detail: Detail::Application { credit: context.key(&what), debit: invoice, amount: tender.amount },
        source_hash: tender.hash.clone(),
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
}

/// The liability account of gift certificates or store credit.
fn liability(context: &Context, kind: StoredValue, date: Date, amount: Decimal, holds: &mut Holds) -> Option<Target> {
    let facts = context.facts(None);
    let found = context.rule(holds, kind.rule_kind(), &facts, date, amount)?;
    let dimensions = context.dimensions(holds, &facts, date).overlaid(&found.dimensions());
    Some(Target { account: found.account()?.to_owned(), dimensions, rule: found.rule.to_string() })
}

/// What is known about a payment: its method by every name it goes by, and its gateway.
fn payment_facts(context: &Context, transaction: Option<&Transaction>) -> Facts {
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
    let gateway = tender.transaction.map(|t| t.gateway.clone()).unwrap_or_default();
    let name = if gateway.is_empty() { order.payment_method.clone() } else { gateway.clone() };
    let paper = Paper {
        what: format!("receipt/{}", tender.id.0),
        suffix: format!("T{}", tender.id.1),
        dates: dates(context, tender.at),
        total: tender.amount,
        reference: tender.transaction.and_then(|t| t.gateway_reference.clone()),
        description: format!("BigCommerce order {}: {name}", order.id),
        lines: vec![
            signed_line(account, tender.amount, dimensions, &format!("Received by {name}"), &found.rule.to_string()),
            desk.receivable(-tender.amount, &format!("Order {}", order.id)),
        ],
        detail: Detail::Receipt {
            invoice: invoice_key(desk),
            payment_method: found.given(&Give::PaymentMethod)?.to_owned(),
            deposit_account: account.to_owned(),
            bank_account: found.given(&Give::BankAccount).map(str::to_owned),
            gateway,
            pays: Vec::new(),
        },
        source_hash: tender.hash.clone(),
    };
    desk.write(holds, Blocks::Order, paper)
}

/// Orders without captured money: reserved money stays open, offline methods are paid when their rule says so.
fn expected(desk: &Desk, open: Decimal, tenders: &mut Tenders, holds: &mut Holds) {
    let (context, order) = (desk.context, &desk.context.evidence.order);
    if open <= Decimal::ZERO {
        return;
    }
    let mut moves = context.evidence.transactions.iter().filter(|t| t.ok && !t.test && StoredValue::of(t).is_none());
    let pending = moves.clone().find(|t| t.event == PaymentEvent::Pending);
    if let Some(reserved) = moves.find(|t| t.event != PaymentEvent::Pending) {
        // Asked for already now, so that a missing rule is known before the money comes.
        let _ = context.rule(holds, RuleKind::Payment, &payment_facts(context, Some(reserved)), context.date, open);
        return;
    }
    let facts = payment_facts(context, pending);
    let Some(found) = context.rule(holds, RuleKind::Payment, &facts, context.date, open) else { return };
    match found.given(&Give::TreatAsPaid) {
        Some(values::YES) => {
            let id = ("offline".to_owned(), "OFFLINE".to_owned());
            let hash = source_hash(&("offline", open));
            let tender = Tender { id, at: order.created, amount: open, transaction: None, hash };
            tenders.paid.push((tender.at, tender.amount));
            tenders.documents.extend(receive(desk, &facts, &tender, holds));
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
}

/// Payment statuses that say money was received (BigCommerce, Orders V2, `payment_status`).
fn paid_by_status(status: &str) -> bool {
    ["captured", "paid", "refunded", "partially refunded"].iter().any(|paid| status.eq_ignore_ascii_case(paid))
}

/// Posting date and true day of something that happened at `at`: nothing is posted before its invoice.
pub(super) fn dates(context: &Context, at: Timestamp) -> (Date, Date) {
    let day = posting_date(at, context.policy);
    (day.max(context.date), day)
}
