//! Holds open and close with what the runs find, and a new revision of the rules makes held orders due by itself.

use std::time::Duration;

use cartledger::clock::random_id;
use cartledger::store::Store;
use cartledger::store::hold::NewHold;
use cartledger::store::lane::ClaimFrom;
use cartledger::store::order::OrderStanding;
use cartledger::store::rulebook::NewRevision;
use serde_json::json;

use crate::support::database::TestDatabase;

fn held(order_id: u64) -> OrderStanding {
    OrderStanding {
        store: "acme-us".into(),
        order_id,
        outcome: "held".into(),
        reason: "no rule".into(),
        status: "Awaiting Fulfillment".into(),
        order_date: None,
        customer_id: None,
        currency: None,
        total: None,
        open_balance: None,
        evidence_hash: None,
        revision: None,
        updated_at: None,
    }
}

fn hold(subject: &str) -> NewHold {
    NewHold {
        code: "missing-rule".into(),
        subject: subject.into(),
        message: format!("no product rule for {subject}"),
        remedy: "Add a rule".into(),
        amount: None,
        currency: None,
    }
}

async fn subjects(store: &Store, order_id: u64) -> Vec<String> {
    let open = store.open_holds(Some("acme-us"), Some(order_id), 0, 100).await.unwrap();
    open.into_iter().map(|stored| stored.hold.subject).collect()
}

#[tokio::test]
async fn a_run_replaces_the_open_holds_of_its_order_only() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    store.save_standing(&held(1), &[hold("SKU-A"), hold("SKU-B")]).await.unwrap();
    store.save_standing(&held(2), &[hold("SKU-A")]).await.unwrap();
    let before = store.open_holds(Some("acme-us"), Some(1), 0, 100).await.unwrap();
    store.save_standing(&held(1), &[hold("SKU-B"), hold("SKU-C")]).await.unwrap();
    assert_eq!(subjects(&store, 1).await, ["SKU-B", "SKU-C"]);
    assert_eq!(subjects(&store, 2).await, ["SKU-A"]);
    let after = store.open_holds(Some("acme-us"), Some(1), 0, 100).await.unwrap();
    assert_eq!(after[0].opened_at, before[1].opened_at, "a hold that stays keeps its age");
}

#[tokio::test]
async fn a_new_revision_of_the_rules_makes_held_orders_due() {
    let database = TestDatabase::new().await;
    let store = Store::from_pool(database.pool().clone());
    store.save_standing(&held(1), &[hold("SKU-A")]).await.unwrap();
    store.save_standing(&held(2), &[]).await.unwrap();
    let revision = store.save_rulebook(&NewRevision::first("acme-us", &json!([]), "anna")).await.unwrap().unwrap();
    let claimed = store.claim(10, Duration::from_secs(60), random_id(), &[ClaimFrom::all("acme-us")]).await.unwrap();
    assert_eq!(claimed.iter().map(|lane| lane.order_id).collect::<Vec<_>>(), [1]);
    assert_eq!(store.latest_rulebook("acme-us").await.unwrap().unwrap().number, revision);
}
