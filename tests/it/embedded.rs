//! The private Postgres with real server programs: started once, attached to, recovered, stopped.

use std::path::{Path, PathBuf};

use cartledger::embedded::{EmbeddedPostgres, Purpose};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};

/// A folder of one test: short, because a socket's path must be, and where the server's user can reach it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = &cartledger::clock::random_id().simple().to_string()[..12];
        Self(PathBuf::from(format!("/tmp/cartledger-it-{name}")))
    }

    fn pid(&self) -> Option<Pid> {
        let file = std::fs::read_to_string(self.0.join("data/postmaster.pid")).ok()?;
        Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
    }
}

impl Drop for Folder {
    /// Also ends what a failed test left running.
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            let _ = kill_process(pid, Signal::QUIT);
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn start(folder: &Folder, purpose: Purpose) -> EmbeddedPostgres {
    EmbeddedPostgres::start(purpose, Some(folder.0.clone())).await.unwrap()
}

async fn setting(server: &EmbeddedPostgres, name: &str) -> String {
    let mut connection = PgConnection::connect_with(&server.maintenance_options()).await.unwrap();
    sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&mut connection).await.unwrap()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_second_start_attaches_and_only_the_first_stops_the_server() {
    let folder = Folder::new();
    let first = start(&folder, Purpose::Run).await;
    let second = start(&folder, Purpose::Run).await;
    assert!(first.started_here() && !second.started_here());

    second.stop().await.unwrap();
    first.ensure_database("books").await.unwrap();
    first.ensure_database("books").await.unwrap();
    assert!(PgConnection::connect(&first.url("books")).await.is_ok(), "still running after the second one's stop");

    first.stop().await.unwrap();
    assert_eq!(folder.pid(), None, "a clean shutdown takes the process number away");
    let again = start(&folder, Purpose::Run).await;
    assert!(again.started_here());
    assert!(PgConnection::connect(&again.url("books")).await.is_ok(), "the data is kept");
    again.stop().await.unwrap();
}

#[tokio::test]
async fn books_that_are_kept_are_durable_and_nobody_else_can_reach_them() {
    let folder = Folder::new();
    let server = start(&folder, Purpose::Run).await;
    for (name, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
    ] {
        assert_eq!(setting(&server, name).await, value, "{name}");
    }
    assert_eq!(mode(&folder.0), 0o700);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn two_starts_at_the_same_moment_start_one_server() {
    let folder = Folder::new();
    let (one, other) = tokio::join!(start(&folder, Purpose::Tests), start(&folder, Purpose::Tests));
    assert!(one.started_here() ^ other.started_here());
    assert_eq!(setting(&one, "max_connections").await, "300");
    assert_eq!(setting(&other, "fsync").await, "off");
    one.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_is_recovered_with_what_was_committed() {
    let folder = Folder::new();
    let server = start(&folder, Purpose::Run).await;
    server.ensure_database("books").await.unwrap();
    let mut connection = PgConnection::connect(&server.url("books")).await.unwrap();
    sqlx::raw_sql("CREATE TABLE entry (amount numeric); INSERT INTO entry VALUES (19.99)")
        .execute(&mut connection)
        .await
        .unwrap();
    kill_process(folder.pid().unwrap(), Signal::KILL).unwrap();

    // Dropped, not stopped: as if the program that started it had been killed as well.
    drop(server);
    let recovered = start(&folder, Purpose::Run).await;
    assert!(recovered.started_here());
    let mut connection = PgConnection::connect(&recovered.url("books")).await.unwrap();
    let amount: String = sqlx::query_scalar("SELECT amount::text FROM entry").fetch_one(&mut connection).await.unwrap();
    assert_eq!(amount, "19.99");
    recovered.stop().await.unwrap();
}

#[tokio::test]
async fn files_of_the_caller_do_not_stay_open_in_the_server() {
    let folder = Folder::new();
    let inherited = folder.0.with_extension("inherited");
    let file = std::fs::File::create(&inherited).unwrap();
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    let server = start(&folder, Purpose::Tests).await;
    let pid = folder.pid().unwrap().as_raw_pid();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let open: Vec<PathBuf> = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok()).collect();
    std::fs::remove_file(&inherited).unwrap();
    server.stop().await.unwrap();
    assert!(open.contains(&folder.0.join("log")), "{open:?}");
    assert!(!open.contains(&inherited), "{open:?}");
}

#[tokio::test]
async fn a_server_that_cannot_start_is_reported_with_its_log() {
    let folder = Folder::new();
    start(&folder, Purpose::Tests).await.stop().await.unwrap();
    std::fs::write(folder.0.join("data/postgresql.conf"), "no_such_setting = on\n").unwrap();
    let error = EmbeddedPostgres::start(Purpose::Tests, Some(folder.0.clone())).await.unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn books_of_a_version_that_is_not_installed_are_left_alone() {
    let folder = Folder::new();
    start(&folder, Purpose::Run).await.stop().await.unwrap();
    std::fs::write(folder.0.join("data/PG_VERSION"), "7\n").unwrap();
    let error = EmbeddedPostgres::start(Purpose::Run, Some(folder.0.clone())).await.unwrap_err();
    assert!(error.to_string().contains("written by Postgres 7"), "{error}");
    assert!(folder.0.join("data/base").exists());
}
