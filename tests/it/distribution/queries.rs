//! Every query names the shard it concerns, but for a few that are named here with the reason.

use std::path::Path;

use super::keys::{Reach, reach};

/// Queries that concern more than one shard: a part of their text that no other has, how many shards, and why.
const EXEMPT: &[(&str, Reach, &str)] = &[
    (
        "insert into inbox",
        Reach::SeveralShards,
        "a group commit: deliveries of whatever stores came together; one shard when they are of one store",
    ),
    (
        "row_number() over (partition by s.store order by l.run_at) as turn",
        Reach::SeveralShards,
        "a claim: in turns over the stores of a process; that of one store is a statement of its own",
    ),
    (
        "l.version <> d.version as marked",
        Reach::SeveralShards,
        "a group commit: runs of whatever stores ended together; one shard when they are of one store",
    ),
    (
        "insert into api_usage_of_order",
        Reach::SeveralShards,
        "counts of a process, written every few seconds for all its stores",
    ),
    (
        "select distinct on (store, subject) store, order_id from hold",
        Reach::SeveralShards,
        "now and then, held buyers of all stores of a process; each store's rows come from its own shard",
    ),
    (
        "(subject = any ($3) or ($4 <> '' and starts_with(subject, $4))) order by 1, 2",
        Reach::SeveralShards,
        "master data of a company changed: orders of all its stores; each store's rows come from its own shard",
    ),
    (
        "(h.subject = any ($3) or ($4 <> '' and starts_with(h.subject, $4)))",
        Reach::SeveralShards,
        "master data of a company changed: ledger events of all its stores",
    ),
    (
        "where lease_token = any ($1)",
        Reach::EveryShard,
        "a heartbeat: all that a process has under way, every few seconds",
    ),
    ("as \"oldest!\" from lane", Reach::EveryShard, "counts for metrics, over all stores"),
    (
        "released_at is null and ($1::text is null or store = $1)",
        Reach::EveryShard,
        "a list for people that may name no store",
    ),
    (
        "order by retry_at limit $2 for update skip locked) update customer_card",
        Reach::EveryShard,
        "a claim: customers of all companies of a process, every few seconds",
    ),
    (
        "from customer_card where store = $1 and (card_hash is distinct",
        Reach::EveryShard,
        "a count for tests, of a store; a card is with its company",
    ),
    ("from hold h left join open_hold o on", Reach::EveryShard, "a hold as people see it, with its cause"),
    (
        "null::timestamptz as released_at, cause",
        Reach::EveryShard,
        "a page of holds as people see them, with their causes",
    ),
    ("(select * from open_hold where store = $1 and not snoozed)", Reach::EveryShard, "holds grouped by their causes"),
    (
        "select id as \"id!\", order_id, document_key from open_hold",
        Reach::EveryShard,
        "somebody retries holds, which may be chosen by their cause",
    ),
    (
        "update customer_card set retry_at = now(), failures = 0 where store = $1",
        Reach::EveryShard,
        "somebody retries the holds of a store, which knows its customers by their ids only",
    ),
];

#[derive(serde::Deserialize)]
struct Described {
    query: String,
}

/// The text of every query of the program, with single spaces.
pub fn queries() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut queries = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let described: Described = serde_json::from_str(&text).unwrap();
        queries.push(without_comments(&described.query));
    }
    queries.sort();
    queries
}

