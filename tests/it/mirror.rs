//! What Intacct would refuse is held before anything is sent, and goes on by itself once it is mended there.

use cartledger::accounting::masters::MasterKind;
use cartledger::clock::Clock;
use cartledger::sandbox::intacct::{CompanySettings, Dimension, SettingsChange};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::database::TestDatabase;
use crate::support::world::{STORE, World, demo_rules, order_of};

fn writes(world: &World) -> usize {
    let log = world.company.requests();
    log.calls().iter().filter(|call| call.function.starts_with("create")).count()
}

fn change(world: &World, change: SettingsChange) {
    world.company.change(&change).unwrap();
}

async fn company(adjust: impl FnOnce(&mut CompanySettings)) -> World {
    let mut settings = CompanySettings::default();
    adjust(&mut settings);
    let world = World::start_with_company(TestDatabase::new().await, "", Clock::system(), settings).await;
    world.mirrored().await;
    world
}

#[tokio::test]
async fn an_inactive_account_holds_its_orders_before_any_write_and_activating_it_sets_exactly_them_free() {
    let world = World::start().await;
    world.mirrored().await;
    change(&world, SettingsChange { deactivate_account: Some("4010".into()), ..SettingsChange::default() });
    world.refresh_masters().await;
    let shipped = order_of("WEAR-BOOT", 12000).ship("Ground", Decimal::new(995, 2), Decimal::ZERO, &[]);
    let with_shipping = world.shop.place_order(&shipped).unwrap();
    world.settle().await;
    assert_eq!(world.holds(with_shipping).await, ["inactive-in-intacct"]);
    assert_eq!(writes(&world), 0, "nothing of it reached the company, not even its customer");
    let open = world.store.open_holds(Some(STORE), None, 0, 10).await.unwrap();
    let said = &open[0].hold.message;
    assert!(
        said.contains("GL account 4010 (Shipping revenue) is inactive") && said.contains("shipping rule 'shipping'")
    );

    let without = world.shop.place_order(&order_of("CAMP-TENT", 5000)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(without).await, [""; 0], "{}", world.log());
    assert_eq!(world.company.invoices().len(), 1);

    let before = writes(&world);
    change(&world, SettingsChange { activate_account: Some("4010".into()), ..SettingsChange::default() });
    world.refresh_masters().await;
    world.settle().await;
    assert_eq!(world.holds(with_shipping).await, [""; 0]);
    assert_eq!(writes(&world) - before, 2, "an invoice and a receipt; the customer was there");
    world.assert_books_agree().await;
}

