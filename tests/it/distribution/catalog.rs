//! The migrated schema can be spread as `store::distribution` says.

use std::collections::BTreeSet;

use cartledger::store::distribution::{Placement, TABLES, placement_of, statements};
use sqlx::PgPool;

use super::keys::{Reach, VIEWS, reach_of_view};
use crate::support::database::TestDatabase;

/// Triggers on tables that are spread: docs/scale.md says what each needs there.
const TRIGGERS: &[&str] = &["document_may_be_sent"];

const TABLES_THERE: &str = "select c.relname::text from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> '_sqlx_migrations'
     order by 1";

/// Primary keys and unique indexes with their columns; one that is by an expression has an empty name there.
const UNIQUE: &str = "select t.relname::text, i.relname::text, x.indisprimary,
            array(select coalesce(a.attname::text, '') from unnest(x.indkey::int2[]) k
                    left join pg_attribute a on a.attrelid = t.oid and a.attnum = k and k > 0)
       from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
      where t.relnamespace = 'public'::regnamespace and t.relkind = 'r' and x.indisunique order by 1, 2";

/// Foreign keys: table, name, columns, the table they lead to and its columns, and what a deletion there does.
const FOREIGN: &str = "select t.relname::text, k.conname::text, f.relname::text, k.confdeltype::text,
            array(select a.attname::text from unnest(k.conkey) with ordinality n (number, place)
                    join pg_attribute a on a.attrelid = t.oid and a.attnum = n.number order by n.place),
            array(select a.attname::text from unnest(k.confkey) with ordinality n (number, place)
                    join pg_attribute a on a.attrelid = f.oid and a.attnum = n.number order by n.place)
       from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_class f on f.oid = k.confrelid
      where k.contype = 'f' and t.relnamespace = 'public'::regnamespace order by 1, 2";

const COLUMNS: &str = "select t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.attidentity <> '', a.attgenerated <> ''
       from pg_attribute a join pg_class t on t.oid = a.attrelid
      where t.relnamespace = 'public'::regnamespace and t.relkind = 'r' and a.attnum > 0 and not a.attisdropped
      order by 1, a.attnum";

const TRIGGERS_THERE: &str =
    "select t.relname::text, g.tgname::text from pg_trigger g join pg_class t on t.oid = g.tgrelid
      where not g.tgisinternal and t.relnamespace = 'public'::regnamespace order by 1, 2";

const VIEWS_THERE: &str = "select c.relname::text, pg_get_viewdef(c.oid) from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' order by 1";

/// The column that a table is spread by.
fn column(table: &str) -> Option<&'static str> {
    placement_of(table).and_then(Placement::column)
}

/// What of the schema could not be spread.
async fn complaints(pool: &PgPool) -> Vec<String> {
    let mut wrong = Vec::new();
    lists(pool, &mut wrong).await;
    columns(pool, &mut wrong).await;
    unique(pool, &mut wrong).await;
    foreign(pool, &mut wrong).await;
    let triggers: Vec<(String, String)> = sqlx::query_as(TRIGGERS_THERE).fetch_all(pool).await.unwrap();
    for (table, trigger) in triggers {
        if column(&table).is_some() && !TRIGGERS.contains(&trigger.as_str()) {
            wrong.push(format!("{table}: the trigger {trigger} is not spoken of in docs/scale.md"));
        }
    }
    let views: Vec<(String, String)> = sqlx::query_as(VIEWS_THERE).fetch_all(pool).await.unwrap();
    for (view, definition) in views {
        let listed = VIEWS.iter().find(|(known, _)| *known == view);
        let reach = listed.map(|(_, column)| reach_of_view(&definition, column));
        if reach != Some(Ok(Reach::EveryShard)) {
            wrong.push(format!("the view {view}, which is listed to ask every shard: {reach:?}"));
        }
    }
    wrong
}

async fn lists(pool: &PgPool, wrong: &mut Vec<String>) {
    let there: Vec<String> = sqlx::query_scalar(TABLES_THERE).fetch_all(pool).await.unwrap();
    let listed: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
    assert_eq!(listed.len(), TABLES.len(), "a table is listed twice");
    wrong.extend(
        there.iter().filter(|table| !listed.contains(table.as_str())).map(|table| format!("{table} is in no list")),
    );
    let gone = listed.iter().filter(|table| !there.iter().any(|known| known == *table));
    wrong.extend(gone.map(|table| format!("{table} is listed, but not there")));
}

/// The column has a value always, one that is stored, of the type of all others; numbers are drawn as `bigint`.
async fn columns(pool: &PgPool, wrong: &mut Vec<String>) {
    let rows: Vec<(String, String, String, bool, bool, bool)> = sqlx::query_as(COLUMNS).fetch_all(pool).await.unwrap();
    for (table, name, kind, filled, drawn, computed) in &rows {
        if column(table) == Some(name) && (kind != "text" || !filled || *computed) {
            wrong.push(format!("{table}.{name} is no text that is there always"));
        }
        if *drawn && kind != "bigint" {
            wrong.push(format!("{table}.{name} is drawn as {kind}, not as bigint"));
        }
    }
    for table in TABLES {
        if let Some(column) = table.placement.column()
            && !rows.iter().any(|(known, name, ..)| known == table.name && name == column)
        {
            wrong.push(format!("{} has no {column}", table.name));
        }
    }
}

