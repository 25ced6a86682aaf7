//! The audit log: everything that was asked and answered, and what becomes of whoever changes the log.

use cartledger::store::audit::Verification;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::surface::{ADMIN, Surface};

impl Surface {
    async fn entries(&self, filter: &str) -> Vec<Value> {
        let (status, page) = self.look(ADMIN, &format!("/v1/audit?limit=500&{filter}")).await;
        assert_eq!(status, 200, "{page}");
        page["entries"].as_array().unwrap().clone()
    }

    /// Does to the database what only its owner can.
    async fn tamper(&self, statement: &'static str) {
        for statement in
            ["alter table audit_entry disable trigger all", statement, "alter table audit_entry enable trigger all"]
        {
            sqlx::query(statement).execute(self.database.pool()).await.unwrap();
        }
    }

    /// Writes some entries.
    async fn busy(&self) {
        for order in 1..=5 {
            let path = format!("/v1/stores/acme-us/orders/{order}/replay");
            assert_eq!(self.answer(self.with(ADMIN, Method::POST, &path)).await.0, 202);
        }
    }

    /// The place and the reason of the first entry that is not as it was written.
    async fn broken_at(&self) -> (i64, String) {
        match self.store.verify_audit(None).await.unwrap() {
            Verification::Broken { seq, why } => (seq, why),
            intact => panic!("nothing was found: {intact:?}"),
        }
    }
}

#[tokio::test]
async fn who_asked_for_what_and_how_it_was_answered_is_in_the_log() {
    let surface = Surface::start().await;
    let (anna, _) = surface.token("anna", "preparer").await;
    let replay =
        surface.with(&anna, Method::POST, "/v1/stores/acme-us/orders/118/replay").header("x-request-id", "r-1");
    assert_eq!(surface.answer(replay).await.0, 202);
    let entries = surface.entries("request_id=r-1").await;
    let told: Vec<_> = entries.iter().map(|entry| (&entry["actor"], &entry["role"], &entry["phase"])).collect();
    let (name, role) = (json!("anna"), json!("preparer"));
    assert_eq!(told, [(&name, &role, &json!("asked")), (&name, &role, &json!("answered"))]);
    assert_eq!(entries[0]["action"], "POST /v1/stores/{store}/orders/{order_id}/replay");
    assert_eq!(entries[0]["subject"], "/v1/stores/acme-us/orders/118/replay");
    assert_eq!(entries[1]["detail"]["status"], 202);
}

#[tokio::test]
async fn what_was_refused_is_in_the_log_with_its_body() {
    let surface = Surface::start().await;
    let (anna, _) = surface.token("anna", "viewer").await;
    let wish = json!({ "name": "eve", "role": "admin" });
    assert_eq!(surface.answer(surface.json(&anna, Method::POST, "/v1/tokens", &wish)).await.0, 403);
    let entries = surface.entries("actor=anna").await;
    assert_eq!(
        (entries.len(), &entries[0]["detail"]["body"], &entries[1]["detail"]["status"]),
        (2, &wish, &json!(403))
    );
}

#[tokio::test]
async fn looking_leaves_no_entry() {
    let surface = Surface::start().await;
    assert_eq!(surface.look(ADMIN, "/v1/stores/acme-us/holds").await.0, 200);
    assert_eq!(surface.entries("").await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_log_is_paged_and_its_filters_fit_its_fields() {
    let surface = Surface::start().await;
    surface.busy().await;
    let (_, first) = surface.look(ADMIN, "/v1/audit?limit=4").await;
    assert_eq!((first["entries"].as_array().unwrap().len(), &first["next_after"]), (4, &json!(4)));
    let (_, second) = surface.look(ADMIN, "/v1/audit?limit=100&after=4").await;
    assert_eq!((second["entries"].as_array().unwrap().len(), second.get("next_after")), (6, None));
    assert_eq!(surface.entries("about=orders/3/replay").await.len(), 2);
    assert_eq!(surface.entries("actor=nobody").await.len(), 0);
    assert_eq!(surface.entries("to=2020-01-01T00:00:00Z").await.len(), 0);
    assert_eq!(surface.entries("from=2020-01-01T00:00:00Z").await.len(), 10);
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_intact() {
    let surface = Surface::start().await;
    surface.busy().await;
    let (status, verified) = surface.look(ADMIN, "/v1/audit/verification").await;
    assert_eq!((status, &verified["intact"], &verified["entries"]), (200, &json!(true), &json!(10)));
    let known = verified["head"].as_str().unwrap().to_owned();
    surface.busy().await;
    let later = surface.store.verify_audit(Some((10, &known))).await.unwrap();
    assert!(matches!(later, Verification::Intact { entries: 20, .. }), "{later:?}");
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_the_log() {
    let surface = Surface::start().await;
    surface.busy().await;
    for statement in
        ["update audit_entry set actor = 'eve' where seq = 3", "delete from audit_entry", "truncate audit_entry"]
    {
        let refused = sqlx::query(statement).execute(surface.database.pool()).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn one_changed_character_in_any_field_is_found_and_its_row_named() {
    for statement in [
        "update audit_entry set actor = 'settingz' where seq = 4",
        "update audit_entry set role = 'viewer' where seq = 4",
        "update audit_entry set action = replace(action, 'POST', 'GET') where seq = 4",
        "update audit_entry set subject = replace(subject, '2', '9') where seq = 4",
        "update audit_entry set phase = 'done' where seq = 4",
        "update audit_entry set request_id = request_id || ' ' where seq = 4",
        "update audit_entry set detail = overlay(detail placing '9' from 11 for 1) where seq = 4",
        "update audit_entry set at = at + interval '1 microsecond' where seq = 4",
        "update audit_entry set hash = set_byte(hash, 7, get_byte(hash, 7) # 1) where seq = 4",
        "update audit_entry set previous = set_byte(previous, 7, get_byte(previous, 7) # 1) where seq = 4",
    ] {
        let surface = Surface::start().await;
        surface.busy().await;
        surface.tamper(statement).await;
        assert_eq!(surface.broken_at().await.0, 4, "{statement}");
    }
}

#[tokio::test]
async fn an_entry_that_is_gone_is_missed_wherever_it_was() {
    for (statement, place) in [
        ("delete from audit_entry where seq = 1", 1),
        ("delete from audit_entry where seq = 6", 6),
        ("delete from audit_entry where seq >= 9", 9),
    ] {
        let surface = Surface::start().await;
        surface.busy().await;
        surface.tamper(statement).await;
        assert_eq!(surface.broken_at().await.0, place, "{statement}");
    }
}

#[tokio::test]
async fn a_log_that_was_written_anew_does_not_fit_the_hash_that_was_noted() {
    let surface = Surface::start().await;
    surface.busy().await;
    let Verification::Intact { entries: 10, head: noted } = surface.store.verify_audit(None).await.unwrap() else {
        panic!("it is not intact before anything happened")
    };
    surface.tamper("delete from audit_entry").await;
    sqlx::query("update audit_head set seq = 0, hash = decode(repeat('00', 32), 'hex')")
        .execute(surface.database.pool())
        .await
        .unwrap();
    surface.busy().await;
    assert!(matches!(surface.store.verify_audit(None).await.unwrap(), Verification::Intact { .. }));
    let found = surface.store.verify_audit(Some((10, &noted))).await.unwrap();
    assert!(matches!(found, Verification::Broken { seq: 10, .. }), "{found:?}");
}
