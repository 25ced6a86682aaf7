//! Chaos: the real program killed at every failpoint and at random, its counterparts faulty, its database restarted.
//! Whatever happened, the company's books then equal the store's orders: nothing missing, nothing twice, nothing stuck.
//!
//! A campaign is a world of its own and some rounds played in it, all chosen by one seed. `make test` plays two short
//! ones; `make chaos` plays as many as are asked for and replays the one whose seed is named.

mod books;
mod campaign;
mod desk;
mod plan;
mod shop;
mod tally;

use futures_util::{StreamExt, stream};
#[cfg(not(feature = "planted-bug"))]
use rust_decimal::Decimal;

use self::campaign::Campaign;
use self::tally::Tally;
#[cfg(not(feature = "planted-bug"))]
use crate::support::world::{World, order_of};

/// Rounds of one campaign: enough for an order to be refunded and changed in later rounds, few enough to replay.
const ROUNDS: u32 = 20;
/// Campaigns at the same time: each has a program, a Postgres and two counterparts.
const AT_A_TIME: usize = 2;

/// A number from the environment of `make chaos`.
fn asked_for(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "what make chaos is told is no setting of the program")]
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text}")))
}

/// Plays the campaigns of these seeds; answers what happened, and what was wrong with the first that failed.
async fn play(seeds: impl IntoIterator<Item = u64>, rounds: u32, progress: bool) -> (Tally, Option<String>) {
    let campaigns = seeds.into_iter().map(async |seed| (seed, Campaign::play(seed, rounds).await));
    let mut campaigns = std::pin::pin!(stream::iter(campaigns).buffer_unordered(AT_A_TIME));
    let mut tally = Tally::default();
    while let Some((seed, ended)) = campaigns.next().await {
        match ended {
            Ok(campaign) => tally.add(campaign),
            Err(fault) => return (tally, Some(format!("seed {seed}: {fault}"))),
        }
        if progress {
            println!("{tally}");
        }
    }
    (tally, None)
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
    let (tally, fault) = play(first..first + campaigns, ROUNDS, true).await;
    println!("never struck: {}", tally.never_struck().join(", "));
    if let Some(fault) = fault {
        panic!("{fault}\nto see it again: make chaos SEED=<that seed>");
    }
    if campaigns >= 100 {
        assert_eq!(tally.never_struck(), Vec::<String>::new(), "failpoints at which nothing ever died");
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
