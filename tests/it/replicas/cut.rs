//! Workers whose way to Postgres, to Intacct or to both is cut in the middle of their work, and mended later. The cables
//! keep what was sent, so requests and statements of the worker that was cut off arrive when another has its orders.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::books::Posted;
use super::fleet::{CONCURRENCY, Fleet, LEASE, Site, WORKER_CONCURRENCY};
use super::work::Day;
use crate::support::cable::Cable;

/// What is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Postgres,
    Intacct,
    Everything,
}

impl Cut {
    pub fn of_postgres(self) -> bool {
        self != Self::Intacct
    }

    pub fn of_intacct(self) -> bool {
        self != Self::Postgres
    }
}

/// What connects a worker with the world, and can be cut.
pub trait Network {
    /// How so-many-th worker reaches everything.
    async fn site(&mut self, fleet: &Fleet) -> Site;
    /// Cuts the first worker off.
    fn cut(&self, what: Cut);
    /// Connects it again.
    fn mend(&self);
    /// Whether bytes that were sent into the cut may arrive when it is mended, however late.
    fn keeps_what_was_sent(&self) -> bool;
}

/// Every worker has an address of its own on loopback, and cables from there.
#[derive(Default)]
struct Cables(Vec<[Cable; 2]>);

impl Network for Cables {
    async fn site(&mut self, fleet: &Fleet) -> Site {
        let near = IpAddr::V4(Ipv4Addr::new(127, 0, 0, u8::try_from(self.0.len() + 2).unwrap()));
        let database = Cable::lay(near, fleet.world.database_end()).await;
        let company = Cable::lay(near, fleet.world.company_end()).await;
        let site = Site {
            database: Some(fleet.world.database_url_at(near, database.address().port())),
            company: Some(company.address().to_string()),
            ..Site::default()
        };
        self.0.push([database, company]);
        site
    }

    fn cut(&self, what: Cut) {
        let [database, company] = &self.0[0];
        if what.of_postgres() {
            database.cut();
        }
        if what.of_intacct() {
            company.cut();
        }
    }

    fn mend(&self) {
        self.0[0].iter().for_each(Cable::mend);
    }

    fn keeps_what_was_sent(&self) -> bool {
        true
    }
}

/// A lane that somebody holds.
type Lane = (i64, Uuid, f64);

async fn held(fleet: &Fleet) -> Vec<Lane> {
    sqlx::query_as(
        "select order_id, lease_token, extract(epoch from leased_until)::float8 from lane where leased_until > now()",
    )
    .fetch_all(fleet.world.pool())
    .await
    .unwrap()
}

/// The first of two workers is cut off while both have orders under way, and connected again later: the books are those
/// of a day on which nothing happens.
pub async fn one_of_two_is_cut_off(network: &mut impl Network, what: Cut) {
    // The other day is worked off while leases lapse here.
    let (disturbed, undisturbed) = tokio::join!(disturbed(network, what), undisturbed());
    assert_eq!(disturbed, undisturbed);
}

/// The books of a day with a cut.
async fn disturbed(network: &mut impl Network, what: Cut) -> Posted {
    let mut fleet = Fleet::start_without_workers().await;
    fleet.all_schedules_run_every_second().await;
    let mut day = Day::default();
    fleet.world.shop.hold_deliveries();
    day.orders(&fleet.world, 30);
    day.changes_before_it_is_read(&fleet.world);
    for _ in 0..2 {
        let site = network.site(&fleet).await;
        fleet.add_worker(site).await;
    }
    fleet.world.shop.release_deliveries(cartledger::sandbox::bigcommerce::ReleaseOrder::AsHappened);
    fleet
        .world
        .wait_until("both are in the middle of it", async || {
            // More than one of them may have at a time.
            held(&fleet).await.len() > WORKER_CONCURRENCY + 2 && fleet.world.company.payments().len() >= 4
        })
        .await;
    network.cut(what);
    let cut_at = Instant::now();
    let lanes = held(&fleet).await;
    if what.of_postgres() {
        others_take_over(&fleet, &lanes, cut_at).await;
    }
    // The other one does all that is left.
    let begun = Instant::now();
    while fleet.world.store.backlog().await.unwrap().lanes > 0 {
        assert!(begun.elapsed() < LEASE * 4, "not done {:?} after the cut", cut_at.elapsed());
        sleep(Duration::from_millis(100)).await;
    }
    println!("{what:?}: all done {:?} after the cut", cut_at.elapsed());
    let company = fleet.world.company.clone();
    assert!(company.concurrency().peak <= CONCURRENCY, "{} requests at a time", company.concurrency().peak);
    // What is kept in the first worker and in the cables comes now.
    network.mend();
    sleep(Duration::from_secs(3)).await;
    fleet.world.settle().await;
    fleet.books_are_right().await;

    // Both work again, the first one without the other's help.
    day.changes_after_it_is_posted(&fleet.world);
    fleet.world.settle().await;
    fleet.workers.remove(1).process.kill().await;
    let mended_at = Instant::now();
    day.orders(&fleet.world, 4);
    fleet.world.settle().await;
    println!("{what:?}: alone again, done in {:?}", mended_at.elapsed());
    // The other's leases have to lapse first, those of the orders and those of the permits.
    assert!(mended_at.elapsed() < LEASE * 2, "{:?}", mended_at.elapsed());
    fleet.books_are_right().await;
    schedules_went_on(&fleet).await;

    // What a cable has kept of many requests arrives at once, long after their permits.
    if !(network.keeps_what_was_sent() && what.of_intacct()) {
        assert!(company.concurrency().peak <= CONCURRENCY, "{} requests at a time", company.concurrency().peak);
    }
    Posted::of(&company)
}

