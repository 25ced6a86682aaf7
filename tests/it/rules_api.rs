//! Rules over the API one by one: searched, changed from what was seen, never overwritten, and what holds ask for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{Person, STORE, World, order_of};

const RULES: &str = "/v1/stores/test-shop/rules";

fn product(id: &str, sku: &str, account: &str) -> Value {
    json!({ "id": id, "kind": "product", "conditions": { "sku": sku }, "gives": { "account": account } })
}

fn by_id(id: &str) -> String {
    format!("{RULES}/by-id/{id}")
}

async fn found(person: &Person, query: &str) -> Vec<String> {
    let answer = person.get(&format!("{RULES}/search?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_created_changed_ended_and_removed_and_each_is_a_revision_of_its_author() {
    let world = World::start().await;
    let anna = world.person("anna", "preparer").await;
    let before = anna.get(RULES).await;
    assert_eq!(before.etag, format!("\"{}\"", before.body["revision"]));

    let wish = json!({ "rule": product("hats/all", "HAT-*", "4000"), "note": "hats are new" });
    let created = anna.send(Method::POST, RULES, None, &wish).await;
    assert_eq!((created.status, &created.body["added"]), (201, &json!(1)), "{created:?}");
    let again = anna.send(Method::POST, RULES, None, &wish).await;
    assert_eq!((again.status, again.code()), (409, "rule-does-not-allow-it"));
    assert_eq!(found(&anna, "kind=product&q=hAt-").await, ["hats/all"]);
    assert_eq!(found(&anna, "q=4210").await, ["refund-restocking"]);

    let address = by_id("hats%2Fall");
    let seen = anna.get(&address).await;
    assert_eq!((seen.etag.as_str(), &seen.body["rule"]["id"]), (created.etag.as_str(), &json!("hats/all")));
    let wish = json!({ "rule": product("hats/all", "HAT-*", "4010") });
    let blind = anna.send(Method::PUT, &address, None, &wish).await;
    assert_eq!((blind.status, blind.code()), (428, "if-match-missing"));
    let late = anna.send(Method::PUT, &address, Some(&before.etag), &wish).await;
    assert_eq!((late.status, late.code()), (412, "rules-changed-meanwhile"));
    let changed = anna.send(Method::PUT, &address, Some(&seen.etag), &wish).await;
    assert_eq!((changed.status, &changed.body["changed"]), (200, &json!(1)), "{changed:?}");
    let same = anna.send(Method::PUT, &address, Some(&changed.etag), &wish).await;
    assert_eq!((same.status, &same.etag), (200, &changed.etag), "what says the same is no new revision");
    let other = anna.send(Method::PUT, &by_id("shipping"), Some(&changed.etag), &wish).await;
    assert_eq!((other.status, other.code()), (422, "rule-id-differs"));

    let last_day = json!({ "last_day": "2026-12-31", "note": "no more hats" });
    let ended = anna.send(Method::POST, &format!("{address}/end"), Some(&changed.etag), &last_day).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    assert_eq!(found(&anna, "q=hat-&valid_on=2026-12-31").await, ["hats/all"]);
    assert!(found(&anna, "q=hat-&valid_on=2027-01-01").await.is_empty());

    let removed = anna.send(Method::DELETE, &format!("{address}?note=gone"), Some(&ended.etag), &Value::Null).await;
    assert_eq!((removed.status, &removed.body["removed"]), (200, &json!(1)), "{removed:?}");
    assert_eq!(anna.get(&address).await.status, 404);

    let revisions = anna.get(&format!("{RULES}/revisions?limit=4")).await;
    let told: Vec<String> = revisions.body["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {} {} {} {}", one["author"], one["note"], one["added"], one["changed"], one["removed"]))
        .collect();
    assert_eq!(
        told,
        [
            r#""anna" "gone" 0 0 1"#,
            r#""anna" "no more hats" 0 1 0"#,
            r#""anna" "" 0 1 0"#,
            r#""anna" "hats are new" 1 0 0"#
        ]
    );
    let next = anna.get(&format!("{RULES}/revisions?after={}", revisions.body["next_after"])).await;
    let first = &next.body["revisions"][0];
    assert_eq!((&first["author"], &first["note"]), (&json!("settings"), &json!("on behalf of test")));
    assert_eq!(first["rule_count"], before.body["rules"].as_array().unwrap().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_in_bulk_are_one_revision_or_none_and_everything_wrong_is_told_at_once() {
    let world = World::start().await;
    let anna = world.person("anna", "preparer").await;
    let bulk = format!("{RULES}/bulk");
    let before = anna.get(RULES).await;
    let wrong = json!({ "changes": [
        { "create": product("hats", "HAT-*", "4000") },
        { "remove": "no-such-rule" },
        { "end": { "id": "neither", "last_day": "2026-12-31" } },
    ] });
    let refused = anna.send(Method::POST, &bulk, Some(&before.etag), &wrong).await;
    assert_eq!((refused.status, refused.code()), (409, "rule-does-not-allow-it"));
    assert_eq!(refused.body["report"][1]["position"], 2, "{refused:?}");
    let tie = json!({ "changes": [{ "create": product("a", "X-*", "1") }, { "create": product("b", "X-*", "2") }] });
    let refused = anna.send(Method::POST, &bulk, Some(&before.etag), &tie).await;
    assert_eq!((refused.status, refused.code()), (422, "rules-not-valid"));
    assert_eq!(refused.body["report"][0]["rule"], "b", "{refused:?}");
    assert_eq!(anna.get(RULES).await.etag, before.etag);

    let good = json!({ "note": "spring", "changes": [
        { "create": product("hats", "HAT-*", "4000") },
        { "create": product("caps", "CAP-*", "4000") },
        { "change": product("product-gear", "GEAR-*", "4010") },
        { "remove": "product-downloads" },
    ] });
    let done = anna.send(Method::POST, &bulk, Some(&before.etag), &good).await;
    assert_eq!(done.status, 200, "{done:?}");
    let (from, to) = (before.etag.trim_matches('"'), done.etag.trim_matches('"'));
    let diff = anna.get(&format!("{RULES}/diff?from={from}&to={to}")).await;
    let changes = &diff.body["changes"];
    assert_eq!(changes["added"].as_array().unwrap().len(), 2);
    assert_eq!(changes["removed"][0]["id"], "product-downloads");
    assert_eq!(
        changes["changed"],
        json!([{ "rule": "product-gear", "fields": [{ "field": "account", "before": "4000", "after": "4010" }] }])
    );
    let back = anna.get(&format!("{RULES}/revisions/{from}")).await;
    assert_eq!(back.body["rules"], before.body["rules"]);
    let viewer = world.person("vera", "viewer").await;
    assert_eq!(viewer.send(Method::POST, &bulk, Some(&done.etag), &good).await.status, 403);
    assert_eq!(viewer.get(&format!("{RULES}/diff?from=0")).await.status, 200);
    assert_eq!(viewer.get(&format!("{RULES}/search?sku=x")).await.status, 400, "a filter that does not exist");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_rules_at_the_same_moment_nobody_overwrites_anybody() {
    let world = World::start().await;
    let anna = world.person("anna", "preparer").await;
    let created = futures_util::future::join_all((0..8).map(|number| {
        let wish = json!({ "rule": product(&format!("p-{number}"), &format!("P-{number}-*"), "4000") });
        let anna = &anna;
        async move { anna.send(Method::POST, RULES, None, &wish).await }
    }));
    let mut expected = Vec::new();
    for (number, answer) in created.await.into_iter().enumerate() {
        match answer.status {
            201 => expected.push(format!("p-{number}")),
            _ => assert_eq!((answer.status, answer.code()), (409, "rules-busy"), "{answer:?}"),
        }
    }
    assert!(!expected.is_empty());
    let there = found(&anna, "q=p-").await.into_iter().filter(|id| id.starts_with("p-")).collect::<Vec<_>>();
    assert_eq!(there, expected);

    let seen = anna.get(RULES).await;
    let put = futures_util::future::join_all((0..4).map(|number| {
        let wish = json!({ "rule": product("product-gear", "GEAR-*", &format!("400{number}")) });
        let (anna, etag) = (&anna, &seen.etag);
        async move { anna.send(Method::PUT, &by_id("product-gear"), Some(etag), &wish).await.status }
    }));
    let mut statuses = put.await;
    statuses.sort_unstable();
    assert!(statuses.contains(&200), "one of them at least: {statuses:?}");
    // One of them may say what is there already.
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count()
            + statuses.iter().filter(|status| **status == 412).count(),
        4
    );
    let told = anna.get(&format!("{RULES}/diff?from={}", seen.body["revision"])).await;
    let newest = anna.get(RULES).await.body["revision"].as_i64().unwrap();
    assert!(newest <= seen.body["revision"].as_i64().unwrap() + 1, "one of the four at most: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_orders_have_and_no_rule_covers_is_ranked_by_money_and_a_draft_posts_them() {
    let world = World::start().await;
    world.mirrored().await;
    let anna = world.person("anna", "preparer").await;
    let mut orders = Vec::new();
    for (sku, cents) in [("NEW-1", 1_000), ("NEW-2", 5_000), ("NEW-1", 2_000)] {
        orders.push(world.shop.place_order(&order_of(sku, cents)).unwrap());
    }
    world.settle().await;
    let answer = anna.get(&format!("{RULES}/unmapped?kind=product")).await;
    let unmapped = answer.body["unmapped"].as_array().unwrap();
    let told: Vec<String> = unmapped
        .iter()
        .map(|one| format!("{} {} {} {}", one["rank"], one["facts"][0]["value"], one["orders"], one["amounts"]["USD"]))
        .collect();
    assert_eq!(told.len(), 2, "{answer:?}");
    assert!(told[0].starts_with(r#"1 "NEW-2" 1 "50"#) && told[1].starts_with(r#"2 "NEW-1" 2 "30"#), "{told:?}");
    assert!(unmapped[0]["first_order_date"].is_string() && !unmapped[0]["tied"].as_bool().unwrap());
    assert_eq!(anna.get(&format!("{RULES}/unmapped?kind=tax")).await.body["unmapped"], json!([]));
    let page = anna.get(&format!("{RULES}/unmapped?limit=1&after=1")).await;
    assert_eq!((&page.body["unmapped"][0]["rank"], page.body.get("next_after")), (&json!(2), None));

    for one in unmapped {
        let saved = anna.send(Method::POST, RULES, None, &one["proposal"]["request"]).await;
        assert_eq!((saved.status, &saved.body["warnings"]), (201, &json!([])), "{saved:?}");
    }
    world.settle().await;
    for order in orders {
        let standing = anna.get(&format!("/v1/stores/{STORE}/orders/{order}")).await;
        assert_eq!(standing.body["outcome"], "posted", "{standing:?}");
    }
    assert_eq!(anna.get(&format!("{RULES}/unmapped")).await.body["unmapped"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_looked_at_without_being_saved_and_what_they_could_give_is_suggested() {
    let world = World::start().await;
    world.mirrored().await;
    let vera = world.person("vera", "viewer").await;
    let lint = format!("{RULES}/lint");
    let newest = vera.send(Method::POST, &lint, None, &json!({})).await;
    assert_eq!(
        (newest.status, &newest.body["valid"], &newest.body["warnings"]),
        (200, &json!(true), &json!([])),
        "{newest:?}"
    );
    assert!(newest.body["findings"].as_array().unwrap().iter().any(|one| one["kind"] == "catch-all"));
    let rules = json!({ "rules": [product("a", "A-*", "no-such-account"), product("b", "A-*", ""), { "id": "c", "kind": "tea" }] });
    let wrong = vera.send(Method::POST, &lint, None, &rules).await;
    assert_eq!((&wrong.body["valid"], &wrong.body["problems"][0]["rule"]), (&json!(false), &json!("c")), "{wrong:?}");
    assert!(wrong.body["warnings"][0].as_str().unwrap().contains("no-such-account"));
    let rules = json!({ "rules": [product("a", "A-*", "4000"), product("b", "A-*", "")] });
    let wrong = vera.send(Method::POST, &lint, None, &rules).await;
    assert_eq!(wrong.body["problems"][0]["field"], "account", "{wrong:?}");
    assert_eq!(vera.get(RULES).await.body["revision"], vera.get(&format!("{RULES}/search")).await.body["revision"]);

    let asked = async |query: &str| vera.get(&format!("{RULES}/suggestions?{query}")).await;
    let accounts = asked("give=account&q=4010&limit=3").await;
    assert_eq!(
        (&accounts.body["kind"], &accounts.body["suggestions"][0]["value"]),
        (&json!("gl-account"), &json!("4010"))
    );
    assert_eq!(accounts.body["suggestions"][0]["used_by"], 1, "{accounts:?}");
    let name = accounts.body["suggestions"][0]["name"].as_str().unwrap().to_owned();
    let by_name = asked(&format!("give=account&q={}", name.replace(' ', "%20"))).await;
    assert_eq!(by_name.body["suggestions"][0]["value"], "4010", "{by_name:?}");
    assert!(!asked("give=location").await.body["suggestions"].as_array().unwrap().is_empty());
    let words = asked("give=closed_period&q=next").await;
    assert_eq!(words.body["suggestions"][0]["value"], "next-open", "{words:?}");
    assert_eq!(asked("give=tea").await.status, 400);
}

#[test]
fn every_schema_that_the_description_names_is_in_it_and_no_two_operations_have_one_id() {
    let description = serde_json::to_value(cartledger::http::admin::description()).unwrap();
    let text = description.to_string();
    let named = text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
    for name in named {
        assert!(description["components"]["schemas"].get(name).is_some(), "{name} is not described");
    }
    let operations =
        description["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let mut ids: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}
