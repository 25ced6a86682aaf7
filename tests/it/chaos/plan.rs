//! What a round does, chosen by chance from a seed: what happens in the shop, and what goes wrong meanwhile.

use std::time::Duration;

use cartledger::failpoint::{Failpoint, Moment, Step};
use cartledger::sandbox::bigcommerce::Faults;
use cartledger::sandbox::intacct::{Fault, FaultKind};
use fastrand::Rng;

/// Something that happens in the shop.
#[derive(Clone, Debug)]
pub enum Action {
    /// A card order of so many units.
    Order { buyer: u8, units: u32, cents: i64 },
    /// An order paid with a gift certificate and a card.
    SplitTender { buyer: u8, cents: i64 },
    /// An order on a purchase order: it stays unpaid.
    OnTerms { buyer: u8, cents: i64 },
    /// One unit of an order comes back; `pick` chooses the order.
    ReturnOne { pick: usize },
    /// All that is left of an order comes back.
    ReturnAll { pick: usize },
    /// An order gets another unit, which is charged.
    OneMore { pick: usize },
    /// An order is shipped.
    Ship { pick: usize },
    /// A note that changes nothing.
    Note { pick: usize },
    /// An order is replayed over the API.
    Replay { pick: usize },
    /// The rules are saved again.
    SaveRules,
    /// A gateway opens a dispute and decides it, both reported over the API.
    Dispute { cents: i64 },
}

/// How the program dies.
#[derive(Clone, Copy, Debug)]
pub enum Kill {
    /// When it reaches a place.
    At(Failpoint),
    /// After a time.
    After(Duration),
    /// Not at all.
    Never,
}

/// What happens to Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// It is stopped in order and started again.
    Restart,
    /// It dies, and recovers when it is started again.
    Crash,
}

/// Something that lasts for most of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The account of the shipping charge takes no postings: everything new is refused until somebody mends it.
    AccountInactive,
    /// The company is slow, so that leases must be extended.
    Slow,
}

/// One round.
#[derive(Clone, Debug)]
pub struct Round {
    /// What happens in the shop, one after the other.
    pub actions: Vec<Action>,
    /// How the program dies: the one that is started first, the next, ...
    pub kills: Vec<Kill>,
    /// What goes wrong at the company.
    pub company: Vec<Fault>,
    /// What goes wrong when the shop is asked.
    pub shop: Faults,
    /// What happens to Postgres, and when.
    pub outage: Option<(Duration, Outage)>,
    /// Whether a second process works on the same database and lives.
    pub replica: bool,
    /// What lasts longer.
    pub trouble: Option<Trouble>,
    /// Whether webhooks come backwards.
    pub backwards: bool,
    /// So many webhooks come twice.
    pub twice: u32,
    /// Whether all sessions end in the middle.
    pub sessions_end: bool,
}

/// The functions that faults strike; none is any request.
const STRUCK: [Option<&str>; 11] = [
    None,
    Some("create CONTACT"),
    Some("create CUSTOMER"),
    Some("update CUSTOMER"),
    Some("create_invoice"),
    Some("create_aradjustment"),
    Some("create_sotransaction"),
    Some("create ARPYMT"),
    Some("create GLBATCH"),
    Some("create_supdoc"),
    Some("query"),
];

/// A request that takes longer than the program waits (three seconds) is executed all the same.
const STALL: u64 = 3_300;

impl Round {
    /// The round `number` of a campaign, with the next choices of `chance`. Failpoints take turns: this is the `turn`th
    /// round of all campaigns.
    pub fn choose(chance: &mut Rng, number: u32, turn: u64) -> Self {
        let actions = (0..chance.usize(1..=4)).map(|_| action(chance, number == 0)).collect();
        let mut kills = vec![first_kill(chance, turn)];
        while chance.u8(..100) < 40 && kills.len() < 4 {
            kills.push(Kill::At(failpoint(chance)));
        }
        Self {
            actions,
            kills,
            company: (0..chance.usize(0..=3)).map(|_| company_fault(chance)).collect(),
            shop: shop_faults(chance),
            outage: outage(chance),
            replica: chance.u8(..100) < 4,
            trouble: trouble(chance),
            backwards: chance.u8(..100) < 20,
            twice: if chance.u8(..100) < 30 { chance.u32(1..=6) } else { 0 },
            sessions_end: chance.u8(..100) < 15,
        }
    }
}

