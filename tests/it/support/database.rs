//! A database of its own for each test, as a copy of a template that is migrated once.
//!
//! The server is the one of `DATABASE_URL` when that is set (its user must be allowed to create databases), otherwise a
//! private one that all test processes share and leave running. The template is named by a hash of the migrations, so
//! changed migrations make a new one; a copy takes about 20 ms.

use std::net::IpAddr;
use std::time::Duration;

use cartledger::embedded::{EmbeddedPostgres, Purpose};
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection};

/// Few, since many tests share the server at a time; more than any one test uses at once.
const POOL_CONNECTIONS: u32 = 8;

/// Left-overs of crashed runs are dropped after this time.
const ABANDONED_AFTER_S: i64 = 60 * 60;

/// Templates of other migrations are dropped after this time: another checkout may still use them today.
const TEMPLATE_KEPT_S: i64 = 24 * 60 * 60;

/// The advisory lock under which templates are made and dropped, shared by everybody who uses the server.
const TEMPLATE_LOCK: i64 = 0x6361_7274_6c65_6467;

/// The first version of Postgres that copies a template through its log, which is fast and needs no checkpoint.
const WAL_LOG_SINCE: u32 = 150_000;

/// The program's own migrations, as it applies them to a database that is kept.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// A migrated database that belongs to one test. Dropped with this value; kept for a look when the test failed.
pub struct TestDatabase {
    pool: PgPool,
    options: PgConnectOptions,
    maintenance: PgConnectOptions,
    name: String,
    url: String,
}

impl TestDatabase {
    /// A database with the program's migrations.
    pub async fn new() -> Self {
        Self::with(&MIGRATIONS).await
    }

    /// A database with these migrations.
    pub async fn with(migrator: &Migrator) -> Self {
        Self::build(&server().await, migrator).await
    }

    /// A database with the program's migrations on a server of the test's own.
    pub async fn on(server: &EmbeddedPostgres) -> Self {
        Self::build(server, &MIGRATIONS).await
    }

    async fn build(server: &EmbeddedPostgres, migrator: &Migrator) -> Self {
        let maintenance = server.maintenance_options();
        let mut admin = PgConnection::connect_with(&maintenance).await.expect("the test server answers");
        let now: i64 = scalar(&mut admin, "SELECT extract(epoch FROM now())::int8").await;
        let template = template_name(migrator);
        sweep(&mut admin, now, &template).await;
        // Until the connection is closed nobody drops the template.
        lock_template(server, &mut admin, migrator, &template, now).await;
        // The time of birth is in the name, so that left-overs can be told from databases in use.
        let name = format!("cartledger_test_{now}_{}", cartledger::clock::random_id().simple());
        let strategy = match admin.server_version_num() {
            Some(version) if version < WAL_LOG_SINCE => "",
            _ => " STRATEGY wal_log",
        };
        run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}{strategy}")).await;
        admin.close().await.expect("the test server takes its leave");
        let options = server.connect_options(&name);
        let pool = PgPoolOptions::new()
            .max_connections(POOL_CONNECTIONS)
            .acquire_timeout(Duration::from_secs(30))
            .connect_lazy_with(options.clone());
        Self { pool, options, maintenance, url: server.url(&name), name }
    }

    /// A small pool of connections.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// For a pool or connection of another shape.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// For a program that is started with `DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same for a program that reaches the server at another host and port.
    pub fn url_at(&self, host: IpAddr, port: u16) -> String {
        let mut url = reqwest::Url::parse(&self.url).expect("the address of a database");
        url.set_host(Some(&host.to_string())).expect("a host");
        url.set_port(Some(port)).expect("a port");
        // Only a server on a socket is named by a parameter.
        url.set_query(None);
        url.into()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the database of the failed test is kept for an hour: psql '{}'", self.url);
            return;
        }
        let (maintenance, name) = (self.maintenance.clone(), self.name.clone());
        // The test's own runtime may be ending, and must not be blocked: a thread with a runtime of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async {
                // What cannot be dropped now is swept later.
                if let Ok(mut admin) = PgConnection::connect_with(&maintenance).await {
                    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                    let _ = sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut admin).await;
                }
            });
        });
        let _ = dropping.join();
    }
}

