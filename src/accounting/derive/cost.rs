//! The cost of goods: from inventory to cost when they leave, back when they come back, at the cost frozen on the order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::document::{Detail, Dimensions, Document, DocumentKey, DocumentKind, Exchange, JournalLine};
use super::super::evidence::Line;
use super::super::hold::{Blocks, Hold, HoldCode};
use super::super::money::Currency;
use super::super::period::posting_date;
use super::super::policy::Recognition;
use super::super::rulebook::{Condition, Give, RuleKind, values};
use super::charges::shortened;
use super::context::{Context, Desk, Holds, Paper, merged, signed_line, source_hash};
use super::goods::{Departure, Goods, Move, Parcel, Return};
use super::invoice::invoice_key;

/// Where the cost of a line goes, by its product rule.
struct Place {
    cost: String,
    inventory: String,
    dimensions: Dimensions,
    rule: String,
}

/// One journal at work.
struct Job<'a> {
    desk: &'a Desk<'a>,
    /// The lines of bundles whose parts carry the cost.
    bundles: &'a [bool],
    /// Its key, and what it is called.
    key: DocumentKey,
    name: String,
    day: Date,
}

/// The journals of everything that left and came back. Refunds from `held_from` on are not booked yet.
pub(super) fn cost_of_goods(desk: &Desk, goods: &Goods, held_from: Option<u64>, holds: &mut Holds) -> Vec<Document> {
    let context = desk.context;
    if !context.policy.cost_of_goods {
        return Vec::new();
    }
    let bundles = bundles(context);
    let mut left: BTreeMap<usize, Timestamp> = BTreeMap::new();
    let mut documents = Vec::new();
    for departure in &goods.departures {
        for moved in &departure.moves {
            left.entry(moved.line).or_insert(departure.at);
        }
        documents.extend(departed(desk, &bundles, departure, holds));
    }
    for back in goods.returns.iter().filter(|back| held_from.is_none_or(|held| back.refund < held)) {
        documents.extend(returned(desk, &bundles, back, &left, holds));
    }
    undated(desk, &bundles, goods, holds);
    documents
}

/// Which lines are bundles without a cost of their own whose parts have one.
fn bundles(context: &Context) -> Vec<bool> {
    let lines = &context.evidence.lines;
    let parents: BTreeSet<u64> =
        lines.iter().filter(|line| line.unit_cost.is_some()).filter_map(|line| line.parent_line).collect();
    lines.iter().map(|line| line.unit_cost.is_none() && parents.contains(&line.id)).collect()
}

/// Inventory becomes cost.
fn departed(desk: &Desk, bundles: &[bool], departure: &Departure, holds: &mut Holds) -> Option<Document> {
    let context = desk.context;
    let (what, suffix, name) = match departure.parcel {
        Parcel::Shipment(id) => (format!("shipment-{id}"), format!("C{id}"), format!("shipment {id}")),
        Parcel::Rest => ("shipped".to_owned(), "C".to_owned(), "goods shipped".to_owned()),
    };
    let what = format!("cost-of-goods/{what}");
    let day = posting_date(departure.at, context.policy);
    let job = Job { desk, bundles, key: context.key(&what), name, day };
    let lines = job.lines(&departure.moves, holds, |line, place, amount, _| {
        let memo = memo(line.0, line.1);
        Some([
            signed_line(&place.cost, amount, place.dimensions.clone(), &memo, &place.rule),
            signed_line(&place.inventory, -amount, place.dimensions, &memo, &place.rule),
        ])
    })?;
    let description = format!("Cost of goods of BigCommerce order {}, {}", context.evidence.order.id, job.name);
    job.write(what, suffix, description, lines, &departure.moves, holds)
}

/// Cost becomes inventory again, or scrap, or stays, as the refund rule says.
fn returned(
    desk: &Desk,
    bundles: &[bool],
    back: &Return,
    left: &BTreeMap<usize, Timestamp>,
    holds: &mut Holds,
) -> Option<Document> {
    let context = desk.context;
    let what = format!("cost-of-goods/refund-{}", back.refund);
    let day = posting_date(back.at, context.policy);
    let key = context.key(&what);
    let job = Job { desk, bundles, key, name: format!("refund {}", back.refund), day };
    // The accounts are those the goods left by, whatever the rules say by now.
    let went = |moved: &Move| left.get(&moved.line).map_or(day, |at| posting_date(*at, context.policy));
    let lines = job.lines_as_of(&back.moves, holds, went, |line, place, amount, holds| {
        let (account, fate, rule) = job.fate(line.0, &place, amount, holds)?;
        let memo = format!("{} {fate}", memo(line.0, line.1));
        let rule = format!("{}, {rule}", place.rule);
        Some([
            signed_line(&account, amount, place.dimensions.clone(), &memo, &rule),
            signed_line(&place.cost, -amount, place.dimensions, &memo, &rule),
        ])
    })?;
    let description =
        format!("Goods back by refund {} of BigCommerce order {}", back.refund, context.evidence.order.id);
    job.write(what, format!("CR{}", back.refund), description, lines, &back.moves, holds)
}

