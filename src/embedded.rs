//! A private Postgres for the demo, for `serve` without `DATABASE_URL`, and for tests.
//!
//! The server programs of the machine are started as an unprivileged user on a folder of their own: no TCP port, no
//! password, only a socket in a folder that nobody else may enter. A server that already answers there is used as it
//! is, so a second terminal and the hundreds of processes of a test run share one; two processes that start at the
//! same moment start it once. With a given `DATABASE_URL` nothing is started and that server is used.

mod binaries;
mod folder;
mod owner;
mod server;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::process::Child;

/// What a private Postgres is for: this decides where its data is kept and what it does for their safety.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Books that are kept: every commit is on disk before it is answered.
    Run,
    /// Tests: fast, not safe against a power cut, many connections; left running between test processes.
    Tests,
}

/// Why no database could be had. Every message names the folder or program and says what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each field is")]
pub enum EmbeddedError {
    #[error(
        "no Postgres server programs (initdb, postgres) were found; one of these helps:\n  \
         install them: `apt-get install postgresql` (or `make deps`), or set PG_BIN_DIR to the folder they are in\n  \
         use a container: `docker compose up`; or use any server: set DATABASE_URL=postgres://user:password@host/database"
    )]
    NoBinaries,
    #[error("PG_BIN_DIR is {0}, but initdb and postgres are not both there: correct it or unset it")]
    BadBinDir(PathBuf),
    #[error("Postgres must not run as root, and neither user `postgres` nor `nobody` exists: add one of them")]
    NoOwner,
    #[error("the private Postgres has no place: set HOME or XDG_STATE_HOME, or set DATABASE_URL to use another server")]
    NoFolder,
    #[error("cannot use {path} for the private Postgres: {source}")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(
        "{0} belongs to another user, so it is not used for the private Postgres: remove it or name another folder"
    )]
    ForeignFolder(PathBuf),
    #[error("{0} is too long a path for a socket (107 bytes with the socket's name): name a shorter folder")]
    LongFolder(PathBuf),
    #[error("another process has been starting Postgres in {0} for too long: end it, then try again")]
    Locked(PathBuf),
    #[error("initdb could not prepare {folder} (its user must be able to reach that folder):\n{output}")]
    Initdb { folder: PathBuf, output: String },
    #[error(
        "the data in {folder} was written by Postgres {wanted}, which is not installed: install that version, \
         or move the folder away to start with empty books"
    )]
    OtherVersion { folder: PathBuf, wanted: u32 },
    #[error("cannot run {program}: {source}")]
    Spawn { program: PathBuf, source: std::io::Error },
    #[error("Postgres in {folder} ended while it was starting; the end of its log:\n{log}")]
    Exited { folder: PathBuf, log: String },
    #[error(
        "Postgres in {folder} cannot start, because process {pid} is taken for a server that still runs there: \
         end that process, or remove {folder}/data/postmaster.pid when it is no Postgres, then try again"
    )]
    Held { folder: PathBuf, pid: String },
    #[error("Postgres in {folder} was not ready in {seconds} s; the end of its log:\n{log}")]
    NotReady { folder: PathBuf, seconds: u64, log: String },
    #[error("Postgres in {0} did not stop in time: end its process by hand")]
    NotStopped(PathBuf),
    #[error("{0:?} is no database name: use up to 63 of a-z, 0-9 and _")]
    DatabaseName(String),
    #[error("DATABASE_URL cannot be read: {0}; write postgres://user:password@host:5432/database")]
    Url(sqlx::Error),
    #[error("the database server refused: {0}")]
    Sql(#[from] sqlx::Error),
}

/// The superuser of every private server; nobody else can reach its socket.
const USER: &str = "cartledger";

/// Long enough for a slow machine to look up a name, short enough to notice a server that hangs.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(10);

/// A Postgres server to use: a private one, or the given one. Dropping it leaves the server running.
pub struct EmbeddedPostgres {
    /// Everything but the database's name; the database that is named exists on every server.
    options: PgConnectOptions,
    /// The folder of a private server; `None` for a given one.
    folder: Option<PathBuf>,
    /// The server's process, when this value started it.
    process: Option<Child>,
}

impl std::fmt::Debug for EmbeddedPostgres {
    /// Leaves the options out: those of a given server hold a password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("EmbeddedPostgres");
        shown.field("folder", &self.folder).field("started_here", &self.started_here()).finish()
    }
}

impl EmbeddedPostgres {
    /// The server named by `database_url`, or, when there is none, a private one as [`EmbeddedPostgres::start`] makes it.
    pub async fn given_or_start(
        database_url: Option<&str>,
        purpose: Purpose,
        folder: Option<PathBuf>,
    ) -> Result<Self, EmbeddedError> {
        match database_url.filter(|url| !url.is_empty()) {
            Some(url) => {
                let options = PgConnectOptions::from_str(url).map_err(EmbeddedError::Url)?;
                Ok(Self { options, folder: None, process: None })
            }
            None => Self::start(purpose, folder).await,
        }
    }

