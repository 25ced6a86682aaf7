-- Dry runs: what rules would book for a set of orders, derived from what was read of them and never posted.

create table dry_run (
    store            text        not null,
    id               bigint      generated always as identity,
    state            text        not null default 'queued'
                     check (state in ('queued', 'running', 'done', 'cancelled', 'failed')),
    selection        jsonb       not null,              -- which orders
    revision         bigint,                            -- the revision of the rules; null: those proposed
    rules            jsonb,                             -- the rules proposed; null: those of the revision
    note             text        not null,
    created_by       text        not null,
    created_at       timestamptz not null default now(),
    started_at       timestamptz,
    ended_at         timestamptz,
    selected_through bigint      not null default 0,    -- orders up to this one were looked at by the selection
    selected         boolean     not null default false,
    orders_total     bigint      not null default 0,
    orders_done      bigint      not null default 0,
    error            text,
    primary key (store, id),
    check ((revision is null) <> (rules is null))
);
create index dry_run_open on dry_run (store, id) where state in ('queued', 'running');

-- The orders of a run, and what came of each.
create table dry_run_order (
    store         text    not null,
    run           bigint  not null,
    order_id      bigint  not null,
    outcome       text,                     -- null: not derived yet
    reason        text    not null default '',
    currency      text,
    total         numeric,
    documents     integer not null default 0,
    to_post       integer not null default 0,
    evidence_hash text,
    primary key (store, run, order_id),
    foreign key (store, run) references dry_run (store, id) on delete cascade
);
create index dry_run_order_open on dry_run_order (store, run, order_id) where outcome is null;

-- Every line that the derived documents would have.
create table dry_run_line (
    store        text    not null,
    run          bigint  not null,
    id           bigint  generated always as identity,
    order_id     bigint  not null,
    document_key text    not null,
    kind         text    not null,
    number       text    not null,
    posting_date date    not null,
    account      text    not null,
    debit        numeric not null check (debit >= 0),
    credit       numeric not null check (credit >= 0),
    currency     text    not null,
    dimensions   jsonb   not null,
    memo         text    not null,
    rule         text    not null,
    primary key (store, run, id),
    foreign key (store, run) references dry_run (store, id) on delete cascade
);

-- Everything that would keep something from being posted.
create table dry_run_hold (
    store    text    not null,
    run      bigint  not null,
    id       bigint  generated always as identity,
    order_id bigint  not null,
    code     text    not null,
    subject  text    not null,
    mapping  text,                          -- what the hold misses, for those that a mapping mends
    message  text    not null,
    remedy   text    not null,
    amount   numeric,
    currency text,
    primary key (store, run, id),
    foreign key (store, run) references dry_run (store, id) on delete cascade
);

-- Documents whose lines are not those that stand in the ledger.
create table dry_run_difference (
    store         text    not null,
    run           bigint  not null,
    id            bigint  generated always as identity,
    order_id      bigint  not null,
    document_key  text    not null,
    kind          text    not null,
    number        text    not null,
    currency      text    not null,
    change        text    not null check (change in ('new', 'changed', 'gone')),
    posted_total  numeric,                  -- null: nothing is posted
    derived_total numeric,                  -- null: the order does not give it
    accounts      jsonb   not null,         -- account, dimensions, posted, derived, difference; debits above zero
    primary key (store, run, id),
    foreign key (store, run) references dry_run (store, id) on delete cascade
);