/// Goods that left on a day nobody knows: their cost waits. Ship-date recognition says so of the whole sale.
fn undated(desk: &Desk, bundles: &[bool], goods: &Goods, holds: &mut Holds) {
    let context = desk.context;
    if context.policy.recognition == Recognition::ShipDate || goods.undated.is_empty() {
        return;
    }
    let key = context.key("cost-of-goods/shipped");
    let job = Job { desk, bundles, key, name: "goods shipped".to_owned(), day: context.date };
    let with_cost = |line: &&usize| {
        let line = context.evidence.lines.get(**line);
        line.is_some_and(|line| job.place(line, job.day, &mut Holds::default()).is_some())
    };
    let lines = goods.undated.iter().filter(with_cost).count();
    if lines > 0 {
        let message = format!(
            "the order is {}, but it has no shipping date, and units of {lines} of its lines are in no shipment",
            context.evidence.order.status
        );
        let remedy = "record the shipment of what left in BigCommerce, or book its cost by hand";
        holds.add(job.hold(HoldCode::ShippingDateMissing, message, remedy));
    }
}

/// `TS-1 x 2`.
fn memo(line: &Line, units: Decimal) -> String {
    let name = shortened(if line.sku.is_empty() { &line.name } else { &line.sku });
    format!("{name} x {}", units.normalize())
}

impl<'a> Job<'a> {
    fn blocks(&self) -> Blocks {
        Blocks::Document(self.key.clone())
    }

    fn hold(&self, code: HoldCode, message: String, remedy: &str) -> Hold {
        Hold {
            code,
            subject: format!("order {}, {}", self.desk.context.evidence.order.id, self.name),
            message,
            remedy: remedy.to_owned(),
            amount: None,
            blocks: self.blocks(),
        }
    }

    /// The accounts of a line's cost; `None` when its rule gives none, because the team wants none, or with a hold.
    fn place(&self, line: &Line, day: Date, holds: &mut Holds) -> Option<Place> {
        let context = self.desk.context;
        let facts = context.line_facts(line);
        match context.rulebook.resolve(RuleKind::Product, &facts, day) {
            Ok(found) => {
                let (cost, inventory) = (found.given(&Give::CostAccount)?, found.given(&Give::InventoryAccount)?);
                let dimensions = context.rulebook.dimensions(&facts, day).unwrap_or_else(|missing| {
                    holds.missing(missing, context.money(Decimal::ZERO), self.blocks());
                    Dimensions::default()
                });
                Some(Place {
                    cost: cost.to_owned(),
                    inventory: inventory.to_owned(),
                    dimensions: dimensions.overlaid(&found.dimensions()),
                    rule: found.name().to_owned(),
                })
            }
            Err(missing) => {
                holds.missing(missing, context.money(Decimal::ZERO), self.blocks());
                None
            }
        }
    }

    fn lines(
        &self,
        moves: &[Move],
        holds: &mut Holds,
        legs: impl FnMut((&Line, Decimal), Place, Decimal, &mut Holds) -> Option<[JournalLine; 2]>,
    ) -> Option<Vec<JournalLine>> {
        self.lines_as_of(moves, holds, |_| self.day, legs)
    }