#[tokio::test]
async fn an_account_that_is_created_later_is_found_by_itself() {
    let world = World::start().await;
    world.mirrored().await;
    let rules = demo_rules().to_string().replace("{\"account\":\"4000\"}", "{\"account\":\"4005\"}");
    assert_ne!(rules, demo_rules().to_string());
    let answer = world.send_rules(&serde_json::from_str(&rules).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 201);
    let said: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let warning = said["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("GL account 4005 does not exist in Intacct"), "{said}");
    assert!(warning.contains("product rule 'product-camping'"), "{said}");
    assert_eq!(said["warnings"].as_array().unwrap().len(), 1, "{said}");

    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["not-in-intacct"]);
    assert_eq!(writes(&world), 0);
    let (status, checked) = world.check().await;
    assert_eq!(status, Some(1));
    assert!(checked.contains("WRONG  GL account of test-shop 4005: does not exist in Intacct"), "{checked}");
    assert!(checked.contains("Named by product rule 'product-camping'"), "{checked}");

    change(&world, SettingsChange { create_account: Some("4005".into()), ..SettingsChange::default() });
    world.refresh_masters().await;
    world.settle().await;
    assert_eq!(world.holds(order).await, [""; 0]);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn a_dimension_that_an_account_insists_on_is_held_with_the_rule_to_mend() {
    let insist = |settings: &mut CompanySettings| {
        settings.masters.accounts.get_mut("4000").unwrap().required = vec![Dimension::Class];
    };
    let world = company(insist).await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, ["dimension-required"]);
    assert_eq!(writes(&world), 0);
    let rules = demo_rules().to_string().replace("\"location\":\"100\"", "\"location\":\"100\",\"class\":\"ONLINE\"");
    assert_eq!(world.put_rules(&serde_json::from_str(&rules).unwrap()).await, 201);
    world.settle().await;
    assert_eq!(world.holds(order).await, [""; 0]);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn values_of_a_dimension_of_the_companys_own_are_looked_up_by_the_record_number_rules_give() {
    let world = company(|settings| {
        settings.user_defined_dimensions = [("CHANNEL".to_owned(), [(10007, "Web".to_owned())].into())].into();
    })
    .await;
    let channel = |value: &str| {
        let with = format!("\"location\":\"100\",\"dimension:Channel\":\"{value}\"");
        serde_json::from_str(&demo_rules().to_string().replace("\"location\":\"100\"", &with)).unwrap()
    };
    assert_eq!(world.put_rules(&channel("10008")).await, 201);
    world.refresh_masters().await;
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    let open = world.store.open_holds(Some(STORE), Some(order), 0, 10).await.unwrap();
    assert_eq!(open[0].hold.subject, "value of the dimension CHANNEL 10008");
    assert_eq!((open.len(), open[0].hold.code.as_str(), writes(&world)), (1, "not-in-intacct", 0));
    assert_eq!(world.put_rules(&channel("10007")).await, 201);
    world.settle().await;
    assert_eq!(world.holds(order).await, [""; 0]);
    assert_eq!(world.company.invoices().len(), 1);
}

#[tokio::test]
async fn what_a_company_does_not_offer_is_said_and_keeps_nothing_from_being_posted() {
    let lacking = |settings: &mut CompanySettings| {
        settings.absent = ["PROJECT", "ITEM", "GLACCOUNT.REQUIRETASK"].map(str::to_owned).into();
    };
    let world = company(lacking).await;
    let states = world.store.refresh_states("sandbox").await.unwrap();
    let state = |kind: MasterKind| states.iter().find(|state| state.kind == kind).unwrap();
    let project = state(MasterKind::Project);
    assert!(project.unavailable.as_ref().unwrap().contains("Object definition PROJECT not found"), "{project:?}");
    assert!(state(MasterKind::GlAccount).is_mirrored(), "{:?}", state(MasterKind::GlAccount));
    assert!(state(MasterKind::GlAccount).records > 30);
    let order = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    world.settle().await;
    assert_eq!(world.holds(order).await, [""; 0]);
    world.assert_books_agree().await;
}

#[tokio::test]
async fn master_data_is_listed_over_the_api() {
    let world = World::start().await;
    world.mirrored().await;
    let get = async |path: &str| -> Value {
        let answer = world.get(&format!("/v1/companies/{path}")).await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    let found = get("sandbox/master-data?kind=gl-account&q=SHIPPING").await;
    assert_eq!(found["records"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        (found["records"][0]["id"].as_str(), found["records"][0]["status"].as_str()),
        (Some("4010"), Some("active"))
    );
    let first = get("sandbox/master-data?kind=location&limit=1").await;
    assert_eq!((first["records"][0]["id"].as_str(), first["next_after"].as_str()), (Some("100"), Some("location/100")));
    let second = get("sandbox/master-data?kind=location&limit=1&after=location/100").await;
    assert_eq!(second["records"][0]["id"].as_str(), Some("200"));
    assert_eq!(get("sandbox/master-data?kind=colour").await["status"], 400);
    assert_eq!(get("other/master-data").await["status"], 404);
    let states = get("sandbox/master-data/state").await;
    assert_eq!(states.as_array().unwrap().len(), MasterKind::FIXED.len(), "{states}");
}
