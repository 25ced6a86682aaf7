//! Deposits: money that came in before the sale counts, what of it went back before, and how the rest pays the invoice.
//!
//! Gift certificates and store credit that were redeemed stay the liabilities they are until the sale counts.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::{Detail, Document, DocumentKey, DocumentKind, JournalLine};
use super::super::evidence::RefundPayment;
use super::super::hold::{Blocks, HoldCode};
use super::super::period::posting_date;
use super::super::rulebook::RuleKind;
use super::context::{Context, Desk, Holds, Paper, merged, signed_line, source_hash};
use super::invoice::{Sale, invoice_key};
use super::recognition::Timing;
use super::refunds::{One, Out, in_order};
use super::tenders::{Paid, Received, StoredValue, Tender, Way, liability, pay, redeem};

/// One tender from before the sale counted.
struct Source<'t> {
    tender: &'t Tender<'t>,
    /// The day it came in.
    day: Date,
    /// What of it was not given back.
    left: Decimal,
}

/// Everything that came in before the sale counted.
pub(super) struct Pool<'t>(Vec<Source<'t>>);

/// What went back before the sale counted.
#[derive(Default)]
pub(super) struct Returns {
    pub documents: Vec<Document>,
    /// What of it moved no money because the order was not paid: set off against the invoice once there is one.
    pub set_off: Decimal,
    /// The first refund that is held; it and all later ones are not booked.
    pub held_from: Option<u64>,
}

impl<'t> Pool<'t> {
    /// The early ones of what came in.
    pub fn of(context: &Context, received: &'t Received<'t>, timing: &Timing) -> Self {
        let early = received.0.iter().filter(|tender| timing.early(tender.at));
        let source = |tender: &'t Tender<'t>| Source {
            tender,
            day: posting_date(tender.at, context.policy),
            left: tender.amount,
        };
        Self(early.map(source).collect())
    }

    /// Money that is on deposit.
    pub fn on_deposit(&self) -> Decimal {
        let money = self.0.iter().filter(|source| matches!(source.tender.way, Way::Money(_)));
        money.map(|source| source.left).sum()
    }

    /// A deposit for each payment. Missing rules become holds.
    pub fn deposits(&self, desk: &Desk, holds: &mut Holds) -> Vec<Document> {
        let deposit = |source: &Source| match &source.tender.way {
            Way::Money(facts) => {
                let target = clearing(desk, facts, source, holds)?;
                let leg = leg(desk.context, source.day, -source.left, holds)?;
                deposit(desk, source, [target, leg], holds)
            }
            Way::Stored(_) => None,
        };
        self.0.iter().filter_map(deposit).collect()
    }

    /// What is left of everything pays the invoice.
    pub fn apply(&self, desk: &Desk, holds: &mut Holds) -> Vec<Document> {
        let mut documents = Vec::new();
        for source in self.0.iter().filter(|source| !source.left.is_zero()) {
            let Way::Stored(kind) = source.tender.way else {
                let Some(leg) = leg(desk.context, source.day, source.left, holds) else { continue };
                let (key, number) = (&source.tender.id.0, &source.tender.id.1);
                let paid = Paid {
                    name: "deposit",
                    said: "deposit used for the invoice".to_owned(),
                    id: (format!("deposit-{key}"), format!("D{number}")),
                    leg,
                    deposit: Some(deposit_key(desk, source.tender)),
                };
                // It is used at the rate it came in by, up to the last unit of base currency.
                documents.extend(pay(desk, paid, source.tender, holds));
                continue;
            };
            documents.extend(redeem(desk, kind, source.tender, source.left, holds));
        }
        documents.sort_by_key(|document| document.kind.wave());
        documents
    }

    /// Takes money that goes back from what it came in by: from the same way first. `None` when that much never came in.
    fn take(&mut self, one: &One, payment: &RefundPayment, amount: Decimal) -> Option<Vec<(usize, Decimal)>> {
        let made = one.refund.created?.as_second();
        let mut open = amount;
        let mut taken = Vec::new();
        for rank in 0..=LAST_RANK {
            for (position, source) in self.0.iter().enumerate() {
                if rank_of(source.tender, payment) == rank && source.tender.at.as_second() <= made {
                    let part = open.min(source.left);
                    open -= part;
                    if !part.is_zero() {
                        taken.push((position, part));
                    }
                }
            }
        }
        if !open.is_zero() {
            return None;
        }
        for (position, part) in &taken {
            self.0[*position].left -= *part;
        }
        Some(taken)
    }
}

