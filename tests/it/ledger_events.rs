//! Ledger events through the real program: reported over the API, posted once, held with a reason, never sent twice.

use cartledger::sandbox::intacct::{Fault, FaultKind, SettingsChange};
use cartledger::store::ledger_event::NewEvent;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::world::{STORE, World, demo_rules, order_of};

/// The demo's rules with those that events ask for.
fn rules() -> Value {
    let mut rules = demo_rules();
    let parts =
        [("bank", "1010"), ("fee", "6100"), ("dispute", "1180"), ("dispute-fee", "6110"), ("chargeback-loss", "6120")];
    for (part, account) in parts {
        let rule = json!({ "id": format!("settlement-{part}"), "kind": "settlement", "conditions": { "part": part },
                           "gives": { "account": account } });
        rules.as_array_mut().unwrap().push(rule);
    }
    rules
}

fn payout(id: &str, gross: &str, fees: &str, net: &str) -> Value {
    json!({ "payout": { "gateway": "stripe", "id": id, "date": "2026-03-13", "currency": "USD",
                        "gross": gross, "fees": fees, "net": net } })
}

fn dispute(what: &str, amount: &str, fee: &str) -> Value {
    json!({ what: { "gateway": "stripe", "id": "dp_1", "date": "2026-03-20", "currency": "USD",
                    "amount": amount, "fee": fee } })
}

impl World {
    /// Reports events; the status and the answer.
    async fn report(&self, events: &Value) -> (u16, Value) {
        self.post_json(&format!("/v1/stores/{STORE}/events"), events).await
    }

    async fn events(&self) -> Vec<Value> {
        let text = self.get(&format!("/v1/stores/{STORE}/events")).await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["events"].as_array().unwrap().clone()
    }

