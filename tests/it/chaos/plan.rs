//! What a round does, chosen by chance from a seed: what happens in the shop, and what goes wrong meanwhile.

use std::time::Duration;

use cartledger::failpoint::{Failpoint, Moment, Step};
use cartledger::sandbox::bigcommerce::Faults;
use cartledger::sandbox::intacct::{Fault, FaultKind};
use fastrand::Rng;

use super::desk::Desk;

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
    /// Something is done over the API that changes nothing in the books.
    Desk(Desk),
    /// What was refused is tried again over the API, whether or not the cause is mended.
    Retry,
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
    /// The customers that are there take no documents: orders of buyers who come again are held.
    CustomersInactive,
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
    /// Whether a month has begun in which nobody has noted yet that the budget is spent.
    pub new_month: bool,
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

/// How a campaign posts, as far as it decides which failpoints can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Document by document.
    Documents,
    /// Summed up by day.
    Daily,
    /// Document by document until the budget is spent, then by day.
    Budget,
}

/// Steps that a person comes to who entered something in Intacct by hand: crashes around them have tests of their own
/// (tests/it/by_hand.rs).
pub const OF_THEIR_OWN: [Step; 3] = [Step::ClaimByHand, Step::SettleClaim, Step::WithdrawClaim];

impl Way {
    /// How the campaign of a seed posts.
    pub fn of(seed: u64) -> Self {
        match (seed % 4, seed.is_multiple_of(2)) {
            (3, _) => Self::Budget,
            (_, true) => Self::Daily,
            (_, false) => Self::Documents,
        }
    }

    /// Whether a program that posts like this ever comes to a step.
    pub fn comes_to(self, step: Step) -> bool {
        match step {
            Step::Collect
            | Step::CloseGroup
            | Step::SettleDaily
            | Step::PutOffSummary
            | Step::RefuseSummary
            | Step::RetrySummaries => self != Self::Documents,
            // In daily mode there are no customers of buyers, and nothing that has to go in together.
            Step::LinkCustomer
            | Step::NoteCustomerStatus
            | Step::IntendCustomer
            | Step::ReleaseBuyer
            | Step::TryHeldBuyers
            | Step::KeepCard
            | Step::NoteBuyer
            | Step::ClaimCards
            | Step::NoteTold
            | Step::PutOffCard
            | Step::KeepMasters
            | Step::BeginSendingTogether => self != Self::Daily,
            Step::NoteOverBudget | Step::GoDaily => self == Self::Budget,
            // In daily campaigns a second person approves rules.
            Step::ProposeRules | Step::ApproveRules | Step::CloseProposal => self == Self::Daily,
            _ if OF_THEIR_OWN.contains(&step) => false,
            _ => true,
        }
    }

    /// The failpoint whose turn it is, of those that can be reached.
    pub fn failpoint_of(self, turn: u64) -> Failpoint {
        let steps: Vec<Step> = Step::ALL.iter().copied().filter(|step| self.comes_to(*step)).collect();
        let place = usize::try_from(turn).unwrap_or_default() % (2 * steps.len());
        let moment = if place.is_multiple_of(2) { Moment::Before } else { Moment::After };
        Failpoint { step: steps[place / 2], moment, time: 1 }
    }
}

impl Round {
    /// The round `number` of a campaign, with the next choices of `chance`. The failpoint whose turn it is has good odds, and
    /// one that is hunted for is certain.
    pub fn choose(chance: &mut Rng, number: u32, turn: Failpoint, hunted: bool) -> Self {
        let actions = (0..chance.usize(1..=4)).map(|_| action(chance, number == 0)).collect();
        let in_turn = (hunted || chance.u8(..100) < 55).then_some(turn);
        let mut kills = vec![in_turn.map_or_else(|| first_kill(chance), Kill::At)];
        while chance.u8(..100) < 40 && kills.len() < 4 {
            kills.push(Kill::At(failpoint(chance)));
        }
        let mut round = Self {
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
            new_month: false,
        };
        if let Some(failpoint) = in_turn {
            round.lead_to(failpoint.step, chance);
        }
        round
    }