const LAST_RANK: u8 = 2;

/// How near a tender is to the way its money goes back: store credit returns to store credit, money to its gateway.
fn rank_of(tender: &Tender, payment: &RefundPayment) -> u8 {
    match (&tender.way, StoredValue::of_provider(&payment.provider)) {
        (Way::Stored(kind), Some(back)) if *kind == back => 0,
        (Way::Money(_), Some(_)) => 1,
        (Way::Stored(_), _) => LAST_RANK,
        (Way::Money(_), None) => {
            let same = tender.transaction.is_some_and(|t| t.gateway.eq_ignore_ascii_case(&payment.provider));
            u8::from(!same)
        }
    }
}

fn deposit_key(desk: &Desk, tender: &Tender) -> DocumentKey {
    desk.context.key(&format!("deposit/{}", tender.id.0))
}

/// The leg on the deposit account, the same for money in, money back and money used: a debit above zero.
fn leg(context: &Context, day: Date, signed: Decimal, holds: &mut Holds) -> Option<JournalLine> {
    let order = context.evidence.order.id;
    let Some(account) = context.policy.deposit_account.as_deref().filter(|account| !account.trim().is_empty()) else {
        let message = "money came in before the sale counts, and the store has no account for deposits".to_owned();
        let remedy = "name the customer deposits liability as the store's deposit_account";
        holds.add(context.order_hold(HoldCode::DepositAccountMissing, message, remedy, signed.abs()));
        return None;
    };
    let dimensions = context.dimensions(holds, &context.facts(None), day);
    Some(signed_line(account, signed, dimensions, &format!("Deposit for order {order}"), "policy: deposit account"))
}

/// The leg on the account of the payment method.
fn clearing(
    desk: &Desk,
    facts: &super::super::rulebook::Facts,
    source: &Source,
    holds: &mut Holds,
) -> Option<JournalLine> {
    let context = desk.context;
    let found = context.rule(holds, RuleKind::Payment, facts, source.day, source.left)?;
    let dimensions = context.dimensions(holds, facts, source.day).overlaid(&found.dimensions());
    let memo = format!("Received by {}", source.tender.name(context));
    Some(signed_line(found.account()?, source.left, dimensions, &memo, found.name()))
}

fn deposit(desk: &Desk, source: &Source, lines: [JournalLine; 2], holds: &mut Holds) -> Option<Document> {
    let order = desk.context.evidence.order.id;
    let (key, number) = &source.tender.id;
    let paper = Paper {
        what: format!("deposit/{key}"),
        suffix: format!("D{number}"),
        dates: (source.day, source.day),
        total: source.left,
        reference: source.tender.reference(),
        description: format!("BigCommerce order {order}: deposit by {}", source.tender.name(desk.context)),
        lines: lines.to_vec(),
        detail: Detail::Journal { kind: DocumentKind::Deposit, related: vec![invoice_key(desk)] },
        source_hash: source.tender.hash.clone(),
    };
    desk.write(holds, Blocks::Order, paper)
}