/// Some of the lanes are of the worker that was cut off: they are not extended any more, and once their lease is over
/// another has them, or has done them.
async fn others_take_over(fleet: &Fleet, lanes: &[Lane], cut_at: Instant) {
    sleep((LEASE * 2 / 3).saturating_sub(cut_at.elapsed())).await;
    let later = held(fleet).await;
    let stuck: Vec<&Lane> = lanes.iter().filter(|lane| later.contains(lane)).collect();
    assert!(!stuck.is_empty(), "the worker had nothing under way when it was cut off");
    sleep((LEASE + Duration::from_secs(2)).saturating_sub(cut_at.elapsed())).await;
    let tokens: Vec<Uuid> = stuck.iter().map(|(_, token, _)| *token).collect();
    let held_still = "select order_id from lane where lease_token = any ($1) and leased_until > now()";
    let held_still: Vec<i64> =
        sqlx::query_scalar(held_still).bind(&tokens).fetch_all(fleet.world.pool()).await.unwrap();
    assert_eq!(held_still, Vec::<i64>::new(), "leases outlive the worker {:?} after the cut", cut_at.elapsed());
    // They are free to be taken; the other takes them as soon as it has done what it has, with the permits that are left.
    let untouched = "select order_id from lane where lease_token = any ($1)";
    loop {
        let untouched: Vec<i64> =
            sqlx::query_scalar(untouched).bind(&tokens).fetch_all(fleet.world.pool()).await.unwrap();
        if untouched.is_empty() {
            break;
        }
        assert!(
            cut_at.elapsed() < LEASE * 2,
            "nobody has taken {untouched:?} over {:?} after the cut",
            cut_at.elapsed()
        );
        sleep(Duration::from_millis(100)).await;
    }
    println!("{} orders were taken over {:?} after the cut", stuck.len(), cut_at.elapsed());
}

/// A run that was cut off may end as interrupted, or fail; no two changed anything at the same time.
async fn schedules_went_on(fleet: &Fleet) {
    fleet.no_two_runs_overlap().await;
    let done = "select count(*) from schedule_run where result = 'done' and ended_at > now() - interval '10 seconds'";
    assert!(fleet.count(done).await > 0, "the schedules run again");
}

/// The books of the same day when nothing happens.
async fn undisturbed() -> Posted {
    let mut fleet = Fleet::start(1).await;
    let mut day = Day::default();
    fleet.world.shop.hold_deliveries();
    day.orders(&fleet.world, 30);
    day.changes_before_it_is_read(&fleet.world);
    fleet.work_off().await;
    day.changes_after_it_is_posted(&fleet.world);
    fleet.world.settle().await;
    day.orders(&fleet.world, 4);
    fleet.world.settle().await;
    Posted::of(&fleet.world.company)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_cut_off_from_postgres_lets_go_of_its_orders_and_another_takes_them_over() {
    one_of_two_is_cut_off(&mut Cables::default(), Cut::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_cut_off_from_intacct_leaves_the_work_to_the_other() {
    one_of_two_is_cut_off(&mut Cables::default(), Cut::Intacct).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_cut_off_from_everything_sent_arrives_late_and_is_not_posted_twice() {
    one_of_two_is_cut_off(&mut Cables::default(), Cut::Everything).await;
}