/// One line of SQL.
fn without_comments(sql: &str) -> String {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// What is wrong with queries, held against exemptions.
fn complaints(queries: &[String], exempt: &[(&str, Reach, &str)]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut used = vec![0; exempt.len()];
    for query in queries {
        let found = match reach(query) {
            Ok(found) => found,
            Err(why) => {
                complaints.push(format!("{why}: {query}"));
                continue;
            }
        };
        let exemption = exempt.iter().position(|(part, ..)| query.contains(part));
        match exemption {
            Some(index) => {
                used[index] += 1;
                if found != exempt[index].1 {
                    complaints.push(format!("{found:?}, and not as its exemption says: {query}"));
                }
            }
            None if matches!(found, Reach::Nothing | Reach::OneShard) => {}
            None => complaints.push(format!("{found:?}: {query}")),
        }
    }
    for ((part, ..), used) in exempt.iter().zip(used) {
        if used != 1 {
            complaints.push(format!("{used} queries have the exemption: {part}"));
        }
    }
    complaints
}

#[test]
fn every_query_names_its_shard_or_is_exempt_with_a_reason() {
    let queries = queries();
    assert!(queries.len() > 200, "only {} queries are described", queries.len());
    let complaints = complaints(&queries, EXEMPT);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let spread = queries.iter().filter(|query| matches!(reach(query), Ok(Reach::OneShard))).count();
    assert!(spread > 150, "only {spread} queries concern one shard: the test no longer reads them");
}

#[test]
fn an_exemption_ends_when_its_query_names_its_shard_or_is_gone() {
    let one = ["select 1 from lane where store = $1".to_owned()];
    let exempt = [("from lane", Reach::EveryShard, "no longer true")];
    assert!(complaints(&one, &exempt)[0].starts_with("OneShard, and not as its exemption says"));
    assert_eq!(complaints(&[], &exempt), ["0 queries have the exemption: from lane"]);
    let two = ["select 1 from lane".to_owned(), "select 2 from lane".to_owned()];
    assert_eq!(complaints(&two, &exempt), ["2 queries have the exemption: from lane"]);
    assert_eq!(complaints(&two[..1], &[]), ["EveryShard: select 1 from lane"]);
}

#[test]
fn a_query_that_does_not_name_its_shard_is_told() {
    let bad = [
        "select body from document where key = $1",
        "select key from document where store = $1 or key = $2",
        "select key from document where not (store = $1)",
        "select key from document where store <> $1",
        "select key from document where ($1::text is null or store = $1)",
        "select key from document where store = split_part(key, '/', 1)",
        // A join that forgets the store, and one whose condition says nothing of the left side.
        "select 1 from document d join posting_line l on l.document_key = d.key where d.store = $1",
        "select 1 from document d left join document s on s.store = d.store and d.store = $1",
        "select 1 from (select key from document) d join posting_line l on l.document_key = d.key and l.store = $1",
        "select exists (select from by_hand b where b.document_key = d.key) from document d where d.store = $1",
        "select exists (select from by_hand b where b.store = d.store) from document d where d.store = $1",
        "with d (name, k) as (select store, key from document where store = $1)
         select 1 from posting_line l join d on l.store = d.name and l.document_key = d.k",
        "with gone as (delete from document where store = $1 returning store, key)
         delete from posting_line l using gone where (l.store, l.document_key) = (gone.store, gone.key)",
        "select id from open_hold where store = $1",
        "with d as (select key from document where store = $1)
         select 1 from posting_line l join d on l.document_key = d.key",
        "with gone as (delete from hold where order_id = $2 returning order_id)
         insert into lane (store, order_id) select $1, order_id from gone",
        "select 1 from lane where store = $1 union all select 1 from hold",
        "select 1 from lane where store = $1 order by (select count(*) from hold)",
        "insert into lane (order_id) values ($1)",
        "insert into lane (store, order_id) select split_part(key, '/', 1), order_id from document where store = $1",
        "insert into lane (store, order_id) values ($1, $2)
         on conflict (store, order_id) do update set version = (select count(*) from hold)",
        "update document set state = 'posted' where key = $1",
        "update document d set state = 'posted' from hold h where h.store = $1 and h.document_key = d.key",
        "delete from posting_line using document d where d.store = $1 and document_key = d.key",
        "select record_no from customer where identity = $1",
    ];
    for query in bad {
        assert_eq!(reach(query), Ok(Reach::EveryShard), "{query}");
    }
    let lists = [
        "select 1 from lane where store = any ($1)",
        "select 1 from unnest($1::text[]) s (store) cross join lateral
         (select order_id from lane where lane.store = s.store limit 1) l",
        "insert into lane (store, order_id) select store, order_id from unnest($1::text[], $2::bigint[]) t (store, order_id)",
    ];
    for query in lists {
        assert_eq!(reach(query), Ok(Reach::SeveralShards), "{query}");
    }
}

#[test]
fn a_query_that_a_sharded_database_cannot_run_is_refused() {
    let refused = |query: &str, why: &str| {
        let found = reach(query).unwrap_err();
        assert!(found.contains(why), "{query}: {found}");
    };
    refused("select 1 from stray where store = $1", "the table stray is in no list");
    refused(
        "select 1 from lane where store = $1 and order_id in (select order_id from hold where store = $2)",
        "different",
    );
    refused(
        "select 1 from lane l join customer c on c.company = $2 where l.store = $1",
        "tables that are spread by different columns",
    );
    refused("select 1 from lane where store = $1 and exists (select from task_lease)", "task_lease beside");
    refused("update lane set store = $2 where store = $1", "it changes the store of lane");
    refused(
        "insert into lane (store) values ($1) on conflict (store) do update set store = excluded.store",
        "it changes the store of lane",
    );
    refused("truncate lane", "does not know how to read");
    refused("select 1 from lane natural join hold where store = $1", "does not know how to read");
}

#[test]
fn a_query_that_names_its_shard_is_known_for_it() {
    let good = [
        "select key from document where store = $1",
        "select key from document where (key = $2 and (store = $1::text))",
        "select key from document d where (d.store, d.key) = ($1, $2)",
        "select 1 from posting_line l join document d on d.store = l.store and d.key = l.document_key where d.store = $1",
        "select 1 from inbox i join webhook_wish w using (store) where i.store = $1",
        "select exists (select from by_hand b where b.store = $1) from document d where d.store = $1",
        "with gone as (delete from hold where store = $1 returning *)
         insert into lane (store, order_id) select store, order_id from gone
         on conflict (store, order_id) do update set version = lane.version + 1",
        "with gone as (delete from document where store = $1 returning key)
         delete from posting_line l using gone where l.store = $1 and l.document_key = gone.key",
        "insert into lane as l (order_id, store) values ($2, $1)",
        "select record_no from customer where company = $1",
        "select 1 from api_token t, lane l where l.store = $1",
    ];
    for query in good {
        assert_eq!(reach(query), Ok(Reach::OneShard), "{query}");
    }
    for query in ["select 1", "select 1 from api_token", "select seq from audit_head for update"] {
        assert_eq!(reach(query), Ok(Reach::Nothing), "{query}");
    }
}

/// What is not described is not looked at.
#[test]
fn the_store_has_no_query_that_is_not_described() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for word in
                ["query(", "query_as(", "query_scalar(", "raw_sql", "query_with", "QueryBuilder", "AssertSqlSafe"]
            {
                assert!(!text.contains(&format!("sqlx::{word}")), "{}: {word}", path.display());
            }
            read += 1;
        }
    }
    assert!(read > 30, "only {read} files were read");
}
