//! Everything about one order in one answer, its history in the order of time, and finding orders and documents.

use cartledger::sandbox::bigcommerce::{LineDraft, OrderDraft, RefundItem, RefundPayment, RefundRequest, TaxRate};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::world::{STORE, World, demo_rules, guest, order_of};

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

fn of(sku: &str, quantity: u32) -> OrderDraft {
    let order = OrderDraft::guest(guest()).line(LineDraft::new(sku, "A thing", quantity, usd(6000)));
    order.ship("Ground", Decimal::ZERO, Decimal::ZERO, &[TaxRate::new("Sales Tax", usd(825))])
}

async fn read(world: &World, path: &str) -> Value {
    let answer = world.get(&format!("/v1/stores/{STORE}/{path}")).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn status(world: &World, path: &str) -> u16 {
    world.get(&format!("/v1/stores/{STORE}/{path}")).await.unwrap().status().as_u16()
}

/// A field of each element of a list.
fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap_or_default()).collect()
}

/// An order that was held for a missing rule, posted, edited, corrected and refunded.
async fn eventful() -> (World, u64) {
    let world = World::start_with("changed_orders = \"correct\"\n").await;
    let order = world.shop.place_order(&of("NEW-THING", 2)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["missing-rule"]);
    let mut rules = demo_rules();
    let new =
        json!({ "id": "new", "kind": "product", "conditions": { "sku": "NEW-*" }, "gives": { "account": "4000" } });
    rules.as_array_mut().unwrap().push(new);
    assert_eq!(world.put_rules(&rules).await, 201);
    world.settle().await;
    world.shop.edit(order, &of("NEW-THING", 1)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["tenders-exceed-total"]);
    let too_much = vec![RefundItem::Order { amount: usd(6495) }];
    world.shop.refund(order, &RefundRequest::new(too_much, RefundPayment::gateway(), "one unit less")).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, Vec::<String>::new());
    (world, order)
}

