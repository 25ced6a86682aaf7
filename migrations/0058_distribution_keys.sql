-- Keys that contain what their table is spread by on a Postgres that shards: see docs/scale.md. One store's documents with
-- all that hangs on them then lie on one shard, and so do its deliveries, holds, runs and rules.

-- What refers to a document by its key alone.
alter table posting_line drop constraint posting_line_document_key_fkey, drop constraint posting_line_pkey;
alter table attempt drop constraint attempt_document_key_fkey, drop constraint attempt_pkey;
alter table summary_support drop constraint summary_support_summary_key_fkey, drop constraint summary_support_pkey;
alter table document drop constraint document_summary_key_fkey, drop constraint document_pkey;
drop index posting_line_account;

-- A document is of one store, and so are its lines, tries and support. Without indexes, so that this is one pass each.
alter table posting_line add column store text;
update posting_line l set store = d.store from document d where d.key = l.document_key;
alter table attempt add column store text;
update attempt a set store = d.store from document d where d.key = a.document_key;
alter table summary_support add column store text;
update summary_support s set store = d.store from document d where d.key = s.summary_key;

-- A row of no document keeps the migration from going on: the foreign keys allowed none.
alter table posting_line alter column store set not null;
alter table attempt alter column store set not null;
alter table summary_support alter column store set not null;

-- The primary key lists documents store by store, too.
drop index document_of_store, document_of_summary;
alter table document add primary key (store, key);
create index document_of_summary on document (store, summary_key) where summary_key is not null;
alter table document add constraint document_summary foreign key (store, summary_key) references document (store, key);

alter table posting_line
    add primary key (store, document_key, position),
    add constraint posting_line_document foreign key (store, document_key) references document (store, key);
create index posting_line_account on posting_line (store, account);
alter table attempt
    add primary key (store, document_key, number, step, at),
    add constraint attempt_document foreign key (store, document_key) references document (store, key);
alter table summary_support
    add primary key (store, summary_key),
    add constraint summary_support_document foreign key (store, summary_key) references document (store, key);

-- Numbers stay drawn from one sequence each; they are looked for within a store.
alter table inbox drop constraint inbox_pkey, add primary key (store, id);
alter table hold drop constraint hold_pkey, add primary key (store, id);
alter table schedule_run drop constraint schedule_run_pkey, add primary key (store, id);
alter table by_hand drop constraint by_hand_pkey, add primary key (store, id);
drop index by_hand_standing;
create unique index by_hand_standing on by_hand (store, document_key) where state in ('open', 'refused');

alter table rule_proposal drop constraint rule_proposal_revision_fkey;
drop index rulebook_of_store;
alter table rulebook drop constraint rulebook_pkey, add primary key (store, revision);
alter table rule_proposal
    add constraint rule_proposal_became foreign key (store, revision) references rulebook (store, revision);

alter table included_order drop constraint included_order_backfill_fkey;
drop index backfill_of;
alter table backfill drop constraint backfill_pkey, add primary key (store, id);
alter table included_order
    add constraint included_order_by foreign key (store, backfill) references backfill (store, id);

-- The same as before, but a claim is looked for among those of the document's own store.
create or replace function may_be_sent() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(order_lock(new.store, new.order_id));
    if exists (select from order_exclusion e where e.store = new.store and e.order_id = new.order_id)
       or exists (select from by_hand b
                   where b.store = new.store and b.document_key = new.key and b.state in ('open', 'refused')) then
        return null;
    end if;
    return new;
end $$;
