//! The movements of goods: which units of which line left, were cancelled or came back, in the order it happened.
//!
//! Units that are refunded count against units that have not left; only what is beyond them came back. Whatever is known
//! at one moment is decided for good then: later movements add to it and never change it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::super::evidence::{Evidence, Line, LineType, Refund, RefundedPart, Shipment};

/// BigCommerce writes the order's shipping date and its last shipment in one go; which of the two is the later one is
/// not documented. Shipments so soon after the order's own date are what it speaks of.
const ONE_GO: SignedDuration = SignedDuration::from_secs(10);

/// Statuses that say that everything left: Shipped, Completed (BigCommerce, Orders V2, order statuses).
const GONE: [u32; 2] = [2, 10];

/// Units of one line that moved together.
pub(super) struct Move {
    /// The line's position in the evidence.
    pub line: usize,
    pub units: Decimal,
    /// Units of the line that had moved this way before.
    pub before: Decimal,
}

/// What left together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parcel {
    /// One shipment, by its id.
    Shipment(u64),
    /// What no shipment shows when the order says that everything left.
    Rest,
}

/// Goods that left.
pub(super) struct Departure {
    pub parcel: Parcel,
    pub at: Timestamp,
    pub moves: Vec<Move>,
}

/// Goods that came back with a refund, by its id.
pub(super) struct Return {
    pub refund: u64,
    pub at: Timestamp,
    pub moves: Vec<Move>,
}

/// What became of the goods of an order so far.
pub(super) struct Goods {
    pub departures: Vec<Departure>,
    pub returns: Vec<Return>,
    /// Units that ship, and how many of them left. The parts of a bundle are not counted.
    pub units: (Decimal, Decimal),
    /// Since when nothing is left to ship; `None` while something is.
    pub covered: Option<Timestamp>,
    /// The status says that everything left, and nothing says when it did: lines that are left to ship.
    pub undated: Vec<usize>,
    ships: bool,
}

/// What became of one line so far, in units.
#[derive(Default)]
struct Tally {
    quantity: Decimal,
    left: Decimal,
    /// Refunded before they left.
    cancelled: Decimal,
    returned: Decimal,
}

impl Tally {
    fn to_ship(&self) -> Decimal {
        (self.quantity - self.left - self.cancelled).max(Decimal::ZERO)
    }
}