#[tokio::test]
async fn the_dossier_of_an_order_tells_all_that_became_of_it() {
    let (world, order) = eventful().await;
    // Costs are counted a moment after they arise.
    let counted = async || read(&world, &format!("orders/{order}")).await["api_transactions"]["create_invoice"] == 1;
    world.wait_until("the cost is counted", counted).await;
    let dossier = read(&world, &format!("orders/{order}/dossier")).await;
    assert_eq!((&dossier["order"]["order_id"], &dossier["order"]["outcome"]), (&json!(order), &json!("posted")));
    assert_eq!(dossier["order"]["api_transactions"]["create_invoice"], 1, "{}", dossier["order"]);
    let page = format!("https://store-testhash1.mybigcommerce.com/manage/orders/{order}");
    assert_eq!(dossier["bigcommerce_url"], page);

    // It read otherwise after the edit and after the refund.
    let versions = dossier["evidence"].as_array().unwrap();
    assert!(versions.len() >= 3, "{versions:?}");
    assert_eq!((&versions[0]["changes"], &versions[0]["current"]), (&json!([]), &json!(false)));
    let changed: Vec<&str> = versions.iter().flat_map(|version| each(&version["changes"], "field")).collect();
    assert!(changed.contains(&"order.totals.total_inc_tax"), "{changed:?}");
    assert!(changed.iter().any(|field| field.starts_with("refunds[")), "{changed:?}");
    let last = versions.last().unwrap();
    assert_eq!((&last["current"], &dossier["derivation"]["evidence_hash"]), (&json!(true), &last["hash"]));

    // The rule of the revenue line with the way it was found.
    let derivation = &dossier["derivation"];
    assert_eq!((&derivation["status"], &derivation["holds"]), (&json!("post"), &json!([])));
    let lines = derivation["documents"][0]["lines"].as_array().unwrap();
    let revenue = lines.iter().find(|line| line["account"] == "4000").unwrap();
    assert_eq!(revenue["rule"], "product rule 'new'");
    // Once for the whole order, however many lines name the rule.
    let resolutions = &derivation["resolutions"];
    let new = &resolutions["product rule 'new'"];
    let path = &new[0]["path"][0];
    assert_eq!(path, "product rule 'new' fits (sku = NEW-*)");
    assert!(new[0]["facts"].as_str().unwrap().starts_with("sku 'NEW-THING'"));
    assert_eq!(revenue["dimensions"]["location"]["rule"], "dimension rule 'dimensions'");
    let control = lines.iter().find(|line| line["account"] == "1100").unwrap();
    assert_eq!(
        (&control["rule"], resolutions.get("policy: receivable account")),
        (&json!("policy: receivable account"), None)
    );
    assert!(lines.iter().all(|line| line.get("resolutions").is_none()), "{lines:?}");

    // Documents with requests, answers and record numbers; the correction names what it corrects.
    let documents = dossier["documents"].as_array().unwrap();
    let invoice = format!("{STORE}/{order}/invoice/r1");
    let correction = documents.iter().find(|document| document["kind"] == "correction").unwrap();
    assert_eq!(
        (&correction["key"], &correction["corrects"]),
        (&json!(format!("{STORE}/{order}/invoice/r2")), &json!(invoice))
    );
    for document in documents {
        assert_eq!(document["state"], "posted", "{document}");
        assert!(document["record_no"].is_string() && !document["answers"].as_array().unwrap().is_empty(), "{document}");
        for text in [&document["request"], &document["answers"][0]["answer"]] {
            let text = text.as_str().unwrap();
            let secrets = ["sandbox-sender-password", "sandbox-user-password", "<sessionid>", "<password>"];
            assert!(!text.is_empty() && secrets.iter().all(|secret| !text.contains(secret)), "{text}");
        }
    }
    assert!(documents.iter().any(|document| document["kind"] == "refund-payout"), "{documents:?}");

    let holds = &dossier["holds"];
    assert_eq!(each(holds, "code"), ["missing-rule", "tenders-exceed-total"]);
    assert!(each(holds, "released_at").iter().all(|at| !at.is_empty()));

    // What was read of it at any time.
    let first = versions[0]["hash"].as_str().unwrap();
    let evidence = read(&world, &format!("orders/{order}/evidence/{first}")).await;
    assert_eq!((&evidence["facts"]["order"]["id"], &evidence["hash"]), (&json!(order), &json!(first)));
    assert_eq!(status(&world, &format!("orders/{order}/evidence/none")).await, 404);
    assert_eq!(status(&world, "orders/4711/dossier").await, 404);
}

#[tokio::test]
async fn the_timeline_of_an_order_tells_its_events_in_the_order_of_time() {
    let (world, order) = eventful().await;
    let whole = read(&world, &format!("orders/{order}/timeline?limit=500")).await;
    let events = each(&whole["events"], "event");
    let first =
        |event: &str| events.iter().position(|known| *known == event).unwrap_or_else(|| panic!("{event}: {events:?}"));
    let course = ["delivery-received", "evidence-read", "held", "planned", "sent", "answered", "posted"];
    assert!(course.windows(2).all(|pair| first(pair[0]) < first(pair[1])), "{events:?}");
    let of = |event: &str| events.iter().filter(|known| **known == event).count();
    assert_eq!((of("held"), of("released")), (2, 2));
    assert_eq!(of("posted"), of("planned"));
    let times = each(&whole["events"], "at");
    assert!(times.is_sorted_by_key(|at| at.parse::<jiff::Timestamp>().unwrap()), "{times:?}");

    let (mut paged, mut after) = (Vec::new(), json!(0));
    loop {
        let mut page = read(&world, &format!("orders/{order}/timeline?limit=4&after={after}")).await;
        paged.append(page["events"].as_array_mut().unwrap());
        match page["next_after"].take() {
            Value::Null => break,
            next => after = next,
        }
    }
    assert_eq!(&paged, whole["events"].as_array().unwrap());

    // A look-up of what somebody says was entered by hand is no answer to a sending.
    let answered = of("answered");
    let by_hand = "insert into attempt (store, document_key, number, step, at, outcome, answer)
                   select store, key, attempts, 'by-hand', clock_timestamp(), 'refused', '' from document where key = $1";
    let invoice = format!("{STORE}/{order}/invoice/r1");
    sqlx::query(by_hand).bind(&invoice).execute(world.pool()).await.unwrap();
    let more = read(&world, &format!("orders/{order}/timeline?limit=500")).await;
    let events = each(&more["events"], "event");
    assert_eq!(events.iter().filter(|event| **event == "answered").count(), answered);
    assert_eq!(events.iter().filter(|event| **event == "looked-up-by-hand").count(), 1, "{events:?}");
    assert_eq!(status(&world, "orders/4711/timeline").await, 404);
}

