//! A company's gateway in several replicas at once: permits, pauses, sizes, all-or-nothing, and the meter.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use cartledger::clock::{Clock, random_id};
use cartledger::intacct::client::{Client, Credentials};
use cartledger::intacct::functions::{
    Account, Contact, CreateAdjustment, CreateCustomer, Function, Line, LineDimensions, PostingAction,
};
use cartledger::intacct::lookup;
use cartledger::lifecycle::Shutdown;
use cartledger::sandbox::intacct::{Company, CompanySettings, Fault, FaultKind, Served};
use cartledger::store::Store;
use cartledger::store::gateway::PauseCause;
use cartledger::store::usage::{Budget, OverBudget, UsageKey};
use cartledger::worker::gateway::{Cause, Failure, Gateway, GatewayOptions};
use futures_util::future::join_all;
use rust_decimal::Decimal;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::support::cable::{Cable, End};
use crate::support::database::TestDatabase;

const COMPANY: &str = "acme";
const TIMEOUT: Duration = Duration::from_secs(5);
const BUDGET: Budget = Budget { limit: 100_000, warn_percent: 80, over: OverBudget::Warn };
/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A company, a database, and any number of replicas.
struct Desk {
    company: Company,
    served: Served,
    store: Store,
    shutdown: Shutdown,
    _database: TestDatabase,
}

impl Desk {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = TestDatabase::new().await;
        let company = Company::new(CompanySettings { concurrency: Some(2), ..CompanySettings::default() }).unwrap();
        let served = company.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        let store = Store::from_pool(database.pool().clone());
        Self { company, served, store, shutdown: Shutdown::new(Duration::from_secs(30)), _database: database }
    }

    fn client(&self, url: &str, password: &str, timeout: Duration) -> Client {
        let credentials = Credentials {
            sender_id: "sandbox_sender".into(),
            sender_password: SecretString::from("sandbox-sender-password"),
            company_id: "SANDBOX".into(),
            user_id: "ws_cartledger".into(),
            user_password: SecretString::from(password),
            location_id: None,
        };
        Client::new(url, credentials, timeout, Clock::system()).unwrap()
    }

    fn replica_with(&self, password: &str, budget: Budget) -> Gateway {
        self.start_replica(self.client(&self.served.gateway_url(), password, TIMEOUT), TIMEOUT, budget)
    }

    fn start_replica(&self, client: Client, timeout: Duration, budget: Budget) -> Gateway {
        let options = GatewayOptions { company: COMPANY.into(), concurrency: 2, batch: 20, timeout, budget };
        Gateway::start(client, self.store.clone(), options, Clock::system(), &self.shutdown)
    }

    /// One more replica, on a host with its own way to the gateway.
    fn replica_at(&self, address: SocketAddr, timeout: Duration) -> Gateway {
        let url = self.served.gateway_url().replace(&self.served.address().to_string(), &address.to_string());
        self.start_replica(self.client(&url, "sandbox-user-password", timeout), timeout, BUDGET)
    }

    /// One more replica of the service.
    fn replica(&self) -> Gateway {
        self.replica_with("sandbox-user-password", BUDGET)
    }

    async fn trouble(&self) -> Option<(PauseCause, u32)> {
        self.store.company_trouble(COMPANY).await.unwrap().map(|trouble| (trouble.cause, trouble.failures))
    }
}

fn cause(order: u64) -> Cause {
    Cause { store: "acme-us".into(), order: Some(order) }
}

/// A memo over `cents`; the sandbox refuses it when the account is unknown.
fn memo(number: &str, account: &str, cents: i64) -> Function {
    let dimensions =
        LineDimensions { location: Some("100".into()), department: Some("WEB".into()), ..Default::default() };
    Function::CreateAdjustment(Box::new(CreateAdjustment {
        customer_id: "C1".into(),
        date: "2026-03-10".parse().unwrap(),
        posting_date: None,
        number: number.into(),
        action: PostingAction::Submit,
        invoice_reference: None,
        description: None,
        external_id: None,
        currency: None,
        outside_ledger: false,
        tax_solution: None,
        lines: vec![Line { dimensions, ..Line::new(Account::Gl(account.into()), Decimal::new(cents, 2)) }],
    }))
}

