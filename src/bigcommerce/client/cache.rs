//! Remembers by id for a while what seldom changes, within a fixed size.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};

/// How long something is remembered.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);
/// What is remembered at most, in bytes of keys and values. Full, it begins anew.
const BYTES_MAX: usize = 8 << 20;
/// What an entry costs besides its value.
const ENTRY_BYTES: usize = 64;

/// Something that can be remembered: how many bytes it holds.
pub(super) trait Weigh {
    fn bytes(&self) -> usize;
}

impl Weigh for Vec<u64> {
    fn bytes(&self) -> usize {
        self.len() * size_of::<u64>()
    }
}

impl Weigh for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

/// Values by id, shared by everyone who reads the store.
pub(super) struct Cache<V>(Mutex<Kept<V>>);

struct Kept<V> {
    entries: HashMap<u64, (Timestamp, V)>,
    bytes: usize,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self(Mutex::new(Kept { entries: HashMap::new(), bytes: 0 }))
    }
}

impl<V: Clone + Default + Weigh> Cache<V> {
    fn kept(&self) -> MutexGuard<'_, Kept<V>> {
        // The entries stay usable whatever made another thread panic.
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What is known of `ids` at `now`, and the ids that have to be asked for.
    pub(super) fn split(&self, ids: &BTreeSet<u64>, now: Timestamp) -> (BTreeMap<u64, V>, Vec<u64>) {
        let kept = self.kept();
        let (mut known, mut unknown) = (BTreeMap::new(), Vec::new());
        for id in ids {
            match kept.entries.get(id) {
                Some((since, value)) if now.duration_since(*since) < KEPT_FOR => drop(known.insert(*id, value.clone())),
                _ => unknown.push(*id),
            }
        }
        (known, unknown)
    }

    /// Remembers the answer for `asked`; what was asked for and not found is nothing, and is remembered too. Gives back
    /// a value for each of them.
    pub(super) fn learn(&self, asked: &[u64], mut found: BTreeMap<u64, V>, now: Timestamp) -> BTreeMap<u64, V> {
        let mut kept = self.kept();
        let answers: BTreeMap<u64, V> = asked.iter().map(|id| (*id, found.remove(id).unwrap_or_default())).collect();
        for (id, value) in &answers {
            kept.keep(*id, value.clone(), now);
        }
        answers
    }
}

impl<V: Weigh> Kept<V> {
    fn keep(&mut self, id: u64, value: V, now: Timestamp) {
        let bytes = ENTRY_BYTES + value.bytes();
        if self.bytes + bytes > BYTES_MAX {
            self.entries.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        if let Some((_, before)) = self.entries.insert(id, (now, value)) {
            self.bytes -= ENTRY_BYTES + before.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minutes).unwrap()
    }

    fn names(names: &[(u64, &str)]) -> BTreeMap<u64, String> {
        names.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
    }

    #[test]
    fn what_was_asked_for_is_known_for_an_hour() {
        let cache = Cache::<String>::default();
        let ids = BTreeSet::from([1, 2]);
        assert_eq!(cache.split(&ids, at(0)), (BTreeMap::new(), vec![1, 2]));
        cache.learn(&[1, 2], names(&[(1, "Lamps"), (9, "not asked for")]), at(0));
        assert_eq!(cache.split(&ids, at(59)), (names(&[(1, "Lamps"), (2, "")]), vec![]), "nothing found is an answer");
        assert_eq!(cache.split(&ids, at(60)).1, [1, 2]);
        assert_eq!(cache.split(&BTreeSet::from([9]), at(1)).1, [9]);
    }

    #[test]
    fn however_much_is_learnt_the_size_stays_within_its_bound() {
        let cache = Cache::<Vec<u64>>::default();
        for id in 0..40 {
            cache.learn(&[id], BTreeMap::from([(id, vec![0; 50_000])]), at(0));
            let kept = cache.kept();
            let counted: usize = kept.entries.values().map(|(_, value)| ENTRY_BYTES + value.bytes()).sum();
            assert_eq!(kept.bytes, counted);
            assert!(kept.bytes <= BYTES_MAX, "{}", kept.bytes);
            assert!(kept.entries.contains_key(&id), "the newest is always kept");
        }
        cache.learn(&[39], BTreeMap::from([(39, Vec::new())]), at(0));
        assert_eq!(cache.split(&BTreeSet::from([39]), at(0)).0[&39], Vec::<u64>::new(), "the newer answer counts");
    }
}
