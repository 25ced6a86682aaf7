//! What Citus makes of the tables and queries. Only by hand, with a cluster: docs/scale.md says how.

use cartledger::store::distribution::statements;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::keys::{Reach, reach};
use super::queries::queries;

/// Queries that Citus 13.2 refuses: a part of their text that no other has, and what it says.
const REFUSED: &[(&str, &str)] = &[
    (
        "row_number() over (partition by s.store order by l.run_at) as turn",
        "Limit clause is currently unsupported when a lateral subquery references a column from a table function",
    ),
    (
        "order by retry_at limit $2 for update skip locked) update customer_card",
        "could not run distributed query with FOR UPDATE/SHARE commands",
    ),
];

/// A value of a type that the queries take.
fn sample(kind: &str) -> String {
    if let Some(element) = kind.strip_suffix("[]") {
        return format!("array[{}]::{kind}", sample(element));
    }
    let value = match kind {
        "text" => "acme",
        "bigint" | "integer" | "smallint" | "numeric" | "double precision" => "118",
        "boolean" => "true",
        "jsonb" => "[]",
        "bytea" => "\\x00",
        "uuid" => "00000000-0000-0000-0000-000000000001",
        "date" | "timestamp with time zone" | "timestamp without time zone" => "2026-03-10",
        other => panic!("no sample of {other}"),
    };
    format!("'{value}'::{kind}")
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    Ok(rows.iter().filter_map(|row| row.try_get(0).ok()).collect())
}

/// How many tasks each part of a query's plan has, after it was carried out as well and taken back.
async fn tasks(connection: &mut PgConnection, query: &str) -> Result<Vec<u32>, sqlx::Error> {
    run(connection, "deallocate all".to_owned()).await?;
    run(connection, format!("prepare q as {query}")).await?;
    let kinds = "select unnest(parameter_types)::text from pg_prepared_statements where name = 'q'";
    let kinds = run(connection, kinds.to_owned()).await?;
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.trim_matches('"')).collect();
    // Named types, as the program's own driver has them once a statement is described.
    let call = if kinds.is_empty() {
        "execute q".to_owned()
    } else {
        run(connection, format!("deallocate q; prepare q ({}) as {query}", kinds.join(", "))).await?;
        format!("execute q ({})", kinds.iter().map(|kind| sample(kind)).collect::<Vec<_>>().join(", "))
    };
    let plan = run(connection, format!("explain (costs off) {call}")).await?;
    let counts = plan.iter().filter_map(|line| line.trim().strip_prefix("Task Count: ")).map(|count| count.parse());
    let counts = counts.collect::<Result<Vec<u32>, _>>().expect("a count is a number");
    run(connection, "begin".to_owned()).await?;
    let done = run(connection, call).await;
    run(connection, "rollback".to_owned()).await?;
    match done {
        // A sample fits no check, or refers to nothing: its shard has said so.
        Err(sqlx::Error::Database(error)) if error.message().contains(" violates ") => Ok(counts),
        Err(error) => Err(error),
        Ok(_) => Ok(counts),
    }
}

#[tokio::test]
#[ignore = "needs a Citus cluster in CITUS_URL"]
async fn citus_spreads_the_tables_and_asks_one_shard_where_this_test_says_so() {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting of the program")]
    let url = std::env::var("CITUS_URL").expect("CITUS_URL names an empty database with Citus and its nodes");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::migrate!("./migrations").run(&mut connection).await.unwrap();
    run(&mut connection, format!("set citus.enable_unsafe_triggers to on; {}", statements())).await.unwrap();

    let (mut wrong, mut one, mut more) = (Vec::new(), 0, 0);
    for query in queries() {
        let reach = reach(&query).unwrap();
        let refused = REFUSED.iter().find(|(part, _)| query.contains(part)).map(|(_, why)| *why);
        match (tasks(&mut connection, &query).await, refused) {
            (Err(error), Some(why)) if format!("{error:?}").contains(why) => {}
            (Err(error), _) => wrong.push(format!("{error}: {query}")),
            (Ok(counts), None) => match reach {
                Reach::Nothing if counts.iter().all(|count| *count == 1) => one += 1,
                // Rows out of a list are made on the coordinator, and no plan says where they go.
                Reach::OneShard
                    if counts.iter().all(|count| *count == 1) && (!counts.is_empty() || query.contains("unnest")) =>
                {
                    one += 1;
                }
                Reach::SeveralShards | Reach::EveryShard => more += 1,
                _ => wrong.push(format!("{reach:?}, and Citus makes {counts:?} tasks of it: {query}")),
            },
            (Ok(_), Some(_)) => wrong.push(format!("Citus takes it now: {query}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{one} queries ask one shard or none, {more} more, {} are refused", REFUSED.len());
}