fn customer() -> Function {
    Function::CreateCustomer(Box::new(CreateCustomer {
        customer_id: Some("C1".into()),
        name: "C1".into(),
        display_contact: Contact { name: Some("C1".into()), print_as: "C1".into(), ..Contact::default() },
        bill_to: None,
        ship_to: None,
        customer_type: None,
        term: None,
        currency: None,
        comments: None,
        custom_fields: Vec::new(),
    }))
}

async fn with_customer() -> (Desk, Gateway) {
    let desk = Desk::start().await;
    let gateway = desk.replica();
    gateway.write(cause(1), "customer", customer()).await.unwrap();
    (desk, gateway)
}

fn refund(bad: bool) -> Vec<(String, Function)> {
    vec![
        ("acme-us/1/credit-memo/refund-1/r1".into(), memo("R1", "4100", -500)),
        ("acme-us/1/refund-payout/refund-1-2/r1".into(), memo("P2", if bad { "9999" } else { "1150-S" }, 500)),
    ]
}

#[tokio::test]
async fn replicas_together_keep_within_the_company_s_concurrency_and_none_starves() {
    let desk = Desk::start().await;
    desk.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 25 }).times(u32::MAX));
    let replicas: Vec<Gateway> = (0..3).map(|_| desk.replica()).collect();
    let work = replicas.iter().map(|gateway| async move {
        for order in 0..40 {
            gateway.read(cause(order), lookup::ping()).await.unwrap();
        }
    });
    // The company refuses a third request at the same time with HTTP 429; then a read would have failed.
    tokio::time::timeout(PATIENCE, join_all(work)).await.expect("every replica gets its turn");
    assert_eq!(desk.trouble().await, None);
}

#[tokio::test]
async fn a_request_whose_permit_was_lost_is_dropped_and_its_outcome_is_unknown() {
    let (desk, gateway) = with_customer().await;
    desk.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 4_000 }).on_function("create_aradjustment"));
    let sending = gateway.write(cause(1), "memo", memo("R1", "4100", -500));
    let losing = async {
        while !desk.company.pending_faults().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // As if the process had stood still until its lease was over, and another had taken the permit.
        sqlx::query("update company_slot set token = $1")
            .bind(random_id())
            .execute(desk._database.pool())
            .await
            .unwrap();
    };
    let (sent, ()) = tokio::join!(sending, losing);
    let Err(Failure::Unknown { why, .. }) = sent else { panic!("{sent:?}") };
    assert!(why.contains("permit ran out"), "{why}");
}

#[tokio::test]
async fn permits_are_given_back_when_the_service_stops_and_lapse_when_it_is_killed() {
    let desk = Desk::start().await;
    let (ours, theirs) = (random_id(), random_id());
    let lease = Duration::from_secs(60);
    let take = |token, wanted, lease| desk.store.take_slots(COMPANY, 2, wanted, lease, token);
    assert_eq!(take(ours, 5, lease).await.unwrap().slots, [1, 2]);
    assert!(take(theirs, 1, lease).await.unwrap().slots.is_empty());
    let kept = desk.store.extend_slots(COMPANY, lease, ours, &[1, 2]).await.unwrap();
    assert_eq!((kept.slots.len(), kept.waiting), (2, 1), "somebody waits");
    desk.store.free_slots(COMPANY, ours, &[1, 2]).await.unwrap();
    let third = random_id();
    assert_eq!(take(third, 2, lease).await.unwrap().slots, [1], "one is left to who waits longer");
    assert_eq!(take(theirs, 2, Duration::ZERO).await.unwrap().slots, [2]);
    assert_eq!(take(third, 1, lease).await.unwrap().slots, [2], "a lapsed one is free");
    assert!(desk.store.extend_slots(COMPANY, lease, theirs, &[1, 2]).await.unwrap().slots.is_empty());
}

