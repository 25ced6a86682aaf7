//! Imports run downwards only: reads every source file and fails on an edge that the table does not allow.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may import. A room may always import itself; `lib.rs` and `main.rs` are the house itself.
const TABLE: &[(&str, &[&str])] = &[
    ("accounting", &[]),
    ("clock", &[]),
    ("failpoint", &[]),
    ("problem", &[]),
    ("config", &["accounting"]),
    // Tests only.
    ("documentation", &["accounting"]),
    ("lifecycle", &[]),
    ("group_commit", &["lifecycle"]),
    ("telemetry", &["accounting", "clock"]),
    ("bigcommerce", &["accounting", "clock", "telemetry"]),
    ("intacct", &["accounting", "clock", "failpoint", "telemetry"]),
    ("store", &["accounting", "clock", "failpoint"]),
    (
        "worker",
        &["accounting", "clock", "config", "group_commit", "lifecycle", "telemetry", "bigcommerce", "intacct", "store"],
    ),
    // Of bigcommerce only the signature and the delivery; checked below.
    ("http", &["accounting", "clock", "problem", "group_commit", "lifecycle", "telemetry", "store", "bigcommerce"]),
    ("sandbox", &["accounting", "clock"]),
    ("embedded", &["clock"]),
    (
        "app",
        &[
            "accounting",
            "clock",
            "config",
            "lifecycle",
            "telemetry",
            "bigcommerce",
            "intacct",
            "store",
            "worker",
            "http",
        ],
    ),
    (
        "cli",
        &[
            "accounting",
            "clock",
            "config",
            "failpoint",
            "lifecycle",
            "telemetry",
            "bigcommerce",
            "intacct",
            "store",
            "worker",
            "http",
            "app",
            "sandbox",
            "embedded",
        ],
    ),
];

/// What the pure core must not reach: no clock, no file, no network, no thread, no randomness, no logging.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::thread",
    "Timestamp::now",
    "Zoned::now",
    "tokio",
    "reqwest",
    "sqlx",
    "tracing",
    "metrics::",
    "uuid",
    "rand::",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the source folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The room a file belongs to.
fn room_of(file: &Path) -> String {
    let inside = file.strip_prefix(source_folder()).expect("files come from the source folder");
    let first = inside.components().next().expect("a file has a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The code without comments, so that a mention in prose is no import.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).expect("a source file can be read");
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Rooms named by `crate::room` anywhere in the code.
fn imports(code: &str) -> BTreeSet<String> {
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|name| TABLE.iter().any(|(room, _)| room == name))
        .collect()
}

#[test]
fn every_import_runs_downwards() {
    let mut wrong = Vec::new();
    let mut edges = 0;
    for file in sources(&source_folder()) {
        let room = room_of(&file);
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let (_, allowed) =
            TABLE.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("{room} is no room of the table"));
        for import in imports(&code(&file)) {
            edges += 1;
            if import != room && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: {room} must not import {import}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(edges > 20, "only {edges} imports were seen: the test no longer reads the house");
}

#[test]
fn http_sees_only_the_signature_and_the_delivery_of_bigcommerce() {
    for file in sources(&source_folder().join("http")) {
        for rest in code(&file).split("crate::bigcommerce::").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            assert!(matches!(name.as_str(), "signature" | "delivery"), "{}: bigcommerce::{name}", file.display());
        }
    }
}

#[test]
fn the_accounting_core_reaches_nothing_impure() {
    for file in sources(&source_folder().join("accounting")) {
        let code = code(&file);
        for name in IMPURE {
            assert!(!code.contains(name), "{} reaches {name}", file.display());
        }
    }
}

#[test]
fn sql_stays_in_the_store_and_xml_in_its_rooms() {
    for file in sources(&source_folder()) {
        let room = room_of(&file);
        let code = code(&file);
        if !matches!(room.as_str(), "store" | "embedded") {
            assert!(!code.contains("sqlx::query"), "{}: SQL belongs to store/", file.display());
        }
        if !matches!(room.as_str(), "intacct" | "sandbox") {
            assert!(!code.contains("quick_xml"), "{}: XML belongs to intacct/", file.display());
        }
    }
}

/// The functions of the store as text, one entry each.
fn store_functions() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for file in sources(&source_folder().join("store")) {
        let code = code(&file);
        let methods = code.split("\n    pub async fn ").skip(1);
        found.extend(
            methods.map(|method| (file.clone(), method.split("\n    }\n").next().unwrap_or(method).to_owned())),
        );
    }
    found
}

#[test]
fn every_write_to_the_database_lies_between_two_failpoints() {
    // Three writes are functions of their own: others share it, there are two forms of it, it may be done again.
    let of_their_own = ["mark(&self.pool", "self.claim_of_one(", "self.complete_where_they_lie("];
    let writes = ["insert into", "update ", "delete from", ".commit()"].into_iter().chain(of_their_own);
    let writes: Vec<&str> = writes.collect();
    let mut seen = BTreeSet::new();
    for (file, method) in store_functions() {
        let name = method.split(['(', '<']).next().unwrap_or_default();
        let step = method.split("failpoint::around(Step::").nth(1).and_then(|rest| rest.split(')').next());
        if writes.iter().any(|word| method.contains(word)) {
            let step = step.unwrap_or_else(|| panic!("{}: {name} writes without a failpoint", file.display()));
            assert!(seen.insert(step.to_owned()), "{}: {name} shares the failpoint {step}", file.display());
        }
    }
    // The one step that is no write to the database.
    seen.insert("Request".to_owned());
    let all: BTreeSet<String> = cartledger::failpoint::Step::ALL.iter().map(|step| format!("{step:?}")).collect();
    assert_eq!(seen, all);
}

#[test]
fn every_file_says_in_its_first_line_what_it_is_for() {
    for file in sources(&source_folder()) {
        let text = std::fs::read_to_string(&file).expect("a source file can be read");
        assert!(text.starts_with("//! "), "{} has no first line that says what it is for", file.display());
    }
}

/// The API's description knows a type by its name alone: of two types with one name, one would be described as the other.
#[test]
fn every_type_that_the_api_describes_has_a_name_of_its_own() {
    let mut places: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for file in sources(&source_folder()) {
        let code = code(&file);
        for rest in code.split("ToSchema").skip(1) {
            let words: Vec<&str> = rest.split_whitespace().take(60).collect();
            let named = words.windows(2).find(|pair| pair[0] == "struct" || pair[0] == "enum");
            // Only what follows a derive: an import is followed by other lines first.
            let derives = rest.trim_start().starts_with([')', ',']);
            if let Some(pair) = named.filter(|_| derives) {
                let name: String = pair[1].chars().take_while(|letter| letter.is_alphanumeric()).collect();
                places.entry(name).or_default().push(file.display().to_string());
            }
        }
    }
    assert!(places.len() > 60, "only {} described types were found", places.len());
    let twice: Vec<_> = places.into_iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "described twice: {twice:#?}");
}