    /// Two legs for each line that moved, by the rules of the day `when` says; `None` with a hold when a cost or an account
    /// is not known.
    fn lines_as_of(
        &self,
        moves: &[Move],
        holds: &mut Holds,
        when: impl Fn(&Move) -> Date,
        mut legs: impl FnMut((&Line, Decimal), Place, Decimal, &mut Holds) -> Option<[JournalLine; 2]>,
    ) -> Option<Vec<JournalLine>> {
        let evidence = self.desk.context.evidence;
        let (mut lines, mut unknown) = (Vec::new(), Vec::new());
        let mut found = Holds::default();
        for moved in moves {
            let Some(line) = evidence.lines.get(moved.line) else { continue };
            if self.bundles.get(moved.line) == Some(&true) {
                continue;
            }
            let Some(place) = self.place(line, when(moved), &mut found) else { continue };
            let Some(cost) = line.unit_cost.filter(|cost| *cost >= Decimal::ZERO) else {
                unknown.push(memo(line, moved.units));
                continue;
            };
            let amount = self.cost(cost, moved);
            if !amount.is_zero() {
                lines.extend(legs((line, moved.units), place, amount, &mut found).into_iter().flatten());
            }
        }
        if !unknown.is_empty() {
            let message = format!("the cost of {} is not known: BigCommerce has none", unknown.join(", "));
            let remedy =
                "book the cost of these goods by hand, and keep the cost of products in BigCommerce for later orders";
            found.add(self.hold(HoldCode::CostUnknown, message, remedy));
        }
        let known = found.0.is_empty();
        holds.absorb(found, None);
        known.then_some(lines)
    }

    /// Unit cost times units in whole minor units, cumulative: all units of a line together cost exactly what they cost.
    fn cost(&self, unit: Decimal, moved: &Move) -> Decimal {
        let currency = self.currency().unwrap_or(self.desk.currency);
        currency.round(unit * (moved.before + moved.units)) - currency.round(unit * moved.before)
    }

    /// What becomes of goods that came back: the account they go to, in words, and what decided it. `None` when the rule
    /// wants nothing booked, or with a hold.
    fn fate(&self, line: &Line, place: &Place, amount: Decimal, holds: &mut Holds) -> Option<(String, &str, String)> {
        let context = self.desk.context;
        let facts = context.line_facts(line).with(Condition::Part, "product");
        let found = match context.rulebook.resolve(RuleKind::Refund, &facts, self.day) {
            Ok(found) => found,
            Err(missing) => {
                holds.missing(missing, context.money(amount), self.blocks());
                return None;
            }
        };
        match found.given(&Give::Stock) {
            Some(values::NONE) => None,
            Some(values::SCRAP) => {
                let account = found.given(&Give::ScrapAccount)?;
                Some((account.to_owned(), "scrapped", found.name().to_owned()))
            }
            Some(_) => Some((place.inventory.clone(), "back in stock", found.name().to_owned())),
            None => {
                let rule = format!("{} says nothing of stock: back in stock", found.rule);
                Some((place.inventory.clone(), "back in stock", rule))
            }
        }
    }

    /// The currency of the costs: the store's own (BigCommerce, Orders V2, products).
    fn currency(&self) -> Option<Currency> {
        let order = &self.desk.context.evidence.order;
        let base = self.desk.context.policy.base_currency;
        order.store_currency.or(Some(order.currency).filter(|currency| *currency == base))
    }

    /// The currency of the costs and its way to base currency, or a hold.
    fn exchange(&self, holds: &mut Holds) -> Option<(Currency, Option<Exchange>)> {
        let context = self.desk.context;
        let Some(currency) = self.currency() else {
            let message = format!(
                "costs are in the store's own currency, which the order (in {}) does not name",
                context.evidence.order.currency
            );
            holds.add(self.hold(HoldCode::CurrencyNotAccepted, message, "book the cost of these goods by hand"));
            return None;
        };
        match context.exchange(currency, self.day) {
            Ok(exchange) => Some((currency, exchange)),
            Err(problem) => {
                context.no_rate(holds, problem, Decimal::ZERO, self.blocks());
                None
            }
        }
    }

    fn write(
        &self,
        what: String,
        suffix: String,
        description: String,
        lines: Vec<JournalLine>,
        moves: &[Move],
        holds: &mut Holds,
    ) -> Option<Document> {
        let lines = merged(lines);
        let total: Decimal = lines.iter().map(|line| line.debit).sum();
        if total.is_zero() {
            return None;
        }
        let (currency, exchange) = self.exchange(holds)?;
        let evidence = self.desk.context.evidence;
        let fact = |moved: &Move| {
            let line = evidence.lines.get(moved.line)?;
            Some((line.id, moved.units.normalize(), line.unit_cost.map(|cost| cost.normalize())))
        };
        let facts: Vec<_> = moves.iter().filter_map(fact).collect();
        let paper = Paper {
            source_hash: source_hash(&(&what, facts)),
            what,
            suffix,
            dates: (self.day, self.day),
            total,
            reference: None,
            description,
            lines,
            detail: Detail::Journal { kind: DocumentKind::CostOfGoods, related: vec![invoice_key(self.desk)] },
        };
        self.desk.writing_in(currency, exchange).write(holds, self.blocks(), paper)
    }
}