#[tokio::test]
async fn a_throttled_company_is_left_in_peace_by_all_replicas_until_a_probe_succeeds() {
    let desk = Desk::start().await;
    let (first, second) = (desk.replica(), desk.replica());
    first.read(cause(1), lookup::ping()).await.unwrap();
    desk.company.add_fault(Fault::new(FaultKind::TooManyRequests).times(3));
    let refused = first.read(cause(1), lookup::ping()).await;
    assert!(matches!(refused, Err(Failure::NotExecuted { .. })), "{refused:?}");
    assert_eq!(desk.trouble().await, Some((PauseCause::Throttled, 1)));
    let requests = desk.company.requests().requests;
    // The other replica waits through the pause and is the probe, or waits for it: one request at a time.
    let mut answers = Vec::new();
    while answers.last() != Some(&true) {
        let both = tokio::join!(first.read(cause(1), lookup::ping()), second.read(cause(2), lookup::ping()));
        answers.push(both.0.is_ok() && both.1.is_ok());
        assert!(answers.len() < 50);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(desk.trouble().await, None);
    assert!(desk.company.pending_faults().is_empty());
    // Two more refusals of probes, then good answers: nobody has knocked besides.
    assert!(
        desk.company.requests().requests - requests <= 2 + 2 + 2,
        "{}",
        desk.company.requests().requests - requests
    );
}

#[tokio::test]
async fn a_refused_sign_in_is_not_tried_again_by_another_replica() {
    let desk = Desk::start().await;
    let budget = Budget { limit: 1, warn_percent: 80, over: OverBudget::Warn };
    let wrong = desk.replica_with("wrong", budget);
    let refused = wrong.read(cause(1), lookup::ping()).await;
    assert!(matches!(refused, Err(Failure::NotExecuted { .. })), "{refused:?}");
    assert_eq!(desk.trouble().await, Some((PauseCause::SignIn, 1)));
    assert!(wrong.rest().unwrap() > Duration::from_secs(60));
    let requests = desk.company.requests().requests;
    let Err(Failure::NotExecuted { why, after, .. }) = desk.replica().read(cause(1), lookup::ping()).await else {
        panic!("the other replica has sent something");
    };
    assert!(why.contains("refuses the sign-in") && after.unwrap() > Duration::from_secs(60), "{why}");
    assert_eq!(desk.company.requests().requests, requests);
}

#[tokio::test]
async fn a_company_that_does_not_answer_is_left_in_peace_after_a_few_tries() {
    let desk = Desk::start().await;
    let gateway = desk.replica();
    desk.company.add_fault(Fault::new(FaultKind::ServerError).times(50));
    let mut tries = 0;
    while gateway.rest().is_none() {
        assert!(gateway.read(cause(1), lookup::ping()).await.is_err());
        tries += 1;
        assert!(tries < 20, "{:?}", desk.trouble().await);
    }
    assert_eq!(desk.trouble().await, Some((PauseCause::Offline, 5)));
}

#[tokio::test]
async fn a_replica_that_is_alone_tries_a_company_again_by_itself() {
    let desk = Desk::start().await;
    let gateway = desk.replica();
    // Five bring on the pause, the first try after it fails as well.
    desk.company.add_fault(Fault::new(FaultKind::ServerError).times(6));
    read_until(&gateway, async || gateway.read(cause(2), lookup::ping()).await.is_ok()).await;
    assert_eq!((gateway.rest(), desk.trouble().await), (None, None));
    assert!(desk.company.pending_faults().is_empty());
}

/// Reads until `stop`, one after the other; answers how many were answered.
async fn read_until(gateway: &Gateway, stop: impl AsyncFn() -> bool) -> u32 {
    let mut answered = 0;
    let begun = Instant::now();
    while !stop().await {
        assert!(begun.elapsed() < PATIENCE);
        answered += u32::from(gateway.read(cause(1), lookup::ping()).await.is_ok());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    answered
}

#[tokio::test]
async fn a_replica_that_had_no_answer_lets_another_try_a_company_that_rests() {
    let desk = Desk::start().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (cut_off, healthy) = (desk.replica_at(nobody, TIMEOUT), desk.replica());
    read_until(&cut_off, async || cut_off.rest().is_some()).await;
    assert_eq!(desk.trouble().await, Some((PauseCause::Offline, 5)));
    // Both have work all the time. With the probe of the cut off one the pause would double.
    let over = async || {
        let failures = desk.trouble().await.map(|(_, failures)| failures);
        assert!(failures.is_none_or(|failures| failures <= 5), "{failures:?}");
        failures.is_none()
    };
    let (none, some) = tokio::join!(
        read_until(&cut_off, over),
        read_until(&healthy, async || over().await && healthy.read(cause(2), lookup::ping()).await.is_ok())
    );
    assert!(none == 0 && some > 0, "{none} {some}");
}

#[tokio::test]
async fn a_replica_that_alone_has_no_answers_rests_by_itself_until_it_has_some() {
    let desk = Desk::start().await;
    let cable = Cable::lay(IpAddr::V4(Ipv4Addr::LOCALHOST), End::Tcp("127.0.0.1".into(), desk.served.address().port()));
    let cable = cable.await;
    cable.cut();
    let timeout = Duration::from_secs(1);
    let (cut_off, healthy) = (desk.replica_at(cable.address(), timeout), desk.replica());
    let resting = AtomicBool::new(false);
    let (answered, ()) = tokio::join!(read_until(&healthy, async || resting.load(SeqCst)), async {
        read_until(&cut_off, async || cut_off.rest().is_some()).await;
        assert_eq!(cut_off.rest(), Some(Duration::ZERO), "the company does not rest");
        let Err(Failure::NotExecuted { why, .. }) = cut_off.read(cause(3), lookup::ping()).await else {
            panic!("something was sent")
        };
        assert!(why.contains("no answer from Intacct company 'acme'") && why.contains("this host"), "{why}");
        resting.store(true, SeqCst);
    });
    assert!(answered > 10, "{answered}");
    assert!(desk.trouble().await.is_none_or(|(_, failures)| failures < 5), "no pause");
    cable.mend();
    read_until(&cut_off, async || cut_off.read(cause(4), lookup::ping()).await.is_ok()).await;
    assert_eq!((cut_off.rest(), desk.trouble().await), (None, None));
}

#[tokio::test]
async fn a_request_that_is_too_large_is_sent_in_parts() {
    let (desk, gateway) = with_customer().await;
    desk.company.add_fault(Fault::new(FaultKind::TooLarge).times(2).on_function("create_aradjustment"));
    let memos = (0..8).map(|n| {
        let gateway = gateway.clone();
        async move { gateway.write(cause(n), &format!("memo-{n}"), memo(&format!("M{n}"), "4100", -500)).await }
    });
    assert!(join_all(memos).await.iter().all(Result::is_ok));
    assert!(desk.company.pending_faults().is_empty());
    assert_eq!(desk.company.adjustments().len(), 8);
    assert_eq!(desk.trouble().await, None, "that is no trouble of the company");
}

#[tokio::test]
async fn functions_sent_together_are_all_posted_in_one_request() {
    let (desk, gateway) = with_customer().await;
    let sent = gateway.write_together(cause(1), refund(false)).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    assert_eq!(desk.company.adjustments().len(), 2);
    let last = desk.company.requests().recent.back().cloned().unwrap();
    assert_eq!(last.calls.len(), 2);
    assert!(last.body.contains("<operation transaction=\"true\">"), "{}", last.body);
    let again = gateway.write_together(cause(1), refund(false)).await;
    assert!(again.iter().all(|one| matches!(one, Err(Failure::AlreadyRecorded { .. }))), "{again:?}");
}

#[tokio::test]
async fn functions_sent_together_are_all_refused_with_the_reason_of_one() {
    let (desk, gateway) = with_customer().await;
    let sent = gateway.write_together(cause(1), refund(true)).await;
    for one in &sent {
        let Err(Failure::Refused { error, .. }) = one else { panic!("{one:?}") };
        assert!(error.contains("Account '9999' is not valid"), "{error}");
    }
    assert!(desk.company.adjustments().is_empty());
    // What was rolled back has not used up its control id.
    assert!(gateway.write_together(cause(1), refund(false)).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_lost_answer_leaves_all_that_were_sent_together_unknown() {
    for fault in [FaultKind::LoseAnswer, FaultKind::TruncateAnswer, FaultKind::DropBeforeExecuting] {
        let (desk, gateway) = with_customer().await;
        desk.company.add_fault(Fault::new(fault).on_function("create_aradjustment"));
        let sent = gateway.write_together(cause(1), refund(false)).await;
        assert!(sent.iter().all(|one| matches!(one, Err(Failure::Unknown { .. }))), "{fault:?}: {sent:?}");
        let there = if fault == FaultKind::DropBeforeExecuting { 0 } else { 2 };
        assert_eq!(desk.company.adjustments().len(), there);
    }
}

#[tokio::test]
async fn the_meter_counts_what_intacct_bills_by_function_store_and_order() {
    let (desk, gateway) = with_customer().await;
    gateway.write(cause(7), "a", memo("A", "4100", -500)).await.unwrap();
    gateway.write(cause(7), "b", memo("B", "9999", -500)).await.unwrap_err();
    gateway.write_together(cause(8), refund(false)).await;
    gateway.read(cause(8), lookup::ping()).await.unwrap();
    gateway.read(Cause { store: "acme-eu".into(), order: None }, lookup::ping()).await.unwrap();
    drop(gateway);
    desk.shutdown.begin();
    assert!(desk.shutdown.finish().await, "the last counts are written when the service stops");
    let used = desk.store.usage(COMPANY, Clock::system().now().to_zoned(jiff::tz::TimeZone::UTC).date()).await.unwrap();
    let shown: Vec<(String, String, u64)> =
        used.into_iter().map(|row| (row.store, row.function, row.transactions)).collect();
    let expected = [
        ("acme-eu", "query", 1),
        ("acme-us", "create CUSTOMER", 1),
        ("acme-us", "create_aradjustment", 3),
        ("acme-us", "query", 1),
    ];
    assert_eq!(shown, expected.map(|(store, function, count)| (store.to_owned(), function.to_owned(), count)));
    let total: u64 = shown.iter().map(|(_, _, count)| count).sum();
    assert_eq!(total, desk.company.requests().api_transactions);
    let of_order = desk.store.usage_of_order("acme-us", 8).await.unwrap();
    assert_eq!(of_order, [("create_aradjustment".to_owned(), 2), ("query".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_batch_of_counts_whose_commit_nobody_heard_of_is_added_once() {
    let desk = Desk::start().await;
    let key = |order| UsageKey {
        day: "2026-03-10".parse().unwrap(),
        store: "acme-us".into(),
        order,
        function: "create_invoice".into(),
    };
    let (process, batch) = (random_id(), [(key(Some(1)), 1), (key(Some(2)), 2), (key(None), 4)].into());
    for number in [1, 1, 2, 1] {
        desk.store.add_usage(COMPANY, process, number, &batch).await.unwrap();
    }
    desk.store.add_usage(COMPANY, random_id(), 1, &batch).await.unwrap();
    let used = desk.store.usage(COMPANY, "2026-03-31".parse().unwrap()).await.unwrap();
    assert_eq!(used[0].transactions, 3 * 7);
    assert_eq!(desk.store.usage_of_order("acme-us", 2).await.unwrap(), [("create_invoice".to_owned(), 3 * 2)].into());
    let now = "2026-04-02T00:00:00Z".parse().unwrap();
    let so_far = desk.store.month_to_date(COMPANY, now).await.unwrap();
    assert_eq!((so_far.used, so_far.previous, so_far.previous_days), (0, 21, 22));
}

#[tokio::test]
async fn a_forecast_over_the_limit_is_noted_once_and_stays_for_the_month() {
    let desk = Desk::start().await;
    let spent = Budget { limit: 1, warn_percent: 80, over: OverBudget::Daily };
    let gateway = desk.replica_with("sandbox-user-password", spent);
    assert!(!gateway.over_budget());
    for order in 0..3 {
        gateway.read(cause(order), lookup::ping()).await.unwrap();
    }
    let begun = tokio::time::Instant::now();
    while !gateway.over_budget() {
        assert!(begun.elapsed() < PATIENCE, "the forecast was never made");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let month = cartledger::store::usage::first_of_month(Clock::system().now());
    assert_eq!(desk.store.over_budget(COMPANY, month).await.unwrap().unwrap().budget, 1);
    assert!(!desk.store.note_over_budget(COMPANY, month, 9, 1).await.unwrap(), "it is no news");
}
