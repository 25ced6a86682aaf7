-- Who may use the admin API, and everything they did with it.

-- Tokens of the admin API: only their hash is kept.
create table api_token (
    id           bigint generated always as identity primary key,
    name         text        not null,
    role         text        not null check (role in ('viewer', 'preparer', 'approver', 'admin')),
    hash         bytea       not null unique,
    created_by   text        not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,             -- null: never
    last_used_at timestamptz,
    revoked_at   timestamptz,
    revoked_by   text
);
-- A name is one person's or program's at a time: the audit log names it.
create unique index api_token_name on api_token (name) where revoked_at is null;

-- Every use of power, in one chain: each entry's hash covers the entry and the hash before it.
create table audit_entry (
    seq        bigint      primary key,
    at         timestamptz not null,
    actor      text        not null,      -- the token's name
    role       text        not null,
    action     text        not null,      -- for example POST /v1/stores/{store}/orders/{order_id}/replay
    subject    text        not null,      -- for example /v1/stores/acme/orders/118/replay
    phase      text        not null check (phase in ('asked', 'answered', 'done')),
    request_id text        not null,      -- joins what was asked and what was answered
    detail     text        not null,      -- JSON, as it was hashed
    previous   bytea       not null,
    hash       bytea       not null
);
create index audit_entry_at on audit_entry (at);

-- The end of the chain: without it, entries missing at the end would not be missed.
create table audit_head (
    only_one boolean primary key default true check (only_one),
    seq      bigint  not null,
    hash     bytea   not null
);
insert into audit_head (seq, hash) values (0, '\x0000000000000000000000000000000000000000000000000000000000000000');

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only';
end $$;
create trigger audit_entry_append_only before update or delete or truncate on audit_entry
    for each statement execute function audit_is_append_only();

-- Answers to requests with an Idempotency-Key, so that a repeated request is answered and not executed again.
create table kept_answer (
    actor        text        not null,
    key          text        not null,
    request_hash bytea       not null,    -- of method, path and body
    begun_at     timestamptz not null default now(),
    status       smallint,                -- null: being executed
    content_type text,
    body         bytea,
    primary key (actor, key)
);
create index kept_answer_begun on kept_answer (begun_at);
