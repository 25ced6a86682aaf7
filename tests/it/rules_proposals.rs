//! Where two persons are asked for: a change is a proposal, somebody else approves it, and nobody gets around that.

use cartledger::store::rule_proposal::Approval;
use cartledger::store::rulebook::NewRevision;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{Person, World, demo_rules, order_of};

const CAREFUL: &str = "/v1/stores/careful-shop/rules";

/// A second store in the same world, whose rules are changed by two persons.
const SETTINGS: &str = r#"
[[stores]]
name = "careful-shop"
store_hash = "testhash1"
api_url = "http://shop.invalid"
access_token = { env = "T_ACCESS_TOKEN" }
client_secrets = [{ env = "T_CLIENT_SECRET" }]
company = "sandbox"
approve_rules = true
[stores.accounting]
receivable_account = "1100"
number_prefix = "C-"
time_zone = "America/Chicago"
"#;

async fn world() -> World {
    World::start_with(SETTINGS).await
}

fn shipping(account: &str) -> Value {
    json!({ "rule": { "id": "shipping", "kind": "shipping", "gives": { "account": account } } })
}

async fn propose(person: &Person, rules: &Value, note: &str) -> i64 {
    let wish = json!({ "rules": rules, "note": note });
    let answer = person.send(Method::PUT, CAREFUL, None, &wish).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.body["id"].as_i64().unwrap()
}

async fn decide(person: &Person, id: i64, what: &str) -> (u16, String) {
    let body = if what == "reject" { json!({ "reason": "not now" }) } else { Value::Null };
    let answer = person.send(Method::POST, &format!("{CAREFUL}/proposals/{id}/{what}"), None, &body).await;
    (answer.status, answer.code().to_owned())
}

