//! Low-water marks: from where on a claim has to look, so that it does not walk over rows that are finished but not yet
//! removed by vacuum.
//!
//! Without them each claim passes every finished row at the head of the queue, and while anybody holds a transaction open
//! vacuum may remove none of them: the classic collapse of a queue in a table. So most claims look from where the last
//! one ended. What that passes over is found by looking further back now and then, and never at more than a twentieth of
//! the time: a row that became visible late within a tenth of a second, a lapsed lease within a second.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::store::lane::{ClaimFrom, Claimed};

/// This often all lanes are looked at: finds lapsed leases. By time and not by claims, because a worker with few free
/// slots claims few orders at a time.
const LOOK_AT_ALL_EVERY: Duration = Duration::from_secs(1);
/// This often a claim looks back from the mark, and after one that found less than it might.
const LOOK_BACK_EVERY: Duration = Duration::from_millis(100);
/// So far it looks back: rows are visible with their commit and due since their transaction began, and were passed over
/// when somebody held them.
const LOOK_BACK: Duration = Duration::from_secs(1);
/// Looking further back takes at most one part in so many of the time.
const SHARE: u32 = 20;

/// The marks of the stores that one claimer claims from.
#[derive(Debug, Clone)]
pub struct LowWater {
    /// How far each store's last claim got.
    marks: BTreeMap<String, Timestamp>,
    look: Look,
    begun: Instant,
    /// When it is time to look at everything, and to look back.
    all_at: Instant,
    back_at: Instant,
    /// The last claim found less than it might.
    short: bool,
}

/// How far a claim looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    AtAll,
    Back,
    On,
}

impl LowWater {
    /// Without marks: the first claim looks at everything.
    pub fn new(now: Instant) -> Self {
        Self { marks: BTreeMap::new(), look: Look::AtAll, begun: now, all_at: now, back_at: now, short: true }
    }

    /// To be told before a claim.
    pub fn begin_claim(&mut self, now: Instant) {
        self.begun = now;
        self.look = match () {
            () if now >= self.all_at => Look::AtAll,
            () if self.short || now >= self.back_at => Look::Back,
            () => Look::On,
        };
    }

    /// What the claim should look at of a store, of which so many orders are under way.
    pub fn claim_from(&self, store: &str, under_way: u32) -> ClaimFrom {
        let mark = self.marks.get(store).copied();
        let not_before = match self.look {
            Look::AtAll => None,
            Look::Back => mark.and_then(|mark| mark.checked_sub(LOOK_BACK).ok()),
            Look::On => mark,
        };
        ClaimFrom { store: store.to_owned(), not_before, under_way }
    }

    /// Tells what a claim of at most `limit` orders found.
    pub fn found(&mut self, claimed: &[Claimed], limit: u32, now: Instant) {
        let rest = now.saturating_duration_since(self.begun) * SHARE;
        match self.look {
            Look::AtAll => self.all_at = now + rest.max(LOOK_AT_ALL_EVERY),
            Look::Back => self.back_at = now + rest.max(LOOK_BACK_EVERY),
            Look::On => {}
        }
        self.short = claimed.len() < limit as usize;
        let mut furthest: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for lane in claimed {
            let until = furthest.entry(&lane.store).or_insert(lane.due_at);
            *until = lane.due_at.max(*until);
        }
        self.marks.extend(furthest.into_iter().map(|(store, until)| (store.to_owned(), until)));
    }

