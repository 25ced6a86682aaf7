//! Budgets against a platform that counts in fixed windows, millisecond by millisecond: how much they use, what is refused.

use super::*;

const WINDOW_MS: i64 = 30_000;

/// One process that has always something to ask.
struct Replica {
    budget: Budget,
    reserve_percent: u32,
    /// Calls at a time.
    at_once: u32,
    /// Not before this it asks again.
    sleeps_until: i64,
}

/// A call on its way: when it reaches the platform, when its answer is back, and what that says.
struct Call {
    replica: usize,
    arrives: i64,
    back: i64,
    answer: Option<RateLimit>,
    refused: bool,
}

/// What the platform has counted.
#[derive(Debug, Default)]
struct Counted {
    /// By window.
    used: Vec<u32>,
    refused: u32,
}

struct World {
    quota: u32,
    replicas: Vec<Replica>,
    calls: Vec<Call>,
    counted: Counted,
    /// For latencies.
    dice: u64,
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
}

impl World {
    fn new(quota: u32, replicas: &[(u32, u32)]) -> Self {
        let replica = |&(at_once, reserve_percent): &(u32, u32)| Replica {
            budget: Budget::default(),
            reserve_percent,
            at_once,
            sleeps_until: 0,
        };
        let replicas = replicas.iter().map(replica).collect();
        Self { quota, replicas, calls: Vec::new(), counted: Counted::default(), dice: 7 }
    }

    /// A latency of 20 to 83 milliseconds, sometimes more than a second.
    fn latency(&mut self) -> i64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let thrown = (self.dice >> 33) as i64;
        20 + thrown % 64 + if thrown % 97 == 0 { 1200 } else { 0 }
    }

    /// Runs from the middle of one window to the end of the windows asked for.
    fn run(mut self, windows: i64) -> Counted {
        for now in WINDOW_MS / 2..WINDOW_MS * (windows + 1) {
            self.ask(now);
            self.arrive(now);
            self.come_back(now);
        }
        self.counted
    }

    fn ask(&mut self, now: i64) {
        for number in 0..self.replicas.len() {
            let replica = &mut self.replicas[number];
            while replica.budget.in_flight < replica.at_once && replica.sleeps_until <= now {
                match replica.budget.ask(moment(now), replica.reserve_percent) {
                    Permit::Wait(wait) => replica.sleeps_until = now + i64::try_from(wait.as_millis()).unwrap() + 1,
                    Permit::Go => {
                        let (arrives, back) = (now + self.latency() / 2, now + self.latency());
                        let call =
                            Call { replica: number, arrives, back: back.max(arrives), answer: None, refused: false };
                        self.calls.push(call);
                        break;
                    }
                }
            }
        }
    }

    fn arrive(&mut self, now: i64) {
        let window = usize::try_from(now / WINDOW_MS).unwrap();
        self.counted.used.resize(window + 1, 0);
        for call in self.calls.iter_mut().filter(|call| call.arrives == now) {
            let used = &mut self.counted.used[window];
            call.refused = *used >= self.quota;
            *used += u32::from(!call.refused);
            self.counted.refused += u32::from(call.refused);
            call.answer = Some(RateLimit {
                quota: Some(self.quota),
                left: Some(self.quota - *used),
                reset: Some(Duration::from_millis((WINDOW_MS - now % WINDOW_MS).unsigned_abs())),
                window: Some(Duration::from_millis(WINDOW_MS.unsigned_abs())),
                retry_after: None,
            });
        }
    }

    fn come_back(&mut self, now: i64) {
        let (back, under_way) = std::mem::take(&mut self.calls).into_iter().partition(|call: &Call| call.back <= now);
        self.calls = under_way;
        for call in back {
            let (budget, limit) = (&mut self.replicas[call.replica].budget, call.answer.unwrap_or_default());
            budget.answered(moment(now), &limit);
            if call.refused {
                budget.refused(moment(now), limit.wait());
            }
        }
    }
}

/// How much of the quota was used in the worst whole window, in percent.
fn worst(counted: &Counted, quota: u32) -> u32 {
    counted.used.iter().skip(1).min().expect("a whole window") * 100 / quota
}

#[test]
fn a_lone_process_uses_all_of_every_window_and_is_never_refused() {
    for quota in [150, 450] {
        let counted = World::new(quota, &[(16, 0)]).run(4);
        assert_eq!(counted.refused, 0, "{counted:?}");
        assert!(worst(&counted, quota) >= 99, "{counted:?}");
    }
}

#[test]
fn replicas_that_know_nothing_of_each_other_use_nearly_all_of_every_window_and_are_never_refused() {
    for replicas in 2..=5 {
        let counted = World::new(450, &vec![(16, 0); replicas]).run(4);
        assert_eq!(counted.refused, 0, "{replicas} replicas: {counted:?}");
        assert!(worst(&counted, 450) >= 95, "{replicas} replicas: {counted:?}");
    }
}

#[test]
fn the_reserve_is_still_there_at_the_end_of_every_window() {
    let counted = World::new(450, &[(16, 10), (16, 10)]).run(4);
    assert_eq!(counted.refused, 0);
    assert!(counted.used.iter().all(|used| *used <= 405), "{counted:?}");
    assert!(worst(&counted, 450) >= 85, "{counted:?}");
}

#[test]
fn a_slow_process_uses_what_its_calls_at_a_time_allow_in_every_window() {
    // 16 calls of about 60 ms each: far below a quota of an Enterprise plan.
    let counted = World::new(20_000, &[(16, 0)]).run(2);
    let whole: Vec<u32> = counted.used.iter().skip(1).copied().collect();
    assert_eq!(counted.refused, 0);
    assert!(
        whole.windows(2).all(|pair| pair[0].abs_diff(pair[1]) * 20 < pair[0]),
        "no window is begun late: {whole:?}"
    );
}