fn said(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_waits_for_somebody_else_and_is_then_a_revision_of_both() {
    let world = world().await;
    let anna = world.person("anna", "admin").await;
    let bert = world.person("bert", "approver").await;
    let paul = world.person("paul", "preparer").await;
    let id = propose(&anna, &demo_rules(), "the first rules").await;
    assert_eq!(anna.get(CAREFUL).await.status, 404, "nothing is saved yet");
    assert_eq!(decide(&anna, id, "approve").await, said(403, "own-proposal"), "not even an admin");
    assert_eq!(decide(&paul, id, "approve").await, said(403, "role-too-low"));
    let seen = bert.get(&format!("{CAREFUL}/proposals/{id}")).await;
    assert_eq!((&seen.body["state"], &seen.body["proposed_by"]), (&json!("open"), &json!("anna")));
    assert_eq!(seen.body["changes"]["added"].as_array().unwrap().len(), demo_rules().as_array().unwrap().len());
    assert!(seen.body["findings"].is_array() && seen.body["warnings"].is_array());

    assert_eq!(decide(&bert, id, "approve").await, said(200, ""));
    let now = bert.get(CAREFUL).await;
    assert_eq!((&now.body["author"], &now.body["approved_by"]), (&json!("anna"), &json!("bert")));
    assert_eq!(now.body["note"], "the first rules");
    assert_eq!(decide(&bert, id, "approve").await, said(409, "proposal-decided"), "it is decided once");
    let listed = bert.get(&format!("{CAREFUL}/proposals?state=approved")).await;
    assert_eq!(listed.body["proposals"][0]["revision"], now.body["revision"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_change_rules_makes_a_proposal() {
    let world = world().await;
    let (anna, bert) = (world.person("anna", "preparer").await, world.person("bert", "approver").await);
    let id = propose(&anna, &demo_rules(), "").await;
    assert_eq!(decide(&bert, id, "approve").await, said(200, ""));
    let now = anna.get(CAREFUL).await;
    let etag = Some(now.etag.as_str());
    let rule =
        json!({ "id": "hats", "kind": "product", "conditions": { "sku": "HAT-*" }, "gives": { "account": "4000" } });
    let by_id = format!("{CAREFUL}/by-id/shipping");
    let answers = [
        anna.send(Method::POST, CAREFUL, None, &json!({ "rule": rule })).await,
        anna.send(Method::PUT, &by_id, etag, &shipping("4020")).await,
        anna.send(Method::POST, &format!("{by_id}/end"), etag, &json!({ "last_day": "2026-12-31" })).await,
        anna.send(Method::DELETE, &by_id, etag, &Value::Null).await,
        anna.send(Method::POST, &format!("{CAREFUL}/bulk"), etag, &json!({ "changes": [{ "remove": "shipping" }] }))
            .await,
        anna.send_table(&format!("{CAREFUL}/import?mode=replace"), etag, "id,kind,account\nshipping,shipping,4020\n")
            .await,
    ];
    for answer in &answers {
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    assert!(answers[5].body["proposal"].is_i64() && answers[5].body["applied"] == json!(false));
    assert_eq!(anna.get(CAREFUL).await.etag, now.etag, "none of them is saved");
    let open = anna.get(&format!("{CAREFUL}/proposals?state=open")).await;
    assert_eq!(open.body["proposals"].as_array().unwrap().len(), answers.len());
    let same = anna.send(Method::PUT, &by_id, etag, &shipping("4010")).await;
    assert_eq!(same.status, 202, "another note is a change");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_no_longer_fits_says_why_and_one_that_does_is_made_to_the_newest_rules() {
    let world = world().await;
    let (anna, bert) = (world.person("anna", "approver").await, world.person("bert", "approver").await);
    let id = propose(&anna, &demo_rules(), "").await;
    assert_eq!(decide(&bert, id, "approve").await, said(200, ""));
    let etag = anna.get(CAREFUL).await.etag;
    let by_id = |id: &str| format!("{CAREFUL}/by-id/{id}");
    let proposed = async |person: &Person, path: String, wish: Value| {
        person.send(Method::PUT, &path, Some(&etag), &wish).await.body["id"].as_i64().unwrap()
    };
    let first = proposed(&anna, by_id("shipping"), shipping("4020")).await;
    let second = proposed(&bert, by_id("shipping"), shipping("4000")).await;
    let handling = json!({ "rule": { "id": "handling", "kind": "handling", "gives": { "account": "4010" } } });
    let third = proposed(&bert, by_id("handling"), handling).await;
    assert_eq!(decide(&bert, first, "approve").await, said(200, ""));

    let seen = anna.get(&format!("{CAREFUL}/proposals/{second}")).await;
    assert_eq!(seen.body["state"], "outdated");
    assert_eq!(seen.body["outdated"], json!(["the rule 'shipping' was changed meanwhile"]));
    assert_eq!(decide(&anna, second, "approve").await, said(409, "proposal-outdated"));
    assert_eq!(decide(&anna, third, "approve").await, said(200, ""), "it is about another rule");
    let rules = anna.get(CAREFUL).await.body["rules"].clone();
    let account =
        |id: &str| rules.as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap()["gives"]["account"].clone();
    assert_eq!((account("shipping"), account("handling")), (json!("4020"), json!("4010")), "both changes stand");
    let listed = anna.get(&format!("{CAREFUL}/proposals?state=open")).await;
    assert_eq!(listed.body["proposals"][0]["state"], "outdated");

    assert_eq!(decide(&anna, second, "withdraw").await, said(403, "not-your-proposal"));
    assert_eq!(decide(&bert, second, "withdraw").await, said(200, ""));
    assert_eq!(decide(&anna, second, "reject").await, said(409, "proposal-decided"));
    let fourth = propose(&bert, &json!([]), "clean up").await;
    assert_eq!(decide(&anna, fourth, "reject").await, said(200, ""));
    let rejected = bert.get(&format!("{CAREFUL}/proposals/{fourth}")).await;
    assert_eq!((&rejected.body["state"], &rejected.body["reason"]), (&json!("rejected"), &json!("not now")));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_approvals_at_the_same_moment_one_saves_and_the_database_refuses_the_proposer_itself() {
    let world = world().await;
    let (anna, bert) = (world.person("anna", "approver").await, world.person("bert", "approver").await);
    let id = propose(&anna, &demo_rules(), "").await;
    let tries = futures_util::future::join_all((0..6).map(|number| {
        let person = if number % 2 == 0 { &bert } else { &anna };
        decide(person, id, "approve")
    }));
    let statuses: Vec<u16> = tries.await.into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let revisions = anna.get(&format!("{CAREFUL}/revisions")).await;
    assert_eq!(revisions.body["revisions"].as_array().unwrap().len(), 1);

    let own = sqlx::query("update rule_proposal set decided_by = proposed_by where store = 'careful-shop'");
    assert!(own.execute(world.pool()).await.unwrap_err().to_string().contains("check constraint"));
    let none = json!([]);
    let base = revisions.body["revisions"][0]["revision"].as_i64().unwrap();
    let taken = NewRevision { base, ..NewRevision::first("careful-shop", &none, "anna") };
    let other = propose(&anna, &json!([]), "").await;
    let approval = world.store.approve_proposal(other, "Anna", &taken).await.unwrap();
    assert_eq!(approval, Approval::NotTheirs);
    assert!(!world.store.close_proposal("careful-shop", other, true, "bert", "").await.unwrap());
    let revisions = anna.get(&format!("{CAREFUL}/revisions")).await;
    assert_eq!(revisions.body["revisions"].as_array().unwrap().len(), 1, "and nothing was saved with it");
    let withdrawn = world.store.close_proposal("careful-shop", other, true, "Anna", "").await.unwrap();
    assert!(withdrawn, "capitals make no other person where it is withdrawn either");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_held_for_want_of_rules_is_run_again_when_they_are_approved() {
    let world = world().await;
    let order = world.shop.place_order(&order_of("GEAR-1", 1_000)).unwrap();
    world.settle().await;
    let (anna, bert) = (world.person("anna", "preparer").await, world.person("bert", "approver").await);
    // The other store cannot read its orders; it is enough to see that the order is due.
    let held = "insert into hold (store, order_id, code, subject, message, remedy)
                values ('careful-shop', $1, 'missing-rule', 'rulebook', '', '')";
    sqlx::query(held).bind(i64::try_from(order).unwrap()).execute(world.pool()).await.unwrap();
    let id = propose(&anna, &demo_rules(), "").await;
    let due = async || {
        let lanes = sqlx::query_scalar("select count(*) from lane where store = 'careful-shop'");
        let lanes: i64 = lanes.fetch_one(world.pool()).await.unwrap();
        lanes
    };
    assert_eq!(due().await, 0, "a proposal releases nothing");
    assert_eq!(decide(&bert, id, "approve").await, said(200, ""));
    assert_eq!(due().await, 1);
}
