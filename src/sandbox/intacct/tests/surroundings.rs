//! What lies around the gateway: books as JSON, the page, faults and settings over HTTP, the log and the dump.

use serde_json::{Value, json};

use super::*;

impl Desk {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.served.address())
    }

    async fn json(&self, path: &str) -> Value {
        let response = self.client.get(self.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    async fn send_json(&self, path: &str, body: Value) -> u16 {
        let request =
            self.client.post(self.url(path)).header("content-type", "application/json").body(body.to_string());
        request.send().await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn the_books_are_readable_as_json_and_as_a_page() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.invoice("I-&amp;1", "C1", &[("4000", "10.00")]).await;
    let rows = desk.json("/books/trial-balance").await;
    assert_eq!(rows[0], json!({"account": "1100", "title": "Accounts receivable", "debit": "10.00", "credit": "0"}));
    for (path, count) in [
        ("customers", 1),
        ("contacts", 1),
        ("invoices", 1),
        ("adjustments", 0),
        ("payments", 0),
        ("journals", 0),
        ("ledger", 2),
    ] {
        assert_eq!(desk.json(&format!("/books/{path}")).await.as_array().unwrap().len(), count, "{path}");
    }
    let page = desk.client.get(desk.url("/")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<h2>Trial balance</h2>") && page.contains("I-&amp;1"), "{page}");
}

#[tokio::test]
async fn faults_and_settings_are_steered_over_http() {
    let desk = desk().await;
    assert_eq!(
        desk.send_json("/faults", json!({"kind": "lose_answer", "times": 2, "function": "create_invoice"})).await,
        201
    );
    assert_eq!(desk.json("/faults").await[0]["times"], 2);
    assert_eq!(desk.send_json("/faults", json!({"kind": "earthquake"})).await, 422);
    assert_eq!(desk.client.delete(desk.url("/faults")).send().await.unwrap().status(), 204);
    assert!(desk.company.pending_faults().is_empty());

    assert_eq!(desk.send_json("/settings", json!({"deactivate_account": "4000", "expire_sessions": true})).await, 204);
    assert_eq!(desk.send_json("/settings", json!({"deactivate_account": "4999"})).await, 404);
    assert_eq!(desk.send_json("/settings", json!({"unknown": 1})).await, 422);
    let document = desk.document(desk.in_session(false, "", &function("r", "<getAPISession/>"))).await;
    assert!(errors(document.get("operation").unwrap()).contains("Invalid session"));
}

#[tokio::test]
async fn the_log_counts_api_transactions_per_record_and_per_read() {
    let desk = desk().await;
    desk.customer("C1").await;
    let two = ["A1", "A2"].map(|number| function(number, &adjustment(number, "C1", &[("4100", "-1.00")]))).concat();
    desk.document(desk.in_session(true, "", &two)).await;
    desk.write("A1", &adjustment("A1", "C1", &[("4100", "-1.00")])).await.refused("already been recorded");
    desk.read("<query><object>ITEM</object><select><field>ITEMID</field></select></query>").await;
    let log = desk.company.requests();
    // One customer, two adjustments, one query; signing in and the refused repeat cost nothing.
    assert_eq!((log.requests, log.api_transactions), (5, 4));
    let count = &log.functions["create_aradjustment"];
    assert_eq!((count.executed, count.succeeded), (3, 2));
    let calls = log.calls();
    let last = calls.last().unwrap();
    assert_eq!((calls.len(), last.function.as_str(), last.status), (6, "query ITEM", "success"));
    assert!(
        log.recent.iter().all(|request| !request.body.contains("password</") && !request.body.contains(&desk.session))
    );
}

#[tokio::test]
async fn request_bodies_can_be_kept_in_a_folder_without_secrets() {
    let folder = std::env::temp_dir().join(format!("cartledger-requests-{}", crate::clock::random_id()));
    let desk = desk_with(|settings| settings.dump_folder = Some(folder.clone())).await;
    desk.customer("C1").await;
    let mut names: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["000001-getAPISession.xml", "000002-create-CUSTOMER.xml"]);
    let body = std::fs::read(folder.join(&names[1])).unwrap();
    assert!(xml_tree::parse(&body).is_ok());
    assert!(!String::from_utf8(body).unwrap().contains("sandbox-sender-password"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_support_id_differs_on_every_call() {
    let desk = desk().await;
    let text = async || desk.read("<query><object>X</object><select><field>Y</field></select></query>").await.errors;
    let (first, second) = (text().await, text().await);
    assert!(first.contains("[Support ID: ") && first.contains("%7E"), "{first}");
    assert_ne!(first, second);
}
