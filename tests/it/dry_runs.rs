//! Dry runs through the real program: the right figures under any rules, and nothing posted, held, released or made due.

use std::collections::BTreeMap;
use std::time::Duration;

use cartledger::clock::Clock;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::world::{STORE, World, demo_rules, order_of};

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// Noon of a day in March in Chicago, where the shop is.
fn march() -> Clock {
    Clock::fixed("2026-03-12T17:00:00Z".parse().unwrap())
}

fn runs() -> String {
    format!("/v1/stores/{STORE}/dry-runs")
}

/// The demo's rules with clothing booked as shipping is.
fn clothing_on_4010() -> Value {
    let mut rules = demo_rules();
    let clothing = rules.as_array_mut().unwrap().iter_mut().find(|rule| rule["id"] == "product-clothing").unwrap();
    clothing["gives"]["account"] = "4010".into();
    rules
}

async fn read(world: &World, path: &str) -> Value {
    let answer = world.get(path).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn begin(world: &World, request: &Value) -> i64 {
    let (status, run) = world.post_json(&runs(), request).await;
    assert_eq!(status, 202, "{run}");
    run["id"].as_i64().unwrap()
}

async fn done(world: &World, id: i64) -> Value {
    let path = format!("{}/{id}", runs());
    world.wait_until("the dry run is done", async || read(world, &path).await["state"] == "done").await;
    read(world, &path).await
}

/// All rows of a result, page by page.
async fn rows(world: &World, id: i64, result: &str, limit: u32) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let sign = if result.contains('?') { '&' } else { '?' };
        let mut page = read(world, &format!("{}/{id}/{result}{sign}limit={limit}{after}", runs())).await;
        all.append(page["rows"].as_array_mut().unwrap());
        match page["next_after"].as_str() {
            Some(next) => after = format!("&after={}", next.replace('|', "%7C")),
            None => return all,
        }
    }
}

/// All rows of a result as a table.
async fn table(world: &World, id: i64, result: &str) -> Vec<BTreeMap<String, String>> {
    let answer = world.get(&format!("{}/{id}/{result}.csv", runs())).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let text = answer.text().await.unwrap();
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<Result<_, _>>().unwrap()
}

