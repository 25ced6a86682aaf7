//! `cartledger derive` through the real program: files in, a journal or JSON out, no database and no network.

#[path = "../src/documentation/blocks.rs"]
mod blocks;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const ORDER: &str = "fixtures/derive/order-118";
const RULES: &str = "fixtures/demo/rules.json";

/// What a run said.
struct Ran {
    status: i32,
    out: String,
    err: String,
}

impl Ran {
    /// Its JSON; the run must have gone well.
    fn json(&self) -> Value {
        assert_eq!(self.status, 0, "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }

    /// That its input was refused, with all of `parts` in the message.
    fn refused(&self, parts: &[&str]) {
        assert_eq!((self.status, self.out.as_str()), (2, ""), "{}", self.err);
        for part in parts {
            assert!(self.err.contains(part), "'{part}' is not in: {}", self.err);
        }
    }
}

/// Runs `cartledger derive` in the repository, with no setting in the environment.
fn derive(arguments: &[&str]) -> Ran {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = Command::new(env!("CARGO_BIN_EXE_cartledger"))
        .arg("derive")
        .args(arguments)
        .current_dir(root)
        .env_clear()
        .output();
    let run = run.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: run.status.code().unwrap(), out: text(run.stdout), err: text(run.stderr) }
}

/// A folder of a test, deleted with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = cartledger::clock::random_id().simple().to_string();
        let folder = Self(std::env::temp_dir().join(format!("cartledger-offline-{name}")));
        std::fs::create_dir(&folder.0).unwrap();
        folder
    }

    /// One with the fixture's answers.
    fn of_order() -> Self {
        let folder = Self::new();
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(ORDER)).unwrap() {
            let from = entry.unwrap();
            std::fs::copy(from.path(), folder.0.join(from.file_name())).unwrap();
        }
        folder
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Changes one piece of a file, which must be there.
    fn change(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} holds no {from}");
        self.write(name, &text.replacen(from, to, 1));
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.0.join(name)).unwrap();
    }

    /// The run with the demo's rules.
    fn derive(&self, arguments: &[&str]) -> Ran {
        derive(&[&["--evidence", self.path(), "--rules", RULES], arguments].concat())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_readme_shows_what_the_fixture_derives_to() {
    let ran = derive(&["--evidence", ORDER, "--rules", RULES]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(!ran.out.contains('\u{1b}'), "colours belong on a terminal");
    blocks::check("README.md", &[("derive", ran.out)]);
}

#[test]
fn the_json_of_the_fixture_is_as_agreed() {
    let ran = derive(&["--evidence", ORDER, "--rules", RULES, "--json"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!(ran.out);
}

#[test]
fn the_fixed_names_are_there_and_amounts_are_texts() {
    let order = derive(&["--evidence", ORDER, "--rules", RULES, "--json"]).json();
    assert_eq!((&order["holds"], &order["excluded"]), (&serde_json::json!([]), &Value::Null));
    for document in order["documents"].as_array().unwrap() {
        for name in ["key", "kind", "date", "currency", "customer", "total"] {
            assert!(document[name].is_string(), "{name} in {document}");
        }
        for line in document["lines"].as_array().unwrap() {
            for name in ["account", "debit", "credit", "memo", "rule"] {
                assert!(line[name].is_string(), "{name} in {line}");
            }
            assert!(line.get("item").is_some_and(Value::is_null) && line["dimensions"]["location"] == "100", "{line}");
            let (_, cents) = line["debit"].as_str().unwrap().split_once('.').unwrap();
            assert_eq!(cents.len(), 2, "{line}");
        }
    }
}

/// Every name in a JSON value, without those of dimensions.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(entries) => entries.iter().for_each(|entry| names(entry, found)),
        Value::Object(members) => {
            for (name, value) in members {
                found.insert(name.clone());
                if !name.starts_with("dimension") {
                    names(value, found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_name_of_the_json_is_documented() {
    let mut found = BTreeSet::new();
    names(&derive(&["--evidence", ORDER, "--rules", RULES, "--json"]).json(), &mut found);
    let folder = Folder::of_order();
    folder.change("taxes.json", "State Tax", "Moon Tax");
    names(&folder.derive(&["--json"]).json(), &mut found);
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/derive.md")).unwrap();
    let missing: Vec<&String> = found.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert_eq!(missing, Vec::<&String>::new());
    assert!(found.len() > 30, "{found:?}");
}

#[test]
fn holds_are_an_answer_with_their_remedy_and_money() {
    let folder = Folder::of_order();
    folder.change("taxes.json", "State Tax", "Moon Tax");
    let ran = folder.derive(&[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("Held: missing-rule, tax rule for name 'Moon Tax'"), "{}", ran.out);
    assert!(ran.out.contains("blocks the order, 6.13 USD") && ran.out.contains("do:   add a tax rule"), "{}", ran.out);
    let order = folder.derive(&["--json"]).json();
    assert_eq!(order["documents"], serde_json::json!([]));
    let hold = &order["holds"][0];
    assert_eq!(
        (&hold["code"], &hold["amount"], &hold["blocks"]),
        (&"missing-rule".into(), &"6.13".into(), &"order".into())
    );
}

#[test]
fn excluded_and_waiting_orders_say_why() {
    let folder = Folder::of_order();
    folder.change("order.json", "\"status_id\": 14", "\"status_id\": 1");
    let order = folder.derive(&["--json"]).json();
    assert!(order["waiting"].is_string() && order["excluded"].is_null(), "{order}");
    folder.change("order.json", "\"external_source\": null", "\"external_source\": \"M-MIG\"");
    let order = folder.derive(&["--json"]).json();
    assert!(order["excluded"].is_string() && order["waiting"].is_null(), "{order}");
    assert!(folder.derive(&[]).out.contains("Never posted: "));
}

#[test]
fn absent_answers_are_empty_and_said() {
    let folder = Folder::of_order();
    folder.remove("coupons.json");
    folder.remove("refunds.json");
    folder.write("order.json", &format!("\u{feff}{}", folder.read("order.json")));
    let order = folder.derive(&["--json"]).json();
    assert_eq!(
        order["absent"],
        serde_json::json!(["coupons.json", "fees.json", "refunds.json", "shipments.json", "customer.json"])
    );
    assert_eq!(order["documents"].as_array().unwrap().len(), 2, "{order}");
}

#[test]
fn an_unknown_file_is_told() {
    let folder = Folder::of_order();
    folder.write("transaction.json", "[]");
    let ran = folder.derive(&[]);
    assert!(ran.status == 0 && ran.err.contains("transaction.json is none of the answers"), "{}", ran.err);
}

#[test]
fn without_the_order_nothing_can_be_derived() {
    let folder = Folder::of_order();
    folder.remove("order.json");
    folder.derive(&[]).refused(&[folder.path(), "has no order.json", "GET /v2/orders/ID"]);
    derive(&["--evidence", "no/such/folder", "--rules", RULES]).refused(&["there is no folder no/such/folder"]);
}

#[test]
fn everything_wrong_with_the_files_is_named_at_once() {
    let folder = Folder::of_order();
    folder.write("products.json", "[{\"id\": 65,");
    folder.write("coupons.json", r#"[{"status":404,"message":"The requested resource was not found."}]"#);
    folder.write("transactions.json", r#"{"status":403,"title":"You don't have a required scope","errors":{}}"#);
    folder.change("refunds.json", "\"order_id\": 118", "\"order_id\": 300");
    folder.change("taxes.json", "[", "{\"data\": [");
    folder.write("fees.json", "<html>");
    let all = [
        "products.json: it is no JSON (EOF while parsing an object at line 1 column 11)",
        "coupons.json: it holds an error of BigCommerce (404 The requested resource was not found.)",
        "transactions.json: it holds an error of BigCommerce (403 You don't have a required scope)",
        "refunds.json: it is of order 300, but order.json is of order 118; put each order into its own folder",
        "taxes.json: it is no JSON",
        "fees.json: it is neither a list nor an object; save the answer as BigCommerce gives it",
    ];
    folder.derive(&[]).refused(&all);
    folder.derive(&["--redact", Folder::new().0.join("copy").to_str().unwrap()]).refused(&all);
}

#[test]
fn a_field_that_cannot_be_read_is_named_with_file_and_row() {
    let folder = Folder::of_order();
    folder.change("products.json", "\"total_ex_tax\": \"120.0000\"", "\"total_ex_tax\": \"twelve\"");
    folder.derive(&[]).refused(&[
        "products.json: products 65 has total_ex_tax = \"twelve\", but it should be a decimal number",
        "correct the order in BigCommerce and save the answer again",
    ]);
    let folder = Folder::of_order();
    folder.change("taxes.json", "\"line_amount\": \"1.0200\"", "\"line\": \"1.0200\"");
    folder.derive(&[]).refused(&["taxes.json: taxes, row 2, has no line_amount; save the whole answer"]);
    let folder = Folder::of_order();
    folder.change("order.json", "\"total_inc_tax\": \"162.8600\",", "");
    folder.derive(&[]).refused(&["order.json: the order has no total_inc_tax"]);
    let folder = Folder::of_order();
    folder.change("order.json", "\"items_total\": 3", "\"items_total\": 60");
    folder.derive(&[]).refused(&["products.json: the lines add up to 3 items, the order says 60"]);
}

#[test]
fn all_that_is_wrong_with_the_rules_is_listed() {
    let folder = Folder::new();
    let rules = folder.write(
        "rules.json",
        r#"[{"id": "a", "kind": "product", "gives": {"account": "4000"}},
            {"id": "b", "kind": "product", "gives": {"account": "4001"}},
            {"id": "c", "kind": "tax", "conditions": {"sku": "X"}, "gives": {"account": "2200"}},
            {"id": "d", "kind": "payment", "gives": {"account": "1150"}}]"#,
    );
    derive(&["--evidence", ORDER, "--rules", &rules]).refused(&[
        "do not fit",
        "rule 'b': is as specific as product rule 'a'",
        "rule 'c': a tax rule cannot ask for sku",
        "rule 'd': a payment rule must give account and payment_method",
    ]);
    let broken =
        folder.write("broken.json", r#"[{"id": "a", "kind": "produkt", "gives": {}}, {"id": "b", "kind": "tax"}]"#);
    derive(&["--evidence", ORDER, "--rules", &broken]).refused(&["produkt", "gives"]);
    derive(&["--evidence", ORDER, "--rules", "no/rules.json"]).refused(&["no/rules.json"]);
}

#[test]
fn a_folder_of_rules_is_one_rulebook() {
    let all: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(RULES)).unwrap())
            .unwrap();
    let folder = Folder::new();
    let (first, second) = all.split_at(all.len() / 2);
    folder.write("10-products.json", &serde_json::to_string(first).unwrap());
    folder.write("20-rest.json", &serde_json::to_string(second).unwrap());
    let parts = derive(&["--evidence", ORDER, "--rules", folder.path(), "--json"]);
    assert_eq!(parts.json(), derive(&["--evidence", ORDER, "--rules", RULES, "--json"]).json());
    derive(&["--evidence", ORDER, "--rules", Folder::new().path()]).refused(&["has no rule files"]);
}

/// The store and the control account of the invoice.
fn control(ran: &Ran) -> (String, String) {
    let order = ran.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&order["store"]), text(&order["documents"][0]["lines"][0]["account"]))
}

#[test]
fn the_policy_comes_from_the_settings_and_no_secret_is_needed() {
    let run = |arguments: &[&str]| derive(&[&["--evidence", ORDER, "--rules", RULES, "--json"], arguments].concat());
    let folder = Folder::new();
    assert_eq!(control(&run(&[])), ("store".to_owned(), "1100".to_owned()));
    assert_eq!(run(&[]).json()["assumed"], serde_json::json!(["store name 'store'", "receivable account 1100"]));
    assert_eq!(control(&run(&["--config", "cartledger.example.toml"])), ("acme-us".to_owned(), "1100".to_owned()));
    let plain =
        folder.write("policy.toml", "store = \"acme\"\nnumber_prefix = \"AC-\"\n[accounts]\nreceivable = \"1200\"\n");
    assert_eq!(control(&run(&["--config", &plain])), ("acme".to_owned(), "1200".to_owned()));
    assert_eq!(run(&["--config", &plain]).json()["documents"][0]["number"], "AC-118");
    let two = folder.write(
        "two.toml",
        "[[stores]]\nname = \"us\"\n[stores.accounting]\nreceivable_account = \"1101\"\n\
         [[stores]]\nname = \"eu\"\n[stores.accounting]\nreceivable_account = \"1102\"\n",
    );
    assert_eq!(control(&run(&["--config", &two, "--store", "eu"])), ("eu".to_owned(), "1102".to_owned()));
    run(&["--config", &two]).refused(&["two.toml", "several stores", "'us', 'eu'"]);
    run(&["--config", &two, "--store", "uk"]).refused(&["no store 'uk'; --store takes one of 'us', 'eu'"]);
    run(&["--config", "no.toml"]).refused(&["no.toml cannot be read"]);
}

#[test]
fn a_folder_with_several_orders_derives_each() {
    let folder = Folder::new();
    for order in ["a", "b"] {
        let source = Folder::of_order();
        std::fs::rename(&source.0, folder.0.join(order)).unwrap();
    }
    let orders = folder.derive(&["--json"]).json();
    assert_eq!(orders["orders"].as_array().unwrap().len(), 2);
    assert_eq!(orders["orders"][0], orders["orders"][1]);
    assert_eq!(folder.derive(&[]).out.matches("Order 118 of store 'store'").count(), 2);
    std::fs::write(folder.0.join("a/order.json"), "{}").unwrap();
    std::fs::write(folder.0.join("b/order.json"), "[]").unwrap();
    folder.derive(&[]).refused(&["a/order.json: it has no id", "b/order.json: it has no id"]);
}

/// Everything about people in the fixtures.
const PERSONAL: [&str; 22] = [
    "Nora",
    "Winterfeld",
    "Alder",
    "Flat 3",
    "Oakland",
    "94607",
    "555 0142",
    "example.net",
    "203.0.113",
    "7731",
    "porter",
    "too small",
    "1881",
    "411111",
    "tok_9fQx2",
    "Quill",
    "Harbour",
    "97201",
    "neighbour",
    "4242",
    "tok_secret",
    "ZK1-9QQ",
];

#[test]
fn a_redacted_copy_has_no_personal_data_and_derives_the_same() {
    for fixture in [ORDER, "fixtures/bigcommerce/order-418"] {
        let folder = Folder::new();
        let copy = folder.0.join("copy");
        let run = |evidence: &str, more: &[&str]| {
            derive(&[&["--evidence", evidence, "--rules", RULES, "--json"], more].concat())
        };
        let redacted = run(fixture, &["--redact", copy.to_str().unwrap()]);
        assert!(redacted.err.contains("it derives the same"), "{}", redacted.err);
        let mut original = run(fixture, &[]).json();
        let again = run(copy.to_str().unwrap(), &[]).json();
        assert_eq!(redacted.json(), again, "what is printed is the copy's");
        if let Some(guest) = original["documents"][0]["customer"].as_str() {
            let stand_in = again["documents"][0]["customer"].as_str().unwrap();
            assert!(guest.starts_with("BC-G") && guest != stand_in, "{guest} {stand_in}");
            original = serde_json::from_str(&original.to_string().replace(guest, stand_in)).unwrap();
        }
        assert_eq!(original, again);
        for file in std::fs::read_dir(&copy).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for personal in PERSONAL {
                assert!(!text.contains(personal), "'{personal}' in {text}");
            }
        }
    }
}

#[test]
fn a_redacted_copy_overwrites_nothing_and_keeps_what_rules_ask_for() {
    let folder = Folder::of_order();
    folder.derive(&["--redact", folder.path()]).refused(&["is not empty; name a new folder"]);
    let mut rules: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(RULES)).unwrap())
            .unwrap();
    rules.push(serde_json::json!({"id": "acme", "kind": "customer", "conditions": {"company": "Acme*"}, "gives": {"summary_customer": "ACME"}}));
    let rules = folder.write("rules.json", &serde_json::to_string(&rules).unwrap());
    folder.change("order.json", "\"company\": \"\"", "\"company\": \"Acme Tents\"");
    let copy = folder.0.join("copy");
    let arguments = ["--evidence", folder.path(), "--rules", &rules, "--json", "--redact", copy.to_str().unwrap()];
    let ran = derive(&arguments);
    assert!(ran.err.contains("names of companies kept because rules ask for them"), "{}", ran.err);
    assert_eq!(ran.json()["documents"][0]["customer"], "ACME");
    assert!(std::fs::read_to_string(copy.join("order.json")).unwrap().contains("Acme Tents"));
}

#[test]
fn what_happened_outside_the_shop_is_derived_beside_the_order() {
    let folder = Folder::of_order();
    let payout = r#"[{"payout": {"gateway": "stripe", "id": "po_1", "date": "2026-03-13", "currency": "USD",
        "gross": "162.86", "fees": "5.02", "net": "157.84"}}]"#;
    folder.write("events.json", payout);
    let rules = Folder::new();
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(RULES), rules.0.join("demo.json")).unwrap();
    let parts = r#"[{"id": "bank", "kind": "settlement", "conditions": {"part": "bank"}, "gives": {"account": "1010"}},
        {"id": "fees", "kind": "settlement", "conditions": {"part": "fee"}, "gives": {"account": "6100"}}]"#;
    rules.write("settlement.json", parts);
    let with =
        |arguments: &[&str]| derive(&[&["--evidence", folder.path(), "--rules", rules.path()], arguments].concat());
    let order = with(&["--json"]).json();
    assert_eq!(order["documents"].as_array().unwrap().len(), 5, "the order's own documents stay by themselves");
    let payout = &order["events"]["documents"][0];
    assert_eq!((payout["kind"].as_str(), payout["total"].as_str()), (Some("payout"), Some("162.86")), "{order}");
    let accounts: Vec<&str> =
        payout["lines"].as_array().unwrap().iter().map(|line| line["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, ["1010", "6100", "1150-S"]);
    assert!(with(&[]).out.contains("Outside the shop, store 'store'"));

    // Without the rules every one of them is a hold; figures that do not add up are one too; what is no event is refused.
    let held = folder.derive(&["--json"]).json();
    assert_eq!(held["events"]["holds"].as_array().unwrap().len(), 2, "{held}");
    folder.change("events.json", "157.84", "150.00");
    let odd = with(&["--json"]).json();
    assert_eq!(odd["events"]["holds"][0]["code"], "totals-do-not-add-up", "{odd}");
    folder.change("events.json", "\"fees\": \"5.02\"", "\"fees\": 5.02");
    let refused = with(&[]);
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains("events.json") && refused.err.contains("fees"), "{}", refused.err);
}
