//! A campaign: one world with a database server of its own, and the rounds that are played in it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use cartledger::clock::Clock;
use cartledger::embedded::{EmbeddedPostgres, Purpose};
use cartledger::failpoint::Failpoint;
use cartledger::sandbox::bigcommerce::ReleaseOrder;
use cartledger::sandbox::intacct::{CompanySettings, Fault, FaultKind, SettingsChange};
use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::books;
use super::plan::{Kill, Outage, Round, Trouble, Way};
use super::shop::rules;
use super::tally::Tally;
use crate::support::database::TestDatabase;
use crate::support::world::{STORE, World};

/// How long a round may take before something counts as stuck.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long trouble lasts, and how long with customers: until held buyers have been tried again.
const TROUBLE: Duration = Duration::from_millis(900);
const TROUBLE_WITH_CUSTOMERS: Duration = Duration::from_millis(3_500);
/// The account of the shipping charge in the demo's rules.
const SHIPPING: &str = "4010";
/// The day on which everything happens in the shop.
pub(super) const DAY: &str = "2024-03-12";
/// Between two looks at what is going on.
const PAUSE: Duration = Duration::from_millis(25);
/// Every so many looks the shop repeats what was not delivered.
const REDELIVER_EVERY: u32 = 10;
/// Every so many looks somebody goes on with what was held.
const GO_ON_EVERY: u32 = 20;
/// How the shop is set up in campaigns of order mode and of daily mode.
const ORDER_MODE: &str = "changed_orders = \"correct\"\n";
const DAILY_MODE: &str = "changed_orders = \"correct\"\nposting = \"daily\"\ndaily_close_delay_minutes = 0\n\
    attachment_folder = \"BigCommerce\"\n";

/// Every so many campaigns of order mode post Order Entry documents instead.
const ORDER_ENTRIES: u64 = 8;
const ORDER_ENTRY_MODE: &str = "changed_orders = \"correct\"\nposting = \"order_entry\"\n\
    [stores.accounting.order_entry]\nwarehouse = \"WH1\"\n[stores.accounting.order_entry.subtotals]\n\
    shipping = \"Shipping\"\ntax = \"Sales Tax\"\n";

/// A company with a budget that is soon spent: order mode in the beginning, daily mode then.
const BUDGET: [(&str, &str); 2] = [
    ("timeout_seconds = 3\n", "timeout_seconds = 3\ntransactions_per_month = 12\nover_budget = \"daily\"\n"),
    ("[stores.accounting]\n", "daily_over_budget = true\n[stores.accounting]\ndaily_close_delay_minutes = 0\n"),
];

/// Every so many campaigns the company does not offer projects.
const LACKING: u64 = 3;

/// An order of the shop that later rounds go on with.
pub(super) struct Placed {
    pub(super) id: u64,
    pub(super) buyer: u8,
    pub(super) units: u32,
    pub(super) cents: i64,
    /// Whether it can be returned and changed: paid by card, nothing returned yet.
    pub(super) plain: bool,
    pub(super) returned: u32,
}

/// A campaign under way.
pub struct Campaign {
    chance: Rng,
    pub(super) world: World,
    postgres: Option<EmbeddedPostgres>,
    folder: PathBuf,
    pub(super) placed: Vec<Placed>,
    /// Disputes that nobody has acknowledged yet.
    pub(super) reports: Vec<serde_json::Value>,
    pub(super) way: Way,
    /// Orders that may be excluded.
    pub(super) excluded: BTreeSet<u64>,
    pub(super) tally: Tally,
}

impl Campaign {
    /// Plays the campaign of a seed; answers what happened, or what is wrong. A failpoint that is hunted for is armed in
    /// every round.
    pub async fn play(seed: u64, rounds: u32, hunted: Option<Failpoint>) -> Result<Tally, String> {
        let mut campaign = Self::start(seed).await;
        for number in 0..rounds {
            let turn = seed * u64::from(rounds) + u64::from(number);
            let turn = hunted.unwrap_or_else(|| campaign.way.failpoint_of(turn));
            let round = Round::choose(&mut campaign.chance, number, turn, hunted.is_some());
            let ended = campaign.round(&round).await;
            if let Err(fault) = ended {
                let log = campaign.world.log();
                campaign.finish().await;
                return Err(format!("round {number}: {fault}\nthe round: {round:#?}\nthe log's end:\n{log}"));
            }
            campaign.tally.rounds += 1;
            if hunted.is_some_and(|place| campaign.tally.has_struck(place)) {
                break;
            }
        }
        campaign.tally.campaigns = 1;
        Ok(campaign.finish().await)
    }