fn cents(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

/// A column of a table, summed up.
fn column(table: &[BTreeMap<String, String>], name: &str) -> Decimal {
    table.iter().filter(|row| !row[name].is_empty()).map(|row| row[name].parse::<Decimal>().unwrap()).sum()
}

/// Everything that a dry run must leave as it is.
async fn untouched(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for table in
        ["lane", "hold", "document", "posting_line", "attempt", "sales_order", "evidence", "rulebook", "order_way"]
    {
        let query = format!("select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t");
        let hash: String = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(world.pool()).await.unwrap();
        all.push(format!("{table} {hash}"));
    }
    let log = world.company.requests();
    let writes = log.functions.iter().filter(|(name, _)| name.starts_with("create") || name.starts_with("update"));
    all.extend(writes.map(|(name, count)| format!("{name} {}", count.executed)));
    all
}

#[tokio::test]
async fn a_month_under_proposed_rules_shows_what_each_account_would_move_and_changes_nothing() {
    let clock = march();
    let world = World::start_at("", clock.clone()).await;
    let boots = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let tent = world.shop.place_order(&order_of("CAMP-TENT", 20000)).unwrap();
    clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
    world.shop.place_order(&order_of("WEAR-BOOT", 7777)).unwrap();
    world.settle().await;
    let before = untouched(&world).await;

    let of_march = json!({ "order_date_from": "2026-03-01", "order_date_to": "2026-03-31" });
    let request = json!({ "orders": of_march, "rules": clothing_on_4010(), "note": "what if" });
    let id = begin(&world, &request).await;
    let run = done(&world, id).await;
    assert_eq!((&run["orders_total"], &run["orders_done"], &run["proposed"]), (&json!(2), &json!(2), &json!(true)));
    assert_eq!((&run["outcomes"], &run["note"]), (&json!({ "posted": 2 }), &json!("what if")));

    // 120.00 and 200.00, each with 8.25 % tax, paid by card.
    let effects: Vec<String> = rows(&world, id, "effects", 2)
        .await
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            format!("{} {} {} {} {}", text("account"), text("month"), text("currency"), text("debit"), text("credit"))
        })
        .collect();
    let expected = [
        "1100 2026-03 USD 346.40 346.40",
        "1150-S 2026-03 USD 346.40 0.00",
        "2200 2026-03 USD 0.00 26.40",
        "4000 2026-03 USD 0.00 200.00",
        "4010 2026-03 USD 0.00 120.00",
    ];
    assert_eq!(effects, expected);

    // Exactly the change of the rule: the boots leave one account for another.
    let differences = rows(&world, id, "differences", 100).await;
    let [invoice] = differences.as_slice() else { panic!("{differences:?}") };
    assert_eq!(invoice["document_key"], format!("{STORE}/{boots}/invoice/r1"));
    assert_eq!((&invoice["change"], &invoice["posted_total"]), (&json!("changed"), &json!("129.90")));
    assert_eq!(invoice["posted_total"], invoice["derived_total"]);
    let accounts: Vec<String> = invoice["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {}", row["account"].as_str().unwrap(), cents(&row["posted"]), cents(&row["derived"])))
        .collect();
    assert_eq!(accounts, ["4000 -120.00 0", "4010 0 -120.00"]);

    // What is posted stays posted by the rules it was posted by: nothing more would be sent.
    let orders = rows(&world, id, "orders", 1).await;
    let ids: Vec<u64> = orders.iter().map(|row| row["order_id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [boots, tent]);
    assert!(orders.iter().all(|row| row["to_post"] == 0 && row["documents"] == 2), "{orders:?}");
    let of_tent = rows(&world, id, &format!("journals?order_id={tent}&account=4000"), 5).await;
    assert_eq!((of_tent.len(), &of_tent[0]["rule"]), (1, &json!("product rule 'product-camping'")));

    world.settle().await;
    assert_eq!(untouched(&world).await, before);
}

#[tokio::test]
async fn missing_mappings_are_ranked_by_the_money_that_waits_for_them() {
    let world = World::start().await;
    for (sku, cents) in [("NEW-TOY", 8000), ("NEW-BOOK", 4000), ("NEW-BOOK", 6000), ("WEAR-BOOT", 5000)] {
        world.shop.place_order(&order_of(sku, cents)).unwrap();
    }
    world.settle().await;
    let before = untouched(&world).await;
    let id = begin(&world, &json!({ "orders": { "outcome": "held" } })).await;
    let run = done(&world, id).await;
    assert_eq!(run["outcomes"], json!({ "held": 3 }));
    let missing = rows(&world, id, "missing", 1).await;
    let told: Vec<String> = missing
        .iter()
        .map(|row| {
            let (rank, orders) = (row["rank"].as_i64().unwrap(), row["orders"].as_i64().unwrap());
            format!("{rank} {} {} {orders}", row["mapping"].as_str().unwrap(), row["amount"].as_str().unwrap())
        })
        .collect();
    let expected = ["1 product rule for sku 'NEW-BOOK' 100.00 2", "2 product rule for sku 'NEW-TOY' 80.00 1"];
    assert_eq!(told, expected);
    assert_eq!(column(&table(&world, id, "missing").await, "amount"), usd(18000));
    assert_eq!(rows(&world, id, "holds?code=missing-rule", 2).await.len(), 3);
    // Sums of different currencies do not compare: the base currency comes first, however many yen there are.
    let yen =
        "insert into dry_run_hold (store, run, order_id, code, subject, mapping, message, remedy, amount, currency)
               values ($1, $2, 1, 'missing-rule', 's', 'product rule for sku ''YEN''', '', '', 900000, 'JPY')";
    sqlx::query(yen).bind(STORE).bind(id).execute(world.pool()).await.unwrap();
    let ranked = rows(&world, id, "missing", 2).await;
    let currencies: Vec<&str> = ranked.iter().map(|row| row["currency"].as_str().unwrap()).collect();
    assert_eq!(currencies, ["USD", "USD", "JPY"]);

    // With a rule for all of them the same orders would be posted.
    let mut rules = demo_rules();
    let new =
        json!({ "id": "new", "kind": "product", "conditions": { "sku": "NEW-*" }, "gives": { "account": "4000" } });
    rules.as_array_mut().unwrap().push(new);
    let id = begin(&world, &json!({ "orders": { "hold_code": "missing-rule" }, "rules": rules })).await;
    assert_eq!(done(&world, id).await["outcomes"], json!({ "posted": 3 }));
    assert_eq!(rows(&world, id, "missing", 100).await, Vec::<Value>::new());
    let new = rows(&world, id, "differences?change=new", 100).await;
    assert_eq!(new.len(), 6, "an invoice and a receipt of each");

    // Rules that name what Intacct does not have miss a mapping too.
    rules.as_array_mut().unwrap().last_mut().unwrap()["gives"]["account"] = "4777".into();
    world.mirrored().await;
    let id = begin(&world, &json!({ "orders": { "outcome": "held" }, "rules": rules })).await;
    assert_eq!(done(&world, id).await["outcomes"], json!({ "held": 3 }));
    let missing = rows(&world, id, "missing", 100).await;
    assert_eq!((&missing[0]["code"], &missing[0]["orders"]), (&json!("not-in-intacct"), &json!(3)), "{missing:?}");
    assert_eq!(untouched(&world).await, before);
}

#[tokio::test]
async fn rules_of_an_older_revision_give_what_they_gave() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let first = world.store.latest_rulebook(STORE).await.unwrap().unwrap().number;
    assert_eq!(world.put_rules(&clothing_on_4010()).await, 201);
    world.settle().await;
    let only = json!({ "order_ids": [order, order] });
    let then = begin(&world, &json!({ "orders": only, "revision": first })).await;
    let now = begin(&world, &json!({ "orders": only })).await;
    assert_eq!(done(&world, then).await["revision"], json!(first));
    assert_eq!(done(&world, now).await["revision"], json!(first + 1));
    assert_eq!(rows(&world, then, "differences", 10).await, Vec::<Value>::new());
    assert_eq!(rows(&world, now, "differences", 10).await.len(), 1);
    let runs: Vec<i64> = read(&world, &format!("{}?limit=2", runs())).await["dry_runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["id"].as_i64().unwrap())
        .collect();
    assert_eq!(runs, [now, then], "the newest first");
}

#[tokio::test]
async fn tables_have_the_same_totals_as_pages() {
    let world = World::start().await;
    for cents in [12000, 3333, 101] {
        world.shop.place_order(&order_of("WEAR-BOOT", cents)).unwrap();
    }
    world.settle().await;
    let id = begin(&world, &json!({ "rules": clothing_on_4010() })).await;
    done(&world, id).await;
    let sum = |rows: &[Value], name: &str| rows.iter().map(|row| cents(&row[name])).sum::<Decimal>();
    for (result, columns) in
        [("journals", ["debit", "credit"]), ("effects", ["debit", "credit"]), ("effects", ["net", "net"])]
    {
        let (pages, whole) = (rows(&world, id, result, 2).await, table(&world, id, result).await);
        assert_eq!(pages.len(), whole.len());
        for name in columns {
            assert_eq!(sum(&pages, name), column(&whole, name), "{result} {name}");
        }
    }
    let (pages, whole) = (rows(&world, id, "differences", 2).await, table(&world, id, "differences").await);
    let accounts: Vec<Value> = pages.iter().flat_map(|row| row["accounts"].as_array().unwrap().clone()).collect();
    assert_eq!(accounts.len(), whole.len());
    for name in ["posted", "derived", "difference"] {
        assert_eq!(sum(&accounts, name), column(&whole, name), "{name}");
    }
    assert_eq!(sum(&pages, "posted_total"), column(&whole, "posted_total"));
    // The header Accept asks for the same, and a limit for a page of it.
    let by_header = world.get_as(&format!("{}/{id}/journals?limit=2", runs()), "text/csv").await;
    assert_eq!(by_header.text().await.unwrap().lines().count(), 3);
    let wrong = world.get(&format!("{}/{id}/journals?after=x", runs())).await.unwrap();
    assert_eq!(wrong.status(), 400);
}

/// Makes so many orders in the database that read like this one: what a dry run looks at.
async fn multiply(world: &World, order: u64, copies: i64) {
    let order = i64::try_from(order).unwrap();
    sqlx::query(
        "insert into evidence (store, order_id, hash, facts)
         select store, order_id + n, hash || n, jsonb_set(facts, '{order,id}', to_jsonb(order_id + n))
           from evidence, generate_series(1, $2) n where order_id = $1",
    )
    .bind(order)
    .bind(copies)
    .execute(world.pool())
    .await
    .unwrap();
    sqlx::query(
        "insert into sales_order (store, order_id, outcome, order_date)
         select store, order_id + n, 'held', order_date from sales_order, generate_series(1, $2) n where order_id = $1",
    )
    .bind(order)
    .bind(copies)
    .execute(world.pool())
    .await
    .unwrap();
}

#[tokio::test]
async fn a_service_that_dies_in_the_middle_goes_on_where_it_was() {
    let mut world = World::start().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    multiply(&world, order, 449).await;
    for failpoint in ["save-dry-run.before:2", "save-dry-run.after:2", "select-for-dry-run.after:1"] {
        world.kill_service().await;
        assert!(world.try_start_service(Some(failpoint)).await);
        let id = begin(&world, &json!({})).await;
        let begun = tokio::time::Instant::now();
        while !world.service_has_ended() {
            assert!(begun.elapsed() < Duration::from_secs(120), "it does not come to {failpoint}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let saved = world.store.dry_run(STORE, id).await.unwrap().unwrap();
        assert_eq!(saved.state.as_str(), "running");
        world.start_service().await;
        let run = done(&world, id).await;
        assert_eq!((&run["orders_total"], &run["orders_done"]), (&json!(450), &json!(450)), "{failpoint}");
        assert_eq!(run["outcomes"], json!({ "posted": 450 }));
        // Every line is there once: 120.00 and 9.90 tax of each order.
        let effects = rows(&world, id, "effects", 100).await;
        let sold: Vec<&Value> = effects.iter().filter(|row| row["account"] == "4000").collect();
        assert_eq!((sold.len(), cents(&sold[0]["credit"])), (1, usd(450 * 12000)), "{failpoint}");
    }
}

#[tokio::test]
async fn a_cancelled_run_stops_and_keeps_what_it_has() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    multiply(&world, order, 5999).await;
    let id = begin(&world, &json!({})).await;
    let path = format!("{}/{id}", runs());
    world.wait_until("some orders are derived", async || read(&world, &path).await["orders_done"] != 0).await;
    let (status, cancelled) = world.post_json(&format!("{path}/cancel"), &json!({})).await;
    assert_eq!((status, &cancelled["state"]), (200, &json!("cancelled")));
    let kept = cancelled["orders_done"].as_u64().unwrap();
    assert!(kept > 0 && kept < 6000, "{cancelled}");
    // Another run is begun only when this one is left.
    let next = begin(&world, &json!({ "orders": { "order_ids": [order] } })).await;
    done(&world, next).await;
    let run = read(&world, &path).await;
    assert_eq!((&run["state"], run["orders_done"].as_u64()), (&json!("cancelled"), Some(kept)));
    assert_eq!(rows(&world, id, "orders", 500).await.len() as u64, kept);
    let (status, problem) = world.post_json(&format!("{path}/cancel"), &json!({})).await;
    assert_eq!((status, &problem["code"]), (409, &json!("dry-run-over")));
}

#[tokio::test]
async fn the_newest_twenty_runs_are_kept_with_their_results() {
    let world = World::start().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let mut all = Vec::new();
    for _ in 0..22 {
        all.push(begin(&world, &json!({ "orders": { "order_ids": [order] } })).await);
    }
    done(&world, all[21]).await;
    let list = format!("{}?limit=500", runs());
    world
        .wait_until("old ones are gone", async || read(&world, &list).await["dry_runs"].as_array().unwrap().len() == 20)
        .await;
    assert_eq!(world.get(&format!("{}/{}", runs(), all[1])).await.unwrap().status(), 404);
    let left = async |table: &str| -> i64 {
        let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(count).fetch_one(world.pool()).await.unwrap()
    };
    // Their rows are removed with everything else that is old, once an hour.
    sqlx::query("update retention set next_at = now()").execute(world.pool()).await.unwrap();
    world.wait_until("their rows are gone", async || left("dry_run").await == 20).await;
    assert_eq!(left("(select distinct run from dry_run_line) of_runs").await, 20);
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_before_it_is_started() {
    let world = World::start().await;
    let refused = async |request: Value| {
        let (status, problem) = world.post_json(&runs(), &request).await;
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(refused(json!({ "revision": 4711 })).await, (422, "unknown-revision".into()));
    assert_eq!(refused(json!({ "revision": 1, "rules": [] })).await, (422, "rules-named-twice".into()));
    assert_eq!(refused(json!({ "rules": [{ "id": "x", "kind": "product" }] })).await, (422, "rules-not-valid".into()));
    let wrong = json!({ "rules": [{ "id": "x", "kind": "product", "gives": {} }] });
    let (_, problem) = world.post_json(&runs(), &wrong).await;
    assert_eq!(
        (&problem["code"], &problem["report"][0]["rule"]),
        (&json!("rules-not-valid"), &json!("x")),
        "{problem}"
    );
    assert_eq!(refused(json!({ "orders": { "order_ids": [4711] } })).await, (422, "orders-not-seen".into()));
    assert_eq!(refused(json!({ "orders": { "colour": "red" } })).await, (422, "body-not-valid".into()));
    assert_eq!(read(&world, &runs()).await["dry_runs"], json!([]));
    assert_eq!(world.get(&format!("{}/1/effects", runs())).await.unwrap().status(), 404);
}
