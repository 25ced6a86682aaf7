//! `cartledger bench-sync`, small: what it reports of limits that must hold, whatever the speed.

use cartledger::embedded::{EmbeddedPostgres, Purpose};
use serde_json::Value;
use tokio::process::Command;

/// What a run reports.
async fn report(options: &[&str]) -> Value {
    let given = cartledger::config::Environment::of_process().get("DATABASE_URL").map(str::to_owned);
    let server = EmbeddedPostgres::given_or_start(given.as_deref(), Purpose::Tests, None).await.unwrap();
    let url = given.unwrap_or_else(|| server.url("postgres"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_cartledger"));
    command.args(["bench-sync", "--json"]).args(options).env("DATABASE_URL", url);
    let output = command.output().await.unwrap();
    let (said, printed) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{said}");
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// Three webhooks of one order, with the settings' own rest after a webhook.
fn assert_read_once(report: &Value) {
    let together = &report["together"];
    assert_eq!((&together["webhooks"], &together["reads"], &together["calls"]), (&3.into(), &1.into(), &4.into()));
}

#[tokio::test]
async fn requests_at_a_time_and_quota_are_kept_and_every_order_costs_four_calls_and_two_transactions() {
    let options = "--orders 40 --latency 20 --concurrency 2 --documents-per-request 3 --quota 60 --window 1";
    let report = report(&options.split(' ').collect::<Vec<_>>()).await;
    let (speed, orders) = (&report["speed"], 40);
    let (intacct, shop) = (&speed["intacct"], &speed["bigcommerce"]);
    assert!((1..=2).contains(&intacct["most_under_way"].as_u64().unwrap()), "{intacct}");
    assert_eq!((&intacct["allowed"], &intacct["refused"]), (&2.into(), &0.into()));
    assert_eq!(intacct["api_transactions_per_order"], 2.0);
    assert_eq!(
        (&shop["limited"], &shop["calls_per_order"], &shop["reads_per_order"]),
        (&0.into(), &4.0.into(), &1.0.into())
    );
    assert!(shop["calls"].as_u64().unwrap() >= 4 * orders);
    let windows = shop["quota"]["whole_windows"].as_array().unwrap();
    assert!(!windows.is_empty(), "160 calls are more than one window of 60: {shop}");
    assert!(windows.iter().all(|used| used.as_u64().unwrap() <= 60), "{shop}");
    assert_eq!(speed["setting"]["orders"], orders);
    for part in speed["timeline"].as_array().unwrap().iter().chain([&speed["limited_by"]]) {
        let shares: f64 = part["percent"].as_object().unwrap().values().map(|share| share.as_f64().unwrap()).sum();
        assert!((shares - 100.0).abs() < 0.01, "{part}");
    }
    assert!(speed["limited_by"]["percent"]["bigcommerce_quota"].as_f64().is_some(), "{}", speed["limited_by"]);
    assert_read_once(&report);
}

#[tokio::test]
async fn orders_that_are_summed_up_by_day_are_read_with_four_calls_each_and_share_their_documents() {
    let report = report(&["--mode", "daily", "--orders", "12", "--latency", "5"]).await;
    let speed = &report["speed"];
    assert_eq!(speed["bigcommerce"]["calls_per_order"], 4.0);
    assert!(speed["intacct"]["api_transactions_per_order"].as_f64().unwrap() < 1.0, "{}", speed["intacct"]);
    assert!(speed.get("percent_of_ceiling").is_none(), "there is none to compare with");
}

#[tokio::test]
async fn every_webhook_to_an_idle_service_leads_to_a_request_for_its_order() {
    let report = report(&["--wake", "3", "--debounce", "150"]).await;
    let wake = &report["wake"];
    assert_eq!((&wake["webhooks"], &wake["debounce_ms"]), (&3.into(), &150.into()));
    let took = |name: &str| wake[name].as_f64().unwrap();
    assert!(took("p50_ms") <= took("p99_ms") && took("p99_ms") <= took("max_ms"), "{wake}");
    assert!(report.get("speed").is_none());
    assert_read_once(&report);
}