enum Event<'a> {
    Shipment(&'a Shipment),
    Header(Timestamp),
    Refund(&'a Refund),
}

/// Whether units of a line are goods that ship.
pub(super) fn is_goods(line: &Line) -> bool {
    line.line_type == LineType::Physical && line.quantity > Decimal::ZERO
}

/// Whether a refund did not happen: the gateway declined all of its money.
pub(super) fn declined(refund: &Refund) -> bool {
    !refund.payments.is_empty() && refund.payments.iter().all(|payment| payment.declined)
}

impl Goods {
    /// Follows the goods of an order.
    pub fn of(evidence: &Evidence) -> Self {
        let mut book = Book::of(evidence);
        let mut goods = Self {
            departures: Vec::new(),
            returns: Vec::new(),
            units: (Decimal::ZERO, Decimal::ZERO),
            covered: None,
            undated: Vec::new(),
            ships: book.uncovered > 0,
        };
        for (at, event) in events(evidence) {
            match event {
                Event::Shipment(shipment) => {
                    let moves = book.depart(shipment.items.iter().copied());
                    goods.departures.push(Departure { parcel: Parcel::Shipment(shipment.id), at, moves });
                }
                Event::Header(at) => {
                    goods.departures.push(Departure { parcel: Parcel::Rest, at, moves: book.depart_rest() });
                }
                Event::Refund(refund) => {
                    goods.returns.push(Return { refund: refund.id, at, moves: book.refund(refund) });
                }
            }
            if goods.covered.is_none() && goods.ships && book.uncovered == 0 {
                goods.covered = Some(at);
            }
        }
        goods.departures.retain(|departure| !departure.moves.is_empty());
        goods.returns.retain(|back| !back.moves.is_empty());
        let whole = |(line, _): &(&Line, &Tally)| line.parent_line.is_none();
        for (_, tally) in evidence.lines.iter().zip(&book.tallies).filter(whole) {
            goods.units = (goods.units.0 + tally.quantity, goods.units.1 + tally.left);
        }
        if GONE.contains(&evidence.order.status_id) && evidence.order.shipped.is_none() {
            let open = book.tallies.iter().enumerate().filter(|(_, tally)| !tally.to_ship().is_zero());
            goods.undated = open.map(|(line, _)| line).collect();
        }
        goods
    }

    /// Whether anything of the order is goods that ship.
    pub fn ships(&self) -> bool {
        self.ships
    }
}

/// Everything that moved goods, in the order it happened; at the same moment shipments come first and refunds last.
fn events(evidence: &Evidence) -> Vec<(Timestamp, Event<'_>)> {
    let shipped = evidence.order.shipped;
    let mut events: Vec<((Timestamp, u8, u64), Timestamp, Event)> = Vec::new();
    for shipment in &evidence.shipments {
        let at = shipment.created;
        let meant = |shipped: &Timestamp| *shipped < at && at.duration_since(*shipped) <= ONE_GO;
        events.push(((shipped.filter(meant).unwrap_or(at), 0, shipment.id), at, Event::Shipment(shipment)));
    }
    if let Some(at) = shipped {
        events.push(((at, 1, 0), at, Event::Header(at)));
    }
    for refund in evidence.refunds.iter().filter(|refund| !declined(refund)) {
        if let Some(at) = refund.created {
            events.push(((at, 2, refund.id), at, Event::Refund(refund)));
        }
    }
    events.sort_by_key(|(order, ..)| *order);
    events.into_iter().map(|(_, at, event)| (at, event)).collect()
}

/// The tallies of all lines while they are followed.
struct Book {
    tallies: Vec<Tally>,
    by_id: BTreeMap<u64, usize>,
    /// The parts of each bundle, by position.
    parts: BTreeMap<usize, Vec<usize>>,
    /// Lines of which units are left to ship; a bundle is where its parts are.
    uncovered: usize,
}

impl Book {
    fn of(evidence: &Evidence) -> Self {
        let by_id: BTreeMap<u64, usize> =
            evidence.lines.iter().enumerate().map(|(position, line)| (line.id, position)).collect();
        let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (position, line) in evidence.lines.iter().enumerate().filter(|(_, line)| is_goods(line)) {
            if let Some(parent) = line.parent_line.and_then(|id| by_id.get(&id)).filter(|parent| **parent != position) {
                parts.entry(*parent).or_default().push(position);
            }
        }
        let quantity = |line: &Line| if is_goods(line) { line.quantity } else { Decimal::ZERO };
        let tally = |line: &Line| Tally { quantity: quantity(line), ..Tally::default() };
        let tallies: Vec<Tally> = evidence.lines.iter().map(tally).collect();
        let open = |(position, tally): &(usize, &Tally)| !tally.to_ship().is_zero() && !parts.contains_key(position);
        let uncovered = tallies.iter().enumerate().filter(open).count();
        Self { tallies, by_id, parts, uncovered }
    }

    /// Units by position. A bundle takes those of its parts along that are not named beside it.
    fn positions(&self, items: impl Iterator<Item = (u64, Decimal)>) -> BTreeMap<usize, Decimal> {
        let mut named: BTreeMap<usize, Decimal> = BTreeMap::new();
        for (id, units) in items.filter(|(_, units)| *units > Decimal::ZERO) {
            if let Some(position) = self.by_id.get(&id) {
                *named.entry(*position).or_default() += units;
            }
        }
        let mut all = named.clone();
        for (bundle, units) in &named {
            let sold = self.tally(*bundle).map_or(Decimal::ZERO, |tally| tally.quantity);
            for part in self.parts.get(bundle).into_iter().flatten().filter(|part| !named.contains_key(*part)) {
                // Multiplied first, so that a bundle of three with one of a part ships that one and not 0.999...
                let all_of_it = self.tally(*part).and_then(|part| part.quantity.checked_mul(*units));
                *all.entry(*part).or_default() +=
                    all_of_it.and_then(|units| units.checked_div(sold)).unwrap_or_default();
            }
        }
        all
    }

    fn tally(&self, position: usize) -> Option<&Tally> {
        self.tallies.get(position)
    }

    /// Changes a line and keeps count of those that are not covered. `None` when nothing of it moved.
    fn change(
        &mut self,
        position: usize,
        change: impl FnOnce(&mut Tally) -> (Decimal, Decimal),
    ) -> Option<(Decimal, Decimal)> {
        let counts = !self.parts.contains_key(&position);
        let tally = self.tallies.get_mut(position)?;
        let open = !tally.to_ship().is_zero();
        let (before, units) = change(tally);
        if counts && open && tally.to_ship().is_zero() {
            self.uncovered -= 1;
        }
        (!units.is_zero()).then_some((before, units))
    }

    /// Units that leave: never more of a line than were sold.
    fn depart(&mut self, items: impl Iterator<Item = (u64, Decimal)>) -> Vec<Move> {
        let mut moves = Vec::new();
        for (line, units) in self.positions(items) {
            let moved = self.change(line, |tally| {
                let (before, units) = (tally.left, units.min(tally.quantity - tally.left));
                tally.left += units;
                (before, units)
            });
            moves.extend(moved.map(|(before, units)| Move { line, units, before }));
        }
        moves
    }

    /// Everything that is left to ship leaves.
    fn depart_rest(&mut self) -> Vec<Move> {
        let mut moves = Vec::new();
        for line in 0..self.tallies.len() {
            let moved = self.change(line, |tally| {
                let (before, units) = (tally.left, tally.to_ship());
                tally.left += units;
                (before, units)
            });
            moves.extend(moved.map(|(before, units)| Move { line, units, before }));
        }
        moves
    }

    /// Units that are refunded: those that have not left first; the answer is what came back.
    fn refund(&mut self, refund: &Refund) -> Vec<Move> {
        let goods = refund.items.iter().filter(|item| item.part == RefundedPart::Product);
        let items = goods.filter_map(|item| Some((item.item, item.quantity?)));
        let mut moves = Vec::new();
        for (line, units) in self.positions(items) {
            let moved = self.change(line, |tally| {
                let cancelled = units.min(tally.to_ship());
                tally.cancelled += cancelled;
                let (before, back) = (tally.returned, (units - cancelled).min(tally.left - tally.returned));
                tally.returned += back;
                (before, back)
            });
            moves.extend(moved.map(|(before, units)| Move { line, units, before }));
        }
        moves
    }
}