    async fn start(seed: u64) -> Self {
        let name = &cartledger::clock::random_id().simple().to_string()[..12];
        // Short, because a socket's path must be, and where the server's user can reach it.
        let folder = PathBuf::from(format!("/tmp/cartledger-chaos-{name}"));
        let postgres = start_postgres(&folder).await;
        let database = TestDatabase::on(&postgres).await;
        let way = Way::of(seed);
        let accounting = match way {
            Way::Daily => DAILY_MODE,
            Way::Documents if seed % ORDER_ENTRIES == 5 => ORDER_ENTRY_MODE,
            Way::Documents | Way::Budget => ORDER_MODE,
        };
        // A day that is over, so that it is summed up at once in daily mode.
        let clock = Clock::fixed(format!("{DAY}T17:00:00Z").parse().unwrap());
        // Some companies do not offer everything.
        let absent = if seed.is_multiple_of(LACKING) { vec!["PROJECT".to_owned()] } else { Vec::new() };
        let company = CompanySettings { absent: absent.into_iter().collect(), ..CompanySettings::default() };
        let mut world = World::start_with_company(database, accounting, clock, company).await;
        if way == Way::Budget {
            world
                .restart_changed(|settings| BUDGET.iter().fold(settings, |text, (from, to)| text.replace(from, to)))
                .await;
        }
        assert_eq!(world.put_rules(&rules()).await, 201);
        let address = world.address.clone();
        world
            .restart_changed(|settings| {
                let settings = settings.replace("[database]", &format!("public_url = \"{address}\"\n[database]"));
                let approved = "[stores.accounting]\n";
                match way {
                    Way::Daily => settings.replace(approved, &format!("approve_rules = true\n{approved}")),
                    Way::Documents | Way::Budget => settings,
                }
            })
            .await;
        Self {
            chance: Rng::with_seed(seed),
            world,
            postgres: Some(postgres),
            folder,
            placed: Vec::new(),
            reports: Vec::new(),
            way,
            excluded: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    async fn finish(self) -> Tally {
        drop(self.world);
        if let Some(postgres) = self.postgres {
            let _ = postgres.stop().await;
        }
        let _ = std::fs::remove_dir_all(&self.folder);
        self.tally
    }

    /// Plays one round: everything goes wrong that is to go wrong, then all is quiet and the books are looked at.
    async fn round(&mut self, round: &Round) -> Result<(), String> {
        let begun = Instant::now();
        self.world.kill_service().await;
        self.time_passes().await;
        if round.new_month {
            self.execute("delete from company_over_budget").await;
        }
        let mut kills = round.kills.iter().copied();
        let mut kill = kills.next().unwrap_or(Kill::Never);
        self.start_service(kill).await;
        if round.replica {
            self.world.start_replica();
        }
        self.set_faults(round);
        let outage_at = round.outage.map(|(after, _)| begun + after);
        let mut outage = round.outage.map(|(_, kind)| kind);
        let mut trouble = round.trouble;
        let mut actions = round.actions.iter();
        let mut pauses = 0u32;
        loop {
            if let Some(action) = actions.next() {
                self.act(action).await?;
            } else if round.backwards {
                self.world.shop.release_deliveries(ReleaseOrder::Reversed);
            }
            self.report().await;
            if let Some(kind) = outage.take_if(|_| outage_at.is_some_and(|at| Instant::now() >= at)) {
                self.interrupt_postgres(kind).await;
            }
            if let Kill::After(after) = kill
                && begun.elapsed() >= after
            {
                self.world.kill_service().await;
                self.tally.killed_at_random += 1;
            }
            if self.world.service_has_ended() {
                if let Kill::At(failpoint) = kill {
                    self.tally.died_at(failpoint);
                }
                self.world.kill_service().await;
                // Leases of a living replica cannot be told from those of the dead: both last as long as they last.
                if !round.replica {
                    self.time_passes().await;
                }
                kill = kills.next().unwrap_or(Kill::Never);
                self.start_service(kill).await;
            }
            let lasts = |trouble: &mut Trouble| match trouble {
                Trouble::CustomersInactive => TROUBLE_WITH_CUSTOMERS,
                Trouble::AccountInactive | Trouble::Slow => TROUBLE,
            };
            if trouble.take_if(|trouble| actions.len() == 0 && begun.elapsed() >= lasts(trouble)).is_some() {
                self.end_trouble();
            }
            // What was held because of the account or a customer is not over before somebody has gone on with it.
            let mended = matches!(round.trouble, Some(Trouble::AccountInactive | Trouble::CustomersInactive));
            let held = self.holds_are_open(mended).await;
            if held && trouble.is_none() && pauses.is_multiple_of(GO_ON_EVERY) {
                self.go_on_with_what_was_held().await;
            }
            let excluded = actions.len() == 0 && self.include_all().await;
            let calm = actions.len() == 0 && outage.is_none() && trouble.is_none() && !held && !excluded;
            if calm && self.is_quiet().await {
                break;
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("stuck: {}", self.what_is_open().await));
            }
            tokio::time::sleep(PAUSE).await;
            self.waits_end().await;
            pauses += 1;
            if pauses.is_multiple_of(REDELIVER_EVERY) && actions.len() == 0 {
                // The shop's clock stands still, so what could not be delivered is tried again by hand.
                self.world.shop.deliver_all_pending().await;
            }
        }
        self.world.kill_replica().await;
        self.world.company.clear_faults();
        self.world.shop.set_faults(cartledger::sandbox::bigcommerce::Faults::default());
        match books::faults(&self.world).await {
            faults if faults.is_empty() => Ok(()),
            faults => Err(faults.join("\n")),
        }
    }

    async fn start_service(&mut self, kill: Kill) {
        let failpoint = match kill {
            Kill::At(failpoint) => Some(failpoint.to_string()),
            Kill::After(_) | Kill::Never => None,
        };
        // It may die before it answers at all; the round's loop sees that.
        self.world.try_start_service(failpoint.as_deref()).await;
    }

    fn set_faults(&mut self, round: &Round) {
        self.tally.faults += u32::try_from(round.company.len()).unwrap_or_default();
        for fault in &round.company {
            self.world.company.add_fault(fault.clone());
        }
        self.world.shop.set_faults(round.shop);
        self.world.shop.duplicate_next_deliveries(round.twice);
        if round.backwards {
            self.world.shop.hold_deliveries();
        }
        let sessions_end = SettingsChange { expire_sessions: round.sessions_end, ..SettingsChange::default() };
        self.world.company.change(&sessions_end).unwrap();
        match round.trouble {
            Some(Trouble::AccountInactive) => {
                let change = SettingsChange { deactivate_account: Some(SHIPPING.into()), ..SettingsChange::default() };
                self.world.company.change(&change).unwrap();
            }
            Some(Trouble::CustomersInactive) => self.set_customers(false),
            Some(Trouble::Slow) => {
                self.world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 1_500 }).times(6));
            }
            None => {}
        }
    }

    /// Lets the customers that are there take documents, or not.
    fn set_customers(&self, active: bool) {
        for customer in self.world.company.customers() {
            let id = Some(customer.id);
            let change = match active {
                true => SettingsChange { activate_customer: id, ..SettingsChange::default() },
                false => SettingsChange { deactivate_customer: id, ..SettingsChange::default() },
            };
            self.world.company.change(&change).unwrap();
        }
    }

    fn end_trouble(&self) {
        self.set_customers(true);
        let change = SettingsChange { activate_account: Some(SHIPPING.into()), ..SettingsChange::default() };
        self.world.company.change(&change).unwrap();
    }

    /// Whether anything is held that goes on by itself or with somebody's help: all of it after something was inactive;
    /// later what the mirror holds that has not read yet that it is active again.
    async fn holds_are_open(&self, mended: bool) -> bool {
        let Ok(holds) = self.world.store.open_holds(Some(STORE), None, 0, 100).await else { return true };
        holds.iter().any(|hold| mended || hold.hold.code == "inactive-in-intacct")
    }

    /// What somebody does who has mended the cause: orders are replayed, summaries tried again.
    async fn go_on_with_what_was_held(&self) {
        let Ok(holds) = self.world.store.open_holds(Some(STORE), None, 0, 100).await else { return };
        // The mirror may have read the account while it was inactive.
        let _ = self.world.try_post("/v1/companies/sandbox/master-data/refresh").await;
        let _ = self.world.try_post(&format!("/v1/stores/{STORE}/events/retry")).await;
        for hold in holds {
            // The program may be dead or dying: it is asked again in a moment.
            let _ = match hold.order_id {
                Some(order) => self.world.try_post(&format!("/v1/stores/{STORE}/orders/{order}/replay")).await,
                None => self.world.try_post(&format!("/v1/stores/{STORE}/summaries/{DAY}/USD/retry")).await,
            };
        }
    }

    /// Time goes by while nobody runs: what the dead one had leased is free again.
    async fn time_passes(&self) {
        for statement in [
            "update lane set leased_until = '-infinity', run_at = least(run_at, now())",
            "update company_slot set leased_until = '-infinity'",
            "update task_lease set leased_until = '-infinity'",
            // Requests stall for seconds here, and may be under way for so long after they were sent.
            "update document set sent_at = sent_at - interval '19 minutes 50 seconds' where state = 'sending'",
            "update customer_card set retry_at = now() where retry_at < 'infinity'",
            "update company_gate set probe_until = '-infinity'",
            "update master_refresh set last_full_at = last_full_at - interval '2 hours',
                    last_read_at = last_read_at - interval '2 hours',
                    tried_at = case when unavailable is null then tried_at - interval '2 hours' end",
        ] {
            self.execute(statement).await;
        }
    }

    /// Whoever waits to try again need wait no longer. Leases stay: their holders live.
    async fn waits_end(&self) {
        for statement in [
            "update lane set run_at = now() where run_at > now() and leased_until < now()",
            "update document set retry_at = now() where retry_at > now()",
            "update ledger_event set retry_at = now() where retry_at > now()",
            "update master_refresh set tried_at = null where last_error is not null",
            "update document set open_until = open_until - interval '19 minutes 50 seconds'
              where open_until > now() + interval '1 minute'",
        ] {
            self.execute(statement).await;
        }
    }

    pub(super) async fn execute(&self, statement: &'static str) {
        // A server that was restarted just now has closed the pool's connections: the next one is new.
        for _ in 0..10 {
            if sqlx::query(statement).execute(self.world.pool()).await.is_ok() {
                return;
            }
        }
        panic!("the database does not take: {statement}");
    }

    async fn is_quiet(&mut self) -> bool {
        if self.world.shop.pending_deliveries() > 0 || !self.reports.is_empty() {
            return false;
        }
        let store = &self.world.store;
        let (Ok(backlog), Ok(groups), Ok(summaries), Ok(events)) = (
            store.backlog().await,
            store.collected_groups(STORE).await,
            store.summaries(STORE, "", 500).await,
            store.events(STORE, true, "", 500).await,
        ) else {
            return false;
        };
        backlog.lanes == 0
            && groups.is_empty()
            && events.is_empty()
            && summaries.iter().all(|summary| summary.state.as_str() == "posted")
            // An event can be on its way between two of these questions.
            && self.world.shop.pending_deliveries() == 0
    }

    async fn what_is_open(&self) -> String {
        let waiting: Vec<(i64, i32, Option<String>)> =
            sqlx::query_as("select order_id, failures, last_error from lane order by order_id")
                .fetch_all(self.world.pool())
                .await
                .unwrap_or_default();
        let open: Vec<(String, String, Option<String>)> = sqlx::query_as(
            "select key, state, error from document where state not in ('posted', 'summarised') order by key",
        )
        .fetch_all(self.world.pool())
        .await
        .unwrap_or_default();
        let deliveries = self.world.shop.pending_deliveries();
        format!("{deliveries} webhooks, orders {waiting:?}, documents {open:?}")
    }

    async fn interrupt_postgres(&mut self, kind: Outage) {
        let Some(postgres) = self.postgres.take() else { return };
        match kind {
            Outage::Restart => postgres.stop().await.unwrap(),
            Outage::Crash => {
                let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
                let pid = file.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);
                kill_process(pid.unwrap(), Signal::QUIT).unwrap();
                drop(postgres);
            }
        }
        self.postgres = Some(start_postgres(&self.folder).await);
        self.tally.outages += 1;
    }
}

async fn start_postgres(folder: &std::path::Path) -> EmbeddedPostgres {
    // Safe against a crash, unlike the server other tests share: that is part of what is tried here.
    EmbeddedPostgres::start(Purpose::Run, Some(folder.to_owned())).await.unwrap()
}