fn action(chance: &mut Rng, only_orders: bool) -> Action {
    let (buyer, pick, cents) = (chance.u8(..6), chance.usize(..), chance.i64(100..50_000));
    match if only_orders { chance.u8(..55) } else { chance.u8(..100) } {
        0..40 => Action::Order { buyer, units: chance.u32(1..=4), cents },
        40..48 => Action::SplitTender { buyer, cents: cents + 5_000 },
        48..55 => Action::OnTerms { buyer, cents },
        55..70 => Action::ReturnOne { pick },
        70..78 => Action::ReturnAll { pick },
        78..85 => Action::OneMore { pick },
        85..89 => Action::Ship { pick },
        89..92 => Action::Note { pick },
        92..94 => Action::Replay { pick },
        94..98 => Action::Dispute { cents },
        _ => Action::SaveRules,
    }
}

fn first_kill(chance: &mut Rng, turn: u64) -> Kill {
    match chance.u8(..100) {
        0..40 => Kill::At(failpoint_of(turn)),
        40..75 => Kill::At(failpoint(chance)),
        75..92 => Kill::After(Duration::from_millis(chance.u64(0..900))),
        _ => Kill::Never,
    }
}

/// The failpoint whose turn it is.
fn failpoint_of(turn: u64) -> Failpoint {
    let place = usize::try_from(turn).unwrap_or_default() % (2 * Step::ALL.len());
    let moment = if place.is_multiple_of(2) { Moment::Before } else { Moment::After };
    Failpoint { step: Step::ALL[place / 2], moment, time: 1 }
}

fn failpoint(chance: &mut Rng) -> Failpoint {
    let step = Step::ALL[chance.usize(..Step::ALL.len())];
    let moment = if chance.bool() { Moment::Before } else { Moment::After };
    // The first time is the likeliest to be reached at all.
    let time = match chance.u8(..10) {
        0..6 => 1,
        6..8 => 2,
        _ => chance.u32(3..=6),
    };
    Failpoint { step, moment, time }
}

fn company_fault(chance: &mut Rng) -> Fault {
    let kind = match chance.u8(..100) {
        0..30 => FaultKind::LoseAnswer,
        30..45 => FaultKind::TruncateAnswer,
        45..60 => FaultKind::DropBeforeExecuting,
        60..68 => FaultKind::ServerError,
        68..75 => FaultKind::HtmlPage,
        75..80 => FaultKind::TooManyRequests,
        80..85 => FaultKind::RateLimitText,
        85..92 => FaultKind::TransientFailure,
        92..98 => FaultKind::Delay { milliseconds: chance.u64(20..400) },
        _ => FaultKind::Delay { milliseconds: STALL },
    };
    let fault = Fault::new(kind).times(chance.u32(1..=2)).after(chance.u32(0..=2));
    match STRUCK[chance.usize(..STRUCK.len())] {
        Some(function) => fault.on_function(function),
        None => fault,
    }
}

fn shop_faults(chance: &mut Rng) -> Faults {
    if chance.u8(..100) >= 25 {
        return Faults::default();
    }
    Faults {
        drop: chance.u32(0..=1),
        server_error: chance.u32(0..=2),
        unavailable: chance.u32(0..=1),
        too_many_requests_without_headers: chance.u32(0..=1),
        ..Faults::default()
    }
}

fn trouble(chance: &mut Rng) -> Option<Trouble> {
    match chance.u8(..100) {
        0..10 => Some(Trouble::AccountInactive),
        10..13 => Some(Trouble::Slow),
        _ => None,
    }
}

fn outage(chance: &mut Rng) -> Option<(Duration, Outage)> {
    let kind = match chance.u8(..100) {
        0..4 => Outage::Crash,
        4..8 => Outage::Restart,
        _ => return None,
    };
    Some((Duration::from_millis(chance.u64(0..500)), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_chooses_the_same() {
        let rounds = |seed| {
            let mut chance = Rng::with_seed(seed);
            (0..5).map(|number| format!("{:?}", Round::choose(&mut chance, number, 0))).collect::<Vec<_>>()
        };
        assert_eq!(rounds(7), rounds(7));
        assert_ne!(rounds(7), rounds(8));
    }
}