    /// When to claim again although nobody says that anything is due: the last claim may have passed over something.
    pub fn look_again_at(&self) -> Option<Instant> {
        (self.look != Look::AtAll).then_some(self.all_at)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn lane(store: &str, due_at: &str) -> Claimed {
        Claimed {
            store: store.to_owned(),
            order_id: 118,
            version: 1,
            failures: 0,
            waits: 0,
            due_at: due_at.parse().unwrap(),
            token: Uuid::nil(),
        }
    }

    /// Claims of one order at most that take no time, at so many milliseconds.
    struct Claims {
        marks: LowWater,
        start: Instant,
    }

    impl Claims {
        fn new() -> Self {
            let start = Instant::now();
            Self { marks: LowWater::new(start), start }
        }

        fn claim(&mut self, at: u64, finds: &[Claimed]) -> Look {
            self.slow_claim(at, 0, finds)
        }

        fn slow_claim(&mut self, at: u64, takes: u64, finds: &[Claimed]) -> Look {
            let now = self.start + Duration::from_millis(at);
            self.marks.begin_claim(now);
            self.marks.found(finds, 1, now + Duration::from_millis(takes));
            self.marks.look
        }
    }

    #[test]
    fn a_claim_looks_from_the_last_order_of_the_one_before_it_store_by_store() {
        let start = Instant::now();
        let mut marks = LowWater::new(start);
        let claimed = [
            lane("acme-us", "2026-01-05T10:00:07Z"),
            lane("acme-us", "2026-01-05T10:00:05Z"),
            lane("acme-ca", "2026-01-05T10:00:09Z"),
        ];
        let from = |marks: &LowWater, store: &str| marks.claim_from(store, 0).not_before.map(|at| at.to_string());
        marks.begin_claim(start);
        assert_eq!(from(&marks, "acme-us"), None, "the first one looks at everything");
        marks.found(&claimed, 3, start);
        marks.begin_claim(start);
        assert_eq!(from(&marks, "acme-us").as_deref(), Some("2026-01-05T10:00:06Z"), "the second looks back");
        marks.found(&claimed, 3, start);
        marks.begin_claim(start);
        assert_eq!(from(&marks, "acme-us").as_deref(), Some("2026-01-05T10:00:07Z"));
        assert_eq!(from(&marks, "acme-ca").as_deref(), Some("2026-01-05T10:00:09Z"));
        assert_eq!(from(&marks, "acme-uk"), None);
        marks.found(&claimed[1..], 2, start);
        marks.begin_claim(start);
        assert_eq!(from(&marks, "acme-us").as_deref(), Some("2026-01-05T10:00:05Z"), "what was found behind the mark");
    }

    #[test]
    fn it_looks_back_ten_times_a_second_and_at_everything_once() {
        let mut claims = Claims::new();
        let found = [lane("acme-us", "2026-01-05T10:00:05Z")];
        let looks: Vec<(u64, Look)> = (0..250).map(|n| (n * 10, claims.claim(n * 10, &found))).collect();
        let at = |look| looks.iter().filter(|seen| seen.1 == look).map(|seen| seen.0).collect::<Vec<_>>();
        assert_eq!(at(Look::AtAll), [0, 1000, 2000]);
        let back: Vec<u64> = (0..25).map(|n| n * 100 + 10).collect();
        assert_eq!(at(Look::Back), back);
    }

    #[test]
    fn after_a_claim_that_found_less_than_it_might_it_looks_back_and_does_not_rest_past_the_next_look_at_everything() {
        let mut claims = Claims::new();
        let found = [lane("acme-us", "2026-01-05T10:00:05Z")];
        assert_eq!(claims.claim(0, &[]), Look::AtAll);
        assert_eq!(claims.marks.look_again_at(), None, "everything was seen just now");
        for at in [10, 20, 30] {
            assert_eq!(claims.claim(at, &[]), Look::Back);
            assert_eq!(claims.marks.look_again_at(), Some(claims.start + Duration::from_secs(1)));
        }
        claims.claim(40, &found);
        assert_eq!(claims.claim(50, &found), Look::On);
        assert_eq!(claims.claim(1000, &[]), Look::AtAll);
    }

    #[test]
    fn looking_further_back_takes_a_twentieth_of_the_time_at_most() {
        let mut claims = Claims::new();
        let found = [lane("acme-us", "2026-01-05T10:00:05Z")];
        assert_eq!(claims.slow_claim(0, 100, &found), Look::AtAll);
        assert_eq!(claims.slow_claim(100, 20, &found), Look::Back);
        for (at, look) in [(500, Look::On), (520, Look::Back), (2099, Look::Back), (2100, Look::AtAll)] {
            assert_eq!(claims.claim(at, &found), look, "after {at} ms");
        }
    }
}
