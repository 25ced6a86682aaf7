//! What chaos has done so far.

use std::collections::BTreeMap;
use std::fmt;

use cartledger::failpoint::{Failpoint, Moment, Step};

use super::plan::OF_THEIR_OWN;

/// Counts of one campaign or of many.
#[derive(Debug, Default)]
pub struct Tally {
    pub campaigns: u32,
    pub rounds: u32,
    pub orders: u32,
    pub refunds: u32,
    pub reports: u32,
    pub killed_at_random: u32,
    pub outages: u32,
    pub faults: u32,
    /// Deaths by failpoint.
    pub struck: BTreeMap<(Step, Moment), u32>,
}

impl Tally {
    /// Notes that the program died at a failpoint.
    pub fn died_at(&mut self, failpoint: Failpoint) {
        *self.struck.entry((failpoint.step, failpoint.moment)).or_default() += 1;
    }

    /// Whether the program died at a place.
    pub fn has_struck(&self, place: Failpoint) -> bool {
        self.struck.contains_key(&(place.step, place.moment))
    }

    /// How often the program was killed.
    pub fn kills(&self) -> u32 {
        self.killed_at_random + self.struck.values().sum::<u32>()
    }

    /// Failpoints at which nothing died, of those that campaigns come to.
    pub fn never_struck(&self) -> Vec<Failpoint> {
        let steps = Step::ALL.iter().filter(|step| !OF_THEIR_OWN.contains(step));
        let all = steps.flat_map(|step| [(*step, Moment::Before), (*step, Moment::After)]);
        let missing = all.filter(|place| !self.struck.contains_key(place));
        missing.map(|(step, moment)| Failpoint { step, moment, time: 1 }).collect()
    }

    /// Adds another campaign's.
    pub fn add(&mut self, other: Self) {
        self.campaigns += other.campaigns;
        self.rounds += other.rounds;
        self.orders += other.orders;
        self.refunds += other.refunds;
        self.reports += other.reports;
        self.killed_at_random += other.killed_at_random;
        self.outages += other.outages;
        self.faults += other.faults;
        for (place, times) in other.struck {
            *self.struck.entry(place).or_default() += times;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} campaigns, {} rounds: {} orders, {} refunds, {} disputes, {} kills ({} at {} of {} failpoints), {} faults, \
             {} database outages; the books are right",
            self.campaigns,
            self.rounds,
            self.orders,
            self.refunds,
            self.reports,
            self.kills(),
            self.struck.values().sum::<u32>(),
            self.struck.len(),
            2 * (Step::ALL.len() - OF_THEIR_OWN.len()),
            self.faults,
            self.outages,
        )
    }
}