    /// Waits until no event is to be tried any more; their states by name.
    async fn events_rest(&self) -> Vec<(String, String)> {
        let begun = tokio::time::Instant::now();
        loop {
            let events = self.events().await;
            if events.iter().all(|event| event["state"] != "waiting") {
                let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
                return events.iter().map(|event| (text(event, "name"), text(event, "state"))).collect();
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{events:?}\n{}", self.log());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    fn balance(&self, account: &str) -> Decimal {
        self.balances().get(account).copied().unwrap_or_default()
    }
}

fn states(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
}

#[tokio::test]
async fn a_payout_and_a_lost_dispute_become_journals_once_however_often_they_are_reported() {
    let world = World::start().await;
    assert_eq!(world.put_rules(&rules()).await, 201);
    world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let events = json!([
        payout("po_1", "129.90", "4.07", "125.83"),
        dispute("dispute_opened", "129.90", "15.00"),
        dispute("dispute_lost", "129.90", "0.00"),
    ]);
    assert_eq!(world.report(&events).await, (202, json!({ "new": 3, "unchanged": 0, "replaced": 0 })));
    let posted = states(&[
        ("dispute-lost/stripe-dp_1", "posted"),
        ("dispute-opened/stripe-dp_1", "posted"),
        ("payout/stripe-po_1", "posted"),
    ]);
    assert_eq!(world.events_rest().await, posted);
    let usd = |cents| Decimal::new(cents, 2);
    let balances = ["1010", "6100", "1180", "6110", "6120", "1150-S"].map(|account| world.balance(account));
    assert_eq!(balances, [usd(12583), usd(407), usd(0), usd(1500), usd(12990), usd(-14490)]);

    assert_eq!(world.report(&events).await, (202, json!({ "new": 0, "unchanged": 3, "replaced": 0 })));
    assert_eq!(world.events_rest().await, posted);
    assert_eq!(world.company.journals().len(), 3);
}

#[tokio::test]
async fn an_event_without_its_rules_is_held_and_goes_on_when_they_are_there() {
    let world = World::start().await;
    let (status, _) = world.report(&json!([payout("po_2", "50.00", "1.00", "49.00")])).await;
    assert_eq!(status, 202);
    assert_eq!(world.events_rest().await, states(&[("payout/stripe-po_2", "held")]));
    let holds = world.store.open_holds(Some(STORE), None, 0, 10).await.unwrap();
    assert_eq!(holds.iter().map(|hold| hold.hold.code.as_str()).collect::<Vec<_>>(), ["missing-rule", "missing-rule"]);
    assert!(world.company.journals().is_empty());

    assert_eq!(world.put_rules(&rules()).await, 201);
    assert_eq!(world.events_rest().await, states(&[("payout/stripe-po_2", "posted")]));
    assert!(world.store.open_holds(Some(STORE), None, 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_event_on_an_inactive_account_is_held_before_it_is_sent_and_goes_on_when_that_is_active() {
    let world = World::start().await;
    world.mirrored().await;
    assert_eq!(world.put_rules(&rules()).await, 201);
    let change = SettingsChange { deactivate_account: Some("6100".into()), ..SettingsChange::default() };
    world.company.change(&change).unwrap();
    world.refresh_masters().await;
    let (status, _) = world.report(&json!([payout("po_3", "50.00", "1.00", "49.00")])).await;
    assert_eq!(status, 202);
    assert_eq!(world.events_rest().await, states(&[("payout/stripe-po_3", "held")]));
    let holds = world.store.open_holds(Some(STORE), None, 0, 10).await.unwrap();
    let found: Vec<&str> = holds.iter().map(|hold| hold.hold.subject.as_str()).collect();
    assert_eq!(found, ["GL account 6100"]);
    let log = world.company.requests();
    assert!(!log.calls().iter().any(|call| call.function.starts_with("create")), "nothing was sent");

    let change = SettingsChange { activate_account: Some("6100".into()), ..SettingsChange::default() };
    world.company.change(&change).unwrap();
    world.refresh_masters().await;
    assert_eq!(world.events_rest().await, states(&[("payout/stripe-po_3", "posted")]));
    assert!(world.store.open_holds(Some(STORE), None, 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_does_not_add_up_is_held_and_may_be_reported_anew_until_it_is_sent() {
    let world = World::start().await;
    assert_eq!(world.put_rules(&rules()).await, 201);
    assert_eq!(world.report(&json!([payout("po_3", "50.00", "1.00", "48.00")])).await.0, 202);
    assert_eq!(world.events_rest().await, states(&[("payout/stripe-po_3", "held")]));
    let (status, answer) = world.report(&json!([payout("po_3", "50.00", "2.00", "48.00")])).await;
    assert_eq!((status, &answer["replaced"]), (202, &json!(1)));
    assert_eq!(world.events_rest().await, states(&[("payout/stripe-po_3", "posted")]));

    let (status, answer) =
        world.report(&json!([payout("po_4", "1.00", "0.00", "1.00"), payout("po_3", "60.00", "2.00", "58.00")])).await;
    assert_eq!((status, &answer["code"]), (409, &json!("event-already-sent")));
    assert_eq!(world.events_rest().await.len(), 1, "nothing of a refused list is kept");
    let (status, answer) = world.report(&json!([{ "payout": { "gateway": "stripe" } }])).await;
    assert_eq!((status, &answer["code"]), (422, &json!("events-not-valid")));
    assert!(answer["title"].as_str().unwrap().contains("event 1 (payout)"), "{answer}");
}

#[tokio::test]
async fn an_event_whose_answer_is_lost_is_looked_up_and_not_sent_again() {
    let mut world = World::start().await;
    assert_eq!(world.put_rules(&rules()).await, 201);
    world.company.add_fault(Fault::new(FaultKind::LoseAnswer).on_function("create GLBATCH"));
    world.company.add_fault(Fault::new(FaultKind::Delay { milliseconds: 400 }).after(1).on_function("create GLBATCH"));
    assert_eq!(world.report(&json!([payout("po_5", "10.00", "1.00", "9.00")])).await.0, 202);
    assert_eq!(world.events_rest().await, states(&[("payout/stripe-po_5", "posted")]));
    assert_eq!(world.company.journals().len(), 1);

    assert_eq!(world.report(&json!([payout("po_6", "10.00", "1.00", "9.00")])).await.0, 202);
    world.kill_service_during("create GLBATCH").await;
    world.start_service().await;
    assert_eq!(world.events_rest().await.last(), states(&[("payout/stripe-po_6", "posted")]).last());
    assert_eq!(world.company.journals().len(), 2);
}

#[tokio::test]
async fn what_is_decided_of_an_earlier_report_does_not_count() {
    let world = World::start().await;
    let store = &world.store;
    // In a store that nobody works on.
    let event = |cents: i64| NewEvent {
        name: "payout/stripe-po_9".into(),
        subject: "stripe-po_9".into(),
        day: "2026-03-13".parse().unwrap(),
        event: json!({ "net": cents }),
    };
    store.keep_events("elsewhere", &[event(1)]).await.unwrap();
    let first = store.due_events("elsewhere", 10).await.unwrap().remove(0);
    store.keep_events("elsewhere", &[event(2)]).await.unwrap();
    store.settle_event("elsewhere", &first.event.name, first.version).await.unwrap();
    store.put_off_event("elsewhere", &first.event.name, first.version, None).await.unwrap();
    let again = store.due_events("elsewhere", 10).await.unwrap().remove(0);
    assert_eq!((again.due, again.settled_at, again.event.event), (true, None, json!({ "net": 2 })));
    store.settle_event("elsewhere", &again.event.name, again.version).await.unwrap();
    assert!(store.due_events("elsewhere", 10).await.unwrap().is_empty());
}
