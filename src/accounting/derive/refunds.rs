//! Refunds: one credit memo each, the money that went out, and what nets the two. Money that did not move does not post.

mod excess;
mod papers;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use self::excess::excess;
pub(super) use self::excess::given_back;
pub(super) use self::papers::Out;
use super::super::document::Document;
use super::super::evidence::{Refund, RefundPayment, RefundedPart};
use super::super::hold::{Blocks, Hold, HoldCode};
use super::super::journal::ITEM;
use super::super::money::Money;
use super::super::policy::{OrderLevelRefund, SubtotalKind};
use super::super::rulebook::{Condition, Facts, Give, RuleKind, values};
use super::context::{Context, Desk, Holds};
use super::deposits::Returns;
use super::invoice::{Sale, tax_piece};
use super::piece::{Form, Piece, What};
use super::recognition::Timing;
use super::split::{Remaining, Split, charge_of, split};
use super::tenders::{Received, StoredValue, Target, dates};

/// What went back of an order.
#[derive(Default)]
pub(super) struct Refunds {
    pub documents: Vec<Document>,
    /// Set off against the invoice because it was not paid, in major units.
    pub applied_to_invoice: Decimal,
    /// Gave back what had come in beyond the sale, in major units: it takes nothing of the sale back.
    pub given_back: Decimal,
    /// The first refund that is held; it and all later ones are not booked.
    pub held_from: Option<u64>,
}

impl Refunds {
    /// Keeps this refund and all later ones back.
    fn hold_from(&mut self, refund: u64) {
        self.held_from = Some(self.held_from.map_or(refund, |held| held.min(refund)));
    }
}

/// The refunds in their order, without those of nothing.
pub(super) fn in_order<'a>(context: &Context<'a>) -> Vec<&'a Refund> {
    let evidence = context.evidence;
    let something = |refund: &&Refund| !evidence.order.currency.round(refund.total).is_zero();
    let mut refunds: Vec<&Refund> = evidence.refunds.iter().filter(something).collect();
    refunds.sort_by_key(|refund| refund.id);
    refunds
}

/// Where the parts of one refund go.
struct Places {
    charges: BTreeMap<usize, Target>,
    order: Option<(Target, OrderLevelRefund)>,
    restocking: Option<Target>,
    payments: Vec<Target>,
}

/// Books the refunds in their order. The first that is held keeps all later ones back, because what is left of the sale
/// is not known then; their missing rules are listed all the same. The money of a refund that was made before the sale
/// counted is booked already (`returns`): its credit memo only takes back the invoice.
pub(super) fn refunds(
    desk: &Desk,
    sale: &Sale,
    timing: &Timing,
    received: &Received,
    returns: &Returns,
    holds: &mut Holds,
) -> Refunds {
    let mut booked =
        Refunds { applied_to_invoice: returns.set_off, held_from: returns.held_from, ..Refunds::default() };
    let mut left = Remaining::of(sale);
    // What came in beyond the sale, most often because the order was edited down after it was paid.
    let mut excess = excess(sale, received);
    for refund in in_order(desk.context) {
        let early = refund.created.is_some_and(|at| timing.early(at));
        let dates = refund.created.map(|at| dates(desk.context, at));
        let one = One { desk, sale, refund, early, dates: dates.unwrap_or((desk.context.date, desk.context.date)) };
        if one.gives_back(excess) {
            excess -= one.amount().amount;
            booked.given_back += one.amount().amount;
            // The money of an early refund is booked by its return.
            if !early {
                one.book_excess(&mut booked, holds);
            }
            continue;
        }
        let places = one.places(holds);
        if booked.held_from.is_some_and(|held| held <= refund.id) || holds.block_order() {
            continue;
        }
        let paid = received.until(refund.created.unwrap_or(Timestamp::MAX));
        let open = sale.total - booked.applied_to_invoice - paid;
        match places.and_then(|places| one.book(&mut left, places, open, holds)) {
            Some((documents, applied)) => {
                booked.documents.extend(documents);
                booked.applied_to_invoice += applied;
            }
            None => booked.hold_from(refund.id),
        }
    }
    booked
}

/// One refund at work.
pub(super) struct One<'a> {
    pub desk: &'a Desk<'a>,
    pub sale: &'a Sale<'a>,
    pub refund: &'a Refund,
    /// Made before the sale counted.
    pub early: bool,
    /// Posting date and true day.
    pub dates: (Date, Date),
}

