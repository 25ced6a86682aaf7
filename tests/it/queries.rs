//! What `.sqlx` says of the queries is what a database with all migrations says: nobody forgot `make sqlx`.

use std::path::Path;

use sqlx::{AssertSqlSafe, Column, Either, Executor, PgConnection, SqlSafeStr, Statement};

use crate::support::database::TestDatabase;

#[derive(serde::Deserialize)]
struct Described {
    query: String,
    describe: Shape,
}

/// The types of what goes in and the names and types of what comes out.
#[derive(serde::Deserialize, Debug, PartialEq)]
struct Shape {
    columns: Vec<ColumnShape>,
    parameters: serde_json::Value,
}

#[derive(serde::Deserialize, Debug, PartialEq)]
struct ColumnShape {
    name: String,
    type_info: serde_json::Value,
}

async fn shape_now(connection: &mut PgConnection, query: String) -> Result<Shape, sqlx::Error> {
    let statement = connection.prepare(AssertSqlSafe(query).into_sql_str()).await?;
    let columns = statement.columns().iter().map(|column| ColumnShape {
        name: column.name().to_owned(),
        type_info: serde_json::to_value(column.type_info()).unwrap(),
    });
    let parameters = match statement.parameters() {
        Some(Either::Left(types)) => serde_json::json!({ "Left": types }),
        Some(Either::Right(count)) => serde_json::json!({ "Right": count }),
        None => serde_json::Value::Null,
    };
    Ok(Shape { columns: columns.collect(), parameters })
}

#[tokio::test]
async fn every_described_query_fits_the_migrated_schema() {
    let database = TestDatabase::new().await;
    let mut connection = database.pool().acquire().await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let described: Described = serde_json::from_str(&text).unwrap();
        let now = shape_now(&mut connection, described.query.clone()).await;
        let now = now.unwrap_or_else(|error| panic!("run `make sqlx`: {error} in {}", described.query));
        assert_eq!(described.describe, now, "run `make sqlx`: {}", described.query);
        checked += 1;
    }
    assert!(checked > 0, "no query is described");
}
