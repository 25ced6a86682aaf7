-- What is done for each store by the clock: polls of orders and refunds, and the check of its webhooks.
create table schedule (
    store         text        not null,
    name          text        not null check (name in ('orders', 'refunds', 'webhooks')),
    every_seconds integer     not null check (every_seconds > 0),
    paused        boolean     not null default false,
    next_at       timestamptz not null,                       -- moves on when a run begins: what was missed is one run
    wanted_at     timestamptz,                                -- somebody asked for a run now
    unfinished    boolean     not null default false,         -- a run was begun and has not come to its good end
    failures      integer     not null default 0,
    retry_at      timestamptz not null default '-infinity',
    read_until    timestamptz not null default now(),         -- what happened before is read
    -- The window being read and how far it is: they survive a crash.
    window_from   timestamptz,
    window_until  timestamptz,
    window_after  bigint      not null default 0,             -- orders: the last id; refunds: the last page
    primary key (store, name)
);

create table schedule_run (
    id         bigint      generated always as identity primary key,
    store      text        not null,
    name       text        not null,
    started_at timestamptz not null default now(),
    ended_at   timestamptz,
    result     text        not null default 'running' check (result in ('running', 'done', 'failed', 'interrupted')),
    seen       bigint      not null default 0,                -- orders, refunds or hooks looked at
    acted      bigint      not null default 0,                -- orders marked as due, hooks changed
    error      text,
    check ((result = 'running') = (ended_at is null))
);
create index schedule_run_of on schedule_run (store, name, id);

-- The order's own time of change when it was read like this the last time; null: not known, or changed so shortly before
-- the reading that more may have come within the same second.
alter table evidence add column modified_at timestamptz;