impl One<'_> {
    pub fn blocks(&self) -> Blocks {
        Blocks::RefundsFrom(self.refund.id)
    }

    pub fn amount(&self) -> Money {
        self.desk.context.money(self.refund.total)
    }

    pub fn hold(&self, code: HoldCode, message: String, remedy: &str) -> Hold {
        Hold {
            code,
            subject: format!("order {}, refund {}", self.desk.context.evidence.order.id, self.refund.id),
            message,
            remedy: remedy.to_owned(),
            amount: Some(self.amount()),
            blocks: self.blocks(),
        }
    }

    /// Every account this refund needs; missing rules become holds, all at once.
    fn places(&self, holds: &mut Holds) -> Option<Places> {
        let before = holds.0.len();
        if let Err(problem) = self.desk.exchange_on(self.dates.1) {
            self.desk.context.no_rate(holds, problem, self.refund.total, self.blocks());
        }
        let mut charges = BTreeMap::new();
        for item in &self.refund.items {
            if let Some(charge) = charge_of(self.sale, item) {
                charges.extend(self.charge_place(charge, holds).map(|target| (charge, target)));
            }
        }
        let order = if self.by_order() { self.order_place(holds) } else { None };
        let kept = self.refund.items.iter().any(|item| !item.adjustments.is_empty());
        let restocking = if kept { self.part_place("restocking", holds) } else { None };
        // The money of an early refund is booked by its return.
        let payments = if self.early { Vec::new() } else { self.payment_places(holds).unwrap_or_default() };
        if holds.0.len() > before { None } else { Some(Places { charges, order, restocking, payments }) }
    }

    /// The accounts the money of this refund leaves; `None` with a hold when one is not known.
    pub fn payment_places(&self, holds: &mut Holds) -> Option<Vec<Target>> {
        let places: Vec<Option<Target>> =
            self.moved().iter().map(|payment| self.payment_place(payment, holds)).collect();
        places.into_iter().collect()
    }

    /// Whether a part of it is off the whole order.
    pub fn by_order(&self) -> bool {
        self.refund.items.iter().any(|item| item.part == RefundedPart::Order)
            || (self.refund.items.is_empty() && self.refund.merchant_override)
    }

    /// Resolves a rule for this refund; none is a hold on it unless there is something to fall back on.
    fn rule(&self, kind: RuleKind, facts: &Facts, fallback: Option<Target>, holds: &mut Holds) -> Option<Target> {
        let context = self.desk.context;
        let date = self.dates.0;
        match context.rulebook.resolve(kind, facts, date) {
            Ok(found) => {
                let (base, sold) = fallback.map(|target| (target.dimensions, target.form)).unzip();
                let base = base.unwrap_or_else(|| context.dimensions(holds, facts, date));
                let (dimensions, rule) = (base.overlaid(&found.dimensions()), found.name().to_owned());
                // What it was sold as it comes back as, where the rule for refunds does not say.
                let (own, sold) = (Form::of(&found), sold.unwrap_or_default());
                let form = Form {
                    item: own.item.or(sold.item.filter(|_| own.subtotal.is_none())),
                    subtotal: own.subtotal.or(sold.subtotal),
                    ..sold
                };
                found.account().map(|account| Target { account: account.to_owned(), dimensions, rule, form })
            }
            Err(missing) if missing.tied.is_empty() && fallback.is_some() => fallback,
            Err(missing) => {
                holds.missing(missing, self.amount(), self.blocks());
                None
            }
        }
    }

    /// Goods go to the returns account of a refund rule. Shipping, handling, wrapping and fees go back where they were
    /// booked unless a refund rule says otherwise; gift certificates always do.
    fn charge_place(&self, charge: usize, holds: &mut Holds) -> Option<Target> {
        use super::charges::Part;
        let sold = &self.sale.charges[charge];
        let own = || Target {
            account: sold.account.to_owned(),
            dimensions: sold.dimensions.clone(),
            rule: sold.rule.to_owned(),
            form: sold.form.clone(),
        };
        if sold.gift_certificate {
            return Some(own());
        }
        let (part, strict) = match sold.part {
            Part::Line(_) => ("product", true),
            Part::Shipping(_) => ("shipping", false),
            Part::Handling(_) => ("handling", false),
            Part::Wrapping(_) => ("gift-wrapping", false),
            Part::Fee(_) => ("fee", false),
        };
        let facts = sold.facts.clone().with(Condition::Part, part);
        if !strict {
            return self.rule(RuleKind::Refund, &facts, Some(own()), holds);
        }
        let target = self.rule(RuleKind::Refund, &facts, None, holds)?;
        let dimensions = sold.dimensions.overlaid(&target.dimensions);
        let form = Form { item: dimensions.get(ITEM).map(str::to_owned), ..sold.form.clone() };
        Some(Target { dimensions, form, ..target })
    }

    fn part_place(&self, part: &str, holds: &mut Holds) -> Option<Target> {
        let facts = self.desk.context.facts(None).with(Condition::Part, part);
        self.rule(RuleKind::Refund, &facts, None, holds)
    }

    fn order_place(&self, holds: &mut Holds) -> Option<(Target, OrderLevelRefund)> {
        let context = self.desk.context;
        let target = self.part_place("order", holds)?;
        let facts = context.facts(None).with(Condition::Part, "order");
        let found = context.rulebook.resolve(RuleKind::Refund, &facts, self.dates.0).ok()?;
        let policy = match found.given(&Give::OrderLevel) {
            Some(values::ALLOWANCE) => OrderLevelRefund::Allowance,
            Some(values::CARVE_OUT) => OrderLevelRefund::CarveOut,
            Some(values::HOLD) => OrderLevelRefund::Hold,
            _ => context.policy.order_level_refund,
        };
        Some((target, policy))
    }

    /// The payments that moved money.
    fn moved(&self) -> Vec<&RefundPayment> {
        self.refund.payments.iter().filter(|payment| !payment.declined && !payment.amount.is_zero()).collect()
    }

    /// The account money leaves: the liability for store credit and gift certificates, else by payment rule. An offline
    /// payment was only marked in BigCommerce, so the gateway the order was paid through did not move it.
    fn payment_place(&self, payment: &RefundPayment, holds: &mut Holds) -> Option<Target> {
        let context = self.desk.context;
        if let Some(kind) = StoredValue::of_provider(&payment.provider) {
            return self.rule(kind.rule_kind(), &context.facts(None), None, holds);
        }
        let captures = &context.captures;
        let through_gateway = || captures.values().filter(|t| StoredValue::of(t).is_none());
        let same: Vec<_> = through_gateway().filter(|t| t.gateway.eq_ignore_ascii_case(&payment.provider)).collect();
        let mut facts = context.facts(None);
        if payment.offline && through_gateway().next().is_some() {
            facts = facts.with(Condition::Method, "offline");
        } else {
            facts = facts.with(Condition::Method, &context.evidence.order.payment_method);
            facts = same.iter().fold(facts, |facts, t| facts.with(Condition::Method, &t.method));
            let names = same.iter().filter_map(|t| t.display_name.as_deref());
            facts = names.fold(facts, |facts, name| facts.with(Condition::Method, name));
        }
        if !payment.offline || same.is_empty() {
            facts = facts.with(Condition::Gateway, &payment.provider);
        }
        let target = self.rule(RuleKind::Payment, &facts, None, holds)?;
        let found = context.rulebook.resolve(RuleKind::Payment, &facts, self.dates.0).ok()?;
        let account = found.given(&Give::RefundAccount).map_or(target.account, str::to_owned);
        Some(Target { account, ..target })
    }

    /// The hold when its money did not move, all of it and on a known day.
    pub fn unsettled(&self) -> Option<Hold> {
        let context = self.desk.context;
        let moved: Decimal = self.moved().iter().map(|payment| payment.amount).sum();
        if self.refund.payments.iter().any(|payment| payment.amount < Decimal::ZERO) {
            let message = "a payment of it is below zero".to_owned();
            let remedy = "check the refund in BigCommerce, or book it by hand";
            return Some(self.hold(HoldCode::NegativeAmount, message, remedy));
        }
        if self.refund.created.is_none() {
            let message = "it has no date".to_owned();
            return Some(self.hold(HoldCode::UnsupportedRefund, message, "book it by hand"));
        }
        if context.money(moved) == self.amount() {
            return None;
        }
        let message = format!("{} should go back, but {} moved", self.amount(), context.money(moved));
        Some(if self.refund.payments.iter().any(|payment| payment.declined) {
            let remedy = "the gateway declined it: refund again in BigCommerce; it posts once the money moved";
            self.hold(HoldCode::RefundDeclined, message, remedy)
        } else {
            let remedy = "wait for BigCommerce to show the payment of the refund, or book it by hand";
            self.hold(HoldCode::PaymentDataMissing, message, remedy)
        })
    }

    /// The documents, and how much is set off against the invoice. `None` with a hold when it cannot be booked.
    fn book(
        &self,
        left: &mut Remaining,
        mut places: Places,
        open: Decimal,
        holds: &mut Holds,
    ) -> Option<(Vec<Document>, Decimal)> {
        let context = self.desk.context;
        let currency = context.evidence.order.currency;
        if let Some(hold) = self.unsettled().filter(|_| !self.early) {
            holds.add(hold);
            return None;
        }
        let order_level = places.order.as_ref().map_or(context.policy.order_level_refund, |(_, policy)| *policy);
        let split = match split(
            self.sale,
            left,
            self.refund,
            order_level,
            context.policy.tolerance(context.evidence.order.currency),
            currency,
        ) {
            Ok(split) => split,
            Err((code, message)) => {
                holds.add(self.hold(code, message, "check the refund in BigCommerce, or book it by hand"));
                return None;
            }
        };
        // A charge that is not refunded itself lends a cent: see `split`.
        for charge in split.charges.keys() {
            if !places.charges.contains_key(charge) {
                places.charges.insert(*charge, self.charge_place(*charge, holds)?);
            }
        }
        let pieces = self.pieces(&split, &places);
        let kept_by_marketplace: Decimal = self
            .sale
            .taxes
            .iter()
            .zip(&split.taxes)
            .filter(|(tax, _)| tax.account.is_none())
            .map(|(_, tax)| *tax)
            .sum();
        let total = self.amount().amount - kept_by_marketplace;
        let outs = if self.early { Vec::new() } else { self.outs(&places.payments, kept_by_marketplace, open, holds)? };
        let set_off: Decimal = outs.iter().map(|out| out.to_invoice).sum();
        let to_invoice = if self.early { total } else { set_off };
        let written = self.write(total, to_invoice, &pieces, &outs, holds)?;
        left.take(&split, self.amount().amount);
        Some((written, set_off))
    }

    /// What the credit memo takes back, piece by piece: returns and taxes, less what is kept back.
    fn pieces<'p>(&'p self, split: &'p Split, places: &'p Places) -> Vec<Piece<'p>> {
        let piece = |target: &'p Target, amount: Decimal, memo: Cow<'p, str>, what: What| {
            let Target { account, dimensions, rule, form } = target;
            Piece { account, dimensions, rule, memo, amount, what, form }
        };
        let mut pieces = Vec::new();
        for (charge, (amount, quantity)) in &split.charges {
            let sold = &self.sale.charges[*charge];
            let units = match quantity.normalize() {
                none if none.is_zero() => String::new(),
                one if one == Decimal::ONE => " (1 unit)".to_owned(),
                more => format!(" ({more} units)"),
            };
            let memo = Cow::Owned(format!("Refund of {}{units}", sold.memo));
            let place = places.charges.get(charge);
            pieces.extend(place.map(|target| piece(target, *amount, memo, sold.what(*quantity))));
        }
        if let Some((target, _)) = &places.order {
            let what = What::Other(SubtotalKind::OrderRefund);
            pieces.push(piece(target, split.order_level, Cow::Borrowed("Refund on the order"), what));
        }
        if let Some(target) = &places.restocking {
            for (description, amount) in &split.restocking {
                let memo = if description.is_empty() { "Restocking fee" } else { description };
                pieces.push(piece(target, -*amount, Cow::Borrowed(memo), What::Other(SubtotalKind::Restocking)));
            }
        }
        let taxes = self.sale.taxes.iter().zip(&split.taxes);
        pieces.extend(taxes.filter_map(|(tax, amount)| tax_piece(tax, *amount)));
        pieces
    }

    /// How the money goes: against the unpaid invoice, or out. Only an offline refund of an unpaid invoice moved nothing.
    pub fn outs<'p>(
        &'p self,
        places: &'p [Target],
        kept_by_marketplace: Decimal,
        open: Decimal,
        holds: &mut Holds,
    ) -> Option<Vec<Out<'p>>> {
        let moved = self.moved();
        if !kept_by_marketplace.is_zero() && moved.len() != 1 {
            let message = "a marketplace gives back the tax, and the refund went out in several payments".to_owned();
            holds.add(self.hold(HoldCode::UnsupportedRefund, message, "book it by hand"));
            return None;
        }
        let mut open = open.max(Decimal::ZERO);
        let mut outs = Vec::new();
        for (payment, target) in moved.into_iter().zip(places) {
            let amount = self.desk.context.money(payment.amount).amount - kept_by_marketplace;
            let marked = payment.offline && StoredValue::of_provider(&payment.provider).is_none();
            let to_invoice = if marked { amount.min(open) } else { Decimal::ZERO };
            open -= to_invoice;
            outs.push(Out { payment, target, to_invoice, paid_out: amount - to_invoice });
        }
        Some(outs)
    }
}
