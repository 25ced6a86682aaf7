//! Rules as tables over the API: a thousand come and go without a difference, and one bad line changes nothing.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::world::{STORE, World};

const RULES: &str = "/v1/stores/test-shop/rules";

/// A thousand product rules, as somebody would write them with a spreadsheet.
fn thousand() -> String {
    let mut table = "id;kind;sku;channel;account;department;valid_from;valid_to;note\n".to_owned();
    for number in 0..1_000 {
        let (from, to) = if number % 3 == 0 { ("2026-01-01", "2026-12-31") } else { ("", "") };
        let channel = if number % 2 == 0 { "1" } else { "" };
        writeln!(
            table,
            "p-{number:04};product;SKU-{number:04}-*;{channel};4000;WEB;{from};{to};\"Größe {number}, \"\"neu\"\"\""
        )
        .unwrap();
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_rules_are_imported_exported_and_imported_again_without_a_difference() {
    let world = World::start().await;
    world.mirrored().await;
    let anna = world.person("anna", "preparer").await;
    let before = anna.get(RULES).await;
    let import = |mode: &str| format!("{RULES}/import?mode={mode}&note=from%20the%20old%20system");

    let preview = anna.send_table(&import("preview"), None, &thousand()).await;
    assert_eq!(
        (preview.status, &preview.body["created"], &preview.body["applied"]),
        (200, &json!(1_000), &json!(false))
    );
    assert_eq!(anna.get(RULES).await.etag, before.etag, "a preview changes nothing");
    let blind = anna.send_table(&import("merge"), None, &thousand()).await;
    assert_eq!((blind.status, blind.code()), (428, "if-match-missing"));

    let merged = anna.send_table(&import("merge"), Some(&before.etag), &thousand()).await;
    assert_eq!((merged.status, &merged.body["created"], &merged.body["removed"]), (200, &json!(1_000), &json!(0)));
    assert_eq!(merged.body["lines"][0]["line"], 2);
    let kept = before.body["rules"].as_array().unwrap().len();
    let now = anna.get(RULES).await;
    assert_eq!((now.body["rules"].as_array().unwrap().len(), &now.body["author"]), (kept + 1_000, &json!("anna")));

    let exported = anna.get(&format!("{RULES}.csv")).await;
    assert_eq!(exported.etag, merged.etag);
    for mode in ["replace", "merge"] {
        let again = anna.send_table(&import(mode), Some(&exported.etag), &exported.text).await;
        assert_eq!((again.status, &again.etag), (200, &exported.etag), "{mode}: no new revision");
        assert_eq!((&again.body["unchanged"], &again.body["lines"]), (&json!(kept + 1_000), &json!([])), "{mode}");
    }
    // Elsewhere, where there was nothing of it, it becomes the same.
    let fewer =
        anna.send_table(&import("replace"), Some(&exported.etag), "id,kind,account\nshipping,shipping,4010\n").await;
    assert_eq!(fewer.body["removed"], json!(kept + 1_000 - 1), "{fewer:?}");
    let back = anna.send_table(&import("replace"), Some(&fewer.etag), &exported.text).await;
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!(anna.get(RULES).await.body["rules"], now.body["rules"]);
    assert_eq!(anna.get(&format!("{RULES}.csv")).await.text, exported.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_line_of_a_thousand_is_named_with_its_column_and_reason_and_nothing_is_changed() {
    let world = World::start().await;
    let anna = world.person("anna", "preparer").await;
    let before = anna.get(RULES).await;
    let bad = thousand().replace("SKU-0500-*;1;4000;WEB;;", "SKU-0500-*;1;4000;WEB;31.12.2026;");
    let import = |mode: &str| format!("{RULES}/import?mode={mode}");
    for mode in ["replace", "merge"] {
        let refused = anna.send_table(&import(mode), Some(&before.etag), &bad).await;
        assert_eq!((refused.status, refused.code()), (422, "table-not-valid"), "{refused:?}");
        let report = refused.body["report"].as_array().unwrap();
        assert_eq!(report.len(), 1, "{report:?}");
        let told = (&report[0]["line"], &report[0]["column"], &report[0]["rule"], &report[0]["severity"]);
        assert_eq!(told, (&json!(502), &json!("valid_from"), &json!("p-0500"), &json!("error")));
        assert!(report[0]["what"].as_str().unwrap().contains("'31.12.2026' is no day"));
    }
    let preview = anna.send_table(&import("preview&as=replace"), None, &bad).await;
    assert_eq!(
        (preview.status, &preview.body["valid"], &preview.body["lines"][0]["line"]),
        (200, &json!(false), &json!(502))
    );
    assert_eq!(anna.get(RULES).await.etag, before.etag);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_reports_what_intacct_does_not_have_and_what_becomes_of_each_rule() {
    let world = World::start().await;
    world.mirrored().await;
    let anna = world.person("anna", "preparer").await;
    let before = anna.get(RULES).await;
    let table = "id,kind,sku,account\nproduct-gear,product,GEAR-*,4010\nhats,product,HAT-*,4999\n";
    let merged = anna.send_table(&format!("{RULES}/import?mode=merge"), Some(&before.etag), table).await;
    assert_eq!(merged.status, 200, "{merged:?}");
    let told: Vec<String> = merged.body["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {} {}", one["line"], one["severity"].as_str().unwrap(), one["what"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "2 info changed: account from '4000' to '4010'",
            "3 warning GL account 4999 does not exist in Intacct: create it, or change what names it",
            "3 info created",
        ]
    );
    let import = |query: &str| format!("/v1/stores/{STORE}/rules/import?{query}");
    assert_eq!(anna.send_table(&import("mode=swap"), None, table).await.status, 400);
    assert_eq!(anna.send_table(&import("mode=merge&as=replace"), Some("*"), table).await.code(), "query-not-valid");
    let json = anna.send(reqwest::Method::POST, &import("mode=preview"), None, &json!([])).await;
    assert_eq!((json.status, json.code()), (415, "not-csv"));
}
