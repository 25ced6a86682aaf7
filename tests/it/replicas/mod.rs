//! Several processes on one database: however many there are, and whatever of the network between them fails, they do
//! what one would do. The same books, nothing twice, nothing stuck beyond a lease, never more requests than allowed.

mod books;
mod connections;
mod cut;
mod fleet;
mod hosts;
mod work;

use std::collections::BTreeSet;

use self::books::Posted;
use self::fleet::{CONCURRENCY, Fleet};
use self::work::Day;

/// What the same day comes to with so many workers, each of which must have had a part in it.
async fn a_day_with(workers: usize) -> Posted {
    let mut fleet = Fleet::start(workers).await;
    fleet.all_schedules_run_every_second().await;
    let mut day = Day::default();
    fleet.world.shop.hold_deliveries();
    day.orders(&fleet.world, 36);
    day.changes_before_it_is_read(&fleet.world);
    fleet.work_off().await;
    day.changes_after_it_is_posted(&fleet.world);
    fleet.work_off().await;
    fleet.schedules_ran_one_at_a_time().await;
    fleet.books_are_right().await;
    for worker in &fleet.workers {
        let done = fleet.world.orders_done_by(&worker.process).await;
        assert!(done > 0, "{} of {workers} workers has done nothing", worker.name);
    }
    let company = &fleet.world.company;
    assert!(company.concurrency().peak <= CONCURRENCY, "{} requests at a time", company.concurrency().peak);
    assert_eq!(company.concurrency().refused, 0);
    Posted::of(company)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_two_and_four_workers_keep_the_same_books_as_each_other_and_as_the_shop() {
    let (one, two, four) = tokio::join!(a_day_with(1), a_day_with(2), a_day_with(4));
    assert!(one.documents.len() > 90, "{} documents", one.documents.len());
    for (workers, other) in [(2, &two), (4, &four)] {
        let differing: BTreeSet<_> = one.documents.symmetric_difference(&other.documents).collect();
        assert_eq!(differing, BTreeSet::new(), "with {workers} workers");
        assert_eq!(one.balances, other.balances, "with {workers} workers");
    }
}