    /// Attaches to the private server of `folder`, or starts it there; prepares the folder when it is new.
    ///
    /// Without `folder` it is kept in the user's state folder, or below `/var/tmp` for root. Returns when a connection
    /// has been answered.
    pub async fn start(purpose: Purpose, folder: Option<PathBuf>) -> Result<Self, EmbeddedError> {
        let owner = owner::choose()?;
        let folder = match folder {
            Some(folder) => folder,
            None => folder::standard(purpose, owner.is_root())?,
        };
        folder::prepare(&folder, &owner)?;
        let options = private_options(&folder);
        let process = match server::probe(&options).await? {
            server::Probe::Ready => None,
            server::Probe::NotYet => {
                let _lock = folder::lock(&folder).await?;
                server::bring_up(&folder, &owner, purpose, &options).await?
            }
        };
        Ok(Self { options, folder: Some(folder), process })
    }

    /// Whether this value started the server, so that [`EmbeddedPostgres::stop`] will end it.
    pub fn started_here(&self) -> bool {
        self.process.is_some()
    }

    /// The folder of a private server, with its `log`; `None` for a given server.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// How to connect to `database` on this server.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        self.options.clone().database(database)
    }

    /// How to connect to a database that is always there, to create and drop others.
    pub fn maintenance_options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// The address of `database` on this server, as `DATABASE_URL` takes it. A given server's may hold a password.
    pub fn url(&self, database: &str) -> String {
        match &self.folder {
            Some(folder) => {
                format!("postgres://{USER}@localhost/{database}?host={}", percent_encode(&folder.to_string_lossy()))
            }
            None => self.connect_options(database).to_url_lossy().to_string(),
        }
    }

    /// Creates the database `name` unless it is there.
    pub async fn ensure_database(&self, name: &str) -> Result<(), EmbeddedError> {
        if !is_plain_name(name) {
            return Err(EmbeddedError::DatabaseName(name.to_owned()));
        }
        let mut connection = PgConnection::connect_with(&self.options).await?;
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
        if !there {
            let created =
                sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE \"{name}\""))).execute(&mut connection).await;
            if let Err(error) = created
                && !is_already_there(&error)
            {
                return Err(error.into());
            }
        }
        connection.close().await?;
        Ok(())
    }

    /// Drops the database `name` if it is there, whoever is connected to it.
    pub async fn drop_database(&self, name: &str) -> Result<(), EmbeddedError> {
        if !is_plain_name(name) {
            return Err(EmbeddedError::DatabaseName(name.to_owned()));
        }
        let mut connection = PgConnection::connect_with(&self.options).await?;
        let statement = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// Ends the server when this value started it, and waits for that; its data is kept. Otherwise does nothing.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        match (self.process.take(), &self.folder) {
            (Some(process), Some(folder)) => server::stop(process, folder).await,
            _ => Ok(()),
        }
    }
}

/// Options for the private server of `folder`, naming the database that every server has.
fn private_options(folder: &Path) -> PgConnectOptions {
    // Everything that PG* variables of the environment could have set is set here.
    PgConnectOptions::new_without_pgpass()
        .socket(folder)
        .port(server::PORT)
        .username(USER)
        .ssl_mode(PgSslMode::Disable)
        .application_name("cartledger")
        .database("postgres")
}

/// Another process may have created the database in between; Postgres then answers with either of these codes.
fn is_already_there(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("42P04" | "23505"))
}

fn is_plain_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn percent_encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A setting that must be known before any configuration is read; unset and empty mean the same.
#[expect(
    clippy::disallowed_methods,
    reason = "where the machine keeps its programs and state is not a setting of ours"
)]
fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_name_is_safe_to_quote() {
        assert!(is_plain_name("cartledger_demo_2"));
        for name in ["", "a\"b", "Upper", "with space", &"x".repeat(64)] {
            assert!(!is_plain_name(name), "{name:?}");
        }
    }

    #[tokio::test]
    async fn a_given_server_is_used_as_it_is_and_only_the_database_changes() {
        let url = Some("postgres://clerk:secret@db.example:6000/books");
        let server = EmbeddedPostgres::given_or_start(url, Purpose::Run, None).await.unwrap();
        assert_eq!(server.connect_options("other").get_database(), Some("other"));
        assert!(server.url("other").starts_with("postgres://clerk:secret@db.example:6000/other?"));
        assert_eq!(server.maintenance_options().get_database(), Some("books"));
        assert!(!format!("{server:?}").contains("secret"));
        server.stop().await.unwrap();
    }

    #[tokio::test]
    async fn an_unreadable_address_is_refused_with_an_example() {
        let error = EmbeddedPostgres::given_or_start(Some("not an address"), Purpose::Run, None).await.unwrap_err();
        assert!(error.to_string().contains("postgres://user:password@host:5432/database"), "{error}");
    }

    #[test]
    fn the_address_of_a_private_server_survives_odd_folders() {
        let options = private_options(Path::new("/tmp/a b&c"));
        let server = EmbeddedPostgres { options, folder: Some("/tmp/a b&c".into()), process: None };
        let read = PgConnectOptions::from_str(&server.url("books")).unwrap();
        assert_eq!(read.get_socket().map(PathBuf::as_path), Some(Path::new("/tmp/a b&c")));
        assert_eq!(read.get_database(), Some("books"));
        assert_eq!(read.get_username(), USER);
    }
}
