//! `cartledger rules`, through the real program: what it prints and its exit status. Needs no database.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own for a test, taken away at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rules-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn rules(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cartledger")).arg("rules").args(arguments).output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn demo() -> String {
    format!("{}/fixtures/demo/rules.json", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn good_rules_are_accepted_with_what_to_know_about_them() {
    let folder = Folder::new("good");
    let text = "id;kind;when:sku;valid_to;account\r\nall;product;;;4000\r\nmugs;product;MUG-*;;4000\r\n\
                old;shipping;;2025-12-31;4010\r\n";
    let output = rules(&["check", &folder.file("rules.csv", text), "--on", "2026-03-10"]);
    assert!(output.status.success(), "{}", complaint(&output));
    let lines = printed(&output);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines[0], "3 rules in 1 file: accepted.");
    assert_eq!(lines[1], "3 findings from 2026-03-10 on, which refuse nothing:");
    let column = lines[3].find("What").unwrap();
    let starts =
        |word: &str| lines.iter().find(|line| line.trim_start().starts_with(word)).unwrap()[column..].to_owned();
    assert!(starts("dead").starts_with("shipping rule 'old' ended on 2025-12-31"));
    assert!(starts("redundant").starts_with("product rule 'mugs' gives what product rule 'all'"));
    assert!(starts("catch-all").starts_with("product rule 'all' decides wherever"));
}

#[test]
fn bad_rules_are_refused_with_file_line_column_and_rule() {
    let folder = Folder::new("bad");
    let table = folder.file("b.csv", "id,kind,when:type,account\np,product,liquid,4000\nq,shipping,,\n");
    let json = folder.file("a.json", "[\n{\"id\": \"p\", \"kind\": \"fee\", \"gives\": {\"account\": \"4040\"}}\n]");
    folder.file("notes.txt", "not a rule");
    folder.file(".~lock.b.csv", "not a rule");
    let output = rules(&["check", &folder.path()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        printed(&output).lines().collect::<Vec<_>>(),
        [
            format!(
                "{table}, line 2, column id, rule 'p': has an id that another rule has too; ids are unique (the other \
                 one: {json}, line 2)"
            ),
            format!(
                "{table}, line 2, column when:type, rule 'p': asks for type 'liquid'; it can only be physical or digital"
            ),
            format!("{table}, line 3, column account, rule 'q': a shipping rule must give account"),
            "3 problems in 2 files: nothing is accepted.".to_owned(),
        ]
    );
}

#[test]
fn json_says_the_same_for_a_program() {
    let folder = Folder::new("json");
    let bad = folder.file("rules.csv", "id,kind,account\nq,shipping,\n");
    let output = rules(&["check", &bad, "--json", "--on", "2026-03-10"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let problem = serde_json::json!({
        "file": bad, "line": 2, "column": "account", "rule": "q", "message": "a shipping rule must give account"
    });
    assert_eq!(
        report,
        serde_json::json!({
            "files": [bad], "on": "2026-03-10", "accepted": false, "rules": 0, "problems": [problem], "findings": []
        })
    );
    let output = rules(&["check", &demo(), "--json"]);
    assert!(output.status.success());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let kinds: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"catch-all"), "{report}");
    assert!(!kinds.contains(&"dead") && !kinds.contains(&"shadowed"), "{report}");
}

#[test]
fn the_demo_rules_become_a_table_and_json_again() {
    let folder = Folder::new("convert");
    let table = rules(&["convert", &demo(), "--to", "csv"]);
    assert!(table.status.success(), "{}", complaint(&table));
    let path = folder.file("rules.csv", &table.stdout);
    let json = rules(&["convert", &path, "--to", "json"]);
    let (again, original): (serde_json::Value, serde_json::Value) = (
        serde_json::from_slice(&json.stdout).unwrap(),
        serde_json::from_slice(&std::fs::read(demo()).unwrap()).unwrap(),
    );
    assert_eq!(again, original);
    assert_eq!(rules(&["convert", &path, "--to", "csv"]).stdout, table.stdout);
}

#[test]
fn what_cannot_be_converted_is_refused_whole() {
    let folder = Folder::new("refused");
    let bad = folder.file("rules.csv", "id,kind,account\np,product,4000\nq,shipping,\n");
    let output = rules(&["convert", &bad, "--to", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(printed(&output), "");
    let expected = format!("the rules in {bad} do not fit:\n  {bad}, line 3, column account, rule 'q': a shipping");
    assert!(complaint(&output).contains(&expected), "{}", complaint(&output));
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = Folder::new("unreadable");
    let nothing = rules(&["check", &folder.path()]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(complaint(&nothing).contains("has no rule files (*.csv, *.json)"));
    let absent = rules(&["check", &format!("{}/absent.csv", folder.path())]);
    assert!(complaint(&absent).contains("absent.csv"), "{}", complaint(&absent));
    // As a spreadsheet of Western Europe writes an e with an acute accent unless told otherwise.
    let latin = folder.file("latin.csv", b"id,kind,account,note\np,product,4000,Caf\xe9\n");
    let output = rules(&["check", &latin]);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed(&output).starts_with(&format!("{latin}: the text is not UTF-8; save it again")));
}
