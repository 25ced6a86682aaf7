-- Ranges of old orders that are read again: how far each is, and at what pace it goes.
create table backfill (
    id                bigint      generated always as identity primary key,
    store             text        not null,
    placed_from       timestamptz not null,
    placed_to         timestamptz not null,
    statuses          integer[]   not null,                   -- empty: all
    orders_per_minute integer     not null check (orders_per_minute > 0),
    before_go_live    boolean     not null,                   -- whether orders before go-live are posted, too
    state             text        not null default 'running' check (state in ('running', 'paused', 'cancelled', 'done')),
    after_id          bigint      not null default 0,         -- orders up to this id are marked
    first_id          bigint,                                 -- of the range; for the progress
    last_id           bigint,
    seen              bigint      not null default 0,
    marked            bigint      not null default 0,
    next_at           timestamptz not null default now(),
    failures          integer     not null default 0,
    last_error        text,
    created_by        text        not null,
    created_at        timestamptz not null default now(),
    ended_at          timestamptz,
    check ((state in ('cancelled', 'done')) = (ended_at is not null))
);
create index backfill_of on backfill (store, id);
create index backfill_running on backfill (store, id) where state = 'running';

-- Orders before go-live that somebody decided to post all the same.
create table included_order (
    store       text        not null,
    order_id    bigint      not null,
    backfill    bigint      not null references backfill (id),
    included_at timestamptz not null default now(),
    primary key (store, order_id)
);
