//! The migration that brought the keys runs on a database with data in it, and loses none.

use std::borrow::Cow;

use sqlx::PgPool;
use sqlx::migrate::Migrator;

use crate::support::database::TestDatabase;

/// The migration that is looked at.
const VERSION: i64 = 58;

static ALL: Migrator = sqlx::migrate!("./migrations");

/// The migrations up to a version.
fn until(version: i64) -> Migrator {
    let migrations = ALL.iter().filter(|migration| migration.version <= version).cloned().collect();
    Migrator { migrations: Cow::Owned(migrations), ..Migrator::DEFAULT }
}

/// Two stores with documents, members of a summary, tries, claims, rules and backfills. A store's name may begin with
/// another's.
const BEFORE: &str = "
    insert into document (key, store, order_id, kind, number, state, customer_id, body, content_hash, record_no)
    values ('acme/118/invoice/r1', 'acme', 118, 'invoice', 'BC-118', 'posted', 'C1', '{}', 'h', '2091'),
           ('acme-eu/118/invoice/r1', 'acme-eu', 118, 'invoice', 'EU-118', 'planned', 'C1', '{}', 'h', null),
           ('acme/customer/C1/r1', 'acme', null, 'customer', 'C1', 'posted', 'C1', '{}', 'h', '7'),
           ('acme/2026-03-10-USD/summary/r1', 'acme', null, 'summary', 'S1', 'planned', '', '{}', 'h', null);
    insert into document (key, store, order_id, kind, number, state, customer_id, body, content_hash, summary_key)
    values ('acme/119/invoice/r1', 'acme', 119, 'invoice', 'BC-119', 'summarised', 'C1', '{}', 'h',
            'acme/2026-03-10-USD/summary/r1');
    insert into posting_line (document_key, position, account, debit, credit, currency, dimensions, memo, rule)
    select key, position, '4000', position, 0, 'USD', '{}', '', '' from document, generate_series(1, 3) position
     where kind <> 'customer';
    insert into attempt (document_key, number, step, at, outcome)
    values ('acme/118/invoice/r1', 1, 'send', '2026-03-10', 'unknown'),
           ('acme/118/invoice/r1', 1, 'look-up', '2026-03-10', 'posted'),
           ('acme-eu/118/invoice/r1', 1, 'send', '2026-03-10', 'planned');
    insert into summary_support (summary_key, documents, orders, csv)
    values ('acme/2026-03-10-USD/summary/r1', 1, 1, 'order;amount');
    insert into inbox (store, webhook_id, scope, event_at, body)
    values ('acme', 'w1', 'store/order/updated', now(), '{}'), ('acme-eu', 'w1', 'store/order/updated', now(), '{}');
    insert into hold (store, order_id, code, subject, message, remedy) values ('acme', 118, 'c', 's', 'm', 'r');
    insert into by_hand (store, order_id, document_key, number, note, claimed_by)
    values ('acme-eu', 118, 'acme-eu/118/invoice/r1', 'EU-118', 'n', 'anna');
    insert into schedule_run (store, name) values ('acme', 'orders');
    insert into rulebook (store, rules, author, note) values ('acme', '[]', 'anna', ''), ('acme-eu', '[]', 'anna', '');
    insert into rule_proposal (store, base_revision, rules, note, proposed_by, state, decided_by, decided_at, revision)
    select store, 0, '[]', '', 'anna', 'approved', 'boris', now(), revision from rulebook where store = 'acme-eu';
    insert into backfill (store, placed_from, placed_to, statuses, orders_per_minute, before_go_live, created_by)
    values ('acme', '2025-01-01', '2025-02-01', '{}', 10, true, 'anna');
    insert into included_order (store, order_id, backfill) select store, 7, id from backfill;";

async fn all<T>(pool: &PgPool, query: &'static str) -> Vec<T>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    sqlx::query_as(query).fetch_all(pool).await.unwrap()
}

async fn refused(pool: &PgPool, statement: &'static str, by: &str) {
    let error = sqlx::query(statement).execute(pool).await.unwrap_err();
    let constraint = error.as_database_error().and_then(|error| error.constraint().map(str::to_owned));
    assert_eq!(constraint.as_deref(), Some(by), "{statement}: {error}");
}

#[tokio::test]
async fn rows_that_were_there_before_get_the_store_of_their_document() {
    let database = TestDatabase::with(&until(VERSION - 1)).await;
    let pool = database.pool();
    sqlx::raw_sql(BEFORE).execute(pool).await.unwrap();
    let number = "select max(id) from inbox";
    let last: Vec<(i64,)> = all(pool, number).await;
    until(VERSION).run(pool).await.unwrap();

    let lines: Vec<(String, String, i64)> =
        all(pool, "select store, document_key, count(*) from posting_line group by 1, 2 order by 1, 2").await;
    let expected = [
        ("acme", "acme/118/invoice/r1"),
        ("acme", "acme/119/invoice/r1"),
        ("acme", "acme/2026-03-10-USD/summary/r1"),
        ("acme-eu", "acme-eu/118/invoice/r1"),
    ];
    assert_eq!(lines, expected.map(|(store, key)| (store.to_owned(), key.to_owned(), 3)));
    let tries: Vec<(String, String)> = all(pool, "select store, step from attempt order by 1, 2").await;
    assert_eq!(tries, [("acme", "look-up"), ("acme", "send"), ("acme-eu", "send")].map(|(s, t)| (s.into(), t.into())));
    let support: Vec<(String, String)> = all(pool, "select store, csv from summary_support").await;
    assert_eq!(support, [("acme".to_owned(), "order;amount".to_owned())]);
    let members: Vec<(String,)> = all(pool, "select key from document where summary_key is not null").await;
    assert_eq!(members, [("acme/119/invoice/r1".to_owned(),)]);
    for table in ["hold", "by_hand", "schedule_run", "rule_proposal", "included_order"] {
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")));
        let count: i64 = count.fetch_one(pool).await.unwrap();
        assert_eq!(count, 1, "{table}");
    }

    // Numbers go on where they were, and what was forbidden still is.
    sqlx::query("insert into inbox (store, webhook_id, scope, event_at, body) values ('acme', 'w2', '', now(), '')")
        .execute(pool)
        .await
        .unwrap();
    let next: Vec<(i64,)> = all(pool, number).await;
    assert_eq!(next[0].0, last[0].0 + 1);
    refused(pool, "delete from document where key = 'acme/2026-03-10-USD/summary/r1'", "document_summary").await;
    refused(pool, "delete from document where key = 'acme-eu/118/invoice/r1'", "posting_line_document").await;
    refused(pool, "delete from backfill", "included_order_by").await;
    refused(pool, "delete from rulebook where store = 'acme-eu'", "rule_proposal_became").await;
    let again = "insert into by_hand (store, order_id, document_key, number, note, claimed_by)
                 values ('acme-eu', 118, 'acme-eu/118/invoice/r1', 'EU-118', 'n', 'boris')";
    refused(pool, again, "by_hand_standing").await;
    let strange = "insert into attempt (store, document_key, number, step, outcome)
                   values ('acme-eu', 'acme/118/invoice/r1', 2, 'send', 'posted')";
    refused(pool, strange, "attempt_document").await;
    // A claim by hand still keeps its document back, and only that.
    let send = "update document set state = 'sending' where order_id = 118 and state = 'planned' returning key";
    assert_eq!(all::<(String,)>(pool, send).await, []);
    sqlx::query("update by_hand set state = 'withdrawn'").execute(pool).await.unwrap();
    assert_eq!(all::<(String,)>(pool, send).await, [("acme-eu/118/invoice/r1".to_owned(),)]);
}