#[tokio::test]
async fn orders_are_found_by_what_is_known_of_them() {
    let world = World::start().await;
    let boots = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let tent = world.shop.place_order(&order_of("CAMP-TENT", 20000)).unwrap();
    let new = world.shop.place_order(&order_of("NEW-THING", 3000)).unwrap();
    world.settle().await;
    let found = async |query: &str| -> Vec<u64> {
        let page = read(&world, &format!("orders?{query}")).await;
        page["orders"].as_array().unwrap().iter().map(|order| order["order_id"].as_u64().unwrap()).collect()
    };
    let day = read(&world, &format!("orders/{boots}")).await["order_date"].as_str().unwrap().to_owned();
    let customer = read(&world, &format!("orders/{boots}")).await["customer_id"].as_str().unwrap().to_owned();
    assert_eq!(found("").await, [boots, tent, new]);
    assert_eq!(found(&format!("q={tent}")).await, [tent]);
    assert_eq!(found(&format!("q=BC-{boots}")).await, [boots]);
    assert_eq!(found("q=BC-4711").await, Vec::<u64>::new());
    assert_eq!(found("outcome=held").await, [new]);
    assert_eq!(found("hold_code=missing-rule").await, [new]);
    assert_eq!(found("total_min=129.90&total_max=200").await, [boots]);
    assert_eq!(found(&format!("customer_id={customer}&outcome=posted")).await, [boots, tent]);
    assert_eq!(found("currency=EUR").await, Vec::<u64>::new());
    assert_eq!(found("status=Awaiting%20Fulfillment&limit=2").await, [boots, tent]);
    assert_eq!(found(&format!("order_date_from={day}&posting_date_to={day}")).await, [boots, tent, new]);
    assert_eq!(found(&format!("posting_date_from={day}&q={new}")).await, [new], "held ones count by their day");
    assert_eq!(found("order_date_to=2020-01-01").await, Vec::<u64>::new());
    assert_eq!(status(&world, "orders?colour=red").await, 400);
    assert_eq!(status(&world, "orders?order_date_from=yesterday").await, 400);
}

#[tokio::test]
async fn documents_are_found_by_what_is_known_of_them_and_shown_by_their_key() {
    let world = World::start().await;
    let boots = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let tent = world.shop.place_order(&order_of("CAMP-TENT", 20000)).unwrap();
    world.settle().await;
    let found = async |query: &str| -> Vec<String> {
        let page = read(&world, &format!("documents?{query}")).await;
        each(&page["documents"], "key").into_iter().map(str::to_owned).collect()
    };
    let invoice = |order: u64| format!("{STORE}/{order}/invoice/r1");
    assert_eq!(found("kind=invoice&state=posted").await, [invoice(boots), invoice(tent)]);
    assert_eq!(found(&format!("number=BC-{tent}")).await, [invoice(tent)]);
    assert_eq!(found(&format!("key={}", invoice(boots))).await, [invoice(boots)]);
    assert_eq!(found(&format!("order_id={boots}")).await.len(), 2);
    assert_eq!(found("kind=invoice&currency=EUR").await, Vec::<String>::new());
    assert_eq!(found("posting_date_to=2020-01-01").await, Vec::<String>::new());
    let page = read(&world, "documents?kind=invoice&limit=1").await;
    assert_eq!(page["next_after"], json!(invoice(boots)));
    assert_eq!(found(&format!("kind=invoice&after={}", invoice(boots))).await, [invoice(tent)]);

    let one = read(&world, &format!("documents/{}", invoice(boots).replace('/', "%2F"))).await;
    assert_eq!((&one["total"], &one["answers"][0]["number"]), (&json!("129.90"), &json!(1)));
    assert_eq!(one["lines"].as_array().unwrap().len(), 3);
    assert_eq!(status(&world, "documents/other%2F1%2Finvoice%2Fr1").await, 404);
}
