-- A company's gateway: how its permits are shared, when it rests, what it costs, and fairness between its stores.

-- What all replicas know of a company's gateway: failures in a row, and until when nothing is sent. After a pause one
-- probe at a time finds out whether it is better; the first good answer ends it.
create table company_gate (
    company      text        primary key,
    failures     integer     not null default 0,
    cause        text        check (cause in ('throttled', 'offline', 'sign-in')),
    reason       text        not null default '',
    since        timestamptz,                              -- of the first failure in the row
    paused_until timestamptz not null default '-infinity',
    needs_probe  boolean     not null default false,       -- a pause was begun and no probe has succeeded since
    probe_token  uuid,
    probe_until  timestamptz not null default '-infinity',
    check ((failures = 0) = (cause is null))
);

-- Replicas that have work and no permit, in the order they came. One that asks no more is forgotten.
create table company_slot_waiter (
    company     text        not null,
    token       uuid        not null,
    since       timestamptz not null default clock_timestamp(),
    asked_until timestamptz not null,
    primary key (company, token)
);

-- API transactions by day (UTC), store and function: small, for the month, the forecast and the bill.
create table api_usage (
    company      text   not null,
    day          date   not null,
    store        text   not null,
    function     text   not null,
    transactions bigint not null default 0,
    primary key (company, day, store, function)
);

-- The same by order and month, for what an order costs. Order 0: of no single order.
create table api_usage_of_order (
    store        text   not null,
    order_id     bigint not null,
    month        date   not null,
    function     text   not null,
    transactions bigint not null default 0,
    primary key (store, order_id, month, function)
);

-- The last batch of counts each process has written: a batch whose commit nobody heard of is not added twice.
create table api_meter (
    process uuid        primary key,
    batch   bigint      not null,
    at      timestamptz not null default now()
);

insert into api_usage (company, day, store, function, transactions)
select company, month, '', 'before', transactions from company_usage where transactions > 0;
drop table company_usage;

-- Since when the forecast of a month is over the limit; it stays so for the rest of the month.
create table company_over_budget (
    company  text        not null,
    month    date        not null,
    since    timestamptz not null default now(),
    forecast bigint      not null,
    budget   bigint      not null,
    primary key (company, month)
);

-- Orders that go another way into the ledger than their day says; decided once, because an order goes one way for good.
create table order_way (
    store      text        not null,
    order_id   bigint      not null,
    way        text        not null check (way in ('daily')),
    why        text        not null check (why in ('over-budget')),
    decided_at timestamptz not null default now(),
    primary key (store, order_id)
);

-- Documents sent in one operation that is all or nothing carry the same mark.
alter table document add column together text;

-- Orders are claimed store by store, so that none starves another.
drop index lane_due;
create index lane_due on lane (store, run_at);
