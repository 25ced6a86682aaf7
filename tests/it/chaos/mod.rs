//! Chaos: the real program killed at every failpoint and at random, its counterparts faulty, its database restarted.
//! Whatever happened, the company's books then equal the store's orders: nothing missing, nothing twice, nothing stuck.
//!
//! A campaign is a world of its own and some rounds played in it, all chosen by one seed. `make test` plays two short
//! ones; `make chaos` plays as many as are asked for and replays the one whose seed is named.

pub mod books;
mod campaign;
mod desk;
mod plan;
mod shop;
mod tally;

use cartledger::failpoint::Failpoint;
use futures_util::{StreamExt, stream};
#[cfg(not(feature = "planted-bug"))]
use rust_decimal::Decimal;

use self::campaign::Campaign;
use self::plan::Way;
use self::tally::Tally;
#[cfg(not(feature = "planted-bug"))]
use crate::support::world::{World, order_of};

/// Rounds of one campaign: enough for an order to be refunded and changed in later rounds, few enough to replay.
const ROUNDS: u32 = 20;
/// From so many campaigns on every failpoint must have been struck.
const MANY: u64 = 20;
/// Rounds of a campaign that hunts for a failpoint.
const HUNTING_ROUNDS: u32 = 6;
/// How often each failpoint is hunted for.
const HUNTS: u64 = 6;
/// Campaigns at the same time: each has a program, a Postgres and two counterparts.
const AT_A_TIME: usize = 2;

/// A number from the environment of `make chaos`.
fn asked_for(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "what make chaos is told is no setting of the program")]
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text}")))
}

/// The failpoint that a replayed campaign hunted for.
fn hunted() -> Option<Failpoint> {
    #[expect(clippy::disallowed_methods, reason = "what make chaos is told is no setting of the program")]
    let text = std::env::var("CHAOS_HUNT").ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|error| panic!("{error}")))
}

/// Plays the campaigns of these seeds; answers what happened, and what was wrong with the first that failed.
async fn play(seeds: impl IntoIterator<Item = u64>, rounds: u32, progress: bool) -> (Tally, Option<String>) {
    let mut tally = Tally::default();
    let fault = play_on(&mut tally, seeds.into_iter().map(|seed| (seed, None)), rounds, progress).await;
    (tally, fault)
}

/// Plays campaigns, of which some hunt for a failpoint, and adds them to the tally.
async fn play_on(
    tally: &mut Tally,
    campaigns: impl Iterator<Item = (u64, Option<Failpoint>)>,
    rounds: u32,
    progress: bool,
) -> Option<String> {
    let campaigns = campaigns.map(async |(seed, hunted)| (seed, hunted, Campaign::play(seed, rounds, hunted).await));
    let mut campaigns = std::pin::pin!(stream::iter(campaigns).buffer_unordered(AT_A_TIME));
    while let Some((seed, hunted, ended)) = campaigns.next().await {
        match ended {
            Ok(campaign) => tally.add(campaign),
            Err(fault) => {
                let hunt = hunted.map(|place| format!(" HUNT={place}")).unwrap_or_default();
                return Some(format!("SEED={seed}{hunt}: {fault}"));
            }
        }
        if progress {
            println!("{tally}");
        }
    }
    None
}

/// Plays campaigns for the failpoints that chance has not come to.
async fn hunt(tally: &mut Tally, first: u64) -> Option<String> {
    for tries in 0..HUNTS {
        let missing = tally.never_struck();
        println!("still to be struck: {}", missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        let campaigns = missing.into_iter().map(|place| {
            let seed = (first + 100 * tries..).find(|seed| Way::of(*seed).comes_to(place.step));
            (seed.unwrap_or(first), Some(place))
        });
        let fault = play_on(tally, campaigns, HUNTING_ROUNDS, true).await;
        if fault.is_some() || tally.never_struck().is_empty() {
            return fault;
        }
    }
    None
}

#[cfg(not(feature = "planted-bug"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_short_run_of_chaos_ends_with_the_right_books() {
    // One seed of each way of posting.
    let (tally, fault) = play([1, 2], 12, false).await;
    assert_eq!(fault, None, "to see it again: make chaos SEED=...");
    assert!(tally.kills() >= 8, "chaos hardly strikes: {tally}");
}

/// The test of the test: what another program posts, or ours twice, is found out.
#[cfg(not(feature = "planted-bug"))]
#[tokio::test]
async fn a_document_that_is_there_twice_or_not_ours_is_found() {
    let world = World::start().await;
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!(books::faults(&world).await, Vec::<String>::new());
    let customer = world.company.invoices()[0].customer_id.clone();
    for (times, expected) in
        [(1, "BC-0-R1 is in the books and is not ours"), (2, "there twice: Adjustment BC-0-R1 (2)")]
    {
        let control_id = format!("another program {times}");
        world
            .post_adjustment(&customer, "BC-0-R1", &control_id, Decimal::NEGATIVE_ONE, "2026-03-12".parse().unwrap())
            .await;
        let faults = books::faults(&world).await;
        assert!(faults.iter().any(|fault| fault == expected), "{expected}: {faults:?}");
        assert!(
            faults.iter().any(|fault| fault.starts_with("account 1100: the shop's orders come to 0")),
            "{faults:?}"
        );
    }
}

/// `make chaos`: as many campaigns as `CHAOS_CAMPAIGNS` says from `CHAOS_SEED` on.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes as long as it is told to: make chaos"]
async fn chaos() {
    let first = asked_for("CHAOS_SEED");
    // A named seed is a replay of that one campaign.
    let campaigns = asked_for("CHAOS_CAMPAIGNS").unwrap_or(if first.is_some() { 1 } else { 100 });
    let first = first.unwrap_or(1);
    let mut tally = Tally::default();
    let fault = match hunted() {
        Some(place) => play_on(&mut tally, [(first, Some(place))].into_iter(), HUNTING_ROUNDS, true).await,
        None => {
            let seeds = (first..first + campaigns).map(|seed| (seed, None));
            match play_on(&mut tally, seeds, ROUNDS, true).await {
                None if campaigns >= MANY => hunt(&mut tally, first + campaigns).await,
                fault => fault,
            }
        }
    };
    if let Some(fault) = fault {
        panic!("{fault}\nto see it again: make chaos with what stands before the colon");
    }
    if campaigns >= MANY {
        assert_eq!(tally.never_struck(), [], "failpoints at which nothing ever died");
    }
}

/// The test of the test: a program that resends without looking up first, under new control ids, does not get through.
#[cfg(feature = "planted-bug")]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_resends_without_looking_up_is_found_out() {
    let (tally, fault) = play(1..7, ROUNDS, false).await;
    let fault = fault.unwrap_or_else(|| panic!("the bug was not found: {tally}"));
    // Posted twice, or posted and taken for refused because the second try was.
    let reasons = ["there twice", "is not ours", "our balances are"];
    assert!(reasons.iter().any(|reason| fault.contains(reason)), "found for another reason: {fault}");
    println!("found out: {fault}");
}