/// Books the money of refunds made before the sale counted, in their order. The first that is held keeps all later ones
/// back.
pub(super) fn returns(
    desk: &Desk,
    sale: &Sale,
    timing: &Timing,
    received: &Received,
    pool: &mut Pool,
    holds: &mut Holds,
) -> Returns {
    let context = desk.context;
    let mut returns = Returns::default();
    for refund in in_order(context) {
        // Without a date a refund cannot be booked; while there is no invoice this is where that is said.
        if !refund.created.map_or(timing.day().is_none(), |at| timing.early(at)) {
            continue;
        }
        let day = refund.created.map_or(context.placed, |at| posting_date(at, context.policy));
        let one = One { desk, sale, refund, early: true, dates: (day, day) };
        let places = one.payment_places(holds);
        if returns.held_from.is_some() || holds.block_order() {
            continue;
        }
        let back = places.filter(|_| settled(&one, holds)).and_then(|places| {
            let paid = refund.created.map_or(Decimal::ZERO, |at| received.until(at));
            let outs =
                one.outs(&places, kept_by_marketplace(&one, holds)?, sale.total - returns.set_off - paid, holds)?;
            let papers: Option<Vec<Option<Paper>>> = outs.iter().map(|out| give_back(&one, out, pool, holds)).collect();
            let set_off: Decimal = outs.iter().map(|out| out.to_invoice).sum();
            let written = papers?.into_iter().flatten().map(|paper| desk.write(holds, one.blocks(), paper));
            Some((written.collect::<Option<Vec<Document>>>()?, set_off))
        });
        match back {
            Some((documents, set_off)) => {
                returns.documents.extend(documents);
                returns.set_off += set_off;
            }
            None => returns.held_from = Some(refund.id),
        }
    }
    returns
}

/// Whether all of its money moved on a known day; else a hold.
fn settled(one: &One, holds: &mut Holds) -> bool {
    let hold = one.unsettled();
    let settled = hold.is_none();
    hold.into_iter().for_each(|hold| holds.add(hold));
    settled
}

/// The tax of a refund that a marketplace gives back, because it had collected it.
fn kept_by_marketplace(one: &One, holds: &mut Holds) -> Option<Decimal> {
    let (kept, all) = (one.sale.marketplace_tax, one.sale.taxes.iter().map(|tax| tax.amount).sum::<Decimal>());
    if kept.is_zero() {
        return Some(Decimal::ZERO);
    }
    if kept == all && !one.by_order() {
        return Some(one.desk.context.money(one.refund.tax).amount);
    }
    let message =
        "a marketplace collected part of the sale's tax, and the refund does not say how much of it goes back";
    holds.add(one.hold(HoldCode::UnsupportedRefund, message.to_owned(), "book it by hand"));
    None
}

/// The journal of one payment that went back: the deposit, or the liability, against the account it left by. The inner
/// `None` when it went back where it still was: the liability never moved.
fn give_back(one: &One, out: &Out, pool: &mut Pool, holds: &mut Holds) -> Option<Option<Paper>> {
    let (context, refund, payment) = (one.desk.context, one.refund, out.payment);
    let Some(taken) = pool.take(one, payment, out.paid_out) else {
        let message = format!("{} would go back, which is more than came in before it", context.money(out.paid_out));
        holds.add(one.hold(
            HoldCode::RefundExceedsSale,
            message,
            "check the refund in BigCommerce, or book it by hand",
        ));
        return None;
    };
    let back = StoredValue::of_provider(&payment.provider);
    let memo = format!("Refund {} of order {} by {}", refund.id, context.evidence.order.id, payment.provider);
    let (mut lines, mut related) = (Vec::new(), vec![invoice_key(one.desk)]);
    for (position, amount) in taken {
        let source = pool.0.get(position)?;
        match source.tender.way {
            Way::Stored(kind) if Some(kind) == back => {}
            Way::Stored(kind) => {
                let from = liability(context, kind, one.dates.0, amount, holds)?;
                lines.push(signed_line(&from.account, amount, from.dimensions, &memo, &from.rule));
            }
            Way::Money(_) => {
                lines.push(leg(context, source.day, amount, holds)?);
                related.push(deposit_key(one.desk, source.tender));
            }
        }
    }
    let total: Decimal = lines.iter().map(|line| line.debit).sum();
    if total.is_zero() {
        return Some(None);
    }
    let target = out.target;
    lines.push(signed_line(&target.account, -total, target.dimensions.clone(), &memo, &target.rule));
    Some(Some(Paper {
        what: format!("deposit/return-{}-{}", refund.id, payment.id),
        suffix: format!("DR{}", payment.id),
        dates: one.dates,
        total,
        reference: one.reference(payment),
        description: format!(
            "Refund {} of BigCommerce order {} before the sale counts, paid by {}",
            refund.id, context.evidence.order.id, payment.provider
        ),
        lines: merged(lines),
        detail: Detail::Journal { kind: DocumentKind::Deposit, related },
        source_hash: source_hash(&(refund, payment)),
    }))
}
