//! Low-water marks: from where on a claim has to look, so that it does not walk over rows that are finished but not yet
//! removed by vacuum.
//!
//! Without them each claim passes every finished row at the head of the queue, and while anybody holds a transaction open
//! vacuum may remove none of them: the classic collapse of a queue in a table.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::store::lane::{ClaimFrom, Claimed};

/// This often all lanes are looked at, not only those above the mark: finds lapsed leases. By time and not by claims, because
/// a worker with few free slots claims few orders at a time.
const LOOK_AT_ALL_EVERY: Duration = Duration::from_secs(1);
/// Rows that commit late can have a slightly earlier due time.
const SLACK: Duration = Duration::from_secs(1);

/// The marks of the stores that one claimer claims from.
#[derive(Debug, Clone, Default)]
pub struct LowWater {
    marks: BTreeMap<String, Timestamp>,
    looked_at_all: Option<Instant>,
}

impl LowWater {
    /// To be told before a claim: forgets the marks when it is time to look at everything.
    pub fn begin_claim(&mut self, now: Instant) {
        if self.looked_at_all.is_none_or(|last| now >= last + LOOK_AT_ALL_EVERY) {
            self.marks.clear();
            self.looked_at_all = Some(now);
        }
    }

    /// What the claim should look at of a store, of which so many orders are under way.
    pub fn claim_from(&self, store: &str, under_way: u32) -> ClaimFrom {
        ClaimFrom { store: store.to_owned(), not_before: self.marks.get(store).copied(), under_way }
    }

    /// Tells what a claim of at most `limit` orders found.
    pub fn found(&mut self, claimed: &[Claimed], limit: u32) {
        if claimed.len() < limit as usize {
            // Nothing more is due; what was passed over because of a lease may lie below a mark.
            self.marks.clear();
        }
        let mut lowest: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for lane in claimed {
            let Ok(mark) = lane.due_at.checked_sub(SLACK) else { continue };
            lowest.entry(&lane.store).and_modify(|known| *known = mark.min(*known)).or_insert(mark);
        }
        self.marks.extend(lowest.into_iter().map(|(store, mark)| (store.to_owned(), mark)));
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

    #[test]
    fn a_claim_looks_from_a_second_before_the_first_order_of_the_last_one_store_by_store() {
        let mut marks = LowWater::default();
        let claimed = [
            lane("acme-us", "2026-01-05T10:00:07Z"),
            lane("acme-us", "2026-01-05T10:00:05Z"),
            lane("acme-ca", "2026-01-05T10:00:09Z"),
        ];
        marks.found(&claimed, 3);
        let from = |store: &str| marks.claim_from(store, 0).not_before.map(|at| at.to_string());
        assert_eq!(from("acme-us").as_deref(), Some("2026-01-05T10:00:04Z"));
        assert_eq!(from("acme-ca").as_deref(), Some("2026-01-05T10:00:08Z"));
        assert_eq!(from("acme-uk"), None);
    }

    #[test]
    fn everything_is_looked_at_first_after_a_claim_that_found_less_than_it_might_and_every_second() {
        let (mut marks, start) = (LowWater::default(), Instant::now());
        let claimed = [lane("acme-us", "2026-01-05T10:00:05Z")];
        let looks_at_all = |marks: &mut LowWater, milliseconds| {
            marks.begin_claim(start + Duration::from_millis(milliseconds));
            marks.claim_from("acme-us", 0).not_before.is_none()
        };
        assert!(looks_at_all(&mut marks, 0));
        marks.found(&claimed, 1);
        assert!(!looks_at_all(&mut marks, 10));
        marks.found(&[], 1);
        assert!(looks_at_all(&mut marks, 20));
        let full = (3..250u64).filter(|claim| {
            marks.found(&claimed, 1);
            looks_at_all(&mut marks, claim * 10)
        });
        assert_eq!(full.collect::<Vec<_>>(), [100, 200], "claims ten milliseconds apart");
    }
}
