-- Daily mode: documents are collected for the summary of their day; the summary is a document like any other.

-- collected: waits for the summary of its group; never sent by itself. summarised: a member of the summary in summary_key.
alter table document drop constraint document_state_check;
alter table document add constraint document_state_check
    check (state in ('planned', 'sending', 'posted', 'rejected', 'unknown', 'collected', 'summarised'));

-- The day, currency and conversion a document is summed up with, for example 2026-03-10-USD.
alter table document add column summary_group text;
alter table document add column summary_key text references document (key);
-- Of a summary that is not posted: when it is tried again; null for at once.
alter table document add column retry_at timestamptz;
-- A member names exactly one summary, so no document can be in two.
alter table document add constraint document_member check ((state = 'summarised') = (summary_key is not null));
alter table document add constraint document_group check (state <> 'collected' or summary_group is not null);

create index document_collected on document (store, summary_group, order_id) where state = 'collected';
create index document_of_summary on document (summary_key) where summary_key is not null;
create index document_summary on document (store, posting_date, key) where kind = 'summary';
-- Members stay members for ever: they are no open work.
drop index document_open;
create index document_open on document (state) where state not in ('posted', 'summarised');

-- The list of a summary's documents, as it was when the summary was made.
create table summary_support (
    summary_key text    primary key references document (key),
    documents   bigint  not null,
    orders      bigint  not null,
    csv         text    not null
);

-- An order all of whose documents are collected or in summaries that are not all posted yet.
alter table sales_order drop constraint sales_order_outcome_check;
alter table sales_order add constraint sales_order_outcome_check
    check (outcome in ('posted', 'held', 'waiting', 'excluded', 'failing', 'collected'));
create index sales_order_collected on sales_order (store, order_id) where outcome = 'collected';

-- A hold is on an order, or on a document of no single order.
alter table hold alter column order_id drop not null;
alter table hold add column document_key text;
alter table hold add constraint hold_subject check ((order_id is null) <> (document_key is null));
create unique index hold_open_document on hold (store, document_key, code, subject) where released_at is null;

-- Who does what only one replica may do at a time; a holder that is gone is followed when its lease has run out.
create table task_lease (
    task         text        primary key,
    token        uuid        not null,
    leased_until timestamptz not null
);
