//! Each test has a database of its own: what one writes, no other sees.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr};

use crate::support::database::{TestDatabase, server};

/// A schema of one table that carries `mark`, so that a test can have a template that nobody else uses.
fn schema(mark: &str) -> Migrator {
    let sql = AssertSqlSafe(format!("CREATE TABLE note (text text); COMMENT ON TABLE note IS '{mark}'")).into_sql_str();
    Migrator::with_migrations(vec![Migration::new(1, Cow::Borrowed("note"), MigrationType::Simple, sql, false)])
}

async fn exists(name: &str) -> bool {
    let mut admin = PgConnection::connect_with(&server().await.maintenance_options()).await.unwrap();
    let exists = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)").bind(name);
    exists.fetch_one(&mut admin).await.unwrap()
}

async fn execute(sql: String) {
    let mut admin = PgConnection::connect_with(&server().await.maintenance_options()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
}

async fn notes(database: &TestDatabase) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM note").fetch_one(database.pool()).await.unwrap()
}

#[tokio::test]
async fn a_test_starts_with_the_migrations_applied() {
    let database = TestDatabase::new().await;
    let applied: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(applied as usize, sqlx::migrate!("./migrations").iter().count());
}

#[tokio::test]
async fn what_one_test_writes_no_other_sees() {
    let schema = schema("isolation");
    let (one, other) = tokio::join!(TestDatabase::with(&schema), TestDatabase::with(&schema));
    sqlx::query("INSERT INTO note VALUES ('mine')").execute(one.pool()).await.unwrap();
    let seen = (notes(&one).await, notes(&other).await);
    assert_eq!(seen, (1, 0));
}

#[tokio::test]
async fn the_address_leads_to_the_same_database() {
    let database = TestDatabase::with(&schema("address")).await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let by_address: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut connection).await.unwrap();
    assert_eq!(Some(by_address.as_str()), database.options().get_database());
}

#[tokio::test]
async fn a_database_is_dropped_with_its_test_even_while_connections_are_open() {
    let database = TestDatabase::with(&schema("drop")).await;
    let name = database.options().get_database().unwrap().to_owned();
    let _open = database.pool().acquire().await.unwrap();
    assert!(exists(&name).await);
    drop(database);
    assert!(!exists(&name).await);
}

#[tokio::test]
async fn left_overs_of_a_crashed_run_are_swept_after_an_hour() {
    let ours = cartledger::clock::random_id().simple().to_string();
    let now = cartledger::clock::Clock::system().now().as_second();
    let (old, young) = (format!("cartledger_test_{}_{ours}", now - 7200), format!("cartledger_test_{now}_{ours}"));
    execute(format!("CREATE DATABASE {old}")).await;
    execute(format!("CREATE DATABASE {young}")).await;
    // Another test may be using a template and keep the sweep away for a moment; one of the next sweeps gets through.
    for _ in 0..200 {
        drop(TestDatabase::with(&schema("sweep")).await);
        if !exists(&old).await {
            break;
        }
    }
    assert!(!exists(&old).await, "two hours old: swept");
    assert!(exists(&young).await, "may be in use: kept");
    execute(format!("DROP DATABASE {young}")).await;
}
