//! The command line over the admin API, as a person types it: tables, JSON, comma-separated values, problems with remedies.

use cartledger::sandbox::bigcommerce::OrderDraft;
use serde_json::Value;

use crate::support::world::{World, order_of};

/// Something nobody has a rule for.
fn unmapped() -> OrderDraft {
    order_of("NOBODY-KNOWS", 7000)
}

impl World {
    /// A token made on the command line.
    async fn made_token(&self, name: &str, role: &str) -> String {
        let (status, token, said) = self.run_here("token", &["create", name, "--role", role]).await;
        assert_eq!(status, 0, "{said}");
        token.trim().to_owned()
    }
}

#[tokio::test]
async fn the_first_token_is_made_in_the_database_and_opens_the_service() {
    let world = World::start().await;
    let token = world.made_token("anna", "admin").await;
    let (status, table, _) = world.run(&token, &["token", "list"]).await;
    assert_eq!(status, 0);
    assert!(table.contains("anna") && table.contains("command line: ada") && !table.contains(&token), "{table}");

    let (status, _, said) = world.run_here("token", &["create", "anna", "--role", "viewer"]).await;
    assert_eq!(status, 1);
    assert!(said.contains("'anna' has a token already"), "{said}");
    let (status, _, said) = world.run_here("token", &["create", "bert", "--role", "king"]).await;
    assert_eq!(status, 2);
    assert!(said.contains("viewer, preparer, approver or admin"), "{said}");

    assert_eq!(world.run(&token, &["token", "revoke", "1"]).await.0, 0);
    let (status, _, said) = world.run(&token, &["token", "list"]).await;
    assert_eq!(status, 1);
    assert!(
        said.contains("revoked") && said.contains("cartledger token create") && said.contains("request "),
        "{said}"
    );
}

#[tokio::test]
async fn orders_are_shown_as_a_table_as_json_and_as_comma_separated_values() {
    let world = World::start().await;
    let token = world.made_token("anna", "viewer").await;
    let posted = world.shop.place_order(&order_of("WEAR-BOOT", 12000)).unwrap();
    let held = world.shop.place_order(&unmapped()).unwrap();
    world.settle().await;

    let (_, table, _) = world.run(&token, &["orders", "list"]).await;
    let row = |order: u64| table.lines().find(|line| line.trim_start().starts_with(&order.to_string())).unwrap();
    assert!(row(posted).contains("posted") && row(posted).contains("129.90"), "{table}");
    assert!(row(held).contains("held"), "{table}");

    let (_, text, _) = world.run(&token, &["orders", "list", "--outcome", "held", "--json"]).await;
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(rows.iter().map(|row| row["order_id"].as_u64()).collect::<Vec<_>>(), [Some(held)]);

    let (_, text, _) = world.run(&token, &["orders", "documents", &posted.to_string(), "--csv"]).await;
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("key,kind,number,state,posting_date,total,currency,record_no"));
    assert_eq!(lines.clone().count(), 2, "{text}");
    assert!(lines.all(|line| line.contains(",posted,")), "{text}");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_a_remedy() {
    let world = World::start().await;
    let token = world.made_token("anna", "viewer").await;
    for (token, arguments, expected) in [
        (token.as_str(), vec!["orders", "show", "4711"], "Order 4711 has not been seen"),
        (&token, vec!["orders", "list", "--store", "nowhere"], "No store named 'nowhere' is configured"),
        (&token, vec!["token", "list"], "of a viewer and this asks for admin"),
        ("wrong", vec!["orders", "list"], "unknown, has expired or was revoked"),
        (&token, vec!["orders", "list", "--url", "http://127.0.0.1:9"], "is it running, and is --url right?"),
    ] {
        let (status, out, said) = world.run(token, &arguments).await;
        assert_eq!((status, out.as_str()), (1, ""), "{arguments:?}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn the_audit_log_is_listed_and_verified_and_a_change_in_it_is_named() {
    let world = World::start().await;
    let token = world.made_token("anna", "preparer").await;
    world.replay(118).await;
    let (_, table, _) = world.run(&token, &["audit", "list", "--about", "replay"]).await;
    assert!(table.contains("/v1/stores/test-shop/orders/118/replay") && table.contains("202"), "{table}");

    let (status, said, _) = world.run_here("audit", &["verify"]).await;
    assert_eq!(status, 0, "{said}");
    let known = said.split_whitespace().find(|word| word.contains(':') && word.len() > 64).unwrap().to_owned();
    assert_eq!(world.run_here("audit", &["verify", "--known", &known]).await.0, 0);

    for statement in
        ["alter table audit_entry disable trigger all", "update audit_entry set actor = 'anne' where seq = 3"]
    {
        sqlx::query(statement).execute(world.pool()).await.unwrap();
    }
    let (status, said, _) = world.run_here("audit", &["verify"]).await;
    assert_eq!(status, 1);
    assert!(said.contains("First wrong row: entry 3"), "{said}");
}