    /// Adds what leads to a step that is seldom come to by chance.
    fn lead_to(&mut self, step: Step, chance: &mut Rng) {
        let (buyer, cents) = (chance.u8(..6), chance.i64(100..50_000));
        let order = |cents| Action::Order { buyer, units: 2, cents };
        let struck = |kind, function| Fault::new(kind).on_function(function);
        self.actions.push(order(cents));
        self.actions.extend(Desk::leading_to(step, chance).map(Action::Desk));
        match step {
            Step::ExtendLeases | Step::ExtendSlots => self.trouble = Some(Trouble::Slow),
            Step::NoteCustomerStatus | Step::TryHeldBuyers | Step::ReleaseBuyer => {
                self.trouble = Some(Trouble::CustomersInactive);
                // All buyers, so that some have ordered before.
                self.actions.extend((0..6).map(|buyer| Action::Order { buyer, units: 1, cents }));
            }
            // The same buyer at another address.
            Step::ClaimCards | Step::NoteTold => self.actions.push(order(cents + 1)),
            Step::PutOffCard => {
                self.actions.push(order(cents + 1));
                self.company.push(struck(FaultKind::TransientFailure, "update CUSTOMER"));
            }
            Step::HoldDocument | Step::RefuseSummary => self.trouble = Some(Trouble::AccountInactive),
            Step::RetryEvents | Step::RetrySummaries => self.actions.push(Action::Retry),
            Step::KeepEvents | Step::SettleEvent => self.actions.push(Action::Dispute { cents }),
            Step::PutOffEvent => {
                self.actions.push(Action::Dispute { cents });
                self.company.push(struck(FaultKind::TransientFailure, "create GLBATCH"));
            }
            Step::PutOffSummary => self.company.push(struck(FaultKind::TransientFailure, "create GLBATCH")),
            Step::NoteFailure | Step::PutOff => {
                self.company.push(struck(FaultKind::TransientFailure, "create_invoice"))
            }
            Step::FailReading => self.company.push(struck(FaultKind::ServerError, "query").times(2)),
            Step::NoteCompanyFailure | Step::NoteCompanySuccess | Step::ClaimProbe => {
                self.company.push(Fault::new(FaultKind::TooManyRequests).times(2));
            }
            Step::BeginSendingTogether => {
                self.actions.extend((0..4).map(|_| Action::ReturnOne { pick: chance.usize(..) }));
            }
            Step::SaveRulebook => self.actions.push(Action::SaveRules),
            Step::MarkDue | Step::KeepAnswer => self.actions.push(Action::Replay { pick: chance.usize(..) }),
            // Of a buyer who has not ordered before.
            Step::KeepCard | Step::KeepMasters | Step::LinkCustomer | Step::IntendCustomer => {
                self.actions.push(Action::Order { buyer: chance.u8(6..), units: 1, cents });
            }
            Step::NoteOverBudget => self.new_month = true,
            // While something is held.
            Step::SnoozeHold | Step::RetryHolds => self.trouble = Some(Trouble::AccountInactive),
            Step::PutOffBackfill => self.shop.server_error = 3,
            _ => {}
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
        94..96 => Action::Dispute { cents },
        98 => Action::Retry,
        96..98 => Action::Desk(Desk::choose(chance)),
        _ => Action::SaveRules,
    }
}

fn first_kill(chance: &mut Rng) -> Kill {
    match chance.u8(..100) {
        0..58 => Kill::At(failpoint(chance)),
        58..86 => Kill::After(Duration::from_millis(chance.u64(0..900))),
        _ => Kill::Never,
    }
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
        10..15 => Some(Trouble::CustomersInactive),
        15..18 => Some(Trouble::Slow),
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
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_always_chooses_the_same() {
        let rounds = |seed| {
            let mut chance = Rng::with_seed(seed);
            (0..5)
                .map(|number| {
                    let turn = Way::Budget.failpoint_of(number.into());
                    format!("{:?}", Round::choose(&mut chance, number, turn, false))
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(rounds(7), rounds(7));
        assert_ne!(rounds(7), rounds(8));
    }

    #[test]
    fn every_failpoint_has_its_turn_in_some_way_of_posting() {
        let turns = |way: Way| (0..2 * Step::ALL.len() as u64).map(move |turn| way.failpoint_of(turn).to_string());
        let had: BTreeSet<String> = [Way::Documents, Way::Daily, Way::Budget].into_iter().flat_map(turns).collect();
        assert_eq!(had.len(), 2 * (Step::ALL.len() - OF_THEIR_OWN.len()));
    }
}