/// The server for tests: the one of `DATABASE_URL`, else the private one.
pub async fn server() -> EmbeddedPostgres {
    #[expect(clippy::disallowed_methods, reason = "the same bootstrap value that the program's own start reads")]
    let given = std::env::var("DATABASE_URL").ok();
    match EmbeddedPostgres::given_or_start(given.as_deref(), Purpose::Tests, None).await {
        Ok(server) => server,
        Err(error) => panic!("tests need a Postgres: {error}"),
    }
}

/// Makes the template unless it is there, and holds a lock that keeps it there as long as the connection lives.
async fn lock_template(
    server: &EmbeddedPostgres,
    admin: &mut PgConnection,
    migrator: &Migrator,
    template: &str,
    now: i64,
) {
    lock(admin, "SELECT pg_advisory_lock_shared($1)").await;
    if is_template(admin, template).await {
        return;
    }
    lock(admin, "SELECT pg_advisory_unlock_shared($1)").await;
    lock(admin, "SELECT pg_advisory_lock($1)").await;
    if is_template(admin, template).await {
        return;
    }
    // What is there without the mark is half of a template, left by a process that was killed.
    run(admin, format!("DROP DATABASE IF EXISTS {template} WITH (FORCE)")).await;
    run(admin, format!("CREATE DATABASE {template}")).await;
    let mut inside = PgConnection::connect_with(&server.connect_options(template)).await.expect("new template");
    migrator.run(&mut inside).await.expect("the migrations fit an empty database");
    inside.close().await.expect("the template is left");
    run(admin, format!("COMMENT ON DATABASE {template} IS '{now}'")).await;
    // A template is copied only while nobody is connected to it. The mark comes last: it says "whole".
    run(admin, format!("ALTER DATABASE {template} ALLOW_CONNECTIONS false IS_TEMPLATE true")).await;
}

async fn lock(admin: &mut PgConnection, call: &'static str) {
    sqlx::query(call).bind(TEMPLATE_LOCK).execute(admin).await.expect("advisory locks are answered");
}

fn template_name(migrator: &Migrator) -> String {
    let mut hash = Sha256::new();
    for migration in migrator.iter() {
        hash.update(migration.version.to_be_bytes());
        hash.update(&migration.checksum);
    }
    let digits: String = hash.finalize().iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    format!("cartledger_template_{digits}")
}

async fn is_template(admin: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)")
        .bind(name)
        .fetch_one(admin)
        .await
        .expect("the list of databases is readable")
}

/// Drops what crashed runs and older migrations left behind, unless somebody is using a template just now.
async fn sweep(admin: &mut PgConnection, now: i64, template: &str) {
    // CASE keeps a name or comment that is no number away from the cast.
    let left_over: Vec<(String, bool)> = sqlx::query_as(
        "SELECT datname::text, datistemplate FROM pg_database
         WHERE CASE WHEN datname ~ '^cartledger_test_[0-9]+_' THEN split_part(datname, '_', 3)::int8 < $1
                    WHEN datname ~ '^cartledger_template_' AND datistemplate AND datname <> $2
                         AND shobj_description(oid, 'pg_database') ~ '^[0-9]+$'
                    THEN shobj_description(oid, 'pg_database')::int8 < $3
                    ELSE false END",
    )
    .bind(now - ABANDONED_AFTER_S)
    .bind(template)
    .bind(now - TEMPLATE_KEPT_S)
    .fetch_all(&mut *admin)
    .await
    .expect("the list of databases is readable");
    if left_over.is_empty() {
        return;
    }
    let alone: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .fetch_one(&mut *admin)
        .await
        .expect("advisory locks are answered");
    if alone {
        for (name, marked) in left_over {
            if marked {
                run(admin, format!("ALTER DATABASE {name} IS_TEMPLATE false")).await;
            }
            run(admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
        lock(admin, "SELECT pg_advisory_unlock($1)").await;
    }
}

async fn scalar<T>(admin: &mut PgConnection, sql: &'static str) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    sqlx::query_scalar(sql).fetch_one(admin).await.expect("the test server answers")
}

/// Runs a statement whose names are ours: letters, digits and underscores.
async fn run(admin: &mut PgConnection, sql: String) {
    let shown = sql.clone();
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(admin).await {
        panic!("{shown}: {error}");
    }
}