async fn unique(pool: &PgPool, wrong: &mut Vec<String>) {
    let rows: Vec<(String, String, bool, Vec<String>)> = sqlx::query_as(UNIQUE).fetch_all(pool).await.unwrap();
    for (table, index, _, columns) in &rows {
        if let Some(column) = column(table).filter(|column| !columns.iter().any(|there| there == column)) {
            wrong.push(format!("{table}: {index} is unique without {column}"));
        }
    }
    for table in TABLES.iter().filter(|table| table.placement.column().is_some()) {
        if !rows.iter().any(|(known, _, primary, _)| known == table.name && *primary) {
            wrong.push(format!("{} has no primary key", table.name));
        }
    }
}

async fn foreign(pool: &PgPool, wrong: &mut Vec<String>) {
    type Row = (String, String, String, String, Vec<String>, Vec<String>);
    let rows: Vec<Row> = sqlx::query_as(FOREIGN).fetch_all(pool).await.unwrap();
    let place = |table: &str| TABLES.iter().position(|known| known.name == table);
    for (table, name, other, deletes, from, to) in rows {
        let (here, there) = (column(&table), column(&other));
        if there.is_none() && placement_of(&other) == Some(Placement::Reference) {
            continue;
        }
        if here.is_none() && there.is_none() {
            continue;
        }
        let led = |column: &str| from.iter().zip(&to).any(|(from, to)| from == column && to == column);
        if here != there || !here.is_some_and(led) {
            wrong.push(format!(
                "{table}: {name} does not lead to {other} of the same {}",
                here.or(there).unwrap_or_default()
            ));
        }
        if matches!(deletes.as_str(), "n" | "d") {
            wrong.push(format!("{table}: {name} would change the column that it is spread by"));
        }
        if table != other && place(&other) > place(&table) {
            wrong.push(format!("{table}: {name} leads to {other}, which is spread after it"));
        }
    }
}

#[tokio::test]
async fn every_table_can_be_spread_as_the_list_says() {
    let database = TestDatabase::new().await;
    assert_eq!(complaints(database.pool()).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_spread_is_told() {
    let database = TestDatabase::new().await;
    let spoilt = "
        create table stray (id bigint primary key);
        drop table api_meter;
        alter table lane alter column store type varchar(40);
        alter table hold add column place integer generated always as identity;
        create unique index inbox_webhook on inbox (webhook_id);
        create unique index evidence_hash on evidence (lower(store), hash);
        alter table webhook_hook drop constraint webhook_hook_pkey;
        alter table dry_run add unique (id, store);
        alter table document add unique (key);
        alter table hold add foreign key (document_key) references document (key);
        alter table order_way add foreign key (order_id, store) references dry_run (id, store);
        alter table kept_answer add column store text, add column run bigint,
              add foreign key (store, run) references dry_run (store, id);
        create trigger lane_changes before update on lane for each row execute function may_be_sent();
        create view due_lane as select store, order_id from lane where run_at < now();
        create or replace view open_hold as
        select h.id, h.store, h.order_id, h.document_key, h.code, h.subject, h.message, h.remedy, h.amount, h.currency,
               h.opened_at, h.snoozed_until, h.snooze_reason, h.snoozed_by, true as snoozed, h.code as cause from hold h;";
    sqlx::raw_sql(spoilt).execute(database.pool()).await.unwrap();
    assert_eq!(
        complaints(database.pool()).await,
        [
            "stray is in no list",
            "api_meter is listed, but not there",
            "hold.place is drawn as integer, not as bigint",
            "lane.store is no text that is there always",
            "document: document_key_key is unique without store",
            "evidence: evidence_hash is unique without store",
            "inbox: inbox_webhook is unique without store",
            "webhook_hook has no primary key",
            "hold: hold_document_key_fkey does not lead to document of the same store",
            "kept_answer: kept_answer_store_run_fkey does not lead to dry_run of the same store",
            "order_way: order_way_order_id_store_fkey leads to dry_run, which is spread after it",
            "lane: the trigger lane_changes is not spoken of in docs/scale.md",
            "the view due_lane, which is listed to ask every shard: None",
            "the view open_hold, which is listed to ask every shard: Some(Ok(OneShard))",
        ]
    );
}

#[test]
fn what_is_spread_is_laid_together() {
    let statements = statements();
    let of = |column: &str| -> Vec<&str> {
        statements.lines().filter(|line| line.contains(&format!("'{column}', colocate_with"))).collect()
    };
    for (column, first) in [("store", "lane"), ("company", "company_gate")] {
        let lines = of(column);
        assert!(lines[0].contains(&format!("('{first}', '{column}', colocate_with => 'none')")), "{}", lines[0]);
        assert!(lines.len() > 5 && lines[1..].iter().all(|line| line.contains(&format!("=> '{first}')"))), "{lines:?}");
    }
    let spread = TABLES.iter().filter(|table| table.placement != Placement::Coordinator).count();
    assert_eq!(statements.lines().count(), spread);
    assert!(TABLES.iter().all(|table| !table.why.is_empty()));
}
